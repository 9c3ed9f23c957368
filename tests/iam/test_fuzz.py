"""Broken and hostile documents: a clear error each, no crash, no hang, nothing decided by accident."""

import json
import random
import string
import time
from typing import Any

import pytest

from tests.iam.support import ADA, IDENTITY, SUBJECT_MACHINE, TRUST, allow, asked, decided, document, trusts, when
from tests.support.soak import soaked
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.iam import Policy, PolicyError, PolicyKind, explain, lint

MANY = soaked(short=300, long=1_500)
SCENARIO = Scenario()
SEEDS = (
    json_text(documents.execute_role_trust(SCENARIO)),
    json_text(documents.execute_role_permissions(SCENARIO)),
    json.dumps(
        document(
            allow(
                ["s3:*"],
                ["arn:aws:s3:::${aws:username}/*", "*"],
                **when(ForAnyValue_StringLike={"aws:TagKeys": ["a*"]}),
            ),
            trusts({"AWS": ["*", "111111111111"]}, **when(DateLessThan={"aws:CurrentTime": "2026-11-24T00:00:00Z"})),
        )
    ),
)
ODD = [
    None, True, False, 0, -1, 1.5, 1e308, 10**40, "", "*", "?", "${", "${}", "${*}", "}", "Allow", "arn:aws:::::",
    "\x00", "é", "\U0001f600", "x" * 3_000, [], {}, [[]], [{}], {"": ""}, ["*", 1], {"AWS": "*"}, {"AWS": {}},
    {"StringEquals": {"": ""}},
]  # fmt: skip
PLACES = ("Version", "Statement", "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource",
          "NotResource", "Condition", "Id", "AWS", "Service", "StringEquals", "Null", "x")  # fmt: skip


def handle(text: Any) -> str:
    """Parse as every kind, and use what parses: decide, explain and lint must then work as well."""
    said = ""
    for kind in PolicyKind:
        try:
            parsed = Policy.parse(text, kind=kind)
        except PolicyError as error:
            said = check(error, text)
        else:
            lint(parsed)
            layer = {IDENTITY: {"identity": (parsed,)}, TRUST: {"resource": parsed}}.get(kind)
            if layer:
                assert explain(decided(asked(ADA), **layer)).text
    return said


def check(error: PolicyError, text: Any) -> str:
    """An error says what and, for a text, points into it."""
    assert error.code
    assert error.message or error.detail
    if isinstance(text, str) and error.line is not None:
        assert 1 <= error.line <= text.count("\n") + 1
        assert 1 <= (error.column or 0) <= len(text.split("\n")[error.line - 1]) + 1
    return str(error)


def mutated(rng: random.Random, text: str) -> str:
    """The text with a few characters dropped, doubled, swapped or made up."""
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(text) + 1)
        some = rng.choice(
            ('"', "{", "}", "[", "]", ",", ":", "\\", "\n", "\\u00", "null", rng.choice(string.printable))
        )
        match rng.randrange(4):
            case 0:
                text = text[:at] + text[at + rng.randint(1, 30) :]
            case 1:
                text = text[:at] + some + text[at:]
            case 2:
                text = text[:at] + some + text[at + 1 :]
            case _:
                text = text[:at] + text[rng.randrange(len(text) + 1) :][:40] + text[at:]
    return text


def strange(rng: random.Random, value: Any, depth: int = 0) -> Any:
    """The value with parts replaced by odd ones, and names moved about."""
    if rng.random() < 0.12:
        return rng.choice(ODD)
    if isinstance(value, dict) and depth < 6:
        return {
            (rng.choice(PLACES) if rng.random() < 0.06 else key): strange(rng, one, depth + 1)
            for key, one in value.items()
            if rng.random() > 0.04
        }
    if isinstance(value, list) and depth < 6:
        return [strange(rng, one, depth + 1) for one in value for _ in range(rng.choice((1, 1, 1, 2)))]
    return value


def test_broken_texts():
    rng = random.Random(20261124)
    for _ in range(MANY):
        handle(mutated(rng, rng.choice(SEEDS)))


def test_strange_values():
    rng = random.Random(20261124)
    for _ in range(MANY):
        value = strange(rng, json.loads(rng.choice(SEEDS)))
        handle(value)
        handle(json.dumps(value))


def test_random_bytes_as_text():
    rng = random.Random(20261124)
    for _ in range(MANY // 5):
        handle(rng.randbytes(rng.randint(0, 200)).decode("latin-1"))


BIG = 130_000


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("deep lists", "[" * BIG),
        ("deep objects", '{"Statement":' * 10_000),
        ("deep but closed", "[" * 60_000 + "]" * 60_000),
        ("a long text", json.dumps("x" * BIG)),
        ("a long broken text", '"' + "x" * BIG),
        ("many statements", json.dumps(document(*[{"Effect": "Allow", "Action": "*", "Resource": "*"}] * 2_000))),
        ("many actions", json.dumps(document(allow([f"s3:*a*b*{n}" for n in range(7_000)])))),
        ("many keys", json.dumps(document(allow(**when(StringLike={f"k{n}": "*a*" for n in range(5_000)}))))),
        ("many operators", "[" + ",".join(["1"] * 60_000) + "]"),
        ("a huge number", '{"Version": ' + "9" * BIG + "}"),
        ("a huge exponent", '{"Version": 1e' + "9" * 1_000 + "}"),
        ("not finished", '{"Version": "2012-10-17", "Statement": [' + "{}," * 30_000),
        ("backslashes", '"' + "\\" * BIG),
        ("escapes", '"' + "\\u0041" * 20_000 + '"'),
        ("surrogates", '"' + "\\ud83d\\ude00" * 10_000 + "\\ud83d" + '"'),
        ("white space", " " * BIG),
        ("lines", "\n" * BIG),
        ("zeros", "\x00" * BIG),
        ("a raw surrogate", '{"Version": "\ud800"}'),
    ],
)
def test_hostile_texts_are_answered_at_once(name, text):
    began = time.process_time()

    handle(text)

    assert time.process_time() - began < 6, name


@pytest.mark.parametrize("length", [131_073, 10_000_000])
def test_texts_beyond_the_length_are_refused_unread(length):
    began = time.process_time()

    assert "131072" in handle("[" * length)
    assert time.process_time() - began < 0.5


BOMB = "*a" * 2_000 + "*b"


@pytest.mark.parametrize(
    "statement",
    [
        allow(f"s3:{BOMB}"),
        allow("states:*", f"arn:aws:states:*:*:{BOMB}"),
        allow("states:*", f"arn:{BOMB}:*:*:*:*"[:100]),
        allow("states:*", "arn:aws:states:*:*:" + "*a?" * 3_000 + "b"),
        allow("states:*", "*", **when(StringLike={"aws:PrincipalTag/x": [BOMB] * 3})),
        allow("states:*", "*", **when(ArnLike={"aws:SourceArn": f"arn:{BOMB}:*:*:*:{BOMB}"})),
        allow("states:*", "*", **when(StringLike={"aws:PrincipalTag/x": "*${aws:PrincipalTag/x}*" * 50 + "b"})),
    ],
)
def test_wildcard_bombs_take_no_time(statement):
    """`*a*a*a*…b` against `aaaa…` sends a backtracking matcher to the end of the world."""
    try:
        parsed = Policy.parse(document(statement), kind=IDENTITY)
    except XsfnError:
        return
    long = "a" * 3_000
    request = asked(
        ADA,
        "states:StartExecution",
        SUBJECT_MACHINE + long,
        {"aws:PrincipalTag/x": long, "aws:SourceArn": f"arn:{long}:{long}:a:a:{long}"},
    )
    began = time.process_time()

    decided(request, identity=(parsed,))

    assert time.process_time() - began < 1
