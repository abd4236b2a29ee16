"""Where the subject is, pixel by pixel, from MediaPipe's selfie segmentation.

It also fires on animals and things, so it cannot say whether a person is there; it says what is in front.
"""

import cv2
import numpy as np

from ..quality import Picture
from .runtime import Floats, run

SIZE = 256


def find_outline(picture: Picture) -> Floats:
    """Mask 0 (background) to 1 (subject), float32 of shape (256, 256): the whole picture squeezed to a square."""
    small = cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    square = np.asarray(small, dtype=np.float32) / np.float32(255)
    return np.asarray(run("outline", square[None])[0][0, :, :, 0], dtype=np.float32)
