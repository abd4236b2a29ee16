"""The header of a merged LoRA: whose changes are in it, how strong, and how they were put together."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from safetensors import safe_open

from ..plan import LONGEST_TRIGGERS, BaseModelName
from .metadata import ARCHITECTURE, IMPLEMENTATION, plain
from .reference_use import FACTOR, KIND
from .report import shown
from .stack import Stacked

CARRIED = (FACTOR, KIND)  # how the one parent that follows a reference wants it


@dataclass(frozen=True)
class Parent:
    """A file that went into a merged one. Its texts are a stranger's: shortened and made harmless."""

    sha256: str
    strength: float
    title: str
    trigger: str
    carried: dict[str, str]

    @classmethod
    def of(cls, one: Stacked) -> Self:
        """From a checked member of a stack and its file's header."""
        header = header_of(one.file)
        return cls(
            sha256=one.sha256,
            strength=one.strength,
            title=plain(header.get("modelspec.title", "")) or plain(one.name),
            trigger=shown(plain(one.trigger or header.get("modelspec.trigger_phrase", "")), LONGEST_TRIGGERS),
            carried={key: header[key] for key in CARRIED if key in header},
        )


def merged_metadata(
    base: BaseModelName,
    parents: list[Parent],
    *,
    method: str,
    title: str,
    rank: int,
    tensors_sha256: str,
    settings: dict[str, str],
) -> dict[str, str]:
    """All entries of the header; every value is text. ModelSpec's `merged_from` tells other programs of the parents."""
    words = (word.strip() for parent in parents for word in parent.trigger.split(","))
    triggers = list(dict.fromkeys(word for word in words if word))
    described = [
        {"sha256": parent.sha256, "strength": parent.strength, "title": parent.title, "trigger": parent.trigger}
        for parent in parents
    ]
    entries = {
        "format": "pt",
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": ARCHITECTURE[base],
        "modelspec.implementation": IMPLEMENTATION[base],
        "modelspec.title": plain(title) or "merged LoRA",
        "modelspec.description": f"{len(parents)} LoRAs for {base.value}, merged with Sidekick ({method}).",
        "modelspec.hash_sha256": f"0x{tensors_sha256}",
        "modelspec.trigger_phrase": ", ".join(triggers),
        "modelspec.usage_hint": (f"Write {' and '.join(triggers)} in the prompt. " if triggers else "")
        + "Begin with strength 1.0.",
        "modelspec.merged_from": ", ".join(parent.title.replace(",", " ") for parent in parents),
        "ss_base_model_version": base.value,
        "ss_network_dim": str(rank),
        "ss_network_alpha": str(rank),
        "sidekick.base": base.value,
        "sidekick.merge_method": " ".join([method, *(f"{name}={value}" for name, value in settings.items())]),
        "sidekick.merged_from": json.dumps(described, ensure_ascii=False),
    }
    for parent in parents:
        entries |= parent.carried
    return {key: value for key, value in entries.items() if value}


def header_of(path: Path) -> dict[str, str]:
    """A verified file's metadata as it stands."""
    with safe_open(path, framework="pt") as file:
        return dict(file.metadata() or {})
