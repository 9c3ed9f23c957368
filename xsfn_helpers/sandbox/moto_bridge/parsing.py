"""Definitions and JSONPaths parsed once, and each as if it were the only one.

moto's parsers take longer than a whole cross-account execution, and they keep state in their classes: which query
language is spoken at the moment, and what ANTLR has learnt of the grammar. A definition that the parser gives up on, or
two at the same moment, would leave that in a state that spoils everybody's next one.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import Any, Final

from antlr4.dfa.DFA import DFA
from antlr4.PredictionContext import PredictionContextCache
from moto.stepfunctions.parser.asl.antlr.runtime.ASLIntrinsicLexer import ASLIntrinsicLexer
from moto.stepfunctions.parser.asl.antlr.runtime.ASLIntrinsicParser import ASLIntrinsicParser
from moto.stepfunctions.parser.asl.antlr.runtime.ASLLexer import ASLLexer
from moto.stepfunctions.parser.asl.antlr.runtime.ASLParser import ASLParser
from moto.stepfunctions.parser.asl.component.common.path import result_path
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.intrinsic.intrinsic_parser import IntrinsicParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.asl.parse.test_state.asl_parser import TestStateAmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import json_path
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

from xsfn_helpers.sandbox.moto_bridge.long_definitions import definitions_of, parse_elsewhere

# A room of a hundred has about six each: two machines, and what checks try in their place for a moment.
_DEFINITIONS: Final = 1024
# All their text together: what comes of it takes some thirty times as much memory.
_TEXT_KEPT: Final = 4 * 1024 * 1024
# Takes about a second, in which nobody else would have much of the processor.
_LONG: Final = 24 * 1024
_PATHS: Final = 1024
# What is kept of the grammar for the next ones: a new set has to learn for a tenth of a second.
_SETS_KEPT: Final = 4
_USES_OF_A_SET: Final = 500

_Parse = Callable[[str], Any]


def parse_once() -> None:
    """From now on moto parses each definition and each path once, and none has anything to do with another.

    What comes out is the same object for every execution; moto keeps what belongs to one in its environment, as it
    must for the iterations of a Map, which share their states, too.
    """
    _keep_scopes_apart()
    _keep_grammars_apart()
    AmazonStateLanguageParser.parse = staticmethod(_Once(AmazonStateLanguageParser.parse))
    entrypoint = ExecutionWorker._get_evaluation_entrypoint

    def parse_for_execution(worker: Any) -> Any:
        with definitions_of(worker._evaluation_details.aws_execution_details.account, is_running=True):
            return entrypoint(worker)

    ExecutionWorker._get_evaluation_entrypoint = parse_for_execution
    for module in (json_path, result_path):
        module.parse = lru_cache(maxsize=_PATHS)(module.parse)


class _Once:
    """Parses each definition once: so many, and so much of them, are kept. Long ones are parsed by another process."""

    def __init__(self, parse: _Parse) -> None:
        self._parse = parse
        self._known: OrderedDict[str, Any] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def __call__(self, definition: str) -> Any:
        with self._lock:
            if definition in self._known:
                self._known.move_to_end(definition)
                return self._known[definition]
        parsed = parse_elsewhere(definition) if len(definition) > _LONG else self._parse(definition)
        with self._lock:
            if definition not in self._known:
                self._known[definition] = parsed
                self._size += len(definition)
            while len(self._known) > _DEFINITIONS or (self._size > _TEXT_KEPT and len(self._known) > 1):
                oldest, _ = self._known.popitem(last=False)
                self._size -= len(oldest)
        return parsed


def _keep_scopes_apart() -> None:
    """moto has one list of scopes for the whole process, and an exception leaves its entries there."""

    def begin(preprocessor: Any) -> None:
        preprocessor._query_language_per_scope = []

    Preprocessor.__init__ = begin


# --- what ANTLR learns of the grammar --------------------------------------------------------------------------------


class _Learnt:
    """What the parsers have learnt so far: for one parse at a time."""

    def __init__(self) -> None:
        self.uses = 0
        self._automata: dict[type, list[DFA]] = {}
        self.contexts = PredictionContextCache()

    def automata(self, recognizer: type[Any]) -> list[DFA]:
        if recognizer not in self._automata:
            states = recognizer.atn.decisionToState
            self._automata[recognizer] = [DFA(state, number) for number, state in enumerate(states)]
        return self._automata[recognizer]


_learnt: ContextVar[_Learnt | None] = ContextVar("what the parse under way has to itself", default=None)


class _Own:
    """Stands where a recognizer's class keeps what it has learnt, and gives what the parse under way has."""

    def __init__(self, shared: Any, own: Callable[[_Learnt, type[Any]], Any]) -> None:
        self._shared = shared
        self._own = own

    def __get__(self, _: Any, owner: type[Any]) -> Any:
        learnt = _learnt.get()
        return self._shared if learnt is None else self._own(learnt, owner)


def _keep_grammars_apart() -> None:
    """ANTLR's automata grow while they are used, and in Python nothing keeps two threads from growing one at once."""
    for recognizer in (ASLLexer, ASLParser, ASLIntrinsicLexer, ASLIntrinsicParser):
        recognizer.decisionsToDFA = _Own(recognizer.decisionsToDFA, _Learnt.automata)
    for parser in (ASLParser, ASLIntrinsicParser):
        parser.sharedContextCache = _Own(parser.sharedContextCache, lambda learnt, _: learnt.contexts)
    sets = _Sets()
    for entry in (AmazonStateLanguageParser, TestStateAmazonStateLanguageParser, IntrinsicParser):
        entry.parse = staticmethod(_alone(entry.parse, sets))


class _Sets:
    """Sets of what was learnt, each lent to one parse at a time. One that a parse failed with isn't lent again."""

    def __init__(self) -> None:
        self._idle: list[_Learnt] = []
        self._lock = threading.Lock()

    @contextmanager
    def lent(self) -> Iterator[None]:
        with self._lock:
            learnt = self._idle.pop() if self._idle else _Learnt()
        token = _learnt.set(learnt)
        try:
            yield
        finally:
            _learnt.reset(token)
        learnt.uses += 1
        with self._lock:
            if len(self._idle) < _SETS_KEPT and learnt.uses < _USES_OF_A_SET:
                self._idle.append(learnt)


def _alone(parse: _Parse, sets: _Sets) -> _Parse:
    @wraps(parse)
    def parse_alone(definition: str) -> Any:
        if _learnt.get() is not None:  # an intrinsic function within a definition
            return parse(definition)
        with sets.lent():
            return parse(definition)

    return parse_alone
