"""The audit in short plain English: verdict, counts, what is missing, each finding with its figure and threshold."""

from .coverage import VIEW_WORDS
from .model import Audit, SetFigures

_NAMED = 8  # files that are named before "and 12 more"


def audit_text(audit: Audit) -> str:
    """The audit for the chat and the shell."""
    good = sum(item.usable and not item.excluded for item in audit.items)
    aside = sum(item.excluded for item in audit.items)
    head = {
        "ready": "The set is ready",
        "warn": "The set can be trained, with reservations",
        "blocked": "The set cannot be trained as it is",
    }[audit.verdict]
    few, many = audit.recipe.images or audit.recipe.clips
    lines = [
        f"{head}: {_good(good, audit.set)} ({_counted(audit.set)}); the {audit.recipe.name} recipe asks for {few} to "
        f"{many}."
    ]
    if aside:
        lines.append(f"{aside} {'file is' if aside == 1 else 'files are'} set aside.")
    lines += _variety(audit)
    lines += [f"- {finding.text}" for finding in audit.findings] or ["- No flaws were found."]
    lines += _advice(audit)
    lines.append(_skipped(audit))
    return "\n".join(lines)


def _variety(audit: Audit) -> list[str]:
    """Views and backgrounds in one line each, where they are known."""
    lines = []
    known = {name: count for name, count in audit.set.views.items() if name in VIEW_WORDS}
    if any(known.values()):
        unknown = audit.set.views.get("unknown", 0)
        more = f", {unknown} could not be told" if unknown else ""
        lines.append(
            "Views: " + ", ".join(f"{name.replace('_', '-')} {count}" for name, count in known.items()) + more + "."
        )
    if audit.set.backgrounds:
        count = round(audit.set.backgrounds.effective)
        lines.append(f"Backgrounds: {'all alike' if count <= 1 else f'about {count} different ones'}.")
    return lines


def _advice(audit: Audit) -> list[str]:
    """What to add and what to leave out."""
    wanted = "; ".join(f"{entry.how_many} {entry.what}" for entry in audit.set.missing)
    lines = [f"What to add: {wanted}."] if wanted else []
    advised = [item.file for item in audit.items if item.id and not item.usable and not item.excluded]
    if advised:
        more = f" and {len(advised) - _NAMED} more" if len(advised) > _NAMED else ""
        lines.append(f"Better left out: {', '.join(advised[:_NAMED])}{more}.")
    spare = [drop.file for drop in audit.set.drop_first if drop.file not in advised]
    if spare:
        lines.append(f"More than are needed; the first to leave out: {', '.join(spare[:_NAMED])}.")
    return lines


def _skipped(audit: Audit) -> str:
    """What was not checked, and why; checks with one reason together."""
    by_reason: dict[str, list[str]] = {}
    for entry in audit.skipped_checks:
        by_reason.setdefault(entry.reason, []).append(entry.check)
    return "Not checked: " + "; ".join(f"{', '.join(checks)} ({why})" for why, checks in by_reason.items()) + "."


def _good(good: int, figures: SetFigures) -> str:
    """'7 of 9 files are good'."""
    files = figures.images + figures.clips
    return f"{good} of {files} {'file' if files == 1 else 'files'} {'is' if good == 1 else 'are'} good"


def _counted(figures: SetFigures) -> str:
    pictures = f"{figures.images} {'picture' if figures.images == 1 else 'pictures'}"
    return f"{pictures} and {figures.clips} {'clip' if figures.clips == 1 else 'clips'}"
