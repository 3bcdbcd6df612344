"""Accounts of staff, for beheer: who there is, inviting, changing, switching off and deleting."""

from datetime import datetime
from typing import Any, Optional

from starlette.responses import Response

from bot import knowledge
from bot.accounts import accounts, invitations
from bot.accounts.accounts import BEHEER, DECAAN, ROLES, Account, Refused
from bot.knowledge.calendar import dutch_moment
from bot.knowledge.models import School
from bot.notices.outbox import invite_by_mail
from bot.settings import settings
from web.portal.door import ACCOUNTS, Refusal, Visit, route

NEW = f"{ACCOUNTS}/nieuw"
ROLE_NAMES = {
    "decaan": "Decaan: leest en beantwoordt vragen van leerlingen",
    "redactie": "Redactie: houdt bij wat Lobke weet",
    "beheer": "Beheer: regelt accounts en leest het logboek",
}
UNKNOWN = "Dit account is er niet meer."
NOTES = {
    "bewaard": "De gegevens zijn bewaard.",
    "uitgezet": "Het account staat uit. Met een nieuwe link gaat het weer aan.",
    "verwijderd": "Het account is verwijderd.",
}


def overview(visit: Visit) -> Response:
    """GET /portal/accounts: everybody."""
    logins = accounts.last_logins()
    everyone = sorted(accounts.everyone(), key=lambda one: one.name.lower())
    note = NOTES.get(visit.request.query_params.get("melding", ""), "")
    return visit.page("accounts.html", note=note, accounts=[_row(one, logins.get(one.id)) for one in everyone])


def new(visit: Visit) -> Response:
    """A new account, with the link of its invitation."""
    if not visit.is_post:
        return visit.page("account_new.html", form={}, **_choices())
    form = visit.form
    try:
        made = accounts.add(form.get("email", ""), _role(visit), _schools(visit), _name(visit), by=visit.account)
    except Refused as error:
        return visit.page("account_new.html", 422, form=form, error=str(error), **_choices())
    return _invited(visit, made)


def one(visit: Visit) -> Response:
    """One account; a form changes its name, role and schools."""
    account = _account(visit)
    if not visit.is_post:
        return _page(visit, account)
    try:
        accounts.change(account, _name(visit), _role(visit), _schools(visit), by=visit.account)
    except Refused as error:
        return _page(visit, account, str(error), visit.form)
    return visit.to(f"{ACCOUNTS}?melding=bewaard")


def invite(visit: Visit) -> Response:
    """A new link for an account that is there."""
    return _invited(visit, _account(visit))


def disable(visit: Visit) -> Response:
    """From now on nobody logs in with this account."""
    account = _account(visit)
    try:
        accounts.disable(account.email, by=visit.account)
    except Refused as error:
        return _page(visit, account, str(error))
    return visit.to(f"{ACCOUNTS}?melding=uitgezet")


def remove(visit: Visit) -> Response:
    """Asks whether the account really has to go, and then deletes it."""
    account = _account(visit)
    if not visit.is_post:
        return visit.page("account_delete.html", other=account)
    try:
        accounts.remove(account, by=visit.account)
    except Refused as error:
        return _page(visit, account, str(error))
    return visit.to(f"{ACCOUNTS}?melding=verwijderd")


def _page(visit: Visit, account: Account, error: str = "", form: Any = None) -> Response:
    values = form or {
        "name": account.name,
        "role": account.role,
        **{f"school-{school}": "ja" for school in account.schools},
    }
    row = _row(account, accounts.last_logins().get(account.id))
    mine = account.id == visit.account.id
    context = {"row": row, "form": values, "mine": mine, "error": error, **_choices()}
    return visit.page("account_edit.html", 422 if error else 200, **context)


def _invited(visit: Visit, account: Account) -> Response:
    """Mails the link when Lobke sends mail, and otherwise shows it, once."""
    if settings().has_mail and visit.form.get("how") != "link":
        invite_by_mail(account, visit.account.id)
        return visit.page("account_link.html", other=account, link="", days=invitations.VALID_DAYS)
    link = f"{visit.origin_of_site}/portal/uitnodiging/{invitations.invite(account, by=visit.account)}"
    return visit.page("account_link.html", other=account, link=link, days=invitations.VALID_DAYS)


def _account(visit: Visit) -> Account:
    found = next((one for one in accounts.everyone() if one.id == visit.request.path_params["id"]), None)
    if found is None:
        raise Refusal(404, "Niet gevonden", UNKNOWN)
    return found


def _name(visit: Visit) -> str:
    return " ".join(visit.form.get("name", "").split())


def _role(visit: Visit) -> str:
    return visit.form.get("role", "")


def _schools(visit: Visit) -> list[str]:
    """The schools that are ticked; only a decaan has them."""
    ticked = [str(school.id) for school in knowledge.current().all(School) if f"school-{school.id}" in visit.form]
    return ticked if _role(visit) == DECAAN else []


def _choices() -> dict[str, Any]:
    """The roles, and the schools that pupils of Lobke are at, by name."""
    schools = knowledge.schools_of_pupils()
    return {
        "roles": {role: ROLE_NAMES[role] for role in ROLES},
        "schools": {school.id: school.label for school in sorted(schools, key=lambda one: one.label)},
    }


def _row(account: Account, last: Optional[datetime]) -> dict[str, Any]:
    waits = not account.has_password and not account.has_other_login
    labels = [knowledge.current().get(f"school:{school}") for school in sorted(account.schools)]
    return {
        "url": f"{ACCOUNTS}/{account.id}",
        "name": account.name,
        "email": account.email,
        "role": account.role,
        "schools": [entry.label for entry in labels if entry],
        "state": "Uit" if account.disabled_at else "Uitgenodigd" if waits else "Actief",
        "disabled": bool(account.disabled_at),
        "second": "met tweede stap" if account.has_second_factor else "zonder tweede stap",
        "last": dutch_moment(last) if last else "",
    }


routes = [
    route(ACCOUNTS, overview, "GET", roles=(BEHEER,)),
    route(NEW, new, "GET", "POST", roles=(BEHEER,)),
    route(f"{ACCOUNTS}/{{id}}", one, "GET", "POST", roles=(BEHEER,)),
    route(f"{ACCOUNTS}/{{id}}/uitnodigen", invite, "POST", roles=(BEHEER,)),
    route(f"{ACCOUNTS}/{{id}}/uitzetten", disable, "POST", roles=(BEHEER,)),
    route(f"{ACCOUNTS}/{{id}}/verwijderen", remove, "GET", "POST", roles=(BEHEER,)),
]
