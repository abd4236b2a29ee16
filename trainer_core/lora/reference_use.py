"""How a LoRA file wants its reference: read from the header, never guessed from names or folders."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ..plan import ReferenceKind, TrainingPlan
from .container import UnreadableFileError, check_start
from .report import shown

FACTOR, KIND = "reference_downscale_factor", "sidekick.reference"
LARGEST_FACTOR = 16


@dataclass(frozen=True)
class ReferenceUse:
    """times_smaller: by how much the reference is smaller than the video. kind: None where the file does not say."""

    times_smaller: int
    kind: ReferenceKind | None = None

    def words(self) -> str:
        """What a person has to do, in one sentence."""
        size = (
            "of the video's size" if self.times_smaller == 1 else f"{self.times_smaller} times smaller than the video"
        )
        what = {
            ReferenceKind.PAIR: "the picture or clip to start from or to follow",
            ReferenceKind.SAME_SUBJECT: "a picture of the subject",
        }.get(self.kind or ReferenceKind.NONE, "a picture or clip")
        return (
            f"This is an in-context LoRA: give it a reference ({what}) with the prompt; it was trained with one {size}."
        )


def reference_entries(plan: TrainingPlan) -> dict[str, str]:
    """The header's entries for a plan; none where no references were trained.

    ComfyUI-LTXVideo and Lightricks' own pipelines read `reference_downscale_factor`.
    """
    if plan.reference is ReferenceKind.NONE:
        return {}
    return {FACTOR: str(plan.reference_downscale), KIND: plan.reference.value}


def reference_use(metadata: Mapping[str, str]) -> ReferenceUse | None:
    """What a header says; None for an ordinary LoRA. Raises ValueError in words when the factor makes no sense."""
    if FACTOR not in metadata and KIND not in metadata:
        return None
    text = metadata.get(FACTOR, "1")
    try:
        factor = float(text)
    except ValueError:
        factor = math.nan
    if not (1 <= factor <= LARGEST_FACTOR and factor == int(factor)):
        raise ValueError(
            f"The file's header gives {FACTOR} as {shown(text, 40)!r}; it must be a whole number from 1 to "
            f"{LARGEST_FACTOR}. Ask whoever made the file which factor it was trained with."
        )
    kind = metadata.get(KIND)
    return ReferenceUse(int(factor), ReferenceKind(kind) if kind in set(ReferenceKind) - {ReferenceKind.NONE} else None)


def reference_use_of(path: Path) -> ReferenceUse | None:
    """The same from a file's header alone. Raises UnreadableFileError, or ValueError, in words."""
    try:
        check_start(path)
        with safe_open(path, framework="pt") as file:
            return reference_use(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise UnreadableFileError("The LoRA file is damaged or cannot be read. Fetch it again.") from error
