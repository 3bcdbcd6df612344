"""/antwoord: what a pupil can do with a code, and what somebody without it cannot."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import time_machine
from sqlalchemy import func, select
from structlog.testing import capture_logs

from bot import clock
from bot.handoff.inbox import Inbox
from bot.handoff.store import Handoff, Handoffs
from bot.knowledge.reading import remarks
from bot.settings import settings
from bot.storage import tables
from bot.storage.database import DatabaseDown, transaction
from bot.storage.spool import Spool
from tests.web.conftest import Site
from tests.web.staff import HIDDEN, Browser, error
from tests.web.test_limits import only
from web import answer
from web.limits import Limit

PAGE = "/antwoord"
SECRET = "Mag ik van kader naar tl?"
OTHER = "0000-0000"


def send(id: str = "a", **changes: Any) -> str:
    """The code of a handoff that a pupil just sent."""
    fields = {"school": "corlaer-college", "text": SECRET, "leerjaar": 3, "first_name": "Noor", **changes}
    return Handoffs(Spool(settings().spool_dir)).send(Handoff(id=id, **fields))


def decaan() -> Inbox:
    return Inbox("an", ["corlaer-college"], "Mevrouw Jansen")


def enter(browser: Browser, code: str, **fields: str) -> httpx.Response:
    return browser.request("POST", PAGE, data={"code": code, **fields})


def opened(browser: Browser, code: str) -> str:
    """The page after the code was typed."""
    assert enter(browser, code).headers["location"] == PAGE
    return browser.get(PAGE).text


def hidden(page: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in HIDDEN.findall(page)}


def messages(code: str) -> list[str]:
    found = Handoffs(Spool(settings().spool_dir)).by_code(code)
    return [message.text for message in found.messages] if found else []


@pytest.fixture
def code(sqlite_database: Path) -> str:
    """The code of a handoff."""
    return send()


@pytest.fixture
def pupil(code: str, browser: Browser) -> Browser:
    """The browser of a pupil who typed her code."""
    opened(browser, code)
    return browser


# With the code


def test_without_a_code_the_page_asks_for_one(browser: Browser) -> None:
    page = browser.get(PAGE)
    assert page.status_code == 200 and "Je code" in page.text
    assert "set-cookie" not in page.headers


@pytest.mark.parametrize(
    "sloppy", [str.lower, lambda code: code.replace("-", " "), lambda code: f" {code[:4]}{code[5:]} "]
)
def test_a_code_opens_the_thread_however_it_is_typed(browser: Browser, code: str, sloppy: Callable[[str], str]) -> None:
    page = opened(browser, sloppy(code))
    for shown in (SECRET, "Corlaer College", "Noor", "nog niet geantwoord"):
        assert shown in page


def test_the_answer_of_the_decaan_is_there_and_no_note(pupil: Browser) -> None:
    decaan().reply("a", 1, "k", "Ja, dat mag.\nKom maar langs.")
    decaan().note("a", "n", "een geheime notitie")
    page = pupil.get(PAGE).text
    assert "Mevrouw Jansen" in page and "Ja, dat mag.\nKom maar langs." in page
    assert "Je decaan heeft geantwoord" in page and "geheime notitie" not in page


def test_what_she_writes_back_reaches_the_decaan_once(pupil: Browser, code: str) -> None:
    form = {**hidden(pupil.get(PAGE).text), "text": "Dank je wel!\r\nTot dan."}
    for _ in range(2):
        sent = pupil.request("POST", f"{PAGE}/bericht", data=form)
        assert sent.status_code == 303
    assert messages(code) == [SECRET, "Dank je wel!\nTot dan."]
    assert "Gelukt" in pupil.get(sent.headers["location"]).text
    assert [message.text for message in decaan().get("a").messages] == messages(code)


def test_the_same_words_may_be_written_twice(pupil: Browser, code: str) -> None:
    for _ in range(2):
        assert pupil.send(f"{PAGE}/bericht", PAGE, text="Bent u er al?").status_code == 303
    assert len(messages(code)) == 3


@pytest.mark.parametrize(("text", "says"), [("  ", "Typ eerst"), ("a" * 1001, "1001 tekens")])
def test_a_message_that_cannot_be_sent_stays_in_the_field(pupil: Browser, code: str, text: str, says: str) -> None:
    refused = pupil.send(f"{PAGE}/bericht", PAGE, text=text)
    assert refused.status_code == 422 and says in error(refused)
    assert text.strip() in refused.text and len(messages(code)) == 1


def test_a_message_with_distress_gets_the_helplines_and_is_urgent_from_then_on(pupil: Browser, code: str) -> None:
    sent = pupil.send(f"{PAGE}/bericht", PAGE, text="ik wil niet meer leven")
    page = pupil.get(sent.headers["location"]).text
    assert "tel:113" in page or "tel:0800" in page
    assert "Wacht dan niet op antwoord" in page and len(messages(code)) == 2
    assert "tel:" in pupil.get(PAGE).text


def test_an_urgent_message_always_shows_the_helplines(browser: Browser, sqlite_database: Path) -> None:
    page = opened(browser, send(urgent=True))
    assert 0 < page.index("tel:") < page.index(SECRET)


def test_taking_it_back_is_asked_twice(pupil: Browser) -> None:
    asked = pupil.get(f"{PAGE}/intrekken")
    assert asked.status_code == 200 and "terug naar mijn bericht" in asked.text
    assert pupil.request("HEAD", f"{PAGE}/intrekken").status_code == 200
    assert decaan().get("a").status == "nieuw"
    done = pupil.request("POST", f"{PAGE}/intrekken", data={"ja": ""})
    page = pupil.get(done.headers["location"]).text
    assert "ingetrokken" in page and "Bericht intrekken" not in page
    assert decaan().get("a").close_reason == "ingetrokken"


def test_what_a_decaan_closed_cannot_be_taken_back(pupil: Browser) -> None:
    decaan().close("a", 1, "afspraak")
    assert "heeft dit afgerond" in pupil.get(PAGE).text
    refused = pupil.request("POST", f"{PAGE}/intrekken", data={"ja": ""})
    assert refused.status_code == 409 and "al afgerond" in error(refused)
    assert pupil.send(f"{PAGE}/bericht", PAGE, text="Toch nog iets").status_code == 303
    assert decaan().get("a").status == "nieuw"


def test_deleting_is_asked_twice_and_leaves_nothing(pupil: Browser, code: str) -> None:
    assert pupil.get(f"{PAGE}/wissen").status_code == 200 and messages(code)
    done = pupil.request("POST", f"{PAGE}/wissen", data={"ja": ""})
    assert not pupil.cookies
    assert "alles gewist" in pupil.get(done.headers["location"]).text
    with transaction() as connection:
        counted = [select(func.count()).select_from(table) for table in (tables.handoffs, tables.handoff_messages)]
        assert [connection.execute(query).scalar() for query in counted] == [0, 0]
    assert enter(pupil, code).status_code == 422


def test_she_can_save_all_that_is_kept(pupil: Browser) -> None:
    decaan().note("a", "n", "een geheime notitie")
    file = pupil.request("POST", f"{PAGE}/bestand", data={"ja": ""})
    kept = file.json()
    assert "attachment" in file.headers["content-disposition"]
    assert (kept["school"], kept["first_name"], kept["messages"][0]["text"]) == ("corlaer-college", "Noor", SECRET)
    assert "geheime notitie" not in file.text


def test_on_a_shared_computer_she_leaves_nothing_behind(pupil: Browser) -> None:
    done = pupil.request("POST", f"{PAGE}/klaar", data={"ja": ""})
    assert not pupil.cookies
    assert SECRET not in pupil.get(done.headers["location"]).text
    assert SECRET not in pupil.get(PAGE).text


# Without the code, or too late


def test_the_code_is_in_no_address_no_log_and_a_cookie_that_no_script_reads(browser: Browser, code: str) -> None:
    with capture_logs() as logs:
        done = enter(browser, code)
        page = browser.get(PAGE)
    plain = code.replace("-", "")
    assert plain not in done.headers["location"] and plain not in page.text and code not in page.text
    assert plain not in str(logs) and SECRET not in str(logs)
    (cookie,) = done.headers.get_list("set-cookie")
    for part in ("HttpOnly", "SameSite=strict", "Max-Age=1800", "Path=/"):
        assert part in cookie
    assert page.headers["cache-control"] == "no-store" and page.headers["x-robots-tag"] == "noindex"
    assert "<script" not in page.text and " style=" not in page.text


def test_the_code_of_another_handoff_opens_that_one_only(pupil: Browser) -> None:
    page = opened(pupil, send("b", text="Een andere vraag"))
    assert "Een andere vraag" in page and SECRET not in page


def test_a_wrong_code_and_a_deleted_one_get_the_same_answer(browse: Callable[..., Browser], code: str) -> None:
    gone = send("b")
    Handoffs(Spool(settings().spool_dir)).delete(gone)
    answers = [enter(browse(), typed) for typed in (OTHER, gone, "onzin", "", "x" * 1000)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(422, answers[0].text)}
    assert not any("set-cookie" in answer.headers for answer in answers)


@pytest.mark.parametrize("path", ["/intrekken", "/wissen"])
def test_the_other_pages_ask_for_the_code_too(browser: Browser, code: str, path: str) -> None:
    assert "Je code" in browser.get(f"{PAGE}{path}").text
    assert browser.request("POST", f"{PAGE}{path}", data={"ja": ""}).status_code == 403
    assert browser.request("POST", f"{PAGE}/bestand", data={"ja": ""}).status_code == 403
    assert decaan().get("a").status == "nieuw"


def test_a_cookie_of_her_own_making_opens_nothing(browser: Browser, code: str) -> None:
    for forged in (code, f"{code.replace('-', '')}.aaaa.bbbb", "x" * 5000):
        browser.cookies = {"lobke-antwoord": forged}
        assert SECRET not in browser.get(PAGE).text


def test_after_half_an_hour_she_types_her_code_again_and_her_message_is_still_there(pupil: Browser, code: str) -> None:
    with time_machine.travel(clock.now() + timedelta(minutes=31)):
        asked = pupil.send(f"{PAGE}/bericht", "/", text="Een lang <verhaal>")
        assert asked.status_code == 403 and "staat er nog" in error(asked)
        page = enter(pupil, code, **hidden(asked.text))
        assert "Een lang &lt;verhaal&gt;</textarea>" in page.text
        sent = pupil.request("POST", f"{PAGE}/bericht", data={**hidden(page.text), "text": "Een lang <verhaal>"})
        assert sent.status_code == 303
    assert messages(code) == [SECRET, "Een lang <verhaal>"]


def test_reading_keeps_the_page_open(pupil: Browser) -> None:
    for minutes in (20, 40):
        with time_machine.travel(clock.now() + timedelta(minutes=minutes)):
            assert SECRET in pupil.get(PAGE).text


def test_guessing_is_stopped_and_then_the_right_code_does_not_open_either(browser: Browser, code: str) -> None:
    for _ in range(10):
        assert enter(browser, OTHER).status_code == 422
    refused = enter(browser, code)
    assert refused.status_code == 429 and 0 < int(refused.headers["retry-after"]) <= 600
    assert "Wacht 10 minuten" in error(refused) and SECRET not in refused.text


def test_a_right_code_and_what_is_no_code_are_no_guesses(browser: Browser, code: str) -> None:
    for _ in range(12):
        assert enter(browser, code).status_code == 303
        assert enter(browser, "K7Q").status_code == 422
    assert enter(browser, code).status_code == 303


def test_guessing_from_many_addresses_is_stopped_too(run: Callable[..., Site], set_up: Callable[..., None]) -> None:
    set_up(trusted_proxy=True)
    http = run(only(wrong_codes=Limit(3, 600))).http
    tries = [http.post(PAGE, data={"code": OTHER}, headers={"X-Forwarded-For": f"10.0.0.{n}"}) for n in range(5)]
    assert [answer.status_code for answer in tries] == [422, 422, 422, 429, 429]


def test_writing_is_limited(pupil: Browser, code: str) -> None:
    statuses = [pupil.send(f"{PAGE}/bericht", PAGE, text=f"bericht {n}").status_code for n in range(6)]
    assert statuses == [303] * 5 + [429] and len(messages(code)) == 6


@pytest.mark.parametrize("path", ["", "/bericht", "/intrekken", "/wissen", "/bestand", "/klaar"])
def test_another_site_can_send_no_form(pupil: Browser, path: str) -> None:
    cookies = "; ".join(f"{name}={value}" for name, value in pupil.cookies.items())
    for site in ("cross-site", "same-site"):
        headers = {"Sec-Fetch-Site": site, "Cookie": cookies}
        refused = pupil.http.post(f"{PAGE}{path}", data={"text": "hoi", "code": OTHER}, headers=headers)
        assert refused.status_code == 403 and "set-cookie" not in refused.headers
    assert decaan().get("a").status == "nieuw"


def test_what_a_pupil_and_a_decaan_type_is_shown_as_text(browser: Browser, sqlite_database: Path) -> None:
    nasty = '<script>alert(1)</script>"><b>'
    code = send(text=nasty, first_name=nasty[:20], attachments=[{"title": nasty, "text": nasty}])
    Inbox("an", ["corlaer-college"], nasty).reply("a", 1, "k", nasty)
    page = opened(browser, code)
    assert "<script" not in page and "<b>" not in page and page.count("&lt;script&gt;") == 6


def test_while_the_database_is_down_nothing_typed_is_lost(
    pupil: Browser, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*arguments: object, **names: object) -> Any:
        raise DatabaseDown

    form = {**hidden(pupil.get(PAGE).text), "text": "Een lang verhaal"}
    with monkeypatch.context() as patched:
        patched.setattr("bot.handoff.store.transaction", down)
        assert pupil.get(PAGE).status_code == 503
        kept = pupil.request("POST", f"{PAGE}/bericht", data=form)
    assert kept.status_code == 503 and hidden(kept.text) == form
    page = enter(pupil, code, **hidden(kept.text))
    assert "Een lang verhaal</textarea>" in page.text and hidden(page.text)["key"] == form["key"]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"code=%ff%fe", 422), (b"code=\xff", 400), (b"", 422), (b"code=" + b"a" * 50_000, 413)],
)
def test_a_form_that_cannot_be_read_is_refused(browser: Browser, body: bytes, status: int) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert browser.http.post(PAGE, content=body, headers=form).status_code == status
    assert browser.http.post(PAGE, content=body, headers={"Content-Type": "text/plain"}).status_code in (413, 415)


def test_the_sentences_are_easy_to_read(pupil: Browser) -> None:
    pages = [pupil.get(f"{PAGE}{path}").text for path in ("", "/intrekken", "/wissen")]
    pages.append(Browser(str(pupil.http.base_url)).get(PAGE).text)
    said = [html.unescape(text) for page in pages for text in re.findall(r"<p[^>]*>\s*([^<>]+?)\s*</p>", page)]
    own = [text for name, text in vars(answer).items() if name.isupper() and isinstance(text, str) and " " in text]
    for text in [*said, *own, *answer.DONE.values()]:
        assert remarks(" ".join(text.split())) == [], text
