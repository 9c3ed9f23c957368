"""What must stay denied, whatever was repaired: asked of the engine, with the policies as they are stored.

A repair that opens more than the access chain needs makes runs succeed, too. Here it shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from xsfn_helpers.chain.report import Check
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.chain.verdicts import Verdict
from xsfn_helpers.common.arns import account_of
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.iam import Policies, Policy, PolicyKind, Principal, Request, decide

# Stands for a caller whose own account lets it ask for anything, and for a role that trusts everybody.
_MAY_ASK: Final = Policy.parse(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},
    kind=PolicyKind.IDENTITY,
    name="a stranger's own permission",
)
_TRUSTS_ALL: Final = Policy.parse(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}},
    kind=PolicyKind.TRUST,
    name="a role that trusts everybody",
)
_OTHERS: Final = ("333333333333", "444444444444", "555555555555")


@dataclass(frozen=True, slots=True)
class GuardrailQuestion:
    """A request that must be denied, and how to tell of it: `role` is the `{role}` of its words."""

    words: str
    request: Request
    policies: Policies
    role: str = ""

    @property
    def told(self) -> str:
        return tr(self.words, role=self.role) if self.role else tr(self.words)


@dataclass(frozen=True, slots=True)
class Limit:
    """Something that the policies must not allow; `hint` says why, without giving the repair away."""

    id: str
    title: str
    hint: str
    questions: tuple[GuardrailQuestion, ...]

    def check(self) -> Check:
        through = [question.told for question in self.questions if decide(question.request, question.policies).allowed]
        if through:
            allowed = tr("allowed: {requests}", requests=tr("; ").join(through))
            return Check(self.id, tr(self.title), False, allowed, tr(self.hint))
        refused = tr("{count} requests that the chain doesn't need are denied", count=len(self.questions))
        return Check(self.id, tr(self.title), True, refused)


def limit_checks(scenario: Scenario, verdicts: Mapping[int, Verdict]) -> list[Check]:
    """Every limit as a check. `verdicts` are those of all six links, with the policies that decided them.

    A limit of a role that doesn't exist is left out.
    """
    return [limit.check() for limit in _limits(scenario, verdicts)]


def _limits(scenario: Scenario, verdicts: Mapping[int, Verdict]) -> Iterator[Limit]:
    decided = {
        number: (verdict.decision.request, verdict.decision.policies)
        for number, verdict in verdicts.items()
        if verdict.decision is not None
    }
    if 1 in decided:
        yield Limit(
            "limit.operator-machine",
            mark("Only the Operator state machine may have the Operator role"),
            mark(
                "Another state machine with this role can call sts:AssumeRole itself, and send any external ID. The "
                "role is for one state machine."
            ),
            tuple(_other_machines(scenario, *decided[1])),
        )
    if 2 in decided:
        request, policies = decided[2]
        trust = replace(policies, identity=(_MAY_ASK,), boundaries=())
        yield Limit(
            "limit.external-id",
            mark("Only the Operator state machine's own ARN is accepted as external ID"),
            mark(
                "With another external ID, or with none, a task of another state machine may assume the role, "
                "too (confused deputy problem)."
            ),
            tuple(_other_external_ids(scenario, request, trust)),
        )
        yield Limit(
            "limit.principal",
            mark("No principal but the Operator role may assume the execute role"),
            mark(
                "Any other principal that assumes the role may start, watch and stop the Subject state machine. "
                "One role needs it."
            ),
            tuple(_other_principals(scenario, request, trust)),
        )
        asking = replace(policies, resource=_TRUSTS_ALL)
        yield Limit(
            "limit.operator-role",
            mark("The Operator role may assume no other role"),
            mark("Each of these roles that trusts the Operator account is open to it. It needs one."),
            tuple(_other_roles(scenario, request, asking)),
        )
    if 3 in decided:
        yield Limit(
            "limit.execute-role",
            mark("The execute role may do nothing but start, watch and stop the Subject state machine"),
            mark(
                "A session of the execute role may do this, too. It needs three actions, on one state machine "
                "and its executions."
            ),
            tuple(_other_calls(scenario, *decided[3])),
        )
    if service := [decided[number] for number in (1, 6) if number in decided]:
        yield Limit(
            "limit.service-trust",
            mark("The execution roles trust Step Functions only, for state machines of their own account"),
            mark("Such a role is for Step Functions alone, working for a state machine of the role's own account."),
            tuple(question for request, policies in service for question in _other_services(request, policies)),
        )


def _other_machines(scenario: Scenario, request: Request, trust: Policies) -> Iterator[GuardrailQuestion]:
    arn, name = scenario.operator_machine_arn, scenario.operator_machine_name
    arns = {
        mark("another state machine of the Operator account"): arn.removesuffix(name) + "another-statemachine",
        mark("a state machine of the Operator account whose name begins alike"): f"{arn}-2",
        mark("a state machine of the Operator account whose name differs in case"): arn.removesuffix(name)
        + name.swapcase(),
    }
    for words, other in arns.items():
        yield GuardrailQuestion(words, replace(request, context={**request.context, "aws:SourceArn": other}), trust)


def _other_external_ids(scenario: Scenario, request: Request, trust: Policies) -> Iterator[GuardrailQuestion]:
    arn, name = scenario.external_id, scenario.operator_machine_name
    stem = arn.removesuffix(name)
    region = "us-east-1" if scenario.region != "us-east-1" else "eu-west-1"
    ids = {
        mark("another state machine"): f"{stem}another-statemachine",
        mark("a state machine whose name begins alike"): f"{arn}-2",
        mark("a state machine whose name ends alike"): f"{stem}2-{name}",
        mark("a state machine whose name differs in case"): stem + name.swapcase(),
        mark("a state machine of another account"): arn.replace(scenario.operator_account_id, _stranger(scenario), 1),
        mark("a state machine in another region"): arn.replace(f":{scenario.region}:", f":{region}:", 1),
        mark("an empty external ID"): "",
    }
    for words, external_id in ids.items():
        context = {**request.context, "sts:ExternalId": external_id}
        yield GuardrailQuestion(words, replace(request, context=context), trust)
    without = {key: value for key, value in request.context.items() if key.lower() != "sts:externalid"}
    yield GuardrailQuestion(mark("a caller without external ID"), replace(request, context=without), trust)


def _other_principals(scenario: Scenario, request: Request, trust: Policies) -> Iterator[GuardrailQuestion]:
    stranger = _stranger(scenario)
    iam, sts = f"arn:{scenario.partition}:iam::", f"arn:{scenario.partition}:sts::"
    operator, subject = scenario.operator_account_id, scenario.subject_account_id
    role = scenario.operator_role_name
    arns = {
        mark("another role of the Operator account"): f"{sts}{operator}:assumed-role/another-role/session",
        mark("a role whose name begins alike"): f"{sts}{operator}:assumed-role/{role[:62]}-2/session",
        mark("a user of the Operator account"): f"{iam}{operator}:user/somebody",
        mark("a role of the same name in another account"): f"{sts}{stranger}:assumed-role/{role}/session",
        mark("a role of the Subject account"): f"{sts}{subject}:assumed-role/another-role/session",
    }
    for words, arn in arns.items():
        yield GuardrailQuestion(words, replace(request, principal=Principal.parse(arn)), trust)
    for service in ("states.amazonaws.com", "lambda.amazonaws.com"):
        asking = replace(request, principal=Principal.parse(service))
        yield GuardrailQuestion(service, asking, replace(trust, identity=()))
    yield GuardrailQuestion(
        mark("anybody at all"), replace(request, principal=Principal.parse("*")), replace(trust, identity=())
    )


def _other_roles(scenario: Scenario, request: Request, asking: Policies) -> Iterator[GuardrailQuestion]:
    arns = {
        mark("to assume the Subject role, if it trusts the Operator role"): scenario.subject_role_arn,
        mark(
            "to assume a role of the Subject account whose name begins alike, if it trusts the Operator role"
        ): scenario.execute_role_arn + "-2",
        mark("to assume a role of another account, if it trusts the Operator role"): scenario.execute_role_arn.replace(
            f":{scenario.subject_account_id}:", f":{_stranger(scenario)}:", 1
        ),
    }
    for words, arn in arns.items():
        yield GuardrailQuestion(words, replace(request, resource=arn, resource_account=account_of(arn)), asking)


def _other_calls(scenario: Scenario, request: Request, policies: Policies) -> Iterator[GuardrailQuestion]:
    machine, executions = scenario.subject_machine_arn, scenario.subject_executions_arn
    calls = {
        mark("it starts another state machine"): ("states:StartExecution", f"{machine}-2"),
        mark("it watches another state machine"): ("states:DescribeExecution", executions.replace(":*", "-2:run")),
        mark("it stops another state machine"): ("states:StopExecution", executions.replace(":*", "-2:run")),
        mark("it reads the Subject state machine"): ("states:DescribeStateMachine", machine),
        mark("it changes the Subject state machine"): ("states:UpdateStateMachine", machine),
        mark("it deletes the Subject state machine"): ("states:DeleteStateMachine", machine),
        mark("it assumes roles"): ("sts:AssumeRole", scenario.subject_role_arn),
        mark("it changes roles"): ("iam:PutRolePolicy", scenario.execute_role_arn),
    }
    for words, (action, arn) in calls.items():
        yield GuardrailQuestion(words, replace(request, action=action, resource=arn), policies)


def _other_services(request: Request, policies: Policies) -> Iterator[GuardrailQuestion]:
    role = request.resource.rpartition("/")[2]
    account = request.resource_account
    stranger = next(other for other in _OTHERS if other != account)
    machine = str(request.context["aws:SourceArn"])
    elsewhere = {"aws:SourceAccount": stranger, "aws:SourceArn": machine.replace(f":{account}:", f":{stranger}:", 1)}
    service = Principal.parse("lambda.amazonaws.com")
    user = Principal.parse(request.resource.replace(f":role/{role}", ":user/somebody"))
    theirs = {**request.context, **elsewhere}
    yield GuardrailQuestion(mark("{role}: AWS Lambda"), replace(request, principal=service), policies, role)
    yield GuardrailQuestion(
        mark("{role}: Step Functions, for another account's state machine"),
        replace(request, context=theirs),
        policies,
        role,
    )
    yield GuardrailQuestion(
        mark("{role}: a user of its account"),
        replace(request, principal=user),
        replace(policies, identity=(_MAY_ASK,)),
        role,
    )


def _stranger(scenario: Scenario) -> str:
    """An account that is neither of the two."""
    return next(other for other in _OTHERS if other not in (scenario.operator_account_id, scenario.subject_account_id))
