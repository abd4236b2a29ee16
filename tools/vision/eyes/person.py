"""Could the outline be a person's? Without a face there must be more to claim a back than a body detector's guess.

The outline's network also fires on animals and things, but there it hesitates, falls into pieces or reaches the edges
of the picture. The weights in person.json are fitted by benchmarks/audit_views_evidence.py on outlines of rendered
people seen from behind and of photographs without people.
"""

from pathlib import Path

import cv2
import numpy as np

from .quadratic import Values, read
from .runtime import Floats

FILE = Path(__file__).with_name("person.json")
FEATURES = (
    "logarithm of .02 + the undecided share (.1 to .9), over the subject's share",
    "mean of the mask inside the subject",
    "share of the subject that is in one piece",
    "share of the picture's upper edge that it covers",
    "share of the picture's left and right edges that it covers",
    "share of its convex hull that the largest piece fills",
    "distance of the largest piece from the middle of the picture's width, 0 to 1",
    "height of the largest piece, 0 to 1 of the picture",
)
LEAST = 0.005  # of the picture: smaller outlines are not looked at
_EDGE = 3  # pixels


def looks_like_a_person(outline: Floats) -> bool:
    """Whether a mask of `find_outline` has the shape of one person in the picture."""
    values = person_features(outline)
    return values is not None and read(FILE).says_yes(values)


def person_features(outline: Floats) -> Values | None:
    """FEATURES (8,) of a mask (h, w), 0 to 1; None where there is hardly any subject."""
    inside = outline > 0.5
    covered = float(inside.mean())
    if covered < LEAST:
        return None
    _, labels, stats, middles = cv2.connectedComponentsWithStats(inside.astype(np.uint8), connectivity=8)
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    piece = (labels == largest).astype(np.uint8)
    contour = max(cv2.findContours(piece, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=len)
    undecided = float(((outline > 0.1) & (outline < 0.9)).mean()) / covered
    height, width = outline.shape
    return np.array(
        [
            np.log(0.02 + undecided),
            outline[inside].mean(),
            stats[largest, cv2.CC_STAT_AREA] / inside.sum(),
            inside[:_EDGE].mean(),
            np.concatenate([inside[:, :_EDGE], inside[:, -_EDGE:]]).mean(),
            cv2.contourArea(contour) / max(cv2.contourArea(cv2.convexHull(contour)), 1.0),
            abs(2 * middles[largest][0] / width - 1),
            stats[largest, cv2.CC_STAT_HEIGHT] / height,
        ]
    )
