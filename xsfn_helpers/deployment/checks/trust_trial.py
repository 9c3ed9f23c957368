"""AssumeRole tried out: a trust policy of your own, evaluated by the lab and tried with the real call, side by side.

Two roles are created for one question and removed again: the *calling role*, a session of which calls `sts:AssumeRole`,
and the *target role* in the Subject account, whose trust policy is in question. Their keys never leave the process and
may do nothing else.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import EllipsisType
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
from xsfn_helpers.deployment.checks.trust_evaluation import Gap, TrustEvaluation, checked, prediction
from xsfn_helpers.deployment.environment import LAB_TAG, Environment
from xsfn_helpers.deployment.lock import locked
from xsfn_helpers.deployment.resources.iam import InlinePolicy, Role
from xsfn_helpers.iam import Decision, Policies, Policy, PolicyKind, Principal, Request, decide, explain

CALLER: Final = f"{probes.PREFIX}caller"
TARGET: Final = f"{probes.PREFIX}target"
SESSION: Final = "curious"
_PERMISSION: Final = "assume-the-target-role"


@dataclass(frozen=True, slots=True)
class TrialAnswer(Renderable):
    """One question, answered twice."""

    trust: Mapping[str, Any]
    decision: Decision
    aws: Attempt
    expected: str = ""

    @property
    def agree(self) -> bool:
        """Whether evaluation and call came to the same."""
        return self.decision.allowed == self.aws.allowed

    @property
    def agreement(self) -> str:
        """The same in words."""
        return (
            tr("✓ The evaluation and the real call have the same result.")
            if self.agree
            else tr("✗ The evaluation and the real call have different results: a bug of the lab or the sandbox.")
        )

    @property
    def prediction(self) -> str:
        """What was expected, beside what it was; empty where nothing was."""
        return prediction(self.expected, allowed=self.aws.allowed)

    def __str__(self) -> str:
        lines = [
            tr("The trust policy: {statement}", statement=json.dumps(self.trust["Statement"])),
            tr("Evaluated from the policies: {text}", text=explain(self.decision).text),
            tr("The real call: {aws}", aws=self.aws),
            self.agreement,
        ]
        return "\n".join([self.prediction, *lines] if self.prediction else lines)


@dataclass(frozen=True, slots=True)
class TrustTrial:
    """Tries who may assume a role with which trust policy. Every method can be called again; nothing stays behind."""

    environment: Environment
    caller_side: Side = Side.OPERATOR

    @property
    def caller_role_arn(self) -> str:
        """The calling role."""
        return f"arn:{self._partition}:iam::{self._caller_account}:role/{CALLER}"

    @property
    def session_arn(self) -> str:
        """The session of it that makes the call."""
        return f"arn:{self._partition}:sts::{self._caller_account}:assumed-role/{CALLER}/{SESSION}"

    @property
    def account_arn(self) -> str:
        """The calling role's account as a whole."""
        return f"arn:{self._partition}:iam::{self._caller_account}:root"

    @property
    def target_role_arn(self) -> str:
        """The role whose trust policy is in question."""
        return f"arn:{self._partition}:iam::{self.environment.scenario.subject_account_id}:role/{TARGET}"

    def try_policy(
        self,
        principal: str,
        *,
        condition: Mapping[str, Any] | None = None,
        permission: bool = True,
        external_id: str | None = None,
        deny: Mapping[str, Any] | None = None,
        expect: str | EllipsisType = "",
    ) -> TrialAnswer | Gap:
        """May the calling role's session assume a target role that trusts `principal` under `condition`?

        `permission` says whether the caller's own account allows it; `external_id` is sent with the call; `deny` is
        the condition of a second statement that denies. `expect` is your own answer, `allowed` or `denied`, given
        before; `...` stands for a gap to fill, and shows no answer yet. Raises `ConfigError` for another, and
        `StepError` when IAM rejects the trust policy.
        """
        expected = checked(expect)
        if isinstance(expected, Gap):
            return expected
        trust = _trust(principal, condition, deny)
        with locked(self.environment.lab_id):
            caller, target = self._caller(permission), self._role(Side.SUBJECT, TARGET, trust)
            policy = InlinePolicy(
                self.environment, self.caller_side, CALLER, _PERMISSION, json_text(self._permission())
            )
            try:
                caller.apply()
                if permission:
                    policy.apply()
                target.apply()
                return replace(self._answer(trust, external_id), expected=expected)
            finally:
                surely(target.undo)
                surely(caller.undo)

    def evaluate_in_organization(
        self, denied: Mapping[str, Any], *, sent: Mapping[str, str], expect: str | EllipsisType = ""
    ) -> TrustEvaluation | Gap:
        """Both accounts allow; what if the target role's organization has a resource control policy, too?

        `denied` is the condition under which that policy denies `sts:AssumeRole`, and `sent` are condition keys that
        AWS sends with the request. Evaluated only: these accounts belong to no organization. `expect` is as in
        `try_policy`. Raises `ConfigError` for another, and `PolicyError` for a condition that AWS would deny.
        """
        expected = checked(expect)
        if isinstance(expected, Gap):
            return expected
        trust = _trust(self.caller_role_arn, None, None)
        deny = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}
        rcp = {"Version": POLICY_VERSION, "Statement": [{**deny, "Condition": dict(denied)}]}
        caller = Principal.parse(self.session_arn, role_arn=self.caller_role_arn)
        policies = Policies(
            identity=(self._named(self._permission(), PolicyKind.IDENTITY, tr("the calling role's policy")),),
            resource=self._named(trust, PolicyKind.TRUST, tr("the target role's trust policy")),
            rcps=((self._named(rcp, PolicyKind.RCP, tr("the organization's policy")),),),
        )
        return TrustEvaluation(trust, rcp, self._decided(caller, "sts:AssumeRole", policies, sent), expected)

    def evaluate_web_identity(
        self,
        provider: str,
        *,
        condition: Mapping[str, Any],
        token: Mapping[str, str],
        expect: str | EllipsisType = "",
    ) -> TrustEvaluation | Gap:
        """May a workload with a `token` of this OpenID Connect provider assume a role that trusts the provider?

        `provider` is its address without `https://`; `token` are the claims in it. Evaluated only: nobody signs in
        from elsewhere here. `expect` is as in `try_policy`. Raises `ConfigError` for another, and `PolicyError` for a
        condition that AWS would deny.
        """
        expected = checked(expect)
        if isinstance(expected, Gap):
            return expected
        account = self.environment.scenario.subject_account_id
        arn = f"arn:{self._partition}:iam::{account}:oidc-provider/{provider}"
        action = "sts:AssumeRoleWithWebIdentity"
        statement = {"Effect": "Allow", "Principal": {"Federated": arn}, "Action": action, "Condition": dict(condition)}
        trust = {"Version": POLICY_VERSION, "Statement": [statement]}
        policies = Policies(resource=self._named(trust, PolicyKind.TRUST, tr("the target role's trust policy")))
        claims = {f"{provider}:{claim}": value for claim, value in token.items()}
        return TrustEvaluation(
            trust, None, self._decided(Principal.of_provider(arn), action, policies, claims), expected
        )

    def _decided(self, caller: Principal, action: str, policies: Policies, sent: Mapping[str, str]) -> Decision:
        account = self.environment.scenario.subject_account_id
        return decide(Request(caller, action, self.target_role_arn, account, dict(sent)), policies)

    @staticmethod
    def _named(document: Mapping[str, Any], kind: PolicyKind, name: str) -> Policy:
        return Policy.parse(json_text(document), kind=kind, name=name)

    # Older names; they go with 1.0.
    ask, asker_arn, door_arn = try_policy, caller_role_arn, target_role_arn

    def _answer(self, trust: Mapping[str, Any], external_id: str | None) -> TrialAnswer:
        extra = {} if external_id is None else {"ExternalId": external_id}
        decision, caller = self._decide(external_id), self._session_client()
        patience = self.environment.accounts.pace.propagation
        began = time.monotonic()
        while True:
            call = attempt(
                caller.assume_role,
                RoleArn=self.target_role_arn,
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
        account, accounts = self.environment.scenario.account(self.caller_side), self.environment.accounts
        accounts.tell_waiting(
            Waiting(account, tr("waiting for the calling role"), tr(IAM_SPREADS), waited, accounts.pace.propagation)
        )

    def _session_client(self) -> Any:
        """STS as the calling role's session."""
        sts = self.environment.accounts.client(self.caller_side, "sts")
        with translated(self.environment.scenario.account(self.caller_side)):
            issued = retry_while(
                lambda: sts.assume_role(
                    RoleArn=self.caller_role_arn, RoleSessionName=SESSION, DurationSeconds=probes.SHORTEST_SESSION
                ),
                lambda error: code_of(error) == "AccessDenied",
                budget=self.environment.accounts.pace.propagation,
                say=self._tell_waiting,
            )["Credentials"]
        return self.environment.accounts.session(self.caller_side).client(
            "sts",
            aws_access_key_id=issued["AccessKeyId"],
            aws_secret_access_key=issued["SecretAccessKey"],
            aws_session_token=issued["SessionToken"],
        )

    def _decide(self, external_id: str | None) -> Decision:
        """The engine's answer, from the two roles as they are stored."""
        caller, target = self._stored(self.caller_side, CALLER), self._stored(Side.SUBJECT, TARGET)
        context = {"sts:RoleSessionName": SESSION, f"aws:PrincipalTag/{LAB_TAG}": self.environment.lab_id}
        if external_id is not None:
            context["sts:ExternalId"] = external_id
        request = Request(
            principal=Principal.parse(self.session_arn, unique_id=caller.unique_id, role_arn=caller.arn),
            action="sts:AssumeRole",
            resource=target.arn,
            resource_account=self.environment.scenario.subject_account_id,
            context=context,
        )
        identity = tuple(
            self._named(document, PolicyKind.IDENTITY, tr("the calling role's policy {name}", name=name))
            for name, document in caller.inline.items()
        )
        trust = self._named(target.trust, PolicyKind.TRUST, tr("the target role's trust policy"))
        return decide(request, Policies(identity=identity, resource=trust))

    def _stored(self, side: Side, name: str) -> StoredRole:
        with translated(self.environment.scenario.account(side)):
            role = read_role(self.environment.iam(side), name)
        assert role is not None  # made a moment ago, in our turn
        return role

    def _caller(self, permission: bool) -> Role:
        """A role that this account's administrator may assume; what it may do is the question."""
        with translated(self.environment.scenario.account(self.caller_side)):
            me = self.environment.accounts.client(self.caller_side, "sts").get_caller_identity()["Arn"]
        policies = frozenset({_PERMISSION}) if permission else frozenset()
        return self._role(self.caller_side, CALLER, _trust(me, None, None), policies)

    def _role(self, side: Side, name: str, trust: Mapping[str, Any], policies: frozenset[str] = frozenset()) -> Role:
        return Role(self.environment, side, name, json_text(trust), policies=policies)

    def _permission(self) -> dict[str, Any]:
        allow = {
            "Sid": "AssumeTheTargetRole",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": self.target_role_arn,
        }
        return {"Version": POLICY_VERSION, "Statement": [allow]}

    @property
    def _partition(self) -> str:
        return self.environment.scenario.partition

    @property
    def _caller_account(self) -> str:
        return self.environment.scenario.account(self.caller_side).id


def _trust(principal: str, condition: Mapping[str, Any] | None, deny: Mapping[str, Any] | None) -> dict[str, Any]:
    def statement(effect: str, held: Mapping[str, Any] | None) -> dict[str, Any]:
        made: dict[str, Any] = {"Effect": effect, "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
        return {**made, "Condition": dict(held)} if held else made

    statements = [statement("Allow", condition)]
    if deny is not None:
        statements.append(statement("Deny", deny))
    return {"Version": POLICY_VERSION, "Statement": statements}
