"""boto3 clients for emulators that tell accounts apart by the key id, or by a header of moto's."""

from __future__ import annotations

from typing import Any

from tests.sandbox.world import client_with


def foreign_client(sandbox: Any, service: str, key_id: str, secret: str, token: str | None = None) -> Any:
    """A client whose key id is its account's id; moto's server is told the account in a header as well."""
    client = client_with(sandbox, service, key_id, secret, token)
    if key_id.isdigit():
        client.meta.events.register(
            "before-sign", lambda request, **_: request.headers.add_header("x-moto-account-id", key_id)
        )
    return client
