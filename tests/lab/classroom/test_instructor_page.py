"""The instructor's page in a real browser: what it shows and does, whom it lets in, and what markup in names does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.browser import axe, chromium
from tests.lab.classroom.opened import Person, Room
from tests.support.soak import SOAKING

MARKUP = '<img src=x onerror="alert(1)"><b>Eve</b>'[:40]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.running_or_told("that the instructor's page works") as browser:
        yield browser


@pytest.fixture(scope="module")
def people(room: Room) -> dict[str, Person]:
    """One whose checks all hold, one who has just begun, and one with markup for a name."""
    people = {name: room.person(name) for name in ("Ada", "Bob", MARKUP)}
    people["Ada"].run("lab = open_lab(); lab.set_stage(3); lab.check()")
    room.until("Ada", "green", value=True)
    return people


@dataclass(frozen=True, slots=True)
class Opened:
    """The page, opened by the instructor's link and left open; and what happens on it that nobody may see there."""

    page: Page
    complaints: list[str]
    asked: list[str]
    dialogs: list[Dialog]


@pytest.fixture(scope="module")
def opened(browser: Browser, room: Room, people: dict[str, Person]) -> Iterator[Opened]:
    context = browser.new_context(accept_downloads=True, viewport={"width": 1280, "height": 700})
    page = context.new_page()
    opened = Opened(page, [], [], [])

    def close(dialog: Dialog) -> None:
        opened.dialogs.append(dialog)
        dialog.dismiss()

    page.on("console", lambda message: opened.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    page.on("dialog", close)
    page.on("request", lambda request: opened.asked.append(request.url))
    page.goto(room.instructors_url)
    page.locator("#people tr").first.wait_for()
    yield opened
    context.close()


@pytest.fixture
def page(opened: Opened, room: Room) -> Iterator[Page]:
    """The page; nothing may complain, and nothing may be asked elsewhere."""
    yield opened.page
    assert opened.complaints == []
    assert opened.dialogs == []
    assert [url for url in opened.asked if not url.startswith((room.url, "data:", "blob:"))] == []


def row(page: Page, name: str) -> str:
    found: str = page.locator("#people tr", has=page.get_by_role("rowheader", name=name, exact=True)).inner_text()
    return found


def test_everybody_is_seen_and_what_they_have_done(page: Page) -> None:
    assert "✓ 25 / 25" in row(page, "Ada")
    assert "✓ green" in row(page, "Ada")
    assert "green" not in row(page, "Bob")
    expect(page.locator("#summary")).to_have_text("1 of 3 green, 0 stuck, 30 places")


def test_it_keeps_up_by_itself(page: Page, people: dict[str, Person]) -> None:
    people["Bob"].run("open_lab().prepare()")

    expect(page.locator("#people tr", has_text="Bob").locator(".done")).to_have_count(1, timeout=120_000)
    people["Bob"].run("open_lab().clean()")


def test_markup_in_a_name_is_text(page: Page) -> None:
    header = page.get_by_role("rowheader", name=MARKUP, exact=True)

    assert header.inner_text() == MARKUP
    assert header.locator("*").count() == 0


def test_the_token_leaves_the_address_and_is_needed(browser: Browser, page: Page, room: Room) -> None:
    assert "token" not in page.url
    stranger = browser.new_context().new_page()
    stranger.goto(f"{room.url}/instructor")
    expect(stranger.locator("#token-form")).to_be_visible()
    assert stranger.locator("#people tr").count() == 0
    assert not stranger.locator("#room").is_visible()

    stranger.locator("#token").fill("a guess")
    stranger.locator("#token-form button").click()
    expect(stranger.locator("#trouble")).to_contain_text("instructor's token")
    assert stranger.locator("#people tr").count() == 0

    stranger.locator("#token").fill(room.token)
    stranger.locator("#token-form button").click()
    expect(stranger.locator("#people tr")).to_have_count(3)
    stranger.context.close()


def test_nothing_on_it_is_secret(page: Page, room: Room, people: dict[str, Person]) -> None:
    text = page.content()

    assert room.token not in text
    for one in people.values():
        assert one.seat["token"] not in text
        for account in one.seat["accounts"].values():
            assert account["secret_access_key"] not in text
            assert account["access_key_id"] not in text


def test_a_fault_is_broken_after_a_question(page: Page, room: Room, people: dict[str, Person]) -> None:
    page.locator("#fault").select_option("star")
    one = page.locator("#people tr", has_text="Ada")
    one.get_by_role("button", name="Break").click()
    page.locator("#sure").get_by_role("button", name="Leave it").click()
    assert room.seen()["Ada"]["fault"] == ""

    one.get_by_role("button", name="Break").click()
    expect(page.locator("#sure-text")).to_contain_text("in the accounts of Ada?")
    page.locator("#sure").get_by_role("button", name="Do it").click()

    expect(one).to_contain_text("13 · Every machine, says the star", timeout=120_000)
    assert people["Ada"].run("print(open_lab().practice().current.fault.id)").strip() == "star"
    people["Ada"].run("open_lab().practice().restore()")


def test_one_is_reset_by_the_keyboard_alone(page: Page, room: Room, people: dict[str, Person]) -> None:
    people["Bob"].run("open_lab().prepare()")
    room.until("Bob", "steps", value=[True, False, False, False])
    page.locator("#people tr", has_text="Bob").get_by_role("button", name="Empty the accounts of Bob").focus()
    page.wait_for_timeout(2500)  # the table was drawn anew meanwhile, and the focus is where it was
    page.keyboard.press("Enter")
    page.locator("#sure[open]").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    room.until("Bob", "steps", value=[False] * 4)
    assert "False" in people["Bob"].run("print(open_lab().status().steps[0].applied)")


def test_results_are_saved_as_csv(page: Page, tmp_path: Path) -> None:
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Results as CSV").click()
    waiting.value.save_as(tmp_path / "results.csv")

    assert waiting.value.suggested_filename == "xsfn-results.csv"
    assert "Ada,4,25,25" in (tmp_path / "results.csv").read_text(encoding="utf-8-sig")


def test_only_those_who_are_stuck(page: Page) -> None:
    page.get_by_label("Only those who are stuck").check()
    expect(page.locator("#people tr")).to_have_count(0)
    page.get_by_label("Only those who are stuck").uncheck()
    expect(page.locator("#people tr")).to_have_count(3)


# Each language and each scheme; `make soak` has them in every combination.
_LOOKS = (("en", "light"), ("ja", "dark"), *((("en", "dark"), ("ja", "light")) if SOAKING else ()))


@pytest.mark.parametrize(("language", "scheme"), _LOOKS)
def test_everybody_can_read_it(
    browser: Browser, room: Room, people: dict[str, Person], language: str, scheme: str
) -> None:
    try:
        script = axe.script()
    except axe.NoAxe as why:
        if why.is_fault:
            raise
        pytest.skip(f"ACCESSIBILITY WASN'T CHECKED: {why}")
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light", locale=language)
    page = context.new_page()
    page.goto(room.instructors_url)
    page.locator("#people tr").first.wait_for()
    found = axe.findings(page, script, "html")
    spoken = page.evaluate("document.documentElement.lang")
    heading = page.locator("h1").inner_text()
    context.close()

    assert found == []
    assert (spoken, heading) == (language, {"en": "The room", "ja": "ルーム"}[language])


def test_a_room_that_is_gone_is_told_and_found_again(browser: Browser, own_room: Room) -> None:
    page = browser.new_page()
    page.goto(own_room.instructors_url)
    expect(page.locator("#nobody")).to_be_visible()
    own_room.kill()
    expect(page.locator("#trouble")).to_contain_text("doesn't answer", timeout=120_000)
    own_room.start()
    expect(page.locator("#trouble")).to_be_hidden(timeout=120_000)
    page.close()


def test_a_name_is_given_free(page: Page, room: Room) -> None:
    """For somebody who comes again with another computer."""
    gone = room.person("Gone")
    one = page.locator("#people tr", has_text="Gone")
    one.get_by_role("button", name="Free the place and the name Gone").click()
    page.locator("#sure").get_by_role("button", name="Do it").click()
    expect(one).to_have_count(0, timeout=120_000)

    again = Person(room, "Gone", room.folder / "another-computer")
    again.run("join_room(ROOM, CODE, name=NAME)")
    assert again.seat["accounts"] != gone.seat["accounts"]
