"""State machine definitions parsed once: moto's parser takes longer than a whole cross-account execution."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

_KEPT: Final = 256


def parse_once() -> None:
    """From now on moto parses each definition once.

    What comes out is the same object for every execution; moto keeps what belongs to one in its environment, as it
    must for the iterations of a Map, which share their states, too.
    """
    AmazonStateLanguageParser.parse = staticmethod(lru_cache(maxsize=_KEPT)(AmazonStateLanguageParser.parse))
