"""`Transform: AWS::Serverless-2016-10-31`: AWS's own translator of SAM templates, in a process of its own.

Loading it takes a second and much memory, and what it does with a hostile template is its own affair. Run as a program,
this is that process: the template on standard input, what came of it on standard output.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any, Final

from xsfn_helpers.common.browser import in_browser
from xsfn_helpers.sandbox.cloudformation.template import invalid
from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.guests.own_process import answered_apart
from xsfn_helpers.sandbox.guests.shares import Share
from xsfn_helpers.sandbox.guests.turns import aside

NAME: Final = "AWS::Serverless-2016-10-31"
_MOST_SECONDS: Final = 60.0
_PATIENCE: Final = 60.0
_MEMORY: Final = 1024 * 1024 * 1024
_AT_A_TIME: Final = Share(each=1, few=1, in_all=2)


def is_sam(document: Mapping[str, Any]) -> bool:
    """Whether SAM's transform is asked for. Raises `Refusal` for any other."""
    wanted = document.get("Transform", [])
    named = wanted if isinstance(wanted, list) else [wanted]
    if others := [one for one in named if one != NAME]:
        raise invalid(f"The xsfn sandbox doesn't offer the transform {json.dumps(others[0])} in templates.")
    return bool(named)


def expanded(document: Mapping[str, Any], values: Mapping[str, str], *, account_id: str, region: str) -> str:
    """The template that SAM's translator makes of it. Raises `Refusal` in CloudFormation's words."""
    if in_browser():
        raise invalid("The xsfn sandbox doesn't offer Transform in a browser tab.")
    given = json.dumps({"template": document, "values": dict(values), "region": region})
    throttled = Refusal("Throttling", "Rate exceeded")
    with aside(), _AT_A_TIME.taken(account_id, throttled, patience=_PATIENCE):
        told = _told(given)
    if fault := told.get("fault"):
        raise invalid(f"Transform {NAME} failed with: {fault}")
    return json.dumps(told["template"])


def _told(given: str) -> dict[str, Any]:
    too_much = invalid(f"Transform {NAME} failed with: the template takes too long or too much memory.")
    try:
        answer = answered_apart(__name__, given.encode(), seconds=_MOST_SECONDS)
    except TimeoutError:
        raise too_much from None
    if answer is None:
        raise too_much
    told: dict[str, Any] = json.loads(answer)
    return told


def main() -> None:
    """Translate the template on standard input, and tell what came of it."""
    # Here, for a browser tab has no limits, and this second is for who asks for it.
    import resource

    import boto3
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    os.nice(5)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    given = json.loads(sys.stdin.buffer.read())
    session = boto3.session.Session(region_name=given["region"])
    translator = Translator(None, Parser(), boto_session=session)
    try:
        told = {"template": translator.translate(given["template"], parameter_values=given["values"])}
    except InvalidDocumentException as error:
        causes = " ".join(cause.message for cause in error.causes)
        told = {"fault": f"{error.message} {causes}".strip()}
    except Exception as error:
        # What it doesn't foresee: the template's author is told as much as anybody could be.
        told = {"fault": f"{type(error).__name__}: {error}"}
    sys.stdout.buffer.write(json.dumps(told).encode())


if __name__ == "__main__":
    main()
