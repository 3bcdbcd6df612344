"""The page, the widget's files, and the health check."""

import asyncio
import mimetypes
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates
from starlette.types import Scope

from bot.settings import settings
from bot.storage import database
from bot.storage.shared import RedisAway, ping
from web.problems import problem
from web.rasa import addresses_of_rasa

WEB = Path(__file__).parent
CHECK_SECONDS = 3.0
UNSTORED = {"Cache-Control": "no-store"}
NAMES = {"rasa": "de dialoog (rasa)", "actions": "de antwoorden (actions)", "database": "de database", "redis": "Redis"}
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
for _ending, _type in TYPES.items():
    mimetypes.add_type(_type, _ending)  # some machines have other ideas, and browsers refuse those

templates = Jinja2Templates(WEB / "templates")


class Assets(StaticFiles):
    """Files with an ETag, kept five minutes by browsers. Pages elsewhere may load scripts, styles and pictures."""

    def file_response(
        self, full_path: "str | os.PathLike[str]", stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, or 304 when the browser has it."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "public, max-age=300"
        if Path(full_path).suffix in TYPES:
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response


assets = Assets(directory=WEB / "static", check_dir=False)


async def widget(request: Request) -> Response:
    """GET /lobke.js: the chat element."""
    return await assets.get_response("lobke.js", request.scope)


async def home(request: Request) -> Response:
    """GET /: a page with the chat on it."""
    scheme = settings().trusted_proxy and request.headers.get("x-forwarded-proto") or request.url.scheme
    origin = f"{scheme}://{request.url.netloc}"
    return templates.TemplateResponse(request, "home.html", {"origin": origin}, headers={"Cache-Control": "no-cache"})


async def health(request: Request) -> Response:
    """GET /healthz: 200 when everything answers, 503 with which part does not."""
    looks = {"rasa": _rasa_answers(), "database": _healthy(database.ping)}
    if not settings().rasa_urls:  # else they are on other machines, and Rasa there says whether they answer
        looks["actions"] = _answers(f"http://127.0.0.1:{settings().actions_port}/health")
    if settings().redis_url:
        looks["redis"] = _healthy(ping)
    answers = await asyncio.gather(*map(_within, looks.values()))
    checks = {"web": "ok", **{name: "ok" if answer else "down" for name, answer in zip(looks, answers, strict=True)}}
    down = [NAMES[name] for name in looks if checks[name] == "down"]
    if down:
        return problem(503, f"Dit antwoordt niet: {', '.join(down)}.", UNSTORED, checks=checks)
    return JSONResponse({"status": "ok", "checks": checks}, headers=UNSTORED)


async def alive(request: Request) -> Response:
    """GET /livez: 200 as soon as this process answers, whatever the others do."""
    return JSONResponse({"status": "ok"}, headers=UNSTORED)


async def _within(check: Awaitable[bool]) -> bool:
    try:
        return await asyncio.wait_for(check, CHECK_SECONDS)
    except asyncio.TimeoutError:
        return False


async def _rasa_answers() -> bool:
    """All processes of this machine; of other machines one is enough, so that others can be replaced meanwhile."""
    answers = await asyncio.gather(*(_within(_answers(f"{url}/")) for url in addresses_of_rasa()))
    return any(answers) if settings().rasa_urls else all(answers)


async def _answers(url: str) -> bool:
    # A client of its own: those of the chat may all be busy. Plain http on loopback needs no certificates.
    try:
        async with httpx.AsyncClient(trust_env=False, verify=False, timeout=CHECK_SECONDS) as client:
            return (await client.get(url)).status_code == 200
    except httpx.HTTPError:
        return False


async def _healthy(ping: Callable[[], None]) -> bool:
    try:
        await run_in_threadpool(ping)
    except (database.DatabaseDown, RedisAway):
        return False
    return True


routes: list[BaseRoute] = [
    Route("/", home),
    Route("/lobke.js", widget),
    Mount("/static", assets),
    Route("/healthz", health),
    Route("/livez", alive),
]
