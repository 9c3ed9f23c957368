"""What is around the kit: network, sandbox, folders and clock, judged. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Final

from xsfn_helpers.cli.doctor.finding import Finding, Level
from xsfn_helpers.cli.doctor.machine import Clock, Folder, Network, SandboxFound
from xsfn_helpers.common.language import tr

LAB_PORT: Final = 8888  # JupyterLab's own default
_MEGABYTE: Final = 1_000_000
_LEAST_ROOM: Final = 50 * _MEGABYTE  # a journal, its write-ahead log and a saved notebook
_GOOD_ROOM: Final = 1000 * _MEGABYTE  # an environment re-created
_CLOCK_SLACK: Final = 300.0  # AWS denies signatures that are more than a few minutes off


def network_findings(network: Network, sandbox: SandboxFound) -> Iterator[Finding]:
    """The machine's own address, the two ports, and the proxies; only the first where nobody can listen there."""
    if network.loopback is not None:
        yield Finding("loopback", Level.BAD, network.loopback.what, network.loopback.remedy)
        return
    yield Finding("loopback", Level.OK, tr("127.0.0.1 can be listened on and reached."))
    free = tr("JupyterLab's port {port} is free.", port=LAB_PORT)
    taken = tr("JupyterLab's port {port} is taken; JupyterLab takes the next one.", port=LAB_PORT)
    yield Finding("port.jupyterlab", Level.OK, free if network.lab_port_is_free else taken)
    port = network.chosen_port
    if port is not None and not network.chosen_port_is_free and sandbox.endpoint is None:
        what = tr("Port {port}, which you chose for the sandbox, is taken by another program.", port=port)
        remedy = tr("Choose another one, or none: the sandbox then takes a free one.")
        yield Finding("port.sandbox", Level.BAD, what, remedy)
    elif port is not None:
        what = tr("The sandbox has, or can have, the port that you chose, {port}.", port=port)
        yield Finding("port.sandbox", Level.OK, what)
    yield _proxies(network)


def _proxies(network: Network) -> Finding:
    if not network.proxies:
        return Finding("proxies", Level.OK, tr("No proxy is set."))
    named = tr(", ").join(f"{variable} ({address})" for variable, address in network.proxies)
    if network.proxies_spare_loopback:
        return Finding("proxies", Level.OK, tr("A proxy is set, and 127.0.0.1 is spared: {proxies}.", proxies=named))
    what = tr(
        "A proxy is set and 127.0.0.1 isn't spared: {proxies}. The lab leaves it aside; curl and the AWS CLI don't.",
        proxies=named,
    )
    return Finding("proxies", Level.WARN, what, "export NO_PROXY=127.0.0.1,localhost")


def sandbox_finding(sandbox: SandboxFound) -> Finding:
    """Whether the sandbox answers, rests, or is in trouble."""
    if sandbox.trouble is not None:
        return Finding("sandbox", Level.BAD, sandbox.trouble.what, sandbox.trouble.remedy)
    if sandbox.endpoint is None:
        return Finding("sandbox", Level.OK, tr("No sandbox is running; it starts with the first `open_lab()`."))
    if sandbox.notice:
        what = tr(
            "The sandbox answers at {endpoint} (process {pid}). It says: {notice}",
            endpoint=sandbox.endpoint,
            pid=sandbox.pid,
            notice=sandbox.notice,
        )
        return Finding("sandbox", Level.WARN, what, tr("Go on, or `xsfn sandbox reset`."))
    what = tr("The sandbox answers at {endpoint} (process {pid}).", endpoint=sandbox.endpoint, pid=sandbox.pid)
    return Finding("sandbox", Level.OK, what)


def state_folder_finding(folder: Folder) -> Finding:
    """Whether the sandbox can keep its state, and keep it to itself."""
    if folder.trouble is not None:
        return Finding("state-folder", Level.BAD, folder.trouble.what, folder.trouble.remedy)
    if not folder.writable:
        what = tr("The sandbox can't keep its state in {folder}: you may not write there.", folder=folder.path)
        remedy = tr("Make it writable, or name another folder in XSFN_STATE_DIR.")
        return Finding("state-folder", Level.BAD, what, remedy)
    if folder.exists and folder.open_to_others:
        what = tr(
            "Other users of this machine can look into {folder}, where the sandbox keeps its state.",
            folder=folder.path,
        )
        return Finding("state-folder", Level.WARN, what, f"chmod 700 {folder.path}")
    own = tr("The folder for the sandbox's state, {folder}, is yours alone.", folder=folder.path)
    new = tr("The folder for the sandbox's state, {folder}, doesn't exist yet and can be made.", folder=folder.path)
    return Finding("state-folder", Level.OK, own if folder.exists else new)


def room_findings(*folders: Folder) -> Iterable[Finding]:
    """How much room is left for the state folder and the working folder, in this order."""
    for key, folder in zip(("room.state", "room.here"), folders, strict=True):
        free = folder.free_bytes // _MEGABYTE
        little = tr("Only {free:,} MB are free for {folder}.", free=free, folder=folder.path)
        if folder.free_bytes < _LEAST_ROOM:
            yield Finding(key, Level.BAD, little, tr("Free at least {least} MB.", least=_LEAST_ROOM // _MEGABYTE))
        elif folder.free_bytes < _GOOD_ROOM:
            remedy = tr("Enough to work; an environment re-created needs about 1 GB.")
            yield Finding(key, Level.WARN, little, remedy)
        else:
            what = tr("{free:,} MB are free for {folder}.", free=free, folder=folder.path)
            yield Finding(key, Level.OK, what)


def clock_finding(clock: Clock) -> Finding:
    """Whether the clock is behind: no file can be from the future."""
    here = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(clock.now))
    behind = clock.newest_file - clock.now
    if behind > _CLOCK_SLACK:
        what = tr(
            "It is {now} by this machine's clock, but files here were written up to {minutes:,.0f} minutes later.",
            now=here,
            minutes=behind / 60,
        )
        remedy = tr(
            "Set the clock (sudo timedatectl set-ntp true; in WSL: sudo hwclock -s): AWS denies signatures of old."
        )
        return Finding("clock", Level.WARN, what, remedy)
    return Finding("clock", Level.OK, tr("The clock says {now}. Compare it with yours.", now=here))
