"""Redis, which the processes of several machines share. For callers that know that there is a `redis_url`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.keys import derived_key
from bot.settings import settings

if TYPE_CHECKING:  # importing it takes a tenth of a second, which one machine without Redis has no use for
    from redis import Redis

TIMEOUT = 0.2  # seconds, to connect and for an answer
PAUSE_SECONDS = 1.0  # after a failure Redis is left alone this long, so that nobody waits for it

_left_alone_until: dict[str, float] = {}


class RedisAway(Exception):
    """Redis cannot be used now. Trying again later may work."""


@contextmanager
def shared() -> Iterator["Redis[bytes]"]:
    """The client, for a few commands. Raises RedisAway, at once when Redis failed less than a second ago."""
    from redis.exceptions import RedisError

    url = settings().redis_url
    if time.monotonic() < _left_alone_until.get(url, 0.0):
        raise RedisAway("left alone for a moment")
    try:
        yield _client(url)
    except (RedisError, OSError) as error:
        _left_alone_until[url] = time.monotonic() + PAUSE_SECONDS
        raise RedisAway(type(error).__name__) from error


def ping() -> None:
    """Raises RedisAway unless Redis answers."""
    with shared() as redis:
        redis.ping()


def shared_key(kind: str, value: str) -> str:
    """The key in Redis of something of this kind; `value`, such as an address or an id, cannot be computed back."""
    return f"lobke:{kind}:{derived_key(f'redis:{kind}:{value}')[:32]}"


@lru_cache(maxsize=16)
def _client(url: str) -> "Redis[bytes]":
    from redis import Redis

    return Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
