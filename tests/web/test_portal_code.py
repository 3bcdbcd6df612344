"""The second step of a login: a code of the app or a recovery code, each once and not guessed."""

from collections.abc import Callable

import pytest

from bot.accounts.accounts import Account
from tests.bot.accounts.audit import actions
from tests.web.conftest import Site
from tests.web.staff import PASSWORD, Browser, code, error, with_app
from web.limits import RULES, Limit, Limits

CODE = "/portal/code"


@pytest.fixture
def app(decaan: Account) -> tuple[str, list[str]]:
    """The seed and the recovery codes of the decaan."""
    return with_app(decaan)


def test_with_a_code_of_the_app_she_is_in(browser: Browser, decaan: Account, app: tuple[str, list[str]]) -> None:
    browser.login(next="/portal/wachtwoord")
    half = dict(browser.cookies)
    answer = browser.send(CODE, f"{CODE}?next=/portal/wachtwoord", code=code(decaan, app[0]))
    assert (answer.status_code, answer.headers["location"]) == (303, "/portal/wachtwoord")
    assert browser.is_in
    browser.cookies, inside = half, browser.cookies
    assert not browser.is_in and half["lobke-portal"] != inside["lobke-portal"]
    assert actions(decaan.id)[-1] == "login"


def test_with_a_recovery_code_too_but_once(
    browser: Browser, browse: Callable[..., Browser], app: tuple[str, list[str]]
) -> None:
    browser.login()
    assert browser.send(CODE, code=app[1][0]).status_code == 303
    assert "nog 7 herstelcodes" in browser.get("/portal/account").text
    other = browse()
    other.login()
    assert other.send(CODE, code=app[1][0]).status_code == 422


def test_a_code_that_somebody_saw_does_not_work_again(
    browser: Browser, browse: Callable[..., Browser], decaan: Account, app: tuple[str, list[str]]
) -> None:
    seen = code(decaan, app[0])
    browser.login()
    assert browser.send(CODE, code=seen).status_code == 303
    other = browse()
    other.login()
    answer = other.send(CODE, code=seen)
    assert answer.status_code == 422 and "1 keer" in error(answer)
    assert not other.is_in
    assert "code_failed" in actions(decaan.id)


def test_without_the_password_there_is_no_second_step(browser: Browser, app: tuple[str, list[str]]) -> None:
    assert browser.get(CODE).headers["location"] == "/portal/inloggen"
    answer = browser.send(CODE, "/portal/inloggen", code=app[1][0])
    assert answer.headers["location"] == "/portal/inloggen"
    assert not browser.is_in


def test_the_second_factor_cannot_be_replaced_halfway(
    browser: Browser, decaan: Account, app: tuple[str, list[str]]
) -> None:
    browser.login()
    assert browser.get("/portal/tweede-stap").headers["location"].startswith(CODE)
    seed = "0" * 32
    fields = {"seed": seed, "code": code(decaan, seed), "current": PASSWORD}
    assert browser.send("/portal/tweede-stap", CODE, **fields).headers["location"].startswith(CODE)
    assert not browser.is_in


def test_codes_are_not_guessed_from_many_addresses_either(
    run: Callable[..., Site], set_up: Callable[..., None], decaan: Account, app: tuple[str, list[str]]
) -> None:
    set_up(trusted_proxy=True)
    site = run(lambda: Limits({**RULES, "codes of an account": (Limit(3, 60),)}))
    office = Browser(site.url)
    office.login()
    assert office.send(CODE, code=app[1][0]).status_code == 303
    office.send("/portal/uitloggen", "/portal/account")
    for number in range(4):
        thief = Browser(site.url)
        thief.http.headers["X-Forwarded-For"] = f"10.0.0.{number}"
        thief.login()
        answer = thief.send(CODE, code="000000")
    assert answer.status_code == 429
    office.login()
    assert office.send(CODE, code=code(decaan, app[0])).status_code == 303  # the browser she used before


def test_stopping_halfway_leaves_nothing(browser: Browser, app: tuple[str, list[str]]) -> None:
    browser.login()
    half = dict(browser.cookies)
    browser.send("/portal/uitloggen", CODE)
    browser.cookies = half
    assert browser.get(CODE).headers["location"] == "/portal/inloggen"
