"""Is a picture drawn or computer-made, with the even, colourful surfaces that no camera gives?

Where it is, a face in full view can be missed, so that a missing face says nothing about backs. The limits were set on
renders with camera-like grain (at most .67 even; hardly ever 30 colourful where .58 even) and on drawn characters, also
after JPEG (at least .60 even, 95 % above 34 colourful).
"""

import cv2
import numpy as np

from ..quality import Picture

SIDE = 256  # pixels: the picture is looked at in a square of this side
EVEN = 0.68  # share of pixels whose Laplacian is within 1 of 255: no camera's picture is as even
FAIRLY_EVEN, COLOURFUL = 0.58, 30.0  # the same share, and the 90th percentile of the chroma in Lab


def looks_drawn(picture: Picture) -> bool:
    """True for even and colourful pictures. A smoothed studio photograph can be among them."""
    small = np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), dtype=np.float32) / 255
    grey = 255 * cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    even = float((np.abs(cv2.Laplacian(grey, cv2.CV_32F)) <= 1).mean())
    if even >= EVEN or even < FAIRLY_EVEN:
        return even >= EVEN
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)
    return float(np.percentile(np.hypot(lab[..., 1], lab[..., 2]), 90)) >= COLOURFUL
