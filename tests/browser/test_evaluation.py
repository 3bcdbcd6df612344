"""An evaluation in Chromium: a decaan makes it, pupils answer on a phone, and she reads the counts.

These pages need only the web process, so that is all that runs here.
"""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chat import accessibility_problems
from tests.browser.portal import open_inbox
from tests.web.conftest import actions, data_dir, rasa, run, set_up, sqlite_database
from tests.web.staff import a_decaan

__all__ = ["actions", "data_dir", "rasa", "run", "set_up", "sqlite_database"]

PHONE = {"width": 360, "height": 740}
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
DAY = "2026-11-20"


@pytest.fixture
def url(set_up, run) -> str:
    """The address of the web process, with a decaan."""
    set_up(now="2026-11-22T12:00:00+01:00")
    address = run().url
    a_decaan()
    return address


def make(page: Page, url: str) -> None:
    """A decaan logs in and makes the links for an activity."""
    open_inbox(page, url)
    page.get_by_role("link", name="Evaluaties").click()
    page.get_by_label("naam van je eigen activiteit").fill("Bliksemstage bij de bakker")
    page.get_by_label("Dag van je eigen activiteit").fill(DAY)
    page.get_by_role("button", name="Maak de links").click()
    expect(page.get_by_role("heading", name="Bliksemstage bij de bakker")).to_be_visible()


def fits_and_is_accessible(page: Page) -> None:
    assert page.evaluate(WIDER) == 0
    assert accessibility_problems(page) == []


def choose(page: Page, question: str, label: str) -> None:
    page.get_by_role("group", name=question).get_by_text(label, exact=True).click()


def test_pupils_answer_on_a_phone_and_the_decaan_sees_the_count(page: Page, browser: Browser, url: str):
    make(page, url)
    section = page.get_by_role("region", name=re.compile("Voor leerlingen"))
    address = section.locator(".address").inner_text()
    assert re.fullmatch(rf"{url}/evaluatie/[0-9A-Z]{{4}}-[0-9A-Z]{{4}}", address)
    expect(section.get_by_text("minder dan 5")).to_be_visible()

    for number in range(5):
        phone = browser.new_context(locale="nl-NL", viewport=PHONE, java_script_enabled=number > 0).new_page()
        phone.goto(address)
        choose(phone, "Wat vond je ervan?", "Heel goed")
        choose(phone, "Weet je nu beter wat je wilt?", "Een beetje")
        choose(phone, "Weet je nu beter wat je kunt?", "Ja")
        phone.get_by_label("Wat kan er beter?").fill("Langer meelopen.")
        phone.get_by_role("button", name="Versturen").click()
        expect(phone.get_by_text("Je antwoord is verstuurd")).to_be_visible()
        assert phone.context.cookies() == []
        phone.context.close()

    page.reload()
    expect(section.get_by_role("row", name="Heel goed 5")).to_be_visible()
    expect(section.get_by_text("Langer meelopen.")).to_have_count(5)


def test_the_form_works_with_the_keyboard(page: Page, url: str):
    make(page, url)
    page.goto(page.locator(".address").first.inner_text())
    page.get_by_role("radio", name="Slecht").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Matig")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_role("group", name="Weet je nu beter wat je wilt?").get_by_label("Nee")).to_be_checked()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone_and_is_accessible(page: Page, url: str, scheme: str):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(PHONE)
    make(page, url)
    mine = page.url.partition("?")[0]
    form = page.locator(".address").first.inner_text()
    for address in (
        f"{url}/portal/evaluaties",
        mine,
        f"{mine}/afdrukken?voor=partners",
        f"{url}/portal/vervolg",
        form,
        f"{form}?gedaan=hulp",
        f"{url}/evaluatie/K7QF-3MZP",
    ):
        page.goto(address)
        fits_and_is_accessible(page)
    page.goto(form)
    page.evaluate("document.querySelector('form').noValidate = true")
    page.get_by_role("button", name="Versturen").click()
    expect(page.get_by_role("alert")).to_contain_text("Kies bij elke vraag")
    fits_and_is_accessible(page)


def test_on_paper_is_only_what_is_to_scan(page: Page, url: str):
    make(page, url)
    page.get_by_role("link", name="Blad om af te drukken voor leerlingen").click()
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="Wat vond je ervan?")).to_be_visible()
    expect(page.get_by_role("img", name="QR-code")).to_be_visible()
    expect(page.locator(".page-top")).to_be_hidden()
    expect(page.get_by_role("link", name="Terug naar de evaluatie")).to_be_hidden()


def test_a_decaan_fills_in_where_leavers_went(page: Page, url: str):
    open_inbox(page, url)
    page.set_viewport_size(PHONE)
    page.get_by_role("link", name="Vervolg").click()
    for label, number in (
        ("Leerlingen die van school gingen", "30"),
        ("Mbo niveau 4, bol", "20"),
        ("Havo", "8"),
        ("Tevreden met de keuze", "30"),
    ):
        page.get_by_label(label, exact=True).fill(number)
    page.get_by_role("button", name="Bewaren", exact=True).click()
    expect(page.get_by_text("2 te weinig")).to_be_visible()
    expect(page.get_by_label("Havo", exact=True)).to_have_value("8")
    fits_and_is_accessible(page)
    page.get_by_label("Havo", exact=True).fill("10")
    page.get_by_role("button", name="Bewaren", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("De aantallen zijn bewaard.")
    expect(page.get_by_role("row", name="Havo 10")).to_be_visible()
    fits_and_is_accessible(page)
