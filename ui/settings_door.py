"""What the window and the command do with settings: one door for both. Words for a person come back, never a key.

Keys do not go through the conversation: whatever is said or clicked there is kept in the thread.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from trainer_core import budgets
from trainer_core.budgets import Scope
from trainer_core.settings import Told, change, forget, in_force, set_secret
from trainer_core.settings_rules import SECRETS, SettingRefused

from . import words_settings as words
from .strings import PERSON

if TYPE_CHECKING:
    from agent.endpoint.trial import Trial
    from trainer_core.projects import Workspace

MAY_NOT = "Only the person who runs this workspace can change its settings. Nothing was changed."


@dataclass(frozen=True)
class Done:
    """What came of a change: said to the person."""

    text: str
    failed: bool = False


def may_change_settings(person: str) -> bool:
    """Whoever sits at the machine may; people who have signed in from elsewhere, or come from Slack, may not."""
    return person == PERSON


def save(person: str, values: Mapping[str, str], keys: Mapping[str, str], home: Path) -> Done:
    """Set settings (an empty text forgets one) and keys (an empty one stays as it is)."""
    if not may_change_settings(person):
        return Done(MAY_NOT, failed=True)
    try:
        told = change(values, home)
        for name, key in keys.items():
            if key.strip():
                place = set_secret(name, key, home)
                told = [each for each in told if name not in each and "key is forgotten" not in each]
                told.append(f"The {words.SETTINGS[name].title.lower()} is kept, for {host_of(place)} alone.")
    except SettingRefused as refused:
        return Done(str(refused), failed=True)
    except OSError as error:
        return Done(f"The settings could not be written ({error.strerror}). Nothing was changed.", failed=True)
    return Done(" ".join([words.SAVED, *told]))


def drop(person: str, name: str, home: Path) -> Done:
    """Forget a setting or a key."""
    if not may_change_settings(person):
        return Done(MAY_NOT, failed=True)
    try:
        return Done(words.FORGOTTEN if forget(name, home) else "It was not set here, so nothing was changed.")
    except SettingRefused as refused:
        return Done(str(refused), failed=True)
    except OSError as error:
        return Done(f"The settings could not be written ({error.strerror}). Nothing was changed.", failed=True)


def set_budget(person: str, workspace: "Workspace", scope: Scope, name: str, dollars: float | None) -> Done:
    """Set a limit of money as `sidekick budget` does; None takes it away."""
    if not may_change_settings(person):
        return Done(MAY_NOT, failed=True)
    try:
        if dollars is None:
            budgets.remove_limit(workspace, scope, name)
            return Done(words.NO_LIMIT_NOW)
        budgets.set_limit(workspace, scope, name, dollars, person)
    except (ValueError, LookupError) as error:
        return Done(f"{error} Nothing was changed.", failed=True)
    return Done(f"At most {budgets.dollars_words(dollars)} in all. Nothing starts that could go beyond.")


async def try_model(workspace: "Workspace") -> "Trial":
    """Ask the model that holds now one short question; what it used counts in the day's tokens."""
    from agent.endpoint.trial import try_once
    from agent.usage import record
    from trainer_core.projects import make_tables

    trial = await try_once(in_force(workspace.home))
    if trial.tokens is not None:
        await asyncio.to_thread(make_tables, workspace.engine)  # that of usage may have been declared just now
        await asyncio.to_thread(record, workspace, "a trial", trial.model, trial.tokens, 0)
    return trial


def state_words(told: Told) -> str:
    """What holds of a setting or a key, in a line. Of a key never more than its end."""
    if told.name in SECRETS:
        if told.origin == "workspace" and told.set_at is not None:
            return words.secret_words(f"{told.set_at:%d %b %Y}".lstrip("0"), told.hint, host_of(told.address))
        if told.origin == "environment":
            return f"set in the environment variable {told.name}, for {host_of(told.address)}"
        return words.NOT_SET
    if told.origin == "environment":
        return f"{told.text} (from the environment variable {told.name})"
    return told.text or words.NOT_SET


def host_of(address: str) -> str:
    """The server of an address, without a name or password that the environment may have put into it."""
    return urlsplit(address).hostname or "an unreadable address"
