"""The stages of a project, and what the model is told and shown in each. Gates are in the tools; this is advice."""

import json
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from importlib.resources import files

from tools.state import Facts, as_json

from .story import ToldTurn


class Stage(StrEnum):
    RECIPE = "recipe"
    DATASET = "dataset"
    PLAN = "plan"
    LAUNCH = "launch"
    TRAINING = "training"
    RESULTS = "results"


_ALWAYS = ("list_recipes", "choose_recipe", "add_files", "look_up", "base_status", "download_base", "cancel_download")
_ORDERS = ("set_standing_order", "list_standing_orders", "cancel_standing_order")  # also before there is a training
_GATES = ("show_budget", "list_approvals", "revoke_approval")
_SHARING = ("share_project", "join_project", "list_members", "remove_member")
_CONSENT = ("record_consent", "list_consents", "withdraw_consent")  # of people whose faces are trained
_LORAS = ("list_loras", "verify_lora", "add_lora")  # files from elsewhere need nothing before them
_FILES = (
    "audit_dataset",
    "split_clips",
    "make_control_clips",
    "remove_references",
    "write_captions",
    "show_captions",
    "edit_caption",
    "replace_in_captions",
    "set_excluded",
    "undo_dataset_change",
    "make_candidates",
    "mark_synthetic",
    "take_in_candidates",
    "propose_plan",
)
_PLAN = ("change_plan", "undo_plan", "explain_plan", "launch_training")
_RUN = (
    "training_status",
    "cancel_training",
    "score_again",
    "show_scorecard",
    "diagnose",
    "apply_finding",
    "generate_clip",
    "compare_clips",
    "measure_interference",
    "merge_loras",
    "export_lora",
    "compare_runs",
)


def stage_of(facts: Facts) -> Stage:
    """Where the project stands: the first thing that is still missing."""
    if facts.run is not None and facts.run.of_current_plan:
        at_work = {"queued", "running"} & {facts.run.state, facts.run.scoring}
        if at_work:
            return Stage.TRAINING
        if facts.run.scorecard:
            return Stage.RESULTS
    if facts.recipe is None:
        return Stage.RECIPE
    if not facts.files or facts.verdict is None or facts.without_caption:
        return Stage.DATASET
    if facts.plan is None or facts.plan.stale:
        return Stage.PLAN
    return Stage.LAUNCH


def visible_tools(facts: Facts) -> tuple[str, ...]:
    """The tools that can do anything at all: people jump between stages, so nothing that might work is hidden."""
    names: tuple[str, ...] = (*_ALWAYS, *_ORDERS, *_GATES, *_SHARING, *_LORAS)
    if facts.recipe == "face" or facts.consents:
        names += _CONSENT
    if facts.recipe or facts.files:
        names += _FILES
    if facts.plan is not None:
        names += _PLAN
    if facts.run is not None or facts.lora is not None or facts.loras:
        names += _RUN
    return names


def system_prompt(facts: Facts, story: Sequence[ToldTurn] = ()) -> str:
    """The rules of the house, the advice for this stage, the older part of the thread and the project's facts."""
    stage = stage_of(facts)
    known = json.dumps({"stage": stage} | as_json(facts), ensure_ascii=False)
    earlier = f"<earlier>{json.dumps(story, ensure_ascii=False)}</earlier>\n\n" if story else ""
    return f"{_text('rules')}\n\n{_text(f'stage_{stage}')}\n\n{earlier}<project>{known}</project>"


@cache
def _text(name: str) -> str:
    return files("agent.prompts").joinpath(f"{name}.txt").read_text(encoding="utf-8").strip()
