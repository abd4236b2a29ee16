"""The studio and the library as a person uses them: the form, what a browser may send, clips and downloads."""

import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browsers import launch, open_page
from doubles import HOSTILE
from lora_files import write_lora
from lora_rooms import TRIGGER, add_run, best_at, new_project, score
from PIL import Image

from tests import windows
from tools.context import ToolContext, ToolRefused
from tools.studio import GenerateClip, generate_clip
from tools.studio.add_lora import AddLora, add_lora
from tools.studio.compare_clips import CompareClips
from tools.studio.history import MadeClip
from tools.studio.interference import MeasureInterference
from tools.uploads import register
from trainer_core.generation.provenance import Made, Provenance
from trainer_core.plan import BASES, BaseModelName
from ui.panels.panel import NotYet
from ui.panels.studio_data import Studio, load
from ui.panels.studio_form import comparing, making, measuring, settings_again
from ui.panels.studio_html import clip_html, history_html
from ui.uploaded import checked_upload


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ToolContext:
    """A project with two scored runs and a LoRA from elsewhere."""
    folder = tmp_path_factory.mktemp("studio")
    context = new_project(folder / "home")
    for seed, steps in ((1, 300), (2, 380)):
        run, lora = add_run(context, seed, steps=steps)
        likeness = [0.5 + seed / 10, 0.6 + seed / 9, 0.7 + seed / 11, 0.8 + seed / 10]
        score(context, run, lora, likeness, sweep=best_at(1 if seed == 2 else 0.6))
    path = write_lora(folder / "found.safetensors", 5, size=0.1, trigger="sty_q2ab")
    add_lora(context, AddLora(upload=register(context.workspace, context.project_id, [path])[0].id))
    return context


def form(now: Studio, **changes: Any) -> tuple[Any, ...]:
    """The values of the form, as a browser sends them."""
    values: dict[str, Any] = {
        "prompt": now.prompt, "loras": [now.loras[0].id, "", "", ""], "strengths": [1, 1, 1, 1], "triggered": True,
        "seed": 7, "media": "", "role": "image", "sound": False,
    } | changes  # fmt: skip
    rest = (values[name] for name in ("triggered", "seed", "media", "role", "sound"))
    return (values["prompt"], *values["loras"], *values["strengths"], *rest)


def test_the_form_begins_with_the_newest_lora_and_the_recipe_s_first_prompt(context: ToolContext) -> None:
    now = load(context)
    assert now == load(context)  # nothing is drawn anew while nothing changes
    assert hash(replace(now, clips=(MadeClip("a.mp4", 1, Provenance(True, None, "")),)))  # gradio asks for it
    assert now.prompt.startswith(f"{TRIGGER}, a cat")
    assert [now.strength_of(each.id) for each in now.loras] == [1, 1, 0.6]  # what scored best, else as trained
    assert [each.triggers for each in now.loras] == [[TRIGGER], ["sty_q2ab"], [TRIGGER]]
    name, arguments = making(*form(now))
    assert name == "generate_clip"
    assert GenerateClip(**arguments).lora == now.loras[0].id
    stack = form(now, loras=[now.loras[0].id, now.loras[1].id, "", ""], strengths=[1, 0.5, 1, 1], media="itm_1")
    wanted = GenerateClip(**making(*stack)[1])
    assert [entry.strength for entry in wanted.stack] == [1, 0.5]
    assert wanted.image == "itm_1"
    both = CompareClips(**comparing(*form(now), without_too=True)[1])
    assert both.without_too
    assert not both.with_base
    measured = measuring(*stack[1:9], True)
    assert len(MeasureInterference(**measured[1]).loras) == 2


def test_what_cannot_be_made_is_said_and_nothing_is_believed(context: ToolContext) -> None:
    now = load(context)
    for values in (form(now, prompt="  "), form(now, loras=["", None, "", ""])):
        with pytest.raises(NotYet):
            making(*values)
    with pytest.raises(NotYet):
        comparing(*form(now, loras=[now.loras[0].id, now.loras[1].id, "", ""]), without_too=True)
    with pytest.raises(NotYet):
        measuring(*form(now)[1:9], False)
    odd = GenerateClip(**making(*form(now, loras=["../../etc", "", "", ""], seed="x", media="/etc/passwd"))[1])
    with pytest.raises(ToolRefused, match="no LoRA called"):
        generate_clip(context, odd)
    for path in ("/etc/passwd", None, {"path": "x"}, str(context.workspace.home / "sidekick.db")):
        with pytest.raises(ToolRefused, match="choose"):
            checked_upload(path, context, "Please choose it again.")


def test_a_clip_s_settings_come_back_and_hostile_files_stay_words(context: ToolContext) -> None:
    now = load(context)
    loras = [{"name": HOSTILE, "sha256": each.sha256, "strength": 0.5} for each in now.loras[:2]]
    made = Made.model_validate(
        {
            "base": "mini", "prompt": f"{HOSTILE} {TRIGGER}", "seed": 12, "steps": 2, "guidance": 3.0, "width": 64,
            "height": 64, "frames": 9, "fps": 8.0, "loras": [*loras, loras[0] | {"sha256": "0" * 64}],
            "shown": {"reference": "0" * 64},
        }
    )  # fmt: skip
    again = settings_again(made, now)
    assert again.seed == 12
    assert again.loras == ((now.loras[0].id, 0.5), (now.loras[1].id, 0.5), (None, 1.0), (None, 1.0))
    assert again.triggered
    assert again.role == "reference"
    assert len(again.notes) == 2
    clip = MadeClip('pictures/x/"onload=1.mp4', 1, Provenance(marked=True, made=made, program=""))
    drawn = clip_html(clip, now) + history_html(replace(now, clips=(clip,)), None)
    assert "AI-generated" in drawn
    assert "<script" not in drawn
    assert '"onload' not in drawn
    sides = made.model_copy(update={"loras": (), "sides": ({"label": "a", "loras": [loras[1], 5]}, {"loras": "x"})})
    assert settings_again(sides, now).loras[0] == (now.loras[1].id, 0.5)
    prompts = {"prompt": "waving"}, {"prompt": f"{TRIGGER}, <b>, waving", "loras": loras[:1]}, {"prompt": 5}
    own = made.model_copy(update={"prompt": "waving", "loras": (), "sides": prompts})
    assert settings_again(own, now).triggered  # each side has its own prompt, and the clip's is the scene alone
    shown = clip_html(replace(clip, told=replace(clip.told, made=own)), now)
    assert f"“waving”; “{TRIGGER}, &lt;b&gt;, waving”" in shown
    alone = settings_again(made.model_copy(update={"loras": (), "shown": {}}), now)
    assert alone.loras[0] == (now.loras[0].id, 0.0)


@pytest.fixture
def address(context: ToolContext, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The window on this project; clips take two steps of denoising instead of twelve."""
    rules = BASES[BaseModelName.MINI].model_copy(update={"sampling_steps": 2})
    monkeypatch.setitem(BASES, BaseModelName.MINI, rules)

    with windows.opened(context.workspace, context.project_id) as url:
        yield url


@pytest.mark.browser
def test_a_person_makes_clips_and_takes_a_lora_away(context: ToolContext, address: str, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    expect, shots = playwright.expect, os.environ.get("SIDEKICK_SCREENSHOTS")
    with playwright.sync_playwright() as api:
        browser = launch(api)
        page = open_page(browser, viewport={"width": 1400, "height": 1000})
        page.goto(address)
        page.get_by_role("tab", name="Studio").click()
        expect(page.locator("#studio-prompt textarea")).to_have_value(load(context).prompt)
        page.locator("#studio-make").click()
        expect(page.locator("#studio-clip video")).to_be_visible()
        expect(page.locator("#studio-clip")).to_contain_text("AI-generated")
        expect(page.locator("#chat")).to_contain_text("Making a test clip")
        page.locator("#studio-prompt textarea").fill("a cat jumping")
        page.locator("#studio-both").click()
        expect(page.locator("#studio-history li")).to_have_count(2)
        expect(page.locator("#studio-prompt textarea")).to_have_value("a cat jumping")  # what was typed stays
        page.locator("#studio-history button").nth(1).click()
        expect(page.locator("#studio-prompt textarea")).to_have_value(load(context).clips[1].told.made.prompt)  # type: ignore[union-attr]
        _look(page, shots, "studio")
        page.get_by_role("tab", name="Library").click()
        page.locator("#library-make-package").click()
        expect(page.locator("#library-package")).to_be_visible()
        with page.expect_download() as saved:
            page.locator("#library-package").click()
        saved.value.save_as(tmp_path / "got.zip")
        expect(page.locator("#library-compared table")).to_contain_text("beyond the noise")
        _look(page, shots, "library")
        page.locator("#library-second input").click()
        page.get_by_role("option").nth(1).click()
        expect(page.locator("#library-compared")).to_contain_text("the same run twice")
        browser.close()
    with zipfile.ZipFile(tmp_path / "got.zip") as archive:
        assert any(name.endswith(".safetensors") for name in archive.namelist())


@pytest.mark.browser
def test_a_person_stacks_loras_and_begins_with_a_picture(context: ToolContext, address: str, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    expect, shots = playwright.expect, os.environ.get("SIDEKICK_SCREENSHOTS")
    picture = tmp_path / "beach.png"
    Image.new("RGB", (64, 64), "orange").save(picture)
    with playwright.sync_playwright() as api:
        browser = launch(api)
        page = open_page(browser, viewport={"width": 1400, "height": 1000})
        page.goto(address)
        page.get_by_role("tab", name="Studio").click()
        expect(page.locator("#studio-prompt textarea")).to_have_value(load(context).prompt)
        second = page.locator("#studio-lora-2")
        expect(second).to_be_hidden()
        page.locator("#studio-another").click()
        expect(second).to_be_visible()
        second.locator("input").click()
        page.get_by_role("option").filter(has_text="sty_q2ab").click()
        page.locator("#studio-both").click()  # of one LoRA alone
        expect(page.get_by_test_id("toast-body")).to_contain_text("one LoRA at a time")
        page.locator("#studio-picture button").first.click()
        page.locator("#studio-picture input[type=file]").set_input_files(str(picture))
        expect(page.locator("#studio-media input")).to_have_value("beach.png")
        _look(page, shots, "studio-stack")
        page.locator("#studio-make").click()
        expect(page.locator("#studio-clip")).to_contain_text("sty_q2ab")
        expect(page.locator("#studio-clip")).to_contain_text("image")
        page.locator("#studio-lora-2 input").click()
        page.get_by_role("option").filter(has_text=TRIGGER).last.click()
        expect(page.locator("#studio-strength-2 input[type=number]")).to_have_value("0.6")  # what scored best for it
        browser.close()


def _look(page: Any, folder: str | None, name: str) -> None:
    """Pictures for a person to look at, where SIDEKICK_SCREENSHOTS names a folder for them."""
    if folder is None:
        return
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.evaluate(f"document.body.classList.toggle('dark', {str(scheme == 'dark').lower()})")
        page.wait_for_timeout(300)
        page.screenshot(path=f"{folder}/{name}-{scheme}.png", full_page=True)
    page.evaluate("document.body.classList.remove('dark')")
    page.set_viewport_size({"width": 390, "height": 900})
    page.wait_for_timeout(500)
    page.screenshot(path=f"{folder}/{name}-phone.png", full_page=True)
    page.set_viewport_size({"width": 1400, "height": 1000})
