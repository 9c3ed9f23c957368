"""Values of templates' parameters that lie in files: of the AWS CLI, of CodePipeline, of SAM. Pure.

Sources: docs.aws.amazon.com/cli/latest/reference/cloudformation/deploy (--parameter-overrides),
docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/continuous-delivery-codepipeline-cfn-artifacts.html and
docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html
"""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

SAM_CONFIG: Final = "samconfig.toml"
_OF_PIPELINES: Final = frozenset({"Parameters", "Tags", "StackPolicy"})


def parameters_in(value: object) -> Iterator[tuple[str, str]]:
    """The parameters that a file of JSON gives, and their values; none where it is another file."""
    if isinstance(value, list):
        for one in value:
            if isinstance(one, Mapping) and "ParameterKey" in one and "ParameterValue" in one:
                yield str(one["ParameterKey"]), str(one["ParameterValue"])
    elif isinstance(value, Mapping) and "Parameters" in value and value.keys() <= _OF_PIPELINES:
        given = value["Parameters"]
        for name, one in given.items() if isinstance(given, Mapping) else ():
            if isinstance(one, str | int):
                yield str(name), str(one)


def parameters_of_sam(text: str) -> Iterator[tuple[str, str]]:
    """The `parameter_overrides` of each environment; none where the text is no TOML."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    for overrides in _overrides(found):
        for one in _split(overrides) if isinstance(overrides, str) else map(str, overrides):
            name, equals, value = one.partition("=")
            if equals:
                yield name.strip(), value.strip().strip("\"'")


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _overrides(value: Any) -> Iterator[str | list[Any]]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            if name == "parameter_overrides" and isinstance(one, str | list):
                yield one
            else:
                yield from _overrides(one)
