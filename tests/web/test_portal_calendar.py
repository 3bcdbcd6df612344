"""Reading a file into the kalender: redactie sees what changes, ticks it, and nothing else happens."""

import html
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from bot.accounts import accounts
from bot.accounts.accounts import Account
from bot.knowledge import load, writing
from bot.knowledge.calendar_files import LARGEST
from bot.knowledge.models import Event
from bot.storage import tables
from bot.storage.database import transaction
from tests.web.staff import PASSWORD, Browser

PAGE = "/portal/kennis/kalender"
REDACTIE = "redactie@voorbeeld.nl"
NEW = "2701-gastles-dakdekken"
TABLE = "titel;datum;tijd;kleur\nGastles dakdekken;14-1-2027;9.00-10.00;rood\nGastles x;morgen;;\n"
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@pytest.fixture
def folder(own_knowledge: Path, set_up: Callable[..., None]) -> Path:
    """The knowledge files of this test."""
    set_up(now="2026-11-22T12:00:00+01:00")
    return own_knowledge


@pytest.fixture
def redactie(folder: Path, browse: Callable[..., Browser]) -> Browser:
    """A browser in which redactie is logged in."""
    accounts.add(REDACTIE, "redactie", name="Robin", password=PASSWORD)
    browser = browse()
    browser.login(REDACTIE)
    return browser


def upload(browser: Browser, content: bytes, name: str = "rooster.csv", **fields: str) -> httpx.Response:
    """Sends a file with the form."""
    page = browser.get(PAGE).text
    csrf = html.unescape(dict(HIDDEN.findall(page))["csrf"])
    return browser.request("POST", PAGE, data={"csrf": csrf, **fields}, files={"bestand": (name, content)})


def confirm(browser: Browser, seen: httpx.Response, *ids: str, **fields: str) -> httpx.Response:
    """Sends the form of the preview with these events ticked."""
    hidden = {name: html.unescape(value) for name, value in HIDDEN.findall(seen.text)}
    ticks = {f"neem-{id}": "on" for id in ids}
    sent = {**hidden, **ticks, "bewaren": "ja", **fields}
    return browser.request("POST", PAGE, files={name: (None, value) for name, value in sent.items()})


def words(answer: httpx.Response) -> str:
    """What a reader sees of a page, on one line."""
    text = answer.text
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text[text.index("<main") :])).split())


def test_redactie_finds_the_page_and_nobody_else_may_see_it(
    redactie: Browser, browse: Callable[..., Browser], decaan: Account
) -> None:
    assert f'href="{PAGE}"' in redactie.get("/portal/account").text
    assert redactie.get(PAGE).status_code == 200
    other = browse()
    assert other.get(PAGE).status_code == 303
    other.login()
    assert other.get(PAGE).status_code == 403
    assert f'href="{PAGE}"' not in other.get("/portal/account").text


def test_a_file_is_shown_first_and_changes_nothing(redactie: Browser, folder: Path) -> None:
    before = writing.read(folder / "kalender.yml")
    seen = upload(redactie, TABLE.encode(), organisator="Het College")
    assert seen.status_code == 200
    for said in ("1 nieuw", "1 geweigerd", "donderdag 14 januari 2027", "09.00-10.00", "kleur", "Rij 3: Gastles x"):
        assert said in words(seen), said
    assert f'name="neem-{NEW}" checked' in seen.text
    assert writing.read(folder / "kalender.yml") == before


def test_what_is_ticked_is_saved_and_recorded(redactie: Browser, folder: Path) -> None:
    before = writing.read(folder / "kalender.yml")
    answer = confirm(redactie, upload(redactie, TABLE.encode(), organisator="Het College"), NEW)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}?melding=bewaard")
    assert "Gelukt" in words(redactie.get(answer.headers["location"]))
    after = writing.read(folder / "kalender.yml")
    assert after.startswith(before) and after.count("\n") > before.count("\n")
    event = load(folder).one(Event, NEW)
    assert (event.organisator, event.bron) == ("Het College", "Het College, ingelezen op 22 november 2026")
    with transaction() as connection:
        row = connection.execute(select(tables.audit).where(tables.audit.c.action == "knowledge_changed")).one()
    assert (row.subject, row.detail) == ("kalender.yml", "1 nieuw, 0 veranderd, 0 weg")


def test_old_and_new_are_shown_and_nothing_is_dropped_without_a_tick(redactie: Browser, folder: Path) -> None:
    table = "titel;datum;plaats\nOpen dag mbo: alle richtingen;28-11-2026;Leusden"
    seen = upload(redactie, table.encode(), organisator="voorbeeld-mbo")
    assert "plaats Amersfoort wordt Leusden" in words(seen) and "voorbeeld ja wordt nee" in words(seen)
    gone = "2611-informatieavond-zorg-en-welzijn"
    assert f'name="neem-{gone}">' in seen.text
    assert confirm(redactie, seen, "2611-open-dag-mbo-alle-richtingen").status_code == 303
    known = load(folder)
    assert known.one(Event, "2611-open-dag-mbo-alle-richtingen").plaats == "Leusden"
    assert known.get(f"event:{gone}")
    seen = upload(redactie, table.encode(), organisator="voorbeeld-mbo")
    assert "1 hetzelfde" in words(seen) or "hetzelfde" in words(seen)


def test_a_ticked_drop_is_dropped(redactie: Browser, folder: Path) -> None:
    gone = "2611-informatieavond-zorg-en-welzijn"
    confirm(redactie, upload(redactie, b"titel;datum\nGastles;5-1-2027", organisator="voorbeeld-mbo"), gone)
    known = load(folder)
    assert not known.get(f"event:{gone}") and not known.get("event:2701-gastles")


def test_what_somebody_else_changed_meanwhile_is_kept(redactie: Browser, folder: Path) -> None:
    seen = upload(redactie, TABLE.encode(), organisator="Het College")
    theirs = writing.read(folder / "kalender.yml").replace("plaats: Soest", "plaats: Baarn", 1)
    (folder / "kalender.yml").write_text(theirs, encoding="utf-8")
    again = confirm(redactie, seen, NEW)
    assert again.status_code == 409 and "intussen veranderd" in words(again)
    assert writing.read(folder / "kalender.yml") == theirs
    assert confirm(redactie, again, NEW).status_code == 303
    assert "plaats: Baarn" in writing.read(folder / "kalender.yml")


def test_nothing_ticked_is_said(redactie: Browser, folder: Path) -> None:
    answer = confirm(redactie, upload(redactie, TABLE.encode(), organisator="Het College"))
    assert answer.status_code == 422 and "niets aangevinkt" in words(answer)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "Kies eerst een bestand"), (b"\x00\x01", "geen .ics"), (b"titel\nx", "Ik mis een kolom")],
)
def test_a_file_that_cannot_be_read_says_why(redactie: Browser, content: bytes, said: str) -> None:
    answer = upload(redactie, content, organisator="Het College")
    assert answer.status_code == 422 and said in words(answer)
    assert 'value="Het College"' in answer.text


def test_a_broken_file_among_the_others_is_told_with_its_line(redactie: Browser, folder: Path) -> None:
    path = folder / "scholen.yml"
    path.write_text(writing.read(path).replace("soort: mbo", "soort: circus", 1), encoding="utf-8")
    answer = upload(redactie, TABLE.encode(), organisator="Het College")
    assert answer.status_code == 422 and re.search(r"scholen\.yml:\d+:\d+: ", words(answer))


def test_what_a_file_says_is_never_html(redactie: Browser, folder: Path) -> None:
    evil = '<img src=x onerror=alert(1)>"'
    table = f"titel;datum;{evil}\nGastles {evil};14-1-2027;\n{evil};x;"
    seen = upload(redactie, table.encode(), f"{evil}.csv", organisator=evil)
    assert seen.status_code == 200 and "<img src=x" not in seen.text and "&lt;img src=x" in seen.text


def test_a_form_without_its_key_or_too_large_changes_nothing(redactie: Browser, folder: Path) -> None:
    before = writing.read(folder / "kalender.yml")
    answer = redactie.request("POST", PAGE, files={"bestand": ("x.csv", TABLE.encode())})
    assert answer.status_code == 403
    assert upload(redactie, b"x" * (4 * LARGEST)).status_code == 413
    assert upload(redactie, b"x" * (LARGEST + 1)).status_code == 422
    assert writing.read(folder / "kalender.yml") == before


@pytest.mark.parametrize(
    "body", [b"", b"x", b"--b", b"--b\r\n\r\n--b--", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--"]
)
def test_a_form_that_is_none_is_refused(redactie: Browser, body: bytes) -> None:
    cookies = "; ".join(f"{name}={value}" for name, value in redactie.cookies.items())
    for kind in ("multipart/form-data; boundary=b", "multipart/form-data"):
        answer = redactie.http.post(PAGE, content=body, headers={"Content-Type": kind, "Cookie": cookies})
        assert answer.status_code in (400, 403)


def test_other_forms_take_no_files(redactie: Browser) -> None:
    answer = redactie.request("POST", "/portal/account", files={"csrf": (None, "x")})
    assert answer.status_code == 415
