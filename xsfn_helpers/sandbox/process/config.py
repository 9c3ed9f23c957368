"""What a sandbox is asked to be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from xsfn_helpers.common.aws_names import check_account_id, check_two_accounts
from xsfn_helpers.common.errors import InvalidScenario
from xsfn_helpers.common.regions import partition_of

# What the two accounts are called, where the sandbox keeps and tells them.
OPERATOR: Final = "operator"
SUBJECT: Final = "subject"


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """Which accounts, and in which region.

    `further_account_ids` are Subject accounts besides the first: as many as one likes. Raises `InvalidScenario` for ids
    or a region that AWS wouldn't have, and for an id that comes twice.
    """

    operator_account_id: str = "111111111111"
    subject_account_id: str = "222222222222"
    region: str = "ap-northeast-1"
    further_account_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_two_accounts(self.operator_account_id, self.subject_account_id)
        partition_of(self.region)
        ids = [self.operator_account_id, self.subject_account_id]
        for account_id in self.further_account_ids:
            check_account_id(account_id, where="further account IDs")
            if account_id in ids:
                raise InvalidScenario(
                    f"{account_id} comes twice.", where="further account IDs", fix="Give each account an id of its own."
                )
            ids.append(account_id)

    def also(self, account_ids: Iterable[str]) -> SandboxConfig:
        """The same with these accounts, too; those that it has already, it has once."""
        has = (self.operator_account_id, self.subject_account_id)
        wanted = dict.fromkeys((*self.further_account_ids, *account_ids))
        return replace(self, further_account_ids=tuple(one for one in wanted if one not in has))
