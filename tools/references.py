"""Tools for references: make control clips from the files, and take references away."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.dataset.controls import edges, make_control
from trainer_core.dataset.depth import DepthUnavailable, depth_drawer
from trainer_core.dataset.manifest import Item, Manifest
from trainer_core.dataset.media import UnusableMedia
from trainer_core.dataset.records import Reference
from trainer_core.dataset.references import set_references, unpaired_ends

from .context import Tool, ToolContext, ToolRefused, ToolResult
from .state import item_named, manifest_of
from .text import plural, quoted
from .vision.eyes.models import ModelsUnavailable
from .vision.skeleton import PoseDrawer

ENOUGH = 0.5  # of a file's frames must show a body for a pose control
_SHOWN = 6  # files that are named one by one
NEXT = (
    "The plan has to be made anew. It uses them once its references are set to pairs: say “train with reference pairs”."
)


class MakeControlClips(BaseModel):
    """Make a reference from each file: its edges, its body's pose or its depth. The files themselves stay."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[
        Literal["edges", "pose", "depth"],
        Field(description="edges: outlines, always works; pose: a person's skeleton; depth: how near things are"),
    ] = "edges"
    items: Annotated[
        list[str], Field(description="file ids (itm_...) or exact names; empty takes all files", max_length=500)
    ] = []
    replace_pairs: Annotated[
        bool,
        Field(
            description="true also replaces the person's own _start files as references: only when the person said so"
        ),
    ] = False


class RemoveReferences(BaseModel):
    """Take references away again. No file is deleted."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[
        list[str], Field(description="file ids (itm_...) or exact names; empty takes all files", max_length=500)
    ] = []
    own_pairs: Annotated[
        bool, Field(description="true also takes away the person's own _start files: only when the person said so")
    ] = False


def make_control_clips(context: ToolContext, arguments: MakeControlClips) -> ToolResult:
    """Make control clips beside the dataset; a person's own pairs stay unless told otherwise."""
    wanted = _wanted(context, arguments.items)
    if not wanted:
        raise ToolRefused("There are no files yet to make control clips from. Add pictures or clips first.")
    own = [item for item in wanted if item.reference and item.reference.showing == "start"]
    there = [item for item in wanted if item.reference and item.reference.showing == arguments.kind]
    kept = {item.id for item in there} | (set() if arguments.replace_pairs else {item.id for item in own})
    todo = [item for item in wanted if item.id not in kept]
    if not todo:
        raise ToolRefused(_nothing_to_do(arguments.kind, there, own))
    folder = context.workspace.dataset_folder(context.project_id)
    failed: list[str] = []
    for number, item in enumerate(todo, start=1):
        context.say(f"Drawing {arguments.kind} {number} of {len(todo)}")
        try:
            set_references(folder, {item.id: _made(folder, item, arguments.kind)})
        except (UnusableMedia, OSError) as error:
            why = str(error) if isinstance(error, UnusableMedia) else f"It cannot be written ({error.strerror})."
            failed.append(f"- {quoted(item.name, 60)}: {quoted(why, 160)}")
        except (ModelsUnavailable, DepthUnavailable, ImportError) as error:
            raise ToolRefused(_unavailable(error, number - 1 - len(failed))) from error
    return _told(arguments, todo, failed, own, there)


def remove_references(context: ToolContext, arguments: RemoveReferences) -> ToolResult:
    """Take made references away, and a person's own pairs only when told so."""
    shown = [item for item in _wanted(context, arguments.items, usable=False) if item.reference]
    own = [item for item in shown if item.reference and item.reference.showing == "start"]
    gone = shown if arguments.own_pairs else [item for item in shown if item not in own]
    if not gone:
        raise ToolRefused(
            f"{plural(len(own), 'file')} have your own pair as reference. Say that these should go too, and they do."
            if own
            else "None of these files has a reference, so there is nothing to take away."
        )
    set_references(context.workspace.dataset_folder(context.project_id), {item.id: None for item in gone})
    left = f" {plural(len(own), 'own pair')} stayed." if own and not arguments.own_pairs else ""
    text = (
        f"Took the references of {plural(len(gone), 'file')} away.{left} No file was deleted. The plan has to be made "
        "anew."
    )
    return ToolResult(text=text, data={"items": [item.id for item in gone]})


def pair_lines(before: Manifest, after: Manifest) -> list[str]:
    """What adding files did to pairs, in words: those that came together, starts set aside, ends that have none."""
    were = {item.id: item for item in before.items}
    paired = [
        item
        for item in after.items
        if item.reference
        and item.reference.showing == "start"
        and ((old := were.get(item.id)) is None or old.reference != item.reference)
    ]
    aside = [item for item in after.items if item.excluded and item.id in were and not were[item.id].excluded]
    alone = [item for item in unpaired_ends(after) if item.id not in were]
    lines = []
    if paired:
        lines.append(
            f"{plural(len(paired), 'pair')}: the _end is what is learned, the _start is shown beside it "
            f"({_names(paired)})."
        )
    if aside:
        lines.append(f"Set aside, because they are such starts: {_names(aside)}.")
    if alone:
        lines.append(f"Named like the end of a pair, but without a start: {_names(alone)}. Learned as plain examples.")
    return lines


def _names(items: Sequence[Item]) -> str:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return ", ".join(quoted(item.name, 40) for item in items[:_SHOWN]) + more


def _wanted(context: ToolContext, names: Sequence[str], *, usable: bool = True) -> list[Item]:
    manifest: Manifest = manifest_of(context)
    if names:
        return list({item.id: item for item in (item_named(manifest, name) for name in names)}.values())
    return list(manifest.usable if usable else manifest.items)


def _made(folder: Path, item: Item, kind: Literal["edges", "pose", "depth"]) -> Reference:
    if kind == "edges":
        return make_control(folder, item, kind, edges)
    if kind == "depth":
        return make_control(folder, item, kind, depth_drawer(folder, item))
    pose = PoseDrawer()

    def check() -> None:
        if pose.share < ENOUGH:
            raise UnusableMedia(f"A body was found in only {pose.found} of {plural(pose.frames, 'frame')}.")

    return make_control(folder, item, kind, pose, check=check)


def _nothing_to_do(kind: str, there: Sequence[Item], own: Sequence[Item]) -> str:
    words = [f"{plural(len(there), 'file')} have {kind} as reference already."] if there else []
    if own:
        words.append(f"{plural(len(own), 'file')} have your own pair, which I keep unless you say to replace it.")
    return " ".join(words)


def _unavailable(error: Exception, done: int) -> str:
    kept = f" {plural(done, 'reference')} made before that are kept." if done else ""
    return f"{error}{kept}"


def _told(
    arguments: MakeControlClips, todo: Sequence[Item], failed: list[str], own: Sequence[Item], there: Sequence[Item]
) -> ToolResult:
    made = len(todo) - len(failed)
    if not made:
        raise ToolRefused("\n".join([f"No {arguments.kind} could be made; nothing was changed.", *failed[:_SHOWN]]))
    lines = [f"Made {arguments.kind} as reference for {plural(made, 'file')}. The files themselves are as they were."]
    if own and not arguments.replace_pairs:
        lines.append(f"{plural(len(own), 'file')} keep your own pair.")
    if there:
        lines.append(f"{plural(len(there), 'file')} had {arguments.kind} already.")
    if failed:
        lines += [f"{plural(len(failed), 'file')} stay without:", *failed[:_SHOWN]]
        if len(failed) > _SHOWN:
            lines.append(f"- and {len(failed) - _SHOWN} more")
    return ToolResult(
        text="\n".join([*lines, NEXT]), data={"kind": arguments.kind, "made": made, "failed": len(failed)}
    )


TOOLS = (
    Tool(
        "make_control_clips",
        "Make a reference (edges, pose or depth) from each file, for in-context training; the files stay as they are.",
        MakeControlClips,
        make_control_clips,
    ),
    Tool(
        "remove_references",
        "Take the references for in-context training away again; no file is deleted.",
        RemoveReferences,
        remove_references,
    ),
)
