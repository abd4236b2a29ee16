"""What the dataset panel knows: read once for each state of the files on disk, and shared by all pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tools.audit.model import Audit, AuditItem, Finding
from tools.audit.run import load_audit
from tools.captioning.words import has_word
from tools.context import ToolContext
from tools.dataset_history import FOLDER as CHANGES
from tools.dataset_history import last_change
from tools.handed_over import waiting_files
from tools.small_copies import FOLDER as SMALL
from tools.small_copies import copy_name, made, make_in_background
from trainer_core.dataset.manifest import FILE_NAME, Item, Manifest, load
from trainer_core.projects import get_project

from ..words_dataset import ASIDE, BETTER_OUT, REFUSED, SHOW_ALL, UNCAPTIONED, UNTRIGGERED

AUDIT_FILE = "audit.json"
QUIET_SECONDS = 10.0  # a browser that sends more files asks by itself to take them in
Stamp = tuple[int, int]
SAID_ALREADY = {"captions_missing", "trigger_missing"}  # findings that the filters say of themselves


@dataclass(frozen=True)
class Where:
    """Which project a page shows, and the state of its files. Kept on the server, so it can be trusted."""

    dataset: Path
    pictures: Path
    recipe: str | None
    trigger: str | None
    stamps: tuple[Stamp, ...]  # of what is on disk
    waiting: int = 0  # files that were handed over and are not in the set
    context: ToolContext | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What a page's data depends on."""
        return self.dataset, self.pictures, self.recipe, self.trigger, self.stamps


@dataclass(frozen=True)
class Dataset:
    """The files with what the audit says of each; `audit` is None until they were looked at."""

    manifest: Manifest
    audit: Audit | None
    recipe: str | None
    trigger: str | None
    records: Mapping[str, AuditItem]  # by item id
    findings: Mapping[str, Finding]  # by finding id
    groups: Mapping[str, tuple[str, ...]]  # filter -> item ids, in order; only filters with files
    small: frozenset[str]  # names of the small copies that are there
    change: str | None  # what undo would take back

    def item(self, item_id: object) -> Item | None:
        """The item with this id, whatever a browser says it is."""
        return next((item for item in self.manifest.items if item.id == item_id), None)

    def lacks_trigger(self, item: Item) -> bool:
        """Is there a caption without the trigger word?"""
        return bool(item.caption and self.trigger and not has_word(item.caption, self.trigger))


def load_where(context: ToolContext) -> Where:
    """Where the project stands on disk; reads its files again only when they have changed."""
    project = get_project(context.workspace, context.project_id)
    dataset = context.workspace.dataset_folder(context.project_id)
    pictures = context.workspace.pictures_folder(context.project_id)
    waiting = waiting_files(context.workspace, context.project_id, QUIET_SECONDS)

    def where() -> Where:
        watched = (dataset / FILE_NAME, dataset / AUDIT_FILE, dataset / CHANGES, pictures / SMALL, pictures)
        stamps = tuple(_stamp(path) for path in watched)
        return Where(dataset, pictures, project.recipe, project.trigger, stamps, waiting, context)

    found = where()
    data = data_of(found)
    if any(copy_name(item) not in data.small for item in data.manifest.items):
        make_in_background(dataset, pictures, data.manifest.items)
    return where()  # judging the set anew writes the audit


def data_of(where: Where) -> Dataset:
    """The data that belongs to this state; of an older one, the newest data."""
    return _data(*where.key)  # type: ignore[arg-type]


@lru_cache(maxsize=8)
def _data(
    dataset: Path, pictures: Path, recipe: str | None, trigger: str | None, _stamps: tuple[Stamp, ...]
) -> Dataset:
    manifest, audit = _set_of(dataset, _stamps[:2])
    groups = _groups(manifest, audit, trigger)
    records = {record.id: record for record in audit.items if record.id} if audit else {}
    findings = {finding.id: finding for finding in audit.findings} if audit else {}
    change = last_change(dataset)
    return Dataset(manifest, audit, recipe, trigger, records, findings, groups, made(pictures), change)


@lru_cache(maxsize=8)
def _set_of(dataset: Path, _stamps: tuple[Stamp, ...]) -> tuple[Manifest, Audit | None]:
    """The files and the audit, which are larger than all the rest."""
    return load(dataset), load_audit(dataset)


def _groups(manifest: Manifest, audit: Audit | None, trigger: str | None) -> dict[str, tuple[str, ...]]:
    items = manifest.items
    usable = manifest.usable
    groups: dict[str, list[str]] = {
        SHOW_ALL: [item.id for item in items],
        BETTER_OUT: [each.id for each in audit.items if each.id and not each.usable and not each.excluded]
        if audit
        else [],
        UNCAPTIONED: [item.id for item in usable if not item.caption],
        UNTRIGGERED: [item.id for item in usable if item.caption and trigger and not has_word(item.caption, trigger)],
        ASIDE: [item.id for item in items if item.excluded],
        REFUSED: [entry.name for entry in manifest.rejected],
    }
    for record in audit.items if audit else ():
        for finding in record.findings if record.id else ():
            if finding in SAID_ALREADY:
                continue
            groups.setdefault(finding, []).append(record.id or "")
    return {name: tuple(ids) for name, ids in groups.items() if ids}


def _stamp(path: Path) -> Stamp:
    """Changes when the file or the folder's list of files changes, also twice within one tick of the clock."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_mtime_ns, status.st_ino
