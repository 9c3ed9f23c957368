"""Looks at the machine. Every look is guarded by what it looks at: what is missing becomes a fact, not an error."""

from __future__ import annotations

import configparser
import os
import platform
import re
import shutil
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from xsfn_helpers.cli.doctor.machine import (
    AwsSetUp,
    Clock,
    Folder,
    Installed,
    Machine,
    Network,
    Package,
    Programs,
    SandboxFound,
    Trouble,
)
from xsfn_helpers.cli.doctor.surroundings import LAB_PORT
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.language import tr

_KIT: Final = "xsfn-helpers"
_LOOPBACK: Final = "127.0.0.1"
_REQUIREMENT: Final = re.compile(r"([\w.-]+)(?:\[[^]]*])?([^;]*)(?:;\s*extra == [\"'](\w+)[\"'])?")
_FRONT_ENDS: Final = {"ipywidgets": "@jupyter-widgets/jupyterlab-manager", "anywidget": "anywidget"}
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PROXY_VARIABLES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
_PROGRAM_SECONDS: Final = 10.0
_PACKAGE_FOLDER: Final = Path(__file__).resolve().parents[2]


def read_machine() -> Machine:
    """The machine as it is now. Makes nothing, starts nothing, asks nobody outside it."""
    settings, port = _settings()
    state_folder, sandbox = _state()
    return Machine(
        installed=_installed(),
        programs=_programs(),
        settings=settings,
        network=_network(port),
        sandbox=sandbox,
        state_folder=state_folder,
        working_folder=_folder(Path.cwd()),
        clock=Clock(time.time(), max(path.stat().st_mtime for path in _PACKAGE_FOLDER.rglob("*.py"))),
        aws=_aws(),
        encoding=sys.stdout.encoding or "",
    )


def _installed() -> Installed:
    try:
        kit: str | None = version(_KIT)
    except PackageNotFoundError:
        kit = None
    packages = tuple(_packages())
    with_lab = any(package.name == "jupyterlab" and package.found for package in packages)
    extensions = Path(sys.prefix) / "share" / "jupyter" / "labextensions"
    missing = tuple(name for name, folder in _FRONT_ENDS.items() if not (extensions / folder).is_dir())
    return Installed(
        python=sys.version_info[:3],
        executable=_short(sys.executable),
        system=platform.platform(terse=True),
        has_unix_locks=find_spec("fcntl") is not None,
        kit=kit,
        kit_folder=_short(_PACKAGE_FOLDER.parent),
        packages=packages,
        missing_front_ends=missing if with_lab else (),
    )


def _packages() -> Iterator[Package]:
    """What the installed kit says it needs: pyproject.toml stays the one list."""
    try:
        requirements = requires(_KIT) or []
    except PackageNotFoundError:
        return
    for requirement in requirements:
        if match := _REQUIREMENT.fullmatch(requirement):
            name, needs, extra = match.groups(default="")
            yield Package(name, needs.strip(), extra, _version_of(name))


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _programs() -> Programs:
    browser = next((name for name in _BROWSERS if shutil.which(name)), None)
    return Programs(
        dot=_told_by("dot", "-V"),
        pygraphviz=find_spec("pygraphviz") is not None,
        node=_told_by("node", "--version"),
        browser=_told_by(browser, "--version") if browser else None,
    )


def _told_by(program: str, option: str) -> str | None:
    """The first line that a program prints of itself; None where it isn't there or doesn't work."""
    path = shutil.which(program)
    if path is None:
        return None
    try:
        told = subprocess.run(  # noqa: S603 - a fixed name, found on the PATH, with a fixed option
            [path, option], capture_output=True, text=True, timeout=_PROGRAM_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return (told.stdout or told.stderr).strip().partition("\n")[0]


def _settings() -> tuple[Trouble | None, int | None]:
    from xsfn_helpers.aws.settings import load_settings

    try:
        return None, load_settings().port
    except XsfnError as error:
        return _trouble(error), None


def _network(port: int | None) -> Network:
    proxies = {name: os.environ[name] for name in _PROXY_VARIABLES if os.environ.get(name)}
    spared = {host.strip() for name in ("NO_PROXY", "no_proxy") for host in os.environ.get(name, "").split(",")}
    return Network(
        loopback=_loopback(),
        lab_port_is_free=_is_free(LAB_PORT),
        chosen_port=port,
        chosen_port_is_free=port is None or _is_free(port),
        proxies=tuple((name, _host_and_port(address)) for name, address in proxies.items()),
        proxies_spare_loopback=bool(spared & {"*", _LOOPBACK, "127.0.0.0/8"}),
    )


def _loopback() -> Trouble | None:
    try:
        with socket.create_server((_LOOPBACK, 0)) as server:
            socket.create_connection(server.getsockname(), timeout=2).close()
    except OSError as error:
        what = tr(
            "Nobody can listen on {address} and be reached there: {error}.",
            address=_LOOPBACK,
            error=error.strerror or error,
        )
        return Trouble(what, tr("Let a firewall or container allow connections of this machine with itself."))
    return None


def _is_free(port: int) -> bool:
    try:
        socket.create_server((_LOOPBACK, port)).close()
    except OSError:
        return False
    return True


def _host_and_port(address: str) -> str:
    """Of a proxy's address what may be shown: it often carries a name and a password."""
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    except ValueError:
        return tr("an address that can't be read")


def _state() -> tuple[Folder, SandboxFound]:
    try:
        from xsfn_helpers.sandbox.process.here import sandbox_here
        from xsfn_helpers.sandbox.process.state import SandboxFolder
    except ImportError as error:
        trouble = Trouble(tr("The sandbox can't be loaded: {error}.", error=error), tr("Mend what is missing above."))
        return _folder(Path.home()), SandboxFound(trouble=trouble)
    kept = SandboxFolder.default()
    try:
        found = sandbox_here().find()
    except XsfnError as error:
        return _folder(kept.path, trouble=_trouble(error)), SandboxFound()
    if found is not None:
        return _folder(kept.path), SandboxFound(found.endpoint_url, found.pid, found.notice)
    last = kept.read()
    if last is None or not kept.is_held():
        return _folder(kept.path), SandboxFound()
    what = tr(
        "The sandbox process {pid} is there but doesn't answer at {endpoint_url}.",
        pid=last.pid,
        endpoint_url=last.endpoint_url,
    )
    remedy = tr("End it, nothing gets lost: kill -9 {pid}", pid=last.pid)
    return _folder(kept.path), SandboxFound(trouble=Trouble(what, remedy))


def _folder(path: Path, *, trouble: Trouble | None = None) -> Folder:
    there = next(place for place in (path, *path.parents) if place.is_dir())
    return Folder(
        path=_short(path),
        exists=there == path,
        writable=os.access(there, os.W_OK | os.X_OK),
        open_to_others=bool(stat.S_IMODE(there.stat().st_mode) & 0o077),
        free_bytes=shutil.disk_usage(there).free,
        trouble=trouble,
    )


def _aws() -> AwsSetUp:
    profiles: set[str] = set()
    unreadable: list[str] = []
    for variable, usual in (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")):
        path = Path(os.environ.get(variable) or f"~/.aws/{usual}").expanduser()
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read_string(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError, configparser.Error):
            # The parser's own words would quote the line, which may be a key.
            unreadable.append(_short(path))
            continue
        profiles |= set(_profile_names(parser.sections(), plain=usual == "credentials"))
    variables = sorted(name for name in os.environ if name.startswith("AWS_"))
    return AwsSetUp(tuple(sorted(profiles)), tuple(variables), tuple(unreadable))


def _profile_names(sections: list[str], *, plain: bool) -> Iterator[str]:
    """In `credentials` a section is a profile; in `config` it is called `profile NAME`, or `default`."""
    for section in sections:
        kind, _, name = section.partition(" ")
        if plain or section == "default":
            yield section
        elif kind == "profile":
            yield name.strip().strip("\"'")


def _trouble(error: XsfnError) -> Trouble:
    return Trouble(_short(f"{error.where}: {error.what}" if error.where else error.what), error.fix)


def _short(text: str | Path) -> str:
    """Without the user's name, as far as it is in the path of the home folder: findings are posted in issues."""
    home = str(Path.home())
    return str(text) if home == "/" else str(text).replace(home, "~")
