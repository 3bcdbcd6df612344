"""GET /metrics: what an operator watches, for who may, and without anything of anybody."""

import asyncio
import re
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.accounts.accounts import Account
from bot.handoff.store import Handoff, Handoffs
from bot.knowledge import loader
from bot.notices.outbox import invite_by_mail
from bot.settings import settings
from bot.storage.spool import Spool
from tests.web.conftest import Site, StandIn
from web.limits import RULES, Limit, Limits

TOKEN = "een-lang-geheim-voor-de-bewaking"
Numbers = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Watched:
    """What the numbers were, and by how much they rose since."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.before = self.read()

    def read(self) -> Numbers:
        answer = self.site.http.get("/metrics")
        assert answer.status_code == 200
        found = text_string_to_metric_families(answer.text)
        return {(s.name, frozenset(s.labels.items())): s.value for family in found for s in family.samples}

    def now(self, name: str, **labels: str) -> float:
        return self.read()[name, frozenset(labels.items())]

    def rose(self, name: str, **labels: str) -> float:
        key = name, frozenset(labels.items())
        return self.read()[key] - self.before.get(key, 0)


@pytest.fixture
def watched(site: Site) -> Watched:
    return Watched(site)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via", "X-Forwarded-Proto"])
def test_what_came_through_a_proxy_finds_no_such_page(site: Site, header: str) -> None:
    hidden, unknown = site.http.get("/metrics", headers={header: "127.0.0.1"}), site.http.get("/nergens")
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.text == unknown.text and hidden.headers.keys() == unknown.headers.keys()


def test_another_computer_finds_no_such_page(site: Site) -> None:
    async def status(address: str) -> int:
        transport = httpx.ASGITransport(site.app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url=site.url) as client:
            return (await client.get("/metrics")).status_code

    assert [asyncio.run(status(address)) for address in ("203.0.113.7", "10.0.0.1", "")] == [404] * 3
    assert [asyncio.run(status(address)) for address in ("127.0.0.1", "::1")] == [200] * 2


@pytest.mark.parametrize(
    ("setting", "header", "status"),
    [
        (TOKEN, f"Bearer {TOKEN}", 200),
        (TOKEN, f"Bearer {TOKEN}x", 404),
        (TOKEN, "Bearer", 404),
        (TOKEN, TOKEN, 404),
        (TOKEN, "Bearer \u00e9", 404),
        ("", "Bearer", 404),
    ],
)
def test_with_the_token_it_may_come_from_anywhere(
    site: Site, set_up: Callable[..., None], setting: str, header: str, status: int
) -> None:
    set_up(metrics_token=setting)
    headers = [(b"X-Forwarded-For", b"203.0.113.7"), (b"Authorization", header.encode("latin-1"))]
    assert site.http.get("/metrics", headers=headers).status_code == status


def test_messages_are_counted_by_what_rasa_did(watched: Watched, rasa: StandIn, set_up: Callable[..., None]) -> None:
    talk = watched.site.start()
    talk.say("hoi")
    rasa.answer = []
    talk.say("hoi")
    set_up(rasa_timeout=0.2)
    rasa.seconds = 1.0
    talk.say("hoi")
    outcomes = {name: watched.rose("lobke_messages_total", outcome=name) for name in ("answered", "failed", "timeout")}
    assert outcomes == {"answered": 1, "failed": 1, "timeout": 1}
    assert watched.rose("lobke_rasa_seconds_count") == 3
    assert watched.now("lobke_messages_total", outcome="shed") >= 0


def test_a_message_without_a_free_connection_is_shed(
    run: Callable[..., Site], rasa: StandIn, set_up: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.rasa.CONNECTIONS", 1)
    set_up(rasa_timeout=0.5)
    watched, rasa.seconds = Watched(run()), 5.0
    talks = [watched.site.start() for _ in range(2)]
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda talk: talk.say("hoi").status_code, talks))
    assert answers == [503, 503]
    assert watched.rose("lobke_messages_total", outcome="shed") == 1


def test_requests_are_counted_by_route_and_status(watched: Watched) -> None:
    http = watched.site.http
    http.get("/mijn/abc.def")
    http.get("/mijn/ghi.jkl")
    http.get("/nergens/geheim")
    http.request("PATCH", "/portal")
    watched.site.start().say("hoi")
    document = {"route": "/mijn/{token}", "method": "GET"}
    assert watched.rose("lobke_requests_total", **document, status="4xx") == 2
    assert watched.rose("lobke_request_seconds_count", **document) == 2
    assert watched.rose("lobke_requests_total", route="other", method="GET", status="4xx") == 1
    assert watched.rose("lobke_requests_total", route="/portal", method="other", status="4xx") == 1
    assert watched.rose("lobke_requests_total", route="/api/messages", method="POST", status="2xx") == 1


def test_what_goes_over_a_limit_is_counted(run: Callable[..., Site]) -> None:
    watched = Watched(run(lambda: Limits({**RULES, "messages of a token": (Limit(1, 60),)})))
    talk = watched.site.start()
    assert [talk.say("hoi").status_code for _ in range(3)] == [200, 429, 429]
    assert watched.rose("lobke_refused_total", limit="messages of a token") == 2


def test_what_waits_is_counted(watched: Watched, decaan: Account) -> None:
    handoffs = Handoffs(Spool(settings().spool_dir))
    handoffs.send(Handoff("a" * 32, "corlaer-college", "Mag ik wisselen?"))
    invite_by_mail(decaan)
    assert watched.now("lobke_handoffs_unread") == 1
    assert watched.now("lobke_mails_waiting") == 1
    assert watched.now("lobke_spool_rows") == 0
    handoffs.spool.put([("tallies", {"id": "1", "month": "2026-11", "name": "x", "value": "y"})])
    handoffs.spool.put([("tallies", {"id": "2", "month": "2026-11", "name": "x", "value": "y"})])
    assert watched.now("lobke_spool_rows") == 2
    assert watched.now("lobke_spool_oldest_seconds") > 0


def test_without_the_database_it_says_so(watched: Watched, sqlite_database: Path) -> None:
    assert watched.now("lobke_database_up") == 1
    sqlite_database.rename(sqlite_database.with_name("away.db"))
    assert watched.now("lobke_database_up") == 0
    assert not [name for name, _ in watched.read() if name in ("lobke_mails_waiting", "lobke_handoffs_unread")]


def test_open_streams_are_counted(watched: Watched) -> None:
    talk = watched.site.start()
    with talk.http.stream("GET", "/api/events", headers=talk.headers) as stream:
        lines = stream.iter_lines()  # without a name it would be closed at once
        next(lines)
        assert watched.now("lobke_streams", kind="chat") == 1
    assert watched.now("lobke_streams", kind="portal") == 0


def test_a_mistake_in_the_knowledge_shows(own_knowledge: Path, watched: Watched) -> None:
    loader.current()
    assert watched.now("lobke_knowledge_error") == 0
    assert watched.now("lobke_knowledge_loaded_timestamp_seconds") > 0
    (own_knowledge / "scholen.yml").write_text("items: [", encoding="utf-8")
    loader.live.look()
    assert watched.now("lobke_knowledge_error") == 1


def test_the_process_itself_is_measured(watched: Watched) -> None:
    assert watched.now("process_resident_memory_bytes") > 0
    assert watched.now("process_cpu_seconds_total") > 0


def test_no_label_names_anybody(site: Site, sqlite_database: Path, decaan: Account) -> None:
    handoff = Handoff("b" * 32, "corlaer-college", "Mag ik wisselen?")
    code = Handoffs(Spool(settings().spool_dir)).send(handoff)
    talk = site.start()
    talk.say("hoi")
    site.http.post("/api/handoff", json={"code": code})
    site.http.get(f"/portal/overdrachten/{handoff.id}")
    site.http.get("/portal/uitnodiging/geheime-link")
    text = site.http.get("/metrics").text
    with closing(sqlite3.connect(sqlite_database)) as database:
        ids = [id for (id,) in database.execute("SELECT id FROM conversations")]
    for secret in (*ids, talk.token, code, handoff.id, handoff.school, decaan.id, decaan.email, "geheime-link"):
        assert secret not in text
    assert set(re.findall(r'(\w+)="', text)) <= {
        *("route", "method", "status", "outcome", "limit", "kind", "le", "generation"),
        *("implementation", "major", "minor", "patchlevel", "version"),
    }


def test_head_and_other_methods_are_no_way_around(site: Site) -> None:
    headers = {"X-Forwarded-For": "203.0.113.7"}
    answers: list[httpx.Response] = [site.http.request(m, "/metrics", headers=headers) for m in ("HEAD", "GET")]
    assert [answer.status_code for answer in answers] == [404, 404]
