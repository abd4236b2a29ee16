"""Each rule fires on its evidence and on nothing else; a sound run gets no finding; what is unknown is said."""

import pytest
from pydantic import ValidationError

from tools.audit.model import Audit, Backgrounds, SetFigures
from tools.evaluation.audited import AuditedSet
from tools.evaluation.diagnosis import diagnose, examine
from tools.evaluation.facts import Fact
from tools.evaluation.rule_parts import LIMITS, LINES
from tools.evaluation.rules import RULES
from tools.evaluation.scorecard import Measure, Scorecard, Threshold, TrainingSet
from trainer_core.plan import BASES, BaseModelName, Preset, TrainingPlan, propose, steps_for
from trainer_core.recipes import RECIPES, RecipeName

FALLING = [(50, 0.30), (100, 0.25), (150, 0.22), (200, 0.20)]
FLAT = [(50, 0.20), (100, 0.16), (150, 0.1502), (200, 0.15)]
RISING = [(50, 0.20), (100, 0.15), (150, 0.158), (200, 0.17)]

SOUND = {
    "identity": 0.90,
    "identity_base": 0.05,
    "lift": 0.85,
    "leak": 0.05,
    "identity_views": 0.88,
    "identity_three-quarter": 0.9,
    "identity_profile": 0.88,
    "identity_back": 0.86,
    "consistency": 0.99,
    "copying": 0.8,
    "variety": 0.9,
    "variety_base": 1.0,
    "still": 0.0,
    "view_shown": 1.0,
    "empty": 0.0,
    "empty_base": 0.0,
    "burned": 0.05,
    "burned_base": 0.04,
    "effect": 0.3,
    "place_followed": 1.0,
    "place_followed_base": 1.0,
}
LINE = {
    "identity": (0.7, "at least"),
    "lift": (0.3, "at least"),
    "leak": (0.3, "at most"),
    "identity_views": (0.7, "at least"),
    "consistency": (0.96, "at least"),
    "empty": (0.0, "at most"),
    "face": (0.363, "at least"),
}


def files(repeats: int = 0, background: float = 0.2, looks: float = 0.0, **views: int) -> AuditedSet:
    views = views or {"front": 8, "three_quarter": 8, "profile": 5, "back": 3}
    return AuditedSet(files=24, repeats=repeats, largest_background=background, views=views, looks_in_captions=looks)


WHOLE_SET = files()


def scorecard(
    problems: tuple[str, ...] = (),
    captions: int = 24,
    lines: bool = True,
    trigger: str = "chr_x7kq",
    seen: AuditedSet | None = WHOLE_SET,
    **values: float | None,
) -> Scorecard:
    measures = [
        Measure(
            id=name,
            title=name,
            value=value,
            unit="",
            definition="",
            evidence=("new-1", "new-2", "seen-1"),
            threshold=Threshold(value=LINE[name][0], direction=LINE[name][1], source="a test's calibration")
            if lines and name in LINE
            else None,
        )
        for name, value in (SOUND | values).items()
    ]
    return Scorecard(
        run_id="run_1",
        base=BaseModelName.MINI,
        recipe=RecipeName.CHARACTER,
        trigger=trigger,
        noun="cat",
        lora_sha256=None,
        lora_problems=problems,
        measures=tuple(measures),
        training_set=TrainingSet(
            pictures=24, agreement=0.9, own_nearest=0.9, burned=0.05, captions=24, captions_with_trigger=captions
        ),
        audited=seen,
        width=64,
        height=64,
        frames=9,
        fps=8,
        sampling_steps=12,
        guidance=3,
        honesty="",
        created="",
    )


@pytest.fixture
def plan() -> TrainingPlan:
    return propose(RECIPES[RecipeName.CHARACTER], BaseModelName.MINI, "chr_x7kq", "0" * 64, images=24, clips=4)


def audit(share: float) -> Audit:
    figures = SetFigures(
        images=24,
        clips=0,
        views={"unknown": 24},
        backgrounds=Backgrounds(effective=2, largest_share=share, plain_share=share),
    )
    return Audit(
        items=(),
        set=figures,
        verdict="warn",
        findings=(),
        skipped_checks=(),
        recipe=RECIPES[RecipeName.CHARACTER],
        dataset="",
    )


def ids(*arguments) -> list[str]:
    return [finding.id for finding in diagnose(*arguments)]


def test_a_sound_run_has_no_finding(plan):
    assert ids(scorecard(), plan, audit(0.2), FLAT) == []


CASES = [
    ("not_finite", scorecard(("NaN",)).model_copy(update={"lora_not_finite": 3}), {}, FLAT),
    ("all_zero", scorecard(("all zero",)).model_copy(update={"lora_all_zero": True}), {}, FLAT),
    ("damaged_file", scorecard(("it ends too early",)), {}, FLAT),
    ("empty_frames", scorecard(empty=0.5), {}, FLAT),
    ("other_face", scorecard(face=0.1), {"recipe": "face"}, FLAT),
    ("captions_without_trigger", scorecard(captions=2, identity=0.2), {}, FLAT),
    ("trigger_is_a_word", scorecard(trigger="person", leak=0.5), {"trigger": "person"}, FLAT),
    ("learning_rate_high", scorecard(identity=0.3), {"learning_rate": 0.09}, RISING),
    ("learning_rate_low", scorecard(identity=0.1), {"learning_rate": 1e-4}, FALLING),
    ("no_effect", scorecard(identity=0.1, effect=0.0004), {}, FLAT),
    ("few_steps", scorecard(identity=0.2), {"steps": 40}, FALLING),
    ("rank_small", scorecard(identity=0.3), {"rank": 1, "alpha": 1.0}, FLAT),
    ("near_duplicates", scorecard(identity_views=0.6, seen=files(repeats=20)), {}, FLAT),
    ("views", scorecard(identity_views=0.4, identity_back=0.1, seen=files(front=24)), {}, FLAT),
    ("stuck_view", scorecard(view_shown=0.0, seen=files(front=24)), {}, FLAT),
    ("overfit", scorecard(), {}, RISING),
    ("copying", scorecard(copying=0.99, variety=0.2), {}, FLAT),
    ("one_background", scorecard(seen=files(background=0.9), place_followed=0.3), {}, FLAT),
    ("looks_in_captions", scorecard(seen=files(looks=0.8), identity=0.4), {"steps": 4000}, FLAT),
    ("underfit", scorecard(identity=0.4), {}, FALLING),
    ("underfit_views", scorecard(identity_views=0.5, identity_back=0.3), {}, FALLING),
    ("leak", scorecard(leak=0.5), {}, FLAT),
    (
        "weak_views",
        scorecard(identity_views=0.4, identity_back=0.1, seen=files(front=12, three_quarter=4, profile=2, back=2)),
        {},
        FLAT,
    ),
    ("drift", scorecard(consistency=0.8), {}, FLAT),
    ("burned", scorecard(burned=0.4), {}, FLAT),
    ("still_video", scorecard(still=0.8), {"clips": 0}, FLAT),
    ("missing_views", scorecard(seen=files(front=24)), {}, FLAT),
    ("background_risk", scorecard(seen=files(background=0.9)), {}, FLAT),
]


@pytest.mark.parametrize(("expected", "card", "changes", "losses"), CASES, ids=[case[0] for case in CASES])
def test_each_case_gets_its_finding_first_and_alone(plan, expected, card, changes, losses):
    found = diagnose(card, plan.changed(**changes), None, losses)
    assert [finding.id for finding in found] == [expected]
    finding = found[0]
    assert finding.evidence
    assert all(entry.source or not entry.limit_shown for entry in finding.evidence)
    assert finding.source in finding.words
    if finding.change:
        plan.changed(**changes).changed(**finding.change)
        assert "->" in finding.words


def test_every_rule_has_a_case():
    assert {case[0] for case in CASES} == {rule.id for rule in RULES}
    for rule in RULES:
        for condition in (*rule.when, *rule.any_of, *rule.supported_by):
            assert condition.limit in LIMITS or condition.limit in LINES


def test_underfit_proposes_thirty_percent_more_and_at_least_the_recipes_steps(plan):
    finding = diagnose(scorecard(identity=0.4, lift=0.1), plan, None, FALLING)[0]
    assert finding.change == {"steps": round(plan.steps * 1.3 / 10) * 10}
    assert finding.confidence == "high"
    assert "0.40" in finding.words
    assert "0.70" in finding.words
    few = diagnose(scorecard(identity=0.4), plan.changed(steps=40), None, FALLING)[0]
    assert few.change == {"steps": plan.steps}


def test_a_frame_that_is_black_is_no_broken_file(plan):
    """A fade from black, or a base that is black itself, once silenced all else, with a fifth of the learning rate."""
    assert ids(scorecard(empty=0.01, identity=0.4), plan, None, FALLING) == ["underfit"]
    assert ids(scorecard(empty=0.5, empty_base=0.5), plan, None, FLAT) == []


@pytest.mark.parametrize(
    ("changes", "steps"),
    [({"preset": "fast", "steps": 290}, 580), ({"batch_size": 1}, 4640), ({"batch_size": 2, "steps": 2320}, 3020)],
)
def test_how_long_it_was_trained_is_told_in_samples_whatever_the_preset(plan, changes, steps):
    """A batch of one once asked for 30 % more again and again, the fast preset for less than the rule says."""
    assert diagnose(scorecard(identity=0.4), plan.changed(**changes), None, FALLING)[0].change == {"steps": steps}


def test_the_quality_preset_s_own_steps_are_not_far_too_many(plan):
    """They are four times the standard ones, so that no rule spoke where likeness was poor."""
    steps = steps_for(RECIPES[RecipeName.CHARACTER], 28, Preset.QUALITY, plan.base)
    longer = plan.changed(preset="quality", steps=steps)
    finding = diagnose(scorecard(identity=0.4), longer, None, FALLING)[0]
    assert finding.id == "underfit"
    assert finding.change == {"steps": round(1.3 * longer.steps / 10) * 10}
    risen = diagnose(scorecard(copying=0.5), longer, None, RISING)[0]
    assert (risen.id, risen.confidence) == ("overfit", "medium"), "nothing but the losses speaks for it"


def test_fewer_steps_are_never_more(plan):
    """A long warm-up once made five more of 'a little less'."""
    short = plan.changed(steps=60, warmup_steps=55, class_preservation=1.0)
    assert diagnose(scorecard(leak=0.6), short, None, FLAT)[0].change is None


def test_one_lost_place_is_weaker_evidence_than_two(plan):
    for followed, confidence in ((0.67, "medium"), (0.34, "high")):
        card = scorecard(seen=files(background=0.9), place_followed=followed)
        found = diagnose(card, plan, None, FLAT)[0]
        assert (found.id, found.confidence) == ("one_background", confidence)


def test_overfit_goes_back_to_the_lowest_validation_loss(plan):
    finding = diagnose(scorecard(), plan.changed(steps=200), None, RISING)[0]
    assert finding.change == {"steps": 100}
    assert "13%" in finding.words
    late = diagnose(scorecard(), plan.changed(steps=400), None, RISING)[0]
    assert late.change == {"steps": 200}, "no less than half"
    far = diagnose(scorecard(), plan.changed(steps=4 * plan.steps), None, RISING)[0]
    assert far.change == {"steps": plan.steps}, "far too many: back to the rule's for these files, though half is more"


def test_learning_rate_goes_back_to_the_recipes(plan):
    changed = plan.changed(learning_rate=0.06)
    usual = RECIPES[RecipeName.CHARACTER].learning_rate * BASES[BaseModelName.MINI].learning_rate_factor
    assert diagnose(scorecard(identity=0.3), changed, None, FLAT)[0].change == {"learning_rate": usual}
    assert ids(scorecard(), changed, None, FLAT) == [], "a high learning rate that did no harm is no finding"


def test_two_independent_troubles_are_both_found(plan):
    assert set(ids(scorecard(leak=0.6, seen=files(background=0.9)), plan, None, FLAT)) == {"leak", "background_risk"}


def test_scores_from_before_the_audit_was_kept_take_the_present_one(plan):
    assert ids(scorecard(seen=None), plan, audit(0.9), FLAT) == ["background_risk"]


def test_views_that_the_files_show_often_enough_need_more_steps_not_more_files(plan):
    """A character whose turned views were not learned yet was once told to add views that it had plenty of."""
    finding = diagnose(scorecard(identity_views=0.5, identity_back=0.3), plan, None, FALLING)[0]
    assert finding.id == "underfit_views"
    assert finding.change["steps"] > plan.steps
    assert not any(entry.fact == "steps" for entry in finding.evidence), "what only keeps a rule silent is no sign"


def test_one_clip_that_stands_still_is_no_still_video(plan):
    """Of mini's base clips hardly one moves; a single one that stopped was once called a still video."""
    card = scorecard(still=1.0)
    fewer = [m.model_copy(update={"evidence": ("new-1",)}) if m.id == "still" else m for m in card.measures]
    stills = plan.changed(clips=0)
    assert ids(card, stills, None, FLAT) == ["still_video"]
    assert ids(card.model_copy(update={"measures": tuple(fewer)}), stills, None, FLAT) == []


def test_what_to_add_is_counted_by_view(plan):
    action = diagnose(scorecard(seen=files(front=20, profile=1)), plan, None, FLAT)[0].actions[0]
    assert action.views == {"three_quarter": 4, "profile": 2, "back": 2}
    assert "4 turned a little" in action.words


def test_any_of_several_figures_is_enough_and_is_shown(plan):
    finding = diagnose(scorecard(leak=0.6), plan.changed(learning_rate=0.09), None, FLAT)[0]
    assert finding.id == "learning_rate_high"
    assert [entry.fact for entry in finding.evidence] == ["learning_rate", "leak"]


def test_two_findings_never_change_the_same_setting(plan):
    """A leaking run that also underfitted was once told to train both longer and shorter."""
    held = plan.changed(class_preservation=1.0)  # nothing is left against a leak but fewer steps
    found = diagnose(scorecard(identity=0.4, leak=0.6), held, None, FALLING)
    assert {"underfit", "leak"} <= {finding.id for finding in found}
    assert sum("steps" in (finding.change or {}) for finding in found) == 1
    assert any("make that change first" in finding.words for finding in found if finding.change is None)


@pytest.mark.parametrize(
    ("card", "changes", "losses", "expected"),
    [
        (scorecard(consistency=0.8), {}, RISING, ["overfit"]),
        (scorecard(identity_views=0.5, identity_back=0.3), {}, RISING, ["overfit"]),
        (scorecard(consistency=0.8, copying=0.99, variety=0.2), {}, FLAT, ["copying"]),
        (scorecard(identity=0.2), {"steps": 40}, RISING, ["few_steps"]),
        (scorecard(identity=0.1, effect=0.0004, copying=0.99, variety=0.2), {}, FLAT, ["no_effect"]),
    ],
)
def test_nobody_is_told_that_it_was_trained_both_too_long_and_too_short(plan, card, changes, losses, expected):
    """Only the plan's steps were held to one direction; the words of the other finding still said the contrary."""
    assert ids(card, plan.changed(**changes), None, losses) == expected


def test_lines_of_drawn_clips_are_not_held_against_photographs_where_nobody_looked(plan):
    """Variety's line comes from mini's drawn world; on LTX-2.3 it was once used as if it held there too."""
    real = {"base": BaseModelName.LTX23}
    card = scorecard(copying=0.99, variety=0.2, burned=0.4).model_copy(update=real)
    diagnosis = examine(card, plan.changed(base=BaseModelName.MINI), None, FLAT)
    burned = next(finding for finding in diagnosis.findings if finding.id == "burned")
    assert "photographs" in burned.evidence[0].source
    assert "copying" not in {finding.id for finding in diagnosis.findings}
    assert "no line that holds" in next(entry.why for entry in diagnosis.cannot_tell if entry.id == "copying")


def test_without_lines_nothing_is_claimed_and_the_reason_is_given(plan):
    diagnosis = examine(scorecard(lines=False, seen=None, identity=0.0, leak=0.9), plan, None, [])
    assert diagnosis.findings == ()
    why = {entry.id: entry.why for entry in diagnosis.cannot_tell}
    assert "no line" in why["underfit"]
    assert "too few validation losses" in why["overfit"]
    assert "audited" in why["background_risk"]


def test_what_was_not_measured_is_told_with_the_measure_s_own_reason(plan):
    """On LTX-2.3 'no pairs of clips were made' was once said of places, which are known for mini only."""
    known = {"place_followed": "Only mini's places are known.", "still": "", "burned": "No test clip was made."}
    card = scorecard(seen=files(background=0.9), place_followed=None, still=None, burned=None)
    said = [
        each.model_copy(update={"validity": known[each.id]}) if each.id in known else each for each in card.measures
    ]
    diagnosis = examine(card.model_copy(update={"measures": tuple(said)}), plan.changed(clips=0), None, FLAT)
    why = {entry.id: entry.why for entry in diagnosis.cannot_tell}
    assert why["one_background"].endswith(": Only mini's places are known")
    assert why["burned"].endswith(": No test clip was made")
    assert why["still_video"].endswith(": it was not measured in this run")


def test_a_file_that_changes_nothing_is_not_said_to_have_a_layer_that_changes_something(plan):
    card = scorecard(("all zero",)).model_copy(update={"lora_all_zero": True})
    assert [entry.words() for entry in diagnose(card, plan)[0].evidence] == ["layers that change nothing 100%"]


def test_losses_of_the_scorecard_are_taken_when_none_are_given(plan):
    card = scorecard().model_copy(update={"validation": tuple(RISING)})
    assert ids(card, plan) == ["overfit"]


def test_findings_cannot_be_changed_afterwards(plan):
    finding = diagnose(scorecard(leak=0.6), plan, None, FLAT)[0]
    with pytest.raises(ValidationError):
        finding.change = None  # type: ignore[misc]


def test_figures_are_shown_for_people():
    assert Fact(title="x", value=0.123, form="percent").shown == "12%"
    assert Fact(title="x", value=None).shown == "not known"
    assert Fact(title="x", value=0.0012).shown == "0.0012"


def test_files_that_were_changed_since_say_nothing_about_the_lora(plan: TrainingPlan) -> None:
    """Captions cleared, copies added or views removed while it trained are no cause of how it came out."""
    after = scorecard(captions=0, identity=0.2).model_copy(update={"files_changed": True, "audited": files(repeats=9)})
    found = examine(after, plan)
    facts = {entry.fact for finding in found.findings for entry in finding.evidence}
    assert not facts & {"captions", "repeats", "missing_views", "few_of_view", "one_background", "looks_in_captions"}
    assert any("changed since this LoRA was trained" in entry.why for entry in found.cannot_tell)
