"""The tool that splits clips: says in words what would come of it, does it on copies when asked, takes it back."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.dataset.manifest import Item, Manifest
from trainer_core.dataset.media import UnusableMedia

from .audit import run as audits
from .audit.tools import LookAtFiles, audit_dataset
from .context import Tool, ToolContext, ToolRefused, ToolResult
from .splitting import MOST_PIECES, SHORTEST, Piece, propose, split, spread, unsplit
from .state import manifest_of, recipe_of
from .text import plural, quoted

_SHOWN = 8  # clips that are named one by one
_SPANS = 6  # and pieces of each


class SplitClips(BaseModel):
    """Split long clips, and clips with several shots, into pieces; or take that back."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[
        list[str],
        Field(description="clip ids (itm_...) or names; empty takes every clip that is better split", max_length=500),
    ] = []
    accept: Annotated[
        bool,
        Field(
            description="false only says what would come of it; true makes the pieces: only after the person asked for "
            "it in plain words or said yes to the proposal"
        ),
    ] = False
    undo: Annotated[bool, Field(description="true takes the whole clips back in and sets their pieces aside")] = False
    most: Annotated[
        int,
        Field(ge=1, le=200, description="pieces of one clip at most; of a long recording they are spread evenly"),
    ] = MOST_PIECES


def split_clips(context: ToolContext, arguments: SplitClips) -> ToolResult:
    """Propose, split or take back; the files that a person gave stay as they are."""
    if arguments.undo:
        return _take_back(context, arguments)
    recipe_of(context)
    folder = context.workspace.dataset_folder(context.project_id)
    if audits.load_audit(folder) is None:
        raise ToolRefused("The files have not been looked at since they changed. Run the audit first.")
    wanted, possible = _wanted(folder, manifest_of(context), arguments)
    return _split(context, wanted) if arguments.accept else _proposal(wanted, possible)


Wanted = list[tuple[Item, tuple[Piece, ...]]]


def _wanted(folder: Path, manifest: Manifest, arguments: SplitClips) -> tuple[Wanted, int]:
    """The clips with the pieces that are to be made, and how many pieces there could be."""
    proposed = propose(folder)
    items = _named(manifest, arguments.items) if arguments.items else list(manifest.usable)
    found = [(item, proposed[item.id]) for item in items if item.id in proposed]
    if not found:
        raise ToolRefused(_why_none(items if arguments.items else []))
    return [(item, spread(pieces, arguments.most)) for item, pieces in found], sum(len(each) for _, each in found)


def _proposal(wanted: Wanted, possible: int) -> ToolResult:
    pieces = [piece for _, found in wanted for piece in found]
    lines = [f"Split, {plural(len(wanted), 'clip')} would become {_pieces(pieces)}:"]
    lines += [
        f"- {quoted(item.name, 60)} ({item.info.seconds:.1f} s): {_where(found)}" for item, found in wanted[:_SHOWN]
    ]
    if len(wanted) > _SHOWN:
        lines.append(f"- and {len(wanted) - _SHOWN} more")
    if possible > len(pieces):
        lines.append(f"There could be {possible} pieces; these are spread evenly over the clips.")
    short = sum(piece.seconds < SHORTEST for piece in pieces)
    if short:
        lines.append(f"{plural(short, 'piece')} would be shorter than {SHORTEST:g} s.")
    lines.append("The whole clips are set aside, nothing is deleted, and it can be taken back.")
    return ToolResult(text="\n".join(lines), data=_figures(wanted, made=False))


def _split(context: ToolContext, wanted: Wanted) -> ToolResult:
    folder = context.workspace.dataset_folder(context.project_id)
    done: Wanted = []
    failed: list[str] = []
    for number, (item, pieces) in enumerate(wanted, start=1):
        words = f"Splitting clip {number} of {len(wanted)}"
        context.say(words)
        try:
            split(folder, item.id, pieces, progress=partial(_tell, context, words))
        except (UnusableMedia, OSError) as error:
            why = str(error) if isinstance(error, UnusableMedia) else f"It cannot be written ({error.strerror})."
            failed.append(f"- {quoted(item.name, 60)} stays whole: {quoted(why, 160)}")
        else:
            done.append((item, pieces))
    if not done:
        raise ToolRefused("\n".join(["Nothing was split, and nothing was changed.", *failed]))
    made = [piece for _, pieces in done for piece in pieces]
    lines = [
        f"Split {plural(len(done), 'clip')} into {_pieces(made)}. The whole clips are set aside; nothing was deleted. "
        "Captions went with the pieces.",
        *failed,
    ]
    looked = audit_dataset(context, LookAtFiles())  # only the new pieces are measured
    text = "\n".join([*lines, looked.text])
    return ToolResult(text=text, data=looked.data | _figures(done, made=True), pictures=looked.pictures)


def _tell(context: ToolContext, words: str, done: int, total: int) -> None:
    if done % 5 == 0 and done < total:
        context.say(f"{words}: {done} of {total} pieces")


def _take_back(context: ToolContext, arguments: SplitClips) -> ToolResult:
    manifest = manifest_of(context)
    pieces_in_use = {item.piece_of for item in manifest.usable if item.piece_of}
    named = _named(manifest, arguments.items) if arguments.items else list(manifest.items)
    wanted = {item.id for item in named} | ({item.piece_of for item in named} - {None} if arguments.items else set())
    whole = [item for item in manifest.items if item.id in wanted & pieces_in_use]
    nested = {item.id for item in whole}
    whole = [item for item in whole if item.piece_of not in nested]  # taking the outer clip back takes the inner too
    if not whole:
        raise ToolRefused("None of these clips is split, so there is nothing to take back.")
    folder = context.workspace.dataset_folder(context.project_id)
    for item in whole:
        manifest = unsplit(folder, item.id)
    back = [item for item in whole if not manifest.item(item.id).excluded]
    aside = [item for item in whole if manifest.item(item.id).excluded]
    lines = [f"Took {plural(len(back), 'whole clip')} back in: {_names(back)}."] if back else []
    if aside:
        lines.append(
            f"{_names(aside)}: made by a model, so set aside until the person says yes to a card. Say “use "
            f"{quoted(aside[0].name, 40)}” for it."
        )
    lines.append(
        f"The pieces are set aside; nothing was deleted. The set now has {plural(manifest.images, 'picture')} and "
        f"{plural(manifest.clips, 'clip')}."
    )
    return ToolResult(text=" ".join(lines), data={"items": [item.id for item in back], "undone": True})


def _names(items: Sequence[Item]) -> str:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return ", ".join(quoted(item.name, 40) for item in items[:_SHOWN]) + more


def _named(manifest: Manifest, names: Sequence[str]) -> list[Item]:
    """Items by id or by name, whatever the name's case; pieces of one name are all meant."""
    found: dict[str, Item] = {}
    for name in names:
        same = [item for item in manifest.items if name == item.id or name.casefold() == item.name.casefold()]
        if not same:
            raise ToolRefused(f"There is no file called {quoted(name, 60)!r} in the set.")
        found |= {item.id: item for item in same}
    return list(found.values())


def _why_none(items: Sequence[Item]) -> str:
    if not items:
        return "No clip needs splitting: each is one shot of at most 8 seconds, or too short to be split."
    item = items[0]
    if item.info.kind != "clip":
        return f"{quoted(item.name, 60)} is a picture; only clips can be split."
    if item.excluded:
        return f"{quoted(item.name, 60)} is set aside, or split already."
    return f"{quoted(item.name, 60)} needs no splitting: nothing would be gained from its {item.info.seconds:.1f} s."


def _pieces(pieces: Sequence[Piece]) -> str:
    """'11 pieces of 5.0 to 6.7 s'."""
    shortest, longest = min(piece.seconds for piece in pieces), max(piece.seconds for piece in pieces)
    lengths = f"{shortest:.1f} s" if longest - shortest < 0.1 else f"{shortest:.1f} to {longest:.1f} s"
    return f"{plural(len(pieces), 'piece')} of {lengths}"


def _where(pieces: Sequence[Piece]) -> str:
    """'0.0-4.0, 4.0-9.0 and 3 more'."""
    shown = [f"{piece.start:.1f}-{piece.end:.1f}" for piece in pieces[:_SPANS]]
    more = f" and {len(pieces) - _SPANS} more" if len(pieces) > _SPANS else ""
    return ", ".join(shown) + more


def _figures(wanted: Wanted, *, made: bool) -> dict[str, object]:
    pieces = {
        item.id: [piece.model_dump(mode="json", include={"start", "end", "why"}) for piece in found]
        for item, found in wanted
    }
    return {"items": [item.id for item, _ in wanted], "pieces": pieces, "split": made}


TOOLS = (
    Tool(
        "split_clips",
        "Split clips that are too long, or that have cuts, dissolves or fades, into pieces of one shot; works on "
        "copies, keeps the whole clips, and can be taken back. Without accept it only says what would come of it.",
        SplitClips,
        split_clips,
    ),
)
