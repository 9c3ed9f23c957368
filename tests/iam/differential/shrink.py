"""Makes a failing case small: whatever can go without losing the failure goes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

from tests.iam.differential.questions import DERIVED, Json, policies_of, statements_of

_LISTS = ("identityPolicies", "permissionBoundaries", "sessionPolicies", "serviceControlPolicies")


def shrunk(question: Json, fails: Callable[[Json], bool]) -> Json:
    """The smallest case found by leaving out one thing at a time, as long as it `fails`."""
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(question):
            if fails(candidate):
                question, smaller = candidate, True
                break
    return question


def _smaller(question: Json) -> Iterator[Json]:
    for name in _LISTS:
        for index in range(len(question[name])):
            new = copy.deepcopy(question)
            del new[name][index]
            yield new
    if question["resourcePolicy"] is not None:
        yield {**question, "resourcePolicy": None}
    for at, (_, policy) in enumerate(policies_of(question)):
        for index in range(len(policy["Statement"])):
            if len(policy["Statement"]) > 1:
                new = copy.deepcopy(question)
                del list(policies_of(new))[at][1]["Statement"][index]
                yield new
    for at, (_, _, statement) in enumerate(statements_of(question)):
        yield from _with_smaller_statement(question, at, statement)
    for key in question["request"]["context"]:
        if key.lower() in DERIVED:
            continue  # the engine would work them out by itself
        new = copy.deepcopy(question)
        del new["request"]["context"][key]
        yield new


def _with_smaller_statement(question: Json, at: int, statement: Json) -> Iterator[Json]:
    def changed(change: Callable[[Json], None]) -> Json:
        new = copy.deepcopy(question)
        change(list(statements_of(new))[at][2])
        return new

    if "Condition" in statement:
        yield changed(lambda one: one.pop("Condition"))
        for operator, keys in statement["Condition"].items():
            if len(statement["Condition"]) > 1:
                yield changed(lambda one, operator=operator: one["Condition"].pop(operator))
            for key, values in keys.items():
                if len(keys) > 1:
                    yield changed(lambda one, operator=operator, key=key: one["Condition"][operator].pop(key))
                if isinstance(values, list) and len(values) > 1:
                    for index in range(len(values)):
                        yield changed(
                            lambda one, operator=operator, key=key, index=index: one["Condition"][operator][key].pop(
                                index
                            )
                        )
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        listed = statement.get(name)
        if isinstance(listed, list) and len(listed) > 1:
            for index in range(len(listed)):
                yield changed(lambda one, name=name, index=index: one[name].pop(index))
        elif listed not in (None, "*") and not name.startswith("Not") and "Principal" not in statement:
            yield changed(lambda one, name=name: one.update({name: "*"}))
