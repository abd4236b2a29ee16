"""A second look at the clips: by further embedders where their models are there, and by view where it is known.

On LTX-2.3 that is DINOv2 for characters and faces, YuNet and SFace for faces, CLIP for the words; on mini, whose world
they were not made for, the net that reads the views of drawn characters. What cannot be told is told why.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from trainer_core.plan import BaseModelName
from trainer_core.recipes import RecipeName

from ..text import plural
from . import measures
from .drawn_views import VALIDITY, views_of
from .embedder import embed, mean_vector
from .embedders.clip import load_clip
from .embedders.dinov2 import load_dinov2
from .embedders.faces import SMALLEST, load_faces
from .embedders.protocol import Embedded, Embedder, EmbedderMissing, SeesWords, evenly, face_likeness, likeness
from .reference import Reference, read_whole, spread
from .scorecard import ClipScore, Scorecard

Frames = NDArray[np.uint8]
Found = dict[str, dict[str, float]]  # figures by clip ("lora/new-1"), then by name
Eye = TypeVar("Eye", bound=Embedder)

MOST_PICTURES = 64  # of the training set that a further embedder looks at
LONGEST_SIDE = 1280  # pixels of a training picture in which faces are looked for: cut to 256, most would be too small
DINOV2, FACE, CLIP = ("dinov2", "dinov2_consistency"), ("face", "face_seen"), ("clip_text", "clip_consistency")
_AS_SEEN = f"looked at whole, with at most {LONGEST_SIDE} pixels on the longer side"
NO_FACE = "No face was found that is large enough and turned to the camera"


@dataclass(frozen=True)
class SecondLook:
    """The clips with what else was measured, and what is to be said of each figure (by name): whose it is and what it
    holds for, or why it could not be had."""

    clips: tuple[ClipScore, ...]
    said: Mapping[str, str]


def look_again(
    scores: Mapping[str, ClipScore], frames: Mapping[str, Frames], reference: Reference, card: Scorecard
) -> SecondLook:
    """Look at the clips of a suite; `scores` and `frames` are under (model)/(case id)."""
    found: Found = {key: {} for key in scores}
    said: dict[str, str] = {}
    if card.base is BaseModelName.MINI:
        if card.recipe in (RecipeName.CHARACTER, RecipeName.FACE):
            _by_view(scores, frames, reference, found, said)
    else:
        if card.recipe in (RecipeName.CHARACTER, RecipeName.FACE):
            _with(load_dinov2, DINOV2, said, lambda eye: _dinov2(eye, frames, reference, found))
        if card.recipe is RecipeName.FACE:
            _with(load_faces, FACE, said, lambda eye: _faces(eye, frames, reference, found, said))
        _with(load_clip, CLIP, said, lambda eye: _clip(eye, scores, frames, card, found))
    clips = tuple(
        score.model_copy(update={"extra": {name: round(value, 4) for name, value in found[key].items()}})
        for key, score in scores.items()
    )
    return SecondLook(clips, said)


def _with(load: Callable[[], Eye], names: Sequence[str], said: dict[str, str], use: Callable[[Eye], None]) -> None:
    try:
        eye = load()
    except EmbedderMissing as error:
        said.update(dict.fromkeys(names, str(error)))
    else:
        said.update(dict.fromkeys(names, eye.about.words))
        use(eye)


def _by_view(
    scores: Mapping[str, ClipScore],
    frames: Mapping[str, Frames],
    reference: Reference,
    found: Found,
    said: dict[str, str],
) -> None:
    """Likeness to the training files of the same view, and whether the clip shows the view that was asked for."""
    pictures = [picture for file in reference.pictures for picture in file]
    said["view_shown"] = f"By the net that reads the views of drawn characters; it {VALIDITY}."
    vectors, views = embed(pictures), np.asarray(views_of(pictures))
    for key, score in scores.items():
        asked = score.case.view
        if asked is None:
            continue
        name = asked.replace("-", "_")
        shown = [view for view in views_of(frames[key]) if view != "unknown"]
        if shown:
            found[key]["view_shown"] = float(np.mean([view == name for view in shown]))
        if (views == name).any():
            known = mean_vector(vectors[views == name])
            found[key]["same_view"] = measures.identity(embed(frames[key]), known)
    if not any("same_view" in figures for figures in found.values()):
        said["same_view"] = "None of your files shows the subject from a side that was tried."
    if not any("view_shown" in figures for figures in found.values()):
        said["view_shown"] = "The view of no test clip could be read."


def _dinov2(eye: Embedder, frames: Mapping[str, Frames], reference: Reference, found: Found) -> None:
    known = eye.embed(_pictures(reference)).vectors
    for key, clip in frames.items():
        vectors = eye.embed(list(evenly(clip))).vectors
        found[key] |= _known({"dinov2": likeness(vectors, known)})
        found[key]["dinov2_consistency"] = measures.consistency(vectors)


def _faces(
    eye: Embedder, frames: Mapping[str, Frames], reference: Reference, found: Found, said: dict[str, str]
) -> None:
    seen = _in_files(eye, reference)
    if not len(seen.kept):
        said["face"] = "None of your files could be read again to look for faces."
    elif not len(seen.vectors):
        small = f"{plural(seen.too_small, 'picture')} had no face of at least {SMALLEST} pixels, only smaller ones."
        said["face"] = f"{NO_FACE} in your files ({_AS_SEEN}).{f' {small}' if seen.too_small else ''}"
    for key, clip in frames.items():
        faces = eye.embed(list(evenly(clip)))
        found[key]["face_seen"] = float(faces.kept.mean())
        found[key] |= _known({"face": face_likeness(faces.vectors, seen.vectors)})
    if len(seen.vectors) and not any("face" in figures for figures in found.values()):
        said["face"] = f"{NO_FACE} in the test clips."


def _in_files(eye: Embedder, reference: Reference) -> Embedded:
    """What the eye finds in the training pictures, each whole and by itself: together they would fill the memory."""
    whole = read_whole(reference, LONGEST_SIDE, MOST_PICTURES) if reference.files else iter(_pictures(reference))
    looks = [eye.embed([picture]) for picture in whole]
    return Embedded(
        np.concatenate([look.vectors for look in looks]) if looks else np.zeros((0, 0), np.float32),
        np.concatenate([look.kept for look in looks]) if looks else np.zeros(0, dtype=bool),
        sum(look.too_small for look in looks),
    )


def _clip(
    eye: SeesWords, scores: Mapping[str, ClipScore], frames: Mapping[str, Frames], card: Scorecard, found: Found
) -> None:
    for key, score in scores.items():
        vectors = eye.embed(list(evenly(frames[key]))).vectors
        words = plain_words(score.case.prompt, card.trigger)
        found[key] |= _known({"clip_text": likeness(vectors, eye.embed_words(words))})
        found[key]["clip_consistency"] = measures.consistency(vectors)


def plain_words(prompt: str, trigger: str) -> str:
    """The prompt without the trigger word, which means nothing to anybody but the LoRA."""
    return prompt.replace(f"{trigger}, ", "").replace(trigger, "").strip(" ,")


def _pictures(reference: Reference) -> list[Frames]:
    pictures = [picture for file in reference.pictures for picture in file]
    return [pictures[index] for index in spread(len(pictures), MOST_PICTURES)]


def _known(figures: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in figures.items() if value is not None}
