"""LTX-2.3 is loaded from a folder and from the single file to the same model, and never with values of chance."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import LTX2VideoTransformer3DModel
from diffusers.loaders.single_file_utils import (
    convert_ltx2_transformer_to_diffusers,
    convert_ltx2_vae_to_diffusers,
)
from ltx23_models import DIT, SMALL, folder_copy, gemma_copy, original_name, single_file_tensors, write_single_file
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from trainer_core.base_models.ltx23 import loading
from trainer_core.base_models.ltx23.fingerprint import fingerprint
from trainer_core.base_models.ltx23.headers import Header, Stored, read_header
from trainer_core.base_models.ltx23.identity import check_file
from trainer_core.base_models.ltx23.layout import ltx23
from trainer_core.base_models.ltx23.loading import CLASSES, bytes_held, load_components, load_pipeline, load_transformer
from trainer_core.base_models.ltx23.names import Component, by_component
from trainer_core.base_models.ltx23.source import Source, find
from trainer_core.base_models.ltx23.streaming import WrongWeights, check_names, empty, stream_transformer
from trainer_core.base_models.registry import MINI_WEIGHTS
from trainer_core.generation.generate import GenerateRequest, generate
from trainer_core.lora.base_shapes import transformer_on_meta
from trainer_core.lora.names import to_original
from trainer_core.plan import BaseModelName, MemoryTier
from trainer_core.training.video_only import is_audio_name

FULL = torch.float32
CPU = torch.device("cpu")


def found(environment: dict[str, str]) -> Source:
    source = find(environment, SMALL)
    assert isinstance(source, Source), source
    return source


@pytest.fixture(scope="module")
def folder() -> Source:
    return found({"SIDEKICK_LTX23": str(MINI_WEIGHTS)})


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Source:
    home = tmp_path_factory.mktemp("single")
    file = write_single_file(home / "ltx-2.3-22b-dev.safetensors")
    return found({"SIDEKICK_LTX23": str(file), "SIDEKICK_GEMMA": str(gemma_copy(home / "gemma"))})


def test_folder_and_single_file_make_the_same_clip(folder: Source, single: Source) -> None:
    request = GenerateRequest("a red cat walks", steps=2)
    clips = [generate(load_pipeline(source, device=CPU, dtype=FULL), request) for source in (folder, single)]
    assert np.array_equal(*clips)
    assert clips[0].std() > 0


def test_folder_and_single_file_have_the_same_weights_in_every_part(folder: Source, single: Source) -> None:
    names = ("tokenizer", "text_encoder", *CLASSES)
    one, other = (load_components(source, names, device=CPU) for source in (folder, single))
    for name in ("text_encoder", *CLASSES):
        ours, theirs = getattr(one, name), getattr(other, name)
        assert ours.dtype is torch.bfloat16
        assert all(
            torch.equal(a, b) for a, b in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True)
        )
    assert one.transformer is None
    assert load_components(folder, ("vae",), device=CPU).text_encoder is None


def test_without_audio_nothing_of_the_audio_branch_is_read(folder: Source) -> None:
    seen: list[str] = []

    def place(name: str, tensor: Tensor) -> Tensor:
        seen.append(name)
        return tensor.float()

    transformer = load_transformer(folder, device=CPU, place=place)
    assert seen
    assert not any(is_audio_name(name) for name in seen)
    assert set(seen) == set(transformer.state_dict())
    assert not any(parameter.requires_grad or parameter.is_meta for parameter in transformer.parameters())
    whole = load_transformer(folder, with_audio=True, device=CPU, dtype=FULL)
    assert len(whole.state_dict()) > len(seen)
    assert all(torch.equal(value, whole.state_dict()[name]) for name, value in transformer.state_dict().items())


def test_layers_can_be_swapped_and_quantised_on_the_way(folder: Source) -> None:
    class Halves(nn.Linear):
        """Holds its weight in 16 bit and computes in the input's precision."""

        def forward(self, given: Tensor) -> Tensor:
            return nn.functional.linear(given, self.weight.to(given), self.bias.to(given))

    def prepare(model: nn.Module) -> None:
        for block in model.transformer_blocks:
            block.ff.net[2].__class__ = Halves

    def place(name: str, tensor: Tensor) -> Tensor:
        return tensor.half() if ".ff.net.2." in name else tensor.float()

    transformer = load_transformer(folder, device=CPU, prepare=prepare, place=place)
    kinds = {name: parameter.dtype for name, parameter in transformer.named_parameters()}
    assert {kind for name, kind in kinds.items() if ".ff.net.2." in name} == {torch.float16}
    assert {kind for name, kind in kinds.items() if ".ff.net.2." not in name} == {torch.float32}
    assert isinstance(transformer.transformer_blocks[0].ff.net[2], Halves)


def test_a_tensor_too_few_too_many_or_of_another_size_is_an_error(folder: Source) -> None:
    weights, config = folder.weights(Component.TRANSFORMER), folder.config(Component.TRANSFORMER)
    first = next(iter(weights))
    few = {name: stored for name, stored in weights.items() if name != first}
    with pytest.raises(WrongWeights, match="1 missing"):
        stream_transformer(few, config)
    with pytest.raises(WrongWeights, match="1 unknown"):
        stream_transformer(weights | {"stranger.weight": weights[first]}, config)
    with pytest.raises(WrongWeights, match="of another size"):
        stream_transformer(weights, config | {"num_attention_heads": 2})


def test_a_part_missing_from_the_single_file_is_an_error_when_it_is_loaded(tmp_path: Path) -> None:
    tensors = single_file_tensors()
    tensors.pop("vocoder.vocoder.conv_pre.weight")
    file, gemma = write_single_file(tmp_path / "dev.safetensors", tensors), gemma_copy(tmp_path / "gemma")
    source = found({"SIDEKICK_LTX23": str(file), "SIDEKICK_GEMMA": str(gemma)})
    with pytest.raises(WrongWeights, match="LTX2VocoderWithBWE: tensors 1 missing"):
        load_components(source, ("vocoder",), device=CPU)


def test_a_pipeline_in_fewer_bits_makes_nearly_the_same_clip(folder: Source) -> None:
    pytest.importorskip("bitsandbytes")
    request = GenerateRequest("a red cat walks", steps=2)
    exact, rough = (
        generate(load_pipeline(folder, tier, device=CPU, dtype=FULL), request).astype(float)
        for tier in (MemoryTier.FULL, MemoryTier.INT8)
    )
    assert 0 < np.abs(rough - exact).mean() < 1  # of 255; seen: 0.18
    assert bytes_held(folder, 8) < bytes_held(folder, 16)


@pytest.mark.parametrize(("tier", "most"), [(MemoryTier.INT8, 0.01), (MemoryTier.INT4, 0.05)])
def test_the_text_encoder_in_fewer_bits_says_nearly_the_same(folder: Source, tier: MemoryTier, most: float) -> None:
    pytest.importorskip("bitsandbytes")

    def states(memory: MemoryTier) -> Tensor:
        part = load_components(folder, ("tokenizer", "text_encoder"), memory, device=CPU, dtype=FULL)
        told = part.encode_prompt("a red cat", do_classifier_free_guidance=False, max_sequence_length=64)
        return told[0].detach().float()

    exact, rough = states(MemoryTier.FULL), states(tier)
    assert float((rough - exact).norm() / exact.norm()) < most  # seen: 0.002 in 8 bit, 0.018 in 4 bit


def test_fewer_bits_without_the_package_are_explained(folder: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(loading.NeedsBitsAndBytes, match="pip install"):
        load_components(folder, ("text_encoder",), MemoryTier.INT8, device=CPU)


def test_a_text_encoder_of_which_tensors_are_missing_is_an_error(tmp_path: Path) -> None:
    copy = folder_copy(tmp_path / "model")
    path = copy / "text_encoder" / "model.safetensors"
    tensors = load_file(path)
    tensors.pop(next(name for name in tensors if name.endswith("mlp.up_proj.weight")))
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(WrongWeights, match="missing keys"):
        load_components(found({"SIDEKICK_LTX23": str(copy)}), ("text_encoder",), device=CPU)


# --- names at full size


def stored(names: list[str]) -> dict[str, Stored]:
    return {name: Stored(Path("x"), name, (1,), "BF16", 0, 2) for name in names}


@pytest.fixture(scope="module")
def full() -> dict[Component, nn.Module]:
    """All parts at LTX-2.3's own size, without values."""
    kinds = CLASSES | {Component.TRANSFORMER: LTX2VideoTransformer3DModel}
    return {component: empty(kinds[component], ltx23().configs[component]) for component in Component}


def test_all_parts_at_full_size_make_the_published_file(full: dict[Component, nn.Module]) -> None:
    """46,149,344,974 bytes: what is more than two bytes a value are the header and float32 modulation tables."""
    total = sum(tensor.numel() * 2 for model in full.values() for tensor in model.state_dict().values())
    named = full[Component.TRANSFORMER].named_parameters()
    tables = sum(parameter.numel() * 2 for name, parameter in named if "table" in name)
    assert total == 46_139_010_774
    assert 0 < 46_149_344_974 - total - tables < 1_500_000


def test_a_single_file_at_full_size_is_recognised_and_each_tensor_placed(
    full: dict[Component, nn.Module],
) -> None:
    tensors = {
        original_name(component, name, levels=4): tuple(tensor.shape)
        for component, model in full.items()
        for name, tensor in model.state_dict().items()
    }
    path = Path("ltx-2.3-22b-dev.safetensors")
    header = Header(path, {key: Stored(path, key, shape, "BF16", 0, 0) for key, shape in tensors.items()}, {}, 0, b"")
    check_file(header, ltx23())
    for component, weights in by_component(header.tensors).items():
        check_names(full[component], weights)
    assert len(tensors) == 5947


def test_the_transformers_names_are_those_of_diffusers_converter_but_for_what_it_does_not_know() -> None:
    names = [name for name, _ in transformer_on_meta(BaseModelName.LTX23).named_parameters()]
    originals = {DIT + to_original(name): name for name in names}
    ours = by_component(stored(list(originals)))[Component.TRANSFORMER]
    assert {each.key: name for name, each in ours.items()} == originals
    theirs = set(convert_ltx2_transformer_to_diffusers(dict.fromkeys(originals)))
    assert ours.keys() - theirs == {name for name in names if "prompt_adaln." in name}


def test_the_video_autoencoders_names_are_those_of_diffusers_converter() -> None:
    chain = [f"vae.encoder.down_blocks.{index}.conv.weight" for index in range(9)]
    chain += [f"vae.decoder.up_blocks.{index}.res_blocks.0.conv1.conv.weight" for index in range(7)]
    chain += ["vae.per_channel_statistics.mean-of-means", "vae.per_channel_statistics.std-of-means"]
    dropped = ["vae.per_channel_statistics.channel", "vae.per_channel_statistics.mean-of-stds"]
    ours = by_component(stored(chain + dropped))[Component.VAE]
    assert set(ours) == set(convert_ltx2_vae_to_diffusers(dict.fromkeys(chain + dropped)))
    more = by_component(stored([*chain, *(f"vae.decoder.up_blocks.{index}.x" for index in (7, 8))]))[Component.VAE]
    assert {"decoder.up_blocks.3.upsamplers.0.x", "decoder.up_blocks.3.x"} <= set(more)  # LTX-2.3's fourth level


def test_every_tensor_of_the_single_file_has_its_place(single: Source) -> None:
    parts = by_component(read_header(single.path).tensors)
    for component, weights in parts.items():
        kind = CLASSES.get(component, LTX2VideoTransformer3DModel)
        check_names(empty(kind, SMALL.configs[component]), weights)


# --- fingerprint


def test_the_fingerprint_changes_with_the_weights_and_not_with_the_place(tmp_path: Path, folder: Source) -> None:
    copy = folder_copy(tmp_path / "copy")
    before = fingerprint(found({"SIDEKICK_LTX23": str(copy)}))
    assert before == fingerprint(folder)
    path = copy / "vae" / "diffusion_pytorch_model.safetensors"
    save_file({name: value + 0.001 for name, value in load_file(path).items()}, path)
    assert fingerprint(found({"SIDEKICK_LTX23": str(copy)})) != before
    config = copy / "scheduler" / "scheduler_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"base_shift": 0.5}))
    assert fingerprint(found({"SIDEKICK_LTX23": str(copy)})) != before
