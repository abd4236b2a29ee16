"""Parts of the plan that are turned on and off or chosen by name: sound, references, proportions, memory."""

import re
from typing import Any

from .patterns import search, split

_NO = (
    r"(?:no|exclude|forget|mute|leave out|ditch|kill|don't train on|do not train on|don't learn|not learn"
    r"|without|turn(?:ed)? off|switch off|disable|drop|remove|stop using|don't use|do not use|ignore|skip)"
)
_ON = r"(?:with|use|using|turn on|switch on|enable|include|add|train(?: on)?|learn|keep|do)"
_SOUND = r"(?:the |their |its |his |her |my )?(?:clips?'? )?(?:sounds?|audio|voices?|soundtracks?)"
_REFERENCES = (
    r"(?:the |any )?(?:reference (?:images?|pictures?|clips?|tokens?|training)|references|in[ -]context(?: training)?)"
)
_ASPECT = (
    r"(?:the |their |its |each (?:file|clip|picture)'s )?(?:own |original )?(?:aspect(?: ratios?)?|proportions|shapes?)"
)
_RATE = r"(?:the |their |its |each clip's |the clips' )?(?:own |original |native )?(?:frame[ -]?rates?|fps)"
_CHECKPOINTING = r"(?:the )?(?:gradient[ _-])?checkpointing"

# (pattern, arguments); the first that is found of each argument counts, so the negative comes first
_SWITCHES: tuple[tuple[str, dict[str, Any]], ...] = (
    (rf"\b(?:turn|switch|leave|keep) {_SOUND} (?:off|out|away)\b|\b{_NO} {_SOUND}\b|\b(?:silent|mute"
     rf"|pictures?) only\b", {"with_audio": False}),
    (rf"\b(?:turn|switch) {_SOUND} on\b|\b{_ON} {_SOUND}(?: too| as well)?\b", {"with_audio": True}),
    (rf"\b{_NO} {_REFERENCES}\b", {"reference": "none"}),
    (r"\b(?:use|with|train on) (?:the |my )?(?:start(?: and |/|-| )end |reference )?pairs\b"
     r"|\bbefore[ /-]?(?:and[ -])?after pairs\b|\b(?:use|with) (?:the )?control clips?\b", {"reference": "pair"}),
    (r"\b(?:another|a second|a different|other) (?:picture|photo|image)s? of (?:the same character|the same subject"
     r"|the same cat)\b",
     {"reference": "same_subject"}),
    (r"\breference (?:none|off)\b|\b(?:turn|switch) (?:the )?references? off\b", {"reference": "none"}),
    (r"\bpair ref(?:erence)?s\b|\bpairs? as (?:the |a )?references?\b", {"reference": "pair"}),
    (r"\banother (?:picture|photo|image) of (?:the same|him|her|them|it|(?:the|my"
     r"|our) \w+)\b(?: \w+)* as (?:a )?reference\b"
     rf"|\b{_ON} {_REFERENCES}\b", {"reference": "same_subject"}),
    (r"\b(?:don't|do not|never|no) crop\w*\b|\b(?:don't|do not|never) cut (?:my|the|any) (?:files|pictures|images)\b"
     rf"|\bkeep {_ASPECT}\b|\bwithout cropping\b", {"keep_aspect": True}),
    (r"\bcrop (?:them |it |everything |all )?(?:all )?(?:to|into) (?:a |the )?(?:square|same (?:size|shape))s?\b",
     {"keep_aspect": False}),
    (rf"\b(?:keep|leave|leave \w+(?: \w+)? at) {_RATE}\b|\b{_RATE} (?:stays?|as (?:it is|they are|is))\b|\bown"
     rf" {_RATE}\b|\b(?:don't|do not|never) (?:change|touch) {_RATE}|\b(?:don't|do not|no) resampl\w+\b",
     {"resample_fps": False}),
    (rf"\bresample (?:{_RATE}|the clips|all clips|them)\b|\b(?:the )?same (?:frame[ -]?rate|fps) for all\b|\bone"
     rf" frame[ -]?rate for\b", {"resample_fps": True}),
    (rf"\b{_NO} {_CHECKPOINTING}|\b(?:turn|switch|leave|keep) {_CHECKPOINTING} (?:back )?off\b|\b{_CHECKPOINTING}:?"
     rf" (?:off|false)\b",
     {"gradient_checkpointing": False}),
    (rf"\b(?:turn|switch|leave|keep) {_CHECKPOINTING} (?:back )?on\b|\b{_CHECKPOINTING}:? (?:on|true)\b",
     {"gradient_checkpointing": True}),
    (r"\b(?:no|without|drop|skip) class preservation\b|\bclass preservation (?:off"
     r"|none)\b", {"class_preservation": 0.0}),
    (r"\b(?:no|without|drop|skip) ema\b|\bema (?:off|none)\b|\b(?:turn|switch) (?:the )?ema off\b", {"ema_decay": 0.0}),
    (rf"\b{_NO} gradient checkpoint\w*", {"gradient_checkpointing": False}),
    (rf"\b{_ON} gradient checkpoint\w*", {"gradient_checkpointing": True}),
    (r"\boffload\w*\b", {"memory": "offload"}),
    (r"\b(?:int4|nf4|4[ -]?bits?)\b", {"memory": "int4"}),
    (r"\b(?:int8|8[ -]?bits?)\b", {"memory": "int8"}),
    (r"\b(?:full precision|unquanti[sz]ed)\b|\b(?:no|without) quanti[sz]\w+\b", {"memory": "full"}),
)  # fmt: skip
_EDGE = r"(?:32|64|96|\d{3,4})(?! ?%)"  # two digits only where a base takes them as a size
_NOT_SIZES = r"(?! ?(?:steps|frames|fps|gb|gigabytes|minutes|seconds|hours|files|pictures|images|clips|%))"
_SQUARE = rf"{_EDGE}(?: ?(?:x|by|×) ?{_EDGE})?"
_ALSO = re.compile(
    rf"\b(?:also|additionally|as well|too)\b(?: train)?(?: it| them)? (?:at|in) ({_EDGE})\b(?: ?(?:p|px|pixels))?"
    rf"{_NOT_SIZES}|\b(?:at|in) ({_EDGE}) (?:as well|too)\b"
)
_SEVERAL = re.compile(
    rf"\b(?:at|in|use|both|resolutions?(?: of)?) {_SQUARE}((?: ?(?:,|and|&|plus)(?: also)?(?: at)?"
    rf" ?{_SQUARE})+)\b{_NOT_SIZES}"
    rf"|^{_EDGE}((?: ?(?:,|and|&|plus) ?{_EDGE})+) ?(?:px|pixels)\b"
)
_ALONE = re.compile(rf"\b(?:only|just) (?:at|in) ({_EDGE})\b(?: ?(?:p|px|pixels))?{_NOT_SIZES}")
_AT = re.compile(
    rf"\btrain(?:ed|ing)?(?: it| them| this)? at ({_EDGE})\b(?! ?(?:x|by|×) ?\d)(?: ?(?:p|px|pixels))?{_NOT_SIZES}"
)
_ONE = re.compile(
    r"\b(?:only|just) (?:1|one|a single) resolution\b|\b(?:no|without) (?:more|other|extra) resolutions?\b"
)


def take_switches(text: str, arguments: dict[str, Any]) -> str:
    """Put what is turned on or off into the arguments; what was read is taken out of the text that is returned."""
    text = _take_resolutions(text, arguments)
    for pattern, found_arguments in _SWITCHES:
        found = search(pattern, text)
        if found and not found_arguments.keys() & arguments.keys():
            arguments |= found_arguments
            text = text[: found.start()] + " , " + text[found.end() :]
    return text


def _take_resolutions(text: str, arguments: dict[str, Any]) -> str:
    if found := _ONE.search(text):
        arguments["more_resolutions"] = []
    elif found := _SEVERAL.search(text):
        edges = [re.findall(r"\d+", part) for part in split(r",|and|&|plus", found[0])]
        if any(len(set(edge)) > 1 for edge in edges):
            return text  # further sizes are squares; others are asked for one by one
        first, *more = (int(edge[0]) for edge in edges if edge)
        arguments |= {"width": first, "height": first, "more_resolutions": more}
    elif found := _ALONE.search(text):
        arguments |= {"width": int(found[1]), "height": int(found[1]), "more_resolutions": []}
    elif found := _ALSO.search(text):
        arguments["more_resolutions"] = [int(found[1] or found[2])]
    elif found := _AT.search(text):
        arguments |= {"width": int(found[1]), "height": int(found[1])}
    else:
        return text
    return text[: found.start()] + " , " + text[found.end() :]
