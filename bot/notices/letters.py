"""What a mail says: where to look, and nothing of what a pupil wrote or who she is."""

from typing import Optional

from sqlalchemy import select
from sqlalchemy.engine import Connection

from bot import clock, knowledge
from bot.accounts import invitations
from bot.accounts.accounts import BEHEER, Account, by_id
from bot.handoff.inbox import Inbox
from bot.handoff.store import state_of
from bot.knowledge.calendar import dutch_date
from bot.notices.mail import Mail
from bot.notices.notices import WAITING, state_columns
from bot.notices.outbox import ASSIGNED, DIGEST, ESCALATION, INVITATION, NEW, RESET, REVIEW, WROTE, Entry
from bot.settings import settings
from bot.storage import tables
from bot.storage.database import transaction

SUBJECT = "Er is een overdracht"
NEWS = {
    NEW: "Er is een nieuwe overdracht.",
    WROTE: "Er is een nieuw bericht in een overdracht.",
    ASSIGNED: "Een collega gaf een overdracht aan jou.",
    ESCALATION: "Een overdracht wacht al een uur of langer. Kijk er nu naar, of vraag het een collega.",
}
URGENT = "Deze overdracht is dringend."
FOR_BEHEER = (
    "Bij {school} wacht een dringende overdracht al een uur of langer.\n"
    "Vraag een decaan van die school om er nu naar te kijken."
)
NO_CONTENT = "In deze mail staat niets over de leerling. Dat lees je als je bent ingelogd."
CHOOSE = "Kies zelf hoe vaak je mail krijgt: {url}/portal/account"
DIGEST_SUBJECT = "Er wachten overdrachten"
DIGEST_TEXT = (
    "Zo staat het er vandaag voor.\n\n"
    "Wachten op een decaan: {waiting}\nDaarvan nieuw: {new}\nNog niet gelezen: {unread}\n\n"
    "Kijk hier: {url}/portal/overdrachten"
)
REVIEW_SUBJECT = "Kijk of dit nog klopt"
REVIEW_TEXT = (
    "Lobke weet dingen die na een tijd misschien niet meer kloppen. Kijk dit na voor de dag die erbij staat:\n\n"
    "{entries}\n\nKijk hier: {url}/portal/kennis/nakijken\n\n"
    "Klopt het nog? Zet er dan een nieuwe dag bij. Na die dag zegt Lobke erbij: vraag na of dit nog klopt."
)
REVIEW_LINES = 30
INVITATION_SUBJECT = "Je uitnodiging voor Lobke"
INVITATION_TEXT = (
    "Je kunt inloggen bij het portaal van Lobke. Kies eerst een wachtwoord:\n{url}/portal/uitnodiging/{token}\n\n"
    "De link werkt 1 keer, en hoogstens {days} dagen. Hij is alleen voor jou."
)
RESET_SUBJECT = "Een ander wachtwoord voor Lobke"
RESET_TEXT = (
    "Wil je een ander wachtwoord? Kies het hier, binnen een uur:\n{url}/portal/wachtwoord-vergeten/{token}\n\n"
    "De link werkt 1 keer. Je tweede stap blijft zoals hij is.\n"
    "Vroeg jij hier niet om? Dan hoef je niets te doen."
)
MOST_TRIES = {RESET: 8, INVITATION: 170}  # about two hours, and a week; what is about a handoff is always tried again


def compose(entry: Entry) -> Optional[Mail]:
    """The mail as it is now, None when nobody needs it any more. A link is made here. Raises DatabaseDown."""
    if entry.tries > MOST_TRIES.get(entry.kind, entry.tries):
        return None
    with transaction() as connection:
        account = by_id(connection, entry.account_id)
    if account is None:
        return None
    if entry.kind == INVITATION:
        if account.disabled_at and account.disabled_at >= entry.created_at:
            return None  # else somebody who was just shut out could come back in
        return _link(entry, account, INVITATION_SUBJECT, INVITATION_TEXT, invitations.invite(account))
    if not account.can_log_in:
        return None
    if entry.kind == RESET:
        if not account.has_password:
            return None
        return _link(entry, account, RESET_SUBJECT, RESET_TEXT, invitations.reset_link(account))
    if entry.kind == DIGEST:
        return _digest(entry, account)
    if entry.kind == REVIEW:
        return _review(entry, account)
    with transaction() as connection:
        text = _about_handoff(connection, entry, account)
    return Mail(entry.id, account.email, SUBJECT, text) if text else None


def _about_handoff(connection: Connection, entry: Entry, account: Account) -> str:
    """The text, "" when the handoff is gone, finished, answered, put away, or no longer hers."""
    handoff = tables.handoffs.c
    query = select(handoff.school, handoff.urgent, *state_columns()).where(handoff.id == entry.subject)
    found = connection.execute(query).first()
    if found is None or state_of(found).status not in WAITING:
        return ""
    if entry.kind == ESCALATION and not found.unread:
        return ""
    if account.role == BEHEER:
        return FOR_BEHEER.format(school=knowledge.school_name(found.school))
    if found.school not in account.schools or (entry.kind == ASSIGNED and found.assignee != account.id):
        return ""
    url = settings().public_url
    waiting, _, _ = _counts(account)
    number = "Er wacht nu 1 overdracht." if waiting == 1 else f"Er wachten nu {waiting} overdrachten."
    parts = [
        " ".join([NEWS[entry.kind], *([URGENT] if found.urgent else [])]),
        f"Lees hem hier: {url}/portal/overdrachten/{entry.subject}",
        f"{number}\n{NO_CONTENT}",
        CHOOSE.format(url=url),
    ]
    return "\n\n".join(parts)


def _digest(entry: Entry, account: Account) -> Optional[Mail]:
    waiting, new, unread = _counts(account)
    if entry.subject != clock.today().isoformat() or account.notices != "dagelijks" or not waiting:
        return None
    url = settings().public_url
    text = DIGEST_TEXT.format(waiting=waiting, new=new, unread=unread, url=url)
    return Mail(entry.id, account.email, DIGEST_SUBJECT, f"{text}\n\n{CHOOSE.format(url=url)}")


def _review(entry: Entry, account: Account) -> Optional[Mail]:
    """What she was asked to look at and nobody looked at yet: the day is still the same."""
    table = tables.review_notices.c
    with transaction() as connection:
        rows = connection.execute(select(table.entry, table.day).where(table.mail_id == entry.id)).all()
    known = knowledge.current()
    asked = [(day, found.label) for key, day in rows if (found := known.get(key)) and found.controleer_voor == day]
    if not asked:
        return None
    lines = [f"- {label}: {dutch_date(day).partition(' ')[2]}" for day, label in sorted(asked)]
    if len(lines) > REVIEW_LINES:
        lines = [*lines[:REVIEW_LINES], f"- en nog {len(lines) - REVIEW_LINES}"]
    text = REVIEW_TEXT.format(entries="\n".join(lines), url=settings().public_url)
    return Mail(entry.id, account.email, REVIEW_SUBJECT, text)


def _counts(account: Account) -> tuple[int, int, int]:
    """How many handoffs of her schools wait for a decaan, how many are new, and how many have something unread."""
    counts = Inbox(account.id, account.schools, account.name).counts()
    waiting = counts["alle"].total - counts["wacht_op_leerling"].total - counts["later"].total
    return waiting, counts["nieuw"].total, counts["alle"].unread


def _link(entry: Entry, account: Account, subject: str, text: str, token: str) -> Mail:
    """A mail with a new token each time, so each time it is another mail."""
    text = text.format(url=settings().public_url, token=token, days=invitations.VALID_DAYS)
    return Mail(f"{entry.id}.{entry.tries}", account.email, subject, text)
