"""The other ways that a value of the plan could go, and what each does in words; the figures are reckoned elsewhere."""

from dataclasses import dataclass
from typing import Any

from trainer_core.plan import (
    BASES,
    FIELD_WORDS,
    BaseModelName,
    MemoryTier,
    Preset,
    TrainingPlan,
    nearest_frames,
    nearest_size,
)

from .text import plural


@dataclass(frozen=True)
class Way:
    """`change`: arguments of ChangePlan; `words`: what it is good for and what it risks."""

    change: dict[str, Any]
    words: str


def ways(plan: TrainingPlan, field: str) -> list[Way]:
    """The ways for a value, smaller and larger where it is a number; none where there is nothing to weigh."""
    found = _numbers(plan).get(field) or _shapes(plan).get(field) or _kinds(plan).get(field) or []
    return [way for way in found if way.change]


def _numbers(plan: TrainingPlan) -> dict[str, list[Way]]:
    half_batch = {"batch_size": plan.batch_size // 2} if plan.batch_size > 1 else {}
    lower_rank = {"rank": plan.rank // 2} if plan.rank > 1 else {}
    return {
        "steps": [
            Way({"steps_factor": 0.5}, "done sooner and copies less, but may stay generic"),
            Way({"steps_factor": 2}, "a closer likeness up to a point; beyond it, it copies the training pictures"),
        ],
        "rank": [
            Way(lower_rank, "a smaller file that copies later, but fine detail may be lost"),
            Way(
                {"rank": 2 * plan.rank},
                "holds more detail and copies sooner. Time was the same for ranks 4 to 64 on mini",
            ),
        ],
        "alpha": [
            Way({"alpha": plan.alpha / 2}, "the LoRA works half as strongly and learns more slowly"),
            Way(
                {"alpha": plan.alpha * 2}, "the LoRA works twice as strongly, like a higher learning rate; it may burn"
            ),
        ],
        "learning_rate": [
            Way({"learning_rate_factor": 0.5}, "safer and slower: it needs more steps for the same likeness"),
            Way({"learning_rate_factor": 2}, "learns faster, but the picture may burn or the loss become NaN"),
        ],
        "batch_size": [
            Way(half_batch, "quicker steps and less memory, but each step is noisier and sees fewer files"),
            Way({"batch_size": 2 * plan.batch_size}, "calmer steps that see more files; slower, and more memory"),
        ],
        "gradient_accumulation": [
            Way(
                {"gradient_accumulation": 2 * plan.gradient_accumulation},
                "calmer like a larger batch, without more memory; each step takes twice as long",
            ),
        ],
        "caption_dropout": [
            Way({"caption_dropout": 0.0} if plan.caption_dropout else {}, "everything stays tied to the trigger word"),
            Way(
                {"caption_dropout": 0.1} if not plan.caption_dropout else {},
                "works a little without the trigger: a leak",
            ),
        ],
        "class_preservation": [
            Way({"class_preservation": 0.0} if plan.class_preservation else {}, "quicker steps, and more leaks"),
            Way({"class_preservation": 0.5} if plan.class_preservation != 0.5 else {}, "fewer leaks, and slower steps"),
        ],
        "held_out_share": [
            Way(
                {"held_out_share": 0.0} if plan.held_out_share else {},
                "all files are learned, but nothing warns of copying",
            ),
            Way(
                {"held_out_share": 0.2} if plan.held_out_share < 0.2 else {},
                "a steadier warning, from fewer files to learn",
            ),
        ],
        "ema_decay": [
            Way({"ema_decay": 0.0} if plan.ema_decay else {"ema_decay": 0.99}, "what it gains was not measured here"),
        ],
        "time": [
            Way({"steps_factor": 0.5}, "half the steps take about half the time, but it may stay generic"),
            *(
                [Way({"preset": Preset.FAST}, "only to see whether the files work at all")]
                if plan.preset != Preset.FAST
                else []
            ),
        ],
    }


def _shapes(plan: TrainingPlan) -> dict[str, list[Way]]:
    smaller, larger = (nearest_size(round(plan.width * factor), plan.base) for factor in (0.75, 1.5))
    short, long = (nearest_frames(round(plan.frames * factor), plan.base) for factor in (0.5, 2))
    more = nearest_size(768, plan.base)
    clips = plan.frames > 1
    return {
        "resolution": [
            Way(
                _size(smaller) if smaller < plan.width else {}, "quicker and less memory, but eyes and small marks blur"
            ),
            Way(_size(larger) if larger > plan.width else {}, "finer detail if the files have it; slower, more memory"),
        ],
        "more_resolutions": [
            Way({"more_resolutions": (more,)} if more != plan.width else {}, "each file is seen at that size too"),
        ],
        "frames": [
            Way(
                {"frames": short} if clips and short < plan.frames else {}, "quicker, and shorter movements are learned"
            ),
            Way({"frames": long} if clips and long > plan.frames else {}, "longer movements; slower, and more memory"),
        ],
        "first_frame_probability": [
            Way({"first_frame_probability": 0.0} if plan.first_frame_probability else {}, "text to video only"),
            Way(
                {"first_frame_probability": 0.5} if clips else {}, "better from a given picture, less practice without"
            ),
        ],
    }


def _kinds(plan: TrainingPlan) -> dict[str, list[Way]]:
    other = BaseModelName.LTX23 if plan.base is BaseModelName.MINI else BaseModelName.MINI
    tiers = list(MemoryTier)
    below = tiers[tiers.index(plan.memory) + 1 :][:1]
    checkpointing = not plan.gradient_checkpointing
    presets = {
        Preset.FAST: "to see whether the files work at all; expect a rough likeness",
        Preset.STANDARD: "the guide's range for a first LoRA",
        Preset.QUALITY: "the closest likeness, and the most danger of copying",
    }
    return {
        "preset": [Way({"preset": preset}, words) for preset, words in presets.items() if preset is not plan.preset],
        "base": [Way({"base": other}, BASES[other].honesty or "the real model; it needs a large GPU")],
        "memory": [Way({"memory": tier}, "slower and less exact") for tier in below],
        "gradient_checkpointing": [
            Way(
                {"gradient_checkpointing": checkpointing},
                ("less memory; a step takes about 1.4 times as long" if checkpointing else "faster, and more memory")
                + " (measured on a CPU)",
            )
        ],
        "with_audio": [
            Way(
                {"with_audio": not plan.with_audio} if plan.clips else {},
                "pictures alone" if plan.with_audio else "voices and noises too",
            )
        ],
    }


def _size(edge: int) -> dict[str, Any]:
    return {"width": edge, "height": edge}


def named(way: Way) -> str:
    """'rank 64', '768x768 pixels', 'twice the steps'."""
    change = way.change
    if "width" in change:
        return f"{change['width']}x{change['height']} pixels"
    ((name, value),) = change.items()
    if name.endswith("_factor"):
        label = name.removesuffix("_factor").replace("_", " ")
        return f"{'half' if value == 0.5 else 'twice'} the {label}"
    if name == "frames":
        return plural(value, "frame")
    label = FIELD_WORDS.get(name, name.replace("_", " "))
    if isinstance(value, bool):
        return f"{'with' if value else 'without'} {label}"
    if isinstance(value, tuple):
        return f"also at {', '.join(map(str, value))}"
    return f"{label} {value:g}" if isinstance(value, float) else f"{label} {value}"
