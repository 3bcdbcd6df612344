"""One process at a time does what it has a lease for; who dies soon loses it, and without Redis nobody waits."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.storage import lease as module
from bot.storage import shared
from bot.storage.lease import lease
from tests.redis_server import RedisServer

Steps = list[str]


async def hold(name: str, steps: Steps, during: Callable[[], Awaitable[object]]) -> None:
    async with lease("turn", "the-conversation"):
        steps.append(f"{name} begins")
        await during()
        steps.append(f"{name} ends")


def two(during: Callable[[], Awaitable[object]]) -> Steps:
    """What two that want the same lease did, in order."""
    steps: Steps = []

    async def run() -> None:
        first = asyncio.create_task(hold("first", steps, during))
        while not steps:
            await asyncio.sleep(0.01)
        await asyncio.gather(first, hold("second", steps, during))

    asyncio.run(run())
    return steps


ONE_BY_ONE = ["first begins", "first ends", "second begins", "second ends"]
TOGETHER = ["first begins", "second begins", "first ends", "second ends"]


def test_the_second_waits_for_the_first(redis: RedisServer) -> None:
    assert two(lambda: asyncio.sleep(0.3)) == ONE_BY_ONE
    assert redis.everything() == "{}"


def test_a_lease_lasts_as_long_as_its_process_needs_it(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEASE_SECONDS", 0.4)
    monkeypatch.setattr(module, "RENEW_SECONDS", 0.1)
    assert two(lambda: asyncio.sleep(1)) == ONE_BY_ONE


def test_who_dies_loses_it(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEASE_SECONDS", 0.4)
    monkeypatch.setattr(module, "RENEW_SECONDS", 60)
    assert two(lambda: asyncio.sleep(1)) == TOGETHER


def test_redis_does_not_learn_whose_conversation_it_is(redis: RedisServer) -> None:
    async def look() -> None:
        assert redis.everything() != "{}" and "the-conversation" not in redis.everything()

    assert two(look) == ONE_BY_ONE


def test_without_redis_nobody_waits(data_dir: Path) -> None:
    assert two(lambda: asyncio.sleep(0.3)) == TOGETHER


def test_while_redis_is_away_nobody_waits(redis: RedisServer) -> None:
    redis.stop()
    assert two(lambda: asyncio.sleep(0.3)) == TOGETHER


def test_redis_that_goes_away_meanwhile_stops_nobody(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RENEW_SECONDS", 0.1)

    async def during() -> None:
        if redis.runs:
            redis.stop()
        await asyncio.sleep(0.3)

    assert sorted(two(during)) == sorted(ONE_BY_ONE)


def test_redis_that_failed_is_left_alone_for_a_moment(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    redis.stop()
    now = 1000.0
    monkeypatch.setattr(shared.time, "monotonic", lambda: now)
    with pytest.raises(shared.RedisAway, match="ConnectionError"):
        shared.ping()
    redis.start()
    with pytest.raises(shared.RedisAway, match="left alone"):
        shared.ping()
    now += shared.PAUSE_SECONDS
    shared.ping()
