"""Files that are to stay, or to be taken back: 'the bad ones except a.png', 'put back the ones you took out'."""

import re
from collections.abc import Callable
from typing import Any

from .file_words import OUT
from .patterns import search, sub
from .reading import Call, Facts, Reading, ask

Calls = list[tuple[str, dict[str, Any]]]
NAMED = r"\b(?:itm_[0-9a-f]{4,}|[\w.-]+\.(?:jpe?g|png|webp|tiff?|mp4|mov))\b"
_VERBS = r"(?:take|took|taken|leave|left|put|set|throw|threw|thrown|kick(?:ed)?|sort(?:ed)?|drop(?:ped)?|remove[ds]?"
_TAKEN_OUT = re.compile(  # which files are meant, and not what is to be done with them
    r"\b(?:ones?|files?|pictures?|photos?|images?|clips?|videos?|those|them|what(?:ever)?|everything|all)"
    r"(?: (?:that|which))? (?:you|we|i)(?:'ve| have| had|'d)? (?:just |all )?(?:told (?:me|us) to )?"
    rf"{_VERBS}|excluded|flagged|discarded|deleted|skipped|omitted)(?: (?:them|these))?(?: (?:out|aside|away|off))?\b"
)
_BY_YOU = re.compile(r"\b(?:you|we)(?:'ve| have| had|'d)? (?:just |all )?\w+")
BACK = (
    r"\b(?:put|take|bring|add|include|use|want|need|get|have|keep|let)\b.*(?<!the )\bback\b(?! (?:views?|sides?"
    r"|shots?))"
    r"|\b(?:re-?include|restore|reinstate|re-?add|un-?exclude|readmit)\b"
    r"|\b(?:include|use|add)\b .*\b(?:again|after all)\b"
)
_CUE = re.compile(  # what follows stays as it is
    r"[,;]? *\b(?:except(?:ing)?(?: for| that)?|apart from|aside from|other than|besides|save for|but for|with the"
    r" exception of|(?:but|and|yet) (?:please )?(?:not|keep|leave(?! (?:\S+ ){0,4}?(?:out|aside|away|off)\b)|spare"
    r"|never|don't \w+|do not \w+)|all but"
    r"|(?<=[,;] )(?:not|keep|but|spare|don't \w+|do not \w+))\b"
)
_FIRST = re.compile(  # the same with the exception said first
    r"^(?:please )?(?:except(?: for)?|apart from|aside from|other than|besides|but for|keep)\b(?P<stays>.*?)"
    r"(?:,(?: but| and)?| but| and) (?P<rest>(?:please )?(?:leave|drop|remove|throw|set|take|exclude|skip|put"
    r"|bring)\b.*)$"
)
_THE_REST = r"^ *(?:all )?(?:the )?(?:rest|others?|remaining|good ones)\b"
_SOME_FILES = (
    rf"{NAMED}|^ *(?:(?:the|my|any|those|these|all|of|with|very) )*(?:[\w-]+ ){{0,2}}?"
    r"(?:ones?|files?|pictures?|photos?|images?|clips?|videos?|shots?|drawings?)\b"
)
_BESIDE_NAMES = (
    rf"{NAMED}|\b(?:and|or|the|files?|pictures?|clips?|please|for|that|stays?|is|are|fine|in|also|too|it)\b|\W"
)
_WHICH_STAY = "Which files are to stay as they are? Name them, such as “leave out the ones you flagged except a.png”."


def without_which(text: str) -> str:
    """The sentence without the words that only tell which files are meant: 'the ones that you took out'."""
    return _TAKEN_OUT.sub("ones", text)


def you_took_out(text: str) -> bool:
    """Are files meant by that Sidekick set them aside?"""
    found = _TAKEN_OUT.search(text)
    return found is not None and _BY_YOU.search(found[0]) is not None


def parted(text: str) -> tuple[str, str] | None:
    """What is to be done with files, and which are excepted from it; None where none are."""
    if first := _FIRST.match(text):
        done, stays = first["rest"], first["stays"]
    elif (cue := _CUE.search(text)) and cue.start():
        done, stays = text[: cue.start()].rstrip(" ,;"), text[cue.end() :]
    else:
        return None
    return (done, stays) if search(_SOME_FILES, stays) or search(_THE_REST, stays) else None


def with_exceptions(text: str, facts: Facts, set_aside: Callable[[str, Facts], Calls]) -> Reading | None:
    """Files set aside, or taken back, but for some; a question where that cannot be said by calls."""
    both = parted(text)
    if both is None or search(r"\?|\b(?:if|unless|maybe|perhaps|should i|why|how)\b|\"", text):
        return None
    done, stays = both
    calls = set_aside(done, facts)
    others = set_aside(sub(r"\bnear ones\b", "near duplicates", f"leave out {stays}"), facts)
    if search(_THE_REST, stays) or (_by_flaw(calls) and _by_flaw(others) and calls != others):
        return Reading(tuple(Call(*call) for call in calls)) if calls else None
    if not calls and not (search(OUT, done) and search(NAMED, stays)):
        return None
    found = _without(calls, stays)
    return Reading(tuple(Call(*call) for call in found)) if found else ask(_WHICH_STAY)


def _by_flaw(calls: Calls) -> bool:
    return bool(calls) and all("finding" in arguments for _, arguments in calls)


def _without(calls: Calls, stays: str) -> Calls | None:
    """The calls without the files that stay. Which files a flaw is about is not known here by name: all of them are set
    aside, and those that stay taken back."""
    kept = re.findall(NAMED, stays)
    if not kept or len(calls) != 1 or sub(_BESIDE_NAMES, "", stays):
        return None
    name, arguments = calls[0]
    if "items" not in arguments:
        back: dict[str, Any] = {} if arguments.get("excluded") is False else {"excluded": False}
        return [(name, arguments), (name, {"items": kept} | back)]
    items = [item for item in arguments["items"] if item not in kept]
    return [(name, arguments | {"items": items})] if items else None
