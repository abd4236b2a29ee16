"""From generated clips to the scorecard's measures. Where no line holds for the material, a figure is only shown."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trainer_core.plan import BaseModelName
from trainer_core.recipes import RecipeName

from . import measures
from .attributes import place_in, place_of
from .calibrated import Calibration, Material
from .definitions import DEFINITIONS, Definition, Line
from .drawn_files import PHOTOGRAPHED, lines_hold
from .embedder import embed
from .embedders.faces import SAME_FACE, SAME_FACE_SOURCE
from .further_definitions import FURTHER
from .prompts import PromptCase
from .reference import Reference
from .scorecard import ClipScore, Measure, Threshold, Verdict

ONE_SUBJECT = (RecipeName.CHARACTER, RecipeName.FACE)
NO_LINE = (
    "There is no line that holds for this material: the stored one comes from mini's small drawn clips at 8 frames a "
    "second."
)

Model = Literal["base", "lora"]


def score_clip(
    case: PromptCase, model: Model, file: str, frames: NDArray[np.uint8], reference: Reference, *, fps: float
) -> ClipScore:
    """Everything that is measured on one clip (frames, h, w, 3) of `fps` frames per second."""
    vectors = embed(frames)
    thumbs = measures.thumbnails(list(frames))
    return ClipScore(
        case=case,
        model=model,
        file=file,
        identity=round(measures.identity(vectors, reference.prototype), 4),
        identity_by_frame=tuple(round(float(value), 4) for value in vectors @ reference.prototype),
        consistency=round(measures.consistency(vectors), 4),
        nearest=round(max(measures.nearest(thumbs, known) for known in reference.thumbnails), 4),
        moving=round(measures.moving_share(frames, fps), 4),
        change=round(measures.change(frames), 4),
        empty=round(measures.empty_share(frames), 4),
        burned=round(measures.burned_share(frames), 4),
        place=place_of(frames) if place_in(case.prompt) else None,
    )


def measure_all(
    clips: Sequence[ClipScore],
    calibration: Calibration,
    *,
    base: BaseModelName,
    recipe: RecipeName,
    drawn: float | None = None,
    said: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Measure, ...]:
    """All measures of the tables, in their order; those of which no clip was made have no value.

    `drawn` is the share of the training files that look drawn, where somebody looked; `said` is what a second look said
    of its figures (second_look.SecondLook.said).
    """
    with_lora = {clip.case.id: clip for clip in clips if clip.model == "lora"}
    on_base = {clip.case.id: clip for clip in clips if clip.model == "base"}
    name = calibration.nearest_to_clips
    judged = lines_hold(base, drawn) and recipe in ONE_SUBJECT
    validity = _validity(base, recipe, name, drawn)
    result = []
    for definition in (*DEFINITIONS, *FURTHER):
        if base not in definition.bases or (definition.recipes and recipe not in definition.recipes):
            continue
        if definition.view and not any(clip.case.view == definition.view for clip in with_lora.values()):
            continue
        threshold = _threshold(definition.line, calibration, name, base)
        if definition.embedder and not judged:
            threshold = None
        if definition.drawn_world and base is not BaseModelName.MINI:
            result.append(_unmeasured(definition, "Only the places of mini's drawn world are known by their colours."))
            continue
        line = calibration.lines.get(definition.stored_line)
        if line is not None and not line.holds_for(base):
            result.append(_unmeasured(definition, NO_LINE))
            continue
        holds = validity if definition.embedder else said.get(definition.extra, "")
        if definition.drawn_world and (probe := calibration.probes.get("place")):
            holds = probe.source
        result.append(_measure(definition, with_lora, on_base, threshold, holds))
    return tuple(result)


def variety(middles: Mapping[str, NDArray[np.uint8]], model: Model, cases: Sequence[str]) -> Measure:
    """How different the scenes look: 1 - mean correlation of the middle frames' thumbnails.

    `middles` gives each clip's middle frame under (model)/(case id).
    """
    shown = [middles[f"{model}/{case}"] for case in cases if f"{model}/{case}" in middles]
    value = round(1 - measures.sameness(measures.thumbnails(shown)), 4) if len(shown) > 1 else None
    return Measure(
        id="variety" if model == "lora" else "variety_base",
        title="Different scenes look different" + ("" if model == "lora" else ", before training"),
        value=value,
        unit="0 to 2",
        definition="1 - mean correlation of the clips' middle frames (16 x 16 thumbnails) between prompts",
        evidence=tuple(cases),
        validity="No line is known for this figure: compare it with the base model's.",
    )


def _measure(
    definition: Definition,
    with_lora: Mapping[str, ClipScore],
    on_base: Mapping[str, ClipScore],
    threshold: Threshold | None,
    validity: str,
) -> Measure:
    chosen = [
        name
        for name, clip in with_lora.items()
        if clip.case.purpose in definition.purposes
        and (definition.view is None or clip.case.view == definition.view)
        and (not definition.paired or name in on_base)
    ]
    found = {name: definition.of(with_lora[name], on_base.get(name, with_lora[name])) for name in chosen}
    values = [value for value in found.values() if value is not None]
    if not values:
        return _unmeasured(definition, (validity if definition.extra else "") or definition.unmeasured)
    value = round(definition.combine(values), 4)
    verdict: Verdict = "shown"
    if threshold is not None:
        verdict = "good" if threshold.met_by(value) else "poor"
    return Measure(
        id=definition.id,
        title=definition.title,
        value=value,
        low=round(min(values), 4),
        high=round(max(values), 4),
        unit=definition.unit,
        definition=definition.words,
        threshold=threshold,
        verdict=verdict,
        evidence=tuple(name for name in chosen if found[name] is not None),
        validity=f"{validity} {definition.validity}".strip(),
    )


def _unmeasured(definition: Definition, why: str) -> Measure:
    return Measure(
        id=definition.id,
        title=definition.title,
        value=None,
        unit=definition.unit,
        definition=definition.words,
        validity=why,
    )


def _threshold(line: Line | None, calibration: Calibration, name: str, base: BaseModelName) -> Threshold | None:
    if line == "same face":
        return Threshold(value=SAME_FACE, direction="at least", source=SAME_FACE_SOURCE)
    if line == "calm":
        stored = calibration.lines.get("flicker")
        if stored is None or base is not BaseModelName.MINI:
            return None
        return Threshold(value=stored.value, direction=stored.direction, source=stored.source)
    return _embedder_threshold(line, calibration.materials[name], calibration.source(name))


def _embedder_threshold(line: Line | None, material: Material, source: str) -> Threshold | None:
    if line == "none at all":
        return Threshold(value=0.0, direction="at most", source="a sound clip has no empty frames")
    if line == "same character":
        errors = f"{material.equal_error:.0%} errors on either side"
        words = f"{source}: the line between the same and a different character ({errors})"
        return Threshold(value=material.threshold, direction="at least", source=words)
    if line in ("above chance", "within chance"):
        words = f"{source}: 95 % of differences between clips of unrelated characters are smaller"
        direction: Literal["at least", "at most"] = "at least" if line == "above chance" else "at most"
        return Threshold(value=material.chance, direction=direction, source=words)
    if line == "steady" and material.consistency is not None:
        words = f"{source}: 95 % of these clips are steadier"
        return Threshold(value=material.consistency.p05, direction="at least", source=words)
    return None


def _validity(base: BaseModelName, recipe: RecipeName, material: str, drawn: float | None) -> str:
    if recipe not in ONE_SUBJECT:
        return f"The built-in embedder knows characters; it cannot judge a {recipe.value}, so there is no verdict."
    if base is not BaseModelName.MINI:
        return "The built-in embedder is calibrated on drawn characters only, so there is no verdict."
    if not lines_hold(base, drawn):
        return f"{PHOTOGRAPHED[0].upper()}{PHOTOGRAPHED[1:]}, so there is no verdict."
    reconstructed = material == "reconstructed"
    how = "true clips through mini's autoencoder" if reconstructed else "damaged drawings, not on mini's own clips"
    return f"Holds for drawn characters; the line was calibrated on {how}."
