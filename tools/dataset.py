"""Tools for the files: add them, set some aside."""

import time
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.dataset import manifest as manifests
from trainer_core.dataset.intake import DiskFull
from trainer_core.dataset.manifest import Item, Manifest
from trainer_core.jobs.full_disk import is_full_disk

from .audit import run as audits
from .context import Tool, ToolContext, ToolRefused, ToolResult
from .dataset_history import recorded
from .handed_over import mark_taken
from .references import pair_lines
from .state import item_named, manifest_of
from .synthetic.tools import refuse_synthetic
from .text import plural, quoted
from .uploads import uploads_of

_SHOWN = 8  # files that are named one by one


class AddFiles(BaseModel):
    """Which handed-over files to take in."""

    model_config = ConfigDict(extra="forbid")

    uploads: Annotated[
        list[str],
        Field(
            description="ids such as upl_1a2b3c4d5e from the <uploads> note; empty takes all that wait",
            default_factory=list,
        ),
    ]


class SetExcluded(BaseModel):
    """Leave files out of the training, or take them back in. Nothing is deleted."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[str], Field(description="file ids (itm_...) or exact names", default_factory=list)]
    finding: Annotated[str | None, Field(description="the id of an audit finding: the files that it is about")] = None
    advised: Annotated[bool, Field(description="true: every file that the audit says is better left out")] = False
    excluded: Annotated[bool, Field(description="true leaves them out, false takes them back")] = True


def add_files(context: ToolContext, arguments: AddFiles) -> ToolResult:
    """Copy handed-over files into the project; the originals stay as they are."""
    known = {entry.id: entry for entry in uploads_of(context.workspace, context.project_id)}
    wanted = arguments.uploads or [entry.id for entry in known.values() if not entry.added and not entry.is_lora]
    strangers = [quoted(name, 40) for name in wanted if name not in known]
    if strangers:
        raise ToolRefused(
            f"There is no upload called {', '.join(strangers)} in this project. Ask the person to hand the files over."
        )
    loras = [quoted(known[name].name, 60) for name in wanted if known[name].is_lora]
    if loras:
        raise ToolRefused(f"{', '.join(loras)}: that is a LoRA file, not a picture or clip. It is added as a LoRA.")
    if not wanted:
        raise ToolRefused(
            "No files have been handed over yet. The person can attach pictures, clips or a folder to a message."
        )
    sources = [known[name].source() for name in wanted]
    folder = context.workspace.dataset_folder(context.project_id)
    before = manifests.load(folder)
    known_ids = {item.id for item in before.items}
    context.say("Copying the files in and checking that each can be read …")
    since = time.time_ns()
    left: int | None = None  # files for which the disk had no room
    try:
        manifest = manifests.add_files(folder, sources)
    except OSError as error:
        if not is_full_disk(error):
            raise
        if not isinstance(error, DiskFull):
            raise ToolRefused(_full_disk(0, None)) from error
        manifest, left = manifests.load(folder), error.left
    else:
        mark_taken(context.workspace, context.project_id, wanted, since)
    fresh = [item for item in manifest.items if item.id not in known_ids]
    told_before = set(before.rejected)
    refused = [entry for entry in manifest.rejected if entry not in told_before]
    if left is not None and not fresh:
        raise ToolRefused(_full_disk(0, left))
    lines = [f"Added {_counted(fresh)}. The set now has {_counted(manifest.usable)}.", *pair_lines(before, manifest)]
    if left is not None:
        lines.insert(0, _full_disk(len(fresh), left))
    if pale := [item for item in fresh if item.info.hdr_notes]:
        lines.append(
            f"{plural(len(pale), 'clip')} {'is' if len(pale) == 1 else 'are'} HDR video ({_named(pale)}): the colours "
            f"come out pale. Export as SDR (BT.709) and add again, or set {'it' if len(pale) == 1 else 'them'} aside."
        )
    if refused:
        lines.append(f"{plural(len(refused), 'file')} could not be taken:")
        lines += [f"- {quoted(entry.name, 60)}: {quoted(entry.reason, 160)}" for entry in refused[:12]]
    lines.append("The originals were not touched.")
    return ToolResult(
        text="\n".join(lines),
        data={
            "added": len(fresh),
            "refused": len(refused),
            "left": left or 0,
            "images": manifest.images,
            "clips": manifest.clips,
        },
    )


def _full_disk(added: int, left: int | None) -> str:
    """`left`: how many files were not copied any more; None where that is not known."""
    came = f"{plural(added, 'file')} came in" if added else "No file came in"
    if left:
        came += f"; {plural(left, 'file')} {'was' if left == 1 else 'were'} not copied any more"
    return (
        f"The disk is full. {came}. What was handed over stays and waits: make room on the disk and add the files "
        "again, and only the rest is added."
    )


def set_excluded(context: ToolContext, arguments: SetExcluded) -> ToolResult:
    """Set files aside or take them back."""
    manifest = manifest_of(context)
    items = [item_named(manifest, name) for name in arguments.items]
    if arguments.finding:
        items += _of_finding(context, manifest, arguments.finding)
    if arguments.advised:
        items += _advised(context, manifest, aside=not arguments.excluded)
        if not items and not arguments.excluded:
            raise ToolRefused(_none_to_take_back(manifest))
    if not items:
        raise ToolRefused("Which files? Name them, or name a finding of the audit, such as blurry.")
    if not arguments.excluded:
        refuse_synthetic(items)
    folder = context.workspace.dataset_folder(context.project_id)
    verb = "Set aside" if arguments.excluded else "Took back"
    what = plural(len(items), "file") if len(items) > 1 else quoted(items[0].name, 60)
    with recorded(folder, f"{'setting aside' if arguments.excluded else 'taking back'} {what}"):
        manifest = manifests.set_all_excluded(folder, [item.id for item in items], arguments.excluded)
    text = (
        f"{verb} {plural(len(items), 'file')}: {_named(items)}. The set now has {_counted(manifest.usable)}. "
        "Nothing was deleted."
    )
    return ToolResult(text=text, data={"items": [item.id for item in items], "excluded": arguments.excluded})


def _of_finding(context: ToolContext, manifest: Manifest, finding_id: str) -> list[Item]:
    audit = _audit(context)
    finding = next((entry for entry in audit.findings if entry.id == finding_id), None)
    if finding is None:
        present = ", ".join(sorted({entry.id for entry in audit.findings})) or "none"
        raise ToolRefused(f"The audit has no finding {quoted(finding_id, 40)!r}. It has: {present}.")
    found = [item for item in manifest.items if item.id in finding.files]
    if not found:
        raise ToolRefused(
            f"Nothing to set aside for that, these files are not in the set anyway: {quoted(finding.text, 200)}"
        )
    return found


def _advised(context: ToolContext, manifest: Manifest, *, aside: bool) -> list[Item]:
    """The files that the audit says are better left out: those in use, or those that are set aside."""
    audit = _audit(context)
    if aside:
        return audits.flagged_aside(context.workspace.dataset_folder(context.project_id), audit)
    return [manifest.item(entry.id) for entry in audit.items if entry.id and not entry.usable and not entry.excluded]


def _none_to_take_back(manifest: Manifest) -> str:
    aside = [item for item in manifest.items if item.excluded]
    if not aside:
        return "No file is set aside, so there is none to take back."
    return (
        f"None of the files that the audit advises against is set aside. Set aside {'is' if len(aside) == 1 else 'are'}"
        f": {_named(aside)}. Name those that are to come back."
    )


def _audit(context: ToolContext) -> audits.Audit:
    audit = audits.load_audit(context.workspace.dataset_folder(context.project_id))
    if audit is None:
        raise ToolRefused("The files have changed since the last audit, or there was none. Run the audit first.")
    return audit


def _named(items: list[Item]) -> str:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return ", ".join(quoted(item.name, 40) for item in items[:_SHOWN]) + more


def _counted(items: list[Item] | tuple[Item, ...]) -> str:
    counts: dict[Literal["image", "clip"], int] = {"image": 0, "clip": 0}
    for item in items:
        counts[item.info.kind] += 1
    return f"{plural(counts['image'], 'picture')} and {plural(counts['clip'], 'clip')}"


TOOLS = (
    Tool(
        "add_files",
        "Copy files that the person handed over (the <uploads> note) into the project.",
        AddFiles,
        add_files,
    ),
    Tool(
        "set_excluded",
        "Leave files out of the training or take them back; nothing is deleted.",
        SetExcluded,
        set_excluded,
    ),
)
