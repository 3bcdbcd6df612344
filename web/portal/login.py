"""Logging in: password, second factor, invitation; and logging out."""

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from bot.accounts import accounts, invitations, passwords, second_factor, sessions
from bot.accounts.accounts import Account
from bot.settings import settings
from web.portal.door import (
    ACCOUNT,
    ACCOUNTS,
    INBOX,
    KNOWLEDGE,
    LOGIN,
    SECOND_STEP,
    START,
    Refusal,
    Visit,
    next_step,
    route,
    to_login,
)

WRONG = "Dit e-mailadres en wachtwoord horen niet bij elkaar. Kijk je typefouten na en probeer het nog eens."
WRONG_CODE = "Deze code klopt niet. Neem de code die nu in je app staat. Elke code werkt 1 keer."
NOT_THE_SAME = "De 2 wachtwoorden zijn niet gelijk. Typ ze nog eens."
NO_LINK = "Deze link werkt niet meer"
OLD_LINK = "Deze link is gebruikt, of te oud. Vraag de beheerder van Lobke om een nieuwe."
NOTES = {
    "uitgelogd": "Je bent uitgelogd.",
    "overal": "Je bent overal uitgelogd.",
    "wachtwoord": "Je wachtwoord is bewaard. Log nu in.",
    "opnieuw": "Je bent uitgelogd, omdat je een tijd niets deed. Wat je typte, staat er na het inloggen nog.",
}
FIRST_PAGES = {accounts.DECAAN: INBOX, accounts.BEHEER: ACCOUNTS, accounts.REDACTIE: KNOWLEDGE}


def start(visit: Visit) -> Response:
    """GET /portal: the first page after a login."""
    return visit.to(FIRST_PAGES.get(visit.account.role, ACCOUNT))


def login(visit: Visit) -> Response:
    """E-mail address and password."""
    if visit.is_in:
        return visit.to(visit.next)
    if not visit.is_post:
        note = NOTES.get(visit.request.query_params.get("melding", ""), "")
        return visit.page("login.html", next=visit.next, note=note, **_other_ways())
    email = accounts.normal(visit.form.get("email", ""))[: accounts.LONGEST_EMAIL]
    origin = visit.origin(email)
    visit.count(("logins of an address", origin), ("logins of an account", f"{origin} {email}"))
    account = accounts.with_password(email, visit.form.get("password", ""))
    if account is None:
        return visit.page("login.html", 422, next=visit.next, email=email, error=WRONG, **_other_ways())
    visit.begin(account, complete=not account.has_second_factor and not settings().production)
    return visit.to(visit.next) if visit.is_in else to_login(visit, visit.next)


def _other_ways() -> dict[str, Any]:
    """What the account of another site is called, when it may be used to log in, and whether a link can be mailed."""
    return {"elsewhere": settings().oidc_name if settings().has_oidc else "", "has_mail": settings().has_mail}


def code(visit: Visit) -> Response:
    """The code of the app, or a recovery code."""
    if visit.is_in:
        return visit.to(visit.next)
    if visit.session is None or next_step(visit) != SECOND_STEP:
        return to_login(visit, visit.next)
    if not visit.is_post:
        return visit.page("code.html", next=visit.next)
    account = visit.account
    visit.count(("codes of an account", f"{visit.known_browser(account.email)} {account.id}"))
    if not second_factor.passes(account, visit.form.get("code", "")):
        return visit.page("code.html", 422, next=visit.next, error=WRONG_CODE)
    visit.begin(account, complete=True)
    return visit.to(visit.next)


def logout(visit: Visit) -> Response:
    """Log out in this browser."""
    if visit.session:
        sessions.end(visit.session)
    visit.forget()
    return visit.to(f"{LOGIN}?melding=uitgelogd")


def logout_everywhere(visit: Visit) -> Response:
    """Log out in every browser."""
    sessions.end_all(visit.account)
    visit.forget()
    return visit.to(f"{LOGIN}?melding=overal")


def invitation(visit: Visit) -> Response:
    """Choosing a password with the link of an invitation."""
    return by_link(visit, "uitnodiging", "invitation.html", invitations.accept, OLD_LINK)


def by_link(
    visit: Visit, kind: invitations.Kind, template: str, accept: Callable[[str, str], bool], old_link: str
) -> Response:
    """Choosing a password with a link of this kind. `accept` stores it for a token, and says whether that was valid."""
    token = visit.request.path_params["token"]
    account = invitations.invited(token, kind)
    if account is None:
        raise Refusal(404, NO_LINK, old_link)
    if not visit.is_post:
        return visit.page(template, email=account.email)
    password, error = new_password(visit, account)
    if error:
        return visit.page(template, 422, email=account.email, error=error)
    if not accept(token, password):
        raise Refusal(404, NO_LINK, old_link)
    return visit.to(f"{LOGIN}?melding=wachtwoord")


def new_password(visit: Visit, account: Account) -> tuple[str, str]:
    """The password that the form has twice, and what is wrong with it, or ""."""
    password = visit.form.get("password", "")
    error = passwords.remark(password, account.email)
    return password, error or ("" if password == visit.form.get("again", "") else NOT_THE_SAME)


routes = [
    route(START, start, "GET"),
    route(LOGIN, login, "GET", "POST", login=False),
    route(SECOND_STEP, code, "GET", "POST", login=False),
    route("/portal/uitloggen", logout, "POST", login=False),
    route("/portal/uitloggen/overal", logout_everywhere, "POST"),
    route("/portal/uitnodiging/{token}", invitation, "GET", "POST", login=False),
]
