"""Rasa handles one message of a conversation at a time, also when two of its processes got one."""

import asyncio
from pathlib import Path

import pytest

from bot.components.locks import Locks
from tests.redis_server import RedisServer


def handled(*processes: Locks) -> list[str]:
    """What happened when each of these got a message of one conversation."""
    steps: list[str] = []

    async def handle(locks: Locks) -> None:
        async with locks.lock("the-conversation"):
            steps.append("begin")
            await asyncio.sleep(0.2)
            steps.append("end")

    async def all() -> None:
        await asyncio.gather(*map(handle, processes))

    asyncio.run(all())
    return steps


def test_a_process_handles_one_at_a_time(data_dir: Path) -> None:
    locks = Locks()
    assert handled(locks, locks) == ["begin", "end"] * 2


def test_two_processes_that_share_redis_do_too(redis: RedisServer) -> None:
    assert handled(Locks(), Locks()) == ["begin", "end"] * 2
    assert redis.everything() == "{}"


@pytest.mark.parametrize("processes", [1, 2])
def test_messages_are_handled_while_redis_is_away(redis: RedisServer, processes: int) -> None:
    redis.stop()
    assert sorted(handled(*(Locks() for _ in range(processes)))) == ["begin"] * processes + ["end"] * processes
