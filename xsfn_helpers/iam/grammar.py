"""From a JSON value to compiled statements, refusing what AWS's policy grammar denies.

Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from xsfn_helpers.common.json_text import Number, Path, shown, type_name
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.iam import values
from xsfn_helpers.iam.conditions import OPERATORS, Condition, Family, make_condition, parse_operator
from xsfn_helpers.iam.kinds import PolicyKind
from xsfn_helpers.iam.match import action_test, resource_test
from xsfn_helpers.iam.principal_element import (
    PRINCIPAL_TYPES,
    PrincipalElement,
    is_valid_principal,
    principal_element,
)
from xsfn_helpers.iam.statement import Statement

CURRENT_VERSION: Final = "2012-10-17"
OLD_VERSION: Final = "2008-10-17"
_LEGACY: Final = "The policy failed legacy parsing"


class GrammarFault(Exception):
    """What AWS would say (`message`), what exactly is wrong (`detail`), and at which element (`path`).

    `unsupported` marks what is right for AWS but beyond this engine; `at_key` that the name is meant, not the value.
    """

    def __init__(
        self, message: str, detail: str, path: Path, *, fix: str = "", at_key: bool = False, unsupported: bool = False
    ) -> None:
        super().__init__(message, detail)
        self.message = message
        self.detail = detail
        self.path = path
        self.fix = fix
        self.at_key = at_key
        self.unsupported = unsupported


def version_of(document: Any, kind: PolicyKind) -> str:
    """The policy's language version; without one it is 2008-10-17, in which variables are literal text."""
    if not isinstance(document, dict):
        raise GrammarFault(
            kind.syntax_message, tr("A policy is a JSON object, not {type_name}.", type_name=type_name(document)), ()
        )
    for key in document:
        if key not in _TOP:
            raise _unknown_element(kind, key, _TOP, (key,))
    version = document.get("Version", OLD_VERSION)
    if version not in (CURRENT_VERSION, OLD_VERSION) or isinstance(version, Number):
        message = "The policy must contain a valid version string" if kind is PolicyKind.TRUST else kind.syntax_message
        raise GrammarFault(
            message,
            tr("Version {shown} is not a version of the policy language.", shown=shown(version)),
            ("Version",),
            fix=tr('Write "Version": "{version}".', version=CURRENT_VERSION),
        )
    if not isinstance(document.get("Id", ""), str) or isinstance(document.get("Id"), Number):
        raise GrammarFault(kind.syntax_message, tr("Id is a text."), ("Id",))
    return str(version)


def compile_statements(document: dict[str, Any], version: str, kind: PolicyKind) -> tuple[Statement, ...]:
    """The policy's statements, compiled. Raises `GrammarFault`."""
    if "Statement" not in document:
        raise GrammarFault(_missing(kind, "Statement"), tr("The policy has no Statement."), ())
    given = document["Statement"]
    single = isinstance(given, dict)
    if not single and not (isinstance(given, list) and given):
        raise GrammarFault(
            kind.syntax_message,
            tr("Statement is an object or a list of at least one, not {shown}.", shown=shown(given)),
            ("Statement",),
        )
    statements = []
    sids: set[str] = set()
    for index, one in enumerate([given] if single else given):
        path: Path = ("Statement",) if single else ("Statement", index)
        reader = _StatementReader(one, path, index, kind, variables=version == CURRENT_VERSION)
        statement = reader.statement()
        if statement.sid in sids and kind in _UNIQUE_SIDS:
            raise GrammarFault(
                "Statement IDs (SID) in a single policy must be unique.",
                tr("{sid!r} is there twice.", sid=statement.sid),
                (*path, "Sid"),
            )
        if statement.sid:
            sids.add(statement.sid)
        statements.append(statement)
    return tuple(statements)


_TOP: Final = ("Version", "Id", "Statement")
_ELEMENTS: Final = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
_UNIQUE_SIDS: Final = frozenset({PolicyKind.IDENTITY, PolicyKind.BOUNDARY, PolicyKind.SESSION, PolicyKind.TRUST})
_SID: Final = re.compile(r"[0-9A-Za-z]*")
_VENDOR: Final = re.compile(r"[a-zA-Z0-9\-.]+")


class _StatementReader:
    """Reads one statement; each method one element."""

    def __init__(self, given: Any, path: Path, index: int, kind: PolicyKind, *, variables: bool) -> None:
        self.given: dict[str, Any] = given
        self.path = path
        self.index = index
        self.kind = kind
        self.variables = variables

    def statement(self) -> Statement:
        if not isinstance(self.given, dict):
            raise self._syntax(tr("A statement is an object, not {type_name}.", type_name=type_name(self.given)))
        for key in self.given:
            if key not in _ELEMENTS:
                raise _unknown_element(self.kind, key, _ELEMENTS, (*self.path, key))
        sid = self._sid()
        allows = self._effect()
        principal = self._principal(allows=allows)
        action_name, actions = self._one_of("Action", "NotAction")
        if action_name is None or not actions:
            raise GrammarFault(
                _missing(self.kind, "Action"), tr("The statement has no Action."), (*self.path, "Action")
            )
        self._check_actions(action_name, actions)
        resource_name, resources = self._resources()
        if self.kind is PolicyKind.RCP:
            self._check_rcp(allows=allows, principal=principal)
        return Statement(
            index=self.index,
            sid=sid,
            allows=allows,
            actions=actions,
            not_action=action_name == "NotAction",
            resources=None if resource_name is None else resources,
            not_resource=resource_name == "NotResource",
            principal=principal,
            conditions=tuple(self._conditions()),
            action_test=action_test(actions),
            resource_tests=tuple(
                resource_test(
                    one,
                    variables=self.variables,
                    completed=self.kind in (PolicyKind.IDENTITY, PolicyKind.BOUNDARY),
                )
                for one in resources
            ),
        )

    def _syntax(self, detail: str, *path: str | int, fix: str = "", at_key: bool = False) -> GrammarFault:
        return GrammarFault(self.kind.syntax_message, detail, (*self.path, *path), fix=fix, at_key=at_key)

    def _sid(self) -> str:
        sid = self.given.get("Sid", "")
        if not _is_text(sid):
            raise self._syntax(tr("Sid is a text, not {shown}.", shown=shown(sid)), "Sid")
        if self.kind.is_identity_based and not _SID.fullmatch(sid):
            raise GrammarFault(
                "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
                "[0-9A-Za-z]*",
                tr("{sid!r} has other characters.", sid=sid),
                (*self.path, "Sid"),
            )
        return str(sid)

    def _effect(self) -> bool:
        if "Effect" not in self.given:
            raise GrammarFault(_missing(self.kind, "Effect"), tr("The statement has no Effect."), self.path)
        effect = self.given["Effect"]
        if effect not in ("Allow", "Deny"):
            near = _is_text(effect) and effect.lower() in ("allow", "deny")
            raise GrammarFault(
                _LEGACY if near else self.kind.syntax_message,
                tr("Effect is {shown}.", shown=shown(effect)),
                (*self.path, "Effect"),
                fix=tr('Write "Allow" or "Deny", just so.'),
            )
        return bool(effect == "Allow")

    def _principal(self, *, allows: bool) -> PrincipalElement | None:
        names = [name for name in ("Principal", "NotPrincipal") if name in self.given]
        if not self.kind.has_principal:
            if names:
                raise GrammarFault(
                    "Policy document should not specify a principal.",
                    tr("A {kind} acts on whoever it is attached to.", kind=self.kind.told),
                    (*self.path, names[0]),
                    fix=tr("Remove {name}.", name=names[0]),
                    at_key=True,
                )
            return None
        if not names:
            raise GrammarFault("Missing required field Principal", tr("The statement says nothing of whom."), self.path)
        if len(names) == 2:
            raise self._syntax(tr("Principal and NotPrincipal exclude each other."), "NotPrincipal", at_key=True)
        name = names[0]
        if name == "NotPrincipal" and self.kind is PolicyKind.TRUST:
            raise self._syntax(
                tr("NotPrincipal with Allow would trust everybody else; a role trust policy can't have it.")
                if allows
                else tr("A role trust policy can't have NotPrincipal, with Deny as little as with Allow."),
                name,
                fix=tr("Name whom you trust in Principal."),
                at_key=True,
            )
        return principal_element(self._principals(name), negated=name == "NotPrincipal")

    def _check_rcp(self, *, allows: bool, principal: PrincipalElement | None) -> None:
        """What an RCP can't have: docs.aws.amazon.com/organizations, orgs_manage_policies_rcps_syntax.html."""
        for name in ("NotPrincipal", "NotAction"):
            if name in self.given:
                raise self._syntax(tr("A resource control policy can't have {name}.", name=name), name, at_key=True)
        if principal is None or principal.texts != ("*",):
            raise self._syntax(tr("A resource control policy is for everybody."), "Principal", fix='"Principal": "*"')
        everything = all(self.given.get(name) in ("*", ["*"]) for name in ("Action", "Resource"))
        if allows and not (everything and not self.given.get("Condition")):
            raise self._syntax(
                tr("A resource control policy only denies; the one that allows is RCPFullAWSAccess, of AWS."), "Effect"
            )

    def _principals(self, name: str) -> list[tuple[str, str]]:
        given = self.given[name]
        if given == "*" and not isinstance(given, Number):
            if self.kind is PolicyKind.TRUST:
                raise GrammarFault(
                    f'AssumeRolepolicy contained an invalid {name.lower()}: "STAR":"*"',
                    tr("A role trust policy doesn't take a bare *."),
                    (*self.path, name),
                    fix=tr('Name whom you trust; everyone is written {"AWS": "*"}.'),
                )
            return [("AWS", "*")]
        if not isinstance(given, dict) or not given:
            raise self._syntax(
                tr(
                    '{name} is "*" or an object such as {{"AWS": "arn:…"}}, not {shown}.', name=name, shown=shown(given)
                ),
                name,
            )
        entries: list[tuple[str, str]] = []
        for kind, listed in given.items():
            if kind not in PRINCIPAL_TYPES:
                raise _unknown_element(self.kind, kind, PRINCIPAL_TYPES, (*self.path, name, kind))
            if kind == "CanonicalUser":
                raise GrammarFault(
                    tr("whose account a CanonicalUser id stands for is known to Amazon S3 alone."),
                    "",
                    (*self.path, name, kind),
                    fix=tr("Name the account by its id or ARN."),
                    at_key=True,
                    unsupported=True,
                )
            for text, path in self._texts(listed, name, kind):
                if not is_valid_principal(kind, text):
                    word = "AWS" if kind == "AWS" else kind.upper()
                    wild = kind == "AWS" and ("*" in text or "?" in text)
                    raise GrammarFault(
                        f'Invalid principal in policy: "{word}":"{_cut(text)}"',
                        tr("A principal has no wildcards: this matches nobody.")
                        if wild
                        else tr(_PRINCIPAL_FORMS[kind]),
                        path,
                        fix=tr('Name it in full, or trust "*" with a condition ArnLike aws:PrincipalArn.')
                        if wild
                        else "",
                    )
                entries.append((kind, text))
        if not entries:
            raise self._syntax(tr("{name} lists nobody.", name=name), name)
        return entries

    def _one_of(self, plain: str, negated: str) -> tuple[str | None, tuple[str, ...]]:
        names = [name for name in (plain, negated) if name in self.given]
        if len(names) == 2:
            raise self._syntax(
                tr("{plain} and {negated} exclude each other.", plain=plain, negated=negated), negated, at_key=True
            )
        if not names:
            return None, ()
        return names[0], tuple(text for text, _ in self._texts(self.given[names[0]], names[0]))

    def _texts(self, given: Any, *path: str) -> Iterator[tuple[str, Path]]:
        """A text or a list of texts, each with its place."""
        if _is_text(given):
            yield given, (*self.path, *path)
        elif isinstance(given, list):
            for index, one in enumerate(given):
                if not _is_text(one):
                    raise self._syntax(
                        tr("{path} is a text or a list of texts; {shown} is neither.", path=path[-1], shown=shown(one)),
                        *path,
                        index,
                    )
                yield one, (*self.path, *path, index)
        else:
            raise self._syntax(
                tr("{path} is a text or a list of texts, not {shown}.", path=path[-1], shown=shown(given)), *path
            )

    def _check_actions(self, name: str, actions: Iterable[str]) -> None:
        for index, action in enumerate(actions):
            path = self._item_path(name, index)
            vendor, colon, rest = action.partition(":")
            if action != "*" and not colon:
                raise GrammarFault(
                    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
                    tr("{shown} has no service in front.", shown=shown(action)),
                    path,
                    fix=tr("Write service:Operation, e.g. states:StartExecution."),
                )
            if ":" in rest:
                raise GrammarFault(
                    "Actions/Condition can contain only one colon.", tr("{shown} has more.", shown=shown(action)), path
                )
            if vendor != "*" and not _VENDOR.fullmatch(vendor):
                raise GrammarFault(
                    f"Vendor {vendor} is not valid", tr("{shown} names no service.", shown=shown(action)), path
                )
            if self.kind is PolicyKind.TRUST and vendor.lower() != "sts":
                raise GrammarFault(
                    "AssumeRole policy may only specify STS AssumeRole actions.",
                    tr("{shown} is not an action of STS.", shown=shown(action)),
                    path,
                    fix=tr('Write "sts:AssumeRole".'),
                )

    def _resources(self) -> tuple[str | None, tuple[str, ...]]:
        name, resources = self._one_of("Resource", "NotResource")
        if self.kind is PolicyKind.TRUST:
            if name is not None:
                raise GrammarFault(
                    f"Has prohibited field {name}",
                    tr("A trust policy's resource is the role it belongs to."),
                    (*self.path, name),
                    fix=tr("Remove {name}.", name=name),
                    at_key=True,
                )
            return None, ()
        if name is None or not resources:
            if self.kind in (PolicyKind.RESOURCE, PolicyKind.ENDPOINT) and name is None:
                return None, ()
            raise GrammarFault(
                "Policy statement must contain resources.",
                tr("The statement has no Resource."),
                (*self.path, "Resource"),
            )
        if self.kind.is_identity_based:
            for index, resource in enumerate(resources):
                check_resource(resource, self._item_path(name, index), complete=self.kind is PolicyKind.SESSION)
        return name, resources

    def _item_path(self, name: str, index: int) -> Path:
        listed = isinstance(self.given[name], list)
        return (*self.path, name, index) if listed else (*self.path, name)

    def _conditions(self) -> Iterator[Condition]:
        given = self.given.get("Condition", {})
        if not isinstance(given, dict):
            raise self._syntax(tr("Condition is an object, not {type_name}.", type_name=type_name(given)), "Condition")
        for spelled, keys in given.items():
            if not isinstance(keys, dict):
                raise self._syntax(
                    tr(
                        'Under {shown} stands an object such as {{"sts:ExternalId": "…"}}, not {given}.',
                        shown=shown(spelled),
                        given=shown(keys),
                    ),
                    "Condition",
                    spelled,
                )
            parsed = parse_operator(spelled)
            if parsed is None:
                if keys:
                    raise self._unknown_operator(spelled)
                continue  # AWS accepts anything with nothing in it
            spellings: dict[str, str] = {}
            for key, listed in keys.items():
                first = spellings.setdefault(key.lower(), key)
                if first != key:
                    raise self._syntax(
                        tr(
                            "{key} and {first} are one key: names of keys are compared without case.",
                            key=key,
                            first=first,
                        ),
                        "Condition",
                        spelled,
                        key,
                        fix=tr("Write it once, with all values."),
                        at_key=True,
                    )
                texts = [text for text, _ in self._condition_values(listed, spelled, key)]
                if parsed[0].family is Family.DATE:
                    self._check_dates(texts, spelled, key)
                yield make_condition(spelled, parsed, key, texts, variables=self.variables)

    def _condition_values(self, listed: Any, *path: str) -> Iterator[tuple[str, Path]]:
        many = isinstance(listed, list)
        for index, value in enumerate(listed if many else [listed]):
            where: Path = ("Condition", *path, index) if many else ("Condition", *path)
            if isinstance(value, bool):
                yield ("true" if value else "false"), where
            elif isinstance(value, str):  # numbers too: AWS takes them with and without quotes
                yield str(value), where
            else:
                raise self._syntax(
                    tr(
                        "The value of {path} is a text or a list of texts; {shown} is neither.",
                        path=path[-1],
                        shown=shown(value),
                    ),
                    *where,
                )

    def _check_dates(self, texts: Iterable[str], spelled: str, key: str) -> None:
        for text in texts:
            if values.instant(text) is None:
                raise GrammarFault(
                    _LEGACY,
                    tr("{shown} is neither an ISO 8601 date nor epoch seconds.", shown=shown(text)),
                    (*self.path, "Condition", spelled, key),
                    fix=tr('Write it like "2026-11-24T09:00:00Z".'),
                )

    def _unknown_operator(self, spelled: str) -> GrammarFault:
        names = [name for name in _OPERATOR_NAMES if name.lower()[:3] == spelled.rpartition(":")[2].lower()[:3]]
        near = difflib.get_close_matches(spelled, names or _OPERATOR_NAMES, n=1)
        fix = tr("Did you mean {near}?", near=near[0]) if near else ""
        return self._syntax(
            tr("There is no condition operator {shown}.", shown=shown(spelled)),
            "Condition",
            spelled,
            fix=fix,
            at_key=True,
        )


_OPERATOR_NAMES: Final = tuple(one.name for one in OPERATORS.values())
_PRINCIPAL_FORMS: Final = {
    "AWS": mark("AWS takes an account ID, an ARN of a user, role, role session or account root, a unique ID, or *."),
    "Service": mark("A service is called like states.amazonaws.com."),
    "Federated": mark("An identity provider has an ARN or a domain such as cognito-identity.amazonaws.com, without *."),
}
PARTITIONS: Final = frozenset(
    {"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"}
)
_IAM_RESOURCES: Final = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
)

# Resource types of IAM and STS that the sentence IAM answers with doesn't name, and the types of S3 that have a region
# (docs.aws.amazon.com/service-authorization/latest/reference: list_awsidentityandaccessmanagementiam.html,
# list_awssecuritytokenservice.html, list_amazons3.html).
_NEWER_IAM_RESOURCES: Final = ("assumed-role/", "delegation-request/", "role-template/", "contextProvider/")
_S3_IN_REGIONS: Final = (
    "accesspoint/",
    "access-grants/",
    "async-request/",
    "job/",
    "storage-lens/",
    "storage-lens-group/",
)


def check_resource(resource: str, path: Path, *, complete: bool) -> None:
    """Raise `GrammarFault` unless IAM accepts the text as `Resource` of an identity-based policy.

    `complete`: session policies take no ARN of fewer than six parts
    (docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html).
    """
    if resource == "*":
        return
    parts = resource.split(":", 5)
    if len(parts) == 1:
        raise GrammarFault(f'Resource {resource} must be in ARN format or "*".', "", path)
    if parts[1] != "*" and parts[1] not in PARTITIONS:
        rest = ":".join((resource.split(":", 5)[2:] + ["*"] * 4)[:4])
        raise GrammarFault(
            f'Partition "{parts[1]}" is not valid for resource "arn:{parts[1]}:{rest}".',
            tr("An ARN begins with arn:aws:."),
            path,
        )
    if len(parts) == 2 or any(wild in parts[2] for wild in "*?"):
        raise GrammarFault(
            "Resource vendor must be fully qualified and cannot contain regexes.",
            tr("{shown} doesn't name one service.", shown=shown(resource)),
            path,
        )
    if not parts[2] or (len(parts) < 6 and "::" in resource):
        raise GrammarFault(
            _LEGACY, tr("{shown} lacks parts of an ARN.", shown=shown(resource)), path, fix=tr(_ARN_FORM)
        )
    if len(parts) < 6:
        if complete:
            raise GrammarFault(
                "Syntax errors in policy.",
                tr("{shown} has fewer than six parts, which a session policy doesn't take.", shown=shown(resource)),
                path,
                fix=tr(_ARN_FORM),
            )
        return
    _, _, service, region, _, name = parts
    if service == "iam":
        if region:
            raise GrammarFault(f"IAM resource {resource} cannot contain region information.", "", path)
        if name not in ("*", "root") and not name.startswith((*_IAM_RESOURCES, *_NEWER_IAM_RESOURCES)):
            raise GrammarFault(
                f'IAM resource path must either be "*" or start with {", ".join(_IAM_RESOURCES)}.', "", path
            )
    if service == "s3" and region and not name.startswith(_S3_IN_REGIONS):
        raise GrammarFault(f"Resource {resource} can not contain region information.", "", path)


_ARN_FORM: Final = mark("An ARN is arn:partition:service:region:account:resource.")


def _missing(kind: PolicyKind, element: str) -> str:
    if kind.has_principal:
        return f"Missing required field {element}"
    return "Policy statement must contain actions." if element == "Action" else kind.syntax_message


def _unknown_element(kind: PolicyKind, given: str, known: Iterable[str], path: Path) -> GrammarFault:
    near = difflib.get_close_matches(given, list(known), n=1) or [k for k in known if k.lower() == given.lower()]
    hint = tr("Did you mean {near}?", near=near[0]) if near else tr("Known here: {names}.", names=", ".join(known))
    return GrammarFault(
        kind.syntax_message, tr("There is no element {shown}.", shown=shown(given)), path, fix=hint, at_key=True
    )


def _cut(text: str) -> str:
    """The text as a message quotes it; AWS's longest ARN has 2,048 characters."""
    return text if len(text) <= 2_048 else f"{text[:2_048]}…"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, Number)
