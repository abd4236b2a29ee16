"""The complete conversation, unattended: a person's messages on one side, the real sidekick on the other."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from .shell_view import ShellView
from .strings import seconds_words

if TYPE_CHECKING:
    from agent.conversation import Conversation, Event
    from trainer_core.projects import Workspace

PERSON = "demo"


@dataclass(frozen=True)
class Turn:
    """What the person types, and the tools that the sidekick must have used for it with success."""

    says: str
    expects: tuple[str, ...] = ()
    brings_files: bool = False
    approves: bool = False  # a card must come, and the person says yes


OPENING = (
    Turn(
        "Hi! I drew a cartoon cat called Pip and I want to put her into short videos. Can you help?", ("choose_recipe",)
    ),
    Turn("Here are my drawings and clips.", ("add_files", "audit_dataset"), brings_files=True),
    Turn("Leave out the ones you flagged, please.", ("set_excluded",)),
    Turn("Yes, write the captions.", ("write_captions",)),
    Turn("Now make a plan for the training, please.", ("propose_plan",)),
    Turn("Why rank 32?", ("explain_plan",)),
)
CHANGE = Turn("a bit more training, but keep it under five minutes", ("change_plan",))
CHANGE_SHORT = Turn("just 40 steps please, this is only a test", ("change_plan",))
LAUNCH = Turn("Good. Start the training.", ("launch_training",), approves=True)
CLOSING = (
    Turn("How did it turn out?", ("show_scorecard",)),
    Turn("Show me a clip of her in a forest.", ("generate_clip",)),
    Turn("What would you change next?", ("diagnose",)),
)


def script(short: bool) -> tuple[Turn, ...]:
    """The person's turns; the short form differs in the training's length only."""
    return (*OPENING, CHANGE_SHORT if short else CHANGE, LAUNCH, *CLOSING)


class DemoFailed(Exception):
    """A stage of the demo did not do what it must."""


@dataclass
class _Seen:
    """What happened in one turn."""

    done: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    card: str | None = None


def run_demo(home: Path, *, short: bool = False, console: Console | None = None) -> int:
    """Play the demo in a workspace at `home`. 0 when every stage did its work, else 1 with words."""
    view = ShellView(console or Console(highlight=False))
    try:
        asyncio.run(_play(home, view, short))
    except DemoFailed as failure:
        view.problem(f"The demo stopped: {failure} What was made until then is kept in {home}.")
        return 1
    except KeyboardInterrupt:
        view.note(f"Stopped. What was made until then is kept in {home}.")
        return 130
    return 0


async def _play(home: Path, view: ShellView, short: bool) -> None:
    view.note("Sidekick's demo: a whole conversation, unattended. One moment, the sidekick is waking up ...")
    begun = time.monotonic()
    from agent.conversation import Conversation
    from agent.models import chat_model
    from trainer_core.base_models.mini.demo_set import draw_demo_set
    from trainer_core.projects import Workspace

    workspace = Workspace.open(home)
    files = draw_demo_set(home / "demo-files")
    view.note(f"Drew one character's pictures and clips, flaws included, in {files} ({_since(begun)}).")
    guided = chat_model({})  # no settings: the demo shows what works without any model on the network
    conversation = await Conversation.open(workspace, person=PERSON, model=guided)
    try:
        view.note("The built-in guided model answers. Everything that follows is real; nothing is recorded.")
        for turn in script(short):
            await _turn(conversation, turn, files, view)
            if turn.approves:
                await _until_trained(conversation, view)
        _finish(workspace, conversation, view)
    finally:
        await conversation.close()
    view.note(f"The whole demo took {_since(begun)}.")


async def _turn(conversation: "Conversation", turn: Turn, files: Path, view: ShellView) -> None:
    uploads = [files] if turn.brings_files else []
    view.person(turn.says, [str(path) for path in uploads])
    seen = await _follow(conversation.send(turn.says, uploads), view)
    if turn.approves:
        if seen.card is None:
            raise DemoFailed("the sidekick was asked to start the training and showed no card to approve.")
        view.person("yes")
        seen = await _follow(conversation.decide(seen.card, True), view)
    for name in turn.expects:
        if name not in seen.done:
            reason = seen.failed.get(name) or next(iter(seen.problems), "it was not used.")
            raise DemoFailed(f'after "{turn.says}" the tool {name} should have worked, but: {reason}')


async def _until_trained(conversation: "Conversation", view: ShellView) -> None:
    begun = time.monotonic()
    seen = await _follow(conversation.watch(), view)
    if seen.problems:
        raise DemoFailed(seen.problems[0])
    view.note(f"Training, checking and scoring took {_since(begun)}.")


async def _follow(events: AsyncIterator["Event"], view: ShellView) -> _Seen:
    seen = _Seen()
    async for event in events:
        if event.kind == "said" and event.role == "person":
            continue  # printed already
        view.show(event)
        if event.kind == "tool_finished":
            if event.failed:
                seen.failed[event.name] = event.text
            else:
                seen.done.add(event.name)
        elif event.kind == "problem":
            seen.problems.append(event.text)
        elif event.kind == "card":
            seen.card = event.card.id
    view.close_line()
    return seen


def _finish(workspace: "Workspace", conversation: "Conversation", view: ShellView) -> None:
    """Name the files; every one must be there, and the LoRA must be sound."""
    from trainer_core.lora.inspect import verify
    from trainer_core.plan import BaseModelName

    from .results import results_of

    results = results_of(workspace, conversation.project_id, PERSON)
    if results.lora is None:
        raise DemoFailed("no LoRA file was made.")
    report = verify(results.lora, BaseModelName(results.base))
    if not report.ok:
        raise DemoFailed(f"the LoRA file is not sound: {' '.join(report.problems)}")
    if results.contact_sheet is None or results.scorecard is None or results.report is None:
        raise DemoFailed("the contact sheet, the report or the scorecard is missing.")
    view.note("")
    for label, path in (
        ("LoRA", results.lora),
        ("Contact sheet", results.contact_sheet),
        ("Report", results.report),
        ("Scorecard", results.scorecard),
    ):
        view.note(f"{label + ':':<15}{path}")
    view.note(f"{'Trigger word:':<15}{results.trigger}")


def _since(begun: float) -> str:
    return seconds_words(time.monotonic() - begun)
