"""Lobke in the pages of others: one tag, only on sites that are on the list."""

import re

from playwright.sync_api import Page, expect

from tests.browser.chat import Chat


def test_one_tag_is_enough_under_a_strict_policy(page: Page, widget: Chat):
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: message.type == "error" and problems.append(message.text))
    widget.begin()
    expect(widget.ask("hoe word ik kapper")).to_contain_text(re.compile("kapper", re.I))
    page.reload()
    widget.launcher.click()
    expect(widget.said).to_contain_text("hoe word ik kapper")
    assert not problems


def test_it_asks_nothing_of_third_parties(page: Page, widget: Chat, site: str, lobke):
    calls = []
    page.on("request", lambda request: calls.append(request.url))
    page.reload()
    widget.begin()
    widget.ask("hoe word ik kapper")
    assert calls
    assert not [url for url in calls if not url.startswith((site, lobke.url))]


def test_a_site_that_is_not_on_the_list_is_refused(page: Page, stranger: str):
    page.goto(stranger)
    chat = Chat(page)
    chat.launcher.click()
    expect(page.get_by_role("button", name="Probeer het opnieuw")).to_be_visible()
    expect(chat.messages).to_have_count(0)
    assert page.evaluate("localStorage.length") == 0


def test_the_site_sets_colour_and_radius_and_nothing_else(page: Page, site: str):
    page.goto(f"{site}/eigen-stijl")
    chat = Chat(page)
    chat.begin()
    send = page.get_by_role("button", name="Versturen")
    expect(send).to_have_css("background-color", "rgb(122, 31, 92)")
    expect(send).to_have_css("color", "rgb(255, 255, 255)")
    expect(send).to_have_css("font-size", "16px")
    expect(chat.field).to_have_css("border-radius", "3px")


def test_a_chat_that_starts_open_still_waits_for_the_pupil(page: Page, widget: Chat):
    calls = []
    page.on("request", lambda request: calls.append(request.url))
    page.evaluate("document.querySelector('lobke-chat').outerHTML = '<lobke-chat open></lobke-chat>'")
    expect(widget.begin_button).to_be_visible()
    expect(widget.launcher).to_be_hidden()
    assert not [url for url in calls if not url.endswith("/api/views")]


def test_the_page_may_say_which_school_it_is_of_and_is_counted_once(page: Page, widget: Chat):
    sent = []
    page.on("request", lambda request: request.method == "POST" and sent.append((request.url, request.post_data_json)))
    page.evaluate(
        "document.querySelector('lobke-chat').outerHTML = '<lobke-chat school=\"corlaer-college\"></lobke-chat>'"
    )
    widget.begin()
    page.evaluate("document.body.append(document.querySelector('lobke-chat'))")
    widget.ask("hoe word ik kapper")
    of = {part: [body for url, body in sent if url.endswith(part)] for part in ("/api/views", "/api/sessions")}
    assert of == {"/api/views": [{"school": "corlaer-college"}], "/api/sessions": [{"school": "corlaer-college"}]}


def test_the_conversation_of_a_site_stays_on_that_site(page: Page, widget: Chat, lobke):
    widget.begin()
    page.goto(lobke.url)
    expect(Chat(page).begin_button).to_be_visible()


def test_the_home_page_shows_the_tag_with_its_own_address(page: Page, lobke):
    page.goto(lobke.url)
    expect(page.locator("pre").first).to_contain_text(f'<script type="module" src="{lobke.url.rstrip("/")}/lobke.js">')
