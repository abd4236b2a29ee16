"""From text to comparable words: lower case, endings removed, and the few synonyms that people use for our terms."""

import re

_WORD = re.compile(r"[a-z]+|\d+(?:\.\d+)?(?:e-?\d+)?")

_STOP_WORDS = frozenset(
    """
    a about above actually all also always am an and any anything anyway are arent as at be because been before
    being below between bit both but by can cant could couldnt did didnt do does doesnt doing dont down during each
    ever everything exactly explain few for from further get gets getting give go goes got had happen happened
    happens has have having he hello her here hi him his how i id if im in instead into is isnt it its ive just kind
    like lot make makes many maybe me mean means more most much must my need needs never no nor not now of off ok
    okay on once one only or other our out over own please really same say says see seem set she should shouldnt
    show so some something still such take takes tell than thanks that thats the their them then there theres these
    they thing things this those through to too under until up use used using very want was wasnt we well were what
    whats when where which while who why will with without wont would wouldnt yes you your
    """.split()  # noqa: SIM905 (a list of 190 lines reads worse)
)

# Left: what people type. Right: what the articles say. Only words that are rarely meant otherwise in this field.
_SYNONYMS = {
    "lr": "learning rate",
    "photo": "image",
    "photograph": "image",
    "pic": "image",
    "picture": "image",
    "still": "image",
    "footage": "clip",
    "movie": "video",
    "vid": "video",
    "angle": "view",
    "graphic": "graphics",
    "vram": "gpu memory",
    "ram": "memory",
    "oom": "out of memory",
    "cuda": "gpu",
    "colour": "color",
    "price": "cost",
    "pricing": "cost",
    "money": "cost",
    "expensive": "cost",
    "cheap": "cost",
    "fee": "cost",
    "pay": "cost",
    "long": "long time",
    "wrong": "problem",
    "comfy": "comfyui",
    "license": "licence",
    "overtrain": "overfit",
    "overtrained": "overfit",
    "overfitting": "overfit",
    "memorise": "overfit copy",
    "memorize": "overfit copy",
    "underfitting": "underfit",
    "undertrained": "underfit",
    "blurry": "blur",
    "token": "trigger word",
    "keyword": "trigger word",
    "epoch": "steps",
    "iteration": "steps",
    "wall": "wall background",
    "backdrop": "background",
    "eval": "evaluation",
    "val": "validation",
    "i2v": "image to video first frame",
    "t2v": "text to video",
    "v2v": "video to video ic-lora",
    "ckpt": "checkpoint",
    "kid": "child",
    "celebrity": "celebrity consent",
    "legal": "legal licence",
    "sell": "sell commercial",
    "cropped": "crop",
    "rear": "back",
    "behind": "back",
    "grey": "gray",
    "frozen": "static",
    "flipped": "flip mirror",
    "flip": "flip mirror",
    "mirrored": "mirror",
    "begin": "start",
    "poor": "bad",
    "terrible": "bad",
    "awful": "bad",
    "ugly": "bad",
    "tiny": "small",
    "entire": "whole",
    "identical": "same",
    "clone": "copy",
    "outfit": "clothes",
    "clothing": "clothes",
    "costume": "clothes",
    "profit": "commercial",
    "business": "commercial company",
    "gib": "gb",
}

_ENDINGS = ("ations", "ation", "ings", "ing", "edly", "ies", "ied", "ment", "ers", "er", "ed", "es", "ly", "s")


def stem(word: str) -> str:
    """Cut common English endings so that 'trained', 'training' and 'trains' meet. Crude: both sides use it."""
    if word.isalpha():
        for ending in _ENDINGS:
            if word.endswith(ending) and len(word) - len(ending) >= 3:
                word = word[: -len(ending)] + ("y" if ending in ("ies", "ied") else "")
                break
        if len(word) > 4 and word.endswith("e"):
            word = word[:-1]
        if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
            word = word[:-1]
    return word


def words_of(text: str) -> list[str]:
    """The stems of a text's words in order, stop words left out, synonyms replaced."""
    found: list[str] = []
    for word in _WORD.findall(text.lower().replace("'", "").replace("’", "")):
        if word in _STOP_WORDS:
            continue
        singular = word[:-1] if word.endswith("s") and not word.endswith("ss") else word
        meant = _SYNONYMS.get(word) or _SYNONYMS.get(singular) or word
        found += [stem(part) for part in _WORD.findall(meant) if part not in _STOP_WORDS]
    return found
