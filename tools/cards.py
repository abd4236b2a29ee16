"""The cards that ask for a person's yes, and the use of that yes: bound to project, kind, content, place and price."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from trainer_core import approvals
from trainer_core.projects import now

from .context import Card, ToolContext, ToolRefused

CARD_MINUTES = 30
Kind = Literal["training", "download", "take in", "unmark", "consent"]


def print_of(context: ToolContext, kind: Kind, what: str, backend: str, dollars: float | None) -> str:
    """The fingerprint of what this person is asked in this project. `what` names the content exactly."""
    return approvals.fingerprint(what, backend, dollars, context.person, project_id=context.project_id, kind=kind)


def card_of(context: ToolContext, fingerprint: str, *, title: str, lines: Sequence[str], price: str, time: str) -> Card:
    """The card for this fingerprint, good for CARD_MINUTES."""
    expires = now() + timedelta(minutes=CARD_MINUTES)
    return Card(
        id="card_" + hashlib.sha256(f"{fingerprint} {expires.isoformat()}".encode()).hexdigest()[:12],
        title=title,
        lines=[line.replace("->", "\u2192") for line in lines],  # a window may break a line within the other
        price=price,
        time=time,
        expires=f"This card is good for {CARD_MINUTES} minutes.",
        expires_at=expires.isoformat(),
        fingerprint=fingerprint,
        person=context.person,
    )


def words_of(card: Card) -> str:
    """What a yes to this card approves, in a line: for whoever lists the yeses later."""
    return " ".join([card.title, card.lines[0] if card.lines else "", f"Price: {card.price}."])


def use_yes(context: ToolContext, fingerprint: str) -> None:
    """Use up the person's yes. Raises ToolRefused when there is none that is valid."""
    try:
        approvals.consume(context.workspace, fingerprint, context.person)
    except approvals.ApprovalMissing as missing:
        raise ToolRefused(str(missing)) from missing
