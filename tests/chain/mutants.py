"""Every way in which a policy of the chain could be a little too wide, or too narrow, made from the policy itself."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

Document = dict[str, Any]


def mutants(document: Document) -> Iterator[tuple[str, Document]]:
    """Named mutants: each statement left out, each condition dropped or loosened, each value widened or changed."""
    for at, statement in enumerate(document["Statement"]):
        yield from _of_statement(document, at, statement)


def _of_statement(document: Document, at: int, statement: Document) -> Iterator[tuple[str, Document]]:
    def changed(name: str, change: Callable[[Document], object]) -> tuple[str, Document]:
        mutant = copy.deepcopy(document)
        change(mutant["Statement"][at])
        return f"{statement['Sid']}: {name}", mutant

    deny = {key: value for key, value in statement.items() if key != "Condition"}
    yield (
        f"{statement['Sid']}: denied as well",
        {
            **document,
            "Statement": [*document["Statement"], {**deny, "Sid": "Denied", "Effect": "Deny"}],
        },
    )
    if len(document["Statement"]) > 1:
        rest = [one for one in document["Statement"] if one is not statement]
        yield f"{statement['Sid']}: left out", {**document, "Statement": rest}
    for operator, keys in statement.get("Condition", {}).items():
        yield changed(f"{operator} dropped", lambda one, operator=operator: _drop(one, operator))
        for key, value in keys.items():
            yield from _of_condition(changed, operator, key, value)
    if "Condition" in statement:
        yield changed("no condition", lambda one: one.pop("Condition"))
    service = statement["Action"][0] if isinstance(statement["Action"], list) else statement["Action"]
    prefix, _, name = service.partition(":")
    for action in ("*", f"{prefix}:*", f"{prefix}:{name[:4]}*"):
        if not ("Principal" in statement and action in ("*",)):  # a trust policy takes actions of sts alone
            yield changed(f"Action {action}", lambda one, action=action: one.update(Action=action))
    yield changed("another action", lambda one: one.update(Action=[service, f"{prefix}:TagSession"]))
    for widened in _widened(statement.get("Resource", ""), fixed=(2,)):  # IAM takes no wildcard for a service
        yield changed(f"Resource {widened}", lambda one, widened=widened: one.update(Resource=widened))
    if "Principal" in statement:
        yield from _of_principal(changed, statement["Principal"])


Changed = Callable[[str, Callable[[Document], object]], tuple[str, Document]]


def _of_condition(changed: Changed, operator: str, key: str, value: str) -> Iterator[tuple[str, Document]]:
    def replaced(name: str, with_: str, wanted: Any) -> tuple[str, Document]:
        def change(statement: Document) -> None:
            del statement["Condition"][operator][key]
            statement["Condition"] = {one: keys for one, keys in statement["Condition"].items() if keys}
            statement["Condition"].setdefault(with_, {})[key] = wanted

        return changed(f"{key}: {name}", change)

    loose = "ArnLike" if operator == "ArnLike" else "StringLike"
    yield replaced("if it exists", f"{operator}IfExists", value)
    yield replaced("for all values", f"ForAllValues:{operator}", value)
    yield replaced("negated", operator.replace("Equals", "NotEquals").replace("ArnLike", "ArnNotLike"), value)
    yield replaced("there at all", "Null", "false")
    if operator == "StringEquals" and not value.isdigit():
        yield replaced("any case", "StringEqualsIgnoreCase", value)
    for widened in _widened(value):
        yield replaced(widened, loose, widened)
    yield replaced("one more", operator, [value, value[:-1] + "0"])
    yield replaced("another", operator, value[:-1] + "0")


def _of_principal(changed: Changed, principal: dict[str, str]) -> Iterator[tuple[str, Document]]:
    yield changed("anybody", lambda one: one.update(Principal={"AWS": "*"}))
    for kind, text in principal.items():
        others = ["lambda.amazonaws.com"] if kind == "Service" else [text.split(":")[4], f"{text}-2", "333333333333"]
        for other in others:
            yield changed(f"{other} instead", lambda one, other=other, kind=kind: one.update(Principal={kind: other}))
            yield changed(
                f"{other} as well",
                lambda one, other=other, kind=kind, text=text: one.update(Principal={kind: [text, other]}),
            )


def _widened(value: str, *, fixed: tuple[int, ...] = ()) -> Iterator[str]:
    """The value with a star at its end, and with a star for each of its parts."""
    if not value or value == "*":
        return
    if not value.endswith("*"):
        yield f"{value}*"
    yield "*"
    parts = value.split(":")
    for at, part in enumerate(parts):
        if part and part != "*" and len(parts) > 1 and at and at not in fixed:
            yield ":".join((*parts[:at], "*", *parts[at + 1 :]))
    if value[-1] not in "*?":
        yield f"{value[:-1]}?"


def _drop(statement: Document, operator: str) -> None:
    del statement["Condition"][operator]
    if not statement["Condition"]:
        del statement["Condition"]
