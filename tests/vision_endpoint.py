"""A vision model's endpoint on loopback for tests: Chat Completions with image parts. It decodes the pictures that it
is sent and answers from their pixels: red is a front, blue a back, green a profile towards its brighter half, else
unknown. Moods, one a request and in order, make it misbehave."""

import base64
import io
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from PIL import Image

Mood = int | str | dict[str, Any]  # a status, the words of the answer, or {"status", "headers", "body", "seconds", ...}
USAGE = {"prompt_tokens": 700, "completion_tokens": 12, "total_tokens": 712}


class Endpoint:
    """What it was asked, and the pictures that it decoded."""

    def __init__(self, moods: Sequence[Mood], knows_schema: bool) -> None:
        self.moods = list(moods)
        self.knows_schema = knows_schema
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.pictures: list[Image.Image] = []
        self.url = ""


def seen(picture: Image.Image) -> dict[str, str]:
    """The answer that the pixels ask for."""
    pixels = np.asarray(picture.convert("RGB")).astype(float)
    red, green, blue = pixels.mean(axis=(0, 1))
    if max(red, green, blue) - min(red, green, blue) < 40:
        return {"view": "unknown", "side": "none"}
    if green >= max(red, blue):
        half = pixels.shape[1] // 2
        return {"view": "profile", "side": "left" if pixels[:, :half].mean() > pixels[:, half:].mean() else "right"}
    return {"view": "front" if red > blue else "back", "side": "none"}


def _pictures(body: dict[str, Any]) -> list[Image.Image]:
    found = []
    for message in body["messages"]:
        for part in message["content"]:
            if part["type"] == "image_url":
                sent = re.fullmatch(r"data:image/jpeg;base64,(.+)", part["image_url"]["url"])
                assert sent, "not a data URL of a JPEG"
                picture = Image.open(io.BytesIO(base64.b64decode(sent[1], validate=True)))
                picture.load()
                found.append(picture)
    return found


def _completion(message: dict[str, Any], finish: str = "stop") -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant"} | message, "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion", "created": 1, "model": "stub", "choices": [choice], "usage": USAGE}


@contextmanager
def seeing(
    moods: Sequence[Mood] = (), *, knows_schema: bool = True, answer: Callable[..., Any] = seen
) -> Iterator[Endpoint]:
    """Run the endpoint while the block lasts; `answer` says what it sees in the last picture of a request."""
    endpoint = Endpoint(moods, knows_schema)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            endpoint.requests.append(body)
            endpoint.keys.append(self.headers.get("Authorization"))
            mood = endpoint.moods.pop(0) if endpoint.moods else None
            if isinstance(mood, dict):
                time.sleep(mood.get("seconds", 0))
            if isinstance(mood, int):
                mood = {"status": mood}
            if isinstance(mood, dict) and "status" in mood:
                fault = {"error": {"message": "the key sk-secret is wrong", "type": "x", "code": mood.get("code")}}
                self._send(mood["status"], fault, mood.get("headers", {}))
            elif "response_format" in body and not endpoint.knows_schema:
                self._send(400, {"error": {"message": "response_format is not supported", "type": "x"}}, {})
            elif isinstance(mood, str):
                self._send(200, _completion({"content": mood}), {})
            elif isinstance(mood, dict) and "body" in mood:
                self._send(200, mood["body"], mood.get("headers", {}))
            else:
                endpoint.pictures.extend(_pictures(body))
                self._send(200, _completion({"content": json.dumps(answer(endpoint.pictures[-1]))}), {})

        def _send(self, status: int, body: Any, headers: dict[str, str]) -> None:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            try:
                self.send_response(status)
                for name, value in ({"Content-Type": "application/json"} | headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:  # the client did not wait
                return

        def log_message(self, *_arguments: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
