"""Graphviz in a browser tab: a JavaScript module of the site's, which has Graphviz in WebAssembly inside."""

from __future__ import annotations

import base64
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import xsfn_helpers

# Beside the package, where the site's build puts it.
_MODULE: Final = Path(xsfn_helpers.__file__).parents[1] / "graphviz.js"
_IMPORT: Final = "(address) => import(address)"


def draw_in_browser(source: str) -> str:
    """DOT as SVG, by `dot`'s own rules."""
    return str(_graphviz().layout(source, "svg", "dot"))


@cache
def _graphviz() -> Any:
    """Loaded from the text that is here already: nothing is asked of the network."""
    run_js, wait = import_module("pyodide.code").run_js, import_module("pyodide.ffi").run_sync
    text = base64.b64encode(_MODULE.read_bytes()).decode("ascii")
    module = wait(run_js(_IMPORT)(f"data:text/javascript;base64,{text}"))
    return wait(module.Graphviz.load())
