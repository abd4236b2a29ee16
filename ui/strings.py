"""The words that more than one window shows."""

import traceback
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.events import Used

PERSON = "you"  # whoever uses the terminal and the window of this machine: one person, with one budget

STAGES = {
    "recipe": "What to teach",
    "dataset": "Files",
    "plan": "Plan",
    "launch": "Your yes",
    "training": "Training",
    "results": "Results",
}

TOOL_TITLES = {
    "list_recipes": "Looking at the recipes",
    "choose_recipe": "Choosing the recipe",
    "add_files": "Copying your files",
    "audit_dataset": "Looking at your files",
    "write_captions": "Writing captions",
    "show_captions": "Reading the captions",
    "edit_caption": "Changing a caption",
    "replace_in_captions": "Replacing words in the captions",
    "set_excluded": "Choosing which files to use",
    "undo_dataset_change": "Taking the last change back",
    "split_clips": "Splitting clips",
    "make_control_clips": "Making control clips",
    "remove_references": "Taking references away",
    "make_candidates": "Making candidates for missing views",
    "mark_synthetic": "Marking files that a model made",
    "take_in_candidates": "Taking generated files in",
    "propose_plan": "Making a plan",
    "change_plan": "Changing the plan",
    "undo_plan": "Going back to the plan before",
    "explain_plan": "Explaining the plan",
    "launch_training": "Starting the training",
    "training_status": "Looking at the training",
    "cancel_training": "Stopping the training",
    "score_again": "Scoring it again",
    "compare_runs": "Comparing two runs",
    "export_lora": "Making it ready to download",
    "list_loras": "Looking which LoRAs are here",
    "verify_lora": "Checking the LoRA file",
    "add_lora": "Taking the LoRA in",
    "generate_clip": "Making a test clip",
    "compare_clips": "Putting clips side by side",
    "measure_interference": "Measuring whether they get along",
    "merge_loras": "Merging into one file",
    "show_scorecard": "Reading the scorecard",
    "diagnose": "Working out what to change",
    "apply_finding": "Doing what was found",
    "look_up": "Looking it up",
    "base_status": "Looking which models are here",
    "record_consent": "Recording a consent",
    "list_consents": "Looking up consents",
    "withdraw_consent": "Withdrawing a consent",
    "list_approvals": "Looking what you said yes to",
    "revoke_approval": "Taking a yes back",
    "show_budget": "Looking at the budget",
    "share_project": "Making an invitation",
    "join_project": "Coming into a project",
    "list_members": "Looking who is in this project",
    "remove_member": "Taking somebody out of this project",
    "set_standing_order": "Keeping your order",
    "list_standing_orders": "Looking which orders stand",
    "cancel_standing_order": "Taking an order back",
    "download_base": "Fetching LTX-2.3",
    "cancel_download": "Stopping the download",
}

WELCOME = (
    "Hello. Tell me in plain English what you would like to teach: a character, a face, a style, a motion or an "
    "effect. Then give me your pictures or clips. I ask before anything is trained."
)
NOTHING_LOST = "Your conversation and your files are kept."
NOTHING_KEPT = "Stopped before anything of it was done. Say it again when you like."
NOT_KEPT = "The files could not be kept ({why}). What was there before is as it was. Make room, then add them again."
UNEXPECTED = f"Something went wrong that I did not expect. {NOTHING_LOST} Try again, or say it in other words."
TRAINING_GOES_ON = "A training that is running goes on by itself."
SAY_YES = "Type yes or no."


def model_words(name: str) -> str:
    """Who answers, in words."""
    if name == "guided":
        return "The built-in guided model answers; nothing leaves this machine."
    return f"The chat model {printable(name, 80)} answers."


def used_words(used: "Sequence[Used]") -> str:
    """'3,012 tokens read, 21 written by gpt-4.1-mini'; what a server does not report is not counted as nothing."""
    who = printable(used[-1].model, 60)
    told = [(event.input_tokens or 0, event.output_tokens or 0) for event in used if event.input_tokens is not None]
    if not told:
        return f"tokens not reported by the server of {who}"
    read, wrote = (sum(part) for part in zip(*told, strict=True))
    return f"{read:,} tokens read, {wrote:,} written by {who}" + (
        ", others not reported" if len(told) < len(used) else ""
    )


def tool_title(name: str) -> str:
    """What a tool does, in words: 'Looking at your files'."""
    return TOOL_TITLES.get(name, name.replace("_", " ").capitalize())


def printable(text: str, limit: int = 20_000) -> str:
    """Text without control characters (a file name could carry terminal commands), at most `limit` characters."""
    kept = "".join(islice((letter for letter in text if letter in "\n\t" or letter.isprintable()), limit + 1))
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


def one_line(text: str, limit: int = 160) -> str:
    """The text as one line, cut at a word."""
    line = " ".join(printable(text).split())
    return line if len(line) <= limit else line[:limit].rsplit(" ", 1)[0] + " …"


def seconds_words(seconds: float) -> str:
    """A measured time: '0.4 s', '38 s', '2 min 5 s'."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def arguments_words(arguments: dict[str, object], limit: int = 200) -> str:
    """A tool's arguments as 'steps=90, preset=fast'; what was not given is left out."""
    given = ", ".join(f"{name}={value}" for name, value in arguments.items() if value is not None)
    return one_line(given, limit)


def log_error(error: BaseException, folder: Path) -> Path | None:
    """Append the traceback, without secrets, to sidekick-errors.log in `folder`; None when that cannot be written."""
    from trainer_core.jobs.redact import redact

    log = folder / "sidekick-errors.log"
    try:
        with log.open("a", encoding="utf-8") as file:
            file.write(redact("".join(traceback.format_exception(error))) + "\n")
    except OSError:
        return None
    return log
