"""What does the person want to teach? From words to a recipe and a class noun."""

import re
from typing import Any

from .patterns import fullmatch, match, search, sub

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
    r"\bgouache\b|\bcrayons?\b|\bcharcoal\b|\bink\b|\bpastels?\b|\bwoodcuts?\b|\bsuper 8\b|\bvhs\b"
    r"|\b(?:19)?[5-9]0s\b|\bretro\b|\bfilm stock\b|\bcolou?r grad\w+|\bpalette\b|\bghibli\b|\bmanga\b|\bpencil\b"
    r"|\bembroider\w*|\bmosaics?\b|\blow[- ]poly\b|\b8[- ]bit\b|\bgraffiti\b|\bpaper cut\w*|\bpapercut\b"
    r"|\bcyberpunk\b|\banime\b|\bvintage\b|\bcomic\b|\bsketch(?:es)?\b|\billustrations?\b|\boil paint"
    r"|\bstop[- ]motion\b|\bnoir\b"
)
_MOTION = (
    r"\bdanc\w*|\bmotions?\b|\bmovements?\b|\bgestures?\b|\bwalk(?:ing)? cycle|\bcamera (?:move|pan|orbit|dolly)\w*"
    r"|\bgait\b|\bbackflips?\b|"
    r"\bdolly zoom\b|\bway of (?:moving|walking|running)|\bcartwheels?\b|\bhow (?:\w+ )?(?:moves?|walks?|runs?)\b"
    r"|\bmoonwalk\w*|\bzoom\w*|\bpan(?:s|ning)?\b|\borbits?\b|\bdoll(?:y|ies)\b|\btracking shot|\bcrane shot"
    r"|\btilt\w*|\bhandheld\b|\bchoreograph\w*|\bsomersault\w*"
    r"|\b(?:a|the|this|that|certain|special|my) (?:\w+ )?(?:jump|punch|kick|spin|walk|wave|bow|twirl|swing|stroll"
    r"|run|flip|throw|pose|step|limp|strut|hop|skip|move|moves|handshake|salute|stretch|nod)\b"
    r"|\bthe way (?:\w+ ){1,3}(?:moves?|walks?|runs?|dances?|jumps?)\b|\byoga\b|\bkarate\b|\bfight\w*|\bskat\w+\b"
)
_EFFECT = (
    r"\beffects?\b|\btransform\w*|\bmelt\w*|\bexplo\w+|\bturn(?:s|ing)? (?:in)?to\b|\bmorph\w*|\btransitions?\b"
    r"|\bdissolv\w*|\bcrumbl\w*|"
    r"\bburst\w*|\bdisintegrat\w*|\bfreez\w+ into|\binflat\w+|\bcrumbl\w*|\bdust\b|\bshatter\w*|\bvanish\w*"
    r"|\bdisappear\w*|\bcatch(?:es|ing)? fire|\bglow\w*|\bevaporat\w*|\bliquif\w*|\bturns? (?:in)?to"
    r"|\bturn(?:ed)? (?:people|things|objects|someone|somebody|anything|everything|it|them) in(?:to)?|\b(?:becomes?"
    r"|becoming) (?:\w+ )?(?:stone|gold|ice|glass|paper|wood|smoke|water|sand|lego|clay|chocolate)\b|\bgrow(?:s"
    r"|ing)? (?:wings|fur|leaves|flowers)\b|\bcover(?:s|ed|ing)? (?:in|with) (?:moss|ice|gold|fire|slime|flowers)\b"
    r"|\bsquish\w*|\bdeflat\w*|\bpixelat\w*|\bbefore and after\b|\bvfx\b"
)
_FACE = (
    r"\bmyself\b|\bfaces?\b|\bmy own (?:face|likeness)\b|\blikeness\b|\bselfies?\b|\blooks? like me\b"
    r"|\breal (?:life )?(?:person|human|people|man|woman)\b"
    r"|\bphotoreal\w*|"
    r"\b(?:my|our) (?:(?:ex|best|old|older|younger|elder|little|big|new|late|dear|own|beloved|former|good)[ -])*"
    r"(?:ex|crush|date|classmate|room ?mate|co-?worker|landlord|stepm\w+|stepf\w+|bully|wife|husband|friend|son"
    r"|daughter|boss|dad|mom|mum|father|mother|partner|brother|sister|actor"
    r"|actress|presenter|"
    r"girlfriend|boyfriend|colleague|ceo|gran|granny|nan|grandad|granddad|grandma|grandpa|grandmother|grandfather"
    r"|kids?|child|baby|neighbou?r|teacher|uncle|aunt|cousin|nephew|niece|fianc[eé]e?|client|customer|employee"
    r"|coach|singer|host|bride|groom|mate|flatmate|mentor|late \w+)\b"
    r"(?!(?:'s)? (?:(?:own|little|old|favou?rite) )?(?!faces?\b|look|likeness|smile|voice)"
    r"(?:wants?|wishes|would|has|had|owns|drew|draws|made|makes|designed|invented|created|painted|loves|likes|asked"
    r"|asks"
    r"|needs?|says?|said|thinks?|told|cats?|dogs?|teddy|toys?|dolls?|plush\w*|pets?|robots?|puppets?|drawings?|stuffed"
    r"|characters?|mascots?)\b)|\bpresenter\b|\bcelebrit\w*|\bpolitician|\bfamous (?:person|people|singer|man|woman)\b"
    r"|\b(?:girl|boy|man|woman|guy|person|lady|someone|somebody|people) (?:that )?(?:i (?:know|like|love|met|dated|saw)"
    r"|from (?:my )?(?:school|work|class|church|the gym|college|the office)|in my (?:class|office|school|street|team)"
    r"|next door)\b"
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
    "action figure|kangaroo|koala|whale|shark|octopus|crab|bee|butterfly|spider|snake|crocodile|giraffe|zebra|hippo"
    "|rhino|monkey|gorilla|"
    "cow|pig|sheep|goat|donkey|chicken|rooster|goose|swan|parakeet|badger|mole|deer|moose|beaver|seal|walrus|ferret"
    "|guinea pig|snail|"
    "mermaid|fairy|gnome|troll|ogre|golem|zombie|skeleton|mummy|cyborg|astronaut|samurai|viking|clown|chef"
    "|detective|cowboy|queen|king|"
    "mushroom|cactus|pumpkin|potato|carrot|banana|cupcake|teapot|gingerbread man|scarecrow|car|truck|spaceship"
    "|sloth|lizard|gecko|bat|camel|"
    "llama|alpaca|yeti|griffin|phoenix|pony|ladybug|ladybird|worm|jellyfish|starfish|lobster|pigeon|crow|raven"
    "|eagle|falcon|chick|lamb"
)
_GENERAL = ("hero", "heroine", "villain", "creature", "person", "toy", "superhero", "monster", "doll")
_MY_PLURAL = rf"\b(?:my|our|both|2|3|4|these|those|the)(?: (?!\w+s\b)\w+)? (?P<noun>{NOUNS})s"
_CHARACTER = (
    r"\bmascot|\bcharacters?\b|\bcartoon\b|\b(?:oc|npc)\b|\bpets?\b|\bfigurine\b|\bavatar\b"
    rf"|\b(?:{NOUNS})\b|{_MY_PLURAL}\b"
)
_DRAWN = (
    r"\b(?:drew|drawn|draws?|drawing of|invented|made up|designed|sculpted|sewed|knitted|crocheted|imagin\w+"
    r"|plush\w*|stuffed|stuffie|cuddly|comics? (?:hero\w*|figure|cat|dog|character)|children's book"
    r"|picture book|storybook|puppet|mascots?|cartoon (?:figure|character|version|cat|dog)|fictional"
    r"|original character)\b"
)
_MOTION_NOUN = (
    r"walk|dance|jump|kick|punch|spin|wave|move|gesture|movement|motion|camera \w+|backflip|cartwheel|stroll|gait|run"
)
_PORTRAYED = (
    r"\b(?:me|myself|i) (?:in|into|on|as|to be|appear\w*|talking|speaking|singing|dancing|presenting|star\w*"
    r"|be)\b.*\b(?:clips?|videos?|films?|movies?|screen|adverts?|ads?)\b"
    r"|\bi (?:want to|wanna|would like to|'d like to) (?:be|appear|star|see myself)\b|\bmy own (?:self|person|twin"
    r"|double|avatar)\b|\bdigital (?:twin|double|me)\b"
)
_KINDS = (("face", _FACE), ("effect", _EFFECT), ("motion", _MOTION), ("character", _CHARACTER))


def recipe_wanted(text: str, *, stated: bool = True) -> tuple[str, str | None] | None:
    """(recipe, class noun or None) of a goal in a normalised sentence; None when no goal is recognised.

    'my mascot in anime style' is a character: how it is to be shown later does not count. `stated`: only with a
    word of wish or possession, such as 'want' or 'my'.
    """
    text = sub(
        r"\b(?:not|rather than|instead of|no longer) (?:an? |the |my |his |her )?(?:\w+ )?\w+(?=[,.!]|$)", " ", text
    )
    text = sub(r"\blook(?:s|ing)? (?:at|over|through|into)\b", " ", text)  # no look that is to be taught
    if not stated:
        pass
    elif not search(_WISH, text) and not search(r"\b(?:my|our|this|it's an?|they're|about)\b", text):
        return None
    plain = _MODIFIER.sub(" ", text)
    if search(_DRAWN, plain) and not search(r"\b(?:faces?|likeness|style|look)\b", plain):
        return "character", noun_in(text)
    if match(rf"(?:an?|the|this|that) (?:\w+ ){{0,2}}?(?:{_MOTION_NOUN})\b", plain):
        return "motion", None
    if search(_PORTRAYED, plain) and not search(r"\bcamera\b", plain):
        return "face", None
    if search(
        r"\b(?:style|look|aesthetic|art ?work|drawings?|paintings?) (?:of|by|from)\b|\b(?:art|drawing|painting"
        r"|visual|our|my) style\b",
        text,
    ):
        return "style", None
    if search(_STYLE, plain) and not search(_CHARACTER, plain) and not search(_FACE, plain):
        return "style", None
    for name, pattern in _KINDS:
        if search(pattern, plain):
            return name, noun_in(text) if name == "character" else None
    if search(_STYLE, text):
        return "style", None
    return None


_NAMES = r"(character|face|style|motion|effect)"
_CHOSEN = (
    rf"\b{_NAMES}s? (?:recipe|lora|training)\b",
    r"\b(?:use|choose|take|pick|select|go with|go for|switch(?: over)? to|change to|change it to|let's do"
    r"|let's go with|let's use|i'll take|i'd go with|make it|it's|its|i meant?|i think|should be|must be|would be"
    r"|want|try|do"
    rf"|rather(?: a| the)?|instead|it is|that's|that is|sounds like|more of|turn it into) (?:an? "
    rf"|the )?{_NAMES}\b(?! (?:in|on|from|of|that|who|which|with|to|is|looks?|clips?|videos?))",
    rf"\b(?:for|but) (?:an? |the )?{_NAMES}(?: instead| this time| now| then)?[.! ]*$",
    rf"^(?:the |a |an )?{_NAMES}s?(?:,| - |\.| please| i (?:think|guess|suppose)| it is| instead)",
)


def named_recipe(text: str) -> str | None:
    """The recipe that is named as such: 'character', 'the face recipe', 'let's do style'."""
    if search(r"\b(?:what|which|how|why|does|difference)\b", text) and not search(
        r"\buse\b|\bswitch\b"
        r"|\bchange\b",
        text,
    ):
        return None
    plain = sub(rf"\b(?:not|no longer|rather than|instead of|than) (?:an? |the )?{_NAMES}\b", " ", text)
    whole = fullmatch(
        rf"(?:the |a |an )?{_NAMES}s?(?: (?:recipe|lora|one))?(?:,? (?:please|then|it is|i think"
        rf"|i guess))?[.!]?",
        plain.strip(),
    )
    found = whole or next((hit for pattern in _CHOSEN if (hit := search(pattern, plain.strip()))), None)
    return found[1] if found else None


def other_noun(text: str, facts: dict[str, Any]) -> str | None:
    """'It's actually a dog, not a cat' once a character is chosen: the class noun that is meant."""
    found = match(
        rf"(?:no[, ]+)?(?:it|she|he|this|that)(?:'s| is| should be)(?: (?:actually|really|in fact"
        rf"|more of))* an? (?:\w+ )?({NOUNS})\b(?:,? (?:not|and not|rather than|instead of) .*|,? (?:actually"
        rf"|though|really))?[.! ]*$"
        rf"|(?:call|name|make) (?:it|her|him|them) an? ({NOUNS})\b[^,]{{0,30}}$|.*\b(?:noun|class(?: word| noun)?"
        rf"|kind) (?:should be|to"
        rf"|is|=|:)(?: an?)? (\w+)[.! ]*$",
        text,
    )
    noun = next((part for part in found.groups() if part), None) if found else None
    denied = search(
        r"\b(?:isn't|is not|not|no|wasn't) (?:really |actually )?(?:an? |the )?\w+(?: at all)?(?: in [^,.;]*)?[,.;]+"
        r" (?:but )?"
        r"(?:it|she|he|this|that)(?:'s| is| was) (?:an? )?(?:\w+ )??(\w+)(?=[,.;!]|$)",
        text,
    )
    noun = noun or (denied[1] if denied else None)
    if search(r"\breal\b|\bphoto\w*\b", text):
        return None
    return noun if noun and noun != facts.get("noun") and facts.get("recipe") == "character" else None


def own_trigger(text: str, said: str) -> str | None:
    """The trigger word that a person insists on."""
    if not search(
        r"\b(?:want|use|change|call|set|make|rename|take|choose|should be|prefer|like|let|insist|need"
        r"|must be|my own|switch)\b",
        text,
    ):
        return None
    found = re.search(
        r"\b(?:trigger(?: ?word)?|key ?word)\b(?: (?:to be|should be|must be|shall be|needs to be|is|be|as|to|into"
        r"|of|like|called|will be))*[:= ]*['\"“]?(?P<word>[A-Za-z][A-Za-z0-9_]{2,31})['\"”]?(?: (?:please|instead"
        r"|then|as the))?[.! ]*$"
        r"|\b(?:use|take|make|want|have|choose|set) ['\"“]?(?P<first>[A-Za-z][A-Za-z0-9_]{2,31})['\"”]? as (?:the "
        r"|my |its |her |his |our )?(?:own )?trigger\b",
        said.strip(),
        re.IGNORECASE,
    )
    named = search(
        r"\b(?:call|name) (?:it|her|him"
        r"|them) ['\"“]?([A-Za-z]+[_0-9][A-Za-z0-9_]{1,30})['\"”]?[.! ]*$",
        said.strip(),
    )
    word = (found["word"] or found["first"]) if found else named[1] if named else None
    return (
        word
        if word
        and word.lower()
        not in (
            "word",
            "words",
            "it",
            "that",
            "this",
            "shorter",
            "longer",
            "different",
            "else",
            "something",
            "please",
            "mean",
            "the",
        )
        else None
    )


def noun_in(text: str) -> str | None:
    """The noun of a known kind of character; the more exact where several are said."""
    found = re.findall(rf"\b({NOUNS})\b", text) or [hit["noun"] for hit in re.finditer(rf"{_MY_PLURAL}\b", text)]
    if not found:
        return None
    exact = [noun for noun in found if noun not in _GENERAL]
    noun = (exact or found)[0]
    return {"bunny": "rabbit", "kitten": "cat", "puppy": "dog"}.get(noun, noun)
