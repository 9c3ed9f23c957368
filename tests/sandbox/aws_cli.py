"""The AWS CLI in the shape of a boto3 client, so that the same tests can be driven by either.

`aws` is called in this process: the program and its command line are the real ones, only Python's start is spared.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import awscli
from awscli import clidriver
from botocore import xform_name
from botocore.exceptions import ClientError

from xsfn_helpers.sandbox.process.server import Sandbox

_ERROR = re.compile(
    r"An error occurred \((?P<code>\w+)\) when calling the (?P<operation>\w+) operation"
    r"(?: \(reached max retries: \d+\))?: (?P<message>.*)"
)


class AwsCli:
    """`AwsCli(...).create_role(RoleName="x")` is `aws iam create-role --role-name x`."""

    def __init__(self, sandbox: Sandbox, service: str, key_id: str, secret: str, token: str | None = None) -> None:
        self._options = ["--endpoint-url", sandbox.endpoint_url, "--region", sandbox.region, "--output", "json"]
        self._transport = sandbox.transport
        self._service = service
        self._environment = {
            "AWS_ACCESS_KEY_ID": key_id,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_MAX_ATTEMPTS": "1",
            # Set once, when the package is imported; the tests' own environment may have dropped it since.
            "AWS_DATA_PATH": str(Path(awscli.__file__).with_name("data")),
        }
        if token:
            self._environment["AWS_SESSION_TOKEN"] = token

    def __getattr__(self, operation: str) -> Any:
        def call(**parameters: Any) -> dict[str, Any]:
            arguments = [argument for name, value in parameters.items() for argument in _flag(name, value)]
            return self.run(operation.replace("_", "-"), *arguments)

        return call

    def run(self, *arguments: str) -> dict[str, Any]:
        """The parsed output of `aws SERVICE ARGUMENTS…`. Raises `ClientError` for AWS's denial."""
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, self._environment),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            program = clidriver.create_clidriver()
            if self._transport is not None:
                program.session.get_component("event_emitter").register_first("before-send", self._transport)
            code = program.main([self._service, *arguments, *self._options])
        if match := _ERROR.search(err.getvalue()):
            error = {"Code": match["code"], "Message": match["message"].strip()}
            raise ClientError({"Error": error, "ResponseMetadata": {}}, match["operation"])  # type: ignore[arg-type,typeddict-item]
        assert code == 0, err.getvalue()
        return dict(json.loads(out.getvalue() or "{}"))


def _flag(name: str, value: Any) -> list[str]:
    text = value if isinstance(value, str) else json.dumps(value)
    return [f"--{xform_name(name, '-')}", text if not isinstance(value, Mapping | list) else json.dumps(value)]
