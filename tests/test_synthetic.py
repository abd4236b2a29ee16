"""Pictures that a model made: marked, set aside, judged like any file, and never mixed in without a person's yes."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
import pytest
from langchain_core.messages import AIMessage
from PIL import Image
from rooms import draw_pictures, new_context, up_to_plan
from test_agent_models import calls, final, open_with, talk

from agent.conversation import Conversation
from agent.events import CardShown, Event, ToolFinished
from agent.guided.intents import read
from tools.audit.model import Audit, Coverage, Missing, View
from tools.audit.run import audit_dataset, load_audit
from tools.clip_tools import SplitClips, split_clips
from tools.context import ToolContext, ToolRefused
from tools.dataset import AddFiles, SetExcluded, add_files, set_excluded
from tools.plan_changes import ChangePlan
from tools.plans import ProposePlan, change_plan, propose_plan
from tools.recipes import ChooseRecipe, choose_recipe
from tools.runs import launch_card
from tools.state import manifest_of, recipe_of
from tools.studio import one_at_a_time
from tools.synthetic import making as synthetic_making
from tools.synthetic.making import MakeCandidates, make_candidates
from tools.synthetic.pictures import sharpest
from tools.synthetic.tools import (
    MarkSynthetic,
    TakeInCandidates,
    mark_card,
    mark_synthetic,
    take_in_candidates,
    take_in_card,
)
from tools.synthetic.views import lacking, mismatch, offer, prompt_for
from tools.uploads import register
from trainer_core import approvals
from trainer_core.base_models.registry import base_missing
from trainer_core.dataset import manifest as manifests
from trainer_core.dataset.manifest import Item, Manifest
from trainer_core.dataset.media import write_clip
from trainer_core.dataset.pieces import add_pieces, take_pieces_back
from trainer_core.dataset.synthetic import Made, Origin, add_made, add_synthetic, mark, origins_of
from trainer_core.plan import BaseModelName
from trainer_core.recipes import RECIPES, RecipeName

_seeds = count(1000, 10)
LOOKS = "a cat with orange fur, a blue coat and a green cap"


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_pictures(tmp_path_factory.mktemp("pictures") / "set")


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> ToolContext:
    """A project with a plan; each test clears the candidates of the one before."""
    context = new_context(tmp_path_factory.mktemp("home"))
    up_to_plan(context, pictures)
    return context


@pytest.fixture
def waiting(planned: ToolContext) -> ToolContext:
    """The project with three candidates set aside and looked at."""
    folder = folder_of(planned)
    kept = manifests.load(folder)
    manifests.save(folder, Manifest(items=tuple(item for item in kept.items if not item.synthetic)))
    (folder / "synthetic.json").unlink(missing_ok=True)
    first = next(_seeds)  # other contents each time: a yes that one test left open is none in the next
    add_made(folder, [made(f"made-back-{number}.png", seed=first + number) for number in (1, 2, 3)])
    audit_dataset(folder, recipe_of(planned))
    return planned


def folder_of(context: ToolContext) -> Path:
    return context.workspace.dataset_folder(context.project_id)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (64, 64, 3), dtype=np.uint8)


def made(name: str, seed: int) -> Made:
    origin = Origin(view="back", description=LOOKS, prompt=f"{LOOKS}, back view", seed=seed, base="mini")
    return Made(name, noise(seed), origin)


def candidates(context: ToolContext) -> list[Item]:
    return [item for item in manifest_of(context).items if item.synthetic]


def mixed_in(context: ToolContext) -> list[str]:
    return [item.name for item in manifest_of(context).usable if item.synthetic]


def say_yes(context: ToolContext, **arguments: Any) -> None:
    card = take_in_card(context, TakeInCandidates(**arguments))
    approvals.grant(context.workspace, card.fingerprint, card.person)


# How they come in


def test_candidates_come_in_marked_set_aside_and_with_their_origin(tmp_path: Path) -> None:
    added = add_made(tmp_path, [made("made-back-1.png", 1), made("made-back-2.png", 2)])
    manifest = manifests.load(tmp_path)
    assert [item.name for item in manifest.items] == ["made-back-1.png", "made-back-2.png"]
    assert all(item.synthetic and item.excluded for item in manifest.items)
    assert manifest.usable == ()
    assert origins_of(tmp_path)[added.items[1].id].seed == 2
    assert np.array_equal(np.asarray(Image.open(manifests.path_of(tmp_path, added.items[0]))), noise(1))
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")], "nothing is left of the staging"


def test_files_that_cannot_be_used_or_are_known_are_refused_in_words(tmp_path: Path) -> None:
    folder, given = tmp_path / "set", tmp_path / "given"
    given.mkdir()
    Image.fromarray(noise(1)).save(given / "own.png")
    manifests.add_files(folder, [given / "own.png"])
    (given / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    Image.fromarray(noise(2)).save(given / "new\n<b>.png")
    added = add_synthetic(folder, [given])
    assert [item.name for item in added.items] == ["new <b>.png"]
    assert {entry.name: entry.reason for entry in added.rejected}["own.png"] == "It is an exact copy of own.png."
    assert "damaged" in {entry.name: entry.reason for entry in added.rejected}["broken.png"]
    own = next(item for item in manifests.load(folder).items if item.name == "own.png")
    assert not own.synthetic
    assert not own.excluded


def test_a_failure_halfway_leaves_the_dataset_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_made(tmp_path, [made("made-back-1.png", 1)])
    before = manifests.load(tmp_path)

    def broken(*_arguments: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("trainer_core.dataset.synthetic.save", broken)
    with pytest.raises(OSError, match="full"):
        add_made(tmp_path, [made("made-back-2.png", 2)])
    assert manifests.load(tmp_path) == before


# The yes


def test_without_a_yes_nothing_is_taken_in(waiting: ToolContext) -> None:
    with pytest.raises(ToolRefused, match="Nobody has said yes to exactly these"):
        take_in_candidates(waiting, TakeInCandidates())
    for ids in ([candidates(waiting)[0].id], [item.name for item in candidates(waiting)]):
        with pytest.raises(ToolRefused, match="A model made"):
            set_excluded(waiting, SetExcluded(items=ids, excluded=False))
    own = next(item for item in manifest_of(waiting).items if not item.synthetic)
    with pytest.raises(ToolRefused, match="A model made"):
        set_excluded(waiting, SetExcluded(items=[own.id, candidates(waiting)[2].id], excluded=False))
    assert mixed_in(waiting) == []


def test_a_yes_takes_in_exactly_the_files_of_the_card_and_once(waiting: ToolContext) -> None:
    names = ["made-back-1.png", "made-back-3.png"]
    say_yes(waiting, items=names)
    for other in ([], ["made-back-1.png"], ["made-back-1.png", "made-back-2.png"]):
        with pytest.raises(ToolRefused, match="exactly these"):
            take_in_candidates(waiting, TakeInCandidates(items=other))
    result = take_in_candidates(waiting, TakeInCandidates(items=names))
    assert mixed_in(waiting) == names
    assert "2 of 14 files are synthetic" in result.text
    set_excluded(waiting, SetExcluded(items=names, excluded=True))
    with pytest.raises(ToolRefused, match="A model made"):
        set_excluded(waiting, SetExcluded(items=names, excluded=False))
    with pytest.raises(ToolRefused, match="used"):
        take_in_candidates(waiting, TakeInCandidates(items=names))
    assert mixed_in(waiting) == []


def test_a_yes_to_all_does_not_cover_one_that_came_later(waiting: ToolContext) -> None:
    say_yes(waiting)
    add_made(folder_of(waiting), [made("made-back-4.png", 4)])
    with pytest.raises(ToolRefused, match="exactly these"):
        take_in_candidates(waiting, TakeInCandidates())
    assert mixed_in(waiting) == []


def test_a_yes_does_not_cover_another_content_person_or_project(waiting: ToolContext, pictures: Path) -> None:
    say_yes(waiting)
    stranger = ToolContext(waiting.workspace, waiting.project_id, "bob")
    with pytest.raises(ToolRefused, match="exactly these"):
        take_in_candidates(stranger, TakeInCandidates())
    path = manifests.path_of(folder_of(waiting), candidates(waiting)[0])
    Image.fromarray(noise(77)).save(path)
    with pytest.raises(ToolRefused, match="has changed since"):
        take_in_candidates(waiting, TakeInCandidates())
    assert mixed_in(waiting) == []


def test_the_yes_to_a_launch_is_none_for_files(waiting: ToolContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.runs.base_missing", lambda _base: None)
    card = launch_card(waiting, None)  # type: ignore[arg-type]
    approvals.grant(waiting.workspace, card.fingerprint, card.person)
    with pytest.raises(ToolRefused, match="exactly these"):
        take_in_candidates(waiting, TakeInCandidates())


def test_the_card_names_the_files_and_says_what_it_means(waiting: ToolContext) -> None:
    card = take_in_card(waiting, TakeInCandidates())
    words = "\n".join(card.lines)
    assert "made-back-1.png, made-back-2.png, made-back-3.png" in words
    assert "These were made by a model; the LoRA will learn its mistakes too." in words
    assert "15 files, 3 of them synthetic" in words
    assert "only 64x64 pixels" in words, "judged like any file"
    assert card.price == "nothing"
    assert mixed_in(waiting) == []


def test_files_that_nobody_looked_at_get_no_card(waiting: ToolContext) -> None:
    add_made(folder_of(waiting), [made("made-back-9.png", 9)])
    with pytest.raises(ToolRefused, match="audit first"):
        take_in_card(waiting, TakeInCandidates())


# The mark


def test_a_persons_own_generated_files_are_marked_and_set_aside(waiting: ToolContext, tmp_path: Path) -> None:
    Image.fromarray(noise(50)).save(tmp_path / "mine.png")
    upload = register(waiting.workspace, waiting.project_id, [tmp_path / "mine.png"])
    own = manifest_of(waiting).usable[0]
    result = mark_synthetic(waiting, MarkSynthetic(items=[own.name], uploads=[entry.id for entry in upload]))
    marked = [item for item in manifest_of(waiting).items if item.name in (own.name, "mine.png")]
    assert [(item.synthetic, item.excluded) for item in marked] == [(True, True)] * 2
    assert "Marked 2 files" in result.text
    with pytest.raises(ToolRefused, match="no upload"):
        mark_synthetic(waiting, MarkSynthetic(uploads=["upl_0000000000"]))
    assert mark_card(waiting, MarkSynthetic(items=[own.name])) is None
    with pytest.raises(ToolRefused, match="Nobody has said yes"):
        mark_synthetic(waiting, MarkSynthetic(items=[own.name], synthetic=False))
    card = mark_card(waiting, MarkSynthetic(items=[own.name], synthetic=False))
    assert card is not None
    approvals.grant(waiting.workspace, card.fingerprint, card.person)
    with pytest.raises(ToolRefused, match="exactly these"):
        take_in_candidates(waiting, TakeInCandidates(items=[own.name]))
    mark_synthetic(waiting, MarkSynthetic(items=[own.name], synthetic=False))
    assert not manifest_of(waiting).item(own.id).synthetic
    assert manifest_of(waiting).item(own.id).excluded, "the end of the mark alone takes nothing in"
    set_excluded(waiting, SetExcluded(items=[own.id], excluded=False))


def test_a_generated_file_that_was_taken_in_before_it_was_said_is_marked_in_the_set(
    waiting: ToolContext, tmp_path: Path
) -> None:
    Image.fromarray(noise(51)).save(tmp_path / "late.png")
    upload = register(waiting.workspace, waiting.project_id, [tmp_path / "late.png"])
    add_files(waiting, AddFiles(uploads=[upload[0].id]))
    result = mark_synthetic(waiting, MarkSynthetic(uploads=[upload[0].id]))
    assert "Marked 1 file as synthetic and set aside: late.png." in result.text
    assert "late.png" not in [item.name for item in manifest_of(waiting).usable]


def test_pieces_that_are_marked_with_their_clip_are_told(tmp_path: Path) -> None:
    context = new_context(tmp_path / "home")
    rng = np.random.default_rng(4)
    write_clip(tmp_path / "walk.mp4", rng.integers(0, 255, (48, 64, 64, 3), dtype=np.uint8), 8.0)
    folder = folder_of(context)
    manifests.add_files(folder, [tmp_path / "walk.mp4"])
    add_pieces(folder, manifests.load(folder).items[0].id, [(0.0, 3.0), (3.0, 6.0)])
    assert "Marked 3 files" in mark_synthetic(context, MarkSynthetic(items=["walk.mp4"])).text
    pieces = manifests.load(folder).items[1:]
    manifests.set_excluded(folder, pieces[0].id, False)  # as take_in_candidates does with a yes
    told = split_clips(context, SplitClips(undo=True)).text
    assert "Took" not in told
    assert "walk.mp4: made by a model, so set aside" in told
    assert not manifests.load(folder).usable


def test_the_mark_of_what_sidekick_made_stays(waiting: ToolContext) -> None:
    with pytest.raises(ToolRefused, match="the mark stays"):
        mark_card(waiting, MarkSynthetic(items=["made-back-1.png"], synthetic=False))


def test_pieces_of_a_generated_clip_need_a_yes_of_their_own(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    write_clip(tmp_path / "generated.mp4", rng.integers(0, 255, (32, 64, 64, 3), dtype=np.uint8), 8.0)
    folder = tmp_path / "set"
    manifests.add_files(folder, [tmp_path / "generated.mp4"])
    clip = manifests.load(folder).items[0]
    add_pieces(folder, clip.id, [(0.0, 2.0), (2.0, 4.0)])
    assert len(mark(folder, [clip.id], True).usable) == 0, "pieces are marked with their clip"
    assert len(add_pieces(folder, clip.id, [(0.0, 2.0), (2.0, 4.0)]).usable) == 0
    added = add_pieces(folder, clip.id, [(0.0, 3.0)]).items[-1]
    assert (added.synthetic, added.excluded) == (True, True)
    assert len(take_pieces_back(folder, clip.id).usable) == 0
    mark(folder, [clip.id], False)
    assert len(take_pieces_back(folder, clip.id).usable) == 1


def test_a_clip_with_a_generated_piece_does_not_come_back_without_a_yes(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    write_clip(tmp_path / "mixed.mp4", rng.integers(0, 255, (32, 64, 64, 3), dtype=np.uint8), 8.0)
    folder = tmp_path / "set"
    manifests.add_files(folder, [tmp_path / "mixed.mp4"])
    clip = manifests.load(folder).items[0]
    pieces = add_pieces(folder, clip.id, [(0.0, 2.0), (2.0, 4.0)]).items[1:]
    marked = mark(folder, [pieces[1].id], True)
    assert [item.synthetic for item in marked.items] == [True, False, True]
    assert not take_pieces_back(folder, clip.id).usable


def test_a_mark_that_is_made_while_a_clip_is_cut_stays(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    write_clip(tmp_path / "a.mp4", rng.integers(0, 255, (32, 64, 64, 3), dtype=np.uint8), 8.0)
    Image.fromarray(noise(60)).save(tmp_path / "b.png")
    folder = tmp_path / "set"
    manifests.add_files(folder, [tmp_path / "a.mp4", tmp_path / "b.png"])
    clip, picture = manifests.load(folder).items
    made = add_pieces(folder, clip.id, [(0.0, 2.0)], progress=lambda *_: mark(folder, [picture.id], True) and None)
    assert made.item(picture.id).synthetic
    assert made.item(picture.id).excluded


# Making them


def fake_pipeline(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Clips of nine noisy frames of which the fifth is the sharpest; what was asked for."""
    asked: list[Any] = []

    def generate(_pipeline: object, request: Any) -> np.ndarray:
        asked.append(request)
        assert one_at_a_time.locked()
        rng = np.random.default_rng(request.seed)
        noise_of_frames = np.where(np.arange(9) == 4, 60, 6)[:, None, None, None]
        return (128 + noise_of_frames * rng.uniform(-1, 1, (9, 64, 64, 3))).astype(np.uint8)

    monkeypatch.setattr("trainer_core.generation.generate.generate", generate)
    monkeypatch.setattr("tools.synthetic.pictures.pipeline_of", lambda _base: None)
    monkeypatch.setattr(synthetic_making, "base_missing", lambda _base: None)
    return asked


def test_candidates_are_made_looked_at_and_told(waiting: ToolContext, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = fake_pipeline(monkeypatch)
    heard: list[str] = []
    context = ToolContext(waiting.workspace, waiting.project_id, waiting.person, say=heard.append)
    trigger = str(propose_plan(context, ProposePlan()).data["plan"]["trigger"])
    wanted = MakeCandidates(views=["back", "profile_left"], count=2, description=f"{trigger}, {LOOKS}.", seed=7)
    result = make_candidates(context, wanted)
    assert [request.seed for request in asked] == [7, 8, 9, 10]
    assert all(request.prompt.startswith(f"{LOOKS}, standing, ") for request in asked), "without the trigger word"
    assert ["back view" in request.prompt for request in asked] == [True, True, False, False]
    assert all("side view" in request.prompt for request in asked[2:])
    assert len({request.prompt for request in asked[:2]}) == 2, "another place for each"
    names = ["made-back-4.png", "made-back-5.png", "made-profile_left-1.png", "made-profile_left-2.png"]
    assert [item.name for item in candidates(context)[3:]] == names
    assert mixed_in(context) == []
    assert load_audit(folder_of(context)) is not None, "they were looked at"
    assert {item.file for item in load_audit(folder_of(context)).items if item.synthetic} >= set(names)  # type: ignore[union-attr]
    assert "chance" in result.text
    assert "not LTX-2.3" in result.text
    assert "Made 4 of 4 candidates" in heard
    assert Image.open(context.workspace.home / result.pictures[0]).size == (4 * 192, 192 + 16)
    make_candidates(context, MakeCandidates(views=["back"], count=1))
    assert asked[-1].seed == max(origin.seed for origin in origins_of(folder_of(context)).values())
    assert asked[-1].prompt.startswith(LOOKS), "the words of the last ones"


def test_the_sharpest_frame_is_taken() -> None:
    frames = [np.full((64, 64, 3), 90, np.uint8), noise(3), np.full((64, 64, 3), 200, np.uint8)]
    assert sharpest(frames) is frames[1]


def test_what_cannot_be_made_is_refused_in_words(planned: ToolContext, tmp_path: Path, pictures: Path) -> None:
    empty = new_context(tmp_path)
    with pytest.raises(ToolRefused, match="recipe"):
        make_candidates(empty, MakeCandidates(views=["back"], description=LOOKS))
    choose_recipe(empty, ChooseRecipe(recipe=RecipeName.FACE, noun="person"))
    with pytest.raises(ToolRefused, match="somebody else"):
        make_candidates(empty, MakeCandidates(views=["back"], description=LOOKS))
    choose_recipe(empty, ChooseRecipe(recipe=RecipeName.CHARACTER, noun="cat"))
    with pytest.raises(ToolRefused, match="What does the character look like"):
        make_candidates(empty, MakeCandidates(views=["back"]))
    with pytest.raises(ToolRefused, match="which views"):
        make_candidates(empty, MakeCandidates(description=LOOKS))
    propose_plan(planned, ProposePlan(base=BaseModelName.LTX23))
    try:
        with pytest.raises(ToolRefused) as refused:
            make_candidates(planned, MakeCandidates(views=["back", "profile_left"], description=LOOKS))
    finally:
        propose_plan(planned, ProposePlan())
    assert f"“{LOOKS}, standing in a plain setting, seen from behind, facing away, even lighting”" in str(refused.value)
    assert "in profile, facing left" in str(refused.value)
    assert "these are generated" in str(refused.value)


@pytest.mark.skipif(base_missing(BaseModelName.MINI) is not None, reason="mini's weights are not there")
def test_mini_makes_one(planned: ToolContext) -> None:
    result = make_candidates(planned, MakeCandidates(views=["back"], count=1, description=LOOKS, seed=3))
    item = manifest_of(planned).item(result.data["made"][0])
    assert (item.info.width, item.info.height, item.excluded, item.synthetic) == (64, 64, True, True)
    picture = np.asarray(Image.open(manifests.path_of(folder_of(planned), item)))
    assert picture.std() > 20


# What is missing, and what was seen


def audit_with(context: ToolContext, *entries: tuple[Coverage, Missing | None], unknown: int = 0) -> Audit:
    """An audit that has and misses these views."""
    audit = audit_dataset(folder_of(context), recipe_of(context))
    figures = {
        "coverage": tuple(coverage for coverage, _ in entries),
        "missing": tuple(missing for _, missing in entries if missing),
        "views": {"front": 12, "unknown": unknown},
    }
    recipe = RECIPES[RecipeName.CHARACTER]
    return audit.model_copy(update={"recipe": recipe, "set": audit.set.model_copy(update=figures)})


def add(name: Any, how_many: int, left: int = 0, right: int = 0) -> Missing:
    return Missing(what="pictures", how_many=how_many, view=name, left=left, right=right)


def view(name: Any, have: int, want: int, missing: Missing | None = None) -> tuple[Coverage, Missing | None]:
    return Coverage(aspect="view", name=name, have=have, want=want), missing


def test_views_that_are_missing_are_offered_in_a_sentence(planned: ToolContext) -> None:
    profile, back = view("profile", 2, 3, add("profile", 1, right=1)), view("back", 0, 2, add("back", 2))
    audit = audit_with(planned, view("front", 9, 3), profile, back, unknown=1)
    assert lacking(audit) == {"profile_right": 1, "back": 2}
    words = offer(audit, BaseModelName.MINI)
    assert words == (
        "No picture from behind. Too few pictures from the side. (Of 1 file I can't tell the view.) I can make 2 "
        "candidates of each with mini (64x64 pixels), kept apart until you say yes: say “make the missing views of …” "
        "and what your character looks like."
    )
    elsewhere = offer(audit, BaseModelName.LTX23)
    assert elsewhere is not None
    assert "these are generated" in elsewhere


def test_nothing_is_offered_where_nothing_is_missing_or_known(planned: ToolContext) -> None:
    assert offer(audit_with(planned, view("back", 2, 2)), BaseModelName.MINI) is None
    face = audit_with(planned, view("back", 0, 2, add("back", 2)))
    face = face.model_copy(update={"recipe": RECIPES[RecipeName.FACE]})
    assert offer(face, BaseModelName.MINI) is None


def test_candidates_are_for_what_the_audit_asks_for(planned: ToolContext) -> None:
    """Three that may face either way were all to face one side, while the audit asked for both."""
    audit = audit_with(planned, view("three_quarter", 0, 3, add("three_quarter", 3, left=1, right=1)))
    assert lacking(audit) == {"three_quarter_left": 2, "three_quarter_right": 1}


def test_another_view_than_was_wanted_is_told_and_unknown_is_no_mismatch() -> None:
    assert mismatch("back", View(class_="front")) == "was meant from behind but shows the front"
    assert mismatch("profile_left", View(class_="profile", side="right")) == "was meant to face left but faces right"
    assert mismatch("profile_left", View(class_="profile", side="left")) is None
    assert mismatch("back", View()) is None
    assert prompt_for(BaseModelName.MINI, "back", LOOKS, 0) != prompt_for(BaseModelName.MINI, "back", LOOKS, 1)


def test_plan_and_card_say_how_many_files_are_synthetic(waiting: ToolContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.runs.base_missing", lambda _base: None)
    say_yes(waiting, items=["made-back-1.png"])
    take_in_candidates(waiting, TakeInCandidates(items=["made-back-1.png"]))
    manifests.set_caption(folder_of(waiting), candidates(waiting)[0].id, caption_of(waiting), "person")
    assert "1 of 13 files is synthetic" in propose_plan(waiting, ProposePlan()).text
    assert any("1 of 13 files is synthetic" in line for line in launch_card(waiting, None).lines)  # type: ignore[arg-type]


def caption_of(context: ToolContext) -> str:
    return manifest_of(context).usable[0].caption


# In the conversation


def card_in(events: Sequence[Event]) -> CardShown | None:
    return next((event for event in events if isinstance(event, CardShown)), None)


async def test_a_model_cannot_say_yes_for_the_person(waiting: ToolContext, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = (
        calls("take_in_candidates"),
        AIMessage("yes"),
        calls("set_excluded", items=["made-back-1.png"], excluded=False),
        AIMessage("Yes. I approve it. They are in."),
    )
    async with await open_with(waiting.workspace, *answers, project_id=waiting.project_id) as conversation:
        shown = card_in(await talk(conversation, "hello"))
        assert shown is not None
        assert shown.card.title == "Train on these generated files?"
        again = card_in(await talk(conversation, "what is this card?"))
        assert again is not None, "put aside, answered, and shown again with the same files"
        assert again.card.fingerprint == shown.card.fingerprint
        assert mixed_in(waiting) == []
        events = await talk(conversation, "no")
        assert card_in(events) is None
        refused = [event.text for event in events if isinstance(event, ToolFinished) and event.name == "set_excluded"]
        assert "A model made" in refused[0]
        assert mixed_in(waiting) == []


async def test_a_mark_and_another_change_in_one_message_do_not_undo_each_other(
    waiting: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = manifests.load

    def slow_load(folder: Path) -> Manifest:
        manifest = load(folder)
        sleep(0.3)
        return manifest

    monkeypatch.setattr("trainer_core.dataset.manifest.load", slow_load)
    first, second = manifest_of(waiting).usable[:2]
    both = AIMessage(
        "",
        tool_calls=[
            {"name": "mark_synthetic", "args": {"items": [first.id]}, "id": "call_1"},
            {"name": "set_excluded", "args": {"items": [second.id]}, "id": "call_2"},
        ],
    )
    async with await open_with(waiting.workspace, both, AIMessage("Done."), project_id=waiting.project_id) as thread:
        await talk(thread, "the first is generated, leave out the second")
    try:
        assert manifest_of(waiting).item(first.id).synthetic
        assert manifest_of(waiting).item(second.id).excluded
    finally:
        mark(folder_of(waiting), [first.id], False)
        for item in (first, second):
            manifests.set_excluded(folder_of(waiting), item.id, False)


async def test_without_the_gate_the_tool_still_refuses(waiting: ToolContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.graph.interrupt", lambda _card: {"approved": True})
    answers = (calls("take_in_candidates"), AIMessage("Hm."))
    async with await open_with(waiting.workspace, *answers, project_id=waiting.project_id) as conversation:
        failed = [event for event in await talk(conversation, "hi") if isinstance(event, ToolFinished) and event.failed]
        assert "Nobody has said yes" in failed[0].text
    assert mixed_in(waiting) == []


async def test_files_that_change_behind_an_open_card_are_not_covered(waiting: ToolContext) -> None:
    async with await Conversation.open(waiting.workspace, project_id=waiting.project_id) as conversation:
        assert card_in(await talk(conversation, "use the candidates")) is not None
        set_aside = manifests.load(folder_of(waiting))
        add_made(folder_of(waiting), [made("made-back-8.png", next(_seeds))])
        audit_dataset(folder_of(waiting), recipe_of(waiting))
        said = final(await talk(conversation, "yes"))
        assert "exactly these files" in said
        assert mixed_in(waiting) == []
        assert len(set_aside.items) + 1 == len(manifest_of(waiting).items)


async def test_the_person_says_yes_in_the_guided_conversation(waiting: ToolContext) -> None:
    async with await Conversation.open(waiting.workspace, project_id=waiting.project_id) as conversation:
        assert card_in(await talk(conversation, "use made-back-2 and made-back-3.png please")) is not None
        said = final(await talk(conversation, "no"))
        assert "stay marked and set aside" in said
        assert mixed_in(waiting) == []
        assert card_in(await talk(conversation, "use made-back-2 and made-back-3.png please")) is not None
        said = final(await talk(conversation, "yes"))
        assert "Took in 2 synthetic files" in said
        assert mixed_in(waiting) == ["made-back-2.png", "made-back-3.png"]
        change_plan(waiting, ChangePlan(steps=100))


FACTS: dict[str, Any] = {"stage": "plan", "recipe": "character", "images": 12, "verdict": "ready", "plan": {"steps": 9}}


@pytest.mark.parametrize(
    ("said", "call"),
    [
        ("make some back views", ("make_candidates", {"views": ["back"]})),
        ("generate the missing views", ("make_candidates", {})),
        (
            f"Make 3 back views of {LOOKS}, please.",
            ("make_candidates", {"views": ["back"], "count": 3, "description": LOOKS}),
        ),
        (
            "can you create left profile views and three-quarter views of a Fox with a red scarf?",
            (
                "make_candidates",
                {
                    "views": ["three_quarter_left", "profile_left"],
                    "description": "a Fox with a red scarf",
                },
            ),
        ),
        ("please make the missing views of my cat", ("make_candidates", {"description": "cat"})),
        ("make some candidates", ("make_candidates", {})),
        ("use the candidates", ("take_in_candidates", {})),
        ("ok, take the generated pictures in", ("take_in_candidates", {})),
        ("use made-back-2.png", ("take_in_candidates", {"items": ["made-back-2.png"]})),
        ("b.png is AI-generated", ("mark_synthetic", {"items": ["b.png"]})),
    ],
)
def test_what_people_say_reaches_the_tools(said: str, call: tuple[str, dict[str, Any]]) -> None:
    first = read(said, FACTS, []).calls[0]
    assert (first.name, first.arguments) == call


def test_files_handed_over_as_generated_do_not_come_in_unmarked() -> None:
    reading = read("these are generated back views", FACTS, ["upl_1"])
    assert [(call.name, call.arguments) for call in reading.calls] == [
        ("mark_synthetic", {"uploads": ["upl_1"]}),
        ("audit_dataset", {}),
    ]


@pytest.mark.parametrize(
    "said",
    [
        "don't use the candidates",
        "use the candidates if they are good",
        'he said "use the candidates"',
        "should I use the candidates?",
        "how do I make back views?",
        "don't make back views",
        "take that back",
        "go back to the last plan",
        "generate a clip of her walking on a beach",
        "change the background",
        "use fewer steps",
        "these are not generated",
    ],
)
def test_what_people_do_not_say_does_not(said: str) -> None:
    names = {call.name for call in read(said, FACTS | {"run": {"state": "succeeded"}}, []).calls}
    assert not names & {"make_candidates", "take_in_candidates", "mark_synthetic"}
