"""The question whether AWS accounts may be changed, with a box for the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr
from xsfn_helpers.display.live.frontend import VIEW
from xsfn_helpers.display.markup import escape

if TYPE_CHECKING:
    from xsfn_helpers.aws.consent import Agreement


def agree_form(agreement: Agreement, question: str) -> dict[str, Any]:
    """The form in every form: a box and a button where a front end answers, else the question as text."""
    from ipywidgets import HTML, Button, HBox, Text, VBox

    told = HTML(value=f"<p>{escape(question)}</p>")
    answer = Text(placeholder="yes", description=tr("Answer"), tooltip=tr("Type yes to confirm"))
    button = Button(description=tr("Confirm"), tooltip=tr("Only the word yes confirms"))

    def take(_: object) -> None:
        try:
            said = agreement.give(answer.value)
        except ConfigError as error:
            said = str(error)
        told.value = f'<p role="status">{escape(said)}</p>'

    button.on_click(take)
    form = VBox([told, HBox([answer, button])])
    view = {"version_major": 2, "version_minor": 0, "model_id": form.model_id}
    return {VIEW: view, "text/html": f"<p>{escape(question)}</p>", "text/plain": question}
