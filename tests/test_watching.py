"""What is told of a job that gets stuck, breaks or loses its process, and what standing orders for a problem do."""

import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rooms import new_context

from agent.conversation import Conversation
from agent.events import Event, Problem, Said
from agent.threads import told_event
from agent.watcher import Narrator, endings_after, look
from tools.context import NoArguments as Nothing
from tools.context import ToolContext, ToolRefused
from tools.standing_orders import (
    CancelStandingOrder,
    SetStandingOrder,
    cancel_standing_order,
    list_standing_orders,
    set_standing_order,
)
from trainer_core.jobs import events, orders, store, worker
from trainer_core.jobs.at_work import seconds_at_work
from trainer_core.jobs.backends import backend_named
from trainer_core.jobs.context import JobContext
from trainer_core.jobs.pulse import Doing, Pulse
from trainer_core.jobs.recover import recover
from trainer_core.jobs.selfcheck import TASK
from trainer_core.jobs.stuck import Lookout
from trainer_core.jobs.worker import work
from trainer_core.projects import Job, Workspace
from trainer_core.training.overfitting import overfitting, rise_of

LOCAL = backend_named("local")


class Clock:
    """Time that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def context(tmp_path: Path) -> ToolContext:
    return new_context(tmp_path)


def submit(context: ToolContext, **arguments: float) -> Job:
    """A counting job that stands for a training: it belongs to a run and waits for no other."""
    return store.submit(
        context.workspace, project_id=context.project_id, task=TASK, arguments=arguments, run_id="run_1"
    )


def heard(context: ToolContext, narrator: Narrator) -> list[Event]:
    """Everything that a window which opens now would say."""
    rows = look(context.workspace, context.project_id, 0)
    return [told for event, job in rows for told in narrator.tell(event, job) if isinstance(told, Said | Problem)]


def wait_until(condition: object, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def give(context: ToolContext, when: str, do: str, value: float | None = None) -> str:
    arguments = SetStandingOrder.model_validate({"when": when, "do": do, "value": value})
    return str(set_standing_order(context, arguments).data["order"])


@pytest.mark.parametrize(
    ("seconds_per_step", "patience"),
    [(0.1, 60), (10, 60), (40, 120), (300, 900)],  # three times the usual, and a minute at least
)
def test_stuck_is_three_times_the_usual_step_of_this_run(seconds_per_step: float, patience: float) -> None:
    clock = Clock()
    pulse = Pulse(clock)
    for _step in range(10):
        pulse.begin(Doing.STEP)
        clock.now += seconds_per_step
    pulse.begin(Doing.STEP)
    clock.now += patience - 0.01
    assert pulse.look() is None
    clock.now += 0.02
    quiet = pulse.look()
    assert quiet is not None
    assert quiet.usual == pytest.approx(seconds_per_step)
    pulse.begin(Doing.STEP)
    assert pulse.look() is None


@pytest.mark.parametrize(
    ("doing", "patience"),
    [(Doing.VALIDATION, 1800), (Doing.CHECKPOINT, 1800), (Doing.OTHER, 1800), (Doing.ELSEWHERE, 10**9)],
)
def test_saving_validation_encoding_and_scoring_have_their_own_patience(doing: Doing, patience: float) -> None:
    clock = Clock()
    pulse = Pulse(clock)
    for _step in range(10):
        pulse.begin(Doing.STEP)
        clock.now += 1
    pulse.begin(doing)  # the first one: how long it takes is not known yet
    clock.now += patience
    assert pulse.look() is None
    if doing in (Doing.VALIDATION, Doing.CHECKPOINT):
        pulse.begin(Doing.STEP)
        pulse.begin(doing)
        clock.now += 3 * patience  # as long as three of the one before
        assert pulse.look() is None
        clock.now += 1
        assert pulse.look() is not None


def test_a_machine_that_becomes_slower_for_good_is_not_called_stuck_for_ever() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    called = 0
    for step in range(60):
        pulse.begin(Doing.STEP)
        clock.now += 60 if step < 20 else 300
        called += pulse.look() is not None
    assert 1 <= called <= 6


def test_a_stuck_job_is_told_once_and_again_when_it_moves(context: ToolContext) -> None:
    clock = Clock()
    job = submit(context)
    assert store.claim(context.workspace, job.id, os.getpid())
    at_work = JobContext(context.workspace, store.get(context.workspace, job.id), context.workspace.home, Pulse(clock))
    lookout = Lookout(at_work)
    for _step in range(5):
        at_work.pulse.begin(Doing.STEP)
        clock.now += 4
    clock.now += 200
    for _look in range(3):
        lookout.look()
    assert [row.kind for row in events.events_since(context.workspace, job.id)][-1] == "stuck"
    (heard_of, noted) = endings_after(context.workspace, context.project_id, 0)[-1]
    assert "nothing has come from it for 3 minutes. A step usually takes 4 seconds here" in noted
    assert "stop" in noted
    at_work.pulse.begin(Doing.STEP)
    lookout.look()
    lookout.look()
    assert [row.kind for row in events.events_since(context.workspace, job.id)][-2:] == ["stuck", "moving"]
    assert endings_after(context.workspace, context.project_id, 0) == []  # it is over: nobody need be told late
    assert [words for _id, words in endings_after(context.workspace, context.project_id, heard_of)] == [
        "Training moves again."  # for a thread that knows it as stuck
    ]
    narrator = Narrator(context.workspace)
    told = [
        event.text
        for row in events.events_since(context.workspace, job.id, kinds=("stuck", "moving"))
        for event in narrator.tell(row, job)
    ]
    assert "seems to be stuck" in told[0]
    assert told[1] == "Training moves again."


def test_the_worker_s_own_beat_is_no_sign_that_the_task_moves(
    context: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each beat asked whether the job was cancelled, which counted as movement: what hung while loading never did."""
    monkeypatch.setattr(worker, "BEAT_SECONDS", 0.02)
    beats: list[str] = []
    beat = store.beat

    def counted(workspace: Workspace, job_id: str, attempt: int) -> bool:
        beats.append(job_id)
        return beat(workspace, job_id, attempt)

    monkeypatch.setattr(store, "beat", counted)
    job, clock = submit(context), Clock()
    assert store.claim(context.workspace, job.id, os.getpid())
    at_work = JobContext(context.workspace, store.get(context.workspace, job.id), context.workspace.home, Pulse(clock))
    clock.now += 1801
    with worker._watched(at_work):
        wait_until(lambda: len(beats) > 2)
        assert at_work.pulse.look() is not None
        assert not at_work.cancelled()  # the task itself looks: it moves
        assert at_work.pulse.look() is None


def test_a_killed_training_is_told_by_whoever_watches_and_once(context: ToolContext) -> None:
    job = submit(context, steps=1000, seconds=100)
    give(context, "problem", "tell")
    LOCAL.start(context.workspace, job.id)
    wait_until(lambda: events.latest(context.workspace, job.id, "progress"))
    assert not [event for event in heard(context, Narrator(context.workspace)) if isinstance(event, Problem)]
    context.workspace.engine.dispose()
    pid = store.get(context.workspace, job.id).pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not LOCAL.alive(context.workspace, job.id))
    events.emit(context.workspace, job.id, "checkpoint", {"step": 120})
    for _window in range(2):
        said = heard(context, Narrator(context.workspace))
        (problem,) = [event for event in said if isinstance(event, Problem)]
        assert "its process is gone, because it was ended from outside" in problem.text
        assert "The checkpoint of step 120 is kept" in problem.text
        assert "set it going again" in problem.text
        assert [event.text for event in said].count(
            "You asked me to tell you if something goes wrong: its process is gone."
        ) == 1
    notes = [words for _id, words in endings_after(context.workspace, context.project_id, 0)]
    assert any("its process is gone" in words for words in notes)
    assert store.get(context.workspace, job.id).state == "running"  # nobody has set it going again yet


async def test_an_open_window_tells_of_a_training_whose_process_is_gone(context: ToolContext) -> None:
    job = submit(context)
    assert store.claim(context.workspace, job.id, 2**22 + 1)  # a worker that never lived
    async with await Conversation.open(context.workspace, "you", project_id=context.project_id) as conversation:
        said = [event async for event in until_a_problem(conversation)]
        assert "its process is gone" in said[-1].text
        knows = [event.text async for event in conversation.send("hello") if isinstance(event, Said | Problem)]
        assert knows
    assert (
        endings_after(context.workspace, context.project_id, told_event(context.workspace, conversation.thread_id))
        == []
    )


async def until_a_problem(conversation: Conversation) -> AsyncIterator[Event]:
    async for event in conversation.watch():
        yield event
        if isinstance(event, Problem):
            return


def test_told_to_stop_on_a_problem_a_lost_training_is_not_started_again(context: ToolContext) -> None:
    job = submit(context)
    give(context, "problem", "stop")
    assert store.claim(context.workspace, job.id, 2**22 + 1)  # a worker that never lived
    (words,) = recover(context.workspace)
    assert "not started again, as was asked" in words
    assert store.get(context.workspace, job.id).state == "cancelled"
    ended = heard(context, Narrator(context.workspace))[-1].text
    assert ended.startswith("Training was stopped")
    assert "because something went wrong, as you asked" in ended


def test_told_to_stop_on_a_problem_a_stuck_training_is_asked_to_end(context: ToolContext) -> None:
    clock = Clock()
    job = submit(context)
    give(context, "problem", "stop")
    assert store.claim(context.workspace, job.id, os.getpid())
    at_work = JobContext(context.workspace, store.get(context.workspace, job.id), context.workspace.home, Pulse(clock))
    lookout = Lookout(at_work)
    lookout.look()
    assert not store.get(context.workspace, job.id).cancel_requested
    clock.now += 1801
    lookout.look()
    assert store.get(context.workspace, job.id).cancel_requested
    assert orders.stopped_by(context.workspace, job.id) is not None


def test_a_training_that_breaks_is_told_with_its_cause_and_the_offered_change(context: ToolContext) -> None:
    """As a loss that is no number any more does: the job tells what it proposes, and fails with words."""
    job = submit(context, steps=4, seconds=0.01, fail_at=2)
    give(context, "problem", "tell")
    events.emit(context.workspace, job.id, "proposal", {"finding": "not_finite", "change": {"learning_rate": 1e-5}})
    work(context.workspace, job.id)
    said = [event.text for event in heard(context, Narrator(context.workspace))]
    assert any(words.startswith("You asked me to tell you if something goes wrong: The self-check") for words in said)
    failed = next(words for words in said if words.startswith("Training failed."))
    assert "Say “apply that” and I put this into the plan" in failed


def test_orders_are_listed_taken_back_and_refused_in_words(context: ToolContext) -> None:
    assert list_standing_orders(context, Nothing()).text == "There are no standing orders."
    half, overfit = give(context, "progress", "tell", 0.5), give(context, "overfitting", "stop")
    assert give(context, "progress", "tell", 0.5) == half  # said twice, it stands once
    listed = list_standing_orders(context, Nothing()).text
    assert f"- tell you at half time [{half}]: in force" in listed
    assert f"- stop the training if it starts to overfit [{overfit}]: in force" in listed
    cancel_standing_order(context, CancelStandingOrder(order=half))
    assert f"[{half}]: taken back" in list_standing_orders(context, Nothing()).text
    with pytest.raises(ToolRefused, match="nothing to take back"):
        cancel_standing_order(context, CancelStandingOrder(order=half))
    assert overfit in cancel_standing_order(context, CancelStandingOrder()).text
    for when, value in (("progress", 1.5), ("step", 2.5), ("minutes", None), ("overfitting", 3.0)):
        with pytest.raises(ToolRefused):
            give(context, when, "tell", value)


def test_another_project_s_orders_are_not_seen_and_not_taken_back(context: ToolContext) -> None:
    mine = give(context, "problem", "stop")
    other = ToolContext(context.workspace, new_context(context.workspace.home, "eve").project_id, "eve")
    with pytest.raises(ToolRefused):
        cancel_standing_order(other, CancelStandingOrder(order=mine))
    assert "no standing orders" in list_standing_orders(other, Nothing()).text
    assert [order.id for order in orders.standing(context.workspace, context.project_id)] == [mine]


def test_time_between_two_attempts_is_no_time_at_work(context: ToolContext) -> None:
    job = submit(context)
    assert store.claim(context.workspace, job.id, 1)
    events.emit(context.workspace, job.id, "progress", {"step": 1})
    time.sleep(0.3)  # the worker is gone
    assert store.requeue(context.workspace, job.id, attempt=1)
    assert store.claim(context.workspace, job.id, 2)
    assert seconds_at_work(context.workspace, job.id) < 0.25


def test_overfitting_is_two_losses_in_a_row_above_the_line() -> None:
    def at(*losses: float) -> object:
        return overfitting(list(enumerate(losses, 1)))

    assert at(1.0, 0.9, 0.97) is None  # too few to see a course
    assert at(1.0, 0.9, 0.97, 0.99)
    assert at(1.0, 0.9, 0.97, 0.93) is None  # one bad loss
    assert at(1.0, 0.9, 0.8, 0.84, 0.839) is None  # within 5 %
    assert at(1.0, float("nan"), 0.0, 0.9, float("inf")) is None  # a run that broke has no course
    assert rise_of([(1, 1.0), (2, 0.8), (3, 0.9), (4, 0.88)]) == pytest.approx(0.1)
    twice = overfitting([(1, 1.0), (2, 0.9), (3, 2.0), (4, 3.0), (3, 0.91), (4, 0.92)])  # after a restart
    assert twice is None
