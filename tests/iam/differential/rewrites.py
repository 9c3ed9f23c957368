"""Cases written anew so that a rule which the independent engine gets wrong can't be got wrong.

By AWS's documentation each rewritten case asks exactly what the first one asked; explained.py has the words for it.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from tests.iam.differential.independent import Answer
from tests.iam.differential.questions import (
    Json,
    Values,
    copied,
    listed,
    parts_of,
    replace_variables,
    seen,
    statements_of,
    with_conditions,
    with_resources,
)

Rewrite = Callable[[Json, Answer], Json]
# A character that is in no generated text: what holds it equals nothing, and matches only a bare wildcard.
_NOTHING: Final = "§"
_NO_ARN: Final = "arn:§:§:§:§:§"
_CURRENT: Final = "2012-10-17"
_LAST_MOMENT: Final = 253_402_300_799  # the end of the year 9999


def literal_in_old_versions(question: Json, _: Answer) -> Json:
    def resource(kind: str, version: str, text: str) -> str:
        return text if version == _CURRENT else text.replace("${", f"{_NOTHING}{{")

    def condition(operator: str, key: str, values: Values) -> tuple[str, Values]:
        return operator, [value.replace("${", f"{_NOTHING}{{") for value in values]

    return with_conditions(with_resources(question, resource), condition, version="2008-10-17")


def without_valueless_variables(question: Json, _: Answer) -> Json:
    def replacement(key: str, default: str | None) -> str | None:
        return _NOTHING if key not in "*?$" and default is None and _single(question, key) is None else None

    def condition(operator: str, key: str, values: Values) -> tuple[str, Values]:
        if not _takes_variables(operator):
            return operator, values
        new = [replace_variables(value, replacement) for value in values]
        if parts_of(operator)[1].startswith("arn"):
            new = [_NO_ARN if value != old else value for value, old in zip(new, values, strict=True)]
        return operator, new

    def resource(kind: str, version: str, text: str) -> str:
        return replace_variables(text, replacement) if version == _CURRENT else text

    return with_conditions(with_resources(question, resource), condition, version=_CURRENT)


def without_if_exists_for_any_value(question: Json, _: Answer) -> Json:
    def condition(operator: str, key: str, values: Values) -> tuple[str, Values] | None:
        quantifier, _, if_exists = parts_of(operator)
        if quantifier == "foranyvalue" and if_exists and seen(question, key) is None:
            return None
        return operator, values

    return with_conditions(question, condition)


def one_value_is_single(question: Json, _: Answer) -> Json:
    def condition(operator: str, key: str, values: Values) -> tuple[str, Values]:
        quantifier, name, _ = parts_of(operator)
        if isinstance(value := seen(question, key), list) and len(value) == 1 and not quantifier and name != "null":
            operator = f"ForAnyValue:{operator}"
        return operator, values

    def replacement(key: str, default: str | None) -> str | None:
        value = seen(question, key)
        return value[0] if isinstance(value, list) and len(value) == 1 else None

    def in_condition(operator: str, key: str, values: Values) -> tuple[str, Values]:
        if not _takes_variables(operator):
            return operator, values
        return operator, [replace_variables(value, replacement) for value in values]

    def in_resource(kind: str, version: str, text: str) -> str:
        return replace_variables(text, replacement) if version == _CURRENT else text

    replaced = with_conditions(with_resources(question, in_resource), in_condition, version=_CURRENT)
    return with_conditions(replaced, condition)


def plain_specials(question: Json, _: Answer) -> Json:
    def replacement(key: str, default: str | None) -> str | None:
        return key if key in "*?$" and default is None else None

    def condition(operator: str, key: str, values: Values) -> tuple[str, Values]:
        if parts_of(operator)[1] not in _EXACT_TEXT:
            return operator, values
        return operator, [replace_variables(value, replacement) for value in values]

    return with_conditions(question, condition, version=_CURRENT)


def dates_in_one_form(question: Json, _: Answer) -> Json:
    def condition(operator: str, key: str, values: Values) -> tuple[str, Values]:
        given = seen(question, key)
        if not parts_of(operator)[1].startswith("date") or given is None:
            return operator, values
        moments = [_seconds(one) for one in listed(given)]
        if None in moments:
            return _never(operator), [_NOTHING]
        in_seconds = all(one.isdigit() for one in listed(given))
        return operator, [_written(_seconds(value), in_seconds=in_seconds) for value in values]

    return with_conditions(question, condition)


def strict_numbers(question: Json, _: Answer) -> Json:
    def condition(operator: str, key: str, values: Values) -> tuple[str, Values]:
        given = seen(question, key)
        if not parts_of(operator)[1].startswith("numeric") or given is None:
            return operator, values
        if not all(_NUMBER.fullmatch(one) for one in listed(given)):
            return _never(operator), [_NOTHING]
        return operator, [value if _NUMBER.fullmatch(value) else _NOTHING for value in values]

    return with_conditions(question, condition)


def addresses_as_ranges(question: Json, _: Answer) -> Json:
    def condition(operator: str, key: str, values: Values) -> tuple[str, Values]:
        if not parts_of(operator)[1].endswith("ipaddress"):
            return operator, values
        return operator, [_as_range(value) for value in values]

    return with_conditions(question, condition)


def bytes_only(question: Json, _: Answer) -> Json:
    def condition(operator: str, key: str, values: Values) -> tuple[str, Values]:
        given = seen(question, key)
        if parts_of(operator)[1] != "binaryequals" or given is None:
            return operator, values
        if not all(_is_base64(one) for one in listed(given)):
            return _never(operator), [_NOTHING]
        return operator, [value if _is_base64(value) else _NOTHING for value in values]

    return with_conditions(question, condition)


def six_parts_count(question: Json, _: Answer) -> Json:
    def condition(operator: str, key: str, values: Values) -> tuple[str, Values]:
        given = seen(question, key)
        if not parts_of(operator)[1].startswith("arn") or given is None:
            return operator, values
        firsts = {one.partition(":")[0] for one in listed(given)}

        def in_six_parts(value: str) -> str:
            first, *rest = value.split(":", 5)
            if "$" in value:
                return value
            if len(rest) < 5:
                return _NOTHING
            return value if first in firsts else _NO_ARN

        return operator, [in_six_parts(value) for value in values]

    return with_conditions(question, condition)


def variables_by_value(question: Json, _: Answer) -> Json:
    def replacement(key: str, default: str | None) -> str | None:
        value = _single(question, key) if key not in "*?$" else None
        found = default if value is None else value
        return None if found is None else re.sub(r"[*?$]", r"${\g<0>}", found)

    def condition(operator: str, key: str, values: Values) -> tuple[str, Values]:
        if not parts_of(operator)[1].startswith("arn"):
            return operator, values
        return operator, [replace_variables(value, replacement) for value in values]

    def resource(kind: str, version: str, text: str) -> str:
        return replace_variables(text, replacement) if version == _CURRENT else text

    return with_conditions(with_resources(question, resource), condition, version=_CURRENT)


def stars_past_colons(question: Json, _: Answer) -> Json:
    asked: str = question["request"]["resource"]

    def resource(kind: str, version: str, text: str) -> str:
        *head, last = text.split(":", 5)
        pattern = ":".join(
            re.escape(part).replace(r"\*", "[^:]*").replace(r"\?", "[^:]").removesuffix("[^:]*")
            + (".*" if part.endswith("*") else "")
            for part in head
        )
        pattern += ":" + re.escape(last).replace(r"\*", ".*").replace(r"\?", ".")
        return asked if text != "*" and re.fullmatch(pattern, asked) else text

    return with_resources(question, resource)


def everybody_not_fully_listed(question: Json, _: Answer) -> Json:
    new = copied(question)
    for kind, _version, statement in statements_of(new):
        element = statement.get("NotPrincipal")
        if kind != "resource" or element is None or statement["Effect"] != "Deny" or element == "*":
            continue
        names = {name for values in element.values() for name in listed(values)}
        if not _is_fully_listed(question, names):
            statement["NotPrincipal"] = {"AWS": "000000000000"}
    return new


def no_scps_for_services(question: Json, _: Answer) -> Json:
    if not question["request"]["principal"].endswith(".amazonaws.com"):
        return question
    return {**question, "serviceControlPolicies": []}


def session_policies_spare_direct_grants(question: Json, answer: Answer) -> Json:
    asked = question["request"]
    same_account = _account(question) == asked["resourceAccount"]
    if not (question["sessionPolicies"] and same_account and answer.direct):
        return question
    first, *others = question["sessionPolicies"]
    allow_all = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    return {**question, "sessionPolicies": [{**first, "Statement": [*first["Statement"], allow_all]}, *others]}


def roles_ask_through_sessions(question: Json, _: Answer) -> Json:
    asked = question["request"]
    if ":role/" not in asked["principal"]:
        return question
    name = asked["principal"].rpartition("/")[2]
    session = f"arn:aws:sts::{_account(question)}:assumed-role/{name}/any-session"
    return {**question, "request": {**asked, "principal": session}}


def root_has_every_permission(question: Json, _: Answer) -> Json:
    if not question["request"]["principal"].endswith(":root"):
        return question
    new = copied(question)
    if not question["request"]["action"].lower().startswith("sts:"):
        allow_all = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        new["identityPolicies"] = [{"Version": _CURRENT, "Statement": [allow_all]}]
        return new
    # No policy gives the root user the right to call AssumeRole: at most its account is trusted.
    for kind, _version, statement in statements_of(new):
        if kind == "resource" and statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]}):
            statement["Principal"] = {"AWS": _account(question)}
    return new


def roles_by_their_whole_path(question: Json, _: Answer) -> Json:
    own = str(_single(question, "aws:PrincipalArn") or "")
    path, _, name = own.rpartition("/")
    if ":assumed-role/" not in question["request"]["principal"] or not path.partition(":role/")[2]:
        return question
    new = copied(question)
    for kind, _version, statement in statements_of(new):
        for element in ("Principal", "NotPrincipal"):
            names = statement.get(element)
            if kind != "resource" or not isinstance(names, dict) or "AWS" not in names:
                continue
            statement[element] = {**names, "AWS": [_another(one, own, name) for one in listed(names["AWS"])]}
    return new


def _another(named: str, own: str, name: str) -> str:
    """A role of this name under another path is another one, if there is one at all."""
    same = named != own and f":iam::{own.split(':')[4]}:role/" in named and named.endswith(f"/{name}")
    return f"{named}-of-another-path" if same else named


def nobody_unsigned_asks_for_roles(question: Json, _: Answer) -> Json:
    """Without a policy that could let somebody in, the answer is the same."""
    request = question["request"]
    if request["principal"] != "*" or not request["action"].lower().startswith("sts:"):
        return question
    return {**copied(question), "resourcePolicy": None}


_EXACT_TEXT: Final = frozenset(
    {"stringequals", "stringnotequals", "stringequalsignorecase", "stringnotequalsignorecase", "bool"}
)
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?")


def _is_base64(text: str) -> bool:
    try:
        return base64.b64encode(base64.b64decode(text, validate=True)).decode() == text
    except ValueError:
        return False


def _takes_variables(operator: str) -> bool:
    return parts_of(operator)[1].startswith(("string", "arn", "bool"))


def _single(question: Json, key: str) -> str | None:
    value = seen(question, key)
    if isinstance(value, list):
        return value[0] if len(value) == 1 else None
    return value


def _never(operator: str) -> str:
    """An operator that is false for a key that is there, compared with `_NOTHING`."""
    quantifier, colon, _ = operator.rpartition(":")
    return f"{quantifier}{colon}StringEquals"


def _seconds(text: str) -> int | None:
    """The date as seconds since 1970; generated dates have no fractions."""
    if re.fullmatch(r"\d{1,19}", text):
        return int(text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if text[4:5] != "-":
        return None  # the basic form isn't W3C's
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


def _written(seconds: int | None, *, in_seconds: bool) -> str:
    assert seconds is not None  # both engines take nothing but dates with a Date operator
    if in_seconds:
        return str(seconds)
    return f"{datetime.fromtimestamp(min(seconds, _LAST_MOMENT), UTC):%Y-%m-%dT%H:%M:%SZ}"


def _as_range(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return text


def _account(question: Json) -> str:
    principal = question["request"]["principal"].split(":")
    return principal[4] if len(principal) > 5 else ""


def _is_fully_listed(question: Json, names: set[str]) -> bool:
    """Whether the caller's account, its role if it is a session, and the caller itself are all in the list."""
    principal: str = question["request"]["principal"]
    account = _account(question)
    if not account:
        return principal in names
    wanted = [{account, f"arn:aws:iam::{account}:root"}]
    if not principal.endswith(":root"):
        wanted.append({principal})
    if ":assumed-role/" in principal:
        wanted.append({_single(question, "aws:PrincipalArn") or ""})
    return all(names & one for one in wanted)
