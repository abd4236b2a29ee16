"""The two halves of the search: paragraphs in Chroma by likeness, whole articles in BM25 by words."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
from chromadb.api.models.Collection import Collection
from chromadb.config import Settings
from numpy.typing import NDArray
from rank_bm25 import BM25Okapi

from .articles import Article
from .embedding import DIMENSIONS, HashedWords
from .words import words_of

TITLE_WEIGHT = 4  # a title's words count as if they stood this often in the article
TAG_WEIGHT = 2


class Index:
    """A built index over articles. Give a folder to keep Chroma's part on disk; without one it lives in memory."""

    def __init__(self, articles: Sequence[Article], folder: Path | None = None) -> None:
        self.articles = tuple(articles)
        self.places = {article.id: place for place, article in enumerate(self.articles)}
        bags = [_bag(article) for article in self.articles]
        self.words = [frozenset(bag) for bag in bags]
        self.bm25 = BM25Okapi(bags)
        self.rarest = max(self.bm25.idf.values())
        self.collection = _collection(self.articles, folder)

    def word_scores(self, words: Sequence[str]) -> NDArray[np.float64]:
        """BM25 scores, shape (articles,)."""
        return np.asarray(self.bm25.get_scores(list(words)), dtype=np.float64)

    def covered(self, words: Sequence[str]) -> NDArray[np.float64]:
        """The share of the query's weight (inverse document frequency) that each article has: (articles,), 0 to 1.

        A word that no article has counts as much as the rarest one, so that questions about other things score low.
        """
        weights = {word: max(0.1, float(self.bm25.idf.get(word, self.rarest))) for word in words}
        total = sum(weights.values()) or 1.0
        return np.array([sum(weight for word, weight in weights.items() if word in bag) / total for bag in self.words])

    def likeness(self, query: str) -> tuple[NDArray[np.float64], list[str]]:
        """For each article the cosine of its most alike paragraph, shape (articles,), and that paragraph."""
        found = self.collection.query(
            query_texts=[query], n_results=self.collection.count(), include=["metadatas", "documents", "distances"]
        )
        scores = np.full(len(self.articles), -1.0)
        best = [article.paragraphs[0] for article in self.articles]
        rows = zip((found["metadatas"] or [[]])[0], (found["distances"] or [[]])[0], strict=True)
        for metadata, distance in rows:
            place = self.places[str(metadata["article"])]
            if 1 - distance > scores[place]:
                scores[place] = 1 - distance
                best[place] = self.articles[place].paragraphs[int(str(metadata["paragraph"]))]
        return scores, best


def _bag(article: Article) -> list[str]:
    return (
        words_of(article.title) * TITLE_WEIGHT + words_of(" ".join(article.tags)) * TAG_WEIGHT + words_of(article.body)
    )


def _collection(articles: Sequence[Article], folder: Path | None) -> Collection:
    """The collection for exactly these articles; one made from other texts is replaced."""
    settings = Settings(anonymized_telemetry=False, allow_reset=False)
    client = chromadb.PersistentClient(str(folder), settings) if folder else chromadb.EphemeralClient(settings)
    content = "\n".join(article.model_dump_json() for article in articles) + str(DIMENSIONS)
    name = f"articles-{hashlib.sha256(content.encode()).hexdigest()[:24]}"
    for other in client.list_collections():
        if folder and other.name.startswith("articles-") and other.name != name:
            client.delete_collection(other.name)
    # Chroma's annotation asks for a function of texts and images; it takes one of texts.
    embedding: Any = HashedWords()
    collection = client.get_or_create_collection(name, embedding_function=embedding)
    rows = [(article, number, text) for article in articles for number, text in enumerate(article.paragraphs)]
    if collection.count() != len(rows):
        collection.upsert(
            ids=[f"{article.id}/{number}" for article, number, _ in rows],
            documents=[f"{article.title}. {text}" for article, _, text in rows],
            metadatas=[{"article": article.id, "paragraph": number} for article, number, _ in rows],
        )
    return collection
