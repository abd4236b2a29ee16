"""The tool that finds and replaces words over all captions; the trigger word is never lost on the way."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.dataset import manifest as manifests
from trainer_core.dataset.manifest import Item, one_line
from trainer_core.projects import get_project

from ..context import Tool, ToolContext, ToolRefused, ToolResult
from ..dataset_history import recorded
from ..state import item_named, manifest_of
from ..text import plural, quoted
from .words import has_word

LONGEST = 1000  # characters of a caption that a person writes
_EXAMPLES = 4
_EMPTY_PARTS = re.compile(r"\s*,(?:\s*,)+")


class ReplaceInCaptions(BaseModel):
    """Words to find in the captions and what to put in their place."""

    model_config = ConfigDict(extra="forbid")

    find: Annotated[str, Field(description="the words to find", min_length=1, max_length=200)]
    replace: Annotated[str, Field(description="the words to put there; empty takes them out", max_length=200)] = ""
    accept: Annotated[
        bool,
        Field(
            description="false only says how many captions would change; true changes them: only after the person "
            "asked for it in plain words or said yes to the count"
        ),
    ] = False
    whole_words: Annotated[bool, Field(description="false also finds the words inside longer words")] = True
    match_case: Annotated[bool, Field(description="true tells capital letters from small ones")] = False
    items: Annotated[
        list[str], Field(description="file ids (itm_...) or exact names; empty takes all files in use", max_length=1000)
    ] = []


@dataclass(frozen=True)
class Replaced:
    """One caption with its new words, or why it stays as it is."""

    item: Item
    caption: str
    kept_because: str | None = None


def replace_in_captions(context: ToolContext, arguments: ReplaceInCaptions) -> ToolResult:
    """Say how many captions would change, or change them and remember how they were."""
    find = one_line(arguments.find, 200)
    if not find:
        raise ToolRefused("Which words shall I find? There was nothing but spaces.")
    manifest = manifest_of(context)
    items = [item_named(manifest, name) for name in arguments.items] or list(manifest.usable)
    trigger = get_project(context.workspace, context.project_id).trigger
    found = replacements(items, arguments.model_copy(update={"find": find}), trigger)
    fresh = [each for each in found if each.kept_because is None]
    if not fresh:
        raise ToolRefused(_why_none(find, found))
    shown = f"“{quoted(find, 60)}”"
    if arguments.accept:
        folder = context.workspace.dataset_folder(context.project_id)
        with recorded(folder, f"replacing {shown} in {plural(len(fresh), 'caption')}"):
            manifests.set_captions(folder, {each.item.id: (each.caption, "person") for each in fresh})
        head = f"Replaced {shown} in {plural(len(fresh), 'caption')}. They count as yours now, and undo takes it back."
    else:
        head = f"{shown} would be replaced in {plural(len(fresh), 'caption')} of {len(items)}. Nothing is changed yet."
    lines = [head, *_examples(fresh), *_kept(found)]
    data = {"items": [each.item.id for each in fresh], "changed": arguments.accept}
    return ToolResult(text="\n".join(lines), data=data)


def replacements(items: Sequence[Item], wanted: ReplaceInCaptions, trigger: str | None) -> list[Replaced]:
    """The items whose captions hold the words, with what they would become."""
    edge = (r"(?<!\w)", r"(?!\w)") if wanted.whole_words else ("", "")
    flags = re.NOFLAG if wanted.match_case else re.IGNORECASE
    pattern = re.compile(edge[0] + re.escape(wanted.find) + edge[1], flags)
    by = quoted(wanted.replace, 200)
    return [_replaced(item, pattern, by, trigger) for item in items if pattern.search(item.caption)]


def _replaced(item: Item, pattern: re.Pattern[str], by: str, trigger: str | None) -> Replaced:
    caption = _tidy(pattern.sub(lambda _found: by, item.caption), by)
    if trigger and has_word(item.caption, trigger) and not has_word(caption, trigger):
        parts = re.split(rf"((?<!\w){re.escape(trigger)}(?!\w))", item.caption)
        caption = "".join(part if part == trigger else pattern.sub(lambda _found: by, part) for part in parts)
        caption = _tidy(caption, by)
        if caption == item.caption:
            return Replaced(item, caption, "it would lose its trigger word")
    if not caption:
        return Replaced(item, caption, "nothing would be left of it")
    if len(caption) > LONGEST:
        return Replaced(item, caption, f"it would be longer than {LONGEST} characters")
    if caption == item.caption:
        return Replaced(item, caption, "it says that already")
    return Replaced(item, caption)


def _tidy(caption: str, by: str) -> str:
    """Where words are taken out, no doubled or leading comma stays behind."""
    if not by:
        caption = _EMPTY_PARTS.sub(",", caption).strip(" ,")
        caption = re.sub(r"\s+([,.;])", r"\1", caption)
    return " ".join(caption.split())


def _examples(fresh: Sequence[Replaced]) -> list[str]:
    lines = [f"- {quoted(each.item.name, 40)}: {quoted(each.caption, 160)}" for each in fresh[:_EXAMPLES]]
    return lines + ([f"- and {len(fresh) - _EXAMPLES} more"] if len(fresh) > _EXAMPLES else [])


def _kept(found: Sequence[Replaced]) -> list[str]:
    reasons: dict[str, int] = {}
    for each in found:
        if each.kept_because:
            reasons[each.kept_because] = reasons.get(each.kept_because, 0) + 1
    return [f"{plural(count, 'caption')} would stay as it was: {why}." for why, count in reasons.items()]


def _why_none(find: str, found: Sequence[Replaced]) -> str:
    if not found:
        return f"“{quoted(find, 60)}” stands in none of the captions, so nothing was changed."
    return " ".join(["Nothing was changed.", *_kept(found)])


TOOLS = (
    Tool(
        "replace_in_captions",
        "Find words in all captions and put others in their place, never losing the trigger word. Without accept it "
        "only says how many captions would change.",
        ReplaceInCaptions,
        replace_in_captions,
    ),
)
