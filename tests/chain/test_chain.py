"""The access chain: who asks what of whom, in which order, and which policies decide."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xsfn_helpers.chain.documents import (
    Document,
    execute_role_permissions,
    execute_role_trust,
    operator_role_permissions,
)
from xsfn_helpers.chain.links import LINK_NUMBERS, Actor, Link, Node, chain
from xsfn_helpers.chain.scenario import Scenario

# The table of the design: asker, action, target, and the policies that must all say yes.
TABLE = {
    1: (
        "Step Functions",
        "sts:AssumeRole",
        "Operator role",
        ["Operator role's trust policy in Operator account 111111111111"],
    ),
    2: (
        "Operator role",
        "sts:AssumeRole",
        "execute role",
        [
            "Operator role's permissions policy in Operator account 111111111111",
            "execute role's trust policy in Subject account 222222222222",
        ],
    ),
    3: (
        "execute role",
        "states:StartExecution",
        "Subject state machine",
        ["execute role's permissions policy in Subject account 222222222222"],
    ),
    4: (
        "execute role",
        "states:DescribeExecution",
        "Subject execution",
        ["execute role's permissions policy in Subject account 222222222222"],
    ),
    5: (
        "execute role",
        "states:StopExecution",
        "Subject execution",
        ["execute role's permissions policy in Subject account 222222222222"],
    ),
    6: (
        "Step Functions",
        "sts:AssumeRole",
        "Subject role",
        ["Subject role's trust policy in Subject account 222222222222"],
    ),
}


@pytest.fixture
def links() -> tuple[Link, ...]:
    return chain(Scenario())


def link(number: int, scenario: Scenario | None = None) -> Link:
    return chain(scenario or Scenario())[number - 1]


def grants(document: Document) -> set[tuple[str, str]]:
    """Every action and resource that the statements of a permissions policy name."""
    pairs = set()
    for statement in document["Statement"]:
        actions = statement["Action"]
        pairs |= {(action, statement["Resource"]) for action in ([actions] if isinstance(actions, str) else actions)}
    return pairs


def test_links_are_numbered_in_the_order_of_a_run(links: tuple[Link, ...]) -> None:
    assert tuple(link.number for link in links) == LINK_NUMBERS == tuple(TABLE)
    assert [link.id for link in links] == [f"link-{number}" for number in TABLE]


@pytest.mark.parametrize("number", TABLE)
def test_each_link_is_as_the_table_says(number: int) -> None:
    asker, action, target, deciders = TABLE[number]

    found = link(number)

    assert (found.asker, found.action, found.target) == (asker, action, target)
    assert [str(decider) for decider in found.deciders] == deciders
    assert str(found) == f"{number}. {asker} -> {action} -> {target}"
    assert found.when


def test_only_link_2_crosses_the_accounts_and_needs_both_to_say_yes(links: tuple[Link, ...]) -> None:
    assert [link.number for link in links if len({decider.account for decider in link.deciders}) == 2] == [2]


def test_step_functions_passes_the_operator_machine_as_external_id() -> None:
    scenario = replace(Scenario(), operator_machine_name="my-machine")

    assert link(2, scenario).context == {"sts:ExternalId": scenario.operator_machine_arn}


@pytest.mark.parametrize(("number", "account_id"), [(1, "111111111111"), (6, "222222222222")])
def test_step_functions_says_for_which_machine_it_asks(number: int, account_id: str) -> None:
    context = link(number).context

    assert context["aws:SourceAccount"] == account_id
    assert f":{account_id}:stateMachine:" in context["aws:SourceArn"]
    assert link(number).principal == "states.amazonaws.com"


def test_who_is_reached_by_one_link_asks_in_the_next(links: tuple[Link, ...]) -> None:
    """The Operator role that link 1 gives asks in link 2; the execute role that link 2 gives asks in 3 to 5."""
    roles = {Node.OPERATOR_ROLE: Actor.OPERATOR_ROLE, Node.EXECUTE_ROLE: Actor.EXECUTE_ROLE}
    given = {roles[link.target]: link.resource for link in links if link.target in roles}

    assert {link.principal for link in links if link.asker is Actor.OPERATOR_ROLE} == {given[Actor.OPERATOR_ROLE]}
    assert {link.principal for link in links if link.asker is Actor.EXECUTE_ROLE} == {given[Actor.EXECUTE_ROLE]}


def test_the_documents_grant_what_the_chain_asks_and_nothing_more(links: tuple[Link, ...]) -> None:
    scenario = Scenario()

    def asked(actor: Actor) -> set[tuple[str, str]]:
        return {(link.action, link.resource) for link in links if link.asker is actor}

    assert grants(operator_role_permissions(scenario)) == asked(Actor.OPERATOR_ROLE)
    assert grants(execute_role_permissions(scenario)) == asked(Actor.EXECUTE_ROLE)


def test_the_trust_policy_names_who_asks_in_link_2() -> None:
    (statement,) = execute_role_trust(Scenario())["Statement"]

    assert statement["Principal"] == {"AWS": link(2).principal}
    assert statement["Condition"] == {"StringEquals": link(2).context}


def test_the_resource_lies_in_the_account_that_the_link_names(links: tuple[Link, ...]) -> None:
    assert [link.resource.split(":")[4] for link in links] == [link.resource_account.id for link in links]
