"""What to change when the memory ran out while files and captions were encoded: it depends on what was encoded.

Only the text encoder is held as the memory tier says; the autoencoders are always held whole, and what they need grows
with the pixels and frames of one sample.
"""

from dataclasses import dataclass
from typing import Any

from trainer_core.base_models.registry import Part
from trainer_core.dataset.sizes import MOST_AREA, nearest_legal
from trainer_core.memory_tiers import text_encoder_bits
from trainer_core.plan import MemoryTier, ReferenceKind, TrainingPlan, diff, nearest_frames

_BUSY = {
    Part.TEXT: "while the captions were read",
    Part.VIDEO: "while pictures and clips were encoded",
    Part.AUDIO: "while sound was encoded",
}


@dataclass(frozen=True)
class Busy:
    """What is encoded now: the part that does it, and the frames and the pixels of each frame that it is given."""

    part: Part
    frames: int = 0
    pixels: int = 0


def less_to_encode(plan: TrainingPlan, busy: Busy) -> dict[str, Any] | None:
    """What to change when this did not fit; None when the plan can take nothing less."""
    if busy.part is Part.TEXT:
        return _fewer_bits(plan)
    if busy.part is Part.AUDIO:
        return _fewer_frames(plan)
    own = plan.width * plan.height
    if plan.more_resolutions and busy.pixels > MOST_AREA * own:  # a sample at one of the further resolutions
        return {"more_resolutions": [edge for edge in plan.more_resolutions if edge * edge <= own]}
    return (_fewer_frames(plan) if busy.frames > 1 else None) or _smaller(plan)


def too_much_to_encode(plan: TrainingPlan, busy: Busy, kept: str) -> str:
    """What a person is told."""
    lead = f"The memory was not enough {_BUSY[busy.part]}. {kept}"
    if busy.part is not Part.TEXT:
        lead += " How the base is held makes no difference there."
    change = less_to_encode(plan, busy)
    if change is None:
        return f"{lead} The plan already needs the least that it can there: more memory must be free."
    words = " and ".join(each.words for each in diff(plan, plan.changed(**change)))
    return f"{lead} Proposed: {words} (say 'apply it')."


def _fewer_bits(plan: TrainingPlan) -> dict[str, Any] | None:
    bits = text_encoder_bits(plan.base, plan.memory)
    return next(
        ({"memory": tier.value} for tier in MemoryTier if text_encoder_bits(plan.base, tier) < bits),
        None,
    )


def _fewer_frames(plan: TrainingPlan) -> dict[str, Any] | None:
    """About half of them, and more than one: of a single frame no movement can be learned."""
    frames = nearest_frames(plan.frames // 2, plan.base)
    return {"frames": frames} if 1 < frames < plan.frames else None


def _smaller(plan: TrainingPlan) -> dict[str, Any] | None:
    """About half of the area in the same proportions, and no further resolution above it."""
    times = 1 if plan.reference is ReferenceKind.NONE else plan.reference_downscale
    width, height = nearest_legal(plan.base, plan.width / plan.height, plan.width * plan.height // 2, times)
    if width * height >= plan.width * plan.height:
        return None
    further = [edge for edge in plan.more_resolutions if edge * edge <= width * height]
    fewer = {"more_resolutions": further} if len(further) < len(plan.more_resolutions) else {}
    return {"width": width, "height": height, **fewer}
