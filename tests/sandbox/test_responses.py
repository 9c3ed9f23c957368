"""Answers as moto's own layer would write them, without that layer."""

from __future__ import annotations

from typing import Any

import xmltodict
from hypothesis import given
from hypothesis import strategies as some

from xsfn_helpers.sandbox.moto_bridge.responses import _Xml

_NAMES = some.sampled_from(["Role", "Arn", "member", "Tags", "Key"])
_TEXTS = some.text("aé&<>\"'日 ", max_size=6) | some.integers() | some.none()
_BODIES = some.recursive(
    _TEXTS,
    lambda inner: some.dictionaries(_NAMES, inner | some.lists(inner, min_size=1, max_size=3), max_size=3),
    max_leaves=8,
)


@given(body=some.dictionaries(_NAMES, _BODIES, max_size=3), namespace=some.text("a:/&<\"'", max_size=9))
def test_the_xml_is_what_a_general_writer_makes_of_it(body: dict[str, Any], namespace: str) -> None:
    whole = {"GetRoleResponse": {"@xmlns": namespace, **body}}

    written = _Xml._serialize_body(None, whole)

    assert written == xmltodict.unparse(whole, full_document=False, short_empty_elements=True)
