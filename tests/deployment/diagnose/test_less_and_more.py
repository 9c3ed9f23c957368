"""Documents of every kind: one fewer read never makes a link allowed, one permission more never makes it denied."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.deployment.diagnose.furnished import Place, furnished, places_of, policy, with_less
from tests.deployment.diagnose.works import ALL, FORMS, Document, Form, Integration
from tests.support.soak import soaked
from xsfn_helpers.common.arns import account_of
from xsfn_helpers.deployment.diagnose import Answer, Conclusion, Evidence
from xsfn_helpers.deployment.diagnose.diagnosis import answers_of
from xsfn_helpers.deployment.diagnose.links import TaskLink

NOW: Final = "2026-11-24T00:00:00Z"
_KEYS: Final = (
    {},
    {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}},
    {"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}},
    {"StringEquals": {"aws:PrincipalTag/team": "blue"}},
    {"StringNotEquals": {"aws:PrincipalTag/team": "blue"}},
    {"StringEquals": {"aws:PrincipalOrgID": "o-example"}},
    {"StringNotEquals": {"sts:ExternalId": "agreed"}},
    {"Null": {"aws:ResourceTag/team": "false"}},
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
)
Drawn = tuple[int, int, int, int, int]
_DRAWN: Final = st.tuples(*[st.integers(0, 10_000)] * 5)
_SETUP: Final = st.tuples(st.sampled_from(ALL), st.sampled_from(FORMS))
_PAST_START: Final = {Answer.ALLOWED, Answer.NOT_ASKED}


def _statement(place: Place, links: list[TaskLink], effect: str, drawn: Drawn) -> Document:
    """A statement that may be about one of the calls, as its kind of policy has it."""
    _, which, how, wide, key = drawn
    link = links[which % len(links)]
    action = link.action.partition(" | ")[0]
    if ":" not in action or " " in action:
        action = "*"
    actions = (action, action, f"{action.partition(':')[0]}:*", "*", "s3:ListBucket")
    statement: Document = {"Effect": effect}
    if place.names:
        # A trust policy takes no bare *.
        everybody = {"AWS": "*"} if place.trust else "*"
        how = 0 if place.limits else how
        principals = (everybody, {"AWS": link.asker}, {"AWS": account_of(link.asker) or "*"}, {"Service": link.asker})
        statement["Principal"] = principals[how % 4 if link.asker.endswith(".com") else how % 3]
        if statement["Principal"] == {"AWS": "states.amazonaws.com"}:
            statement["Principal"] = {"Service": "states.amazonaws.com"}
    if place.trust:
        statement["Action"] = ("sts:AssumeRole", "sts:*", "sts:TagSession")[wide % 3]
    else:
        resources = ("*", link.resource or "*", f"{(link.resource or '*')[:-1]}*", "arn:aws:s3:::elsewhere")
        named = ("Action", "Action", "NotAction")[how % 3] if effect == "Allow" else "Action"
        statement |= {named: actions[wide % len(actions)], "Resource": resources[which % len(resources)]}
    if condition := _KEYS[key % len(_KEYS)]:
        statement["Condition"] = condition
    return statement


def _changed(evidence: Evidence, effect: str, drawn: Drawn) -> tuple[str, Evidence]:
    """One statement more in one of the documents."""
    all_places = [one for one in places_of(evidence) if effect == "Deny" or not one.limits]
    place = all_places[drawn[0] % len(all_places)]
    more = _statement(place, list(answers_of(evidence, NOW)), effect, drawn)
    return f"{place.title}: {more}", place.put(policy(*place.document["Statement"], more))


def _weakened(evidence: Evidence, drawn: Drawn) -> tuple[str, Evidence]:
    """One statement of one of the documents that isn't about the call any more."""
    all_places = list(places_of(evidence))
    place = all_places[drawn[0] % len(all_places)]
    statements = list(place.document["Statement"])
    at = drawn[1] % len(statements)
    other: Document = (
        {**statements[at], "Action": "sts:TagSession" if place.trust else "s3:ListBucket"},
        {**statements[at], "Effect": "Deny"},
        {**statements[at], "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-example"}}},
    )[drawn[2] % 3]
    return f"{place.title}: {other}", place.put(policy(*statements[:at], other, *statements[at + 1 :]))


def _spoilt(evidence: Evidence, spoils: list[Drawn]) -> tuple[list[str], Evidence]:
    told = []
    for drawn in spoils:
        title, evidence = _changed(evidence, "Deny", drawn) if drawn[4] % 3 else _weakened(evidence, drawn)
        told.append(title)
    return told, evidence


def _by_link(evidence: Evidence) -> dict[tuple[Any, ...], TaskLink]:
    return {(one.task, one.number, one.asker, one.action, one.resource): one for one in answers_of(evidence, NOW)}


def _verdict(links: dict[tuple[Any, ...], TaskLink]) -> Conclusion:
    answers = {one.answer for one in links.values()}
    if Answer.REFUSED in answers:
        return Conclusion.BROKEN
    return Conclusion.UNKNOWN if Answer.UNKNOWN in answers or not answers else Conclusion.FINE


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_whole_set_up_is_allowed(form: Form) -> None:
    for integration in ALL[:: soaked(short=7, long=1)]:
        links = _by_link(furnished(integration, form))
        answers = {one.answer for one in links.values()}
        assert answers <= {Answer.ALLOWED}, (integration, [str(one) for one in links.values() if one.open])


@given(_SETUP, st.lists(_DRAWN, max_size=2))
@settings(max_examples=soaked(short=4, long=400), deadline=None)
def test_a_document_less_never_makes_a_link_allowed(made: tuple[Integration, Form], spoils: list[Drawn]) -> None:
    told, evidence = _spoilt(furnished(*made), spoils)
    before = _by_link(evidence)
    for title, less in with_less(evidence):
        after = _by_link(less)
        for key, link in after.items():
            if link.answer is not Answer.ALLOWED or key not in before:
                continue
            # What a resource of one's own account says itself may stay unread, and is told so beside the answer.
            own = bool(link.unread) and len(link.accounts) == 1
            assert before[key].answer is Answer.ALLOWED or own, (made[0], made[1].name, told, title, link.why)


@given(_SETUP, st.lists(_DRAWN, max_size=2), _DRAWN)
@settings(max_examples=soaked(short=10, long=2_000), deadline=None)
def test_a_permission_more_never_makes_a_link_denied(
    made: tuple[Integration, Form], spoils: list[Drawn], more: Drawn
) -> None:
    told, evidence = _spoilt(furnished(*made), spoils)
    title, wider = _changed(evidence, "Allow", more)
    before, after = _by_link(evidence), _by_link(wider)
    assert before.keys() == after.keys()
    rank = [Answer.REFUSED, Answer.UNKNOWN, Answer.NOT_ASKED, Answer.ALLOWED]
    for key, link in after.items():
        assert rank.index(link.answer) >= rank.index(before[key].answer), (made[0], made[1].name, told, title, link.why)
