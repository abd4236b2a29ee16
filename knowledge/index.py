"""The two halves of the search: paragraphs and asked questions by likeness (Chroma), whole articles by words (BM25)."""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
from chromadb.api.models.Collection import Collection
from chromadb.config import Settings
from numpy.typing import NDArray
from rank_bm25 import BM25Okapi

from .articles import Article
from .embedding import DIMENSIONS, UNKNOWN, HashedWords
from .words import words_of

NEAREST = 250  # texts that Chroma returns; an article with none among them ranks last
OPENING_BONUS = 0.1  # cosine: the first paragraph says what the thing is, so another must be clearly nearer to be shown
TITLE_WEIGHT = 2  # a title's words count as if they stood this often in the article


class Index:
    """A built index over articles. Give a folder to keep Chroma's part on disk; without one it lives in memory."""

    def __init__(self, articles: Sequence[Article], folder: Path | None = None) -> None:
        self.articles = tuple(articles)
        self.places = {article.id: place for place, article in enumerate(self.articles)}
        labels = [_labels(article) for article in self.articles]
        bags = [label + words_of(article.body) for label, article in zip(labels, self.articles, strict=True)]
        self.words = [frozenset(bag) for bag in bags]
        self.by_text = BM25Okapi(bags)
        self.by_label = BM25Okapi(labels)
        self.rarity = _rarity(bags) | _rarity(labels)  # a word that is often mentioned may still name few subjects
        self.collection = _collection(self.articles, self.rarity, folder)

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
        """For each article the cosine of its most alike text, (articles,), and the number of its best paragraph."""
        found = self.collection.query(
            query_texts=[query], n_results=min(NEAREST, self.collection.count()), include=["metadatas", "distances"]
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


def _collection(articles: Sequence[Article], rarity: Mapping[str, float], folder: Path | None) -> Collection:
    """The collection for exactly these texts; one in the folder that was made from others is replaced."""
    settings = Settings(anonymized_telemetry=False, allow_reset=False)
    client = chromadb.PersistentClient(str(folder), settings) if folder else chromadb.EphemeralClient(settings)
    rows = [(article.id, *row) for article in articles for row in _texts(article)]
    content = json.dumps([rows, sorted(rarity.items()), DIMENSIONS])
    name = f"articles-{hashlib.sha256(content.encode()).hexdigest()[:24]}"
    for other in client.list_collections() if folder else ():
        if other.name.startswith("articles-") and other.name != name:
            client.delete_collection(other.name)
    # Chroma's annotation asks for a function of texts and images; it takes one of texts.
    embedding: Any = HashedWords(rarity)
    collection = client.get_or_create_collection(name, embedding_function=embedding)
    if collection.count() != len(rows):
        collection.upsert(
            ids=[str(number) for number in range(len(rows))],
            documents=[text for _, text, _ in rows],
            metadatas=[{"article": article_id, "paragraph": paragraph} for article_id, _, paragraph in rows],
        )
    return collection
