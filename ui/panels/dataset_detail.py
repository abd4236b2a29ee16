"""One file in full: what was found and why, its caption with the trigger marked, and what to do with it."""

import html
import re

from tools.audit.model import AuditItem, Finding
from tools.audit.pictures.words import view_words
from tools.small_copies import frames_copy, small_copy
from tools.text import plural
from trainer_core.dataset.manifest import Item

from ..strings import printable
from ..words_dataset import LEVELS, NOT_LOOKED_AT, NOTHING_FOUND, SOURCES, TRIGGER_MISSING, TRIGGER_THERE
from .dataset_charts import picture_address
from .dataset_data import Dataset, Where
from .dataset_gallery import badge_html, badges_of

MOST_FRAMES = 6  # of the pieces into which a clip is better split


def about_html(item: Item, data: Dataset, where: Where) -> str:
    """The picture in large, badges, each reason with its figure, and what was measured."""
    picture = picture_address(small_copy(where.dataset, where.pictures, item, large=True))
    name = html.escape(printable(item.name, 120), quote=True)
    badges = "".join(badge_html(words, level) for words, level in badges_of(item, data))
    record = data.records.get(item.id)
    return (
        f'<div class="file"><img src="{picture}" alt="{name}"><div><h4><bdi>{name}</bdi></h4><p class="badges">{badges}'
        f"</p>{_reasons(item, record, data)}{_facts(item, record)}</div></div>{_pieces(item, record, where)}"
    )


def _reasons(item: Item, record: AuditItem | None, data: Dataset) -> str:
    if record is None:
        return f"<p>{NOT_LOOKED_AT}</p>"
    rows = [f"<li>{html.escape(printable(reason, 400))}</li>" for reason in record.reasons]
    rows += [_finding(data.findings[name]) for name in record.findings if name in data.findings]
    rows += [
        f"<li>More than are needed, it could go: {html.escape(printable(drop.why, 300))}</li>"
        for drop in (data.audit.set.drop_first if data.audit else ())
        if drop.id == item.id and record.usable
    ]
    return f"<ul>{''.join(rows)}</ul>" if rows else f"<p>{NOTHING_FOUND}</p>"


def _finding(finding: Finding) -> str:
    level, words = LEVELS[finding.level].capitalize(), html.escape(printable(finding.text, 600))
    figures = ""
    if finding.value is not None:
        limit = "" if finding.threshold is None else f", limit {finding.threshold:.4g}"
        figures = f"{finding.measure.capitalize()} {finding.value:.4g}{limit}. Source: {finding.source}."
    return f'<li class="{finding.level}"><b>{level}:</b> {words} <small>{html.escape(figures)}</small></li>'


def _facts(item: Item, record: AuditItem | None) -> str:
    info = item.info
    facts = [f"{info.width} &times; {info.height} pixels"]
    if info.kind == "clip":
        facts.append(
            f"{info.seconds:.1f} s, {info.fps or 0:.4g} frames a second{'' if info.has_audio else ', no sound'}"
        )
    if record is not None:
        facts.append(f"view: {html.escape(view_words(record.view, degrees=True))}")
        facts += [f"shot: {record.shot.replace('_', ' ')}"] if record.shot else []
        facts += [plural(len(record.cuts), "cut")] if record.cuts else []
    if item.synthetic:
        facts.append("made by a model")
    facts += [html.escape(printable(note, 120)) for note in info.notes[:3]]
    return f'<p class="facts">{" &middot; ".join(facts)}</p>'


def _pieces(item: Item, record: AuditItem | None, where: Where) -> str:
    if record is None or not record.pieces or item.excluded:
        return ""
    shown = record.pieces[:MOST_FRAMES]
    middles = [round((piece.start + piece.end) / 2, 3) for piece in shown]
    frames = picture_address(frames_copy(where.dataset, where.pictures, item, middles))
    rows = "".join(
        f"<li>{piece.start:.1f} to {piece.end:.1f} s <small>{html.escape(piece.why)}</small></li>"
        for piece in record.pieces[: 2 * MOST_FRAMES]
    )
    left = len(record.pieces) - 2 * MOST_FRAMES
    more = f"<li>and {left} more</li>" if left > 0 else ""
    return (
        f'<div class="pieces"><img src="{frames}" alt="The middle of each of the first {len(shown)} pieces">'
        f"<p>It is better split into {len(record.pieces)} pieces:</p><ol>{rows}{more}</ol></div>"
    )


def caption_html(caption: object, trigger: str | None, source: str | None = None) -> str:
    """The caption with the trigger marked, or the words that it is missing."""
    text = printable(str(caption or ""), 2000)
    marked, found = html.escape(text), False
    if trigger:
        parts = re.split(rf"((?<!\w){re.escape(trigger)}(?!\w))", text)
        found = len(parts) > 1
        marked = "".join(
            f"<mark>{html.escape(part)}</mark>" if part == trigger else html.escape(part) for part in parts
        )
    told = f"{SOURCES[source].capitalize()}." if source in SOURCES else ""
    if not text.strip():
        return f'<p class="caption"><small>{SOURCES["none"].capitalize()}.</small></p>'
    words = ""
    if trigger:
        missing = TRIGGER_MISSING.format(trigger=html.escape(trigger))
        words = TRIGGER_THERE if found else f'<b class="missing">{missing}</b>'
    return f'<p class="caption">{marked}<br><small>{words} {told}</small></p>'
