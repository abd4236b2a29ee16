"""The built-in embedder: who is in this picture? A small convolutional net that needs no download.

It was trained on the drawn world by `embedder_training.py`; how well it tells characters apart is in
`calibration.json`.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from trainer_core.dataset.fitting import fit

SIDE = 64  # pixels that the net sees
DIMENSIONS = 64
WEIGHTS = Path(__file__).with_name("embedder.safetensors")

Vectors = NDArray[np.float32]


class EmbedderNet(nn.Module):
    """Images (n, 3, 64, 64) in -1..1 to unit vectors (n, 64)."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 24, 48, 64, 96, 96)
        strides = (2, 2, 2, 1, 2)
        layers: list[nn.Module] = []
        for before, after, stride in zip(widths[:-1], widths[1:], strides, strict=True):
            layers += [nn.Conv2d(before, after, 3, stride, 1), nn.GroupNorm(8, after), nn.SiLU()]
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(96 * 4 * 4, DIMENSIONS)

    def forward(self, images: Tensor) -> Tensor:
        return functional.normalize(self.head(self.features(images).flatten(1)), dim=1)


def to_input(pictures: NDArray[np.uint8]) -> Tensor:
    """Pictures (n, 64, 64, 3) uint8 as the net's input (n, 3, 64, 64) in -1..1."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float().div(127.5).sub(1)


@lru_cache(maxsize=2)
def load_embedder(path: Path = WEIGHTS) -> EmbedderNet:
    """The trained net, ready for use. Raises FileNotFoundError in words when the weights are missing."""
    if not path.exists():
        raise FileNotFoundError(
            f"The embedder's weights are missing ({path.name}). Install Sidekick again, or make them with: "
            "sidekick mini build --part embedder"
        )
    net = EmbedderNet()
    net.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    return net.eval()


def embed(pictures: NDArray[np.uint8] | list[NDArray[np.uint8]], net: EmbedderNet | None = None) -> Vectors:
    """Unit vectors (n, 64) of pictures of any size, (h, w, 3) uint8 RGB each; cosine is the dot product.

    Only the middle square of a picture is seen, as in training.
    """
    if len(pictures) == 0:
        return np.zeros((0, DIMENSIONS), dtype=np.float32)
    net = net or load_embedder()
    small = np.stack([fit(picture, SIDE, SIDE) for picture in pictures])
    with torch.inference_mode():
        return np.concatenate([net(to_input(part)).numpy() for part in np.array_split(small, -(-len(small) // 256))])


def mean_vector(vectors: Vectors) -> Vectors:
    """The direction (64,) of the mean of unit vectors (n, 64): the prototype of one character."""
    mean = vectors.mean(axis=0)
    return mean / max(float(np.linalg.norm(mean)), 1e-8)
