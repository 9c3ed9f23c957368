"""Definitions that a template takes from a bucket: those that the CDK puts there, and those that may be there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.deployment.diagnose.test_repositories import (
    HUB,
    HUB_ACCOUNT,
    PARAMETERS,
    SPOKE_ACCOUNT,
    TOLD,
    _asl,
    _diagnosed,
    _hub,
    _spoke,
    _template,
)
from xsfn_helpers.deployment.diagnose import Conclusion
from xsfn_helpers.deployment.diagnose.ask import diagnose_given
from xsfn_helpers.deployment.diagnose.asking.asked_about import AskedAbout
from xsfn_helpers.deployment.diagnose.asking.short import short_answer

KEY: Final = "0c5a.json"
ASSET: Final = f"asset.{KEY}"


def _stored(key: Any, *, written_as: str = "DefinitionS3Location") -> dict[str, Any]:
    """The set-up's Operator with its definition in a bucket."""
    hub = _hub()
    properties = hub["Machine"]["Properties"]
    del properties["Definition"]
    properties[written_as] = {"Bucket": {"Fn::Sub": "assets-${AWS::AccountId}"}, "Key": key}
    return hub


def _app(folder: Path, hub: dict[str, Any], source: dict[str, Any], definition: str) -> None:
    """A synthesized app of two stacks; what is put into the bucket is listed beside the template."""
    out = folder / "cdk.out"
    out.mkdir()
    artifacts = {}
    for name, account, resources in (("Hub", HUB_ACCOUNT, hub), ("Spoke", SPOKE_ACCOUNT, _spoke(HUB))):
        (out / f"{name}.template.json").write_text(json.dumps(_template(resources, Parameters=PARAMETERS)))
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{account}/eu-west-1",
            "properties": {"templateFile": f"{name}.template.json"},
        }
    put = {"source": source, "destinations": {"current": {"bucketName": "assets", "objectKey": KEY}}}
    (out / "Hub.assets.json").write_text(json.dumps({"version": "48.0.0", "files": {"0c5a": put}}))
    (out / "manifest.json").write_text(json.dumps({"version": "48.0.0", "artifacts": artifacts}))
    (out / ASSET).write_text(definition)


FILE: Final = {"path": ASSET, "packaging": "file"}


def test_a_definition_that_the_app_puts_into_a_bucket_is_read_with_its_substitutions(tmp_path: Path) -> None:
    _app(tmp_path, _stored(KEY), FILE, json.dumps(_asl("${Role}")))
    (found,) = diagnose_given(AskedAbout(paths=(tmp_path,)), TOLD)
    assert found.verdict is Conclusion.FINE, str(found)
    assert [task.task.role_arn for task in found.tasks] == [f"arn:aws:iam::{SPOKE_ACCOUNT}:role/spoke-role"]


@pytest.mark.parametrize(
    ("key", "source", "definition", "why"),
    [
        ("another.json", FILE, json.dumps(_asl()), "in a bucket"),
        ({"Ref": "WhichKey"}, FILE, json.dumps(_asl()), "in a bucket"),
        (KEY, {"path": ASSET, "packaging": "zip"}, json.dumps(_asl()), "in a bucket"),
        (KEY, {"path": "asset.none.json", "packaging": "file"}, json.dumps(_asl()), "isn't there"),
        (KEY, FILE, json.dumps(_asl())[:-2], "It isn't JSON"),
    ],
)
def test_what_the_app_does_not_put_there_is_not_taken_for_it(
    key: Any, source: dict[str, Any], definition: str, why: str, tmp_path: Path
) -> None:
    _app(tmp_path, _stored(key), source, definition)
    found = [one for one in diagnose_given(AskedAbout(paths=(tmp_path,)), TOLD) if one.evidence.machine.name == "plain"]
    assert [one.verdict for one in found] == [Conclusion.UNKNOWN]
    assert why in found[0].headline


@pytest.mark.parametrize(
    ("key", "files", "named"),
    [
        ("releases/7/ledgers.asl.json", ["flows/ledgers.asl.json"], "flows/ledgers.asl.json"),
        ("releases/7/ledgers.asl.json", ["flows/ledgers.json"], ""),
        ("releases/7/ledgers.asl.json", ["flows/of-ledgers.asl.json"], ""),
        ("ledgers.asl.json", ["a/ledgers.asl.json", "b/ledgers.asl.json"], ""),
        ("prod/ledgers.asl.json", ["prod/ledgers.asl.json", "test/ledgers.asl.json"], "prod/ledgers.asl.json"),
        ({"Fn::Sub": "${Release}/ledgers.asl.json"}, ["ledgers.asl.json"], ""),
    ],
)
@pytest.mark.parametrize("written_as", ["DefinitionS3Location", "DefinitionUri"])
def test_a_file_that_may_be_what_is_in_the_bucket_is_named_and_not_read(
    key: Any, files: list[str], named: str, written_as: str, tmp_path: Path
) -> None:
    hub = _stored(key, written_as=written_as)
    hub["Machine"]["Type"] = "AWS::StepFunctions::StateMachine"
    (tmp_path / "hub.json").write_text(json.dumps(_template(hub, Parameters=PARAMETERS)))
    (tmp_path / "spoke.json").write_text(json.dumps(_template(_spoke(HUB))))
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(json.dumps(_asl()))
    arn = f"arn:aws:states:eu-west-1:{HUB_ACCOUNT}:stateMachine:plain"
    found = _diagnosed(tmp_path, arn=arn)
    assert found.verdict is Conclusion.UNKNOWN
    assert not found.tasks
    (told,) = (line for line in short_answer(found) if line.startswith("To settle it"))
    assert (f"{named} may be what is in the bucket" in told) if named else ("may be" not in told)
