"""Remarks around a wish that change nothing of it: 'all have signed', 'I've got my shawl', 'no further questions'.

They are told from what makes a wish void: a condition, a doubt, a denial, somebody else's words, another time.
"""

from .conditions import IF
from .patterns import fullmatch, search, sub
from .wish_words import only_states

_VOID = (
    rf"\b(?:{IF}|when\w*|once(?! (?:more|again))|until|till|before|after(?! that| all)|as (?:soon|long) as|provided"
    r"|assuming|supposing|in case|depend\w*|maybe|perhaps|might|could|would|should|shall|must|ought|think\w*|thought"
    r"|guess\w*|wonder\w*|believe\w*|doubt\w*|hope\w*|wish\w*|unsure|not|never|nobody|nothing|none|neither|nor|without"
    r"|no one|no|wait\w*|hold|hang|stop\w*|cancel\w*|pause\w*|abort\w*|later|tomorrow|tonight|soon|yet|next|monday"
    r"|tuesday|wednesday|thursday|friday|saturday|sunday|weekend|first|says?|saying|said|told|tells?|tell|wrote"
    r"|writes?|written|reads|types?|typed|typing|shout\w*|scream\w*|yell\w*|spam\w*|chant\w*|sings?|begs?|beg\w+"
    r"|insist\w*|claim\w*|suggest\w*|recommend\w*|advis\w*|votes?|voting|voted|demand\w*|order(?:s|ed)|calls?|called"
    r"|calling|ping\w*|mail\w*|text(?:s|ed)|repl\w+|answer\w*|asks?|asked|asking|wants?|wanted|keeps?|quot\w*"
    r"|according|accident\w*|mistake\w*|keyboard|typo|ignore|pretend\w*|imagine\w*|dream\w*|jok\w*|kidding|test\w*"
    r"|almost|nearly|forget|chat|readme|manual|sign|note|page|launch\w*|start\w*|begin|beginning|train|trains|trained|run"
    r"|runs|running|go|goes|change\w*|problem\w*|wrong|worr\w*|afraid|scared|whether|why|how|what|which|who)\b"
    r"|n't\b|[\"“”?:]"
)
FINE = (  # a 'no' or an 'only' that stands in nobody's way
    r"\bnothing (?:more |else )?to (?:add|say|change)\b|\b(?:no|without|have no|there are no|nothing) (?:more|further"
    r"|other|objections?|remarks?|complaints?|notes?"
    r"|questions?|wishes|edits?|comments?|else|issues?|concerns?)(?: (?:more|wishes|questions?|remarks?|comments?"
    r"|changes?|edits?|notes?|objections?|to (?:add|say)))*\b"
    r"|\bas it should be\b|\bit'?s (?:only|just) (?:for|a)\b|\bno (?:time|rush|changes)\b"
)
_GOOD_WISH = r"(?:may it (?:go|turn out) well|fingers crossed|wish me luck|here goes(?: nothing)?|good luck(?: to us)?)"
_PAST = r"^(?:i|we)(?:'ve| have) (?:read|checked|looked|seen|had|got|put|been|done|gone)\b|\bas it should be\b"
_SETTLED = (
    r"^(?:(?:[\w']+ ){1,4}?(?:is |are |has been |have been |has |have )?)?"
    r"(?:signed(?: off)?|approved|agreed|frozen|settled|locked(?: in)?|final|decided|cleared|confirmed"
    r"|checked)(?: (?:by|on|from) \w+(?: \w+)?)?$"
)
_UNSETTLED = r"\b(?:no|not|nobody|none|never|by (?!me|us|them all|everyone|everybody|all)\w+)\b|n't\b"
_OF_OURS = (  # what others do or lack may well stand in the way
    r"^(?:i|we|it|this|that|everything|all|there)(?:'|\b)|^(?:my|our) (?:hat|coat|shawl|coffee|tea|time|train|bus"
    r"|slot)\b"
    r"|^the (?:plan|config\w*|settings|price|budget|figures|numbers|time|slot|power|kettle|twins|kids|client is in)\b"
)
_LONGEST = 90  # characters


def harmless(part: str) -> bool:
    """Does a normalised part of a message leave the wish beside it as it is?"""
    part = sub(rf"^(?:{FINE})(?: (?:from|on|by|here|in) [\w' ]+)?$", "", part.strip(" .!,;"))
    part = sub(FINE, " ", part).strip()
    if not part or fullmatch(_GOOD_WISH, part) or (search(_SETTLED, part) and not search(_UNSETTLED, part)):
        return True
    if len(part) > _LONGEST or search(_VOID, part):
        return False
    return (only_states(part) and search(_OF_OURS, part) is not None) or search(_PAST, part) is not None
