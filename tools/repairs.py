"""The tool that does what a finding says, in captions, files and plan; what only a person has is asked for."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.dataset import manifest as manifests
from trainer_core.projects import get_project

from .audit.run import load_audit
from .captioning.captions import with_trigger
from .captioning.templates import subject_words
from .captioning.words import has_word
from .context import Tool, ToolContext, ToolRefused, ToolResult
from .dataset import SetExcluded, set_excluded
from .evaluation.actions import Action, Kind
from .evaluation.audited import REPEATS
from .evaluation.diagnosis import Finding
from .plan_changes import ChangePlan
from .plans import change_plan
from .recipes import make_trigger
from .results import findings_of, proposed_by_run, scored_trigger
from .state import manifest_of, plan_of, recipe_of
from .text import plural, quoted
from .triggers import change_trigger

FIRST = "first"


class ApplyFinding(BaseModel):
    """Which finding of diagnose to act on."""

    model_config = ConfigDict(extra="forbid")

    finding: Annotated[
        str, Field(description="id of a finding from diagnose, or 'first': the most important one", max_length=60)
    ] = FIRST


def apply_finding(context: ToolContext, arguments: ApplyFinding) -> ToolResult:
    """Do what one finding asks for; nothing is trained, and the plan can be taken back with undo_plan."""
    proposed = proposed_by_run(context)
    if proposed and arguments.finding in (FIRST, proposed.finding):
        return change_plan(context, ChangePlan.model_validate(proposed.change))
    finding = _chosen(findings_of(context), arguments.finding)
    done: list[str] = []
    asked: list[str] = []
    for action in finding.actions:
        if not action.by_sidekick:
            asked.append(action.words)
            continue
        done.append(_DO[action.kind](context, action))
    if plan_of(context).dataset != manifest_of(context).checksum:
        done.append(change_plan(context, ChangePlan()).text)
    lines = [f"On the finding {finding.id} ({finding.symptom}):", *done]
    if asked:
        lines.append("This part needs you: " + "; ".join(asked) + ".")
    return ToolResult(
        text="\n".join(lines), data={"finding": finding.id, "done": [a.kind for a in finding.actions if a.by_sidekick]}
    )


def _chosen(findings: list[Finding], wanted: str) -> Finding:
    if wanted == FIRST:
        finding = next((entry for entry in findings if entry.actions), None)
        if finding is None:
            raise ToolRefused("The figures give no reason to change anything that could be changed here.")
        return finding
    finding = next((entry for entry in findings if entry.id == wanted), None)
    if finding is None:
        present = ", ".join(entry.id for entry in findings) or "none"
        raise ToolRefused(f"There is no finding {quoted(wanted, 40)!r}. There is: {present}.")
    if not finding.actions:
        raise ToolRefused(f"The finding {finding.id} proposes nothing that could be done here: {finding.words}")
    return finding


def _change_plan(context: ToolContext, action: Action) -> str:
    return change_plan(context, ChangePlan.model_validate(action.change)).text


def _write_captions(context: ToolContext, _action: Action) -> str:
    """The trigger goes in front where it is missing; the words of a caption, a person's most of all, stay."""
    trigger = plan_of(context).trigger
    opening = subject_words(trigger, _noun(context), recipe_of(context))
    lacking = {
        item.id: (with_trigger(item.caption, trigger) if item.caption else opening, item.caption_source)
        for item in manifest_of(context).usable
        if not has_word(item.caption, trigger)
    }
    manifests.set_captions(_folder(context), lacking)
    return f"Put the trigger word {trigger} into {plural(len(lacking), 'caption')}; their own words stayed."


def _new_trigger(context: ToolContext, _action: Action) -> str:
    old, scored = plan_of(context).trigger, scored_trigger(context)
    if old != scored:  # applied twice: the second time nothing is wrong with the word any more
        return f"The trigger word was changed already, from {scored} to {old}. It stays."
    trigger = make_trigger(context.workspace, recipe_of(context).name)
    changed = change_trigger(context, old, trigger)
    return f"The trigger word is now {trigger}, in the plan and in {plural(changed, 'caption')}. Use it in prompts."


def _leave_out_repeats(context: ToolContext, _action: Action) -> str:
    audit = load_audit(_folder(context))
    repeats = (
        [item.id for item in audit.items if item.id and REPEATS in item.findings and not item.excluded] if audit else []
    )
    if not repeats:
        return "The repeated files are set aside already."
    return set_excluded(context, SetExcluded(items=repeats)).text


def _train_again(_context: ToolContext, _action: Action) -> str:
    return "The plan is as it was: launch it once more."


_DO: dict[Kind, Callable[[ToolContext, Action], str]] = {
    "change_plan": _change_plan,
    "write_captions": _write_captions,
    "new_trigger": _new_trigger,
    "leave_out_repeats": _leave_out_repeats,
    "train_again": _train_again,
}


def _folder(context: ToolContext) -> Path:
    return context.workspace.dataset_folder(context.project_id)


def _noun(context: ToolContext) -> str:
    return get_project(context.workspace, context.project_id).noun or recipe_of(context).noun


TOOLS = (
    Tool(
        "apply_finding",
        "Do what a finding of diagnose says: change the plan, repair captions or the trigger word, set repeats aside. "
        "Files that only the person has are asked for. Nothing is trained.",
        ApplyFinding,
        apply_finding,
    ),
)
