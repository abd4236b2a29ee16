"""Test clips that need not be made again, by what decides their content.

Clips of the base alone serve every LoRA of the workspace. Clips with a LoRA are kept for a scoring that was stopped and
goes on, until its scorecard is written.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import diffusers
import numpy as np
import torch
from numpy.typing import NDArray

from trainer_core.generation.generate import GenerateRequest
from trainer_core.training.cache import EntryDamaged, read_entry, write_entry

Frames = NDArray[np.uint8]
FOLDER = "test_clips"  # in the workspace's cache


@dataclass(frozen=True)
class AtStrength:
    """A LoRA file, by its content, at a strength."""

    path: Path
    sha256: str
    strength: float = 1.0


@dataclass(frozen=True)
class ClipCache:
    """Clips by key. Frames are stored as they came, with a checksum: a damaged entry counts as missing."""

    cache: Path
    base: str  # fingerprint of the base's weights
    memory: str  # how the base is held: in few bits it draws other clips

    def key(
        self,
        request: GenerateRequest,
        lora: AtStrength | None = None,
        shown: Frames | None = None,
        times_smaller: int = 1,
    ) -> str:
        """SHA-256 over all that decides the clip; `shown` (n, h, w, 3) stands beside the prompt, so much smaller."""
        decisive = {
            "base": self.base,
            "memory": self.memory,
            "made_by": [diffusers.__version__, torch.__version__],
            "request": asdict(request),
            "lora": [lora.sha256, lora.strength] if lora else None,
            "shown": [hashlib.sha256(shown.tobytes()).hexdigest(), times_smaller] if shown is not None else None,
        }
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()

    def read(self, key: str) -> Frames | None:
        """The clip (frames, height, width, 3); None when it was never made, is damaged or cannot be read."""
        try:
            tensors = read_entry(self._path(key))
        except (EntryDamaged, OSError):
            return None
        return None if tensors is None else np.asarray(tensors["frames"].numpy(), dtype=np.uint8)

    def write(self, key: str, frames: Frames) -> None:
        """Keep a clip, whole or not at all. Raises OSError or SafetensorError when it cannot be written."""
        write_entry(self._path(key), {"frames": torch.from_numpy(np.ascontiguousarray(frames))})

    def forget(self, keys: Iterable[str]) -> None:
        """Remove clips that nobody will ask for again."""
        for key in keys:
            self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self.cache / FOLDER / key[:2] / f"{key}.safetensors"
