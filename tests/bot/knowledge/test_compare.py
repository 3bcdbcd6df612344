"""Who cannot choose sees two or three things side by side, in the same rows, and never which one is best."""

from datetime import date
from itertools import combinations
from typing import Any, Optional

import pytest

from bot.knowledge.answers import answer, answers
from bot.knowledge.kinds.compare import MOST_WORDS, ROWS, compare, shorten, years_of
from bot.knowledge.loader import Knowledge
from bot.knowledge.models import Event, Niveau, Wereld
from bot.knowledge.names import Names, Subject
from bot.knowledge.question import CLEAR_HIT, Answer, Hit, Question, Sources

TODAY = date(2026, 11, 22)
STUDY_ROWS = ["Wat doe je?", "Waar werk je?", "Niveau", "Duur", "Handig als je…", "Probeer uit"]
LEERWEG_ROWS = ["Hoe leer je?", "Praktijk", "Past bij jou als…", "Niveau op het mbo", "Havo?"]


def typed(sources: Sources, text: str, kind: Optional[str] = "inhoud", **known: Any) -> Question:
    """A typed message, with the names in it."""
    subjects = tuple(match.subjects for match in sources.names.find(text))
    return Question(kind, subjects, text=text, today=TODAY, **known)


def asked(sources: Sources, text: str, kind: Optional[str] = "inhoud", **known: Any) -> Answer:
    """The only answer to a typed message."""
    (found,) = answers([typed(sources, text, kind, **known)], sources)
    return found


def pressed(sources: Sources, meaning: str) -> Answer:
    """The answer to a pressed choice."""
    kind, *keys = meaning.split("|")
    return answer(Question(kind, tuple((key,) for key in keys), today=TODAY, chosen=True), sources)


def table(found: Answer) -> dict[str, Any]:
    assert found.card
    table: dict[str, Any] = found.card["table"]
    return table


def labels(found: Answer) -> list[str]:
    return [row["label"] for row in table(found)["rows"]]


def row(found: Answer, label: str) -> list[str]:
    return next(row["cells"] for row in table(found)["rows"] if row["label"] == label)


def meanings(found: Answer) -> list[str]:
    return [choice.meaning for choice in found.choices]


def with_event(sources: Sources, **fields: Any) -> Sources:
    """The sources with one event in the kalender."""
    known = sources.knowledge
    basis = dict(
        id="dag",
        titel="Dag in de zorg",
        soort="open-dag",
        organisator="o",
        uitleg="u",
        bron="b",
        betrouwbaarheid="hoog",
    )
    entries = [entry for entry in known.entries.values() if not isinstance(entry, Event)]
    knowledge = Knowledge(
        [*entries, Event(**{**basis, **fields})], known.phrases, known.spelling, known.verkenning, known.gesprekken
    )
    return Sources(knowledge, Names(knowledge))


@pytest.mark.parametrize(
    ("kind", "text", "head"),
    [
        ("interesse", "ik twijfel tussen zorg en techniek", ["Zorg en welzijn", "Techniek en energie"]),
        ("inhoud", "zorg of techniek?", ["Zorg en welzijn", "Techniek en energie"]),
        (None, "toch liever zorg of techniek", ["Zorg en welzijn", "Techniek en energie"]),
        ("passend", "wat past beter bij mij, kok of bakker", ["Kok", "Bakker"]),
        ("inhoud", "kok of bakker", ["Kok", "Bakker"]),
        ("vergelijk", "wat is beter kok of bakker", ["Kok", "Bakker"]),
        ("inhoud", "wat is het verschil tussen basis en tl", ["bb", "tl"]),
        ("inhoud", "pie of bwi", ["PIE", "BWI"]),
        ("vergelijk", "niveau 2 of niveau 4", ["Niveau 2", "Niveau 4"]),
        ("vergelijk", "zorg, techniek of ict", ["Zorg en welzijn", "Techniek en energie", "ICT"]),
    ],
)
def test_a_message_that_weighs_things_puts_them_side_by_side(
    sources: Sources, kind: Optional[str], text: str, head: list[str]
) -> None:
    found = asked(sources, text, kind)
    assert (found.kind, found.outcome, table(found)["head"]) == ("vergelijk", "answered", head)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("interesse", "ik hou van zorg en techniek"),
        ("interesse", "koken of bakken"),
        ("kosten", "wat kost meer, kok of bakker"),
        ("toelating", "mag ik met kader naar kok of bakker"),
        ("niveau", "ik twijfel niet over kok, is dat niveau 3 of 4"),
    ],
)
def test_two_names_in_another_question_are_not_put_side_by_side(sources: Sources, kind: str, text: str) -> None:
    assert all(found.kind != "vergelijk" for found in answers([typed(sources, text, kind)], sources))


def test_a_choice_with_three_werelden_puts_them_side_by_side(sources: Sources) -> None:
    found = pressed(sources, "vergelijk|wereld:zorg|wereld:techniek|wereld:ict")
    assert table(found)["head"] == ["Zorg en welzijn", "Techniek en energie", "ICT"]


def test_werelden_and_opleidingen_have_the_rows_that_a_choice_needs(sources: Sources) -> None:
    found = pressed(sources, "vergelijk|beroep:kok|wereld:zorg")
    assert labels(found) == STUDY_ROWS
    assert row(found, "Niveau") == ["2, 3 of 4", "1, 2, 3 of 4"]
    assert row(found, "Duur") == ["1 tot 4 jaar", "1 tot 4 jaar"]
    assert row(found, "Handig als je…")[1].startswith("geduldig bent")


def test_leerwegen_have_rows_of_their_own(sources: Sources) -> None:
    found = pressed(sources, "vergelijk|leerweg:bb|leerweg:tl")
    assert labels(found) == LEERWEG_ROWS
    assert row(found, "Niveau op het mbo") == ["2", "2, 3 of 4"]
    assert row(found, "Havo?") == ["Nee, met dit diploma niet.", "Ja, met een extra vak."]
    assert row(found, "Past bij jou als…")[0].startswith("je het liefst leert")


def test_no_winner_is_named_and_there_is_a_next_step(sources: Sources) -> None:
    found = pressed(sources, "vergelijk|wereld:zorg|wereld:techniek")
    assert "Er is geen beste keuze" in found.text and found.text.endswith("?")
    assert meanings(found) == ["inhoud|wereld:zorg", "inhoud|wereld:techniek", "inhoud|activiteit:meeloopdag"]


def test_comparing_leerwegen_does_not_say_which_one_she_does(sources: Sources) -> None:
    assert asked(sources, "kader of tl, wat is het verschil").leerweg is None
    assert asked(sources, "ik doe kader, wat mag ik dan", "toelating").leerweg == "kb"


def test_what_can_be_tried_out_is_the_first_event_that_names_it(sources: Sources) -> None:
    coming = with_event(sources, datum="2026-12-01", werelden=["zorg"])
    zorg, techniek = row(pressed(coming, "vergelijk|wereld:zorg|wereld:techniek"), "Probeer uit")
    assert zorg == "Dag in de zorg, dinsdag 1 december 2026"
    assert techniek == "Meeloopdag, proefles of proefstuderen"


@pytest.mark.parametrize(
    "fields",
    [
        {"datum": "2026-11-21", "werelden": ["zorg"]},
        {"datum": "2026-12-01", "werelden": []},
        {"datum": "2026-12-01", "werelden": ["zorg"], "soort": "ouderavond"},
        {"datum": "2026-12-01", "werelden": ["zorg"], "leerjaren": [3]},
    ],
    ids=["over", "for all werelden", "nothing to try", "another leerjaar"],
)
def test_another_event_is_not_shown_as_something_to_try(sources: Sources, fields: dict[str, Any]) -> None:
    question = Question("vergelijk", (("wereld:zorg",), ("wereld:ict",)), today=TODAY, leerjaar="4", chosen=True)
    found = answer(question, with_event(sources, **fields))
    assert row(found, "Probeer uit")[0] == "Meeloopdag, proefles of proefstuderen"


def test_an_example_is_called_an_example(sources: Sources) -> None:
    coming = with_event(sources, datum="2026-12-01", werelden=["zorg"], voorbeeld=True)
    assert row(pressed(coming, "vergelijk|wereld:zorg|wereld:ict"), "Probeer uit")[0].endswith("(voorbeeld)")


def subjects_of(sources: Sources, type: str) -> list[Subject]:
    keys = [key for key in (*sources.knowledge.entries, *sources.names._beroepen) if key.startswith(f"{type}:")]
    return [subject for key in keys if (subject := sources.names.resolve(key))]


@pytest.mark.parametrize("type", sorted(ROWS))
def test_every_cell_is_filled_and_short(sources: Sources, type: str) -> None:
    first, *others = subjects_of(sources, type)
    for other in others:
        found = compare([first, other], Question("vergelijk", today=TODAY), sources)
        cells = [cell for row in table(found)["rows"] for cell in row["cells"]]
        assert [cell for cell in cells if not cell or len(cell.split()) > MOST_WORDS] == [], other.key


def test_an_unknown_cell_sends_her_to_the_decaan_and_an_unknown_row_is_left_out(sources: Sources) -> None:
    known = sources.knowledge
    unknown = {"wereld:zorg": {"handig": "", "werk": ""}, "wereld:ict": {"werk": ""}}
    entries = [entry.copy(update=unknown.get(key, {})) for key, entry in known.entries.items()]
    knowledge = Knowledge(entries, known.phrases, known.spelling, known.verkenning, known.gesprekken)
    found = pressed(Sources(knowledge, Names(knowledge)), "vergelijk|wereld:zorg|wereld:ict")
    assert row(found, "Handig als je…")[0] == "Vraag het je decaan."
    assert "Waar werk je?" not in labels(found)


def test_a_long_text_loses_whole_sentences_only() -> None:
    short, long = "Je bouwt huizen.", "Je werkt " + "heel " * 17 + "hard."
    assert shorten(f"{short} {short} {long}") == f"{short} {short}"
    assert shorten(f"{long} {short}") == long


def test_every_level_says_how_many_years_it_takes(knowledge: Knowledge) -> None:
    years = {niveau.id: years_of(niveau) for niveau in knowledge.all(Niveau)}
    assert years == {"1": (1,), "2": (1, 2), "3": (2, 3), "4": (3, 4)}


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("bol of bbl wat is beter", "onderwerp:bol-of-bbl"),
        ("wat is het verschil tussen basis en kader", "onderwerp:bb-of-kb"),
        ("verschil kader en gl", "onderwerp:kb-of-gl"),
        ("verschil tussen niveau 2 en niveau 3", "onderwerp:niveau-2-of-3"),
    ],
)
def test_a_comparison_that_staff_wrote_goes_first(sources: Sources, text: str, subject: str) -> None:
    assert asked(sources, text, "vergelijk").subject == subject


def test_a_comparison_of_two_is_not_the_answer_for_three(sources: Sources) -> None:
    assert sorted(table(asked(sources, "basis, kader of tl", "vergelijk"))["head"]) == ["bb", "kb", "tl"]


def test_things_of_different_kinds_get_a_line_each(sources: Sources) -> None:
    found = asked(sources, "wat is beter, kok of bbl", "vergelijk")
    assert found.card is None
    assert "**Kok**: niveau 2, 3 of 4" in found.text and "Er is geen beste keuze" in found.text


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("ik twijfel over zorg", ["wereld:zorg|wereld:sport", "wereld:zorg|wereld:toerisme"]),
        (
            "ik twijfel nog heel erg over tl",
            ["leerweg:tl|leerweg:bb", "leerweg:tl|leerweg:kb", "leerweg:tl|leerweg:gl"],
        ),
    ],
)
def test_one_thing_is_asked_what_to_put_beside_it(sources: Sources, text: str, offered: list[str]) -> None:
    found = asked(sources, text, None, hits=(Hit("onderwerp:twijfel", CLEAR_HIT),))
    assert found.outcome == "clarified"
    assert len(found.choices) == 3
    assert meanings(found)[: len(offered)] == [f"vergelijk|{keys}" for keys in offered]


def test_every_thing_that_is_offered_beside_another_can_be_compared(sources: Sources) -> None:
    for type in ROWS:
        for subject in subjects_of(sources, type)[:20]:
            for meaning in meanings(pressed(sources, f"vergelijk|{subject.key}")):
                found = pressed(sources, meaning)
                assert (found.kind, found.outcome) == ("vergelijk", "answered")


@pytest.mark.parametrize("text", ["ik twijfel of ik tl aankan", "zorg, ik twijfel niet"])
def test_a_doubt_about_something_else_is_no_comparison(sources: Sources, text: str) -> None:
    assert asked(sources, text, "inhoud").kind != "vergelijk"


def test_another_name_after_a_comparison_is_put_beside_the_first(sources: Sources) -> None:
    found = asked(sources, "en ict?", None, last_subject="wereld:zorg", last_kind="vergelijk")
    assert table(found)["head"] == ["Zorg en welzijn", "ICT"]


def test_any_two_werelden_can_be_compared(sources: Sources) -> None:
    for one, other in combinations(sources.knowledge.all(Wereld), 2):
        assert labels(pressed(sources, f"vergelijk|{one.key}|{other.key}")) == STUDY_ROWS
