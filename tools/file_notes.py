"""What a plan will do with single files, before it is started: too short, cut, without a reference, without sound."""

from trainer_core.dataset.buckets import samples_of
from trainer_core.dataset.manifest import Manifest
from trainer_core.dataset.sound_notes import sound_notes
from trainer_core.plan import TrainingPlan

from .text import quoted

MOST = 6  # lines in an answer; the run itself tells all of them


def file_notes(manifest: Manifest, plan: TrainingPlan, *, most: int = MOST) -> list[str]:
    """Lines for a person. Names of files are data: shortened and made harmless."""
    notes = [*samples_of(manifest, plan)[1], *sound_notes(manifest, plan)]
    shown = [quoted(note, 300) for note in notes[:most]]
    return [*shown, *([f"And {len(notes) - most} more notes; the run tells all of them."] if len(notes) > most else [])]
