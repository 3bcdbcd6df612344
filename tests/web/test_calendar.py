"""/kalender: what a pupil sees of the LOB-kalender, and the feed for her own calendar."""

import html
import os
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import select

from bot import knowledge
from bot.clock import ZONE
from bot.knowledge.loader import Files, Knowledge, load
from bot.knowledge.models import Event
from bot.settings import PROJECT, settings
from bot.storage import tables
from bot.storage.database import transaction
from bot.storage.spool import Spool
from tests.web.conftest import Site

NOW = "2026-11-22T12:00:00+01:00"
EVENTS = """
standaard: {bron: school, betrouwbaarheid: hoog}
items:
  - {id: geweest, titel: Open dag geweest, soort: open-dag, datum: '2026-11-10', organisator: mbo, uitleg: U}
  - {id: zorg, titel: 'Zorg <b>kijken</b>', soort: open-dag, datum: '2026-11-26', tijd: '19.00-20.30', plaats: Soest,
     werelden: [zorg], leerjaren: [3, 4], plekken: 5, aanmelden: 'Kijk op https://www.mbo.nl/zorg?a=1&b=2.',
     organisator: mbo, uitleg: Kom kijken.}
  - {id: bouw, titel: Gastles bouw, soort: gastles, datum: '2026-11-27', werelden: [bouw], leerjaren: [2], plekken: 0,
     aanmelden: Geef je op., organisator: mbo, uitleg: Kom luisteren.}
  - {id: weg, titel: Weg is weg, soort: gastles, datum: '2026-11-28', afgelast: true, organisator: mbo, uitleg: U,
     aanmelden: https://www.mbo.nl/weg}
  - {id: spreekuur, titel: Spreekuur, soort: infoavond, datum: '2026-11-24', tijd: '15.00-16.00', organisator: mbo,
     uitleg: Loop binnen., plekken: 1, herhaal: {elke: week, tot: '2026-12-15', niet: ['2026-12-08']}}
  - {id: reis, titel: Reis, soort: snuffelstage, datum: '2026-11-30', einddatum: '2026-12-02', organisator: mbo,
     uitleg: U}
  - {id: ooit, titel: Ooit eens, soort: loopbaanevenement, datum: null, organisator: mbo, uitleg: U}
  - {id: verzonnen, titel: Verzonnen, soort: gastles, datum: '2027-02-04', organisator: mbo, uitleg: U, voorbeeld: true}
"""


@pytest.fixture(scope="module")
def real() -> Knowledge:
    return load(PROJECT / "knowledge")


@pytest.fixture
def kalender(
    real: Knowledge, tmp_path: Path, set_up: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Puts another kalender in place; before the test the one above."""
    set_up(now=NOW, knowledge_dir=tmp_path)

    def change(text: str) -> None:
        (tmp_path / "kalender.yml").write_text(text, encoding="utf-8")
        events = [entry for entry, _ in Files(tmp_path).entries(tmp_path / "kalender.yml", Event)]
        others = (entry for entry in real.entries.values() if not isinstance(entry, Event))
        made = Knowledge([*others, *events], real.phrases, real.spelling, real.verkenning, real.gesprekken)
        monkeypatch.setattr(knowledge, "current", lambda: made)

    change(EVENTS)
    return change


@pytest.fixture
def there(kalender: Callable[[str], None], site: Site) -> Site:
    return site


def plain(text: str) -> str:
    """What a reader sees, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def items(site: Site, query: str = "") -> list[str]:
    """What each event in the list and among those without a date says."""
    answer = site.http.get(f"/kalender{query}")
    assert answer.status_code == 200
    return [plain(item) for item in re.findall(r'<li id="[^"]*"[^>]*>.*?</li>', answer.text, re.DOTALL)]


def titles(site: Site, query: str = "") -> list[str]:
    text = site.http.get(f"/kalender{query}").text
    return [plain(title) for title in re.findall(r"<h3>(.*?)</h3>", text)]


def entries(site: Site, query: str = "") -> dict[str, Any]:
    answer = site.http.get(f"/kalender.ics{query}")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    return {str(entry["uid"]): entry for entry in Calendar.from_ical(answer.content).walk("VEVENT")}


# The page


def test_it_shows_what_still_comes_this_month_in_order(there: Site) -> None:
    assert titles(there)[:-1] == ["Spreekuur", "Zorg <b>kijken</b>", "Gastles bouw", "Weg is weg", "Reis"]


def test_an_event_says_all_that_is_known(there: Site) -> None:
    (zorg,) = [item for item in items(there) if "Zorg" in item]
    for words in ("donderdag 26 november 2026, 19.00-20.30 uur", "Soest", "Nog 5 plekken", "Zorg en welzijn", "3 en 4"):
        assert words in zorg
    page = there.http.get("/kalender").text
    assert '<a href="/kalender/naar/zorg/0" rel="nofollow noopener noreferrer">mbo.nl</a>' in page
    assert "<b>kijken" not in page


def clicks() -> list[Any]:
    Spool(settings().spool_dir).drain()
    with transaction() as connection:
        return list(connection.execute(select(tables.counted)))


def test_a_link_to_sign_up_leads_there_and_is_counted_by_kind_only(there: Site, run: Callable[..., Site]) -> None:
    answer = there.http.get("/kalender/naar/zorg/0")
    assert (answer.status_code, answer.headers["location"]) == (303, "https://www.mbo.nl/zorg?a=1&b=2")
    assert answer.headers["cache-control"] == "no-store" and answer.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in answer.headers
    run()  # what waited is written when the process ends
    assert [(row.metric, row.value, row.number, row.school) for row in clicks()] == [
        ("event_clicked", "open-dag", 1, None)
    ]


def test_only_who_follows_the_link_is_counted(there: Site, run: Callable[..., Site]) -> None:
    assert there.http.head("/kalender/naar/zorg/0").status_code == 303
    run()
    assert clicks() == []


@pytest.mark.parametrize("path", ["zorg/1", "bouw/0", "spreekuur/0", "niemand/0", "zorg/x", "zorg"])
def test_a_link_that_is_not_in_the_kalender_leads_nowhere(there: Site, path: str) -> None:
    assert there.http.get(f"/kalender/naar/{path}").status_code == 404


def test_full_and_one_place_are_said(there: Site) -> None:
    (bouw,) = [item for item in items(there) if "bouw" in item]
    assert "Vol" in bouw and "Aanmelden" not in bouw
    assert "Nog 1 plek" in items(there)[0]


def test_what_is_cancelled_is_struck_through_and_said(there: Site) -> None:
    (gone,) = [item for item in items(there) if "Weg is weg" in item]
    assert "Gaat niet door" in gone and "Aanmelden" not in gone and "agenda" not in gone
    assert "<s>Weg is weg</s>" in there.http.get("/kalender").text


def test_what_has_no_date_is_apart(there: Site) -> None:
    page = there.http.get("/kalender").text
    assert "Ooit eens" in page[page.index('id="undated"') :]
    assert "Ooit eens" not in page[: page.index('id="undated"')]


def test_an_example_is_marked(there: Site) -> None:
    page = there.http.get("/kalender?maand=2027-02").text
    assert '<span class="example">voorbeeld</span>' in page and "verzonnen" in page
    assert "verzonnen" not in there.http.get("/kalender").text


def test_what_is_for_professionals_says_so_on_the_page_and_in_the_feed(
    kalender: Callable[[str], None], site: Site
) -> None:
    event = "{id: netwerk, titel: Netwerk, soort: infoavond, datum: '2026-11-27', doelgroep: professionals"
    kalender(f"{EVENTS}  - {event}, organisator: regio, uitleg: Praat bij.}}\n")
    (item,) = [item for item in items(site) if "Netwerk" in item]
    assert "Voor professionals" in item and "decanen, mentoren en docenten" in item
    assert [item for item in items(site) if "Voor professionals" in item] == [item]
    assert "Voor professionals" in str(entries(site)["netwerk@lobke"]["description"])


def test_a_repeat_is_there_on_each_of_its_days(there: Site) -> None:
    december = items(there, "?maand=2026-12")
    assert [item[:18] for item in december if "Spreekuur" in item] == ["dinsdag 1 december", "dinsdag 15 decembe"]


def test_an_event_of_several_days_is_in_both_months(there: Site) -> None:
    assert "Reis" in titles(there) and "Reis" in titles(there, "?maand=2026-12")


def test_the_month_is_a_table_with_every_day(there: Site) -> None:
    page = there.http.get("/kalender").text
    table = page[page.index("<table") : page.index("</table>")]
    assert "<caption>November 2026" in table and table.count('scope="col"') == 7
    assert [int(n) for n in re.findall(r'class="number">(\d+)', table)] == list(range(1, 31))
    assert table.count("<td") == 42
    assert "Open dag geweest" in table and 'href="#geweest"' not in table
    for anchor in re.findall(r'href="#([^"]+)"', table):
        assert f'<li id="{anchor}"' in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?wereld=zorg", ["Spreekuur", "Zorg <b>kijken</b>", "Weg is weg", "Reis"]),
        ("?leerjaar=2", ["Spreekuur", "Gastles bouw", "Weg is weg", "Reis"]),
        ("?soort=open-dag", ["Zorg <b>kijken</b>"]),
        ("?soort=gastles&wereld=bouw&leerjaar=2", ["Gastles bouw", "Weg is weg"]),
        (
            "?wereld=x&leerjaar=9&soort=%3Cb%3E",
            ["Spreekuur", "Zorg <b>kijken</b>", "Gastles bouw", "Weg is weg", "Reis"],
        ),
    ],
)
def test_the_filters_go_together(there: Site, query: str, shown: list[str]) -> None:
    assert [title for title in titles(there, query) if title != "Ooit eens"] == shown


def test_the_filters_stay_on_the_way_to_another_month(there: Site) -> None:
    page = there.http.get("/kalender?soort=gastles&leerjaar=2").text
    following = html.unescape(re.search(r'<a href="([^"]+)" rel="next"', page)[1])  # type: ignore[index]
    assert following == "/kalender?maand=2026-12&leerjaar=2&soort=gastles"
    assert '<option value="gastles" selected>' in page
    back = there.http.get(following).text
    assert 'rel="prev"' in back and "maand=2026-11" in back


def test_before_this_month_and_after_the_last_event_there_is_no_way(there: Site) -> None:
    assert 'rel="prev"' not in there.http.get("/kalender").text
    assert 'rel="next"' not in there.http.get("/kalender?maand=2027-02").text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?maand=2027-01", "Het eerste daarna is op donderdag 4 februari 2027"),
        ("?maand=2027-02&soort=open-dag", "niets dat past bij wat je koos. Vraag je decaan of mentor"),
        ("?maand=2026-10", "Deze maand is voorbij. Kijk bij november 2026"),
        ("?maand=2099-12", "Er komt deze maand niets meer. Vraag je decaan"),
    ],
)
def test_an_empty_month_says_where_to_look(there: Site, query: str, said: str) -> None:
    page = there.http.get(f"/kalender{query}")
    assert said in plain(page.text) and "<table" not in page.text


@pytest.mark.parametrize("month", ["", "x", "2026-13", "0000-00", "2026-1", "2026-12-01", "%00", "٢٠٢٦-١٢"])
def test_any_other_month_is_this_one(there: Site, month: str) -> None:
    assert "November 2026" in there.http.get(f"/kalender?maand={month}").text


def test_an_empty_kalender_is_said(kalender: Callable[[str], None], site: Site) -> None:
    kalender("standaard: {bron: b, betrouwbaarheid: hoog}\nitems: []\n")
    assert "Er komt deze maand niets meer. Vraag je decaan" in plain(site.http.get("/kalender").text)
    assert entries(site) == {}


def test_home_and_the_page_lead_to_each_other(there: Site) -> None:
    assert 'href="/kalender"' in there.http.get("/").text
    assert 'href="/"' in there.http.get("/kalender").text


def test_the_page_needs_no_script_and_sets_no_cookie(there: Site) -> None:
    answer = there.http.get("/kalender")
    assert "<script" not in answer.text and "style=" not in answer.text and "set-cookie" not in answer.headers


def test_how_to_subscribe_is_said_with_the_filters(there: Site) -> None:
    page = html.unescape(there.http.get("/kalender?wereld=zorg&maand=2026-12").text)
    host = there.url.removeprefix("http://")
    assert f'href="webcal://{host}/kalender.ics?wereld=zorg"' in page
    assert f"<code>http://{host}/kalender.ics?wereld=zorg</code>" in page


# The feed


def test_the_feed_has_every_dated_event(there: Site) -> None:
    days = ("20261124", "20261201", "20261215")
    assert set(entries(there)) == {
        *(f"{id}@lobke" for id in ("geweest", "zorg", "bouw", "weg", "reis", "verzonnen")),
        *(f"spreekuur-{day}@lobke" for day in days),
    }


def test_the_feed_takes_the_same_filters(there: Site) -> None:
    assert set(entries(there, "?soort=gastles&leerjaar=2")) == {"bouw@lobke", "weg@lobke", "verzonnen@lobke"}
    name = Calendar.from_ical(there.http.get("/kalender.ics?wereld=zorg&leerjaar=3").content)["x-wr-calname"]
    assert name == "LOB-kalender, Zorg en welzijn, leerjaar 3"


def test_times_are_dutch_with_the_rules_of_the_zone(there: Site) -> None:
    content = there.http.get("/kalender.ics").content.decode()
    assert "BEGIN:VTIMEZONE" in content and "TZID:Europe/Amsterdam" in content and "BEGIN:DAYLIGHT" in content
    assert "DTSTART;TZID=Europe/Amsterdam:20261126T190000" in content
    zorg = entries(there)["zorg@lobke"]
    assert zorg.decoded("dtstart") == datetime(2026, 11, 26, 19, tzinfo=ZONE)
    reis = entries(there)["reis@lobke"]
    assert (reis.decoded("dtstart"), reis.decoded("dtend")) == (date(2026, 11, 30), date(2026, 12, 3))


def test_the_feed_says_what_is_cancelled_and_how_often_to_look(there: Site) -> None:
    gone = entries(there)["weg@lobke"]
    assert gone["status"] == "CANCELLED" and gone["summary"] == "Gaat niet door: Weg is weg"
    assert entries(there)["zorg@lobke"]["status"] == "CONFIRMED"
    feed = Calendar.from_ical(there.http.get("/kalender.ics").content)
    assert feed.decoded("refresh-interval") == timedelta(hours=12)
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT12H" in there.http.get("/kalender.ics").text
    assert not list(feed.walk("VALARM"))


def test_a_feed_that_did_not_change_is_not_sent_again(kalender: Callable[[str], None], site: Site) -> None:
    first = site.http.get("/kalender.ics")
    again = {"If-None-Match": f'"x", W/{first.headers["etag"]}'}
    unchanged = site.http.get("/kalender.ics", headers=again)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    kalender(EVENTS.replace("Soest", "Leusden"))
    changed = site.http.get("/kalender.ics", headers=again)
    assert changed.status_code == 200 and changed.headers["etag"] != first.headers["etag"]


def test_a_newer_version_has_the_same_uid_and_a_higher_sequence(
    kalender: Callable[[str], None], site: Site, tmp_path: Path
) -> None:
    before = entries(site)["zorg@lobke"]
    kalender(EVENTS.replace("2026-11-26", "2026-11-25"))
    file = tmp_path / "kalender.yml"
    os.utime(file, (file.stat().st_mtime + 120, file.stat().st_mtime + 120))
    after = entries(site)["zorg@lobke"]
    assert after["sequence"] == before["sequence"] + 2
    assert after.decoded("dtstart") == before.decoded("dtstart") - timedelta(days=1)


def test_long_gone_events_leave_the_feed(there: Site, set_up: Callable[..., None]) -> None:
    set_up(now="2026-12-20T12:00:00+01:00")
    assert "geweest@lobke" not in entries(there) and "zorg@lobke" in entries(there)


def test_one_event_that_repeats_is_a_file_with_the_days_that_are_left(there: Site, set_up: Callable[..., None]) -> None:
    set_up(now="2026-11-30T12:00:00+01:00")
    file = Calendar.from_ical(there.http.get("/kalender/spreekuur.ics").content)
    assert [entry.decoded("dtstart").day for entry in file.walk("VEVENT")] == [1, 15]
