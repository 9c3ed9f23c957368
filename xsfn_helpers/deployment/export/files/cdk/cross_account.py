"""A task that runs a state machine in another account, and what that account needs for it.

`CrossAccountTask` does what the article's construct does, with three things fixed: the task waits (`.sync:2`), the
child knows its parent, and one name has one spelling. The CDK leaves the other account to you: `execute_role`.
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

TASK = "Start the Subject state machine"


class CrossAccountTask(Construct):
    """Both ARNs from account, region and names, and the task state that uses them."""

    def __init__(
        self, scope: Construct, id: str, *, account_id: str, region: str, machine_name: str, execute_role_name: str
    ) -> None:
        super().__init__(scope, id)
        stack = cdk.Stack.of(self)
        self.machine_arn = stack.format_arn(
            service="states",
            region=region,
            account=account_id,
            resource="stateMachine",
            resource_name=machine_name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        self.execute_role_arn = stack.format_arn(
            service="iam", region="", account=account_id, resource="role", resource_name=execute_role_name
        )
        self.task = tasks.StepFunctionsStartExecution(
            self,
            TASK,
            state_machine=sfn.StateMachine.from_state_machine_arn(self, "Subject", self.machine_arn),
            credentials=sfn.Credentials(
                role=sfn.TaskRole.from_role(iam.Role.from_role_arn(self, "ExecuteRole", self.execute_role_arn))
            ),
            # Without this the task starts the child and goes on: no `.sync:2`.
            integration_pattern=sfn.IntegrationPattern.RUN_JOB,
            # Without this the child isn't told who started it.
            associate_with_parent=True,
            input=sfn.TaskInput.from_object({"StatePayload": "Hello from Step Functions!"}),
        )

    def state_machine(self, *, name: str, role: iam.IRole) -> sfn.StateMachine:
        """The Operator's state machine with the task.

        Give it `role.without_policy_updates()`: else the CDK adds grants to the role that this task never uses.
        """
        return sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=name,
            role=role,
            comment="Runs a state machine in another account",
            definition_body=sfn.DefinitionBody.from_chainable(self.task),
        )


def machine_role(
    stack: cdk.Stack, id: str, name: str, task: CrossAccountTask | None = None, *, machine_name: str = "*"
) -> iam.Role:
    """A state machine's execution role. With a `task`, it may assume that task's execute role, and nothing else.

    Give such a role the `machine_name` too: another state machine with it could send the right external ID itself.
    """
    machines = stack.format_arn(
        service="states",
        resource="stateMachine",
        resource_name=machine_name,
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    policies = {}
    if task is not None:
        may_assume = iam.PolicyStatement(
            sid="AssumeSubjectExecuteRole", actions=["sts:AssumeRole"], resources=[task.execute_role_arn]
        )
        policies["assume-subject-execute-role"] = iam.PolicyDocument(statements=[may_assume])
    role = iam.Role(
        stack,
        id,
        role_name=name,
        assumed_by=iam.ServicePrincipal(
            "states.amazonaws.com",
            conditions={"StringEquals": {"aws:SourceAccount": stack.account}, "ArnLike": {"aws:SourceArn": machines}},
        ),
        inline_policies=policies,
    )
    return with_sid(role, "StepFunctions")


def subject_machine(stack: cdk.Stack, *, name: str, role: iam.Role) -> sfn.StateMachine:
    """The Subject's own work."""
    work = sfn.Pass(
        stack,
        "Do the Subject's work",
        parameters={
            "Message": f"Hello from {name} in account {stack.account}",
            "Received": sfn.JsonPath.entire_payload,
        },
    )
    return sfn.StateMachine(
        stack,
        "StateMachine",
        state_machine_name=name,
        role=role,
        comment="The state machine that another account starts",
        definition_body=sfn.DefinitionBody.from_chainable(work),
    )


def execute_role(
    stack: cdk.Stack,
    *,
    name: str,
    started: sfn.StateMachine,
    operator_account_id: str,
    operator_role_name: str,
    operator_machine_name: str,
) -> iam.Role:
    """The Subject's side: whom it trusts, and the three actions that `.sync:2` takes."""
    external_id = stack.format_arn(
        service="states",
        account=operator_account_id,
        resource="stateMachine",
        resource_name=operator_machine_name,
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    operator_role_arn = stack.format_arn(
        service="iam", region="", account=operator_account_id, resource="role", resource_name=operator_role_name
    )
    executions = stack.format_arn(
        service="states",
        resource="execution",
        resource_name=f"{started.state_machine_name}:*",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    permissions = iam.PolicyDocument(
        statements=[
            iam.PolicyStatement(
                sid="StartSubjectStateMachine",
                actions=["states:StartExecution"],
                resources=[started.state_machine_arn],
            ),
            iam.PolicyStatement(
                sid="FollowAndStopItsExecutions",
                actions=["states:DescribeExecution", "states:StopExecution"],
                resources=[executions],
            ),
        ]
    )
    role = iam.Role(
        stack,
        "ExecuteRole",
        role_name=name,
        assumed_by=iam.ArnPrincipal(operator_role_arn),
        external_ids=[external_id],
        inline_policies={"execute-subject-statemachine": permissions},
    )
    return with_sid(role, "OperatorStateMachine")


def with_sid(role: iam.Role, sid: str) -> iam.Role:
    """Name the trust policy's statement: the CDK has no argument for it, and a named one is found again in a log."""
    resource = role.node.default_child
    assert isinstance(resource, iam.CfnRole)
    resource.add_property_override("AssumeRolePolicyDocument.Statement.0.Sid", sid)
    return role
