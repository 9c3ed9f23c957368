"""What CI and `make verify-clone` do so that nothing left on a machine makes them green."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALONE = ROOT / "scripts" / "alone.sh"


def run(command: list[str | Path], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False
    )


def git(folder: Path, *arguments: str) -> str:
    author = ("-c", "user.name=A maintainer", "-c", "user.email=maintainer@example.invalid")
    return subprocess.run(["git", *author, *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of this one's scripts, with one commit."""
    folder = tmp_path / "a repository"
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "Scripts")
    return folder


class TestAlone:
    def test_the_command_has_new_folders_and_nothing_of_the_environment_but_network_and_programs(
        self, tmp_path: Path
    ) -> None:
        place = tmp_path / "a place"
        done = run(
            [ALONE, place, "env"],
            tmp_path,
            XSFN_STATE_DIR="/old",
            VIRTUAL_ENV="/old",
            PYTHONPATH="/old",
            MAKEFLAGS="k",
            AWS_PROFILE="mine",
            UV_CACHE_DIR="/old",
            HTTPS_PROXY="http://proxy:3128",
            PIP_INDEX_URL="https://mirror/simple",
        )
        variables = dict(line.split("=", 1) for line in done.stdout.splitlines())

        assert (done.returncode, done.stderr) == (0, "")
        assert variables["HTTPS_PROXY"] == "http://proxy:3128"
        assert variables["PIP_INDEX_URL"] == "https://mirror/simple"
        assert not variables.keys() & {
            "XSFN_STATE_DIR", "VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS", "AWS_PROFILE", "UV_CACHE_DIR",
        }  # fmt: skip
        folders = {name for name in variables if name in ("HOME", "TMPDIR") or name.startswith("XDG_")}
        assert len(folders) == 7
        assert {Path(variables[name]).parent for name in folders} == {place}
        assert {name for name in folders if list(Path(variables[name]).iterdir())} == set()

    def test_an_active_environment_does_not_help(self, tmp_path: Path) -> None:
        """Its programs would stand in for those that the clone has to bring."""
        bin_folder = tmp_path / "venv" / "bin"
        subprocess.run(
            ["python3", "-m", "venv", "--without-pip", tmp_path / "venv"],
            check=True,
            env=os.environ | {"PATH": os.defpath},
        )
        done = run([ALONE, tmp_path / "place", "sh", "-c", "echo $PATH"], tmp_path, PATH=f"{bin_folder}:{os.defpath}")

        assert str(bin_folder) not in done.stdout.strip().split(":")

    def test_its_exit_code_is_the_commands(self, tmp_path: Path) -> None:
        assert run([ALONE, tmp_path / "place", "sh", "-c", "exit 7"], tmp_path).returncode == 7


class TestCi:
    def test_it_ends_with_what_make_test_said_and_leaves_no_folder(self, tmp_path: Path) -> None:
        """A stand-in for the Makefile: a real run is this one."""
        (tmp_path / ".ci").mkdir()
        (tmp_path / "temporary").mkdir()
        shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
        shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
        (tmp_path / "Makefile").write_text('test:\n\t@touch "$$TMPDIR/left"; echo "1 failed in 2 s"; exit 5\n')

        done = run([tmp_path / ".ci" / "run"], tmp_path, TMPDIR=str(tmp_path / "temporary"))

        assert done.stdout.splitlines()[-1] == "1 failed in 2 s"
        assert done.returncode == 2  # make's own, for a recipe that failed
        assert list((tmp_path / "temporary").iterdir()) == []


class TestVerifyClone:
    @pytest.mark.parametrize("target", ["there", "nowhere"])
    def test_a_commit_with_a_link_fails_even_where_the_link_leads_somewhere(
        self, repository: Path, tmp_path: Path, target: str
    ) -> None:
        (tmp_path / "there").mkdir()
        (repository / ".venv-site").symlink_to(tmp_path / target)
        git(repository, "add", "--force", ".venv-site")
        git(repository, "commit", "--quiet", "-m", "A link")

        told = run(["scripts/verify-clone.sh"], repository, VERIFY_IN=str(tmp_path))

        assert told.returncode == 1
        assert "tracks what is no regular file" in told.stderr
        assert told.stderr.splitlines()[-1].endswith("\t.venv-site")

    def test_any_commit_can_be_checked(self, repository: Path, tmp_path: Path) -> None:
        (repository / "link").symlink_to("scripts")
        git(repository, "add", "link")
        git(repository, "commit", "--quiet", "-m", "A link")
        git(repository, "rm", "--quiet", "link")
        git(repository, "commit", "--quiet", "-m", "No link")

        assert run(["scripts/verify-clone.sh", "HEAD~1"], repository).stderr.endswith("\tlink\n")
        assert run(["scripts/verify-clone.sh", "no-such"], repository).stderr == "There is no commit no-such here.\n"

    @pytest.mark.parametrize("leaves", ["nothing", "a name in the home", "a changed file", "words in .aws"])
    def test_what_a_run_leaves_outside_the_clone_fails_it(self, repository: Path, tmp_path: Path, leaves: str) -> None:
        """Even where it is told the home's path, which its own environment doesn't."""
        home = tmp_path / "home"
        (home / ".aws").mkdir(parents=True)
        action = {
            "nothing": 'touch "$$HOME/fine" "$$TMPDIR/fine"',
            "a name in the home": f'touch "{home}/.new"',
            "a changed file": "echo more >>Makefile",
            "words in .aws": f'sleep 1; touch "{home}/.aws/config"',
        }[leaves]
        (repository / "Makefile").write_text(f"test:\n\t@{action}\n")
        (repository / ".ci").mkdir()
        shutil.copy(ROOT / ".ci" / "run", repository / ".ci" / "run")
        git(repository, "add", ".")
        git(repository, "commit", "--quiet", "-m", "A test")
        place = tmp_path / "place"
        place.mkdir()

        done = run(["scripts/verify-clone.sh"], repository, HOME=str(home), VERIFY_IN=str(place), PLACES=str(place))

        assert (done.returncode == 0) is (leaves == "nothing"), done.stderr
        expected = {"a name in the home": "/.new", "a changed file": "Makefile", "words in .aws": "/.aws/config"}
        assert expected.get(leaves, "") in done.stderr
        assert list(place.iterdir()) == []
