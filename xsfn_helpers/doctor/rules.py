"""From facts about a machine to findings. Pure: what is judged here has been read elsewhere."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from xsfn_helpers.doctor.finding import Diagnosis, Finding, Level
from xsfn_helpers.doctor.machine import Clock, Folder, Installed, Machine, Network, Package, Programs, Sandbox

OLDEST_PYTHON: Final = (3, 11)
LAB_PORT: Final = 8888  # JupyterLab's own default
_MEGABYTE: Final = 1_000_000
_LEAST_ROOM: Final = 50 * _MEGABYTE  # a journal, its write-ahead log and a saved notebook
_GOOD_ROOM: Final = 1000 * _MEGABYTE  # an environment made anew
_CLOCK_SLACK: Final = 300.0  # AWS refuses signatures that are more than a few minutes off
_INSTALL: Final = "`make lab` installs it into this folder's environment; elsewhere: pip install -e '.[lab]'."
_REQUIREMENT: Final = re.compile(r"(==|>=)\s*([\w.]+)")


def diagnose(machine: Machine) -> Diagnosis:
    """Every finding, those first on which the others build."""
    return Diagnosis(
        (
            *_installed(machine.installed),
            *_programs(machine.programs),
            _settings(machine),
            *_network(machine.network, machine.sandbox),
            _sandbox(machine.sandbox),
            _state_folder(machine.state_folder),
            *_room(machine.state_folder, machine.working_folder),
            _clock(machine.clock),
            *_aws(machine),
            _encoding(machine.encoding),
        )
    )


def _installed(installed: Installed) -> Iterator[Finding]:
    version = ".".join(map(str, installed.python))
    if installed.python[:2] >= OLDEST_PYTHON:
        yield Finding("python", Level.OK, f"Python {version} ({installed.executable}) on {installed.system}.")
    else:
        least = ".".join(map(str, OLDEST_PYTHON))
        remedy = f"Install Python {least} or newer, or name one that you have: make lab PYTHON=python3.12"
        yield Finding("python", Level.BAD, f"Python {version} is older than {least}, which the kit needs.", remedy)
    if not installed.has_unix_locks:
        yield Finding("system", Level.BAD, f"The sandbox doesn't run on {installed.system}.", "On Windows, use WSL.")
    if installed.kit is None:
        what = f"The kit is used from {installed.kit_folder} but isn't installed."
        yield Finding("kit", Level.WARN, what, "make lab, or in an environment of your own: pip install -e '.[lab]'.")
    else:
        yield Finding("kit", Level.OK, f"xsfn {installed.kit}, from {installed.kit_folder}.")
    for package in installed.packages:
        if package.extra in ("", "lab"):
            yield _package(package)
    yield from _front_ends(installed.missing_front_ends)
    yield from _test_packages([package for package in installed.packages if package.extra == "test"])


def _package(package: Package) -> Finding:
    key, needs = f"package.{package.name}", f"{package.name}{package.needs}"
    if package.found is None:
        # Without JupyterLab the command line and other front ends still work.
        level = Level.WARN if package.extra == "lab" else Level.BAD
        return Finding(key, level, f"{package.name} isn't installed; the kit needs {needs}.", _INSTALL)
    if not satisfies(package.found, package.needs):
        what = f"{package.name} {package.found} is installed; the kit needs {needs}."
        return Finding(key, Level.BAD, what, f"pip install '{needs}'")
    return Finding(key, Level.OK, f"{package.name} {package.found} (needs {package.needs}).")


def satisfies(version: str, needs: str) -> bool:
    """Whether a version meets a specifier as pyproject.toml writes them: `>=1.40`, `==5.2.5`, or several of them."""
    compare: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
        "==": lambda found, asked: found == asked,
        ">=": lambda found, asked: found >= asked,
    }
    return all(compare[sign](_numbers(version), _numbers(asked)) for sign, asked in _REQUIREMENT.findall(needs))


def _numbers(version: str) -> tuple[int, ...]:
    """`4.4.0rc1` as (4, 4): the leading numbers, without zeros at the end, which mean nothing."""
    leading = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in leading.group().split(".")] if leading else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _front_ends(missing: tuple[str, ...]) -> Iterator[Finding]:
    if missing:
        what = f"JupyterLab here lacks the front end of {' and '.join(missing)}, so live displays show as text."
        remedy = "Install the kit into the environment that JupyterLab runs from: pip install -e '.[lab]', then reload."
        yield Finding("front-ends", Level.WARN, what, remedy)


def _test_packages(packages: list[Package]) -> Iterator[Finding]:
    """One finding for all: they matter to those only who change the kit."""
    if not packages:
        return
    missing = [package.name for package in packages if package.found is None]
    unfit = [
        f"{package.name} {package.found} instead of {package.needs}"
        for package in packages
        if package.found is not None and not satisfies(package.found, package.needs)
    ]
    found = [f"{package.name} {package.found}" for package in packages if package.name in ("nbval", "pytest")]
    remedy = "`make test` installs what the tests need."
    if "nbval" in missing:  # several of the others come with JupyterLab
        yield Finding("test-packages", Level.OK, "What `make test` needs isn't installed; the lab needs none of it.")
    elif missing or unfit:
        gaps = ", ".join([*(f"no {name}" for name in missing), *unfit])
        yield Finding("test-packages", Level.WARN, f"The tests' packages are incomplete: {gaps}.", remedy)
    else:
        yield Finding("test-packages", Level.OK, f"All that the tests need, {' and '.join(found)} among it.")


def _programs(programs: Programs) -> Iterator[Finding]:
    if programs.dot is not None:
        yield Finding("dot", Level.OK, f"Graphviz draws the diagrams: {programs.dot}.")
    elif programs.pygraphviz:
        yield Finding("dot", Level.OK, "There is no `dot`; pygraphviz draws the diagrams.")
    else:
        remedy = "sudo apt-get install graphviz (Debian, Ubuntu), brew install graphviz (macOS), or conda's graphviz."
        yield Finding("dot", Level.WARN, "Graphviz isn't installed: diagrams show as text, complete.", remedy)
    yield _for_tests_only("node", "Node.js", programs.node, "the engine's comparison with an independent one")
    yield _for_tests_only("browser", "Chromium or Chrome", programs.browser, "the tests in a browser")


def _for_tests_only(key: str, name: str, found: str | None, used_by: str) -> Finding:
    if found is not None:
        return Finding(key, Level.OK, f"{name}: {found}.")
    return Finding(key, Level.OK, f"{name} isn't installed. The lab needs none; {used_by} will be left out.")


def _settings(machine: Machine) -> Finding:
    if machine.settings is None:
        return Finding("settings", Level.OK, "Settings (XSFN_… variables, xsfn.toml) can be used.")
    return Finding("settings", Level.BAD, machine.settings.what, machine.settings.remedy)


def _network(network: Network, sandbox: Sandbox) -> Iterator[Finding]:
    if network.loopback is not None:
        yield Finding("loopback", Level.BAD, network.loopback.what, network.loopback.remedy)
        return
    yield Finding("loopback", Level.OK, "127.0.0.1 can be listened on and reached.")
    free = "is free" if network.lab_port_is_free else "is taken; JupyterLab takes the next one"
    yield Finding("port.jupyterlab", Level.OK, f"JupyterLab's port {LAB_PORT} {free}.")
    port = network.chosen_port
    if port is not None and not network.chosen_port_is_free and sandbox.endpoint is None:
        what = f"Port {port}, which you chose for the sandbox, is taken by another program."
        yield Finding(
            "port.sandbox", Level.BAD, what, "Choose another one, or none: the sandbox then takes a free one."
        )
    elif port is not None:
        yield Finding("port.sandbox", Level.OK, f"The sandbox has, or can have, the port that you chose, {port}.")
    yield _proxies(network)


def _proxies(network: Network) -> Finding:
    if not network.proxies:
        return Finding("proxies", Level.OK, "No proxy is set.")
    named = ", ".join(f"{variable} ({address})" for variable, address in network.proxies)
    if network.proxies_spare_loopback:
        return Finding("proxies", Level.OK, f"A proxy is set, and 127.0.0.1 is spared: {named}.")
    what = f"A proxy is set and 127.0.0.1 isn't spared: {named}. The lab leaves it aside; curl and the AWS CLI don't."
    return Finding("proxies", Level.WARN, what, "export NO_PROXY=127.0.0.1,localhost")


def _sandbox(sandbox: Sandbox) -> Finding:
    if sandbox.trouble is not None:
        return Finding("sandbox", Level.BAD, sandbox.trouble.what, sandbox.trouble.remedy)
    if sandbox.endpoint is None:
        return Finding("sandbox", Level.OK, "No sandbox is running; it starts with the first `open_lab()`.")
    what = f"The sandbox answers at {sandbox.endpoint} (process {sandbox.pid})."
    if sandbox.notice:
        return Finding("sandbox", Level.WARN, f"{what} It says: {sandbox.notice}", "Go on, or `xsfn sandbox reset`.")
    return Finding("sandbox", Level.OK, what)


def _state_folder(folder: Folder) -> Finding:
    if folder.trouble is not None:
        return Finding("state-folder", Level.BAD, folder.trouble.what, folder.trouble.remedy)
    if not folder.writable:
        what = f"The sandbox can't keep its state in {folder.path}: you may not write there."
        return Finding("state-folder", Level.BAD, what, "Make it writable, or name another folder in XSFN_STATE_DIR.")
    if folder.exists and folder.open_to_others:
        what = f"Other users of this machine can look into {folder.path}, where the sandbox keeps its state."
        return Finding("state-folder", Level.WARN, what, f"chmod 700 {folder.path}")
    whose = "is yours alone" if folder.exists else "doesn't exist yet and can be made"
    return Finding("state-folder", Level.OK, f"The folder for the sandbox's state, {folder.path}, {whose}.")


def _room(*folders: Folder) -> Iterable[Finding]:
    for key, folder in zip(("room.state", "room.here"), folders, strict=True):
        room = f"{folder.free_bytes // _MEGABYTE:,} MB are free for {folder.path}"
        if folder.free_bytes < _LEAST_ROOM:
            yield Finding(key, Level.BAD, f"Only {room}.", f"Free at least {_LEAST_ROOM // _MEGABYTE} MB.")
        elif folder.free_bytes < _GOOD_ROOM:
            remedy = "Enough to work; an environment made anew needs about 1 GB."
            yield Finding(key, Level.WARN, f"Only {room}.", remedy)
        else:
            yield Finding(key, Level.OK, f"{room}.")


def _clock(clock: Clock) -> Finding:
    here = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(clock.now))
    behind = clock.newest_file - clock.now
    if behind > _CLOCK_SLACK:
        what = (
            f"It is {here} by this machine's clock, but files here were written up to {behind / 60:,.0f} minutes later."
        )
        remedy = (
            "Set the clock (sudo timedatectl set-ntp true; in WSL: sudo hwclock -s): AWS refuses signatures of old."
        )
        return Finding("clock", Level.WARN, what, remedy)
    return Finding("clock", Level.OK, f"The clock says {here}. Compare it with yours.")


def _aws(machine: Machine) -> Iterator[Finding]:
    aws = machine.aws
    profiles = f"AWS profiles: {', '.join(aws.profiles)}" if aws.profiles else "No AWS profile is set up"
    yield Finding("aws.profiles", Level.OK, f"{profiles}. The sandbox uses none, and AWS isn't asked.")
    if aws.variables:
        what = f"Set in the environment: {', '.join(aws.variables)}. The sandbox uses none of them."
        yield Finding("aws.variables", Level.OK, what)
    if aws.unreadable:
        what = f"AWS's configuration can't be read: {', '.join(aws.unreadable)}."
        remedy = "The sandbox works without. For AWS, mend it: each part begins with a line such as [default]."
        yield Finding("aws.files", Level.WARN, what, remedy)


def _encoding(encoding: str) -> Finding:
    if encoding.lower().replace("-", "") == "utf8":
        return Finding("encoding", Level.OK, "The terminal takes UTF-8.")
    what = f"The terminal takes {encoding or 'nothing known'}, so marks such as ✓ may show as numbers."
    return Finding("encoding", Level.WARN, what, "export PYTHONIOENCODING=utf-8, or choose a UTF-8 locale.")
