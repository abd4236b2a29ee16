"""Arguments that a sentence spells out: whose caption and which words, seeds, strengths, ids of what was handed over.

As in `completed`, each function takes the arguments, the normalised sentence, the sentence as written and the facts.
"""

import re
from typing import Any

from .patterns import search, sub
from .reading import Facts
from .spelling import normal

Arguments = dict[str, Any]
FILE = r"\b(?:itm_[0-9a-f]{4,}|[\w.-]+\.(?:jpe?g|png|webp|tiff?|mp4|mov))\b"
_QUOTED = r"[\"“]([^\"”]+)[\"”]|(?<!\w)[‘']([^’']*\s[^’']*)[’'](?!\w)"
_BEFORE_WORDS = re.compile(  # what leads to a caption's words and is none of them
    r"^(?:\s*\b(?:(?:the |its |as |a )?(?:caption|description|text)(?:ed| is| as)?|to be|be|is|should|must|has to"
    r"|ought to|read|say|says|reads|replaced|changed|corrected|described|captioned|badly|wrong(?:ly)?|mislabel+ed|write"
    r"|put|there|by|with|into|to|as|in)\b[\s:,>=-]*)+",
    re.IGNORECASE,
)
_TRIGGER = re.compile(
    r"\btrig(?:ger)?(?: ?word| tok(?:en)?)?(?: (?:must be|should be|is|as|that \w+(?: \w+)* is))?[ :=]+"
    r"[\"“']?(?P<word>[\w-]+)",
    re.I,
)
_NOUN = re.compile(
    r"\b(?:class (?:noun|word)|noun)(?: (?:must be|should be|is|as))?[ :=]+(?:an? )?[\"“']?(?P<word>[a-z]+)", re.I
)
_NO_TRIGGER = (
    r"(?:word|words|is|must|should|be|tok|token|please|pls|it|the|for|and|in|too|myself|i|to|as|that|which|of"
    r"|everywhere)"
)
_MINE = r"\b(?:my|our)(?: own)? (?:\w+ )?(?:_?start|pairs?)\b|\bown (?:\w+ )?(?:_?start|pairs?)\b"
_DAYS = r"\b(?P<number>\d{1,2}) ?(?P<unit>d(?:ays?)?|w(?:eeks?)?)\b"
_CHANGE = r"\b(?:writ(?:e|ing)|edit(?:or|ing)?s?|chang\w+)[ -]?(?:access|rights?|perm\w*|role)?\b|\brole change\b"
_LOOK = r"\b(?:only|just|not|no|can't|cannot|read|view\w*|look)\b"
_EACH = (
    r"\b(?:at |with |@ ?)?(\d(?:\.\d+)?) (?:each|both)\b|\b(?:each|both|all)(?: one| of them| three)? (?:at|with|on)"
    r" (?:strength )?(\d(?:\.\d+)?)(?![\d.])"
)


def edited(arguments: Arguments, said: str) -> Arguments:
    """A caption's words as they were written: those in quotation marks, or what follows the words that lead to it."""
    names = re.findall(FILE, said)
    if len(names) != 1:
        return arguments
    quoted = [first or second for first, second in re.findall(_QUOTED, said)]
    if len(quoted) == 1 and " " in quoted[0].strip():
        return {"item": names[0], "caption": quoted[0].strip()}
    caption = str(arguments.get("caption") or "")
    colon = re.search(
        r"^[^:]{0,60}\b(?:write|caption|read|replaced by|there|text|say):\s*(?P<words>\S.+)$", caption, re.I
    )
    caption = colon["words"] if colon else _BEFORE_WORDS.sub("", caption) or caption
    found = re.search(re.escape(caption), said, re.IGNORECASE) if caption else None
    if found is None:  # the rules had it with its numbers in digits
        words = _BEFORE_WORDS.sub("", re.split(re.escape(names[0]), said, maxsplit=1)[1].strip(" .!?:\"'“”"))
        caption = words if normal(words) == caption.rstrip(" .!?\"'") else caption
    return {"item": names[0]} | ({"caption": found[0] if found else caption} if caption else {})


def candidates(arguments: Arguments, text: str, said: str) -> Arguments:
    """Seed, number and looks of pictures to make."""
    looks = str(arguments.get("description") or "")
    if seed := re.search(r"\bseed ?[=:]? ?(\d{1,9})\b", said, re.I):
        arguments = arguments | {"seed": int(seed[1])}
        looks = re.sub(r"[,;]?\s*(?:(?:with|and) )?(?:the )?seed ?[=:]? ?\d{1,9}", "", looks, flags=re.I).strip(" ,;")
    if "count" not in arguments and (
        count := search(r"\bn ?[=:]? ?([1-8])\b|\b(?:make|generate|draw) ([1-8]) of (?:those|them)\b", text)
    ):
        arguments = arguments | {"count": int(count[1] or count[2])}
    looks = without_remark(re.sub(r",\s*(?:\w+) of (?:them|those|em)$", "", looks, flags=re.I))
    looks = re.sub(r"^(?:right\? )?(?:he|she|it|they)(?:'?s|'?re| is| are) (?=an? )", "", looks, flags=re.I)
    looks = re.sub(r"^(?:of|for) (?=an? )", "", looks, flags=re.I)
    if "count" not in arguments and (
        count := search(r"\b([1-8]) of (?:them|those)\b|\b([1-8]) ?x (?:front|back|side)", text)
    ):
        arguments = arguments | {"count": int(count[1] or count[2])}
    if not looks and (after := re.search(r"[:,] ((?:an?|the|my|our) \w+ \w.+)$", said.rstrip(" .!"))):
        looks = after[1]
    if re.fullmatch(
        r"(?:each|those|them|these|all|both|me|us|each side|both directions|(?:me|us) both directions|generate|draw)"
        r"|(?:both )?(?:profiles?|sides?|(?:left|right) profile\b.*)(?:, \d each)?",
        looks,
        re.I,
    ):
        looks = ""
    kept = {key: value for key, value in arguments.items() if key != "description"}
    return kept | ({"description": looks} if looks else {})


def recipe(arguments: Arguments, said: str) -> Arguments:
    """The trigger and the noun where they are called so."""
    word = _TRIGGER.search(said)
    if word and search(r"[\d_]|\bword\b|=", word[0]) and not re.fullmatch(_NO_TRIGGER, word["word"], re.I):
        arguments = arguments | {"trigger": word["word"]}
    if (
        arguments.get("recipe") == "character"
        and (noun := _NOUN.search(said))
        and not re.fullmatch(_NO_TRIGGER, noun["word"], re.I)
    ):
        arguments = arguments | {"noun": noun["word"].lower()}
    return arguments


def handed(arguments: Arguments, said: str, facts: Facts) -> Arguments:
    """The upload that is named."""
    named = [name for name in re.findall(r"\bupl_\w+", said) if name in (facts.get("waiting_loras") or [])]
    return arguments | ({"upload": named[0]} if len(named) == 1 else {})


def called(arguments: Arguments, said: str) -> Arguments:
    """The trigger of a LoRA that is added."""
    word = _TRIGGER.search(said)
    named = word is not None and not re.fullmatch(_NO_TRIGGER, word["word"], re.I)
    return arguments | ({"trigger": word["word"]} if word and named else {})


def replaced(arguments: Arguments, text: str, said: str) -> Arguments:
    """In which files, and how exactly words are taken."""
    names = re.findall(FILE, said)
    arguments = arguments | ({"items": names} if names else {})
    if search(r"\bcase[- ]?sensitive\b|\bcapital(?:i[sz]ed)? letters?\b|\bmatch(?:ing)? case\b|\bexact case\b", text):
        arguments = arguments | {"match_case": True}
    if search(
        r"\bsubstrings?\b|\binside (?:longer|other) words\b|\bwhole_words ?=? ?false\b|\bparts? of words\b", text
    ):
        arguments = arguments | {"whole_words": False}
    return arguments


def shared(arguments: Arguments, text: str) -> Arguments:
    """Until when, and whether things may be changed."""
    days = search(_DAYS, text)
    number = int(days["number"]) * (7 if days["unit"].startswith("w") else 1) if days else 0
    arguments = arguments | ({"days": number} if 1 <= number <= 90 else {})
    may_change = search(_CHANGE, text) and not search(_LOOK, text)
    return arguments | ({"role": "change"} if may_change else {})


def own_pairs(arguments: Arguments, text: str, key: str) -> Arguments:
    """Does it hold for the person's own start files, too?"""
    denied = search(r"\b(?:not|don't|keep|except|without|but)\b", text)
    return arguments | ({key: True} if search(_MINE, text) and not denied else {})


def merged(arguments: Arguments, text: str) -> Arguments:
    """How much of each is kept, and the rank of what comes out."""
    if density := search(r"\bdensity(?: of| at|:)? ?(0?\.\d+|1(?:\.0)?)(?!\d)", text):
        arguments = arguments | {"density": float(density[1])}
    if (rank := search(r"\brank (?:of )?(\d{1,3})\b", text)) and arguments.get("method") == "svd":
        arguments = arguments | {"rank": int(rank[1])}
    return arguments


def each_strength(loras: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """'at 0.5 each': the strength of all."""
    found = search(_EACH, text)
    strength = float(found[1] or found[2]) if found else 3.0
    return loras if strength > 2 else [entry | {"strength": strength} for entry in loras]


def most_pieces(arguments: Arguments, text: str) -> Arguments:
    """'ten pieces per clip at most'."""
    found = search(r"\b(\d{1,3}) (?:pieces|parts|bits|shots|segments|scenes)\b", text)
    limited = search(r"\b(?:max(?:imum)?|at most|no more|not more|up to|cap|limit\w*|at the most)\b", text)
    return arguments | ({"most": int(found[1])} if found and limited else {})


def finding(arguments: Arguments, text: str, facts: Facts) -> Arguments:
    """The finding that is meant: by its place in the list, or by a word of its name."""
    there = [str(entry["id"]) for entry in facts.get("found") or []]
    if place := search(r"\b(?:fix|item|finding|number|advice|point|suggestion)(?: number| no\.?| #)? ?([1-3])\b", text):
        at = int(place[1]) - 1
        return arguments | ({"finding": there[at]} if at < len(there) else {})
    named = [name for name in there if search(_WORDS.get(name, "(?!)"), text)]
    return arguments | ({"finding": named[0]} if len(named) == 1 else {})


_WORDS = {
    "leak": r"\bleak\w*",
    "near_duplicates": r"\b(?:dup\w*|dedup\w*|repeat\w* pictures|twins)",
    "captions_without_trigger": r"\b(?:trigger|captions?)\b",
}


_REMARK = (  # what people add about a wish, no part of what is to be seen
    r"(?:\s*[,;]\s*|\s*[?!.]\s+)(?:(?:my|our) \w+ (?:\w+ )?(?:\w+s|said|told|is|was|wants?)\b(?! (?:up|down|on|in|at"
    r"|his|her|its))"
    r"|i\b|i'|we\b|we'|that's|this is|it's for|the client|would you|could you|can you|will you|please|pls|because|cause"
    r"|since|so (?:that )?(?:i|we)\b|no rush|no hurry|thanks?\b|cheers|ok\b|make (?:that|it) happen|you know).*$"
)


def without_remark(words: str) -> str:
    """A scene or looks without what is added about them: ', my wrist hurts', '? That's the last page'."""
    return re.sub(_REMARK, "", words, flags=re.IGNORECASE).strip(" ,;") or words


def clip(arguments: Arguments, text: str, said: str) -> Arguments:
    """'w=0.8', '@ 0.65', and the picture that a clip begins with."""
    prompt = without_remark(str(arguments.get("prompt") or ""))
    given = search(
        r"(?:\bw ?[=:]? ?|@ ?|\b(?:lora )?weight ?[=:]? ?|\bstrength (?:at|of|to) )(\d(?:\.\d+)?)(?![\d.])",
        sub(r"(?<![\w.])\.(?=\d)", "0.", sub(r"=", " ", said.lower())),
    )
    if given and not {"strength", "stack", "loras"} & arguments.keys() and float(given[1]) <= 2:
        arguments = arguments | {"strength": float(given[1])}
        prompt = re.sub(
            r"[,;\s]*(?:\bw ?[=:] ?|@ ?|\b(?:lora )?weight ?[=:]? ?|\b(?:with )?(?:the )?strength (?:at|of|to)"
            r" )\d?\.?\d+",
            "",
            prompt,
            flags=re.I,
        )
    image = re.findall(r"\b(?:upl|itm)_\w+", said)
    first = search(
        r"\bi2v\b|\b(?:first|start(?:ing)?|opening|init(?:ial)?) (?:frame|picture|image)\b"
        r"|\b(?:start|begin)\w* (?:from|with|at)\b",
        text,
    )
    if len(image) == 1 and first and "image" not in arguments:
        arguments = arguments | {"image": image[0]}
    prompt = re.sub(
        r"^(?:please |make |me )*(?:an? |the )?(?:\w+ )?(?:clip|film|video|sample|shot)s?(?: please)?: ?|^: ?",
        "",
        prompt,
        flags=re.I,
    )
    prompt = re.sub(r"[,;]?\s*\bwith (?:sound|audio)$", "", prompt, flags=re.I)
    prompt = re.sub(r"^(?:the )?prompt [\"“]([^\"”]+)[\"”].*$", r"\1", prompt, flags=re.I)
    prompt = re.sub(r"[,;]?\s*(?:\bcompare(?: them)?|\bcould we have them|\bat)$", "", prompt, flags=re.I)
    prompt = re.sub(
        r"^(?:the|my|our) [a-z]+ (?=\w+ing\b)", "", prompt, flags=re.I
    )  # the trigger word names the subject
    return arguments | ({"prompt": prompt} if prompt else {})
