"""The test prompts of a recipe: small, neutral, each with its purpose, the same seeds with and without the LoRA."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from trainer_core.base_models.mini.world.captions import VIEW_WORDS
from trainer_core.base_models.mini.world.palette import PLACES
from trainer_core.plan import BaseModelName
from trainer_core.recipes import Recipe, RecipeName

from ..captioning.templates import a
from ..captioning.words import has_word

Purpose = Literal["first", "seen", "new", "view", "leak"]


class PromptCase(BaseModel):
    """One test clip to be made. `label` says in plain words what is tried; `on_base` also makes it without the LoRA."""

    model_config = ConfigDict(frozen=True)

    id: str
    prompt: str
    uses_trigger: bool
    purpose: Purpose
    label: str
    seed: int
    on_base: bool = True
    view: str | None = None


@dataclass(frozen=True)
class _Words:
    """How a base model wants to be spoken to."""

    first: str  # simple action, neutral setting
    settings: tuple[tuple[str, str], ...]  # (label, words); new scenes are taken from here
    view_setting: str
    views: tuple[tuple[str, str], ...]
    other_noun: str


_MINI = _Words(
    first="standing, in a white room, soft light",
    settings=tuple(
        (f"{motion} {place.phrase}", f"{motion}, {place.phrase}, soft light")
        for motion, place in (
            ("walking", PLACES["beach"]),
            ("waving", PLACES["night"]),
            ("standing", PLACES["meadow"]),
            ("walking", PLACES["snow"]),
            ("standing", PLACES["bricks"]),
            ("waving", PLACES["sunset"]),
            ("standing", PLACES["forest"]),
            ("standing", PLACES["stage"]),
        )
    ),
    view_setting="standing, in a grey studio",
    views=tuple((view, VIEW_WORDS[view]) for view in ("three-quarter", "profile", "back")),
    other_noun="person",
)

_LTX = _Words(
    first="standing in an empty room, slow pan, natural lighting",
    settings=(
        ("walking on a beach", "walking along a sandy beach, waves behind, daylight, the camera follows"),
        ("in a street at night", "standing in a city street at night, neon signs, light rain"),
        ("in a forest", "walking through a forest, sunbeams between the trees"),
        ("in a kitchen", "sitting at a kitchen table, morning light from a window"),
        ("in the snow", "standing in a snowy field, breath in the cold air"),
    ),
    view_setting="standing in a plain grey studio, even lighting",
    views=(
        ("three-quarter", "seen from a three-quarter angle"),
        ("profile", "seen from the side, in profile"),
        ("back", "seen from behind, facing away"),
    ),
    other_noun="person",
)

VIEW_LABELS = {"three-quarter": "turned a little", "profile": "from the side", "back": "from behind"}
SUBJECTS = ("cat", "person", "rabbit")  # what a style, motion or effect is tried on
FIRST_SEED = 1000
LONGEST_PROMPT = 400


def view_words(base: BaseModelName) -> dict[str, str]:
    """How this base model is asked for a view: words by the audit's class (front, three_quarter, profile, back)."""
    words = _MINI if base is BaseModelName.MINI else _LTX
    front = VIEW_WORDS["front"] if base is BaseModelName.MINI else "seen from the front, facing the camera"
    return {"front": front} | {view.replace("-", "_"): phrase for view, phrase in words.views}


def suite(
    recipe: Recipe, trigger: str, noun: str, captions: Sequence[str], base: BaseModelName = BaseModelName.MINI
) -> list[PromptCase]:
    """Up to 13 cases: the guide's first prompt, two captions seen, two new scenes, three views, five without trigger.

    `captions` are the training captions; a new scene is one whose words none of them uses. Style, motion and effect
    are tried on several subjects instead of several views.
    """
    words = _MINI if base is BaseModelName.MINI else _LTX
    named = a(noun)
    cases = [_case("first", f"{trigger}, {named}, {words.first}", "first", "standing in a plain room")]
    cases += [
        _case(f"seen-{number + 1}", prompt, "seen", "words of your captions", seed=FIRST_SEED + 10 + number)
        for number, prompt in enumerate(_captions_seen(captions, trigger, noun))
    ]
    fresh = _new_settings(words, captions)
    if recipe.name in (RecipeName.CHARACTER, RecipeName.FACE):
        cases += [
            _case(f"new-{number + 1}", f"{trigger}, {named}, {setting}", "new", label, seed=FIRST_SEED + 20 + number)
            for number, (label, setting) in enumerate(fresh[:2])
        ]
        cases += [
            _case(
                f"view-{view}",
                f"{trigger}, {named}, {words.view_setting}, {phrase}",
                "view",
                VIEW_LABELS[view],
                seed=FIRST_SEED + 30 + number,
                on_base=False,
                view=view,
            )
            for number, (view, phrase) in enumerate(words.views)
        ]
    else:
        cases += [
            _case(
                f"new-{number + 1}",
                f"{trigger}, a {subject}, {setting}",
                "new",
                f"{a(subject)}, {label}",
                seed=FIRST_SEED + 20 + number,
            )
            for number, (subject, (label, setting)) in enumerate(zip(SUBJECTS, fresh, strict=False))
        ]
    return cases + _leak_cases(words, noun, fresh)


def _leak_cases(words: _Words, noun: str, fresh: Sequence[tuple[str, str]]) -> list[PromptCase]:
    """The same scenes and seeds as with the trigger, so that only the word is missing; then other subjects."""
    other = words.other_noun if noun != words.other_noun else "cat"
    plain = ("standing in a plain room", words.first)
    tried = [(noun, plain, 0), (noun, fresh[0], 20), (noun, fresh[1], 21), (other, plain, 0), (other, fresh[0], 20)]
    return [
        _case(
            f"leak-{number}",
            f"{a(subject)}, {setting}",
            "leak",
            f"{a(subject)}, {label}",
            seed=FIRST_SEED + seed,
        )
        for number, (subject, (label, setting), seed) in enumerate(tried, 1)
    ]


def _case(
    case_id: str,
    prompt: str,
    purpose: Purpose,
    label: str,
    *,
    seed: int = FIRST_SEED,
    on_base: bool = True,
    view: str | None = None,
) -> PromptCase:
    return PromptCase(
        id=case_id,
        prompt=prompt[:LONGEST_PROMPT],
        uses_trigger=purpose != "leak",
        purpose=purpose,
        label=label,
        seed=seed,
        on_base=on_base,
        view=view,
    )


def _captions_seen(captions: Sequence[str], trigger: str, noun: str) -> list[str]:
    """Two different captions of the training set, far apart in it; the trigger is put in front where it is missing."""
    distinct = list(dict.fromkeys(caption.strip() for caption in captions if caption.strip()))
    chosen = [distinct[0], distinct[len(distinct) // 2]] if len(distinct) > 1 else distinct
    return [caption if has_word(caption, trigger) else f"{trigger}, {a(noun)}, {caption}" for caption in chosen]


def _new_settings(words: _Words, captions: Sequence[str]) -> list[tuple[str, str]]:
    """All settings, those that no caption mentions (by phrase or by colours) first."""
    text = " ".join(captions).lower()

    def seen(setting: tuple[str, str]) -> bool:
        places = [place for place in PLACES.values() if place.phrase in setting[1]]
        by_name = any(place.phrase in text or f"{place.look} background" in text for place in places)
        return by_name or setting[0] in text

    return sorted(words.settings, key=seen)
