"""What a set has of what its recipe needs: views, shots, expressions, light; what to add and what to drop."""

from collections import Counter

from trainer_core.dataset.manifest import Item
from trainer_core.recipes import ViewNeed

from ..vision.eyes import expression, light
from ..vision.eyes.look import Look
from .evidence import Evidence, leave_out_reasons
from .model import Coverage, Drop, Missing, Spread
from .views import shot_of_file, views_shown

ONE_PLACE = 0.7  # share of files with like backgrounds
ONE_SHOT = 0.85  # share of files with one shot size
ENOUGH_TO_TELL = 5  # files from which shares of a set mean something
MOSTLY_UNKNOWN = 0.5  # share of files without a view from which nothing is said about missing ones
VIEW_WORDS = {
    "front": "seen from the front",
    "three_quarter": "seen in three-quarter view",
    "profile": "seen from the side (profile)",
    "back": "seen from behind",
}
_NAMES = {"file": ("picture or clip", "pictures or clips"), "image": ("picture", "pictures"), "clip": ("clip", "clips")}


def good_items(evidence: Evidence) -> list[Item]:
    """The files in the set that nothing speaks against."""
    left_out = leave_out_reasons(evidence)
    return [item for item in evidence.items if item.id not in left_out]


def view_counts(evidence: Evidence) -> dict[str, int]:
    """Files by view, unknown ones included; each file counts once."""
    counts: Counter[str] = Counter(evidence.views[item.id].class_ for item in evidence.items)
    return {name: counts.get(name, 0) for name in (*VIEW_WORDS, "unknown")}


def shot_counts(evidence: Evidence) -> dict[str, int]:
    """Files by shot size, unknown ones included."""
    counts: Counter[str] = Counter(shot_of_file(evidence.measured[item.id]) or "unknown" for item in evidence.items)
    return {name: counts.get(name, 0) for name in ("close", "portrait", "medium", "full", "unknown")}


def coverage(evidence: Evidence) -> list[Coverage]:
    """How many good files show each view that the recipe needs; a clip that turns counts for each that it shows."""
    shown = [views_shown(evidence.measured[item.id], evidence.views[item.id]) for item in good_items(evidence)]
    found = []
    for need in evidence.recipe.views:
        having = [{side for view, side in views if view == need.view} for views in shown]
        having = [sides for sides in having if sides]
        found.append(
            Coverage(
                aspect="view",
                name=need.view,
                have=len(having),
                want=need.at_least,
                left=sum("left" in sides for sides in having),
                right=sum("right" in sides for sides in having),
            )
        )
    return found


def unknown_views(evidence: Evidence) -> int:
    """Good files of which no view is known."""
    return sum(evidence.views[item.id].class_ == "unknown" for item in good_items(evidence))


def missing_views(evidence: Evidence) -> dict[str, Missing]:
    """What to add, by view. Empty when the view of most files is unknown: nothing can be said then."""
    good = good_items(evidence)
    unknown = unknown_views(evidence)
    if not good or unknown > MOSTLY_UNKNOWN * len(good):
        return {}
    needs = {need.view: need for need in evidence.recipe.views}
    found: dict[str, Missing] = {}
    for each in coverage(evidence):
        lacking = _lacking(each, needs[each.name])  # type: ignore[index]
        if any(lacking):
            found[each.name] = Missing(
                what=_wanted(each, lacking, _noun(evidence)),
                how_many=sum(lacking),
                confidence="measured" if unknown == 0 else "likely",
                view=each.name,
                left=lacking[1],
                right=lacking[2],
            )
    return found


def _lacking(each: Coverage, need: ViewNeed) -> tuple[int, int, int]:
    """(either side, left, right): how many to add so that there are enough, and some of each side."""
    short = max(0, each.want - each.have)
    if not need.both_sides:
        return short, 0, 0
    half = each.want // 2
    left, right = max(0, half - each.left), max(0, half - each.right)
    if short == 0:  # enough of them: only a side that was never seen is missing
        return 0, int(each.left == 0), int(each.right == 0)
    while left + right > short:
        left, right = (left - 1, right) if left >= right else (left, right - 1)
    return short - left - right, left, right


def _wanted(each: Coverage, lacking: tuple[int, int, int], noun: tuple[str, str]) -> str:
    either, left, right = lacking
    sides = [f"{count} facing {side}" for count, side in ((left, "left"), (right, "right")) if count]
    if either and sides:
        sides.append(f"{either} either way")
    words = f"{noun[0] if sum(lacking) == 1 else noun[1]} {VIEW_WORDS[each.name]}"
    return f"{words}, {', '.join(sides)}" if sides else words


def _noun(evidence: Evidence) -> tuple[str, str]:
    kinds = {item.info.kind for item in evidence.items}
    return _NAMES[kinds.pop()] if len(kinds) == 1 else _NAMES["file"]


def looks(evidence: Evidence) -> dict[str, Look]:
    """What was seen in each file of the set, at a clip's middle moment."""
    return {item.id: look for item in evidence.items if (look := evidence.measured[item.id].middle)}


def expressions(evidence: Evidence) -> Spread | None:
    """How much the faces that look towards the camera differ; None where fewer than three can be compared."""
    vectors = [look.expression for look in looks(evidence).values() if look.expression]
    value = expression.variety(vectors)
    if value is None:
        return None
    return Spread(value=round(value, 4), limit=expression.ONE_EXPRESSION, files=len(vectors), unit=expression.UNIT)


def light_spreads(evidence: Evidence) -> dict[str, Spread]:
    """How much the light on the faces differs: `direction`, `level` and `warmth`. Empty where it cannot be compared."""
    found = light.spread([look.light for look in looks(evidence).values() if look.light])
    if found is None:
        return {}
    limits = {"direction": light.SAME_DIRECTION, "level": light.SAME_LEVEL, "warmth": light.SAME_WARMTH}
    return {
        name: Spread(
            value=getattr(found, name), limit=limit, files=found.pictures, unit="Lab units, standard deviation"
        )
        for name, limit in limits.items()
    }


def drop_first(evidence: Evidence, count: int = 12) -> list[Drop]:
    """Files that the set can do without: flawed ones, then, of a set that is too large, those most like the rest."""
    reasons = leave_out_reasons(evidence)
    flawed = sorted((item for item in evidence.items if item.id in reasons), key=lambda item: -len(reasons[item.id]))
    drops = [Drop(file=item.name, id=item.id, why="; ".join(reasons[item.id])) for item in flawed]
    _, many = evidence.recipe.images or evidence.recipe.clips
    good = good_items(evidence)
    for _ in range(min(len(good) - many, count - len(drops))):
        item, why = _most_common(evidence, good)
        good.remove(item)
        drops.append(Drop(file=item.name, id=item.id, why=why))
    return drops[:count]


def _most_common(evidence: Evidence, items: list[Item]) -> tuple[Item, str]:
    """The least sharp file of the largest group that shares view and background."""
    kinds = {item.id: (evidence.views[item.id].class_, evidence.places.get(item.id)) for item in items}
    usual, number = Counter(kinds.values()).most_common(1)[0]
    alike = [item for item in items if kinds[item.id] == usual]
    item = min(alike, key=lambda each: evidence.measured[each.id].clear)
    seen = f" {VIEW_WORDS[usual[0]]}" if usual[0] in VIEW_WORDS else ""
    return item, f"one of {number} files{seen} before a like background; the least sharp of them"
