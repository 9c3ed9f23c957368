"""The sandbox playing AWS: profiles in a home folder, `AWS_ENDPOINT_URL`, and nothing else that tells it from AWS."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.sandbox.world import client_with
from xsfn_helpers import Lab, open_lab
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.process.server import Sandbox


@dataclass(frozen=True)
class PlayedAws:
    """Two accounts as their owner has them; `names` are one test's own, with its lab id."""

    sandbox: Sandbox
    home: Path
    names: Mapping[str, str]
    subject_profile: str = "work-subject"

    @property
    def choices(self) -> dict[str, Any]:
        """Keywords of `open_lab`; the region comes from the profiles."""
        return {
            **self.names,
            "target": "aws",
            "operator_profile": "work-operator",
            "subject_profile": self.subject_profile,
        }

    @property
    def options(self) -> list[str]:
        """The same as options of `xsfn`."""
        return [part for key, value in self.choices.items() for part in (f"--{key.replace('_', '-')}", value)]

    def lab(self, **choices: Any) -> Lab:
        return open_lab(**{**self.choices, **choices})

    def client(self, side: Side, service: str) -> Any:
        """The account's administrator, without the lab: as another program."""
        account = self.sandbox.accounts[side]
        return client_with(self.sandbox, service, account.access_key_id, account.secret_access_key)

    def secrets(self) -> set[str]:
        """Every key in use that must never be shown."""
        return {account.secret_access_key for account in self.sandbox.accounts.values()} | {
            account.access_key_id for account in self.sandbox.accounts.values()
        }

    def as_user(self, name: str, statements: list[dict[str, Any]]) -> str:
        """A new user of the Operator account with these permissions, and the profile that leads there."""
        iam = self.client(Side.OPERATOR, "iam")
        user = f"{self.names['lab_id']}-{name}"
        iam.create_user(UserName=user)
        document = {"Version": "2012-10-17", "Statement": statements}
        iam.put_user_policy(UserName=user, PolicyName="allowed", PolicyDocument=json.dumps(document))
        key = iam.create_access_key(UserName=user)["AccessKey"]
        add_profile(self.home, user, self.sandbox.region, key["AccessKeyId"], key["SecretAccessKey"])
        return user


def write_home(home: Path, sandbox: Sandbox) -> None:
    """`~/.aws` as the AWS CLI makes it: one profile of keys, the other's credentials given by a process."""
    (home / ".aws").mkdir(parents=True)
    operator, subject = sandbox.accounts[Side.OPERATOR], sandbox.accounts[Side.SUBJECT]
    add_profile(home, "work-operator", sandbox.region, operator.access_key_id, operator.secret_access_key)
    answer = {"Version": 1, "AccessKeyId": subject.access_key_id, "SecretAccessKey": subject.secret_access_key}
    (home / "credentials.json").write_text(json.dumps(answer))
    config = home / ".aws" / "config"
    process = shlex.join(["cat", str(home / "credentials.json")])
    config.write_text(
        f"{config.read_text()}[profile work-subject]\nregion = {sandbox.region}\ncredential_process = {process}\n"
    )


def add_profile(home: Path, name: str, region: str | None, key_id: str, secret: str) -> None:
    with (home / ".aws" / "config").open("a") as config:
        config.write(f"[profile {name}]\n" + (f"region = {region}\n" if region else ""))
    with (home / ".aws" / "credentials").open("a") as credentials:
        credentials.write(f"[{name}]\naws_access_key_id = {key_id}\naws_secret_access_key = {secret}\n")
