"""A pupil does the verkenning in the real page: to the outcome and its paper, with a reload and a question between."""

import re

from playwright.sync_api import Locator, expect

from tests.browser.chat import Chat, accessibility_problems

TYPES = 6
"""The types take turns, so every sixth statement is of the same one."""


def answer(chat: Chat, label: str) -> None:
    """Presses an answer to the newest statement and waits for the next message."""
    before = chat.replies.count()
    chat.replies.last.get_by_role("button", name=label).click()
    expect(chat.replies).to_have_count(before + 1)


def progress(chat: Chat) -> Locator:
    return chat.replies.last.locator(".progress")


def test_a_verkenning_survives_a_question_and_a_reload_and_ends_on_paper(home: Chat) -> None:
    home.begin()
    answer(home, "Ik weet nog niet wat ik wil")
    answer(home, "Korte verkenning")
    expect(progress(home)).to_contain_text("1 van 18")
    answer(home, "Ja, leuk")
    home.ask("hoe lang duurt kapper")
    expect(progress(home)).to_contain_text("2 van 18")
    shown = home.replies.count()
    home.page.reload()
    expect(home.replies).to_have_count(shown)
    expect(progress(home)).to_contain_text("2 van 18")
    for number in range(2, 19):
        answer(home, "Ja, leuk" if number % TYPES == 1 else "Nee")
    answer(home, "Ik doe kb")
    outcome = home.replies.last
    expect(outcome.get_by_role("img", name=re.compile("Doener .* van 12"))).to_be_visible()
    with home.page.expect_popup() as opened:
        outcome.get_by_role("link", name="Bekijken en afdrukken").click()
    paper = opened.value
    expect(paper.get_by_role("heading", name="Mijn verkenning")).to_be_visible()
    expect(paper.get_by_role("button", name="Afdrukken")).to_be_visible()
    assert accessibility_problems(paper) == []
    assert accessibility_problems(home.page) == []
