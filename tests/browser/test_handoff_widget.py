"""A pupil's question for her decaan in the widget: sent by clicking, and read and answered with the code elsewhere."""

import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chat import Chat, accessibility_problems

PHONE = {"width": 360, "height": 640}
QUESTION = "mag ik van kader naar tl"
ANSWER = "Antwoord van je decaan"
HANDOFF = {
    "school": "Corlaer College",
    "at": "2026-11-20T12:00:00+01:00",
    "urgent": False,
    "answered": True,
    "summary": "Je decaan heeft geantwoord.",
    "can_withdraw": False,
    "messages": [
        {"from": "pupil", "at": "2026-11-20T12:00:00+01:00", "text": QUESTION},
        {
            "from": "decaan",
            "name": "<b>Sam</b>",
            "at": "2026-11-21T12:00:00+01:00",
            "text": "<img src=x onerror=alert(1)> [klik](https://voorbeeld.nl) **ja**",
        },
    ],
}


class Answer:
    """The panel for the answer, as a pupil uses it."""

    def __init__(self, chat: Chat):
        self.chat, self.page = chat, chat.page
        self.panel = self.page.get_by_role("region", name=ANSWER)
        self.code = self.panel.get_by_label("Je code", exact=True)
        self.text = self.panel.get_by_label("Schrijf terug")
        self.messages = self.panel.get_by_role("list", name="Berichten").get_by_role("listitem")

    def open(self) -> "Answer":
        self.chat.choose_from_menu(ANSWER)
        expect(self.code).to_be_focused()
        return self

    def enter(self, code: str) -> None:
        self.code.fill(code)
        self.code.press("Enter")

    def press(self, name: str) -> None:
        self.panel.get_by_role("button", name=name).click()


@pytest.fixture(autouse=True)
def without_motion(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")


def send_a_question(chat: Chat) -> Locator:
    """Clicks from an answer to the code; the message with the code."""
    chat.ask(QUESTION)
    labels = ("Vraag het mijn decaan", "Corlaer College", "Leerjaar 3", "Liever niet", "Ja, deze vraag", "Niets")
    for label in (*labels, "Ja, versturen"):
        chat.page.wait_for_timeout(250)  # slower than the limit of five messages a second
        chat.messages.last.get_by_role("button", name=label).click()
        chat.answer_to(label)
    return chat.messages.nth(chat.messages.count() - 1)


def stored(page: Page) -> str:
    return page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])")


def test_she_sends_a_question_and_reads_answers_and_withdraws_it_elsewhere(home: Chat, browser, site: str):
    home.begin()
    message = send_a_question(home)
    code = message.locator(".code p span").last.inner_text()
    assert re.fullmatch("[0-9A-Z]{4}-[0-9A-Z]{4}", code)
    expect(message.get_by_text(f"{' '.join(code[:4])}, {' '.join(code[5:])}", exact=True)).to_be_attached()
    expect(message).to_contain_text("schrijf hem op of maak een foto")
    message.get_by_role("button", name="Kopieer de code").click()
    expect(message.get_by_text("Gekopieerd.")).to_be_visible()
    assert accessibility_problems(home.page) == []

    with browser.new_context(viewport=PHONE) as elsewhere:
        page = elsewhere.new_page()
        page.goto(site)
        chat = Chat(page)
        chat.begin()
        answer = Answer(chat).open()
        answer.enter(f" {code.lower().replace('-', ' ')} ")
        expect(answer.messages).to_have_count(1)
        expect(answer.messages).to_contain_text(QUESTION)
        assert accessibility_problems(page) == []
        answer.text.fill("Ik bedoel na de kerst.")
        answer.press("Versturen")
        expect(answer.panel.get_by_text("Gelukt, je decaan kan je bericht lezen.")).to_be_visible()
        expect(answer.messages).to_have_count(2)
        expect(answer.text).to_be_empty()
        answer.text.fill("ik wil niet meer leven")
        answer.press("Versturen")
        expect(answer.panel.get_by_role("link", name=re.compile("bel 113"))).to_have_attribute("href", "tel:113")
        answer.press("Bericht intrekken")
        answer.press("Nee, terug naar mijn bericht")
        expect(answer.messages).to_have_count(3)
        answer.press("Bericht intrekken")
        answer.press("Ja, trek mijn bericht in")
        expect(answer.panel.get_by_text("Gelukt, je hebt je bericht ingetrokken.")).to_be_visible()
        expect(answer.panel.get_by_role("button", name="Bericht intrekken")).to_have_count(0)
        assert code[:4] not in stored(page).upper()
        answer.press("Alles wissen")
        answer.press("Ja, wis alles")
        expect(answer.panel.get_by_text("Gelukt, ik heb alles gewist.")).to_be_visible()
        answer.enter(code)
        expect(answer.panel.get_by_role("alert")).to_contain_text("vind ik geen bericht")


def test_a_wrong_code_is_said_and_what_she_typed_stays(page: Page, home: Chat):
    answer = Answer(home).open()
    answer.press("Lees mijn antwoord")
    expect(answer.panel.get_by_role("alert")).to_have_text("Typ eerst je code.")
    answer.enter("0000-0000")
    expect(answer.panel.get_by_role("alert")).to_contain_text("vind ik geen bericht")
    expect(answer.code).to_have_value("0000-0000")
    expect(answer.code).to_be_focused()
    assert accessibility_problems(page) == []


def test_what_a_decaan_writes_is_shown_as_text(page: Page, home: Chat):
    page.route("**/api/handoff", lambda route: route.fulfill(json={"handoff": HANDOFF}))
    answer = Answer(home).open()
    answer.enter("K7QF-3MZP")
    said = answer.messages.last
    expect(said).to_contain_text(HANDOFF["messages"][1]["text"])
    expect(said).to_contain_text("<b>Sam</b>")
    expect(said.locator("img, a, b, strong")).to_have_count(0)


def test_what_she_typed_stays_when_sending_fails_and_goes_once(page: Page, home: Chat):
    keys = []

    def fail(route):
        keys.append(route.request.headers["idempotency-key"])
        route.abort()

    page.route("**/api/handoff", lambda route: route.fulfill(json={"handoff": HANDOFF}))
    page.route("**/api/handoff/messages", fail)
    answer = Answer(home).open()
    answer.enter("K7QF-3MZP")
    answer.text.fill("Een lang verhaal")
    for _ in range(2):
        answer.press("Versturen")
        expect(answer.panel.get_by_role("alert")).to_contain_text("niet te bereiken")
        expect(answer.text).to_have_value("Een lang verhaal")
        expect(answer.text).to_be_focused()
    page.keyboard.press("Escape")
    expect(answer.text).to_have_value("Een lang verhaal")
    assert len(keys) == 2 and len(set(keys)) == 1


@pytest.mark.parametrize("way", ["chat", "close"])
def test_leaving_forgets_the_code(page: Page, widget: Chat, way: str):
    page.route("**/api/handoff", lambda route: route.fulfill(json={"handoff": HANDOFF}))
    widget.begin()
    answer = Answer(widget).open()
    answer.enter("K7QF-3MZP")
    expect(answer.messages).to_have_count(2)
    if way == "chat":
        answer.press("Terug naar de chat")
    else:
        page.get_by_role("button", name="Sluiten").click()
        widget.launcher.click()
    expect(widget.field).to_be_visible()
    expect(answer.panel).to_be_hidden()
    answer.open()
    expect(answer.code).to_be_empty()
    page.keyboard.press("Escape")
    expect(widget.log).to_be_visible()
    assert "K7QF" not in stored(page)


def test_a_code_that_is_typed_in_the_chat_does_not_stay_and_leads_to_the_panel(page: Page, home: Chat):
    home.begin()
    home.type("k7qf-3mzp")
    expect(home.messages.last).to_have_class("message bot")
    expect(home.said.last.locator(".bubble")).to_have_text("(code)")
    home.messages.last.get_by_role("button", name="Hier lees je het antwoord").click()
    expect(Answer(home).code).to_be_focused()


def test_a_closed_chat_says_that_the_decaan_answered(page: Page, widget: Chat):
    reply = {"id": "~", "from": "decaan", "at": "2026-11-21T12:00:00+01:00", "text": "Kom maar langs."}
    event = f"event: message\nid: ~\ndata: {json.dumps(reply)}\n\n"
    streams = []
    page.route("**/api/events*", lambda route: streams.append(route))
    widget.begin()
    page.get_by_role("button", name="Sluiten").click()
    expect(widget.launcher).to_have_text("Vraag het Lobke")
    streams[0].fulfill(content_type="text/event-stream", body=event)
    expect(widget.launcher).to_contain_text("1 nieuw bericht")
    expect(page.get_by_role("status").filter(has_text="Je decaan heeft geantwoord.")).to_be_attached()
    widget.launcher.click()
    expect(widget.log.locator(".message.decaan")).to_contain_text("Je decaan")
