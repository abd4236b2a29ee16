"""Sentences about the base models: what is here, fetching LTX-2.3, its terms; and about control clips."""

from . import questions
from .conditions import IF
from .patterns import match, search, sub
from .reading import Call, Facts, Reading

_LTX = r"(?:ltx[ -]?(?:video|2\.?3?)?(?: ?(?:dev|model))?|(?:the )?(?:real|big|full|actual|base) (?:base )?models?)"
_MODEL = (
    rf"(?:{_LTX}(?: ?(?:weights|model|base))*|(?:the )?(?:ltx\S* |base |22 ?b )(?:weights|model|one|checkpoint)"
    rf"|(?:the )?22 ?b|(?:the )?large model)\b"
)
_DOWNLOAD = r"\bdownload(?:ing|ed)?\b"
_FETCH = (
    rf"\b(?:download|fetch|get|install|grab|pull|bring|load)\b(?: (?!now\b|lora)\w+){{0,3}} {_MODEL}(?! ?(?:loras?"
    rf"|files?))"
    rf"|\b(?:have|want|get|like|can|may)\b(?: \w+)? {_MODEL}(?: to)?(?: be)? (?:downloaded|fetched|pulled(?: down)?)\b"
    rf"|{_MODEL} (?:can|may|should) (?:now )?be (?:downloaded|fetched|installed|pulled)\b"
    r"|^(?:please |start the |begin the )*download(?: it| the (?:base )?model)?[.!]?$"
)
_TERMS = r"\b(?:accept|agree (?:to|with)|ok with|fine with)\b.*\b(?:licen[sc]e|terms)\b"
_POLITE = (
    r"^(?:please )?(?:can|could|would|will) (?:you|we) (?:please )?(?=(?:download|fetch|get|install|grab|pull|load)\b)"
)
_HERE = (
    rf"\b(?:is|are|do (?:i|we|you) have|have you got|which|what|where)\b.*\b{_LTX}\b.*"
    r"\b(?:here|there|installed|downloaded|ready|available|on this (?:machine|computer))\b"
    r"|\b(?:which|what) (?:base )?models?\b.*\b(?:here|there|installed|ready|available|have|exist|supported?)\b"
    r"|\b(?:status|state) of (?:the )?(?:(?:base )?models?|download)\b|\bmodel status\b"
    r"|\bhow far (?:is|along is) the download\b"
    r"|\b(?:is|how (?:big|large|long) is) the download(?:[.?]*$| (?:done|finished|ready)\b)"
    r"|\bdo (?:i|we) have a (?:gpu|graphics card)\b"
    rf"|\b(?:do|have) (?:i|we|you) (?:have |got )?{_LTX}(?: already| yet)?[?.]?$"
    rf"|\bcan (?:i|we|you|this (?:machine|computer)|my (?:machine|computer|gpu)|it)\b.*\b(?:train|run|use)\b.*\b{_LTX}"
    r"(?:[ ?]*$|.*\b(?:here|on (?:this|my) (?:machine|computer|gpu)|without a gpu)\b)"
)
_STOP = rf"\b(?:stop|cancel|abort|end|halt|break off|interrupt|quit)\b.*{_DOWNLOAD}"
_NOT = r"\b(?:don't|do not|never|not|no need to|without)\b"
_UNSURE = (
    rf"\b(?:{IF}|maybe|perhaps|might|when|once|later|tomorrow|tonight|soon|next week|should|would|how|what"
    r"|why)\b|[\"?]"
)
_KINDS = {"edges": r"\bedges?\b|\boutlines?\b|\bcanny\b", "pose": r"\bposes?\b|\bskeletons?\b", "depth": r"\bdepth\b"}
_CONTROL = r"\bcontrol (?:clips?|videos?|pictures?|images?)\b"
_MAKE = (
    r"\b(?:make|create|draw|generate|produce|extract|add|want|need|compute|prepare|build|use (?:edges|outlines"
    r"|poses?|depth))\b|^(?:the )?(?:edges?|outlines?|poses?|skeletons?|depth)\b"
)
_REMOVE = (
    rf"\b(?:remove|delete|drop|take away|forget|throw (?:away|out)|take(?=.*\b(?:away|out|off)\b)|get rid of"
    rf"|discard|undo)\b.*(?:{_CONTROL}|\breferences\b)"
)


def base_talk(text: str, _said: str, facts: Facts) -> Reading | None:
    """Plain requests open the card or make the clips; a conditional or a question about it does neither."""
    return _models(text) or _controls(text, facts)


def _models(text: str) -> Reading | None:
    if search(_STOP, text) and not search(_NOT, text):
        return Reading((Call("cancel_download"),)) if not search(r"\bif\b|\bwhen\b", text) else None
    if search(_HERE, text):
        return Reading((Call("base_status"),))
    if match(_POLITE, text):
        text = sub(_POLITE, "", text).rstrip("?")
    wanted = search(_FETCH, text) or search(_TERMS, text)
    if not wanted or search(_NOT, text) or search(_UNSURE, text) or questions.asks(text):
        return None
    return Reading((Call("download_base"),))


def _controls(text: str, facts: Facts) -> Reading | None:
    if not (facts.get("images") or facts.get("clips")) or questions.asks(text) or search(_NOT, text):
        return None
    if search(_REMOVE, text):
        return Reading((Call("remove_references"),))
    kinds = [kind for kind, pattern in _KINDS.items() if search(pattern, text)]
    if not search(_MAKE, text) or not search(_CONTROL, text) or search(_UNSURE, text):
        return None
    if len(kinds) > 1:
        return Reading(topic="question", words="One kind at a time: edges, pose or depth?")
    return Reading((Call("make_control_clips", {"kind": kinds[0]} if kinds else {}),))
