"""How often a conversation and an address may ask."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.redis_server import RedisServer
from tests.web.conftest import Site, StandIn, assert_problem
from web.limits import MESSAGES, RULES, SESSIONS, Limit, Limits, Rush
from web.problems import Problem


@pytest.fixture(autouse=True, params=["memory", "redis"])
def where(request: pytest.FixtureRequest) -> str:
    """Where the requests are counted; the promises are the same."""
    if request.param == "redis":
        request.getfixturevalue("redis")
    return str(request.param)


def only(**limits: Limit) -> Callable[[], Limits]:
    """Limits of which only these are narrow; an underscore stands for a space."""
    wide = {name: (Limit(10_000, 60),) for name in RULES}
    return lambda: Limits(wide | {name.replace("_", " "): (limit,) for name, limit in limits.items()})


def test_a_pupil_who_sends_too_much_is_asked_to_wait_and_can_go_on(run: Callable[..., Site]) -> None:
    talk = run(only(messages_of_a_token=Limit(5, 4))).start()
    assert [talk.say("hoi").status_code for _ in range(5)] == [200] * 5
    refused = talk.say("hoi")
    assert "te snel" in assert_problem(refused, 429)
    time.sleep(int(refused.headers["retry-after"]))
    assert talk.say("hoi").status_code == 200


def test_what_is_refused_does_not_reach_rasa_and_does_not_count(run: Callable[..., Site], rasa: StandIn) -> None:
    talk = run(only(messages_of_a_token=Limit(2, 60))).start()
    statuses = [talk.say("hoi").status_code for _ in range(4)]
    assert statuses == [200, 200, 429, 429]
    assert len(rasa.received) == 2


def test_retry_after_is_how_long_it_really_takes(run: Callable[..., Site]) -> None:
    talk = run(only(messages_of_a_token=Limit(2, 3))).start()
    talk.say("hoi")
    time.sleep(1.2)
    talk.say("hoi")
    wait = int(talk.say("hoi").headers["retry-after"])
    assert wait == 2
    time.sleep(wait)
    assert talk.say("hoi").status_code == 200


def test_another_pupil_at_the_same_school_is_not_held_up(run: Callable[..., Site]) -> None:
    site = run(only(messages_of_a_token=Limit(1, 60)))
    first, second = site.start(), site.start()
    assert [first.say("hoi").status_code, first.say("hoi").status_code] == [200, 429]
    assert second.say("hoi").status_code == 200


def test_an_address_has_wide_limits_of_its_own(run: Callable[..., Site]) -> None:
    site = run(only(sessions_of_an_address=Limit(3, 60), messages_of_an_address=Limit(2, 60)))
    talks = [site.start() for _ in range(3)]
    assert_problem(site.http.post("/api/sessions", json={}), 429)
    assert [talk.say("hoi").status_code for talk in talks] == [200, 200, 429]


def test_reading_is_limited_too(run: Callable[..., Site]) -> None:
    talk = run(only(reading_with_a_token=Limit(2, 60))).start()
    assert [talk.read().status_code for _ in range(3)] == [200, 200, 429]


def sessions(site: Site, *forwarded: str) -> list[int]:
    return [
        site.http.post("/api/sessions", json={}, headers={"X-Forwarded-For": address}).status_code
        for address in forwarded
    ]


def test_the_address_a_client_claims_to_have_is_not_believed(run: Callable[..., Site]) -> None:
    site = run(only(sessions_of_an_address=Limit(1, 60)))
    assert sessions(site, "192.0.2.1", "192.0.2.2") == [201, 429]


def test_behind_a_trusted_proxy_the_address_that_it_saw_counts(
    run: Callable[..., Site], set_up: Callable[..., None]
) -> None:
    set_up(trusted_proxy=True)
    site = run(only(sessions_of_an_address=Limit(1, 60)))
    assert sessions(site, "192.0.2.1", "192.0.2.2", "198.51.100.9, 192.0.2.1") == [201, 201, 429]
    assert sessions(site, "2001:db8::1", "2001:db8::2", "2001:db8:1::1", "::ffff:192.0.2.2") == [201, 429, 201, 429]
    assert sessions(site, "rubbish", "other rubbish") == [201, 429]


def test_the_promised_numbers() -> None:
    assert RULES["messages of a token"] == (Limit(5, 1), Limit(40, 60))
    assert RULES["votes of a token"] == (Limit(5, 1), Limit(40, 60))
    assert RULES["sessions of an address"] == (Limit(300, 60),)
    assert RULES["messages of an address"] == (Limit(1200, 60),)


def test_what_is_given_back_did_not_count() -> None:
    limits = Limits({"rule": (Limit(2, 60),)})
    for _ in range(5):
        limits.count(("rule", "a"))
        limits.give_back(("rule", "a"))
    limits.count(("rule", "a"), ("rule", "b"))
    limits.count(("rule", "a"))
    with pytest.raises(Problem):
        limits.count(("rule", "b"), ("rule", "a"))
    limits.count(("rule", "b"))


def test_all_limits_of_a_rule_count() -> None:
    limits = Limits({"rule": (Limit(2, 1), Limit(3, 600))})
    waits = []
    for _ in range(2):
        limits.count(("rule", "a"))
    for seconds in (1, 0):
        with pytest.raises(Problem) as refused:
            limits.count(("rule", "a"))
        waits.append(int((refused.value.headers or {})["Retry-After"]))
        time.sleep(seconds)
        if seconds:
            limits.count(("rule", "a"))
    assert waits[0] == 1 and waits[1] > 500


@pytest.mark.parametrize("where", ["redis"], indirect=True)
def test_web_processes_count_together(redis: RedisServer) -> None:
    one, other = (Limits({"rule": (Limit(2, 60),)}) for _ in range(2))
    one.count(("rule", "a"))
    other.count(("rule", "a"))
    for limits in (one, other):
        with pytest.raises(Problem):
            limits.count(("rule", "a"))
    other.give_back(("rule", "a"))
    one.count(("rule", "a"))


@pytest.mark.parametrize("where", ["redis"], indirect=True)
def test_redis_holds_no_address_and_nothing_for_longer_than_needed(redis: RedisServer) -> None:
    Limits({"rule": (Limit(1, 60), Limit(2, 5))}).count(("rule", "192.0.2.1"))
    assert "192.0.2.1" not in redis.everything()
    assert [0 < redis.client.pttl(key) <= 60_000 for key in redis.client.scan_iter()] == [True]


@pytest.mark.parametrize("where", ["redis"], indirect=True)
def test_while_redis_is_away_each_process_counts_by_itself(redis: RedisServer) -> None:
    one, other = (Limits({"rule": (Limit(1, 60),)}) for _ in range(2))
    redis.stop()
    for limits in (one, other):
        limits.count(("rule", "a"))
        with pytest.raises(Problem):
            limits.count(("rule", "a"))


@pytest.mark.parametrize("where", ["memory"], indirect=True)
def test_what_is_long_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("web.limits.time.monotonic", lambda: now)
    limits = Limits({"rule": (Limit(1, 60),)})
    for number in range(100):
        limits.count(("rule", f"{number}"))
    with pytest.raises(Problem):
        limits.count(("rule", "5"))
    now += 121
    limits.count(("rule", "5"))
    assert len(limits._seen) == 1


def test_more_messages_than_can_be_answered_soon_are_refused_at_once(
    run: Callable[..., Site], rasa: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.limits.MOST_UNDER_WAY", 1)
    site = run()
    first, second = site.start(), site.start()
    rasa.seconds = 1.0
    with ThreadPoolExecutor() as pool:
        under_way = pool.submit(first.say, "hoi")
        while not rasa.received:
            time.sleep(0.01)
        refused = [second.say("hoi"), site.http.post("/api/sessions", json={})]
        assert not under_way.done()
        assert under_way.result().status_code == 200
    assert "druk" in assert_problem(refused[0], 503) and "druk" in assert_problem(refused[1], 503)
    assert all(5 <= int(answer.headers["Retry-After"]) <= 20 for answer in refused)
    until = time.monotonic() + 10
    while second.say("hoi").status_code != 200:
        assert time.monotonic() < until


def test_who_begins_waits_before_who_chats(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.limits.MOST_BEGINNING", 0)
    rush = Rush()
    assert rush.refusal(SESSIONS) and not rush.refusal(MESSAGES)


def test_the_more_are_refused_the_later_they_come_back(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.limits.MOST_UNDER_WAY", 1)
    rush = Rush()
    with rush.place(MESSAGES):
        waits = [int((refusal.headers or {})["Retry-After"]) for _ in range(200) if (refusal := rush.refusal(MESSAGES))]
    assert len(waits) == 200 and max(waits[:5]) <= 20 and max(waits) > 100
    assert rush.refusal(MESSAGES) is None
