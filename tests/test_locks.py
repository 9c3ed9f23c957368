"""The locks: whole, hashed, naming no index, and in agreement with pyproject.toml and with each other; no network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from scripts import lock

ROOT = Path(__file__).parents[1]
NAMES = (*lock.CONTENTS, *lock.SINGLE)
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = (("linux", "Linux"), ("darwin", "Darwin"))
# Each extra of pyproject.toml, and the lock that has it; cdk's one package is tested with the others.
EXTRAS = {"lab": "lab", "hub": "hub", "lite": "lite", "test": "test", "site": "site", "render": "render", "cdk": "test"}


def read(name: str) -> str:
    return (ROOT / "locks" / f"{name}.txt").read_text(encoding="utf-8")


def requirements(name: str) -> list[Requirement]:
    return [Requirement(line.removesuffix("\\")) for line in re.findall(r"^\w.*", read(name), re.MULTILINE)]


def counting(name: str, python: str, platform: tuple[str, str]) -> dict[str, Version]:
    """The versions that a lock gives one Python on one system: one for each package."""
    own: dict[str, str] = {key: str(value) for key, value in default_environment().items()}
    there = own | {
        "python_version": python,
        "python_full_version": f"{python}.8",
        "sys_platform": platform[0],
        "platform_system": platform[1],
        "os_name": "posix",
    }
    found: dict[str, Version] = {}
    for requirement in requirements(name):
        if requirement.marker is None or requirement.marker.evaluate(there):
            package = canonicalize_name(requirement.name)
            assert package not in found, f"locks/{name}.txt has two versions of {package} for Python {python}"
            (pinned,) = requirement.specifier
            found[package] = Version(pinned.version)
    return found


def asked(extra: str | None) -> list[Requirement]:
    project = lock.pyproject()["project"]
    listed = project["dependencies"] if extra is None else project["optional-dependencies"][extra]
    return [Requirement(entry) for entry in listed]


def test_they_are_made_from_what_pyproject_lists_now() -> None:
    """Else: `make lock LOCK_ARGS=--keep`, which adds what is missing and moves nothing else."""
    assert {name for name in NAMES if not read(name).startswith(lock.heading())} == set()


def test_there_are_no_others_and_every_extra_has_one() -> None:
    assert {path.stem for path in (ROOT / "locks").iterdir()} == set(NAMES)
    assert set(lock.pyproject()["project"]["optional-dependencies"]) == set(EXTRAS)


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_is_one_version_with_hashes(name: str) -> None:
    lines = read(name).splitlines()[1:]
    entries = [index for index, line in enumerate(lines) if not line.startswith(" ")]

    assert entries
    for start, end in zip(entries, [*entries[1:], len(lines)], strict=True):
        assert re.fullmatch(r"[a-z0-9.-]+==\S+( ; [^\\]+)? \\", lines[start])
        assert end - start > 1, f"{lines[start]} has no hash"
        for line in lines[start + 1 : end]:
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line)


@pytest.mark.parametrize("name", NAMES)
def test_no_index_and_no_host_is_named(name: str) -> None:
    """Whoever installs takes their own index, a company's mirror or a folder."""
    assert re.findall(r"://|--(?:extra-)?index|--find-links|--trusted-host| @ ", read(name)) == []


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform[1])
@pytest.mark.parametrize("extra", EXTRAS)
def test_what_pyproject_asks_for_is_there_in_a_version_it_takes(
    extra: str, platform: tuple[str, str], python: str
) -> None:
    versions = counting(EXTRAS[extra], python, platform)
    wanted = asked(extra) if extra == "render" else [*asked(None), *asked(extra)]

    missing = [str(one) for one in wanted if canonicalize_name(one.name) not in versions]
    unsuitable = [
        f"{one}, not {version}"
        for one in wanted
        if (version := versions.get(canonicalize_name(one.name))) and not one.specifier.contains(version)
    ]

    assert (missing, unsuitable) == ([], [])


@pytest.mark.parametrize("name", ["lab", "hub", "site"])
@pytest.mark.parametrize("python", PYTHONS)
def test_a_learner_has_the_versions_that_were_tested(name: str, python: str) -> None:
    tested, theirs = (counting(one, python, PLATFORMS[0]) for one in ("test", name))
    differing = {package for package in tested.keys() & theirs.keys() if tested[package] != theirs[package]}

    assert differing <= lock.DIFFERS.get(name, set())


def test_what_the_kit_is_built_with_is_locked_too() -> None:
    """It is built without isolation: an isolated build would fetch the newest setuptools, unseen."""
    content = lock.pyproject()

    assert content["build-system"]["requires"] == content["dependency-groups"]["build"]
    for name in lock.CONTENTS:
        (needed,) = map(Requirement, content["build-system"]["requires"])
        assert needed.specifier.contains(counting(name, "3.11", PLATFORMS[0])[needed.name])


def test_the_pythons_checked_here_are_those_that_the_kit_takes() -> None:
    takes = SpecifierSet(lock.pyproject()["project"]["requires-python"])

    assert all(takes.contains(python) for python in PYTHONS)
    assert not takes.contains("3.10")


def test_a_lock_is_read_entry_by_entry() -> None:
    first = "a==1 ; x < '2' \\\n    --hash=sha256:0\na==2 ; x >= '2' \\\n    --hash=sha256:1\n"
    text = f"# heading\n{first}b-c==3 \\\n    --hash=sha256:2\n"

    assert list(lock.entries(text)) == ["a", "b-c"]
    assert lock.entries(text)["a"] == first
    assert "".join(lock.entries(text).values()) == text.partition("\n")[2]
