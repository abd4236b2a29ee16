"""The measures as data: what each is called, which clips it is taken from, how, and which line it is held to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from trainer_core.base_models.mini.world.palette import PLACES
from trainer_core.plan import BaseModelName
from trainer_core.recipes import RecipeName

from .attributes import place_in
from .scorecard import ClipScore

Line = Literal["same character", "above chance", "within chance", "steady", "none at all", "calm", "same face"]
COSINE, SHARE = "cosine, -1 to 1", "share, 0 to 1"
_RESEMBLANCE = "mean cosine of the frames' embeddings to the mean embedding of your files"
PLAIN = ("first", "seen", "new")


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


@dataclass(frozen=True)
class Definition:
    """`of` gives the value of one case from its clip with the LoRA and, where `paired`, its clip on the base model;
    None where the case has no such value."""

    id: str
    title: str
    purposes: tuple[str, ...]
    of: Callable[[ClipScore, ClipScore], float | None]
    words: str
    unit: str = COSINE
    paired: bool = False
    line: Line | None = None
    view: str | None = None
    embedder: bool = True  # its value comes from the embedder, so it holds where the embedder does
    drawn_world: bool = False  # knows mini's drawn world only
    extra: str = ""  # its value is in ClipScore.extra under this name, where a second look found one
    stored_line: str = ""  # of the calibration, which its value rests on: it has none where this line does not hold
    bases: tuple[BaseModelName, ...] = tuple(BaseModelName)  # others are left out
    recipes: tuple[RecipeName, ...] = ()  # empty: all
    validity: str = ""
    unmeasured: str = "No test clip of this kind was made."  # said where no case has a value
    combine: Callable[[Sequence[float]], float] = field(default=_mean)


def _view(view: str, title: str) -> Definition:
    return Definition(
        id=f"identity_{view}",
        title=title,
        purposes=("view",),
        of=lambda lora, base: lora.identity,
        words=f"{_RESEMBLANCE}, {view} view",
        line="same character",
        view=view,
        validity="One clip only.",
    )


def _place_followed(clip: ClipScore) -> float | None:
    asked = place_in(clip.case.prompt)
    return None if asked is None or clip.place is None else float(clip.place == asked)


_PLACE = (
    "share of clips in new scenes whose background has the colours of the place that the words ask for, by a probe of "
    f"the edges' colours against drawings of all places; by chance it would be right on one in {len(PLACES)}"
)

DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        id="identity",
        title="Looks like your pictures",
        purposes=PLAIN,
        of=lambda lora, base: lora.identity,
        words=f"{_RESEMBLANCE}, with the LoRA and the trigger word",
        line="same character",
    ),
    Definition(
        id="identity_base",
        title="The same words before training",
        purposes=PLAIN,
        paired=True,
        of=lambda lora, base: base.identity,
        words=f"{_RESEMBLANCE}, base model without the LoRA",
    ),
    Definition(
        id="lift",
        title="Gained by training",
        purposes=PLAIN,
        paired=True,
        of=lambda lora, base: lora.identity - base.identity,
        words="resemblance with the LoRA minus without it: same prompts and seeds, with the trigger word",
        line="above chance",
    ),
    Definition(
        id="leak",
        title="Comes without being called",
        purposes=("leak",),
        paired=True,
        of=lambda lora, base: lora.identity - base.identity,
        words="resemblance with the LoRA minus without it: same prompts and seeds, without the trigger word",
        line="within chance",
    ),
    Definition(
        id="identity_views",
        title="Looks like your pictures when turned",
        purposes=("view",),
        of=lambda lora, base: lora.identity,
        words=f"{_RESEMBLANCE}, three-quarter, side and back views",
        line="same character",
    ),
    _view("three-quarter", "Turned a little"),
    _view("profile", "From the side"),
    _view("back", "From behind"),
    Definition(
        id="consistency",
        title="Stays itself through the clip",
        purposes=PLAIN,
        of=lambda lora, base: lora.consistency if lora.empty < 1 else None,
        words="VBench's subject consistency on the built-in embedder: mean over frames of "
        "(max(0, cosine with the one before) + max(0, cosine with the first)) / 2; a clip that is all black shows "
        "nothing that could stay itself and does not count",
        unit=SHARE,
        line="steady",
        unmeasured="No clip that shows something was made.",
    ),
    Definition(
        id="copying",
        title="Closest to one of your pictures",
        purposes=("first", "new"),
        of=lambda lora, base: lora.nearest,
        words="largest correlation of a frame's 16 x 16 thumbnail with one of your pictures; 1 is a copy",
        unit="correlation, -1 to 1",
        embedder=False,
        validity="Compares composition and colours; a scene that is in your files scores high without being copied.",
        combine=max,
    ),
    Definition(
        id="moving",
        title="Moves",
        purposes=PLAIN,
        paired=True,
        of=lambda lora, base: lora.moving,
        words="share of neighbouring frames, about 8 of them a second, whose largest 5 % of optical flow exceed 6 "
        "pixels at 256 (VBench's line and rate)",
        unit=SHARE,
        embedder=False,
        validity="Farneback's flow where VBench takes RAFT's; depends on the motions asked for.",
    ),
    Definition(
        id="moving_base",
        title="Moved before training",
        purposes=PLAIN,
        paired=True,
        of=lambda lora, base: base.moving,
        words="the same on the base model",
        unit=SHARE,
        embedder=False,
    ),
    Definition(
        id="empty",
        title="Black or empty frames",
        purposes=(*PLAIN, "view"),
        of=lambda lora, base: lora.empty,
        words="share of frames of a single flat colour; NaN inside the model ends like that",
        unit=SHARE,
        line="none at all",
        embedder=False,
    ),
    Definition(
        id="empty_base",
        title="Black or empty frames before training",
        purposes=(*PLAIN, "view"),
        paired=True,
        of=lambda lora, base: base.empty,
        words="the same share, of the base model's clips",
        unit=SHARE,
        embedder=False,
    ),
    Definition(
        id="burned",
        title="Burned colours",
        purposes=PLAIN,
        paired=True,
        of=lambda lora, base: lora.burned,
        words="share of colour values at the very end of their range (0-2, 253-255)",
        unit=SHARE,
        embedder=False,
        validity="White and black places count too: compare it with the base and with your files.",
    ),
    Definition(
        id="burned_base",
        title="Burned colours before training",
        purposes=PLAIN,
        paired=True,
        of=lambda lora, base: base.burned,
        words="the same on the base model",
        unit=SHARE,
        embedder=False,
    ),
    Definition(
        id="place_followed",
        title="Goes where the words say",
        purposes=("first", "new"),
        paired=True,
        of=lambda lora, base: _place_followed(lora),
        words=f"{_PLACE}; with the LoRA and the trigger word",
        unit=SHARE,
        embedder=False,
        drawn_world=True,
    ),
    Definition(
        id="place_followed_base",
        title="Went where the words say before training",
        purposes=("first", "new"),
        paired=True,
        of=lambda lora, base: _place_followed(base),
        words=f"{_PLACE}; the same words on the base model",
        unit=SHARE,
        embedder=False,
        drawn_world=True,
    ),
)
