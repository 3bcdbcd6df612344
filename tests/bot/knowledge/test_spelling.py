"""What pupils type is read as the Dutch they mean; what is a word, a name or nonsense stays as it is."""

from collections import Counter

import pytest

from bot.knowledge.loader import Knowledge
from bot.knowledge.models import Spelling as Table
from bot.knowledge.models import Taal
from bot.knowledge.spelling import Spelling, spelling_of
from bot.knowledge.words import normalise


@pytest.fixture(scope="module")
def spelling(knowledge: Knowledge) -> Spelling:
    return spelling_of(knowledge)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("kheb nt veel geld", "ik heb niet veel geld"),
        ("wnr is het", "wanneer is het"),
        ("welke opl is leuk", "welke opleiding is leuk"),
        ("mn zus zit op de havo", "mijn zus zit op de havo"),
        ("m'n zus zit op de havo", "mijn zus zit op de havo"),
        ("m’n zus zit op de havo", "mijn zus zit op de havo"),
        ("idk", "ik weet niet"),
    ],
)
def test_chat_spelling_is_read_as_the_words(spelling: Spelling, typed: str, meant: str) -> None:
    assert spelling.read(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("opledinng", "opleiding"),
        ("interesant", "interessant"),
        ("moeijlik", "moeilijk"),
        ("probleeem", "probleem"),
        ("kindren", "kinderen"),
        ("helemal", "helemaal"),
    ],
)
def test_a_typing_error_is_read_as_the_word(spelling: Spelling, typed: str, meant: str) -> None:
    assert spelling.read(f"wat een {typed}") == f"wat een {meant}"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("kwalitijt", "kwaliteit"), ("opdragt", "opdracht"), ("teorie", "theorie"), ("sertificaat", "certificaat")],
)
def test_what_is_written_by_ear_is_read_as_the_word(spelling: Spelling, typed: str, meant: str) -> None:
    assert spelling.read(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("jaaaa", "ja"),
        ("neeee", "nee"),
        ("waarrrom", "waarom"),
        ("toppp", "top"),
        ("hoiii", "hoi"),
        ("heyy", "hey"),
        ("heeeel", "heel"),
        ("zooooo leuuuuk", "zo leuk"),
    ],
)
def test_letters_that_are_repeated_count_once_or_twice(spelling: Spelling, typed: str, meant: str) -> None:
    assert spelling.read(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ikwil", "ik wil"),
        ("waarkan", "waar kan"),
        ("watkost dat", "wat kost dat"),
        ("kzoek werk", "ik zoek werk"),
        ("isdat", "is dat"),
    ],
)
def test_a_missing_space_is_put_back(spelling: Spelling, typed: str, meant: str) -> None:
    assert spelling.read(typed) == meant


@pytest.mark.parametrize(
    "word", ["hoofdmenu", "zorgsector", "stagebedrijf", "inschrijfdatum", "keuzestress", "opgeven"]
)
def test_dutch_words_that_are_made_of_words_stay_one(spelling: Spelling, word: str) -> None:
    assert spelling.read(word) == word


@pytest.mark.parametrize(
    "text",
    [
        "Wat verdient een kok?",
        "ik kook graag",
        "de kosten van de kat",
        "mag ik met kader naar niveau 4",
        "Mohammed, Fatima en Jayden wonen in Soest",
        "asdfgh xqzt",
        "3kb of 4tl, om 18.30 uur",
        "👍 😂",
        "kiesmbo.nl",
        "",
    ],
)
def test_words_names_and_nonsense_stay_as_they_are(spelling: Spelling, text: str) -> None:
    assert spelling.read(text) == text


@pytest.mark.parametrize("typed", ["tandartsasistente", "metselar", "elektrisien", "dieren arts asistent", "M&T"])
def test_the_name_of_a_subject_stays_for_who_looks_up_names(spelling: Spelling, typed: str) -> None:
    assert spelling.read(f"hoe word ik {typed}") == f"hoe word ik {typed}"


def test_what_stands_around_a_corrected_word_stays(spelling: Spelling) -> None:
    assert spelling.read("  Hoi!!  wnr,(of\twaar) is 't?\n2x") == "  Hoi!!  wanneer,(of\twaar) is 't?\n2x"


def test_the_table_of_staff_goes_before_the_dictionary(knowledge: Knowledge) -> None:
    changed = Knowledge(
        knowledge.entries.values(),
        knowledge.phrases,
        Table(woorden={"kaas met ham": ["Flarp", "brood"]}),
        knowledge.verkenning,
        knowledge.gesprekken,
    )
    assert Spelling(changed).read("flarp FLARP en brood") == "kaas met ham kaas met ham en kaas met ham"


def test_a_new_word_of_staff_is_no_misspelling_any_more(knowledge: Knowledge, spelling: Spelling) -> None:
    assert spelling.read("een moeilijkk") == "een moeilijk"
    kok = knowledge.entries["opleiding:25180"]
    renamed = [*knowledge.entries.values(), kok.copy(update={"uitleg": "Je maakt moeilijkk."})]
    others = (knowledge.phrases, knowledge.spelling, knowledge.verkenning, knowledge.gesprekken)
    assert Spelling(Knowledge(renamed, *others)).read("een moeilijkk") == "een moeilijkk"


def test_what_staff_wrote_is_read_as_it_stands(knowledge: Knowledge, spelling: Spelling) -> None:
    texts = [
        text
        for entry in knowledge.entries.values()
        if not isinstance(entry, Taal)
        for name, value in entry.dict(exclude={"bron", "vragen", "patronen", "niet", "namen"}).items()
        for text in (value.values() if isinstance(value, dict) else [value])
        if isinstance(text, str)
    ]
    assert len(texts) > 1000
    assert [(text, spelling.read(text)) for text in texts if spelling.read(text) != text] == []


def test_reading_twice_changes_nothing_more(knowledge: Knowledge, spelling: Spelling) -> None:
    once = [spelling.read(question) for entry in knowledge.entries.values() for question in entry.vragen]
    assert [(text, spelling.read(text)) for text in once if spelling.read(text) != text] == []


def test_no_spelling_stands_at_two_words(knowledge: Knowledge) -> None:
    forms = Counter(normalise(form) for forms in knowledge.spelling.woorden.values() for form in forms)
    assert [form for form, times in forms.items() if times > 1] == []


def test_no_word_is_a_spelling_of_another(knowledge: Knowledge) -> None:
    forms = {normalise(form) for forms in knowledge.spelling.woorden.values() for form in forms}
    assert forms & set(knowledge.spelling.woorden) == set()


def test_the_spelling_is_made_once_for_this_version_of_the_knowledge(knowledge: Knowledge) -> None:
    assert spelling_of(knowledge) is spelling_of(knowledge)
