"""CLIP (Radford et al. 2021): does a clip show what the words say? DreamBooth's CLIP-T, and VBench's background."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from transformers import CLIPModel

from .hub import first_local, load_model, load_tokenizer, pixels
from .protocol import About, Embedded, Picture, Vectors, unit

REPOSITORIES = ("openai/clip-vit-large-patch14", "openai/clip-vit-base-patch32")  # the first that is there is used
BATCH = 16
_MEAN, _SPREAD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)  # CLIP's


class Clip:
    """Pictures and words in one space."""

    def __init__(self, folder: Path, repository: str) -> None:
        self._repository = repository
        self._revision = folder.name[:12]
        self._tokenizer = load_tokenizer(folder, repository, "CLIP")
        self._model = load_model(CLIPModel, folder, repository, "CLIP")

    @property
    def about(self) -> About:
        return About(
            name=f"CLIP ({self._repository})",
            version=self._revision,
            licence="MIT (OpenAI's repository)",
            valid_for="photographs and pictures that look like them, English words",
            line=None,
            line_source="No line is known: compare it with the base model's figure. DreamBooth's table (Ruiz et al. "
            "2023) gives 0.31 for DreamBooth and 0.26 for Textual Inversion.",
        )

    @torch.inference_mode()
    def embed(self, pictures: Sequence[Picture]) -> Embedded:
        """Unit vectors (n, d); every picture is kept."""
        side, found = self._model.config.vision_config.image_size, []
        for start in range(0, len(pictures), BATCH):
            images = pixels(list(pictures[start : start + BATCH]), side, _MEAN, _SPREAD)
            found.append(self._model.get_image_features(pixel_values=images).pooler_output.numpy())
        return Embedded(unit(np.concatenate(found)), np.ones(len(pictures), dtype=bool))

    @torch.inference_mode()
    def embed_words(self, words: str) -> Vectors:
        """Unit vector (1, d) of a prompt; words beyond CLIP's 77 tokens are not seen."""
        longest = self._model.config.text_config.max_position_embeddings
        tokens = self._tokenizer([words], return_tensors="pt", truncation=True, max_length=longest)
        return unit(self._model.get_text_features(**tokens).pooler_output.numpy())


def load_clip() -> Clip:
    """The first of REPOSITORIES in the local Hub cache. Raises EmbedderMissing."""
    return _load(*first_local(REPOSITORIES, "CLIP"))


@lru_cache(maxsize=1)
def _load(folder: Path, repository: str) -> Clip:
    return Clip(folder, repository)
