"""A test clip on the way: what the LoRA makes of one prompt by then, from the same noise each time.

It is the clip that the base's pipeline makes of that prompt and seed with that step's file, as far as a pass without
sound can be: picture and sound do not listen to each other here.
"""

from dataclasses import dataclass
from inspect import signature
from math import prod
from pathlib import Path

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, LTX2Pipeline, LTX2VideoTransformer3DModel
from diffusers.pipelines.ltx2.pipeline_ltx2 import rescale_noise_cfg
from numpy.typing import NDArray
from torch import Tensor

from trainer_core.base_models.registry import BaseModelMissing, Part, load_part
from trainer_core.generation.provenance import Made, UsedLora, write_generated
from trainer_core.jobs.context import JobContext
from trainer_core.launching import OF_STEP, SAMPLE_PROMPT, SAMPLES
from trainer_core.plan import BASES, ReferenceKind, TrainingPlan
from trainer_core.projects import Job

from .averaging import averaged
from .candidates import candidate_steps, path_of
from .checkpoints import TrainingState
from .examples import Material, Words
from .inputs import Inputs, Reference, packed_reference, stacked
from .model import autocast, predict
from .objective import SHIFT_POINTS, Noised, pack, shift_of, unpack
from .records import sha256_of

NOTHING = ""  # what guidance leads away from
SEED = 1000  # that of the first test clip after training, so that the two can be compared
LAST_SIGMA = 0.1  # where LTX-2's schedule ends before 0 (`shift_terminal`)
_RESCALED: float = signature(LTX2Pipeline.__call__).parameters["guidance_rescale"].default  # as in all our clips
_CANNOT = (OSError, BaseModelMissing, torch.OutOfMemoryError)


@dataclass
class Sampler:
    """Makes the clip of a checkpoint of which a LoRA file is kept. A clip is worth less than the run.

    One that cannot be made is told, and then no more are tried: a GPU that was too full once will be again.
    """

    context: JobContext
    plan: TrainingPlan
    material: Material
    transformer: LTX2VideoTransformer3DModel
    off: bool = False

    def __call__(self, state: TrainingState) -> None:
        file = path_of(self.context.folder, state.step)
        prompt = self._prompt()
        if self.off or not prompt or state.step not in candidate_steps(self.plan) or not file.exists():
            return
        try:
            frames = self._frames(prompt, state)
            made = _made(self.plan, prompt, UsedLora(name=file.stem, sha256=sha256_of(file), strength=1.0), frames)
            path = sample_path(self.context.folder, state.step)
            path.parent.mkdir(exist_ok=True)
            write_generated(path, frames, self.plan.fps, made)
        except _CANNOT as error:
            self.off = True
            self.context.emit("message", text=f"No test clips are made on the way: {_reason(error)}. Training goes on.")
        else:
            self.context.emit("sample", step=state.step, file=path.name)
        finally:
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def _prompt(self) -> str | None:
        """A pair's picture belongs to its own caption."""
        prompt: str | None = self.context.job.arguments.get(SAMPLE_PROMPT)
        return self.material.training[0].caption if prompt and self.plan.reference is ReferenceKind.PAIR else prompt

    def _frames(self, prompt: str, state: TrainingState) -> NDArray[np.uint8]:
        parameters = {name: p for name, p in self.transformer.named_parameters() if p.requires_grad}
        words, first = self.material.words, self.material.training[0]
        shown = packed_reference([first.references[0]], self.plan) if first.references else None
        self.transformer.eval()
        try:
            with averaged(parameters, state.average or None):  # as in the file of this step
                latents = denoised(self.transformer, words[prompt], words[NOTHING], self.plan, shown)
        finally:
            self.transformer.train()
        return decoded(latents, self.plan)


def _reason(error: Exception) -> str:
    if isinstance(error, torch.OutOfMemoryError):
        return "the GPU's memory is full"
    return str(error.strerror or error if isinstance(error, OSError) else error).rstrip(".")


def prompts_of(job: Job) -> tuple[str, ...]:
    """What must be encoded for a job's clips on the way."""
    prompt = job.arguments.get(SAMPLE_PROMPT)
    return (prompt, NOTHING) if prompt else ()


def sample_path(run_folder: Path, step: int) -> Path:
    """Where the clip of a step lies."""
    return run_folder / SAMPLES / f"{OF_STEP}{step:06d}.mp4"


@torch.no_grad()
def denoised(
    transformer: LTX2VideoTransformer3DModel,
    said: Words,
    nothing: Words,
    plan: TrainingPlan,
    reference: Reference | None = None,
) -> Tensor:
    """Normalised latents (1, channels, frames, height, width) at the plan's size, guided as the base's pipeline does.

    Classifier-free guidance on the clean latents, whose spread is then brought back towards that without guidance.
    The two passes of a step are made one after the other, so that a batch of one is all that memory must hold.
    """
    base, device = BASES[plan.base], next(transformer.parameters()).device
    frames, height, width = shape = _latent_shape(plan)
    noise = torch.randn((1, transformer.config.in_channels, *shape), generator=torch.Generator().manual_seed(SEED))
    tokens = pack(noise).to(device)
    scheduler = _scheduler(base.sampling_steps, prod(shape), device)
    told = [stacked([words]).to(device) for words in (said, nothing)]
    beside = reference.to(device) if reference else None
    for timestep, sigma in zip(scheduler.timesteps, scheduler.sigmas.to(device), strict=False):  # one more sigma: 0
        noised = Noised(tokens, tokens, sigma.reshape(1), 1000 * sigma.reshape(1, 1), None)
        with autocast(plan, device):
            clean, plain = (
                tokens - sigma * predict(transformer, Inputs(noised, words, shape, plan.fps, beside)).video.float()
                for words in told
            )
        guided = rescale_noise_cfg(plain + base.guidance * (clean - plain), clean, guidance_rescale=_RESCALED)
        tokens = scheduler.step((tokens - guided) / sigma, timestep, tokens, return_dict=False)[0]
    return unpack(tokens, frames, height, width)


@torch.no_grad()
def decoded(latents: Tensor, plan: TrainingPlan) -> NDArray[np.uint8]:
    """Frames, uint8 RGB (frames, height, width, 3), of normalised latents (1, channels, frames, height, width)."""
    pipeline = load_part(plan.base, Part.VIDEO, plan.memory)
    vae = pipeline.vae
    mean, std = (value.view(1, -1, 1, 1, 1).float().to(vae.device) for value in (vae.latents_mean, vae.latents_std))
    clean = latents.to(vae.device) * std / vae.config.scaling_factor + mean
    video = vae.decode(clean.to(vae.dtype), None, return_dict=False)[0]
    clip = pipeline.video_processor.postprocess_video(video.float(), output_type="np")[0]
    return (np.clip(clip, 0, 1) * 255 + 0.5).astype(np.uint8)


def _scheduler(steps: int, tokens: int, device: torch.device) -> FlowMatchEulerDiscreteScheduler:
    (few, low), (many, high) = SHIFT_POINTS
    scheduler = FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=True,
        base_image_seq_len=few,
        max_image_seq_len=many,
        base_shift=low,
        max_shift=high,
        shift_terminal=LAST_SIGMA,
    )
    scheduler.set_timesteps(sigmas=np.linspace(1.0, 1 / steps, steps).tolist(), mu=shift_of(tokens), device=device)
    return scheduler


def _latent_shape(plan: TrainingPlan) -> tuple[int, int, int]:
    base = BASES[plan.base]
    edge = base.latent_pixels
    return (_frames(plan) - 1) // base.frame_factor + 1, plan.height // edge, plan.width // edge


def _frames(plan: TrainingPlan) -> int:
    """As the scoring has it: stills are tried as clips too."""
    return plan.frames if plan.frames > 1 else BASES[plan.base].frames


def _made(plan: TrainingPlan, prompt: str, lora: UsedLora, frames: NDArray[np.uint8]) -> Made:
    base = BASES[plan.base]
    count, height, width = frames.shape[:3]
    return Made(
        base=plan.base,
        prompt=prompt,
        seed=SEED,
        loras=(lora,),
        steps=base.sampling_steps,
        guidance=base.guidance,
        width=width,
        height=height,
        frames=count,
        fps=plan.fps,
    )
