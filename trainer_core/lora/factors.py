"""The factors of a LoRA file, layer by layer, under diffusers' names and with every scaling multiplied in."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from .container import UnreadableFileError, check_start
from .names import CONNECTOR_PREFIXES, parse_key, to_diffusers


@dataclass(frozen=True)
class Factors:
    """What a layer changes: up @ down is the change of its weight. down: (rank, inputs), up: (outputs, rank)."""

    down: Tensor
    up: Tensor

    @property
    def rank(self) -> int:
        """The length that both share."""
        return self.down.shape[0]


@dataclass(frozen=True)
class FactorFile:
    """An open LoRA file. Layers are read when they are asked for; only these are in memory."""

    file: safe_open
    keys: dict[str, tuple[str, str]]  # diffusers' name of the layer -> keys of (lora_A, lora_B)

    @property
    def modules(self) -> frozenset[str]:
        """The layers that the file changes, as diffusers names them."""
        return frozenset(self.keys)

    def read(self, module: str) -> Factors:
        """A layer's factors in float32."""
        down, up = self.keys[module]
        return Factors(self.file.get_tensor(down).float(), self.file.get_tensor(up).float())

    def rank(self, module: str) -> int:
        """A layer's rank, from the header."""
        return int(self.file.get_slice(self.keys[module][0]).get_shape()[0])


@contextmanager
def open_factors(path: Path) -> Iterator[FactorFile]:
    """Open a file that `verify` found sound (no alphas, no halves). Raises UnreadableFileError in words."""
    try:
        check_start(path)
        with safe_open(path, framework="pt") as file:
            if scales_itself(file.metadata() or {}):
                raise UnreadableFileError(
                    "The file's header (lora_adapter_metadata) scales its layers in a way that only diffusers reads, "
                    "so their true size cannot be told. Generating with it works; for this, export it without."
                )
            yield FactorFile(file, _pairs(list(file.keys())))
    except (SafetensorError, OSError) as error:
        raise UnreadableFileError("The LoRA file is damaged or cannot be read. Fetch it again.") from error


def scales_itself(metadata: Mapping[str, str]) -> bool:
    """Does diffusers' own entry in the header give a strength other than that of the weights as they are?"""
    text = metadata.get("lora_adapter_metadata")
    if text is None:
        return False
    try:
        entries = json.loads(text)
        config = {name.rpartition(".")[2]: value for name, value in entries.items()}
    except (ValueError, AttributeError):
        return True
    patterns = config.get("alpha_pattern") or config.get("rank_pattern") or config.get("use_rslora")
    return bool(patterns) or config.get("lora_alpha") != config.get("r")


def _pairs(names: list[str]) -> dict[str, tuple[str, str]]:
    factors: dict[str, dict[str, str]] = {}
    for name in names:
        key = parse_key(name)
        if key is not None and key.prefix not in CONNECTOR_PREFIXES:
            factors.setdefault(to_diffusers(key.module), {})[key.part] = name
    return {module: (parts["A"], parts["B"]) for module, parts in sorted(factors.items()) if len(parts) == 2}
