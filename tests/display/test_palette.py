"""The palette keeps its promises: readable in both themes, and one meaning per value."""

from __future__ import annotations

import pytest

from xsfn_helpers.display.palette import BOX, CARD, INK, LOOKS, MUTED, ON_BADGE, PALETTE, ROLE, Colour, LinkState

STATES = [look.colour for look in LOOKS.values()]


def luminance(value: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2.2)."""
    channels = [int(value[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        *((text, ground) for text in (INK, MUTED) for ground in (CARD, BOX, ROLE)),
        *((state, ground) for state in STATES for ground in (CARD, BOX)),
        *((ON_BADGE, state) for state in STATES),
    ],
)
def test_text_is_readable_on_every_ground_in_both_themes(text: Colour, ground: Colour) -> None:
    """At least 4.5 to 1, what WCAG 2.2 asks for text of this size."""
    assert contrast(text.light, ground.light) >= 4.5
    assert contrast(text.dark, ground.dark) >= 4.5


@pytest.mark.parametrize("state", STATES)
def test_white_on_a_state_is_readable_for_the_pills_of_the_tables(state: Colour) -> None:
    assert contrast("#ffffff", state.light) >= 4.5


def test_each_light_value_is_used_once_so_that_the_dark_theme_can_replace_it() -> None:
    assert len({colour.light for colour in PALETTE}) == len(PALETTE)


def test_every_state_has_its_own_mark_colour_line_and_arrowhead() -> None:
    looks = [LOOKS[state] for state in LinkState]

    assert len({look.mark for look in looks}) == len(LinkState)
    assert len({look.colour for look in looks}) == len(LinkState)
    assert len({look.line for look in looks}) == len(LinkState)
    assert len({look.arrowhead for look in looks}) == len(LinkState)
