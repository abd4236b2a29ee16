"""Why each value of a plan is what it is: one short paragraph per field, with this plan's numbers and a source."""

from trainer_core.costs import Estimate
from trainer_core.plan import BASES, Preset, TrainingPlan, steps_for
from trainer_core.recipes import RECIPES

from .plan_reasons_shown import shown
from .text import plural

FIELDS = (
    "steps",
    "rank",
    "alpha",
    "learning_rate",
    "batch_size",
    "gradient_accumulation",
    "resolution",
    "more_resolutions",
    "keep_aspect",
    "frames",
    "resample_fps",
    "reference",
    "with_audio",
    "memory",
    "gradient_checkpointing",
    "caption_dropout",
    "class_preservation",
    "ema_decay",
    "largest_weight_norm",
    "first_frame_probability",
    "held_out_share",
    "seed",
    "precision",
    "preset",
    "trigger",
    "base",
    "time",
    "price",
)


def summary(plan: TrainingPlan, cost: Estimate, names: tuple[str, ...]) -> list[str]:
    """Some of the reasons as lines, with their sources once at the end."""
    words = reasons(plan, cost)
    lines, sources = [], []
    for name in names:
        text, _, source = words[name].partition(" Source: ")
        lines.append(f"- {text}")
        sources += [source.rstrip(".")] if source else []
    return [*lines, *([f"Sources: {'; '.join(dict.fromkeys(sources))}."] if sources else [])]


def reasons(plan: TrainingPlan, cost: Estimate) -> dict[str, str]:
    """A paragraph per field of FIELDS."""
    return _length(plan) | _capacity(plan) | _shape(plan) | shown(plan) | _care(plan) | _cost(plan, cost)


def _length(plan: TrainingPlan) -> dict[str, str]:
    recipe, rules = RECIPES[plan.recipe], BASES[plan.base]
    files, (few, many) = plan.images + plan.clips, recipe.images or recipe.clips
    usual = steps_for(recipe, files, plan.preset, plan.base)
    low, high = (2000, 3000) if plan.preset is Preset.QUALITY else (500, 1500)
    rule = f"{low} to {high} steps for {few} to {many} files on LTX-2.3"
    halved = ", halved for fast" if plan.preset is Preset.FAST else ""
    scaled = "" if rules.steps_factor == 1 else f", times {rules.steps_factor:g} on {plan.base}"
    usual_words = (
        "which is what this plan has"
        if usual == plan.steps
        else f"and this plan has {plan.steps} because that was asked for or capped"
    )
    seen = plan.steps * plan.batch_size * plan.gradient_accumulation / max(1, files)
    return {
        "steps": (
            f"{plan.steps} steps. The rule gives {usual} for {plural(files, 'file')} with the {plan.preset} preset "
            f"({rule}{halved}{scaled}), {usual_words}. Each file is seen about {seen:.0f} times. "
            f"Too few steps and the result looks generic; too many and it copies the training pictures. Source: "
            f"{recipe.source}."
        ),
        "preset": (
            f"The preset is {plan.preset}: fast is half of the standard steps, standard follows the guide's 500 to "
            f"1500, quality its "
            f"2000 to 3000. Source: {recipe.source}."
        ),
    }


def _capacity(plan: TrainingPlan) -> dict[str, str]:
    recipe, rules = RECIPES[plan.recipe], BASES[plan.base]
    default = recipe.learning_rate * rules.learning_rate_factor
    scaled = (
        ""
        if rules.learning_rate_factor == 1
        else f" times {rules.learning_rate_factor:g}, because {plan.base} is so small that it needs larger steps "
        f"(found by trying)"
    )
    same_rank = "the recipe's default" if plan.rank == recipe.rank else f"changed from the recipe's {recipe.rank}"
    same_rate = (
        "the usual value"
        if abs(plan.learning_rate - default) < default * 1e-6
        else f"changed from the usual {default:g}"
    )
    return {
        "rank": (
            f"Rank {plan.rank} is how much the LoRA can hold; it is {same_rank}. 32 is the default for characters "
            f"on LTX-2.3, motion "
            f"does with 8 to 16. A higher rank makes a larger file and copies the training set sooner. Source: "
            f"{recipe.source}."
        ),
        "alpha": (
            f"Alpha {plan.alpha:g} scales the LoRA by alpha / rank, here {plan.alpha / plan.rank:g}. It follows the "
            f"rank, so that "
            "changing the rank alone does not change the strength. Source: LoRA (Hu et al., 2021)."
        ),
        "learning_rate": (
            f"The learning rate {plan.learning_rate:g} is {same_rate}: 1e-4 for LTX-2.3{scaled}. It warms up over "
            f"{plan.warmup_steps} steps and falls to {plan.final_learning_rate_share:.0%} of itself at the end. Too "
            f"high and the result "
            f"burns or breaks, too low and nothing is learned in {plan.steps} steps. Source: {recipe.source}."
        ),
        "batch_size": (
            f"Batch size {plan.batch_size}: that many samples per step. Larger is calmer and slower per step and "
            f"needs more memory; "
            f"this is what {plan.base} starts from."
        ),
    }


def _shape(plan: TrainingPlan) -> dict[str, str]:
    rules, recipe = BASES[plan.base], RECIPES[plan.recipe]
    frames = (
        "1 frame, because the set has only still pictures; motion is then left to the base model. Add clips to "
        "teach motion."
        if plan.frames == 1
        else f"{plan.frames} frames at {plan.fps:g} a second, {plan.frames / plan.fps:.1f} s. The number must be a "
        f"multiple of "
        f"{rules.frame_factor} plus 1, because the video encoder packs {rules.frame_factor} frames into one."
    )
    return {
        "resolution": (
            f"{plan.width}x{plan.height} pixels. {plan.base} takes multiples of {rules.size_factor} up to "
            f"{rules.largest_edge}. "
            f"On LTX-2.3, 512x512 balances detail and cost. Source: {recipe.source}."
        ),
        "frames": frames,
        "base": f"The base model is {rules.title}. {rules.honesty}".strip(),
    }


def _care(plan: TrainingPlan) -> dict[str, str]:
    files = plan.images + plan.clips
    return {
        "trigger": (
            f"The trigger word is {plan.trigger}: rare on purpose, so that the base model ties nothing to it yet. "
            f"Use it in every prompt "
            "that should show what was taught."
        ),
        "caption_dropout": (
            f"Caption dropout {plan.caption_dropout:g}: the share of steps trained without a caption. "
            "0 keeps everything tied to the trigger word; a little makes the LoRA work without it, which is also "
            "called a leak."
        ),
        "class_preservation": (
            f"Class preservation {plan.class_preservation:g}: the share of each step's samples that are shown again "
            "without the trigger word, to be answered as the base model would. It keeps what you teach from showing up "
            "uncalled (a leak) and makes a step longer. "
            + (
                "On LTX-2.3 it is off unless asked for: its gain was only measured on mini so far. "
                if not BASES[plan.base].class_preservation
                else ""
            )
            + "Source: DreamBooth (Ruiz et al. 2023)."
        ),
        "ema_decay": (
            f"Moving average of the weights (EMA): {f'decay {plan.ema_decay:g}' if plan.ema_decay else 'off'}. With it "
            "the file holds an average over the last steps instead of the last step's weights, which smooths out noise "
            "of small batches; 0.99 averages over about 100 steps. What it gains was not measured here."
        ),
        "largest_weight_norm": (
            f"Weight-norm limit: {f'{plan.largest_weight_norm:g}' if plan.largest_weight_norm else 'off'}. It keeps "
            "any one layer's change from growing beyond this size, which holds back burned pictures at high learning "
            "rates. Source: kohya's scale weight norms; what it gains was not measured here."
        ),
        "first_frame_probability": (
            f"First-frame conditioning {plan.first_frame_probability:g}: the share of steps in which the first "
            f"frame is given, "
            "so that the LoRA also works for image-to-video. "
            + ("It is 0 here, because there are no clips. " if not plan.clips else "")
            + f"Source: {RECIPES[plan.recipe].source}."
        ),
        "held_out_share": (
            f"{plan.held_out_share:.0%} of the {plural(files, 'file')} are kept out of training. The loss on them, "
            f"with fixed noise, "
            "shows when the LoRA starts to copy instead of learn: it rises while the training loss still falls."
        ),
        "seed": f"Seed {plan.seed} fixes every random choice, so that the same plan gives the same file on the same "
        f"machine.",
        "precision": f"Precision {plan.precision}: bf16 where the device has it, 32 bit otherwise.",
    }


def _cost(plan: TrainingPlan, cost: Estimate) -> dict[str, str]:
    return {
        "time": f"Time: {cost.whole}, for {plan.steps} steps. Basis: {cost.basis}.",
        "price": f"Price: {cost.price}. Basis: {cost.basis}.",
    }
