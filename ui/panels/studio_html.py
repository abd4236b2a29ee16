"""The studio's clips as HTML: the large one with how it was made, and those made before. All words are escaped."""

from tools.studio.history import MadeClip
from trainer_core.generation.provenance import Made

from .. import words_studio as words
from ..strings import one_line
from .library_tables import address_of, escaped
from .studio_data import Studio


def clip_html(clip: MadeClip | None, now: Studio) -> str:
    """The clip in large, with the mark and what its file says."""
    if clip is None:
        return ""
    address = address_of(now.home, clip.file, clip.stamp)
    made = clip.told.made
    label = escaped(f"Clip: {made.prompt}" if made else "Clip", 200)
    mark = f'<span class="mark">{words.MARK}</span>' if clip.told.marked else ""
    playing = "controls loop muted playsinline autoplay"
    return (
        f'<div class="made"><video src="{address}" aria-label="{label}" {playing}></video>'
        f"{mark}{_facts(made) if made else f'<p>{words.NO_WORDS}</p>'}</div>"
    )


def history_html(now: Studio, chosen: str | None) -> str:
    """A button for each clip, newest first."""
    if not now.clips:
        return f'<p class="empty">{words.NO_CLIPS if now.loras else words.EMPTY}</p>'
    tiles = "".join(_tile(clip, now, current=clip.file == chosen) for clip in now.clips)
    return f'<ul class="clips" aria-label="{words.HISTORY}">{tiles}</ul>'


def _tile(clip: MadeClip, now: Studio, *, current: bool) -> str:
    made = clip.told.made
    said = one_line(made.prompt, 90) if made else words.NO_WORDS
    below = f"seed {made.seed}{f', {len(made.sides)} side by side' if made.sides else ''}" if made else ""
    address = address_of(now.home, clip.file, clip.stamp)
    mark = ' aria-current="true"' if current else ""
    return (
        f'<li><button type="button" data-clip="{escaped(clip.file, 400)}"{mark}>'
        f'<video src="{address}" muted loop playsinline preload="metadata" tabindex="-1" aria-hidden="true"></video>'
        f"<span>{escaped(said)}</span><small>{escaped(below)}</small></button></li>"
    )


def _prompts(made: Made) -> str:
    """The prompt; of clips side by side each one's, in their order, where they differ. The file may be a stranger's."""
    own = [str(side["prompt"]) for side in made.sides if "prompt" in side]
    return "; ".join(f"“{one_line(prompt, 140)}”" for prompt in own) if len(set(own)) > 1 else made.prompt


def _facts(made: Made) -> str:
    used = " + ".join(f"{one.name} at {one.strength:g}" for one in made.loras)
    if made.sides:
        used = "; ".join(str(side.get("label", "")) for side in made.sides)
    facts = {
        "prompt": _prompts(made),
        "seed": str(made.seed),
        "loras": used or words.BASE_ALONE,
        "base": made.base.value,
        "size": f"{made.width} x {made.height}, {made.frames} frames, {made.fps:g} a second, {made.steps} steps",
        "shown": ", ".join(made.shown),
    }
    rows = "".join(
        f"<dt>{words.FACTS[name]}</dt><dd>{escaped(value, 600)}</dd>" for name, value in facts.items() if value
    )
    return f"<dl>{rows}</dl>"
