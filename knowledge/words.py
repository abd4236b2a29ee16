"""From text to comparable words: lower case, endings removed, and the few synonyms that people use for our terms."""

import re

from .synonyms import SYNONYMS

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
        if word in _STOP_WORDS or word.replace(".", "").isdigit():  # "are 15 images enough" asks about images
            continue
        if "e-" in word:  # 5e-4 is a learning rate in every question that we have seen
            found += [stem("learning"), stem("rate")]
            continue
        singular = word[:-1] if word.endswith("s") and not word.endswith("ss") else word
        meant = SYNONYMS.get(word) or SYNONYMS.get(singular) or word
        found += [stem(part) for part in _WORD.findall(meant) if part not in _STOP_WORDS]
    return found
