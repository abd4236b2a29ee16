"""Which GPUs there are, asked of the driver: without the seconds that importing PyTorch takes."""

import os
import shutil
import subprocess
from functools import lru_cache

PATIENCE_SECONDS = 20.0  # the first question to a sleeping driver takes some seconds


@lru_cache
def largest_memory_gb() -> float | None:
    """Memory of the largest NVIDIA GPU in GB (1e9 bytes); None when there is none or the driver does not answer."""
    program = shutil.which("nvidia-smi")
    if program is None or os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return None
    question = [program, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(question, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    mebibytes = [int(line) for line in answer.split() if line.isdigit()]
    return max(mebibytes) * 2**20 / 1e9 if mebibytes else None
