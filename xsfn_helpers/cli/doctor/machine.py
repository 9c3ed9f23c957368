"""What there is to know about a machine, as plain facts. No fact holds a secret: of profiles and variables, the names.

A text of None means that there is no such thing; a `Trouble` is what the kit itself says about it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong, and what to do, in the words of the part of the kit that found it."""

    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Package:
    """A Python package that the kit names: its specifier (`>=1.40`), the extra it belongs to, and what is there."""

    name: str
    needs: str
    extra: str
    found: str | None


@dataclass(frozen=True, slots=True)
class Installed:
    """Python and what is installed in it. `kit` is None where the kit runs without being installed."""

    python: tuple[int, int, int]
    executable: str
    system: str
    has_unix_locks: bool
    kit: str | None
    kit_folder: str
    packages: tuple[Package, ...]
    missing_front_ends: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Programs:
    """Programs outside Python, each as the version it tells."""

    dot: str | None
    pygraphviz: bool
    node: str | None
    browser: str | None


@dataclass(frozen=True, slots=True)
class Network:
    """This machine's own address 127.0.0.1, and the proxies that the user's programs are told to use.

    `loopback` is what the system says when nobody can listen there. `proxies` are host and port alone, without name
    and password. `chosen_port` is the sandbox's, where the reader chose one.
    """

    loopback: Trouble | None
    lab_port_is_free: bool
    chosen_port: int | None
    chosen_port_is_free: bool
    proxies: tuple[tuple[str, str], ...]
    proxies_spare_loopback: bool


@dataclass(frozen=True, slots=True)
class SandboxFound:
    """Of the sandbox: where it answers and as which process, or what keeps us from asking; all None at rest."""

    endpoint: str | None = None
    pid: int | None = None
    notice: str = ""
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder on a disk: may we write there, may others read it, and how much room is left."""

    path: str
    exists: bool
    writable: bool
    open_to_others: bool
    free_bytes: int
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds since 1970: the time it is here, and when the newest file was written that can't be from the future."""

    now: float
    newest_file: float


@dataclass(frozen=True, slots=True)
class AwsSetUp:
    """Names of the user's AWS profiles and AWS_… variables, and files of it that can't be read."""

    profiles: tuple[str, ...]
    variables: tuple[str, ...]
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Machine:
    """Everything that `xsfn doctor` looks at."""

    installed: Installed
    programs: Programs
    settings: Trouble | None
    network: Network
    sandbox: SandboxFound
    state_folder: Folder
    working_folder: Folder
    clock: Clock
    aws: AwsSetUp
    encoding: str
