"""Decisions from JSON lines: one request with its policies a line in, one answer a line out.

A line: {"request": {"principal", "action", "resource", "resourceAccount", "context": {…}, "roleArn", "uniqueId"},
"identityPolicies": […], "resourcePolicy": {…}|null, "permissionBoundaries": […], "sessionPolicies": […],
"serviceControlPolicies": [[…], …], "resourceControlPolicies": [[…], …], "vpcEndpointPolicies": […],
"keyGrants": […]}.
Its answer: {"outcome", "decided_by", "explanation"}, or {"error"} for a line that says nothing decidable.

A role's trust policy and a KMS key's policy are its `resourcePolicy`. The service control policies are those of the
caller's account, the resource control policies those of the resource's account, both in levels from the organization's
root down. What is left out or null is empty; an empty `sessionPolicies` means that no session policy was passed.
`keyGrants` are those of the KMS key that the request is about, as ListGrants tells of them.
`roleArn` is the role of a session, with its path, and `uniqueId` the AROA… or AIDA… id of the caller's role or user.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, TextIO, TypeVar

from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.json_text import (
    JsonFault,
    Number,
    end_of_value,
    may_hold_surrogates,
    part_of,
    plain,
    read_json,
    shown,
    type_name,
    write_json,
)
from xsfn_helpers.common.language import language, speaking, tr
from xsfn_helpers.iam.decide import PROVIDER_ACTIONS, Decision, Policies, decide, is_key_request, is_trust_request
from xsfn_helpers.iam.errors import InvalidRequest
from xsfn_helpers.iam.explain import explain
from xsfn_helpers.iam.grants import grant_of
from xsfn_helpers.iam.kinds import PolicyKind
from xsfn_helpers.iam.policy import Policy
from xsfn_helpers.iam.principals import Principal
from xsfn_helpers.iam.request import Request

# Longer lines are answered with an error and skipped unread, so that memory stays flat and answers come soon.
MAX_LINE: Final = 4 * 1024 * 1024

T = TypeVar("T")
Lines = Iterable[str] | Iterable[bytes] | BinaryIO | TextIO


def decide_lines(lines: Lines, write: Callable[[str], None]) -> None:
    """Answer each line with one line, handed to `write` before the next line is read.

    Takes lines of text or UTF-8, or a stream of either. No line ends the loop: a malformed one (a blank one too) is
    answered with {"error": …}, and what the engine doesn't cover with {"error": "Unsupported: …"}.
    """
    with speaking(language()):  # settled once, not for every word
        for line in _bounded(lines):
            write(answer(line) + "\n")


def answer(line: str | bytes) -> str:
    """The answer to one line, as JSON text without a line end."""
    try:
        decision = decide_line(line)
        told = explain(decision).text
    except XsfnError as error:
        return json.dumps({"error": str(error)})
    except Exception as error:
        return json.dumps({"error": tr("The engine failed on this line: {error}.", error=type(error).__name__)})
    return json.dumps(
        {
            "outcome": decision.outcome,
            "decided_by": [str(ref) for ref in decision.decided_by],
            "explanation": told,
        }
    )


def decide_line(line: str | bytes) -> Decision:
    """The decision one line asks for. Raises `XsfnError` for a line that says nothing decidable."""
    request, policies = read_line(line)
    return decide(request, policies)


def read_line(line: str | bytes) -> tuple[Request, Policies]:
    """One line's request and policies, every part of it validated. Raises `XsfnError`."""
    text = _text_of(line)
    try:
        raw = _members_carefully(text) if may_hold_surrogates(text) else _members(text)
    except (ValueError, IndexError, RecursionError, _NotThisWayError):
        raw = _members_carefully(text)
    return _read(raw)


class _NotThisWayError(Exception):
    """The quick walk met something it can't name; the careful one says what."""


@dataclass(slots=True)
class _Raw:
    """A line taken apart: the request as a value, each policy as text (so that known ones needn't be read again)."""

    request: Any = None
    identity: tuple[str, ...] = ()
    resource: str | None = None
    boundaries: tuple[str, ...] = ()
    session: tuple[str, ...] = ()
    scps: tuple[tuple[str, ...], ...] = ()
    rcps: tuple[tuple[str, ...], ...] = ()
    endpoint: tuple[str, ...] = ()
    grants: Any = None


def _bounded(lines: Lines) -> Iterator[str | bytes]:
    """The lines, of a stream at most `MAX_LINE` long."""
    readline = getattr(lines, "readline", None)
    if readline is None:
        yield from lines
        return
    while line := readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            end = b"\n" if isinstance(line, bytes) else "\n"
            while line and not line.endswith(end):
                line = readline(MAX_LINE)
            yield _TOO_LONG
        else:
            yield line


# Stands in for a line that was too long; it can't be a line itself.
_TOO_LONG: Final = "\n\n"


def _text_of(line: str | bytes) -> str:
    if line is _TOO_LONG:
        raise InvalidRequest(tr("The line has more than {max_line} characters.", max_line=MAX_LINE))
    if isinstance(line, bytes):
        try:
            line = line.decode()
        except UnicodeDecodeError as error:
            raise InvalidRequest(
                tr(
                    "The line isn't UTF-8: byte {number} is 0x{byte:02x}.",
                    number=error.start + 1,
                    byte=line[error.start],
                )
            ) from None
    # Some programs begin their output with a byte order mark.
    line = line.removeprefix("\ufeff")
    if not line.strip():
        raise InvalidRequest(tr("The line is blank."))
    return line


def _space(text: str, at: int) -> int:
    """The offset of the next character that isn't white space; the end of the text raises `IndexError`."""
    while text[at] in " \t\r\n":
        at += 1
    return at


def _members(text: str) -> _Raw:
    """The quick walk over a well-formed line."""
    raw = _Raw()
    seen: set[str] = set()
    at = _space(text, 0)
    if text[at] != "{":
        raise _NotThisWayError
    at = _space(text, at + 1)
    while text[at] != "}":
        key, at = part_of(text, at)
        if key in seen or not isinstance(key, str):
            raise _NotThisWayError
        seen.add(key)
        at = _space(text, at)
        if text[at] != ":":
            raise _NotThisWayError
        at = _member(raw, key, text, _space(text, at + 1))
        at = _comma(text, at, "}")
    if text[at + 1 :].strip(" \t\r\n") or "request" not in seen:
        raise _NotThisWayError
    return raw


def _member(raw: _Raw, key: str, text: str, at: int) -> int:
    match key:
        case "request":
            raw.request, at = part_of(text, at)
        case "identityPolicies":
            raw.identity, at = _policies(text, at)
        case "permissionBoundaries":
            raw.boundaries, at = _policies(text, at)
        case "sessionPolicies":
            raw.session, at = _policies(text, at)
        case "resourcePolicy":
            raw.resource, at = _policy(text, at) if not text.startswith("null", at) else (None, at + 4)
        case "serviceControlPolicies":
            raw.scps, at = _levels(text, at)
        case "resourceControlPolicies":
            raw.rcps, at = _levels(text, at)
        case "vpcEndpointPolicies":
            raw.endpoint, at = _policies(text, at)
        case "keyGrants":
            raw.grants, at = part_of(text, at)
        case _:
            raise _NotThisWayError
    return at


def _comma(text: str, at: int, closing: str) -> int:
    """The offset of the next element, or of the closing bracket."""
    at = _space(text, at)
    if text[at] == closing:
        return at
    if text[at] != ",":
        raise _NotThisWayError
    at = _space(text, at + 1)
    if text[at] == closing:
        raise _NotThisWayError  # a comma too many
    return at


def _policy(text: str, at: int) -> tuple[str, int]:
    if text[at] != "{":
        raise _NotThisWayError
    end = end_of_value(text, at)
    return text[at:end], end


def _policies(text: str, at: int) -> tuple[tuple[str, ...], int]:
    return _list(text, at, _policy)


def _levels(text: str, at: int) -> tuple[tuple[tuple[str, ...], ...], int]:
    return _list(text, at, _policies)


def _list(text: str, at: int, item: Callable[[str, int], tuple[T, int]]) -> tuple[tuple[T, ...], int]:
    if text.startswith("null", at):
        return (), at + 4
    if text[at] != "[":
        raise _NotThisWayError
    items = []
    at = _space(text, at + 1)
    while text[at] != "]":
        one, at = item(text, at)
        items.append(one)
        at = _comma(text, at, "]")
    return tuple(items), at + 1


def _members_carefully(text: str) -> _Raw:
    """The same from a line that isn't as it should be: says what is wrong, or takes what is right after all."""
    try:
        line = read_json(text)
    except JsonFault as fault:
        raise InvalidRequest(
            tr("The line isn't JSON: {what}", what=fault.what), where=tr("column {column}", column=fault.offset + 1)
        ) from None
    _check_object(line, tr("the line"), _KEYS, needed=("request",))
    raw = _Raw(request=line["request"])
    raw.identity = _texts(line.get("identityPolicies"), "identityPolicies")
    raw.boundaries = _texts(line.get("permissionBoundaries"), "permissionBoundaries")
    raw.session = _texts(line.get("sessionPolicies"), "sessionPolicies")
    if line.get("resourcePolicy") is not None:
        raw.resource = _policy_text(line["resourcePolicy"], "resourcePolicy")
    raw.scps = _level_texts(line.get("serviceControlPolicies"), "serviceControlPolicies")
    raw.rcps = _level_texts(line.get("resourceControlPolicies"), "resourceControlPolicies")
    raw.endpoint = _texts(line.get("vpcEndpointPolicies"), "vpcEndpointPolicies")
    raw.grants = line.get("keyGrants")
    return raw


def _level_texts(given: Any, name: str) -> tuple[tuple[str, ...], ...]:
    return tuple(_texts(level, f"{name}[{at}]") for at, level in enumerate(_checked_list(given, name)))


def _texts(given: Any, name: str) -> tuple[str, ...]:
    return tuple(_policy_text(one, f"{name}[{at}]") for at, one in enumerate(_checked_list(given, name)))


def _checked_list(given: Any, name: str) -> list[Any]:
    if given is None:
        return []
    if not isinstance(given, list):
        raise InvalidRequest(tr("It is a list, not {type_name}.", type_name=type_name(given)), where=name)
    return given


def _policy_text(given: Any, name: str) -> str:
    if not isinstance(given, dict):
        raise InvalidRequest(tr("A policy is an object, not {type_name}.", type_name=type_name(given)), where=name)
    return write_json(given)


def _check_object(given: Any, name: str, known: tuple[str, ...], *, needed: tuple[str, ...]) -> None:
    if not isinstance(given, dict):
        raise InvalidRequest(tr("It is an object, not {type_name}.", type_name=type_name(given)), where=name)
    for key in given:
        if key not in known:
            raise InvalidRequest(
                tr("There is no {shown} in {name}.", shown=shown(key), name=name),
                where=name,
                fix=tr("Known here: {names}.", names=", ".join(known)),
            )
    for key in needed:
        if key not in given:
            raise InvalidRequest(tr("There is no {shown}, and it is needed.", shown=shown(key)), where=name)


_KEYS: Final = (
    "request",
    "identityPolicies",
    "resourcePolicy",
    "permissionBoundaries",
    "sessionPolicies",
    "serviceControlPolicies",
    "resourceControlPolicies",
    "vpcEndpointPolicies",
    "keyGrants",
)
_REQUEST_NEEDS: Final = ("principal", "action", "resource", "resourceAccount")
_REQUEST_MAY: Final = ("roleArn", "uniqueId")
_REQUEST_KEYS: Final = (*_REQUEST_NEEDS, "context", *_REQUEST_MAY)


def _read(raw: _Raw) -> tuple[Request, Policies]:
    request = _request(raw.request)
    kind = PolicyKind.TRUST if is_trust_request(request) else PolicyKind.RESOURCE
    return request, Policies(
        identity=_parsed(raw.identity, PolicyKind.IDENTITY, "identityPolicies"),
        resource=None if raw.resource is None else Policy.parse_part(raw.resource, kind=kind, name="resourcePolicy"),
        boundaries=_parsed(raw.boundaries, PolicyKind.BOUNDARY, "permissionBoundaries"),
        session=_parsed(raw.session, PolicyKind.SESSION, "sessionPolicies") or None,
        scps=tuple(
            _parsed(level, PolicyKind.SCP, f"serviceControlPolicies[{at}]") for at, level in enumerate(raw.scps)
        ),
        rcps=tuple(
            _parsed(level, PolicyKind.RCP, f"resourceControlPolicies[{at}]") for at, level in enumerate(raw.rcps)
        ),
        endpoint=_parsed(raw.endpoint, PolicyKind.ENDPOINT, "vpcEndpointPolicies"),
        grants=_grants(raw.grants, request),
    )


def _grants(given: Any, request: Request) -> tuple[Policy, ...]:
    grants = _checked_list(given, "keyGrants")
    if grants and not is_key_request(request):
        raise InvalidRequest(tr("Only a KMS key has grants, and the request isn't about one."), where="keyGrants")
    return tuple(grant_of(plain(one), request.resource, where=f"keyGrants[{at}]") for at, one in enumerate(grants))


def _request(given: Any) -> Request:
    _check_object(given, "request", _REQUEST_KEYS, needed=_REQUEST_NEEDS)
    for key in (*_REQUEST_NEEDS, *(key for key in _REQUEST_MAY if given.get(key) is not None)):
        if not isinstance(given[key], str) or isinstance(given[key], Number):
            raise InvalidRequest(
                tr("It is a text, not {type_name}.", type_name=type_name(given[key])), where=f"request.{key}"
            )
    context = given.get("context")
    for key, value in context.items() if isinstance(context, dict) else ():
        for one in value if isinstance(value, list) else (value,):
            if not isinstance(one, str) or isinstance(one, Number):
                raise InvalidRequest(
                    tr("A condition key's value is a text or a list of texts; {shown} is neither.", shown=shown(one)),
                    where=f"request.context {shown(key)}",
                    fix=tr('Write "true", "7" … in quotes.'),
                )
    if context is not None and not isinstance(context, dict):
        raise InvalidRequest(
            tr("It is an object, not {type_name}.", type_name=type_name(context)), where="request.context"
        )
    return Request(
        _principal(given),
        given["action"],
        given["resource"],
        given["resourceAccount"],
        context or {},
    )


def _principal(given: dict[str, Any]) -> Principal:
    """The caller; in the calls of identity providers' users, a provider may be given by its address."""
    text = given["principal"]
    if given["action"].lower() in PROVIDER_ACTIONS and not text.startswith("arn:"):
        return Principal.of_provider(text)
    return Principal.parse(text, unique_id=given.get("uniqueId"), role_arn=given.get("roleArn"))


def _parsed(texts: tuple[str, ...], kind: PolicyKind, name: str) -> tuple[Policy, ...]:
    return tuple(Policy.parse_part(text, kind=kind, name=f"{name}[{at}]") for at, text in enumerate(texts))
