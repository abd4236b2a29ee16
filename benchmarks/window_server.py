"""The window as people start it, for benchmarks and tests: a process of its own, which can be killed and come back."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from trainer_core.jobs import store
from trainer_core.jobs.backends import backend_named
from trainer_core.projects import Workspace

UP_SECONDS = 240.0  # the machine may be busy
SETTINGS = {"SIDEKICK_MODEL": "guided", "SIDEKICK_EMBEDDING_MODEL": "built-in", "OMP_NUM_THREADS": "1"}


@dataclass
class Server:
    """`sidekick ui` on a workspace. `more` are environment variables besides the usual."""

    home: Path
    more: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Where the window is."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def memory(self) -> float:
        """What the process holds in memory, in MB."""
        assert self.process is not None
        return float(psutil.Process(self.process.pid).memory_info().rss / 2**20)

    @property
    def cpu_seconds(self) -> float:
        """What the process has used of a processor."""
        assert self.process is not None
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    @property
    def log(self) -> str:
        """What the process said."""
        path = self.home.with_suffix(".log")
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def start(self) -> "Server":
        """Start it and wait until it answers. The port stays the same for later starts: a page comes back to it."""
        self.port = self.port or free_port()
        uploads = {"GRADIO_TEMP_DIR": str(self.home.with_suffix(".uploads"))}
        with self.home.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ui.shell", "ui", "--home", str(self.home), "--port", str(self.port)],
                env=os.environ | SETTINGS | uploads | self.more,
                cwd=Path(__file__).parents[1],
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + UP_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise RuntimeError(f"the window does not open: {self.log}")
            time.sleep(0.1)
        return self

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it as Ctrl-C would, and its trainings with it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        if (self.home / "sidekick.db").exists():
            end_jobs(Workspace.open(self.home))

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.url, timeout=2) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError:  # it asks who is there
            return True
        except (urllib.error.URLError, OSError):
            return False


def end_jobs(workspace: Workspace) -> None:
    """Cancel what still runs in a workspace that is going away."""
    for job in store.list_jobs(workspace, states=store.UNFINISHED):
        backend_named(job.backend).cancel(workspace, job.id)
    workspace.engine.dispose()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
