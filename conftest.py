"""Set-up of every test: a sandbox of the run's own, and nbval as the notebooks need it."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest

from tests.sandbox.facts import FACT
from tests.support.forks import forking
from tests.support.isolation import isolated
from tests.support.kernel_ports import KernelPorts
from tests.support.quiet import SHARED_FOLDER, holding_the_machine
from tests.support.remembered import remembering
from tests.support.soak import SOAKING, pass_on
from xsfn_helpers.aws.settings import find_config_file
from xsfn_helpers.deployment.export.synthesis import missing_tool
from xsfn_helpers.sandbox import assumptions as choices

# Words are compared strictly. Pictures and HTML differ between Graphviz versions and have their own tests;
# what libraries write to stderr is theirs to change.
NOT_COMPARED = ("stderr", "text/html", "image/svg+xml")
# What a test has measured, told at the end whatever became of it.
FIGURE = "figure"
# nbval waits 5 s for output that comes after the cell's reply; a loaded machine can take longer.
OUTPUT_TIMEOUT = 30
# Of the Japanese notebooks, those that `make test` runs: their cells are the English ones', which all run. The outputs
# of the others are held to the catalogues (tests/notebooks/test_japanese_outputs.py). `make soak` runs all, and so
# does whoever names one.
JAPANESE_IN_SHORT = ("00", "01", "03", "04", "06")
# Cells whose words depend on whether the CDK can run here.
CDK_TAG = "cdk"


# On a busy machine the tests are slow, never red.
hypothesis.settings.register_profile("xsfn", deadline=None)
hypothesis.settings.load_profile("xsfn")


def pytest_configure(config: pytest.Config) -> None:
    if own := find_config_file(config.rootpath):
        raise pytest.UsageError(f"{own} changes names that the tests count on: move it away while they run.")
    isolation = ExitStack()
    folder = isolation.enter_context(isolated())
    pass_on()
    isolation.enter_context(forking())
    isolation.enter_context(remembering())
    # Those that pytest-xdist starts have it from the process that starts them.
    os.environ.setdefault(SHARED_FOLDER, str(folder))
    config.add_cleanup(isolation.close)
    KernelPorts.instance()
    # In addopts the path would count from the folder that pytest is called in.
    config.option.nbval_sanitize_with = str(config.rootpath / "tests" / "sanitize.cfg")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    if config.getvalue("dist") != "loadfile":
        return None
    # Imported here: where the tests run in one process, xdist may be switched off.
    from tests.support.side_by_side import LongestFirst

    return LongestFirst(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    with holding_the_machine(alone=item.get_closest_marker("timed") is not None):
        return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was measured; how many of the facts known of AWS were checked, and held; how much nobody knows."""

    def facts(outcome: str) -> Counter[str]:
        reports = terminalreporter.getreports(outcome)
        return Counter(str(value) for report in reports for name, value in report.user_properties if name == FACT)

    for report in (*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")):
        for name, value in report.user_properties:
            if name == FIGURE:
                terminalreporter.write_line(str(value))
    if missing := missing_tool():
        terminalreporter.write_line(f"notebook 07's cells about the CDK are run, and not compared: {missing.what}")
    passed, failed = facts("passed"), facts("failed")
    if checked := passed.keys() | failed.keys():
        runs, held = (passed + failed).total(), len(checked) - len(failed)
        terminalreporter.write_line(f"facts known of AWS: {len(checked)} checked by {runs} tests, {held} held")
        terminalreporter.write_line(
            f"not established of AWS: {len(choices.CHOICES)} points, each with a choice made in {choices.__name__}"
        )


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: looking through it was a fifth of all work."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    is_japanese = collection_path.suffix == ".ipynb" and collection_path.parent == config.rootpath / "notebooks" / "ja"
    if not is_japanese or SOAKING or collection_path.name.startswith(tuple(f"{one}-" for one in JAPANESE_IN_SHORT)):
        return None
    named = {config.invocation_params.dir / argument.partition("::")[0] for argument in config.args}
    return None if collection_path in named else True


def pytest_collectstart(collector: pytest.Collector) -> None:
    if type(collector).__name__ == "IPyNbFile":
        collector.skip_compare += NOT_COMPARED


def pytest_itemcollected(item: pytest.Item) -> None:
    if type(item).__name__ == "IPyNbCell":
        item.output_timeout = OUTPUT_TIMEOUT
        # Where the CDK can't run, these say so, in other words than are stored.
        if CDK_TAG in item.cell.metadata.get("tags", []) and missing_tool():
            item.options["check"] = False
