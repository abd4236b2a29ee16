"""What a plan needs of memory, estimated beforehand: weights counted on the meta device, the rest by rule.

Activations are an estimate. What autograd keeps for a block's backward pass was counted with its saved-tensor hooks on
LTX-2.3's blocks at small widths in bfloat16 (benchmarks/quantise.py counts it again): 62 bytes per token and unit of
width, 12 per caption token and unit of width; 24 more per token where tokens have timesteps of their own (a clean
first frame, a reference), for the modulation is then one of each token. With gradient checkpointing a block keeps its
input alone, 2 bytes per token and unit of width, and one block at a time is computed again.
"""

from dataclasses import dataclass
from functools import lru_cache

from torch import nn

from trainer_core.lora.base_shapes import transformer_on_meta
from trainer_core.memory_tiers import TIERS, checkpointing
from trainer_core.plan import BASES, BaseModelName, ReferenceKind, TrainingPlan

from .model import is_trained
from .quantise import BYTES_PER_WEIGHT, is_quantised_name
from .video_only import is_audio_name

SAVED_PER_TOKEN, SAVED_PER_WORD, INPUT_PER_TOKEN = 62, 12, 2  # bytes per unit of width and block, in bfloat16
SAVED_BY_MODULATION = 24  # the same, per token with a timestep of its own
MODULATION = 9 * 2  # bytes per such token and unit of width, once for all blocks
DEVICE_OVERHEAD = int(1e9)  # CUDA's own context, libraries' workspaces; not measured here
TEXT_ENCODER, CONNECTORS = (
    12.2e9,
    3.2e9,
)  # parameters: Gemma 3 12B as published; the connectors' by their config


@dataclass(frozen=True)
class Footprint:
    """Bytes on the device, and `host` in the computer's own memory."""

    weights: int
    lora: int  # LoRA parameters, gradients, optimizer, moving average
    activations: int
    overhead: int
    encoding: int  # the stage before: text encoder and connectors
    host: int

    @property
    def training(self) -> int:
        """The most that is held at once while training."""
        return self.weights + self.lora + self.activations + self.overhead

    @property
    def peak(self) -> int:
        """The larger of the two stages, which are never in memory together."""
        return max(self.training, self.encoding)


@dataclass(frozen=True)
class _Counts:
    packed: int  # weights that a tier may quantise
    rest: int
    largest_block: int  # weights of the largest block that a tier may quantise
    largest_layer: int
    blocks: int
    width: int


def footprint(plan: TrainingPlan) -> Footprint:
    """The estimate for a plan. Activations are those of its largest bucket as the plan names it."""
    tier, counts = TIERS[plan.memory], _counts(plan.base, plan.with_audio)
    own = 4 if plan.base is BaseModelName.MINI else 2  # bytes of a weight in the base's own precision
    per_weight = BYTES_PER_WEIGHT.get(tier.bits, own)
    packed = int(counts.packed * per_weight)
    scales = int(counts.packed * (BYTES_PER_WEIGHT[4] - 0.5)) if tier.offload else 0  # these stay on the device
    resident = int(2 * counts.largest_block * per_weight) + scales if tier.offload else packed
    unpacked = 2 * own * counts.largest_layer if tier.bits < 16 else 0  # a layer at a time, and the next one's
    encoding = 0
    if plan.base is BaseModelName.LTX23:
        encoding = int(TEXT_ENCODER * BYTES_PER_WEIGHT.get(tier.text_encoder_bits, 2) + CONNECTORS * 2)
    return Footprint(
        weights=resident + counts.rest * own,
        lora=lora_bytes(plan),
        activations=_activations(plan, counts) + unpacked,
        overhead=DEVICE_OVERHEAD if plan.base is BaseModelName.LTX23 else 0,
        encoding=encoding + DEVICE_OVERHEAD if encoding else 0,
        host=packed if tier.offload else 0,
    )


def lora_bytes(plan: TrainingPlan) -> int:
    """Parameters and gradients in float32, a bfloat16 copy that autocast makes, two moments, and the average if any."""
    shapes = _linear_shapes(plan.base, plan.with_audio)
    count = sum(plan.rank * sum(shape) for name, shape in shapes.items() if is_trained(name, plan, plan.with_audio))
    moments = 8 if TIERS[plan.memory].optimizer_bits == 32 else 2 + 8 / 256  # a scale per 256 values and moment
    return int(count * (4 + 4 + 2 + moments + (4 if plan.ema_decay else 0)))


def tokens(plan: TrainingPlan) -> int:
    """Tokens of one sample of the plan's largest bucket: video and, beside it, a reference."""
    edge = BASES[plan.base].latent_pixels
    frames = (plan.frames - 1) // BASES[plan.base].frame_factor + 1
    areas = [plan.width * plan.height, *(side * side for side in plan.more_resolutions)]
    own = max(areas) // edge**2 * frames
    reference = own // plan.reference_downscale**2 if plan.reference is not ReferenceKind.NONE else 0
    return own + reference


def own_timesteps(plan: TrainingPlan) -> bool:
    """Are there batches in which tokens have timesteps of their own?"""
    return plan.reference is not ReferenceKind.NONE or (plan.first_frame_probability > 0 and plan.frames > 1)


def saved_by_rule(seen: int, words: int, width: int, *, again: bool, own: bool = False) -> int:
    """Bytes that a block keeps for its backward pass, for tokens and caption tokens.

    again: with gradient checkpointing; own: tokens have timesteps of their own.
    """
    if again:
        return width * INPUT_PER_TOKEN * seen
    per_token = SAVED_PER_TOKEN + (SAVED_BY_MODULATION if own else 0)
    return width * (per_token * seen + SAVED_PER_WORD * words)


def _activations(plan: TrainingPlan, counts: _Counts) -> int:
    seen, words = tokens(plan) * plan.batch_size, BASES[plan.base].caption_tokens * plan.batch_size
    again, own = checkpointing(plan), own_timesteps(plan)
    kept = counts.blocks * saved_by_rule(seen, words, counts.width, again=again, own=own)
    passing = saved_by_rule(seen, words, counts.width, again=False, own=own)  # what one block has at once
    return kept + passing * (2 if again else 1) + (counts.width * MODULATION * seen if own else 0)


@lru_cache
def _counts(base: BaseModelName, with_audio: bool) -> _Counts:
    packed: dict[str, int] = {}
    rest = largest = 0
    model = transformer_on_meta(base)
    linear = {f"{name}.weight" for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    for name, parameter in model.named_parameters():
        if is_audio_name(name) and not with_audio:
            continue
        if name in linear and is_quantised_name(name.removesuffix(".weight")):
            block = ".".join(name.split(".")[:2])
            packed[block] = packed.get(block, 0) + parameter.numel()
            largest = max(largest, parameter.numel())
        else:
            rest += parameter.numel()
    width = model.config.num_attention_heads * model.config.attention_head_dim
    return _Counts(sum(packed.values()), rest, max(packed.values()), largest, len(packed), width)


@lru_cache
def _linear_shapes(base: BaseModelName, with_audio: bool) -> dict[str, tuple[int, int]]:
    from trainer_core.lora.base_shapes import linear_shapes

    return {name: shape for name, shape in linear_shapes(base).items() if with_audio or not is_audio_name(name)}
