"""A part of the window: what it loads of the project, what it shows, and what a click in it does.

A panel decides nothing: a click calls one of the sidekick's tools through the conversation, behind the same gates as
words, and what came of it is loaded anew and drawn on every page that shows the project.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.context import ToolContext

if TYPE_CHECKING:
    from gradio.components import Component
    from gradio.events import Dependency

Call = tuple[str, dict[str, Any]]  # a tool and its arguments
Words = tuple[str, list[Path]]  # what is said, and files that are handed over with it
Listen = Callable[..., "Dependency"]  # such as button.click


class NotYet(Exception):
    """A click that cannot be carried out as things are. The message tells the person why; empty: nothing was asked."""


@dataclass(frozen=True)
class Answer:
    """What a tool said when it was called last, by a click or in words; `id` is of the call."""

    id: str
    tool: str
    text: str
    failed: bool


@dataclass(frozen=True)
class Panel:
    """`load` runs in a thread and gives plain data that can be compared; `draw` gives one update for each output.

    Of a panel that listens to tools `draw` gets (data, the newest answer of one of them or None). `begin` is `draw` for
    a page that was just loaded, where nobody has chosen anything yet.
    """

    name: str
    outputs: tuple["Component", ...]
    load: Callable[[ToolContext], Any]
    draw: Callable[[Any], tuple[Any, ...]]
    listens: frozenset[str] = frozenset()  # names of tools
    begin: Callable[[Any], tuple[Any, ...]] | None = None


@dataclass(frozen=True)
class Click:
    """`make` gets the values of the inputs, which come from the browser and may be anything, and says what to do."""

    listen: Listen
    make: Callable[..., Call | Words | str]
    inputs: tuple["Component", ...]
    waits: bool = False  # however long the sidekick still answers; else a click waits a moment and is refused then
    then: Call | None = None  # what comes after it, unless the person does something else first


@dataclass
class Clicks:
    """What clicks do, collected while the panels are built and connected when all of them stand."""

    acts: list[Click] = field(default_factory=list)
    says: list[Click] = field(default_factory=list)
    turns: list[tuple[Listen, int]] = field(default_factory=list)

    moves: list[Click] = field(default_factory=list)

    def move(self, listen: Listen, make: Callable[..., str], inputs: Sequence["Component"] = ()) -> None:
        """A click that opens another project on this page; `make` gives its id."""
        self.moves.append(Click(listen, make, tuple(inputs)))

    def go(self, listen: Listen, step: int) -> None:
        """A click that opens one of the four steps, counted from 0."""
        self.turns.append((listen, step))

    def act(
        self,
        listen: Listen,
        make: Callable[..., Call],
        inputs: Sequence["Component"] = (),
        *,
        waits: bool = False,
        then: Call | None = None,
    ) -> None:
        """A click that calls a tool, and perhaps another one after it."""
        self.acts.append(Click(listen, make, tuple(inputs), waits, then))

    def say(self, listen: Listen, make: Callable[..., Words], inputs: Sequence["Component"] = ()) -> None:
        """A click that says something to the sidekick, perhaps with files."""
        self.says.append(Click(listen, make, tuple(inputs)))
