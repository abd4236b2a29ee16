"""The library's lists and the comparison of two runs, as HTML. Names come from people and files: all are escaped."""

import html
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from tools.compare_runs import Compared, Comparison, digits
from tools.shelf import Shelf, ShelfLora, ShelfRun

from .. import words_library as words
from ..strings import printable


def escaped(text: str, limit: int = 120) -> str:
    """Any text as HTML that shows exactly it."""
    return html.escape(printable(text, limit), quote=True)


def address_of(home: Path, file: str, stamp: int = 0) -> str:
    """Where the browser gets a file of the workspace; a new one after each change."""
    return html.escape(f"gradio_api/file={quote(str(home / file))}?at={stamp}", quote=True)


def loras_html(shelf: Shelf, chosen: str | None) -> str:
    """A card for each LoRA; a click on it chooses it."""
    if not shelf.loras:
        return f'<p class="empty">{words.EMPTY}</p>'
    return f'<ul class="shelf" aria-label="{words.LORAS}">{"".join(_lora(each, chosen) for each in shelf.loras)}</ul>'


def _lora(lora: ShelfLora, chosen: str | None) -> str:
    current = ' aria-current="true"' if lora.id == chosen else ""
    where = f"<small>{escaped(words.OTHER_PROJECT.format(name=lora.project))}</small>" if lora.project else ""
    gone = "" if lora.there else f'<small class="gone">{words.GONE}</small>'
    about = " &middot; ".join((escaped(lora.base), escaped(lora.origin), f"{escaped(lora.made)} UTC"))
    return (
        f'<li><button type="button" data-lora="{escaped(lora.id)}"{current}><b>{escaped(lora.trigger or lora.id, 60)}'
        f"</b><small>{about}</small>{where}{gone}</button></li>"
    )


def runs_html(runs: Sequence[ShelfRun], home: Path) -> str:
    """The runs in a table, with how many of their figures are good and the page with all scores."""
    if not runs:
        return f'<p class="empty">{words.NO_RUNS}</p>'
    head = "".join(f'<th scope="col">{each}</th>' for each in ("Run", "Started (UTC)", "Plan", "State", "Scores"))
    rows = "".join(_run(run, home) for run in runs)
    return _table(words.RUNS, head, rows)


def _run(run: ShelfRun, home: Path) -> str:
    scores = words.NOT_SCORED if run.judged is None else f"{run.good} of {run.judged} good"
    if run.report:
        link = address_of(home, run.report, run.stamp)
        scores = f'<a href="{link}" target="_blank" rel="noopener">{scores}</a>'
    state = escaped(words.STATES.get(run.state, run.state))
    return (
        f'<tr><th scope="row">{escaped(run.id)}</th><td>{escaped(run.made)}</td><td>{escaped(run.recipe)}, '
        f"{run.steps} steps, {escaped(run.base)}</td><td>{state}</td><td>{scores}</td></tr>"
    )


def comparison_html(found: Comparison) -> str:
    """Both runs' figures side by side, the difference, and whether it says much."""
    changed = "; ".join(found.changes)
    plan = words.PLANNED.format(changes=escaped(changed, 600)) if changed else words.SAME_PLAN
    head = "".join(
        f'<th scope="col">{escaped(each)}</th>'
        for each in (words.FIGURE, found.first, found.second, words.DIFFERENCE, words.SURE)
    )
    rows = "".join(_figure(each) for each in found.figures)
    notes = "".join(f"<p><small>{escaped(note, 300)}</small></p>" for note in found.notes)
    return f"<p>{plan}</p>{_table(words.COMPARE, head, rows)}{notes}"


def _figure(each: Compared) -> str:
    noise = f" &plusmn; {digits(each.noise)}, {each.pairs} clips" if each.noise is not None else ""
    beyond = ' class="beyond"' if each.sure == "beyond the noise" else ""
    return (
        f'<tr{beyond}><th scope="row">{escaped(each.title)}<small>{escaped(each.unit, 60)}</small></th>'
        f"<td>{each.first:.3f}</td><td>{each.second:.3f}</td><td>{each.difference:+.3f}</td>"
        f"<td>{each.sure}<small>{noise}</small></td></tr>"
    )


def _table(title: str, head: str, rows: str) -> str:
    """A table that can be scrolled sideways with the keyboard where it is too wide."""
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="wide" tabindex="0" role="region" aria-label="{title}">{table}</div>'
