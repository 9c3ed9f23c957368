"""Slips of the pen: an ARN that names nothing, and what it was probably meant to name. Pure."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from xsfn_helpers.asl.arn_forms import AskedResource
from xsfn_helpers.asl.asked import Pattern
from xsfn_helpers.common.arns import Arn, account_of, machine_arn, role_name
from xsfn_helpers.common.language import mark, sentences, tr
from xsfn_helpers.deployment.diagnose.calls import START, ServiceCall
from xsfn_helpers.deployment.diagnose.evidence import Evidence, MachineSeen, RoleSeen
from xsfn_helpers.deployment.diagnose.judge import Answer, judge
from xsfn_helpers.deployment.diagnose.layers import asking_layers, session_of, trust_layers
from xsfn_helpers.deployment.diagnose.tasks import TaskCall
from xsfn_helpers.iam import Request

# AssumeRole.ExternalId in AWS's service model.
_EXTERNAL_ID: Final = re.compile(r"[\w+=,.@:/-]*", re.ASCII)
_PARTITION: Final = re.compile(r"aws(-[a-z]+)*")
_DIGITS: Final = re.compile(r"\d+")
_WORDS: Final = re.compile(r"[-_.+=,@ ]+")
_ALIKE: Final = 0.8
_ACCOUNT_DIGITS: Final = 12
_FILLED_IN_LATER: Final = re.compile(r"\$\{[\w.@-]+\}")


class SlipKind(StrEnum):
    """What is wrong, for programs; to people a slip says it in its own sentence."""

    NO_ROLE = "no role in Credentials"
    NOT_A_ROLE = "no ARN of a role"
    ROLE_MISSING = "no such role"
    OTHER_ACCOUNT = "another account's id"
    NOT_A_MACHINE = "no ARN of a state machine"
    MACHINE_MISSING = "no such state machine"
    OTHER_REGION = "another region"
    LOUD_NAME = "a name that no external ID can have"
    EXPRESS = "an Express state machine"
    STANDARD = "a Standard state machine"
    OTHER_PARTITION = "another partition"
    NO_ACCOUNT = "no account"


@dataclass(frozen=True, slots=True)
class Slip:
    """What is written, and what was probably meant; `meant` is empty where nothing comes near.

    `certain` is False where an account that nobody could look into might have it after all.
    """

    kind: SlipKind
    what: str
    written: str = ""
    meant: str = ""
    certain: bool = True

    @classmethod
    def no_role(cls, task: TaskCall, call: ServiceCall, evidence: Evidence) -> Slip:
        """A task without Credentials that calls into another account, where nothing can let its role in."""
        meant = _best_role(evidence, call.account, "", call)
        return cls(
            SlipKind.NO_ROLE,
            tr(
                "The task has no Credentials, so the state machine's own role calls {action} in account {account}; and "
                "Step Functions has no resource-based policies that could let it in.",
                action=call.action,
                account=call.account,
            ),
            written="",
            meant=meant,
        )


def _may_be_named(role: RoleSeen, evidence: Evidence) -> bool:
    """Whether the trust policy speaks of anybody who could be this caller: a look at its text spares thousands."""
    text = json.dumps(role.trust)
    caller = evidence.role(evidence.machine.role_arn)
    named = (evidence.machine.account, '"*"', "NotPrincipal", caller.unique_id if caller else "")
    return any(one and one in text for one in named)


def loud_sign(external_id: str) -> str | None:
    """The first sign of a text that no external ID can have; None where there is none."""
    return next((sign for sign in external_id if not _EXTERNAL_ID.fullmatch(sign)), None)


def unassumable_name(machine: MachineSeen) -> Slip | None:
    """The state machine's ARN travels as `sts:ExternalId`, where STS denies some signs that a name may have."""
    # What is filled in at deployment is no part of the name yet.
    bad = loud_sign(_FILLED_IN_LATER.sub("", machine.arn))
    if bad is None:
        return None
    return Slip(
        SlipKind.LOUD_NAME,
        tr(
            "The state machine's name has {sign!r}. Its ARN travels as sts:ExternalId, where STS takes only letters, "
            "digits and _ + = , . @ : / -; so no role can be assumed for it.",
            sign=bad,
        ),
        written=machine.arn,
    )


def role_slip(target: str, evidence: Evidence, *, own: bool = False) -> Slip | None:
    """What is wrong with the ARN of a role that a task (or, `own`, a state machine) names; None where nothing is."""
    if evidence.role(target) is not None:
        return None
    arn = Arn.parse(target.strip())
    if arn is None or not arn.role_name:
        return _not_a_role(target, arn, evidence)
    if (slip := _miscounted(target)) is not None:
        return slip
    if (slip := partition_slip(target, evidence)) is not None:
        return slip
    if target != target.strip():
        what = tr("{arn!r} has white space around it.", arn=target)
        return Slip(SlipKind.NOT_A_ROLE, what, target, target.strip())
    if evidence.lacks_role(target):
        meant = "" if own else _best_role(evidence, arn.account, arn.role_name)
        elsewhere = "" if own or meant else _in_other_account(evidence, arn)
        if elsewhere:
            return _other_account(target, elsewhere)
        name = arn.rest.removeprefix("role/")
        what = tr("There is no role {role} in account {account}.", role=name, account=arn.account)
        return Slip(SlipKind.ROLE_MISSING, sentences(what, _near(target, meant)), target, meant)
    if arn.account not in evidence.accounts and not own and (elsewhere := _in_other_account(evidence, arn)):
        slip = _other_account(target, elsewhere)
        return Slip(slip.kind, slip.what, slip.written, slip.meant, certain=False)
    return None


def _miscounted(arn: str) -> Slip | None:
    """An ARN with a digit too few or too many in its account.

    Source: docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html
    """
    found = Arn.parse(arn.strip())
    if found is None or not found.account.isdecimal() or len(found.account) == _ACCOUNT_DIGITS:
        return None
    what = tr(
        "{arn} is of no account: {account} has {count} digits, and an account's id has 12.",
        arn=arn,
        account=found.account,
        count=len(found.account),
    )
    return Slip(SlipKind.NO_ACCOUNT, what, arn)


def partition_slip(arn: str, evidence: Evidence) -> Slip | None:
    """An ARN of another partition than the state machine's: nothing reaches from one into another.

    Source: docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
    """
    found, own = Arn.parse(arn), Arn.parse(evidence.machine.arn)
    if found is None or own is None or found.partition == own.partition or not _PARTITION.fullmatch(found.partition):
        return None
    what = tr(
        "{arn} is of the partition {written}, and the state machine of {own}: nothing reaches from one partition into "
        "another.",
        arn=arn,
        written=found.partition,
        own=own.partition,
    )
    return Slip(SlipKind.OTHER_PARTITION, what, arn, str(replace(found, partition=own.partition)))


def call_slip(call: ServiceCall, evidence: Evidence, task: TaskCall) -> Slip | None:
    """What is wrong with what a task's call names; None where nothing is known to be."""
    for arn in (task.task.resource, call.resource):
        if (slip := _miscounted(arn) or partition_slip(arn, evidence)) is not None:
            return slip
    if evidence.machine.type == "EXPRESS" and (task.way.runs_a_job or task.way is Pattern.CALLBACK):
        # docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
        what = tr(
            "An Express state machine can't wait for a job (.sync) or a token (.waitForTaskToken): AWS doesn't create "
            "it. Make it a Standard one."
        )
        return Slip(SlipKind.EXPRESS, what, task.task.resource)
    if not call.action.startswith("states:Start"):
        return None
    slip = machine_slip(call.resource, evidence, task)
    machine = evidence.state_machine(call.resource) if call.resource else None
    sync = call.action == "states:StartSyncExecution"
    if slip is None and sync and machine is not None and machine.type == "STANDARD":
        what = tr(
            "The state machine that is started is a Standard one, which startSyncExecution can't run "
            "(StateMachineTypeNotSupported): use arn:aws:states:::states:startExecution.sync:2."
        )
        return Slip(SlipKind.STANDARD, what, call.resource)
    return slip


def machine_slip(resource: str, evidence: Evidence, task: TaskCall) -> Slip | None:
    """What is wrong with the ARN of the state machine that a task starts; None where nothing is known to be."""
    if not resource or "*" in resource:
        return None
    arn = Arn.parse(resource)
    if arn is None or arn.service != "states" or arn.kind != "stateMachine":
        what = tr("{arn!r} is no ARN of a state machine.", arn=resource)
        own = machine_arn(resource)
        return Slip(SlipKind.NOT_A_MACHINE, what, resource, own if evidence.state_machine(own) else "")
    acting = account_of(task.role_arn) or evidence.machine.account
    if arn.region != evidence.machine.region:
        there = str(arn.moved(region=evidence.machine.region))
        what = tr(
            "The state machine is named in {region}, and the task runs in {own}: calls across accounts stay in one "
            "region.",
            region=arn.region or tr("no region"),
            own=evidence.machine.region,
        )
        alike = _best_machine(evidence, arn, task) if evidence.lacks_machine(there) else ""
        return Slip(SlipKind.OTHER_REGION, what, resource, alike or there)
    if task.takes_on_a_role and arn.account != acting:
        here = str(arn.moved(account=acting))
        named_there = evidence.state_machine_is_there(here)
        both = mark(
            "The task's role lives in account {acting}, and so does a state machine of that name; the ARN of the state "
            "machine says {account}, where nothing can let the role in: Step Functions has no resource-based policies."
        )
        role = mark(
            "The task's role lives in account {acting}; the ARN of the state machine says {account}, where nothing can "
            "let the role in: Step Functions has no resource-based policies."
        )
        what = tr(both if named_there else role, acting=acting, account=arn.account)
        return Slip(SlipKind.OTHER_ACCOUNT, what, resource, here if named_there else "")
    machine = evidence.state_machine(resource)
    if machine is not None and machine.type == "EXPRESS" and task.way.runs_a_job:
        what = tr(
            "The state machine that is started is an Express one, which startExecution.sync can't wait for: use "
            "arn:aws:states:::aws-sdk:sfn:startSyncExecution."
        )
        return Slip(SlipKind.EXPRESS, what, resource)
    if evidence.lacks_machine(resource):
        meant = _best_machine(evidence, arn, task)
        what = tr(
            "There is no state machine {machine} in account {account}, {region}.",
            machine=arn.machine_name,
            account=arn.account,
            region=arn.region,
        )
        return Slip(SlipKind.MACHINE_MISSING, sentences(what, _near(resource, meant)), resource, meant)
    return None


def may_take_on(evidence: Evidence, role: RoleSeen) -> bool:
    """Whether the role's trust policy lets the state machine's role in, with its ARN as external ID."""
    if not _may_be_named(role, evidence):
        return False
    caller = evidence.role(evidence.machine.role_arn)
    request = Request(
        session_of(evidence.machine.role_arn, caller),
        "sts:AssumeRole",
        role.arn,
        role.account,
        {"sts:ExternalId": evidence.machine.arn},
    )
    # The caller's own side is taken for willing: what is asked is whom this role trusts.
    layers = replace(trust_layers(role, role.arn), identity_listed=False)
    return layers.resource is not None and judge(request, layers).answer is not Answer.REFUSED


def likeness(one: str, other: str) -> float:
    """How alike two names are, 1 for the same: words in another order, other case and single letters weigh little."""
    if one.lower() == other.lower():
        return 1.0
    if _DIGITS.sub("", one.lower()) == _DIGITS.sub("", other.lower()):
        return 0.5  # report-1 and report-2 are two things, not one misspelt
    words = [sorted(_WORDS.split(name.lower())) for name in (one, other)]
    if words[0] == words[1]:
        return 0.95
    matcher = difflib.SequenceMatcher(None, one.lower(), other.lower())
    at_most = matcher.quick_ratio()
    return matcher.ratio() if at_most >= _ALIKE else at_most


def is_slip_of(written: str, meant: str, evidence: Evidence) -> bool:
    """Whether an ARN in a policy names nothing that is there and was probably meant to be `meant`."""
    one, other = Arn.parse(written), Arn.parse(meant)
    if one is None or other is None or written == meant or "*" in written.removesuffix(":*"):
        return False
    if one.service == "iam" and one.role_name:
        return evidence.lacks_role(written) and likeness(one.role_name, role_name(meant)) >= _ALIKE
    if one.service != "states" or likeness(one.machine_name, other.machine_name) < _ALIKE:
        return False
    if one.machine_name == other.machine_name and (
        one.kind != other.kind or one.rest == f"execution:{one.machine_name}"
    ):
        return True
    return one.account != other.account or one.region != other.region or evidence.lacks_machine(written)


def _not_a_role(target: str, arn: Arn | None, evidence: Evidence) -> Slip:
    if arn is not None and arn.session_role:
        meant = str(Arn(arn.partition, "iam", "", arn.account, f"role/{arn.session_role}"))
        meant = next((one for one in _roles(evidence, arn.account) if role_name(one) == arn.session_role), meant)
        what = tr("{arn} is a session of a role, one single visit; Credentials takes the role's own ARN.", arn=target)
        return Slip(SlipKind.NOT_A_ROLE, what, target, meant)
    name = target.strip().rpartition("/")[2]
    accounts = [account for account in evidence.accounts if account != evidence.machine.account]
    found = [one for account in accounts for one in _roles(evidence, account) if role_name(one) == name]
    what = tr("{arn!r} is no ARN of a role.", arn=target)
    return Slip(SlipKind.NOT_A_ROLE, what, target, found[0] if found else "")


def _roles(evidence: Evidence, account: str) -> tuple[str, ...]:
    return tuple(evidence.account(account).roles)


def _best_role(evidence: Evidence, account: str, name: str, call: ServiceCall | None = None) -> str:
    """The role of this account that was probably meant: one that lets the state machine in before one named alike."""
    ranked: list[tuple[float, str]] = []
    for role in evidence.account(account).roles.values():
        alike = likeness(name, role.name) if name else 0.0
        trusts = may_take_on(evidence, role)
        if not (trusts or alike >= _ALIKE):
            continue
        fits = call is not None and _may_call(evidence, role, call)
        ranked.append((2 * trusts + 2 * fits + alike, role.arn))
    return max(ranked, key=lambda one: (one[0], one[1]))[1] if ranked else ""


def _may_call(evidence: Evidence, role: RoleSeen, call: ServiceCall) -> bool:
    _, layers = asking_layers(evidence, role.arn)
    request = Request(session_of(role.arn, role), call.action, call.resource or "*", call.account)
    return judge(request, layers, call.may_act_on).answer is not Answer.REFUSED


def _in_other_account(evidence: Evidence, arn: Arn) -> str:
    """A role of the same name in another account that lets the state machine in."""
    for account in evidence.accounts.values():
        for role in account.roles.values():
            if account.id != arn.account and role.name == arn.role_name and may_take_on(evidence, role):
                return role.arn
    return ""


def _other_account(target: str, meant: str) -> Slip:
    what = tr(
        "The role {role} that trusts this state machine is in account {account}; the task says {written}.",
        role=role_name(target),
        account=account_of(meant),
        written=account_of(target),
    )
    return Slip(SlipKind.OTHER_ACCOUNT, what, target, meant)


def _best_machine(evidence: Evidence, arn: Arn, task: TaskCall) -> str:
    """The state machine of this account that was probably meant; empty where the permission is for the missing one."""
    account = evidence.account(arn.account)
    known: Iterable[str] = account.all_machines or account.machines
    ranked = [
        (likeness(arn.machine_name, found.machine_name), one)
        for one in known
        if one != evidence.machine.arn and (found := Arn.parse(one))
    ]
    alike, best = max(ranked, default=(0.0, ""))
    if alike < _ALIKE:
        return ""
    role = evidence.role(task.role_arn or evidence.machine.role_arn)
    if role is not None and role.in_full:
        asked = [
            ServiceCall(START, "states:StartExecution", AskedResource(one), arn.account, "") for one in (str(arn), best)
        ]
        if _may_call(evidence, role, asked[0]) and not _may_call(evidence, role, asked[1]):
            return ""
    return best


def _near(written: str, meant: str) -> str:
    """What was probably meant, with what sets the two apart, in a sentence; empty where nothing comes near."""
    if not meant:
        return ""
    one, other = Arn.parse(written), Arn.parse(meant)
    names = [arn.role_name or arn.machine_name for arn in (one, other) if arn is not None]
    if one is None or other is None:
        return tr("There is {arn}.", arn=meant)
    if names[0] == names[1] and one.role_name:
        return tr("There is {arn}: the path is missing or another.", arn=meant)
    if names[0] != names[1] and names[0].lower() == names[1].lower():
        return tr("There is {arn}: only upper and lower case differ.", arn=meant)
    if names[0] != names[1] and sorted(_WORDS.split(names[0].lower())) == sorted(_WORDS.split(names[1].lower())):
        return tr("There is {arn}: the same words in another order.", arn=meant)
    return tr("There is {arn}.", arn=meant)
