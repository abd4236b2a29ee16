"""Turns job events into words for the thread. No model is called: each sentence says what an event says."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from tools.run_status import progress_words
from tools.text import safe_block
from trainer_core.jobs import events, orders, store
from trainer_core.jobs.problems import notice_lost
from trainer_core.projects import EventRow, Job, Workspace
from trainer_core.training.overfitting import overfitting

from . import job_words
from .events import Event, Problem, Progress, Said
from .job_words import downloads, ending, trains

STEP = 0.1  # of the way
SECONDS = 15.0
_TROUBLE = {"stuck": job_words.stuck, "lost": job_words.lost}
ENDED = (store.State.SUCCEEDED, store.State.FAILED, store.State.CANCELLED)


@dataclass
class Narrator:
    """Decides which events of one project's jobs are worth a word. `clock` in seconds, monotonic."""

    workspace: Workspace
    clock: Callable[[], float] = time.monotonic
    _shown: dict[str, tuple[float, float]] = field(default_factory=dict)  # job: (fraction, time)
    _eta_told: set[str] = field(default_factory=set)
    _losses: dict[str, dict[int, float]] = field(default_factory=dict)  # job: {step: validation loss}
    _turned: set[str] = field(default_factory=set)  # jobs of which it was said

    def tell(self, event: EventRow, job: Job) -> list[Event]:
        """What to say about an event; often nothing."""
        if event.kind == "progress":
            return self._progress(event.data, job)
        if event.kind == "validation":
            return self._validation(event, job)
        if event.kind == "message" and event.data.get("text"):
            return [Said(role="sidekick", text=safe_block(str(event.data["text"]), 2000))]
        if event.kind == "state":
            return self._state(event.data, job)
        if event.kind == "moving":
            return [Said(role="sidekick", text=job_words.moving(job))]
        if event.kind in _TROUBLE:
            return [Problem(text=_TROUBLE[event.kind](event.data, job))]
        return []

    def _progress(self, data: dict[str, Any], job: Job) -> list[Event]:
        data = events.sound_progress(data)
        out: list[Event] = []
        if trains(job) and job.id not in self._eta_told and data.get("eta_seconds") is not None:
            self._eta_told.add(job.id)
            left = progress_words(data).split(", ")[-1]
            out.append(Said(role="sidekick", text=f"Measured on this machine: {left} for the training."))
        step, steps = data.get("step"), data.get("steps")
        share = step / steps if step is not None and steps else 0.0
        key = f"{job.id} {data.get('phase', '')}"
        before, at = self._shown.get(key, (-1.0, float("-inf")))
        if share < 1.0 and share - before < STEP and self.clock() - at < SECONDS:
            return out
        self._shown[key] = (share, self.clock())
        preparing = data.get("phase") == "encoding"  # its end is the beginning of the way, so it moves no bar
        fraction = share if steps and not preparing else None
        return [*out, Progress(job_id=job.id, text=job_words.progress_text(data, job), fraction=fraction, data=data)]

    def _validation(self, event: EventRow, job: Job) -> list[Event]:
        data = event.data
        loss, step = data.get("loss"), data.get("step")
        if not isinstance(loss, int | float) or not isinstance(step, int):
            return []
        out: list[Event] = [
            Progress(
                job_id=job.id,
                text=f"Validation loss {loss:.4f} at step {step}",
                fraction=None,
                data=data | {"validation": True},
            )
        ]
        if job.id not in self._losses:
            self._losses[job.id] = _losses_before(self.workspace, job.id, event.id)
        self._losses[job.id][int(step)] = float(loss)
        found = overfitting(list(self._losses[job.id].items()))
        if found and job.id not in self._turned:
            self._turned.add(job.id)
            if not _order_tells(self.workspace, job):
                out.append(Said(role="sidekick", text=job_words.turning(found)))
        return out

    def _state(self, data: dict[str, Any], job: Job) -> list[Event]:
        state, training = data.get("state"), trains(job)
        if state == store.State.RUNNING:
            again = " again, from what it had saved" if (data.get("attempt") or 1) > 1 else ""
            words = (
                f"The download has started{again}."
                if downloads(job)
                else f"Training has started{again}."
                if training
                else "Now I make test clips with and without the trigger and score them."
            )
            return [Said(role="sidekick", text=words)]
        if state not in ENDED:
            return []
        words = ending(self.workspace, job, state)
        if state != store.State.SUCCEEDED:
            return [Problem(text=words)] if state == store.State.FAILED else [Said(role="sidekick", text=words)]
        pictures = (
            []
            if training or downloads(job)
            else [
                str(path)
                for path in [self.workspace.run_folder(job.run_id or "") / "contact_sheet.png"]
                if path.exists()
            ]
        )
        stopped = (job.result or {}).get("stopped")
        trained = "Training stopped" if stopped else "Training done"
        end = "Downloaded" if downloads(job) else trained if training else "Scored"
        done = Progress(job_id=job.id, text=end, fraction=1.0, data={"pictures": pictures})
        return [done, Said(role="sidekick", text=words)]


def latest_progress_only(events: list[Event]) -> list[Event]:
    """The events without progress that later progress of the same job has overtaken, as when a window opens late."""
    newest = {event.job_id: event for event in events if isinstance(event, Progress) and event.fraction is not None}
    return [
        event
        for event in events
        if not isinstance(event, Progress) or event.fraction is None or newest[event.job_id] is event
    ]


def look(workspace: Workspace, project_id: str, event_id: int) -> list[tuple[EventRow, Job]]:
    """Look after the project's running jobs: one whose process is gone tells so. Then as `events_after`."""
    notice_lost(workspace, project_id)
    return events_after(workspace, project_id, event_id)


def events_after(
    workspace: Workspace, project_id: str, event_id: int, kinds: Collection[str] | None = None
) -> list[tuple[EventRow, Job]]:
    """Events of the project's jobs after this one, oldest first, with their jobs; of some kinds, or all."""
    query = select(EventRow, Job).join(Job, Job.id == EventRow.job_id)
    query = query.where(Job.project_id == project_id, EventRow.id > event_id).order_by(EventRow.id)
    if kinds is not None:
        query = query.where(EventRow.kind.in_(tuple(kinds)))
    with workspace.session() as session:
        return [(event, job) for event, job in session.execute(query).all()]


def endings_after(workspace: Workspace, project_id: str, event_id: int) -> list[tuple[int, str]]:
    """(event id, words) of what every window and channel must be told after this event, also when it opens late.

    How jobs ended, what standing orders told, and jobs that are stuck or lost and have not moved since.
    """
    rows = events_after(workspace, project_id, event_id, ("state", "message", "moving", *_TROUBLE))
    told = []
    for place, (event, job) in enumerate(rows):
        if event.kind == "state" and event.data.get("state") in ENDED:
            told.append((event.id, ending(workspace, job, event.data["state"])))
        elif event.kind == "message" and event.data.get("order"):
            told.append((event.id, safe_block(str(event.data.get("text")), 2000)))
        elif event.kind in _TROUBLE and not any(
            _is(later, job, "moving", "state") for later, _job in rows[place + 1 :]
        ):
            told.append((event.id, _TROUBLE[event.kind](event.data, job)))
        elif event.kind == "moving" and not any(_is(before, job, "stuck") for before, _job in rows[:place]):
            told.append((event.id, job_words.moving(job)))  # that it was stuck has been told before
    return told


def _is(event: EventRow, job: Job, *kinds: str) -> bool:
    return event.job_id == job.id and event.kind in kinds


def _losses_before(workspace: Workspace, job_id: str, event_id: int) -> dict[int, float]:
    """A job's validation losses before this event: a window may have opened late."""
    rows = events.events_since(workspace, job_id, kinds=("validation",))
    known = [(row.data.get("step"), row.data.get("loss")) for row in rows if row.id < event_id]
    return {step: float(loss) for step, loss in known if isinstance(step, int) and isinstance(loss, int | float)}


def _order_tells(workspace: Workspace, job: Job) -> bool:
    """Is there a standing order about this, which has words of its own?"""
    return any(
        order.condition == orders.Condition.OVERFITTING
        and (order.state == orders.OrderState.STANDING or order.job_id == job.id)
        for order in orders.of_project(workspace, job.project_id)
    )


__all__ = ["Narrator", "downloads", "ending", "endings_after", "events_after", "latest_progress_only", "look", "trains"]
