"""The audit's charts: what is there and what is missing, as bars with figures, and the pictures that it drew."""

import html
from pathlib import Path
from urllib.parse import quote

from tools.audit.model import Audit, SetFigures, Spread
from tools.audit.pictures.alternatives import alternative_text
from tools.audit.pictures.words import CONFIDENCE, VIEWS

from ..words_dataset import STALE_PICTURES
from .dataset_data import Dataset, Where

SHEETS = {"view_compass": "View angles", "backgrounds": "Backgrounds", "clip_timeline": "Clips and their cuts"}


def charts_html(data: Dataset, where: Where) -> str:
    """Bars of views, shot sizes, backgrounds and light, what to add, and the drawn pictures; empty before an audit."""
    audit = data.audit
    if audit is None:
        return ""
    blocks = [_missing(audit), _views(audit.set), _shots(audit.set), _backgrounds(audit.set), _light(audit.set)]
    pictures = _pictures(audit, where.pictures)
    return f'<div class="charts">{"".join(blocks)}</div>{pictures}'


def _missing(audit: Audit) -> str:
    if not audit.set.missing:
        return _block("What to add", "<p>Nothing that I know of.</p>")
    rows = (
        f"<b>{entry.how_many} &times;</b> {html.escape(entry.what)} <small>({CONFIDENCE[entry.confidence]})</small>"
        for entry in audit.set.missing
    )
    return _block("What to add", f"<ul>{''.join(f'<li>{row}</li>' for row in rows)}</ul>")


def _views(figures: SetFigures) -> str:
    wanted = {entry.name: entry.want for entry in figures.coverage}
    rows = [
        (VIEWS.get(name, name), count, wanted.get(name, 0))  # type: ignore[call-overload]
        for name, count in figures.views.items()
        if count or name in wanted
    ]
    return _bars("View angles", rows)


def _shots(figures: SetFigures) -> str:
    return _bars("Shot sizes", [(name.replace("_", " "), count, 0) for name, count in figures.shots.items() if count])


def _backgrounds(figures: SetFigures) -> str:
    found = figures.backgrounds
    if found is None:
        return ""
    rows = [
        (f"{'plain ' if group.plain else ''}place {number}", len(group.files), 0)
        for number, group in enumerate(found.groups[:6], start=1)
    ]
    rest = sum(len(group.files) for group in found.groups[6:])
    rows += [("other places", rest, 0)] if rest else []
    count = round(found.effective)
    words = "They are all alike." if count <= 1 else f"As varied as about {count} different places."
    return _bars("Backgrounds", rows, words)


def _light(figures: SetFigures) -> str:
    found = (
        ("from the side", figures.light_direction),
        ("warmth", figures.light_warmth),
        ("brightness", figures.light_level),
        ("expressions", figures.expressions),
    )
    rows = "".join(_spread(name, spread) for name, spread in found if spread is not None)
    return _block("Light and expressions", f"<table>{rows}</table>") if rows else ""


def _spread(name: str, spread: Spread) -> str:
    words = "varied" if spread.varied else "much alike"
    figures = f"{spread.value:.3g} {html.escape(spread.unit)}, varied from {spread.limit:.3g}; {spread.files} files"
    return f"<tr><th scope='row'>{name}</th><td><b>{words}</b> <small>({figures})</small></td></tr>"


def _bars(title: str, rows: list[tuple[str, int, int]], words: str = "") -> str:
    """One bar for each (name, count, wanted); the mark stands where enough is, where that is known."""
    if not rows:
        return ""
    most = max(max(count, want) for _, count, want in rows) or 1
    lines = "".join(_bar(name, count, want, most) for name, count, want in rows)
    more = f"<p><small>{html.escape(words)}</small></p>" if words else ""
    return _block(title, f"<table>{lines}</table>{more}")


def _bar(name: str, count: int, want: int, most: int) -> str:
    mark = f'<i style="left:{100 * want / most:.0f}%"></i>' if want else ""
    looks = "unknown" if name == "unknown" else "some" if count < want else "enough"
    filled = f'<b class="{looks}" style="width:{100 * count / most:.0f}%"></b>'
    bar = f'<span class="rail" aria-hidden="true">{filled}{mark}</span>'
    figures = f"{count} of {want}" if want else str(count)
    return f"<tr><th scope='row'>{html.escape(name)}</th><td>{bar}</td><td class='figure'>{figures}</td></tr>"


def _pictures(audit: Audit, folder: Path) -> str:
    shown = [
        (title, path, name)
        for name, title in SHEETS.items()
        for path in (folder / f"{name}.png", folder / f"{name}.jpg")
        if path.is_file()
    ]
    sheets = "".join(
        f"<details><summary>{title}</summary><img loading='lazy' src='{picture_address(path)}' "
        f'alt="{html.escape(alternative_text(audit, name))}"></details>'
        for title, path, name in shown
    )
    return f'<div class="sheets">{sheets}<p><small>{STALE_PICTURES}</small></p></div>' if sheets else ""


def picture_address(path: Path) -> str:
    """Where the browser gets a picture of the workspace; a new one after each change."""
    return html.escape(f"gradio_api/file={quote(str(path))}?at={path.stat().st_mtime_ns}", quote=True)


def _block(title: str, inside: str) -> str:
    return f"<section><h4>{html.escape(title)}</h4>{inside}</section>"
