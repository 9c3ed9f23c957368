"""Guests' expressions and patterns end, whatever they are, and keep nobody else waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from tests.support.soak import SOAKING, soaked
from xsfn_helpers.sandbox.guests import evaluator as guests
from xsfn_helpers.sandbox.guests.evaluator import MOST_SECONDS, Evaluator, NotEvaluated

# A machine with much to do is slow, and yet these would take years.
PATIENCE = MOST_SECONDS + 25
A, B = "111111111111", "222222222222"
WITHOUT_END = {
    "a pattern that goes back again and again": f"$contains('{'a' * 40}!', /^(a+)+$/)",
    "one that is replaced": f"$replace('{'a' * 40}!', /(a|a)*$/, 'b')",
    "one that is split at": f"$split('{'a' * 40}!', /(a*)*b/)",
    "a function that calls itself": "($f := function($n){$f($n)}; $f(1))",
    "all memory": "($s := $pad('', 100000000, 'x'); $s & $s & $s & $s & $s & $s & $s & $s & $s & $s & $s & $s & $s)",
    "a range of millions": "$sum($map([1..10000000], function($v){$v}))",
    "a number of digits": "$length($pad('', 4000000000))",
}
# One pattern goes on for ever as another does, whatever is done with what it finds.
ALIKE = ("one that is replaced", "one that is split at")
TRIED = {name: expression for name, expression in WITHOUT_END.items() if SOAKING or name not in ALIKE}


@pytest.fixture(scope="module")
def evaluator() -> Iterator[Evaluator]:
    """Its patience is as for guests in `make soak`, for until then the processor is at work."""
    with pytest.MonkeyPatch.context() as meanwhile:
        meanwhile.setattr(guests, "MOST_SECONDS", soaked(short=1, long=int(MOST_SECONDS)))
        made = Evaluator()
        yield made
        made.close()


@pytest.mark.parametrize("expression", TRIED.values(), ids=TRIED)
def test_what_would_not_end_is_ended_and_others_go_on(evaluator: Evaluator, expression: str) -> None:
    told: list[NotEvaluated] = []
    # One of its processes has answered before, and so needs no time to start.
    assert evaluator.jsonata(A, "2") == 2

    def ask() -> None:
        with pytest.raises(NotEvaluated) as refused:
            evaluator.jsonata(A, expression)
        told.append(refused.value)

    guest = threading.Thread(target=ask)
    idle = len(evaluator._idle)
    began = time.monotonic()
    guest.start()
    try:
        while len(evaluator._idle) == idle and guest.is_alive():
            time.sleep(0.005)
        assert evaluator.jsonata(B, "1 + 1") == 2
    finally:
        guest.join(PATIENCE)
    assert told, "it still goes on"
    assert time.monotonic() - began < PATIENCE
    assert evaluator.jsonata(A, "'and ' & 'again'") == "and again"


def test_one_account_takes_its_share_and_no_more(evaluator: Evaluator) -> None:
    endless = WITHOUT_END["a range of millions"]

    def ask() -> None:
        with pytest.raises(NotEvaluated):
            evaluator.jsonata(A, endless)

    guests = [threading.Thread(target=ask) for _ in range(4)]
    for guest in guests:
        guest.start()
    time.sleep(0.5)
    began = time.monotonic()
    try:
        assert evaluator.matches(B, "(?=.*[0-9])[a-z0-9]+", "abc1")
        assert time.monotonic() - began < MOST_SECONDS
    finally:
        for guest in guests:
            guest.join(4 * PATIENCE)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$hash('a', 'MD5')", "0cc175b9c0f1b6a831c399e269772661"),
        ("$parse('{\"a\":[1,2]}').a", [1, 2]),
        ("$random(7) = $random(7)", True),
        ("$length($uuid())", 36),
        ("$match('ab12', /[0-9]+/).match", "12"),
    ],
)
def test_step_functions_own_functions_are_there(evaluator: Evaluator, expression: str, value: object) -> None:
    assert evaluator.jsonata(A, expression) == value


def test_a_pattern_that_is_none_is_told(evaluator: Evaluator) -> None:
    with pytest.raises(NotEvaluated) as refused:
        evaluator.matches(A, "(", "a")

    assert refused.value.code == "PATTERN"
