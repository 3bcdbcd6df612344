"""The annual report: by keyboard and without JavaScript, on a phone and wide, in light and dark, and on paper."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from bot.accounts import accounts
from bot.accounts.accounts import Account
from bot.monitoring.entered import NONE_KNOWN, Entered, YearNumbers, mark_of
from bot.settings import PROJECT
from tests.browser.chat import accessibility_problems
from tests.browser.test_guide import Open, open_page, site
from tests.browser.test_scan import PHONE, SMALL, WIDE, WIDER
from tests.web.conftest import actions, data_dir, rasa, run, set_up, sqlite_database
from tests.web.staff import PASSWORD

__all__ = ["actions", "data_dir", "open_page", "rasa", "run", "set_up", "site", "sqlite_database"]

PAGE = "/portal/jaarverslag"
REPORT = f"{PAGE}/2026-2027"
NUMBERS = f"{PAGE}/cijfers"


@pytest.fixture
def redactie(sqlite_database: Path) -> Account:
    """Redactie, with numbers of an earlier year and texts of two years."""
    entered = Entered("x")
    entered.save_numbers(
        {2024: (NONE_KNOWN.mark, YearNumbers(2, 8, 1400, 232)), 2025: (NONE_KNOWN.mark, YearNumbers(pupils=900))}
    )
    entered.save_texts(2025, {"vooruitblik": (mark_of(""), "Volgend jaar doen we meer.")})
    entered.save_texts(2026, {"goed": (mark_of(""), "x" * 400)})
    return accounts.add("redactie@demo.test", "redactie", [], "Robin", PASSWORD)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "wide"])
def test_every_page_is_for_everybody(redactie: Account, open_page: Open, size: dict[str, int], scheme: str) -> None:
    page = open_page(PAGE, redactie, viewport=size)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for path in (PAGE, REPORT, f"{REPORT}/voorbeeld", f"{NUMBERS}?jaar=2024-2025"):
        page.goto(path)
        assert accessibility_problems(page) == [] and page.evaluate(WIDER) <= 0, path
        assert page.evaluate(SMALL) == [], path


def test_the_preview_prints_as_the_pdf_does(redactie: Account, open_page: Open) -> None:
    page = open_page(f"{REPORT}/voorbeeld", redactie)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.evaluate("getComputedStyle(document.querySelector('thead')).display") == "table-header-group"
    assert page.evaluate(
        "[...document.querySelectorAll('.wide')].every(one => getComputedStyle(one).overflowX === 'visible')"
    )


def test_the_html_file_opens_from_disk(redactie: Account, open_page: Open, tmp_path: Path) -> None:
    page = open_page(REPORT, redactie)
    with page.expect_download() as coming:
        page.get_by_role("link", name="HTML").click()
    file = tmp_path / coming.value.suggested_filename
    coming.value.save_as(file)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    expect(page.get_by_role("heading", name="Jaarverslag LOB")).to_be_visible()
    assert asked == [file.as_uri()] and accessibility_problems(page) == []


def test_without_javascript_texts_and_numbers_are_filled_in(redactie: Account, open_page: Open) -> None:
    page = open_page(REPORT, redactie, java_script_enabled=False, viewport=PHONE)
    page.get_by_role("button", name="Neem de teksten van 2025-2026 over").click()
    expect(page.get_by_label("Vooruitblik")).to_have_value("Volgend jaar doen we meer.")
    page.get_by_label("Uitdagingen").fill("Te weinig tijd.")
    Entered("collega").save_texts(2026, {"uitdagingen": (mark_of(""), "Te veel regels.")})
    page.get_by_role("button", name="Bewaren").click()
    expect(page.get_by_role("alert")).to_contain_text("Een collega")
    expect(page.get_by_text("Te veel regels.")).to_be_visible()
    expect(page.get_by_label("Uitdagingen")).to_have_value("Te weinig tijd.")
    page.get_by_role("button", name="Bewaren").click()
    expect(page.get_by_role("status")).to_contain_text("bewaard")
    page.goto(NUMBERS)
    page.get_by_label("Bestand").set_input_files(PROJECT / "docs/eerdere-jaren.csv")
    page.get_by_role("button", name="Bekijk wat er verandert").click()
    expect(page.get_by_text("Dit bestand verandert niets.")).to_be_visible()
