"""Words around what is meant: greetings, politeness, hesitation. Taken off once, so that no rule has to expect them."""

import re

from .patterns import search, split

_GREETING = (
    r"(?:hi|hello|hey|hiya|howdy|hallo|yo|greetings|good (?:morning|evening|afternoon|day)|morning|evening|dear)"
    r"(?: (?:there|again|all|everyone|sidekick|mate|buddy|folks|friend))*"
)
_HESITATION = (
    r"(?:ok(?:ay)?|okey|oki|okok|aight|aye|alrighty|alright|all right|right|so|well|hm+|um+|uh+|er+m?|ah+|oh+"
    r"|sidekick|listen|look(?=,)|anyway"
    r"|anyhow|btw|by the way|quick question|one question|stupid question|dumb question|question|another question"
    r"|one more (?:thing|question)|just (?:wondering|curious|asking|to be sure|out of interest)|out of curiosity"
    r"|i (?:was|am) (?:just )?wondering"
    r"|i'm (?:just )?(?:wondering|curious)|i wonder|sorry(?: to bother(?: you)?| for asking)?|excuse me|pardon"
    r"|sorry if this is (?:a )?(?:stupid|dumb|silly|obvious)(?: question)?|thing is|the thing is|you know|to be honest"
    r"|honestly|frankly|basically|actually|in fact|personally|come to think of it|on second thoughts?"
    r"|if you don't mind|if i may(?: ask)?|may i ask|can i ask(?: you)?|let me ask|tell me,|say,|great|cool|nice"
    r"|perfect|lovely|super"
    r"|brilliant|excellent|fantastic|awesome|wonderful|good|fine|thanks?(?: you)?(?: so much| a lot| very much)?|cheers"
    r"|got it|i see|understood|makes sense|fair enough|interesting|wow)"
)
_LEAD = re.compile(rf"^(?:(?:{_GREETING}|{_HESITATION})(?=[\s,.!?:;-])(?!')[\s,.!:;…-]+)+")
_COURTESY = (
    r"(?:please|thanks?(?: you)?(?: so much| a lot| very much| in advance)?|cheers|ta|mate|buddy|pal|dude|man|sir"
    r"|friend"
    r"|sidekick|lol|haha+|if (?:that's|it's|that is|it is) (?:ok|okay|fine|possible|all right"
    r"|alright)(?: with you| for you)?"
    r"|if (?:you )?(?:can|could|may|please|possible|you would)|if (?:you )?(?:don't|do not) mind"
    r"|when(?:ever)? you (?:can|have (?:a )?(?:time|minute|moment)|get a chance)"
    r"|would you|will you|can you|could you|for me|just wondering|just curious|just asking|:-?\)|;-?\)|:d)"
)
_TAIL = re.compile(rf"(?:[\s,.!-]+{_COURTESY}|, (?:ok(?:ay)?|right|yes|yeah|no)\?)+(?P<end>[\s.!?]*)$")
_ORDER = re.compile(
    r"^(?:(?:please|kindly|just|now|then|yes|yeah|yep|sure|and|but|also|can we|could we|shall we|let's|let us"
    r"|we can"
    r"|(?:can|could|would|will) you(?: please| kindly| just| maybe)?|would you mind|you (?:can|may|could)"
    r"|go ahead and|feel free to"
    r"|i (?:want|need|would like|wish|would love|would prefer)(?: you| it| us)? to|i'd (?:like|love|prefer)(?: you"
    r"| it| us)? to"
    r"|i (?:want|need) you|let me|help me(?: to)?|(?:it's |it is )?time to|i (?:think|guess|suppose"
    r"|believe)(?: that)?(?: we (?:can|should))?"
    r"|we (?:want|need|would like) to|be so kind (?:and|as to)|do me a favou?r and|how about you)(?=[\s,.!])[\s,.!]+)+"
)


def without_frills(text: str) -> str:
    """The normalised sentence without greeting, hesitation and courtesy; as it was where nothing else is said."""
    shorter = _LEAD.sub("", text)
    shorter = shorter if search(r"\w", shorter) else text
    trimmed = _TAIL.sub(lambda found: found["end"].strip(), shorter)
    return trimmed.strip() if search(r"\w", trimmed) else shorter.strip()


def command(text: str) -> str:
    """What is left of 'could you please just stop it?' when everything that only makes it polite is gone."""
    bare = without_frills(text).rstrip("?!. ")
    return _ORDER.sub("", bare).strip(" ,.!?")


def sentences(text: str) -> list[str]:
    """The sentences of a message; figures such as 0.5 and names such as a.png stay whole."""
    parts = split(
        r"(?<=[.!?;])\s+|;\s*|\s+and\s+(?=(?:launch|start|begin)(?: (?:it|the training|training|now"
        r"|please))*[.!]*$)|\s+(?:and then|and also|and after that|after that|afterwards)\s+|,\s*then\s+",
        text,
    )
    return [part.strip() for part in parts if search(r"\w", part)]
