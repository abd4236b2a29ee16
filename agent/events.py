"""What a conversation tells its window, in order."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tools.context import Card

__all__ = ["Card", "CardShown", "Event", "Problem", "Progress", "Said", "ToolFinished", "ToolStarted", "Used"]


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True)


class Said(_Event):
    """Words. While they stream, `final` is False and `text` is the next piece; the whole comes once, with `final`."""

    kind: Literal["said"] = "said"
    role: Literal["person", "sidekick"]
    text: str
    final: bool = True


class ToolStarted(_Event):
    """The sidekick has begun to do something."""

    kind: Literal["tool_started"] = "tool_started"
    id: str
    name: str
    arguments: dict[str, Any]


class ToolFinished(_Event):
    """What came of it. `seconds` is the wall-clock time of the tool itself; files and pictures are absolute paths."""

    kind: Literal["tool_finished"] = "tool_finished"
    id: str
    name: str
    text: str
    data: dict[str, Any] = {}
    pictures: list[Path] = []
    files: list[Path] = []
    seconds: float = 0.0
    failed: bool = False


class CardShown(_Event):
    """Something waits for the person's yes or no."""

    kind: Literal["card"] = "card"
    card: Card


class Progress(_Event):
    """How a job (or, without `job_id`, a tool) is doing; `fraction` 0..1 when it is known."""

    kind: Literal["progress"] = "progress"
    job_id: str
    text: str
    fraction: float | None = None
    data: dict[str, Any] = {}


class Problem(_Event):
    """Something went wrong: what happened, what was kept, what to do next."""

    kind: Literal["problem"] = "problem"
    text: str


class Used(_Event):
    """What one answer of a language model has used; None where its server did not say."""

    kind: Literal["used"] = "used"
    model: str
    input_tokens: int | None
    output_tokens: int | None


Event = Annotated[
    Said | ToolStarted | ToolFinished | CardShown | Progress | Problem | Used, Field(discriminator="kind")
]
