"""The commands about models: verifying a LoRA file, building mini."""

from pathlib import Path

import typer
from pydantic import BaseModel

from trainer_core.plan import BaseModelName

from .strings import printable

MINI_PARTS = ("model", "embedder")


def verify_file(file: Path, base: str | None, *, as_json: bool) -> int:
    """Verify a LoRA file. Exit code 1 when it is not sound."""
    if base is not None and base not in list(BaseModelName):
        return _refuse(f"There is no base model {printable(base, 40)!r}. There is: {', '.join(BaseModelName)}.")
    from trainer_core.lora.inspect import verify

    report = verify(file, BaseModelName(base) if base else None)
    _print(report, printable(report.words()), as_json)
    return int(not report.ok)


def build_mini(folder: Path, part: str, device: str) -> int:
    """Train mini, or the evaluation's embedder, with `folder` for what is made on the way."""
    if part not in MINI_PARTS:
        return _refuse(f"There is no part {printable(part, 40)!r}. There is: {', '.join(MINI_PARTS)}.")
    try:
        if part == "model":
            from trainer_core.base_models.mini.build import build

            build(folder, device=_device(device), say=typer.echo)
        else:
            from tools.evaluation.calibration import rebuild

            rebuild(folder, say=typer.echo)
    except KeyboardInterrupt:
        return _refuse(f"Stopped. What was built is kept in {folder}; the same command goes on from there.")
    return 0


def _device(wanted: str) -> str:
    import torch

    return ("cuda" if torch.cuda.is_available() else "cpu") if wanted == "auto" else wanted


def _print(report: BaseModel, words: str, as_json: bool) -> None:
    typer.echo(report.model_dump_json(indent=2) if as_json else words)


def _refuse(words: str) -> int:
    typer.echo(words, err=True)
    return 1
