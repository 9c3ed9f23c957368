"""The IAM things a stage makes: a role, and a permissions policy inside a role."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from xsfn_helpers.aws.errors import cause_code, code_of, missing_principal, retry_while, translated
from xsfn_helpers.aws.propagation import IAM_SPREADS, Waiting
from xsfn_helpers.aws.reading import new_role, read_role
from xsfn_helpers.chain.plan import Action, Change
from xsfn_helpers.chain.policy_diff import policy_diff, same_policy, trusts_deleted_role
from xsfn_helpers.chain.scenario import Account, Side
from xsfn_helpers.chain.stored import StoredRole
from xsfn_helpers.common.errors import StepError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.environment import LAB_TAG, Environment
from xsfn_helpers.deployment.resources.resource import refuse_foreign

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


@dataclass(frozen=True, slots=True)
class Role:
    """A role with this trust policy, no boundary, and no policies but inline ones named in `policies`."""

    environment: Environment
    side: Side
    name: str
    trust: str
    policies: frozenset[str]

    @property
    def account(self) -> Account:
        return self.environment.scenario.account(self.side)

    @property
    def thing(self) -> str:
        return tr("role {name}", name=self.name)

    def plan(self) -> Change:
        return self._compare(self._read())

    def apply(self) -> Change:
        role = self._read()
        change = self._compare(role)
        refuse_foreign(change)
        iam = self.environment.iam(self.side)
        if role is None:
            try:
                self.create()
            except StepError as error:
                if cause_code(error) != "EntityAlreadyExists":
                    raise
                self.environment.changed()
                return self.apply()  # another notebook was faster
        elif change.action is Action.CHANGE:
            if not same_policy(role.trust, json.loads(self.trust)):
                if not self.environment.owns(role.tags):
                    self.environment.keeper.keep(self._kept_as, role.trust, json.loads(self.trust))
                self._save_trust(lambda: iam.update_assume_role_policy(RoleName=self.name, PolicyDocument=self.trust))
            if self.environment.owns(role.tags):
                self._strip(iam, role)
            self.environment.changed()
        return change

    def create(self) -> None:
        """Make it, without a look at what stands there. Raises `StepError` where there is one of its name."""
        iam = self.environment.iam(self.side)

        def create() -> None:
            answer = iam.create_role(
                RoleName=self.name,
                AssumeRolePolicyDocument=self.trust,
                Tags=[{"Key": LAB_TAG, "Value": self.environment.lab_id}],
            )
            self.environment.changed(
                new_role(answer["Role"], self.trust, {LAB_TAG: self.environment.lab_id}), side=self.side
            )

        self._save_trust(create)

    def delete(self) -> None:
        """Take it away with its inline policies, without a look at whose it is: for what was just made."""
        iam = self.environment.iam(self.side)
        with translated(self.account):
            for name in self.policies:
                _gone(iam.delete_role_policy, RoleName=self.name, PolicyName=name)
            _gone(iam.delete_role, RoleName=self.name)

    def plan_undo(self) -> Change | None:
        return self._compare_undo(self._read())

    def undo(self) -> Change | None:
        role = self._read()
        change = self._compare_undo(role)
        iam = self.environment.iam(self.side)
        if change is not None and change.action is Action.PUT_BACK:
            self._put_back(iam)
        if role is None or change is None or change.action is not Action.REMOVE:
            return change
        with translated(self.account):
            for policy in role.attached:
                _gone(iam.detach_role_policy, RoleName=self.name, PolicyArn=policy.arn)
            for name in role.inline:
                _gone(iam.delete_role_policy, RoleName=self.name, PolicyName=name)
            _gone(iam.delete_role, RoleName=self.name)
        return change

    def _read(self) -> StoredRole | None:
        return self.environment.role(self.side, self.name)

    def _compare(self, role: StoredRole | None) -> Change:
        wanted = json.loads(self.trust)
        if role is None:
            return Change(Action.MISSING if self._adopted else Action.CREATE, self.account, self.thing)
        if not self.environment.owns(role.tags):
            if self._adopted is None:
                return self.environment.not_ours(self.account, self.thing, role.tags)
            same = same_policy(role.trust, wanted)
            difference = () if same else (tr("trust policy:"), *policy_diff(role.trust, wanted))
            return self.environment.adopting(self._adopted, self.account, self.thing, difference)
        details: list[str] = []
        if not same_policy(role.trust, wanted):
            if trusts_deleted_role(role.trust):
                details.append(tr("its trust policy names a role that was deleted since, so it must be saved again"))
            details += [tr("trust policy:"), *policy_diff(role.trust, wanted)]
        details += [tr("remove inline policy {name}, which no stage makes", name=name) for name in self._surplus(role)]
        details += [
            tr("detach managed policy {name}, which no stage attaches", name=policy.name) for policy in role.attached
        ]
        if role.boundary:
            details.append(tr("remove the permissions boundary {name}, which no stage sets", name=role.boundary.name))
        return Change(Action.CHANGE if details else Action.LEAVE, self.account, self.thing, tuple(details))

    def _compare_undo(self, role: StoredRole | None) -> Change | None:
        if role is None:
            return None
        if not self.environment.owns(role.tags):
            if self._adopted is not None:
                return self.environment.putting_back(self._kept_as, self.account, self.thing, role.trust)
            return self.environment.not_ours(self.account, self.thing, role.tags)
        if unproved := self.environment.unproved(self.account, self.thing, self.name):
            return unproved
        details = [tr("inline policy {name} goes with it", name=name) for name in role.inline]
        details += [tr("managed policy {name} is detached", name=policy.name) for policy in role.attached]
        return Change(Action.REMOVE, self.account, self.thing, tuple(details))

    @property
    def _adopted(self) -> str | None:
        return self.environment.adopted.role(self.environment.scenario, self.side, self.name)

    @property
    def _kept_as(self) -> str:
        return f"{self.account.id} role {self.name}"

    def _put_back(self, iam: IAMClient) -> None:
        kept = self.environment.keeper.kept(self._kept_as)
        assert kept is not None  # the change was made of it
        with translated(self.account):
            iam.update_assume_role_policy(RoleName=self.name, PolicyDocument=json.dumps(kept.before))
        self.environment.keeper.forget(self._kept_as)

    def _surplus(self, role: StoredRole) -> list[str]:
        return [name for name in role.inline if name not in self.policies]

    def _strip(self, iam: IAMClient, role: StoredRole) -> None:
        with translated(self.account):
            for name in self._surplus(role):
                _gone(iam.delete_role_policy, RoleName=self.name, PolicyName=name)
            for policy in role.attached:
                _gone(iam.detach_role_policy, RoleName=self.name, PolicyArn=policy.arn)
            if role.boundary:
                _gone(iam.delete_role_permissions_boundary, RoleName=self.name)

    def _save_trust(self, save: Callable[[], object]) -> None:
        """Save the trust policy, with patience for a principal that exists but that IAM hasn't spread yet."""
        budget = self.environment.accounts.pace.propagation

        def say(waited: float) -> None:
            what = tr("waiting to save the trust policy of {thing}", thing=self.thing)
            self.environment.accounts.tell_waiting(Waiting(self.account, what, tr(IAM_SPREADS), waited, budget))

        try:
            with translated(self.account):
                retry_while(save, self._waits_for_principal, budget=budget, say=say)
        except StepError as error:
            cause = error.__cause__
            if not isinstance(cause, ClientError) or missing_principal(cause) is None:
                raise
            raise StepError(
                error.what,
                where=tr("{account}, trust policy of {thing}", account=self.account, thing=self.thing),
                fix=tr(
                    "IAM saves a trust policy only when every role in it exists: make that role first (the "
                    "prerequisites make the Operator role), or correct its name."
                ),
            ) from cause

    def _waits_for_principal(self, error: ClientError) -> bool:
        arn = missing_principal(error)
        if arn is None:
            return False
        for side in Side:
            account = self.environment.scenario.account(side)
            prefix = f"arn:{self.environment.scenario.partition}:iam::{account.id}:role/"
            # A wildcard inside an ARN names no role that patience could bring.
            if arn.startswith(prefix) and "*" not in arn:
                return read_role(self.environment.iam(side), arn.rpartition("/")[2]) is not None
        return False


@dataclass(frozen=True, slots=True)
class InlinePolicy:
    """A permissions policy inside one of the lab's roles. It can't be tagged: the role's tag says whose it is."""

    environment: Environment
    side: Side
    role: str
    name: str
    text: str

    @property
    def account(self) -> Account:
        return self.environment.scenario.account(self.side)

    @property
    def thing(self) -> str:
        return tr("inline policy {name} of role {role}", name=self.name, role=self.role)

    def plan(self) -> Change:
        role = self._read()
        if role is None:
            return Change(Action.CREATE, self.account, self.thing)
        stored = role.inline.get(self.name)
        wanted = json.loads(self.text)
        if not self.environment.owns(role.tags):
            if self._adopted is None:
                return self.environment.not_ours(self.account, self.thing, role.tags)
            difference = () if stored == wanted else policy_diff(stored or {}, wanted)
            return self.environment.adopting(self._adopted, self.account, self.thing, difference)
        if stored is None:
            return Change(Action.CREATE, self.account, self.thing)
        if same_policy(stored, wanted):
            return Change(Action.LEAVE, self.account, self.thing)
        return Change(Action.CHANGE, self.account, self.thing, policy_diff(stored, wanted))

    def apply(self) -> Change:
        change = self.plan()
        refuse_foreign(change)
        if change.action.alters:
            self._keep()
            self.save()
        return change

    def save(self) -> None:
        """Save it over what stands there, without a look. Raises `StepError` where there is no such role."""
        try:
            with translated(self.account):
                self.environment.iam(self.side).put_role_policy(
                    RoleName=self.role, PolicyName=self.name, PolicyDocument=self.text
                )
        except StepError as error:
            if cause_code(error) != "NoSuchEntity":
                raise
            raise StepError(
                tr("Role {role} doesn't exist, so it can't be given a policy.", role=self.role),
                where=str(self.account),
                fix=tr("Apply what comes before: the prerequisites make the Operator role, stage 1 the execute role."),
            ) from error.__cause__
        self.environment.changed()

    def plan_undo(self) -> Change | None:
        role = self._read()
        if role is None or self.name not in role.inline:
            return None
        if not self.environment.owns(role.tags):
            if self._adopted is not None:
                return self.environment.putting_back(self._kept_as, self.account, self.thing, role.inline[self.name])
            return self.environment.not_ours(self.account, self.thing, role.tags)
        unproved = self.environment.unproved(self.account, self.thing, self.role)
        return unproved or Change(Action.REMOVE, self.account, self.thing)

    def undo(self) -> Change | None:
        change = self.plan_undo()
        if change is not None and change.action is Action.PUT_BACK:
            self._put_back()
        if change is not None and change.action is Action.REMOVE:
            with translated(self.account):
                _gone(self.environment.iam(self.side).delete_role_policy, RoleName=self.role, PolicyName=self.name)
        return change

    @property
    def _adopted(self) -> str | None:
        return self.environment.adopted.role(self.environment.scenario, self.side, self.role)

    @property
    def _kept_as(self) -> str:
        return f"{self.account.id} inline policy {self.name} of role {self.role}"

    def _keep(self) -> None:
        """Remember what stands in a role that isn't the lab's, before it is changed."""
        role = self._read()
        if self._adopted is not None and role is not None and not self.environment.owns(role.tags):
            self.environment.keeper.keep(self._kept_as, role.inline.get(self.name), json.loads(self.text))

    def _put_back(self) -> None:
        kept = self.environment.keeper.kept(self._kept_as)
        assert kept is not None  # the change was made of it
        iam = self.environment.iam(self.side)
        with translated(self.account):
            if kept.before is None:
                _gone(iam.delete_role_policy, RoleName=self.role, PolicyName=self.name)
            else:
                text = json.dumps(kept.before)
                iam.put_role_policy(RoleName=self.role, PolicyName=self.name, PolicyDocument=text)
        self.environment.keeper.forget(self._kept_as)

    def _read(self) -> StoredRole | None:
        return self.environment.role(self.side, self.role)


def _gone(call: Callable[..., object], **parameters: str) -> None:
    """Make a deleting call; what is gone already is as good as deleted."""
    try:
        call(**parameters)
    except ClientError as error:
        if code_of(error) != "NoSuchEntity":
            raise


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A policy with its own ARN; one that exists is taken as it is. To be removed it mustn't be attached any more."""

    environment: Environment
    side: Side
    arn: str
    text: str

    @property
    def account(self) -> Account:
        return self.environment.scenario.account(self.side)

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]

    @property
    def thing(self) -> str:
        return tr("managed policy {name}", name=self.name)

    def plan(self) -> Change:
        return self.environment.making(self.account, self.thing, self._tags())

    def apply(self) -> Change:
        change = self.plan()
        refuse_foreign(change)
        if change.action is Action.CREATE:
            with translated(self.account):
                self._iam.create_policy(
                    PolicyName=self.name,
                    PolicyDocument=self.text,
                    Tags=[{"Key": LAB_TAG, "Value": self.environment.lab_id}],
                )
        return change

    def plan_undo(self) -> Change | None:
        return self.environment.removal(self.account, self.thing, self.name, self._tags())

    def undo(self) -> Change | None:
        change = self.plan_undo()
        if change is not None and change.action is Action.REMOVE:
            with translated(self.account):
                for version in self._iam.list_policy_versions(PolicyArn=self.arn)["Versions"]:
                    if not version["IsDefaultVersion"]:
                        self._iam.delete_policy_version(PolicyArn=self.arn, VersionId=version["VersionId"])
                self._iam.delete_policy(PolicyArn=self.arn)
        return change

    @property
    def _iam(self) -> IAMClient:
        return self.environment.iam(self.side)

    def _tags(self) -> dict[str, str] | None:
        with translated(self.account):
            try:
                tags = self._iam.list_policy_tags(PolicyArn=self.arn)["Tags"]
            except self._iam.exceptions.NoSuchEntityException:
                return None
        return {tag["Key"]: tag["Value"] for tag in tags}
