"""Find and replace over captions, and taking the last change back."""

from pathlib import Path

import pytest
from PIL import Image, ImageFilter
from rooms import draw_pictures, new_context

from tools.audit.tools import LookAtFiles, audit_dataset
from tools.captioning.replace import ReplaceInCaptions, replace_in_captions, replacements
from tools.captioning.tools import EditCaption, WriteCaptions, edit_caption, write_captions
from tools.context import NoArguments, ToolContext, ToolRefused
from tools.dataset import AddFiles, SetExcluded, add_files, set_excluded
from tools.dataset_history import MOST_KEPT, last_change, undo_change
from tools.recipes import ChooseRecipe, choose_recipe
from tools.state import manifest_of
from tools.synthetic.tools import MarkSynthetic, mark_synthetic
from tools.uploads import register
from trainer_core.projects import get_project
from trainer_core.recipes import RecipeName


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_pictures(tmp_path_factory.mktemp("changes") / "pictures", 4)


@pytest.fixture
def context(tmp_path: Path, pictures: Path) -> ToolContext:
    context = new_context(tmp_path / "home")
    choose_recipe(context, ChooseRecipe(recipe=RecipeName.CHARACTER, noun="cat"))
    register(context.workspace, context.project_id, [pictures])
    add_files(context, AddFiles())
    trigger = trigger_of(context)
    for index, item in enumerate(manifest_of(context).items):
        edit_caption(context, EditCaption(item=item.id, caption=f"{trigger}, a cat, Grey wall, number {index}"))
    return context


def trigger_of(context: ToolContext) -> str:
    trigger = get_project(context.workspace, context.project_id).trigger
    assert trigger
    return trigger


def captions(context: ToolContext) -> list[str]:
    return [item.caption for item in manifest_of(context).items]


def test_the_count_comes_first_and_changes_nothing(context: ToolContext) -> None:
    before = captions(context)
    told = replace_in_captions(context, ReplaceInCaptions(find="grey wall", replace="blue door"))
    assert "would be replaced in 4 captions of 4. Nothing is changed yet." in told.text
    assert captions(context) == before
    done = replace_in_captions(context, ReplaceInCaptions(find="grey wall", replace="blue door", accept=True))
    assert done.data["changed"] is True
    assert all("blue door" in caption for caption in captions(context))
    assert {item.caption_source for item in manifest_of(context).items} == {"person"}


def test_the_trigger_is_never_lost(context: ToolContext) -> None:
    trigger = trigger_of(context)
    with pytest.raises(ToolRefused, match="4 captions would stay as it was: it would lose its trigger word"):
        replace_in_captions(context, ReplaceInCaptions(find=trigger, accept=True))
    part = trigger.split("_")[0]  # such as chr
    wanted = ReplaceInCaptions(find=part, replace="dog", whole_words=False)
    item = manifest_of(context).items[0]
    item = item.model_copy(update={"caption": f"{trigger}, a {part}"})
    assert [each.caption for each in replacements([item], wanted, trigger)] == [f"{trigger}, a dog"]
    longer = ReplaceInCaptions(find=f"{trigger}, a cat", replace=f"{trigger}, a small cat")
    item = item.model_copy(update={"caption": f"{trigger}, a cat, outside"})
    assert [each.caption for each in replacements([item], longer, trigger)] == [f"{trigger}, a small cat, outside"]


def test_what_is_taken_out_leaves_no_doubled_comma(context: ToolContext) -> None:
    replace_in_captions(context, ReplaceInCaptions(find="grey wall", accept=True))
    assert captions(context)[1] == f"{trigger_of(context)}, a cat, number 1"


@pytest.mark.parametrize("find", ["(", ".*", "a\\b", "[", "  "])
def test_words_are_no_pattern(context: ToolContext, find: str) -> None:
    with pytest.raises(ToolRefused, match=r"none of the captions|nothing but spaces"):
        replace_in_captions(context, ReplaceInCaptions(find=find, accept=True))


def test_a_replacement_is_text_and_capped(context: ToolContext) -> None:
    replace_in_captions(context, ReplaceInCaptions(find="cat", replace=r"\1 <b>dog</b>", accept=True))
    assert r"a \1 ‹b›dog‹/b›" in captions(context)[0]
    with pytest.raises(ToolRefused, match="longer than 1000 characters"):
        replace_in_captions(
            context, ReplaceInCaptions(find="e", replace="x" * 200, whole_words=False, items=[_long(context)])
        )


def _long(context: ToolContext) -> str:
    item = manifest_of(context).items[0]
    edit_caption(context, EditCaption(item=item.id, caption="e " * 100))
    return item.id


def test_changes_are_taken_back_one_after_another(context: ToolContext) -> None:
    first = captions(context)
    replace_in_captions(context, ReplaceInCaptions(find="wall", replace="door", accept=True))
    ids = [item.id for item in manifest_of(context).items[:2]]
    set_excluded(context, SetExcluded(items=ids))
    told = undo_change(context, NoArguments())
    assert told.text.startswith("Taken back: setting aside 2 files. 2 files are as before. Before that: replacing")
    assert len(manifest_of(context).usable) == 4
    undo_change(context, NoArguments())
    assert captions(context) == first
    for _ in range(4):  # the four edits of the fixture
        undo_change(context, NoArguments())
    assert captions(context) == [""] * 4
    with pytest.raises(ToolRefused, match="no change"):
        undo_change(context, NoArguments())


def test_what_changed_since_is_not_touched(context: ToolContext) -> None:
    write_captions(context, WriteCaptions())  # all are a person's: nothing changes, nothing is kept
    folder = context.workspace.dataset_folder(context.project_id)
    assert (last_change(folder) or "").startswith("the caption of")
    item = manifest_of(context).items[0]
    set_excluded(context, SetExcluded(items=[item.id]))
    newest = max((folder / "changes").iterdir())
    edit_caption(context, EditCaption(item=item.id, caption="mine"))
    max((folder / "changes").iterdir()).write_text("damaged")
    assert newest.exists()
    told = undo_change(context, NoArguments())  # passes over the damaged one and the one that is not so any more
    assert manifest_of(context).item(item.id).caption.endswith("mine")
    assert "the caption of" in told.text


def test_a_synthetic_file_does_not_come_back_this_way(context: ToolContext) -> None:
    item = manifest_of(context).items[0]
    set_excluded(context, SetExcluded(items=[item.id]))
    mark_synthetic(context, MarkSynthetic(items=[item.id]))
    with pytest.raises(ToolRefused, match="Only take_in_candidates"):
        undo_change(context, NoArguments())
    assert manifest_of(context).item(item.id).excluded


def test_only_the_last_changes_are_kept(context: ToolContext) -> None:
    folder = context.workspace.dataset_folder(context.project_id)
    for number in range(MOST_KEPT + 3):
        set_excluded(context, SetExcluded(items=[manifest_of(context).items[0].id], excluded=number % 2 == 0))
    assert len(list((folder / "changes").iterdir())) == MOST_KEPT


def blurred(context: ToolContext, tmp_path: Path) -> str:
    """The name of a blurred picture that was added and looked at."""
    sharp = draw_pictures(tmp_path / "more", 1) / "picture-00.png"
    path = tmp_path / "soft.png"
    Image.open(sharp).rotate(180).filter(ImageFilter.GaussianBlur(30)).save(path)
    register(context.workspace, context.project_id, [path])
    add_files(context, AddFiles())
    audit_dataset(context, LookAtFiles())
    return path.name


def test_the_files_that_were_advised_against_come_back(context: ToolContext, tmp_path: Path) -> None:
    """“Bring back the files you removed” looked among the files in use, so it never found any."""
    name = blurred(context, tmp_path)
    with pytest.raises(ToolRefused, match="No file is set aside"):
        set_excluded(context, SetExcluded(advised=True, excluded=False))
    other = manifest_of(context).items[1]
    set_excluded(context, SetExcluded(advised=True))
    set_excluded(context, SetExcluded(items=[other.id]))
    assert {item.name for item in manifest_of(context).items if item.excluded} == {name, other.name}
    back = set_excluded(context, SetExcluded(advised=True, excluded=False))
    assert back.text.startswith(f"Took back 1 file: {name}.")
    assert [item.name for item in manifest_of(context).items if item.excluded] == [other.name]
    with pytest.raises(ToolRefused, match=rf"advises against is set aside. Set aside is: {other.name}. Name those"):
        set_excluded(context, SetExcluded(advised=True, excluded=False))
