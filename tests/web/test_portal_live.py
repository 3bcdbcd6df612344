"""GET /portal/overdrachten/live: an open page of the inbox hears that something changed, and who else is looking."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Optional

import httpx
import pytest

from bot import clock
from bot.accounts import accounts, sessions
from bot.accounts.accounts import Account
from bot.handoff.inbox import Inbox
from bot.handoff.presence import glance, leave, look_in
from tests.web.conftest import Site
from tests.web.handoffs import INBOX, OTHER_SCHOOL, pupil, sent
from tests.web.staff import PASSWORD, SCHOOL, Browser
from tests.web.test_events import Stream
from tests.web.test_portal_inbox import inbox_of
from web.portal import live
from web.portal.live import STREAMS_A_SESSION

LIVE = f"{INBOX}/live"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds takes part of one; without heartbeats a test that waits for nothing ends."""
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 60)
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(live, "STAY_SECONDS", 0.2)


@pytest.fixture
def bo(sqlite_database: Path) -> Account:
    """A colleague at the same school."""
    return accounts.add("bo@voorbeeld.nl", "decaan", [SCHOOL], "Bo Jansen", PASSWORD)


@pytest.fixture
def colleague(browse: Callable[..., Browser], bo: Account) -> Browser:
    """The browser of the colleague, who is logged in."""
    browser = browse()
    browser.login(bo.email)
    return browser


@contextmanager
def listen(browser: Browser, id: str = "", since: Optional[str] = None, **headers: str) -> Iterator[Stream]:
    """Opens the page's stream, from the mark of a page that is fetched now unless another is given."""
    if since is None:
        since = mark(browser, id)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    query = {"sinds": since, **({"overdracht": id} if id else {})}
    with browser.http.stream("GET", LIVE, params=query, headers={"Cookie": cookies, **headers}) as response:
        assert response.status_code == 200, response.read()
        stream = Stream(response)  # by a name, or it is closed as soon as nobody uses it
        yield stream


def mark(browser: Browser, id: str = "") -> str:
    """What a page says of how new it is."""
    page = browser.get(f"{INBOX}/{id}" if id else INBOX).text
    return page.partition('data-mark="')[2].partition('"')[0]


def refused(browser: Browser, **query: str) -> httpx.Response:
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    return browser.http.get(LIVE, params=query, headers={"Cookie": cookies})


def present(stream: Stream) -> list[str]:
    event = stream.next()
    assert event["event"] == "present", event
    names: list[str] = json.loads(event["data"])["names"]
    return names


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_it_is_an_event_stream_that_nothing_keeps(staff: Browser) -> None:
    with listen(staff) as stream:
        assert stream.response.headers["content-type"].startswith("text/event-stream")
        assert stream.response.headers["cache-control"] == "no-store"


def test_a_new_handoff_is_news_for_the_list(staff: Browser) -> None:
    with listen(staff) as stream:
        sent("zeldzaamwoord", first_name="Sam")
        event = stream.next()
    assert event["event"] == "changed"
    assert event["data"] == "{}", "no text of a pupil goes along"


def test_every_change_is_told_and_each_only_once(staff: Browser, decaan: Account) -> None:
    id, code = sent()
    with listen(staff) as stream:
        marks = []
        for change in (
            lambda: pupil().write_back(code, "k", "Nog iets"),
            lambda: inbox_of(decaan).close(id, 2, "beantwoord"),
            lambda: sent(),
        ):
            change()
            marks.append(stream.next()["id"])
    assert len(set(marks)) == 3
    assert mark(staff) == marks[-1], "a page that is fetched now knows all of it"


def test_what_changed_between_the_page_and_its_stream_is_told(staff: Browser) -> None:
    before = mark(staff)
    sent()
    with listen(staff, since=before) as stream:
        assert stream.next()["event"] == "changed"


def test_a_connection_that_broke_hears_only_what_it_missed(staff: Browser) -> None:
    sent()
    before, now = "", mark(staff)
    with listen(staff, since=before, **{"Last-Event-ID": now}) as stream:
        id, _ = sent()
        assert stream.next()["id"] == mark(staff) != now


def test_another_school_is_no_news(staff: Browser) -> None:
    with listen(staff) as stream:
        sent(school=OTHER_SCHOOL)
        sent()
        assert stream.next()["id"] == mark(staff)


def test_a_page_of_one_handoff_hears_of_that_one_only(staff: Browser, decaan: Account, bo: Account) -> None:
    id, code = sent()
    other, _ = sent()
    with listen(staff, id) as stream:
        inbox_of(bo).note(other, "k", "over een ander")
        inbox_of(bo).note(id, "k", "over deze")
        assert stream.next()["id"] == mark(staff, id)
        pupil().write_back(code, "k", "Nog iets")
        assert stream.next()["id"] == mark(staff, id)
        pupil().delete(code)
        assert stream.next()["event"] == "changed"


def test_two_decanen_see_each_other(staff: Browser, colleague: Browser) -> None:
    id, _ = sent()
    with listen(staff, id) as mine:
        with listen(colleague, id) as hers:
            assert present(mine) == ["Bo Jansen"]
            assert present(hers) == ["Sam Decaan"]
        assert present(mine) == []


def test_a_colleague_at_another_handoff_is_not_here(staff: Browser, colleague: Browser, bo: Account) -> None:
    id, _ = sent()
    other, _ = sent()
    with listen(colleague, other), listen(staff, id) as mine:
        until(lambda: bool(glance(handoffs=[other]).present))
        inbox_of(bo).note(id, "k", "later")
        assert mine.next()["event"] == "changed", "that she has another one open was not told"


def test_somebody_who_works_through_another_process_is_seen_too(staff: Browser, bo: Account) -> None:
    id, _ = sent()
    with listen(staff, id) as stream:
        look_in(id, bo.id, [SCHOOL])
        assert present(stream) == ["Bo Jansen"]
        leave(id, bo.id)
        assert present(stream) == []


def test_her_own_second_tab_is_no_colleague_and_closing_it_leaves_her_there(
    staff: Browser, colleague: Browser, bo: Account, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STAY_SECONDS", 30)  # so she does not say again that she is there
    id, _ = sent()
    with listen(colleague, id) as hers, listen(staff, id) as mine:
        assert (present(hers), present(mine)) == (["Sam Decaan"], ["Bo Jansen"])
        with listen(staff, id):
            pass
        until(lambda: len(site.app.state.watch.listeners) == 2)
        time.sleep(0.5)  # several looks
        inbox_of(bo).note(id, "k", "later")
        assert hers.next()["event"] == "changed", "that she left was not told"


def test_who_leaves_is_gone_from_the_database(staff: Browser, site: Site) -> None:
    id, _ = sent()
    with listen(staff, id):
        until(lambda: bool(glance(handoffs=[id]).present))
    until(lambda: not glance(handoffs=[id]).present)
    assert not site.app.state.watch.listeners


def test_only_who_may_read_the_inbox_may_listen(browser: Browser, browse: Callable[..., Browser]) -> None:
    accounts.add("x@voorbeeld.nl", "beheer", password=PASSWORD)
    id, _ = sent()
    for query in ({}, {"overdracht": id}):
        answer = refused(browser, **query)
        assert answer.status_code == 303 and answer.headers["location"].startswith("/portal/inloggen")
    browser.login("x@voorbeeld.nl")
    for query in ({}, {"overdracht": id}):
        assert refused(browser, **query).status_code == 403
    assert not glance(handoffs=[id]).present


@pytest.mark.parametrize("id", ["", "x", "0" * 32, "%00", "'"])
def test_what_is_no_handoff_is_not_found(staff: Browser, id: str) -> None:
    assert refused(staff, overdracht=id).status_code == 404


def test_a_handoff_of_another_school_is_not_found_and_nobody_is_seen_there(staff: Browser) -> None:
    id, _ = sent(school=OTHER_SCHOOL)
    answer = refused(staff, overdracht=id)
    assert answer.status_code == 404 and answer.text == refused(staff, overdracht="0" * 32).text
    assert not glance(handoffs=[id]).present


def test_it_ends_when_she_logs_out(staff: Browser) -> None:
    with listen(staff) as stream:
        staff.send("/portal/uitloggen", "/portal/account")
        sent()
        assert stream.next()["event"] == "ended"
        with pytest.raises(EOFError):
            stream.next()


def test_listening_does_not_keep_her_logged_in(staff: Browser, set_up: Callable[..., None]) -> None:
    with listen(staff) as stream:
        set_up(now=(clock.now() + sessions.IDLE / 2).isoformat())
        sent()
        assert stream.next()["event"] == "changed"
        assert staff.get(f"{INBOX}?vanzelf=ja").status_code == 200
        set_up(now=(clock.now() + sessions.IDLE / 2 + timedelta(minutes=1)).isoformat())
        assert stream.next()["event"] == "ended"
    assert not staff.is_in


def test_typing_does_keep_her_logged_in(staff: Browser, set_up: Callable[..., None]) -> None:
    for _ in range(3):
        set_up(now=(clock.now() + sessions.IDLE / 2).isoformat())
        page = staff.get(f"{INBOX}?vanzelf=ja").text
        csrf = page.partition('data-csrf="')[2].partition('"')[0]
        assert staff.request("POST", f"{INBOX}/bezig", data={"csrf": csrf}).status_code == 204
    assert staff.is_in
    assert staff.request("POST", f"{INBOX}/bezig").status_code in (403, 415)


@pytest.mark.parametrize("change", ["disabled", "another school"])
def test_it_ends_when_she_may_no_longer_look(staff: Browser, decaan: Account, change: str) -> None:
    with listen(staff) as stream:
        if change == "disabled":
            accounts.disable(decaan.email)
        else:
            accounts.change(decaan, decaan.name, decaan.role, [OTHER_SCHOOL])
        assert stream.next()["event"] == "ended"


def test_a_session_has_a_few_streams_and_a_closed_one_makes_place(
    staff: Browser, colleague: Browser, site: Site
) -> None:
    with ExitStack() as stack:
        for _ in range(STREAMS_A_SESSION):
            stack.enter_context(listen(staff))
        answer = refused(staff)
        assert answer.status_code == 429 and int(answer.headers["retry-after"]) > 0
        with listen(colleague):
            pass
    until(lambda: not site.app.state.watch.listeners)
    with listen(staff):
        pass


def test_all_listeners_together_look_once_and_nobody_looks_when_nobody_listens(
    staff: Browser, colleague: Browser, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[tuple[set[str], set[str]]] = []
    monkeypatch.setattr(live, "glance", lambda *about: [looks.append(about), glance(*about)][1])
    id, _ = sent()
    with listen(staff), listen(colleague), listen(staff, id), listen(colleague, id):
        until(lambda: ({SCHOOL}, {id}) in looks)
    until(lambda: not site.app.state.watch.listeners)
    seen = len(looks)
    time.sleep(0.3)
    assert len(looks) <= seen + 1, "at most the look that was going on"


def test_it_survives_a_database_that_is_gone_for_a_while(staff: Browser, sqlite_database: Path) -> None:
    with listen(staff) as stream:
        away = sqlite_database.with_name("away.db")
        sqlite_database.rename(away)
        time.sleep(0.5)
        away.rename(sqlite_database)
        sent()
        assert stream.next()["event"] == "changed"


def test_a_quiet_line_is_kept_open(staff: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.2)
    with listen(staff) as stream:
        assert ": nog verbonden" in [next(stream._lines) for _ in range(5)]


def test_a_mark_is_made_before_the_list_is_read(
    staff: Browser, decaan: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So what comes in between is told, and not lost."""
    read = Inbox.list

    def list_then_send(*arguments: object, **options: object) -> object:
        page = read(*arguments, **options)  # type: ignore[arg-type]
        sent()
        return page

    monkeypatch.setattr(Inbox, "list", list_then_send)
    before = mark(staff)
    monkeypatch.undo()
    assert before != mark(staff)
