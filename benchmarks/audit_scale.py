"""How fast the audit looks at pictures, and how it bears 1,000 files; part of benchmarks/audit.py.

Pictures are drawn (trainer_core.base_models.mini.world) or taken from a folder of photographs or renders, at 768x768
as JPEG of quality 90. Model files are loaded before the clock starts. Memory is the highest resident size of a fresh
process that does nothing but the audit (VmHWM).
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.render import render_image
from trainer_core.base_models.mini.world.scene import random_scene
from trainer_core.dataset.media import read_image

SIZE = 768
ADDED = 3
STOPPED_AFTER = 12.0  # seconds
ROOT = Path(__file__).parent.parent
_AUDIT = """
import json, sys, time
from pathlib import Path
from tools.audit.folder import audit_folder
from tools.vision.eyes.look import look
from trainer_core.recipes import RECIPES
import numpy as np
look(np.zeros((64, 64, 3), dtype=np.uint8))  # loads the model files
paces, began = [], time.monotonic()
found = audit_folder(Path(sys.argv[1]), RECIPES["character"], memory=Path(sys.argv[2]), progress=paces.append)
seconds = time.monotonic() - began
halfway = next((pace.seconds_left for pace in paces if pace.done * 2 >= pace.total), None)
memory_mb = int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) / 1024
print(json.dumps({"seconds": seconds, "looked_at": found.looked_at, "told": len(paces), "left_at_half": halfway,
                  "memory_mb": memory_mb}))
"""


def scale(sources: list[Path], *, sizes: tuple[int, int] = (250, 1000)) -> dict[str, Any]:
    """Audits of two sets in fresh processes, then with three files more, then one that is stopped."""
    few, many = sizes
    with tempfile.TemporaryDirectory(prefix="audit-scale-") as work:
        folder, memory = Path(work, "pictures"), Path(work, "memory")
        folder.mkdir()
        make_pictures(folder, many + ADDED, sources)
        spare = [path.rename(Path(work, path.name)) for path in sorted(folder.iterdir())[many:]]
        part = Path(work, "part")
        part.mkdir()
        for path in sorted(folder.iterdir())[:few]:
            (part / path.name).hardlink_to(path)
        first, whole = _audit(part, Path(work, "memory-part")), _audit(folder, memory)
        for path in spare:
            path.rename(folder / path.name)
        again = _audit(folder, memory)
        stopped = _seconds_to_stop(folder, Path(work, "home"))
    return {
        "pictures": f"{SIZE}x{SIZE} JPEG, quality 90; {len(sources)} given ones, the rest drawn",
        "images_per_second": round(many / whole["seconds"], 2),
        f"seconds_{few}": round(first["seconds"], 1),
        f"seconds_{many}": round(whole["seconds"], 1),
        "time_ratio_over_size_ratio": round(whole["seconds"] / first["seconds"] / (many / few), 2),
        "memory_mb": round(whole["memory_mb"]),
        "seconds_left_told_at_half": round(whole["left_at_half"] or 0, 1),
        "seconds_second_run": round(again["seconds"], 1),
        "looked_at_second_run": again["looked_at"],
        "seconds_to_stop": round(stopped, 2),
    }


def make_pictures(folder: Path, count: int, sources: list[Path]) -> None:
    """Write `count` different pictures: the given ones first, each once, then drawn ones."""
    rng = np.random.default_rng(5)
    for index in range(count):
        if index < len(sources):
            picture = read_image(sources[index])
        else:
            picture = render_image(random_character(rng), random_scene(rng), size=192)
        square = np.asarray(cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
        grain = rng.integers(-3, 4, square.shape, dtype=np.int8)
        Image.fromarray(np.clip(square.astype(np.int16) + grain, 0, 255).astype(np.uint8)).save(
            folder / f"{(index * 7919) % count:05}.jpg", quality=90
        )


def _audit(folder: Path, memory: Path) -> dict[str, Any]:
    command = [sys.executable, "-c", _AUDIT, str(folder), str(memory)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _seconds_to_stop(folder: Path, home: Path) -> float:
    """From Ctrl-C in the middle of `sidekick audit` to its end."""
    command = [sys.executable, "-m", "ui.shell", "audit", str(folder), "--home", str(home)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(STOPPED_AFTER)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, told = process.communicate(timeout=60)
    seconds = time.monotonic() - began
    if "Stopped" not in told:
        raise RuntimeError(f"The audit was not stopped but said: {told[-300:]}")
    return seconds


if __name__ == "__main__":
    started = time.monotonic()
    given = sorted(Path(sys.argv[1]).glob("*.jpg")) if len(sys.argv) > 1 else []
    print(json.dumps(scale(given), indent=1), f"{time.monotonic() - started:.0f} s")
