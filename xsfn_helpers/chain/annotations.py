"""Why each line of the setup's documents is there. The notebooks show them beside the lines.

Keys are paths as `display.annotated.Annotated` takes them. Sources: the article's three stages, and
docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from xsfn_helpers.chain.documents import TASK_STATE_NAME
from xsfn_helpers.chain.targets import STARTED_BY_KEY
from xsfn_helpers.common.language import mark

_TASK: Final = f"States/{TASK_STATE_NAME}"
_WORK: Final = "States/Do the Subject's work"

NOTES: Final[Mapping[str, Mapping[str, str]]] = {
    "subject_role_trust": {
        "Version": mark("The version of the policy language. No date of yours: always this one."),
        "StepFunctions/Sid": mark("A name for the statement. Explanations quote it."),
        "StepFunctions/Effect": mark("Allow. A request that no statement allows is denied (implicit deny)."),
        "StepFunctions/Principal": mark("The principal: Step Functions itself (link 6)."),
        "StepFunctions/Action": mark("The action: assume this role."),
        "StepFunctions/Condition/StringEquals": mark("Only for state machines of this account, not of any other."),
        "StepFunctions/Condition/ArnLike": mark("Only for state machines, and only in this region."),
    },
    "subject_definition": {
        f"{_WORK}/Type": mark("A Pass state: it works on nothing, so that the lesson stays with access."),
        f"{_WORK}/Parameters/Message": mark("Says in which account it ran."),
        f"{_WORK}/Parameters/Received.$": mark("Hands back its input, so that you can see what arrived."),
    },
    "execute_role_trust": {
        "OperatorStateMachine/Principal": mark("The principal: the Operator role in the other account, and no other."),
        "OperatorStateMachine/Action": mark("The action: assume this role. A trust policy decides nothing else."),
        "OperatorStateMachine/Condition": mark(
            "For which state machine: in a task with Credentials, Step Functions sends, as external ID, the ARN of "
            "the state machine that runs. A task that calls sts:AssumeRole itself can send any value."
        ),
    },
    "execute_role_permissions": {
        "StartSubjectStateMachine/Action": mark("Link 3: start an execution."),
        "StartSubjectStateMachine/Resource": mark("StartExecution is requested on the state machine."),
        "FollowAndStopItsExecutions/Action": mark(
            "Links 4 and 5: the task polls until the execution ends, and stops it when it is stopped itself."
        ),
        "FollowAndStopItsExecutions/Resource": mark(
            "DescribeExecution and StopExecution are requested on executions. Their ARNs differ from the "
            "state machine's: execution, its name, and any execution's own name."
        ),
    },
    "operator_role_trust": {
        "StepFunctions/Principal": mark("The principal: Step Functions itself (link 1)."),
        "StepFunctions/Action": mark("The action: assume this role."),
        "StepFunctions/Condition/StringEquals": mark("Only for state machines of the Operator account."),
        "StepFunctions/Condition/ArnLike": mark(
            "Only for this one state machine. Another one with this role could call sts:AssumeRole itself, and send "
            "any external ID."
        ),
    },
    "operator_role_permissions": {
        "AssumeSubjectExecuteRole/Action": mark(
            "The Operator's half of link 2. The execute role makes the later requests."
        ),
        "AssumeSubjectExecuteRole/Resource": mark("One role, named in full: the one that the task names."),
    },
    "operator_definition": {
        f"{_TASK}/Resource": mark("Start a state machine and wait for its end (.sync), with its output parsed (:2)."),
        f"{_TASK}/Credentials": mark("The target role: the task assumes it. The one line that crosses the accounts."),
        f"{_TASK}/Parameters/StateMachineArn": mark("What to start: the Subject's state machine."),
        f"{_TASK}/Parameters/Input/StatePayload": mark("The input of the child execution."),
        f"{_TASK}/Parameters/Input/{STARTED_BY_KEY}.$": mark(
            "Shows the child execution which execution started it. It grants nothing; the console uses it to "
            "link the two."
        ),
    },
}
