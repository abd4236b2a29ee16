"""Which files are LTX-2.3 and can be trained on: told by names, configurations and headers, with words for the rest."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from ltx23_models import DIT, SMALL, folder_copy, gemma_copy, single_file_tensors, write_single_file
from safetensors.torch import save_file

from trainer_core.base_models import gpus, registry
from trainer_core.base_models.ltx23 import licence, source
from trainer_core.base_models.ltx23.headers import UnreadableWeights, read_header
from trainer_core.base_models.ltx23.identity import DISTILLED, LATER, LTX2
from trainer_core.base_models.ltx23.source import Source, find
from trainer_core.base_models.registry import MINI_WEIGHTS, BaseModelMissing
from trainer_core.plan import BaseModelName
from trainer_core.projects import Workspace


def reason(path: Path, **more: str) -> str:
    """Why what is at `path` is refused."""
    answer = find({"SIDEKICK_LTX23": str(path), **more}, SMALL)
    assert isinstance(answer, str)
    return answer


# --- where it is


def test_nothing_here_says_what_to_do(tmp_path: Path) -> None:
    answer = find({"HF_HUB_CACHE": str(tmp_path)})
    assert isinstance(answer, str)
    assert "not on this machine yet" in answer
    assert "download it (diffusers/LTX-2.3-Diffusers)" in answer
    assert "SIDEKICK_LTX23" in answer


def test_a_setting_that_leads_nowhere(tmp_path: Path) -> None:
    assert "no such file or folder" in reason(tmp_path / "gone" / "for" / "good")
    assert "not in diffusers' layout" in reason(tmp_path)


def test_the_hubs_cache_is_found_where_the_hubs_library_has_it(tmp_path: Path) -> None:
    place = tmp_path / "hub" / "models--diffusers--LTX-2.3-Diffusers"
    folder_copy(place / "snapshots" / "abc123")
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("abc123")
    found = find({"HF_HOME": str(tmp_path)}, SMALL)
    assert isinstance(found, Source)
    assert found.origin == "diffusers/LTX-2.3-Diffusers from the Hub"
    (found.path / "vae" / "diffusion_pytorch_model.safetensors").unlink()  # a download that was broken off
    answer = find({"HF_HOME": str(tmp_path)}, SMALL)
    assert isinstance(answer, str)
    assert "is not here whole" in answer
    assert "what is here already is kept" in answer
    assert source.hub_cache({"HF_HUB_CACHE": "/x"}) == Path("/x")
    assert source.hub_cache({"XDG_CACHE_HOME": "/y"}) == Path("/y/huggingface/hub")


def test_a_snapshot_without_all_its_files_is_not_taken_for_whole(tmp_path: Path) -> None:
    (folder_copy(tmp_path / "model") / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    assert "no safetensors weights in vae" in reason(tmp_path / "model")
    (tmp_path / "model" / "connectors" / "config.json").unlink()
    assert "connectors/config.json is missing" in reason(tmp_path / "model")


def test_a_folder_without_text_encoder_takes_the_one_of_the_setting(tmp_path: Path) -> None:
    copy, gemma = folder_copy(tmp_path / "model"), gemma_copy(tmp_path / "gemma")
    (copy / "text_encoder").rename(tmp_path / "elsewhere")
    assert "SIDEKICK_GEMMA" in reason(copy)
    found = find({"SIDEKICK_LTX23": str(copy), "SIDEKICK_GEMMA": str(gemma)}, SMALL)
    assert isinstance(found, Source)
    assert found.text_encoder == gemma


# --- what it is: folders


def test_mini_is_never_taken_for_ltx() -> None:
    answer = find({"SIDEKICK_LTX23": str(MINI_WEIGHTS)})
    assert isinstance(answer, str)
    assert "not its size (num layers 6 instead of 48" in answer


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scheduler": {"use_dynamic_shifting": False, "shift_terminal": None}}, DISTILLED),
        ({"transformer": {"gated_attn": None, "cross_attn_mod": None, "use_prompt_embeddings": None}}, LTX2),
        ({"transformer": {"gated_attn": False, "cross_attn_mod": False, "use_prompt_embeddings": True}}, LTX2),
        ({"transformer": {"use_prompt_adaln_single": False, "ff_bias": False}}, LATER),
        ({"transformer": {"perturbed_attn": False}}, "not LTX-2.3 or not all of it"),
        ({"transformer": {"_class_name": "FluxTransformer2DModel"}}, "not LTX-2.3 or not all of it"),
        ({"transformer": {"num_layers": 7}}, "num layers 7 instead of 6"),
        ({"vae": {"block_out_channels": [192, 96, 2048]}}, "encoder's widths are"),
        ({"connectors": {"per_modality_projections": False}}, "connectors are those of LTX-2"),
        ({"text_encoder": {"model_type": "gemma2"}}, "must be Gemma-3-12B"),
        ({"text_encoder": {"text_config": {"hidden_size": 2560, "num_hidden_layers": 34}}}, "34 layers of 2560"),
    ],
)
def test_folders_that_are_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    assert words in reason(folder_copy(tmp_path / "model", changes))


def test_a_distilled_one_is_told_by_its_name(tmp_path: Path) -> None:
    assert reason(folder_copy(tmp_path / "LTX-2.3-Distilled-Diffusers")) == DISTILLED
    assert find({"SIDEKICK_LTX23": "diffusers/LTX-2.3-Distilled-Diffusers"}) == DISTILLED
    assert "almost no effect" in DISTILLED


def test_a_truncated_shard_is_noticed(tmp_path: Path) -> None:
    path = folder_copy(tmp_path / "model") / "transformer" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    assert "cut off" in reason(tmp_path / "model")
    path.write_bytes(b"<!DOCTYPE html>")
    assert "not a safetensors file" in reason(tmp_path / "model")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a": "gone.safetensors"}, "missing"),
        ({"a": "../../secret.safetensors"}, "outside its folder"),
        ({"a": "diffusion_pytorch_model.safetensors"}, "in none of its files"),
    ],
)
def test_an_index_of_shards_that_does_not_hold(tmp_path: Path, files: dict[str, str], words: str) -> None:
    folder = folder_copy(tmp_path / "model") / "vae"
    (folder / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps({"weight_map": files}))
    assert words in reason(tmp_path / "model")


# --- what it is: single files


@pytest.fixture
def gemma(tmp_path: Path) -> str:
    return str(gemma_copy(tmp_path / "gemma"))


def test_a_single_file_needs_gemma(tmp_path: Path, gemma: str) -> None:
    file = write_single_file(tmp_path / "dev.safetensors")
    assert "SIDEKICK_GEMMA" in reason(file)
    assert "no such folder" in reason(file, SIDEKICK_GEMMA=str(tmp_path / "nowhere"))
    assert isinstance(find({"SIDEKICK_LTX23": str(file), "SIDEKICK_GEMMA": gemma}, SMALL), Source)
    (Path(gemma) / "tokenizer.json").unlink()
    assert "no tokenizer" in reason(file, SIDEKICK_GEMMA=gemma)


def test_single_files_that_are_refused(tmp_path: Path) -> None:
    whole = single_file_tensors()
    file = tmp_path / "model.safetensors"

    def refused(tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None) -> str:
        return reason(write_single_file(file, tensors, metadata))

    assert refused(whole, {"title": "LTX-2.3 22B Distilled 1.1"}) == DISTILLED
    assert reason(write_single_file(tmp_path / "ltx-2.3-22b-distilled.safetensors")) == DISTILLED
    assert refused({k: v for k, v in whole.items() if "to_gate_logits" not in k}) == LTX2
    assert refused(whole | {f"{DIT}caption_projection.linear_1.weight": torch.zeros(2, 2)}) == LTX2
    assert refused({k: v for k, v in whole.items() if "prompt_adaln_single" not in k}) == LATER
    assert "holds no vocoder" in refused({k: v for k, v in whole.items() if not k.startswith("vocoder.")})
    assert "num layers 5 instead of 6" in refused({k: v for k, v in whole.items() if "transformer_blocks.5." not in k})
    assert "no single file of LTX-2.3" in refused({"a.weight": torch.zeros(2)})
    eight = whole[f"{DIT}patchify_proj.weight"].to(torch.float8_e4m3fn)
    assert "quantised" in refused(whole | {f"{DIT}patchify_proj.weight": eight})
    wide = torch.zeros(49, 2048, 3, 3, 3, dtype=torch.bfloat16)
    assert "ends 2048 wide" in refused(whole | {"vae.encoder.conv_out.conv.weight": wide})


def test_a_truncated_single_file_is_noticed(tmp_path: Path) -> None:
    file = write_single_file(tmp_path / "dev.safetensors")
    file.write_bytes(file.read_bytes()[:-1])
    assert "cut off" in reason(file)
    file.write_bytes(file.read_bytes()[:5000])
    assert "cut off" in reason(file)


@given(st.binary(max_size=200).filter(lambda content: content[:-1].strip() != b"}"))  # "{}" is a whole header
def test_random_bytes_get_words(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "random.safetensors"
    for data in (content, len(content).to_bytes(8, "little") + b"{" + content):
        path.write_bytes(data)
        with pytest.raises(UnreadableWeights):
            read_header(path)


def test_a_header_is_read_again_when_the_file_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    for shape in ((2,), (300,)):
        save_file({"a": torch.zeros(shape)}, path)
        assert read_header(path).tensors["a"].shape == shape


# --- the gate


def test_the_gate_asks_for_files_then_terms_then_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace.open(tmp_path / "home")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.delenv("SIDEKICK_LTX23", raising=False)

    def missing() -> str:
        return registry.base_missing(BaseModelName.LTX23, workspace) or ""

    assert "not on this machine" in missing()
    with pytest.raises(BaseModelMissing, match="not on this machine"):
        registry.load_transformer(BaseModelName.LTX23)
    with pytest.raises(BaseModelMissing, match="not on this machine"):
        registry.base_fingerprint(BaseModelName.LTX23)
    monkeypatch.setenv("SIDEKICK_LTX23", str(MINI_WEIGHTS))
    monkeypatch.setattr(source, "ltx23", lambda: SMALL)  # its files are here, in small
    assert "nobody has accepted" in missing()
    licence.accept(workspace, "ada")
    for memory, words in ((None, "none that can be seen"), (8.0, "the largest here has 8 GB"), (24.0, "")):
        monkeypatch.setattr(gpus, "largest_memory_gb", lambda memory=memory: memory)
        assert words in missing()
    assert missing() == ""
    assert registry.base_missing(BaseModelName.MINI, workspace) is None


def test_asking_for_the_base_does_not_load_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from trainer_core.base_models.registry import base_missing; "
        "from trainer_core.plan import BaseModelName; "
        "base_missing(BaseModelName.LTX23); base_missing(BaseModelName.MINI); "
        "assert not {'torch', 'transformers', 'diffusers', 'huggingface_hub'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


# --- the licence


def test_who_accepted_the_terms_is_kept(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    assert licence.accepted(workspace) is None
    first = licence.accept(workspace, "ada")
    licence.accept(workspace, "bob")
    assert licence.accept(workspace, "ada") == first
    kept = json.loads((tmp_path / "licences.json").read_text())
    assert [entry["person"] for entry in kept] == ["ada", "bob"]
    assert kept[0]["version"] == licence.VERSION
    assert licence.not_accepted(workspace) is None
    (tmp_path / "licences.json").write_text("[{")  # damaged: shown again
    assert licence.not_accepted(workspace)


def test_an_older_text_that_was_accepted_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace.open(tmp_path)
    licence.accept(workspace, "ada")
    monkeypatch.setattr(licence, "VERSION", "2030-01-01")
    assert licence.accepted(workspace) is None


def test_the_terms_say_what_matters_and_where_to_read_them() -> None:
    words = " ".join(licence.terms())
    for part in ("10 million US dollars", "derivative", "machine-made", licence.ADDRESS, "without guarantee"):
        assert part in words
