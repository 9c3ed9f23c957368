"""The doctor in a browser tab: there is no machine to look at, so it says what there is instead."""

from __future__ import annotations

import platform

from xsfn_helpers.cli.doctor.finding import Finding, Level, MachineDiagnosis
from xsfn_helpers.common.browser.storage import kept_folder
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.state_folder import StateFolder


def diagnose_tab() -> MachineDiagnosis:
    """Whether the page can run the lesson and keep what is built, and what isn't to be had in it."""
    python = tr(
        "A browser tab runs the kit: Python {version} in WebAssembly, with threads and everything that it imports.",
        version=platform.python_version(),
    )
    missing = tr(
        "A tab has no processes, no terminal and no way to AWS: no room, no AWS CDK, and no accounts of your own."
    )
    notice = kept_folder(StateFolder.default().path).notice
    kept = tr("This browser keeps what you build.")
    return MachineDiagnosis(
        (
            Finding("tab", Level.OK, python),
            Finding("state-folder", Level.WARN, notice, "tab.download()")
            if notice
            else Finding("state-folder", Level.OK, kept),
            Finding("machine", Level.OK, missing),
        )
    )
