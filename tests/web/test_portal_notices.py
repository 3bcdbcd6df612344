"""A decaan chooses how often she gets mail about handoffs."""

import re
from collections.abc import Callable

import pytest

from bot.accounts import accounts
from bot.accounts.accounts import Account
from bot.settings import settings
from tests.bot.accounts.audit import actions
from tests.web.staff import EMAIL, PASSWORD, Browser

PAGE = "/portal/account"
CHOICE = "/portal/account/mail"


def chosen(page: str) -> list[str]:
    return re.findall(r'name="notices" value="(\w+)" checked', page)


def test_a_choice_is_kept_and_shown(browser: Browser, decaan: Account) -> None:
    browser.login()
    assert chosen(browser.get(PAGE).text) == ["meteen"]
    answer = browser.send(CHOICE, PAGE, notices="dagelijks")
    page = browser.get(answer.headers["location"]).text
    assert chosen(page) == ["dagelijks"] and "Je keuze voor mail is bewaard." in page
    assert accounts.by_email(EMAIL).notices == "dagelijks"
    assert actions(decaan.id)[-1] == "notices_chosen"


@pytest.mark.parametrize("fields", [{"notices": "nooit"}, {}])
def test_another_choice_changes_nothing(browser: Browser, decaan: Account, fields: dict[str, str]) -> None:
    browser.login()
    assert browser.send(CHOICE, PAGE, **fields).headers["location"] == PAGE
    assert browser.request("POST", CHOICE, data={"notices": "geen"}).status_code == 403
    assert accounts.by_email(EMAIL).notices == "meteen"


def test_it_is_for_decanen_only(browser: Browser, decaan: Account) -> None:
    accounts.add("beheer@voorbeeld.nl", "beheer", password=PASSWORD)
    browser.login("beheer@voorbeeld.nl")
    assert "overdrachten</h2>" not in browser.get(PAGE).text
    assert browser.send(CHOICE, PAGE, notices="geen").status_code == 403
    assert accounts.by_email("beheer@voorbeeld.nl").notices == "meteen"


def test_the_page_says_when_no_mail_is_sent_yet(browser: Browser, decaan: Account, set_up: Callable[..., None]) -> None:
    browser.login()
    assert "stuurt hier nu geen mail" in browser.get(PAGE).text
    set_up(smtp_host="mail.voorbeeld.nl")
    assert settings().has_mail and "stuurt hier nu geen mail" not in browser.get(PAGE).text
