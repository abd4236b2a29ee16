"""Captions: the trigger and class noun stand for who it is, the rest says what varies, measured or seen by a model."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trainer_core.dataset.manifest import CaptionSource, Item, load, set_captions
from trainer_core.recipes import Recipe

from ..measurements import Measurement
from ..measuring import measure_dataset
from ..second_eye.model import VisionModel
from ..second_eye.opinions import Opinion, load_opinions
from .by_model import FROM_MEASURES, Stop, Taught, describe
from .checks import SpotCheck, spot_check
from .facts import facts, opinion_words
from .notes import Note, load_notes, save_notes
from .templates import TEMPLATES, subject_words
from .words import has_word

__all__ = ["SpotCheck", "Written", "caption_item", "spot_check", "subject_words", "with_trigger", "write_captions"]


@dataclass(frozen=True)
class Written:
    """What was done: (item id, caption) of all usable files, how many a model described, what it could not and why."""

    captions: tuple[tuple[str, str], ...]
    by_model: int = 0
    fallen_back: tuple[tuple[str, str], ...] = ()  # (file name, why its caption is from measurements alone)


def caption_item(measured: Measurement, trigger: str, noun: str, recipe: Recipe, opinion: Opinion | None = None) -> str:
    """A caption such as 'chr_x7kq, a cat, teal and yellow background, side view facing left, warm light'.

    Nothing is said that was not measured. A style's caption says what is seen 'in the style of' the trigger;
    motion and effect captions name the trigger as what happens. A vision model's `opinion` on the view counts where
    the built-in eyes have none.
    """
    seen = opinion_words(opinion, measured)
    known = facts(measured, TEMPLATES[recipe.name].order)
    return ", ".join([subject_words(trigger, noun, recipe), *known, *([seen] if seen else [])])


def write_captions(
    folder: Path,
    trigger: str,
    noun: str,
    recipe: Recipe,
    *,
    model: VisionModel | None = None,
    say: Callable[[str], None] = lambda _words: None,
    stop: Stop = lambda: False,
) -> Written:
    """Caption every usable item and save, in the manifest's order.

    A person's captions stay as they are, also one that is written while this runs. Captions that came as text files
    beside the pictures are kept; the trigger is put in front where it is missing. Everything else is described by the
    vision model, if there is one, or written from measurements; what a model described before is kept and not asked for
    again. A model that fails never loses a file its caption. Raises Stopped when `stop` says so before all is measured;
    afterwards it ends the asking only.
    """
    measured = measure_dataset(folder, stop=stop)
    taught = Taught(trigger, noun, recipe)
    manifest = load(folder)
    written: dict[str, tuple[str, CaptionSource]] = {}
    ours: list[Item] = []
    opinions = load_opinions(folder)
    for item in manifest.usable:
        if item.caption_source == "person" and item.caption:
            continue
        if item.caption_source == "file" and item.caption:
            written[item.id] = (with_trigger(item.caption, trigger), "file")
        elif item.id in measured:
            written[item.id] = (
                caption_item(measured[item.id], trigger, noun, recipe, opinions.get(item.sha256)),
                "measured",
            )
            ours.append(item)
    notes = _described(folder, ours, measured, taught, model, say, stop)
    written |= {item_id: (note.caption, "model") for item_id, note in notes.items() if note.caption}
    by_person = {item.id for item in load(folder).usable if item.caption_source == "person" and item.caption}
    manifest = set_captions(folder, {item_id: new for item_id, new in written.items() if item_id not in by_person})
    save_notes(folder, notes)
    return Written(
        captions=tuple((item.id, item.caption) for item in manifest.usable),
        by_model=sum(bool(note.caption) for note in notes.values()),
        fallen_back=tuple(
            (manifest.item(item_id).name, note.doubt.removeprefix(FROM_MEASURES))
            for item_id, note in notes.items()
            if not note.caption
        ),
    )


def _described(
    folder: Path,
    items: list[Item],
    measured: dict[str, Measurement],
    taught: Taught,
    model: VisionModel | None,
    say: Callable[[str], None],
    stop: Stop,
) -> dict[str, Note]:
    """A model's captions by item id: those that it gave before, also where there is no model now, and new ones."""
    before = load_notes(folder)
    known = {
        item.id: note
        for item in items
        if (note := before.get(item.id))
        and note.taught == taught.key
        and note.caption
        and note.caption == item.caption
        and (model is None or model.name == note.model)
    }
    if model is None:
        return known
    fresh = [item for item in items if item.id not in known]
    return known | describe(folder, fresh, measured, taught, model, say=say, stop=stop)


def with_trigger(caption: str, trigger: str) -> str:
    """The caption, with the trigger put in front unless it is one of its words already."""
    return caption if has_word(caption, trigger) else f"{trigger}, {caption}"
