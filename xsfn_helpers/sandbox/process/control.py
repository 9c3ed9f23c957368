"""The control channel into a running sandbox, for whoever holds its state folder's secret.

A call is proved over a challenge that the sandbox gives out and that is good for one call, so that nobody can make one
without the secret, nor send one again that they saw. The answer is proved, too: whoever else got hold of the port can't
give it.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.common.language import ENGLISH, language, speaking, tr
from xsfn_helpers.sandbox.http.wire import HttpResponse
from xsfn_helpers.sandbox.journal import JournalUnwritable
from xsfn_helpers.sandbox.process.state import LOOPBACK, Running

CONTROL_PATH: Final = "/xsfn/control"
PROOF_HEADER: Final = "x-xsfn-proof"
# Room for some thousand account IDs.
LARGEST_BODY: Final = 64 * 1024
_log = logging.getLogger(__name__)
_JSON: Final = "application/json"
# Emptying a hundred accounts waits for what runs in them to end.
_ANSWER_LIMIT: Final = 60.0
_ATTEMPTS: Final = 5
_CONFLICT: Final = 409
# Calls that may be on their way at once.
_OVERTAKEN: Final = 64

Operation = Callable[[tuple[str, ...]], None]


class Control:
    """The sandbox's end. `operations` are what it can be told to do with accounts, by name."""

    def __init__(self, running: Running, operations: Mapping[str, Operation]) -> None:
        self._running = running
        self._operations = operations
        self._challenge = secrets.token_hex(16)
        self._spent: deque[str] = deque(maxlen=_OVERTAKEN)
        self._lock = threading.Lock()

    def challenge(self) -> str:
        """What the next call must be proved over."""
        return self._challenge

    def answer(self, body: bytes, proof: str) -> HttpResponse:
        """Carry out a call. 403 without the proof, 409 where another call was faster, 413 for too long a body."""
        if len(body) > LARGEST_BODY:
            return HttpResponse(413, b"", {})
        with self._lock:
            challenge = self._challenge
            if not _matches(proof, self._running, "call", challenge, body):
                overtaken = any(_matches(proof, self._running, "call", spent, body) for spent in self._spent)
                return HttpResponse(_CONFLICT if overtaken else 403, b"", {})
            self._spent.append(challenge)
            self._challenge = secrets.token_hex(16)
        said = json.dumps(self._done(body)).encode()
        return HttpResponse(
            200, said, {"content-type": _JSON, PROOF_HEADER: _proof(self._running, "answer", challenge, said)}
        )

    def _done(self, body: bytes) -> dict[str, str]:
        """Empty, or the parts of a `SandboxError`."""
        call = json.loads(body)
        with speaking(call.get("language", ENGLISH)):
            return self._carried_out(call["do"], tuple(call["account_ids"]))

    def _carried_out(self, operation: str, account_ids: tuple[str, ...]) -> dict[str, str]:
        try:
            self._operations[operation](account_ids)
        except SandboxError as error:
            return {"what": error.what, "where": error.where, "fix": error.fix}
        except JournalUnwritable as error:
            what = tr("The sandbox couldn't keep this: {reason}.", reason=error)
            return {"what": what, "fix": tr("Free some disk space, and try again.")}
        except Exception as error:
            _log.exception("%s failed", operation)
            return {
                "what": tr("The sandbox failed at this: {reason}.", reason=repr(error)),
                "fix": tr("Its log says why."),
            }
        return {}


def tell(running: Running, operation: str, account_ids: Iterable[str]) -> None:
    """Let a running sandbox do something with its accounts. Raises `SandboxError` where it can't, or doesn't answer."""
    body = json.dumps({"do": operation, "account_ids": list(account_ids), "language": language()}).encode()
    # Not urllib: a proxy of the user's must take no part.
    connection = http.client.HTTPConnection(LOOPBACK, running.port, timeout=_ANSWER_LIMIT)
    try:
        for _ in range(_ATTEMPTS):
            connection.request("GET", CONTROL_PATH)
            challenge = connection.getresponse().read(100).decode("latin-1").strip()
            connection.request(
                "POST",
                CONTROL_PATH,
                body,
                {PROOF_HEADER: _proof(running, "call", challenge, body), "content-type": _JSON},
            )
            response = connection.getresponse()
            said = response.read()
            if response.status != _CONFLICT:
                break
    except (OSError, http.client.HTTPException) as error:
        raise SandboxError(
            tr("The sandbox doesn't answer: {reason}.", reason=repr(error)),
            fix=tr("See whether it runs: xsfn sandbox status"),
        ) from error
    finally:
        connection.close()
    if response.status != 200 or not _matches(
        response.headers.get(PROOF_HEADER, ""), running, "answer", challenge, said
    ):
        raise SandboxError(
            tr(
                "What answers on port {port} isn't this sandbox (status {status}).",
                port=running.port,
                status=response.status,
            ),
            fix=tr("See whether it runs: xsfn sandbox status"),
        )
    failure: dict[str, Any] = json.loads(said)
    if failure:
        raise SandboxError(**failure)


def _proof(running: Running, what: str, challenge: str, body: bytes) -> str:
    """Over a text that no challenge of the health page can be."""
    return running.proof(f"{what} {challenge} {hashlib.sha256(body).hexdigest()}")


def _matches(proof: str, running: Running, what: str, challenge: str, body: bytes) -> bool:
    return hmac.compare_digest(proof.encode(), _proof(running, what, challenge, body).encode())
