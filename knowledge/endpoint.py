"""Embeddings from a server that speaks OpenAI's protocol (/v1/embeddings). Used only when a person names the model."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from .embedding import Embedding, EmbeddingFailed, unit

SECONDS = 8.0  # for one request; a question is then looked up with the built-in embedding
REMEMBERED = 256  # questions


@dataclass(frozen=True)
class EndpointModel:
    """An embedding model at a server. The address can hold a password, so neither it nor the key is ever printed.

    `through_proxy`: False for a server on this computer or in its network.
    """

    model: str
    url: str = field(repr=False)
    key: str = field(repr=False)
    through_proxy: bool = True
    seconds: float = SECONDS

    def open(self) -> Embedding:
        """The embedding; the server is asked at the first texts."""
        return EndpointEmbedding(self)


class EndpointEmbedding:
    """Asks the server. May be used from several threads."""

    def __init__(self, model: EndpointModel) -> None:
        self._model = model
        self._host = urlsplit(model.url).hostname or ""
        self._lock = threading.Lock()
        self.name = f"{model.model} at {self._host}"
        self._one = lru_cache(maxsize=REMEMBERED)(lambda text: self._ask([text]))

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, (texts, dimensions). One text, a question, is asked once. Raises EmbeddingFailed."""
        return self._one(texts[0]) if len(texts) == 1 else self._ask(list(texts))

    @cached_property
    def _client(self) -> Any:
        import openai  # takes a second to import: only those who use it pay

        return openai.OpenAI(
            api_key=self._model.key,
            base_url=self._model.url,
            timeout=self._model.seconds,
            max_retries=1,
            http_client=openai.DefaultHttpx2Client(follow_redirects=False, trust_env=self._model.through_proxy),
        )

    def _ask(self, texts: list[str]) -> NDArray[np.float32]:
        import openai

        with self._lock:
            client = self._client
        try:
            answer = client.embeddings.create(model=self._model.model, input=texts, encoding_format="float")
            rows = sorted(answer.data, key=lambda row: row.index)
            vectors = np.array([row.embedding for row in rows], dtype=np.float32)
        except openai.APIStatusError as error:
            raise EmbeddingFailed(f"{self._host} refused to read the texts (status {error.status_code}).") from None
        except openai.APIConnectionError:  # a time-out too
            raise EmbeddingFailed(f"{self._host} did not answer within {self._model.seconds:g} seconds.") from None
        except (openai.APIError, AttributeError, TypeError, ValueError):
            raise EmbeddingFailed(f"{self._host} answered, but not as an embeddings server does.") from None
        if vectors.ndim != 2 or len(vectors) != len(texts) or not vectors.shape[1] or not np.isfinite(vectors).all():
            raise EmbeddingFailed(f"{self._host} did not give a vector of numbers for each text.")
        return unit(vectors)
