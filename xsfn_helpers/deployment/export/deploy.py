"""An export deployed to the lab's two accounts, as its own tool would."""

from __future__ import annotations

from xsfn_helpers.chain.plan import Change, Plan
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.export import terraform
from xsfn_helpers.deployment.export.folder import Export
from xsfn_helpers.deployment.export.routes import Route
from xsfn_helpers.deployment.export.synthesis import synthesise
from xsfn_helpers.deployment.resources.stack import Stack

# IAM denies a trust policy that names a role which doesn't exist yet.
ORDER = (Side.OPERATOR, Side.SUBJECT)


def deploy(export: Export, environment: Environment) -> Plan:
    """Deploy what stands in the export's folder now; gives what was made.

    Raises `StepError` in AWS's words when it denies, `ConfigError` in the tool's words for files it can't use,
    `ToolMissing` where the CDK can't run.
    """
    if export.route is Route.TERRAFORM:
        changes = terraform.apply(export, environment)
    elif export.route is Route.CDK:
        templates = synthesise(export).templates
        changes = [Stack(environment, side).deploy(templates[side], {}) for side in ORDER]
    else:
        changes = [_stack(export, environment, side) for side in ORDER]
    return Plan(tr("Deployed by {route}", route=export.route.value), tuple(changes), done=True)


def _stack(export: Export, environment: Environment, side: Side) -> Change:
    request = export.stack(side)
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in request["Parameters"]}
    return Stack(environment, side).deploy(request["TemplateBody"], parameters)
