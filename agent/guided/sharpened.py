"""What a call that is right as such may still lack: ids that were said, yes or no, politeness inside own words."""

import json
import re
from typing import Any

from . import questions
from .learned.reader import Guess
from .patterns import search, sub
from .reading import Call
from .spelling import normal

SURE = 0.7  # of a shape among those with the same tools
_IDS = {
    "cancel_standing_order": ("order", r"\bord_\w+"),
    "revoke_approval": ("approval", r"\bapr_\w+"),
    "withdraw_consent": ("consent", r"\bcon_\w+"),
}
_YES_OR_NO = {  # what a tool may be told beside what it is about; the rules know few words for it
    "write_captions": ("by_model",),
    "audit_dataset": ("text", "second_eye"),
    "set_excluded": ("excluded",),
    "change_plan": ("with_audio", "gradient_checkpointing", "keep_aspect", "only_show"),
}
_SHOWN_ONLY = (  # without such a word a value is set, not only shown
    r"\?|\b(?:if|would|what|how|suppos\w*|hypothe\w*|show|preview|look like|curious|imagine|compare|simulat\w*|dry"
    r"|only|just|difference|diff|don't|without|versus|vs)\b"
)
_PEOPLE = ("person", "man", "woman", "girl", "boy")
_POLITE = r"(?:[\s,]+(?:pl[sz]+|please|thx|thanks|lol|haha+|for (?:me|us)|ok))+[.! ]*$"


def sharpened(call: Call, guess: Guess, said: str) -> Call:
    """The call, completed by what was said outright or what the learned reader is sure of."""
    arguments = dict(call.arguments)
    if call.name in _IDS:
        key, pattern = _IDS[call.name]
        if found := re.search(pattern, said):
            arguments[key] = found[0]
    if call.name == "undo_plan" and (times := search(r"\bx ?(\d{1,2})\b", normal(said))) and not arguments:
        arguments["times"] = int(times[1])
    for key in ("prompt", "caption", "description"):
        if isinstance(words := arguments.get(key), str):
            arguments[key] = sub(re.compile(_POLITE, re.IGNORECASE), "", words) or words
    told = _told(call, arguments, guess, normal(said))
    return Call(call.name, told | arguments if call.name == "change_plan" else arguments | told)


def _told(call: Call, arguments: dict[str, Any], guess: Guess, text: str) -> dict[str, Any]:
    """Yes or no, and which recipe, where one shape stands out among those with the same tool alone."""
    shapes: list[tuple[dict[str, Any], float]] = []
    for frame, share in guess.frames:
        calls = json.loads(frame)
        if [name for name, _ in calls] == [call.name]:
            shapes.append((calls[0][1], share))
    whole = sum(share for _, share in shapes)
    if not whole or len(guess.intent.split(" + ")) > 1:
        return {}
    told: dict[str, Any] = {}
    for key in _YES_OR_NO.get(call.name, ()):
        for value in (True, False):
            if sum(share for shape, share in shapes if shape.get(key) is value) / whole >= SURE:
                told[key] = value
    if told.get("only_show") and not search(_SHOWN_ONLY, text) and not questions.asks(text):
        del told["only_show"]
    if call.name == "choose_recipe":
        for recipe in ("character", "face", "style", "motion", "effect"):
            if sum(share for shape, share in shapes if shape.get("recipe") == recipe) / whole >= SURE:
                told["recipe"] = recipe
        if told.get("recipe") == "face" and arguments.get("noun") not in (None, *_PEOPLE):
            del told["recipe"]  # 'my neighbour's dog' is no face
    return told
