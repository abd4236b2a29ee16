"""The dataset panel: what comes in, what it shows and what it never shows, and a person who only clicks."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browsers import launch, open_page
from PIL import Image
from rooms import draw_pictures, new_context

from tests import windows
from tools.audit.tools import LookAtFiles, audit_dataset
from tools.captioning.tools import EditCaption, edit_caption
from tools.context import ToolContext, ToolRefused
from tools.dataset import AddFiles, SetExcluded, add_files, set_excluded
from tools.handed_over import FOLDER, safe_parts, take_over, waiting_files
from tools.recipes import ChooseRecipe, choose_recipe
from tools.small_copies import SIDE, copy_name, frames_copy, made, make_in_background, small_copy
from tools.state import manifest_of
from tools.uploads import register
from trainer_core.dataset.manifest import Manifest
from trainer_core.dataset.media import write_clip
from trainer_core.projects import Workspace
from trainer_core.recipes import RecipeName
from ui import words_dataset as words
from ui.panels.dataset import build
from ui.panels.dataset_charts import charts_html
from ui.panels.dataset_data import Dataset, Where, data_of, load_where
from ui.panels.dataset_detail import about_html, caption_html
from ui.panels.dataset_editor import drawn
from ui.panels.dataset_gallery import ON_A_PAGE, View, beside, gallery_html, settled, turned
from ui.panels.dataset_head import head_words
from ui.panels.dataset_upload import arrive, known_html
from ui.panels.panel import Clicks

HOSTILE = "<img src=x onerror=alert(1)>.png"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ToolContext:
    """Pictures, a hostile name, a file that is none, and a clip with a cut; looked at."""
    folder = tmp_path_factory.mktemp("panel")
    context = new_context(folder / "home")
    choose_recipe(context, ChooseRecipe(recipe=RecipeName.CHARACTER, noun="cat"))
    pictures = draw_pictures(folder / "pictures", 4)
    (pictures / "picture-00.png").rename(pictures / HOSTILE)
    (pictures / "no picture.png").write_text("words")
    (pictures / "picture-01.txt").write_text("a <script>alert(1)</script> cat")
    shots = [np.asarray(Image.open(pictures / f"picture-0{number}.png").resize((128, 128))) for number in (1, 3)]
    moving = np.stack([np.roll(shot, step, axis=1) for shot in shots for step in range(32)])
    write_clip(pictures / "two shots.mp4", moving, fps=8)
    register(context.workspace, context.project_id, [pictures])
    add_files(context, AddFiles())
    audit_dataset(context, LookAtFiles())
    return context


@pytest.fixture
def where(context: ToolContext) -> Where:
    return load_where(context)


@pytest.fixture
def data(where: Where) -> Dataset:
    return data_of(where)


def many(data: Dataset, count: int) -> Dataset:
    """So many files: copies of the first one under other ids."""
    first = data.manifest.items[0]
    items = tuple(first.model_copy(update={"id": f"itm_{number:012x}"}) for number in range(count))
    groups = {"all": tuple(item.id for item in items)}
    return Dataset(Manifest(items=items), None, None, None, {}, {}, groups, frozenset(), None)


def test_an_empty_project_says_what_to_do(tmp_path: Path) -> None:
    where = load_where(new_context(tmp_path / "home"))
    data = data_of(where)
    assert words.EMPTY in gallery_html(View(), data, where.pictures, frozenset())
    assert head_words(data, where) == words.NO_RECIPE
    assert charts_html(data, where) == ""
    assert drawn(View(), data, where, None)[1:] is not None


def test_there_is_an_update_for_every_output(where: Where) -> None:
    import gradio as gr

    with gr.Blocks():
        panel = build(Clicks())
    assert len(panel.draw(where)) == len(panel.outputs)


def test_nothing_is_loaded_or_drawn_anew_while_nothing_changes(context: ToolContext) -> None:
    for item in manifest_of(context).items:
        small_copy(*_folders(context), item)
    before = load_where(context)
    assert load_where(context) == before
    assert data_of(load_where(context)) is data_of(before)
    edit_caption(context, EditCaption(item=manifest_of(context).items[2].id, caption="a cat outside"))
    assert load_where(context) != before


def test_filters_count_what_the_audit_found(where: Where, data: Dataset) -> None:
    shown = gallery_html(View(), data, where.pictures, made(where.pictures))
    assert f'data-show="all" aria-pressed="true">All <b>{len(data.manifest.items)}</b>' in shown
    assert 'data-show="refused"' in shown
    assert "cut_in_clip" in data.groups
    only = gallery_html(View(show="cut_in_clip"), data, where.pictures, frozenset())
    assert only.count('class="tile') - only.count('class="tiles"') == 1
    assert "two shots.mp4" in only
    assert 'class="badge warn"' in only
    refused = gallery_html(View(show="refused"), data, where.pictures, frozenset())
    assert "no picture.png" in refused
    assert "It holds text" in refused


def test_names_and_captions_are_text(where: Where, data: Dataset) -> None:
    shown = gallery_html(View(), data, where.pictures, made(where.pictures)) + known_html(data)
    for item in data.manifest.items:
        shown += about_html(item, data, where) + caption_html(item.caption, data.trigger, item.caption_source)
    shown += charts_html(data, where)
    assert "<script" not in shown
    assert "<img src=x" not in shown
    assert "&lt;img src=x" in shown
    assert "\u202e" not in caption_html("\u202eolleh", "chr_x")


def test_the_trigger_is_marked_or_missed() -> None:
    assert "<mark>chr_x7</mark>, a cat" in caption_html("chr_x7, a cat", "chr_x7")
    assert "chr_x7 is missing" in caption_html("chr_x77, a cat", "chr_x7")
    assert "No caption yet" in caption_html(" ", "chr_x7", "none")
    assert caption_html(None, None)


def test_a_file_says_why_and_how_it_is_split(where: Where, data: Dataset) -> None:
    clip = next(item for item in data.manifest.items if item.info.kind == "clip")
    about = about_html(clip, data, where)
    assert "Better change it:" in about
    assert "limit" in about
    assert "better split into 2 pieces" in about
    split = drawn(View(item=clip.id), data, where, None)[5]
    assert split["visible"]
    assert split["value"] == "Split into 2 pieces"
    assert [path for path in made(where.pictures) if "_at_" in path]


@pytest.mark.parametrize(
    "event",
    [
        *(None, 7, [], {}, {"item": "itm_000000000000"}, {"item": ["x"]}, {"item": "../../x"}, {"show": "no such"}),
        *({"show": {}}, {"page": "-1"}, {"page": 3}, {"page": "9" * 50}, {"page": "²"}),
    ],
)
def test_what_a_browser_makes_up_is_ignored(data: Dataset, event: object) -> None:
    view = View(item=data.manifest.items[0].id)
    assert settled(turned(view, event, data), data) == view


def test_pages_and_the_way_through_them(data: Dataset) -> None:
    large = many(data, 2 * ON_A_PAGE + 5)
    view = settled(turned(View(), {"page": "2"}, large), large)
    shown = gallery_html(view, large, Path("pictures"), frozenset())
    assert shown.count("data-item=") == 5
    assert shown.count("data-page=") == 3
    last_of_first = View(item=large.manifest.items[ON_A_PAGE - 1].id)
    assert beside(last_of_first, large, 1).page == 1
    assert beside(View(item=large.manifest.items[0].id), large, -1).item == large.manifest.items[0].id
    assert settled(View("gone", 99, "itm_gone"), large) == View("all", 2, None)


def test_a_caption_that_is_being_typed_stays(where: Where, data: Dataset) -> None:
    item = data.manifest.items[0]
    first = drawn(View(item=item.id), data, where, None)
    assert first[2]["value"] == item.caption
    again = drawn(View(item=item.id), data, where, first[-1])
    assert "value" not in again[2]


def test_small_copies_are_made_once_and_never_lead_out(context: ToolContext, tmp_path: Path) -> None:
    dataset, _ = _folders(context)
    item = next(item for item in manifest_of(context).items if item.info.kind == "clip")
    copy = small_copy(dataset, tmp_path, item)
    assert max(Image.open(copy).size) <= SIDE
    stamp = copy.stat().st_mtime_ns
    assert small_copy(dataset, tmp_path, item.model_copy(update={"name": "another"})).stat().st_mtime_ns == stamp
    assert Image.open(frames_copy(dataset, tmp_path, item, [1.0, 4.0])).width > Image.open(copy).width
    stranger = item.model_copy(update={"file": "../../../../etc/passwd", "sha256": "0" * 64})
    assert small_copy(dataset, tmp_path, stranger).is_file()  # a placeholder
    assert all(name.endswith(".jpg") for name in made(tmp_path))


def test_copies_are_made_in_the_background_by_one_thread(context: ToolContext, tmp_path: Path) -> None:
    import time

    items = manifest_of(context).items
    assert make_in_background(_folders(context)[0], tmp_path, items)
    for _ in range(200):
        if made(tmp_path) >= {copy_name(item) for item in items}:
            break
        time.sleep(0.05)
    assert made(tmp_path) >= {copy_name(item) for item in items}
    assert not make_in_background(_folders(context)[0], tmp_path, items)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("cats/pip.png", ["cats", "pip.png"]),
        ("../../etc/passwd", ["etc", "passwd"]),
        ("/root/.ssh//id.png", ["root", "ssh", "id.png"]),
        ("C:\\cats\\pip.png", ["C", "cats", "pip.png"]),
        ("...", ["file"]),
        ("a\x00\u202eb.png", ["a b.png"]),
        ("x" * 300 + ".png", ["x" * 100 + ".png"]),
    ],
)
def test_names_of_files_from_a_browser_are_harmless(name: str, parts: list[str]) -> None:
    assert safe_parts(name) == parts


def test_what_arrived_waits_and_goes_in_together(tmp_path: Path) -> None:
    context = new_context(tmp_path / "home")
    sent = draw_pictures(tmp_path / "sent", 2)
    (sent / "caption").write_text("a cat on a wall")
    give = (context.workspace, context.project_id, "batch0001")
    take_over(*give, [(sent / "picture-00.png", "cats/pip.png")])
    take_over(*give, [(sent / "caption", "cats/pip.txt"), (sent / "picture-01.png", "cats/pip.png")])
    assert waiting_files(context.workspace, context.project_id) == 3
    assert load_where(context).waiting == 0  # more may be on its way
    batch = context.workspace.dataset_folder(context.project_id).parent / FOLDER / "batch0001"
    os.utime(batch, (0, 0))
    assert load_where(context).waiting == 3
    add_files(context, AddFiles())
    assert [item.name for item in manifest_of(context).items] == ["pip (2).png", "pip.png"]
    assert manifest_of(context).items[1].caption == "a cat on a wall"
    assert waiting_files(context.workspace, context.project_id) == 0
    assert not list((context.workspace.dataset_folder(context.project_id).parent / FOLDER).iterdir())
    assert (sent / "picture-00.png").is_file()
    with pytest.raises(ToolRefused, match="add them again"):
        take_over(context.workspace, context.project_id, "../out", [(sent / "picture-00.png", "x.png")])


def test_only_uploads_are_taken_from_a_browser(
    context: ToolContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (uploads / "link.png").symlink_to("/etc/hostname")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(uploads))
    where = load_where(context)
    for path in ("/etc/passwd", str(uploads / "link.png"), str(uploads / ".." / "x"), "", None, 3):
        with pytest.raises(ToolRefused, match="add them again"):
            arrive({"batch": "batch0002", "files": [{"path": path, "name": "x.png"}]}, where)
    for event in (None, {"batch": 3, "files": []}, {"batch": "batch0002", "files": "x"}):
        with pytest.raises(ToolRefused):
            arrive(event, where)
    assert arrive({"batch": "batch0002", "files": [], "last": True}, where)
    assert waiting_files(context.workspace, context.project_id) == 0


def test_a_set_aside_file_is_counted_and_undone(context: ToolContext) -> None:
    item = manifest_of(context).items[1]
    set_excluded(context, SetExcluded(items=[item.id]))
    data = data_of(load_where(context))
    assert data.groups["aside"] == (item.id,)
    assert data.change == f"setting aside {item.name}"
    set_excluded(context, SetExcluded(items=[item.id], excluded=False))


def _folders(context: ToolContext) -> tuple[Path, Path]:
    workspace, project = context.workspace, context.project_id
    return workspace.dataset_folder(project), workspace.pictures_folder(project)


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("SIDEKICK_MODEL", "guided")
    with windows.opened(Workspace.open(tmp_path / "home")) as url:
        yield url


@pytest.mark.browser
def test_a_person_who_only_clicks(address: str, tmp_path: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    folder = draw_pictures(tmp_path / "cats", 3)
    (folder / "picture-00.png").rename(folder / HOSTILE)
    (folder / "picture-01.txt").write_text("a cat on a wall")
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = open_page(browser, viewport={"width": 1280, "height": 900})
        page.set_default_timeout(90_000)
        page.on("dialog", lambda dialog: pytest.fail(f"a file's name was obeyed: {dialog.message}"))
        page.goto(address)
        expect(page.locator("#model")).to_contain_text("guided model")  # the page knows its conversation
        page.locator("#noun textarea, #noun input").first.fill("cat")
        page.locator("#recipe-character").click()
        page.locator("#dataset-upload input[webkitdirectory]").set_input_files(str(folder))
        tiles = page.locator("#dataset-gallery .tile")
        expect(tiles).to_have_count(3)
        expect(page.locator("#dataset-charts")).to_be_visible()  # looked at, too
        expect(page.locator("#dataset-gallery .tile img")).to_have_count(3)
        page.locator("#dataset-gallery [data-show=untriggered]").click()
        expect(tiles).to_have_count(1)
        tiles.first.click()
        expect(page.locator("#dataset-preview")).to_contain_text("is missing")
        caption = page.locator("#dataset-caption textarea")
        expect(caption).to_have_value("a cat on a wall")
        caption.fill("a cat on a red wall")
        page.locator("#dataset-save").click()
        expect(page.locator("#dataset-preview mark")).to_be_visible()
        expect(page.locator("#dataset-undo")).to_contain_text("the caption of picture-01.png")
        page.locator("#dataset-aside").click()
        expect(page.locator("#dataset-gallery [data-show=aside]")).to_contain_text("1")
        page.locator("#dataset-undo").click()
        expect(page.locator("#dataset-gallery [data-show=aside]")).to_have_count(0)
        shot = os.environ.get("SIDEKICK_SCREENSHOT")
        if shot:
            page.screenshot(path=shot, full_page=True)
        browser.close()
