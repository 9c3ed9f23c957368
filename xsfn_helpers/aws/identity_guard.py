"""Whose account a call goes to, asked again whenever the credentials are other ones: before anything is sent.

An access key leads to one account for as long as it lives. So it is enough to know of the very key that a request is
signed with, however often a profile fetches new ones, and from whomever.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import boto3
from botocore.credentials import ReadOnlyCredentials

from xsfn_helpers.aws.sessions import AWS_CONFIG, signer_of
from xsfn_helpers.chain.scenario import Account
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr

# Credentials that signed something that wasn't sent yet; with more, somebody only signs.
_MOST_WAITING: Final = 16


def guard_identity(session: boto3.Session, account: Account, region: str, known: Collection[str]) -> None:
    """Let no call of `session` go out with a key that leads elsewhere than to `account`; `known` ones do lead there.

    The call then raises `ConfigError`. STS itself may be asked with any key.
    """
    core: Any = session._session  # boto3 keeps the session that its events belong to here
    credentials: Any = core.get_credentials()
    if credentials is None:
        return
    lead_there = set(known)
    waiting: dict[str, ReadOnlyCredentials] = {}
    freeze = credentials.get_frozen_credentials

    def remembered() -> ReadOnlyCredentials:
        frozen: ReadOnlyCredentials = freeze()
        if frozen.access_key not in lead_there:
            waiting[str(frozen.access_key)] = frozen
            while len(waiting) > _MOST_WAITING:
                del waiting[next(iter(waiting))]
        return frozen

    # The only place where the secret that belongs to a signed request can be had: the next look may fetch new ones.
    credentials.get_frozen_credentials = remembered

    def check(request: Any, event_name: str, **_: Any) -> None:
        key_id = signer_of(request.headers)
        if not key_id or key_id in lead_there or event_name.startswith("before-send.sts."):
            return
        found = _account_of(core, waiting.pop(key_id, None), region)
        if found != account.id:
            raise ConfigError(
                tr("The credentials lead to account {found} now. Nothing was sent there.", found=found),
                where=str(account),
                fix=tr("Look at what the profile leads to (`aws sts get-caller-identity`), and open the lab again."),
            )
        lead_there.add(key_id)

    core.register("before-send", check)


def _account_of(core: Any, credentials: ReadOnlyCredentials | None, region: str) -> str:
    if credentials is None:
        return "?"
    client = core.create_client(
        "sts",
        region_name=region,
        config=AWS_CONFIG,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.token,
    )
    return str(client.get_caller_identity()["Account"])
