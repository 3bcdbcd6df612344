"""The facts in the real knowledge files: complete, sourced, in agreement with the law, and free of known mistakes."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Optional

import pytest

from bot.knowledge.kinds import GENERAL, GENERAL_TOPICS, TABLE
from bot.knowledge.loader import Knowledge
from bot.knowledge.models import (
    Activiteit,
    Doorstroom,
    Event,
    Hulplijn,
    Leerweg,
    Niveau,
    Nood,
    Onderwerp,
    Opleiding,
    Profiel,
    Wereld,
)
from bot.knowledge.words import normalise
from bot.settings import PROJECT

MOST_WORDS = 60
MOST_LETTERS_ON_A_BUTTON = 32
NOT_SAID = {"id", "bron", "betrouwbaarheid", "namen", "vragen", "patronen", "niet", "zie_ook", "vergelijkt", "riasec"}


def texts(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Everything that pupils may read, each with where it stands."""
    for entry in knowledge.entries.values():
        for field, value in entry.dict(exclude=NOT_SAID).items():
            for text in value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]:
                if isinstance(text, str):
                    yield f"{entry.key} {field}", text
    yield from knowledge.phrases.zinnen.items()
    yield from knowledge.phrases.knoppen.items()
    yield "begroeting", knowledge.phrases.begroeting


def sentences(knowledge: Knowledge, pattern: str) -> list[tuple[str, str]]:
    """The sentences in which the pattern occurs, each with where it stands."""
    return [
        (place, sentence)
        for place, text in texts(knowledge)
        for sentence in re.split(r"(?<=[.!?])\s+", text)
        if re.search(pattern, sentence, re.IGNORECASE)
    ]


def word_count(text: str) -> int:
    return len(re.findall(r"[^\s*]+", text))


def test_the_files_are_complete(knowledge: Knowledge) -> None:
    assert len(knowledge.all(Opleiding)) >= 130
    assert {model: len(knowledge.all(model)) for model in (Wereld, Profiel, Leerweg, Niveau)} == {
        Wereld: 16,
        Profiel: 10,
        Leerweg: 4,
        Niveau: 4,
    }
    assert {leerweg.id for leerweg in knowledge.all(Leerweg)} == {"bb", "kb", "gl", "tl"}


def test_every_opleiding_has_a_crebo_of_five_digits(knowledge: Knowledge) -> None:
    assert [o.id for o in knowledge.all(Opleiding) if not re.fullmatch(r"2[5-7]\d{3}", o.id)] == []


def test_every_wereld_has_opleidingen(knowledge: Knowledge) -> None:
    main = {opleiding.werelden[0] for opleiding in knowledge.all(Opleiding)}
    assert main == {wereld.id for wereld in knowledge.all(Wereld)}


def test_every_entry_has_a_source_and_a_confidence(knowledge: Knowledge) -> None:
    entries = knowledge.entries.values()
    assert [e.key for e in entries if not e.bron or e.betrouwbaarheid not in ("hoog", "middel")] == []


def test_the_kalender_has_the_last_day_to_enrol_and_no_invented_regional_dates(knowledge: Knowledge) -> None:
    real = {event.id: event.datum for event in knowledge.all(Event) if not event.voorbeeld}
    assert real["aanmelden-1-april-2027"] == date(2027, 4, 1)
    assert real["voorlichtingsdag-mbo-beroepen"] is None
    assert real["loopbaanevenement-eemland"] is None


def test_no_question_stands_in_two_entries(knowledge: Knowledge) -> None:
    entries: dict[str, set[str]] = defaultdict(set)
    for entry in knowledge.entries.values():
        for question in entry.vragen:
            entries[" ".join(re.findall(r"\w+", normalise(question)))].add(entry.key)
    assert {question: keys for question, keys in entries.items() if len(keys) > 1} == {}


def test_buttons_are_short(knowledge: Knowledge) -> None:
    labels = [e.knop for e in knowledge.entries.values() if isinstance(e, (Onderwerp, Activiteit))]
    labels += knowledge.phrases.knoppen.values()
    assert [label for label in labels if len(label) > MOST_LETTERS_ON_A_BUTTON] == []


def test_answers_are_short(knowledge: Knowledge) -> None:
    answers = {
        **{f"{o.key} {kind}": text for o in knowledge.all(Onderwerp) for kind, text in o.antwoorden.items()},
        **{o.key: o.antwoord for o in knowledge.all(Onderwerp)},
        **{n.key: n.antwoord for n in knowledge.all(Nood)},
        **{d.key: d.uitleg for d in knowledge.all(Doorstroom)},
    }
    for activity in knowledge.all(Activiteit):
        answers[f"{activity.key} uitleg"] = f"{activity.uitleg} {activity.regio or ''}"
        answers[f"{activity.key} voorbereiden"] = f"{activity.voorbereiden} {activity.meenemen or ''}"
        answers[f"{activity.key} terugkijken"] = activity.terugkijken
    assert {key: word_count(text) for key, text in answers.items() if word_count(text) > MOST_WORDS} == {}


def code() -> Iterable[ast.AST]:
    for folder in ("bot", "actions", "web"):
        for path in (PROJECT / folder).rglob("*.py"):
            yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def first_arguments(method: str) -> set[str]:
    """The fixed texts with which a method is called first, as in `sources.say("start")`."""
    return {
        node.args[0].value
        for node in code()
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == method
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def test_every_sentence_and_button_that_the_code_says_exists(knowledge: Knowledge) -> None:
    assert first_arguments("say") - set(knowledge.phrases.zinnen) == set()
    assert first_arguments("button") - set(knowledge.phrases.knoppen) == set()
    assert set(GENERAL_TOPICS) - set(knowledge.phrases.algemeen) == set()


def is_made_of(name: str, said: set[str]) -> bool:
    """Whether the code has the name, or its two parts, as f"stap_{name}" and "terug"."""
    cuts = [match.start() for match in re.finditer("[._]", name)]
    parts = [(name[: cut + 1], name[cut + 1 :]) for cut in cuts] + [(name[:cut], name[cut:]) for cut in cuts]
    parts += [(name[:cut], name[cut + 1 :]) for cut in cuts]
    return name in said or any(start in said and end in said for start, end in parts)


def test_every_sentence_button_and_general_topic_is_used(knowledge: Knowledge) -> None:
    said = {node.value for node in code() if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    unused = [
        name
        for name in (*knowledge.phrases.zinnen, *knowledge.phrases.knoppen, *knowledge.phrases.algemeen)
        if not (is_made_of(name, said) or name.rstrip("1234") in said or is_about_the_last_answer(name))
    ]
    assert unused == []


def is_about_the_last_answer(phrase: str) -> bool:
    """Whether it is what `kinds/aside.py` says after one kind of question, as `waarom.duur`."""
    aside, _, kind = phrase.partition(".")
    return aside in ("waarom", "eenvoudig") and kind in {kind for _, kind in TABLE} | set(GENERAL)


JA, NEE = "ja", "nee"


@pytest.mark.parametrize(
    ("vooropleiding", "entree", "niveau2", "niveau3", "niveau4", "havo"),
    [
        ("geen-diploma", JA, NEE, NEE, NEE, NEE),
        ("bb", NEE, JA, NEE, NEE, NEE),
        ("kb", NEE, JA, JA, JA, NEE),
        ("gl", NEE, JA, JA, JA, JA),
        ("tl", NEE, JA, JA, JA, JA),
        ("havo-overgang", NEE, JA, JA, JA, None),
        ("entree", None, JA, NEE, NEE, NEE),
        ("mbo-2", None, None, JA, "soms", NEE),
        ("mbo-3", None, None, None, JA, NEE),
    ],
)
def test_the_table_of_who_may_go_where_is_the_law(
    knowledge: Knowledge,
    vooropleiding: str,
    entree: Optional[str],
    niveau2: Optional[str],
    niveau3: Optional[str],
    niveau4: Optional[str],
    havo: Optional[str],
) -> None:
    row = knowledge.one(Doorstroom, vooropleiding)
    for column, law in (
        ("entree", entree),
        ("niveau2", niveau2),
        ("niveau3", niveau3),
        ("niveau4", niveau4),
        ("havo", havo),
    ):
        assert law in (None, getattr(row, column)), column


def test_the_table_has_no_other_rows(knowledge: Knowledge) -> None:
    assert len(knowledge.all(Doorstroom)) == 9


@pytest.mark.parametrize("leerweg", ["bb", "kb", "gl", "tl"])
def test_a_leerweg_says_the_same_as_the_table(knowledge: Knowledge, leerweg: str) -> None:
    row, entry = knowledge.one(Doorstroom, leerweg), knowledge.one(Leerweg, leerweg)
    assert entry.niveaus == [level for level in (1, 2, 3, 4) if row.mag(level) == JA]
    assert entry.havo == (row.havo == JA)


@pytest.mark.parametrize(("id", "afkorting"), [("gl", "extra vak"), ("tl", "extra vak")])
def test_havo_after_gl_or_tl_asks_an_extra_subject(knowledge: Knowledge, id: str, afkorting: str) -> None:
    assert afkorting in knowledge.one(Doorstroom, id).uitleg
    assert afkorting in knowledge.one(Leerweg, id).uitleg


def test_gl_and_tl_are_not_merged(knowledge: Knowledge) -> None:
    for place, sentence in sentences(knowledge, r"samen(?:ge|gaan|voeg)|nieuwe leerweg (?:is|vervangt)|fusie van gl"):
        if re.search(r"\bgl\b|\btl\b|leerweg", sentence):
            assert re.search(r"\bniet\b|gestopt", sentence), (place, sentence)


def test_basis_never_leads_to_niveau_3_at_once(knowledge: Knowledge) -> None:
    clause = r"\b(?:basis|bb)\b[^,]*\bniveau (?:\d (?:of|en) )?[34]\b|\bniveau [34]\b[^,]* met (?:een \w+ van )?basis\b"
    wrong = [
        (place, sentence)
        for place, sentence in sentences(knowledge, clause)
        if not place.endswith((" naam", " knop")) and not re.search(r"\b(?:niet|geen|eerst|nog)\b", sentence)
    ]
    assert wrong == []
    assert knowledge.one(Leerweg, "bb").niveaus == [2]


def test_the_limit_is_uiterlijk_op_1_april(knowledge: Knowledge) -> None:
    assert sentences(knowledge, r"\b(?:v[oó][oó]r|tot) 1 april\b") == []
    said = re.compile(r"uiterlijk op 1 april|\bna 1 april|donderdag 1 april 2027", re.IGNORECASE)
    wrong = [found for found in sentences(knowledge, r"\b1 april\b") if not said.search(found[1])]
    assert [place for place, _ in wrong if not place.endswith(" naam")] == []


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("te-laat", r"kan na 1 april nog"),
        ("aanmelddatum", r"meestal recht op een plek"),
        ("opleiding-vol", r"\bvol\b"),
        ("intake", r"\bmoet\b|verplicht|meedoen"),
        ("studiekeuzeadvies", r"niet bindend"),
        ("bsa", r"eerste mbo-jaar"),
        ("havo", r"geen eisen stellen aan je cijfers"),
        ("havo-na-bb-kb", r"^Nee"),
        ("lesgeld", r"op 1 augustus 18 of ouder"),
        ("reisproduct", r"ook als je nog geen 18 bent"),
        ("studiefinanciering", r"vanaf 18 jaar, en alleen bij bol"),
        ("nieuwe-leerweg", r"gestopt"),
        ("profiel", r"Vroeger heette een profiel een sector"),
        ("adviseert-lobke", r"^Nee"),
        ("bb-naar-niveau-3", r"^Nee, met basis mag je niet meteen"),
        ("startkwalificatie", r"havo, vwo of mbo niveau 2"),
    ],
)
def test_what_pupils_often_hear_wrong_is_said_right(knowledge: Knowledge, key: str, says: str) -> None:
    assert re.search(says, knowledge.one(Onderwerp, key).antwoord + " " + " ".join(
        knowledge.one(Onderwerp, key).antwoorden.values()
    ))  # fmt: skip


def test_lesgeld_is_never_named_without_the_age(knowledge: Knowledge) -> None:
    for place, text in texts(knowledge):
        if re.search(r"betaal\w* (?:\w+ )?(?:lesgeld|cursusgeld)", text):
            assert "18" in text, place


def test_only_the_advice_is_not_binding(knowledge: Knowledge) -> None:
    for place, sentence in sentences(knowledge, r"studiekeuzeadvies.*\bbindend\b"):
        assert "niet bindend" in sentence, (place, sentence)


def test_113_is_free(knowledge: Knowledge) -> None:
    line = knowledge.one(Hulplijn, "113")
    assert line.telefoon == "113"
    assert "gratis" in line.kosten_tijd


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        (r"wetsvoorstel", ()),
        (r"kenniscentr|\bKBB", ()),
        (r"\bsector(?:en)?\b", ("onderwerp:profiel",)),
        (r"\bbeste (?:opleiding|beroep|school)\b", ("onderwerp:adviseert-lobke",)),
        (r"%|\bprocent\b", ("onderwerp:bbl",)),
        (r"\bkans(?:en)? (?:van|is) \d", ()),
        (r"zeker (?:een |van )?(?:werk|baan)\b|baangarantie", ()),
    ],
)
def test_what_is_wrong_or_promises_too_much_is_not_said(
    knowledge: Knowledge, pattern: str, allowed: tuple[str, ...]
) -> None:
    assert [found for found in sentences(knowledge, pattern) if not found[0].startswith(allowed or ("-",))] == []


def test_an_amount_is_only_named_with_its_school_year(knowledge: Knowledge) -> None:
    for place, sentence in sentences(knowledge, r"€|\beuro\b|\d\.\d{3}"):
        amounts = set(re.findall(r"\d[\d.]*(?= euro)", sentence))
        assert "2024-2025" in sentence and amounts <= {"1.419", "295", "715"}, (place, sentence)


def test_no_date_is_named_outside_the_kalender_but_that_of_aanmelden(knowledge: Knowledge) -> None:
    months = "januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december"
    dates = {
        re.search(rf"\b\d{{1,2}} (?:{months})\b(?: \d{{4}})?", sentence)[0]  # type: ignore[index]
        for place, sentence in sentences(knowledge, rf"\b\d{{1,2}} (?:{months})\b")
    }
    assert dates <= {"1 april", "1 april 2027", "1 augustus"}


def test_phone_numbers_stand_with_the_helplines_only(knowledge: Knowledge) -> None:
    found = sentences(knowledge, r"\b0[89]00\b|\b06-?\d{8}|\b0\d{2,3}[- ]\d{6,7}\b")
    assert [place for place, _ in found if not place.startswith("hulplijn:")] == []


@pytest.mark.parametrize(
    ("profiel", "vakken"),
    [
        ("bwi", ["wiskunde", "nask1"]),
        ("pie", ["wiskunde", "nask1"]),
        ("mt", ["wiskunde", "nask1"]),
        ("mvi", ["wiskunde", "nask1"]),
        ("mat", ["wiskunde", "nask1"]),
        ("zw", ["biologie", "wiskunde", "maatschappijkunde", "aardrijkskunde", "geschiedenis"]),
        ("eo", ["economie", "wiskunde", "Frans", "Duits"]),
        ("hbr", ["economie", "wiskunde", "Frans", "Duits"]),
        ("groen", ["wiskunde", "biologie", "nask1"]),
        ("dp", ["wiskunde", "nask1", "biologie", "economie"]),
    ],
)
def test_a_profiel_has_its_own_subjects(knowledge: Knowledge, profiel: str, vakken: list[str]) -> None:
    known = ["wiskunde", "nask1", "biologie", "economie", "Frans", "Duits"]
    known += ["maatschappijkunde", "aardrijkskunde", "geschiedenis"]
    named = knowledge.one(Profiel, profiel).vakken
    assert {vak for vak in known if vak in named} == set(vakken)


@pytest.mark.parametrize(
    ("niveau", "duur"), [("1", "1 jaar"), ("2", "1 tot 2 jaar"), ("3", "2 tot 3 jaar"), ("4", "meestal 3 jaar")]
)
def test_a_niveau_has_its_duration(knowledge: Knowledge, niveau: str, duur: str) -> None:
    assert duur in knowledge.one(Niveau, niveau).duur
