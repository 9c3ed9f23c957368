"""Texts that look as if somebody read them, and that no catalogue knows: `python -m tests.language.unmarked [path…]`.

Prose is a literal, or an f-string, of three words or more, which isn't a docstring and isn't given to `tr`,
`tr_n` or `mark`. What is meant to stay in English stands in `untranslated.txt`, under a line that says why.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.language.catalogues import KEYWORDS, PACKAGE, sources

KEPT: Final = Path(__file__).with_name("untranslated.txt")
# AWS's side: what the sandbox answers with, and what Step Functions says of a definition, is AWS's English.
_AWS_SPEAKS: Final = ("sandbox/", "asl/definition_rules.py", "asl/json_errors.py")
_WORD: Final = re.compile(r"[A-Za-z][a-z']*")
_LEAST_WORDS: Final = 3
_SQL: Final = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA) ")
# What a log is told, for whoever keeps the kit in order.
_LOGGING: Final = ("_log", "logging")


@dataclass(frozen=True, slots=True)
class Prose:
    """A text in the code, `{}` standing for what is put into it, and where it is."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text!r}"


def unmarked(path: Path) -> Iterator[Prose]:
    """The prose in a file that isn't marked."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    left_out = _docstrings(tree) | _marked(tree) | _logged(tree)
    name = path.relative_to(PACKAGE).as_posix()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            left_out |= {id(part) for part in ast.walk(node) if part is not node}
            text = "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)  # type: ignore[misc]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if id(node) not in left_out and _is_prose(text):
            yield Prose(name, node.lineno, text)


def _is_prose(text: str) -> bool:
    if _SQL.match(text):
        return False
    words = [word for word in text.split() if _WORD.fullmatch(word.strip(".,:;!?()'\"…"))]
    return len(words) >= _LEAST_WORDS


def _docstrings(tree: ast.AST) -> set[int]:
    bodies = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, bodies) and node.body and isinstance(node.body[0], ast.Expr)
    }


def marked_texts(path: Path) -> Iterator[str]:
    """The literals that a file gives to `tr`, `tr_n` or `mark` as texts."""
    for call in _marking_calls(ast.parse(path.read_text(encoding="utf-8"))):
        for argument in call.args[:2]:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and argument.value:
                yield argument.value


def _marked(tree: ast.AST) -> set[int]:
    """What is an argument of `tr`, `tr_n` or `mark`."""
    return {id(part) for call in _marking_calls(tree) for argument in call.args for part in ast.walk(argument)}


def _marking_calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (call for call in _calls(tree) if isinstance(call.func, ast.Name) and call.func.id in KEYWORDS)


def _logged(tree: ast.AST) -> set[int]:
    """What is an argument of a call of the log."""
    calls = (call for call in _calls(tree) if isinstance(call.func, ast.Attribute))
    logging = (call for call in calls if isinstance(call.func.value, ast.Name) and call.func.value.id in _LOGGING)
    return {id(part) for call in logging for argument in call.args for part in ast.walk(argument)}


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def kept() -> dict[str, str]:
    """The texts that stay English, each with the reason."""
    reason, texts = "", {}
    for line in KEPT.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            reason = line[1:].strip()
        elif line.strip():
            texts[ast.literal_eval(line)] = reason
    return texts


def everywhere(paths: Iterable[Path]) -> Iterator[Prose]:
    """The unmarked prose of these files that nobody has decided to keep."""
    english = kept()
    for path in paths:
        if path.suffix == ".py" and not path.relative_to(PACKAGE).as_posix().startswith(_AWS_SPEAKS):
            yield from (prose for prose in unmarked(path) if prose.text not in english)


if __name__ == "__main__":
    wanted = [Path(argument).absolute() for argument in sys.argv[1:]] or [PACKAGE]
    files = [path for path in sources() if any(path == one or one in path.parents for one in wanted)]
    found = list(everywhere(files))
    sys.stdout.writelines(f"{prose}\n" for prose in found)
    sys.stdout.write(f"{len(found)} texts\n")
    sys.exit(1 if found else 0)
