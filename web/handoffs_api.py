"""What a pupil does with a code in the widget. The contract is openapi.yml; the same as a page is web/answer.py.

The code comes in the body of every call and is kept nowhere, so every call is a guess that counts when it is wrong.
"""

import secrets
from collections.abc import Callable
from typing import Any, Optional

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from bot.handoff.codes import normalised
from bot.handoff.rules import Impossible
from bot.handoff.store import Handoffs, Message, Thread
from bot.storage.database import DatabaseDown
from web import distress
from web.answer import (
    BUSY,
    EMPTY,
    NOT_BACK,
    TOO_LONG,
    WRONG,
    count_message,
    guess,
    help_card,
    is_answered,
    school_name,
    summary,
)
from web.api import LONGEST_TEXT, read_object, request_key, route, services
from web.limits import address
from web.problems import Problem
from web.rasa import is_blank

View = Callable[[Request, str, dict[str, str]], Response]


def read(request: Request, code: str, body: dict[str, str]) -> Response:
    """POST /api/handoff: the thread."""
    return _shown(_found(guess(request, code)))


def write(request: Request, code: str, body: dict[str, str]) -> Response:
    """POST /api/handoff/messages: a message to the decaan, stored once for a key."""
    text = body["text"].replace("\r\n", "\n").strip()
    if is_blank(text):
        raise Problem(422, EMPTY)
    if len(text) > LONGEST_TEXT:
        raise Problem(422, TOO_LONG.format(now=len(text), most=LONGEST_TEXT))
    key = request_key(request) or secrets.token_hex(16)
    _found(guess(request, code))
    count_message(request, code)
    needs_help = bool(distress.helplines(text))
    return _shown(_found(_handoffs(request).write_back(code, key, text, urgent=needs_help)), needs_help)


def withdraw(request: Request, code: str, body: dict[str, str]) -> Response:
    """POST /api/handoff/withdraw: takes the message back."""
    _found(guess(request, code))
    try:
        return _shown(_found(_handoffs(request).withdraw(code)))
    except Impossible:
        raise Problem(409, NOT_BACK) from None


def delete(request: Request, code: str, body: dict[str, str]) -> Response:
    """POST /api/handoff/delete: deletes all that is kept."""
    _found(guess(request, code))
    _handoffs(request).delete(code)
    return Response(status_code=204)


def _handoffs(request: Request) -> Handoffs:
    return Handoffs(services(request).conversations.spool)


def _found(thread: Optional[Thread]) -> Thread:
    if thread is None:
        raise Problem(404, WRONG)
    return thread


def _shown(thread: Thread, needs_help: bool = False) -> Response:
    shown: dict[str, Any] = {
        "school": school_name(thread),
        "at": thread.created_at.isoformat(),
        "urgent": thread.urgent,
        "answered": is_answered(thread),
        "summary": summary(thread),
        "can_withdraw": thread.status != "afgerond",
        "messages": [_message(message) for message in thread.messages],
    }
    if thread.urgent or needs_help:
        shown["help"] = help_card()
    return JSONResponse({"handoff": shown})


def _message(message: Message) -> dict[str, str]:
    shown = {"from": message.sender, "at": message.at.isoformat(), "text": message.text}
    return {**shown, "name": message.author} if message.author else shown


def _route(path: str, view: View, *fields: str) -> BaseRoute:
    """A call with a code, and these other texts, in its body."""

    async def endpoint(request: Request) -> Response:
        services(request).limits.count(("pages of an address", address(request)))
        body = await read_object(request, {"code", *fields})
        if not all(isinstance(body.get(name), str) for name in ("code", *fields)):
            raise Problem(422)
        code = normalised(body["code"])
        if code is None:
            raise Problem(404, WRONG)
        try:
            return await run_in_threadpool(view, request, code, body)
        except DatabaseDown:
            raise Problem(503, BUSY, {"Retry-After": "60"}) from None

    return route(path, endpoint, "POST")


routes: list[BaseRoute] = [
    _route("/api/handoff", read),
    _route("/api/handoff/messages", write, "text"),
    _route("/api/handoff/withdraw", withdraw),
    _route("/api/handoff/delete", delete),
]
