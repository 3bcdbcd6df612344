"""The audit log: what beheer finds in it, what a decaan sees of it, and that nobody reads it unseen."""

import csv
import html
import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import insert

from bot import clock
from bot.accounts import accounts
from bot.accounts.accounts import Account
from bot.accounts.audit import PAGE as SIZE
from bot.handoff.inbox import Inbox
from bot.settings import PROJECT
from bot.storage import tables
from bot.storage.database import transaction
from tests.web.handoffs import INBOX, OTHER_SCHOOL, pupil, sent
from tests.web.staff import EMAIL, PASSWORD, SCHOOL, Browser, a_decaan
from web.portal.audit import ACTIONS

PAGE = "/portal/logboek"
MONDAY = "2026-11-23T10:00:00+01:00"


@pytest.fixture
def boss(browser: Browser, decaan: Account) -> Account:
    """Somebody of beheer, logged in in `browser`; there is a decaan too."""
    made = accounts.add("beheer@voorbeeld.nl", "beheer", name="Bo Beheer", password=PASSWORD)
    browser.login("beheer@voorbeeld.nl")
    return made


def rows(text: str) -> list[str]:
    """What stands in the rows of a page."""
    found = re.search(r'<ul class="rows log">.*?</ul>', text, re.DOTALL)
    items = re.findall(r"<li>(.*?)</li>", found[0], re.DOTALL) if found else []
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", "", item)).split()) for item in items]


def inbox(decaan: Account) -> Inbox:
    return Inbox(decaan.id, decaan.schools, decaan.name)


def log(browser: Browser, query: str = "") -> list[str]:
    answer = browser.get(f"{PAGE}?{query}")
    assert answer.status_code == 200
    return rows(answer.text)


def many(number: int) -> None:
    """Rows of logins, one a second."""
    now = clock.now()
    made = [
        {
            "id": f"{place:032x}",
            "at": now - timedelta(seconds=place // 2),
            "account_id": None,
            "action": "login_failed",
            "subject": "",
            "detail": str(place),
        }
        for place in range(1, number + 1)
    ]
    with transaction(write=True) as connection:
        connection.execute(insert(tables.audit), made)


@time_machine.travel(MONDAY, tick=False)
def test_it_says_in_words_who_did_what_with_a_handoff(browser: Browser, boss: Account, decaan: Account) -> None:
    browser.login("beheer@voorbeeld.nl")
    id, code = sent("Geheim van een leerling", first_name="Zoë")
    other = a_decaan("bo@voorbeeld.nl")
    mine = inbox(decaan)
    mine.get(id)
    mine.assign(id, 1, other.id)
    mine.note(id, "k", "Geheime notitie")
    pupil().withdraw(code)
    found = log(browser, f"overdracht={id}")
    when = f"maandag 23 november 2026, 10.00 uur, overdracht {id}"
    assert sorted(found) == sorted(
        [
            f"Leerling: trok een overdracht in {when}",
            f"Sam Decaan: schreef een notitie {when}",
            f"Sam Decaan: wees een overdracht toe, aan Sam Decaan {when}",
            f"Sam Decaan: bekeek een overdracht {when}",
        ]
    )
    page = browser.get(PAGE).text
    assert "Geheim" not in page and "Zoë" not in page


def test_every_action_that_is_recorded_has_words() -> None:
    recorded: set[str] = set()
    for file in [*(PROJECT / "bot").rglob("*.py"), *(PROJECT / "web").rglob("*.py")]:
        text = file.read_text(encoding="utf-8")
        recorded |= set(re.findall(r'\brecord\(\s*\w+,\s*"(\w+)"', text))
        prefix = re.search(r'\brecord\(\w+, f"(\w+_)\{action\}"', text)
        if prefix:
            recorded |= {
                prefix[1] + name for name in re.findall(r'(?:_log\(connection|_change\(id, version), "(\w+)"', text)
            }
    assert {"handoff_viewed", "handoff_assigned", "login", "account_added"} <= recorded
    assert recorded - ACTIONS.keys() == set()


def test_it_is_filtered_by_account_action_and_period(browser: Browser, boss: Account, decaan: Account) -> None:
    a_decaan("ander@voorbeeld.nl", OTHER_SCHOOL)
    id, _ = sent()
    with time_machine.travel(MONDAY, tick=False):
        inbox(decaan).get(id)
    with time_machine.travel("2026-11-25T00:00:00+01:00", tick=False):
        inbox(decaan).note(id, "k", "x")
    with time_machine.travel("2026-11-26T10:00:00+01:00", tick=False):
        browser.login("beheer@voorbeeld.nl")
        assert len(log(browser, f"wie={decaan.id}")) == 3
        assert [row.partition(":")[0] for row in log(browser, "wat=handoff_viewed")] == ["Sam Decaan"]
        by_her = f"wie={decaan.id}&wat=handoff"
        assert len(log(browser, f"{by_her}_noted&van=2026-11-24&tot=2026-11-25")) == 1
        assert len(log(browser, f"{by_her}_noted&van=2026-11-23&tot=2026-11-24")) == 0
        assert len(log(browser, f"{by_her}_viewed&van=2026-11-23&tot=2026-11-24")) == 1
        page = browser.get(f"{PAGE}?wie={decaan.id}&wat=handoff_viewed&van=2026-11-20").text
        assert f'value="{decaan.id}" selected' in page and 'value="2026-11-20"' in page
        assert "Hier staat niets bij." in browser.get(f"{PAGE}?overdracht={'0' * 32}").text


@pytest.mark.parametrize(
    "query", ["wie=x", "wat=x", "van=x&tot=9999-99-99", "overdracht=%00", "voor=x", "van=0001-01-01"]
)
def test_a_filter_that_makes_no_sense_is_left_out(browser: Browser, boss: Account, query: str) -> None:
    assert log(browser, query)


def test_the_pages_show_every_row_once(browser: Browser, boss: Account) -> None:
    many(250)
    seen: list[str] = []
    path = f"{PAGE}?wat=login_failed"
    for size in (SIZE, SIZE, 50):
        page = browser.get(path).text
        assert len(rows(page)) == size
        seen += [row.partition(", ")[2].partition(" ")[0] for row in rows(page)]
        older = re.search(r'<a href="([^"]+)" rel="next">', page)
        path = html.unescape(older[1]) if older else ""
    assert not path and sorted(map(int, seen)) == list(range(1, 251))


def test_the_file_holds_the_same_rows_and_opens_in_a_spreadsheet(
    browser: Browser, boss: Account, decaan: Account
) -> None:
    many(2100)
    accounts.change(decaan, '=HYPERLINK("x")', "decaan", [SCHOOL])
    inbox(accounts.by_email(EMAIL)).get(sent()[0])
    answer = browser.get(f"{PAGE}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="logboek-[\d-]+\.csv"', answer.headers["content-disposition"])
    assert answer.headers["cache-control"] == "no-store" and answer.text.startswith("\ufeff")
    lines = list(csv.reader(io.StringIO(answer.text[1:]), delimiter=";"))
    assert lines[0] == ["wanneer", "wie", "wat", "waarover", "bijzonderheden"]
    assert sum(line[2] == "Inloggen mislukte" for line in lines) == 2100
    assert any(line[1] == '\'=HYPERLINK("x")' for line in lines)
    few = browser.get(f"{PAGE}.csv?wat=handoff_viewed").text
    assert len(few.splitlines()) == 2


def test_reading_it_is_in_it(browser: Browser, boss: Account, decaan: Account) -> None:
    browser.get(f"{PAGE}?wie={decaan.id}")
    browser.get(f"{PAGE}.csv")
    found = log(browser, f"wie={boss.id}")
    assert any("Bo Beheer: bekeek het logboek" in row and decaan.id in row for row in found)
    assert any("Bo Beheer: bewaarde het logboek als bestand" in row for row in found)


def test_a_name_stays_after_the_account_is_deleted(browser: Browser, boss: Account, decaan: Account) -> None:
    inbox(decaan).get(sent()[0])
    accounts.remove(decaan, by=boss)
    assert any(row.startswith("Sam Decaan (verwijderd): bekeek een overdracht") for row in log(browser))


# On the page of a handoff


def test_a_decaan_sees_who_looked_at_a_handoff_of_her_school(
    browser: Browser, browse: Callable[..., Browser], decaan: Account
) -> None:
    id, _ = sent()
    colleague = accounts.add("bo@voorbeeld.nl", "decaan", [SCHOOL], "Bo Jansen", PASSWORD)
    inbox(colleague).note(id, "k", "x")
    browser.login()
    page = browser.get(f"{INBOX}/{id}").text
    looks = re.search(r'<details class="looks">.*?</details>', page, re.DOTALL)
    assert looks and "Wie keek er?" in looks[0]
    assert "<strong>Bo Jansen</strong>: schreef een notitie" in looks[0]
    assert "<strong>Sam Decaan</strong>: bekeek een overdracht" in looks[0]


def test_only_of_her_own_schools(decaan: Account) -> None:
    from bot.accounts.audit import of_handoff

    id, _ = sent(school=OTHER_SCHOOL)
    Inbox("x", [OTHER_SCHOOL], "X").get(id)
    assert of_handoff(id, {OTHER_SCHOOL}) and not of_handoff(id, {SCHOOL})
    assert not of_handoff(decaan.id, {SCHOOL})
