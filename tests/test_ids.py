"""Tools take ids: whatever else is thrown at them is refused in words, and nothing outside is read."""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lora_rooms import add_run
from PIL import Image
from pydantic import ValidationError
from rooms import new_context

from tools.context import ToolContext, ToolRefused
from tools.dataset import AddFiles, add_files
from tools.library import register_lora
from tools.recipes import ChooseRecipe, choose_recipe
from tools.registry import TOOLS
from tools.state import manifest_of
from tools.studio.shown import read_shown
from tools.uploads import register, uploads_of
from trainer_core import approvals, consents
from trainer_core.jobs import orders
from trainer_core.plan import BaseModelName
from trainer_core.projects import Lora, Workspace
from trainer_core.recipes import RecipeName

SECRET = "the secret of another person"
HERE = "<id>"
WITH_IDS: dict[str, list[tuple[str, dict[str, Any]]]] = {  # tool: (kind of id, arguments with HERE in its place)
    "add_files": [("upl", {"uploads": [HERE]})],
    "set_excluded": [("itm", {"items": [HERE]}), ("finding", {"finding": HERE})],
    "edit_caption": [("itm", {"item": HERE, "caption": "a cat"})],
    "replace_in_captions": [("itm", {"find": "cat", "replace": "dog", "accept": True, "items": [HERE]})],
    "split_clips": [("itm", {"items": [HERE], "accept": True})],
    "make_control_clips": [("itm", {"items": [HERE]})],
    "remove_references": [("itm", {"items": [HERE]})],
    "mark_synthetic": [
        ("itm", {"items": [HERE]}),
        ("upl", {"uploads": [HERE]}),
        ("itm", {"items": [HERE], "synthetic": False}),
    ],
    "take_in_candidates": [("itm", {"items": [HERE]})],
    "generate_clip": [
        ("lora", {"prompt": "a cat", "lora": HERE}),
        ("lora", {"prompt": "a cat", "stack": [{"lora": HERE}]}),
        ("itm", {"prompt": "a cat", "image": HERE}),
        ("upl", {"prompt": "a cat", "reference": HERE}),
    ],
    "compare_clips": [("lora", {"prompt": "a cat", "loras": [{"lora": HERE}]})],
    "measure_interference": [("lora", {"loras": [{"lora": HERE}, {"lora": HERE}]})],
    "merge_loras": [("lora", {"loras": [{"lora": HERE}, {"lora": HERE}]})],
    "export_lora": [("lora", {"lora": HERE}), ("lora", {"lora": HERE, "target": "file"})],
    "compare_runs": [("run", {"first": HERE}), ("run", {"second": HERE})],
    "verify_lora": [("lora", {"lora": HERE}), ("upl", {"upload": HERE})],
    "add_lora": [("upl", {"upload": HERE})],
    "apply_finding": [("finding", {"finding": HERE})],
    "withdraw_consent": [("con", {"consent": HERE})],
    "revoke_approval": [("apr", {"approval": HERE})],
    "cancel_standing_order": [("ord", {"order": HERE})],
}
CASES = [(tool, kind, arguments) for tool, cases in WITH_IDS.items() for kind, arguments in cases]
REFUSALS = (ToolRefused, LookupError, FileNotFoundError, ValidationError)
opened: list[str] = []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of somebody else's on the same machine."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "secret.txt").write_text(SECRET)
    picture(folder / "secret.png", 99)
    (folder / "secret.safetensors").write_text(SECRET)
    return folder


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ToolContext:
    """A project of ada's with two pictures and a LoRA's row."""
    return a_project(tmp_path_factory.mktemp("home"), "ada", 1)


@pytest.fixture(scope="module")
def others(context: ToolContext) -> dict[str, str]:
    """An id of each kind that is another person's, in the same workspace."""
    other = a_project(context.workspace.home, "bob", 50)
    grant = approvals.grant(other.workspace, "f" * 64, "bob", project_id=other.project_id, about="Bob's")
    consent = consents.record(other.workspace, other.project_id, "Bob", "It is me and I agree.", "bob")
    upload = register(other.workspace, other.project_id, [Path(__file__)])[0]
    with other.workspace.session() as session:
        lora = session.query(Lora).filter_by(project_id=other.project_id).one().id
    wanted: dict[str, Any] = {"condition": orders.Condition.PROBLEM, "value": None, "action": orders.Action.TELL}
    order = orders.add(other.workspace, project_id=other.project_id, person="bob", **wanted).id
    item = manifest_of(other).items[0].id
    run, _ = add_run(other)
    return {
        "itm": item,
        "upl": upload.id,
        "lora": lora,
        "run": run.id,
        "apr": grant.id,
        "con": consent.id,
        "ord": order,
        "finding": item,
    }


def picture(path: Path, seed: int) -> Path:
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (96, 96, 3), dtype=np.uint8)).save(path)
    return path


def a_project(home: Path, person: str, seed: int) -> ToolContext:
    context = new_context(home, person)
    choose_recipe(context, ChooseRecipe(recipe=RecipeName.CHARACTER))
    folder = home / f"given-{person}"
    folder.mkdir()
    paths = [picture(folder / f"{seed + number}.png", seed + number) for number in range(2)]
    register(context.workspace, context.project_id, paths)
    add_files(context, AddFiles(uploads=[]))
    file = context.workspace.run_folder(f"run_{person}") / "lora.safetensors"
    file.write_bytes(b"")
    register_lora(context, file, lora_id=f"lora_{person}", trigger="zzcat", base=BaseModelName.MINI, sha256="0" * 64)
    return context


def with_id(arguments: Any, text: str) -> Any:
    """The arguments with the text in the id's place."""
    if isinstance(arguments, dict):
        return {name: with_id(value, text) for name, value in arguments.items()}
    if isinstance(arguments, list):
        return [with_id(value, text) for value in arguments]
    return text if arguments == HERE else deepcopy(arguments)


def call(context: ToolContext, tool: str, arguments: dict[str, Any]) -> None:
    """As the graph does: the card first, where there is one."""
    given = TOOLS[tool].arguments(**arguments)
    if (card := TOOLS[tool].card) is not None:
        card(context, given)
    TOOLS[tool].run(context, given)


def files_of(workspace: Workspace) -> dict[str, int]:
    """Every file of the workspace but the database's, with its size."""
    found = [path for path in workspace.home.rglob("*") if path.is_file() and ".db" not in path.name]
    return {str(path): path.stat().st_size for path in found}


@contextmanager
def nothing_read(outside: Path) -> Iterator[None]:
    """Fails when something outside is opened within."""
    opened.clear()
    yield
    assert [path for path in opened if path.startswith((str(outside), "/etc/passwd"))] == []


def test_every_argument_that_takes_an_id_is_in_the_table() -> None:
    names = re.compile(r"\b(?:itm|upl|lora|apr|con|ord|run|prj|job)_")
    for name, tool in TOOLS.items():
        schema = json.dumps(tool.arguments.model_json_schema())
        if names.search(schema):
            assert name in WITH_IDS, f"{name} takes ids: add it to the table of attacks"


@pytest.mark.parametrize(("tool", "kind", "arguments"), CASES)
def test_what_is_no_id_of_this_project_is_refused_in_words(
    context: ToolContext, others: dict[str, str], outside: Path, tool: str, kind: str, arguments: dict[str, Any]
) -> None:
    secret = outside / "secret.txt"
    before = files_of(context.workspace)
    thrown = [
        *("../x", f"../../../../../..{secret}", str(secret), "/etc/passwd", "~/.ssh/id_rsa", "..\\..\\x"),
        *(f"file://{secret}", "%2e%2e%2fsecret", "x\0y", f"{secret}\0.png", "a" * 100_000, "..", ".", "<b>$(id)</b>"),
        *(f"{kind}_../../secret", f"{others[kind]}/../../secret", others[kind]),
    ]
    for text in thrown:
        with nothing_read(outside), pytest.raises(REFUSALS) as refused:
            call(context, tool, with_id(arguments, text))
        words = str(refused.value)
        assert SECRET not in words
        if not isinstance(refused.value, ValidationError):  # those are the model's and are cut by the graph
            assert len(words) < 1000
            assert " " in words
            assert not set("<>\0") & set(words)
    assert files_of(context.workspace) == before


@pytest.mark.parametrize("kind", ["itm", "upl"])
def test_what_a_clip_begins_with_is_named_by_id(
    context: ToolContext, others: dict[str, str], outside: Path, kind: str
) -> None:
    secret = outside / "secret.png"
    for text in (str(secret), f"../../../..{secret}", f"{kind}_../{secret}", f"upl_\0{secret}", others[kind]):
        with nothing_read(outside), pytest.raises(ToolRefused, match=r"There is no (?:file|upload) called"):
            read_shown(context, text, frames=1, fps=8)


def test_a_link_in_the_place_of_a_file_is_refused(tmp_path: Path, outside: Path) -> None:
    context = a_project(tmp_path / "home", "ada", 7)
    folder = context.workspace.dataset_folder(context.project_id)
    item = manifest_of(context).items[0]
    replace(folder / item.file, outside / "secret.png")
    with nothing_read(outside), pytest.raises(LookupError, match=r"leads out of the dataset.*Nothing was read"):
        read_shown(context, item.id, frames=1, fps=8)
    with nothing_read(outside), pytest.raises(LookupError, match="leads out of the dataset"):
        call(context, "make_control_clips", {"items": [item.id]})
    given = picture(tmp_path / "given.png", 3)
    upload = register(context.workspace, context.project_id, [given])[0].id
    replace(given, outside / "secret.png")
    for tool, arguments in (("add_files", {"uploads": [upload]}), ("mark_synthetic", {"uploads": [upload]})):
        with nothing_read(outside), pytest.raises(FileNotFoundError, match="become a link"):
            call(context, tool, arguments)
    with nothing_read(outside), pytest.raises(FileNotFoundError, match="become a link"):
        read_shown(context, upload, frames=1, fps=8)
    file = tmp_path / "other.safetensors"
    file.write_bytes(b"")
    upload = register(context.workspace, context.project_id, [file])[0].id
    replace(file, outside / "secret.safetensors")
    for tool in ("add_lora", "verify_lora"):
        with nothing_read(outside), pytest.raises(ToolRefused, match="become a link"):
            call(context, tool, {"upload": upload})
    replace(context.workspace.run_folder("run_ada") / "lora.safetensors", outside / "secret.safetensors")
    with nothing_read(outside), pytest.raises(ToolRefused, match="a link stands in its place"):
        call(context, "verify_lora", {"lora": "lora_ada"})


@pytest.mark.parametrize("file", ["../../outside/secret.safetensors", "{outside}/secret.safetensors"])
def test_a_table_that_was_tampered_with_leads_nowhere(tmp_path: Path, outside: Path, file: str) -> None:
    context = a_project(tmp_path / "home", "ada", 7)
    shutil.copytree(outside, tmp_path / "outside")
    with context.workspace.session() as session:
        session.get_one(Lora, "lora_ada").file = file.format(outside=outside)
    with nothing_read(outside), pytest.raises(ToolRefused, match="cannot be used"):
        call(context, "verify_lora", {"lora": "lora_ada"})


@pytest.mark.parametrize("strange", ["..", ".", "", "../prj_1", "/etc", "a/b", "a\0b"])
def test_no_folder_of_the_workspace_is_made_from_what_is_no_id(tmp_path: Path, strange: str) -> None:
    workspace = Workspace.open(tmp_path / "home")
    for folder in (workspace.dataset_folder, workspace.run_folder, workspace.pictures_folder):
        with pytest.raises(LookupError, match="no id of anything"):
            folder(strange)
    assert not (tmp_path / "prj_1").exists()


def replace(path: Path, target: Path) -> None:
    """Put a link to `target` where the file was."""
    path.unlink()
    path.symlink_to(target)


@pytest.mark.parametrize("folder", [Path("/"), Path.home()])
def test_a_whole_disk_or_home_folder_is_not_handed_over(tmp_path: Path, folder: Path) -> None:
    context = new_context(tmp_path / "home")
    with pytest.raises(FileNotFoundError, match="whole disk or home folder"):
        register(context.workspace, context.project_id, [folder])
    assert uploads_of(context.workspace, context.project_id) == []
