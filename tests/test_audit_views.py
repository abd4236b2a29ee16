"""The audit knows which views, places, shots and expressions a set has, what is missing, and how many to add."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audit_material import known_set, look_at_yaw
from tools.audit.run import Audit, audit_text, judge
from tools.vision.eyes.look import Look
from trainer_core.recipes import RECIPES, RecipeName

CHARACTER, FACE = RECIPES[RecipeName.CHARACTER], RECIPES[RecipeName.FACE]
SHOTS = ("close", "portrait", "medium", "full")
YAWS = {"front": (0,), "three_quarter": (-45, 45), "profile": (-90, 90), "back": (180,)}


@cache
def material(count: int) -> tuple:  # type: ignore[type-arg]
    """Measuring is slow, and only what the eyes saw differs between these tests."""
    return known_set(Path(mkdtemp()), [look_at_yaw(0)] * count)


def audit_of(looks: list[Look], recipe=CHARACTER) -> Audit:  # type: ignore[no-untyped-def]
    manifest, measured = material(64)
    manifest = manifest.model_copy(update={"items": manifest.items[: len(looks)]})
    changed = {
        item.id: measured[item.id].model_copy(
            update={"looks": (measured[item.id].looks[0].model_copy(update={"look": look}),)}
        )
        for item, look in zip(manifest.items, looks, strict=True)
    }
    return judge(manifest, recipe, changed)


def at(*yaws: float | None) -> list[Look]:
    return [look_at_yaw(yaw, place=index % 5, shot=SHOTS[index % 4]) for index, yaw in enumerate(yaws)]


def test_fronts_alone_lack_all_other_sides_and_the_numbers_are_told() -> None:
    audit = audit_of(at(*[0.0] * 24))
    assert audit.verdict == "warn"
    assert audit.set.views == {"front": 24, "three_quarter": 0, "profile": 0, "back": 0, "unknown": 0}
    assert {entry.view: entry.how_many for entry in audit.set.missing} == {"three_quarter": 4, "profile": 3, "back": 2}
    assert {entry.confidence for entry in audit.set.missing} == {"measured"}
    words = audit_text(audit)
    assert "The subject is never seen from behind. Add 2 pictures seen from behind." in words
    assert "What to add: 4 pictures seen in three-quarter view, 2 facing left, 2 facing right; 3 pictures" in words
    finding = next(each for each in audit.findings if each.id == "missing_view_back")
    assert (finding.level, finding.value, finding.threshold) == ("warn", 0, 2)
    assert "practice, not measured" in finding.source


def test_a_balanced_set_is_ready() -> None:
    audit = audit_of(at(*[15.0 * step - 180 for step in range(24)]))
    assert audit.verdict == "ready"
    assert audit.set.missing == ()
    assert audit.set.views == {"front": 3, "three_quarter": 6, "profile": 6, "back": 9, "unknown": 0}


def test_a_face_needs_no_back() -> None:
    audit = audit_of(at(*[0.0] * 8, *[-45.0, 45.0] * 4, *[-90.0, 90.0] * 4), FACE)
    assert (audit.verdict, audit.set.missing) == ("ready", ())


def test_one_side_only_asks_for_the_other() -> None:
    audit = audit_of(at(*[0.0] * 8, *[45.0] * 6, *[90.0] * 6, *[180.0] * 4))
    wanted = {entry.view: (entry.how_many, entry.left, entry.right) for entry in audit.set.missing}
    assert wanted == {"three_quarter": (1, 1, 0), "profile": (1, 1, 0)}
    assert audit.verdict == "ready"  # it is there, from one side: worth a note, no warning


def test_unknown_views_make_the_advice_less_sure_and_then_silent() -> None:
    some = audit_of(at(*[0.0] * 20, *[None] * 4))
    assert {entry.confidence for entry in some.set.missing} == {"likely"}
    assert "could not be told may already show it" in audit_text(some)
    most = audit_of(at(*[0.0] * 8, *[None] * 16))
    assert most.set.missing == ()
    assert not any(finding.id.startswith("missing_view") for finding in most.findings)
    assert "could not be told in 16 of 24 files" in audit_text(most)
    assert "nothing is said about missing sides" in audit_text(most)


@settings(max_examples=60, deadline=None)
@given(counts=st.tuples(*[st.integers(0, 8)] * 6))
def test_adding_what_is_missing_makes_the_views_complete(counts: tuple[int, ...]) -> None:
    sides = [(0.0, "front"), (-45.0, ""), (45.0, ""), (-90.0, ""), (90.0, ""), (180.0, "")]
    looks = at(*[yaw for (yaw, _), count in zip(sides, counts, strict=True) for _ in range(count)])
    missing = [entry for entry in audit_of(looks).set.missing if entry.view]
    for entry in missing:
        left, right = YAWS[str(entry.view)][0], YAWS[str(entry.view)][-1]
        either = entry.how_many - entry.left - entry.right
        assert either >= 0
        looks += at(*[left] * entry.left, *[right] * entry.right, *[right] * either)
    assert not [entry for entry in audit_of(looks).set.missing if entry.view]


def test_a_clip_that_turns_counts_for_each_side_that_it_shows(tmp_path: Path) -> None:
    turn = [look_at_yaw(yaw) for yaw in (0, 45, 90, 180)]
    manifest, measured = known_set(tmp_path, [turn] * 3)
    audit = judge(manifest, CHARACTER, measured)
    assert {each.name: each.have for each in audit.set.coverage} == {
        "front": 3,
        "three_quarter": 3,
        "profile": 3,
        "back": 3,
    }
    assert [moment.view.class_ for moment in audit.items[0].moments] == ["front", "three_quarter", "profile", "back"]


def test_one_place_is_named_with_how_many_to_add() -> None:
    audit = audit_of([look_at_yaw(0, place=0)] * 18 + [look_at_yaw(0, place=1)] * 2)
    finding = next(each for each in audit.findings if each.id == "one_background")
    assert len(finding.files) == 18
    assert audit.set.backgrounds is not None
    assert [len(group.files) for group in audit.set.backgrounds.groups] == [18, 2]
    more = next(entry.how_many for entry in audit.set.missing if "background" in entry.what)
    assert 18 / (20 + more) <= 0.7 < 18 / (20 + more - 1)


def test_several_people_one_shot_size_and_one_expression_are_told() -> None:
    still = tuple(0.1 * index for index in range(10))
    audit = audit_of([look_at_yaw(0, place=index % 4, people=3, shot="close", expression=still) for index in range(20)])
    found = {finding.id: finding for finding in audit.findings}
    assert found["several_people"].level == "warn"
    assert (found["one_shot_size"].value, found["one_expression"].value) == (1.0, 0.0)
    assert audit.items[0].people == 3
    more = {entry.what: entry.how_many for entry in audit.set.missing if entry.view is None}
    assert (more["files with another expression"], more["files with another shot size"]) == (4, 4)


def test_of_too_many_files_the_commonest_go_first() -> None:
    audit = audit_of([look_at_yaw(0, place=0)] * 40 + at(*[90.0] * 6, *[-45.0] * 6, *[180.0] * 3))
    fronts = {item.id for item in audit.items if item.view.class_ == "front"}
    assert len(audit.set.drop_first) == 5
    assert {drop.id for drop in audit.set.drop_first} <= fronts
    assert "one of 40 files seen from the front before a like background" in audit.set.drop_first[0].why


@pytest.mark.parametrize("recipe", [RECIPES[RecipeName.STYLE], RECIPES[RecipeName.MOTION]])
def test_recipes_without_a_subject_ask_for_no_sides(recipe) -> None:  # type: ignore[no-untyped-def]
    audit = audit_of(at(*[0.0] * 24), recipe)
    assert not any(finding.id.startswith("missing_view") or "people" in finding.id for finding in audit.findings)
    assert not any(entry.view for entry in audit.set.missing)
