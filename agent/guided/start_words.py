"""A to start the training, told by its words: of them are words of such a wish, one of them starts it.

A condition, a denial, a report or another thing to be done needs a word that none of these, so it is none.
"""

from .patterns import search, sub

_WORDS = (
    "start begin launch commence train rerun retrain relaunch run kick fire set get have put let lets let's us "
    "do going running rolling started launched begun kicked underway moving motion go off up away on ahead the "
    "a this that it him her them my our training job thing lora model process show another one next new round "
    "final please pls now then again already right straight just can could may you we i i'd i'm i've like want "
    "to be for with these same settings as it's time ok okay yes yep and roll rip "
    "finally so well immediately proceed once-more here"
)
_ALLOWED = frozenset(_WORDS.split())
_STARTS = (
    r"\b(?:start|begin|launch|commence|train|rerun|retrain|relaunch)\b|\b(?:kick|fire)\b.*\b(?:off|up)\b"
    r"|\b(?:get|set|have|put)\b.*\b(?:going|running|rolling|started|launched|begun|underway|moving|motion|kicked off)\b"
    r"|^(?:(?:please|pls|now|then|just|ok|so|and|you can|can you|could you) )*run\b|\blet\b.*\b(?:run|begin|start|rip"
    r"|roll)\b"
    r"|\bbe (?:started|launched|begun|kicked off)\b|^(?:(?:i'd like|do|let's do|please|and) )*(?:another|a new)"
    r" (?:run|training)\b"
    r"|\bonce-more (?:run|training)\b|\bproceed with\b"
)
_NO_WISH = (  # a statement, or a question whether
    r"^(?:i|we|you|it|this|that|he|she|they|the \w+|my \w+|our \w+)(?:'ve)? (?:have |has |had |will |was |were |is "
    r"|are |did |just"
    r" )*(?:start\w*|launch\w*|train|trained|began|begun?|ran|run|running|going|set|get|got|kick\w*)\b"
    r"|\b(?:can|could|may) (?:i|it|this|the|my|our)\b|^is\b|^(?:do|have) (?:i|we|you|it)\b|\bto (?:be )?train\b$"
    r"|\bi've\b"
)
_OPEN_END = frozenset(["for", "to", "with", "a", "the", "one", "my", "our", "be", "have", "let"])  # more was to come
_ONLY_GOES = r"^(?:please |now |just |and |so |then |ok )*(?:go|start|begin|run)(?: now| please| ahead| on)*$"


def only_starts(part: str) -> bool:
    """Is the normalised part of a message nothing but a wish to start?"""
    part = sub(r"\b(?:once more|one more(?: time)?)\b", "once-more", part.strip(" .!?"))
    words = part.split()
    if not words or len(words) > 14 or not set(words) <= _ALLOWED:
        return False
    if words[-1] in _OPEN_END or search(_NO_WISH, part) or search(_ONLY_GOES, part):
        return False
    return search(_STARTS, part) is not None
