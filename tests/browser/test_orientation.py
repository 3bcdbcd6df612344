"""What the widget draws for orientation: steps through a flow and how far it is, charts, tables, text to copy."""

import re
from itertools import count

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chat import Chat, accessibility_problems

PHONE = {"width": 360, "height": 640}
TABLET = {"width": 800, "height": 900}
WIDE = {"width": 1200, "height": 900}
MESSAGES = re.compile(r"/api/messages$")

STATEMENT = {
    "text": "Je helpt een oudere buurvrouw met boodschappen doen en daarna drinken jullie samen een kop thee.",
    "card": {"progress": {"at": 5, "of": 18}},
    "choices": [
        {"id": "leuk", "label": "✔ Ja, leuk"},
        {"id": "misschien", "label": "○ Gaat wel / weet niet"},
        {"id": "niet", "label": "✘ Nee"},
        {"id": "vorige", "label": "Vorige", "role": "step"},
        {"id": "overslaan", "label": "Overslaan", "role": "step"},
        {"id": "pauze", "label": "Pauze", "role": "step"},
        {"id": "stoppen", "label": "Stoppen", "role": "step"},
    ],
}
CHART = {
    "alt": "Helper 10 van 12, doener 7 van 12, denker 0 van 12.",
    "bars": [
        {"label": "Helper", "value": 10, "of": 12, "strong": True},
        {"label": "Doener die ook graag buiten werkt met planten en dieren", "value": 7, "of": 12},
        {"label": "Denker", "value": 0, "of": 12},
    ],
}
OUTCOME = {
    "text": "Dit is wat ik uit je antwoorden haal.",
    "card": {
        "title": "Jouw verkenning",
        "chart": CHART,
        "sections": [
            {"title": "Dit past bij je", "text": "Je helpt **graag** mensen."},
            {"title": "Profielen", "items": ["Zorg en welzijn", "Dienstverlening en producten"]},
            {
                "title": "Opleidingen",
                "rows": [{"label": "Niveau 3", "value": "Verzorgende-individuelegezondheidszorg"}],
            },
            {"title": "Probeer het eens", "text": "Loop een dag mee."},
        ],
        "links": [{"label": "Open het verslag", "url": "/mijn/x/verslag"}],
        "note": "Het is een idee, geen uitslag.",
        "copy": True,
    },
}
TABLE = {
    "text": "Hier staan ze naast elkaar.",
    "card": {
        "title": "Drie profielen",
        "table": {
            "head": ["Zorg en welzijn", "Techniek", "Economie en ondernemen"],
            "rows": [
                {"label": "Wat doe je?", "cells": ["Mensen helpen", "Dingen maken", "Verkopen en plannen"]},
                {"label": "Waar werk je?", "cells": ["Gehandicaptenzorginstelling", "Werkplaats", "Winkel"]},
            ],
        },
    },
}


@pytest.fixture(autouse=True)
def without_motion(page: Page) -> None:
    """Scrolling is done at once, so that places can be measured."""
    page.emulate_media(reduced_motion="reduce")


@pytest.fixture
def chat(page: Page, home: Chat) -> Chat:
    """The chat in Lobke's own page, begun."""
    home.begin()
    return home


def answer_with(page: Page, *messages: dict) -> None:
    """Lets Lobke give these replies, one to every message that is sent, and the last one from then on."""
    waiting = list(messages)
    ids = count(1)

    def stored(sender: str, message: dict) -> dict:
        return {"id": f"~{next(ids):03}", "from": sender, "at": "2026-11-21T12:00:00+01:00", **message}

    def answer(route):
        reply = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        route.fulfill(json={"messages": [stored("pupil", {"text": "zo gezegd"}), stored("bot", reply)]})

    page.route(MESSAGES, answer)


def answer_to(chat: Chat, text: str) -> Locator:
    """The message that is newest once Lobke has answered this text; it stays that one when others come."""
    chat.answer_to(text)
    return chat.messages.nth(chat.messages.count() - 1)


def show(page: Page, chat: Chat, message: dict) -> Locator:
    """The message as the widget draws it, as the answer to a typed text."""
    answer_with(page, message)
    chat.type("hoi")
    return answer_to(chat, "hoi")


def group(message: Locator, name: str) -> Locator:
    return message.get_by_role("group", name=name)


def wider(page: Page) -> int:
    """By how many pixels the page, or the log in it, is wider than it can show."""
    too_wide = "node => node.scrollWidth - node.clientWidth"
    return max(page.locator("html").evaluate(too_wide), page.get_by_role("log").evaluate(too_wide))


def test_the_answers_come_first_and_the_steps_apart(page: Page, chat: Chat):
    statement = show(page, chat, STATEMENT)
    answers = group(statement, "Kies een antwoord").get_by_role("button")
    steps = group(statement, "Andere keuzes").get_by_role("button")
    expect(answers).to_have_text(["✔ Ja, leuk", "○ Gaat wel / weet niet", "✘ Nee"])
    expect(steps).to_have_text(["Vorige", "Overslaan", "Pauze", "Stoppen"])
    assert answers.last.bounding_box()["y"] < steps.first.bounding_box()["y"]
    assert all(min(box["width"], box["height"]) >= 44 for box in (step.bounding_box() for step in steps.all()))


def test_it_says_how_far_a_flow_is(page: Page, chat: Chat):
    statement = show(page, chat, STATEMENT)
    expect(statement.get_by_text("5 van 18")).to_be_visible()
    bar = statement.get_by_role("progressbar", name="5 van 18")
    expect(bar).to_be_visible()
    assert bar.bounding_box()["y"] < statement.locator(".bubble").bounding_box()["y"]
    expect(statement.locator(".card")).to_have_count(0)


def test_a_phone_shows_the_statement_and_every_button_at_once(page: Page, site: str):
    page.set_viewport_size(PHONE)
    page.goto(site)
    chat = Chat(page)
    chat.begin()
    answer_with(page, STATEMENT)
    for _ in range(3):
        chat.ask("x")
    assert_whole(chat.messages.last)


def test_a_phone_shows_it_all_in_the_page_of_lobke_too(page: Page, chat: Chat):
    page.set_viewport_size(PHONE)
    answer_with(page, STATEMENT)
    for _ in range(3):
        chat.ask("x")
    assert_whole(chat.messages.last)


def assert_whole(message: Locator) -> None:
    """The parts of a message are on screen, in full."""
    for part in (message.get_by_role("progressbar"), message.locator(".bubble"), *message.get_by_role("button").all()):
        expect(part).to_be_in_viewport(ratio=0.99)


def test_the_keyboard_goes_on_at_the_next_question(page: Page, chat: Chat):
    first = show(page, chat, STATEMENT)
    old = group(first, "Kies een antwoord").get_by_role("button").nth(1)
    old.focus()
    old.press("Enter")
    second = answer_to(chat, "○ Gaat wel / weet niet")
    expect(group(second, "Kies een antwoord").get_by_role("button").first).to_be_focused()
    first.get_by_role("button", name="Vorige").press("Enter")
    third = answer_to(chat, "Vorige")
    expect(group(third, "Kies een antwoord").get_by_role("button").first).to_be_focused()


def test_the_keyboard_stays_where_it_is_when_nothing_can_be_chosen(page: Page, chat: Chat):
    answer_with(page, STATEMENT, OUTCOME)
    chat.type("hoi")
    pressed = answer_to(chat, "hoi").get_by_role("button", name="Stoppen")
    pressed.press("Enter")
    chat.answer_to("Stoppen")
    expect(pressed).to_be_focused()


def test_a_pupil_who_went_on_to_type_keeps_the_field(page: Page, chat: Chat):
    statement = show(page, chat, STATEMENT)
    page.unroute(MESSAGES)
    held = []
    page.route(MESSAGES, lambda route: held.append(route))
    statement.get_by_role("button", name="Pauze").press("Enter")
    expect(page.get_by_text("Wordt verstuurd")).to_be_visible()
    chat.field.focus()
    reply = {"id": "~9", "from": "bot", "at": "2026-11-21T12:00:00+01:00", **STATEMENT}
    held[0].fulfill(json={"messages": [reply]})
    expect(chat.replies).to_have_count(3)
    expect(chat.field).to_be_focused()


def test_a_key_that_is_held_down_answers_one_question(page: Page, chat: Chat):
    show(page, chat, STATEMENT).get_by_role("button", name="○ Gaat wel / weet niet").focus()
    page.keyboard.down("Enter")
    chat.answer_to("○ Gaat wel / weet niet")
    page.keyboard.down("Enter")
    page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    page.wait_for_timeout(300)
    expect(chat.said).to_have_count(2)


def test_an_old_answer_can_still_be_pressed(page: Page, chat: Chat):
    first = show(page, chat, STATEMENT)
    chat.ask("iets anders")
    group(first, "Kies een antwoord").get_by_role("button", name="○ Gaat wel / weet niet").click()
    chat.answer_to("○ Gaat wel / weet niet")
    expect(chat.said).to_have_count(3)


def test_a_chart_says_in_words_what_it_draws(page: Page, chat: Chat):
    outcome = show(page, chat, OUTCOME)
    chart = outcome.get_by_role("img", name=CHART["alt"])
    expect(chart).to_contain_text("10 van 12")
    widths = [bar.evaluate("node => node.getBoundingClientRect().width") for bar in chart.locator("rect").all()]
    assert widths[0] / widths[1] == pytest.approx(10 / 7, rel=0.02)
    assert widths[2] == 0
    look = "(node, name) => getComputedStyle(node)[name]"
    strong, plain = chart.get_by_text("Helper", exact=True), chart.get_by_text("Denker", exact=True)
    assert strong.evaluate(look, "fontWeight") > plain.evaluate(look, "fontWeight")
    assert chart.locator("rect").first.evaluate(look, "fill") != chart.locator("rect").last.evaluate(look, "fill")


def test_sections_have_headings_lists_and_rows(page: Page, chat: Chat):
    outcome = show(page, chat, OUTCOME)
    expect(outcome.get_by_role("heading", level=3)).to_have_text("Jouw verkenning")
    expect(outcome.get_by_role("heading", level=4)).to_have_text(
        ["Dit past bij je", "Profielen", "Opleidingen", "Probeer het eens"]
    )
    expect(outcome.locator("section strong")).to_have_text("graag")
    expect(outcome.locator("section li")).to_have_text(OUTCOME["card"]["sections"][1]["items"])
    expect(outcome.get_by_role("definition")).to_have_text("Verzorgende-individuelegezondheidszorg")


def test_a_link_to_an_own_page_opens_beside_the_chat(page: Page, chat: Chat, lobke):
    found = show(page, chat, OUTCOME).get_by_role("link", name="Open het verslag")
    expect(found).to_have_attribute("target", "_blank")
    expect(found).to_have_attribute("href", f"{lobke.url}/mijn/x/verslag")


@pytest.mark.parametrize("size", [PHONE, TABLET], ids=["phone", "tablet"])
def test_a_table_is_a_table_for_a_screen_reader(page: Page, chat: Chat, size: dict):
    page.set_viewport_size(size)
    table = show(page, chat, TABLE).get_by_role("table")
    expect(table.get_by_role("columnheader")).to_have_text(TABLE["card"]["table"]["head"])
    expect(table.get_by_role("rowheader")).to_have_text(["Wat doe je?", "Waar werk je?"])
    expect(table.get_by_role("cell", name="Dingen maken", exact=True)).to_be_visible()


def test_a_table_stands_side_by_side_only_where_there_is_room(page: Page, chat: Chat):
    table = show(page, chat, TABLE).get_by_role("table")
    first, second = table.get_by_role("cell", name="Mensen helpen"), table.get_by_role("cell", name="Dingen maken")

    def places() -> tuple[dict, dict]:
        return first.bounding_box(), second.bounding_box()

    page.set_viewport_size(TABLET)
    left, right = places()
    assert left["y"] == right["y"] and left["x"] < right["x"]
    expect(first).to_have_text("Mensen helpen", use_inner_text=True)
    page.set_viewport_size(PHONE)
    upper, lower = places()
    assert upper["x"] == lower["x"] and upper["y"] < lower["y"]
    expect(first).to_have_text(re.compile(r"Zorg en welzijn\s+Mensen helpen"), use_inner_text=True)


@pytest.mark.parametrize("size", [PHONE, TABLET, WIDE], ids=["phone", "tablet", "wide"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_is_accessible(page: Page, chat: Chat, size: dict, scheme: str):
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme)
    answer_with(page, STATEMENT, OUTCOME, TABLE, STATEMENT)
    for _ in range(4):
        chat.ask("x")
    assert wider(page) == 0
    assert accessibility_problems(page) == []


def test_the_bars_can_be_seen_in_a_high_contrast_mode(page: Page, chat: Chat):
    page.emulate_media(forced_colors="active", color_scheme="dark")
    answer_with(page, OUTCOME, STATEMENT)
    chat.type("x")
    outcome = answer_to(chat, "x")
    statement = chat.ask("y")
    fill = outcome.locator("rect").first.evaluate("node => getComputedStyle(node).fill")
    behind = page.get_by_role("log").evaluate("node => getComputedStyle(node.parentNode).backgroundColor")
    edge = statement.get_by_role("progressbar").evaluate("node => getComputedStyle(node).borderTopColor")
    assert behind not in (fill, edge)


COPIED = """Jouw verkenning

Dit past bij je
Je helpt graag mensen.

Profielen
- Zorg en welzijn
- Dienstverlening en producten

Opleidingen
Niveau 3: Verzorgende-individuelegezondheidszorg

Probeer het eens
Loop een dag mee."""


def test_it_copies_the_text_of_a_card(page: Page, chat: Chat):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    outcome = show(page, chat, OUTCOME)
    outcome.get_by_role("button", name="Kopieer de tekst").click()
    expect(outcome.get_by_role("status")).to_have_text("Gekopieerd.")
    assert page.evaluate("navigator.clipboard.readText()") == COPIED


def test_it_copies_on_a_site_without_https_too(page: Page, chat: Chat):
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    outcome = show(page, chat, OUTCOME)
    button = outcome.get_by_role("button", name="Kopieer de tekst")
    button.click()
    expect(outcome.get_by_role("status")).to_have_text("Gekopieerd.")
    expect(button).to_be_focused()
    chat.field.focus()
    page.keyboard.press("Control+v")
    expect(chat.field).to_have_value(COPIED)


def test_it_says_when_copying_fails(page: Page, chat: Chat):
    page.evaluate("navigator.clipboard.writeText = () => Promise.reject(); document.execCommand = () => false")
    outcome = show(page, chat, OUTCOME)
    outcome.get_by_role("button", name="Kopieer de tekst").click()
    expect(outcome.get_by_role("status")).to_contain_text("Kopiëren lukt hier niet")
