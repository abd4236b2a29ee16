"""The chat's way to LTX-2.3: what is here, a card with size and terms, and nothing fetched without a yes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import Hub, read_repository, serving
from huggingface_hub import constants
from ltx23_models import SMALL
from rooms import new_context

from agent.watcher import Narrator, ending
from tools import base_models
from tools.base_models import base_status, cancel_download, download_base, download_card, download_words
from tools.context import Card, NoArguments, ToolContext, ToolRefused
from trainer_core import approvals
from trainer_core.base_models import gpus
from trainer_core.base_models.ltx23 import download, licence, source
from trainer_core.base_models.registry import MINI_WEIGHTS
from trainer_core.jobs import events, recover, store
from trainer_core.jobs.backends import backend_named
from trainer_core.plan import BaseModelName
from trainer_core.projects import Workspace, create_project

NOTHING = NoArguments()
REPOSITORY = "diffusers/LTX-2.3-Diffusers"


class Started:
    """A backend that starts nothing."""

    name = "local"

    def start(self, workspace: object, job_id: str) -> None:
        """As the real one, without a process."""

    cancel = backend_named("local").cancel


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToolContext:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SIDEKICK_LTX23", raising=False)
    monkeypatch.setattr(gpus, "largest_memory_gb", lambda: None)
    monkeypatch.setattr(base_models, "backend_named", lambda _name: Started())
    return new_context(tmp_path / "home", "ada")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving(REPOSITORY, read_repository(MINI_WEIGHTS)) as running:
        monkeypatch.setattr(constants, "ENDPOINT", running.url)
        yield running


def approve(context: ToolContext, card: Card) -> None:
    approvals.grant(context.workspace, card.fingerprint, context.person)


def test_the_card_says_size_place_and_terms_and_fetches_nothing(context: ToolContext, hub: Hub, tmp_path: Path) -> None:
    card = download_card(context, NOTHING)
    words = "\n".join(card.lines)
    assert card.title == "Download LTX-2.3?"
    for part in (REPOSITORY, "0.0 GB of 0.0 GB", str(tmp_path / "cache"), "are free", licence.ADDRESS, "accepts these"):
        assert part in words
    assert "none that can be seen" in words  # no GPU: said before 70 GB are fetched
    assert hub.asked == []
    assert licence.accepted(context.workspace) is None


def test_without_a_yes_nothing_starts_and_nothing_is_accepted(context: ToolContext, hub: Hub) -> None:
    download_card(context, NOTHING)
    with pytest.raises(ToolRefused, match="Nobody has approved"):
        download_base(context, NOTHING)
    assert licence.accepted(context.workspace) is None
    assert store.list_jobs(context.workspace) == []


def test_a_yes_is_kept_and_starts_one_download(context: ToolContext, hub: Hub) -> None:
    approve(context, download_card(context, NOTHING))
    result = download_base(context, NOTHING)
    accepted = licence.accepted(context.workspace)
    assert accepted is not None
    assert accepted.person == "ada"
    job = store.get(context.workspace, result.data["job"])
    assert (job.task, job.arguments) == (download.TASK, {"repository": REPOSITORY})
    with pytest.raises(ToolRefused, match="being downloaded already"):
        download_card(context, NOTHING)
    events.emit(
        context.workspace, job.id, "progress", {"phase": "downloading", "step": 12 * 10**9, "steps": 70 * 10**9}
    )
    assert "12.0 of 70.0 GB (17%)" in base_status(context, NOTHING).text
    cancel_download(context, NOTHING)
    assert store.get(context.workspace, job.id).state == store.State.CANCELLED
    with pytest.raises(ToolRefused, match="Nothing is being downloaded"):
        cancel_download(context, NOTHING)


def test_a_download_that_lost_its_process_is_not_said_to_be_at_work(
    context: ToolContext, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lost(Started):
        alive = backend_named("local").alive

    monkeypatch.setattr(recover, "backend_named", lambda _name: Lost())
    approve(context, download_card(context, NOTHING))
    job = download_base(context, NOTHING).data["job"]
    for attempt in (1, 2, 3):
        assert store.claim(context.workspace, job, pid=1)
        words = base_status(context, NOTHING).text
        assert ("goes on from what it saved" if attempt < 3 else "The worker was lost 3 times") in words
    assert download_card(context, NOTHING).title == "Download LTX-2.3?"
    assert store.get(context.workspace, job).state == store.State.FAILED


def test_a_yes_that_cannot_be_written_down_starts_nothing(context: ToolContext, hub: Hub) -> None:
    approve(context, download_card(context, NOTHING))
    (context.workspace.home / "licences.json").mkdir()
    with pytest.raises(ToolRefused, match="could not be written down"):
        download_base(context, NOTHING)
    assert store.list_jobs(context.workspace) == []


def test_a_yes_to_one_size_is_none_to_another(context: ToolContext, hub: Hub) -> None:
    approve(context, download_card(context, NOTHING))
    hub.files["vae/diffusion_pytorch_model-00002-of-00002.safetensors"] = b"more"
    with pytest.raises(ToolRefused, match="Nobody has approved"):
        download_base(context, NOTHING)


def test_files_that_are_here_need_only_the_terms(context: ToolContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "ltx23", lambda: SMALL)
    monkeypatch.setenv("SIDEKICK_LTX23", str(MINI_WEIGHTS))
    assert "terms have not been accepted" in base_status(context, NOTHING).text
    assert base_models.terms_missing(context.workspace, BaseModelName.LTX23)
    assert base_models.terms_missing(context.workspace, BaseModelName.MINI) is None
    card = download_card(context, NOTHING)
    assert card.title == "Use LTX-2.3 under these terms?"
    approve(context, card)
    assert "you accept" in download_base(context, NOTHING).text
    assert store.list_jobs(context.workspace) == []
    assert base_models.terms_missing(context.workspace, BaseModelName.LTX23) is None
    assert "accepted by ada" in base_status(context, NOTHING).text
    with pytest.raises(ToolRefused, match="there is nothing to do"):
        download_card(context, NOTHING)


def test_what_stands_in_the_way_is_said(context: ToolContext, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDEKICK_LTX23", str(MINI_WEIGHTS))  # a folder of the wrong size: a download would not help
    with pytest.raises(ToolRefused, match="take SIDEKICK_LTX23 out"):
        download_card(context, NOTHING)
    monkeypatch.setenv("SIDEKICK_LTX23", "someone/LTX-2.3-Distilled")
    with pytest.raises(ToolRefused, match="almost no effect"):
        download_card(context, NOTHING)
    monkeypatch.delenv("SIDEKICK_LTX23")
    hub.refuse[""] = (403, "GatedRepo")
    with pytest.raises(ToolRefused, match="agreed to its terms"):
        download_card(context, NOTHING)
    hub.refuse.clear()
    monkeypatch.setattr(download, "MARGIN_BYTES", 10**18)
    with pytest.raises(ToolRefused, match="Free some space"):
        download_card(context, NOTHING)


def test_status_without_anything(context: ToolContext) -> None:
    result = base_status(context, NOTHING)
    assert "mini: ready" in result.text
    assert "not on this machine yet" in result.text
    assert result.data["ltx23"] is False
    assert "not on this machine" in result.data["missing"]


def test_the_thread_tells_of_a_download_as_a_download(context: ToolContext) -> None:
    job = store.submit(
        context.workspace, project_id=context.project_id, task=download.TASK, arguments={"repository": REPOSITORY}
    )
    events.emit(context.workspace, job.id, "state", {"state": "running", "attempt": 1})
    events.emit(context.workspace, job.id, "progress", {"phase": "checking", "step": 7 * 10**9, "steps": 70 * 10**9})
    narrator = Narrator(context.workspace)
    told = [
        entry for event in events.events_since(context.workspace, job.id) for entry in narrator.tell(event, job)
    ]  # fmt: skip
    assert [entry.text for entry in told] == ["The download has started.", "Checking: 7.0 of 70.0 GB checked (10%)"]
    assert ending(context.workspace, job, "succeeded") == "The download is finished and checked: LTX-2.3 can be used."
    assert ending(context.workspace, job, "cancelled").startswith("The download was cancelled")


def test_words_of_progress() -> None:
    assert download_words({}) == "starting"
    assert download_words({"step": 5 * 10**8, "steps": 10**9}) == "0.5 of 1.0 GB (50%)"


def test_who_comes_from_elsewhere_stops_nobody_s_download_and_reads_no_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody signed in could once stop the owner's download, and read who had accepted the terms, and folders."""
    workspace = Workspace.open(tmp_path / "home")
    owner = ToolContext(workspace, create_project(workspace, "Pip", "you").id, "you")
    guest = ToolContext(workspace, create_project(workspace, "Rex", "web:bob").id, "web:bob")
    job = store.submit(
        workspace, project_id=owner.project_id, task=download.TASK, arguments={"repository": "Lightricks/LTX-2.3"}
    )
    licence.accept(workspace, "you")
    with pytest.raises(ToolRefused, match="Only they can stop it"):
        cancel_download(guest, NoArguments())
    assert "accepted by" not in base_status(guest, NoArguments()).text
    assert "accepted by you" in base_status(owner, NoArguments()).text
    assert cancel_download(owner, NoArguments()).data["job"] == job.id
