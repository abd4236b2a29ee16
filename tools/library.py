"""The LoRAs that can be used in a project: its own, and those of the same person's other projects."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from trainer_core.plan import LONGEST_TRIGGERS, BaseModelName
from trainer_core.projects import Lora, Project, get_project

from .context import NoArguments, Tool, ToolContext, ToolRefused, ToolResult
from .membership import visible_projects
from .text import plural, quoted

MOST_SHOWN = 30

Strength = Annotated[
    float | None,
    Field(ge=0, le=2, description="0 leaves it out, 1 is as trained; not given: what scored best, else as trained"),
]


class LoraStrength(BaseModel):
    """One LoRA of a stack."""

    model_config = ConfigDict(extra="forbid")

    lora: Annotated[str, Field(description="id of a LoRA (lora_...) from list_loras", max_length=60)]
    strength: Strength = None


@dataclass(frozen=True)
class Known:
    """A registered LoRA with its project and where its file is."""

    row: Lora
    project: Project
    file: Path

    @property
    def there(self) -> bool:
        """Its file is in the workspace: neither gone, nor a link, nor named by a table that was tampered with."""
        named = Path(self.row.file)
        return (
            not named.is_absolute() and ".." not in named.parts and self.file.is_file() and not self.file.is_symlink()
        )

    @property
    def name(self) -> str:
        """What it is called in words: its trigger and its id."""
        return f"{self.row.trigger or 'without a trigger'} ({self.row.id})"

    @property
    def triggers(self) -> list[str]:
        """Its trigger words; a merged one may have several, one from elsewhere none."""
        return [word.strip() for word in self.row.trigger.split(",") if word.strip()]

    @property
    def origin(self) -> str:
        """How it came here."""
        if self.row.run_id:
            return "trained here"
        return "merged here" if self.file.name.startswith("merged-") else "added from a file"


def known_loras(context: ToolContext) -> list[Known]:
    """Every LoRA that this project's owner has and the person may see, this project's first, each newest first."""
    owner = get_project(context.workspace, context.project_id).owner
    query = select(Lora, Project).join(Project, Lora.project_id == Project.id).where(Project.owner == owner)
    seen = visible_projects(context)
    if seen is not None:  # a guest in this project sees nothing of its owner's other ones
        query = query.where(Project.id.in_(seen))
    with context.workspace.session() as session:
        rows = session.execute(query.order_by(Lora.created_at.desc(), Lora.id)).all()
    known = [Known(lora, project, _file(context, lora)) for lora, project in rows]
    return sorted(known, key=lambda each: each.project.id != context.project_id)


def lora_named(context: ToolContext, name: str) -> Known:
    """The LoRA with this id. Raises ToolRefused when there is none, or its file is gone."""
    found = next((each for each in known_loras(context) if each.row.id == name), None)
    if found is None:
        raise ToolRefused(f"There is no LoRA called {quoted(name, 60)!r} here. list_loras shows those that there are.")
    if not found.there:
        raise ToolRefused(f"The file of {found.name} is gone, or a link stands in its place, so it cannot be used.")
    return found


def newest_lora(context: ToolContext) -> Known:
    """The project's newest trained LoRA, or where nothing was trained its newest one. Raises ToolRefused."""
    own = [each for each in known_loras(context) if each.project.id == context.project_id]
    if not own:
        raise ToolRefused("There is no finished LoRA in this project yet, so there is nothing to try. Train one first.")
    newest = next((each for each in own if each.row.run_id), own[0])
    return lora_named(context, newest.row.id)


def one_base(loras: Sequence[Known]) -> BaseModelName:
    """The base that all of them were made for. Raises ToolRefused when they differ."""
    bases = sorted({each.row.base for each in loras})
    if len(bases) > 1:
        words = "; ".join(f"{each.name} is for {each.row.base}" for each in loras)
        raise ToolRefused(f"LoRAs of different base models cannot work together: {words}.")
    return BaseModelName(bases[0])


def loras_folder(context: ToolContext) -> Path:
    """Where LoRA files lie that no run of this project made."""
    return context.workspace.dataset_folder(context.project_id).parent / "loras"


def register_lora(
    context: ToolContext, file: Path, *, lora_id: str, trigger: str, base: BaseModelName, sha256: str
) -> Lora:
    """A row for a file in the workspace that no run made. `trigger`: its words with ", " between, LONGEST_TRIGGERS."""
    row = Lora(
        id=lora_id,
        project_id=context.project_id,
        run_id=None,
        trigger=trigger,
        base=base.value,
        file=str(file.relative_to(context.workspace.home)),
        sha256=sha256,
    )
    with context.workspace.session() as session:
        session.add(row)
    return row


def list_loras(context: ToolContext, arguments: NoArguments) -> ToolResult:
    """Everything that can be generated with, in a line each."""
    known = known_loras(context)
    if not known:
        raise ToolRefused("There is no LoRA here yet: none was trained, and no file was added.")
    lines = [f"{plural(len(known), 'LoRA')} can be used:", *(_line(context, each) for each in known[:MOST_SHOWN])]
    if len(known) > MOST_SHOWN:
        lines.append(f"- and {len(known) - MOST_SHOWN} older ones")
    return ToolResult(text="\n".join(lines), data={"loras": [_figures(each) for each in known[:MOST_SHOWN]]})


def _line(context: ToolContext, each: Known) -> str:
    where = "" if each.project.id == context.project_id else f", project {quoted(each.project.name, 40)}"
    gone = "" if each.there else "; its file is gone"
    made = each.row.created_at.strftime("%Y-%m-%d %H:%M")
    return f"- {each.row.id}: {_called(each)}, for {each.row.base}, {each.origin} {made} UTC{where}{gone}"


def _called(each: Known) -> str:
    return f"trigger {quoted(each.row.trigger, LONGEST_TRIGGERS)}" if each.row.trigger else "no trigger known"


def _figures(each: Known) -> dict[str, str | bool]:
    return {
        "id": each.row.id,
        "trigger": each.row.trigger,
        "base": each.row.base,
        "origin": each.origin,
        "project": each.project.id,
        "there": each.there,
    }


def _file(context: ToolContext, row: Lora) -> Path:
    return context.workspace.home / row.file


TOOLS = (
    Tool(
        "list_loras",
        "List the LoRAs that clips can be made with: id, trigger word, base model, where each came from.",
        NoArguments,
        list_loras,
    ),
)
