"""The training plan: one whole, validated, immutable description of a run, its length and its differences in words."""

import hashlib
import json
import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .recipes import RECIPES, Recipe, RecipeName


class Preset(StrEnum):
    FAST = "fast"
    STANDARD = "standard"
    QUALITY = "quality"


class BaseModelName(StrEnum):
    """The models that a LoRA can be trained on."""

    MINI = "mini"
    LTX23 = "ltx-2.3"


class MemoryTier(StrEnum):
    """How the frozen base is held while training, from the most memory to the least."""

    FULL = "full"  # its own precision: bfloat16 for LTX-2.3, float32 for mini
    INT8 = "int8"
    INT4 = "int4"
    OFFLOAD = "offload"  # int4, and blocks wait in the host's memory until they are needed


class ReferenceKind(StrEnum):
    """What is shown beside the noised tokens."""

    NONE = "none"
    PAIR = "pair"  # a clip's or picture's own partner: the state before an effect, or a control clip made from it
    SAME_SUBJECT = "same_subject"  # another picture of the set


class BaseRules(BaseModel):
    """What a base model can take and where its training starts from."""

    model_config = ConfigDict(frozen=True)

    title: str
    size_factor: int  # width and height are multiples of this many pixels
    latent_pixels: int  # pixels per edge of a token
    caption_tokens: int
    frame_factor: int  # frames % frame_factor == 1
    width: int
    height: int
    frames: int
    fps: float
    batch_size: int
    learning_rate_factor: float  # times the recipe's learning rate
    steps_factor: float  # times the steps of the rule for LTX-2.3
    class_preservation: float
    gradient_checkpointing: bool
    validation_every: int  # steps
    checkpoint_every: int  # steps; on LTX-2.3 one has more than a gigabyte
    sampling_steps: int  # of denoising, for a clip
    guidance: float  # classifier-free guidance scale
    largest_edge: int
    largest_frames: int
    honesty: str


BASES: dict[BaseModelName, BaseRules] = {
    BaseModelName.MINI: BaseRules(
        title="mini (the small practice model that ships with Sidekick)",
        size_factor=32,
        latent_pixels=8,
        caption_tokens=64,
        frame_factor=8,
        width=64,
        height=64,
        frames=9,
        fps=8.0,
        batch_size=8,
        learning_rate_factor=20.0,
        steps_factor=0.75,
        class_preservation=0.5,
        gradient_checkpointing=False,
        validation_every=50,
        checkpoint_every=50,
        sampling_steps=12,
        guidance=3.0,
        largest_edge=64,
        largest_frames=17,
        honesty="mini draws 64x64-pixel clips of a small drawn world. It shows how training goes; it is not LTX-2.3.",
    ),
    BaseModelName.LTX23: BaseRules(
        title="LTX-2.3 (22B, dev)",
        size_factor=32,
        latent_pixels=32,
        caption_tokens=1024,
        frame_factor=8,
        width=512,
        height=512,
        frames=49,
        fps=24.0,
        batch_size=1,
        learning_rate_factor=1.0,
        steps_factor=1.0,
        class_preservation=0.0,
        gradient_checkpointing=True,
        validation_every=100,
        checkpoint_every=200,
        sampling_steps=30,  # this and the guidance: diffusers' documentation of LTX-2.3
        guidance=3.0,
        largest_edge=1280,
        largest_frames=257,
        honesty="",
    ),
}

TRIGGER_PATTERN = r"^[A-Za-z][A-Za-z0-9_]{2,31}$"
LONGEST_TRIGGERS = 4 * 32 + 3 * 2  # characters that call one LoRA: a merged one has the words of up to four, with ", "
ATTENTION_TARGETS = ("to_q", "to_k", "to_v", "to_out.0")


class TrainingPlan(BaseModel):
    """Everything that decides a run. Two plans with equal fingerprints train to the same bytes on one machine.

    Tested on CPUs; on a GPU attention's backward pass may sum in another order each time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    base: BaseModelName
    recipe: RecipeName
    trigger: Annotated[str, Field(pattern=TRIGGER_PATTERN)]
    dataset: str  # checksum of the files and captions to be trained on
    images: Annotated[int, Field(ge=0)]
    clips: Annotated[int, Field(ge=0)]
    preset: Preset = Preset.STANDARD
    width: Annotated[int, Field(ge=32)]
    height: Annotated[int, Field(ge=32)]
    frames: Annotated[int, Field(ge=1)]
    fps: Annotated[float, Field(gt=0, le=60)]
    steps: Annotated[int, Field(ge=1, le=20_000)]
    batch_size: Annotated[int, Field(ge=1, le=64)]
    gradient_accumulation: Annotated[int, Field(ge=1, le=64)] = 1  # batches whose gradients make one step
    learning_rate: Annotated[float, Field(gt=0, le=0.1)]
    warmup_steps: Annotated[int, Field(ge=0)] = 20
    final_learning_rate_share: Annotated[float, Field(gt=0, le=1)] = 0.1  # linear decay ends at this share
    rank: Annotated[int, Field(ge=1, le=256)]
    alpha: Annotated[float, Field(gt=0, le=512)]
    targets: tuple[str, ...] = ATTENTION_TARGETS
    clip_gradient_norm: Annotated[float, Field(gt=0)] = 1.0
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    caption_dropout: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    class_preservation: Annotated[float, Field(ge=0, le=1)] = 0.0  # share of the batch also trained without the trigger
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0  # of the weights' moving average, which is exported; 0 is off
    largest_weight_norm: Annotated[float | None, Field(gt=0)] = None  # of each layer's change, Frobenius; None is off
    first_frame_probability: Annotated[float, Field(ge=0, le=1)] = 0.1
    more_resolutions: tuple[Annotated[int, Field(ge=32)], ...] = ()  # edges of squares whose area is trained at as well
    keep_aspect: bool = False  # each file keeps its own proportions instead of being cut to width x height
    resample_fps: bool = True  # clips are brought to `fps`; otherwise each keeps its own rate
    reference: ReferenceKind = ReferenceKind.NONE  # in-context training: clean tokens shown beside the noised ones
    reference_downscale: Annotated[int, Field(ge=1, le=4)] = 1  # how many times smaller the reference is
    with_audio: bool = False  # sound is trained together with the pictures, where the clips have some
    memory: MemoryTier = MemoryTier.FULL
    held_out_share: Annotated[float, Field(ge=0, le=0.5)] = 0.1  # of the files, for the validation loss
    validation_every: Annotated[int, Field(ge=1)] = 50
    checkpoint_every: Annotated[int, Field(ge=1)] = 50
    gradient_checkpointing: bool = False
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 42

    @model_validator(mode="after")
    def _fits_base(self) -> Self:
        rules = BASES[self.base]
        for name, value in (("width", self.width), ("height", self.height)):
            if value % rules.size_factor or value > rules.largest_edge:
                raise ValueError(
                    f"{name} {value} does not fit {self.base}: it must be a multiple of {rules.size_factor}, "
                    f"at most {rules.largest_edge}"
                )
        if self.frames % rules.frame_factor != 1 or self.frames > rules.largest_frames:
            raise ValueError(
                f"{self.frames} frames do not fit {self.base}: it must be a multiple of {rules.frame_factor} plus 1 "
                f"(1, 9, 17, ...), at most {rules.largest_frames}"
            )
        self._check_reference(rules.size_factor)
        if self.precision == "fp32" and self.base is BaseModelName.LTX23:
            raise ValueError(f"precision fp32 does not fit {self.base}: its weights are bfloat16, so take auto or bf16")
        if self.warmup_steps >= self.steps:
            raise ValueError(f"warm-up of {self.warmup_steps} steps leaves nothing of {self.steps} steps")
        return self

    def _check_reference(self, size_factor: int) -> None:
        """A smaller reference must itself have a legal size, or its positions could not be scaled exactly."""
        if self.reference is ReferenceKind.NONE:
            return
        legal = [by for by in range(1, 5) if not (self.width % (by * size_factor) or self.height % (by * size_factor))]
        if self.reference_downscale not in legal:
            nearest = min(legal, key=lambda by: abs(by - self.reference_downscale))
            raise ValueError(
                f"references {self.reference_downscale} times smaller than {self.width}x{self.height} do not fit "
                f"{self.base}: their width and height must be multiples of {size_factor} too. The nearest factor that "
                f"does is {nearest}"
            )

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the canonical JSON: the plan's identity."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def preserved_samples(self) -> int:
        """Samples of each step that class preservation also shows without the trigger; at least one where it is on."""
        return max(1, round(self.class_preservation * self.batch_size)) if self.class_preservation else 0

    def changed(self, **changes: object) -> "TrainingPlan":
        """A new, validated plan with some fields changed. Raises pydantic.ValidationError."""
        return TrainingPlan.model_validate(self.model_dump() | changes)


def steps_for(recipe: Recipe, files: int, preset: Preset, base: BaseModelName) -> int:
    """Training steps from the number of usable files.

    500 steps at 20 files to 1500 at 50, linear between and clamped outside (the guide's range); quality is
    2000-3000 in the same way; fast is half of standard. Scaled by the base and rounded to 10.
    """
    low, high = (2000, 3000) if preset is Preset.QUALITY else (500, 1500)
    few, many = recipe.images or recipe.clips
    share = min(1.0, max(0.0, (files - few) / (many - few)))
    steps = (low + share * (high - low)) * BASES[base].steps_factor
    if preset is Preset.FAST:
        steps /= 2
    return max(50, round(steps / 10) * 10)


def propose(
    recipe: Recipe,
    base: BaseModelName,
    trigger: str,
    dataset: str,
    *,
    images: int,
    clips: int,
    preset: Preset = Preset.STANDARD,
) -> TrainingPlan:
    """The recommended plan for a dataset: the recipe's defaults on the base's terms."""
    rules = BASES[base]
    steps = steps_for(recipe, images + clips, preset, base)
    return TrainingPlan(
        base=base,
        recipe=recipe.name,
        trigger=trigger,
        dataset=dataset,
        images=images,
        clips=clips,
        preset=preset,
        width=rules.width,
        height=rules.height,
        frames=rules.frames if clips else 1,
        fps=rules.fps,
        steps=steps,
        batch_size=rules.batch_size,
        learning_rate=recipe.learning_rate * rules.learning_rate_factor,
        warmup_steps=min(20, steps // 5),
        rank=recipe.rank,
        class_preservation=rules.class_preservation,
        gradient_checkpointing=rules.gradient_checkpointing,
        validation_every=rules.validation_every,
        checkpoint_every=rules.checkpoint_every,
        alpha=float(recipe.rank),
        first_frame_probability=recipe.first_frame_probability if clips else 0.0,
    )


def for_files(plan: TrainingPlan, *, images: int, clips: int, dataset: str | None = None) -> TrainingPlan:
    """The plan for another number of files. What a fresh plan takes from the files follows.

    That is: the steps where they are the rule's (those that a person chose stay), and frames and first-frame
    conditioning where clips come in or fall away.
    """
    recipe = RECIPES[plan.recipe]
    fresh = propose(recipe, plan.base, plan.trigger, plan.dataset, images=images, clips=clips, preset=plan.preset)
    changes: dict[str, object] = {"images": images, "clips": clips, "dataset": dataset or plan.dataset}
    if bool(clips) != bool(plan.clips):
        changes |= {"frames": fresh.frames, "first_frame_probability": fresh.first_frame_probability}
    if plan.steps == steps_for(recipe, plan.images + plan.clips, plan.preset, plan.base):
        changes |= {"steps": fresh.steps, "warmup_steps": fresh.warmup_steps}
    return plan.changed(**changes)


class Change(BaseModel):
    """One field's difference between two plans, with the words for it."""

    model_config = ConfigDict(frozen=True)

    field: str
    before: str
    after: str
    words: str


FIELD_WORDS = {
    "learning_rate": "learning rate",
    "batch_size": "batch size",
    "gradient_accumulation": "gradient accumulation",
    "fps": "frames per second",
    "more_resolutions": "further resolutions",
    "keep_aspect": "keeping each file's proportions",
    "resample_fps": "one frame rate for all clips",
    "reference": "references (in-context training)",
    "reference_downscale": "how much smaller references are",
    "with_audio": "sound",
    "memory": "memory tier",
    "gradient_checkpointing": "gradient checkpointing",
    "caption_dropout": "caption dropout",
    "ema_decay": "decay of the weights' moving average (EMA)",
    "largest_weight_norm": "weight-norm limit",
    "class_preservation": "class preservation",
    "first_frame_probability": "first-frame conditioning",
    "held_out_share": "share of files kept for validation",
}


def diff(before: TrainingPlan, after: TrainingPlan) -> list[Change]:
    """The fields that differ, in the plan's order, in words: 'steps 250 -> 330 (32 % more)'."""
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    return [_change(name, old[name], new[name]) for name in old if old[name] != new[name]]


def _change(name: str, old: object, new: object) -> Change:
    label = FIELD_WORDS.get(name, name.replace("_", " "))
    extra = ""
    if isinstance(old, int | float) and isinstance(new, int | float) and not isinstance(old, bool) and old:
        share = (new - old) / old * 100
        extra = f" ({abs(share):.0f} % {'more' if share > 0 else 'less'})"
    return Change(
        field=name, before=_short(old), after=_short(new), words=f"{label} {_short(old)} -> {_short(new)}{extra}"
    )


def _short(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value):
        return value[:8]
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(str(entry) for entry in value) or "none"
    return f"{value:g}" if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value)


def nearest_size(pixels: int, base: BaseModelName) -> int:
    """The legal edge length nearest to `pixels`."""
    rules = BASES[base]
    return min(rules.largest_edge, max(rules.size_factor, round(pixels / rules.size_factor) * rules.size_factor))


def nearest_frames(frames: int, base: BaseModelName) -> int:
    """The legal number of frames nearest to `frames`."""
    rules = BASES[base]
    return min(rules.largest_frames, max(1, round((frames - 1) / rules.frame_factor) * rules.frame_factor + 1))
