"""Which addresses in the knowledge still lead somewhere, asked of a real server; and that no network of ours is."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.cli import lobke
from bot.knowledge import links
from bot.knowledge.links import Place, Result, check, findings, in_knowledge, is_public
from bot.settings import PROJECT

HERE = (Place("hulplijnen.yml", 12, 7),)


class Site:
    """A server with TLS on loopback, which counts what it is asked."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[tuple[str, str]] = []
        self.hosts: set[str] = set()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                site.answer(self)

            do_GET = do_HEAD

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *args: None  # type: ignore[method-assign]  # a client that stopped waiting
        pem = certificate(folder)
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serving.load_cert_chain(pem)
        self._server.socket = serving.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://localhost:{self._server.server_address[1]}"
        self.trust = ssl.create_default_context(cafile=str(pem))
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answers as the path says."""
        self.asked.append((request.command, request.path))
        self.hosts.add(request.headers["Host"])
        word = request.path.strip("/")
        if word == "traag":
            time.sleep(3)
        moved = {"verhuisd": "/goed", "rond": "/rond", "http": "http://voorbeeld.nl/", "eigen": "https://192.168.1.1/"}
        status = 302 if word in moved else int(word) if word.isdigit() else 200
        if word == "alleen-get" and request.command == "HEAD":
            status = 405
        request.send_response(status)
        if word in moved:
            request.send_header("Location", moved[word])
        request.send_header("Content-Length", "0")
        request.end_headers()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def certificate(folder: Path) -> Path:
    """A file with a key and a certificate that it signed itself, for localhost."""
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
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file = folder / "localhost.pem"
    file.write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(encoding)
    )
    return file


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    running = Site(tmp_path_factory.mktemp("site"))
    yield running
    running.stop()


@pytest.fixture
def ask(site: Site) -> Callable[..., Result]:
    """What comes of one path of the site. Only this computer itself may be asked."""
    site.asked.clear()

    def asked(path: str, **options: Any) -> Result:
        given: dict[str, Any] = {"allowed": lambda address: address.is_loopback, "trust": site.trust, **options}
        return check({f"{site.url}/{path}": HERE}, **given)[0]

    return asked


def test_a_page_that_is_there_is_good_and_asked_once(ask: Callable[..., Result], site: Site) -> None:
    assert ask("goed") == Result(f"{site.url}/goed", HERE, "goed")
    assert site.asked == [("HEAD", "/goed")]
    assert site.hosts == {site.url.removeprefix("https://")}


def test_a_site_that_answers_only_to_get_is_good(ask: Callable[..., Result], site: Site) -> None:
    assert ask("alleen-get").state == "goed"
    assert [method for method, _ in site.asked] == ["HEAD", "GET"]


def test_a_page_that_moved_is_followed(ask: Callable[..., Result], site: Site) -> None:
    assert ask("verhuisd").state == "goed"
    assert site.asked[-1] == ("HEAD", "/goed")


@pytest.mark.parametrize(
    ("path", "state", "why"),
    [
        ("404", "stuk", "bestaat niet meer"),
        ("410", "stuk", "bestaat niet meer"),
        ("403", "onzeker", "code 403"),
        ("503", "onzeker", "storing"),
        ("rond", "stuk", "stuurt steeds weer door"),
        ("http", "stuk", "zonder https"),
        ("eigen", "stuk", "eigen netwerk"),
    ],
)
def test_what_is_wrong_is_told(ask: Callable[..., Result], path: str, state: str, why: str) -> None:
    found = ask(path)
    assert found.state == state and why in found.why and found.mend


def test_a_slow_site_is_unsure(ask: Callable[..., Result]) -> None:
    found = ask("traag", each=0.2)
    assert (found.state, found.why) == ("onzeker", "de site antwoordt niet op tijd")


def test_when_the_time_is_over_the_rest_is_unsure(site: Site) -> None:
    many = {f"{site.url}/traag?{number}": HERE for number in range(12)}
    many |= {f"{site.url}/traag": HERE}
    began = time.monotonic()
    results = check(many, lambda address: True, site.trust, seconds=0.5)
    assert time.monotonic() - began < 2.5  # one answer takes 3
    assert [result.url for result in results] == list(many)
    assert "de tijd was op" in results[-1].why


def test_a_certificate_that_nobody_signed_is_broken(ask: Callable[..., Result]) -> None:
    found = ask("goed", trust=ssl.create_default_context())
    assert found.state == "stuk" and "slot" in found.why


def test_a_site_that_is_not_there_is_broken() -> None:
    results = check({"https://lobke.invalid/": HERE, "https://127.0.0.1:9/": HERE}, lambda address: True)
    assert [(result.state, result.why) for result in results] == [
        ("stuk", "deze site bestaat niet"),
        ("stuk", "de site is niet te bereiken"),
    ]


@pytest.mark.parametrize("url", ["https://[", "https://a b", "https://" + "a" * 70 + ".nl/", "https://x:99999/"])
def test_an_address_that_is_none_is_told_and_breaks_nothing(url: str) -> None:
    assert check({url: HERE})[0].state != "goed"


def test_this_computer_and_its_network_are_never_asked(site: Site) -> None:
    site.asked.clear()
    port = site.url.rpartition(":")[2]
    own = [f"https://{host}:{port}/goed" for host in ("localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0")]
    results = check({url: HERE for url in own}, trust=site.trust)
    assert site.asked == []
    assert {result.state for result in results} == {"stuk"}


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:7f00:1::", False),
        ("ff0e::1", False),
    ],
)
def test_only_the_internet_is_public(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


def test_a_name_with_one_address_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(2, 1, 6, "", (ip, 443)) for ip in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **options: both)
    assert "eigen netwerk" in check({"https://voorbeeld.nl/": HERE})[0].why


def test_every_address_is_found_with_its_places(tmp_path: Path) -> None:
    (tmp_path / "onderwerpen").mkdir()
    text = "items:\n  - a: Kijk op https://duo.nl/mbo. Of (https://kiesmbo.nl)!\n    b: [https://duo.nl/mbo, http://x.nl]\n"
    (tmp_path / "onderwerpen/geld.yml").write_text(text, encoding="utf-8")
    (tmp_path / "stuk.yml").write_text("a: [", encoding="utf-8")
    assert {url: list(map(str, places)) for url, places in in_knowledge(tmp_path).items()} == {
        "https://duo.nl/mbo": ["onderwerpen/geld.yml:2:8", "onderwerpen/geld.yml:3:9"],
        "https://kiesmbo.nl": ["onderwerpen/geld.yml:2:8"],
    }
    assert "https://113.nl" in in_knowledge(PROJECT / "knowledge")


def test_lobke_check_tells_them_only_when_it_is_asked(own_knowledge: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def dead(found: dict[str, tuple[Place, ...]]) -> list[Result]:
        asked.append(found)
        return [Result(url, places, "stuk", "weg", "Mend.") for url, places in found.items()]

    monkeypatch.setattr(links, "check", dead)
    plain = CliRunner().invoke(lobke, ["check", "--json"])
    assert not asked and not [one for one in json.loads(plain.output) if one["code"] == "link"]
    with_links = CliRunner().invoke(lobke, ["check", "--links", "--json"])
    found = [one for one in json.loads(with_links.output) if one["code"] == "link"]
    assert with_links.exit_code == 0 and len(asked) == 1
    assert {one["level"] for one in found} == {"waarschuwing"}
    assert any(one["message"] == "https://113.nl: weg" and one["line"] > 1 for one in found)


def test_what_is_good_is_no_finding() -> None:
    assert findings([Result("https://113.nl", HERE, "goed")]) == []
