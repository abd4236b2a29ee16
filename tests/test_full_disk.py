"""A real full disk, a small tmpfs, while encoding, saving, exporting and telling: said plainly, and nothing is lost."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SMALL = "40m"


def on_a_small_disk(disk: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command in mount and user namespaces of its own, where `disk` is a small tmpfs."""
    disk.mkdir()
    script = f'mount -t tmpfs -o size={SMALL} tmpfs "$0" && exec "$@"'
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, str(disk), *command],
        capture_output=True,
        text=True,
        timeout=280,
    )


@pytest.mark.slow
def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    """Full while encoding, saving, exporting and telling; after each, space is freed and the job goes on."""
    probe = on_a_small_disk(tmp_path / "probe", ["true"]) if shutil.which("unshare") else None
    if probe is None or probe.returncode:
        pytest.skip("no small disk can be mounted here: user and mount namespaces are not allowed")
    result = on_a_small_disk(tmp_path / "disk", [sys.executable, __file__, str(tmp_path / "disk")])
    assert result.returncode == 0, result.stderr[-3000:]
    told = json.loads(result.stdout.splitlines()[-1])
    assert set(told) == {"encode", "save", "export", "tell"}
    for moment, seen in told.items():
        assert seen["state"] == "failed", (moment, seen)
        assert seen["error"].startswith("The disk is full. Everything that was saved before is kept"), (moment, seen)
        assert seen["then"] == "succeeded", (moment, seen)
        assert seen["same"], moment
        assert seen["litter"] == [], moment
    assert told["encode"]["step"] is None
    assert told["save"]["step"] == 6
    assert told["export"]["step"] == 12
    assert told["tell"]["step"] >= 6


def main(disk: Path) -> None:
    """In the namespace: train with the disk filled at some moment, free it, go on; prints what was seen as JSON."""
    from short_runs import Short, undisturbed

    from trainer_core.jobs import events, store
    from trainer_core.jobs.worker import work
    from trainer_core.training import checkpoints, run
    from trainer_core.training.records import newest

    ballast = disk / "ballast"

    def fill(leave: int = 0) -> None:
        with ballast.open("ab") as file:
            free = shutil.disk_usage(disk).free
            file.write(b"x" * max(0, free - leave))

    def before(function: Callable[..., Any], act: Callable[..., bool]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            if not ballast.exists() and act(*arguments, **named):
                fill()
            return function(*arguments, **named)

        return wrapped

    def once(moment: str, short: Short) -> dict[str, Any]:
        workspace = short.copy(disk / moment, encoded=moment != "encode")
        job_id, folder = short.submit(workspace)
        save, export, emit = checkpoints.save, run.export_lora, events.emit
        if moment == "encode":
            fill(leave=1200 * 1024)
        if moment == "save":
            run.checkpoints.save = before(save, lambda _folder, state, _plan: state.step == 8)
        if moment == "export":
            run.export_lora = before(export, lambda *_, **__: True)
        if moment == "tell":
            import trainer_core.jobs.context as context

            context.emit = before(emit, lambda *a: a[2] == "checkpoint" and a[3]["step"] == 6)
        work(workspace, job_id)
        run.checkpoints.save, run.export_lora = save, export
        job, saved = store.get(workspace, job_id), newest(folder / "checkpoints")
        ballast.unlink(missing_ok=True)
        again = short.submit_again(workspace, job_id)
        work(workspace, again)
        seen = {
            "state": job.state,
            "error": job.error,
            "step": saved.step if saved else None,
            "then": store.get(workspace, again).state,
            "same": (folder / "lora.safetensors").read_bytes() == short.expected,
            "litter": [path.name for path in workspace.home.rglob("*.part*")],
        }
        workspace.engine.dispose()
        shutil.rmtree(workspace.home)
        return seen

    short = undisturbed(disk)
    print(json.dumps({moment: once(moment, short) for moment in ("encode", "save", "export", "tell")}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
