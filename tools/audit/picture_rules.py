"""The audit's rules about how pictures were made: enlarged, saved coarsely, clipped at black or white."""

from collections.abc import Callable

from trainer_core.dataset.manifest import Item

from ..measurements import SHARP
from ..vision.encoding import HEAVY_BLOCKS, LITTLE_DETAIL
from .evidence import Evidence
from .findings import PRACTICE, files, finding
from .model import Finding

MUCH_CLIPPED = 0.35  # share of the middle that is pure black or pure white
DISTORTED = "measured on drawn pictures and rendered photographs, enlarged and compressed by known amounts, 2026-11-21"


def _enlarged(evidence: Evidence) -> list[Finding]:
    wanted = evidence.recipe.short_edge
    hit = []
    for item in _images(evidence):
        figures = evidence.measured[item.id]
        if figures.detail is None or figures.detail >= LITTLE_DETAIL or figures.clear < SHARP:
            continue
        edge = round(min(item.info.width, item.info.height) * figures.detail)
        if edge < wanted:
            hit.append((item, figures.detail, edge))
    if not hit:
        return []
    item, detail, edge = min(hit, key=lambda each: each[1])
    text = (
        f"{files([each for each, _, _ in hit], 'shows', 'show')} less detail than the size promises, as enlarged "
        f"pictures do: {item.name} has {item.info.width}x{item.info.height} pixels and the detail of about {edge} on "
        f"the short side, where {wanted} are wanted. Use the original if there is a larger one."
    )
    items = [each for each, _, _ in hit]
    return [finding("enlarged", "warn", text, items, "share of the resolution used", detail, LITTLE_DETAIL, DISTORTED)]


def _coarse(evidence: Evidence) -> list[Finding]:
    hit = [item for item in _images(evidence) if (evidence.measured[item.id].blocks or 0) > HEAVY_BLOCKS]
    if not hit:
        return []
    worst = max(evidence.measured[item.id].blocks or 0 for item in hit)
    text = (
        f"{files(hit, 'was', 'were')} compressed so much that its blocks show (up to {worst:.1f} times the usual step "
        f"on JPEG's grid; {HEAVY_BLOCKS:g} is the limit). The blocks would be learned."
    )
    return [finding("coarse_jpeg", "warn", text, hit, "step on the 8-pixel grid", worst, HEAVY_BLOCKS, DISTORTED)]


def _clipped(evidence: Evidence) -> list[Finding]:
    found = []
    for finding_id, field, colour in (
        ("clipped_shadows", "shadows", "black"),
        ("clipped_highlights", "highlights", "white"),
    ):
        shares = {item.id: float(getattr(evidence.measured[item.id], field)) for item in _images(evidence)}
        hit = [item for item in _images(evidence) if shares[item.id] > MUCH_CLIPPED]
        if hit:
            worst = max(shares[item.id] for item in hit)
            text = (
                f"In {files(hit, '', '').strip()} the middle is pure {colour} to a large part (up to {worst:.0%}), "
                "where nothing can be learned."
            )
            found.append(finding(finding_id, "note", text, hit, "share of the middle", worst, MUCH_CLIPPED, PRACTICE))
    return found


def _images(evidence: Evidence) -> list[Item]:
    return [item for item in evidence.items if item.info.kind == "image"]


PICTURE_RULES: tuple[Callable[[Evidence], list[Finding]], ...] = (_enlarged, _coarse, _clipped)
