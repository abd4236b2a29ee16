"""The test clips in the order in which a person compares them: base beside LoRA, with the trigger word and without."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..scorecard import ClipScore, Scorecard, Threshold
from ..wishes import Wish, wish_of
from .charts import Spark, spark
from .media import Clips, Shown
from .words import figure


@dataclass(frozen=True)
class ClipShown:
    """One clip in its place."""

    anchor: str
    shown: Shown
    side: str  # before training, or with the LoRA
    likeness: str
    verdict: str  # in words; empty where there is no line, or nothing to judge
    good: bool | None
    spark: Spark | None
    alt: str


@dataclass(frozen=True)
class Line:
    """One prompt with its clips."""

    prompt: str
    seed: int
    called: bool  # with the trigger word
    clips: tuple[ClipShown, ...]


@dataclass(frozen=True)
class Scene:
    """One thing that was tried: with the trigger word, and the same scene and seed without it where there is one."""

    label: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Group:
    """Scenes of one purpose."""

    title: str
    hint: str
    scenes: tuple[Scene, ...]

    @property
    def narrow(self) -> bool:
        """Whether every scene is a single clip."""
        return all(len(line.clips) == 1 for scene in self.scenes for line in scene.lines)


def groups(card: Scorecard, clips: Clips) -> list[Group]:
    """The groups from top to bottom; those without clips are left out."""
    trigger = card.trigger
    by_case: dict[str, list[ClipScore]] = {}
    for clip in sorted(card.clips, key=lambda each: each.model != "base"):  # a stable sort: the base comes first
        by_case.setdefault(clip.case.id, []).append(clip)
    order = list(dict.fromkeys(clip.case.id for clip in card.clips))
    twins = _twins(card, order, by_case)
    found = []
    for purposes, title, hint in (
        (("first", "new"), "New scenes", f"Scenes that your captions do not describe, with {trigger} and without it."),
        (("reference",), "With one of your pictures beside the words", "The LoRA was taught to look at one."),
        (("seen",), "Words of your captions", "It should do these best: it was taught with these words."),
        (
            ("held_out",),
            "Words of a caption that was kept aside",
            "The same kind of words, of a file never trained on.",
        ),
        (("view",), "Seen from other sides", "Is it still the same one when it turns?"),
        (("leak",), f"Without {trigger}", "Nobody called it, so these should not look like your pictures."),
    ):
        chosen = [case for case in order if by_case[case][0].case.purpose in purposes and case not in twins.values()]
        scenes = [
            _scene([by_case[case], *([by_case[twins[case]]] if case in twins else [])], card, clips) for case in chosen
        ]
        if scenes:
            found.append(Group(title, hint, tuple(scenes)))
    return found


def anchors(card: Scorecard) -> dict[tuple[str, str], str]:
    """The place on the page of each clip by (model, case id); numbers, because ids come from a file."""
    return {(clip.model, clip.case.id): f"clip-{number}" for number, clip in enumerate(card.clips, 1)}


def _twins(card: Scorecard, order: Sequence[str], by_case: dict[str, list[ClipScore]]) -> dict[str, str]:
    """Case with the trigger -> case with the same seed and the same words but the trigger."""
    without = {(by_case[case][0].case.seed, by_case[case][0].case.prompt): case for case in order}
    found: dict[str, str] = {}
    for case in order:
        one = by_case[case][0].case
        twin = without.get((one.seed, one.prompt.removeprefix(f"{card.trigger}, ")))
        if one.uses_trigger and twin is not None and twin != case:
            found[case] = twin
    return found


def _scene(cases: Sequence[Sequence[ClipScore]], card: Scorecard, clips: Clips) -> Scene:
    places = anchors(card)
    lines = tuple(
        Line(
            prompt=case[0].case.prompt,
            seed=case[0].case.seed,
            called=case[0].case.uses_trigger,
            clips=tuple(
                clip_shown(clip, clips, places[clip.model, clip.case.id], wish_of(card, clip)) for clip in case
            ),
        )
        for case in cases
    )
    return Scene(label=cases[0][0].case.label, lines=lines)


def clip_shown(clip: ClipScore, clips: Clips, anchor: str, wish: Wish | None = None) -> ClipShown:
    """With the LoRA, likeness is wanted with the trigger word and unwanted without it; the base is not judged."""
    side = "Before training" if clip.model == "base" else "With your LoRA"
    line = wish.line if wish else None
    good, verdict = _judged(clip, wish) if wish and clip.model == "lora" else (None, "")
    return ClipShown(
        anchor=anchor,
        shown=clips.shown(clip),
        side=side,
        likeness=_beside(clip.identity, line),
        verdict=verdict,
        good=good,
        spark=spark(clip.identity_by_frame, line.value if line else None),
        alt=f"{side}, {called(clip)}: {clip.case.label}",
    )


def called(clip: ClipScore) -> str:
    """Whether its prompt has the trigger word."""
    return f"{'with' if clip.case.uses_trigger else 'without'} the trigger word"


def _judged(clip: ClipScore, wish: Wish) -> tuple[bool | None, str]:
    good = wish.met_by(clip)
    if good is None:
        return None, ""
    if clip.case.uses_trigger:
        return good, "looks like it" if good else "not enough like it"
    if wish.leaks(clip) and wish.leak is not None:
        more = f"{wish.gained(clip):.2f} more than before training ({figure(wish.leak.value)} on the mean)"
        return good, f"comes uncalled: {more}"
    return good, "not like it, as it should be" if good else "comes uncalled"


def _beside(value: float, line: Threshold | None) -> str:
    """Its figure, with a third decimal where two would say that it is its line."""
    alike = line is not None and value != line.value and figure(value) == figure(line.value)
    return f"{value:.3f}" if alike else figure(value)
