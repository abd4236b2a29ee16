"""Slack on loopback for tests: the Web API over HTTP, Socket Mode over a web socket, and people who talk and press.

Messages, streams, uploads and ephemeral words are kept as Slack would show them; what Slack would refuse is refused
with its own error codes, as far as they are documented.
"""

import asyncio
import itertools
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web
from slack_rules import append_chunks, problem_with_blocks

BOT_TOKEN, APP_TOKEN = "xoxb-1111111111-secretsecret", "xapp-1-A1-2222-secretsecret"
TEAM, BOT_USER, BOT_ID = "T1", "UBOT", "BBOT"
Values = dict[str, Any]


@dataclass
class Posted:
    """A message of the bot's as the thread shows it."""

    channel: str
    ts: str
    thread_ts: str
    text: str
    blocks: list[Values] = field(default_factory=list)
    tasks: dict[str, Values] = field(default_factory=dict)  # of a stream
    plan: str = ""
    state: str = "posted"  # posted, or of a stream: streaming, stopped
    edits: list[tuple[float, str]] = field(default_factory=list)  # (monotonic seconds, text)

    @property
    def shown(self) -> str:
        """Everything that can be read in it."""
        return "\n".join([self.text, json.dumps(self.blocks, ensure_ascii=False)])

    @property
    def buttons(self) -> list[Values]:
        """Its buttons."""
        return [each for block in self.blocks if block["type"] == "actions" for each in block["elements"]]


class SlackServer:
    """One Slack workspace with one app."""

    def __init__(self) -> None:
        self.url = ""
        self.messages: dict[tuple[str, str], Posted] = {}
        self.whispers: list[Values] = []
        self.calls: list[tuple[str, Values]] = []
        self.uploaded: list[Values] = []  # name, size, channel, thread_ts
        self.files: dict[str, bytes] = {}  # by path below /files-pri/
        self.redirects: dict[str, str] = {}
        self.fetched: list[tuple[str, str]] = []  # (path, Authorization)
        self.refuse: dict[str, list[tuple[int, Values, dict[str, str]]]] = defaultdict(list)  # method: next answers
        self.connections = 0
        self.acks: dict[str, float] = {}  # envelope: seconds from sending to acknowledgement
        self._sockets: set[web.WebSocketResponse] = set()
        self._sent: dict[str, float] = {}
        self._uploads: dict[str, Values] = {}
        self._count = itertools.count(1)

    # What people do

    async def event(self, event: Values, event_id: str | None = None) -> str:
        """Deliver an event; its id. Returns when the bot has acknowledged it."""
        event_id = event_id or f"Ev{next(self._count)}"
        payload = {
            "token": "verification",
            "team_id": TEAM,
            "api_app_id": "A1",
            "event": event,
            "type": "event_callback",
            "event_id": event_id,
            "event_time": int(time.time()),
            "authorizations": [{"team_id": TEAM, "user_id": BOT_USER, "is_bot": True}],
        }
        await self._envelope({"type": "events_api", "payload": payload, "retry_attempt": 0, "retry_reason": ""})
        return event_id

    async def open_assistant(self, user: str, channel: str = "D1") -> str:
        """Open an assistant thread; its time stamp."""
        ts = self._ts()
        thread = {"user_id": user, "channel_id": channel, "thread_ts": ts, "context": {"channel_id": "C9"}}
        await self.event({"type": "assistant_thread_started", "assistant_thread": thread, "event_ts": ts})
        return ts

    def said(
        self,
        user: str,
        text: str,
        thread_ts: str | None,
        channel: str = "D1",
        files: Sequence[Values] = (),
        **more: Any,
    ) -> Values:
        """The event of a person's message."""
        ts = self._ts()
        kind = {"type": "message", "channel_type": "im"} if channel.startswith("D") else {"type": "app_mention"}
        event = kind | {"user": user, "text": text, "ts": ts, "channel": channel, "event_ts": ts, "team": TEAM}
        event |= {"client_msg_id": f"msg-{ts}"} | ({"thread_ts": thread_ts} if thread_ts else {})
        return event | ({"subtype": "file_share", "files": list(files)} if files else {}) | more

    def file(self, name: str, content: bytes, **more: Any) -> Values:
        """Put a file where Slack keeps files; its object."""
        number = next(self._count)
        path = f"T1-F{number}/{number}"
        self.files[path] = content
        address = f"{self.url}/files-pri/{path}"
        return {
            "id": f"F{number}",
            "name": name,
            "mimetype": "image/png",
            "size": len(content),
            "mode": "hosted",
            "url_private": address,
            "url_private_download": address,
        } | more

    async def press(self, user: str, message: Posted, approve: bool, value: str = "", action_ts: str = "") -> None:
        """Press a button of the message; `value` where its buttons are gone already."""
        value = value or next(button["value"] for button in message.buttons)
        action_ts = action_ts or self._ts()
        name = "sidekick_approve" if approve else "sidekick_reject"
        action = {"action_id": name, "block_id": "b", "value": value, "type": "button", "action_ts": action_ts}
        shown = {"type": "message", "ts": message.ts, "thread_ts": message.thread_ts, "blocks": message.blocks}
        payload = {
            "type": "block_actions",
            "user": {"id": user, "team_id": TEAM},
            "team": {"id": TEAM},
            "api_app_id": "A1",
            "container": {"type": "message", "message_ts": message.ts, "channel_id": message.channel},
            "trigger_id": f"trigger-{action_ts}",
            "channel": {"id": message.channel},
            "message": shown,
            "actions": [action],
            "response_url": f"{self.url}/response",
        }
        await self._envelope({"type": "interactive", "payload": payload})

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask the bot to connect anew, as Slack does every few hours, and close the old connection."""
        for socket in list(self._sockets):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "test"}})

    async def until(self, told: Callable[[], Any], seconds: float = 60.0) -> Any:
        """Wait until this is true (and no longer than that); what it gave."""
        end = time.monotonic() + seconds
        while not (found := told()):
            assert time.monotonic() < end, f"in vain; the thread is:\n{self.thread()}"
            await asyncio.sleep(0.02)
        return found

    def thread(self, ts: str | None = None) -> str:
        """Everything that the bot wrote into a thread, or into all."""
        found = [each for each in self.messages.values() if ts is None or each.thread_ts == ts]
        return "\n----\n".join(f"{each.shown} {each.tasks or ''}" for each in found)

    def called(self, method: str) -> list[Values]:
        """The arguments of every call of a method."""
        return [values for name, values in self.calls if name == method]

    async def _envelope(self, body: Values) -> None:
        name = f"envelope-{next(self._count)}"
        await self.until(lambda: self._sockets, 10)
        self._sent[name] = time.monotonic()
        await list(self._sockets)[-1].send_json({"envelope_id": name, "accepts_response_payload": False} | body)
        await self.until(lambda: name in self.acks, 10)

    def _ts(self) -> str:
        return f"{int(time.time())}.{next(self._count):06d}"

    # What the bot sees

    async def api(self, request: web.Request) -> web.Response:
        """A call of the Web API."""
        method = request.match_info["method"]
        values: Values = dict(request.query)
        if request.content_type == "application/json":
            values |= await request.json()
        else:
            values |= {name: str(value) for name, value in (await request.post()).items()}
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.calls.append((method, values))
        if self.refuse[method]:
            status, answer, headers = self.refuse[method].pop(0)
            return web.json_response(answer, status=status, headers=headers)
        if token != (APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN):
            return web.json_response({"ok": False, "error": "invalid_auth"})
        handler = getattr(self, "_" + method.replace(".", "_"), None)
        answer = handler(values) if handler else {"error": "unknown_method"}
        return web.json_response({"ok": "error" not in answer} | answer)

    def _auth_test(self, _values: Values) -> Values:
        return {"team_id": TEAM, "team": "Test", "user": "sidekick", "user_id": BOT_USER, "bot_id": BOT_ID, "url": "x"}

    def _apps_connections_open(self, _values: Values) -> Values:
        return {"url": f"{self.url.replace('http', 'ws', 1)}/link/?ticket=secret-ticket&app_id=A1"}

    def _assistant_threads_setStatus(self, values: Values) -> Values:  # noqa: N802 - Slack's name
        return {} if {"channel_id", "thread_ts", "status"} <= set(values) else {"error": "invalid_arguments"}

    def _assistant_threads_setTitle(self, values: Values) -> Values:  # noqa: N802
        return {} if values["channel_id"].startswith("D") else {"error": "channel_type_not_supported"}

    def _assistant_threads_setSuggestedPrompts(self, values: Values) -> Values:  # noqa: N802
        prompts = values["prompts"]
        if not values["channel_id"].startswith("D") or not 1 <= len(prompts) <= 4:
            return {"error": "channel_type_not_supported"}
        return {} if all({"title", "message"} <= set(each) for each in prompts) else {"error": "invalid_arguments"}

    def _chat_postMessage(self, values: Values) -> Values:  # noqa: N802
        if wrong := problem_with_blocks(values.get("blocks", []), values.get("text", "")):
            return {"error": wrong}
        blocks = values.get("blocks", [])
        posted = Posted(values["channel"], self._ts(), values.get("thread_ts", ""), values["text"], blocks)
        posted.edits.append((time.monotonic(), posted.text))
        self.messages[posted.channel, posted.ts] = posted
        return {"channel": posted.channel, "ts": posted.ts, "message": {"text": posted.text}}

    def _chat_update(self, values: Values) -> Values:
        posted = self.messages.get((values["channel"], values["ts"]))
        if posted is None:
            return {"error": "message_not_found"}
        if wrong := problem_with_blocks(values.get("blocks", []), values.get("text", "")):
            return {"error": wrong}
        posted.text, posted.blocks = values.get("text", posted.text), values.get("blocks", posted.blocks)
        posted.edits.append((time.monotonic(), posted.text))
        return {"channel": posted.channel, "ts": posted.ts, "text": posted.text}

    def _chat_postEphemeral(self, values: Values) -> Values:  # noqa: N802
        self.whispers.append(values)
        return {"message_ts": self._ts()}

    def _chat_startStream(self, values: Values) -> Values:  # noqa: N802
        if values["channel"].startswith("C") and not values.get("recipient_user_id"):
            return {"error": "missing_recipient_user_id"}
        if not values.get("thread_ts"):
            return {"error": "invalid_thread_ts"}
        posted = Posted(values["channel"], self._ts(), values["thread_ts"], "", state="streaming")
        if wrong := append_chunks(posted, values):
            return {"error": wrong}
        self.messages[posted.channel, posted.ts] = posted
        return {"channel": posted.channel, "ts": posted.ts}

    def _chat_appendStream(self, values: Values) -> Values:  # noqa: N802
        posted = self.messages.get((values["channel"], values["ts"]))
        if posted is None or posted.state != "streaming":
            return {"error": "message_not_in_streaming_state"}
        wrong = append_chunks(posted, values)
        return {"error": wrong} if wrong else {"channel": posted.channel, "ts": posted.ts}

    def _chat_stopStream(self, values: Values) -> Values:  # noqa: N802
        answer = self._chat_appendStream(values)
        if "error" not in answer:
            self.messages[values["channel"], values["ts"]].state = "stopped"
        return answer

    def _files_getUploadURLExternal(self, values: Values) -> Values:  # noqa: N802
        name = f"FUP{next(self._count)}"
        self._uploads[name] = {"name": values["filename"], "length": int(values["length"])}
        return {"upload_url": f"{self.url}/upload/v1/{name}", "file_id": name}

    def _files_completeUploadExternal(self, values: Values) -> Values:  # noqa: N802
        files = json.loads(values["files"])
        for each in files:
            known = self._uploads[each["id"]]
            if known.get("size") != known["length"]:
                return {"error": "invalid_arguments"}
            self.uploaded.append(known | {"channel": values.get("channel_id"), "thread_ts": values.get("thread_ts")})
        return {"files": files}

    async def upload(self, request: web.Request) -> web.Response:
        """The bytes of an upload."""
        self._uploads[request.match_info["name"]]["size"] = len(await request.read())
        return web.Response(text="OK")

    async def download(self, request: web.Request) -> web.StreamResponse:
        """A file, for the bot's token alone; anybody else is led to a page."""
        path, token = request.match_info["path"], request.headers.get("Authorization", "")
        self.fetched.append((path, token))
        if path in self.redirects:
            raise web.HTTPFound(self.redirects[path])
        if token != f"Bearer {BOT_TOKEN}" or path not in self.files:
            raise web.HTTPFound(f"{self.url}/login")
        return web.Response(body=self.files[path], content_type="image/png")

    async def link(self, request: web.Request) -> web.WebSocketResponse:
        """A connection of Socket Mode."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.connections += 1
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}})
        self._sockets.add(socket)
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    name = json.loads(message.data)["envelope_id"]
                    self.acks[name] = time.monotonic() - self._sent[name]
        finally:
            self._sockets.discard(socket)
        return socket

    async def close(self) -> None:
        """Let every connection go."""
        for socket in list(self._sockets):
            with suppress(ConnectionError):
                await socket.close()


@asynccontextmanager
async def serving() -> AsyncIterator[SlackServer]:
    """Run the server while the block lasts."""
    server = SlackServer()
    application = web.Application(client_max_size=1 << 26)
    application.router.add_post("/api/{method}", server.api)
    application.router.add_get("/api/{method}", server.api)
    application.router.add_post("/upload/v1/{name}", server.upload)
    application.router.add_get("/files-pri/{path:.*}", server.download)
    application.router.add_get("/link/", server.link)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await server.close()
        await runner.cleanup()


def ratelimited(seconds: int) -> tuple[int, Mapping[str, Any], dict[str, str]]:
    """Slack's answer to too many calls."""
    return 429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(seconds)}
