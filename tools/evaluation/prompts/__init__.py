"""The test prompts of a recipe: small, neutral, each with its purpose, the same seeds with and without the LoRA."""

from .cases import FIRST_SEED, LONGEST_PROMPT, PromptCase, Purpose, Shown, Suite
from .chosen import suite_for
from .suites import first_prompt, suite
from .voices import VIEW_LABELS, view_words

__all__ = [
    "FIRST_SEED",
    "LONGEST_PROMPT",
    "VIEW_LABELS",
    "PromptCase",
    "Purpose",
    "Shown",
    "Suite",
    "first_prompt",
    "suite",
    "suite_for",
    "view_words",
]
