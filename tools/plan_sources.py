"""Where what is said about a value of the plan comes from: the recipe's source and our article on it."""

from collections.abc import Iterable

from knowledge.articles import get_article
from trainer_core.plan import TrainingPlan
from trainer_core.recipes import RECIPES

ARTICLES = {
    "steps": "steps",
    "rank": "rank",
    "alpha": "alpha",
    "learning_rate": "learning-rate",
    "warmup_steps": "warmup-and-decay",
    "batch_size": "batch-size",
    "gradient_accumulation": "batch-size",
    "resolution": "training-resolution",
    "width": "training-resolution",
    "height": "training-resolution",
    "more_resolutions": "training-resolution",
    "keep_aspect": "training-resolution",
    "frames": "frames-and-fps",
    "resample_fps": "frames-and-fps",
    "reference": "ic-lora",
    "with_audio": "training-with-sound",
    "memory": "gpu-memory",
    "gradient_checkpointing": "gpu-memory",
    "caption_dropout": "caption-dropout",
    "class_preservation": "class-preservation",
    "ema_decay": "moving-average-and-norm-limit",
    "largest_weight_norm": "moving-average-and-norm-limit",
    "first_frame_probability": "first-frame-conditioning",
    "held_out_share": "validation-loss",
    "seed": "seed",
    "precision": "precision",
    "preset": "presets",
    "trigger": "trigger-words",
    "base": "mini-versus-ltx23",
    "time": "cost-and-time",
    "price": "cost-and-time",
    "images": "how-many-files",
    "clips": "how-many-files",
}
OF_THE_RECIPE = frozenset(("steps", "preset", "rank", "learning_rate", "resolution", "width", "images", "clips"))
MOST = 3  # articles in a line


def source_line(plan: TrainingPlan, fields: Iterable[str]) -> str:
    """'Source: Grix ...; our article "Rank: ..." (2026-11-21).' Fields without an article are left out; '' for none."""
    named = [name for name in fields if name in ARTICLES]
    sources = [RECIPES[plan.recipe].source] if OF_THE_RECIPE & set(named) else []
    for article_id in list(dict.fromkeys(ARTICLES[name] for name in named))[:MOST]:
        article = get_article(article_id)
        sources.append(f'our article "{article.title}" ({article.date.isoformat()})')
    return f"Source: {'; '.join(sources)}." if sources else ""
