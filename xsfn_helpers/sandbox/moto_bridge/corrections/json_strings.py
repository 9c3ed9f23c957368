"""Strings in a definition: JSON, wherever they stand, as Python's json.dumps and everybody else writes them.

Recorded for literals (localstack: test_escape_sequence_parsing, 2025-02; BASE_REFERENCE_IN_INTRINSIC_FUNCTION,
2024-11); for names of states, keys and paths it is JSON itself: RFC 8259, section 7.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from antlr4 import InputStream
from moto.stepfunctions.parser.asl.antlr.runtime.ASLLexer import ASLLexer
from moto.stepfunctions.parser.asl.antlt4utils.antlr4utils import is_terminal
from moto.stepfunctions.parser.asl.parse import asl_parser, preprocessor
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.asl.parse.test_state import asl_parser as test_state_parser

# Any escape, so that none begins in the middle of another; a pair of surrogates is one letter.
_ESCAPE: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.", re.DOTALL
)


def read_strings_as_json() -> None:
    """From now on, moto's parser takes no string for the text that stands between its quotes."""
    for module in (asl_parser, test_state_parser):
        module.InputStream = lambda definition: InputStream(_with_letters(definition))
    preprocessor.from_string_literal = _string
    Preprocessor._inner_string_of = staticmethod(_string_or_null)


def _with_letters(definition: str) -> str:
    """The definition with each `\\u958b` as the letter itself: what the grammar sees begins with it, a path with $."""
    return _ESCAPE.sub(_letter, definition) if "\\u" in definition else definition


def _letter(escape: re.Match[str]) -> str:
    letter: str = json.loads(f'"{escape[0]}"') if escape[0].startswith("\\u") else ""
    plain = len(letter) == 1 and letter >= " " and letter not in '"\\' and not "\ud800" <= letter <= "\udfff"
    return letter if plain else escape[0]


def _string(parser_rule_context: Any) -> str:
    text: str = parser_rule_context.getText()
    if not (len(text) > 1 and text.startswith('"') and text.endswith('"')):
        return text
    read: str = json.loads(text, strict=False)
    return read


def _string_or_null(parser_rule_context: Any) -> str | None:
    return None if is_terminal(parser_rule_context, ASLLexer.NULL) else _string(parser_rule_context)
