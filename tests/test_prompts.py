"""The test prompts of every recipe: what they call, what they leave out, what they cost, and what cannot be tried."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tools.audit.model import Audit, AuditItem, SetFigures, View
from tools.captioning.words import has_word
from tools.evaluation import prompts
from tools.evaluation.prompts.cases import shortened, with_trigger
from tools.evaluation.prompts.voices import voice_of
from trainer_core.dataset import manifest as dataset
from trainer_core.plan import BaseModelName, TrainingPlan, propose
from trainer_core.recipes import RECIPES, RecipeName

TRIGGER = "chr_x7kq"
GOLDEN = Path(__file__).with_name("golden") / "prompt_suites.txt"
CAPTIONS = (f"{TRIGGER}, a cat, in a meadow", f"{TRIGGER}, a cat, on a sofa, at night", "sitting on a chair")
ONE_SUBJECT = (RecipeName.CHARACTER, RecipeName.FACE)
SHOWN = (prompts.Shown("itm_000000000001"), prompts.Shown("itm_000000000002", "a stone that melts"))


def cases_of(recipe: RecipeName, base: BaseModelName, **more: object) -> list[prompts.PromptCase]:
    noun = "cat" if recipe is RecipeName.CHARACTER else RECIPES[recipe].noun
    held_out = [f"{TRIGGER}, jumping on a stage"]
    return prompts.suite(RECIPES[recipe], TRIGGER, noun, CAPTIONS, base, held_out=held_out, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("base", BaseModelName)
@pytest.mark.parametrize("recipe", RecipeName)
@pytest.mark.parametrize("shown", [(), SHOWN])
def test_a_suite_stays_within_its_cost_and_calls_only_where_it_says_so(recipe, base, shown):
    cases = cases_of(recipe, base, shown=shown)
    suite = prompts.Suite(tuple(cases))
    assert len({case.id for case in cases}) == len(cases) <= 14
    assert len(suite.on_base) <= 11
    assert suite.clips == len(cases) + len(suite.on_base)
    assert f"{suite.clips} test clips" in suite.words()
    for case in cases:
        assert has_word(case.prompt, TRIGGER) == case.uses_trigger == (case.purpose != "leak")
        assert (case.reference is not None) == (case.purpose == "reference")
    assert {"first", "seen", "held_out", "new", "leak"} <= {case.purpose for case in cases}
    assert bool(shown) == any(case.purpose == "reference" for case in cases)


@pytest.mark.parametrize("base", BaseModelName)
@pytest.mark.parametrize("recipe", RecipeName)
def test_every_case_without_the_trigger_has_a_twin_with_it(recipe: RecipeName, base: BaseModelName):
    """Same seed, same words behind the subject; for the same subject only the trigger's words are missing."""
    cases = cases_of(recipe, base)
    with_it = {case.seed: case.prompt for case in cases if case.purpose in ("first", "new")}
    leaks = [case for case in cases if case.purpose == "leak"]
    assert len(leaks) >= 4
    assert all(case.on_base for case in cases if case.purpose in ("first", "new", "leak"))
    for leak in leaks:
        subject, _, scene = leak.prompt.partition(", ")
        assert with_it[leak.seed].endswith(scene)
        if leak.id in ("leak-1", "leak-2", "leak-3"):
            assert subject in with_it[leak.seed]


@pytest.mark.parametrize("base", BaseModelName)
def test_style_motion_and_effect_are_tried_on_four_different_subjects(base: BaseModelName):
    for recipe in set(RecipeName) - set(ONE_SUBJECT):
        leaks = [case.prompt.partition(",")[0] for case in cases_of(recipe, base) if case.purpose == "leak"]
        assert len(set(leaks)) == 4


@pytest.mark.parametrize("recipe", RecipeName)
def test_which_prompts_ask_that_nothing_moves(recipe: RecipeName):
    """Flicker was once looked for in every prompt with "standing", and so in LTX-2.3's first, which asks for a pan. On
    mini, whose world has no camera, nothing has changed."""
    captions = [f"{TRIGGER}, a cat, standing, slow pan", f"{TRIGGER}, a cat, waving"]
    for base in BaseModelName:
        cases = prompts.suite(RECIPES[recipe], TRIGGER, "cat", captions, base, held_out=["standing"], shown=SHOWN)
        still = {case.id for case in cases if case.nothing_moves}
        if base is BaseModelName.MINI:
            assert still == {case.id for case in cases if has_word(case.prompt, "standing")}
            assert "seen-1" in still
        else:
            assert still == {case.id for case in cases if case.purpose == "view"}
            assert recipe not in ONE_SUBJECT or "pan" in cases[0].prompt


def test_a_case_from_before_stillness_was_marked_still_loads():
    case = cases_of(RecipeName.CHARACTER, BaseModelName.MINI)[0]
    assert case.nothing_moves
    older = case.model_dump(exclude={"nothing_moves"})
    assert prompts.PromptCase.model_validate(older) == case.model_copy(update={"nothing_moves": False})


def test_a_motion_is_asked_for_without_another_motion():
    for case in cases_of(RecipeName.MOTION, BaseModelName.LTX23):
        if case.purpose in ("first", "new"):
            assert not has_word(case.prompt, "standing")
            assert not has_word(case.prompt, "walking")


def test_a_face_is_not_asked_for_from_behind():
    views = [case.view for case in cases_of(RecipeName.FACE, BaseModelName.LTX23) if case.view]
    assert views == ["three-quarter", "profile"]


def test_new_scenes_are_those_that_the_captions_lack():
    captions = [f"{TRIGGER}, a cat, in a meadow", f"{TRIGGER}, a cat, teal and yellow background, at night"]
    cases = prompts.suite(RECIPES[RecipeName.CHARACTER], TRIGGER, "cat", captions)
    new = " ".join(case.prompt for case in cases if case.purpose == "new")
    assert not any(words in new for words in ("meadow", "beach", "night"))
    style = prompts.suite(RECIPES[RecipeName.STYLE], TRIGGER, "style", ["a dog, a teapot"], BaseModelName.LTX23)
    assert not any("dog" in case.prompt or "teapot" in case.prompt for case in style if case.purpose == "new")


@given(st.lists(st.text(max_size=3000), max_size=5), st.sampled_from(RecipeName))
def test_any_captions_make_a_suite(captions: list[str], recipe: RecipeName):
    cases = prompts.suite(RECIPES[recipe], TRIGGER, "animal", captions, held_out=captions[::-1])
    assert all(len(case.prompt) <= prompts.LONGEST_PROMPT for case in cases)
    assert all(has_word(case.prompt, TRIGGER) for case in cases if case.uses_trigger)


def test_a_long_caption_keeps_its_trigger_wherever_it_stood():
    long = "word " * 500 + TRIGGER
    prompt = with_trigger(long, TRIGGER, f"{TRIGGER}, a cat")
    assert prompt.startswith(f"{TRIGGER}, a cat, word")
    assert len(prompt) <= prompts.LONGEST_PROMPT
    assert prompt.endswith("word")
    assert shortened("x" * 3000) == "x" * prompts.LONGEST_PROMPT


def test_the_suites_of_all_recipes_read_as_before():
    lines = []
    for base in BaseModelName:
        for recipe in RecipeName:
            cases = cases_of(recipe, base, shown=SHOWN[:1] if recipe is RecipeName.FACE else ())
            lines.append(f"{recipe} on {base}: {prompts.Suite(tuple(cases)).words()}")
            if cannot := voice_of(base).cannot.get(recipe):
                lines.append(f"  ({cannot})")
            for case in cases:
                marks = f"{case.seed}{'' if case.on_base else ' LoRA only'}{' + picture' if case.reference else ''}"
                lines.append(f"  {case.id} [{marks}] {case.prompt} - {case.label}")
    text = "\n".join(lines) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


# which files were trained on, which were kept aside, what is shown


def plan_of(table: dataset.Manifest, recipe: RecipeName = RecipeName.CHARACTER, **changes: object) -> TrainingPlan:
    plan = propose(RECIPES[recipe], BaseModelName.MINI, TRIGGER, table.checksum, images=len(table.items), clips=0)
    return plan.changed(**changes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten pictures with a caption each; the first five have a partner."""
    place = tmp_path_factory.mktemp("prompts")
    rng = np.random.default_rng(1)
    for number in range(10):
        picture = Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8))
        picture.save(place / (f"{number}_end.png" if number < 5 else f"{number}.png"))
        if number < 5:
            Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(place / f"{number}_start.png")
    target = place / "set"
    table = dataset.add_files(target, sorted(place.glob("*.png")))
    words = {item.id: (f"{TRIGGER}, scene number {item.name}", "person") for item in table.usable}
    dataset.set_captions(target, words)  # type: ignore[arg-type]
    return target


def test_captions_kept_aside_are_those_that_training_kept_aside(folder: Path):
    from trainer_core.dataset.buckets import samples_of, split_held_out

    table = dataset.load(folder)
    plan = plan_of(table)
    aside = {sample.item_id for sample in split_held_out(samples_of(table, plan)[0], 0.1, plan.seed)[1]}
    suite = prompts.suite_for(table, plan, "cat")
    held_out = [case.prompt for case in suite.cases if case.purpose == "held_out"]
    assert held_out == [table.item(item_id).caption for item_id in aside]
    assert not {case.prompt for case in suite.cases if case.purpose == "seen"} & set(held_out)
    assert suite.notes == ()


@pytest.mark.parametrize(
    ("captions", "share", "words"),
    [
        ([""] * 10, 0.1, "have no captions"),
        (["the same"] * 10, 0.1, "same captions as the others"),
        (None, 0.0, "no file was kept aside"),
    ],
)
def test_what_captions_cannot_tell_is_said(folder: Path, captions: list[str] | None, share: float, words: str):
    table = dataset.load(folder)
    if captions is not None:
        items = [item.model_copy(update={"caption": text}) for item, text in zip(table.usable, captions, strict=True)]
        table = dataset.Manifest(items=tuple(items))
    suite = prompts.suite_for(table, plan_of(table, held_out_share=share), "cat")
    assert words in " ".join(suite.notes)
    assert not any(case.purpose == "held_out" for case in suite.cases)


def test_a_face_that_was_trained_without_references_is_tried_without_and_told_why(folder: Path):
    table = dataset.load(folder)
    suite = prompts.suite_for(table, plan_of(table, RecipeName.FACE), "person")
    assert "with words alone" in " ".join(suite.notes)
    assert not any(case.reference for case in suite.cases)


def test_a_face_with_references_is_shown_its_front(folder: Path):
    table = dataset.load(folder)
    front = table.usable[4]
    audit = Audit(
        items=(AuditItem(file=front.name, id=front.id, kind="image", usable=True, view=View(class_="front")),),
        set=SetFigures(images=10, clips=0, views={"front": 1}, backgrounds=None),
        verdict="ready",
        findings=(),
        skipped_checks=(),
        recipe=RECIPES[RecipeName.FACE],
        dataset=table.files_checksum,
    )
    plan = plan_of(table, RecipeName.FACE, reference="same_subject", seed=3)
    assert front.id not in {case.reference for case in prompts.suite_for(table, plan, "person").cases}
    suite = prompts.suite_for(table, plan, "person", audit)
    shown = [case for case in suite.cases if case.purpose == "reference"]
    assert [case.reference for case in shown] == [front.id, front.id]
    plain = {case.prompt: case.seed for case in suite.cases if case.purpose in ("first", "new")}
    assert all(plain[case.prompt] == case.seed for case in shown)
    assert suite.notes == ()
    assert "No picture is known to be from the front" in prompts.suite_for(table, plan, "person").notes[0]


def test_pairs_are_tried_with_their_own_start_and_caption(folder: Path):
    table = dataset.load(folder)
    suite = prompts.suite_for(table, plan_of(table, reference="pair"), "cat")
    shown = [case for case in suite.cases if case.purpose == "reference"]
    assert shown
    for case in shown:
        item = table.item(case.reference or "")
        assert item.reference is not None
        assert case.prompt == item.caption
    assert "without the picture to start from" in " ".join(suite.notes)
    alone = dataset.Manifest(items=tuple(item.model_copy(update={"reference": None}) for item in table.usable))
    assert "no file has its partner" in " ".join(prompts.suite_for(alone, plan_of(alone, reference="pair"), "c").notes)
