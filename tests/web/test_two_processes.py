"""Two web processes over one database and one Redis are one to a pupil."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Optional

import httpx
import pytest

from tests.redis_server import RedisServer
from tests.web.conftest import GREETING, Running, Site, StandIn, Talk
from tests.web.test_events import decaan_says, listen
from web import events
from web.app import create_app


@pytest.fixture
def sites(
    redis: RedisServer, sqlite_database: Path, rasa: StandIn, actions: StandIn, set_up: Callable[..., None]
) -> Iterator[list[Site]]:
    """Two that run."""
    set_up(rasa_port=rasa.port, actions_port=actions.port)
    with ExitStack() as stack:
        found = []
        for _ in range(2):
            app = create_app(make_greeting=lambda: GREETING)
            running = Running(app)
            stack.callback(running.stop)
            url = f"http://127.0.0.1:{running.port}"
            http = stack.enter_context(httpx.Client(base_url=url, trust_env=False, timeout=15))
            found.append(Site(app, url, http))
        yield found


@pytest.fixture
def talk(sites: list[Site]) -> Talk:
    """At the first process."""
    return sites[0].start()


@pytest.fixture
def elsewhere(sites: list[Site], talk: Talk) -> Talk:
    """The same conversation, at the second one."""
    return replace(talk, http=sites[1].http)


def until_both_listen(redis: RedisServer) -> None:
    until = time.monotonic() + 20
    while dict(redis.client.pubsub_numsub(events.CHANNEL))[events.CHANNEL] < 2:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_reply_at_one_process_arrives_at_once_at_the_other(
    sites: list[Site], talk: Talk, elsewhere: Talk, redis: RedisServer
) -> None:
    until_both_listen(redis)
    with listen(elsewhere, timeout=8) as stream:
        decaan_says(sites[0], talk, "Kom maandag langs.")
        assert stream.message()["text"] == "Kom maandag langs."
        assert talk.delete().status_code == 204
        assert stream.next()["event"] == "ended"


def test_they_hear_each_other_again_after_redis_was_away(
    sites: list[Site], talk: Talk, elsewhere: Talk, redis: RedisServer
) -> None:
    until_both_listen(redis)
    with listen(elsewhere, timeout=12) as stream:
        redis.stop()
        decaan_says(sites[0], talk, "Redis is weg.")
        assert talk.say("hoi").status_code == 200
        redis.start()
        until_both_listen(redis)
        assert stream.message()["text"] == "Redis is weg."


def test_a_message_that_is_sent_to_both_with_one_key_is_handled_once(
    talk: Talk, elsewhere: Talk, rasa: StandIn
) -> None:
    rasa.seconds = 0.5
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(lambda at: at.say("hoi", key="one").json(), (talk, elsewhere))
    assert first == second and len(rasa.received) == 1


def test_a_conversation_that_was_deleted_at_one_is_gone_at_the_other(talk: Talk, elsewhere: Talk) -> None:
    assert elsewhere.say("hoi").status_code == 200
    assert talk.delete().status_code == 204
    assert [elsewhere.say("hoi").status_code, elsewhere.read().status_code] == [401, 401]


@pytest.fixture
def dying() -> Iterator[StandIn]:
    """In the place of a Rasa process: it takes each message and hangs up before it answers."""

    class Dying(StandIn):
        @property
        def status(self) -> int:
            raise ConnectionAbortedError

        @status.setter
        def status(self, value: int) -> None:
            pass

    stand_in = Dying()
    yield stand_in
    stand_in.stop()


@pytest.mark.parametrize("key", ["the-key", None])
def test_a_message_goes_once_to_the_next_rasa_when_one_dies(
    run: Callable[..., Site], set_up: Callable[..., None], rasa: StandIn, dying: StandIn, key: Optional[str]
) -> None:
    set_up(rasa_urls=f"http://127.0.0.1:{dying.port},http://127.0.0.1:{rasa.port}")
    site = run()
    while not dying.received:
        rasa.received.clear()
        assert site.start().say("hoi", key).status_code == 200
    assert rasa.received == dying.received and len(rasa.received) == 1
    sent = rasa.received[0]["key"]
    assert sent == key if key else len(sent) == 32
