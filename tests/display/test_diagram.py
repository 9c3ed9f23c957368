"""The account and role diagram: everything in the picture is there as text, and every state shows three ways."""

from __future__ import annotations

import base64
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tests.display.pictures import description, needs_graphviz, parts, shape
from xsfn_helpers.chain.links import Node
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.display.palette import LinkState
from xsfn_helpers.display.pictures.diagram import Diagram

EVERY_STATE = {1: LinkState.ALLOWED, 2: LinkState.REFUSED, 3: LinkState.PENDING}
LONG = Scenario(
    operator_machine_name="operator" * 10,
    operator_role_name="r" * 64,
    subject_machine_name="subject-" * 10,
    subject_role_name="subject_role_" + "s" * 51,
    execute_role_name="execute.role." + "e" * 51,
)


@pytest.fixture(scope="module")
def diagram() -> Diagram:
    return Diagram(Scenario(), EVERY_STATE, {2: "the trust policy names another role."}, "What was tried")


@pytest.fixture(scope="module")
def svg(diagram: Diagram) -> str:
    return diagram.svg()


def test_the_text_is_complete_and_always_the_same(diagram: Diagram) -> None:
    """Title, accounts, boxes; one line per link with state, who, action, what, external ID, deciders and note."""
    expected = """\
What was tried
  Operator account 111111111111
    Operator role: operator-statemachine-iam-role
    OperatorStateMachine: operator-statemachine, runs as Operator role
  Subject account 222222222222
    execute role: subject-statemachine-execute-role
    Subject role: subject-statemachine-iam-role
    SubjectStateMachine: subject-statemachine, runs as Subject role
    Subject execution: subject-statemachine:*
  Links
    1 ✓ allowed   Step Functions → sts:AssumeRole → Operator role \
| decided by Operator role's trust policy in Operator account 111111111111
    2 ✗ denied    Operator role → sts:AssumeRole → execute role \
with external ID arn:aws:states:ap-northeast-1:111111111111:stateMachine:operator-statemachine \
| decided by Operator role's permissions policy in Operator account 111111111111 \
and execute role's trust policy in Subject account 222222222222 | the trust policy names another role
    3 … not tried execute role → states:StartExecution → SubjectStateMachine \
| decided by execute role's permissions policy in Subject account 222222222222
    4 … not tried execute role → states:DescribeExecution → Subject execution \
| decided by execute role's permissions policy in Subject account 222222222222
    5 … not tried execute role → states:StopExecution → Subject execution \
| decided by execute role's permissions policy in Subject account 222222222222
    6 … not tried Step Functions → sts:AssumeRole → Subject role \
| decided by Subject role's trust policy in Subject account 222222222222"""

    assert expected == diagram.text
    assert expected == str(diagram)
    assert expected == diagram._repr_mimebundle_()["text/plain"]


def test_the_alt_text_says_what_the_picture_says(diagram: Diagram) -> None:
    assert diagram.alt.startswith("What was tried. In Operator account 111111111111: Operator role (")
    assert (
        "Link 2, denied: Operator role requests sts:AssumeRole on execute role. "
        "Note: the trust policy names another role. Link 3, not tried:"
    ) in diagram.alt


def test_a_link_that_does_not_exist_is_refused() -> None:
    with pytest.raises(XsfnError, match=r"diagram states: There is no link 7\. The links are 1, 2, 3, 4, 5, 6\."):
        Diagram(Scenario(), {7: LinkState.ALLOWED})


def test_what_is_not_made_yet_is_said_so() -> None:
    diagram = Diagram(Scenario(), absent={Node.OPERATOR_MACHINE})

    assert "operator-statemachine, runs as Operator role (doesn't exist yet)" in diagram.text
    assert "OperatorStateMachine (operator-statemachine, doesn't exist yet)" in diagram.alt
    assert diagram.dot.count("<I>doesn&#x27;t exist yet</I>") == 1


@needs_graphviz
def test_the_picture_has_title_accounts_roles_and_machines(diagram: Diagram, svg: str) -> None:
    found = parts(svg)

    assert (diagram.title, diagram.alt) == description(svg)
    assert found["account-operator"].words == "Operator account 111111111111"
    assert found["account-subject"].words == "Subject account 222222222222"
    assert found["operator-role"].words == "Operator role operator-statemachine-iam-role"
    assert found["execute-role"].words == "execute role subject-statemachine-execute-role"
    assert found["subject-role"].words == "Subject role subject-statemachine-iam-role"
    assert found["operator-state-machine"].words == "OperatorStateMachine operator-statemachine"
    assert found["subject-state-machine"].words == "SubjectStateMachine subject-statemachine"
    assert found["subject-execution"].words == "Subject execution subject-statemachine:*"
    assert found["step-functions"].words == "Step Functions AWS service"


@needs_graphviz
def test_each_link_leads_from_asker_to_target_by_its_number(diagram: Diagram, svg: str) -> None:
    found = parts(svg)

    for link in diagram.links:
        assert found[f"{link.id}-from"].title == f"{link.asker}->link {link.number}"
        assert found[f"{link.id}-to"].title == f"link {link.number}->{link.target}"
        assert found[link.id].words.startswith(f"{link.number} {link.action} {diagram.state(link).marked}")


@needs_graphviz
def test_a_state_shows_by_line_and_arrowhead_and_word(svg: str) -> None:
    """Colour is never the only difference."""
    found = parts(svg)
    looks = {number: frozenset(shape(svg, f"link-{number}-to")) for number in EVERY_STATE}

    assert [found[f"link-{number}"].kind for number in EVERY_STATE] == [
        "node link allowed",
        "node link refused",
        "node link pending",
    ]
    assert len(set(looks.values())) == len(LinkState)
    assert len({state.look.in_words for state in LinkState}) == len(LinkState)
    assert "✗ denied" in found["link-2"].words
    assert "external ID = ARN of OperatorStateMachine" in found["link-2"].words
    assert "the trust policy names another role" in found["link-2"].words


@needs_graphviz
def test_the_same_diagram_gives_the_same_picture_without_the_generators_version(diagram: Diagram, svg: str) -> None:
    assert svg == diagram.svg()
    assert "<!--" not in svg
    assert "graphviz version" not in svg
    assert "prefers-color-scheme: dark" in svg


@needs_graphviz
def test_long_names_are_broken_into_lines_and_lost_nowhere() -> None:
    svg = Diagram(LONG, notes={4: "a long remark " * 40}).svg()
    words = {part_id: part.words.replace(" ", "") for part_id, part in parts(svg).items()}
    width = float(svg.split('width="', 1)[1].split("pt", 1)[0])

    assert words["operator-role"].endswith(LONG.operator_role_name)
    assert words["execute-role"].endswith(LONG.execute_role_name)
    assert words["subject-state-machine"].endswith(LONG.subject_machine_name)
    assert words["link-4"].endswith("…")
    assert width < 1000


class _Images(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attrs))


@needs_graphviz
def test_the_figure_holds_the_picture_as_data_with_alt_text(diagram: Diagram, svg: str) -> None:
    found = _Images(diagram._repr_mimebundle_()["text/html"])
    [image] = found.images
    data = str(image["src"]).removeprefix("data:image/svg+xml;base64,")

    assert found.tags == ["figure", "img", "figcaption"]
    assert image["alt"] == diagram.alt
    assert base64.b64decode(data).decode() == svg


HOSTILE = '"><script>alert(1)</script>&amp;<B>\\N\x1b[31m]]>-->'


@needs_graphviz
def test_markup_in_names_titles_and_notes_stays_text() -> None:
    scenario = Scenario()
    # A Scenario denies such names; a diagram of something found elsewhere mustn't rely on that.
    object.__setattr__(scenario, "operator_role_name", HOSTILE)
    diagram = replace(Diagram(scenario), notes={1: HOSTILE}, title=HOSTILE)
    svg = diagram.svg()
    html = _Images(diagram.figure_html())

    assert "script" not in {element.lower() for element in html.tags}
    assert "<script" not in svg
    assert "<script>alert(1)</script>" in parts(svg)["operator-role"].words.replace(" ", "")
    assert html.images[0]["alt"] == diagram.alt
    assert "\x1b" not in diagram.text + diagram.dot + svg
