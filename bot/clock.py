"""The one clock of Lobke. Set `LOBKE_NOW` to freeze it."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.settings import settings

ZONE = ZoneInfo("Europe/Amsterdam")


def now() -> datetime:
    """The time in the zone Europe/Amsterdam, always aware."""
    frozen = settings().now
    if frozen:
        moment = datetime.fromisoformat(frozen)
        return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)
    return datetime.now(ZONE)


def today() -> date:
    """The date in the zone Europe/Amsterdam."""
    return now().date()
