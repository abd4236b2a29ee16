"""What every tool gets, returns and may refuse with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from trainer_core.projects import Workspace


def _silent(_words: str) -> None:
    """Progress that nobody listens to."""


@dataclass(frozen=True)
class ToolContext:
    """Where a tool works and for whom. `say` shows a line of progress while a slow tool runs."""

    workspace: Workspace
    project_id: str
    person: str
    say: Callable[[str], None] = field(default=_silent, compare=False)


class ToolResult(BaseModel):
    """What a tool found or did: plain words, figures for the window, and files relative to the workspace folder."""

    text: str
    data: dict[str, Any] = {}
    pictures: list[str] = []
    files: list[str] = []


class ToolRefused(Exception):
    """A precondition is not met. The message tells the person (and the model) what is missing and what to do."""


class Card(BaseModel):
    """What a person is asked to approve before anything starts. `fingerprint` binds the yes to exactly this."""

    model_config = ConfigDict(frozen=True)

    id: str
    title: str
    lines: list[str]
    price: str
    time: str
    expires: str
    expires_at: str  # UTC, ISO 8601
    fingerprint: str
    person: str


class NoArguments(BaseModel):
    """For tools that need nothing."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Tool:
    """One thing the sidekick can do.

    A gated tool has a `card`: a pure look at what would happen, shown to a person first. Its `run` must itself check
    that the person approved, so that no caller can go around the card. A card of None: these arguments need no yes.
    """

    name: str
    description: str
    arguments: type[BaseModel]
    run: Callable[[ToolContext, Any], ToolResult]
    card: Callable[[ToolContext, Any], Card | None] | None = None

    @property
    def gated(self) -> bool:
        """True when a person must approve first."""
        return self.card is not None
