"""A proxy before the sandbox that notes every request on its way in: what reached the gateway, told by another."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.aws.playing import PlayedAws

READINGS = ("Get", "List", "Describe", "Simulate", "Validate", "AssumeRole")
_CREDENTIAL = re.compile(r"<(?:AccessKeyId|SecretAccessKey|SessionToken)>([^<]+)<")


@dataclass
class Recorder:
    """The operations that went in, in order."""

    url: str
    operations: list[str] = field(default_factory=list)
    # Keys and tokens that were given out on the way.
    issued: set[str] = field(default_factory=set)

    @property
    def mutating(self) -> list[str]:
        return [operation for operation in self.operations if not operation.startswith(READINGS)]


@contextmanager
def recording(sandbox_url: str) -> Iterator[Recorder]:
    """Every request sent through this HTTP proxy goes on to the sandbox unchanged."""
    target = urlsplit(sandbox_url)
    recorder = Recorder("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            recorder.operations.append(_operation(self.path, self.headers.get("X-Amz-Target"), body))
            self._pass_on(body)

        def do_GET(self) -> None:
            """Of services that have paths instead of actions; lists of buckets are asked for so."""
            recorder.operations.append(f"Get {urlsplit(self.path).path}")
            self._pass_on(b"")

        def _pass_on(self, body: bytes) -> None:
            connection = http.client.HTTPConnection(str(target.hostname), target.port, timeout=60)
            parts = urlsplit(self.path)
            path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
            connection.putrequest(self.command, path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            told = answer.read()
            recorder.issued |= set(_CREDENTIAL.findall(told.decode()))
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("content-length", "connection", "date", "server", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)
            connection.close()

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    recorder.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def leaked(text: str, own_aws: PlayedAws, door: Recorder) -> list[str]:
    return [secret for secret in own_aws.secrets() | door.issued if secret in text]


def kept(folder: Path) -> str:
    """Everything that the kit keeps of this run."""
    return "\n".join(path.read_text(errors="replace") for path in sorted(folder.rglob("*")) if path.is_file())


def _operation(path: str, target: str | None, body: bytes) -> str:
    if target:
        return target.partition(".")[2]
    if path.endswith("/policy/validation"):
        return "ValidatePolicy"  # Access Analyzer's, which has paths instead
    return parse_qs(body.decode())["Action"][0]
