"""What a calibration stores: figures of the embedder on each material, lines of other measures, and probes."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from trainer_core.plan import BaseModelName


class Spread(BaseModel):
    """Where a distribution lies."""

    model_config = ConfigDict(frozen=True)

    p05: float
    p50: float
    p95: float

    @classmethod
    def of(cls, values: NDArray[np.float32]) -> "Spread":
        low, middle, high = (round(float(value), 4) for value in np.quantile(values, (0.05, 0.5, 0.95)))
        return cls(p05=low, p50=middle, p95=high)


class Material(BaseModel):
    """Figures on one kind of pictures.

    `same`, `different` and `twin` are cosines of a clip's or picture's vector to the mean vector of a set of drawn
    pictures of the same character, of a random other one, of one that differs in a single trait. `auc_*` is the
    probability that a same value exceeds a different (or twin) one. `threshold` is where both errors are equal.
    `chance` is the 95th percentile of |mean of five - mean of five others| of different values: a difference
    between two sets of five clips that arises without any likeness.
    """

    model_config = ConfigDict(frozen=True)

    words: str
    characters: int
    auc: float
    auc_twins: float
    auc_pairs: float | None  # picture against picture, without a set
    auc_pairs_twins: float | None
    same: Spread
    different: Spread
    twin: Spread
    threshold: float
    equal_error: float
    chance: float
    consistency: Spread | None  # of true clips, see measures.consistency


class StoredLine(BaseModel):
    """A line between sound clips and clips that were spoiled on purpose, see calibration_lines.

    `value` is where as many sound cases lie on the wrong side (share `errors`) as spoiled ones; `auc` is the
    probability that the measure tells one of each apart; `direction` is where the sound ones lie.
    """

    model_config = ConfigDict(frozen=True)

    value: float
    direction: Literal["at least", "at most"]
    words: str
    date: str
    cases: int
    auc: float
    errors: float
    sound: Spread
    spoiled: Spread
    photographs: str = ""  # what the line does on photographs, in words

    @property
    def source(self) -> str:
        """Where the line comes from, in words."""
        return f"calibration of {self.date} on {self.cases} of each: {self.words} ({self.errors:.0%} errors)"

    def holds_for(self, base: BaseModelName) -> bool:
        """Does it hold for this base's clips? Beyond mini only where it was seen what it does on photographs."""
        return base is BaseModelName.MINI or bool(self.photographs)


class Probe(BaseModel):
    """How often a probe was right where the truth is known."""

    model_config = ConfigDict(frozen=True)

    right: int
    of: int
    date: str
    words: str

    @property
    def source(self) -> str:
        """Its accuracy in words."""
        return f"Right on {self.right} of {self.of} {self.words} ({self.date})."


class Calibration(BaseModel):
    """All materials, measured on one date with one set of weights, and the lines of measures without an embedder."""

    model_config = ConfigDict(frozen=True)

    date: str
    embedder_sha256: str
    mini_fingerprint: str | None = None  # of the weights that "reconstructed" and "described" were made with
    materials: dict[str, Material]
    lines: dict[str, StoredLine] = {}
    probes: dict[str, Probe] = {}

    @property
    def nearest_to_clips(self) -> str:
        """The name of the material whose lines hold for mini's clips: as they come out of its autoencoder, if known."""
        return "reconstructed" if "reconstructed" in self.materials else "damaged"

    def source(self, material: str) -> str:
        """Where a threshold comes from, in words."""
        found = self.materials[material]
        return f"calibration of {self.date} on {found.characters} {found.words}"
