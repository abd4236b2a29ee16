"""The scores of a run as one page that a person can read: a self-contained HTML file without scripts or network."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup
from numpy.typing import NDArray

from trainer_core.dataset.fitting import fit
from trainer_core.dataset.records import one_line, write_atomically
from trainer_core.plan import TrainingPlan

from .diagnosis import Diagnosis
from .facts import best_step
from .report_parts import words
from .report_parts.findings import findings_shown
from .report_parts.media import FEW_PIXELS, LARGEST_PAGE, Clips, embedded
from .report_parts.side_by_side import ClipShown, anchors, called, clip_shown, groups
from .report_parts.tables import measure_rows, plan_rows, sweeps_shown, training_rows, validation_chart
from .run_files import REPORT_NAME
from .scorecard import ClipScore, Scorecard
from .wishes import wish_of

LONGEST_TEXT = 2000  # characters of any text that comes from files or models
PICTURES = 10  # of the training set


def write_report(
    folder: Path,
    card: Scorecard,
    diagnosis: Diagnosis | None,
    plan: TrainingPlan | None,
    pictures: Sequence[NDArray[np.uint8]] = (),
    *,
    largest: int = LARGEST_PAGE,
) -> Path:
    """Write report.html into the run folder, atomically; gives its path.

    `pictures` are some of the training set (h, w, 3). Clips are part of the page while it stays under `largest` bytes;
    beyond that the page links to the files beside it and says so. All text is escaped, put on one line and capped, and
    the page's own policy forbids scripts and the network. A clip that is gone is said to be gone.
    """
    path = folder / REPORT_NAME
    write_atomically(path, html_report(folder, card, diagnosis, plan, pictures, largest=largest).encode())
    return path


def html_report(
    folder: Path,
    card: Scorecard,
    diagnosis: Diagnosis | None,
    plan: TrainingPlan | None,
    pictures: Sequence[NDArray[np.uint8]] = (),
    *,
    largest: int = LARGEST_PAGE,
) -> str:
    """The page as text; see write_report."""
    clips = Clips(folder, [*card.clips, *_sweep_clips(card)], largest)
    places = anchors(card)
    style = files("tools.audit").joinpath("report.css").read_text(encoding="utf-8") + _text("report.css")
    return _page().render(
        card=card,
        style=Markup(style),
        policy=_policy(style, linked=clips.linked),
        created=words.when(card.created),
        answer=words.answer(card, diagnosis),
        notes=_notes(clips),
        taught=[embedded(fit(each, FEW_PIXELS, FEW_PIXELS)) for each in list(pictures)[:PICTURES]],
        first=_first(card, clips, places),
        facts=words.facts(card),
        diagnosis=diagnosis,
        nothing=words.no_finding(card, diagnosis),
        large=max(card.width, card.height) > FEW_PIXELS,
        findings=findings_shown(card, diagnosis, clips, places) if diagnosis else [],
        unknown=diagnosis.cannot_tell if diagnosis else (),
        groups=groups(card, clips),
        measures=measure_rows(card),
        sweep=card.sweep,
        sweeps=sweeps_shown(card.sweep) if card.sweep else [],
        sweep_clips=_sweep_groups(card, clips),
        losses=validation_chart(card),
        best_step=best_step(card.validation),
        training=training_rows(card, plan),
        plan=plan_rows(plan) if plan else None,
        figure=words.figure,
    )


@cache
def _page():  # type: ignore[no-untyped-def]
    environment = Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_plain,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja")


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _plain(value: Any) -> Any:
    """What is put into the page: one line without control characters, capped; our own markup stays as it is."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return one_line(value, LONGEST_TEXT)
    return value


def _policy(style: str, *, linked: bool) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    media = "data: 'self' file:" if linked else "data:"
    return (
        f"default-src 'none'; img-src data:; media-src {media}; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    )


def _notes(clips: Clips) -> list[str]:
    if not clips.linked:
        return []
    return [
        f"The clips have {clips.bytes / 2**20:.0f} MB, too much for one page. They play from the folder beside this "
        "file: keep the two together when you move it. The stills are part of the page."
    ]


def _first(card: Scorecard, clips: Clips, places: dict[tuple[str, str], str]) -> list[ClipShown]:
    """The first prompt's clips: base, then LoRA."""
    found = [clip for clip in card.clips if clip.case.purpose == "first"]
    found.sort(key=lambda clip: clip.model != "base")
    return [clip_shown(clip, clips, places[clip.model, clip.case.id]) for clip in found[:2]]


def _sweep_clips(card: Scorecard) -> list[ClipScore]:
    points = [*card.sweep.checkpoints, *card.sweep.strengths] if card.sweep else []
    return [clip for point in points for clip in point.clips]


def _sweep_groups(card: Scorecard, clips: Clips) -> list[tuple[str, list[ClipShown]]]:
    """The clips of each checkpoint and strength, every file once."""
    if card.sweep is None:
        return []
    seen: set[str] = set()
    found: list[tuple[str, list[ClipShown]]] = []
    for point in (*card.sweep.checkpoints, *card.sweep.strengths):
        new = [clip for clip in point.clips if clip.file not in seen]
        seen |= {clip.file for clip in new}
        shown = [
            replace(
                clip_shown(clip, clips, f"sweep-{len(found)}-{number}", wish_of(card, clip)),
                side=f"{clip.case.label}, {called(clip)}",
            )
            for number, clip in enumerate(new, 1)
        ]
        if shown:
            found.append((f"Step {point.step}, strength {point.strength:g}", shown))
    return found
