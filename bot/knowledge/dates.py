"""Dates in pupils' Dutch: "volgende maand", "in februari", "dit weekend"."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Optional

import duckling

from bot.clock import ZONE

_GRAINS = {"day", "week", "month", "quarter", "year"}
_ORDINALS = {"eerste", "tweede", "derde", "vierde"}
"""Said of a class ("de derde klas"), where duckling sees a day of the month."""
_EVENING = 18
_NAMES_TIME = re.compile(r"[a-z]{3,}|\d+[-/]\d+[-/]\d+|\b20\d\d\b")
"""A bare number, as in "de 5 competenties", is no date."""


@dataclass(frozen=True)
class Period:
    """From the first to the last day, both included, and the words that named it."""

    start: date
    end: date
    words: str


@lru_cache(maxsize=1)
def _duckling() -> tuple[Any, Any, Any]:
    return (
        duckling.load_time_zones("/usr/share/zoneinfo"),
        duckling.parse_locale("NL", duckling.default_locale_lang(duckling.parse_lang("NL"))),
        duckling.parse_dimensions(["time"]),
    )


def find_period(text: str, today: date) -> Optional[Period]:
    """The period a text names, seen from `today`; None when it names none. Several are taken together."""
    zones, locale, dimensions = _duckling()
    noon = int(datetime.combine(today, time(12), ZONE).timestamp())
    context = duckling.Context(duckling.parse_ref_time(zones, ZONE.key, noon), locale)
    periods = [
        period
        for found in duckling.parse(text, context, dimensions, False)
        if found["body"] not in _ORDINALS
        and _NAMES_TIME.search(found["body"].lower())
        and (period := _period(found["value"], found["body"])) is not None
    ]
    if not periods:
        return None
    return Period(
        min(period.start for period in periods),
        max(period.end for period in periods),
        " en ".join(period.words for period in periods),
    )


def _period(value: dict[str, Any], words: str) -> Optional[Period]:
    if value.get("type") == "interval":
        if "from" not in value or "to" not in value:
            return None
        start, last = _day(value["from"]["value"]), _day(value["to"]["value"]) - timedelta(days=1)
        if start < last and datetime.fromisoformat(value["from"]["value"]).hour >= _EVENING:
            start += timedelta(days=1)  # a weekend begins on Friday evening
        return Period(start, max(start, last), words)
    grain = value.get("grain")
    if grain not in _GRAINS:
        return None
    start = _day(value["value"])
    return Period(start, _last_day(start, grain), words)


def _day(moment: str) -> date:
    return datetime.fromisoformat(moment).date()


def _last_day(start: date, grain: str) -> date:
    if grain == "day":
        return start
    if grain == "week":
        return start + timedelta(days=6)
    if grain == "year":
        return date(start.year, 12, 31)
    months = start.month + (3 if grain == "quarter" else 1)
    return date(start.year + (months - 1) // 12, (months - 1) % 12 + 1, 1) - timedelta(days=1)
