"""What a pupil can rely on in the chat, tried in a real browser."""

import json
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat import Chat, accessibility_problems

QUESTION = "hoe word ik kapper"
PHONE = {"width": 360, "height": 740}
MESSAGES = re.compile(r"/api/messages$")


def fail_sending(page: Page, status: int, problem: dict | None = None, **headers: str) -> None:
    """Lets every message that is sent fail in this way."""

    def answer(route):
        if route.request.method == "POST":
            route.fulfill(status=status, body=json.dumps(problem or {}), headers=headers)
        else:
            route.continue_()

    page.route(MESSAGES, answer)


def test_it_starts_no_conversation_before_the_pupil_does(page: Page, home: Chat):
    calls = []
    page.on("request", lambda request: calls.append(request.url))
    page.reload()
    expect(home.begin_button).to_be_visible()
    assert not [url for url in calls if "/api/" in url and not url.endswith("/api/views")]
    home.begin()
    assert [url for url in calls if url.endswith("/api/sessions")]


def test_it_opens_with_a_greeting_from_a_computer_program(widget: Chat):
    widget.launcher.click()
    expect(widget.replies.first).to_contain_text(re.compile("computer", re.I))
    expect(widget.field).to_be_focused()


def test_it_answers_a_typed_question(home: Chat):
    home.begin()
    expect(home.ask(QUESTION)).to_contain_text(re.compile("kapper", re.I))
    expect(home.said.last.locator("time")).to_be_visible()
    expect(home.field).to_be_empty()


def test_it_sends_a_choice(home: Chat):
    home.begin()
    choice = home.ask("ik heb geen idee wat ik moet kiezen").get_by_role("button").first
    label = choice.inner_text()
    choice.click()
    home.answer_to(label)
    expect(choice).to_be_visible()
    expect(home.said).to_have_count(2)


def test_it_sends_no_empty_text_and_keeps_a_new_line(home: Chat):
    home.begin()
    home.type("   ")
    expect(home.said).to_have_count(0)
    home.field.fill(QUESTION)
    home.field.press("Shift+Enter")
    home.field.press_sequentially("en hoe lang duurt dat")
    home.field.press("Enter")
    expect(home.said.locator(".bubble")).to_have_text(f"{QUESTION}\nen hoe lang duurt dat")


def test_it_counts_the_last_characters_of_a_long_text(page: Page, home: Chat):
    home.begin()
    home.field.fill("a" * 950)
    expect(page.get_by_text("Nog 50 tekens")).to_be_visible()
    home.field.press_sequentially("b" * 60)
    assert len(home.field.input_value()) == 1000


def test_it_restores_the_chat_after_a_reload_and_in_a_new_tab(page: Page, home: Chat, lobke):
    home.begin()
    home.ask(QUESTION)
    conversation = home.messages.all_inner_texts()
    page.reload()
    expect(home.messages).to_have_text(conversation, use_inner_text=True)
    tab = page.context.new_page()
    tab.goto(lobke.url)
    expect(Chat(tab).messages).to_have_text(conversation, use_inner_text=True)


def test_a_pupil_says_whether_an_answer_helped_and_takes_it_back(page: Page, home: Chat):
    home.begin()
    expect(page.get_by_role("button", name="Dit hielp", exact=True)).to_have_count(0)
    answer = home.ask(QUESTION)
    helped = answer.get_by_role("button", name="Dit hielp", exact=True)
    helped_not = answer.get_by_role("button", name="Dit hielp niet")
    helped.click()
    expect(answer.get_by_role("status")).to_have_text("Fijn!")
    helped_not.press("Enter")
    expect(answer.get_by_role("status")).to_contain_text("Probeer het eens in andere woorden")
    expect(helped_not).to_be_focused()
    page.reload()
    expect(helped_not).to_have_attribute("aria-pressed", "true")
    expect(helped).to_have_attribute("aria-pressed", "false")
    assert accessibility_problems(page) == []
    helped_not.click()
    expect(answer.get_by_role("status")).to_have_text("Je keuze is weg.")
    page.reload()
    expect(helped_not).to_have_attribute("aria-pressed", "false")


def test_a_vote_that_was_not_kept_is_told_and_can_be_given_again(page: Page, home: Chat):
    home.begin()
    helped = home.ask(QUESTION).get_by_role("button", name="Dit hielp", exact=True)
    page.route("**/api/feedback", lambda route: route.fulfill(status=503, body='{"detail": "Dat is nu niet gelukt."}'))
    helped.click()
    expect(home.messages.last.get_by_role("status")).to_have_text("Dat is nu niet gelukt.")
    expect(helped).to_have_attribute("aria-pressed", "false")
    page.unroute("**/api/feedback")
    helped.click()
    expect(helped).to_have_attribute("aria-pressed", "true")


def test_it_erases_the_chat(page: Page, home: Chat):
    home.begin()
    home.ask(QUESTION)
    home.choose_from_menu("Gesprek wissen")
    page.get_by_role("button", name="Nee, bewaren").click()
    expect(home.messages.last).to_be_visible()
    home.choose_from_menu("Gesprek wissen")
    page.get_by_role("button", name="Ja, wissen").click()
    expect(page.get_by_text("Je gesprek is gewist")).to_be_visible()
    expect(home.messages).to_have_count(0)
    page.reload()
    home.begin()
    expect(home.said).to_have_count(0)


def test_it_keeps_the_chat_when_erasing_fails(page: Page, home: Chat):
    home.begin()
    page.route("**/api/session", lambda route: route.abort())
    home.choose_from_menu("Gesprek wissen")
    page.get_by_role("button", name="Ja, wissen").click()
    expect(page.get_by_role("alert")).to_contain_text("Wissen is niet gelukt")
    expect(home.replies.first).to_be_visible()


@pytest.mark.parametrize("process", ["web", "rasa"])
def test_it_sends_again_what_a_dead_process_did_not_take(page: Page, home: Chat, lobke, process: str):
    home.begin()
    lobke.stop(process)
    try:
        home.type(QUESTION)
        expect(home.said.last).to_contain_text("Niet verstuurd", timeout=40_000)
        expect(home.said.last).to_contain_text(QUESTION)
    finally:
        lobke.start(process)
    home.resend.click()
    expect(home.answer_to(QUESTION)).to_contain_text(re.compile("kapper", re.I))
    expect(home.said).to_have_count(1)
    page.reload()
    expect(home.said).to_have_count(1)


def test_it_uses_one_key_for_all_attempts(page: Page, home: Chat):
    home.begin()
    keys = []
    page.on("request", lambda request: MESSAGES.search(request.url) and keys.append(request.headers["idempotency-key"]))
    fail_sending(page, 503)
    home.type(QUESTION)
    expect(home.resend).to_be_visible()
    page.unroute(MESSAGES)
    home.resend.click()
    home.answer_to(QUESTION)
    home.ask("en wat is bol")
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize("status", [429, 503])
def test_it_waits_when_the_pupil_or_everybody_goes_too_fast(page: Page, home: Chat, status: int):
    home.begin()
    fail_sending(page, status, {"detail": "Dat gaat erg snel."}, **{"Retry-After": "2"})
    home.type(QUESTION)
    expect(home.said.last).to_contain_text("Dat gaat erg snel. Over 2 seconden kun je weer sturen.")
    expect(home.resend).to_be_disabled()
    page.unroute(MESSAGES)
    expect(home.resend).to_be_enabled()
    home.resend.click()
    home.answer_to(QUESTION)


def test_it_shows_what_was_wrong_with_a_refused_text(page: Page, home: Chat):
    home.begin()
    fail_sending(page, 422, {"detail": "Deze tekst kan ik niet lezen."})
    home.type(QUESTION)
    expect(home.said.last).to_contain_text("Deze tekst kan ik niet lezen.")
    expect(home.resend).to_be_hidden()


def test_it_offers_a_new_conversation_when_the_old_one_is_refused(page: Page, home: Chat):
    home.begin()
    fail_sending(page, 401)
    home.type(QUESTION)
    expect(page.get_by_text("Je gesprek is afgelopen")).to_be_visible()
    page.unroute(MESSAGES)
    page.get_by_role("button", name="Nieuw gesprek").click()
    expect(home.replies.first).to_be_visible()
    home.ask(QUESTION)


def test_it_hears_that_the_conversation_ended_elsewhere(page: Page, home: Chat, lobke):
    home.begin()
    token = page.evaluate("JSON.parse(localStorage.lobke).token")
    page.request.delete(f"{lobke.url}/api/session", headers={"Authorization": f"Bearer {token}"})
    expect(page.get_by_role("button", name="Nieuw gesprek")).to_be_visible()
    expect(home.messages).to_have_count(0)


def test_it_works_without_storage(page: Page, lobke):
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('blocked') } })")
    page.goto(lobke.url)
    chat = Chat(page)
    chat.begin()
    chat.ask(QUESTION)


def test_it_counts_what_came_while_it_was_closed(page: Page, widget: Chat):
    widget.begin()
    held = []
    page.route(MESSAGES, lambda route: held.append(route) if route.request.method == "POST" else route.continue_())
    widget.type(QUESTION)
    expect(page.get_by_text("Wordt verstuurd")).to_be_visible()
    page.get_by_role("button", name="Sluiten").click()
    expect(widget.launcher).to_have_text("Vraag het Lobke")
    held[0].continue_()
    expect(widget.launcher).to_contain_text(re.compile(r"\d nieuwe? bericht"))
    page.reload()
    expect(widget.launcher).to_contain_text(re.compile(r"\d nieuwe? bericht"))
    widget.launcher.click()
    expect(widget.replies.last).to_be_visible()
    page.get_by_role("button", name="Sluiten").click()
    expect(page.locator(".badge")).to_be_hidden()


def test_it_shows_the_reply_of_a_decaan_when_it_comes(page: Page, home: Chat):
    reply = {
        "id": "~",
        "from": "decaan",
        "at": "2026-11-21T12:00:00+01:00",
        "text": "Kom **morgen**, [hier](https://voorbeeld.nl).",
    }
    event = f"event: message\nid: ~\ndata: {json.dumps(reply)}\n\n"
    page.route("**/api/events*", lambda route: route.fulfill(content_type="text/event-stream", body=event))
    home.begin()
    expect(home.log.locator(".message.decaan")).to_contain_text("Kom **morgen**, [hier](https://voorbeeld.nl).")
    expect(home.log.get_by_text("Je decaan", exact=True)).to_be_visible()


def test_it_works_by_keyboard_alone(page: Page, widget: Chat):
    press = page.keyboard.press
    press("Tab")
    expect(widget.launcher).to_be_focused()
    press("Enter")
    expect(widget.replies.first).to_be_visible()
    expect(widget.field).to_be_focused()
    page.keyboard.type(QUESTION)
    press("Enter")
    widget.answer_to(QUESTION)
    choice = widget.log.get_by_role("button").last
    label = choice.inner_text()
    press("Shift+Tab")
    expect(choice).to_be_focused()
    press("Enter")
    widget.answer_to(label)
    page.get_by_role("button", name="Menu").focus()
    press("Enter")
    expect(page.get_by_role("button", name="Gesprek wissen")).to_be_visible()
    press("Escape")
    expect(page.get_by_role("button", name="Menu")).to_be_focused()
    expect(page.get_by_role("button", name="Gesprek wissen")).to_be_hidden()
    press("Escape")
    expect(widget.launcher).to_be_focused()
    expect(widget.field).to_be_hidden()


def test_it_asks_before_erasing_and_escape_means_no(page: Page, widget: Chat):
    widget.begin()
    widget.choose_from_menu("Gesprek wissen")
    expect(page.get_by_role("button", name="Nee, bewaren")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Menu")).to_be_focused()
    expect(widget.field).to_be_visible()


def test_it_fits_a_phone(page: Page, home: Chat, site: str):
    page.set_viewport_size(PHONE)
    home.begin()
    home.ask("a" * 300)
    assert overflow(page) == 0
    page.goto(site)
    chat = Chat(page)
    chat.begin()
    chat.ask(QUESTION)
    assert overflow(page) == 0
    assert page.get_by_role("dialog").bounding_box() == {"x": 0, "y": 0, **PHONE}
    small = [button.inner_text() for button in page.get_by_role("button").all() if too_small(button.bounding_box())]
    assert not small


def overflow(page: Page) -> int:
    """By how many pixels the page, or the log in it, is wider than it can show."""
    wider = "node => node.scrollWidth - node.clientWidth"
    return max(page.locator("html").evaluate(wider), page.get_by_role("log").evaluate(wider))


def too_small(box: dict) -> bool:
    """Whether a target is smaller than 44 by 44 pixels."""
    return min(box["width"], box["height"]) < 44


def test_it_follows_the_dark_mode(page: Page, home: Chat):
    def brightness() -> float:
        colour = home.log.locator("xpath=..").evaluate("node => getComputedStyle(node).backgroundColor")
        return sum(int(part) for part in re.findall(r"\d+", colour)[:3]) / 3

    page.emulate_media(color_scheme="light")
    assert brightness() > 200
    page.emulate_media(color_scheme="dark")
    assert brightness() < 60


@pytest.mark.parametrize("motion, moves", [("no-preference", True), ("reduce", False)])
def test_it_moves_only_when_that_is_wanted(page: Page, home: Chat, motion: str, moves: bool):
    page.emulate_media(reduced_motion=motion)
    home.begin()
    page.route(MESSAGES, lambda route: None)
    home.type(QUESTION)
    expect(page.locator(".dots")).to_be_visible()
    moving = "node => node.shadowRoot.getAnimations().some(animation => animation instanceof CSSAnimation)"
    assert page.locator("lobke-chat").evaluate(moving) is moves


def test_it_shows_hostile_text_as_text(page: Page, home: Chat):
    hostile = "<img src=x onerror=alert(1)>"
    alerts = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    home.begin()
    home.ask(hostile)
    expect(home.said.locator(".bubble")).to_have_text(hostile)
    expect(home.log.locator("img")).to_have_count(0)
    assert not alerts


def test_it_builds_only_safe_nodes_from_markdown(page: Page, home: Chat):
    text = (
        "**vet** <b>niet</b>\n- een\n- twee\n\n[veilig](https://www.kiesmbo.nl/) [bel](tel:113) [nee](javascript:x())"
    )
    links = [{"label": "Goed", "url": "/healthz"}, {"label": "Fout", "url": "http://voorbeeld.nl/"}]
    card = {"title": "Kaart", "rows": [{"label": "Niveau", "value": "2"}], "links": links, "note": "Vraag het na."}
    message = {"id": "~", "from": "bot", "at": "2026-11-21T12:00:00+01:00", "text": text, "card": card}
    page.route(MESSAGES, lambda route: route.fulfill(json={"messages": [message]}))
    home.begin()
    home.type(QUESTION)
    answer = home.replies.last
    expect(answer.locator("strong")).to_have_text("vet")
    expect(answer).to_contain_text("<b>niet</b>")
    expect(answer.locator(".bubble li")).to_have_text(["een", "twee"])
    expect(answer.get_by_role("link")).to_have_text([re.compile("veilig"), "bel", re.compile("Goed")])
    expect(answer.get_by_role("definition")).to_have_text("2")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_in_every_state(page: Page, widget: Chat, lobke, scheme: str):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found = {}

    def look(state: str) -> None:
        found[state] = accessibility_problems(page)

    look("closed")
    widget.begin()
    look("open")
    widget.ask(QUESTION)
    widget.ask("wat is bol")
    look("conversation")
    page.get_by_role("button", name="Menu").click()
    look("menu")
    page.get_by_role("button", name="Gesprek wissen").click()
    look("confirmation")
    page.keyboard.press("Escape")
    page.route(MESSAGES, lambda route: route.abort())
    widget.type(QUESTION)
    expect(widget.resend).to_be_visible()
    look("not sent")
    widget.choose_from_menu("Gesprek wissen")
    page.get_by_role("button", name="Ja, wissen").click()
    expect(page.get_by_role("button", name="Nieuw gesprek")).to_be_visible()
    look("erased")
    page.goto(lobke.url)
    expect(widget.begin_button).to_be_visible()
    look("home page")
    assert {state: problems for state, problems in found.items() if problems} == {}


def test_it_draws_the_screenshot_of_the_docs(page: Page, home: Chat, tmp_path: Path):
    """LOBKE_SCREENSHOT=1 renews docs/screenshot.png."""
    home.begin()
    home.ask(QUESTION)
    page.mouse.move(0, 0)
    page.wait_for_timeout(1000)
    folder = Path(__file__).parents[2] / "docs" if os.environ.get("LOBKE_SCREENSHOT") == "1" else tmp_path
    page.screenshot(path=folder / "screenshot.png")
    assert (folder / "screenshot.png").stat().st_size > 50_000
