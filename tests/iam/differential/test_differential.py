"""The engine beside an independent one over generated cases; every difference must come from a documented rule.

`make test` has 2,000 of them and `make soak` 20,000.

A failure shows the seed and the number of each case. More cases, or another seed:
`python -m tests.iam.differential --seed 7 --cases 200000`.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.iam.differential.compare import compare, smallest
from tests.iam.differential.explained import EXPLAINED, Explained
from tests.iam.differential.generate import case, cases
from tests.iam.differential.independent import IndependentEngine, NoIndependentEngine, installed
from tests.iam.differential.ours import outcome
from tests.iam.differential.questions import Json
from tests.support.soak import soaked

SEED = 20261124
CASES = soaked(short=2_000, long=20_000)
SHOWN = 5


@pytest.fixture(scope="module")
def engine() -> Iterator[IndependentEngine]:
    try:
        folder = installed()
    except NoIndependentEngine as missing:
        if missing.is_fault and os.environ.get("CI") == "true":
            raise
        pytest.skip(f"THE ENGINE WAS NOT COMPARED WITH AN INDEPENDENT ONE: {missing}")
    running = IndependentEngine(folder)
    yield running
    running.close()


def test_every_difference_comes_from_a_documented_rule(
    engine: IndependentEngine, request: pytest.FixtureRequest
) -> None:
    found = compare(engine, SEED, CASES)

    terminal = request.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None:
        terminal.write_line(f"\n{found}")
    small = [smallest(engine, one) for one in found.unexplained[:SHOWN]]
    assert not small, "\n\n".join(
        f"case {one.number} of seed {SEED}: ours {one.ours}, the other {one.answer.outcome}{one.answer.error}"
        f"{one.answer.ignored or ''}; smallest form:\n{json.dumps(one.question)}"
        for one in small
    )
    assert found.outcomes.total() == CASES
    assert min(found.outcomes.values()) > CASES / 5, "outcomes should come up about equally often"


@pytest.mark.parametrize("rule", EXPLAINED, ids=lambda rule: rule.name)
def test_each_rule_has_a_case_in_which_only_the_rule_makes_the_difference(
    engine: IndependentEngine, rule: Explained
) -> None:
    (answer,) = engine.answers([rule.example])
    rewritten = rule.rewrite(rule.example, answer)
    (answer_to_rewritten,) = engine.answers([rewritten])

    assert outcome(rule.example) == rule.expected
    assert answer.outcome != rule.expected
    assert not answer.error
    assert answer_to_rewritten.outcome == rule.expected
    assert outcome(rewritten) == rule.expected


def test_a_case_depends_on_its_seed_and_number_alone() -> None:
    assert list(cases(SEED, 30))[29] == case(SEED, 29)
    assert case(SEED, 29) != case(SEED + 1, 29)


FEATURES = (
    *(f'"{effect}"' for effect in ("Allow", "Deny")),
    *(f'"{element}": ' for element in ("NotAction", "NotResource", "NotPrincipal", "Condition")),
    r'"Principal": "\*"',
    r'"Principal": \{"AWS": "[0-9]{12}"',
    r'"AWS": "arn:aws:iam::[0-9]{12}:(root|role/|user/)',
    r'"AWS": "arn:aws:sts::[0-9]{12}:assumed-role/',
    r'"Service": ',
    *(
        rf'"(For(All|Any)Values?:)?{name}(IfExists)?": '
        for name in (
            *("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
            *("StringLike", "StringNotLike", "Bool", "BinaryEquals", "IpAddress", "NotIpAddress"),
            *("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null"),
            *(
                f"{family}{comparison}"
                for family in ("Numeric", "Date")
                for comparison in (
                    *("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"),
                )
            ),
        )
    ),
    "IfExists",
    "ForAllValues:",
    "ForAnyValue:",
    r"\$\{[A-Za-z]+:[^,}]*\}",
    r"\$\{[^}]+, '",
    r"\$\{[*?$]\}",
    '"Version": "2008-10-17"',
    r'"resourcePolicy": \{',
    r'"permissionBoundaries": \[\{',
    r'"sessionPolicies": \[\{',
    r'"serviceControlPolicies": \[\[.*\], \[',
    *(f'"action": "{action}' for action in ("sts:AssumeRole", "states:", "iam:PassRole", "s3:", "sqs:")),
    *(
        f'"principal": "{principal}'
        for principal in (
            *("arn:aws:iam::[0-9]+:user", "arn:aws:iam::[0-9]+:role", "arn:aws:iam::[0-9]+:root"),
            *("arn:aws:sts::", "states.amazonaws.com", r"\*"),
        )
    ),
)


def test_cases_mix_every_feature() -> None:
    texts = [json.dumps(question) for question in cases(SEED, 4000)]
    counts = Counter({feature: sum(bool(re.search(feature, text)) for text in texts) for feature in FEATURES})

    assert {feature: count for feature, count in counts.items() if count < 20} == {}
    assert sum(_is_cross_account(question) for question in cases(SEED, 1000)) > 250


def _is_cross_account(question: Json) -> bool:
    principal = question["request"]["principal"].split(":")
    return len(principal) > 4 and principal[4] != question["request"]["resourceAccount"]
