"""Where tokens are: rope coordinates and embeddings of one or several grids of tokens, made once for each layout."""

from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

KEPT_BYTES = 256 * 2**20  # a layout of LTX-2.3 at 960x544x49 takes 58 MB, one at 1280x704x257 takes 476 MB


@dataclass(frozen=True)
class Grid:
    """Tokens of one clip or picture: latent frames, height and width, and frames per second.

    `scale` multiplies the positions in space, where the grid is a smaller picture of the same thing.
    """

    shape: tuple[int, int, int]
    fps: float
    scale: int = 1


Layout = tuple[Grid, ...]  # the video's grid and, after it, those of references


@lru_cache(maxsize=16)  # under 1 MB each; making them copies from the host, which waits for the device
def coordinates(rope: Any, layout: Layout, batch: int, device: torch.device) -> Tensor:
    """Start and end of each token in seconds and pixels, (batch, 3, tokens, 2), by the transformer's rope module.

    Kept for the next step: not to be changed in place.
    """
    parts = []
    for grid in layout:
        where = rope.prepare_video_coords(batch, *grid.shape, device, fps=grid.fps)
        if grid.scale != 1:
            where = torch.cat([where[:, :1], where[:, 1:] * grid.scale], dim=1)
        parts.append(where)
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=2)


class RotaryEmbeddings:
    """Cosines and sines (1, heads, tokens, width / 2 of a head) of layouts, kept on the device they were asked for.

    They depend on nothing that changes while training, and making them takes double precision. Those used last are kept
    as far as KEPT_BYTES go; the one in use always is.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Layout, torch.device], tuple[Tensor, Tensor]] = OrderedDict()

    def of(self, rope: Any, layout: Layout, device: torch.device) -> tuple[Tensor, Tensor]:
        """The embeddings of a layout, for a batch of one: they hold for every sample of a batch."""
        key = (layout, device)
        if key not in self._kept:
            with torch.no_grad():
                self._kept[key] = rope(coordinates(rope, layout, 1, device), device=device)
            while len(self._kept) > 1 and self.held_bytes > KEPT_BYTES:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    @property
    def held_bytes(self) -> int:
        """What all that is kept takes."""
        return sum(part.nbytes for pair in self._kept.values() for part in pair)

    def forget(self) -> None:
        """Let go of everything that is kept."""
        self._kept.clear()
