"""A LoRA to take away: its file with a model card, or a package that also tells how to use it elsewhere."""

import re
import zipfile
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.dataset.records import write_atomically

from .context import Tool, ToolContext, ToolRefused, ToolResult
from .evaluation.prompts import first_prompt
from .export_card import card_of
from .export_facts import LoraStory, story_of
from .export_how_to import pages_of
from .library import Known, lora_named, newest_lora
from .state import honesty
from .text import quoted

CARD = "README.md"
_STILL = (1980, 1, 1, 0, 0, 0)  # the time of every entry, so that equal content gives equal bytes


class ExportLora(BaseModel):
    """What to give out."""

    model_config = ConfigDict(extra="forbid")

    lora: Annotated[
        str | None, Field(max_length=60, description="id of a LoRA (lora_...) from list_loras; empty takes the newest")
    ] = None
    target: Annotated[
        Literal["package", "file"],
        Field(
            description="package: a zip with the file, its model card and how to use it in ComfyUI, diffusers and fal; "
            "file: the .safetensors with its model card beside it"
        ),
    ] = "package"


def export_lora(context: ToolContext, arguments: ExportLora) -> ToolResult:
    """Write what can be downloaded. The file is checked first; nothing of this machine's folders is in it."""
    known = lora_named(context, arguments.lora) if arguments.lora else newest_lora(context)
    from trainer_core.lora.container import UnreadableFileError
    from trainer_core.lora.shareable import copy_shareable
    from trainer_core.training.records import sha256_of

    context.say("Checking the file …")
    if sha256_of(known.file) != known.row.sha256:
        raise ToolRefused(
            f"The file of {known.name} is not the one that was registered: somebody changed or replaced it. It was not "
            "given out. Hand it over and add it as a LoRA of its own if the change was meant."
        )
    folder, stem = exports_of(context, known), stem_of(known)
    context.say("Writing the model card …")
    file = folder / f"{stem}.safetensors"
    try:
        story = story_of(context, known)
        copied = copy_shareable(known.file, file)
        card = card_of(story, file.name, copied.sha256, copied.left_out)
        write_atomically(folder / CARD, card.encode())
        made = [file, folder / CARD]
        if arguments.target == "package":
            pages = {CARD: card} | pages_of(story, file.name, _first_prompt(story))
            made = [_packed(folder / f"{stem}.zip", stem, file, pages)]
    except UnreadableFileError as error:
        raise ToolRefused(f"{known.name} was not given out. {error}") from error
    except OSError as error:
        raise ToolRefused(
            f"{known.name} could not be written for download ({error.strerror or error}). The LoRA itself is as it "
            "was. Make room on the disk and ask again."
        ) from error
    files = [str(path.relative_to(context.workspace.home)) for path in made]
    return ToolResult(
        text=_words(known, story, made, copied.left_out, files),
        data={"lora": known.row.id, "target": arguments.target, "sha256": copied.sha256, "left_out": copied.left_out},
        files=files,
    )


def exports_of(context: ToolContext, known: Known) -> Path:
    """Where a LoRA's files for download lie."""
    return context.workspace.exports_folder(context.project_id, known.row.id)


def stem_of(known: Known) -> str:
    """A file name for it: its triggers and base, letters and digits only."""
    words = re.sub(r"[^A-Za-z0-9]+", "_", known.row.trigger).strip("_")[:60] or known.row.id
    return f"{words}-{known.row.base}"


def ready(context: ToolContext, known: Known) -> tuple[Path, ...]:
    """What was written for download and is still there: the file, its card, the package. Makes nothing."""
    folder, stem = context.workspace.home / "exports" / context.project_id / known.row.id, stem_of(known)
    names = (f"{stem}.safetensors", CARD, f"{stem}.zip")
    return tuple(path for name in names if (path := folder / name).is_file() and not path.is_symlink())


def _first_prompt(story: LoraStory) -> str:
    trigger = ", ".join(story.known.triggers)
    if story.plan is None:
        return f"{trigger}, waving" if trigger else "a cat, waving"
    return first_prompt(story.plan, story.known.project.noun)


def _packed(path: Path, stem: str, file: Path, pages: dict[str, str]) -> Path:
    """The zip, whole or not at all. Weights do not get smaller by packing, so they are stored as they are."""
    partial = path.with_name(f".{path.name}.part")
    try:
        with zipfile.ZipFile(partial, "w") as archive:
            for name, text in pages.items():
                entry = zipfile.ZipInfo(f"{stem}/{name}", _STILL)
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, text, zipfile.ZIP_DEFLATED)
            entry = zipfile.ZipInfo(f"{stem}/{file.name}", _STILL)
            entry.external_attr = 0o644 << 16
            entry.file_size = file.stat().st_size
            with file.open("rb") as source, archive.open(entry, "w") as target:
                while chunk := source.read(1 << 23):
                    target.write(chunk)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def _words(known: Known, story: LoraStory, made: list[Path], left_out: tuple[str, ...], files: list[str]) -> str:
    what = "the file with its model card" if len(made) > 1 else "a package with the file, its card and how to use it"
    size = sum(path.stat().st_size for path in made) / 1e6
    lines = [f"Ready to download: {what} of {known.name}, {size:.1f} MB. {'Files' if files[1:] else 'File'}: "]
    lines[0] += ", ".join(files) + "."
    if story.scores is None:
        lines.append("The card has no scores: this file was not scored.")
    if left_out:
        told = ", ".join(quoted(entry, 60) for entry in left_out[:10])
        lines.append(f"Left out of the file's header, because it can tell of folders or captions: {told}.")
    return " ".join([*lines, honesty(known.row.base)]).strip()


TOOLS = (
    Tool(
        "export_lora",
        "Make a LoRA ready to download: the file with a model card, or a package with how to use it in ComfyUI, "
        "diffusers and fal.",
        ExportLora,
        export_lora,
    ),
)
