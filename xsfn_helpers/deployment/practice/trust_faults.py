"""Faults of whom the roles trust: principals, external IDs and their conditions."""

from __future__ import annotations

from typing import Final

from xsfn_helpers.chain.documents import (
    Document,
    execute_role_trust,
    operator_role_permissions,
    operator_role_trust,
    service_trust,
)
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.language import mark
from xsfn_helpers.deployment.practice import sources
from xsfn_helpers.deployment.practice.acts import APPLY_STAGE_3, Make, RecreateOperatorRole, Unmake
from xsfn_helpers.deployment.practice.edits import edited
from xsfn_helpers.deployment.practice.extras import loud_machine, twin_role
from xsfn_helpers.deployment.practice.fault import Fault, Shows, Words
from xsfn_helpers.deployment.practice.names import loud_machine_name, renamed, twin_role_name

_CONDITION: Final = "Statement/0/Condition"
_EXTERNAL_ID: Final = f"{_CONDITION}/StringEquals/sts:ExternalId"
_SOURCE: Final = f"{_CONDITION}/ArnLike/aws:SourceArn"
_WHO: Final = "Statement/0/Principal/AWS"
_EXECUTE_ROLE_TRUST: Final = mark("the execute role's trust policy, in the Subject account")


def new_name(scenario: Scenario) -> Fault:
    return Fault(
        id="new-name",
        words=Words(
            title=mark("The machine that got a new name"),
            story=mark(
                "Last week the Operator team gave its state machine a new name, and updated its own account. Every "
                "run has failed since."
            ),
            nudge=mark(
                "AWS names the calling role and the requested role. Both exist, and both are right. What else is "
                "sent with the request?"
            ),
            rule=mark(
                "Step Functions passes the ARN of the Operator state machine as sts:ExternalId, and StringEquals "
                "compares it character by character. A state machine can't be renamed: under a new name it is another "
                "one, with another ARN."
            ),
            where=_EXECUTE_ROLE_TRUST,
            source=sources.CROSS_ACCOUNT,
        ),
        links=(2,),
        documents=_trust(scenario, _EXTERNAL_ID, f"{scenario.external_id}-old"),
    )


def other_region(scenario: Scenario) -> Fault:
    region = "us-east-1" if scenario.region != "us-east-1" else "eu-west-1"
    return Fault(
        id="other-region",
        words=Words(
            title=mark("The setup that moved house"),
            story=mark(
                "The team copied the whole setup from another region with search and replace. Afterwards they "
                "edited one policy by hand."
            ),
            nudge=mark(
                "Read the long texts from left to right, part by part. Only one part of one of them is different."
            ),
            rule=mark(
                "An ARN carries its region, and the external ID is an ARN: the same machine name in another region is "
                "another machine. Cross-account access works within one region only."
            ),
            where=_EXECUTE_ROLE_TRUST,
            source=sources.CROSS_ACCOUNT,
        ),
        links=(2,),
        documents=_trust(
            scenario, _EXTERNAL_ID, scenario.external_id.replace(f":{scenario.region}:", f":{region}:", 1)
        ),
    )


def star(scenario: Scenario) -> Fault:
    return Fault(
        id="star",
        words=Words(
            title=mark("Every machine, says the star"),
            story=mark(
                "The Subject team wanted to save work: one line for all of the Operator team's state machines. "
                "Now not even the first one is allowed."
            ),
            nudge=mark("One character in the policies means something else than its author thought."),
            rule=mark(
                "StringEquals has no wildcards: a * is a literal star. StringLike would accept every state "
                "machine of the Operator account, which is more than was wanted."
            ),
            where=_EXECUTE_ROLE_TRUST,
            source=sources.OPERATORS,
        ),
        links=(2,),
        documents=_trust(scenario, _EXTERNAL_ID, renamed(scenario.external_id, scenario.operator_machine_name, "*")),
    )


def twins(scenario: Scenario) -> Fault:
    twin = renamed(scenario.operator_role_arn, scenario.operator_role_name, twin_role_name(scenario))
    return Fault(
        id="twins",
        words=Words(
            title=mark("Blue and green"),
            story=mark(
                "The Operator team keeps two roles, one in use and one in reserve. The Subject team was sent the name "
                "of one of them."
            ),
            nudge=mark(
                "Write down the calling role, as AWS names it. Then look which principal the trust policy names."
            ),
            rule=mark(
                "A trust policy that names a role trusts sessions of that role only. Another role of the same "
                "account with the same permissions isn't trusted."
            ),
            where=_EXECUTE_ROLE_TRUST,
            source=sources.PRINCIPAL,
        ),
        links=(2,),
        documents=_trust(scenario, _WHO, twin),
        before=(Make(twin_role),),
    )


def from_the_log(scenario: Scenario) -> Fault:
    session = (
        f"arn:{scenario.partition}:sts::{scenario.operator_account_id}:assumed-role/"
        f"{scenario.operator_role_name}/pUBglYSipyAbyPsehEoWHmOFMDviUKzd"
    )
    return Fault(
        id="from-the-log",
        words=Words(
            title=mark("An ARN taken from a log"),
            story=mark(
                "The Subject team copied the caller's ARN from CloudTrail into the trust policy. It worked for "
                "that one run, and never again."
            ),
            nudge=mark("There are two kinds of ARN for a role at work. One of them is about a single visit."),
            rule=mark(
                "arn:aws:sts::…:assumed-role/ROLE/SESSION is one session of a role. Step Functions takes a new session "
                "name for every run, so a policy must name the role itself: arn:aws:iam::…:role/ROLE."
            ),
            where=_EXECUTE_ROLE_TRUST,
            source=sources.PRINCIPAL,
        ),
        links=(2,),
        documents=_trust(scenario, _WHO, session),
    )


def fresh_start(_: Scenario) -> Fault:
    return Fault(
        id="fresh-start",
        words=Words(
            title=mark("Deleted and re-created"),
            story=mark(
                "A colleague deleted the Operator role by mistake and re-created it at once, with the same name "
                "and the same policies. The Subject account didn't change."
            ),
            nudge=mark("The Operator role is as it was. Look how the Subject account remembers it."),
            rule=mark(
                "When a trust policy is saved, IAM keeps the unique ID (AROA…) of the role it names. A "
                "re-created role has another ID and isn't trusted until the policy is saved again with the ARN."
            ),
            where=_EXECUTE_ROLE_TRUST,
            source=sources.PRINCIPAL,
        ),
        links=(2,),
        after=(RecreateOperatorRole(),),
        save_again=("execute_role_trust",),
    )


def loud_name(scenario: Scenario) -> Fault:
    loud = loud_machine_name(scenario)
    return Fault(
        id="loud-name",
        words=Words(
            title=mark("A louder name"),
            story=mark(
                "For the launch, the Operator team replaced its state machine with one called {loud}. The Subject team "
                "put the new name into its trust policy. Step Functions accepted the name."
            ),
            nudge=mark("Both teams agree on the name. Who else has to be able to write it?"),
            rule=mark(
                "The machine's ARN travels as sts:ExternalId, and STS takes only letters, digits and _ + = , . @ : / - "
                "there. Step Functions allows ! ' ( ) in a name, and they break the chain. The name agreed on was "
                "{agreed}."
            ),
            where=mark(
                "the Operator state machine's name and the Operator role's trust policy, and then the execute role's "
                "trust policy, in the Subject account"
            ),
            source=sources.CROSS_ACCOUNT,
            names={"loud": loud, "agreed": scenario.operator_machine_name},
        ),
        links=(2,),
        documents={
            **_trust(scenario, _EXTERNAL_ID, renamed(scenario.external_id, scenario.operator_machine_name, loud)),
            "operator_role_trust": edited(
                operator_role_trust(scenario),
                {_SOURCE: [renamed(scenario.external_id, scenario.operator_machine_name, loud), scenario.external_id]},
            ),
        },
        after=(Unmake(lambda deployment: deployment.stages.operator_machine), Make(loud_machine)),
        repairs=(APPLY_STAGE_3,),
        started=loud,
    )


def copied_trust(scenario: Scenario) -> Fault:
    trust = operator_role_trust(scenario)
    account = f"{_CONDITION}/StringEquals/aws:SourceAccount"
    return Fault(
        id="copied-trust",
        words=Words(
            title=mark("Copied from next door"),
            story=mark(
                "The two teams share their templates, so that the roles of both state machines look alike. Since the "
                "last copy not even the first step of a run gets done."
            ),
            nudge=mark("This message names another role than most do. Which principal wants to assume it?"),
            rule=mark(
                "A state machine's own role trusts states.amazonaws.com, for machines of its own account: "
                "aws:SourceAccount and aws:SourceArn must name the account that the role is in."
            ),
            where=mark("the Operator role's trust policy, in the Operator account"),
            source=sources.SERVICE_ROLE,
        ),
        links=(1,),
        documents={"operator_role_trust": edited(trust, {account: scenario.subject_account_id})},
    )


def deployment(scenario: Scenario) -> Fault:
    trust = service_trust(scenario, scenario.subject)
    return Fault(
        id="deployment",
        words=Words(
            title=mark("Runs today, can't be deployed tomorrow"),
            story=mark(
                "Runs succeed. But when the Subject team deploys its state machine again, unchanged, AWS rejects it."
            ),
            nudge=mark(
                "Nobody from the Operator account is involved. Which role does the Subject state machine work as?"
            ),
            rule=mark(
                "Step Functions must be able to assume a state machine's own role: its trust policy names "
                "states.amazonaws.com. That is checked when the machine is saved, and when a state needs the role; a "
                "machine without such a state goes on running."
            ),
            where=mark("the Subject role's trust policy, in the Subject account"),
            source=sources.SERVICE_ROLE,
        ),
        links=(6,),
        documents={"subject_role_trust": edited(trust, {"Statement/0/Principal": {"Service": "lambda.amazonaws.com"}})},
        shows=Shows.WHEN_SAVED,
    )


def whole_account(scenario: Scenario) -> Fault:
    root = f"arn:{scenario.partition}:iam::{scenario.operator_account_id}:root"
    permissions = operator_role_permissions(scenario)
    start = {"Statement/0/Action": "states:StartExecution", "Statement/0/Resource": scenario.subject_machine_arn}
    return Fault(
        id="whole-account",
        words=Words(
            title=mark("A generous trust"),
            story=mark(
                "The Subject team trusts the Operator account as a whole, so it says, and the Operator team can see to "
                "the rest. The Operator team thought that nothing was left to do."
            ),
            nudge=mark(
                "Two accounts, two policies, and both have to be fixed: one grants too little, the other too much."
            ),
            rule=mark(
                "Across accounts both sides must allow. An account as principal delegates the decision to that "
                "account's own policies: any role there may assume the role if its own policies allow it."
            ),
            where=mark("the Operator role's permissions policy, and the execute role's trust policy"),
            source=sources.CROSS_ACCOUNT_LOGIC,
        ),
        links=(2,),
        documents={
            **_trust(scenario, _WHO, root),
            "operator_role_permissions": edited(permissions, {"Statement/0/Sid": "StartSubject", **start}),
        },
    )


def all_values(scenario: Scenario) -> Fault:
    condition = {"ForAllValues:StringEquals": {"sts:ExternalId": scenario.external_id}}
    return Fault(
        id="all-values",
        words=Words(
            title=mark("It works, and that is the trouble"),
            story=mark(
                "Every run succeeds. An auditor reports that more callers than this one state machine can assume"
                " the execute role. She has tried it."
            ),
            nudge=mark("What happens when a caller leaves something out of the request?"),
            rule=mark(
                "ForAllValues: is true when the key isn't there at all. A request without an external ID meets "
                "the condition. sts:ExternalId has one value, so plain StringEquals is right, and false when the "
                "key is missing."
            ),
            where=_EXECUTE_ROLE_TRUST,
            source=sources.SET_OPERATORS,
        ),
        links=(2,),
        documents=_trust(scenario, _CONDITION, condition),
        shows=Shows.TO_A_STRANGER,
    )


def second_machine(scenario: Scenario) -> Fault:
    return Fault(
        id="second-machine",
        words=Words(
            title=mark("The right external ID, the wrong state machine"),
            story=mark(
                "Every run succeeds, and the execute role's trust policy is right. Yet an auditor created her "
                "own state machine in the Operator account, and it assumed the execute role."
            ),
            nudge=mark(
                "The external ID was right. It is Step Functions that sends it for a task with Credentials: what if a "
                "task calls sts:AssumeRole itself? Which role does it need for that?"
            ),
            rule=mark(
                "The external ID binds tasks that use Credentials. A task that calls sts:AssumeRole itself sends any "
                "value. So the Operator role must be for one state machine: aws:SourceArn in its trust policy names "
                "that state machine. Whoever may edit it remains trusted."
            ),
            where=mark("the Operator role's trust policy, in the Operator account"),
            source=sources.SERVICE_ROLE,
        ),
        links=(1,),
        documents={"operator_role_trust": service_trust(scenario, scenario.operator)},
        shows=Shows.TO_A_SECOND_MACHINE,
    )


def _trust(scenario: Scenario, path: str, value: object) -> dict[str, Document]:
    """The execute role's trust policy with one value replaced."""
    return {"execute_role_trust": edited(execute_role_trust(scenario), {path: value})}
