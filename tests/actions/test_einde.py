"""At the end of a talk Lobke asks once whether the pupil has what she looked for, and counts the answer."""

import pytest
from sqlalchemy import select

from actions import schools
from actions.gesprek import ActionAfscheid, ActionGesprek
from actions.nood import ActionNood
from actions.turn import sources
from actions.vragen import ActionAnswer, ActionChoose
from bot.accounts import accounts
from bot.knowledge.reading import remarks
from bot.monitoring import log
from bot.settings import settings
from bot.storage import tables
from bot.storage.database import transaction
from tests.actions.conftest import Message, Reply, Talk

THANKS = Message("bedankt", "dankjewel")
BYE = Message("afscheid", "doei")
CHOICES = {"Ja": "einde|ja", "Een beetje": "einde|beetje", "Nee": "einde|nee"}


@pytest.fixture
def helped(talk: Talk) -> Talk:
    """A conversation in which Lobke answered something."""
    talk(ActionAnswer(), Message("vraag_duur", "hoe lang duurt kok"))
    return talk


def asks(reply: Reply) -> bool:
    return reply.said[-1].text == sources().say("einde.vraag")


def press(talk: Talk, meaning: str) -> Reply:
    return talk(ActionChoose(), Message("kies", choice=meaning))


def counted() -> list[tuple[str, str]]:
    log._spool(settings().spool_dir).drain()
    with transaction() as connection:
        return [(row.metric, row.value) for row in connection.execute(select(tables.counted))]


def test_after_thanks_and_after_a_goodbye_it_is_asked_with_three_choices(helped: Talk) -> None:
    reply = helped(ActionGesprek(), THANKS)
    assert [said.text for said in reply.said] == ["Graag gedaan!", "Heb je wat je zocht?"]
    assert reply.said[-1].buttons == CHOICES and reply.asked is None
    assert reply.logged.outcome == "small_talk"


@pytest.mark.parametrize("action", [ActionGesprek(), ActionAfscheid()])
def test_a_goodbye_stays_a_goodbye(helped: Talk, action: ActionGesprek) -> None:
    message = BYE if isinstance(action, ActionGesprek) else Message("ontkennen", "nee", slots={"asked": "meer"})
    reply = helped(action, message)
    assert "Tot ziens" in reply.said[0].text and asks(reply) and reply.said[-1].buttons == CHOICES


def test_it_is_asked_once_in_a_conversation(helped: Talk) -> None:
    assert asks(helped(ActionGesprek(), THANKS))
    helped(ActionAnswer(), Message("vraag_kosten", "wat kost bakker"))
    for message in (THANKS, BYE):
        assert not asks(helped(ActionGesprek(), message))


def test_it_is_not_asked_when_lobke_answered_nothing(talk: Talk) -> None:
    assert talk(ActionGesprek(), THANKS).response == "utter_bedankt"
    assert talk(ActionGesprek(), BYE).response == "utter_afscheid"


def test_it_is_never_asked_after_a_sign_of_distress(helped: Talk) -> None:
    assert not asks(helped(ActionGesprek(), Message("bedankt", "dankjewel", may_be_distress=True)))
    helped(ActionNood(), Message("nood_somber", "ik voel me rot"))
    assert not asks(helped(ActionGesprek(), THANKS)) and not asks(helped(ActionGesprek(), BYE))


def test_it_is_not_asked_in_the_middle_of_a_verkenning(helped: Talk) -> None:
    press(helped, "verkenning|kort")
    assert not asks(helped(ActionGesprek(), THANKS))


@pytest.mark.parametrize("answer", ["ja", "beetje", "nee"])
def test_an_answer_is_counted_without_the_conversation_and_gets_one_sentence(helped: Talk, answer: str) -> None:
    helped(ActionGesprek(), THANKS)
    reply = press(helped, f"einde|{answer}")
    assert reply.text == sources().say(f"einde.{answer}") and counted() == [("found", answer)]
    assert (reply.logged.outcome, reply.logged.kind, reply.logged.text) == ("small_talk", None, None)


def test_only_the_first_answer_counts(helped: Talk) -> None:
    helped(ActionGesprek(), THANKS)
    for answer in ("nee", "ja", "nee"):
        press(helped, f"einde|{answer}")
    assert counted() == [("found", "nee")]


def test_at_no_there_is_a_way_to_a_person_and_to_other_words(helped: Talk) -> None:
    helped(ActionGesprek(), THANKS)
    reply = press(helped, "einde|nee")
    assert "andere woorden" in reply.text
    assert list(reply.buttons.values()) == ["mens|", "rondkijken|"]


def test_at_no_a_school_with_a_decaan_gets_the_question(helped: Talk) -> None:
    accounts.add("decaan@voorbeeld.nl", "decaan", ["het-element"], password="paard fiets lamp boom")
    helped(ActionGesprek(), THANKS)
    schools.forget()
    assert "overdracht|" in "".join(press(helped, "einde|nee").buttons.values())


@pytest.mark.parametrize(("intent", "text", "value"), [("bevestigen", "ja", "ja"), ("ontkennen", "nee", "nee")])
def test_a_typed_yes_or_no_right_after_it_is_an_answer(helped: Talk, intent: str, text: str, value: str) -> None:
    helped(ActionGesprek(), THANKS)
    assert helped(ActionGesprek(), Message(intent, text)).text == sources().say(f"einde.{value}")
    assert counted() == [("found", value)]
    assert helped(ActionGesprek(), Message(intent, text)).response == f"utter_{intent}"


def test_a_new_question_is_simply_answered(helped: Talk) -> None:
    helped(ActionGesprek(), THANKS)
    reply = helped(ActionAnswer(), Message("vraag_kosten", "wat kost bakker"))
    assert reply.remembered["last_subject"] == "beroep:bakker" and counted() == []


@pytest.mark.parametrize("name", ["dank", "vraag", "ja", "beetje", "nee"])
def test_what_she_says_is_easy_to_read(data_dir: object, name: str) -> None:
    assert not remarks(sources().say(f"einde.{name}"))
