"""From which side is this drawn character seen? A small convolutional net for the drawn world of mini, and only there.

The audit's eyes read people; a drawn character has no face that they know. In the drawn world the yaw of every picture
is known, so this net could be trained (`drawn_views_training.py`) and measured on characters that it never saw
(`drawn_views_calibration.py`, figures in `drawn_views.json`).

VALIDITY: it holds for characters drawn like mini's and for nothing else. On photographs of all sorts it still answers
about every second time, and those answers mean nothing, so the audit of ordinary pictures must never ask it. It also
takes for granted that there is a character in the picture.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from trainer_core.dataset.fitting import fit

from .drawn_views_figures import load_figures
from .embedder import SIDE, to_input

DrawnView = Literal["front", "three_quarter", "profile", "back"]
VIEWS: tuple[DrawnView, ...] = get_args(DrawnView)  # in the order of the net's outputs, and of growing yaw
UNKNOWN = "unknown"
VALIDITY = "holds only for characters drawn like those of mini's world; never for photographs or other drawings"
WEIGHTS = Path(__file__).with_name("drawn_views.safetensors")
WIDTHS, STRIDES = (3, 24, 40, 56, 72, 80), (2, 2, 2, 1, 2)


class ViewNet(nn.Module):
    """Images (n, 3, 64, 64) in -1..1 to logits (n, 4) of VIEWS."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after, stride in zip(WIDTHS[:-1], WIDTHS[1:], STRIDES, strict=True):
            layers += [nn.Conv2d(before, after, 3, stride, 1), nn.GroupNorm(8, after), nn.SiLU()]
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.head = nn.Linear(WIDTHS[-1] * 4 * 4, len(VIEWS))

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(images))
        return logits


@lru_cache(maxsize=2)
def load_net(path: Path = WEIGHTS) -> ViewNet:
    """The trained net, ready for use. Raises FileNotFoundError in words when the weights are missing."""
    if not path.exists():
        raise FileNotFoundError(
            f"The weights that read views of drawn characters are missing ({path.name}). Install Sidekick again, or "
            "make them with: python -m tools.evaluation.drawn_views_calibration"
        )
    net = ViewNet()
    net.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    return net.eval()


def view_odds(pictures: Sequence[NDArray[np.uint8]] | NDArray[np.uint8], net: ViewNet | None = None) -> Tensor:
    """Probabilities (n, 4) of VIEWS for pictures of any size, (h, w, 3) uint8 RGB each.

    Only the middle square of a picture is seen. A picture and its mirror image show the same view: their mean is given.
    """
    if len(pictures) == 0:
        return torch.zeros((0, len(VIEWS)))
    net = net or load_net()
    small = np.stack([fit(picture, SIDE, SIDE) for picture in pictures])
    odds = []
    with torch.inference_mode():
        for part in np.array_split(small, -(-len(small) // 256)):
            images = to_input(part)
            odds.append((net(images).softmax(dim=1) + net(images.flip(3)).softmax(dim=1)) / 2)
    return torch.cat(odds)


def answers_of(odds: Tensor, confidence: float) -> list[str]:
    """The likeliest view for each row of `odds` (n, 4); "unknown" where it is less likely than `confidence`."""
    best, index = odds.max(dim=1)
    return [
        VIEWS[where] if value >= confidence else UNKNOWN
        for value, where in zip(best.tolist(), index.tolist(), strict=True)
    ]


def views_of(pictures: Sequence[NDArray[np.uint8]] | NDArray[np.uint8]) -> list[str]:
    """The view of each picture of a character drawn like mini's: one of VIEWS, or "unknown" when unsure.

    Pictures are (h, w, 3) uint8 RGB of any size. See VALIDITY: the answers mean nothing on any other pictures.
    """
    return answers_of(view_odds(pictures), load_figures().confidence)


def view_counts(files: Sequence[NDArray[np.uint8]]) -> dict[str, int]:
    """How many files show each view; a file is its pictures (n, h, w, 3), one for a picture, several for a clip.

    A clip in which the character turns counts for every view that it shows. A file counts as "unknown" when none of
    its pictures could be read. All five keys are always there. See VALIDITY.
    """
    counts = dict.fromkeys((*VIEWS, UNKNOWN), 0)
    answers = views_of([picture for file in files for picture in file])
    start = 0
    for file in files:
        shown = set(answers[start : start + len(file)])
        start += len(file)
        for view in shown - {UNKNOWN} or {UNKNOWN}:
            counts[view] += 1
    return counts
