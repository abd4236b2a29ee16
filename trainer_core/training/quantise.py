"""Frozen linear layers in 8 or 4 bits. LoRA layers of peft work on top; gradients flow through to the inputs.

Why not the libraries' own layers (measured: benchmarks/quantise.py): bitsandbytes' 8-bit layer keeps its input alive,
which undoes gradient checkpointing, and on a GPU it rounds the inputs too; torchao's 8-bit weights leave a copy in full
precision in the graph; bitsandbytes' 4-bit layer keeps hold of its weights, which undoes block offload. Here the graph
holds nothing: the weights are unpacked again in the backward pass.
"""

from collections.abc import Iterator
from typing import Any

import torch
from diffusers import LTX2VideoTransformer3DModel
from torch import Tensor, nn
from torch.nn import functional

NF4_BLOCK, NF4_NESTED_BLOCK = 64, 256  # weights that share a scale, and scales that share one (QLoRA's sizes)


class QuantisationMissing(RuntimeError):
    """bitsandbytes is not installed; the message says what to do."""


class QuantisedLinear(nn.Linear):
    """A frozen linear layer whose weights are packed. Until `take` has been called it holds no values."""

    weight: nn.Parameter

    def __init__(self, like: nn.Linear) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = like.in_features, like.out_features
        self.weight = nn.Parameter(torch.empty_like(like.weight, device="meta"), requires_grad=False)
        self.bias = like.bias

    def take(self, weight: Tensor) -> nn.Parameter:
        """Pack `weight` (outputs, inputs), on its own device; returns what the layer now holds as its weight."""
        raise NotImplementedError

    def values(self, dtype: torch.dtype) -> Tensor:
        """The weights, unpacked: (outputs, inputs)."""
        raise NotImplementedError

    def product(self, inputs: Tensor) -> Tensor:
        """inputs @ weights.T, as a new tensor."""
        return functional.linear(inputs, self.values(inputs.dtype))

    def product_back(self, gradient: Tensor) -> Tensor:
        """gradient @ weights."""
        return gradient @ self.values(gradient.dtype)

    def forward(self, input: Tensor) -> Tensor:
        """As nn.Linear, in autocast's precision where that is on."""
        kind = input.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else input.dtype
        return _Product.apply(input.to(dtype), self)


class _Product(torch.autograd.Function):
    """input @ weights.T + bias; in the backward pass the weights are unpacked again instead of kept."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, layer: QuantisedLinear) -> Tensor:  # type: ignore[override]
        ctx.layer = layer
        product = layer.product(inputs)
        return product if layer.bias is None else product.add_(layer.bias.to(inputs.dtype))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return ctx.layer.product_back(gradient), None


class Int8Linear(QuantisedLinear):
    """Whole numbers from -127 to 127, with one scale for each output.

    bfloat16 holds such numbers exactly, so it is the outputs that are scaled: a quarter of the time of scaling the
    weights, measured on a CPU.
    """

    scales: Tensor

    def __init__(self, like: nn.Linear) -> None:
        super().__init__(like)
        self.register_buffer("scales", None, persistent=False)

    def take(self, weight: Tensor) -> nn.Parameter:
        scales = weight.float().abs().amax(dim=1).clamp(min=1e-12) / 127
        self.weight = nn.Parameter((weight / scales[:, None]).round().to(torch.int8), requires_grad=False)
        self.scales = scales
        return self.weight

    def values(self, dtype: torch.dtype) -> Tensor:
        return (self.weight * self.scales[:, None]).to(dtype)

    def product(self, inputs: Tensor) -> Tensor:
        return functional.linear(inputs, self.weight.to(inputs.dtype)).mul_(self.scales)

    def product_back(self, gradient: Tensor) -> Tensor:
        scaled = torch.mul(gradient, self.scales, out=torch.empty_like(gradient))
        return scaled @ self.weight.to(gradient.dtype)


class Nf4Linear(QuantisedLinear):
    """4-bit NormalFloat with scales that are quantised themselves (QLoRA, Dettmers et al. 2023), by bitsandbytes."""

    def __init__(self, like: nn.Linear) -> None:
        super().__init__(like)
        for name in ("absmax", "code", "offset", "nested_absmax", "nested_code"):
            self.register_buffer(name, None, persistent=False)

    def take(self, weight: Tensor) -> nn.Parameter:
        packed, state = _bitsandbytes().quantize_4bit(
            weight.contiguous(), blocksize=NF4_BLOCK, compress_statistics=True, quant_type="nf4"
        )
        self.weight = nn.Parameter(packed, requires_grad=False)
        self.absmax, self.code, self.offset = state.absmax, state.code.to(packed.device), state.offset
        self.nested_absmax, self.nested_code = state.state2.absmax, state.state2.code
        return self.weight

    def values(self, dtype: torch.dtype) -> Tensor:
        library = _bitsandbytes()
        nested = library.QuantState(
            self.nested_absmax, code=self.nested_code, blocksize=NF4_NESTED_BLOCK, dtype=torch.float32
        )
        shape = torch.Size((self.out_features, self.in_features))
        state = library.QuantState(
            self.absmax, shape, self.code, NF4_BLOCK, "nf4", dtype, offset=self.offset, state2=nested
        )
        return library.dequantize_4bit(self.weight, state)


LAYERS: dict[int, type[QuantisedLinear]] = {8: Int8Linear, 4: Nf4Linear}
BYTES_PER_WEIGHT = {  # packed, with the scales that grow with the weights
    8: 1.0,
    4: 0.5 + 1 / NF4_BLOCK + 4 / (NF4_BLOCK * NF4_NESTED_BLOCK),
}


def is_quantised_name(name: str) -> bool:
    """Is the linear layer of this (diffusers) name packed? The blocks' own are.

    Norms, modulation (adaln), the layers in and out and the attention gates are small and sensitive: they stay as are.
    """
    return name.startswith("transformer_blocks.") and not name.endswith(".to_gate_logits")


def quantise(transformer: LTX2VideoTransformer3DModel, bits: int) -> None:
    """Replace the blocks' linear layers in place, one at a time, so that there are never two copies of the model.

    Before LoRA layers are added. Layers that are packed already stay. Raises QuantisationMissing.
    """
    for parent, name, layer in list(_linear_layers(transformer)):
        packed = LAYERS[bits](layer)
        packed.take(layer.weight.detach())
        setattr(parent, name, packed)
        layer.weight = None  # type: ignore[assignment]  # its memory is free before the next one is packed


class Quantiser:
    """Packs weights while they stream from disk: `prepare` swaps the layers of the empty model, `place` fills them."""

    def __init__(
        self, bits: int, device: torch.device | str, dtype: torch.dtype, rest: torch.device | str | None = None
    ) -> None:
        """Packed on `device`; packed weights are then kept on `rest` where that is given (block offload)."""
        self._bits, self._device, self._dtype = bits, torch.device(device), dtype
        self._rest = torch.device(rest) if rest is not None else self._device
        self._layers: dict[str, QuantisedLinear] = {}

    def prepare(self, transformer: nn.Module) -> None:
        """Swap the layers of a transformer on the meta device."""
        for parent, name, layer in list(_linear_layers(transformer)):
            setattr(parent, name, LAYERS[self._bits](layer))
        self._layers = {
            f"{path}.weight": layer for path, layer in transformer.named_modules() if isinstance(layer, QuantisedLinear)
        }

    def place(self, name: str, tensor: Tensor) -> Tensor:
        """What the model is to hold in place of the tensor `name`: packed, or in the base's own precision."""
        layer = self._layers.get(name)
        kind = self._dtype if tensor.is_floating_point() else tensor.dtype
        there = tensor.to(self._device, kind, copy=True)
        if layer is None:
            return there
        packed = layer.take(there)
        packed.data = packed.data.to(self._rest)
        return packed


def _linear_layers(transformer: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Linear]]:
    for path, module in transformer.named_modules():
        if isinstance(module, nn.Linear) and not isinstance(module, QuantisedLinear) and is_quantised_name(path):
            parent, _, name = path.rpartition(".")
            yield transformer.get_submodule(parent), name, module


def _bitsandbytes() -> Any:
    """bitsandbytes' functions: seconds to import, and only in the `lowmem` extra."""
    try:
        from bitsandbytes import functional as library
    except ImportError as error:
        raise QuantisationMissing(
            "Training in 4 bits needs bitsandbytes, which is not installed. Run: pip install 'lora-sidekick[lowmem]'"
        ) from error
    return library
