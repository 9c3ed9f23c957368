"""moto's server with its state machines run: as it is, or with the nested call mended. `moto_server.py PORT [mended]`.

Mended is what a nested cross-account call can't do without: parameters under the names boto3 wants, a name for an
execution without one, times that JSON can carry, and the account of the role in `Credentials`. Nothing is enforced.
"""

from __future__ import annotations

import sys
import uuid
from datetime import datetime
from typing import Any

from moto import settings
from moto.core.config import default_user_config
from moto.server import main as serve
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_sfn as nested
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.models import StepFunctionsParserBackend


def mend() -> None:
    service = nested.StateTaskServiceSfn
    normalise = service._normalise_parameters
    make_client = nested.boto_client_for
    start = StepFunctionsParserBackend.start_execution

    def parameters(task: Any, parameters: dict[str, Any], **options: Any) -> None:
        normalise(task, parameters, **options)
        for name in list(parameters):
            parameters[f"{name[0].lower()}{name[1:]}"] = parameters.pop(name)

    def response(_task: Any, response: Any, **_options: Any) -> None:
        for name in list(response if isinstance(response, dict) else ()):
            value = response.pop(name)
            pascal = f"{name[0].upper()}{name[1:]}"
            response[pascal] = int(value.timestamp() * 1000) if isinstance(value, datetime) else value

    def client(region: str, service: str, state_credentials: Any = None) -> Any:
        made = make_client(region, service, state_credentials)
        account = state_credentials.role_arn.split(":")[4]
        made.meta.events.register(
            "before-sign", lambda request, **_: request.headers.add_header("x-moto-account-id", account)
        )
        return made

    def start_named(backend: Any, arn: str, name: str | None = None, *rest: Any, **options: Any) -> Any:
        return start(backend, arn, name or str(uuid.uuid4()), *rest, **options)

    service._normalise_parameters = parameters
    service._normalise_response = response
    nested.boto_client_for = client
    StepFunctionsParserBackend.start_execution = start_named


port = sys.argv[1]
default_user_config["stepfunctions"] = {"execute_state_machine": True}
boto_client.moto_server_port = settings.moto_server_port = lambda: port
if sys.argv[2:] == ["mended"]:
    mend()
serve(["-H", "127.0.0.1", "-p", port])
