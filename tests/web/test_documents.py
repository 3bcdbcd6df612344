"""Documents: a page to print, a PDF and a Word file, for who has the address, as long as the conversation is there."""

import re
import socket
import sqlite3
import sys
import zlib
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import docx
import httpx
import pytest
from structlog.testing import capture_logs

from bot.orientation.document import LONGEST_TEXT, MOST_LINES, MOST_PARTS, read_document
from tests.web.conftest import Site, StandIn, Talk
from web import documents
from web.documents import INSIDE, as_page, as_pdf, as_word
from web.limits import RULES, Limit, Limits
from web.tokens import document_token

TERUGBLIK = {
    "kind": "terugblik",
    "title": "Terugblik op de open dag",
    "intro": "Voor je loopbaandossier.",
    "sections": [
        {"title": "Doel", "text": "Ik wilde weten of zorg bij mij past."},
        {"title": "Resultaat", "items": ["Ik stelde 3 vragen.", "Ik sprak een student."]},
        {"title": "Vervolgstap", "rows": [{"label": "Wanneer", "value": "voor 1 april"}], "lines": 3},
    ],
    "note": "Laat dit aan je decaan zien.",
}
VERKENNING = {
    "kind": "verkenning",
    "title": "Mijn verkenning",
    "chart": {
        "alt": "Doener 10 van 12 en Helper 4 van 12.",
        "bars": [
            {"label": "Doener", "value": 10, "of": 12, "strong": True},
            {"label": "Helper", "value": 4, "of": 12},
        ],
    },
    "sections": [{"title": "Zorg en welzijn", "text": "Jij vindt zorgen leuk."}],
}
KAARTJE = {
    "kind": "visitekaartje",
    "title": "Mijn visitekaartje",
    "sections": [{"title": "Wat ik leuk vind", "text": "met hout werken"}, {"title": "Waar ik goed in ben"}],
}


@pytest.fixture
def get(rasa: StandIn, talk: Talk) -> Callable[..., httpx.Response]:
    """Lets Lobke make this document, and opens it: the page, or with an ending a file."""

    def opened(document: dict[str, Any], ending: str = "") -> httpx.Response:
        return talk.http.get(address_of(document, rasa, talk) + ending)

    return opened


def card_with(document: object, rasa: StandIn, talk: Talk, **more: Any) -> dict[str, Any]:
    """The card as the API shows it, of a message that holds this document."""
    rasa.answer = [{"text": "Klaar!", "custom": {"card": {"title": "Klaar", "document": document, **more}}}]
    card: dict[str, Any] = talk.say("klaar").json()["messages"][-1]["card"]
    return card


def address_of(document: dict[str, Any], rasa: StandIn, talk: Talk) -> str:
    """The address of the page of a new document."""
    return str(card_with(document, rasa, talk)["links"][0]["url"])


def words(pdf: bytes) -> str:
    """The text of a PDF made by WeasyPrint, without the spaces between lines."""
    inside = "".join(unpacked(pdf))
    letters = {
        glyph: bytes.fromhex(code).decode("utf-16-be")
        for table in re.findall(r"beginbfchar\n(.*?)endbfchar", inside, re.DOTALL)
        for glyph, code in re.findall(r"<(\w+)> <(\w+)>", table)
    }
    written = re.findall(r"<((?:[0-9a-f]{4})+)>-?[\d.]", inside, re.IGNORECASE)
    return "".join(letters.get(glyph, "") for text in written for glyph in re.findall("....", text))


def unpacked(pdf: bytes) -> list[str]:
    packed = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    return [zlib.decompress(stream).decode("latin-1") for stream in packed]


def assert_refused(answer: httpx.Response, status: int, *texts: str) -> str:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert all(text in answer.text for text in texts), answer.text
    return answer.text


# The card


def test_the_browser_gets_links_and_never_the_document(rasa: StandIn, talk: Talk) -> None:
    more = {"links": [{"label": "Site", "url": "https://www.voorbeeld.nl"}]}
    card = card_with(TERUGBLIK, rasa, talk, **more)
    assert [link["label"] for link in card["links"]] == ["Bekijken en afdrukken", "PDF", "Word", "Site"]
    address = card["links"][0]["url"]
    assert re.fullmatch(r"/mijn/[0-9a-f]+-[0-9a-f]{32}", address)
    assert [link["url"] for link in card["links"][1:3]] == [f"{address}.pdf", f"{address}.docx"]
    assert talk.read().json()["messages"][-1]["card"] == card
    assert "loopbaandossier" not in talk.read().text


def test_only_what_a_pupil_goes_on_with_has_a_word_file(
    get: Callable[..., httpx.Response], rasa: StandIn, talk: Talk
) -> None:
    labels = [link["label"] for link in card_with(VERKENNING, rasa, talk)["links"]]
    assert labels == ["Bekijken en afdrukken", "PDF"]
    assert_refused(get(VERKENNING, ".docx"), 404, documents.GONE)


@pytest.mark.parametrize("broken", [None, [], {}, {**TERUGBLIK, "kind": "rapport"}, {"kind": "terugblik"}])
def test_a_broken_document_costs_no_answer_and_has_no_links(broken: Any, rasa: StandIn, talk: Talk) -> None:
    assert card_with(broken, rasa, talk) == {"title": "Klaar"}


# The page


def test_the_page_holds_everything(get: Callable[..., httpx.Response], set_up: Callable[..., None]) -> None:
    set_up(now="2026-11-22T12:00")
    answer = get(TERUGBLIK)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["referrer-policy"] == "no-referrer"
    sections: Any = TERUGBLIK["sections"]
    told = [TERUGBLIK["title"], TERUGBLIK["intro"], TERUGBLIK["note"], *(section["title"] for section in sections)]
    told += [sections[0]["text"], *sections[1]["items"], "Wanneer", "voor 1 april", "zondag 22 november 2026", "48 uur"]
    assert [text for text in told if text not in answer.text] == []
    assert answer.text.count('class="line"') == 3
    assert 'lang="nl"' in answer.text


def test_the_chart_says_in_words_what_it_shows(get: Callable[..., httpx.Response]) -> None:
    text = get(VERKENNING).text
    assert 'role="img"' in text and "Doener 10 van 12 en Helper 4 van 12." in text
    assert "10 van 12</text>" in text and "4 van 12</text>" in text


def test_what_a_pupil_types_is_never_markup(get: Callable[..., httpx.Response]) -> None:
    attack = '"><script>alert(1)</script>'
    hostile = {
        **VERKENNING,
        "title": attack,
        "chart": {"alt": attack, "bars": [{"label": attack, "value": 1, "of": 2}]},
        "sections": [
            {"title": attack, "text": attack, "items": [attack], "rows": [{"label": attack, "value": attack}]}
        ],
    }
    for document in (hostile, {**hostile, "kind": "visitekaartje"}):
        text = get(document).text
        assert "<script>" not in text and "&lt;script&gt;" in text


def test_on_a_visitekaartje_is_room_for_a_name_and_it_is_there_eight_times(
    get: Callable[..., httpx.Response],
) -> None:
    text = get(KAARTJE).text
    assert text.count("Naam:") == text.count("met hout werken") == 8
    assert text.count('aria-hidden="true"') == 7
    pdf = get(KAARTJE, ".pdf").content
    assert words(pdf).count("met hout werken") == 8
    assert len(re.findall(r"/Type ?/Page\b", "".join(unpacked(pdf)))) == 1


# Files


def test_the_pdf_holds_the_words_and_can_be_read_aloud(get: Callable[..., httpx.Response]) -> None:
    answer = get(VERKENNING, ".pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'attachment; filename="lobke-verkenning.pdf"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content.startswith(b"%PDF")
    text = words(answer.content)
    assert "Mijn verkenning" in text and "Jij vindt zorgen leuk." in text and "Doener" in text
    assert "Dit blad verdwijnt" not in text
    structure = "".join(unpacked(answer.content))
    assert "/Lang (nl)" in structure and "/S /H1" in structure and "/S /H2" in structure
    assert "/Alt (Doener 10 van 12 en Helper 4 van 12.)" in structure


def test_the_word_file_holds_the_words(get: Callable[..., httpx.Response]) -> None:
    answer = get(TERUGBLIK, ".docx")
    assert answer.headers["content-disposition"] == 'attachment; filename="lobke-terugblik.docx"'
    file = docx.Document(BytesIO(answer.content))
    styles = {paragraph.text: paragraph.style.name for paragraph in file.paragraphs if paragraph.style}
    assert styles["Terugblik op de open dag"] == "Heading 1" and styles["Doel"] == "Heading 2"
    assert styles["Ik stelde 3 vragen."] == "List Bullet"
    assert "Ik wilde weten of zorg bij mij past." in styles and "Laat dit aan je decaan zien." in styles
    facts, lines = file.tables
    assert [cell.text for cell in facts.rows[0].cells] == ["Wanneer", "voor 1 april"]
    assert len(lines.rows) == 3
    assert file.core_properties.author == ""


def test_making_a_pdf_reads_nothing_but_lobkes_own_files(tmp_path: Path) -> None:
    leak = tmp_path / "leak.css"
    leak.write_text("body::before { content: 'GELEKT' }")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        addresses = [
            leak.as_uri(),
            f"{INSIDE}/static/../../../../../../../../..{leak}",
            f"{INSIDE}/static/{leak}",
            f"http://127.0.0.1:{server.getsockname()[1]}/",
        ]
        links = "".join(f'<link rel="stylesheet" href="{address}">' for address in addresses)
        assert words(as_pdf(f"<html><head>{links}</head><body>Hoi</body></html>")) == "Hoi"
        with pytest.raises(TimeoutError):
            server.accept()


def test_without_the_library_the_pupil_is_told_to_print(
    get: Callable[..., httpx.Response], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    assert_refused(get(VERKENNING, ".pdf"), 503, "PDF maken lukt hier niet", "Afdrukken")
    assert get(VERKENNING).status_code == 200


def test_a_text_without_end_does_not_break_the_page() -> None:
    endless = "heellangwoord\x00\x0b\u202e" * 10_000
    document = read_document(
        {
            **TERUGBLIK,
            "title": endless,
            "sections": [{"title": "Doel", "text": endless, "items": [endless] * 1000, "lines": 10**9}] * 1000,
        }
    )
    assert document is not None
    assert len(document.sections) == len(document.sections[0].items) == MOST_PARTS
    assert len(document.title) == len(document.sections[0].items[0]) == LONGEST_TEXT
    assert document.sections[0].lines == MOST_LINES
    small = document.copy(update={"sections": document.sections[:1]})
    assert as_word(small, "vandaag").startswith(b"PK")
    assert as_pdf(as_page(small, "vandaag")).startswith(b"%PDF")


# Who may open it, and how long


def test_an_address_that_lobke_did_not_make_opens_nothing(rasa: StandIn, talk: Talk) -> None:
    address = address_of(TERUGBLIK, rasa, talk)
    message, signature = address.removeprefix("/mijn/").split("-")
    other = "0" if signature[-1] != "0" else "1"
    wrong = [signature[:-1] + other, signature[:-1], signature + "0", "", signature.upper() + "é"]
    addresses = [f"/mijn/{message}-{text}" for text in wrong]
    addresses += [f"/mijn/{message}", "/mijn/x", f"/mijn/{talk.messages[0]['id']}-{signature}", f"/mijn/{talk.token}"]
    addresses += [f"/mijn/{document_token('0123456789abcdef')}", f"/mijn/{document_token(talk.messages[0]['id'])}"]
    pages = {assert_refused(talk.http.get(wrong), 404, documents.GONE, "48 uur") for wrong in addresses}
    assert len(pages) == 1
    for ending in (".pdf", ".docx"):
        assert_refused(talk.http.get(addresses[0] + ending), 404, documents.GONE)
    assert talk.http.get(address).status_code == 200


def test_it_is_gone_when_the_pupil_deletes_the_conversation(rasa: StandIn, talk: Talk) -> None:
    address = address_of(TERUGBLIK, rasa, talk)
    assert talk.http.get(address).status_code == 200
    talk.delete()
    for ending in ("", ".pdf", ".docx"):
        assert_refused(talk.http.get(address + ending), 404, documents.GONE)


def test_it_is_gone_when_the_conversation_has_ended(rasa: StandIn, site: Site, set_up: Callable[..., None]) -> None:
    set_up(now="2026-11-22T12:00")
    talk = site.start()
    address = address_of(TERUGBLIK, rasa, talk)
    set_up(now="2026-11-24T11:59")
    assert talk.http.get(address).status_code == 200
    set_up(now="2026-11-24T12:01")
    assert_refused(talk.http.get(address), 404, documents.GONE)


def test_it_opens_while_the_database_does_not_take_it(rasa: StandIn, talk: Talk, sqlite_database: Path) -> None:
    with closing(sqlite3.connect(sqlite_database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        address = address_of(TERUGBLIK, rasa, talk)
        assert talk.http.get(address).status_code == 200
        other.execute("ROLLBACK")


def test_without_a_database_it_says_to_try_later(rasa: StandIn, talk: Talk, sqlite_database: Path) -> None:
    address = address_of(TERUGBLIK, rasa, talk)
    sqlite_database.rename(sqlite_database.with_name("away.db"))
    answer = talk.http.get(address)
    assert_refused(answer, 503, "Het is niet weg")
    assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize("rule", ["pages of a document", "pages of an address"])
def test_who_asks_too_often_has_to_wait(run: Callable[..., Site], rasa: StandIn, rule: str) -> None:
    talk = run(lambda: Limits({**RULES, rule: (Limit(2, 60),)})).start()
    address = address_of(TERUGBLIK, rasa, talk)
    assert [talk.http.get(address).status_code for _ in range(2)] == [200, 200]
    answer = talk.http.get(address)
    assert_refused(answer, 429, "te snel")
    assert int(answer.headers["retry-after"]) > 50


def test_an_error_does_not_put_the_address_or_the_words_in_the_log(
    rasa: StandIn, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> str:
        raise RuntimeError("Ik wilde weten of zorg bij mij past.")

    address = address_of(TERUGBLIK, rasa, talk)
    monkeypatch.setattr(documents, "as_page", fail)
    with capture_logs() as logs:
        assert talk.http.get(address).status_code == 500
    assert [entry["event"] for entry in logs] == ["request_failed"]
    assert address.removeprefix("/mijn/") not in str(logs) and "zorg" not in str(logs)
