"""What AWS denied, out of its own words: a sentence as people paste it, an execution's end, a CloudTrail event. Pure.

Sources of the words: docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html,
docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html; of the event:
docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from xsfn_helpers.common.arns import Arn, account_of, machine_arn
from xsfn_helpers.common.aws_names import STATES_PRINCIPAL
from xsfn_helpers.common.language import mark

ASSUME: Final = "sts:AssumeRole"
# Pasted text breaks anywhere, so the words are looked for with all white space taken out of them.
_ARN: Final = r"arn:aws[\w-]*:(?:(?!arn:aws)[^\"'\\])+?"
_QUOTE: Final = "[\"']?"


def _squeezed(words: str) -> str:
    return words.replace(" ", "")


_TASK_ROLE: Final = re.compile(
    _squeezed(
        rf"The role {_QUOTE}(?P<asker>{_ARN}){_QUOTE} is not authorized to assume the task state'{{0,2}}s role,?"
        rf"{_QUOTE}"
    )
    + r"(?=arn:)"
)
_ACTION: Final = re.compile(
    _squeezed(
        rf"(?:User|Principal):{_QUOTE}(?P<asker>{_ARN}|[\w.-]+?\.amazonaws\.com){_QUOTE} is not authorized to perform:?"
    )
    + r"(?P<action>[A-Za-z0-9-]+:[A-Za-z]\w*?)"
    + _squeezed(
        rf"(?:on resource:?{_QUOTE}(?P<resource>)(?=arn:|\*)|(?=on resource:)|(?=because|with an explicit|\W|$))"
    )
)
_SERVICE: Final = re.compile(
    "Neither the global service principal states.amazonaws.com,? nor the regional one is authorized to assume the "
    "provided role".replace(" ", "").replace(".", r"\.")
)
_ROLE_NEAR: Final = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]*[\w+=,@/-]")
# What AWS says after the resource.
_AFTER: Final = re.compile(
    r"(?P<arn>arn:aws[^\"'\\]*?|\*)(?:because|withanexplicit|\(Service|\(Status|\.Encodedauthorization)"
)
_LINE_END: Final = re.compile(r"\s*[\r\n]+[\s│|<>`]*")
_WORD: Final = re.compile(r"[^\s\"'`\\]+")
_OF_STATES: Final = re.compile(r"arn:aws[\w-]*:states:[\w-]+:\d{12}:(?:stateMachine|execution|express):[\w:./-]+")
# What stands around the words and isn't AWS's: colours and links of terminals, marks that no one sees, emphasis.
_TERMINAL: Final = re.compile(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-9;?]*[ -/]*[@-~]")
_UNSEEN: Final = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
_EMPHASIS: Final = re.compile(r"(\*{1,2}|_{1,2})(arn:aws[^\s*]*?)\1(?=[\s,.]|$)")
_CURLY: Final = str.maketrans("‘’‛“”‟", "'''\"\"\"")
_ESCAPED: Final = re.compile(r"\\+u00(?P<code>[2-7][0-9a-fA-F])")
# docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html; the policy's own ARN:
# docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied-authorization-id.html
_BY: Final = re.compile(
    r"(?:because(?P<lacks>no)|withanexplicitdenyin(?:an?|the)?)(?P<kind>"
    r"identity-basedpolicy|resource-basedpolicy|servicecontrolpolicy|resourcecontrolpolicy|permissionsboundary|"
    r"sessionpolicy|VPCendpointpolicy|roletrustpolicy)(?:policy)?(?P<named>:(?=arn:))?",
    re.IGNORECASE,
)
_FOLLOW: Final = ("states:DescribeExecution",)
_STOP: Final = ("states:StopExecution",)


class DeniedBy(StrEnum):
    """The kind of policy that AWS's words say denied it, or lacks the permission."""

    UNTOLD = ""
    IDENTITY = mark("identity-based policy")
    RESOURCE = mark("resource-based policy")
    SCP = mark("service control policy")
    RCP = mark("resource control policy")
    BOUNDARY = mark("permissions boundary")
    SESSION = mark("session policy")
    ENDPOINT = mark("VPC endpoint policy")
    TRUST = mark("role trust policy")


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """Who wanted what, and was denied. `asker` is a role's ARN, or the service's name; empty where it isn't told.

    `about` is the ARN of the execution or the state machine, where the words name it; `external_id` the one that
    CloudTrail recorded. `by` is the kind of policy that AWS names as the reason, `policy` the ARN of the one.
    """

    link: int
    asker: str
    action: str
    resource: str
    said: str
    about: str = ""
    external_id: str = ""
    by: DeniedBy = DeniedBy.UNTOLD
    policy: str = ""

    @property
    def account(self) -> str:
        """The account of what was denied."""
        return account_of(self.resource) or account_of(self.asker)


def refused_in(text: str) -> tuple[RefusedCall, ...]:
    """The denials that a text tells of, each once, in its order; line breaks anywhere in it."""
    plain = _without_dressing(text)
    while "\\" in plain:  # JSON in JSON, as a cause often is
        plain, before = re.sub(r"""\\(["'/\\])""", r"\1", plain.replace("\\n", "\n").replace("\\r", "")), plain
        if plain == before:
            break
    found: dict[tuple[str, str, str], RefusedCall] = {}
    squeezed = _Squeezed.of(plain)
    calls = list(_calls_in(squeezed))
    # What was asked for isn't what asked for it.
    acted_on = {machine_arn(one.resource) for one in calls}
    named = [arn for one in _OF_STATES.findall(plain) if machine_arn(arn := one.rstrip(".:")) not in acted_on]
    for one in calls:
        found.setdefault((one.asker, one.action, one.resource), replace(one, about=next(iter(named), "")))
    return tuple(found.values())


def _without_dressing(text: str) -> str:
    """The words as AWS wrote them: whatever they were copied from may have coloured, escaped or emphasised them."""
    plain = _UNSEEN.sub("", _TERMINAL.sub("", text))
    plain = _ESCAPED.sub(lambda found: chr(int(found["code"], 16)), html.unescape(plain)).translate(_CURLY)
    return _EMPHASIS.sub(r"\2", plain)


@dataclass(frozen=True, slots=True)
class _Squeezed:
    """A text without its white space, and where each of its characters was."""

    original: str
    text: str
    places: tuple[int, ...]

    @classmethod
    def of(cls, original: str) -> _Squeezed:
        places = tuple(at for at, sign in enumerate(original) if not sign.isspace() and sign not in "│|<>`")
        return cls(original, "".join(original[at] for at in places), places)

    def said(self, start: int, end: int) -> str:
        """What was there, on one line."""
        return " ".join(self.original[self.places[start] : self.places[end - 1] + 1].split())

    def arn_at(self, start: int) -> str:
        """The ARN that begins here; a line break may go through it."""
        sure = _AFTER.match(self.text, start)
        if sure is not None and "isnotauthorized" not in sure["arn"]:
            # Names of a few services' things have spaces; a line's end is none.
            return _LINE_END.sub("", self.original[self.places[start] : self.places[sure.end("arn") - 1] + 1])
        words = _WORD.finditer(self.original, self.places[start])
        first = next(words, None)
        if first is None:
            return ""
        arn, end = first[0], first.end()
        for word in words:
            gap = self.original[end : word.start()]
            # Inside a line, white space ends it; at a line's end, only what is whole or ends in a full stop does.
            if "\n" not in gap or not gap.isspace() or arn.endswith((".", ",")):
                break
            if _is_whole(arn) and not word[0].endswith("."):
                break
            arn, end = arn + word[0], word.end()
        return arn.rstrip(".,")

    def denied_by(self, start: int) -> tuple[DeniedBy, str]:
        """The kind of policy that AWS names after what it denied, and the ARN of the policy."""
        found = _BY.search(self.text, start)
        if found is None or "isnotauthorized" in self.text[start : found.start()].lower():
            return DeniedBy.UNTOLD, ""
        kind = next(one for one in DeniedBy if one.value.replace(" ", "").lower() == found["kind"].lower())
        return kind, self.arn_at(found.end()) if found["named"] else ""


def _is_whole(arn: str) -> bool:
    found = Arn.parse(arn)
    return found is not None and (bool(found.role_name) or found.service != "iam")


def _calls_in(squeezed: _Squeezed) -> Iterator[RefusedCall]:
    found: list[tuple[int, RefusedCall]] = []
    for one in _TASK_ROLE.finditer(squeezed.text):
        said = squeezed.said(one.start(), one.end())
        resource = squeezed.arn_at(one.end())
        found.append((one.start(), RefusedCall(2, _role_of(one["asker"]), ASSUME, resource, f"{said} {resource}.")))
    for one in _ACTION.finditer(squeezed.text):
        asker, action = _role_of(one["asker"]), one["action"]
        resource = "" if one["resource"] is None else _unmasked(squeezed.arn_at(one.end()), asker)
        said = f"{squeezed.said(one.start(), one.end())} {resource}".rstrip()
        by, policy = squeezed.denied_by(one.end())
        call = RefusedCall(_link_of(asker, action), asker, action, resource, said, by=by, policy=policy)
        found.append((one.start(), call))
    if (service := _SERVICE.search(squeezed.text)) is not None:
        role = _ROLE_NEAR.search(squeezed.original)
        said = squeezed.said(service.start(), service.end())
        found.append((service.start(), RefusedCall(1, STATES_PRINCIPAL, ASSUME, role[0] if role else "", said)))
    yield from (call for _, call in sorted(found, key=lambda one: one[0]))


def _unmasked(resource: str, asker: str) -> str:
    """The ARN with its account, where the asker's has the digits that are shown; empty where it can't be told.

    API Gateway shows the last four digits alone (`********2222`).
    """
    found, own = Arn.parse(resource), account_of(asker)
    if found is None or "*" not in found.account:
        return resource
    return str(found.moved(account=own)) if own.endswith(found.account.lstrip("*")) else ""


def refused_event(event: Mapping[str, Any]) -> RefusedCall | None:
    """What a CloudTrail event says of AssumeRole, or of another denied call; None for an event of anything else."""
    asked = _object(event.get("requestParameters"))
    given: Mapping[str, Any] = asked if isinstance(asked, Mapping) else {}
    identity = _object(event.get("userIdentity"))
    who: Mapping[str, Any] = identity if isinstance(identity, Mapping) else {}
    message = str(event.get("errorMessage") or "")
    refused = "denied" in f"{event.get('errorCode') or ''} {message}".lower() or "not authorized" in message
    service = str(event.get("eventSource", "")).removesuffix(".amazonaws.com")
    if not refused:
        return None
    told = refused_in(message)
    named = str(given.get("roleArn") or given.get("stateMachineArn") or "")
    if told:
        # Its words name the action as policies do; what it was about, not every service tells.
        call = told[0] if told[0].resource or told[0].action != ASSUME else replace(told[0], resource=named)
    else:
        by_service = who.get("type") == "AWSService"
        asker = STATES_PRINCIPAL if by_service else _role_of(_issuer(who) or str(who.get("arn", "")))
        action = f"{service}:{event.get('eventName', '')}"
        resource = named if service in ("sts", "states") else ""
        call = RefusedCall(_link_of(asker, action), asker, action, resource, message)
    external = str(given.get("externalId") or "")
    return replace(call, external_id=external, about=machine_arn(external) if Arn.parse(external) else call.about)


def events_of(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The events of a CloudTrail file, of `lookup-events`, or of EventBridge; or the one that this is.

    Source: docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html (`detail`)
    """
    for key in ("Records", "Events"):
        if isinstance(found := answer.get(key), list):
            return [event for one in found if isinstance(one, Mapping) for event in events_of(one)]
    for key in ("CloudTrailEvent", "detail"):
        if isinstance(inner := _object(answer.get(key)), Mapping) and "eventSource" in inner:
            return [inner]
    return [answer]


def _object(value: object) -> object:
    """What a value is, or what its text is as JSON: lookups and queries give parts of an event as text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _issuer(who: Mapping[str, Any]) -> str:
    context = who.get("sessionContext")
    issuer = context.get("sessionIssuer") if isinstance(context, Mapping) else None
    return str(issuer.get("arn") or "") if isinstance(issuer, Mapping) else ""


def _role_of(asker: str) -> str:
    """The role's ARN, of a role's or a session's; the path of a session's role isn't in its ARN."""
    found = Arn.parse(asker)
    if found is None or not found.session_role:
        return asker
    return f"arn:{found.partition}:iam::{found.account}:role/{found.session_role}"


def _link_of(asker: str, action: str) -> int:
    if action == ASSUME:
        return 1 if asker == STATES_PRINCIPAL else 2
    if action in _FOLLOW:
        return 4
    return 5 if action in _STOP else 3


def is_event(value: Mapping[str, Any]) -> bool:
    """Whether a value is CloudTrail's: one event, a file of them, or an answer of `lookup-events`."""
    if isinstance(value.get("Records"), list):
        return True
    return any(one.get("eventSource") and one.get("eventName") for one in events_of(value))
