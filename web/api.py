"""The public chat API. The contract is openapi.yml."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Optional
from weakref import WeakValueDictionary

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot import clock, knowledge
from bot.handoff.codes import is_typed_code
from bot.knowledge.models import School
from bot.monitoring import feedback, visits
from bot.settings import settings
from bot.storage.conversations import Conversations, Message, Opened, Reply, expiry
from bot.storage.database import DatabaseDown
from bot.storage.lease import lease
from web.code_typed import HIDDEN_CODE, code_typed
from web.distress import helplines
from web.events import EventsResponse, Hub, as_json
from web.limits import MESSAGES, SESSIONS, Limits, Rush, address, refused
from web.problems import Problem
from web.rasa import Rasa, RasaFailed, is_blank
from web.tokens import BadToken, Tokens

LARGEST_BODY = 4096  # bytes
LONGEST_TEXT = 1000  # characters
MESSAGE_ID = re.compile(r"[0-9a-f]{1,32}")
CHOICE_ID = re.compile(r"[\w-]{1,64}", re.ASCII)
REQUEST_KEY = re.compile(r"[!-~]{1,64}")

EMPTY = "Ik zie nog geen vraag. Typ een paar woorden, dan denk ik met je mee."
TOO_LONG = f"Je bericht is langer dan {LONGEST_TEXT} tekens. Maak het korter, dan kan ik het lezen."
ONE_OF_TWO = "Stuur een tekst of een knop: precies een van de 2."
OLD_CHOICE = "Deze knop hoort niet bij dit gesprek of is er niet meer. Typ gerust wat je wilt weten."
STREAMS_TAKEN = "Dit gesprek staat al op te veel plekken open. Sluit een van die pagina's en probeer het dan nog eens."
NOT_DELETED = "Wissen lukt nu even niet, dus je gesprek is er nog. Probeer het over een minuut nog eens."
NO_ANSWER = "Dit antwoord hoort niet bij dit gesprek, of je kunt er niets over zeggen."
NOT_RATED = "Dat is nu niet gelukt, dus ik heb niets bewaard. Probeer het over een paar tellen nog eens."
NOT_READ = "Ik kan je gesprek nu even niet ophalen. Het is niet weg, dus probeer het straks nog eens."


@dataclass
class Services:
    """What the views need; one for an app."""

    conversations: Conversations
    tokens: Tokens
    limits: Limits
    rasa: Rasa
    greeting: Callable[[], list[Reply]]
    rush: Rush = field(default_factory=Rush)
    hub: Hub = field(default_factory=Hub)
    locks: "WeakValueDictionary[str, asyncio.Lock]" = field(default_factory=WeakValueDictionary)
    making_pdf: asyncio.Lock = field(default_factory=asyncio.Lock)
    portal_turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(4))

    def lock(self, conversation_id: str) -> AbstractAsyncContextManager[None]:
        """One turn at a time in a conversation; with Redis, over all web processes."""
        here = self.locks.setdefault(conversation_id, asyncio.Lock())
        return _everywhere(here, conversation_id) if settings().redis_url else here


@asynccontextmanager
async def _everywhere(here: asyncio.Lock, conversation_id: str) -> AsyncIterator[None]:
    async with here, lease("web", conversation_id):
        yield


def services(request: Request) -> Services:
    """The services of the app that got this request."""
    found = request.app.state.services
    assert isinstance(found, Services)
    return found


async def start_session(request: Request) -> Response:
    """POST /api/sessions: a new conversation that begins with the greeting, at a school when the page says so."""
    lobke = services(request)
    lobke.limits.count(("sessions of an address", address(request)))
    school = known_school(await read_object(request, {"school"}, may_be_empty=True))
    greeting = await run_in_threadpool(lobke.greeting)
    conversation_id, token = lobke.tokens.new()
    messages = await run_in_threadpool(lobke.conversations.begin, conversation_id, greeting, school)
    shown = {"token": token, "expires_at": expiry(clock.now()).isoformat(), **_shown(messages)}
    return JSONResponse(shown, 201)


async def view(request: Request) -> Response:
    """POST /api/views: the chat stands on a page somebody looks at. It is counted, and leads to nobody."""
    services(request).limits.count(("views of an address", address(request)))
    school = known_school(await read_object(request, {"school"}, may_be_empty=True))
    await run_in_threadpool(visits.seen, address(request), request.headers.get("user-agent", ""), school)
    return Response(status_code=204)


async def messages(request: Request) -> Response:
    """GET and POST /api/messages."""
    return await (say(request) if request.method == "POST" else transcript(request))


async def say(request: Request) -> Response:
    """POST /api/messages: the pupil's text or choice, with the replies to it."""
    lobke = services(request)
    conversation_id, started_at = signed(request)
    lobke.limits.count(("messages of a token", conversation_id), ("messages of an address", address(request)))
    body = await read_object(request, {"text", "choice"})
    text, choice_id = said(body)
    key = request_key(request)
    lock = lobke.lock(conversation_id)
    async with lock:
        opened = lobke.conversations.recall(conversation_id, key, text, choice_id)
        if opened is None:
            opened = await run_in_threadpool(_open, lobke, conversation_id, started_at, key, choice_id, text)
        if not opened.is_open:
            raise ended_problem()
        if opened.repeated:
            return JSONResponse(_shown(opened.repeated))
        try:
            if text and is_typed_code(text):
                text, replies = HIDDEN_CODE, await run_in_threadpool(code_typed)
            elif opened.choice:
                text = text or opened.choice.label
                replies = await lobke.rasa.choose(conversation_id, opened.choice, opened.school, key)
            else:
                replies = await lobke.rasa.say(conversation_id, text, opened.school, key)
        except RasaFailed as error:
            replies = [] if choice_id else await run_in_threadpool(helplines, text)
            if not replies:
                raise Problem(503, headers={"Retry-After": "5"}) from error
        stored = await run_in_threadpool(lobke.conversations.add, conversation_id, replies, text, key)
    return JSONResponse(_shown(stored), background=BackgroundTask(lobke.hub.tell, conversation_id, stored))


def _open(
    lobke: Services, conversation_id: str, started_at: datetime, key: Optional[str], choice_id: Optional[str], text: str
) -> Opened:
    """The conversation, with the choice that was pressed, or typed by its label.

    Raises a Problem: 404 when the conversation has no such choice, 503.
    """
    opened = lobke.conversations.open(conversation_id, started_at, key, text)
    if choice_id is None or opened.repeated or not opened.is_open:
        return opened
    try:
        choice = lobke.conversations.choice(conversation_id, choice_id)
    except DatabaseDown as error:
        raise Problem(503, headers={"Retry-After": "5"}) from error
    if choice is None:
        raise Problem(404, OLD_CHOICE)
    return replace(opened, choice=choice)


async def transcript(request: Request) -> Response:
    """GET /api/messages: the conversation, or what came after the message `after`."""
    lobke = services(request)
    conversation_id = await reader(request)
    after = message_id_of(request.query_params.get("after", ""))
    try:
        found, votes = await run_in_threadpool(_read, lobke, conversation_id, after)
    except DatabaseDown as error:
        raise Problem(503, NOT_READ, {"Retry-After": "5"}) from error
    return JSONResponse(_shown(found, votes))


def _read(lobke: Services, conversation_id: str, after: str) -> tuple[list[Message], dict[str, bool]]:
    """The messages after this one, and what the pupil said of answers among them. Raises DatabaseDown."""
    found = lobke.conversations.messages(conversation_id, after)
    return found, feedback.votes(conversation_id, [message.id for message in found if message.about])


async def rate(request: Request) -> Response:
    """POST /api/feedback: whether an answer helped the pupil; null takes back what she said."""
    lobke = services(request)
    conversation_id, started_at = signed(request)
    lobke.limits.count(("votes of a token", conversation_id), ("messages of an address", address(request)))
    message_id, helpful = rating(await read_object(request, {"message", "helpful"}))
    try:
        await run_in_threadpool(_vote, lobke, conversation_id, started_at, message_id, helpful)
    except DatabaseDown as error:
        raise Problem(503, NOT_RATED, {"Retry-After": "5"}) from error
    return Response(status_code=204)


def _vote(
    lobke: Services, conversation_id: str, started_at: datetime, message_id: str, helpful: Optional[bool]
) -> None:
    """Keeps the vote. Raises a Problem, 401 or 404, and DatabaseDown."""
    opened = lobke.conversations.open(conversation_id, started_at)
    if not opened.is_open:
        raise ended_problem()
    message = lobke.conversations.message(conversation_id, message_id)
    if message is None or not message.about:
        raise Problem(404, NO_ANSWER)
    feedback.vote(conversation_id, message_id, message.about, helpful, opened.school)


async def events(request: Request) -> Response:
    """GET /api/events: new messages as server-sent events."""
    lobke = services(request)
    conversation_id = await reader(request)
    _, started_at = signed(request)
    after = request.headers.get("last-event-id") or request.query_params.get("after", "")
    try:
        return EventsResponse(lobke.hub, lobke.conversations, conversation_id, started_at, message_id_of(after))
    except OverflowError:
        refused.labels("streams of a conversation").inc()
        raise Problem(429, STREAMS_TAKEN, {"Retry-After": "30"}) from None


async def end_session(request: Request) -> Response:
    """DELETE /api/session: the conversation is gone everywhere."""
    lobke = services(request)
    conversation_id = await reader(request)
    lock = lobke.lock(conversation_id)
    async with lock:
        try:
            await run_in_threadpool(lobke.conversations.forget, conversation_id)
        except DatabaseDown as error:
            raise Problem(503, NOT_DELETED, {"Retry-After": "60"}) from error
    await lobke.hub.tell(conversation_id, ended=True)
    return Response(status_code=204)


def signed(request: Request) -> tuple[str, datetime]:
    """The conversation id in the bearer token and when it was made. Raises a 401 Problem."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise ended_problem()
    try:
        return services(request).tokens.read(token.strip())
    except BadToken:
        raise ended_problem() from None


def ended_problem() -> Problem:
    """For a token that opens nothing; it does not say why."""
    return Problem(401, headers={"WWW-Authenticate": 'Bearer realm="Lobke"'})


async def reader(request: Request) -> str:
    """The id of the open conversation that this request may read or delete. Raises a 401 or 429 Problem."""
    lobke = services(request)
    conversation_id, started_at = signed(request)
    lobke.limits.count(("reading with a token", conversation_id))
    if not await run_in_threadpool(lobke.conversations.is_open, conversation_id, started_at):
        raise ended_problem()
    return conversation_id


def said(body: dict[str, Any]) -> tuple[str, Optional[str]]:
    """The text, or "" and the id of the choice. Raises a 422 Problem."""
    if len(body) != 1:
        raise Problem(422, ONE_OF_TWO)
    value = next(iter(body.values()))
    if not isinstance(value, str):
        raise Problem(422, ONE_OF_TWO)
    if "choice" in body:
        if not CHOICE_ID.fullmatch(value):
            raise Problem(422, OLD_CHOICE)
        return "", value
    if is_blank(value):
        raise Problem(422, EMPTY)
    if len(value) > LONGEST_TEXT:
        raise Problem(422, TOO_LONG)
    return value, None


def rating(body: dict[str, Any]) -> tuple[str, Optional[bool]]:
    """The id of the message, and whether it helped. Raises a 422 Problem."""
    message_id, helpful = body.get("message"), body.get("helpful")
    if "helpful" not in body or not (helpful is None or isinstance(helpful, bool)):
        raise Problem(422)
    if not isinstance(message_id, str) or not MESSAGE_ID.fullmatch(message_id):
        raise Problem(422)
    return message_id, helpful


def known_school(body: dict[str, Any]) -> Optional[str]:
    """The id of the school in the body; None without one, and for one that nobody knows. Raises a 422 Problem."""
    id = body.get("school", "")
    if not isinstance(id, str):
        raise Problem(422)
    return id if isinstance(knowledge.current().get(f"school:{id}"), School) else None


def request_key(request: Request) -> Optional[str]:
    """The Idempotency-Key, None without one. Raises a 422 Problem for one that is too long or has odd characters."""
    key = request.headers.get("idempotency-key")
    if key is not None and not REQUEST_KEY.fullmatch(key):
        raise Problem(422)
    return key


def message_id_of(value: str) -> str:
    """A message id that the client sent, "" for none. Raises a 422 Problem for what cannot be one."""
    if value and not MESSAGE_ID.fullmatch(value):
        raise Problem(422)
    return value


async def read_object(request: Request, fields: set[str], may_be_empty: bool = False) -> dict[str, Any]:
    """The JSON object in the body, with no other fields than these.

    Raises a Problem: 413 over 4 KB, however it is sent; 415 unless it is JSON; 400 when it cannot be read; 422.
    """
    body = await read_body(request)
    if may_be_empty and not body:
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Problem(415)
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Problem(400) from None
    if not isinstance(found, dict) or not found.keys() <= fields:
        raise Problem(422)
    return found


async def read_body(request: Request, largest: int = LARGEST_BODY) -> bytes:
    """The body.

    Raises a Problem: 413 as soon as it is known to have more than `largest` bytes, 400 when the client hangs up.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > largest:
        raise Problem(413)
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > largest:
                raise Problem(413)
    except ClientDisconnect:
        raise Problem(400) from None
    return body


def _shown(found: list[Message], votes: Optional[dict[str, bool]] = None) -> dict[str, Any]:
    return {"messages": [as_json(message, (votes or {}).get(message.id)) for message in found]}


def route(path: str, view: Callable[..., Any], *methods: str) -> BaseRoute:
    """A route of the contract."""
    found = Route(path, view, methods=list(methods))
    found.methods = set(methods)  # without the HEAD that Starlette adds: the contract has none
    return found


routes = [
    route(SESSIONS, start_session, "POST"),
    route("/api/views", view, "POST"),
    route(MESSAGES, messages, "GET", "POST"),
    route("/api/feedback", rate, "POST"),
    route("/api/events", events, "GET"),
    route("/api/session", end_session, "DELETE"),
]
