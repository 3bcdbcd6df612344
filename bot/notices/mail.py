"""One mail, given to the mail server of the settings."""

import smtplib
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import urlsplit

from bot import clock
from bot.settings import settings

SECONDS = 15.0  # that the server may take for one step
_ABOUT_ONE_MAIL = (smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)


@dataclass(frozen=True)
class Mail:
    """A mail in plain text. The same `id` is the same mail, also when it comes twice."""

    id: str
    to: str
    subject: str
    text: str


class NotSent(Exception):
    """The server did not take the mail; the text names the kind of error, and no address."""

    def __init__(self, error: Exception) -> None:
        code = getattr(error, "smtp_code", "")
        super().__init__(f"{type(error).__name__} {code}".strip())
        self.only_this_one = isinstance(error, (MessageError, ValueError, *_ABOUT_ONE_MAIL))


def send(mail: Mail) -> None:
    """Gives the mail to the server; blocks. Raises NotSent."""
    current = settings()
    try:
        message = _message(mail)
        with closing(_logged_in()) as server:
            server.send_message(message, parseaddr(current.mail_from)[1], [mail.to])
            with suppress(OSError, smtplib.SMTPException):  # the mail is theirs already
                server.quit()
    except (OSError, smtplib.SMTPException, MessageError, ValueError) as error:
        raise NotSent(error) from None


def try_out() -> None:
    """Connects and logs in as for a mail, and sends none; blocks. Raises NotSent."""
    try:
        with closing(_logged_in()) as server:
            server.noop()
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise NotSent(error) from None


def _message(mail: Mail) -> EmailMessage:
    message = EmailMessage()
    message["From"] = settings().mail_from
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{mail.id}@{urlsplit(settings().public_url).hostname}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    return message


def _connection() -> smtplib.SMTP:
    """A connection whose server is who it says it is, unless the settings ask for no TLS."""
    current = settings()
    if current.smtp_tls == "tls":
        return smtplib.SMTP_SSL(
            current.smtp_host, current.smtp_port, timeout=SECONDS, context=ssl.create_default_context()
        )
    server = smtplib.SMTP(current.smtp_host, current.smtp_port, timeout=SECONDS)
    if current.smtp_tls == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server


def _logged_in() -> smtplib.SMTP:
    server = _connection()
    try:
        if settings().smtp_user:
            server.login(settings().smtp_user, settings().smtp_password)
    except BaseException:
        server.close()
        raise
    return server
