"""The public web process: the chat API, the widget and the page."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot import logs
from bot.keys import derived_key
from bot.monitoring.figures import roll_up
from bot.notices.courier import Courier
from bot.privacy.retention import expire
from bot.settings import settings
from bot.storage.conversations import Conversations, Reply
from bot.storage.database import DatabaseDown, migrate
from bot.storage.spool import Spool
from web import answer, api, calendar, documents, evaluation, handoffs_api, metrics, pages, portal
from web.documents import NotShown, on_not_shown
from web.greeting import greeting
from web.limits import MESSAGES, SESSIONS, Limits, Rush
from web.portal.live import Watch
from web.problems import Problem, on_http_exception, on_problem, problem
from web.rasa import Rasa
from web.tokens import Tokens

log = structlog.get_logger()

RETENTION_SECONDS = 600.0
RETRY_SECONDS = 10.0
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
SECURITY = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Last-Event-ID",
    "Access-Control-Max-Age": "600",
}


def create_app(make_greeting: Callable[[], list[Reply]] = greeting, limits: Callable[[], Limits] = Limits) -> Starlette:
    """The application. It reads the settings when it starts, and answers when the database does not."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        spool = Spool(settings().spool_dir)
        async with Rasa() as rasa:
            app.state.services = api.Services(
                conversations=Conversations(spool),
                tokens=Tokens(derived_key("chat token")),
                limits=limits(),
                rasa=rasa,
                greeting=make_greeting,
            )
            app.state.watch = Watch()
            migrated = await run_in_threadpool(_try, migrate)
            spool.start()
            courier = Courier()
            if settings().has_mail:
                courier.start()
            tasks = [asyncio.create_task(_upkeep(migrated))]
            if settings().redis_url:
                tasks.append(asyncio.create_task(app.state.services.hub.follow()))
            yield
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await run_in_threadpool(courier.stop)
            await run_in_threadpool(spool.stop)

    app = Starlette(
        routes=[
            *api.routes,
            *handoffs_api.routes,
            *documents.routes,
            *calendar.routes,
            *answer.routes,
            *evaluation.routes,
            *portal.routes,
            *metrics.routes,
            *pages.routes,
        ],
        middleware=[Middleware(Guard)],
        exception_handlers={Problem: on_problem, HTTPException: on_http_exception, NotShown: on_not_shown},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


async def _upkeep(migrated: bool) -> None:
    """Until the process ends: brings the tables up to date if that failed, deletes what has expired, and counts."""
    while True:
        migrated = migrated or await run_in_threadpool(_try, migrate)
        done = migrated and await run_in_threadpool(_try, expire) and await run_in_threadpool(_try, roll_up)
        await asyncio.sleep(RETENTION_SECONDS if done else RETRY_SECONDS)


def _try(work: Callable[[], Any]) -> bool:
    try:
        work()
    except DatabaseDown as error:
        log.warning("database_down", work=work.__name__, error=str(error))
        return False
    except Exception as error:  # upkeep goes on; the next round tries again
        log.error("upkeep_failed", work=work.__name__, **logs.about(error))
        return False
    return True


class Guard:
    """Around everything: who may call the API from another site, security headers, and the last word on errors.

    Every request gets an id of its own; who gets a problem sees it in a header.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        in_api = scope["path"].startswith("/api/")
        allowed = in_api and bool(origin) and _may_call(origin, headers.get("host", ""))
        request_id, began = logs.begin_request(), time.perf_counter()
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                sent = MutableHeaders(scope=message)
                _set_headers(sent, in_api, origin if allowed else "")
                if message["status"] >= 400:
                    sent[logs.REQUEST_ID] = request_id
                metrics.count_request(scope, message["status"], began)
            await send(message)

        try:
            if in_api and origin and not allowed:
                await problem(403)(scope, receive, send_guarded)
            elif allowed and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
                await Response(status_code=204, headers=PREFLIGHT)(scope, receive, send_guarded)
            else:
                await self._in_a_rush(scope, receive, send_guarded)
        except Exception as error:  # its text could hold what a pupil typed, so only its place is logged
            log.error("request_failed", route=metrics.route_of(scope), **logs.about(error))
            if not started:
                await problem(500)(scope, receive, send_guarded)

    async def _in_a_rush(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A message or a new conversation only when it can be answered soon; a refusal costs next to nothing."""
        path = scope["path"]
        if scope["method"] != "POST" or path not in (MESSAGES, SESSIONS):
            await self.app(scope, receive, send)
            return
        rush: Rush = scope["app"].state.services.rush
        refusal = rush.refusal(path)
        if refusal:
            await problem(refusal.status, refusal.detail, refusal.headers)(scope, receive, send)
            return
        with rush.place(path):
            await self.app(scope, receive, send)


def _may_call(origin: str, host: str) -> bool:
    """Whether the origin is this server itself or a site in the settings."""
    if origin in settings().site_origins:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and _without_port(parts.netloc) == _without_port(host)


def _without_port(address: str) -> str:
    """The address in small letters, without a port that browsers leave out."""
    return address.lower().removesuffix(":80").removesuffix(":443")


def _set_headers(headers: MutableHeaders, in_api: bool, origin: str) -> None:
    for name, value in SECURITY.items():
        headers.setdefault(name, value)
    if settings().production:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if in_api:
        headers["Cache-Control"] = "no-store"
        headers.add_vary_header("Origin")
    if origin:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = "Retry-After"


app = create_app()


def server(application: Starlette, port: int) -> uvicorn.Server:
    """A server for the application. One process: what its streams and locks are lives in its memory."""
    return uvicorn.Server(
        uvicorn.Config(
            application,
            host=settings().host,
            port=port,
            ws="none",
            log_config=None,  # bot/logs.py has the last word
            access_log=False,
            server_header=False,
            proxy_headers=False,  # web/limits.py reads them, and only behind a trusted proxy
            timeout_graceful_shutdown=3,
        )
    )


def serve() -> None:
    """Runs the web process until it is told to stop."""
    logs.configure("web")
    server(app, settings().port).run()
