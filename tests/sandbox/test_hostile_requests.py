"""Mutated requests, many of them: nobody gets in, nothing falls over, no internal page is shown.

`make test` sends some hundreds and `make soak` 10,000; HOSTILE=n in the environment sends that many,
HOSTILE_SEED=n others.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable

from tests.sandbox.raw_http import CALLER_IDENTITY, request_bytes, send, signed
from tests.support.soak import soaked
from xsfn_helpers.sandbox.process.server import Sandbox

COUNT = int(os.environ.get("HOSTILE", "0")) or soaked(short=400, long=10_000)
SEED = int(os.environ.get("HOSTILE_SEED", "1"))

Mutation = Callable[[random.Random, bytes], bytes]


def _flip(chance: random.Random, data: bytes) -> bytes:
    """Other bytes in one to four places."""
    mutated = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        mutated[chance.randrange(len(mutated))] = chance.randrange(256)
    return bytes(mutated)


def _cut(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data))]


def _insert(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + chance.randbytes(chance.randint(1, 40)) + data[at:]


def _swap_lines(chance: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\r\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\r\n".join(lines)


def _repeat_line(chance: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\r\n")
    line = chance.choice(lines)
    lines.insert(chance.randint(0, len(lines)), line * chance.choice((1, 1, 50)))
    return b"\r\n".join(lines)


def _drop_line(chance: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\r\n")
    del lines[chance.randrange(len(lines))]
    return b"\r\n".join(lines)


def _add_header(chance: random.Random, data: bytes) -> bytes:
    header = chance.choice(
        (
            b"Transfer-Encoding: chunked",
            b"Expect: 100-continue",
            b"Content-Length: 999999999999",
            b"Content-Length: -1",
            b"X-Amz-Target: AWSStepFunctions.ListStateMachines",
            b"x-moto-account-id: 222222222222",
            b"Upgrade: websocket",
            b"Authorization: AWS4-HMAC-SHA256 Credential=x",
            b"X_Amz_Date: 20000101T000000Z",
            b"X-Amz-Security-Token: nobody",
        )
    )
    first, _, rest = data.partition(b"\r\n")
    return first + b"\r\n" + header + b"\r\n" + rest


def _other_line(chance: random.Random, data: bytes) -> bytes:
    line = chance.choice(
        (
            b"GET / HTTP/1.1",
            b"POST /moto-api/reset HTTP/1.1",
            b"POST //?%00 HTTP/1.1",
            b"POST /../../etc/passwd HTTP/1.1",
            b"OPTIONS * HTTP/1.1",
            b"PRI * HTTP/2.0",
            b"POST / HTTP/9.9",
            b"CONNECT 127.0.0.1:80 HTTP/1.1",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        )
    )
    return line + b"\r\n" + data.partition(b"\r\n")[2]


MUTATIONS: tuple[Mutation, ...] = (
    _flip,
    _cut,
    _insert,
    _swap_lines,
    _repeat_line,
    _drop_line,
    _add_header,
    _other_line,
)


def test_mutated_requests_find_no_way_in_and_break_nothing(sandbox: Sandbox) -> None:
    chance = random.Random(SEED)
    statuses: Counter[int] = Counter()
    faults: list[bytes] = []
    for number in range(COUNT):
        if number % 500 == 0:
            valid = request_bytes(signed(sandbox), CALLER_IDENTITY)  # a signature is good for five minutes
        mutated = valid
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            mutated = chance.choice(MUTATIONS)(chance, mutated or valid) or valid
        answer = send(sandbox, mutated)
        statuses[answer.status] += 1
        if (answer.status >= 500 and answer.status != 501) or b"Traceback" in answer.body:
            faults.append(mutated)
        if answer.status == 200 and not _still_signed(answer.body):
            faults.append(mutated)

    assert faults == []
    assert send(sandbox, request_bytes(signed(sandbox), CALLER_IDENTITY)).status == 200
    print(f"{COUNT} hostile requests, answered: {dict(sorted(statuses.items()))}")  # noqa: T201
    assert statuses.total() == COUNT
    assert statuses[403] > COUNT / 20


def _still_signed(body: bytes) -> bool:
    """A mutation outside what is signed leaves a good request, which is answered with the caller's own name."""
    return b"<Arn>arn:aws:iam::111111111111:user/administrator</Arn>" in body
