"""`decide_lines`: one answer a line, in order, at once; hostile lines answered like any other."""

import io
import json
import subprocess
import sys
import time

import pytest

from tests.iam.support import (
    ADA,
    EXECUTE_ROLE,
    EXTERNAL_ID,
    OPERATOR_ROLE,
    OPERATOR_SESSION,
    SUBJECT,
    allow,
    deny,
    document,
    trusts,
    when,
)
from tests.support.soak import soaked
from xsfn_helpers.iam.jsonlines import MAX_LINE, answer, decide_line, decide_lines

REQUEST = {
    "principal": OPERATOR_SESSION,
    "action": "sts:AssumeRole",
    "resource": EXECUTE_ROLE,
    "resourceAccount": SUBJECT,
    "context": EXTERNAL_ID,
}
LINE = {
    "request": REQUEST,
    "identityPolicies": [document(allow(Sid="Assume"))],
    "resourcePolicy": document(trusts({"AWS": OPERATOR_ROLE}, Sid="Operator", **when(StringEquals=EXTERNAL_ID))),
    "permissionBoundaries": [],
    "sessionPolicies": [],
    "serviceControlPolicies": [],
}


def changed(**parts):
    return json.dumps({**LINE, **parts})


def asked(**parts):
    return changed(request={**REQUEST, **parts})


def answered(line):
    return json.loads(answer(line))


def error(line):
    found = answered(line)
    assert list(found) == ["error"], found
    return found["error"]


def test_an_answer_has_outcome_statements_and_explanation():
    found = answered(json.dumps(LINE))

    assert found["outcome"] == "Allowed"
    assert found["decided_by"] == ["identityPolicies[0], statement Assume", "resourcePolicy, statement Operator"]
    assert found["explanation"].startswith(f"Allowed: {OPERATOR_SESSION} requested sts:AssumeRole on {EXECUTE_ROLE}.")


def test_each_layer_counts():
    everything = document(allow("*"))
    nothing = document(allow("s3:*"))

    def outcome(**parts):
        return answered(changed(**parts))["outcome"]

    assert outcome(resourcePolicy=None) == "ImplicitlyDenied"
    assert outcome(identityPolicies=[]) == "ImplicitlyDenied"
    assert outcome(identityPolicies=[everything, document(deny("sts:*"))]) == "ExplicitlyDenied"
    assert outcome(permissionBoundaries=[everything]) == "Allowed"
    assert outcome(permissionBoundaries=[nothing]) == "ImplicitlyDenied"
    assert outcome(sessionPolicies=[everything]) == "Allowed"
    assert outcome(sessionPolicies=[nothing]) == "ImplicitlyDenied"
    assert outcome(serviceControlPolicies=[[everything], [everything, nothing]]) == "Allowed"
    assert outcome(serviceControlPolicies=[[everything], [nothing]]) == "ImplicitlyDenied"
    assert outcome(serviceControlPolicies=[[everything], []]) == "ImplicitlyDenied"


@pytest.mark.parametrize("left_out", [key for key in LINE if key != "request"])
def test_what_is_left_out_or_null_is_empty(left_out):
    without = {key: value for key, value in LINE.items() if key != left_out}
    empty = {**LINE, left_out: None}

    assert answered(json.dumps(without)) == answered(json.dumps(empty))
    assert "error" not in answered(json.dumps(without))


def test_the_context_may_be_left_out():
    request = {key: value for key, value in REQUEST.items() if key != "context"}

    assert answered(changed(request=request))["outcome"] == "ImplicitlyDenied"


@pytest.mark.parametrize("indent", [None, 1, "\t"])
def test_white_space_and_order_do_not_matter(indent):
    backwards = dict(reversed(LINE.items()))

    assert answer(json.dumps(backwards, indent=indent)) == answer(json.dumps(LINE, separators=(",", ":")))


def test_a_bucket_policy_is_no_trust_policy():
    bucket = document({**allow("s3:GetObject", "arn:aws:s3:::b/*"), "Principal": {"AWS": ADA}})
    request = {
        "principal": ADA,
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/x",
        "resourceAccount": SUBJECT,
        "context": {},
    }

    assert answered(json.dumps({"request": request, "resourcePolicy": bucket}))["outcome"] == "Allowed"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "The line is blank."),
        ("   ", "The line is blank."),
        ("nope", "The line isn't JSON: A value is expected here"),
        ("[]", "the line: It is an object, not a list."),
        ("5", "the line: It is an object, not a number."),
        ("null", "the line: It is an object, not null."),
        ("{}", 'the line: There is no "request", and it is needed.'),
        ('{"request": {}, "request": {}}', '"request" is there twice in one object.'),
        (json.dumps(LINE)[:-1], "A comma or '}' is missing here: the text ends here."),
        (json.dumps(LINE) + "}", "Something follows the end of the document"),
        (changed(request=[]), "request: It is an object, not a list."),
        (changed(requests={}), 'There is no "requests" in the line. Known here: request, identityPolicies'),
        (asked(resources="*"), 'There is no "resources" in request.'),
        (changed(request={}), 'request: There is no "principal", and it is needed.'),
        (asked(principal=5), "request.principal: It is a text, not a number."),
        (asked(principal="ada"), "principal: 'ada' is not a principal."),
        (asked(action=None), "request.action: It is a text, not null."),
        (asked(action="AssumeRole"), "action: 'AssumeRole' is not an action."),
        (asked(resource=["*"]), "request.resource: It is a text, not a list."),
        (asked(resourceAccount=222222222222), "request.resourceAccount: It is a text, not a number."),
        (asked(resourceAccount="2222"), "resource account: '2222' is not an account ID."),
        (asked(context=[]), "request.context: It is an object, not a list."),
        (
            asked(context={"a": 5}),
            'request.context "a": A condition key\'s value is a text or a list of texts; 5 is neither.',
        ),
        (asked(context={"a": [True]}), "true is neither"),
        (asked(context={"a": {}}), "an object is neither"),
        (asked(context={"a": None}), "null is neither"),
        (asked(context={"a": "1", "A": "2"}), "is there twice"),
        (changed(identityPolicies={}), "identityPolicies: It is a list, not an object."),
        (changed(identityPolicies="x"), "identityPolicies: It is a list, not a text."),
        (changed(identityPolicies=["x"]), "identityPolicies[0]: A policy is an object, not a text."),
        (changed(identityPolicies=[None]), "identityPolicies[0]: A policy is an object, not null."),
        (changed(resourcePolicy=[]), "resourcePolicy: A policy is an object, not a list."),
        (changed(serviceControlPolicies=[{}]), "serviceControlPolicies[0]: It is a list, not an object."),
        (changed(serviceControlPolicies=[[5]]), "serviceControlPolicies[0][0]: A policy is an object, not a number."),
        (
            changed(identityPolicies=[document(allow("s3:*", "x"))]),
            "identityPolicies[0].Statement[0].Resource: MalformedPolicyDocument: Resource x must be in ARN format",
        ),
        (
            changed(resourcePolicy=document({**trusts({"AWS": "*"}), "Resource": "*"})),
            "resourcePolicy.Statement[0].Resource: MalformedPolicyDocument: Has prohibited field Resource.",
        ),
        (
            json.dumps(LINE).replace('"Effect": "Allow"', '"Effect": "Deny", "Effect": "Allow"', 1),
            'identityPolicies[0]: MalformedPolicyDocument: Syntax errors in policy. "Effect" is there twice',
        ),
        (changed(identityPolicies=[document(allow("s3:" + "x" * 200_000))]), "131072"),
        (asked(context={"a": float("nan")}), "JSON has no such number."),
        (b"\xff", "The line isn't UTF-8: byte 1 is 0xff."),
        (json.dumps(LINE).encode() + b"\xc3", "The line isn't UTF-8"),
    ],
)
def test_a_malformed_line_says_what_is_wrong_and_where(line, says):
    assert says in error(line)


@pytest.mark.parametrize(
    "line",
    [
        asked(action="sts:AssumeRoleWithWebIdentity"),
        asked(action="sts:AssumeRoleWithSAML"),
        asked(principal=f"arn:aws:iam::{SUBJECT}:saml-provider/corp"),
        changed(
            request={**REQUEST, "action": "s3:GetObject", "resource": "arn:aws:s3:::b"},
            resourcePolicy=document(
                {**allow("s3:*"), "Principal": {"CanonicalUser": "79a59df900b949e55d96a1e698fbaced"}}
            ),
        ),
    ],
)
def test_what_is_not_covered_is_said_to_be_unsupported(line):
    assert error(line).startswith("Unsupported: ")


def test_answers_come_in_order_one_a_line_each_before_the_next_line_is_read():
    events = []

    def lines():
        for number, line in enumerate([json.dumps(LINE), "", "nope", json.dumps(LINE)]):
            events.append(f"read {number}")
            yield line + "\n"

    def write(text):
        assert text.endswith("\n")
        assert text.count("\n") == 1
        events.append("error" if "error" in json.loads(text) else "answer")

    decide_lines(lines(), write)

    assert events == ["read 0", "answer", "read 1", "error", "read 2", "error", "read 3", "answer"]


@pytest.mark.parametrize("stream", [io.StringIO, lambda text: io.BytesIO(text.encode())])
def test_streams_of_text_and_bytes(stream):
    written = []

    decide_lines(stream("\ufeff" + json.dumps(LINE) + "\r\n\n" + json.dumps(LINE)), written.append)

    assert [next(iter(json.loads(line))) for line in written] == ["outcome", "error", "outcome"]


def test_a_line_beyond_the_limit_is_skipped_unread():
    written = []

    decide_lines(io.BytesIO(b" " * (2 * MAX_LINE + 5) + b"\n" + json.dumps(LINE).encode()), written.append)

    assert "more than" in json.loads(written[0])["error"]
    assert json.loads(written[1])["outcome"] == "Allowed"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("white space", " " * 10_000_000),
        ("one long text", '"' + "x" * 10_000_000),
        ("deep lists", "[" * 10_000_000),
        ("deep objects", '{"a":' * 2_000_000),
        ("many numbers", "[" + "1," * 5_000_000),
        ("a request of numbers", '{"request": [' + "1," * 5_000_000),
        ("a huge number", "1" * 10_000_000),
        ("a huge key", '{"' + "k" * 10_000_000 + '": 1}'),
        ("a huge context", json.dumps({"request": {**REQUEST, "context": {"a": ["x"] * 2_000_000}}})),
        ("a huge policy", json.dumps({**LINE, "resourcePolicy": {"Statement": ["x"] * 2_000_000}})),
        ("many policies", json.dumps({**LINE, "identityPolicies": [document(allow())] * 100_000})),
        ("escapes", '"' + "\\u0041" * 1_600_000 + '"'),
        ("surrogates", '{"request": "' + "\\ud800" * 1_600_000 + '"}'),
    ],
)
def test_lines_of_ten_megabytes_are_answered(name, line):
    began = time.process_time()
    found = answered(line)

    assert set(found) in ({"error"}, {"outcome", "decided_by", "explanation"}), name
    assert time.process_time() - began < 10, name


@pytest.mark.parametrize(
    "line",
    [
        asked(context={"sts:ExternalId": "\ud800"}),
        asked(context={"\udfff": "x"}),
        asked(resource="arn:aws:iam::222222222222:role/\udfff"),
        changed(identityPolicies=[document(allow("s3:*", "arn:aws:s3:::\ud800"))]),
        json.dumps({**LINE, "request": {**REQUEST, "context": {"a": "\ud800"}}}, ensure_ascii=False),
    ],
)
def test_half_a_surrogate_pair_is_refused_wherever_it_stands(line):
    assert "half of a surrogate pair" in error(line)


def test_a_whole_surrogate_pair_is_a_character():
    assert answered(asked(context={"sts:ExternalId": "\U0001f600"}))["outcome"] == "ImplicitlyDenied"


@pytest.mark.parametrize(
    "line",
    [
        json.dumps(LINE)[:-1] + ",}",
        json.dumps(LINE).replace('"permissionBoundaries": []', '"permissionBoundaries": [{},]'),
        json.dumps(LINE).replace('"identityPolicies": [{', '"identityPolicies": [,{'),
        json.dumps(LINE).replace('"serviceControlPolicies": []', '"serviceControlPolicies": [[],]'),
        json.dumps(LINE).replace('"sessionPolicies": []', '"sessionPolicies": [,]'),
        json.dumps(LINE).replace('"context": {', '"context": {,'),
    ],
)
def test_a_comma_too_many_is_refused_wherever_it_stands(line):
    assert "The line isn't JSON" in error(line)


def test_whatever_breaks_the_engine_is_that_lines_error(monkeypatch):
    def broken(*_):
        raise MemoryError

    monkeypatch.setattr("xsfn_helpers.iam.jsonlines.decide", broken)

    assert error(json.dumps(LINE)) == "The engine failed on this line: MemoryError."


def test_decide_line_gives_the_decision_itself():
    assert decide_line(json.dumps(LINE)).allowed


LINES = soaked(short=20_000, long=100_000)

MANY_LINES = """
import itertools, json, resource, sys
from xsfn_helpers.iam.jsonlines import decide_lines

line, count = json.loads(sys.argv[1]), int(sys.argv[2])
line_text = json.dumps(line).replace("run-1", "run-NUMBER").replace("Assume\\"", "AssumeNUMBER\\"", 1)
peaks = []

def lines():
    for number in range(count):
        if number in (5_000, count - 1):
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        yield line_text.replace("NUMBER", str(number))

answers = itertools.count()
def write(text):
    assert text.startswith('{"outcome": "Allowed"'), text
    next(answers)

decide_lines(lines(), write)
print(next(answers), peaks[1] - peaks[0])
"""


def test_a_long_stream_of_lines_is_answered_at_flat_memory():
    """Every line is another request with another policy, so nothing but a bounded cache may grow."""
    run = subprocess.run(
        [sys.executable, "-c", MANY_LINES, json.dumps(LINE), str(LINES)], capture_output=True, text=True, check=True
    )

    answers, grown_kilobytes = map(int, run.stdout.split())
    assert answers == LINES
    assert grown_kilobytes < 8_000
