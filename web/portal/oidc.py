"""Logging in with an account elsewhere, by OpenID Connect. Between the two steps a signed cookie holds the state."""

import hmac
import secrets
from urllib.parse import quote, unquote

import structlog
from starlette.responses import Response

from bot.accounts import oidc
from bot.settings import settings
from web.portal.door import START, Refusal, Visit, own_page, route, to_login
from web.tokens import BadToken, login_tokens

BEGIN = "/portal/inloggen/extern"
BACK = "/portal/inloggen/extern/terug"
COOKIE = "extern"

CANNOT = "Dat lukt niet"
NOT_SET = "Op deze manier inloggen staat uit. Log in met je e-mailadres en wachtwoord."
DOWN = "De andere site antwoordt nu niet goed. Probeer het later nog eens, of log in met je wachtwoord van Lobke."
CANCELLED = "Je bent gestopt met inloggen op de andere site. Er is niets veranderd."
OLD_STATE = "Dit inloggen duurde te lang, of begon in een andere browser. Ga naar het portaal en begin opnieuw."
UNTRUSTED = (
    "Lobke kan het antwoord van de andere site niet vertrouwen. Begin opnieuw. Lukt het dan weer niet? Vraag het de "
    "beheerder van Lobke."
)
NOT_VERIFIED = (
    "De andere site heeft je e-mailadres niet gecontroleerd, dus Lobke weet niet wie je bent. Laat het daar "
    "controleren, of log in met je wachtwoord van Lobke."
)
NO_ACCOUNT = (
    "Je hebt met dit account van de andere site geen toegang tot Lobke. Vraag de beheerder van Lobke om een account, "
    "of om een nieuwe link."
)

log = structlog.get_logger()


def begin(visit: Visit) -> Response:
    """To the login of the provider."""
    _check_set()
    if visit.is_in:
        return visit.to(visit.next)
    visit.count(("logins of an address", visit.origin("")))
    state = secrets.token_urlsafe(24)
    try:
        response = visit.to(oidc.address(state, _redirect_uri(visit)))
    except (oidc.ProviderDown, oidc.Untrusted) as error:
        log.warning("oidc_failed", error=type(error).__name__, reason=str(error))
        raise Refusal(503, CANNOT, DOWN, {"Retry-After": "60"}) from None
    token = login_tokens.new(f"{state}.{quote(visit.next, safe='')}")
    visit.set_cookie(response, COOKIE, token, login_tokens.seconds)
    return response


def back(visit: Visit) -> Response:
    """Back from the provider, with a code or with the reason that there is none."""
    _check_set()
    query = visit.request.query_params
    state, next = _remembered(visit)
    if not state or not hmac.compare_digest(state.encode(), query.get("state", "").encode("utf-8", "replace")):
        raise Refusal(400, CANNOT, OLD_STATE)
    visit.count(("logins of an address", visit.origin("")))
    if query.get("error") == "access_denied":
        raise Refusal(403, "Niet ingelogd", CANCELLED)
    try:
        found = oidc.person(query.get("code", ""), state, _redirect_uri(visit))
        account = oidc.account_of(found)
    except oidc.ProviderDown as error:
        log.warning("oidc_failed", error=type(error).__name__, reason=str(error))
        raise Refusal(503, CANNOT, DOWN, {"Retry-After": "60"}) from None
    except oidc.Untrusted as error:
        log.warning("oidc_failed", error=type(error).__name__, reason=str(error))
        raise Refusal(403, CANNOT, UNTRUSTED) from None
    except oidc.NotVerified:
        raise Refusal(403, "Geen toegang", NOT_VERIFIED) from None
    except oidc.NoAccount:
        raise Refusal(403, "Geen toegang", NO_ACCOUNT) from None
    elsewhere = found.gave_second_factor
    own = not elsewhere and (account.has_second_factor or settings().production)
    visit.begin(account, complete=not own, elsewhere=elsewhere)
    response = visit.to(next) if visit.is_in else to_login(visit, next)
    visit.set_cookie(response, COOKIE, "", 0)
    return response


def _check_set() -> None:
    if not settings().has_oidc:
        raise Refusal(404, CANNOT, NOT_SET)


def _remembered(visit: Visit) -> tuple[str, str]:
    """The state of the login that this browser began, and the page it wanted."""
    try:
        state, _, next = login_tokens.read(visit.read_cookie(COOKIE)).partition(".")
    except BadToken:
        return "", START
    return state, own_page(unquote(next))


def _redirect_uri(visit: Visit) -> str:
    return f"{visit.origin_of_site}{BACK}"


routes = [
    route(BEGIN, begin, "GET", login=False),
    route(BACK, back, "GET", login=False),
]
