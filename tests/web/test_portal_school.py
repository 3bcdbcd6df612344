"""The away message of a school: setting it, and where its pupils read it."""

import html
import re
from collections.abc import Callable, Iterator

import httpx
import pytest
import time_machine

from bot import clock
from bot.accounts import accounts
from bot.accounts.accounts import Account
from bot.handoff.away import Away, AwayMessages
from bot.knowledge.reading import remarks
from bot.storage.database import DatabaseDown
from tests.bot.accounts.audit import actions
from tests.web.handoffs import OTHER_SCHOOL, sent
from tests.web.staff import HIDDEN, PASSWORD, SCHOOL, Browser, a_decaan, error
from tests.web.test_portal_inbox import text_of

PAGE = "/portal/school"
DELETE = f"{PAGE}/verwijderen"
NOW = "2026-11-24T10:00:00+01:00"
FORM = {"school": SCHOOL, "since": "2026-11-24", "until": "2026-11-27", "text": "Ik ben er maandag weer."}
BAD = "<script>alert(1)</script> **vet** [link](https://example.nl)"


@pytest.fixture(autouse=True)
def on_a_tuesday() -> Iterator[None]:
    """In the first days of the message."""
    with time_machine.travel(NOW, tick=False):
        yield


def of(account: Account) -> AwayMessages:
    return AwayMessages(account.id, account.schools)


def set_by(account: Account, text: str = FORM["text"], school: str = SCHOOL) -> Away:
    message = Away(clock.today(), clock.today(), text)
    of(account).save(school, message, "")
    return message


def hidden(page: httpx.Response) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in HIDDEN.findall(page.text)}


def answer_page(browser: Browser, code: str) -> str:
    """What the pupil reads on /antwoord."""
    browser.request("POST", "/antwoord", data={"code": code})
    return browser.get("/antwoord").text


def test_without_a_message_the_page_says_what_will_be_there(staff: Browser) -> None:
    page = staff.get(PAGE)
    assert "Er is geen bericht. Schrijf je er een" in page.text and "Het Element" in page.text
    assert '<a href="/portal/school">' in staff.get("/portal/overdrachten").text


def test_it_is_set_changed_and_deleted_after_a_second_question(staff: Browser, decaan: Account) -> None:
    done = staff.send(PAGE, **FORM)
    assert done.headers["location"] == f"{PAGE}?melding=bewaard"
    page = text_of(staff.get(done.headers["location"]).text)
    assert "is bewaard" in page and "Leerlingen lezen nu: dinsdag 24 november 2026 tot en met vrijdag 27" in page
    assert "Je school schrijft: “Ik ben er maandag weer.”" in page
    assert staff.send(PAGE, **{**FORM, "text": "Ik ben ziek."}).status_code == 303
    assert of(decaan).all()[SCHOOL].text == "Ik ben ziek."
    asked = staff.get(f"{DELETE}?school={SCHOOL}")
    assert "Ik ben ziek." in asked.text and of(decaan).all()
    gone = staff.request("POST", DELETE, data=hidden(asked))
    assert "is verwijderd" in staff.get(gone.headers["location"]).text and of(decaan).all() == {}
    assert staff.get(f"{DELETE}?school={SCHOOL}").headers["location"] == PAGE
    assert actions(SCHOOL) == ["away_set", "away_set", "away_deleted"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"since": ""}, "Vul bij Van en Tot en met een dag in."),
        ({"until": "27-11-2026"}, "Vul bij Van en Tot en met een dag in."),
        ({"until": "2026-11-23"}, "ligt voor de dag bij Van"),
        ({"since": "2026-11-01", "until": "2026-11-23"}, "al voorbij"),
        ({"until": "9999-12-31"}, "Kies dagen in het komende jaar."),
        ({"since": "0001-01-01"}, "Kies dagen in het komende jaar."),
        ({"text": "  "}, "Typ eerst je bericht"),
        ({"text": "x" * 301}, "langer dan 300 tekens"),
    ],
)
def test_what_cannot_be_kept_stays_in_the_form_with_a_reason(
    staff: Browser, decaan: Account, change: dict[str, str], says: str
) -> None:
    refused = staff.send(PAGE, **{**FORM, **change})
    assert refused.status_code == 422 and says in error(refused)
    typed = {**FORM, **change}
    assert f'value="{typed["since"]}"' in refused.text and f'value="{typed["until"]}"' in refused.text
    assert f">\n{typed['text']}</textarea>" in refused.text
    assert 'error"' in refused.text and of(decaan).all() == {}


def test_the_last_day_may_be_today_and_the_text_300_letters_long(staff: Browser, decaan: Account) -> None:
    assert staff.send(PAGE, **{**FORM, "until": "2026-11-24", "text": "ë" * 300}).status_code == 303
    assert of(decaan).all()[SCHOOL].text == "ë" * 300


def test_what_a_colleague_wrote_meanwhile_is_shown_and_the_typed_text_kept(staff: Browser, decaan: Account) -> None:
    form = {**hidden(staff.get(PAGE)), **FORM}
    set_by(decaan, "Van Bo.")
    refused = staff.request("POST", PAGE, data=form)
    assert refused.status_code == 409 and "intussen veranderd" in error(refused)
    assert "“Van Bo.”" in refused.text and ">\nIk ben er maandag weer.</textarea>" in refused.text
    assert of(decaan).all()[SCHOOL].text == "Van Bo."
    assert staff.request("POST", PAGE, data={**form, **hidden(refused)}).status_code == 303
    assert of(decaan).all()[SCHOOL].text == FORM["text"]


def test_what_a_colleague_wrote_meanwhile_is_not_deleted_unseen(staff: Browser, decaan: Account) -> None:
    message = set_by(decaan)
    form = hidden(staff.get(f"{DELETE}?school={SCHOOL}"))
    of(decaan).save(SCHOOL, Away(message.since, message.until, "Van Bo."), message.mark)
    refused = staff.request("POST", DELETE, data=form)
    assert refused.status_code == 409 and "Van Bo." in refused.text and of(decaan).all()


def test_who_has_two_schools_has_a_message_for_each(browser: Browser, sqlite_database: object) -> None:
    both = accounts.add("twee@voorbeeld.nl", "decaan", [SCHOOL, OTHER_SCHOOL], "Twee", PASSWORD)
    browser.login("twee@voorbeeld.nl")
    assert browser.send(PAGE, **FORM, seen="").status_code == 303
    assert list(of(both).all()) == [SCHOOL]
    refused = browser.send(PAGE, **{**FORM, "school": OTHER_SCHOOL, "text": "", "seen": ""})
    assert refused.text.count(FORM["text"]) == 2, "the form of the other school still holds what is there"


@pytest.mark.parametrize("school", [OTHER_SCHOOL, "", "%"])
def test_of_another_school_nothing_opens_and_nothing_changes(staff: Browser, school: str) -> None:
    stranger = a_decaan("ver@voorbeeld.nl", OTHER_SCHOOL)
    message = set_by(stranger, "zeldzaamwoord", OTHER_SCHOOL)
    assert "zeldzaamwoord" not in staff.get(PAGE).text
    assert staff.send(PAGE, **{**FORM, "school": school, "seen": message.mark}).status_code == 404
    assert staff.get(f"{DELETE}?school={school}").headers["location"] == PAGE
    assert staff.send(DELETE, PAGE, school=school, seen=message.mark).headers["location"] == PAGE
    assert of(stranger).all() == {OTHER_SCHOOL: message}


def test_a_form_from_elsewhere_changes_nothing(staff: Browser, decaan: Account) -> None:
    message = set_by(decaan)
    for path in (PAGE, DELETE):
        form = {**hidden(staff.get(PAGE)), **FORM, "csrf": "x"}
        assert staff.request("POST", path, data=form).status_code == 403
    assert of(decaan).all() == {SCHOOL: message}


# Where pupils read it


def test_a_pupil_who_waits_reads_it_beside_when_her_message_is_read(browser: Browser, decaan: Account) -> None:
    set_by(decaan)
    _, code = sent()
    page = text_of(answer_page(browser, code))
    assert "Je decaan leest je bericht op een schooldag." in page, "school time counts as it always does"
    assert "Je school schrijft: “Ik ben er maandag weer.”" in page
    _, other = sent(school=OTHER_SCHOOL)
    assert "Je school schrijft" not in answer_page(browser, other)


def test_after_the_last_day_no_pupil_reads_it(browser: Browser, decaan: Account) -> None:
    set_by(decaan)
    _, code = sent()
    with time_machine.travel("2026-11-25T10:00:00+01:00", tick=False):
        assert "Je school schrijft" not in answer_page(browser, code)


def test_what_a_decaan_typed_is_never_markup(staff: Browser, browser: Browser, decaan: Account) -> None:
    staff.send(PAGE, **{**FORM, "text": BAD})
    _, code = sent()
    for page in (staff.get(PAGE).text, staff.get(f"{DELETE}?school={SCHOOL}").text, answer_page(browser, code)):
        assert "&lt;script&gt;" in page and "<script>" not in page and "**vet** [link](" in page
    refused = staff.send(PAGE, **{**FORM, "text": BAD, "since": f'">{BAD}'})
    assert refused.status_code == 422 and "<script>" not in refused.text


def test_a_pupil_reads_her_thread_when_the_message_cannot_be_read(
    browser: Browser, decaan: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*arguments: object) -> object:
        raise DatabaseDown("for the test")

    set_by(decaan)
    _, code = sent("Kan ik nog wisselen?")
    monkeypatch.setattr("bot.handoff.away.transaction", down)
    page = answer_page(browser, code)
    assert "Kan ik nog wisselen?" in page and "Je school schrijft" not in page


def test_the_pages_are_easy_to_read(staff: Browser, decaan: Account) -> None:
    pages: list[Callable[[], httpx.Response]] = [
        lambda: staff.get(PAGE),
        lambda: staff.send(PAGE, **FORM),
        lambda: staff.get(f"{PAGE}?melding=bewaard"),
        lambda: staff.get(f"{DELETE}?school={SCHOOL}"),
    ]
    for open_page in pages:
        for said in re.findall(r"<(?:p|label)[^>]*>([^<{]+)</", open_page().text):
            assert not remarks(html.unescape(" ".join(said.split()))), said
