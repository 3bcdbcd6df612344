"""Keys derived from the one secret, so that no purpose can use another's key."""

import hashlib
import hmac
from datetime import date

from bot.settings import settings


def derived_key(purpose: str) -> str:
    """64 hex digits that only who holds the secret can compute. Raises OSError when the secret cannot be read."""
    return hmac.new(settings().key().encode(), purpose.encode(), hashlib.sha256).hexdigest()


def conversation_hash(conversation_id: str) -> str:
    """32 hex digits that stand for a conversation or a handoff that was deleted; the id cannot be computed back."""
    return derived_key(f"conversation:{conversation_id}")[:32]


def log_hash(conversation_id: str, day: date) -> str:
    """32 hex digits that stand for a conversation in the log of one day; those of two days cannot be matched."""
    return derived_key(f"log:{day}:{conversation_id}")[:32]
