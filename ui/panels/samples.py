"""Test clips of the newest run, as they come: those that training makes on the way, then those of the scoring."""

import time
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from tools.context import ToolContext
from trainer_core.launching import OF_STEP, SAMPLES

from .. import words_watch as words
from .library import SCRIPT, STYLE
from .library_tables import address_of, escaped
from .panel import Panel
from .watch_data import running_of

FOLDER, OF_LORA = "test_clips", "lora-"
MOST = 24
SETTLED = 1.0  # seconds after which a file is complete


@dataclass(frozen=True)
class Samples:
    """The workspace, and (file, what it shows, its stamp) of each clip, oldest first."""

    home: Path
    clips: tuple[tuple[str, str, int], ...] = ()


def build_samples() -> Panel:
    """Nothing while there is no clip."""
    with gr.Column(visible=False, elem_id="watch-samples") as room:
        gr.Markdown(f"### {words.SAMPLES}\n{words.SAMPLES_HINT}")
        box = gr.HTML(
            css_template=STYLE.read_text(encoding="utf-8"),
            js_on_load=SCRIPT.read_text(encoding="utf-8"),
            apply_default_css=False,
            padding=False,
        )

    def draw(samples: Samples) -> tuple[object, ...]:
        return gr.update(visible=bool(samples.clips)), samples_html(samples)

    return Panel("samples", (room, box), load_samples, draw)


def load_samples(context: ToolContext) -> Samples:
    """What lies in the run's folder by now."""
    home, now = context.workspace.home, running_of(context)
    if now is None:
        return Samples(home)
    folder = context.workspace.run_folder(now.run_id)
    paths = [*folder.glob(f"{SAMPLES}/{OF_STEP}*.mp4"), *folder.glob(f"{FOLDER}/{OF_LORA}*.mp4")]
    found = sorted((path.stat().st_mtime_ns, path) for path in paths)
    until = time.time_ns() - int(SETTLED * 1e9)
    clips = ((str(path.relative_to(home)), _shows(path), stamp) for stamp, path in found if stamp <= until)
    return Samples(home, tuple(clips)[:MOST])


def samples_html(samples: Samples) -> str:
    """The clips side by side; each can be played by keyboard too."""
    tiles = "".join(
        f'<li><button type="button" data-play="{escaped(file, 200)}" aria-label="{words.SAMPLE}: {escaped(shows)}">'
        f'<video src="{address_of(samples.home, file, stamp)}" muted loop playsinline preload="metadata" tabindex="-1" '
        f'aria-hidden="true"></video><span>{escaped(shows)}</span></button></li>'
        for file, shows, stamp in samples.clips
    )
    return f'<ul class="clips samples" aria-label="{words.SAMPLES}">{tiles}</ul>' if tiles else ""


def _shows(path: Path) -> str:
    """What a file shows, in words: 'lora-new-2.mp4' is 'a new scene, 2', and 'step-000060.mp4' 'after 60 steps'."""
    if path.stem.startswith(OF_STEP):
        return words.AFTER_STEPS.format(steps=path.stem.removeprefix(OF_STEP).lstrip("0"))
    kind, _, rest = path.stem.removeprefix(OF_LORA).partition("-")
    parts = (words.SHOWS.get(kind, kind), rest.replace("-", " "))
    return ", ".join(part for part in parts if part)
