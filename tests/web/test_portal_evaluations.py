"""/portal/evaluaties: making the links, sharing them, and reading what people answered."""

import html
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import pytest
import time_machine

from bot.accounts import accounts
from bot.evaluation.evaluations import AUDIENCES, Evaluations, answer
from bot.knowledge.reading import remarks
from tests.web.handoffs import OTHER_SCHOOL
from tests.web.staff import PASSWORD, SCHOOL, Browser, a_decaan, error
from tests.web.test_portal_inbox import text_of

PAGE = "/portal/evaluaties"
OWN = {"naam": "Bliksemstage bij de bakker", "dag": "2026-11-20"}
BAD = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def after_the_activity() -> Iterator[Any]:
    with time_machine.travel("2026-11-22T12:00:00+01:00", tick=False) as travel:
        yield travel


def made(staff: Browser, **fields: str) -> str:
    """The page of a new evaluation."""
    done = staff.send(PAGE, **(fields or OWN))
    assert done.status_code == 303, error(done)
    return str(done.headers["location"]).partition("?")[0]


def code(page: httpx.Response, audience: str = "leerlingen") -> str:
    found = re.findall(r'<p class="address">[^<]*/evaluatie/([0-9A-Z]{4}-[0-9A-Z]{4})</p>', page.text)
    return found[AUDIENCES.index(audience)].replace("-", "")


def answers(staff: Browser, page: str, number: int, text: str = "", **chosen: str) -> None:
    for key in range(number):
        assert answer(code(staff.get(page)), f"{text}{chosen}{key}", {"oordeel": "goed", **chosen}, text)


def test_without_an_evaluation_the_page_says_what_will_be_there(staff: Browser) -> None:
    assert "Er is nog geen evaluatie. Maak je er een" in staff.get(PAGE).text
    assert f'<a href="{PAGE}">' in staff.get("/portal/overdrachten").text


def test_an_activity_of_her_own_gets_three_links_with_a_code_to_scan(staff: Browser) -> None:
    done = staff.send(PAGE, **OWN)
    page = staff.get(done.headers["location"])
    assert "De links staan klaar" in page.text and OWN["naam"] in page.text
    assert len(set(re.findall(r"/evaluatie/([0-9A-Z]{4}-[0-9A-Z]{4})<", page.text))) == 3
    assert page.text.count('class="qr"') == 3 and "<img" not in page.text.partition("<main")[2]
    assert "tot en met vrijdag 18 december 2026" in page.text
    assert OWN["naam"] in staff.get(PAGE).text
    for audience in AUDIENCES:
        assert staff.http.get(f"/evaluatie/{code(page, audience)}").status_code == 200


def test_an_activity_is_chosen_from_the_kalender_of_the_past_and_the_coming_year(staff: Browser) -> None:
    page = staff.get(PAGE).text
    options = dict(re.findall(r'<option value="([a-z0-9-]+ \d{4}-\d\d-\d\d)">([^<]+)<', page))
    assert options and not any(key.startswith("aanmelden-1-april") for key in options)
    key, name = next(iter(options.items()))
    shown = staff.get(made(staff, activiteit=key)).text
    assert html.unescape(name).rpartition(", ")[0] in html.unescape(shown)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "Kies een activiteit uit de kalender"),
        ({"activiteit": "x 2026-01-01"}, "Kies een activiteit uit de kalender"),
        ({"dag": "2026-11-20"}, "Typ ook de naam"),
        ({"naam": "Gastles"}, "Kies een dag"),
        ({"naam": "Gastles", "dag": "20 november"}, "Kies een dag"),
        ({"naam": "Gastles", "dag": "2024-11-20"}, "Kies een dag"),
        ({"naam": "a" * 121, "dag": "2026-11-20"}, "langer dan 120"),
        ({"naam": "Gastles", "activiteit": "x"}, "Allebei kan niet"),
    ],
)
def test_a_form_that_is_not_right_stays_as_it_was(staff: Browser, fields: dict[str, str], says: str) -> None:
    refused = staff.send(PAGE, **fields)
    assert refused.status_code == 422 and says in error(refused)
    assert f'value="{fields.get("naam", "")}"' in refused.text
    assert Evaluations("an", None).all() == []


def test_of_few_answers_nothing_is_told(staff: Browser) -> None:
    page = made(staff)
    answers(staff, page, 4, "Meer tijd graag.")
    for shown in (staff.get(page).text, staff.get(f"{page}/bestand").text):
        assert "minder dan 5" in shown and "Meer tijd" not in shown and "4" not in re.findall(r">(\d)<", shown)
        assert "Goed</th>" not in shown


def test_from_five_answers_on_there_are_counts_bars_and_texts(staff: Browser) -> None:
    page = made(staff)
    answers(staff, page, 10, "Meer tijd graag.", willen="ja")
    answers(staff, page, 5, BAD, willen="nee")
    shown = staff.get(page)
    assert "Antwoorden: 15" in text_of(shown.text) and "Goed 15" in text_of(shown.text)
    assert "Ja 10" in text_of(shown.text) and "Nee 5" in text_of(shown.text) and "Een beetje <5" in text_of(shown.text)
    assert '<rect width="100" height="10"/>' in shown.text and '<rect width="50" height="10"/>' in shown.text
    assert shown.text.count("Meer tijd graag.") == 10
    assert BAD not in shown.text and "&lt;script&gt;" in shown.text
    assert "2026-11-22" not in shown.text.partition("<main")[2]


def test_the_file_for_a_spreadsheet_holds_no_formula(staff: Browser) -> None:
    page = made(staff, naam="=1+1", dag="2026-11-20")
    answers(staff, page, 5, "=cmd|' /C calc'!A0", willen="ja")
    file = staff.get(f"{page}/bestand")
    lines = file.content.decode("utf-8-sig").splitlines()
    assert file.headers["content-type"] == "text/csv; charset=utf-8" and file.headers["cache-control"] == "no-store"
    assert "'=1+1;2026-11-20;leerlingen;Weet je nu beter wat je wilt?;Ja;5" in lines
    assert sum(line.startswith("'=1+1;2026-11-20;leerlingen;Wat kan er beter?;'=cmd") for line in lines) == 5
    assert "'=1+1;2026-11-20;partners;;;minder dan 5" in lines


def test_a_question_that_is_gone_from_the_file_is_still_counted(staff: Browser) -> None:
    page = made(staff)
    for key in range(5):
        answer(code(staff.get(page)), str(key), {"oordeel": "prachtig", "oud": "ja"}, "")
    shown = text_of(staff.get(page).text)
    assert "prachtig 5" in shown and "oud" in shown


def test_a_link_is_closed_and_opened_again(staff: Browser) -> None:
    page = made(staff)
    form = f"/evaluatie/{code(staff.get(page))}"
    closed = staff.send(page, voor="leerlingen", doe="sluit")
    shown = staff.get(closed.headers["location"]).text
    assert "niemand meer antwoorden" in shown and "Weer openen voor leerlingen" in shown
    assert staff.http.get(form).status_code == 410
    assert staff.send(page, voor="leerlingen", doe="open").status_code == 303
    assert staff.http.get(form).status_code == 200
    assert staff.send(page, voor="ouders", doe="sluit").status_code == 404


def test_when_it_is_over_there_is_no_link_any_more_but_the_outcome_is(staff: Browser, after_the_activity: Any) -> None:
    page = made(staff)
    answers(staff, page, 5)
    after_the_activity.move_to("2026-12-19T12:00:00+01:00")
    staff.login()
    shown = staff.get(page).text
    assert "Antwoorden kon tot en met" in shown and "/evaluatie/" not in shown and "Goed 5" in text_of(shown)


def test_the_page_to_print_has_the_question_the_code_and_the_address(staff: Browser) -> None:
    page = made(staff)
    for audience, name in zip(AUDIENCES, ("leerlingen", "docenten en decanen", "partners"), strict=True):
        paper = staff.get(f"{page}/afdrukken?voor={audience}")
        assert "Wat vond je ervan?" in paper.text and f"Voor {name}." in paper.text and 'class="qr"' in paper.text
        assert code(paper) == code(staff.get(page), audience)
    assert staff.get(f"{page}/afdrukken?voor=ouders").status_code == 404


def test_a_decaan_of_more_schools_chooses_one_and_of_another_school_none(browser: Browser) -> None:
    accounts.add("twee@voorbeeld.nl", "decaan", [SCHOOL, OTHER_SCHOOL], "Sam", PASSWORD)
    browser.login("twee@voorbeeld.nl")
    assert browser.send(PAGE, **OWN, school=OTHER_SCHOOL).status_code == 303
    assert [one.school for one in Evaluations("an", None).all()] == [OTHER_SCHOOL]
    for school in ("guido", "", "x"):
        assert "Kies eerst een school" in error(browser.send(PAGE, **OWN, school=school))


def test_beheer_sees_all_and_makes_one_for_the_region(staff: Browser, beheer: Browser) -> None:
    page = made(staff)
    region = made(beheer, **OWN, school="")
    assert beheer.get(page).status_code == 200 and "Hele regio" in beheer.get(region).text
    assert staff.get(region).status_code == 404 and region not in staff.get(PAGE).text
    assert made(beheer, **OWN, school=SCHOOL) == page


def test_another_decaan_finds_nothing(staff: Browser, browse: Any) -> None:
    page = made(staff)
    a_decaan("ander@voorbeeld.nl", OTHER_SCHOOL)
    other: Browser = browse()
    other.login("ander@voorbeeld.nl")
    for path in (page, f"{page}/afdrukken", f"{page}/bestand"):
        assert other.get(path).status_code == 404
    assert OWN["naam"] not in other.get(PAGE).text


def test_an_activity_is_asked_about_once(staff: Browser) -> None:
    assert made(staff) == made(staff)
    assert [(one.name, one.day) for one in Evaluations("an", None).all()] == [(OWN["naam"], date(2026, 11, 20))]


def test_the_pages_are_easy_to_read(staff: Browser) -> None:
    page = made(staff)
    answers(staff, page, 5, "Meer tijd.")
    for path in (PAGE, page, f"{page}/afdrukken"):
        for said in re.findall(r'<(?:p|label)(?! class="address")[^>]*>([^<{]+)</', staff.get(path).text):
            assert not remarks(html.unescape(" ".join(said.split()))), said
