"""AssumeRole tried out: a trust policy of your own, decided by the engine and tried with the real call, side by side.

Two roles are made for one question and removed again: the *asker*, which a session of is asking, and the *door* in the
Subject account, whose trust policy is in question. Their keys never leave the process and may do nothing else.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from xsfn_helpers.aws.attempt import Attempt, attempt
from xsfn_helpers.aws.errors import code_of, retry_while, translated
from xsfn_helpers.aws.propagation import IAM_SPREADS, Waiting
from xsfn_helpers.aws.reading import read_role
from xsfn_helpers.chain.documents import POLICY_VERSION
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.chain.stored import StoredRole
from xsfn_helpers.common.interrupts import surely
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.renderable import Renderable
from xsfn_helpers.deployment.checks import probes
from xsfn_helpers.deployment.environment import LAB_TAG, Environment
from xsfn_helpers.deployment.lock import locked
from xsfn_helpers.deployment.resources.iam import InlinePolicy, Role
from xsfn_helpers.iam import Decision, Policies, Policy, PolicyKind, Principal, Request, decide, explain

ASKER: Final = f"{probes.PREFIX}asker"
DOOR: Final = f"{probes.PREFIX}door"
SESSION: Final = "curious"
_PERMISSION: Final = "assume-the-door"


@dataclass(frozen=True, slots=True)
class TrialAnswer(Renderable):
    """One question, answered twice."""

    trust: Mapping[str, Any]
    decision: Decision
    aws: Attempt

    @property
    def agree(self) -> bool:
        """Whether engine and call came to the same."""
        return self.decision.allowed == self.aws.allowed

    @property
    def agreement(self) -> str:
        """The same in words."""
        return (
            tr("✓ They agree.") if self.agree else tr("✗ They disagree: that is a fault of the engine or the sandbox.")
        )

    def __str__(self) -> str:
        return "\n".join(
            [
                tr("The trust policy: {statement}", statement=json.dumps(self.trust["Statement"])),
                tr("The engine: {text}", text=explain(self.decision).text),
                tr("The real call: {aws}", aws=self.aws),
                self.agreement,
            ]
        )


@dataclass(frozen=True, slots=True)
class TrustTrial:
    """Asks who gets through which trust policy. Every method can be called again; nothing stays behind."""

    environment: Environment
    asker_side: Side = Side.OPERATOR

    @property
    def asker_arn(self) -> str:
        """The role that asks."""
        return f"arn:{self._partition}:iam::{self._asker_account}:role/{ASKER}"

    @property
    def session_arn(self) -> str:
        """The session of it that makes the call."""
        return f"arn:{self._partition}:sts::{self._asker_account}:assumed-role/{ASKER}/{SESSION}"

    @property
    def account_arn(self) -> str:
        """The asker's account as a whole."""
        return f"arn:{self._partition}:iam::{self._asker_account}:root"

    @property
    def door_arn(self) -> str:
        """The role whose trust policy is in question."""
        return f"arn:{self._partition}:iam::{self.environment.scenario.subject_account_id}:role/{DOOR}"

    def ask(
        self,
        principal: str,
        *,
        condition: Mapping[str, Any] | None = None,
        permission: bool = True,
        external_id: str | None = None,
        deny: Mapping[str, Any] | None = None,
    ) -> TrialAnswer:
        """May the asker's session assume a door that trusts `principal` under `condition`?

        `permission` says whether the asker's own account lets it; `external_id` goes along with the call; `deny` is
        the condition of a second statement that denies. Raises `StepError` when IAM doesn't take the trust policy.
        """
        trust = _trust(principal, condition, deny)
        with locked(self.environment.lab_id):
            asker, door = self._asker(permission), self._role(Side.SUBJECT, DOOR, trust)
            policy = InlinePolicy(self.environment, self.asker_side, ASKER, _PERMISSION, json_text(self._permission()))
            try:
                asker.apply()
                if permission:
                    policy.apply()
                door.apply()
                return self._answer(trust, external_id)
            finally:
                surely(door.undo)
                surely(asker.undo)

    def _answer(self, trust: Mapping[str, Any], external_id: str | None) -> TrialAnswer:
        extra = {} if external_id is None else {"ExternalId": external_id}
        decision, asker = self._decide(external_id), self._session_client()
        patience = self.environment.accounts.pace.propagation
        began = time.monotonic()
        while True:
            call = attempt(
                asker.assume_role,
                RoleArn=self.door_arn,
                RoleSessionName=SESSION,
                DurationSeconds=probes.SHORTEST_SESSION,
                Policy=probes.POWERLESS,
                **extra,
            )
            waited = time.monotonic() - began
            # Both roles are seconds old: AWS may not see yet what the engine reads.
            if call.allowed == decision.allowed or waited > patience:
                return TrialAnswer(trust, decision, call)
            self._tell_waiting(waited)
            time.sleep(1)

    def _tell_waiting(self, waited: float) -> None:
        account, accounts = self.environment.scenario.account(self.asker_side), self.environment.accounts
        accounts.tell_waiting(
            Waiting(account, tr("waiting for the asker's role"), tr(IAM_SPREADS), waited, accounts.pace.propagation)
        )

    def _session_client(self) -> Any:
        """STS as the asker's session."""
        sts = self.environment.accounts.client(self.asker_side, "sts")
        with translated(self.environment.scenario.account(self.asker_side)):
            issued = retry_while(
                lambda: sts.assume_role(
                    RoleArn=self.asker_arn, RoleSessionName=SESSION, DurationSeconds=probes.SHORTEST_SESSION
                ),
                lambda error: code_of(error) == "AccessDenied",
                budget=self.environment.accounts.pace.propagation,
                say=self._tell_waiting,
            )["Credentials"]
        return self.environment.accounts.session(self.asker_side).client(
            "sts",
            aws_access_key_id=issued["AccessKeyId"],
            aws_secret_access_key=issued["SecretAccessKey"],
            aws_session_token=issued["SessionToken"],
        )

    def _decide(self, external_id: str | None) -> Decision:
        """The engine's answer, from the two roles as they are stored."""
        asker, door = self._stored(self.asker_side, ASKER), self._stored(Side.SUBJECT, DOOR)
        context = {"sts:RoleSessionName": SESSION, f"aws:PrincipalTag/{LAB_TAG}": self.environment.lab_id}
        if external_id is not None:
            context["sts:ExternalId"] = external_id
        request = Request(
            principal=Principal.parse(self.session_arn, unique_id=asker.unique_id, role_arn=asker.arn),
            action="sts:AssumeRole",
            resource=door.arn,
            resource_account=self.environment.scenario.subject_account_id,
            context=context,
        )
        identity = tuple(
            Policy.parse(json_text(document), kind=PolicyKind.IDENTITY, name=tr("the asker's policy {name}", name=name))
            for name, document in asker.inline.items()
        )
        trust = Policy.parse(json_text(door.trust), kind=PolicyKind.TRUST, name=tr("the door's trust policy"))
        return decide(request, Policies(identity=identity, resource=trust))

    def _stored(self, side: Side, name: str) -> StoredRole:
        with translated(self.environment.scenario.account(side)):
            role = read_role(self.environment.iam(side), name)
        assert role is not None  # made a moment ago, in our turn
        return role

    def _asker(self, permission: bool) -> Role:
        """A role that this account's administrator may become; what it may do is the question."""
        with translated(self.environment.scenario.account(self.asker_side)):
            me = self.environment.accounts.client(self.asker_side, "sts").get_caller_identity()["Arn"]
        policies = frozenset({_PERMISSION}) if permission else frozenset()
        return self._role(self.asker_side, ASKER, _trust(me, None, None), policies)

    def _role(self, side: Side, name: str, trust: Mapping[str, Any], policies: frozenset[str] = frozenset()) -> Role:
        return Role(self.environment, side, name, json_text(trust), policies=policies)

    def _permission(self) -> dict[str, Any]:
        allow = {"Sid": "AssumeTheDoor", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": self.door_arn}
        return {"Version": POLICY_VERSION, "Statement": [allow]}

    @property
    def _partition(self) -> str:
        return self.environment.scenario.partition

    @property
    def _asker_account(self) -> str:
        return self.environment.scenario.account(self.asker_side).id


def _trust(principal: str, condition: Mapping[str, Any] | None, deny: Mapping[str, Any] | None) -> dict[str, Any]:
    def statement(effect: str, held: Mapping[str, Any] | None) -> dict[str, Any]:
        made: dict[str, Any] = {"Effect": effect, "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
        return {**made, "Condition": dict(held)} if held else made

    statements = [statement("Allow", condition)]
    if deny is not None:
        statements.append(statement("Deny", deny))
    return {"Version": POLICY_VERSION, "Statement": statements}
