"""A conversation in the terminal, with a person typing."""

import asyncio
import contextlib
import importlib.util
import os
import queue
import shlex
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from .shell_view import ShellView
from .strings import NOTHING_LOST, PERSON, SAY_YES, TRAINING_GOES_ON, UNEXPECTED, WELCOME, log_error, model_words

if TYPE_CHECKING:
    from agent.conversation import Conversation, Event
    from trainer_core.projects import Workspace

PROMPT = "you > "
TURNS_SHOWN = 30  # of a long thread, when it is opened
HELP = """Say what you want in your own words. Some things to try:
  I want to teach it my cartoon cat        ~/pictures/pip   (a folder or file: it is copied in)
  what would you train?                    a bit more training, but under ten minutes
  how is it going?                         show me her walking on a beach
/new starts again with a new subject, /usage tells what a language model has used, /quit (or Ctrl-C) leaves.
Nothing is trained without your yes."""


def run_chat(
    home: Path | None,
    folder: Path | None,
    *,
    new: bool = False,
    project: str | None = None,
    console: Console | None = None,
) -> int:
    """Talk until the person leaves. The last conversation goes on unless `new`, or the last about `project`.

    Exit code 0, or 1 when there is no such project.
    """
    view = ShellView(console or Console(highlight=False))
    with _terminal_restored():
        return asyncio.run(_Chat(view).run(home, folder, new, project))


def paths_in(text: str) -> list[Path]:
    """Files and folders that a message names: '~/pictures/pip', "'/home/a/my cat/1.png'", './drawings'.

    Only words that look like a path (with a slash or ~) and exist count; an apostrophe in a sentence is no quote, and
    a slash or ~ that stands alone ("20 pictures / 5 clips", "~ 500 steps") names no folder.
    """
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    found = []
    for word in words:
        if word.startswith(("/", "~", "./", "../")) and word.strip("/~.,;:"):
            path = Path(os.path.expanduser(word.rstrip(",.;:")))  # noqa: PTH111 - Path.expanduser raises for '~nobody'
            with contextlib.suppress(OSError):
                if path.exists():
                    found.append(path.resolve())
    return found


class _Chat:
    """What goes on at once: the person's lines, the sidekick's answer, and word from a running training."""

    def __init__(self, view: ShellView) -> None:
        self.view = view
        self._answer: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._card: str | None = None
        self._home = Path()

    async def run(self, home: Path | None, folder: Path | None, new: bool, project: str | None = None) -> int:
        self.view.note("One moment, the sidekick is waking up ...")
        from agent.conversation import Conversation
        from trainer_core.jobs.recover import recover
        from trainer_core.projects import Workspace

        workspace = Workspace.open(home)
        self._home = workspace.home
        for words in await asyncio.to_thread(recover, workspace):
            self.view.note(words)
        try:
            conversation = await self._open(Conversation, workspace, new, project)
        except LookupError as missing:
            self.view.problem(str(missing))
            return 1
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._interrupted)
        reader = _LineReader(self._lines)
        try:
            if folder:
                self.view.person("Here are my files.", [str(folder)])
                await self._answered(conversation, conversation.send("Here are my files.", [folder]))
            self._start_watch(conversation)
            while True:
                reader.ask()
                line = await self._lines.get()
                if line is None or line.strip().lower() in ("/quit", "/exit", "quit", "exit"):
                    break
                if line.strip() == "/new":
                    self._stop_watch()
                    await conversation.close()
                    conversation = await self._open(Conversation, workspace, new=True)
                elif line.strip() == "/usage":
                    await self._usage(conversation)
                elif line.strip() in ("/help", "help", "?"):
                    self.view.note(HELP)
                elif line.strip():
                    await self._reply(conversation, line)
        finally:
            self._stop_watch()
            await conversation.close()
        self.view.note(f"\nGoodbye. {NOTHING_LOST} {TRAINING_GOES_ON} `sidekick chat` goes on from here.")
        return 0

    async def _usage(self, conversation: "Conversation") -> None:
        from agent.usage import usage_of

        self.view.note((await asyncio.to_thread(usage_of, conversation.workspace, conversation.thread_id)).words())

    async def _open(
        self, conversations: type["Conversation"], workspace: "Workspace", new: bool, project: str | None = None
    ) -> "Conversation":
        """Raises LookupError for a project that there is not."""
        kept = workspace.home / "last-chat"
        thread = kept.read_text(encoding="utf-8").strip() if kept.is_file() and not new else None
        if project is not None:
            return await self._about(conversations, workspace, project)
        try:
            conversation = await conversations.open(workspace, person=PERSON, thread_id=thread or None)
        except LookupError:  # the workspace's database is not the one of the last conversation
            conversation = await conversations.open(workspace, person=PERSON)
        return await self._entered(conversation, workspace)

    async def _about(self, conversations: type["Conversation"], workspace: "Workspace", project: str) -> "Conversation":
        from .window_threads import latest_thread

        thread = await asyncio.to_thread(latest_thread, workspace, PERSON, project)
        opening = conversations.open(workspace, PERSON, thread, None if thread else project)
        return await self._entered(await opening, workspace)

    async def _entered(self, conversation: "Conversation", workspace: "Workspace") -> "Conversation":
        try:
            (workspace.home / "last-chat").write_text(conversation.thread_id, encoding="utf-8")
            await self._welcome(conversation)
        except BaseException:  # an open conversation would keep the program from ending
            await conversation.close()
            raise
        return conversation

    async def _welcome(self, conversation: "Conversation") -> None:
        self.view.note(f"{model_words(conversation.model_name)} /help for help, /quit or Ctrl-C to leave.")
        history = await conversation.history(TURNS_SHOWN)
        if not history:
            self.view.note(WELCOME)
        for event in history:
            self.view.show(event)
        await self._answered(conversation, conversation.resume())

    async def _reply(self, conversation: "Conversation", line: str) -> None:
        from agent.consent import clear_answer

        answer = clear_answer(line) if self._card else None
        if self._card and answer:
            card, self._card = self._card, None
            await self._answered(conversation, conversation.decide(card, answer == "yes"))
        else:
            await self._answered(conversation, conversation.send(line, paths_in(line), seen=self._card or ""))
        self._start_watch(conversation)

    async def _answered(self, conversation: "Conversation", events: AsyncIterator["Event"]) -> None:
        self._answer = asyncio.create_task(self._show(events))
        try:
            await self._answer
        except asyncio.CancelledError:
            self.view.note(f"Stopped. {NOTHING_LOST} {TRAINING_GOES_ON}")
        finally:
            self._answer = None
        card = await conversation.pending()
        if card and card.id != conversation.shown:  # another window or program opened it: no yes before it was seen
            self.view.card(card)
        self._card = card.id if card else None
        if card:
            self.view.note(SAY_YES)

    async def _show(self, events: AsyncIterator["Event"]) -> None:
        try:
            async for event in events:
                if not (event.kind == "said" and event.role == "person"):
                    self.view.show(event)
        except Exception as error:  # the conversation must outlive a defect; the log has the rest
            log_error(error, self._home)
            self.view.problem(UNEXPECTED)
        self.view.close_line()
        self.view.used()

    def _start_watch(self, conversation: "Conversation") -> None:
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._show(conversation.watch()))

    def _stop_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()

    def _interrupted(self) -> None:
        """Ctrl-C stops an answer; with no answer under way it leaves."""
        if self._answer is not None:
            self._answer.cancel()
        else:
            self._lines.put_nowait(None)


class _LineReader:
    """Reads lines in a thread of its own, so that a running training can tell of itself while the person types."""

    def __init__(self, lines: "asyncio.Queue[str | None]") -> None:
        self._lines = lines
        self._loop = asyncio.get_running_loop()
        self._asked: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._rest = b""
        self._terminal = sys.stdin.isatty() and sys.stdout.isatty()  # only then does input() use the terminal's own way
        if self._terminal:
            with contextlib.suppress(ImportError):
                import readline  # noqa: F401 - arrow keys and history for input()
        threading.Thread(target=self._read, daemon=True, name="lines").start()

    def ask(self) -> None:
        """Show the prompt and let the next line be read."""
        self._asked.put(None)

    def _read(self) -> None:
        while True:
            self._asked.get()
            try:
                line = input(PROMPT) if self._terminal else self._piped()
            except (EOFError, ValueError, OSError):  # the end of the input, or a terminal that is gone
                line = None
            with contextlib.suppress(RuntimeError):  # the conversation has ended meanwhile
                self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
            if line is None:
                return

    def _piped(self) -> str | None:
        """A line from a pipe or file; read without Python's lock on it, which would hold up the exit."""
        print(PROMPT, end="", flush=True)
        while b"\n" not in self._rest:
            more = os.read(sys.stdin.fileno(), 4096)
            if not more:
                line, self._rest = self._rest, b""
                return line.decode(errors="replace") if line else None
            self._rest += more
        line, self._rest = self._rest.split(b"\n", 1)
        return line.decode(errors="replace")


@contextlib.contextmanager
def _terminal_restored() -> Iterator[None]:
    """Leaving while a line is being read must not leave the terminal without echo."""
    if not sys.stdin.isatty() or importlib.util.find_spec("termios") is None:
        yield
        return
    import termios

    before = termios.tcgetattr(sys.stdin.fileno())
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, before)
