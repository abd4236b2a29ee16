"""Starting, stopping and asking how it goes: the sentences where a wrong guess would matter most."""

import re
from typing import Any

LAUNCH_REFUSED = "conditional"
LAUNCH_DENIED = "denied"

_START = (
    r"^(?:(?:ok|okay|so|now|please|yes|alright|great|good|right|then|well|and|cool|perfect|let's|i'm ready|ready"
    r"|i am ready|(?:that|it|this)?(?: all)? ?(?:sounds|looks) (?:good|fine|great|right|perfect)|i want to|i'd like to|"
    r"can you|could you|can we|could we|you can|go ahead and|let us|time to|just|hey|sidekick|we can"
    r"|i think we can)[,.! ]*)*"
    r"(?:launch|start|begin|kick off|kick it off|fire it up|fire up|run|train|commence|execute|go ahead with)"
    r"(?: (?:it|this|that|the|a|my|our|with|up|off|now|please|training|train|run|job|lora|plan|model|already|then"
    r"|today|going|here|first|new|real|locally|away|immediately|again|once more))*[.! ]*$"
)
_START_ONLY = (
    r"\b(?:launch|train(?:ing)?|kick it off|fire it up|run it|begin|start(?: it| now| this| please)?$|start\b)\b"
)
_CONDITION = (
    r"\b(?:if|unless|when|once|after|until|as soon as|provided|assuming|only|maybe|perhaps|might|later"
    r"|tomorrow|tonight|before|depends)\b"
)
_NEGATION = r"\b(?:don't|do not|not|never|no|without|isn't|won't|can't|stop)\b"
_REPORTED = r"\"|\b(?:said|says|told|tells|wrote|asked|asks|according|quote|says to)\b"
_OTHER = (
    r"\b(?:audit|captions?|captioning|over|again from scratch|with the (?:audit|captions|files|recipe)|recipe"
    r"|checking|looking|analysis|chat|conversation|gradio|window)\b"
)


def launches(text: str, facts: dict[str, Any]) -> bool | str:
    """True for a plain request to start the training; LAUNCH_REFUSED for a conditional or quoted one, LAUNCH_DENIED
    for its opposite."""
    mentions = re.search(
        r"\b(?:launch\w*|kick (?:it )?off|fire (?:it )?up|start(?:ing)? (?:the |my |a )?(?:training|run|job|it|now)"
        r"|begin (?:the )?training|run (?:the )?(?:training|job|plan)|"
        r"train (?:it|now|the lora|this)|start train\w*|let's train|approve[ds]?)\b",
        text,
    )
    if re.search(_REPORTED, text) and mentions:
        return LAUNCH_REFUSED
    if re.search(_NEGATION, text):
        return LAUNCH_DENIED if mentions and not re.match(r"(?:what|how|why)\b", text) else False
    if text.endswith("?") and not re.search(r"^(?:so |ok |please )?(?:can|could|shall) (?:you|we)\b", text):
        return False
    if mentions and re.search(_CONDITION, text) and not re.match(r"(?:what|how|why)\b", text):
        return LAUNCH_REFUSED
    if re.search(_OTHER, text):
        return False
    plain = text.rstrip("?! .")
    if not re.search(_START, plain):
        return False
    if re.fullmatch(r"(?:ok |please |let's )?(?:train|run|execute)(?: (?:a|my|our|the) (?:lora|model))?", plain):
        return bool(facts.get("plan"))
    if re.fullmatch(r"(?:let's |ok |please |can we |i want to |i'd like to )*(?:start|begin)", plain):
        return facts.get("stage") == "launch"
    return bool(re.search(_START_ONLY, plain))


def resumes(text: str, facts: dict[str, Any]) -> bool:
    """True for a plain request to go on with the training that was stopped."""
    if (facts.get("run") or {}).get("state") not in ("failed", "cancelled"):
        return False
    what = r"(?:it|the|that|this|my|last|stopped|training|run|job|where (?:it|we) (?:stopped|left off|was))"
    return bool(
        re.fullmatch(
            r"(?:(?:ok|please|now|yes|can you|could you|let's|i want to|i'd like to) )*"
            rf"(?:(?:resume|restart)(?: {what})*|(?:continue|go on|carry on|pick up)(?: with| from)?(?: {what})*"
            rf" (?:training|run|job|where (?:it|we) (?:stopped|left off|was)))(?: please| now| again)*",
            re.sub(r"[^\w\s']", "", text).strip(),
        )
    )


def from_the_beginning(text: str, facts: dict[str, Any]) -> bool:
    """True for a wish to train anew where a launch would go on with what was stopped."""
    if (facts.get("run") or {}).get("state") not in ("failed", "cancelled"):
        return False
    return bool(
        re.search(
            r"^(?:please |ok |now |can you |i want to |let's )*(?:start|train|begin|run|restart|launch|do)\b"
            r"(?: (?:it|again|over|the|training|this|all))* (?:from (?:the )?(?:beginning|start|scratch)|anew|over)\b",
            text,
        )
    )


def cancels(text: str, facts: dict[str, Any]) -> bool:
    """True for a plain request to stop what is running."""
    if re.search(r"\b(?:don't|do not|never)\b|\b(?:if|when|once|should it|unless)\b", text) or text.endswith("?"):
        return bool(
            re.search(
                r"^(?:can|could|please|will|would) (?:you|we) (?:please )?(?:stop|cancel|abort|kill) (?:it"
                r"|the (?:training|run|job)|this)\?$",
                text,
            )
        )
    plain = re.sub(r"[^\w\s']", "", text).strip()
    found = re.fullmatch(
        r"(?:(?:ok|please|no|wait|oh|hey|actually|now|just|can you|could you|i want to|sorry|yes|quick|quickly|hm+) )*"
        r"(?:stop|cancel|abort|kill|halt|terminate|quit|end|interrupt)"
        r"(?: (?:it|this|that|the|training|run|job|now|please|everything|immediately|current|right|whole|thing"
        r"|process|my))*",
        plain,
    )
    if found is None:
        return False
    running = {"queued", "running"} & {(facts.get("run") or {}).get("state"), (facts.get("run") or {}).get("scoring")}
    return bool(running) or re.search(r"\b(?:training|run|job)\b", plain) is not None


def status_asked(text: str, facts: dict[str, Any]) -> bool:
    """True when the person wants to know how the training is doing."""
    if re.search(
        r"\bstatus\b|\bprogress\b|\beta\b|\bhow (?:much|far|many \w+) (?:longer|is left|left|along|more|to go)\b"
        r"|\bhow far\b|\bhow long (?:left|until|till|more|to go)\b|"
        r"\bare we there yet\b|\bis (?:it|(?:the )?training|the run) (?:done|finished|ready|over|still (?:going"
        r"|running|training))\b|\bhow(?:'s"
        r"| is) (?:it|the training|training|the run|that) (?:going|doing|coming|looking)\b|"
        r"\bhow(?:'s| is) (?:the )?(?:training|run|job)\b|\bwhat(?:'s| is) happening\b|\bdone yet\b|\bfinished yet\b"
        r"|\bwhat step\b|\bhow many steps (?:are )?(?:done|left|so far|in|to go)\b|\bstill (?:running|training)\b"
        r"|\bhow(?:'s| is) it going\b|\bany news\b"
        r"|\bis (?:it|the (?:training|run)) (?:running|training|waiting|stuck|queued)\b"
        r"|\bwhy (?:is|does|did|has) (?:it|the (?:training|run|job|last run))\b.*"
        r"\b(?:wait\w*|start\w*|fail\w*|stop\w*|end\w*|crash\w*|broke\w*|queued|die[ds]?)\b"
        r"|\bwhat(?:'s| is) it waiting for\b|\bwhat happened\b"
        r"|\bwhy (?:doesn't|isn't|didn't|won't) (?:it|the (?:training|run))\b.*\b(?:start|run|train|go)\w*\b"
        r"|\bdid it (?:fail|stop|crash|resume|go on|finish)\b",
        text,
    ):
        return (
            bool(facts.get("run"))
            or re.search(r"\btraining|\bstatus|\bprogress|\brun\b|\bdone\b|\bfinished\b", text) is not None
        )
    return False
