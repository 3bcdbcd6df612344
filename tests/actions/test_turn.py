"""A turn reads the tracker and keeps what matters."""

from pathlib import Path
from typing import Optional

import pytest
from rasa_sdk import Action
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import select

from actions.gesprek import ActionGesprek
from actions.nood import ActionNood
from actions.turn import SURE, Turn, sources
from actions.vragen import ActionAnswer, ActionChoose
from bot.knowledge import loader
from bot.knowledge.question import LEAST_HIT, SURE_HIT, Answer, Choice
from bot.storage import tables
from bot.storage.database import transaction
from tests.actions.conftest import Message, Run


def turn(message: Message) -> Turn:
    return Turn(CollectingDispatcher(), message.tracker())


@pytest.mark.parametrize(("intent", "kind"), [("vraag_duur", "duur"), ("groet", None), ("", None)])
def test_the_kind_of_question_is_the_intent(data_dir: Path, intent: str, kind: object) -> None:
    assert turn(Message(intent)).kind == kind


def test_a_message_without_text_intent_or_entities_is_no_failure(data_dir: Path) -> None:
    tracker = Message().tracker()
    tracker.latest_message = {"text": None, "intent": {"name": None, "confidence": None}, "entities": None}
    question = Turn(CollectingDispatcher(), tracker).question(None)
    assert (question.text, question.subjects, question.hits) == ("", (), ())


def test_every_meaning_of_a_name_is_kept(data_dir: Path) -> None:
    question = turn(Message("vraag_inhoud", "wat is zorg en welzijn")).question("inhoud")
    assert question.subjects == (("wereld:zorg", "profiel:zw"),)


@pytest.mark.parametrize(
    ("intent", "text", "confidence", "score", "rather"),
    [
        ("bedankt", "hallo", 0.9, SURE_HIT, True),
        ("bedankt", "hallo", 0.9, LEAST_HIT, False),
        ("bedankt", "hallo", 0.2, LEAST_HIT, True),
        ("bedankt", "hallo", 0.2, LEAST_HIT - 0.01, False),
        ("bedankt", "bol", SURE - 0.1, LEAST_HIT, True),
        ("bedankt", "bol", 0.9, LEAST_HIT, False),
        ("start_verkenning", "bol", 0.9, LEAST_HIT, True),
    ],
)
def test_a_message_is_rather_a_question_when_the_knowledge_is_surer(
    data_dir: Path, intent: str, text: str, confidence: float, score: float, rather: bool
) -> None:
    message = Message(intent, text, confidence, hits={"onderwerp:bol": score})
    assert turn(message).is_rather_a_question() is rather


def test_a_message_without_hits_is_not_rather_a_question(data_dir: Path) -> None:
    assert not turn(Message("bedankt", "kok", 0.1)).is_rather_a_question()


@pytest.mark.parametrize(
    ("asked", "text", "still"),
    [
        ("nood", "ik weet het niet", True),
        ("nood", "hoe lang duurt de opleiding tot kok", False),
        (None, "ik weet het niet", False),
        ("meer", "ik weet het niet", False),
    ],
)
def test_it_stays_with_distress_until_the_pupil_names_something_else(
    data_dir: Path, asked: Optional[str], text: str, still: bool
) -> None:
    assert turn(Message(text=text, slots={"asked": asked})).is_still_distress() is still


def test_a_choice_is_sent_with_its_meaning_and_a_card_as_json(logging_database: Path) -> None:
    dispatcher = CollectingDispatcher()
    answer = Answer("Hoi", (Choice("Wat is het?", "inhoud|beroep:kok"),), {"title": "Kok"})
    Turn(dispatcher, Message().tracker()).say(answer)
    (said,) = dispatcher.messages
    assert said["buttons"] == [{"title": "Wat is het?", "payload": "inhoud|beroep:kok"}]
    assert said["custom"] == {"card": {"title": "Kok"}}


def test_an_answer_to_a_question_says_what_can_be_rated(run: Run) -> None:
    said = run(ActionAnswer(), Message("vraag_duur", "hoe lang duurt kok")).only
    assert said.about == {"intent": "vraag_duur", "kind": "duur", "subject": "beroep:kok"}
    general = run(ActionAnswer(), Message("vraag_opleidingen", "welke opleidingen zijn er allemaal")).only
    assert general.about == {"intent": "vraag_opleidingen", "kind": "opleidingen"}


def test_of_a_chosen_question_the_kind_and_the_subject_can_be_rated(run: Run) -> None:
    said = run(ActionChoose(), Message("kies", choice="duur|beroep:kok")).only
    assert said.about == {"intent": "kies", "kind": "duur", "subject": "beroep:kok"}


def test_each_of_two_answers_can_be_rated(run: Run) -> None:
    parts = (Message("vraag_duur", "hoe lang duurt kok"), Message("vraag_kosten", "en wat kost bakker"))
    reply = run(ActionAnswer(), Message("vraag_duur", "hoe lang duurt kok en wat kost bakker", parts=parts))
    assert [(said.about or {}).get("subject") for said in reply.said] == ["beroep:kok", "beroep:bakker"]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (ActionGesprek(), Message("groet", "hoi")),
        (ActionGesprek(), Message("bedankt", "dankjewel")),
        (ActionGesprek(), Message("buiten_bereik", "hoe hoog is de domtoren")),
        (ActionAnswer(), Message("nlu_fallback", "blabla", confidence=0.1)),
        (ActionAnswer(), Message("vraag_worden", "hoe moet ik dat worden")),
        (ActionAnswer(), Message("vraag_inhoud", "wat is 113")),
        (ActionAnswer(), Message("vraag_duur", "hoe lang duurt kok", may_be_distress=True)),
        (ActionChoose(), Message("kies", choice="mens")),
        (ActionChoose(), Message("kies", choice="nummers")),
        (ActionChoose(), Message("kies", choice="start")),
        (ActionChoose(), Message("kies", choice="verkenning|start|kort")),
        (ActionChoose(), Message("kies", choice="gesprek|start|oefenen|")),
        (ActionNood(), Message("nood_somber", "ik voel me rot")),
    ],
)
def test_what_is_no_answer_on_content_cannot_be_rated(run: Run, action: Action, message: Message) -> None:
    assert [said.about for said in run(action, message).said if said.about] == []


def test_an_answer_without_a_subject_leaves_what_was_remembered(logging_database: Path) -> None:
    events = {event["name"] for event in turn(Message()).say(Answer("Hoi"))}
    assert events == {"asked", "misunderstood"}


def test_a_sign_of_distress_in_the_knowledge_makes_no_question_of_a_message(data_dir: Path) -> None:
    assert not turn(Message("bedankt", "hallo", 0.1, hits={"nood:somber": 1.0})).is_rather_a_question()


def test_what_is_remembered_goes_with_the_question(data_dir: Path) -> None:
    slots = {"leerweg": "kb", "leerjaar": "3", "last_subject": "beroep:kok", "last_kind": "duur", "misunderstood": 2.0}
    question = turn(Message("vraag_kosten", "wat kost dat", 0.7, slots=slots)).question("kosten")
    assert (question.leerweg, question.leerjaar, question.misunderstood) == ("kb", "3", 2)
    assert (question.last_subject, question.last_kind, question.confidence) == ("beroep:kok", "duur", 0.7)


def test_a_name_in_doubt_is_no_subject(data_dir: Path) -> None:
    question = turn(Message("vraag_duur", "hoe lang duurt sceepvaart")).question("duur")
    assert question.subjects == ()
    assert len(question.doubtful) == 2


def test_a_message_is_one_question_of_the_kind_of_its_intent(data_dir: Path) -> None:
    (question,) = turn(Message("vraag_duur", "hoe lang duurt kok")).questions()
    assert (question.kind, question.text) == ("duur", "hoe lang duurt kok")


@pytest.mark.parametrize(
    ("text", "kind"),
    [("ik doe kader", "toelating"), ("wat is kader", "inhoud"), ("en hoe zit het met kader", "inhoud")],
)
def test_who_tells_her_leerweg_hears_where_it_leads_and_who_asks_hears_what_it_is(
    data_dir: Path, text: str, kind: str
) -> None:
    assert [question.kind for question in turn(Message("vertel_leerweg", text)).questions()] == [kind]


def test_every_part_of_a_message_is_a_question_with_its_own_names_and_hits(data_dir: Path) -> None:
    parts = (
        Message("vraag_duur", "hoe lang duurt kok", hits={"onderwerp:duur-mbo": 0.4}),
        Message("vraag_kosten", "en wat kost bakker"),
    )
    whole = Message("vraag_duur", "hoe lang duurt kok en wat kost bakker", parts=parts, slots={"leerweg": "kb"})
    first, second = turn(whole).questions()
    assert [(q.kind, q.text, q.subjects) for q in (first, second)] == [
        ("duur", "hoe lang duurt kok", (("beroep:kok",),)),
        ("kosten", "en wat kost bakker", (("beroep:bakker",),)),
    ]
    assert ([hit.key for hit in first.hits], second.hits) == (["onderwerp:duur-mbo"], ())
    assert first.leerweg == second.leerweg == "kb"


@pytest.mark.parametrize(
    ("text", "last_subject", "why"),
    [
        ("waarom", "beroep:kok", True),
        ("Waarom is dat zo?", "beroep:kok", True),
        ("hoezo dan", "beroep:kok", True),
        ("waarom", None, False),
        ("waarom duurt bakker zo lang", "beroep:kok", False),
        ("waarom mag je met de regels van nu niet kiezen wat je wilt", "beroep:kok", False),
        ("dat is waarom", "beroep:kok", False),
        ("", "beroep:kok", False),
    ],
)
def test_a_short_waarom_is_about_the_last_answer(
    data_dir: Path, text: str, last_subject: Optional[str], why: bool
) -> None:
    assert turn(Message(text=text, slots={"last_subject": last_subject})).asks_why() is why


def trail(run: Run, text: str, before: list[str]) -> Optional[list[str]]:
    return run(ActionAnswer(), Message("vraag_duur", text, slots={"trail": before})).trail


def test_every_answer_is_a_step_on_the_way(run: Run) -> None:
    assert trail(run, "hoe lang duurt kok", ["duur|beroep:bakker"]) == ["duur|beroep:bakker", "duur|beroep:kok"]


def test_an_answer_that_was_given_before_makes_the_way_shorter(run: Run) -> None:
    before = ["kosten|beroep:kok", "duur|beroep:kok", "duur|beroep:bakker", "waar|beroep:bakker"]
    assert trail(run, "hoe lang duurt kok", before) == before[:2]


def test_the_way_is_remembered_for_some_steps_only(run: Run) -> None:
    long = [f"duur|opleiding:{number}" for number in range(100)]
    kept = trail(run, "hoe lang duurt kok", long)
    assert kept is not None and len(kept) < 20
    assert kept[-2:] == [long[-1], "duur|beroep:kok"]


def test_two_answers_are_two_steps_on_the_way(run: Run) -> None:
    parts = (Message("vraag_duur", "hoe lang duurt kok"), Message("vraag_kosten", "en wat kost bakker"))
    reply = run(ActionAnswer(), Message("vraag_duur", "hoe lang duurt kok en wat kost bakker", parts=parts))
    assert reply.trail == ["duur|beroep:kok", "kosten|beroep:bakker"]


@pytest.mark.parametrize(
    ("intent", "text", "outcome"),
    [("nlu_fallback", "blabla", "not_understood"), ("vraag_worden", "hoe moet ik dat worden", "clarified")],
)
def test_what_gets_no_answer_is_no_step_on_the_way(run: Run, intent: str, text: str, outcome: str) -> None:
    reply = run(ActionAnswer(), Message(intent, text, 0.9, slots={"trail": ["duur|beroep:kok"]}))
    assert (reply.logged.outcome, reply.trail) == (outcome, None)


def test_a_change_in_the_knowledge_is_used_at_once(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sources()
    assert sources() is before
    monkeypatch.setattr(loader, "live", loader.Live())
    assert sources().knowledge is not before.knowledge


def test_the_time_an_answer_took_is_logged(run: Run) -> None:
    assert run(ActionAnswer(), Message("vraag_duur", "hoe lang duurt kok")).logged.duration_ms >= 0


def test_the_log_says_which_message_it_was_and_where_the_chat_was_opened(run: Run) -> None:
    row = run(ActionAnswer(), Message("vraag_duur", "hoe lang duurt kok", turn=3, school="guido")).logged
    assert (row.turn, row.school) == (3, "guido")


def test_two_answers_to_one_message_have_its_number(run: Run) -> None:
    parts = Message("vraag_duur", "hoe lang duurt kok"), Message("vraag_kosten", "wat kost mbo")
    rows = run(ActionAnswer(), Message("vraag_duur", "hoe lang duurt kok en wat kost mbo", parts=parts, turn=2)).rows
    assert [row.turn for row in rows] == [2, 2]


def test_a_chat_without_a_school_has_none_in_the_log(run: Run) -> None:
    assert run(ActionAnswer(), Message("vraag_duur", "hoe lang duurt kok", turn=1)).logged.school is None


def test_the_events_in_an_answer_are_counted_by_kind_and_without_the_conversation(run: Run) -> None:
    reply = run(ActionAnswer(), Message("vraag_wanneer", "wanneer zijn er open dagen", turn=1, school="guido"))
    with transaction() as connection:
        rows = connection.execute(select(tables.counted)).all()
    assert sum(row.number for row in rows) == reply.text.count("\n- ")
    assert {(row.metric, row.value, row.school) for row in rows} == {("event_shown", "open-dag", "guido")}
    assert {len(row.id) for row in rows} == {32}
