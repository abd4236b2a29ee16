"""What comes from Slack, and how Slack is reached."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from slack_sdk.web.async_client import AsyncWebClient

if TYPE_CHECKING:
    from agent.events import Event


@dataclass(frozen=True)
class Message:
    """What a person said in a thread. `id` is the same when Slack delivers the same message again."""

    id: str
    user: str
    text: str
    files: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Press:
    """A button of a card that a person pressed."""

    id: str
    user: str
    card_id: str
    approved: bool


@dataclass(frozen=True)
class Slack:
    """How this bot reaches Slack. The token is needed for files, which are not fetched through the Web API."""

    client: AsyncWebClient
    token: str = field(repr=False)
    base_url: str


def person_of(team: str, user: str) -> str:
    """The name of a Slack user everywhere in the workspace: 'slack:T1:U1'."""
    return f"slack:{team}:{user}"


async def first_of(events: AsyncIterator["Event"]) -> tuple["Event | None", AsyncIterator["Event"]]:
    """The first event, None where there is none, and all of them with it."""
    first = await anext(events, None)
    return first, chain([first] if first else [], events)


async def chain(first: Sequence["Event"], rest: AsyncIterator["Event"]) -> AsyncIterator["Event"]:
    """Events that were taken out already, and those that follow them."""
    for event in first:
        yield event
    async for event in rest:
        yield event
