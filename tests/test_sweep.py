"""Choosing a step and a strength by score: what is chosen, what is said, and that no clip is made twice."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from lora_files import write_lora
from PIL import Image
from safetensors.torch import load_file
from sqlalchemy import select
from test_evaluation import clip_of, picture_of, unseen
from transformers import PreTrainedTokenizerFast

from tools.context import ToolContext
from tools.evaluation import run, scorecard
from tools.evaluation.base_clips import AtStrength, ClipCache
from tools.evaluation.choice import chance_of, choose, point_of
from tools.evaluation.prompts import PromptCase
from tools.evaluation.scorecard import ClipScore, SweepPoint
from tools.evaluation.sweep import Range, Tried, sweep, unjudged
from tools.state import latest_lora
from trainer_core.base_models.registry import MINI_WEIGHTS
from trainer_core.dataset import manifest as dataset
from trainer_core.generation.generate import GenerateRequest
from trainer_core.jobs import events, store
from trainer_core.jobs.context import JobCancelled, JobContext
from trainer_core.plan import BaseModelName, TrainingPlan, propose
from trainer_core.projects import Lora, PlanRow, Run, Workspace, create_project, update_project
from trainer_core.recipes import RECIPES, RecipeName
from trainer_core.training.candidates import path_of

TRIGGER = "chr_x7kq"
LINE = 0.77

# choosing, from figures


def case(name: str) -> PromptCase:
    called = not name.startswith("leak")
    purpose = "leak" if not called else "first" if name == "first" else "new"
    return PromptCase(id=name, prompt=name, uses_trigger=called, purpose=purpose, label=name, seed=1)


CASES = tuple(case(name) for name in ("first", "new-1", "new-2", "leak-1", "leak-2"))


def clip(of: PromptCase, identity: float) -> ClipScore:
    figures = dict.fromkeys(("consistency", "nearest", "moving", "change", "empty", "burned"), 0.0)
    return ClipScore(case=of, model="lora", file="x.mp4", identity=identity, identity_by_frame=(), **figures)


BASE = {each.id: clip(each, 0.1) for each in CASES}


def point(step: int, identities: Sequence[float], strength: float = 1.0) -> SweepPoint:
    return point_of(step, strength, [clip(*pair) for pair in zip(CASES, identities, strict=False)], BASE)


@dataclass
class Figures:
    """Stands for generator and measures: what a file shows with and without the trigger word, and what was asked."""

    shows: Callable[[int, float], tuple[float, float]]
    noise: float = 0.01
    made: list[tuple[int, float, str]] = field(default_factory=list)
    skipped: int = 0

    def make(self, cases: Sequence[PromptCase], tried: Tried) -> list[ClipScore]:
        self.made += [(tried.step, tried.lora.strength, each.id) for each in cases]
        called, without = self.shows(tried.step, tried.lora.strength)
        rng = np.random.default_rng([tried.step, round(100 * tried.lora.strength)])
        return [clip(each, (called if each.uses_trigger else without) + self.noise * rng.normal()) for each in cases]

    def skip(self, clips: int) -> None:
        self.skipped += clips

    def sweep(self, *steps: int) -> scorecard.Sweep:
        files = [Tried(step, AtStrength(Path("x"), "x")) for step in steps]
        return sweep(files, Range(CASES, BASE, LINE, self.make, self.skip))

    def tried(self) -> set[tuple[int, float]]:
        return {(step, strength) for step, strength, _ in self.made}


def test_the_best_step_is_chosen_with_its_margin_wherever_it_stands() -> None:
    found = Figures(lambda step, strength: ({100: 0.6, 200: 0.95, 300: 0.8}[step] * min(1, strength), 0.1)).sweep(
        100, 200, 300
    )
    assert (found.best_step, found.best_strength) == (200, 1.0)
    assert "Step 200 of 300 scores best: 0.95, 0.1" in found.words
    assert "more than step 300" in found.words
    assert [each.step for each in found.checkpoints] == [100, 200, 300]


def test_equal_steps_and_strengths_are_said_to_be_alike_and_the_earliest_at_strength_1_is_used() -> None:
    found = Figures(lambda step, strength: (0.9, 0.1), noise=0.0).sweep(100, 200, 300)
    assert (found.best_step, found.best_strength, found.margin) == (100, 1.0, 0.0)
    assert "Steps 100, 200 and 300 cannot be told apart: the best has 0.90" in found.words
    assert (
        "The earliest of them, step 100, is used: longer training that cannot be seen to help may copy more."
        in found.words
    )
    assert "Strengths 0.8, 1 and 1.2 cannot be told apart" in found.words
    assert "So strength 1 is used." in found.words


def test_an_early_step_that_is_not_the_subject_yet_is_not_preferred() -> None:
    """All three differ by chance only, but the first is below the line that counts as the subject."""
    points = [
        point(100, [0.65, 0.85, 0.75, 0, 0]),
        point(200, [0.85, 0.7, 0.9, 0, 0]),
        point(300, [0.8, 0.9, 0.8, 0, 0]),
    ]
    found = choose(points, LINE, lambda each: each.step)
    assert {each.step for each in found.alike} == {100, 200, 300}
    assert found.chosen.step == 200
    assert [each.step for each in found.short] == [100]
    low = [each.model_copy(update={"identity": 0.5}) for each in points]
    assert choose(low, LINE, lambda each: each.step).chosen.step == 300  # none is: the best score


def test_a_step_that_went_wrong_does_not_make_the_others_look_alike() -> None:
    """Its clips spread widely; the two sound steps differ by the same 0.15 on every prompt."""
    sound = [point(100, [0.8, 0.81, 0.79, 0, 0]), point(200, [0.95, 0.96, 0.94, 0, 0])]
    broken = point(300, [0.4, -0.2, 0.1, 0.3, -0.3])
    assert chance_of([*sound, broken]) > 0.15
    found = choose([*sound, broken], LINE, lambda each: each.step)
    assert (found.chosen.step, found.margin) == (200, 0.15)
    assert found.alike == (sound[1],)


def test_a_strength_below_1_is_chosen_where_the_lora_leaks_at_1() -> None:
    figures = Figures(lambda step, strength: (0.9, 0.1 + max(0.0, strength - 0.8)))
    found = figures.sweep(300)
    assert {strength for _, strength in figures.tried()} == {1.0, 1.2, 0.8, 0.6}
    assert found.best_strength == 0.8  # 0.6 is no better by more than chance, and further from 1
    assert "No earlier step was kept to compare with" in found.words
    assert f"Use the LoRA at {found.best_strength:g}." in found.words


def test_what_is_certainly_out_is_not_made() -> None:
    figures = Figures(lambda step, strength: (0.2 if step == 100 or strength < 1 else 0.9, 0.1))
    found = figures.sweep(100, 300)
    assert (found.best_step, found.best_strength) == (300, 1.0)
    assert found.checkpoints[0].score is None
    assert found.checkpoints[0].identity == pytest.approx(0.2, abs=0.05)
    assert not any(step == 100 and name.startswith("leak") for step, _, name in figures.made)
    assert (300, 0.6) not in figures.tried()
    assert len(figures.made) + figures.skipped == len(CASES) * (2 + 3)


def test_two_points_differ_by_more_than_chance_in_5_of_100_cases_where_there_is_no_difference() -> None:
    rng = np.random.default_rng(0)
    beyond = 0
    for _ in range(400):
        prompts = rng.normal(0.5, 0.2, 5)
        made = [point(step, prompts + 0.05 * rng.normal(size=5)) for step in (1, 2, 3)]
        leaking = [each for each in made if (each.leak or 0) > 0]
        beyond += len(leaking) == 3 and abs((made[0].score or 0) - (made[1].score or 0)) > chance_of(made)
    assert 0.02 <= beyond / 400 <= 0.08
    assert chance_of([point(1, [0.5, 0.1]), point(2, [0.6, 0.9])]) > 0
    assert chance_of([point(1, [0.5])]) == float("inf")


def test_points_without_a_common_prompt_with_the_trigger_word_cannot_be_compared() -> None:
    """Where a clip came without frames on each side, chance was once a division by zero."""
    made = [
        point_of(step, 1.0, [clip(CASES[step], 0.5), clip(CASES[3], 0.1 * step), clip(CASES[4], 0.2)], BASE)
        for step in (1, 2)
    ]
    assert chance_of(made) == float("inf")


# clips that were made before


def test_a_damaged_or_missing_clip_is_made_again_and_each_setting_is_a_clip_of_its_own(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path, "weights", "full")
    request = GenerateRequest(prompt="a cat", seed=1)
    keys = {
        cache.key(request),
        cache.key(GenerateRequest(prompt="a cat", seed=2)),
        cache.key(GenerateRequest(prompt="a cat", seed=1, guidance=4.0)),
        cache.key(request, AtStrength(Path("a"), "sum", 1.0)),
        cache.key(request, AtStrength(Path("a"), "sum", 0.8)),
        cache.key(request, shown=np.zeros((1, 4, 4, 3), np.uint8)),
        ClipCache(tmp_path, "other weights", "full").key(request),
        ClipCache(tmp_path, "weights", "int4").key(request),
    }
    assert len(keys) == 8
    assert cache.key(request, AtStrength(Path("a"), "sum")) == cache.key(request, AtStrength(Path("b"), "sum"))
    key, frames = cache.key(request), np.arange(9 * 8 * 8 * 3, dtype=np.uint8).reshape(9, 8, 8, 3)
    assert cache.read(key) is None
    cache.write(key, frames)
    found = cache.read(key)
    assert found is not None
    assert np.array_equal(found, frames)
    path = next(tmp_path.rglob("*.safetensors"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert cache.read(key) is None
    cache.write(key, frames)
    assert cache.read(key) is not None


# the job


@lru_cache(maxsize=64)
def drawn(seed: int, taught: bool) -> np.ndarray:
    return clip_of(unseen(3 if taught else 500 + seed), seed)


@dataclass
class Painter:
    """In place of the model: draws the taught character with a LoRA and its trigger word, unless it is overdone."""

    made: list[tuple[str, int, str, float]] = field(default_factory=list)
    loaded: tuple[str, float, bool] = ("", 0.0, False)
    before: Callable[[int], object] = lambda made: None

    @contextmanager
    def with_lora(self, pipeline: object, path: Path, strength: float) -> Iterator[None]:
        largest = max(float(value.abs().max()) for value in load_file(path).values())
        self.loaded = (path.name, strength, largest < 1)
        yield
        self.loaded = ("", 0.0, False)

    def generate_batch(self, pipeline: object, requests: Sequence[GenerateRequest]) -> list[np.ndarray]:
        self.before(len(self.made))
        name, strength, sound = self.loaded
        self.made += [(request.prompt, request.seed, name, strength) for request in requests]
        return [drawn(request.seed, sound and TRIGGER in request.prompt) for request in requests]


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> Painter:
    painter = Painter()
    reader = SimpleNamespace(tokenizer=PreTrainedTokenizerFast.from_pretrained(MINI_WEIGHTS / "tokenizer"))
    monkeypatch.setattr(run, "load_pipeline", lambda base, memory: reader)
    monkeypatch.setattr(run, "generate_batch", painter.generate_batch)
    monkeypatch.setattr(run, "with_lora", painter.with_lora)
    monkeypatch.setattr(run, "effect_of", lambda *_: None, raising=False)  # a pass through the model's layers
    return painter


def trained_run(home: Path, recipe: RecipeName) -> tuple[Workspace, Run, TrainingPlan]:
    """A finished run of a project with four pictures: the LoRA of its last step, in a file and a row."""
    workspace = Workspace.open(home)
    project = create_project(workspace, "test", "you")
    update_project(workspace, project.id, trigger=TRIGGER, noun=unseen(3).kind, recipe=recipe.value)
    for seed in range(4):
        Image.fromarray(picture_of(unseen(3), seed, 128)).save(home / f"{seed}.png")
    folder = workspace.dataset_folder(project.id)
    table = dataset.add_files(folder, sorted(home.glob("*.png")))
    for item in table.items:
        dataset.set_caption(folder, item.id, f"{TRIGGER}, a {unseen(3).kind}", "measured")
    checksum = dataset.load(folder).checksum
    plan = propose(RECIPES[recipe], BaseModelName.MINI, TRIGGER, checksum, images=4, clips=0)
    row = PlanRow(id="plan_1", project_id=project.id, body=plan.model_dump(mode="json"), fingerprint="x")
    trained = Run(id="run_1", project_id=project.id, plan_id=row.id)
    last = write_lora(workspace.run_folder(trained.id) / "lora.safetensors", seed=1)
    with workspace.session() as session:
        session.add(row)
        session.flush()
        session.add(trained)
        file = str(last.relative_to(workspace.home))
        about = {"trigger": TRIGGER, "base": "mini", "file": file, "sha256": "of the last"}
        session.add(Lora(id="lora_last", project_id=project.id, run_id=trained.id, **about))
    return workspace, trained, plan


def job(workspace: Workspace, of: Run, **arguments: object) -> JobContext:
    submitted = store.submit(
        workspace,
        project_id=of.project_id,
        task="tools.evaluation.run:evaluate",
        arguments={"run_id": of.id} | arguments,
        run_id=of.id,
    )
    store.claim(workspace, submitted.id, 1)
    return JobContext(workspace, store.get(workspace, submitted.id), workspace.run_folder(of.id))


def test_a_worse_last_step_is_not_chosen_and_a_stopped_scoring_makes_no_clip_twice(
    tmp_path: Path, painter: Painter
) -> None:
    workspace, trained, plan = trained_run(tmp_path / "home", RecipeName.CHARACTER)
    folder = workspace.run_folder(trained.id)
    for step in (100, 200):
        write_lora(path_of(folder, step), seed=step)
    write_lora(folder / "lora.safetensors", seed=1, size=2.0)  # the last one: weights a hundred times as large
    path_of(folder, 50).write_bytes(b"damaged")
    first = job(workspace, trained)

    def cancel(made: int) -> None:
        if made >= 12:
            store.request_cancel(workspace, first.job.id)
            time.sleep(1.1)  # a cancel is looked for once a second

    painter.before = cancel
    with pytest.raises(JobCancelled):
        run.evaluate(first)
    painter.before = lambda made: None
    before = len(painter.made)
    second = job(workspace, trained)
    result = run.evaluate(second)
    assert 12 <= before < len(painter.made) == len(set(painter.made))

    card = scorecard.load(folder)
    assert card is not None
    assert card.sweep is not None
    assert (card.sweep.best_step, card.sweep.best_strength) == (100, 1.0)
    assert "Steps 100 and 200 cannot be told apart" in result["words"]
    assert card.sweep.checkpoints[-1].step == plan.steps
    assert card.sweep.checkpoints[-1].identity < LINE < card.sweep.checkpoints[0].identity  # type: ignore[operator]
    assert "step 50 is damaged" in result["words"]
    for each in (*card.sweep.checkpoints, *card.sweep.strengths):
        assert all((folder / shown.file).stat().st_size > 500 for shown in each.clips)
    assert card.value("identity") > LINE  # type: ignore[operator]

    assert card.lora_file == "candidates/step-000100.safetensors"
    newest = latest_lora(ToolContext(workspace, trained.project_id, "you"))
    assert newest is not None
    assert (newest.file, newest.sha256) == (f"runs/run_1/{card.lora_file}", card.lora_sha256)
    with workspace.session() as session:
        assert len(session.scalars(select(Lora)).all()) == 2  # nothing is taken away

    progress = [event.data for event in events.events_since(workspace, second.job.id, kinds=("progress",))]
    assert progress[-1]["left"] == 0
    assert progress[-1]["text"].endswith("made, at most 0 left")
    on_base = sum(case.model == "base" for case in card.clips)
    assert len(list((workspace.cache_folder() / "test_clips").rglob("*.safetensors"))) == on_base


def test_what_cannot_be_judged_is_not_chosen_and_the_words_say_why(tmp_path: Path, painter: Painter) -> None:
    workspace, trained, plan = trained_run(tmp_path / "home", RecipeName.STYLE)
    folder = workspace.run_folder(trained.id)
    write_lora(path_of(folder, 100), seed=1)
    result = run.evaluate(job(workspace, trained))
    card = scorecard.load(folder)
    assert card is not None
    assert card.sweep is not None
    assert (card.sweep.best_step, card.sweep.best_strength, card.sweep.margin) == (plan.steps, 1.0, None)
    assert "were not compared: resemblance to one subject is what is scored, and a style has none" in result["words"]
    assert not (folder / "sweep").exists()
    assert card.lora_file == "lora.safetensors"
    assert "earlier ones are kept" in result["words"]
    assert "earlier" not in unjudged(300, "nobody knows", earlier=False).words  # once said where there were none
    older = scorecard.Scorecard.model_validate(card.model_dump(mode="json", exclude={"sweep", "lora_file", "notes"}))
    assert (older.sweep, older.lora_file) == (None, "lora.safetensors")  # a scorecard of an earlier version
