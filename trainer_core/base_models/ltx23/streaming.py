"""Fills a model tensor by tensor from safetensors files: the host never holds more than one tensor of it.

The model is made on the meta device (shapes without values). Each tensor is read, handed to `place`, which may
quantise it, and set; what the model has no module for is not read.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from accelerate import init_empty_weights
from diffusers import LTX2VideoTransformer3DModel
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from .headers import Stored

Place = Callable[[str, Tensor], Tensor]  # the tensor's name in the model, the tensor as stored -> what the model gets
Prepare = Callable[[Any], None]  # changes the model on the meta device: takes modules out, swaps layers


class WrongWeights(RuntimeError):
    """Files and model do not fit together; the message names the first differences."""


def stream_transformer(
    weights: Mapping[str, Stored],
    config: Mapping[str, Any],
    *,
    prepare: Prepare | None = None,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = torch.bfloat16,
    place: Place | None = None,
) -> LTX2VideoTransformer3DModel:
    """The transformer of `config` with the tensors of `weights` (diffusers' names), in evaluation mode, frozen.

    `prepare` changes the empty model before anything is read: parameters of modules that it takes out are never read,
    layers that it swaps (for quantised ones) keep their names. `place(name, tensor)` gets each tensor as it is in the
    file, on the CPU, and returns what the model is to hold: a tensor or parameter on its final device, of any type.
    Without `place` the tensor goes to `device` in `dtype` (None: as stored). Raises WrongWeights unless the names and
    sizes of `weights` are exactly those of the complete model: nothing is ever left at random values.
    """
    model = empty(LTX2VideoTransformer3DModel, config)
    check_names(model, weights)
    if prepare:
        prepare(model)
    fill(model, weights, place or to_device(device, dtype))
    return model.requires_grad_(False).eval()


def stream_model(
    kind: type[Any],
    weights: Mapping[str, Stored],
    config: Mapping[str, Any],
    device: torch.device | str,
    dtype: torch.dtype | None,
) -> Any:
    """Another part of the pipeline (an autoencoder, the connectors, the vocoder), read in the same way."""
    model = empty(kind, config)
    check_names(model, weights)
    fill(model, weights, to_device(device, dtype))
    nn.Module.to(model, device=device, dtype=dtype)  # buffers that no file holds
    return model.requires_grad_(False).eval()


def empty(kind: type[Any], config: Mapping[str, Any]) -> Any:
    """A model of diffusers' class `kind` with parameters on the meta device; buffers that no file holds have values.

    Raises WrongWeights when no model can be made of the configuration.
    """
    try:
        with torch.device("meta"):
            model = kind.from_config(dict(config))
    except (TypeError, ValueError, KeyError, ArithmeticError, RuntimeError) as error:  # whatever a wrong value leads to
        raise WrongWeights(f"The configuration of this {kind.__name__} is damaged. Nothing was loaded.") from error
    if {name for name, _ in model.named_buffers()} <= model.state_dict().keys():
        return model
    with init_empty_weights(include_buffers=False):  # slower, so only where a buffer is computed when it is made
        return kind.from_config(dict(config))


def to_device(device: torch.device | str, dtype: torch.dtype | None) -> Place:
    """A `place` that copies to the device; floating-point tensors become `dtype` unless it is None."""

    def place(_name: str, tensor: Tensor) -> Tensor:
        kind = dtype if dtype and tensor.is_floating_point() else tensor.dtype
        return tensor.to(device, kind, copy=True)  # a copy: the tensor read is a window into the file

    return place


def check_names(model: nn.Module, weights: Mapping[str, Stored]) -> None:
    """Raise WrongWeights unless names and shapes of `weights` are exactly those of the model's state."""
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    missing = sorted(shapes.keys() - weights.keys())
    unexpected = sorted(weights.keys() - shapes.keys())
    different = sorted(name for name in shapes.keys() & weights.keys() if shapes[name] != weights[name].shape)
    problems = [
        f"{len(names)} {words} (first: {names[0][:120]})"
        for names, words in ((missing, "missing"), (unexpected, "unknown"), (different, "of another size"))
        if names
    ]
    if problems:
        raise WrongWeights(
            f"The files do not hold the weights of this {type(model).__name__}: tensors {', '.join(problems)}. "
            "Nothing was loaded."
        )


def fill(model: nn.Module, weights: Mapping[str, Stored], place: Place) -> None:
    """Set every parameter and stored buffer of `model` (on the meta device) to `place` of its tensor in `weights`.

    Raises WrongWeights when the model needs a tensor that is not there.
    """
    needed = set(model.state_dict())
    if missing := sorted(needed - weights.keys()):
        raise WrongWeights(f"The files lack {len(missing)} tensors (first: {missing[0][:120]}). Nothing was loaded.")
    for name, tensor in _read({name: weights[name] for name in needed}):
        _set(model, name, place(name, tensor))
    left = [name for name, tensor in (*model.named_parameters(), *model.named_buffers()) if tensor.is_meta]
    if left:
        raise WrongWeights(f"{len(left)} tensors got no value (first: {left[0][:120]}).")


def _read(wanted: Mapping[str, Stored]) -> Iterator[tuple[str, Tensor]]:
    """The tensors in the order in which they lie on the disk."""
    for path in sorted({stored.path for stored in wanted.values()}):
        here = [(stored.begin, name, stored.key) for name, stored in wanted.items() if stored.path == path]
        try:
            file = safe_open(path, framework="pt", device="cpu")
        except (SafetensorError, OSError) as error:
            raise WrongWeights(f"{path.name} is damaged or cannot be read. Fetch it again.") from error
        with file:
            for _, name, key in sorted(here):
                yield name, file.get_tensor(key)


def _set(model: nn.Module, name: str, value: Tensor) -> None:
    path, _, leaf = name.rpartition(".")
    module = model.get_submodule(path)
    if leaf in module._buffers:
        module._buffers[leaf] = value
    else:
        parameter = value if isinstance(value, nn.Parameter) else nn.Parameter(value, requires_grad=False)
        module._parameters[leaf] = parameter
