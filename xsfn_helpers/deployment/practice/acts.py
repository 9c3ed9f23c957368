"""What a fault or its solution does besides replacing documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from xsfn_helpers.aws.errors import code_of, translated
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.practice.edits import python_literal
from xsfn_helpers.deployment.resources.resource import Resource

if TYPE_CHECKING:
    from xsfn_helpers.deployment.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Make:
    """Make a thing that the setup doesn't have."""

    thing: Callable[[Environment], Resource[Any]]

    def apply(self, deployment: Deployment) -> None:
        self.thing(deployment.environment).apply()


@dataclass(frozen=True, slots=True)
class Unmake:
    """Take away a thing of the setup."""

    thing: Callable[[Deployment], Resource[Any]]

    def apply(self, deployment: Deployment) -> None:
        self.thing(deployment).undo()


class RecreateOperatorRole:
    """Delete the Operator role and make it again, just as it was: it has another unique ID then."""

    def apply(self, deployment: Deployment) -> None:
        steps = deployment.stages
        role, permission = steps.prerequisites.resources[0], steps.operator_role.resources[0]
        role.undo()
        role.apply()
        permission.apply()


@dataclass(frozen=True, slots=True)
class IamCall:
    """One call to IAM, with boto3's own names; a policy document is given as a mapping."""

    side: Side
    operation: str
    parameters: Mapping[str, Any]

    def apply(self, deployment: Deployment) -> None:
        call: Callable[..., object] = getattr(deployment.environment.iam(self.side), self.operation)
        with translated(deployment.scenario.account(self.side)):
            try:
                call(**{name: _as_text(value) for name, value in self.parameters.items()})
            except ClientError as error:
                # Done before, as far as a deletion goes.
                if not (self.operation.startswith("delete_") and code_of(error) == "NoSuchEntity"):
                    raise

    @property
    def code(self) -> str:
        lines = [f"    {name}={_as_code(value)}," for name, value in self.parameters.items()]
        return "\n".join([f'lab.{self.side}.client("iam").{self.operation}(', *lines, ")"])


@dataclass(frozen=True, slots=True)
class LabCall:
    """Something that the setup does by itself; `code` is how a reader says it."""

    code: str
    do: Callable[[Deployment], object]

    def apply(self, deployment: Deployment) -> None:
        self.do(deployment)


def _as_text(value: Any) -> Any:
    return json_text(value) if isinstance(value, Mapping) else value


def _as_code(value: Any) -> str:
    literal = python_literal(value, indent=4)
    return f"json_text({literal})" if isinstance(value, Mapping) else literal


PREPARE: Final = LabCall("lab.prepare()", lambda deployment: deployment.prepare())
APPLY_STAGE_3: Final = LabCall("lab.stage(3).apply()", lambda deployment: deployment.stage(3).apply())
WAIT: Final = LabCall("lab.run()", lambda deployment: deployment.validation.trial())
