"""The scorecard: measured figures of a LoRA, each with its definition, threshold, source, evidence and validity."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from trainer_core.dataset.records import write_atomically
from trainer_core.plan import BaseModelName
from trainer_core.recipes import RecipeName
from trainer_core.training.candidates import LORA_FILE

from .audited import AuditedSet
from .prompts import PromptCase

FILE_NAME = "scorecard.json"

Verdict = Literal["good", "poor", "shown"]  # shown: a figure without a threshold that holds for this material


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Threshold(_Frozen):
    """A line that a value is compared with, and where the line comes from."""

    value: float
    direction: Literal["at least", "at most"]
    source: str

    def met_by(self, value: float) -> bool:
        return value >= self.value if self.direction == "at least" else value <= self.value


class Measure(_Frozen):
    """One figure. `low` and `high` are the smallest and largest of the cases; `evidence` names the cases."""

    id: str
    title: str
    value: float | None
    low: float | None = None
    high: float | None = None
    unit: str
    definition: str
    threshold: Threshold | None = None
    verdict: Verdict = "shown"
    evidence: tuple[str, ...] = ()
    validity: str = ""

    def words(self, before: "Measure | None" = None) -> str:
        """One line for a person, with the figure of the base model in it where there is one."""
        if self.value is None:
            return f"{self.title}: not measured. {self.validity}".strip()
        notes = []
        if self.threshold is not None:
            notes.append(f"{self.verdict}: {self.threshold.direction} {self.threshold.value:.2f} is wanted")
        if before is not None and before.value is not None:
            notes.append(f"before training {figure(before.value)}")
        return f"{self.title}: {figure(self.value)}" + (f" ({'; '.join(notes)})" if notes else "")


class ClipScore(_Frozen):
    """One generated clip and what was measured on it. `file` is relative to the run folder."""

    case: PromptCase
    model: Literal["base", "lora"]
    file: str
    identity: float
    identity_by_frame: tuple[float, ...]
    consistency: float
    nearest: float  # correlation with the most similar training picture, see measures.nearest
    moving: float
    change: float
    empty: float
    burned: float
    place: str | None = None  # the drawn place that the background looks like, see attributes.place_of; mini only
    extra: dict[str, float] = {}  # what a second look found, by name, see second_look


class TrainingSet(_Frozen):
    """What the clips are compared with."""

    pictures: int  # pictures and frames of clips that were embedded
    agreement: float | None  # median cosine of a training picture to the mean of the other files
    own_nearest: float | None  # 95th percentile of a file's correlation with its most similar other file
    burned: float
    captions: int
    captions_with_trigger: int
    views: dict[str, int] | None = None  # of characters drawn like mini's; other files are the audit's to judge
    drawn: float | None = None  # share of the files that look drawn and not photographed; None where nobody looked


class SweepPoint(_Frozen):
    """One checkpoint at one strength. The figures are means of its clips; None where they cannot be taken."""

    step: int
    strength: float
    score: float | None
    identity: float | None  # with the trigger
    leak: float | None  # identity without the trigger minus that of the base model
    consistency: float | None
    clips: tuple[ClipScore, ...] = ()


class Sweep(_Frozen):
    """Checkpoints at one strength, then strengths of one checkpoint, on the same prompts and seeds."""

    checkpoints: tuple[SweepPoint, ...]
    strengths: tuple[SweepPoint, ...]
    best_step: int
    best_strength: float
    margin: float | None  # the best score minus the next, over both lists; None where there is nothing to compare
    definition: str  # of the score
    words: str  # why this checkpoint and this strength


class Scorecard(_Frozen):
    """All figures of one LoRA file."""

    run_id: str
    base: BaseModelName
    recipe: RecipeName
    trigger: str
    noun: str
    lora_sha256: str | None
    lora_file: str = LORA_FILE  # of the run's folder: an earlier step's where the sweep chose that
    lora_problems: tuple[str, ...] = ()
    lora_not_finite: int = 0  # numbers in the file that are NaN or infinite
    lora_all_zero: bool = False  # every layer's change is zero
    weight_change: float | None = None  # median delta RMS of the layers
    measures: tuple[Measure, ...] = ()
    clips: tuple[ClipScore, ...] = ()
    training_set: TrainingSet | None = None
    validation: tuple[tuple[int, float], ...] = ()  # (step, loss)
    width: int
    height: int
    frames: int
    fps: float
    sampling_steps: int
    guidance: float
    honesty: str
    created: str
    seconds: float = 0.0
    files_changed: bool = False  # files or captions were not those of the training any more
    audited: AuditedSet | None = None  # what the audit said of the files at that time
    sweep: Sweep | None = None  # None where only the last checkpoint was scored
    notes: tuple[str, ...] = ()  # what could not be tried or told, and why, in words

    def measure(self, measure_id: str) -> Measure | None:
        """The measure with this id."""
        return next((measure for measure in self.measures if measure.id == measure_id), None)

    @property
    def poor(self) -> tuple[Measure, ...]:
        """The measures on the wrong side of their line."""
        return tuple(measure for measure in self.measures if measure.verdict == "poor")

    def value(self, measure_id: str) -> float | None:
        """A measure's value; None when it was not measured."""
        measure = self.measure(measure_id)
        return None if measure is None else measure.value

    def words(self) -> str:
        """The scorecard in plain English, a line per figure."""
        if self.lora_problems:
            kept = "The file was kept as it is, and no test clips were made."
            return " ".join(["The LoRA file cannot be used:", *self.lora_problems, kept])
        lines = [
            measure.words(self.measure(f"{measure.id}_base"))
            for measure in self.measures
            if not measure.id.endswith("_base")
        ]
        chosen = [self.sweep.words] if self.sweep else []
        return "\n".join([*lines, *chosen, *self.notes, *([self.honesty] if self.honesty else [])])


def figure(value: float | None) -> str:
    """Two decimals, more where the figure is small; never -0.00."""
    if value is None:
        return "not measured"
    return f"{round(value, 2) + 0.0:.2f}" if abs(value) >= 0.005 or value == 0 else f"{value:.1g}"


def no_cause(card: Scorecard) -> str:
    """That figures are poor, which and by how much, and that no rule says why; empty where none is poor."""
    poor = ", ".join(
        f"“{each.title}” {figure(each.value)} ({each.threshold.direction} {figure(each.threshold.value)} is wanted)"
        for each in card.poor
        if each.threshold
    )
    return f"No rule finds a cause, yet on the wrong side of their line are: {poor}." if poor else ""


class ScorecardDamaged(ValueError):
    """The file is there and is no scorecard; the message is for a person."""


def save(folder: Path, scorecard: Scorecard) -> Path:
    """Write scorecard.json into the run folder, atomically."""
    path = folder / FILE_NAME
    write_atomically(path, (scorecard.model_dump_json(indent=1) + "\n").encode())
    return path


def load(folder: Path) -> Scorecard | None:
    """The run's scorecard; None before it was evaluated. Raises ScorecardDamaged."""
    path = folder / FILE_NAME
    if not path.exists():
        return None
    try:
        return Scorecard.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise ScorecardDamaged(
            f"The scorecard of {folder.name} ({FILE_NAME}) cannot be read: it was changed or damaged after it was "
            "written, so nothing in it is repeated here. The LoRA file is not touched by this. Score the run again "
            "for a new one."
        ) from error
