"""What every service behind the gateway has: it names a request as IAM names it, and answers an allowed one."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from xsfn_helpers.sandbox.gateway.calls import Call, CallPlace, Params
from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.http.wire import HttpRequest, HttpResponse


class Rights(Protocol):
    """What a service may do with a role that was given to it."""

    def assumable_by(self, service_principal: str, role_arn: str, source_arn: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose key signed a request: enough to do something in their name later."""

    access_key_id: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """An allowed call: where and by whom it was made, and what else is needed to answer it."""

    call: Call
    place: CallPlace
    request_id: str
    rights: Rights
    asker: Asker

    @property
    def params(self) -> Params:
        return self.call.params

    @property
    def resource(self) -> str:
        """The ARN of what is asked for."""
        return self.call.demands[0].resource


class Service(Protocol):
    """One AWS service of the sandbox."""

    def read(self, request: HttpRequest, place: CallPlace) -> Call:
        """Name the request. Raises `Refusal` for what the sandbox doesn't offer, or can't read."""
        ...

    def answer(self, asked: Asked) -> HttpResponse:
        """Carry out an allowed call. Raises `Refusal` in the service's words."""
        ...

    def tags_of(self, arn: str) -> Mapping[str, str]: ...

    def empty(self, account_ids: Collection[str]) -> None:
        """Forget all that these accounts have here."""
        ...


def json_answer(body: Any, request_id: str, *, status: int = 200, version: str = "1.0") -> HttpResponse:
    """An answer in AWS's JSON protocols."""
    headers = {"content-type": f"application/x-amz-json-{version}", "x-amzn-requestid": request_id}
    return HttpResponse(status, json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(), headers)


def refuse_unknown(params: Params, known: Iterable[str], *, code: str, what: str) -> None:
    """Raise `Refusal` for an option that the sandbox would otherwise pass over in silence."""
    for name in params.keys() - set(known):
        raise Refusal(code, f"The xsfn sandbox doesn't offer {name} in {what}.")
