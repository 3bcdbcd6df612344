"""The interaction log: topics and outcomes, and what a pupil typed only when it was not understood, redacted.

What else is counted by day, and leads to nobody, goes into the table `counted`.
"""

import uuid
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Optional

import structlog

from bot import clock
from bot.keys import derived_key, log_hash
from bot.privacy.redaction import redact
from bot.settings import settings
from bot.storage.database import Row
from bot.storage.spool import Spool

log = structlog.get_logger()

NOT_UNDERSTOOD = "not_understood"


@dataclass(frozen=True)
class Interaction:
    """One answered question. `text` is kept only with the outcome NOT_UNDERSTOOD."""

    conversation: str  # Rasa's sender id; the log gets a keyed hash of it and the day
    intent: Optional[str] = None
    kind: Optional[str] = None  # kind of question: niveau, kosten …
    subject: Optional[str] = None  # a subject key: wereld:zorg …
    outcome: Optional[str] = None
    confidence: Optional[float] = None  # 0 to 1
    duration_ms: Optional[int] = None
    text: Optional[str] = None
    turn: Optional[int] = None  # which message of the pupil, from 1
    school: Optional[str] = None  # where the chat was opened


def record(interaction: Interaction, once: str = "") -> None:
    """Logs the interaction; with the same `once` only the first time. Never waits for the database and never raises."""
    try:
        now = clock.now()
        row = asdict(interaction)
        for name, length in (("intent", 64), ("kind", 64), ("subject", 128), ("outcome", 64)):
            row[name] = row[name] and str(row[name])[:length]
        row["id"] = _id("interaction", once)
        row["at"] = now
        row["conversation"] = log_hash(interaction.conversation, now.date())
        kept = interaction.text and interaction.outcome == NOT_UNDERSTOOD
        row["text"] = redact(interaction.text or "") if kept else None
        spool().put([("interactions", row)])
    except Exception as error:
        log.error("interaction_not_recorded", error=type(error).__name__)


def tally(name: str, value: str, once: str = "") -> None:
    """Counts one of these over all pupils, by month and without a conversation. Never raises.

    With the same `once`, an id, it counts only the first time.
    """
    try:
        id = _id(f"tally:{name}:{value}", once)
        row = {"id": id, "month": clock.today().isoformat()[:7], "name": name, "value": value}
        spool().put([("tallies", row)])
    except Exception as error:
        log.error("tally_not_recorded", error=type(error).__name__)


def counted(metric: str, school: Optional[str] = None, value: str = "", number: int = 1, once: str = "") -> Row:
    """A row that counts something today. With `once`, an id, the same thing is never counted twice."""
    id = _id(f"counted:{metric}", once)
    row = {"id": id, "day": clock.today(), "school": school, "metric": metric, "value": value, "number": number}
    return "counted", row


def count(metric: str, school: Optional[str] = None, value: str = "", number: int = 1, once: str = "") -> None:
    """Counts something today, as `counted`. Never waits for the database and never raises."""
    try:
        spool().put([counted(metric, school, value, number, once)])
    except Exception as error:
        log.error("count_not_recorded", error=type(error).__name__)


def _id(what: str, once: str) -> str:
    return derived_key(f"{what}:{once}")[:32] if once else uuid.uuid4().hex


def spool() -> Spool:
    """The spool of this process, for what must not be lost either."""
    return _spool(settings().spool_dir)


@lru_cache(maxsize=4)
def _spool(folder: Path) -> Spool:
    found = Spool(folder)
    found.start()
    return found
