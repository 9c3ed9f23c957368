"""The sandbox's own process: `python -m xsfn_helpers.sandbox.process.main CONFIG`; `server.Sandbox` starts it."""

from __future__ import annotations

import gc
import json
import logging
import os
import secrets
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO, Final

from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.common.language import ENGLISH, speaking, tr
from xsfn_helpers.sandbox.http import listener
from xsfn_helpers.sandbox.http.wsgi import Front
from xsfn_helpers.sandbox.journal import Journal
from xsfn_helpers.sandbox.process.config import OPERATOR, SUBJECT, SandboxConfig
from xsfn_helpers.sandbox.process.control import Control
from xsfn_helpers.sandbox.process.core import assemble
from xsfn_helpers.sandbox.process.state import LOOPBACK, Running, SandboxFolder

_SWITCH_SECONDS: Final = 0.0005
# After so many new objects; Python would after 700, which is one or two requests.
_LOOK_FOR_GARBAGE: Final = 5000
# A look at the lock by somebody who wonders whether we live takes less.
_LOCK_SECONDS: Final = 1.0
_LISTENING: Final = b"listening"


def main(arguments: list[str]) -> int:
    """Start a detached sandbox; give 0 once it listens, or say on standard output what keeps it from starting.

    `arguments` is one JSON text: state folder, accounts by side, further accounts, region, wanted port (0 = any),
    the address besides loopback (null = as last time), and the language of whoever starts it. What is said is a JSON
    object with a `SandboxError`'s parts.
    """
    config = json.loads(arguments[0])
    os.umask(0o077)
    words, tell = os.pipe()
    if child := os.fork():
        os.close(tell)
        return _relay(words, child)
    os.close(words)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whoever started us waits for the end of standard output
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    with os.fdopen(tell, "wb") as stream, speaking(config["language"]):
        return _run(SandboxFolder(Path(config["folder"])), config, stream)


def _relay(words: int, child: int) -> int:
    with os.fdopen(words, "rb") as stream:
        said = stream.read()
    if said == _LISTENING:
        return 0
    sys.stdout.buffer.write(said)
    os.waitpid(child, 0)
    return 1


def _run(folder: SandboxFolder, config: dict[str, Any], tell: BinaryIO) -> int:
    """The sandbox from its start to its end; it tells when it listens, or why it can't."""
    last = folder.read()
    held = SandboxError(
        tr("A sandbox process holds this state folder, but doesn't answer."),
        where=str(folder.path),
        fix=tr("End it with: kill -9 {pid}", pid=pid) if (pid := folder.holder() or (last.pid if last else 0)) else "",
    )
    try:
        with folder.holding(folder.lock, seconds=_LOCK_SECONDS, otherwise=held):
            with folder.told():
                folder.note_process()
                server, journal = _prepare(folder, config)
            tell.write(_LISTENING)
            tell.close()
            with speaking(ENGLISH):
                server.run()  # until `_stop`, whose SystemExit it takes for the wish to end
            server.close()
            journal.close()
    except SandboxError as error:
        tell.write(json.dumps({"what": error.what, "where": error.where, "fix": error.fix}).encode())
        return 1
    return 0


def _prepare(folder: SandboxFolder, config: dict[str, Any]) -> tuple[listener.Server, Journal]:
    """The accounts as the journal has them, behind a listening server. Raises `SandboxError` or `OSError`."""
    previous = folder.read()
    region = config["region"]
    wanted = config["port"]
    last_port = previous.port if previous else 0
    address, gone = _address(config["address"], previous)
    sockets = listener.listen(wanted, last=last_port, address=address)
    if not sockets:
        raise SandboxError(
            tr("Port {wanted} on {address} is taken by another program.", wanted=wanted, address=address or LOOPBACK),
            where="port",
            fix=tr("Choose another, or leave it out."),
        )
    port = sockets[0].getsockname()[1]
    accounts = config["accounts"]
    core = assemble(folder, SandboxConfig(accounts[OPERATOR], accounts[SUBJECT], region, tuple(config["further"])))
    # A run hands over between several threads; at Python's 5 ms each hand-over would be most of its time, and beside
    # somebody's long work everybody's every step would wait that long.
    sys.setswitchinterval(_SWITCH_SECONDS)
    running = Running(
        port=port,
        region=region,
        pid=os.getpid(),
        instance=secrets.token_hex(16),
        accounts=core.accounts,
        further=core.further,
        address=address,
        notice=" ".join(filter(None, (core.notice, gone, _moved(previous, port, wanted)))),
    )
    core.begin(running)
    control = Control(running, {"add": core.office.add, "empty": core.office.empty})
    # Without its folder, nothing that is accepted is kept.
    server = listener.server(Front(core.gateway, running, control), sockets, folder.lock.exists)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the notebook's cell, not for the sandbox
    folder.write(running)
    # What is there by now stays: to look through all of it for garbage takes a tenth of a second of somebody's call.
    gc.freeze()
    gc.set_threshold(_LOOK_FOR_GARBAGE)
    return server, core.journal


def _address(wanted: str | None, previous: Running | None) -> tuple[str, str]:
    """The address to listen on besides loopback: as wanted, else as last time; and a notice if that one is gone.

    Raises `SandboxError` for a wanted one that this machine doesn't have.
    """
    address = (previous.address if previous else "") if wanted is None else wanted
    if not address or listener.is_ours(address):
        return address, ""
    if wanted is None:
        return "", (
            tr(
                "This machine doesn't have the address {address} any more, so the sandbox is on {loopback} "
                "alone; to let others reach it, stop it and start it with the address that the machine has now.",
                address=address,
                loopback=LOOPBACK,
            )
        )
    raise SandboxError(
        tr("This machine doesn't have the address {address}.", address=address),
        where="address",
        fix=tr("Name one that it has (ip address)."),
    )


def _moved(previous: Running | None, port: int, wanted: int) -> str:
    if previous is None or port == previous.port or wanted:
        return ""
    return tr(
        "Another program has taken the sandbox's port {port}, so it is on port {now} now; labs that "
        "were open must be opened again.",
        port=previous.port,
        now=port,
    )


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
