"""A pupil who asks for a person hears who that is, and may send the decaan of her school a message."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import func, insert, select, update

from actions import schools as known
from actions.gesprek import ActionGesprek
from actions.nood import ActionNood, ActionNoodJa
from actions.overdracht import ActionMens
from actions.turn import sources
from actions.verkenning import ActionStart
from actions.vragen import ActionAnswer, ActionChoose
from bot import clock
from bot.handoff.store import Handoffs
from bot.monitoring.log import spool
from bot.orientation.flow import SMALL
from bot.storage import tables
from bot.storage.database import DatabaseDown, transaction
from tests.actions.conftest import Message, Reply, Run, Talk

SECRET = "mag ik van kader naar geheimschool"
ASKS = Message("wil_mens", "ik wil de decaan spreken")
ASK = "Vraag het mijn decaan"
ON = "We gaan verder waar we waren"


@pytest.fixture
def with_decaan(logging_database: Path) -> None:
    """The Corlaer College has a decaan who can log in."""
    account = {"id": "a" * 32, "email": "decaan@example.nl", "name": "Decaan", "role": "decaan", "password": "x"}
    with transaction(write=True) as connection:
        connection.execute(insert(tables.accounts).values({**account, "created_at": clock.now()}))
        connection.execute(insert(tables.account_schools).values(account_id="a" * 32, school="corlaer-college"))


def pressed(talk: Talk, choice: str) -> Reply:
    return talk(ActionChoose(), Message("kies", choice=choice))


def chosen(talk: Talk, reply: Reply, label: str) -> Reply:
    return pressed(talk, reply.said[-1].buttons[label])


def typed(talk: Talk, text: str, intent: str = "nlu_fallback", action: Any = ActionAnswer) -> Reply:
    return talk(action(), Message(intent, text))


def at_preview(talk: Talk) -> Reply:
    """At the whole text, with one thing that goes along or not."""
    pressed(talk, "overdracht|start")
    for text in ("corlaer", "3", "Sofie", SECRET):
        reply = typed(talk, text)
    return reply


def stored() -> list[Any]:
    with transaction() as connection:
        return list(connection.execute(select(tables.handoffs)).all())


def test_without_a_school_that_can_answer_a_person_is_named(run: Run) -> None:
    reply = run(ActionMens(), ASKS)
    assert reply.response == "utter_mens"
    assert (reply.logged.intent, reply.logged.outcome) == ("wil_mens", "wants_person")
    assert (reply.remembered, reply.asked) == ({}, None)


def test_without_a_school_that_can_answer_it_is_someone_at_school_after_distress(run: Run) -> None:
    reply = run(ActionMens(), Message("wil_mens", "ik wil iemand spreken", slots={"asked": "nood"}))
    assert reply.response == "utter_nood_ja"


@pytest.mark.parametrize("by", ["text", "button"])
def test_a_message_is_offered_beside_the_person(by: str, talk: Talk, with_decaan: None) -> None:
    reply = talk(ActionMens(), ASKS) if by == "text" else pressed(talk, "mens")
    assert reply.buttons["Stuur mijn vraag naar de decaan"] == "overdracht|start"
    assert len(reply.buttons) == 4 and reply.logged.outcome == "wants_person"


def test_a_message_is_made_step_by_step_and_sent_after_yes(talk: Talk, with_decaan: None) -> None:
    preview = at_preview(talk)
    assert stored() == [] and SECRET in str(preview.card)
    reply = chosen(talk, preview, "Ja, versturen")
    (row,) = stored()
    assert (row.school, row.leerjaar, row.first_name, row.urgent) == ("corlaer-college", 3, "Sofie", False)
    assert row.conversation_id == "pupil-1"
    code = reply.card["code"]
    thread = Handoffs(spool()).by_code(code)
    assert thread and [message.text for message in thread.messages] == [SECRET]
    assert (reply.logged.outcome, reply.logged.kind, reply.logged.subject) == ("handoff_sent", "overdracht", None)


def test_pressing_twice_and_an_old_button_give_the_same_code_and_one_handoff(talk: Talk, with_decaan: None) -> None:
    preview = at_preview(talk)
    codes = [chosen(talk, preview, "Ja, versturen").card["title"] for _ in range(3)]
    assert len(set(codes)) == 1 and len(stored()) == 1


def test_a_process_that_dies_after_sending_gives_the_same_code_the_next_time(
    run: Run, talk: Talk, with_decaan: None
) -> None:
    preview = at_preview(talk)
    slots = dict(talk._slots)
    choice = preview.buttons["Ja, versturen"]
    codes = [run(ActionChoose(), Message("kies", choice=choice, slots=slots)).card["title"] for _ in range(2)]
    assert len(set(codes)) == 1 and len(stored()) == 1


def test_what_she_deleted_is_not_sent_again_and_she_may_begin_anew(run: Run, talk: Talk, with_decaan: None) -> None:
    preview = at_preview(talk)
    slots = dict(talk._slots)
    code = chosen(talk, preview, "Ja, versturen").card["code"]
    assert Handoffs(spool()).delete(code)
    reply = run(ActionChoose(), Message("kies", choice=preview.buttons["Ja, versturen"], slots=slots))
    assert "gewist" in reply.text and stored() == []
    assert (reply.logged.outcome, reply.logged.text) == ("handoff_deleted", None)
    assert SECRET not in str(reply.remembered)
    again = run(ActionChoose(), Message("kies", choice="overdracht|opnieuw", slots={**slots, **reply.remembered}))
    assert again.logged.outcome == "handoff_started"


def test_with_the_database_down_she_gets_a_code_and_nothing_is_lost(
    talk: Talk, with_decaan: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview = at_preview(talk)

    def down(*arguments: object, **names: object) -> Any:
        raise DatabaseDown

    with monkeypatch.context() as patched:
        patched.setattr("bot.handoff.store.transaction", down)
        patched.setattr(known, "schools_with_decaan", down)
        reply = chosen(talk, preview, "Ja, versturen")
    spool().drain()
    code = reply.card["code"]
    assert Handoffs(spool()).by_code(code) and len(stored()) == 1


@pytest.mark.parametrize(("school", "is_shown"), [("corlaer-college", True), ("het-element", False)])
def test_right_after_sending_she_reads_what_her_school_writes(
    school: str, is_shown: bool, talk: Talk, with_decaan: None
) -> None:
    day = clock.today()
    with transaction(write=True) as connection:
        values = {"school": school, "since": day, "until": day, "text": "Ik ben ziek."}
        connection.execute(insert(tables.away_messages).values(**values))
    card = chosen(talk, at_preview(talk), "Ja, versturen").card
    assert card.get("quote") == ({"by": "Je school schrijft", "text": "Ik ben ziek."} if is_shown else None)


def test_what_her_school_writes_is_no_reason_to_fail(
    talk: Talk, with_decaan: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview = at_preview(talk)

    def down(*arguments: object, **names: object) -> Any:
        raise DatabaseDown

    monkeypatch.setattr("bot.handoff.away.transaction", down)
    card = chosen(talk, preview, "Ja, versturen").card
    assert len(stored()) == 1 and card["code"] and "quote" not in card


def test_the_schools_known_last_hold_while_the_database_is_down(
    talk: Talk, with_decaan: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert known.schools() == {"corlaer-college"}

    def down() -> Any:
        raise DatabaseDown

    monkeypatch.setattr(known, "schools_with_decaan", down)
    now = known.monotonic()
    monkeypatch.setattr(known, "monotonic", lambda: now + known.SECONDS)
    assert known.schools() == {"corlaer-college"}


def test_a_decaan_who_cannot_log_in_any_more_is_none(run: Run, with_decaan: None) -> None:
    with transaction(write=True) as connection:
        connection.execute(update(tables.accounts).values(disabled_at=clock.now()))
    assert run(ActionMens(), ASKS).response == "utter_mens"


def test_nothing_she_types_is_in_the_log(talk: Talk, with_decaan: None) -> None:
    rows = pressed(talk, "overdracht|start").rows
    for text in ("corlaer", "3", "Geheima", SECRET, "iets veranderen", "stop"):
        rows += typed(talk, text).rows
    assert [row.outcome for row in rows] == ["handoff_started", *["asked"] * 5, "handoff_stopped"]
    assert rows[-1].subject == "stap:veranderen" and {row.text for row in rows} == {None}
    assert not any(word in str(tuple(row)) for row in rows for word in ("corlaer", "geheim", "Geheima"))


def test_a_question_in_between_is_answered_and_then_it_goes_on(talk: Talk, with_decaan: None) -> None:
    pressed(talk, "overdracht|start")
    reply = typed(talk, "hoe lang duurt kapper", "vraag_duur")
    assert "jaar" in reply.said[0].text and ON in reply.said[1].text
    assert typed(talk, "corlaer").remembered["flow"]["overdracht"]["school"] == "corlaer-college"


@pytest.mark.parametrize("texts", [(), ("corlaer",), ("corlaer", "3", "Sofie", SECRET)])
def test_asking_for_a_person_again_offers_the_way_back_to_it(
    texts: tuple[str, ...], talk: Talk, with_decaan: None
) -> None:
    step = [pressed(talk, "overdracht|start"), *(typed(talk, text) for text in texts)][-1]
    reply = typed(talk, "ik wil de decaan spreken", "wil_mens", ActionMens)
    back = chosen(talk, reply, "Verder met mijn bericht")
    assert back.card == step.card and back.remembered["flow"]["running"] == "overdracht"


def test_what_she_left_is_offered_when_she_asks_for_a_person(talk: Talk, with_decaan: None) -> None:
    at_preview(talk)
    typed(talk, "stop")
    assert SECRET in str(chosen(talk, talk(ActionMens(), ASKS), "Verder met mijn bericht").card)


def test_while_it_waits_lobke_answers_other_questions(talk: Talk, with_decaan: None) -> None:
    chosen(talk, at_preview(talk), "Ja, versturen")
    reply = typed(talk, "hoe lang duurt kapper", "vraag_duur")
    assert "jaar" in reply.text and ON not in reply.text


def test_a_sign_of_distress_stops_it_and_yes_makes_it_urgent(talk: Talk, with_decaan: None) -> None:
    pressed(talk, "overdracht|start")
    typed(talk, "corlaer")
    assert "113" in typed(talk, "ik wil niet meer leven", "nood_zelfdoding", ActionNood).text
    helplines, asked = typed(talk, "ja", "bevestigen", ActionNoodJa).said
    assert "113" in helplines.text and helplines.card["links"][0]["url"].startswith("tel:")
    assert "Wat mag ik doorgeven" in asked.text and asked.buttons["Laat de nummers nog eens zien"] == "nummers"
    preview = typed(talk, "ik wil graag praten", "wil_mens", ActionMens)
    reply = chosen(talk, preview, "Ja, versturen")
    (row,) = stored()
    assert row.urgent and reply.asked == "nood" and "bel een van deze nummers" in reply.text


@pytest.mark.parametrize("way", ["button", "text", "person"])
def test_yes_to_help_after_distress_starts_it_with_the_helplines_first(way: str, talk: Talk, with_decaan: None) -> None:
    typed(talk, "ik word gepest", "nood_pesten", ActionNood)
    if way == "button":
        reply = pressed(talk, "nood_ja")
    elif way == "text":
        reply = typed(talk, "ja", "bevestigen", ActionNoodJa)
    else:
        reply = typed(talk, "ik wil iemand spreken", "wil_mens", ActionMens)
    assert "0800-0432" in reply.said[0].text and "welke school" in reply.said[1].text
    assert reply.logged.outcome == "handoff_started" and reply.remembered["flow"]["running"] == "overdracht"


def test_the_numbers_are_shown_all_along_and_nothing_pushes_her_back(talk: Talk, with_decaan: None) -> None:
    typed(talk, "ik word gepest", "nood_pesten", ActionNood)
    pressed(talk, "nood_ja")
    reply = pressed(talk, "nummers")
    assert "0800-0432" in reply.text and reply.remembered["flow"]["running"] is None
    assert "0800-0432" in typed(talk, "weet niet").text
    assert "welke school" in pressed(talk, "nood_ja").said[1].text


def test_what_may_be_distress_is_kept_and_she_is_asked_how_it_is(talk: Talk, with_decaan: None) -> None:
    pressed(talk, "overdracht|start")
    for text in ("corlaer", "3", "Sofie"):
        typed(talk, text)
    kept, how = talk(ActionAnswer(), Message("nlu_fallback", "ik ben zo moe", may_be_distress=True)).said
    assert "bewaard" in kept.text and how.text == sources().say("gaat_het")
    assert "ik ben zo moe" in str(typed(talk, "verder").card)


@dataclass
class Later(Message):
    """A message after others."""

    before: tuple[dict[str, Any], ...] = ()

    def tracker(self) -> Tracker:
        tracker = super().tracker()
        now = {"event": "user", "text": self.text or "/kies", "parse_data": tracker.latest_message}
        tracker.events = [*self.before, now]
        return tracker


def said(text: str, **buttons: str) -> dict[str, Any]:
    offered = [{"title": title, "payload": payload} for title, payload in buttons.items()]
    return {"event": "bot", "text": text, "data": {"buttons": offered}}


def asked(text: str, intent: str, **more: Any) -> dict[str, Any]:
    return {"event": "user", "text": text, "parse_data": {"intent": {"name": intent}, **more}}


BEFORE = (
    said("Hoi!", Kok="inhoud|beroep:kok"),
    asked('/kies{"keuze": "inhoud|beroep:kok"}', "kies", entities=[{"entity": "keuze", "value": "inhoud|beroep:kok"}]),
    said("Een kok kookt."),
    {"event": "slot", "name": "x", "value": 1},
    asked("mag ik stage lopen als kok", "vraag_leerroute", typed="mag k stage lopen als kok"),
    said("Dat weet ik niet."),
    asked("ik wil iemand spreken", "wil_mens"),
    said("Natuurlijk."),
)


def test_the_question_and_the_last_messages_come_from_the_talk(run: Run, with_decaan: None) -> None:
    flow = run(ActionChoose(), Later("kies", choice="overdracht|start", before=BEFORE)).remembered["flow"]
    memory = flow["overdracht"]
    assert memory["question"] == "mag k stage lopen als kok"
    assert memory["talk"].split("\n") == [
        "Lobke: Hoi!",
        "Ik: Kok",
        "Lobke: Een kok kookt.",
        "Ik: mag k stage lopen als kok",
        "Lobke: Dat weet ik niet.",
        "Ik: ik wil iemand spreken",
        "Lobke: Natuurlijk.",
    ]


def test_what_she_wrote_in_distress_may_be_passed_on(run: Run, with_decaan: None) -> None:
    before = (asked("ik word gepest", "nood_pesten"), said("Bel 0800-0432."))
    message = Later("kies", choice="nood_ja", before=before, slots={"last_distress": "pesten"})
    memory = run(ActionChoose(), message).remembered["flow"]["overdracht"]
    assert memory["question"] == "ik word gepest" and memory["talk"] is None


def test_a_finished_verkenning_may_go_along(talk: Talk, with_decaan: None) -> None:
    types = {stelling.id: stelling.type for stelling in sources().knowledge.verkenning.stellingen}
    reply = pressed(talk, "verkenning|kort")
    while "✔ Ja, leuk" in reply.buttons:
        id = reply.buttons["✔ Ja, leuk"].split("|")[2]
        reply = pressed(talk, f"verkenning|antwoord|{id}|{2 if types[id] == 'S' else 0}")
    pressed(talk, "verkenning|overslaan")
    along = at_preview(talk)
    preview = chosen(talk, along, "Mijn verkenning")
    chosen(talk, preview, "Ja, versturen")
    (row,) = stored()
    assert [part["title"] for part in row.attachments] == ["Mijn verkenning"]
    assert row.attachments[0]["text"] == preview.card["sections"][-1]["text"]
    with transaction() as connection:
        assert connection.execute(select(func.count()).select_from(tables.handoff_messages)).scalar() == 1


def test_a_message_is_no_subject_to_come_back_to(talk: Talk, with_decaan: None) -> None:
    reply = pressed(talk, "overdracht|start")
    assert set(reply.remembered) == {"flow"} and reply.trail is None


def test_beside_an_answer_she_may_ask_her_decaan_what_she_just_asked(run: Run, with_decaan: None) -> None:
    reply = run(ActionAnswer(), Later("vraag_duur", "hoe lang duurt kok"))
    assert [*reply.buttons.items()][-1] == (ASK, "overdracht|start")
    assert 3 <= len(reply.buttons) <= 5
    before = (asked("hoe lang duurt kok", "vraag_duur"), said(reply.text, **reply.buttons))
    flow = run(ActionChoose(), Later("kies", choice="overdracht|start", before=before)).remembered["flow"]
    assert flow["overdracht"]["question"] == "hoe lang duurt kok"


def test_the_way_to_the_decaan_beside_an_answer_is_a_small_one(with_decaan: None) -> None:
    dispatcher = CollectingDispatcher()
    ActionAnswer().run(dispatcher, Message("vraag_duur", "hoe lang duurt kok").tracker(), {})
    buttons = dispatcher.messages[-1]["buttons"]
    assert [button["title"] for button in buttons if button.get("role") == SMALL] == [ASK]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (ActionGesprek(), Message("bedankt", "dankje")),
        (ActionGesprek(), Message("groet", "hoi")),
        (ActionNood(), Message("nood_pesten", "ik word gepest")),
        (ActionAnswer(), Message("vraag_duur", "hoe lang duurt kok", may_be_distress=True)),
        (ActionAnswer(), Message("nlu_fallback", "blub")),
        (ActionStart(), Message("start_verkenning", "ik weet het niet")),
    ],
)
def test_beside_small_talk_distress_and_other_ways_on_it_is_not_offered(
    run: Run, with_decaan: None, action: Any, message: Message
) -> None:
    assert all(ASK not in each.buttons for each in run(action, message).said)


def test_without_a_school_that_can_answer_it_is_not_offered(run: Run) -> None:
    assert ASK not in run(ActionAnswer(), Message("vraag_duur", "hoe lang duurt kok")).buttons


def test_in_the_middle_of_a_message_it_is_not_offered(talk: Talk, with_decaan: None) -> None:
    pressed(talk, "overdracht|start")
    reply = typed(talk, "hoe lang duurt kok?", "vraag_duur")
    assert len(reply.said) == 2 and all(ASK not in each.buttons for each in reply.said)


def test_after_two_misunderstandings_in_a_row_it_comes_first(talk: Talk, with_decaan: None) -> None:
    first, second = typed(talk, "blub"), typed(talk, "blubber")
    assert ASK not in first.buttons and "Ik wil iemand spreken" in first.buttons
    assert [*second.buttons][0] == ASK and 2 <= len(second.buttons) <= 4
    assert "Ik wil iemand spreken" not in second.buttons


def test_the_database_is_not_asked_at_every_message(
    talk: Talk, with_decaan: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(known, "schools_with_decaan", lambda: calls.append(1) or frozenset({"corlaer-college"}))
    for _ in range(3):
        assert ASK in typed(talk, "hoe lang duurt kok", "vraag_duur").buttons
    assert len(calls) == 1


def test_a_school_without_a_decaan_any_more_is_known_within_ten_seconds(
    with_decaan: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert known.schools() and known.SECONDS <= 10
    now = known.monotonic()
    monkeypatch.setattr(known, "schools_with_decaan", frozenset)
    monkeypatch.setattr(known, "monotonic", lambda: now + known.SECONDS)
    assert known.schools() == frozenset()
