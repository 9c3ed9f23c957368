"""No line, however it is made, takes long, much memory or the next line's answer; texts stay short, too."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.iam.support import IDENTITY, allow, asked, decided, document, identity, policy, when
from tests.support.soak import soaked
from xsfn_helpers.iam import Policy, PolicyKind, explain
from xsfn_helpers.iam.jsonlines import MAX_LINE, answer
from xsfn_helpers.iam.policy import MAX_LENGTH
from xsfn_helpers.iam.wildcards import glob, tokens_of

ADA = "arn:aws:iam::111111111111:user/ada"
LONG = "a" * 1_000_000
# An answer takes less than one on a machine of its own; others are slower, and shared.
SECONDS = 3
MEGABYTES = 200


def line(condition: Any = None, context: Any = None, resource: Any = "*", **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": "*", "Resource": resource}
    if condition is not None:
        statement["Condition"] = condition
    request = {
        "principal": ADA,
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/k",
        "resourceAccount": "111111111111",
        "context": context or {},
    }
    return json.dumps({"request": {**request, **more}, "identityPolicies": [document(statement)]})


def with_value(operator: str, *values: str, a: Any = LONG, b: str = "x") -> str:
    return line({operator: {"a": list(values)}}, {"a": a, "b": b})


HOSTILE: dict[str, Callable[[], str]] = {
    **{
        f"a bomb of variables under {name}": lambda name=name: with_value(name, "${a}" * 30_000)  # type: ignore[misc]
        for name in ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "StringNotLike", "Bool")
    },
    "a bomb of variables in an ARN": lambda: with_value(
        "ArnLike", "arn:aws:s3:::" + "${a}" * 29_000, a=f"arn:aws:s3:::{LONG}"
    ),
    "a bomb of variables in a resource": lambda: line(None, {"a": LONG}, "arn:aws:s3:::" + "${a}" * 29_000),
    "variables of nothing": lambda: with_value("StringLike", "${b}" * 30_000 + "*", b=""),
    "variables opened and not closed": lambda: with_value("StringEquals", "${" * 60_000),
    "white space in a variable": lambda: with_value("StringEquals", "${a" + " " * 120_000 + "}"),
    "white space before a default": lambda: with_value("StringEquals", "${a" + " " * 60_000 + "," + " " * 60_000 + "}"),
    **{
        f"many values of a key under many patterns with variables, {name}": lambda name=name, head=head: line(  # type: ignore[misc]
            {f"ForAnyValue:{name}": {"a": [f"{head}*${{aws:username}}?*z{n}" for n in range(600)]}},
            {"a": [f"{head}y{'u' * 9}{n}" for n in range(600)]},
        )
        for name, head in (("StringLike", ""), ("ArnLike", "arn:aws:s3:::"))
    },
    "stars": lambda: with_value("StringLike", "*a" * 60_000 + "*b"),
    "question marks": lambda: with_value("StringLike", "*" + "a?" * 10_000 + "b*"),
    "question marks and rare letters": lambda: with_value(
        "StringLike", "*" + "a?" * 10_000 + "b*", a=("a" * 1_000 + "b") * 1_000
    ),
    "question marks that nearly match": lambda: with_value(
        "StringLike", "*" + ("a?" * 5_000 + "b?") * 3 + "*", a=("a" * 1_001 + "b") * 1_000
    ),
    "question marks alone": lambda: with_value("StringLike", "*" + "?" * 100_000 + "*b"),
    "many patterns": lambda: with_value("StringLike", *(f"*a?b{n}*" for n in range(8_000))),
    "many templates": lambda: with_value("StringLike", *(f"*${{b}}{n}*" for n in range(8_000))),
    "many equal templates": lambda: with_value("StringEquals", *("${a}x"[: 4 + n % 2] for n in range(12_000))),
    "many values under many patterns": lambda: with_value(
        "ForAllValues:StringLike", *(f"*a*b{n}" for n in range(5_000)), a=[f"a{n}" for n in range(50_000)]
    ),
    "many values under many templates": lambda: with_value(
        "ForAnyValue:StringEquals", *(f"${{b}}{n}" for n in range(5_000)), a=[f"a{n}" for n in range(50_000)]
    ),
    "many numbers": lambda: with_value(
        "ForAllValues:NumericLessThan", *(str(n) for n in range(15_000)), a=["9" * 90] * 10_000
    ),
    "many addresses": lambda: with_value(
        "IpAddress", *(f"10.0.{n // 250}.{n % 250}" for n in range(8_000)), a="10.255.0.1"
    ),
    "many dates": lambda: with_value("DateEquals", *(f"2026-01-01T00:00:{n % 60}Z" for n in range(5_000)), a="x"),
    "many keys": lambda: line(None, {f"k{n}": "" for n in range(200_000)}),
    "many resources": lambda: line(None, None, [f"arn:aws:s3:::*?a{n}" for n in range(5_000)]),
    "a long principal": lambda: line(principal=f"arn:aws:iam::111111111111:user/{LONG}"),
    "a long provider": lambda: line(principal="a." * 500_000, action="sts:AssumeRoleWithWebIdentity"),
    "a long action": lambda: line(action=f"s3:{LONG}"),
    "a long resource": lambda: line(resource=f"arn:aws:s3:::{LONG}"),
    "a long unique id": lambda: line(uniqueId=LONG, roleArn=LONG),
    "deep lists": lambda: "[" * 2_000_000,
    "deep objects": lambda: line().replace('"context": {}', '"context": ' + '{"a":' * 200_000 + "1" + "}" * 200_000),
    "commas": lambda: "[" + "," * 2_000_000,
    "a key twice, far behind": lambda: line().replace('"context": {}', f'"context": {{"a": "{LONG}", "a": ""}}'),
    "escapes": lambda: line(None, {"a": "\ud83d\ude00" * 100_000}),
    "blanks": lambda: " " * 4_000_000,
    "too long": lambda: "a" * (MAX_LINE + 1),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_line_is_answered_soon_and_briefly(name: str) -> None:
    text = HOSTILE[name]()
    began = time.process_time()

    found = answer(text)

    assert time.process_time() - began < SECONDS
    assert len(found) < 100_000
    assert set(json.loads(found)) in ({"error"}, {"outcome", "decided_by", "explanation"})


MEASURED = """
import json, resource, sys
from tests.iam.test_bounds import HOSTILE
from xsfn_helpers.iam.jsonlines import answer

texts = [make() for make in HOSTILE.values()]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for text in texts:
    answer(text)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is counted as Linux counts it")
def test_hostile_lines_take_little_memory() -> None:
    run = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, text=True, check=True)

    assert int(run.stdout) < MEGABYTES


PIECES = ("*", "?", "${a}", "${b}", "${", "}", "${c, 'd'}", "a", "ab", "b", ":", "arn:aws:s3:::", " ", ",", "'")


def test_no_pattern_made_at_random_takes_long() -> None:
    rng = random.Random(19)
    for _ in range(soaked(short=60, long=1_500)):
        operator = rng.choice(("StringLike", "StringEquals", "ArnLike", "StringNotLike", "ForAnyValue:StringLike"))
        few = rng.choices(PIECES, k=rng.randint(1, 4))
        pattern = "".join(rng.choices(few, k=rng.randint(1, 20_000)))
        value = "".join(rng.choices(("a", "b", "ab", ":"), k=3)) * rng.choice((1, 100, 100_000))
        text = with_value(operator, pattern, a=value, b=value[:1_000])
        began = time.process_time()

        answer(text)

        assert time.process_time() - began < SECONDS, text[:500]


@pytest.mark.parametrize("letters", ["ab", "aab", "a?b"])
def test_pieces_with_question_marks_stand_where_a_plain_search_finds_them(letters: str) -> None:
    rng = random.Random(letters)
    for _ in range(soaked(short=500, long=20_000)):
        piece = "".join(rng.choices("ab??", k=rng.randint(1, 24)))
        text = "".join(rng.choices("ab", k=rng.randint(0, 60)))
        length = len(piece)
        stands = any(
            all(wanted in ("?", one) for wanted, one in zip(piece, text[at : at + length], strict=True))
            for at in range(len(text) - length + 1)
        )

        assert glob(tokens_of(f"*{piece}*", wildcards=True, variables=False))(text) is stands, (piece, text)


def full_policy() -> Policy:
    """As many statements as there is room for."""
    one = allow("s3:GetObject", "*", **when(StringEquals={"aws:PrincipalTag/t": "x"}))
    return policy(IDENTITY, *([one] * ((MAX_LENGTH - 50) // (len(json.dumps(one)) + 2))))


def test_the_smallest_change_of_a_full_policy_is_found_soon() -> None:
    """None of its statements has room for what is missing, nor the policy for another one."""
    decision = decided(
        asked(ADA, "s3:GetObject", "arn:aws:s3:::b/k", {"aws:PrincipalTag/t": "y" * 6_000}, account="111111111111"),
        identity=(full_policy(),),
    )
    began = time.process_time()

    (edit,) = explain(decision).edits

    assert time.process_time() - began < SECONDS
    assert "remove" in edit.description
    assert Policy.parse(edit.after, kind=PolicyKind.IDENTITY)


def test_a_policy_without_room_gets_another_one_beside_it() -> None:
    one = {"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": "*"}
    filler = [one] * ((MAX_LENGTH - 60) // (len(json.dumps(one)) + 2))
    decision = decided(
        asked(ADA, "s3:GetObject", "arn:aws:s3:::" + "k" * 300, account="111111111111"), identity=identity(*filler)
    )

    (edit,) = explain(decision).edits

    assert edit.before is None
    assert edit.policy == "a new identity-based policy"


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_the_text_of_a_refusal_by_ten_thousand_statements_is_short(effect: str) -> None:
    statements = [
        {"Effect": effect, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{'*' if effect == 'Deny' else n}"}
        for n in range(10_000)
    ]
    policies = [statements[at : at + 800] for at in range(0, len(statements), 800)]
    decision = decided(
        asked(ADA, "s3:GetObject", "arn:aws:s3:::x/k", account="111111111111"),
        identity=tuple(policy(IDENTITY, *some) for some in policies),
    )
    began = time.process_time()

    text = explain(decision).text

    assert time.process_time() - began < SECONDS
    assert len(text) < 20_000
    assert "9988 more statements of this kind" in text


def test_statements_about_other_actions_cost_nothing() -> None:
    """Ten thousand of them, in 13 policies: a request asks only those that could match."""
    policies = tuple(
        policy(IDENTITY, *(allow(f"sqs:Do{n}") for n in range(at, at + 770))) for at in range(0, 10_010, 770)
    )

    def measured(**more: Any) -> float:
        began = time.process_time()
        for _ in range(200):
            decided(asked(ADA, "s3:GetObject", "arn:aws:s3:::x/k", account="111111111111"), **more)
        return (time.process_time() - began) / 200

    many, none = measured(identity=policies), measured()

    assert many - none < 0.000_5


@pytest.mark.parametrize("action", ["s3:GetObject", "S3:getobject", "sqs:SendMessage", "x:y"])
def test_the_index_leaves_out_nothing_that_matches(action: str) -> None:
    rng = random.Random(action)
    actions = (
        "s3:GetObject",
        "S3:GETOBJECT",
        "s3:*",
        "s3:Get*",
        "*",
        "*:*",
        "sqs:Send?essage",
        "iam:GetRole",
    )
    statements = []
    for number in range(200):
        name = rng.choice(("Action", "Action", "Action", "NotAction"))
        statements.append(
            {"Sid": f"N{number}", "Effect": "Allow", name: rng.sample(actions, k=rng.randint(1, 3)), "Resource": "*"}
        )
    parsed = policy(IDENTITY, *statements)
    request = asked(ADA, action, "arn:aws:s3:::x", account="111111111111")

    about = parsed.about(request.action_lower)

    assert [one.sid for one in parsed.statements if one.action_matches(request)] == [
        one.sid for one in about if one.action_matches(request)
    ]
