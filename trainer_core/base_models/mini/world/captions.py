"""True captions of drawn clips, in varied wording, so that mini learns the words the sidekick uses."""

import numpy as np

from .character import Character
from .palette import PLACES
from .scene import Scene

VIEW_WORDS = {"front": "front view", "three-quarter": "three-quarter view", "profile": "side view", "back": "back view"}
SHOT_WORDS = {"full": "full shot", "medium": "medium shot", "close": "close-up"}
LIGHT_WORDS = {
    "soft": "soft light",
    "left": "light from the left",
    "right": "light from the right",
    "dim": "dim light",
    "warm": "warm light",
}


def look_of(character: Character) -> str:
    """The traits that make this character itself: 'a cat with red fur, a blue striped coat and a green cap'."""
    mane = f"{character.mane} {'hair' if character.kind == 'person' else 'fur'}"
    pattern = "" if character.pattern == "plain" else "striped "
    parts = [mane, f"a {character.clothes} {pattern}{character.garment}"]
    if character.hat != "none":
        parts.append(f"a {character.hat_colour} {character.hat}")
    return f"a {character.noun} with " + ", ".join(parts[:-1]) + f" and {parts[-1]}"


def scene_words(scene: Scene, *, by_colour: bool = False) -> list[str]:
    """The phrases for everything but the character, in a fixed order."""
    place = PLACES[scene.place]
    where = f"{place.look} background" if by_colour else place.phrase
    return [
        f"{scene.motion}",
        where,
        VIEW_WORDS[scene.view],
        SHOT_WORDS[scene.shot],
        scene.expression if scene.view in ("front", "three-quarter") else "",
        LIGHT_WORDS[scene.light],
    ]


def caption(character: Character, scene: Scene, *, moving: bool = True) -> str:
    """The full, canonical caption."""
    words = scene_words(scene)
    if not moving:
        words[0] = "standing" if scene.motion == "turning" else words[0]
    return ", ".join([look_of(character), *filter(None, words)])


def varied_caption(character: Character, scene: Scene, rng: np.random.Generator) -> str:
    """A true caption that may leave things out, name the place by its colours, or name only the class."""
    subject = look_of(character) if rng.uniform() < 0.85 else f"a {rng.choice([character.noun, 'character'])}"
    action, where, *rest = scene_words(scene, by_colour=bool(rng.uniform() < 0.2))
    words = [action, where] if rng.uniform() < 0.9 else [where]
    words += [word for word in rest if word and rng.uniform() < 0.7]
    return ", ".join([subject, *words])
