"""The sandbox's own process: `python -m xsfn_helpers.sandbox.process CONFIG` (started by `server.Sandbox.start`).

Listens on 127.0.0.1 only, and refuses what a browser page or a stranger's host name could send.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any, Final

import waitress
from filelock import FileLock, Timeout

from xsfn_helpers.documents import POLICY_VERSION, json_text
from xsfn_helpers.errors import XsfnError
from xsfn_helpers.regions import partition_of
from xsfn_helpers.sandbox.gateway import Gateway
from xsfn_helpers.sandbox.journal import Journal
from xsfn_helpers.sandbox.moto_bridge import MotoBridge, behave_like_aws, run_tasks_through
from xsfn_helpers.sandbox.propagation import Propagation
from xsfn_helpers.sandbox.sessions import SessionStore, new_key_id, new_secret
from xsfn_helpers.sandbox.settings import Settings
from xsfn_helpers.sandbox.state import HEALTH_PATH, LOOPBACK, Running, SandboxAccount, StateFolder
from xsfn_helpers.sandbox.tasks import TaskClients
from xsfn_helpers.sandbox.wire import HttpRequest
from xsfn_helpers.scenario import Side

ADMINISTRATOR: Final = "administrator"
_ADMINISTRATOR_ACCESS: Final = {
    "Version": POLICY_VERSION,
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
# Step Functions takes a definition of 1 MiB; as JSON inside JSON that can double, and UTF-8 can double it again.
_LARGEST_BODY: Final = 8 * 1024 * 1024
_LARGEST_HEADER: Final = 64 * 1024
_THREADS: Final = 8
_SWITCH_SECONDS: Final = 0.002

EXIT_PORT_TAKEN: Final = 3
EXIT_FAILED: Final = 4

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


def main(arguments: list[str]) -> int:
    """Start a detached sandbox and give 0 once it listens, or what kept it from starting.

    `arguments` is one JSON text: state folder, accounts by side, region, wanted port (0 = any).
    """
    config = json.loads(arguments[0])
    os.umask(0o077)
    ready, tell = os.pipe()
    if child := os.fork():
        os.close(tell)
        if os.read(ready, 1):
            return 0
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(ready)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    folder = StateFolder(Path(config["folder"]))
    try:
        with FileLock(folder.lock, timeout=0, mode=0o600):
            return _serve(folder, config, listening=lambda: os.write(tell, b"1"))
    except Timeout:
        sys.stderr.write("another sandbox process holds this state folder\n")
    except XsfnError as error:
        sys.stderr.write(f"{error}\n")
    return EXIT_FAILED


def _serve(folder: StateFolder, config: dict[str, Any], *, listening: Callable[[], object]) -> int:
    previous = folder.read()
    region = config["region"]
    listener = _listen(config["port"], fallback=previous.port if previous else 0)
    if listener is None:
        sys.stderr.write(f"port {config['port']} on {LOOPBACK} is taken\n")
        return EXIT_PORT_TAKEN
    journal, notice = Journal.open(folder.journal)
    ids = {Side(side): account_id for side, account_id in config["accounts"].items()}
    bridge = MotoBridge(frozenset(ids.values()), partition_of(region), journal)
    accounts = {side: _account(bridge, account_id, side, previous) for side, account_id in ids.items()}
    # A run hands over between several threads; at Python's 5 ms each hand-over would be most of its time.
    sys.setswitchinterval(_SWITCH_SECONDS)
    settings = Settings(folder.settings)
    gateway = Gateway(bridge, SessionStore(), Propagation(lambda: settings.propagation_seconds))
    behave_like_aws(bridge.wait_for_end)
    run_tasks_through(TaskClients(gateway))
    running = Running(
        port=listener.getsockname()[1],
        region=region,
        pid=os.getpid(),
        instance=secrets.token_hex(8),
        accounts=accounts,
        notice=notice,
    )
    server = waitress.create_server(
        _application(gateway, running),
        sockets=[listener],
        threads=_THREADS,
        ident=None,
        max_request_body_size=_LARGEST_BODY,
        max_request_header_size=_LARGEST_HEADER,
        connection_limit=256,
        channel_timeout=60,
        clear_untrusted_proxy_headers=True,
    )
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the notebook's cell, not for the sandbox
    folder.write(running)
    listening()
    server.run()  # until `_stop`, whose SystemExit it takes for the wish to end
    server.close()
    journal.close()
    return 0


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit


def _account(bridge: MotoBridge, account_id: str, side: Side, previous: Running | None) -> SandboxAccount:
    """The side's account with its administrator, whose keys outlive restarts and resets: clients made before go on."""
    if key := bridge.administrator_key(account_id, ADMINISTRATOR):
        return SandboxAccount(account_id, *key)
    known = previous.accounts.get(side) if previous else None
    if known is None or known.account_id != account_id:
        known = SandboxAccount(account_id, new_key_id("AKIA"), new_secret())
    bridge.create_administrator(
        account_id,
        user_name=ADMINISTRATOR,
        policy=json_text(_ADMINISTRATOR_ACCESS),
        key_id=known.access_key_id,
        secret=known.secret_access_key,
    )
    return known


def _listen(port: int, *, fallback: int) -> socket.socket | None:
    """A listening socket on the wanted port; without a wish, on the port of last time or any free one."""
    for candidate in (port,) if port else (fallback, 0):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, candidate))
        except OSError:
            listener.close()
            continue
        return listener
    return None


def _application(gateway: Gateway, running: Running) -> Callable[[dict[str, Any], StartResponse], Iterable[bytes]]:
    hosts = frozenset({f"{LOOPBACK}:{running.port}", f"localhost:{running.port}"})
    health = json.dumps({"instance": running.instance}).encode()

    def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        headers = _headers(environ)
        # A page in the reader's browser can send requests here too: it can't forge Host, and can't hide its Origin.
        if headers.get("host") not in hosts or "origin" in headers:
            start_response("403 Forbidden", [("content-type", "text/plain")])
            return [b"This sandbox answers AWS clients on this machine only.\n"]
        if environ["PATH_INFO"] == HEALTH_PATH and environ["REQUEST_METHOD"] == "GET":
            start_response("200 OK", [("content-type", "application/json")])
            return [health]
        answer = gateway.handle(
            HttpRequest(
                method=environ["REQUEST_METHOD"],
                path=environ["PATH_INFO"] or "/",
                query=environ["QUERY_STRING"],
                headers=headers,
                body=environ["wsgi.input"].read(),
            )
        )
        sent = [*answer.headers.items(), ("content-length", str(len(answer.body)))]
        start_response(f"{answer.status} {'OK' if answer.status == 200 else 'Error'}", sent)
        return [answer.body]

    return application


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    for key, name in (("CONTENT_TYPE", "content-type"), ("CONTENT_LENGTH", "content-length")):
        if environ.get(key):
            headers[name] = environ[key]
    return headers


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
