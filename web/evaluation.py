"""/evaluatie/CODE: somebody says what an activity was like, without a login, a name or a cookie."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.evaluation.evaluations import AUDIENCES, LONGEST_TEXT, Form, answer, find, questions
from bot.knowledge.calendar import dutch_date
from bot.storage.database import DatabaseDown
from web import distress
from web.answer import help_card
from web.api import services
from web.documents import NOT_NOW, PRIVATE, NotShown, count_page
from web.limits import address, wait_of
from web.pages import templates
from web.portal.door import Refusal, read_form
from web.problems import DETAILS, Problem

PAGE = "/evaluatie"
LONGEST_KEY = 64

UNKNOWN = "Deze vragen ken ik niet"
WHY_UNKNOWN = "Kijk goed of elk teken van het adres klopt. Of scan de code nog een keer."
ENDED = {
    "dicht": ("Deze vragen zijn gesloten", "Je kunt hier niets meer invullen. Dank dat je het wilde doen."),
    "voorbij": ("Deze vragen zijn voorbij", "De activiteit is te lang geleden. Dank dat je het wilde doen."),
    "vol": (
        "Er zijn genoeg antwoorden",
        "Heel veel mensen vulden dit al in, dus er past niets meer bij. Toch bedankt!",
    ),
}
"""Why a form that is there cannot be filled in: title and text."""
MISSING = "Er is nog niets verstuurd. Kies bij elke vraag een antwoord."
TOO_LONG = "Er is nog niets verstuurd. Je tekst heeft {now} tekens. Probeer het in hoogstens {most}."
BUSY = "Ik kan er nu even niet bij. Wat je invulde, staat er nog. Probeer het over een minuut nog eens."
TOO_MANY = "Hier vullen veel mensen tegelijk iets in. Wacht {wait}, ga dan terug en verstuur het nog eens."
DONE = ("ja", "hulp")
"""In the address after sending; the second when the text showed distress."""


async def page(request: Request) -> Response:
    """GET /evaluatie/CODE: the questions, or thanks when they were just answered."""
    count_page(request)
    return await run_in_threadpool(_show, request)


async def send(request: Request) -> Response:
    """POST /evaluatie/CODE: keeps the answers. The key in the form makes that it is kept once."""
    count_page(request)
    try:
        sent = await read_form(request)
    except (Refusal, Problem) as error:
        raise NotShown(error.status, NOT_NOW, DETAILS[400]) from None
    try:
        services(request).limits.count(("evaluations of an address", address(request)))
    except Problem as error:
        raise NotShown(429, "Even wachten", TOO_MANY.format(wait=wait_of(error)), dict(error.headers or {})) from None
    return await run_in_threadpool(_keep, request, sent)


def _show(request: Request) -> Response:
    try:
        found = find(request.path_params["code"])
    except DatabaseDown:
        raise NotShown(503, NOT_NOW, "Probeer het over een minuut nog eens.", {"Retry-After": "60"}) from None
    done = request.query_params.get("gedaan", "")
    if found and done in DONE:
        help = help_card() if done == "hulp" else None
        return _page("evaluation_done.html", 200, form=found, help=help)
    return _questions(_open(found), {})


def _keep(request: Request, sent: Mapping[str, str]) -> Response:
    code, text = request.path_params["code"], sent.get("text", "").replace("\r\n", "\n").strip()
    try:
        found = find(code)
        asked = questions(_open(found).audience).vragen
        chosen = {str(vraag.id): sent.get(f"vraag-{vraag.id}", "") for vraag in asked}
        missing = [vraag.id for vraag in asked if chosen[vraag.id] not in [one.id for one in vraag.antwoorden]]
        if missing:
            return _questions(found, sent, 422, MISSING, missing)
        if len(text) > LONGEST_TEXT:
            return _questions(found, sent, 422, TOO_LONG.format(now=len(text), most=LONGEST_TEXT))
        assert found
        key = sent.get("key", "")[:LONGEST_KEY] or secrets.token_hex(16)
        if not answer(found.code, key, chosen, text):
            return _show(request)
    except DatabaseDown:
        return _questions(None, sent, 503, BUSY)
    done = "hulp" if distress.helplines(text) else "ja"
    return RedirectResponse(f"{PAGE}/{found.code}?gedaan={done}", 303, PRIVATE)


def _open(found: Optional[Form]) -> Form:
    """The form when it can be filled in. Raises NotShown."""
    if found is None:
        raise NotShown(404, UNKNOWN, WHY_UNKNOWN)
    if found.state != "open":
        raise NotShown(410, *ENDED[found.state])
    return found


def _questions(
    found: Optional[Form],
    sent: Mapping[str, str],
    status: int = 200,
    error: str = "",
    missing: Sequence[str] = (),
) -> Response:
    """The page with the questions, filled in with what was sent; without the form as far as that is known."""
    audience = found.audience if found else sent.get("voor", "")
    if audience not in AUDIENCES:
        raise NotShown(503, NOT_NOW, BUSY, {"Retry-After": "60"})
    return _page(
        "evaluation.html",
        status,
        form=found,
        audience=audience,
        asked=questions(audience),
        sent=sent,
        key=sent.get("key") or secrets.token_hex(16),
        error=error,
        missing=missing,
        most=LONGEST_TEXT,
    )


def _page(template: str, status: int, form: Optional[Form], **context: Any) -> Response:
    day = dutch_date(form.day) if form else ""
    return HTMLResponse(templates.get_template(template).render(form=form, day=day, **context), status, PRIVATE)


routes: list[BaseRoute] = [
    Route(f"{PAGE}/{{code}}", page),
    Route(f"{PAGE}/{{code}}", send, methods=["POST"]),
]
