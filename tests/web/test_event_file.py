"""/kalender/ID.ics: an activity of the LOB-kalender for the pupil's own calendar."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from icalendar import Calendar

from bot.clock import ZONE
from bot.knowledge import current
from bot.knowledge.models import Event
from tests.web.conftest import Site
from web.event_file import as_ics, moments

EVENING = "2611-informatieavond-zorg-en-welzijn"
DEADLINE = "aanmelden-1-april-2027"
WEEK = "2703-snuffelstageweek-klas-3"
UNDATED = "loopbaanevenement-eemland"


def entry_of(answer: httpx.Response) -> Any:
    """The one event in the file."""
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    (entry,) = Calendar.from_ical(answer.content).walk("VEVENT")
    return entry


def test_an_evening_is_at_its_hours_in_dutch_time(site: Site) -> None:
    answer = site.http.get(f"/kalender/{EVENING}.ics")
    entry = entry_of(answer)
    assert entry.decoded("dtstart") == datetime(2026, 11, 26, 19, 0, tzinfo=ZONE)
    assert entry.decoded("dtend") == datetime(2026, 11, 26, 20, 30, tzinfo=ZONE)
    assert entry["summary"] == "Informatieavond zorg en welzijn"
    assert entry["location"] == "Amersfoort"
    assert "Studenten vertellen" in entry["description"] and "Meld je aan" in entry["description"]
    assert "verzonnen" in entry["description"]
    assert answer.headers["content-disposition"] == f'attachment; filename="lobke-{EVENING}.ics"'


def test_summer_time_counts(site: Site) -> None:
    entry = entry_of(site.http.get("/kalender/2704-speeddate-bouw-techniek-en-vervoer.ics"))
    assert entry.decoded("dtstart").utctimetuple().tm_hour == 11


def test_without_hours_it_takes_whole_days(site: Site) -> None:
    entry = entry_of(site.http.get(f"/kalender/{DEADLINE}.ics"))
    assert (entry.decoded("dtstart"), entry.decoded("dtend")) == (date(2027, 4, 1), date(2027, 4, 2))
    assert "location" not in entry and "verzonnen" not in entry["description"]
    entry = entry_of(site.http.get(f"/kalender/{WEEK}.ics"))
    assert (entry.decoded("dtstart"), entry.decoded("dtend")) == (date(2027, 3, 8), date(2027, 3, 13))


@pytest.mark.parametrize(("id", "hours"), [(EVENING, 24), (DEADLINE, 8)])
def test_the_day_before_it_reminds(site: Site, id: str, hours: int) -> None:
    entry = entry_of(site.http.get(f"/kalender/{id}.ics"))
    (alarm,) = entry.walk("VALARM")
    assert alarm.decoded("trigger") == timedelta(hours=-hours)
    assert alarm["action"] == "DISPLAY" and alarm["description"] == entry["summary"]


def test_taking_it_again_replaces_it(site: Site) -> None:
    first, again = (entry_of(site.http.get(f"/kalender/{EVENING}.ics"))["uid"] for _ in range(2))
    assert first == again
    assert first != entry_of(site.http.get(f"/kalender/{DEADLINE}.ics"))["uid"]


@pytest.mark.parametrize("id", [UNDATED, "onbekend", "opleiding:kok", "%2e%2e", "a" * 500])
def test_what_has_no_date_or_is_unknown_is_not_there(site: Site, id: str) -> None:
    answer = site.http.get(f"/kalender/{id}.ics")
    assert answer.status_code == 404
    assert "staat niet in de kalender" in answer.text and "<h1>" in answer.text


def test_every_dated_event_has_a_file(data_dir: Path) -> None:
    for event in current().all(Event):
        if event.datum:
            assert Calendar.from_ical(as_ics(event)).walk("VEVENT")


@pytest.mark.parametrize("hours", ["vanaf 19.00", "20.30-19.00", "19.00", "25.00-26.00"])
def test_hours_that_say_no_end_become_a_whole_day(data_dir: Path, hours: str) -> None:
    event = current().one(Event, EVENING).copy(update={"tijd": hours})
    assert moments(event) == (date(2026, 11, 26), date(2026, 11, 27))
