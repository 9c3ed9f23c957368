"""Set-up of every test: a sandbox of the run's own, and nbval as the notebooks need it."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.isolation import isolated
from xsfn_helpers.config import find_config_file

# Words are compared strictly. Pictures and HTML differ between Graphviz versions and have their own tests;
# what libraries write to stderr is theirs to change.
NOT_COMPARED = ("stderr", "text/html", "image/svg+xml")
# nbval waits 5 s for output that comes after the cell's reply; a loaded machine can take longer.
OUTPUT_TIMEOUT = 30


def pytest_configure(config: pytest.Config) -> None:
    if own := find_config_file(config.rootpath):
        raise pytest.UsageError(f"{own} changes names that the tests count on: move it away while they run.")
    isolation = ExitStack()
    isolation.enter_context(isolated())
    config.add_cleanup(isolation.close)
    # In addopts the path would count from the folder that pytest is called in.
    config.option.nbval_sanitize_with = str(config.rootpath / "tests" / "sanitize.cfg")


def pytest_collectstart(collector: pytest.Collector) -> None:
    if type(collector).__name__ == "IPyNbFile":
        collector.skip_compare += NOT_COMPARED


def pytest_itemcollected(item: pytest.Item) -> None:
    if type(item).__name__ == "IPyNbCell":
        item.output_timeout = OUTPUT_TIMEOUT
