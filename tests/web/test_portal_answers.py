"""Canned answers: keeping them, and filling one in on a handoff."""

import html
import re
from collections.abc import Callable

import httpx
import pytest

from bot.accounts import accounts
from bot.accounts.accounts import Account
from bot.handoff.canned import MOST, Canned, CannedAnswers
from bot.knowledge.reading import remarks
from tests.bot.accounts.audit import actions
from tests.web.handoffs import INBOX, OTHER_SCHOOL, pupil, sent
from tests.web.staff import HIDDEN, PASSWORD, SCHOOL, Browser, a_decaan, error
from tests.web.test_portal_inbox import inbox_of, text_of

PAGE = "/portal/antwoorden"
NEW = f"{PAGE}/nieuw"
BAD = "<script>alert(1)</script>"


@pytest.fixture
def colleague(decaan: Account, browse: Callable[..., Browser]) -> Browser:
    """The browser of another decaan of the same school."""
    accounts.add("bo@voorbeeld.nl", "decaan", [SCHOOL], "Bo Jansen", PASSWORD)
    browser = browse()
    browser.login("bo@voorbeeld.nl")
    return browser


def of(account: Account) -> CannedAnswers:
    return CannedAnswers(account.id, account.schools)


def kept(account: Account, text: str = "Kom langs.", school: str = "", title: str = "Afspraak") -> Canned:
    """An answer of the account, or of the school."""
    assert of(account).add(f"{title} {school}", title, text, school or None)
    return next(answer for answer in of(account).all() if (answer.title, answer.school or "") == (title, school))


def hidden(page: httpx.Response) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in HIDDEN.findall(page.text)}


def field(page: httpx.Response, id: str = "text") -> str:
    """What stands in a field for text."""
    found = re.search(rf'<textarea id="{id}"[^>]*>\n?([^<]*)</textarea>', page.text)
    assert found, page.text
    return html.unescape(found[1])


def options(page: httpx.Response) -> list[tuple[str, str]]:
    """The canned answers that a handoff offers: title and filled text."""
    found = re.findall(r'<option value="\w+" data-text="([^"]*)"[^>]*>([^<]*)</option>', page.text)
    return [(html.unescape(title), html.unescape(text)) for text, title in found]


# The page


def test_without_answers_the_page_says_what_will_be_there(staff: Browser) -> None:
    page = text_of(staff.get(PAGE).text)
    assert "Je hebt nog geen eigen antwoorden." in page and "Deze school heeft nog geen antwoorden." in page


@pytest.mark.parametrize("school", ["", SCHOOL])
def test_an_answer_is_kept_for_her_or_for_the_school(
    staff: Browser, colleague: Browser, decaan: Account, school: str
) -> None:
    made = staff.send(NEW, title=" Afspraak  maken ", text="Hoi {voornaam},\r\nkom langs. ", school=school)
    assert made.headers["location"] == f"{PAGE}?melding=bewaard"
    assert "Je antwoord is bewaard." in staff.get(made.headers["location"]).text
    (found,) = of(decaan).all()
    assert (found.title, found.text, found.school or "") == ("Afspraak maken", "Hoi {voornaam},\nkom langs.", school)
    assert "Afspraak maken" in staff.get(PAGE).text
    assert ("Afspraak maken" in colleague.get(PAGE).text) is bool(school)
    assert actions(found.id) == ["canned_added"]


def test_a_colleague_changes_the_answer_of_the_school(staff: Browser, colleague: Browser, decaan: Account) -> None:
    answer = kept(decaan, school=SCHOOL)
    address = f"{PAGE}/{answer.id}"
    assert field(colleague.get(address)) == "Kom langs."
    assert colleague.send(address, title="Afspraak", text="Kom morgen langs.").status_code == 303
    assert "Kom morgen langs." in staff.get(PAGE).text
    assert actions(answer.id) == ["canned_added", "canned_changed"]


def test_what_a_colleague_changed_meanwhile_is_shown_and_the_typed_text_kept(
    staff: Browser, colleague: Browser, decaan: Account
) -> None:
    address = f"{PAGE}/{kept(decaan, school=SCHOOL).id}"
    form = {**hidden(staff.get(address)), "title": "Afspraak", "text": "Van mij."}
    colleague.send(address, title="Afspraak", text="Van Bo.")
    refused = staff.request("POST", address, data=form)
    assert refused.status_code == 409 and "intussen veranderd" in error(refused)
    assert "Van Bo." in text_of(refused.text) and field(refused) == "Van mij."
    assert of(decaan).all()[0].text == "Van Bo."
    assert staff.request("POST", address, data={**form, **hidden(refused)}).status_code == 303
    assert of(decaan).all()[0].text == "Van mij."


def test_a_mistake_in_an_old_form_does_not_make_it_a_new_one(
    staff: Browser, colleague: Browser, decaan: Account
) -> None:
    address = f"{PAGE}/{kept(decaan, school=SCHOOL).id}"
    form = {**hidden(staff.get(address)), "title": "", "text": "Van mij."}
    colleague.send(address, title="Afspraak", text="Van Bo.")
    refused = staff.request("POST", address, data=form)
    assert refused.status_code == 422
    again = staff.request("POST", address, data={**form, **hidden(refused), "title": "Afspraak"})
    assert again.status_code == 409 and of(decaan).all()[0].text == "Van Bo."


def test_deleting_is_asked_twice(staff: Browser, decaan: Account) -> None:
    answer = kept(decaan)
    address = f"{PAGE}/{answer.id}/verwijderen"
    assert "Kom langs." in staff.get(address).text and len(of(decaan).all()) == 1
    gone = staff.send(address)
    assert "Het antwoord is verwijderd." in staff.get(gone.headers["location"]).text and of(decaan).all() == []
    assert staff.get(address).status_code == 404 and actions(answer.id)[-1] == "canned_deleted"


def test_what_a_colleague_changed_meanwhile_is_not_deleted_unseen(
    staff: Browser, colleague: Browser, decaan: Account
) -> None:
    answer = kept(decaan, school=SCHOOL)
    form = hidden(staff.get(f"{PAGE}/{answer.id}/verwijderen"))
    colleague.send(f"{PAGE}/{answer.id}", title="Afspraak", text="Van Bo.")
    refused = staff.request("POST", f"{PAGE}/{answer.id}/verwijderen", data=form)
    assert refused.status_code == 409 and "Van Bo." in refused.text and len(of(decaan).all()) == 1


@pytest.mark.parametrize(
    ("title", "text", "says"),
    [
        ("", "Tekst", "Geef het antwoord een titel"),
        (" \t ", "Tekst", "Geef het antwoord een titel"),
        ("x" * 81, "Tekst", "langer dan 80 tekens"),
        ("Titel", " \r\n ", "Typ eerst de tekst"),
        ("Titel", "x" * 4001, "langer dan 4000 tekens"),
        ("Titel", "Hoi {klas} en {}", "{klas} en {} ken ik niet. Je kunt dit gebruiken: {voornaam}, {leerjaar}"),
    ],
)
def test_what_cannot_be_kept_stays_in_the_form_with_a_reason(
    staff: Browser, decaan: Account, title: str, text: str, says: str
) -> None:
    refused = staff.send(NEW, title=title, text=text, school=SCHOOL)
    assert refused.status_code == 422 and says in error(refused)
    assert field(refused).strip() == text.strip() and f'value="{title}"' in refused.text
    assert f'<option value="{SCHOOL}" selected>' in refused.text and of(decaan).all() == []
    answer = kept(decaan)
    refused = staff.send(f"{PAGE}/{answer.id}", title=title, text=text)
    assert refused.status_code == 422 and says in error(refused) and of(decaan).all() == [answer]


def test_pressing_twice_keeps_one_and_another_text_is_not_lost(staff: Browser, decaan: Account) -> None:
    form = {**hidden(staff.get(NEW)), "title": "Een", "text": "Eerste"}
    for _ in range(2):
        assert staff.request("POST", NEW, data=form).status_code == 303
    refused = staff.request("POST", NEW, data={**form, "text": "Tweede"})
    assert refused.status_code == 422 and field(refused) == "Tweede"
    assert staff.request("POST", NEW, data={**form, "text": "Tweede", **hidden(refused)}).status_code == 303
    assert sorted(answer.text for answer in of(decaan).all()) == ["Eerste", "Tweede"]


def test_there_is_an_end_to_how_many(staff: Browser, decaan: Account) -> None:
    for number in range(MOST):
        of(decaan).add(str(number), "Titel", "Tekst")
    refused = staff.send(NEW, title="Nog een", text="Tekst")
    assert refused.status_code == 422 and f"al {MOST} antwoorden" in error(refused) and field(refused) == "Tekst"
    assert staff.send(NEW, title="Nog een", text="Tekst", school=SCHOOL).status_code == 303


@pytest.mark.parametrize("school", [OTHER_SCHOOL, "%", "x" * 100])
def test_of_another_school_nothing_opens_and_nothing_changes(staff: Browser, school: str) -> None:
    stranger = a_decaan("ver@voorbeeld.nl", OTHER_SCHOOL)
    answer = kept(stranger, "zeldzaamwoord", OTHER_SCHOOL)
    for path in (f"{PAGE}/{answer.id}", f"{PAGE}/{answer.id}/verwijderen"):
        for reply in (staff.get(path), staff.send(path, NEW, title="Titel", text="Tekst", version="1")):
            assert reply.status_code == 404 and "zeldzaamwoord" not in reply.text
    assert staff.send(NEW, title="Titel", text="Tekst", school=school).status_code == 404
    assert "zeldzaamwoord" not in staff.get(PAGE).text and OTHER_SCHOOL not in staff.get(NEW).text
    assert of(stranger).all() == [answer]


def test_a_form_from_elsewhere_changes_nothing(staff: Browser, decaan: Account) -> None:
    answer = kept(decaan)
    for path in (NEW, f"{PAGE}/{answer.id}", f"{PAGE}/{answer.id}/verwijderen"):
        form = {**hidden(staff.get(path)), "title": "Titel", "text": "Tekst", "csrf": "x"}
        assert staff.request("POST", path, data=form).status_code == 403
    assert of(decaan).all() == [answer]


def test_what_was_typed_is_never_markup(staff: Browser, decaan: Account) -> None:
    answer = kept(decaan, f'">{BAD}', title=BAD)
    id, _ = sent(first_name=BAD[:20])
    paths = [PAGE, f"{PAGE}/{answer.id}", f"{PAGE}/{answer.id}/verwijderen", f"{PAGE}?melding={BAD}", f"{INBOX}/{id}"]
    for page in [*(staff.get(path).text for path in paths), staff.send(NEW, title=BAD, text=f"{BAD}{{x}}").text]:
        assert "<script>" not in page


def test_the_pages_are_easy_to_read(staff: Browser, decaan: Account) -> None:
    id = kept(decaan, "Kom.").id
    for path in (PAGE, NEW, f"{PAGE}/{id}/verwijderen"):
        for said in re.findall(r"<(?:p|label)[^>]*>([^<{]+)</", staff.get(path).text):
            assert not remarks(html.unescape(" ".join(said.split()))), said


# On a handoff


def test_a_handoff_offers_her_own_answers_and_those_of_its_school_filled_in(staff: Browser, decaan: Account) -> None:
    stranger = a_decaan("ver@voorbeeld.nl", OTHER_SCHOOL)
    kept(stranger, "zeldzaamwoord", OTHER_SCHOOL)
    kept(decaan, "Groet, {decaan} van {school}", SCHOOL, "Groet")
    kept(decaan, "Hoi {voornaam},\nje zit in leerjaar {leerjaar}.")
    id, _ = sent(first_name="Sam", leerjaar=3)
    page = staff.get(f"{INBOX}/{id}")
    assert options(page) == [
        ("Afspraak", "Hoi Sam,\nje zit in leerjaar 3."),
        ("Groet", "Groet, Sam Decaan van Het Element"),
    ]
    assert "zeldzaamwoord" not in page.text


def test_of_her_other_school_there_are_no_answers_on_a_handoff(browser: Browser, sqlite_database: object) -> None:
    both = accounts.add("twee@voorbeeld.nl", "decaan", [SCHOOL, OTHER_SCHOOL], "Twee", PASSWORD)
    kept(both, "zeldzaamwoord", OTHER_SCHOOL)
    browser.login("twee@voorbeeld.nl")
    id, _ = sent()
    assert "zeldzaamwoord" not in browser.get(f"{INBOX}/{id}").text
    other, _ = sent(school=OTHER_SCHOOL)
    assert options(browser.get(f"{INBOX}/{other}")) == [("Afspraak", "zeldzaamwoord")]


def test_what_the_pupil_left_out_stands_behind_the_title(staff: Browser, decaan: Account) -> None:
    kept(decaan, "Hoi {voornaam},\nin leerjaar {leerjaar} kies je.")
    id, _ = sent()
    (offered,) = options(staff.get(f"{INBOX}/{id}"))
    assert offered == ("Afspraak (zonder voornaam en leerjaar)", "Hoi,\nin leerjaar kies je.")


def test_without_a_script_it_comes_behind_what_was_typed_and_nothing_is_sent(staff: Browser, decaan: Account) -> None:
    answer = kept(decaan, "Hoi {voornaam}, kom langs.")
    id, code = sent(first_name="Sam")
    page = staff.get(f"{INBOX}/{id}")
    assert f'formaction="{INBOX}/{id}/invullen"' in page.text
    form = {**hidden(page), "text": "Wat <leuk>!", "vast": answer.id}
    filled = staff.request("POST", f"{INBOX}/{id}/invullen", data=form)
    assert filled.status_code == 200 and field(filled, "reply") == "Wat <leuk>!\n\nHoi Sam, kom langs."
    assert hidden(filled)["key"] == form["key"]
    assert len(inbox_of(decaan).get(id).messages) == 1
    text = field(filled, "reply").replace("langs", "morgen langs")
    assert staff.request("POST", f"{INBOX}/{id}/antwoord", data={**hidden(filled), "text": text}).status_code == 303
    thread = pupil().by_code(code)
    assert thread and thread.messages[-1].text == "Wat <leuk>!\n\nHoi Sam, kom morgen langs."


def test_filling_in_shows_what_changed_meanwhile(staff: Browser, decaan: Account) -> None:
    answer = kept(decaan)
    id, code = sent()
    form = {**hidden(staff.get(f"{INBOX}/{id}")), "text": "", "vast": answer.id}
    pupil().write_back(code, "k", "Laat maar")
    filled = staff.request("POST", f"{INBOX}/{id}/invullen", data=form)
    assert "Nieuw in het gesprek: 1 bericht van de leerling." in text_of(filled.text)
    assert field(filled, "reply") == "Kom langs."


@pytest.mark.parametrize("chosen", ["", "0" * 32, "of another school"])
def test_without_a_choice_nothing_typed_is_lost(staff: Browser, decaan: Account, chosen: str) -> None:
    kept(decaan)
    stranger = a_decaan("ver@voorbeeld.nl", OTHER_SCHOOL)
    other = kept(stranger, "zeldzaamwoord", OTHER_SCHOOL).id
    id, _ = sent()
    form = {**hidden(staff.get(f"{INBOX}/{id}")), "text": "Mijn tekst", "vast": other if "school" in chosen else chosen}
    refused = staff.request("POST", f"{INBOX}/{id}/invullen", data=form)
    assert refused.status_code == 422 and error(refused) == "Kies een vast antwoord uit de lijst."
    assert field(refused, "reply") == "Mijn tekst" and "zeldzaamwoord" not in refused.text


def test_on_a_handoff_of_another_school_nothing_is_filled_in(staff: Browser, decaan: Account) -> None:
    answer = kept(decaan)
    id, _ = sent("zeldzaamwoord", school=OTHER_SCHOOL)
    refused = staff.send(f"{INBOX}/{id}/invullen", PAGE, text="x", vast=answer.id)
    assert refused.status_code == 404 and "zeldzaamwoord" not in refused.text
