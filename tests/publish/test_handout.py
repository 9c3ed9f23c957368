"""The handout: one page, the kit's own documents, and what AWS says as the instructor's guide has it."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from playwright.sync_api import Browser

from publish.handout import compact, html, pages, print_page
from publish.places import Language, languages
from tests.docs.test_instructor_guide import messages
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Scenario

DOCUMENTS = (documents.execute_role_trust, documents.execute_role_permissions, documents.operator_role_permissions)
each_language = pytest.mark.parametrize("language", languages(), ids=lambda language: language.code)


@each_language
def test_it_is_exactly_one_page(browser: Browser, language: Language) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    printed = print_page(page, html(language))
    page.close()

    assert pages(printed) == 1
    assert asked == [], "everything is inside"


def test_pages_are_counted(browser: Browser) -> None:
    page = browser.new_page()
    printed = print_page(page, "<p style='break-after: page'>one<p style='break-after: page'>two<p>three")
    page.close()

    assert pages(printed) == 3


@each_language
def test_it_shows_the_documents_that_the_lab_applies(language: Language) -> None:
    shown = [unescape(text) for text in re.findall(r"<pre>(.*?)</pre>", html(language), re.DOTALL)]

    assert [json.loads(text) for text in shown[:3]] == [document(Scenario()) for document in DOCUMENTS]
    assert json.loads(shown[3])["Credentials"] == {"RoleArn": Scenario().execute_role_arn}


@each_language
def test_what_aws_says_is_what_the_guide_has_from_the_sandbox(language: Language) -> None:
    said = messages(language.docs / "instructor-guide.md")
    rows = re.findall(r'<tr data-said="([\w-]+)"><td>(.*?)</td>', html(language))

    assert len(rows) == 7
    for name, text in rows:
        # … stands for anything.
        pattern = ".*".join(re.escape(part.strip()) for part in unescape(text).split("…"))
        assert re.search(pattern, said[name]), f"{name}: {text}"


@pytest.mark.parametrize(
    "value", [{}, [], {"a": [1, 2]}, {"a": {"b": "c" * 60, "d": [{"e": "f" * 60}, {"g": None}]}}, "text", True]
)
def test_a_shortened_document_is_the_same_document(value: Any) -> None:
    assert json.loads(compact(value)) == value
