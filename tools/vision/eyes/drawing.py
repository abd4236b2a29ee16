"""Is a picture drawn or computer-made, with the even, colourful surfaces that no camera gives?

Where it is, a face in full view can be missed, so that a missing face says nothing about backs. The weights are a
logistic regression on drawn characters at 256 to 1024 pixels, as PNG and as JPEG of quality 60 to 95, against renders
with camera-like grain, also as JPEG, and some photographs; the limit finds 95 % of the drawings and 1 to 2 % of the
rest (small JPEG files: 96 and about 10 %). benchmarks/audit_views.py measures what follows from it.
"""

import cv2
import numpy as np

from ..quality import Picture

SIDE = 256  # pixels: the picture is looked at in a square of this side
DRAWN = 1.87  # the limit of the weighted sum
SMALL, SMALL_DRAWN = 320, 1.78  # pixels up to which JPEG's ripples are not averaged away, and the limit there
_EVEN, _FAIRLY_EVEN = 1.0, 1.06  # weights of the shares of pixels whose Laplacian is within 1 and 2 of 255
_MOST_COLOURFUL, _COLOURFUL = 0.0078, 0.0131  # and of the 90th and 50th percentiles of the chroma in Lab


def looks_drawn(picture: Picture) -> bool:
    """True for even and colourful pictures. A smoothed studio photograph can be among them."""
    small = np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), dtype=np.float32) / 255
    bend = np.abs(cv2.Laplacian(255 * cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), cv2.CV_32F))
    lab = cv2.cvtColor(small[::2, ::2], cv2.COLOR_RGB2LAB)
    most, half = np.percentile(np.hypot(lab[..., 1], lab[..., 2]), (90, 50))
    even = _EVEN * (bend <= 1).mean() + _FAIRLY_EVEN * (bend <= 2).mean()
    limit = SMALL_DRAWN if max(picture.shape[:2]) <= SMALL else DRAWN
    return bool(even + _MOST_COLOURFUL * most + _COLOURFUL * half >= limit)
