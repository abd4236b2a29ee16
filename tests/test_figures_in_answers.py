"""Every figure that the sidekick says in a guided conversation comes from a tool's result, the project's facts, a card,
an article found, or the person."""

import re
from pathlib import Path

import pytest
from langchain_core.messages import AnyMessage, HumanMessage, ToolMessage
from rooms import draw_pictures
from test_diagnosis import scorecard
from test_repairs import scored

from agent.claims import unsupported
from agent.conversation import Conversation
from agent.events import CardShown, Event, Problem, Said, ToolFinished
from agent.guided.numbers import with_digits
from agent.stages import stage_of, system_prompt
from tools import runs
from tools.registry import ToolContext
from tools.state import facts_of, plan_of
from trainer_core.jobs.backends import backend_named
from trainer_core.projects import Workspace

NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\d)")
TOLD = 4  # smaller numbers count things that stand beside them


class Listener:
    """Follows a conversation and gathers figures from nowhere."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.context = ToolContext(conversation.workspace, conversation.project_id, "you")
        self.known: list[AnyMessage] = []
        self.invented: list[tuple[str, list[str]]] = []
        self.stages: set[str] = set()
        self.checked = 0

    async def tell(self, text: str, *uploads: Path) -> None:
        """Say something, and look at every figure in what comes back."""
        before = self.system()
        self.known.append(HumanMessage(text))
        self.hear([event async for event in self.conversation.send(text, uploads)], before)

    async def watch(self) -> None:
        """What the jobs tell of themselves is known: it is in their events."""
        for event in [event async for event in self.conversation.watch()]:
            if hasattr(event, "text"):
                self.known.append(HumanMessage(event.text))

    def system(self) -> str:
        facts = facts_of(self.context)
        self.stages.add(stage_of(facts))
        return system_prompt(facts)

    def hear(self, events: list[Event], before: str) -> None:
        said = []
        for event in events:
            if isinstance(event, ToolFinished):
                self.known.append(ToolMessage(event.text, tool_call_id=event.id, artifact={"data": event.data}))
            elif isinstance(event, CardShown):
                card = event.card
                self.known.append(
                    HumanMessage("\n".join([card.title, *card.lines, card.price, card.time, card.expires]))
                )
            elif isinstance(event, Problem) or (isinstance(event, Said) and event.final):
                said.append(event.text)
        for words in said:
            found = set(unsupported(words, before, self.known)) & set(unsupported(words, self.system(), self.known))
            self.checked += len(NUMBER.findall(words))
            bare = [number for number in NUMBER.findall(words) if not self._stands(number, before)]
            if found or bare:
                self.invented.append((words, [*sorted(found), *bare]))

    def _stands(self, number: str, before: str) -> bool:
        """The digits themselves, wherever they stand in what is known; the other check knows of rounding."""
        if float(number) < TOLD:
            return True
        texts = [before, self.system(), *(message.text for message in self.known)]
        texts += [str(message.artifact) for message in self.known if isinstance(message, ToolMessage)]
        return any(re.search(rf"(?<![\d.]){re.escape(number)}", with_digits(text)) for text in texts)


class Later:
    """A backend that starts its jobs when it is told to, so that there is time to talk while one waits."""

    def __init__(self) -> None:
        self.asked: list[tuple[Workspace, str]] = []

    def start(self, workspace: Workspace, job_id: str) -> None:
        self.asked.append((workspace, job_id))


async def test_no_figure_comes_from_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "base_missing", lambda _base: None)
    monkeypatch.setattr(runs, "TRAIN", "trainer_core.jobs.selfcheck:count")
    monkeypatch.setattr(runs, "EVALUATE", "trainer_core.jobs.selfcheck:count")
    later = Later()
    monkeypatch.setattr(runs, "backend_named", lambda _name: later)
    pictures = draw_pictures(tmp_path / "set", 10)
    async with await Conversation.open(Workspace.open(tmp_path / "home")) as conversation:
        listener = Listener(conversation)
        for text in ("hi", "what can you do?", "character or face?", "I want my cat mascot in anime clips"):
            await listener.tell(text)
        await listener.tell("here are my files", pictures)
        for text in (
            "what is wrong with my pictures?",
            "ok, go on",
            "what would you train?",
            "a bit more training, but keep it under five minutes",
            "why rank 32?",
            "what if I train 3000 steps?",
            "how long does it take and what does it cost?",
            "rank sixty-four and half the learning rate",
            "undo that",
            "launch",
            "yes",
        ):
            await listener.tell(text)
        await listener.tell("how is it going?")
        for job in later.asked:
            backend_named(runs.BACKEND).start(*job)
        await listener.watch()
        scored(listener.context, scorecard(trigger=plan_of(listener.context).trigger, leak=0.6, identity=0.4))
        for text in ("how did it go?", "what should I change?", "why?", "do it", "is it good enough to use?"):
            await listener.tell(text)
    assert listener.invented == []
    assert listener.checked > 60
    listener.hear([Said(role="sidekick", text="It is 93.4 % done after 5123 rounds.")], listener.system())
    assert listener.invented[-1][1] == ["93.4 %", "93.4", "5123"], "the check itself finds inventions"
    assert {"recipe", "dataset", "launch", "training"} <= listener.stages
