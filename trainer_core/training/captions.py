"""What a caption says without its trigger word."""

import re


def class_captions(caption: str, trigger: str) -> tuple[str, str, str, str]:
    """The caption without its trigger word: whole, its first phrase (the class), the rest, and nothing.

    'chr_x7kq, a cat, at night' -> ('a cat, at night', 'a cat', 'at night', '').
    """
    without = re.sub(rf"(?<!\w){re.escape(trigger)}(?!\w)\s*[,:;]?\s*", "", caption, flags=re.IGNORECASE).strip(" ,")
    subject, _, rest = without.partition(",")
    return without, subject.strip(), rest.strip(), ""
