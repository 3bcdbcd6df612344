"""What one process at a time may do, over all machines. A process that dies loses its lease soon."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from bot.settings import settings
from bot.storage.shared import RedisAway, shared, shared_key

LEASE_SECONDS = 3.0
RENEW_SECONDS = 1.0
LOOK_SECONDS = 0.05

_RENEW = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('PEXPIRE', KEYS[1], ARGV[2])"
_END = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1])"


@asynccontextmanager
async def lease(kind: str, id: str) -> AsyncIterator[None]:
    """Waits until nobody else does this. Without Redis, or when it is away, it does not wait."""
    if not settings().redis_url:
        yield
        return
    key, mine, milliseconds = shared_key(kind, id), secrets.token_hex(8), int(1000 * LEASE_SECONDS)
    with suppress(RedisAway):
        while True:
            with shared() as redis:
                if redis.set(key, mine, nx=True, px=milliseconds):
                    break
            await asyncio.sleep(LOOK_SECONDS)

    async def renew() -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            with suppress(RedisAway), shared() as redis:
                redis.eval(_RENEW, 1, key, mine, milliseconds)

    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        renewing.cancel()
        with suppress(RedisAway), shared() as redis:
            redis.eval(_END, 1, key, mine)
