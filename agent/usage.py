"""What the language model has used: one row for each of its answers, and limits for a message and a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from tools.text import plural, quoted
from trainer_core.projects import Table, Workspace, make_tables, now
from trainer_core.settings import in_force

MESSAGE_TOKENS = 250_000  # of one message of the person's; a full turn takes a tenth of that


class ModelUse(Table):
    """One answer of a model. Tokens are None where the server did not report them; `estimate` (characters by four) then
    stands in for them in the limits, and nowhere else."""

    __tablename__ = "model_uses"
    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[str] = mapped_column(String(40), index=True)
    model: Mapped[str] = mapped_column(String(200))
    input_tokens: Mapped[int | None] = mapped_column()
    output_tokens: Mapped[int | None] = mapped_column()
    estimate: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime] = mapped_column(default=now, index=True)


@dataclass(frozen=True)
class Usage:
    """Sums over the answers of a thread. `unreported` answers are not in the tokens."""

    calls: int = 0
    unreported: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    models: tuple[str, ...] = ()

    def words(self) -> str:
        """For the person."""
        if not self.calls:
            return "No language model was used in this conversation, so no tokens."
        who = ", ".join(quoted(model, 60) for model in self.models)
        if self.unreported == self.calls:
            return f"{plural(self.calls, 'answer')} by {who}; its server does not report tokens."
        told = f"{tokens_words(self.input_tokens, self.output_tokens)} in {plural(self.calls, 'answer')} by {who}"
        return told + (f"; {self.unreported} of them not reported by the server." if self.unreported else ".")


@dataclass(frozen=True)
class Caps:
    """Most tokens for one message, and for one day (UTC) in this workspace; None: no limit."""

    message: int = MESSAGE_TOKENS
    day: int | None = None


def caps_of(settings: Mapping[str, str] | None = None) -> Caps:
    """SIDEKICK_MESSAGE_TOKENS and SIDEKICK_DAILY_TOKENS. Raises ValueError for what is no whole number above zero."""
    known = in_force() if settings is None else settings
    message, day = (_whole(known, name) for name in ("SIDEKICK_MESSAGE_TOKENS", "SIDEKICK_DAILY_TOKENS"))
    return Caps(message or MESSAGE_TOKENS, day)


def tokens_words(read: int | None, wrote: int | None) -> str:
    """'1,234 tokens read, 56 written', or that nobody told."""
    return "tokens not reported" if read is None or wrote is None else f"{read:,} tokens read, {wrote:,} written"


def record(workspace: Workspace, thread_id: str, model: str, tokens: tuple[int, int] | None, estimate: int) -> None:
    """Keep one answer of a model."""
    read, wrote = tokens or (None, None)
    use = ModelUse(
        thread_id=thread_id,
        model=model[:200],
        input_tokens=read,
        output_tokens=wrote,
        estimate=0 if tokens else estimate,
    )
    with workspace.session() as session:
        session.add(use)


def usage_of(workspace: Workspace, thread_id: str) -> Usage:
    """What a thread has used so far."""
    make_tables(workspace.engine)  # a workspace may have been opened before this table was declared
    query = select(
        ModelUse.model,
        func.count(),
        func.count(ModelUse.input_tokens),
        func.sum(ModelUse.input_tokens),
        func.sum(ModelUse.output_tokens),
    )
    with workspace.session() as session:
        rows: Sequence[Any] = session.execute(
            query.where(ModelUse.thread_id == thread_id).group_by(ModelUse.model)
        ).all()
    return Usage(
        calls=sum(row[1] for row in rows),
        unreported=sum(row[1] - row[2] for row in rows),
        input_tokens=sum(int(row[3] or 0) for row in rows),
        output_tokens=sum(int(row[4] or 0) for row in rows),
        models=tuple(sorted(row[0] for row in rows)),
    )


def tokens_today(workspace: Workspace) -> int:
    """Of all threads since midnight UTC, with the estimates of what was not reported."""
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    sums = [func.sum(part) for part in (ModelUse.input_tokens, ModelUse.output_tokens, ModelUse.estimate)]
    with workspace.session() as session:
        found: Sequence[Any] = session.execute(select(*sums).where(ModelUse.at >= midnight)).one()
    return sum(int(part or 0) for part in found)


def _whole(known: Mapping[str, str], name: str) -> int | None:
    text = known.get(name, "").strip().replace("_", "").replace(",", "")
    if not text:
        return None
    if not text.isdecimal() or int(text) == 0:
        raise ValueError(f"{name} must be a whole number above zero, or not be set. Nothing was sent.")
    return int(text)
