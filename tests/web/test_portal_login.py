"""Logging in: who may, what the browser gets, and what somebody without the password can do."""

import re
from collections.abc import Callable

import pytest
import time_machine
from structlog.testing import capture_logs

from bot.accounts import accounts, passwords
from bot.accounts.accounts import Account
from tests.bot.accounts.audit import actions
from tests.web.conftest import Site
from tests.web.staff import EMAIL, LOGIN, PASSWORD, SCHOOL, Browser, error, with_app
from web.limits import RULES, Limit, Limits
from web.portal.door import route

START = "/portal"
ACCOUNT = "/portal/account"
BEHIND = [START, ACCOUNT, "/portal/overdrachten", "/portal/wachtwoord", "/portal/tweede-stap"]


def cookie_of(browser: Browser) -> str:
    return next(value for name, value in browser.cookies.items() if name.endswith("lobke-portal"))


def test_with_the_password_a_decaan_is_in(browser: Browser, decaan: Account) -> None:
    answer = browser.login()
    assert (answer.status_code, answer.headers["location"]) == (303, START)
    assert browser.get(START).headers["location"] == "/portal/overdrachten"
    page = browser.get(ACCOUNT)
    assert page.status_code == 200 and "Sam Decaan" in page.text
    assert browser.get(LOGIN).headers["location"] == START
    assert actions(decaan.id) == ["account_added", "login"]


@pytest.mark.parametrize("path", BEHIND)
def test_without_a_login_every_page_leads_to_it_and_back(browser: Browser, decaan: Account, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(LOGIN)
    assert answer.headers["cache-control"] == "no-store"
    assert browser.login(next=path).headers["location"] == path


def test_the_pages_are_kept_by_no_cache_and_carry_the_security_headers(browser: Browser, decaan: Account) -> None:
    browser.login()
    for path in (LOGIN, ACCOUNT, "/portal/wachtwoord", "/portal/tweede-stap", "/portal/uitnodiging/x"):
        answer = browser.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex"
        assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
        assert " style=" not in answer.text and "<script" not in answer.text


# Guessing


def test_nobody_learns_which_addresses_have_an_account(browser: Browser, decaan: Account) -> None:
    accounts.add("nieuw@voorbeeld.nl", "redactie")
    accounts.add("weg@voorbeeld.nl", "redactie", password=PASSWORD)
    accounts.disable("weg@voorbeeld.nl")

    def wrong(email: str) -> tuple[int, str, list[str]]:
        answer = browser.login(email, "een fout wachtwoord" if email == EMAIL else PASSWORD)
        return answer.status_code, answer.text.replace(email, ""), sorted(answer.headers)

    answers = [wrong(email) for email in (EMAIL, "niemand@voorbeeld.nl", "nieuw@voorbeeld.nl", "weg@voorbeeld.nl")]
    assert answers[0][0] == 422
    assert all(answer == answers[0] for answer in answers)
    assert not browser.is_in


def test_an_unknown_address_costs_as_much_work(
    browser: Browser, decaan: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    work: list[str] = []
    fits = passwords.fits
    monkeypatch.setattr(passwords, "fits", lambda *args: (work.append(args[1]), fits(*args))[1])
    for number, email in enumerate((EMAIL, "niemand@voorbeeld.nl", "geen adres", ""), 1):
        browser.login(email, "een fout wachtwoord")
        assert len(work) == number


def test_guessing_is_slowed_down(browser: Browser, decaan: Account) -> None:
    for _ in range(5):
        assert browser.login(password="een fout wachtwoord").status_code == 422
    answer = browser.login()
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert "Wacht een minuut" in error(answer)
    assert not browser.is_in


def test_who_guesses_keeps_nobody_else_out(
    run: Callable[..., Site], set_up: Callable[..., None], decaan: Account
) -> None:
    wide = {**RULES, "logins of an account": (Limit(2, 3600),)}
    set_up(trusted_proxy=True)
    site = run(lambda: Limits(wide))
    pupil, office = Browser(site.url), Browser(site.url)
    home = Browser(site.url)
    for browser, place in ((pupil, "10.0.0.1"), (office, "10.0.0.1"), (home, "10.0.0.2")):
        browser.http.headers["X-Forwarded-For"] = place
    assert office.login().status_code == 303  # from now on the account knows this browser
    for _ in range(3):
        pupil.login(password="een fout wachtwoord")
    assert pupil.login().status_code == 429
    office.send("/portal/uitloggen", ACCOUNT)
    assert office.login().status_code == 303  # the same address, a known browser
    assert home.login().status_code == 303  # another address
    assert pupil.login("ander@voorbeeld.nl").status_code == 422  # another account


def test_the_mark_of_a_known_browser_opens_nothing_and_cannot_be_made(browser: Browser, decaan: Account) -> None:
    browser.login()
    mark = browser.cookies["lobke-apparaat"]
    for _ in range(6):
        browser.cookies = {"lobke-apparaat": f"{'0' * 32}-{mark.partition('-')[2]}"}
        answer = browser.login(password="een fout wachtwoord")
    assert answer.status_code == 429
    browser.cookies = {"lobke-apparaat": mark}
    assert not browser.is_in
    assert browser.login(password="een fout wachtwoord").status_code == 422


@pytest.mark.parametrize(
    "fields", [{}, {"email": EMAIL}, {"password": PASSWORD}, {"email": EMAIL + "\x00", "password": "\ud83d"}]
)
def test_half_a_form_is_no_login(browser: Browser, decaan: Account, fields: dict[str, str]) -> None:
    body = {name: value.encode("utf-8", "surrogatepass") for name, value in fields.items()}
    assert browser.send(LOGIN, **body).status_code == 422  # type: ignore[arg-type]
    assert not browser.is_in


# The form


def test_a_form_from_elsewhere_does_nothing(browser: Browser, browse: Callable[..., Browser], decaan: Account) -> None:
    other = browse()
    theirs = re.search(r'name="csrf" value="(\w+)"', other.get(LOGIN).text)
    assert theirs
    browser.get(LOGIN)
    for csrf in ({}, {"csrf": ""}, {"csrf": "é"}, {"csrf": theirs[1]}):
        answer = browser.request("POST", LOGIN, data={"email": EMAIL, "password": PASSWORD, **csrf})
        assert answer.status_code == 403
        assert "laad de pagina opnieuw" in error(answer)
    assert not browser.is_in


def test_the_form_of_before_the_login_is_worth_nothing_after_it(browser: Browser, decaan: Account) -> None:
    before = re.search(r'name="csrf" value="(\w+)"', browser.get(LOGIN).text)
    assert before
    browser.login()
    answer = browser.request("POST", "/portal/uitloggen/overal", data={"csrf": before[1]})
    assert answer.status_code == 403 and browser.is_in


def test_a_form_that_is_no_form_is_refused(browser: Browser) -> None:
    assert browser.request("POST", LOGIN, json={"email": EMAIL}).status_code == 415
    assert browser.request("POST", LOGIN, data={"email": "x" * 40_000}).status_code == 413
    many = {f"field{number}": "x" for number in range(200)}
    assert browser.request("POST", LOGIN, data=many).status_code == 400
    assert browser.request("PUT", LOGIN).status_code == 405


@pytest.mark.parametrize(
    "next",
    [
        "https://kwaad.nl",
        "//kwaad.nl",
        "/\\kwaad.nl",
        "/portal//kwaad.nl",
        "/portal/../mijn/x",
        "/portal@kwaad.nl",
        "/portalkwaad",
        "/portal/account%0d%0aX: y",
        "javascript:alert(1)",
        '"><script>',
        "/",
    ],
)
def test_no_link_sends_a_login_elsewhere(browser: Browser, decaan: Account, next: str) -> None:
    page = browser.request("GET", LOGIN, params={"next": next})
    assert page.status_code == 200 and 'name="next" value="/portal"' in page.text
    answer = browser.send(LOGIN, email=EMAIL, password=PASSWORD, next=next)
    assert answer.headers["location"] == START
    assert browser.request("GET", LOGIN, params={"next": next}).headers["location"] == START


def test_what_was_typed_is_never_markup(browser: Browser, decaan: Account) -> None:
    answer = browser.login('"><script>alert(1)</script>', "x")
    assert "<script>" not in answer.text and "&lt;script&gt;" in answer.text
    assert 'value="x"' not in answer.text


# The cookie


def test_the_cookie_is_for_this_site_only_and_no_script_reads_it(browser: Browser, decaan: Account) -> None:
    browser.get(LOGIN)
    answer = browser.login()
    lines = answer.headers.get_list("set-cookie")
    assert {line.partition("=")[0] for line in lines} == {"lobke-portal", "lobke-apparaat"}
    for line in lines:
        assert "HttpOnly" in line and "SameSite=lax" in line and "Path=/" in line and "Domain" not in line
    assert not any("Max-Age" in line for line in lines if line.startswith("lobke-portal"))


@pytest.mark.parametrize("host", ["lobke.voorbeeld.nl", "127.0.0.1.kwaad.nl"])
def test_elsewhere_than_on_this_computer_it_is_for_https_only(site: Site, decaan: Account, host: str) -> None:
    line = site.http.get(LOGIN, headers={"Host": host}).headers["set-cookie"]
    assert line.startswith("__Host-lobke-portal=") and "Secure" in line


def test_in_production_it_is_for_https_only(site: Site, set_up: Callable[..., None]) -> None:
    set_up(production=True)
    line = site.http.get(LOGIN).headers["set-cookie"]
    assert line.startswith("__Host-lobke-portal=") and "Secure" in line


def test_a_login_makes_a_new_token(browser: Browser, decaan: Account) -> None:
    browser.cookies = {"lobke-portal": "chosen-by-somebody-else"}
    browser.login()
    assert cookie_of(browser) != "chosen-by-somebody-else"
    first = cookie_of(browser)
    thief = dict(browser.cookies)
    browser.send("/portal/uitloggen", ACCOUNT)
    browser.login()
    assert cookie_of(browser) != first
    browser.cookies = thief
    assert not browser.is_in


@pytest.mark.parametrize("cookie", ["", "x", "x" * 5000, "%00", "é", "' OR 1=1 --"])
def test_a_cookie_of_somebodys_own_making_opens_nothing(browser: Browser, decaan: Account, cookie: str) -> None:
    answer = browser.http.get(START, headers={"Cookie": b"lobke-portal=" + cookie.encode()})
    assert answer.status_code == 303 and answer.headers["location"] == LOGIN


# Logging out


def test_a_stolen_cookie_is_worth_nothing_after_logging_out(browser: Browser, decaan: Account) -> None:
    browser.login()
    stolen = dict(browser.cookies)
    answer = browser.send("/portal/uitloggen", ACCOUNT)
    assert answer.headers["location"] == f"{LOGIN}?melding=uitgelogd"
    assert "lobke-portal" not in browser.cookies
    assert "Je bent uitgelogd." in browser.get(answer.headers["location"]).text
    browser.cookies = stolen
    assert not browser.is_in
    assert actions(decaan.id)[-1] == "logout"


def test_a_link_logs_nobody_out(browser: Browser, decaan: Account) -> None:
    browser.login()
    assert browser.get("/portal/uitloggen").status_code == 405
    assert browser.request("POST", "/portal/uitloggen").status_code in (403, 415)
    assert browser.is_in


def test_who_rests_too_long_has_to_log_in_again(browser: Browser, decaan: Account) -> None:
    with time_machine.travel("2026-11-23T09:00:00+01:00", tick=False) as clock:
        browser.login()
        clock.shift(29 * 60)
        assert browser.is_in
        clock.shift(31 * 60)
        assert not browser.is_in


def test_a_disabled_account_is_out_at_once(browser: Browser, decaan: Account) -> None:
    browser.login()
    accounts.disable(EMAIL)
    assert not browser.is_in


# Trouble


def test_without_a_database_the_page_says_so(browser: Browser, decaan: Account, set_up: Callable[..., None]) -> None:
    browser.login()
    set_up(database_url="postgresql://lobke@127.0.0.1:1/lobke")
    for path in (ACCOUNT, LOGIN):
        answer = browser.get(path)
        assert answer.status_code == 503 and answer.headers["retry-after"] == "60"
        assert "probeer" in error(answer).lower()


def test_no_password_is_logged(browser: Browser, decaan: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError(PASSWORD)

    browser.get(LOGIN)
    monkeypatch.setattr(accounts, "with_password", broken)
    with capture_logs() as logs:
        assert browser.login().status_code == 500
    assert logs and PASSWORD not in str(logs) and EMAIL not in str(logs)


def test_with_a_second_factor_the_password_alone_opens_nothing(browser: Browser, decaan: Account) -> None:
    with_app(decaan)
    answer = browser.login(next="/portal/wachtwoord")
    assert answer.headers["location"] == "/portal/code?next=/portal/wachtwoord"
    for path in BEHIND:
        assert browser.get(path).headers["location"].startswith("/portal/code")
    assert browser.get(LOGIN).status_code == 200
    assert "lobke-apparaat" not in browser.cookies
    assert "login" not in actions(decaan.id)


def test_each_role_gets_in(browser: Browser, decaan: Account) -> None:
    assert accounts.by_email(EMAIL).schools == {SCHOOL}
    for role, page in (("redactie", "/portal/kennis"), ("beheer", "/portal/accounts")):
        accounts.add(f"{role}@voorbeeld.nl", role, password=PASSWORD)
        assert browser.login(f"{role}@voorbeeld.nl").status_code == 303
        assert browser.get(START).headers["location"] == page
        assert role in browser.get(ACCOUNT).text
        browser.send("/portal/uitloggen", ACCOUNT)


def test_a_page_for_another_role_is_refused(site: Site, browser: Browser, decaan: Account) -> None:
    page = route("/portal/proef", lambda visit: visit.to("/portal/gezien"), "GET", "POST", roles=("beheer",))
    site.app.router.routes.insert(0, page)
    accounts.add("beheer@voorbeeld.nl", "beheer", password=PASSWORD)
    browser.login()
    for answer in (browser.get("/portal/proef"), browser.send("/portal/proef", ACCOUNT)):
        assert answer.status_code == 403 and "niet voor jouw rol" in error(answer)
    browser.send("/portal/uitloggen", ACCOUNT)
    browser.login("beheer@voorbeeld.nl")
    assert browser.get("/portal/proef").headers["location"] == "/portal/gezien"
