"""The one idea: the access chain as data, decided from what is stored, compared. Pure."""

from __future__ import annotations

from xsfn_helpers.chain.links import Actor, Link, Node, chain

__all__ = [
    "Actor",
    "Link",
    "Node",
    "chain",
]
