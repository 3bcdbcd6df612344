"""The thread that looks for what is to be told and mails it."""

import threading
from typing import Optional

import structlog

from bot.notices.letters import compose
from bot.notices.mail import NotSent, send
from bot.notices.notices import derive
from bot.notices.outbox import claim, done, put_off
from bot.storage.database import DatabaseDown

log = structlog.get_logger()

EVERY_SECONDS = 10.0
STOP_SECONDS = 2.0


class Courier:
    """Works while it is started. Any number of processes may have one."""

    def __init__(self, every: float = EVERY_SECONDS) -> None:
        self.every = every
        self._stop = threading.Event()
        self._thread: Optional[threading.Thread] = None

    def start(self) -> None:
        """Starts the thread."""
        self._thread = threading.Thread(target=self._run, name="lobke-courier", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; a mail that is under way then may go out once more later."""
        self._stop.set()
        if self._thread:
            self._thread.join(STOP_SECONDS)

    def deliver(self) -> None:
        """Sends what is due. Raises DatabaseDown."""
        while not self._stop.is_set() and (entry := claim()):
            mail = compose(entry)
            if mail:
                try:
                    send(mail)
                except NotSent as error:
                    log.warning("mail_not_sent", kind=entry.kind, tries=entry.tries, error=str(error))
                    put_off(entry)
                    if error.only_this_one:
                        continue
                    return
            done(entry)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                derive()
                self.deliver()
            except DatabaseDown as error:
                log.warning("mail_waits_for_database", error=str(error))
            except Exception as error:  # the thread must live; what is not sent is tried again
                log.error("mail_failed", error=type(error).__name__)
            self._stop.wait(self.every)
