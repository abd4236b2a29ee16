"""A page of the window without a browser: its handlers called over HTTP, by the protocol that Gradio's page speaks.

A page reads its config, keeps a heartbeat open, and calls a handler by joining the queue; answers come as server-sent
events. All handlers of the window are private, so there is no named API: as in a browser, a handler is found in the
config by the component that triggers it, and works only within the page's own session.
"""

import asyncio
import json
import re
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from gradio_client.utils import apply_diff

PATIENCE = 120.0  # seconds without a word from the server
API = "gradio_api"
MARK = re.compile(r'data-mark="([^"]*)"')
CONFIG = re.compile(r"window\.gradio_config = (\{.*?\});\s*</script>", re.DOTALL)


@dataclass
class Visitor:
    """One person's page."""

    client: httpx.AsyncClient
    session: str = field(default_factory=lambda: secrets.token_hex(6))
    config: dict[str, Any] = field(default_factory=dict)
    thread: Any = None
    mark: str = ""  # how far the page shows its conversation
    asked: int = 0  # times that it has asked to have drawn what is new
    pulse: "asyncio.Task[None] | None" = None
    reader: "asyncio.Task[None] | None" = None
    mail: dict[str, "asyncio.Queue[dict[str, Any]]"] = field(default_factory=dict)  # answers by the call's event

    async def open(self) -> None:
        """Load the page: its document with the config in it, and the conversation that the load handler begins."""
        document = (await self.client.get("")).raise_for_status().text
        found = CONFIG.search(document)
        if found is None:
            raise RuntimeError("the page holds no config: is it the window?")
        self.config = json.loads(found[1])
        self.pulse = asyncio.create_task(self._keep_alive())
        async for _, data in self.call(self.handler(None, "load"), [None]):
            self.thread = data[0]

    async def say(self, words: str) -> AsyncIterator[tuple[float, list[dict[str, Any]]]]:
        """Type a message; each (seconds since it was sent, the conversation's messages)."""
        send = self.handler("box", "submit")
        chat = send["outputs"].index(self.component("chat"))
        async for seconds, data in self.call(send, [{"text": words, "files": []}, self.thread, None]):
            if isinstance(data[chat], list):
                yield seconds, data[chat]

    async def look(self) -> None:
        """What the page does once a second: ask whether there is something new, and have it drawn."""
        answer = await self.client.get("fresh", params={"thread": self.thread})
        if answer.raise_for_status().json()["mark"] != self.mark:
            self.asked += 1
            question = {"asked": self.asked, "lost": False}
            async for _ in self.call(self.handler("fresh", "select"), [self.thread, None], question):
                pass

    async def close(self) -> None:
        """The tab is closed."""
        tasks = [task for task in (self.pulse, self.reader) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.client.aclose()

    async def call(
        self, handler: dict[str, Any], data: list[Any], told: dict[str, Any] | None = None
    ) -> AsyncIterator[tuple[float, list[Any]]]:
        """Each (seconds since the call, outputs as they are by then); a state's value stays on the server.

        `told`: what the page's script says with the event.

        Raises RuntimeError with the server's words where the handler fails.
        """
        begun = time.perf_counter()
        body = {"data": data, "fn_index": handler["id"], "session_hash": self.session, "event_data": told}
        joined = await self.client.post(f"{API}/queue/join", json=body | {"trigger_id": None})
        event = joined.raise_for_status().json()["event_id"]
        mail = self.mail.setdefault(event, asyncio.Queue())
        if self.reader is None or self.reader.done():
            self.reader = asyncio.create_task(self._read())
        outputs: list[Any] = []
        try:
            while True:
                message = await asyncio.wait_for(mail.get(), PATIENCE)
                if not message.get("success", True):
                    raise RuntimeError(f"the handler failed: {message['output']}")
                new = message["output"].get("data") or []
                if message["msg"] == "process_generating" and outputs:
                    outputs = [apply_diff(old, change) for old, change in zip(outputs, new, strict=True)]
                elif new:
                    outputs = new
                values = [_value(each) for each in outputs]
                self._note_mark(handler, values)
                yield time.perf_counter() - begun, values
                if message["msg"] == "process_completed":
                    return
        finally:
            self.mail.pop(event, None)

    def _note_mark(self, handler: dict[str, Any], values: list[Any]) -> None:
        """How far the page shows its conversation, where this answer says so."""
        drawn = dict(zip(handler["outputs"], values, strict=False)).get(self.component("fresh"))
        found = MARK.search(drawn) if isinstance(drawn, str) else None
        if found:
            self.mark = found[1]

    async def _read(self) -> None:
        """All answers of a page come in one stream, which the server closes when none is under way."""
        while self.mail:
            async with self.client.stream("GET", f"{API}/queue/data", params={"session_hash": self.session}) as stream:
                async for line in stream.aiter_lines():
                    message = json.loads(line[5:]) if line.startswith("data:") else {}
                    if message.get("msg") in ("process_generating", "process_completed"):
                        self.mail.setdefault(message["event_id"], asyncio.Queue()).put_nowait(message)

    def handler(self, elem_id: str | None, event: str) -> dict[str, Any]:
        """The handler that this component's event triggers; None: the page itself."""
        if elem_id is not None:
            return self._of(self.component(elem_id), event)
        found = (each for each in self.config["dependencies"] if any(target[1] == event for target in each["targets"]))
        return next(found)

    def component(self, elem_id: str) -> int:
        """The number of a component."""
        return next(each["id"] for each in self.config["components"] if each["props"].get("elem_id") == elem_id)

    def _of(self, component: int, event: str) -> dict[str, Any]:
        return next(each for each in self.config["dependencies"] if [component, event] in map(list, each["targets"]))

    async def _keep_alive(self) -> None:
        async with self.client.stream("GET", f"{API}/heartbeat/{self.session}", timeout=None) as beats:
            async for _ in beats.aiter_lines():
                pass


def _value(output: Any) -> Any:
    """The value of an update, or the output itself where it is one."""
    return output.get("value") if isinstance(output, dict) and output.get("__type__") == "update" else output


def visitor(url: str) -> Visitor:
    """A page that is not open yet, with a connection of its own."""
    return Visitor(httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(PATIENCE), follow_redirects=True))
