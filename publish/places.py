"""Where the sources are and where the results go, for each language."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
BUILD: Final = ROOT / "build"
DIAGRAMS: Final = ROOT / "diagrams"
_FIRST: Final = "en"


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the workshop: English lies in `docs/` and `notebooks/`, each other one in a folder below."""

    code: str

    @property
    def docs(self) -> Path:
        return self._below(ROOT / "docs")

    @property
    def notebooks(self) -> Path:
        return self._below(ROOT / "notebooks")

    @property
    def diagrams(self) -> Path:
        return self._below(DIAGRAMS)

    def _below(self, folder: Path) -> Path:
        return folder if self.code == _FIRST else folder / self.code

    def made(self, kind: str) -> Path:
        """`build/handout.pdf` in English, `build/handout-ja.pdf` in Japanese."""
        name, dot, ending = kind.partition(".")
        return BUILD / (kind if self.code == _FIRST else f"{name}-{self.code}{dot}{ending}")


def languages() -> tuple[Language, ...]:
    """English, and every language that has a folder in `docs/` with an index."""
    others = sorted(index.parent.name for index in (ROOT / "docs").glob("??/index.md"))
    return tuple(Language(code) for code in (_FIRST, *others))


def workspace_of(notebook: str) -> str:
    """The name of the page in a browser tab that opens with the notebook at this path, the map beside it."""
    return notebook.removeprefix("notebooks/").removesuffix(".ipynb").replace("/", "-")
