"""A session in one AWS account, as the reader's own AWS configuration gives it, and who that turns out to be.

Whatever boto3 resolves will do: SSO, assumed roles, environment, processes, an instance's role. Only a code for MFA is
asked for here, because a notebook has no terminal.
"""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config
from botocore.credentials import AssumeRoleProvider

from xsfn_helpers.aws.errors import translated
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.arns import Arn
from xsfn_helpers.common.errors import AwsUnavailable
from xsfn_helpers.common.language import tr
from xsfn_helpers.sandbox.process.here import way_to_aws

# AWS's own "standard" mode pauses longer each time, at random, up to 20 s
# (docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html).
AWS_CONFIG: Final = Config(
    connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 8}, user_agent_extra="xsfn"
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a profile leads to, as AWS's GetCallerIdentity says."""

    account_id: str
    arn: str
    # The access key that this was asked with: it leads to this account for as long as it lives.
    key_id: str = field(default="", repr=False)

    @property
    def partition(self) -> str:
        return Arn.of(self.arn).partition


def named(side: Side, profile: str | None) -> str:
    """A side and the way to it, for messages, as long as its account isn't known."""
    return f"{side.value.capitalize()}, {f'AWS profile {profile}' if profile else 'AWS default credentials'}"


def session_for(side: Side, profile: str | None, region: str | None) -> boto3.Session:
    """A boto3 session for this side. Raises `AwsUnavailable` for a profile there isn't."""
    with translated(named(side, profile)):
        core = botocore.session.Session(profile=profile)
        core.register_component("data_loader", service_models())
        provider = core.get_component("credential_provider").get_provider("assume-role")
        if isinstance(provider, AssumeRoleProvider):
            # botocore has no public way to ask for the code elsewhere than on the terminal.
            provider._prompter = _mfa_prompter(side, profile)  # type: ignore[attr-defined]
        if (transport := way_to_aws()) is not None:
            core.get_component("event_emitter").register_first("before-send", transport)
        return boto3.Session(botocore_session=core, region_name=region)


def who_is(session: boto3.Session, side: Side, profile: str | None, region: str) -> Identity:
    """Ask AWS. Raises `AwsUnavailable` or `StepError` in AWS's words, with the next step."""
    keys: list[str] = []
    with translated(named(side, profile)):
        # Credentials are looked for already where the client is made, and may fail there.
        client = session.client("sts", region_name=region, config=AWS_CONFIG)
        client.meta.events.register("before-send", lambda request, **_: keys.append(signer_of(request.headers)))
        answer = client.get_caller_identity()
    return Identity(answer["Account"], answer["Arn"], keys[-1] if keys else "")


def signer_of(headers: Mapping[str, str | bytes]) -> str:
    """The access key ID that a request is signed with; empty for one that isn't signed so."""
    signed = headers.get("Authorization") or ""
    text = signed.decode("latin-1") if isinstance(signed, bytes) else signed
    found = _SIGNER.search(text)
    return found[1] if found else ""


_SIGNER: Final = re.compile(r"Credential=([^/,\s]+)/")


@cache
def service_models() -> botocore.loaders.Loader:
    """The service models are large and never change: every session reads the same ones."""
    return botocore.loaders.create_loader()


def _mfa_prompter(side: Side, profile: str | None) -> Callable[[str], str]:
    def ask(prompt: str) -> str:
        try:
            code = getpass.getpass(f"{named(side, profile)}. {prompt}")
        # A kernel that nobody sits at says so with an error of its own, a closed terminal with the end of its input.
        except (EOFError, RuntimeError, NotImplementedError, OSError) as error:
            raise _no_code(side, profile) from error
        if not code.strip():
            raise _no_code(side, profile)
        return code.strip()

    return ask


def _no_code(side: Side, profile: str | None) -> AwsUnavailable:
    return AwsUnavailable(
        tr("The profile asks for a code of your MFA device, and none was given."),
        where=named(side, profile),
        fix=tr(
            "Call open_lab() where you can type it: a notebook's cell, or a terminal. Or open the session "
            "beforehand with a tool of yours, and choose the profile that this one makes."
        ),
    )


def client_of(session: boto3.Session, service: str, region: str) -> Any:
    return session.client(service, region_name=region, config=AWS_CONFIG)  # type: ignore[call-overload]
