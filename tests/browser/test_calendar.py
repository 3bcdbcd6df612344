"""/kalender in Chromium: on a phone, on a wide screen, on paper, without JavaScript; and the import page for redactie.

These pages need only the web process, so that is all that runs here.
"""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.accounts import accounts
from tests.browser.chat import accessibility_problems
from tests.browser.portal import log_in
from tests.web.conftest import actions, data_dir, own_knowledge, rasa, run, set_up, sqlite_database
from tests.web.staff import PASSWORD

__all__ = ["actions", "data_dir", "own_knowledge", "rasa", "run", "set_up", "sqlite_database"]

PHONE = {"width": 360, "height": 740}
WIDE = {"width": 1280, "height": 800}
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
EXTRA = """
  - id: weg
    titel: Open dag die niet doorgaat
    soort: open-dag
    datum: '2026-12-04'
    organisator: school
    uitleg: Dit was gepland.
    afgelast: true
  - id: vol
    titel: Meeloopdag met een naam die zo lang is dat hij niet op een regel van een telefoon past
    soort: meeloopdag
    datum: '2026-12-07'
    einddatum: '2026-12-09'
    organisator: school
    uitleg: Kom kijken.
    plekken: 5
    aanmelden: https://www.voorbeeld.nl/een/heel/lang/adres/om/je/aan/te/melden?met=nog&meer=woorden
"""


@pytest.fixture
def url(own_knowledge: Path, set_up, run) -> str:
    """The address of the web process, with the real kalender and two more events."""
    with (own_knowledge / "kalender.yml").open("a", encoding="utf-8") as file:
        file.write(EXTRA.lstrip("\n"))
    set_up(now="2026-11-22T12:00:00+01:00")
    return run().url


@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "wide"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_is_accessible(page: Page, url: str, size: dict, scheme: str):
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme)
    for query in ("?maand=2026-12", "?maand=2028-01"):
        page.goto(f"{url}/kalender{query}")
        assert page.evaluate(WIDER) == 0
        assert accessibility_problems(page) == []
    page.goto(f"{url}/kalender?maand=2026-12")
    expect(page.get_by_role("table")).to_be_visible(visible=size is WIDE)
    expect(page.get_by_text("Gaat niet door", exact=True)).to_be_visible()
    expect(page.get_by_text("Nog 5 plekken")).to_be_visible()


def test_a_day_in_the_month_leads_to_what_is_there(page: Page, url: str):
    page.set_viewport_size(WIDE)
    page.goto(f"{url}/kalender?maand=2026-12")
    page.get_by_role("table").get_by_role("link", name=re.compile("Meeloopdag met")).first.click()
    expect(page.locator("#vol:target")).to_be_in_viewport()


def test_it_works_without_javascript(browser: Browser, url: str):
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(f"{url}/kalender")
    page.get_by_label("Soort").select_option("open-dag")
    page.get_by_role("button", name="Laat zien").click()
    titles = page.locator(".events h3")
    expect(titles).to_have_count(1)
    expect(titles).to_contain_text("Open dag mbo")
    page.get_by_role("link", name="december 2026").click()
    expect(page.get_by_role("heading", name="December 2026")).to_be_visible()
    expect(page.locator(".events h3").first).to_contain_text("Open dag")
    expect(page.get_by_label("Soort")).to_have_value("open-dag")
    page.get_by_role("link", name="Laat alles zien").click()
    expect(page.get_by_role("heading", name="Meeloopdag met een naam")).to_be_visible()
    context.close()


def test_on_paper_is_only_the_list(page: Page, url: str):
    page.emulate_media(media="print")
    page.goto(f"{url}/kalender?maand=2026-12")
    for hidden in (".filters", ".months", ".subscribe", "table", ".file >> nth=0"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.get_by_role("heading", name="Meeloopdag met een naam")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_redactie_reads_a_file_and_a_pupil_sees_it(page: Page, url: str, browser: Browser, scheme: str):
    accounts.add("redactie@voorbeeld.nl", "redactie", name="Robin", password=PASSWORD)
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{url}/portal/kennis/kalender")
    log_in(page, "redactie@voorbeeld.nl")
    expect(page.get_by_role("heading", name="Kalender inlezen")).to_be_visible()
    assert accessibility_problems(page) == [] and page.evaluate(WIDER) == 0
    table = "titel;datum;tijd;klas\nGastles dakdekken;16-12-2026;9.00-10.00;3\nGastles x;morgen;;\n"
    table += "Open dag die niet doorgaat;4-12-2026;10.00-12.00;\n"
    page.get_by_label("Bestand").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": table.encode()})
    page.get_by_label("Van wie zijn").fill("school")
    page.get_by_role("button", name="Bekijk wat er verandert").click()
    expect(page.get_by_text("1 nieuw, 1 veranderd")).to_be_visible()
    expect(page.get_by_label("Gastles dakdekken")).to_be_checked()
    expect(page.get_by_label("Meeloopdag met een naam")).not_to_be_checked()
    assert accessibility_problems(page) == [] and page.evaluate(WIDER) == 0
    page.get_by_role("button", name="Zet het in de kalender").click()
    expect(page.get_by_role("status")).to_contain_text("Gelukt")

    pupil = browser.new_page()
    pupil.goto(f"{url}/kalender?maand=2026-12")
    for _ in range(20):
        if pupil.get_by_text("Gastles dakdekken").count():
            break
        pupil.wait_for_timeout(250)
        pupil.reload()
    expect(pupil.get_by_text("Gastles dakdekken").first).to_be_visible()
    pupil.close()
