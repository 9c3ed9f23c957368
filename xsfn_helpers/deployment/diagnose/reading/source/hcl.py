"""HCL read as far as it can be without Terraform: what isn't known before it runs stays a symbol, `${…}`. Pure.

Parsed by python-hcl2. A reference, or a call, that nothing here can carry out gives a symbol with its own text as its
name; the texts, lists and objects around it stay what they are.
Source: developer.hashicorp.com/terraform/language/expressions
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Final

import hcl2
import lark
from hcl2.rules.base import AttributeRule, BlockRule, BodyRule
from hcl2.rules.containers import ObjectElemKeyExpressionRule, ObjectElemKeyRule, ObjectRule, TupleRule
from hcl2.rules.expressions import BinaryOpRule, ConditionalRule, ExprTermRule, UnaryOpRule
from hcl2.rules.for_expressions import ForObjectExprRule, ForTupleExprRule
from hcl2.rules.functions import FunctionCallRule
from hcl2.rules.indexing import (
    AttrSplatExprTermRule,
    FullSplatExprTermRule,
    GetAttrExprTermRule,
    GetAttrRule,
    IndexExprTermRule,
)
from hcl2.rules.literal_rules import FloatLitRule, IdentifierRule, IntLitRule, LiteralValueRule
from hcl2.rules.strings import HeredocTemplateRule, HeredocTrimTemplateRule, InterpolationRule, StringRule

from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.reading.intrinsics import symbol, unknown_in
from xsfn_helpers.deployment.diagnose.reading.source.functions import as_text, carried_out, in_order
from xsfn_helpers.deployment.diagnose.reading.texts import UnreadableText

Names = Mapping[str, Any]
# What a dotted name such as `var.region` stands for; None where nobody knows.
Lookup = Callable[[tuple[str, ...]], Any]
# The text of a file that a module names, by its path; None where it isn't there.
FileText = Callable[[str], str | None]
_ESCAPE: Final = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\nrt]))')
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_DIRECTIVE: Final = re.compile(r"%\{")
_BEGINS: Final = re.compile(r"[a-z]+\b[^={}\n]*\{")
# How a block begins: its type and its labels.
_HEAD: Final = re.compile(r'[a-z_]+(?:[ \t]+(?:"[\w./-]*"|[\w-]+))*[ \t]*\{')
_LABEL: Final = re.compile(r"[\w./-]+")
# Texts and comments, and what stands nowhere else in HCL.
_TEXTS: Final = re.compile(
    r'"(?:[^"\\\n]|\\.)*"|(?:#|//)[^\n]*|/\*.*?\*/|<<-?(?P<end>\w+)\n.*?\n[ \t]*(?P=end)[ \t]*$',
    re.DOTALL | re.MULTILINE,
)
_NOT_IN_HCL: Final = re.compile(r"[;'`@\\]|<<<|>>>|^={3,}", re.MULTILINE)
_BRACE: Final = re.compile(r"[{}]")
_LONGEST_NAME: Final = 80
_OF_FILES: Final = ("file", "templatefile")


class HclBlock:
    """One block of HCL: its type and labels, its attributes unread, and the blocks in it.

    It is parsed when somebody looks into it: that takes long, and most blocks of a module are about something else.
    """

    def __init__(self, labels: tuple[str, ...], line: int, read: Callable[[], HclBody]) -> None:
        self.labels, self.line, self._read = labels, line, read

    @cached_property
    def body(self) -> HclBody:
        return self._read()

    @property
    def attributes(self) -> Mapping[str, Any]:
        return self.body.attributes

    @property
    def blocks(self) -> tuple[HclBlock, ...]:
        return self.body.blocks

    def inner(self, kind: str) -> Iterator[HclBlock]:
        return (one for one in self.blocks if one.labels[0] == kind)


@dataclass(frozen=True, slots=True)
class HclBody:
    """What is in a block."""

    attributes: Mapping[str, Any] = field(default_factory=dict)
    blocks: tuple[HclBlock, ...] = ()
    # Whether it couldn't be read, so that anything may be in it.
    broken: bool = False


def blocks_of(text: str, unread: Callable[[str], None]) -> tuple[HclBlock, ...]:
    """The blocks of a file; `unread` hears of each that can't be read, with its line.

    The text is cut where a line begins a block of the file. Where the parts aren't blocks (a text in between looks like
    the beginning of one), the file is parsed as a whole. A block is parsed when somebody looks into it, and at once
    where it has what no HCL has: nobody may ever look into it, and it is to be named all the same.
    """
    parts = list(_parts(text))
    before = "".join(text.splitlines(keepends=True)[: parts[0][0]]) if parts else text
    if not _says(before) and all(_HEAD.match(part) and _is_one_block(part) for _, part in parts):
        return tuple(_cut_block(part, line, unread) for line, part in parts)
    try:
        return tuple(_parsed_blocks(text, 0))
    except UnreadableText as error:
        if _says(before) or not parts:
            unread(str(error))
    found: list[HclBlock] = []
    for line, part in parts:
        try:
            found += _parsed_blocks(part, line)
        except UnreadableText as error:
            unread(str(error))
            if _HEAD.match(part):
                found.append(_cut_block(_up_to_its_end(part), line, unread))
    return tuple(found)


def _cut_block(part: str, line: int, unread: Callable[[str], None]) -> HclBlock:
    head = _HEAD.match(part)
    labels = tuple(filter(None, _LABEL.findall(head[0]))) if head is not None else ()
    block = HclBlock(labels, line + 1, partial(_body_of, part, line, unread))
    if _NOT_IN_HCL.search(_TEXTS.sub('""', part)):
        _ = block.body
    return block


def _up_to_its_end(part: str) -> str:
    """A block without what stands after it: what a merge left behind, say."""
    lines = part.splitlines(keepends=True)
    end = next((at for at, line in enumerate(lines) if line.startswith("}")), len(lines))
    return "".join(lines[: end + 1])


def _is_one_block(part: str) -> bool:
    """Whether a part's braces close at its end and not before; of one with braces in texts, say, it isn't known."""
    depth, end = 0, 0
    for found in _BRACE.finditer(part):
        depth += 1 if found[0] == "{" else -1
        if depth <= 0:
            end = found.end()
            break
    return depth == 0 and end > 0 and not _says(part[end:])


def _says(text: str) -> bool:
    """Whether there is more in a text than white space and comments."""
    return any(line.strip() and not line.strip().startswith(("#", "//")) for line in text.splitlines())


def _body_of(part: str, before: int, unread: Callable[[str], None]) -> HclBody:
    try:
        blocks = list(_parsed_blocks(part, before))
    except UnreadableText as error:
        unread(str(error))
        return HclBody(broken=True)
    return blocks[0].body if len(blocks) == 1 else HclBody(broken=True)


def values_of(text: str) -> dict[str, Any]:
    """The values that a file of variables (`*.tfvars`) gives. Raises `UnreadableText`."""
    try:
        body = hcl2.parses(text if text.endswith("\n") else text + "\n").body
    except (lark.exceptions.LarkError, RecursionError, ValueError) as error:
        line = getattr(error, "line", 0)
        told = line if isinstance(line, int) and line > 0 else 1
        raise UnreadableText(tr("It isn't HCL that can be read here: line {line}.", line=told)) from error
    evaluator = HclEvaluator(lambda _: None, lambda _: None)
    return {key: evaluator.of(node) for key, node in _body(body, 0)[0].items()}


def _parsed_blocks(text: str, before: int) -> Iterator[HclBlock]:
    try:
        body = hcl2.parses(text if text.endswith("\n") else text + "\n").body
    except lark.exceptions.LarkError as error:
        # Some of the parser's errors know no line, or none that can be told.
        line = getattr(error, "line", 0)
        told = before + line if isinstance(line, int) and line > 0 else before + 1
        raise UnreadableText(tr("It isn't HCL that can be read here: line {line}.", line=told)) from error
    except (RecursionError, ValueError) as error:
        raise UnreadableText(tr("It isn't HCL that can be read here: line {line}.", line=before + 1)) from error
    return (_block(one, before) for one in body.children if isinstance(one, BlockRule))


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """The text cut where a line begins a block of the file, each part with the number of lines before it."""
    lines = text.splitlines(keepends=True)
    starts = [index for index, line in enumerate(lines) if _BEGINS.match(line)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=False):
        yield start, "".join(lines[start:end])


def _block(rule: BlockRule, before: int) -> HclBlock:
    labels = tuple(str(one.serialize()).strip('"') for one in rule.labels)
    return HclBlock(labels, before + getattr(rule._meta, "line", 1), lambda: HclBody(*_body(rule.body, before)))


def _body(body: BodyRule, before: int) -> tuple[dict[str, Any], tuple[HclBlock, ...]]:
    attributes = {
        str(one.identifier.serialize()): one.expression for one in body.children if isinstance(one, AttributeRule)
    }
    return attributes, tuple(_block(one, before) for one in body.children if isinstance(one, BlockRule))


@dataclass(frozen=True, slots=True)
class JsonExpression:
    """An argument of a file in JSON's syntax: every text in it, an object's key too, is a template.

    Source: developer.hashicorp.com/terraform/language/syntax/json
    """

    value: Any

    def serialize(self) -> str:
        """The text, as that of an expression in HCL."""
        return self.value if isinstance(self.value, str) else json.dumps(self.value)


@dataclass(frozen=True, slots=True)
class HclEvaluator:
    """Carries out expressions. `names` are those that a `for` has, or `each` and `count`."""

    lookup: Lookup
    read_file: FileText
    names: Names = field(default_factory=dict)

    def of(self, node: Any) -> Any:
        """The value of an expression; a symbol where it shows only when Terraform runs."""
        if node is None:
            return None
        if isinstance(node, ExprTermRule):
            return self.of(node.expression)
        for kind, method in _KINDS:
            if isinstance(node, kind):
                return method(self, node)
        return _symbol_of(node)

    def within(self, names: Names) -> HclEvaluator:
        return HclEvaluator(self.lookup, self.read_file, {**self.names, **names})

    def template(self, text: str) -> Any:
        """A template's text with each `${…}` carried out."""
        if _DIRECTIVE.search(text.replace("%%{", "")):
            return symbol("template")
        parts: list[str] = []
        at = 0
        while (start := text.find("${", at)) >= 0:
            if start and text[start - 1] == "$":
                parts.append(text[at : start - 1] + "${")
                at = start + 2
                continue
            end = _closing(text, start + 2)
            if end < 0:
                break
            parts.append(text[at:start])
            parts.append(as_text(self._expression(text[start + 2 : end])))
            at = end + 1
        parts.append(text[at:])
        return "".join(parts)

    def _of_json(self, node: JsonExpression) -> Any:
        value = node.value
        if isinstance(value, Mapping):
            return {as_text(self._json_text(key)): self._of_json(JsonExpression(one)) for key, one in value.items()}
        if isinstance(value, list):
            return [self._of_json(JsonExpression(one)) for one in value]
        return self._json_text(value) if isinstance(value, str) else value

    def _json_text(self, text: str) -> Any:
        """A template that is one expression is worth what that is; any other is a text."""
        if text.startswith("${") and _closing(text, 2) == len(text) - 1:
            return self._expression(text[2:-1])
        return self.template(text)

    def _expression(self, text: str) -> Any:
        try:
            body = hcl2.parses(f"x = {text.strip()}\n").body
        except (lark.exceptions.LarkError, RecursionError, ValueError):
            return symbol(text[:_LONGEST_NAME])
        return next((self.of(one.expression) for one in body.children if isinstance(one, AttributeRule)), symbol(text))

    # --- kinds of expressions

    def _literal(self, node: LiteralValueRule) -> Any:
        return {"true": True, "false": False, "null": None}[str(node.token.value)]

    def _integer(self, node: IntLitRule) -> int:
        return int(node.token.value)

    def _float(self, node: FloatLitRule) -> float:
        return float(node.token.value)

    def _string(self, node: StringRule) -> Any:
        contents = [part.content for part in node.string_parts]
        if len(contents) == 1 and isinstance(contents[0], InterpolationRule):
            return self.of(contents[0].expression)
        parts = []
        for one in contents:
            if isinstance(one, InterpolationRule):
                parts.append(as_text(self.of(one.expression)))
            elif hasattr(one, "value"):
                text = str(one.value)
                parts.append(text[1:] if text.startswith(("$${", "%%{")) else _ESCAPE.sub(_unescaped, text))
            else:
                return _symbol_of(node)
        return "".join(parts)

    def _heredoc(self, node: HeredocTemplateRule) -> Any:
        _, _, body = str(node.heredoc.value).partition("\n")
        text = body.rstrip("\r\n").rpartition("\n")[0] + "\n"
        return self.template(textwrap.dedent(text) if isinstance(node, HeredocTrimTemplateRule) else text)

    def _tuple(self, node: TupleRule) -> list[Any]:
        return [self.of(one) for one in node.elements]

    def _object(self, node: ObjectRule) -> dict[str, Any]:
        return {self._key(one.key): self.of(one.expression) for one in node.elements}

    def _key(self, node: Any) -> str:
        inner = node.value if isinstance(node, ObjectElemKeyRule) else node
        if isinstance(inner, ObjectElemKeyExpressionRule):
            inner = inner.expression
            plain = inner.expression if isinstance(inner, ExprTermRule) and not inner.parentheses else inner
            return str(plain.serialize()) if isinstance(plain, IdentifierRule) else as_text(self.of(inner))
        if isinstance(inner, StringRule):
            return as_text(self._string(inner))
        return str(inner.serialize()).strip('"')

    def _path(self, node: Any) -> tuple[str, ...] | None:
        """`a.b["c"][0].d` as its parts, an index that isn't written out worked out; None for what is no plain name."""
        if isinstance(node, ExprTermRule):
            return None if node.parentheses else self._path(node.expression)
        if isinstance(node, IdentifierRule):
            return (str(node.serialize()),)
        if isinstance(node, GetAttrExprTermRule):
            before = self._path(node.expr_term)
            return None if before is None else (*before, str(node.get_attr.identifier.serialize()))
        if isinstance(node, IndexExprTermRule):
            before, index = self._path(node.children[0]), node.children[1]
            if before is None:
                return None
            part = self.of(index.index_expression) if hasattr(index, "index_expression") else index.index
            known = isinstance(part, str | int) and not isinstance(part, bool) and not unknown_in(part)
            return (*before, str(part)) if known else None
        return None

    def _name(self, node: Any) -> Any:
        path = self._path(node)
        if path is None:
            return _symbol_of(node)
        found = inside(self.names[path[0]], path[1:]) if path[0] in self.names else self.lookup(path)
        return _symbol_of(node) if found is None else found

    def _reached(self, node: Any) -> Any:
        """An attribute, or an item, of something: by its whole name where it is one, else of the value."""
        if self._path(node) is not None:
            return self._name(node)
        if isinstance(node, GetAttrExprTermRule):
            whole, key = self.of(node.expr_term), str(node.get_attr.identifier.serialize())
        else:
            index = node.children[1]
            key = self.of(index.index_expression) if hasattr(index, "index_expression") else index.index
            whole = self.of(node.children[0])
        found = inside(whole, (str(key),))
        return _symbol_of(node) if found is None else found

    def _splat(self, node: Any) -> Any:
        """`list[*].a.b`: of every item; what is no list stands for a list of itself."""
        whole, parts = self.of(node.expr_term), node.attr_splat.get_attrs
        if not isinstance(whole, list | Mapping) or not all(isinstance(one, GetAttrRule) for one in parts):
            return _symbol_of(node)
        path = [str(one.identifier.serialize()) for one in parts]
        found = [inside(one, path) if path else one for one in (whole if isinstance(whole, list) else [whole])]
        return _symbol_of(node) if None in found else found

    def _conditional(self, node: ConditionalRule) -> Any:
        held = self.of(node.condition)
        if isinstance(held, bool):
            return self.of(node.if_true if held else node.if_false)
        return _symbol_of(node)

    def _binary(self, node: BinaryOpRule) -> Any:
        left = self.of(node.expr_term)
        right = self.of(node.binary_term.expr_term)
        carry_out = _OPERATORS.get(str(node.binary_term.binary_operator.token.value))
        if carry_out is None or unknown_in(left) or unknown_in(right):
            return _symbol_of(node)
        try:
            return carry_out(left, right)
        except TypeError:
            return _symbol_of(node)

    def _unary(self, node: UnaryOpRule) -> Any:
        value = self.of(node.expr_term)
        if node.operator == "!" and isinstance(value, bool):
            return not value
        return -value if node.operator == "-" and isinstance(value, int | float) else _symbol_of(node)

    def _call(self, node: FunctionCallRule) -> Any:
        name = "::".join(str(one.serialize()) for one in node.identifiers)
        arguments = node.arguments.arguments if node.arguments is not None else []
        if node.arguments is not None and node.arguments.has_ellipsis:
            return _symbol_of(node)
        values = [self.of(one) for one in arguments]
        try:
            found = self._file_function(name, values) if name in _OF_FILES else carried_out(name, values)
        except (TypeError, ValueError, KeyError, IndexError, AttributeError):
            found = None
        return _symbol_of(node) if found is None else found

    def _file_function(self, name: str, values: Sequence[Any]) -> Any:
        text = self.read_file(str(values[0]))
        if name == "file" or text is None:
            return text
        given = values[1] if isinstance(values[1], Mapping) else {}
        return HclEvaluator(lambda path: inside(given, path), self.read_file).template(text)

    def _for_list(self, node: ForTupleExprRule) -> Any:
        each = self._each(node)
        return _symbol_of(node) if each is None else [one.of(node.value_expr) for one in each]

    def _for_object(self, node: ForObjectExprRule) -> Any:
        each = self._each(node)
        if each is None or node.ellipsis is not None:
            return _symbol_of(node)
        keys = [as_text(one.of(node.key_expr)) for one in each]
        return dict(zip(keys, (one.of(node.value_expr) for one in each), strict=True))

    def _each(self, node: Any) -> list[HclEvaluator] | None:
        """What a `for` goes through, as the names that it gives; None where nobody can tell yet what that is."""
        intro = node.for_intro
        over = self.of(intro.iterable)
        if not isinstance(over, list | dict):
            return None
        first = str(intro.first_iterator.serialize())
        second = str(intro.second_iterator.serialize()) if intro.second_iterator is not None else ""
        each = [self.within({first: key, second: value} if second else {first: value}) for key, value in in_order(over)]
        if node.condition is None:
            return each
        held = [one.of(node.condition.condition_expr) for one in each]
        if not all(isinstance(one, bool) for one in held):
            return None
        return [one for one, holds in zip(each, held, strict=True) if holds]


def inside(value: Any, path: Sequence[str]) -> Any:
    """What stands at a path of names and positions in a value; None where there is nothing."""
    for part in path:
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _symbol_of(node: Any) -> str:
    text = str(node.serialize())
    return symbol(text.removeprefix("${").removesuffix("}")[:_LONGEST_NAME])


def _closing(text: str, at: int) -> int:
    depth = 1
    for index in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return index
    return -1


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else _ESCAPES[found[2]]


_OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "&&": lambda a, b: a and b,
    "||": lambda a, b: a or b,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
}
_KINDS: Final[tuple[tuple[Any, Callable[[HclEvaluator, Any], Any]], ...]] = (
    (JsonExpression, HclEvaluator._of_json),
    (StringRule, HclEvaluator._string),
    (HeredocTemplateRule, HclEvaluator._heredoc),
    (TupleRule, HclEvaluator._tuple),
    (ObjectRule, HclEvaluator._object),
    (LiteralValueRule, HclEvaluator._literal),
    (IntLitRule, HclEvaluator._integer),
    (FloatLitRule, HclEvaluator._float),
    (FunctionCallRule, HclEvaluator._call),
    (ConditionalRule, HclEvaluator._conditional),
    (BinaryOpRule, HclEvaluator._binary),
    (UnaryOpRule, HclEvaluator._unary),
    (ForTupleExprRule, HclEvaluator._for_list),
    (ForObjectExprRule, HclEvaluator._for_object),
    (AttrSplatExprTermRule, HclEvaluator._splat),
    (FullSplatExprTermRule, HclEvaluator._splat),
    (GetAttrExprTermRule, HclEvaluator._reached),
    (IndexExprTermRule, HclEvaluator._reached),
    (IdentifierRule, HclEvaluator._name),
)
