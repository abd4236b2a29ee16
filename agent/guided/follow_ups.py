"""Sentences that mean something only after what came before: 'make it 64 then', 'why?', 'and without the trigger?'."""

import re
from typing import Any

from . import questions
from .fields import FIELDS
from .findings_talk import JUST_FOUND
from .patterns import fullmatch, match, search, sub
from .reading import Call, Facts, Reading, about, ask
from .scenes import LAST_PROMPT, scene

LAST = "last_calls"  # among the facts: the calls of the last turn that succeeded, as [name, arguments]
APPLIED = "applied"  # among the facts: ids of findings that were acted on since the newest diagnosis

_FIGURE = re.compile(
    r"(?:(?:and|ok|so|no|nope|then|but|well|rather|sorry|wait|or|maybe|hm+|let's (?:say|do|go (?:with|for))"
    r"|make (?:it|that)|set (?:it|that) to|put it (?:at|to)|try|use|take|go (?:with|for)"
    r"|change (?:it|that) to|i meant?|i said|what about|how about|what if it (?:was|were)|say|with|to|at|better"
    r"|i(?:'d| would) (?:rather|prefer)(?: have)?|only|just|and with)[,. ]*)*"
    r"(?P<value>\d+(?:\.\d+)?(?:e-?\d+)?)(?: ?(?:then|instead|please|rather|better|now|of them|ones?))*[?.! ]*"
)
_TAKE_IT = re.compile(
    r"(?:(?:yes|yep|yeah|ok|okay|sure|alright|great|good|fine|please|cool|perfect|then|and|well|nice|sounds good"
    r"|looks good)[,. ]*)*"
    r"(?:(?:please )?(?:do|take|use|apply|make|try|keep|choose|accept|go (?:with|for|ahead with)|let's (?:do|take"
    r"|use|go with|try|keep)|i(?:'ll| will) take|i want|change it to|set it to|switch to) (?:it|that|this|these"
    r"|those|so|that one|this one|it like that|it that way|the change|that change|these changes|those changes|it so)"
    r"|make it so|change it(?: like that| that way| then)?|do so|like that please|that's (?:it|the one|what i want)"
    r"|apply)(?: please| then| instead)*[.! ]*"
)
_PICK = re.compile(
    r"(?:(?:ok|yes|then|please|let's|i'll|i(?:'d| would)|we|go|and|well|so|take|use|do|pick|choose|make it|have"
    r"|want|with|for|like|prefer|rather|the|a|go with|go for|set it to)[,. ]*)*"
    r"(?P<value>first|second|last|former|latter|higher|lower|bigger|smaller|longer|shorter|larger"
    r"|\d+(?:\.\d+)?)(?: (?:one|value|option|please|then|of (?:them|the two)))*[.! ]*"
)
_WHY = (
    r"^(?:(?:and|but|ok|so|hm+) )*(?:why|how come|how so|why (?:is )?(?:that|this|so)|why not|what for"
    r"|what makes you (?:say|think) (?:that|so)|why do you (?:say|think) (?:that|so))[?.! ]*$"
)
_MEANS = (
    r"^(?:(?:and|but|ok|so|hm+) )*(?:what (?:does|do|did) (?:that|this|it|they|these|those|you|all (?:that|this)"
    r"|all of (?:that|this))(?: \w+){0,2} mean(?: by (?:that|it|this))?|what do you mean(?: by (?:that|it|this))?"
    r"|meaning|meaning what|i (?:don't|do not|didn't|can't) (?:understand|get|follow)(?: (?:that|it|this|you|a word"
    r"|any of (?:it|that|this)))?"
    r"|(?:can|could) you explain(?: (?:that|it|this|more|again))*|explain(?: (?:that|it|this|please|more))*"
    r"|what's that|huh|come again|in plain english|in plain words|in simple (?:terms|words)|say that again"
    r"|tell me more|more details|can you explain that in \w+ \w+)(?: please| in plain (?:words|english)| to me"
    r"| in simple (?:words|terms)| simply| again)*[?.! ]*$"
)
_WHY_SAY = (
    r"^(?:(?:and|but|ok|so|hm+) )*(?:why (?:do|did|would) you (?:say|think|believe|conclude)|what makes you (?:say"
    r"|think)|how do you know|says who|based on what|are you sure)\b"
)
_AGAIN = (
    r"\b(?:again|once more|another (?:one|go|try|time|clip|version)|one more(?: time)?|the same(?: (?:one|thing"
    r"|clip|scene|again))?|same (?:again|thing|one|clip|scene|but)|and (?:now )?(?:with|without|at|from|on)"
    r"|now (?:with|without|at)|redo|repeat|re-?do|re-?run|re-?make|instead|but (?:with|without|at)|this time|(?:try"
    r"|make|do) (?:it|that) (?:with|without|at))\b"
)
_SEED = (
    r"\b(?:with |using |and |at )?(?:another |a different |a new |other |new )?seed(?: of)?\b(?: (?P<seed>\d{1,9}))?"
)
_STRENGTH = (
    r"\b(?:(?:at|with|and)? ?(?:a )?(?:lora )?(?:strength|weight) (?:of |to "
    r"|at )?(?P<value>\d*\.?\d+)(?P<percent> ?%)?|(?P<before>\d*\.?\d+)(?P<percent_before> ?%)? (?:strength|weight))"
)
_NO_TRIGGER = r"\b(?:without|no|minus|leave out|drop|skip)(?: (?:the|its|my|using|any))* trigger(?: word)?\b"
_NO_LORA = (
    r"\bwithout (?:the |my |any )?lora\b|\b(?:on|with|from|using) (?:just |only )?the (?:plain "
    r"|bare )?base(?: model)?(?: alone| only)?\b|\bbase (?:model )?(?:only|alone)\b"
)
_NOT_CLIP = (
    r"\b(?:train\w*|plan|steps?|rank|learning rate|captions?|launch|score|audit|report|alpha|batch|preset|compare"
    r"|side by side|next to|files?|pictures?|photos?|merge|stack)\b"
)


def follow_up(text: str, said: str, facts: Facts) -> Reading | None:
    """What a sentence means after the last turn; None when it stands on its own."""
    last: list[list[Any]] = facts.get(LAST) or []
    names = [name for name, *_ in last]
    for rule in (_figure, _taken):
        if (reading := rule(text, last)) is not None:
            return reading
    if facts.get(LAST_PROMPT) and (clip := _clip_again(text, said, facts)) is not None:
        return clip
    if facts.get(JUST_FOUND):
        return None  # the findings have their own answer to 'why do you say that?'
    if match(_WHY, text) or match(_MEANS, text) or match(_WHY_SAY, text):
        return _explained(text, said, facts, last, names)
    return None


def _figure(text: str, last: list[list[Any]]) -> Reading | None:
    """A figure alone belongs to the value that the last turn was about."""
    found = _FIGURE.fullmatch(text)
    field = _field_of(last)
    if found is None or field is None:
        return None
    value = float(found["value"])
    arguments: dict[str, Any] = (
        {"width": int(value), "height": int(value)}
        if field == "resolution"
        else {field: value if value != int(value) else int(value)}
    )
    considered = text.endswith("?") and search(r"\b(?:what|how) (?:about|if)\b|^(?:and|or)\b|^\d", text)
    return Reading((Call("change_plan", arguments | ({"only_show": True} if considered else {})),))


def _field_of(last: list[list[Any]]) -> str | None:
    """The one value that the last turn explained, changed or showed."""
    named: list[str] = []
    for name, arguments in last:
        if name == "explain_plan" and arguments.get("field") in {*FIELDS, "resolution"}:
            named.append(str(arguments["field"]))
        elif name == "change_plan":
            values = {key.removesuffix("_factor").removesuffix("_added") for key in arguments if key != "only_show"}
            named += [
                "resolution" if key in ("width", "height") else key
                for key in values
                if key in FIELDS or key in ("width", "height")
            ]
    return named[0] if len(set(named)) == 1 else None


def _taken(text: str, last: list[list[Any]]) -> Reading | None:
    """'Do that' after a change was only shown; 'the second' where several were."""
    shown = [
        {key: value for key, value in arguments.items() if key != "only_show"}
        for name, arguments in last
        if name == "change_plan" and arguments.get("only_show")
    ]
    if not shown or any({"images", "clips"} & set(arguments) for arguments in shown):
        return None
    if len(shown) == 1:
        return Reading((Call("change_plan", shown[0]),)) if _TAKE_IT.fullmatch(text) else None
    picked = _PICK.fullmatch(text)
    if picked is None:
        return ask("Which one of them? Name the value.") if _TAKE_IT.fullmatch(text) else None
    chosen = _picked(picked["value"], shown)
    return Reading((Call("change_plan", chosen),)) if chosen else None


def _picked(word: str, shown: list[dict[str, Any]]) -> dict[str, Any] | None:
    places = {"first": 0, "former": 0, "second": 1, "latter": -1, "last": -1}
    if word in places:
        return shown[places[word]]
    ranked = sorted(
        shown, key=lambda arguments: [value if isinstance(value, int | float) else 0 for value in arguments.values()]
    )
    if word in ("higher", "bigger", "longer", "larger"):
        return ranked[-1]
    if word in ("lower", "smaller", "shorter"):
        return ranked[0]
    return next((arguments for arguments in shown if float(word) in arguments.values()), None)


def _explained(text: str, said: str, facts: Facts, last: list[list[Any]], names: list[str]) -> Reading | None:
    """Why, and what does it mean: of what was last shown, else of what the project has come to."""
    field = next(
        (arguments.get("field") for name, arguments in last if name == "explain_plan" and arguments.get("field")), None
    ) or _field_of(last)
    if field:
        return Reading((Call("explain_plan", {"field": field}), about(f"{field.replace('_', ' ')} {said}")))
    scored = (facts.get("run") or {}).get("scorecard")
    if "show_scorecard" in names or (not names and scored and facts.get("stage") == "results"):
        return Reading((Call("show_scorecard" if match(_MEANS, text) else "diagnose"),))
    if "training_status" in names or facts.get("stage") == "training":
        return Reading((Call("training_status"),))
    if facts.get("plan") and facts.get("stage") == "launch":
        return Reading((Call("explain_plan"),))
    if "audit_dataset" in names or (facts.get("verdict") and not facts.get("plan")):
        return Reading((Call("audit_dataset"),)) if match(_MEANS, text) else Reading((about(said),))
    return None


def _clip_again(text: str, said: str, facts: Facts) -> Reading | None:
    """The last clip once more, with another seed, strength or scene."""
    if search(_NOT_CLIP, text) or search(r"\b(?:don't|do not|never|why|if|launch)\b", text):
        return None
    arguments: dict[str, Any] = {}
    rest = text
    if seed := search(_SEED, rest):
        before = search(r"\b(?:another|a different|a new|other|new) seed\b", rest)
        arguments["seed"] = int(seed["seed"]) if seed["seed"] else 1
        if not seed["seed"] and not before:
            return None
        rest = rest.replace(seed[0], " ")
    if strength := search(_STRENGTH, rest):
        value = float(strength["value"] or strength["before"])
        arguments["strength"] = value / 100 if strength["percent"] or strength["percent_before"] else value
        rest = rest.replace(strength[0], " ")
    if search(_NO_TRIGGER, rest):
        arguments["with_trigger"] = False
        rest = sub(_NO_TRIGGER, " ", rest)
    elif search(_NO_LORA, rest) and not search(r"\bwith and without\b", rest):
        arguments["strength"] = 0.0
        rest = sub(_NO_LORA, " ", rest)
    if not arguments and (other := _other_scene(text)) is not None:
        return other
    if not search(_AGAIN, text) and not arguments:
        return None
    if questions.asks(text) and not match(
        r"(?:and|can|could|what about|how about|how (?:does|would|do"
        r"|will) (?:it|that|this|she|he) look)\b",
        text,
    ):
        return None
    words = scene(sub(_AGAIN, " ", sub(r"[?!.]", " ", rest)))
    if (
        not arguments
        and not words
        and not fullmatch(
            rf"(?:(?:please|make|do|show|try|and|now|give me|me|it|that"
            rf"|a) )*{_AGAIN}(?: please)?[?.! ]*",
            text,
        )
    ):
        return None
    return Reading((Call("generate_clip", {"prompt": words or str(facts[LAST_PROMPT])} | arguments),))


def _other_scene(text: str) -> Reading | None:
    """'Now at night in the rain', 'and on a beach?': nothing but a scene."""
    found = match(
        r"^(?:and|now|then|next|what about|how about|and now"
        r"|and what about)\b[, ]*(?P<rest>.+?)(?: instead| then| now| please)*[?!. ]*$",
        text,
    )
    words = scene(found["rest"]) if found else ""
    return Reading((Call("generate_clip", {"prompt": words}),)) if words else None
