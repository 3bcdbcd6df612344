"""What the knowledge lacks: redactie makes an entry of it, adds it to one, or puts it apart; and no words leak."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Optional
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import insert, select

from bot import clock
from bot.accounts import accounts
from bot.accounts.accounts import Account
from bot.knowledge import history, links, load, writing
from bot.knowledge.links import Place, Result
from bot.monitoring.log import NOT_UNDERSTOOD
from bot.storage import tables
from bot.storage.database import transaction
from tests.web.conftest import Site
from tests.web.staff import PASSWORD, Browser, error
from web.portal.gaps import EMPTY, LONGEST, NO_ENTRY, NOTHING, STILL_HIDDEN

PAGE = "/portal/kennis/ontbreekt"
REVIEW = "/portal/kennis/nakijken"
LINKS = "/portal/kennis/links"
GIRAF = "wat eet een giraf"
LESGELD = "onderwerp:lesgeld"
FILE = "onderwerpen/geld.yml"
GROUP = re.compile(rf'<h2><a href="({PAGE}/[0-9a-f]{{32}})">([^<]+)</a>')
ENTRY = re.compile(r'name="item" value="([^"]+)"')


@pytest.fixture
def folder(own_knowledge: Path, set_up: Callable[..., None]) -> Path:
    """The knowledge files of this test."""
    set_up(now="2026-11-22T12:00:00+01:00")
    return own_knowledge


@pytest.fixture
def redactie(folder: Path, browse: Callable[..., Browser]) -> Browser:
    """A browser in which redactie is logged in."""
    accounts.add("redactie@voorbeeld.nl", "redactie", name="Robin", password=PASSWORD)
    browser = browse()
    browser.login("redactie@voorbeeld.nl")
    return browser


def typed(*texts: str, **fields: Any) -> None:
    """Pupils typed these, and Lobke did not understand it."""
    row = {"at": clock.now(), "conversation": "geheimgesprek", "outcome": NOT_UNDERSTOOD, **fields}
    with transaction(write=True) as connection:
        number = len(connection.execute(select(tables.interactions.c.id)).all())
        rows = [{**row, "id": str(number + place), "text": text} for place, text in enumerate(texts)]
        connection.execute(insert(tables.interactions), rows)


def group_of(browser: Browser, text: str = GIRAF) -> str:
    """The page of the group that begins with this sentence."""
    return next(url for url, first in GROUP.findall(browser.get(PAGE).text) if html.unescape(first) == text)


def ticks(page: str) -> dict[str, str]:
    """The fields of the sentences that are ticked."""
    ids = re.findall(r'name="zin-([0-9a-f]{32})" value="ja"[^>]* checked', page)
    texts = dict(re.findall(r'name="tekst-([0-9a-f]{32})" value="([^"]*)"', page))
    made = {f"zin-{id}": "ja" for id in ids}
    return made | {f"tekst-{id}": html.unescape(text) for id, text in texts.items()}


def words(page: str) -> str:
    """What a reader sees of a page, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page[page.index("<main") :])).split())


def actions() -> list[str]:
    with transaction() as connection:
        return list(connection.execute(select(tables.audit.c.action).order_by(tables.audit.c.at)).scalars())


def test_questions_stand_in_groups_with_how_often_and_when(redactie: Browser) -> None:
    typed(GIRAF, GIRAF, "Wat eet een giraf?", "wat eten giraf", at=clock.now() - timedelta(days=3))
    typed("hoe laat is het feest")
    page = redactie.get(PAGE)
    assert [html.unescape(text) for _, text in GROUP.findall(page.text)] == [GIRAF, "hoe laat is het feest"]
    assert "4 keer · donderdag 19 november 2026" in words(page.text) and "1 keer" in words(page.text)
    assert "wat eten giraf" in page.text and "geheimgesprek" not in page.text


def test_every_view_is_recorded_without_the_words(redactie: Browser) -> None:
    typed(GIRAF)
    redactie.get(group_of(redactie))
    assert actions()[-2:] == ["gaps_viewed", "gaps_viewed"]
    with transaction() as connection:
        assert "giraf" not in str(connection.execute(select(tables.audit)).all())


def test_a_new_entry_begins_with_the_questions_and_no_address_tells_them(redactie: Browser) -> None:
    typed(GIRAF, "wat eten giraf", "ik heet [naam], wat eet een giraf")
    page = redactie.get(PAGE).text
    url = group_of(redactie)
    answer = redactie.send(url, PAGE, doe="nieuw", alles="ja")
    place = urlsplit(answer.headers["location"])
    assert answer.status_code == 303 and place.path == "/portal/kennis/nieuw/onderwerp"
    assert "giraf" not in answer.headers["location"] and "giraf" not in url and 'name="alles"' in page
    form = redactie.get(answer.headers["location"])
    assert form.status_code == 200
    follow = html.unescape(re.findall(r'href="(/portal/kennis/nieuw/onderwerpen-[^"]+)"', form.text)[0])
    filled = html.unescape(redactie.get(follow).text)
    assert GIRAF in filled and "wat eten giraf" in filled and "[naam]" not in filled
    assert parse_qs(place.query)["vraag"]


def test_ticked_questions_are_added_to_an_entry_and_are_no_gap_any_more(redactie: Browser, folder: Path) -> None:
    typed(GIRAF, GIRAF, "wat eten giraf", "giraf, wat eet die")
    url = group_of(redactie)
    before = writing.read(folder / FILE)
    page = redactie.get(url).text
    fields = ticks(page)
    name = next(name for name, text in fields.items() if text == "wat eten giraf")
    fields[name] = 'wat eten giraffen: "gras"?'
    assert redactie.send(url, url, doe="erbij", item=LESGELD, **fields).headers["location"] == f"{PAGE}?melding=erbij"
    after = writing.read(folder / FILE)
    added = [line for line in after.splitlines() if line not in before.splitlines()]
    assert len(added) == 3 and set(before.splitlines()) <= set(after.splitlines())
    asked = load(folder).entries[LESGELD].vragen
    assert set(asked[-3:]) == {GIRAF, 'wat eten giraffen: "gras"?', "giraf, wat eet die"}
    assert GIRAF not in words(redactie.get(PAGE).text)
    (version, *_) = history.versions(FILE)
    assert version.summary == "3 vragen erbij bij 'Wat is lesgeld?'" and "knowledge_changed" in actions()


def test_entries_are_suggested_and_found_by_name(redactie: Browser) -> None:
    typed("wat is lesgeld in belgie")
    url = group_of(redactie, "wat is lesgeld in belgie")
    assert LESGELD in ENTRY.findall(redactie.get(url).text)
    found = redactie.send(url, url, doe="zoek", zoek="studiefinanciering")
    assert ENTRY.findall(found.text)[0] == "onderwerp:studiefinanciering"
    nothing = redactie.send(url, url, doe="zoek", zoek="qqqqqqqq")
    assert nothing.status_code == 422 and "geen item dat zo heet" in error(nothing)


@pytest.mark.parametrize(
    ("text", "item", "said"),
    [
        (GIRAF, "", NO_ENTRY),
        (GIRAF, "onderwerp:bestaat-niet", NO_ENTRY),
        (GIRAF, "nood:pesten", NO_ENTRY),
        ("", LESGELD, EMPTY),
        ("?!", LESGELD, EMPTY),
        ("ik ben [naam]", LESGELD, STILL_HIDDEN),
        ("a" * (LONGEST + 1), LESGELD, f"langer dan {LONGEST} tekens"),
        ("Wat is lesgeld??", "onderwerp:duo", "staat al bij 'Wat is lesgeld?'"),
    ],
)
def test_what_cannot_be_added_is_told_and_changes_nothing(
    redactie: Browser, folder: Path, text: str, item: str, said: str
) -> None:
    typed(GIRAF)
    url = group_of(redactie)
    id = url.rpartition("/")[2]
    before = writing.read(folder / FILE)
    answer = redactie.send(url, url, doe="erbij", item=item, **{f"zin-{id}": "ja", f"tekst-{id}": text})
    assert answer.status_code == 422 and said in error(answer)
    assert html.escape(text, quote=True).replace("&#x27;", "&#39;") in answer.text
    assert writing.read(folder / FILE) == before


def test_nothing_ticked_is_said(redactie: Browser) -> None:
    typed(GIRAF)
    url = group_of(redactie)
    assert error(redactie.send(url, url, doe="erbij", item=LESGELD)) == NOTHING


def test_a_broken_file_is_told_with_its_place_and_nothing_is_written(redactie: Browser, folder: Path) -> None:
    typed(GIRAF)
    url = group_of(redactie)
    fields = ticks(redactie.get(url).text)
    path = folder / "scholen.yml"
    path.write_text(writing.read(path).replace("soort: mbo", "soort: circus", 1), encoding="utf-8")
    before = writing.read(folder / FILE)
    answer = redactie.send(url, url, doe="erbij", item=LESGELD, **fields)
    assert answer.status_code == 422 and re.search(r"scholen\.yml:\d+:\d+: ", error(answer))
    assert writing.read(folder / FILE) == before


def test_what_is_ignored_stands_apart_and_comes_back(redactie: Browser) -> None:
    typed(GIRAF)
    url = group_of(redactie)
    assert redactie.send(url, PAGE, doe="negeer").headers["location"] == f"{PAGE}?melding=negeer"
    assert not GROUP.findall(redactie.get(PAGE).text) and "Genegeerd (1)" in words(redactie.get(PAGE).text)
    assert GIRAF in redactie.get(f"{PAGE}?genegeerd=ja").text
    redactie.send(url, url, doe="terug")
    assert GROUP.findall(redactie.get(PAGE).text)


@pytest.mark.parametrize("id", ["0" * 32, "x", "..%2f", "0" * 33])
def test_a_group_that_is_gone_is_told(redactie: Browser, id: str) -> None:
    assert redactie.get(f"{PAGE}/{id}").status_code == 404


def test_what_a_pupil_typed_is_never_html(redactie: Browser) -> None:
    evil = '<img src=x onerror=alert(1)>" autofocus'
    typed(evil)
    pages = redactie.get(PAGE).text + redactie.get(f"{PAGE}/{GROUP.findall(redactie.get(PAGE).text)[0][0][-32:]}").text
    assert "<img src=x" not in pages and "&lt;img src=x" in pages and '" autofocus' not in pages


def test_pages_of_groups(redactie: Browser) -> None:
    letters = "bcdfghjklmnp"
    typed(*(f"{a * 7}{b * 6} {b * 9}{a * 4}" for a in letters for b in letters))
    first, second = redactie.get(PAGE).text, redactie.get(f"{PAGE}?pagina=2").text
    assert len(GROUP.findall(first)) == 50 and not set(GROUP.findall(first)) & set(GROUP.findall(second))
    assert f"{PAGE}?pagina=2" in html.unescape(first) and redactie.get(f"{PAGE}?pagina=x").status_code == 200


def rated(subject: Optional[str], down: int, up: int, kind: str = "duur") -> None:
    """Pupils said of answers about this that they helped or not."""
    with transaction(write=True) as connection:
        number = len(connection.execute(select(tables.feedback.c.id)).all())
        row = {"at": clock.now(), "kind": kind, "subject": subject}
        rows = [{**row, "id": str(number + place), "helpful": place >= down} for place in range(down + up)]
        connection.execute(insert(tables.feedback), rows)


def test_answers_that_often_did_not_help_are_listed_with_the_page_of_their_entry(redactie: Browser) -> None:
    rated(LESGELD, down=15, up=10)
    rated("beroep:kok", down=10, up=5)
    rated(None, down=5, up=0, kind="kosten")
    page = redactie.get(PAGE).text
    assert '<a href="/portal/kennis/item/onderwerpen-geld/lesgeld">Wat is lesgeld?</a>' in page
    assert "Wat is lesgeld? 15 van 25 keer: dit hielp niet" in words(page)
    assert re.search(r"Kok: .*kok .*10 van 15 keer", words(page))
    for path in re.findall(r'href="(/portal/kennis/item/[^"]+)"', page):
        assert redactie.get(path).status_code == 200
    assert "“Wat kost het?”, zonder onderwerp 5 van 5 keer: dit hielp niet" in words(page)
    assert "Antwoorden die niet hielpen" not in redactie.get(f"{PAGE}?genegeerd=ja").text


def test_few_votes_and_entries_that_are_gone_are_not_listed(redactie: Browser) -> None:
    rated(LESGELD, down=4, up=0)
    rated("onderwerp:bestaat-niet", down=9, up=0)
    rated(None, down=9, up=0, kind="bestaat-niet")
    page = words(redactie.get(PAGE).text)
    assert "keer: dit hielp niet" not in page


def test_empty_pages_say_what_comes_here(redactie: Browser) -> None:
    assert "minstens 5 keer iets over zeiden" in words(redactie.get(PAGE).text)
    assert "Er staat niets" in words(redactie.get(PAGE).text)
    assert "niets genegeerd" in words(redactie.get(f"{PAGE}?genegeerd=ja").text)


def test_what_is_to_be_looked_at_is_listed_with_its_page(redactie: Browser, folder: Path) -> None:
    page = redactie.get(REVIEW).text
    assert "Te laat voor 31 juli 2025" in words(page)
    assert 'href="/portal/kennis/item/onderwerpen-geld/lesgeld"' in page
    assert redactie.get("/portal/kennis/item/onderwerpen-geld/lesgeld").status_code == 200
    assert "nog niets gevraagd" in words(page) and "niets in de kalender dat voorbij is" in words(page)


def test_what_is_over_and_what_nobody_asked_about(redactie: Browser, set_up: Callable[..., None]) -> None:
    set_up(now="2026-12-24T12:00:00+01:00")
    typed("", at=clock.now() - timedelta(days=40), outcome="answered", subject=LESGELD)
    redactie.login("redactie@voorbeeld.nl")
    page = words(redactie.get(REVIEW).text)
    assert "28 november 2026" in page and "gaf Lobke 1 antwoord over een item" in page and "Opleiding (" in page
    assert "nog niets gevraagd" in words(redactie.get(f"{REVIEW}?dagen=30").text)
    assert redactie.get(f"{REVIEW}?dagen=zeven").status_code == 200


def test_links_are_asked_only_when_the_button_is_pressed(redactie: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def check(found: dict[str, tuple[Place, ...]]) -> list[Result]:
        asked.extend(found)
        states = ("stuk", "onzeker", "goed", "goed")
        return [
            Result(url, found[url], state, "de pagina is weg", "Zoek.")
            for url, state in zip(found, states, strict=True)
        ]

    monkeypatch.setattr(links, "check", check)
    assert "4 links" in words(redactie.get(LINKS).text) and asked == []
    page = words(redactie.send(LINKS).text)
    assert "https://113.nl" in asked and "2 van de 4 links zijn goed" in page
    assert "Werkt niet De pagina is weg. Zoek. hulplijnen.yml, regel" in page and "Niet zeker" in page
    assert actions()[-1] == "links_checked"


def test_one_check_of_links_at_a_time(redactie: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "check", lambda found: [])
    from web.portal.gaps import _checking

    with _checking:
        assert redactie.send(LINKS).status_code == 409
    assert redactie.send(LINKS).status_code == 200


def test_the_pages_are_found_in_the_portal(redactie: Browser, browse: Callable[..., Browser], decaan: Account) -> None:
    page = redactie.get("/portal/account").text
    assert f'href="{PAGE}"' in page
    assert all(f'href="{path}"' in redactie.get(PAGE).text for path in (REVIEW, LINKS))
    other = browse()
    other.login()
    assert f'href="{PAGE}"' not in other.get("/portal/account").text and other.get(PAGE).status_code == 403


def test_the_database_being_away_is_told(site: Site, redactie: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.storage.database import DatabaseDown

    def down(knowledge: object) -> None:
        raise DatabaseDown

    monkeypatch.setattr("bot.monitoring.gaps.groups", down)
    assert redactie.get(PAGE).status_code == 503
