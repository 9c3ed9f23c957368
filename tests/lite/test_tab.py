"""The lesson in a browser tab: whole notebooks, in Chromium, on the site as it is put on a static host."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, BrowserContext

from publish.lite.serve import SiteServer
from tests.lite.compared import differences
from tests.lite.tab import Tab, errors, profile, said_besides, shown, tab
from tests.notebooks.test_teaching import FAULTS
from tests.support.soak import SOAKING, soaked

# On a machine with nothing else to do a notebook takes 20 to 60 s.
_PATIENCE: Final = 600
_FIRST: Final = "notebooks/00-start-here"
_WHOLE: Final = (
    _FIRST,
    "notebooks/01-subject-execute-role",
    "notebooks/02-operator-role",
    "notebooks/03-operator-task",
    "notebooks/03b-when-a-run-fails",
    "notebooks/04-why-it-was-decided",
    "notebooks/05-break-and-fix",
    "notebooks/06-your-own-accounts",
    "notebooks/07-infrastructure-as-code",
    "notebooks/08-beyond-step-functions",
    "notebooks/ja/00-start-here",
    "notebooks/ja/02-operator-role",
)
_PLACE: Final = "lab.status() says that the lab is in a browser tab"
# What a tab says otherwise than is stored, and why.
EXCEPTIONS: Final = {
    ("notebooks/07-infrastructure-as-code", 38): "the CDK needs Node.js, and a tab can't start it; the cell says so",
    ("notebooks/07-infrastructure-as-code", 44): "the same",
    ("notebooks/00-start-here", 42): _PLACE,
    ("notebooks/ja/00-start-here", 42): _PLACE,
    ("notebooks/03-operator-task", 38): _PLACE,
    ("notebooks/07-infrastructure-as-code", 2): _PLACE,
    ("notebooks/07-infrastructure-as-code", 46): _PLACE,
}
BOOKS: Final = [
    pytest.param(book, id=f"{book}, {turn}")
    for turn in ("once", "twice")[: soaked(short=1, long=2)]
    for book in (_WHOLE if SOAKING else (_FIRST,))
]
LONG: Final = pytest.mark.skipif(not SOAKING, reason="what a tab keeps is tried in `make soak`")

OPEN: Final = "from xsfn_helpers import open_lab\nlab = open_lab()\n"
RUNS: Final = (
    "print(*[one['status'] for one in lab.operator.client('stepfunctions').list_executions("
    "stateMachineArn=lab.scenario.operator_machine_arn)['executions']])"
)


@pytest.fixture(scope="module")
def seen() -> dict[str, str]:
    """What each notebook has shown, as far as they have run."""
    return {}


@pytest.mark.parametrize("book", BOOKS)
def test_a_notebook_shows_what_is_stored_and_asks_nobody_else(page: Tab, book: str, seen: dict[str, str]) -> None:
    page.open(f"{book}.ipynb", seconds=_PATIENCE)
    cells = page.run_all(seconds=_PATIENCE)

    seen[book] = "\n".join(map(shown, cells))
    sys.stdout.write(
        f"{book}: {page.server.sent / 1e6:.1f} MB, {time.monotonic() - page.opened:.0f} s from page to end\n"
    )
    assert all(cell["execution_count"] for cell in cells)
    assert [text for cell in cells for text in said_besides(cell)] == []
    told = [one for one in differences(cells, book) if (book, _number(one)) not in EXCEPTIONS]
    assert told == []


def _number(difference: str) -> int:
    found = re.match(r"cell (\d+)", difference)
    return int(found[1]) if found else -1


@LONG
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_met_in_the_tab_with_the_same_words(seen: dict[str, str], fault: str) -> None:
    number, words = FAULTS[fault]
    told = next(text for book, text in seen.items() if book.startswith(f"notebooks/{number}-"))

    assert re.search(words, told)


@pytest.fixture
def reader(browser: Browser) -> Iterator[BrowserContext]:
    """Somebody's browser, for several tabs."""
    with profile(browser) as context:
        yield context


@LONG
def test_a_tab_that_is_closed_and_opened_again_stands_where_it_stood(
    reader: BrowserContext, server: SiteServer
) -> None:
    first = tab(reader, server)
    first.open("notebooks/02-operator-role.ipynb", seconds=_PATIENCE)
    before = first.run_cell(OPEN + "lab.set_stage(2)\nlab.set_stage(3)\nprint(lab.run().status)\n" + RUNS)
    told = first.run_cell("print(lab.status())")
    first.page.close()

    again = tab(reader, server)
    again.open("notebooks/02-operator-role.ipynb", seconds=_PATIENCE)

    assert before.split() == ["SUCCEEDED", "SUCCEEDED"]
    assert again.run_cell(OPEN + RUNS).split() == ["SUCCEEDED"]
    assert again.run_cell("print(lab.status())") == told
    assert first.complaints == again.complaints == []


@LONG
def test_a_kernel_restarted_during_a_run_says_what_became_of_it(reader: BrowserContext, server: SiteServer) -> None:
    opened = tab(reader, server)
    opened.open(f"{_FIRST}.ipynb", seconds=_PATIENCE)
    begun = opened.run_cell(
        OPEN + "lab.set_stage(3)\nstates = lab.subject.client('stepfunctions')\n"
        "arn = lab.scenario.subject_machine_arn\nstates.update_state_machine(stateMachineArn=arn, definition="
        '\'{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": true}}}\')\n'
        "states.start_execution(stateMachineArn=arn, name='long')\nimport time\ntime.sleep(2)\n"
        "print(states.list_executions(stateMachineArn=arn)['executions'][0]['status'])"
    )

    opened.restart_kernel(seconds=_PATIENCE)
    after = opened.run_cell(
        OPEN + "states = lab.subject.client('stepfunctions')\nfrom pprint import pprint\n"
        "arn = lab.scenario.subject_machine_arn.replace('stateMachine', 'execution') + ':long'\n"
        "end = states.describe_execution(executionArn=arn)\nprint(end['status'], end.get('cause'))"
    )

    assert begun.endswith("RUNNING\n")
    assert re.search("^(ABORTED|FAILED) .+", after, re.MULTILINE)
    assert "RUNNING" not in after


@LONG
def test_the_notebook_opened_last_has_the_accounts_and_the_one_before_is_told(
    reader: BrowserContext, server: SiteServer
) -> None:
    first, second = tab(reader, server), tab(reader, server)
    first.open(f"{_FIRST}.ipynb", seconds=_PATIENCE)
    assert first.run_cell(OPEN + "lab.set_stage(3)\nprint(lab.run().status)") == "SUCCEEDED\n"
    second.open("notebooks/01-subject-execute-role.ipynb", seconds=_PATIENCE)

    assert second.run_cell(OPEN + RUNS) == "SUCCEEDED\n"
    assert "Another notebook has taken over the two accounts" in first.run_cell("lab.run()")
    first.restart_kernel(seconds=_PATIENCE)
    assert first.run_cell(OPEN + RUNS) == "SUCCEEDED\n"


@LONG
def test_memory_stays_within_bounds_over_a_lesson(page: Tab) -> None:
    page.open("notebooks/05-break-and-fix.ipynb", seconds=_PATIENCE)
    sizes = []
    for _ in range(4):
        assert errors(page.run_all(seconds=_PATIENCE)) == []
        told = page.run_cell("import pyodide_js; print(pyodide_js._module.HEAPU8.length // 1_000_000, 'MB')")
        sizes.append(int(told.split()[0]))

    sys.stdout.write(f"the heap after each lesson: {sizes} MB\n")
    assert sizes[-1] < 700
    assert sizes[-1] <= sizes[1] * 1.5, "the heap grows with each lesson"


def test_a_browser_that_cannot_suspend_is_told_so_instead_of_hanging(browser: Browser, server: SiteServer) -> None:
    with profile(browser) as context:
        context.add_init_script("delete WebAssembly.Suspending")
        page = context.new_page()

        page.goto(f"{server.url}lab/index.html")
        page.wait_for_url("**/needs-jspi.html")

        assert "can't run the lesson" in page.inner_text("h1")
