"""What AWS accepts although it means trouble: warnings, each with its place in the text and its source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from xsfn_helpers.common.json_text import Path, deepest_known, place_at
from xsfn_helpers.common.language import tr
from xsfn_helpers.iam.grammar import CURRENT_VERSION, OLD_VERSION
from xsfn_helpers.iam.kinds import PolicyKind
from xsfn_helpers.iam.lint_rules import GUIDE, RULES, View
from xsfn_helpers.iam.policy import Policy


@dataclass(frozen=True, slots=True)
class PolicyWarning:
    """One finding: the rule's id, what it means here, what to do, where the rule comes from, and the place."""

    rule: str
    message: str
    fix: str
    source: str
    policy: str
    line: int
    column: int

    def __str__(self) -> str:
        return tr(
            "{policy}, line {line}, column {column}: {message} {fix} [{rule}]",
            policy=self.policy,
            line=self.line,
            column=self.column,
            message=self.message,
            fix=self.fix,
            rule=self.rule,
        )


def lint(policy: Policy, *, region: str | None = None) -> tuple[PolicyWarning, ...]:
    """The policy's warnings, in the order of the text.

    `region` is where the policy's role is used; given, ARNs of Step Functions in other regions are pointed out.
    """
    document = policy.document
    listed = isinstance(document["Statement"], list)
    found: list[tuple[int, PolicyWarning]] = []
    text = policy.text
    for statement in policy.statements:
        base: Path = ("Statement", statement.index) if listed else ("Statement",)
        given = document["Statement"][statement.index] if listed else document["Statement"]
        view = View(policy, statement, given, region)
        for rule in RULES:
            for path, message, fix in rule.check(view):
                key_at, value_at = deepest_known(text, (*base, *path))
                offset = key_at if rule.at_key else value_at
                place = place_at(text, offset)
                warning = PolicyWarning(rule.id, message, fix, rule.source, policy.title, place.line, place.column)
                found.append((offset, warning))
    found += _of_the_whole(policy, text)
    return tuple(warning for _, warning in sorted(found, key=lambda one: one[0]))


# LimitExceeded: "Cannot exceed quota for ACLSizePerRole: 2048"; white space isn't counted.
TRUST_QUOTA: Final = 2_048


def _of_the_whole(policy: Policy, text: str) -> Iterator[tuple[int, PolicyWarning]]:
    size = len("".join(text.split()))
    if policy.kind is PolicyKind.TRUST and size > TRUST_QUOTA:
        yield (
            0,
            PolicyWarning(
                "trust-policy-size",
                tr(
                    "The trust policy has {size} characters without white space; the default quota is {trust_quota}.",
                    size=size,
                    trust_quota=TRUST_QUOTA,
                ),
                tr("Shorten it, or have the quota raised."),
                f"{GUIDE}/reference_iam-quotas.html",
                policy.title,
                1,
                1,
            ),
        )
    if policy.kind.is_identity_based and policy.version == OLD_VERSION:
        yield (
            0,
            PolicyWarning(
                "old-version",
                tr('IAM takes no new policy in this version: "Policy document must be version 2012-10-17 or greater."'),
                tr('Write "Version": "{version}".', version=CURRENT_VERSION),
                f"{GUIDE}/reference_policies_elements_version.html",
                policy.title,
                1,
                1,
            ),
        )
