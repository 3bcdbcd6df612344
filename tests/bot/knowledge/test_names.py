"""Names are found as pupils type them, and only where they are meant."""

import pytest

from bot.knowledge.loader import Knowledge
from bot.knowledge.models import Onderwerp, Opleiding
from bot.knowledge.names import Names


def keys(names: Names, text: str) -> list[str]:
    """Every subject key that a name in the text may mean."""
    return [key for match in names.find(text) for key in match.subjects]


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("kapper", "beroep:kapper"),
        ("ZORG", "wereld:zorg"),
        ("elektriciën", "beroep:elektricien"),
        ("vmbo-kader", "leerweg:kb"),
        ("m&t", "profiel:mt"),
        ("D&P", "profiel:dp"),
        ("25641", "opleiding:25641"),
        ("niveau vier", "niveau:4"),
        ("nivo 4", "niveau:4"),
        ("mbo-4", "niveau:4"),
    ],
)
def test_a_name_is_found_as_it_stands_in_the_files(names: Names, typed: str, key: str) -> None:
    assert keys(names, f"wat is {typed}?") == [key]


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("verpleeg kundige", "opleiding:25655"),
        ("tand arts assistente", "opleiding:25699"),
        ("sociaalwerker", "opleiding:25958"),
        ("dieren arts assistent", "opleiding:25731"),
        ("media vormgever", "opleiding:25633"),
        ("kader beroeps gericht", "leerweg:kb"),
        ("snuffel stage", "activiteit:snuffelstage"),
        ("politie agent", "onderwerp:politieagent"),
    ],
)
def test_joined_and_split_words_are_found(names: Names, typed: str, key: str) -> None:
    assert keys(names, f"vertel over {typed}") == [key]


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("tandartsassistentes", "opleiding:25699"),
        ("open dagen", "activiteit:open-dag"),
        ("kappers", "beroep:kapper"),
        ("obers", "beroep:ober"),
        ("zorgopleiding", "wereld:zorg"),
        ("bouwopleidingen", "wereld:bouw"),
        ("bakkersopleiding", "beroep:bakker"),
        ("horecasector", "wereld:horeca"),
        ("techniekbranche", "wereld:techniek"),
    ],
)
def test_plurals_and_words_with_opleiding_or_sector_are_found(names: Names, typed: str, key: str) -> None:
    assert keys(names, f"vertel over {typed}") == [key]


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("verpleegkudige", "opleiding:25655"),
        ("schoonheidsspesialist", "beroep:schoonheidsspecialist"),
        ("snufelstage", "activiteit:snuffelstage"),
        ("opendga", "activiteit:open-dag"),
        ("tandartsasistente", "opleiding:25699"),
        ("beveilligers", "beroep:beveiligers"),
    ],
)
def test_typing_errors_are_found_and_marked(names: Names, typed: str, key: str) -> None:
    (match,) = names.find(f"hoe word ik {typed}")
    assert (match.subjects, match.typed_exactly) == ((key,), False)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("elektrisien", "beroep:elektricien"),
        ("sgilder", "beroep:schilder"),
        ("ferpleegkundige", "opleiding:25655"),
        ("gastfrouw", "beroep:gastvrouw"),
        ("bloemiest", "beroep:bloemist"),
        ("tegniek", "wereld:techniek"),
        ("zorch", "wereld:zorg"),
        ("phisiotherapeut", "onderwerp:fysiotherapeut"),
    ],
)
def test_a_name_that_is_written_by_ear_is_found_and_marked(names: Names, typed: str, key: str) -> None:
    (match,) = names.find(f"hoe word ik {typed}")
    assert (match.subjects, match.typed_exactly, match.doubtful) == ((key,), False, False)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("onderwjzasistnt", "opleiding:25698"),
        ("dieren arsasistnt", "opleiding:25731"),
        ("schoonheitspesjalist", "beroep:schoonheidsspecialist"),
    ],
)
def test_a_long_name_may_have_three_errors(names: Names, typed: str, key: str) -> None:
    assert keys(names, f"hoe word ik {typed}") == [key]


@pytest.mark.parametrize("typed", ["kaper", "koek", "gezelschap", "wekker", "schilderij", "lezer"])
def test_a_word_that_is_a_bit_like_a_name_is_not_that_name(names: Names, typed: str) -> None:
    assert keys(names, f"ik zag een {typed}") == []


def small(knowledge: Knowledge, **namen: list[str]) -> Names:
    """The names of topics that are called so."""
    source = {"bron": "b", "betrouwbaarheid": "hoog"}
    topics = [
        Onderwerp(id=id, naam=f"X{id}x", knop=id, antwoord="a", namen=each, **source) for id, each in namen.items()
    ]
    return Names(Knowledge(topics, knowledge.phrases, knowledge.spelling, knowledge.verkenning, knowledge.gesprekken))


def test_a_misspelling_as_near_to_two_names_is_in_doubt(knowledge: Knowledge) -> None:
    found = small(knowledge, een=["flarketing"], twee=["flarkeling"])
    (match,) = found.find("hoe word ik flarkeding")
    assert set(match.subjects) == {"onderwerp:een", "onderwerp:twee"}
    assert match.doubtful and not match.typed_exactly
    assert not any(match.doubtful for match in found.find("flarketing of flarkelin"))


def test_two_names_of_the_same_thing_are_no_doubt(knowledge: Knowledge) -> None:
    (match,) = small(knowledge, een=["flarketing", "flarkeling"]).find("hoe word ik flarkeding")
    assert (match.subjects, match.doubtful) == (("onderwerp:een",), False)


def test_names_that_sound_the_same_are_in_doubt(knowledge: Knowledge) -> None:
    (match,) = small(knowledge, een=["flartist"], twee=["vlartist"]).find("hoe word ik fflartist")
    assert match.doubtful


def test_the_nearer_of_two_names_is_no_doubt(knowledge: Knowledge) -> None:
    (match,) = small(knowledge, een=["flarkenmeester"], twee=["flarkenmeestral"]).find("hoe word ik flarkenmeestr")
    assert (match.subjects, match.doubtful) == (("onderwerp:een",), False)


def test_a_misspelling_begins_with_the_letter_of_the_name(knowledge: Knowledge) -> None:
    assert small(knowledge, een=["flarkenmeester"]).find("hoe word ik plarkenmeester") == []


def test_who_is_called_medewerker_may_be_a_medewerkster(knowledge: Knowledge, names: Names) -> None:
    named = [(o.key, n) for o in knowledge.all(Opleiding) for n in (o.naam, *o.namen) if "medewerker" in n]
    assert len(named) > 10
    lost = [
        (key, name)
        for key, name in named
        if not any(
            key in {entry.key for entry in subject.entries}
            for found in keys(names, name.replace("medewerker", "medewerkster"))
            if (subject := names.resolve(found))
        )
    ]
    assert lost == []


def test_a_general_word_gives_the_opleidingen_with_that_word_the_highest_level_first(names: Names) -> None:
    found = names.general("hoe word ik begeleider")
    assert len(found) > 1
    assert all("begeleider" in subject.name.lower() for subject in found)
    levels = [entry.niveau for subject in found for entry in subject.entries if isinstance(entry, Opleiding)]
    assert levels == sorted(levels, reverse=True)


@pytest.mark.parametrize("text", ["begeleiders", "BEGELEIDER?", "ik wil begeleider worden"])
def test_a_general_word_is_found_in_any_form(names: Names, text: str) -> None:
    assert names.general(text) == names.general("begeleider")


@pytest.mark.parametrize(
    "text",
    ["", "hoe word ik kok", "medewerker", "audicien", "wat kost dat", "de opleiding op het mbo", "ik zit in klas 3"],
)
def test_other_words_are_not_general(names: Names, text: str) -> None:
    assert names.general(text) == ()


@pytest.mark.parametrize("key", ["taal:engels", "nood:somber", "event:aanmelden-1-april-2027"])
def test_what_pupils_do_not_ask_about_is_no_subject(knowledge: Knowledge, names: Names, key: str) -> None:
    assert knowledge.get(key)
    assert names.resolve(key) is None


def test_a_match_says_where_it_stands_in_the_message(names: Names) -> None:
    text = "Hé, is kok  echt NIVEAU 2?"
    assert [text[match.start : match.end] for match in names.find(text)] == ["kok", "NIVEAU 2"]


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("bol of bbl", "onderwerp:bol-of-bbl"),
        ("tandarts assistente", "opleiding:25699"),
        ("mbo amersfoort", "school:mbo-amersfoort"),
        ("sport en bewegen", "wereld:sport"),
        ("vmbo kader", "leerweg:kb"),
    ],
)
def test_the_longest_name_wins(names: Names, typed: str, key: str) -> None:
    assert keys(names, typed) == [key]


@pytest.mark.parametrize(
    ("typed", "both"),
    [
        ("zorg en welzijn", {"wereld:zorg", "profiel:zw"}),
        ("bouwen, wonen en interieur", {"wereld:bouw", "profiel:bwi"}),
        ("groen", {"wereld:groen", "profiel:groen"}),
    ],
)
def test_an_ambiguous_name_gives_everything_it_may_mean(names: Names, typed: str, both: set[str]) -> None:
    (match,) = names.find(typed)
    assert set(match.subjects) == both


def test_a_beroep_stands_for_every_opleiding_that_leads_to_it(names: Names) -> None:
    kok = names.resolve("beroep:kok")
    assert kok and kok.name.lower() == "kok"
    assert [entry.niveau for entry in kok.entries if isinstance(entry, Opleiding)] == [2, 3, 4, 4]


def test_a_key_that_is_gone_is_nothing(names: Names) -> None:
    assert names.resolve("opleiding:99999") is None


@pytest.mark.parametrize(
    "text",
    [
        "mijn zus gaat naar de basisschool",
        "op basis van mijn cijfers",
        "de basis van dat vak snap ik niet",
        "dat is in het kader van mijn project",
        "me mentor zei dat ik moet kiezen",
        "ik maak me zorgen over mijn cijfers",
        "maak je geen zorgen",
        "hoi hoe gaat het met je",
        "ik ben 14 jaar en zit in klas 3",
        "mijn vader en moeder vinden dat ik moet leren",
        "ik weet niet wat bij me past",
        "ik twijfel tussen twee dingen",
        "wat is de hoofdstad van frankrijk",
        "ik vind het moeilijk om te kiezen",
        "wanneer is het vakantie",
        "mijn broer is 18 jaar",
        "mijn hond is ziek",
        "ik heb een nieuwe fiets",
        "wat voor weer wordt het",
        "ik wil stoppen",
        "dat is de juiste",
        "er zijn veel soorten",
        "dat was niet de bedoeling",
        "moet ik dat formulier invullen",
        "welke versie van het plan",
        "ik ben verkouden",
        "wil je mij terug bellen",
        "we gaan verhuizen",
        "hoe ver is de maan",
        "it take me a long time",
        "12345",
        "",
        "👍",
    ],
)
def test_everyday_sentences_name_no_subject(names: Names, text: str) -> None:
    assert keys(names, text) == []


def test_every_name_in_the_files_is_found_as_its_own_entry(knowledge: Knowledge, names: Names) -> None:
    lost = [
        (entry.key, name)
        for entry in knowledge.entries.values()
        for name in entry.namen
        if not any(entry in subject.entries for key in keys(names, name) if (subject := names.resolve(key)) is not None)
    ]
    assert lost == []
