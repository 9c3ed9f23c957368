"""What a task's `Resource` asks AWS for: which actions, on what, by which role, and when. Pure.

Three sources, none of them a guess: the table of optimised integrations (`optimised`), the kept data of the SDKs' calls
(`sdk_calls`), and IAM's own list of actions (`xsfn_helpers.iam.actions`). What none of them has is unknown, and told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from xsfn_helpers.asl.arn_forms import UNKNOWN, AskedResource, formed, values_at
from xsfn_helpers.asl.asked import AskedPermissions, By, For, Need, Pattern, Permission, TaskCaller, Unknown, qualified
from xsfn_helpers.asl.known_parts import ANY
from xsfn_helpers.asl.optimised import TABLE
from xsfn_helpers.asl.sdk_calls import asked_of_sdk

_RESOURCE: Final = re.compile(
    r"arn:(?P<partition>[a-z-]+):states:[a-z0-9-]*:[0-9]*:(?P<service>[A-Za-z0-9-]+):(?P<name>[^$]+)"
)
_LAMBDA: Final = re.compile(r"arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:.+")
_ACTIVITY: Final = re.compile(r"arn:[a-z-]+:states:[a-z0-9-]+:\d{12}:activity:.+")


def pattern_of(resource: str) -> Pattern:
    """How a task with this `Resource` waits."""
    return next(
        (way for way in (Pattern.SYNC_2, Pattern.SYNC, Pattern.CALLBACK) if resource.endswith(way)), Pattern("")
    )


def is_activity(resource: str) -> bool:
    """Whether a worker polls for the task, so that no role makes any call."""
    return _ACTIVITY.fullmatch(resource) is not None


def asked_of(resource: str, arguments: object, caller: TaskCaller) -> AskedPermissions:
    """What a task with this `Resource` and these Parameters or Arguments asks for.

    `arguments` that are no mapping are one expression: all of them show only in the run.
    """
    if is_activity(resource):
        return AskedPermissions()
    if _LAMBDA.fullmatch(resource):
        return AskedPermissions(
            (Permission("lambda:InvokeFunction", AskedResource(resource), For.CALL, By.ACTING),), page=_CONNECT_LAMBDA
        )
    found = _RESOURCE.fullmatch(resource)
    if found is None:
        return AskedPermissions(unknown=Unknown.NO_RESOURCE)
    way = pattern_of(resource)
    name = found["name"].removesuffix(way)
    if found["service"] == "aws-sdk":
        if way.runs_a_job:
            return AskedPermissions(unknown=Unknown.PATTERN)
        service, _, operation = name.partition(":")
        return asked_of_sdk(service, operation, arguments, caller)
    integration = TABLE.get(f"{found['service']}:{name}")
    if integration is None:
        return AskedPermissions(unknown=Unknown.INTEGRATION)
    needs = integration.needs.get(way)
    if needs is None:
        return AskedPermissions(unknown=Unknown.PATTERN, page=integration.page)
    permissions = [one for need in needs for one in _filled(need, arguments, caller)]
    called = {one.action for one in permissions if one.purpose is For.CALL}
    for need in needs:
        # Which parameter names its resource can't be told: it is asked for all the same.
        if need.purpose is For.CALL and need.action not in called and "=" not in need.given:
            permissions.append(Permission(need.action, UNKNOWN, For.CALL, need.by))
    return AskedPermissions(tuple(dict.fromkeys(permissions)), page=integration.page, outside=integration.outside)


def _filled(need: Need, arguments: object, caller: TaskCaller) -> Iterator[Permission]:
    if need.purpose is For.RULE and caller.credentials:
        return  # across accounts Step Functions polls: …dg/concepts-access-cross-acct-resources.html
    if need.given:
        parameter, _, wanted = need.given.partition("=")
        values = values_at(arguments, parameter)
        if values is None or (wanted and ANY not in values and not set(wanted.split("|")) & set(values)):
            return
        if not isinstance(arguments, Mapping) or (wanted and ANY in values):
            # Whether it is needed at all shows only in the run.
            yield Permission(need.action, UNKNOWN, need.purpose, need.by, certain=False)
            return
    place = caller.own if need.by is By.OWN else caller.acting
    context = tuple(
        (key, value.arn)
        for key, form in need.context
        for value in formed(form, arguments, place, caller.machine)
        if value.exact
    )
    for resource in formed(need.form, arguments, place, caller.machine):
        yield qualified(Permission(need.action, resource, need.purpose, need.by, context, need.certain), arguments)


_CONNECT_LAMBDA: Final = "docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html"
