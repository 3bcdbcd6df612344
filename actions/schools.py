"""Which schools have a decaan who can answer."""

from time import monotonic

import structlog

from bot.accounts.accounts import schools_with_decaan
from bot.storage.database import DatabaseDown

SECONDS = 5.0
"""So long an answer of the database is used again."""

log = structlog.get_logger()


class _Known:
    schools: frozenset[str] = frozenset()
    until = 0.0


def schools() -> frozenset[str]:
    """Their ids, at most SECONDS old; those known last while the database is down."""
    if monotonic() >= _Known.until:
        try:
            _Known.schools = schools_with_decaan()
        except DatabaseDown:
            log.warning("schools_unknown")
        _Known.until = monotonic() + SECONDS
    return _Known.schools


def forget() -> None:
    """Asks the database again the next time."""
    _Known.schools, _Known.until = frozenset(), 0.0
