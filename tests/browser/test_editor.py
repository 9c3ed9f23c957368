"""The policy editor in the browser: what a change would do shows at once, and nothing happens until it is applied."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import axe
from tests.browser.jupyter import DARK, LIGHT, WIDTHS, JupyterLab, Notebook, is_filled, put_back, theme, tidy
from tests.browser.labs import SharedLab
from xsfn_helpers import Lab

OPEN, EDIT, DIAGRAM, UNDO = range(4)
CELLS = ('lab.edit("execute-role trust")', "lab.live_diagram()", "lab.stage(2).undo()")
AREA = ".xsfn-editor textarea"


def link(page: Page, number: int) -> Locator:
    """What would become of one link."""
    return page.locator(f'.xsfn-editor .xsfn-turns li[data-link="{number}"]')


def chip(page: Page, number: int) -> Locator:
    """One link of the live diagram."""
    return page.locator(f'.xsfn-chip[data-link="{number}"]')


def stored(lab: Lab) -> Any:
    """The trust policy as IAM gives it, asked by boto3."""
    role = lab.subject.client("iam").get_role(RoleName=lab.scenario.execute_role_name)["Role"]
    return role["AssumeRolePolicyDocument"]


def with_another_id(lab: Lab) -> str:
    """The trust policy with the ARN of the wrong state machine as external ID."""
    return lab.blueprint.execute_role_trust.replace(lab.scenario.external_id, lab.scenario.subject_machine_arn)


@pytest.fixture
def notebook(page: Page, jupyter: JupyterLab, shared: SharedLab) -> Notebook:
    """A notebook with everything made and the trust policy open for editing."""
    return opened(jupyter, page, shared)


@pytest.fixture
def typing(page_as_left: Page, jupyter: JupyterLab, typed: SharedLab) -> Notebook:
    """The same, for tests that apply nothing: one for all of them, with the text that is stored."""
    return put_back(page_as_left) if is_filled(page_as_left, *cells(typed)) else opened(jupyter, page_as_left, typed)


def cells(shared: SharedLab) -> tuple[str, ...]:
    return (shared.opening("lab.set_stage(3)"), *CELLS)


def opened(jupyter: JupyterLab, page: Page, shared: SharedLab) -> Notebook:
    tidy(page)
    notebook = jupyter.fill(page, *cells(shared))
    assert notebook.run(OPEN) == ""
    assert notebook.run(EDIT) == ""
    expect(link(page, 6)).to_be_visible()
    return notebook


def test_breaking_the_policy_turns_the_right_link_red_and_writes_nothing(typing: Notebook, typed: SharedLab) -> None:
    page, lab = typing.page, typed.lab
    before = stored(lab)

    page.locator(AREA).fill(with_another_id(lab))

    expect(link(page, 2)).to_have_attribute("data-state", "refused")
    expect(link(page, 2)).to_contain_text("✗ would break")
    expect(link(page, 2)).to_contain_text("Denied because no role trust policy allows the sts:AssumeRole action.")
    expect(link(page, 2)).to_contain_text("Now allowed by Operator role's inline policy")
    expect(link(page, 2)).to_contain_text("Smallest change")
    for number in (1, 3, 4, 5, 6):
        expect(link(page, number)).to_have_attribute("data-state", "allowed")
        expect(link(page, number)).to_contain_text("✓ stays allowed")
    expect(page.locator(".xsfn-headline")).to_have_text("Link 2 would break.")
    assert stored(lab) == before
    assert lab.evaluate(2).allowed

    page.get_by_role("button", name="Reset").click()
    expect(page.locator(".xsfn-headline")).to_have_text("No link would change.")
    expect(page.locator(AREA)).to_have_value(lab.blueprint.execute_role_trust)


def test_the_picture_follows_with_the_same_link_refused(typing: Notebook, typed: SharedLab) -> None:
    page = typing.page
    picture = page.locator(".xsfn-editor figure img")
    expect(picture).to_have_attribute("alt", re.compile("Link 2, allowed"))

    page.locator(AREA).fill(with_another_id(typed.lab))

    expect(picture).to_have_attribute("alt", re.compile("Link 2, denied.*would break"))


def test_a_syntax_fault_is_told_at_its_line_and_column(typing: Notebook, typed: SharedLab) -> None:
    page, lab = typing.page, typed.lab

    page.locator(AREA).fill(lab.blueprint.execute_role_trust.replace('"Allow",', '"Allow"'))

    place = page.get_by_role("button", name="Line 7, column 7")
    expect(place).to_be_visible()
    expect(page.locator(".xsfn-remarks")).to_contain_text("A comma or '}' is missing here")
    expect(page.locator('.xsfn-behind [data-kind="fault"]')).to_contain_text("✗ 7")
    expect(page.locator(AREA)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("button", name="Apply")).to_be_disabled()
    expect(page.locator(".xsfn-headline")).to_have_text("AWS would reject this, so nothing would change.")
    place.click()
    expect(page.locator(AREA)).to_be_focused()
    assert (
        page.evaluate(f"() => document.querySelector('{AREA}').value.slice(0, {caret(page)}).split('\\n').length") == 7
    )


def caret(page: Page) -> int:
    return int(page.evaluate(f"() => document.querySelector('{AREA}').selectionStart"))


def test_what_aws_takes_although_it_means_trouble_is_told_at_its_line(typing: Notebook, typed: SharedLab) -> None:
    page = typing.page

    page.locator(AREA).fill(with_another_id(typed.lab))

    expect(page.locator('.xsfn-remarks [data-kind="warning"]')).to_contain_text(
        "Line 13, column 29 The external ID is a machine of account 222222222222"
    )
    expect(page.locator('.xsfn-behind [data-kind="warning"]')).to_contain_text("! 13")
    expect(page.get_by_role("button", name="Apply")).to_be_enabled()


def test_who_else_would_get_in_and_what_differs_is_told(typing: Notebook, typed: SharedLab) -> None:
    page, lab = typing.page, typed.lab
    document = json.loads(lab.blueprint.execute_role_trust)
    del document["Statement"][0]["Condition"]

    page.locator(AREA).fill(json.dumps(document, indent=2))

    expect(page.locator(".xsfn-risks")).to_contain_text("Only the Operator state machine's own ARN is accepted")
    expect(page.locator(".xsfn-headline")).to_have_text("It would let in more than the chain needs.")
    expect(page.locator(".xsfn-diff")).to_contain_text('-      "Condition": {')
    expect(page.get_by_role("button", name="Apply")).to_be_enabled()


def test_applying_is_for_real_and_the_live_diagram_follows(notebook: Notebook, shared: SharedLab) -> None:
    page, lab = notebook.page, shared.lab
    notebook.run(DIAGRAM)
    expect(chip(page, 2)).to_have_attribute("data-state", "allowed")
    page.locator(AREA).fill(with_another_id(lab))
    expect(link(page, 2)).to_have_attribute("data-state", "refused")
    expect(chip(page, 2)).to_have_attribute("data-state", "allowed")

    page.get_by_role("button", name="Apply").click()

    expect(chip(page, 2)).to_have_attribute("data-state", "refused")
    expect(page.locator(".xsfn-editor .xsfn-notice")).to_have_text(
        "Saved in the Subject account 222222222222: the execute role's trust policy."
    )
    assert stored(lab) == json.loads(with_another_id(lab))
    expect(link(page, 2)).to_contain_text("✗ stays denied")

    page.get_by_role("button", name="Recommended").click()
    expect(link(page, 2)).to_contain_text("✓ would be allowed")
    page.get_by_role("button", name="Apply").click()
    expect(chip(page, 2)).to_have_attribute("data-state", "allowed")
    assert stored(lab) == json.loads(lab.blueprint.execute_role_trust)


def test_the_keyboard_alone_changes_applies_and_resets(notebook: Notebook, shared: SharedLab) -> None:
    page, lab = notebook.page, shared.lab
    cells = "() => jupyterapp.shell.currentWidget.content.widgets.length"
    count = page.evaluate(cells)
    page.locator(AREA).focus()
    # Keys that JupyterLab would take for its own: they are letters of the text here, or do nothing.
    page.keyboard.press("Control+Home")
    page.keyboard.type("xddab")
    expect(page.locator(AREA)).to_have_value(re.compile("^xddab{"))
    expect(page.get_by_role("button", name="Line 1, column 1")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(AREA)).to_be_focused()
    for _ in range(5):
        page.keyboard.press("Backspace")
    expect(page.locator(".xsfn-headline")).to_have_text("No link would change.")

    page.keyboard.press("Control+A")
    page.keyboard.insert_text(with_another_id(lab))
    expect(link(page, 2)).to_have_attribute("data-state", "refused")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Line 13, column 29")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Apply")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Reset")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator(".xsfn-headline")).to_have_text("No link would change.")

    page.locator(AREA).focus()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(with_another_id(lab))
    expect(link(page, 2)).to_have_attribute("data-state", "refused")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".xsfn-editor .xsfn-notice")).to_contain_text("Saved")

    assert stored(lab) == json.loads(with_another_id(lab))
    assert page.evaluate(cells) == count
    assert notebook.outputs(DIAGRAM) == []


def test_the_outcome_is_read_out_once_typing_rests(notebook: Notebook, shared: SharedLab) -> None:
    page = notebook.page

    page.locator(AREA).fill(with_another_id(shared.lab))

    news = page.locator(".xsfn-editor > [aria-live=polite]")
    expect(news).to_have_text("✓ AWS would take it. Link 2 would break.")


def test_what_others_change_is_judged_anew_and_what_was_typed_stays(notebook: Notebook, shared: SharedLab) -> None:
    page, lab = notebook.page, shared.lab
    typed = with_another_id(lab)
    page.locator(AREA).fill(typed)
    expect(link(page, 2)).to_contain_text("✗ would break")

    notebook.run(UNDO)

    expect(link(page, 2)).to_contain_text("✗ stays denied")
    expect(page.locator(AREA)).to_have_value(typed)


def test_a_text_replaced_by_a_button_can_be_had_back(typing: Notebook, typed: SharedLab) -> None:
    page, typed = typing.page, with_another_id(typed.lab)
    page.locator(AREA).fill(typed)
    expect(link(page, 2)).to_have_attribute("data-state", "refused")

    page.get_by_role("button", name="Recommended").click()
    expect(page.locator(".xsfn-headline")).to_have_text("No link would change.")
    page.get_by_role("button", name="My text again").click()

    expect(page.locator(AREA)).to_have_value(typed)
    expect(link(page, 2)).to_have_attribute("data-state", "refused")


def test_no_grave_accessibility_finding(typing: Notebook, typed: SharedLab, axe_script: str) -> None:
    page, lab = typing.page, typed.lab
    found = []
    for scheme in (LIGHT, DARK):
        theme(page, scheme)
        page.locator(AREA).fill(lab.blueprint.execute_role_trust)
        expect(link(page, 2)).to_have_attribute("data-state", "allowed")
        found += axe.findings(page, axe_script, ".xsfn-editor", colours=scheme == DARK)

        page.locator(AREA).fill(with_another_id(lab))
        expect(link(page, 2)).to_have_attribute("data-state", "refused")
        found += axe.findings(page, axe_script, ".xsfn-editor", colours=scheme == DARK)
        page.locator(AREA).fill("{")
        expect(page.locator('.xsfn-remarks [data-kind="fault"]')).to_be_visible()
        found += axe.findings(page, axe_script, ".xsfn-editor", colours=scheme == DARK)

    assert [one for one in found if one["impact"] in axe.GRAVE] == []


def test_nothing_is_cut_off(typing: Notebook, typed: SharedLab) -> None:
    """Wide, at 200 % zoom, and narrow."""
    page = typing.page
    page.locator(AREA).fill(with_another_id(typed.lab))
    expect(link(page, 2)).to_have_attribute("data-state", "refused")

    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        cut = page.evaluate(
            """() => {
              const editor = document.querySelector(".xsfn-editor");
              const frame = editor.getBoundingClientRect();
              const parts = [...editor.querySelectorAll("button, p, li, textarea, h5, summary")];
              const outside = (part) => part.getBoundingClientRect().right > frame.right + 1;
              const inline = (part) => getComputedStyle(part).display === "inline";
              const own = (part) => part.scrollWidth > part.clientWidth + 1 && !inline(part);
              const seen = parts.filter((part) => part.offsetWidth);
              return seen.filter((part) => outside(part) || own(part)).map((part) => part.outerHTML);
            }"""
        )
        assert cut == [], width


def test_without_a_front_end_the_stored_notebook_still_tells_everything(typing: Notebook, typed: SharedLab) -> None:
    (output,) = typing.outputs(EDIT)
    text, html = ("".join(output["data"][kind]) for kind in ("text/plain", "text/html"))

    assert text == typed.lab.edit("execute-role trust").text
    assert "✓ This is what is stored." in text
    assert "sts:ExternalId" in html
    assert "stays allowed" in html
    assert "<figure" in html
