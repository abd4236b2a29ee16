"""Look something up: the articles nearest to a question, found by likeness and by words, fused by rank."""

import logging
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from . import loading
from .articles import Article
from .embedding import EmbeddingFailed, Source
from .words import words_of

if TYPE_CHECKING:
    from .index import Index

LONGEST_QUERY = 500  # characters; the rest is left out
LONGEST_EXCERPT = 600
SHORT_PARAGRAPH = 250
RANK_CONSTANT = 20  # of reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009); 60 did worse on our questions
# Set on questions about other things and about our own (benchmarks/knowledge.py).
LEAST_COVERED_BY_BEST = 0.35  # share of the question's weight; below it no article is about the question,
# unless its likeness is beyond doubt (Index.lines)
LEAST_COVERED = 0.2  # below it this one article is not, as far as words go

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Hit:
    """One article found. `score` is the fused rank score: larger is better, comparable within one search only."""

    article_id: str
    title: str
    excerpt: str  # the paragraph nearest to the question, plain text
    sources: tuple[str, ...]
    date: date
    score: float


def search(query: str, k: int = 3, *, folder: Path | None = None, source: Source | None = None) -> list[Hit]:
    """The at most `k` best articles for a question in plain words; empty when no article is about it.

    `source`: a better embedding than the built-in one. It is loaded beside this, so the first answers do not wait for
    it (`prepare` does), and where it fails the built-in one goes on. `folder` keeps its vectors. Without a source no
    network is used.
    """
    query = query[:LONGEST_QUERY]
    if k < 1 or not words_of(query):
        return []
    better = loading.ready(source, folder) if source else None
    if better:
        try:
            return _found(better, query, k)
        except EmbeddingFailed as failed:
            _LOG.warning("This question is looked up with the built-in embedding: %s", failed)
    return _found(loading.built_in(), query, k)


def prepare(source: Source, folder: Path | None = None) -> bool:
    """Load a better embedding and wait for it. False when it failed; the reason is in the log."""
    return loading.wait(source, folder) is not None


def _found(index: "Index", query: str, k: int) -> list[Hit]:
    words = words_of(query)
    likeness, paragraphs = index.likeness(query)
    parts = (1 / (RANK_CONSTANT + _ranks(one)) for one in index.word_scores(words))
    scores = np.sum([index.weight / (RANK_CONSTANT + _ranks(likeness)), *parts], axis=0)
    covered, lines = index.covered(words), index.lines
    best = float(likeness.max())
    if best < lines.least or (best < lines.sure and covered.max() < LEAST_COVERED_BY_BEST):
        return []
    order = np.argsort(-scores, kind="stable")
    about = [place for place in order if covered[place] >= LEAST_COVERED or likeness[place] >= lines.least]
    return [
        Hit(
            article_id=index.articles[place].id,
            title=index.articles[place].title,
            excerpt=_excerpt(index.articles[place], paragraphs[place]),
            sources=index.articles[place].sources,
            date=index.articles[place].date,
            score=float(scores[place]),
        )
        for place in about[:k]
    ]


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
