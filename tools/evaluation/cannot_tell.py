"""What a scoring cannot tell on the material at hand, in words: notes that stand beside the figures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer_core.dataset.manifest import Manifest
from trainer_core.generation.generate import prompt_tokens
from trainer_core.plan import BASES, TrainingPlan
from trainer_core.recipes import RecipeName

from ..audit.views import NOT_LOOKED
from ..text import plural, quoted
from .prompts import PromptCase
from .scorecard import TrainingSet

if TYPE_CHECKING:
    from ..audit.model import Audit

NAMED = 3  # files that are named one by one


def of_files(
    manifest: Manifest, plan: TrainingPlan, figures: TrainingSet, unread: Sequence[str], audit: "Audit | None"
) -> tuple[str, ...]:
    """Notes on the files that the clips are compared with. `unread` are names of files that could not be read."""
    found = []
    if manifest.checksum != plan.dataset:
        found.append(
            "Files or captions were changed after this LoRA was trained. The clips are compared with the files as they "
            "are now; train again to have both the same."
        )
    if unread:
        names = ", ".join(quoted(name, 60) for name in unread[:NAMED])
        more = f" and {len(unread) - NAMED} more" if len(unread) > NAMED else ""
        found.append(
            f"{plural(len(unread), 'file')} could not be read any more ({names}{more}); the clips are compared with "
            "the others. Add the missing files again to count them."
        )
    if len(manifest.usable) - len(unread) == 1:
        found.append(
            "There is one file only to compare with. How much your files differ among themselves cannot be told, nor "
            "whether a likeness is to the subject or to that one picture: its place, pose and light count too. A few "
            "more files of the same subject would settle it."
        )
    if figures.captions and not figures.captions_with_trigger:
        found.append(
            f"None of the {plural(figures.captions, 'caption')} has the trigger word {plan.trigger}, so the LoRA could "
            "not learn what it calls. Let me write the captions again, then train again."
        )
    if plan.recipe is RecipeName.FACE and (words := _of_faces(audit)):
        found.append(words)
    return tuple(found)


def _of_faces(audit: "Audit | None") -> str | None:
    """None where faces were found."""
    items = [item for item in audit.items if item.id is not None and not item.excluded] if audit else []
    if not items:
        return "Whether your files show a face is not known: look through the files first (say “check my files”)."
    if any(item.people for item in items):
        return None
    if all(item.view.reason == NOT_LOOKED for item in items):
        return f"Whether your files show a face is not known. {NOT_LOOKED}"
    return (
        f"No face was found in any of your {plural(len(items), 'file')}, so no figure here is about a face. Add sharp "
        "pictures of the face from the front and the sides, or choose the character recipe for a drawn subject."
    )


def of_prompts(cases: Sequence[PromptCase], pipeline: Any, plan: TrainingPlan) -> tuple[str, ...]:
    """A note where prompts have more tokens than the base model reads."""
    limit = prompt_tokens(pipeline)
    long = [case for case in cases if len(pipeline.tokenizer(case.prompt)["input_ids"]) > limit]
    if not long:
        return ()
    title = BASES[plan.base].title.partition(" (")[0]
    ends = "its end is" if len(long) == 1 else "their ends are"
    return (
        f"{plural(len(long), 'test prompt')} made from your captions: longer than {title} reads ({limit} tokens, about "
        f"{limit * 3 // 4} words), so {ends} not seen, as in training. Shorter captions would be read in full.",
    )


def of_clip(case: PromptCase, frames: NDArray[np.uint8], asked: int, model: str) -> str | None:
    """What is wrong with a clip's length (frames, h, w, 3); None when it is as long as was asked for."""
    if len(frames) == asked:
        return None
    side = "with the LoRA" if model == "lora" else "before training"
    if not len(frames):
        return f"The model gave no frames for “{case.label}” ({side}), so this clip is not in the figures."
    return (
        f"The clip “{case.label}” ({side}) has {plural(len(frames), 'frame')} instead of {asked}; it counts as it is."
    )
