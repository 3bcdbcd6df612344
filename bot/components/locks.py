"""One message at a time in a conversation, over all Rasa processes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from rasa.core.lock import TicketLock
from rasa.core.lock_store import LOCK_LIFETIME, InMemoryLockStore

from bot.storage.lease import lease

WAIT_SECONDS = 0.05


class Locks(InMemoryLockStore):
    """Rasa's locks of this process, and a lease in Redis when there is one. Rasa goes on without it."""

    def __init__(self, endpoint_config: Any = None) -> None:
        super().__init__()

    @asynccontextmanager
    async def lock(
        self,
        conversation_id: str,
        lock_lifetime: float = LOCK_LIFETIME,
        wait_time_in_seconds: float = WAIT_SECONDS,
    ) -> AsyncIterator[TicketLock]:
        """Waits until the messages before this one are answered. Raises LockError when that takes too long."""
        here = super().lock(conversation_id, lock_lifetime, wait_time_in_seconds)
        async with here as ticket, lease("rasa", conversation_id):
            yield ticket
