"""Fetching LTX-2.3 from the Hub: told what it is first, resumed after anything, checked, and every trouble in words."""

import errno
import hashlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hub_server import COMMIT, Hub, read_repository, serving
from huggingface_hub import file_download, snapshot_download, try_to_load_from_cache
from ltx23_models import SMALL, folder_copy, gemma_copy

from trainer_core.base_models.ltx23 import counting, download, licence
from trainer_core.base_models.ltx23.download import fetch, need
from trainer_core.base_models.ltx23.hub import DownloadProblem, list_files
from trainer_core.base_models.ltx23.identity import DISTILLED, LTX2, WrongBase
from trainer_core.base_models.ltx23.source import Source, find
from trainer_core.base_models.registry import MINI_WEIGHTS
from trainer_core.jobs import events, store
from trainer_core.jobs.backends import backend_named
from trainer_core.jobs.context import JobContext, JobFailed
from trainer_core.projects import Workspace, create_project

REPOSITORY = "diffusers/LTX-2.3-Diffusers"
LARGEST = "vae/diffusion_pytorch_model.safetensors"
FILES = read_repository(MINI_WEIGHTS)
CLUTTER = {
    "vae/diffusion_pytorch_model.fp8.safetensors": b"x" * 100,
    "ltx-2.3-spatial-upscaler.safetensors": b"x" * 100,
    "latent_upsampler/config.json": b"{}",
    "tokenizer/../../evil.json": b"{}",
    "LICENSE": b"terms",
}


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving(REPOSITORY, FILES | CLUTTER) as running:
        yield running


def quiet(_phase: str, _done: int, _total: int) -> None:
    """Nobody listens."""


def blobs(cache: Path) -> Path:
    return cache / f"models--{REPOSITORY.replace('/', '--')}" / "blobs"


def get(hub: Hub, cache: Path, progress: download.Progress = quiet) -> Path:
    listing = list_files(hub.repository, hub.url)
    return fetch(listing, cache, progress, endpoint=hub.url, layout=SMALL)


def test_what_is_fetched_is_found_whole_and_the_hubs_library_finds_it_too(hub: Hub, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    snapshot = get(hub, tmp_path, lambda *event: told.append(event))
    wanted = set(FILES) - {"README.md", "fingerprint.txt"} | {"LICENSE"}
    assert read_repository(snapshot) == {name: (FILES | CLUTTER)[name] for name in wanted}
    found = find({"HF_HUB_CACHE": str(tmp_path)}, SMALL)
    assert isinstance(found, Source)
    assert found.path == snapshot
    assert snapshot.name == COMMIT
    assert not list(blobs(tmp_path).glob("*.incomplete"))
    assert snapshot_download(REPOSITORY, cache_dir=tmp_path, local_files_only=True) == str(snapshot)
    assert try_to_load_from_cache(REPOSITORY, LARGEST, cache_dir=tmp_path) == str(snapshot / LARGEST)
    total = sum(len((FILES | CLUTTER)[name]) for name in wanted)
    for phase in ("downloading", "checking"):
        counts = [done for name, done, of in told if name == phase and of == total]
        assert counts == sorted(counts)
        assert counts[-1] == total
    before = len(hub.asked)
    get(hub, tmp_path)
    assert len(hub.asked) == before  # nothing is fetched twice


def test_a_killed_download_goes_on_where_it_was(hub: Hub, tmp_path: Path) -> None:
    hub.pause[LARGEST] = 0.02
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); from ltx23_models import SMALL; "
        "from huggingface_hub import constants; constants.DOWNLOAD_CHUNK_SIZE = 65536; "
        "from pathlib import Path; from trainer_core.base_models.ltx23.download import fetch; "
        "from trainer_core.base_models.ltx23.hub import list_files; "
        f"fetch(list_files({REPOSITORY!r}, {hub.url!r}), Path({str(tmp_path)!r}), lambda *_: None, "
        f"endpoint={hub.url!r}, layout=SMALL)"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        listing = list_files(REPOSITORY, hub.url)
        partial = next(download._partial(blobs(tmp_path), file) for file in listing.files if file.path == LARGEST)
        while not (partial.exists() and partial.stat().st_size > 0):
            assert process.poll() is None, "the download ended before it could be killed"
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    have = partial.stat().st_size
    assert 0 < have < len(FILES[LARGEST])
    assert need(listing, tmp_path).left <= listing.bytes - have
    hub.pause.clear()
    snapshot = get(hub, tmp_path)
    assert hub.sent(LARGEST) == [None, f"bytes={have}-"]
    assert (snapshot / LARGEST).read_bytes() == FILES[LARGEST]


def test_a_connection_that_breaks_is_taken_up_again(hub: Hub, tmp_path: Path) -> None:
    hub.cut[LARGEST] = [11_000_000]  # the Hub's library writes blocks of 10 MiB
    snapshot = get(hub, tmp_path)
    assert hub.sent(LARGEST) == [None, f"bytes={10 * 2**20}-"]
    assert (snapshot / LARGEST).read_bytes() == FILES[LARGEST]


def test_a_line_that_is_gone_for_minutes_is_waited_for(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_download, "time", SimpleNamespace(sleep=lambda _seconds: None))
    monkeypatch.setattr(download, "WAITS", (0.01,))
    hub.cut[LARGEST] = [11_000_000] + [0] * 9  # the Hub's library gives up after 6 answers without a byte
    assert (get(hub, tmp_path) / LARGEST).read_bytes() == FILES[LARGEST]
    hub.files[LARGEST] += b"more"
    hub.cut[LARGEST] = [0] * 20
    with pytest.raises(DownloadProblem, match="cannot be reached"):
        get(hub, tmp_path)


def test_stopping_keeps_what_has_arrived(hub: Hub, tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    def progress(_phase: str, done: int, total: int) -> None:
        if done > total * 0.9:
            raise Stopped

    with pytest.raises(Stopped):
        get(hub, tmp_path, progress)
    assert need(list_files(REPOSITORY, hub.url), tmp_path).left < sum(map(len, FILES.values())) * 0.2
    get(hub, tmp_path)


def test_a_damaged_file_is_noticed_and_fetched_again(hub: Hub, tmp_path: Path) -> None:
    sound, hub.files[LARGEST] = hub.files[LARGEST], hub.files[LARGEST][:-1] + b"\x80"
    hub.told_hash[LARGEST] = hashlib.sha256(sound).hexdigest()
    with pytest.raises(DownloadProblem, match="did not arrive as the Hub has it"):
        get(hub, tmp_path)
    hub.files[LARGEST] = sound
    assert (get(hub, tmp_path) / LARGEST).read_bytes() == sound


def test_the_disk_is_asked_before_anything_is_fetched(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10, 5, 5_010_000_000))
    with pytest.raises(DownloadProblem, match=r"must stay free, but the disk has 5\.0 GB free"):
        get(hub, tmp_path / "not" / "there" / "yet")
    assert hub.asked == []


def test_a_disk_that_fills_up_on_the_way_is_said_plainly(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: object, _block: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(counting.Counted, "write", full)
    with pytest.raises(DownloadProblem, match=r"disk is full\. What has arrived is kept"):
        get(hub, tmp_path)


@pytest.mark.parametrize(
    ("where", "refusal", "words"),
    [
        ("", (401, "RepoNotFound"), "knows no repository"),
        ("", (404, "RepoNotFound"), "knows no repository"),
        ("", (403, "GatedRepo"), "agreed to its terms"),
        ("", (401, ""), "HF_TOKEN|knows no repository"),
        (LARGEST, (403, "GatedRepo"), "agreed to its terms"),
        (LARGEST, (403, ""), "refused the files"),
        (LARGEST, (404, "EntryNotFound"), "no longer on the Hub"),
        (LARGEST, (500, ""), "trouble just now .error 500."),
    ],
)
def test_refusals_of_the_hub_in_words(
    hub: Hub, tmp_path: Path, where: str, refusal: tuple[int, str], words: str
) -> None:
    hub.refuse[where] = refusal
    with pytest.raises(DownloadProblem, match=words):
        get(hub, tmp_path)


def test_no_network_in_words(tmp_path: Path) -> None:
    with pytest.raises(DownloadProblem, match="cannot be reached"):
        list_files(REPOSITORY, "http://127.0.0.1:9")


def test_who_has_gemma_elsewhere_need_not_fetch_it(hub: Hub, tmp_path: Path) -> None:
    listing = list_files(REPOSITORY, hub.url, with_text=False)
    fetch(listing, tmp_path / "cache", quiet, endpoint=hub.url, layout=SMALL)
    assert not any(name.startswith(("text_encoder/", "tokenizer/")) for name, _ in hub.asked)
    environment = {"HF_HUB_CACHE": str(tmp_path / "cache")}
    assert "SIDEKICK_GEMMA" in str(find(environment, SMALL))
    gemma = gemma_copy(tmp_path / "gemma")
    found = find(environment | {"SIDEKICK_GEMMA": str(gemma)}, SMALL)
    assert isinstance(found, Source)
    assert found.text_encoder == found.tokenizer == gemma


def test_a_repository_without_the_parts_is_refused(hub: Hub) -> None:
    del hub.files["connectors/config.json"]
    with pytest.raises(DownloadProblem, match=r"connectors/config\.json is missing"):
        list_files(REPOSITORY, hub.url)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scheduler": {"use_dynamic_shifting": False, "shift_terminal": None}}, DISTILLED),
        ({"transformer": {"gated_attn": False, "cross_attn_mod": False, "use_prompt_embeddings": True}}, LTX2),
    ],
)
def test_the_wrong_model_is_refused_before_its_weights_are_fetched(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    files = read_repository(folder_copy(tmp_path / "model", changes))
    with serving(REPOSITORY, files) as hub, pytest.raises(WrongBase) as refused:
        get(hub, tmp_path / "cache")
    assert str(refused.value) == words
    assert not any(name.endswith(".safetensors") for name, _ in hub.asked)
    with serving("someone/LTX-2.3-distilled", files) as hub, pytest.raises(WrongBase):
        get(hub, tmp_path / "cache")
    assert hub.asked == []


def test_as_a_job_it_needs_the_terms_and_tells_what_the_model_is(hub: Hub, tmp_path: Path, monkeypatch: Any) -> None:
    """In a process of its own, at LTX-2.3's own size: the small model is refused, and only its small files came."""
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    workspace = Workspace.open(tmp_path / "home")
    project = create_project(workspace, "Test", "ada")
    job = store.submit(
        workspace, project_id=project.id, task=download.TASK, arguments={"repository": REPOSITORY}, backend="local"
    )
    with pytest.raises(JobFailed, match="nobody has accepted"):
        download.download(JobContext(workspace, job, tmp_path))
    assert hub.asked == []
    licence.accept(workspace, "ada")
    backend_named("local").start(workspace, job.id)
    began = time.monotonic()
    while store.get(workspace, job.id).state in store.UNFINISHED and time.monotonic() - began < 100:
        time.sleep(0.05)
    assert "not its size" in (store.get(workspace, job.id).error or "")
    assert hub.asked
    assert not any(name.endswith(".safetensors") for name, _ in hub.asked)
    progress = events.latest(workspace, job.id, "progress")
    assert progress is not None
    assert progress.data["phase"] == "downloading"
