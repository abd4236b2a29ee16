"""A chat server that speaks the protocol and means harm: streams of any deltas, raw bytes, errors that tell the key."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from endpoint import Endpoint as Script  # the well-behaved stub's record of what it was asked

Deltas = list[dict[str, Any]]
Hostile = Deltas | bytes | tuple[int, str]  # a stream, a whole body, or a status with a body


def words(text: str, size: int = 7) -> Deltas:
    """An answer in pieces."""
    return [{"content": text[start : start + size]} for start in range(0, len(text), size)]


def call(name: str, arguments: str | dict[str, Any] = "{}", index: int = 0, id_: str = "call_1") -> dict[str, Any]:
    """One tool call, whole, as a delta."""
    given = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {
        "tool_calls": [
            {"index": index, "id": id_, "type": "function"} | {"function": {"name": name, "arguments": given}}
        ]
    }


def body_of(turn: Deltas | bytes) -> bytes:
    """The bytes on the wire."""
    if isinstance(turn, bytes):
        return turn
    lines = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in turn]
    reason = "tool_calls" if any("tool_calls" in delta for delta in turn) else "stop"
    lines.append({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    shape = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "stub"}
    text = "".join(f"data: {json.dumps(shape | line)}\n\n" for line in lines) + "data: [DONE]\n\n"
    return text.encode()


@contextmanager
def hostile() -> Iterator[Script]:
    """Serve while the block lasts; `turns` of what is given says what comes, then always 'Here I am.'"""
    script = Script([])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            script.requests.append({"body": json.loads(self.rfile.read(int(self.headers["Content-Length"])))})
            turn: Any = script.turns.pop(0) if script.turns else words("Here I am.")
            failed = isinstance(turn, tuple)
            status, content = turn[0] if failed else 200, turn[1].encode() if failed else body_of(turn)
            self.send_response(status)
            self.send_header("Content-Type", "text/event-stream" if status == 200 else "application/json")
            self.end_headers()
            try:
                self.wfile.write(content)
            except OSError:  # the other side had enough
                return

        def log_message(self, *_arguments: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
