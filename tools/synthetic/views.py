"""Which views a set lacks, how a base model is asked for them, and whether a candidate shows what was wanted."""

from typing import Literal, cast, get_args

from trainer_core.base_models.mini.world.captions import SHOT_WORDS
from trainer_core.base_models.mini.world.palette import PLACES
from trainer_core.plan import BASES, BaseModelName

from ..audit.model import View
from ..audit.run import Audit
from ..evaluation.prompts import view_words
from ..text import plural

Wanted = Literal["front", "three_quarter_left", "three_quarter_right", "profile_left", "profile_right", "back"]
WANTED: tuple[Wanted, ...] = get_args(Wanted)
TITLES: dict[Wanted, str] = {
    "front": "from the front",
    "three_quarter_left": "turned a little to the left",
    "three_quarter_right": "turned a little to the right",
    "profile_left": "from the side, facing left",
    "profile_right": "from the side, facing right",
    "back": "from behind",
}
FEW = 4  # candidates for each view unless told otherwise: enough to choose from, quick to look through


def view_and_side(wanted: Wanted) -> tuple[str, str | None]:
    """The audit's class and side of a wanted view: ("profile", "left")."""
    for side in ("left", "right"):
        if wanted.endswith(f"_{side}"):
            return wanted.removesuffix(f"_{side}"), side
    return wanted, None


def lacking(audit: Audit) -> dict[Wanted, int]:
    """How many files of which views the audit asks for; what may face either way goes to the side with less to add.

    Empty where the audit names none, also because it cannot tell the view of most files.
    """
    found: dict[Wanted, int] = {}
    for entry in audit.set.missing:
        either = entry.how_many - entry.left - entry.right
        if entry.view in WANTED:
            found[cast(Wanted, entry.view)] = entry.how_many
        elif entry.view is not None:
            to_left = entry.left <= entry.right
            sides = {"left": entry.left + either * to_left, "right": entry.right + either * (not to_left)}
            found |= {cast(Wanted, f"{entry.view}_{side}"): number for side, number in sides.items() if number}
    return found


def offer(audit: Audit, base: BaseModelName) -> str | None:
    """One sentence that offers candidates for the views that the set lacks; None when it lacks none.

    For characters only: what a base model draws for the face of a real person is somebody else.
    """
    missing = lacking(audit)
    if not missing or audit.recipe.name != "character":
        return None
    told = _told(audit, missing)
    if base is BaseModelName.MINI:
        count = min(FEW, max(missing.values()))
        each = plural(count, "candidate") + (" of each" if len(missing) > 1 else "")
        size = f"{BASES[base].width}x{BASES[base].height} pixels"
        return (
            f"{told} I can make {each} with mini ({size}), kept apart until you say yes: say “make the missing views "
            "of …” and what your character looks like."
        )
    return (
        f"{told} If such pictures can't be had, generate some with LTX-2.3 elsewhere and hand them over with the words "
        "“these are generated”: I keep them apart until you say yes."
    )


def prompt_for(base: BaseModelName, wanted: Wanted, description: str, number: int) -> str:
    """The prompt of one candidate: the person's words for the looks, another place for each number, the view's words.

    mini knows no words for the side: left and right come out by chance.
    """
    view, side = view_and_side(wanted)
    words = view_words(base)[view]
    if base is BaseModelName.MINI:
        place = list(PLACES.values())[number % len(PLACES)]
        return ", ".join([description, "standing", place.phrase, words, SHOT_WORDS["full"], "soft light"])
    facing = f", facing {side}" if side else ""
    return f"{description}, standing in a plain setting, {words}{facing}, even lighting"


def mismatch(wanted: str, seen: View) -> str | None:
    """What is seen in place of the wanted view, in words; None when it fits or when nothing can tell."""
    if wanted not in WANTED or seen.class_ == "unknown":
        return None
    view, side = view_and_side(cast(Wanted, wanted))
    if seen.class_ != view:
        return f"was meant {TITLES[cast(Wanted, wanted)]} but shows the {_named(seen)}"
    if side and seen.side and seen.side != side:
        return f"was meant to face {side} but faces {seen.side}"
    return None


def _named(seen: View) -> str:
    name = {"three_quarter": "three-quarter view", "front": "front", "back": "back", "profile": "profile"}
    return name.get(seen.class_, seen.class_)


def _told(audit: Audit, missing: dict[Wanted, int]) -> str:
    have: dict[str, int] = {entry.name: entry.have for entry in audit.set.coverage if entry.aspect == "view"}
    none = [_title(wanted) for wanted in missing if not have[view_and_side(wanted)[0]]]
    few = [_title(wanted) for wanted in missing if have[view_and_side(wanted)[0]]]
    parts = [f"No picture {_listed(none, 'or')}."] if none else []
    parts += [f"Too few pictures {_listed(few, 'and')}."] if few else []
    unknown = audit.set.views.get("unknown", 0)
    parts += [f"(Of {plural(unknown, 'file')} I can't tell the view.)"] if unknown else []
    return " ".join(parts)


def _title(wanted: Wanted) -> str:
    """Without the side: a set lacks profiles, whichever way they face."""
    return {"three_quarter": "turned a little", "profile": "from the side"}.get(
        view_and_side(wanted)[0], TITLES[wanted]
    )


def _listed(parts: list[str], word: str) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {word} {parts[-1]}"
