"""The pages about what the knowledge lacks work by keyboard, on a phone, in light and dark, and say so to a reader."""

import pytest
from playwright.sync_api import expect

from bot.accounts.accounts import Account
from bot.knowledge import links
from tests.browser.chat import accessibility_problems
from tests.browser.test_guide import Open
from tests.browser.test_guide_redactie import KNOWLEDGE, dead, open_page, redactie, site
from tests.web.conftest import actions, data_dir, own_knowledge, rasa, run, set_up, sqlite_database

__all__ = [
    "actions",
    "data_dir",
    "open_page",
    "own_knowledge",
    "rasa",
    "redactie",
    "run",
    "set_up",
    "site",
    "sqlite_database",
]

PHONE = {"width": 360, "height": 740}
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_for_everybody(
    redactie: Account, open_page: Open, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setattr(links, "check", dead)
    page = open_page(f"{KNOWLEDGE}/ontbreekt", redactie, viewport=PHONE)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for name in ("ontbreekt", "nakijken", "links"):
        page.goto(f"{KNOWLEDGE}/{name}")
        assert accessibility_problems(page) == [] and page.evaluate(WIDER) <= 0, name
    page.get_by_role("button", name="Controleer de links").click()
    expect(page.get_by_text("2 van de 4 links zijn goed.")).to_be_visible()
    assert accessibility_problems(page) == [] and page.evaluate(WIDER) <= 0
    page.goto(f"{KNOWLEDGE}/ontbreekt")
    page.get_by_role("link", name="kan ik clown worden").click()
    assert accessibility_problems(page) == [] and page.evaluate(WIDER) <= 0


def test_an_entry_is_found_and_gets_the_questions_by_keyboard(redactie: Account, open_page: Open) -> None:
    page = open_page(f"{KNOWLEDGE}/ontbreekt", redactie)
    page.get_by_role("link", name="mag je een hond meenemen").press("Enter")
    search = page.get_by_label("Zoek een item op naam")
    search.fill("stage")
    search.press("Enter")
    choice = page.get_by_role("radio").first
    expect(choice).to_be_visible()
    choice.press("Space")
    page.get_by_role("button", name="Zet de vragen erbij").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Lobke kent deze vragen")
    expect(page.get_by_role("link", name="mag je een hond meenemen")).to_have_count(0)
