"""Shows the events of a conversation in a terminal, in a log or in a README alike: line by line, no tricks."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from .strings import arguments_words, one_line, printable, seconds_words, used_words

if TYPE_CHECKING:
    from agent.conversation import Event
    from agent.events import Used
    from tools.context import Card

BAR_CELLS = 20


class ShellView:
    """Prints events in the order in which they come; remembers only what is needed to do that without repeating."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._streaming = False
        self._progress = ""  # the line of progress shown last
        self._used: list[Used] = []  # by a language model since the last line about it

    def person(self, text: str, uploads: list[str] | None = None) -> None:
        """A person's turn."""
        self.close_line()
        self.console.print()
        self.console.print(Text.assemble(("you       ", "bold cyan"), printable(text)), soft_wrap=True)
        for name in uploads or []:
            self.console.print(Text(f"          + {printable(name)}", "cyan"), soft_wrap=True)

    def show(self, event: "Event") -> None:
        """One event of any kind."""
        if event.kind == "said":
            if event.role == "person":
                self.person(event.text)
            else:
                self._said(event.text, event.final)
            return
        self.close_line()
        if event.kind == "tool_started":
            self._tool_line(f"> {event.name}({arguments_words(event.arguments)})", "bold")
        elif event.kind == "tool_finished":
            state = "could not" if event.failed else "done"
            words = f"  {state} in {seconds_words(event.seconds)}: {one_line(event.text)}"
            self._tool_line(words, "yellow" if event.failed else "dim")
            for path in (*event.pictures, *event.files):
                self._tool_line(f"  {path}", "dim")
        elif event.kind == "card":
            self.card(event.card)
        elif event.kind == "progress":
            self._progress_line(event.text, event.fraction)
        elif event.kind == "problem":
            self.problem(event.text)
        elif event.kind == "used":
            self._used.append(event)

    def card(self, card: "Card") -> None:
        """What a person is asked to approve."""
        body = [*card.lines, "", f"Time   {card.time}", f"Price  {card.price}", card.expires]
        self.close_line()
        self.console.print(Panel(Text(printable("\n".join(body))), title=Text(printable(card.title)), expand=False))

    def problem(self, text: str) -> None:
        """Something did not work; the words say what is kept and what to do."""
        self.close_line()
        self.console.print(Text.assemble(("problem   ", "bold red"), printable(text)), soft_wrap=True)

    def note(self, text: str) -> None:
        """A line from the shell itself."""
        self.close_line()
        self.console.print(Text(printable(text), "dim"), soft_wrap=True)

    def used(self) -> None:
        """One line about what a language model has used since the last one; nothing where none was asked."""
        if self._used:
            self._tool_line(used_words(self._used), "dim")
            self._used = []

    def close_line(self) -> None:
        """End a line that is still being written."""
        if self._streaming:
            self.console.print()
            self._streaming = False

    def _said(self, text: str, final: bool) -> None:
        if final and self._streaming:  # its parts are on the screen already
            self.close_line()
            return
        if not self._streaming:
            if not text.strip():
                return
            self.console.print()
            self.console.print(Text("sidekick  ", "bold magenta"), end="")
            self._streaming = True
        self.console.print(Text(printable(text)), end="", soft_wrap=True)
        if final:
            self.close_line()

    def _tool_line(self, words: str, style: str) -> None:
        self.console.print(Text(f"          {printable(words)}", style), soft_wrap=True)

    def _progress_line(self, text: str, fraction: float | None) -> None:
        filled = round((fraction or 0.0) * BAR_CELLS)
        bar = f"[{'#' * filled}{'-' * (BAR_CELLS - filled)}] " if fraction is not None else ""
        line = f"{bar}{one_line(text)}"
        if line != self._progress:
            self._progress = line
            self._tool_line(line, "green")
