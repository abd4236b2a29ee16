"""Giving a LoRA away: what is in the package, that it loads as its pages say, and that it tells nothing private."""

import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lora_files import plan_for, write_lora
from lora_rooms import TRIGGER, add_run, new_project, score
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from tools.context import ToolContext, ToolRefused
from tools.export import ExportLora, export_lora
from tools.library import LoraStrength
from tools.studio.add_lora import AddLora, add_lora
from tools.studio.merge_loras import MergeLoras, merge_loras
from tools.uploads import register
from trainer_core.dataset.media import read_frames
from trainer_core.generation.generate import GenerateRequest, generate, with_lora
from trainer_core.lora.base_shapes import linear_shapes
from trainer_core.lora.export import export_lora as write_file
from trainer_core.lora.inspect import verify
from trainer_core.lora.shareable import names_folder, private_entries
from trainer_core.plan import BASES, BaseModelName
from trainer_core.projects import Lora
from trainer_core.training.records import sha256_of


@pytest.fixture
def context(tmp_path: Path) -> ToolContext:
    return new_project(tmp_path / "home")


def unpacked(context: ToolContext, to: Path, **arguments: Any) -> Path:
    """The package of a LoRA, unpacked as a person would: its folder."""
    made = export_lora(context, ExportLora(**arguments))
    (name,) = made.files
    with zipfile.ZipFile(context.workspace.home / name) as archive:
        assert archive.testzip() is None
        archive.extractall(to)
    (folder,) = to.iterdir()
    return folder


def everything_in(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.iterdir()))


def code_of(page: Path) -> str:
    found = re.search(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def add_file(context: ToolContext, path: Path, **arguments: Any) -> str:
    upload = register(context.workspace, context.project_id, [path])[0].id
    return str(add_lora(context, AddLora(upload=upload, **arguments)).data["lora"])


def test_the_package_loads_in_diffusers_as_its_page_says(
    context: ToolContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = BASES[BaseModelName.MINI].model_copy(update={"sampling_steps": 2})
    monkeypatch.setitem(BASES, BaseModelName.MINI, rules)
    _, lora = add_run(context)
    folder = unpacked(context, tmp_path / "out")
    assert {path.name for path in folder.iterdir()} == {
        "chr_x7kq-mini.safetensors",
        "README.md",
        "use-with-diffusers.md",
        "use-with-comfyui.md",
        "use-with-fal.md",
    }
    monkeypatch.chdir(folder)
    made: dict[str, Any] = {}
    exec(compile(code_of(folder / "use-with-diffusers.md"), "page", "exec"), made)
    prompt = re.search(r'prompt="(.*?)",\n', code_of(folder / "use-with-diffusers.md"))
    assert prompt
    assert prompt[1].startswith(f"{TRIGGER}, a cat")
    request = GenerateRequest(prompt=prompt[1], seed=0, steps=2)
    pipeline = made["pipe"]
    pipeline.unload_lora_weights()
    with with_lora(pipeline, context.workspace.home / lora.file):
        ours = generate(pipeline, request)
    theirs = (made["video"][0] * 255 + 0.5).astype(np.uint8)
    assert np.array_equal(ours, theirs)
    assert not np.array_equal(ours, generate(pipeline, request))  # the LoRA is what made the difference
    assert read_frames(folder / "clip.mp4", fps=8.0, frames=9).shape == (9, 64, 64, 3)


def test_an_in_context_lora_s_page_shows_it_its_reference(
    context: ToolContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = BASES[BaseModelName.MINI].model_copy(update={"sampling_steps": 2})
    monkeypatch.setitem(BASES, BaseModelName.MINI, rules)
    path = write_lora(
        tmp_path / "fx.safetensors", 5, size=0.1, trigger="fx_q2", reference="pair", reference_downscale=1
    )
    folder = unpacked(context, tmp_path / "out", lora=add_file(context, path))
    assert "in-context LoRA" in (folder / "README.md").read_text(encoding="utf-8")
    monkeypatch.chdir(folder)
    clips = []
    for colour in ((200, 40, 40), (40, 40, 200)):
        Image.fromarray(np.full((64, 64, 3), colour, np.uint8)).save("reference.png")
        made: dict[str, Any] = {}
        exec(compile(code_of(folder / "use-with-diffusers.md"), "page", "exec"), made)
        clips.append(made["video"][0])
    assert not np.array_equal(*clips)


def test_the_card_says_how_it_was_made_and_what_was_measured(context: ToolContext, tmp_path: Path) -> None:
    run, lora = add_run(context)
    score(context, run, lora, [0.6, 0.7, 0.8, 0.9])
    first = export_lora(context, ExportLora())
    packed = (context.workspace.home / first.files[0]).read_bytes()
    again = export_lora(context, ExportLora(lora=lora.id))
    assert (context.workspace.home / again.files[0]).read_bytes() == packed  # equal content gives equal bytes
    folder = unpacked(context, tmp_path / "out")
    card = (folder / "README.md").read_text(encoding="utf-8")
    for words in (
        f'instance_prompt: "{TRIGGER}"',
        "for mini, the practice model that comes with Sidekick, not for LTX-2.3",
        "Recipe: character",
        "12 pictures",
        "| Looks like your pictures | 0.750 |",
        "at least 0.50: good (a line for tests)",
        "mean cosine of frames to the pictures",
        "Apache-2.0",
        sha256_of(folder / "chr_x7kq-mini.safetensors"),
    ):
        assert words in card
    assert "cannot be used with ComfyUI" in (folder / "use-with-comfyui.md").read_text(encoding="utf-8")
    assert sha256_of(folder / "chr_x7kq-mini.safetensors") == lora.sha256
    score(context, run, lora, [0.6, 0.7], lora_sha256="0" * 64)
    told = export_lora(context, ExportLora(target="file"))
    assert "has no scores" in told.text
    assert [Path(name).name for name in told.files] == ["chr_x7kq-mini.safetensors", "README.md"]
    assert "was not scored" in (context.workspace.home / told.files[1]).read_text(encoding="utf-8")


def test_nothing_of_this_machine_or_its_people_goes_out(context: ToolContext, tmp_path: Path) -> None:
    home = str(context.workspace.home)
    other = write_lora(tmp_path / "other.safetensors", 4, trigger="sty_q2ab")
    with safe_open(other, framework="pt") as file:
        header = dict(file.metadata())
    header |= {
        "ss_dataset_dirs": '{"10_pip": {"img_count": 7}}',
        "ss_tag_frequency": '{"10_pip": {"my secret caption": 7}}',
        "strange": f"made from {home}/projects",
        "windows": "C:\\Users\\anna\\loras",
        "modelspec.description": "ignore [this](javascript:alert(1)) ![x](http://127.0.0.1:9/x) <b>now</b> | a | b",
    }
    save_file(load_file(other), other, header)
    added = add_file(context, other)
    made = export_lora(context, ExportLora(lora=added))
    assert set(made.data["left_out"]) == {"ss_dataset_dirs", "ss_tag_frequency", "strange", "windows"}
    folder = unpacked(context, tmp_path / "out", lora=added)
    found = everything_in(folder)
    for private in (home, str(tmp_path), "secret caption", "anna", "10_pip", context.project_id):
        assert private.encode() not in found, private
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "these entries were left out" in card
    assert not [markup for markup in ("<b>", "[this]", "![x]") if markup in card]
    copy = folder / "sty_q2ab-mini.safetensors"
    assert verify(copy).ok
    before, after = load_file(other), load_file(copy)
    assert all(torch.equal(before[name], after.pop(name)) for name in before)
    assert not after
    own_run, own = add_run(context)
    shutil.rmtree(folder.parent)
    found = everything_in(unpacked(context, tmp_path / "out", lora=own.id))
    assert not [private for private in (home, str(tmp_path), own_run.plan_id) if private.encode() in found]


def test_addresses_are_no_folders() -> None:
    for text in ("https://github.com/Lightricks/LTX-2", "1/2 and 3/4", "ltx-2.3/lora", "{'a': 'b/c'}", "0x12ab"):
        assert not names_folder(text), text
    for text in ("/home/me/x", "in ~/loras", "D:\\x", "D:/x", "\\\\nas\\x", "file:///etc/x", '["/mnt/data/x"]'):
        assert names_folder(text), text
    assert private_entries({"modelspec.title": "a", "ss_tag_frequency": "{}"}) == ("ss_tag_frequency",)


def test_added_and_merged_files_can_be_fetched_and_say_where_they_come_from(
    context: ToolContext, tmp_path: Path
) -> None:
    _, own = add_run(context)
    style = add_file(context, write_lora(tmp_path / "style.safetensors", 2, trigger="sty_q2ab"))
    both = [LoraStrength(lora=own.id), LoraStrength(lora=style, strength=0.5)]
    merged = str(merge_loras(context, MergeLoras(loras=both, title="pip in <i>dusk</i>")).data["lora"])
    folder = unpacked(context, tmp_path / "out", lora=merged)
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "merged from 2 LoRAs" in card
    assert own.sha256 in card
    assert "at 0.5" in card
    assert "<i>" not in card
    assert (folder / "chr_x7kq_sty_q2ab-mini.safetensors").is_file()
    made = export_lora(context, ExportLora(lora=style, target="file"))
    assert all(name.startswith(f"exports/{context.project_id}/{style}/") for name in made.files)


def test_a_lora_for_ltx23_tells_how_to_use_it_in_all_three(context: ToolContext, tmp_path: Path) -> None:
    shapes = linear_shapes(BaseModelName.LTX23)
    rng = torch.Generator().manual_seed(1)
    state = {}
    for name in [name for name in shapes if name.startswith("transformer_blocks.0.attn1.to_")]:
        outputs, inputs = shapes[name]
        state[f"{name}.lora_A.weight"] = 0.1 * torch.randn(1, inputs, generator=rng)
        state[f"{name}.lora_B.weight"] = 0.1 * torch.randn(outputs, 1, generator=rng)
    plan = plan_for("fx_melt").changed(base="ltx-2.3", width=960, height=544, frames=49, fps=24.0)
    path = tmp_path / "big.safetensors"
    write_file(path, state, rank=1, alpha=1.0, plan=plan, title="melting")
    folder = unpacked(context, tmp_path / "out", lora=add_file(context, path))
    pages = {page.name: page.read_text(encoding="utf-8") for page in folder.glob("*.md")}
    assert "LTX-2 Community License" in pages["README.md"]
    assert "diffusers/LTX-2.3-Diffusers" in pages["use-with-diffusers.md"]
    compile(code_of(folder / "use-with-diffusers.md"), "page", "exec")
    assert all(said in pages["use-with-comfyui.md"] for said in ("ComfyUI/models/loras/", "LoraLoaderModelOnly"))
    compile(code_of(folder / "use-with-fal.md"), "page", "exec")
    assert '"loras": [{"path": address, "scale": 1}]' in pages["use-with-fal.md"]
    for page in ("use-with-comfyui.md", "use-with-fal.md"):
        assert "did not run" in pages[page]


def test_what_cannot_be_given_out_is_said_in_words(context: ToolContext, tmp_path: Path) -> None:
    with pytest.raises(ToolRefused, match="no finished LoRA"):
        export_lora(context, ExportLora())
    _, lora = add_run(context)
    with pytest.raises(ToolRefused, match="no LoRA called"):
        export_lora(context, ExportLora(lora="../../etc/passwd"))
    other = new_project(context.workspace.home, "somebody")
    with pytest.raises(ToolRefused, match="no LoRA called"):
        export_lora(other, ExportLora(lora=lora.id))
    file = context.workspace.home / lora.file
    shutil.copy(write_lora(tmp_path / "another.safetensors", 77), file)
    with pytest.raises(ToolRefused, match="not the one that was registered"):
        export_lora(context, ExportLora())
    with context.workspace.session() as session:
        session.get_one(Lora, lora.id).sha256 = sha256_of(file)
    file.write_bytes(b"not a LoRA")
    with context.workspace.session() as session:
        session.get_one(Lora, lora.id).sha256 = sha256_of(file)
    with pytest.raises(ToolRefused, match="was not given out"):
        export_lora(context, ExportLora())
