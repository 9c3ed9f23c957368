"""The photographs under diagrams/ are those that the README shows, of the displays as they are now."""

from __future__ import annotations

from pathlib import Path

from tests.browser.jupyter import DARK, LIGHT
from tests.browser.screenshots import NARROW, SCENES, TAKEN_OF, fingerprint, shown_in_readme

DIAGRAMS = Path(__file__).parents[2] / "diagrams"


def test_those_that_the_readme_shows_are_kept_and_no_others() -> None:
    assert shown_in_readme() <= {scene.name for scene in SCENES}
    kept = {path.relative_to(DIAGRAMS).with_suffix("").as_posix() for path in DIAGRAMS.rglob("*.png")}
    assert kept == shown_in_readme()


def test_they_were_taken_of_the_displays_as_they_are() -> None:
    assert (DIAGRAMS / TAKEN_OF).read_text(encoding="utf-8").strip() == fingerprint(), "run `make screenshots`"


def test_each_display_is_photographed_light_dark_and_narrow() -> None:
    parts = {scene.part for scene in SCENES if scene.part != ".xsfn-status"}

    for part in parts:
        scenes = [scene for scene in SCENES if scene.part == part]
        assert {scene.theme for scene in scenes} == {LIGHT, DARK}, part
        assert any(scene.width == NARROW for scene in scenes), part
