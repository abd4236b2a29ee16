"""What was measured of a LoRA: the scorecard of exactly its file, and the strength that was found best for it."""

from functools import lru_cache
from pathlib import Path

from .context import ToolContext
from .evaluation import scorecard as scorecards
from .evaluation.scorecard import Scorecard
from .library import Known

AS_TRAINED = 1.0


def card_in(folder: Path) -> Scorecard | None:
    """The scorecard in a run's folder; None where there is none or it cannot be read. Kept until the file changes."""
    file = folder / scorecards.FILE_NAME
    return _read(folder, file.stat().st_mtime_ns) if file.is_file() else None


def scores_of(context: ToolContext, known: Known) -> Scorecard | None:
    """The scorecard of exactly this file; None where there is none, it is of another step, or it cannot be read."""
    if known.row.run_id is None:
        return None
    card = card_in(context.workspace.run_folder(known.row.run_id))
    return card if card and card.lora_sha256 == known.row.sha256 else None


def best_strength(scores: Scorecard | None) -> float:
    """The strength that scored best among those tried, else as trained."""
    return scores.sweep.best_strength if scores and scores.sweep else AS_TRAINED


@lru_cache(maxsize=256)
def _read(folder: Path, _stamp: int) -> Scorecard | None:
    try:
        return scorecards.load(folder)
    except scorecards.ScorecardDamaged:
        return None
