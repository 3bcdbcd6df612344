"""The inbox: what a decaan finds in it, in which order, and what it never shows."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine

from bot import clock
from bot.accounts import accounts
from bot.accounts.accounts import Account
from bot.handoff.inbox import PAGE, VIEWS, Inbox
from tests.web.handoffs import INBOX, OTHER_SCHOOL, pupil, sent
from tests.web.staff import EMAIL, PASSWORD, SCHOOL, Browser, error
from web.portal.inbox import EMPTY, VIEW_NAMES

MONDAY = "2026-11-23T10:00:00+01:00"
HOUR = 3600


def inbox_of(account: Account) -> Inbox:
    return Inbox(account.id, account.schools, account.name)


def text_of(page: str) -> str:
    """What a reader sees of a page, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page[page.index("<main") :])).split())


def rows(browser: Browser, query: str = "") -> list[str]:
    """What each row of the list says."""
    page = browser.get(f"{INBOX}{query}")
    assert page.status_code == 200
    listed = re.search(r'<ul class="handoffs">(.*?)</ul>', page.text, re.DOTALL)
    return [text_of(f"<main>{row}") for row in re.findall(r"<li.*?</li>", listed[1], re.DOTALL)] if listed else []


def found(browser: Browser, words: str, **fields: str) -> list[str]:
    """What each row says after a search in a view."""
    return rows(browser, browser.send(INBOX, zoek=words, **fields).headers["location"].removeprefix(INBOX))


def test_a_login_leads_a_decaan_to_her_inbox(browser: Browser, decaan: Account) -> None:
    answer = browser.login()
    answer = browser.get(answer.headers["location"])
    assert answer.headers["location"] == INBOX
    assert f'href="{INBOX}"' in browser.get("/portal/account").text


@pytest.mark.parametrize("role", ["redactie", "beheer"])
def test_no_other_role_gets_in(browser: Browser, role: str, decaan: Account) -> None:
    id, _ = sent("zeldzaamwoord")
    accounts.add("x@voorbeeld.nl", role, password=PASSWORD)
    browser.login("x@voorbeeld.nl")
    for path in (INBOX, f"{INBOX}/{id}"):
        answer = browser.get(path)
        assert answer.status_code == 403 and "zeldzaamwoord" not in answer.text
    assert browser.send(f"{INBOX}/{id}/antwoord", "/portal/account", text="hoi").status_code == 403
    assert INBOX not in browser.get("/portal/account").text


def test_a_row_says_who_asks_what_and_how_long_it_waits(browser: Browser, decaan: Account) -> None:
    with time_machine.travel(MONDAY, tick=False) as travel:
        sent("Kan ik nog wisselen?", first_name="Sam", leerjaar=3)
        travel.shift(24 * HOUR)
        sent("Wat nu?", urgent=True)
        travel.shift(24 * HOUR)
        browser.login()
        urgent, first = rows(browser)
        assert urgent == "Leerling zonder naam Dringend Ongelezen Wat nu? Wacht 1 schooldag · Nieuw"
        assert first == "Sam, leerjaar 3 Ongelezen Kan ik nog wisselen? Wacht 2 schooldagen · Nieuw"


def test_each_view_has_its_handoffs_and_how_many(browser: Browser, decaan: Account) -> None:
    with time_machine.travel(MONDAY, tick=False) as travel:
        ids = [sent(f"vraag {number}")[0] for number in range(5)]
        travel.shift(60)
        inbox = inbox_of(decaan)
        inbox.assign(ids[1], 1, decaan.id)
        inbox.reply(ids[2], 1, "k", "Ja")
        inbox.close(ids[4], 1, "afspraak")
        inbox.snooze(ids[3], 1, clock.now() + timedelta(days=7))
        travel.shift(2 * HOUR)
        browser.login()
        assert (
            rows(browser)
            == rows(browser, "?weergave=nieuw")
            == ["Leerling zonder naam Ongelezen vraag 0 Wacht 2 uur · Nieuw"]
        )
        assert rows(browser, "?weergave=mijn")[0].endswith("vraag 1 Wacht 2 uur · Opgepakt · van jou")
        assert (
            "Leerling is 2 uur aan zet · Wacht op leerling · van jou" in rows(browser, "?weergave=wacht_op_leerling")[0]
        )
        assert "Tot maandag 30 november 2026 · Later" in rows(browser, "?weergave=later")[0]
        assert "Afspraak gemaakt, maandag 23 november 2026 · Afgerond" in rows(browser, "?weergave=afgerond")[0]
        assert len(rows(browser, "?weergave=alle")) == 4
        page = text_of(browser.get(INBOX).text)
        assert (
            "Nieuw (1, 1 ongelezen) Van mij (2, 1 ongelezen) Wacht op leerling (1) Later (1, 1 ongelezen) Afgerond (1)"
            in page
        )


def test_the_tab_of_the_view_is_marked_for_everybody(browser: Browser, decaan: Account) -> None:
    browser.login()
    for view in VIEWS:
        page = browser.get(f"{INBOX}?weergave={view}").text
        current = re.findall(r'weergave=(\w+)" aria-current="page"', page)
        assert current == [view]


@pytest.mark.parametrize("view", VIEWS)
def test_an_empty_view_says_what_will_appear(browser: Browser, decaan: Account, view: str) -> None:
    browser.login()
    assert EMPTY[view] in text_of(browser.get(f"{INBOX}?weergave={view}").text)  # type: ignore[index]
    assert view in VIEW_NAMES


def test_search_and_filters_leave_what_fits(browser: Browser, decaan: Account) -> None:
    sent("Mag ik stage lopen?", first_name="Noor", leerjaar=3)
    sent("Mag ik van profiel wisselen?", leerjaar=4, urgent=True)
    browser.login()
    assert len(found(browser, "mag ik")) == 2
    assert ["Noor" in row for row in found(browser, "noor stage")] == [True]
    assert found(browser, "noor", leerjaar="4") == found(browser, "noor", weergave="later") == []
    assert ["profiel" in row for row in rows(browser, "?leerjaar=4")] == [True]
    assert ["profiel" in row for row in rows(browser, "?dringend=ja")] == [True]
    address = browser.send(INBOX, zoek="bestaatniet", leerjaar="3").headers["location"]
    page = browser.get(address).text
    assert "Niets gevonden" in page and 'value="bestaatniet"' in page and "<option selected>3</option>" in page
    elsewhere = re.search(r'href="([^"]+)">Zoek hetzelfde in: Afgerond', page)
    assert elsewhere, "the same search elsewhere is one press away"
    page = browser.get(html.unescape(elsewhere[1])).text
    assert 'value="bestaatniet"' in page and 'weergave=afgerond" aria-current="page"' in page


def test_the_words_of_a_search_are_in_no_address_and_only_she_can_open_it(
    browser: Browser, browse: Callable[..., Browser], decaan: Account
) -> None:
    sent(first_name="Fatima")
    browser.login()
    address = browser.send(INBOX, zoek=" Fatima ", leerjaar="").headers["location"]
    page = browser.get(address).text
    assert 'value="Fatima"' in page and len(found(browser, "Fatima")) == 1
    assert "fatima" not in address.lower() and not re.search(r'(href|url)="[^"]*fatima', page, re.IGNORECASE)
    accounts.add("bo@voorbeeld.nl", "decaan", [SCHOOL], "Bo Jansen", PASSWORD)
    colleague = browse()
    colleague.login("bo@voorbeeld.nl")
    assert 'value="Fatima"' not in colleague.get(address).text
    assert 'value="Fatima"' not in browser.get(f"{INBOX}?zoek=Fatima").text


def test_a_search_stays_after_a_new_login(browser: Browser, decaan: Account) -> None:
    browser.login()
    address = browser.send(INBOX, zoek="stage").headers["location"]
    browser.send("/portal/uitloggen", "/portal/account")
    to_login = browser.get(address).headers["location"]
    answer = browser.send("/portal/inloggen", to_login, email=EMAIL, password=PASSWORD)
    assert 'value="stage"' in browser.get(answer.headers["location"]).text


def test_a_search_from_elsewhere_is_refused(browser: Browser, decaan: Account) -> None:
    browser.login()
    assert browser.request("POST", INBOX, data={"zoek": "x"}).status_code == 403


def test_who_has_two_schools_sees_which_and_can_look_at_one(browser: Browser) -> None:
    accounts.add("twee@voorbeeld.nl", "decaan", [SCHOOL, OTHER_SCHOOL], "Bo", PASSWORD)
    sent("hier")
    sent("daar", school=OTHER_SCHOOL)
    browser.login("twee@voorbeeld.nl")
    assert sorted("Corlaer" in row for row in rows(browser)) == [False, True]
    assert ["daar" in row for row in rows(browser, f"?school={OTHER_SCHOOL}")] == [True]


def test_another_school_is_not_there(browser: Browser, decaan: Account) -> None:
    sent("zeldzaamwoord", school=OTHER_SCHOOL)
    browser.login()
    for query in ("", f"?school={OTHER_SCHOOL}", "?weergave=alle", "?weergave=afgerond"):
        assert rows(browser, query) == []
    assert found(browser, "zeldzaamwoord") == found(browser, "zeldzaamwoord", school=OTHER_SCHOOL) == []
    page = browser.get(INBOX).text
    assert 'Nieuw <span class="count">(0)</span>' in page and "Corlaer" not in page


def test_a_long_list_has_pages(browser: Browser, decaan: Account) -> None:
    for number in range(PAGE + 3):
        sent(f"vraag {number}", leerjaar=2)
    browser.login()
    page = browser.get(f"{INBOX}?leerjaar=2").text
    assert f"1 tot en met 50 van {PAGE + 3}" in page and 'rel="prev"' not in page
    following = re.search(r'href="([^"]+)" rel="next"', page)
    assert following and len(rows(browser, "?leerjaar=2")) == PAGE
    page = browser.get(html.unescape(following[1])).text
    assert "51 tot en met 53 van 53" in page and 'rel="next"' not in page
    assert page.count('<p class="who">') == 3
    assert browser.get(f"{INBOX}?leerjaar=2&pagina=9").headers["location"] == f"{INBOX}?weergave=nieuw&leerjaar=2"


def test_a_handoff_is_read_once_it_was_opened(browser: Browser, decaan: Account) -> None:
    id, code = sent()
    browser.login()
    assert "Ongelezen" in rows(browser)[0]
    browser.get(f"{INBOX}/{id}")
    assert "Ongelezen" not in rows(browser)[0]
    pupil().write_back(code, "k", "Nog iets")
    assert "Ongelezen" in rows(browser)[0]


def test_of_a_colleagues_handoff_her_name_is_shown(browser: Browser, decaan: Account) -> None:
    colleague = accounts.add("bo@voorbeeld.nl", "decaan", [SCHOOL], "Bo Jansen", PASSWORD)
    id, _ = sent()
    inbox_of(decaan).assign(id, 1, colleague.id)
    browser.login()
    assert "van Bo Jansen" in rows(browser, "?weergave=alle")[0]
    accounts.disable("bo@voorbeeld.nl")
    assert "van een oud-collega" in rows(browser, "?weergave=alle")[0]


@pytest.mark.parametrize("words", ["\x00", "x" * 3000, "' OR 1=1", "\ud800", "🙂" * 300, "  "])
def test_strange_words_find_nothing_strange(browser: Browser, decaan: Account, words: str) -> None:
    browser.login()
    form = f"{urlencode({'zoek': words}, errors='surrogatepass')}&csrf={csrf(browser)}"
    answer = browser.http.post(
        INBOX,
        content=form.encode(),
        headers={
            "Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )
    assert answer.status_code == 303
    assert browser.get(answer.headers["location"]).status_code == 200


def csrf(browser: Browser) -> str:
    """What a form on the page of the list holds."""
    return browser.get(INBOX).text.partition('name="csrf" value="')[2].partition('"')[0]


def test_the_title_counts_what_is_unread_in_all_that_is_open(browser: Browser, decaan: Account) -> None:
    browser.login()
    assert "<title>Overdrachten | Lobke</title>" in browser.get(INBOX).text
    ids = [sent()[0] for _ in range(3)]
    inbox_of(decaan).close(ids[0], 1, "beantwoord")
    page = browser.get(f"{INBOX}?weergave=afgerond").text
    assert "<title>(2) Overdrachten | Lobke</title>" in page and "<h1>Overdrachten</h1>" in page


@pytest.mark.parametrize(
    "query",
    [
        "weergave=<script>",
        "zoek=%00",
        "zoek=" + "x" * 3000,
        "zoek=%27%20OR%201=1",
        "zoek=%ff",
        "leerjaar=9",
        "leerjaar=%D9%A3",
        "pagina=-1",
        "pagina=99999999999999999999",
        "pagina=x",
        "school=%25",
        "dringend=nee",
    ],
)
def test_a_strange_address_shows_an_ordinary_page(browser: Browser, decaan: Account, query: str) -> None:
    sent()
    browser.login()
    page = browser.get(f"{INBOX}?{query}")
    assert page.status_code == 200 and "<script>" not in page.text


def test_what_a_pupil_wrote_is_never_markup(browser: Browser, decaan: Account) -> None:
    sent("<script>alert(1)</script><img src=x onerror=y>", first_name='"><b>')
    browser.login()
    address = browser.send(INBOX, zoek='"><script>').headers["location"]
    page = browser.get(address).text
    assert "<script>" not in page and "&gt;&lt;script&gt;" in page
    page = browser.get(INBOX).text
    assert "<script>" not in page and "<img src=x" not in page and "<b>" not in page
    assert "&lt;script&gt;" in page


def test_scripts_and_styles_come_from_this_site_only(browser: Browser, decaan: Account) -> None:
    id, _ = sent()
    browser.login()
    for path in (INBOX, f"{INBOX}/{id}"):
        answer = browser.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        files = re.findall(r'(?:src|href)="([^"]+\.(?:js|css|svg|ico))"', answer.text)
        assert files and all(file.startswith("/static/") for file in files)
        assert " style=" not in answer.text and "onclick" not in answer.text
        for file in files:
            assert browser.get(file).status_code == 200


def test_without_a_database_the_page_says_so(browser: Browser, decaan: Account, set_up: Callable[..., None]) -> None:
    browser.login()
    set_up(database_url="postgresql://lobke@127.0.0.1:1/lobke")
    answer = browser.get(INBOX)
    assert answer.status_code == 503 and "probeer" in error(answer).lower()
