"""The figures are for everybody: by keyboard, on a phone and wide, in light and dark, for readers and on paper."""

from datetime import date
from pathlib import Path

import pytest
import time_machine
from playwright.sync_api import expect

from bot.accounts import accounts
from bot.accounts.accounts import Account
from bot.accounts.demo import SCHOOL
from bot.knowledge.loader import current
from bot.monitoring.figures import roll_up
from tests.bot.monitoring.logs import happened, write
from tests.browser.chat import accessibility_problems
from tests.browser.test_guide import Open, open_page
from tests.browser.test_scan import SMALL, WIDER
from tests.web.conftest import Site, actions, data_dir, rasa, run, set_up, sqlite_database
from tests.web.staff import PASSWORD

__all__ = ["actions", "data_dir", "open_page", "rasa", "run", "set_up", "sqlite_database"]

PAGE = "/portal/cijfers"
PHONE, WIDE = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


@pytest.fixture
def site(run, set_up) -> Site:
    set_up(now="2026-11-22T12:00+01:00")
    return run()


@pytest.fixture
def beheer(sqlite_database: Path) -> Account:
    """Somebody of beheer, and a school with figures since the summer."""
    subjects = [key for key in current().entries if key.startswith("opleiding:")][:30]
    series = [("conversation", ""), ("visitor", ""), ("event_shown", "gastles"), ("kind", "kosten"), ("kind", "duur")]
    series += [("thumb", "up"), ("thumb", "down"), ("question", "at_once"), ("question", "not_understood")]
    series += [("hour", f"{hour:02}") for hour in range(8, 23)] + [("weekday", str(day)) for day in range(1, 8)]
    series += [("subject", subject) for subject in subjects]
    rows = [
        happened(name, value, 100 * month + 5 * number, SCHOOL, date(2026, month, 3))
        for month in range(7, 12)
        for number, (name, value) in enumerate(series)
    ]
    with time_machine.travel("2026-11-22T12:00:00+01:00", tick=False):
        write(*rows)
        roll_up()
    return accounts.add("beheer@demo.test", "beheer", [], "Bo Beheer", PASSWORD)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "wide"])
def test_the_page_is_for_everybody(beheer: Account, open_page: Open, size: dict[str, int], scheme: str) -> None:
    page = open_page(PAGE, beheer, viewport=size)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.get_by_text("Wat betekent dit?").first.click()
    for query in ("", "?van=2026-11&tot=2026-08", "?van=2020-01&tot=2020-02"):
        page.goto(PAGE + query)
        assert accessibility_problems(page) == [] and page.evaluate(WIDER) <= 0, query
        assert page.evaluate(SMALL) == [], query


def test_a_period_and_a_school_are_chosen_by_keyboard(beheer: Account, open_page: Open) -> None:
    page = open_page(PAGE, beheer, viewport=PHONE)
    expect(page.get_by_role("row", name="Gesprekken").first).to_contain_text("3.800")
    page.get_by_role("link", name="Vorige maand").press("Enter")
    expect(page.get_by_role("link", name="Vorige maand")).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("row", name="Gesprekken").first).to_contain_text("1.000")
    page.get_by_label("School").focus()
    page.keyboard.type("Zonder")
    page.get_by_role("button", name="Laat zien").press("Enter")
    expect(page.get_by_text("nog niets of heel weinig geteld")).to_be_visible()
    expect(page.get_by_label("School")).to_have_value("geen")
    page.get_by_label("Van").fill("2026-10")
    page.get_by_label("Tot en met").fill("2026-09")
    page.get_by_label("Tot en met").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Draai ze om")
    expect(page.get_by_label("Tot en met")).to_have_value("2026-09")
    expect(page.get_by_label("School")).to_have_value("geen")


def test_a_wide_table_scrolls_by_keyboard_and_what_it_means_opens(beheer: Account, open_page: Open) -> None:
    page = open_page(PAGE, beheer, viewport=PHONE)
    table = page.get_by_role("region", name="Per maand")
    table.focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("(one) => one.scrollLeft > 0", arg=table.element_handle())
    meaning = page.get_by_text("Hoe vaak een leerling met Lobke praatte.").first
    expect(meaning).to_be_hidden()
    page.get_by_text("Wat betekent dit?").first.press("Enter")
    expect(meaning).to_be_visible()


def test_a_file_is_saved(beheer: Account, open_page: Open) -> None:
    page = open_page(PAGE, beheer, viewport=WIDE)
    with page.expect_download() as saved:
        page.get_by_role("link", name="CSV: Gebruik").click()
    assert saved.value.suggested_filename == "2026-11-22-cijfers-gebruik-2026-08-2026-11.csv"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_chart_has_the_colours_of_the_page_and_prints_without_the_rest(
    beheer: Account, open_page: Open, scheme: str
) -> None:
    page = open_page(PAGE, beheer, viewport=WIDE)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    bar, link = page.locator(".chart .value").first, page.get_by_role("link", name="CSV: Gebruik")
    colour = "(one, name) => getComputedStyle(one)[name]"
    assert bar.evaluate(colour, "fill") == link.evaluate(colour, "color")
    page.emulate_media(media="print", color_scheme="light")
    expect(page.get_by_role("button", name="Laat zien")).to_have_count(0)
    expect(link).to_be_hidden()
    expect(bar).to_be_visible()
