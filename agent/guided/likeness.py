"""What a likeness to other sentences alone does not do.

The learned reader sees that a sentence is like others that stopped a training or set a rank. Where the rules read no
such wish, what it would change also takes a word of that wish: 'please stop the emails' stops no training, 'I am 64
years old' sets no rank, and praise of a style chooses no recipe.
"""

from collections.abc import Callable
from typing import Any

from .changes import wanted_changes
from .exceptions import BACK, parted, without_which
from .fields import FIELDS, LENGTH_WORDS
from .learned.features import numbers_in
from .patterns import search
from .plain_talk import elsewhere
from .plan_talk import REJECTED, WHAT_THEN
from .quantities import NUMBER
from .reading import Call, Facts, Reading, ask

_ENDS = (
    r"(?:stop|cancel|end|kill|abort|halt|quit|terminate|interrupt|nuke|scrap|ditch|break(?: (?:it|this))? off|call off"
    r"|shut(?: \w+)? (?:down|off)|turn(?: \w+)? off|pull)"
)
_SOON = (  # what may follow a bare 'stop' or 'stop it'
    r"(?:now|right|at|please|pls|plz|immediately|instantly|already|here|asap|off|down|too|and|then|so|or|but|for"
    r"|because"
    r"|cos|before|if|when|i|we|as|in|on|thanks?|ok|mate|lol|quick\w*|tell|show)"
)
_OF_IT = r"(?:the|my|our|your|this|that|all|of|whole|entire|current|present|running|bloody|damn|stupid|last|long)"
_TRAINING = (
    r"(?:training|train|runs?|jobs?|process|thing|loras?|models?|learning|work|lot|plug|computation|trainer|experiment"
    r"|\w*run_\w+|one|-?9)"
)
_STOPS_TRAINING = (
    rf"\b{_ENDS}(?: *$| *[.,;:!?)]| +{_SOON}\b| +- |(?: +{_OF_IT})* +{_TRAINING}\b"
    rf"| +(?:this|that|all)(?: *$| *[.,;:!?)]| +{_SOON}\b| +- )| +(?:it|everything)\b(?! (?:from|\w{{2,}}ing)\b))"
)
_ENDS_ANYTHING = rf"\b{_ENDS}\b"
_STOP_IT = "Shall I stop the training? Then say “stop the training”. Nothing is stopped yet."
_WISH = (  # once a recipe is chosen, for another one
    r"\b(?:want|wanna|would like|i'd like|i'd love|i'd rather|prefer|rather|teach|train\w*|learn\w*|instead|actually"
    r"|chang\w+|switch\w*|let's|make|use|take|go (?:with|for|back)|try|choose|pick|do|set|need|should|must|wrong"
    r"|mistake"
    r"|mean\w*|(?:not|isn't|no longer|than) (?:an?|the|my|character|face|style|motion|effect)|recipes?|loras?|trigger"
    r"|noun|word|call\w*|name\w*|please|is an?|it's|its|that's"
    r"|wants?|rebrief|scratch|scrap|would be)\b"
    r"|(?:\b(?:as|then|now|but)|:) (?:an? )?(?:character|face|style|motion|effect)\b"
    r"|\b(?:character|face|style|motion|effect) (?:then|now|job|fits)\b"
)
_APPLIES = (
    r"\b(?:appl\w+|do|did|does|fix\w*|take|chang\w+|us(?:e|ing)|follow\w*|accept\w*|repair\w*|suggest\w*|recommend\w*"
    r"|advi\w+|finding\w*|number|first|second|third|last|yes|go|implement\w*|make|try|correct\w*|solve\w*|put|set|add"
    r"|improv\w*|remed\w+|proceed|act|agree\w*|want|sort|deal|address\w*|turn|lower|raise|get|work\w*|give|propos\w+"
    r"|write|drop|remove|leave|one|cho[os]+e|pick|patch|like you|dedupe|\d\w*)\b|#"
)
_SCORES = (
    r"\b(?:(?:re-?)?scor\w*|(?:re-?)?measur\w*|rat(?:e|ing|ings)|re-?rat\w+|grad(?:e|es|ing)|regrade"
    r"|(?:re-?)?evaluat\w*"
    r"|(?:re-?)?test\w*|figures?|numbers?|judg\w*|(?:re-?)?assess\w*|(?:re-?)?check\w*|examin\w*|marks?|values?"
    r"|results?|metrics?|verif\w+|benchmark\w*|report|scorecard|compute|calculat\w*|(?:re-?)?evals?|points)\b"
)
_WAITS = (
    r"\b(?:if|when\w*|once|at|after|before|as soon as|the (?:moment|minute|second)|half\w*|until|till|in case|every"
    r"|upon|on|tell|let|ping|notify|warn|message|text|holler|shout|wake|alert|remind|inform|update|should|any|past"
    r"|over\w*|in \d+|by|nan|hangs?|crash\w*|fail\w*|errors?|problems?|diverg\w*|stuck|done|finish\w*|lmk"
    r"|\w*watch\w*)\b|\d"
)
_PLAIN_QUESTION = (  # and no wish beside it
    r"^(?:(?:and|but|so|ok|hm+),? )*(?:(?:what|when|why|how|where|which|who)(?: (?!it|he|she|th|i|we|you)\w+)? )?"
    r"(?:will (?!you)|would (?!you)|is|are|was|were|does|did|has|have|had|can (?!you)|could (?!you)|should (?:i|we) )"
    r"(?!.*(?:[.,;:?!] |\b(?:and|also|n)\b)).*$"
)
_WORDS_OF = {  # of values, beside the names that a plan has for them
    "steps": rf"{LENGTH_WORDS}|\bit(?:er)?s?\b|\b(?:more|less|fewer|extra|add\w*)\b|[+x*]",
    "rank": r"\br\b",
    "alpha": r"\ba\b",
    "learning_rate": r"\blr\b|rate\b",
    "batch_size": r"\bbs\b|\bat (?:a time|once)\b",
    "gradient_accumulation": r"accum",
    "largest_weight_norm": r"norm",
    "first_frame_probability": r"first[_ -]?frame|conditioning|i2v",
    "held_out_share": r"\bval\w*\b|split|held|hold",
    "reference_downscale": r"\breference|downscal|\bref\b",
    "frames": r"frames?\b",
    "minutes": r"\b(?:minutes?|mins?|hours?|hrs?|seconds?|time|long\w*|finish\w*|done|over|ready)\b",
    "dollars": r"\$|\b(?:dollars?|bucks?|usd|price|cost\w*|spend\w*|budget|money|cents?|pay\w*|pric\w+|quid)\b",
    "images": r"\b(?:images?|pictures?|photo\w*|pics|files?|drawings?|shots?|stills?)\b",
    "clips": r"\b(?:clips?|videos?|files?|vids)\b",
    "width": rf"{FIELDS['size']}|\b(?:width|wide|height|high|tall|square|by|p|w|h|multires)\b|\dx\d|x ?\d",
}
_NAMED_BY = {  # of values that are no figures
    "memory": r"mem|\bv?ram\b|\bbits?\b|int ?[48]|\bq[48]\b|nf4|quant|offload|gpu|cuda|\bcard\b|\boom\b|\bcpu\b"
    r"|\bfull\b",
    "with_audio": r"audio|sound|music|voice|silen|\bmut|nois|speech|speak|talk|hear|quiet|dialog|song|sing",
    "gradient_checkpointing": r"checkpoint|ckpt",
    "keep_aspect": r"aspect|\bar\b|crop|ratio|stretch|squash|squish|square|shape|portrait|landscape|upright|format"
    r"|wide|distort"
    r"|edges|\bcut|frame|whole|full|bars?|proportion|tall|vertical|horizontal|side|trim|as they are|bucket|dimension",
}
_FAMILY = (
    *(("max_minutes", "minutes"), ("max_dollars", "dollars"), ("height", "width")),
    *((f"{name}{end}", name) for name in ("steps", "rank", "learning_rate") for end in ("_added", "_factor")),
)
_COME_BACK = (
    rf"{BACK}|\bback (?:in|into|again|please)\b|\bback[.!]*$|\brestor\w+|\breinstat\w+|\bre-?(?:includ|admi|add)\w+"
)
_TOLD = (
    r"^(?:(?:ok|oh|wow|well|so|but|and|hm+),? )*(?:that|it|this|(?:the )?last \w+) (?:took|cost|lasted|used)\b"
    r"[^,;.?!]*[.!]*$"
)
_BEFORE, _AFTER = 40, 24  # characters beside a figure in which its word stands


def with_its_words(reading: Reading, rules: Reading, text: str, facts: Facts) -> Reading:
    """The reading; what the rules have read instead, or a question, where only a likeness speaks for a change."""
    ruled = {call.name for call in rules.calls}
    for call in reading.calls:
        lacking = _LACKING.get(call.name)
        if call.name not in ruled and lacking and (instead := lacking(call, text, facts)) is not None:
            return instead if instead.topic == "question" else _without(rules, text)
    return reading


def _without(rules: Reading, text: str) -> Reading:
    return rules if rules.calls or rules.topic else Reading(topic="unclear", words=text)


_NOTHING = Reading()


def _stops(_call: Call, text: str, _facts: Facts) -> Reading | None:
    """Stopping takes a word for the training after it, or nothing: other things can be stopped, too."""
    if search(_STOPS_TRAINING, text) or not search(_ENDS_ANYTHING, text):
        return None
    return ask(_STOP_IT)


def _chooses(_call: Call, text: str, facts: Facts) -> Reading | None:
    return _NOTHING if facts.get("recipe") and not search(_WISH, text) else None


def _follows(_call: Call, text: str, _facts: Facts) -> Reading | None:
    return _NOTHING if search(_PLAIN_QUESTION, text) or not search(_APPLIES, text) else None


def _measures(_call: Call, text: str, _facts: Facts) -> Reading | None:
    return _NOTHING if search(_PLAIN_QUESTION, text) or not search(_SCORES, text) else None


def _orders(_call: Call, text: str, _facts: Facts) -> Reading | None:
    return _NOTHING if search(_PLAIN_QUESTION, text) or not search(_WAITS, text) else None


def _changes(call: Call, text: str, _facts: Facts) -> Reading | None:
    """A figure is a value of the plan where the value's word stands beside it, and no 'not' before it."""
    if call.arguments.get("only_show"):
        return None
    if search(REJECTED, text):
        return ask(WHAT_THEN)
    if search(_TOLD, text):
        return _NOTHING
    known = wanted_changes(text).arguments
    if any(name in call.arguments and name not in known and not search(_NAMED_BY[name], text) for name in _NAMED_BY):
        return _NOTHING
    figures = numbers_in(text)
    for name, value in call.arguments.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or (known.get(name) == value):
            continue
        if _denied(value, text):
            return ask(f"Not {value:g}; what then? Give me the number, for example “{_named(name)} 64”.")
        if value in figures and not _beside(name, value, text):
            return _NOTHING
    return None


def _denied(value: float, text: str) -> bool:
    return any(float(found[1]) == value for found in _found(rf"\bnot (?:\w+ )?{NUMBER}", text))


def _found(pattern: str, text: str) -> list[Any]:
    at, every = 0, []
    while hit := search(pattern, text[at:]):
        every.append(hit)
        at += max(hit.end(), 1)
    return every


def _named(name: str) -> str:
    return dict(_FAMILY).get(name, name).replace("_", " ")


def _beside(name: str, value: float, text: str) -> bool:
    """Does a word of the value stand near the figure?"""
    kind = dict(_FAMILY).get(name, name)
    words = "|".join(entry for entry in (FIELDS.get(kind), _WORDS_OF.get(kind)) if entry)
    at = 0
    while hit := search(NUMBER, text[at:]):
        start, end = at + hit.start(), at + hit.end()
        if float(hit[1]) in (value, value * 100) and search(words, text[max(0, start - _BEFORE) : end + _AFTER]):
            return True
        at = end
    return False


def _sets_aside(call: Call, text: str, _facts: Facts) -> Reading | None:
    """Nothing is set aside on a wish to have it back, nor what was excepted."""
    if parted(text):
        return _NOTHING
    if call.arguments.get("excluded") is not False and search(_COME_BACK, without_which(text)):
        return ask("Which files shall come back into the set? Name them, or say “put back the ones you took out”.")
    return None


def _shows(_call: Call, text: str, facts: Facts) -> Reading | None:
    return _NOTHING if elsewhere(text, facts) else None


_LACKING: dict[str, Callable[[Call, str, Facts], Reading | None]] = {
    "cancel_training": _stops,
    "choose_recipe": _chooses,
    "apply_finding": _follows,
    "score_again": _measures,
    "set_standing_order": _orders,
    "change_plan": _changes,
    "set_excluded": _sets_aside,
    "generate_clip": _shows,
}
