"""GET /healthz says whether everything answers, and if not, what does not."""

import time
from pathlib import Path

from tests.web.conftest import Site, StandIn, assert_problem


def test_all_is_well(site: Site) -> None:
    answer = site.http.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "checks": {"web": "ok", "rasa": "ok", "actions": "ok", "database": "ok"}}
    assert answer.headers["cache-control"] == "no-store"


def test_it_names_what_does_not_answer(site: Site, rasa: StandIn, actions: StandIn, sqlite_database: Path) -> None:
    rasa.status = 503
    assert "rasa" in assert_problem(site.http.get("/healthz"), 503)
    rasa.status = 200
    actions.stop()
    answer = site.http.get("/healthz")
    assert "actions" in assert_problem(answer, 503)
    assert answer.json()["checks"] == {"web": "ok", "rasa": "ok", "actions": "down", "database": "ok"}
    sqlite_database.rename(sqlite_database.with_name("away.db"))
    detail = assert_problem(site.http.get("/healthz"), 503)
    assert "database" in detail and "actions" in detail and "rasa" not in detail


def test_it_answers_soon_when_rasa_hangs(site: Site, rasa: StandIn) -> None:
    rasa._server.shutdown()  # connections are taken and nobody answers
    started = time.monotonic()
    assert_problem(site.http.get("/healthz"), 503)
    assert time.monotonic() - started < 5
