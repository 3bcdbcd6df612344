"""/evaluatie: what somebody with the address of a form can do, and what everybody else reads."""

import html
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import httpx
import pytest
import time_machine
from sqlalchemy import select

from bot.evaluation import evaluations
from bot.evaluation.evaluations import Evaluations
from bot.knowledge.reading import remarks
from bot.storage import tables
from bot.storage.database import DatabaseDown, transaction
from tests.web.conftest import Site
from tests.web.staff import HIDDEN, Browser, error
from tests.web.test_limits import only
from web.limits import Limit

PUPIL = {"vraag-oordeel": "goed", "vraag-willen": "ja", "vraag-kunnen": "beetje"}
BAD = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def after_the_activity() -> Iterator[Any]:
    with time_machine.travel("2026-11-22T12:00:00+01:00", tick=False) as travel:
        yield travel


def made(name: str = "Bliksemstage") -> str:
    return Evaluations("an", ["guido"]).add("guido", name, date(2026, 11, 20))


@pytest.fixture
def pages(site: Site) -> dict[str, str]:
    """The address of the form for each audience."""
    links = Evaluations("an", ["guido"]).get(made()).links
    return {link.audience: f"/evaluatie/{link.code}" for link in links}


def kept() -> list[dict[str, Any]]:
    with transaction() as connection:
        return [dict(row._mapping) for row in connection.execute(select(tables.evaluation_answers))]


def hidden(page: httpx.Response) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in HIDDEN.findall(page.text)}


def test_somebody_answers_and_is_thanked(browser: Browser, pages: dict[str, str]) -> None:
    page = browser.get(pages["leerlingen"])
    assert page.status_code == 200 and "Bliksemstage" in page.text and "vrijdag 20 november 2026" in page.text
    assert page.text.count('type="radio"') == 10
    sent = browser.send(pages["leerlingen"], **PUPIL, text="Meer tijd bij de kok.")
    assert sent.status_code == 303 and sent.headers["location"] == f"{pages['leerlingen']}?gedaan=ja"
    assert "Je antwoord is verstuurd" in browser.get(sent.headers["location"]).text
    assert [(row["answers"], row["text"]) for row in kept()] == [
        ({"oordeel": "goed", "willen": "ja", "kunnen": "beetje"}, "Meer tijd bij de kok.")
    ]


def test_every_audience_has_its_own_questions(browser: Browser, pages: dict[str, str]) -> None:
    assert "Past de activiteit bij je lessen?" in browser.get(pages["docenten"]).text
    assert "Wil je een volgende keer weer meedoen?" in browser.get(pages["partners"]).text
    teacher = {"vraag-oordeel": "goed", "vraag-kiezen": "ja", "vraag-lessen": "nee"}
    assert browser.send(pages["docenten"], **teacher).status_code == 303
    assert browser.send(pages["partners"], **teacher).status_code == 422


def test_there_is_no_cookie_and_no_cache_keeps_it(browser: Browser, pages: dict[str, str]) -> None:
    answers = [browser.get(pages["leerlingen"]), browser.send(pages["leerlingen"], **PUPIL)]
    answers.append(browser.get(answers[1].headers["location"]))
    for answer in answers:
        assert "set-cookie" not in answer.headers and answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex"


def test_sending_the_same_page_twice_is_one_answer(browser: Browser, pages: dict[str, str]) -> None:
    form = {**hidden(browser.get(pages["leerlingen"])), **PUPIL}
    for _ in range(2):
        assert browser.request("POST", pages["leerlingen"], data=form).status_code == 303
    assert len(kept()) == 1
    assert browser.send(pages["leerlingen"], **PUPIL).status_code == 303
    assert len(kept()) == 2


def test_an_answer_that_is_missing_is_asked_and_what_was_filled_in_stays(
    browser: Browser, pages: dict[str, str]
) -> None:
    for wrong in ({"vraag-willen": ""}, {"vraag-willen": "misschien"}):
        refused = browser.send(pages["leerlingen"], **{**PUPIL, **wrong}, text="Meer <b>tijd</b>.")
        assert refused.status_code == 422 and "Kies bij elke vraag" in error(refused)
        assert refused.text.count("Kies hier nog een antwoord.") == 1
        assert 'aria-describedby="fout-willen"' in refused.text
        assert 'value="goed" required checked' in refused.text and "Meer &lt;b&gt;tijd&lt;/b&gt;." in refused.text
    assert kept() == []


def test_a_text_that_is_too_long_is_refused_and_stays(browser: Browser, pages: dict[str, str]) -> None:
    refused = browser.send(pages["leerlingen"], **PUPIL, text="a" * 301)
    assert refused.status_code == 422 and "301 tekens" in error(refused) and "a" * 301 in refused.text
    assert browser.send(pages["leerlingen"], **PUPIL, text="a" * 300).status_code == 303


def test_a_sign_of_distress_shows_the_helplines(browser: Browser, pages: dict[str, str]) -> None:
    sent = browser.send(pages["leerlingen"], **PUPIL, text="ik wil dood")
    thanks = browser.get(sent.headers["location"]).text
    assert "113" in thanks and 'href="tel:' in thanks and "Wacht dan niet." in thanks
    assert "113" not in browser.get(f"{pages['leerlingen']}?gedaan=ja").text


def test_a_code_may_be_typed_with_a_dash_and_small_letters(browser: Browser, pages: dict[str, str]) -> None:
    code = pages["leerlingen"].rpartition("/")[2]
    assert browser.get(f"/evaluatie/{code[:4].lower()}-{code[4:]}").status_code == 200


def test_an_unknown_code_is_told_in_plain_words(browser: Browser, pages: dict[str, str]) -> None:
    for code in ("00000000", "x", "%00", "K7QF-3MZP-1"):
        for method in ("GET", "POST"):
            answer = browser.request(method, f"/evaluatie/{code}", data=PUPIL if method == "POST" else None)
            assert answer.status_code == 404 and "Kijk goed of elk teken" in error(answer)


def test_why_a_form_cannot_be_filled_in_is_told(
    browser: Browser, pages: dict[str, str], after_the_activity: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = pages["leerlingen"]
    staff = Evaluations("an", ["guido"])
    staff.set_closed(made(), "leerlingen", True)
    assert browser.get(page).status_code == 410 and "gesloten" in browser.get(page).text
    assert browser.request("POST", page, data=PUPIL).status_code == 410 and kept() == []
    staff.set_closed(made(), "leerlingen", False)
    monkeypatch.setattr(evaluations, "MOST_ANSWERS", 1)
    assert browser.send(page, **PUPIL).status_code == 303
    assert "genoeg antwoorden" in browser.get(page).text
    assert "Je antwoord is verstuurd" in browser.get(f"{page}?gedaan=ja").text
    after_the_activity.move_to("2026-12-19T12:00:00+01:00")
    assert "voorbij" in browser.get(page).text and len(kept()) == 1


def test_too_many_answers_of_one_address_have_to_wait(run: Callable[..., Site]) -> None:
    site = run(only(evaluations_of_an_address=Limit(2, 60)))
    page = f"/evaluatie/{Evaluations('an', ['guido']).get(made()).links[0].code}"
    statuses = [site.http.post(page, data={**PUPIL, "key": key}).status_code for key in "abc"]
    assert statuses == [303, 303, 429] and len(kept()) == 2


def test_while_the_database_is_down_what_was_filled_in_stays(
    browser: Browser, pages: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*arguments: object, **names: object) -> Any:
        raise DatabaseDown

    form = {**hidden(browser.get(pages["leerlingen"])), **PUPIL, "text": "Meer tijd."}
    with monkeypatch.context() as patched:
        patched.setattr("bot.evaluation.evaluations.transaction", down)
        refused = browser.request("POST", pages["leerlingen"], data=form)
        assert refused.status_code == 503 and "staat er nog" in error(refused)
        assert 'value="goed" required checked' in refused.text and "Meer tijd." in refused.text
        assert browser.get(pages["leerlingen"]).status_code == 503
        assert browser.request("POST", pages["leerlingen"], data={"voor": "ouders"}).status_code == 503
    assert browser.request("POST", pages["leerlingen"], data={**form, **hidden(refused)}).status_code == 303
    assert len(kept()) == 1


def test_what_anybody_typed_is_never_markup(browser: Browser, site: Site) -> None:
    page = f"/evaluatie/{Evaluations('an', ['guido']).get(made(BAD)).links[0].code}"
    refused = browser.send(page, text=f"</textarea>{BAD}", key=f'">{BAD}')
    assert refused.status_code == 422
    for shown in (browser.get(page).text, refused.text, browser.get(f"{page}?gedaan=ja").text):
        assert BAD not in shown


def test_the_pages_are_easy_to_read(browser: Browser, pages: dict[str, str]) -> None:
    for page in (*pages.values(), *(f"{page}?gedaan=hulp" for page in pages.values()), "/evaluatie/x"):
        for said in re.findall(r"<(?:p|legend|label)[^>]*>([^<{]+)</", browser.get(page).text):
            assert not remarks(html.unescape(" ".join(said.split()))), said
