"""The repository's own promises: one dependency list, a helpful Makefile, the import rules, no traces of a machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "xsfn_helpers"
TARGETS = ("help", "lab", "test", "notebooks", "walkthrough", "bench", "diagrams", "lint", "clean")
# The rooms, from the cellar up. A room imports from those below it; rooms of one floor don't know each other.
LAYERS = (
    ("common",),
    ("iam",),
    ("asl",),  # what a task asks for is told in IAM's actions
    ("chain", "sandbox"),
    ("aws",),
    ("deployment",),
    ("display",),
    ("lab",),
    ("cli",),
)
FLOOR = {room: floor for floor, rooms in enumerate(LAYERS) for room in rooms}
# Rooms that only think: no AWS client, no sandbox, nothing to show.
PURE = ("common", "iam", "asl", "chain")
IMPURE = {"boto3", "botocore", "moto", "ipywidgets", "IPython", "graphviz", "waitress", "werkzeug"}
# Rooms that can be used without the others, but for these.
ALONE = {
    "iam": {"common"},
    "asl": {"common", "iam"},
    "chain": {"common", "iam", "asl"},
    "sandbox": {"common", "iam", "asl"},
}
MOST_MODULES = 24
# In a process of its own: imports every module of a room, and denies whatever is of another.
BY_ITSELF = """
import importlib, pkgutil, sys

room, *allowed = sys.argv[1:]

class Refusing:
    def find_spec(self, name, path=None, target=None):
        parts = name.split(".")
        if parts[0] == "xsfn_helpers" and len(parts) > 1 and parts[1] not in {room, *allowed}:
            raise ImportError(f"{name} is another room")

sys.meta_path.insert(0, Refusing())
package = importlib.import_module(f"xsfn_helpers.{room}")
names = [found.name for found in pkgutil.walk_packages(package.__path__, f"xsfn_helpers.{room}.")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(len(names))
"""
# Public names of classes with two meanings; the list only gets shorter.
TWO_MEANINGS = {
    "Service": 2,
    "StoredMachine": 2,
    "StoredRole": 2,
}


def git(*arguments: str, folder: Path = ROOT) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


def tracked_files(folder: Path = ROOT) -> list[Path]:
    """Every tracked file. One that isn't there, or is none to read, is no reason to look away: it fails, by name."""
    paths = [folder / name for name in git("ls-files", "-z", folder=folder).split("\0") if name]
    strange = [str(path.relative_to(folder)) for path in paths if path.is_symlink() or not path.is_file()]
    if strange:
        raise AssertionError(f"tracked, but no files that can be read: {', '.join(strange)}")
    return paths


def texts() -> list[Path]:
    """The tracked files that hold words, told apart as Git does: a picture's bytes may look like words by chance."""
    return [path for path in tracked_files() if b"\0" not in path.read_bytes()[:8000]]


def modules(*places: str) -> list[Path]:
    """The Python files at these places of the package: files, or folders with all below."""
    paths = [PACKAGE / place for place in places]
    return [found for path in paths for found in ([path] if path.is_file() else sorted(path.rglob("*.py")))]


def imports(path: Path, *, lazily: bool = True) -> set[str]:
    """The modules that a file imports, in full; with `lazily=False`, only those it imports when it is loaded."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = ".".join(path.relative_to(ROOT).parent.parts)
    found = set()
    for node in ast.walk(tree) if lazily else tree.body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([package, *filter(None, [node.module])]) if node.level else str(node.module)
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return found


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


class TestDependencies:
    """pyproject.toml is the one list."""

    def test_environment_yml_brings_what_pip_cannot_and_nothing_that_a_lock_names(self) -> None:
        environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
        packages = {re.split(r"[ =<>]", package)[0] for package in environment["dependencies"]}

        assert packages == {"python", "pip", "graphviz", "nodejs"}

    @pytest.mark.parametrize("place", ["postBuild", ".devcontainer/devcontainer.json"])
    def test_set_ups_of_others_install_the_locked_packages(self, place: str) -> None:
        """Binder's and Codespaces': what `make` does, in two lines of pip."""
        installs = re.findall(r"pip install --quiet ([^&\n\"]+)", (ROOT / place).read_text(encoding="utf-8"))
        lock, itself = (line.strip() for line in installs)

        assert re.fullmatch(r"--require-hashes -r locks/(lab|test)\.txt", lock)
        assert itself == "--no-deps --no-build-isolation --editable ."

    def test_its_extras_exist(self) -> None:
        assert {"lab", "test", "render"} <= set(pyproject()["project"]["optional-dependencies"])

    def test_its_python_is_one_the_package_takes(self) -> None:
        """Binder reads the version only in the form `python=3.12`."""
        text = (ROOT / "environment.yml").read_text(encoding="utf-8")
        (version,) = re.findall(r"^  - python=3\.(\d+)$", text, re.MULTILINE)
        (least,) = re.findall(r"^>=3\.(\d+)$", pyproject()["project"]["requires-python"])

        assert int(version) >= int(least)


class TestMakefile:
    def test_help_is_what_a_bare_make_prints_and_lists_every_target(self) -> None:
        command = ["make", "--no-print-directory"]  # a make that runs inside another says where it is
        printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        rules = re.findall(r"^([a-z-]+):(?!=)(.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        public = [name for name, rest in rules if not name.startswith("for-")]

        assert set(TARGETS) <= set(public)
        assert [line.split()[0] for line in printed.splitlines()[1:]] == public
        assert all(len(line.split(maxsplit=1)) == 2 for line in printed.splitlines()[1:])

    def test_ci_calls_it(self) -> None:
        runner = ROOT / ".ci" / "run"

        assert "make test" in runner.read_text(encoding="utf-8")
        assert runner.stat().st_mode & 0o111

    @pytest.mark.parametrize("script", sorted((ROOT / "scripts").glob("*.sh")), ids=lambda path: path.name)
    def test_scripts_are_plain_sh(self, script: Path) -> None:
        """A fresh machine may have no other shell; bash here would also take what dash denies."""
        checked = subprocess.run(["sh", "-n", str(script)], capture_output=True, text=True, check=False)

        assert (checked.returncode, checked.stderr) == (0, "")
        assert script.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
        assert script.stat().st_mode & 0o111


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def house() -> dict[str, Path]:
    """The package's own modules, by name; programs that are handed out are none of them."""
    return {module_name(path): path for path in modules(".") if "files" not in path.relative_to(PACKAGE).parts}


def arrows() -> dict[str, set[str]]:
    """Which module imports which, lazily and for type checkers included."""
    known = house()
    graph: dict[str, set[str]] = {}
    for name, path in known.items():
        found = imports(path) & known.keys()
        # `from a.b import c` is an arrow to the module c where there is one, else to a.b.
        exact = {one for one in found if not any(other.startswith(f"{one}.") for other in found)}
        named = {base for base in found - exact if takes_a_name_of(path, base)}
        graph[name] = (exact | named) - {name, "xsfn_helpers"}
    return graph


def takes_a_name_of(path: Path, module: str) -> bool:
    """Whether a file takes something of `module` itself, not only modules that lie in it."""
    known = house()
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == module
        and any(f"{module}.{alias.name}" not in known for alias in node.names)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def public_classes() -> dict[str, set[str]]:
    """The rooms' public classes: in which modules each name is one."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, path in house().items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].add(name)
    return found


class TestTheHouse:
    """Ten rooms on nine floors: where something belongs can be told from what it may import."""

    def test_the_root_holds_the_rooms_and_nothing_else(self) -> None:
        names = {path.relative_to(PACKAGE).parts[0] for path in tracked_files() if path.is_relative_to(PACKAGE)}

        assert names == {*FLOOR, "__init__.py", "__main__.py"}

    def test_a_room_imports_from_below_only(self) -> None:
        """Lazy imports and those for type checkers count: what they name is known, whenever it is loaded."""
        wrong = {
            f"{name} → {one}"
            for name, some in arrows().items()
            for one in some
            if room_of(name) in FLOOR
            and room_of(one) in FLOOR
            and room_of(name) != room_of(one)
            and FLOOR[room_of(one)] >= FLOOR[room_of(name)]
        }

        assert wrong == set()

    def test_there_are_no_circles(self) -> None:
        """Ends with `CycleError`, which names the circle, where there is one."""
        assert list(TopologicalSorter(arrows()).static_order())

    @pytest.mark.parametrize("path", modules(*PURE), ids=lambda path: str(path.relative_to(PACKAGE)))
    def test_pure_rooms_import_no_aws_client_and_nothing_to_show(self, path: Path) -> None:
        assert {name.partition(".")[0] for name in imports(path)} & IMPURE == set()

    def test_only_the_bridge_knows_moto(self) -> None:
        """What moto moves is then mended in one place."""
        knowing = {
            path.relative_to(PACKAGE).as_posix()
            for path in modules(".")
            if any(name.partition(".")[0] == "moto" for name in imports(path))
        }

        assert knowing
        assert {name for name in knowing if not name.startswith("sandbox/moto_bridge")} == set()

    @pytest.mark.parametrize("room", ALONE)
    def test_a_room_alone(self, room: str) -> None:
        """Whoever wants just the engine, say, takes what it stands on and leaves the rest."""
        done = subprocess.run(
            [sys.executable, "-c", BY_ITSELF, room, *ALONE[room]], capture_output=True, text=True, check=False
        )

        assert done.returncode == 0, done.stderr
        assert int(done.stdout) > 0

    def test_pictures_are_loaded_when_shown(self) -> None:
        """A test or a command line run that shows nothing loads no widgets and no graphviz."""
        eager = {
            path.relative_to(PACKAGE).as_posix()
            for path in modules(".")
            if "display" not in path.relative_to(PACKAGE).parts
            and any(name.startswith("xsfn_helpers.display") for name in imports(path, lazily=False))
        }

        assert eager == set()

    def test_no_folder_has_more_modules_than_one_looks_through(self) -> None:
        count = Counter(path.parent for path in house().values())

        assert {str(folder.relative_to(ROOT)): n for folder, n in count.items() if n > MOST_MODULES} == {}

    def test_no_two_classes_share_a_public_name(self) -> None:
        twice = {name: len(some) for name, some in public_classes().items() if len(some) > 1}

        assert twice == TWO_MEANINGS


class TestNoTraces:
    """What is shipped means something on every machine."""

    def test_no_tracked_file_names_a_path_of_the_machine_it_was_made_on(self) -> None:
        homes = re.compile(
            rb"(?<![\w.$-])/(?:root|home/\w+|Users/\w+)/|" + re.escape(str(ROOT).encode()) + rb"(?![\w-])"
        )

        assert {path.name for path in tracked_files() if homes.search(path.read_bytes())} == set()

    def test_nothing_is_left_to_do(self) -> None:
        marker = re.compile(rb"\b(?:TODO|FIXME|XXX)\b")

        assert {path.name for path in texts() if path != Path(__file__) and marker.search(path.read_bytes())} == set()

    def test_the_licence_is_the_one_that_pyproject_names(self) -> None:
        licence = (ROOT / "LICENSE").read_text(encoding="utf-8")

        assert pyproject()["project"]["license"] == "Apache-2.0"
        assert "Apache License\n                           Version 2.0, January 2004" in licence
        assert "END OF TERMS AND CONDITIONS" in licence


class TestReadme:
    TEXT = ROOT / "README.md"

    def test_its_first_screen_has_the_picture_and_the_two_commands(self) -> None:
        first_screen = "\n".join(self.TEXT.read_text(encoding="utf-8").splitlines()[:40])

        assert re.search(r"!\[[^\]]{40,}\]\(diagrams/access-chain\.svg\)", first_screen), "a picture with a real text"
        assert "make lab" in first_screen
        assert "make test" in first_screen

    def test_every_file_it_links_to_exists(self) -> None:
        links = re.findall(r"\]\(([^)#]+)[^)]*\)", self.TEXT.read_text(encoding="utf-8"))
        local = {link for link in links if "://" not in link}

        assert local
        assert {link for link in local if not (ROOT / link).exists()} == set()

    def test_it_lists_every_notebook_with_the_minutes_that_the_notebook_says(self) -> None:
        text = self.TEXT.read_text(encoding="utf-8")
        listed = dict(re.findall(r"\]\((notebooks/[^)]+\.ipynb)\).*\| (\d+) \|", text))
        said = {
            path.relative_to(ROOT).as_posix(): re.findall(r"\*\*Time:\*\* (\d+) minutes", path.read_text("utf-8"))[0]
            for path in (ROOT / "notebooks").glob("*.ipynb")
        }

        assert listed == said

    def test_every_make_target_it_names_exists(self) -> None:
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        documents = [self.TEXT, ROOT / "CONTRIBUTING.md"]
        named = {name for path in documents for name in re.findall(r"\bmake ([a-z-]+)", path.read_text("utf-8"))}

        assert {name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)} == set()


class TestIssueForm:
    FORM = ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml"

    def test_it_asks_for_what_the_doctor_says(self) -> None:
        form = yaml.safe_load(self.FORM.read_text(encoding="utf-8"))
        fields = {field["id"]: field for field in form["body"] if "id" in field}

        assert "xsfn doctor" in fields["doctor"]["attributes"]["description"]
        assert fields["doctor"]["validations"] == {"required": True}
