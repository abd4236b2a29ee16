"""Tool calls as servers and small models really send them: in pieces, without ids, as objects, or written as text."""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from trainer_core.projects import new_id

from .failures import Unreadable

LONGEST_ARGUMENTS = 100_000  # characters
MOST_CALLS = 16  # of one answer


@dataclass
class Pending:
    """A call that is still coming."""

    index: object
    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Call:
    """A call that can be made."""

    id: str
    name: str
    arguments: dict[str, Any]


class Gatherer:
    """Puts the pieces of calls together.

    A piece belongs to the call with its index. Servers that leave the index out, or give every call the same one,
    begin a new call with a name and another id.
    """

    def __init__(self) -> None:
        self.calls: list[Pending] = []

    def take(self, pieces: object) -> None:
        """The `tool_calls` of one delta. Raises Unreadable when they grow without end."""
        for piece in pieces if isinstance(pieces, list) else []:
            if isinstance(piece, dict):
                self._piece(piece)
        if len(self.calls) > MOST_CALLS or any(len(call.arguments) > LONGEST_ARGUMENTS for call in self.calls):
            raise Unreadable("The model's tool calls had no end.", "Make fewer and shorter tool calls.")

    def _piece(self, piece: dict[str, Any]) -> None:
        found = piece.get("function")
        function: dict[str, Any] = found if isinstance(found, dict) else {}
        index, id_ = piece.get("index"), piece.get("id")
        id_, name = id_ if isinstance(id_, str) else "", function.get("name")
        name = name if isinstance(name, str) else ""
        given = function.get("arguments")
        arguments = given if isinstance(given, str) else "" if given is None else json.dumps(given)
        call = self._open(index, id_, name)
        if call is None:
            call = Pending(index, id_, "", "")
            self.calls.append(call)
        call.id = call.id or id_
        call.name = call.name or name
        call.arguments += arguments

    def _open(self, index: object, id_: str, name: str) -> Pending | None:
        same = [call for call in self.calls if call.index == index]
        if not same:
            return None
        last = same[-1]
        other = bool(id_ and last.id and id_ != last.id)
        unnumbered = index is None and bool(name and last.name)
        return None if name and (other or unnumbered) else last

    def made(self, visible: Collection[str], taken: Collection[str]) -> list[Call]:
        """The calls, with ids of their own. Raises Unreadable when one is no valid JSON."""
        return [
            Call(id_, call.name, _arguments(call.arguments, call.name))
            for call, id_ in zip(self.calls, _ids([call.id for call in self.calls], taken), strict=True)
            if call.name or call.arguments.strip()
        ]


def _ids(given: Sequence[str], taken: Collection[str]) -> list[str]:
    """Ids that no other call of the thread has."""
    ids: list[str] = []
    for id_ in given:
        ids.append(id_ if id_ and id_ not in taken and id_ not in ids else new_id("call"))
    return ids


def _arguments(text: str, name: str) -> dict[str, Any]:
    """Arguments as an object; nothing is added to what came, for half a number is another number."""
    try:
        found = parsed(text)
        if isinstance(found, str):  # some models write the JSON as a JSON string
            found = parsed(found)
    except ValueError:
        found = ""
    if found is None and name:
        return {}
    if not name or not isinstance(found, dict):
        raise Unreadable(
            "The model's tool calls could not be read. Take another model if that happens again.",
            "Your tool call was not valid JSON, so nothing was done. Send it again, correctly, or answer in words.",
        )
    return found


def parsed(text: str) -> object:
    """JSON, without fences around it and commas before closing brackets; None for nothing. Raises ValueError."""
    text = re.sub(r"^```(?:json)?\s*|\s*```$", "", text.strip())
    if text in ("", "None"):
        return None
    try:
        try:
            return json.loads(text)
        except ValueError:
            return json.loads(re.sub(r",\s*([}\]])", r"\1", text))
    except RecursionError:
        raise ValueError("nested without end") from None
