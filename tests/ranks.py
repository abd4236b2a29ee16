"""Two processes that train together on the CPU (gloo). They are started once, for all tests of what they did.

As a program (`python -m tests.ranks FOLDER`, with RANK and WORLD_SIZE) this is one of the two.
"""

import atexit
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from diffusers import LTX2VideoTransformer3DModel
from safetensors.torch import load_file, save_file
from torch.distributed.tensor import DTensor

from tests.test_official_defects import CAPTION, Noted, material, plan_of, small_model
from trainer_core.base_models.ltx23.headers import read_header
from trainer_core.base_models.ltx23.streaming import stream_transformer
from trainer_core.plan import TrainingPlan
from trainer_core.training import checkpoints
from trainer_core.training.captions import class_captions
from trainer_core.training.checkpoints import TrainingState
from trainer_core.training.distributed import Ranks, follows_from_a_loss, join
from trainer_core.training.examples import Material
from trainer_core.training.loop import train

SIZE = 2
SHORT = {"steps": 4, "checkpoint_every": 2, "validation_every": 2}
TWO = plan_of(**SHORT, gradient_accumulation=2)
FOUR = plan_of(**SHORT, gradient_accumulation=4, class_preservation=0.5, ema_decay=0.9, first_frame_probability=0.5)
SOUND = plan_of(**SHORT, gradient_accumulation=2, with_audio=True)
LONG = plan_of(**SHORT | {"steps": 6}, gradient_accumulation=2)
SHARDED = plan_of(**SHORT, gradient_accumulation=2, precision="bf16", gradient_checkpointing=True)


def shown(transformer: LTX2VideoTransformer3DModel, plan: TrainingPlan) -> Material:
    """Stills and clips, three of them held out; with a plan for sound the clips have some."""
    seen = material(transformer, frames=(1, 1, 2, 2, 2))
    words = next(iter(seen.words.values()))
    seen.words.update(dict.fromkeys(class_captions(CAPTION, plan.trigger), words))
    samples = seen.training
    if plan.with_audio:
        heard = torch.randn(6, transformer.config.audio_in_channels, generator=torch.Generator().manual_seed(2))
        samples = [sample if sample.latents.shape[1] == 1 else replace(sample, audio=heard) for sample in samples]
    return Material(samples, samples[-3:], seen.words)


def base(plan: TrainingPlan) -> LTX2VideoTransformer3DModel:
    """The frozen model of a plan: in bfloat16 where the plan computes in it, all but one table of the first block."""
    transformer = small_model()
    if plan.precision == "bf16":
        transformer.to(torch.bfloat16)
        table = transformer.transformer_blocks[0].scale_shift_table
        table.data = table.data.float()
    return transformer


def trained(plan: TrainingPlan, resumed: TrainingState | None = None, stop_at: int = 10**9) -> TrainingState:
    """The last state of one process alone."""
    transformer = base(plan)
    return train(transformer, shown(transformer, plan), plan, resumed, Noted(stop_at))


def free_port() -> str:
    """A port that nothing listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


@cache
def together() -> Path:
    """Start the two, wait for them, and say where they left what they did."""
    folder = Path(tempfile.mkdtemp(prefix="ranks-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    port, processes = free_port(), []
    for rank in range(SIZE):
        named = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(SIZE), "OMP_NUM_THREADS": "1"}
        where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "CUDA_VISIBLE_DEVICES": ""}
        with (folder / f"log-{rank}.txt").open("wb") as log:
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.ranks", str(folder)],
                    cwd=Path(__file__).parent.parent,
                    env=os.environ | named | where,
                    stdout=log,
                    stderr=log,
                )
            )
    codes = [process.wait(200) for process in processes]
    assert codes == [0] * SIZE, "\n".join((folder / f"log-{rank}.txt").read_text()[-3000:] for rank in range(SIZE))
    return folder


def left_by(case: str, plan: TrainingPlan) -> TrainingState:
    """The last state of the two in a case."""
    state, notes = checkpoints.load_latest(together() / case, plan)
    assert state is not None
    assert not notes
    return state


def main(folder: Path) -> None:
    ranks, device = join()
    own = ranks.rank == 0

    def run(case: str, plan: TrainingPlan, resumed: TrainingState | None = None, stop_at: int = 10**9) -> None:
        transformer = base(plan)
        noted = Noted(stop_at if own else 10**9)  # only the first one is asked
        state = train(transformer, shown(transformer, plan), plan, resumed, noted, again())
        keep(case, plan, state)

    def keep(case: str, plan: TrainingPlan, state: TrainingState) -> None:
        if own:
            checkpoints.save(folder / case, state, plan)
        else:
            (folder / f"{case}-other.json").write_text(json.dumps({"step": state.step}))

    def again(*, sharded: bool = False) -> Ranks:
        return Ranks(ranks.rank, ranks.size, sharded=sharded)

    run("two", TWO)
    run("four", FOUR)
    run("sound", SOUND)
    run("stopped", LONG, stop_at=2)
    run("resumed", TWO, trained(TWO, stop_at=2))
    _sharded(folder, again(sharded=True), device, keep)
    _lose_one(folder, again())


def _sharded(
    folder: Path, ranks: Ranks, device: torch.device, keep: Callable[[str, TrainingPlan, TrainingState], None]
) -> None:
    transformer = ranks.place(base(SHARDED), device)
    table = transformer.transformer_blocks[0].scale_shift_table.numel()
    report: dict[str, object] = {"table_numbers": table, "before": _held(transformer)}
    keep("sharded", SHARDED, train(transformer, shown(transformer, SHARDED), SHARDED, None, Noted(), ranks))
    report["after"] = _held(transformer)

    whole = base(SHARDED).to(torch.bfloat16)
    path = folder / f"weights-{ranks.rank}.safetensors"
    save_file(whole.state_dict(), path)
    streamed = stream_transformer(read_header(path).tensors, whole.config, device=device, **ranks.loading(device))
    report["streamed"] = _held(streamed)
    stored = load_file(path)
    gathered = {name: p.full_tensor() if isinstance(p, DTensor) else p for name, p in streamed.named_parameters()}
    report["equal"] = all(torch.equal(value, stored[name]) for name, value in gathered.items())
    streamed = ranks.place(streamed, device)
    plan = SHARDED.changed(steps=2)
    keep("streamed", plan, train(streamed, shown(streamed, plan), plan, None, Noted(), ranks))
    (folder / f"sharded-{ranks.rank}.json").write_text(json.dumps(report))


def _lose_one(folder: Path, ranks: Ranks) -> None:
    if ranks.rank:
        os._exit(0)
    try:
        ranks.collect(torch.ones(1))
    except RuntimeError as error:
        (folder / "lost.json").write_text(json.dumps(follows_from_a_loss(error)))
    os._exit(0)


def _held(transformer: LTX2VideoTransformer3DModel) -> dict[str, object]:
    """Types of the base's and of the LoRA's numbers, and the share of the blocks' base that is here."""
    blocks = {n: p for n, p in transformer.named_parameters() if ".lora_" not in n and n.startswith("transformer_bl")}
    local = sum(p.to_local().numel() if isinstance(p, DTensor) else p.numel() for p in blocks.values())
    return {
        "base": sorted({str(p.dtype) for n, p in transformer.named_parameters() if ".lora_" not in n}),
        "table": str(blocks["transformer_blocks.0.scale_shift_table"].dtype),
        "float32": sum(p.numel() for p in blocks.values() if p.dtype == torch.float32),
        "lora": sorted({str(p.dtype) for n, p in transformer.named_parameters() if ".lora_" in n}),
        "lora_whole": all(not isinstance(p, DTensor) for n, p in transformer.named_parameters() if ".lora_" in n),
        "share": local / sum(p.numel() for p in blocks.values()),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
