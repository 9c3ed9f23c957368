"""Policies as formulas of an SMT solver: another mind's reading of the same rules, nothing of the engine's in it.

One request is a handful of unknowns: who asks, for which action, on which resource, and each key, which may be missing.
A policy is a formula over them, made of Booleans that say "this unknown is one of these texts" (a regular expression).
That two policies let in the same is then one question to the solver, about all requests there are: whether some request
is allowed by the one and not by the other. It answers with a proof that there is none, or with such a request.

The solver is slow at formulas and regular expressions at once, so the two are taken in turn, as its own theories are:
it solves for the Booleans, then for each unknown by itself, and where no text fits, that combination is ruled out. Each
Boolean is about one unknown, so what is found for them one by one is a request as a whole.

Sources: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html,
…/reference_policies_elements_principal.html, …/reference_policies_elements_resource.html
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import z3

Formula = Any  # z3 has no types
Regex = Any
Document = Mapping[str, Any]

TRUST_ACTIONS: Final = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity")
ROLE, USER, SERVICE = "role", "user", "service"
_ONE: Final = z3.Range("!", "~")
_ANY: Final = z3.Star(_ONE)
_NOT_COLON: Final = z3.Union(z3.Range("!", "9"), z3.Range(";", "~"))
_NO_COLON: Final = z3.Star(_NOT_COLON)
_DIGITS: Final = z3.Loop(z3.Range("0", "9"), 12, 12)
_LOWER: Final = z3.Range("a", "z")
_WORD: Final = z3.Union(_LOWER, z3.Range("A", "Z"), z3.Range("0", "9"), z3.Re("_"), z3.Re("-"))
_EXTERNAL_ID: Final = z3.Union(_WORD, *map(z3.Re, "+=,.@:/"))
_ARN: Final = z3.Concat(z3.Re("arn:"), *[z3.Concat(_NO_COLON, z3.Re(":"))] * 4, z3.Plus(_ONE))
# What each unknown can be at all; any visible text for other keys.
_DOMAINS: Final = {
    "account": _DIGITS,
    "name": z3.Plus(_WORD),
    "service name": z3.Concat(z3.Plus(_LOWER), z3.Re(".amazonaws.com")),
    "action": z3.Concat(z3.Plus(_LOWER), z3.Re(":"), z3.Plus(_LOWER)),
    "trust action": z3.Union([z3.Re(name) for name in TRUST_ACTIONS]),
    "resource": z3.Concat(z3.Re("arn:aws:"), *[z3.Concat(_NO_COLON, z3.Re(":"))] * 3, z3.Plus(_ONE)),
    "sts:externalid": z3.Concat(_EXTERNAL_ID, z3.Plus(_EXTERNAL_ID)),
    "aws:sourceaccount": _DIGITS,
    "aws:sourcearn": _ARN,
}
_NAME: Final = z3.Plus(_NOT_COLON)
_IN_REGION: Final = z3.Concat(z3.Re("arn:aws:states:"), z3.Plus(_WORD), z3.Re(":"), _DIGITS)
_PART: Final = z3.Concat(z3.Re(":"), _NAME)
_EXECUTION: Final = z3.Concat(_IN_REGION, z3.Re(":execution"), _PART, _PART)
# docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html, …/list_awssecuritytokenservice
_CALLED_ON: Final = {
    "states:startexecution": z3.Concat(_IN_REGION, z3.Re(":stateMachine:"), _NAME),
    "states:describeexecution": z3.Union(_EXECUTION, z3.Concat(_IN_REGION, z3.Re(":express"), *[_PART] * 3)),
    "states:stopexecution": _EXECUTION,
    "sts:assumerole": z3.Concat(
        z3.Re("arn:aws:iam::"), _DIGITS, z3.Re(":role/"), z3.Plus(_ONE)
    ),  # a path may have colons,
}


@dataclass(frozen=True, slots=True)
class Found:
    """A request that the solver found: who asks (`kind`), each unknown's text, and the keys that are sent."""

    kind: str
    texts: Mapping[str, str]
    sent: frozenset[str]
    allowed: bool

    def __getitem__(self, unknown: str) -> str:
        return self.texts[unknown]


class Unknowns:
    """The request that is looked for. `trust`: a role's trust policy is asked, not one of its permissions policies."""

    def __init__(self, *, trust: bool) -> None:
        self.kinds = {kind: z3.Bool(kind) for kind in (ROLE, USER, SERVICE)}
        self.action = "trust action" if trust else "action"
        self.sent: dict[str, Formula] = {}
        self._atoms: dict[str, dict[str, tuple[Formula, Regex]]] = {}
        for unknown in ("account", "name", "service name", self.action, *(() if trust else ("resource",))):
            self._atoms[unknown] = {}

    def is_one(self, unknown: str, regex: Regex) -> Formula:
        """That the unknown's text is one of these."""
        atoms = self._atoms.setdefault(unknown, {})
        return atoms.setdefault(str(regex.sexpr()), (z3.Bool(f"{unknown} {len(atoms)}"), regex))[0]

    def has(self, key: str) -> Formula:
        """That the request has this key."""
        self._atoms.setdefault(key, {})
        return self.sent.setdefault(key, z3.Bool(f"has {key}"))

    def laws(self) -> Iterator[Formula]:
        """What is so of every request: one kind of caller asks, and an action is called on its type of resource."""
        yield z3.PbEq([(kind, 1) for kind in self.kinds.values()], 1)
        for action, regex in _CALLED_ON.items() if "resource" in self._atoms else ():
            yield z3.Implies(equals(self, self.action, action), self.is_one("resource", regex))

    def differ(self, one: Formula, other: Formula) -> Found | None:
        """A request that makes just one of the two true; None: there is provably none."""
        solver = z3.Solver()
        solver.add(one != other, *self.laws())
        while solver.check() == z3.sat:
            model = solver.model()

            def holds(formula: Formula, model: z3.ModelRef = model) -> bool:
                return z3.is_true(model.eval(formula, model_completion=True))

            texts: dict[str, str] = {}
            for unknown, atoms in self._atoms.items():
                text = _text(unknown, tuple((regex, holds(atom)) for atom, regex in atoms.values()))
                if text is None:
                    solver.add(z3.Or([atom != z3.BoolVal(holds(atom)) for atom, _ in atoms.values()]))
                    break
                texts[unknown] = text
            else:
                kind = next(kind for kind, is_it in self.kinds.items() if holds(is_it))
                return Found(kind, texts, frozenset(key for key, has in self.sent.items() if holds(has)), holds(one))
        return None


def _text(unknown: str, wanted: Iterable[tuple[Regex, bool]]) -> str | None:
    """A text of the unknown that is of these regular expressions and not of those; None: there is provably none."""
    regex = _DOMAINS.get(unknown, _ANY)
    for one, inside in wanted:
        regex = z3.Intersect(regex, one if inside else z3.Complement(one))
    key = str(regex.sexpr())
    if key not in _SOLVED:
        _SOLVED[key] = _solved(regex)
    return _SOLVED[key]


# Answers of the solver, which are asked for again and again: most mutants differ in one place.
_SOLVED: Final[dict[str, str | None]] = {}


def _solved(regex: Regex) -> str | None:
    text, solver = z3.String("text"), z3.Solver()
    solver.set("timeout", 20_000)
    solver.add(z3.InRe(text, regex))
    answer = solver.check()
    assert answer != z3.unknown, solver.reason_unknown()
    return str(solver.model().eval(text, model_completion=True).as_string()) if answer == z3.sat else None


def allows(document: Document, asked: Unknowns) -> Formula:
    """The policy: some Allow matches, and no Deny."""
    statements = _listed(document["Statement"])
    granted = [_matches(one, asked) for one in statements if one["Effect"] == "Allow"]
    denied = [_matches(one, asked) for one in statements if one["Effect"] == "Deny"]
    return z3.And(z3.Or(granted), z3.Not(z3.Or(denied)))


def equals(asked: Unknowns, unknown: str, wanted: str) -> Formula:
    return asked.is_one(unknown, z3.Re(wanted))


def begins(asked: Unknowns, unknown: str, wanted: str) -> Formula:
    """Whatever begins like this."""
    return asked.is_one(unknown, z3.Concat(z3.Re(wanted), _ANY))


def _matches(statement: Document, asked: Unknowns) -> Formula:
    parts = [_condition(*parts, asked) for parts in _conditions(statement)]
    if "Principal" in statement:
        parts.append(_named(statement["Principal"], asked))
    parts.append(z3.Or([_like(asked, asked.action, text.lower()) for text in _listed(statement["Action"])]))
    if "Resource" in statement:
        parts.append(z3.Or([_resource(asked, text) for text in _listed(statement["Resource"])]))
    return z3.And(parts)


def _named(principal: Mapping[str, Any], asked: Unknowns) -> Formula:
    found = []
    for kind, texts in principal.items():
        for text in _listed(texts):
            if kind == "Service":
                found.append(z3.And(asked.kinds[SERVICE], equals(asked, "service name", text)))
            elif text == "*":
                found.append(z3.BoolVal(True))
            elif account := re.fullmatch(r"(?:arn:aws:iam::)?([0-9]{12})(?::root)?", text):
                found.append(z3.And(z3.Not(asked.kinds[SERVICE]), equals(asked, "account", account[1])))
            else:
                role = re.fullmatch(r"arn:aws:iam::([0-9]{12}):role/(.+)", text)
                assert role is not None, text
                own = equals(asked, "account", role[1]), equals(asked, "name", role[2])
                found.append(z3.And(asked.kinds[ROLE], *own))
    return z3.Or(found)


def _conditions(statement: Document) -> Iterable[tuple[str, str, list[str]]]:
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            yield operator, key.lower(), _listed(values)


def _condition(operator: str, key: str, values: list[str], asked: Unknowns) -> Formula:
    has = asked.has(key)
    if operator == "Null":
        return z3.Or([has if wanted == "false" else z3.Not(has) for wanted in values])
    quantifier, _, name = operator.rpartition(":")
    if_exists, name = name.endswith("IfExists"), name.removesuffix("IfExists")
    negated, name = "Not" in name, name.replace("Not", "")
    one_of = z3.Or([_OPERATORS[name](asked, key, wanted) for wanted in values])
    right = z3.Not(one_of) if negated else one_of
    # A missing key is a mismatch, and a match for negated operators, IfExists and ForAllValues.
    return z3.If(has, right, z3.BoolVal(if_exists or quantifier == "ForAllValues" or (negated and not quantifier)))


def _equals_in_any_case(asked: Unknowns, unknown: str, wanted: str) -> Formula:
    letters = [z3.Union(z3.Re(one.lower()), z3.Re(one.upper())) if one.isalpha() else z3.Re(one) for one in wanted]
    return asked.is_one(unknown, z3.Concat(letters))


def _like(asked: Unknowns, unknown: str, pattern: str) -> Formula:
    return asked.is_one(unknown, _joined(_steps(pattern)))


def _arn(asked: Unknowns, unknown: str, pattern: str) -> Formula:
    *head, last = pattern.split(":", 5)
    steps = [step for part in head for step in (*_steps(part, _NO_COLON), ":")]
    return asked.is_one(
        unknown, _joined([*steps, *_steps(last)]) if len(head) == 5 else z3.Empty(z3.ReSort(z3.StringSort()))
    )


def _resource(asked: Unknowns, pattern: str) -> Formula:
    """A star at the end of a part may run past its colon; within a part it may not."""
    if pattern == "*":
        return z3.BoolVal(True)
    *head, last = pattern.split(":", 5)
    steps: list[Any] = []
    for part in head:
        steps += [*_steps(part[:-1], _NO_COLON), _ANY] if part.endswith("*") else _steps(part, _NO_COLON)
        steps.append(":")
    return asked.is_one("resource", _joined([*steps, *_steps(last)]))


def _steps(pattern: str, star: Regex = _ANY) -> list[Any]:
    return [star if one == "*" else _ONE if one == "?" else one for one in re.split(r"([*?])", pattern)]


def _joined(steps: list[Any]) -> Regex:
    """One regular expression of texts and expressions, neighbouring texts as one."""
    pieces: list[Regex] = []
    for is_text, group in itertools.groupby(steps, lambda step: isinstance(step, str)):
        found = list(group)
        pieces += [z3.Re("".join(found))] if is_text else found
    return z3.Concat(pieces) if len(pieces) > 1 else pieces[0]


_OPERATORS: Final = {
    "StringEquals": equals,
    "StringEqualsIgnoreCase": _equals_in_any_case,
    "StringLike": _like,
    "ArnLike": _arn,
    "ArnEquals": _arn,
}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
