"""The command line: its fixed contract, exit codes, and what it does when it is interrupted or nobody reads."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.conftest import fresh_names
from xsfn_helpers import Lab, Side, open_lab
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.targets import STARTED_BY_KEY
from xsfn_helpers.cli import BAD_INPUT, FAILED, INTERRUPTED, OK, READER_GONE, main
from xsfn_helpers.common.json_text import json_text

Printed = tuple[int, str, str]
Xsfn = Callable[..., Printed]


@pytest.fixture
def xsfn(capsys: pytest.CaptureFixture[str]) -> Xsfn:
    """Run a command in this process: exit code, standard output, standard error."""

    def run(*arguments: str) -> Printed:
        try:
            code = main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def options(lab: Lab) -> list[str]:
    """The options that name this test's own lab."""
    scenario = lab.scenario
    names = ("operator_machine", "operator_role", "subject_machine", "subject_role", "execute_role")
    chosen = [(f"--{name.replace('_', '-')}-name", getattr(scenario, f"{name}_name")) for name in names]
    return [part for pair in [*chosen, ("--lab-id", lab.environment.lab_id)] for part in pair]


@pytest.fixture
def own_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, xsfn: Xsfn) -> Iterator[None]:
    """A state folder of this test's own; its sandbox is stopped at the end."""
    monkeypatch.setenv("XSFN_STATE_DIR", str(tmp_path / "state"))
    yield
    xsfn("sandbox", "stop")


def program(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "xsfn_helpers", *arguments],
        stdin=options.pop("stdin", subprocess.DEVNULL),
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        **options,
    )


def listen_to_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class TestWalkthrough:
    def test_prints_exactly_what_other_tools_rely_on(self, lab: Lab, options: list[str], xsfn: Xsfn) -> None:
        code, out, err = xsfn("walkthrough", "--json", *options)
        printed = json.loads(out)

        assert (code, err) == (OK, "")
        assert list(printed) == ["ok", "checks", "run"]
        assert printed["ok"] is True
        assert {tuple(check) for check in printed["checks"]} == {("id", "passed", "evidence", "hint")}
        assert list(printed["run"]) == ["operator_execution_arn", "subject_execution_arn", "status", "output"]
        assert printed["run"]["status"] == "SUCCEEDED"

    def test_the_subject_execution_is_in_its_account_with_the_operators_id(
        self, lab: Lab, options: list[str], xsfn: Xsfn
    ) -> None:
        run = json.loads(xsfn("walkthrough", "--json", *options)[1])["run"]
        subject = lab.subject.client("stepfunctions").describe_execution(executionArn=run["subject_execution_arn"])

        assert json.loads(subject["input"])[STARTED_BY_KEY] == run["operator_execution_arn"]
        assert run["output"]["Output"]["Received"][STARTED_BY_KEY] == run["operator_execution_arn"]

    def test_tries_what_must_be_refused_before_each_stage(self, options: list[str], xsfn: Xsfn) -> None:
        checks = {check["id"]: check for check in json.loads(xsfn("walkthrough", "--json", *options)[1])["checks"]}

        assert {"before-stage-1.run", "before-stage-2.run", "before-stage-3.run"} < set(checks)
        assert len(checks) == 32
        assert all(check["passed"] for check in checks.values())

    def test_can_be_repeated_and_keeps_what_it_built(self, lab: Lab, options: list[str], xsfn: Xsfn) -> None:
        first = json.loads(xsfn("walkthrough", "--json", *options)[1])
        code, out, _ = xsfn("walkthrough", "--json", *options)
        states = lab.operator.client("stepfunctions")

        assert code == OK
        assert json.loads(out)["run"]["operator_execution_arn"] != first["run"]["operator_execution_arn"]
        assert states.describe_execution(executionArn=first["run"]["operator_execution_arn"])["status"] == "SUCCEEDED"

    def test_puts_drift_right(self, standing_lab: Lab, options: list[str], xsfn: Xsfn) -> None:
        standing_lab.operator.client("iam").delete_role_policy(
            RoleName=standing_lab.scenario.operator_role_name, PolicyName=documents.OPERATOR_POLICY_NAME
        )

        assert xsfn("check", *options)[0] == FAILED
        assert xsfn("walkthrough", *options)[0] == OK
        assert xsfn("check", *options)[0] == OK

    def test_says_what_it_does_as_text(self, options: list[str], xsfn: Xsfn) -> None:
        code, out, _ = xsfn("walkthrough", *options)

        assert code == OK
        assert "+ created role" in out
        assert "Before stage 2: 2 of 2 passed" in out
        assert "Operator execution: SUCCEEDED" in out
        assert out.endswith("Every check passed. What was built stays until `xsfn clean`.\n")

    def test_a_document_that_breaks_the_chain_fails_with_the_hint(
        self, lab: Lab, options: list[str], xsfn: Xsfn, tmp_path: Path
    ) -> None:
        trust = documents.execute_role_trust(lab.scenario)
        trust["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] = "guess"
        file = tmp_path / "trust.json"
        file.write_text(json_text(trust))
        code, out, err = xsfn("walkthrough", "--json", "--execute-role-trust", str(file), *options)
        printed = json.loads(out)
        link = next(check for check in printed["checks"] if check["id"] == "link-2.decided")

        assert (code, err) == (FAILED, "")
        assert printed["ok"] is False
        assert printed["run"]["status"] == "FAILED"
        assert lab.scenario.external_id in link["hint"]

    def test_somebody_elses_thing_in_the_way_is_a_failed_check(self, lab: Lab, options: list[str], xsfn: Xsfn) -> None:
        iam = lab.subject.client("iam")
        trust = json_text(documents.service_trust(lab.scenario, lab.scenario.subject))
        iam.create_role(RoleName=lab.scenario.execute_role_name, AssumeRolePolicyDocument=trust)
        code, out, _ = xsfn("walkthrough", "--json", *options)
        printed = json.loads(out)

        assert code == FAILED
        assert (printed["ok"], printed["run"]) == (False, None)
        assert "it has no tag xsfn:lab" in printed["checks"][-1]["evidence"]
        assert "choose another name" in printed["checks"][-1]["hint"]
        iam.delete_role(RoleName=lab.scenario.execute_role_name)

    def test_what_aws_refuses_is_a_failed_check_in_its_words(self, lab: Lab, options: list[str], xsfn: Xsfn) -> None:
        """The administrator's own policies count, too."""
        iam = lab.subject.client("iam")
        deny = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "iam:CreateRole", "Resource": "*"}}
        iam.put_user_policy(UserName="administrator", PolicyName="no-roles", PolicyDocument=json.dumps(deny))
        try:
            code, out, _ = xsfn("walkthrough", "--json", *options)
        finally:
            iam.delete_user_policy(UserName="administrator", PolicyName="no-roles")
        last = json.loads(out)["checks"][-1]

        assert code == FAILED
        assert "is not authorized to perform: iam:CreateRole" in last["evidence"]
        assert "with an explicit deny in an identity-based policy" in last["evidence"]
        assert last["hint"]

    def test_ctrl_c_leaves_what_the_next_one_completes(self, options: list[str], xsfn: Xsfn) -> None:
        # As in a terminal, also where the tests run behind a shell's &, which lets everything it starts ignore Ctrl-C.
        for _ in range(5):
            process = program("walkthrough", *options, preexec_fn=listen_to_ctrl_c)
            assert process.stdout is not None
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
            if process.returncode != OK:
                break
            # Where the tests had to wait for a processor, the walkthrough may have come to its end before the signal.

        assert process.returncode == INTERRUPTED
        assert err.count("\n") == 1
        assert "xsfn clean" in err
        assert xsfn("walkthrough", *options)[0] == OK

    def test_is_quiet_when_nobody_reads(self, options: list[str]) -> None:
        read, write = os.pipe()
        os.close(read)
        process = program("walkthrough", *options, stdout=write)
        os.close(write)
        _, err = process.communicate(timeout=60)

        assert (process.returncode, err) == (READER_GONE, "")


class TestCheckAndClean:
    def test_checks_alone_as_json(self, standing_lab: Lab, options: list[str], xsfn: Xsfn) -> None:
        code, out, err = xsfn("check", "--json", *options)
        printed = json.loads(out)

        assert (code, err) == (OK, "")
        assert list(printed) == ["ok", "checks"]
        assert [check["id"] for check in printed["checks"]] == [check.id for check in standing_lab.check()]

    def test_nothing_there_fails(self, options: list[str], xsfn: Xsfn) -> None:
        code, out, _ = xsfn("check", *options)

        assert code == FAILED
        assert "there is no role" in out
        assert "→ lab.prepare() fixes it; on the command line, xsfn walkthrough does." in out

    def test_no_live_only_decides(self, standing_lab: Lab, options: list[str], xsfn: Xsfn) -> None:
        code, out, _ = xsfn("check", "--no-live", "--json", *options)

        assert code == OK
        assert not any("live" in check["id"] for check in json.loads(out)["checks"])

    def test_clean_removes_and_names_everything(self, standing_lab: Lab, options: list[str], xsfn: Xsfn) -> None:
        code, out, _ = xsfn("clean", *options)

        assert code == OK
        assert out.count("- removed") == 7
        assert xsfn("clean", *options)[1] == "Clean: nothing there\n"


class TestSandbox:
    def test_start_prints_what_any_client_needs(self, own_sandbox: None, xsfn: Xsfn) -> None:
        code, out, err = xsfn("sandbox", "start", "--json")
        printed = json.loads(out)

        assert (code, err) == (OK, "")
        assert list(printed) == ["endpoint_url", "region", "pid", "accounts"]
        for side in Side:
            account = printed["accounts"][side.value]
            assert list(account) == ["account_id", "access_key_id", "secret_access_key"]
            given = {
                "endpoint_url": printed["endpoint_url"],
                "region_name": printed["region"],
                "aws_access_key_id": account["access_key_id"],
                "aws_secret_access_key": account["secret_access_key"],
            }
            client = boto3.client("sts", **given)
            assert client.get_caller_identity()["Account"] == account["account_id"]
            states = boto3.client("stepfunctions", **given)
            tested = states.test_state(definition='{"Type": "Pass", "End": true}')
            assert tested["status"] == "SUCCEEDED", "the address can't take the prefix that every client adds"

    def test_chosen_ids_and_region(self, own_sandbox: None, xsfn: Xsfn) -> None:
        choices = ("--operator-account-id", "123456789012", "--region", "eu-west-1")
        started = json.loads(xsfn("sandbox", "start", "--json", *choices)[1])
        walked = json.loads(xsfn("walkthrough", "--json")[1])

        assert started["accounts"]["operator"]["account_id"] == "123456789012"
        assert started["region"] == "eu-west-1"
        assert walked["run"]["operator_execution_arn"].startswith("arn:aws:states:eu-west-1:123456789012:execution:")

    def test_start_finds_what_runs(self, own_sandbox: None, xsfn: Xsfn) -> None:
        first, again = xsfn("sandbox", "start", "--json"), xsfn("sandbox", "start", "--json")

        assert first == again

    def test_status_stop_reset(self, own_sandbox: None, xsfn: Xsfn) -> None:
        assert xsfn("sandbox", "status")[0] == FAILED
        assert json.loads(xsfn("sandbox", "status", "--json")[1]) == {"running": False}
        started = json.loads(xsfn("sandbox", "start", "--json")[1])
        status = xsfn("sandbox", "status")[1]
        lab = open_lab()
        lab.set_stage(3)

        assert started["endpoint_url"].rpartition("@")[2] in status
        assert started["accounts"]["operator"]["secret_access_key"] not in status
        assert xsfn("sandbox", "reset")[0] == OK
        assert not open_lab().stage(1).is_applied
        assert xsfn("sandbox", "stop")[:2] == (OK, "The sandbox has been stopped.\n")
        assert xsfn("sandbox", "stop")[:2] == (OK, "No sandbox is running.\n")
        # What is kept of one that doesn't run can be emptied: it may be the reason why it doesn't.
        assert xsfn("sandbox", "reset")[0] == OK

    def test_delay_slows_iam_down_until_it_is_taken_back(self, own_sandbox: None, xsfn: Xsfn) -> None:
        assert xsfn("sandbox", "delay", "3")[0] == BAD_INPUT
        xsfn("sandbox", "start")
        at_once = (OK, "Changes in IAM count at once.\n", "")
        slow = "Changes in IAM count after 2.5 s. `xsfn sandbox delay 0` lets them count at once.\n"

        assert xsfn("sandbox", "delay") == at_once
        assert xsfn("sandbox", "delay", "2.5") == (OK, slow, "")
        assert xsfn("sandbox", "delay") == (OK, slow, "")
        assert xsfn("sandbox", "status")[1].endswith(slow)
        assert json.loads(xsfn("sandbox", "status", "--json")[1])["propagation_seconds"] == 2.5
        assert xsfn("sandbox", "delay", "0") == at_once

    @pytest.mark.parametrize("seconds", ["-1", "121", "nan", "soon"])
    def test_a_delay_that_is_none_changes_nothing(self, own_sandbox: None, xsfn: Xsfn, seconds: str) -> None:
        xsfn("sandbox", "start")
        code, out, err = xsfn("sandbox", "delay", seconds)

        assert (code, out) == (BAD_INPUT, "")
        assert len(err.splitlines()) == 1
        assert xsfn("sandbox", "delay")[1] == "Changes in IAM count at once.\n"

    def test_text_names_the_variables_to_set(self, own_sandbox: None, xsfn: Xsfn) -> None:
        out = xsfn("sandbox", "start")[1]

        assert out.count("AWS_ACCESS_KEY_ID=") == out.count("AWS_SECRET_ACCESS_KEY=") == 2


class TestDecide:
    LINE = json.dumps(
        {
            "request": {
                "principal": "arn:aws:iam::111111111111:user/ada",
                "action": "states:StartExecution",
                "resource": "arn:aws:states:ap-northeast-1:111111111111:stateMachine:m",
                "resourceAccount": "111111111111",
                "context": {},
            },
            "identityPolicies": [
                {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "states:*", "Resource": "*"}}
            ],
        }
    )

    def test_answers_each_line_before_the_next_is_sent(self) -> None:
        answers = []
        with program("decide", stdin=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            for line in (self.LINE, "not json", self.LINE):
                process.stdin.write(line + "\n")
                process.stdin.flush()
                answers.append(json.loads(process.stdout.readline()))
            process.stdin.close()
            code = process.wait(timeout=120)

        assert code == OK
        assert [answer.get("outcome") for answer in answers] == ["Allowed", None, "Allowed"]
        assert "error" in answers[1]

    def test_needs_neither_boto3_nor_a_sandbox(self) -> None:
        code = (
            "import sys, io; sys.stdin = io.TextIOWrapper(io.BytesIO(b''));"
            "from xsfn_helpers.cli import main; main(['decide']); print(sorted({'boto3', 'moto'} & set(sys.modules)))"
        )
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

        assert out == "[]\n"


def test_the_package_is_quick_to_import() -> None:
    """A notebook's first line, and every command, wait for it: no boto3 before it is needed."""
    code = "import xsfn_helpers, sys; print(sorted({'boto3', 'botocore', 'moto', 'ipywidgets'} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert out == "[]\n"


def test_what_the_package_offers_is_all_there() -> None:
    import xsfn_helpers

    assert all(getattr(xsfn_helpers, name) is not None for name in xsfn_helpers.__all__)
    assert dir(xsfn_helpers) == sorted(xsfn_helpers.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = xsfn_helpers.nothing


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["sandbox", "--help"], ["sandbox", "start", "--help"], ["walkthrough", "--help"], ["--version"]],
    ids=" ".join,
)
def test_help_is_there(xsfn: Xsfn, arguments: list[str]) -> None:
    code, out, _ = xsfn(*arguments)

    assert code == OK
    assert "xsfn" in out


def test_fresh_names_are_valid_choices() -> None:
    assert open_lab(**fresh_names()).scenario.region == open_lab().scenario.region
