"""One scenario of its own in the running sandbox, set up by plain boto3 calls, with one thing broken on request."""

from __future__ import annotations

import functools
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import boto3
from botocore.config import Config

from xsfn_helpers.aws.accounts import SandboxPlace
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.sandbox.process.server import Sandbox

_numbers = itertools.count(1)
OVER = frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"})


@functools.cache
def _session() -> boto3.session.Session:
    """One for all clients: a session reads its services' models once, which takes thirty times as long as a client."""
    return boto3.session.Session()


def client_with(sandbox: SandboxPlace, service: str, key_id: str, secret: str, token: str | None = None) -> Any:
    made = _session().client(
        service,
        endpoint_url=sandbox.endpoint_url,
        region_name=sandbox.region,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        aws_session_token=token,
        # TestState and StartSyncExecution would go to `sync-127.0.0.1`, which nobody resolves.
        config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False),
    )
    return _on_its_way(sandbox, made)


def _on_its_way(sandbox: SandboxPlace, client: Any) -> Any:
    """A client whose requests get there: over HTTP, or straight."""
    if (transport := sandbox.transport) is not None:
        client.meta.events.register_first("before-send", transport)
    return client


@dataclass(frozen=True)
class Outcome:
    """How an execution ended, and its history."""

    arn: str
    status: str
    error: str | None
    cause: str | None
    output: Any
    events: list[dict[str, Any]]

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]


@dataclass
class World:
    """The article's setup under names that no other test uses."""

    sandbox: Sandbox
    scenario: Scenario
    # Makes the clients: boto3's, or the AWS CLI in their shape.
    make_client: Callable[..., Any] = client_with
    clients: dict[tuple[Side, str], Any] = field(default_factory=dict)
    # Whether the Operator role is for the Operator state machine alone, as is recommended; else for any of its account.
    pinned: bool = False

    @classmethod
    def fresh(cls, sandbox: Sandbox, make_client: Callable[..., Any] = client_with, *, pinned: bool = False) -> World:
        number = next(_numbers)
        names = ("operator_machine", "operator_role", "subject_machine", "subject_role", "execute_role")
        scenario = Scenario(**{f"{name}_name": f"{name.replace('_', '-')}-{number}" for name in names})
        return cls(sandbox, scenario, make_client, pinned=pinned)

    def client(self, side: Side, service: str) -> Any:
        key = (side, service)
        if key not in self.clients:
            account = self.sandbox.accounts[side]
            self.clients[key] = self.client_with(service, account.access_key_id, account.secret_access_key)
        return self.clients[key]

    def client_with(self, service: str, key_id: str, secret: str, token: str | None = None) -> Any:
        """A client with somebody else's key."""
        return self.make_client(self.sandbox, service, key_id, secret, token)

    def client_without_checks(self, side: Side, service: str) -> Any:
        """A client that sends what botocore itself would deny, to see what the service says of it."""
        account = self.sandbox.accounts[side]
        made = _session().client(
            service,
            endpoint_url=self.sandbox.endpoint_url,
            region_name=self.sandbox.region,
            aws_access_key_id=account.access_key_id,
            aws_secret_access_key=account.secret_access_key,
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
        )
        return _on_its_way(self.sandbox, made)

    def as_user(self, name: str, *actions: str, service: str = "stepfunctions") -> Any:
        """A client of a new user of the Operator account, who may do `actions` on everything."""
        user = f"{self.scenario.operator_role_name}-{name}"
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        self.operator_iam.create_user(UserName=user)
        self.operator_iam.put_user_policy(
            UserName=user,
            PolicyName="allowed",
            PolicyDocument=json.dumps({"Version": documents.POLICY_VERSION, "Statement": [statement]}),
        )
        key = self.operator_iam.create_access_key(UserName=user)["AccessKey"]
        return self.client_with(service, key["AccessKeyId"], key["SecretAccessKey"])

    @property
    def operator_iam(self) -> Any:
        return self.client(Side.OPERATOR, "iam")

    @property
    def operator_states(self) -> Any:
        return self.client(Side.OPERATOR, "stepfunctions")

    @property
    def subject_iam(self) -> Any:
        return self.client(Side.SUBJECT, "iam")

    @property
    def subject_states(self) -> Any:
        return self.client(Side.SUBJECT, "stepfunctions")

    def build(
        self,
        *,
        execute_role: bool = True,
        execute_trust: dict[str, Any] | None = None,
        execute_permissions: dict[str, Any] | None = None,
        operator_permissions: dict[str, Any] | None = None,
        operator_definition: dict[str, Any] | None = None,
        subject_definition: dict[str, Any] | None = None,
        subject_machine: bool = True,
    ) -> Self:
        """Everything, in the order IAM allows; each document can be replaced by a broken one."""
        scenario = self.scenario
        operator_trust = documents.operator_role_trust(scenario) if self.pinned else None
        self.create_role(Side.OPERATOR, scenario.operator_role_name, operator_trust)
        self.create_role(Side.SUBJECT, scenario.subject_role_name)
        if subject_machine:
            self.subject_states.create_state_machine(
                name=scenario.subject_machine_name,
                definition=json.dumps(subject_definition or documents.subject_definition(scenario)),
                roleArn=scenario.subject_role_arn,
            )
        if execute_role:
            self.subject_iam.create_role(
                RoleName=scenario.execute_role_name,
                AssumeRolePolicyDocument=json.dumps(execute_trust or documents.execute_role_trust(scenario)),
            )
            self.subject_iam.put_role_policy(
                RoleName=scenario.execute_role_name,
                PolicyName=documents.EXECUTE_POLICY_NAME,
                PolicyDocument=json.dumps(execute_permissions or documents.execute_role_permissions(scenario)),
            )
        self.operator_iam.put_role_policy(
            RoleName=scenario.operator_role_name,
            PolicyName=documents.OPERATOR_POLICY_NAME,
            PolicyDocument=json.dumps(operator_permissions or documents.operator_role_permissions(scenario)),
        )
        self.operator_states.create_state_machine(
            name=scenario.operator_machine_name,
            definition=json.dumps(operator_definition or documents.operator_definition(scenario)),
            roleArn=scenario.operator_role_arn,
        )
        return self

    def create_role(self, side: Side, name: str, trust: dict[str, Any] | None = None) -> None:
        """A state machine's own role, allowed nothing; it trusts Step Functions, for any of the account's machines."""
        trust = trust or documents.service_trust(self.scenario, self.scenario.account(side))
        self.client(side, "iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))

    def run(self, *, input: Any = None, seconds: float = 120) -> Outcome:  # noqa: A002 - the API's own word
        """Start the Operator machine and wait for its end."""
        started = self.operator_states.start_execution(
            stateMachineArn=self.scenario.operator_machine_arn, input=json.dumps(input or {})
        )
        return self.outcome(Side.OPERATOR, started["executionArn"], seconds=seconds)

    def outcome(self, side: Side, arn: str, *, seconds: float = 120) -> Outcome:
        states = self.client(side, "stepfunctions")
        end = time.monotonic() + seconds
        while (description := states.describe_execution(executionArn=arn))["status"] not in OVER:
            assert time.monotonic() < end, f"{arn} still runs after {seconds} s"
            time.sleep(0.01)
        events = states.get_execution_history(executionArn=arn)["events"]
        return Outcome(
            arn=arn,
            status=description["status"],
            error=description.get("error"),
            cause=description.get("cause"),
            output=json.loads(description["output"]) if "output" in description else None,
            events=events,
        )

    def subject_executions(self) -> list[dict[str, Any]]:
        found = self.subject_states.list_executions(stateMachineArn=self.scenario.subject_machine_arn)
        return list(found["executions"])

    @property
    def assume_refused(self) -> str:
        """The one text AWS has for every reason that link 2 can fail."""
        return (
            f"The role {self.scenario.operator_role_arn} is not authorized to assume the task state's role, "
            f"{self.scenario.execute_role_arn}."
        )
