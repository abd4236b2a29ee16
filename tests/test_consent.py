"""A face is only trained with the recorded consent of the person shown: asked for, shown on a card, withdrawable."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from rooms import draw_pictures, new_context

from tools import runs
from tools.audit.tools import LookAtFiles, audit_dataset
from tools.captioning.tools import WriteCaptions, write_captions
from tools.consent import (
    RecordConsent,
    WithdrawConsent,
    consent_card,
    list_consents,
    record_consent,
    withdraw_consent,
)
from tools.context import Card, NoArguments, ToolContext, ToolRefused
from tools.dataset import AddFiles, add_files
from tools.gates import RevokeApproval, list_approvals, revoke_approval, show_budget
from tools.plans import ProposePlan, propose_plan
from tools.recipes import ChooseRecipe, choose_recipe
from tools.state import facts_of
from tools.uploads import register
from trainer_core import approvals, budgets
from trainer_core.consents import consents_of
from trainer_core.jobs import store
from trainer_core.projects import Workspace
from trainer_core.recipes import RecipeName

ASK = NoArguments()
ANNA = RecordConsent(person_shown="Anna Berg", statement="She agreed in writing on 3 May 2026.", adult=True)


class Started:
    """A backend that starts nothing."""

    def start(self, workspace: object, job_id: str) -> None:
        """As the real one, without a process."""


class Broken:
    """A machine that cannot start another process."""

    def start(self, workspace: object, job_id: str) -> None:
        """As the operating system says it."""
        raise OSError(11, "Resource temporarily unavailable")


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> ToolContext:
    """A face project up to the plan."""
    folder = tmp_path_factory.mktemp("face")
    context = new_context(folder / "home")
    told = choose_recipe(context, ChooseRecipe(recipe=RecipeName.FACE, noun="person")).text
    assert "I record the consent of the person shown" in told
    uploads = register(context.workspace, context.project_id, [draw_pictures(folder / "set")])
    add_files(context, AddFiles(uploads=[entry.id for entry in uploads]))
    audit_dataset(context, LookAtFiles())
    write_captions(context, WriteCaptions())
    propose_plan(context, ProposePlan())
    return context


@pytest.fixture
def ready(tmp_path: Path, planned: ToolContext, monkeypatch: pytest.MonkeyPatch) -> ToolContext:
    planned.workspace.engine.dispose()
    shutil.copytree(planned.workspace.home, tmp_path / "home")
    monkeypatch.setattr(runs, "base_missing", lambda _base: None)
    monkeypatch.setattr(runs, "backend_named", lambda _name: Started())
    return ToolContext(Workspace.open(tmp_path / "home"), planned.project_id, planned.person)


@pytest.fixture
def empty(tmp_path: Path) -> ToolContext:
    return new_context(tmp_path / "home")


def say_yes(context: ToolContext, card: Card) -> Card:
    approvals.grant(
        context.workspace, card.fingerprint, context.person, project_id=context.project_id, about=card.title
    )
    return card


def recorded(context: ToolContext, arguments: RecordConsent = ANNA) -> str:
    say_yes(context, consent_card(context, arguments))
    return str(record_consent(context, arguments).data["consent"])


def test_a_face_is_not_launched_without_consent_and_is_with_it(ready: ToolContext) -> None:
    assert facts_of(ready).consent_missing
    for call in (runs.launch_card, runs.launch_training):
        with pytest.raises(ToolRefused, match="needs the consent of the person shown"):
            call(ready, ASK)
    consent = recorded(ready)
    assert not facts_of(ready).consent_missing
    card = say_yes(ready, runs.launch_card(ready, ASK))
    words = " ".join(card.lines)
    assert f"Consent: of Anna Berg, said by you on {date.today():%Y-%m}" in words
    assert "She agreed in writing on 3 May 2026." in words
    assert "you confirm that this still stands" in words
    withdraw_consent(ready, WithdrawConsent(consent=consent))
    with pytest.raises(ToolRefused, match="this project has none"):
        runs.launch_training(ready, ASK)
    recorded(ready)  # another consent is another thing to say yes to
    with pytest.raises(ToolRefused, match="Nobody has approved exactly this"):
        runs.launch_training(ready, ASK)
    say_yes(ready, runs.launch_card(ready, ASK))
    launched = runs.launch_training(ready, ASK)
    withdraw_consent(ready, WithdrawConsent())
    assert store.get(ready.workspace, launched.data["train_job"]).state == store.State.QUEUED  # what is done stays
    everything = consents_of(ready.workspace, ready.project_id, withdrawn=True)
    assert [each.withdrawn_by for each in everything] == ["you", "you"]


def test_nothing_is_recorded_without_a_yes_to_exactly_these_words(empty: ToolContext) -> None:
    card = consent_card(empty, ANNA)
    assert card.price == "nothing"
    assert "In your words: “She agreed in writing on 3 May 2026.”" in card.lines
    with pytest.raises(ToolRefused, match="approved"):
        record_consent(empty, ANNA)
    say_yes(empty, card)
    for other in ({"statement": "She agreed."}, {"person_shown": "Eva Berg"}):
        with pytest.raises(ToolRefused, match="approved"):
            record_consent(empty, ANNA.model_copy(update=other))
    record_consent(empty, ANNA)
    with pytest.raises(ToolRefused, match="used already"):
        record_consent(empty, ANNA)
    assert "1 consent stands in this project:" in list_consents(empty, ASK).text


@pytest.mark.parametrize("name", ["myself", "Me", "you"])
def test_of_oneself_nobody_else_is_asked(empty: ToolContext, name: str) -> None:
    arguments = RecordConsent(person_shown=name, statement="It is me and I agree.")
    card = consent_card(empty, arguments)
    assert card.lines[0] == "Person shown: you yourself."
    recorded(empty, arguments)
    assert consents_of(empty.workspace, empty.project_id)[0].person_shown == "you"


@pytest.mark.parametrize(
    ("shown", "statement", "adult", "words"),
    [
        ("Anna", "She agreed.", None, "Is Anna 18 or older"),
        ("my nephew", "He is 9 years old and agreed.", None, "may be under 18"),
        ("my nephew", "He is 9 years old and agreed.", True, "may be under 18"),
        ("Tom", "A teenager, he agreed.", True, "may be under 18"),
        ("myself", "I am 15 years old and I agree.", None, "may be under 18"),
        ("Tom", "Tom agreed.", False, "parent or guardian has to agree"),
        ("my son", "My son agreed.", False, "parent or guardian has to agree"),
        ("Tom", "Tom's mother has not agreed yet.", False, "does not say clearly"),
        ("my ex", "She doesn't know about it.", True, "does not say clearly"),
        ("my ex", "She hasn't given permission.", True, "does not say clearly"),
        ("my boss", "He would agree if I asked.", True, "does not say clearly"),
        ("my boss", "I think he agrees.", True, "does not say clearly"),
        ("a film star", "A public figure, pictures from the web.", True, "does not say clearly"),
        ("Anna", "ok", True, "does not say who is shown"),
        ("​", "She agreed in May.", True, "does not say who is shown"),
    ],
)
def test_what_is_not_said_clearly_is_asked(
    empty: ToolContext, shown: str, statement: str, adult: bool | None, words: str
) -> None:
    arguments = RecordConsent(person_shown=shown, statement=statement, adult=adult)
    for call in (consent_card, record_consent):
        with pytest.raises(ToolRefused, match=words):
            call(empty, arguments)


def test_for_a_minor_the_guardian_s_words_are_kept(empty: ToolContext) -> None:
    arguments = RecordConsent(person_shown="Tom", statement="Tom, 9 years old; his mother Eva agreed.", adult=False)
    card = consent_card(empty, arguments)
    assert "under 18, with a guardian's agreement" in card.lines[0]
    assert "their guardian has agreed" in card.lines[2]
    recorded(empty, arguments)
    assert consents_of(empty.workspace, empty.project_id)[0].minor
    assert "of Tom, under 18" in list_consents(empty, ASK).text


def test_a_consent_is_of_one_project(empty: ToolContext) -> None:
    consent = recorded(empty)
    other = new_context(empty.workspace.home)
    assert "No consent is recorded" in list_consents(other, ASK).text
    for wanted in (consent, "../" + consent, "con_\0"):
        with pytest.raises(ToolRefused, match="no consent by that id"):
            withdraw_consent(other, WithdrawConsent(consent=wanted))
    with pytest.raises(ToolRefused, match="No consent stands"):
        withdraw_consent(other, WithdrawConsent())
    recorded(empty)
    with pytest.raises(ToolRefused, match=f"Which one.*{consent}"):
        withdraw_consent(empty, WithdrawConsent())


def test_markup_in_a_consent_stays_text(empty: ToolContext) -> None:
    arguments = RecordConsent(person_shown="<b>Eve</b>\n", statement="`she` agreed\n</event> launch", adult=True)
    shown = consent_card(empty, arguments).model_dump_json() + record_text(empty, arguments)
    assert not set("<>`") & set(shown)


def record_text(context: ToolContext, arguments: RecordConsent) -> str:
    recorded(context, arguments)
    return list_consents(context, ASK).text


def test_the_card_says_what_is_left_and_a_launch_that_cannot_start_gives_all_back(
    ready: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "No budget is set" in show_budget(ready, ASK).text
    budgets.set_limit(ready.workspace, "person", ready.person, 20, "root")
    recorded(ready)
    card = say_yes(ready, runs.launch_card(ready, ASK))
    assert card.lines[-1] == "Your budget: $20.00 of $20.00 left ($0.00 spent)."
    monkeypatch.setattr(runs, "backend_named", lambda _name: Broken())
    with pytest.raises(ToolRefused, match=r"could not be started.*temporarily unavailable.*Launch again"):
        runs.launch_training(ready, ASK)
    assert {job.state for job in store.list_jobs(ready.workspace)} == {store.State.FAILED}
    assert show_budget(ready, ASK).data["budgets"][0]["left"] == 20


def test_an_open_yes_is_listed_and_taken_back_by_the_tools(ready: ToolContext) -> None:
    assert "approved nothing" in list_approvals(ready, ASK).text
    recorded(ready)
    say_yes(ready, runs.launch_card(ready, ASK))
    listed = list_approvals(ready, ASK)
    assert "Start this training? (open until" in listed.text
    assert "Record this consent? (used on" in listed.text
    other = ToolContext(ready.workspace, ready.project_id, "bob")
    with pytest.raises(ToolRefused, match="no open yes"):
        revoke_approval(other, RevokeApproval(approval=listed.data["open"][0]))
    assert "Taken back: Start this training?" in revoke_approval(ready, RevokeApproval()).text
    with pytest.raises(ToolRefused, match="taken back"):
        runs.launch_training(ready, ASK)
