"""'What if I only had 12 images?': another number of files, imagined."""

from typing import Any

from .patterns import search
from .reading import Facts

_PICTURES = r"(?:images?|pictures?|photos?|stills?|drawings?|shots|snaps|files?)"
_CLIPS = r"(?:clips?|videos?|recordings?)"
_HAD = (
    r"(?:had|have|has|got|gave|give|given|used?|add(?:ed)?|took|take|sent|send|were|was|with|handed|brought"
    r"|supplied|shot|bring|on|from"
    r"|uploaded|upload|put in|threw in|find|found|made?|collect(?:ed)?)"
)
_COUNT = (
    rf"\b{_HAD}(?: (?:you|it|in|only|just|about|around|as many as|as few as|but|another|up to|merely|no more than"
    rf"|there))* "
    r"(?P<number>\d{1,4})(?P<more> (?:more|extra|additional|further|other))?(?: (?:good|new|different|sharp|of my"
    r"|of the))*"
)
_AS_MANY = (
    r"\b(?P<how>twice|double|half|hal[fv]e?d?|3 times|three times|doubled)(?: (?:as many|the(?: number of)?|of the"
    r"|of my|my|the amount of|so many))*"
)


def imagined_files(text: str, facts: Facts) -> dict[str, Any]:
    """The arguments images and clips of change_plan; empty where no other number of files is imagined."""
    if not search(r"\b(?:what|if|how|would|is|are|do|does|can|could|suppose|imagine|enough|should|will)\b|\?", text):
        return {}
    found: dict[str, Any] = {}
    for name, words in (("images", _PICTURES), ("clips", _CLIPS)):
        here = int(facts.get(name) or 0)
        if count := search(rf"{_COUNT} {words}\b", text):
            found[name] = int(count["number"]) + (here if count["more"] or "another" in count[0] else 0)
        elif name == "clips" and search(
            rf"\b(?:had|have|used?|gave|with) (?:no|without) {words}\b|\b(?:left"
            rf"|leave) out (?:all )?the {words}\b",
            text,
        ):
            found[name] = 0
        elif (many := search(rf"{_AS_MANY} {words}\b", text)) and here and "train" not in text:
            factor = 0.5 if many["how"].startswith("hal") else 3.0 if many["how"].endswith("times") else 2.0
            found[name] = round(here * factor)
    return found
