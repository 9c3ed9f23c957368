"""Which role a task of the Operator's assumes, and what follows for the links of the access chain. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from xsfn_helpers.asl.credentials import CredentialsChoice, Option
from xsfn_helpers.chain.links import Actor, Link, Node, chain
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.chain.stored import StoredRole
from xsfn_helpers.chain.verdicts import StoredRoles, Verdict, decide_from
from xsfn_helpers.common.arns import account_of

_ASSUME: Final = 2
CALLS: Final = (3, 4, 5)


@dataclass(frozen=True, slots=True)
class TakenRole:
    """What the task's option says, and the role of that ARN; None where none is there, or where it can't be read."""

    choice: CredentialsChoice
    role: StoredRole | None
    words: str


def decide_with(scenario: Scenario, roles: StoredRoles, taken: TakenRole) -> Mapping[int, Verdict]:
    """The links that a run of the task asks, by number, each decided with the role that the task assumes.

    Without a role there is no link 2, and the calls are the Operator role's own; with one that shows only at run time,
    nothing can be said of what it does.
    """
    links = {link.number: link for link in chain(scenario)}
    if taken.choice.option is Option.RUN_TIME:
        asked = tuple(link for number, link in links.items() if number not in (_ASSUME, *CALLS))
    elif taken.choice.option is Option.NONE:
        asked = tuple(_as_operator(link) for number, link in links.items() if number != _ASSUME)
    else:
        roles = {**roles, Node.EXECUTE_ROLE: _as_supposed(taken.role, roles)}
        asked = tuple(_as_taken(link, taken) for link in links.values())
    return {verdict.link.number: verdict for verdict in decide_from(scenario, roles, asked)}


def _as_supposed(taken: StoredRole | None, roles: StoredRoles) -> StoredRole | None:
    """The role as it stands in `roles`, where it is one of them: they may be other than the stored ones."""
    supposed = (role for role in roles.values() if role is not None and taken is not None and role.arn == taken.arn)
    return next(supposed, taken)


def _as_taken(link: Link, taken: TakenRole) -> Link:
    arn = taken.choice.value
    if link.number == _ASSUME:
        account = account_of(arn) if taken.role else link.resource_account.id
        return replace(link, resource=arn, resource_account=replace(link.resource_account, id=account))
    return replace(link, principal=arn) if link.number in CALLS else link


def _as_operator(link: Link) -> Link:
    """The call made by the Operator role: its permission decides, and the other account has no policy to say yes with.

    Step Functions has no resource-based policies:
    docs.aws.amazon.com/step-functions/latest/dg/security_iam_service-with-iam.html
    """
    if link.number not in CALLS:
        return link
    (permission,) = link.deciders
    return replace(link, asker=Actor.OPERATOR_ROLE, deciders=(replace(permission, role=Node.OPERATOR_ROLE),))
