"""Frozen layers in 8 and 4 bits and block offload: what is exact, how far the rest is off, what is kept alive."""

from functools import lru_cache

import pytest
import torch
from diffusers import LTX2VideoTransformer3DModel
from torch import Tensor

from tests.test_official_defects import Noted, material, plan_of, small_model
from trainer_core.plan import MemoryTier
from trainer_core.training.inputs import prepare
from trainer_core.training.loop import train
from trainer_core.training.model import add_lora, flow_losses, predict
from trainer_core.training.offload import enable_checkpointing, hold
from trainer_core.training.quantise import Int8Linear, Nf4Linear, QuantisedLinear, Quantiser, quantise
from trainer_core.training.video_only import without_audio

CPU = torch.device("cpu")


def model(sound: bool) -> LTX2VideoTransformer3DModel:
    transformer = small_model() if sound else without_audio(small_model())
    transformer.transformer_blocks = transformer.transformer_blocks[:3]
    return transformer


@lru_cache
def one_step(tier: MemoryTier, again: bool, sound: bool = False) -> tuple[Tensor, dict[str, Tensor]]:
    """Velocities and LoRA gradients of one step; `again` is gradient checkpointing."""
    transformer, plan = hold(model(sound), tier, CPU), plan_of()
    made = material(transformer)
    parameters = add_lora(transformer, plan)
    generator = torch.Generator().manual_seed(1)
    for name, parameter in parameters.items():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1, generator=generator)
    if again:
        enable_checkpointing(transformer)
    inputs = prepare(made.training[2:], made.words, plan, torch.Generator().manual_seed(0))
    predicted = predict(transformer, inputs)
    flow_losses(predicted, inputs).mean().backward()
    return predicted.video.detach(), {name: p.grad for name, p in parameters.items() if p.grad is not None}


def far(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> float:
    """Relative distance of two sets of gradients."""
    pairs = [(found[name], wanted[name]) for name in wanted]
    return float(sum((a - b).square().sum() for a, b in pairs) / sum(b.square().sum() for _, b in pairs)) ** 0.5


@pytest.mark.parametrize(("tier", "most"), [(MemoryTier.INT8, 0.02), (MemoryTier.INT4, 0.25)])
def test_gradients_of_the_lora_are_near_those_of_the_full_base(tier: MemoryTier, most: float) -> None:
    exact, near = one_step(MemoryTier.FULL, False), one_step(tier, False)
    assert near[1].keys() == exact[1].keys()
    assert 0 < far(near[1], exact[1]) < most


@pytest.mark.parametrize("sound", [False, True])
@pytest.mark.parametrize("tier", [MemoryTier.INT4, MemoryTier.OFFLOAD])
def test_offload_and_checkpointing_change_no_bit(tier: MemoryTier, sound: bool) -> None:
    plain, other = one_step(MemoryTier.INT4, False, sound), one_step(tier, True, sound)
    assert torch.equal(other[0], plain[0])
    assert other[1].keys() == plain[1].keys()
    assert all(torch.equal(other[1][name], gradient) for name, gradient in plain[1].items())


def test_with_offload_one_block_at_a_time_is_there_and_none_afterwards() -> None:
    transformer, plan = hold(model(False), MemoryTier.OFFLOAD, CPU), plan_of(memory="offload", steps=2)
    seen: list[list[int]] = []
    for block in transformer.transformer_blocks:
        block.attn1.register_forward_hook(lambda *_: seen.append(transformer.block_offload.present))
    train(transformer, material(transformer), plan, None, Noted())
    blocks = len(transformer.transformer_blocks)
    assert all(len(present) == 1 for present in seen)
    assert [present[0] for present in seen[: 2 * blocks]] == [*range(blocks), *reversed(range(blocks))]
    assert transformer.block_offload.present == []


def test_small_and_sensitive_layers_keep_their_precision() -> None:
    transformer = model(False)
    quantise(transformer, 8)
    kept = {name for name, module in transformer.named_modules() if type(module) is torch.nn.Linear}
    assert all("to_gate_logits" in name or not name.startswith("transformer_blocks") for name in kept)
    assert {"proj_in", "proj_out", "time_embed.linear"} <= kept
    packed = [module for module in transformer.modules() if isinstance(module, Int8Linear)]
    assert len(packed) == 10 * len(
        transformer.transformer_blocks
    )  # q, k, v, out of two attentions, two of feed-forward
    assert all(layer.weight.dtype == torch.int8 for layer in packed)


@pytest.mark.parametrize("bits", [8, 4])
def test_a_layer_keeps_neither_its_input_nor_unpacked_weights_alive(bits: int) -> None:
    """What bitsandbytes' and torchao's layers keep (benchmarks/quantise.py) would undo checkpointing and offload."""
    layer = (Int8Linear if bits == 8 else Nf4Linear)(torch.nn.Linear(256, 256))
    layer.take(torch.randn(256, 256))
    kept: list[Tensor] = []
    inputs = torch.randn(4, 256, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor) or tensor, lambda tensor: tensor):
        output = layer(inputs)
    assert kept == []
    output.sum().backward()
    assert inputs.grad is not None
    assert torch.allclose(inputs.grad[0], layer.values(torch.float32).sum(0), atol=1e-4)


def test_weights_that_stream_in_are_packed_as_those_of_a_loaded_model() -> None:
    whole = model(False)
    stored = {name: tensor.clone() for name, tensor in whole.state_dict().items()}
    quantise(whole, 4)
    with torch.device("meta"):
        streamed = LTX2VideoTransformer3DModel.from_config(dict(whole.config))
    streamed = without_audio(streamed)
    streamed.transformer_blocks = streamed.transformer_blocks[: len(whole.transformer_blocks)]
    quantiser = Quantiser(4, "cpu", torch.float32)
    quantiser.prepare(streamed)
    assert set(streamed.state_dict()) == set(stored)
    for name, tensor in stored.items():
        path, _, leaf = name.rpartition(".")
        value = quantiser.place(name, tensor)
        streamed.get_submodule(path)._parameters[leaf] = torch.nn.Parameter(value, requires_grad=False)
    pairs = zip(whole.modules(), streamed.modules(), strict=True)
    packed = [(a, b) for a, b in pairs if isinstance(a, QuantisedLinear) and isinstance(b, QuantisedLinear)]
    assert packed
    assert all(torch.equal(a.values(torch.float32), b.values(torch.float32)) for a, b in packed)
    assert not any(tensor.is_meta for tensor in (*streamed.parameters(), *streamed.buffers()))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_on_a_gpu_offload_changes_no_bit_and_holds_two_blocks_at_most() -> None:
    device = torch.device("cuda")
    found = []
    for tier in (MemoryTier.INT4, MemoryTier.OFFLOAD):
        transformer = hold(model(False), tier, device)
        state = train(transformer, material(transformer), plan_of(memory=tier.value, steps=3), None, Noted())
        found.append(state.weights)
    assert all(torch.equal(found[1][name], value) for name, value in found[0].items())
    assert transformer.block_offload.present == []
