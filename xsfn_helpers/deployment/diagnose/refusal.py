"""What AWS refused, out of its own words: a sentence as people paste it, an execution's end, a CloudTrail event. Pure.

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
_ARN: Final = r"arn:aws[\w-]*:[^\s\"'\\,]+?"
# An ARN ends where the sentence, its quotes or the line do.
_END: Final = r"(?=[.,]?(?:[\s\"'\\]|$))"
_TASK_ROLE: Final = re.compile(
    rf"The\s*role\s*(?P<asker>{_ARN})\s*is\s*not\s*authorized\s*to\s*assume\s*the\s*task\s*state'?s\s*role,?\s*"
    rf"(?P<resource>{_ARN})(?P<whole>\.)?{_END}"
)
_ACTION: Final = re.compile(
    rf"(?:User|Principal):\s*(?P<asker>{_ARN}|[\w.-]+\.amazonaws\.com)\s*is\s*not\s*authorized\s*to\s*perform:?\s*"
    rf"(?P<action>[a-z0-9-]+:\w+)(?:\s*on\s*resource:?\s*(?P<resource>{_ARN}|\*)(?P<whole>\.)?{_END})?"
)
_SERVICE: Final = re.compile(
    r"Neither\s*the\s*global\s*service\s*principal\s*states\.amazonaws\.com,?\s*nor\s*the\s*regional\s*one\s*is\s*"
    r"authorized\s*to\s*assume\s*the\s*provided\s*role"
)
_BREAK: Final = re.compile(r"[ \t]*\r?\n[\s│|>]*")
# A line that ends in the middle of an ARN.
_SPLIT_ARN: Final = re.compile(r"(arn:aws[^\s\"']*[^\s.,\"'])[ \t]*\r?\n[\s│|>]*")
_OF_STATES: Final = re.compile(r"arn:aws[\w-]*:states:[\w-]+:\d{12}:(?:stateMachine|execution|express):[\w:./-]+")
_FOLLOW: Final = ("states:DescribeExecution",)
_STOP: Final = ("states:StopExecution",)


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """Who wanted what, and was refused. `asker` is a role's ARN, or the service's name; empty where it isn't told.

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
        """The account of what was refused."""
        return account_of(self.resource) or account_of(self.asker)


def refused_in(text: str) -> tuple[RefusedCall, ...]:
    """The refusals that a text tells of, each once, in its order; line breaks anywhere in it."""
    plain = text.replace("\\n", "\n").replace('\\"', '"').replace("\\/", "/")
    spaced, joined = _BREAK.sub(" ", plain), _BREAK.sub(" ", _rejoined(plain))
    found: dict[tuple[str, str, str], RefusedCall] = {}
    for one in _better(tuple(_calls_in(spaced)), tuple(_calls_in(joined)), broken=spaced != joined):
        about = next((arn.rstrip(".") for arn in _OF_STATES.findall(joined) if arn.rstrip(".") != one.resource), "")
        found.setdefault((one.asker, one.action, one.resource), replace(one, about=about))
    return tuple(found.values())


def _rejoined(text: str) -> str:
    while (whole := _SPLIT_ARN.sub(r"\1", text)) != text:
        text = whole
    return text


def _better(
    spaced: tuple[RefusedCall, ...], joined: tuple[RefusedCall, ...], *, broken: bool
) -> tuple[RefusedCall, ...]:
    """A line break is a space, unless it went through an ARN: then what lies on both sides of it is one word."""
    if not broken or not joined:
        return spaced
    if len(spaced) < len(joined):
        return joined
    return tuple(
        other if other.resource.startswith(one.resource) and _ends_sentence(other) and not _ends_sentence(one) else one
        for one, other in zip(spaced, joined, strict=False)
    )


def _ends_sentence(call: RefusedCall) -> bool:
    return call.said.endswith(".")


def _calls_in(text: str) -> Iterator[RefusedCall]:
    for found in _TASK_ROLE.finditer(text):
        yield RefusedCall(2, _role_of(found["asker"]), ASSUME, _bare(found["resource"]), found[0])
    for found in _ACTION.finditer(text):
        asker, action, resource = _role_of(found["asker"]), found["action"], _bare(found["resource"] or "")
        yield RefusedCall(_link_of(asker, action), asker, action, resource, found[0])
    if (service := _SERVICE.search(text)) is not None:
        role = re.search(rf"role\W*\s*(?P<role>{_ARN}){_END}", text[service.end() :])
        yield RefusedCall(1, STATES_PRINCIPAL, ASSUME, _bare(role["role"]) if role else "", service[0])


def refused_event(event: Mapping[str, Any]) -> RefusedCall | None:
    """What a CloudTrail event says of AssumeRole, or of another refused call; None for an event of anything else."""
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


def _bare(arn: str) -> str:
    return arn.rstrip(".,")


def _link_of(asker: str, action: str) -> int:
    if action == ASSUME:
        return 1 if asker == STATES_PRINCIPAL else 2
    if action in _FOLLOW:
        return 4
    return 5 if action in _STOP else 3


def is_event(value: Mapping[str, Any]) -> bool:
    """Whether a value is CloudTrail's: one event, a file of them, or an answer of `lookup-events`."""
    return isinstance(value.get("Records"), list) or bool(value.get("eventSource") and value.get("eventName"))
