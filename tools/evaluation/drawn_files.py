"""Do the files look drawn? What the built-in embedder and the reader of drawn views say holds for drawings only."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainer_core.plan import BaseModelName

from ..audit.coverage import MOSTLY_UNKNOWN
from ..vision.eyes.drawing import looks_drawn
from .drawn_views import UNKNOWN, view_counts

MOSTLY = 0.5
PHOTOGRAPHED = "most of your files do not look drawn, and the built-in embedder knows drawn characters only"

Files = Sequence[NDArray[np.uint8]]  # the pictures (n, h, w, 3) of each file


def drawn_share(files: Files) -> float:
    """Share of the files, 0..1, whose first picture looks drawn to the audit's own eyes."""
    return float(np.mean([looks_drawn(pictures[0]) for pictures in files]))


def drawn_views(files: Files, drawn: float) -> dict[str, int] | None:
    """How many files show each view; None where they are not drawn, or most could not be read."""
    if drawn < MOSTLY:
        return None
    views = view_counts(files)
    return views if views[UNKNOWN] <= MOSTLY_UNKNOWN * len(files) else None


def lines_hold(base: BaseModelName, drawn: float | None) -> bool:
    """Whether the embedder's lines say something of this material. `drawn` is None where nobody looked."""
    return base is BaseModelName.MINI and (drawn is None or drawn >= MOSTLY)
