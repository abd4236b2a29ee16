"""The linear layers of a base model's transformer and their sizes, read from its configuration without any weights."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..plan import BaseModelName

_FOLDER = Path(__file__).resolve().parent.parent / "base_models"
LTX23_CONFIG = _FOLDER / "ltx23" / "configs" / "transformer.json"
MINI_CONFIG = _FOLDER / "mini" / "weights" / "transformer" / "config.json"


@lru_cache
def linear_shapes(base: BaseModelName) -> dict[str, tuple[int, int]]:
    """Diffusers module name -> (outputs, inputs) of every linear layer of the base's transformer.

    The transformer is made on the meta device: LTX-2.3's 19.0 B parameters take a third of a second and no memory.
    """
    return {
        name: (m.out_features, m.in_features)
        for name, m in transformer_on_meta(base).named_modules()
        if isinstance(m, nn.Linear)
    }


def transformer_on_meta(base: BaseModelName) -> Any:
    """The base's transformer with shapes and no values."""
    # seconds to import: only when a shape is asked for
    from diffusers.models.transformers.transformer_ltx2 import LTX2VideoTransformer3DModel

    with torch.device("meta"):
        if base is BaseModelName.LTX23:
            return LTX2VideoTransformer3DModel.from_config(json.loads(LTX23_CONFIG.read_text()))
        if MINI_CONFIG.exists():
            return LTX2VideoTransformer3DModel.from_config(json.loads(MINI_CONFIG.read_text()))
        from ..base_models.mini.denoiser import new_transformer

        return new_transformer()


def lora_parameters(base: BaseModelName, rank: int, targets: tuple[str, ...]) -> int:
    """Trainable parameters of a LoRA on all layers that `targets` names: rank x (inputs + outputs) each."""
    return sum(rank * sum(shape) for name, shape in linear_shapes(base).items() if is_target(name, targets))


def is_target(name: str, targets: tuple[str, ...]) -> bool:
    """Whether peft would adapt the module: its name is a target or ends in '.target'."""
    return any(name == target or name.endswith(f".{target}") for target in targets)
