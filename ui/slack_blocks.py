"""Messages as Slack's Block Kit: a card with its two buttons, the same card decided, and progress."""

from typing import TYPE_CHECKING, Any

from .slack_text import escaped
from .strings import one_line, printable

if TYPE_CHECKING:
    from tools.context import Card

APPROVE, REJECT = "sidekick_approve", "sidekick_reject"
BAR_CELLS = 20
Block = dict[str, Any]


def mrkdwn(text: str) -> Block:
    """A text object whose text is safe already; Slack makes no links of its own in it."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def card_blocks(card: "Card") -> list[Block]:
    """What a person is asked to approve, with the buttons; their value is the card's id."""
    return [*_facts(card), _context(escaped(card.expires, 300)), _buttons(card.id)]


def closed_card_blocks(card: "Card", words: str) -> list[Block]:
    """The card without buttons, and what became of it. `words` are safe already."""
    return [*_facts(card), _context(words)]


def card_text(card: "Card") -> str:
    """The card as one line, for notifications."""
    return escaped(f"{one_line(card.title, 150)} {one_line(card.price, 200)}", 400)


def progress_text(words: str, fraction: float | None) -> str:
    """A bar and words; without a known fraction only words. Safe for mrkdwn."""
    if fraction is None:
        return escaped(one_line(words), 400)
    share = min(1.0, max(0.0, fraction))
    filled = round(share * BAR_CELLS)
    return f"`{'█' * filled}{'░' * (BAR_CELLS - filled)}` {share:.0%}  {escaped(one_line(words), 400)}"


def _facts(card: "Card") -> list[Block]:
    title = {"type": "plain_text", "text": printable(card.title, 150), "emoji": False}
    lines = escaped("\n".join(f"• {one_line(line, 400)}" for line in card.lines)) or " "
    facts = [mrkdwn(f"*{name}*\n{escaped(words, 500)}") for name, words in (("Time", card.time), ("Price", card.price))]
    return [
        {"type": "header", "text": title},
        {"type": "section", "text": mrkdwn(lines)},
        {"type": "section", "fields": facts},
    ]


def _context(words: str) -> Block:
    return {"type": "context", "elements": [mrkdwn(words)]}


def _buttons(card_id: str) -> Block:
    def button(action: str, words: str, style: str) -> Block:
        label = {"type": "plain_text", "text": words, "emoji": False}
        return {"type": "button", "action_id": action, "text": label, "style": style, "value": card_id}

    return {
        "type": "actions",
        "block_id": card_id,
        "elements": [button(APPROVE, "Yes, start", "primary"), button(REJECT, "No", "danger")],
    }
