"""A decaan sees the handoffs of her schools, in the order in which they wait, and nothing of another school."""

import inspect
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import event, select

from bot import clock
from bot.handoff import store
from bot.handoff.inbox import PAGE, VIEWS, Count, Inbox, NotFound, Stale
from bot.handoff.rules import Impossible
from bot.handoff.store import Handoff, Handoffs
from bot.settings import settings
from bot.storage import tables
from bot.storage.database import DatabaseDown, engine, transaction, write_rows
from bot.storage.spool import Spool

START = "2026-11-23T10:00:00+01:00"
HOUR = 3600


def send(id: str, school: str = "guido", **fields: Any) -> str:
    """A pupil sends one; gives the code."""
    return pupil().send(Handoff(id=id, school=school, **{"text": f"Vraag van {id}", **fields}))


def pupil() -> Handoffs:
    return Handoffs(Spool(settings().spool_dir))


def decaan(id: str = "an", *schools: str) -> Inbox:
    return Inbox(id, schools or ("guido",), id.title())


def account(id: str, *schools: str, disabled: bool = False) -> None:
    now = clock.now()
    row = {
        "id": id,
        "email": f"{id}@school.test",
        "name": id.title(),
        "role": "decaan",
        "notices": "meteen",
        "created_at": now,
    }
    rows = [("accounts", {**row, "disabled_at": now if disabled else None})]
    rows += [("account_schools", {"account_id": id, "school": school}) for school in schools]
    with transaction(write=True) as connection:
        write_rows(connection, rows)


def ids(inbox: Inbox, *arguments: Any, **options: Any) -> list[str]:
    return [item.id for item in inbox.list(*arguments, **options).items]


def audited(subject: str) -> list[tuple[str, str]]:
    log = tables.audit.c
    with transaction() as connection:
        query = select(log.account_id, log.action).where(log.subject == subject).order_by(log.at)
        return [tuple(row) for row in connection.execute(query)]


def everything() -> dict[str, list[Any]]:
    with transaction() as connection:
        names = ("handoffs", "handoff_messages", "handoff_notes", "audit")
        return {name: connection.execute(select(tables.metadata.tables[name])).all() for name in names}


# Every call with a handoff, for the test that another school gets nowhere.
WITH_A_HANDOFF: dict[str, Callable[[Inbox, str], object]] = {
    "get": lambda inbox, id: inbox.get(id),
    "reply": lambda inbox, id: inbox.reply(id, 1, "k", "hoi"),
    "chat": lambda inbox, id: inbox.chat(id),
    "note": lambda inbox, id: inbox.note(id, "k", "hoi"),
    "forward": lambda inbox, id: inbox.forward(id, 1, "f", "hoi", "mentor", close=True),
    "assign": lambda inbox, id: inbox.assign(id, 1, None),
    "snooze": lambda inbox, id: inbox.snooze(id, 1, clock.now() + timedelta(days=1)),
    "close": lambda inbox, id: inbox.close(id, 1, "beantwoord"),
    "reopen": lambda inbox, id: inbox.reopen(id, 1),
}
WITHOUT = {"counts", "list", "colleagues"}


def test_every_call_is_tried_against_another_school() -> None:
    public = {name for name, _ in inspect.getmembers(Inbox, inspect.isfunction) if not name.startswith("_")}
    assert public == {*WITH_A_HANDOFF, *WITHOUT}


@pytest.mark.parametrize("schools", [("hooghelandt",), ("guid", "guido2", "GUIDO", "%"), ()])
def test_a_handoff_of_another_school_does_not_exist(database: str, schools: tuple[str, ...]) -> None:
    send("a", text="zeldzaamwoord")
    account("an", "guido")
    before = everything()
    stranger = Inbox("an", schools, "An")
    for call in WITH_A_HANDOFF.values():
        with pytest.raises(NotFound):
            call(stranger, "a")
    for view in VIEWS:
        for options in ({}, {"search": "zeldzaamwoord"}, {"school": "guido"}):
            page = stranger.list(view, **options)
            assert (page.items, page.total) == ([], 0)
    assert set(stranger.counts().values()) == {Count(0, 0)}
    assert stranger.colleagues("guido") == {}
    assert everything() == before


def test_who_has_two_schools_sees_both_and_can_look_at_one(database: str) -> None:
    for id, school in (("a", "guido"), ("b", "hooghelandt"), ("c", "elders")):
        send(id, school)
    both = decaan("an", "guido", "hooghelandt")
    assert sorted(ids(both)) == ["a", "b"]
    assert ids(both, school="hooghelandt") == ["b"]
    assert ids(both, school="elders") == []


def test_urgent_ones_come_first_and_then_who_waits_longest(database: str) -> None:
    with time_machine.travel(START, tick=False) as travel:
        for id, urgent in (("first", False), ("second", False), ("urgent", True), ("last", False)):
            send(id, urgent=urgent)
            travel.shift(HOUR)
        assert ids(decaan()) == ["urgent", "first", "second", "last"]
        waiting = {item.id: item.waiting for item in decaan().list().items}
        assert waiting["first"] == timedelta(hours=4) and waiting["last"] == timedelta(hours=1)
        travel.shift(7 * 24 * HOUR)
        assert decaan().list().items[1].waiting == timedelta(hours=44)


def test_each_view_shows_what_is_in_it_and_counts_it(database: str) -> None:
    with time_machine.travel(START, tick=False) as travel:
        account("an", "guido")
        account("bo", "guido")
        for id in ("new", "mine", "colleague", "waits", "away", "closed"):
            send(id)
            travel.shift(60)
        an = decaan()
        an.assign("mine", 1, "an")
        an.assign("colleague", 1, "bo")
        an.reply("waits", 1, "k", "Kom maar langs")
        an.snooze("away", 1, clock.now() + timedelta(days=2))
        an.close("closed", 1, "afspraak")
        shown = {view: ids(an, view) for view in VIEWS}
        assert shown == {
            "nieuw": ["new"],
            "mijn": ["mine", "waits"],
            "wacht_op_leerling": ["waits"],
            "later": ["away"],
            "afgerond": ["closed"],
            "alle": ["new", "mine", "colleague", "away", "waits"],
        }
        assert {view: count.total for view, count in an.counts().items()} == {
            view: len(found) for view, found in shown.items()
        }
        assert an.counts()["mijn"] == Count(2, 1) and an.counts()["alle"] == Count(5, 4)
        assert ids(decaan("bo"), "mijn") == ["colleague"]
        travel.shift(2 * 24 * HOUR)
        assert (ids(an, "later"), ids(an, "nieuw")) == ([], ["new", "away"]), "it came back by itself"
        assert [item.status for item in an.list("nieuw").items] == ["nieuw", "nieuw"]
        assert an.get("away").status == "nieuw"


def test_what_was_closed_last_is_shown_first(database: str) -> None:
    with time_machine.travel(START, tick=False) as travel:
        for id in ("a", "b", "c"):
            send(id)
        for id in ("b", "c", "a"):
            travel.shift(60)
            decaan().close(id, 1, "beantwoord")
        assert ids(decaan(), "afgerond") == ["a", "c", "b"]


def test_search_finds_names_messages_and_notes_by_all_words(database: str) -> None:
    send("a", first_name="Sam", text="Kan ik nog van PROFIEL wisselen?")
    send("b", text="100% zeker")
    send("c", text="100 procent")
    decaan().note("b", "k", "gebeld met de mentor")
    assert ids(decaan(), search="profiel") == ["a"]
    assert ids(decaan(), search=" sam  Wisselen ") == ["a"]
    assert ids(decaan(), search="sam mentor") == []
    assert ids(decaan(), search="Mentor") == ["b"]
    assert ids(decaan(), search="100%") == ["b"], "a sign is a sign"
    assert ids(decaan(), search="_") == []
    assert len(ids(decaan(), search="' OR 1=1 --")) == 0


def test_filters_go_together(database: str) -> None:
    send("a", leerjaar=3, urgent=True)
    send("b", leerjaar=3)
    send("c", leerjaar=4, urgent=True)
    assert ids(decaan(), leerjaar=3) == ["a", "b"]
    assert ids(decaan(), leerjaar=3, urgent=True) == ["a"]


def test_a_list_has_pages(database: str) -> None:
    for number in range(PAGE + 2):
        send(f"{number:03}")
    first, second = decaan().list(page=1), decaan().list(page=2)
    assert (len(first.items), len(second.items), first.total, second.total) == (PAGE, 2, PAGE + 2, PAGE + 2)
    assert not {item.id for item in first.items} & {item.id for item in second.items}
    assert decaan().list(page=99).items == []
    assert [item.id for item in decaan().list(page=0).items] == [item.id for item in first.items]


def test_one_handoff_is_shown_whole(database: str) -> None:
    part = {"title": "Verkenning", "text": "Zorg"}
    send("a", leerjaar=3, first_name="Sam", attachments=[part], conversation_id="c")
    decaan("bo").note("a", "k", "Ik bel de mentor.")
    found = decaan().get("a")
    assert (found.version, found.leerjaar, found.first_name, found.attachments) == (1, 3, "Sam", [part])
    assert [said.text for said in found.messages] == ["Vraag van a"]
    assert [(note.author, note.text) for note in found.notes] == [("Bo", "Ik bel de mentor.")]
    assert decaan().chat("a") == ("c", found.created_at)
    send("b")
    assert decaan().chat("b") is None


def test_it_is_read_once_it_was_opened_but_not_by_a_colleague(database: str) -> None:
    account("an", "guido")
    code = send("a")
    assert decaan().counts()["nieuw"] == Count(1, 1)
    assert decaan().get("a").unread is True, "so that the page can show what is new"
    assert decaan().counts()["nieuw"] == Count(1, 0)
    decaan().assign("a", 1, "an")
    pupil().write_back(code, "k", "Nog iets")
    decaan("bo").get("a")
    assert decaan().counts()["mijn"] == Count(1, 1)
    decaan().get("a")
    assert decaan().counts()["mijn"] == Count(1, 0)


def test_an_answer_is_sent_once(database: str) -> None:
    send("a")
    assert decaan().reply("a", 1, "k", "Ja hoor") is True
    assert decaan().reply("a", 1, "k", "Ja hoor") is False
    found = decaan().get("a")
    assert [said.text for said in found.messages] == ["Vraag van a", "Ja hoor"]
    assert (found.status, found.assignee, found.version) == ("wacht_op_leerling", "an", 2)
    assert decaan().note("a", "n", "notitie") and not decaan().note("a", "n", "notitie")
    assert len(decaan().get("a").notes) == 1


def test_what_is_forwarded_is_a_note_with_its_role(database: str) -> None:
    code = send("a")
    assert decaan().forward("a", 1, "k", "Praat jij met haar?", "mentor") is True
    assert decaan().forward("a", 1, "k", "Praat jij met haar?", "mentor") is False
    found = decaan().get("a")
    assert [(note.text, note.forwarded_to) for note in found.notes] == [("Praat jij met haar?", "mentor")]
    assert (found.status, found.version) == ("nieuw", 1)
    assert "Praat jij" not in repr(pupil().by_code(code)) and "Praat jij" not in repr(pupil().export(code))
    assert ("an", "handoff_forwarded") in audited("a")


def test_what_is_forwarded_may_be_closed_at_once_and_then_all_or_nothing_happens(database: str) -> None:
    send("a")
    assert decaan().forward("a", 1, "k", "notitie", "zorgcoordinator", close=True)
    found = decaan().get("a")
    assert (found.status, found.close_reason, len(found.notes)) == ("afgerond", "doorverwezen", 1)
    with pytest.raises(Impossible):
        decaan().forward("a", found.version, "k2", "nog een", "mentor", close=True)
    assert len(decaan().get("a").notes) == 1
    assert [action for _, action in audited("a")][:2] == ["handoff_forwarded", "handoff_closed"]


def test_of_two_decanen_who_answer_at_once_one_is_told(database: str) -> None:
    send("a")
    outcomes: list[str] = []

    def answer(id: str) -> None:
        try:
            decaan(id).reply("a", 1, id, f"van {id}")
            outcomes.append("sent")
        except Stale:
            outcomes.append("stale")

    threads = [threading.Thread(target=answer, args=(id,)) for id in ("an", "bo", "cas")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["sent", "stale", "stale"]
    assert len(decaan().get("a").messages) == 2


def test_a_change_of_what_somebody_else_changed_is_refused_and_changes_nothing(database: str) -> None:
    send("a")
    decaan("bo").close("a", 1, "beantwoord")
    before = everything()
    for call in ("reply", "forward", "assign", "snooze", "close", "reopen"):
        with pytest.raises(Stale):
            WITH_A_HANDOFF[call](decaan(), "a")
    assert everything() == before


def test_what_the_pupil_wrote_meanwhile_is_not_overlooked(database: str) -> None:
    code = send("a")
    seen = decaan().get("a").version
    pupil().write_back(code, "k", "Laat maar, het is al opgelost")
    with pytest.raises(Stale):
        decaan().reply("a", seen, "k2", "Kom morgen langs")


def test_a_change_gives_the_version_for_the_next_one(database: str) -> None:
    account("an", "guido")
    send("a")
    version = decaan().assign("a", 1, "an")
    version = decaan().snooze("a", version, clock.now() + timedelta(days=1))
    version = decaan().close("a", version, "doorverwezen")
    version = decaan().reopen("a", version)
    found = decaan().get("a")
    assert (found.version, found.status, found.assignee) == (version, "bezig", "an")


def test_what_a_state_does_not_allow_is_refused(database: str) -> None:
    send("a")
    with pytest.raises(Impossible):
        decaan().reopen("a", 1)
    version = decaan().close("a", 1, "beantwoord")
    with pytest.raises(Impossible):
        decaan().reply("a", version, "k", "nog iets")
    assert len(decaan().get("a").messages) == 1


def test_it_is_given_to_colleagues_of_that_school_only(database: str) -> None:
    account("an", "guido")
    account("bo", "guido", "hooghelandt")
    account("far", "hooghelandt")
    account("gone", "guido", disabled=True)
    send("a")
    assert decaan().colleagues("guido") == {"an": "An", "bo": "Bo"}
    for wrong in ("far", "gone", "nobody"):
        with pytest.raises(Impossible):
            decaan().assign("a", 1, wrong)
    assert decaan().assign("a", 1, "bo") == 2
    assert decaan().assign("a", 2, None) == 3


def test_every_look_and_change_is_in_the_audit_log_without_text(database: str) -> None:
    send("a")
    an = decaan()
    an.get("a")
    an.reply("a", 1, "k", "zeldzaamwoord")
    an.reply("a", 1, "k", "zeldzaamwoord")
    an.note("a", "n", "zeldzaamwoord")
    an.close("a", 2, "beantwoord")
    actions = ["handoff_viewed", "handoff_replied", "handoff_noted", "handoff_closed"]
    assert audited("a") == [("an", action) for action in actions]
    assert "zeldzaamwoord" not in repr(everything()["audit"])


def test_a_list_of_handoffs_is_found_by_an_index(sqlite_database: Path) -> None:
    send("a")
    statements: list[tuple[str, Any]] = []

    def keep(connection: Any, cursor: Any, statement: str, parameters: Any, *more: Any) -> None:
        statements.append((statement, parameters))

    event.listen(engine(), "before_cursor_execute", keep)
    decaan("an", "guido", "hooghelandt").list("nieuw")
    decaan().counts()
    event.remove(engine(), "before_cursor_execute", keep)
    plans = []
    with transaction() as connection:
        for statement, parameters in statements:
            if "FROM handoffs" in statement:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                plans.append(" ".join(row.detail for row in plan))
    assert len(plans) == 3
    assert all("SEARCH handoffs USING" in plan and "SCAN handoffs" not in plan for plan in plans), plans


def counted() -> list[tuple[str, str, str]]:
    with transaction() as connection:
        rows = connection.execute(select(tables.counted)).all()
    return sorted((row.metric, row.value, row.school) for row in rows)


@pytest.mark.parametrize(
    ("answered", "days"),
    [
        ("2026-11-23T10:00:01+01:00", "0"),
        ("2026-11-24T09:59:59+01:00", "0"),
        ("2026-11-24T10:00:00+01:00", "1"),
        ("2026-11-30T10:00:00+01:00", "5"),  # no weekend
    ],
)
def test_a_first_answer_is_counted_once_with_the_school_days_that_it_took(
    database: str, answered: str, days: str
) -> None:
    with time_machine.travel(START, tick=False) as travel:
        send("a")
        travel.move_to(datetime.fromisoformat(answered))
        decaan().reply("a", 1, "k1", "Ja hoor.")
        travel.shift(90 * HOUR)
        decaan().reply("a", 2, "k2", "Nog iets.")
    assert counted() == [("first_answer", days, "guido"), ("handoff_sent", "", "guido")]


def test_what_was_counted_leads_to_no_handoff_and_stays_when_it_is_deleted(database: str) -> None:
    code = send("a")
    send("a")
    assert pupil().delete(code)
    assert counted() == [("handoff_sent", "", "guido")]
    with transaction() as connection:
        (row,) = connection.execute(select(tables.counted)).all()
    assert row.id != "a" and len(row.id) == 32 and row._fields == ("id", "day", "school", "metric", "value", "number")


def test_a_handoff_that_waits_in_a_spool_is_counted_on_the_day_it_was_sent(database: str, broken: None) -> None:
    with transaction() as connection:
        assert [row.day for row in connection.execute(select(tables.counted))] == [datetime.fromisoformat(START).date()]


@pytest.fixture
def broken(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handoff was sent while the database was down, and came into it two days later."""

    def down(*arguments: Any, **options: Any) -> Any:
        raise DatabaseDown

    with time_machine.travel(START, tick=False) as travel:
        spool = Spool(settings().spool_dir)
        with monkeypatch.context() as patch:
            patch.setattr(store, "transaction", down)
            Handoffs(spool).send(Handoff(id="a", school="guido", text="Hoi"))
        travel.shift(48 * HOUR)
        spool.drain()
