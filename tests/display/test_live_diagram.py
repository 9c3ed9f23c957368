"""The live diagram's kernel side: it follows every change of the lab's things, and tells the same as the static one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.interruptions import interrupted_at
from xsfn_helpers import Lab
from xsfn_helpers.display.live.chain import LiveDiagram
from xsfn_helpers.display.live.frontend import VIEW

pytestmark = pytest.mark.usefixtures("no_http")

WAITING = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 30, "End": True}}}


def state(live: LiveDiagram) -> dict[str, Any]:
    """What the front end is told."""
    found = live._frontend.state
    json.dumps(found)
    return dict(found)


def links(live: LiveDiagram) -> str:
    """The state of each link, by its first letter, in the order of the numbers."""
    return "".join(link["state"][0] for link in state(live)["links"])


def eventually(found: Callable[[], object], expected: object) -> None:
    deadline = time.monotonic() + 60
    while found() != expected and time.monotonic() < deadline:
        time.sleep(0.02)
    assert found() == expected


@pytest.fixture
def live(lab: Lab) -> LiveDiagram:
    return lab.live_diagram()


class TestWhatItShows:
    def test_its_text_and_its_picture_are_those_of_the_static_diagram(self, lab: Lab, live: LiveDiagram) -> None:
        lab.set_stage(1)
        shown = live._repr_mimebundle_()
        static = lab.diagram()

        assert shown["text/plain"] == static.text == live.text
        assert shown["text/html"] == static.figure_html()
        assert shown[VIEW]["model_id"] == live._frontend.model_id

    def test_there_is_one_however_often_it_is_asked_for(self, lab: Lab, live: LiveDiagram) -> None:
        """Each would read the accounts by itself at each change."""
        assert lab.live_diagram() is live
        assert lab.using().live_diagram() is live

    def test_a_link_tells_who_asks_and_which_statement_allows(self, standing_lab: Lab) -> None:
        link = state(standing_lab.live_diagram())["links"][1]
        facts = {fact["label"]: fact["text"] for fact in link["facts"]}

        assert link["word"] == "✓ allowed"
        assert facts["External ID"] == standing_lab.scenario.external_id
        assert facts["On what"] == standing_lab.scenario.execute_role_arn
        assert link["outcome"] == (
            "Allowed by Operator role's inline policy assume-subject-execute-role, statement AssumeSubjectExecuteRole "
            "(line 4) and by execute role's trust policy, statement OperatorStateMachine (line 4)."
        )

    def test_a_refused_link_has_awss_sentence_and_the_smallest_change(self, lab: Lab, live: LiveDiagram) -> None:
        lab.set_stage(1)
        eventually(lambda: links(live), "araaaa")
        link = state(live)["links"][1]

        assert link["outcome"].startswith("Denied because no identity-based policy allows the sts:AssumeRole action")
        assert "is not authorized to perform: sts:AssumeRole" in link["sentence"]
        assert link["change"].startswith("Smallest change that would allow it: in account 111111111111")


class TestPolicies:
    def test_the_lines_that_decide_are_marked_with_their_links(self, standing_lab: Lab) -> None:
        role = next(one for one in state(standing_lab.live_diagram())["roles"] if one["id"] == "execute-role")
        trust, permissions = role["policies"]
        marked = [[mark["text"] for mark in line["marks"]] for line in permissions["lines"] if line["marks"]]

        assert [line["text"] for line in trust["lines"]] == trust_lines(standing_lab)
        assert marked == [["✓ allows link 3"], ["✓ allows link 4", "✓ allows link 5"]]
        assert {line["kind"] for line in trust["lines"][3:16]} == {"allow"}
        assert {line["kind"] for line in (*trust["lines"][:3], *trust["lines"][16:])} == {""}

    def test_a_statement_that_just_misses_tells_by_what(self, standing_lab: Lab) -> None:
        trust = json.loads(standing_lab.blueprint.execute_role_trust)
        trust["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] = "another"
        standing_lab.using(execute_role_trust=trust).stage(1).apply()
        live = standing_lab.live_diagram()
        role = next(one for one in state(live)["roles"] if one["id"] == "execute-role")
        (mark,) = (mark for line in role["policies"][0]["lines"] for mark in line["marks"])

        assert links(live) == "araaaa"
        assert mark["kind"] == "almost"
        assert mark["text"].startswith("… would allow link 2, but: condition StringEquals sts:ExternalId")

    def test_a_role_that_isnt_there_says_how_to_make_it(self, live: LiveDiagram) -> None:
        hints = {role["id"]: role["hint"] for role in state(live)["roles"]}

        assert hints["execute-role"] == "It doesn't exist yet: lab.stage(1).apply() creates it."


class TestWhatItFollows:
    def test_stages_link_by_link(self, lab: Lab, live: LiveDiagram) -> None:
        assert links(live) == "pppppp"

        lab.prepare()
        eventually(lambda: links(live), "appppa")
        lab.stage(1).apply()
        eventually(lambda: links(live), "araaaa")
        lab.stage(2).apply()
        eventually(lambda: links(live), "aaaaaa")
        lab.stage(1).undo()
        eventually(lambda: links(live), "appppa")

    def test_the_readers_own_boto3_calls(self, standing_lab: Lab) -> None:
        live = standing_lab.live_diagram()

        standing_lab.subject.session().client("iam").put_role_policy(
            RoleName=standing_lab.scenario.execute_role_name,
            PolicyName="no-stop",
            PolicyDocument=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": {"Effect": "Deny", "Action": "states:StopExecution", "Resource": "*"},
                }
            ),
        )

        eventually(lambda: links(live), "aaaara")
        assert state(live)["said"] == "PutRolePolicy in the Subject account"

    def test_other_peoples_things_are_left_aside(self, standing_lab: Lab) -> None:
        live = standing_lab.live_diagram()
        before = state(live)

        iam = standing_lab.operator.client("iam")
        iam.create_group(GroupName="somebody-elses")
        iam.delete_group(GroupName="somebody-elses")

        assert state(live) == before

    def test_a_check_and_a_run(self, standing_lab: Lab) -> None:
        live = standing_lab.live_diagram()

        standing_lab.check()
        eventually(lambda: [link["tried"] != "" for link in state(live)["links"]], [True] * 6)
        assert state(live)["said"] == "All checks: 25 of 25 passed"

        run = standing_lab.run()
        trail = state(live)["run"]
        assert trail["run"] == run.operator_execution_arn
        assert [step["link"] for step in trail["steps"]] == [1, 2, 3, 6, 4]
        assert (trail["operator"], trail["subject"], trail["at"]) == ("SUCCEEDED", "SUCCEEDED", 0)

    def test_a_run_that_breaks(self, lab: Lab) -> None:
        lab.set_stage(3)
        lab.stage(2).undo()
        live = lab.live_diagram()

        lab.run()
        trail = state(live)["run"]

        assert [(step["link"], step["broken"]) for step in trail["steps"]] == [(1, False), (2, True)]
        assert state(live)["said"] == "The run was denied at link 2"

    def test_a_run_that_waits_is_at_link_4(self, lab: Lab) -> None:
        lab.using(subject_definition=WAITING).set_stage(3)
        live = lab.live_diagram()
        run = lab.run(wait=False)
        shown = run.watch()
        try:
            eventually(lambda: (state(live)["run"] or {}).get("at"), 4)
        finally:
            run.stop()
        shown.wait()

        eventually(lambda: state(live)["run"]["subject"], "ABORTED")

    def test_an_interrupted_stage_is_shown_as_it_was_left(self, lab: Lab, live: LiveDiagram) -> None:
        lab.prepare()
        with pytest.raises(KeyboardInterrupt), interrupted_at(lab, 1):
            lab.stage(1).apply()

        eventually(lambda: links(live), "arrrra")
        lab.stage(1).apply()
        eventually(lambda: links(live), "araaaa")

    def test_accounts_that_cant_be_read_are_told_and_come_back(
        self, standing_lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        live = standing_lab.live_diagram()
        good = live._ground
        live._ground = type(good)(standing_lab.scenario, NoAccounts(), good.lab_id)
        live.refresh()
        assert state(live)["fault"].startswith("The accounts can't be read: ")
        assert links(live) == "aaaaaa"

        live._ground = good
        live.refresh()
        assert state(live)["fault"] == ""

    def test_a_closed_one_stays_as_it_is(self, standing_lab: Lab) -> None:
        live = standing_lab.live_diagram()
        live.close()
        before = state(live)

        standing_lab.stage(2).undo()

        assert state(live) == before
        assert not standing_lab.environment.accounts.events.wanted


class NoAccounts:
    """Accounts that nobody answers for."""

    def client(self, side: Any, service: str) -> Any:
        from xsfn_helpers.common.errors import SandboxError

        raise SandboxError("Nobody answers.")


def trust_lines(lab: Lab) -> list[str]:
    return lab.blueprint.execute_role_trust.splitlines()
