"""A message is taken apart where pupils begin something else, and a part that asks something is known as such."""

import pytest

from bot.knowledge.parts import asks, parts


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("wat kost kok en hoe lang duurt het", ["wat kost kok", "en hoe lang duurt het"]),
        ("wat kost kok? hoe lang duurt het", ["wat kost kok", "hoe lang duurt het"]),
        ("Ik ben gezakt. Wat nu dan?", ["Ik ben gezakt", "Wat nu dan?"]),
        ("ik zit op kader, wat kan ik worden", ["ik zit op kader", "wat kan ik worden"]),
        ("wat is bol\nen wat is bbl", ["wat is bol", "en wat is bbl"]),
        ("wat kost kok + waar is dat", ["wat kost kok", "waar is dat"]),
        ("wat doet een kok EN HOE lang duurt het", ["wat doet een kok", "EN HOE lang duurt het"]),
        (
            "ik wil kok worden maar mijn vader slaat me sinds dat hij weg is",
            ["ik wil kok worden", "maar mijn vader slaat me", "sinds dat hij weg is"],
        ),
    ],
)
def test_a_message_is_taken_apart_at_sentences_and_clauses(text: str, pieces: list[str]) -> None:
    assert parts(text) == pieces


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...",
        "hoi",
        "kok of bakker",
        "wat is bol en bbl",
        "zorg en welzijn",
        "om 18.30 uur is er een open dag",
        "ja, nee",
    ],
)
def test_what_is_one_thing_has_no_parts(text: str) -> None:
    assert parts(text) == []


def test_one_word_belongs_to_what_was_said_before() -> None:
    assert parts("wat is bol. Ok. en wat is bbl") == ["wat is bol Ok", "en wat is bbl"]


def test_a_long_story_has_six_parts_and_loses_no_word() -> None:
    told = [f"zin nummer {number}" for number in range(10)]
    found = parts(". ".join(told))
    assert len(found) == 6
    assert " ".join(found) == " ".join(told)


@pytest.mark.parametrize(
    "part",
    [
        "wat kost het",
        "en hoe lang duurt het",
        "maar mag dat ook met basis",
        "in welke plaats is dat",
        "of past dat niet bij mij",
        "Kan ik dat doen",
        "ik vraag me af hoeveel je verdient",
        "duurt dat lang",
        "leuk?",
    ],
)
def test_a_question_is_known_by_how_it_begins_its_question_word_or_its_mark(part: str) -> None:
    assert asks(part)


@pytest.mark.parametrize(
    "part", ["ik zit op kader", "kok worden", "met kader mag dat", "ik heb een vraag", "dat is leuk", ""]
)
def test_what_is_told_is_no_question(part: str) -> None:
    assert not asks(part)
