"""AWS's own words as people have them: sentences with line breaks, in JSON, sessions, CloudTrail's events."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.deployment.diagnose.asking.asked_about import asked_about
from xsfn_helpers.deployment.diagnose.asking.refusal import (
    DeniedBy,
    RefusedCall,
    refused_event,
    refused_in,
)

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
        SENTENCE.replace("'", "’"),
        SENTENCE.replace("'", "&#39;"),
        SENTENCE.replace("'", "\\'"),
        SENTENCE.replace("'", "\\u0027"),
        SENTENCE.replace(" is", "\n  is").replace("'", "''"),
        "\x1b[31m" + SENTENCE.replace("not authorized", "\x1b[1mnot authorized\x1b[0m") + "\x1b[0m",
        SENTENCE.replace(HUB, f"\x1b[36m{HUB}\x1b[0m").replace(SPOKE, f"\x1b]8;;https://x\x07{SPOKE}\x1b]8;;\x07"),
        SENTENCE.replace(HUB, f"`{HUB}`").replace(SPOKE, f"`{SPOKE}`"),
        SENTENCE.replace(HUB, f"**{HUB}**").replace(SPOKE, f"*{SPOKE}*"),
        SENTENCE.replace(HUB, f'"{HUB}"').replace(SPOKE, f'"{SPOKE}"'),
        SENTENCE.replace(HUB, f"<{HUB}>"),
        SENTENCE.replace(":role/", ":role/\u200b").replace(" ", "\xa0"),
        SENTENCE.replace(" is not", "\n> is not").replace("state's ", "state's\n> "),
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


TOPIC = "arn:aws:sns:eu-west-1:222222222222:topic"
QUEUE = "arn:aws:sqs:eu-west-1:222222222222:queue"


@pytest.mark.parametrize(
    ("action", "resource", "after", "meant"),
    [
        ("SNS:Publish", TOPIC, "because no resource-based policy allows the SNS:Publish action", TOPIC),
        ("sqs:sendmessage", QUEUE, "because no identity-based policy allows the sqs:sendmessage action", QUEUE),
        # S3 puts the resource in quotes: docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
        ("s3:PutObject", '"arn:aws:s3:::b/k"', "because no identity-based policy allows it", "arn:aws:s3:::b/k"),
        ("ec2:RunInstances", "*", "because no identity-based … Encoded authorization failure message: AbC-_1", "*"),
        ("glue:StartJobRun", "arn:aws:glue:eu-west-1:222222222222:job/my job", "because no identity-based …", None),
        ("dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:222222222222:table/t", "(Service: DynamoDb, Status …)", None),
    ],
)
def test_services_write_it_each_in_their_own_way(action: str, resource: str, after: str, meant: str | None) -> None:
    asker = "arn:aws:sts::222222222222:assumed-role/spoke-role/abc"

    told = _told(f"User: {asker} is not authorized to perform: {action} on resource: {resource} {after}")

    assert told[1:] == ("arn:aws:iam::222222222222:role/spoke-role", action, meant or resource)


@pytest.mark.parametrize(("shown", "meant"), [("2222", "arn:aws:execute-api:eu-west-1:222222222222:a/b"), ("3333", "")])
def test_an_account_that_is_masked_is_the_askers_or_isnt_known(shown: str, meant: str) -> None:
    asker = "arn:aws:sts::222222222222:assumed-role/spoke-role/abc"
    resource = f"arn:aws:execute-api:eu-west-1:********{shown}:a/b"

    told = _told(f"User: {asker} is not authorized to perform: execute-api:Invoke on resource: {resource}")

    assert told[2:] == ("execute-api:Invoke", meant)


ONE_POLICY = "arn:aws:organizations::333333333333:policy/o-abcdefghij/service_control_policy/p-12345678"


@pytest.mark.parametrize(
    ("words", "by", "policy"),
    [
        ("because no identity-based policy allows the states:StartExecution action", DeniedBy.IDENTITY, ""),
        ("because no permissions boundary allows the states:StartExecution action", DeniedBy.BOUNDARY, ""),
        ("with an explicit deny in a resource control policy", DeniedBy.RCP, ""),
        ("with an explicit deny in the session policy", DeniedBy.SESSION, ""),
        ("with an explicit deny in a VPC endpoint policy", DeniedBy.ENDPOINT, ""),
        ("with an explicit\n> deny in a service\n> control policy", DeniedBy.SCP, ""),
        (f"with an explicit deny in a service control policy: {ONE_POLICY}. Go to https://…", DeniedBy.SCP, ONE_POLICY),
        ("with an explicit deny", DeniedBy.UNTOLD, ""),
        (f"\n{SENTENCE} because no session policy allows it", DeniedBy.UNTOLD, ""),
    ],
)
def test_the_kind_of_policy_that_aws_names_is_kept(words: str, by: DeniedBy, policy: str) -> None:
    found = refused_in(DENIAL.replace(DENIAL[DENIAL.index("because") :], words))[0]

    assert (found.action, found.resource, found.by, found.policy) == ("states:StartExecution", NIGHTLY, by, policy)


def test_what_was_acted_on_is_not_what_the_words_are_about() -> None:
    stop = DENIAL.replace("states:StartExecution", "states:StopExecution").replace(
        NIGHTLY, NIGHTLY.replace("stateMachine", "execution") + ":*"
    )

    assert {one.about for one in refused_in(f"{DENIAL}\n{stop}")} == {""}
    running = "arn:aws:states:eu-west-1:111111111111:execution:plain:run-1"
    assert {one.about for one in refused_in(f"{running}\n{DENIAL}\n{stop}")} == {running}


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


def test_an_event_whose_words_name_the_action_is_of_that_action() -> None:
    """`ListBuckets` is what CloudTrail calls the call, `s3:ListAllMyBuckets` what policies do."""
    words = DENIAL[: DENIAL.index(" on resource")].replace("states:StartExecution", "s3:ListAllMyBuckets")
    event = _event(eventSource="s3.amazonaws.com", eventName="ListBuckets", errorMessage=words, requestParameters={})

    found = refused_event(event)

    assert found is not None
    assert (found.action, found.resource) == ("s3:ListAllMyBuckets", "")


@pytest.mark.parametrize(
    "address",
    [
        "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/{arn}",
        "<https://eu-west-1.console.aws.amazon.com/states/home#/v2/executions/details/{arn}?x=y>",
    ],
)
@pytest.mark.parametrize("quoted", [False, True])
def test_the_address_of_a_page_of_the_console_names_an_execution(address: str, quoted: bool) -> None:
    arn = f"{NIGHTLY.replace('stateMachine', 'execution')}:run-1"

    assert asked_about([address.format(arn=arn.replace(":", "%3A") if quoted else arn)]).arn == arn


def test_an_event_that_was_let_through_refuses_nothing() -> None:
    assert refused_event({key: value for key, value in _event().items() if key != "errorCode"}) is None


@pytest.mark.parametrize(
    "wrapped",
    [
        {"Records": [_event()]},
        [_event()],
        {"Events": [{"EventName": "AssumeRole", "CloudTrailEvent": json.dumps(_event())}]},
        [{"EventName": "AssumeRole", "CloudTrailEvent": json.dumps(_event())}],
        {"detail-type": "AWS API Call via CloudTrail", "source": "aws.sts", "detail": _event()},
        {key: json.dumps(value) if isinstance(value, dict) else value for key, value in _event().items()},
    ],
)
def test_an_event_is_one_in_whatever_it_comes(wrapped: object) -> None:
    """CloudTrail's files and `lookup-events`, EventBridge's envelope, columns of a query."""
    (found,) = asked_about([json.dumps(wrapped)]).refused

    assert (found.link, found.asker, found.resource) == (2, HUB, SPOKE)


def test_a_long_answer_on_one_line_is_no_file() -> None:
    answer = {"executionArn": NIGHTLY.replace("stateMachine", "execution") + ":run", "cause": SENTENCE * 3}

    assert asked_about([json.dumps(answer)]).answers == (answer,)
    assert asked_about([json.dumps({"source": "aws.states", "detail": answer})]).answers == (answer,)


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


@pytest.mark.parametrize("given", [".", "..", "./", "../.", " . ", "'.'", "of-ledgers.", "of-ledgers"])
def test_a_folder_is_one_by_whatever_path(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "below").mkdir()
    for name in ("of-ledgers.", "of-ledgers"):
        (tmp_path / "below" / name).mkdir()
    monkeypatch.chdir(tmp_path / "below")

    (found,) = asked_about([given]).paths
    assert found.resolve() == Path(given.strip(" '")).resolve()


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
        " ",
        "...",
        ".,",
    ],
)
def test_what_is_none_of_it_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ConfigError):
        asked_about([text])
