"""What the chat says of a scorecard: nothing that figures beside it contradict, and only of the file it is about."""

from pathlib import Path

import pytest
from lora_rooms import TRIGGER, add_run, best_at, new_project, score

from tools.context import NoArguments, ToolContext
from tools.evaluation.report_parts.words import answer, no_finding
from tools.evaluation.scorecard import Measure, Threshold
from tools.results import diagnose_run, diagnosis_of, show_scorecard, where_lines_come_from


@pytest.fixture
def context(tmp_path: Path) -> ToolContext:
    return new_project(tmp_path / "home")


def test_a_poor_figure_without_a_cause_is_said_everywhere_alike(context: ToolContext) -> None:
    """'The figures give no reason to change anything' once stood beside 'not yet' in chat and report."""
    run, lora = add_run(context, 1, steps=2400)
    card = score(context, run, lora, [0.1, 0.2])
    diagnosis = diagnosis_of(context)
    assert diagnosis.findings == ()
    poor = "“Looks like your pictures” 0.15 (at least 0.50 is wanted)"
    for words in (
        diagnose_run(context, NoArguments()).text,
        answer(card, diagnosis).next,
        no_finding(card, diagnosis).words,
    ):
        assert poor in words
        assert "no reason to change" not in words


def test_the_file_is_named_only_where_the_scorecard_is_about_it(context: ToolContext) -> None:
    """A file that could not be used, or another step's, was once recommended at the best strength."""
    run, lora = add_run(context, 1, steps=300)
    score(context, run, lora, [0.8, 0.9], sweep=best_at(0.8))
    assert f"{lora.file}; use the trigger word {TRIGGER} and the LoRA at strength 0.8" in said(context)
    score(context, run, lora, [0.8, 0.9], sweep=best_at(0.8), lora_sha256="f" * 64)
    assert "use the trigger word" not in said(context)
    score(context, run, lora, [0.8, 0.9], lora_problems=("The file ends too early.",))
    assert "cannot be used" in said(context)
    assert "use the trigger word" not in said(context)


def test_a_figure_just_beyond_its_line_is_not_said_to_be_on_it() -> None:
    """'0.00 (poor: at most 0.00 is wanted)' and 'is on its line of 0.00' were once said of 0.0022."""
    line = Threshold(value=0.0, direction="at most", source="a sound clip has none")
    few = Measure(id="empty", title="Empty", value=0.0022, unit="share", definition="", threshold=line, verdict="poor")
    assert few.words() == "Empty: 0.002 (poor: at most 0.00 is wanted)"
    assert where_lines_come_from([few]) == [
        "- Empty is 0.002 above its line of 0.00. The line's source: a sound clip has none."
    ]


def said(context: ToolContext) -> str:
    return show_scorecard(context, NoArguments()).text
