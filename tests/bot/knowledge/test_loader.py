"""A mistake in a knowledge file is told in Dutch with its place, and Lobke goes on with what was good."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Optional

import pytest
import yaml
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.knowledge import loader
from bot.knowledge.loader import Knowledge, KnowledgeError, current, load, per_knowledge
from bot.knowledge.models import TYPES, Event, Gesprekken, Onderwerp, Opleiding, Phrases, Spelling, Verkenning
from bot.knowledge.phrases import said_by_code
from bot.settings import settings

SOURCE = "standaard: {bron: eigen kennis, betrouwbaarheid: hoog}\n"
WERELDEN = """\
items:
  - id: zorg
    naam: Zorg
    uitleg: Je helpt mensen.
    dag: Je begint vroeg.
    werk: Je werkt in een huis.
    handig: graag helpt
    beroepen: [verzorgende]
    riasec: SAC
"""
OPLEIDINGEN = """\
items:
  - id: "25656"
    naam: Verzorgende
    niveau: 3
    werelden: [zorg]
    uitleg: Je verzorgt mensen.
    namen: [verzorgster]
"""
ONDERWERPEN = """\
items:
  - id: bol
    naam: Bol
    knop: Wat is bol?
    antwoord: Bol is vooral school.
    zie_ook: [wereld:zorg]
"""
KALENDER = """\
items:
  - id: open-dag
    titel: Open dag
    soort: open-dag
    datum: 2027-01-23
    organisator: een school
    uitleg: Kom kijken.
    voorbeeld: true
  - id: aanmelden
    titel: Aanmelden
    soort: deadline
    datum: "2027-04-01"
    organisator: scholen
    uitleg: Meld je aan.
"""
NIVEAUS = "items:\n" + "".join(
    f'  - {{id: "{level}", naam: n{level}, duur: kort, uitleg: uitleg, vervolg: werk, toelating: mag}}\n'
    for level in (1, 2, 3, 4)
)
ACTIVITEITEN = "items:\n" + "".join(
    f"  - {{id: {id}, naam: {id}, namen: [de {id}], knop: {id}, uitleg: kijk, voorbereiden: vraag, "
    f"terugkijken: wat nu}}\n"
    for id in ("open-dag", "meeloopdag", "gastles")
)


def but(section: str, *names: str) -> str:
    """The rest of a section, without these."""
    text = "onderwerp:bol" if section == "algemeen" else "tekst"
    return "".join(f', "{name}": "{text}"' for name in said_by_code()[section] if name not in names)


ANTWOORDEN = f"""\
begroeting: Hoi
begroeting_keuzes: [start]
zinnen: {{start: Kies maar{but("zinnen", "start")}}}
knoppen: {{start: Beginnen{but("knoppen", "start")}}}
algemeen: {{kosten: "onderwerp:bol"{but("algemeen", "kosten")}}}
"""
SPELLING = """\
woorden:
  niet: [nie, nt]
"""
VERKENNING = (
    "types:\n"
    + "".join(f"  {letter}: {{naam: Type {letter}, zin: iets}}\n" for letter in "RIASEC")
    + "stellingen:\n"
    + "".join(
        f"  - {{id: {letter.lower()}{n}, type: {letter}, tekst: Iets doen, werelden: [zorg]}}\n"
        for letter in "RIASEC"
        for n in (1, 2, 3)
    )
    + "antwoorden: {ja: [leuk], gaat_wel: [mwah], nee: [saai]}\n"
    + "stappen: {terug: [vorige], overslaan: [skip], pauze: [later], stop: [klaar], verder: [door], opnieuw: [nog]}\n"
    + "proberen: [open-dag, gastles]\n"
)
STEP = "{id: a, vraag: Wat deed je?, kop: Gedaan}"
TALK = (
    "  naam: Praten\n  uitleg: We praten.\n  klaar: Klaar.\n"
    "  document: {titel: Blad, intro: Mijn blad., noot: Bewaar het.}\n  stappen:\n"
)
GESPREKKEN = (
    f"terugkijken:\n{TALK}    - {STEP}\n    - {{id: competentie, vraag: 'En {{vraag}}', kop: '{{kop}}'}}\n"
    + "".join(f"{name}:\n{TALK}    - {STEP}\n" for name in ("voorbereiden", "visitekaartje", "oefenen"))
    + "competenties:\n"
    + "".join(
        f"  {name}: {{kop: Dit, kernvraag: Wat dan?, vragen: [Wat?]}}\n"
        for name in ("kwaliteiten", "motieven", "werk", "sturing", "netwerken")
    )
)
EVALUATIES = "".join(
    f"{name}: {{naam: {name}, intro: Vertel het., open: Wat kan beter?, vragen: [{{id: a, vraag: Leuk?, antwoorden:"
    " [{id: nee, tekst: Nee}, {id: ja, tekst: Ja}]}]}\n"
    for name in ("leerlingen", "docenten", "partners")
)
PRAKTIJKEN = """\
items:
  - id: carrousel
    naam: Goede praktijk Carrousel
    knop: Het idee
    activiteiten: [open-dag]
    voor: school
    doelgroep: leerlingen
    kern: Ze keken rond.
    hoofdactiviteit: Rondkijken.
    regio: In Groningen.
    status: Het is er nog.
    namen: [idee van de carrousel]
"""
LOBSCAN = """\
bron: eigen kennis
betrouwbaarheid: hoog
onderdelen:
  - id: DR
    naam: Draagvlak
    punten:
      - {id: DR1, tekst: Iedereen doet mee.}
      - {id: DR2, tekst: Er is geld.}
  - id: VD
    naam: Doelen
    punten:
      - {id: VD1, tekst: Er is een plan.}
"""
NOOD = "{id: pesten, naam: Pesten, antwoord: Dat is naar., hulplijnen: [x], patronen: ['(gepest']}"
FILES = {
    **{f"{name}.yml": SOURCE + "items: []\n" for name in TYPES},
    "werelden.yml": SOURCE + WERELDEN,
    "opleidingen.yml": SOURCE + OPLEIDINGEN,
    "onderwerpen.yml": SOURCE + ONDERWERPEN,
    "niveaus.yml": SOURCE + NIVEAUS,
    "activiteiten.yml": SOURCE + ACTIVITEITEN,
    "kalender.yml": SOURCE + KALENDER,
    "antwoorden.yml": ANTWOORDEN,
    "spelling.yml": SPELLING,
    "verkenning.yml": VERKENNING,
    "gesprekken.yml": GESPREKKEN,
    "lobscan.yml": LOBSCAN,
    "evaluaties.yml": EVALUATIES,
    "praktijken.yml": SOURCE + PRAKTIJKEN,
}


def write(folder: Path) -> Path:
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small set of knowledge files without a mistake."""
    return write(tmp_path)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def problems(folder: Path) -> list[str]:
    with pytest.raises(KnowledgeError) as caught:
        load(folder)
    return [str(problem) for problem in caught.value.problems]


def test_files_without_a_mistake_are_loaded(folder: Path) -> None:
    knowledge = load(folder)
    assert knowledge.one(Opleiding, "25656").werelden == ["zorg"]
    assert knowledge.spelling.woorden == {"niet": ["nie", "nt"]}
    assert knowledge.greeting() == {"text": "Hoi", "choices": [{"label": "Beginnen", "meaning": "start"}]}


def test_entries_without_a_source_of_their_own_get_that_of_the_file(folder: Path) -> None:
    change(folder / "onderwerpen.yml", "    knop:", "    betrouwbaarheid: middel\n    knop:")
    entry = load(folder).one(Onderwerp, "bol")
    assert (entry.bron, entry.betrouwbaarheid) == ("eigen kennis", "middel")


def test_a_folder_of_files_is_read_as_one_file(folder: Path) -> None:
    (folder / "onderwerpen").mkdir()
    shutil.move(folder / "onderwerpen.yml", folder / "onderwerpen" / "mbo.yml")
    assert load(folder).get("onderwerp:bol")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("naam: Zorg", "naam: 'Zorg", "4:11: dit is geen geldige YAML: een aanhalingsteken wordt niet gesloten"),
        ("Je helpt mensen.", "let op: veel", "5:19: dit is geen geldige YAML: een dubbele punt in tekst; zet er"),
        ("naam: Zorg", "naam: **Zorg**", "4:12: dit is geen geldige YAML: zet aanhalingstekens om tekst die met *"),
        ("    dag:", "\tdag:", "6:1: dit is geen geldige YAML: een tab; spring in met spaties"),
        ("    dag:", "   dag:", "6:4: dit is geen geldige YAML: let op het inspringen"),
        ("[verzorgende]", "[verzorgende", "9:15: dit is geen geldige YAML: een lijst wordt niet gesloten met ]"),
        ("    dag:", "    naam: Zorg\n    dag:", "6:5: dit is geen geldige YAML: 'naam' staat hier twee keer"),
        ("Je helpt", "Één\x07 helpt", "5:16: hier staat een teken dat niet in tekst hoort"),
        ("items:", "dingen:", "1:1: hier hoort 'items:' te staan met een lijst eronder"),
        ("- id: zorg", "- zorg\n  - id: zorg", "3:5: hier horen velden met een dubbele punt"),
        (SOURCE, "standaard: hoog\n", "1:12: hier horen velden met een dubbele punt"),
        ("    dag: Je begint vroeg.\n", "", "3:5: veld 'dag': dit veld ontbreekt"),
        ("    dag:", "    dagg:", "6:11: veld 'dagg': dit veld bestaat niet; is het een tikfout?"),
        ("    dag:", "    2026:", "6:11: veld '2026': dit veld bestaat niet; is het een tikfout?"),
        ("naam: Zorg", "naam: ''", "4:11: veld 'naam': hier moet iets staan"),
        ("naam: Zorg", "naam:", "4:10: veld 'naam': hier moet iets staan"),
        ("naam: Zorg", "naam: [Zorg]", "4:11: veld 'naam': hier hoort tekst"),
        ("[verzorgende]", "verzorgende", "9:15: veld 'beroepen': hier hoort een lijst (regels die met - beginnen)"),
        ("id: zorg", "id: De Zorg", "3:9: veld 'id': gebruik alleen kleine letters, cijfers en streepjes"),
        ("SAC", "SAX", "10:13: veld 'riasec': hier horen 3 letters uit RIASEC"),
        ("id: zorg", "id: zorg\n    betrouwbaarheid: laag", "4:22: veld 'betrouwbaarheid': kies uit: hoog, middel"),
    ],
)
def test_a_mistake_is_told_in_dutch_with_its_place(folder: Path, old: str, new: str, problem: str) -> None:
    change(folder / "werelden.yml", old, new)
    assert any(line.startswith(f"werelden.yml:{problem}") for line in problems(folder)), problems(folder)


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("opleidingen", "25656", "2565", "3:9: veld 'id': hier horen 5 cijfers (de crebo)"),
        ("opleidingen", "niveau: 3", "niveau: drie", "5:13: veld 'niveau': hier hoort een getal"),
        ("opleidingen", "niveau: 3", "niveau: 5", "5:13: veld 'niveau': hoogstens 4"),
        ("opleidingen", "niveau: 3", "niveau: 0", "5:13: veld 'niveau': minstens 1"),
        ("opleidingen", "[zorg]", "[]", "6:15: veld 'werelden': hier moet minstens één ding staan"),
        ("opleidingen", "[zorg]", "[x]", "6:16: 'opleiding:25656' verwijst naar 'wereld:x', maar dat bestaat niet"),
        ("onderwerpen", "wereld:zorg", "wereld:x", "7:15: 'onderwerp:bol' verwijst naar 'wereld:x', maar dat bestaat"),
        ("onderwerpen", "wereld:zorg", "zorg", "7:15: veld 'zie_ook.0': schrijf soort:naam, zoals wereld:zorg"),
        ("onderwerpen", "Wat is bol?", "Wat is bol? En bbl, wat is dat dan?", "5:11: veld 'knop': dit is te lang; ho"),
        ("kalender", "2027-01-23", "23-01-2027", "6:12: veld 'datum': dit is geen datum; schrijf jaar-maand-dag, zo"),
        ("kalender", "2027-01-23", "2027-02-30", "6:12: veld 'datum': dit is geen datum; schrijf jaar-maand-dag, zo"),
        ("kalender", "2027-01-23", "2027", "6:12: veld 'datum': dit is geen datum; schrijf jaar-maand-dag, zoals"),
        ("kalender", "voorbeeld: true", "voorbeeld: nee", "9:16: veld 'voorbeeld': kies true of false"),
        ("kalender", "soort: open-dag", "soort: x", "5:12: 'event:open-dag' verwijst naar 'activiteit:x', maar dat"),
        ("nood", "items: []", f"items: [{NOOD}]", "2:88: veld 'patronen.0': dit patroon klopt niet; ontb"),
        ("antwoorden", "Kies maar", "'Kies {maar'", "3:17: veld 'zinnen.start': een { zonder } erachter, of andersom"),
        ("antwoorden", "Kies maar", "'Kies {0} {a.b}'", "3:17: veld 'zinnen.start': tussen { en } hoort 1 woord"),
        ("antwoorden", "Kies maar", "'Kies {maar}'", "3:17: zin 'start': Lobke weet niet wat {maar} is"),
        ("antwoorden", "start: Kies maar", "strat: Kies maar", "3:9: bij 'zinnen' ontbreekt 'start'"),
        ("antwoorden", "{start: Beginnen", "{strat: Beginnen", "4:10: veld 'knoppen': 'start' uit begroeting_keuzes"),
        ("antwoorden", 'kosten: "onderwerp:bol"', 'kostn: "onderwerp:bol"', "5:11: bij 'algemeen' ontbreekt 'kosten'"),
        ("spelling", "[nie, nt]", "nie", "2:9: veld 'woorden.niet': hier hoort een lijst (regels die met - beginnen)"),
        ("spelling", "[nie, nt]", "['']", "2:10: veld 'woorden.niet.0': hier moet iets staan"),
        ("spelling", "woorden:", "woord:", "2:3: veld 'woord': dit veld bestaat niet; is het een tikfout?"),
        ("verkenning", "[zorg]", "[zorg, x]", "9:58: dit verwijst naar 'wereld:x', maar dat bestaat niet"),
        ("verkenning", "[open-dag,", "[x,", "29:12: dit verwijst naar 'activiteit:x', maar dat bestaat niet"),
        ("verkenning", "id: r2", "id: r1", "9:3: veld 'stellingen': 'r1' staat hier twee keer"),
        ("verkenning", "type: R", "type: I", "9:3: veld 'stellingen': van elke letter horen hier evenveel stellingen"),
        ("verkenning", "type: R", "type: X", "9:20: veld 'stellingen.0.type': kies uit: R, I, A, S, E, C"),
        ("verkenning", "  C: {naam: Type C, zin: iets}\n", "", "2:3: veld 'types': hier horen de letters R, I, A, S"),
        ("verkenning", "stop: [klaar], ", "", "28:10: veld 'stappen.stop': dit veld ontbreekt"),
        ("praktijken", "[open-dag]", "[x]", "6:20: 'praktijk:carrousel' verwijst naar 'activiteit:x', maar dat"),
        ("praktijken", "voor: school", "voor: ouder", "7:11: veld 'voor': kies uit: leerling, school"),
        ("gesprekken", "En {vraag}", "En?", "2:3: veld 'terugkijken': hier hoort een stap 'competentie' met {vraag}"),
        ("lobscan", "id: DR2", "id: DR1", "4:3: veld 'onderdelen': 'DR1' staat hier twee keer"),
        ("lobscan", "id: VD1", "id: DR1", "4:3: veld 'onderdelen': 'DR1' staat hier twee keer"),
        ("lobscan", "id: VD\n", "id: DR\n", "4:3: veld 'onderdelen': 'DR' staat hier twee keer"),
        ("lobscan", "id: DR2", "id: dr2", "8:14: veld 'onderdelen.0.punten.1.id': schrijf 2 hoofdletters, met bij"),
        ("lobscan", "hoog", "laag", "2:18: veld 'betrouwbaarheid': kies uit: hoog, middel"),
        ("gesprekken", "id: competentie", "id: a", "7:5: veld 'terugkijken.stappen': 'a' staat hier twee keer"),
        ("gesprekken", "Wat deed je?", "''", "7:22: veld 'terugkijken.stappen.0.vraag': hier moet iets staan"),
        ("gesprekken", "  werk:", "  werken:", "31:3: veld 'competenties.__key__': kies uit: kwaliteiten, motieven"),
        ("evaluaties", "id: ja", "id: nee", "1:117: veld 'leerlingen.vragen.0.antwoorden': 'nee' staat hier twee keer"),
        ("evaluaties", "partners:", "buren:", "1:1: veld 'partners': dit veld ontbreekt"),
        ("antwoorden", "onderwerp:bol", "onderwerp:x", "5:20: Lobke heeft 'onderwerp:x' nodig, maar dat bestaat niet"),
        ("antwoorden", "onderwerp:bol", "wereld:zorg", "5:20: veld 'algemeen.kosten': hier hoort een onderwerp, zoals"),
        ("antwoorden", "[start]", "[begin]", "4:10: veld 'knoppen': 'begin' uit begroeting_keuzes staat hier niet"),
    ],
)
def test_a_wrong_value_or_reference_is_told(folder: Path, file: str, old: str, new: str, problem: str) -> None:
    change(folder / f"{file}.yml", old, new)
    assert any(line.startswith(f"{file}.yml:{problem}") for line in problems(folder)), problems(folder)


def test_an_entry_that_answers_lead_to_cannot_go(folder: Path) -> None:
    change(folder / "activiteiten.yml", "id: meeloopdag", "id: meelopen")
    assert problems(folder) == ["antwoorden.yml:1:1: Lobke heeft 'activiteit:meeloopdag' nodig, maar dat bestaat niet"]


def test_only_the_mistake_itself_is_told_and_not_what_refers_to_it(folder: Path) -> None:
    change(folder / "werelden.yml", "    dag: Je begint vroeg.\n", "")
    assert len(problems(folder)) == 1


def test_mistakes_in_several_files_are_told_in_file_order(folder: Path) -> None:
    change(folder / "werelden.yml", "riasec: SAC", "riasec: X")
    change(folder / "werelden.yml", "naam: Zorg", "naam: ''")
    change(folder / "kalender.yml", "2027-01-23", "morgen")
    assert [line.partition(": ")[0] for line in problems(folder)] == [
        "kalender.yml:6:12",
        "werelden.yml:4:11",
        "werelden.yml:10:13",
    ]


def test_an_id_that_is_there_twice_is_told_with_the_file_of_the_first(folder: Path) -> None:
    (folder / "onderwerpen").mkdir()
    shutil.copy(folder / "onderwerpen.yml", folder / "onderwerpen" / "a.yml")
    shutil.move(folder / "onderwerpen.yml", folder / "onderwerpen" / "b.yml")
    assert problems(folder) == ["onderwerpen/b.yml:3:9: 'onderwerp:bol' staat er al, in a.yml"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "werelden.yml:1:1: dit bestand ontbreekt"),
        (b"", "werelden.yml:1:1: dit bestand is leeg"),
        (b"# later\n", "werelden.yml:1:1: dit bestand is leeg"),
        (b"null\n", "werelden.yml:1:1: dit bestand is leeg"),
        ("naam: coördinator".encode("latin-1"), "werelden.yml:1:9: dit bestand is niet in UTF-8 opgeslagen"),
        (b"a:\n" + b"[" * 100_000, "werelden.yml:2:51: hier staat te veel in elkaar"),
        (b"- " * 100_000, "werelden.yml:1:1: hier staat te veel in elkaar"),
        (b"a: &a [b]\nc: *a\n", "werelden.yml:1:4: met & en * verwijst een regel"),
        (b"tekst", "werelden.yml:1:1: hier hoort 'items:' te staan met een lijst eronder"),
    ],
)
def test_a_file_that_is_no_knowledge_at_all(folder: Path, content: Optional[bytes], problem: str) -> None:
    (folder / "werelden.yml").unlink()
    if content is not None:
        (folder / "werelden.yml").write_bytes(content)
    (said,) = problems(folder)
    assert said.startswith(problem)


def test_a_file_saved_by_windows_is_read(folder: Path) -> None:
    text = FILES["werelden.yml"].replace("\n", "\r\n")
    (folder / "werelden.yml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load(folder).get("wereld:zorg")


@pytest.mark.parametrize("text", ["nee", "ja", "on", "off", "yes", "18:30", "1.5", "012", "1e3", "2027-04-01", "2026"])
def test_what_looks_like_something_else_stays_text(folder: Path, text: str) -> None:
    change(folder / "onderwerpen.yml", "Bol is vooral school.", text)
    assert load(folder).one(Onderwerp, "bol").antwoord == text


def test_example_events_are_left_out_in_production(folder: Path) -> None:
    assert [event.id for event in load(folder).all(Event)] == ["open-dag", "aanmelden"]
    assert [event.id for event in load(folder, production=True).all(Event)] == ["aanmelden"]


@pytest.fixture
def live(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder as the knowledge of this process, looked at again at each call."""
    monkeypatch.setenv("LOBKE_KNOWLEDGE_DIR", str(folder))
    monkeypatch.setattr(loader, "live", loader.Live())
    settings.cache_clear()
    yield folder
    settings.cache_clear()


def now() -> Knowledge:
    """The knowledge after a look at the files, as the thread takes one all the time."""
    current()
    loader.live.look()
    return current()


def wait_until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_change_is_there_without_being_asked_for(live: Path) -> None:
    assert current() is current()
    change(live / "onderwerpen.yml", "vooral school", "vooral naar school gaan")
    wait_until(lambda: current().one(Onderwerp, "bol").antwoord == "Bol is vooral naar school gaan.")


def test_what_was_made_of_the_knowledge_is_made_again_before_a_change_counts(live: Path) -> None:
    made: list[Knowledge] = []

    @per_knowledge
    def names(knowledge: Knowledge) -> list[str]:
        made.append(knowledge)
        return [entry.naam for entry in knowledge.entries.values()]

    old = current()
    assert names(old) is names(old)
    change(live / "werelden.yml", "naam: Zorg", "naam: Zorg en welzijn")
    new = now()
    assert made == [old, new]
    assert "Zorg en welzijn" in names(new) and "Zorg en welzijn" not in names(old)
    assert len(made) == 2


def test_only_the_file_that_changed_is_read_again(live: Path) -> None:
    old = current()
    change(live / "werelden.yml", "naam: Zorg", "naam: Zorg en welzijn")
    new = now()
    assert new.entries["onderwerp:bol"] is old.entries["onderwerp:bol"]
    assert new.entries["wereld:zorg"] is not old.entries["wereld:zorg"]


def test_a_mistake_in_a_file_that_did_not_change_itself_has_its_place(live: Path) -> None:
    current()
    change(live / "werelden.yml", "id: zorg", "id: zorgen")
    now()
    assert loader.live.error and {str(problem).partition(": ")[0] for problem in loader.live.error.problems} == {
        "onderwerpen.yml:7:15",
        "opleidingen.yml:6:16",
        *(f"verkenning.yml:{line}:52" for line in range(9, 27)),
    }


def test_the_last_good_version_stays_until_the_mistake_is_gone(live: Path, caplog: pytest.LogCaptureFixture) -> None:
    good = now()
    assert loader.live.error is None
    change(live / "werelden.yml", "naam: Zorg", "naam:")
    assert now() is good
    assert "werelden.yml:4:10" in caplog.text and "werelden.yml:4:10" in str(loader.live.error)
    change(live / "werelden.yml", "naam:", "naam: Zorg en welzijn")
    assert now().entries["wereld:zorg"].naam == "Zorg en welzijn"
    assert loader.live.error is None


def test_a_file_that_was_empty_for_a_moment_is_read_again(live: Path) -> None:
    now()
    content = (live / "werelden.yml").read_bytes()
    (live / "werelden.yml").write_bytes(b"")
    now()
    assert loader.live.error
    (live / "werelden.yml").write_bytes(content.replace(b"naam: Zorg", b"naam: Zorg en welzijn"))
    assert now().entries["wereld:zorg"].naam == "Zorg en welzijn"


def test_a_mistake_is_logged_once(live: Path, caplog: pytest.LogCaptureFixture) -> None:
    current()
    change(live / "werelden.yml", "naam: Zorg", "naam:")
    for _ in range(3):
        now()
    assert len(caplog.records) == 1


def test_a_file_that_goes_while_an_editor_saves_it_is_no_failure(live: Path) -> None:
    good = current()
    (live / "werelden.yml").unlink()
    (live / "werelden.yml").symlink_to(live / "gone")
    assert now() is good


def test_without_any_good_version_the_mistake_is_raised_each_time(live: Path) -> None:
    (live / "werelden.yml").unlink()
    for _ in range(2):
        with pytest.raises(KnowledgeError, match="dit bestand ontbreekt"):
            current()


def test_a_mistake_that_is_mended_before_there_was_a_good_version_is_no_mistake_any_more(live: Path) -> None:
    change(live / "werelden.yml", "naam: Zorg", "naam:")
    with pytest.raises(KnowledgeError):
        current()
    change(live / "werelden.yml", "naam:", "naam: Zorg")
    assert current().get("wereld:zorg")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    sorted(
        {name for model in (*TYPES.values(), Gesprekken, Phrases, Spelling, Verkenning) for name in model.__fields__}
    )
)
ENTRIES = st.dictionaries(FIELDS, ANYTHING, max_size=6)
CONTENTS = (
    st.binary(max_size=60)
    | st.text("abc:-[]{}!&*?|>'\"#%@`,~<1 \t\n\ufeff\x00", max_size=60).map(str.encode)
    | (st.fixed_dictionaries({"standaard": ANYTHING, "items": st.lists(ENTRIES, max_size=2)}) | ENTRIES | ANYTHING).map(
        lambda data: yaml.safe_dump(data, allow_unicode=True).encode()
    )
)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("fuzz"))


@example(file="werelden.yml", content=b"!!int nee")
@example(file="werelden.yml", content=b"!!timestamp x")
@example(file="werelden.yml", content=b"? [a]\n: b")
@example(file="kalender.yml", content=b"items: &a\n- *a\n- id: *a")
@given(file=st.sampled_from(sorted(FILES)), content=CONTENTS)
@hypothesis_settings(max_examples=150)
def test_any_bytes_in_a_file_are_a_load_or_a_knowledge_error(fuzzed: Path, file: str, content: bytes) -> None:
    (fuzzed / file).write_bytes(content)
    try:
        load(fuzzed)
    except KnowledgeError as error:
        assert all(problem.line >= 1 and problem.column >= 1 and problem.message for problem in error.problems)
    finally:
        (fuzzed / file).write_text(FILES[file], encoding="utf-8")
