"""Addresses beside loopback, on which others on the same network reach the sandbox: only one that was named."""

from __future__ import annotations

import ipaddress
import socket
from typing import Final

from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.common.language import tr
from xsfn_helpers.sandbox.process.state import LOOPBACK

EVERY: Final = "0.0.0.0"  # noqa: S104 - a name for what somebody may choose, never a default
# Kept free for documentation (RFC 5737): nobody is there, and nothing is sent.
_ELSEWHERE: Final = ("192.0.2.1", 9)


def checked(address: str) -> str:
    """The address as it is kept; empty for loopback, which is always listened on.

    Raises `SandboxError` for what is no IPv4 address: a name can lead somewhere else tomorrow.
    """
    if not is_ipv4(address):
        raise SandboxError(
            tr("{address} is not an IPv4 address.", address=repr(address)),
            where="address",
            fix=tr("Name one of this machine's, such as 192.168.1.5, or {every} for all of them.", every=EVERY),
        )
    return "" if ipaddress.IPv4Address(address).is_loopback else address


def is_ipv4(text: str) -> bool:
    """Whether this is an IPv4 address written out, and not a name."""
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def own_address() -> str:
    """The address by which this machine is known on its network; loopback where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)  # chooses the address it would send from, and sends nothing
        except OSError:
            return LOOPBACK
        return str(probe.getsockname()[0])
