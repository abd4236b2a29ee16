"""The LTX-2 Community License: shown in short before first use, and who accepted it in this workspace.

The points are in our own words and follow the text of January 5, 2026 as ScanCode's licence database keeps it
(key ltx-2-cla-2026; sections 1, 2, 3 and attachment A, items 5, 7, 18 and 20). Lightricks' repository says that this
text applies to LTX-2.3; which version came with a download is for its reader to check at the address.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from trainer_core.projects import Workspace, now

TITLE = "LTX-2 Community License Agreement"
VERSION = "2026-01-05"
ADDRESS = "https://github.com/Lightricks/LTX-2/blob/main/LICENSE-2"
GEMMA_ADDRESS = "https://ai.google.dev/gemma/terms"
POINTS = (
    "Companies with 10 million US dollars of revenue a year or more (all companies of a group together) need a paid "
    "licence from Lightricks.",
    "A LoRA trained on it is a derivative: it stays under these terms, and whoever you give it to must get a copy "
    "of them.",
    "What it makes must be plainly said to be machine-made wherever you put it.",
    "It must not be used to imitate people without their consent, to break the law or to harm; for some commercial "
    "uses, such as products that compete with Lightricks, there are further limits.",
)
_FILE = "licences.json"


@dataclass(frozen=True)
class Acceptance:
    """Who accepted which text, and when (UTC, ISO 8601)."""

    person: str
    at: str
    title: str = TITLE
    version: str = VERSION


def terms() -> list[str]:
    """The terms in short, line by line, with where to read them whole."""
    return [
        f"LTX-2.3 is under the {TITLE} of {VERSION}. In short, and without guarantee:",
        *(f"- {point}" for point in POINTS),
        f"Read it whole at {ADDRESS}. The text encoder, Gemma, has terms of its own: {GEMMA_ADDRESS}.",
    ]


def accept(workspace: Workspace, person: str) -> Acceptance:
    """Record that this person accepted the terms; a second time changes nothing. Raises OSError; the record stays."""
    for acceptance in _read(workspace):
        if acceptance.person == person and acceptance.version == VERSION:
            return acceptance
    mine = Acceptance(person, f"{now():%Y-%m-%dT%H:%M:%SZ}")
    entries = [vars(acceptance) for acceptance in (*_read(workspace), mine)]
    path = _path(workspace)
    partial = path.with_name(f"{path.name}.{uuid4().hex}.partial")
    try:
        partial.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return mine


def accepted(workspace: Workspace) -> Acceptance | None:
    """The newest acceptance of the terms as they are known here, by anyone who uses this workspace."""
    return next((entry for entry in reversed(list(_read(workspace))) if entry.version == VERSION), None)


def not_accepted(workspace: Workspace) -> str | None:
    """None when the terms were accepted in this workspace, else what to do, in words."""
    if accepted(workspace):
        return None
    return (
        f"LTX-2.3 may be used under the {TITLE}, which nobody has accepted in this workspace yet. Ask me to set up "
        "LTX-2.3: I show the terms on a card, and your yes to it is kept."
    )


def _read(workspace: Workspace) -> Iterator[Acceptance]:
    try:
        entries: Any = json.loads(_path(workspace).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return  # no record, or one that cannot be read: the terms are shown again
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and {"person", "at", "title", "version"} <= entry.keys():
            yield Acceptance(*(str(entry[name]) for name in ("person", "at", "title", "version")))


def _path(workspace: Workspace) -> Path:
    return workspace.home / _FILE
