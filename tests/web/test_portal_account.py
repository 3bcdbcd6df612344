"""Her own account: where she is logged in, and another password."""

import re
from collections.abc import Callable

from bot.accounts import accounts
from bot.accounts.accounts import Account
from tests.bot.accounts.audit import actions
from tests.web.staff import EMAIL, PASSWORD, Browser, a_decaan, error

PAGE = "/portal/account"
WORDS = "/portal/wachtwoord"
NEW = "een heel ander wachtwoord"
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"


def test_the_list_of_sessions_names_devices_and_no_addresses(
    browser: Browser, browse: Callable[..., Browser], decaan: Account
) -> None:
    browser.login()
    browse(PHONE).login()
    browse("<script>alert(1)</script>").login()
    text = browser.get(PAGE).text
    assert text.count("(dit apparaat)") == 1
    assert "Firefox op Linux" in text and "Chrome op Android" in text and "Onbekende browser" in text
    assert "127.0.0.1" not in text and "<script" not in text


def test_a_session_elsewhere_is_ended_from_here(
    browser: Browser, browse: Callable[..., Browser], decaan: Account
) -> None:
    browser.login()
    other = browse(PHONE)
    other.login()
    found = re.search(r'name="session" value="(\w+)"', browser.get(PAGE).text)
    assert found
    assert browser.send(PAGE, session=found[1]).status_code == 303
    assert browser.is_in and not other.is_in


def test_nobody_ends_the_session_of_another_account(
    browser: Browser, browse: Callable[..., Browser], decaan: Account
) -> None:
    a_decaan("ander@voorbeeld.nl")
    other, phone = browse(), browse(PHONE)
    for victim in (other, phone):
        victim.login("ander@voorbeeld.nl")
    theirs = re.search(r'name="session" value="(\w+)"', other.get(PAGE).text)
    assert theirs
    browser.login()
    browser.send(PAGE, session=theirs[1])
    assert phone.is_in


def test_logging_out_everywhere_is_everywhere(
    browser: Browser, browse: Callable[..., Browser], decaan: Account
) -> None:
    other = browse()
    other.login()
    browser.login()
    stolen = dict(browser.cookies)
    assert browser.send("/portal/uitloggen/overal", PAGE).headers["location"].endswith("melding=overal")
    assert not browser.is_in and not other.is_in
    browser.cookies = stolen
    assert not browser.is_in
    assert actions(decaan.id)[-1] == "logout_everywhere"


def test_another_password_leaves_only_this_browser_logged_in(
    browser: Browser, browse: Callable[..., Browser], decaan: Account
) -> None:
    other = browse()
    other.login()
    browser.login()
    before = dict(browser.cookies)
    answer = browser.send(WORDS, current=PASSWORD, password=NEW, again=NEW)
    assert answer.status_code == 303
    assert "Je wachtwoord is veranderd." in browser.get(answer.headers["location"]).text
    assert browser.is_in and not other.is_in
    browser.cookies = before
    assert not browser.is_in
    assert actions(decaan.id)[-2:] == ["password_changed", "login"]
    assert other.login().status_code == 422
    assert other.login(password=NEW).status_code == 303


def test_the_password_stays_when_something_is_wrong(browser: Browser, decaan: Account) -> None:
    browser.login()
    wrong = [
        {"current": "een fout wachtwoord", "password": NEW, "again": NEW},
        {"current": PASSWORD, "password": NEW, "again": NEW + "x"},
        {"current": PASSWORD, "password": "kort", "again": "kort"},
        {"current": PASSWORD, "password": EMAIL, "again": EMAIL},
        {"password": NEW, "again": NEW},
    ]
    for fields in wrong:
        answer = browser.send(WORDS, **fields)
        assert answer.status_code == 422 and error(answer).endswith(".")
        assert NEW not in answer.text
    assert accounts.with_password(EMAIL, PASSWORD)
    assert browser.send(WORDS, current=PASSWORD, password=NEW, again=NEW).status_code == 429


def test_a_form_without_its_key_changes_nothing(browser: Browser, decaan: Account) -> None:
    browser.login()
    fields = {"current": PASSWORD, "password": NEW, "again": NEW}
    for path in (WORDS, PAGE, "/portal/uitloggen/overal", "/portal/tweede-stap"):
        assert browser.request("POST", path, data=fields).status_code == 403
    assert browser.is_in and accounts.with_password(EMAIL, PASSWORD)
