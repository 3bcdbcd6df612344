"""Handoffs as pupils send them, for the tests of the portal."""

from typing import Any
from uuid import uuid4

from bot.handoff.store import Handoff, Handoffs
from bot.settings import settings
from bot.storage.spool import Spool
from tests.web.staff import SCHOOL

OTHER_SCHOOL = "corlaer-college"
INBOX = "/portal/overdrachten"


def pupil() -> Handoffs:
    """The pupil's side."""
    return Handoffs(Spool(settings().spool_dir))


def sent(text: str = "Kan ik nog wisselen?", **fields: Any) -> tuple[str, str]:
    """A handoff that a pupil sent: its id and its code."""
    id = uuid4().hex
    return id, pupil().send(Handoff(**{"id": id, "school": SCHOOL, "text": text, **fields}))
