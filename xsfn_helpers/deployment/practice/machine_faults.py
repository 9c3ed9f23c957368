"""Faults of the two state machines: what the task says, and whether the Subject's machine is there."""

from __future__ import annotations

from typing import Final

from xsfn_helpers.chain.documents import TASK_STATE_NAME, operator_definition
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.language import mark
from xsfn_helpers.deployment.practice import sources
from xsfn_helpers.deployment.practice.acts import PREPARE, Unmake
from xsfn_helpers.deployment.practice.edits import edited
from xsfn_helpers.deployment.practice.fault import Fault, Words
from xsfn_helpers.deployment.practice.names import misspelt_role_name, renamed

_TASK: Final = f"States/{TASK_STATE_NAME}"


def copied_task(scenario: Scenario) -> Fault:
    other = renamed(scenario.execute_role_arn, scenario.execute_role_name, misspelt_role_name(scenario))
    return Fault(
        id="copied-task",
        words=Words(
            title=mark("A task copied from the wiki"),
            story=mark(
                "Every policy was reviewed by both teams and is right. The Operator team's task comes from a wiki page."
            ),
            nudge=mark("AWS's sentence names two roles. Does either look unfamiliar?"),
            rule=mark(
                "Step Functions assumes exactly the role in the task's Credentials.RoleArn. Nothing checks that it "
                "exists when the state machine is saved."
            ),
            where=mark("the task state's Credentials, in the Operator state machine"),
            source=sources.CROSS_ACCOUNT,
        ),
        links=(2,),
        documents={
            "operator_definition": edited(operator_definition(scenario), {f"{_TASK}/Credentials/RoleArn": other})
        },
    )


def simpler_task(scenario: Scenario) -> Fault:
    resource = operator_definition(scenario)["States"][TASK_STATE_NAME]["Resource"].removesuffix(".sync:2")
    simpler = edited(operator_definition(scenario), {f"{_TASK}/Credentials": None, f"{_TASK}/Resource": resource})
    return Fault(
        id="simpler-task",
        words=Words(
            title=mark("The simpler task"),
            story=mark(
                "Somebody made the Operator's task simpler, until Step Functions would save it. All roles and policies "
                "are as they were."
            ),
            nudge=mark("Read the first word after User: in AWS's sentence. In which account is that role?"),
            rule=mark(
                "Without Credentials the Operator role makes the call itself, and Step Functions has no "
                "resource-based policies that could allow another account. The task needs Credentials.RoleArn; "
                "and it waits for the result only with .sync:2."
            ),
            where=mark("the task state, in the Operator state machine"),
            source=sources.STATES_POLICIES,
        ),
        links=(2, 3),
        documents={"operator_definition": simpler},
    )


def clean_up(_: Scenario) -> Fault:
    return Fault(
        id="clean-up",
        words=Words(
            title=mark("The cleanup job"),
            story=mark("A job removes what looks unused. Roles and policies are all there, untouched."),
            nudge=mark("This isn't a denial. Read it literally."),
            rule=mark(
                "A permission may name a state machine that isn't there; the call then finds nothing. The machine has "
                "to be there in the Subject account, in the same region, under the name that task and policy have."
            ),
            where=mark("the Subject account's state machines"),
            source=sources.NESTED,
        ),
        links=(3,),
        after=(Unmake(lambda deployment: deployment.stages.subject_machine),),
        repairs=(PREPARE,),
    )
