"""Exports, and what is said of them, as a Japanese reader meets them; the files themselves stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from xsfn_helpers import Lab
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import speaking
from xsfn_helpers.deployment.export.comparison import Comparison, DeployWay
from xsfn_helpers.deployment.export.grants import Grants, judged
from xsfn_helpers.deployment.export.routes import Route, exported_files


@pytest.fixture(autouse=True)
def in_japanese() -> Iterator[None]:
    with speaking("ja"):
        yield


def test_an_export_says_what_is_next(lab: Lab, tmp_path: Path) -> None:
    told = str(lab.export("terraform", tmp_path / "out")).splitlines()

    assert told[0] == "terraform としてエクスポートしました:"
    assert told[-1] == (
        "次の手順: terraform init、terraform apply の順に実行します。作成の順序は Terraform が判断します。"
    )
    (tmp_path / "out" / "subject.tf").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        lab.export("terraform", tmp_path / "out")
    assert refused.value.what == "subject.tf: すでに存在し、エクスポートが書いた内容と違います。"
    assert refused.value.fix.startswith("何も書き込んでいません。")


@pytest.mark.parametrize("route", Route)
def test_the_files_are_the_same_in_every_language(route: Route) -> None:
    japanese = exported_files(route, Scenario(), "xsfn")
    with speaking("en"):
        assert exported_files(route, Scenario(), "xsfn") == japanese


def test_grants_give_their_reasons_with_aws_words_as_they_are() -> None:
    scenario = Scenario()
    may_start = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": scenario.subject_machine_arn}
    may_assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": scenario.execute_role_arn}
    grants = Grants(tuple(judged(one, scenario) for one in (may_start, may_assume)))

    assert grants.heading == "CDK が Operator ロールに追加するステートメントは 2 個。そのうちチェーンに必要なのは 1 個"
    assert [grant.reason for grant in grants] == [
        "不要: リンク 3 をリクエストするのは実行用ロールです。Operator ロールからのリクエストは拒否されます: "
        "because no resource-based policy allows the states:StartExecution action",
        "リンク 2 に必要",
    ]


def test_ways_are_compared() -> None:
    one = DeployWay("手作業", ("1",), 6, "24 件中 24 件", "SUCCEEDED")

    assert str(Comparison((one, DeployWay("cdk", missing="CDK がありません。")))) == (
        "2 通りで作った構成: 同じステートメントによる同じ判断\n"
        "  ✓ 手作業: リンク 1 件中 6 件が許可、チェック 24 件中 24 件、実行 SUCCEEDED\n"
        "  … cdk: 未実施: CDK がありません。"
    )
