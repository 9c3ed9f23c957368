"""lab.status(): what is done, what is next, how long the rest takes; kept up to date where it is shown."""

from __future__ import annotations

import re
import time

import pytest

from tests.notebooks.references import NOTEBOOKS
from xsfn_helpers import Lab
from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.deployment.status import MINUTES

pytestmark = pytest.mark.usefixtures("no_http")


def test_it_tells_what_is_done_what_is_next_and_how_long_the_rest_takes(lab: Lab) -> None:
    lab.set_stage(1)
    status = lab.status()

    assert str(status).splitlines()[1:] == [
        "  ✓ Prerequisites: the Operator role, the Subject role and the Subject state machine",
        "  ✓ Stage 1: the execute role in the Subject account",
        "  … Stage 2: the Operator role's permission (not applied)",
        "  … Stage 3: the Operator state machine with its task (not applied)",
        "Next: lab.stage(2).apply()",
        f"Time left: about {MINUTES[2] + MINUTES[3]} minutes",
    ]


def test_a_finished_lab_has_a_run_next_and_no_time_left(standing_lab: Lab) -> None:
    assert str(standing_lab.status()).endswith("Next: lab.run()\nTime left: none: everything is built")


def test_the_minutes_are_those_of_the_notebooks() -> None:
    said = {
        int(path.name[:2]): int(re.findall(r"\*\*Time:\*\* (\d+) minutes", path.read_text(encoding="utf-8"))[0])
        for path in NOTEBOOKS.glob("0[0-3]-*.ipynb")
    }

    assert said == MINUTES


def test_what_is_shown_keeps_up(lab: Lab) -> None:
    shown = lab.status()._repr_mimebundle_()
    assert shown["text/plain"] == str(lab.status())
    assert lab._live.status is not None
    frontend = lab._live.status._frontend
    assert frontend.state["headline"] == "0 of 4 steps applied"

    lab.prepare()
    deadline = time.monotonic() + 60
    while frontend.state["done"] != 1 and time.monotonic() < deadline:
        time.sleep(0.02)

    assert frontend.state["headline"] == "1 of 4 steps applied"
    assert frontend.state["next"] == "lab.stage(1).apply()"


def test_accounts_that_cant_be_read_are_told(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.status()._repr_mimebundle_()
    live = lab._live.status
    assert live is not None

    def nobody() -> None:
        raise SandboxError("Nobody answers.")

    monkeypatch.setattr(live, "_read", nobody)
    live._refresh()

    assert live._frontend.state["fault"].startswith("The accounts can't be read: Nobody answers.")
