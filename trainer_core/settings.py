"""The settings of a workspace: what a person set in it, what the environment says, and which of the two holds.

settings.json has what anyone may read, secrets.json the keys; both are readable by their owner alone. The environment
wins over both. A key is only ever sent to the address that it was set for: one from the environment to the address of
the environment, one that is kept here to the address that held when it was typed.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from .dataset.records import write_atomically
from .jobs.locks import lock
from .jobs.redact import keep_out
from .projects import home_folder
from .settings_rules import (
    KEY,
    NAMES,
    PERMISSIONS,
    SECRETS,
    Kept,
    SettingRefused,
    checked,
    same_address,
    secret,
)

SETTINGS_FILE, SECRETS_FILE, LOCK_FILE = "settings.json", "secrets.json", "settings.lock"
Origin = Literal["environment", "workspace", "nowhere"]
_SHORTEST_SHOWN = 16  # of a key whose last two characters may be shown
_LARGEST_FILE = 64_000  # bytes


class KeptSecret(BaseModel):
    """A key with the address that it was set for, and when (UTC)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: str = Field(repr=False)
    address: str
    set_at: datetime


_SECRETS = TypeAdapter(dict[str, KeptSecret])


@dataclass(frozen=True)
class Told:
    """What holds of one setting, for a person. `text` of a secret is empty; `hint` is the end of a long one.

    `hidden`: what is kept here as well and does not hold, because the environment wins.
    """

    name: str
    origin: Origin = "nowhere"
    text: str = ""
    hidden: str = ""
    hint: str = ""
    set_at: datetime | None = None
    address: str = ""  # that a secret is for


@dataclass(frozen=True)
class Read:
    """What is in the two files; `problem` says in words what of it cannot be read, and is then taken for empty."""

    kept: Kept = field(default_factory=lambda: checked({}))
    secrets: Mapping[str, KeptSecret] = field(default_factory=dict, repr=False)
    problem: str = ""


def read(home: Path | None = None) -> Read:
    """What was set in the workspace. A damaged file counts as empty: then nothing is sent anywhere."""
    folder = home_folder(home)
    return _read(folder, stamp(folder))


def stamp(home: Path | None = None) -> tuple[int, ...]:
    """Changes whenever one of the files does; for whoever keeps something that was made of the settings."""
    folder, found = home_folder(home), []
    for name in (SETTINGS_FILE, SECRETS_FILE):
        try:
            stat = (folder / name).stat()
        except OSError:
            found += [0, 0, 0]
        else:
            found += [stat.st_mtime_ns, stat.st_size, stat.st_ino]
    return tuple(found)


def in_force(home: Path | None = None, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment (`os.environ` by default) with what the workspace adds to it: what every part goes by."""
    known = os.environ if environment is None else environment
    there = read(home)
    found = dict(known)
    for name, text in there.kept.values.items():
        if not found.get(name, "").strip():
            found[name] = text
    for kind in SECRETS.values():
        place = found.get(kind.address, "").strip() or kind.usual
        own = known.get(kind.address, "").strip() or kind.usual
        if known.get(kind.name, "").strip() and same_address(own, place):
            continue
        found.pop(kind.name, None)
        kept = there.secrets.get(kind.name)
        if kept is not None and same_address(kept.address, place):
            found[kind.name] = kept.value
    return found


def told(home: Path | None = None, environment: Mapping[str, str] | None = None) -> dict[str, Told]:
    """For each setting and secret: what holds, and where it comes from. Never a secret itself."""
    known = os.environ if environment is None else environment
    there, holds = read(home), in_force(home, known)
    out = {}
    for name in NAMES:
        here, outside = there.kept.values.get(name, ""), known.get(name, "").strip()
        origin: Origin = "environment" if outside else "workspace" if here else "nowhere"
        out[name] = Told(name, origin, outside or here, here if outside else "")
    for kind in SECRETS.values():
        kept = there.secrets.get(kind.name)
        from_outside = bool(known.get(kind.name, "").strip()) and holds.get(kind.name) == known[kind.name]
        if from_outside:
            place = known.get(kind.address, "").strip() or kind.usual
            out[kind.name] = Told(kind.name, "environment", hidden="set" if kept else "", address=place)
        elif kept is not None and kind.name in holds:
            hint = kept.value[-2:] if len(kept.value) >= _SHORTEST_SHOWN else ""
            out[kind.name] = Told(kind.name, "workspace", hint=hint, set_at=kept.set_at, address=kept.address)
        else:
            out[kind.name] = Told(kind.name)
    return out


def change(
    values: Mapping[str, str], home: Path | None = None, environment: Mapping[str, str] | None = None
) -> list[str]:
    """Set these settings; an empty text forgets one. Gives, in words, what was forgotten because of it.

    Another address forgets the key that was set for the old one, and the permissions to send it pictures and questions.
    Raises SettingRefused, then nothing is changed.
    """
    with _changing(home) as folder:
        before = read(folder)
        wanted = {name: text for name, text in {**before.kept.values, **values}.items() if str(text).strip()}
        after = checked(wanted).values
        old, new = (each.get(KEY.address, KEY.usual) for each in (before.kept.values, after))
        words = []
        if not same_address(old, new):
            gone = [name for name in PERMISSIONS if name in after and not str(values.get(name, "")).strip()]
            after = {name: text for name, text in after.items() if name not in gone}
            known = os.environ if environment is None else environment
            words = _forget_key(folder, before, known.get(KEY.address, "").strip() or new)
            words += [f"{' and '.join(gone)} too: that was the permission to send to the old address."] if gone else []
        write_private(folder / SETTINGS_FILE, json.dumps(after, indent=1))
    return words


def set_secret(name: str, text: str, home: Path | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Keep a key for the address that holds now, which is given back. Raises SettingRefused."""
    kind = SECRETS.get(name)
    if kind is None:
        raise SettingRefused(f"There is no key of that name. There are: {', '.join(SECRETS)}.")
    value = secret(kind, text)
    with _changing(home) as folder:
        place = in_force(folder, environment).get(kind.address, "").strip() or kind.usual
        kept = KeptSecret(value=value, address=place, set_at=datetime.now(UTC).replace(microsecond=0))
        _write_secrets(folder, {**read(folder).secrets, name: kept})
    return place


def forget(name: str, home: Path | None = None) -> bool:
    """Forget one setting or secret of the workspace; False when it was not set here."""
    if name not in (*NAMES, *SECRETS):
        raise SettingRefused(f"There is no setting of that name. There are: {', '.join((*NAMES, *SECRETS))}.")
    there = read(home)
    if name in SECRETS:
        with _changing(home) as folder:
            _write_secrets(folder, {key: kept for key, kept in read(folder).secrets.items() if key != name})
        return name in there.secrets
    change({name: ""}, home)
    return name in there.kept.values


def _forget_key(folder: Path, before: Read, place: str) -> list[str]:
    key = before.secrets.get(KEY.name)
    if key is None or same_address(key.address, place):
        return []
    _write_secrets(folder, {name: kept for name, kept in before.secrets.items() if name != KEY.name})
    return ["The key is forgotten: it was set for the old address and is sent to no other."]


@lru_cache(maxsize=8)
def _read(folder: Path, _stamp: tuple[int, ...]) -> Read:
    problems = []
    try:
        kept = checked(json.loads(_content(folder / SETTINGS_FILE) or "{}"))
    except (OSError, ValueError, TypeError):  # pydantic's and json's errors are ValueErrors
        kept = checked({})
        problems.append(SETTINGS_FILE)
    try:
        secrets = _SECRETS.validate_json(_content(folder / SECRETS_FILE) or "{}")
    except (OSError, ValidationError, UnicodeDecodeError):
        secrets = {}
        problems.append(SECRETS_FILE)
    for each in secrets.values():
        keep_out(each.value)
    words = (
        f"{' and '.join(problems)} in the workspace's folder cannot be read and count as empty. Set what you need "
        "again, or put back a copy."
        if problems
        else ""
    )
    return Read(kept, secrets, words)


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_FILE).decode()
    except FileNotFoundError:
        return ""


@contextmanager
def _changing(home: Path | None) -> Iterator[Path]:
    folder = home_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    with lock(folder / LOCK_FILE, patience=5.0) as mine:
        if not mine:
            raise SettingRefused("Another program is changing the settings. Nothing was changed; try again.")
        yield folder


def _write_secrets(folder: Path, secrets: Mapping[str, KeptSecret]) -> None:
    write_private(folder / SECRETS_FILE, _SECRETS.dump_json(dict(secrets), indent=1).decode())


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, and readable by the owner alone from its first byte on."""
    write_atomically(path, text.encode(), private=True)
