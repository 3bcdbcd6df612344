"""Marks: what somebody saw goes along with what she changes, so that nobody overwrites a colleague."""

from hashlib import sha256

from bot.handoff.inbox import Stale


def mark_of(text: str) -> str:
    """Other for another text."""
    return sha256(text.encode(errors="replace")).hexdigest()[:16]


def is_change(old: str, seen: str, new: str) -> bool:
    """Whether somebody who saw one thing changes it; by marks. Raises Stale when it is another now."""
    if new in (seen, old):
        return False
    if seen != old:
        raise Stale
    return True
