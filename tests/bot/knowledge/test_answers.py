"""A kind of question and a subject make an answer; it is short, has a next step, and never fails."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.knowledge.answers import answer, answers
from bot.knowledge.kinds import GENERAL, TABLE
from bot.knowledge.loader import load
from bot.knowledge.models import Onderwerp
from bot.knowledge.names import Names
from bot.knowledge.question import CLEAR_HIT, LEAST_HIT, LIKELY_HIT, SURE_HIT, Answer, Hit, Question, Sources
from bot.settings import PROJECT

TODAY = date(2026, 11, 21)
ASIDES = {"waarom", "eenvoudig"}
"""Kinds of question about the last answer."""
KINDS = sorted({kind for _, kind in TABLE} | set(GENERAL) | ASIDES)
MOST_WORDS = 80
PARTS_OF_THE_TALK = {"gesprek", "rondkijken", "stap", "verkenning", "start", "mens", "leerjaar"}


def typed(sources: Sources, kind: Optional[str], text: str, **known: object) -> Question:
    """A typed message: its names are looked up, `known` is what is remembered or found by meaning."""
    subjects = tuple(match.subjects for match in sources.names.find(text))
    return Question(kind, subjects, text=text, today=TODAY, **known)  # type: ignore[arg-type]


def asked(sources: Sources, kind: Optional[str], text: str, **known: object) -> Answer:
    """The answer to a typed message."""
    return answer(typed(sources, kind, text, **known), sources)


def pressed(sources: Sources, meaning: str, leerweg: Optional[str] = None) -> Answer:
    """The answer to a pressed choice."""
    kind, *keys = meaning.split("|")
    subjects = tuple((key,) for key in keys if key)
    return answer(Question(kind, subjects, today=TODAY, leerweg=leerweg, chosen=True), sources)


def meanings(found: Answer) -> list[str]:
    return [choice.meaning for choice in found.choices]


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        ("inhoud", "wat is een kapper", r"knipt.*Kapper.*niveau 2"),
        ("inhoud", "bakker opleiding", r"bakker"),
        ("worden", "kapper worden hoe doe ik dat", r"kapper.*niveau 2.*kader"),
        ("niveau", "welk niveau is tandartsassistente", r"niveau 4"),
        ("niveau", "is marketing niveau 3 of 4", r"niveau 4"),
        ("duur", "hoe lang duurt de koksopleiding", r"1 tot 2 jaar.*2 tot 3 jaar"),
        ("duur", "hoeveel jaar is niveau 3", r"2 tot 3 jaar"),
        ("duur", "hoe lang duurt patissier", r"specialistenopleiding van 1 jaar"),
        ("kosten", "wat kost de opleiding tot kok", r"1 augustus.*18"),
        ("verdienen", "wat verdient een kok", r"weet ik niet precies"),
        ("kans", "is er werk als kok", r"KiesMBO"),
        ("vakken", "welke vakken krijg je bij kapper", r"Nederlands, rekenen"),
        ("leerroute", "kan kok ook met bbl", r"bol.*bbl"),
        ("aanmelden", "hoe meld ik me aan voor kok", r"uiterlijk op 1 april"),
        ("waar", "waar kan ik verpleegkundige leren", r"MBO Amersfoort|KiesMBO"),
        ("dag", "hoe ziet een dag van een kok eruit", r"keuken.*loop eens een dag mee"),
        ("passend", "past timmerman bij mij", r"handig"),
        ("werk", "wat doet een dierenartsassistent", r"dier"),
        ("opleidingen", "wat voor opleidingen heeft ict", r"Software|system|support"),
        ("werk", "wat kun je worden bij groen", r"hovenier|dierverzorg"),
        ("dag", "hoe ziet een dag in de zorg eruit", r"help|verzorg"),
        ("niveau", "welke niveaus zijn er in de bouw", r"niveau 1, 2, 3 en 4"),
        ("duur", "hoe lang duurt iets in de techniek", r"2 tot 3 jaar"),
        ("toelating", "wat heb ik nodig voor de zorg", r"kader.*niveau 2, 3 of 4"),
        ("vakken", "welke vakken zitten in economie en ondernemen", r"economie.*wiskunde, Frans of Duits"),
        ("inhoud", "wat is bwi", r"bouwen, wonen en interieur"),
        ("toelating", "waar kan ik heen met pie", r"sluit goed aan bij"),
        ("inhoud", "wat is kader", r"kaderberoepsgerichte"),
        ("toelating", "ik zit op basis, waar mag ik heen", r"niveau 2"),
        ("inhoud", "wat is niveau 1", r"entree"),
        ("opleidingen", "wat zijn opleidingen op niveau 2", r"niveau 2"),
        ("inhoud", "wat is een snuffelstage", r"werk"),
        ("voorbereiden", "hoe bereid ik me voor op de open dag", r"3 vragen"),
        ("terugkijken", "hoe kijk ik terug op mijn meeloopdag", r"leuk|saai"),
        ("inhoud", "wat is mbo amersfoort", r"Amersfoort"),
        ("interesse", "ik hou van dieren", r"Groen, dieren en voeding"),
        ("inhoud", "wat is bol", r"stage"),
        ("duur", "hoe lang duurt leerplicht", r"16"),
        ("kosten", "is het mbo gratis", r"18"),
        ("wie", "met wie kan ik praten", r"decaan"),
        ("opleidingen", "welke richtingen heb je op het mbo", r"16 richtingen.*Zorg"),
        ("niveau", "welke niveaus zijn er", r"4 niveaus"),
        ("start", "ik weet niet wat ik wil", r"geen foute antwoorden"),
        ("toelating", "zonder diploma naar mbo", r"entree"),
        ("toelating", "mag je van niveau 2 naar niveau 3", r"mag je naar niveau 3"),
    ],
)
def test_a_kind_of_question_about_a_subject_has_its_answer(sources: Sources, kind: str, text: str, says: str) -> None:
    found = asked(sources, kind, text)
    assert re.search(says, found.text, re.DOTALL | re.IGNORECASE), found.text
    assert found.kind == kind


JA, NEE, ENTREE = "Ja, volgens de regels mag dat", "Niet meteen, maar later wel", "bedoeld voor jongeren zonder diploma"


@pytest.mark.parametrize("level", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("leerweg", "says"),
    [
        ("basis", (ENTREE, JA, NEE, NEE)),
        ("kader", (ENTREE, JA, JA, JA)),
        ("de gemengde leerweg", (ENTREE, JA, JA, JA)),
        ("mavo", (ENTREE, JA, JA, JA)),
    ],
)
def test_a_leerweg_gives_the_levels_of_the_law(
    sources: Sources, leerweg: str, says: tuple[str, ...], level: int
) -> None:
    assert says[level - 1] in asked(sources, "toelating", f"mag ik met {leerweg} naar niveau {level}").text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kan ik kok worden met basis", r"^Ja, op niveau 2\."),
        ("mag ik kok worden met kader", r"^Ja, volgens de regels"),
        ("mag ik met bb onderwijsassistent doen", r"^Niet meteen.*mbo-diploma van niveau 2"),
        ("is onderwijsassistent iets voor kb", r"^Ja.*niveau 4"),
        ("mag ik met kader patissier worden", r"^Niet meteen.*na|al een mbo-diploma van niveau 3"),
        ("kan ik met basis banketbakker worden", r"^Ja, op niveau 2\.(?!.*Patissier)"),
    ],
)
def test_an_opleiding_of_several_levels_is_answered_level_by_level(sources: Sources, text: str, says: str) -> None:
    assert re.search(says, asked(sources, "toelating", text).text)


def test_an_opleiding_without_a_leerweg_asks_for_it(sources: Sources) -> None:
    found = asked(sources, "toelating", "mag ik naar de koksopleiding")
    assert [choice.label for choice in found.choices] == ["Ik doe bb", "Ik doe kb", "Ik doe gl", "Ik doe tl"]
    assert pressed(sources, found.choices[0].meaning).text.startswith("Ja, op niveau 2.")


def test_a_leerweg_that_was_told_is_remembered_and_used(sources: Sources) -> None:
    assert asked(sources, "toelating", "ik doe tl").leerweg == "tl"
    assert asked(sources, "toelating", "mag ik dan kok worden", leerweg="bb").text.startswith("Ja, op niveau 2.")


@pytest.mark.parametrize(("leerweg", "asks"), [("kb", True), ("tl", True), ("bb", False)])
def test_technique_may_ask_wiskunde_or_nask_of_kader_gl_and_tl(sources: Sources, leerweg: str, asks: bool) -> None:
    assert ("nask1" in pressed(sources, "toelating|opleiding:25737", leerweg).text) is asks


@pytest.mark.parametrize(
    ("kind", "text", "last_subject", "last_kind", "says", "subject"),
    [
        ("duur", "hoe lang duurt dat", "beroep:kapper", "worden", r"jaar", "beroep:kapper"),
        ("kosten", "en wat kost het", "wereld:zorg", "inhoud", r"Zorg en welzijn.*18", "wereld:zorg"),
        ("opleidingen", "welke opleidingen zijn daar", "wereld:techniek", "inhoud", r"Techniek", "wereld:techniek"),
        ("toelating", "mag dat met kader", "opleiding:25698", "inhoud", r"^Ja.*Onderwijsassistent", "opleiding:25698"),
        ("inhoud", "en bij de ict?", "wereld:zorg", "opleidingen", r"ICT.* opleidingen", "wereld:ict"),
        (None, "en kapper?", "beroep:kok", "duur", r"jaar", "beroep:kapper"),
        ("voorbereiden", "hoe bereid ik dat voor", "activiteit:open-dag", "inhoud", r"3 vragen", "activiteit:open-dag"),
    ],
)
def test_what_was_talked_about_is_remembered(
    sources: Sources, kind: Optional[str], text: str, last_subject: str, last_kind: str, says: str, subject: str
) -> None:
    found = asked(sources, kind, text, last_subject=last_subject, last_kind=last_kind)
    assert re.search(says, found.text), found.text
    assert found.subject == subject


def test_what_points_back_goes_before_a_known_question_like_it(sources: Sources) -> None:
    hits = (Hit("onderwerp:duur-mbo", 1.0),)
    found = asked(sources, "duur", "hoe lang duurt dat", hits=hits, last_subject="beroep:kapper", last_kind="worden")
    assert found.subject == "beroep:kapper"


def test_a_new_subject_goes_before_the_remembered_one(sources: Sources) -> None:
    found = asked(sources, "duur", "hoe lang duurt bakker", last_subject="beroep:kapper", last_kind="worden")
    assert found.subject == "beroep:bakker"


KOK = {"last_subject": "beroep:kok", "last_kind": "duur"}
"""What is remembered after "hoe lang duurt kok"."""


@pytest.mark.parametrize("kind", [None, "inhoud", "duur"])
@pytest.mark.parametrize(
    "text",
    [
        "nee, ik bedoel bakker",
        "sorry bakker",
        "oh wacht toch bakker",
        "maar eigenlijk liever bakker",
        "geen kok maar bakker",
        "niet de kok maar de bakker",
        "nee niet kok, bakker",
    ],
)
def test_a_correction_takes_the_last_question_and_leaves_what_was_not_meant(
    sources: Sources, text: str, kind: Optional[str]
) -> None:
    found = answers([typed(sources, kind, text, **KOK)], sources)
    assert [(given.kind, given.subject) for given in found] == [("duur", "beroep:bakker")]


@pytest.mark.parametrize(
    ("kind", "text", "subject"),
    [
        ("niveau", "welk niveau is bakker, niet kok", "beroep:bakker"),
        ("duur", "hoe lang duurt niet kok maar bakker", "beroep:bakker"),
        ("worden", "ik wil geen kapper worden maar visagist", "opleiding:25692"),
    ],
)
def test_what_is_said_not_to_be_meant_gets_no_answer(sources: Sources, kind: str, text: str, subject: str) -> None:
    found = answers([typed(sources, kind, text)], sources)
    assert [given.subject for given in found] == [subject]


def test_when_all_that_is_named_is_not_meant_that_is_no_answer(sources: Sources) -> None:
    assert asked(sources, "inhoud", "niet de kok", **KOK).subject != "beroep:kok"


def test_an_interest_that_a_pupil_does_not_have_is_not_hers(sources: Sources) -> None:
    assert asked(sources, "interesse", "ik hou niet van dieren").kind == "start"
    both = asked(sources, "interesse", "ik hou van dieren maar niet van koken").text
    assert "dieren" in both and "koken" not in both


@pytest.mark.parametrize("text", ["3", "en 3?", "of 3 dan", "nee ik bedoel 3"])
def test_a_bare_number_after_a_level_is_a_level(sources: Sources, text: str) -> None:
    found = asked(sources, None, text, last_subject="niveau:2", last_kind="duur")
    assert (found.kind, found.subject) == ("duur", "niveau:3")


@pytest.mark.parametrize(("text", "last_subject"), [("3", "beroep:kok"), ("5", "niveau:2"), ("ik ben 3", "niveau:2")])
def test_another_number_is_no_level(sources: Sources, text: str, last_subject: str) -> None:
    assert asked(sources, None, text, last_subject=last_subject, last_kind="duur").outcome == "not_understood"


@pytest.mark.parametrize("kind", sorted(ASIDES))
def test_an_aside_is_about_the_last_answer_and_keeps_its_subject(sources: Sources, kind: str) -> None:
    found = asked(sources, kind, "hoezo dat", hits=(Hit("onderwerp:bbl", CLEAR_HIT),), **KOK)
    assert found.text == sources.say(f"{kind}.duur")
    assert (found.kind, found.subject) == (kind, "beroep:kok")


def test_an_aside_that_names_something_is_about_that(sources: Sources) -> None:
    assert asked(sources, "waarom", "waarom zou ik bakker worden", **KOK).subject == "beroep:bakker"


@pytest.mark.parametrize("kind", sorted(ASIDES))
def test_a_subject_after_an_aside_is_what_it_is(sources: Sources, kind: str) -> None:
    found = asked(sources, None, "en bakker?", last_subject="beroep:kok", last_kind=kind)
    assert (found.kind, found.subject) == ("inhoud", "beroep:bakker")


def test_a_remembered_subject_that_is_gone_is_no_failure(sources: Sources) -> None:
    found = asked(sources, "duur", "hoe lang duurt dat", last_subject="opleiding:99999", last_kind="inhoud")
    assert "niveau" in found.text.lower()


def test_a_question_like_a_known_one_is_answered_with_its_entry(sources: Sources) -> None:
    found = asked(sources, "inhoud", "mag ik later nog wisselen", hits=(Hit("onderwerp:opleiding-wisselen", SURE_HIT),))
    assert found.subject == "onderwerp:opleiding-wisselen"


def test_a_question_a_bit_like_a_known_one_does_not_overrule_a_name(sources: Sources) -> None:
    found = asked(sources, "duur", "hoe lang duurt kok", hits=(Hit("onderwerp:vakantie-mbo", LIKELY_HIT),))
    assert found.subject == "beroep:kok"


def two(sources: Sources, *questions: tuple[Optional[str], str]) -> list[Answer]:
    """The answers to the parts of one message, each with its kind."""
    return answers([typed(sources, kind, text) for kind, text in questions], sources)


def about(found: list[Answer]) -> list[tuple[Optional[str], Optional[str]]]:
    return [(given.kind, given.subject) for given in found]


def test_two_questions_get_two_answers_and_the_second_is_about_the_same(sources: Sources) -> None:
    found = two(sources, ("duur", "hoe lang duurt kok"), ("kosten", "en wat kost het"))
    assert about(found) == [("duur", "beroep:kok"), ("kosten", "beroep:kok")]


def test_a_leerweg_in_the_first_question_counts_for_the_second(sources: Sources) -> None:
    first, second = two(sources, ("toelating", "ik doe basis mag ik dan bakker worden"), ("toelating", "en kapper"))
    assert (first.subject, second.subject) == ("beroep:bakker", "beroep:kapper")
    assert second.text.startswith("Ja, op niveau 2.")


def test_only_the_last_of_two_answers_has_choices(sources: Sources) -> None:
    first, second = two(sources, ("duur", "hoe lang duurt kok"), ("kosten", "wat kost het"))
    assert first.choices == ()
    assert 2 <= len(second.choices) <= 4


def test_one_question_about_two_things_is_answered_for_each(sources: Sources) -> None:
    found = two(sources, ("niveau", "welk niveau is kok en bakker"))
    assert about(found) == [("niveau", "beroep:kok"), ("niveau", "beroep:bakker")]


def test_a_question_that_is_asked_twice_is_answered_once(sources: Sources) -> None:
    found = two(sources, ("duur", "hoe lang duurt kok"), ("duur", "dus hoe lang duurt kok"))
    assert about(found) == [("duur", "beroep:kok")]
    assert found[0].choices


def test_a_part_that_is_not_understood_is_left_out(sources: Sources) -> None:
    assert about(two(sources, (None, "blabla"), ("duur", "hoe lang duurt kok"))) == [("duur", "beroep:kok")]


def test_when_no_part_is_understood_that_is_said_once(sources: Sources) -> None:
    with_a_guess = typed(sources, None, "blabla", hits=(Hit("onderwerp:bol", 0.19),))
    (found,) = answers([with_a_guess, typed(sources, None, "bloeblie")], sources)
    assert found.outcome == "not_understood"
    assert found.choices


@pytest.mark.parametrize(
    ("kind", "text"),
    [("vergelijk", "wat is beter kok of bakker"), ("toelating", "mag ik met kader naar kok of bakker")],
)
def test_a_comparison_or_a_leerweg_with_a_goal_stays_one_question(sources: Sources, kind: str, text: str) -> None:
    assert len(two(sources, (kind, text))) == 1


def test_two_things_beside_something_else_stay_one_question(sources: Sources) -> None:
    assert len(two(sources, ("niveau", "welk niveau mag ik met kader bij kok en bakker"))) == 1


def test_two_things_in_a_known_question_stay_one_question(sources: Sources) -> None:
    known = typed(sources, "duur", "hoe lang duurt kok en bakker", hits=(Hit("onderwerp:duur-mbo", SURE_HIT),))
    assert len(answers([known], sources)) == 1


def test_a_name_that_may_be_any_of_several_is_asked_back(sources: Sources) -> None:
    found = asked(sources, "duur", "hoe lang duurt xvaart", doubtful=("wereld:maritiem", "beroep:zeevaart"))
    assert found.outcome == "clarified"
    assert found.text.startswith("Bedoel je **")
    assert meanings(found) == ["duur|wereld:maritiem", "duur|beroep:zeevaart"]


@pytest.mark.parametrize(
    "doubtful",
    [("wereld:maritiem", "beroep:zeevaart", "wereld:maritiem", "beroep:zeevaart"), ("wereld:bouw", "profiel:bwi")],
    ids=["typed twice", "called the same"],
)
def test_what_may_be_meant_is_named_once(sources: Sources, doubtful: tuple[str, ...]) -> None:
    named = re.findall(r"\*\*(.+?)\*\*", asked(sources, "inhoud", "wat is xvaart", doubtful=doubtful).text)
    assert len(set(named)) == len(named)


def test_a_name_in_doubt_is_left_when_another_is_sure(sources: Sources) -> None:
    found = asked(sources, "duur", "hoe lang duurt kok", doubtful=("wereld:maritiem", "beroep:zeevaart"))
    assert found.subject == "beroep:kok"


@pytest.mark.parametrize("text", ["begeleider", "hoe lang duurt begeleider"])
def test_a_word_in_the_names_of_several_opleidingen_is_asked_back(sources: Sources, text: str) -> None:
    found = asked(sources, "duur", text)
    assert (found.outcome, found.subject) == ("clarified", None)
    assert all("egeleider" in choice.label and choice.meaning.startswith("duur|") for choice in found.choices)


def test_a_known_question_with_such_a_word_is_answered(sources: Sources) -> None:
    hits = (Hit("onderwerp:decaan", LIKELY_HIT),)
    assert asked(sources, "inhoud", "wie is mijn begeleider op school", hits=hits).subject == "onderwerp:decaan"


@pytest.mark.parametrize(
    "text",
    [
        "wat leer je in het eerste jaar",
        "ik ben een vrouw",
        "ik wil later zelfstandig zijn",
        "is er veel ruimte voor mezelf",
        "moet ik zelf water meenemen",
    ],
)
def test_an_everyday_word_is_not_asked_back(sources: Sources, text: str) -> None:
    assert "Bedoel je" not in asked(sources, "inhoud", text).text


def test_what_a_sure_kind_of_question_says_in_general_goes_before_a_known_question_a_bit_like_it(
    sources: Sources,
) -> None:
    weak = {"hits": (Hit("onderwerp:vakantie-mbo", LEAST_HIT),)}
    assert asked(sources, "kosten", "hoeveel gaat dat mij later kosten", confidence=1.0, **weak).kind == "kosten"
    unsure = asked(sources, "kosten", "hoeveel gaat dat mij later kosten", confidence=0.3, **weak)
    assert unsure.subject == "onderwerp:vakantie-mbo"


def not_understood(sources: Sources, times: int) -> Answer:
    """The reply to nonsense that is a bit like two entries, after so many messages that were not understood."""
    hits = (Hit("onderwerp:bol", 0.19), Hit("onderwerp:bbl", 0.17))
    return asked(sources, None, "blabla", hits=hits, misunderstood=times)


def test_every_next_message_that_is_not_understood_gets_another_reply(sources: Sources) -> None:
    texts = [not_understood(sources, times).text for times in range(4)]
    assert len(set(texts)) == 4


def test_after_four_no_reply_is_the_same_as_the_one_before(sources: Sources) -> None:
    texts = [not_understood(sources, times).text for times in range(12)]
    assert [text for text, following in zip(texts, texts[1:], strict=False) if text == following] == []


def test_a_person_is_always_offered_and_comes_first_after_two_misses(sources: Sources) -> None:
    offered = [meanings(not_understood(sources, times)) for times in range(6)]
    assert all("mens|" in each for each in offered)
    assert [each[0] == "mens|" for each in offered] == [False, False, True, True, True, True]


def test_the_second_miss_leads_to_the_nearest_entry_and_the_werelden(sources: Sources) -> None:
    assert meanings(not_understood(sources, 1))[:2] == ["inhoud|onderwerp:bol", "opleidingen|"]


def test_what_is_not_understood_offers_the_nearest_questions_and_a_person(sources: Sources) -> None:
    weak = (Hit("onderwerp:bol", 0.19), Hit("nood:somber", 0.18), Hit("onderwerp:bbl", 0.17))
    found = asked(sources, None, "blabla", hits=weak)
    assert found.outcome == "not_understood"
    assert meanings(found) == ["inhoud|onderwerp:bol", "inhoud|onderwerp:bbl", "mens|"]


def test_a_guess_that_is_like_nothing_is_not_offered(sources: Sources) -> None:
    found = asked(sources, None, "blabla", hits=(Hit("onderwerp:bol", 0.1),))
    assert "inhoud|onderwerp:bol" not in meanings(found)


@pytest.mark.parametrize("text", ["", "asdf qwer", "👍", "?" * 1000])
def test_nonsense_is_not_understood_and_gets_choices(sources: Sources, text: str) -> None:
    found = asked(sources, None, text)
    assert found.outcome == "not_understood"
    assert 2 <= len(found.choices) <= 4


@pytest.mark.parametrize("kind", ["worden", "dag", "passend", "kans", "vakken", "vergelijk"])
def test_a_question_that_needs_a_subject_asks_for_it(sources: Sources, kind: str) -> None:
    found = asked(sources, kind, "hoe zit dat")
    assert found.outcome == "clarified"
    assert "welke opleiding of richting" in found.text


def test_a_less_certain_fact_sends_the_pupil_to_the_decaan(sources: Sources) -> None:
    unsure = [topic for topic in sources.knowledge.all(Onderwerp) if topic.betrouwbaarheid == "middel"]
    assert unsure
    for topic in unsure:
        assert "decaan" in pressed(sources, f"inhoud|{topic.key}").text.lower(), topic.key


def every_answer(sources: Sources) -> Iterator[tuple[str, Answer]]:
    """Every kind of question about every entry and beroep, for a pupil of an unknown leerweg and of basis."""
    entries = [key for key in sources.knowledge.entries if not key.startswith(("event:", "nood:"))]
    for key in (*entries, *sources.names._beroepen):
        for kind in KINDS:
            for leerweg in (None, "bb"):
                yield f"{kind}|{key}|{leerweg}", pressed(sources, f"{kind}|{key}", leerweg)
    for kind in GENERAL:
        yield f"{kind}|", pressed(sources, f"{kind}|")


@pytest.fixture(scope="module")
def everything(sources: Sources) -> dict[str, Answer]:
    return dict(every_answer(sources))


def test_every_answer_has_a_text_without_gaps(everything: dict[str, Answer]) -> None:
    gap = re.compile(r"[{}]|None|\*\*\*\*|\s[.,:](?:\s|$)|^\s*$|\.\.(?!\.)")
    assert [asked for asked, found in everything.items() if gap.search(found.text)] == []


def test_every_answer_offers_two_to_four_different_choices(everything: dict[str, Answer]) -> None:
    wrong = [
        asked
        for asked, found in everything.items()
        if not 2 <= len(found.choices) <= 4 or len({choice.label for choice in found.choices}) < len(found.choices)
    ]
    assert wrong == []


def test_no_answer_offers_what_was_just_asked(everything: dict[str, Answer]) -> None:
    again = [a for a, found in everything.items() if f"{found.kind}|{found.subject}" in meanings(found)]
    assert again == []


def test_every_choice_leads_to_an_answer(sources: Sources, everything: dict[str, Answer]) -> None:
    offered = {meaning for found in everything.values() for meaning in meanings(found)}
    lost = [
        meaning
        for meaning in offered
        if meaning.partition("|")[0] not in PARTS_OF_THE_TALK
        and (
            pressed(sources, meaning).outcome == "not_understood"
            or any(sources.names.resolve(key) is None for key in meaning.split("|")[1:] if key)
        )
    ]
    assert lost == []


def test_answers_fit_on_a_phone(everything: dict[str, Answer]) -> None:
    """Lists of events and comparisons have lines of their own and may be longer."""
    single = {asked: found.text for asked, found in everything.items() if "\n" not in found.text}
    assert [asked for asked, text in single.items() if len(re.findall(r"[^\s*]+", text)) > MOST_WORDS] == []


def test_no_answer_promises_or_judges(everything: dict[str, Answer]) -> None:
    forbidden = re.compile(r"%|\bbeste opleiding voor jou|zeker werk|te moeilijk voor je|je bent (?:niet )?slim", re.I)
    assert [asked for asked, found in everything.items() if forbidden.search(found.text)] == []


SOURCES = Sources(KNOWLEDGE := load(PROJECT / "knowledge"), Names(KNOWLEDGE))
KEYS = st.sampled_from([*KNOWLEDGE.entries, *SOURCES.names._beroepen, "opleiding:99999"])
TEXTS = [
    "",
    "mag dat met kader",
    "en dat?",
    "geen kok maar bakker",
    "is er in mei iets over zorg",
    "3",
    "waarom",
    "niet kok",
]
QUESTIONS = st.builds(
    Question,
    kind=st.sampled_from([None, "nonsense", *KINDS]),
    subjects=st.lists(st.lists(KEYS, min_size=1, max_size=2).map(tuple), max_size=4).map(tuple),
    hits=st.lists(st.builds(Hit, KEYS, st.floats(0, 1)), max_size=3).map(tuple),
    text=st.sampled_from(TEXTS),
    today=st.just(TODAY),
    leerweg=st.sampled_from([None, "bb", "kb", "gl", "tl"]),
    last_subject=st.none() | KEYS,
    last_kind=st.sampled_from([None, *KINDS]),
    chosen=st.booleans(),
    doubtful=st.lists(KEYS, max_size=5).map(tuple),
    misunderstood=st.integers(0, 5),
    leerjaar=st.sampled_from([None, "1", "3"]),
    confidence=st.floats(0, 1),
)


@given(QUESTIONS)
@hypothesis_settings(max_examples=500)
def test_no_question_makes_it_fail(question: Question) -> None:
    found = answer(question, SOURCES)
    assert found.text.strip()
    assert 2 <= len(found.choices) <= 4


@given(st.lists(QUESTIONS, min_size=1, max_size=3))
@hypothesis_settings(max_examples=200)
def test_no_message_with_several_questions_makes_it_fail(questions: list[Question]) -> None:
    found = answers(questions, SOURCES)
    assert 1 <= len(found) <= 2
    assert len({given.text for given in found}) == len(found)
    assert 2 <= len(found[-1].choices) <= 4


def test_an_answer_does_not_change_the_question(sources: Sources) -> None:
    question = Question("duur", (("beroep:kok",),), today=TODAY)
    before = replace(question)
    answer(question, sources)
    assert question == before
