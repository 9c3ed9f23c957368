"""A room on a network: reached at the address that was named, by that address alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.classroom.opened import Room
from xsfn_helpers.sandbox.http.addresses import own_address
from xsfn_helpers.sandbox.process.state import LOOPBACK


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    if own_address() == LOOPBACK:
        pytest.skip("THE ROOM WASN'T TRIED ON A NETWORK: this machine has none")
    room = Room(tmp_path_factory.mktemp("shared"), places=2, address=own_address()).start()
    yield room
    room.close()


def test_somebody_works_at_the_named_address_and_after_a_restart(shared: Room) -> None:
    """Address and places are as they were, though nobody names them again."""
    ada = shared.person("Ada")
    said = ada.run("lab = open_lab(); lab.set_stage(3); print(lab.operator.client('sts').meta.endpoint_url)")
    assert said.startswith(f"http://{own_address()}:")

    shared.kill()
    shared.start()

    assert ada.run("print(open_lab().run().status)").strip() == "SUCCEEDED"
    for name in ("Bob", "Carla"):
        status, told = shared.ask("POST", "/room/join", {"code": shared.code, "name": name})
    assert (status, told["error"].partition(".")[0]) == (409, "All 2 places of this room are taken")


@pytest.mark.parametrize("host", ["room.example:{port}", "192.0.2.1.example:{port}", own_address(), "[::1]:{port}"])
def test_no_other_name_is_answered(shared: Room, host: str) -> None:
    status, _ = shared.ask("GET", "/instructor/words", headers={"Host": host.format(port=shared.port)})

    assert status == 403
