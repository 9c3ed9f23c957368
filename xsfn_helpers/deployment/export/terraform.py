"""Terraform's resources brought about by the calls that its provider would make, each after those it refers to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from xsfn_helpers.aws.errors import ROLE_NOT_ASSUMABLE, message_of, retry_while, translated
from xsfn_helpers.chain.plan import Action, Change
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.export.configuration import Block, Configuration
from xsfn_helpers.deployment.export.folder import Export
from xsfn_helpers.deployment.resources.state_machine import step_functions_may_assume


def apply(export: Export, environment: Environment) -> list[Change]:
    """Make every resource of the export. Raises `StepError` in AWS's words, `ConfigError` in Terraform's."""
    work = _Apply(export, environment)
    for address in work.configuration.resources:
        work.make(address)
    return work.changes


@dataclass(slots=True)
class _Apply:
    """One apply: what exists by now, by its address."""

    export: Export
    environment: Environment
    configuration: Configuration = field(init=False)
    changes: list[Change] = field(default_factory=list)
    _attributes: dict[str, dict[str, Any]] = field(default_factory=dict)
    _under_way: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        partition = self.environment.scenario.partition
        self.configuration = Configuration.read(self.export, partition=partition, made=self._attribute)

    def make(self, address: str) -> None:
        """Make one resource, and before it those it refers to."""
        if address in self._attributes:
            return
        if address in self._under_way:
            raise ConfigError(f"Cycle: {', '.join(self._under_way)}.", where="Terraform")
        self._under_way.append(address)
        block = self.configuration.resources[address]
        side = self._side(block)
        account = self.environment.scenario.account(side)
        try:
            arguments = self.configuration.arguments(block)
            with translated(account):
                self._attributes[address] = _MAKERS[block.kind](self.environment, side, arguments)
        except KeyError as missing:
            raise ConfigError(
                f"The argument {missing} is required, but no definition was found.", where=address
            ) from missing
        self._under_way.remove(address)
        self.changes.append(Change(Action.CREATE, account, f"{address} ({arguments['name']})"))

    def _attribute(self, address: str, name: str) -> Any:
        self.make(address)
        return self._attributes[address][name]

    def _side(self, block: Block) -> Side:
        if block.kind not in _MAKERS:
            raise ConfigError(
                tr('The resource type "{kind}" isn\'t covered here.', kind=block.kind), where=block.address
            )
        if block.alias not in set(Side):
            raise ConfigError(f"Provider configuration not present: aws.{block.alias}.", where=block.address)
        side = Side(block.alias)
        account_id = self.environment.scenario.account(side).id
        if account_id not in self.configuration.account_ids(block.alias):
            raise ConfigError(f"AWS account ID not allowed: {account_id}", where=f"provider aws.{block.alias}")
        return side


def _role(environment: Environment, side: Side, wanted: dict[str, Any]) -> dict[str, Any]:
    made = environment.iam(side).create_role(
        RoleName=wanted["name"],
        AssumeRolePolicyDocument=wanted["assume_role_policy"],
        Tags=[{"Key": key, "Value": value} for key, value in wanted.get("tags", {}).items()],
    )
    return {"name": wanted["name"], "id": wanted["name"], "arn": made["Role"]["Arn"]}


def _role_policy(environment: Environment, side: Side, wanted: dict[str, Any]) -> dict[str, Any]:
    environment.iam(side).put_role_policy(
        RoleName=wanted["role"], PolicyName=wanted["name"], PolicyDocument=wanted["policy"]
    )
    return {"id": f"{wanted['role']}:{wanted['name']}", "name": wanted["name"]}


def _machine(environment: Environment, side: Side, wanted: dict[str, Any]) -> dict[str, Any]:
    states, scenario = environment.states(side), environment.scenario
    arn = f"arn:{scenario.partition}:states:{scenario.region}:{scenario.account(side).id}:stateMachine:{wanted['name']}"

    def not_yet(error: ClientError) -> bool:
        """IAM hasn't spread the role; Terraform's provider waits for it, too."""
        role_name = wanted["role_arn"].rpartition("/")[2]
        return ROLE_NOT_ASSUMABLE in message_of(error) and step_functions_may_assume(environment, side, role_name, arn)

    made = retry_while(
        lambda: states.create_state_machine(
            name=wanted["name"],
            definition=wanted["definition"],
            roleArn=wanted["role_arn"],
            tags=[{"key": key, "value": value} for key, value in wanted.get("tags", {}).items()],
        ),
        not_yet,
        budget=environment.accounts.pace.propagation,
    )
    return {"name": wanted["name"], "id": made["stateMachineArn"], "arn": made["stateMachineArn"]}


_MAKERS = {"aws_iam_role": _role, "aws_iam_role_policy": _role_policy, "aws_sfn_state_machine": _machine}
