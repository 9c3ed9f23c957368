"""Long definitions, parsed by a process of their own: moto's parser takes a minute for the longest that AWS takes.

Run as a program, this is that process: the definition on standard input, what came of it on standard output.
"""

from __future__ import annotations

import os
import pickle
import resource
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.guests.own_process import answered_apart
from xsfn_helpers.sandbox.guests.shares import Share
from xsfn_helpers.sandbox.guests.turns import aside

_MOST_SECONDS: Final = 240.0
_MEMORY: Final = 2 * 1024 * 1024 * 1024
_NESTED: Final = 20_000
# How many are parsed at a time, of one account and in all; and how many may wait for that, each in a thread.
_AT_A_TIME: Final = Share(each=1, few=1, in_all=3)
_ASKED: Final = Share(each=4, few=1, in_all=48)
_PATIENCE: Final = 300.0
_FOR_EVER: Final = float(threading.TIMEOUT_MAX)


@dataclass(frozen=True, slots=True)
class _Whose:
    account_id: str = ""
    # An execution that has begun can't be refused any more.
    is_running: bool = False


_whose: ContextVar[_Whose] = ContextVar("whose definitions are parsed in this thread", default=_Whose())  # noqa: B039


class TooLong(Exception):
    """A definition that couldn't be parsed for its length."""


@contextmanager
def definitions_of(account_id: str, *, is_running: bool = False) -> Iterator[None]:
    """What is parsed meanwhile in this thread is this account's."""
    token = _whose.set(_Whose(account_id, is_running))
    try:
        yield
    finally:
        _whose.reset(token)


def parse_elsewhere(definition: str) -> Any:
    """What moto's parser makes of it. Raises what it raises, `TooLong`, or `Refusal` where the account has too many."""
    whose = _whose.get()
    throttled = Refusal("ThrottlingException", "Rate exceeded")
    asked = nullcontext() if whose.is_running else _ASKED.taken(whose.account_id, throttled)
    patience = _FOR_EVER if whose.is_running else _PATIENCE
    with asked, aside(), _AT_A_TIME.taken(whose.account_id, throttled, patience=patience):
        told = _told(definition)
    program, complaint = _unpickled(told)
    if complaint:
        raise ValueError(complaint)
    # The tree, which nobody asks for afterwards, stays there.
    return program, None


def _told(definition: str) -> bytes:
    try:
        answer = answered_apart(__name__, definition.encode(), seconds=_MOST_SECONDS)
    except TimeoutError:
        raise TooLong(f"it takes more than {_MOST_SECONDS:.0f} s to parse") from None
    if answer is None:
        raise TooLong("it takes more memory to parse than there is")
    return answer


def _unpickled(told: bytes) -> tuple[Any, str]:
    # Of our own program, which makes it of moto's classes; the definition's author chooses nothing but their values.
    found: tuple[Any, str] = pickle.loads(told)  # noqa: S301
    return found


def main() -> None:
    """Parse the definition on standard input as the sandbox would, and tell what came of it."""
    from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
    from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

    from xsfn_helpers.sandbox.guests.evaluator import Evaluator
    from xsfn_helpers.sandbox.moto_bridge.running import behave_like_aws

    os.nice(5)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    behave_like_aws(lambda _arn, _seconds: True, Evaluator())
    CustomErrorName.__init__ = ErrorName.__init__
    sys.setrecursionlimit(_NESTED)
    definition = sys.stdin.buffer.read().decode()
    try:
        program, complaint = AmazonStateLanguageParser.parse(definition)[0], ""
    except Exception as error:
        program, complaint = None, str(error) or repr(error)
    sys.stdout.buffer.write(pickle.dumps((program, complaint)))


if __name__ == "__main__":
    main()
