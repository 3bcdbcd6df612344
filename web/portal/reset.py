"""Who forgot her password gets a link by mail. It changes the password, and nothing else."""

from starlette.responses import Response

from bot.accounts import accounts, invitations
from bot.notices.outbox import ask_reset
from bot.settings import settings
from web.limits import address
from web.portal.door import FORGOTTEN, Refusal, Visit, route
from web.portal.login import by_link

NO_MAIL = "Lobke kan hier geen mail sturen. Vraag de beheerder van Lobke om een nieuwe link."
NO_ADDRESS = "Dit is geen e-mailadres. Kijk of er een @ en een punt in staan."
OLD_LINK = "Deze link is gebruikt, of ouder dan een uur. Vraag een nieuwe aan."


def ask(visit: Visit) -> Response:
    """Asks for the e-mail address, and says the same whether there is an account or not."""
    if not settings().has_mail:
        raise Refusal(404, "Geen mail", NO_MAIL)
    if not visit.is_post:
        return visit.page("forgotten.html")
    email = accounts.normal(visit.form.get("email", ""))[: accounts.LONGEST_EMAIL]
    if not accounts.EMAIL.fullmatch(email):
        return visit.page("forgotten.html", 422, email=email, error=NO_ADDRESS)
    visit.count(
        ("forgotten passwords of an address", address(visit.request)),
        ("forgotten passwords of an account", f"{visit.origin(email)} {email}"),
    )
    ask_reset(email)
    return visit.page("forgotten_sent.html", email=email)


def choose(visit: Visit) -> Response:
    """Another password, with the link from the mail."""
    return by_link(visit, "wachtwoord", "reset.html", invitations.reset, OLD_LINK)


routes = [
    route(FORGOTTEN, ask, "GET", "POST", login=False),
    route(f"{FORGOTTEN}/{{token}}", choose, "GET", "POST", login=False),
]
