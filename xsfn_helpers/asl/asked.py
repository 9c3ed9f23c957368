"""What is asked for, as data: the permissions of one call, whose they are, and what for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from xsfn_helpers.asl.arn_forms import AskedResource, CallingPlace, function_called, without_qualifier


class Pattern(StrEnum):
    """How a task waits, as the end of its `Resource`: …dg/connect-to-resource.html"""

    REQUEST_RESPONSE = ""
    SYNC = ".sync"
    SYNC_2 = ".sync:2"
    CALLBACK = ".waitForTaskToken"

    @property
    def runs_a_job(self) -> bool:
        return self in (Pattern.SYNC, Pattern.SYNC_2)


class For(StrEnum):
    """What a permission is for; the order is that of a run."""

    RULE = "to create or update the state machine"  # the managed rule by which Step Functions hears of the end
    CALL = "for the call itself"
    HAND_OVER = "to give a role to the service"
    FOLLOW = "to learn of the end"
    STOP = "only when the task is stopped or times out"
    REDRIVE = "only when the run is redriven"
    BEYOND = "for what the call then does"  # told, not decided: it hangs on the data, not on the definition


class By(StrEnum):
    """Whose permission it is: of the role that `Credentials` names, or of the state machine's own role."""

    ACTING = "acting"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Need:
    """One row: an action on the resources of a form.

    `given` is a parameter without which it isn't needed, or one and the values with which it is (`AuthType=IAM_ROLE`);
    `context` are condition keys and the forms of their values.
    """

    action: str
    form: str
    purpose: For = For.CALL
    by: By = By.ACTING
    given: str = ""
    context: tuple[tuple[str, str], ...] = ()
    # The source shows the permission but not that AWS asks for it in every run: a lack of it is no denial yet.
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Integration:
    """An optimised integration: what each way of waiting needs, and AWS's page that says so.

    `outside` names what decides besides IAM and isn't read here.
    """

    name: str
    page: str
    needs: Mapping[Pattern, tuple[Need, ...]]
    outside: str = ""


@dataclass(frozen=True, slots=True)
class Permission:
    """A need with what is known of this task filled in. `resource` is the pattern of one resource."""

    action: str
    resource: AskedResource
    purpose: For
    by: By
    context: tuple[tuple[str, str], ...] = ()
    certain: bool = True


class Unknown(StrEnum):
    """Why it isn't known what a task asks for."""

    NO_RESOURCE = "this is no `Resource` of a task that AWS has"
    INTEGRATION = "the table has no such integration"
    PATTERN = "the table doesn't have this integration waiting in this way"
    SERVICE = "the kept data have no such service of the AWS SDKs"
    OPERATION = "the kept data have no such operation of this service"
    ACTION = "which IAM action AWS asks for here isn't known"
    BY_CONTENT = "which of these actions AWS asks for hangs on what the call is given"


@dataclass(frozen=True, slots=True)
class AskedPermissions:
    """All that a task asks for. With `unknown`, more than these may be asked for; `candidates` are what it may be.

    Whoever decides a task by it says "allowed" only where `unknown` and `outside` are empty.
    """

    permissions: tuple[Permission, ...] = ()
    unknown: Unknown | None = None
    candidates: tuple[str, ...] = ()
    page: str = ""
    outside: str = ""


@dataclass(frozen=True, slots=True)
class TaskCaller:
    """Who calls, from where. `acting` is the place of the role that makes the calls, `own` the state machine's."""

    acting: CallingPlace
    own: CallingPlace
    machine: str
    credentials: bool = False


def qualified(permission: Permission, arguments: object = None) -> Permission:
    """Of a version or an alias, the permission that AWS asks for.

    Of a state machine's it is on the state machine itself: …/step-functions/latest/dg/auth-version-alias.html. Of a
    function's it is on the qualified ARN, wherever the qualifier is given:
    docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html, github.com/aws/aws-cdk/issues/19273
    """
    if permission.action.lower() == "lambda:invokefunction":
        return replace(permission, resource=function_called(permission.resource, arguments))
    if not permission.action.startswith("states:"):
        return permission
    machine, qualifier = without_qualifier(permission.resource.arn)
    if not qualifier:
        return permission
    context = (*permission.context, ("states:StateMachineQualifier", qualifier))
    return replace(permission, resource=replace(permission.resource, arn=machine), context=context)
