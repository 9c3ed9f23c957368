"""What AWS denied, out of its own words: a sentence as people paste it, an execution's end, a CloudTrail event. Pure.

Sources of the words: docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html,
docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html; of the event:
docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from xsfn_helpers.common.arns import Arn, account_of, machine_arn
from xsfn_helpers.common.aws_names import STATES_PRINCIPAL

ASSUME: Final = "sts:AssumeRole"
# Pasted text breaks anywhere, so the words are looked for with all white space taken out of them.
_ARN: Final = r"arn:aws[\w-]*:[^\"'\\,]+?"
_TASK_ROLE: Final = re.compile(
    rf"The role (?P<asker>{_ARN}) is not authorized to assume the task state'?s role,?(?=arn:)".replace(" ", "")
)
_ACTION: Final = re.compile(
    rf"(?:User|Principal):(?P<asker>{_ARN}|[\w.-]+?\.amazonaws\.com) is not authorized to perform:?".replace(" ", "")
    + r"(?P<action>[a-z0-9-]+:[A-Z]\w*?)"
    + r"(?:on resource:?(?P<resource>)(?=arn:|\*)|(?=because|with an explicit|\W|$))".replace(" ", "")
)
_SERVICE: Final = re.compile(
    "Neither the global service principal states.amazonaws.com,? nor the regional one is authorized to assume the "
    "provided role".replace(" ", "").replace(".", r"\.")
)
_ROLE_NEAR: Final = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]*[\w+=,@/-]")
# What AWS says after the resource.
_AFTER: Final = re.compile(r"(?P<arn>arn:aws[^\"'\\]*?|\*)(?:because|withanexplicit|\(Service|\(Status)")
_WORD: Final = re.compile(r"[^\s\"'\\]+")
_OF_STATES: Final = re.compile(r"arn:aws[\w-]*:states:[\w-]+:\d{12}:(?:stateMachine|execution|express):[\w:./-]+")
_FOLLOW: Final = ("states:DescribeExecution",)
_STOP: Final = ("states:StopExecution",)


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """Who wanted what, and was denied. `asker` is a role's ARN, or the service's name; empty where it isn't told.

    `about` is the ARN of the execution or the state machine, where the words name it; `external_id` the one that
    CloudTrail recorded.
    """

    link: int
    asker: str
    action: str
    resource: str
    said: str
    about: str = ""
    external_id: str = ""

    @property
    def account(self) -> str:
        """The account of what was denied."""
        return account_of(self.resource) or account_of(self.asker)


def refused_in(text: str) -> tuple[RefusedCall, ...]:
    """The denials that a text tells of, each once, in its order; line breaks anywhere in it."""
    plain = text
    while "\\" in plain:  # JSON in JSON, as a cause often is
        plain, before = re.sub(r'\\(["/\\])', r"\1", plain.replace("\\n", "\n").replace("\\r", "")), plain
        if plain == before:
            break
    found: dict[tuple[str, str, str], RefusedCall] = {}
    squeezed = _Squeezed.of(plain)
    for one in _calls_in(squeezed):
        about = next((arn.rstrip(".") for arn in _OF_STATES.findall(plain) if arn.rstrip(".") != one.resource), "")
        found.setdefault((one.asker, one.action, one.resource), replace(one, about=about))
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class _Squeezed:
    """A text without its white space, and where each of its characters was."""

    original: str
    text: str
    places: tuple[int, ...]

    @classmethod
    def of(cls, original: str) -> _Squeezed:
        places = tuple(at for at, sign in enumerate(original) if not sign.isspace() and sign not in "│|>")
        return cls(original, "".join(original[at] for at in places), places)

    def said(self, start: int, end: int) -> str:
        """What was there, on one line."""
        return " ".join(self.original[self.places[start] : self.places[end - 1] + 1].split())

    def arn_at(self, start: int) -> str:
        """The ARN that begins here; a line break may go through it."""
        sure = _AFTER.match(self.text, start)
        if sure is not None and "isnotauthorized" not in sure["arn"]:
            return sure["arn"]
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
        resource = "" if one["resource"] is None else squeezed.arn_at(one.end())
        said = f"{squeezed.said(one.start(), one.end())} {resource}".rstrip()
        found.append((one.start(), RefusedCall(_link_of(asker, action), asker, action, resource, said)))
    if (service := _SERVICE.search(squeezed.text)) is not None:
        role = _ROLE_NEAR.search(squeezed.original)
        said = squeezed.said(service.start(), service.end())
        found.append((service.start(), RefusedCall(1, STATES_PRINCIPAL, ASSUME, role[0] if role else "", said)))
    yield from (call for _, call in sorted(found, key=lambda one: one[0]))


def refused_event(event: Mapping[str, Any]) -> RefusedCall | None:
    """What a CloudTrail event says of AssumeRole, or of another denied call; None for an event of anything else."""
    asked = event.get("requestParameters")
    given: Mapping[str, Any] = asked if isinstance(asked, Mapping) else {}
    identity = event.get("userIdentity")
    who: Mapping[str, Any] = identity if isinstance(identity, Mapping) else {}
    message = str(event.get("errorMessage") or "")
    refused = "denied" in f"{event.get('errorCode') or ''} {message}".lower() or "not authorized" in message
    service = str(event.get("eventSource", "")).removesuffix(".amazonaws.com")
    if not refused:
        return None
    told = refused_in(message)
    if told and told[0].resource:
        call = told[0]
    else:
        by_service = who.get("type") == "AWSService"
        asker = STATES_PRINCIPAL if by_service else _role_of(_issuer(who) or str(who.get("arn", "")))
        action = f"{service}:{event.get('eventName', '')}"
        resource = str(given.get("roleArn") or given.get("stateMachineArn") or "")
        call = RefusedCall(_link_of(asker, action), asker, action, resource, message)
    external = str(given.get("externalId") or "")
    return replace(call, external_id=external, about=machine_arn(external) if Arn.parse(external) else call.about)


def events_of(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The events of a CloudTrail file, or of `lookup-events`, or the one that this is."""
    for key in ("Records", "Events"):
        if isinstance(found := answer.get(key), list):
            return [one for one in found if isinstance(one, Mapping)]
    return [answer]


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
    return isinstance(value.get("Records"), list) or bool(value.get("eventSource") and value.get("eventName"))
