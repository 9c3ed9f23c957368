"""What `make` does on a fresh machine: the scripts, on a machine of stand-ins that has just the named programs."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BASICS = ("cat", "cksum", "dirname", "mkdir", "mktemp", "rm", "rmdir", "sed", "sh", "tail", "tr")
# Stand-ins write down what they were asked.
LOG = 'echo "$(basename "$0") $*" >>"$LOG"'


@dataclass(frozen=True, slots=True)
class Machine:
    """A folder with the repository's setup files, and a PATH with nothing on it but what is added."""

    folder: Path

    @property
    def project(self) -> Path:
        return self.folder / "my project"

    @property
    def log(self) -> list[str]:
        """What the stand-ins were asked, in order."""
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []

    def add(self, name: str, script: str) -> Machine:
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return self

    def add_python(self, version: str, *, venv: bool = True) -> Machine:
        """A `python3` that tells its version, and whose venv has a Python that only writes down what it is asked."""
        suitable = int(tuple(map(int, version.split("."))) < (3, 11))
        return self.add(
            "python3",
            f"""case "$*" in
                --version) echo "Python {version}" ;;
                *"version_info <"*) exit {suitable} ;;
                *ensurepip*) exit {int(not venv)} ;;
                *"print("*) echo "python{version.rpartition(".")[0]}-venv" ;;
                "-m venv"*) make-environment "$4" ;;
            esac""",
        )

    def run(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        variables = {"PATH": str(self.folder / "bin"), "LOG": str(self.folder / "log"), **environment}
        command = [str(self.project / "scripts" / script), *arguments]
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with the basics of a POSIX system, an ordinary user, no Python and no package manager."""
    machine = Machine(tmp_path)
    shutil.copytree(ROOT / "scripts", machine.project / "scripts")
    shutil.copytree(ROOT / "locks", machine.project / "locks")
    for name in ("pyproject.toml", "environment.yml"):
        shutil.copy(ROOT / name, machine.project)
    (tmp_path / "bin").mkdir()
    for name in (*BASICS, "basename", "chmod", "cp"):
        found = shutil.which(name)
        assert found
        (tmp_path / "bin" / name).symlink_to(found)
    machine.add("id", "echo 1000")
    machine.add("uname", "echo Linux")
    python_of_venv = f'#!/bin/sh\n[ "$1" != -m ] || {LOG}\n'
    machine.add(
        "make-environment",
        f'mkdir -p "$1/bin" && cat >"$1/bin/python" <<\'E\'\n{python_of_venv}E\nchmod +x "$1/bin/python"',
    )
    return machine


def on_a_terminal(machine: Machine, script: str, *arguments: str) -> tuple[int, str]:
    """Run a script whose output somebody watches: its exit code, and all that the terminal was sent."""
    ours, theirs = pty.openpty()
    variables = {"PATH": str(machine.folder / "bin"), "LOG": str(machine.folder / "log")}
    command = [str(machine.project / "scripts" / script), *arguments]
    with subprocess.Popen(command, env=variables, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return process.returncode, shown.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # as Linux says that the other end is closed
        return b""


class TestEnvironment:
    PIP = "python -m pip install --disable-pip-version-check --no-input -qq"

    def installed(self, *locks: str) -> list[str]:
        """What pip is asked where uv can't be had: for it, for what each lock names, and for the kit alone."""
        each = (
            "--require-hashes -r locks/uv.txt",
            "--require-hashes -r locks/{}.txt",
            "--no-deps --no-build-isolation --editable .",
        )
        return [f"{self.PIP} {asked.format(lock)}" for lock in locks for asked in each]

    def test_venv_and_packages_on_the_first_run_and_nothing_on_the_second(self, machine: Machine) -> None:
        machine.add_python("3.11.4")

        first = machine.run("environment.sh", "lab,test")
        second = machine.run("environment.sh", "lab,test")

        assert (first.returncode, first.stderr) == (0, "")
        assert len(first.stdout.splitlines()) == 2
        assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
        assert machine.log == self.installed("test")

    @pytest.mark.parametrize(
        ("extras", "lock"),
        [("lab", "lab"), ("lab,hub", "hub"), ("lab,lite", "lite"), ("lab,test,hub,lite", "test"), ("site", "site")],
    )
    def test_each_environment_has_its_lock(self, machine: Machine, extras: str, lock: str) -> None:
        machine.add_python("3.11.4").run("environment.sh", extras)

        assert machine.log == self.installed(lock)

    def test_whoever_wants_newer_packages_gets_them_and_the_tested_ones_again_afterwards(
        self, machine: Machine
    ) -> None:
        machine.add_python("3.11.4").run("environment.sh", "lab")

        machine.run("environment.sh", "lab", LOCKED="no", USE_UV="no")
        newer = machine.log[3:]
        machine.run("environment.sh", "lab")

        assert newer == [f"{self.PIP} --upgrade --editable .[lab]"]
        assert machine.log[4:] == self.installed("lab")

    @pytest.mark.parametrize("works", [True, False])
    def test_somebody_who_watches_sees_it_go_on(self, machine: Machine, works: bool) -> None:
        machine.add_python("3.11.4").run("environment.sh", "lab")
        (machine.project / ".venv" / ".installed-lab").unlink()
        (machine.folder / "bin" / "awk").symlink_to(shutil.which("awk") or "")
        ended = "echo Successfully installed; exit 0" if works else "echo ERROR: No matching distribution; exit 1"
        told = """case "$*" in *install*)
            echo "Collecting boto3>=1.40 (from xsfn-helpers)"; echo "Collecting moto[stepfunctions]==5.2.5"
            echo "Installing collected packages: moto, boto3, xsfn-helpers"
            """
        python = machine.project / ".venv" / "bin" / "python"
        python.write_text(f"#!/bin/sh\n{told}{ended} ;; esac\n")

        code, shown = on_a_terminal(machine, "environment.sh", "lab")

        assert "1 packages found, now boto3\r" in shown.replace("\033[K  ", "")
        assert "now moto\r" in shown
        assert "installing 3 packages" in shown
        assert code == (0 if works else 1)
        assert ("ERROR: No matching distribution" in shown) is not works
        assert (machine.project / ".venv" / ".installed-lab").exists() is works

    def test_where_there_is_a_wheelhouse_the_lab_takes_packages_from_it_alone(self, machine: Machine) -> None:
        """A room without internet: `make wheelhouse` was called elsewhere."""
        machine.add_python("3.11.4").run("environment.sh", "lab")
        python = machine.project / ".venv" / "bin" / "python"
        told = """case "$*" in *install*) echo "$PIP_NO_INDEX:$PIP_FIND_LINKS" >>"$LOG" ;; esac\n"""
        python.write_text(python.read_text() + told)
        (machine.project / ".venv" / ".installed-lab").unlink()
        (machine.project / "wheelhouse").mkdir()

        lab = machine.run("environment.sh", "lab")
        machine.run("environment.sh", "lab,test")

        assert "from wheelhouse/ alone" in lab.stdout
        assert [line for line in machine.log if ":" in line] == ["1:wheelhouse"] * 3 + [":"] * 3

    def test_uv_installs_where_it_is_there(self, machine: Machine) -> None:
        machine.add("uv", LOG).add_python("3.11.4")

        made = machine.run("environment.sh", "lab")

        assert (made.returncode, made.stderr) == (0, "")
        assert machine.log == [
            "python -m pip config list",
            "uv pip install --python .venv/bin/python --quiet --require-hashes -r locks/lab.txt",
            "uv pip install --python .venv/bin/python --quiet --no-deps --no-build-isolation --editable .",
        ]

    def test_uv_goes_where_pip_would_and_keeps_what_the_reader_set_for_it(self, machine: Machine) -> None:
        """An index that only pip's settings name, as behind a company's mirror, isn't bypassed."""
        named = ("DEFAULT_INDEX", "INDEX", "FIND_LINKS", "INSECURE_HOST")
        told = "; ".join(f'echo "{name}=$UV_{name}" >>"$LOG"' for name in named)
        machine.add("uv", f'{told}; echo "CERT=$SSL_CERT_FILE" >>"$LOG"')
        machine.add_python("3.11.4").run("environment.sh", "lab", USE_UV="no")
        settings = machine.folder / "settings"
        settings.write_text(
            ":env:.index-url='https://mirror/its'\n"
            "global.index-url='https://elsewhere/simple'\n"
            "global.extra-index-url='\\nhttps://one/simple\\nhttps://two/simple'\n"
            "global.find-links='here there'\n"
            "global.cert='/own certificates.pem'\n"
            "install.trusted-host='mirror'\n"
        )
        python = machine.project / ".venv" / "bin" / "python"
        python.write_text(f"#!/bin/sh\n[ \"$3\" != config ] || cat '{settings}'\n")
        (machine.project / ".venv" / ".installed-lab").unlink()
        before = len(machine.log)

        machine.run("environment.sh", "lab", UV_INSECURE_HOST="mine")

        assert machine.log[before : before + 5] == [
            "DEFAULT_INDEX=https://mirror/its",
            "INDEX=https://one/simple https://two/simple",
            "FIND_LINKS=here,there",
            "INSECURE_HOST=mine",
            "CERT=/own certificates.pem",
        ]

    def test_uv_too_takes_packages_from_a_wheelhouse_alone(self, machine: Machine) -> None:
        machine.add_python("3.11.4").run("environment.sh", "lab", USE_UV="no")
        machine.add("uv", f'{LOG}; echo "from $UV_FIND_LINKS" >>"$LOG"')
        python = machine.project / ".venv" / "bin" / "python"
        python.write_text('#!/bin/sh\n[ "$3" != config ] || echo ":env:.no-index=\'$PIP_NO_INDEX\'"\n')
        (machine.project / ".venv" / ".installed-lab").unlink()
        (machine.project / "wheelhouse").mkdir()
        before = len(machine.log)

        made = machine.run("environment.sh", "lab", UV_FIND_LINKS="elsewhere")

        assert (made.returncode, made.stderr) == (0, "")
        assert machine.log[before:] == [
            "uv pip install --python .venv/bin/python --no-index --quiet --require-hashes -r locks/lab.txt",
            "from wheelhouse",
            "uv pip install --python .venv/bin/python --no-index --quiet --no-deps --no-build-isolation --editable .",
            "from wheelhouse",
        ]

    def test_where_uv_fails_pip_installs(self, machine: Machine) -> None:
        machine.add("uv", "echo no such index >&2; exit 2").add_python("3.11.4")

        made = machine.run("environment.sh", "lab")

        assert made.returncode == 0
        assert made.stderr == "no such index\nWARNING: uv couldn't install the packages, so pip tries …\n"
        assert machine.log[1:] == self.installed("lab")[1:]

    def test_what_test_installed_is_enough_for_lab(self, machine: Machine) -> None:
        machine.add_python("3.11.4").run("environment.sh", "lab,test")

        assert machine.run("environment.sh", "lab").stdout == ""
        assert machine.log == self.installed("test")

    def test_a_changed_pyproject_installs_again_into_the_same_environment(self, machine: Machine) -> None:
        machine.add_python("3.11.4").run("environment.sh", "lab,test")
        with (machine.project / "pyproject.toml").open("a") as file:
            file.write("# changed\n")

        again = machine.run("environment.sh", "lab,test")

        assert machine.log == self.installed("test", "test")
        assert "Making" not in again.stdout

    def test_a_moved_folder_installs_again(self, machine: Machine) -> None:
        """An editable install points at the folder it was made in."""
        machine.add_python("3.11.4").run("environment.sh", "lab,test")
        moved = machine.folder / "elsewhere"
        machine.project.rename(moved)

        subprocess.run(
            [moved / "scripts" / "environment.sh", "lab,test"],
            env={"PATH": str(machine.folder / "bin"), "LOG": str(machine.folder / "log")},
            check=True,
            capture_output=True,
        )

        assert machine.log == self.installed("test", "test")

    def test_a_failed_install_is_tried_again(self, machine: Machine) -> None:
        machine.add_python("3.11.4")
        machine.run("environment.sh", "lab")
        python = machine.project / ".venv" / "bin" / "python"
        works = python.read_text()
        python.write_text('#!/bin/sh\n[ "$1" != -m ] || exit 1\n')

        failed = machine.run("environment.sh", "lab,test")
        python.write_text(works)
        again = machine.run("environment.sh", "lab,test")

        assert failed.returncode == 1
        assert failed.stderr.startswith("The packages couldn't be installed")
        assert again.returncode == 0
        assert machine.log[-3:] == self.installed("test")

    @pytest.mark.parametrize("version", ["3.10.14", "2.7.18"])
    def test_an_old_python_is_told_in_one_line(self, machine: Machine, version: str) -> None:
        told = machine.add_python(version).run("environment.sh", "lab")

        assert told.returncode == 1
        assert told.stderr.splitlines() == [
            f"xsfn needs Python 3.11 or newer (found: Python {version}). "
            "Install one, or name it: make PYTHON=/path/to/python3.12 …"
        ]

    def test_the_oldest_python_is_the_one_that_pyproject_names(self) -> None:
        requires = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
        script = (ROOT / "scripts" / "environment.sh").read_text(encoding="utf-8")

        assert f"sys.version_info < ({requires.removeprefix('>=').replace('.', ', ')})" in script
        assert f"Python {requires.removeprefix('>=')} or newer" in script

    def test_no_python_is_told_in_one_line(self, machine: Machine) -> None:
        told = machine.run("environment.sh", "lab")

        assert told.returncode == 1
        assert told.stderr.startswith("xsfn needs Python 3.11 or newer (found: no python3).")
        assert len(told.stderr.splitlines()) == 1

    def test_a_newer_python_beside_an_old_python3_is_found(self, machine: Machine) -> None:
        machine.add_python("3.12.1")
        (machine.folder / "bin" / "python3").rename(machine.folder / "bin" / "python3.12")

        made = machine.add_python("3.9.2").run("environment.sh", "lab")

        assert made.returncode == 0
        assert "with Python 3.12.1" in made.stdout

    def test_the_named_python_is_taken_or_refused(self, machine: Machine) -> None:
        told = machine.add_python("3.12.1").run("environment.sh", "lab", PYTHON="/no such/python")

        assert told.returncode == 1
        assert "(found: no /no such/python)" in told.stderr

    def test_a_python_without_venv_is_told_in_one_line(self, machine: Machine) -> None:
        told = machine.add_python("3.11.2", venv=False).run("environment.sh", "lab")

        assert told.returncode == 1
        assert told.stderr.splitlines() == [
            "python3 has no venv module with pip. Type this, then make again: "
            "install python3.11-venv with your system's package manager"
        ]

    def test_venv_is_brought_where_that_is_allowed(self, machine: Machine) -> None:
        machine.add("id", "echo 0").add("apt-get", LOG).add_python("3.11.2", venv=False)

        machine.run("environment.sh", "lab")

        assert "apt-get install -y -qq python3.11-venv" in machine.log

    @pytest.mark.parametrize(
        ("tool", "create"), [("conda", "env create"), ("mamba", "env create"), ("micromamba", "create")]
    )
    def test_conda_makes_the_environment_where_it_is_there(self, machine: Machine, tool: str, create: str) -> None:
        machine.add(tool, f"{LOG}\nmake-environment .conda")

        first = machine.run("environment.sh", "lab,test", CONDA_TOOL=tool)
        second = machine.run("environment.sh", "lab,test", CONDA_TOOL=tool)

        assert (first.returncode, first.stderr) == (0, "")
        assert (second.returncode, second.stdout) == (0, "")
        assert machine.log == [
            f"{tool} {create} --quiet --prefix ./.conda --file environment.yml",
            *self.installed("test"),
        ]

    def test_a_changed_environment_yml_makes_it_anew(self, machine: Machine) -> None:
        machine.add("conda", f"{LOG}\nmake-environment .conda").run("environment.sh", "lab", CONDA_TOOL="conda")
        with (machine.project / "environment.yml").open("a") as file:
            file.write("# changed\n")

        machine.run("environment.sh", "lab", CONDA_TOOL="conda")

        assert sum(line.startswith("conda ") for line in machine.log) == 2

    def test_a_conda_that_fails_tells_the_other_way(self, machine: Machine) -> None:
        told = machine.add("conda", "exit 1").run("environment.sh", "lab", CONDA_TOOL="conda")

        assert told.returncode == 1
        assert "make USE_CONDA=no" in told.stderr


class TestPlace:
    """What lies where the environment goes: ours is re-created, a reader's own stays."""

    @pytest.fixture(autouse=True)
    def python(self, machine: Machine) -> None:
        machine.add_python("3.11.4")

    @pytest.mark.parametrize("name", [".venv", ".venv-site"])
    def test_a_link_to_nothing_gives_way(self, machine: Machine, name: str) -> None:
        (machine.project / name).symlink_to(machine.folder / "another machine's")

        made = machine.run("environment.sh", "lab", VENV=name)

        assert (made.returncode, made.stderr) == (0, "")
        assert made.stdout.startswith(f"{name} was a link to a folder that isn't there: removed.\n")
        assert (machine.project / name / "bin" / "python").exists()
        assert not (machine.project / name).is_symlink()

    def test_a_link_to_something_else_is_left_with_what_it_leads_to(self, machine: Machine) -> None:
        theirs = machine.folder / "theirs"
        theirs.mkdir()
        (theirs / "letter.txt").write_text("mine")
        (machine.project / ".venv").symlink_to(theirs)

        told = machine.run("environment.sh", "lab")

        assert (told.returncode, told.stdout) == (1, "")
        assert told.stderr.splitlines() == [
            ".venv is a link, and where it leads is no working environment. Remove the link, then make again."
        ]
        assert (theirs / "letter.txt").read_text() == "mine"
        assert (machine.project / ".venv").is_symlink()

    def test_a_link_to_a_working_environment_is_the_readers_choice(self, machine: Machine) -> None:
        machine.run("environment.sh", "lab")
        (machine.project / ".venv").rename(machine.folder / "large disk")
        (machine.project / ".venv").symlink_to(machine.folder / "large disk")

        assert machine.run("environment.sh", "lab").stdout == ""

    @pytest.mark.parametrize("kind", ["file", "folder"])
    def test_a_readers_own_file_or_folder_is_left(self, machine: Machine, kind: str) -> None:
        place = machine.project / ".venv"
        mine = place
        if kind == "folder":
            place.mkdir()
            mine = place / "letter.txt"
        mine.write_text("mine")

        told = machine.run("environment.sh", "lab")

        assert (told.returncode, told.stdout) == (1, "")
        assert len(told.stderr.splitlines()) == 1
        assert told.stderr.startswith(f".venv is a {kind}")
        assert "Move it away, then make again" in told.stderr
        assert mine.read_text() == "mine"

    @pytest.mark.parametrize("left", ["", "bin/", "pyvenv.cfg", "conda-meta/"])
    def test_what_a_stopped_run_left_is_made_anew(self, machine: Machine, left: str) -> None:
        place = machine.project / ".venv"
        if left.endswith("/") or not left:
            (place / left).mkdir(parents=True)
        else:
            place.mkdir()
            (place / left).touch()

        made = machine.run("environment.sh", "lab")

        assert (made.returncode, made.stderr) == (0, "")
        assert made.stdout.startswith("Making the environment in .venv")

    def test_an_environment_without_pip_was_stopped_before_its_end(self, machine: Machine) -> None:
        python = machine.project / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text('#!/bin/sh\ncase "$*" in *pip*) exit 1 ;; esac\n')
        python.chmod(0o755)

        made = machine.run("environment.sh", "lab")

        assert made.returncode == 0
        assert made.stdout.startswith("Making the environment in .venv")

    def test_conda_is_told_as_well(self, machine: Machine) -> None:
        (machine.project / ".conda").write_text("mine")

        told = machine.add("conda", LOG).run("environment.sh", "lab", CONDA_TOOL="conda")

        assert told.returncode == 1
        assert told.stderr.startswith(".conda is a file.")
        assert machine.log == []


class TestGraphviz:
    """`dot` from the system where allowed, else pygraphviz; a missing picture never stops anybody."""

    @pytest.fixture(autouse=True)
    def environment(self, machine: Machine) -> None:
        machine.add_python("3.11.4").run("environment.sh", "lab")

    def set_python(self, machine: Machine, *, pygraphviz_works: bool) -> None:
        script = f'#!/bin/sh\n{LOG}\ncase "$*" in *"import pygraphviz"*) exit {int(not pygraphviz_works)} ;; esac\n'
        (machine.project / ".venv" / "bin" / "python").write_text(script)

    def installs(self, machine: Machine) -> int:
        return sum(line.endswith("--require-hashes --no-deps -r locks/render.txt") for line in machine.log)

    def test_nothing_to_do_where_dot_is_there(self, machine: Machine) -> None:
        done = machine.add("dot", "exit 0").run("graphviz.sh", ".venv")

        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert self.installs(machine) == 0

    def test_root_gets_it_from_the_system(self, machine: Machine) -> None:
        installs_dot = 'cp "$0" "$(dirname "$0")/dot"'
        machine.add("id", "echo 0").add("apt-get", f'{LOG}\n[ "$1" = update ] || {installs_dot}')

        done = machine.run("graphviz.sh", ".venv")

        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == "Installing graphviz with apt-get …\n"
        assert "apt-get install -y -qq graphviz" in machine.log
        assert self.installs(machine) == 0

    def test_an_ordinary_user_gets_the_wheel_that_carries_it(self, machine: Machine) -> None:
        self.set_python(machine, pygraphviz_works=True)
        machine.add("apt-get", LOG)

        done = machine.run("graphviz.sh", ".venv")

        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "Graphviz's dot isn't installed: pygraphviz draws the diagrams instead.\n"
        assert self.installs(machine) == 1
        assert not [line for line in machine.log if line.startswith("apt-get")]

    @pytest.mark.parametrize(
        ("manager", "command"),
        [
            ("apt-get", "sudo apt-get install graphviz"),
            ("dnf", "sudo dnf install graphviz"),
            ("apk", "sudo apk add graphviz"),
        ],
    )
    def test_without_either_it_says_what_to_type_in_one_line_each_time_and_tries_once(
        self, machine: Machine, manager: str, command: str
    ) -> None:
        self.set_python(machine, pygraphviz_works=False)
        machine.add(manager, LOG)

        first = machine.run("graphviz.sh", ".venv")
        second = machine.run("graphviz.sh", ".venv")

        assert (first.returncode, first.stderr) == (0, "")
        assert first.stdout == f"Graphviz isn't installed: diagrams show as text. For pictures, type: {command}\n"
        assert second.stdout == first.stdout
        assert self.installs(machine) == 1
        assert "python -m pip uninstall -qq --yes pygraphviz" in machine.log

    def test_a_package_manager_that_fails_does_not_stop_anybody(self, machine: Machine) -> None:
        self.set_python(machine, pygraphviz_works=True)
        machine.add("id", "echo 0").add("apt-get", "echo no network; exit 100")

        done = machine.run("graphviz.sh", ".venv")

        assert done.returncode == 0
        assert done.stderr == "Installing graphviz with apt-get …\nno network\n"
        assert "pygraphviz draws the diagrams" in done.stdout

    def test_homebrew_needs_no_password(self, machine: Machine) -> None:
        machine.add("brew", LOG).run("graphviz.sh", ".venv")

        assert "brew install --quiet graphviz" in machine.log


class TestLab:
    def test_the_program_starts_it_with_the_readers_own_options(self, machine: Machine) -> None:
        machine.add("python", 'echo "$PWD: $*"')

        given = machine.run("lab.sh", str(machine.folder / "bin" / "python"), "--port", "9999").stdout

        assert given == f"{machine.project}: -m xsfn_helpers lab --port 9999\n"


class TestChromium:
    """A browser for the tests from the system where allowed; a missing one never stops anybody."""

    @pytest.fixture(autouse=True)
    def environment(self, machine: Machine) -> None:
        machine.add_python("3.11.4").run("environment.sh", "lab")

    @pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"])
    def test_nothing_to_do_where_one_is_there(self, machine: Machine, name: str) -> None:
        done = machine.add(name, "exit 0").add("id", "echo 0").add("apt-get", LOG).run("chromium.sh", ".venv")

        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert not [line for line in machine.log if line.startswith("apt-get")]

    def test_root_gets_it_from_the_system(self, machine: Machine) -> None:
        installs_it = 'cp "$0" "$(dirname "$0")/chromium"'
        machine.add("id", "echo 0").add("apt-get", f'{LOG}\n[ "$1" = update ] || {installs_it}')

        done = machine.run("chromium.sh", ".venv")

        assert (done.returncode, done.stdout, done.stderr) == (0, "", "Installing chromium with apt-get …\n")
        assert "apt-get install -y -qq chromium" in machine.log

    def test_others_are_told_what_to_type_each_time_and_it_is_tried_once(self, machine: Machine) -> None:
        machine.add("apt-get", LOG)

        first = machine.run("chromium.sh", ".venv")
        second = machine.run("chromium.sh", ".venv")

        assert (first.returncode, first.stderr) == (0, "")
        assert first.stdout == (
            "No Chromium or Chrome is installed: the browser tests are skipped. "
            "To run them, type: sudo apt-get install chromium\n"
        )
        assert second.stdout == first.stdout
        assert not [line for line in machine.log if line.startswith("apt-get")]

    def test_a_mac_is_told_to_get_chrome_and_nothing_is_installed_on_it(self, machine: Machine) -> None:
        machine.add("uname", "echo Darwin").add("brew", LOG)

        done = machine.run("chromium.sh", ".venv")

        assert done.stdout.endswith("To run them, install Google Chrome\n")
        assert not [line for line in machine.log if line.startswith("brew")]


class TestFonts:
    """A Japanese font for photographs and prints, from the system where allowed; a missing one stops nobody."""

    @pytest.fixture(autouse=True)
    def environment(self, machine: Machine) -> None:
        machine.add_python("3.11.4").run("environment.sh", "lab")
        machine.add("fc-list", '[ ! -e "$(dirname "$0")/font" ] || echo "IPAexGothic"')

    def test_nothing_to_do_where_one_is_there(self, machine: Machine) -> None:
        machine.add("font", "").add("id", "echo 0").add("apt-get", LOG)

        done = machine.run("fonts.sh", ".venv")

        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert not [line for line in machine.log if line.startswith("apt-get")]

    def test_root_gets_it_from_the_system(self, machine: Machine) -> None:
        installs_it = 'cp "$0" "$(dirname "$0")/font"'
        machine.add("id", "echo 0").add("apt-get", f'{LOG}\n[ "$1" = update ] || {installs_it}')

        done = machine.run("fonts.sh", ".venv")

        installing = "Installing fonts-ipaexfont-gothic with apt-get …\n"
        assert (done.returncode, done.stdout, done.stderr) == (0, "", installing)
        assert "apt-get install -y -qq fonts-ipaexfont-gothic" in machine.log

    def test_others_are_told_what_to_type_each_time_and_it_is_tried_once(self, machine: Machine) -> None:
        machine.add("apt-get", LOG)

        first = machine.run("fonts.sh", ".venv")
        second = machine.run("fonts.sh", ".venv")

        assert (first.returncode, first.stderr) == (0, "")
        assert first.stdout.endswith("To have one, type: sudo apt-get install fonts-ipaexfont-gothic\n")
        assert second.stdout == first.stdout
        assert not [line for line in machine.log if line.startswith("apt-get")]

    def test_a_mac_has_one(self, machine: Machine) -> None:
        done = machine.add("uname", "echo Darwin").add("brew", LOG).run("fonts.sh", ".venv")

        assert (done.returncode, done.stdout) == (0, "")
        assert not [line for line in machine.log if line.startswith("brew")]
