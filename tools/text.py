"""Text that came from files, people or other programs is data: it is capped and cannot pass for our own markup."""

import re
import unicodedata

_LOOKALIKES = str.maketrans({"<": "‹", ">": "›", "`": "'"})


def quoted(text: str, limit: int = 120) -> str:
    """One line of foreign text: no control characters, no angle brackets or backticks, at most `limit` characters."""
    return _cap(re.sub(r"\s+", " ", _visible(text)).strip(), limit)


def safe_block(text: str, limit: int = 6000) -> str:
    """Several lines of text for the model and the screen: like `quoted`, but line breaks stay."""
    return _cap(_visible(text), limit)


def _visible(text: str) -> str:
    text = text.replace("->", "→")
    kept = (
        letter for letter in text if letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co")
    )
    return "".join(kept).translate(_LOOKALIKES)


def _cap(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def plural(count: int, noun: str) -> str:
    """'1 picture', '3 pictures'."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
