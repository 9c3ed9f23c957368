"""What holds for every request and every policy, whatever they say."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.iam.strategies import Layers, documents, layers, parsed, questions, requests, statements
from tests.iam.support import deny
from tests.support.soak import soaked
from xsfn_helpers.iam import Outcome, Policies, Policy, PolicyKind, Request, decide, explain
from xsfn_helpers.iam.decide import is_trust_request
from xsfn_helpers.iam.explain import LayerVerdict

RANK = {Outcome.EXPLICITLY_DENIED: 0, Outcome.IMPLICITLY_DENIED: 1, Outcome.ALLOWED: 2}
COMMON = settings(
    max_examples=soaked(short=25, long=60),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def outcome(request: Request, given_layers: Layers) -> Outcome:
    return decide(request, parsed(request, given_layers)).outcome


def every_document(given_layers: Layers) -> Iterator[dict[str, Any]]:
    """Each layer's documents, to be changed in place."""
    yield from given_layers["identity"]
    if given_layers["resource"] is not None:
        yield given_layers["resource"]
    yield from given_layers["boundaries"]
    yield from given_layers["session"] or []
    for level in given_layers["scps"]:
        yield from level


def kind_of(request: Request, name: str) -> PolicyKind:
    kinds = {
        "identity": PolicyKind.IDENTITY,
        "resource": PolicyKind.TRUST if is_trust_request(request) else PolicyKind.RESOURCE,
        "boundaries": PolicyKind.BOUNDARY,
        "session": PolicyKind.SESSION,
        "scps": PolicyKind.SCP,
    }
    return kinds[name]


def with_statement(given_layers: Layers, name: str, statement: dict[str, Any]) -> Layers | None:
    """The layers with one statement more in an existing policy of that layer; None if it has none."""
    changed = deepcopy(given_layers)
    found = changed[name]
    if name == "scps":
        found = found[0] if found else None
    document = found[0] if isinstance(found, list) and found else found
    if not document:
        return None
    document["Statement"].append(statement)
    return changed


@COMMON
@given(
    question=questions(),
    name=st.sampled_from(("identity", "resource", "boundaries", "session", "scps")),
    data=st.data(),
)
def test_a_deny_never_widens_access(question, name, data):
    request, before = question
    after = with_statement(before, name, data.draw(statements(kind_of(request, name), effect="Deny")))
    assume(after is not None)

    assert RANK[outcome(request, after)] <= RANK[outcome(request, before)]


@COMMON
@given(
    question=questions(),
    name=st.sampled_from(("identity", "resource", "boundaries", "session", "scps")),
    data=st.data(),
)
def test_an_allow_never_narrows_access(question, name, data):
    request, before = question
    after = with_statement(before, name, data.draw(statements(kind_of(request, name), effect="Allow")))
    assume(after is not None)

    assert RANK[outcome(request, after)] >= RANK[outcome(request, before)]


@COMMON
@given(question=questions(), data=st.data())
def test_the_order_of_statements_and_policies_never_matters(question, data):
    request, before = question
    after = deepcopy(before)
    for document in every_document(after):
        document["Statement"] = data.draw(st.permutations(document["Statement"]))
    after["identity"] = data.draw(st.permutations(after["identity"]))

    assert outcome(request, after) is outcome(request, before)


@COMMON
@given(question=questions())
def test_a_policy_and_its_json_round_trip_decide_alike(question):
    request, before = question
    values = parsed(request, before)

    def again(policies: tuple[Policy, ...]) -> tuple[Policy, ...]:
        return tuple(Policy.parse(json.dumps(one.document, indent=4), kind=one.kind) for one in policies)

    texts = Policies(
        identity=again(values.identity),
        resource=None if values.resource is None else again((values.resource,))[0],
        boundaries=again(values.boundaries),
        session=None if values.session is None else again(values.session),
        scps=tuple(again(level) for level in values.scps),
    )

    assert decide(request, texts).outcome is decide(request, values).outcome


@COMMON
@given(question=questions())
def test_statements_that_do_not_apply_can_be_removed(question):
    request, before = question
    decision = decide(request, parsed(request, before))
    applying = {
        (layer.kind, layer.level, result.ref.policy.title, result.ref.statement.index)
        for layer in explain(decision).layers
        for result in layer.statements
        if result.applies
    }
    after = deepcopy(before)
    names = {PolicyKind.IDENTITY: "identity", PolicyKind.BOUNDARY: "boundaries", PolicyKind.SESSION: "session"}
    for layer in explain(decision).layers:
        name = names.get(layer.kind)
        for at, document in enumerate(after[name] if name else ()):
            kept = [
                statement
                for index, statement in enumerate(document["Statement"])
                if (layer.kind, layer.level, f"{layer.kind} {at}", index) in applying
            ]
            # A policy has at least one statement: one that never applies stands for none.
            document["Statement"] = kept or [deny("never:Asked")]

    assert outcome(request, after) is decision.outcome


@COMMON
@given(question=questions())
def test_the_smallest_edits_turn_the_decision_and_none_is_superfluous(question):
    request, before = question
    policies = parsed(request, before)
    decision = decide(request, policies)
    edits = explain(decision).edits

    if decision.outcome is not Outcome.IMPLICITLY_DENIED:
        assert edits == ()
    elif edits:
        assert decide(request, edited(policies, edits)).allowed
        for left_out in edits:
            rest = tuple(edit for edit in edits if edit is not left_out)
            assert not decide(request, edited(policies, rest)).allowed
    else:
        # Nothing granted helps only where a root user would assume a role, or a Deny would catch the grant.
        assert request.principal.arn.endswith(":root")
        assert is_trust_request(request)


def edited(policies: Policies, edits: Any) -> Policies:
    """Apply edits as a reader would: find the policy that reads as `before`, and write `after` in its place."""
    for edit in edits:
        new = Policy.parse(edit.after, kind=edit.kind)
        done = False

        def swap(one: Policy, edit: Any = edit, new: Policy = new) -> Policy:
            nonlocal done
            if done or edit.before is None or one.document != edit.before or one.kind is not edit.kind:
                return one
            done = True
            return new

        def each(given_policies: tuple[Policy, ...], kind: PolicyKind, edit: Any = edit, new: Policy = new) -> Any:
            added = (new,) if edit.before is None and edit.kind is kind else ()
            return (*map(swap, given_policies), *added)

        resource = policies.resource
        if edit.kind.has_principal:
            resource = new if edit.before is None or resource is None else swap(resource)
        policies = replace(
            policies,
            identity=each(policies.identity, PolicyKind.IDENTITY),
            resource=resource,
            boundaries=tuple(map(swap, policies.boundaries)),
            session=None if policies.session is None else tuple(map(swap, policies.session)),
            scps=tuple(tuple(map(swap, level)) for level in policies.scps),
        )
    return policies


@COMMON
@given(question=questions())
def test_the_explanation_agrees_with_the_decision(question):
    request, before = question
    decision = decide(request, parsed(request, before))
    explanation = explain(decision)
    verdicts = [layer.verdict for layer in explanation.layers]

    denied = LayerVerdict.DENY in verdicts
    lacking = [layer for layer in explanation.layers if layer.needed and layer.verdict is LayerVerdict.NO_MATCH]
    expected = Outcome.EXPLICITLY_DENIED if denied else Outcome.IMPLICITLY_DENIED if lacking else Outcome.ALLOWED

    assert decision.outcome is expected
    assert bool(explanation.sentence) is not decision.allowed
    assert bool(decision.aws_reason) is not decision.allowed
    assert explanation.text == explain(decide(request, parsed(request, before))).text
    for layer in explanation.layers:
        for result in layer.statements:
            assert result.applies is (not result.failures(request)), result


@COMMON
@given(request=requests(), data=st.data())
def test_a_boundary_of_everything_and_no_boundary_decide_alike(request, data):
    given_layers = data.draw(layers(request))
    given_layers["boundaries"] = []
    # A Deny with NotPrincipal is the documented exception: it catches every caller that has a boundary.
    assume("NotPrincipal" not in json.dumps(given_layers["resource"]))
    without = outcome(request, given_layers)
    given_layers["boundaries"] = [
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    ]

    assert outcome(request, given_layers) is without


@COMMON
@given(document=documents(PolicyKind.IDENTITY), request=requests())
def test_not_action_is_the_complement_of_action(document, request):
    statement = document["Statement"][0]
    name = "Action" if "Action" in statement else "NotAction"
    turned = {**statement, "NotAction" if name == "Action" else "Action": statement[name]}
    del turned[name]

    def matches(one: dict[str, Any]) -> bool:
        parsed_policy = Policy.parse({**document, "Statement": one}, kind=PolicyKind.IDENTITY)
        return parsed_policy.statements[0].action_matches(request)

    assert matches(statement) is not matches(turned)
