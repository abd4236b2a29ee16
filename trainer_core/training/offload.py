"""Block offload: the weights of the transformer's blocks wait in the computer's own memory until they are needed.

Each block is one step of the graph: its weights come for the forward pass and go; in the backward pass they come again,
the block is computed once more with gradients, and they go. On a GPU the next block's weights travel meanwhile.

Looked at first: diffusers' group offloading and accelerate's hooks swap weights around the forward pass only, and a
backward pass then finds them on the wrong device; FSDP's CPU offload moves blocks in both passes, but needs a process
group and knows nothing of packed 4-bit weights.
"""

from collections.abc import Callable
from typing import Any

import torch
from diffusers import LTX2VideoTransformer3DModel
from torch import Tensor, nn

from trainer_core.memory_tiers import TIERS
from trainer_core.plan import MemoryTier

from .quantise import QuantisedLinear, quantise


def hold(
    transformer: LTX2VideoTransformer3DModel, tier: MemoryTier, device: torch.device
) -> LTX2VideoTransformer3DModel:
    """Bring a transformer without LoRA to the device in the tier's way, in place. Raises QuantisationMissing."""
    rules = TIERS[tier]
    if rules.bits < 16:
        quantise(transformer, rules.bits)
    if not rules.offload:
        return transformer.to(device)
    weights = [_waiting(block) for block in transformer.transformer_blocks]
    for parameter in (p for block in weights for p in block):
        parameter.data = _host_copy(parameter.data, device)
    waiting = {id(p) for block in weights for p in block}
    for module in transformer.modules():
        for tensor in (*module._parameters.values(), *module._buffers.values()):
            if tensor is not None and id(tensor) not in waiting:
                tensor.data = tensor.data.to(device)
    transformer.block_offload = BlockOffload(transformer.transformer_blocks, weights, device)
    return transformer


class BlockOffload:
    """Knows which blocks' weights are on the device. At most two are: the one at work and the next."""

    def __init__(self, blocks: nn.ModuleList, weights: list[list[nn.Parameter]], device: torch.device) -> None:
        self._weights = weights
        self._host = [[p.data for p in block] for block in weights]
        self._device = device
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self._arrived: dict[int, torch.cuda.Event | None] = {}
        self._backwards = False
        self._place = {id(block): place for place, block in enumerate(blocks)}
        for place, block in enumerate(blocks):
            block.register_forward_pre_hook(self._before(place))
            block.register_forward_hook(self._after(place))

    @property
    def present(self) -> list[int]:
        """The blocks whose weights are on the device, or on their way."""
        return sorted(self._arrived)

    def checkpoint(self, block: nn.Module, *arguments: Any) -> Any:
        """For diffusers' `enable_gradient_checkpointing`: run the block as one step of the graph."""
        trained = [p for p in block.parameters() if p.requires_grad]
        outputs = _Block.apply(self, block, len(trained), *trained, *arguments)
        return outputs if len(outputs) > 1 else outputs[0]

    def again(self, block: nn.Module, arguments: list[Any]) -> Any:
        """The block's forward pass with gradients; its weights stay until `release`."""
        self._backwards = True
        try:
            with torch.enable_grad():
                return block(*arguments)
        finally:
            self._backwards = False

    def release(self, block: nn.Module) -> None:
        """The block's weights are no longer needed on the device."""
        self._leave(self._place[id(block)])

    def _before(self, place: int) -> Callable[..., None]:
        def fetch(_block: nn.Module, _arguments: Any) -> None:
            self._come(place)
            if event := self._arrived[place]:
                torch.cuda.current_stream(self._device).wait_event(event)
            following = place - 1 if self._backwards else place + 1
            if self._stream is not None and 0 <= following < len(self._weights):
                self._come(following)

        return fetch

    def _after(self, place: int) -> Callable[..., None]:
        def leave(_block: nn.Module, _arguments: Any, _output: Any) -> None:
            if not torch.is_grad_enabled():
                self._leave(place)

        return leave

    def _come(self, place: int) -> None:
        if place in self._arrived:
            return
        with torch.cuda.stream(self._stream):  # None: nothing happens
            for p, waiting in zip(self._weights[place], self._host[place], strict=True):
                p.data = waiting.to(self._device, non_blocking=True, copy=True)
            self._arrived[place] = self._stream.record_event() if self._stream is not None else None

    def _leave(self, place: int) -> None:
        if place not in self._arrived:
            return
        del self._arrived[place]
        if self._stream is not None:
            # Their memory belongs to the copying stream. Its next copy takes it over, and only after this block's work:
            # with `record_stream` instead, each block that the host is ahead of the GPU would take memory of its own.
            self._stream.wait_stream(torch.cuda.current_stream(self._device))
        for p, waiting in zip(self._weights[place], self._host[place], strict=True):
            p.data = waiting


class _Block(torch.autograd.Function):
    """One block: forward without a graph; backward computes it again, with one."""

    @staticmethod
    def forward(ctx: Any, offload: BlockOffload, block: nn.Module, count: int, *rest: Any) -> tuple[Tensor, ...]:  # type: ignore[override]
        trained, arguments = rest[:count], rest[count:]
        device = offload._device.type
        ctx.offload, ctx.block, ctx.count = offload, block, count
        ctx.autocast = (torch.is_autocast_enabled(device), torch.get_autocast_dtype(device), device)
        ctx.places = [place for place, entry in enumerate(arguments) if isinstance(entry, Tensor)]
        ctx.others = [None if isinstance(entry, Tensor) else entry for entry in arguments]
        ctx.save_for_backward(*trained, *(arguments[place] for place in ctx.places))
        outputs = block(*arguments)
        return outputs if isinstance(outputs, tuple) else (outputs,)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Any, ...]:
        trained, tensors = ctx.saved_tensors[: ctx.count], ctx.saved_tensors[ctx.count :]
        wanted = ctx.needs_input_grad[3 + ctx.count :]
        arguments = list(ctx.others)
        for place, tensor in zip(ctx.places, tensors, strict=True):
            arguments[place] = tensor.detach().requires_grad_(wanted[place])
        enabled, dtype, device = ctx.autocast
        with torch.autocast(device, dtype=dtype, enabled=enabled):
            outputs = ctx.offload.again(ctx.block, arguments)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        reached = [
            (output, gradient)
            for output, gradient in zip(outputs, gradients, strict=True)
            if output.requires_grad and gradient is not None
        ]
        sources = [*trained, *(arguments[place] for place in ctx.places if wanted[place])]
        found = list(
            torch.autograd.grad(
                [output for output, _ in reached], sources, [gradient for _, gradient in reached], allow_unused=True
            )
        )
        ctx.offload.release(ctx.block)
        of_trained, of_arguments = found[: ctx.count], iter(found[ctx.count :])
        return (
            None,
            None,
            None,
            *of_trained,
            *(next(of_arguments) if wanted[place] else None for place in range(len(arguments))),
        )


def enable_checkpointing(transformer: LTX2VideoTransformer3DModel) -> None:
    """Gradient checkpointing, the offloading one where blocks are offloaded."""
    offload = getattr(transformer, "block_offload", None)
    transformer.enable_gradient_checkpointing(offload.checkpoint if offload else None)


def _waiting(block: nn.Module) -> list[nn.Parameter]:
    layers = [module for module in block.modules() if isinstance(module, QuantisedLinear)]
    return [layer.weight for layer in layers]


def _host_copy(tensor: Tensor, device: torch.device) -> Tensor:
    there = tensor.to("cpu")
    return there.pin_memory() if device.type == "cuda" else there
