"""The condition operators, one table, and what they make of missing keys and several values.

Sources: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html,
…/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeVar

from xsfn_helpers.common.language import mark
from xsfn_helpers.iam import values as read
from xsfn_helpers.iam.request import Request, Seen
from xsfn_helpers.iam.wildcards import (
    Test,
    Token,
    glob,
    glob_of,
    has_variables,
    literal_of,
    resolve,
    shortest,
    tokens_of,
)

# Does a request's value match any of the policy's values? None: it is no value of this operator's type.
AnyMatch = Callable[[str, Request], bool | None]
Maker = Callable[[Sequence[str], bool], AnyMatch]
T = TypeVar("T")


class Quantifier(StrEnum):
    """The set operator in front of an operator's name."""

    SINGLE = ""
    ALL = "ForAllValues"
    ANY = "ForAnyValue"


class Family(StrEnum):
    STRING = mark("string")
    NUMERIC = mark("numeric")
    DATE = mark("date")
    BOOL = mark("Boolean")
    BINARY = mark("binary")
    IP = mark("IP address")
    ARN = mark("ARN")
    NULL = mark("null check")


@dataclass(frozen=True, slots=True)
class Operator:
    """One row of AWS's table: how to compare, and whether the answer is turned round."""

    name: str
    family: Family
    make: Maker
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """One key under one operator: `{"StringEquals": {"sts:ExternalId": [...]}}`.

    Rules that surprise, with AWS's words:
    a missing key is a mismatch, and a match for negated operators; `IfExists` makes it a match, also together
    with a set operator; `ForAllValues` is true and `ForAnyValue` false for a missing or empty key; several
    values in the request need a set operator (without one nothing matches, negated or not); a value that isn't
    of the operator's type never matches, negated or not; a policy variable without a value equals nothing;
    `ForAllValues:Null` always holds and `ForAnyValue:Null` never does
    (docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html, "Null with qualifier").
    """

    spelled: str
    key: str
    values: tuple[str, ...]
    operator: Operator
    quantifier: Quantifier
    if_exists: bool
    any_match: AnyMatch = field(repr=False)
    key_lower: str = field(repr=False)

    def holds(self, request: Request) -> bool:
        seen = request.seen(self.key_lower)
        if self.operator.family is Family.NULL:
            if self.quantifier is not Quantifier.SINGLE:
                return self.quantifier is Quantifier.ALL
            return self.any_match("true" if seen is None else "false", request) is True
        if seen is None:
            return self._when_missing()
        if self.quantifier is Quantifier.SINGLE:
            if isinstance(seen, tuple):
                if len(seen) != 1:
                    return False
                seen = seen[0]
            return self._value_matches(seen, request)
        return self._set_matches((seen,) if isinstance(seen, str) else seen, request)

    def _when_missing(self) -> bool:
        if self.if_exists or self.quantifier is Quantifier.ALL:
            return True
        return self.operator.negated and self.quantifier is Quantifier.SINGLE

    def _set_matches(self, seen: tuple[str, ...], request: Request) -> bool:
        if seen == ("",):
            # "key values that resolve to a null data set, such as an empty string"
            return self.quantifier is Quantifier.ALL
        if (pairs := len(seen) * len(self.values)) > _MANY_PAIRS:
            # A pattern with variables is made anew for each value.
            anew = any("${" in value for value in self.values)
            request.spend(pairs * (_STEPS_OF_A_PAIR_MADE_ANEW if anew else _STEPS_OF_A_PAIR))
        if self.quantifier is Quantifier.ALL:
            return all(self._value_matches(value, request) for value in seen)
        return any(self._value_matches(value, request) for value in seen)

    def _value_matches(self, value: str, request: Request) -> bool:
        if (steps := len(value) * len(self.values)) > _WORTH_COUNTING:
            request.spend(steps)
        matched = self.any_match(value, request)
        return matched is not None and matched is not self.operator.negated

    def missing(self, request: Request) -> bool:
        """Whether the request has no such key, as opposed to another value."""
        return request.seen(self.key_lower) is None

    def seen(self, request: Request) -> Seen:
        return request.seen(self.key_lower)


_WORTH_COUNTING: Final = 100_000
_MANY_PAIRS: Final = 1_000
_STEPS_OF_A_PAIR: Final = 100
_STEPS_OF_A_PAIR_MADE_ANEW: Final = 20_000


def _string_equals(policy_values: Sequence[str], variables: bool) -> AnyMatch:
    return _equals(policy_values, variables, str)


def _string_equals_ignore_case(policy_values: Sequence[str], variables: bool) -> AnyMatch:
    return _equals(policy_values, variables, str.lower)


def _equals(policy_values: Sequence[str], variables: bool, fold: Callable[[str], str]) -> AnyMatch:
    tokens = [tokens_of(value, wildcards=False, variables=variables) for value in policy_values]
    fixed = frozenset(fold(literal_of(one)) for one in tokens if not has_variables(one))
    templates = [one for one in tokens if has_variables(one)]
    if not templates:
        return lambda value, request: fold(value) in fixed

    def test(value: str, request: Request) -> bool:
        folded = fold(value)
        if folded in fixed:
            return True
        return any(_resolves_to(folded, one, request, fold) for one in templates)

    return test


def _resolves_to(folded: str, tokens: Sequence[Token], request: Request, fold: Callable[[str], str]) -> bool:
    """Whether the tokens' text with its variables' values is this one; joined only if it can be."""
    resolved = resolve(tokens, request)
    # Lower case never has fewer letters.
    return resolved is not None and shortest(resolved) <= len(folded) and fold(literal_of(resolved)) == folded


def _string_like(policy_values: Sequence[str], variables: bool) -> AnyMatch:
    tokens = [tokens_of(value, wildcards=True, variables=variables) for value in policy_values]
    fixed = [glob(one) for one in tokens if not has_variables(one)]
    templates = [one for one in tokens if has_variables(one)]

    def test(value: str, request: Request) -> bool:
        return any(matches(value) for matches in fixed) or any(
            resolved is not None and glob_of(resolved, value)
            for resolved in (resolve(one, request) for one in templates)
        )

    return test


_ARN_PARTS: Final = 6


def _arn_like(policy_values: Sequence[str], variables: bool) -> AnyMatch:
    """ArnEquals and ArnLike behave identically: six parts, each with its own wildcards, case-sensitive.

    Variables get their values first, so one may stand for a whole ARN.
    """
    tokens = [tokens_of(value, wildcards=True, variables=variables) for value in policy_values]
    fixed = [_arn_parts(one) for one in tokens if not has_variables(one)]
    templates = [one for one in tokens if has_variables(one)]

    def test(value: str, request: Request) -> bool | None:
        texts = value.split(":", _ARN_PARTS - 1)
        if len(texts) != _ARN_PARTS:
            return None
        # A template too long for this value can't match it, whether or not it makes an ARN.
        resolved = [one for one in (resolve(one, request) for one in templates) if one is not None]
        fitting = [one for one in resolved if shortest(one) <= len(value) or not _is_arn(one)]
        patterns = [*fixed, *(_arn_parts(one) if shortest(one) <= len(value) else None for one in fitting)]
        if any(pattern is not None and _each_matches(pattern, texts) for pattern in patterns):
            return True
        return None if None in patterns else False

    return test


def _is_arn(tokens: Iterable[Token]) -> bool:
    """Whether there are colons enough for six parts."""
    left = _ARN_PARTS - 1
    for token in tokens:
        if isinstance(token, str):
            left -= token.count(":")
        if left <= 0:
            return True
    return False


def _arn_parts(tokens: Iterable[Token]) -> list[Test] | None:
    """A test for each of the six parts; None for a pattern that isn't an ARN's."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if isinstance(token, str):
            first, *others = token.split(":", _ARN_PARTS - len(parts))
            parts[-1].append(first)
            parts += [[other] for other in others]
        else:
            parts[-1].append(token)
    return [glob(part) for part in parts] if len(parts) == _ARN_PARTS else None


def _each_matches(pattern: Iterable[Test], texts: Iterable[str]) -> bool:
    return all(matches(text) for matches, text in zip(pattern, texts, strict=True))


def _typed(reader: Callable[[str], T | None], compare: Callable[[T, T], bool]) -> Maker:
    """An operator on typed values; `compare(request's, policy's)`."""

    def make(policy_values: Sequence[str], variables: bool) -> AnyMatch:
        wanted = [reader(value) for value in policy_values]
        readable = [one for one in wanted if one is not None]
        unreadable = len(readable) != len(wanted)

        def test(value: str, request: Request) -> bool | None:
            given = reader(value)
            if given is None:
                return None
            if any(compare(given, one) for one in readable):
                return True
            return None if unreadable else False

        return test

    return make


def _bool(policy_values: Sequence[str], variables: bool) -> AnyMatch:
    equals = _string_equals_ignore_case(policy_values, variables)
    return lambda value, request: None if read.boolean(value) is None else equals(value, request)


def _in_network(policy_values: Sequence[str], variables: bool) -> AnyMatch:
    networks = [read.network(value) for value in policy_values]
    readable = [one for one in networks if one is not None]
    unreadable = len(readable) != len(networks)

    def test(value: str, request: Request) -> bool | None:
        given = read.address(value)
        if given is None:
            return None
        if any(given in one for one in readable):
            return True
        return None if unreadable else False

    return test


def _number(compare: Callable[[Decimal, Decimal], bool]) -> Maker:
    return _typed(read.number, compare)


def _instant(compare: Callable[[int, int], bool]) -> Maker:
    return _typed(read.instant, compare)


def _comparisons(prefix: str, family: Family, maker: Callable[[Callable[..., bool]], Maker]) -> list[Operator]:
    return [
        Operator(f"{prefix}Equals", family, maker(operator.eq)),
        Operator(f"{prefix}NotEquals", family, maker(operator.eq), negated=True),
        Operator(f"{prefix}LessThan", family, maker(operator.lt)),
        Operator(f"{prefix}LessThanEquals", family, maker(operator.le)),
        Operator(f"{prefix}GreaterThan", family, maker(operator.gt)),
        Operator(f"{prefix}GreaterThanEquals", family, maker(operator.ge)),
    ]


_ALL: Final = (
    Operator("StringEquals", Family.STRING, _string_equals),
    Operator("StringNotEquals", Family.STRING, _string_equals, negated=True),
    Operator("StringEqualsIgnoreCase", Family.STRING, _string_equals_ignore_case),
    Operator("StringNotEqualsIgnoreCase", Family.STRING, _string_equals_ignore_case, negated=True),
    Operator("StringLike", Family.STRING, _string_like),
    Operator("StringNotLike", Family.STRING, _string_like, negated=True),
    *_comparisons("Numeric", Family.NUMERIC, _number),
    *_comparisons("Date", Family.DATE, _instant),
    Operator("Bool", Family.BOOL, _bool),
    Operator("BinaryEquals", Family.BINARY, _typed(read.octets, operator.eq)),
    Operator("IpAddress", Family.IP, _in_network),
    Operator("NotIpAddress", Family.IP, _in_network, negated=True),
    Operator("ArnEquals", Family.ARN, _arn_like),
    Operator("ArnLike", Family.ARN, _arn_like),
    Operator("ArnNotEquals", Family.ARN, _arn_like, negated=True),
    Operator("ArnNotLike", Family.ARN, _arn_like, negated=True),
    Operator("Null", Family.NULL, _string_equals_ignore_case),
)
OPERATORS: Final = {one.name.lower(): one for one in _ALL}
_IF_EXISTS: Final = "ifexists"


def parse_operator(spelled: str) -> tuple[Operator, Quantifier, bool] | None:
    """What `ForAnyValue:StringLikeIfExists` is made of; None for an operator that AWS doesn't have."""
    prefix, colon, name = spelled.lower().rpartition(":")
    quantifier = _QUANTIFIERS.get(prefix) if colon else Quantifier.SINGLE
    if quantifier is None:
        return None
    found = OPERATORS.get(name)
    if found is not None:
        return found, quantifier, False
    if name.endswith(_IF_EXISTS):
        found = OPERATORS.get(name.removesuffix(_IF_EXISTS))
        if found is not None and found.family is not Family.NULL:
            return found, quantifier, True
    return None


_QUANTIFIERS: Final = {"forallvalues": Quantifier.ALL, "foranyvalue": Quantifier.ANY}


def make_condition(
    spelled: str,
    parsed: tuple[Operator, Quantifier, bool],
    key: str,
    policy_values: Sequence[str],
    *,
    variables: bool,
) -> Condition:
    found, quantifier, if_exists = parsed
    return Condition(
        spelled=spelled,
        key=key,
        values=tuple(policy_values),
        operator=found,
        quantifier=quantifier,
        if_exists=if_exists,
        any_match=found.make(policy_values, variables and found.family in _WITH_VARIABLES),
        key_lower=key.lower(),
    )


# Policy variables count in string, ARN and Boolean comparisons, nowhere else.
_WITH_VARIABLES: Final = frozenset({Family.STRING, Family.ARN, Family.BOOL})
