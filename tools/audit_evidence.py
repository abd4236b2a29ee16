"""What the audit's rules look at: the files compared with each other, and which of them are better left out."""

from dataclasses import dataclass

from trainer_core.dataset.manifest import Item, Manifest
from trainer_core.recipes import Recipe

from .measurements import Measurement
from .vision.colours import background_groups
from .vision.duplicates import near_duplicates

SHARP_ENOUGH = 40.0  # variance of the Laplacian
FAR_TOO_SMALL = 0.5  # of the recipe's short edge: better left out
SHORTEST_CLIP = 1.0  # seconds; a shorter clip gives no training window on any base
STILL = 0.9  # share of frame pairs without movement


@dataclass(frozen=True)
class Evidence:
    """What the rules look at. `items` are the files that are in the set; `copies` maps an id to the first one's."""

    recipe: Recipe
    manifest: Manifest
    items: tuple[Item, ...]
    measured: dict[str, Measurement]
    copies: dict[str, str]
    places: dict[str, int]  # background group by id

    def named(self, item_id: str) -> str:
        """The display name of an item."""
        return self.manifest.item(item_id).name


def gather(manifest: Manifest, recipe: Recipe, measured: dict[str, Measurement]) -> Evidence:
    """Compare the files with each other."""
    items = tuple(item for item in manifest.usable if item.id in measured)
    found = near_duplicates([measured[item.id].fingerprint for item in items])
    copies = {
        items[index].id: items[first].id
        for index, first in found.items()
        if items[index].info.kind == items[first].info.kind
    }
    groups = background_groups([measured[item.id].edges for item in items])
    places = dict(zip((item.id for item in items), groups, strict=True))
    return Evidence(recipe, manifest, items, measured, copies, places)


def leave_out_reasons(evidence: Evidence) -> dict[str, list[str]]:
    """Why files are better left out of training, by id; files without a reason are missing."""
    reasons: dict[str, list[str]] = {}
    recipe = evidence.recipe
    for item in evidence.items:
        figures = evidence.measured[item.id]
        found: list[str] = []
        short_edge = min(item.info.width, item.info.height)
        if short_edge < FAR_TOO_SMALL * recipe.short_edge:
            found.append(f"only {item.info.width}x{item.info.height} pixels")
        if item.info.kind == "image" and figures.sharpness < SHARP_ENOUGH and short_edge >= 256:
            found.append(f"blurred (sharpness {figures.sharpness:.0f}, at least {SHARP_ENOUGH:.0f} is sharp)")
        if item.id in evidence.copies:
            found.append(f"nearly the same as {evidence.named(evidence.copies[item.id])}")
        if item.info.kind == "image" and recipe.images is None:
            found.append(f"a still cannot teach {recipe.teaches}")
        if item.info.kind == "clip" and item.info.seconds < SHORTEST_CLIP:
            found.append(f"only {item.info.seconds:.1f} s long")
        if figures.shots and figures.shots.cuts:
            found.append("has a cut at " + ", ".join(f"{cut:.1f} s" for cut in figures.shots.cuts[:5]))
        soft = [each for each in figures.shots.transitions if each.kind != "cut"] if figures.shots else []
        if soft:
            found.append("has " + ", ".join(f"a {each.kind} at {each.start:.1f} s" for each in soft[:5]))
        if figures.shots and figures.shots.still_share >= STILL and recipe.images is None:
            found.append("nothing moves in it")
        if found:
            reasons[item.id] = found
    return reasons
