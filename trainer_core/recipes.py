"""The recipe table: what each kind of LoRA needs and what it starts from. Data, not code paths."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict


class RecipeName(StrEnum):
    CHARACTER = "character"
    FACE = "face"
    STYLE = "style"
    MOTION = "motion"
    EFFECT = "effect"


class ViewNeed(BaseModel):
    """How many files should show the subject from one side; `both_sides`: turned to the left and to the right."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    view: Literal["front", "three_quarter", "profile", "back"]
    at_least: int
    both_sides: bool = False


class Recipe(BaseModel):
    """Requirements and defaults of one recipe. Counts are of usable files after the audit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: RecipeName
    teaches: str
    good_for: str
    needs: str
    noun: str  # class noun that captions use beside the trigger word
    images: tuple[int, int] | None  # recommended smallest and largest number; None where stills cannot teach it
    clips: tuple[int, int]
    clip_seconds: tuple[float, float] = (3.0, 8.0)
    minimum: int = 10  # fewer usable files than this cannot be launched
    short_edge: int = 512
    rank: int = 32
    learning_rate: float = 1e-4
    first_frame_probability: float = 0.1
    views: tuple[ViewNeed, ...] = ()  # empty where the subject's side does not matter
    source: str

    @property
    def needs_views(self) -> bool:
        """Whether the subject must be seen from several sides."""
        return bool(self.views)


_GUIDE = "Grix LoRA trainer guide and custom-LoRA guide for LTX 2.3 (2026)"

# The guide names the angles; how many of each is our practice for a set of 20, not measured.
_ROUND = (
    ViewNeed(view="front", at_least=3),
    ViewNeed(view="three_quarter", at_least=4, both_sides=True),
    ViewNeed(view="profile", at_least=3, both_sides=True),
    ViewNeed(view="back", at_least=2),
)
_FACE = _ROUND[:3]  # a back shows no face

RECIPES: dict[RecipeName, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name=RecipeName.CHARACTER,
            teaches="a stylised or invented character",
            good_for="mascots, game and cartoon characters, original designs",
            needs="20-50 pictures (or 10-30 clips of 3-8 s) from all sides, varied in expression, light and background",
            noun="character",
            images=(20, 50),
            clips=(10, 30),
            views=_ROUND,
            source=_GUIDE,
        ),
        Recipe(
            name=RecipeName.FACE,
            teaches="the face of a real or photorealistic person",
            good_for="a presenter, an actor, yourself; anything where the likeness of a real face matters",
            needs="20-50 sharp photographs of one consenting person, from the front and the sides, in varied light",
            noun="person",
            images=(20, 50),
            clips=(10, 30),
            first_frame_probability=0.2,
            views=_FACE,
            source=_GUIDE,
        ),
        Recipe(
            name=RecipeName.STYLE,
            teaches="a look that any subject can take on",
            good_for="anime, watercolour, film grain, one artist's hand",
            needs="30-100 pictures or clips of many different subjects in the one style",
            noun="style",
            images=(30, 100),
            clips=(30, 100),
            source=_GUIDE,
        ),
        Recipe(
            name=RecipeName.MOTION,
            teaches="a way of moving",
            good_for="a dance, a gesture, a camera move",
            needs="10-30 clips of 3-8 s that show the same motion, by different subjects; stills cannot teach motion",
            noun="motion",
            images=None,
            clips=(10, 30),
            rank=16,
            source=_GUIDE + "; rank 8-16 for motion: LTX trainer documentation",
        ),
        Recipe(
            name=RecipeName.EFFECT,
            teaches="a transformation of what is on screen",
            good_for="an object melting, a portrait turning to stone, a transition",
            needs="10-30 clips of 3-8 s of the same effect on different subjects, or before/after pairs",
            noun="effect",
            images=None,
            clips=(10, 30),
            first_frame_probability=0.5,
            source=_GUIDE,
        ),
    )
}
