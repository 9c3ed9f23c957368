"""Faults of what the roles may do: actions, resources, denials and boundaries."""

from __future__ import annotations

from typing import Final

from xsfn_helpers.chain.documents import execute_role_permissions, operator_role_permissions
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.common.language import mark
from xsfn_helpers.deployment.practice import sources
from xsfn_helpers.deployment.practice.acts import WAIT, IamCall, Make
from xsfn_helpers.deployment.practice.edits import edited, with_statement
from xsfn_helpers.deployment.practice.extras import boundary, fence
from xsfn_helpers.deployment.practice.fault import Fault, Shows, Words
from xsfn_helpers.deployment.practice.names import boundary_arn, renamed

_EXECUTE_ROLE: Final = mark("the execute role's permissions policy, in the Subject account")
_OPERATOR_ROLE: Final = mark("the Operator role's permissions policy, in the Operator account")
# The article's two, in stage 2 and in stage 3.
_SPELLINGS: Final = ("execute-subject-statemachine-role", "subject-statemachine-execute-role")
_INCIDENT: Final = "incident-lockdown"


def two_names(scenario: Scenario) -> Fault:
    first, second = _SPELLINGS
    spelling = first if scenario.execute_role_name != first else second
    other = renamed(scenario.execute_role_arn, scenario.execute_role_name, spelling)
    return Fault(
        id="two-names",
        words=Words(
            title=mark("One role, two spellings"),
            story=mark("The teams agreed on the execute role's name in a meeting. Everyone wrote it down."),
            nudge=mark("Put the role that AWS names beside the role that you find in the policies. Letter by letter."),
            rule=mark(
                "A permission counts for the ARN that it names and no other, and IAM saves a policy that names a role "
                "that doesn't exist. The article spells this role in two ways."
            ),
            where=_OPERATOR_ROLE,
            source=sources.ARTICLE,
            names={"stage": "2"},
        ),
        links=(2,),
        documents={
            "operator_role_permissions": edited(operator_role_permissions(scenario), {"Statement/0/Resource": other})
        },
    )


def whose_call(scenario: Scenario) -> Fault:
    start = {"Statement/0/Action": "states:StartExecution", "Statement/0/Resource": scenario.subject_machine_arn}
    permissions = edited(operator_role_permissions(scenario), {"Statement/0/Sid": "StartSubjectStateMachine", **start})
    return Fault(
        id="whose-call",
        words=Words(
            title=mark("A permission for the wrong call"),
            story=mark(
                "The Operator role has to start the Subject state machine, so it was given the permission to start it."
            ),
            nudge=mark("The permission in place is about another call than the one that was denied."),
            rule=mark(
                "With Credentials, the execute role makes the call to StartExecution. The Operator role makes one call "
                "only: sts:AssumeRole on the execute role."
            ),
            where=_OPERATOR_ROLE,
            source=sources.CROSS_ACCOUNT,
        ),
        links=(2,),
        documents={"operator_role_permissions": permissions},
    )


def started_and_then(scenario: Scenario) -> Fault:
    return Fault(
        id="started-and-then",
        words=Words(
            title=mark("Started, and then?"),
            story=mark(
                "The execute role was created exactly as the article says. The Subject execution succeeds every "
                "time, and the Operator execution fails every time."
            ),
            nudge=mark("The start went well. What does the Operator execution do while it waits?"),
            rule=mark(
                "A .sync:2 task polls with states:DescribeExecution, and stops the child with states:StopExecution "
                "when it is stopped itself; across accounts the execute role makes both calls. The article grants the "
                "start only."
            ),
            where=_EXECUTE_ROLE,
            source=sources.CROSS_ACCOUNT,
        ),
        links=(4, 5),
        documents={"execute_role_permissions": edited(execute_role_permissions(scenario), {"Statement/1": None})},
    )


def one_word(scenario: Scenario) -> Fault:
    permissions = edited(
        execute_role_permissions(scenario), {"Statement/1/Resource": f"{scenario.subject_machine_arn}:*"}
    )
    return Fault(
        id="one-word",
        words=Words(
            title=mark("One word in an ARN"),
            story=mark(
                "All three actions are granted, on the Subject state machine and everything that belongs to it."
            ),
            nudge=mark(
                "AWS names the action and the resource that it denied. One of the two isn't what the policy has."
            ),
            rule=mark(
                "DescribeExecution and StopExecution act on executions, whose ARNs begin with …:execution:MACHINE:, "
                "not with …:stateMachine:MACHINE."
            ),
            where=_EXECUTE_ROLE,
            source=sources.CROSS_ACCOUNT,
        ),
        links=(4, 5),
        documents={"execute_role_permissions": permissions},
    )


def twelve_digits(scenario: Scenario) -> Fault:
    wrong = scenario.subject_machine_arn.replace(
        f":{scenario.subject_account_id}:", f":{scenario.operator_account_id}:", 1
    )
    return Fault(
        id="twelve-digits",
        words=Words(
            title=mark("Twelve digits"),
            story=mark("The teams wrote permissions policies in one account and copied them into the other."),
            nudge=mark(
                "AWS prints in full what was requested. Find the same ARN in the policies, and compare its parts."
            ),
            rule=mark(
                "An ARN carries the account that owns the resource. The Subject state machine is in the Subject "
                "account, whichever account starts it."
            ),
            where=_EXECUTE_ROLE,
            source=sources.CROSS_ACCOUNT,
        ),
        links=(3,),
        documents={
            "execute_role_permissions": edited(execute_role_permissions(scenario), {"Statement/0/Resource": wrong})
        },
    )


def stop_button(scenario: Scenario) -> Fault:
    watch_only = {"Statement/1/Action": "states:DescribeExecution"}
    return Fault(
        id="stop-button",
        words=Words(
            title=mark("A stop button that stops one half"),
            story=mark(
                "Runs succeed. But when the Operator execution is stopped, the Subject execution goes on, and somebody "
                "has to go and stop it by hand."
            ),
            nudge=mark("Stopping is a call, too. Who makes it, and in which account?"),
            rule=mark(
                "When the parent is stopped or times out, Step Functions calls states:StopExecution on the child as "
                "the execute role. Without the permission the child keeps running, and nothing says so."
            ),
            where=_EXECUTE_ROLE,
            source=sources.RUN_A_JOB,
        ),
        links=(5,),
        documents={"execute_role_permissions": edited(execute_role_permissions(scenario), watch_only)},
        shows=Shows.WHEN_STOPPED,
    )


def incident(scenario: Scenario) -> Fault:
    role = {"RoleName": scenario.operator_role_name, "PolicyName": _INCIDENT}
    deny = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "IncidentIsOpen",
                "Effect": "Deny",
                "Action": "sts:*",
                "Resource": f"arn:{scenario.partition}:iam::{scenario.subject_account_id}:role/*",
            }
        ],
    }
    return Fault(
        id="incident",
        words=Words(
            title=mark("After the incident"),
            story=mark(
                "There was an incident on Sunday. It was closed on Monday. All policies and definitions of the "
                "setup are right, and runs still fail."
            ),
            nudge=mark("The policies that you know are right. Are they the only ones?"),
            rule=mark(
                "An explicit Deny in any policy of the role outweighs every Allow. No permission helps: the Deny has "
                "to go, or to be narrowed. The incident is closed, so this one can go."
            ),
            where=mark("another inline policy of the Operator role, in the Operator account"),
            source=sources.EVALUATION,
        ),
        links=(2,),
        after=(IamCall(Side.OPERATOR, "put_role_policy", {**role, "PolicyDocument": deny}),),
        repairs=(IamCall(Side.OPERATOR, "delete_role_policy", role),),
    )


def freeze(scenario: Scenario) -> Fault:
    deny = {"Sid": "NoStartsOnFriday", "Effect": "Deny", "Action": "states:Start*", "Resource": "*"}
    return Fault(
        id="freeze",
        words=Words(
            title=mark("The Friday freeze"),
            story=mark(
                "It is Monday, and the Subject team's change freeze is over. The team added only one statement, "
                "and the permission to start is still there."
            ),
            nudge=mark("The end of AWS's sentence is different from the usual one."),
            rule=mark(
                '"with an explicit deny" means that a statement forbids it. In the same policy, too, a Deny outweighs '
                "the Allow beside it, in whatever order they stand."
            ),
            where=_EXECUTE_ROLE,
            source=sources.EVALUATION,
        ),
        links=(3,),
        documents={"execute_role_permissions": with_statement(execute_role_permissions(scenario), deny)},
    )


def platform_fence(scenario: Scenario) -> Fault:
    arn = boundary_arn(scenario)
    return Fault(
        id="platform-fence",
        words=Words(
            title=mark("The platform team's guardrail"),
            story=mark(
                "The platform team has set a guardrail on every role of the Operator account. By their account "
                "it doesn't affect Step Functions, and it must stay."
            ),
            nudge=mark("A role's permissions policies aren't the only limit on what it may do."),
            rule=mark(
                "A permissions boundary grants nothing; it is the most that a role's own policies can grant. "
                "What it leaves out is denied. The boundary stays, so it has to allow the role to assume the "
                "execute role."
            ),
            where=mark("the permissions boundary of the Operator role, a managed policy in the Operator account"),
            source=sources.BOUNDARIES,
        ),
        links=(2,),
        after=(
            Make(boundary),
            IamCall(
                Side.OPERATOR,
                "put_role_permissions_boundary",
                {"RoleName": scenario.operator_role_name, "PermissionsBoundary": arn},
            ),
        ),
        repairs=(
            IamCall(
                Side.OPERATOR,
                "create_policy_version",
                {
                    "PolicyArn": arn,
                    "PolicyDocument": fence(assuming=scenario.execute_role_arn),
                    "SetAsDefault": True,
                },
            ),
        ),
        keeps_boundary=True,
    )


def too_soon(_: Scenario) -> Fault:
    return Fault(
        id="too-soon",
        words=Words(
            title=mark("Everything is right"),
            story=mark(
                "The Operator role's permissions policy was missing. A colleague saved it and started a run at "
                "once. The run failed, and now the whole team is looking for the mistake."
            ),
            nudge=mark("Compare what the policies say now with what the run was told."),
            rule=mark(
                "IAM is eventually consistent: a change reaches STS and the services within seconds, sometimes "
                "minutes, and AWS gives no bound. Until then the old policies apply. Wait and run again before "
                "you fix what is right."
            ),
            where="",
            source=sources.SPREADING,
        ),
        links=(2,),
        repairs=(WAIT,),
        shows=Shows.FOR_A_MOMENT,
    )
