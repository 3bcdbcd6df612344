"""What the audit log says."""

from sqlalchemy import select

from bot.storage import tables
from bot.storage.database import transaction


def actions(account_id: str = "") -> list[str]:
    """The actions in the audit log, of everybody or of one account as subject, the oldest first."""
    table = tables.audit
    query = select(table.c.action).order_by(table.c.at)
    if account_id:
        query = query.where(table.c.subject == account_id)
    with transaction() as connection:
        return list(connection.execute(query).scalars())
