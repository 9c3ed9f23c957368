"""Figures by the page's own clock, held to one budget. A loaded machine says nothing about the displays."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.jupyter import Notebook
from tests.support.quiet import skip_unless_quiet

BUDGET: Final = 200  # milliseconds
ROUNDS: Final = 7
SERIES: Final = 4
_CLEAR: Final = """async (index) => {
  jupyterapp.shell.currentWidget.content.activeCellIndex = index;
  await jupyterapp.commands.execute("notebook:clear-cell-output");
}"""
# The milliseconds from a text's being typed into `area` until `selector` is there and painted.
_TIME_EDIT: Final = """async ([area, text, selector]) => {
  if (document.querySelector(selector)) throw new Error(`${selector} is there already`);
  const field = document.querySelector(area);
  const seen = new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      if (!document.querySelector(selector)) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
    });
    observer.observe(document.body, { subtree: true, childList: true, attributes: true });
  });
  const start = performance.now();
  field.value = text;
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  return (await seen) - start;
}"""

Figures = Mapping[str, Sequence[float]]


def within_budget(of_what: str, measure: Callable[[], Figures]) -> None:
    """Hold the median of each of the figures that `measure` takes to the budget.

    Another series is measured when one is slow, because the machine may have had other work; where it has too much of
    it to begin with, the test is skipped and says so.
    """
    skip_unless_quiet()
    told = ""
    for _ in range(SERIES):
        medians = {what: statistics.median(figures) for what, figures in measure().items()}
        told = ", ".join(f"{what} {median:.0f} ms" for what, median in medians.items())
        print(f"{of_what}: {told} (medians)")
        if max(medians.values()) <= BUDGET:
            return
    pytest.fail(f"{of_what}: {told}; at most {BUDGET} ms are allowed")


def time_to_show(notebook: Notebook, index: int, selector: str) -> float:
    """Run one cell anew; the milliseconds until `selector` is there and painted."""
    notebook.page.evaluate(_CLEAR, index)
    expect(notebook.page.locator(selector)).to_have_count(0)
    return notebook.timed(index, selector)


def time_edit(page: Page, area: str, text: str, selector: str) -> float:
    """Put a text into the text area `area`; the milliseconds until `selector` is there and painted."""
    return float(page.evaluate(_TIME_EDIT, [area, text, selector]))
