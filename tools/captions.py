"""Captions from measured facts: the trigger and class noun stand for who it is, the rest says what varies."""

from dataclasses import dataclass
from pathlib import Path

from trainer_core.dataset.manifest import CaptionSource, Item, load, set_captions
from trainer_core.recipes import Recipe, RecipeName

from .measurements import Measurement, measure_dataset
from .vision.colours import background_words
from .vision.drawn import place_and_light

DIM, BRIGHT = 0.16, 0.75  # mean luma of a picture called dark or bright
_MEASURED_WORDS = (" background", " light", "standing still")
STANDING_STILL = 0.9  # share of frame pairs without movement


@dataclass(frozen=True)
class SpotCheck:
    """A caption that a person should read first, and why."""

    item_id: str
    name: str
    caption: str
    why: str


def caption_item(item: Item, measured: Measurement, trigger: str, noun: str, recipe: Recipe) -> str:
    """A caption such as 'chr_x7kq, a cat, teal and yellow background, warm light'.

    Nothing is said that was not measured. A style's caption says what is seen 'in the style of' the trigger;
    motion and effect captions name the trigger as what happens.
    """
    return ", ".join([subject_words(trigger, noun, recipe), *facts(item, measured)])


def subject_words(trigger: str, noun: str, recipe: Recipe) -> str:
    """How every caption of the set begins."""
    if recipe.name is RecipeName.STYLE:
        return f"in {trigger} style" if noun == recipe.noun else f"{_a(noun)} in {trigger} style"
    if noun == recipe.noun and recipe.name in (RecipeName.MOTION, RecipeName.EFFECT):
        return f"{trigger} {noun}"
    return f"{trigger}, {_a(noun)}"


def facts(item: Item, measured: Measurement) -> list[str]:
    """The measured phrases about a file: movement, background, light. Empty where nothing is sure."""
    words = []
    if measured.shots is not None and measured.shots.still_share >= STANDING_STILL:
        words.append("standing still")
    drawn = place_and_light(measured.edges)
    if drawn is not None:
        look, light = drawn
        return [*words, f"{look} background", *([light] if light else [])]
    background = background_words(measured.edges)
    if background:
        words.append(f"{background} background")
    if measured.brightness < DIM:
        words.append("dim light")
    elif measured.brightness > BRIGHT:
        words.append("bright light")
    return words


def write_captions(folder: Path, trigger: str, noun: str, recipe: Recipe) -> list[tuple[str, str]]:
    """Caption every usable item and save; (item id, caption) in the manifest's order.

    A person's captions stay as they are. Captions that came as text files beside the pictures are kept; the trigger is
    put in front where it is missing. Everything else is written from measurements.
    """
    measured = measure_dataset(folder)
    manifest = load(folder)
    written: dict[str, tuple[str, CaptionSource]] = {}
    for item in manifest.usable:
        if item.caption_source == "person" and item.caption:
            continue
        if item.caption_source == "file" and item.caption:
            written[item.id] = (with_trigger(item.caption, trigger), "file")
        elif item.id in measured:
            written[item.id] = (caption_item(item, measured[item.id], trigger, noun, recipe), "measured")
    manifest = set_captions(folder, written)
    return [(item.id, item.caption) for item in manifest.usable]


def with_trigger(caption: str, trigger: str) -> str:
    """The caption, with the trigger put in front unless it is one of its words already."""
    words = caption.replace(",", " ").replace(".", " ").replace(";", " ").split()
    return caption if trigger in words else f"{trigger}, {caption}"


def spot_check(folder: Path, trigger: str, count: int = 5) -> list[SpotCheck]:
    """Up to `count` captions to read first: without trigger, saying little, or the same for many files."""
    items = load(folder).usable
    same: dict[str, int] = {}
    for item in items:
        same[item.caption] = same.get(item.caption, 0) + 1
    doubts: list[tuple[int, SpotCheck]] = []
    for item in items:
        if item.caption_source == "person" and trigger in item.caption:
            continue
        if trigger not in item.caption:
            rank, why = 0, "the trigger word is missing"
        elif item.caption_source == "measured" and not any(words in item.caption for words in _MEASURED_WORDS):
            rank, why = 1, "little could be measured: say what is seen"
        elif same[item.caption] > 2:
            rank, why = 2, f"{same[item.caption]} files have this caption: say what differs"
        elif item.caption_source == "file":
            rank, why = 3, "it came with the file: it should not describe what is to be learned"
        else:
            continue
        doubts.append((rank, SpotCheck(item.id, item.name, item.caption, why)))
    return [check for _, check in sorted(doubts, key=lambda doubt: doubt[0])[:count]]


def _a(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"
