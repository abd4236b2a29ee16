"""Turns job events into words for the thread. No model is called: each sentence says what an event says."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from tools.base_models import download_words
from tools.runs import progress_words
from tools.state import honesty, lora_of_run, plan_of_run
from tools.text import quoted, safe_block
from trainer_core.base_models.ltx23 import download
from trainer_core.jobs import store
from trainer_core.projects import EventRow, Job, Workspace

from .events import Event, Problem, Progress, Said

STEP = 0.1  # of the way
SECONDS = 15.0
ENDED = (store.State.SUCCEEDED, store.State.FAILED, store.State.CANCELLED)


@dataclass
class Narrator:
    """Decides which events of one project's jobs are worth a word. `clock` in seconds, monotonic."""

    workspace: Workspace
    clock: Callable[[], float] = time.monotonic
    _shown: dict[str, tuple[float, float]] = field(default_factory=dict)  # job: (fraction, time)
    _eta_told: set[str] = field(default_factory=set)
    _best: dict[str, float] = field(default_factory=dict)
    _rising: dict[str, int] = field(default_factory=dict)

    def tell(self, event: EventRow, job: Job) -> list[Event]:
        """What to say about an event; often nothing."""
        if event.kind == "progress":
            return self._progress(event.data, job)
        if event.kind == "validation":
            return self._validation(event.data, job)
        if event.kind == "message" and event.data.get("text"):
            return [Said(role="sidekick", text=safe_block(str(event.data["text"]), 2000))]
        if event.kind == "state":
            return self._state(event.data, job)
        return []

    def _progress(self, data: dict[str, Any], job: Job) -> list[Event]:
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
        return [*out, Progress(job_id=job.id, text=_progress_text(data, job), fraction=fraction, data=data)]

    def _validation(self, data: dict[str, Any], job: Job) -> list[Event]:
        loss, step = data.get("loss"), data.get("step")
        if not isinstance(loss, int | float):
            return []
        out: list[Event] = [
            Progress(
                job_id=job.id,
                text=f"Validation loss {loss:.4f} at step {step}",
                fraction=None,
                data=data | {"validation": True},
            )
        ]
        best = self._best.get(job.id)
        if best is not None and loss > best * 1.05:
            self._rising[job.id] = self._rising.get(job.id, 0) + 1
            if self._rising[job.id] == 2:
                out.append(
                    Said(
                        role="sidekick",
                        text=f"The validation loss has been more than 5 % above its lowest value ({best:.4f}) "
                        f"twice, now {loss:.4f} at step "
                        f"{step}: it may be starting to copy the training files. I let it finish; the checkpoints "
                        f"are kept.",
                    )
                )
        self._best[job.id] = min(loss, best if best is not None else loss)
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
        end = "Downloaded" if downloads(job) else "Training done" if training else "Scored"
        done = Progress(job_id=job.id, text=end, fraction=1.0, data={"pictures": pictures})
        return [done, Said(role="sidekick", text=words)]


def _progress_text(data: dict[str, Any], job: Job) -> str:
    if downloads(job):
        return f"{'Checking' if data.get('phase') == 'checking' else 'Downloading'}: {download_words(data)}"
    if trains(job):
        return f"{'Preparing' if data.get('phase') == 'encoding' else 'Training'}: {progress_words(data)}"
    step, left = data.get("step"), data.get("left")
    if not step or left is None:
        return "Scoring: making test clips"
    return f"Scoring: {step} test clips made, at most {left} left" if left else "Scoring: measuring the clips"


def trains(job: Job) -> bool:
    """True for a run's training job; its scoring waits for it."""
    return job.after is None and not downloads(job)


def downloads(job: Job) -> bool:
    """True for the job that fetches a base model."""
    return job.task == download.TASK


def ending(workspace: Workspace, job: Job, state: str) -> str:
    """One or two sentences on how a job ended: what came of it, or why not and what now."""
    what = "Training" if trains(job) else "The download" if downloads(job) else "Scoring"
    if state == store.State.CANCELLED:
        return f"{what} was cancelled. What had been saved is kept."
    if state == store.State.FAILED:
        return f"{what} failed. {quoted(job.error or 'The reason is in the log of the run.', 500)}"
    if downloads(job):
        return "The download is finished and checked: LTX-2.3 can be used."
    plan = plan_of_run(workspace, job.run_id)
    said = honesty(plan.base) if plan else ""
    if trains(job):
        lora = lora_of_run(workspace, job.run_id)
        result = job.result or {}
        took = f" after {result['steps']} steps" if result.get("steps") else ""
        file = f" The file was checked and is sound: {lora.file}" if lora else ""
        return f"Training is finished{took}.{file}".strip()
    return (
        f"The test clips are made and scored; the contact sheet shows them side by side. Ask for the results. {said}"
    ).strip()


def latest_progress_only(events: list[Event]) -> list[Event]:
    """The events without progress that later progress of the same job has overtaken, as when a window opens late."""
    newest = {event.job_id: event for event in events if isinstance(event, Progress) and event.fraction is not None}
    return [
        event
        for event in events
        if not isinstance(event, Progress) or event.fraction is None or newest[event.job_id] is event
    ]


def events_after(workspace: Workspace, project_id: str, event_id: int) -> list[tuple[EventRow, Job]]:
    """Events of the project's jobs after this one, oldest first, with their jobs."""
    query = select(EventRow, Job).join(Job, Job.id == EventRow.job_id)
    query = query.where(Job.project_id == project_id, EventRow.id > event_id).order_by(EventRow.id)
    with workspace.session() as session:
        return [(event, job) for event, job in session.execute(query).all()]


def endings_after(workspace: Workspace, project_id: str, event_id: int) -> list[tuple[int, str]]:
    """(event id, words) of jobs that ended after this event."""
    return [
        (event.id, ending(workspace, job, event.data["state"]))
        for event, job in events_after(workspace, project_id, event_id)
        if event.kind == "state" and event.data.get("state") in ENDED
    ]
