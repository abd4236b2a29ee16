"""Write a trained LoRA as the one file that ComfyUI, diffusers and Lightricks' own code read in the same way.

Players disagree about alpha: Lightricks' code and ComfyUI take it as equal to the rank, diffusers refuses `.alpha` keys
for LTX-2. So alpha / rank is multiplied into lora_B, no alpha is written, and strength 1.0 means what was trained.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from ..plan import BaseModelName, TrainingPlan
from .container import hash_tensors, write
from .inspect import verify
from .metadata import header_metadata
from .names import file_keys, parse_key
from .report import LoraReport


class LoraExportError(ValueError):
    """The LoRA could not be written as a sound file; the message is for a person."""


def export_lora(
    path: Path,
    state: Mapping[str, Tensor],
    *,
    rank: int,
    alpha: float,
    plan: TrainingPlan,
    title: str,
    author: str = "",
    date: str | None = None,
    steps: int | None = None,
) -> LoraReport:
    """Write `state` to `path` (.safetensors), read it back and return the report on it.

    state: peft's weights, '<module as diffusers names it>.lora_A.weight' (rank, inputs) and '.lora_B.weight'
    (outputs, rank), of any floating dtype. The file holds bfloat16 under the original module names after
    'diffusion_model.'. Equal arguments give equal bytes; only `date` (ISO 8601) can bring in the time. `steps` is how
    many were trained, where those are not all of the plan's. The file appears whole or not at all. Raises
    LoraExportError when a number is not finite, a factor is missing or the file does not fit the
    plan's base. A LoRA that changes nothing is written; its report is not ok.
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        raise LoraExportError(f"A LoRA file ends in .safetensors, not {path.suffix or 'without an ending'}.")
    tensors = _tensors(state, rank, alpha)
    metadata = header_metadata(
        plan,
        rank=rank,
        alpha=alpha,
        title=title,
        author=author,
        date=date,
        tensors_sha256=hash_tensors(tensors),
        steps=steps or plan.steps,
    )
    return write_verified(path, tensors, metadata, plan.base)


def write_verified(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str], base: BaseModelName) -> LoraReport:
    """Write bfloat16 tensors under the names of a LoRA file, read them back and return the report on the file.

    It appears whole or not at all. Raises LoraExportError when it would not be sound for `base`, unless all that is
    wrong is that it changes nothing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(partial, tensors, metadata)
        report = verify(partial, base)
        if report.problems and not (report.modules and report.zero_modules == report.modules):
            raise LoraExportError("The exported file is not sound and was not kept: " + " ".join(report.problems))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return report.model_copy(update={"file": path.name})


def _tensors(state: Mapping[str, Tensor], rank: int, alpha: float) -> dict[str, Tensor]:
    """The file's tensors: renamed, alpha / rank multiplied into lora_B in float32, then rounded to bfloat16."""
    factors: dict[str, dict[str, Tensor]] = {}
    for name, tensor in state.items():
        key = parse_key(name)
        if key is None or not key.usual:
            raise LoraExportError(f"{name} is not a LoRA factor of peft (<module>.lora_A.weight or .lora_B.weight).")
        if not torch.isfinite(tensor).all():
            raise LoraExportError(
                f"{name} has numbers that are not finite: training went wrong. No file was written; earlier "
                "checkpoints are kept. Train again with a lower learning rate."
            )
        factors.setdefault(key.module, {})[key.part] = tensor.detach().to("cpu", torch.float32)
    if not factors:
        raise LoraExportError("There is nothing to export: the LoRA has no layers.")
    tensors = {}
    for module, parts in factors.items():
        if len(parts) < 2:
            raise LoraExportError(f"{module} has only one of its two factors.")
        if parts["A"].shape[0] != rank or parts["B"].shape[1] != rank:
            raise LoraExportError(
                f"{module} does not have rank {rank}: {list(parts['A'].shape)} and {list(parts['B'].shape)}."
            )
        key_a, key_b = file_keys(module)
        tensors[key_a] = parts["A"].to(torch.bfloat16)
        tensors[key_b] = (parts["B"] * (alpha / rank)).to(torch.bfloat16)
    return tensors
