"""What a setting may be. Each has the name of the environment variable that it had first and can still be given by."""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

OPENAI = "https://api.openai.com/v1"
SLACK = "https://slack.com/api/"
LONGEST_ADDRESS, LONGEST_NAME, LONGEST_SECRET = 300, 200, 500
MOST_TOKENS = 1_000_000_000


class SettingRefused(ValueError):
    """A value that cannot be taken. The message tells a person why; it never holds a key."""


@dataclass(frozen=True)
class SecretKind:
    """A key or token: which setting says where it is sent, the place without that, and how it begins."""

    name: str
    address: str
    usual: str
    begins: str = ""


KEY = SecretKind("OPENAI_API_KEY", "OPENAI_BASE_URL", OPENAI)
SLACK_BOT = SecretKind("SLACK_BOT_TOKEN", "SLACK_API_URL", SLACK, "xoxb-")
SLACK_APP = SecretKind("SLACK_APP_TOKEN", "SLACK_API_URL", SLACK, "xapp-")
SECRETS = {kind.name: kind for kind in (KEY, SLACK_BOT, SLACK_APP)}


def address(text: str) -> str:
    """A server's address such as http://localhost:11434/v1, without a slash at its end. Raises SettingRefused."""
    told = text.strip()
    try:
        parts = urlsplit(told)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    sound = told.isascii() and told.isprintable() and " " not in told and len(told) <= LONGEST_ADDRESS
    if not sound or not host or parts.scheme not in ("http", "https"):
        raise SettingRefused("An address begins with http:// or https://, such as http://localhost:11434/v1.")
    if "@" in parts.netloc:
        raise SettingRefused("An address with a name or password in it is not taken. The key has a field of its own.")
    if parts.query or parts.fragment or "?" in told or "#" in told:
        raise SettingRefused("An address ends with its path, usually /v1. Leave out what comes from “?” or “#” on.")
    if _only_for_this_machine_s_own_use(host):
        raise SettingRefused("This address belongs to the machine's own network services, not to a model's server.")
    return told.rstrip("/")


def same_address(one: str, other: str) -> bool:
    """Do both name the same place? Scheme, host, port and path count; capitals of the host do not."""
    return _place(one) == _place(other)


def secret(kind: SecretKind, text: str) -> str:
    """A key as it can be sent. Raises SettingRefused, without naming it."""
    told = text.strip()
    if not told or len(told) > LONGEST_SECRET or not (told.isascii() and told.isprintable()) or " " in told:
        raise SettingRefused("That is no key: a key is one word of letters, digits and signs.")
    if not told.startswith(kind.begins):
        raise SettingRefused(f"That is no {kind.name}: it begins with {kind.begins}")
    return told


def _place(text: str) -> tuple[str, str, int | None, str]:
    try:
        parts = urlsplit(text.strip())
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        return parts.scheme, (parts.hostname or "").rstrip("."), port, parts.path.rstrip("/")
    except ValueError:
        return "", text, None, ""


def _only_for_this_machine_s_own_use(host: str) -> bool:
    """Link-local addresses, in any of the ways in which one can be written: clouds hand out credentials there."""
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:
            found = ipaddress.ip_address(socket.inet_aton(host))  # also 2852039166 and 0xA9FEA9FE
        except OSError:
            return host.rstrip(".") == "metadata.google.internal"
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_link_local


def _name(text: str) -> str:
    told = text.strip()
    if not told or len(told) > LONGEST_NAME or not told.isprintable() or any(sign.isspace() for sign in told):
        raise SettingRefused("A model's name is one word, such as gpt-4.1-mini or qwen3:8b, as its server lists it.")
    return told


def _whole(text: Any) -> str:
    return str(text).strip().replace(",", "").replace("_", "").removesuffix(".0")


def _between(least: int, most: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not (text.isascii() and text.isdecimal() and len(text) < 12 and least <= int(text) <= most):
            raise SettingRefused(f"That must be a whole number from {least:,} to {most:,}.")
        return str(int(text))

    return check


Address = Annotated[str, AfterValidator(address)]
Name = Annotated[str, AfterValidator(_name)]
Tokens = Annotated[str, BeforeValidator(_whole), AfterValidator(_between(1, MOST_TOKENS))]
Seconds = Annotated[str, BeforeValidator(_whole), AfterValidator(_between(5, 3600))]


class Kept(BaseModel):
    """What settings.json may hold, as text by the names of the environment. None: not set here."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: Address | None = Field(None, alias="OPENAI_BASE_URL")
    model: Name | None = Field(None, alias="SIDEKICK_MODEL")
    model_seconds: Seconds | None = Field(None, alias="SIDEKICK_MODEL_SECONDS")
    vision_model: Name | None = Field(None, alias="SIDEKICK_VISION_MODEL")
    embedding_model: Name | None = Field(None, alias="SIDEKICK_EMBEDDING_MODEL")
    message_tokens: Tokens | None = Field(None, alias="SIDEKICK_MESSAGE_TOKENS")
    daily_tokens: Tokens | None = Field(None, alias="SIDEKICK_DAILY_TOKENS")

    @property
    def values(self) -> dict[str, str]:
        """What is set, by name."""
        return self.model_dump(by_alias=True, exclude_none=True)


NAMES = tuple(str(field.alias) for field in Kept.model_fields.values())
PERMISSIONS = ("SIDEKICK_VISION_MODEL", "SIDEKICK_EMBEDDING_MODEL")  # to send one server pictures, or questions


def checked(values: dict[str, str]) -> Kept:
    """These values as settings. Raises SettingRefused with words for a person."""
    try:
        return Kept.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        if first["type"] == "extra_forbidden":
            raise SettingRefused(f"There is no setting of that name. There are: {', '.join(NAMES)}.") from None
        raise SettingRefused(f"{name}: {str(first['msg']).removeprefix('Value error, ')}") from None
