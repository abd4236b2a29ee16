"""What a caption says for each recipe, as data: how it begins, which facts follow, and what is left to the trigger."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from trainer_core.recipes import Recipe, RecipeName

from .facts import Aspect

KeptOut = Literal["looks", "style"]


class Template(BaseModel):
    """`start` is used where the noun is the recipe's own, `start_named` where a person chose one.

    `order` are the measured facts; `kept_out` is what the trigger has to learn, so that no caption may say it;
    `instructions` tell a vision model what to describe.
    """

    model_config = ConfigDict(frozen=True)

    start: str
    start_named: str
    order: tuple[Aspect, ...]
    kept_out: KeptOut | None
    instructions: str
    unmeasured: str | None = None  # what the recipe is about and no measure can say

    def opening(self, trigger: str, noun: str, recipe: Recipe) -> str:
        """How every caption begins."""
        return (self.start if noun == recipe.noun else self.start_named).format(trigger=trigger, a_noun=a(noun))


_SCENE: tuple[Aspect, ...] = ("motion", "place", "view", "shot", "mouth", "light")
_IDENTITY = (
    "Describe only what can differ from picture to picture: what the {noun} does, the facial expression, the view, the "
    "shot size, the surroundings and the light. Do not describe what the {noun} always looks like: nothing about hair, "
    "fur, eye colour, skin, age, build or face, and no clothes or accessories."
)

TEMPLATES: dict[RecipeName, Template] = {
    RecipeName.CHARACTER: Template(
        start="{trigger}, {a_noun}", start_named="{trigger}, {a_noun}", order=_SCENE, kept_out="looks",
        instructions=_IDENTITY,
    ),
    RecipeName.FACE: Template(
        start="{trigger}, {a_noun}", start_named="{trigger}, {a_noun}", order=_SCENE, kept_out="looks",
        instructions=_IDENTITY,
    ),
    RecipeName.STYLE: Template(
        start="in {trigger} style", start_named="{a_noun} in {trigger} style", order=_SCENE, kept_out="style",
        instructions=(
            "Describe the content: who or what is shown, what happens, where, and from which view. Do not describe how "
            "it is made: no style, technique, medium, artist, mood of the colours, lines, grain or brush strokes."
        ),
        unmeasured="what is shown cannot be measured: say it in a few words, without the style",
    ),
    RecipeName.MOTION: Template(
        start="{trigger} motion", start_named="{trigger}, {a_noun}",
        order=("motion", "view", "shot", "place", "light"), kept_out=None,
        instructions=(
            "Describe the movement in the order in which it happens, in plain words, and say who or what moves and "
            "where. The pictures are moments of one clip, in order."
        ),
        unmeasured="the movement itself cannot be measured: say who does what",
    ),
    RecipeName.EFFECT: Template(
        start="{trigger} effect", start_named="{trigger}, {a_noun}",
        order=("motion", "view", "shot", "place", "light"), kept_out=None,
        instructions=(
            "Describe what is shown at the beginning, how it changes, and what it has become at the end. The pictures "
            "are moments of one clip, in order."
        ),
        unmeasured="the change itself cannot be measured: say what becomes of what",
    ),
}  # fmt: skip


def subject_words(trigger: str, noun: str, recipe: Recipe) -> str:
    """How every caption of the set begins."""
    return TEMPLATES[recipe.name].opening(trigger, noun, recipe)


def a(noun: str) -> str:
    """'a cat', 'an owl'."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"
