"""`xsfn lab`: the notebooks, brought along where they aren't yet, and JupyterLab on the first of them."""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import xsfn_helpers
from xsfn_helpers.cli.parsing import add_command
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import ENGLISH, language, listed, tr, tr_n

FIRST: Final = "00-start-here.ipynb"
# Where they go unless another folder is named.
COPIES: Final = "xsfn-notebooks"
# In a folder of copies: what each file was when it was given, so that a reader's change is known as one.
RECORD: Final = ".xsfn-notebooks.json"
_PACKAGE: Final = Path(xsfn_helpers.__file__).parent
# setup.py puts them there in a wheel; in a copy of the repository they lie beside the package.
_PACKED: Final = _PACKAGE / "_lesson"
_JUPYTER: Final = Path(__file__).with_name("jupyter")
# The workspace of JupyterLab that opens with the lesson.
PAGE: Final = "xsfn"


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands, "lab", open_jupyterlab, tr("open JupyterLab on the first notebook; options after it are JupyterLab's")
    )
    parser.add_argument("--copy-to", metavar="DIR", type=Path, help=tr("bring the notebooks into this folder first"))


def open_jupyterlab(options: argparse.Namespace) -> NoReturn:
    """Become JupyterLab on the first notebook. Raises `ConfigError` where it, or the notebooks, can't be had."""
    if importlib.util.find_spec("jupyterlab") is None:
        raise ConfigError(
            tr("JupyterLab isn't installed here."),
            fix=tr("It comes with the extra `lab`: pip install 'xsfn-helpers[lab]', or make lab."),
        )
    folder = _folder(options.copy_to)
    notebooks = _in_language("notebooks")
    environment = {**os.environ, **_settings(folder)}
    arrange(Path(environment["JUPYTERLAB_WORKSPACES_DIR"]))
    command = [sys.executable, "-m", "jupyterlab", *_options(folder, notebooks), *options.arguments]
    sys.stdout.flush()
    os.execve(sys.executable, command, environment)  # noqa: S606 - our own interpreter


# Where the notebooks are


def _folder(copy_to: Path | None) -> Path:
    """The folder with `notebooks/` that JupyterLab opens; the copies there are brought up to date."""
    if copy_to is None:
        here = Path.cwd()
        found = next((folder for folder in (here, *here.parents, _PACKAGE.parent) if _is_lesson(folder)), None)
        if found is not None and not (found / RECORD).is_file():
            return found
        copy_to = found or Path(COPIES)
    folder = copy_to.absolute()
    _tell(folder, bring(_shipped(), folder))
    return folder


def _is_lesson(folder: Path) -> bool:
    return (folder / "notebooks" / FIRST).is_file()


def _shipped() -> Path:
    """The folder with the notebooks and pictures that belong to this package."""
    for folder in (_PACKED, _PACKAGE.parent):
        if _is_lesson(folder):
            return folder
    raise ConfigError(
        tr("The notebooks aren't here."),
        fix=tr("Call `xsfn lab` in a copy of the repository, which holds notebooks/."),
    )


def _tell(folder: Path, brought: Brought) -> None:
    print(tr("The notebooks are in {folder}.", folder=folder))
    if brought.renewed:
        count = len(brought.renewed)
        print(tr_n("{count} file is renewed.", "{count} files are renewed.", count))
    if brought.kept:
        print(
            tr(
                "You have changed {files}, and they stay as you have them; where you remove one, the newer comes.",
                files=listed(brought.kept),
            )
        )


# How they are brought


@dataclass(frozen=True, slots=True)
class Brought:
    """What a folder of copies was given, as paths in it; `kept` has what its reader changed and there is newer of."""

    new: tuple[str, ...]
    renewed: tuple[str, ...]
    kept: tuple[str, ...]


def lesson_files(root: Path) -> Iterator[str]:
    """The files that a reader needs, as paths under `root`: the notebooks, and the pictures beside them."""
    for pattern in ("notebooks/**/*.ipynb", "diagrams/**/*.svg"):
        for path in sorted(root.glob(pattern)):
            if ".ipynb_checkpoints" not in path.parts:
                yield path.relative_to(root).as_posix()


def bring(source: Path, folder: Path) -> Brought:
    """Copy the lesson to `folder`. A file there is replaced only where it is still as it was given.

    Raises `ConfigError` where that can't be written.
    """
    record = _read_record(folder)
    new, renewed, kept = [], [], []
    try:
        for name in lesson_files(source):
            content, target = (source / name).read_bytes(), folder / name
            given, there = _hash(content), _hash_of(target)
            if there is None:
                new.append(name)
            elif there == given:
                record[name] = given
                continue
            elif there == record.get(name):
                renewed.append(name)
            else:
                if record.get(name) != given:
                    kept.append(name)
                continue
            _write(target, content)
            record[name] = given
        _write(folder / RECORD, json.dumps(record, indent=1, sort_keys=True).encode())
    except OSError as error:
        raise ConfigError(
            tr("The notebooks can't be written there: {error}.", error=error.strerror or error),
            where=str(folder),
            fix=tr("Name another folder with --copy-to."),
        ) from error
    return Brought(tuple(new), tuple(renewed), tuple(kept))


def _read_record(folder: Path) -> dict[str, str]:
    """Empty where there is none that can be read: then nothing counts as ours, and nothing is replaced."""
    try:
        told = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in told.items()} if isinstance(told, Mapping) else {}


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _hash_of(path: Path) -> str | None:
    """None where nothing is there; what isn't a file is somebody's own, and like no file of ours."""
    if path.is_file():
        return _hash(path.read_bytes())
    return "" if path.exists() or path.is_symlink() else None


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, also for somebody who pulls the plug."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        half.write_bytes(content)
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)


# How JupyterLab is started


def _in_language(folder: str) -> str:
    return folder if language() == ENGLISH else f"{folder}/{language()}"


def _settings(folder: Path) -> dict[str, str]:
    """Variables of JupyterLab's: a page of this folder's own, and no question about news, which no option spares."""
    arranged = ".lab" if language() == ENGLISH else f".lab-{language()}"
    return {"JUPYTERLAB_WORKSPACES_DIR": str(folder / arranged), **jupyter_paths()}


def jupyter_paths() -> dict[str, str]:
    """Variables with which JupyterLab has the map and this kit's settings, beside what it has already."""
    names = ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH")
    return {name: os.pathsep.join(filter(None, (str(_JUPYTER), os.environ.get(name)))) for name in names}


def arrange(folder: Path) -> None:
    """Once: the notebook, its table of contents, and the map beside it. What the reader moves stays moved."""
    if folder.exists():
        return
    arranged = (_JUPYTER / "workspace.json").read_text(encoding="utf-8")
    arranged = arranged.replace("notebooks/", f"{_in_language('notebooks')}/")
    # As `jupyter lab workspaces import` names it, which would take seconds of somebody's first minute.
    name = f"{PAGE}-{_hash(PAGE.encode())[:4]}.jupyterlab-workspace"
    # A folder that can't be written to shows its list of files; JupyterLab says itself what else is wrong there.
    with suppress(OSError):
        _write(folder / name, arranged.encode())


def _options(folder: Path, notebooks: str) -> Iterable[str]:
    """JupyterLab's options; the reader's own come after them, and count."""
    yield "--ServerApp.ip=127.0.0.1"
    yield f"--ServerApp.root_dir={folder}"
    yield f"--LabApp.default_url=/lab/workspaces/{PAGE}/tree/{notebooks}/{FIRST}"
    # The kit works offline: no look for updates.
    yield "--LabApp.news_url=None"
    yield "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"
    # Without a screen, a text browser would take the terminal over; the printed address is what helps there.
    if sys.platform == "linux" and not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")):
        yield "--no-browser"
    # Jupyter denies root unless told.
    if os.geteuid() == 0:
        yield "--allow-root"
