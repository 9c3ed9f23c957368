"""What is built and handed out: a wheel that is whole, and works where the repository isn't."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from email.parser import Parser
from importlib.metadata import version
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.lab.classroom.opened import Room
from xsfn_helpers.cli.notebooks import FIRST, RECORD, lesson_files

ROOT = Path(__file__).parents[1]
_EXECUTE = """
import sys, nbformat, nbclient
folder, name = sys.argv[1:]
nbclient.execute(nbformat.read(f"{folder}/{name}", as_version=4), cwd=folder)
"""


def project_files() -> list[str]:
    """The files that are tracked, or will be: what Git isn't told to ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listing.split("\0") if name and (ROOT / name).is_file()]


@dataclass(frozen=True, slots=True)
class Built:
    wheel: Path
    sdist: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Built from a copy, so that nothing of an earlier build helps; the wheel is made of the sdist, as anywhere."""
    copy = tmp_path_factory.mktemp("sources") / "xsfn"
    for name in project_files():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    made = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation"], cwd=copy, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stdout + made.stderr
    (wheel,), (sdist,) = (copy / "dist").glob("*.whl"), (copy / "dist").glob("*.tar.gz")
    return Built(wheel, sdist)


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment with the wheel in it, and a folder to be in."""

    bin: Path
    folder: Path

    def run(self, *command: str) -> str:
        program = self.bin / command[0]
        done = subprocess.run(
            [str(program), *command[1:]], cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """Empty but for the wheel. Its dependencies are those of the tests' environment, whose package isn't seen."""
    folder = tmp_path_factory.mktemp("installed")
    environment = folder / "environment"
    venv.create(environment, with_pip=False, symlinks=True)
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", "--no-compile", str(built.wheel)], check=True)
    (site,) = environment.glob("lib/python*/site-packages")
    # A path that is named in a file of paths has its own such files left unread: ours names the repository.
    dependencies = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "dependencies.pth").write_text("".join(f"{path}\n" for path in dependencies))
    (folder / "elsewhere").mkdir()
    installed = Installed(environment / "bin", folder / "elsewhere")
    yield installed
    installed.run("xsfn", "sandbox", "stop")


@pytest.fixture(autouse=True, scope="module")
def nothing_names_the_repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONPATH", raising=False)
        patch.setenv("XSFN_STATE_DIR", str(tmp_path_factory.mktemp("state") / "sandbox"))
        yield


class TestContent:
    def test_the_wheel_has_every_file_of_the_package_and_the_lesson_and_nothing_else(self, built: Built) -> None:
        package = {name for name in project_files() if name.startswith("xsfn_helpers/")}
        lesson = {f"xsfn_helpers/_lesson/{name}" for name in lesson_files(ROOT)}

        with zipfile.ZipFile(built.wheel) as wheel:
            names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        assert names == package | lesson

    def test_the_sdist_has_what_is_needed_to_build_and_read_it(self, built: Built) -> None:
        with tarfile.open(built.sdist) as sdist:
            names = {name.partition("/")[2] for name in sdist.getnames()}

        wanted = {name for name in project_files() if name.startswith(("xsfn_helpers/", "notebooks/", "diagrams/"))}
        assert wanted | {"LICENSE", "README.md", "pyproject.toml", "setup.py"} <= names

    def test_it_says_what_it_is_and_under_which_licence(self, built: Built) -> None:
        with zipfile.ZipFile(built.wheel) as wheel:
            (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
            told = Parser().parsestr(wheel.read(name).decode())

        assert told["Name"] == "xsfn-helpers"
        assert told["License-Expression"] == "Apache-2.0"
        assert "lab" in (told.get_all("Provides-Extra") or [])


class TestInstalled:
    def test_the_repository_isnt_seen(self, installed: Installed) -> None:
        where = installed.run("python", "-c", "import xsfn_helpers; print(xsfn_helpers.__file__)")

        assert Path(where).is_relative_to(installed.bin.parent)

    def test_the_whole_scenario_holds(self, installed: Installed) -> None:
        assert "✗" not in installed.run("xsfn", "walkthrough")

    def test_the_page_of_a_room_is_served_with_all_it_is_made_of(self, installed: Installed) -> None:
        folder = installed.folder.parent / "room"
        folder.mkdir()
        room = Room(folder, places=2, python=str(installed.bin / "python")).start()
        try:
            with closing(urlopen(f"{room.url}/instructor", timeout=60)) as answer:
                page = answer.read().decode()
            parts = re.findall(r'(?:src|href)="(/?instructor[^"#]+)"', page)
            assert parts
            for part in parts:
                with closing(urlopen(f"{room.url}/{part.lstrip('/')}", timeout=60)) as answer:
                    assert answer.status == 200
                    assert answer.read()
        finally:
            room.close()

    def test_a_notebook_that_is_brought_along_runs(self, installed: Installed) -> None:
        pytest.importorskip("jupyterlab", reason="JupyterLab is NOT INSTALLED: pip install -e '.[lab,test]'")
        folder = installed.folder / "my lesson"
        # JupyterLab, asked for its version, says it and ends.
        told = installed.run("xsfn", "lab", "--copy-to", str(folder), "--version").splitlines()

        assert told == [f"The notebooks are in {folder}.", version("jupyterlab")]
        assert {name for name in lesson_files(ROOT) if not (folder / name).is_file()} == set()
        assert (folder / RECORD).is_file()

        installed.run("python", "-c", _EXECUTE, str(folder / "notebooks"), FIRST)


class TestVersion:
    """pyproject.toml says it, and nobody else."""

    def test_the_changelog_tells_of_it(self) -> None:
        heading = rf"^## \[{re.escape(version('xsfn-helpers'))}\] - \d{{4}}-\d\d-\d\d$"

        assert re.search(heading, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    def test_no_other_file_of_the_project_says_it(self) -> None:
        told = re.compile(rf"(?<![\d.]){re.escape(version('xsfn-helpers'))}(?![\d.])")
        programs = [
            name for name in project_files() if name.startswith(("xsfn_helpers/", "docs/", "publish/", "README"))
        ]
        texts = {name: (ROOT / name).read_bytes().decode(errors="ignore") for name in programs}

        assert [name for name, text in texts.items() if told.search(text)] == []

    def test_the_wheel_and_the_program_have_it(self, built: Built, installed: Installed) -> None:
        number = version("xsfn-helpers")

        assert built.wheel.name == f"xsfn_helpers-{number}-py3-none-any.whl"
        assert installed.run("xsfn", "--version") == f"xsfn {number}\n"
