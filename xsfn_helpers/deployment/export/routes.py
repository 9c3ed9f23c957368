"""The three routes, and the files of each. Pure: names in, texts out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from importlib.resources import files
from importlib.resources.abc import Traversable

from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.resources.stack import stack_name


class Route(StrEnum):
    """A way to write the setup down as code."""

    CDK = "cdk"
    CLOUDFORMATION = "cloudformation"
    TERRAFORM = "terraform"


def route_named(name: str) -> Route:
    """The route of this name. Raises `ConfigError` for another."""
    try:
        return Route(name)
    except ValueError:
        raise ConfigError(
            tr("There is no route {name!r}; routes are {routes}.", name=name, routes=tr(", ").join(Route))
        ) from None


def exported_files(route: Route, scenario: Scenario, lab_id: str) -> dict[str, str]:
    """Every file of a route by its name: those that are the same for everybody, and the one with the names."""
    texts = dict(sorted(_fixed(files(__package__).joinpath("files", route.value))))
    return texts | _values(route, scenario, lab_id)


def template_parameters(scenario: Scenario, lab_id: str, side: Side) -> dict[str, str]:
    """The parameters of one account's CloudFormation template."""
    shared = {
        "OperatorMachineName": scenario.operator_machine_name,
        "OperatorRoleName": scenario.operator_role_name,
        "SubjectMachineName": scenario.subject_machine_name,
        "ExecuteRoleName": scenario.execute_role_name,
        "LabId": lab_id,
    }
    if side is Side.OPERATOR:
        return {"SubjectAccountId": scenario.subject_account_id, **shared}
    return {
        "OperatorAccountId": scenario.operator_account_id,
        **shared,
        "SubjectRoleName": scenario.subject_role_name,
    }


def _values(route: Route, scenario: Scenario, lab_id: str) -> dict[str, str]:
    if route is Route.CLOUDFORMATION:
        return {
            f"{side.value}.parameters.json": _json(
                [
                    {"ParameterKey": key, "ParameterValue": value}
                    for key, value in template_parameters(scenario, lab_id, side).items()
                ]
            )
            for side in Side
        }
    names = {
        "region": scenario.region,
        "operator_account_id": scenario.operator_account_id,
        "operator_machine_name": scenario.operator_machine_name,
        "operator_role_name": scenario.operator_role_name,
        "subject_account_id": scenario.subject_account_id,
        "subject_machine_name": scenario.subject_machine_name,
        "subject_role_name": scenario.subject_role_name,
        "execute_role_name": scenario.execute_role_name,
        "lab_id": lab_id,
    }
    if route is Route.TERRAFORM:
        return {"terraform.tfvars": _assignments(names)}
    stacks = {f"{side.value}_stack_name": stack_name(lab_id, side) for side in Side}
    return {"names.json": _json({**names, **stacks})}


def _json(value: object) -> str:
    return f"{json.dumps(value, indent=2)}\n"


def _assignments(names: Mapping[str, str]) -> str:
    """As `terraform fmt` lines them up."""
    width = max(map(len, names))
    return "".join(f'{name:<{width}} = "{value}"\n' for name, value in names.items())


def _fixed(folder: Traversable) -> Iterator[tuple[str, str]]:
    for file in folder.iterdir():
        if file.is_file():
            yield file.name, file.read_text(encoding="utf-8")
