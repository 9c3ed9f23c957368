"""Listening beside loopback: only on an address that was named, and only for who asks for that address."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from tests.sandbox.pairs import pair
from tests.sandbox.raw_http import CALLER_IDENTITY, parsed, request_bytes, signed
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.sandbox.http import addresses
from xsfn_helpers.sandbox.process.control import CONTROL_PATH
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.state import HEALTH_PATH, SandboxFolder

# Documentation's own: no machine should have it.
ELSEWHERE = "198.51.100.7"


@pytest.fixture
def own() -> str:
    found = addresses.own_address()
    if found == "127.0.0.1":
        pytest.skip("this machine has no address but loopback's")
    return found


@pytest.fixture
def shared(own_folder: SandboxFolder, own: str) -> Sandbox:
    return Sandbox.start(address=own)


@pytest.fixture
def everywhere(own_folder: SandboxFolder, own: str) -> Sandbox:
    return Sandbox.start(address="0.0.0.0")


def _listening(sandbox: Sandbox) -> set[str]:
    port = urlsplit(sandbox.endpoint_url).port
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    found = {fields[1].split(":")[0] for fields in lines if int(fields[1].split(":")[1], 16) == port}
    return {socket.inet_ntoa(bytes.fromhex(one)[::-1]) for one in found}


def _asked(sandbox: Sandbox, to: str, host: str, *extra: tuple[str, str]) -> int:
    """The status of a well-signed request that names `host`, sent to the address `to`."""
    headers = [("Host", host) if name == "Host" else (name, value) for name, value in signed(sandbox)]
    port = urlsplit(sandbox.endpoint_url).port
    with socket.create_connection((to, port or 0), timeout=60) as connection:
        connection.sendall(request_bytes([*headers, *extra], CALLER_IDENTITY))
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return parsed(received).status


def _identity(sandbox: Sandbox, url: str) -> str:
    account = sandbox.accounts[Side.OPERATOR]
    there = boto3.client(
        "sts",
        endpoint_url=url,
        region_name=sandbox.region,
        aws_access_key_id=account.access_key_id,
        aws_secret_access_key=account.secret_access_key,
        config=Config(proxies={}, retries={"total_max_attempts": 1}),
    )
    return str(there.get_caller_identity()["Account"])


def test_without_a_wish_it_is_loopback_alone(mortal: Sandbox) -> None:
    assert _listening(mortal) == {"127.0.0.1"}
    assert (mortal.address, mortal.shared_url) == ("", "")


def test_it_listens_on_the_address_and_on_loopback(shared: Sandbox, own: str) -> None:
    assert _listening(shared) == {"127.0.0.1", own}
    assert shared.shared_url == shared.endpoint_url.replace("127.0.0.1", own)
    assert [_identity(shared, url) for url in (shared.endpoint_url, shared.shared_url)] == ["111111111111"] * 2


def test_who_names_another_host_is_refused(shared: Sandbox, own: str) -> None:
    port = urlsplit(shared.endpoint_url).port
    strangers = ["evil.example", f"evil.example:{port}", f"{ELSEWHERE}:{port}", own, f"{own}:1", f"{own}.nip.io:{port}"]

    assert all(_door_refuses(shared, host) for host in strangers)
    assert _asked(shared, own, f"127.0.0.1:{port}") == 200


def test_a_page_in_the_browser_is_refused_there_too(shared: Sandbox, own: str) -> None:
    host = urlsplit(shared.endpoint_url).netloc

    assert _asked(shared, own, host) == 200
    assert _asked(shared, own, host, ("Origin", shared.shared_url)) == 403
    assert _asked(shared, own, host, ("Sec-Fetch-Site", "same-origin")) == 403


@pytest.mark.parametrize("path", [CONTROL_PATH, f"{HEALTH_PATH}?{'0' * 32}"])
def test_the_sandboxs_own_pages_are_for_this_machine_alone(shared: Sandbox, path: str) -> None:
    statuses = []
    for url in (shared.endpoint_url, shared.shared_url):
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        connection.request("GET", path)
        statuses.append(connection.getresponse().status)
        connection.close()

    assert statuses == [200, 404]


def test_all_addresses_only_by_number(everywhere: Sandbox, own: str) -> None:
    port = urlsplit(everywhere.endpoint_url).port

    assert _listening(everywhere) == {"0.0.0.0"}
    assert everywhere.shared_url == f"http://{own}:{port}"
    assert [_identity(everywhere, url) for url in (everywhere.endpoint_url, everywhere.shared_url)] == [
        "111111111111"
    ] * 2
    assert _door_refuses(everywhere, f"evil.example:{port}")
    assert not _door_refuses(everywhere, f"{ELSEWHERE}:{port}")


def _door_refuses(sandbox: Sandbox, host: str) -> bool:
    """Whether a request that names this host isn't even read."""
    connection = http.client.HTTPConnection(urlsplit(sandbox.endpoint_url).netloc, timeout=60)
    connection.request("POST", "/", CALLER_IDENTITY, {"Host": host})
    text = connection.getresponse().read().decode()
    connection.close()
    return "by its address only" in text


def test_it_is_kept_for_later_starts_and_accounts_work_on_it(shared: Sandbox, own: str) -> None:
    shared.stop()
    again = Sandbox.start()
    world = pair(again, 1).build()

    assert (again.shared_url, again.reset().shared_url) == (shared.shared_url, shared.shared_url)
    assert world.sandbox.address == own
    again = Sandbox.start()
    again.stop()
    assert Sandbox.start(address="127.0.0.1").shared_url == ""


def test_one_that_is_gone_is_told_and_the_sandbox_starts_all_the_same(mortal: Sandbox) -> None:
    mortal.stop()
    file = SandboxFolder.default().file
    file.write_text(json.dumps({**json.loads(file.read_text()), "address": ELSEWHERE}))

    again = Sandbox.start()

    assert f"doesn't have the address {ELSEWHERE} any more" in again.notice
    assert _listening(again) == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (ELSEWHERE, f"doesn't have the address {ELSEWHERE}"),
        ("my-laptop.local", "'my-laptop.local' is not an IPv4 address"),
        ("::1", "'::1' is not an IPv4 address"),
        ("", "'' is not an IPv4 address"),
        ("192.168.1.5:80", "is not an IPv4 address"),
    ],
)
def test_what_it_cant_listen_on_is_told(own_folder: SandboxFolder, address: str, words: str) -> None:
    with pytest.raises(SandboxError, match=words):
        Sandbox.start(address=address)


def test_another_address_than_it_has_is_told(mortal: Sandbox, own: str) -> None:
    with pytest.raises(SandboxError, match=f"listening on 127.0.0.1, not {own}"):
        Sandbox.start(address=own)


@pytest.fixture
def taken(own: str) -> Iterator[int]:
    """A port that is free on loopback, and assumed the other address."""
    with socket.create_server((own, 0)) as server:
        yield server.getsockname()[1]


def test_a_port_that_is_taken_there_is_told(own_folder: SandboxFolder, own: str, taken: int) -> None:
    with pytest.raises(SandboxError, match=f"Port {taken} on {own} is taken"):
        Sandbox.start(address=own, port=taken)
