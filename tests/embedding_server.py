"""A server on loopback that speaks OpenAI's /v1/embeddings: real vectors of the built-in embedding, and its faults."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from knowledge.embedding import embed

DIMENSIONS = 96


@dataclass
class EmbeddingServer:
    """`fault`: a status to answer with, "nonsense" or "short"; `delay`: seconds before an answer."""

    url: str = ""
    fault: int | str = ""
    delay: float = 0.0
    asked: list[list[str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


@contextmanager
def embedding_server() -> Iterator[EmbeddingServer]:
    """Serve until the block is left."""
    state = EmbeddingServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            state.keys.append(self.headers.get("authorization", ""))
            texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
            state.asked.append(texts)
            time.sleep(state.delay)
            rows = [
                {"object": "embedding", "index": number, "embedding": [round(float(x), 4) for x in vector]}
                for number, vector in enumerate(embed(text, {}, DIMENSIONS) for text in texts)
            ]
            answer = {"object": "list", "data": rows[::-1], "model": body["model"], "usage": {}}
            if state.fault == "short":
                answer["data"] = rows[:-1]
            status = state.fault if isinstance(state.fault, int) else 200
            words = b"[1, 2" if state.fault == "nonsense" else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(words)))
            self.end_headers()
            self.wfile.write(words)

        def log_message(self, *_: object) -> None:
            """Nothing on the screen."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
