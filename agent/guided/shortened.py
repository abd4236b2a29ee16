"""A message in the length in which it is read: rules look for words in many orders, so what repeats itself without end,
or never ends, would keep them busy for seconds."""

import re

MOST = 1500  # characters that are read; people say what they want in fewer
_USUAL = 240  # shorter messages are read as they are
_SAME = 3  # times that a sign or a few words may stand in a row
_LONGEST_REPEATED = 4  # words
_SIGN = re.compile(rf"([^\w\s])(?:\s*\1){{{_SAME},}}")
_SIGNS = re.compile(r"(?:[^\w\s]\s*){16,}")
_SPACE = re.compile(r"(\s)\s{2,}")
_LETTER = re.compile(rf"(\w)\1{{{_SAME + 9},}}")


def shortened(said: str) -> tuple[str, bool]:
    """The message without endless repetitions, and whether something of it is left unread."""
    if len(said) <= _USUAL:
        return said, False
    endless = len(said) > 20 * MOST
    said = _SIGNS.sub(lambda found: found[0][:9] + " ", said[: 20 * MOST])
    said = _SPACE.sub(r"\1", _SIGN.sub(lambda found: found[1] * _SAME, _LETTER.sub(r"\1\1\1", said)))
    said = _without_repeats(said)
    return said[:MOST], endless or len(said) > MOST


def _without_repeats(said: str) -> str:
    """The words, those that come again and again at once three times only: 'show me show me show me …'."""
    words = re.split(r"(?<=\s)(?=\S)", said)  # each with the space after it
    for count in range(1, _LONGEST_REPEATED + 1):
        kept: list[str] = []
        plain: list[str] = []
        for word in words:
            kept.append(word)
            plain.append(word.strip().lower())
            last = plain[-count:]
            if len(plain) > _SAME * count and all(
                plain[-(again + 1) * count : -again * count] == last for again in range(1, _SAME + 1)
            ):
                del kept[-count:], plain[-count:]
        words = kept
    return "".join(words)
