"""What shows itself: text everywhere, HTML where a renderer is registered, nothing loaded before it is shown."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from IPython.core.formatters import DisplayFormatter

import xsfn_helpers
from xsfn_helpers import Lab
from xsfn_helpers.aws.consent import Question
from xsfn_helpers.aws.target_choice import TargetChoice
from xsfn_helpers.chain.report import Check
from xsfn_helpers.common.renderable import Renderable, live, mimebundle, picture, shown
from xsfn_helpers.deployment.checks.trust_evaluation import Gap, TrustEvaluation
from xsfn_helpers.deployment.practice.exercise import Exercise, Guess, Notice, Practice
from xsfn_helpers.deployment.status import Status
from xsfn_helpers.display.pictures.picture import Picture
from xsfn_helpers.lab.rehearsal import Rehearsal
from xsfn_helpers.sandbox.assumptions import NotEstablished

pytestmark = pytest.mark.usefixtures("no_http")

IN_WORDS_ONLY: Final = {Exercise, Gap, TrustEvaluation, Guess, Notice, Practice, Rehearsal}
# A form, a display that keeps up, or Markdown.
IN_THEIR_OWN_WAY: Final = {NotEstablished, Question, Status, TargetChoice}


@dataclass(frozen=True, slots=True)
class Told(Renderable):
    """Something that nobody has registered."""

    words: str

    def __str__(self) -> str:
        return f"{self.words}, in words"


def kinds(of: type = Renderable) -> Iterator[type]:
    for kind in of.__subclasses__():
        yield kind
        yield from kinds(kind)


@pytest.fixture(scope="module")
def there_are() -> set[type]:
    """Every class of the package that shows itself."""
    for module in pkgutil.walk_packages(xsfn_helpers.__path__, "xsfn_helpers."):
        if not module.name.startswith("xsfn_helpers.deployment.export.files") and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    # A slotted dataclass is made twice; only the second is one that the module knows.
    known = {kind for kind in kinds() if getattr(sys.modules[kind.__module__], kind.__name__, None) is kind}
    return {kind for kind in known if kind.__module__.startswith("xsfn_helpers.") and kind is not Picture}


def test_everything_renderable_has_words(there_are: set[type]) -> None:
    assert there_are
    assert {kind for kind in there_are if kind.__str__ is object.__str__} == set()


def test_everything_renderable_is_registered_or_known_to_be_words_only(there_are: set[type]) -> None:
    shown(mimebundle, Told("loads the renderers"))
    plain = mimebundle.dispatch(object)

    assert {kind for kind in there_are if mimebundle.dispatch(kind) is plain} == IN_WORDS_ONLY


def test_the_registered_have_html_besides_their_words() -> None:
    """They are registered by one function, which gives both; those that aren't are few, and named."""
    shown(mimebundle, Told("loads the renderers"))
    others = {kind for kind, how in mimebundle.registry.items() if not how.__qualname__.startswith("_in_html.")}

    assert others - {object} == IN_THEIR_OWN_WAY


WAYS: Final[tuple[Callable[[Lab], object], ...]] = (
    lambda lab: lab.check(live=False),
    lambda lab: next(iter(lab.check(live=False))),
    lambda lab: lab.evaluate(2),
    lambda lab: lab.diagnose(),
    lambda lab: lab.diagram(),
    lambda lab: lab.document("execute_role_trust"),
    lambda lab: lab.stage(1).plan(),
    lambda lab: lab.what_if(),
    lambda lab: lab.workflow(),
)


def test_what_a_lab_gives_is_shown_in_html_and_in_its_words(standing_lab: Lab) -> None:
    for way in WAYS:
        thing: Any = way(standing_lab)
        bundle = thing._repr_mimebundle_()

        assert bundle["text/plain"] == str(thing)
        assert bundle["text/html"].startswith("<")


def test_a_notebook_shows_a_frozen_slotted_thing_by_its_renderer() -> None:
    check = Check("a", "A title", passed=True, evidence="evidence")
    data, _ = DisplayFormatter().format(check)

    assert data["text/plain"] == str(check)
    assert "A title" in data["text/html"]


def test_what_has_no_renderer_shows_its_text() -> None:
    data, _ = DisplayFormatter().format(Told("nothing more"))

    assert data == {"text/plain": "nothing more, in words"}


@pytest.mark.parametrize(("form", "said"), [(picture, "nothing draws a Told"), (live, "nothing shows a Told live")])
def test_a_form_that_nobody_registered_is_told(form: Callable[..., Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        shown(form, Told("nothing more"))


def test_renderers_load_neither_widgets_nor_graphviz() -> None:
    """Each is loaded by the first thing that needs it."""
    program = """
import sys
from xsfn_helpers.chain.report import Check
assert not any(name.startswith("xsfn_helpers.display") for name in sys.modules)
assert "text/html" in Check("a", "A title", passed=True, evidence="evidence")._repr_mimebundle_()
print(sorted({"graphviz", "ipywidgets", "anywidget", "IPython", "moto"} & sys.modules.keys()))
"""
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert printed == "[]\n"
