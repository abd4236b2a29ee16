"""The last step's panels: how far a training is, its curves and log, orders, and what a long log costs."""

import os
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from plan_rooms import planned
from rooms import new_context
from sqlalchemy import event, insert

from tools.context import ToolContext
from trainer_core.budgets import set_limit
from trainer_core.jobs import curves, events, orders, store
from trainer_core.jobs.orders import Action, Condition
from trainer_core.projects import EventRow, Job, Run, get_project, new_id
from ui import words_watch as words
from ui.panels.announce import load_news, news_html
from ui.panels.launch import load_ready
from ui.panels.orders import _asked, _taking_back, held_html, load_held
from ui.panels.panel import NotYet
from ui.panels.samples import load_samples, samples_html
from ui.panels.watch import frame_of, log_html, watched_html
from ui.panels.watch_data import MOST_LINES, MOST_POINTS, Log, Watched, load_curves, load_log, load_watched

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ToolContext:
    return planned(tmp_path_factory.mktemp("watch"))


@pytest.fixture
def jobs(context: ToolContext) -> Iterator[tuple[Job, Job]]:
    """A run's training and scoring, queued; nothing of them is left at work."""
    plan_id = get_project(context.workspace, context.project_id).plan_id
    assert plan_id is not None
    run = Run(id=new_id("run"), project_id=context.project_id, plan_id=plan_id)
    with context.workspace.session() as session:
        session.add(run)
    common = {"project_id": context.project_id, "run_id": run.id, "arguments": {}}
    train = store.submit(context.workspace, task="trainer_core.training.run:train", **common)  # type: ignore[arg-type]
    score = store.submit(context.workspace, task="tools.evaluation.run:evaluate", after=train.id, **common)  # type: ignore[arg-type]
    with context.workspace.session() as session:
        row = session.get_one(Run, run.id)
        row.train_job, row.evaluate_job = train.id, score.id
    yield train, score
    store.cancel(context.workspace, train.id)
    store.cancel(context.workspace, score.id)


def _tell(context: ToolContext, job: Job, step: int, steps: int = 100, **more: object) -> None:
    data = {"phase": "training", "step": step, "steps": steps, "loss": 1 / (step + 1), "eta_seconds": 120.0}
    events.emit(context.workspace, job.id, "progress", data | more)


def test_before_a_launch_nothing_is_made_up(tmp_path: Path) -> None:
    empty = new_context(tmp_path / "home")
    assert watched_html(load_watched(empty)) == f'<p class="empty">{words.NOTHING}</p>'
    assert load_curves(empty).training == ()
    assert load_news(empty).title == ""
    assert not load_ready(empty).planned


def test_a_training_from_the_queue_to_its_end(context: ToolContext, jobs: tuple[Job, Job]) -> None:
    (train, score), workspace = jobs, context.workspace
    assert load_watched(context).phase == "waiting"
    assert load_ready(context).at_work
    store.claim(workspace, train.id, 1)
    assert load_watched(context).phase == "preparing"
    _tell(context, train, 40)
    watched = load_watched(context)
    assert (watched.phase, watched.fraction) == ("training", 0.4)
    assert dict(watched.figures)[words.STEP] == "40 of 100"
    assert dict(watched.figures)[words.LEFT] == "about 2 minutes"
    assert load_news(context).title.startswith("40%")
    store.finish(workspace, train.id, {"steps": 100})
    assert load_watched(context).phase == "scoring"
    store.claim(workspace, score.id, 1)
    store.finish(workspace, score.id, {})
    watched = load_watched(context)
    assert (watched.phase, watched.fraction) == ("finished", 1.0)
    news = load_news(context)
    assert news.title == words.TITLE_DONE
    assert news.ended == train.run_id
    assert not load_ready(context).at_work


def test_a_lost_worker_is_told_until_it_goes_on(context: ToolContext, jobs: tuple[Job, Job]) -> None:
    train, _score = jobs
    store.claim(context.workspace, train.id, 1)
    events.emit(context.workspace, train.id, "lost", {"here": True, "saved_step": 8})
    assert "its process is gone" in load_watched(context).trouble
    events.emit(context.workspace, train.id, "state", {"state": "running", "attempt": 2})
    assert load_watched(context).trouble == ""


def test_damaged_figures_are_left_out(context: ToolContext, jobs: tuple[Job, Job]) -> None:
    train, _score = jobs
    store.claim(context.workspace, train.id, 1)
    _tell(context, train, -5, steps="many", loss=HOSTILE, memory_gb=HOSTILE)  # type: ignore[arg-type]
    assert "img" not in watched_html(load_watched(context))
    assert load_curves(context).training == ()


def test_steps_that_come_again_after_a_restart_replace_the_older(context: ToolContext, jobs: tuple[Job, Job]) -> None:
    train, _score = jobs
    for step in (10, 20, 30, 15, 25):
        _tell(context, train, step)
    assert [step for step, _loss in load_curves(context).training] == [10, 15, 25]
    assert set(frame_of(load_curves(context)).columns) == {words.AXIS_STEP, words.AXIS_LOSS, words.AXIS_WHICH}


def test_a_long_log_is_thinned_where_it_lies(context: ToolContext, jobs: tuple[Job, Job]) -> None:
    """Of 20,000 events only what is drawn is read, and nothing of them as long as none is new."""
    train, _score = jobs
    rows = [{"job_id": train.id, "kind": "progress", "data": {"step": step, "loss": 0.5}} for step in range(1, 20_001)]
    rows += [{"job_id": train.id, "kind": "checkpoint", "data": {"step": step}} for step in range(100)]
    with context.workspace.session() as session:
        session.execute(insert(EventRow), rows)
    points = load_curves(context).training
    assert MOST_POINTS * 0.9 < len(points) <= MOST_POINTS + 1
    assert points[-1][0] == 20_000
    gaps = {after[0] - before[0] for before, after in pairwise(points)}
    assert max(gaps) < 2 * 20_000 / MOST_POINTS
    assert len(load_log(context).lines) == MOST_LINES
    asked: list[str] = []

    def hear(_connection, _cursor, statement, *_rest) -> None:  # type: ignore[no-untyped-def]
        asked.append(statement)

    event.listen(context.workspace.engine, "before_cursor_execute", hear)
    load_curves(context)
    load_log(context)
    event.remove(context.workspace.engine, "before_cursor_execute", hear)
    assert [each for each in asked if "events.data" in each] == []


def test_the_newest_of_a_kind_is_found_among_many_others(context: ToolContext, jobs: tuple[Job, Job]) -> None:
    train, _score = jobs
    events.emit(context.workspace, train.id, "message", {"text": "first"})
    for step in range(5):
        _tell(context, train, step)
    events.emit(context.workspace, train.id, "checkpoint", {"step": 5})
    told = curves.last_of(context.workspace, [train.id], ("message", "checkpoint"), 10)
    assert [each.kind for each in told] == ["message", "checkpoint"]


def test_test_clips_are_shown_as_they_come(context: ToolContext, jobs: tuple[Job, Job]) -> None:
    train, _score = jobs
    assert load_samples(context).clips == ()
    assert samples_html(load_samples(context)) == ""
    run_folder = context.workspace.run_folder(train.run_id or "")
    on_the_way, folder = run_folder / "samples" / "step-000060.mp4", run_folder / "test_clips"
    for each in (on_the_way.parent, folder):
        each.mkdir(parents=True)
    on_the_way.write_bytes(b"clip")
    os.utime(on_the_way, (0, 0))
    for age, name in enumerate(("lora-new-2.mp4", "base-new-2.mp4", "lora-<b>.mp4", "lora-late.mp4")):
        (folder / name).write_bytes(b"clip")
        os.utime(folder / name, (time.time() - 10 * age, time.time() - 10 * age))
    os.utime(folder / "lora-new-2.mp4", (1, 1))
    os.utime(folder / "lora-late.mp4")  # not complete yet
    found = load_samples(context)
    assert [shows for _file, shows, _stamp in found.clips] == ["after 60 steps", "a new scene, 2", "<b>"]
    assert "<b>" not in samples_html(found)


def test_words_from_logs_and_remote_machines_are_text(context: ToolContext, jobs: tuple[Job, Job]) -> None:
    train, _score = jobs
    events.emit(context.workspace, train.id, "message", {"text": HOSTILE})
    log = load_log(context)
    assert HOSTILE in [text for _at, text in log.lines]
    shown = log_html(Log(log.lines, f"\x1b[31m{HOSTILE}")) + watched_html(Watched("training", HOSTILE, trouble=HOSTILE))
    shown += news_html(load_news(context).__class__(HOSTILE, HOSTILE, HOSTILE))
    assert "<img" not in shown
    assert "\x1b" not in shown


def test_orders_are_listed_each_with_its_own_button(context: ToolContext) -> None:
    common = {"project_id": context.project_id, "person": "you"}
    orders.add(context.workspace, condition=Condition.PROGRESS, value=0.5, action=Action.TELL, **common)
    order = orders.add(context.workspace, condition=Condition.STEP, value=70, action=Action.STOP, **common)
    held = load_held(context)
    assert held.usual == (words.HALF_TIME,)
    assert f'data-order="{order.id}"' in held_html(held)
    assert words.NO_BUDGET in held_html(held)
    set_limit(context.workspace, "project", context.project_id, 20.0, "you")
    assert "$20.00" in held_html(load_held(context))


@pytest.mark.parametrize("sent", [None, "x", {}, {"order": None}, {"order": ["ord_1"]}, {"order": "prj_1"}])
def test_without_an_orders_id_none_is_taken_back(sent: object) -> None:
    """The tool would take all of them back."""
    import gradio as gr

    with pytest.raises(NotYet):
        _taking_back(_asked((0, ""), gr.EventData(None, sent)))
    assert _taking_back(_asked((0, ""), gr.EventData(None, {"order": "ord_1"})))[1] == {"order": "ord_1"}
