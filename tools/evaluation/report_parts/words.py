"""The report's first lines: does it look like what was taught, what to change first, and about which file this is."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from trainer_core.plan import BASES
from trainer_core.recipes import RecipeName

from ...captioning.templates import a
from ..diagnosis import Diagnosis, Finding
from ..rules import RULES
from ..scorecard import Measure, Scorecard, figure, no_cause
from ..wishes import wish_of

Level = Literal["ready", "warn", "blocked", "note"]

# What a measure asks, for somebody who has never trained a model.
PLAIN = {
    "identity": "Do the clips show what your files show? 1 is the same, 0 has nothing in common.",
    "identity_base": "What the model made of these words before it was taught: what training added is the difference.",
    "lift": "How much more the clips look like your files since training.",
    "leak": "How much of it shows up in clips that did not ask for it. Less is better.",
    "identity_views": "Is it still the same one from the side and from behind?",
    "consistency": "Does it stay the same from the first frame to the last? 1 is perfectly steady.",
    "copying": "Is a clip just one of your pictures again? 1 is a copy.",
    "empty": "Frames with nothing in them are a sign of a broken file.",
    "burned": "Colours that have run into pure black or white.",
    "moving": "How much of the clip is in motion.",
    "variety": "Do different words give different pictures? Near 0 they all look alike.",
    "still": "Did clips that moved before training come to a standstill?",
    "flicker": "Does the picture shimmer although nothing in it moves?",
    "dinov2": "The same question, asked of another model that has seen many photographs.",
    "face": "Is it the same face, as a face recogniser sees it?",
    "clip_text": "Do the clips show what the words ask for?",
    "weight_change": "How far the LoRA moves the model's numbers. Next to nothing means that it learned nothing.",
    "effect": "How much the LoRA changes what the model does at all when it is called.",
    "effect_plain": "How much it changes what the model does when it is not called.",
    "place_followed": "Does the clip go where the words say?",
}
# What the other figures of a finding say, the ones that no clip was measured for.
PLAIN_FACTS = {
    "steps": "How long it was trained: 1 is as long as the rule gives for this many files, 0.5 is half as long.",
    "steps_beyond": "How long it was trained beside the longest that the rule gives: 2 is twice as long.",
    "empty_more": "Frames with nothing in them that the base model's clips do not have.",
    "learning_rate": "How big each step of learning was: 1 is the recipe's usual size, 10 is ten times as big.",
    "rank": "How much the LoRA can hold: 1 is the recipe's usual size.",
    "trigger_frequency": "An everyday word already means something to the model; a made-up one (0) means nothing yet.",
    "captions": "A file whose caption lacks the word cannot teach what the word calls.",
    "one_background": "What is in every picture is learned along with the subject.",
    "repeats": "The same picture again teaches that picture, not the subject.",
    "looks_in_captions": "What a caption names is learned as belonging to that word and not to the trigger word.",
    "missing_views": "A side that your files never show has to be made up.",
    "few_of_view": "A side that few files show is learned last.",
    "view_gap": "How much less it looks like your files in its worst view than from the front. 0 is nothing lost.",
    "validation_rise": "Files kept aside get harder to guess once the others are being learned by heart.",
    "validation_fall": "While this still falls, longer training still helps.",
    "burned_more": "How much more of the picture is pure black or white than before training.",
    "place_lost": "Clips that went where the words say before training, and do not any more.",
    "clips": "Only clips can teach how something moves.",
}
MEANT = {
    RecipeName.CHARACTER: "your character",
    RecipeName.FACE: "the person in your pictures",
}


@dataclass(frozen=True)
class Answer:
    """Words for a person, how grave they are, and for the headline the sentence below it."""

    level: Level
    words: str
    next: str = ""


def answer(card: Scorecard, diagnosis: Diagnosis | None) -> Answer:
    """Whether it looks like what was taught, and what to change first."""
    level, words = _verdict(card)
    return Answer(level, words, _first_change(card, diagnosis))


def _verdict(card: Scorecard) -> tuple[Level, str]:
    if card.lora_problems:
        return "blocked", "This LoRA file cannot be used."
    identity, leak = likeness(card), card.measure("leak")
    if identity is None or identity.value is None:
        return "note", "We cannot tell whether it looks right: likeness was not measured."
    if identity.threshold is None:
        return "note", "We cannot tell by figures whether it looks right. Look at the clips."
    meant = MEANT.get(card.recipe, "your files")
    leaks = leak is not None and leak.verdict == "poor"
    if identity.verdict != "good":
        return "warn", f"Not yet: with {card.trigger} the clips do not look enough like {meant}."
    if leaks:
        return "warn", f"Yes, it looks like {meant}, but it also comes without {card.trigger}."
    turned = card.measure("identity_views")
    if turned is not None and turned.verdict == "poor":
        return "warn", f"Yes from the front, but turned it does not look enough like {meant}."
    return "ready", f"Yes: with {card.trigger} it looks like {meant}."


def likeness(card: Scorecard) -> Measure | None:
    """The measure that tells whether it looks right: one that has a line here, first the built-in embedder's."""
    known = [measure for name in ("identity", "face") if (measure := card.measure(name)) is not None]
    return next((measure for measure in known if measure.verdict != "shown"), known[0] if known else None)


def _first_change(card: Scorecard, diagnosis: Diagnosis | None) -> str:
    if diagnosis is None:
        return "No findings were made for this run, so this page proposes no change."
    if not diagnosis.findings and card.poor:
        return no_cause(card)
    if not diagnosis.findings:
        return "No figure gives a reason to change anything. Look at the clips: measures do not see everything."
    first = diagnosis.findings[0]
    steps = "; ".join(words for words, _ in proposed(first)) or advice(first) or first.symptom
    return f"Change first: {_sentence(steps)}"


def no_finding(card: Scorecard, diagnosis: Diagnosis | None) -> Answer:
    """What it means that no rule fired: all is well, or too little is known, or a figure is poor without a cause."""
    judged = [measure for measure in card.measures if measure.verdict != "shown"]
    identity = likeness(card)
    if card.poor:
        return Answer("warn", no_cause(card))
    if identity is None or identity.verdict == "shown":
        undecided = len(diagnosis.cannot_tell) if diagnosis else 0
        words = f" That does not mean that all is well: {undecided} rules could not be decided." if undecided else ""
        return Answer("note", f"No figure speaks for a change.{words} Look at the clips yourself.")
    alone = sum(wish_of(card, clip).met_by(clip) is False for clip in card.clips if clip.model == "lora")
    words = f"All {len(judged)} figures that have a line are on its right side. Look at the clips too."
    if alone:
        one = "one clip by itself is" if alone == 1 else f"{alone} clips by themselves are"
        words += f" Below, {one} not as wanted; a line is for the mean of the clips, so that is no finding yet."
    return Answer("ready", words)


def proposed(finding: Finding) -> list[tuple[str, str]]:
    """What a finding asks for, in order, and who does it."""
    return [
        (arrows(action.words), "Sidekick can do this" if action.by_sidekick else "this is yours to bring")
        for action in finding.actions
    ]


def advice(finding: Finding) -> str:
    """The rule's own sentence; empty for a rule that is no longer there."""
    return next((rule.advice for rule in RULES if rule.id == finding.id), "")


def arrows(words: str) -> str:
    """Arrows as a page has them."""
    return words.replace("->", "→")


def _sentence(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{words}."


def facts(card: Scorecard) -> list[tuple[str, str, str]]:
    """(name, value, kind) of what this page is about; the kind 'code' is shown in a typewriter's letters."""
    sweep = card.sweep
    rows = [
        ("Trigger word", card.trigger, "code"),
        ("To use it", _use(card), ""),
        ("Chosen", f"step {sweep.best_step} at strength {sweep.best_strength:g}" if sweep else "", ""),
        ("What was taught", f"{a(card.noun)}, with the {card.recipe.value} recipe", ""),
        ("Base model", BASES[card.base].title, ""),
        ("Scored", when(card.created) + (f", in {_duration(card.seconds)}" if card.seconds else ""), ""),
        ("Test clips", _clip_words(card), ""),
        ("Run", card.run_id, "code"),
        ("LoRA file", card.lora_file, "code"),
        ("SHA-256 of the LoRA file", card.lora_sha256 or "could not be taken", "code"),
    ]
    return [row for row in rows if row[1]]


def _use(card: Scorecard) -> str:
    if card.lora_problems:
        return ""
    strength = card.sweep.best_strength if card.sweep else 1.0
    return f"load the LoRA file at strength {strength:g}, and write “{card.trigger}, {a(card.noun)}” in the prompt"


def _clip_words(card: Scorecard) -> str:
    if not card.clips:
        return "none were made"
    frames = "1 frame" if card.frames == 1 else f"{card.frames} frames at {card.fps:g} a second"
    return (
        f"{len(card.clips)}, each {card.width} × {card.height} pixels, {frames}, {card.sampling_steps} sampling steps, "
        f"guidance {card.guidance:g}"
    )


def when(created: str) -> str:
    """'21 November 2026, 14:30 UTC'; what is no time is shown as it is."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return created
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M}" + (" UTC" if moment.tzinfo else "")


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"


def measure_threshold(measure: Measure) -> str:
    """'at least 0.64', or that there is no line."""
    if measure.threshold is None:
        return "no line"
    return f"{measure.threshold.direction} {figure(measure.threshold.value)}"


def bounded(measure: Measure) -> bool:
    """Whether 1 is the most that this figure can be, as of cosines and shares."""
    return any(word in measure.unit for word in ("cosine", "share", "correlation"))
