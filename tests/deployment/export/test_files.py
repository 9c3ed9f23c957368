"""What is written: complete, accepted by each tool's own checks, and never over somebody else's file."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import cfnlint
import hcl2
import pytest

from tests.deployment.export.conftest import Exporting
from xsfn_helpers import Lab, Scenario, XsfnError
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.cli import BAD_INPUT, OK, main
from xsfn_helpers.deployment.export import Route, exported_files, write_export
from xsfn_helpers.deployment.export.folder import MANIFEST
from xsfn_helpers.sandbox.process.state import Running, SandboxAccount, SandboxFolder

pytestmark = pytest.mark.usefixtures("no_http")

SCENARIO = Scenario(region="eu-central-1", operator_machine_name="starter", execute_role_name="let-in")


def terraform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["terraform", *arguments, "-no-color"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


class TestTools:
    """Each route's files pass what its own tool says of them."""

    @pytest.mark.parametrize("side", Side)
    def test_templates_pass_awss_linter(self, side: Side) -> None:
        text = exported_files(Route.CLOUDFORMATION, SCENARIO, "mine")[f"{side.value}.yaml"]

        assert cfnlint.lint(text, regions=["ap-northeast-1", "us-east-1"]) == []

    def test_the_linter_would_have_said_something(self) -> None:
        text = exported_files(Route.CLOUDFORMATION, SCENARIO, "mine")["subject.yaml"]

        assert cfnlint.lint(text.replace("RoleArn: !GetAtt SubjectRole.Arn", "Role: !GetAtt SubjectRole.Arm")) != []

    def test_each_template_says_which_is_deployed_first_and_why(self) -> None:
        files = exported_files(Route.CLOUDFORMATION, SCENARIO, "mine")

        assert "Deploy this stack first" in files["operator.yaml"]
        assert "Deploy this stack second" in files["subject.yaml"]
        assert "Invalid principal in policy" in files["subject.yaml"]

    def test_hcl_can_be_parsed_and_has_a_provider_for_each_account(self) -> None:
        files = exported_files(Route.TERRAFORM, SCENARIO, "mine")
        parsed = [hcl2.loads(text) for name, text in files.items() if name.endswith((".tf", ".tfvars"))]

        aliases = {body["alias"] for file in parsed for one in file.get("provider", []) for body in one.values()}
        assert aliases == {'"operator"', '"subject"'}

    @pytest.mark.skipif(shutil.which("terraform") is None, reason="no terraform on this machine")
    def test_terraform_finds_them_valid(self, exported: Exporting) -> None:
        folder = exported("terraform").folder
        formatted = terraform(folder, "fmt", "-check", "-diff")
        prepared = terraform(folder, "init", "-backend=false")
        if prepared.returncode != 0 and "query available provider packages" in prepared.stderr:
            pytest.skip("terraform can't get the provider hashicorp/aws here")

        valid = terraform(folder, "validate")

        assert (formatted.returncode, formatted.stdout) == (0, "")
        assert (valid.returncode, valid.stdout.strip()) == (0, "Success! The configuration is valid.")


class TestNames:
    """Names, ids and region are the reader's, on every route."""

    @pytest.mark.parametrize("route", Route)
    def test_what_was_chosen_is_in_the_one_file_for_it(self, route: Route) -> None:
        files = exported_files(route, SCENARIO, "mine")
        values = {Route.CLOUDFORMATION: "operator.parameters.json", Route.TERRAFORM: "terraform.tfvars"}

        text = files[values.get(route, "names.json")]

        assert all(name in text for name in ("starter", "let-in", "222222222222", "mine"))
        fixed = exported_files(route, Scenario(), "xsfn")
        changed = {name for name in files if files[name] != fixed[name]}
        assert changed <= {"operator.parameters.json", "subject.parameters.json", "terraform.tfvars", "names.json"}

    def test_every_parameter_of_a_template_is_given(self) -> None:
        files = exported_files(Route.CLOUDFORMATION, SCENARIO, "mine")

        for side in Side:
            given = {one["ParameterKey"] for one in json.loads(files[f"{side.value}.parameters.json"])}
            assert given == set(cfnlint.decode.decode_str(files[f"{side.value}.yaml"])[0]["Parameters"])


class TestFolder:
    """All or nothing, and nobody's work is lost."""

    def test_writing_again_changes_nothing(self, exported: Exporting) -> None:
        first = exported("terraform")
        before = {path.name: path.read_bytes() for path in first.folder.iterdir()}

        exported("terraform")

        assert {path.name: path.read_bytes() for path in first.folder.iterdir()} == before
        assert set(before) == {*first.names, MANIFEST}

    def test_other_names_replace_what_an_export_wrote(self, tmp_path: Path) -> None:
        write_export(Route.CDK, tmp_path, exported_files(Route.CDK, Scenario(), "xsfn"))

        again = write_export(Route.CDK, tmp_path, exported_files(Route.CDK, SCENARIO, "xsfn"))

        assert "let-in" in again["names.json"]

    @pytest.mark.parametrize("name", ["operator.yaml", "subject.parameters.json"])
    def test_a_strange_or_changed_file_stops_it_before_anything_is_written(
        self, lab: Lab, tmp_path: Path, name: str
    ) -> None:
        (tmp_path / name).write_text("mine\n", encoding="utf-8")

        with pytest.raises(XsfnError, match=f"{name}: there already") as refused:
            lab.export("cloudformation", tmp_path)

        assert "Nothing was written" in str(refused.value)
        assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == {name: "mine\n"}

    def test_a_file_changed_since_is_somebodys_work(self, exported: Exporting, lab: Lab) -> None:
        export = exported("cloudformation")
        path = export.folder / "operator.yaml"
        path.write_text(f"{export['operator.yaml']}# my note\n", encoding="utf-8")

        with pytest.raises(XsfnError, match=r"operator\.yaml: there already"):
            lab.export("cloudformation", export.folder)

        assert path.read_text("utf-8").endswith("# my note\n")

    def test_a_link_is_never_followed(self, lab: Lab, tmp_path: Path) -> None:
        (tmp_path / "target").write_text("precious", encoding="utf-8")
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "operator.yaml").symlink_to(tmp_path / "target")

        with pytest.raises(XsfnError, match=r"operator\.yaml: there already"):
            lab.export("cloudformation", tmp_path / "out")

        assert (tmp_path / "target").read_text("utf-8") == "precious"

    def test_a_file_where_the_folder_should_be(self, lab: Lab, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("", encoding="utf-8")

        with pytest.raises(XsfnError, match="can't be written"):
            lab.export("terraform", tmp_path / "file")

    def test_a_lab_with_documents_of_its_own_is_told_so(self, lab: Lab, tmp_path: Path) -> None:
        own = lab.using(subject_definition=lab.blueprint.subject_definition.replace("Hello", "Good day"))

        with pytest.raises(XsfnError, match="documents of its own"):
            own.export("terraform", tmp_path / "out")


class TestCommandLine:
    @pytest.mark.parametrize("route", Route)
    def test_it_writes_a_route(self, route: Route, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        code = main(["export", route.value, "--to", str(tmp_path / "out"), "--operator-machine-name", "starter"])

        printed = capsys.readouterr().out
        assert code == OK
        assert printed.startswith(f"Exported as {route.value}:\n")
        assert {path.name for path in (tmp_path / "out").iterdir()} == {
            *exported_files(route, Scenario(), "xsfn"),
            MANIFEST,
        }

    def test_ids_that_nobody_chose_are_those_of_the_sandbox_that_ran_last(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XSFN_STATE_DIR", str(tmp_path / "state"))
        folder = SandboxFolder.default()
        folder.make()
        keys = {side: SandboxAccount(number * 12, "AKIA", "x") for side, number in zip(Side, "78", strict=True)}
        folder.write(Running(port=1, region="eu-west-3", pid=1, instance="x", accounts=keys))

        assert main(["export", "terraform", "--to", str(tmp_path / "out")]) == OK
        assert main(["export", "cdk", "--to", str(tmp_path / "cdk"), "--operator-account-id", "1" * 12]) == OK

        values = (tmp_path / "out" / "terraform.tfvars").read_text("utf-8")
        assert all(f'"{one}"' in values for one in ("7" * 12, "8" * 12, "eu-west-3"))
        assert "1" * 12 in (tmp_path / "cdk" / "names.json").read_text("utf-8")

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["pulumi"], "There is no route 'pulumi'; routes are cdk, cloudformation, terraform."),
            (["cdk", "--operator-account-id", "123"], "'123' (3 digits) is not an AWS account ID."),
            (["terraform", "--operator-machine-name", "a b"], "which Step Functions doesn't allow in a name"),
        ],
        ids=["route", "account", "name"],
    )
    def test_bad_input_is_one_line_and_nothing_is_written(
        self, arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code = main(["export", *arguments, "--to", str(tmp_path / "out")])

        said = capsys.readouterr().err
        assert code == BAD_INPUT
        assert words in said
        assert said.count("\n") == 1
        assert not (tmp_path / "out").exists()


class TestParts:
    """A part of what was exported, by its name."""

    @pytest.mark.parametrize(
        ("route", "name", "first", "last"),
        [
            (Route.CLOUDFORMATION, "ExecuteRole/Policies", "Policies:", "execution:${SubjectMachineName}:*"),
            (Route.TERRAFORM, "execute_trust", 'data "aws_iam_policy_document" "execute_trust" {', "}"),
            (Route.CDK, "CrossAccountTask/task", "self.task = tasks.StepFunctionsStartExecution(", ")"),
            (Route.CDK, "task.state_machine", "task.state_machine(", ")"),
        ],
        ids=str,
    )
    def test_it_is_shown_from_its_first_line_to_its_last(
        self, tmp_path: Path, route: Route, name: str, first: str, last: str
    ) -> None:
        export = write_export(route, tmp_path, exported_files(route, SCENARIO, "mine"))

        lines = str(export.show(name)).splitlines()
        assert lines[0] == first
        assert lines[-1].endswith(last)
        assert not any(line.startswith((" ", "\t")) for line in (lines[0], lines[-1]) if last in ("}", ")"))

    def test_a_name_that_is_nowhere_is_an_error_that_says_where_to_look(self, tmp_path: Path) -> None:
        export = write_export(Route.CDK, tmp_path, exported_files(Route.CDK, SCENARIO, "mine"))

        with pytest.raises(XsfnError, match="Nothing in this export is called 'ExecuteRoel'"):
            export.show("ExecuteRoel")
