"""AWS clients for running tasks: whose credentials a task has, and how its calls reach the gateway.

A task acts as its state machine's role, which Step Functions assumes for it (link 1 of the access chain), or, with
`Credentials`, as the role it names there, assumed from the machine's role with the machine's ARN as external ID
(link 2). Both are decided anew for each task, so that a policy changed a moment ago counts for the next one.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Final
from urllib.parse import urlsplit

import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError

from xsfn_helpers.sandbox.direct import DirectStates, assume_role
from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.gateway.gateway import Gateway
from xsfn_helpers.sandbox.gateway.machine_rules import NOT_ASSUMABLE
from xsfn_helpers.sandbox.gateway.sessions import new_session_name
from xsfn_helpers.sandbox.http.wire import HttpRequest

# Only a name in the signed request: nothing is resolved and no socket is opened.
_ENDPOINT: Final = "http://sandbox.internal"


class AssumeRefused(Exception):
    """The task's role couldn't be assumed; the text is the cause that the execution's history shows."""


class AssumedTaskRole:
    """The role one task acts as, with credentials fetched at first use and kept for that task only."""

    def __init__(
        self, clients: TaskClients, *, machine_arn: str, machine_role_arn: str, task_role_arn: str | None
    ) -> None:
        self._clients = clients
        self._machine_arn = machine_arn
        self._machine_role_arn = machine_role_arn
        self._task_role_arn = task_role_arn
        self._credentials: ReadOnlyCredentials | None = None

    def credentials(self, region: str) -> ReadOnlyCredentials:
        """Assume what has to be assumed. Raises `AssumeRefused` in the words of Step Functions."""
        if self._credentials is None:
            own = self._clients.assume_machine_role(self._machine_role_arn, self._machine_arn)
            if self._task_role_arn is None:
                self._credentials = own
            else:
                self._credentials = self._clients.assume_task_role(
                    own,
                    region=region,
                    machine_role_arn=self._machine_role_arn,
                    task_role_arn=self._task_role_arn,
                    external_id=self._machine_arn,
                )
        return self._credentials


class TaskClients:
    """botocore clients whose requests go straight to the gateway, signed with the credentials of the running task.

    Building a client takes far longer than a call, so one per service and region is kept and shared; the credentials
    are the calling thread's own.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._clients: dict[tuple[str, str], BaseClient] = {}
        self._lock = threading.Lock()
        self._session = botocore.session.Session()
        self._session.get_component("event_emitter").register_first("before-send", self._send)

    def task_role(self, *, machine_arn: str, machine_role_arn: str, task_role_arn: str | None) -> AssumedTaskRole:
        """The role of one task; `task_role_arn` is its `Credentials.RoleArn`, None without one."""
        return AssumedTaskRole(
            self, machine_arn=machine_arn, machine_role_arn=machine_role_arn, task_role_arn=task_role_arn
        )

    def client(self, service: str, region: str, role: AssumedTaskRole) -> TaskClient:
        """A client that acts as `role`. Raises `AssumeRefused` where the role can't be assumed."""
        return TaskClient(self._shared(service, region), role.credentials(region))

    def states(self, region: str, role: AssumedTaskRole) -> DirectStates:
        """The calls of a nested execution, as `role`. Raises `AssumeRefused` where the role can't be assumed."""
        return DirectStates(self._gateway, role.credentials(region), region)

    def assume_machine_role(self, role_arn: str, machine_arn: str) -> ReadOnlyCredentials:
        """Link 1. What AWS says when the role stopped trusting Step Functions after the machine was made isn't
        established; the words of CreateStateMachine's denial are the likeliest."""
        try:
            session = self._gateway.assume_as_step_functions(role_arn, machine_arn)
        except Refusal:
            raise AssumeRefused(NOT_ASSUMABLE.message) from None
        return session.credentials

    def assume_task_role(
        self, own: ReadOnlyCredentials, *, region: str, machine_role_arn: str, task_role_arn: str, external_id: str
    ) -> ReadOnlyCredentials:
        """Link 2. AWS gives one text for every reason (recorded: localstack's AWS-validated credentials tests)."""
        try:
            return assume_role(
                self._gateway,
                own,
                region,
                RoleArn=task_role_arn,
                RoleSessionName=new_session_name(),
                ExternalId=external_id,
            )
        except ClientError:
            raise AssumeRefused(
                f"The role {machine_role_arn} is not authorized to assume the task state's role, {task_role_arn}."
            ) from None

    def _shared(self, service: str, region: str) -> BaseClient:
        key = (service, region)
        with self._lock:
            client = self._clients.get(key)
            if client is None:
                client = self._session.create_client(
                    service,
                    region_name=region,
                    endpoint_url=_ENDPOINT,
                    aws_access_key_id="(the task's)",
                    aws_secret_access_key="(the task's)",  # noqa: S106 - a placeholder: see the next statement
                    config=Config(
                        parameter_validation=False,
                        # Step Functions' own client asks for none, so answers have no checksums (recorded).
                        response_checksum_validation="when_required",
                        retries={"total_max_attempts": 1},
                        s3={"addressing_style": "path"},
                    ),
                )
                # The signer asks this for every request; a client of its own per task would cost 10-30 ms.
                client._request_signer._credentials = _CallersCredentials()  # type: ignore[attr-defined]
                self._clients[key] = client
        return client

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        parts = urlsplit(request.url)
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        headers.setdefault("host", parts.netloc)
        answer = self._gateway.handle(
            HttpRequest(
                method=request.method,
                path=parts.path or "/",
                query=parts.query,
                headers=headers,
                body=_content(request.body),
            )
        )
        received = HTTPHeaders()
        for name, value in answer.headers.items():
            received[name] = value
        received["content-length"] = str(len(answer.body))
        return AWSResponse(request.url, answer.status, received, _Body(answer.body))


class TaskClient:
    """A shared client bound to one task's credentials; its methods are the client's own."""

    def __init__(self, client: BaseClient, credentials: ReadOnlyCredentials) -> None:
        self._client = client
        self._credentials = credentials

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)
        if not callable(attribute):
            return attribute
        return self._bound(attribute)

    def _bound(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            token = _current.set(self._credentials)
            try:
                return method(*args, **kwargs)
            finally:
                _current.reset(token)

        return call


_current: ContextVar[ReadOnlyCredentials] = ContextVar("credentials of the calling task")


class _CallersCredentials:
    """Stands where botocore keeps a client's credentials and gives the calling task's."""

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return _current.get()


class _Body(io.BytesIO):
    """A response body with the streaming method botocore reads it by."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def _content(body: Any) -> bytes:
    """A request's body, which may be text, or a stream as for an object in S3."""
    if body is None or isinstance(body, bytes):
        return body or b""
    if isinstance(body, str):
        return body.encode()
    return bytes(body.read()) if hasattr(body, "read") else bytes(body)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
