"""Tools for files that a model made: make candidates, mark files, and take them in, which needs a person's yes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.dataset import synthetic as store
from trainer_core.dataset.manifest import Item

from ..audit import run as audits
from ..context import Card, Tool, ToolContext, ToolRefused, ToolResult
from ..state import item_named, manifest_of
from ..text import plural, quoted
from ..uploads import mark_added, uploads_of
from .approval import card_for, use_yes
from .making import MakeCandidates, make_candidates
from .words import names_of, refused_words, seen_words, synthetic_words


class MarkSynthetic(BaseModel):
    """Files that a model made, as the person says."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[str], Field(description="file ids (itm_...) or exact names of files in the set")] = []
    uploads: Annotated[
        list[str], Field(description="ids (upl_...) of handed-over files to take in as synthetic and set aside")
    ] = []
    synthetic: Annotated[
        bool, Field(description="false: the mark was a mistake; opens a card for the person's yes")
    ] = True


class TakeInCandidates(BaseModel):
    """Which synthetic files to train on."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[
        list[str], Field(description="file ids (itm_...) or exact names; empty takes all that are set aside")
    ] = []


def mark_synthetic(context: ToolContext, arguments: MarkSynthetic) -> ToolResult:
    """Mark files as made by a model and set them aside, or end the mark with a person's yes.

    A handed-over file that is in the set already is marked there.
    """
    folder = context.workspace.dataset_folder(context.project_id)
    if not arguments.synthetic:
        items = _marked(context, arguments)
        use_yes(context, "unmark", items)
        store.mark(folder, [item.id for item in items], False)
        return ToolResult(
            text=f"{names_of(items)}: no longer marked as synthetic, and still set aside until taken back.",
            data={"items": [item.id for item in items]},
        )
    before = manifest_of(context)
    named = [item_named(before, name).id for name in arguments.items]
    if not named and not arguments.uploads:
        raise ToolRefused("Which files did a model make? Name them, or hand them over and say so.")
    paths = _paths(context, arguments.uploads)
    store.mark(folder, named, True)
    added = store.add_synthetic(folder, paths)
    mark_added(context.workspace, context.project_id, arguments.uploads)
    unmarked = {item.id for item in before.items if not item.synthetic}
    copies = {entry.duplicate_of for entry in added.rejected if entry.duplicate_of in unmarked} - {None}
    after = store.mark(folder, copies, True)
    marked = {*named, *(item.id for item in added.items), *unmarked}
    items = [item for item in after.items if item.synthetic and item.id in marked]
    lines = [f"Marked {plural(len(items), 'file')} as synthetic and set aside: {names_of(items)}."] if items else []
    lines += refused_words([entry for entry in added.rejected if entry.duplicate_of not in copies])
    if items:
        lines.append("Nothing trains on them before the person says yes to a card. Run the audit to look at them.")
    return ToolResult(text="\n".join(lines), data={"items": [item.id for item in items]})


def mark_card(context: ToolContext, arguments: MarkSynthetic) -> Card | None:
    """A card for ending the mark; None for marking, which takes nothing in."""
    if arguments.synthetic:
        return None
    items = _marked(context, arguments)
    own = "your own file" if len(items) == 1 else "your own files"
    lines = [
        f"{names_of(items, len(items))} would count as {own} again.",
        "Say yes only if no model made them.",
    ]
    return card_for(context, "unmark", "Not made by a model?", lines, items)


def take_in_card(context: ToolContext, arguments: TakeInCandidates) -> Card:
    """What a person is asked: exactly these files, and what it means. Changes nothing."""
    items = _waiting(context, arguments)
    folder = context.workspace.dataset_folder(context.project_id)
    audit = audits.load_audit(folder)
    if audit is None:
        raise ToolRefused("These files have not been looked at yet. Run the audit first, then take them in.")
    usable = manifest_of(context).usable
    synthetic = sum(item.synthetic for item in usable) + len(items)
    lines = [
        f"{plural(len(items), 'file')} that a model made: {names_of(items, len(items))}.",
        "These were made by a model; the LoRA will learn its mistakes too.",
        *seen_words(audit, items, folder),
        f"The set would then have {plural(len(usable) + len(items), 'file')}, {synthetic} of them synthetic.",
    ]
    return card_for(context, "take in", "Train on these generated files?", lines, items)


def take_in_candidates(context: ToolContext, arguments: TakeInCandidates) -> ToolResult:
    """Let synthetic files be trained on. Uses up the person's yes to exactly these; without one nothing changes."""
    items = _waiting(context, arguments)
    use_yes(context, "take in", items)
    manifest = store.take_in(context.workspace.dataset_folder(context.project_id), [item.id for item in items])
    text = (
        f"Took in {plural(len(items), 'synthetic file')}: {names_of(items)}. {synthetic_words(manifest)} They still "
        "need captions, and the plan has to be made anew."
    )
    return ToolResult(text=text, data={"items": [item.id for item in items]})


def refuse_synthetic(items: Sequence[Item]) -> None:
    """For every other way of taking files back in: synthetic ones only come in with a yes. Raises ToolRefused."""
    synthetic = [item for item in items if item.synthetic and item.excluded]
    if synthetic:
        raise ToolRefused(
            f"A model made {names_of(synthetic)}. Only take_in_candidates brings such files in, with the person's own "
            f"yes to its card: say “use {quoted(synthetic[0].name, 40)}”. Nothing was changed."
        )


def _waiting(context: ToolContext, arguments: TakeInCandidates) -> list[Item]:
    """The synthetic files that are meant and set aside, in the order of the set."""
    manifest = manifest_of(context)
    if not arguments.items:
        items = [item for item in manifest.items if item.synthetic and item.excluded]
        if not items:
            raise ToolRefused("No generated files are set aside. Make candidates first, or hand some over.")
        return items
    named = {item.id: item for item in (item_named(manifest, name) for name in arguments.items)}
    own = [item for item in named.values() if not item.synthetic]
    if own:
        raise ToolRefused(f"{names_of(own)}: not marked as synthetic, so there is nothing to approve.")
    items = [item for item in manifest.items if item.id in named and item.excluded]
    if not items:
        raise ToolRefused("They are in the set already.")
    return items


def _marked(context: ToolContext, arguments: MarkSynthetic) -> list[Item]:
    """The files whose mark is to end: never those that Sidekick made itself."""
    if arguments.uploads or not arguments.items:
        raise ToolRefused("Which files of the set were marked by mistake? Name them.")
    manifest = manifest_of(context)
    named = {item.id: item for item in (item_named(manifest, name) for name in arguments.items)}
    made = store.origins_of(context.workspace.dataset_folder(context.project_id))
    ours = [item for item in named.values() if item.id in made]
    if ours:
        raise ToolRefused(f"I made {names_of(ours)} with a base model myself, so the mark stays.")
    items = [item for item in manifest.items if item.id in named and item.synthetic]
    if not items:
        raise ToolRefused("None of these is marked as synthetic.")
    return items


def _paths(context: ToolContext, uploads: Sequence[str]) -> list[Path]:
    known = {entry.id: entry for entry in uploads_of(context.workspace, context.project_id)}
    strangers = [quoted(name, 40) for name in uploads if name not in known]
    if strangers:
        raise ToolRefused(f"There is no upload called {', '.join(strangers)} in this project.")
    return [known[name].source() for name in uploads]


TOOLS = (
    Tool(
        "make_candidates",
        "Generate candidate pictures of views that the set lacks with the base model. They come in marked as synthetic "
        "and set aside; take_in_candidates asks the person before anything trains on them.",
        MakeCandidates,
        make_candidates,
    ),
    Tool(
        "mark_synthetic",
        "Mark files (in the set, or handed over) that the person says a model made, and set them aside.",
        MarkSynthetic,
        mark_synthetic,
        mark_card,
    ),
    Tool(
        "take_in_candidates",
        "Open a card that asks the person whether to train on synthetic files. Only their clear yes takes them in.",
        TakeInCandidates,
        take_in_candidates,
        take_in_card,
    ),
)
