"""Setting the second factor: in production nobody gets in without."""

import html
import re
from collections.abc import Callable
from urllib.parse import unquote

import httpx
import pytest

from bot.accounts import accounts
from bot.accounts.accounts import Account
from tests.web.staff import EMAIL, PASSWORD, Browser, code, error, with_app

PAGE = "/portal/tweede-stap"


def seed_on(page: httpx.Response) -> str:
    found = re.search(r'name="seed" value="([0-9a-f]{32})"', page.text)
    assert found, page.text
    return found[1]


def set_up_app(browser: Browser, account: Account, **fields: str) -> httpx.Response:
    """Does what the page asks, with a code of the app."""
    seed = seed_on(browser.get(PAGE))
    return browser.send(PAGE, seed=seed, code=code(account, seed), **fields)


def test_the_page_shows_a_qr_code_and_the_key_it_holds(browser: Browser, decaan: Account) -> None:
    browser.login()
    page = browser.get(PAGE)
    picture = re.search(r'<img class="qr" src="(data:image/svg\+xml[^"]+)" alt="QR-code voor je app">', page.text)
    assert picture and "<svg" in unquote(html.unescape(picture[1]))
    key = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text)
    assert key
    seed = seed_on(page)
    assert seed_on(browser.get(PAGE)) != seed
    from bot.accounts import second_factor

    assert key[1].replace(" ", "") == second_factor.secret(decaan, seed)


def test_she_gets_eight_recovery_codes_and_is_logged_out_elsewhere(
    browser: Browser, browse: Callable[..., Browser], decaan: Account
) -> None:
    other = browse()
    other.login()
    browser.login()
    answer = set_up_app(browser, decaan, current=PASSWORD)
    assert answer.status_code == 200
    assert len(re.findall(r"<li><code>\w{5}-\w{5}</code></li>", answer.text)) == 8
    assert browser.is_in and not other.is_in
    assert "nog 8 herstelcodes" in browser.get("/portal/account").text
    assert other.login().headers["location"] == "/portal/code"


def test_a_wrong_code_keeps_the_picture(browser: Browser, decaan: Account) -> None:
    browser.login()
    page = browser.get(PAGE)
    answer = browser.send(PAGE, seed=seed_on(page), code="000000", current=PASSWORD)
    assert answer.status_code == 422 and "klopt niet" in error(answer)
    assert seed_on(answer) == seed_on(page)
    assert not accounts.by_email(EMAIL).has_second_factor


def test_who_finds_an_open_browser_cannot_change_it(browser: Browser, decaan: Account) -> None:
    browser.login()
    for current in ({}, {"current": "een fout wachtwoord"}):
        assert set_up_app(browser, decaan, **current).status_code == 422
    assert not accounts.by_email(EMAIL).has_second_factor


@pytest.mark.parametrize("seed", ["", "x", "0" * 31, "0" * 33, "Z" * 32, "<script>"])
def test_a_seed_of_somebodys_own_making_is_no_seed(browser: Browser, decaan: Account, seed: str) -> None:
    browser.login()
    answer = browser.send(PAGE, seed=seed, code="000000", current=PASSWORD)
    assert answer.status_code == 422 and seed_on(answer) != seed


def test_in_production_the_first_login_sets_it(browser: Browser, decaan: Account, set_up: Callable[..., None]) -> None:
    set_up(production=True)
    assert browser.login(next="/portal/wachtwoord").headers["location"] == f"{PAGE}?next=/portal/wachtwoord"
    for path in ("/portal/account", "/portal/wachtwoord"):
        assert browser.get(path).headers["location"].startswith(PAGE)
    half = dict(browser.cookies)
    answer = set_up_app(browser, decaan)
    assert answer.status_code == 200 and "herstelcodes" in answer.text
    assert browser.is_in
    browser.cookies = half
    assert not browser.is_in


def test_in_production_a_session_of_before_needs_it_too(
    browser: Browser, decaan: Account, set_up: Callable[..., None]
) -> None:
    browser.login()
    token = browser.cookies["lobke-portal"]
    set_up(production=True)
    browser.cookies = {"__Host-lobke-portal": token}
    assert browser.get("/portal/account").headers["location"].startswith(PAGE)


def test_another_phone_takes_the_place_of_the_first(browser: Browser, decaan: Account) -> None:
    _, old = with_app(decaan)
    browser.login()
    browser.send("/portal/code", code=old[0])
    assert set_up_app(browser, decaan, current=PASSWORD).status_code == 200
    browser.send("/portal/uitloggen", "/portal/account")
    browser.login()
    assert browser.send("/portal/code", code=old[1]).status_code == 422
