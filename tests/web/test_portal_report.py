"""/portal/jaarverslag: staff write texts, enter numbers, and take the report along; nobody loses what was typed."""

import html
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import httpx
import pytest

from bot.accounts import accounts
from bot.accounts.accounts import Account
from bot.knowledge import loader
from bot.knowledge.reading import remarks
from bot.monitoring.entered import LABELS, LONGEST_TEXT, NONE_KNOWN, Entered, YearNumbers, mark_of
from bot.settings import PROJECT
from tests.bot.accounts.audit import actions
from tests.web.staff import HIDDEN, PASSWORD, Browser, error
from tests.web.test_documents import unpacked
from tests.web.test_portal_calendar import words
from web import report as files
from web.documents import NoPdf
from web.portal.report import FILE_WRONG, NO_FILE, OUTDATED, STALE, WRONG

PAGE = "/portal/jaarverslag"
REPORT = f"{PAGE}/2026-2027"
NUMBERS = f"{PAGE}/cijfers"
BAD = '<script>alert(1)</script> & "zo" </textarea>'


@pytest.fixture
def redactie(own_knowledge: Path, set_up: Callable[..., None], browse: Callable[..., Browser]) -> Browser:
    """A browser in which redactie is logged in, in November."""
    set_up(now="2026-11-22T12:00:00+01:00")
    accounts.add("redactie@voorbeeld.nl", "redactie", name="Robin", password=PASSWORD)
    browser = browse()
    browser.login("redactie@voorbeeld.nl")
    return browser


def upload(browser: Browser, content: bytes) -> httpx.Response:
    csrf = html.unescape(dict(HIDDEN.findall(browser.get(NUMBERS).text))["csrf"])
    return browser.request("POST", NUMBERS, data={"csrf": csrf}, files={"bestand": ("jaren.csv", content)})


def confirm(browser: Browser, seen: httpx.Response) -> httpx.Response:
    hidden = {name: html.unescape(value) for name, value in HIDDEN.findall(seen.text)}
    sent = {**hidden, "bewaren": "ja"}
    return browser.request("POST", NUMBERS, files={name: (None, value) for name, value in sent.items()})


def test_it_is_in_the_menu_of_who_may_see_it(
    redactie: Browser, browse: Callable[..., Browser], decaan: Account
) -> None:
    assert f'<a href="{PAGE}">Jaarverslag</a>' in redactie.get("/portal/account").text
    assert "Schooljaar 2026-2027" in words(redactie.get(PAGE)) and REPORT in redactie.get(PAGE).text
    other = browse()
    assert other.get(PAGE).status_code == 303
    other.login()
    assert f'href="{PAGE}"' not in other.get("/portal/account").text
    for path in (PAGE, NUMBERS, REPORT, f"{REPORT}/voorbeeld", f"{REPORT}/pdf"):
        assert other.get(path).status_code == 403, path


@pytest.mark.parametrize("rest", ["2027-2028", "2026-2028", "2026", "x", "1999-2000", "2026-2027/exe"])
def test_what_is_not_there_is_not_found(redactie: Browser, rest: str) -> None:
    assert redactie.get(f"{PAGE}/{rest}").status_code == 404


def test_texts_are_kept_and_stand_in_the_report_as_they_were_typed(redactie: Browser) -> None:
    done = redactie.send(REPORT, **{"veld-goed": f"Een.\r\n\r\n{BAD}", "veld-vooruitblik": "Nu."})
    assert done.headers["location"] == f"{REPORT}?melding=bewaard"
    assert Entered().texts(2026)["goed"] == f"Een.\n\n{BAD}"
    for page in (redactie.get(REPORT), redactie.get(f"{REPORT}/voorbeeld"), redactie.get(f"{REPORT}/html")):
        assert html.escape("<script>alert(1)</script> & ") in page.text
        assert "<script" not in page.text
    assert actions("")[-1] == "report_texts_saved"


def test_a_text_that_is_too_long_is_kept_in_the_form(redactie: Browser) -> None:
    answer = redactie.send(REPORT, **{"veld-goed": "x" * (LONGEST_TEXT + 1), "veld-inleiding": "Hoi"})
    assert answer.status_code == 422 and error(answer) == WRONG
    assert "x" * (LONGEST_TEXT + 1) in answer.text and ">Hoi</textarea>" in answer.text
    assert Entered().text_years() == set()


def test_a_colleague_is_not_overwritten_and_what_was_typed_stays(redactie: Browser) -> None:
    hidden = {name: html.unescape(value) for name, value in HIDDEN.findall(redactie.get(REPORT).text)}
    Entered("collega").save_texts(2026, {"goed": (mark_of(""), "Van een collega")})
    sent = {**hidden, "veld-goed": "Van mij", "veld-inleiding": "Hallo"}
    answer = redactie.request("POST", REPORT, data=sent)
    assert answer.status_code == 409 and error(answer) == STALE
    assert ">Van mij</textarea>" in answer.text and ">Hallo</textarea>" in answer.text
    assert answer.text.count("Een collega bewaarde intussen:") == 1 and "<p>Van een collega</p>" in answer.text
    assert Entered().texts(2026)["inleiding"] == ""
    again = {name: html.unescape(value) for name, value in HIDDEN.findall(answer.text)}
    assert redactie.request("POST", REPORT, data={**sent, **again}).status_code == 303
    assert Entered().texts(2026)["goed"] == "Van mij"


def test_texts_of_last_year_can_be_taken_over(redactie: Browser) -> None:
    assert "Neem de teksten" not in redactie.get(REPORT).text
    Entered("collega").save_texts(2025, {"goed": (mark_of(""), "Oud")})
    assert "Neem de teksten van 2025-2026 over" in redactie.get(REPORT).text
    assert redactie.send(f"{REPORT}/overnemen", REPORT).headers["location"] == f"{REPORT}?melding=overgenomen"
    assert Entered().texts(2026)["goed"] == "Oud"
    assert redactie.send(f"{REPORT}/overnemen", REPORT).headers["location"] == f"{REPORT}?melding=niets"


def test_numbers_are_entered_and_stand_in_the_report(redactie: Browser) -> None:
    address = f"{NUMBERS}?jaar=2024-2025"
    done = redactie.send(NUMBERS, address, **{"veld-pupils": "1.400", "veld-views": "18234"})
    assert done.headers["location"] == f"{address}&melding=bewaard"
    assert Entered().numbers() == {2024: YearNumbers(pupils=1400, views=18234)}
    assert "1.400 (ingevuld)" in words(redactie.get(NUMBERS))
    assert "1.400 (ingevuld)" in words(redactie.get(f"{REPORT}/voorbeeld"))


def test_a_wrong_number_is_kept_in_the_form(redactie: Browser) -> None:
    answer = redactie.send(NUMBERS, **{"veld-pupils": BAD, "veld-views": "12"})
    assert answer.status_code == 422 and error(answer) == WRONG
    assert f'value="{html.escape(BAD)}"'.replace("&quot;", "&#34;") in answer.text and 'value="12"' in answer.text
    assert Entered().numbers() == {}


def test_numbers_of_a_colleague_are_not_overwritten(redactie: Browser) -> None:
    hidden = {name: html.unescape(value) for name, value in HIDDEN.findall(redactie.get(NUMBERS).text)}
    Entered("collega").save_numbers({2026: (NONE_KNOWN.mark, YearNumbers(visitors=77))})
    answer = redactie.request("POST", NUMBERS, data={**hidden, "veld-visitors": "88"})
    assert answer.status_code == 409 and error(answer) == STALE
    assert 'value="88"' in answer.text and "Er staat nu: 77." in words(answer)


def test_what_lobke_counts_goes_first_and_the_page_says_so(
    redactie: Browser, own_knowledge: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_knowledge / "kalender.yml").write_text(
        "standaard: {bron: b, betrouwbaarheid: hoog}\nitems:\n"
        "  - {id: x, titel: X, soort: gastles, datum: '2026-10-01', organisator: o, uitleg: u,\n"
        "     aanwezig: {leerlingen: 25, professionals: 9}}\n"
    )
    monkeypatch.setattr(loader, "live", loader.Live())
    Entered("a").save_numbers({2026: (NONE_KNOWN.mark, YearNumbers(pupils=30))})
    page = words(redactie.get(NUMBERS))
    assert "25 (je vulde 30 in, maar Lobke telt dit zelf)" in page
    assert "Lobke telt zelf: 25." in page


def test_a_file_is_shown_first_and_then_kept(redactie: Browser) -> None:
    seen = upload(redactie, (PROJECT / "docs/eerdere-jaren.csv").read_bytes())
    assert seen.status_code == 200 and Entered().numbers() == {}
    assert "Leerlingen: leeg wordt 1400" in words(seen) and "Schooljaar 2024-2025" in words(seen)
    assert confirm(redactie, seen).headers["location"] == f"{NUMBERS}?melding=bewaard"
    assert Entered().numbers() == {2024: YearNumbers(2, 8, 1400, 232)}
    assert "verandert niets" in words(upload(redactie, (PROJECT / "docs/eerdere-jaren.csv").read_bytes()))


def test_a_file_with_mistakes_says_them_by_line_and_changes_nothing(redactie: Browser) -> None:
    answer = upload(redactie, f"Schooljaar;Leerlingen\n2023-2024;5\n2024-2025;{BAD}\n".encode())
    assert answer.status_code == 422 and error(answer) == FILE_WRONG
    assert "Regel 3: Bij Leerlingen staat" in words(answer) and "<script" not in answer.text
    assert Entered().numbers() == {}
    assert error(upload(redactie, b"")) == NO_FILE


def test_a_file_that_was_seen_with_other_numbers_is_shown_again(redactie: Browser) -> None:
    seen = upload(redactie, b"Schooljaar;Leerlingen\n2024-2025;5\n")
    Entered("collega").save_numbers({2024: (NONE_KNOWN.mark, YearNumbers(pupils=7))})
    answer = confirm(redactie, seen)
    assert answer.status_code == 409 and error(answer) == OUTDATED
    assert "Leerlingen: 7 wordt 5" in words(answer) and Entered().numbers() == {2024: YearNumbers(pupils=7)}
    assert confirm(redactie, answer).status_code == 303
    assert Entered().numbers() == {2024: YearNumbers(pupils=5)}


def test_the_preview_has_nothing_inside_that_the_portal_forbids(redactie: Browser) -> None:
    page = redactie.get(f"{REPORT}/voorbeeld")
    assert "<style" not in page.text and " style=" not in page.text and "/static/report.css" in page.text
    assert page.headers["cache-control"] == "no-store"


def test_the_html_file_needs_nothing_else(redactie: Browser) -> None:
    file = redactie.get(f"{REPORT}/html")
    assert file.headers["content-disposition"] == 'attachment; filename="jaarverslag-2026-2027.html"'
    assert file.text.count("<style>") == 1 and "<script" not in file.text and "<link" not in file.text
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', file.text) == [] and "url(" not in file.text


def test_the_pdf_and_the_word_file_are_for_everybody(redactie: Browser) -> None:
    pdf = redactie.get(f"{REPORT}/pdf")
    structure = pdf.content.decode("latin-1") + "".join(unpacked(pdf.content))
    for part in ("/StructTreeRoot", "/Lang (nl)", "/DisplayDocTitle true", "/S /H1", "/S /H2", "/S /TH"):
        assert part in structure, part
    word = redactie.get(f"{REPORT}/docx").content
    document = docx.Document(io.BytesIO(word))
    headings = [one.text for one in document.paragraphs if one.style.name == "Heading 1"]
    assert headings[:2] == ["Inleiding", "Activiteiten"] and headings[-1] == "Hoe er geteld is"
    assert document.core_properties.title == "Jaarverslag LOB 2026-2027"
    inside = zipfile.ZipFile(io.BytesIO(word)).read("word/document.xml").decode()
    assert inside.count("<w:tblHeader/>") == len(document.tables) > 0
    assert 'w:val="nl-NL"' in zipfile.ZipFile(io.BytesIO(word)).read("word/styles.xml").decode()


def test_without_the_library_for_pdf_it_is_said(redactie: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_pdf(page: str) -> bytes:
        raise NoPdf

    monkeypatch.setattr(files, "as_pdf", no_pdf)
    for _ in range(2):
        assert redactie.get(f"{REPORT}/pdf").status_code == 503
    assert redactie.get(f"{REPORT}/docx").status_code == 200


def test_the_pages_are_easy_to_read(redactie: Browser) -> None:
    Entered("a").save_texts(2025, {"goed": (mark_of(""), "Oud")})
    pages = [redactie.get(path) for path in (PAGE, NUMBERS, REPORT, f"{REPORT}/voorbeeld")]
    pages += [redactie.send(NUMBERS, **{"veld-pupils": "x"}), upload(redactie, b"Schooljaar;Leerlingen\n2024-2025;5\n")]
    allowed = set(LABELS.values())
    for page in pages:
        for said in re.findall(r"<(?:p|label|legend)[^>]*>([^<{]+)</", page.text):
            text = html.unescape(" ".join(said.split()))
            assert text in allowed or not remarks(text), text
