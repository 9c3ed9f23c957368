"""A managed policy of the lab's own, with its tag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xsfn_helpers.aws_errors import told
from xsfn_helpers.changes import Action, Change
from xsfn_helpers.ground import LAB_TAG, Ground, refuse_foreign
from xsfn_helpers.language import tr
from xsfn_helpers.scenario import Account, Side

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A policy with its own ARN; one that exists is taken as it is. To be removed it mustn't be attached any more."""

    ground: Ground
    side: Side
    arn: str
    text: str

    @property
    def account(self) -> Account:
        return self.ground.scenario.account(self.side)

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]

    @property
    def thing(self) -> str:
        return tr("managed policy {name}", name=self.name)

    def plan(self) -> Change:
        return self.ground.making(self.account, self.thing, self._tags())

    def apply(self) -> Change:
        change = self.plan()
        refuse_foreign(change)
        if change.action is Action.CREATE:
            with told(self.account):
                self._iam.create_policy(
                    PolicyName=self.name,
                    PolicyDocument=self.text,
                    Tags=[{"Key": LAB_TAG, "Value": self.ground.lab_id}],
                )
        return change

    def plan_undo(self) -> Change | None:
        return self.ground.removal(self.account, self.thing, self._tags())

    def undo(self) -> Change | None:
        change = self.plan_undo()
        if change is not None and change.action is Action.REMOVE:
            with told(self.account):
                for version in self._iam.list_policy_versions(PolicyArn=self.arn)["Versions"]:
                    if not version["IsDefaultVersion"]:
                        self._iam.delete_policy_version(PolicyArn=self.arn, VersionId=version["VersionId"])
                self._iam.delete_policy(PolicyArn=self.arn)
        return change

    @property
    def _iam(self) -> IAMClient:
        return self.ground.iam(self.side)

    def _tags(self) -> dict[str, str] | None:
        with told(self.account):
            try:
                tags = self._iam.list_policy_tags(PolicyArn=self.arn)["Tags"]
            except self._iam.exceptions.NoSuchEntityException:
                return None
        return {tag["Key"]: tag["Value"] for tag in tags}
