"""What the pictures show, in words, for those who cannot see them."""

from ..model import Audit
from .backgrounds import effective_words
from .compass_layout import seen_views
from .files import BACKGROUNDS, COMPASS, TIMELINE
from .tally import have_words
from .words import VIEWS, plural


def alternative_text(audit: Audit, name: str) -> str:
    """The picture of this name in a sentence or two."""
    return {COMPASS: _compass, BACKGROUNDS: _backgrounds, TIMELINE: _timeline}.get(name, _contact)(audit)


def _compass(audit: Audit) -> str:
    known, unknown = seen_views(audit)
    if audit.set.coverage:
        parts = [f"{VIEWS[entry.name]}: {have_words(entry)}" for entry in audit.set.coverage]
    else:
        parts = [f"{VIEWS.get(name, name)}: {count}" for name, count in audit.set.views.items() if name != "unknown"]
    words = f"View compass, from above, of {plural(len(known), 'view', 'views')}. {'; '.join(parts)}."
    return words + (f" Unknown: {plural(len(unknown), 'file', 'files')}." if unknown else "")


def _backgrounds(audit: Audit) -> str:
    figures = audit.set.backgrounds
    if figures is None:
        return "Backgrounds."
    groups = ", ".join(str(len(group.files)) for group in figures.groups[:8])
    return f"Backgrounds, {effective_words(figures)}. Files in each group, the largest first: {groups}."


def _timeline(audit: Audit) -> str:
    clips = [item for item in audit.items if item.kind == "clip" and item.id]
    cuts, pieces = sum(len(item.cuts) for item in clips), sum(len(item.pieces) for item in clips)
    words = f"Timeline of {plural(len(clips), 'clip', 'clips')}: {plural(cuts, 'cut', 'cuts')}"
    return f"{words}, {plural(pieces, 'proposed piece', 'proposed pieces')}."


def _contact(audit: Audit) -> str:
    marked = sum(bool(item.findings) for item in audit.items)
    return (
        f"Contact sheet of {plural(len(audit.items), 'file', 'files')}, {marked} with findings; all are in the table."
    )
