"""Remarks that ask for nothing: praise, surprise, going away for a moment."""

from . import questions
from .patterns import search, split

_PLEASED = (
    r"\b(?:exciting|excited|nervous|interesting|surprising\w*|remarkabl\w*|impress\w*|lovely|beautiful|gorgeous"
    r"|wonderful"
    r"|brilliant|amazing|handsome|pretty|well done|good job|nice work|pleased|proud|good to know|makes? sense|tidy"
    r"|clean"
    r"|read (?:very |really )?(?:well|nicely)|(?:better|lower|higher|faster|cheaper|less) than (?:i|we|last)\b"
    r"|matche[sd]|exactly what you said|thank you|thanks|haha+|lol|wow|huh)\b"
)
_AWAY = (
    r"^(?:(?:ok|right|oh|sorry|so|well),? )*(?:i'?ll be |i'm |be )?(?:brb|right back|back|afk|gone)(?: soon| later"
    r"| (?:in|for) (?:an? |\d+ )?\w+(?: \w+)?)?[.! ]*$|^(?:(?:ok|right|bye|so),? )*(?:see|talk to|speak to) you\b"
    r"|^(?:i'?ll|i shall|let me|gonna|going to) (?:put the kettle|get"
    r" (?:a |some )"
    r"(?:coffee|tea|lunch|dinner)|be back)\b"
)
_WISHES = (
    r"\b(?:please|pls|can you|could you|would you|can we|could we|let's|i(?:'d| would)? (?:want|like|need|love to"
    r"|prefer)"
    r"|we (?:want|need)|want to|need to|should|must|but|too|not|except|only|instead|rather|more|again|also)\b|n't\b"
    r"|\?|\d"
)
_ORDERS = (
    r"^(?:now |then |so |and |ok |just )*(?:show|make|launch|start|train|write|check|export|merge|add|put|set|use|drop"
    r"|remove|take|give|tell|list|verify|compare|download|do|go|apply|caption|split|stop|cancel|undo|save|share|plan"
    r"|propose"
    r"|score|leave|exclude|keep|begin|run|try|change|describe|look|draw|generate|create|send|continue|carry|resume"
    r"|next)\b"
)


def only_remarks(text: str) -> bool:
    """Is the normalised message a remark, and nothing to be done or answered?"""
    if search(_AWAY, text):
        return True
    if len(text) > 160 or not search(_PLEASED, text) or search(_WISHES, text) or questions.asks(text):
        return False
    parts = [part.strip() for part in split(r"[.!,;:]+| - |\band\b", text) if part.strip()]
    return len(text.split()) > 3 and not any(search(_ORDERS, part) for part in parts)
