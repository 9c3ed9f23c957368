"""What a request about a stack says, read and checked. Texts: CloudFormation's own, as users report them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from xsfn_helpers.sandbox.cloudformation.stack import Work
from xsfn_helpers.sandbox.cloudformation.template import Template, invalid
from xsfn_helpers.sandbox.gateway.calls import CallPlace, Params, form_list
from xsfn_helpers.sandbox.gateway.errors import Refusal

if TYPE_CHECKING:
    from xsfn_helpers.sandbox.services.service import Asker

# Of a template in the request, and of one in S3.
_MOST_BYTES: Final = 51_200
_MOST_BYTES_IN_S3: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class StackRequest:
    """One allowed request: who asks, for what, where."""

    asker: Asker
    params: Params
    place: CallPlace
    # What stands at the address of an object in the sandbox's S3, read in the name of who asks. Raises `Refusal`.
    read_object: Callable[[str], str]

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


def template_text(request: StackRequest) -> str:
    params = request.params
    if "TemplateURL" in params:
        if "TemplateBody" in params:
            raise invalid("You cannot specify both Template URL and Template Body.")
        text = request.read_object(params["TemplateURL"])
        if len(text.encode()) > _MOST_BYTES_IN_S3:
            raise invalid(f"Template may not exceed {_MOST_BYTES_IN_S3} bytes in size.")
        return text
    if "TemplateBody" not in params:
        raise invalid("Either Template URL or Template Body must be specified.")
    text = str(params["TemplateBody"])
    if len(text.encode()) > _MOST_BYTES:
        raise invalid(
            f"1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have "
            f"length less than or equal to {_MOST_BYTES}"
        )
    return text


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


def check_auto_expand(params: Params) -> None:
    """A template with a transform is a stranger until it is carried out; a change set shows what came of it."""
    if "CAPABILITY_AUTO_EXPAND" not in capabilities(params):
        raise Refusal("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_AUTO_EXPAND]")


def on_failure_of(params: Params, option: str = "OnFailure") -> str:
    if option in params and "DisableRollback" in params:
        raise invalid(f"You can specify either DisableRollback or {option}, but not both.")
    if params.get("DisableRollback", "").lower() == "true":
        return "DO_NOTHING"
    return str(params.get(option, "ROLLBACK"))
