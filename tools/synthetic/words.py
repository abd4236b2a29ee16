"""What is told of files that a model made."""

from collections.abc import Sequence
from pathlib import Path

from trainer_core.dataset.manifest import Item, Manifest, Rejected, load
from trainer_core.dataset.synthetic import origins_of
from trainer_core.plan import BaseModelName

from ..audit.run import Audit, View, judge, load_audit
from ..context import ToolContext
from ..measuring import stored_measurements
from ..second_eye.opinions import load_opinions
from ..text import plural, quoted
from .views import mismatch, offer

LISTED = 12  # names in an answer
SMALLEST_SEEN = 128  # pixels of the short edge; of 48 renders 13 views were wrong at 64 pixels, 4 at 128 and at 256


def synthetic_words(manifest: Manifest) -> str:
    """'5 of 24 files are synthetic (made by a model).'; empty when there are none among those to be trained on."""
    count = sum(item.synthetic for item in manifest.usable)
    if not count:
        return ""
    verb = "is" if count == 1 else "are"
    return f"{count} of {plural(len(manifest.usable), 'file')} {verb} synthetic (made by a model)."


def plan_notes(context: ToolContext, manifest: Manifest, base: BaseModelName) -> list[str]:
    """Lines for a plan: how many files are synthetic, and the offer of candidates for views that are missing."""
    audit = load_audit(context.workspace.dataset_folder(context.project_id))
    offered = offer(audit, base) if audit else None
    return [words for words in (synthetic_words(manifest), offered) if words]


def names_of(items: Sequence[Item], most: int = LISTED) -> str:
    """The files' names, of many the first."""
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(quoted(item.name, 40) for item in items[:most]) + more


def seen_words(audit: Audit, items: Sequence[Item], folder: Path) -> list[str]:
    """What speaks against these files, as if they were in the set: another view than was wanted, and flaws."""
    origins = origins_of(folder)
    judged = {entry.id: entry for entry in _as_if_in(audit, items, folder).items}
    wrong, unknown = [], 0
    flawed: dict[str, list[Item]] = {}
    for item in items:
        entry, origin = judged[item.id], origins.get(item.id)
        view = entry.view if min(item.info.width, item.info.height) >= SMALLEST_SEEN else View()
        unknown += view.class_ == "unknown"
        if origin and (words := mismatch(origin.view, view)):
            wrong.append(f"{quoted(item.name, 40)} {words}")
        if entry.reasons:
            flawed.setdefault(quoted(", ".join(entry.reasons), 120), []).append(item)
    lines = [f"Not as wanted: {'; '.join(wrong)}."] if wrong else []
    if unknown:
        which = f"{unknown} of them" if unknown < len(items) else "they" if unknown > 1 else "it"
        verb = "is" if unknown == 1 else "are"
        lines.append(f"From which side {which} {verb} seen I can't tell: please look for yourself.")
    for reason, those in flawed.items():
        which = names_of(those) if len(those) < len(items) or len(items) == 1 else f"all {len(items)}"
        lines.append(f"The audit would leave out {which}: {reason}.")
    return lines


def refused_words(refused: Sequence[Rejected]) -> list[str]:
    """The files that did not come in, with the reasons."""
    if not refused:
        return []
    lines = [f"- {quoted(entry.name, 60)}: {quoted(entry.reason, 160)}" for entry in refused[:LISTED]]
    return [f"{plural(len(refused), 'file')} could not be taken:", *lines]


def _as_if_in(audit: Audit, items: Sequence[Item], folder: Path) -> Audit:
    """The set judged with these files in it; reads no media and keeps nothing."""
    manifest = load(folder)
    ids = {item.id for item in items}
    items_in = tuple(item.model_copy(update={"excluded": False}) if item.id in ids else item for item in manifest.items)
    measured = stored_measurements(folder, manifest)
    whole = manifest.model_copy(update={"items": items_in})
    return judge(whole, audit.recipe, measured, trigger=audit.trigger, opinions=load_opinions(folder))
