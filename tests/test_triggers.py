"""The trigger word changes: captions, plan and undo go with it, and no way ends with captions that fit no plan."""

from pathlib import Path

import pytest
from rooms import draw_pictures, new_context, planned_room

from tools.captioning.tools import EditCaption, WriteCaptions, edit_caption, write_captions
from tools.captioning.words import has_word
from tools.context import NoArguments, ToolContext, ToolRefused
from tools.dataset import AddFiles, add_files
from tools.dataset_history import last_change, undo_change
from tools.plans import ProposePlan, propose_plan
from tools.recipes import ChooseRecipe, choose_recipe
from tools.state import manifest_of, plan_of
from tools.triggers import FILE_NAME
from tools.uploads import register
from trainer_core.dataset import manifest as manifests
from trainer_core.projects import get_project
from trainer_core.recipes import RecipeName


@pytest.fixture
def planned(tmp_path: Path) -> ToolContext:
    return planned_room(tmp_path / "home")


def trigger_of(context: ToolContext) -> str:
    trigger = get_project(context.workspace, context.project_id).trigger
    assert trigger
    return trigger


def captions(context: ToolContext) -> list[str]:
    return [item.caption for item in manifest_of(context).items]


def choose(context: ToolContext, recipe: RecipeName = RecipeName.CHARACTER, trigger: str | None = None) -> str:
    return choose_recipe(context, ChooseRecipe(recipe=recipe, trigger=trigger)).text


def test_a_new_trigger_leads_to_a_plan(planned: ToolContext) -> None:
    """A person's caption kept the old word, was skipped by write_captions, and “make a plan” refused for ever."""
    old = trigger_of(planned)
    mine = manifest_of(planned).usable[0].id
    edit_caption(planned, EditCaption(item=mine, caption="a cat asleep on a red sofa"))
    before = captions(planned)
    told = choose(planned, trigger="pipcat_7")
    assert f"12 captions have pipcat_7 in place of {old} now." in told
    assert manifest_of(planned).item(mine).caption == "pipcat_7, a cat asleep on a red sofa"
    assert captions(planned) == [caption.replace(old, "pipcat_7") for caption in before]
    assert (plan_of(planned).trigger, plan_of(planned).dataset) == ("pipcat_7", manifest_of(planned).checksum)
    propose_plan(planned, ProposePlan())
    assert plan_of(planned).trigger == "pipcat_7"


def test_a_new_trigger_can_be_taken_back(planned: ToolContext) -> None:
    """Captions alone would come back with a word that the project no longer has."""
    old, before = trigger_of(planned), captions(planned)
    choose(planned, trigger="pipcat_7")
    changed = manifest_of(planned).items[1]
    edit_caption(planned, EditCaption(item=changed.id, caption="a cat on a chair"))
    undo_change(planned, NoArguments())
    edit = EditCaption(item=changed.id, caption="a cat on a roof")
    edit_caption(planned, edit)
    manifests.set_caption(
        planned.workspace.dataset_folder(planned.project_id), changed.id, "pipcat_7, by another way", "person"
    )
    undo_change(planned, NoArguments())  # nothing of the edit is left, so the change before it is taken back
    assert trigger_of(planned) == plan_of(planned).trigger == old
    assert captions(planned) == [before[0], f"{old}, by another way", *before[2:]]
    propose_plan(planned, ProposePlan())


def test_a_caption_never_ends_with_both_words(tmp_path: Path) -> None:
    """Captions of text files got the new word in front of the old one."""
    context = new_context(tmp_path / "home")
    pictures = draw_pictures(tmp_path / "pictures", 3)
    for name, text in (("00", "a cat on a wall"), ("01", "pipcat_7, a cat at night"), ("02", "pipcat_7 sleeps")):
        (pictures / f"picture-{name}.txt").write_text(text)
    choose(context)
    register(context.workspace, context.project_id, [pictures])
    add_files(context, AddFiles())
    write_captions(context, WriteCaptions())
    old = trigger_of(context)
    assert all(has_word(caption, old) for caption in captions(context))
    choose(context, trigger="pipcat_7")
    assert captions(context) == ["pipcat_7, a cat on a wall", "pipcat_7, a cat at night", "pipcat_7 sleeps"]
    write_captions(context, WriteCaptions())
    assert captions(context) == ["pipcat_7, a cat on a wall", "pipcat_7, a cat at night", "pipcat_7 sleeps"]


def test_the_former_recipe_has_its_former_trigger(planned: ToolContext) -> None:
    """Going to another recipe and back made a third word, and captions and earlier LoRAs had another one."""
    old, before = trigger_of(planned), captions(planned)
    assert "Write the captions again" in choose(planned, RecipeName.STYLE)
    style = trigger_of(planned)
    assert style.startswith("sty_")
    assert all(caption.startswith(f"a cat in {style} style") for caption in captions(planned))
    choose(planned)
    assert (trigger_of(planned), captions(planned)) == (old, before)
    choose(planned, RecipeName.STYLE)
    assert trigger_of(planned) == style
    (planned.workspace.dataset_folder(planned.project_id).parent / FILE_NAME).write_text("{damaged")
    choose(planned)
    assert trigger_of(planned).startswith("chr_")


def test_captions_that_lost_their_trigger_before_find_out(planned: ToolContext) -> None:
    """Projects that are in the dead end already: writing captions puts the word in front of a person's own words."""
    item = manifest_of(planned).usable[0]
    folder = planned.workspace.dataset_folder(planned.project_id)
    manifests.set_caption(folder, item.id, "a cat asleep", "person")
    with pytest.raises(ToolRefused, match="1 file has no caption with the trigger word yet"):
        propose_plan(planned, ProposePlan())
    told = write_captions(planned, WriteCaptions()).text
    assert "In 1 caption of yours the trigger word was missing: it stands in front now." in told
    assert manifest_of(planned).item(item.id).caption == f"{trigger_of(planned)}, a cat asleep"
    assert last_change(folder) == f"the trigger word {trigger_of(planned)} in front of your captions"
    propose_plan(planned, ProposePlan())


def test_a_trigger_without_captions_is_nothing_to_undo(tmp_path: Path) -> None:
    context = new_context(tmp_path / "home")
    choose(context)
    choose(context, trigger="pipcat_7")
    assert last_change(context.workspace.dataset_folder(context.project_id)) is None
    assert trigger_of(context) == "pipcat_7"
