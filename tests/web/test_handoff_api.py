"""/api/handoff: what a pupil can do with a code in the widget, and what somebody without it cannot."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import schemathesis
from structlog.testing import capture_logs

from bot.handoff.inbox import Inbox
from bot.knowledge.reading import remarks
from bot.settings import PROJECT
from bot.storage.database import DatabaseDown
from tests.web.conftest import Site, assert_problem
from tests.web.handoffs import OTHER_SCHOOL, pupil, sent
from tests.web.test_limits import only
from web.limits import Limit

READ, WRITE, WITHDRAW, DELETE = (f"/api/handoff{call}" for call in ("", "/messages", "/withdraw", "/delete"))
CALLS = [READ, WRITE, WITHDRAW, DELETE]
SECRET = "Mag ik van kader naar tl?"
OTHER = "0000-0000"
SCHEMA = schemathesis.openapi.from_path(PROJECT / "openapi.yml")


class Panel:
    """The calls of the widget; every answer is held against the contract."""

    def __init__(self, site: Site, code: str) -> None:
        self.http, self.code = site.http, code

    def post(self, path: str, **body: Any) -> httpx.Response:
        answer = self.http.post(path, json={"code": self.code, **body})
        SCHEMA[path]["POST"].validate_response(answer)
        return answer

    def read(self) -> dict[str, Any]:
        answer = self.post(READ)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["handoff"]
        return found


@pytest.fixture
def handoff(site: Site) -> tuple[str, str]:
    """The id and the code of a handoff that a pupil just sent."""
    return sent(SECRET, school=OTHER_SCHOOL)


@pytest.fixture
def panel(site: Site, handoff: tuple[str, str]) -> Panel:
    return Panel(site, handoff[1])


@pytest.fixture
def decaan(handoff: tuple[str, str]) -> Inbox:
    return Inbox("an", [OTHER_SCHOOL], "Mevrouw Jansen")


def texts(code: str) -> list[str]:
    found = pupil().by_code(code)
    return [message.text for message in found.messages] if found else []


# With the code


@pytest.mark.parametrize("sloppy", [str.lower, lambda code: code.replace("-", " "), lambda code: f" {code}. "])
def test_a_code_opens_the_thread_however_it_is_typed(panel: Panel, sloppy: Callable[[str], str]) -> None:
    panel.code = sloppy(panel.code)
    found = panel.read()
    assert (found["school"], found["urgent"], found["answered"]) == ("Corlaer College", False, False)
    assert [(said["from"], said["text"]) for said in found["messages"]] == [("pupil", SECRET)]
    assert "nog niet geantwoord" in found["summary"] and found["can_withdraw"] and "help" not in found


def test_the_answer_of_the_decaan_is_there_with_her_name_and_no_note(
    panel: Panel, decaan: Inbox, handoff: tuple[str, str]
) -> None:
    decaan.reply(handoff[0], 1, "k", "Ja, **dat** mag.\nKom maar.")
    decaan.note(handoff[0], "n", "een geheime notitie")
    found = panel.read()
    said = found["messages"][-1]
    assert (said["from"], said["name"], said["text"]) == ("decaan", "Mevrouw Jansen", "Ja, **dat** mag.\nKom maar.")
    assert found["answered"] and "heeft geantwoord" in found["summary"]
    assert "geheime notitie" not in str(found)


def test_what_she_writes_back_reaches_the_decaan_once(panel: Panel, decaan: Inbox, handoff: tuple[str, str]) -> None:
    body = {"code": panel.code, "text": " Dank u wel!\r\nTot dan. "}
    for _ in range(2):
        written = panel.http.post(WRITE, json=body, headers={"Idempotency-Key": "een-sleutel"})
        assert written.json()["handoff"]["messages"][-1]["text"] == "Dank u wel!\nTot dan."
    assert [said.text for said in decaan.get(handoff[0]).messages] == [SECRET, "Dank u wel!\nTot dan."]


def test_the_same_words_may_be_written_twice(panel: Panel) -> None:
    for _ in range(2):
        assert panel.post(WRITE, text="Bent u er al?").status_code == 200
    assert len(texts(panel.code)) == 3


@pytest.mark.parametrize(("text", "says"), [(" \n\u200b ", "Typ eerst"), ("a" * 1001, "1001 tekens")])
def test_a_message_that_cannot_be_sent_is_refused(panel: Panel, text: str, says: str) -> None:
    assert says in assert_problem(panel.post(WRITE, text=text), 422)
    assert texts(panel.code) == [SECRET]


def test_a_message_with_distress_gets_the_helplines_and_makes_it_urgent(panel: Panel) -> None:
    assert not panel.read()["urgent"]
    written = panel.post(WRITE, text="ik wil niet meer leven").json()["handoff"]
    assert any(link["url"].startswith("tel:") for link in written["help"]["links"])
    assert len(texts(panel.code)) == 2 and panel.read()["urgent"]


def test_an_urgent_message_always_has_the_helplines(site: Site) -> None:
    found = Panel(site, sent("Help", urgent=True)[1]).read()
    assert found["urgent"] and found["help"]["links"]


def test_she_takes_it_back(panel: Panel, decaan: Inbox, handoff: tuple[str, str]) -> None:
    for _ in range(2):
        taken = panel.post(WITHDRAW).json()["handoff"]
    assert "ingetrokken" in taken["summary"] and not taken["can_withdraw"]
    assert decaan.get(handoff[0]).close_reason == "ingetrokken"
    again = panel.post(WRITE, text="Toch nog iets").json()["handoff"]
    assert again["can_withdraw"]


def test_what_a_decaan_closed_cannot_be_taken_back(panel: Panel, decaan: Inbox, handoff: tuple[str, str]) -> None:
    decaan.close(handoff[0], 1, "afspraak")
    assert not panel.read()["can_withdraw"]
    assert "al afgerond" in assert_problem(panel.post(WITHDRAW), 409)


def test_deleting_leaves_nothing(panel: Panel) -> None:
    assert panel.post(DELETE).status_code == 204
    assert texts(panel.code) == []
    assert_problem(panel.post(READ), 404)


# Without the code


@pytest.mark.parametrize("path", CALLS)
def test_a_wrong_a_deleted_and_an_impossible_code_get_the_same_answer(site: Site, panel: Panel, path: str) -> None:
    gone = sent()[1]
    pupil().delete(gone)
    text = {"text": "hoi"} if path == WRITE else {}
    answers = [site.http.post(path, json={"code": code, **text}) for code in (OTHER, gone, "onzin", "", "x" * 500)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert remarks(assert_problem(answers[0], 404)) == [] and texts(panel.code) == [SECRET]


def test_a_code_opens_its_own_handoff_only(site: Site, panel: Panel) -> None:
    assert SECRET not in str(Panel(site, sent("Een andere vraag")[1]).read())


def test_no_token_of_a_chat_opens_anything(site: Site, panel: Panel) -> None:
    talk = site.start()
    assert_problem(site.http.post(READ, json={"code": OTHER}, headers=talk.headers), 404)


@pytest.mark.parametrize("path", CALLS)
def test_guessing_is_stopped_and_then_the_right_code_does_not_open_either(site: Site, panel: Panel, path: str) -> None:
    text = {"text": "hoi"} if path == WRITE else {}
    for _ in range(10):
        assert site.http.post(path, json={"code": OTHER, **text}).status_code == 404
    refused = panel.post(path, **text)
    assert "Wacht 10 minuten" in assert_problem(refused, 429)
    assert 0 < int(refused.headers["retry-after"]) <= 600
    assert texts(panel.code) == [SECRET]


def test_guessing_here_counts_on_the_page_too_and_the_other_way_round(site: Site, panel: Panel) -> None:
    for _ in range(5):
        site.http.post(READ, json={"code": OTHER})
        site.http.post("/antwoord", data={"code": OTHER})
    assert panel.post(READ).status_code == 429
    assert site.http.post("/antwoord", data={"code": panel.code}).status_code == 429


def test_right_codes_and_what_is_no_code_are_no_guesses(site: Site, panel: Panel) -> None:
    for _ in range(12):
        panel.read()
        assert site.http.post(READ, json={"code": "K7Q"}).status_code == 404
    panel.read()


def test_guessing_from_many_addresses_is_stopped_too(run: Callable[..., Site], set_up: Callable[..., None]) -> None:
    set_up(trusted_proxy=True)
    http = run(only(wrong_codes=Limit(3, 600))).http
    tries = [http.post(READ, json={"code": OTHER}, headers={"X-Forwarded-For": f"10.0.0.{n}"}) for n in range(5)]
    assert [answer.status_code for answer in tries] == [404, 404, 404, 429, 429]


def test_writing_is_limited(panel: Panel) -> None:
    statuses = [panel.post(WRITE, text=f"bericht {number}").status_code for number in range(6)]
    assert statuses == [200] * 5 + [429] and len(texts(panel.code)) == 6


@pytest.mark.parametrize("path", CALLS)
def test_only_sites_on_the_list_may_call(site: Site, panel: Panel, path: str, set_up: Callable[..., None]) -> None:
    body, school = {"code": panel.code, **({"text": "hoi"} if path == WRITE else {})}, "https://school.example"
    assert_problem(site.http.post(path, json=body, headers={"Origin": "https://evil.example"}), 403)
    assert texts(panel.code) == [SECRET]
    set_up(sites=school)
    asks = {"Origin": school, "Access-Control-Request-Method": "POST"}
    before = site.http.options(path, headers=asks)
    assert "POST" in before.headers["access-control-allow-methods"]
    assert "Idempotency-Key" in before.headers["access-control-allow-headers"]
    allowed = site.http.post(path, json=body, headers={"Origin": school})
    assert allowed.status_code in (200, 204) and allowed.headers["access-control-allow-origin"] == school


@pytest.mark.parametrize(
    "body", [{}, {"code": 5}, {"code": None}, {"code": OTHER, "text": "hoi"}, {"code": OTHER, "extra": 1}, []]
)
def test_a_body_of_another_shape_is_refused(site: Site, body: Any) -> None:
    assert_problem(site.http.post(READ, json=body), 422)


def test_code_and_words_are_in_no_log_and_nothing_is_kept_by_browsers(panel: Panel) -> None:
    with capture_logs() as logs:
        answer = panel.post(READ)
        panel.post(WRITE, text="Nog een geheim")
    assert answer.headers["cache-control"] == "no-store" and "set-cookie" not in answer.headers
    for hidden in (panel.code, panel.code.replace("-", ""), SECRET, "Nog een geheim"):
        assert hidden not in str(logs)
    assert panel.code not in answer.text and panel.code.replace("-", "") not in answer.text


@pytest.mark.parametrize("path", CALLS)
def test_while_the_database_is_down_it_says_so_and_that_is_no_guess(
    panel: Panel, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def down(*arguments: object, **names: object) -> Any:
        raise DatabaseDown

    text = {"text": "hoi"} if path == WRITE else {}
    with monkeypatch.context() as patched:
        patched.setattr("bot.handoff.store.transaction", down)
        for _ in range(11):
            assert "niet weg" in assert_problem(panel.post(path, **text), 503)
    assert panel.read()["messages"][0]["text"] == SECRET
