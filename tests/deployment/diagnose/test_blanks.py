"""What is still to be filled in by hand is no value: nothing is allowed or denied by it, and it is asked for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from tests.deployment.diagnose.test_repositories import (
    CHILD,
    HUB,
    HUB_ACCOUNT,
    PARAMETERS,
    SPOKE,
    SPOKE_ACCOUNT,
    TOLD,
    _asl,
    _hub,
    _spoke,
    _template,
)
from xsfn_helpers.deployment.diagnose.ask import diagnose_given
from xsfn_helpers.deployment.diagnose.asking.asked_about import AskedAbout
from xsfn_helpers.deployment.diagnose.asking.short import short_answer
from xsfn_helpers.deployment.diagnose.diagnosis import Conclusion, Diagnosis
from xsfn_helpers.deployment.diagnose.judge import Answer
from xsfn_helpers.deployment.diagnose.reading.repository import Told
from xsfn_helpers.deployment.diagnose.reading.templates.blanks import with_blanks
from xsfn_helpers.deployment.diagnose.reading.texts import parsed

BLANKS: Final = ("<SpokeAccount>", "<account of the spoke>", "SPOKE_ACCOUNT_ID", "xxxxxxxxxxxx")


def _diagnosed(folder: Path, hub: dict[str, object], spoke: dict[str, object], told: Told = TOLD) -> Diagnosis:
    (folder / "hub.json").write_text(json.dumps(_template(hub, Parameters=PARAMETERS)))
    (folder / "spoke.json").write_text(json.dumps(_template(spoke)))
    [found] = [
        one for one in diagnose_given(AskedAbout(paths=(folder,)), told) if one.evidence.machine.account == HUB_ACCOUNT
    ]
    return found


@pytest.mark.parametrize("blank", BLANKS)
def test_a_role_in_a_blank_account_is_neither_allowed_nor_denied(tmp_path: Path, blank: str) -> None:
    hub = _hub()
    hub["Machine"]["Properties"]["Definition"] = _asl(f"arn:aws:iam::{blank}:role/spoke-role")

    found = _diagnosed(tmp_path, hub, _spoke(HUB))

    assert {link.answer for link in found.links if link.number in (2, 3)} == {Answer.UNKNOWN}
    assert "is not an account ID" not in str(found)


@pytest.mark.parametrize("blank", BLANKS)
def test_what_is_called_in_a_blank_account_is_not_denied(tmp_path: Path, blank: str) -> None:
    hub = _hub()
    child = CHILD.replace("222222222222", blank)
    hub["Machine"]["Properties"]["Definition"] = _asl(SPOKE, child)

    found = _diagnosed(tmp_path, hub, _spoke(HUB))

    assert [link.answer for link in found.links if link.number == 3] == [Answer.UNKNOWN]


@pytest.mark.parametrize("blank", BLANKS)
def test_a_trust_policy_with_a_blank_is_not_denied(tmp_path: Path, blank: str) -> None:
    found = _diagnosed(tmp_path, _hub(), _spoke(f"arn:aws:iam::{blank}:role/hub-role"))

    assert [link.answer for link in found.links if link.number == 2] == [Answer.UNKNOWN]
    assert any("filled in" in line for line in short_answer(found))


@pytest.mark.parametrize("account", ["22222222222", "2222222222222"])
@pytest.mark.parametrize("number", [2, 3])
def test_an_account_with_a_digit_too_many_or_too_few_is_told_as_one(tmp_path: Path, account: str, number: int) -> None:
    hub = _hub()
    role, child = SPOKE.replace(SPOKE_ACCOUNT, account), CHILD.replace(SPOKE_ACCOUNT, account)
    hub["Machine"]["Properties"]["Definition"] = _asl(role) if number == 2 else _asl(SPOKE, child)

    found = _diagnosed(tmp_path, hub, _spoke(HUB))

    assert found.first_broken is not None
    assert found.first_broken.number == number
    assert f"{account} has {len(account)} digits" in found.first_broken.why


def test_a_blank_is_filled_in_by_a_parameter_of_its_name(tmp_path: Path) -> None:
    hub = _hub()
    hub["Machine"]["Properties"]["Definition"] = _asl("arn:aws:iam::<Spoke Account>:role/spoke-role")
    told = replace(TOLD, parameters={"Spoke Account": SPOKE_ACCOUNT})

    assert _diagnosed(tmp_path, hub, _spoke(HUB), told).verdict is Conclusion.FINE


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "arn:aws:iam::cloudfront:user/E1",
        "arn:aws:states:::aws-sdk:rds:startExportTask",
        "arn:aws:s3:::ledgers/*",
        "arn:aws:iam::*:role/spoke-*",
        "arn:aws:iam::111111111111:role/a",
        "arn:aws:apigateway:eu-west-1::/restapis/a",
        "{% 'arn:aws:iam::' & $states.input.account & ':role/spoke' %}",
        "States.Format('arn:aws:iam::{}:role/spoke', $.account)",
        "arn:aws:iam::${Account}:role/spoke",
    ],
)
def test_what_is_no_blank_stays_as_it_is(arn: str) -> None:
    written = parsed(json.dumps({"it": arn}), as_yaml=False)

    assert with_blanks(written) is written
