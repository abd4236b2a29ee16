"""A Hugging Face Hub on loopback for tests: the model's files with sizes and hashes, and resolve with ranges."""

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"
BLOCK = 64 * 1024
Refusal = tuple[int, str]  # status and the Hub's X-Error-Code


@dataclass
class Hub:
    """One repository, how it misbehaves, and what it was asked. Weights are kept as LFS files, as on the Hub."""

    repository: str
    files: dict[str, bytes]
    url: str = ""
    refuse: dict[str, Refusal] = field(default_factory=dict)  # by path in the repository; "" is the list itself
    cut: dict[str, list[int]] = field(default_factory=dict)  # close the connection after so many bytes, once each
    pause: dict[str, float] = field(default_factory=dict)  # seconds after every block of a file
    asked: list[tuple[str, str | None]] = field(default_factory=list)  # (path in the repository, Range)
    endless: set[str] = field(default_factory=set)  # files of which more comes than was told
    no_ranges: bool = False  # a question for the rest is answered with the whole
    leads_to: str = ""  # where large files are said to be, instead of here
    told_hash: dict[str, str] = field(default_factory=dict)  # another SHA-256 than the file's own

    def sent(self, path: str) -> list[str | None]:
        """The ranges that were asked of a file."""
        return [part for name, part in self.asked if name == path]

    def listing(self) -> dict[str, Any]:
        """What /api/models/<repository>?blobs=true answers."""
        siblings = [self._sibling(path, content) for path, content in sorted(self.files.items())]
        return {"id": self.repository, "modelId": self.repository, "sha": COMMIT, "siblings": siblings}

    def _sibling(self, path: str, content: bytes) -> dict[str, Any]:
        git = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
        entry: dict[str, Any] = {"rfilename": path, "size": len(content), "blobId": git}
        if path.endswith(".safetensors"):
            sha = self.told_hash.get(path) or hashlib.sha256(content).hexdigest()
            entry["lfs"] = {"sha256": sha, "size": len(content), "pointerSize": 134}
        return entry


def read_repository(folder: Path) -> dict[str, bytes]:
    """The files of a folder, by path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextmanager
def serving(repository: str, files: Mapping[str, bytes], **manners: Any) -> Iterator[Hub]:
    """Run the Hub while the block lasts."""
    hub = Hub(repository, dict(files), **manners)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            if path == f"/api/models/{hub.repository}":
                self._refuse("") or self._send(200, json.dumps(hub.listing()).encode())
            elif path.startswith(f"/{hub.repository}/resolve/{COMMIT}/"):
                name = path.removeprefix(f"/{hub.repository}/resolve/{COMMIT}/")
                if not self._refuse(name):  # large files come from another address, as on the Hub
                    self._send(302, b"", Location=hub.leads_to or f"{hub.url}/cdn/{name}")
            elif path.startswith("/cdn/"):
                self._file(path.removeprefix("/cdn/"))
            else:
                self._send(404, b"", **{"X-Error-Code": "RepoNotFound"})

        def _refuse(self, name: str) -> bool:
            if name in hub.refuse:
                status, code = hub.refuse[name]
                self._send(status, b"{}", **({"X-Error-Code": code} if code else {}))
            return name in hub.refuse

        def _file(self, name: str) -> None:
            wanted = self.headers.get("Range")
            hub.asked.append((name, wanted))
            content = hub.files[name] * (3 if name in hub.endless else 1)
            wanted = None if hub.no_ranges else wanted
            first = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted else 0  # type: ignore[index]
            body = content[first:]
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(len(body)))
            if wanted:
                self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
            self.end_headers()
            stop = hub.cut[name].pop(0) if hub.cut.get(name) else len(body)
            for start in range(0, min(stop, len(body)), BLOCK):
                self.wfile.write(body[start : min(start + BLOCK, stop)])
                time.sleep(hub.pause.get(name, 0.0))
            if stop < len(body):
                self.close_connection = True

        def _send(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def handle(self) -> None:
            try:
                super().handle()
            except (BrokenPipeError, ConnectionResetError):  # the client was killed
                self.close_connection = True

        def log_message(self, *_arguments: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
