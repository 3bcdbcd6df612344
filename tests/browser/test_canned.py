"""A decaan fills in a canned answer on a handoff, forwards it, and sets the away message of her school."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat import accessibility_problems
from tests.browser.portal import open_inbox

NAMES = {"light": "Fleur", "dark": "Mila"}


def send_a_question(lobke, name: str) -> None:
    chat = lobke.conversation()
    chat.say("kan ik iemand spreken")
    for label in ("Stuur mijn vraag naar de decaan", "Corlaer College", "Leerjaar 3"):
        chat.choose(label)
    chat.say(name)
    chat.say("Mag ik nog van profiel wisselen?")
    chat.choose("Niets")
    chat.choose("Ja, versturen")


def check(page: Page) -> None:
    """The page as it is: by axe, and on a phone without scrolling sideways."""
    assert accessibility_problems(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_a_decaan_often_writes_is_there_when_she_answers(page: Page, lobke, scheme: str):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 740})
    name = NAMES[scheme]
    send_a_question(lobke, name)
    open_inbox(page, lobke.url)

    page.get_by_role("link", name="Vaste antwoorden").click()
    check(page)
    page.get_by_role("link", name="Nieuw antwoord").click()
    check(page)
    page.get_by_label("Titel").fill(f"Afspraak {scheme}")
    page.get_by_label("Tekst").fill("Hoi {voornaam},\nkom langs.")
    page.get_by_role("button", name="Bewaren").click()
    expect(page.get_by_role("status")).to_have_text("Je antwoord is bewaard.")
    check(page)

    page.get_by_role("link", name="Overdrachten").click()
    page.get_by_role("link", name=f"{name}, leerjaar 3").click()
    reply = page.get_by_label("Je antwoord aan de leerling")
    reply.fill("Begin. Eind.")
    reply.evaluate("field => field.setSelectionRange(6, 6)")
    page.get_by_label("Vast antwoord").select_option(label=f"Afspraak {scheme}")
    page.get_by_role("button", name="Invullen").click()
    expect(reply).to_have_value(f"Begin.\n\nHoi {name},\nkom langs. Eind.")
    expect(reply).to_be_focused()
    check(page)

    page.get_by_label("Aan wie").select_option(label="De mentor")
    page.get_by_label("Je notitie").fill("Praat jij met haar?")
    page.get_by_role("button", name="Doorgeven").click()
    page.get_by_role("link", name="Tekst voor de mentor").click()
    expect(page.get_by_text(re.compile("Mag ik nog van profiel wisselen.*Praat jij met haar", re.S))).to_be_visible()
    expect(page.get_by_role("button", name="Afdrukken")).to_be_visible()
    check(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_away_message_is_set_and_taken_away(page: Page, lobke, scheme: str):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 740})
    open_inbox(page, lobke.url)
    page.get_by_role("link", name="Afwezigheid").click()
    check(page)
    page.get_by_label("Van", exact=True).fill("2026-11-21")
    page.get_by_label("Tot en met").fill("2026-11-28")
    page.get_by_label("Bericht aan leerlingen").fill("Ik ben er maandag weer.")
    page.get_by_role("button", name="Bericht bewaren").click()
    expect(page.get_by_text("Je school schrijft: “Ik ben er maandag weer.”")).to_be_visible()
    check(page)
    page.get_by_role("link", name=re.compile("verwijderen")).click()
    check(page)
    page.get_by_role("button", name="Ja, verwijder dit bericht").click()
    expect(page.get_by_text("Er is geen bericht.")).to_be_visible()
