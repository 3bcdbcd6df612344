"""/portal/school: the away message of each school of a decaan."""

from datetime import date, timedelta
from typing import Any, Optional

from starlette.responses import Response

from bot import clock
from bot.accounts.accounts import DECAAN
from bot.handoff.away import LONGEST_TEXT, Away, AwayMessages
from bot.handoff.inbox import NotFound, Stale
from bot.knowledge import school_name
from bot.knowledge.calendar import dutch_date
from web.portal.door import Refusal, Visit, route

SCHOOL = "/portal/school"
LONGEST_AWAY = timedelta(days=366)

DONE = {
    "bewaard": "Het afwezigheidsbericht is bewaard.",
    "verwijderd": "Het afwezigheidsbericht is verwijderd.",
}
"""What is said after something was done, by the word for it in the address."""
GONE = "Deze school hoort niet bij je account."
NO_DAYS = "Vul bij Van en Tot en met een dag in."
WRONG_DAYS = "De dag bij Tot en met ligt voor de dag bij Van."
PAST = "De dag bij Tot en met is al voorbij."
FAR = "Kies dagen in het komende jaar."
NO_TEXT = "Typ eerst je bericht aan de leerlingen."
LONG_TEXT = f"Dit bericht is langer dan {LONGEST_TEXT} tekens. Maak het korter."
STALE = "Een collega heeft dit bericht intussen veranderd. Er is nog niets gedaan. Kijk eerst wat er nu staat."


class Wrong(Exception):
    """A form that cannot be done like this; the text is a sentence for who sent it."""


def overview(visit: Visit) -> Response:
    """GET /portal/school: what pupils of each school read, and a form for it."""
    return _page(visit, note=DONE.get(visit.request.query_params.get("melding", ""), ""))


def save(visit: Visit) -> Response:
    """POST /portal/school: sets the away message of a school."""
    try:
        _messages(visit).save(visit.form.get("school", ""), _checked(visit), visit.form.get("seen", ""))
    except Wrong as error:
        return _page(visit, 422, error=str(error))
    except Stale:
        return _page(visit, 409, error=STALE)
    except NotFound:
        raise Refusal(404, "Niet gevonden", GONE) from None
    return visit.to(f"{SCHOOL}?melding=bewaard")


def delete(visit: Visit) -> Response:
    """GET and POST /portal/school/verwijderen: takes the message of a school away, after a second question."""
    school = (visit.form if visit.is_post else visit.request.query_params).get("school", "")
    message = _messages(visit).all().get(school)
    if message is None:
        return visit.to(SCHOOL)
    if visit.is_post:
        try:
            _messages(visit).delete(school, visit.form.get("seen", ""))
            return visit.to(f"{SCHOOL}?melding=verwijderd")
        except Stale:
            return _ask(visit, school, message, 409, STALE)
    return _ask(visit, school, message)


def _page(visit: Visit, status: int = 200, **context: Any) -> Response:
    found = _messages(visit).all()
    schools = [_shown(visit, id, found.get(id)) for id in sorted(visit.account.schools)]
    last = clock.today() + LONGEST_AWAY
    return visit.page(
        "school.html", status, schools=schools, url=SCHOOL, longest=LONGEST_TEXT, last=last.isoformat(), **context
    )


def _ask(visit: Visit, school: str, message: Away, status: int = 200, error: str = "") -> Response:
    return visit.page(
        "school_delete.html",
        status,
        error=error,
        school=school,
        name=school_name(school),
        message=message,
        url=SCHOOL,
    )


def _shown(visit: Visit, school: str, message: Optional[Away]) -> dict[str, Any]:
    """What the page shows of a school; in the fields stands what was typed, or else what there is."""
    typed: Any = {}
    if visit.is_post and visit.form.get("school") == school:
        typed = visit.form
    elif message:
        typed = {"since": message.since.isoformat(), "until": message.until.isoformat(), "text": message.text}
    return {
        "id": school,
        "name": school_name(school),
        "message": message,
        "days": f"{dutch_date(message.since)} tot en met {dutch_date(message.until)}" if message else "",
        "is_now": message is not None and message.since <= clock.today(),
        "typed": typed,
        "is_wrong": visit.is_post and visit.form.get("school") == school,
    }


def _checked(visit: Visit) -> Away:
    """The message of the form. Raises Wrong."""
    text = " ".join(visit.form.get("text", "").split())
    today = clock.today()
    try:
        since, until = (date.fromisoformat(visit.form.get(name, "")) for name in ("since", "until"))
    except ValueError:
        raise Wrong(NO_DAYS) from None
    if until < since:
        raise Wrong(WRONG_DAYS)
    if until < today:
        raise Wrong(PAST)
    if max(until - today, today - since) > LONGEST_AWAY:
        raise Wrong(FAR)
    if not text or len(text) > LONGEST_TEXT:
        raise Wrong(LONG_TEXT if text else NO_TEXT)
    return Away(since, until, text)


def _messages(visit: Visit) -> AwayMessages:
    return AwayMessages(visit.account.id, visit.account.schools)


routes = [
    route(SCHOOL, overview, "GET", roles=(DECAAN,)),
    route(SCHOOL, save, "POST", roles=(DECAAN,)),
    route(f"{SCHOOL}/verwijderen", delete, "GET", "POST", roles=(DECAAN,)),
]
