"""Her own account: where she is logged in, her password and her second factor."""

from typing import Any

import segno
from starlette.responses import Response

from bot.accounts import accounts, second_factor, sessions
from bot.knowledge.calendar import dutch_moment
from bot.notices import notices
from bot.settings import settings
from web.portal.door import ACCOUNT, SET_SECOND_STEP, Visit, next_step, route, to_login
from web.portal.login import WRONG_CODE, new_password

WRONG_PASSWORD = "Je wachtwoord van nu klopt niet."
NOTES = {
    "wachtwoord": "Je wachtwoord is veranderd. Op andere apparaten ben je uitgelogd.",
    "mail": "Je keuze voor mail is bewaard.",
}
NOTICES: dict[notices.Choice, str] = {
    "meteen": "Meteen, bij elke overdracht of elk nieuw bericht",
    "dagelijks": "1 keer per schooldag, om half 9",
    "geen": "Geen mail",
}


def overview(visit: Visit) -> Response:
    """The account, and where it is logged in; a form ends one of these sessions."""
    found = sessions.of_account(visit.account)
    if visit.is_post:
        for session in found:
            if session.id == visit.form.get("session"):
                sessions.end(session)
        return visit.to(ACCOUNT)
    rows = [
        {
            "id": session.id,
            "device": session.device,
            "since": dutch_moment(session.created_at),
            "is_this": visit.session is not None and session.hash == visit.session.hash,
        }
        for session in found
    ]
    note = NOTES.get(visit.request.query_params.get("melding", ""), "")
    left = second_factor.recovery_codes_left(visit.account)
    about_mail: dict[str, Any] = {"notices": NOTICES, "has_mail": settings().has_mail}
    return visit.page("account.html", sessions=rows, note=note, codes_left=left, **about_mail)


def choose_notices(visit: Visit) -> Response:
    """How often she gets mail about handoffs."""
    choice = next((choice for choice in NOTICES if choice == visit.form.get("notices")), None)
    if choice is None:
        return visit.to(ACCOUNT)
    notices.choose(visit.account, choice)
    return visit.to(f"{ACCOUNT}?melding=mail")


def password(visit: Visit) -> Response:
    """Another password; every other browser is logged out."""
    if not visit.is_post:
        return visit.page("password.html")
    account = visit.account
    visit.count(("logins of an account", f"account {account.id}"))
    new, error = new_password(visit, account)
    if not error and not accounts.knows_password(account, visit.form.get("current", "")):
        error = WRONG_PASSWORD
    if error:
        return visit.page("password.html", 422, error=error)
    accounts.set_password(account, new)
    visit.begin(account, complete=True)
    return visit.to(f"{ACCOUNT}?melding=wachtwoord")


def set_second_step(visit: Visit) -> Response:
    """The second factor: a QR code for the app, then a code from it, then the recovery codes, once."""
    if not visit.is_in and not (visit.session and next_step(visit) == SET_SECOND_STEP):
        return to_login(visit, visit.next)
    if not visit.is_post:
        return _setting_up(visit, second_factor.new_seed())
    account, seed, asks = visit.account, visit.form.get("seed", ""), visit.is_in
    if not second_factor.SEED.fullmatch(seed):
        return _setting_up(visit, second_factor.new_seed(), WRONG_CODE)
    visit.count(("codes of an account", f"setting {account.id}"))
    if asks and not accounts.knows_password(account, visit.form.get("current", "")):
        return _setting_up(visit, seed, WRONG_PASSWORD)
    codes = second_factor.begin(account, seed, visit.form.get("code", ""), replace=asks)
    if codes is None:
        return _setting_up(visit, seed, WRONG_CODE)
    visit.begin(account, complete=True)
    return visit.page("recovery_codes.html", codes=codes, next=visit.next)


def _setting_up(visit: Visit, seed: str, error: str = "") -> Response:
    secret = second_factor.secret(visit.account, seed)
    picture = segno.make(second_factor.address(visit.account, seed), error="m", micro=False)
    context: dict[str, Any] = {
        "seed": seed,
        "picture": picture.svg_data_uri(scale=5, light="#fff", border=4),
        "secret": " ".join(secret[place : place + 4] for place in range(0, len(secret), 4)),
        "asks_password": visit.is_in,
        "next": visit.next,
        "error": error,
    }
    return visit.page("second_step.html", 422 if error else 200, **context)


routes = [
    route(ACCOUNT, overview, "GET", "POST"),
    route("/portal/account/mail", choose_notices, "POST", roles=(accounts.DECAAN,)),
    route("/portal/wachtwoord", password, "GET", "POST"),
    route(SET_SECOND_STEP, set_second_step, "GET", "POST", login=False),
]
