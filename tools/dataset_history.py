"""The last changes to captions and to which files are used, kept beside the dataset so that each can be taken back."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from trainer_core.dataset.drafts import held
from trainer_core.dataset.manifest import CaptionSource, Item, Manifest, load, save
from trainer_core.dataset.records import write_atomically
from trainer_core.projects import get_project

from .context import NoArguments, Tool, ToolContext, ToolRefused, ToolResult
from .state import manifest_of
from .synthetic.tools import refuse_synthetic
from .text import plural, quoted

FOLDER = "changes"
MOST_KEPT = 50  # changes that can be taken back, the newest first


class State(BaseModel):
    """What a person can change of a file."""

    model_config = ConfigDict(frozen=True)

    caption: str
    caption_source: CaptionSource
    excluded: bool


class Change(BaseModel):
    """What was done, in words, and the files' states before and after it, by item id.

    trigger: the project's trigger word before and after it, where that changed.
    """

    model_config = ConfigDict(frozen=True)

    words: str
    before: dict[str, State]
    after: dict[str, State]
    trigger: tuple[str, str] | None = None


@contextmanager
def recorded(
    folder: Path, words: str, *, but_not_by_a_person: bool = False, trigger: tuple[str, str] | None = None
) -> Iterator[None]:
    """Keep what the block changes in captions and in which files are used, as one change that can be taken back.

    Nobody else changes the dataset within the block. but_not_by_a_person: for work that takes long, others may, and
    captions that a person wrote meanwhile are no part of it. trigger: the project's word before the block and after.
    """
    with nullcontext() if but_not_by_a_person else held(folder):
        before = _states(load(folder))
        yield
        with held(folder):
            after = _states(load(folder))
            changed = [item_id for item_id, state in after.items() if item_id in before and before[item_id] != state]
            if but_not_by_a_person:
                changed = [item_id for item_id in changed if after[item_id].caption_source != "person"]
            if changed:
                states = {"before": _only(before, changed), "after": _only(after, changed)}
                _keep(folder, Change(words=words, trigger=trigger, **states))


def last_change(folder: Path) -> str | None:
    """What undo would take back, in words; None when there is nothing."""
    for path in _newest_first(folder):
        with suppress(ValidationError, OSError):
            return Change.model_validate_json(path.read_bytes()).words
    return None


def undo_change(context: ToolContext, _arguments: NoArguments) -> ToolResult:
    """Take the last change back. Files that were changed otherwise since then stay as they are."""
    folder = context.workspace.dataset_folder(context.project_id)
    with held(folder):
        for path in _newest_first(folder):
            try:
                change = Change.model_validate_json(path.read_bytes())
            except ValidationError:  # damaged: the one before it can still be taken back
                path.unlink(missing_ok=True)
                continue
            manifest = manifest_of(context)
            items = [item for item in manifest.items if change.after.get(item.id) == _state(item)]
            refuse_synthetic([item for item in items if not change.before[item.id].excluded])
            if items:
                save(folder, manifest.with_changes({item.id: dict(change.before[item.id]) for item in items}))
                if change.trigger:
                    _take_trigger_back(context, change.trigger[0])
            path.unlink(missing_ok=True)
            if items:
                return _told(folder, change, items)
    raise ToolRefused("There is no change of captions or of the files in use that could be taken back.")


def _take_trigger_back(context: ToolContext, trigger: str) -> None:
    """The project and its plan with this word again, also in captions that were changed otherwise since."""
    from .triggers import change_trigger  # which keeps what it does here

    change_trigger(context, get_project(context.workspace, context.project_id).trigger, trigger, record=False)


def _told(folder: Path, change: Change, items: list[Item]) -> ToolResult:
    words = f"Taken back: {change.words}. {plural(len(items), 'file')} {_are(len(items))} as before."
    since = len(change.after) - len(items)
    if since:
        words += f" {plural(since, 'file')} {'was' if since == 1 else 'were'} changed again since and not touched."
    earlier = last_change(folder)
    words += f" Before that: {earlier}." if earlier else " There is nothing more to take back."
    return ToolResult(text=words, data={"items": [item.id for item in items], "undone": quoted(change.words, 200)})


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _keep(folder: Path, change: Change) -> None:
    kept = _newest_first(folder)
    number = int(kept[0].stem) + 1 if kept else 1
    (folder / FOLDER).mkdir(exist_ok=True)
    write_atomically(folder / FOLDER / f"{number:08}.json", change.model_dump_json().encode())
    for path in kept[MOST_KEPT - 1 :]:
        path.unlink(missing_ok=True)


def _newest_first(folder: Path) -> list[Path]:
    return sorted((path for path in (folder / FOLDER).glob("*.json") if path.stem.isdecimal()), reverse=True)


def _states(manifest: Manifest) -> dict[str, State]:
    return {item.id: _state(item) for item in manifest.items}


def _state(item: Item) -> State:
    return State(caption=item.caption, caption_source=item.caption_source, excluded=item.excluded)


def _only(states: dict[str, State], item_ids: list[str]) -> dict[str, State]:
    return {item_id: states[item_id] for item_id in item_ids}


TOOLS = (
    Tool(
        "undo_dataset_change",
        "Take back the last change of captions or of which files are used; call it again for the one before. Splitting "
        "is taken back with split_clips.",
        NoArguments,
        undo_change,
    ),
)
