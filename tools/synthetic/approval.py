"""A person's yes to what happens to files: the card, and its use, bound to the files' contents."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from trainer_core import approvals
from trainer_core.dataset.manifest import Item, path_of

from ..cards import card_of, print_of
from ..context import Card, ToolContext, ToolRefused
from ..text import quoted
from .words import names_of

Action = Literal["take in", "unmark"]


def card_for(context: ToolContext, action: Action, title: str, lines: list[str], items: Sequence[Item]) -> Card:
    """The card of one action on exactly these files. Raises ToolRefused when a copy has changed or is gone."""
    print_ = _fingerprint(context, action, items)
    return card_of(context, print_, title=title, lines=lines, price="nothing", time="at once")


def use_yes(context: ToolContext, action: Action, items: Sequence[Item]) -> None:
    """Use up the person's yes to this action on exactly these files. Raises ToolRefused when there is none."""
    try:
        approvals.consume(context.workspace, _fingerprint(context, action, items), context.person)
    except approvals.ApprovalMissing as missing:
        raise ToolRefused(
            f"Nobody has said yes to exactly these files ({names_of(items)}), or that yes was used or is too old. "
            "Nothing was changed. Open the card again."
        ) from missing


def _fingerprint(context: ToolContext, action: Action, items: Sequence[Item]) -> str:
    """Binds a yes to this project, this action and the contents of these files, as they are on disk."""
    folder = context.workspace.dataset_folder(context.project_id)
    contents = sorted((item.id, _digest(folder, item)) for item in items)
    of_files = hashlib.sha256(json.dumps(contents).encode()).hexdigest()
    return print_of(context, action, of_files, "dataset", 0.0)


def _digest(folder: Path, item: Item) -> str:
    try:
        with path_of(folder, item).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ToolRefused(f"The copy of {quoted(item.name, 60)} can no longer be read. Nothing was changed.") from error
    if digest != item.sha256:
        raise ToolRefused(
            f"The copy of {quoted(item.name, 60)} has changed since it came in. Nothing was changed; set it aside and "
            "add the file again."
        )
    return digest
