"""What somebody has at hand, told apart: ARNs, AWS's sentences, answers and events as JSON, files and folders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from xsfn_helpers.common.arns import Arn, role_name
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.asking.refusal import RefusedCall, events_of, refused_event, refused_in
from xsfn_helpers.deployment.diagnose.reading.texts import UnreadableText, parsed

# What a page of the console shows, in its address.
_SHOWN: Final = re.compile(r"arn:aws[\w-]*:states:[^\s?&#]+")


@dataclass(frozen=True, slots=True)
class AskedAbout:
    """Everything that was given. `arn` is of an execution or a state machine; `roles` of roles.

    `told` is an ARN that stands beside AWS's words: what they are about, by all likelihood.
    """

    arn: str = ""
    told: str = ""
    roles: tuple[str, ...] = ()
    refused: tuple[RefusedCall, ...] = ()
    answers: tuple[Mapping[str, Any], ...] = ()
    paths: tuple[Path, ...] = field(default=())


def asked_about(given: Iterable[str]) -> AskedAbout:
    """What these texts are. Raises `ConfigError` for one that is none of it, and for two state machines at once."""
    asked = AskedAbout()
    for text in given:
        asked = _with(asked, text)
    return asked


def _with(asked: AskedAbout, text: str) -> AskedAbout:
    quoted = text.strip().strip("\"'`<>")
    # The full stop of a sentence is no part of an ARN; `.` and `..` are folders.
    stripped = quoted if _is_there(quoted) else quoted.rstrip(".,")
    if stripped.startswith("https://") and (page := _SHOWN.search(unquote(stripped))):
        stripped = page[0]
    arn = Arn.parse(stripped) if stripped and not any(sign.isspace() for sign in stripped) else None
    if arn is not None and arn.machine_name:
        return _with_arn(asked, stripped)
    if arn is not None and role_name(stripped):
        return replace(asked, roles=(*asked.roles, stripped))
    if stripped and arn is None and _is_there(stripped):
        return replace(asked, paths=(*asked.paths, Path(stripped)))
    if stripped.startswith(("{", "[")) and (found := _value(text)) is not None:
        return _with_value(asked, found)
    if refused := refused_in(text):
        asked = replace(asked, refused=(*asked.refused, *refused))
        about = next((one.about for one in refused if one.about), "")
        return replace(asked, told=asked.told or about)
    fix = tr("Give an ARN, AWS's sentence, or a file or folder that is there.")
    if arn is not None or stripped.startswith("arn:"):
        raise ConfigError(tr("{arn!r} is no ARN of a state machine or an execution.", arn=stripped), fix=fix)
    shown = stripped if len(stripped) <= 80 else stripped[:77] + "…"
    raise ConfigError(tr("{text!r} is no ARN, no file, and no denial in AWS's words.", text=shown), fix=fix)


def _is_there(text: str) -> bool:
    """Whether this names a file or a folder; a pasted sentence may be longer than any name can be."""
    try:
        return bool(text) and "\n" not in text and Path(text).exists()
    except (OSError, ValueError):
        return False


def _with_arn(asked: AskedAbout, arn: str) -> AskedAbout:
    if asked.arn and asked.arn != arn:
        machine, execution = sorted((asked.arn, arn), key=lambda one: ":execution:" in one)
        if ":execution:" in execution and ":execution:" not in machine:
            return replace(asked, arn=execution)
        raise ConfigError(tr("Two things are asked about: {one} and {other}.", one=asked.arn, other=arn))
    return replace(asked, arn=arn)


def _value(text: str) -> Mapping[str, Any] | None:
    try:
        found = parsed(text, as_yaml=False).value
    except UnreadableText:
        return None
    if isinstance(found, list):  # a history's or CloudTrail's events without what they come in
        key = "events" if any(isinstance(one, Mapping) and "previousEventId" in one for one in found) else "Records"
        return {key: found}
    return found if isinstance(found, Mapping) else None


def _with_value(asked: AskedAbout, found: Mapping[str, Any]) -> AskedAbout:
    if isinstance(detail := found.get("detail"), Mapping) and "executionArn" in detail:
        found = detail  # docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    told = [one for event in events_of(found) if (one := refused_event(event)) is not None]
    if not told and _is_end(found):
        told = list(refused_in(str(found.get("cause") or found.get("Cause"))))
    if told:
        asked = replace(asked, refused=(*asked.refused, *told))
    arn = found.get("executionArn")
    if isinstance(arn, str) and not asked.arn:
        asked = replace(asked, arn=arn)
    return replace(asked, answers=(*asked.answers, found))


def _is_end(found: Mapping[str, Any]) -> bool:
    """Whether this is how an execution or a state ended, and no more: `error` and `cause`, as `Catch` gives them."""
    names = {str(name).lower() for name in found}
    return isinstance(found.get("cause", found.get("Cause")), str) and names <= {"error", "cause", "stopdate", "status"}
