"""/portal/cijfers: the figures of a period and a school as tables and files, from which no small count follows."""

import csv
import html
import io
import re
from collections.abc import Callable, Iterator
from datetime import date
from itertools import product
from typing import Any

import httpx
import pytest
import time_machine
from openpyxl import load_workbook
from sqlalchemy import func, select

from bot.accounts import accounts
from bot.keys import derived_key
from bot.knowledge.reading import remarks
from bot.monitoring import small
from bot.monitoring.figures import Period, figures, roll_up
from bot.monitoring.overview import in_file, tables, written
from bot.storage.database import DatabaseDown, transaction
from bot.storage.tables import figures as true_figures
from tests.bot.monitoring.logs import happened, voted, write
from tests.web.handoffs import OTHER_SCHOOL
from tests.web.staff import PASSWORD, SCHOOL, Browser, a_decaan, error

PAGE = "/portal/cijfers"
BAD = "<script>alert(1)</script>"
FORMULA = "=cmd|' /C calc'!A0"
NOVEMBER = date(2026, 11, 3)
Shown = dict[str, dict[str, dict[str, str]]]
"""Of each table (its name) and each row (its label) the cells by the head of their column."""


@pytest.fixture(autouse=True)
def in_november() -> Iterator[Any]:
    with time_machine.travel("2026-11-22T12:00:00+01:00", tick=False) as travel:
        yield travel


@pytest.fixture
def as_role(browse: Callable[..., Browser]) -> Callable[[str], Browser]:
    """Logs somebody with a role in."""

    def opened(role: str) -> Browser:
        accounts.add(f"{role}@voorbeeld.nl", role, name="Bo", password=PASSWORD)
        browser = browse()
        browser.login(f"{role}@voorbeeld.nl")
        return browser

    return opened


def counted(*rows: Any) -> None:
    write(*rows)
    roll_up()


def seen(page: httpx.Response) -> Shown:
    """The tables of a page."""
    found: Shown = {}
    for section in page.text.split('<section class="figures"')[1:]:
        name = re.findall(r'<h2 id="([\w-]+)">', section)[0]
        rows = [
            re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", section, re.DOTALL)
        ]
        heads, *lines = [[html.unescape(each) for each in row] for row in rows] or [[]]
        found[name] = {line[0]: dict(zip(heads[1:], line[1:], strict=True)) for line in lines}
    return found


def cell(page: httpx.Response, table: str, label: str, column: str = "Deze periode") -> str:
    return seen(page)[table][label][column]


def rows_of(file: httpx.Response) -> list[list[str]]:
    """The rows of a CSV file."""
    return list(csv.reader(io.StringIO(file.content.decode("utf-8-sig")), delimiter=";"))


def sheets_of(file: httpx.Response) -> dict[str, list[list[str]]]:
    """The rows of each sheet of an Excel file, as a CSV file would have them."""
    book = load_workbook(io.BytesIO(file.content))
    return {
        sheet.title: [["" if value is None else str(value) for value in row] for row in sheet.values] for sheet in book
    }


def test_before_anything_is_counted_the_page_says_what_will_be_there(staff: Browser) -> None:
    page = staff.get(PAGE)
    assert (
        page.status_code == 200 and "nog niets of heel weinig geteld" in page.text and "Elke nacht telt ze" in page.text
    )
    assert "<table" not in page.text and "download" not in page.text
    assert f'<a href="{PAGE}">Cijfers</a>' in page.text


def test_without_a_choice_it_is_this_school_year_until_yesterday(staff: Browser) -> None:
    for day, number in ((date(2026, 7, 31), 100), (date(2026, 8, 1), 200), (NOVEMBER, 400)):
        counted(happened("conversation", number=number, school=SCHOOL, day=day))
    page = staff.get(PAGE)
    assert "augustus 2026 tot en met november 2026" in page.text and "zaterdag 21 november 2026" in page.text
    assert 'name="van" type="month" max="2026-11" value="2026-08"' in page.text
    assert cell(page, "gebruik", "Gesprekken") == "600"
    assert [row["Gesprekken"] for row in seen(page)["per-maand"].values()] == ["200", "<5", "<5", "400"]
    assert "tot en met zaterdag" not in staff.get(f"{PAGE}?van=2026-08&tot=2026-10").text


def test_a_period_stands_beside_the_one_before(staff: Browser) -> None:
    for month, number in ((8, 1000), (9, 200), (10, 240)):
        counted(happened("conversation", number=number, school=SCHOOL, day=date(2026, month, 2)))
    page = staff.get(f"{PAGE}?van=2026-10&tot=2026-10")
    assert seen(page)["gebruik"]["Gesprekken"] == {"Deze periode": "240", "Periode ervoor": "200", "Verschil": "+40"}
    assert "De periode ervoor is september 2026." in page.text
    page = staff.get(f"{PAGE}?van=2026-09&tot=2026-09")
    assert seen(page)["gebruik"]["Gesprekken"] == {"Deze periode": "200", "Periode ervoor": "1.000", "Verschil": "-800"}


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("Deze maand", "van=2026-11&tot=2026-11"),
        ("Vorige maand", "van=2026-10&tot=2026-10"),
        ("Dit schooljaar", "van=2026-08&tot=2026-11"),
        ("Vorig schooljaar", "van=2025-08&tot=2026-07"),
    ],
)
def test_periods_are_one_click_away_and_the_chosen_one_is_marked(staff: Browser, name: str, query: str) -> None:
    address = f"{PAGE}?{query}&amp;school={SCHOOL}".replace("&tot", "&amp;tot")
    assert f'<a href="{address}">{name}</a>' in staff.get(f"{PAGE}?van=2020-01&tot=2020-01").text
    assert f'<a href="{address}" aria-current="page">{name}</a>' in staff.get(html.unescape(address)).text


@pytest.mark.parametrize(
    ("van", "tot", "says"),
    [
        ("2026-13", "2026-10", "maand die bestaat"),
        ("2026-08", "oktober", "maand die bestaat"),
        ("0001-01", "0001-02", "maand die bestaat"),
        ("20٢٦-08", "2026-10", "maand die bestaat"),
        ("2026-10", "2026-09", "Draai ze om"),
        ("2026-10", "2026-12", "al begonnen"),
        ("2027-01", "", "al begonnen"),
        ("2010-01", "2026-10", "hooguit 10 jaar"),
        (BAD, "2026-10", "maand die bestaat"),
    ],
)
def test_a_period_that_cannot_be_is_refused_and_stays_as_it_was_typed(
    staff: Browser, van: str, tot: str, says: str
) -> None:
    refused = staff.request("GET", PAGE, params={"van": van, "tot": tot})
    assert refused.status_code == 422 and says in error(refused)
    typed = dict(re.findall(r'name="(van|tot)" type="month" max="2026-11" value="([^"]*)"', refused.text))
    assert {name: html.unescape(value) for name, value in typed.items()} == {"van": van, "tot": tot}
    assert BAD not in refused.text and "<table" not in refused.text
    assert staff.request("GET", f"{PAGE}/gebruik.csv", params={"van": van, "tot": tot}).status_code == 422


def test_ten_years_may_be_asked_for(staff: Browser) -> None:
    assert staff.get(f"{PAGE}?van=2016-12&tot=2026-11").status_code == 200


def in_schools() -> None:
    numbers = {SCHOOL: 100, OTHER_SCHOOL: 200, None: 400}
    counted(
        *(happened("conversation", number=number, school=school, day=NOVEMBER) for school, number in numbers.items())
    )


@pytest.mark.parametrize("role", ["redactie", "beheer"])
def test_redactie_and_beheer_see_all_together_one_school_or_chats_without_one(
    as_role: Callable[[str], Browser], role: str
) -> None:
    in_schools()
    staff = as_role(role)
    asked = {"": "700", f"?school={SCHOOL}": "100", f"?school={OTHER_SCHOOL}": "200", "?school=geen": "400"}
    for query, number in asked.items():
        assert cell(staff.get(PAGE + query), "gebruik", "Gesprekken") == number
    assert re.findall(r'<option value="(\w*)"[^>]*>(Alle|Zonder)', staff.get(PAGE).text) == [
        ("", "Alle"),
        ("geen", "Zonder"),
    ]
    assert staff.get(f"{PAGE}?school=onbekend").status_code == 404


def test_a_decaan_sees_her_own_school_and_never_another_or_the_region(staff: Browser) -> None:
    in_schools()
    assert cell(staff.get(PAGE), "gebruik", "Gesprekken") == "100"
    assert "<select" not in staff.get(PAGE).text
    for school in (OTHER_SCHOOL, "geen", "*", "onbekend", BAD):
        for path in (PAGE, f"{PAGE}/gebruik.csv", f"{PAGE}/gebruik.xlsx", f"{PAGE}/alles.xlsx"):
            refused = staff.request("GET", path, params={"school": school})
            assert refused.status_code == 404 and "niet bij je account" in refused.text
            assert "200" not in refused.text.partition("<main")[2] and BAD not in refused.text


def test_a_decaan_of_more_schools_chooses_one(browser: Browser) -> None:
    in_schools()
    accounts.add("twee@voorbeeld.nl", "decaan", [SCHOOL, OTHER_SCHOOL], "Sam", PASSWORD)
    browser.login("twee@voorbeeld.nl")
    first = sorted((SCHOOL, OTHER_SCHOOL))[0]
    for query, school in (("", first), (f"?school={SCHOOL}", SCHOOL), (f"?school={OTHER_SCHOOL}", OTHER_SCHOOL)):
        page = browser.get(PAGE + query)
        assert cell(page, "gebruik", "Gesprekken") == {SCHOOL: "100", OTHER_SCHOOL: "200"}[school]
        assert f'<option value="{school}" selected>' in page.text and page.text.count("<option") == 2


def test_names_from_elsewhere_are_text_on_the_page_and_in_files(staff: Browser) -> None:
    for subject in (BAD, FORMULA, "\x07bel"):
        counted(happened("subject", subject, 10, SCHOOL, NOVEMBER), happened("kind", subject, 10, SCHOOL, NOVEMBER))
    page = staff.get(PAGE)
    assert BAD not in page.text and cell(page, "onderwerpen", BAD) == "10"
    for name in ("onderwerpen", "soorten-vragen"):
        labels = [row[0] for row in rows_of(staff.get(f"{PAGE}/{name}.csv"))]
        assert f"'{FORMULA}" in labels and FORMULA not in labels
        (rows,) = sheets_of(staff.get(f"{PAGE}/{name}.xlsx")).values()
        assert [f"'{FORMULA}", "10", "<5", "10"] in rows and BAD in [row[0] for row in rows]


def test_a_few_thumbs_make_no_percentage(staff: Browser) -> None:
    counted(*(voted(number < 10, SCHOOL, day=NOVEMBER) for number in range(15)))
    assert seen(staff.get(PAGE))["tevredenheid"]["Duim omhoog"]["Deel (%)"] == "geen"
    counted(*(voted(number < 20, SCHOOL, day=date(2026, 10, 1)) for number in range(25)))
    assert seen(staff.get(PAGE))["tevredenheid"]["Duim omhoog"]["Deel (%)"] == "75%"


def test_what_the_figures_mean_is_under_each_table(staff: Browser) -> None:
    counted(happened("conversation", number=10, school=SCHOOL, day=NOVEMBER))
    page = staff.get(PAGE).text
    assert page.count("<summary>Wat betekent dit?</summary>") >= 13
    assert "Hoe vaak een leerling met Lobke praatte." in page and "`" not in page.partition("<main")[2]


def test_a_chart_says_nothing_to_readers_as_the_table_does(staff: Browser) -> None:
    counted(*(happened("hour", f"{hour:02}", 10 * hour, SCHOOL, NOVEMBER) for hour in (9, 18)))
    charts = re.findall(r'<svg class="chart".*?</svg>', staff.get(PAGE).text, re.DOTALL)
    assert charts and all('aria-hidden="true"' in chart and 'fill="#17616e"' in chart for chart in charts)
    heights = re.findall(r'<rect class="value"[^>]* height="([\d.]+)" fill', charts[-1])
    assert [float(height) for height in heights if float(height)] == [63.0, 126.0]


def test_files_say_what_the_page_says(staff: Browser) -> None:
    some = {
        "conversation": "",
        "kind": "kosten",
        "subject": "beroep:kok",
        "question": "at_once",
        "event_shown": "gastles",
    }
    for month, (series, value) in product((9, 10, 11), some.items()):
        counted(happened(series, value, 400 * month, SCHOOL, date(2026, month, 1)))
    query = "van=2026-10&tot=2026-11"
    shown, found = seen(staff.get(f"{PAGE}?{query}")), tables(figures(Period.of(2026, 10, 2), SCHOOL), SCHOOL)
    together = sheets_of(staff.get(f"{PAGE}/alles.xlsx?{query}"))
    assert list(together) == [table.title for table in found]
    for table in found:
        file = staff.get(f"{PAGE}/{table.name}.csv?{query}")
        name = f"cijfers-{table.name}-2026-10-2026-11-{SCHOOL}.csv"
        assert file.headers["content-disposition"] == f'attachment; filename="2026-11-22-{name}"'
        assert file.headers["cache-control"] == "no-store"
        heads, *rows = rows_of(file)
        assert heads == [table.head, *table.columns] and len(rows) == len(table.rows)
        assert rows == [[row.label, *map(str, map(in_file, row.values))] for row in table.rows]
        for row in table.rows:
            assert list(shown[table.name][row.label].values()) == [written(value) for value in row.values]
        (alone,) = sheets_of(staff.get(f"{PAGE}/{table.name}.xlsx?{query}")).values()
        assert together[table.title] == alone == [heads, *rows]
    assert rows_of(staff.get(f"{PAGE}/gebruik.csv?{query}"))[1] == ["Gesprekken", "8400", "3600", "4800"]


@pytest.mark.parametrize("name", ["onbekend.csv", "onbekend.xlsx", "alles.csv", "Gebruik.csv"])
def test_a_file_that_is_not_there_is_said_so(staff: Browser, name: str) -> None:
    assert staff.get(f"{PAGE}/{name}").status_code == 404


def test_clicks_are_of_no_school_so_a_school_does_not_get_them(as_role: Callable[[str], Browser]) -> None:
    counted(
        happened("event_shown", "gastles", 50, SCHOOL, NOVEMBER),
        happened("event_clicked", "gastles", 20, None, NOVEMBER),
    )
    staff = as_role("beheer")
    assert seen(staff.get(PAGE))["activiteiten"] == {"Gastles": {"Getoond": "50", "Aangeklikt": "20"}}
    assert seen(staff.get(f"{PAGE}?school=geen"))["activiteiten"] == {"Gastles": {"Getoond": "<5", "Aangeklikt": "20"}}
    assert seen(staff.get(f"{PAGE}?school={SCHOOL}"))["activiteiten"] == {"Gastles": {"Getoond": "50"}}


def test_when_the_database_is_away_the_page_says_so(staff: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: object) -> None:
        raise DatabaseDown

    monkeypatch.setattr("web.portal.figures.figures", fails)
    for path in (PAGE, f"{PAGE}/gebruik.csv", f"{PAGE}/alles.xlsx"):
        assert staff.get(path).status_code == 503


def test_the_page_is_easy_to_read(staff: Browser) -> None:
    counted(happened("conversation", number=10, school=SCHOOL, day=NOVEMBER))
    page = re.sub(r"<details>.*?</details>", "", staff.get(PAGE).text, flags=re.DOTALL)
    for said in re.findall(r"<(?:p|label)[^>]*>([^<{]+)</", page):
        assert not remarks(html.unescape(" ".join(said.split()))), said


# Nobody works out a small count from all pages and files together.

MONTHS = (9, 10, 11)
SCHOOLS = {"": None, SCHOOL: SCHOOL, OTHER_SCHOOL: OTHER_SCHOOL}
"""The schools as they are counted, and as rows name them."""
MEANT = {
    ("gebruik", "Gesprekken"): ("conversation", ""),
    ("gebruik", "Bezoekers"): ("visitor", ""),
    ("gebruik", "Keren geladen"): ("view", ""),
    ("hoe-het-ging", "Meteen beantwoord"): ("question", "at_once"),
    ("hoe-het-ging", "Niet begrepen"): ("question", "not_understood"),
    ("hulp", "Noodsignalen"): ("distress", ""),
    ("hulp", "Overdrachten verstuurd"): ("handoff_sent", ""),
    ("hulp", "Overdrachten beantwoord"): ("first_answer", "2"),
    ("verkenning", "Verkenningen begonnen"): ("exploration_started", ""),
    ("vervolgstappen", "Wat is het verschil?"): ("next_step", "vergelijk"),
    ("soorten-vragen", "Wat kost het?"): ("kind", "kosten"),
    ("onderwerpen", "Kok (beroep)"): ("subject", "beroep:kok"),
    ("werelden", "Horeca en bakkerij"): ("subject", "beroep:kok"),
    ("activiteiten", "Gastles"): ("event_shown", "gastles"),
    ("tevredenheid", "Duim omhoog"): ("thumb", "up"),
    ("tevredenheid", "Duim omlaag"): ("thumb", "down"),
    ("gevonden", "Ja"): ("found", "ja"),
    ("uur-van-de-dag", "9.00 tot 10.00 uur"): ("hour", "09"),
    ("dag-van-de-week", "vrijdag"): ("weekday", "5"),
}
"""Which cells the first number of a row is a sum of."""
CHOICES = {"": tuple(SCHOOLS), "geen": ("",), SCHOOL: (SCHOOL,), OTHER_SCHOOL: (OTHER_SCHOOL,)}
"""What staff may ask for, and the schools that are in it."""
PERIODS = [(first, last) for first, last in product(MONTHS, MONTHS) if first <= last]


def small_counts() -> None:
    """From 1 to 7 of everything, in each school and month."""
    cells = product(SCHOOLS.values(), MONTHS, sorted(set(MEANT.values())))
    counted(
        *(
            happened(series, value, 1 + (7 * number + number // 5) % 7, school, date(2026, month, 2))
            for number, (school, month, (series, value)) in enumerate(cells)
        )
    )


def rounded_cells() -> dict[tuple[str, int, str, str], int]:
    """What may be known: the true counts of a month, each rounded by itself."""
    key, at = bytes.fromhex(derived_key("small numbers")), true_figures.c
    with transaction() as connection:
        query = select(at.school, at.day, at.metric, at.value, func.sum(at.number))
        rows = connection.execute(query.group_by(at.school, at.day, at.metric, at.value)).all()
    assert {int(row[-1]) for row in rows} == set(range(1, 8))
    return {
        (school, day.month, series, value): ROUNDED(int(number), (school, str(day.replace(day=1)), series, value), key)
        for school, day, series, value, number in rows
    }


ROUNDED = small.rounded


def leaks(
    shown: Shown, cells: dict[tuple[str, int, str, str], int], schools: tuple[str, ...], months: range
) -> list[str]:
    """What stands on a page or in a file and is no sum of rounded cells. Numbers are read as people write them."""

    def sums(series: str, value: str, of: range) -> int:
        return sum(cells[school, month, series, value] for school in schools for month in of if month in MONTHS)

    found = []
    for (name, label), meant in MEANT.items():
        expected = sums(*meant, months)
        row = shown[name].get(label)
        first = next(iter(row.values())) if row else "<5"
        if row and first != (f"{expected}" if expected else "<5") or not row and expected:
            found.append(f"{name} {label}: {first}, not {expected}")
    for label, columns in shown["per-maand"].items():
        month = {"september": 9, "oktober": 10, "november": 11}[label.split()[0]]
        expected = sums("conversation", "", range(month, month + 1))
        if columns["Gesprekken"] != (f"{expected}" if expected else "<5"):
            found.append(f"{label}: {columns['Gesprekken']}, not {expected}")
    numbers = {
        name: {label: int(shown[name][label]["Deze periode"].replace("<5", "0")) for label in shown[name]}
        for name in ("hoe-het-ging", "tevredenheid")
    }
    wholes = {"hoe-het-ging": numbers["hoe-het-ging"]["Vragen"], "tevredenheid": sum(numbers["tevredenheid"].values())}
    for name, whole in wholes.items():
        for label, number in numbers[name].items():
            part = shown[name][label]["Deel (%)"].rstrip("%").replace("geen", "")
            if part != (f"{int(100 * number / whole + 0.5)}" if whole >= 20 else ""):
                found.append(f"{name} {label}: {part}%")
    for name, rows in shown.items():
        for label, columns in rows.items():
            for head, text in columns.items():
                if "(%)" in head or "schooldag" in text or label == "Tijd tot het eerste antwoord":
                    continue
                if not re.fullmatch(r"<5|[+-]?\d*[05]", text):
                    found.append(f"{name} {label} {head}: {text}")
    return found


def in_tables(sheets: dict[str, list[list[str]]]) -> Shown:
    """The sheets of a file as the tables of a page."""
    names = {table.title: table.name for table in tables(figures(Period.of(2026, 11)))}
    return {
        names[title]: {row[0]: dict(zip(heads[1:], row[1:], strict=True)) for row in rows}
        for title, (heads, *rows) in sheets.items()
    }


def all_that_leaks(staff: Browser, choices: dict[str, tuple[str, ...]], files: bool) -> list[str]:
    cells, found = rounded_cells(), []
    for (choice, schools), (first, last) in product(choices.items(), PERIODS):
        query = f"van=2026-{first:02}&tot=2026-{last:02}&school={choice}"
        months = range(first, last + 1)
        page = seen(staff.get(f"{PAGE}?{query}"))
        found += leaks(page, cells, schools, months)
        for name, rows in page.items():
            if "Periode ervoor" in next(iter(rows.values()), {}):
                earlier = range(2 * first - last - 1, first)
                for (table, label), (series, value) in MEANT.items():
                    if table == name and label in rows:
                        number = sum(cells.get((s, m, series, value), 0) for s in schools for m in earlier)
                        if rows[label]["Periode ervoor"] != (f"{number}" if number else "<5"):
                            found.append(f"{name} {label} before: {rows[label]}")
        if files:
            found += leaks(in_tables(sheets_of(staff.get(f"{PAGE}/alles.xlsx?{query}"))), cells, schools, months)
            one_by_one = {
                table: {row[0]: dict(zip(heads[1:], row[1:], strict=True)) for row in rows}
                for table in page
                for heads, *rows in [rows_of(staff.get(f"{PAGE}/{table}.csv?{query}"))]
            }
            found += leaks(one_by_one, cells, schools, months)
    return found


def test_everything_together_leads_to_rounded_cells_only(
    as_role: Callable[[str], Browser], browse: Callable[..., Browser]
) -> None:
    small_counts()
    assert all_that_leaks(as_role("beheer"), CHOICES, files=True) == []
    for number, school in enumerate((SCHOOL, OTHER_SCHOOL)):
        a_decaan(f"decaan{number}@voorbeeld.nl", school)
        browser = browse()
        browser.login(f"decaan{number}@voorbeeld.nl")
        assert all_that_leaks(browser, {school: (school,)}, files=False) == []


def test_without_rounding_it_would_be_found(as_role: Callable[[str], Browser], monkeypatch: pytest.MonkeyPatch) -> None:
    """So that finding nothing says something."""
    monkeypatch.setattr(small, "rounded", lambda number, cell, key: number)
    small_counts()
    assert all_that_leaks(as_role("beheer"), {SCHOOL: (SCHOOL,)}, files=False)


def test_totals_that_are_rounded_by_themselves_would_be_found(
    as_role: Callable[[str], Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same: sums of true numbers that are rounded only when they are shown are multiples of 5 as well."""
    monkeypatch.setattr(small, "rounded", lambda number, cell, key: number)
    small_counts()
    monkeypatch.setattr("web.portal.figures.written", lambda value: str(5 * round((value or 0) / 5)) if value else "<5")
    assert all_that_leaks(as_role("beheer"), CHOICES, files=False)
