"""Which of a folder's files the answer tells as unread: those that could be about the set-up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from tests.deployment.diagnose.test_repositories import HUB, _cloudformation_json, _diagnosed
from xsfn_helpers.deployment.diagnose import Conclusion
from xsfn_helpers.deployment.diagnose.asking.short import short_answer

TREE: Final = {"version": "tree-0.1", "tree": {"id": "App", "children": {"Role": {"Statement": []}}}}
ASSETS: Final = {"version": "48.0.0", "files": {}, "dockerImages": {}}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tree.json", json.dumps(TREE)),
        ("Ledgers.assets.json", json.dumps(ASSETS)),
        ("Ledgers.metadata.json", json.dumps({"/Ledgers/Role": [{"type": "aws:cdk:logicalId", "data": "Role"}]})),
        ("validation-report.json", json.dumps({"pluginReports": []})),
        ("package.json", json.dumps({"name": "ledgers", "scripts": {"role": "x"}})),
        ("package-lock.json", json.dumps({"packages": {"node_modules/parameter": {}}})),
        ("tsconfig.json", '{ // ours\n"compilerOptions": {"resolveJsonModule": true},}'),
        ("tsconfig.build.json", "{"),
        (
            "cdk.json",
            json.dumps({"app": "npx ts-node bin/ledgers.ts", "context": {"@aws-cdk/aws-iam:minimizePolicies": 1}}),
        ),
    ],
)
def test_a_file_that_cannot_be_about_the_set_up_is_not_told_as_unread(name: str, text: str, tmp_path: Path) -> None:
    _cloudformation_json(tmp_path, HUB)
    (tmp_path / name).write_text(text)

    found = _diagnosed(tmp_path)
    assert found.verdict is Conclusion.FINE
    assert not any(name in one.what for one in found.not_seen)
    assert f"Not about AWS, and so not looked at: {name}." in str(found)
    assert not any(name in line for line in short_answer(found))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("settings.json", json.dumps({"roles": {"hub": "hub-role"}})),
        ("notes.json", json.dumps({"a": {"Statement": {"Effect": "Deny"}}})),
        ("answer.json", json.dumps({"arn": "arn:aws:iam::111111111111:role/hub-role"})),
        ("package.json", json.dumps({"policies": ["deny-everything"]})),
        ("settings.json", json.dumps({"colour": "blue"})),
        ("list.json", "[]"),
        ("broken.json", "{"),
    ],
)
def test_a_file_that_could_be_about_the_set_up_is_told_as_unread(name: str, text: str, tmp_path: Path) -> None:
    _cloudformation_json(tmp_path, HUB)
    (tmp_path / name).write_text(text)

    found = _diagnosed(tmp_path)
    assert any(name in one.what for one in found.not_seen)
    assert any(name in line for line in short_answer(found) if line.startswith("Not read"))
