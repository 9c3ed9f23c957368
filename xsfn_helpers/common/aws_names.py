"""Names and ids as AWS takes them, and what its services are called in policies. Pure."""

from __future__ import annotations

import re
from typing import Final

from xsfn_helpers.common.errors import InvalidScenario
from xsfn_helpers.common.language import mark, tr

STATES_PRINCIPAL: Final = "states.amazonaws.com"
LAMBDA_PRINCIPAL: Final = "lambda.amazonaws.com"

_ACCOUNT_ID: Final = re.compile(r"[0-9]{12}")
_ROLE_NAME: Final = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")
_ROLE_NAME_RULE: Final = mark("In IAM, a role name is 1 to 64 of A-Z a-z 0-9 _ + = , . @ -.")
# CreateStateMachine.name in AWS's service model: what Step Functions itself denies.
FORBIDDEN_IN_MACHINE_NAMES: Final = re.compile(
    r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f\ufffe\uffff\ud800-\udfff]"
)
# sts:ExternalId accepts [\w+=,.@:\/-]; what is left of it inside a state machine's name.
_MACHINE_AS_EXTERNAL_ID: Final = re.compile(r"[A-Za-z0-9_+=.@-]+")


def check_account_id(value: str, *, where: str) -> None:
    """Raise `InvalidScenario` unless `value` is a 12-digit AWS account ID."""
    if not isinstance(value, str) or not _ACCOUNT_ID.fullmatch(value):
        length = tr(" ({count} digits)", count=len(value)) if isinstance(value, str) and value.isdigit() else ""
        raise InvalidScenario(
            tr("{value!r}{length} is not an AWS account ID.", value=value, length=length),
            where=where,
            fix=tr("An account ID is a text of exactly 12 digits, such as '111111111111'."),
        )


def check_two_accounts(operator_account_id: str, subject_account_id: str) -> None:
    """Raise `InvalidScenario` unless these are two different AWS account IDs."""
    check_account_id(operator_account_id, where="operator account ID")
    check_account_id(subject_account_id, where="subject account ID")
    if operator_account_id == subject_account_id:
        raise InvalidScenario(
            tr("Operator and Subject are both {operator_account_id}.", operator_account_id=operator_account_id),
            where="account IDs",
            fix=tr("A cross-account run needs two different accounts: change one of the two ids."),
        )


def check_role_name(value: str, *, where: str) -> None:
    """Raise `InvalidScenario` unless IAM accepts `value` as a role name (CreateRole.RoleName in the service model)."""
    if not isinstance(value, str) or not _ROLE_NAME.fullmatch(value):
        length = tr(" ({count} characters)", count=len(value)) if isinstance(value, str) and len(value) > 64 else ""
        raise InvalidScenario(
            tr("{value!r}{length} is not a role name.", value=value, length=length),
            where=where,
            fix=tr(_ROLE_NAME_RULE),
        )


def check_state_machine_name(value: str, *, where: str) -> None:
    """Raise `InvalidScenario` unless Step Functions accepts `value` *and* STS accepts it inside an external ID.

    Step Functions passes the Operator machine's ARN as `sts:ExternalId`, and STS allows fewer
    characters there than Step Functions allows in a name
    (docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html).
    """
    if not isinstance(value, str) or not 1 <= len(value) <= 80:
        length = tr(" ({count} characters)", count=len(value)) if isinstance(value, str) else ""
        raise InvalidScenario(
            tr("{value!r}{length} is not a state machine name.", value=value, length=length),
            where=where,
            fix=tr("Step Functions takes 1 to 80 characters."),
        )
    if found := FORBIDDEN_IN_MACHINE_NAMES.search(value):
        raise InvalidScenario(
            tr(
                "{value!r} has {group!r}, which Step Functions doesn't allow in a name.",
                value=value,
                group=found.group(),
            ),
            where=where,
            fix=tr("Use A-Z a-z 0-9 _ + = . @ -."),
        )
    if not _MACHINE_AS_EXTERNAL_ID.fullmatch(value):
        bad = next(ch for ch in value if not _MACHINE_AS_EXTERNAL_ID.fullmatch(ch))
        raise InvalidScenario(
            tr(
                "{value!r} has {bad!r}: legal in Step Functions, but it breaks the chain, because the machine's "
                "ARN travels as sts:ExternalId and STS denies that character there.",
                value=value,
                bad=bad,
            ),
            where=where,
            fix=tr("Use A-Z a-z 0-9 _ + = . @ -."),
        )
