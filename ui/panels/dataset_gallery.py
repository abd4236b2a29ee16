"""The gallery of a dataset: filters with their counts, tiles with badges, and pages. Only HTML; no file is opened."""

import html
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tools.audit.model import Level
from tools.audit.pictures.words import gravest_first, short
from tools.small_copies import FOLDER, copy_name
from trainer_core.dataset.manifest import Item, Rejected

from ..strings import printable
from ..words_dataset import (
    ASIDE,
    BETTER_OUT,
    EMPTY,
    FILTERS,
    LEVELS,
    NO_CAPTION,
    NO_TRIGGER,
    NONE_IN_FILTER,
    REFUSED,
    SHOW_ALL,
)
from .dataset_data import SAID_ALREADY, Dataset

ON_A_PAGE = 60
MOST_REFUSED = 100  # named in the list
SCRIPT = Path(__file__).with_suffix(".js")
BADGES = 3  # on a tile; the rest is counted, and all are beside the caption


@dataclass(frozen=True)
class View:
    """What one page of a browser looks at. Its values were checked, or came from this program."""

    show: str = SHOW_ALL
    page: int = 0
    item: str | None = None


def turned(view: View, event: object, data: Dataset) -> View:
    """The view after a click in the gallery; what a browser sends may be anything, and what makes no sense is ignored.

    event: {"show": a filter}, {"page": a number} or {"item": an id}
    """
    asked = event if isinstance(event, dict) else {}
    show, page, item = asked.get("show"), asked.get("page"), asked.get("item")
    if isinstance(show, str) and show in data.groups:
        return View(show, 0, view.item)
    if isinstance(page, str) and page.isascii() and page.isdecimal() and len(page) < 6:
        return View(view.show, int(page), view.item)
    if data.item(item) is not None:
        return View(view.show, view.page, str(item))
    return view


def settled(view: View, data: Dataset) -> View:
    """The view as it can be: the filter and page exist, and the item too."""
    show = view.show if view.show in data.groups else SHOW_ALL
    pages = _pages(len(data.groups.get(show, ())))
    return View(show, min(view.page, pages - 1), view.item if data.item(view.item) else None)


def shown_ids(view: View, data: Dataset) -> tuple[str, ...]:
    """The ids under the filter, in order; none where it shows refused files."""
    return data.groups.get(view.show, ()) if view.show != REFUSED else ()


def beside(view: View, data: Dataset, step: int) -> View:
    """The view with the item before or after; its page is shown."""
    ids = shown_ids(view, data)
    if not ids:
        return view
    place = ids.index(view.item) + step if view.item in ids else 0
    place = min(max(place, 0), len(ids) - 1)
    return View(view.show, place // ON_A_PAGE, ids[place])


def ids_of_page(view: View, data: Dataset) -> tuple[str, ...]:
    """The ids whose tiles are shown."""
    return shown_ids(view, data)[view.page * ON_A_PAGE : (view.page + 1) * ON_A_PAGE]


def gallery_html(view: View, data: Dataset, pictures: Path, small: Collection[str]) -> str:
    """Filters, tiles of one page, and the pager. Names are escaped. `small`: the copies that are there."""
    if not data.manifest.items and not data.manifest.rejected:
        return f'<p class="empty">{EMPTY}</p>'
    if view.show == REFUSED:
        return _chips(view, data) + _refused(data.manifest.rejected)
    by_id = {item.id: item for item in data.manifest.items}
    items = [by_id[item_id] for item_id in ids_of_page(view, data) if item_id in by_id]
    tiles = "".join(_tile(item, view, data, pictures, small) for item in items)
    inside = f'<ul class="tiles" aria-label="Files">{tiles}</ul>' if tiles else f'<p class="empty">{NONE_IN_FILTER}</p>'
    return _chips(view, data) + inside + _pager(view, len(shown_ids(view, data)))


def badges_of(item: Item, data: Dataset) -> list[tuple[str, Level]]:
    """What is to be known of a file in a word or two each, the gravest first."""
    found: list[tuple[str, Level]] = []
    if item.excluded:
        found.append((FILTERS[ASIDE].lower(), "note"))
    elif not item.caption:
        found.append((NO_CAPTION, "note"))
    elif data.lacks_trigger(item):
        found.append((NO_TRIGGER, "warn"))
    record = data.records.get(item.id)
    if record is not None:
        levels = {name: finding.level for name, finding in data.findings.items()}
        seen = [each for each in gravest_first(record, levels) if each[0] not in SAID_ALREADY]
        found = [(short(name), level) for name, level in seen] + found
    return found


def badge_html(words: str, level: Level) -> str:
    """A badge with its level in words for those who do not see the colour."""
    return f'<span class="badge {level}" title="{LEVELS[level]}">{html.escape(words)}</span>'


def _chips(view: View, data: Dataset) -> str:
    """The filters that show anything."""
    names = {**FILTERS, **{name: short(name).capitalize() for name in data.groups if name not in FILTERS}}
    buttons = []
    for name, words in names.items():
        count = len(data.groups.get(name, ()))
        if count:
            level = data.findings[name].level if name in data.findings else "warn" if name == BETTER_OUT else "note"
            pressed = "true" if name == view.show else "false"
            buttons.append(
                f'<button type="button" class="chip {level}" data-show="{html.escape(name, quote=True)}" '
                f'aria-pressed="{pressed}">{html.escape(words)} <b>{count}</b></button>'
            )
    return f'<div class="chips" role="group" aria-label="Show only">{"".join(buttons)}</div>'


def _tile(item: Item, view: View, data: Dataset, pictures: Path, small: Collection[str]) -> str:
    badges = badges_of(item, data)
    more = f'<span class="badge note">+{len(badges) - BADGES}</span>' if len(badges) > BADGES else ""
    marks = "".join(badge_html(words, level) for words, level in badges[:BADGES]) + more
    name = html.escape(printable(item.name, 80), quote=True)
    clip = f'<span class="clip">{item.info.seconds:.1f} s</span>' if item.info.kind == "clip" else ""
    record = data.records.get(item.id)
    looks = "tile" + (" aside" if item.excluded else " out" if record is not None and not record.usable else "")
    current = ' aria-current="true"' if item.id == view.item else ""
    copy = copy_name(item)
    address = html.escape(f"gradio_api/file={quote(str(pictures / FOLDER / copy))}", quote=True)
    image = f'<img src="{address}" alt="" loading="lazy">' if copy in small else ""
    return (
        f'<li><button type="button" class="{looks}" data-item="{item.id}"{current}><span class="picture">{image}{clip}'
        f'</span><span class="name" title="{name}"><bdi>{name}</bdi></span><span class="badges">{marks}</span></button>'
        "</li>"
    )


def _refused(rejected: tuple[Rejected, ...]) -> str:
    shown = rejected[-MOST_REFUSED:]
    rows = "".join(
        f"<li><b><bdi>{html.escape(printable(entry.name, 80))}</bdi></b> "
        f"{html.escape(printable(entry.reason, 300))}</li>"
        for entry in reversed(shown)
    )
    more = f"<p>and {len(rejected) - len(shown)} more</p>" if len(rejected) > len(shown) else ""
    return f'<ul class="refused">{rows}</ul>{more}'


def _pages(count: int) -> int:
    return max(1, -(-count // ON_A_PAGE))


def _pager(view: View, count: int) -> str:
    pages = _pages(count)
    if pages == 1:
        return ""
    current = {view.page: ' aria-current="page"'}
    buttons = "".join(
        f'<button type="button" class="page" data-page="{number}"{current.get(number, "")} '
        f'aria-label="Page {number + 1}">{number + 1}</button>'
        for number in range(pages)
    )
    return f'<nav class="pager" aria-label="Pages of the gallery">{buttons}</nav>'
