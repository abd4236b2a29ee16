"""What the studio knows: which LoRAs, pictures and clips there are, and the prompt to begin with."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tools.context import ToolContext
from tools.evaluation.prompts import suite
from tools.library import known_loras
from tools.scored_loras import AS_TRAINED, best_strength, scores_of
from tools.state import manifest_of, plan_of_run
from tools.studio.history import MadeClip, clips_made
from tools.uploads import uploads_of
from trainer_core.plan import BaseModelName
from trainer_core.projects import get_project
from trainer_core.recipes import RECIPES

MOST_MEDIA, MOST_HANDED = 300, 20
LARGEST = 64 * 2**20  # bytes of a handed-over file that is read for its checksum


@dataclass(frozen=True)
class Choice:
    """A LoRA that can be picked; `strength` is what scored best for it, else as trained."""

    id: str
    title: str
    trigger: str
    sha256: str
    strength: float

    @property
    def triggers(self) -> list[str]:
        """Its trigger words."""
        return [word.strip() for word in self.trigger.split(",") if word.strip()]


@dataclass(frozen=True)
class Media:
    """A picture or clip that can be shown; `sha256` where it is known."""

    id: str
    title: str
    sha256: str = ""


@dataclass(frozen=True)
class Studio:
    """Everything that a page needs. Kept on the server, so it can be trusted."""

    context: ToolContext
    prompt: str
    loras: tuple[Choice, ...]
    media: tuple[Media, ...]
    clips: tuple[MadeClip, ...]

    @property
    def home(self) -> Path:
        """The workspace's folder."""
        return self.context.workspace.home

    def clip(self, file: object) -> MadeClip | None:
        """The clip with this file, whatever a browser says it is."""
        return next((each for each in self.clips if each.file == file), None)

    def strength_of(self, lora_id: object) -> float:
        """The strength to begin with for what was picked, whatever a browser says it is."""
        return next((each.strength for each in self.loras if each.id == lora_id), AS_TRAINED)

    def by_checksum(self, sha256: object) -> Choice | None:
        """The LoRA with this file."""
        return next((each for each in self.loras if each.sha256 == sha256), None)


def load(context: ToolContext) -> Studio:
    """As things are now. The LoRAs begin with the one that clips are made with if none is named."""
    known = [each for each in known_loras(context) if each.there]
    own = [each for each in known if each.project.id == context.project_id]
    newest = next((each for each in own if each.row.run_id), own[0] if own else None)
    known.sort(key=lambda each: each is not newest)
    loras = tuple(
        Choice(
            each.row.id,
            f"{each.row.trigger or each.row.id}, {each.row.created_at:%m-%d %H:%M}, {each.origin}",
            each.row.trigger,
            each.row.sha256,
            best_strength(scores_of(context, each)),
        )
        for each in known
    )
    items = [Media(item.id, item.name, item.sha256) for item in manifest_of(context).usable[:MOST_MEDIA]]
    handed = [
        each for each in uploads_of(context.workspace, context.project_id) if not each.folder and not each.is_lora
    ]
    shown = [
        Media(each.id, each.name, _checksum(each.file)) for each in handed[::-1][:MOST_HANDED] if each.file.is_file()
    ]
    prompt = _prompt(context, newest.row.run_id, newest.row.trigger) if newest else ""
    plain = ToolContext(context.workspace, context.project_id, context.person)
    return Studio(plain, prompt, loras, (*shown, *items), clips_made(context))


def _prompt(context: ToolContext, run_id: str | None, trigger: str) -> str:
    """The recipe's first test prompt, with the trigger word."""
    plan = plan_of_run(context.workspace, run_id)
    project = get_project(context.workspace, context.project_id)
    if plan is not None:
        recipe = RECIPES[plan.recipe]
        return suite(recipe, plan.trigger, project.noun or recipe.noun, (), plan.base)[0].prompt
    words = trigger.split(",")[0].strip()
    first = suite(RECIPES[_ANY], "x", "cat", (), BaseModelName.MINI)[0].prompt.removeprefix("x, ")
    return f"{words}, {first}" if words else first


_ANY = next(iter(RECIPES))


def _checksum(path: Path) -> str:
    status = path.stat()
    return _read(path, status.st_mtime_ns) if status.st_size <= LARGEST else ""


@lru_cache(maxsize=256)
def _read(path: Path, _stamp: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
