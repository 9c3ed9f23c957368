"""What a template's own ways of saying things come to: for each kind, allowed, denied, or open. A table of changes.

Each takes the set-up that is allowed and writes one thing of it otherwise.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from tests.deployment.diagnose.test_repositories import (
    CHILD,
    HUB,
    HUB_ACCOUNT,
    PARAMETERS,
    SPOKE,
    TOLD,
    _asl,
    _hub,
    _may,
    _spoke,
    _template,
    _trust,
)
from xsfn_helpers.deployment.diagnose import Conclusion, Diagnosis
from xsfn_helpers.deployment.diagnose.ask import diagnose_given
from xsfn_helpers.deployment.diagnose.asking.asked_about import AskedAbout
from xsfn_helpers.deployment.diagnose.asking.short import short_answer
from xsfn_helpers.deployment.diagnose.reading.repository import Told

Document = dict[str, Any]
FINE, BROKEN, UNKNOWN = Conclusion.FINE, Conclusion.BROKEN, Conclusion.UNKNOWN
DENIES: Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sts:*", "Resource": "*"}]}
ON: Final = {"Conditions": {"IsOn": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}}}
OFF: Final = {"IsOff": {"Fn::Not": [{"Condition": "IsOn"}]}}
GUARD: Final = {
    "Type": "AWS::IAM::Policy",
    "Properties": {"PolicyName": "guard", "Roles": [{"Ref": "HubRole"}], "PolicyDocument": DENIES},
}


@dataclass
class Setup:
    """Two templates, and what lies beside them."""

    hub: Document = field(default_factory=lambda: _template(_hub(), Parameters=copy.deepcopy(PARAMETERS)))
    spoke: Document = field(default_factory=lambda: _template(_spoke(HUB)))
    beside: dict[str, Document] = field(default_factory=dict)

    def of_hub(self, logical: str) -> Document:
        found: Document = self.hub["Resources"][logical]["Properties"]
        return found

    def of_spoke(self, logical: str) -> Document:
        found: Document = self.spoke["Resources"][logical]["Properties"]
        return found

    def trusted(self) -> Document:
        found: Document = self.of_spoke("SpokeRole")["AssumeRolePolicyDocument"]["Statement"][0]
        return found

    def staged(self, template: Document) -> None:
        template.setdefault("Parameters", {})["Stage"] = {"Type": "String"}
        template["Conditions"] = {**ON["Conditions"], **OFF}

    def diagnosed(self, folder: Path, told: Told = TOLD, indent: int | None = None) -> Diagnosis:
        for name, value in {"hub": self.hub, "spoke": self.spoke, **self.beside}.items():
            (folder / f"{name}.json").write_text(json.dumps(value, indent=indent), encoding="utf-8")
        return next(
            one for one in diagnose_given(AskedAbout(paths=(folder,)), told) if one.evidence.machine.name != "nightly"
        )


# --- values


def _looked_up_external_id(made: Setup) -> None:
    made.trusted()["Condition"] = {"StringEquals": {"sts:ExternalId": "{{resolve:ssm:/hub/arn:1}}"}}


def _looked_up_principal(made: Setup) -> None:
    made.trusted()["Principal"] = {"AWS": {"Fn::Sub": "{{resolve:ssm:/${AWS::Region}/hub/role}}"}}


def _looked_up_role(made: Setup) -> None:
    made.of_hub("Machine")["DefinitionSubstitutions"] = {"Role": "{{resolve:ssm:/spoke/role}}"}


def _list_with_blanks(made: Setup) -> None:
    made.spoke["Parameters"] = {"Trusted": {"Type": "CommaDelimitedList", "Default": f"333333333333, {HUB_ACCOUNT}"}}
    made.trusted()["Principal"] = {"AWS": {"Ref": "Trusted"}}


def _list_of_others(made: Setup) -> None:
    made.spoke["Parameters"] = {"Trusted": {"Type": "CommaDelimitedList", "Default": "333333333333, 444444444444"}}
    made.trusted()["Principal"] = {"AWS": {"Ref": "Trusted"}}


def _list_not_given(made: Setup) -> None:
    made.spoke["Parameters"] = {"Trusted": {"Type": "CommaDelimitedList"}}
    made.trusted()["Principal"] = {"AWS": {"Ref": "Trusted"}}


def _map_with_a_default(made: Setup) -> None:
    made.hub["Mappings"] = {"Roles": {"ap-east-1": {"Arn": f"{SPOKE}-2"}}}
    value = {"Fn::FindInMap": ["Roles", {"Ref": "AWS::Region"}, "Arn", {"DefaultValue": SPOKE}]}
    made.of_hub("Machine")["DefinitionSubstitutions"] = {"Role": value}


# --- what is made, and what isn't


def _guard_on_a_loop(made: Setup) -> None:
    body = {"Guard${Name}": copy.deepcopy(GUARD)}
    body["Guard${Name}"]["Properties"]["PolicyName"] = {"Fn::Sub": "guard-${Name}"}
    made.hub["Resources"]["Fn::ForEach::Guards"] = ["Name", ["A", "B"], body]


def _topics_on_a_loop(made: Setup) -> None:
    body = {"Topic${Name}": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Name"}}}}
    made.hub["Resources"]["Fn::ForEach::Topics"] = ["Name", ["a", "b"], body]


def _roles_on_a_loop(made: Setup) -> None:
    role = made.spoke["Resources"].pop("SpokeRole")
    role["Properties"]["RoleName"] = {"Fn::Sub": "${Name}-role"}
    made.spoke["Resources"]["Fn::ForEach::Roles"] = ["Name", ["spoke", "other"], {"Role${Name}": role}]


def _loop_over_what_is_not_given(made: Setup) -> None:
    made.hub["Parameters"]["Names"] = {"Type": "CommaDelimitedList"}
    made.hub["Resources"]["Fn::ForEach::Guards"] = ["Name", {"Ref": "Names"}, {"Guard${Name}": GUARD}]


def _included_among_the_properties(made: Setup) -> None:
    made.of_hub("HubRole")["Fn::Transform"] = {"Name": "AWS::Include", "Parameters": {"Location": "s3://b/more.yaml"}}


def _macro_and_another_trust(made: Setup) -> None:
    made.spoke["Transform"] = "Trusts"
    made.trusted()["Principal"] = {"AWS": f"{HUB}-2"}


def _nested(made: Setup, *, denies: bool, condition: bool) -> None:
    child = copy.deepcopy(GUARD)
    child["Properties"]["Roles"] = [{"Ref": "Role"}]
    if not denies:
        child["Properties"]["PolicyDocument"] = _may("sts:AssumeRole", SPOKE)
        del made.hub["Resources"]["Assume"]
    made.beside["child"] = _template({"Guard": child}, Parameters={"Role": {"Type": "String"}})
    given = {"TemplateURL": "child.json", "Parameters": {"Role": {"Ref": "HubRole"}}}
    made.hub["Resources"]["Nested"] = {"Type": "AWS::CloudFormation::Stack", "Properties": given}
    if condition:
        made.staged(made.hub)
        made.hub["Resources"]["Nested"]["Condition"] = "IsOn"


def _nested_permission(made: Setup) -> None:
    _nested(made, denies=False, condition=False)


def _nested_permission_on_a_condition(made: Setup) -> None:
    _nested(made, denies=False, condition=True)


def _nested_denial_on_a_condition(made: Setup) -> None:
    _nested(made, denies=True, condition=True)


def _role_twice_on_conditions(made: Setup) -> None:
    made.staged(made.spoke)
    resources = made.spoke["Resources"]
    resources["OtherRole"] = copy.deepcopy(resources["SpokeRole"])
    resources["OtherRole"]["Properties"]["AssumeRolePolicyDocument"] = _trust(f"{HUB}-2")
    resources["SpokeRole"]["Condition"], resources["OtherRole"]["Condition"] = "IsOn", "IsOff"


def _machine_twice_on_conditions(made: Setup) -> None:
    made.staged(made.hub)
    resources = made.hub["Resources"]
    resources["Other"] = copy.deepcopy(resources["Machine"])
    resources["Machine"]["Properties"]["Definition"] = _asl(f"{SPOKE}-2")
    resources["Machine"]["Condition"], resources["Other"]["Condition"] = "IsOn", "IsOff"


# --- policies


def _two_policies_of_one_name(made: Setup) -> None:
    guard = copy.deepcopy(GUARD)
    guard["Properties"]["PolicyName"] = "assume"
    made.hub["Resources"]["Guard"] = guard


def _two_policies_that_are_one(made: Setup) -> None:
    made.hub["Resources"]["Again"] = copy.deepcopy(made.hub["Resources"]["Assume"])


def _tag_that_the_stack_may_give(made: Setup) -> None:
    made.trusted()["Condition"] = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}


def _another_value_of_the_tag(made: Setup) -> None:
    _tag_that_the_stack_may_give(made)
    made.of_hub("HubRole")["Tags"] = [{"Key": "team", "Value": "red"}]


def _by_sam(made: Setup, **more: Any) -> None:
    """The hub's role as SAM makes it."""
    for logical in ("HubRole", "Assume"):
        del made.hub["Resources"][logical]
    machine = made.hub["Resources"]["Machine"]
    machine["Type"] = "AWS::Serverless::StateMachine"
    given = machine["Properties"]
    given["Name"] = given.pop("StateMachineName")
    del given["RoleArn"]
    given["Policies"] = [_may("sts:AssumeRole", SPOKE)]
    made.hub["Transform"] = "AWS::Serverless-2016-10-31"
    made.trusted()["Principal"] = {"AWS": HUB_ACCOUNT}
    given |= more


def _tag_of_sams(made: Setup) -> None:
    _by_sam(made, Tags={"team": "blue"})
    _tag_that_the_stack_may_give(made)


def _macro_beside_sams(made: Setup) -> None:
    _by_sam(made)
    made.hub["Transform"] = ["Guards", "AWS::Serverless-2016-10-31"]


def _role_of_sams_given_to_others(made: Setup) -> None:
    _by_sam(made)
    made.hub["Resources"]["Guard"] = {"Type": "Custom::Guard", "Properties": {"Role": {"Ref": "MachineRole"}}}


# --- names that CloudFormation makes, and what stacks are called


def _named_after_the_stack(made: Setup, trusted: Any) -> None:
    made.of_hub("HubRole")["RoleName"] = {"Fn::Sub": "${AWS::StackName}-role"}
    made.trusted()["Principal"] = {"AWS": trusted}


def _stack_that_may_be_called_so(made: Setup) -> None:
    _named_after_the_stack(made, f"arn:aws:iam::{HUB_ACCOUNT}:role/orders-prod-role")


def _stack_called_like_its_file(made: Setup) -> None:
    _named_after_the_stack(made, HUB)


def _stack_that_can_not_be_called_so(made: Setup) -> None:
    _named_after_the_stack(made, f"arn:aws:iam::{HUB_ACCOUNT}:role/orders-prod-roles")


def _stack_that_decides_nothing(made: Setup) -> None:
    _named_after_the_stack(made, HUB_ACCOUNT)


def _both_after_their_stacks(made: Setup) -> None:
    _named_after_the_stack(made, {"Fn::Sub": f"arn:aws:iam::{HUB_ACCOUNT}:role/${{AWS::StackName}}-role"})


def _without_a_name(made: Setup, pattern: Any) -> None:
    del made.of_hub("HubRole")["RoleName"]
    made.trusted()["Principal"] = {"AWS": HUB_ACCOUNT}
    made.trusted()["Condition"] = {"ArnLike": {"aws:PrincipalArn": pattern}}


def _name_of_some_stack(made: Setup) -> None:
    _without_a_name(made, f"arn:aws:iam::{HUB_ACCOUNT}:role/orders-HubRole-*")


def _name_whatever_the_stack(made: Setup) -> None:
    _without_a_name(made, f"arn:aws:iam::{HUB_ACCOUNT}:role/*-HubRole-*")


def _name_of_another_role(made: Setup) -> None:
    _without_a_name(made, f"arn:aws:iam::{HUB_ACCOUNT}:role/*-OtherRole-*")


def _unique_name(made: Setup) -> None:
    _without_a_name(made, f"arn:aws:iam::{HUB_ACCOUNT}:role/orders-HubRole-1A2B3C4D5E6F")


def _calls_a_function(made: Setup, resource: Any) -> None:
    resources = made.hub["Resources"]
    resources["Work"] = {"Type": "AWS::Lambda::Function", "Properties": {}}
    resources["Assume"]["Properties"]["PolicyDocument"] = _may("lambda:InvokeFunction", resource)
    task = {"Type": "Task", "Resource": "${Work}", "End": True}
    made.of_hub("Machine")["Definition"] = {"StartAt": "Run", "States": {"Run": task}}
    made.of_hub("Machine")["DefinitionSubstitutions"] = {"Work": {"Fn::GetAtt": ["Work", "Arn"]}}


def _function_without_a_name(made: Setup) -> None:
    arn = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${Work}"
    _calls_a_function(made, {"Fn::Sub": arn})


def _function_by_a_pattern_of_its_stack(made: Setup) -> None:
    _calls_a_function(made, {"Fn::Sub": "arn:aws:lambda:*:*:function:${AWS::StackName}-Work-*"})


def _function_by_a_pattern_of_another(made: Setup) -> None:
    _calls_a_function(made, {"Fn::Sub": "arn:aws:lambda:*:*:function:${AWS::StackName}-Play-*"})


# --- roles, boundaries, an organization's policies


def _path_left_out(made: Setup) -> None:
    made.of_spoke("SpokeRole")["Path"] = "/teams/blue/"


def _tag_of_the_child(made: Setup, **tags: str) -> None:
    condition = {"StringEquals": {"aws:ResourceTag/team": "blue"}}
    document = _may("states:StartExecution", CHILD)
    document["Statement"][0]["Condition"] = condition
    made.of_spoke("SpokeRole")["Policies"][0]["PolicyDocument"] = document
    made.of_spoke("Nightly")["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]


def _child_with_the_tag(made: Setup) -> None:
    _tag_of_the_child(made, team="blue")


def _child_with_another_value(made: Setup) -> None:
    _tag_of_the_child(made, team="red")


def _child_without_the_tag(made: Setup) -> None:
    _tag_of_the_child(made)


def _boundary_of_another_stack(made: Setup, document: Document) -> None:
    made.of_hub("HubRole")["PermissionsBoundary"] = {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:policy/fence"}
    fence = {"ManagedPolicyName": "fence", "PolicyDocument": document}
    made.beside["base"] = _template({"Fence": {"Type": "AWS::IAM::ManagedPolicy", "Properties": fence}})


def _boundary_that_lets_it(made: Setup) -> None:
    _boundary_of_another_stack(made, _may("*", "*"))


def _boundary_that_denies(made: Setup) -> None:
    _boundary_of_another_stack(made, DENIES)


def _limit_by_organization(made: Setup) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}
    deny["Condition"] = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}
    content = {"Version": "2012-10-17", "Statement": [deny]}
    given = {"Type": "RESOURCE_CONTROL_POLICY", "Name": "own", "Content": content, "TargetIds": ["222222222222"]}
    made.beside["limits"] = _template({"Own": {"Type": "AWS::Organizations::Policy", "Properties": given}})


# --- values in files of parameters


def _spoke_by_pipeline(made: Setup, account: str) -> None:
    made.beside["prod"] = {"Parameters": {"Spoke": account}, "Tags": {"stage": "prod"}}


def _same_value_in_a_file(made: Setup) -> None:
    _spoke_by_pipeline(made, "222222222222")


def _another_value_in_a_file(made: Setup) -> None:
    _spoke_by_pipeline(made, "333333333333")


# --- values that nobody told


def _with_an_empty_default(made: Setup) -> None:
    made.spoke["Parameters"] = {"Trusted": {"Type": "String", "Default": ""}}
    made.spoke["Conditions"] = {"IsTold": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Trusted"}, ""]}]}}


def _trusts_its_own_account_unless_told(made: Setup) -> None:
    _with_an_empty_default(made)
    own = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
    made.trusted()["Principal"] = {"AWS": {"Fn::If": ["IsTold", {"Ref": "Trusted"}, own]}}


def _bounded_if_told(made: Setup) -> None:
    _with_an_empty_default(made)
    bound = {"Fn::If": ["IsTold", {"Ref": "Trusted"}, {"Ref": "AWS::NoValue"}]}
    made.of_spoke("SpokeRole")["PermissionsBoundary"] = bound


def _made_if_told(made: Setup) -> None:
    _with_an_empty_default(made)
    made.spoke["Resources"]["SpokeRole"]["Condition"] = "IsTold"


def _one_of_two_trust_policies(made: Setup) -> None:
    _with_an_empty_default(made)
    role = made.of_spoke("SpokeRole")
    role["AssumeRolePolicyDocument"] = {"Fn::If": ["IsTold", _trust(HUB), role["AssumeRolePolicyDocument"] | DENIES]}


def _with_policies_if_told(made: Setup) -> None:
    _with_an_empty_default(made)
    role = made.of_spoke("SpokeRole")
    role["Policies"] = {"Fn::If": ["IsTold", role["Policies"], []]}


def _empty_list_of_trusted(made: Setup) -> None:
    made.spoke["Parameters"] = {"Trusted": {"Type": "CommaDelimitedList", "Default": ""}}
    made.trusted()["Principal"] = {"AWS": {"Ref": "Trusted"}}


def _empty_and_of_no_matter(made: Setup) -> None:
    _with_an_empty_default(made)
    made.of_spoke("SpokeRole")["Description"] = {"Ref": "Trusted"}


def _default_that_is_not_empty(made: Setup) -> None:
    _trusts_its_own_account_unless_told(made)
    made.spoke["Parameters"]["Trusted"]["Default"] = HUB


def _empty_in_a_nested_stack(made: Setup) -> None:
    """Its parent tells every value there is."""
    _trusts_its_own_account_unless_told(made)
    made.beside["inner"] = made.spoke
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "inner.json"}}
    made.spoke = _template({"Inner": nested})


EMPTY: Final = (
    _trusts_its_own_account_unless_told,
    _bounded_if_told,
    _made_if_told,
    _one_of_two_trust_policies,
    _with_policies_if_told,
    _empty_list_of_trusted,
)


# --- policies of resources


def _puts_into_a_table(made: Setup, **table: Any) -> None:
    task = made.of_hub("Machine")["Definition"]["States"]["Run"]
    task["Resource"] = "arn:aws:states:::dynamodb:putItem"
    task["Parameters"] = {"TableName": "orders", "Item": {"id": {"S": "1"}}}
    made.of_spoke("SpokeRole")["Policies"][0]["PolicyDocument"] = _may("dynamodb:PutItem", "*")
    given = {"TableName": "orders", **table}
    made.spoke["Resources"]["Table"] = {"Type": "AWS::DynamoDB::Table", "Properties": given}


def _table_without_a_policy(made: Setup) -> None:
    _puts_into_a_table(made)


def _table_that_denies(made: Setup) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "dynamodb:*", "Resource": "*"}
    _puts_into_a_table(made, ResourcePolicy={"PolicyDocument": {"Version": "2012-10-17", "Statement": [deny]}})


def _queue_that_denies_on_a_condition(made: Setup) -> None:
    task = made.of_hub("Machine")["Definition"]["States"]["Run"]
    task["Resource"] = "arn:aws:states:::sqs:sendMessage"
    url = "https://sqs.eu-west-1.amazonaws.com/222222222222/orders"
    task["Parameters"] = {"QueueUrl": url, "MessageBody": "x"}
    made.of_spoke("SpokeRole")["Policies"][0]["PolicyDocument"] = _may("sqs:SendMessage", "*")
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    policy = {"Queues": [url], "PolicyDocument": {"Version": "2012-10-17", "Statement": [deny]}}
    made.staged(made.spoke)
    made.spoke["Resources"]["Limits"] = {"Type": "AWS::SQS::QueuePolicy", "Condition": "IsOn", "Properties": policy}


TABLE: Final[tuple[tuple[Callable[[Setup], None], Conclusion], ...]] = (
    (_looked_up_external_id, UNKNOWN),
    (_looked_up_principal, UNKNOWN),
    (_looked_up_role, UNKNOWN),
    (_list_with_blanks, FINE),
    (_list_of_others, BROKEN),
    (_list_not_given, UNKNOWN),
    (_map_with_a_default, FINE),
    (_guard_on_a_loop, BROKEN),
    (_topics_on_a_loop, FINE),
    (_roles_on_a_loop, FINE),
    (_loop_over_what_is_not_given, UNKNOWN),
    (_included_among_the_properties, UNKNOWN),
    (_macro_and_another_trust, UNKNOWN),
    (_nested_permission, FINE),
    (_nested_permission_on_a_condition, UNKNOWN),
    (_nested_denial_on_a_condition, UNKNOWN),
    (_role_twice_on_conditions, UNKNOWN),
    (_machine_twice_on_conditions, UNKNOWN),
    (_two_policies_of_one_name, UNKNOWN),
    (_two_policies_that_are_one, FINE),
    (_tag_that_the_stack_may_give, UNKNOWN),
    (_another_value_of_the_tag, BROKEN),
    (_by_sam, FINE),
    (_tag_of_sams, FINE),
    (_macro_beside_sams, UNKNOWN),
    (_role_of_sams_given_to_others, UNKNOWN),
    (_stack_that_may_be_called_so, UNKNOWN),
    (_stack_called_like_its_file, UNKNOWN),
    (_stack_that_can_not_be_called_so, BROKEN),
    (_stack_that_decides_nothing, FINE),
    (_both_after_their_stacks, UNKNOWN),
    (_name_of_some_stack, UNKNOWN),
    (_name_whatever_the_stack, FINE),
    (_name_of_another_role, BROKEN),
    (_unique_name, UNKNOWN),
    (_function_without_a_name, FINE),
    (_function_by_a_pattern_of_its_stack, FINE),
    (_function_by_a_pattern_of_another, UNKNOWN),  # the function's own policy may let it in
    (_path_left_out, BROKEN),
    (_child_with_the_tag, FINE),
    (_child_with_another_value, BROKEN),
    (_child_without_the_tag, UNKNOWN),
    (_boundary_that_lets_it, FINE),
    (_boundary_that_denies, BROKEN),
    (_limit_by_organization, UNKNOWN),
    (_same_value_in_a_file, FINE),
    (_another_value_in_a_file, UNKNOWN),
    *((one, UNKNOWN) for one in EMPTY),
    (_empty_and_of_no_matter, FINE),
    (_default_that_is_not_empty, FINE),
    (_empty_in_a_nested_stack, BROKEN),
    (_table_without_a_policy, FINE),
    (_table_that_denies, BROKEN),
    (_queue_that_denies_on_a_condition, UNKNOWN),
)


@pytest.mark.parametrize(("change", "verdict"), TABLE, ids=lambda one: getattr(one, "__name__", "").strip("_"))
def test_what_a_template_says_is_what_it_comes_to(
    tmp_path: Path, change: Callable[[Setup], None], verdict: Conclusion
) -> None:
    made = Setup()
    change(made)

    assert made.diagnosed(tmp_path).verdict is verdict


def test_a_list_given_on_the_command_line_is_a_list(tmp_path: Path) -> None:
    made = Setup()
    _list_not_given(made)
    told = Told(TOLD.operator, TOLD.subject, TOLD.region, {"Trusted": f"333333333333,{HUB_ACCOUNT}"})

    assert made.diagnosed(tmp_path, told).verdict is FINE


def test_what_a_loop_makes_is_found_where_it_is_written(tmp_path: Path) -> None:
    made = Setup()
    _roles_on_a_loop(made)

    found = made.diagnosed(tmp_path, indent=1)

    text = (tmp_path / "spoke.json").read_text(encoding="utf-8")
    lines = [number for number, one in enumerate(text.splitlines(), 1) if "AssumeRolePolicyDocument" in one]
    assert found.evidence.spots[SPOKE, "trust policy"].line == lines[-1]


@pytest.mark.parametrize(("name", "verdict"), [("orders-prod", FINE), ("orders-test", BROKEN)])
def test_what_a_stack_is_called_can_be_told(tmp_path: Path, name: str, verdict: Conclusion) -> None:
    made = Setup()
    _stack_that_may_be_called_so(made)
    told = Told(TOLD.operator, TOLD.subject, TOLD.region, {"AWS::StackName": name})

    assert made.diagnosed(tmp_path, told).verdict is verdict


@pytest.mark.parametrize(
    ("change", "names"),
    [(_stack_that_may_be_called_so, "AWS::StackName=NAME"), (_looked_up_role, "resolve.ssm.spoke.role")],
    ids=["stack", "looked up"],
)
def test_what_would_settle_it_is_what_can_be_told(tmp_path: Path, change: Callable[[Setup], None], names: str) -> None:
    made = Setup()
    change(made)

    line = short_answer(made.diagnosed(tmp_path))[3]

    assert names in line
    assert "--parameter" in line


@pytest.mark.parametrize("change", EMPTY, ids=lambda one: one.__name__.strip("_"))
def test_what_an_empty_default_leaves_open_is_settled_by_its_parameter(
    tmp_path: Path, change: Callable[[Setup], None]
) -> None:
    made = Setup()
    change(made)

    settles = short_answer(made.diagnosed(tmp_path))[3]

    assert "Trusted" in settles.split()
    assert "--parameter" in settles


def test_a_parameter_that_is_told_to_be_empty_is_empty(tmp_path: Path) -> None:
    made = Setup()
    _trusts_its_own_account_unless_told(made)

    def verdict(value: str) -> Conclusion:
        return made.diagnosed(tmp_path, Told(TOLD.operator, TOLD.subject, TOLD.region, {"Trusted": value})).verdict

    assert verdict("") is BROKEN
    assert verdict(HUB) is FINE


def test_only_what_can_be_told_is_asked_for(tmp_path: Path) -> None:
    """A resource's name shows once it is deployed, or where its template writes it."""
    made = Setup()
    made.of_hub("Machine")["DefinitionSubstitutions"]["Role"] = {"Ref": "Reader"}
    made.hub["Resources"]["Reader"] = {"Type": "Custom::Reader", "Properties": {"ServiceToken": "x"}}

    settles = short_answer(made.diagnosed(tmp_path))[3]

    assert "--parameter" not in settles
    assert "deployed" in settles


def test_what_is_looked_up_can_be_told(tmp_path: Path) -> None:
    made = Setup()
    _looked_up_role(made)
    told = Told(TOLD.operator, TOLD.subject, TOLD.region, {"resolve.ssm.spoke.role": SPOKE})

    assert made.diagnosed(tmp_path, told).verdict is FINE


def _only_in(made: Setup, region: str) -> None:
    statement = {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}
    statement["Condition"] = {"StringNotEquals": {"aws:RequestedRegion": [region]}}
    made.of_spoke("SpokeRole")["Policies"].append(
        {"PolicyName": "regions", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    )


@pytest.mark.parametrize(
    ("region", "verdict"), [("", UNKNOWN), ("ap-southeast-2", FINE), ("eu-west-3", BROKEN)], ids=lambda one: str(one)
)
def test_a_region_that_no_file_tells_is_no_answer(tmp_path: Path, region: str, verdict: Conclusion) -> None:
    made = Setup()
    child = {"Fn::Sub": "arn:aws:states:${AWS::Region}:222222222222:stateMachine:nightly"}
    made.of_hub("Machine")["Definition"] = _asl("${Role}", "${Child}")
    made.of_hub("Machine")["DefinitionSubstitutions"]["Child"] = child
    made.of_spoke("SpokeRole")["Policies"][0]["PolicyDocument"] = _may("states:StartExecution", "*")
    told = Told(TOLD.operator, TOLD.subject, region)
    assert made.diagnosed(tmp_path, told).verdict is FINE
    _only_in(made, "ap-southeast-2")

    assert made.diagnosed(tmp_path, told).verdict is verdict


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_a_partition_is_that_of_the_arns(tmp_path: Path, partition: str) -> None:
    made = Setup()
    made.hub["Resources"]["Machine"]["Properties"]["Definition"] = _asl("${Role}", "${Child}")
    child = {"Fn::Sub": "arn:${AWS::Partition}:states:${AWS::Region}:222222222222:stateMachine:nightly"}
    made.of_hub("Machine")["DefinitionSubstitutions"]["Child"] = child
    made.of_spoke("SpokeRole")["Policies"][0]["PolicyDocument"] = _may("states:StartExecution", "*")
    made.hub, made.spoke = (
        json.loads(json.dumps(one).replace("arn:aws:", f"arn:{partition}:")) for one in (made.hub, made.spoke)
    )

    assert made.diagnosed(tmp_path, Told(TOLD.operator, TOLD.subject)).verdict is FINE


@pytest.mark.parametrize(
    "given",
    [
        {"params.json": json.dumps([{"ParameterKey": "Spoke", "ParameterValue": "333333333333"}])},
        {"samconfig.toml": '[prod.deploy.parameters]\nparameter_overrides = "Spoke=\\"333333333333\\" Stage=x"\n'},
        {"samconfig.toml": '[prod.deploy.parameters]\nparameter_overrides = ["Spoke=333333333333"]\n'},
    ],
    ids=["cli", "sam", "sam list"],
)
def test_another_value_in_a_file_is_a_doubt_until_it_is_told(tmp_path: Path, given: dict[str, str]) -> None:
    for name, text in given.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    told = Told(TOLD.operator, TOLD.subject, TOLD.region, {"Spoke": "222222222222"})

    assert Setup().diagnosed(tmp_path).verdict is UNKNOWN
    assert Setup().diagnosed(tmp_path, told).verdict is FINE


@pytest.mark.parametrize("asset", ["asset.0ab1.json", "asset.0ab1.asl.json"])
def test_a_definition_that_the_cdk_puts_into_a_bucket_is_its_asset(tmp_path: Path, asset: str) -> None:
    made = Setup()
    machine = made.of_hub("Machine")
    (tmp_path / asset).write_text(json.dumps(machine.pop("Definition")), encoding="utf-8")
    bucket = {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"}
    machine["DefinitionS3Location"] = {"Bucket": bucket, "Key": asset.removeprefix("asset.")}

    assert made.diagnosed(tmp_path).verdict is FINE


def test_a_known_stack_has_names_of_its_own_that_nobody_knows(tmp_path: Path) -> None:
    made = Setup()
    _unique_name(made)
    told = {name: Told(TOLD.operator, TOLD.subject, TOLD.region, {"AWS::StackName": name}) for name in ("orders", "x")}

    assert made.diagnosed(tmp_path, told["orders"]).verdict is UNKNOWN
    assert made.diagnosed(tmp_path, told["x"]).verdict is BROKEN


@pytest.mark.parametrize("first", [True, False])
def test_one_action_on_two_resources_is_guessed_for_each(tmp_path: Path, first: bool) -> None:
    """Which region it is decides one of the two alone, be it the first that is asked for or the last."""
    made = Setup()
    task = made.of_hub("Machine")["Definition"]["States"]["Run"]
    task["Resource"] = "arn:aws:states:::batch:submitJob"
    task["Parameters"] = {"JobName": "j", "JobDefinition": "d:3", "JobQueue": "q"}
    arns = ["arn:aws:batch:ap-southeast-2:*:job-definition/*", "arn:aws:batch:*:*:job-queue/*"]
    if not first:
        arns = [
            one.replace("ap-southeast-2", "~").replace(":*:*", ":ap-southeast-2:*").replace("~", "*") for one in arns
        ]
    made.of_spoke("SpokeRole")["Policies"][0]["PolicyDocument"] = _may("batch:SubmitJob", arns)
    del made.spoke["Resources"]["Nightly"]

    assert made.diagnosed(tmp_path, Told(TOLD.operator, TOLD.subject)).verdict is UNKNOWN
    assert made.diagnosed(tmp_path, Told(TOLD.operator, TOLD.subject, "ap-southeast-2")).verdict is FINE
    assert made.diagnosed(tmp_path, Told(TOLD.operator, TOLD.subject, "eu-west-3")).verdict is BROKEN
