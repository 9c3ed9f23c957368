"""Builds the site: packages compiled, JupyterLite round them, the lesson's notebooks arranged in it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from publish.lite import arranged, content, packages
from publish.npm import NoPackages
from publish.npm import packages as npm_packages
from publish.places import BUILD, ROOT, languages

SITE: Final = BUILD / "lite"
_HERE: Final = Path(__file__).parent
_WORK: Final = BUILD / "lite-work"
_COMPILED: Final = BUILD / "lite-compiled"  # each archive once, by what it is made of
_KERNEL: Final = "@jupyterlite/pyodide-kernel-extension"
_KERNEL_WHEELS: Final = Path(sys.prefix, "share/jupyter/labextensions", _KERNEL, "static/pypi")
_OF_THE_KERNEL: Final = re.compile(r"(?:ipykernel|piplite|pyodide_kernel)-")


class LiteFailed(Exception):
    """The site for a browser tab couldn't be built here."""


def build(site: Path = SITE) -> Path:
    """Build the site, unless what it is made of is as it was; give its folder. Raises `LiteFailed`."""
    if find_spec("jupyterlite_core") is None or not _KERNEL_WHEELS.is_dir():
        raise LiteFailed("JupyterLite isn't installed: pip install -e '.[lab,lite]'")
    made_of, note = _digest(), site / "made-of.txt"
    if note.exists() and note.read_text(encoding="utf-8") == made_of:
        return site
    shutil.rmtree(_WORK, ignore_errors=True)
    shutil.rmtree(site, ignore_errors=True)
    _WORK.mkdir(parents=True)
    with ThreadPoolExecutor(1) as beside:
        compiled = beside.submit(_compile, _WORK / "pyodide")
        content.gather(_WORK / "content")
        arranged.workspaces(_WORK / "workspaces")
        _write(_WORK / "jupyter-lite.json", _settings())
        _write(_WORK / "overrides.json", _look())
        _jupyter_lite(site)
        _pages(site)
        shutil.move(compiled.result(), site / "static")
    note.write_text(made_of, encoding="utf-8")
    return site


def _compile(target: Path) -> Path:
    node = shutil.which("node")
    if node is None:
        raise LiteFailed("Node.js compiles the packages, and isn't installed.")
    try:
        modules = npm_packages(_HERE / "node", "lite")
    except NoPackages as error:
        raise LiteFailed(f"The site needs Pyodide. {error}") from error
    target.mkdir()
    archives, wheels = _WORK / "archives", _WORK / "kernel"
    archives.mkdir()
    packages.bundle(archives, modules / "@hpcc-js/wasm-graphviz/dist/index.js")
    wheels.mkdir()
    for wheel in _KERNEL_WHEELS.glob("*.whl"):
        if _OF_THE_KERNEL.match(wheel.name):
            shutil.copy(wheel, wheels)
    _run([node, str(_HERE / "compile.mjs"), *map(str, (modules / "pyodide", archives, wheels, target, _COMPILED))])
    return target


def _jupyter_lite(site: Path) -> None:
    options = ["--lite-dir", str(_WORK), "--contents", str(_WORK / "content"), "--output-dir", str(site)]
    options += ["--apps", "lab", "--apps", "notebooks", "--no-sourcemaps", "--no-unused-shared-packages"]
    options += [f"--FederatedExtensionAddon.extra_labextensions_path={arranged.EXTENSIONS}"]
    # Nothing of the reader's own Jupyter takes part.
    alone = {"JUPYTER_CONFIG_DIR": str(_WORK / "config"), "JUPYTER_NO_CONFIG": "1"}
    _run([sys.executable, "-m", "jupyterlite_core", "build", *options], cwd=_WORK, environment=alone)


def _settings() -> dict[str, Any]:
    """JupyterLite's own: our Python, preloaded with our packages, and nothing from elsewhere."""
    return {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "xsfn",
            "defaultKernelName": "python",
            # As `make lab` has it: what looks from outside, as the tests do, finds the page's own commands.
            "exposeAppInBrowser": "true",
            "disabledExtensions": ["@jupyterlab/apputils-extension:announcements"],
            "litePluginSettings": {
                f"{_KERNEL}:kernel": {
                    "pyodideUrl": "./static/pyodide/pyodide.mjs",
                    "disablePyPIFallback": True,
                    "loadPyodideOptions": {
                        "lockFileURL": "./static/pyodide/pyodide-lock.json",
                        "packages": ["xsfn-packages", "xsfn-site", "pyodide-kernel", "piplite", "ipykernel"],
                    },
                }
            },
        },
    }


def _look() -> dict[str, Any]:
    return {
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
        # Each notebook's kernel is some 300 MB of the reader's memory.
        "@jupyterlab/notebook-extension:tracker": {"kernelShutdown": True},
        # A tab may be closed at any time.
        "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 10},
    }


def _pages(site: Path) -> None:
    """The pages round JupyterLab: where one begins, and what one is told whose browser can't do it."""
    for page in (_HERE / "pages").iterdir():
        shutil.copy(page, site)
    arranged.map_parts(site / "xsfn-map")
    guard = '<link rel="icon" href="favicon.ico"><script src="../guard.js"></script>'
    for app in ("lab", "notebooks"):
        index = site / app / "index.html"
        index.write_text(index.read_text(encoding="utf-8").replace("<head>", f"<head>{guard}", 1), encoding="utf-8")


def _digest() -> str:
    """Everything that the site is made of, in a word."""
    found = hashlib.sha256()
    sources = [*_HERE.rglob("*"), *packages.PACKAGE.rglob("*"), *(ROOT / "diagrams").rglob("*")]
    sources += [path for language in languages() for path in language.notebooks.glob("*.ipynb")]
    for path in sorted(path for path in sources if path.is_file() and "__pycache__" not in path.parts):
        found.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    for name in (*packages.KIT, *packages.KERNEL, "jupyterlite-core", "jupyterlite-pyodide-kernel"):
        found.update(f"{name} {packages.distribution(name).version}\0".encode())
    return found.hexdigest()


def _run(command: list[str], *, cwd: Path = ROOT, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LiteFailed(f"{Path(command[0]).name} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def _write(path: Path, told: Any) -> None:
    path.write_text(json.dumps(told, indent=1), encoding="utf-8")
