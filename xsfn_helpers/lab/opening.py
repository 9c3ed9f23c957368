"""How a lab is opened: where its accounts are, and the sandbox that is started for it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from xsfn_helpers.aws.accounts import Accounts, SandboxPlace, accounts_place
from xsfn_helpers.aws.sandbox_accounts import SandboxAccounts
from xsfn_helpers.aws.seat import Seat, find_seat, seat_of
from xsfn_helpers.aws.settings import Platform, Settings, load_settings
from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.browser import in_browser
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.adopted import Adopted
from xsfn_helpers.deployment.deployment import Deployment
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.fan_out import NAMES, Hub, Offer, Spoke, one_state_machine, spoke_ids
from xsfn_helpers.lab.lab import Lab
from xsfn_helpers.sandbox.process.config import SandboxConfig
from xsfn_helpers.sandbox.process.here import sandbox_here
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.state import SandboxFolder


def open_lab(scenario: Scenario | None = None, **choices: Any) -> Lab:
    """The lab on the sandbox, which is started if it isn't running, or on two AWS accounts (`target="aws"`).

    `choices` are the keys of `xsfn_helpers.aws.settings` (`operator_account_id`, `region`, `port` …); a `scenario`
    gives all names and ids at once. Raises `ConfigError`, `InvalidScenario` or `SandboxError`, and makes nothing then.
    """
    if scenario is not None:
        choices = {field.name: getattr(scenario, field.name) for field in fields(Scenario)} | choices
    settings, accounts = _accounts(load_settings(choices))
    environment = Environment(settings.scenario, accounts, settings.lab_id, Adopted(settings.adopted))
    lab = Lab(Deployment(environment, Blueprint.recommended(settings.scenario)))
    if (seat := seat_of(accounts)) is not None:
        from xsfn_helpers.lab.classroom.reporter import follow

        follow(seat, lab)
    if in_browser():
        from xsfn_helpers.lab.map.telling import tell_the_page

        tell_the_page()
    return lab


def _accounts(settings: Settings) -> tuple[Settings, Accounts]:
    if settings.target is Platform.AWS:
        from xsfn_helpers.aws.own_accounts import open_aws

        return open_aws(settings)
    settings, sandbox = start_sandbox(settings)
    return settings, SandboxAccounts(sandbox)


def placed(settings: Settings) -> Settings:
    """The settings with the accounts and region that they mean, where nobody chose them; nothing is started.

    Those of the profiles on AWS; else those of the sandbox that is running, or ran last.
    """
    if settings.target is Platform.AWS:
        return _accounts(settings)[0]
    last = find_seat() or SandboxFolder.default().read()
    return settings.after_sandbox(accounts_place(last)) if last is not None else settings


def start_sandbox(settings: Settings, *, further: Iterable[str] = ()) -> tuple[Settings, SandboxPlace]:
    """The place in the room that the reader is in, else a sandbox of their own; and the settings as they are there."""
    if seat := find_seat():
        return settings.on_sandbox(accounts_place(seat), room=seat.room.url), seat
    return own_sandbox(settings, further=further)


def own_sandbox(settings: Settings, *, further: Iterable[str] = ()) -> tuple[Settings, Sandbox]:
    """The running sandbox, or a new one, and the settings as they are on it; with `further` accounts besides the two.

    What it found wrong at its own start, and how it helped itself, is told on standard error.
    """
    kind = sandbox_here()
    running = kind.find()
    last = SandboxFolder.default().read()
    if last is not None:
        settings = (
            settings.on_sandbox(accounts_place(last)) if running else settings.after_sandbox(accounts_place(last))
        )
    scenario = settings.scenario
    config = SandboxConfig(
        scenario.operator_account_id, scenario.subject_account_id, scenario.region, tuple(dict.fromkeys(further))
    )
    sandbox = kind.start(config, port=settings.port)
    if sandbox.notice:
        sys.stderr.write(f"{sandbox.notice}\n")
    return settings, sandbox


def open_hub(subjects: int | Sequence[str], *, offer: Offer = one_state_machine, lab_id: str = "xsfn-hub") -> Hub:
    """One Operator and so many Subject accounts, or those named, on the sandbox; nothing is made in them yet.

    `offer` says what each Subject has to be reached. The sandbox is started with the accounts, or opens them where it
    runs without. Raises `ConfigError` for no account at all, and `InvalidScenario` for a bad id.
    """
    from xsfn_helpers.aws.settings import Platform as Place
    from xsfn_helpers.aws.settings import load_settings

    ids = spoke_ids(subjects) if isinstance(subjects, int) else tuple(subjects)
    if not ids:
        raise ConfigError(tr("A hub without a Subject account reaches nobody."), fix=tr("Ask for one or more."))
    settings = load_settings({})
    if settings.target is not Place.SANDBOX:
        raise ConfigError(
            tr("A hub lives on the sandbox only."), where="target", fix=tr("Choose the sandbox: XSFN_TARGET=sandbox.")
        )
    settings, sandbox = start_sandbox(settings, further=ids)
    if isinstance(sandbox, Seat):
        sandbox = sandbox.more_accounts(len(ids))
        ids = tuple(sandbox.further)[: len(ids)]
    accounts = SandboxAccounts(sandbox)
    spokes = []
    for account_id in ids:
        scenario = Scenario(
            operator_account_id=settings.scenario.operator_account_id,
            subject_account_id=account_id,
            region=settings.scenario.region,
            **NAMES,
        )
        [target] = offer(scenario)
        spokes.append(Spoke(Environment(scenario, accounts.with_subject(account_id), lab_id), target))
    return Hub(tuple(spokes))
