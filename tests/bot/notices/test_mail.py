"""Mail goes to the server of the settings: encrypted, with a login, and only to who that server says it is."""

import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from bot.notices.mail import Mail, NotSent, send
from bot.settings import Settings
from tests.mail_server import PASSWORD, USER, MailServer, text, use

MAIL = Mail("abc", "an@school.test", "Een onderwerp", "Een tekst met een ë.")


def certificate(folder: Path, address: str) -> Path:
    """A file with a key and a certificate that it signed itself, for this address."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lobke test")])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{address}.pem"
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file.write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(encoding)
    )
    return file


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    """The certificate of a server on loopback."""
    return certificate(tmp_path, "127.0.0.1")


@pytest.fixture
def server(pem: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """Takes mail after STARTTLS and a login only, and Lobke knows its name and password."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = MailServer(context)
    use(monkeypatch, server, smtp_tls="starttls", smtp_user=USER, smtp_password=PASSWORD)
    server.start()
    yield server
    server.stop()


def test_mail_goes_over_tls_with_a_login(server: MailServer, pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    send(MAIL)
    [mail] = server.mails
    assert text(mail) == "Een tekst met een ë.\n"
    assert (mail["To"], mail["Subject"]) == ("an@school.test", "Een onderwerp")
    assert mail["Message-ID"] == "<abc@lobke.voorbeeld.nl>"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_a_server_that_nobody_vouches_for_gets_nothing(server: MailServer) -> None:
    with pytest.raises(NotSent, match="^SSLCertVerificationError"):
        send(MAIL)
    assert server.mails == []


def test_a_certificate_of_another_server_is_not_enough(
    server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = certificate(tmp_path, "127.0.0.9")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(other)
    impostor = MailServer(context)
    use(monkeypatch, impostor, smtp_tls="starttls")
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    impostor.start()
    try:
        with pytest.raises(NotSent, match="^SSLCertVerificationError"):
            send(MAIL)
    finally:
        impostor.stop()
    assert impostor.mails == []


def test_without_tls_at_the_server_the_password_is_not_sent(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = MailServer()
    use(monkeypatch, plain, smtp_tls="starttls", smtp_user=USER, smtp_password=PASSWORD)
    plain.start()
    try:
        with pytest.raises(NotSent, match="^SMTPNotSupportedError"):
            send(MAIL)
    finally:
        plain.stop()
    assert plain.mails == []


def test_an_error_names_no_address_and_no_password(
    server: MailServer, pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    server.refused.add(MAIL.to)
    with pytest.raises(NotSent, match="^SMTPRecipientsRefused$") as refused:
        send(MAIL)
    assert refused.value.only_this_one
    use(monkeypatch, server, smtp_password="fout")
    with pytest.raises(NotSent, match="^SMTPAuthenticationError 535$") as wrong:
        send(MAIL)
    assert not wrong.value.only_this_one
    server.stop()
    with pytest.raises(NotSent, match="^ConnectionRefusedError$") as down:
        send(MAIL)
    assert not down.value.only_this_one


def test_mail_is_off_until_there_is_a_server_and_then_a_sender_and_an_address_are_needed(data_dir: Path) -> None:
    assert not Settings().has_mail
    whole = {"smtp_host": "mail.voorbeeld.nl", "mail_from": "lobke@voorbeeld.nl", "public_url": "https://x.nl/"}
    assert Settings(**whole).has_mail and Settings(**whole).public_url == "https://x.nl"
    for wrong in ({"mail_from": ""}, {"public_url": ""}, {"mail_from": "Lobke"}, {"public_url": "x.nl"}):
        with pytest.raises(ValidationError):
            Settings(**{**whole, **wrong})
    with pytest.raises(ValidationError):
        Settings(**{**whole, "production": True, "public_url": "http://x.nl"})
    assert "geheim" not in repr(Settings(**whole, smtp_password="geheim"))
