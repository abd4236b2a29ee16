"""Starts the processes of one training run through `accelerate launch`, watches them and says how they ended.

How many there are is a setting of the machine and never changes the plan: P processes share out the batches of a step
(the plan's gradient accumulation), so P divides that number.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from trainer_core.jobs.context import JobCancelled, JobContext, JobFailed
from trainer_core.plan import MemoryTier, TrainingPlan

MOST_LAUNCHES = 3  # as often as a lost worker is started
END_SECONDS = 10.0  # the launcher gets so long to end its processes
LAST_WORDS = "rank-failure.txt"
WORDS_BYTES = 4096


@dataclass(frozen=True)
class Layout:
    """Where a run trains: processes on each of some machines, and whether they share out the frozen base."""

    processes: int = 1  # on each machine
    machines: int = 1
    address: str = ""  # host:port of the first machine, where there are several
    sharded: bool = False
    note: str = ""  # words for a person, where less is used than there is

    @property
    def total(self) -> int:
        return self.processes * self.machines


def layout_for(plan: TrainingPlan, settings: Mapping[str, str] | None = None) -> Layout:
    """The most processes that the machine offers and the plan's batches can be shared out among. Raises JobFailed.

    Settings: SIDEKICK_PROCESSES on each machine (default: its GPUs, else one), SIDEKICK_MACHINES with
    SIDEKICK_MAIN_ADDRESS (host:port of the first), SIDEKICK_SHARD_BASE=1 to split the frozen base among the processes.
    """
    settings = os.environ if settings is None else settings
    gpus = torch.cuda.device_count()
    offered = _number(settings, "SIDEKICK_PROCESSES", gpus or 1)
    if gpus:
        offered = min(offered, gpus)  # NCCL takes one process for each GPU
    machines, address = _number(settings, "SIDEKICK_MACHINES", 1), settings.get("SIDEKICK_MAIN_ADDRESS", "").strip()
    if machines > 1 and not _is_address(address):
        raise JobFailed(
            "SIDEKICK_MACHINES names several machines, so SIDEKICK_MAIN_ADDRESS must say where the first one can be "
            "reached, as host:port (for example 10.0.0.1:29500). Nothing was started."
        )
    batches, wanted = plan.gradient_accumulation, offered * machines
    if batches % machines:
        machines, address = 1, ""
    processes = max(count for count in range(1, offered + 1) if batches % (count * machines) == 0)
    sharded = settings.get("SIDEKICK_SHARD_BASE", "").strip().lower() in ("1", "yes", "true")
    if sharded and plan.memory is not MemoryTier.FULL:
        raise JobFailed(
            "The base can only be shared out among processes in full precision, and this plan holds it as "
            f"{plan.memory.value}. Nothing was started. Ask for memory full, or unset SIDEKICK_SHARD_BASE."
        )
    note = ""
    if processes * machines < wanted:
        note = (
            f"{processes * machines} of {wanted} processes train: a step of this plan has {batches} "
            f"batch{'es' if batches > 1 else ''} to share out. A gradient accumulation that {wanted} divides, such as "
            f"{_nearest_multiple(batches, wanted)}, would use all."
        )
    return Layout(processes, machines, address, sharded and processes * machines > 1, note)


def launch(context: JobContext, layout: Layout) -> None:
    """Run all processes of this machine to their end. Raises JobFailed with their words, or JobCancelled.

    When one is lost, killed from outside or by the system, the others are ended too and all start again from the last
    checkpoint, as after a lost worker.
    """
    last_words = context.folder / LAST_WORDS
    for attempt in range(1, MOST_LAUNCHES + 1):
        last_words.write_bytes(bytes(WORDS_BYTES))
        if _run(context, layout) == 0:
            return
        if context.cancelled():
            raise JobCancelled
        if words := last_words.read_bytes().rstrip(b"\0"):
            raise JobFailed(words.decode("utf-8", "replace"))
        if attempt < MOST_LAUNCHES:
            context.emit(
                "message",
                text="One of the training processes was lost, so the others were ended. All start again from the last "
                f"checkpoint (attempt {attempt + 1} of {MOST_LAUNCHES}).",
            )
    raise JobFailed(
        f"One of the training processes was lost {MOST_LAUNCHES} times, so they are not started again. The checkpoints "
        "are kept. Too little memory is the usual reason: use fewer processes (SIDEKICK_PROCESSES) or make the plan "
        "smaller, then launch again."
    )


def leave_words(folder: Path, words: str) -> None:
    """Called in a process that fails: why, for `launch` to tell. The first one's words count.

    They are written over a file that is there already, so that they arrive also when the disk is full.
    """
    text = words.encode("utf-8")[:WORDS_BYTES]
    with suppress(FileNotFoundError), (folder / LAST_WORDS).open("r+b") as file:
        if not file.read().strip(b"\0"):
            file.seek(0)
            file.write(text)


def command(layout: Layout, machine: int, job_id: str, attempt: int) -> list[str]:
    """The command line that starts this machine's processes; `machine` counts from 0."""
    host, _, port = layout.address.rpartition(":")
    cores = psutil.cpu_count(logical=False) or 1
    options = {
        "num_processes": layout.total,
        "num_machines": layout.machines,
        "machine_rank": machine,
        "main_process_port": port or 0,  # 0: any that is free
        "mixed_precision": "no",  # the plan's precision is the loop's own business
        "dynamo_backend": "no",
        "gpu_ids": "all",
        "num_cpu_threads_per_process": os.environ.get("OMP_NUM_THREADS") or max(1, cores // layout.processes),
    }
    if host:
        options["main_process_ip"] = host
    given = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    module = ["-m", "trainer_core.training.rank", job_id, "--attempt", str(attempt)]
    return ["accelerate", "launch", "--multi_gpu", *given, *module, *(["--sharded"] if layout.sharded else [])]


def _run(context: JobContext, layout: Layout) -> int:
    job = context.job
    started = command(layout, 0, job.id, job.attempt)
    if layout.machines > 1:
        for machine in range(1, layout.machines):
            words = " ".join(command(layout, machine, job.id, job.attempt))
            context.emit(
                "message", text=f"Waiting for machine {machine + 1} of {layout.machines}. Start there: {words}"
            )
    here = [sys.executable, "-P", "-m", "accelerate.commands.launch", *started[2:], "--with-parent"]
    surroundings = os.environ | {
        "SIDEKICK_HOME": str(context.workspace.home),
        "SIDEKICK_DATABASE_URL": context.workspace.database_url,
        "PYTHONSAFEPATH": "1",  # the folder it runs in is the user's: no module is to come from there
    }
    with _launched(here, surroundings) as process:
        return process.wait()


@contextmanager
def _launched(arguments: list[str], surroundings: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The launcher as a process that ends with this one: each of its processes ends when the pipe to it is closed."""
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, env=surroundings)
    try:
        yield process
    finally:
        if process.stdin:
            process.stdin.close()
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _number(settings: Mapping[str, str], name: str, default: int) -> int:
    text = settings.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 4096):
        raise JobFailed(f"{name} must be a whole number from 1 on, and it is {text[:40]!r}. Nothing was started.")
    return int(text)


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(host) and port.isascii() and port.isdigit() and 0 < int(port) < 65536


def _nearest_multiple(batches: int, processes: int) -> int:
    return max(1, round(batches / processes)) * processes
