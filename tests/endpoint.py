"""An OpenAI-compatible endpoint on loopback for tests: speaks Chat Completions, streamed, from a script."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Turn = str | dict[str, Any] | int  # words, {"tool": name, "arguments": json text}, or an HTTP status to fail with


class Endpoint:
    """What the server will say, turn by turn, and what it was asked."""

    def __init__(self, turns: list[Turn]) -> None:
        self.turns = turns
        self.requests: list[dict[str, Any]] = []
        self.url = ""


def chunks(turn: str | dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The deltas of one answer, as servers send them: words in pieces, arguments of tool calls in pieces."""
    yield {"role": "assistant", "content": ""}
    if isinstance(turn, str):
        for start in range(0, len(turn), 7):
            yield {"content": turn[start : start + 7]}
        return
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": turn["tool"], "arguments": ""}}
    yield {"tool_calls": [call]}
    for start in range(0, len(turn["arguments"]), 5):
        yield {"tool_calls": [{"index": 0, "function": {"arguments": turn["arguments"][start : start + 5]}}]}


def _event(choices: list[dict[str, Any]], **more: Any) -> bytes:
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "stub",
        "choices": choices,
    } | more
    return f"data: {json.dumps(body)}\n\n".encode()


@contextmanager
def serving(turns: list[Turn]) -> Iterator[Endpoint]:
    """Run the endpoint while the block lasts."""
    endpoint = Endpoint(turns)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            endpoint.requests.append({"path": self.path, "key": self.headers.get("Authorization"), "body": body})
            turn = endpoint.turns.pop(0) if endpoint.turns else "(nothing left to say)"
            if isinstance(turn, int):
                self.send_response(turn)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(b'{"error": {"message": "the key sk-secret is wrong", "type": "x", "code": "x"}}')
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for delta in chunks(turn):
                self.wfile.write(_event([{"index": 0, "delta": delta, "finish_reason": None}]))
            reason = "stop" if isinstance(turn, str) else "tool_calls"
            self.wfile.write(_event([{"index": 0, "delta": {}, "finish_reason": reason}]))
            usage = {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}
            self.wfile.write(_event([], usage=usage) + b"data: [DONE]\n\n")

        def log_message(self, *_arguments: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
