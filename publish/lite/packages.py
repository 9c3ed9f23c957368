"""What the tab's Python imports, in two archives: taken from the environment that builds it, without what no tab needs.

Every package is one of `locks/`, so what runs in the tab is what was tested. Those with compiled halves (PyYAML,
MarkupSafe, charset-normalizer, psygnal) do without them.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Final

from publish.places import ROOT

PACKAGE: Final = ROOT / "xsfn_helpers"
# Modules of the tab's own.
TAB: Final = Path(__file__).parent / "tab"
# What the kit imports there, and what Pyodide's IPython kernel does.
KIT: Final = (
    *("antlr4-python3-runtime", "anywidget", "babel", "boto3", "botocore", "charset-normalizer", "filelock"),
    *("graphviz", "idna", "jmespath", "jsonata-python", "jsonpath-ng", "lark", "markupsafe", "moto", "psygnal"),
    *("python-dateutil", "python-hcl2", "pyyaml", "requests", "responses", "s3transfer", "six", "typing-extensions"),
    *("urllib3", "waitress", "werkzeug", "xmltodict", "certifi"),
)
KERNEL: Final = (
    *("asttokens", "comm", "executing", "ipython", "ipython-pygments-lexers", "ipywidgets", "jedi"),
    *(
        "jupyterlab-widgets",
        "matplotlib-inline",
        "packaging",
        "parso",
        "prompt-toolkit",
        "pure-eval",
        "pygments",
    ),
    *("stack-data", "traitlets", "wcwidth"),
)
# Of botocore's models and moto's services, those that the sandbox offers.
_MODELS: Final = (
    *("accessanalyzer", "cloudformation", "dynamodb", "iam", "lambda", "organizations", "s3", "sqs", "stepfunctions"),
    "sts",
)
_MOTO: Final = (
    *("batch", "cloudwatch", "core", "events", "iam", "logs", "moto_api", "s3", "stepfunctions", "sts", "utilities"),
)
_LEXERS: Final = (
    *("__init__", "_mapping", "css", "data", "diff", "html", "javascript", "jsonnet", "markup", "python", "shell"),
    *("special", "text"),
)
_LANGUAGES: Final = ("root", "en", "ja")
# The classroom's server, the command line's completion of Jupyter, and pictures for pages of documentation.
_LEFT_OUT: Final = re.compile(
    r"(?:.*/)?(?:tests?|__pycache__)/|.*\.(?:so|pyd|dylib|pyi|c|h|pyx|js\.map)$"
    r"|(?:botocore|certifi)/cacert\.pem$|botocore/docs/bcdoc/textwriter|boto3/(?:data|examples)/"
    r"|jedi/third_party/django|werkzeug/debug/shared/|jsonpath_ng/bin/"
    r"|share/|\.\./|xsfn_helpers/lab/classroom/static/"
)


_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)  # the same archive from the same files


def bundle(folder: Path, graphviz: Path) -> None:
    """Write two archives of sources: what others wrote, and the kit. `graphviz` is the JavaScript module of npm."""
    _archive(folder / "xsfn-packages.zip", _others(graphviz))
    _archive(folder / "xsfn-site.zip", _own())


def _archive(path: Path, files: Iterable[tuple[str, bytes | str]]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as written:
        for name, content in files:
            written.writestr(zipfile.ZipInfo(name, _LONG_AGO), content)


def _others(graphviz: Path) -> Iterator[tuple[str, bytes | str]]:
    for name in (*KIT, *KERNEL):
        found = distribution(name)
        yield from _files(found)
        yield f"{found.name.replace('-', '_')}-{found.version}.dist-info/METADATA", _metadata(found)
    for source in sorted(TAB.rglob("*.py")):
        yield source.relative_to(TAB).as_posix(), source.read_bytes()
    yield "graphviz.js", graphviz.read_bytes()


def _own() -> Iterator[tuple[str, bytes | str]]:
    for source in sorted(PACKAGE.rglob("*")):
        path = source.relative_to(ROOT).as_posix()
        if source.is_file() and not _LEFT_OUT.match(path):
            yield path, source.read_bytes()
    own = distribution("xsfn-helpers")
    yield f"xsfn_helpers-{own.version}.dist-info/METADATA", _metadata(own)


def _files(found: Distribution) -> Iterator[tuple[str, bytes]]:
    for file in found.files or ():
        path = file.as_posix()
        if ".dist-info/" not in path and is_needed(path):
            yield path, Path(str(file.locate())).read_bytes()


def is_needed(path: str) -> bool:
    """Whether a file of a package is of use in a tab."""
    if _LEFT_OUT.match(path):
        return False
    if rest := _below(path, "botocore/data/"):
        return "/" not in rest or rest.partition("/")[0] in _MODELS
    if rest := _below(path, "moto/"):
        return "/" not in rest or rest.partition("/")[0] in _MOTO
    if rest := _below(path, "pygments/lexers/"):
        return rest.removesuffix(".py") in _LEXERS
    if rest := _below(path, "babel/locale-data/"):
        return rest.removesuffix(".dat") in _LANGUAGES
    return True


def _below(path: str, folder: str) -> str:
    return path.removeprefix(folder) if path.startswith(folder) else ""


def _metadata(found: Distribution) -> str:
    """Name, version and licence: what asks for a version finds it, and who asks whose it is."""
    kept = ("Name", "Version", "License", "License-Expression", "Home-page", "Author")
    told = found.metadata
    lines = [f"{name}: {str(told[name]).splitlines()[0]}" for name in kept if told.get(name)]
    lines += [f"Classifier: {one}" for one in told.get_all("Classifier") or () if one.startswith("License ::")]
    return "\n".join(["Metadata-Version: 2.1", *lines, ""])
