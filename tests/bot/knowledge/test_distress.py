"""Signs of distress are recognised by the patterns alone, and everyday sayings are not taken for one."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.knowledge.distress import Distress, plain
from bot.knowledge.kinds.help import distress
from bot.knowledge.loader import Knowledge
from bot.knowledge.models import Hulplijn, Nood
from bot.knowledge.question import Sources
from bot.settings import PROJECT

NLU = PROJECT / "tests" / "nlu"
LEAST_RECALL = 0.98
MOST_FALSE_ALARMS = 0.01


def examples(file: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load(file.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def patterns(knowledge: Knowledge) -> Distress:
    return Distress(knowledge)


def test_signs_of_distress_are_recognised(patterns: Distress) -> None:
    signs = examples(NLU / "distress_signals.yml")
    missed = [sign["text"] for sign in signs if patterns.find(sign["text"]) is None]
    print(f"{len(missed)} of {len(signs)} missed: {missed}")
    assert len(missed) <= (1 - LEAST_RECALL) * len(signs)


def test_lookalikes_raise_no_alarm(patterns: Distress) -> None:
    lookalikes = examples(NLU / "distress_lookalikes.yml")
    alarms = [(text, found) for example in lookalikes if (found := patterns.find(text := example["text"]))]
    print(f"{len(alarms)} of {len(lookalikes)} false alarms: {alarms}")
    assert len(alarms) <= MOST_FALSE_ALARMS * len(lookalikes)


def test_the_own_examples_of_each_kind_are_recognised(knowledge: Knowledge, patterns: Distress) -> None:
    own = [question for nood in knowledge.all(Nood) for question in nood.vragen]
    missed = [question for question in own if patterns.find(question) is None]
    print(f"{len(missed)} of {len(own)} missed: {missed}")
    assert len(missed) <= (1 - LEAST_RECALL) * len(own)


def test_no_other_known_question_raises_an_alarm(knowledge: Knowledge, patterns: Distress) -> None:
    alarms = [
        (question, found)
        for entry in knowledge.entries.values()
        if not isinstance(entry, Nood)
        for question in entry.vragen
        if (found := patterns.find(question))
    ]
    assert alarms == []


@pytest.mark.parametrize("text", ["Ik wil DOOD!!", "ik  wil... dood", "ík wil dood", "hoi, ik wil dood en jij?"])
def test_capitals_accents_and_punctuation_do_not_matter(patterns: Distress, text: str) -> None:
    assert patterns.find(text) == "zelfdoding"


@pytest.mark.parametrize(
    "text",
    [
        "ik werd gepest vroeger en daarom wil ik jongerenwerker worden",
        "mijn zus is zwanger en zit op het mbo kan dat",
        "mijn broer heeft een mes meegenomen naar koken",
    ],
)
def test_what_staff_wrote_down_as_a_lookalike_raises_no_alarm(patterns: Distress, text: str) -> None:
    assert patterns.find(text) is None


def test_a_lookalike_beside_a_sign_does_not_hide_it(patterns: Distress) -> None:
    assert patterns.find("ik lach me dood om school maar eigenlijk wil ik dood") == "zelfdoding"


def test_the_gravest_sign_goes_first(patterns: Distress) -> None:
    assert patterns.find("ik word gepest en ik heb net 20 pillen geslikt") == "acuut-gevaar"


def test_a_text_is_compared_without_signs() -> None:
    assert plain("  Hé, m'n   zus?! ") == "he mn zus"


def test_every_kind_of_distress_names_a_number_to_call(knowledge: Knowledge, sources: Sources) -> None:
    for nood in knowledge.all(Nood):
        found = distress(nood.id, sources)
        assert found.outcome == "distress"
        assert found.card and any(link["url"].startswith("tel:") for link in found.card["links"])
        first = next(line for id in nood.hulplijnen if (line := knowledge.one(Hulplijn, id)).telefoon)
        assert f"**{first.naam}**: {first.telefoon}" in found.text


def test_an_unknown_kind_of_distress_gets_helplines_too(sources: Sources) -> None:
    assert distress("gone", sources).card
    assert distress(None, sources).card
