"""Everything that is read from a LoRA file: its tensors' names, sizes and types, and measurements of their numbers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from .container import UnreadableFileError, check_start, hashes
from .names import CONNECTOR_PREFIXES, LoraKey, parse_key
from .report import shown

MAX_KEYS = 20_000
MAX_RANK = 1024
MAX_NUMBERS = 2**28  # in one tensor; a factor of rank 1024 on LTX-2.3's widest layer has a sixteenth of that
FLOATS = {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"}


@dataclass
class Contents:
    """A file's contents. Modules carry the names that the file gives them.

    pairs: module -> keys of (lora_A, lora_B) that fit together; halves: modules with one factor; misshapen: modules
    whose factors do not fit together; deltas: module -> root mean square of its change; nan, inf: how many numbers
    are so.
    """

    shapes: dict[str, tuple[int, ...]]
    dtypes: dict[str, str]
    metadata: dict[str, str]
    keys: dict[str, LoraKey]  # of the tensors that are LoRA factors
    size: int = 0
    sha256: str = ""
    tensors_sha256: str = ""
    pairs: dict[str, tuple[str, str]] = field(default_factory=dict)
    halves: list[str] = field(default_factory=list)
    misshapen: list[str] = field(default_factory=list)
    nan: int = 0
    inf: int = 0
    alphas: dict[str, float] = field(default_factory=dict)  # by the key without '.alpha'
    deltas: dict[str, float] = field(default_factory=dict)


def read_contents(path: Path) -> Contents:
    """Read a file, one tensor in memory at a time. Raises UnreadableFileError in words for a person."""
    try:
        data_start = check_start(path)
        with safe_open(path, framework="pt") as file:
            contents = _read(file)
        contents.size = path.stat().st_size
        contents.sha256, contents.tensors_sha256 = hashes(path, data_start)
    except (SafetensorError, RuntimeError, OverflowError, MemoryError) as error:
        raise UnreadableFileError(
            f"The file is damaged or cut off. Fetch it again. (safetensors: {shown(str(error), 200)})"
        ) from error
    except OSError as error:
        raise UnreadableFileError(f"The file could not be read ({error.strerror or 'input/output error'}).") from error
    return contents


def _read(file: safe_open) -> Contents:
    names = sorted(file.keys())
    if len(names) > MAX_KEYS:
        raise UnreadableFileError(f"The file has {len(names):,} tensors, far more than a LoRA. They were not read.")
    slices = {name: file.get_slice(name) for name in names}
    if huge := next((name for name, part in slices.items() if math.prod(part.get_shape()) > MAX_NUMBERS), None):
        raise UnreadableFileError(
            f"The tensor {shown(huge, 80)} is far larger than any LoRA's. Its numbers were not read: they would fill "
            "the computer's memory. Look whether it is the right file."
        )
    contents = Contents(
        shapes={name: tuple(part.get_shape()) for name, part in slices.items()},
        dtypes={name: str(part.get_dtype()) for name, part in slices.items()},
        metadata=dict(file.metadata() or {}),
        keys={name: key for name in names if (key := parse_key(name))},
    )
    if contents.keys:
        _pair(contents)
        _measure(contents, file)
    return contents


def _pair(contents: Contents) -> None:
    """Sort the transformer's modules into pairs, halves and misshapen ones."""
    factors: dict[str, dict[str, str]] = {}
    for name, key in contents.keys.items():
        if key.prefix not in CONNECTOR_PREFIXES:
            factors.setdefault(key.module, {})[key.part] = name
    for module, parts in factors.items():
        if len(parts) < 2:
            contents.halves.append(module)
        elif _fit(contents.shapes[parts["A"]], contents.shapes[parts["B"]]):
            contents.pairs[module] = (parts["A"], parts["B"])
        else:
            contents.misshapen.append(module)


def _fit(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return len(a) == len(b) == 2 and a[0] == b[1] and 1 <= a[0] <= MAX_RANK and a[1] > 0 and b[0] > 0


def _measure(contents: Contents, file: safe_open) -> None:
    """Count NaN and Inf in every tensor, read the alphas and measure every pair's change."""
    readable = {name for name, dtype in contents.dtypes.items() if dtype in FLOATS}
    for name in sorted(readable - {key for pair in contents.pairs.values() for key in pair}):
        tensor = _numbers(contents, file, name)
        if name.endswith(".alpha") and tensor.numel() == 1:
            contents.alphas[name.removesuffix(".alpha")] = float(tensor)
    for module, (key_a, key_b) in contents.pairs.items():
        if readable.issuperset((key_a, key_b)):
            a, b = _numbers(contents, file, key_a), _numbers(contents, file, key_b)
            alpha = contents.alphas.get(key_a.rpartition(".lora_")[0])
            contents.deltas[module] = delta_rms(a, b) * (1.0 if alpha is None else abs(alpha) / a.shape[0])


def _numbers(contents: Contents, file: safe_open, name: str) -> Tensor:
    tensor = file.get_tensor(name).float()
    contents.nan += int(tensor.isnan().sum())
    contents.inf += int(tensor.isinf().sum())
    return tensor


def delta_rms(a: Tensor, b: Tensor) -> float:
    """Root mean square of the change B A of a weight: ||B A||_F / sqrt(outputs x inputs).

    a: (rank, inputs), b: (outputs, rank). By way of trace(B^T B . A A^T), so that the product itself, outputs x
    inputs, is never made.
    """
    squared = ((b.T @ b).double() * (a @ a.T).double()).sum().clamp(min=0)
    return float(torch.sqrt(squared / (b.shape[0] * a.shape[1])))


def ranks(contents: Contents) -> Mapping[str, int]:
    """The rank of every pair."""
    return {module: contents.shapes[a][0] for module, (a, _) in contents.pairs.items()}
