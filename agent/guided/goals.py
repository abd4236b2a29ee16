"""What does the person want to teach? From words to a recipe and a class noun."""

import re

_WISH = (
    r"\b(?:want|would like|i'd like|need|wish|teach|train|make|create|build|get|lora|model|let's do|have|my idea"
    r"|goal|trying to|going to|"
    r"project|for my|hope|can you do|could you do|put|love|like)\b"
)
_MODIFIER = re.compile(
    r"\b(?:in|with|into|as|for|to)\b (?:an? |the |some )?(?:[\w-]+ ){0,3}?(?:style|clips?|videos?|films?|movies?"
    r"|scenes?|look)\b"
)
_STYLE = (
    r"\bstyles?\b|\blook\b|\baesthetic|\bwater-?colou?rs?\b|\bfilm grain\b|\bart ?work\b|\bpaintings?\b|\bbrush"
    r"|\bpixel art\b|\bclaymation\b|"
    r"\bcyberpunk\b|\banime\b|\bvintage\b|\bcomic\b|\bsketch(?:es)?\b|\billustrations?\b|\boil paint"
    r"|\bstop[- ]motion\b|\bnoir\b"
)
_MOTION = (
    r"\bdanc\w*|\bmotions?\b|\bmovements?\b|\bgestures?\b|\bwalk(?:ing)? cycle|\bcamera (?:move|pan|orbit|dolly)\w*"
    r"|\bgait\b|\bbackflips?\b|"
    r"\bdolly zoom\b|\bway of (?:moving|walking|running)|\bcartwheels?\b|\bhow (?:\w+ )?(?:moves?|walks?|runs?)\b"
    r"|\bmoonwalk\w*"
)
_EFFECT = (
    r"\beffects?\b|\btransform\w*|\bmelt\w*|\bexplo\w+|\bturn(?:s|ing)? (?:in)?to\b|\bmorph\w*|\btransitions?\b"
    r"|\bdissolv\w*|\bcrumbl\w*|"
    r"\bburst\w*|\bdisintegrat\w*|\bfreez\w+ into|\binflat\w+"
)
_FACE = (
    r"\bmyself\b|\bfaces?\b|\bmy own (?:face|likeness)\b|\blikeness\b|\breal (?:person|human|people|man|woman)\b"
    r"|\bphotoreal\w*|"
    r"\b(?:my|our) (?:wife|husband|friend|son|daughter|boss|dad|mom|mum|father|mother|partner|brother|sister|actor"
    r"|actress|presenter|"
    r"girlfriend|boyfriend|colleague|ceo|grandma|grandpa|grandmother|grandfather|kids?|child|baby)\b|\bpresenter\b"
    r"|\bactor\b|\bactress\b|"
    r"\b(?:videos?|clips?|model|lora) of me\b|\bphotos of me\b|\btrain (?:it )?on me\b|\bteach it me\b"
)
NOUNS = (
    "cat|dog|fox|bear|rabbit|bunny|robot|dragon|monster|alien|knight|wizard|witch|princess|prince|pirate|ninja"
    "|puppet|doll|bird|owl|"
    "penguin|panda|tiger|lion|horse|unicorn|mouse|frog|turtle|duck|elephant|superhero|elf|goblin|ghost|vampire|girl"
    "|boy|man|woman|person|"
    "creature|hero|heroine|villain|dinosaur|wolf|hedgehog|squirrel|otter|raccoon|kitten|puppy|hamster|parrot"
    "|snowman|teddy|toy|"
    "action figure"
)
_GENERAL = ("hero", "heroine", "villain", "creature", "person", "toy", "superhero", "monster", "doll")
_CHARACTER = rf"\bmascot|\bcharacters?\b|\bcartoon\b|\b(?:oc|npc)\b|\bpets?\b|\bfigurine\b|\bavatar\b|\b(?:{NOUNS})\b"
_KINDS = (("face", _FACE), ("effect", _EFFECT), ("motion", _MOTION), ("character", _CHARACTER))


def recipe_wanted(text: str, *, stated: bool = True) -> tuple[str, str | None] | None:
    """(recipe, class noun or None) of a goal in a normalised sentence; None when no goal is recognised.

    'my mascot in anime style' is a character: how it is to be shown later does not count. `stated`: only with a
    word of wish or possession, such as 'want' or 'my'.
    """
    if not stated and re.match(r"(?:an?|my|our|some)\b", text):
        pass
    elif not re.search(_WISH, text) and not re.search(r"\b(?:my|our|this|it's an?|they're|about)\b", text):
        return None
    plain = _MODIFIER.sub(" ", text)
    if re.search(
        r"\b(?:style|look|aesthetic|art ?work|drawings?|paintings?) (?:of|by|from)\b|\b(?:art|drawing|painting"
        r"|visual|our|my) style\b",
        text,
    ):
        return "style", None
    if re.search(_STYLE, plain) and not re.search(_CHARACTER, plain) and not re.search(_FACE, plain):
        return "style", None
    for name, pattern in _KINDS:
        if re.search(pattern, plain):
            return name, _noun(text) if name == "character" else None
    if re.search(_STYLE, text):
        return "style", None
    return None


def named_recipe(text: str) -> str | None:
    """The recipe that is named as such: 'character', 'the face recipe', 'let's do style'."""
    names = r"(character|face|style|motion|effect)"
    found = (
        re.fullmatch(
            rf"(?:the |a |an )?{names}s?(?: (?:recipe|lora|one))?(?:,? (?:please|then|it is|i think|i guess))?[.!]?",
            text,
        )
        or re.search(rf"\b{names} (?:recipe|lora|training)\b", text)
        or re.search(
            rf"\b(?:use|choose|take|pick|select|go with|go for|switch to|change to|change it to|let's do"
            rf"|let's go with|let's use|i'll take|"
            rf"i'd go with|make it|it's|its) (?:an? |the )?{names}\b",
            text,
        )
    )
    return found[1] if found else None


def _noun(text: str) -> str | None:
    found = re.findall(rf"\b({NOUNS})\b", text)
    if not found:
        return None
    exact = [noun for noun in found if noun not in _GENERAL]
    noun = (exact or found)[0]
    return {"bunny": "rabbit", "kitten": "cat", "puppy": "dog"}.get(noun, noun)
