"""The repository's own promises: one dependency list, a helpful Makefile, the import rules, no traces of a machine."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "xsfn_helpers"
TARGETS = ("help", "lab", "test", "notebooks", "walkthrough", "bench", "diagrams", "lint", "clean")
# Rooms that only think: no AWS client, no sandbox, nothing to show.
PURE = ("scenario.py", "regions.py", "errors.py", "targets.py", "documents.py", "chain.py", "checks.py", "iam")
IMPURE = {"boto3", "botocore", "moto", "ipywidgets", "IPython", "graphviz", "waitress", "werkzeug"}
# The `iam` engine can be used without the rest; only the family of errors is shared.
IAM_MAY_IMPORT = {"xsfn_helpers.iam", "xsfn_helpers.errors", "xsfn_helpers.language"}


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
        """A fresh machine may have no other shell; bash here would also take what dash refuses."""
        checked = subprocess.run(["sh", "-n", str(script)], capture_output=True, text=True, check=False)

        assert (checked.returncode, checked.stderr) == (0, "")
        assert script.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
        assert script.stat().st_mode & 0o111


class TestImportRules:
    """Who may import whom: top imports down, never up."""

    @pytest.mark.parametrize("path", modules(*PURE), ids=lambda path: str(path.relative_to(PACKAGE)))
    def test_pure_rooms_import_no_aws_client_and_nothing_to_show(self, path: Path) -> None:
        assert {name.partition(".")[0] for name in imports(path)} & IMPURE == set()

    @pytest.mark.parametrize("path", modules("iam"), ids=lambda path: path.name)
    def test_the_decision_engine_knows_nothing_of_this_scenario(self, path: Path) -> None:
        own = {name for name in imports(path) if name.startswith("xsfn_helpers")}

        assert {name for name in own if not name.startswith(tuple(IAM_MAY_IMPORT))} == set()

    @pytest.mark.parametrize("path", modules("sandbox"), ids=lambda path: str(path.relative_to(PACKAGE)))
    def test_the_sandbox_knows_nothing_of_the_stages(self, path: Path) -> None:
        above = {f"xsfn_helpers.{room}" for room in ("lab", "steps", "runs", "diagnose", "cli", "display", "chain")}

        assert {name for name in imports(path) if name.startswith(tuple(above))} == set()

    def test_only_the_bridge_knows_moto(self) -> None:
        """What moto moves is then mended in one place."""
        knowing = {
            path.relative_to(PACKAGE).as_posix()
            for path in modules(".")
            if any(name.partition(".")[0] == "moto" for name in imports(path))
        }

        assert knowing
        assert {name for name in knowing if not name.startswith("sandbox/moto_bridge")} == set()

    def test_pictures_are_loaded_when_shown(self) -> None:
        """A test or a command line run that shows nothing loads no widgets and no graphviz."""
        eager = {
            path.relative_to(PACKAGE).as_posix()
            for path in modules(".")
            if "display" not in path.relative_to(PACKAGE).parts
            and any(name.startswith("xsfn_helpers.display") for name in imports(path, lazily=False))
        }

        assert eager == set()


class TestWhatGitTracks:
    """What a clone brings is all there is: nothing that leads elsewhere, nothing that git is told to ignore."""

    def test_only_regular_files(self) -> None:
        """No link (120000), which helps just where its target is, and no submodule (160000)."""
        listed = [line.split(maxsplit=3) for line in git("ls-files", "--stage", "-z").split("\0") if line]

        assert listed
        assert {name: mode for mode, _, _, name in listed if mode not in ("100644", "100755")} == {}

    def test_nothing_that_is_ignored(self) -> None:
        assert git("ls-files", "--cached", "--ignored", "--exclude-standard") == ""

    def test_what_make_builds_is_ignored_as_a_link_too(self) -> None:
        """A pattern with a slash at its end matches folders alone: a link of that name would be added."""
        patterns = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
        built = [".venv", ".venv-site", ".conda", ".lab", "wheelhouse", "build", "dist"]

        assert [pattern for pattern in patterns if pattern.endswith("/")] == []
        assert git("check-ignore", "--no-index", *built).split() == built

    @pytest.mark.parametrize("kind", ["missing", "dangling", "link", "folder"])
    def test_no_tracked_file_is_passed_over(self, tmp_path: Path, kind: str) -> None:
        git("init", "--quiet", folder=tmp_path)
        path = tmp_path / "notes.txt"
        path.write_text("words")
        git("add", "notes.txt", folder=tmp_path)
        assert tracked_files(tmp_path) == [path]
        path.unlink()
        if kind == "folder":
            path.mkdir()
        elif kind != "missing":
            path.symlink_to(Path(__file__) if kind == "link" else tmp_path / "nowhere")

        with pytest.raises(AssertionError, match=r"notes\.txt"):
            tracked_files(tmp_path)


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
