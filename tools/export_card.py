"""The model card of a LoRA: what it is, how it was made, what was measured, and under which terms. Markdown."""

import json
import re

from trainer_core.base_models.ltx23 import licence
from trainer_core.base_models.ltx23.identity import HUB_REPOSITORY
from trainer_core.generation.provenance import program
from trainer_core.plan import BaseModelName, ReferenceKind

from .captioning.templates import a
from .evaluation.scorecard import Measure, Scorecard
from .export_facts import LoraStory
from .state import honesty
from .text import plural, quoted

_MARKUP = re.compile(r"([\\\[\]!*_#|~{}])")


def plain(text: str, limit: int = 120) -> str:
    """Foreign words as one line of Markdown that says nothing but these words."""
    return _MARKUP.sub(r"\\\1", quoted(text, limit))


def card_of(story: LoraStory, file_name: str, sha256: str, left_out: tuple[str, ...] = ()) -> str:
    """The whole card as README.md, with the entries that model hubs read in front."""
    return f"{_front(story)}\n{words_of(story)}\n{_file(story, file_name, sha256, left_out)}"


def words_of(story: LoraStory) -> str:
    """The card without what is only for a file."""
    parts = (_lead(story), _calls(story), _training(story), _scores(story), _terms(story))
    return "\n".join(part for part in parts if part)


def title_of(story: LoraStory) -> str:
    """'chr_x7kq, a cat (character LoRA for LTX-2.3)' in plain text."""
    called = ", ".join(story.known.triggers) or "LoRA without a known trigger word"
    noun = story.known.project.noun
    kind = f"{story.plan.recipe} LoRA" if story.plan else "LoRA"
    return f"{called}{f', {a(quoted(noun, 40))}' if noun and story.plan else ''} ({kind} for {story.base.value})"


def _front(story: LoraStory) -> str:
    entries: dict[str, object] = {"library_name": "diffusers", "pipeline_tag": "text-to-video"}
    tags = ["lora", "sidekick", story.base.value]
    if story.base is BaseModelName.LTX23:
        entries |= {"base_model": HUB_REPOSITORY, "license": "other", "license_name": licence.TITLE}
        entries["license_link"] = licence.ADDRESS
    if story.known.row.trigger:
        entries["instance_prompt"] = story.known.row.trigger
    if story.plan:
        tags.append(story.plan.recipe.value)
    lines = [f"{name}: {json.dumps(value)}" for name, value in (entries | {"tags": tags}).items()]
    return "\n".join(["---", *lines, "---"])


def _lead(story: LoraStory) -> str:
    lines = [f"# {plain(title_of(story), 200)}", ""]
    if said := honesty(story.base):
        lines += [
            f"**This LoRA is for mini, the practice model that comes with Sidekick, not for LTX-2.3.** {said}",
            "",
        ]
    if story.plan:
        from trainer_core.recipes import RECIPES

        lines += [f"It teaches {RECIPES[story.plan.recipe].teaches}.", ""]
    elif story.parents:
        lines += [f"It was merged from {plural(len(story.parents), 'LoRA')} with Sidekick.", ""]
    else:
        lines += ["It was not trained here: it was added from a file, and checked.", ""]
    return "\n".join(lines)


def _calls(story: LoraStory) -> str:
    words = story.known.triggers
    called = " and ".join(f"`{word}`" for word in words)
    size = f"{story.plan.width} x {story.plan.height}" if story.plan else f"{story.rules.width} x {story.rules.height}"
    lines = [
        "## How to call it",
        "",
        f"- Trigger: {called}. Write it in the prompt." if words else "- Trigger: none is known; ask who made it.",
        f"- Strength: begin with {story.strength:g}" + (" (the best of those tried)." if _swept(story) else "."),
        f"- Base model: {story.rules.title}",
        f"- Size: {size}, {story.rules.fps:g} frames a second",
    ]
    if story.reference:
        lines.append(f"- {story.reference}")
    return "\n".join([*lines, ""])


def _swept(story: LoraStory) -> bool:
    return story.scores is not None and story.scores.sweep is not None


def _training(story: LoraStory) -> str:
    lines = ["## How it was made", ""]
    plan = story.plan
    if plan is not None:
        seen = [plural(plan.images, "picture")] if plan.images else []
        seen += [plural(plan.clips, "clip")] if plan.clips else []
        lines += [
            f"- Recipe: {plan.recipe.value}, {plan.preset.value}",
            f"- Files: {' and '.join(seen) or 'none'}; set {plan.dataset[:12]}",
            f"- Steps: {story.steps or plan.steps} of {plan.steps}, batch {plan.batch_size}, seed {plan.seed}",
            f"- Rank {plan.rank}, alpha {plan.alpha:g} (multiplied into the weights: strength 1 is as trained)",
            f"- Learning rate {plan.learning_rate:g}, {plan.width} x {plan.height}, {plural(plan.frames, 'frame')}",
            f"- Layers: {', '.join(plan.targets)}",
        ]
        if plan.reference is not ReferenceKind.NONE:
            lines.append(f"- References: {plan.reference.value.replace('_', ' ')}")
        lines.append(f"- Plan {plan.fingerprint[:12]}, run {story.known.row.run_id}")
    for parent in story.parents:
        called = f", trigger {plain(parent.trigger, 80)}" if parent.trigger else ""
        name = plain(parent.title, 80) or "without a title"
        lines.append(f"- From {name} at {parent.strength:g}{called}, SHA-256 {plain(parent.sha256, 64)}")
    if story.method:
        lines.append(f"- Merged with: {plain(story.method, 40)}")
    if plan is None and not story.parents:
        lines.append("- How it was trained is not known to Sidekick.")
        if story.description:
            lines.append(f"- The file says of itself: “{plain(story.description, 200)}”")
    lines += [f"- {program()}, {story.known.row.created_at:%Y-%m-%d} (UTC)", ""]
    return "\n".join(lines)


def _scores(story: LoraStory) -> str:
    card = story.scores
    if card is None:
        return "## Scores\n\nThis file was not scored, so there are no figures of it.\n"
    made = f"Measured on {len(card.clips)} clips of {card.width} x {card.height}, {plural(card.frames, 'frame')}"
    rows = [_row(measure, card) for measure in card.measures if not measure.id.endswith("_base")]
    return "\n".join(
        [
            "## Scores",
            "",
            f"{made}, {card.created[:10]}. A line is what is wanted, where one is known; the others are shown only.",
            "",
            "| Figure | This LoRA | Before training | Line | What it is |",
            "|---|---|---|---|---|",
            *rows,
            "",
            *([f"{plain(card.sweep.words, 400)}", ""] if card.sweep else []),
        ]
    )


def _row(measure: Measure, card: Scorecard) -> str:
    before = card.value(f"{measure.id}_base")
    line = measure.threshold
    wanted = (
        f"{line.direction} {line.value:.2f}: {measure.verdict} ({plain(line.source, 160)})" if line else "none known"
    )
    value = "not measured" if measure.value is None else f"{measure.value:.3f}"
    was = "" if before is None else f"{before:.3f}"
    what = f"{plain(measure.definition, 300)} ({plain(measure.unit, 60)})"
    return f"| {plain(measure.title, 80)} | {value} | {was} | {wanted} | {what} |"


def _terms(story: LoraStory) -> str:
    lines = ["## Licence and use", ""]
    if story.base is BaseModelName.LTX23:
        lines += [
            f"- LTX-2.3 is under the {licence.TITLE}: {licence.ADDRESS}",
            *(f"- {each}" for each in licence.POINTS),
        ]
    else:
        lines.append("- mini's weights are under Apache-2.0, as Sidekick is.")
    lines.append(
        "- The rights in what the training files show are not given by this file. Whoever passes it on needs them."
    )
    if story.of_a_person:
        stands = "was" if story.consents else "was NOT"
        lines.append(
            f"- It shows a real person. In Sidekick it {stands} recorded that the person agreed to the training."
        )
    if not story.plan and not story.parents:
        lines.append("- Its maker may have set terms of their own. Sidekick does not know them.")
    lines += ["- Clips made with it are made by a machine. Say so where you show them.", ""]
    return "\n".join(lines)


def _file(story: LoraStory, name: str, sha256: str, left_out: tuple[str, ...]) -> str:
    lines = ["## The file", "", f"- `{name}`, SHA-256 {sha256}"]
    if story.rank:
        lines.append(f"- Rank {story.rank}, safetensors")
    if left_out:
        entries = ", ".join(plain(entry, 60) for entry in left_out[:20])
        lines.append(
            f"- Of the header, these entries were left out because they can tell of folders or captions: {entries}. "
            f"The weights are unchanged; before, its SHA-256 was {story.known.row.sha256}."
        )
    return "\n".join([*lines, ""])
