"""The LOB-scan of a school: filling it in, what comes of it, and what is taken along on paper and in Excel."""

import html
import io
import re
from collections.abc import Callable, Iterator
from datetime import date

import httpx
import pytest
import time_machine
from openpyxl import load_workbook

from bot.accounts import accounts
from bot.knowledge import current
from bot.knowledge.reading import remarks
from bot.monitoring.scan import LEAST_SCHOOLS, NOTHING, Answer, Scans, Value
from bot.storage.database import DatabaseDown
from tests.bot.accounts.audit import actions
from tests.web.handoffs import OTHER_SCHOOL
from tests.web.staff import HIDDEN, PASSWORD, SCHOOL, Browser, error
from tests.web.test_portal_inbox import text_of
from web.portal.scan import LONGEST

PAGE = "/portal/scan"
SCAN = f"{PAGE}/{SCHOOL}/2026"
DR = f"{SCAN}/onderdeel/DR"
OUTCOME, PAPER, EXCEL = (f"{SCAN}/{name}" for name in ("uitslag", "afdrukken", "excel"))
BAD = "<script>alert(1)</script> **vet** [link](https://example.nl)"


@pytest.fixture(autouse=True)
def in_november() -> Iterator[None]:
    """In the school year that began in 2026."""
    with time_machine.travel("2026-11-24T10:00:00+01:00", tick=False):
        yield


def answers(school: str = SCHOOL, year: int = 2026) -> dict[str, Answer]:
    return Scans("x", None).all(school).get(year, {})


def fill(changes: dict[str, Answer], school: str = SCHOOL, year: int = 2026) -> None:
    """Somebody else answers points for the first time."""
    Scans("x", None).save(school, year, {id: (NOTHING.mark, answer) for id, answer in changes.items()})


def whole(value: Value) -> dict[str, Answer]:
    """The same answer to every point of the heading DR."""
    return {f"DR{number}": Answer(value) for number in range(1, 6)}


def hidden(page: httpx.Response) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in HIDDEN.findall(page.text)}


def rows(page: str, caption: str) -> dict[str, list[str]]:
    """The cells of a table, by what its row is about."""
    table = next(table for table in re.findall(r"<table.*?</table>", page, re.DOTALL) if caption in table)
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)[1:]:
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        name, *rest = [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in cells]
        found[name] = rest
    return found


def test_it_is_in_the_menu_and_says_what_it_is_for(staff: Browser) -> None:
    assert '<a href="/portal/scan">LOB-scan</a>' in staff.get("/portal/account").text
    page = text_of(staff.get(PAGE).text)
    assert "Het Element" in page and "45 punten" in page and "nog niets ingevuld" in page
    assert "Schooljaar 2026-2027" in page and "Schooljaar 2025-2026" in page


def test_who_has_two_schools_chooses_and_beheer_sees_every_school(browse: Callable[..., Browser]) -> None:
    browser, other = browse(), browse()
    fill({"DR1": Answer("ja")}, "verdwenen-school")
    accounts.add("twee@voorbeeld.nl", "decaan", [SCHOOL, OTHER_SCHOOL], "Twee", PASSWORD)
    browser.login("twee@voorbeeld.nl")
    assert len(re.findall("<h2>", browser.get(PAGE).text)) == 2
    accounts.add("beheer@voorbeeld.nl", "beheer", [], "Bo", PASSWORD)
    other.login("beheer@voorbeeld.nl")
    page = other.get(PAGE)
    assert "verdwenen-school" in page.text and f"{PAGE}/{OTHER_SCHOOL}/2026" in page.text
    assert "1 van 45 punten ingevuld" in page.text
    assert other.get(f"{PAGE}/verdwenen-school/2026").status_code == 200
    assert other.get(f"{PAGE}/bestaat-niet/2026").status_code == 404


@pytest.mark.parametrize("rest", ["2024", "2027", "x", "2026/onderdeel/XX", "2026/onderdeel/DR1"])
def test_a_year_or_heading_that_is_not_there_is_not_found(staff: Browser, rest: str) -> None:
    assert staff.get(f"{PAGE}/{SCHOOL}/{rest}").status_code == 404


def test_a_year_that_holds_something_can_be_opened(staff: Browser) -> None:
    fill({"DR1": Answer("ja")}, year=2020)
    assert "Schooljaar 2020-2021" in staff.get(PAGE).text
    assert staff.get(f"{PAGE}/{SCHOOL}/2020").status_code == 200


def test_a_heading_is_filled_in_and_says_what_is_open(staff: Browser) -> None:
    assert re.findall('<li><a href="#(\\w+)">', staff.get(DR).text) == ["DR1", "DR2", "DR3", "DR4", "DR5"]
    fields = {
        "antwoord_DR1": "deels",
        "veld-bewijs-DR1": "Het plan\r\nvan dit jaar",
        "veld-actie-DR1": "Uitleg geven",
        "veld-wie-DR1": "teamleider",
        "veld-datum-DR1": "2027-03-01",
        "antwoord_DR2": "nvt",
    }
    done = staff.send(DR, **fields)
    assert done.headers["location"] == f"{DR}?melding=bewaard"
    page = staff.get(done.headers["location"])
    assert re.findall('<li><a href="#(\\w+)">', page.text) == ["DR3", "DR4", "DR5"]
    assert "Dit onderdeel is bewaard." in page.text and page.text.count('<span class="mark">Nog open</span>') == 3
    assert answers() == {
        "DR1": Answer("deels", "Het plan\nvan dit jaar", "Uitleg geven", "teamleider", date(2027, 3, 1)),
        "DR2": Answer("nvt"),
    }
    assert 'value="deels" checked' in page.text and ">\nHet plan\nvan dit jaar</textarea>" in page.text
    overview = text_of(staff.get(SCAN).text)
    assert "2 van 5 ingevuld. Nog open: DR3, DR4, DR5" in overview and "0 van 8 ingevuld" in overview
    assert actions(SCHOOL) == ["scan_changed"]


def test_saving_may_lead_to_the_next_heading_and_at_the_end_to_the_outcome(staff: Browser) -> None:
    assert staff.send(DR, verder="ja").headers["location"] == f"{SCAN}/onderdeel/VD"
    assert staff.send(f"{SCAN}/onderdeel/ME", verder="ja").headers["location"] == OUTCOME


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("veld-datum-DR2", "30-02-2027", "Kies een dag die bestaat."),
        ("veld-datum-DR2", "2027-02-30", "Kies een dag die bestaat."),
        ("veld-datum-DR2", "0001-01-01", "Kies een dag die bestaat."),
        ("veld-bewijs-DR2", "x" * 501, "langer dan 500 tekens"),
        ("veld-actie-DR2", "x" * 301, "langer dan 300 tekens"),
        ("veld-wie-DR2", "x" * 81, "langer dan 80 tekens"),
    ],
)
def test_what_cannot_be_kept_stays_in_the_form_with_a_reason(staff: Browser, field: str, value: str, says: str) -> None:
    refused = staff.send(DR, **{"antwoord_DR1": "ja", "antwoord_DR2": "nee", field: value})
    assert refused.status_code == 422 and error(refused) == "Er is nog niets bewaard. Kijk bij DR2."
    assert says in refused.text and value in refused.text and 'aria-invalid="true"' in refused.text
    assert refused.text.count('value="ja" checked') == 1 and refused.text.count('value="nee" checked') == 1
    assert "<details open>" in refused.text and answers() == {}


def test_a_day_that_does_not_exist_stays_in_the_form_when_nothing_else_changed(staff: Browser) -> None:
    assert 'value="31-31-2027"' in staff.send(DR, **{"veld-datum-DR2": "31-31-2027"}).text


def test_a_heading_may_be_filled_to_the_last_letter(staff: Browser) -> None:
    form = {
        f"veld-{name}-ME{id}": "ë" * most
        for id in ("1", "1a", "1b", "1c", "1d", "1e", *"2345")
        for name, most in LONGEST.items()
    }
    assert staff.send(f"{SCAN}/onderdeel/ME", **form).status_code == 303
    assert {(len(one.evidence), len(one.action), len(one.owner)) for one in answers().values()} == {(500, 300, 80)}
    assert len(answers()) == 10


def test_an_answer_that_is_no_choice_is_no_answer(staff: Browser) -> None:
    assert staff.send(DR, antwoord_DR1="10").status_code == 303
    assert answers() == {}


def test_what_a_colleague_did_meanwhile_is_shown_and_the_typed_text_kept(staff: Browser) -> None:
    form = {
        **hidden(staff.get(DR)),
        "antwoord_DR1": "nee",
        "veld-bewijs-DR1": "Van mij",
        "antwoord_DR2": "deels",
    }
    fill({"DR1": Answer("ja", "Van Bo"), "DR3": Answer("deels")})
    refused = staff.request("POST", DR, data=form)
    assert refused.status_code == 409 and "Kijk bij DR1 wat er nu staat." in error(refused)
    page = text_of(refused.text)
    assert "Een collega bewaarde intussen: Ja Bewijs: Van Bo" in page
    assert ">\nVan mij</textarea>" in refused.text
    assert answers() == {"DR1": Answer("ja", "Van Bo"), "DR3": Answer("deels")}
    form.update(hidden(refused), antwoord_DR3="deels")
    assert staff.request("POST", DR, data=form).status_code == 303
    assert answers()["DR1"] == Answer("nee", "Van mij")
    assert (answers()["DR2"], answers()["DR3"]) == (Answer("deels"), Answer("deels"))


def test_a_mistake_does_not_hide_that_a_colleague_changed_the_same_point(staff: Browser) -> None:
    form = {**hidden(staff.get(DR)), "antwoord_DR1": "nee", "veld-datum-DR1": "x"}
    fill({"DR1": Answer("ja", "Van Bo")})
    assert "Een collega bewaarde intussen: Ja" in text_of(staff.request("POST", DR, data=form).text)


def test_what_she_did_not_touch_stays_as_a_colleague_made_it(staff: Browser) -> None:
    form = {**hidden(staff.get(DR)), "antwoord_DR1": "", "antwoord_DR2": "ja"}
    fill({"DR1": Answer("ja", "Van Bo")})
    assert staff.request("POST", DR, data=form).status_code == 303
    assert answers() == {"DR1": Answer("ja", "Van Bo"), "DR2": Answer("ja")}


def test_after_a_logout_the_typed_text_is_still_there(staff: Browser) -> None:
    form = {**hidden(staff.get(DR)), "antwoord_DR1": "ja", "veld-bewijs-DR1": "Lang nagedacht"}
    with time_machine.travel("2026-11-24T11:00:00+01:00", tick=False):
        refused = staff.request("POST", DR, data=form)
    assert refused.status_code == 403 and "Lang nagedacht" in refused.text and answers() == {}


def test_while_the_database_is_down_the_typed_text_is_still_there(
    staff: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*arguments: object) -> object:
        raise DatabaseDown("for the test")

    form = {**hidden(staff.get(DR)), "veld-bewijs-DR1": "Lang nagedacht"}
    monkeypatch.setattr("bot.monitoring.scan.transaction", down)
    refused = staff.request("POST", DR, data=form)
    assert refused.status_code == 503 and "Lang nagedacht" in refused.text


def test_a_new_year_may_begin_with_the_answers_of_the_year_before(staff: Browser) -> None:
    assert "Begin met" not in staff.get(SCAN).text
    fill({"DR1": Answer("ja", "Van vorig jaar")}, year=2025)
    page = staff.get(SCAN)
    assert "Begin met 2025-2026" in page.text
    done = staff.request("POST", f"{SCAN}/overnemen", data=hidden(page))
    assert "staan erin" in staff.get(done.headers["location"]).text
    assert answers() == {"DR1": Answer("ja", "Van vorig jaar")} == answers(year=2025)
    assert "Begin met" not in staff.get(SCAN).text


def test_a_form_from_elsewhere_changes_nothing(staff: Browser) -> None:
    fill({"DR1": Answer("ja")}, year=2025)
    for path in (DR, f"{SCAN}/overnemen"):
        form = {**hidden(staff.get(DR)), "antwoord_DR1": "nee", "csrf": "x"}
        assert staff.request("POST", path, data=form).status_code == 403
    assert answers() == {}


# What comes of it


def test_the_outcome_is_a_percentage_for_each_heading_and_no_total(staff: Browser) -> None:
    fill({"DR1": Answer("ja"), "DR2": Answer("deels"), "DR3": Answer("nvt"), "VD1": Answer("nee")})
    page = staff.get(OUTCOME).text
    found = rows(page, "Hoeveel er van elk onderdeel is")
    assert list(found) == [part.naam for part in current().lobscan.onderdelen]
    assert found["Draagvlak"] == ["75% nog 2 van 5 open", "nog te weinig scholen"]
    assert found["Visie en doelen"] == ["0% nog 7 van 8 open", "nog te weinig scholen"]
    assert found["Borging"] == ["geen nog 6 van 6 open", "nog te weinig scholen"]
    assert re.findall(r'class="value" width="(\d+)"', page) == ["75", "0"]
    assert set(re.findall(r"\d+%", text_of(page))) == {"75%", "0%", "5%"}, "5% is how an average is rounded"


def test_actions_stand_by_day_and_what_is_late_is_marked(staff: Browser) -> None:
    assert "Er zijn nog geen acties." in staff.get(OUTCOME).text
    fill(
        {
            "DR1": Answer("nee", action="Later nog", owner="mentor"),
            "DR2": Answer("nee", action="Vandaag", due=date(2026, 11, 24)),
            "DR3": Answer("nee", action="Gisteren", due=date(2026, 11, 23)),
        }
    )
    found = re.findall(r"<li>(.*?)</li>", staff.get(OUTCOME).text.partition('<ol class="todo">')[2], re.DOTALL)
    said = [text_of(f"<main {item}") for item in found]
    assert [next(word for word in ("Later nog", "Vandaag", "Gisteren") if word in item) for item in said] == [
        "Gisteren",
        "Vandaag",
        "Later nog",
    ]
    assert ["Te laat" in item for item in said] == [True, False, False]
    assert "maandag 23 november 2026" in said[0] and "Geen dag gekozen" in said[2] and "mentor" in said[2]


def test_earlier_years_stand_beside_this_one(staff: Browser) -> None:
    assert "Er is nog geen eerder jaar." in staff.get(OUTCOME).text
    fill(whole("ja"))
    fill(whole("deels"), year=2025)
    fill(whole("nee"), year=2024)
    found = rows(staff.get(OUTCOME).text, "in eerdere jaren")
    assert found["Draagvlak"] == ["100%", "50%", "0%"] and found["Borging"] == ["geen", "geen", "geen"]
    assert "in eerdere jaren" not in staff.get(f"{PAGE}/{SCHOOL}/2024/uitslag").text, "a later year is not earlier"


def test_other_schools_are_an_average_when_there_are_enough(staff: Browser) -> None:
    for number in range(LEAST_SCHOOLS):
        fill(whole("deels"), f"school-{number}")
    page = staff.get(OUTCOME).text
    found = rows(page, "Hoeveel er van elk onderdeel is")
    assert (found["Draagvlak"][1], found["Borging"][1]) == ("50%", "nog te weinig scholen")
    assert "school-" not in page
    for number in range(LEAST_SCHOOLS):
        fill(whole("nee"), f"school-{number}", 2025)
        fill(whole("ja"), f"school-{number}", 2020)
    fill({"DR1": Answer("ja")}, year=2020)
    for year, average in (("2025", "10% of minder"), ("2020", "90% of meer")):
        other = staff.get(f"{PAGE}/{SCHOOL}/{year}/uitslag").text
        assert rows(other, "Hoeveel er van elk onderdeel is")["Draagvlak"][1] == average


def test_the_paper_holds_every_point_with_its_answer(staff: Browser) -> None:
    fill({"DR1": Answer("deels", "Het plan", "Uitleg geven", "teamleider", date(2027, 3, 1))})
    page = staff.get(PAPER)
    said = text_of(page.text)
    for part in current().lobscan.onderdelen:
        assert part.naam in said and all(punt.tekst in said for punt in part.punten)
    assert "Actie: Uitleg geven (teamleider), maandag 1 maart 2027" in said and "Bewijs: Het plan" in said
    assert said.count("Nog niet ingevuld") == 44


def test_excel_holds_every_point_and_no_formula(staff: Browser) -> None:
    formulas = ("=1+1", "+31 6", "-1", "@SOM(A1)")
    fill({f"DR{n}": Answer("ja", text, text, text, date(2027, 3, n)) for n, text in enumerate(formulas, 1)})
    fill({"DR5": Answer("nvt", "bel\x07")})
    answer = staff.get(EXCEL)
    assert 'filename="lob-scan-het-element-2026-2027.xlsx"' in answer.headers["content-disposition"]
    book = load_workbook(io.BytesIO(answer.content))
    points = list(book["Punten"].iter_rows())
    assert [cell.value for cell in points[0]][:4] == ["Onderdeel", "Id", "Punt", "Antwoord"] and len(points) == 46
    for row, text in zip(points[1:5], formulas, strict=True):
        assert [cell.value for cell in row[3:7]] == ["Ja", text, text, text]
        assert {cell.data_type for cell in row[:7]} == {"s"} and all(cell.quotePrefix for cell in row[:7])
    assert points[1][7].value.date() == date(2027, 3, 1) and points[5][4].value == "bel"
    outcome = list(book["Uitslag"].iter_rows(values_only=True))
    assert outcome[1] == ("Draagvlak", 100, 5, None) and outcome[4][:3] == ("Contacten", None, 3) and len(outcome) == 9


def test_what_somebody_typed_is_never_markup(staff: Browser) -> None:
    fill({"DR1": Answer("ja", BAD, BAD, BAD)})
    for path in (DR, OUTCOME, PAPER):
        page = staff.get(path).text
        assert "&lt;script&gt;" in page and "<script>" not in page and "**vet** [link](" in page
    refused = staff.send(DR, **{"veld-datum-DR1": f'">{BAD}', "veld-bewijs-DR1": BAD})
    assert refused.status_code == 422 and "<script>" not in refused.text


def test_the_pages_are_easy_to_read(staff: Browser) -> None:
    fill({"DR1": Answer("ja")}, year=2025)
    pages = [staff.get(path) for path in (PAGE, SCAN, DR, f"{SCAN}/onderdeel/PO", OUTCOME, PAPER)]
    fill({"DR1": Answer("nee", action="Bellen")})
    pages += [staff.get(OUTCOME), staff.send(DR, **{"veld-datum-DR1": "x"})]
    for page in pages:
        for said in re.findall(r"<(?:p|label|legend)[^>]*>([^<{]+)</", page.text):
            assert not remarks(html.unescape(" ".join(said.split()))), said
