"""Words are compared without accents and by how they sound; a dictionary says which are Dutch."""

import pytest

from bot.knowledge.loader import Knowledge
from bot.knowledge.models import Onderwerp, Taal
from bot.knowledge.words import Dictionary, dictionary_of, normalise, sound, words

SOURCE = {"bron": "b", "betrouwbaarheid": "hoog"}


@pytest.fixture(scope="module")
def dictionary(knowledge: Knowledge) -> Dictionary:
    return dictionary_of(knowledge)


@pytest.mark.parametrize(
    ("typed", "compared"),
    [("KOK", "kok"), ("Oekraïens", "oekraiens"), ("één", "een"), ("İstiyorum", "istiyorum"), ("ı", "i")],
)
def test_capitals_and_accents_do_not_matter(typed: str, compared: str) -> None:
    assert normalise(typed) == compared


def test_words_say_where_they_stand_in_the_text() -> None:
    text = "Hé, m'n 2e keuze: kok_bakker!"
    found = words(text)
    assert [word for word, _, _ in found] == ["he", "m", "n", "2e", "keuze", "kok", "bakker"]
    assert [normalise(text[start:end]) for _, start, end in found] == [word for word, _, _ in found]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("kwalitijt", "kwaliteit"),
        ("egt", "echt"),
        ("kaper", "kapper"),
        ("sgilder", "schilder"),
        ("tegniek", "techniek"),
        ("kado", "cadeau"),
        ("rauw", "rouw"),
        ("sentrum", "centrum"),
        ("fotografi", "photografie"),
        ("yskast", "ijskast"),
        ("paart", "paard"),
        ("kwis", "quiz"),
        ("teater", "theater"),
        ("zorch", "sorg"),
        ("eksamen", "examen"),
    ],
)
def test_what_is_written_by_ear_sounds_the_same(written: str, meant: str) -> None:
    assert sound(written) == sound(meant)


@pytest.mark.parametrize(
    ("one", "other"), [("kok", "koek"), ("bol", "bal"), ("kapper", "kamper"), ("bakker", "bakken"), ("sport", "spoor")]
)
def test_other_words_sound_otherwise(one: str, other: str) -> None:
    assert sound(one) != sound(other)


@pytest.mark.parametrize(
    "word", ["school", "kapper", "gymzaal", "faalangst", "rookworst", "lasser", "nieuwsgierig", "bbl", "kiesmbo"]
)
def test_a_dutch_word_or_one_of_the_files_is_known(dictionary: Dictionary, word: str) -> None:
    assert word in dictionary


@pytest.mark.parametrize("word", ["asdfgh", "kwalitijt", "wnneer", "opleidign", "istiyorum", ""])
def test_a_misspelling_or_nonsense_is_no_word(dictionary: Dictionary, word: str) -> None:
    assert word not in dictionary


def topic(naam: str, *vragen: str) -> Onderwerp:
    return Onderwerp(id="nieuw", naam=naam, knop="Nieuw", antwoord="Ja.", vragen=list(vragen), **SOURCE)


def test_a_new_word_of_staff_is_known_and_that_of_a_pupil_or_another_language_is_not(knowledge: Knowledge) -> None:
    new = [topic("Flarbenmaker", "hoe wrod ik flrbnmkr"), Taal(id="x", naam="X", antwoord="Zmorble", **SOURCE)]
    found = Dictionary(
        Knowledge(new, knowledge.phrases, knowledge.spelling, knowledge.verkenning, knowledge.gesprekken)
    )
    assert [word in found for word in ("flarbenmaker", "flrbnmkr", "wrod", "zmorble")] == [True, False, False, False]


@pytest.mark.parametrize(
    ("common", "rarer"), [("wat", "kost"), ("een", "eens"), ("niet", "nieuw"), ("echt", "echter"), ("ik", "kok")]
)
def test_a_common_word_has_a_larger_share_also_when_it_may_have_an_accent(
    dictionary: Dictionary, common: str, rarer: str
) -> None:
    assert dictionary.share[common] > dictionary.share[rarer]


def test_the_dictionary_is_made_once_for_this_version_of_the_knowledge(knowledge: Knowledge) -> None:
    assert dictionary_of(knowledge) is dictionary_of(knowledge)
