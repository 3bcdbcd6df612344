"""A real mail server on loopback, that keeps what it gets."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Optional

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from bot.settings import settings
from tests.stack import free_ports

USER, PASSWORD = "lobke", "geheim-van-de-mailserver"
SITE = "https://lobke.voorbeeld.nl"


class MailServer:
    """Starts and stops, on the same port each time. `refused`: addresses it takes no mail for."""

    def __init__(self, tls: Optional[ssl.SSLContext] = None) -> None:
        self.port = free_ports(1)[0]
        self.mails: list[EmailMessage] = []
        self.refused: set[str] = set()
        self._tls = tls
        self._controller: Optional[Controller] = None

    def start(self) -> None:
        """From now on it answers."""
        options: dict[str, Any] = {"authenticator": _knows}
        if self._tls:
            options |= {"tls_context": self._tls, "require_starttls": True, "auth_required": True}
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **options)
        self._controller.start()

    def stop(self) -> None:
        """From now on connections are refused."""
        if self._controller:
            self._controller.stop()
            self._controller = None

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: Any) -> str:
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage) and envelope.rcpt_tos == [mail["To"]]
        self.mails.append(mail)
        return "250 OK"

    def taken(self) -> list[tuple[str, str]]:
        """The mails since the last call, as sorted pairs of address and text."""
        found = sorted((str(mail["To"]), text(mail)) for mail in self.mails)
        self.mails.clear()
        return found

    def receivers(self) -> list[str]:
        """To whom the mails since the last call went, sorted."""
        return [address for address, _ in self.taken()]


def text(mail: EmailMessage) -> str:
    """What the mail says."""
    return str(mail.get_content()).replace("\r\n", "\n")


@contextmanager
def mail_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """A server without TLS, that the settings of this process point at."""
    server = MailServer()
    use(monkeypatch, server, smtp_tls="none")
    server.start()
    yield server
    server.stop()


def use(monkeypatch: pytest.MonkeyPatch, server: MailServer, **values: object) -> None:
    """Makes Lobke mail through this server."""
    change = {"smtp_host": "127.0.0.1", "smtp_port": server.port, "public_url": SITE}
    for name, value in {**change, "mail_from": "Lobke <lobke@voorbeeld.nl>", **values}.items():
        monkeypatch.setattr(settings(), name, value)


def _knows(server: Any, session: Any, envelope: Any, mechanism: str, auth_data: Any) -> AuthResult:
    assert isinstance(auth_data, LoginPassword)
    return AuthResult(success=auth_data == LoginPassword(USER.encode(), PASSWORD.encode()), handled=False)
