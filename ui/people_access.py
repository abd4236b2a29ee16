"""How people come into the window: alone on this machine, with a name and a password, or through a proxy."""

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from trainer_core.people import people_of
from trainer_core.projects import Workspace

Network = IPv4Network | IPv6Network
SHORTEST_SHARED = 10  # characters of SIDEKICK_PASSWORD where others can reach the window
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")


class Way(StrEnum):
    """How the window knows who is asking."""

    MACHINE = "machine"  # one person, who needs no sign-in; only from this machine
    SIGN_IN = "sign-in"
    PROXY = "proxy"


class AccessRefused(Exception):
    """The window is not opened like that. The message says why and what to do."""


@dataclass(frozen=True)
class Access:
    """The way, and what it needs. `password` lets the owner of the machine in, by the name 'sidekick'."""

    way: Way = Way.MACHINE
    password: str | None = None
    header: str = ""
    proxies: tuple[Network, ...] = ()


ALONE = Access()


def access_of(
    workspace: Workspace,
    *,
    host: str = "127.0.0.1",
    share: bool = False,
    password: str | None = None,
    header: str | None = None,
    proxies: tuple[str, ...] = (),
) -> Access:
    """How people come in with these settings. Raises AccessRefused, in words, for what would let strangers in."""
    if header:
        return _through_proxy(header, networks_of(proxies), share=share)
    outside = share or not is_loopback(host)
    if outside and password and len(password) < SHORTEST_SHARED:
        raise AccessRefused(
            f"Others can reach this window, so it needs a password of at least {SHORTEST_SHARED} characters. "
            "SIDEKICK_PASSWORD is shorter."
        )
    if people_of(workspace) or password:
        return Access(Way.SIGN_IN, password=password, proxies=networks_of(proxies))
    if outside:
        raise AccessRefused(
            f"{'A public link' if share else 'A window at ' + host} lets everyone who finds it train on this machine, "
            "so people must sign in. Add somebody first: sidekick people add NAME. For yourself alone, set "
            f"SIDEKICK_PASSWORD to at least {SHORTEST_SHARED} characters. docs/people.md says more. Nothing was opened."
        )
    return ALONE


def is_loopback(host: str) -> bool:
    """Can only this machine reach what listens there?"""
    if host.casefold() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def networks_of(proxies: tuple[str, ...]) -> tuple[Network, ...]:
    """Addresses such as 10.0.0.0/8. Raises AccessRefused."""
    try:
        networks = tuple(ip_network(each.strip(), strict=False) for each in proxies)
    except ValueError as error:
        raise AccessRefused(
            f"--trusted-proxy takes addresses such as 10.0.0.0/8: {error}. Nothing was opened."
        ) from error
    if any(network.prefixlen == 0 for network in networks):
        raise AccessRefused("--trusted-proxy must name the proxy; everybody is no proxy. Nothing was opened.")
    return networks


def _through_proxy(header: str, proxies: tuple[Network, ...], *, share: bool) -> Access:
    if not proxies:
        raise AccessRefused(
            "--behind-proxy-header needs --trusted-proxy: the header says who is asking, and only the proxy's address "
            "may say so. Nothing was opened."
        )
    if share:
        raise AccessRefused("A public link goes around the proxy. Leave --share away. Nothing was opened.")
    if not _HEADER.fullmatch(header):
        raise AccessRefused(f"{header[:80]!r} is no name of a header. Nothing was opened.")
    return Access(Way.PROXY, header=header, proxies=proxies)
