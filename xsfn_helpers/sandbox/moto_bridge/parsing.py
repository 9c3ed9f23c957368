"""Definitions and JSONPaths parsed once: moto's parsers take longer than a whole cross-account execution."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import json_path

_DEFINITIONS: Final = 256
_PATHS: Final = 1024


def parse_once() -> None:
    """From now on moto parses each definition and each path once.

    What comes out is the same object for every execution; moto keeps what belongs to one in its environment, as it
    must for the iterations of a Map, which share their states, too.
    """
    AmazonStateLanguageParser.parse = staticmethod(lru_cache(maxsize=_DEFINITIONS)(AmazonStateLanguageParser.parse))
    json_path.parse = lru_cache(maxsize=_PATHS)(json_path.parse)
