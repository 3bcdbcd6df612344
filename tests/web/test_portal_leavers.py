"""/portal/vervolg: the counts of a school, and what beheer sees of them."""

import html
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from openpyxl import load_workbook

from bot.accounts.accounts import Account
from bot.evaluation.leavers import AllLeavers
from bot.knowledge.reading import remarks
from tests.web.handoffs import OTHER_SCHOOL
from tests.web.staff import SCHOOL, Browser, error
from tests.web.test_portal_inbox import text_of
from web.portal import sheets

PAGE = "/portal/vervolg"
FILE = f"{PAGE}/bestand"
COUNTS = {"totaal": "50", "mbo2-bol": "20", "mbo4-bol": "27", "havo": "3", "tevreden": "30", "niet-gevraagd": "20"}


@pytest.fixture(autouse=True)
def in_november() -> Iterator[Any]:
    with time_machine.travel("2026-11-22T12:00:00+01:00", tick=False) as travel:
        yield travel


def saved(school: str = SCHOOL, year: int = 2025) -> Any:
    return AllLeavers("an", [school]).of_year(year).get(school)


def save(staff: Browser, **fields: str) -> None:
    done = staff.send(PAGE, **{**COUNTS, "doe": "klaar", **fields})
    assert done.status_code == 303, error(done)


def test_a_school_fills_in_the_last_year_that_is_over(staff: Browser) -> None:
    page = staff.get(PAGE)
    assert "2025-2026" in page.text and "Er staat nog niets. Bewaar je aantallen" in page.text
    done = staff.send(PAGE, **COUNTS, doe="klaar")
    shown = staff.get(done.headers["location"])
    assert "De aantallen zijn bewaard." in shown.text and 'name="havo"' in shown.text
    assert (
        re.search(r'name="havo"[^>]* value="3"', shown.text)
        and "Concept" not in text_of(shown.text).split("Bewaren")[0]
    )
    assert not saved().draft and saved().counts["mbo4-bol"] == 27


def test_what_does_not_add_up_is_not_saved_but_stays_and_can_be_a_draft(staff: Browser) -> None:
    refused = staff.send(PAGE, **{**COUNTS, "havo": "5"}, doe="klaar")
    assert refused.status_code == 422 and "kloppen nog niet" in error(refused)
    assert "bij elkaar is dat 52, maar 50 gingen van school" in refused.text
    assert re.search(r'name="havo"[^>]* value="5"', refused.text) and saved() is None
    draft = staff.send(PAGE, **{**COUNTS, "havo": "5"}, doe="concept")
    shown = staff.get(draft.headers["location"]).text
    assert "Je concept is bewaard." in shown and "2 te veel" in shown and saved().draft


@pytest.mark.parametrize("wrong", ["-1", "1,5", "veel", "10000", "²"])
def test_only_whole_numbers_are_kept(staff: Browser, wrong: str) -> None:
    refused = staff.send(PAGE, **{**COUNTS, "havo": wrong}, doe="concept")
    assert refused.status_code == 422 and "heel getal" in error(refused) and f'value="{wrong}"' in refused.text
    assert saved() is None


def test_a_change_of_a_colleague_is_not_lost(staff: Browser, decaan: Account) -> None:
    old = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', staff.get(PAGE).text)
    save(staff, havo="3")
    refused = staff.request("POST", PAGE, data={**dict(old), **COUNTS, "havo": "9", "doe": "concept"})
    assert refused.status_code == 409 and "Een collega" in error(refused) and 'value="9"' in refused.text
    assert saved().counts["havo"] == 3


def test_the_year_before_stands_beside_it(staff: Browser) -> None:
    before = staff.get(f"{PAGE}?jaar=2024")
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', before.text))
    assert hidden["jaar"] == "2024"
    staff.request("POST", PAGE, data={**hidden, **COUNTS, "havo": "7", "mbo4-bol": "23", "doe": "klaar"})
    save(staff)
    assert "Havo 3 7" in text_of(staff.get(PAGE).text)


@pytest.mark.parametrize("query", ["jaar=2026", "jaar=1999", "jaar=x", f"school={OTHER_SCHOOL}", "school=x"])
def test_another_school_or_year_is_not_there(staff: Browser, query: str) -> None:
    assert staff.get(f"{PAGE}?{query}").status_code == 404
    assert staff.send(PAGE, **COUNTS, doe="concept", **dict([query.split("=")])).status_code == 404


def test_beheer_sees_what_is_finished_without_small_counts(staff: Browser, beheer: Browser) -> None:
    assert "Nog geen school vulde dit jaar in." in beheer.get(PAGE).text
    staff.send(PAGE, **COUNTS, doe="concept")
    assert "Nog geen school vulde dit jaar in." in beheer.get(PAGE).text
    save(staff)
    shown = text_of(beheer.get(PAGE).text)
    assert "Het Element" in shown and "Mbo niveau 4, bol 27" in shown and "Havo <5" in shown
    assert "Havo 3" not in shown and "Mbo niveau 2, bol 20" not in shown
    assert beheer.request("POST", PAGE, data=COUNTS).status_code == 403
    lines = beheer.get(FILE).content.decode("utf-8-sig")
    assert "<5" in lines and ";3;" not in lines and ";20;" not in lines


def test_her_own_file_has_every_count_as_a_number(staff: Browser) -> None:
    save(staff)
    assert "Het Element;2025-2026;nee;50;" in staff.get(FILE).content.decode("utf-8-sig")
    answer = staff.get(f"{FILE}?soort=xlsx")
    assert answer.headers["content-disposition"].endswith('vervolg.xlsx"')
    rows = list(load_workbook(io.BytesIO(answer.content)).active.values)
    assert rows[0][:4] == ("school", "schooljaar", "concept", "Leerlingen die van school gingen")
    assert rows[1][:4] == ("Het Element", "2025-2026", "nee", 50)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@a", "\t=1", " =1"])
def test_a_cell_is_never_a_formula(data_dir: object, cell: str) -> None:
    rows = list(load_workbook(io.BytesIO(sheets.xlsx_file("x", [[cell, 5]]).body)).active.values)
    assert rows == [(f"'{cell}", 5)]
    assert f"'{cell}" in bytes(sheets.csv_file("x", [[cell]]).body).decode()


def test_the_pages_are_easy_to_read(staff: Browser, beheer: Browser) -> None:
    pages = [staff.get(PAGE), staff.send(PAGE, **{**COUNTS, "havo": "5"}, doe="klaar")]
    save(staff)
    pages += [staff.get(f"{PAGE}?melding=concept"), beheer.get(PAGE)]
    for page in pages:
        for said in re.findall(r"<(?:p|label|legend|li)[^>]*>([^<{]+)</", page.text.partition("<main")[2]):
            assert not remarks(html.unescape(" ".join(said.split()))), said
