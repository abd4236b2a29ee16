"""What the audit's rules look at: the files compared with each other, and which of them are better left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trainer_core.dataset.manifest import Item, Manifest
from trainer_core.recipes import Recipe

from ..measurements import SHARP, Measurement
from ..second_eye.opinions import Opinion, combined, compare
from ..splitting import Piece, proposals
from ..vision.colours import PLAIN, background_groups, effective_number
from ..vision.duplicates import near_duplicates
from ..vision.eyes.background import clusters
from ..vision.shared_frames import shared_frames
from .model import BackgroundGroup, Backgrounds, SecondOpinion, View
from .views import view_of_file

FAR_TOO_SMALL = 0.5  # of the recipe's short edge: better left out
SHORTEST_CLIP = 1.0  # seconds; a shorter clip gives no training window on any base
STILL = 0.9  # share of frame pairs without movement


@dataclass(frozen=True)
class Evidence:
    """What the rules look at. `items` are the files that are in the set; `copies` maps an id to the first one's.

    `views`, `seconds` (second opinions) and `pieces` (into which a clip is better split) are by id, also of files that
    are set aside. `trigger` is None where there is none yet.
    """

    recipe: Recipe
    manifest: Manifest
    items: tuple[Item, ...]
    measured: dict[str, Measurement]
    copies: dict[str, str]
    places: dict[str, int]  # background group by id; files whose background cannot be told are missing
    # a file that shows a moment of an earlier one, and that one's id; `copies` are not in it
    shared: dict[str, str] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    seconds: dict[str, SecondOpinion] = field(default_factory=dict)
    pieces: dict[str, tuple[Piece, ...]] = field(default_factory=dict)
    backgrounds: Backgrounds | None = None
    trigger: str | None = None

    def named(self, item_id: str) -> str:
        """The display name of an item."""
        return self.manifest.item(item_id).name


def gather(
    manifest: Manifest,
    recipe: Recipe,
    measured: dict[str, Measurement],
    *,
    opinions: Mapping[str, Opinion] | None = None,
    trigger: str | None = None,
) -> Evidence:
    """Compare the files with each other. `opinions`: the vision model's, by item id."""
    items = tuple(item for item in manifest.usable if item.id in measured)
    near = near_duplicates([measured[item.id].fingerprint for item in items])
    copies = {
        items[index].id: items[first].id
        for index, first in near.items()
        if items[index].info.kind == items[first].info.kind
    }
    shared = {
        items[index].id: items[found.first].id
        for index, found in shared_frames(
            [measured[item.id].frames or (measured[item.id].fingerprint,) for item in items],
            # pictures count as one origin: they were compared with each other just before
            ["pictures" if item.info.kind == "image" else item.piece_of or item.id for item in items],
        ).items()
        if items[index].id not in copies
    }
    views, seconds = _views(manifest, measured, opinions or {})
    places, backgrounds = _places(items, measured)
    return Evidence(
        recipe=recipe,
        manifest=manifest,
        items=items,
        measured=measured,
        copies=copies,
        shared=shared,
        places=places,
        views=views,
        seconds=seconds,
        pieces=proposals(manifest.items, measured),
        backgrounds=backgrounds,
        trigger=trigger,
    )


def leave_out_reasons(evidence: Evidence) -> dict[str, list[str]]:
    """Why files are better left out of training, by id; files without a reason are missing."""
    reasons: dict[str, list[str]] = {}
    recipe = evidence.recipe
    names = {item.id: item.name for item in evidence.items}
    for item in evidence.items:
        figures = evidence.measured[item.id]
        found: list[str] = []
        short_edge = min(item.info.width, item.info.height)
        if short_edge < FAR_TOO_SMALL * recipe.short_edge:
            found.append(f"only {item.info.width}x{item.info.height} pixels")
        if item.info.kind == "image" and figures.clear < SHARP and short_edge >= 256:
            found.append(f"blurred (sharpness {figures.clear:.0f}, at least {SHARP:.0f} is sharp)")
        if item.id in evidence.copies:
            found.append(f"nearly the same as {names[evidence.copies[item.id]]}")
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


def _views(
    manifest: Manifest, measured: dict[str, Measurement], opinions: Mapping[str, Opinion]
) -> tuple[dict[str, View], dict[str, SecondOpinion]]:
    views: dict[str, View] = {}
    seconds: dict[str, SecondOpinion] = {}
    for item in manifest.items:
        if item.id not in measured:
            continue
        view = view_of_file(measured[item.id])
        if item.id in opinions:
            seconds[item.id] = compare(view, opinions[item.id])
            view = combined(view, opinions[item.id])
        views[item.id] = view
    return views, seconds


def _places(items: tuple[Item, ...], measured: dict[str, Measurement]) -> tuple[dict[str, int], Backgrounds | None]:
    """Groups of like backgrounds, the largest first: outside of the outline, or by the edges without the eyes."""
    seen = {item.id: look.background for item in items if (look := measured[item.id].middle) and look.background}
    if any(measured[item.id].looks for item in items):
        groups = dict(zip(seen, clusters(list(seen.values())).groups, strict=True))
        plain = {item_id: background.plain for item_id, background in seen.items()}
    else:
        edges = {item.id: measured[item.id].edges for item in items}
        groups = dict(zip(edges, background_groups(list(edges.values())), strict=True))
        plain = {item_id: each.spread < PLAIN for item_id, each in edges.items()}
    if not groups:
        return {}, None
    members: dict[int, list[str]] = {}
    for item_id, group in groups.items():
        members.setdefault(group, []).append(item_id)
    ordered = sorted(members.values(), key=len, reverse=True)
    places = {item_id: number for number, ids in enumerate(ordered) for item_id in ids}
    return places, Backgrounds(
        effective=round(effective_number(list(places.values())), 2),
        largest_share=round(len(ordered[0]) / len(places), 3),
        plain_share=round(sum(plain[item_id] for item_id in places) / len(places), 3),
        groups=tuple(
            BackgroundGroup(files=tuple(ids), plain=2 * sum(plain[item_id] for item_id in ids) > len(ids))
            for ids in ordered
        ),
    )
