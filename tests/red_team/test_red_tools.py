"""Every tool called with what a hostile model may give it, past the model and past the card."""

import math
import typing
from typing import Any

import pytest
from attacks import FORGED_NOTES, MARKUP
from house import House
from pages import live_in_terminal
from pydantic import BaseModel, ValidationError

from tools.context import NoArguments, ToolRefused
from tools.registry import TOOLS
from tools.runs import launch_training
from tools.text import quoted, safe_block
from trainer_core import approvals

STRINGS = [
    "../../outside/private.png",
    "/etc/passwd",
    "x'; DROP TABLE approvals; --",
    "a\0b",
    "\ud800",
    "itm_000000000000",
    "run_../../..",
    "~root",
    "%s%n{0.__class__}{{7*7}}",
    FORGED_NOTES["event"],
    MARKUP["script"],
    "\x1b[2J",
    "x" * 100_000,
    "",
]
NUMBERS: list[Any] = [
    math.nan,
    math.inf,
    -math.inf,
    -1,
    0,
    10**30,
    1e308,
    -1e308,
    5e-324,
    True,
    "1e999",
    "NaN",
    "٣",
    "-0",
]
# These only start once a person said yes, or take minutes of this machine; that they refuse is tested by themselves.
SLOW = {"audit_dataset", "split_clips", "make_control_clips", "generate_clip", "compare_clips", "make_candidates"}
EXPECTED = (ToolRefused, LookupError, FileNotFoundError, ValidationError)


def hostile_values(annotation: object) -> list[Any]:
    """Values for a field of this type, by what is in it."""
    text = str(annotation)
    values: list[Any] = []
    if "str" in text or "Literal" in text or "Enum" in text or "Name" in text:
        values += STRINGS
    if "int" in text or "float" in text:
        values += NUMBERS
    if "list" in text:
        values = [[each] for each in values] + [["x"] * 10_000]
    return values or [*STRINGS[:3], {"a": 1}]


def arguments_of(model: type[BaseModel]) -> list[dict[str, Any]]:
    """Hostile arguments: each field in turn, the others left out or as plain words."""
    needed = {name: "x" for name, field in model.model_fields.items() if field.is_required()}
    hints = typing.get_type_hints(model)
    return [needed | {name: value} for name in model.model_fields for value in hostile_values(hints.get(name, str))]


@pytest.mark.parametrize("name", sorted(set(TOOLS) - SLOW))
def test_a_tool_takes_nothing_hostile(shared: House, name: str) -> None:
    tool, strange = TOOLS[name], []
    for given in arguments_of(tool.arguments):
        try:
            arguments = tool.arguments.model_validate(given)
            card = tool.card(shared.context, arguments) if tool.card else None
            if card is not None:
                assert not any(live_in_terminal(line) for line in card.lines)
                continue  # a person would be asked now
            result = tool.run(shared.context, arguments)
        except EXPECTED:
            continue
        except Exception as error:  # told to the model as an inner error; the list shows all at once
            strange.append(f"{given!r:.90}: {type(error).__name__}: {error!s:.90}")
        else:
            assert live_in_terminal(safe_block(result.text)) == []
            for path in (*result.pictures, *result.files):
                assert (shared.workspace.home / path).resolve().is_relative_to(shared.workspace.home)
    assert strange == []
    assert shared.faults() == []


@pytest.mark.parametrize("name", sorted(name for name, tool in TOOLS.items() if tool.gated))
def test_a_gated_tool_does_nothing_without_a_yes(house: House, name: str) -> None:
    tool = TOOLS[name]
    for given in ({}, {"approved": True}, {"price": 0}, {"person": "you"}, {"fingerprint": "f" * 64}):
        try:
            arguments = tool.arguments.model_validate(given)
            if tool.card is not None and tool.card(house.context, arguments) is None:
                continue
            result = tool.run(house.context, arguments)
        except EXPECTED:
            continue
        pytest.fail(f"{name} ran without a yes: {result.text}")
    assert house.faults() == []


@pytest.mark.parametrize(
    "wrong",
    ["another plan", "another person", "in the past", "without end", "negative price", "used", "revoked"],
)
def test_a_yes_to_something_else_is_none(house: House, wrong: str) -> None:
    card = TOOLS["launch_training"].card(house.context, NoArguments())  # type: ignore[misc]
    assert card is not None
    mark = card.fingerprint
    if wrong == "another plan":
        approvals.grant(house.workspace, "0" * 64, "you")
    elif wrong == "another person":
        approvals.grant(house.workspace, mark, "mallory")
    elif wrong in ("in the past", "without end"):
        with pytest.raises(ValueError, match="minutes"):
            approvals.grant(house.workspace, mark, "you", minutes=-1 if wrong == "in the past" else math.inf)
    elif wrong == "negative price":
        with pytest.raises(ValueError, match="price"):
            approvals.fingerprint("p", "local", -0.01, "you", project_id="prj", kind="training")
        with pytest.raises(ValueError, match="price"):
            approvals.fingerprint("p", "local", math.nan, "you", project_id="prj", kind="training")
    elif wrong == "used":
        approvals.grant(house.workspace, mark, "you")
        approvals.consume(house.workspace, mark, "you")
    else:
        approvals.grant(house.workspace, mark, "you")
        approvals.revoke_all(house.workspace, mark, "you")
    with pytest.raises(ToolRefused):
        launch_training(house.context, NoArguments())
    assert not house.state()["jobs"]


@pytest.mark.parametrize("text", [*STRINGS, *MARKUP.values(), *FORGED_NOTES.values()])
def test_foreign_text_cannot_pass_for_our_notes(text: str) -> None:
    for safe in (quoted(text), safe_block(text)):
        assert not set("<>`") & set(safe)
        assert live_in_terminal(safe) == []
    assert len(quoted(text)) <= 120
    assert "\n" not in quoted(text)


def test_an_upload_that_became_a_link_is_not_followed(house: House) -> None:
    """Between handing over and adding, the file is swapped for a link to another one."""
    from tools.uploads import register

    mine = house.dropped / "mine.png"
    mine.write_bytes((house.outside / "private.png").read_bytes())
    house.look()
    (upload,) = register(house.workspace, house.project_id, [mine])
    mine.unlink()
    mine.symlink_to(house.outside / "private.png")
    tool = TOOLS["add_files"]
    with pytest.raises(EXPECTED, match="link"):
        tool.run(house.context, tool.arguments.model_validate({"uploads": [upload.id]}))
    assert house.faults() == []


def test_a_file_swapped_while_others_are_copied_is_not_followed(house: House) -> None:
    from trainer_core.dataset import manifest as manifests

    for name in ("a.png", "b.png"):
        (house.dropped / name).write_bytes((house.outside / "private.png").read_bytes() + name.encode())
    house.look()

    def swap(_done: int, _all: int) -> None:
        second = house.dropped / "b.png"
        if not second.is_symlink():
            second.unlink()
            second.symlink_to(house.outside / "private.png")

    manifests.add_files(house.workspace.dataset_folder(house.project_id), [house.dropped], progress=swap)
    assert house.faults() == []


def test_the_workspace_serves_nothing_by_a_climbing_id(house: House) -> None:
    for wrong in ("../outside", "/etc", "..", "a/../../outside"):
        with pytest.raises(LookupError, match="no id"):
            house.workspace.run_folder(wrong)
