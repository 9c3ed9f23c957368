"""What a participant was told has been done, and whether it is still there: a room that is killed loses none of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from botocore.exceptions import ClientError

from xsfn_helpers.aws.accounts import Accounts
from xsfn_helpers.chain.scenario import Side

_PARAMS: Final = "xsfn_crowd_params"
_FIRST_ERROR: Final = 300
_MISSING: Final = ("NoSuchEntity", "StateMachineDoesNotExist", "ExecutionDoesNotExist")
# (kind, side, what identifies it)
Fact = tuple[str, Side, tuple[str, ...]]


class Acknowledged:
    """Listens to the answers of one participant's clients. What counts is the last answer about a thing."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._facts: dict[Fact, Any] = {}
        for side in Side:
            self._listen(side, accounts.client(side, "iam"), "iam")
            self._listen(side, accounts.client(side, "stepfunctions"), "sfn")

    def __len__(self) -> int:
        return len(self._facts)

    def missing(self) -> list[str]:
        """What was acknowledged and isn't there as it was, in words."""
        return [
            f"{kind} {' '.join(name)} of the {side.value}: {found!r} instead of {wanted!r}"
            for (kind, side, name), wanted in list(self._facts.items())
            if (found := self._found(kind, side, name)) != wanted
        ]

    def _listen(self, side: Side, client: Any, service: str) -> None:
        def remember(*, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
            context[_PARAMS] = dict(params)

        def note(*, http_response: Any, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
            params = context.get(_PARAMS)
            if params is not None and http_response.status_code < _FIRST_ERROR:
                self._note(side, model.name, params, parsed)

        client.meta.events.register(f"before-parameter-build.{service}", remember)
        client.meta.events.register(f"after-call.{service}", note)

    def _note(self, side: Side, operation: str, params: dict[str, Any], answer: dict[str, Any]) -> None:
        match operation:
            case "CreateRole":
                self._facts["role", side, (params["RoleName"],)] = json.loads(params["AssumeRolePolicyDocument"])
            case "UpdateAssumeRolePolicy":
                self._facts["role", side, (params["RoleName"],)] = json.loads(params["PolicyDocument"])
            case "DeleteRole":
                self._forget("role", side, (params["RoleName"],))
                # Who trusted it trusts its unique ID from now on.
                named = f"role/{params['RoleName']}"
                for kind, host, name in [fact for fact, found in self._facts.items() if named in json.dumps(found)]:
                    self._forget(kind, host, name)
            case "PutRolePolicy":
                held = (params["RoleName"], params["PolicyName"])
                self._facts["policy", side, held] = json.loads(params["PolicyDocument"])
            case "DeleteRolePolicy":
                self._forget("policy", side, (params["RoleName"], params["PolicyName"]))
            case "CreateStateMachine":
                self._facts["machine", side, (answer["stateMachineArn"],)] = json.loads(params["definition"])
            case "UpdateStateMachine" if "definition" in params:
                self._facts["machine", side, (params["stateMachineArn"],)] = json.loads(params["definition"])
            case "DeleteStateMachine":
                arn = params["stateMachineArn"]
                self._forget("machine", side, (arn,))
                for kind, _, name in list(self._executions_of(arn)):
                    self._forget(kind, side, name)
            case "StartExecution":
                self._facts["execution", side, (answer["executionArn"],)] = params["stateMachineArn"]

    def _forget(self, kind: str, side: Side, name: tuple[str, ...]) -> None:
        self._facts.pop((kind, side, name), None)

    def _executions_of(self, machine_arn: str) -> Iterator[Fact]:
        return (fact for fact, machine in self._facts.items() if fact[0] == "execution" and machine == machine_arn)

    def _found(self, kind: str, side: Side, name: tuple[str, ...]) -> Any:
        iam, states = self._accounts.client(side, "iam"), self._accounts.client(side, "stepfunctions")
        reads: dict[str, Callable[..., Any]] = {
            "role": lambda role: iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"],
            "policy": lambda role, policy: iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"],
            "machine": lambda arn: json.loads(states.describe_state_machine(stateMachineArn=arn)["definition"]),
            "execution": lambda arn: states.describe_execution(executionArn=arn)["stateMachineArn"],
        }
        try:
            return reads[kind](*name)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise
            return None
