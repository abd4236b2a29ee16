"""The cache of encoded latents and embeddings: every entry whole, with a checksum that tells a single flipped bit."""

import hashlib
from pathlib import Path
from uuid import uuid4

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

Tensors = dict[str, Tensor]


class EntryDamaged(ValueError):
    """An entry is not as it was written; it can be thrown away and made again."""


def read_entry(path: Path) -> Tensors | None:
    """The entry's tensors, or None when there is none. Raises EntryDamaged, and OSError when it cannot be read."""
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dictionary
            told = (file.metadata() or {}).get("sha256")
    except SafetensorError as error:
        raise EntryDamaged(str(error)) from error
    if told != _checksum(tensors):
        raise EntryDamaged("its checksum does not fit")
    return tensors


def write_entry(path: Path, tensors: Tensors) -> None:
    """Write an entry, whole or not at all. Raises OSError or SafetensorError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{uuid4().hex}.partial")  # two runs may encode the same file at once
    try:
        save_file(tensors, partial, metadata={"sha256": _checksum(tensors)})
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _checksum(tensors: Tensors) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)} ".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
