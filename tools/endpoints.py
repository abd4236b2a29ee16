"""The OpenAI-compatible server that a person named: one rule for the chat model and for the vision model."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from trainer_core.settings import in_force
from trainer_core.settings_rules import OPENAI

from .text import quoted

KEY, URL = "OPENAI_API_KEY", "OPENAI_BASE_URL"


class NotAnAddress(ValueError):
    """OPENAI_BASE_URL is no web address; the message says what one looks like."""


@dataclass(frozen=True)
class Endpoint:
    """Where requests go. The address can hold a password, so neither it nor the key is ever printed."""

    url: str = field(default=OPENAI, repr=False)
    key: str = field(default="none", repr=False)  # local servers want no key, but the client wants one

    @property
    def host(self) -> str:
        """The server's name or address, without user name and password."""
        return urlsplit(self.url).hostname or ""

    @property
    def shown_host(self) -> str:
        """The host for messages."""
        return quoted(self.host, 80)

    @property
    def reach(self) -> str:
        """How far away it is: "computer", "network" or "internet"; names that only a resolver knows count as far."""
        return _reach(self.host)

    @property
    def local(self) -> bool:
        """What is sent stays on this computer or in its own network."""
        return self.reach != "internet"

    def client_options(self) -> dict[str, Any]:
        """For httpx2: redirects are not followed, and a near server is never reached through a proxy, so that what is
        sent goes to `host` and nowhere else."""
        return {"follow_redirects": False, "trust_env": not self.local}


def endpoint_of(settings: Mapping[str, str] | None = None) -> Endpoint | None:
    """The server that OPENAI_BASE_URL names, or OpenAI where there is only an OPENAI_API_KEY; else None.

    `settings`: those in force by default. Raises NotAnAddress.
    """
    known = in_force() if settings is None else settings
    key, url = known.get(KEY, "").strip(), known.get(URL, "").strip()
    if not (key or url):
        return None
    try:
        parts = urlsplit(url or OPENAI)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise NotAnAddress("OPENAI_BASE_URL is no web address such as http://localhost:11434/v1. Nothing was sent.")
    return Endpoint(url or OPENAI, key or "none")


def asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds of a retry-after header; dates and nonsense count as none."""
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if seconds >= 0 else None


def _reach(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if host == "localhost" or host.endswith(".localhost"):
            return "computer"
        return "network" if "." not in host or host.endswith((".local", ".home.arpa")) else "internet"
    if address.is_loopback or address.is_unspecified:
        return "computer"
    return "network" if address.is_private or address.is_link_local else "internet"
