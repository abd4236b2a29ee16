"""Replays stored exchanges (tests/data/exchanges) over loopback, byte for byte, and checks what it is asked."""

import contextlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data" / "exchanges"
STALL = 20.0  # seconds that a stalled stream stays open


class Replay:
    """What was asked, and what did not fit the stored requests."""

    def __init__(self, name: str) -> None:
        self.left: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["exchanges"]
        self.bodies: list[dict[str, Any]] = []
        self.wrong: list[str] = []
        self.url = ""

    def check(self, path: str, body: dict[str, Any], wanted: dict[str, Any]) -> None:
        """The request holds what is wanted of it, and its messages and tools have the protocol's shape."""
        self.bodies.append(body)
        expected = {"path": wanted["path"]} | wanted["body"]
        found = {"path": path} | {name: body.get(name) for name in wanted["body"]}
        self.wrong += [f"{name}: {found[name]!r}" for name in expected if found[name] != expected[name]]
        self.wrong += faults(body)


def faults(body: dict[str, Any]) -> list[str]:
    """Where a request breaks the rules of Chat Completions, or those of strict chat templates."""
    messages, wrong = body["messages"], []
    roles = [message["role"] for message in messages]
    if roles[0] != "system" or "system" in roles[1:]:
        wrong.append(f"one system message first: {roles}")
    open_calls: list[str] = []
    for before, message in pairwise(messages):
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                wrong.append(f"a result without its call: {message}")
            continue
        if message["role"] == before["role"]:
            wrong.append(f"two of a role: {roles}")
        open_calls = [call["id"] for call in message.get("tool_calls", [])]
        for call in message.get("tool_calls", []):
            if not isinstance(json.loads(call["function"]["arguments"]), dict) or not call["id"].isalnum():
                wrong.append(f"a call: {call}")
        if not message["content"] and not open_calls:
            wrong.append(f"an empty message: {message}")
    names = [tool["function"]["name"] for tool in body["tools"]]
    if len(set(names)) != len(names) or any(tool["type"] != "function" for tool in body["tools"]):
        wrong.append(f"tools: {names}")
    return wrong


@contextmanager
def replaying(name: str) -> Iterator[Replay]:
    """Serve the exchanges of one file in order while the block lasts."""
    replay = Replay(name)
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            with contextlib.suppress(OSError):  # the client did not wait
                super().handle()

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not replay.left:
                replay.wrong.append("asked once more than stored")
                self.send_error(500)
                return
            exchange = replay.left.pop(0)
            replay.check(self.path, body, exchange["request"])
            response = exchange["response"]
            self.send_response(response["status"])
            for header, value in response["headers"].items():
                self.send_header(header, value)
            if "lines" in response:
                self._stream(response)
                return
            content = response["body"] if isinstance(response["body"], str) else json.dumps(response["body"])
            self.send_header("Content-Length", str(len(content.encode())))
            self.end_headers()
            self.wfile.write(content.encode())

        def _stream(self, response: dict[str, Any]) -> None:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for line in response["lines"]:
                data = f"{line}\n".encode()
                self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()
            if response["then"] == "stall":
                over.wait(STALL)
            if response["then"] == "close":
                self.wfile.write(b"0\r\n\r\n")
            else:
                self.close_connection = True

        def log_message(self, *_arguments: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    replay.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield replay
    finally:
        over.set()
        server.shutdown()
        server.server_close()
