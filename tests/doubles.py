"""A stand-in for the conversation, for tests of the windows alone: says fixed things, keeps one real card."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from agent.events import Card, CardShown, Event, Problem, Progress, Said, ToolFinished, ToolStarted
from agent.threads import Thread, open_thread
from trainer_core.projects import Lora, Run, Workspace, create_project, new_id

HOSTILE = "<script>document.title='taken'</script> <img src=x onerror=\"document.title='taken'\"> ![x](http://127.0.0.1:9/x.png)"


class ScriptedConversation:
    """Answers by keyword: 'hello', 'tool', 'hostile', 'train', 'fail', 'crash'; anything else is repeated."""

    threads: dict[str, "ScriptedConversation"] = {}  # noqa: RUF012 - shared on purpose, cleared by the fixture

    def __init__(self, workspace: Workspace, thread: Thread) -> None:
        self.workspace = workspace
        self.thread_id = thread.id
        self.project_id = thread.project_id
        self.model_name = "scripted"
        self.events: list[Event] = []
        self.card: Card | None = None
        self.decisions: list[tuple[str, bool]] = []
        self.uploads: list[str] = []
        self.running = False
        self.steps_done = 0

    @classmethod
    async def open(
        cls,
        workspace: Workspace,
        person: str = "you",
        thread_id: str | None = None,
        project_id: str | None = None,
        model: object = None,
    ) -> "ScriptedConversation":
        if thread_id is None:
            project = project_id or create_project(workspace, "Pip", person).id
            conversation = cls(workspace, open_thread(workspace, person, None, project))
            cls.threads[conversation.thread_id] = conversation
            return conversation
        if thread_id not in cls.threads:
            raise LookupError("There is no such conversation.")
        return cls.threads[thread_id]

    @property
    def shown(self) -> str | None:
        return self.card.id if self.card else None

    async def send(self, text: str, uploads: Sequence[Path] = (), *, seen: str | None = None) -> AsyncIterator[Event]:
        self.events.append(Said(role="person", text=text))
        self.uploads += [path.name for path in uploads]
        async for event in self._answer(text):
            if not (isinstance(event, Said) and not event.final):
                self.events.append(event)
            yield event
            await asyncio.sleep(0)

    async def _answer(self, text: str) -> AsyncIterator[Event]:
        if "hostile" in text:
            yield Said(role="sidekick", text=HOSTILE)
        elif "crash" in text:
            raise ZeroDivisionError("secret detail")
        elif "fail" in text:
            yield Problem(text="The disk is full. Your files are kept. Free some space.")
        elif "tool" in text:
            yield ToolStarted(id="call_1", name="audit_dataset", arguments={"recipe": "character"})
            yield ToolFinished(id="call_1", name="audit_dataset", text=f"24 pictures. {HOSTILE}", seconds=1.25)
            for piece in ("I looked at ", "your files."):
                yield Said(role="sidekick", text=piece, final=False)
            yield Said(role="sidekick", text="I looked at your files.")
        elif "slow" in text:
            yield ToolStarted(id="call_2", name="audit_dataset", arguments={})
            await asyncio.sleep(60)
        elif "train" in text:
            self.card = Card(
                id=new_id("card"),
                title="Start this training?",
                lines=["40 steps on mini"],
                price="no charge (this machine)",
                time="about 1 minute",
                expires="This card is good for 30 minutes.",
                expires_at="2999-01-01T00:00:00",
                fingerprint="f" * 64,
                person="you",
            )
            yield CardShown(card=self.card)
        else:
            yield Said(role="sidekick", text=f"You said: {text}")

    async def decide(self, card_id: str, approved: bool) -> AsyncIterator[Event]:
        self.decisions.append((card_id, approved))
        self.card = None
        self.running = approved
        yield Said(role="sidekick", text="It is running." if approved else "Nothing was started.")

    async def stop(self) -> AsyncIterator[Event]:
        self.events.append(Said(role="sidekick", text="Stopped, as you asked."))
        yield self.events[-1]

    async def turns(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Said) and event.role == "person"]

    async def fork(self, before: int | None = None) -> str:
        forked = ScriptedConversation(self.workspace, open_thread(self.workspace, "you", None, self.project_id))
        starts = [n for n, event in enumerate(self.events) if isinstance(event, Said) and event.role == "person"]
        forked.events = self.events[: None if before is None else starts[before]]
        self.threads[forked.thread_id] = forked
        return forked.thread_id

    async def watch(self) -> AsyncIterator[Event]:
        while self.running:
            self.steps_done += 10
            yield Progress(
                job_id="job_1", text=f"Training: step {self.steps_done} of 40", fraction=self.steps_done / 40
            )
            await asyncio.sleep(0.4)
            if self.steps_done >= 40:
                self.running = False
                add_results(self.workspace, self.project_id)
                self.events.append(Said(role="sidekick", text="Training is finished."))
                yield self.events[-1]

    async def broken_off(self) -> bool:
        return False

    async def resume(self) -> AsyncIterator[Event]:
        return
        yield  # an answer is never broken off here

    async def pending(self) -> Card | None:
        return self.card

    async def history(self, turns: int | None = None) -> list[Event]:
        return [*self.events]

    async def stage(self) -> str:
        return "training" if self.running else "results" if self.steps_done else "launch" if self.card else "recipe"

    async def close(self) -> None:
        return None


def add_results(workspace: Workspace, project_id: str) -> None:
    """A run's files and its LoRA's row, as the trainer leaves them."""
    from PIL import Image

    from trainer_core.projects import PlanRow

    run = Run(id=new_id("run"), project_id=project_id, plan_id=new_id("plan"))
    folder = workspace.run_folder(run.id)
    (folder / "lora.safetensors").write_bytes(b"not read by the window")
    Image.new("RGB", (320, 200), "orange").save(folder / "contact_sheet.png")
    (folder / "scorecard.json").write_text("{}")
    file = str((folder / "lora.safetensors").relative_to(workspace.home))
    with workspace.session() as session:
        session.add(PlanRow(id=run.plan_id, project_id=project_id, body={}, fingerprint="f" * 64))
        session.flush()
        session.add(run)
        session.flush()
        session.add(
            Lora(
                id=new_id("lora"),
                project_id=project_id,
                run_id=run.id,
                trigger="chr_x7kq",
                base="mini",
                file=file,
                sha256="0" * 64,
            )
        )
