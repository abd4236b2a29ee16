"""Is a picture drawn or computer-made, with the even surfaces that no camera gives?

Where it is, a face in full view can be missed, so that a missing face says nothing about backs.
"""

import cv2
import numpy as np

from ..quality import Picture

SIDE = 512  # pixels: the picture is looked at in a square of this side
EVEN_SHARE = 0.84  # of the pixels whose Laplacian is within 1 of 255; renders with camera-like grain had at most .83
EVEN_GRAIN = 0.07  # median difference to the blurred picture, of 255; renders with grain had at least .08


def looks_drawn(picture: Picture) -> bool:
    """True for pictures without any grain. A clean studio photograph that was smoothed can be among them."""
    small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.float32)
    even = float((np.abs(cv2.Laplacian(grey, cv2.CV_32F)) <= 1).mean())
    grain = float(np.median(np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 1))))
    return even >= EVEN_SHARE or grain <= EVEN_GRAIN
