"""The LOB-scan works by keyboard and without JavaScript, on a phone and wide, in light and dark, and for readers."""

from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import expect

from bot.accounts import accounts
from bot.accounts.accounts import Account
from bot.accounts.demo import SCHOOL
from bot.monitoring.scan import NOTHING, Answer, Scans
from tests.browser.chat import accessibility_problems
from tests.browser.test_guide import Open, open_page, site
from tests.web.conftest import actions, data_dir, rasa, run, set_up, sqlite_database
from tests.web.staff import PASSWORD

__all__ = ["actions", "data_dir", "open_page", "rasa", "run", "set_up", "site", "sqlite_database"]

PAGE = "/portal/scan"
SCAN = f"{PAGE}/{SCHOOL}/2026"
PHONE, WIDE = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
SMALL = """() => [...document.querySelectorAll("main a, main button, main summary, main label:has(input)")]
    .filter(one => one.offsetParent && one.getBoundingClientRect().height < 44 && !one.closest("svg"))
    .map(one => one.textContent.trim())"""


@pytest.fixture
def decaan(sqlite_database: Path) -> Account:
    """A decaan whose school filled in two years, and five other schools."""
    made = accounts.add("decaan@demo.test", "decaan", [SCHOOL], "Dian Decaan", PASSWORD)
    late = Answer("nee", "Er is een brief van vorig jaar.", "Schrijf een brief.", "teamleider", date(2020, 1, 1))
    for school in (SCHOOL, *(f"school-{number}" for number in range(5))):
        for year, value in ((2025, "deels"), (2026, "ja")):
            answers = {f"DR{number}": Answer(value) for number in range(1, 6)}  # type: ignore[arg-type]
            if school == SCHOOL and year == 2026:
                answers.update(DR1=late, DR2=Answer("deels"), VD1=Answer("nvt"), VD2=NOTHING)
            Scans("x", None).save(school, year, {id: (NOTHING.mark, answer) for id, answer in answers.items()})
    return made


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "wide"])
def test_every_page_is_for_everybody(decaan: Account, open_page: Open, size: dict[str, int], scheme: str) -> None:
    page = open_page(PAGE, decaan, viewport=size)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for name in ("", "/onderdeel/DR", "/onderdeel/PO", "/uitslag", "/afdrukken"):
        page.goto(f"{SCAN}{name}")
        assert accessibility_problems(page) == [] and page.evaluate(WIDER) <= 0, name
        assert page.evaluate(SMALL) == [], name
    page.emulate_media(media="print", color_scheme="light")
    for hidden in (page.get_by_role("link", name="Invullen"), page.get_by_role("button", name="Nu afdrukken")):
        expect(hidden).to_have_count(0)


def test_a_heading_is_filled_in_by_keyboard_and_a_mistake_is_said(decaan: Account, open_page: Open) -> None:
    page = open_page(f"{SCAN}/onderdeel/CO", decaan, viewport=PHONE)
    first = page.get_by_role("group", name="CO1.")
    first.get_by_label("Nog niet ingevuld").focus()
    page.keyboard.press("ArrowUp")
    expect(first.get_by_label("N.v.t.")).to_be_checked()
    summary = page.get_by_text("Bewijs en actie bij CO2")
    summary.press("Enter")
    page.get_by_label("Actie", exact=True).nth(1).fill("Bel de bedrijven.")
    page.get_by_label("Wie doet het?").nth(1).press("Enter")
    expect(page.get_by_role("status")).to_contain_text("bewaard")
    expect(page.get_by_label("Actie", exact=True).nth(1)).to_have_value("Bel de bedrijven.")
    expect(page.get_by_text("Nog open", exact=True)).to_have_count(2)
    page.get_by_label("Bewijs", exact=True).nth(1).evaluate("(field) => { field.maxLength = 9000 }")
    page.get_by_label("Bewijs", exact=True).nth(1).fill("x" * 501)
    page.get_by_role("button", name="Bewaren", exact=True).press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("CO2")
    expect(page.get_by_label("Bewijs", exact=True).nth(1)).to_have_value("x" * 501)
    assert accessibility_problems(page) == [] and page.evaluate(WIDER) <= 0


def test_without_javascript_it_is_filled_in_and_two_decanen_do_not_overwrite_each_other(
    decaan: Account, open_page: Open
) -> None:
    page = open_page(f"{SCAN}/onderdeel/IA", decaan, java_script_enabled=False)
    first = page.get_by_role("group", name="IA1.")
    first.get_by_label("Nee", exact=True).check()
    Scans("collega", [SCHOOL]).save(SCHOOL, 2026, {"IA1": (NOTHING.mark, Answer("ja", "Het rooster"))})
    page.get_by_role("button", name="Bewaren", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("IA1")
    expect(page.get_by_text("Een collega bewaarde intussen: Ja")).to_be_visible()
    expect(first.get_by_label("Nee", exact=True)).to_be_checked()
    page.get_by_role("button", name="Bewaren en naar aansprekende inhoud").click()
    expect(page.locator("h1")).to_have_text("Aansprekende inhoud")
    page.goto(f"{SCAN}/uitslag")
    expect(page.get_by_role("row", name="Integrale aanpak").first).to_contain_text("0%")
