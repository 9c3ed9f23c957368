"""How the site is built. `publish/site.py` gathers the sources and names the language."""

from __future__ import annotations

import importlib.metadata
from typing import Any

from sphinx.application import Sphinx

project = "xsfn"
author = "the authors of xsfn"
release = importlib.metadata.version("xsfn-helpers")
extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["conf.py", "jupyter_execute"]
html_theme = "furo"
html_title = "xsfn"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
# Read from the disk, a page can't fetch the others for a summary; title and place are enough.
html_show_search_summary = False
html_show_sphinx = False
html_show_copyright = False
# Whole sentences of AWS and JSON, neither of which wants typographic quotes.
smartquotes = False

# Docstrings are plain prose: `names` in backticks are code.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
add_module_names = False

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
# The front end of live widgets would come from another host; each has a form that needs none.
nb_ipywidgets_js: dict[str, Any] = {}
nb_mime_priority_overrides = [
    (builder, "application/vnd.jupyter.widget-view+json", None) for builder in ("html", "dirhtml")
]
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
nb_execution_show_tb = True
suppress_warnings = ["mystnb.lexer"]


# Docstrings with a table or a tree drawn in text: they are shown as they stand.
AS_IT_STANDS = ("xsfn_helpers.aws.settings", "xsfn_helpers.common.errors")


def show_as_it_stands(_app: Sphinx, _what: str, name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    if name in AS_IT_STANDS:
        lines[:] = [".. code-block:: none", "", *(f"   {line}" for line in lines)]


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-docstring", show_as_it_stands)
