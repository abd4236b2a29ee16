"""Is this message a clear yes or no to the card that waits? Conditional, quoted, reported or asked is neither."""

import re
from typing import Literal

_AFFIRM = r"y|yes+|yeah|yea|yep|yup|aye|sure|absolutely|definitely|of course|agreed|approved?|confirm(?:ed)?|proceed"
_CLEAR = r"yes|yep|yeah|sure|ok yes|okay yes"
_OPENING = r"(?:ok|okay|alright|right|sounds good|looks good|great|perfect)"
_START = (
    r"go|go ahead|go for it|go on then|do it|do that|start(?: it| the training)?|launch(?: it)?|train(?: it)?|proceed|"
    r"approved?(?: it| this)?|lets (?:go|do it)|i (?:do|agree|approve|confirm)"
)
_ALONE = r"go|go ahead|go for it|go on then|do it|do that|lets (?:go|do it)|approve (?:it|this)"
_STATED = (
    r"i (?:approve|confirm|agree|say yes)(?: it| this| that)?|my answer is yes|yes (?:thats|it is) fine|yes to the card"
)
_YES = re.compile(
    rf"(?:{_AFFIRM})|(?:{_CLEAR}) (?:{_AFFIRM}|{_START}|looks good|sounds good)|(?:{_OPENING} )?(?:{_ALONE})"
    rf"|(?:{_STATED})"
)
_START_ALONE = re.compile(_START)
_REFUSAL = (
    r"n|no|nope|nah|no thanks|no thank you|never|no way|not (?:now|yet|today)|later|maybe later|wait|hold on|stop|abort"
)
_UNDO = r"(?:cancel|reject|rejected|decline|declined|forget|leave|never ?mind|nevermind)(?: it| that| this| the card)?"
_DONT = (
    r"(?:dont|do not)(?: do| start| launch| train)?(?: it| that| this)?|i (?:dont|do not) (?:approve|agree"
    r"|want (?:it|that|this))"
)
_NO = re.compile(rf"(?:no )?(?:{_REFUSAL}|{_UNDO}|{_DONT})")
_POLITE = frozenset(
    (
        "ok",
        "okay",
        "alright",
        "please",
        "thanks",
        "thank you",
        "thx",
        "now",
        "cheers",
        "pls",
        "sidekick",
        "great",
        "perfect",
        "good",
    )
)
_LONGEST = 60  # characters
_PLAIN = re.compile(r"[a-z ,.;!\n'-]*")  # any other sign may strike out, quote, negate or hide what it stands beside
_NOT_PLAIN = re.compile(r"(?<!\w)'|'(?!\w)|(?<![\w!])!")  # '!yes' is a no to many
# After the words these say the same once more:
_NODS = re.compile(r"(?:\s*[👍👌✅🙏🙂😀😊🎉🚀]\ufe0f?[\U0001f3fb-\U0001f3ff]?)+$")


def clear_answer(text: str) -> Literal["yes", "no"] | None:
    """'yes' or 'no' when the whole message is nothing else (politeness apart), else None."""
    if len(text) > 4 * _LONGEST:
        return None
    words = _NODS.sub("", text.strip().lower().replace("’", "'"))
    if len(words) > _LONGEST or not _PLAIN.fullmatch(words) or _NOT_PLAIN.search(words):
        return None
    clauses = [re.sub(r"[^a-z ]", "", clause.replace("'", "")) for clause in re.split(r"[,.;!\n-]+", words)]
    meant = {_meaning(" ".join(clause.split())) for clause in clauses if clause.strip()} - {"polite"}
    if "yes" in meant and meant <= {"yes", "start"}:  # 'yes, start it'
        return "yes"
    return "no" if meant == {"no"} else None


def _meaning(clause: str) -> str:
    if clause in _POLITE:
        return "polite"
    bare = clause
    for word in ("please", "thanks", "thank you", "now", "sidekick"):
        bare = bare.removesuffix(f" {word}").removeprefix(f"{word} ")
    for words in (clause, bare):
        for name, pattern in (("yes", _YES), ("no", _NO), ("start", _START_ALONE)):
            if pattern.fullmatch(words):
                return name
    return "other"
