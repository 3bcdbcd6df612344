"""What Lobke did not understand is grouped by likeness, never tied to a pupil, and can be put apart."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot import clock
from bot.knowledge.loader import Knowledge, load
from bot.knowledge.names import names_of
from bot.monitoring import gaps, log
from bot.monitoring.log import NOT_UNDERSTOOD, Interaction, record
from bot.settings import PROJECT, settings
from bot.storage import tables
from bot.storage.database import transaction

BY = "a" * 32
CLOWN = ["kan ik clown worden", "Kan ik clown worden?", "hoe word ik clown", "hoe word je clown"]


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return load(PROJECT / "knowledge")


def not_understood(*texts: str) -> None:
    """Pupils typed these, each in a conversation of its own."""
    for place, text in enumerate(texts):
        record(Interaction(f"conversation-{place}", "vraag", outcome=NOT_UNDERSTOOD, text=text))
    log._spool(settings().spool_dir).drain()


def found(knowledge: Knowledge) -> list[list[str]]:
    return [[sentence.text for sentence in group.sentences] for group in gaps.groups(knowledge)]


def test_what_is_alike_stands_together_and_the_most_asked_comes_first(database: str, knowledge: Knowledge) -> None:
    not_understood("waar is de kantine", *CLOWN, "wat eet een giraf", "kan ik clown worden")
    first, *others = gaps.groups(knowledge)
    assert first.sentences[0].text == "kan ik clown worden"
    assert (first.number, first.sentences[0].number) == (5, 3)
    assert {sentence.text for sentence in first.sentences} == {CLOWN[0], CLOWN[2], CLOWN[3]}
    assert sorted(group.sentences[0].text for group in others) == ["waar is de kantine", "wat eet een giraf"]


def test_a_spelling_is_no_other_question(database: str, knowledge: Knowledge) -> None:
    not_understood("kan ik astronaut worden", "kan ik astronaut worden?", "kan ik astronout wordn", "ASTRONAUT worden")
    assert len(found(knowledge)) == 1


def test_first_and_last_time_are_told(database: str, knowledge: Knowledge) -> None:
    not_understood(*CLOWN)
    table = tables.interactions
    long_ago = clock.now() - timedelta(days=40)
    with transaction(write=True) as connection:
        connection.execute(update(table).where(table.c.text == CLOWN[2]).values(at=long_ago))
    (group,) = gaps.groups(knowledge)
    assert abs(group.first - long_ago) < timedelta(seconds=1)
    assert clock.now() - group.last < timedelta(minutes=1)


def test_only_what_was_not_understood_is_there(database: str, knowledge: Knowledge) -> None:
    record(Interaction("id", "vraag", "niveau", "wereld:zorg", "answered", text="welk niveau is de zorg"))
    log._spool(settings().spool_dir).drain()
    assert found(knowledge) == []


def test_a_question_that_an_entry_has_by_now_is_no_gap(database: str, knowledge: Knowledge) -> None:
    question = knowledge.entries["onderwerp:lesgeld"].vragen[0]
    not_understood(question.upper() + "??", "...")
    assert found(knowledge) == []
    owner = gaps.owner_of(question.upper(), knowledge)
    assert owner and owner.key == "onderwerp:lesgeld"


def test_an_ignored_group_stands_apart_with_what_is_like_it_until_it_is_restored(
    database: str, knowledge: Knowledge
) -> None:
    not_understood("hahaha poep", "wat eet een giraf")
    joke = next(group for group in gaps.groups(knowledge) if "poep" in group.sentences[0].text)
    gaps.ignore(joke, BY)
    gaps.ignore(joke, BY)  # twice is once
    not_understood("hahahaha poep", "hahahaha poep", "hahaha poep!")
    assert sorted((group.sentences[0].text, group.ignored) for group in gaps.groups(knowledge)) == [
        ("hahaha poep!", True),
        ("wat eet een giraf", False),
    ]
    ignored = next(group for group in gaps.groups(knowledge) if group.ignored)
    assert ignored.number == 4
    gaps.restore(ignored, BY)
    assert not any(group.ignored for group in gaps.groups(knowledge))
    with transaction() as connection:
        kept = str(connection.execute(select(tables.ignored_gaps)).all())
        actions = list(connection.execute(select(tables.audit.c.action).order_by(tables.audit.c.at)).scalars())
    assert "poep" not in kept and actions == ["gap_ignored", "gap_ignored", "gap_restored"]


def test_nothing_of_a_sentence_is_kept_with_what_is_ignored(database: str, knowledge: Knowledge) -> None:
    not_understood("hahaha poep")
    gaps.ignore(gaps.groups(knowledge)[0], BY)
    with transaction() as connection:
        rows = connection.execute(select(tables.ignored_gaps.c.hash)).scalars().all()
    assert len(rows) == 1 and len(rows[0]) == 32 and rows[0] != gaps.plain("hahaha poep")


def test_entries_that_a_question_may_belong_to_are_named_or_alike(knowledge: Knowledge) -> None:
    keys = [entry.key for entry in gaps.near(["wat kost lesgeld in belgie", "hoelang duurt kapper"], knowledge)]
    assert "onderwerp:lesgeld" in keys
    assert any(key.startswith("opleiding:") and "apper" in knowledge.entries[key].naam for key in keys)
    assert len(keys) <= gaps.MOST_NEAR


def test_an_entry_is_found_by_a_part_of_its_name_or_nearly(knowledge: Knowledge) -> None:
    assert gaps.search("Lesgeld", knowledge)[0].key == "onderwerp:lesgeld"
    assert "onderwerp:studiefinanciering" in [entry.key for entry in gaps.search("studiefinansiering", knowledge)]
    assert gaps.search("  ", knowledge) == [] and gaps.search("qqqqqqqq", knowledge) == []


def test_what_nobody_asked_about_is_told_with_since_when(database: str, knowledge: Knowledge) -> None:
    everything = gaps.unused(knowledge, 90)
    assert everything.answers == 0
    record(Interaction("a", "vraag", "inhoud", "onderwerp:lesgeld", "answered"))
    record(Interaction("b", "vraag", "niveau", "beroep:kok", "answered"))
    log._spool(settings().spool_dir).drain()
    never = gaps.unused(knowledge, 90)
    gone = {entry.key for entry in everything.entries} - {entry.key for entry in never.entries}
    kok = names_of(knowledge).resolve("beroep:kok")
    assert kok and gone == {"onderwerp:lesgeld", *(entry.key for entry in kok.entries)}
    assert never.answers == 2 and clock.now() - never.since < timedelta(minutes=1)
    with transaction(write=True) as connection:
        connection.execute(update(tables.interactions).values(at=clock.now() - timedelta(days=40)))
    assert len(gaps.unused(knowledge, 30).entries) == len(everything.entries)
    assert len(gaps.unused(knowledge, 90).entries) == len(never.entries)
