"""Files that mean harm, handed over in one folder; each is looked at for itself afterwards."""

import asyncio
import html
from dataclasses import dataclass
from pathlib import Path

import pytest
from house import House, digest_of
from materials import FILES, HostileFile
from pages import live_in_terminal, live_markup

from tools.audit import run as audits
from tools.audit.report import html_report
from tools.audit.tools import LookAtFiles, audit_dataset
from tools.captioning.tools import ShowCaptions, show_captions
from tools.context import ToolRefused
from tools.registry import TOOLS
from tools.state import facts_of
from tools.text import safe_block
from trainer_core.dataset import manifest as manifests
from trainer_core.dataset.manifest import Manifest, path_of


@dataclass(frozen=True)
class Taken:
    """What came of the folder: which names each attack wrote, and what the sidekick made of them."""

    house: House
    names: dict[str, set[str]]
    manifest: Manifest
    before: dict[str, str]
    said: str
    answered: bool


@pytest.fixture(scope="module")
def taken(one_house: House) -> Taken:
    """The folder with all of them, handed over in one message and looked through."""
    house, names = one_house, {}
    for name, attack in FILES.items():
        there = {path.name for path in house.dropped.iterdir()}
        attack.make(house.dropped, house.outside)
        names[name] = {path.name for path in house.dropped.iterdir()} - there
    house.look()
    before = digest_of(house.dropped)
    house._watch.names()
    answer = asyncio.run(house.says("here are my files", [house.dropped]))
    folder = house.workspace.dataset_folder(house.project_id)
    return Taken(house, names, manifests.load(folder), before, answer.words, answer.answered)


def test_nothing_went_through(taken: Taken) -> None:
    assert taken.answered
    assert taken.house.faults(dropped_before=taken.before) == []


@pytest.mark.parametrize("attack", FILES.items(), ids=lambda item: item[0].replace(" ", "-"))
def test_each_is_what_it_is_and_no_more(taken: Taken, attack: tuple[str, HostileFile]) -> None:
    name, hostile = attack
    written = {manifests.one_line(each, 120) for each in taken.names[name] if not each.endswith(".txt")}
    items = [item for item in taken.manifest.items if item.name in written]
    assert bool(items) is hostile.taken
    for item in items:
        path = path_of(taken.house.workspace.dataset_folder(taken.house.project_id), item)
        assert path.is_relative_to(taken.house.workspace.home)
        assert not path.is_symlink()
        assert len(item.caption) <= 2000
        assert item.caption.isprintable()
        assert item.name.isprintable()


def test_captions_and_findings_are_told_as_data(taken: Taken) -> None:
    """What the model reads: no markup of ours in it, nothing a terminal obeys."""
    context = taken.house.context
    seen = [safe_block(audit_dataset(context, LookAtFiles()).text), show_captions(context, ShowCaptions()).text]
    told = [*seen, taken.said, facts_of(context).model_dump_json()]  # the graph gives tools' texts through safe_block
    for text in told:
        assert "<" not in text
        assert "canary" not in text
        assert live_in_terminal(text) == []
    assert taken.house.faults(dropped_before=taken.before) == []


def test_the_page_of_the_audit_is_dead(taken: Taken) -> None:
    folder = taken.house.workspace.dataset_folder(taken.house.project_id)
    audit = audits.load_audit(folder)
    assert audit is not None
    manifest = manifests.load(folder)
    page = html_report(audit, {item.id: path_of(folder, item) for item in manifest.items})
    assert live_markup(page, allowed=("meta", "style", "svg")) == []
    assert "default-src 'none'" in html.unescape(page)


@pytest.mark.parametrize("tool", ["verify_lora", "add_lora"])
def test_a_pickle_is_not_opened(taken: Taken, tool: str) -> None:
    from tools.uploads import register

    context = taken.house.context
    (upload,) = register(context.workspace, context.project_id, [taken.house.dropped / "lora.pt"])
    arguments = TOOLS[tool].arguments.model_validate({"upload": upload.id})
    try:
        words = TOOLS[tool].run(context, arguments).text
    except ToolRefused as refused:
        words = str(refused)
    assert "pickle" in words
    assert not (taken.house.outside / "ran").exists()


def test_the_conversation_goes_on(taken: Taken) -> None:
    answer = asyncio.run(taken.house.says("what is wrong with my files?"))
    assert answer.answered
    assert taken.house.faults(dropped_before=taken.before) == []


def test_a_caption_changed_behind_the_card_makes_the_yes_void(house: House) -> None:
    """Between card and yes somebody else edits a caption: what was approved is not what would be trained."""
    shown = asyncio.run(house.says("launch"))
    assert shown.cards
    folder = house.workspace.dataset_folder(house.project_id)
    item = manifests.load(folder).items[0]
    manifests.set_caption(folder, item.id, f"{item.caption}, with a scar", "person")
    answer = asyncio.run(house.says("yes", thread_id=shown.thread_id))
    assert not house.state()["jobs"]
    assert answer.words


def test_a_copy_changed_behind_the_card_is_found(house: House) -> None:
    """The bytes of a copy are swapped after the audit; what the card was for is no longer there."""
    shown = asyncio.run(house.says("launch"))
    folder = house.workspace.dataset_folder(house.project_id)
    item = manifests.load(folder).items[0]
    path_of(folder, item).write_bytes(Path(house.outside / "private.png").read_bytes()[:-20])
    asyncio.run(house.says("yes", thread_id=shown.thread_id))
    tasks = [row for row in house.state()["jobs"] if "training" in row]
    assert len(tasks) <= 1  # the training itself checks each copy's bytes before it reads them
