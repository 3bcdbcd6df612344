"""Errors as problem documents (RFC 9457) with a Dutch `detail` that a pupil can read."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Optional

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

DETAILS = {
    400: "Je bericht kwam niet goed over. Probeer het nog eens.",
    401: "Dit gesprek is afgelopen. Begin een nieuw gesprek, dan help ik je weer verder.",
    403: "Deze website mag de chat niet gebruiken. De beheerder van de chat kan dat aanzetten.",
    404: "Wat je zoekt, is hier niet.",
    405: "Dat kan hier niet.",
    413: "Je bericht is te groot. Maak het korter, dan kan ik het lezen.",
    415: "Je bericht kwam niet goed over, want het is geen JSON.",
    429: "Dat gaat even te snel. Wacht een paar tellen en probeer het dan nog eens.",
    500: "Er ging iets mis aan mijn kant. Probeer het straks nog eens.",
    503: "Ik kan nu even geen antwoord geven. Probeer het over een paar tellen nog eens.",
}


class Problem(Exception):
    """A request that is refused or cannot be answered: becomes a problem document."""

    def __init__(self, status: int, detail: str = "", headers: Optional[Mapping[str, str]] = None) -> None:
        super().__init__(status)
        self.status = status
        self.detail = detail
        self.headers = headers


def problem(status: int, detail: str = "", headers: Optional[Mapping[str, str]] = None, **more: Any) -> JSONResponse:
    """The document: type, title, status, detail, and members of your own."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or DETAILS.get(status, DETAILS[400 if status < 500 else 500]),
        **more,
    }
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def on_problem(request: Request, error: Exception) -> Response:
    """Answers a Problem raised in a view."""
    assert isinstance(error, Problem)
    return problem(error.status, error.detail, error.headers)


def on_http_exception(request: Request, error: Exception) -> Response:
    """Answers what Starlette itself refuses: a problem document in the API, a line of text elsewhere."""
    assert isinstance(error, HTTPException)
    if request.url.path.startswith("/api/"):
        return problem(error.status_code, headers=error.headers)
    detail = DETAILS.get(error.status_code, DETAILS[400])
    return PlainTextResponse(detail + "\n", error.status_code, error.headers)
