"""The page's tables: measures, the training set, the plan in plain words; and its curves with the figures beside."""

from dataclasses import dataclass

from trainer_core.costs import Estimate
from trainer_core.plan import TrainingPlan

from ...plan_reasons import reasons
from ..facts import best_step
from ..scorecard import Measure, Scorecard, Sweep, SweepPoint
from .charts import Chart, Scale, chart, scale
from .words import PLAIN, bounded, figure, measure_threshold

_FIRST_FIELDS = ("steps", "rank", "learning_rate", "batch_size", "resolution", "frames", "class_preservation")
_NAMES = {
    "resolution": "Size",
    "gradient_accumulation": "Gradient accumulation",
    "more_resolutions": "Further sizes",
    "keep_aspect": "Proportions",
    "resample_fps": "Frame rate",
    "with_audio": "Sound",
    "ema_decay": "Moving average",
    "largest_weight_norm": "Weight-norm limit",
    "first_frame_probability": "First frame",
    "held_out_share": "Kept aside",
    "base": "Base model",
}
_SHOWN_ABOVE = ("time", "price", "trigger")

HIGHEST_LOSS = 1e9  # what a broken run has beyond it cannot be drawn; the table below the curve has all


@dataclass(frozen=True)
class MeasureRow:
    """A measure with its scale."""

    measure: Measure
    plain: str
    value: str
    spread: str
    threshold: str
    scale: Scale | None


@dataclass(frozen=True)
class PlanRow:
    """A field of the plan and what it means for this run."""

    name: str
    words: str
    source: str


def measure_rows(card: Scorecard) -> list[tuple[str, list[MeasureRow]]]:
    """All measures in the scorecard's order: those with a line, those without one, those that were not taken."""
    rows = [_measure_row(measure) for measure in card.measures]
    groups = [
        ("With a line that holds here", [row for row in rows if row.measure.verdict != "shown"]),
        (
            "Shown, not judged",
            [row for row in rows if row.measure.verdict == "shown" and row.measure.value is not None],
        ),
        ("Not measured, and why", [row for row in rows if row.measure.value is None]),
    ]
    return [(title, found) for title, found in groups if found]


def _measure_row(measure: Measure) -> MeasureRow:
    spread, line = None, measure.threshold
    if measure.low is not None and measure.high is not None and measure.low < measure.high:
        spread = (measure.low, measure.high)
    drawn = None
    if measure.value is not None and line is not None:
        drawn = scale(
            measure.value,
            figure(measure.value),
            limit=line.value,
            limit_shown=figure(line.value),
            at_least=line.direction == "at least",
            spread=spread,
            bounded=bounded(measure),
        )
    return MeasureRow(
        measure=measure,
        plain=PLAIN.get(measure.id, ""),
        value=figure(measure.value),
        spread=f"{figure(spread[0])} to {figure(spread[1])}" if spread else "",
        threshold=measure_threshold(measure),
        scale=drawn,
    )


def plan_rows(plan: TrainingPlan) -> tuple[list[PlanRow], list[PlanRow]]:
    """The fields that decide most, and all others."""
    # Only time and price need an estimate; a run that is over has neither ahead of it.
    words = reasons(plan, Estimate(seconds=None, dollars=None, basis=""))
    rows = {name: _plan_row(name, text) for name, text in words.items() if name not in _SHOWN_ABOVE}
    return [rows[name] for name in _FIRST_FIELDS], [row for name, row in rows.items() if name not in _FIRST_FIELDS]


def _plan_row(name: str, text: str) -> PlanRow:
    words, _, source = text.partition(" Source: ")
    return PlanRow(_NAMES.get(name, name.replace("_", " ").capitalize()), words, source.rstrip("."))


def training_rows(card: Scorecard, plan: TrainingPlan | None) -> list[tuple[str, str, str]]:
    """(name, figure, what it means) of the training set."""
    rows = []
    if plan is not None:
        rows.append(("Files", f"{plan.images} pictures, {plan.clips} clips", "What the LoRA was taught with."))
    known = card.training_set
    if known is None:
        return rows
    rows += [
        ("Pictures compared with", str(known.pictures), "Pictures and frames of clips that likeness is measured to."),
        (
            "Captions with the trigger word",
            f"{known.captions_with_trigger} of {known.captions}",
            "Each should have it: the word is how you call what was taught.",
        ),
        (
            "How alike your files are",
            figure(known.agreement),
            "Likeness of a file to the mean of the others (median). Low: they do not all show the same one.",
        ),
        (
            "Closest pair in your files",
            figure(known.own_nearest),
            "Correlation of a file with its most similar other file (95th percentile); 1 is a copy.",
        ),
        (
            "Burned colours in your files",
            figure(known.burned),
            "Share of colour values at the very end of their range.",
        ),
    ]
    return rows + _audited_rows(card)


def _audited_rows(card: Scorecard) -> list[tuple[str, str, str]]:
    """What the audit said of the files at the time of the run."""
    views = card.training_set.views if card.training_set else None
    rows = []
    if (found := card.audited) is not None:
        views = found.views if found.views is not None else views
        rows += [
            ("Files that repeat another one", f"{found.repeats} of {found.files}", "A repeat teaches nothing new."),
            (
                "Largest share with one background",
                "could not be told" if found.largest_background is None else f"{found.largest_background:.0%}",
                "Where most files share a background, it is learned too.",
            ),
        ]
    if views:
        named = ", ".join(f"{count} {view.replace('_', '-')}" for view, count in views.items())
        rows.append(("Seen from", named, "Sides that your files do not show have to be guessed."))
    return rows


def validation_chart(card: Scorecard) -> Chart | None:
    """The loss on files kept aside, with its lowest point; None with fewer than two losses."""
    losses = [(step, loss) for step, loss in card.validation if abs(loss) < HIGHEST_LOSS]
    best = best_step(losses)
    if best is None:
        return None
    lowest = dict(losses)[best]
    last = max(losses)
    rise = f"After it the loss rose by {last[1] / lowest - 1:.0%}." if lowest > 0 else "After it the loss rose."
    where = "It is the last one: the loss was still falling." if best == last[0] else rise
    return chart(
        "Loss on the files that were kept aside",
        [("validation loss", [(float(step), loss) for step, loss in losses])],
        x_name="training steps",
        y_name="validation loss",
        marked=(float(best), lowest),
        mark="lowest",
        words=f"From {card.validation[0][1]:.4g} at step {card.validation[0][0]} to {last[1]:.4g} at step {last[0]}; "
        f"lowest {lowest:.4g} at step {best}. {where}",
    )


@dataclass(frozen=True)
class SweepShown:
    """One of the two sweeps: its chart where there is something to draw, and its table."""

    title: str
    column: str
    chart: Chart | None
    rows: tuple[tuple[SweepPoint, str, bool], ...]  # point, its name, whether it was chosen


def sweeps_shown(sweep: Sweep) -> list[SweepShown]:
    """Checkpoints, then strengths; a list of fewer than two points has nothing to compare."""
    shown = []
    for points, name, column, best in (
        (sweep.checkpoints, "Checkpoints", "step", float(sweep.best_step)),
        (sweep.strengths, "Strengths", "strength", sweep.best_strength),
    ):
        if len(points) < 2:
            continue
        at = [(float(point.step if column == "step" else point.strength), point) for point in points]
        chosen = next(((x, point.score) for x, point in at if x == best and point.score is not None), None)
        drawn = chart(
            f"{name} on the same prompts and seeds",
            [
                ("score", [(x, point.score) for x, point in at if point.score is not None]),
                ("likeness", [(x, point.identity) for x, point in at if point.identity is not None]),
                ("leak", [(x, point.leak) for x, point in at if point.leak is not None]),
            ],
            x_name="training steps" if column == "step" else "strength of the LoRA",
            y_name="score, likeness and leak",
            marked=chosen,
            mark="chosen",
            words=f"Scores by {column}: " + ", ".join(f"{x:g}: {figure(point.score)}" for x, point in at) + ".",
        )
        rows = tuple((point, f"{x:g}", x == best) for x, point in at)
        shown.append(SweepShown(name, column.capitalize(), drawn, rows))
    return shown
