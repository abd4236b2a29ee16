"""The training job: encode, train with checkpoints, export, verify. Started again, it goes on where it was."""

import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import torch
from sqlalchemy import select

from trainer_core.base_models.registry import (
    BaseModelMissing,
    base_fingerprint,
    base_missing,
    load_part,
    load_transformer,
)
from trainer_core.dataset import manifest as manifests
from trainer_core.dataset.buckets import samples_of, split_held_out
from trainer_core.dataset.media import UnusableMedia
from trainer_core.jobs.context import JobContext, JobFailed
from trainer_core.jobs.pulse import Doing
from trainer_core.lora.export import LoraExportError, export_lora
from trainer_core.memory_tiers import text_encoder_bits
from trainer_core.plan import MemoryTier, TrainingPlan
from trainer_core.projects import Lora, PlanRow, Workspace, new_id
from trainer_core.speeds import record_speed

from . import candidates, checkpoints, sampling
from .candidates import LORA_FILE, finished_weights
from .checkpoints import NotFinite, TrainingState
from .distributed import Ranks
from .encode import Encoder, encode_all
from .examples import Material
from .launch import launch, layout_for
from .listeners import Reporter, Silent
from .loop import train as train_lora
from .offload import hold
from .quantise import QuantisationMissing
from .records import CHECKPOINTS, OtherPlan
from .stopping import how_it_ended, order_that_stopped, set_aside, stopped_already
from .trial import loading, or_propose_less, or_propose_less_to_encode, try_a_step

FOR_A_PERSON = (BaseModelMissing, UnusableMedia, QuantisationMissing)  # errors whose message says what to do


def train(context: JobContext) -> dict[str, Any]:
    """The task of a training job. Returns the LoRA's id, file and figures.

    Arguments: {"plan_id": ...} and, where test clips are wanted on the way, {"sample_prompt": ...}.
    """
    plan = read_plan(context.workspace, context.job.arguments["plan_id"])
    began = time.monotonic()
    try:
        with or_propose_less(context, plan, "while the files were read and encoded"):
            state = _trained(context, plan)
    except FOR_A_PERSON as error:
        raise JobFailed(str(error)) from error
    lora = _export(context, plan, state)
    return how_it_ended(context, plan, state) | {
        "lora_id": lora.id,
        "file": lora.file,
        "sha256": lora.sha256,
        "steps": state.step,
        "seconds": time.monotonic() - began,
        "final_loss": state.losses[-1][1] if state.losses else None,
        "losses": state.losses,
        "validation": state.validation,
    }


def read_plan(workspace: Workspace, plan_id: str) -> TrainingPlan:
    """The plan stored under this id."""
    with workspace.session() as session:
        return TrainingPlan.model_validate(session.get_one(PlanRow, plan_id).body)


Tell = Callable[..., None]  # like JobContext.emit


def tell_nobody(kind: str, **data: Any) -> None:
    """In place of JobContext.emit, where another process already tells."""


def _trained(context: JobContext, plan: TrainingPlan) -> TrainingState:
    """Encode everything, then train in this process or in several."""
    layout = layout_for(plan)
    material = read_material(context, plan, context.emit)
    if layout.note:
        context.emit("message", text=layout.note)
    if layout.total == 1:
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        return train_here(context, plan, material, Ranks(), device, context.emit)
    del material  # each process reads it from the cache
    context.pulse.begin(Doing.ELSEWHERE)
    launch(context, layout)
    context.pulse.begin(Doing.OTHER)
    state, notes = checkpoints.load_latest(context.folder / CHECKPOINTS, plan)
    if state is None or notes:
        raise JobFailed(
            f"The training ended, but its last checkpoint cannot be used. {' '.join(notes)} Start it again."
        )
    order_that_stopped(context, plan, state)
    return state


def read_material(context: JobContext, plan: TrainingPlan, tell: Tell) -> Material:
    """Encode everything that is not in the cache yet; text encoder and VAE leave memory again."""
    folder = context.workspace.dataset_folder(context.job.project_id)
    manifest = manifests.load(folder)
    if reason := base_missing(plan.base, context.workspace):
        raise JobFailed(reason)
    if manifest.checksum != plan.dataset:
        raise JobFailed(
            "The files or captions have changed since this plan was made. Nothing was trained; ask for a new plan."
        )
    samples, notes = samples_of(manifest, plan)
    for note in notes:
        tell("message", text=note)
    training, held_out = split_held_out(samples, plan.held_out_share, plan.seed)
    if not training:
        raise JobFailed("None of the files can be used by this plan, so there is nothing to train on.")
    tell("state", state="encoding", samples=len(samples), held_out=len(held_out))
    encoder = encoder_for(plan, context.workspace.cache_folder())

    def look_up() -> None:
        if tell is not tell_nobody:
            context.stop_if_cancelled()

    def progress(done: int, total: int) -> None:
        look_up()
        if done == total or done % 25 == 0:
            tell("progress", phase="encoding", step=done, steps=total)

    prompts = sampling.prompts_of(context.job)
    with or_propose_less_to_encode(context, plan, encoder):
        encoded, words = encode_all(encoder, folder, manifest, training + held_out, plan, progress, prompts, look_up)
    if encoder.damaged:
        tell("message", text=f"Stored encodings that were damaged and have been made again: {encoder.damaged}.")
    for note in encoder.notes.values():
        tell("message", text=note)
    heard = any(example.audio is not None for example in encoded)
    if plan.with_audio and not heard:
        tell("message", text="Nothing can be heard in any clip, so this trains as without sound.")
    return Material(encoded[: len(training)], encoded[len(training) :], words)


def encoder_for(plan: TrainingPlan, cache: Path) -> Encoder:
    """What encodes the plan's files and captions, with a cache that all plans share. Raises BaseModelMissing."""
    return Encoder(
        lambda part: load_part(plan.base, part, plan.memory),
        base_fingerprint(plan.base),
        cache,
        text_encoder_bits(plan.base, plan.memory),
    )


def train_here(
    context: JobContext, plan: TrainingPlan, material: Material, ranks: Ranks, device: torch.device, tell: Tell
) -> TrainingState:
    """Train in this process, from the last checkpoint on; with others in `ranks`, only the first one saves and tells.

    Raises JobFailed, and JobCancelled when the run was stopped before its end.
    """
    folder = context.folder / CHECKPOINTS
    try:
        resumed, notes = checkpoints.load_latest(folder, plan)
    except OtherPlan as other:
        raise JobFailed(
            f"{other} Nothing was trained and the checkpoint is kept. Launch the plan as a new run, or undo the change."
        ) from other
    for note in notes:
        tell("message", text=note)
    if resumed is not None and stopped_already(context, resumed):
        return resumed
    if resumed:
        tell("message", text=f"Going on from the checkpoint at step {resumed.step}.")
    heard = any(example.audio is not None for example in (*material.training, *material.held_out))
    full = plan.memory is MemoryTier.FULL
    with or_propose_less(context, plan, "while the base was loaded"):
        ways = ranks.loading(device) if full else loading(plan.memory, device)
        transformer = load_transformer(plan.base, plan.memory, with_audio=heard, device=device, **ways)
        placed = ranks.place(transformer, device) if full else hold(transformer, plan.memory, device)
    if resumed is None and ranks.size == 1:
        try_a_step(context, plan, placed, material, tell)
    first, began = resumed.step if resumed else 0, time.monotonic()
    tell(
        "state",
        state="training",
        steps=plan.steps,
        step=first,
        samples=len(material.training),
        device=device.type,
        processes=ranks.size,
    )
    if resumed and ranks.rank == 0:
        candidates.keep_missing(context.folder, resumed, plan, tell)
    seen = list(resumed.validation) if resumed else []
    sample = sampling.Sampler(context, plan, material, placed) if ranks.size == 1 else None
    listener = Reporter(context, plan, folder, first, seen, sample) if ranks.rank == 0 else Silent()
    try:
        with or_propose_less(context, plan, "while training", in_step=True):
            state = train_lora(placed, material, plan, resumed, listener, ranks)
    except NotFinite as error:
        context.emit("proposal", finding="not_finite", change={"learning_rate": plan.learning_rate / 5})
        raise JobFailed(
            f"{error} The run was stopped; the checkpoints before it are kept. A learning rate of "
            f"{plan.learning_rate / 5:g} (a fifth) usually cures this."
        ) from error
    finally:
        context.pulse.begin(Doing.OTHER)
    order_that_stopped(context, plan, state)
    if state.step > first and ranks.size == 1:
        steps, seconds = state.step - first, time.monotonic() - began
        manifest = manifests.load(context.workspace.dataset_folder(context.job.project_id))
        samples, was = samples_of(manifest, plan)[0], plan.changed(with_audio=heard)
        record_speed(context.workspace, was, seconds / steps, _machine(device.type), samples, steps)
    return state


def _export(context: JobContext, plan: TrainingPlan, state: TrainingState) -> Lora:
    path = context.folder / LORA_FILE
    early = f", step {state.step} of {plan.steps}" if state.step < plan.steps else ""
    for left in context.folder.glob(f".{LORA_FILE}.*.part"):  # of a worker that was killed while writing
        left.unlink(missing_ok=True)
    set_aside(context, state)
    try:
        report = export_lora(
            path,
            finished_weights(state),
            rank=plan.rank,
            alpha=plan.alpha,
            plan=plan,
            title=f"{plan.trigger} ({plan.recipe} LoRA{early})",
            steps=state.step or None,
        )
    except LoraExportError as error:
        raise JobFailed(f"The LoRA could not be written: {error} The checkpoints are kept.") from error
    if not report.ok:
        raise JobFailed(f"The finished LoRA failed its check: {' '.join(report.problems)} The checkpoints are kept.")
    context.emit("message", text=f"The LoRA file is written and verified: {report.modules} layers, rank {plan.rank}.")
    file = str(path.relative_to(context.workspace.home))
    with context.workspace.session() as session:
        known = select(Lora).where(Lora.run_id == context.job.run_id, Lora.sha256 == report.sha256)
        lora = session.scalars(known).first()  # told already by an attempt that was killed right after
        if lora is None:
            lora = Lora(
                id=new_id("lora"),
                project_id=context.job.project_id,
                run_id=context.job.run_id,
                trigger=plan.trigger,
                base=plan.base,
                file=file,
                sha256=report.sha256,
            )
            session.add(lora)
    return lora


def _machine(device: str) -> str:
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"{psutil.cpu_count()} CPU cores, {platform.machine()}"
