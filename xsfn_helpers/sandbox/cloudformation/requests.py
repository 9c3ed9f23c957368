"""What a request about a stack says, read and checked. Texts: CloudFormation's own, as users report them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xsfn_helpers.sandbox.cloudformation.stack import Work
from xsfn_helpers.sandbox.cloudformation.template import Template, invalid
from xsfn_helpers.sandbox.gateway.calls import CallPlace, Params, form_list
from xsfn_helpers.sandbox.gateway.errors import Refusal

if TYPE_CHECKING:
    from xsfn_helpers.sandbox.services.service import Asker


@dataclass(frozen=True, slots=True)
class StackRequest:
    """One allowed request: who asks, for what, where."""

    asker: Asker
    params: Params
    place: CallPlace

    @property
    def account_id(self) -> str:
        return self.place.account_id

    @property
    def region(self) -> str:
        return self.place.region

    def arn(self, resource: str) -> str:
        return f"arn:{self.place.partition}:cloudformation:{self.region}:{self.account_id}:{resource}"

    def work(self, verb: str, **details: Any) -> Work:
        return Work(verb, self.asker.access_key_id, self.asker.token, **details)


def template_text(params: Params) -> str:
    if "TemplateURL" in params:
        raise invalid("The xsfn sandbox takes templates by TemplateBody, not by TemplateURL.")
    if "TemplateBody" not in params:
        raise invalid("Either Template URL or Template Body must be specified.")
    return str(params["TemplateBody"])


def given_parameters(params: Params, before: Mapping[str, str]) -> dict[str, str]:
    given = {}
    for one in form_list(params, "Parameters"):
        name = one.get("ParameterKey", "")
        if one.get("UsePreviousValue", "").lower() == "true":
            if name not in before:
                raise invalid(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a "
                    "parameter key not in the previous template"
                )
            given[name] = before[name]
        else:
            given[name] = one.get("ParameterValue", "")
    return given


def capabilities(params: Params) -> tuple[str, ...]:
    return tuple(texts_of(params, "Capabilities"))


def texts_of(params: Params, name: str) -> list[str]:
    """A list of texts; members that are something else count for nothing."""
    return [one[""] for one in form_list(params, name) if "" in one]


def stack_tags(params: Params) -> dict[str, str]:
    """The request's tags. Raises `Refusal` for one without key or value."""
    tags = form_list(params, "Tags")
    for number, tag in enumerate(tags, 1):
        for part in ("Key", "Value"):
            if part not in tag:
                raise invalid(
                    f"1 validation error detected: Value null at 'tags.{number}.member.{part.lower()}' failed to "
                    "satisfy constraint: Member must not be null"
                )
    return {tag["Key"]: tag["Value"] for tag in tags}


def check_capability(template: Template, params: Params) -> None:
    given, needed = capabilities(params), template.capability
    enough = {"": True, "CAPABILITY_IAM": bool({"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"} & set(given))}
    if not enough.get(needed, needed in given):
        raise Refusal("InsufficientCapabilitiesException", f"Requires capabilities : [{needed}]")
    template.order()


def on_failure_of(params: Params) -> str:
    if "OnFailure" in params and "DisableRollback" in params:
        raise invalid("You can specify either DisableRollback or OnFailure, but not both.")
    if params.get("DisableRollback", "").lower() == "true":
        return "DO_NOTHING"
    return str(params.get("OnFailure", "ROLLBACK"))
