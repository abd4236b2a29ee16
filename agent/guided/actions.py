"""Starting, stopping and asking how it goes: the sentences where a wrong guess would matter most."""

from typing import Any

from .conditions import IF
from .fillers import command, without_frills
from .patterns import fullmatch, match, search, split, sub
from .side_remarks import FINE, harmless
from .start_words import only_starts

LAUNCH_REFUSED = "conditional"
LAUNCH_DENIED = "denied"

_OBJECT = (
    r"(?: (?:it|this|that|the|a|my|our|with|up|off|on|now|please|training|train|run|job|lora|plan|model|already|then"
    r"|today|going|here|first(?= (?:training|run|job|lora|model))|new|real"
    r"|locally|away|immediately|again|once more|for (?:me|real|good)|thing|process"
    r"|learning|next|one"
    r"|right now|straight away|as (?:planned|it is|is|agreed|proposed|discussed)|like (?:this|that)|these settings"
    r"|whole))*"
)
_START = (
    r"(?:do )?(?:launch|start|begin|kick off|kick it off|fire it up|fire up|run|train|commence|execute|go ahead with"
    rf"|start off|get (?:started with|going with)|initiate|press start(?: on)?|proceed with|begin with"
    rf"|set about){_OBJECT}"
    r"|(?:let|have|get) (?:it|this|her|him|the (?:training|run|job)) (?:begin|start|started|launched|roll|kicked off"
    r"|under ?way)(?: now)?"
    r"|(?:let's |let us )?have (?:it|the (?:training|run|job)) (?:started|launched|begun|kicked off)(?: now)?"
    r"|(?:the )?(?:training|run|job) (?:can|may|should|shall) (?:now )?(?:start|begin|go ahead|be (?:started|launched"
    r"|kicked off))(?: now)?"
    r"|(?:the )?(?:training|run|job) be (?:started|launched|kicked off)(?: now)?"
    r"|(?:get|set) (?:it|this|that|the (?:training|run|job)) (?:going|started|running|rolling|off|under ?way|in"
    r" motion|to work)"
    r"|let it (?:run|train|rip)|press (?:start|go|the (?:start )?button)|hit (?:it|start|go|the (?:start )?button)"
)
_AGAIN = (
    r"(?:train|run|start|launch) (?:him|her|it|this|them|my \w+|another (?:one|run|training|round)|one more(?: \w+)?)?"
    r" ?(?:again|once more|one more time|already|now)?(?:,? (?:with )?(?:the )?same settings)?"
    r"|(?:do )?(?:one more|another) (?:training|run)|(?:re-?run|re-?train|relaunch)(?: it)?|time to (?:train|launch"
    r"|start)"
    r"|(?:can|could) the (?:training|run|job) (?:now )?be (?:started|launched|kicked off)(?: now)?"
    r"|realize the (?:training|run)|queue (?:it|this) up|(?:start|begin|launch|train) (?:it )?already"
    r"|start training (?:him|her|it|my \w+)"
)
_RETRIED = r"retry|try (?:it |the training |the run )?(?:again|once more)|do (?:it|that) again"  # after a failure
_PRAISED = (
    r"\b(?:good|nice|great|lovely|fine|excellent|perfect|wow|awesome|brilliant|super|cool|fantastic|wonderful|what a)"
    r" (?:run|launch|start|training|go)[.! ]*$"
)
_GO = (
    r"(?:go|go ahead|go for it|fire away|let's (?:go|do (?:it|this)|get (?:going|started|this started|it started|to it)"
    r"|roll|start|begin)|off we go|here we go|get going|make it happen|you may (?:start|begin)|full steam ahead|send it"
    r"|ship it|let'?s? (?:it|her|him|er|rip)(?: rip)?|do your thing|(?:go ){2,}|(?:go){2,}|punch it|full send"
    r"|hit it"
    r"|let'?s (?:rip|roll|cook)|let the \w+ begin|green ?light|all systems go|(?:press|push|hit) the (?:big )?(?:red "
    r"|green"
    r" )?button|pop it on)"
)
_CONTENT = (
    r"(?:(?:yes|yep|yeah|ok|okay|sure|alright|great|good|perfect|excellent|fine|right|cool|wonderful|lovely|awesome"
    r"|done|ready|thanks"
    r"|thank you|please|i agree|agreed|lgtm|come on|drum roll|here we go|go on|let's cook|time to cook|settings ok"
    r"|aye|yup|bet|(?:with )?(?:the )?same (?:settings|plan)"
    r"|as before|(?:green ?light|thumbs up|approved|a go|yes)(?: from (?:me|us|my side|our side))?|all (?:good|set"
    r"|fine|right)|nice|super)"
    r"|(?:(?:that|it|this|the plan|everything|all of (?:it|that)|all)(?:'s| is| all)? ?|that all )?(?:looks?"
    r"|sounds?|seems?|is)? ?(?:all |very |really |pretty |just )?"
    r"(?:good|fine|great|right|perfect|ok|okay|reasonable|alright|all right)(?: (?:to|with|for|by) me| like (?:this"
    r"|that)| enough| now| then)*"
    r"|i(?:'m| am) (?:happy|ok|okay|fine|good|satisfied|content|ready|done|all set)(?: with (?:it|that|this"
    r"|the plan|everything))?(?: now| to go)?"
    r"|i like (?:it|that|this|the plan)|we(?:'re| are) (?:ready|good|all set|good to go)|good to go|that(?:'s"
    r"| is) (?:it|all|fine|good|great|the one)"
    r"|(?:i(?:'ve| have) )?seen enough|(?:ok )?enough (?:talk|\w+ing|changes)|off (?:you|we) go"
    r"|righto|same again|you have my (?:go|yes|ok|blessing))"
)
_CONDITION = (
    rf"\b(?:{IF}|when|once(?! more| again)|after|until|as soon as|provided|assuming|only|maybe|perhaps|might"
    r"|later|tomorrow|tonight|before|depends)\b"
)
_NEGATION = r"\b(?:don't|do not|not|never|no|without|isn't|won't|can't|stop)\b"
_REPORTED = r"\"|\b(?:said|says|told|tells|wrote|asked|asks|according|quote|says to)\b"
_OTHER = (
    r"\b(?:audit|captions?|captioning|over|again from scratch|with the (?:audit|captions|files|recipe)|recipe"
    r"|checking|looking|analysis|chat|conversation|gradio|window)\b"
)


_REQUEST = r"(?:so |ok |okay |please |and |now )*(?:can|could|shall|will|would)\b"
_STOP = (
    r"(?:(?:no|wait|quick|quickly|oh|hey|oops|whoa|damn|stop|cancel) )*"
    r"(?:stop|cancel|abort|kill|halt|terminate|quit|end|interrupt|break off|pull the plug(?: on)?|call (?:it )?off"
    r"|shut down|turn off|switch off|end)"
    r"(?: (?:it|this|that|the|training|run|job|now|please|everything|immediately|current|right|right now|whole"
    r"|thing|off"
    r"|process|my|here|at once|straight away|running|at work))*"
)


_RUN = r"(?:(?:the|this|that|my) )?(?:training|run|job|thing)"
_STOPPED = (
    rf"(?:turn|shut|switch|call|break) (?:it|{_RUN}) (?:off|down)(?: now| please)*"
    rf"|{_RUN} (?:may|can|must|should|has to|needs to|is to) (?:now )?be (?:cancelled|canceled|stopped|ended"
    rf"|aborted)(?: now)?"
    rf"|have (?:it|{_RUN}) (?:cancelled|canceled|stopped|aborted)(?: now)?"
)


def launches(text: str, facts: dict[str, Any]) -> bool | str:
    """True for a plain request to start the training; LAUNCH_REFUSED for a conditional or quoted one, LAUNCH_DENIED
    for its opposite."""
    mentions = search(
        r"\b(?:launch\w*|kick (?:it )?off|fire (?:it )?up|start(?:ing)? (?:the |my |a )?(?:training|run|job|it|now)"
        r"|begin (?:the )?training|run (?:the )?(?:training|job|plan)|"
        r"train (?:it|now|the lora|this)|start train\w*|let's train|approve[ds]?)\b",
        text,
    )
    if search(_REPORTED, text) and mentions:
        return LAUNCH_REFUSED
    if search(_NEGATION, sub(FINE, " ", text)):
        return LAUNCH_DENIED if mentions and not match(r"(?:what|how|why)\b", text) else False
    if text.endswith("?") and not search(r"^(?:so |ok |please )?(?:can|could|shall) (?:you|we)\b", text):
        return False
    if mentions and search(_CONDITION, sub(FINE, " ", text)) and not match(r"(?:what|how|why)\b", text):
        return LAUNCH_REFUSED
    asked = [part for part in split(r"(?<=[.!?;])\s+", text) if part.endswith("?") and not match(_REQUEST, part)]
    if search(_OTHER, text) or search(_PRAISED, text) or asked:
        return False
    return _plainly_starts(text, facts)


def _plainly_starts(text: str, facts: dict[str, Any]) -> bool:
    """Every part of the message is a wish to start or a word of content, and one at least is a wish to start."""
    started = False
    text = sub(r"^(?:\d{1,2}[,.! ]+)+(?=(?:launch|start|go|begin)\b)", "", text)  # '3, 2, 1, start'
    for part in split(r"[.!?,;]+|\band\b|\bso\b|\bthen\b|\bbut\b| - ", text):
        bare = part.strip()
        if (
            not bare
            or (len(bare) < 60 and fullmatch(rf"(?:{_CONTENT} ?)+", bare))
            or fullmatch(_CONTENT, without_frills(bare))
        ):
            continue
        if _starts(bare, command(bare), facts) or _starts_twice(bare):
            started = True
        elif not harmless(bare):
            return False
    return started


def _starts_twice(part: str) -> bool:
    """'ok send it start the training': several such words in one breath, the last of which says what."""
    if len(part) > 80:
        return False
    words = rf"(?:{_GO}|{_CONTENT}|aight|aye|\d(?: \d)*|(?:launch|start|run|train)(?: it| this)?(?: again| now)?)"
    return (
        fullmatch(rf"(?:{words} )+(?:launch|start|begin|train|kick off)(?: (?:it|now|the training|training))*", part)
        is not None
    )


def _starts(part: str, bare: str, facts: dict[str, Any]) -> bool:
    if fullmatch(_GO, bare) or fullmatch(_GO, f"{part} ") or fullmatch(_GO, part):
        return facts.get("stage") == "launch"
    failed = (facts.get("run") or {}).get("state") in ("failed", "cancelled")
    if failed and facts.get("stage") == "launch" and fullmatch(_RETRIED, bare):
        return True
    if fullmatch(_AGAIN, bare) or only_starts(part):
        return bool(facts.get("plan"))
    if not fullmatch(_START, bare):
        return False
    if fullmatch(r"(?:train|run|execute)(?: (?:a|my|our|the) (?:lora|model))?", bare):
        return bool(facts.get("plan"))
    return bare not in ("start", "begin") or facts.get("stage") == "launch"


def resumes(text: str, facts: dict[str, Any]) -> bool:
    """True for a plain request to go on with the training that was stopped."""
    if (facts.get("run") or {}).get("state") not in ("failed", "cancelled"):
        return False
    if search(_CONDITION, text) or search(_NEGATION, sub(FINE, " ", text)) or search(_REPORTED, text):
        return False
    parts = [part.strip() for part in split(r"[.!?,;]+|\bso\b(?! sorry)| - ", text) if part.strip()]
    wished = [_resumes(part) for part in parts]
    return any(wished) and all(
        wish or harmless(part) or fullmatch(_CONTENT, part) or fullmatch(r"(?:so )?sorry(?: about that)?", part)
        for wish, part in zip(wished, parts, strict=True)
    )


def _resumes(part: str) -> bool:
    where = r"w(?:h)?ere (?:it|we|you|i|that) (?:\w+ )?(?:stopped|left off|was|were|ended|broke off|crashed|got to)"
    what = rf"(?:it|the|that|this|my|last|stopped|interrupted|training|run|job|checkpoint|{where})"
    return bool(
        fullmatch(
            r"(?:(?:ok|please|now|yes|can you|could you|let's|i want to|i'd like to|just|and|then) )*"
            r"(?:pick (?:it|the \w+) (?:back )?up(?: again)?|"
            rf"(?:resume|restart)(?: from)?(?: {what})*|(?:continue|go on|carry on|keep going|proceed"
            rf"|pick (?:it |the (?:training|run) )?(?:back )?up)"
            rf"(?: with| from)?(?: {what})* (?:training|run|job|{where}))(?: please| now| again)*",
            part,
        )
    )


def from_the_beginning(text: str, facts: dict[str, Any]) -> bool:
    """True for a wish to train anew where a launch would go on with what was stopped."""
    if (facts.get("run") or {}).get("state") not in ("failed", "cancelled"):
        return False
    return bool(
        search(
            r"^(?:please |ok |now |can you |i want to |let's )*(?:start|train|begin|run|restart|launch|do)\b"
            r"(?: (?:it|again|over|the|training|this|all))* (?:from (?:the )?(?:beginning|start|scratch)|anew|over)\b",
            text,
        )
    )


def cancels(text: str, facts: dict[str, Any]) -> bool:
    """True for a plain request to stop what is running."""
    if search(
        r"\b(?:don't|do not|never|not)\b|\b(?:if|when|once|should|unless|maybe|after|until|said|says|wrote)\b|\"", text
    ) or text.endswith("?"):
        return bool(
            search(
                r"^(?:can|could|please|will|would) (?:you|we) (?:please )?(?:stop|cancel|abort|kill) (?:it"
                r"|(?:the|that|this|my) (?:training|run|job|thing)|this|that)(?: now| please)*\?$",
                text,
            )
        )
    if match(
        r"(?:can|could|would|will) (?:you|we) (?:please )?(?:stop|cancel|abort|kill) (?:it|this|that|(?:the"
        r"|that|this|my) (?:training|run|job|thing))$",
        text,
    ):
        return bool(facts.get("run"))
    parts = split(r"[.!?,;]+| - |\band\b|\bthen\b|\bbut\b|\bso\b", text)
    if not any(fullmatch(_STOP, command(part)) or fullmatch(_STOPPED, command(part)) for part in parts):
        return False
    running = {"queued", "running"} & {(facts.get("run") or {}).get("state"), (facts.get("run") or {}).get("scoring")}
    return bool(running) or search(r"\b(?:training|run|job)\b", text) is not None
