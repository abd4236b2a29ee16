"""Cards about generated files that a sentence may well wish for, in words that the strict rules do not know.

Such a card opens only where the learned reader, too, is sure that it is wished for: neither of the two opens one alone.
A sentence with any doubt in it (a condition, a quotation, a later time, a denial, a question) wishes for none. What
spends (a training, a download) is never among them: tried, it opened a card by mistake in about 1 of 450 new sentences.
"""

import re

from .candidates import mark_of, names_in
from .conditions import IF
from .patterns import search
from .reading import Call, Facts

_DOUBT = re.compile(
    rf"\b(?:{IF}|when\w*|once(?! (?:more|again))|until|till|while|after|before|as (?:soon|long) as|provided"
    r"|assuming|supposing|in case|only|maybe|perhaps|might|could(?! you)|would(?! you)|should|shall|think\w*|thought"
    r"|guess|wonder\w*|kind of|sort of|later|tomorrow|tonight|soon|next \w+|monday|tuesday|wednesday|thursday"
    r"|friday|saturday|sunday|yet|wait\w*|not|never|no|nope|nah|none|nobody|without|stop(?!ped)\w*|cancel\w*|abort\w*"
    r"|says?|saying|said|told|tells?|wrote|writes?|written|reads|typed|types|shout\w*|yell\w*|asks?|asked"
    r"|asking|wants?|wanted|spam\w*|according|almost|nearly|accident\w*|ignore|instructions?|kill|trash|throw"
    r"|toss|chuck|ditch|drop|delete|discard|remove|forget|refuse|retract\w*|revoke\w*"
    r"|withdr[ae]w\w*|regret\w*|gave|hate|afraid|scared|dan|admin\w*|manual|tutorial"
    r"|readme|wiki|page|sign|label|quote\w*|pretend|imagine|hypothetical\w*|happens"
    r"|how|why|what|whether|which"
    r"|who)\b|n't\b|[\"“”]|:"
)
_CANDIDATES = r"\b(?:candidates?|synthetic|generated|made-\w+|you (?:made|drew|generated|created)|invented)\b"
_MADE_BY_MODEL = (
    r"\b(?:ai|midjourney|stable diffusion|sdxl|sd ?1\.5|comfy\w*|flux|dall-?e|sora|veo|kling|runway|firefly|synthetic"
    r"|generated|rendered|computer)\b"
)


def plausible_cards(text: str, said: str, facts: Facts, uploads: list[str]) -> tuple[Call, ...]:
    """The calls that would open them."""
    if len(text) > 300:
        return ()
    asked = text.rstrip().endswith("?") and not search(r"\b(?:can|could|would|will) you\b", text)
    if asked or search(_DOUBT, text):
        return ()
    calls = []
    names = names_in(said)
    if (facts.get("images") or facts.get("clips")) and search(_CANDIDATES, text) and not uploads:
        calls.append(Call("take_in_candidates", {"items": names} if names else {}))
    if (names or uploads) and search(_MADE_BY_MODEL, text):
        calls.append(mark_of(names, uploads))
    return tuple(calls)
