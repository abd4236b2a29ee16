"""Where tokens are: rope coordinates and embeddings of one or several grids of tokens, made once for each layout."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

KEPT_LAYOUTS = 16  # a layout of LTX-2.3 at 960x544x49 takes 58 MB


@dataclass(frozen=True)
class Grid:
    """Tokens of one clip or picture: latent frames, height and width, and frames per second.

    `scale` multiplies the positions in space, where the grid is a smaller picture of the same thing.
    """

    shape: tuple[int, int, int]
    fps: float
    scale: int = 1


Layout = tuple[Grid, ...]  # the video's grid and, after it, those of references


def coordinates(rope: Any, layout: Layout, batch: int, device: torch.device) -> Tensor:
    """Start and end of each token in seconds and pixels, (batch, 3, tokens, 2), by the transformer's rope module."""
    parts = []
    for grid in layout:
        where = rope.prepare_video_coords(batch, *grid.shape, device, fps=grid.fps)
        if grid.scale != 1:
            where = torch.cat([where[:, :1], where[:, 1:] * grid.scale], dim=1)
        parts.append(where)
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=2)


class RotaryEmbeddings:
    """Cosines and sines (1, heads, tokens, width / 2 of a head) of layouts, kept on the device they were asked for.

    They depend on nothing that changes while training, and making them takes double precision.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Layout, torch.device], tuple[Tensor, Tensor]] = OrderedDict()

    def of(self, rope: Any, layout: Layout, device: torch.device) -> tuple[Tensor, Tensor]:
        """The embeddings of a layout, for a batch of one: they hold for every sample of a batch."""
        key = (layout, device)
        if key not in self._kept:
            with torch.no_grad():
                self._kept[key] = rope(coordinates(rope, layout, 1, device), device=device)
            while len(self._kept) > KEPT_LAYOUTS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def forget(self) -> None:
        """Let go of everything that is kept."""
        self._kept.clear()
