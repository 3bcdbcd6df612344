"""Forwarding a handoff to somebody at the school without an account: a note, and a text to hand over."""

import html
import re

import pytest

from bot.accounts.accounts import Account
from tests.bot.accounts.audit import actions
from tests.web.handoffs import INBOX, OTHER_SCHOOL, pupil, sent
from tests.web.staff import Browser, a_decaan, error
from tests.web.test_portal_handoff import detail, do, hidden, send
from tests.web.test_portal_inbox import inbox_of, text_of

NOTE = {"to": "zorgcoordinator", "text": "Wil jij met\r\nhaar praten?"}


def paper(browser: Browser, id: str) -> str:
    """The address of the text to hand over, as the page links to it."""
    found = re.search(rf'href="({INBOX}/{id}/doorgeven/\w+)"', browser.get(f"{INBOX}/{id}").text)
    assert found
    return found[1]


def test_it_becomes_a_note_with_for_whom_it_is_and_the_pupil_sees_nothing(staff: Browser, decaan: Account) -> None:
    id, code = sent()
    assert do(staff, id, "doorgeven", **NOTE).headers["location"] == f"{INBOX}/{id}?melding=doorgeven"
    page = text_of(staff.get(f"{INBOX}/{id}?melding=doorgeven").text)
    assert "Je notitie is bewaard." in page and "Doorgegeven aan de zorgcoördinator Wil jij met haar praten?" in page
    assert (detail(decaan, id).status, detail(decaan, id).version) == ("nieuw", 1)
    assert "haar praten" not in repr(pupil().by_code(code)) + repr(pupil().export(code))
    assert "handoff_forwarded" in actions(id)


def test_the_text_to_hand_over_holds_the_question_and_the_note_and_nothing_else(
    staff: Browser, decaan: Account
) -> None:
    along = [{"title": "Verkenning", "text": "bijlage"}]
    id, code = sent("Kan ik <hier> weg?", first_name="Sam", leerjaar=3, attachments=along)
    inbox_of(decaan).note(id, "k", "een andere notitie")
    pupil().write_back(code, "k", "later geschreven")
    do(staff, id, "doorgeven", **NOTE)
    page = staff.get(paper(staff, id)).text
    found = re.search(r'<p class="said" id="paper">([^<]*)</p>', page)
    assert found
    said = html.unescape(found[1])
    for line in ("Leerling: Sam", "Leerjaar: 3", "School: Het Element", "Kan ik <hier> weg?", "met\nhaar praten?"):
        assert line in said
    for private in ("andere notitie", "later geschreven", "bijlage", code):
        assert private not in page
    assert "<h1>Voor de zorgcoördinator</h1>" in page and "hidden>Afdrukken</button>" in page
    assert actions(id).count("handoff_viewed") >= 2, "looking at it is in the audit log"


def test_the_handoff_may_be_closed_with_it(staff: Browser, decaan: Account) -> None:
    id, _ = sent()
    assert do(staff, id, "doorgeven", **NOTE, afronden="ja").status_code == 303
    found = detail(decaan, id)
    assert (found.status, found.close_reason, len(found.notes)) == ("afgerond", "doorverwezen", 1)
    assert "/doorgeven/" in staff.get(f"{INBOX}/{id}").text, "the text stays there"


def test_an_old_page_closes_nothing_and_keeps_what_was_typed(staff: Browser, decaan: Account) -> None:
    id, code = sent()
    form = {**hidden(staff, id), **NOTE, "afronden": "ja"}
    pupil().write_back(code, "k", "Laat maar")
    refused = send(staff, id, "doorgeven", form)
    assert refused.status_code == 409 and "Nieuw in het gesprek" in text_of(refused.text)
    assert "haar praten?</textarea>" in refused.text and 'value="ja" checked>' in refused.text
    assert '<option value="zorgcoordinator" selected>' in refused.text
    found = detail(decaan, id)
    assert (found.status, found.notes) == ("nieuw", [])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"to": ""}, "Kies aan wie"),
        ({"to": "directeur"}, "Kies aan wie"),
        ({"text": "  "}, "Typ eerst"),
        ({"text": "x" * 4001}, "langer dan"),
    ],
)
def test_it_takes_somebody_and_a_note(staff: Browser, decaan: Account, change: dict[str, str], says: str) -> None:
    id, _ = sent()
    refused = do(staff, id, "doorgeven", **{**NOTE, **change})
    assert refused.status_code == 422 and says in error(refused) and detail(decaan, id).notes == []


def test_pressing_twice_keeps_one_and_another_note_is_not_lost(staff: Browser, decaan: Account) -> None:
    id, _ = sent()
    form = {**hidden(staff, id), **NOTE}
    for _ in range(2):
        assert send(staff, id, "doorgeven", form).status_code == 303
    for other in ({"to": "mentor"}, {"text": "Iets anders"}):
        refused = send(staff, id, "doorgeven", {**form, **other})
        assert refused.status_code == 422 and "al een andere tekst" in error(refused)
    assert len(detail(decaan, id).notes) == 1


def test_of_another_school_there_is_no_text_to_hand_over(staff: Browser, decaan: Account) -> None:
    stranger = a_decaan("ver@voorbeeld.nl", OTHER_SCHOOL)
    id, _ = sent("zeldzaamwoord", school=OTHER_SCHOOL)
    inbox_of(stranger).forward(id, 1, "k", "zeldzaamwoord", "mentor")
    note = detail(stranger, id).notes[0].id
    own, _ = sent()
    inbox_of(decaan).note(own, "k", "zeldzaamwoord")
    plain = detail(decaan, own).notes[0].id
    for path in (
        f"{id}/doorgeven/{note}",
        f"{own}/doorgeven/{note}",
        f"{own}/doorgeven/{plain}",
        f"x/doorgeven/{note}",
    ):
        refused = staff.get(f"{INBOX}/{path}")
        assert refused.status_code == 404 and "zeldzaamwoord" not in refused.text


def test_what_was_written_is_never_markup(staff: Browser, decaan: Account) -> None:
    bad = "<script>alert(1)</script>"
    id, _ = sent(bad, first_name=bad[:20])
    do(staff, id, "doorgeven", to="mentor", text=bad)
    assert "<script>" not in staff.get(paper(staff, id)).text


def test_the_page_asks_to_tell_the_pupil_first(staff: Browser) -> None:
    id, _ = sent()
    assert "Vertel de leerling eerst dat je dit doorgeeft" in text_of(staff.get(f"{INBOX}/{id}").text)
