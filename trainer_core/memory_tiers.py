"""The memory tiers as data: how each holds the frozen base, the optimizer's state and the text encoder."""

from dataclasses import dataclass

from .plan import BaseModelName, MemoryTier, TrainingPlan

FULL_BITS = 16  # of the base's own precision, as tiers count it: nothing is quantised


@dataclass(frozen=True)
class Tier:
    """What a tier does. Bits are those of each number."""

    bits: int  # of the weights in the blocks' linear layers, which are nearly all; the rest stays in 16
    optimizer_bits: int
    text_encoder_bits: int  # while captions are encoded; it leaves before training
    checkpointing: bool  # gradient checkpointing whatever the plan says
    offload: bool  # blocks wait in the computer's own memory
    words: str


TIERS: dict[MemoryTier, Tier] = {
    MemoryTier.FULL: Tier(
        16, 32, 16, False, False, "in its own precision: the most exact and the fastest, and it needs the most memory"
    ),
    MemoryTier.INT8: Tier(
        8, 8, 8, True, False, "in 8 bits, with an 8-bit optimizer: about half the memory for the base"
    ),
    MemoryTier.INT4: Tier(
        4, 8, 4, True, False, "in 4 bits (NF4), with an 8-bit optimizer: about a quarter of the memory for the base"
    ),
    MemoryTier.OFFLOAD: Tier(
        4,
        8,
        4,
        True,
        True,
        "in 4 bits, its blocks waiting in the computer's own memory: the least GPU memory, and slow",
    ),
}


def checkpointing(plan: TrainingPlan) -> bool:
    """Is gradient checkpointing on: by the plan's wish or because its tier needs it?"""
    return plan.gradient_checkpointing or TIERS[plan.memory].checkpointing


def text_encoder_bits(base: BaseModelName, memory: MemoryTier) -> int:
    """In how many bits a base's text encoder is really held in a tier: mini's is so small that it is always whole."""
    return FULL_BITS if base is BaseModelName.MINI else TIERS[memory].text_encoder_bits
