"""The rules of `lint`: what each looks for, what it says, and AWS's page behind it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from xsfn_helpers.common.json_text import Path
from xsfn_helpers.common.language import tr
from xsfn_helpers.iam import values
from xsfn_helpers.iam.conditions import Condition, Family, Quantifier
from xsfn_helpers.iam.grammar import CURRENT_VERSION, OLD_VERSION
from xsfn_helpers.iam.kinds import PolicyKind
from xsfn_helpers.iam.policy import Policy
from xsfn_helpers.iam.principals import ACCOUNT_ID, UNIQUE_ID
from xsfn_helpers.iam.statement import Statement

GUIDE: Final = "docs.aws.amazon.com/IAM/latest/UserGuide"
_PRINCIPAL: Final = f"{GUIDE}/reference_policies_elements_principal.html"
_OPERATORS: Final = f"{GUIDE}/reference_policies_elements_condition_operators.html"
_MULTI: Final = f"{GUIDE}/reference_policies_condition-single-vs-multi-valued-context-keys.html"
_DEPUTY: Final = f"{GUIDE}/confused-deputy.html"
_VARIABLES: Final = f"{GUIDE}/reference_policies_variables.html"
_ARNS: Final = f"{GUIDE}/reference-arns.html"
_ANALYZER: Final = f"{GUIDE}/access-analyzer-reference-policy-checks.html"
_STATES: Final = "docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html"
_STATES_ACTIONS: Final = "docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html"


@dataclass(frozen=True, slots=True)
class View:
    """What a rule looks at."""

    policy: Policy
    statement: Statement
    given: dict[str, Any]
    region: str | None

    @property
    def trust(self) -> bool:
        return self.policy.kind is PolicyKind.TRUST

    def principals(self) -> Iterator[tuple[Path, str, str]]:
        """(path, type, value) of each principal listed."""
        for name in ("Principal", "NotPrincipal"):
            listed = self.given.get(name)
            if isinstance(listed, str):
                yield (name,), "AWS", listed
            for kind, values_ in listed.items() if isinstance(listed, dict) else ():
                for path, value in _each(values_, (name, kind)):
                    yield path, kind, value

    def resources(self) -> Iterator[tuple[Path, str]]:
        for name in ("Resource", "NotResource"):
            if name in self.given:
                yield from _each(self.given[name], (name,))

    def actions(self) -> Iterator[tuple[Path, str]]:
        if "Action" in self.given:
            yield from _each(self.given["Action"], ("Action",))

    def values(self, condition: Condition) -> Iterator[tuple[Path, str]]:
        return _each(list(condition.values), self.path(condition), listed=self._is_list(condition))

    def path(self, condition: Condition) -> Path:
        return ("Condition", condition.spelled, condition.key)

    def _is_list(self, condition: Condition) -> bool:
        return isinstance(self.given["Condition"][condition.spelled][condition.key], list)

    def has_key(self, *keys: str) -> bool:
        """Whether some condition must find one of these keys, with a value, for the statement to apply."""
        return any(
            condition.key_lower in keys
            and not condition.if_exists
            and not condition.operator.negated
            and condition.quantifier is not Quantifier.ALL
            and condition.operator.family is not Family.NULL
            for condition in self.statement.conditions
        )


def _each(given: Any, path: Path, *, listed: bool | None = None) -> Iterator[tuple[Path, str]]:
    many = isinstance(given, list) if listed is None else listed
    for index, one in enumerate(given if isinstance(given, list) else [given]):
        yield ((*path, index) if many else path), str(one)


Finding = tuple[Path, str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its id, where it comes from, and the check that finds places (path, message, fix)."""

    id: str
    source: str
    check: Callable[[View], Iterator[Finding]]
    at_key: bool = False


_PINS_CALLER: Final = (
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:userid",
    "aws:sourceaccount",
    "aws:sourcearn",
)
_PINS_SOURCE: Final = ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths")
_MULTIVALUED: Final = frozenset(
    {
        "aws:tagkeys",
        "aws:calledvia",
        "aws:principalorgpaths",
        "aws:resourceorgpaths",
        "aws:sourceorgpaths",
        "aws:principalservicenameslist",
    }
)
_GUARDS: Final = frozenset({"sts:externalid", "aws:sourcearn", "aws:sourceaccount", "aws:multifactorauthpresent"})
_MACHINE: Final = re.compile(r"arn:aws[a-z-]*:states:([a-z0-9-]*):([0-9]{12}):([A-Za-z]+):.+")


def _account_trust(view: View) -> Iterator[Finding]:
    if not (view.trust and view.statement.allows) or view.statement.conditions:
        return
    for path, kind, value in view.principals():
        account = _account_of(value)
        if kind == "AWS" and account:
            yield (
                path,
                tr(
                    "Everybody whom account {account} lets may assume this role: no condition narrows it.",
                    account=account,
                ),
                tr("Name the role that is meant, or add a condition such as sts:ExternalId."),
            )


def _account_of(principal: str) -> str:
    if ACCOUNT_ID.fullmatch(principal):
        return principal
    return principal.split(":")[4] if principal.endswith(":root") else ""


def _everyone(view: View) -> Iterator[Finding]:
    if view.statement.allows and not view.has_key(*_PINS_CALLER):
        for path, kind, value in view.principals():
            if path[0] == "Principal" and kind == "AWS" and value == "*":
                yield (
                    path,
                    tr("Everybody is allowed, and no condition says who."),
                    tr("Name the callers, or add a condition on aws:PrincipalArn or aws:PrincipalOrgID."),
                )


def _service_deputy(view: View) -> Iterator[Finding]:
    if view.statement.allows and not view.has_key(*_PINS_SOURCE):
        for path, kind, value in view.principals():
            if kind == "Service" and path[0] == "Principal":
                yield (
                    path,
                    tr("{value} may use this for anybody's resources, not only yours.", value=value),
                    tr("Add aws:SourceAccount or aws:SourceArn."),
                )


def _for_all_values(view: View) -> Iterator[Finding]:
    checked = {
        condition.key_lower
        for condition in view.statement.conditions
        if condition.operator.family is Family.NULL and condition.values == ("false",)
    }
    for condition in view.statement.conditions:
        if view.statement.allows and condition.quantifier is Quantifier.ALL and condition.key_lower not in checked:
            yield (
                view.path(condition),
                tr("ForAllValues also allows requests without {key}.", key=condition.key),
                tr(
                    'Add "Null": {{"{key}": "false"}}, or use a plain operator on a key with one value.',
                    key=condition.key,
                ),
            )


def _if_exists(view: View) -> Iterator[Finding]:
    for condition in view.statement.conditions:
        if view.statement.allows and condition.if_exists and condition.key_lower in _GUARDS:
            yield (
                view.path(condition),
                tr("IfExists also allows requests without {key}, so it guards nothing.", key=condition.key),
                tr("Write {name}.", name=condition.operator.name),
            )


def _negated_allow(view: View) -> Iterator[Finding]:
    for condition in view.statement.conditions:
        missing_passes = condition.operator.negated and condition.quantifier is Quantifier.SINGLE
        if view.statement.allows and missing_passes and condition.key_lower in _GUARDS:
            yield (
                view.path(condition),
                tr("{spelled} also allows requests without {key}.", spelled=condition.spelled, key=condition.key),
                tr("Say what is wanted instead, with a positive operator."),
            )


def _literal_wildcard(view: View) -> Iterator[Finding]:
    for condition in view.statement.conditions:
        if condition.operator.family is Family.STRING and "Like" not in condition.operator.name:
            like = condition.operator.name.removesuffix("IgnoreCase").replace("Equals", "Like")
            for path, value in view.values(condition):
                if re.search(r"[*?]", re.sub(r"\$\{[^}]*\}", "", value)):
                    yield (
                        path,
                        tr("{spelled} takes * and ? literally.", spelled=condition.spelled),
                        tr("For wildcards, write {like}.", like=like),
                    )


def _unreadable_value(view: View) -> Iterator[Finding]:
    for condition in view.statement.conditions:
        readable = _READERS.get(condition.operator.family)
        for path, value in view.values(condition) if readable else ():
            if readable and not readable(value):
                yield (
                    path,
                    tr(
                        '"{value}" is no value that {spelled} can compare, so it never matches.',
                        value=value,
                        spelled=condition.spelled,
                    ),
                    tr("Write a {family} value.", family=tr(condition.operator.family.value)),
                )


_READERS: Final[dict[Family, Callable[[str], bool]]] = {
    Family.NUMERIC: lambda text: values.number(text) is not None,
    Family.BOOL: lambda text: values.boolean(text) is not None or "${" in text,
    Family.NULL: lambda text: values.boolean(text) is not None,
    Family.IP: lambda text: values.network(text) is not None,
    Family.BINARY: lambda text: values.octets(text) is not None,
    Family.ARN: lambda text: re.sub(r"\$\{[^}]*\}", "", text).count(":") >= 5 or "${" in text,
}


def _missing_qualifier(view: View) -> Iterator[Finding]:
    for condition in view.statement.conditions:
        plain = condition.quantifier is Quantifier.SINGLE and condition.operator.family is not Family.NULL
        if plain and condition.key_lower in _MULTIVALUED:
            yield (
                view.path(condition),
                tr(
                    "{key} can have several values, and then {spelled} never matches.",
                    key=condition.key,
                    spelled=condition.spelled,
                ),
                tr("Write ForAnyValue:{spelled} or ForAllValues:{spelled}.", spelled=condition.spelled),
            )


def _session_in_principal_arn(view: View) -> Iterator[Finding]:
    for condition in view.statement.conditions:
        if condition.key_lower == "aws:principalarn":
            for path, value in view.values(condition):
                if ":assumed-role/" in value:
                    yield (
                        path,
                        tr("aws:PrincipalArn holds the role's ARN, never a session's, so this never matches."),
                        tr("Write arn:aws:iam::ACCOUNT:role/NAME."),
                    )


def _one_session(view: View) -> Iterator[Finding]:
    for path, kind, value in view.principals():
        if path[0] == "Principal" and kind == "AWS" and ":assumed-role/" in value and "*" not in value:
            yield (
                path,
                tr("This names one session by its name; Step Functions gives its sessions random names."),
                tr("Name the role (arn:aws:iam::ACCOUNT:role/NAME): it stands for all of its sessions."),
            )


def _unique_id(view: View) -> Iterator[Finding]:
    for path, kind, value in view.principals():
        if kind == "AWS" and UNIQUE_ID.fullmatch(value) and not ACCOUNT_ID.fullmatch(value):
            yield (
                path,
                tr(
                    "{value} is the id of a role or user that was deleted; one of the same name has another id.",
                    value=value,
                ),
                tr("Write the ARN again and save the policy."),
            )


def _not_principal(view: View) -> Iterator[Finding]:
    element = view.statement.principal
    if element is None or not element.negated:
        return
    if view.statement.allows:
        yield (
            ("NotPrincipal",),
            tr("Everybody else is allowed, anonymous callers too."),
            tr("Name whom you allow in Principal."),
        )
        return
    listed = [value for _, kind, value in view.principals() if kind == "AWS" and ":" in value]
    for account in sorted({value.split(":")[4] for value in listed} - element.accounts):
        yield (
            ("NotPrincipal",),
            tr(
                "AWS may check account {account} first, which isn't listed, and deny everybody in it.",
                account=account,
            ),
            tr("List arn:aws:iam::{account}:root too, or deny with a condition on aws:PrincipalArn.", account=account),
        )
    sessions = {(value.split(":")[4], value.split("/")[1]) for value in listed if ":assumed-role/" in value}
    for account, role in sorted(element.roles - sessions):
        yield (
            ("NotPrincipal",),
            tr("The role {role} is listed, but who asks is a session of it, and none is listed.", role=role),
            tr(
                "List arn:aws:sts::{account}:assumed-role/{role}/SESSION, or deny with a condition on "
                "aws:PrincipalArn.",
                account=account,
                role=role,
            ),
        )


def _external_id(view: View) -> Iterator[Finding]:
    trusted = {value.split(":")[4] for _, kind, value in view.principals() if kind == "AWS" and value.count(":") >= 5}
    for condition in view.statement.conditions:
        if condition.key_lower not in ("sts:externalid", "aws:sourcearn"):
            continue
        for path, value in view.values(condition):
            found = _MACHINE.fullmatch(value)
            if found is None:
                continue
            region, account, type_ = found.groups()
            if type_ != "stateMachine":
                yield (
                    path,
                    tr("Step Functions sends the ARN of a state machine, not of {kind}.", kind=type_),
                    tr("Write …:stateMachine:NAME."),
                )
            elif view.region and region not in (view.region, ""):
                yield (
                    path,
                    tr(
                        "This state machine is in {region}, but calls across accounts stay in one region, {one}.",
                        region=region,
                        one=view.region,
                    ),
                    tr("Write the ARN of a machine in {region}.", region=view.region),
                )
            elif trusted and account not in trusted and condition.key_lower == "sts:externalid":
                yield (
                    path,
                    tr(
                        "The external ID is a machine of account {account}, but who is trusted lives in {names}.",
                        account=account,
                        names=tr(" and ").join(sorted(trusted)),
                    ),
                    tr("A machine's role lives in the machine's own account: check which of the two is wrong."),
                )


def _variable_before_resource(view: View) -> Iterator[Finding]:
    for path, value in view.resources():
        if "${" in ":".join(re.sub(r"\$\{[^}]*\}", "${}", value).split(":", 5)[:5]):
            yield (
                path,
                tr("A policy variable counts only after the fifth colon of an ARN; this matches nothing."),
                tr("Write * or the value itself in that part."),
            )


def _literal_variable(view: View) -> Iterator[Finding]:
    if view.policy.version != OLD_VERSION:
        return
    places = list(view.resources())
    for condition in view.statement.conditions:
        places += view.values(condition)
    for path, value in places:
        if "${" in value:
            yield (
                path,
                tr("In version 2008-10-17 this is literal text, not a variable."),
                tr('Write "Version": "{version}".', version=CURRENT_VERSION),
            )


def _incomplete_arn(view: View) -> Iterator[Finding]:
    for path, value in view.resources():
        if value != "*" and value.count(":") < 5:
            completed = view.policy.kind in (PolicyKind.IDENTITY, PolicyKind.BOUNDARY)
            meaning = (
                tr("The ARN has fewer than six parts: AWS fills the missing parts with *.")
                if completed
                else tr("The ARN has fewer than six parts: the missing parts are not filled in.")
            )
            yield path, meaning, tr("Write all six parts.")


def _everything_else(view: View) -> Iterator[Finding]:
    if not view.statement.allows:
        return
    if view.statement.not_action:
        yield (
            ("NotAction",),
            tr("This allows every action but those listed, of every service."),
            tr("List what is needed in Action."),
        )
    if view.statement.not_resource:
        yield (
            ("NotResource",),
            tr("This allows every resource but those listed."),
            tr("List what is needed in Resource."),
        )


def _pass_role(view: View) -> Iterator[Finding]:
    passes = any(value.lower() == "iam:passrole" for _, value in view.actions())
    if view.statement.allows and passes and not view.has_key("iam:passedtoservice"):
        for path, value in view.resources():
            if value in ("*", "arn:aws:iam::*:role/*"):
                yield path, tr("Any role may be handed to any service."), tr("Name the role that is meant.")


# What each action of Step Functions acts on, where people take the one for the other.
_ACTS_ON: Final = {
    "states:startexecution": "stateMachine",
    "states:startsyncexecution": "stateMachine",
    "states:describeexecution": "execution",
    "states:stopexecution": "execution",
    "states:getexecutionhistory": "execution",
}


def _wrong_states_resource(view: View) -> Iterator[Finding]:
    types = {_ACTS_ON[value.lower()] for _, value in view.actions() if value.lower() in _ACTS_ON}
    found = [(path, match[3]) for path, value in view.resources() if (match := _MACHINE.fullmatch(value))]
    for wanted in sorted(types):
        given = {type_ for _, type_ in found}
        if found and wanted not in given and len(found) == len(list(view.resources())):
            actions = [value for _, value in view.actions() if _ACTS_ON.get(value.lower()) == wanted]
            yield (
                found[0][0],
                tr(
                    "{names}: the resource is …:{wanted}:…, and no such ARN is listed.",
                    names=tr(" and ").join(actions),
                    wanted=wanted,
                ),
                tr("Add {arn}.", arn=f"…:{wanted}:NAME{':*' if wanted == 'execution' else ''}"),
            )


def _empty_values(view: View) -> Iterator[Finding]:
    for condition in view.statement.conditions:
        if not condition.values:
            yield (
                view.path(condition),
                tr("With no value at all, {spelled} always matches.", spelled=condition.spelled)
                if condition.operator.negated
                else tr("With no value at all, {spelled} never matches.", spelled=condition.spelled),
                tr("Give a value."),
            )


RULES: Final = (
    Rule("trust-account-without-condition", _DEPUTY, _account_trust),
    Rule("everyone-allowed", f"{_PRINCIPAL}#principal-anonymous", _everyone),
    Rule("service-without-source", _DEPUTY, _service_deputy),
    Rule("for-all-values-in-allow", _MULTI, _for_all_values, at_key=True),
    Rule("if-exists-guards-nothing", f"{_OPERATORS}#Conditions_IfExists", _if_exists, at_key=True),
    Rule("negated-operator-in-allow", _OPERATORS, _negated_allow, at_key=True),
    Rule("wildcard-taken-literally", f"{_OPERATORS}#Conditions_String", _literal_wildcard),
    Rule("unreadable-value", _ANALYZER, _unreadable_value),
    Rule("missing-qualifier", f"{_ANALYZER}", _missing_qualifier, at_key=True),
    Rule("session-arn-in-principal-arn", f"{GUIDE}/reference_policies_condition-keys.html", _session_in_principal_arn),
    Rule("one-session-only", f"{_PRINCIPAL}#principal-role-session", _one_session),
    Rule("deleted-principal", f"{_PRINCIPAL}#principal-roles", _unique_id),
    Rule("not-principal", f"{GUIDE}/reference_policies_elements_notprincipal.html", _not_principal, at_key=True),
    Rule("external-id", _STATES, _external_id),
    Rule("variable-before-resource", _VARIABLES, _variable_before_resource),
    Rule("variable-in-old-version", f"{GUIDE}/reference_policies_elements_version.html", _literal_variable),
    Rule("incomplete-arn", _ARNS, _incomplete_arn),
    Rule(
        "everything-else-allowed", f"{GUIDE}/reference_policies_elements_notaction.html", _everything_else, at_key=True
    ),
    Rule("pass-role-to-anything", _ANALYZER, _pass_role),
    Rule("wrong-states-resource", _STATES_ACTIONS, _wrong_states_resource),
    Rule("no-values", _ANALYZER, _empty_values, at_key=True),
)
