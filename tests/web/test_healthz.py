"""GET /healthz says whether everything answers, and if not, what does not; GET /livez that the web process does."""

import time
from collections.abc import Callable
from pathlib import Path

from tests.redis_server import RedisServer
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


def test_it_names_redis_too_where_there_is_one(redis: RedisServer, site: Site) -> None:
    assert site.http.get("/healthz").json()["checks"]["redis"] == "ok"
    redis.stop()
    answer = site.http.get("/healthz")
    assert "Redis" in assert_problem(answer, 503) and answer.json()["checks"]["redis"] == "down"


def test_actions_of_other_machines_are_the_business_of_rasa_there(
    run: Callable[..., Site], set_up: Callable[..., None], rasa: StandIn, actions: StandIn
) -> None:
    set_up(rasa_urls=f"http://127.0.0.1:{rasa.port}, http://localhost:{rasa.port}/")
    site = run()
    actions.stop()
    assert site.http.get("/healthz").json()["checks"] == {"web": "ok", "rasa": "ok", "database": "ok"}
    assert site.start().say("hoi").status_code == 200


def test_of_rasa_on_other_machines_one_is_enough(
    run: Callable[..., Site], set_up: Callable[..., None], rasa: StandIn, actions: StandIn
) -> None:
    set_up(rasa_urls=f"http://127.0.0.1:{rasa.port},http://127.0.0.1:{actions.port}")
    site = run()
    actions.stop()
    assert site.http.get("/healthz").status_code == 200
    rasa.stop()
    assert "rasa" in assert_problem(site.http.get("/healthz"), 503)


def test_the_web_process_lives_whatever_the_others_do(site: Site, rasa: StandIn, sqlite_database: Path) -> None:
    rasa.stop()
    sqlite_database.rename(sqlite_database.with_name("away.db"))
    answer = site.http.get("/livez")
    assert (answer.status_code, answer.json(), answer.headers["cache-control"]) == (200, {"status": "ok"}, "no-store")
