"""What is known before a run of a value that an expression gives: its text, with `*` for what shows only then. Pure.

Read are a text with placeholders to be filled in (`${Account}`), the intrinsic `States.Format`, and JSONata that joins
texts with `&`. Of anything else nothing is known.

Source: docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

ANY: Final = "*"
_PLACEHOLDER: Final = re.compile(r"\$\{[^}]*\}")
_FORMAT: Final = re.compile(r"\s*States\.Format\(\s*'(?P<form>(?:\\.|[^'\\])*)'\s*(?:,.*)?\)\s*", re.DOTALL)
_SLOT: Final = re.compile(r"\\(?P<sign>.)|(?P<slot>\{\})", re.DOTALL)
_JSONATA: Final = re.compile(r"\s*\{%(?P<code>.*)%\}\s*", re.DOTALL)
_TEXT: Final = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""", re.DOTALL)
# Outside of brackets these make of a row of texts something else: a choice, a sum, a function, several values …
_NO_JOIN: Final = frozenset("?:,;=<>+*/%|^~")


def known_part(text: str) -> str:
    """The text as far as it is known, `*` in the place of what isn't; `*` alone where nothing is known."""
    if found := _FORMAT.fullmatch(text):
        return _joined(_SLOT.sub(lambda match: match["sign"] or ANY, found["form"]))
    if found := _JSONATA.fullmatch(text):
        return _joined("".join(_operands(found["code"])))
    if text.startswith(("$", "States.")) and not text.startswith("${"):
        return ANY
    return _joined(_PLACEHOLDER.sub(ANY, text))


def _joined(text: str) -> str:
    return re.sub(r"\*+", ANY, text)


def _operands(code: str) -> Iterator[str]:
    """The parts that `&` joins: a literal text as it is, anything else as `*`."""
    at, depth, part = 0, 0, ""
    parts: list[str] = []
    while at < len(code):
        if found := _TEXT.match(code, at):
            part += found[0]
            at = found.end()
            continue
        sign = code[at]
        depth += (sign in "([{") - (sign in ")]}")
        if depth == 0 and sign == "&":
            parts.append(part)
            part = ""
        elif depth == 0 and sign in _NO_JOIN:
            yield ANY
            return
        else:
            part += sign
        at += 1
    for one in (*parts, part):
        literal = one.strip()
        yield re.sub(r"\\(.)", r"\1", literal[1:-1]) if _TEXT.fullmatch(literal) else ANY
