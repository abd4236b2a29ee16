"""Sentences that look like wishes for a tool and are none: everything is to be deleted, a clip is to go elsewhere,
somebody tells how much memory there is, or says that a word is not known."""

from . import questions
from .fillers import command
from .patterns import fullmatch, search
from .reading import Call, Facts, Reading, about
from .scenes import LAST_PROMPT

_DOUBT = r"\b(?:don't|do not|never|if|unless|how|why|when|should|says?|said|wrote)\b|\""
_THINGS = (
    r"(?:files?|pictures?|photos?|images?|data|uploads?|videos?|clips?|stuff|things?|account|everything|projects?"
    r"|conversations?|chats?|history|drawings?|copies|it all|workspace|dataset)"
)
_DELETE_ALL = (
    r"\b(?:delete|erase|wipe|destroy|purge|remove|get rid of)\b"
    r"(?=.*\b(?:all|everything|every|my|our|account|project|workspace|history)\b)"
    rf"(?: (?:all|every|of|my|our|the|these|those|your|whole|entire|copies|single|uploaded|private))* {_THINGS}\b"
    r"(?:,? (?:please|now|again|too|forever|completely|permanently|at once|immediately|for good|from .*|off .*|and .*"
    r"|(?:that )?(?:you have|you've|you got|i (?:sent|gave|uploaded|handed)).*))*[.!? ]*$"
)
_AWAY_WITH_IT = (
    r"(?:throw|chuck|toss|put|delete|bin|discard|trash|scrap|dump|ditch|destroy|erase|get rid of|remove)"
    r" (?:it|this|that|the (?:lora|model|result|clip|video|run))(?: (?:away|out|all|in the bin|in the trash|again"
    r"|then))*"
)
_SITES = (
    r"(?:you ?tube|tik ?tok|insta(?:gram)?|facebook|twitter|x|vimeo|reddit|discord|whats ?app|telegram|twitch|slack"
    r"|linked ?in|the (?:internet|web|net)|my (?:website|blog|channel|page|site|story|feed|phone|tv)|hugging ?face"
    r"|civitai|e-?mail|my (?:friends?|mum|mom|dad|boss|mail))"
)
_PLACES = (
    r"(?:(?:my|the|a|an|our) (?:new )?(?:desktop|computer|laptop|pc|mac|machine|(?:hard |usb |external )?(?:drive"
    r"|disk|stick)"
    r"|folder|directory|downloads?(?: folder)?|documents|cloud|server|nas|usb|zip(?: file)?|sd card)"
    r"|google drive|i ?cloud|dropbox|one ?drive|downloads|usb)"
)
_PUT = (
    r"\b(?:put|upload|post|send|copy|move|save|publish|share|store|drop|place|stick|get|stream)"
    r" (?:it|this|that|them|those|everything|(?:the|my|that|this|these) (?:lora|clip|video|file|model|result|weight)s?)"
    r"(?: up)? (?:on|to|in|into|onto|over to|via|by) "
)
_MEMORY = (
    r"^(?:(?:well|but|and|so|hm+|sorry),? )*(?:i|we|my \w+|our \w+|this \w+|the \w+|it|there)(?:'ve|'s| have| has| is)?"
    r"(?: (?:only|just|got|about|around|have|has|with))* \d+ ?(?:gb|gigs?|gigabytes?)"
    r"(?: (?:of|in|on|v?ram|memory|gpu|graphics|video|card|only|my|here|laptop|computer|pc|machine|though|nvidia|rtx"
    r"|\d{4}|total|free|left|the|this|it|available|old|system))*[.! ]*$"
)
_NOT_KNOWN = (
    r"\b(?:don't|do not|didn't|never) (?:even |really |actually |quite )?(?:know|understand|get) (?:what|how|why)"
    r"|\bno (?:idea|clue) (?:what|how|why)|\bnot sure (?:what|how|why)"
)
_MEANING = (
    rf"(?:{_NOT_KNOWN}) (?!(?:it|that|this|these|those|i|you|he|she|we|they|to|(?:the |a )?(?:best|right|good))\b)"
    r"(?:an? |the )?[\w -]{2,40}? (?:is|are|means?|does|do|works?|stands? for)(?: exactly| at all| anyway"
    r"| even)*[.! ]*$"
)
_ONE_MORE = (
    r"\b(?:(?:a|1) (?:2nd|second)|another|a third|one more|an extra|(?:2|3|two|three)(?: more)?|more)"
    r" (?:characters?|persons?|people|faces?|subjects?|mascots?)\b.*\b(?:too|also|as well|in (?:it|one|there|the same)"
    r"|besides|beside|later|next|on top)\b"
)


def plain_talk(text: str, said: str, facts: Facts) -> Reading | None:
    """What is said about such things; None where it is about something else."""
    if search(_MEMORY, text):
        return Reading((about(f"How much memory does training need? {said}"),))
    if asks_meaning(text):
        return Reading((about(said),))
    if facts.get("recipe") and search(_ONE_MORE, text):
        return Reading((about(said),))  # of their own project, or stacked
    if search(_DOUBT, text) or questions.asks(text):
        return None
    if search(_DELETE_ALL, text):
        return Reading(topic="deletes_nothing")
    if not (facts.get("lora") or facts.get("run")):
        return None
    if facts.get("stage") == "results" and fullmatch(_AWAY_WITH_IT, command(text)):
        return Reading(topic="deletes_nothing")
    return elsewhere(text, facts)


def asks_meaning(text: str) -> bool:
    """Does somebody say that a word or a thing is not known to them?"""
    return search(_MEANING, text) is not None and search(r"\brecipes?\b", text) is None


def elsewhere(text: str, facts: Facts) -> Reading | None:
    """A LoRA is handed out as a file; a clip is where it was shown. Neither is sent anywhere from here."""
    ends = r"(?: (?:please|now|for me|then|too|as well|so .*|and .*))*[.!? ]*$"
    if search(rf"{_PUT}{_SITES}{ends}", text):
        return Reading(topic="sends_nothing")
    if not search(rf"{_PUT}{_PLACES}{ends}", text):
        return None
    of_clip = search(r"\b(?:clip|video)s?\b", text) or (facts.get(LAST_PROMPT) and not search(r"\blora|\bmodel", text))
    return Reading(topic="sends_nothing") if of_clip or not facts.get("lora") else Reading((Call("export_lora"),))
