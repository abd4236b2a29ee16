"""Tools for the consent of people whose faces are trained: record it behind a card, list it, withdraw it."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from trainer_core import consents
from trainer_core.plan import TrainingPlan
from trainer_core.projects import Consent
from trainer_core.recipes import RecipeName

from .cards import card_of, print_of, use_yes
from .context import Card, NoArguments, Tool, ToolContext, ToolRefused, ToolResult
from .text import plural, quoted

_MYSELF = frozenset(("me", "myself", "i", "self", "the user", "you", "yourself"))
_YOUNG = re.compile(
    r"\b(?:child|children|kid|baby|toddler|infant|minor|underage|teen|teenager|pupil|little (?:girl|boy))\b"
    r"|\b(?:1[0-7]|[1-9])[- ]?(?:years?[- ]old|y/?o)\b|\bage[d]? (?:1[0-7]|[1-9])\b",
    re.IGNORECASE,
)
_GROWN = re.compile(r"\b(?:not|no longer) (?:an? )?(?:child|kid|minor|teen|teenager|underage)\b", re.IGNORECASE)
_GUARDIAN = re.compile(
    r"\b(?:guardians?|parents?|mother|father|mum|mom|dad|tutor|eltern|mutter|vater|vormund|parente?s|m[eè]re|p[eè]re"
    r"|padres?|madre|tutora?)\b",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"(?:\b(?:not|never|no|without|nobody|cannot|refuses?d?)\b|n['’]t\b).{0,25}"
    r"\b(?:agree[ds]?|consent|permission|asked|ask|knows?|told|allow(?:ed)?|said yes|approval)\b",
    re.IGNORECASE | re.DOTALL,
)
_UNSURE = re.compile(
    r"\b(?:probably|maybe|perhaps|i (?:think|guess|assume|suppose|hope)|(?:would|will|might|may|could|should) "
    r"(?:agree|consent|be (?:fine|ok|okay))|later|public figure|from the (?:web|internet))\b",
    re.IGNORECASE,
)
ASK = (
    "Say who is shown and that they agreed, in your own words: “It is me and I agree”, or “Anna Berg, who is over 18, "
    "agreed in writing on 3 May”. For somebody under 18, say which parent or guardian agreed."
)


class RecordConsent(BaseModel):
    """What the person you talk to says about the one whose face is to be trained, never what you assume."""

    model_config = ConfigDict(extra="forbid")

    person_shown: Annotated[
        str, Field(min_length=1, max_length=100, description="who the files show; “myself” for the user")
    ]
    statement: Annotated[
        str,
        Field(
            min_length=1,
            max_length=600,
            description="how and when they agreed, in the user's own words; for a minor who agreed as guardian",
        ),
    ]
    adult: Annotated[
        bool | None,
        Field(description="are they 18 or older, as the user said; leave it out when the user has not said it"),
    ] = None


class WithdrawConsent(BaseModel):
    """Which consent is taken back."""

    model_config = ConfigDict(extra="forbid")

    consent: Annotated[
        str | None, Field(max_length=60, description="its id (con_...); may be left out when there is only one")
    ] = None


@dataclass(frozen=True)
class _Said:
    shown: str
    statement: str
    minor: bool
    oneself: bool


def consent_card(context: ToolContext, arguments: RecordConsent) -> Card:
    """What is recorded, word for word, for the person's own yes. Changes nothing."""
    said = _said(context, arguments)
    who = "you yourself" if said.oneself else said.shown
    age = "under 18, with a guardian's agreement" if said.minor else "18 or older" if arguments.adult else ""
    confirmed = (
        "With your yes you confirm that the files show you, and that you agree to being trained."
        if said.oneself and not said.minor
        else f"With your yes you say in your own name that {'their guardian' if said.minor else who} has agreed to the "
        "training and to clips being made."
    )
    lines = [
        f"Person shown: {who}{f' ({age})' if age else ''}.",
        f"In your words: “{said.statement}”",
        confirmed,
        "It is kept in this project with your name and the date. You can withdraw it at any time.",
    ]
    title = "Record this consent?"
    return card_of(context, _fingerprint(context, said), title=title, lines=lines, price="nothing", time="at once")


def record_consent(context: ToolContext, arguments: RecordConsent) -> ToolResult:
    """Keep the consent. Uses up the person's yes to exactly these words."""
    said = _said(context, arguments)
    use_yes(context, _fingerprint(context, said))
    kept = consents.record(
        context.workspace, context.project_id, said.shown, said.statement, context.person, minor=said.minor
    )
    return ToolResult(text=f"Recorded: {_line(kept)}", data={"consent": kept.id})


def list_consents(context: ToolContext, _arguments: NoArguments) -> ToolResult:
    """Every consent of this project, those that were withdrawn as well."""
    known = consents.consents_of(context.workspace, context.project_id, withdrawn=True)
    if not known:
        return ToolResult(text=f"No consent is recorded in this project. {ASK}", data={"consents": []})
    standing = [each.id for each in known if each.withdrawn_at is None]
    head = f"{plural(len(standing), 'consent')} {'stands' if len(standing) == 1 else 'stand'} in this project"
    taken_back = len(known) - len(standing)
    head += f", {taken_back} withdrawn:" if taken_back else ":"
    lines = [head, *(f"- {_line(each)}" for each in known)]
    return ToolResult(text="\n".join(lines), data={"consents": standing})


def withdraw_consent(context: ToolContext, arguments: WithdrawConsent) -> ToolResult:
    """Take a consent back: from then on no face is trained on it."""
    standing = consents.consents_of(context.workspace, context.project_id)
    wanted = arguments.consent or (standing[0].id if len(standing) == 1 else None)
    if wanted is None:
        names = "; ".join(_line(each) for each in standing)
        raise ToolRefused(f"Which one? {names}" if standing else "No consent stands in this project.")
    try:
        consents.withdraw(context.workspace, context.project_id, wanted, context.person)
    except LookupError as missing:
        raise ToolRefused(f"{missing} list_consents shows those that there are.") from missing
    text = (
        "Withdrawn, and kept on record as withdrawn. No training of this face is started on it any more. Runs that are "
        "done stay as they are; a training at work goes on until you say stop."
    )
    return ToolResult(text=text, data={"consent": wanted})


def consents_for(context: ToolContext, plan: TrainingPlan) -> Sequence[Consent]:
    """The consents that a launch of this plan rests on; none where no face is trained. Raises ToolRefused."""
    if plan.recipe is not RecipeName.FACE:
        return ()
    standing = consents.consents_of(context.workspace, context.project_id)
    if not standing:
        raise ToolRefused(
            f"The face recipe needs the consent of the person shown, and this project has none. {ASK} I then show it "
            "to you on a card to record. Nothing was started."
        )
    return standing


def consent_lines(standing: Sequence[Consent]) -> list[str]:
    """For the launch card: on whose consent it rests, and what the person's yes confirms."""
    if not standing:
        return []
    return [
        *(f"Consent: {_line(each)}" for each in standing),
        "With your yes you confirm that this still stands and that the files show nobody else.",
    ]


def _said(context: ToolContext, arguments: RecordConsent) -> _Said:
    """What is to be recorded. Raises ToolRefused where the words do not say what a consent needs: it is asked."""
    shown, statement = quoted(arguments.person_shown, 100), quoted(arguments.statement, 600)
    oneself = shown.lower() in _MYSELF or shown == context.person
    if not shown or len(statement) < 4:
        raise ToolRefused(f"That does not say who is shown and how they agreed. {ASK}")
    if arguments.adult is not False and _YOUNG.search(_GROWN.sub("", f"{shown} {statement}")):
        raise ToolRefused(
            f"These words speak of somebody who may be under 18. Is {shown} 18 or older? If not, say which parent or "
            "guardian agreed."
        )
    if arguments.adult is None and not oneself:
        raise ToolRefused(f"Is {shown} 18 or older? Please say so; if not, say which parent or guardian agreed.")
    if _REFUSED.search(statement) or _UNSURE.search(statement):
        raise ToolRefused(f"“{statement}” does not say clearly that {shown} agreed. Nothing was recorded. {ASK}")
    if arguments.adult is False and not _GUARDIAN.search(statement):
        raise ToolRefused(
            f"{shown} is under 18, so a parent or guardian has to agree. Who agreed, and when? Nothing was recorded."
        )
    return _Said(context.person if oneself else shown, statement, arguments.adult is False, oneself)


def _fingerprint(context: ToolContext, said: _Said) -> str:
    what = json.dumps([said.shown, said.statement, said.minor])
    return print_of(context, "consent", what, "project", 0.0)


def _line(consent: Consent) -> str:
    minor = ", under 18" if consent.minor else ""
    gone = f"; withdrawn on {consent.withdrawn_at:%Y-%m-%d}" if consent.withdrawn_at else ""
    shown, said_by = quoted(consent.person_shown, 100), quoted(consent.said_by, 60)
    who = (
        f"{shown} of themselves" if consent.person_shown == consent.said_by else f"of {shown}{minor}, said by {said_by}"
    )
    return f"{who} on {consent.said_at:%Y-%m-%d}: “{quoted(consent.statement, 200)}” ({consent.id}{gone})"


TOOLS = (
    Tool(
        "record_consent",
        "For the face recipe: open a card that records the consent of the person shown, in the user's own words. Ask "
        "who it is, whether they are 18 or older and how they agreed; never make it up.",
        RecordConsent,
        record_consent,
        consent_card,
    ),
    Tool(
        "list_consents", "List the recorded consents of the people shown in this project.", NoArguments, list_consents
    ),
    Tool(
        "withdraw_consent",
        "Take a recorded consent back; no face is trained on it any more.",
        WithdrawConsent,
        withdraw_consent,
    ),
)
