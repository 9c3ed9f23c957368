"""Before a call is sent, its very key is known to lead to the right account; and a lab's id is its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.credentials import Credentials

from xsfn_helpers.aws import identity_guard
from xsfn_helpers.aws.identity_guard import guard_identity
from xsfn_helpers.aws.lab_ids import COMMON, lab_id_of
from xsfn_helpers.aws.ledger import Ledger
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.state_folder import StateFolder

pytestmark = pytest.mark.usefixtures("no_http")

SCENARIO = Scenario()
OURS, DENIED = SCENARIO.operator.id, "333333333333"


class Fetched(Credentials):  # type: ignore[misc]
    """Credentials that are other ones from the third look on, as those of a process may be."""

    looks = 0

    def get_frozen_credentials(self) -> Any:
        self.looks += 1
        self.access_key = "AKIAFIRST" if self.looks < 3 else "AKIALATER"
        return super().get_frozen_credentials()


@pytest.fixture
def sent() -> list[str]:
    return []


@pytest.fixture
def session(sent: list[str], monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    core = botocore.session.Session()
    core._credentials = Fetched("AKIAFIRST", "secret")
    monkeypatch.setattr(
        identity_guard, "_account_of", lambda _core, keys, _region: OURS if keys.access_key == "AKIAFIRST" else DENIED
    )
    made = boto3.Session(botocore_session=core, region_name="eu-west-1")
    guard_identity(made, SCENARIO.account(Side.OPERATOR), "eu-west-1", ())

    def answer(request: Any, **_: Any) -> AWSResponse:
        sent.append(request.url)
        body = b'<DeleteRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"/>'

        class Raw:
            def stream(self, **_: Any) -> Any:
                yield body

        return AWSResponse(request.url, 200, {}, Raw())

    core.get_component("event_emitter").register_last("before-send", answer)
    return made


def test_nothing_goes_out_with_a_key_that_leads_elsewhere(session: boto3.Session, sent: list[str]) -> None:
    iam: Any = session.client("iam")
    told: list[str] = []
    for _ in range(5):
        try:
            iam.delete_role(RoleName="r")
        except ConfigError as error:
            told.append(str(error))

    assert sent
    assert len(sent) + len(told) == 5
    assert told
    assert all(DENIED in one for one in told)


def ledger(folder: Path) -> Ledger:
    return Ledger(StateFolder(folder))


def test_a_lab_s_id_is_random_and_kept(tmp_path: Path) -> None:
    mine, theirs = ledger(tmp_path / "mine"), ledger(tmp_path / "theirs")
    id_, own = lab_id_of(SCENARIO, mine)

    assert own
    assert id_.startswith(f"{COMMON}-")
    assert lab_id_of(SCENARIO, ledger(tmp_path / "mine")) == (id_, True)  # after a restart
    assert lab_id_of(SCENARIO, theirs)[0] != id_


def test_each_pair_of_accounts_has_an_id_of_its_own(tmp_path: Path) -> None:
    one = ledger(tmp_path / "state")
    other = Scenario(operator_account_id="444444444444")

    assert lab_id_of(SCENARIO, one) != lab_id_of(other, one)


def test_what_was_begun_under_the_common_id_goes_on_under_it_by_the_ledger_alone(tmp_path: Path) -> None:
    one = ledger(tmp_path / "state")
    one.note(lab=COMMON, account=OURS, region="eu-west-1", what="CreateRole", names={"RoleName": "r"})

    assert lab_id_of(SCENARIO, one) == (COMMON, False)
