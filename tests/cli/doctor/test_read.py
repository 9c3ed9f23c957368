"""`xsfn doctor` looks at the machine: nothing secret is told, nothing is made, nothing need be installed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from xsfn_helpers.cli import FAILED, OK, main
from xsfn_helpers.cli.doctor.read import read_machine
from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.state import SandboxFolder

ROOT = Path(__file__).parents[3]
SECRETS = ("AKIASECRETSECRET", "s3cr3tKey", "hunter2", "joe:")
CREDENTIALS = f"[default]\naws_access_key_id = {SECRETS[0]}\naws_secret_access_key = {SECRETS[1]}\n"


def told(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    code = main(["doctor", *options])
    return code, capsys.readouterr().out


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder of the test's own; a sandbox in it is stopped at the end."""
    folder = tmp_path / "state"
    monkeypatch.setenv("XSFN_STATE_DIR", str(folder))
    yield folder
    if sandbox := Sandbox.find():
        sandbox.stop()


def test_names_every_package_that_pyproject_lists_for_the_lab(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    of_lab = project["optional-dependencies"]["lab"]
    listed = [*project["dependencies"], *of_lab]
    # As installing it today would write it; what is installed may be older than the list.
    as_installed = [*project["dependencies"], *(f'{line}; extra == "lab"' for line in of_lab)]
    monkeypatch.setattr("xsfn_helpers.cli.doctor.read.requires", lambda _: as_installed)
    code, out = told(capsys, "--json")
    told_of = {one["id"].partition(".")[2] for one in json.loads(out)["findings"] if one["id"].startswith("package.")}

    assert code == OK
    assert told_of == {line.split(">")[0].split("=")[0].split("[")[0] for line in listed}


def test_tells_profiles_and_variables_by_name_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "credentials").write_text(CREDENTIALS)
    (tmp_path / "config").write_text("[profile work]\nregion = eu-west-1\n[sso-session corp]\n[default]\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRETS[1])
    monkeypatch.setenv("HTTPS_PROXY", "http://joe:hunter2@proxy.example:3128")
    _, out = told(capsys)

    assert read_machine().aws.profiles == ("default", "work")
    assert "AWS_SECRET_ACCESS_KEY" in out
    assert "HTTPS_PROXY (proxy.example:3128)" in out
    assert [secret for secret in SECRETS if secret in out] == []


def test_a_broken_aws_file_is_named_and_none_of_its_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "credentials").write_text(f"aws_secret_access_key = {SECRETS[1]}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    code, out = told(capsys)

    assert code == OK
    assert "can't be read" in out
    assert SECRETS[1] not in out


def test_the_home_folder_is_told_without_the_users_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XSFN_STATE_DIR", str(tmp_path / "state"))

    assert read_machine().state_folder.path == "~/state"


def test_looking_makes_nothing(own_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys)

    assert not own_folder.exists()


def test_a_running_sandbox_is_told_with_its_address_and_without_its_keys(
    own_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox = Sandbox.start()
    code, out = told(capsys)
    keys = [key for account in sandbox.accounts.values() for key in (account.access_key_id, account.secret_access_key)]

    assert code == OK
    assert f"The sandbox answers at {sandbox.endpoint_url} (process {sandbox.pid})." in out
    assert [key for key in keys if key in out] == []


def test_a_process_that_holds_the_folder_but_does_not_answer_is_in_the_way(
    own_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a stopped (Ctrl+Z) or hanging one does."""
    Sandbox.start().stop()
    kept = SandboxFolder(own_folder)
    with kept.holding(kept.lock, seconds=5, otherwise=SandboxError("It is held.")):
        code, out = told(capsys)

    assert code == FAILED
    assert "is there but doesn't answer" in out
    assert "kill -9" in out


def test_a_link_in_the_state_folder_is_told_in_the_sandboxs_words(
    own_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own_folder.mkdir(mode=0o700)
    link = own_folder / "journal.db"
    link.symlink_to("/etc/passwd")
    code, out = told(capsys)
    link.unlink()

    assert code == FAILED
    assert "put into the folder for the sandbox's state by somebody else, or is a link" in out


def test_a_wrong_setting_is_told_with_its_place(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XSFN_PROT", "4566")
    code, out = told(capsys)

    assert code == FAILED
    assert "the environment: There is no setting 'XSFN_PROT'." in out
    assert "Did you mean 'XSFN_PORT'?" in out


def test_a_port_that_another_program_has_is_in_the_way(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("XSFN_PORT", str(server.getsockname()[1]))
        code, out = told(capsys)

    assert code == FAILED
    assert "which you chose for the sandbox, is taken" in out


def test_it_works_in_a_python_with_nothing_installed(tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from xsfn_helpers.cli import main; sys.exit(main(['doctor']))"
    )
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], env=environment, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (FAILED, "")
    assert "isn't installed" in done.stdout
    assert "make lab" in done.stdout
    assert "The sandbox can't be loaded: No module named 'filelock'." in done.stdout
