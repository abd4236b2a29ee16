"""The arguments of a tool from a sentence, where what is wanted is known already (from the learned reader).

Each function takes the arguments' shape that was guessed (see learned.intents: figures that are said are '#', own
words '*') and gives the arguments, or the question that asks for what is missing.
"""

import re
from collections.abc import Callable
from typing import Any

from . import arguments_studio, candidates, clips_talk, goals, questions
from .captions_talk import caption_calls
from .changes import wanted_changes
from .files import file_calls
from .learned.features import numbers_in
from .named_ids import CODE
from .orders_talk import orders_in
from .patterns import search
from .reading import Facts, query
from .replaced_words import replaced
from .spelling import normal
from .subjects import noun_of, odd_word

Shape = dict[str, Any]
Given = dict[str, Any] | str
_FILE = r"\b(?:itm_[0-9a-f]{4,}|[\w.-]+\.(?:jpe?g|png|webp|mp4|mov))\b"


_FOUND = {  # words that a finding goes by
    "blurry": r"\bblur\w*|sharp|\bsoft|focus|\bfuzz\w*|\bshak\w*|\bwobbl\w*",
    "small_resolution": r"\bsmall|\btiny\b|\btitchy\b|\blow|\bres\b|resolution|thumbnail|pixel|\bstamps?\b|\bminimum\b",
    "near_duplicates": r"dup\w*|\bdoubles?\b|\btwins?\b|alike|\bsame\b|similar|identical|resembl|\brepeat",
    "exact_duplicates": r"\bexact|\bidentical|\bcop(?:y|ies)\b|\bbyte|\bduplicates?\b",
    "clip_too_short": r"\bshort|\bbrief|\bseconds?\b|\blong enough\b",
    "unreadable": r"\bread|\bopen|\bcorrupt|\bbroken\b|\bdamaged?\b|\bload",
    "cut_in_clip": r"\bcuts?\b|\bscene|\bjump cut",
}


_AS_ADVISED = r"\b(?:flag\w*|advi[sc]\w*|suggest\w*|recommend\w*|you|your|bad|worst|all)\b"


def arguments_of(name: str, shape: Shape, said: str, facts: Facts, uploads: list[str]) -> Given:
    """Arguments of one call, or a short question for what the sentence does not say."""
    text, said = normal(said), " ".join(said.split())
    if name == "add_files":
        return {"uploads": uploads} if uploads else {}
    if find := _FINDERS.get(name):
        return find(shape, text, said, facts)
    return arguments_studio.arguments_of(name, shape, text, said, facts, uploads)


def _closed(shape: Shape) -> Shape:
    """The part of a shape that needs nothing of the sentence."""
    return {key: value for key, value in shape.items() if value not in ("#", "*")}


def _look_up(_shape: Shape, _text: str, said: str, _facts: Facts) -> Given:
    return {"query": query(said)}


def _explain(shape: Shape, text: str, _said: str, _facts: Facts) -> Given:
    asked = questions.field_asked(text) if shape else None
    return {"field": asked} if asked else _closed(shape)


def _recipe(shape: Shape, text: str, said: str, facts: Facts) -> Given:
    recipe = shape.get("recipe")
    if recipe is None:
        return "What is it: a character, a face, a style, a motion or an effect?"
    found: Shape = {"recipe": recipe}
    noun = (goals.recipe_wanted(text) or (None, None))[1] or noun_of(text)
    if recipe == "character" and noun and "trigger" not in shape:
        found["noun"] = noun
    if "trigger" in shape:
        found["trigger"] = goals.own_trigger(text, said) or odd_word(said)
        if not found["trigger"]:
            return "Which word shall call it, and what is it: a character, a face, a style, a motion or an effect?"
    return found


def _change(shape: Shape, text: str, said: str, _facts: Facts) -> Given:
    wanted = wanted_changes(text)
    found = dict(wanted.arguments)
    missing = {key: value for key, value in shape.items() if key != "only_show" and key not in found}
    if missing:
        found |= _from_shape(missing, said, found)
    if not found:
        return wanted.question or "What should change in the plan, and to what? For example “rank 64” or “500 steps”."
    return found | ({"only_show": True} if shape.get("only_show") else {})


def _from_shape(shape: Shape, said: str, known: Shape) -> Shape:
    """What the guessed shape says, its figures taken from the sentence in their order."""
    used = [float(value) for value in known.values() if isinstance(value, int | float)]
    figures = [number for number in numbers_in(said) if number not in used]
    open_keys = [key for key, value in shape.items() if value == "#"]
    if len(figures) != len(open_keys) or (known and open_keys):
        return _closed(shape) if not open_keys else {}
    values = {
        key: number / 100 if key.endswith(("_share", "_dropout", "_preservation")) and number > 1 else number
        for key, number in zip(open_keys, figures, strict=True)
        if not key.endswith("_factor")
    }
    return _closed(shape) | {key: int(value) if value == int(value) else value for key, value in values.items()}


def _propose(shape: Shape, text: str, _said: str, _facts: Facts) -> Given:
    return wanted_changes(text).only("preset", "base") or _closed(shape)


def _excluded(shape: Shape, text: str, said: str, facts: Facts) -> Given:
    back = {"excluded": False} if shape.get("excluded") is False else {}
    if names := re.findall(_FILE, said):
        return {"items": names} | back
    from_rules = [arguments for name, arguments in file_calls(text, facts) if name == "set_excluded"]
    if from_rules:
        return from_rules[0] | back
    finding = str(shape.get("finding") or "")
    there = [name for name in facts.get("findings") or [] if search(_FOUND.get(name, "(?!)"), text)]
    if shape.get("advised") and len(there) == 1 and not search(_AS_ADVISED, text):
        return {"finding": there[0]} | back
    if shape.get("advised") or re.search(r"\b(?:harm\w*|hurt\w*|spoil\w*|ruin\w*|mess\w* up)\b", text):
        return {"advised": True} | back
    if finding in (facts.get("findings") or []) and search(_FOUND.get(finding, "(?!)"), text):
        return _closed(shape)  # a finding is only taken from likeness where the sentence has its word
    return "Which files? Name them, or say “leave out the ones you flagged”."


def _audit(shape: Shape, _text: str, _said: str, _facts: Facts) -> Given:
    return _closed(shape)


def _count(_shape: Shape, _text: str, said: str, _facts: Facts) -> Given:
    figures = [int(number) for number in numbers_in(said) if 1 <= number <= 99]
    return {"count": figures[0]} if len(figures) == 1 else {}


def _edit(_shape: Shape, text: str, said: str, _facts: Facts) -> Given:
    calls = [arguments for name, arguments in caption_calls(text) if name == "edit_caption"]
    if calls:
        return calls[0]
    names = re.findall(_FILE, said)
    if len(names) != 1:
        return "Whose caption, and what should it say? For example “the caption of a.png should be: a cat asleep”."
    after = re.split(re.escape(names[0]), said, maxsplit=1)[1]
    words = re.search(
        r"(?:\bcaption\b)?.*?(?:\b(?:should (?:be|say|read)|must (?:be|say)|make it|to say|saying|reads?|says?|into|to"
        r"|with|as|is|be)\b:?|[:=]|->|→)\s*[\"'“]?(?P<words>\S.+?)[\"'”]?[.!]?$",
        after,
        re.IGNORECASE,
    )
    if words is None:
        return f"What should the caption of {names[0]} say?"
    return {"item": names[0], "caption": words["words"]}


def _replace(shape: Shape, _text: str, said: str, _facts: Facts) -> Given:
    accept = {"accept": True} if shape.get("accept") else {}
    given = replaced(said, accept=bool(accept), removed="replace" not in shape)
    quoted = re.findall(r"[\"“]([^\"”]+)[\"”]", said)
    word = re.search(r"\bwords? ([\w-]+)", said)
    if isinstance(given, str) and len(quoted) == 2 and "replace" in shape:
        return {"find": quoted[0], "replace": quoted[1]} | accept
    if isinstance(given, str) and "replace" not in shape and (len(quoted) == 1 or word):
        return {"find": quoted[0] if len(quoted) == 1 else str(word and word[1])} | accept
    return given


def _split(shape: Shape, text: str, said: str, facts: Facts) -> Given:
    names = re.findall(_FILE, said)
    found: Shape = {"items": names} if names else {}
    if shape.get("undo"):
        return found | {"undo": True}
    plain = shape.get("accept") and not search(clips_talk.UNSURE, text)
    return found | ({"accept": True} if plain else {})


def _candidates(_shape: Shape, text: str, said: str, _facts: Facts) -> Given:
    return candidates.wanted(text, said)


def _undo(_shape: Shape, text: str, said: str, _facts: Facts) -> Given:
    figures = [int(number) for number in numbers_in(said) if 1 < number <= 50]
    if search(r"\b(?:both|twice)\b", text):
        return {"times": 2}
    return {"times": figures[0]} if figures else {}


def _order(shape: Shape, text: str, said: str, _facts: Facts) -> Given:
    if orders := orders_in(text):
        return orders[0]
    figures = numbers_in(said)
    if shape.get("value") == "#":
        if len(figures) != 1:
            return "When exactly? For example “tell me at half time” or “stop at step 200”."
        return _closed(shape) | {"value": figures[0] / 100 if shape.get("when") == "progress" else figures[0]}
    return _closed(shape) if {"when", "do"} <= shape.keys() else "When, and should I tell you or stop it?"


def _named_id(prefix: str, key: str) -> Callable[[Shape, str, str, Facts], Given]:
    def find(_shape: Shape, _text: str, said: str, _facts: Facts) -> Given:
        named = re.search(rf"\b{prefix}_\w+", said)
        return {key: named[0]} if named else {}

    return find


def _finding(shape: Shape, text: str, _said: str, facts: Facts) -> Given:
    found = [entry["id"] for entry in facts.get("found") or []]
    if shape.get("finding") in found:
        return {"finding": shape["finding"]}
    named = next((name for name in found if name in text), None)
    return {"finding": named} if named else {}


def _shared(_shape: Shape, text: str, _said: str, _facts: Facts) -> Given:
    look_only = search(r"\b(?:only|just|not|no|can't|cannot|read)\b", text)
    change = search(r"\b(?:chang\w+|edit\w*|collaborat\w*|contribut\w*|work(?:ing)? on|join in|launch)\b", text)
    days = search(r"\b([1-9]\d?) days?\b", text)
    role = {"role": "change"} if change and not look_only else {}
    return role | ({"days": int(days[1])} if days and int(days[1]) <= 90 else {})


def _joined(_shape: Shape, _text: str, said: str, _facts: Facts) -> Given:
    code = re.search(CODE, said)
    return {"code": code[0]} if code else "Which code? It begins with “join-”; the project's owner can make one."


def _removed(_shape: Shape, text: str, said: str, _facts: Facts) -> Given:
    if invitation := re.search(r"\binv_\w+", said):
        return {"invitation": invitation[0]}
    if person := re.search(r"\b[a-z]{2,12}:[\w.-]+", said):
        return {"person": person[0]}
    if search(r"\bleave\b|\b(?:get|take) me out\b|\bi (?:want|would like) out\b", text):
        return {"person": "me"}
    return "Who, or which invitation? “Who is in this project?” shows their ids, such as web:anna."


_FINDERS: dict[str, Callable[[Shape, str, str, Facts], Given]] = {
    "look_up": _look_up,
    "explain_plan": _explain,
    "choose_recipe": _recipe,
    "change_plan": _change,
    "propose_plan": _propose,
    "set_excluded": _excluded,
    "audit_dataset": _audit,
    "write_captions": _audit,
    "make_control_clips": _audit,
    "show_captions": _count,
    "edit_caption": _edit,
    "replace_in_captions": _replace,
    "split_clips": _split,
    "make_candidates": _candidates,
    "undo_plan": _undo,
    "set_standing_order": _order,
    "cancel_standing_order": _named_id("ord", "order"),
    "revoke_approval": _named_id("apr", "approval"),
    "withdraw_consent": _named_id("con", "consent"),
    "apply_finding": _finding,
    "share_project": _shared,
    "join_project": _joined,
    "remove_member": _removed,
}
