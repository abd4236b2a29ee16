"""The header of an exported LoRA: ModelSpec 1.0.1, the widely read kohya keys, and how the file came about.

Nothing in it names a folder, a file or a caption of the training set: a LoRA is made to be shared.
"""

from ..plan import BaseModelName, TrainingPlan
from .reference_use import reference_entries

ARCHITECTURE = {BaseModelName.LTX23: "ltx-2.3/lora", BaseModelName.MINI: "sidekick-mini/lora"}
IMPLEMENTATION = {
    BaseModelName.LTX23: "https://github.com/Lightricks/LTX-2",
    BaseModelName.MINI: "https://github.com/huggingface/diffusers",
}
MAX_TEXT = 200


def header_metadata(
    plan: TrainingPlan,
    *,
    rank: int,
    alpha: float,
    title: str,
    author: str,
    date: str | None,
    tensors_sha256: str,
    steps: int,
) -> dict[str, str]:
    """All entries of the header; every value is text.

    `ss_network_alpha` is the rank: alpha / rank is folded into the weights, so players must not scale again. The
    alpha that was trained with is `sidekick.trained_alpha`.
    """
    entries = {
        "format": "pt",
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": ARCHITECTURE[plan.base],
        "modelspec.implementation": IMPLEMENTATION[plan.base],
        "modelspec.title": plain(title) or plan.trigger,
        "modelspec.description": f"A {plan.recipe.value} LoRA for {plan.base.value}, trained with Sidekick "
        f"on {plan.images} images and {plan.clips} clips for {steps} steps.",
        "modelspec.author": plain(author),
        "modelspec.date": plain(date or ""),
        "modelspec.hash_sha256": f"0x{tensors_sha256}",
        "modelspec.trigger_phrase": plan.trigger,
        "modelspec.usage_hint": f"Write {plan.trigger} in the prompt. Begin with strength 1.0.",
        "modelspec.tags": plan.recipe.value,
        "modelspec.resolution": f"{plan.width}x{plan.height}",
        "ss_base_model_version": plan.base.value,
        "ss_network_dim": str(rank),
        "ss_network_alpha": str(rank),
        "ss_learning_rate": f"{plan.learning_rate:g}",
        "ss_steps": str(steps),
        "ss_seed": str(plan.seed),
        "ss_resolution": f"({plan.width}, {plan.height})",
        "sidekick.base": plan.base.value,
        "sidekick.recipe": plan.recipe.value,
        "sidekick.trained_alpha": f"{alpha:g}",
        "sidekick.plan": plan.model_dump_json(),
        "sidekick.plan_fingerprint": plan.fingerprint,
    } | reference_entries(plan)
    return {key: value for key, value in entries.items() if value}


def plain(text: str) -> str:
    """One line of printable text, at most 200 characters."""
    return "".join(c if c.isprintable() else " " for c in text)[:MAX_TEXT].strip()
