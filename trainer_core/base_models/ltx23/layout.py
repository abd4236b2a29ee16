"""What a complete LTX-2.3 looks like: the configuration of each part, by diffusers' classes.

The files in `configs` hold the values of diffusers' conversion script for LTX-2.3 (Apache-2.0; read, not run). Checked
here: all parts made from them have 46,139,010,774 bytes in bfloat16, and the published single file has 46,149,344,974;
the 10.3 MB more are its header and the modulation tables, which it keeps in float32.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from .names import Component

CONFIGS = Path(__file__).parent / "configs"
SCHEDULER = "scheduler"


@dataclass(frozen=True)
class Layout:
    """The configurations that a base must have, by component and for the scheduler."""

    configs: Mapping[str, Mapping[str, Any]]

    @property
    def text_width(self) -> int:
        """Hidden size of the text encoder: 3840 for Gemma-3-12B."""
        return int(self.configs[Component.CONNECTORS]["caption_channels"])

    @property
    def text_layers(self) -> int:
        """Layers of the text encoder; the connectors read them all and the embeddings: 48 for Gemma-3-12B."""
        return int(self.configs[Component.CONNECTORS]["text_proj_in_factor"]) - 1


@lru_cache
def ltx23() -> Layout:
    """LTX-2.3 at its own size."""
    return Layout({name: json.loads((CONFIGS / f"{name}.json").read_text()) for name in (*Component, SCHEDULER)})
