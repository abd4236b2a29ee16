"""The knowledge room through its public doors: the articles are complete, the search finds the right ones, offline."""

import ast
import json
import re
import socket
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.articles import LARGEST_FILE, ArticleError, built_in_articles, get_article, load_articles, parse_article
from knowledge.search import LONGEST_EXCERPT, search
from knowledge.words import words_of

ROOT = Path(__file__).parents[1]
QUESTIONS = json.loads((ROOT / "tests" / "data" / "questions.json").read_text(encoding="utf-8"))

GOOD = (
    "---\ntitle: A good title\ndate: 2026-11-21\ntags: [one]\nsources: [Somebody's paper]\n"
    "asked: [first question, second question]\n---\n\n" + "A sentence about rank. " * 20
)


def recall(k: int = 3) -> float:
    rows = QUESTIONS["questions"]
    found = [{hit.article_id for hit in search(row["question"], k)} & set(row["articles"]) for row in rows]
    return sum(map(bool, found)) / len(rows)


def test_articles_are_many_dated_sourced_and_of_readable_length() -> None:
    articles = built_in_articles()
    assert len(articles) >= 60
    for article in articles:
        assert 100 <= len(article.body.split()) <= 320, article.id
        assert article.date >= date(2026, 11, 21)
        assert article.sources, article.id


def test_articles_name_public_sources_only() -> None:
    for article in built_in_articles():
        text = article.model_dump_json()
        assert not re.search(r"shared/|/work\b|reference/|\.library", text), article.id


def test_titles_are_different_and_no_asked_phrase_is_a_test_question() -> None:
    articles = built_in_articles()
    assert len({article.title for article in articles}) == len(articles)
    asked = {phrase.lower().strip(" ?") for article in articles for phrase in article.asked}
    assert not asked & {row["question"].lower().strip(" ?") for row in QUESTIONS["questions"]}


def test_every_article_is_the_answer_to_some_question() -> None:
    wanted = {article_id for row in QUESTIONS["questions"] for article_id in row["articles"]}
    assert wanted == {article.id for article in built_in_articles()}


def test_articles_say_what_the_recipe_and_plan_tables_say() -> None:
    from trainer_core.plan import BASES, BaseModelName, Preset, steps_for
    from trainer_core.recipes import RECIPES

    mini = BASES[BaseModelName.MINI]
    assert f"{mini.learning_rate_factor:.0f} times more on mini" in get_article("mini-versus-ltx23").body
    for name, recipe in RECIPES.items():
        body = get_article(f"recipe-{name}").body
        assert f"rank {recipe.rank}" in body
        for few, many in filter(None, (recipe.images, recipe.clips)):
            assert f"{few} to {many} " in body, name
    character = RECIPES["character"]
    low, high = (steps_for(character, files, Preset.STANDARD, BaseModelName.LTX23) for files in (20, 50))
    assert f"{low} to {high} steps" in get_article("recipe-character").body
    low, high = (steps_for(character, files, Preset.STANDARD, BaseModelName.MINI) for files in (20, 50))
    assert f"{low} to {high}" in get_article("steps").body


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no front matter", "no front matter"),
        ("---\ntitle: [\n---\nbody", "not readable YAML"),
        ("---\njust text\n---\nbody", "must name title"),
        (GOOD.replace("sources: [Somebody's paper]\n", ""), "sources"),
        (GOOD.replace("title", "headline"), "title"),
        (GOOD + "x" * LARGEST_FILE, "Split it"),
        (GOOD.replace("A good title", "!!python/object/apply:os.system ['true']"), "not readable YAML"),
    ],
)
def test_an_article_that_cannot_be_used_is_named_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(ArticleError, match=re.escape(words)) as error:
        parse_article("some-article", text)
    assert "some-article" in str(error.value)


@given(st.text(max_size=300), st.booleans())
@settings(deadline=None)
def test_any_text_gives_an_article_or_a_named_problem(text: str, with_front_matter: bool) -> None:
    try:
        parse_article("some-article", f"---\n{text}\n---\n{text}" if with_front_matter else text)
    except ArticleError:
        return


def test_articles_load_from_any_folder(tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text(GOOD, encoding="utf-8")
    (article,) = load_articles(tmp_path)
    assert article.id == "one"
    assert article.paragraphs[0].startswith("A sentence")


def test_unknown_article_is_refused_in_words() -> None:
    with pytest.raises(KeyError, match="no article"):
        get_article("no-such-thing")


def test_the_right_article_is_among_the_first_three() -> None:
    assert len(QUESTIONS["questions"]) >= 150
    assert recall() >= 0.9


def test_questions_about_other_things_mostly_get_no_article() -> None:
    silent = [not search(question) for question in QUESTIONS["off_topic"]]
    assert sum(silent) / len(silent) >= 0.6


def test_a_hit_carries_what_an_answer_must_cite() -> None:
    first = search("why rank 32?")[0]
    assert first.article_id == "rank"
    assert first.title == get_article("rank").title
    assert first.sources == get_article("rank").sources
    assert first.date == date(2026, 11, 21)
    assert "rank" in first.excerpt.lower()
    assert first.score > 0


def test_hits_are_sorted_and_as_many_as_asked() -> None:
    hits = search("how many training steps does a character need?", 5)
    assert len(hits) == 5
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert search("how many steps?", 0) == []


@pytest.mark.parametrize("query", ["", "   ", "?!", "the and of", "\x00\x00", "🙂", "a" * 100_000])
def test_queries_without_meaning_get_no_hit(query: str) -> None:
    assert search(query) == []


@given(st.text(max_size=200))
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_any_query_is_answered_calmly(query: str) -> None:
    for hit in search(query):
        assert len(hit.excerpt) <= LONGEST_EXCERPT + 4


def test_search_uses_no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the search tried to reach the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    assert search("what is trigger leak?", folder=tmp_path)


def test_importing_the_search_loads_no_index_and_is_quick() -> None:
    script = (
        "import sys, time; start = time.process_time(); import knowledge.search; "
        "print(time.process_time() - start, 'chromadb' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, loaded = done.stdout.split()
    assert loaded == "False"
    assert float(seconds) < 1.5


def test_further_searches_are_quick() -> None:
    search("first")
    start = time.process_time()  # of this process, so that a busy machine does not fail the test
    for row in QUESTIONS["questions"][:20]:
        search(row["question"])
    assert (time.process_time() - start) / 20 < 0.1


def test_words_meet_across_forms_and_synonyms() -> None:
    assert words_of("trained training trains") == words_of("train train train")
    assert words_of("my photos") == words_of("some pictures")
    assert words_of("VRAM") == words_of("GPU memory")


def test_knowledge_imports_no_other_room() -> None:
    for path in (ROOT / "knowledge").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not any(name.split(".")[0] in {"agent", "tools", "trainer_core", "ui"} for name in names), path
