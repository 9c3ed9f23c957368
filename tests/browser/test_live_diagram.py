"""The live diagram in the browser: it changes in place, tells each decision, and is there for keyboard and reader."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import axe
from tests.browser.jupyter import DARK, LIGHT, WIDTHS, JupyterLab, Notebook, theme
from tests.browser.labs import NO_STOP, SharedLab

OPEN, SHOW, STAGE_1, STAGE_2, CHECK, RUN = range(6)
CELLS = (
    "lab.live_diagram()",
    "lab.stage(1).apply()",
    "lab.stage(2).apply()",
    "lab.set_stage(3)\nlab.check()",
    "lab.run()",
)

# The words of each part of the picture that is cut off, or covered by another.
CUT_OFF_OR_COVERED = """() => {
  const parts = [...document.querySelectorAll(".xsfn-chip, .xsfn-box")];
  const frame = document.querySelector(".xsfn-chain").getBoundingClientRect();
  const meet = (a, b, from, to) => a[from] < b[to] - 1 && b[from] < a[to] - 1;
  const covers = (a, b) => meet(a, b, "left", "right") && meet(a, b, "top", "bottom");
  const box = (part) => part.getBoundingClientRect();
  const cut = parts.filter((part) => part.scrollWidth > part.clientWidth + 1 || box(part).right > frame.right);
  const covered = parts.filter((one, at) => parts.slice(at + 1).some((other) => covers(box(one), box(other))));
  return [...cut, ...covered].map((part) => part.textContent);
}"""


def chip(page: Page, number: int) -> Locator:
    return page.locator(f'.xsfn-chip[data-link="{number}"]')


def role(page: Page, name: str) -> Locator:
    return page.locator(f'.xsfn-role[data-box="{name}"]')


def expect_links(page: Page, **states: str) -> None:
    """Each link's state, such as `link_2="denied"`."""
    for name, state in states.items():
        expect(chip(page, int(name.removeprefix("link_")))).to_have_attribute("data-state", state)


@pytest.fixture
def notebook(page: Page, jupyter: JupyterLab, shared: SharedLab) -> Notebook:
    """A notebook with the prerequisites made and the diagram shown."""
    notebook = jupyter.fill(page, shared.opening("lab.prepare()"), *CELLS)
    assert notebook.run(OPEN) == ""
    assert notebook.run(SHOW) == ""
    return notebook


def test_its_links_change_in_place_as_stages_are_applied(notebook: Notebook) -> None:
    page = notebook.page
    expect_links(page, link_1="allowed", link_2="pending", link_3="pending", link_6="allowed")
    # A mark on the element: it is the same one for as long as the mark is there.
    page.evaluate("() => document.querySelectorAll('.xsfn-chip').forEach((chip) => { chip.dataset.kept = 'yes' })")

    notebook.run(STAGE_1)
    expect_links(page, link_2="refused", link_3="allowed", link_4="allowed", link_5="allowed")
    notebook.run(STAGE_2)
    expect_links(page, link_2="allowed")

    expect(page.locator(".xsfn-chip[data-kept=yes]")).to_have_count(6)
    expect(page.locator(".xsfn-chain")).to_have_count(1)
    expect(page.locator(".xsfn-chain [role=status]")).to_have_text(re.compile("Link 2 is now ✓ allowed"))


def test_pointing_at_a_link_tells_who_what_and_which_statement(notebook: Notebook, shared: SharedLab) -> None:
    page = notebook.page
    notebook.run(STAGE_1)
    notebook.run(STAGE_2)
    panel = page.locator(".xsfn-panel")

    expect_links(page, link_2="allowed")
    chip(page, 2).hover()

    expect(panel).to_contain_text("Link 2 · ✓ allowed")
    expect(panel).to_contain_text("statement AssumeSubjectExecuteRole (line 4)")
    expect(panel).to_contain_text(shared.lab.scenario.external_id)
    chip(page, 6).hover()
    expect(panel).to_contain_text("Link 6 · ✓ allowed")


def test_a_refused_link_is_told_without_pointing_with_the_smallest_change(notebook: Notebook) -> None:
    notebook.run(STAGE_1)
    panel = notebook.page.locator(".xsfn-panel")

    expect(panel).to_contain_text("Link 2 · ✗ denied")
    expect(panel).to_contain_text("Smallest change that would allow it: in account 111111111111")


def test_the_keyboard_alone_reads_every_decision_and_policy(notebook: Notebook) -> None:
    page = notebook.page
    notebook.run(STAGE_1)
    expect_links(page, link_2="refused")
    page.locator(".xsfn-chain header button").focus()
    panel = page.locator(".xsfn-panel")

    for number in range(1, 7):
        page.keyboard.press("Tab")
        expect(chip(page, number)).to_be_focused()
        expect(panel).to_contain_text(f"Link {number} · ")
    page.keyboard.press("ArrowUp")
    expect(chip(page, 5)).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel).to_be_focused()
    expect(chip(page, 5)).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(chip(page, 5)).to_be_focused()

    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(role(page, "operator-role")).to_be_focused()
    page.keyboard.press("Tab")
    expect(role(page, "execute-role")).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel).to_be_focused()
    expect(panel).to_contain_text("execute role's trust policy")
    page.keyboard.press("Escape")
    expect(role(page, "execute-role")).to_be_focused()
    # None of these keys was taken for the notebook: its cells are as they were.
    assert notebook.outputs(STAGE_2) == []


def test_a_role_shows_its_policies_with_the_deciding_lines_marked(notebook: Notebook) -> None:
    page = notebook.page
    notebook.run(STAGE_1)
    notebook.run(STAGE_2)
    expect_links(page, link_2="allowed")

    role(page, "execute-role").click()
    marks = page.locator(".xsfn-panel .xsfn-mark")

    expect(marks).to_have_text(["✓ allows link 2", "✓ allows link 3", "✓ allows link 4", "✓ allows link 5"])
    marked = page.locator(".xsfn-panel .xsfn-policy").first.locator("li[data-kind=allow]")
    expect(marked.first).to_contain_text("4")
    expect(marked).to_contain_text(['"sts:ExternalId"'], use_inner_text=True)


def test_a_check_tries_every_link_and_a_run_moves_along_them(notebook: Notebook) -> None:
    page = notebook.page
    notebook.run(CHECK)
    said = page.locator(".xsfn-chain .xsfn-said")
    expect(said).to_have_text("All checks: 25 of 25 passed")
    page.evaluate(
        """() => {
          window.wentThrough = [];
          const note = (changes) => changes.forEach(({ target }) => {
            if (target.dataset.run === "now") window.wentThrough.push(Number(target.dataset.link));
          });
          const observer = new MutationObserver(note);
          const options = { attributeFilter: ["data-run"] };
          document.querySelectorAll(".xsfn-chip").forEach((chip) => observer.observe(chip, options));
        }"""
    )

    notebook.run(RUN)
    expect(said).to_have_text("The run ended: Operator SUCCEEDED, Subject SUCCEEDED")

    assert page.evaluate("() => window.wentThrough") == [1, 2, 3, 6, 4]
    expect(page.locator('.xsfn-chip[data-run="passed"]')).to_have_count(5)
    expect(page.locator('[data-box="subject-execution"]')).to_contain_text("✓ SUCCEEDED")
    expect(chip(page, 5)).to_have_attribute("data-run", "")


def test_a_run_breaks_at_the_link_that_refuses(notebook: Notebook, shared: SharedLab) -> None:
    shared.lab.set_stage(3)
    shared.lab.stage(2).undo()
    page = notebook.page

    notebook.run(RUN)

    expect(chip(page, 2)).to_have_attribute("data-run", "broke")
    expect(chip(page, 2)).to_contain_text("■ the run broke here")
    expect(page.locator('[data-box="operator-state-machine"]')).to_contain_text("✗ FAILED")


def test_what_others_change_is_there_after_reading_again(notebook: Notebook, shared: SharedLab) -> None:
    page = notebook.page
    notebook.run(STAGE_1)
    expect_links(page, link_5="allowed")
    shared.lab.using(execute_role_permissions=NO_STOP).stage(1).apply()

    page.get_by_role("button", name="Read again").click()

    expect_links(page, link_4="allowed", link_5="refused")


def test_no_grave_accessibility_finding(notebook: Notebook, axe_script: str) -> None:
    page = notebook.page
    notebook.run(STAGE_1)
    expect_links(page, link_2="refused", link_3="allowed")
    found = []
    for scheme in (LIGHT, DARK):
        theme(page, scheme)
        found += axe.findings(page, axe_script, ".xsfn-chain", colours=scheme == DARK)
    role(page, "execute-role").click()
    for scheme in (DARK, LIGHT):
        theme(page, scheme)
        found += axe.findings(page, axe_script, ".xsfn-chain", colours=scheme == DARK)

    assert [one for one in found if one["impact"] in axe.GRAVE] == []


def test_nothing_is_cut_off_or_covered(notebook: Notebook) -> None:
    """Wide, at 200 % zoom, and narrow."""
    page = notebook.page
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        assert page.evaluate(CUT_OFF_OR_COVERED) == [], width


def test_it_follows_jupyterlabs_theme(notebook: Notebook) -> None:
    page = notebook.page
    look = "() => getComputedStyle(document.querySelector('.xsfn-chain')).backgroundColor"

    light = page.evaluate(look)
    theme(page, DARK)
    dark = page.evaluate(look)
    theme(page, LIGHT)

    assert (light, dark) == ("rgb(251, 252, 253)", "rgb(21, 27, 35)")


def test_without_a_front_end_the_stored_notebook_still_tells_everything(notebook: Notebook, shared: SharedLab) -> None:
    (output,) = notebook.outputs(SHOW)
    data = output["data"]

    assert "".join(data["text/plain"]) == shared.lab.diagram().text
    assert "".join(data["text/html"]).startswith("<figure")
    assert json.dumps(data).count("alt=") == 1
