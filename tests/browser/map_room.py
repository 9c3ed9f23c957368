"""Whether the map beside the lesson has room: nothing cut off, no word broken, all of it in view."""

from __future__ import annotations

from typing import Any, Final

from playwright.sync_api import Page

PANE: Final = "#xsfn-map"
_ROOM: Final = """() => {
  const pane = document.querySelector("#xsfn-map");
  const frame = pane.getBoundingClientRect();
  const parts = [...pane.querySelectorAll(".xsfn-chip, .xsfn-box")];
  // AWS's words are whole: an action breaks after its service only.
  const whole = (word) => {
    const range = document.createRange();
    range.selectNodeContents(word);
    return [...range.getClientRects()].length === 1;
  };
  const words = [...pane.querySelectorAll(".xsfn-chip b")].flatMap((name) => [...name.childNodes]);
  const texts = words.filter((word) => word.nodeType === Node.TEXT_NODE);
  const broken = texts.filter((word) => !whole(word)).map((word) => word.data);
  const cut = parts.filter((part) => {
    const box = part.getBoundingClientRect();
    return box.right > frame.right || box.left < frame.left || part.scrollWidth > part.clientWidth + 1;
  });
  pane.scrollTop = 0;
  const bottom = Math.max(...parts.map((part) => part.getBoundingClientRect().bottom));
  const across = pane.scrollWidth - pane.clientWidth;
  return { cut: cut.map((part) => part.textContent), across, broken, below: bottom - frame.bottom };
}"""


def room_of_the_map(page: Page) -> dict[str, Any]:
    """What is cut off, which of AWS's words are broken, and how far it reaches across the pane and below it."""
    found: dict[str, Any] = page.evaluate(_ROOM)
    return found
