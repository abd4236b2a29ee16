"""The report of a run's scores: a person who reads only this page sees why each finding was made. No training here."""

import math
import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from browsers import launch

from tools.evaluation.diagnosis import Diagnosis, examine
from tools.evaluation.prompts import PromptCase
from tools.evaluation.report import html_report, write_report
from tools.evaluation.report_parts.charts import chart, scale, spark, ticks
from tools.evaluation.report_parts.findings import findings_shown
from tools.evaluation.report_parts.media import Clips
from tools.evaluation.report_parts.side_by_side import anchors
from tools.evaluation.run import evaluate
from tools.evaluation.run_files import REPORT_NAME, report_of
from tools.evaluation.scorecard import (
    ClipScore,
    Measure,
    Scorecard,
    Sweep,
    SweepPoint,
    Threshold,
    TrainingSet,
    load,
    save,
)
from tools.evaluation.sheet import rows_of
from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.render import render_clip
from trainer_core.base_models.mini.world.scene import random_scene
from trainer_core.dataset.media import write_clip
from trainer_core.jobs import store
from trainer_core.jobs.context import JobContext
from trainer_core.plan import BASES, BaseModelName, TrainingPlan, propose
from trainer_core.projects import PlanRow, Run, Workspace, create_project
from trainer_core.recipes import RECIPES, RecipeName

TRIGGER = "chr_x7kq"
HOSTILE = "<script>alert('x')</script>\n\u202egnp.\"evil\"&amp;<img src=x onerror=alert(1)>"
SHOWN = "<script>alert('x')</script> gnp.\"evil\"&amp;<img src=x onerror=alert(1)>"
LINE = {"identity": (0.7, "at least"), "lift": (0.3, "at least"), "leak": (0.3, "at most")}
VALUES = {"identity": 0.41, "identity_base": 0.1, "lift": 0.31, "leak": 0.05, "consistency": 0.99, "empty": 0.0}


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(" ".join(data.split()))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(self.words)


def prompt(name: str, words: str, purpose: str, seed: int = 1000) -> PromptCase:
    return PromptCase(
        id=name, prompt=words, uses_trigger=purpose != "leak", purpose=purpose, label=f"label of {name}", seed=seed
    )


CASES = (
    prompt("first", f"{TRIGGER}, a cat, standing in a plain room", "first"),
    prompt("leak-1", "a cat, standing in a plain room", "leak"),
    prompt("view-back", f"{TRIGGER}, a cat, seen from behind", "view", 1030),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with real small clips of every case."""
    folder = tmp_path_factory.mktemp("run")
    for number, (model, case) in enumerate((m, c) for c in CASES for m in ("base", "lora")):
        rng = np.random.default_rng(number)
        frames = render_clip(random_character(rng), random_scene(rng), size=64, frames=9, oversample=1)
        write_clip(folder / f"test_clips/{model}-{case.id}.mp4", frames, 8.0)
    return folder


def clip(case: PromptCase, model: str, identity: float) -> ClipScore:
    return ClipScore(
        case=case,
        model=model,
        file=f"test_clips/{model}-{case.id}.mp4",
        identity=identity,
        identity_by_frame=(identity, identity - 0.1, identity),
        consistency=0.99,
        nearest=0.5,
        moving=0.2,
        change=1.0,
        empty=0.0,
        burned=0.01,
    )


def measure(name: str, value: float | None) -> Measure:
    threshold = None
    if name in LINE:
        threshold = Threshold(value=LINE[name][0], direction=LINE[name][1], source=f"a calibration of {name}")
    verdict = "shown"
    if threshold and value is not None:
        verdict = "good" if threshold.met_by(value) else "poor"
    return Measure(
        id=name,
        title=f"Title of {name}",
        value=value,
        low=value,
        high=None if value is None else value + 0.2,
        unit="cosine, -1 to 1",
        definition=f"definition of {name}",
        threshold=threshold,
        verdict=verdict,
        evidence=("leak-1",) if name == "leak" else ("first",),
        validity=f"validity of {name}",
    )


def scorecard(**changes: object) -> Scorecard:
    clips = [clip(case, model, 0.4 if model == "lora" else 0.1) for case in CASES for model in ("base", "lora")]
    card = Scorecard(
        run_id="run_1",
        base=BaseModelName.MINI,
        recipe=RecipeName.CHARACTER,
        trigger=TRIGGER,
        noun="cat",
        lora_sha256="ab" * 32,
        measures=tuple(measure(name, value) for name, value in VALUES.items()),
        clips=tuple(clips),
        training_set=TrainingSet(
            pictures=24, agreement=0.9, own_nearest=0.8, burned=0.02, captions=24, captions_with_trigger=23
        ),
        validation=((50, 0.30), (100, 0.25), (150, 0.22), (200, 0.23)),
        width=64,
        height=64,
        frames=9,
        fps=8,
        sampling_steps=12,
        guidance=3,
        honesty=BASES[BaseModelName.MINI].honesty,
        created="2026-11-21T14:30:00+00:00",
    )
    return card.model_copy(update=changes)


@pytest.fixture(scope="module")
def plan() -> TrainingPlan:
    return propose(RECIPES[RecipeName.CHARACTER], BaseModelName.MINI, TRIGGER, "0" * 64, images=24, clips=0)


def page_of(folder: Path, card: Scorecard, plan: TrainingPlan | None, **options: object) -> Page:
    found = examine(card, plan) if plan else None
    return Page(html_report(folder, card, found, plan, **options))


def test_a_finding_is_explained_on_the_page_alone(folder: Path, plan: TrainingPlan) -> None:
    card = scorecard()
    found = examine(card, plan)
    page = Page(html_report(folder, card, found, plan))
    assert found.findings
    for finding in found.findings:
        assert finding.symptom[1:] in page.text
        assert finding.cause[1:] in page.text
        assert finding.confidence in page.text
        assert finding.source in page.text
        for entry in finding.evidence:
            assert entry.shown in page.words
            assert entry.source in page.text
            if entry.fact == "steps":
                continue  # see the next test
            assert f"wanted: at {'least' if entry.sign == '<' else 'most'} {entry.limit_shown}" in page.text
        for action in finding.actions:
            assert action.words.replace("->", "→")[1:] in page.text
    stills = [found["href"] for found in page.of("a") if found.get("class") == "still"]
    assert stills
    figures = {f"#{found['id']}" for found in page.of("figure")}
    assert set(stills) <= figures
    assert "Not yet: with" in page.text
    assert "Change first:" in page.text
    assert card.honesty in page.text
    assert "ab" * 32 in page.text
    assert "21 November 2026, 14:30 UTC" in page.text


def test_what_only_keeps_a_rule_silent_is_not_shown_as_evidence(folder: Path, plan: TrainingPlan) -> None:
    found = examine(scorecard(), plan)
    assert "underfit" in {finding.id for finding in found.findings}
    shown = findings_shown(scorecard(), found, Clips(folder, []), anchors(scorecard()))
    assert not any(piece.title.startswith("Steps") for each in shown for piece in each.pieces)


def test_every_clip_and_every_measure_is_there(folder: Path, plan: TrainingPlan) -> None:
    card = scorecard()
    page = page_of(folder, card, plan)
    for each in card.clips:
        assert each.case.prompt in page.words
        assert f"seed {each.case.seed}" in page.words
    videos = page.of("video")
    assert len(videos) == len(card.clips) + 2  # base and LoRA of the first prompt are at the top of the page as well
    for video in videos:
        assert {"muted", "loop", "autoplay", "playsinline"} <= set(video)
        assert str(video["src"]).startswith("data:video/mp4;base64,")
    for each in card.measures:
        assert each.title in page.text
        assert each.definition in page.text
        assert each.validity in page.text
        if each.threshold:
            assert each.threshold.source in page.text
    assert f"With {TRIGGER}:" in page.words
    assert f"Without {TRIGGER}:" in page.words
    assert "Learning rate" in page.words
    assert "23 of 24" in page.words


def test_the_page_is_whole_and_can_be_reached_by_everybody(folder: Path, plan: TrainingPlan) -> None:
    text = html_report(folder, scorecard(), examine(scorecard(), plan), plan, [np.zeros((40, 60, 3), np.uint8)])
    page = Page(text)
    assert not {tag for tag, _ in page.tags} & {"script", "iframe", "object", "link", "base", "form"}
    for tag, found in page.tags:
        assert not [name for name in found if name.startswith("on") or name == "style"]
        for name in ("src", "href", "poster"):
            assert (found.get(name) or "data:").startswith(("data:", "#")), (tag, name)
    names = [str(found["id"]) for _, found in page.tags if "id" in found]
    assert not [name for name, count in Counter(names).items() if count > 1]
    places = {str(found["href"])[1:] for found in page.of("a") if str(found.get("href")).startswith("#")}
    assert places <= set(names)
    assert all(found.get("alt") for found in page.of("img"))
    for found in page.of("svg"):
        assert found.get("aria-hidden") == "true" or found.get("aria-label")
    assert page.tags.count(("h1", {"class": "warn"})) == 1
    policy = str(next(found["content"] for found in page.of("meta") if "content" in found and "http-equiv" in found))
    assert policy.startswith("default-src 'none'; img-src data:; media-src data:; style-src 'sha256-")
    assert html_report(folder, scorecard(), examine(scorecard(), plan), plan) == html_report(
        folder, scorecard(), examine(scorecard(), plan), plan
    )


def test_hostile_text_stays_text(folder: Path, plan: TrainingPlan) -> None:
    card = scorecard()
    case = CASES[0].model_copy(update={"prompt": HOSTILE, "label": HOSTILE, "id": HOSTILE})
    clips = (clip(case, "lora", 0.4).model_copy(update={"file": card.clips[0].file}), *card.clips)
    bad = card.measures[0].model_copy(
        update={"title": HOSTILE, "validity": HOSTILE, "definition": HOSTILE, "evidence": (HOSTILE,)}
    )
    point = SweepPoint(step=1, strength=1, score=None, identity=None, leak=None, consistency=None)
    sweep = Sweep(
        checkpoints=(point, point),
        strengths=(),
        best_step=1,
        best_strength=1,
        margin=None,
        definition="",
        words=HOSTILE,
    )
    card = card.model_copy(
        update={
            "clips": clips,
            "measures": (bad, *card.measures[1:]),
            "trigger": HOSTILE,
            "noun": HOSTILE,
            "created": HOSTILE,
            "run_id": HOSTILE,
            "honesty": HOSTILE,
            "notes": (HOSTILE,),
            "sweep": sweep,
        }
    )
    found = examine(card, plan)
    findings = tuple(each.model_copy(update={"symptom": HOSTILE, "cause": HOSTILE}) for each in found.findings)
    text = html_report(folder, card, found.model_copy(update={"findings": findings}), plan)
    page = Page(text)
    assert sum(SHOWN in words for words in page.words) >= 10
    assert not {tag for tag, _ in page.tags} & {"script", "iframe", "object", "link", "base", "form"}
    assert not [name for _, found in page.tags for name in found if name.startswith("on") or name == "style"]
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f]", text)


def test_a_file_outside_the_run_is_not_shown(folder: Path, tmp_path: Path) -> None:
    write_clip(tmp_path / "private.mp4", np.zeros((2, 64, 64, 3), np.uint8), 8.0)
    away = clip(CASES[0], "lora", 0.4).model_copy(update={"file": str(tmp_path / "private.mp4")})
    up = away.model_copy(update={"file": f"../../{tmp_path.name}/private.mp4"})
    for each in (away, up):
        assert Clips(folder, [each]).shown(each).source == ""
    page = page_of(folder, scorecard(clips=(away,)), None)
    assert not page.of("video")
    assert "This clip is no longer there." in page.text


def test_a_damaged_file_gets_only_its_finding(folder: Path, plan: TrainingPlan) -> None:
    card = scorecard(lora_problems=("the file is cut off",), measures=(), clips=(), training_set=None, validation=())
    page = page_of(folder, card, plan)
    assert "This LoRA file cannot be used." in page.words
    assert "the file is cut off" in page.words
    assert "Finding 1" in page.text
    assert "Finding 2" not in page.text
    assert not page.of("video")


def test_no_finding_and_cannot_tell_are_answers(folder: Path, plan: TrainingPlan) -> None:
    sound = scorecard(measures=tuple(measure(n, 0.9 if n in ("identity", "lift") else v) for n, v in VALUES.items()))
    nothing = Diagnosis(findings=(), cannot_tell=examine(sound, plan).cannot_tell)
    page = Page(html_report(folder, sound, nothing, plan))
    assert f"Yes: with {TRIGGER} it looks like your character." in page.words
    assert "No finding" in page.words
    assert nothing.cannot_tell
    for entry in nothing.cannot_tell:
        assert entry.symptom in page.text
    unjudged = scorecard(
        measures=(measure("identity", 0.5).model_copy(update={"threshold": None, "verdict": "shown"}),),
        notes=("No prompt was tried with a picture beside it.",),
    )
    page = page_of(folder, unjudged, None)
    assert "We cannot tell by figures" in page.text
    assert "proposes no change" in page.text
    assert "No prompt was tried with a picture beside it." in page.words


def test_an_older_scorecard_still_makes_a_page(folder: Path, tmp_path: Path) -> None:
    path = save(tmp_path, scorecard())
    old = re.sub(r',\n "(sweep|notes|audited)": (null|\[\])', "", path.read_text())
    assert "sweep" not in old
    path.write_text(old)
    card = load(tmp_path)
    assert card is not None
    page = page_of(folder, card, None)
    assert "Which checkpoint, and how strong" not in page.words


@pytest.mark.parametrize("losses", [(0.5, *[math.inf] * 4), (0.5, *[math.nan] * 4), (0.0,) * 5, (0.5, 1e300, 1e308)])
def test_losses_of_a_broken_run_do_not_cost_the_page(
    folder: Path, plan: TrainingPlan, losses: tuple[float, ...]
) -> None:
    """The page was made last of all, so that a loss without end cost the whole scoring."""
    card = scorecard(validation=tuple(enumerate(losses)))
    page = html_report(folder, card, examine(card, plan), plan)
    assert "Validation loss" in page


def test_too_many_bytes_are_linked(folder: Path, plan: TrainingPlan) -> None:
    card = scorecard()
    page = page_of(folder, card, plan, largest=1000)
    assert {str(video["src"]) for video in page.of("video")} == {each.file for each in card.clips}
    assert "too much for one page" in page.text
    assert "open the clip" in page.words
    policy = str(next(found["content"] for found in page.of("meta") if "http-equiv" in found))
    assert "media-src data: 'self' file:;" in policy


def test_a_clip_that_came_uncalled_is_not_ticked(folder: Path, plan: TrainingPlan) -> None:
    """One that gained more than the line allows once got a tick, because it did not yet count as the subject."""
    leak = LINE["leak"][0]
    clips = [clip(CASES[1], "base", 0.05), clip(CASES[1], "lora", 0.05 + leak + 0.02)]
    text = page_of(folder, scorecard(clips=tuple(clips)), plan).text
    assert f"comes uncalled: {leak + 0.02:.2f} more than before training ({leak:.2f} on the mean)" in text
    assert "not like it, as it should be" not in text


def test_a_clip_just_below_the_line_does_not_show_the_line_s_own_figure(folder: Path, plan: TrainingPlan) -> None:
    line = LINE["identity"][0]
    text = page_of(folder, scorecard(clips=(clip(CASES[0], "lora", line - 0.002),)), plan).text
    assert f"{line - 0.002:.3f}" in text


def test_sweeps_and_losses_are_drawn_with_what_was_chosen(folder: Path, plan: TrainingPlan) -> None:
    def point(step: int, strength: float, score: float | None) -> SweepPoint:
        return SweepPoint(step=step, strength=strength, score=score, identity=score, leak=0.1, consistency=0.9)

    sweep = Sweep(
        checkpoints=(point(50, 1, 0.3), point(100, 1, 0.6), point(150, 1, 0.5)),
        strengths=(point(100, 0.6, None), point(100, 0.8, 0.55), point(100, 1, 0.6)),
        best_step=100,
        best_strength=1.0,
        margin=0.05,
        definition="likeness minus leak",
        words="Step 100 is best by 0.05.",
    )
    page = page_of(folder, scorecard(sweep=sweep), plan)
    assert page.text.count("(chosen)") == 2
    assert page.words.count("chosen") == 2
    assert sweep.words in page.words
    assert "150 (lowest)" in page.words
    assert (
        "From 0.3 at step 50 to 0.23 at step 200; lowest 0.22 at step 150. After it the loss rose by 5%." in page.text
    )


def test_the_report_is_written_and_found(folder: Path, tmp_path: Path, plan: TrainingPlan) -> None:
    shutil.copytree(folder, tmp_path / "run")
    assert report_of(tmp_path / "run") is None
    path = write_report(tmp_path / "run", scorecard(), examine(scorecard(), plan), plan)
    assert path == report_of(tmp_path / "run") == tmp_path / "run" / REPORT_NAME
    assert sorted(each.name for each in (tmp_path / "run").iterdir()) == [REPORT_NAME, "test_clips"]


def test_the_evaluation_of_a_damaged_file_writes_its_report(tmp_path: Path, plan: TrainingPlan) -> None:
    workspace = Workspace.open(tmp_path / "home")
    project = create_project(workspace, "test", "you")
    with workspace.session() as session:
        session.add(PlanRow(id="plan_1", project_id=project.id, body=plan.model_dump(mode="json"), fingerprint="x"))
        session.flush()
        session.add(Run(id="run_1", project_id=project.id, plan_id="plan_1"))
    arguments, task = {"run_id": "run_1"}, "tools.evaluation.run:evaluate"
    job = store.submit(workspace, project_id=project.id, task=task, arguments=arguments, run_id="run_1")
    store.claim(workspace, job.id, 1)
    folder = workspace.run_folder("run_1")
    (folder / "lora.safetensors").write_bytes(b"this is no LoRA")
    result = evaluate(JobContext(workspace, store.get(workspace, job.id), folder))
    assert workspace.home / result["report"] == report_of(folder)
    assert "This LoRA file cannot be used." in Page((workspace.home / result["report"]).read_text()).words


# drawings


def test_places_on_a_scale() -> None:
    drawn = scale(0.4, "0.40", limit=0.7, limit_shown="0.70", bounded=True, spread=(0.3, 0.5))
    assert drawn.good is False
    assert drawn.wanted is not None
    assert drawn.at < drawn.wanted[0] < drawn.wanted[1]
    assert scale(0.05, "5%", limit=0.1, limit_shown="10%", at_least=False).good is True
    assert scale(0.0, "0").good is None
    negative = scale(-0.2, "-0.20", limit=0.3, limit_shown="0.30", bounded=True)
    assert negative.at == 12.0


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.51, 0.527), (3, 3), (-0.2, 0.9), (0, 0), (1e-6, 2e-6), (5, 900)])
def test_ticks_are_few_and_hold_the_line(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 2 <= len(found) <= 8
    assert found[0] <= low + 1e-9
    assert found[-1] >= high - 1e-9


def test_a_line_needs_two_points() -> None:
    assert chart("", [("one", [(1, 2)])], x_name="", y_name="") is None
    long = chart("", [("one", [(float(step), 0.5) for step in range(50, 901, 50)])], x_name="", y_name="")
    assert long is not None
    assert [tick.text for tick in long.x_ticks] == ["200", "400", "600", "800"]
    assert spark([0.5]) is None
    drawn = spark([0.9, 0.2, 0.5], 0.7)
    assert drawn is not None
    assert "lowest 0.20" in drawn.words


@pytest.mark.browser
def test_the_page_in_a_browser(folder: Path, tmp_path: Path, plan: TrainingPlan) -> None:
    """Clips play, embedded and linked; a phone suffices; nothing is asked of the network; clips can be held still."""
    from playwright.sync_api import sync_playwright

    shutil.copytree(folder, tmp_path / "run")
    with sync_playwright() as playwright:
        browser = launch(playwright)
        told: list[str] = []
        for largest in (10**7, 1000):
            path = write_report(tmp_path / "run", scorecard(), examine(scorecard(), plan), plan, [], largest=largest)
            page = browser.new_page(viewport={"width": 390, "height": 800})
            page.on("console", lambda message: told.append(message.text))
            page.on("dialog", lambda dialog: told.append(dialog.message))
            page.goto(path.as_uri())
            page.wait_for_function("[...document.querySelectorAll('video')].every(video => video.readyState > 1)")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            assert page.evaluate("[...document.images].filter(image => !image.naturalWidth).length") == 0
            assert page.locator("#clips ~ .scenes video:visible").count() == 6
            page.locator("#hold").check()
            assert page.locator("#clips ~ .scenes video:visible").count() == 0
            page.close()
        browser.close()
    assert told == []


# the contact sheet


def test_every_clip_is_on_the_sheet_and_colour_is_not_the_only_sign() -> None:
    cases = [prompt(f"new-{number}", "words", "new") for number in range(9)] + [prompt("aside", "words", "held_out")]
    cases.append(prompt("leak-1", "words", "leak"))
    clips = tuple(clip(case, "lora", 0.9 if case.id == "new-0" else 0.4) for case in cases)
    frames = {f"lora/{case.id}": np.zeros((9, 64, 64, 3), np.uint8) for case in cases}
    rows = rows_of(scorecard(clips=clips), frames, [])
    figures = [cell.figure for row in rows for cell in row.cells]
    assert len(figures) == len(clips)
    assert figures[:2] == ["likeness 0.90, as wanted", "likeness 0.40, too low"]
    assert figures[-1] == "likeness 0.40, as wanted"
    assert [row.title for row in rows[1:]] == [
        f"With your LoRA and {TRIGGER}",
        "",
        f"With your LoRA, without {TRIGGER}",
    ]
