"""The IAM things a stage makes: a role, and a permissions policy inside a role."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from xsfn_helpers.aws.errors import cause_code, code_of, missing_principal, retry_while, translated
from xsfn_helpers.aws.propagation import IAM_SPREADS, Waiting
from xsfn_helpers.aws.reading import new_role, read_role
from xsfn_helpers.chain.plan import Action, Change
from xsfn_helpers.chain.policy_diff import policy_diff, same_policy, trusts_deleted_role
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.chain.stored import Document, StoredRole
from xsfn_helpers.common.errors import StepError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.environment import LAB_TAG
from xsfn_helpers.deployment.resources.resource import Resource

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iam.type_defs import TagTypeDef


@dataclass(frozen=True, slots=True)
class Role(Resource[StoredRole]):
    """A role with this trust policy, no boundary, and no policies but inline ones named in `policies`."""

    name: str
    trust: str
    policies: frozenset[str]

    @property
    def thing(self) -> str:
        return tr("role {name}", name=self.name)

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

    def _stored(self) -> StoredRole | None:
        return self.environment.role(self.side, self.name)

    def _tags(self, stored: StoredRole) -> Mapping[str, str]:
        return stored.tags

    def _make(self, change: Change) -> Change:
        try:
            self.create()
        except StepError as error:
            if cause_code(error) != "EntityAlreadyExists":
                raise
            self.environment.changed()
            return self.apply()  # another notebook was faster
        return change

    def _alter(self, stored: StoredRole) -> None:
        iam = self.environment.iam(self.side)
        if not same_policy(stored.trust, self._wanted()):
            self._save_trust(lambda: iam.update_assume_role_policy(RoleName=self.name, PolicyDocument=self.trust))
        if self._owned(stored):
            self._strip(iam, stored)
        self.environment.changed()

    def _remove(self, stored: StoredRole) -> None:
        iam = self.environment.iam(self.side)
        for policy in stored.attached:
            _gone(iam.detach_role_policy, RoleName=self.name, PolicyArn=policy.arn)
        for name in stored.inline:
            _gone(iam.delete_role_policy, RoleName=self.name, PolicyName=name)
        _gone(iam.delete_role, RoleName=self.name)

    def _difference(self, stored: StoredRole, *, owned: bool) -> tuple[str, ...]:
        details: list[str] = []
        if not same_policy(stored.trust, self._wanted()):
            if owned and trusts_deleted_role(stored.trust):
                details.append(tr("its trust policy names a role that was deleted since, so it must be saved again"))
            details += [tr("trust policy:"), *policy_diff(stored.trust, self._wanted())]
        if not owned:
            return tuple(details)
        details += [
            tr("remove inline policy {name}, which no stage makes", name=name) for name in self._surplus(stored)
        ]
        details += [
            tr("detach managed policy {name}, which no stage attaches", name=policy.name) for policy in stored.attached
        ]
        if stored.boundary:
            details.append(tr("remove the permissions boundary {name}, which no stage sets", name=stored.boundary.name))
        return tuple(details)

    def _goes_with(self, stored: StoredRole) -> tuple[str, ...]:
        return (
            *(tr("inline policy {name} goes with it", name=name) for name in stored.inline),
            *(tr("managed policy {name} is detached", name=policy.name) for policy in stored.attached),
        )

    @property
    def _known_as(self) -> str:
        return self.name

    @property
    def _adopted(self) -> str | None:
        return self.environment.adopted.role(self.environment.scenario, self.side, self.name)

    @property
    def _kept_as(self) -> str:
        return f"{self.account.id} role {self.name}"

    def _now(self, stored: StoredRole) -> Document:
        return stored.trust

    def _wanted(self) -> Any:
        return json.loads(self.trust)

    def _restore(self, before: Document) -> None:
        iam = self.environment.iam(self.side)
        iam.update_assume_role_policy(RoleName=self.name, PolicyDocument=json.dumps(before))

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
class InlinePolicy(Resource[StoredRole]):
    """A permissions policy inside one of the lab's roles. It can't be tagged: the role's tag says whose it is."""

    role: str
    name: str
    text: str

    @property
    def thing(self) -> str:
        return tr("inline policy {name} of role {role}", name=self.name, role=self.role)

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

    def _stored(self) -> StoredRole | None:
        return self.environment.role(self.side, self.role)

    def _holds(self, stored: StoredRole) -> bool:
        return self.name in stored.inline

    def _tags(self, stored: StoredRole) -> Mapping[str, str]:
        return stored.tags

    def _compare(self, stored: StoredRole | None) -> Change:
        if stored is None:  # whether the role is missing is the role's to say
            return Change(Action.CREATE, self.account, self.thing)
        return Resource._compare(self, stored)

    def _difference(self, stored: StoredRole, *, owned: bool) -> tuple[str, ...]:
        there, wanted = self._now(stored), self._wanted()
        same = there is not None and same_policy(there, wanted) if owned else there == wanted
        return () if same else policy_diff(there or {}, wanted)

    def _make(self, change: Change) -> Change:
        self.save()
        return change

    def _alter(self, stored: StoredRole) -> None:
        self.save()

    def _remove(self, stored: StoredRole) -> None:
        _gone(self.environment.iam(self.side).delete_role_policy, RoleName=self.role, PolicyName=self.name)

    @property
    def _known_as(self) -> str:
        return self.role

    @property
    def _adopted(self) -> str | None:
        return self.environment.adopted.role(self.environment.scenario, self.side, self.role)

    @property
    def _kept_as(self) -> str:
        return f"{self.account.id} inline policy {self.name} of role {self.role}"

    def _now(self, stored: StoredRole) -> Document | None:
        return stored.inline.get(self.name)

    def _wanted(self) -> Any:
        return json.loads(self.text)

    def _restore(self, before: Document | None) -> None:
        iam = self.environment.iam(self.side)
        if before is None:
            _gone(iam.delete_role_policy, RoleName=self.role, PolicyName=self.name)
        else:
            iam.put_role_policy(RoleName=self.role, PolicyName=self.name, PolicyDocument=json.dumps(before))


def _gone(call: Callable[..., object], **parameters: str) -> None:
    """Make a deleting call; what is gone already is as good as deleted."""
    try:
        call(**parameters)
    except ClientError as error:
        if code_of(error) != "NoSuchEntity":
            raise


@dataclass(frozen=True, slots=True)
class ManagedPolicy(Resource[Mapping[str, str]]):
    """A policy with its own ARN; one that exists is taken as it is. To be removed it mustn't be attached any more."""

    arn: str
    text: str

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]

    @property
    def thing(self) -> str:
        return tr("managed policy {name}", name=self.name)

    def _stored(self) -> Mapping[str, str] | None:
        with translated(self.account):
            try:
                tags = self._iam.list_policy_tags(PolicyArn=self.arn)["Tags"]
            except self._iam.exceptions.NoSuchEntityException:
                return None
        return {tag["Key"]: tag["Value"] for tag in tags}

    def _tags(self, stored: Mapping[str, str]) -> Mapping[str, str]:
        return stored

    def _make(self, change: Change) -> Change:
        tags: list[TagTypeDef] = [{"Key": LAB_TAG, "Value": self.environment.lab_id}]
        with translated(self.account):
            self._iam.create_policy(PolicyName=self.name, PolicyDocument=self.text, Tags=tags)
        return change

    def _remove(self, stored: Mapping[str, str]) -> None:
        for version in self._iam.list_policy_versions(PolicyArn=self.arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                self._iam.delete_policy_version(PolicyArn=self.arn, VersionId=version["VersionId"])
        self._iam.delete_policy(PolicyArn=self.arn)

    @property
    def _known_as(self) -> str:
        return self.name

    @property
    def _iam(self) -> IAMClient:
        return self.environment.iam(self.side)
