"""What a client was told of two accounts, kept beside them: after each kill it must be what they say.

One client works in a corner of its own, call after call, and notes what was acknowledged. A call under way when the
sandbox was killed may have happened or not, but never by half.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ConnectionError as NobodyAnswers
from botocore.exceptions import HTTPClientError

from tests.sandbox.world import OVER, client_with
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.sandbox.process.server import Sandbox

_LONG_WAIT = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}
_LOST = "The sandbox ended while this execution was running."


@dataclass
class State:
    """IAM by ARN, machines by ARN, executions by ARN; an id that nobody was told is None."""

    roles: dict[str, dict[str, Any]] = field(default_factory=dict)
    policies: dict[str, Any] = field(default_factory=dict)
    machines: dict[str, dict[str, Any]] = field(default_factory=dict)
    executions: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One call, and what it makes of the state once it is acknowledged (or, without an answer, perhaps)."""

    name: str
    call: Callable[[], Any]
    apply: Callable[[State, Any], None]


class Ledger:
    """One client's corner of the two accounts."""

    def __init__(self, sandbox: Sandbox, number: int, seed: object) -> None:
        self.prefix = f"corner{number}-"
        self.scenario = Scenario(
            operator_machine_name=f"{self.prefix}parent",
            operator_role_name=f"{self.prefix}operator-role",
            subject_machine_name=f"{self.prefix}child",
            subject_role_name=f"{self.prefix}subject-role",
            execute_role_name=f"{self.prefix}execute-role",
        )
        self.state = State()
        self.gone: set[str] = set()
        self.acknowledged = 0
        self._pending: Operation | None = None
        self._random = random.Random(f"{seed}/{number}")
        self._counter = 0
        self._clients = {
            (side, service): client_with(
                sandbox,
                service,
                sandbox.accounts[side].access_key_id,
                sandbox.accounts[side].secret_access_key,
            )
            for side in Side
            for service in ("iam", "stepfunctions")
        }

    # --- working -----------------------------------------------------------------------------------------------------

    def work(self) -> None:
        """Call after call, until nobody answers any more."""
        while True:
            operation = self._random.choice(list(self._possible()))
            self._pending = operation
            try:
                answer = operation.call()
            except (HTTPClientError, NobodyAnswers):
                return
            operation.apply(self.state, answer)
            self._pending = None
            self.acknowledged += 1

    def _possible(self) -> Iterator[Operation]:
        scenario, state = self.scenario, self.state
        operator, subject, execute = scenario.operator_role_arn, scenario.subject_role_arn, scenario.execute_role_arn
        for side, arn in ((Side.OPERATOR, operator), (Side.SUBJECT, subject), (Side.SUBJECT, execute)):
            if arn in state.roles:
                yield from self._on_role(side, arn)
            elif arn != execute:
                yield self._create_role(side, arn, documents.service_trust(scenario, scenario.account(side)))
            elif operator in state.roles:
                yield self._create_role(side, arn, documents.execute_role_trust(scenario))
        yield from self._on_policy()
        machines = (
            (Side.OPERATOR, scenario.operator_machine_arn, operator, documents.operator_definition(scenario)),
            (Side.SUBJECT, scenario.subject_machine_arn, subject, documents.subject_definition(scenario)),
            (Side.SUBJECT, f"{scenario.subject_machine_arn}-waits", subject, _LONG_WAIT),
        )
        for side, arn, role, definition in machines:
            if arn in state.machines:
                yield from self._on_machine(side, arn, definition)
            elif role in state.roles:
                yield self._create_machine(side, arn, role, definition)
        yield from self._on_executions()

    def _create_role(self, side: Side, arn: str, trust: dict[str, Any]) -> Operation:
        def apply(state: State, answer: Any) -> None:
            identity = answer["Role"]["RoleId"] if answer else None
            state.roles[arn] = {"id": identity, "trust": trust, "inline": {}, "attached": [], "tags": {}}

        return Operation(
            "CreateRole",
            lambda: self._iam(side).create_role(RoleName=_name(arn), AssumeRolePolicyDocument=json.dumps(trust)),
            apply,
        )

    def _on_role(self, side: Side, arn: str) -> Iterator[Operation]:
        iam, name, role = self._iam(side), _name(arn), self.state.roles[arn]
        document = self._permissions(arn)
        policy = self._random.choice(("one", "two"))

        def with_role(change: Callable[[dict[str, Any]], Any]) -> Callable[[State, Any], None]:
            return lambda state, answer: change(state.roles[arn])

        yield Operation(
            "PutRolePolicy",
            lambda: iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document)),
            with_role(lambda role: role["inline"].__setitem__(policy, document)),
        )
        if policy in role["inline"]:
            yield Operation(
                "DeleteRolePolicy",
                lambda: iam.delete_role_policy(RoleName=name, PolicyName=policy),
                with_role(lambda role: role["inline"].pop(policy)),
            )
        value = str(self._random.randrange(1000))
        yield Operation(
            "TagRole",
            lambda: iam.tag_role(RoleName=name, Tags=[{"Key": policy, "Value": value}]),
            with_role(lambda role: role["tags"].__setitem__(policy, value)),
        )
        if not role["inline"] and not role["attached"]:
            yield Operation("DeleteRole", lambda: iam.delete_role(RoleName=name), lambda state, _: _drop(state, arn))
        if arn == self.scenario.execute_role_arn and self.scenario.operator_role_arn in self.state.roles:
            trust = documents.execute_role_trust(self.scenario)
            yield Operation(
                "UpdateAssumeRolePolicy",
                lambda: iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust)),
                with_role(lambda role: role.__setitem__("trust", trust)),
            )

    def _permissions(self, role_arn: str) -> dict[str, Any]:
        makers = (documents.execute_role_permissions, documents.operator_role_permissions)
        right = makers[role_arn == self.scenario.operator_role_arn]
        # Mostly the right one, so that runs succeed.
        return self._random.choice((right, right, *makers))(self.scenario)

    def _on_policy(self) -> Iterator[Operation]:
        iam, state, role_arn = self._iam(Side.OPERATOR), self.state, self.scenario.operator_role_arn
        arn = f"arn:aws:iam::{self.scenario.operator_account_id}:policy/{self.prefix}shared"
        document = documents.operator_role_permissions(self.scenario)
        if arn not in state.policies:
            yield Operation(
                "CreatePolicy",
                lambda: iam.create_policy(PolicyName=_name(arn), PolicyDocument=json.dumps(document)),
                lambda state, _: state.policies.__setitem__(arn, document),
            )
            return
        role = state.roles.get(role_arn)
        if role is not None and arn in role["attached"]:
            yield Operation(
                "DetachRolePolicy",
                lambda: iam.detach_role_policy(RoleName=_name(role_arn), PolicyArn=arn),
                lambda state, _: state.roles[role_arn]["attached"].remove(arn),
            )
            return
        yield Operation("DeletePolicy", lambda: iam.delete_policy(PolicyArn=arn), lambda state, _: _drop(state, arn))
        if role is not None:
            yield Operation(
                "AttachRolePolicy",
                lambda: iam.attach_role_policy(RoleName=_name(role_arn), PolicyArn=arn),
                lambda state, _: state.roles[role_arn]["attached"].append(arn),
            )

    def _create_machine(self, side: Side, arn: str, role_arn: str, definition: dict[str, Any]) -> Operation:
        tags = [{"key": "made", "value": str(self._count())}]
        return Operation(
            "CreateStateMachine",
            lambda: self._states(side).create_state_machine(
                name=_name(arn), definition=json.dumps(definition), roleArn=role_arn, tags=tags
            ),
            lambda state, _: state.machines.__setitem__(
                arn, {"definition": definition, "role": role_arn, "tags": {"made": tags[0]["value"]}}
            ),
        )

    def _on_machine(self, side: Side, arn: str, definition: dict[str, Any]) -> Iterator[Operation]:
        states = self._states(side)
        commented = {**definition, "Comment": f"Version {self._count()}"}
        if self.state.machines[arn]["role"] in self.state.roles:
            yield Operation(
                "UpdateStateMachine",
                lambda: states.update_state_machine(stateMachineArn=arn, definition=json.dumps(commented)),
                lambda state, _: state.machines[arn].__setitem__("definition", commented),
            )
        value = str(self._random.randrange(1000))
        yield Operation(
            "TagResource",
            lambda: states.tag_resource(resourceArn=arn, tags=[{"key": "seen", "value": value}]),
            lambda state, _: state.machines[arn]["tags"].__setitem__("seen", value),
        )
        if self._random.random() < 0.2:
            yield Operation(
                "DeleteStateMachine",
                lambda: states.delete_state_machine(stateMachineArn=arn),
                lambda state, _: self._drop_machine(state, arn),
            )
        for _ in range(3):  # running is the most of what is done
            yield self._start(side, arn)

    def _start(self, side: Side, machine_arn: str) -> Operation:
        name = f"run-{self._count()}"
        execution = {"machine": machine_arn, "input": json.dumps({"run": name}), "status": "RUNNING"}
        arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
        return Operation(
            "StartExecution",
            lambda: self._states(side).start_execution(
                stateMachineArn=machine_arn, name=name, input=execution["input"]
            ),
            lambda state, _: state.executions.__setitem__(arn, dict(execution)),
        )

    def _on_executions(self) -> Iterator[Operation]:
        running = [arn for arn, execution in self.state.executions.items() if execution["status"] == "RUNNING"]
        for arn in self._random.sample(running, min(3, len(running))):
            states = self._states(self._side(arn))
            yield Operation(
                "DescribeExecution",
                lambda arn=arn, states=states: _told(states, arn),
                lambda state, told, arn=arn: state.executions[arn].update(told or {}),
            )
            if self.state.executions[arn]["machine"].endswith("-waits"):
                yield Operation(
                    "StopExecution",
                    lambda arn=arn, states=states: states.stop_execution(executionArn=arn, cause="enough"),
                    lambda state, answer, arn=arn: answer and state.executions[arn].update(status="ABORTED"),
                )

    # --- comparing ---------------------------------------------------------------------------------------------------

    def settle(self) -> str:
        """Compare with what the accounts say after a restart, and go on from there; what became of the call under way.

        Raises `AssertionError` where something acknowledged is lost, something gone is back, or a call was half done.
        """
        found = self._observe()
        perhaps = copy.deepcopy(self.state)
        if self._pending is not None:
            self._pending.apply(perhaps, None)
        differences = {"not happened": self._differences(self.state, found)}
        if self._pending is not None:
            differences["happened"] = self._differences(perhaps, found)
        held = [outcome for outcome, difference in differences.items() if not difference]
        under_way = self._pending.name if self._pending else "nothing"
        assert held, f"{self.prefix}: {under_way} was under way; {differences}"
        self.state, self._pending = found, None
        return f"{under_way} {held[0]}"

    def _differences(self, expected: State, found: State) -> list[str]:
        differences = [f"{arn} is back" for arn in found.executions if arn in self._gone_in(expected)]
        for kind in ("roles", "policies", "machines", "executions"):
            want, have = getattr(expected, kind), getattr(found, kind)
            differences += [f"{arn} is lost" for arn in want if arn not in have]
            differences += [
                f"{arn} came from nowhere" for arn in have if arn not in want and not self._is_child(arn, have)
            ]
            differences += [
                f"{arn} is {have[arn]}, not {value}"
                for arn, value in want.items()
                if arn in have and not _agrees(value, have[arn])
            ]
        return differences

    def _gone_in(self, expected: State) -> set[str]:
        return {arn for arn in self.gone if arn not in expected.executions}

    def _is_child(self, arn: str, executions: dict[str, dict[str, Any]]) -> bool:
        """Whether it is an execution that one of ours started."""
        given = executions[arn].get("input", "") if ":execution:" in arn else ""
        return f"{self.scenario.operator_machine_arn.replace(':stateMachine:', ':execution:')}:" in given

    def _observe(self) -> State:
        found = State()
        for side in Side:
            self._observe_iam(side, found)
            self._observe_states(side, found)
        return found

    def _observe_iam(self, side: Side, found: State) -> None:
        iam = self._iam(side)
        for role in iam.list_roles()["Roles"]:
            name = role["RoleName"]
            if name.startswith(self.prefix):
                attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
                found.roles[role["Arn"]] = {
                    "id": role["RoleId"],
                    "trust": role["AssumeRolePolicyDocument"],
                    "inline": {
                        policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
                    },
                    "attached": [policy["PolicyArn"] for policy in attached],
                    "tags": {tag["Key"]: tag["Value"] for tag in iam.list_role_tags(RoleName=name)["Tags"]},
                }
        for policy in iam.list_policies(Scope="Local")["Policies"]:
            if policy["PolicyName"].startswith(self.prefix):
                version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
                found.policies[policy["Arn"]] = version["PolicyVersion"]["Document"]

    def _observe_states(self, side: Side, found: State) -> None:
        states = self._states(side)
        for machine in states.list_state_machines()["stateMachines"]:
            arn = machine["stateMachineArn"]
            if not machine["name"].startswith(self.prefix):
                continue
            described = states.describe_state_machine(stateMachineArn=arn)
            tags = states.list_tags_for_resource(resourceArn=arn)["tags"]
            found.machines[arn] = {
                "definition": json.loads(described["definition"]),
                "role": described["roleArn"],
                "tags": {tag["key"]: tag["value"] for tag in tags},
            }
            pages = states.get_paginator("list_executions").paginate(stateMachineArn=arn, maxResults=1000)
            for execution in (execution for page in pages for execution in page["executions"]):
                found.executions[execution["executionArn"]] = self._observed_execution(states, execution)

    def _observed_execution(self, states: Any, listed: dict[str, Any]) -> dict[str, Any]:
        """All of it where it is new or may have changed, and of some of the old; of the others, what the list says."""
        arn = listed["executionArn"]
        known = self.state.executions.get(arn)
        if (
            known is not None
            and "events" in known
            and known["status"] == listed["status"]
            and self._random.random() < 0.9
        ):
            return known
        described = states.describe_execution(executionArn=arn)
        return {"machine": described["stateMachineArn"], "input": described["input"], **_told(states, arn)}

    # --- small things ------------------------------------------------------------------------------------------------

    def _drop_machine(self, state: State, arn: str) -> None:
        del state.machines[arn]
        gone = [execution for execution, of in state.executions.items() if of["machine"] == arn]
        for execution in gone:
            del state.executions[execution]
        if state is self.state:
            self.gone.update(gone)

    def _count(self) -> int:
        self._counter += 1
        return self._counter

    def _side(self, arn: str) -> Side:
        return Side.OPERATOR if arn.split(":")[4] == self.scenario.operator_account_id else Side.SUBJECT

    def _iam(self, side: Side) -> Any:
        return self._clients[side, "iam"]

    def _states(self, side: Side) -> Any:
        return self._clients[side, "stepfunctions"]


def _drop(state: State, arn: str) -> None:
    """Delete a role or policy. Where a role was trusted, its unique ID stays in its place."""
    state.policies.pop(arn, None)
    role = state.roles.pop(arn, None)
    for other in state.roles.values():
        for statement in other["trust"]["Statement"]:
            if role is not None and statement["Principal"].get("AWS") == arn:
                other["trust"] = json.loads(json.dumps(other["trust"]).replace(json.dumps(arn), json.dumps(role["id"])))


def _told(states: Any, arn: str) -> dict[str, Any]:
    """What the sandbox says of an execution; once it is over, with the history."""
    described = states.describe_execution(executionArn=arn)
    told = {key: described[key] for key in ("status", "output", "error", "cause") if key in described}
    if told["status"] in OVER:
        events = states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        told["events"] = [(event["type"], event["timestamp"]) for event in events]
    return told


def _agrees(expected: Any, found: Any) -> bool:
    """Whether `found` has everything expected; a role whose id nobody was told may have any."""
    if isinstance(expected, dict) and expected.get("status") == "RUNNING":
        # It may have ended after we last looked; it can't run any more.
        ended = found["status"] in OVER and (found["status"] != "ABORTED" or found.get("cause") in (_LOST, "enough"))
        return bool(ended and all(found[key] == expected[key] for key in ("machine", "input")))
    if isinstance(expected, dict) and "id" in expected and expected["id"] is None:
        return {**expected, "id": found["id"]} == found
    if isinstance(expected, dict) and "status" in expected:
        return all(found.get(key) == value for key, value in expected.items())
    return bool(expected == found)


def _name(arn: str) -> str:
    return arn.rsplit(":", 1)[-1].rsplit("/", 1)[-1]
