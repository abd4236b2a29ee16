"""Tools for the files: add, look at, caption, set aside."""

import time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.dataset import manifest as manifests
from trainer_core.dataset.manifest import Item, Manifest
from trainer_core.projects import get_project

from . import audit as audits
from . import captions
from .audit_pictures import write_pictures
from .caption_words import has_word
from .context import NoArguments, Tool, ToolContext, ToolRefused, ToolResult
from .measuring import Pace
from .second_look import look_again
from .state import manifest_of, recipe_of
from .synthetic import refuse_synthetic
from .text import plural, quoted
from .uploads import mark_added, uploads_of
from .vision import text_in_picture
from .vision_model import VisionModelFailed, configured

SECONDS_BETWEEN_WORDS = 2.0  # of progress
AUDIT_PICTURES = "audit"  # folder beside the files, for the audit's sheets


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


class LookAtFiles(BaseModel):
    """How to look."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[bool, Field(description="also look for words and watermarks in the pictures; slow")] = False
    second_eye: Annotated[
        bool, Field(description="let the vision model look too, where the person named one; false keeps it out")
    ] = True


class EditCaption(BaseModel):
    """A person's own words for one file."""

    model_config = ConfigDict(extra="forbid")

    item: Annotated[str, Field(description="the file's id (itm_...) or its exact name")]
    caption: Annotated[
        str, Field(description="the new caption; the trigger word is put in front when it is missing", max_length=1000)
    ]


class SetExcluded(BaseModel):
    """Leave files out of the training, or take them back in. Nothing is deleted."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[str], Field(description="file ids (itm_...) or exact names", default_factory=list)]
    finding: Annotated[str | None, Field(description="the id of an audit finding: the files that it is about")] = None
    advised: Annotated[bool, Field(description="true: every file that the audit says is better left out")] = False
    excluded: Annotated[bool, Field(description="true leaves them out, false takes them back")] = True


class ShowCaptions(BaseModel):
    """Which captions to read out."""

    model_config = ConfigDict(extra="forbid")

    count: Annotated[int, Field(ge=1, le=50, description="how many")] = 6


def add_files(context: ToolContext, arguments: AddFiles) -> ToolResult:
    """Copy handed-over files into the project; the originals stay as they are."""
    known = {entry.id: entry for entry in uploads_of(context.workspace, context.project_id)}
    wanted = arguments.uploads or [entry.id for entry in known.values() if not entry.added]
    strangers = [quoted(name, 40) for name in wanted if name not in known]
    if strangers:
        raise ToolRefused(
            f"There is no upload called {', '.join(strangers)} in this project. Ask the person to hand the files over."
        )
    if not wanted:
        raise ToolRefused(
            "No files have been handed over yet. The person can attach pictures, clips or a folder to a message."
        )
    folder = context.workspace.dataset_folder(context.project_id)
    before = {item.id for item in manifests.load(folder).items}
    refused_before = len(manifests.load(folder).rejected)
    context.say("Copying the files in and checking that each can be read …")
    manifest = manifests.add_files(folder, [Path(known[name].path) for name in wanted])
    mark_added(context.workspace, context.project_id, wanted)
    fresh = [item for item in manifest.items if item.id not in before]
    refused = manifest.rejected[refused_before:]
    lines = [f"Added {_counted(fresh)}. The set now has {_counted(manifest.usable)}."]
    if refused:
        lines.append(f"{plural(len(refused), 'file')} could not be taken:")
        lines += [f"- {quoted(entry.name, 60)}: {quoted(entry.reason, 160)}" for entry in refused[:12]]
    lines.append("The originals were not touched.")
    return ToolResult(
        text="\n".join(lines),
        data={"added": len(fresh), "refused": len(refused), "images": manifest.images, "clips": manifest.clips},
    )


def audit_dataset(context: ToolContext, arguments: LookAtFiles) -> ToolResult:
    """Measure every file and the set as a whole."""
    recipe = recipe_of(context)
    if not manifest_of(context).items:
        raise ToolRefused("There are no files to look at yet. Ask the person to attach pictures, clips or a folder.")
    folder = context.workspace.dataset_folder(context.project_id)

    told = 0.0

    def progress(pace: Pace) -> None:
        nonlocal told
        if pace.done == pace.total or time.monotonic() - told >= SECONDS_BETWEEN_WORDS:
            told = time.monotonic()
            context.say(f"Looking at the new files: {pace.words()}")

    trigger = get_project(context.workspace, context.project_id).trigger
    if arguments.text and (missing := text_in_picture.available()):
        raise ToolRefused(" ".join(missing))
    problem = _ask_second_eye(context, folder) if arguments.second_eye else None
    audit = audits.audit_dataset(folder, recipe, trigger=trigger, text=arguments.text, progress=progress)
    findings = [finding.model_dump(mode="json", include={"id", "level", "text", "files"}) for finding in audit.findings]
    shown = write_pictures(audit, audits.paths_of(folder), folder / AUDIT_PICTURES)
    pictures = [str(path.relative_to(context.workspace.home)) for path in shown.values()]
    text = "\n".join([audits.audit_text(audit), *([problem] if problem else [])])
    return ToolResult(text=text, data={"verdict": audit.verdict, "findings": findings}, pictures=pictures)


def _ask_second_eye(context: ToolContext, folder: Path) -> str | None:
    """Show new files to the vision model, if the person named one; what went wrong, in words."""
    files = [(item, manifests.path_of(folder, item)) for item in manifest_of(context).items]
    try:
        model = configured()
        if model is not None:
            look_again(folder, model, files, say=context.say)
    except (VisionModelFailed, OSError) as error:
        return f"There is no second opinion: {error}"
    return None


def write_captions(context: ToolContext, _arguments: NoArguments) -> ToolResult:
    """Caption every usable file, by a vision model if there is one; captions that a person wrote stay."""
    recipe = recipe_of(context)
    project = get_project(context.workspace, context.project_id)
    if not manifest_of(context).usable:
        raise ToolRefused("There are no usable files to caption yet.")
    context.say("Writing captions from what is measured in each file …")
    folder = context.workspace.dataset_folder(context.project_id)
    assert project.trigger is not None  # choosing a recipe makes one
    try:
        model = configured()
    except VisionModelFailed as failure:
        raise ToolRefused(str(failure)) from failure
    noun = project.noun or recipe.noun
    written = captions.write_captions(folder, project.trigger, noun, recipe, model=model, say=context.say)
    items = manifests.load(folder).usable
    lines = [
        f"Captioned {plural(len(written.captions), 'file')}; "
        f"{sum(has_word(item.caption, project.trigger) for item in items)} have the trigger word {project.trigger}. "
        "Captions written by a person were kept.",
    ]
    if model is not None:
        lines.append(f"{model.shown_name} described {plural(written.by_model, 'file')}.")
    if written.fallen_back:
        name, why = written.fallen_back[0]
        lines.append(
            f"{plural(len(written.fallen_back), 'file')} got captions from measurements alone, {quoted(name, 40)} "
            f"because {quoted(why, 200)}"
        )
    lines += ["For example:", *(f"- {quoted(item.name, 40)}: {quoted(item.caption, 160)}" for item in items[:4])]
    doubts = captions.spot_check(folder, project.trigger, recipe=recipe)
    return ToolResult(
        text="\n".join(lines + _read_first(doubts)),
        data={"captioned": len(written.captions), "read_first": [check.item_id for check in doubts]},
    )


def show_captions(context: ToolContext, arguments: ShowCaptions) -> ToolResult:
    """Read some captions out, with the ids that edit_caption takes, and say which ones to read first."""
    items = manifest_of(context).usable
    if not items:
        raise ToolRefused("There are no usable files yet, so there are no captions.")
    shown = items[: arguments.count]
    lines = [
        f"- {item.id} {quoted(item.name, 40)}: {quoted(item.caption, 200) or '(no caption yet)'}" for item in shown
    ]
    project = get_project(context.workspace, context.project_id)
    doubts: list[captions.SpotCheck] = []
    if project.recipe and project.trigger:
        folder = context.workspace.dataset_folder(context.project_id)
        doubts = captions.spot_check(folder, project.trigger, recipe=recipe_of(context))
    head = f"{len(shown)} of {plural(len(items), 'caption')}:"
    return ToolResult(
        text="\n".join([head, *lines, *_read_first(doubts)]),
        data={"read_first": [check.item_id for check in doubts]},
    )


def _read_first(doubts: list[captions.SpotCheck]) -> list[str]:
    """Lines about the least certain captions."""
    if not doubts:
        return []
    lines = [
        f"- {check.item_id} {quoted(check.name, 40)}: {quoted(check.caption, 160)} ({quoted(check.why, 160)})"
        for check in doubts
    ]
    return ["Please read these first, they are the least certain:", *lines]


def edit_caption(context: ToolContext, arguments: EditCaption) -> ToolResult:
    """Put a person's words in place of a caption."""
    project = get_project(context.workspace, context.project_id)
    item = _found(manifest_of(context), arguments.item)
    words = quoted(arguments.caption, 1000)
    if project.trigger:
        words = captions.with_trigger(words, project.trigger)
    manifests.set_caption(context.workspace.dataset_folder(context.project_id), item.id, words, "person")
    return ToolResult(text=f"The caption of {quoted(item.name, 60)} is now: {words}", data={"item": item.id})


def set_excluded(context: ToolContext, arguments: SetExcluded) -> ToolResult:
    """Set files aside or take them back."""
    manifest = manifest_of(context)
    items = [_found(manifest, name) for name in arguments.items]
    if arguments.finding:
        items += _of_finding(context, manifest, arguments.finding)
    if arguments.advised:
        items += [
            manifest.item(entry.id)
            for entry in _audit(context).items
            if entry.id and not entry.usable and not entry.excluded
        ]
    if not items:
        raise ToolRefused("Which files? Name them, or name a finding of the audit, such as blurry.")
    if not arguments.excluded:
        refuse_synthetic(items)
    folder = context.workspace.dataset_folder(context.project_id)
    for item in items:
        manifest = manifests.set_excluded(folder, item.id, arguments.excluded)
    verb = "Set aside" if arguments.excluded else "Took back"
    names = ", ".join(quoted(item.name, 40) for item in items[:8])
    text = (
        f"{verb} {plural(len(items), 'file')}: {names}. The set now has {_counted(manifest.usable)}. Nothing was "
        f"deleted."
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


def _audit(context: ToolContext) -> audits.Audit:
    audit = audits.load_audit(context.workspace.dataset_folder(context.project_id))
    if audit is None:
        raise ToolRefused("The files have changed since the last audit, or there was none. Run the audit first.")
    return audit


def _found(manifest: Manifest, name: str) -> Item:
    matches = [item for item in manifest.items if name in (item.id, item.name)]
    if len(matches) != 1:
        problem = "There is no file" if not matches else f"There are {len(matches)} files"
        raise ToolRefused(
            f"{problem} called {quoted(name, 60)!r} in the set. Use the id (itm_...) from show_captions or the audit."
        )
    return matches[0]


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
        "audit_dataset",
        "Measure every file (views, shots, light, size, sharpness, duplicates, clip length, cuts, backgrounds) and say "
        "what is wrong, what is missing and how many of it to add.",
        LookAtFiles,
        audit_dataset,
    ),
    Tool(
        "write_captions",
        "Write a caption with the trigger word for every usable file from measured facts.",
        NoArguments,
        write_captions,
    ),
    Tool("show_captions", "Read out captions with the ids of their files.", ShowCaptions, show_captions),
    Tool("edit_caption", "Replace one file's caption with the person's words.", EditCaption, edit_caption),
    Tool(
        "set_excluded",
        "Leave files out of the training or take them back; nothing is deleted.",
        SetExcluded,
        set_excluded,
    ),
)
