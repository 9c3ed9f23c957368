"""The form that chooses between the sandbox and two AWS accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xsfn_helpers.aws.settings import PROFILE_KEYS, Platform
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.display.live.frontend import VIEW
from xsfn_helpers.display.markup import escape

if TYPE_CHECKING:
    from xsfn_helpers.aws.target_choice import TargetChoice

_DEFAULT = mark("AWS's own default")


def target_form(choice: TargetChoice, text: str) -> dict[str, Any]:
    """The form in every form: fields and a button where a front end answers, else the text."""
    from ipywidgets import HTML, Button, Dropdown, Text, ToggleButtons, VBox

    settings = choice.settings
    wide = {"description_width": "130px"}
    target = ToggleButtons(options=[str(one) for one in Platform], value=str(settings.target), description=tr("Target"))
    target.style = {"description_width": "130px"}
    names = [(tr(_DEFAULT), ""), *((name, name) for name in choice.profiles)]
    fields: dict[str, Any] = {}
    for side, key in PROFILE_KEYS.items():
        chosen = settings.profiles.get(side) or ""
        known = names if chosen in dict(names).values() else [*names, (chosen, chosen)]
        label = tr("{side} profile", side=side.value.capitalize())
        fields[key] = Dropdown(options=known, value=chosen, description=label, style=wide)
    region = settings.scenario.region if "region" in settings.chosen else ""
    fields["region"] = Text(value=region, placeholder=tr("as the profiles say"), description=tr("Region"), style=wide)
    button, told = Button(description=tr("Choose")), HTML(value="")

    def show(_: object = None) -> None:
        for one in fields.values():
            one.disabled = target.value != Platform.AWS

    def take(_: object) -> None:
        values = {key: one.value for key, one in fields.items()} if target.value == Platform.AWS else {}
        try:
            said = choice.choose(target.value, **values)
        except XsfnError as error:
            said = str(error)
        told.value = f'<p role="status">{escape(said)}</p>'

    target.observe(show, "value")
    button.on_click(take)
    show()
    form = VBox([target, *fields.values(), button, told])
    view = {"version_major": 2, "version_minor": 0, "model_id": form.model_id}
    return {VIEW: view, "text/html": f"<p>{escape(text)}</p>", "text/plain": text}
