"""What a tab keeps: closed and opened again, its kernel restarted, another notebook opened."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from publish.lite.serve import SiteServer
from tests.lite.compared import differences
from tests.lite.lesson import FIRST, LONG, OPEN, PATIENCE, RUNS, STANDS
from tests.lite.tab import errors, profile, tab

pytestmark = LONG


@pytest.fixture
def reader(browser: Browser) -> Iterator[BrowserContext]:
    """Somebody's browser, for several tabs."""
    with profile(browser) as context:
        yield context


def test_a_tab_that_is_closed_and_opened_again_stands_where_it_stood(
    reader: BrowserContext, server: SiteServer
) -> None:
    """In the middle of notebook 02; then all of it, as if nothing had been."""
    book = "notebooks/02-operator-role"
    first = tab(reader, server)
    first.open(f"{book}.ipynb", seconds=PATIENCE)
    lesson = len(first.cells)
    half = lesson // 2
    assert errors(first.run_all(seconds=PATIENCE, end=half)) == []
    before = first.run_cell(OPEN + "print(lab.status())\n" + STANDS)
    first.page.close()

    again = tab(reader, server)
    again.open(f"{book}.ipynb", seconds=PATIENCE)
    after = again.run_cell(OPEN + "print(lab.status())\n" + STANDS)
    again.page.close()
    third = tab(reader, server)
    third.open(f"{book}.ipynb", seconds=PATIENCE)
    # What was added to it may have been kept, too.
    cells = third.run_all(seconds=PATIENCE, end=lesson)[:lesson]

    assert after == before
    assert "role/" in before
    assert differences(cells, book) == []
    assert first.complaints == again.complaints == third.complaints == []


def test_a_run_that_has_ended_is_there_when_the_tab_is_opened_again(reader: BrowserContext, server: SiteServer) -> None:
    first = tab(reader, server)
    first.open(f"{FIRST}.ipynb", seconds=PATIENCE)
    before = first.run_cell(OPEN + "lab.set_stage(3)\nprint(lab.run().status)\n" + RUNS)
    first.page.close()

    again = tab(reader, server)
    again.open(f"{FIRST}.ipynb", seconds=PATIENCE)

    assert before.split() == ["SUCCEEDED", "SUCCEEDED"]
    assert again.run_cell(OPEN + RUNS).split() == ["SUCCEEDED"]


def test_a_kernel_restarted_during_a_run_says_what_became_of_it(reader: BrowserContext, server: SiteServer) -> None:
    opened = tab(reader, server)
    opened.open(f"{FIRST}.ipynb", seconds=PATIENCE)
    begun = opened.run_cell(
        OPEN + "lab.set_stage(3)\nstates = lab.subject.client('stepfunctions')\n"
        "arn = lab.scenario.subject_machine_arn\nstates.update_state_machine(stateMachineArn=arn, definition="
        '\'{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": true}}}\')\n'
        "states.start_execution(stateMachineArn=arn, name='long')\nimport time\ntime.sleep(2)\n"
        "print(states.list_executions(stateMachineArn=arn)['executions'][0]['status'])"
    )

    opened.restart_kernel(seconds=PATIENCE)
    expect(opened.page.locator("#xsfn-map .xsfn-restarted")).to_contain_text("kernel has restarted")
    after = opened.run_cell(
        OPEN + "states = lab.subject.client('stepfunctions')\nfrom pprint import pprint\n"
        "arn = lab.scenario.subject_machine_arn.replace('stateMachine', 'execution') + ':long'\n"
        "end = states.describe_execution(executionArn=arn)\nprint(end['status'], end.get('cause'))"
    )

    expect(opened.page.locator("#xsfn-map .xsfn-restarted")).to_be_hidden()  # and gone: the lab was opened again
    assert begun.endswith("RUNNING\n")
    assert re.search("^(ABORTED|FAILED) .+", after, re.MULTILINE)
    assert "RUNNING" not in after


def test_the_notebook_opened_last_has_the_accounts_and_the_one_before_is_told(
    reader: BrowserContext, server: SiteServer
) -> None:
    first = tab(reader, server)
    first.open(f"{FIRST}.ipynb", seconds=PATIENCE)
    assert first.run_cell(OPEN + "lab.set_stage(3)\nprint(lab.run().status)") == "SUCCEEDED\n"
    second = tab(reader, server)
    second.open("notebooks/01-subject-execute-role.ipynb", seconds=PATIENCE)

    assert second.run_cell(OPEN + RUNS) == "SUCCEEDED\n"
    assert "Another notebook has taken over the two accounts" in first.run_cell("lab.run()")
    first.restart_kernel(seconds=PATIENCE)
    assert first.run_cell(OPEN + RUNS) == "SUCCEEDED\n"


def test_a_notebook_that_is_closed_gives_its_memory_back(reader: BrowserContext, server: SiteServer) -> None:
    opened = tab(reader, server)
    opened.open(f"{FIRST}.ipynb", seconds=PATIENCE)
    opened.open_beside("notebooks/01-subject-execute-role.ipynb", seconds=PATIENCE)
    assert opened.kernels == 2

    opened.close_notebook()

    opened.until(lambda: opened.kernels == 1, PATIENCE)
