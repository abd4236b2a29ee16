"""What the settings show, as it is now: read often, so it looks at two small files and a few rows."""

from dataclasses import dataclass

from tools.context import ToolContext
from trainer_core import budgets
from trainer_core.settings import Told, in_force, read, told

from .. import words_settings as words
from ..settings_door import host_of, may_change_settings
from ..strings import printable

Limits = tuple[tuple[str, float | None], ...]  # (scope, dollars) of the person and the project


@dataclass(frozen=True)
class Shown:
    """The settings of the workspace; of keys only what may be shown. `context` is kept on the server."""

    context: ToolContext
    may: bool
    told: tuple[Told, ...] = ()
    model: str = "guided"
    host: str = ""
    problem: str = ""

    def of(self, name: str) -> Told:
        """What holds of one."""
        return next(each for each in self.told if each.name == name)


@dataclass(frozen=True)
class Spent:
    """The budgets that hold, and the tokens of today: these change without anybody changing a setting."""

    lines: tuple[str, ...] = ()
    limits: Limits = ()
    tokens: str = ""


def load_settings(context: ToolContext) -> Shown:
    """What is set now. Whoever may not change settings is not told them either."""
    home = context.workspace.home
    holds, may = in_force(home), may_change_settings(context.person)
    address = holds.get("OPENAI_BASE_URL", "").strip() or (
        "https://api.openai.com" if holds.get("OPENAI_API_KEY") else ""
    )
    named = holds.get("SIDEKICK_MODEL", "").strip()
    model = "guided" if named == "guided" or not address else named or words.USUAL_MODEL
    if not may:
        return Shown(context, may=False, model=model)
    return Shown(context, True, tuple(told(home).values()), model, host_of(address), read(home).problem)


def load_spent(context: ToolContext) -> Spent:
    """What was spent of which limit."""
    from tools.gates import budget_words

    found = budgets.budgets_of(context.workspace, context.person, context.project_id)
    own = {(each.scope, each.name): each.limit for each in budgets.all_budgets(context.workspace)} if found else {}
    return Spent(
        tuple(printable(budget_words(each), 300) for each in found),
        (("person", own.get(("person", context.person))), ("project", own.get(("project", context.project_id)))),
        _tokens(context),
    )


def _tokens(context: ToolContext) -> str:
    from agent.usage import tokens_today
    from trainer_core.projects import make_tables

    if context.workspace not in _ready:
        make_tables(context.workspace.engine)  # that of usage may be declared later than the workspace was opened
        _ready.add(context.workspace)
    used = tokens_today(context.workspace)
    return words.TOKENS_TODAY.format(used=f"{used:,}") if used else ""


_ready: set[object] = set()
