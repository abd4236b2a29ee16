"""What is told of files that a model made."""

from collections.abc import Sequence
from pathlib import Path

from trainer_core.dataset.manifest import Item, Manifest, Rejected
from trainer_core.dataset.synthetic import origins_of
from trainer_core.plan import BaseModelName

from .audit import Audit, load_audit
from .context import ToolContext
from .synthetic_views import mismatch, offer
from .text import plural, quoted

LISTED = 12  # names in an answer


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
    """What the audit holds against these files: another view than was wanted, and its reasons to leave one out."""
    origins = origins_of(folder)
    judged = {entry.id: entry for entry in audit.items}
    wrong, flawed, told = [], [], 0
    for item in items:
        entry, origin = judged.get(item.id), origins.get(item.id)
        if entry is None:
            continue
        reasons = [reason for reason in entry.reasons if reason != "set aside"]
        flawed += [f"{quoted(item.name, 40)} ({quoted(', '.join(reasons), 120)})"] if reasons else []
        if origin is None:
            continue
        told += entry.view.class_ != "unknown"
        if words := mismatch(origin.view, entry.view):
            wrong.append(f"{quoted(item.name, 40)} {words}")
    made = sum(item.id in origins for item in items)
    lines = [f"Not as wanted: {'; '.join(wrong)}."] if wrong else []
    if made > told:
        lines.append(f"From which side {made - told} of them are seen I can't tell: please look at them yourself.")
    if flawed:
        more = f" and {len(flawed) - LISTED} more" if len(flawed) > LISTED else ""
        lines.append(f"The audit would leave out: {'; '.join(flawed[:LISTED])}{more}.")
    return lines


def refused_words(refused: Sequence[Rejected]) -> list[str]:
    """The files that did not come in, with the reasons."""
    if not refused:
        return []
    lines = [f"- {quoted(entry.name, 60)}: {quoted(entry.reason, 160)}" for entry in refused[:LISTED]]
    return [f"{plural(len(refused), 'file')} could not be taken:", *lines]
