"""The editor of redactie in Chromium: how it looks, and what a pupil in another window gets of it."""

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.accounts import accounts
from bot.settings import PROJECT
from tests.browser.chat import Chat, accessibility_problems
from tests.browser.portal import log_in
from tests.stack import NOW, running
from tests.web.conftest import actions, data_dir, own_knowledge, rasa, run, set_up, sqlite_database
from tests.web.staff import PASSWORD

__all__ = ["actions", "data_dir", "own_knowledge", "rasa", "run", "set_up", "sqlite_database"]

EMAIL = "redactie@voorbeeld.nl"
PHONE = {"width": 360, "height": 740}
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def open_knowledge(page: Page, url: str) -> None:
    """Redactie comes to the first page of the knowledge."""
    page.goto(f"{url}/portal/kennis")
    log_in(page, EMAIL)
    expect(page.get_by_role("heading", name="Kennis van Lobke")).to_be_visible()


@pytest.fixture
def url(own_knowledge: Path, set_up, run) -> str:
    """The address of the web process alone, with knowledge files of its own and an account of redactie."""
    set_up(now=NOW)
    address = run().url
    accounts.add(EMAIL, "redactie", name="Robin", password=PASSWORD)
    return address


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_fit_on_a_phone_and_are_accessible(page: Page, url: str, scheme: str):
    def is_fine() -> None:
        assert accessibility_problems(page) == [] and page.evaluate(WIDER) == 0, page.url

    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme=scheme)
    open_knowledge(page, url)
    is_fine()
    for path in ("?zoek=kok", "/lijst/kalender", "/nieuw/kalender", "/bestand/talen", "/weg/werelden/zorg"):
        page.goto(f"{url}/portal/kennis{path}")
        is_fine()
    page.goto(f"{url}/portal/kennis/item/onderwerpen-mbo/bol")
    is_fine()
    page.get_by_label("Antwoord (moet)").fill("Je zit **4 dagen** op school. Je loopt ook stage.")
    page.get_by_role("button", name="Bekijk wat Lobke zegt").click()
    expect(page.get_by_role("heading", name="Zo wordt het")).to_be_focused()
    expect(page.locator(".bubbles").first.locator("strong")).to_have_text("4 dagen")
    is_fine()
    page.get_by_role("button", name="Publiceren").click()
    expect(page.get_by_role("status")).to_contain_text("Het staat live")
    page.goto(f"{url}/portal/kennis/geschiedenis?bestand=onderwerpen-mbo&item=bol")
    is_fine()
    page.get_by_role("link", name=re.compile("veranderd")).first.click()
    expect(page.get_by_role("heading", name="Wat er toen veranderde")).to_be_visible()
    is_fine()


def test_the_form_works_without_javascript(browser: Browser, url: str):
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    open_knowledge(page, url)
    page.goto(f"{url}/portal/kennis/item/opleidingen/25180")
    page.get_by_label("Uitleg (moet)").fill("")
    page.get_by_role("button", name="Bekijk wat Lobke zegt").click()
    expect(page.get_by_role("alert")).to_contain_text("Dit kan nog niet live")
    expect(page.get_by_label("Uitleg (moet)")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Uitleg (moet)").fill("Je kookt in een restaurant.")
    page.get_by_role("button", name="Bekijk wat Lobke zegt").click()
    expect(page.locator(".bubbles").first).to_contain_text("Je kookt in een restaurant.")
    page.get_by_role("button", name="Publiceren").click()
    expect(page.get_by_role("status")).to_contain_text("Het staat live")
    context.close()


def test_from_a_mistake_to_its_line_in_the_file(page: Page, url: str):
    open_knowledge(page, url)
    page.goto(f"{url}/portal/kennis/bestand/talen")
    field = page.get_by_label("Het bestand")
    text = field.input_value()
    broken = re.sub(r"naam: \w+", "naam: ''", text, count=1)
    assert broken != text
    field.fill(broken)
    page.get_by_role("button", name="Kijk na wat er verandert").click()
    page.get_by_role("link", name=re.compile(r"regel \d+, kolom")).first.click()
    expect(field).to_be_focused()
    start = page.evaluate("document.querySelector('textarea.yaml').selectionStart")
    assert broken[start:].startswith("''")


@pytest.fixture
def staffed(tmp_path: Path):
    """The real Lobke with knowledge files of its own and an account of redactie."""
    folder = tmp_path / "knowledge"
    shutil.copytree(PROJECT / "knowledge", folder)
    with running(tmp_path, knowledge_dir=folder) as stack:
        options = ["--role", "redactie", "--name", "Robin", "--password-stdin"]
        added = stack.command("account", "add", EMAIL, *options, stdin=f"{PASSWORD}\n")
        assert added.returncode == 0, added.stderr
        yield stack


def test_a_pupil_gets_what_redactie_published_in_her_next_answer(page: Page, browser: Browser, staffed):
    """An opleiding and an event, added by form while a pupil talks with Lobke: no training, no new conversation."""
    context = browser.new_context()
    pupil = Chat(context.new_page())
    pupil.page.goto(staffed.url)
    pupil.begin()
    assert "robotmonteur" not in (pupil.ask("Hoe word ik robotmonteur?").inner_text()).lower()

    open_knowledge(page, staffed.url)
    page.goto(f"{staffed.url}/portal/kennis/nieuw/opleidingen")
    page.get_by_label("Kenmerk (moet)").fill("99123")
    page.get_by_label("Naam (moet)").fill("Robotmonteur")
    page.get_by_label("Andere namen").fill("robotmonteur\nrobots repareren")
    page.get_by_label("Niveau (moet)").fill("3")
    page.get_by_role("checkbox", name="Techniek").first.check()
    page.get_by_label("Uitleg (moet)").fill("Je bouwt robots en je maakt ze weer heel.")
    publish(page)
    answer = pupil.ask("Hoe word ik robotmonteur?")
    expect(answer).to_contain_text("Robotmonteur")
    expect(answer).to_contain_text("niveau 3")

    page.goto(f"{staffed.url}/portal/kennis/nieuw/kalender")
    page.get_by_label("Titel (moet)").fill("Robots kijken")
    page.get_by_label("Soort (moet)").select_option("open-dag")
    page.get_by_label("Datum", exact=True).fill("2026-11-23")
    page.get_by_label("Organisator (moet)").fill("de robotclub")
    page.get_by_label("Uitleg (moet)").fill("Je ziet robots rijden.")
    publish(page)
    expect(pupil.ask("Welke open dagen zijn er?")).to_contain_text("Robots kijken")
    context.close()


def publish(page: Page) -> None:
    """Looks at the preview, and publishes it."""
    page.get_by_role("button", name="Bekijk wat Lobke zegt").click()
    page.get_by_role("button", name="Publiceren").click()
    expect(page.get_by_role("status")).to_contain_text("Het staat live")
    page.wait_for_timeout(2000)  # the time within which the other processes must know it
