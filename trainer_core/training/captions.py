"""What a caption says without its trigger word."""

import re
from zlib import crc32

OTHERS = ("a person", "a cat", "a rabbit")  # subjects that are not to turn into the one that is taught
CLASS_CAPTIONS = 5


def class_captions(caption: str, trigger: str) -> tuple[str, str, str, str, str]:
    """What is asked in class preservation: the caption without its trigger word, whole and its first phrase alone (the
    class), the same two about another subject, and nothing.

    'chr_x7kq, a cat, at night' -> ('a cat, at night', 'a cat', 'a person, at night', 'a person', ''). Without the
    other subject, mini learned that everyone looks like the character: its own class stayed as it was, and other
    subjects reached a likeness of 0.99.
    """
    without = re.sub(rf"(?<!\w){re.escape(trigger)}(?!\w)\s*[,:;]?\s*", "", caption, flags=re.IGNORECASE).strip(" ,")
    subject, _, rest = (part.strip() for part in without.partition(","))
    others = [other for other in OTHERS if other != subject.lower()]
    other = others[crc32(caption.encode()) % len(others)]
    return without, subject, f"{other}, {rest}" if rest else other, other, ""
