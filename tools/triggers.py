"""A project's trigger word changes: its captions and plan go with it, in one change that can be taken back."""

from pydantic import TypeAdapter, ValidationError

from trainer_core.dataset import manifest as manifests
from trainer_core.dataset.drafts import held
from trainer_core.dataset.manifest import CaptionSource, Item, Manifest
from trainer_core.dataset.records import write_atomically
from trainer_core.projects import Workspace, get_project, update_project

from .captioning.captions import with_trigger
from .captioning.words import has_word, replace_word
from .context import ToolContext
from .dataset_history import recorded
from .plans import retrigger_plan
from .state import manifest_of

FILE_NAME = "triggers.json"
_TRIGGERS = TypeAdapter(dict[str, str])


def change_trigger(
    context: ToolContext, old: str | None, trigger: str, *, openings: tuple[str, str] | None = None, record: bool = True
) -> int:
    """The project, its captions and its plan with another trigger word; how many captions have it instead of `old`.

    openings: how captions that Sidekick wrote begin, and are to begin. record: false where this is itself the taking
    back of such a change.
    """
    folder = context.workspace.dataset_folder(context.project_id)
    words = f"the trigger word {trigger} in place of {old}"
    with recorded(folder, words, trigger=(old, trigger)) if old and record else held(folder):
        captions = retriggered(manifest_of(context), old, trigger, openings) if old else {}
        update_project(context.workspace, context.project_id, trigger=trigger)
        if captions:
            manifests.set_captions(folder, captions)
    if old and get_project(context.workspace, context.project_id).plan_id and manifest_of(context).usable:
        retrigger_plan(context, trigger)
    return len(captions)


def retriggered(
    manifest: Manifest, old: str, trigger: str, openings: tuple[str, str] | None = None
) -> dict[str, tuple[str, CaptionSource]]:
    """Every caption with the new word in the old one's place, by item id; those set aside too, they may come back."""
    return {
        item.id: (_in_place(item, old, trigger, openings), item.caption_source)
        for item in manifest.items
        if item.caption
    }


def _in_place(item: Item, old: str, trigger: str, openings: tuple[str, str] | None) -> str:
    """The new word stands there once: where it stood beside the old one, the old one goes."""
    caption = item.caption
    if openings and item.caption_source in ("measured", "model") and f"{caption}, ".startswith(f"{openings[0]}, "):
        return openings[1] + caption.removeprefix(openings[0])
    rest = caption.removeprefix(f"{old}, ")
    if old != trigger and has_word(rest, trigger):
        caption = rest
    return with_trigger(replace_word(caption, old, trigger), trigger)


def remember(workspace: Workspace, project_id: str, recipe: str, trigger: str) -> None:
    """Keep the word that the project had for a recipe, for when that recipe is chosen again."""
    known = remembered(workspace, project_id) | {recipe: trigger}
    path = workspace.dataset_folder(project_id).parent / FILE_NAME
    write_atomically(path, _TRIGGERS.dump_json(known, indent=1))


def remembered(workspace: Workspace, project_id: str) -> dict[str, str]:
    """The words that the project had, by recipe; a damaged table is as good as none."""
    try:
        return _TRIGGERS.validate_json((workspace.dataset_folder(project_id).parent / FILE_NAME).read_bytes())
    except (FileNotFoundError, ValidationError):
        return {}
