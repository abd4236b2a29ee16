"""What one plan comes to beside another: time, price, looks at each file, memory, the LoRA's file, and the risks."""

from dataclasses import dataclass

from trainer_core.costs import Estimate
from trainer_core.plan import BASES, Preset, TrainingPlan, steps_for
from trainer_core.recipes import RECIPES
from trainer_core.speeds import not_reckoned

from .text import plural

# What decides the memory of a step and the size of the file.
SIZE_FIELDS = frozenset(
    (
        *("base", "rank", "batch_size", "width", "height", "frames", "more_resolutions", "memory", "with_audio"),
        *("gradient_checkpointing", "ema_decay", "reference", "reference_downscale", "first_frame_probability"),
    )
)


@dataclass(frozen=True)
class Sizes:
    """Estimates, in bytes: what a training step holds, what encoding before it does, and the LoRA's file."""

    step: int
    encoding: int
    file: int


def sizes_of(plan: TrainingPlan) -> Sizes:
    """The estimate of the memory tiers, and two bytes (bfloat16) for each of the LoRA's numbers.

    The first call takes seconds: it loads the model's shapes.
    """
    from trainer_core.lora.base_shapes import linear_shapes
    from trainer_core.training.footprint import footprint
    from trainer_core.training.model import is_trained

    shapes = linear_shapes(plan.base).items()
    numbers = sum(plan.rank * sum(shape) for name, shape in shapes if is_trained(name, plan, plan.with_audio))
    held = footprint(plan)
    return Sizes(held.training, held.encoding, 2 * numbers)


def looks(plan: TrainingPlan) -> float:
    """How often each file is seen: steps x samples of a step / files."""
    return plan.steps * plan.batch_size * plan.gradient_accumulation / max(1, plan.images + plan.clips)


def preset_looks(plan: TrainingPlan) -> str:
    """'fast, standard and quality come to about 88, 177 and 560': at the base's own batch, for the plan's files."""
    files = plan.images + plan.clips
    batch = BASES[plan.base].batch_size
    each = [steps_for(RECIPES[plan.recipe], files, preset, plan.base) * batch / max(1, files) for preset in Preset]
    names = [str(preset) for preset in Preset]
    counts = [f"{count:.0f}" for count in each]
    return f"{', '.join(names[:-1])} and {names[-1]} come to about {', '.join(counts[:-1])} and {counts[-1]}"


def totals(old: Estimate, new: Estimate, before: TrainingPlan, after: TrainingPlan) -> str:
    """Time and price of two plans in one line, and what of their difference the estimate leaves out."""
    if (old.seconds, old.price) == (None, new.price) and new.seconds is None:
        return f"How long it takes is not known, before and now. Price: still {new.price}."
    left_out = not_reckoned(before, after)
    words = f"Time: {old.time} before, {new.time} now. Price: {old.price} before, {new.price} now."
    if (old.seconds, old.price) == (new.seconds, new.price):
        words = f"{'By the estimate time' if left_out else 'Time'} and price stay: {old.time}, {old.price}."
    return f"{words} Not in the estimate is what this does to the time: {', '.join(left_out)}." if left_out else words


def looks_words(before: TrainingPlan, after: TrainingPlan) -> list[str]:
    """A line where files are seen more or less often, with where that lies beside the presets."""
    old, new = looks(before), looks(after)
    if after.base is not before.base or abs(new - old) < 0.05 * old:
        return []
    files = plural(after.images + after.clips, "file")
    seen = f"Each file is seen about {new:.0f} times instead of {old:.0f}."
    return [f"{seen} For {files}, {preset_looks(after)} looks at each."]


def size_words(before: TrainingPlan, after: TrainingPlan) -> list[str]:
    """A line about memory and the file; nothing has to be loaded where neither changes."""
    if all(getattr(before, name) == getattr(after, name) for name in SIZE_FIELDS):
        return ["Memory and the size of the LoRA's file stay."]
    from trainer_core.training.memory import gigabytes

    old, new = sizes_of(before), sizes_of(after)
    memory = f"A step's memory by the estimate: {beside(gigabytes(old.step), gigabytes(new.step))}."
    if new.encoding > new.step:
        memory += f" Encoding the files before it needs {gigabytes(new.encoding)}."
    return [f"{memory} The LoRA's file: {beside(megabytes(old.file), megabytes(new.file))}."]


def beside(old: str, new: str) -> str:
    """'31 MB instead of 78 MB', 'still 78 MB'."""
    return f"still {new}" if old == new else f"{new} instead of {old}"


def risks(before: TrainingPlan, after: TrainingPlan) -> list[str]:
    """What can go wrong with the change, with the figure that says so. None across bases: each has its own values."""
    if after.base is not before.base:
        return []
    recipe, files = RECIPES[after.recipe], after.images + after.clips
    longest = steps_for(recipe, files, Preset.QUALITY, after.base)
    found = []
    if after.steps > 1.5 * before.steps:
        beyond = f" {after.steps} are beyond the quality preset's {longest}." if after.steps > longest else ""
        found.append(
            f"Risk: many more steps can make it copy the training pictures; the validation loss will show it.{beyond}"
        )
    usual = steps_for(recipe, files, Preset.STANDARD, after.base)
    if after.steps < 0.6 * before.steps and looks(after) < usual * BASES[after.base].batch_size / max(1, files):
        found.append(f"Risk: with so few steps it may stay generic; the standard preset takes {usual} for your files.")
    if after.learning_rate > 1.9 * before.learning_rate:
        found.append(
            "Risk: a learning rate this much higher can burn the result or end in NaN; the run stops by itself if "
            "it does."
        )
    if after.rank > 1.9 * before.rank:
        found.append("Risk: a higher rank holds more and copies sooner, and the file grows with it.")
    few, many = recipe.images or recipe.clips
    if files < few and files < before.images + before.clips:
        found.append(
            f"Risk: the {recipe.name} recipe wants {few} to {many}; with {files} it sees fewer sides and backgrounds, "
            f"so what they have in common sticks, and it copies sooner."
        )
    return found


def megabytes(count: float) -> str:
    """'430 MB', '2.3 MB'."""
    return f"{count / 1e6:.0f} MB" if count >= 9.95e6 else f"{count / 1e6:.1f} MB"
