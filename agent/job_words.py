"""What the events of a job mean, in words for a person: how far it is, what is wrong with it, how it ended."""

from typing import Any

from tools.base_models import download_words
from tools.run_status import progress_words
from tools.standing_orders import stopped_words
from tools.state import honesty, lora_of_run, plan_of_run, proposal_of
from tools.text import plural, quoted
from trainer_core.base_models.ltx23 import download
from trainer_core.jobs import store
from trainer_core.projects import Job, Workspace
from trainer_core.training.overfitting import Overfitting


def progress_text(data: dict[str, Any], job: Job) -> str:
    """How far a job is."""
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
    return job.trains


def downloads(job: Job) -> bool:
    """True for the job that fetches a base model."""
    return job.task == download.TASK


def ending(workspace: Workspace, job: Job, state: str) -> str:
    """One or two sentences on how a job ended: what came of it, or why not and what now."""
    what = _called(job)
    if state == store.State.CANCELLED:
        asked = stopped_words(workspace, job)
        return f"{what} was {asked or 'cancelled'}. What had been saved is kept."
    if state == store.State.FAILED:
        offer = " Say “apply that” and I put this into the plan." if proposal_of(workspace, job) else ""
        return f"{what} failed. {quoted(job.error or 'The reason is in the log of the run.', 500)}{offer}"
    if downloads(job):
        return "The download is finished and checked: LTX-2.3 can be used."
    plan = plan_of_run(workspace, job.run_id)
    said = honesty(plan.base) if plan else ""
    if trains(job):
        lora = lora_of_run(workspace, job.run_id)
        result = job.result or {}
        took = f" after {result['steps']} steps" if result.get("steps") else ""
        file = f" The file was checked and is sound: {lora.file}" if lora else ""
        if asked := stopped_words(workspace, job):
            return f"Training {asked}.{file}. Scoring follows. To train the rest, ask me to launch it again."
        return f"Training is finished{took}.{file}".strip()
    return (
        f"The test clips are made and scored; the contact sheet shows them side by side. Ask for the results. {said}"
    ).strip()


def turning(found: Overfitting) -> str:
    """The validation loss rises."""
    return (
        f"{found.words[0].upper()}{found.words[1:]}: it may be starting to copy the training files. I let it finish; "
        "the checkpoints are kept."
    )


def stuck(data: dict[str, Any], job: Job) -> str:
    """Nothing has come from a job for too long: for how long, what is usual, and what can be done."""
    usual = data.get("usual_seconds")
    doing = {"validation": "The validation", "checkpoint": "Saving"}.get(str(data.get("doing")), "A step")
    known = f" {doing} usually takes {_duration(usual)} here." if isinstance(usual, int | float) else ""
    quiet = _duration(data.get("quiet_seconds"))
    return (
        f"{_called(job)} seems to be stuck: nothing has come from it for {quiet}.{known} "
        "The disk, the memory or another program may hold it up. I say so when it moves again. You can wait, or tell "
        "me to stop it: what it has saved is kept, and a launch goes on from there."
    )


def moving(job: Job) -> str:
    """The stuck job goes on."""
    return f"{_called(job)} moves again."


def lost(data: dict[str, Any], job: Job) -> str:
    """The process of a job is gone: why, what is kept, and how it goes on."""
    if not data.get("here", True):
        why = f"nothing has been heard from {quoted(str(data.get('host')), 60)} for two minutes"
    elif data.get("restarted"):
        why = "this machine was started again"
    else:
        why = "it was ended from outside, as happens when memory runs out"
    step = data.get("saved_step")
    kept = f"The checkpoint of step {step} is kept" if isinstance(step, int) else "What it had saved is kept"
    what = f"{_called(job)} was lost: its process is gone, because {why}"
    return f"{what}. {kept}. Ask me how it is going, and I set it going again from there."


def _called(job: Job) -> str:
    return "Training" if trains(job) else "The download" if downloads(job) else "Scoring"


def _duration(seconds: object) -> str:
    if not isinstance(seconds, int | float):
        return "a while"
    if seconds < 1:
        return "less than a second"
    return plural(round(seconds), "second") if seconds < 90 else plural(round(seconds / 60), "minute")
