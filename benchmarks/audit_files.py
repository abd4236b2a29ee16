"""Odd and hostile files: the right verdict in clear words, bounded time and memory; part of benchmarks/audit.py.

The files are those of tests/odd_files.py, and pictures of 80 million pixels.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from tests.odd_files import GOOD, REFUSED, make_odd_files

ROOT = Path(__file__).parent.parent
_AUDIT = """
import json, sys, time
from pathlib import Path
from tools.audit.folder import audit_folder
from trainer_core.recipes import RECIPES
began = time.monotonic()
found = audit_folder(Path(sys.argv[1]), RECIPES["character"], memory=Path(sys.argv[2]))
memory_mb = int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) / 1024
items = {item.file: [item.id is not None, " ".join(item.reasons)] for item in found.audit.items}
print(json.dumps({"items": items, "seconds": time.monotonic() - began, "memory_mb": memory_mb}))
"""


def odd_files() -> dict[str, Any]:
    """How many odd files were taken or refused as they should be, which were not, seconds and memory."""
    with tempfile.TemporaryDirectory(prefix="audit-files-") as work:
        folder = Path(work, "odd")
        folder.mkdir()
        make_odd_files(folder)
        Image.new("RGB", (20_000, 4_000), "navy").save(folder / "wide.jpg")
        done = subprocess.run(
            [sys.executable, "-c", _AUDIT, str(folder), str(Path(work, "memory"))],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
    if done.returncode:
        return {"crashed": done.stderr[-500:], "all_right": False}
    told = json.loads(done.stdout.splitlines()[-1])
    items = told["items"]
    wrong = [name for name in (*GOOD, "wide.jpg") if not items.get(name, [False])[0]]
    wrong += [name for name, words in REFUSED.items() if items[name][0] or words not in items[name][1]]
    return {
        "files": len(GOOD) + len(REFUSED) + 2,
        "wrong": wrong,
        "seconds": round(told["seconds"], 1),
        "memory_mb": round(told["memory_mb"]),
        "all_right": not wrong and len(items) == len(GOOD) + len(REFUSED) + 2,
    }


if __name__ == "__main__":
    print(json.dumps(odd_files(), indent=1))
