"""Sentences about LoRAs and what is made with several: do they get along, stack, merge, begin from a picture."""

import re
from typing import Any

from . import lora_names, questions
from .compare_talk import GENERAL, compare_talk
from .lora_files_talk import DENIED, LORA, handed_over, lists, lora_files_talk
from .lora_names import Named, named
from .patterns import search, sub
from .reading import Call, Facts, Reading, about, ask
from .scenes import EXAMPLE, scene, seed_in, with_scene

ASKED = "studio_asked"  # among the facts while our last answer was a question: the call that it would complete

_ALONG = (
    r"\b(?:get|go|work|fit|play)s?(?: \w+)? (?:along|together|with each other|well together)\b|\bclash\w*|\binterfer\w+"
    r"|\bconflict\w*|\b(?:get|stand) in (?:each other's|the) way\b|\bcompatible\b|\bharmoni[sz]e\b"
    r"|\b(?:hurt|harm|disturb|affect|bite|fight|spoil|damage)s? each other\b|\bfight(?:s|ing)?[?. ]*$|\bget on\b"
)
_MAY_I = (
    r"^(?:(?:and|so|ok|hm+|then) )*(?:can|could|may|should|is it (?:ok|safe|possible) to) (?:i |we )?.*"
    r"\b(?:stack|combine|mix|use|load|pair)e?d?\b"
)
_WHAT_IF = r"\b(?:what happens|what if|if (?:i|we))\b"
_MERGE = (
    r"\bmerg(?:e|ing)\b|\b(?:make|create|get|produce|build) (?:me )?(?:one|a single|1) (?:lora |single )?(?:file "
    r"|lora )?(?:out )?(?:of|from)\b"
    r"|\b(?:combine|bake|fuse|melt|join|make|turn|put)\b.*\b(?:in)?to (?:one|a single)\b(?: (?:lora|file))?"
)
_METHOD = r"\b(cat|svd|linear|ties|dare[_ -]linear|dare[_ -]ties)\b"
_TITLE = re.compile(r"\b(?:call|name) (?:it|that|the (?:file|lora|result)) ['\"“]?(?P<title>[^'\"”.]{1,100})", re.I)
_OF_THEM = (
    r"\b(?:these|those|the|my|our|both|all|they|them)\b.*(?:\bloras?\b|\b(?:two|2|both|they|them)\b)|\b(?:they|both)\b"
)
_OTHER = (
    r"\b(?:plan|captions?|training|train|rank|learning rate|recipe|verify|check|compare|as the trigger|trigger word"
    r"|results?|scores?|report|difference)\b"
)
_MAKE = r"\b(?:clip|video|use|with|make|show|put|generate|render|create|draw|try|test|stack|combine|mix|take)\b"
_SEVERAL = (
    r"\b(?:use|stack|combine|mix|with|put)\b.*\b(?:them together|both|(?:these|those|all|my|the two) (?:two )?loras)\b"
)
_PICTURE = r"(?:picture|photo|image|drawing)"
_FIRST = (
    rf"\b(?:as|for|is) (?:the |its |a |my )?(?:first|start(?:ing)?|opening|initial) (?:frame|{_PICTURE})\b"
    r"|\b(?:start|begin|starts|begins|starting|beginning)(?: the (?:clip|video))? (?:from|with|at|on)\b"
    rf"|\b{_PICTURE}[- ]to[- ]video\b|\banimate\b|\bbring .* to life\b"
)
_REFERENCE = rf"\b(?:as|for) (?:the |a |its |my )?reference(?: (?:{_PICTURE}|clip|video))?\b"
_SHOWN = re.compile(r"\b(?:itm_[0-9a-z]{1,60}|upl_[0-9a-z]{1,60}|[\w-]{1,120}\.(?:jpe?g|png|webp|mp4|mov))\b", re.I)


def studio_talk(text: str, said: str, facts: Facts, uploads: list[str]) -> Reading | None:
    """What a sentence wants of LoRAs and of clips with several; None when it is about something else."""
    said = " ".join(said.split())
    fresh = [name for name in uploads if name in (facts.get("waiting_loras") or [])]
    pictures = [name for name in uploads if name not in fresh]
    if facts.get(ASKED) and not uploads and (done := _completed(text, said, facts)) is not None:
        return done
    if lists(text):
        return Reading((Call("list_loras"),))
    if fresh and not pictures:
        return handed_over(text, said, fresh)
    given = named(said, facts)
    if (shown := _from_picture(text, said, given, facts, pictures)) is not None or pictures:
        return shown
    for rule in (_merge, _along, compare_talk, _together):
        if (reading := rule(text, given, facts)) is not None:
            return reading
    return lora_files_talk(text, said, given, facts)


def _completed(text: str, said: str, facts: Facts) -> Reading | None:
    """The answer to our question: LoRAs where it asked which, a scene where it asked for one."""
    name, arguments = str(facts[ASKED]["name"]), dict(facts[ASKED]["arguments"])
    if questions.asks(text) or search(DENIED, text) or len(text) > 400:
        return None
    if name in ("merge_loras", "measure_interference") or "prompt" in arguments:
        given = named(said, facts)
        joining = r"\b(?:and|with|the|please|yes|ok|plus|at|both|these|those|two|loras?)\b|[\W\d]"
        said_more = sub(joining, " ", given.rest.lower()).strip()
        return _stacked(name, given, arguments) if len(given.loras) >= 2 and not said_more else None
    if search(r"\bstrength\b", text):
        return None  # more than a scene: a sentence of its own
    seed, rest = seed_in(said)
    words = scene(rest)
    if not words:
        return None
    return Reading((Call(name, arguments | ({} if seed is None else {"seed": seed}) | {"prompt": words}),))


def _merge(text: str, given: Named, facts: Facts) -> Reading | None:
    """Several into one file. A condition or a question measures first: merging takes a plain word."""
    if not search(_MERGE, text) or not (search(LORA, text) or given.loras or search(r"\bmerg", text)):
        return None
    if search(DENIED, text):
        return ask("All right, nothing is merged.")
    if search(r"\b(?:maybe|perhaps|later|tomorrow|some ?day|might|should i|should we)\b", text):
        return ask("Nothing is merged. Say “merge …” with their names when you want it.")
    asked = questions.asks(text)
    if asked and (search(GENERAL, text) or len(given.loras) < 2):
        return None
    if asked or search(r"\b(?:if|unless|when)\b", text):
        call = Call("measure_interference")
    else:
        call = Call("merge_loras", _how_merged(text, given.rest))
    if len(given.loras) < 2:
        return _which(facts, call, "Which LoRAs do you mean?")
    return _stacked(call.name, given, call.arguments)


def _how_merged(text: str, rest: str) -> dict[str, Any]:
    title = _TITLE.search(rest)
    if title:
        text = text.replace(title[0].lower(), " ")  # a file may be called 'rainy cat'
    method, rank = search(_METHOD, text), search(r"\brank(?: of)? (\d{1,3})\b", text)
    how: dict[str, Any] = {}
    if method:
        how["method"] = sub(r"[ -]", "_", method[1])
    elif rank or search(r"\bsmall(?:er)?\b", text):
        how["method"] = "svd"
    if rank:
        how["rank"] = int(rank[1])
    return how | ({"title": title["title"].strip()} if title else {})


def _along(text: str, given: Named, facts: Facts) -> Reading | None:
    """Do they get in each other's way? Also asked as 'can I stack X and Y?'."""
    asked = search(_MAY_I, text)
    if asked and not given.loras and search(LORA, text) and not search(_ALONG, text):
        return Reading((about(text),))  # about LoRAs as such
    may = len(given.loras) >= 2 and ((asked and not scene(given.rest)) or search(_WHAT_IF, text))
    if not (may or search(_ALONG, text)) or search(GENERAL, text):
        return None
    files_only = search(r"\b(?:without|no) clips\b|\b(?:only|just) the (?:files|weights)\b|\bquick", text)
    extra = {"with_clips": False} if files_only else {}
    if len(given.loras) >= 2:
        return _stacked("measure_interference", given, extra)
    if search(_OF_THEM, text):
        return _which(facts, Call("measure_interference", extra), "Which two do you mean?")
    return None


def _which(facts: Facts, call: Call, question: str) -> Reading:
    there = lora_names.known(facts)
    if len(there) < 2:
        only = f"There is only one LoRA here, {lora_names.listed(facts)}." if there else "There is no LoRA here yet."
        return ask(f"{only} For that it takes two: train another, or hand me a .safetensors file.")
    return ask(f"{question} There are: {lora_names.listed(facts)}. Add a strength if you like, such as “at 0.8”.", call)


def _stacked(name: str, given: Named, extra: dict[str, Any]) -> Reading:
    if given.too_many or given.too_strong:
        return ask(lora_names.LIMITS)
    return Reading((Call(name, {"stack" if name == "generate_clip" else "loras": given.stack} | extra),))


def _together(text: str, given: Named, facts: Facts) -> Reading | None:
    """A clip with a stack, or with another LoRA than the newest."""
    if search(DENIED, text) or questions.asks(text) or search(_OTHER, text):
        return None
    if not given.loras:
        words = scene(given.rest) if search(_SEVERAL, text) and lora_names.known(facts) else ""
        return _which(facts, Call("generate_clip", {"prompt": words}), "Which ones do you mean?") if words else None
    newest = lora_names.known(facts)[:1]
    name, strength = given.loras[0]
    if len(given.loras) == 1:
        if newest and newest[0][0] == name and "lora_" not in text:
            return None  # the usual way: the newest is taken where none is named
        if not search(_MAKE, text):
            return None
    if given.too_many or given.too_strong:
        return ask(lora_names.LIMITS)
    one: dict[str, Any] = {"lora": name} | ({} if strength is None else {"strength": strength})
    return with_scene("generate_clip", {"stack": given.stack} if len(given.loras) > 1 else one, given.rest, facts)


def _from_picture(text: str, said: str, given: Named, facts: Facts, pictures: list[str]) -> Reading | None:
    """A clip that begins with a picture, or follows a reference."""
    kind = "image" if search(_FIRST, text) else "reference" if search(_REFERENCE, text) else None
    if kind is None or not (facts.get("run") or lora_names.known(facts)):
        return None
    if search(DENIED, text) or questions.asks(text):
        return None
    if len(pictures) > 0 and kind == "image" and search(r"\b(?:pictures|photos|images|files|clips|more)\b", text):
        return None  # files for the set
    names = [*pictures, *(found[0] for found in _SHOWN.finditer(said))]
    if not names:
        mine = search(rf"\b(?:my|this|that|the|a) (?:own )?{_PICTURE}\b", text)
        return ask("Which picture? Attach it, or name a file of your set by its id (itm_…).") if mine else None
    if len(names) > 1:
        return ask("One picture at a time, please. Which one?")
    rest = _SHOWN.sub(" ", given.rest)
    rest = re.sub(_FIRST, " ", re.sub(_REFERENCE, " ", rest, flags=re.I), flags=re.I)
    if ":" not in rest:
        rest = re.sub(rf"^.*?\b(?:clips?|videos?|{_PICTURE}s?|frames?)\b(?! of)", " ", rest, flags=re.I)
    arguments: dict[str, Any] = {kind: names[0]}
    if len(given.loras) == 1:
        name, strength = given.loras[0]
        arguments |= {"lora": name} | ({} if strength is None else {"strength": strength})
    elif given.loras:
        arguments["stack"] = given.stack
    question = f"What should happen in the clip? Say it in a few words, {EXAMPLE}."
    return with_scene("generate_clip", arguments, rest, facts, question=question)
