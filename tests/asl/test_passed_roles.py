"""Roles that a call hands over: asked about wherever the operation's input holds one, for every operation that has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest

from scripts.renew_actions import role_parameters
from xsfn_helpers.asl import sdk_calls
from xsfn_helpers.asl.arn_forms import CallingPlace
from xsfn_helpers.asl.asked import For, Permission, TaskCaller
from xsfn_helpers.asl.integrations import asked_of
from xsfn_helpers.iam.actions import action

PLACE = CallingPlace("222222222222", "eu-west-1", "aws")
CALLER = TaskCaller(PLACE, PLACE, "arn:aws:states:eu-west-1:222222222222:stateMachine:m")
ROLE = "arn:aws:iam::222222222222:role/app/handed-over"
ALL_ROLES = "arn:aws:iam::222222222222:role/*"
ACTS_ON_ROLES = ("iam", "sts", "sso", "rolesanywhere")


def passed(service: str, operation: str, arguments: object) -> list[Permission]:
    found = asked_of(f"arn:aws:states:::aws-sdk:{service}:{operation}", arguments, CALLER)
    return [one for one in found.permissions if one.action == "iam:PassRole" and one.purpose is For.HAND_OVER]


def handing_over() -> Iterator[tuple[str, str, str]]:
    """Every operation whose action depends on iam:PassRole, with each place of its input that holds a role."""
    for service in sdk_calls.services():
        raw = sdk_calls._service(service)
        assert raw is not None
        for operation, paths in raw["r"].items():
            name = sdk_calls.RENAMED.get(service, {}).get(operation, (f"{raw['p']}:{operation}",))[0]
            found = action(name)
            if found is not None and "iam:PassRole" in found.depends_on and found.prefix not in ACTS_ON_ROLES:
                yield from ((service, operation, path) for path in paths)


EVERY_PLACE = list(handing_over())


def with_role(path: str, value: object, *, late: bool = False) -> dict[str, Any]:
    """Arguments with the value at a path, as they'd be written for Step Functions."""
    step, _, rest = path.partition(".")
    name = re.sub(r"[!\[\]{}]", "", step)
    inner: Any = with_role(rest, value, late=late) if rest else value
    for sign in reversed(re.findall(r"\[\]|\{\}", step)):
        inner = [inner] if sign == "[]" else {"k": inner}
    return {f"{name[0].upper()}{name[1:]}{'.$' if late and not rest and inner is value else ''}": inner}


def test_there_are_hundreds_of_them() -> None:
    assert len(EVERY_PLACE) > 300


def test_a_role_at_any_place_of_any_operation_has_to_be_passed() -> None:
    for service, operation, path in EVERY_PLACE:
        if "InstanceProfile" in path:
            continue
        found = passed(service, operation, with_role(path, ROLE))
        assert [(one.resource.arn, one.certain) for one in found] == [(ROLE, True)], (service, operation, path)


@pytest.mark.parametrize("late", [{"late": True}, {}], ids=["JSONPath", "JSONata"])
def test_a_role_that_shows_only_in_the_run_may_be_any_of_the_account(late: dict[str, bool]) -> None:
    for service, operation, path in EVERY_PLACE:
        found = passed(service, operation, with_role(path, "$.r" if late else "{% $r %}", **late))
        assert [(one.resource.unknown, one.resource.either, one.certain) for one in found] == [
            (True, (ALL_ROLES,), True)
        ], (service, operation, path)


def test_without_a_role_none_has_to_be_passed() -> None:
    for service, operation, _ in EVERY_PLACE:
        assert passed(service, operation, {}) == [], (service, operation)


def test_what_shows_only_in_the_run_has_a_role_for_certain_only_where_the_operation_requires_one() -> None:
    for whole, certain in (("scheduler:createSchedule", True), ("ecs:runTask", False)):
        service, _, operation = whole.partition(":")
        assert {one.certain for one in passed(service, operation, "{% $all %}")} == {certain}


def test_a_known_part_of_the_role_is_kept() -> None:
    late = {"Target": {"RoleArn.$": "States.Format('arn:aws:iam::222222222222:role/{}-x', $.n)"}}
    [one] = passed("scheduler", "createSchedule", late)

    assert one.resource.either == ("arn:aws:iam::222222222222:role/*-x",)


def test_a_role_by_its_name_may_have_any_path() -> None:
    [one] = passed("glue", "createJob", {"Name": "j", "Role": "etl"}) or passed(
        "kinesisanalyticsv2", "createApplication", {"ServiceExecutionRole": "etl"}
    )

    assert one.resource.either == ("arn:aws:iam::222222222222:role/*etl",)


def test_a_role_of_another_account_or_of_an_action_without_that_word_is_no_denial_yet() -> None:
    elsewhere = ROLE.replace("222222222222", "333333333333")
    [other] = passed("scheduler", "createSchedule", {"Target": {"RoleArn": elsewhere}})
    [unsaid] = passed("mediaconvert", "createJob", {"Role": ROLE})

    assert (other.certain, unsaid.certain, unsaid.resource.arn) == (False, False, ROLE)


def test_a_role_that_the_call_acts_on_is_not_passed() -> None:
    assert passed("sts", "assumeRole", {"RoleArn": ROLE, "RoleSessionName": "s"}) == []
    assert passed("iam", "getRole", {"RoleName": "r"}) == []


def test_the_kept_places_are_those_of_the_models() -> None:
    loader = botocore.session.get_session().get_component("data_loader")
    for service, name in (("scheduler", "scheduler"), ("lambda", "lambda"), ("rds", "rds"), ("ec2", "ec2")):
        model = loader.load_service_model(service, "service-2")
        raw = sdk_calls._service(name)
        assert raw is not None
        models = {one.lower(): found for one in model["operations"] if (found := role_parameters(model, one))}
        assert raw["r"] == models
