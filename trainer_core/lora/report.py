"""What a look into a LoRA file found, as data and as words."""

import html
import statistics
from collections.abc import Iterable, Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from ..plan import BaseModelName

MAX_TEXT = 400
MAX_ENTRIES = 64


class Spread(BaseModel):
    """Smallest, middle and largest of a set of figures."""

    model_config = ConfigDict(frozen=True)

    min: float
    median: float
    max: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self | None:
        """The spread of `values`; None when there are none."""
        figures = sorted(values)
        return cls(min=figures[0], median=statistics.median(figures), max=figures[-1]) if figures else None


class LoraReport(BaseModel):
    """The state of a LoRA file. `ok` means: no problem found, every player that follows the LTX-2 form can load it.

    keys: tensors in the file. modules: layers that have both factors. rank: the most frequent one. nan, inf: numbers
    of such values. zero_modules: layers that change nothing. delta_rms: over the other layers, the root mean square
    of the change B A of a weight (times alpha / rank where alpha keys exist). matched_share: layers that fit the base
    in name and size, of all layers. metadata: shortened, markup escaped, control characters made visible.
    """

    model_config = ConfigDict(frozen=True)

    file: str
    ok: bool
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    bytes: int = 0
    sha256: str | None = None
    keys: int = 0
    modules: int = 0
    rank: int | None = None
    dtypes: tuple[str, ...] = ()
    alpha_keys: int = 0
    nan: int = 0
    inf: int = 0
    zero_modules: int = 0
    delta_rms: Spread | None = None
    per_module: dict[str, float] | None = Field(default=None, description="delta RMS of each layer, when asked for")
    metadata: dict[str, str] = {}
    trigger: str | None = None
    base: BaseModelName | None = Field(default=None, description="the base that the file was to be checked against")
    base_guess: BaseModelName | None = None
    matched_share: float | None = None

    def words(self) -> str:
        """The report in plain words, a few lines."""
        lines = [f"{self.file}: " + ("the file is sound." if self.ok else "the file has a problem.")]
        lines += [f"Problem: {problem}" for problem in self.problems]
        if self.modules:
            fits = f", fits {self.base_guess.value}" if self.base_guess else ""
            lines.append(f"{self.modules} layers, rank {self.rank}, {self.bytes / 1e6:.1f} MB{fits}.")
        if spread := self.delta_rms:
            lines.append(
                f"Typical change of a weight: {spread.median:.1e} (from {spread.min:.1e} to {spread.max:.1e})."
            )
        lines += [f"Note: {note}" for note in self.notes]
        return "\n".join(lines)


def shown(text: str, limit: int = MAX_TEXT) -> str:
    """Foreign text made safe to show: shortened, control and direction characters made visible, markup escaped."""
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    visible = "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in short)
    return html.escape(visible, quote=False)


def shown_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """The header's metadata, at most 64 entries, each made safe to show."""
    return {shown(key, 80): shown(value) for key, value in sorted(metadata.items())[:MAX_ENTRIES]}
