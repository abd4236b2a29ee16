"""What a sentence says outright about clips: seed, strength, sound, base model, and what is no part of the scene."""

import re
from typing import Any

from . import spelled_out
from .patterns import search
from .reading import Facts

Arguments = dict[str, Any]
_CLIP_OF = (
    r"^(?:an? |the |one )?(?:short |quick |little |new |test |nice )*(?:clips?|films?|videos?|movies?|shots?|samples?|"
    r"pictures?) (?:of|where|in which|with|showing) |^prompt ?[=:] ?[\"“]?|^(?:sound|audio) ?: ?|^in comparison,? "
)
_SOMEBODY = r"^(?:it|he|she|him|her|them|they)(?:'s| is| are)? (?=\w)"
_BASE_ONLY = (
    r"\b(?:only|just) (?:with )?the base(?: model)?\b|\bbase(?: model)? (?:only|alone)\b|\bwith the base model\b"
)
_SET_SEED = r"[,;(\s]*\b(?:with )?seed ?[=:]? ?(\d{1,9})\)?"
_SET_STRENGTH = r"[,;(\s]*\b(?:(?:at|with) )?(?:strength ?[=:]? ?(\d(?:\.\d+)?)|(\d(?:\.\d+)?) strength)\)?"


def clip(arguments: Arguments, text: str, said: str, _facts: Facts) -> Arguments:
    """The arguments of generate_clip with what the sentence says outright."""
    arguments = spelled_out.clip(arguments, text, said)
    if arguments.get("stack"):
        arguments = arguments | {"stack": spelled_out.each_strength(arguments["stack"], text)}
    prompt = str(arguments.get("prompt") or "")
    if not arguments.get("seed") and (seed := search(_SET_SEED, text)):
        arguments = arguments | {"seed": int(seed[1])}
    prompt = re.sub(_SET_SEED, "", prompt, flags=re.IGNORECASE)
    shared = not {"strength", "stack", "loras"} & arguments.keys()
    if shared and (found := search(_SET_STRENGTH, text)) and (strength := float(found[1] or found[2])) <= 2:
        arguments = arguments | {"strength": strength}
        prompt = re.sub(_SET_STRENGTH, "", prompt, flags=re.IGNORECASE)
    if shared and search(_BASE_ONLY, text):
        arguments = arguments | {"strength": 0.0}
    if search(r"\b(?:with|w/) (?:sound|audio)\b", text):
        arguments = arguments | {"with_sound": True}
    for taken_off in (_CLIP_OF, _SOMEBODY):
        prompt = re.sub(taken_off, "", prompt.strip(" ,;"), flags=re.IGNORECASE) or prompt
    return arguments | ({"prompt": prompt.strip(' ,;"”“')} if prompt.strip(' ,;"”“') else {})


def compared(arguments: Arguments, text: str, said: str, facts: Facts) -> Arguments:
    """Those of compare_clips: also which steps, and whether the base model is shown beside them."""
    steps = search(r"\b(?:steps|checkpoints|ckpts) ((?:\d+(?:, ?(?:and )?| and | & )?){2,})", text)
    if steps and not arguments.get("steps"):
        arguments = arguments | {"steps": [int(step) for step in re.findall(r"\d+", steps[1])], "with_base": False}
    if search(r"\b(?:without|no|not) (?:the )?base\b", text):
        arguments = arguments | {"with_base": False}
    elif arguments.get("with_base") is False and search(
        r"\b(?:to|vs|against|with|and|next to|beside) (?:the )?base\b", text
    ):
        arguments = without(arguments, "with_base")
    kept = clip(each(arguments, text), text, said, facts)
    return without(kept, "strength", "with_sound")


def each(arguments: Arguments, text: str) -> Arguments:
    """With the strength that is said for each LoRA."""
    loras = arguments.get("loras")
    return arguments | ({"loras": spelled_out.each_strength(loras, text)} if loras else {})


def without(arguments: Arguments, *names: str) -> Arguments:
    """All but these arguments."""
    return {key: value for key, value in arguments.items() if key not in names}
