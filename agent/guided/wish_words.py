"""Words by which a part of a message shows what it is: a wish, a mere statement, a courtesy, something denied."""

import re

from .conditions import IF
from .patterns import fullmatch, search

REPORTED = r"\b(?:said|says|say that|wrote|writes|told|wants|wanted|asked|thinks?|according|pretend|imagine)\b"
DENIED = (
    r"\b(?:don't|do not|never|no need|nobody|(?:must|should|shall|can|will|need) not|shouldn't|mustn't|won't|neither"
    r"|nor|refuse|rather than|not yet)\b"
)
UNSURE = (  # too unsure for a card
    r"\b(?:maybe|perhaps|might|could(?! (?:you|we|i))|would(?! (?:you|like|love))|should (?:i|we)|whether|either|or"
    r"|later|tomorrow|tonight|next (?:week|month)|soon|what if|otherwise|else|almost|nearly|happens|before|after"
    r"(?! that)|till|while|not|no|none|without|only|ignore|forget|readme|manual|wiki|page|sign|note|mail|ticket"
    r"|yet|wait\w*|how|why|which|who|what)\b|n't\b|[\"“”:]"
)
_COURTESY = (
    r"(?:please|pls|plz|thanks?|thank you|thx|cheers|ok(?:ay)?|yes|no|sure|right|great|hi|hello|hey|now|again|too|also"
    r"|so|and|then|well|sorry|if you can|for me|mate|lol|yeah|yep|go (?:on|ahead)|do (?:it|that)(?: again)?"
    r"|why|how(?: so)?|what for)"
)
_NAME = (
    r"(?:only )?(?:[\w.-]+\.(?:jpe?g|png|webp|tiff?|mp4|mov)|(?:itm|lora|run|upl|ord|apr|con|inv)_\w+|[\d.,%]+"
    r"|[a-z]+:[\w-]+)"
)
_NO_WISH = re.compile(rf"(?:(?:{_COURTESY}|{_NAME})[\s,.!?]*)+")
_CLAUSE = (
    rf"^(?:(?:and|but|so) )?(?:{IF}|when|once|as soon as|after|before)\b"
    r"(?!.*\b(?:stop|tell|ping|warn|say|let|message|note)\b)"
)
_WE = r"(?:i|we)(?:'d| would)? (?:want|like|need)"
_ASKS = (
    r"\?|\b(?:please|pls|plz|let's|let us|can (?:you|we|i)|could (?:you|we|i)|would (?:you|like|love)"
    rf"|'d (?:also )?(?:like|love)|{_WE}|wanna|(?:should|must|has to|have to|needs? to|ought to) be|want(?:ed)? to"
    r"|may be)\b"
    r"|^(?:how|what|which|where|who|why|when|show|tell|list|give|is|are|do|does|did|has|have)\b"
)
_VERB = (
    r"is|are|was|were|has|have|had|isn't|aren't|wasn't|gets?|got|looks?|comes?|came|keeps?|needs?|needed|wants?|thinks?"
    r"|believe|guess|know|hope|forgot|did|does|do|made|make|went|go|goes|left|saw|rented|failed|crashed|stopped"
    r"|seems?|will|won't|can't|cannot|don't|doesn't|didn't|can|could|should|must|likes?|hates?|asks?"
)
_STATES = (
    r"^(?:(?:because|since|as|for|cause) )?(?:the|this|that|these|those|our|my|your|his|her|their|its|it|he|she|we|i"
    r"|you|they|there|a|an|both|all|everything|everyone|nothing|someone|somebody|some|most|two|three|[a-z]+'s)\b.*"
    rf"(?:\b(?:{_VERB})\b|'(?:s|m|ve|re|ll|d)\b)"
    r"|^(?:it|that|he|she|there)'s\b|^(?:i'm|i've|we're|we've|they're|you're|i'll|we'll)\b"
)


def is_no_wish(text: str) -> bool:
    """Is it a courtesy, or names and figures that belong to what was said before?"""
    return fullmatch(_NO_WISH, text) is not None


def only_states(text: str) -> bool:
    """Does it tell something and ask for nothing?"""
    return search(_STATES, text) is not None and search(_ASKS, text) is None


def is_clause(text: str) -> bool:
    """Is it the condition of what comes after it?"""
    return search(_CLAUSE, text) is not None
