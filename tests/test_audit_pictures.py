"""The audit's pictures and its page: what is on them, on which side, with hostile names, lost files and many files."""

import re
import threading
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import psutil
import pytest
from browsers import launch
from numpy.typing import NDArray
from PIL import Image

from tools.audit.model import Audit, AuditItem, Coverage, Missing, Moment, SecondOpinion, View
from tools.audit.pictures import background_strips, clip_timeline, contact_sheet, view_compass, write_pictures
from tools.audit.pictures.alternatives import alternative_text
from tools.audit.pictures.compass_layout import Seen, at, lay_out, sector_of, seen_views
from tools.audit.pictures.contact import MAX_PAGES, PAGE
from tools.audit.pictures.tally import have_words, tally_of
from tools.audit.pictures.thumbnails import SIDE, Thumbnails, placeholder
from tools.audit.pictures.words import view_words
from tools.audit.report import html_report
from tools.audit.run import audit_dataset
from tools.drawing import cut, cut_middle, lines_of, width_of
from tools.vision.eyes.view import view_class
from tools.vision.transitions import Transition
from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.render import render_clip, render_image
from trainer_core.base_models.mini.world.scene import random_scene
from trainer_core.dataset.manifest import add_files, load, path_of
from trainer_core.dataset.media import write_clip
from trainer_core.recipes import RECIPES, RecipeName

Picture = NDArray[np.uint8]
Paths = dict[str, Path]

YAWS = (0.0, 10.0, -35.0, -90.0, -80.0, 180.0)
HOSTILE = "<script>alert('x')</script>\n\u202egnp.\"evil\"&amp;"


def drawn(yaw: float, size: int = 160) -> Picture:
    rng = np.random.default_rng(4)
    return render_image(random_character(rng), random_scene(rng, yaw=yaw, shot="close"), size=size)


def moving(seed: int, place: str) -> Picture:
    rng = np.random.default_rng(seed)
    scene = random_scene(rng, motion="walking", light="soft", place=place)
    return render_clip(random_character(rng), scene, size=96, frames=48, fps=24, oversample=1)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Audit, Paths]:
    """A real audit of drawn pictures, a clip of two shots and a broken file."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("set")
    for index, yaw in enumerate(YAWS):
        Image.fromarray(drawn(yaw)).save(source / f"p{index}.png")
    write_clip(source / "two.mp4", np.concatenate([moving(1, "beach"), moving(2, "bricks")]), 24.0)
    (source / "broken.png").write_bytes((source / "p0.png").read_bytes()[:400])
    add_files(folder, [source])
    audit = audit_dataset(folder, RECIPES[RecipeName.FACE])
    return audit, {item.id: path_of(folder, item) for item in load(folder).items}


@pytest.fixture
def seen(measured: tuple[Audit, Paths]) -> tuple[Audit, Paths]:
    """The same with the yaw that is known of each picture: the eyes read faces of people, not drawings."""
    audit, paths = measured
    yaws = {f"p{index}.png": yaw for index, yaw in enumerate(YAWS)}
    audit = changed(audit, "two.mp4", view=View(reason="It is drawn."), moments=())
    return with_views(audit, {name: known(yaw) for name, yaw in yaws.items()}), paths


def known(yaw: float, uncertainty: float = 4.0) -> View:
    side = None if abs(yaw) < 22.5 or abs(yaw) == 180 else "right" if yaw > 0 else "left"
    return View(class_=view_class(yaw), side=side, yaw_deg=yaw, uncertainty_deg=uncertainty, eye="mesh")


def with_views(audit: Audit, views: dict[str, View]) -> Audit:
    items = [item.model_copy(update={"view": views.get(item.file, item.view), "usable": True}) for item in audit.items]
    shown = {each.class_: 0 for each in views.values()}
    for view in views.values():
        shown[view.class_] += 1
    coverage = (
        Coverage(name="front", have=2, want=2),
        Coverage(name="three_quarter", have=1, want=4, left=1),
        Coverage(name="profile", have=2, want=2, left=2),
    )
    missing = (
        Missing(what="pictures in three-quarter view", how_many=3, view="three_quarter", left=1, right=2),
        Missing(what="picture from the side", how_many=1, view="profile", right=1),
    )
    figures = audit.set.model_copy(update={"coverage": coverage, "missing": missing})
    return audit.model_copy(update={"items": tuple(items), "set": figures})


def changed(audit: Audit, name: str, **changes: object) -> Audit:
    items = [item.model_copy(update=changes) if item.file == name else item for item in audit.items]
    return audit.model_copy(update={"items": tuple(items)})


def test_right_in_the_picture_is_right_on_the_compass() -> None:
    """Seen from above with the camera below: front is below, a subject turned to the picture's right is right."""
    front, right, left, back = (at(yaw, 100) for yaw in (0, 90, -90, 180))
    assert front == pytest.approx((0, 100))
    assert right == pytest.approx((100, 0))
    assert left == pytest.approx((-100, 0))
    assert back == pytest.approx((0, -100))


def test_thumbnails_lie_at_their_yaw_and_never_on_each_other() -> None:
    item = AuditItem(file="a.png", id="itm_0", kind="image", usable=True)
    views = [known(yaw) for yaw in (0, 0, 0, 3, 40, -50, 90, 91, -170)] + [View(class_="back", eye="no_face")] * 3
    layout = lay_out([Seen(item, None, view) for view in views])
    assert layout.hidden == {}
    places = [(each.x, each.y) for each in layout.placed]
    assert len(places) == len(views)
    gaps = [np.hypot(a[0] - b[0], a[1] - b[1]) for n, a in enumerate(places) for b in places[:n]]
    assert min(gaps) >= layout.size
    for each in layout.placed:
        angle = np.degrees(np.arctan2(each.x, each.y))
        if each.seen.view.yaw_deg is None:
            assert view_class(angle) == "back"
        else:
            assert abs((angle - each.seen.view.yaw_deg + 180) % 360 - 180) <= 18.1


def test_too_many_at_one_angle_are_counted() -> None:
    item = AuditItem(file="a.png", id="itm_0", kind="image", usable=True)
    layout = lay_out([Seen(item, None, known(0.0)) for _ in range(60)])
    assert layout.hidden[("front", None)] + len(layout.placed) == 60
    assert layout.hidden[("front", None)] > 30


def test_what_is_missing_is_told_for_each_side(seen: tuple[Audit, Paths]) -> None:
    audit, _ = seen
    views, _ = seen_views(audit)
    tallies = {side: tally_of(audit, ("profile", side), views) for side in ("left", "right")}
    assert [(each.here, each.add, each.state) for each in tallies.values()] == [(2, 0, "enough"), (0, 1, "none")]
    three_quarter = tally_of(audit, ("three_quarter", "right"), views)
    assert (three_quarter.here, three_quarter.add, three_quarter.state) == (0, 2, "none")
    back = tally_of(audit, ("back", None), views)
    assert (back.here, back.state) == (1, "")
    assert [have_words(entry) for entry in audit.set.coverage] == ["have 2, enough", "have 1 of 4", "have 2, enough"]


def test_a_clip_that_turns_is_on_the_compass_once_for_each_view() -> None:
    moments = tuple(Moment(seconds=float(n), view=known(yaw)) for n, yaw in enumerate((0, 5, 60, 95, 100)))
    item = AuditItem(file="c.mp4", id="itm_0", kind="clip", usable=True, seconds=5, moments=moments, view=known(5))
    audit_items, _ = seen_views(_audit_of(item))
    assert [(sector_of(each.view), each.seconds) for each in audit_items] == [
        (("front", None), 0.0),
        (("three_quarter", "right"), 2.0),
        (("profile", "right"), 3.0),
    ]


def _audit_of(*items: AuditItem) -> Audit:
    from tools.audit.model import SetFigures

    figures = SetFigures(images=len(items), clips=0, views={}, backgrounds=None)
    recipe = RECIPES[RecipeName.FACE]
    return Audit(
        items=items, set=figures, verdict="ready", findings=(), skipped_checks=(), recipe=recipe, dataset="none"
    )


def test_the_compass_shows_each_file_in_its_place(seen: tuple[Audit, Paths]) -> None:
    audit, paths = seen
    sheet = view_compass(audit, paths)
    assert sheet is not None
    without = view_compass(changed(audit, "p3.png", excluded=True), paths)
    assert without is not None
    differs = np.abs(np.asarray(sheet, dtype=int)[:1000] - np.asarray(without, dtype=int)[:1000]).max(axis=2) > 60
    columns = np.nonzero(differs[200:].any(axis=0))[0]
    assert columns.max() < sheet.width / 2  # the left profile was on the left
    assert view_compass(with_views(audit, {f"p{n}.png": View() for n in range(6)}), paths) is None
    assert "three-quarter: have 1 of 4" in alternative_text(audit, "view_compass")


def test_sheets_of_a_real_audit(measured: tuple[Audit, Paths]) -> None:
    audit, paths = measured
    strips, pages, timeline = background_strips(audit, paths), contact_sheet(audit, paths), clip_timeline(audit, paths)
    assert strips is not None
    assert timeline is not None
    assert len(pages) == 1
    assert {strips.width, pages[0].width, timeline.width} == {1240}
    assert audit.set.backgrounds is not None
    assert "different" in alternative_text(audit, "backgrounds") or audit.set.backgrounds.effective < 1.5
    clip = next(item for item in audit.items if item.file == "two.mp4")
    assert clip.cuts
    assert "1 cut, 2 proposed pieces" in alternative_text(audit, "clip_timeline")
    red = np.asarray(timeline)[210:260].astype(int) - (186, 62, 46)  # the mark of the cut, in the middle of the bar
    assert abs(np.nonzero(np.abs(red).sum(axis=2) < 12)[1].mean() - 620) < 8


def test_nothing_to_show_is_no_picture() -> None:
    empty = _audit_of()
    assert (view_compass(empty, {}), background_strips(empty, {}), clip_timeline(empty, {})) == (None, None, None)
    assert contact_sheet(empty, {}) == []
    assert "No flaws were found" in html_report(empty, {})


def test_files_that_are_gone_are_placeholders(seen: tuple[Audit, Paths], tmp_path: Path) -> None:
    audit, paths = seen
    gone = dict.fromkeys(paths, tmp_path / "gone.png") | {next(iter(paths)): tmp_path}
    thumbnails = Thumbnails(gone)
    for item in audit.items:
        assert thumbnails.of(item).tobytes() == placeholder().tobytes()
    for places in (gone, {}):
        assert view_compass(audit, places) is not None
        assert background_strips(audit, places) is not None
        assert clip_timeline(audit, places) is not None
        assert contact_sheet(audit, places)


def test_frames_of_a_clip_are_those_of_the_moment(measured: tuple[Audit, Paths]) -> None:
    audit, paths = measured
    clip = next(item for item in audit.items if item.file == "two.mp4")
    frames = [np.asarray(frame, dtype=int) for frame in Thumbnails(paths).strip(clip, (0.5, 1.9, 2.1, 3.9, 9.0))]
    assert frames[0].shape == (SIDE, SIDE, 3)
    assert [round(float(np.abs(frame - frames[0]).mean())) > 5 for frame in frames] == [False, False, True, True, True]


def test_odd_clips_are_drawn(measured: tuple[Audit, Paths]) -> None:
    audit, paths = measured
    odd = changed(
        audit,
        "two.mp4",
        seconds=0.04,
        flashes=(0.0, 9.0),
        frozen=((0.0, 99.0),),
        transitions=(Transition(kind="fade", start=0.01, end=0.01),),
        moments=tuple(Moment(seconds=0.001 * n, view=known(30.0)) for n in range(50)),
    )
    assert clip_timeline(odd, paths) is not None


def test_pictures_are_written_and_old_ones_go(seen: tuple[Audit, Paths], tmp_path: Path) -> None:
    audit, paths = seen
    (tmp_path / "contact_sheet_7.jpg").write_bytes(b"old")
    (tmp_path / "mine.jpg").write_bytes(b"mine")
    written = write_pictures(audit, paths, tmp_path)
    assert list(written) == ["view_compass", "backgrounds", "clip_timeline", "contact_sheet"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*(p.name for p in written.values()), "mine.jpg"])
    for path in written.values():
        with Image.open(path) as image:
            image.load()


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())


def hostile(audit: Audit) -> Audit:
    """Bad text wherever text comes from files, captions or models."""
    opinion = SecondOpinion(class_="front", side=None, agrees=False, model=HOSTILE)
    view = View(reason=HOSTILE)
    audit = changed(audit, "p1.png", file=HOSTILE, reasons=(HOSTILE,), second_opinion=opinion, view=view)
    finding = audit.findings[0].model_copy(
        update={"text": HOSTILE, "files": (HOSTILE,), "measure": HOSTILE, "id": HOSTILE}
    )
    missing = (Missing(what=HOSTILE, how_many=1),)
    return audit.model_copy(update={"findings": (finding,), "set": audit.set.model_copy(update={"missing": missing})})


def test_hostile_text_stays_text(seen: tuple[Audit, Paths]) -> None:
    audit, paths = seen
    text = html_report(hostile(audit), paths)
    page = Page(text)
    shown = "<script>alert('x')</script> gnp.\"evil\"&amp;"
    assert page.words.count(shown) >= 6
    assert not {tag for tag, _ in page.tags} & {"script", "iframe", "object", "link", "base", "form"}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "style"]
    assert "\u202e" not in text
    for _, attributes in page.tags:
        for name in ("src", "href"):
            assert (attributes.get(name) or "data:").startswith("data:")
    contact_sheet(hostile(audit), paths)


def test_the_page_needs_nothing_else(seen: tuple[Audit, Paths]) -> None:
    audit, paths = seen
    page = Page(html_report(audit, paths))
    policy = next(found["content"] for tag, found in page.tags if found.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    sheets = [found for tag, found in page.tags if tag == "img" and found.get("class") == "sheet"]
    assert len(sheets) == 4
    assert all(sheet["alt"] for sheet in sheets)
    words = " ".join(page.words)
    assert "What to add" in words
    for finding in audit.findings:
        assert finding.text in words
        assert finding.source in words
    for skipped in audit.skipped_checks:
        assert skipped.reason in words
    assert "three-quarter left, -35° ± 4°" in words
    assert html_report(audit, paths) == html_report(audit, paths)


@pytest.mark.browser
def test_the_page_in_a_browser(seen: tuple[Audit, Paths], tmp_path: Path) -> None:
    """The style is let through by the page's own policy, filters work without scripts, a phone suffices."""
    from playwright.sync_api import sync_playwright

    audit, paths = seen
    (tmp_path / "report.html").write_text(html_report(hostile(audit), paths), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 390, "height": 800})
        told: list[str] = []
        page.on("console", lambda message: told.append(message.text))
        page.on("dialog", lambda dialog: told.append(dialog.message))
        page.goto((tmp_path / "report.html").as_uri())
        assert page.locator("tr.file:visible").count() == len(audit.items)
        page.locator(".filters label", has_text="Not taken").click()
        assert page.locator("tr.file:visible").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        broken = "[...document.images].filter(image => !image.naturalWidth).length"
        assert page.evaluate(broken) == 0
        browser.close()
    assert told == []


def test_many_files_in_bounded_memory(tmp_path: Path) -> None:
    """Large photographs are read small and one at a time; 150 of them at full size would need 1.3 GB."""
    noise = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((2000, 1500)).save(tmp_path / "large.jpg", quality=85)
    items = tuple(
        AuditItem(file=f"{n}.jpg", id=f"itm_{n}", kind="image", usable=n % 9 > 0, view=known(n * 7.0 % 360 - 180))
        for n in range(150)
    )
    with Peak() as peak:
        text = html_report(_audit_of(*items), {f"itm_{n}": tmp_path / "large.jpg" for n in range(150)})
    assert peak.bytes < 200 * 2**20
    assert text.count('<tr class="file') == 150
    assert len(re.findall(r'class="sheet"', text)) == 1 + 2


class Peak:
    """The most memory that the process takes on top of what it has, looked at every 10 ms."""

    def __enter__(self) -> "Peak":
        self.bytes, self._over = 0, threading.Event()
        self._before = psutil.Process().memory_info().rss
        self._watch = threading.Thread(target=self._look)
        self._watch.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._over.wait(0.01):
            self.bytes = max(self.bytes, psutil.Process().memory_info().rss - self._before)


def test_sheets_have_a_limit_and_say_what_is_left_out() -> None:
    items = tuple(AuditItem(file=f"{n}.jpg", id=f"itm_{n}", kind="image", usable=True) for n in range(1500))
    pages = contact_sheet(_audit_of(*items), {})
    assert len(pages) == MAX_PAGES
    assert max(page.height for page in pages) <= PAGE


def test_words_fit_where_they_are_drawn() -> None:
    name = "a-very-long-name-of-a-file-0123.jpg"
    assert width_of(cut(name, 120, 14), 14) <= 120
    assert cut_middle(name, 140, 14).endswith("23.jpg")
    assert width_of(cut_middle(name, 140, 14), 14) <= 140
    assert cut_middle("short.jpg", 140, 14) == "short.jpg"
    assert all(width_of(line, 14) <= 100 for line in lines_of("some words that need " + "x" * 500, 100, 14))
    assert view_words(known(-88.4), degrees=True) == "profile left, -88° ± 4°"
    assert view_words(known(-0.2, 0.3), degrees=True) == "front, 0° ± 1°"
