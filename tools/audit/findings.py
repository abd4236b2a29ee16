"""How a rule of the audit says what it found: the finding itself and the words for files and numbers."""

from collections.abc import Sequence

from trainer_core.dataset.manifest import Item

from .model import Finding, Level

MEASURED = "measured on 624 renders and distorted photographs with known truth, 2026"
PRACTICE = "common practice, not measured by us"


def finding(
    finding_id: str,
    level: Level,
    text: str,
    items: Sequence[Item],
    measure: str,
    value: float,
    threshold: float,
    source: str,
    names: Sequence[str] = (),
) -> Finding:
    """A finding about these items, or about refused files by name."""
    return Finding(
        id=finding_id,
        level=level,
        text=text,
        files=tuple(names) or tuple(item.id for item in items),
        measure=measure,
        value=float(value),
        threshold=float(threshold),
        source=source,
    )


def files(items: Sequence[Item], one: str, many: str) -> str:
    """'pip-01.png is' or '3 files are': the start of a sentence."""
    return f"{items[0].name} {one}" if len(items) == 1 else f"{len(items)} files {many}"


def named(names: Sequence[str]) -> str:
    """The first three names and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def plural(count: int, one: str, many: str) -> str:
    """'1 clip has' or '3 clips have'."""
    return f"{count} {one if count == 1 else many}"
