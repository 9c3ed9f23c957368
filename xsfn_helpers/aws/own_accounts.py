"""Two AWS accounts of the reader's own: found by profile, checked first, and changed only after a yes."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import boto3

from xsfn_helpers.aws.accounts import Clients
from xsfn_helpers.aws.advice import is_loopback
from xsfn_helpers.aws.consent import Recorded
from xsfn_helpers.aws.errors import cause_code
from xsfn_helpers.aws.events import READINGS, Events, tell_changes
from xsfn_helpers.aws.identity_guard import guard_identity
from xsfn_helpers.aws.lab_ids import lab_id_of
from xsfn_helpers.aws.ledger import Ledger
from xsfn_helpers.aws.propagation import Pace, Waiting
from xsfn_helpers.aws.sessions import Identity, client_of, named, session_for, who_is
from xsfn_helpers.aws.settings import PROFILE_KEYS, Platform, Settings
from xsfn_helpers.chain.scenario import Account, Scenario, Side
from xsfn_helpers.common.errors import ConfigError, StepError
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.regions import partition_of

# IAM's changes are usually seen within seconds; Terraform's provider, too, gives them two minutes.
_ON_AWS: Final = Pace(poll=1.0, propagation=120.0)
# An endpoint on this computer (AWS_ENDPOINT_URL) has no quota that quick looks could exhaust.
_ON_LOOPBACK: Final = Pace(poll=0.02, propagation=30.0)


@dataclass(frozen=True, slots=True)
class AwsAccounts(Clients):
    """Both accounts, each as whoever its profile makes of the reader.

    Before a call that changes an account is sent, the yes is asked for, and the ledger is told.
    """

    scenario: Scenario
    lab_id: str
    agreement: Recorded
    # Whether nobody else can have the lab's id.
    _own_id: bool = field(repr=False)
    _sessions: Mapping[Side, boto3.Session] = field(repr=False)
    events: Events = field(default_factory=Events, repr=False)
    target: Platform = Platform.AWS
    # Keys that are known to lead to the side's account.
    _keys: Mapping[Side, str] = field(default_factory=dict, repr=False)
    _clients: dict[tuple[Side, str], Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for side in Side:
            self._guard(side)
            known = [key for key in (self._keys.get(side),) if key]
            guard_identity(self._sessions[side], self.scenario.account(side), self.scenario.region, known)

    @property
    def pace(self) -> Pace:
        return _ON_LOOPBACK if is_loopback(self.client(Side.OPERATOR, "sts").meta.endpoint_url) else _ON_AWS

    def tell_waiting(self, waiting: Waiting) -> None:
        """On standard error, from the second second on: most waits are shorter."""
        if waiting.waited >= 1:
            sys.stderr.write(f"{waiting}\n")
            sys.stderr.flush()

    def made(self, lab_id: str, account_id: str, name: str) -> bool:
        """Whether what carries this lab's tag is the lab's own: the id is nobody else's, or the ledger knows it."""
        if self._own_id and lab_id == self.lab_id:
            return True
        return any(
            (entry.lab, entry.account) == (lab_id, account_id)
            and entry.what.startswith("Create")
            and name in entry.names.values()
            for entry in self.agreement.ledger
        )

    def session(self, side: Side) -> boto3.Session:
        return self._sessions[side]

    def _client(self, side: Side, service: str) -> Any:
        key = (side, service)
        if key not in self._clients:
            self._clients[key] = client_of(self._sessions[side], service, self.scenario.region)
        return self._clients[key]

    def _guard(self, side: Side) -> None:
        """Let no call of this side's session that may change something through without a yes and a line in the ledger.

        It holds for every client of the session, the reader's own ones included, whoever makes the call.
        """
        session = self._sessions[side]._session  # boto3 keeps the session that its events belong to here
        account = self.scenario.account(side)

        def remember(**event: Any) -> None:
            event["context"][_PARAMS] = dict(event["params"])

        def ask_first(**event: Any) -> None:
            model = event["model"]
            if model.service_model.service_name == "sts" or model.name.startswith(READINGS):
                return
            self.agreement.check(model.name, str(account))
            names = event["context"].get(_PARAMS, {})
            self.agreement.ledger.note(
                lab=self.lab_id, account=account.id, region=self.scenario.region, what=model.name, names=names
            )

        session.register("before-parameter-build", remember)
        session.register("before-call", ask_first)
        tell_changes(session, side, self.events)


_PARAMS: Final = "xsfn_params"


def open_aws(settings: Settings) -> tuple[Settings, AwsAccounts]:
    """The two accounts that the profiles lead to, and the settings as they are there.

    Reads only. Raises `ConfigError` where they aren't two accounts that a cross-account run can be made in, or one of
    them is on the deny list; `AwsUnavailable` or `StepError` where AWS can't say who asks.
    """
    sessions = {side: session_for(side, profile, None) for side, profile in settings.profiles.items()}
    region = _region(settings, sessions)
    own_regions = {side: session.region_name for side, session in sessions.items()}
    sessions = {side: session_for(side, profile, region) for side, profile in settings.profiles.items()}
    identities = {side: _identity(settings, sessions[side], side, region, own_regions[side]) for side in Side}
    for side, identity in identities.items():
        _check(settings, side, identity, region)
    if identities[Side.OPERATOR].account_id == identities[Side.SUBJECT].account_id:
        both = " and ".join(named(side, profile) for side, profile in settings.profiles.items())
        raise ConfigError(
            tr("Both lead to the same account, {account_id}.", account_id=identities[Side.OPERATOR].account_id),
            where=both,
            fix=tr(
                "A cross-account run needs two: name a profile of another account in operator_profile or "
                "subject_profile."
            ),
        )
    scenario = replace(
        settings.scenario,
        operator_account_id=identities[Side.OPERATOR].account_id,
        subject_account_id=identities[Side.SUBJECT].account_id,
        region=region,
    )
    ledger = Ledger.default()
    chosen = "lab_id" in settings.chosen
    lab_id, own_id = (settings.lab_id, False) if chosen else lab_id_of(scenario, ledger)
    agreement = Recorded(scenario, lab_id, ledger)
    keys = {side: identity.key_id for side, identity in identities.items()}
    accounts = AwsAccounts(scenario, lab_id, agreement, own_id, sessions, _keys=keys)
    return replace(settings, scenario=scenario, lab_id=lab_id), accounts


def _identity(settings: Settings, session: boto3.Session, side: Side, region: str, own_region: str | None) -> Identity:
    """Who asks. Keys are known in their own partition only, so where the chosen region is in another one, it is the
    profile's own region that can tell whose they are."""
    profile = settings.profiles[side]
    try:
        return who_is(session, side, profile, region)
    except StepError as error:
        unknown = cause_code(error) == "InvalidClientTokenId"
        if not unknown or own_region is None or partition_of(own_region) == partition_of(region):
            raise
        try:
            return who_is(session, side, profile, own_region)
        except StepError:
            raise error from error.__cause__


def _region(settings: Settings, sessions: Mapping[Side, boto3.Session]) -> str:
    """The one region of both: the chosen one, else the one that both profiles name."""
    if "region" in settings.chosen:
        return settings.scenario.region
    regions = {side: session.region_name for side, session in sessions.items()}
    here, there = regions[Side.OPERATOR], regions[Side.SUBJECT]
    if here is None and there is None:
        raise ConfigError(
            tr("Neither profile names a region."),
            where="region",
            fix=tr('Choose one for both: region = "eu-west-1" in xsfn.toml, or XSFN_REGION.'),
        )
    if here and there and here != there:
        raise ConfigError(
            tr("The Operator's profile names {here}, the Subject's {there}.", here=here, there=there),
            where="region",
            fix=tr(
                "A state machine starts another in its own region only: choose one for both, in xsfn.toml or as "
                "XSFN_REGION."
            ),
        )
    region = str(here or there)
    partition_of(region)
    return region


def _check(settings: Settings, side: Side, identity: Identity, region: str) -> None:
    where = named(side, settings.profiles[side])
    if identity.account_id in settings.denied:
        raise ConfigError(
            tr(
                "It leads to account {account_id}, which is on your list deny_accounts.", account_id=identity.account_id
            ),
            where=where,
            fix=tr("Name another profile in {profile_key}.", profile_key=PROFILE_KEYS[side]),
        )
    key = f"{side.value}_account_id"
    chosen: Account = settings.scenario.account(side)
    if key in settings.chosen and chosen.id != identity.account_id:
        raise ConfigError(
            tr(
                "It leads to account {account_id}, and {key} is {chosen}.",
                account_id=identity.account_id,
                key=key,
                chosen=chosen.id,
            ),
            where=where,
            fix=tr("Correct {key}, or name another profile in {profile_key}.", key=key, profile_key=PROFILE_KEYS[side]),
        )
    if identity.partition != partition_of(region):
        raise ConfigError(
            tr(
                "It leads to the partition {partition}, and {region} is in {other}.",
                partition=identity.partition,
                region=region,
                other=partition_of(region),
            ),
            where=where,
            fix=tr("Choose a region of the accounts' own partition; a run can't cross partitions."),
        )
