"""HCL in JSON's syntax (`*.tf.json`, and what CDKTF makes) as the same blocks. Pure.

Source: developer.hashicorp.com/terraform/language/syntax/json
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.reading.source.hcl import HclBlock, HclBody, JsonExpression
from xsfn_helpers.deployment.diagnose.reading.texts import UnreadableText, Written, parsed

# By the kind of a block of the file: how many labels it has.
_LABELS: Final = {
    "resource": 2,
    "data": 2,
    "ephemeral": 2,
    "module": 1,
    "output": 1,
    "provider": 1,
    "variable": 1,
    "check": 1,
}
# What is a block in a block, and no argument: the syntax doesn't tell, only the provider's schema.
_NESTED: Final = frozenset(
    {
        "assume_role",
        "condition",
        "connection",
        "content",
        "default_tags",
        "dynamic",
        "encryption_configuration",
        "inline_policy",
        "lifecycle",
        "logging_configuration",
        "not_principals",
        "principals",
        "provisioner",
        "statement",
        "timeouts",
        "tracing_configuration",
    }
)
_COMMENT: Final = "//"
_Path = tuple[str | int, ...]


def json_blocks_of(text: str, unread: Callable[[str], None]) -> tuple[HclBlock, ...]:
    """The blocks of a file; `unread` hears why there are none."""
    try:
        written = parsed(text, as_yaml=False)
    except UnreadableText as error:
        unread(str(error))
        return ()
    if not isinstance(written.value, Mapping):
        unread(tr("It holds no JSON object."))
        return ()
    return tuple(
        block
        for kind, given in written.value.items()
        if kind != _COMMENT
        for block in _blocks(written, (kind,), (kind,), given, _LABELS.get(kind, 0))
    )


def _blocks(written: Written, labels: tuple[str, ...], path: _Path, given: Any, left: int) -> Iterator[HclBlock]:
    """The blocks of a kind: an object, or a list of them, for each label that is left, and at last for the block."""
    if isinstance(given, list):
        for index, one in enumerate(given):
            yield from _blocks(written, labels, (*path, index), one, left)
    elif not isinstance(given, Mapping):
        return
    elif left:
        for name, one in given.items():
            if name != _COMMENT:
                yield from _blocks(written, (*labels, name), (*path, name), one, left - 1)
    else:
        yield HclBlock(labels, written.line(*path), lambda: _body(written, path, given))


def _body(written: Written, path: _Path, given: Mapping[str, Any]) -> HclBody:
    attributes: dict[str, Any] = {}
    blocks: list[HclBlock] = []
    for key, one in given.items():
        if key in _NESTED and isinstance(one, Mapping | list):
            blocks += _blocks(written, (key,), (*path, key), one, 1 if key in ("dynamic", "provisioner") else 0)
        elif key != _COMMENT:
            attributes[key] = JsonExpression(one)
    return HclBody(attributes, tuple(blocks))
