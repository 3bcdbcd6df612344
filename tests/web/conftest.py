"""The real web process on a free port, with stand-ins on loopback for the two processes behind it."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Optional

import httpx
import pytest
import uvicorn
import uvicorn.server
from starlette.applications import Starlette

from bot.accounts import accounts
from bot.accounts.accounts import Account
from bot.keys import derived_key
from bot.settings import settings
from bot.storage.conversations import Choice, Reply
from tests.bot.databases import data_dir, own_knowledge, redis, sqlite_database
from tests.web.staff import PASSWORD, Browser, a_decaan
from web.app import create_app, server
from web.limits import Limits

__all__ = ["data_dir", "own_knowledge", "redis", "sqlite_database"]

ANSWER = [
    {"text": "Kok word je op **niveau 2**.", "buttons": [{"title": "Hoe lang duurt het?", "payload": "duur:kok"}]}
]
GREETING = [Reply("Hoi, ik ben een computerprogramma.", [Choice("Wat is bbl?", "inhoud:bbl")])]

# uvicorn looks ten times a second whether it has to stop, and waits as long again; a thousand sites here stop sooner.
uvicorn.server.asyncio = SimpleNamespace(  # type: ignore[attr-defined]
    **{**vars(asyncio), "sleep": lambda seconds: asyncio.sleep(seconds / 20)}
)


class StandIn:
    """A small HTTP server that answers like Rasa and the action server, as the test tells it to."""

    def __init__(self) -> None:
        self.answer: Any = ANSWER
        self.status = 200
        self.seconds = 0.0
        self.received: list[dict[str, str]] = []
        self.request_ids: list[str] = []
        self.token = f"Bearer {derived_key('rasa')}"
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._send(stand_in.status, {"ready": True})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path != "/webhooks/lobke/webhook" or self.headers["Authorization"] != stand_in.token:
                    self._send(401, {})
                    return
                stand_in.received.append(body)
                stand_in.request_ids.append(self.headers.get("X-Request-Id", ""))
                time.sleep(stand_in.seconds)
                self._send(stand_in.status, stand_in.answer)

            def _send(self, status: int, content: Any) -> None:
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *args: None  # type: ignore[method-assign]  # a client that stopped waiting
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def texts(self) -> list[str]:
        """The messages that came in."""
        return [message["message"] for message in self.received]

    def stop(self) -> None:
        """From now on connections are refused."""
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Talk:
    """One pupil's conversation."""

    http: httpx.Client
    token: str
    messages: list[dict[str, Any]]
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.headers = {"Authorization": f"Bearer {self.token}"}

    def post(self, body: object, **headers: str) -> httpx.Response:
        """POST /api/messages with this body."""
        return self.http.post("/api/messages", json=body, headers=self.headers | headers)

    def say(self, text: str, key: Optional[str] = None) -> httpx.Response:
        """Sends text."""
        return self.post({"text": text}, **({"Idempotency-Key": key} if key else {}))

    def choose(self, choice: str) -> httpx.Response:
        """Presses a button."""
        return self.post({"choice": choice})

    def read(self, after: str = "") -> httpx.Response:
        """GET /api/messages."""
        return self.http.get("/api/messages", params={"after": after} if after else {}, headers=self.headers)

    def delete(self) -> httpx.Response:
        """DELETE /api/session."""
        return self.http.delete("/api/session", headers=self.headers)


@dataclass
class Site:
    """The running web process."""

    app: Starlette
    url: str
    http: httpx.Client

    def start(self) -> Talk:
        """A new conversation."""
        answer = self.http.post("/api/sessions", json={})
        assert answer.status_code == 201, answer.text
        return Talk(self.http, answer.json()["token"], answer.json()["messages"])


class Running:
    """A server in a thread."""

    def __init__(self, app: Starlette) -> None:
        self.server: uvicorn.Server = server(app, port=0)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        until = time.monotonic() + 20
        while not self.server.started:
            assert time.monotonic() < until and self.thread.is_alive(), "the web process did not start"
            time.sleep(0.01)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.fixture
def rasa(data_dir: Path) -> Iterator[StandIn]:
    """Stands in for Rasa."""
    stand_in = StandIn()
    yield stand_in
    stand_in.stop()


@pytest.fixture
def actions(data_dir: Path) -> Iterator[StandIn]:
    """Stands in for the action server, of which the web process only asks its health."""
    stand_in = StandIn()
    yield stand_in
    stand_in.stop()


@pytest.fixture
def set_up(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Changes settings, before the site starts or while it runs."""

    def change(**values: object) -> None:
        for name, value in values.items():
            monkeypatch.setattr(settings(), name, value)

    return change


@pytest.fixture
def run(
    sqlite_database: Path, rasa: StandIn, actions: StandIn, set_up: Callable[..., None]
) -> Iterator[Callable[..., Site]]:
    """Starts the web process; call it again for a restart with the same data."""
    set_up(rasa_port=rasa.port, actions_port=actions.port)
    running: list[Running] = []
    clients: list[httpx.Client] = []

    def start(limits: Callable[[], Limits] = Limits) -> Site:
        while running:
            running.pop().stop()
        app = create_app(make_greeting=lambda: GREETING, limits=limits)
        running.append(Running(app))
        url = f"http://127.0.0.1:{running[0].port}"
        clients.append(httpx.Client(base_url=url, trust_env=False, verify=False, timeout=15))
        return Site(app, url, clients[-1])

    yield start
    for client in clients:
        client.close()
    for site in running:
        site.stop()


@pytest.fixture
def site(run: Callable[..., Site]) -> Site:
    """The web process with its normal limits."""
    return run()


@pytest.fixture
def talk(site: Site) -> Talk:
    """A conversation that has just begun."""
    return site.start()


@pytest.fixture
def decaan(sqlite_database: Path) -> Account:
    """The account of a decaan."""
    return a_decaan()


@pytest.fixture
def browse(site: Site) -> Iterator[Callable[..., Browser]]:
    """Opens a browser at the site; each has cookies of its own."""
    browsers: list[Browser] = []

    def opened(*agent: str) -> Browser:
        browsers.append(Browser(site.url, *agent))
        return browsers[-1]

    yield opened
    for browser in browsers:
        browser.close()


@pytest.fixture
def browser(browse: Callable[..., Browser]) -> Browser:
    """A browser where nobody has logged in yet."""
    return browse()


@pytest.fixture
def staff(browser: Browser, decaan: Account) -> Browser:
    """The browser of a decaan who is logged in."""
    browser.login()
    return browser


@pytest.fixture
def beheer(browse: Callable[..., Browser]) -> Browser:
    """The browser of somebody of beheer who is logged in."""
    accounts.add("beheer@voorbeeld.nl", "beheer", name="Bo", password=PASSWORD)
    opened = browse()
    opened.login("beheer@voorbeeld.nl")
    return opened


def assert_problem(answer: httpx.Response, status: int) -> str:
    """Checks that this is a problem document a pupil can read; the value is its detail."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail"} <= body.keys()
    assert body["status"] == status
    assert body["detail"].endswith(".") and len(body["detail"]) < 200
    return str(body["detail"])
