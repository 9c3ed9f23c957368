"""The diagnosis' page in a browser: light and dark, wide and narrow, nothing fetched, nothing against accessibility."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import axe
from tests.browser.labs import SharedLab
from xsfn_helpers.display.diagnosis import diagnosis_page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_readable_for_everybody(
    browser: Browser, axe_script: str, shared: SharedLab, scheme: str, tmp_path: Path
) -> None:
    lab = shared.lab
    lab.set_stage(3)
    lab.stage(2).undo()
    report = tmp_path / "report.html"
    report.write_text(diagnosis_page(lab.diagnose()), encoding="utf-8")
    asked: list[str] = []
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))

    page.goto(report.as_uri())
    page.locator("summary").first.click()
    found = axe.findings(page, axe_script, "html")
    page.set_viewport_size({"width": 320, "height": 800})
    width = page.evaluate("document.documentElement.scrollWidth")
    pictures = page.evaluate("[...document.images].map(one => one.naturalWidth)")
    context.close()

    assert found == []
    assert width <= 320
    assert pictures
    assert all(pictures)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
