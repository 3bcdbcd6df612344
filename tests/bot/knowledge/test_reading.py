"""Every text that a pupil reads is easy enough to read; and what counts as easy."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.knowledge.answers import answer
from bot.knowledge.kinds import GENERAL, TABLE
from bot.knowledge.kinds.help import distress
from bot.knowledge.models import Nood
from bot.knowledge.question import Question, Sources
from bot.knowledge.reading import (
    HARD_WORDS_FILE,
    LEAST_WORDS_TO_SCORE,
    MOST_WORDS,
    explains,
    hard_words,
    hard_words_in,
    passives,
    reading_score,
    remarks,
    sentences,
    syllables,
    words,
)
from bot.settings import PROJECT

KNOWLEDGE = PROJECT / "knowledge"
NOT_DUTCH_OR_NOT_SAID = {HARD_WORDS_FILE, "spelling.yml", "talen.yml"}
FILES = [path for path in sorted(KNOWLEDGE.rglob("*.yml")) if path.name not in NOT_DUTCH_OR_NOT_SAID]
NOT_SAID = {"id", "bron", "betrouwbaarheid", "namen", "vragen", "patronen", "niet", "zie_ook", "vergelijkt", "riasec"}
NAMES = {"naam", "afkorting", "telefoon", "chat", "hoofdgroepen"}
"""Official names may be long or hard; numbers and addresses are not read as sentences."""
LEERWEGEN = (None, "bb", "kb")
"""Without a leerweg; one that opens one level; one that opens three, as gl and tl do."""


def test_a_text_is_split_in_sentences_and_lines_of_a_list() -> None:
    assert sentences('Ben je 18? Dan betaal je "lesgeld." Dat is zo.') == [
        "Ben je 18?",
        'Dan betaal je "lesgeld."',
        "Dat is zo.",
    ]
    assert sentences("Dit komt:\n- **Open dag**: om 18.30 uur\n\n") == ["Dit komt:", "- **Open dag**: om 18.30 uur"]


def test_a_field_of_a_template_and_a_compound_are_one_word() -> None:
    assert words("Voor **{naam}** ga je om 18.30 uur naar de mbo-school, of niet.") == [
        *("Voor", "{naam}", "ga", "je", "om", "18.30", "uur", "naar", "de", "mbo-school", "of", "niet")
    ]


@pytest.mark.parametrize(
    ("word", "count"),
    [("kok", 1), ("decaan", 2), ("opleiding", 3), ("mbo-opleiding", 4), ("Kwalificatie", 5), ("18", 1)],
)
def test_syllables_are_where_a_word_may_be_hyphenated(word: str, count: int) -> None:
    assert syllables(word) == count


def test_the_reading_score_is_that_of_douma() -> None:
    two_sentences = "Je leert koken. Daarna kun je gaan werken."
    assert [syllables(word) for word in words(two_sentences)] == [1, 1, 2, 2, 1, 1, 1, 2]
    assert reading_score(two_sentences) == pytest.approx(206.84 - 0.93 * 8 / 2 - 77 * 11 / 8)


def test_a_field_of_a_template_makes_the_sentence_longer_and_the_words_no_easier() -> None:
    assert reading_score("Je leert koken bij {school}.") == pytest.approx(206.84 - 0.93 * 5 - 77 * 5 / 4)


def test_long_sentences_and_long_words_are_harder_to_read() -> None:
    easy = "Je helpt mensen. Je praat met ze. Je maakt een plan."
    assert reading_score(easy) > reading_score(easy.replace(". J", " en j")) > 60
    assert reading_score("De uitstroommogelijkheden zijn afhankelijk van de kwalificatie.") < 0


def test_the_hard_words_are_many_and_each_has_an_easier_one_that_is_not_hard() -> None:
    assert len(hard_words()) >= 120
    assert {word: easier for word, easier in hard_words().items() if not easier or hard_words_in(easier)} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Je meldt je aan middels een formulier.", ["middels"]),
        ("Indien je 18 bent, dien je te betalen.", ["indien"]),
        ("Je leert coördineren, met betrekking tot werk.", ["coördineren", "met betrekking tot"]),
        ("Je maakt offertes.", ["offerte"]),
        ("Je kiest het middelste vak.", []),
        ("De portfoliomap ligt op tafel.", []),
    ],
)
def test_a_hard_word_is_found_as_a_whole_word_with_its_endings(text: str, found: list[str]) -> None:
    assert hard_words_in(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "Je schrijft een evaluatie (wat vond je ervan) in je map.",
        "Er is een onderzoek naar je gedrag (een screening).",
        "Het advies is niet bindend. Dat betekent dat jij kiest.",
        "Een bsa is een bindend advies: dat is een advies waar je je aan moet houden.",
        "Verzuim betekent dat je niet op school bent.",
        "Wat je van de dag vond, heet een evaluatie.",
    ],
)
def test_a_hard_word_may_stand_where_the_text_explains_it(text: str) -> None:
    assert hard_words_in(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Je schrijft een evaluatie. Het is een map (van school).",
        "Dat is fijn. Het advies is bindend.",
        "Je evaluatie komt later. De map betekent veel voor je.",
    ],
)
def test_brackets_or_dat_is_elsewhere_explain_nothing(text: str) -> None:
    assert not any(explains(text, word) for word in ("evaluatie", "bindend"))
    assert hard_words_in(text) != []


@pytest.mark.parametrize(
    "sentence",
    [
        "Er wordt gekeken naar je cijfers.",
        "Je ziet hoe brood gemaakt wordt.",
        "Dit is hout dat weer gebruikt kan worden.",
        "Je wordt door de school toegelaten.",
        "Veel mensen worden **opgeleid**.",
        "Je werd goed begeleid.",
    ],
)
def test_a_passive_sentence_is_found(sentence: str) -> None:
    assert passives(f"Je leert veel. {sentence}") == [sentence]


@pytest.mark.parametrize(
    "sentence",
    [
        "Je kunt kok worden als je hard werken gewend bent.",
        "Als je 18 wordt in mei, heb je vast al gewerkt.",
        "Je kunt agent worden tegen geweld.",
        "Om kok te worden moet je beginnen op niveau 2.",
        "Wat wil je worden als je van school gegaan bent?",
        "De school heeft je toegelaten.",
        "Vies worden hoort erbij.",
    ],
)
def test_becoming_something_is_not_passive(sentence: str) -> None:
    assert passives(sentence) == []


def test_the_remarks_say_what_to_do_in_dutch() -> None:
    long = "Je " + "gaat en " * 10 + "komt."
    assert remarks(f"{long} Er wordt gewerkt middels dit.") == [
        f'zin van 22 woorden: "{long}"',
        'moeilijk woord "middels": schrijf "met"',
        'lijdende vorm: "Er wordt gewerkt middels dit."',
    ]
    hard = "Belangrijke informatie. " * 20
    assert remarks(hard) == [f"leesscore {reading_score(hard):.0f} (minstens 60)"]
    assert remarks("Dat is fijn. " * 21) == ["63 woorden (hoogstens 60)"]


def test_a_short_text_gets_no_score() -> None:
    hard = "Belangrijke informatie. " * 12
    assert len(words(hard)) == LEAST_WORDS_TO_SCORE - 1
    assert remarks(hard) == []


def texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a knowledge file that a pupil may read, each with the id and the field where it stands."""
    if isinstance(value, dict):
        place = f"{place} {value.get('id', '')}".strip()
        for field, inner in value.items():
            if field not in NOT_SAID | NAMES:
                yield from texts(inner, f"{place} {field}")
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, place)
    elif isinstance(value, str):
        yield place, value


def offenders(found: Iterator[tuple[str, str]]) -> list[str]:
    return [f"{place}: {remark}" for place, text in found for remark in remarks(text)]


def test_the_texts_of_a_file_are_found() -> None:
    item = {"id": "bol", "naam": "x", "antwoord": "A", "antwoorden": {"duur": "B"}, "vragen": ["c"]}
    assert list(texts({"standaard": {"bron": "x"}, "items": [item]})) == [
        ("items bol antwoord", "A"),
        ("items bol antwoorden duur", "B"),
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(KNOWLEDGE)))
def test_every_text_of_the_knowledge_is_easy_to_read(path: Path) -> None:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert not (found := offenders(texts(content))), "\n".join(found)


def test_every_response_of_the_domain_is_easy_to_read() -> None:
    responses = yaml.safe_load((PROJECT / "domain.yml").read_text(encoding="utf-8"))["responses"]
    said = ((name, variant["text"]) for name, variants in responses.items() for variant in variants)
    assert not (found := offenders(said)), "\n".join(found)


def words_in_bubble(text: str) -> int:
    """Words outside lists. A name in bold is one word: it is official, so it cannot be shortened."""
    lines = [line for line in text.splitlines() if not line.startswith("- ")]
    return len(words(re.sub(r"\*\*[^*]+\*\*", "naam", "\n".join(lines))))


def test_a_list_and_a_name_in_bold_do_not_make_a_bubble_long() -> None:
    text = "Dit is **Basis technicus voertuigen** (niveau 2):\n- een lange regel van een lijst\n\nKies er 1."
    assert words_in_bubble(text) == 8


def test_every_answer_fits_in_a_bubble(sources: Sources) -> None:
    entries = [key for key in sources.knowledge.entries if not key.startswith(("event:", "nood:"))]
    kinds = sorted({kind for _, kind in TABLE} | set(GENERAL))
    asked = [(kind, ((key,),)) for key in (*entries, *sources.names._beroepen) for kind in kinds]
    asked += [(kind, ()) for kind in GENERAL]
    long = {}
    for kind, subjects in asked:
        for leerweg in LEERWEGEN:
            question = Question(kind, subjects, today=date(2026, 11, 21), leerweg=leerweg, chosen=True)
            text = answer(question, sources).text
            if (count := words_in_bubble(text)) > MOST_WORDS:
                long.setdefault(text, f"{kind} {subjects} {leerweg}: {count} woorden: {text}")
    assert not long, "\n".join(long.values())


def test_every_answer_to_distress_fits_in_a_bubble(sources: Sources) -> None:
    answers = {nood.id: distress(nood.id, sources).text for nood in sources.knowledge.all(Nood)}
    assert {id: text for id, text in answers.items() if words_in_bubble(text) > MOST_WORDS} == {}
