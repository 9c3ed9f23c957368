"""A rehearsal: the sandbox plays AWS, reached the way that AWS is reached, so that nothing is new on the day itself.

Profiles in an AWS configuration file lead to the two accounts, and `AWS_ENDPOINT_URL` leads to this computer.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xsfn_helpers.aws.accounts import SandboxPlace
from xsfn_helpers.aws.settings import ENVIRONMENT_PREFIX, PROFILE_KEYS, Platform, load_settings
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.renderable import Renderable
from xsfn_helpers.common.state_folder import StateFolder
from xsfn_helpers.lab.opening import open_lab, start_sandbox

_PROFILES: Final = {Side.OPERATOR: "rehearsal-operator", Side.SUBJECT: "rehearsal-subject"}


@dataclass(frozen=True, slots=True)
class Rehearsal(Renderable):
    """Whether the sandbox plays AWS, or AWS itself was chosen."""

    playing: bool

    def __str__(self) -> str:
        if not self.playing:
            return tr("You have chosen target = aws: from here on it is no rehearsal.")
        return tr(
            "The sandbox plays AWS, in this kernel alone: the profiles rehearsal-operator and "
            "rehearsal-subject lead to its two accounts, and AWS_ENDPOINT_URL to this computer. Your own "
            "AWS configuration is left aside. What earlier notebooks built has been removed: it begins with "
            "nothing."
        )


def rehearse(environment: MutableMapping[str, str] = os.environ) -> Rehearsal:
    """Let the sandbox play AWS for this process, unless AWS itself is chosen. Again gives the same.

    What the lab had built in the sandbox is removed, so that the rehearsal begins as on the day itself.

    Raises `ConfigError` or `SandboxError` where the sandbox can't be had.
    """
    settings = load_settings(environment=environment)
    if settings.target is Platform.AWS and environment.get(_variable("operator_profile")) != _PROFILES[Side.OPERATOR]:
        return Rehearsal(playing=False)
    _, sandbox = start_sandbox(settings)
    open_lab(target=Platform.SANDBOX).clean()
    folder = StateFolder.default().path / "rehearsal"
    folder.mkdir(mode=0o700, exist_ok=True)
    _write(folder, sandbox)
    for name in [name for name in environment if name.startswith("AWS_")]:
        del environment[name]
    environment.update(
        {
            "AWS_CONFIG_FILE": str(folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": sandbox.endpoint_url,
            _variable("target"): Platform.AWS.value,
            # The sandbox's own: what is left of a rehearsal is the sandbox's lab's, and goes with it.
            _variable("lab_id"): settings.lab_id,
            **{_variable(PROFILE_KEYS[side]): profile for side, profile in _PROFILES.items()},
        }
    )
    return Rehearsal(playing=True)


def _variable(key: str) -> str:
    return ENVIRONMENT_PREFIX + key.upper()


def _write(folder: Path, sandbox: SandboxPlace) -> None:
    config = [f"[profile {profile}]\nregion = {sandbox.region}\n" for profile in _PROFILES.values()]
    keys = [
        f"[{profile}]\naws_access_key_id = {sandbox.accounts[side].access_key_id}\n"
        f"aws_secret_access_key = {sandbox.accounts[side].secret_access_key}\n"
        for side, profile in _PROFILES.items()
    ]
    for name, parts in (("config", config), ("credentials", keys)):
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write("".join(parts))
