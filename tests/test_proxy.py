"""What deploy/nginx.conf promises, by a real nginx in front of two small servers that stand for the web processes."""

import os
import re
import shutil
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.requests import Request

from bot import clock
from bot.settings import PROJECT, settings
from tests.stack import free_ports
from web.limits import address
from web.portal.calendar import LARGEST_FORM

TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
AWAY = "Lobke is er even niet. Probeer het over een minuut nog eens."


class Web(ThreadingHTTPServer):
    """Stands for a web process."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.breaks = False
        """Whether it takes a message and then breaks the connection."""
        self.messages: list[str] = []
        self.headers: dict[str, str] = {}
        """Of the last request, with names in small letters."""
        self.go_on = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """From now on connections are refused."""
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    server: Any

    def do_POST(self) -> None:
        self.server.messages.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if self.server.breaks:
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self._answer("{}")

    def do_GET(self) -> None:
        self.server.headers = {name.lower(): value for name, value in self.headers.items()}
        self._answer("data: 1\n\n")
        if self.path == "/api/events":
            self.server.go_on.wait()
            self.wfile.write(b"data: 2\n\n")

    def _answer(self, body: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(body.encode())
        self.wfile.flush()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing."""


@pytest.fixture
def webs() -> Iterator[tuple[Web, Web]]:
    both = Web(), Web()
    yield both
    for web in both:
        web.go_on.set()
        web.stop()


@pytest.fixture
def proxy(webs: tuple[Web, Web], tmp_path: Path) -> Iterator[httpx.Client]:
    """A browser at the proxy, which runs with the file of deploy/ but for addresses and folders."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "nginx is not there: ./setup.sh dev"
    plain, secure = free_ports(2)
    make_certificate(tmp_path)
    config = (PROJECT / "deploy/nginx.conf").read_text()
    changes = {
        "/etc/nginx/certs": str(tmp_path),
        "/tmp/nginx.pid": str(tmp_path / "pid"),
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ": f"listen 127.0.0.1:{secure} ",
        "http {": "http {" + "".join(f"{name}_temp_path {tmp_path}/{name};" for name in TEMPORARY),
    }
    changes |= {f"web-{number}:8000": f"127.0.0.1:{web.server_port}" for number, web in enumerate(webs, start=1)}
    for old, new in changes.items():
        assert old in config
        config = config.replace(old, new)
    (tmp_path / "nginx.conf").write_text(config)
    log = (tmp_path / "log").open("wb")
    options = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")  # else it may not enter the folder
    command = [program, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-g", options]
    process = subprocess.Popen(command, stderr=log)
    try:
        while not listens(secure):
            assert process.poll() is None, (tmp_path / "log").read_text()
        with httpx.Client(base_url=f"https://127.0.0.1:{secure}", verify=False, trust_env=False, timeout=20) as client:
            client.plain = f"http://127.0.0.1:{plain}"  # type: ignore[attr-defined]
            yield client
    finally:
        process.terminate()
        process.wait()


def listens(port: int) -> bool:
    with socket.socket() as found:
        return found.connect_ex(("127.0.0.1", port)) == 0


def make_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lobke.voorbeeld.nl")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(clock.now()).not_valid_after(clock.now() + timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256())
    (folder / "lobke.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "lobke.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))


def send(proxy: httpx.Client, webs: tuple[Web, Web], keyed: bool) -> dict[str, int]:
    """Sends messages until the first web process got one; the status of each by its text."""
    found: dict[str, int] = {}
    while not webs[0].messages:
        message = f"bericht {len(found)}"
        headers = {"Idempotency-Key": message.replace(" ", "-")} if keyed else {}
        found[message] = proxy.post("/api/messages", content=message, headers=headers).status_code
        assert len(found) < 100
    return found


def test_lobke_sees_who_asks_and_believes_no_visitor(
    proxy: httpx.Client, webs: tuple[Web, Web], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOBKE_TRUSTED_PROXY", "true")
    settings.cache_clear()
    proxy.get(
        "/", headers={"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "gopher", "Host": "lobke.voorbeeld.nl"}
    )
    headers = webs[0].headers or webs[1].headers
    assert headers["host"] == "lobke.voorbeeld.nl"
    assert headers["x-forwarded-proto"] == "https"
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    asked = Request({"type": "http", "headers": raw, "client": ("172.29.73.2", 1)})
    assert address(asked) == "127.0.0.1"
    settings.cache_clear()


def test_an_event_comes_before_the_next_one_is_there(proxy: httpx.Client, webs: tuple[Web, Web]) -> None:
    with proxy.stream("GET", "/api/events") as answer:
        lines = answer.iter_lines()
        assert next(lines) == "data: 1"
        for web in webs:
            web.go_on.set()
        assert [line for line in lines if line] == ["data: 2"]


def test_a_message_goes_to_the_other_process_when_one_breaks_off(proxy: httpx.Client, webs: tuple[Web, Web]) -> None:
    webs[0].breaks = True
    sent = send(proxy, webs, keyed=True)
    assert set(sent.values()) == {200}
    assert webs[1].messages == list(sent)


def test_a_message_without_a_key_is_never_sent_twice(proxy: httpx.Client, webs: tuple[Web, Web]) -> None:
    webs[0].breaks = True
    sent = send(proxy, webs, keyed=False)
    assert [message for message, status in sent.items() if status != 200] == webs[0].messages
    assert set(Counter(webs[0].messages + webs[1].messages).values()) == {1}


def test_nobody_notices_that_one_process_is_away(proxy: httpx.Client, webs: tuple[Web, Web]) -> None:
    webs[0].stop()
    assert {proxy.get("/").status_code for _ in range(10)} == {200}
    assert {proxy.post("/portal", content="a=b").status_code for _ in range(10)} == {200}


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "1"}], ids=["without key", "with key"])
def test_without_any_process_a_pupil_reads_a_friendly_sentence(
    proxy: httpx.Client, webs: tuple[Web, Web], headers: dict[str, str]
) -> None:
    for web in webs:
        web.stop()
    answer = proxy.post("/api/messages", content="hoi", headers=headers)
    assert (answer.status_code, answer.text) == (503, AWAY)
    assert answer.headers["Retry-After"] == "5"


def test_the_largest_file_of_the_portal_comes_through(proxy: httpx.Client) -> None:
    assert proxy.post("/portal", content=b"a" * LARGEST_FORM).status_code == 200


def test_plain_http_is_sent_to_https_and_the_proxy_says_that_it_lives(proxy: httpx.Client) -> None:
    plain: str = proxy.plain  # type: ignore[attr-defined]
    answer = proxy.get(f"{plain}/portal?a=b", headers={"Host": "lobke.voorbeeld.nl"})
    assert (answer.status_code, answer.headers["Location"]) == (301, "https://lobke.voorbeeld.nl/portal?a=b")
    assert proxy.get(f"{plain}/livez").status_code == 204


def test_it_writes_down_nobodys_address() -> None:
    config = (PROJECT / "deploy/nginx.conf").read_text()
    assert re.findall(r"(?:access|error)_log ([^;]+);", config) == ["/dev/stderr crit", "off"]
