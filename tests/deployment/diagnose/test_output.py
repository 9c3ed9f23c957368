"""What a diagnosis says: text, JSON of a stable shape, a page of its own; commands and templates that can be used."""

from __future__ import annotations

import ast
import json
import re
import shlex
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from tests.conftest import fresh_names
from tests.deployment.diagnose.bench import diagnose, run
from tests.deployment.diagnose.setups import ONE, TWO, execute, task
from tests.sandbox.aws_cli import AwsCli
from tests.sandbox.world import World
from xsfn_helpers import open_lab
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.cli import BAD_INPUT, FAILED, OK, main
from xsfn_helpers.deployment.diagnose import Diagnosis
from xsfn_helpers.deployment.diagnose.as_json import diagnosis_json
from xsfn_helpers.deployment.diagnose.reading.export import export
from xsfn_helpers.display.diagnosis import diagnosis_page

pytestmark = pytest.mark.usefixtures("no_http")

SETUPS = {one.name: one for one in (*ONE, *TWO)}
# One of each kind of change: trust, inline, managed, boundary, definition, new role, new state machine, taken away.
KINDS = (
    "n3",
    "n5",
    "managed-deny",
    "operator-boundary",
    "wrong-region-in-task",
    "n4-n9",
    "n7",
    "inline-lockdown",
)


@pytest.mark.parametrize("name", KINDS)
def test_the_aws_cli_commands_do_it(world: World, name: str) -> None:
    """The commands as they are printed, given to the AWS CLI itself."""
    SETUPS[name].build(world)

    while (fix := diagnose(world).fix) is not None:
        for call in fix.calls:
            side = next(side for side in Side if world.scenario.account(side).id == call.account)
            keys = world.sandbox.accounts[side]
            program, service, *rest = shlex.split(call.cli)
            assert program == "aws"
            AwsCli(world.sandbox, service, keys.access_key_id, keys.secret_access_key).run(*rest)

    assert run(world, world.scenario.operator_machine_arn)["status"] == "SUCCEEDED"


@pytest.mark.parametrize("name", KINDS)
def test_the_template_says_what_the_calls_do(world: World, name: str) -> None:
    SETUPS[name].build(world)
    fix = diagnose(world).fix
    assert fix is not None

    for change in fix.changes:
        if name == "inline-lockdown":
            assert change.cloudformation == {}
            continue
        (resource,) = change.cloudformation["Resources"].values()
        (logical,) = change.cloudformation["Resources"]
        documents = [value for value in resource["Properties"].values() if isinstance(value, dict)]
        sent = [json.loads(str(v)) for call in change.calls for v in call.parameters.values() if str(v).startswith("{")]
        assert re.fullmatch(r"[A-Za-z0-9]+", logical)
        assert re.fullmatch(
            r"AWS::(IAM::(Role|RolePolicy|ManagedPolicy)|StepFunctions::StateMachine)", resource["Type"]
        )
        assert documents[0] in sent


def test_the_diff_shows_what_changes_and_nothing_else(world: World) -> None:
    SETUPS["n3"].build(world)
    fix = diagnose(world).fix
    assert fix is not None

    (change,) = fix.changes
    changed = [line for line in change.diff if line[0] in "+-"]

    assert changed == [
        f'-          "sts:ExternalId": "{world.scenario.external_id}-other"',
        f'+          "sts:ExternalId": "{world.scenario.external_id}"',
    ]


# --- text and JSON


def test_the_text_has_the_answer_first_then_links_fix_and_what_was_not_seen(world: World) -> None:
    SETUPS["n3"].build(world)

    text = str(diagnose(world))

    parts = ("is broken (accounts", "  ✓ 1 ", "  ✗ 2 ", "Fix 1 of 1", "As AWS CLI commands", "CloudFormation template")
    places = [text.index(part) for part in (*parts, "Least privilege", "What couldn't be seen")]
    assert places == sorted(places)
    refused = f"The role {world.scenario.operator_role_arn} is not authorized to assume the task state's role"
    assert f"Evaluated by the kit; AWS would say: {refused}" in text
    assert run(world, world.scenario.operator_machine_arn)["cause"].startswith(refused)


def test_the_brief_answer_has_a_line_for_each_link(world: World) -> None:
    SETUPS["n3"].build(world)
    diagnosis = diagnose(world)

    headline, *lines = diagnosis.brief.splitlines()
    assert headline == diagnosis.headline
    assert [line.split()[1] for line in lines[:6]] == ["1", "2", "3", "4", "5", "6"]
    assert len(lines) <= 12


def test_two_diagnoses_of_the_same_are_the_same(world: World) -> None:
    SETUPS["n2"].build(world)

    assert str(diagnose(world)) == str(diagnose(world))


def test_the_json_has_the_documented_shape(world: World) -> None:
    SETUPS["n4-n9"].build(world)

    found = json.loads(json.dumps(diagnosis_json(diagnose(world))))

    link = ["number", "asker", "action", "resource", "accounts", "when", "answer", "why", "slip", "aws_says", "open"]
    link += ["unread"]
    assert found["schema"] == "xsfn.diagnosis/1"
    assert list(found) == [
        "schema",
        "asked",
        "verdict",
        "ok",
        "exit_code",
        "headline",
        "answer",
        "refused",
        "state_machine",
        "execution",
        "first_broken",
        "tasks",
        "fixes",
        "risks",
        "least_privilege",
        "not_seen",
        "stand_ins",
        "not_about_aws",
        "taken",
    ]
    assert (found["verdict"], found["ok"], found["first_broken"]["number"]) == ("broken", False, 2)
    assert found["exit_code"] == FAILED
    assert list(found["tasks"][0]["links"][0]) == link
    assert found["first_broken"]["slip"]["kind"] == "role_missing"
    call = found["fixes"][0]["changes"][0]["calls"][0]
    assert list(call) == ["account", "service", "operation", "parameters", "cli"]


# --- the page


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_page_stands_by_itself(world: World) -> None:
    """No script, nothing fetched, headings in order, every picture with words, every table with headings."""
    SETUPS["n3"].build(world)
    text = diagnosis_page(diagnose(world))

    page = _Page(text)
    names = [tag for tag, _ in page.tags]
    headings = [int(tag[1]) for tag in names if re.fullmatch("h[1-6]", tag)]

    assert not {"script", "link", "iframe", "object", "embed"} & set(names)
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    sources = [attributes[key] or "" for _, attributes in page.tags for key in ("src", "href") if key in attributes]
    assert sources
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert headings[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))
    assert all("Link 2, denied" in str(attributes["alt"]) for tag, attributes in page.tags if tag == "img")
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in page.tags if tag == "th")
    assert ("html", {"lang": "en"}) in page.tags
    assert "prefers-color-scheme: dark" in text


def test_the_page_says_what_the_text_says(world: World) -> None:
    SETUPS["n2+n5"].build(world)
    found = diagnose(world)
    heard: list[str] = []
    parser = HTMLParser(convert_charrefs=True)
    parser.handle_data = heard.append  # type: ignore[method-assign]
    parser.feed(diagnosis_page(found))
    said = " ".join(" ".join(heard).split())

    wanted = [link.why for link in found.links] + [fix.summary for fix in found.fixes]
    wanted += [call.cli for fix in found.fixes for call in fix.calls]
    assert [one for one in wanted if " ".join(one.split()) not in said] == []


def test_names_cannot_smuggle_markup_in(world: World) -> None:
    definition = task(world, {"Credentials/RoleArn": "<script>alert(1)</script>"})
    world.build(operator_definition=definition)
    found = diagnose(world)

    assert "<script>" not in diagnosis_page(found)
    assert "<script>" not in found._repr_mimebundle_()["text/html"]


# --- the command line


def test_exit_codes_and_outputs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    names = fresh_names()
    lab = open_lab(**names)
    lab.set_stage(3)
    options = [part for key, value in names.items() for part in (f"--{key.replace('_', '-')}", value)]
    page, folder = tmp_path / "report.html", tmp_path / "exported"

    fine = main(["diagnose", *options, "--json", "--html", str(page), "--export", str(folder)])
    told = json.loads(capsys.readouterr().out)
    lab.stage(2).undo()
    broken = main(["diagnose", lab.scenario.operator_machine_arn])
    short = capsys.readouterr().out
    main(["diagnose", lab.scenario.operator_machine_arn, "--all"])
    text = capsys.readouterr().out
    from_files = main(["diagnose", "--from-files", str(folder)])
    capsys.readouterr()
    wrong = [
        main(["diagnose", "nonsense"]),
        main(["diagnose", f"{lab.scenario.operator_machine_arn}-x"]),
        main(["diagnose", "--from-files", str(tmp_path / "nowhere")]),
        main(["diagnose", "--export", str(folder)]),
        main(["diagnose", lab.scenario.operator_machine_arn, "--html", str(tmp_path / "no" / "where.html")]),
    ]
    complaints = capsys.readouterr().err
    lab.clean()

    assert (fine, broken, from_files) == (OK, FAILED, OK)
    assert told["verdict"] == "fine"
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "(link 2 of task" in short
    assert len(short.splitlines()) == 5
    assert text.startswith(short)
    assert "Link 2 of task" in text
    assert wrong == [BAD_INPUT] * len(wrong)
    assert len(complaints.splitlines()) == len(wrong)


def test_no_secret_is_in_any_output(world: World, tmp_path: Path) -> None:
    world.build(execute_permissions=execute(world, {"Statement/0": None}))
    found: Diagnosis = diagnose(world)
    export(found.evidence, tmp_path)
    outputs = [str(found), diagnosis_page(found), json.dumps(diagnosis_json(found)), repr(found)]
    outputs += [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()]

    secrets = {key for keys in world.sandbox.accounts.values() for key in (keys.access_key_id, keys.secret_access_key)}
    assert [secret for secret in secrets for output in outputs if secret in output] == []


def test_thinking_needs_no_aws() -> None:
    """Only the readers of live accounts, and the door to them, may import an AWS client."""
    room = Path(__file__).parents[3] / "xsfn_helpers" / "deployment" / "diagnose"
    knowing = set()
    for path in room.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if any(module.split(".")[0] in ("boto3", "botocore") for module in modules):
                knowing.add(path.name)

    assert knowing == {"ask.py", "live.py", "live_parts.py", "organization.py"}
