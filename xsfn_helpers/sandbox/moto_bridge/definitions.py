"""Definitions: checked by rules of our own first (`definition_rules`), then read by moto's parser, which has the last
word because it is what runs them."""

from __future__ import annotations

import json
from typing import Any, Final

from moto.core.responses import ActionResult
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser import api
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse
from moto.stepfunctions.utils import PAGINATION_MODEL
from moto.utilities.paginator import paginate

from xsfn_helpers.asl.definition_rules import SCHEMA, Diagnostic, StateFields, diagnose, states
from xsfn_helpers.asl.variables import variable_references
from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.gateway.machine_rules import refusal
from xsfn_helpers.sandbox.moto_bridge.corrections.versions import revision_of, target_of
from xsfn_helpers.sandbox.moto_bridge.corrections.wire_values import present

_MOST_DIAGNOSTICS: Final = 100


def check_definitions() -> None:
    """From now on moto denies definitions in AWS's words, and answers ValidateStateMachineDefinition."""
    StepFunctionsParserBackend._validate_definition = staticmethod(check_readable)
    StepFunctionResponse.validate_state_machine_definition = _validate
    describe = StepFunctionResponse._describe_state_machine

    def describe_fully(response: StepFunctionResponse, state_machine_arn: str) -> ActionResult:
        # Recorded with both: localstack's test_sfn_api (2023-06-22).
        source = target_of(response.stepfunction_backend, state_machine_arn).source
        answer: ActionResult = describe(response, source.arn)
        # Recorded: localstack's test_sfn_api_versioning (2023-08) and test_sfn_api_variable_references (2024-11).
        references = variable_references(json.loads(source.definition)) or None
        more = present(revisionId=revision_of(source), variableReferences=references)
        logging = {"level": "OFF", "includeExecutionData": False, **answer.result["loggingConfiguration"]}
        # The API's own model says so of METADATA_ONLY.
        without = {"definition": "{}"} if response._get_param("includedData") == "METADATA_ONLY" else {}
        return ActionResult({**answer.result, "loggingConfiguration": logging, **more, **without})

    def list_state_machines(backend: StepFunctionsParserBackend) -> list[StateMachine]:
        # Recorded: by name, not by age. moto's pages go by the name of the function.
        return sorted(backend.state_machines, key=lambda machine: machine.name)

    StepFunctionResponse._describe_state_machine = describe_fully
    StepFunctionsParserBackend.list_state_machines = paginate(pagination_model=PAGINATION_MODEL)(list_state_machines)
    for name, error in vars(api).items():
        # moto names these errors by class only, so its answers would have no code.
        if isinstance(error, type) and issubclass(error, api.ServiceException) and getattr(error, "TYPE", "") is None:
            setattr(error, "TYPE", name)  # noqa: B010 - its own annotation says that this is always None


def check_readable(definition: str) -> None:
    """Raise `Refusal` for a definition that moto's parser can't read."""
    if unreadable := _unreadable(definition):
        raise refusal([unreadable])


def _unreadable(definition: str) -> Diagnostic | None:
    try:
        AmazonStateLanguageParser.parse(definition)
    except Refusal:
        raise
    except Exception as error:
        # Its parser has no error of its own: whatever it raises means that it can't run this.
        return Diagnostic(SCHEMA, f"The xsfn sandbox can't run this definition: {error}")
    if not_run := next((found for state in states(json.loads(definition)) if (found := _not_run(state))), None):
        return Diagnostic(SCHEMA, f"The xsfn sandbox can't run this definition: it doesn't offer {not_run}")
    return None


def _not_run(state: StateFields) -> str | None:
    """A task that the sandbox has nothing for, and must not send anywhere: `apigateway:invoke` goes to any address."""
    resource = state.body.get("Resource")
    return "apigateway:invoke" if isinstance(resource, str) and ":apigateway:invoke" in resource else None


def _validate(response: StepFunctionResponse) -> ActionResult:
    """ValidateStateMachineDefinition. AWS's warnings aren't known well enough to give any."""
    definition = response._get_param("definition")
    found = diagnose(definition, express=response._get_param("type") == "EXPRESS")
    if not found and (unreadable := _unreadable(definition)):
        found = (unreadable,)
    most = response._get_param("maxResults") or _MOST_DIAGNOSTICS
    shown: list[dict[str, Any]] = [one.as_json() for one in found[:most]]
    return ActionResult(
        {"result": "FAIL" if found else "OK", "diagnostics": shown, "truncated": len(found) > len(shown)}
    )
