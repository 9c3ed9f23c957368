"""The form of the article's second picture in the browser: form and definition say the same, whichever is changed."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import axe
from tests.browser.jupyter import DARK, LIGHT, JupyterLab, Notebook, is_filled, put_back, theme, tidy
from tests.browser.labs import SharedLab
from xsfn_helpers import Lab

OPEN, FORM = range(2)
AREA = ".xsfn-task textarea"
NO_ROLE = "NONE"
AT_RUN_TIME = "RUN_TIME"


def link(page: Page, number: int) -> Locator:
    """What would become of one link."""
    return page.locator(f'.xsfn-task .xsfn-turns li[data-link="{number}"]')


def role(page: Page) -> Locator:
    return page.get_by_label("IAM role for cross-account access – optional")


def chosen(lab: Lab) -> str:
    """The entry of the execute role in the option's list."""
    return f"ROLE:{lab.scenario.execute_role_arn}"


def credentials(page: Page) -> Any:
    """Of the task in the text beside the form; None where it has none."""
    (task,) = json.loads(page.locator(AREA).input_value())["States"].values()
    return task.get("Credentials")


def stored(lab: Lab) -> Any:
    """The definition as Step Functions gives it, asked by boto3."""
    states = lab.operator.client("stepfunctions")
    found = states.describe_state_machine(stateMachineArn=lab.scenario.operator_machine_arn)
    return json.loads(found["definition"])


@pytest.fixture
def notebook(page: Page, jupyter: JupyterLab, shared: SharedLab) -> Notebook:
    """A notebook with everything made and the form shown."""
    return opened(jupyter, page, shared)


@pytest.fixture
def typing(page_as_left: Page, jupyter: JupyterLab, typed: SharedLab) -> Notebook:
    """The same, for tests that apply nothing: one for all of them, with the definition that is stored."""
    return put_back(page_as_left) if is_filled(page_as_left, *cells(typed)) else opened(jupyter, page_as_left, typed)


def cells(shared: SharedLab) -> tuple[str, ...]:
    return shared.opening("lab.set_stage(3)"), "lab.task_form()"


def opened(jupyter: JupyterLab, page: Page, shared: SharedLab) -> Notebook:
    tidy(page)
    notebook = jupyter.fill(page, *cells(shared))
    assert notebook.run(OPEN) == ""
    assert notebook.run(FORM) == ""
    expect(link(page, 6)).to_be_visible()
    return notebook


def test_the_option_stands_as_the_definition_says(typing: Notebook, typed: SharedLab) -> None:
    page, lab = typing.page, typed.lab

    expect(role(page)).to_have_value(chosen(lab))
    expect(page.get_by_label("State name")).to_have_text("Start the Subject state machine")
    expect(page.locator(".xsfn-resource")).to_have_text("Calls arn:aws:states:::states:startExecution.sync:2")
    assert credentials(page) == {"RoleArn": lab.scenario.execute_role_arn}


def test_what_is_chosen_is_written_and_what_is_written_is_chosen(typing: Notebook, typed: SharedLab) -> None:
    """The round trip: form to definition to form, and back to the very text that it began with."""
    page, lab = typing.page, typed.lab
    before, at_first = stored(lab), page.locator(AREA).input_value()

    role(page).select_option(NO_ROLE)
    expect(page.locator(".xsfn-headline")).to_have_text(
        "Links 3, 4 and 5 would break and link 2 would not be requested."
    )
    assert credentials(page) is None
    without = page.locator(AREA).input_value()

    role(page).select_option(chosen(lab))
    expect(page.locator(".xsfn-headline")).to_have_text("No link would change.")
    assert page.locator(AREA).input_value() == at_first

    page.locator(AREA).fill(without)
    expect(role(page)).to_have_value(NO_ROLE)
    page.locator(AREA).fill(at_first)
    expect(role(page)).to_have_value(chosen(lab))
    page.locator(AREA).fill(at_first.replace(lab.scenario.execute_role_arn, lab.scenario.subject_role_arn))
    expect(role(page)).to_have_value(f"ROLE:{lab.scenario.subject_role_arn}")
    expect(link(page, 2)).to_contain_text("✗ would break")

    assert stored(lab) == before


def test_another_arn_can_be_given_by_hand(typing: Notebook) -> None:
    page = typing.page
    arn = "arn:aws:iam::222222222222:role/nobody"

    role(page).select_option("ARN")
    field = page.get_by_label("ARN of the role")
    expect(field).to_be_focused()
    page.keyboard.insert_text(arn)

    expect(page.locator(".xsfn-form")).to_contain_text("There is no role nobody in the Subject account 222222222222.")
    assert credentials(page) == {"RoleArn": arn}
    expect(field).to_have_value(arn)
    expect(link(page, 2)).to_contain_text("Correct the ARN in Credentials.RoleArn, or create that role.")


def test_a_role_known_only_at_run_time_is_a_path(typing: Notebook) -> None:
    page = typing.page

    role(page).select_option(AT_RUN_TIME)
    page.keyboard.insert_text("$.roleArn")

    expect(link(page, 2)).to_contain_text("… would be known only at run time")
    assert credentials(page) == {"RoleArn.$": "$.roleArn"}
    expect(role(page)).to_have_value(AT_RUN_TIME)


def test_a_bad_definition_says_where_and_why_and_the_form_waits(typing: Notebook) -> None:
    page = typing.page
    good = page.locator(AREA).input_value()

    page.locator(AREA).fill(good.replace('"End": true', '"Next": "Nowhere"'))
    expect(page.locator(".xsfn-task .xsfn-remarks")).to_contain_text("Line 18, column 15 MISSING_TRANSITION_TARGET")
    expect(page.locator('.xsfn-task .xsfn-behind [data-kind="fault"]').last).to_contain_text("✗ 18")
    expect(page.get_by_role("button", name="Apply")).to_be_disabled()
    expect(role(page)).to_be_enabled()

    page.locator(AREA).fill(good.replace('"Type": "Task",', '"Type": "Task"'))
    place = page.get_by_role("button", name="Line 7, column 7")
    expect(page.locator(".xsfn-task .xsfn-remarks")).to_contain_text("A comma or '}' is missing here")
    expect(role(page)).to_be_disabled()
    expect(page.locator(".xsfn-form")).to_contain_text("The form follows again once the definition can be read")
    place.click()
    expect(page.locator(AREA)).to_be_focused()

    page.locator(AREA).fill(good)
    expect(role(page)).to_be_enabled()
    expect(page.locator(".xsfn-headline")).to_have_text("No link would change.")


def test_the_graph_follows_the_option(typing: Notebook) -> None:
    page = typing.page
    graph = page.locator(".xsfn-task figure img")
    expect(graph).to_have_attribute("alt", re.compile("cross-account access: account 222222222222"))

    role(page).select_option(NO_ROLE)

    expect(graph).not_to_have_attribute("alt", re.compile("cross-account access"))


def test_applying_gives_the_state_machine_its_definition(notebook: Notebook, shared: SharedLab) -> None:
    page, lab = notebook.page, shared.lab
    role(page).select_option(f"ROLE:{lab.scenario.subject_role_arn}")
    expect(link(page, 2)).to_contain_text("✗ would break")

    page.get_by_role("button", name="Apply").click()

    expect(page.locator(".xsfn-task .xsfn-notice")).to_contain_text("Saved in the Operator account 111111111111")
    (task,) = stored(lab)["States"].values()
    assert task["Credentials"] == {"RoleArn": lab.scenario.subject_role_arn}
    expect(page.get_by_role("button", name="Apply")).to_be_disabled()

    page.get_by_role("button", name="Recommended").click()
    expect(role(page)).to_have_value(chosen(lab))


def test_what_aws_refuses_to_save_is_foreseen_and_told_in_its_words(notebook: Notebook, shared: SharedLab) -> None:
    page, lab = notebook.page, shared.lab
    before = stored(lab)
    role(page).select_option(NO_ROLE)
    expect(page.locator(".xsfn-form")).to_contain_text("AWS would reject this when it is saved")

    page.get_by_role("button", name="Apply").click()

    expect(page.locator(".xsfn-task [role=alert]")).to_contain_text("is not authorized to create managed-rule.")
    assert stored(lab) == before
    assert credentials(page) is None


def test_the_keyboard_alone_chooses_and_resets(notebook: Notebook, shared: SharedLab) -> None:
    page, lab = notebook.page, shared.lab
    page.get_by_label("State name").focus()
    page.keyboard.press("Tab")
    expect(role(page)).to_be_focused()

    page.keyboard.press("Home")
    expect(role(page)).to_have_value(NO_ROLE)
    expect(link(page, 3)).to_contain_text("✗ would break")
    assert credentials(page) is None
    page.locator(AREA).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Reset")).to_be_focused()
    page.keyboard.press("Enter")

    expect(role(page)).to_have_value(chosen(lab))
    assert page.evaluate("() => jupyterapp.shell.currentWidget.content.widgets.length") == 2


def test_no_grave_accessibility_finding(typing: Notebook, axe_script: str) -> None:
    page = typing.page
    good = page.locator(AREA).input_value()
    found = []
    for scheme in (LIGHT, DARK):
        theme(page, scheme)
        page.locator(AREA).fill(good)
        expect(role(page)).to_be_enabled()
        found += axe.findings(page, axe_script, ".xsfn-task", colours=scheme == DARK)

        role(page).select_option(AT_RUN_TIME)
        found += axe.findings(page, axe_script, ".xsfn-task", colours=scheme == DARK)
        page.locator(AREA).fill("{")
        expect(page.locator('.xsfn-remarks [data-kind="fault"]')).to_be_visible()
        found += axe.findings(page, axe_script, ".xsfn-task", colours=scheme == DARK)

    assert [one for one in found if one["impact"] in axe.GRAVE] == []


def test_without_a_front_end_the_stored_notebook_still_tells_everything(typing: Notebook, typed: SharedLab) -> None:
    (output,) = typing.outputs(FORM)
    text, html = ("".join(output["data"][kind]) for kind in ("text/plain", "text/html"))

    assert text == typed.lab.task_form().text
    assert f"IAM role for cross-account access: {typed.lab.scenario.execute_role_arn}" in text
    assert "Credentials" in html
    assert "<figure" in html
