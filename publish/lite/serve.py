"""`python -m publish.lite.serve`: show the built site on this machine, compressed as a static host does it."""

from __future__ import annotations

import gzip
import mimetypes
import sys
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from publish.lite.site import SITE, LiteFailed, build

PORT: Final = 8000
_COMPRESSED: Final = (".css", ".html", ".ipynb", ".js", ".json", ".mjs", ".svg", ".wasm")
_KINDS: Final = {".ipynb": "application/json", ".js": "text/javascript", ".mjs": "text/javascript"}
_KINDS_MORE: Final = {".wasm": "application/wasm", ".json": "application/json"}


class SiteServer(ThreadingHTTPServer):
    """A folder on loopback, below `prefix`; it counts what it has sent."""

    daemon_threads = True

    def __init__(self, folder: Path, port: int = 0, prefix: str = "/") -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.folder = folder.resolve()
        self.prefix = prefix
        self.sent = 0
        self.missing: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{self.prefix}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SiteServer

    def do_GET(self) -> None:
        asked = self.path.partition("?")[0]
        path = (self.server.folder / asked.removeprefix(self.server.prefix).lstrip("/")).resolve()
        path = path / "index.html" if path.is_dir() else path
        if not asked.startswith(self.server.prefix) or self.server.folder not in path.parents or not path.is_file():
            self.server.missing.append(asked)
            self._answer(404, b"There is nothing here.\n", "text/plain")
            return
        body = _compressed(path, path.stat().st_mtime_ns) if path.suffix in _COMPRESSED else path.read_bytes()
        self.server.sent += len(body)
        self._answer(200, body, _kind(path), compressed=path.suffix in _COMPRESSED)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self, status: int, body: bytes, kind: str, *, compressed: bool = False) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.send_header("cache-control", "no-cache")
        if compressed:
            self.send_header("content-encoding", "gzip")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is told of what goes well; the browser tells the rest."""


def _kind(path: Path) -> str:
    found = {**_KINDS, **_KINDS_MORE}.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    return found or "application/octet-stream"


@cache
def _compressed(path: Path, _changed: int) -> bytes:
    return gzip.compress(path.read_bytes(), 6)


def main() -> int:
    """Build the site where it isn't up to date, and serve it until Ctrl-C."""
    try:
        build()
    except LiteFailed as failed:
        sys.stderr.write(f"{failed}\n")
        return 1
    server = SiteServer(SITE, PORT)
    sys.stdout.write(f"{server.url} shows the lesson in a browser tab; Ctrl-C ends it.\n")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
