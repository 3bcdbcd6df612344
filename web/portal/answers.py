"""/portal/antwoorden: the canned answers of a decaan and of her schools."""

from typing import Any, Optional
from uuid import uuid4

from starlette.responses import Response

from bot.accounts.accounts import DECAAN
from bot.handoff.canned import (
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST,
    VARIABLES,
    Canned,
    CannedAnswers,
    Full,
    unknown_variables,
)
from bot.handoff.inbox import NotFound, Stale
from bot.knowledge import school_name
from web.api import REQUEST_KEY
from web.portal.door import Refusal, Visit, route
from web.portal.inbox import number_of

ANSWERS = "/portal/antwoorden"
NEW = f"{ANSWERS}/nieuw"

DONE = {
    "bewaard": "Je antwoord is bewaard.",
    "veranderd": "Het antwoord is veranderd.",
    "verwijderd": "Het antwoord is verwijderd.",
}
"""What is said after something was done, by the word for it in the address."""
GONE = "Dit antwoord is er niet meer, of hoort bij een andere school."
NO_TITLE = "Geef het antwoord een titel. Daaraan herken je het in de lijst."
LONG_TITLE = f"Deze titel is langer dan {LONGEST_TITLE} tekens. Maak hem korter."
NO_TEXT = "Typ eerst de tekst van het antwoord."
LONG_TEXT = f"Deze tekst is langer dan {LONGEST_TEXT} tekens. Maak hem korter."
UNKNOWN = "{names} ken ik niet. Je kunt dit gebruiken: {known}. Let op de kleine letters."
FULL = f"Er zijn al {MOST} antwoorden. Verwijder er eerst een die je niet meer gebruikt."
ALREADY = "Vanaf deze pagina is al een ander antwoord bewaard. Wil je dit ook bewaren? Verstuur het dan opnieuw."
STALE = "Een collega heeft dit antwoord intussen veranderd. Er is nog niets gedaan. Kijk eerst wat er nu staat."
KNOWN = ", ".join(f"{{{name}}}" for name in VARIABLES)


class Wrong(Exception):
    """A form that cannot be done like this; the text is a sentence for who sent it."""


def overview(visit: Visit) -> Response:
    """GET /portal/antwoorden: her own answers and those of each school."""
    found = _answers(visit).all()
    groups = [("Alleen van jou", [answer for answer in found if answer.school is None])]
    for school in sorted(visit.account.schools):
        groups.append((f"Van {school_name(school)}", [answer for answer in found if answer.school == school]))
    note = DONE.get(visit.request.query_params.get("melding", ""), "")
    return visit.page("canned.html", note=note, groups=groups, url=ANSWERS)


def new(visit: Visit) -> Response:
    """GET and POST /portal/antwoorden/nieuw: another answer, for herself or for a school."""
    if not visit.is_post:
        return _form(visit)
    key, school = visit.form.get("key", ""), visit.form.get("school") or None
    try:
        title, text = _checked(visit)
        if not REQUEST_KEY.fullmatch(key):
            raise Wrong(ALREADY)
        if not _answers(visit).add(key, title, text, school) and not _is_there(visit, title, text, school):
            return _form(visit, 422, ALREADY)
    except (Wrong, Full) as error:
        return _form(visit, 422, FULL if isinstance(error, Full) else str(error), key=key)
    except NotFound:
        raise Refusal(404, "Niet gevonden", GONE) from None
    return visit.to(f"{ANSWERS}?melding=bewaard")


def change(visit: Visit) -> Response:
    """GET and POST /portal/antwoorden/ID: another title or text."""
    answer = _found(visit)
    if not visit.is_post:
        return _form(visit, answer=answer)
    try:
        _answers(visit).change(answer.id, number_of(visit.form.get("version", "")), *_checked(visit))
    except Wrong as error:
        return _form(visit, 422, str(error), answer, version=number_of(visit.form.get("version", "")))
    except Stale:
        return _form(visit, 409, STALE, answer, now=answer)
    except NotFound:
        raise Refusal(404, "Niet gevonden", GONE) from None
    return visit.to(f"{ANSWERS}?melding=veranderd")


def delete(visit: Visit) -> Response:
    """GET and POST /portal/antwoorden/ID/verwijderen: deletes it, after a second question."""
    answer = _found(visit)
    if not visit.is_post:
        return _ask(visit, answer)
    try:
        _answers(visit).delete(answer.id, number_of(visit.form.get("version", "")))
    except Stale:
        return _ask(visit, answer, 409, STALE)
    except NotFound:
        raise Refusal(404, "Niet gevonden", GONE) from None
    return visit.to(f"{ANSWERS}?melding=verwijderd")


def _form(
    visit: Visit, status: int = 200, error: str = "", answer: Optional[Canned] = None, key: str = "", **more: Any
) -> Response:
    """The form of an answer with what was typed, or else with what is there. `now`: what a colleague made of it."""
    typed = visit.form if visit.is_post else {"title": answer.title, "text": answer.text} if answer else {}
    context = {
        "answer": answer,
        "typed": typed,
        "key": key if REQUEST_KEY.fullmatch(key) else uuid4().hex,
        "version": answer.version if answer else 0,
        "schools": {id: school_name(id) for id in sorted(visit.account.schools)},
        "owner": _owner(answer.school) if answer else "",
        "url": ANSWERS,
        "known": KNOWN,
        "longest_title": LONGEST_TITLE,
        "longest_text": LONGEST_TEXT,
    }
    return visit.page("canned_form.html", status, error=error, **{**context, **more})


def _ask(visit: Visit, answer: Canned, status: int = 200, error: str = "") -> Response:
    return visit.page(
        "canned_delete.html", status, error=error, answer=answer, owner=_owner(answer.school), url=ANSWERS
    )


def _checked(visit: Visit) -> tuple[str, str]:
    """Title and text of the form. Raises Wrong."""
    title = " ".join(visit.form.get("title", "").split())
    text = visit.form.get("text", "").replace("\r\n", "\n").strip()
    unknown = [f"{{{name}}}" for name in unknown_variables(text)]
    if not title or len(title) > LONGEST_TITLE:
        raise Wrong(LONG_TITLE if title else NO_TITLE)
    if not text or len(text) > LONGEST_TEXT:
        raise Wrong(LONG_TEXT if text else NO_TEXT)
    if unknown:
        raise Wrong(UNKNOWN.format(names=" en ".join(unknown), known=KNOWN))
    return title, text


def _is_there(visit: Visit, title: str, text: str, school: Optional[str]) -> bool:
    found = _answers(visit).all()
    return any((answer.title, answer.text, answer.school) == (title, text, school) for answer in found)


def _found(visit: Visit) -> Canned:
    try:
        return _answers(visit).get(visit.request.path_params["id"])
    except NotFound:
        raise Refusal(404, "Niet gevonden", GONE) from None


def _answers(visit: Visit) -> CannedAnswers:
    return CannedAnswers(visit.account.id, visit.account.schools)


def _owner(school: Optional[str]) -> str:
    return f"alle decanen van {school_name(school)}" if school else "alleen jou"


routes = [
    route(ANSWERS, overview, "GET", roles=(DECAAN,)),
    route(NEW, new, "GET", "POST", roles=(DECAAN,)),
    route(f"{ANSWERS}/{{id}}", change, "GET", "POST", roles=(DECAAN,)),
    route(f"{ANSWERS}/{{id}}/verwijderen", delete, "GET", "POST", roles=(DECAAN,)),
]
