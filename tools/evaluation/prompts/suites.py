"""The test prompts of each recipe, made from its captions and the base model's words."""

from collections.abc import Sequence
from dataclasses import dataclass

from trainer_core.plan import BaseModelName, TrainingPlan
from trainer_core.recipes import RECIPES, Recipe, RecipeName

from ...captioning.templates import TEMPLATES, a, subject_words
from ...captioning.words import has_word
from .cases import FIRST_SEED, PromptCase, Purpose, Shown, case, with_trigger
from .voices import VIEW_LABELS, Scene, Voice, unseen_first, voice_of

SEEN, HELD_OUT, NEW, VIEW = 10, 15, 20, 30  # added to the first seed: cases of one number share their noise


@dataclass(frozen=True)
class _Asked:
    """What every part of a suite needs."""

    recipe: Recipe
    trigger: str
    noun: str
    voice: Voice
    captions: Sequence[str]
    held_out: Sequence[str]
    shown: Sequence[Shown]

    @property
    def opening(self) -> str:
        return subject_words(self.trigger, self.noun, self.recipe)

    def nothing_moves(self, caption: str) -> bool:
        """Does a caption ask that nothing moves? Never told of a base model whose captions may ask for a pan too."""
        return bool(self.voice.stands) and has_word(caption, self.voice.stands)

    def unseen(self, scenes: tuple[Scene, ...]) -> list[Scene]:
        return unseen_first(scenes, " ".join([*self.captions, *self.held_out]).lower())

    def called(self, subject: str) -> str:
        """A subject in the LoRA's style, motion or effect, said as the captions say it."""
        template = TEMPLATES[self.recipe.name]
        if self.noun == self.recipe.noun and self.recipe.name is not RecipeName.STYLE:
            return f"{template.start.format(trigger=self.trigger, a_noun='')}, {subject}"
        return template.start_named.format(trigger=self.trigger, a_noun=subject)


def suite(
    recipe: Recipe,
    trigger: str,
    noun: str,
    captions: Sequence[str],
    base: BaseModelName = BaseModelName.MINI,
    *,
    held_out: Sequence[str] = (),
    shown: Sequence[Shown] = (),
) -> list[PromptCase]:
    """At most 14 cases, of which at most 11 are made on the base model too.

    `captions` are those that were trained on, `held_out` those of files that were kept aside; a new scene is one whose
    words none of them uses. `shown` are files for prompts with a reference beside them; empty where the LoRA was not
    trained so. The seed of a case without the trigger word is that of its twin with it.
    """
    asked = _Asked(recipe, trigger, noun, voice_of(base), captions, held_out, shown)
    return _of_one_subject(asked) if recipe.name in (RecipeName.CHARACTER, RecipeName.FACE) else _of_subjects(asked)


def first_prompt(plan: TrainingPlan, noun: str | None) -> str:
    """The words of the first test clip: a simple action in a neutral setting."""
    recipe = RECIPES[plan.recipe]
    return suite(recipe, plan.trigger, noun or recipe.noun, (), plan.base)[0].prompt


def _of_one_subject(asked: _Asked) -> list[PromptCase]:
    """Character and face: the guide's first prompt, captions, new scenes, the views, the noun without the trigger."""
    voice, face = asked.voice, asked.recipe.name is RecipeName.FACE
    called = f"{asked.trigger}, {a(asked.noun)}"
    fresh = asked.unseen(voice.face_scenes if face else voice.scenes)[:2]
    first = case("first", f"{called}, {voice.first}", "first", voice.plain, nothing_moves=voice.first_nothing_moves)
    new = [
        case(
            f"new-{number}",
            f"{called}, {scene.words}",
            "new",
            scene.label,
            seed=FIRST_SEED + NEW + number - 1,
            nothing_moves=scene.nothing_moves,
        )
        for number, scene in enumerate(fresh, 1)
    ]
    references = _with_reference(asked, [first, *new], most=2 if face else 1)
    return [first, *_captions(asked), *new, *_views(asked, called), *references, *_one_subject_without(asked, fresh)]


def _of_subjects(asked: _Asked) -> list[PromptCase]:
    """Style, motion and effect: several subjects, each with and without the trigger, same words and seed."""
    voice, recipe = asked.voice, asked.recipe
    quiet = voice.first if recipe.name is RecipeName.STYLE else voice.first_without_action
    subject = voice.person if asked.noun == recipe.noun else a(asked.noun)
    plain = (
        Scene(f"{subject}, {voice.plain}", quiet, subject, voice.first_nothing_moves)
        if quiet == voice.first
        else Scene(f"{subject} in a plain room", quiet, subject)
    )
    scenes = [plain, *(asked.unseen(choices)[0] for choices in voice.subjects[recipe.name])]
    called, without = [], []
    for number, scene in enumerate(scenes):
        seed = FIRST_SEED + (NEW + number - 1 if number else 0)
        name, purpose = _first_or_new(number)
        words, still = f"{asked.called(scene.subject)}, {scene.words}", scene.nothing_moves
        called.append(case(name, words, purpose, scene.label, seed=seed, nothing_moves=still))
        words = f"{scene.subject}, {scene.words}"
        without.append(case(f"leak-{number + 1}", words, "leak", scene.label, seed=seed, nothing_moves=still))
    return [called[0], *_captions(asked), *called[1:], *_with_reference(asked, called, most=2), *without]


def _first_or_new(number: int) -> tuple[str, Purpose]:
    return ("first", "first") if number == 0 else (f"new-{number}", "new")


def _captions(asked: _Asked) -> list[PromptCase]:
    """Two captions that were trained on, far apart in the set, and one of a file kept aside, in words of its own."""
    distinct = list(dict.fromkeys(words for caption in asked.captions if (words := caption.strip())))
    chosen = [distinct[0], distinct[len(distinct) // 2]] if len(distinct) > 1 else distinct
    aside = next((words for caption in asked.held_out if (words := caption.strip()) and words not in distinct), None)
    tried: list[tuple[str, str, Purpose, str, int]] = [
        (f"seen-{number}", caption, "seen", "words of your captions", SEEN + number - 1)
        for number, caption in enumerate(chosen, 1)
    ]
    if aside is not None:
        tried.append(("held_out", aside, "held_out", "words of a file kept aside", HELD_OUT))
    cases = []
    for name, caption, purpose, label, seed in tried:
        prompt = with_trigger(caption, asked.trigger, asked.opening)
        still = asked.nothing_moves(prompt)
        cases.append(case(name, prompt, purpose, label, seed=FIRST_SEED + seed, nothing_moves=still))
    return cases


def _views(asked: _Asked, called: str) -> list[PromptCase]:
    """The sides that the recipe needs, but for the front, which the other prompts show."""
    needed = {need.view.replace("_", "-") for need in asked.recipe.views}
    return [
        case(
            f"view-{view}",
            f"{called}, {asked.voice.view_setting}, {phrase}",
            "view",
            VIEW_LABELS[view],
            seed=FIRST_SEED + VIEW + number,
            on_base=False,
            view=view,
            nothing_moves=True,
        )
        for number, (view, phrase) in enumerate(asked.voice.views)
        if view in needed
    ]


def _with_reference(asked: _Asked, plain: Sequence[PromptCase], *, most: int) -> list[PromptCase]:
    """Prompts with a file shown beside them: a partner's own caption, else the words and seed of a case without."""
    made = []
    for number, shown in enumerate(asked.shown[:most], 1):
        twin = plain[(number - 1) % len(plain)]
        prompt = twin.prompt if shown.caption is None else with_trigger(shown.caption, asked.trigger, asked.opening)
        label = (
            f"{twin.label}, with a picture shown" if shown.caption is None else "from the start of one of your pairs"
        )
        made.append(
            case(
                f"reference-{number}",
                prompt,
                "reference",
                label,
                seed=twin.seed,
                on_base=False,
                reference=shown.item_id,
                nothing_moves=twin.nothing_moves if shown.caption is None else asked.nothing_moves(prompt),
            )
        )
    return made


def _one_subject_without(asked: _Asked, fresh: Sequence[Scene]) -> list[PromptCase]:
    """The same scenes and seeds as with the trigger, so that only the word is missing; then other subjects."""
    voice = asked.voice
    others = voice.other_people if asked.recipe.name is RecipeName.FACE else voice.others
    other = next(each for each in others if each != asked.noun)
    plain = Scene(voice.plain, voice.first, nothing_moves=voice.first_nothing_moves)
    tried = [(asked.noun, plain, 0), (asked.noun, fresh[0], NEW), (asked.noun, fresh[1], NEW + 1), (other, plain, 0)]
    if not asked.shown:
        tried.append((other, fresh[0], NEW))
    return [
        case(
            f"leak-{number}",
            f"{a(subject)}, {scene.words}",
            "leak",
            f"{a(subject)}, {scene.label}",
            seed=FIRST_SEED + seed,
            nothing_moves=scene.nothing_moves,
        )
        for number, (subject, scene, seed) in enumerate(tried, 1)
    ]
