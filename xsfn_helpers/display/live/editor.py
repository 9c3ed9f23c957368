"""The editor of a policy: judged at each change, before anything is applied; applied for real when asked to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.chain.document_places import PolicyPlace
from xsfn_helpers.chain.document_review import JudgedDocument
from xsfn_helpers.chain.policy_diff import same_each_time
from xsfn_helpers.chain.what_if import Hypothesis, WhatIf, judge
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.snapshot import read_snapshot
from xsfn_helpers.deployment.stored_documents import save_policy
from xsfn_helpers.deployment.what_if import is_there, principals_in
from xsfn_helpers.display.live.editing import Desk, DeskPicture, EditingDesk
from xsfn_helpers.display.live.editor_view import editor_view
from xsfn_helpers.display.live.frontend import EditorFrontend
from xsfn_helpers.display.markup import code_block, escape
from xsfn_helpers.display.what_if_report import what_if_html

if TYPE_CHECKING:
    from xsfn_helpers.deployment.deployment import Deployment


class PolicyEditor(EditingDesk):
    """One of the five policy documents, open for editing.

    In a notebook its text can be typed into; from a cell, `edit` puts another text there. `report` is the judgement of
    the text as it is: what AWS would deny, what would become of each link, who else would get in. `apply` applies it.
    Raises `StepError` when the accounts can't be read at first.
    """

    def __init__(self, deployment: Deployment, place: PolicyPlace) -> None:
        self._deployment = deployment
        self._place = place
        self._wanted = Blueprint.recommended(deployment.scenario)
        self._standing = read_snapshot(deployment.environment)
        self._there: dict[str, bool] = {}
        stored = place.stored_text(self._standing.roles[place.node])
        desk = Desk.open(stored, deployment.blueprint.text(place.document))
        super().__init__(desk, EditorFrontend(), deployment.environment.accounts.events)

    @property
    def report(self) -> WhatIf:
        """The judgement of the text as it is."""
        return self._report

    @property
    def text(self) -> str:
        """The document and its judgement, in words."""
        lines = [
            tr("Edit: {document}", document=self._place.title),
            *(f"    {line}" for line in self._shown.splitlines()),
        ]
        # What is stored changes nothing: the links are told where they would change.
        return "\n".join([*lines, self._document.verdict if self._document.is_stored else self._report.text])

    def _html(self) -> str:
        title = escape(tr("Edit: {document}", document=self._place.title))
        return f"<p><b>{title}</b></p>{code_block(self._shown)}{what_if_html(self._report)}"

    @property
    def _document(self) -> JudgedDocument:
        (document,) = self._report.documents
        return document

    @property
    def _shown(self) -> str:
        return same_each_time(self.document)

    def _read(self) -> None:
        self._standing = read_snapshot(self._deployment.environment)
        self._there.clear()
        stored = self._place.stored_text(self._standing.roles[self._place.node])
        self._desk = replace(self._desk, stored=stored)

    def _judge(self) -> None:
        text = self._desk.text
        supposed = Hypothesis({self._place.document: text}, missing=self._missing(text))
        self._report = judge(self._standing, supposed, recommended=self._wanted, blueprint=self._deployment.blueprint)

    def _missing(self, text: str) -> frozenset[str]:
        """The principals of a trust policy that aren't there; each is looked up once, until something changes."""
        if self._place.policy:
            return frozenset()
        principals = principals_in(text)
        for principal in principals - self._there.keys():
            self._there[principal] = is_there(self._deployment.environment, self._standing, principal)
        return frozenset(principal for principal in principals if not self._there[principal])

    def _state(self) -> Mapping[str, Any]:
        return editor_view(self._deployment.scenario, self._place, self._desk, self._report).to_json()

    def _picture(self) -> DeskPicture:
        diagram = self._report.diagram
        return DeskPicture(diagram.dot, diagram.svg, diagram.alt)

    def _save(self, text: str) -> str:
        return save_policy(self._deployment, self._place, text)

    def _recommended(self) -> str:
        return self._wanted.text(self._place.document)
