"""How each base model is spoken to: the words of scenes, views and subjects. Data that the suites are made from."""

from dataclasses import dataclass

from trainer_core.base_models.mini.world.captions import VIEW_WORDS
from trainer_core.base_models.mini.world.palette import PLACES
from trainer_core.plan import BaseModelName
from trainer_core.recipes import RecipeName

from ...captioning.words import has_word


@dataclass(frozen=True)
class Scene:
    """A setting in the words of a prompt and, for a person, in short. `subject` only where the scene has its own.

    `nothing_moves` where the words ask for no movement at all: rain, a breath or a camera's pan is one.
    """

    label: str
    words: str
    subject: str = ""
    nothing_moves: bool = False


@dataclass(frozen=True)
class Voice:
    """The words for one base model. Each list is longer than what is tried, so that unseen scenes can be chosen.

    `subjects` are what style, motion and effect are tried on, a tuple of choices for each clip; `cannot` says what the
    base model does not know and is therefore not tried. `stands` is the word of a caption in which nothing moves, for a
    base model that knows no camera; elsewhere the same sentence may ask for a pan, so that no word tells.
    """

    first: str  # the guide's first prompt: a simple action in a neutral setting
    first_without_action: str  # for a motion or an effect, which bring the action themselves
    plain: str  # the same in short
    scenes: tuple[Scene, ...]
    face_scenes: tuple[Scene, ...]
    view_setting: str  # in which nothing moves
    views: tuple[tuple[str, str], ...]
    others: tuple[str, ...]  # what a leak is looked for in besides the noun
    other_people: tuple[str, ...]  # the same for a face
    person: str
    subjects: dict[RecipeName, tuple[tuple[Scene, ...], ...]]
    cannot: dict[RecipeName, str]
    first_nothing_moves: bool = False
    stands: str = ""


_PLACES = ("beach", "night", "meadow", "snow", "bricks", "sunset", "forest", "stage")
_STANDS = "standing"  # the drawn world's motion in which nothing moves; it has no camera that could
_ACTIONS = ("walking", "waving", "standing", "walking", "standing", "waving", "standing", "standing")
_MINI_SCENES = tuple(
    Scene(
        f"{action} {PLACES[place].phrase}",
        f"{action}, {PLACES[place].phrase}, soft light",
        nothing_moves=action == _STANDS,
    )
    for action, place in zip(_ACTIONS, _PLACES, strict=True)
)


def _mini_subjects(*, action: bool) -> tuple[tuple[Scene, ...], ...]:
    """A cat, a bear and a rabbit, each in one of the places; without an action where the LoRA brings it."""
    found = []
    for turn, kind in enumerate(("cat", "bear", "rabbit")):
        taken = [*zip(_ACTIONS, _PLACES, strict=True)]
        found.append(
            tuple(
                Scene(
                    f"a {kind} {phrase}",
                    f"{verb}, {phrase}, soft light" if action else f"{phrase}, soft light",
                    f"a {kind}",
                    nothing_moves=action and verb == _STANDS,
                )
                for verb, phrase in ((verb, PLACES[place].phrase) for verb, place in taken[turn:] + taken[:turn])
            )
        )
    return tuple(found)


_MINI_CANNOT = "mini draws people, cats, bears and rabbits only, so nothing else was tried."

MINI = Voice(
    first="standing, in a white room, soft light",
    first_without_action="in a white room, soft light",
    plain="standing in a plain room",
    scenes=_MINI_SCENES,
    face_scenes=tuple(
        Scene(
            f"close-up {PLACES[place].phrase}",
            f"standing, {PLACES[place].phrase}, close-up, {face}, soft light",
            nothing_moves=True,
        )
        for place, face in zip(_PLACES, ("smiling", "surprised", "sad", "neutral") * 2, strict=True)
    ),
    view_setting="standing, in a grey studio",
    views=tuple((view, VIEW_WORDS[view]) for view in ("three-quarter", "profile", "back")),
    others=("person", "cat"),
    other_people=("person", "cat"),
    person="a person",
    subjects={
        RecipeName.STYLE: _mini_subjects(action=True),
        RecipeName.MOTION: _mini_subjects(action=False),
        RecipeName.EFFECT: _mini_subjects(action=False),
    },
    cannot={RecipeName.STYLE: _MINI_CANNOT, RecipeName.EFFECT: _MINI_CANNOT},
    first_nothing_moves=True,
    stands=_STANDS,
)

LTX = Voice(
    first="standing in an empty room, slow pan, natural lighting",
    first_without_action="in an empty room, natural lighting",
    plain="standing in a plain room",
    scenes=(
        Scene("walking on a beach", "walking along a sandy beach, waves behind, daylight, the camera follows"),
        Scene("in a street at night", "standing in a city street at night, neon signs, light rain"),
        Scene("in a forest", "walking through a forest, sunbeams between the trees"),
        Scene("in a kitchen", "sitting at a kitchen table, morning light from a window"),
        Scene("in the snow", "standing in a snowy field, breath in the cold air"),
    ),
    face_scenes=(
        Scene("speaking in an office", "close-up, speaking to the camera in an office, soft light from a window"),
        Scene("laughing in a park", "medium close-up, laughing in a park, golden evening light"),
        Scene("in a street at night", "medium close-up, looking around in a city street at night, neon signs"),
        Scene("reading in a kitchen", "medium shot, reading at a kitchen table, then looking up, morning light"),
    ),
    view_setting="standing in a plain grey studio, even lighting",
    views=(
        ("three-quarter", "seen from a three-quarter angle"),
        ("profile", "seen from the side, in profile"),
        ("back", "seen from behind, facing away"),
    ),
    others=("person", "cat"),
    other_people=("man", "woman"),
    person="a person",
    subjects={
        RecipeName.STYLE: (
            (
                Scene("a dog in a meadow", "running across a meadow, daylight", "a dog"),
                Scene("an owl on a branch", "turning its head on a branch, dusk", "an owl"),
            ),
            (
                Scene("a teapot on a table", "on a wooden table, steam rising, light from a window", "a teapot"),
                Scene("a bicycle at a wall", "leaning against a garden wall, leaves moving in the wind", "a bicycle"),
            ),
            (
                Scene("a mountain lake", "mist drifting over the water, slow pan", "a mountain lake"),
                Scene("a harbour", "boats rocking at the quay, evening light, slow pan", "a harbour"),
            ),
        ),
        RecipeName.MOTION: (
            (
                Scene("an old man in a park", "in a park, daylight", "an old man"),
                Scene("an old man on a beach", "on a sandy beach, daylight", "an old man"),
            ),
            (
                Scene("a woman in a street", "in a city street, evening light", "a woman in a long coat"),
                Scene("a woman in a forest", "in a forest, sunbeams between the trees", "a woman in a long coat"),
            ),
            (
                Scene("a robot in a hall", "in a bright hall, even lighting", "a robot"),
                Scene("a robot in the snow", "in a snowy field, daylight", "a robot"),
            ),
        ),
        RecipeName.EFFECT: (
            (
                Scene("a cat on a sofa", "on a sofa, light from a window", "a cat"),
                Scene("a dog in a garden", "in a garden, daylight", "a dog"),
            ),
            (
                Scene("a chair in a room", "in an empty room, even lighting", "a wooden chair"),
                Scene("a guitar at a wall", "leaning against a white wall, even lighting", "a guitar"),
            ),
            (
                Scene("a tree on a hill", "on a hill, daylight", "a tree"),
                Scene("a rose in a vase", "in a glass vase, soft light", "a rose"),
            ),
        ),
    },
    cannot={},
)

VIEW_LABELS = {"three-quarter": "turned a little", "profile": "from the side", "back": "from behind"}


def voice_of(base: BaseModelName) -> Voice:
    """The words for a base model."""
    return MINI if base is BaseModelName.MINI else LTX


def view_words(base: BaseModelName) -> dict[str, str]:
    """How this base model is asked for a view: words by the audit's class (front, three_quarter, profile, back)."""
    front = VIEW_WORDS["front"] if base is BaseModelName.MINI else "seen from the front, facing the camera"
    return {"front": front} | {view.replace("-", "_"): phrase for view, phrase in voice_of(base).views}


def unseen_first(scenes: tuple[Scene, ...], captions_text: str) -> list[Scene]:
    """All scenes, those first of which the captions (in lower case) name neither place, colours nor subject."""

    def seen(scene: Scene) -> bool:
        places = [place for place in PLACES.values() if place.phrase in scene.words]
        by_place = any(place.phrase in captions_text or f"{place.look} background" in captions_text for place in places)
        subject = scene.subject.removeprefix("a ").removeprefix("an ")
        return by_place or scene.label in captions_text or bool(subject and has_word(captions_text, subject))

    return sorted(scenes, key=seen)
