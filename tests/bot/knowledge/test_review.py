"""What has a day to look at it again is named in time, and after that day Lobke says that it may be old."""

import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.knowledge import reading, review, writing
from bot.knowledge.answers import answer
from bot.knowledge.check import check
from bot.knowledge.loader import Knowledge, KnowledgeError, load
from bot.knowledge.names import names_of
from bot.knowledge.question import Question, Sources
from bot.settings import PROJECT

DAY = date(2025, 7, 31)
AMOUNTS = ("onderwerp:kosten-mbo", "onderwerp:lesgeld", "onderwerp:cursusgeld")
SENTENCE = "Vraag na of dit nog klopt."


def asked(sources: Sources, key: str, kind: str = "inhoud", today: date = DAY + timedelta(1)) -> str:
    question = Question(kind, ((key,),), chosen=True, today=today)
    return answer(question, sources).text


def late(knowledge: Knowledge, key: str) -> Knowledge:
    """The knowledge with a day that is over at one entry."""
    entries = knowledge.entries | {key: knowledge.entries[key].copy(update={"controleer_voor": DAY})}
    parts = (knowledge.phrases, knowledge.spelling, knowledge.verkenning, knowledge.gesprekken)
    return Knowledge(entries.values(), *parts)


def test_the_amounts_of_a_school_year_are_looked_at_when_it_ends(knowledge: Knowledge) -> None:
    assert {entry.key for entry in review.due(knowledge, DAY + timedelta(1))} == set(AMOUNTS)
    assert {knowledge.entries[key].controleer_voor for key in AMOUNTS} == {DAY}


def test_a_month_before_its_day_an_entry_is_named_and_no_sooner(knowledge: Knowledge) -> None:
    assert review.due(knowledge, DAY - timedelta(32)) == []
    assert len(review.due(knowledge, DAY - timedelta(31))) == len(AMOUNTS)
    entry = knowledge.entries[AMOUNTS[0]]
    assert not review.is_late(entry, DAY) and review.is_late(entry, DAY + timedelta(1))


@pytest.mark.parametrize("key", AMOUNTS)
@pytest.mark.parametrize("kind", ["inhoud", "kosten", "wanneer", "vergelijk"])
def test_after_the_day_lobke_says_so_in_every_answer_about_it(sources: Sources, key: str, kind: str) -> None:
    text = asked(sources, key, kind)
    assert text.endswith(f" {SENTENCE}") and text.count(SENTENCE) == 1
    assert len(text.split()) <= 60 and list(reading.remarks(text)) == []


@pytest.mark.parametrize("key", AMOUNTS)
def test_until_the_day_and_in_what_follows_she_does_not(sources: Sources, key: str) -> None:
    assert SENTENCE not in asked(sources, key, today=DAY)
    follow_up = Question("waarom", text="waarom", last_subject=key, last_kind="inhoud", today=DAY + timedelta(1))
    assert SENTENCE not in answer(follow_up, sources).text


def test_what_is_not_late_is_said_as_it_was(sources: Sources) -> None:
    assert SENTENCE not in asked(sources, "onderwerp:studiefinanciering")


def test_a_pupil_is_not_sent_to_ask_twice(knowledge: Knowledge) -> None:
    key = "onderwerp:aanvullende-beurs"
    assert knowledge.entries[key].betrouwbaarheid == "middel"
    changed = late(knowledge, key)
    text = asked(Sources(changed, names_of(changed)), key)
    assert text.endswith("Vraag het na bij je decaan.") and SENTENCE not in text


def test_a_beroep_is_late_when_one_of_its_opleidingen_is(knowledge: Knowledge) -> None:
    sources = Sources(knowledge, names_of(knowledge))
    kok = sources.names.resolve("beroep:kok")
    assert kok and SENTENCE not in asked(sources, "beroep:kok", "niveau")
    changed = late(knowledge, kok.entries[0].key)
    assert SENTENCE in asked(Sources(changed, names_of(changed)), "beroep:kok", "niveau")


def test_an_answer_that_is_none_does_not_say_it(knowledge: Knowledge) -> None:
    question = Question("kosten", text="blablabla", today=DAY + timedelta(1))
    found = answer(replace(question, kind=None), Sources(knowledge, names_of(knowledge)))
    assert found.outcome == "not_understood" and SENTENCE not in found.text


def test_events_that_are_over_are_named_the_latest_first(knowledge: Knowledge) -> None:
    assert review.over(knowledge, date(2026, 11, 1)) == []
    over = review.over(knowledge, date(2027, 1, 1))
    assert over and all(last < date(2027, 1, 1) for _, last in over)
    assert [last for _, last in over] == sorted((last for _, last in over), reverse=True)


def test_lobke_check_warns_of_what_is_late() -> None:
    found = [one for one in check(PROJECT / "knowledge", DAY + timedelta(1)) if one.code == "nakijken"]
    assert [(one.file, one.level) for one in found] == [("onderwerpen/geld.yml", "waarschuwing")] * len(AMOUNTS)
    assert "niet nagekeken voor 31 juli 2025" in found[0].message
    assert not [one for one in check(PROJECT / "knowledge", DAY) if one.code == "nakijken"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("controleer_voor", "2027-02-30", "dit is geen datum"), ("eigenaar", "Robin", "hier hoort een e-mailadres")],
)
def test_a_day_or_an_address_that_is_none_is_told(tmp_path: Path, field: str, value: str, said: str) -> None:
    shutil.copytree(PROJECT / "knowledge", tmp_path / "knowledge")
    path = tmp_path / "knowledge/onderwerpen/geld.yml"
    path.write_text(writing.with_fields(writing.read(path), "duo", {field: value}), encoding="utf-8")
    with pytest.raises(KnowledgeError, match=f"geld.yml:.*{field}.*{said}"):
        load(tmp_path / "knowledge")
