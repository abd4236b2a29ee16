"""Words to Slack and from Slack. What Slack would read as a link, a mention or a picture is made harmless."""

import re
from collections.abc import Iterator
from html import unescape

from .strings import printable

LONGEST_SECTION = 3000  # characters of a section block's text
LONGEST_MARKDOWN = 12_000  # characters of all markdown blocks of one message
_ENTITY = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
_URL = re.compile(r"(?:\bhttps?://|\bwww\.)[^\s<>‹›|…\"'`)\]]+", re.IGNORECASE)
_PERSON = re.compile(r"\bslack:T?\w+:([UW][A-Z0-9]+)\b")


def heard(text: str, bot_user: str = "") -> str:
    """What a person wrote, as plain words: Slack's entities are undone, and the call of the bot's name is left out.

    '<@UBOT> use &lt;b&gt; from <https://a.b|here>' becomes 'use <b> from https://a.b'.
    """

    def plain(match: re.Match[str]) -> str:
        kind, target, label = match.groups()
        if kind == "@":
            return "" if target == bot_user else f"@{label or target}"
        if kind == "#":
            return f"#{label or target}"
        if kind == "!":  # <!channel>, <!date^...|words>
            return label or target.partition("^")[0]
        return target.removeprefix("mailto:")

    return unescape(_ENTITY.sub(plain, text)).strip()


def escaped(text: str, limit: int = LONGEST_SECTION) -> str:
    """Text for a mrkdwn field: without control characters, and with nothing that Slack takes for a link or a mention.

    The cut is made before escaping, so that no entity is cut in two; the result has at most `limit` characters.
    """
    kept = printable(text, limit)
    while len(safe := _entities(kept)) > limit:
        kept = printable(kept, len(kept) - max(1, (len(safe) - limit) // 4))
    return safe


def markdown(text: str) -> str:
    """Markdown of the sidekick's, which may hold words from files: bold and lists stay, links and pictures do not.

    Addresses are shown as code, which Slack does not make a link of: they can be read and copied.
    """
    safe = _entities(printable(text, 1_000_000)).replace("](", "] (").replace("]:", "] :")
    fence = "`" * (max((len(run) for run in re.findall("`+", safe)), default=0) + 1)  # closed by no other in the text

    def address(match: re.Match[str]) -> str:
        bare = match[0].rstrip(".,;:!?*_")
        return f"{fence}{bare}{fence}{match[0][len(bare) :]}"

    return _URL.sub(address, safe)


def people(text: str) -> str:
    """Escaped text in which a person of ours ('slack:T1:U1') is shown as Slack shows people."""
    return _PERSON.sub(r"<@\1>", escaped(text))


def pieces(text: str, limit: int = LONGEST_MARKDOWN - 1000) -> Iterator[str]:
    """The text in parts of at most `limit` characters, cut before paragraphs, lines or words where there are any."""
    rest = text
    while len(rest) > limit:
        cut = next((at for mark in ("\n\n", "\n", " ") if (at := rest.rfind(mark, limit // 2, limit)) > 0), limit)
        yield rest[:cut]
        rest = rest[cut:]
    if rest:
        yield rest


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
