"""AWS's own words as people have them: sentences with line breaks, in JSON, sessions, CloudTrail's events."""

from __future__ import annotations

import json

import pytest

from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.deployment.diagnose.asking.asked_about import asked_about
from xsfn_helpers.deployment.diagnose.asking.refusal import RefusedCall, refused_event, refused_in

HUB = "arn:aws:iam::111111111111:role/hub-role"
SPOKE = "arn:aws:iam::222222222222:role/team/spoke-role"
NIGHTLY = "arn:aws:states:eu-west-1:222222222222:stateMachine:nightly"
# Recorded, and in docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
SENTENCE = f"The role {HUB} is not authorized to assume the task state's role, {SPOKE}."
# docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
DENIAL = (
    "User: arn:aws:sts::222222222222:assumed-role/spoke-role/abc is not authorized to perform: states:StartExecution "
    f"on resource: {NIGHTLY} because no identity-based policy allows the states:StartExecution action"
)


def _told(text: str) -> tuple[int, str, str, str]:
    (found,) = refused_in(text)
    return found.link, found.asker, found.action, found.resource


@pytest.mark.parametrize(
    "text",
    [
        SENTENCE,
        SENTENCE[:-1],
        f"  {SENTENCE}\n",
        f"Error\nStates.TaskFailed\n\nCause\n{SENTENCE}\n\nTimestamp\nNov 3, 2026",
        f'"{SENTENCE}"',
        json.dumps({"error": "States.TaskFailed", "cause": SENTENCE}),
        json.dumps(json.dumps({"cause": SENTENCE})),
        SENTENCE.replace(" is not", "\n    is not").replace(" task", "\r\ntask"),
        SENTENCE.replace("spoke-role", "spoke-\nrole"),
        SENTENCE.replace("1111111", "1111\n   111") + "\nLearn more",
        SENTENCE.replace("hub-role", "hub-role\n"),
    ],
)
def test_the_sentence_is_understood_however_it_was_pasted(text: str) -> None:
    assert _told(text) == (2, HUB, "sts:AssumeRole", SPOKE)


@pytest.mark.parametrize("width", range(20, 140, 7))
def test_a_line_may_end_anywhere_in_it(width: int) -> None:
    """As terminals, mails and tickets wrap: at the width, in the middle of a word or an ARN, indented or not."""
    wrapped = "\n  ".join(SENTENCE[at : at + width] for at in range(0, len(SENTENCE), width))

    assert _told(wrapped) == (2, HUB, "sts:AssumeRole", SPOKE)


@pytest.mark.parametrize("width", range(20, 140, 11))
def test_a_denial_may_be_wrapped_anywhere_too(width: int) -> None:
    wrapped = "\n".join(DENIAL[at : at + width] for at in range(0, len(DENIAL), width))

    assert _told(wrapped) == (3, "arn:aws:iam::222222222222:role/spoke-role", "states:StartExecution", NIGHTLY)


@pytest.mark.parametrize(
    ("action", "link"),
    [("states:StartExecution", 3), ("states:DescribeExecution", 4), ("states:StopExecution", 5), ("sts:AssumeRole", 2)],
)
def test_a_denial_tells_role_action_resource_and_link(action: str, link: int) -> None:
    told = _told(DENIAL.replace("states:StartExecution", action, 1))

    assert told == (link, "arn:aws:iam::222222222222:role/spoke-role", action, NIGHTLY)


def test_two_sentences_are_two_refusals_and_the_same_twice_is_one() -> None:
    assert [one.link for one in refused_in(f"{SENTENCE}\n{DENIAL}\n{SENTENCE}")] == [2, 3]


def test_words_of_anything_else_tell_nothing() -> None:
    assert refused_in("The function returned an error. arn:aws:iam::111111111111:role/hub-role") == ()


def _event(**more: object) -> dict[str, object]:
    """See docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html"""
    return {
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRole",
        "userIdentity": {
            "type": "AssumedRole",
            "arn": "arn:aws:sts::111111111111:assumed-role/hub-role/xyz",
            "sessionContext": {"sessionIssuer": {"arn": HUB}},
        },
        "errorCode": "AccessDenied",
        "requestParameters": {
            "roleArn": SPOKE,
            "externalId": "arn:aws:states:eu-west-1:111111111111:stateMachine:plain",
        },
        **more,
    }


def test_an_event_of_cloudtrail_tells_the_external_id_besides() -> None:
    found = refused_event(_event())

    assert found is not None
    assert (found.link, found.asker, found.resource) == (2, HUB, SPOKE)
    assert found.external_id == found.about == "arn:aws:states:eu-west-1:111111111111:stateMachine:plain"


def test_an_event_that_was_let_through_refuses_nothing() -> None:
    assert refused_event({key: value for key, value in _event().items() if key != "errorCode"}) is None


def test_things_are_told_apart_in_any_mix(tmp_path: object) -> None:
    asked = asked_about(
        [SENTENCE, json.dumps({"Records": [_event()]}), f" {NIGHTLY.replace('stateMachine', 'execution')}:run-1\n", HUB]
    )

    assert asked.arn == "arn:aws:states:eu-west-1:222222222222:execution:nightly:run-1"
    assert asked.roles == (HUB,)
    assert [type(one) for one in asked.refused] == [RefusedCall, RefusedCall]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"error": "States.TaskFailed", "cause": SENTENCE}),
        json.dumps({"Error": "States.TaskFailed", "Cause": SENTENCE}, indent=2),
        f"It says {'and so on, ' * 40}{SENTENCE}",
        # No part of it between slashes could be a file's name.
        DENIAL.replace("/", "-", 1) + " " + "x" * 300,
    ],
)
def test_words_are_words_in_json_and_however_long_they_are(text: str) -> None:
    assert len(asked_about([text]).refused) == 1


@pytest.mark.parametrize(
    "text",
    [
        "x" * 300,
        "y\0z",
        json.dumps({"details": "x" * 300})[:-1],
        "nonsense",
        "arn:aws:s3:::bucket",
        "",
        "It just failed.",
    ],
)
def test_what_is_none_of_it_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ConfigError):
        asked_about([text])
