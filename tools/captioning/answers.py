"""What a vision model wrote as a caption: whether it can be used, and how it becomes a caption of ours."""

import re

from trainer_core.recipes import Recipe

from ..measurements import Measurement
from ..text import quoted
from .claims import contradictions, says_shot, says_view
from .facts import facts
from .templates import KeptOut, subject_words
from .words import looks_named, style_named, words_of

FEWEST, MOST = 3, 80  # words that are let pass
LONGEST = 700  # characters of a finished caption

_NAME = re.compile(r"(?<=[\w,;'’-] )(?!I\b|T-shirt|X-ray|TV\b|CD\b|LED\b|UV\b)[A-Z][\w'’-]+")
_MARKUP = re.compile(r"[<>{}\[\]|`\\#*_=@]|https?:|www\.|\"|“|”")
_TALK = re.compile(
    r"\b(?:i (?:can(?:no|['’])t|am|will|would)|i['’]m|sorry|as an ai|language model|ignore|instructions?|caption|"
    r"this (?:image|picture|photo|clip|video)|the (?:image|picture|photo|clip|video) (?:shows|depicts|features))\b",
    re.IGNORECASE,
)


def fault(caption: str, measured: Measurement, trigger: str, kept_out: KeptOut | None) -> str | None:
    """Why the model's words cannot be a caption, in words for the model and the person; None when they can."""
    text = caption.strip()
    count = len(words_of(text))
    if "\n" in text or "\r" in text:
        return "it has several lines"
    if not FEWEST <= count <= MOST:
        return f"it has {count} words, where {FEWEST} to {MOST} are wanted"
    if trigger.lower() in text.lower():
        return "it uses the trigger word"
    if _MARKUP.search(text) or not text.isprintable():
        return "it has quotation marks or other signs in it"
    if _TALK.search(text):
        return "it speaks of itself or of the picture and not of what is shown"
    if _NAME.search(text):
        return "it has a name or another word with a capital letter in it"
    if kept_out == "looks" and (looks := looks_named(text)):
        return f"it describes the {next(iter(looks))}, which the trigger is to learn"
    if kept_out == "style" and style_named(text, trigger):
        return "it describes the style, which the trigger is to learn"
    wrong = contradictions(text, measured)
    return f"it says {wrong[0].claim}, but {wrong[0].seen}" if wrong else None


def finished(caption: str, measured: Measurement, trigger: str, noun: str, recipe: Recipe) -> str:
    """The trigger's words, the model's, and the measured view and shot size where the model did not say them."""
    words = quoted(caption, LONGEST).rstrip(" .,;")
    parts = [subject_words(trigger, noun, recipe), words[:1].lower() + words[1:]]
    if not says_view(caption):
        parts += facts(measured, ("view",))
    if not says_shot(caption):
        parts += facts(measured, ("shot",))
    return ", ".join(parts)
