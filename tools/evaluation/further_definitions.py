"""More measures as data: stillness and flicker, views on mini, and what further embedders see where they are there."""

from trainer_core.plan import BaseModelName
from trainer_core.recipes import RecipeName

from .calibration import load_calibration
from .definitions import COSINE, PLAIN, SHARE, Definition
from .measures import steadiness_of
from .scorecard import ClipScore

_MINI, _LTX = (BaseModelName.MINI,), (BaseModelName.LTX23,)
_SUBJECTS = (RecipeName.CHARACTER, RecipeName.FACE)
_DINO = "mean cosine of DINOv2's [CLS] vectors of 16 frames to those of your files, all pairs (DreamBooth's DINO)"
_CLIP = "mean cosine of CLIP's vectors of 16 frames to that of the prompt without the trigger word (CLIP-T)"


def stands_still(clip: ClipScore) -> bool:
    """Does nothing move? By VBench's flow and, where a line is stored, by the change between frames.

    That line is of mini's clips: a difference of neighbouring frames says something else at another size and rate, so
    this is only asked where it holds (Definition.stored_line).
    """
    line = load_calibration().lines.get("still")
    return clip.moving == 0 and (line is None or clip.change < line.value)


def _stopped(lora: ClipScore, base: ClipScore) -> float | None:
    return None if stands_still(base) else float(stands_still(lora))


def _steady(clip: ClipScore) -> float | None:
    quiet = clip.moving == 0 and clip.case.nothing_moves
    return steadiness_of(clip.change) if quiet else None


def _extra(
    measure_id: str,
    title: str,
    words: str,
    *,
    name: str = "",
    of_base: bool = False,
    unit: str = COSINE,
    purposes: tuple[str, ...] = PLAIN,
    bases: tuple[BaseModelName, ...] = _LTX,
    recipes: tuple[RecipeName, ...] = (),
    paired: bool = False,
    face_line: bool = False,
) -> Definition:
    key = name or measure_id
    return Definition(
        id=measure_id,
        title=title,
        purposes=purposes,
        of=lambda lora, base: (base if of_base else lora).extra.get(key),
        words=words,
        unit=unit,
        paired=paired or of_base,
        embedder=False,
        extra=key,
        bases=bases,
        recipes=recipes,
        line="same face" if face_line else None,
    )


FURTHER: tuple[Definition, ...] = (
    Definition(
        id="still",
        title="Stands still where it moved before training",
        purposes=PLAIN,
        paired=True,
        of=_stopped,
        words="share of clips without any movement, of those that move on the base model; movement is VBench's flow or "
        "a change between frames above the calibrated line",
        unit=SHARE,
        embedder=False,
        stored_line="still",
        unmeasured="No test clip moves on the base model either.",
    ),
    Definition(
        id="flicker",
        title="Does not flicker",
        purposes=(*PLAIN, "view"),
        of=lambda lora, base: _steady(lora),
        words="VBench's temporal flickering on clips in which nothing is asked to move and nothing does: (255 - mean "
        "absolute difference of neighbouring frames) / 255; 1 is perfectly calm",
        unit=SHARE,
        line="calm",
        embedder=False,
        unmeasured="No test clip was still enough to tell flicker from movement.",
    ),
    _extra(
        "same_view",
        "Looks like your pictures of the same side",
        "mean cosine of the frames' embeddings to the mean embedding of those of your files that show the same view",
        purposes=("view",),
        bases=_MINI,
        recipes=_SUBJECTS,
    ),
    _extra(
        "view_shown",
        "Turns the way the words say",
        "share of frames, of those whose view can be read, that show the view that was asked for",
        unit=SHARE,
        purposes=("view",),
        bases=_MINI,
        recipes=_SUBJECTS,
    ),
    _extra("dinov2", "Looks like your pictures to DINOv2", _DINO, recipes=_SUBJECTS),
    _extra(
        "dinov2_base",
        "The same before training, to DINOv2",
        f"{_DINO}; base model without the LoRA",
        name="dinov2",
        of_base=True,
        recipes=_SUBJECTS,
    ),
    _extra(
        "dinov2_consistency",
        "Stays itself through the clip, to DINOv2",
        "VBench's subject consistency on DINOv2",
        unit=SHARE,
        recipes=_SUBJECTS,
    ),
    _extra(
        "face",
        "The same face",
        "ConsisID's FaceSim on SFace: 16 evenly spaced frames, mean of max(0, cosine) to the faces of your files; "
        "frames without a face of at least 60 pixels are skipped",
        unit=SHARE,
        recipes=(RecipeName.FACE,),
        face_line=True,
    ),
    _extra(
        "face_seen",
        "A face can be seen",
        "share of those 16 frames in which YuNet finds a face of at least 60 pixels",
        unit=SHARE,
        recipes=(RecipeName.FACE,),
    ),
    _extra("clip_text", "Shows what the words say, to CLIP", _CLIP, paired=True),
    _extra(
        "clip_text_base",
        "Showed what the words say before training, to CLIP",
        f"{_CLIP}; base model without the LoRA",
        name="clip_text",
        of_base=True,
    ),
    _extra(
        "clip_consistency",
        "The picture stays the same through the clip",
        "VBench's background consistency: its formula for the subject, on CLIP's vectors of whole frames",
        unit=SHARE,
    ),
)
