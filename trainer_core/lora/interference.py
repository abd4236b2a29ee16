"""How much two LoRAs pull at the same weights, measured from their files before anything is generated.

Where both change a layer, their changes dW1 = B1 A1 and dW2 = B2 A2 have a cosine
    cos = <dW1, dW2>_F / (|dW1|_F |dW2|_F),   <dW1, dW2>_F = trace(dW1^T dW2) = sum of (B1^T B2) * (A1 A2^T)
(the trace is cyclic), so that the changes themselves, outputs x inputs, are never made. Over several layers the
products and the squared norms are summed. From it follows how large both are together, since
    |s1 dW1 + s2 dW2|^2 = s1^2 |dW1|^2 + s2^2 |dW2|^2 + 2 s1 s2 <dW1, dW2>.
A cosine near 0 says that the two do not touch each other's weights; it does not say that the pictures stay the same.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from torch import Tensor

from .factors import Factors, open_factors


class Overlap(BaseModel):
    """Two LoRAs on one group of layers. `cosine` is None where one of them changes nothing there.

    together: the size of both changes added, over the size that they would have at right angles; 1 where they do not
    touch each other, up to 1.41 where they are the same, towards 0 where they cancel out.
    """

    model_config = ConfigDict(frozen=True)

    group: str
    layers: int
    cosine: float | None
    together: float | None


class Interference(BaseModel):
    """Two LoRAs over all layers that both change. share_first, share_second: of each LoRA's squared size, how much of
    it lies in these layers. largest: the layers with the largest cosine in size."""

    model_config = ConfigDict(frozen=True)

    shared: int
    only_first: int
    only_second: int
    whole: Overlap
    groups: tuple[Overlap, ...]
    largest: tuple[tuple[str, float], ...]
    share_first: float | None
    share_second: float | None

    def words(self) -> str:
        """The figures in plain sentences. There is no published line between good and bad, so none is drawn."""
        if not self.shared:
            return "The two change no layer in common, so their weights cannot disturb each other."
        cosine, together = self.whole.cosine, self.whole.together
        if cosine is None or together is None:
            return "One of the two changes nothing in the layers that they share."
        lines = [
            f"They share {self.shared} layers. There the cosine between their changes is {cosine:+.3f} (0: each pulls "
            "in a direction of its own; 1: both make the same change; -1: one takes back the other)."
        ]
        percent = round(100 * (together - 1))
        if percent:
            lines.append(
                f"So together they change the model {abs(percent)} % {'more' if percent > 0 else 'less'} than two "
                "LoRAs that do not touch each other."
            )
        told = [each for each in self.groups if each.cosine is not None]
        if len(told) > 1:
            lines.append("By kind of layer: " + ", ".join(f"{each.group} {each.cosine:+.3f}" for each in told) + ".")
        lines.append("Nobody has published a line for this figure; the clips tell what it means.")
        return " ".join(lines)


@dataclass
class _Sums:
    """Running sums over layers, in double precision."""

    layers: int = 0
    product: float = 0.0
    first: float = 0.0
    second: float = 0.0

    def add(self, product: float, first: float, second: float) -> None:
        self.layers += 1
        self.product += product
        self.first += first
        self.second += second

    @property
    def cosine(self) -> float | None:
        if self.first <= 0 or self.second <= 0:
            return None
        return max(-1.0, min(1.0, self.product / math.sqrt(self.first * self.second)))

    def overlap(self, group: str, strengths: tuple[float, float]) -> Overlap:
        a, b = strengths
        apart = a * a * self.first + b * b * self.second
        joint = apart + 2 * a * b * self.product
        together = math.sqrt(max(0.0, joint) / apart) if apart > 0 else None
        return Overlap(group=group, layers=self.layers, cosine=self.cosine, together=together)


def interference(first: Path, second: Path, strengths: tuple[float, float] = (1.0, 1.0)) -> Interference:
    """Measure two sound LoRA files against each other, one layer in memory at a time.

    The cosine does not depend on the strengths (as long as both are positive); `together` does. Raises
    UnreadableFileError in words.
    """
    whole, groups = _Sums(), dict[str, _Sums]()
    apart = [0.0, 0.0]
    cosines: list[tuple[str, float]] = []
    with open_factors(first) as one, open_factors(second) as two:
        shared = sorted(one.modules & two.modules)
        for module in shared:
            a, b = one.read(module), two.read(module)
            figures = inner(a, b), inner(a, a), inner(b, b)
            layer = _Sums()
            for sums in (whole, groups.setdefault(group_of(module), _Sums()), layer):
                sums.add(*figures)
            if layer.cosine is not None:
                cosines.append((module, round(layer.cosine, 4)))
        for place, (file, other) in enumerate(((one, two), (two, one))):
            apart[place] = sum(inner(factors, factors) for factors in map(file.read, file.modules - other.modules))
        lonely = len(one.modules) - len(shared), len(two.modules) - len(shared)
    return Interference(
        shared=len(shared),
        only_first=lonely[0],
        only_second=lonely[1],
        whole=whole.overlap("all", strengths),
        groups=tuple(sums.overlap(name, strengths) for name, sums in sorted(groups.items())),
        largest=tuple(sorted(cosines, key=lambda each: (-abs(each[1]), each[0]))[:3]),
        share_first=_share(whole.first, apart[0]),
        share_second=_share(whole.second, apart[1]),
    )


def inner(one: Factors, two: Factors) -> float:
    """<up1 down1, up2 down2>_F without making either product: sum of (up1^T up2) * (down1 down2^T)."""
    left: Tensor = (one.up.T @ two.up).double()
    right: Tensor = (one.down @ two.down.T).double()
    return float((left * right).sum())


_PARTS = (
    (r"audio_to_video|video_to_audio", "between picture and sound"),
    (r"(^|\.)audio_", "sound"),
    (r"\.attn1\.", "attention within the clip"),
    (r"\.attn2\.", "attention to the words"),
    (r"\.ff\.", "feed-forward"),
)


def group_of(module: str) -> str:
    """The kind of layer, in words, from its diffusers name: 'attention to the words' for '….attn2.to_q'."""
    return next((words for pattern, words in _PARTS if re.search(pattern, module)), "others")


def _share(inside: float, outside: float) -> float | None:
    return inside / (inside + outside) if inside + outside > 0 else None
