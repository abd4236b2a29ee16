"""The two halves of the search: paragraphs and asked questions by likeness (Chroma), whole articles by words (BM25)."""

import math
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import chromadb
import numpy as np
from chromadb.api.models.Collection import Collection
from chromadb.config import Settings
from numpy.typing import NDArray
from rank_bm25 import BM25Okapi

from .articles import Article
from .embedding import UNKNOWN, Embedding, HashedWords
from .vectors import Stop, vectors_of
from .words import words_of

BATCH = 64  # texts added to Chroma at a time: it lets no other thread run meanwhile
NEAREST = 250  # texts that Chroma returns; an article with none among them ranks last
OPENING_BONUS = 0.1  # cosine: the first paragraph says what the thing is, so another must be clearly nearer to be shown
TITLE_WEIGHT = 2  # a title's words count as if they stood this often in the article


@dataclass(frozen=True)
class Lines:
    """Cosines that decide whether any article is about a question (see search.py)."""

    least: float  # below it none is
    sure: float  # from here on one is, whatever words the question uses


# Set on questions about other things and about our own (benchmarks/knowledge.py): hashed words alone prove little.
BUILT_IN_LINES = Lines(least=0.3, sure=2.0)
BUILT_IN_WEIGHT, MODEL_WEIGHT = 1, 2  # of the likeness beside the two word scores; found on the tuned questions
STRANGER, ODD = 0.01, 0.05  # shares of the articles' own questions that lie below the two lines of a model


class Index:
    """A built index over articles, in memory. `embedding`: the built-in one by default.

    With a folder the vectors are kept there. Raises EmbeddingFailed, never with the built-in embedding.
    """

    def __init__(
        self,
        articles: Sequence[Article],
        folder: Path | None = None,
        embedding: Embedding | None = None,
        stop: Stop = lambda: False,
    ) -> None:
        self.articles = tuple(articles)
        self.places = {article.id: place for place, article in enumerate(self.articles)}
        labels = [_labels(article) for article in self.articles]
        bags = [label + words_of(article.body) for label, article in zip(labels, self.articles, strict=True)]
        self.words = [frozenset(bag) for bag in bags]
        self.by_text = BM25Okapi(bags)
        self.by_label = BM25Okapi(labels)
        self.rarity = _rarity(bags) | _rarity(labels)  # a word that is often mentioned may still name few subjects
        self.embedding = embedding or HashedWords(self.rarity)
        rows = [(article.id, *row) for article in self.articles for row in _texts(article)]
        vectors = vectors_of([text for _, text, _ in rows], self.embedding, folder if embedding else None, stop)
        self.weight = MODEL_WEIGHT if embedding else BUILT_IN_WEIGHT
        self.lines = _lines(vectors, [paragraph < 0 for *_, paragraph in rows]) if embedding else BUILT_IN_LINES
        self.collection = _collection(rows, vectors)

    def word_scores(self, words: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """BM25 scores of whole articles, and of their titles, tags and asked questions alone: each (articles,)."""
        text, label = (index.get_scores(list(words)) for index in (self.by_text, self.by_label))
        return np.asarray(text, dtype=np.float64), np.asarray(label, dtype=np.float64)

    def covered(self, words: Sequence[str]) -> NDArray[np.float64]:
        """The share of the query's weight (rarity of its words) that each article has: (articles,), 0 to 1."""
        weights = {word: self.rarity.get(word, UNKNOWN) for word in words}
        total = sum(weights.values()) or 1.0
        return np.array([sum(weight for word, weight in weights.items() if word in bag) / total for bag in self.words])

    def likeness(self, query: str) -> tuple[NDArray[np.float64], list[int]]:
        """For each article the cosine of its most alike text, (articles,), and the number of its best paragraph.

        Raises EmbeddingFailed.
        """
        found = self.collection.query(
            query_embeddings=self.embedding([query]),
            n_results=min(NEAREST, self.collection.count()),
            include=["metadatas", "distances"],
        )
        scores = np.full(len(self.articles), -1.0)
        best: dict[int, tuple[float, int]] = {}
        rows = zip((found["metadatas"] or [[]])[0], (found["distances"] or [[]])[0], strict=True)
        for metadata, distance in rows:
            place, paragraph = self.places[str(metadata["article"])], int(str(metadata["paragraph"]))
            scores[place] = max(scores[place], 1 - distance)
            if paragraph < 0:
                continue
            worth = 1 - distance + (OPENING_BONUS if paragraph == 0 else 0.0)
            best[place] = max(best.get(place, (-1.0, 0)), (worth, paragraph))
        return scores, [best.get(place, (0.0, 0))[1] for place in range(len(self.articles))]


def _labels(article: Article) -> list[str]:
    return words_of(article.title) * TITLE_WEIGHT + words_of(" ".join((*article.tags, *article.asked)))


def _rarity(bags: Sequence[Sequence[str]]) -> dict[str, float]:
    """Inverse document frequency, ln(1 + bags / bags with the word)."""
    frequency = Counter(word for bag in bags for word in set(bag))
    return {word: round(math.log(1 + len(bags) / count), 3) for word, count in frequency.items()}


def _texts(article: Article) -> Iterator[tuple[str, int]]:
    """The texts that a question is compared with, each with the number of its paragraph, or -1."""
    for number, text in enumerate(article.paragraphs):
        yield f"{article.title}. {text}", number
    for text in (article.title, *article.asked):
        yield text, -1


def _lines(vectors: NDArray[np.float32], is_question: Sequence[bool]) -> Lines:
    """The lines for an embedding that nobody calibrated: how alike the articles' own questions are to the nearest text
    besides themselves."""
    places = np.flatnonzero(is_question)
    likeness = vectors[places] @ vectors.T
    likeness[np.arange(len(places)), places] = -1.0
    least, sure = np.quantile(likeness.max(axis=1), (STRANGER, ODD))
    return Lines(float(least), float(sure))


def _collection(rows: Sequence[tuple[str, str, int]], vectors: NDArray[np.float32]) -> Collection:
    """All texts in Chroma, in memory. They come with their vectors, so Chroma needs no embedding of its own."""
    client = chromadb.EphemeralClient(Settings(anonymized_telemetry=False, allow_reset=False))
    collection = client.create_collection(
        f"articles-{uuid.uuid4().hex}", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
    )
    for start in range(0, len(rows), BATCH):
        part = slice(start, start + BATCH)
        collection.add(
            ids=[str(start + number) for number in range(len(rows[part]))],
            embeddings=vectors[part],
            metadatas=[{"article": article_id, "paragraph": paragraph} for article_id, _, paragraph in rows[part]],
        )
    return collection
