"""Logging in at an OpenID Connect provider: who gets in, and what cannot be talked into the portal."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
import time_machine
from joserfc import jwt
from joserfc.jwk import OctKey
from oic.oic.message import IdToken
from structlog.testing import capture_logs

from bot import clock
from bot.accounts import accounts, invitations
from bot.accounts.accounts import Account
from tests.bot.accounts.audit import actions
from tests.web.conftest import Site
from tests.web.oidc_provider import CLIENT, SECRET, OpenIdProvider, new_key
from tests.web.staff import EMAIL, LOGIN, PASSWORD, SCHOOL, Browser, a_decaan, error, with_app

BEGIN = "/portal/inloggen/extern"
BACK = "/portal/inloggen/extern/terug"


@pytest.fixture
def provider(site: Site, set_up: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenIdProvider]:
    """A provider that Lobke is set up for."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = OpenIdProvider(f"{site.url}{BACK}")
    set_up(oidc_issuer=made.issuer, oidc_client_id=CLIENT, oidc_client_secret=SECRET, oidc_name="Schoolnet")
    yield made
    made.stop()


def began(browser: Browser, next: str = "") -> str:
    """Presses the button; the value is where the provider asks for a login."""
    answer = browser.get(f"{BEGIN}?next={next}" if next else BEGIN)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def log_in(browser: Browser, provider: OpenIdProvider, next: str = "") -> httpx.Response:
    """The whole login; the value is what the browser gets when it comes back."""
    return back(browser, provider.log_in(began(browser, next)))


def back(browser: Browser, url: str) -> httpx.Response:
    parts = urlsplit(url)
    return browser.get(f"{parts.path}?{parts.query}")


def production(set_up: Callable[..., None], browser: Browser, site: Site) -> None:
    """In production, with the address the provider knows."""
    set_up(production=True, public_url=site.url)


def test_who_has_an_account_is_in_and_comes_where_she_wanted(
    browser: Browser, provider: OpenIdProvider, decaan: Account
) -> None:
    page = browser.get(f"{LOGIN}?next=/portal/account").text
    assert "Inloggen met Schoolnet" in page and f'href="{BEGIN}?next=/portal/account"' in page
    answer = log_in(browser, provider, "/portal/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/portal/account")
    assert "Sam Decaan" in browser.get("/portal/account").text
    assert "lobke-extern" not in browser.cookies
    assert actions(decaan.id) == ["account_added", "provider_tied", "login"]


def test_without_settings_there_is_no_such_login(browser: Browser, decaan: Account) -> None:
    assert BEGIN not in browser.get(LOGIN).text
    for path in (BEGIN, BACK):
        assert browser.get(path).status_code == 404


def test_the_request_holds_what_the_flow_asks_and_no_secret(browser: Browser, provider: OpenIdProvider) -> None:
    query = parse_qs(urlsplit(began(browser)).query)
    assert query["response_type"] == ["code"] and query["code_challenge_method"] == ["S256"]
    assert len(query["state"][0]) >= 32 and len(query["nonce"][0]) >= 32
    assert SECRET not in str(query)
    other = parse_qs(urlsplit(began(browser)).query)
    assert all(other[name] != query[name] for name in ("state", "nonce", "code_challenge"))


def test_the_cookie_between_the_steps_is_short_lived_and_no_script_reads_it(
    browser: Browser, provider: OpenIdProvider
) -> None:
    line = next(line for line in browser.get(BEGIN).headers.get_list("set-cookie") if line.startswith("lobke-extern="))
    assert "HttpOnly" in line and "SameSite=lax" in line and "Max-Age=600" in line


def test_an_invited_account_gets_in_without_a_password_of_lobke(browser: Browser, provider: OpenIdProvider) -> None:
    accounts.add(EMAIL, "decaan", [SCHOOL], "Sam Decaan")
    assert accounts.schools_with_decaan() == frozenset()
    assert log_in(browser, provider).status_code == 303 and browser.is_in
    assert accounts.schools_with_decaan() == {SCHOOL}


# Who gets in


@pytest.mark.parametrize("address, says", [("iemand@voorbeeld.nl", "geen toegang"), ("", "niet gecontroleerd")])
def test_who_has_no_account_does_not_get_in(
    browser: Browser, provider: OpenIdProvider, decaan: Account, address: str, says: str
) -> None:
    provider.user["email"] = address
    answer = log_in(browser, provider)
    assert answer.status_code == 403 and says in error(answer)
    assert not browser.is_in and len(accounts.everyone()) == 1


@pytest.mark.parametrize("verified", [False, None])
def test_an_address_that_the_provider_did_not_check_opens_nothing(
    browser: Browser, provider: OpenIdProvider, decaan: Account, verified: object
) -> None:
    provider.user["email_verified"] = verified
    answer = log_in(browser, provider)
    assert answer.status_code == 403 and "niet gecontroleerd" in error(answer)
    assert not browser.is_in


def test_a_disabled_account_stays_out(browser: Browser, provider: OpenIdProvider, decaan: Account) -> None:
    accounts.disable(EMAIL)
    assert log_in(browser, provider).status_code == 403
    assert not browser.is_in and actions(decaan.id)[-1] == "login_failed"


def test_from_the_second_time_on_the_address_does_not_matter(
    browser: Browser, browse: Callable[..., Browser], provider: OpenIdProvider, decaan: Account
) -> None:
    log_in(browser, provider)
    provider.user = {"email": "nieuwe.naam@voorbeeld.nl", "email_verified": False}
    again = browse()
    assert log_in(again, provider).status_code == 303 and again.is_in
    assert "Sam Decaan" in again.get("/portal/account").text


def test_somebody_else_who_gets_the_address_later_does_not_get_the_account(
    browser: Browser, browse: Callable[..., Browser], provider: OpenIdProvider, decaan: Account
) -> None:
    log_in(browser, provider)
    provider.user = {**provider.user, "sub": "somebody-else"}
    other = browse()
    assert log_in(other, provider).status_code == 403
    assert not other.is_in


def test_a_person_is_no_second_account_by_another_address(
    browser: Browser, browse: Callable[..., Browser], provider: OpenIdProvider, decaan: Account
) -> None:
    a_decaan("ander@voorbeeld.nl", "corlaer-college")
    log_in(browser, provider)
    provider.user["email"] = "ander@voorbeeld.nl"
    other = browse()
    log_in(other, provider)
    assert EMAIL in other.get("/portal/account").text


def test_a_new_invitation_makes_room_for_another_person(
    browser: Browser, provider: OpenIdProvider, decaan: Account
) -> None:
    log_in(browser, provider)
    assert invitations.accept(invitations.invite(decaan), PASSWORD)
    provider.user = {**provider.user, "sub": "somebody-else"}
    assert not browser.is_in
    assert log_in(browser, provider).status_code == 303 and browser.is_in


def test_the_password_still_works(browser: Browser, provider: OpenIdProvider, decaan: Account) -> None:
    log_in(browser, provider)
    browser.send("/portal/uitloggen", "/portal/account")
    assert browser.login().status_code == 303 and browser.is_in


# The second factor


def test_who_has_the_second_step_still_gives_a_code(
    browser: Browser, provider: OpenIdProvider, decaan: Account
) -> None:
    with_app(decaan)
    assert log_in(browser, provider, "/portal/wachtwoord").headers["location"] == "/portal/code?next=/portal/wachtwoord"
    assert not browser.is_in


def test_in_production_the_second_step_has_to_be_set(
    site: Site, browser: Browser, provider: OpenIdProvider, decaan: Account, set_up: Callable[..., None]
) -> None:
    production(set_up, browser, site)
    assert log_in(browser, provider).headers["location"] == "/portal/tweede-stap"
    assert not browser.is_in


@pytest.mark.parametrize("amr", [["pwd", "mfa"], ["otp"]])
@pytest.mark.parametrize("own", [False, True])
def test_a_second_factor_at_the_provider_is_enough(
    site: Site,
    browser: Browser,
    provider: OpenIdProvider,
    decaan: Account,
    set_up: Callable[..., None],
    amr: list[str],
    own: bool,
) -> None:
    if own:
        with_app(decaan)
    production(set_up, browser, site)
    provider.claims["amr"] = amr
    assert log_in(browser, provider).headers["location"] == "/portal"
    assert browser.is_in


@pytest.mark.parametrize("amr", [["pwd"], []])
def test_a_password_at_the_provider_is_not(
    site: Site,
    browser: Browser,
    provider: OpenIdProvider,
    decaan: Account,
    set_up: Callable[..., None],
    amr: object,
) -> None:
    production(set_up, browser, site)
    provider.claims["amr"] = amr
    log_in(browser, provider)
    assert not browser.is_in


# What goes wrong


def test_who_cancels_reads_that_nothing_happened(browser: Browser, provider: OpenIdProvider, decaan: Account) -> None:
    answer = back(browser, provider.cancel(began(browser)))
    assert answer.status_code == 403 and "gestopt" in error(answer)
    assert not browser.is_in


def test_a_provider_that_is_down_is_said(
    browser: Browser, provider: OpenIdProvider, decaan: Account, set_up: Callable[..., None]
) -> None:
    url = provider.log_in(began(browser))
    set_up(oidc_issuer="http://127.0.0.1:1")
    for answer in (browser.get(BEGIN), back(browser, url)):
        assert answer.status_code == 503 and "probeer" in error(answer).lower()
    assert browser.login().status_code == 303


@pytest.mark.parametrize("status", [500, 302])
def test_a_provider_with_trouble_is_said(
    browser: Browser, provider: OpenIdProvider, decaan: Account, status: int
) -> None:
    provider.status = status
    assert log_in(browser, provider).status_code == 503
    assert not browser.is_in


def test_a_provider_that_calls_itself_something_else_is_not_used(
    browser: Browser, provider: OpenIdProvider, decaan: Account
) -> None:
    provider.op.configuration_information["issuer"] = "https://kwaad.nl"
    assert browser.get(BEGIN).status_code == 503


def test_a_login_that_began_elsewhere_ends_nowhere(
    browser: Browser, browse: Callable[..., Browser], provider: OpenIdProvider, decaan: Account
) -> None:
    url = provider.log_in(began(browser))
    other = browse()
    assert back(other, url).status_code == 400
    began(other)
    answer = back(other, url)
    assert answer.status_code == 400 and "andere browser" in error(answer)
    assert not other.is_in


@pytest.mark.parametrize(
    "cookie", ["", "x", "x.y.z", "é", "x" * 3000], ids=["none", "short", "unsigned", "no ascii", "long"]
)
def test_a_cookie_of_somebodys_own_making_is_no_state(
    browser: Browser, provider: OpenIdProvider, decaan: Account, cookie: str
) -> None:
    url = urlsplit(provider.log_in(began(browser)))
    headers = {"Cookie": b"lobke-extern=" + cookie.encode()}
    assert browser.http.get(f"{url.path}?{url.query}", headers=headers).status_code == 400


def test_a_login_that_took_too_long_begins_again(browser: Browser, provider: OpenIdProvider, decaan: Account) -> None:
    url = provider.log_in(began(browser))
    with time_machine.travel(clock.now() + timedelta(seconds=601), tick=False):
        assert back(browser, url).status_code == 400
    assert not browser.is_in


def test_a_code_works_once(browser: Browser, provider: OpenIdProvider, decaan: Account) -> None:
    url = provider.log_in(began(browser))
    cookies = dict(browser.cookies)
    assert back(browser, url).status_code == 303
    browser.cookies = cookies
    assert back(browser, url).status_code == 403
    assert not browser.is_in


def test_a_code_of_another_login_is_refused(
    browser: Browser, browse: Callable[..., Browser], provider: OpenIdProvider, decaan: Account
) -> None:
    """Somebody puts the code of her own login into the browser of another."""
    stolen = parse_qs(urlsplit(provider.log_in(began(browse()))).query)["code"][0]
    state = parse_qs(urlsplit(began(browser)).query)["state"][0]
    assert browser.get(f"{BACK}?{urlencode({'code': stolen, 'state': state})}").status_code == 403
    assert not browser.is_in


def test_a_token_with_another_signature_is_refused(browser: Browser, provider: OpenIdProvider, decaan: Account) -> None:
    provider.keys = json.dumps({"keys": [new_key("of somebody else").serialize()]}).encode()
    answer = log_in(browser, provider)
    assert answer.status_code == 403 and "vertrouwen" in error(answer)
    assert not browser.is_in


@pytest.mark.parametrize("alg", ["HS256", "none"])
def test_a_token_that_anybody_could_sign_is_refused(
    browser: Browser, provider: OpenIdProvider, decaan: Account, alg: str
) -> None:
    def forged(request: str, headers: object, claims: object) -> object:
        class Answer:
            def to_json(self) -> str:
                payload = {"iss": provider.issuer, "sub": "x", "aud": CLIENT, "iat": 1, "exp": 9_999_999_999}
                key = OctKey.import_key(provider.keys)
                return json.dumps({"id_token": jwt.encode({"alg": alg}, payload, key, algorithms=[alg])})

        return Answer()

    provider.op.handle_token_request = forged
    assert log_in(browser, provider).status_code == 403


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://kwaad.nl"},
        {"aud": ["somebody-else"]},
        {"nonce": "of-another-login"},
        {"exp": 1_000_000_000},
        {"at_hash": "x"},
    ],
    ids=lambda claims: next(iter(claims)),
)
def test_a_token_that_is_not_for_this_login_is_refused(
    browser: Browser, provider: OpenIdProvider, decaan: Account, claims: dict[str, object]
) -> None:
    token = provider.op._create_signed_id_token

    def changed(*args: object, **options: object) -> object:
        made = IdToken().from_jwt(token(*args, **options), keyjar=None, verify=False, key=[provider.op.signing_key])
        return IdToken(**{**made.to_dict(), **claims}).to_jwt([provider.op.signing_key], "RS256")

    provider.op._create_signed_id_token = changed
    assert log_in(browser, provider).status_code == 403
    assert not browser.is_in


def test_userinfo_of_somebody_else_is_refused(browser: Browser, provider: OpenIdProvider, decaan: Account) -> None:
    url = provider.log_in(began(browser))
    handle = provider.op.handle_userinfo_request

    def other(*args: object) -> object:
        found = handle(*args)
        found["sub"] = "somebody-else"
        return found

    provider.op.handle_userinfo_request = other
    assert back(browser, url).status_code == 403


@pytest.mark.parametrize("next", ["https://kwaad.nl", "//kwaad.nl", "/portal/../x"])
def test_no_link_sends_this_login_elsewhere(
    browser: Browser, provider: OpenIdProvider, decaan: Account, next: str
) -> None:
    url = browser.request("GET", BEGIN, params={"next": next}).headers["location"]
    assert back(browser, provider.log_in(url)).headers["location"] == "/portal"


def test_what_goes_wrong_is_logged_without_secrets(browser: Browser, provider: OpenIdProvider, decaan: Account) -> None:
    provider.status = 400
    with capture_logs() as logs:
        assert log_in(browser, provider).status_code == 403
    assert logs and logs[0]["event"] == "oidc_failed"
    assert SECRET not in str(logs) and EMAIL not in str(logs)
