"""The guide for redactie names what is on the pages, and its pictures are of these pages.

LOBKE_SCREENSHOT=1 renews docs/images.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy import insert

from bot import clock
from bot.accounts import accounts
from bot.accounts.accounts import Account
from bot.knowledge import links
from bot.knowledge.links import Place, Result
from bot.monitoring.log import NOT_UNDERSTOOD
from bot.storage import tables
from bot.storage.database import transaction
from tests.browser.test_guide import BOLD, DOCS, RENEW, WIDE, Open, names_on, open_page, pictures_of, site
from tests.web.conftest import actions, data_dir, own_knowledge, rasa, run, set_up, sqlite_database
from tests.web.staff import PASSWORD

__all__ = ["actions", "data_dir", "open_page", "own_knowledge", "rasa", "run", "set_up", "site", "sqlite_database"]

KNOWLEDGE = "/portal/kennis"
LESGELD = f"{KNOWLEDGE}/item/onderwerpen-geld/lesgeld"
ASKED = (
    *(["kan ik clown worden"] * 5 + ["hoe word ik clown", "clown worden hoe dan"]),
    *(["hoe laat begint het schoolfeest"] * 4 + ["schoolfeest hoe laat begint dat"]),
    *(["mag je een hond meenemen naar stage"] * 2),
    "kun je ook rijles krijgen van school",
)


@pytest.fixture
def redactie(sqlite_database: Path, own_knowledge: Path, set_up: Callable[..., None]) -> Account:
    """Redactie, with knowledge of her own, and what pupils asked in the last days."""
    set_up(now="2026-11-24T10:05:00+01:00")
    rows = [
        {
            "id": str(number),
            "at": clock.now() - timedelta(days=number % 9),
            "conversation": "c",
            "outcome": NOT_UNDERSTOOD,
            "text": text,
        }
        for number, text in enumerate(ASKED)
    ]
    with transaction(write=True) as connection:
        connection.execute(insert(tables.interactions), rows)
    return accounts.add("redactie@demo.test", "redactie", [], "Robin Redactie", PASSWORD)


def dead(found: dict[str, tuple[Place, ...]]) -> list[Result]:
    states = ("stuk", "onzeker", "goed", "goed")
    return [Result(url, found[url], state, "de pagina is weg") for url, state in zip(found, states, strict=True)]


def test_what_the_guide_names_is_on_the_pages(
    redactie: Account, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "check", dead)
    named = set(BOLD.findall((DOCS / "redactie.md").read_text(encoding="utf-8")))
    page = open_page(KNOWLEDGE, redactie)
    found = names_on(page)
    for path in ("lijst/opleidingen", "kalender", "nakijken", "links"):
        page.goto(f"{KNOWLEDGE}/{path}")
        found |= names_on(page)
    page.get_by_role("button", name="Controleer de links").click()
    expect(page.get_by_text("2 van de 4 links zijn goed.")).to_be_visible()
    found |= names_on(page)
    for payer in ("jij", "een ouder"):
        change(page, f"Soms betaalt {payer} het.")
        found |= names_on(page)
        page.get_by_role("button", name="Publiceren").click()
        expect(page.get_by_text("Het staat live.")).to_be_visible()
    page.goto(LESGELD)
    page.get_by_role("link", name="Geschiedenis").click()
    page.locator("main a", has_text="veranderd").last.click()
    found |= names_on(page)
    page.goto(f"{KNOWLEDGE}/ontbreekt")
    found |= names_on(page)
    page.get_by_role("link", name="mag je een hond meenemen").click()
    found |= names_on(page)
    page.get_by_role("button", name="Negeer deze vragen").click()
    found |= names_on(page)
    page.get_by_role("link", name="Genegeerd").click()
    found |= names_on(page)
    assert len(named) > 25
    assert sorted(named - found) == []


def change(page: Page, more: str = "") -> None:
    """Opens an entry and looks at what Lobke says after a change."""
    page.goto(LESGELD)
    simple = page.get_by_label("In makkelijke woorden")
    simple.fill(f"Lesgeld is geld voor een bol-opleiding. Je betaalt het vanaf je 18e, aan DUO. {more}".strip())
    page.get_by_role("button", name="Bekijk wat Lobke zegt").click()
    expect(page.get_by_role("heading", name="Zo wordt het")).to_be_visible()


def test_its_pictures_are_of_the_pages_as_they_are(redactie: Account, open_page: Open, tmp_path: Path) -> None:
    folder = DOCS / "images" if RENEW else tmp_path
    drawn = []

    def draw(name: str) -> None:
        page.mouse.move(0, 0)
        path = folder / f"{name}.png"
        page.screenshot(path=path, animations="disabled")
        Image.open(path).convert("RGB").quantize(128).save(path, optimize=True)
        assert path.stat().st_size > 10_000
        drawn.append(name)

    page = open_page(KNOWLEDGE, redactie, viewport=WIDE)
    draw("kennis")
    page.goto(f"{KNOWLEDGE}/ontbreekt")
    draw("ontbreekt")
    change(page)
    page.set_viewport_size({"width": 1280, "height": 1000})
    page.get_by_role("heading", name="Zo wordt het").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('#preview').scrollIntoView()")
    draw("item")
    assert sorted(drawn) == sorted(pictures_of("redactie"))
