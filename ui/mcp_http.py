"""MCP over HTTP on this machine: only with the token, only from this machine, and not from a page in a browser."""

import hashlib
import hmac
import json
import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from trainer_core.settings import write_private

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

HOST, PATH = "127.0.0.1", "/mcp"
TOKEN_FILE, VARIABLE = "mcp-token.json", "SIDEKICK_MCP_TOKEN"
SHORTEST = 20  # characters of a token of one's own


class TokenRefused(ValueError):
    """The token cannot be used; the message says why."""


class OnlyWithToken:
    """Answers 401 to whoever does not send the token; nothing of the server is reached before."""

    def __init__(self, inner: ASGIApp, digest: str) -> None:
        self._inner, self._digest = inner, digest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is allowed in."""
        if scope["type"] == "http" and not self._allowed(Headers(scope=scope).get("authorization", "")):
            refused = JSONResponse({"error": "Send the token that sidekick mcp showed: Authorization: Bearer ..."}, 401)
            refused.headers["WWW-Authenticate"] = "Bearer"
            await refused(scope, receive, send)
            return
        if scope["type"] != "websocket":
            await self._inner(scope, receive, send)

    def _allowed(self, header: str) -> bool:
        kind, _space, token = header.partition(" ")
        return kind.lower() == "bearer" and hmac.compare_digest(digest_of(token.strip()), self._digest)


def token_for(
    home: Path, *, fresh: bool = False, environment: Mapping[str, str] = os.environ
) -> tuple[str, str | None]:
    """(digest of the token, the token itself where it was made just now and is to be shown once).

    SIDEKICK_MCP_TOKEN is the token where it is set. Raises TokenRefused.
    """
    own = environment.get(VARIABLE, "").strip()
    if own:
        if len(own) < SHORTEST:
            raise TokenRefused(f"{VARIABLE} must have at least {SHORTEST} characters. Nothing was started.")
        return digest_of(own), None
    file = home / TOKEN_FILE
    if not fresh and (known := _kept(file)):
        return known, None
    token = "mcp-" + secrets.token_urlsafe(32)
    write_private(file, json.dumps({"sha256": digest_of(token)}))
    return digest_of(token), token


def digest_of(token: str) -> str:
    """What is kept of a token: it has 256 random bits, so a plain hash tells nobody what it is."""
    return hashlib.sha256(token.encode()).hexdigest()


def app_of(server: "Server[Any]", digest: str) -> ASGIApp:
    """The server behind its token. The SDK refuses other names of this machine and pages of other sites."""
    return OnlyWithToken(server.streamable_http_app(streamable_http_path=PATH, host=HOST), digest)


def listening(port: int) -> socket.socket:
    """The port of this machine (0: any that is free), taken. Raises OSError when another program has it."""
    taken = socket.socket()
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # right after a server that has ended
        taken.bind((HOST, port))
        taken.listen()
    except OSError:
        taken.close()
        raise
    return taken


def serve(server: "Server[Any]", digest: str, port: socket.socket) -> None:
    """Serve until Ctrl-C."""
    settings = uvicorn.Config(app_of(server, digest), log_level="warning", access_log=False, ws="none")
    uvicorn.Server(settings).run(sockets=[port])


def _kept(file: Path) -> str | None:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return told if isinstance(told, str) and len(told) == 64 else None
