"""What stands in the knowledge files: one model an entry type, one file (or folder) each."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from string import Formatter
from typing import Any, ClassVar, Literal, Optional, get_args

from pydantic import BaseModel, ConstrainedStr, Extra, Field, validator
from pydantic.errors import DateError


class Text(ConstrainedStr):
    """Text with something in it."""

    min_length = 1
    strip_whitespace = True


class Label(Text):
    """Text that fits on a button."""

    max_length = 32


class Id(ConstrainedStr):
    """Lower case letters, digits and hyphens."""

    regex = re.compile(r"^[a-z0-9][a-z0-9-]*$")


class Crebo(ConstrainedStr):
    """Five digits."""

    regex = re.compile(r"^\d{5}$")


class Key(ConstrainedStr):
    """A subject key, `type:id`, such as `opleiding:25641` or `onderwerp:bol`."""

    regex = re.compile(r"^[a-z]+:[a-z0-9][a-z0-9-]*$")


class TopicKey(ConstrainedStr):
    """The subject key of a topic."""

    regex = re.compile(r"^onderwerp:[a-z0-9][a-z0-9-]*$")


class Riasec(ConstrainedStr):
    """Three Holland types, the main one first."""

    regex = re.compile(r"^[RIASEC]{3}$")


class MonthDay(ConstrainedStr):
    """A day of any year, as month-day."""

    regex = re.compile(r"^(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$")


class HttpsUrl(ConstrainedStr):
    """An address that starts with https."""

    regex = re.compile(r"^https://\S+$")


class ScanId(ConstrainedStr):
    """A heading of the LOB-scan, such as DR, or one of its points, such as DR1 or VD1a."""

    regex = re.compile(r"^[A-Z]{2}(?:\d{1,2}[a-z]?)?$")


class Email(ConstrainedStr):
    """An e-mail address."""

    regex = re.compile(r"^[^@\s]+@[^@\s]+$")


class Day(date):
    """A date written as year-month-day. Not a number: pydantic would take 2027 for seconds since 1970."""

    @classmethod
    def __get_validators__(cls) -> Iterator[Callable[[Any], date]]:
        yield cls.read

    @classmethod
    def __modify_schema__(cls, schema: dict[str, Any]) -> None:
        schema.update(type="string", format="date")

    @classmethod
    def read(cls, value: Any) -> date:
        """The date. Raises DateError."""
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            raise DateError() from None


class Pattern(Text):
    """A regular expression."""

    @classmethod
    def __get_validators__(cls) -> Iterator[Callable[..., Any]]:
        yield from super().__get_validators__()
        yield cls.compiles

    @classmethod
    def compiles(cls, value: str) -> str:
        """The pattern. Raises ValueError."""
        try:
            re.compile(value)
        except (re.error, OverflowError, RecursionError):
            raise ValueError("dit patroon klopt niet; ontbreekt er een haakje, of staat er een te veel?") from None
        return value


class Template(Text):
    """A sentence in which Lobke fills in the {words}."""

    @classmethod
    def __get_validators__(cls) -> Iterator[Callable[..., Any]]:
        yield from super().__get_validators__()
        yield cls.has_simple_fields

    @classmethod
    def has_simple_fields(cls, value: str) -> str:
        """The sentence. Raises ValueError."""
        fields_of(value)
        return value


def fields_of(template: str) -> set[str]:
    """The {words} of a template. Raises ValueError when it cannot be filled in."""
    try:
        found = list(Formatter().parse(template))
    except ValueError:
        raise ValueError("een { zonder } erachter, of andersom") from None
    fields = [(name, form, how) for _, name, form, how in found if name is not None]
    if not all(name.isidentifier() and not form and not how for name, form, how in fields):
        raise ValueError("tussen { en } hoort 1 woord")
    return {name for name, _, _ in fields}


class ToAsk(Text):
    """A question that a pupil may choose to ask, short enough for a button."""

    max_length = 60


class Example(Text):
    """A short answer or goal, on a button."""

    max_length = 40


LONGEST_HOLIDAY = 100  # days; a longer one is a slip in the year
LONGEST_EVENT = 31  # days
LONGEST_REPEAT = 731  # days
JaNee = Literal["ja", "nee", "soms"]
Competence = Literal["kwaliteiten", "motieven", "werk", "sturing", "netwerken"]


class Entry(BaseModel):
    """What every entry has: an id that never changes, a source and a confidence."""

    type: ClassVar[str]
    id: Id
    bron: Text
    betrouwbaarheid: Literal["hoog", "middel"]
    naam: Text
    namen: list[Text] = Field(default_factory=list, description="What pupils type; matched as whole words.")
    vragen: list[Text] = Field(default_factory=list, description="Questions as pupils type them.")
    eenvoudig: Optional[Text] = Field(description="The same in the easiest words, for who does not understand it.")
    controleer_voor: Optional[Day] = Field(description="The day before which somebody looks whether it is still true.")
    eigenaar: Optional[Email] = Field(description="Whose account looks then; without it everybody of redactie.")

    class Config:
        extra = Extra.forbid
        allow_mutation = False  # versions of the knowledge share the entries that did not change

    @property
    def key(self) -> str:
        """The subject key, `type:id`."""
        return f"{self.type}:{self.id}"

    @property
    def label(self) -> str:
        """What stands on a button for this entry."""
        return self.naam


class Wereld(Entry):
    """A sector as pupils see it."""

    type: ClassVar[str] = "wereld"
    uitleg: Text
    dag: Text
    werk: Text
    handig: Text
    beroepen: list[Text]
    kans: Optional[Text]
    let_op: Optional[Text]
    profielen: list[Id] = []
    riasec: Riasec
    hoofdgroepen: list[Text] = []


class Opleiding(Entry):
    """A kwalificatie of the mbo; the id is its crebo."""

    type: ClassVar[str] = "opleiding"
    id: Crebo
    niveau: int = Field(ge=1, le=4)
    werelden: list[Id] = Field(min_items=1)
    uitleg: Text
    let_op: Optional[Text]
    specialist: bool = False


class Leerweg(Entry):
    """One of the four leerwegen of the vmbo."""

    type: ClassVar[str] = "leerweg"
    afkorting: Text
    uitleg: Text
    past_bij: Text
    praktijk: Text
    niveaus: list[int]
    havo: bool


class Profiel(Entry):
    """A profiel of the vmbo."""

    type: ClassVar[str] = "profiel"
    afkorting: Text
    uitleg: Text
    vakken: Text
    werelden: list[Id]


class Niveau(Entry):
    """A level of the mbo; ids 1 to 4."""

    type: ClassVar[str] = "niveau"
    duur: Text
    uitleg: Text
    vervolg: Text
    toelating: Text

    @property
    def label(self) -> str:
        return f"Niveau {self.id}"


class Doorstroom(Entry):
    """A row of the table of who may go where."""

    type: ClassVar[str] = "doorstroom"
    entree: JaNee
    niveau2: JaNee
    niveau3: JaNee
    niveau4: JaNee
    havo: JaNee
    uitleg: Text

    def mag(self, niveau: int) -> JaNee:
        """Whether this vooropleiding gives direct access to the mbo level (1 is entree)."""
        return (self.entree, self.niveau2, self.niveau3, self.niveau4)[niveau - 1]


class Onderwerp(Entry):
    """A topic with its answer, and answers to other kinds of question about it."""

    type: ClassVar[str] = "onderwerp"
    knop: Label
    antwoord: Text
    antwoorden: dict[str, Text] = {}
    zie_ook: list[Key] = []
    vergelijkt: list[Key] = []

    @property
    def label(self) -> str:
        return self.knop


class Activiteit(Entry):
    """A LOB activity: what it is, preparing for it, looking back on it."""

    type: ClassVar[str] = "activiteit"
    knop: Label
    uitleg: Text
    voorbereiden: Text
    meenemen: Optional[Text]
    terugkijken: Text
    competenties: list[Competence] = []
    regio: Optional[Text]
    kies_vragen: list[ToAsk] = Field([], description="Questions that a pupil may choose to ask there.")
    doel_voorbeelden: list[Example] = Field([], max_items=3, description="Goals that a pupil may choose.")
    gesprek: Optional[Literal["visitekaartje", "oefenen"]] = Field(description="What to make or practise before it.")

    @property
    def label(self) -> str:
        return self.knop


class Praktijk(Entry):
    """A good practice of other schools: what the idea was, where, and whether it is still there."""

    type: ClassVar[str] = "praktijk"
    knop: Label
    activiteiten: list[Id] = Field(min_items=1, description="The activities of this name, which pupils ask about.")
    voor: Literal["leerling", "school"] = Field(description="Who can use the idea.")
    doelgroep: Text
    kern: Text
    hoofdactiviteit: Text
    regio: Text
    status: Text
    zie_ook: list[Key] = []

    @property
    def label(self) -> str:
        return self.knop


class School(Entry):
    """A school in or near the region."""

    type: ClassVar[str] = "school"
    soort: Literal["mbo", "vmbo", "pro"]
    plaatsen: list[Text]
    uitleg: Text
    werelden: list[Id] = []
    voorbeeld: bool = False


class Interesse(Entry):
    """Something a pupil likes, and the werelden it may lead to."""

    type: ClassVar[str] = "interesse"
    werelden: list[Id] = Field(min_items=1, max_items=5)
    voorbeelden: list[Key] = Field([], max_items=3, description="Opleidingen that this interest may lead to.")


class Hulplijn(Entry):
    """A helpline."""

    type: ClassVar[str] = "hulplijn"
    telefoon: Optional[Text]
    chat: Optional[HttpsUrl]
    kosten_tijd: Text
    voor: Text


class Nood(Entry):
    """A sign of distress: how it is recognised and which helplines are named."""

    type: ClassVar[str] = "nood"
    antwoord: Text
    hulplijnen: list[Id] = Field(min_items=1)
    patronen: list[Pattern] = []
    niet: list[Pattern] = []


class Taal(Entry):
    """Another language: how it is recognised, and the line that is said in it."""

    type: ClassVar[str] = "taal"
    antwoord: Text
    schrift: Optional[Pattern] = Field(description="Regular expression for one letter of its script.")
    woorden: list[Text] = []


class Herhaal(BaseModel):
    """On which days an event is there again: every so often until a day, or on days that are named."""

    elke: Optional[Literal["week", "2 weken", "maand"]] = Field(
        description="'maand' is the same weekday of the month, such as the second Tuesday."
    )
    tot: Optional[Day] = Field(description="The last day on which it may be.")
    niet: list[Day] = Field([], description="Days on which it is not there after all.")
    ook: list[Day] = Field([], max_items=60, description="Other days on which it is there.")

    class Config:
        extra = Extra.forbid

    @validator("tot", always=True)
    def _ends_when_it_repeats(cls, tot: Optional[date], values: dict[str, Any]) -> Optional[date]:
        if values.get("elke") and tot is None:
            raise ValueError("schrijf tot welke dag dit herhaalt, zoals tot: 2027-06-30")
        return tot


class Aanwezig(BaseModel):
    """How many people were at an event, filled in afterwards."""

    leerlingen: int = Field(0, ge=0)
    professionals: int = Field(0, ge=0)

    class Config:
        extra = Extra.forbid


Audience = Literal["leerlingen", "professionals"]
"""Who an event is for. Professionals are decanen, mentors, teachers and people of companies."""


class Event(Entry):
    """An entry of the LOB-kalender. No date means that the date is not known yet."""

    type: ClassVar[str] = "event"
    naam: Text = Text("")
    titel: Text
    soort: Id
    datum: Optional[Day]
    einddatum: Optional[Day]
    tijd: Optional[Text]
    plaats: Optional[Text]
    doelgroep: Audience = Field("leerlingen", description="Lobke offers pupils nothing that is for professionals.")
    leerjaren: list[int] = []
    werelden: list[Id] = []
    organisator: Text
    uitleg: Text
    aanmelden: Optional[Text] = Field(description="How to sign up: words, or an address that starts with https://.")
    plekken: Optional[int] = Field(ge=0, description="Places left; 0 means full.")
    afgelast: bool = Field(False, description="It was planned, and does not take place.")
    herhaal: Optional[Herhaal]
    aanwezig: Optional[Aanwezig]
    uid: Optional[Text] = Field(description="What the calendar that it was read from calls it.")
    voorbeeld: bool = False

    @validator("einddatum")
    def _ends_after_it_begins(cls, end: Optional[date], values: dict[str, Any]) -> Optional[date]:
        begin: Optional[date] = values.get("datum")
        if end and not begin:
            raise ValueError("schrijf ook de eerste dag, bij 'datum'")
        if end and begin and not 0 <= (end - begin).days < LONGEST_EVENT:
            raise ValueError(f"deze dag is eerder dan 'datum', of meer dan {LONGEST_EVENT} dagen later")
        return end

    @validator("herhaal")
    def _repeats_from_its_date(cls, herhaal: Optional[Herhaal], values: dict[str, Any]) -> Optional[Herhaal]:
        if herhaal is None or "datum" not in values:
            return herhaal
        begin = values["datum"]
        if begin is None:
            raise ValueError("schrijf ook de eerste dag, bij 'datum'")
        if herhaal.tot and not 0 <= (herhaal.tot - begin).days <= LONGEST_REPEAT:
            raise ValueError("'tot' is eerder dan 'datum', of meer dan 2 jaar later")
        return herhaal

    @property
    def last_day(self) -> Optional[date]:
        """The day after which the event is over; None when the date is not known."""
        return self.einddatum or self.datum


class Moment(Entry):
    """What a pupil of a leerjaar does in a part of the school year; `van` and `tot` are its first and last day."""

    type: ClassVar[str] = "moment"
    naam: Text = Text("")
    leerjaar: int = Field(ge=2, le=4)
    van: MonthDay
    tot: MonthDay
    doe: Text


class Vakantie(Entry):
    """Days without school, from `van` to `tot`, both included: a holiday, or one day off."""

    type: ClassVar[str] = "vakantie"
    van: Day
    tot: Day
    regio: Optional[Text] = Field(description="Which schools have it; only a remark for staff.")
    voorbeeld: bool = False

    @validator("tot")
    def _has_a_length(cls, tot: date, values: dict[str, Any]) -> date:
        if "van" in values and not 0 <= (tot - values["van"]).days < LONGEST_HOLIDAY:
            raise ValueError(f"deze dag is eerder dan 'van', of meer dan {LONGEST_HOLIDAY} dagen later")
        return tot


class Phrases(BaseModel):
    """The sentences that Lobke fills in: a template for each type and kind of question, and the greeting."""

    begroeting: Text
    begroeting_keuzes: list[Text]
    zinnen: dict[str, Template]
    knoppen: dict[str, Label]
    algemeen: dict[str, TopicKey] = Field(description="The topic that answers a kind of question without a subject.")

    class Config:
        extra = Extra.forbid

    @validator("knoppen")
    def _greeting_has_labels(cls, labels: dict[str, Label], values: dict[str, Any]) -> dict[str, Label]:
        for name in values.get("begroeting_keuzes", []):
            if name not in labels:
                raise ValueError(f"'{name}' uit begroeting_keuzes staat hier niet")
        return labels


class Spelling(BaseModel):
    """How pupils spell words: the word, and what they type for it."""

    woorden: dict[Text, list[Text]]

    class Config:
        extra = Extra.forbid


class HardWords(BaseModel):
    """Words that pupils do not know, each with an easier one."""

    woorden: dict[Text, Text]

    class Config:
        extra = Extra.forbid


class Stap(BaseModel):
    """A question of a gesprek. The answer stands under `kop` in the document that the pupil keeps."""

    id: Id
    vraag: Text
    uitleg: Optional[Text] = Field(description="More words, for who does not understand the question.")
    voorbeelden: list[Example] = Field([], max_items=3)
    kop: Text
    tip: Optional[Text] = Field(description="How to make the answer better; never a verdict.")
    mag_leeg: bool = False
    letters: int = Field(500, ge=20, le=500, description="The longest answer, in letters.")

    class Config:
        extra = Extra.forbid


class Document(BaseModel):
    """What stands around the answers in the document that the pupil keeps."""

    titel: Text
    intro: Text
    noot: Text

    class Config:
        extra = Extra.forbid


class Gesprek(BaseModel):
    """Questions that Lobke asks one by one; the answers become a document."""

    naam: Label
    uitleg: Text
    stappen: list[Stap] = Field(min_items=1)
    klaar: Text
    document: Document

    class Config:
        extra = Extra.forbid

    @validator("stappen")
    def _every_id_is_there_once(cls, stappen: list[Stap]) -> list[Stap]:
        ids = [stap.id for stap in stappen]
        if twice := next((id for id in ids if ids.count(id) > 1), None):
            raise ValueError(f"'{twice}' staat hier twee keer")
        return stappen


class Competentie(BaseModel):
    """A loopbaancompetentie: the question it is about, and questions about one experience."""

    kop: Text
    kernvraag: Text
    vragen: list[Text] = Field(min_items=1)

    class Config:
        extra = Extra.forbid


class Gesprekken(BaseModel):
    """The gesprekken with fixed questions. The step `competentie` of `terugkijken` has {kop} and {vraag} of one."""

    terugkijken: Gesprek
    voorbereiden: Gesprek
    visitekaartje: Gesprek
    oefenen: Gesprek
    competenties: dict[Competence, Competentie]

    class Config:
        extra = Extra.forbid

    @validator("terugkijken")
    def _asks_about_a_competence(cls, terugkijken: Gesprek) -> Gesprek:
        if not any(stap.id == "competentie" and "{vraag}" in stap.vraag for stap in terugkijken.stappen):
            raise ValueError("hier hoort een stap 'competentie' met {vraag} in de vraag")
        return terugkijken

    @validator("competenties")
    def _every_competence_is_there(cls, found: dict[str, Competentie]) -> dict[str, Competentie]:
        if missing := set(get_args(Competence)) - found.keys():
            raise ValueError(f"hier ontbreekt {', '.join(sorted(missing))}")
        return found


class Antwoord(BaseModel):
    """One of the answers to choose from. The id is what is counted, so it stays when the words change."""

    id: Id
    tekst: Label

    class Config:
        extra = Extra.forbid


class Evaluatievraag(BaseModel):
    """A question about an activity with answers to choose from, from the least to the most content."""

    id: Id
    vraag: Text
    antwoorden: list[Antwoord] = Field(min_items=2, max_items=5)

    class Config:
        extra = Extra.forbid

    @validator("antwoorden")
    def _every_answer_is_there_once(cls, antwoorden: list[Antwoord]) -> list[Antwoord]:
        return _once(antwoorden)


class Evaluatie(BaseModel):
    """What people of one group are asked about an activity; `open` is the question with a text as its answer."""

    naam: Label = Field(description="Who they are, as in: voor leerlingen.")
    intro: Text
    vragen: list[Evaluatievraag] = Field(min_items=1, max_items=5)
    open: Text

    class Config:
        extra = Extra.forbid

    @validator("vragen")
    def _every_question_is_there_once(cls, vragen: list[Evaluatievraag]) -> list[Evaluatievraag]:
        return _once(vragen)


class Evaluaties(BaseModel):
    """What everybody who was at an activity is asked about it."""

    leerlingen: Evaluatie
    docenten: Evaluatie
    partners: Evaluatie

    class Config:
        extra = Extra.forbid


def _once(found: list[Any]) -> list[Any]:
    """The things with an id in this list. Raises ValueError when an id is there twice."""
    ids = [one.id for one in found]
    if twice := next((id for id in ids if ids.count(id) > 1), None):
        raise ValueError(f"'{twice}' staat hier twee keer")
    return found


class HollandType(BaseModel):
    """What Lobke calls a Holland type; `zin` ends a sentence that begins with "Je kiest vaak"."""

    naam: Label
    zin: Text

    class Config:
        extra = Extra.forbid


class Stelling(BaseModel):
    """Something to do, which a pupil likes or not, and the werelden where people do it."""

    id: Id
    type: Literal["R", "I", "A", "S", "E", "C"]
    tekst: Text
    werelden: list[Id] = Field(min_items=1, max_items=3)

    class Config:
        extra = Extra.forbid


class Antwoorden(BaseModel):
    """What pupils type for the three answers to a stelling."""

    ja: list[Text]
    gaat_wel: list[Text]
    nee: list[Text]

    class Config:
        extra = Extra.forbid


class Stappen(BaseModel):
    """What pupils type to move through a verkenning."""

    terug: list[Text]
    overslaan: list[Text]
    pauze: list[Text]
    stop: list[Text]
    verder: list[Text]
    opnieuw: list[Text]

    class Config:
        extra = Extra.forbid


class Verkenning(BaseModel):
    """The stellingen of the verkenning, and the words that a pupil may type while it runs."""

    types: dict[str, HollandType]
    stellingen: list[Stelling]
    antwoorden: Antwoorden
    stappen: Stappen
    proberen: list[Id] = Field(min_items=2, description="Activities to find out what you like, the best first.")

    class Config:
        extra = Extra.forbid

    @validator("types")
    def _every_type_is_there(cls, types: dict[str, HollandType]) -> dict[str, HollandType]:
        if set(types) != set("RIASEC"):
            raise ValueError("hier horen de letters R, I, A, S, E en C")
        return types

    @validator("stellingen")
    def _types_are_even(cls, stellingen: list[Stelling]) -> list[Stelling]:
        ids = [stelling.id for stelling in stellingen]
        if twice := next((id for id in ids if ids.count(id) > 1), None):
            raise ValueError(f"'{twice}' staat hier twee keer")
        counts = {sum(stelling.type == letter for stelling in stellingen) for letter in "RIASEC"}
        if len(counts) > 1 or min(counts) < 3:
            raise ValueError("van elke letter horen hier evenveel stellingen, minstens 3")
        return stellingen

    def stelling(self, id: Optional[str]) -> Optional[Stelling]:
        """The stelling with this id, or None."""
        return next((stelling for stelling in self.stellingen if stelling.id == id), None)


class Punt(BaseModel):
    """A point of the LOB-scan: a sentence that is true for a school, a bit, or not."""

    id: ScanId
    tekst: Text
    nvt: bool = Field(False, description="Not every school has what it is about.")
    actueel: Optional[Text] = Field(description="What has changed since the checklist was made.")

    class Config:
        extra = Extra.forbid


class Onderdeel(BaseModel):
    """A heading of the LOB-scan with its points; they fit in one form."""

    id: ScanId
    naam: Text
    punten: list[Punt] = Field(min_items=1, max_items=15)

    class Config:
        extra = Extra.forbid


class Lobscan(BaseModel):
    """The points by which a school looks each year how its LOB is doing."""

    bron: Text
    betrouwbaarheid: Literal["hoog", "middel"]
    onderdelen: list[Onderdeel]

    class Config:
        extra = Extra.forbid

    @validator("onderdelen")
    def _every_id_is_there_once(cls, onderdelen: list[Onderdeel]) -> list[Onderdeel]:
        ids = [id for onderdeel in onderdelen for id in (onderdeel.id, *(punt.id for punt in onderdeel.punten))]
        if twice := next((id for id in ids if ids.count(id) > 1), None):
            raise ValueError(f"'{twice}' staat hier twee keer")
        return onderdelen

    @property
    def punten(self) -> list[Punt]:
        """Every point, in order."""
        return [punt for onderdeel in self.onderdelen for punt in onderdeel.punten]


NO_SCAN = Lobscan(bron="-", betrouwbaarheid="hoog", onderdelen=[])
"""For knowledge that is made for something else, such as a preview."""
TYPES: dict[str, type[Entry]] = {
    "werelden": Wereld,
    "opleidingen": Opleiding,
    "leerwegen": Leerweg,
    "profielen": Profiel,
    "niveaus": Niveau,
    "doorstroom": Doorstroom,
    "onderwerpen": Onderwerp,
    "activiteiten": Activiteit,
    "praktijken": Praktijk,
    "scholen": School,
    "interesses": Interesse,
    "hulplijnen": Hulplijn,
    "nood": Nood,
    "talen": Taal,
    "kalender": Event,
    "jaarritme": Moment,
    "schoolvakanties": Vakantie,
}
"""File or folder name in knowledge/ → model of its entries."""
NO_SUBJECTS = (Event, Moment, Nood, Taal, Vakantie)
"""Entries that a pupil does not ask about by name."""
