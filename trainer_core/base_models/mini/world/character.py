"""Who lives in the drawn world: a character is a handful of named traits."""

import hashlib
from dataclasses import dataclass

import numpy as np

from .palette import COLOURS, SKINS

KINDS = ("person", "cat", "bear", "rabbit")
HAIR_STYLES = ("short", "long", "bun")
GARMENTS = ("coat", "dress")
PATTERNS = ("plain", "striped")
HATS = ("none", "cap", "beanie", "top hat")
BUILDS = ("slim", "regular", "round")


@dataclass(frozen=True)
class Character:
    """One inhabitant. `mane` is the hair of a person and the fur of an animal."""

    kind: str
    mane: str
    hair_style: str
    skin: str
    garment: str
    clothes: str
    pattern: str
    boots: str
    hat: str
    hat_colour: str
    build: str

    @property
    def noun(self) -> str:
        """The class noun that captions use."""
        return self.kind

    @property
    def held_out(self) -> bool:
        """True for the tenth of all characters that the base model never sees in training."""
        look = f"{self.kind}/{self.mane}/{self.clothes}/{self.hat}/{self.hat_colour}"
        return hashlib.sha256(look.encode()).digest()[0] % 10 == 0


def random_character(rng: np.random.Generator, *, held_out: bool | None = None) -> Character:
    """Draw a character. `held_out` True or False restricts to unseen or seen ones; None takes any."""
    colours = list(COLOURS)
    while True:
        mane, clothes = rng.choice(colours, size=2, replace=False)
        hat = str(rng.choice(HATS, p=(0.4, 0.2, 0.2, 0.2)))
        character = Character(
            kind=str(rng.choice(KINDS, p=(0.4, 0.2, 0.2, 0.2))),
            mane=str(mane),
            hair_style=str(rng.choice(HAIR_STYLES)),
            skin=str(rng.choice(list(SKINS))),
            garment=str(rng.choice(GARMENTS)),
            clothes=str(clothes),
            pattern=str(rng.choice(PATTERNS, p=(0.75, 0.25))),
            boots=str(rng.choice(("brown", "black", "white", "red", "blue"))),
            hat=hat,
            hat_colour=str(rng.choice(colours)) if hat != "none" else "none",
            build=str(rng.choice(BUILDS)),
        )
        if held_out is None or character.held_out == held_out:
            return character
