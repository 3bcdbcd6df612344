"""What pupils asked and Lobke did not understand, grouped by likeness, and which entries nobody asked about.

The sentences were redacted when they were logged, and are kept for 90 days. No conversation is read here.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Optional

from rapidfuzz import fuzz, process
from sqlalchemy import delete, func, insert, select

from bot import clock
from bot.accounts.audit import record
from bot.keys import derived_key
from bot.knowledge.loader import Knowledge, per_knowledge
from bot.knowledge.models import (
    Activiteit,
    Entry,
    Interesse,
    Leerweg,
    Niveau,
    Onderwerp,
    Opleiding,
    Praktijk,
    Profiel,
    School,
    Wereld,
)
from bot.knowledge.names import names_of
from bot.knowledge.question import GROUP
from bot.knowledge.words import words
from bot.monitoring.log import NOT_UNDERSTOOD
from bot.storage import tables
from bot.storage.database import transaction

MOST = 2000
"""Different sentences that are grouped: the ones that were asked most, and of those the latest."""
ALIKE = 75
"""How many of a hundred letters of the telling words must be the same to stand in one group."""
SAME_BUT_FOR_SLIPS = 88
"""The same for the whole sentence: what differs is only its spelling."""
MOST_NEAR = 8
ASKED_ABOUT = (Onderwerp, Opleiding, Wereld, Activiteit, Praktijk, School, Profiel, Leerweg, Niveau, Interesse)
_LITTLE_WORDS = (
    "ik je jij u we wij ze zij hij het de een t n en of is zijn ben bent was wat hoe waar wie wanneer "
    "waarom welke welk kan kun kunnen moet moeten mag wil wilt ga gaat gaan doe doen dan ook nog maar "
    "voor van op in bij met naar om te er dat dit die als aan mijn mn m me mij jullie dus nou eigenlijk "
    "over uit iets nu wel heb heeft hebben word wordt worden zou hoi hey hallo lobke mbo school opleiding "
    "weten weet vertel zeg eens"
)
_LITTLE = set(_LITTLE_WORDS.split())
"""Words that tell little of what a question is about."""

_log = tables.interactions
_ignored = tables.ignored_gaps


@dataclass(frozen=True)
class Sentence:
    """A sentence as it was typed most often, however often it was typed with these words."""

    id: str
    text: str
    number: int
    first: datetime
    last: datetime


@dataclass
class Group:
    """Sentences that are alike, the one that was typed most often first. `id`: that of any of them."""

    sentences: list[Sentence] = field(default_factory=list)
    ignored: bool = False

    @property
    def id(self) -> str:
        """The id of the first sentence."""
        return self.sentences[0].id

    @property
    def number(self) -> int:
        """How often a sentence of the group was typed."""
        return sum(sentence.number for sentence in self.sentences)

    @property
    def first(self) -> datetime:
        """When the first was typed."""
        return min(sentence.first for sentence in self.sentences)

    @property
    def last(self) -> datetime:
        """When the last was typed."""
        return max(sentence.last for sentence in self.sentences)


def groups(knowledge: Knowledge) -> list[Group]:
    """The questions that were not understood and that no entry has as a question by now, the most asked first.

    Raises DatabaseDown.
    """
    number = func.count().label("number")
    query = (
        select(_log.c.text, number, func.min(_log.c.at), func.max(_log.c.at).label("last"))
        .where(_log.c.outcome == NOT_UNDERSTOOD, _log.c.text.is_not(None))
        .group_by(_log.c.text)
        .order_by(number.desc(), func.max(_log.c.at).desc())
        .limit(MOST)
    )
    with transaction() as connection:
        rows = connection.execute(query).all()
        ignored = set(connection.execute(select(_ignored.c.hash)).scalars())
    known, key = _questions(knowledge), bytes.fromhex(derived_key("gaps"))
    by_words: dict[str, Sentence] = {}
    for text, times, first, last in rows:
        said = plain(text)
        if not said or said in known:
            continue
        same = by_words.get(said)
        if same:
            times, first, last = same.number + times, min(same.first, first), max(same.last, last)
        by_words[said] = Sentence(_id(said, key), same.text if same else text, times, first, last)
    found = _grouped(by_words.items(), ignored)
    return sorted(found, key=lambda group: (-group.number, -group.last.timestamp(), group.id))


def _grouped(sentences: Iterable[tuple[str, Sentence]], ignored: Collection[str]) -> list[Group]:
    """Each sentence goes to the group whose first one it is most like, or that has it with another spelling.

    What is ignored comes first, so that it attracts what is like it.
    """
    by_telling: dict[str, Group] = {}
    by_sentence: dict[str, Group] = {}
    ordered = sorted(sentences, key=lambda pair: (pair[1].id not in ignored, -pair[1].number))
    for said, sentence in ordered:
        telling = _telling(said)
        group = (
            by_telling.get(telling)
            or _nearest(telling, by_telling, ALIKE)
            or _nearest(said, by_sentence, SAME_BUT_FOR_SLIPS)
        )
        if group is None:
            group = by_telling[telling] = Group(ignored=sentence.id in ignored)
        by_sentence[said] = group
        group.sentences.append(sentence)
    return list(by_telling.values())


def _nearest(text: str, begun: dict[str, Group], least: int) -> Optional[Group]:
    found = process.extractOne(text, begun.keys(), scorer=fuzz.ratio, score_cutoff=least)
    return begun[found[0]] if found else None


def plain(text: str) -> str:
    """The words of a sentence as they are compared."""
    return " ".join(word for word, _, _ in words(text))


def _telling(said: str) -> str:
    """The words that tell what it is about, in the order of the alphabet."""
    parts = said.split()
    return " ".join(sorted([part for part in parts if part not in _LITTLE] or parts))


def _id(said: str, key: bytes) -> str:
    return blake2b(said.encode(), key=key, digest_size=16).hexdigest()


@per_knowledge
def _questions(knowledge: Knowledge) -> dict[str, Entry]:
    """By its words the entry of each known question."""
    found: dict[str, Entry] = {}
    for entry in knowledge.entries.values():
        for question in entry.vragen:
            found.setdefault(plain(question), entry)
    return found


def owner_of(question: str, knowledge: Knowledge) -> Optional[Entry]:
    """The entry that has this question already, in these words."""
    return _questions(knowledge).get(plain(question))


def ignore(group: Group, by: str) -> None:
    """From now on these questions, and what is like them, stand apart. Raises DatabaseDown."""
    hashes = {sentence.id for sentence in group.sentences}
    with transaction(write=True) as connection:
        there = set(connection.execute(select(_ignored.c.hash).where(_ignored.c.hash.in_(hashes))).scalars())
        rows = [{"hash": hash, "at": clock.now()} for hash in sorted(hashes - there)]
        if rows:
            connection.execute(insert(_ignored), rows)
        record(connection, "gap_ignored", by, group.id)


def restore(group: Group, by: str) -> None:
    """Undoes `ignore`. Raises DatabaseDown."""
    hashes = [sentence.id for sentence in group.sentences]
    with transaction(write=True) as connection:
        connection.execute(delete(_ignored).where(_ignored.c.hash.in_(hashes)))
        record(connection, "gap_restored", by, group.id)


def near(sentences: Iterable[str], knowledge: Knowledge) -> list[Entry]:
    """The entries that these sentences may be about: named in them, or with a question that is like them."""
    found: dict[str, Entry] = {}
    names = names_of(knowledge)
    every = _by_telling(knowledge)
    for sentence in sentences:
        for name in names.find(sentence):
            for key in name.subjects:
                subject = names.resolve(key)
                found.update({entry.key: entry for entry in (subject.entries if subject else ())})
        alike = process.extract(_telling(plain(sentence)), every.keys(), scorer=fuzz.ratio, limit=2, score_cutoff=60)
        found.update({every[match[0]].key: every[match[0]] for match in alike})
    asked = [entry for entry in found.values() if _is_asked_about(entry)]
    return asked[:MOST_NEAR]


@per_knowledge
def _by_telling(knowledge: Knowledge) -> dict[str, Entry]:
    return {_telling(said): entry for said, entry in reversed(_questions(knowledge).items())}


def search(name: str, knowledge: Knowledge) -> list[Entry]:
    """The entries whose name has these letters or is like them."""
    entries = [entry for entry in knowledge.entries.values() if _is_asked_about(entry)]
    wanted = plain(name)
    if not wanted:
        return []
    inside = [entry for entry in entries if any(wanted in plain(each) for each in (entry.naam, *entry.namen))]
    labels = {place: plain(entry.naam) for place, entry in enumerate(entries)}
    alike = process.extract(wanted, labels, scorer=fuzz.WRatio, limit=MOST_NEAR, score_cutoff=70)
    inside.sort(key=lambda entry: (not plain(entry.naam).startswith(wanted), len(entry.naam)))
    both = [*inside, *(entries[place] for _, _, place in alike)]
    return list({entry.key: entry for entry in both}.values())[:MOST_NEAR]


def _is_asked_about(entry: Entry) -> bool:
    return isinstance(entry, ASKED_ABOUT) and not entry.id.startswith(GROUP)


@dataclass(frozen=True)
class Unused:
    """The entries that no answer was about since a moment; `since` is later when the log began later."""

    entries: list[Entry]
    since: datetime
    answers: int


def unused(knowledge: Knowledge, days: int) -> Unused:
    """What nobody asked about in these days. Raises DatabaseDown."""
    begin = clock.now() - timedelta(days=days)
    with transaction() as connection:
        query = select(_log.c.subject, func.count()).where(_log.c.at >= begin, _log.c.subject.is_not(None))
        counts: dict[str, int] = dict(connection.execute(query.group_by(_log.c.subject)).all())
        oldest = connection.execute(select(func.min(_log.c.at))).scalar()
    names = names_of(knowledge)
    used = set(counts)
    for key in counts:
        subject = names.resolve(key)
        used |= {entry.key for entry in subject.entries} if subject else set()
    entries = [entry for entry in knowledge.entries.values() if _is_asked_about(entry) and entry.key not in used]
    return Unused(entries, max(begin, oldest or clock.now()), sum(counts.values()))
