"""One handoff: reading it, and every change a decaan makes."""

import html
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import time_machine

from bot import clock
from bot.accounts import accounts, sessions
from bot.accounts.accounts import Account
from bot.handoff.inbox import Detail, Inbox
from bot.storage.database import DatabaseDown
from tests.bot.accounts.audit import actions
from tests.web.conftest import Site, Talk
from tests.web.handoffs import INBOX, OTHER_SCHOOL, pupil, sent
from tests.web.staff import HIDDEN, PASSWORD, SCHOOL, Browser, a_decaan, error
from tests.web.test_portal_inbox import MONDAY, inbox_of, text_of

FORMS = {
    "antwoord": {"text": "Kom maar langs"},
    "notitie": {"text": "Mentor gebeld"},
    "doorgeven": {"to": "mentor", "text": "Wil jij met haar praten?"},
    "toewijzen": {"to": ""},
    "later": {"until": "2026-12-01"},
    "afronden": {"reason": "beantwoord"},
    "heropenen": {},
}


def do(browser: Browser, id: str, action: str, **fields: str) -> httpx.Response:
    """Opens the handoff and sends one of its forms."""
    return browser.send(f"{INBOX}/{id}/{action}", f"{INBOX}/{id}", **fields)


def hidden(browser: Browser, id: str) -> dict[str, str]:
    """What a form on the page of the handoff holds now."""
    return {name: html.unescape(value) for name, value in HIDDEN.findall(browser.get(f"{INBOX}/{id}").text)}


def send(browser: Browser, id: str, action: str, form: dict[str, str]) -> httpx.Response:
    """Sends a form of a page that was opened before."""
    return browser.request("POST", f"{INBOX}/{id}/{action}", data=form)


def detail(decaan: Account, id: str) -> Detail:
    return inbox_of(decaan).get(id)


def conversation(site: Site, talk: Talk) -> str:
    id: str = site.app.state.services.tokens.read(talk.token)[0]
    return id


def test_the_page_shows_what_the_pupil_sent(browser: Browser, decaan: Account) -> None:
    with time_machine.travel(MONDAY, tick=False):
        browser.login()
        along = [{"title": "Uitkomst van de verkenning", "text": "Zorg en welzijn: 10 van 12"}]
        id, _ = sent("Regel 1\nRegel 2", first_name="Sam", leerjaar=3, attachments=along, urgent=True)
        page = browser.get(f"{INBOX}/{id}").text
    said = text_of(page)
    assert "<h1>Vraag van Sam</h1>" in page and ">Regel 1\nRegel 2</p>" in page
    assert "Uitkomst van de verkenning Zorg en welzijn: 10 van 12" in said
    assert "Dringend Lobke zag een signaal van nood" in said
    assert "Leerjaar 3" in said and "School Het Element" in said
    assert "Verstuurd maandag 23 november 2026, 10.00 uur" in said


def test_an_answer_reaches_the_pupil(staff: Browser, decaan: Account) -> None:
    id, code = sent()
    answer = do(staff, id, "antwoord", text="Ja,\r\nkom maar langs. ")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{INBOX}/{id}?melding=antwoord")
    page = text_of(staff.get(answer.headers["location"]).text)
    assert "Je antwoord is verstuurd." in page and "Wacht op leerling, van jou" in page
    thread = pupil().by_code(code)
    assert thread and thread.status == "wacht_op_leerling"
    assert [(said.sender, said.author, said.text) for said in thread.messages][1:] == [
        ("decaan", "Sam Decaan", "Ja,\nkom maar langs.")
    ]


def test_an_answer_appears_in_the_chat_that_is_still_open(
    site: Site, talk: Talk, staff: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(site.app.state.services.hub, "notify", told.append)
    id, _ = sent(conversation_id=conversation(site, talk))
    form = {**hidden(staff, id), "text": "Kom maar langs"}
    for _ in range(2):
        assert send(staff, id, "antwoord", form).status_code == 303
    received = [said for said in talk.read().json()["messages"] if said["from"] == "decaan"]
    assert [said["text"] for said in received] == ["Kom maar langs"]
    assert told == [conversation(site, talk)]


@pytest.mark.parametrize("end", ["deleted", "ended"])
def test_a_chat_that_is_over_is_not_brought_back(
    site: Site, talk: Talk, staff: Browser, decaan: Account, sqlite_database: Path, end: str
) -> None:
    chat = conversation(site, talk)
    id, code = sent(conversation_id=chat)
    form = {**hidden(staff, id), "text": "Kom maar langs"}
    if end == "deleted":
        assert talk.delete().status_code == 204
    with closing(sqlite3.connect(sqlite_database)) as database, database:
        database.execute("UPDATE conversations SET expires_at = '2026-01-01 00:00:00.000000'")
    assert send(staff, id, "antwoord", form).status_code == 303
    with closing(sqlite3.connect(sqlite_database)) as database:
        said = database.execute("SELECT count(*) FROM messages WHERE sender = 'decaan'").fetchone()
        open_until = database.execute("SELECT max(expires_at) FROM conversations").fetchone()
    assert said == (0,) and (open_until[0] or "").startswith("" if end == "deleted" else "2026-01-01")
    thread = pupil().by_code(code)
    assert thread and thread.messages[-1].text == "Kom maar langs", "with the code it is read all the same"


def test_pressing_twice_sends_once(staff: Browser, decaan: Account) -> None:
    id, _ = sent()
    form = {**hidden(staff, id), "text": "Ja"}
    note = {**form, "text": "Notitie"}
    for _ in range(2):
        assert send(staff, id, "antwoord", form).status_code == 303
        assert send(staff, id, "notitie", note).status_code == 303
    found = detail(decaan, id)
    assert len(found.messages) == 2 and len(found.notes) == 1


@pytest.mark.parametrize("action", ["antwoord", "notitie"])
def test_another_text_from_the_same_page_is_not_lost(staff: Browser, decaan: Account, action: str) -> None:
    id, _ = sent()
    form = hidden(staff, id)
    send(staff, id, action, {**form, "text": "Eerste"})
    answer = send(staff, id, action, {**form, "text": "Tweede"})
    assert answer.status_code == 422 and "al een andere tekst bewaard" in error(answer)
    assert ">Tweede</textarea>" in answer.text
    again = {name: html.unescape(value) for name, value in HIDDEN.findall(answer.text)}
    assert send(staff, id, action, {**again, "text": "Tweede"}).status_code == 303
    found = detail(decaan, id)
    assert [said.text for said in (found.messages[1:] if action == "antwoord" else found.notes)] == ["Eerste", "Tweede"]


def test_what_changed_meanwhile_is_shown_and_the_typed_text_kept(staff: Browser, decaan: Account) -> None:
    colleague = accounts.add("bo@voorbeeld.nl", "decaan", [SCHOOL], "Bo Jansen", PASSWORD)
    id, code = sent()
    form = {**hidden(staff, id), "text": "Kom <morgen> langs"}
    inbox_of(colleague).reply(id, 1, "k", "Ik bel je")
    pupil().write_back(code, "k2", "Hoeft niet meer")
    answer = send(staff, id, "antwoord", form)
    assert answer.status_code == 409 and "intussen veranderd" in error(answer)
    page = text_of(answer.text)
    assert "Nieuw in het gesprek: 2 berichten van Bo Jansen en de leerling." in page
    assert "De status is nu: opgepakt." in page and "De overdracht is nu van Bo Jansen." in page
    assert "Hoeft niet meer" in page and ">Kom &lt;morgen&gt; langs</textarea>" in answer.text
    assert len(detail(decaan, id).messages) == 3
    again = {name: html.unescape(value) for name, value in HIDDEN.findall(answer.text)}
    assert again["key"] == form["key"]
    assert send(staff, id, "antwoord", {**again, "text": form["text"]}).status_code == 303
    assert detail(decaan, id).messages[-1].text == "Kom <morgen> langs"


@pytest.mark.parametrize("action", ["antwoord", "toewijzen", "later", "afronden", "heropenen"])
def test_no_change_of_an_old_page_is_done(staff: Browser, decaan: Account, action: str) -> None:
    id, _ = sent()
    form = hidden(staff, id)
    inbox_of(decaan).assign(id, 1, decaan.id)
    later = (clock.today() + timedelta(3)).isoformat()
    answer = send(staff, id, action, {**form, **FORMS[action], **({"until": later} if action == "later" else {})})
    assert answer.status_code == 409
    found = detail(decaan, id)
    assert (found.version, found.status, found.assignee) == (2, "bezig", decaan.id)
    if action == "later":
        assert f'value="{later}"' in answer.text
    if action == "afronden":
        assert '<option value="beantwoord" selected>' in answer.text


def test_a_note_is_for_colleagues_only(staff: Browser, decaan: Account) -> None:
    id, code = sent()
    assert do(staff, id, "notitie", text="zeldzaamwoord").status_code == 303
    assert "Sam Decaan" in staff.get(f"{INBOX}/{id}").text and "zeldzaamwoord" in staff.get(f"{INBOX}/{id}").text
    assert "zeldzaamwoord" not in repr(pupil().by_code(code))


def test_it_is_given_to_a_colleague_to_me_and_to_nobody(staff: Browser, decaan: Account) -> None:
    colleague = accounts.add("bo@voorbeeld.nl", "decaan", [SCHOOL], "Bo Jansen", PASSWORD)
    stranger = a_decaan("ver@voorbeeld.nl", OTHER_SCHOOL)
    id, _ = sent()
    assert "Bo Jansen" in staff.get(f"{INBOX}/{id}").text and stranger.id not in staff.get(f"{INBOX}/{id}").text
    for account in (colleague, decaan):
        assert do(staff, id, "toewijzen", to=account.id).status_code == 303
        assert detail(decaan, id).assignee == account.id
    for wrong in (stranger.id, "x"):
        answer = do(staff, id, "toewijzen", to=wrong)
        assert answer.status_code == 422 and "Kies een collega" in error(answer)
    assert do(staff, id, "toewijzen", to="").status_code == 303
    assert detail(decaan, id).assignee is None


def test_it_is_put_away_until_the_morning_of_a_day(browser: Browser, decaan: Account) -> None:
    with time_machine.travel(MONDAY, tick=False) as travel:
        browser.login()
        id, _ = sent()
        for wrong in ("", "2026-11-23", "2026-11-01", "2028-01-01", "30-11-2026", "9999-12-31"):
            answer = do(browser, id, "later", until=wrong)
            assert answer.status_code == 422 and "Kies een dag na vandaag" in error(answer)
        assert do(browser, id, "later", until="2026-11-24").status_code == 303
        assert detail(decaan, id).status == "later"
        travel.move_to("2026-11-24T08:29:00+01:00")
        assert detail(decaan, id).status == "later"
        travel.move_to("2026-11-24T08:30:00+01:00")
        assert detail(decaan, id).status == "nieuw"


def test_it_is_closed_with_a_reason_and_opened_again(staff: Browser, decaan: Account) -> None:
    id, _ = sent()
    for wrong in ("", "ingetrokken", "zomaar"):
        answer = do(staff, id, "afronden", reason=wrong)
        assert answer.status_code == 422 and error(answer) == "Kies een reden."
    assert do(staff, id, "afronden", reason="afspraak").status_code == 303
    page = staff.get(f"{INBOX}/{id}").text
    assert "Afspraak gemaakt" in page and 'name="reason"' not in page and 'id="reply"' not in page
    assert do(staff, id, "antwoord", text="Nog iets").status_code == 409
    assert do(staff, id, "heropenen").status_code == 303
    assert detail(decaan, id).status == "nieuw"
    assert do(staff, id, "heropenen").status_code == 409


def test_what_the_pupil_took_back_stays_closed(staff: Browser, decaan: Account) -> None:
    id, code = sent()
    pupil().withdraw(code)
    page = staff.get(f"{INBOX}/{id}").text
    assert "Ingetrokken door de leerling" in page and "/heropenen" not in page
    assert do(staff, id, "heropenen").status_code == 409
    assert detail(decaan, id).status == "afgerond"


@pytest.mark.parametrize("text", ["", " \r\n ", "x" * 4001])
def test_an_answer_has_words_and_an_end(staff: Browser, decaan: Account, text: str) -> None:
    id, _ = sent()
    answer = do(staff, id, "antwoord", text=text)
    assert answer.status_code == 422 and 'aria-describedby="reply-hint error"' in answer.text
    assert text.strip() in answer.text
    assert len(detail(decaan, id).messages) == 1


@pytest.mark.parametrize("action", FORMS)
def test_of_another_school_nothing_opens_and_nothing_changes(staff: Browser, action: str) -> None:
    stranger = a_decaan("ver@voorbeeld.nl", OTHER_SCHOOL)
    id, _ = sent("zeldzaamwoord", school=OTHER_SCHOOL)
    before = detail(stranger, id)
    for answer in (
        staff.get(f"{INBOX}/{id}"),
        staff.send(f"{INBOX}/{id}/{action}", "/portal/account", version="1", key="k", **FORMS[action]),
    ):
        assert answer.status_code == 404 and "zeldzaamwoord" not in answer.text
    unknown = staff.get(f"{INBOX}/{'0' * 32}")
    assert unknown.text == staff.get(f"{INBOX}/{id}").text, "it is not even told that it exists"
    after = detail(stranger, id)
    assert (after.version, after.status, after.messages, after.notes) == (1, "nieuw", before.messages, [])


@pytest.mark.parametrize("path", ["%00", "..", "x" * 32, "A" * 32, "0" * 33, "%27"])
def test_what_is_no_handoff_is_not_found(staff: Browser, path: str) -> None:
    assert staff.get(f"{INBOX}/{path}").status_code in (303, 404)
    assert staff.send(f"{INBOX}/{path}/antwoord", "/portal/account", text="x").status_code in (303, 404)


def test_what_is_no_action_is_not_found(staff: Browser) -> None:
    id, _ = sent()
    assert do(staff, id, "wissen").status_code == 404


@pytest.mark.parametrize("action", FORMS)
def test_a_form_from_elsewhere_changes_nothing(staff: Browser, decaan: Account, action: str) -> None:
    id, _ = sent()
    form = {**hidden(staff, id), **FORMS[action]}
    for csrf in ("", "x"):
        assert send(staff, id, action, {**form, "csrf": csrf}).status_code == 403
    assert staff.get(f"{INBOX}/{id}/{action}").status_code == 405
    assert detail(decaan, id).version == 1


@pytest.mark.parametrize("version", ["", "x", "-1", "0", "9" * 5000, "１"])
def test_a_form_without_the_version_changes_nothing(staff: Browser, decaan: Account, version: str) -> None:
    id, _ = sent()
    assert do(staff, id, "afronden", reason="beantwoord", version=version, seen_messages=version).status_code == 409
    assert detail(decaan, id).status == "nieuw"


def test_what_was_written_is_never_markup(staff: Browser, decaan: Account) -> None:
    bad = "<script>alert(1)</script>"
    id, _ = sent(bad, first_name=bad[:20], attachments=[{"title": bad, "text": bad}])
    do(staff, id, "antwoord", text=bad)
    do(staff, id, "notitie", text=bad)
    page = do(staff, id, "afronden", reason=f'">{bad}', seen_status=bad, seen_assignee=bad, version=bad).text
    assert "<script>" not in page
    page = staff.get(f"{INBOX}/{id}?melding={bad}").text
    assert "<script>" not in page and page.count("&lt;script&gt;") >= 6


def test_looking_and_changing_are_in_the_audit_log(staff: Browser, decaan: Account) -> None:
    id, _ = sent()
    form = {**hidden(staff, id), "text": "zeldzaamwoord"}
    send(staff, id, "antwoord", form)
    assert actions(id) == ["handoff_viewed", "handoff_replied"]


def test_the_page_works_without_a_script(staff: Browser) -> None:
    id, _ = sent()
    page = staff.get(f"{INBOX}/{id}").text
    assert re.search(r'<button type="button"[^>]* id="print" hidden>', page)
    assert re.search(r'<button type="button"[^>]* id="show-shortcuts" hidden>', page)
    assert set(re.findall(rf'action="{INBOX}/{id}/(\w+)"', page)) == set(FORMS) - {"heropenen"}


@pytest.mark.parametrize("trouble", ["logged out", "logged in elsewhere", "no database", "deleted"])
def test_what_is_typed_is_shown_when_nothing_could_be_done(
    staff: Browser, decaan: Account, set_up: Callable[..., None], trouble: str
) -> None:
    id, code = sent()
    form = {**hidden(staff, id), "text": "Kom <morgen> langs"}
    if trouble == "logged out":
        sessions.end_all(decaan)
    elif trouble == "logged in elsewhere":  # in another tab, so the cookie is another one too
        staff.send("/portal/uitloggen", "/portal/account")
        staff.login()
    elif trouble == "no database":
        set_up(database_url="postgresql://lobke@127.0.0.1:1/lobke")
    else:
        pupil().delete(code)
    staff.http.headers["Sec-Fetch-Site"] = "same-origin"
    answer = send(staff, id, "antwoord", form)
    assert answer.status_code in (403, 404, 503)
    assert ">Kom &lt;morgen&gt; langs</textarea>" in answer.text
    assert f'href="{INBOX}/{id}">Terug naar de pagina' in answer.text


def test_a_text_from_another_site_is_not_shown(staff: Browser) -> None:
    id, _ = sent()
    answer = send(staff, id, "antwoord", {"csrf": "x", "text": "Bel nu dit nummer"})
    assert answer.status_code == 403 and "Bel nu" not in answer.text


def test_a_page_that_is_open_can_ask_what_changed_since(staff: Browser, decaan: Account) -> None:
    id, code = sent()
    query = "seen_status=nieuw&seen_assignee=&seen_messages=1"
    assert "Wat er veranderd is" not in staff.get(f"{INBOX}/{id}?{query}").text
    pupil().write_back(code, "k", "Nog iets")
    assert "Nieuw in het gesprek: 1 bericht van de leerling." in staff.get(f"{INBOX}/{id}?{query}").text
    assert "Wat er veranderd is" not in staff.get(f"{INBOX}/{id}").text


def test_an_answer_to_what_was_closed_meanwhile_can_be_copied(staff: Browser, decaan: Account) -> None:
    id, _ = sent()
    form = {**hidden(staff, id), "text": "Kom langs"}
    inbox_of(decaan).close(id, 1, "beantwoord")
    answer = send(staff, id, "antwoord", form)
    assert answer.status_code == 409 and "Je antwoord is niet verstuurd" in answer.text
    assert "readonly>Kom langs</textarea>" in answer.text


def test_trouble_while_showing_an_answer_in_the_chat_does_not_undo_it(
    site: Site, talk: Talk, staff: Browser, decaan: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*args: object) -> None:
        raise DatabaseDown("for the test")

    id, _ = sent(conversation_id=conversation(site, talk))
    form = {**hidden(staff, id), "text": "Ja"}
    monkeypatch.setattr(Inbox, "chat", down)
    assert send(staff, id, "antwoord", form).status_code == 303
    assert len(detail(decaan, id).messages) == 2
