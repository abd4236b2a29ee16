"""Look something up: the articles nearest to a question, found by likeness and by words, fused by rank."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .articles import Article, built_in_articles
from .words import words_of

if TYPE_CHECKING:
    from .index import Index

LONGEST_QUERY = 500  # characters; the rest is left out
LONGEST_EXCERPT = 600
SHORT_PARAGRAPH = 250
RANK_CONSTANT = 20  # of reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009); 60 did worse on our questions
# Set on questions about other things and about our own (benchmarks/knowledge.py).
LEAST_LIKENESS = 0.3  # cosine; when even the best article is below it, none is about the question
LEAST_COVERED_BY_BEST = 0.35  # share of the question's weight; the same
LEAST_COVERED = 0.2  # below it this one article is not

_lock = Lock()
_indexes: dict[Path | None, "Index"] = {}


@dataclass(frozen=True)
class Hit:
    """One article found. `score` is the fused rank score: larger is better, comparable within one search only."""

    article_id: str
    title: str
    excerpt: str  # the paragraph nearest to the question, plain text
    sources: tuple[str, ...]
    date: date
    score: float


def search(query: str, k: int = 3, *, folder: Path | None = None) -> list[Hit]:
    """The at most `k` best articles for a question in plain words; empty when no article is about it.

    The index is built at the first call: in memory, or in `folder` when one is given. No network is used.
    """
    query = query[:LONGEST_QUERY]
    words = words_of(query)
    if not words or k < 1:
        return []
    index = _index(folder)
    likeness, paragraphs = index.likeness(query)
    scores = np.sum([1 / (RANK_CONSTANT + _ranks(one)) for one in (likeness, *index.word_scores(words))], axis=0)
    covered = index.covered(words)
    if covered.max() < LEAST_COVERED_BY_BEST or likeness.max() < LEAST_LIKENESS:
        return []
    best = [place for place in np.argsort(-scores, kind="stable") if covered[place] >= LEAST_COVERED][:k]
    return [
        Hit(
            article_id=index.articles[place].id,
            title=index.articles[place].title,
            excerpt=_excerpt(index.articles[place], paragraphs[place]),
            sources=index.articles[place].sources,
            date=index.articles[place].date,
            score=float(scores[place]),
        )
        for place in best
    ]


def _index(folder: Path | None) -> "Index":
    with _lock:
        if folder not in _indexes:
            from .index import Index  # Chroma takes a second to import: only the first search pays for it

            _indexes[folder] = Index(built_in_articles(), folder)
        return _indexes[folder]


def _ranks(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rank of each score, 1 for the largest; equal scores share the middle of their ranks."""
    order = np.sort(-scores)
    first = np.searchsorted(order, -scores, side="left")
    last = np.searchsorted(order, -scores, side="right")
    return (first + 1 + last) / 2


def _excerpt(article: Article, number: int) -> str:
    """The paragraph; one that is too short to stand alone comes after the opening one."""
    text = article.paragraphs[number]
    if number and len(text) < SHORT_PARAGRAPH:
        text = f"{article.paragraphs[0]} {text}"
    if len(text) <= LONGEST_EXCERPT:
        return text
    return text[:LONGEST_EXCERPT].rsplit(" ", 1)[0] + " ..."
