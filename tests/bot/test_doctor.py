"""`lobke doctor` says what is well and what is not, what to do about it, and no secret."""

import json
import os
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot import doctor, model
from bot.cli import lobke
from bot.settings import PROJECT, settings
from bot.storage.spool import Spool
from tests.mail_server import PASSWORD, USER, MailServer, mail_server, use
from tests.postgres import postgres_command
from tests.redis_server import RedisServer
from tests.stack import free_ports

Set = Callable[..., None]
SECRET = "een-heel-lang-geheim-dat-niemand-mag-zien"


@pytest.fixture(autouse=True)
def own_ports(data_dir: Path, change: Set) -> None:
    """Ports where nothing runs."""
    change(**dict(zip(("port", "rasa_port", "actions_port"), free_ports(3), strict=True)))


@pytest.fixture
def change(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Set:
    """Changes settings."""

    def set_up(**values: object) -> None:
        for name, value in values.items():
            monkeypatch.setattr(settings(), name, value)

    return set_up


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """A mail server that Lobke uses."""
    with mail_server(monkeypatch) as server:
        yield server


def found(name: str) -> list[tuple[str, str]]:
    """Levels and texts of one subject, with what to do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doctor, "LOOKS", {name: doctor.LOOKS[name]})
        return [(result.level, f"{result.text} {result.mend}") for result in doctor.examine()]


def level(name: str) -> str:
    """The worst level of one subject."""
    levels = [level for level, _ in found(name)]
    return max(levels, key=["goed", "let op", "fout"].index)


def run(*words: str) -> Result:
    return CliRunner(mix_stderr=False).invoke(lobke, ["doctor", *words])


def test_every_line_has_a_level_and_what_is_wrong_a_remedy(data_dir: Path) -> None:
    lines = run().stdout.splitlines()
    assert {line[:7].strip() for line in lines} == {"goed", "let op", "fout"}
    assert len(lines) >= len(doctor.LOOKS)
    assert all(result.mend.endswith((".", "model", "check")) for result in doctor.examine() if result.level != "goed")


def test_it_ends_with_1_only_after_a_mistake(sqlite_database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "model_path", lambda: PROJECT / "config.yml")
    assert (run().exit_code, "fout " in run().stdout) == (0, False)
    sqlite_database.unlink()
    assert run().exit_code == 1


def test_json_says_the_same(sqlite_database: Path) -> None:
    results = json.loads(run("--json").stdout)
    assert [{"name", "level", "text", "mend"}] * len(results) == [set(result) for result in results]
    assert {result["name"] for result in results} == {result.name for result in doctor.examine()}


def test_settings_for_production(change: Set) -> None:
    assert level("instellingen") == "let op"
    change(production=True, secret=SECRET, public_url="https://lobke.voorbeeld.nl", trusted_proxy=True)
    change(sites="https://www.voorbeeld.nl")
    assert found("instellingen") == [("goed", "Lobke draait als productie. ")]
    change(sites="http://www.voorbeeld.nl")
    assert level("instellingen") == "let op"
    for sites in ("www.voorbeeld.nl", "https://www.voorbeeld.nl/lob"):
        change(sites=sites)
        assert level("instellingen") == "fout"
    change(sites="", secret="kort")
    assert [level for level, _ in found("instellingen")] == ["fout", "let op", "goed"]


def test_the_data_folder_must_be_there_and_have_room(
    change: Set, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert level("datamap") == "goed"
    for free, expected in ((100, "fout"), (500, "let op"), (5000, "goed")):
        monkeypatch.setattr(doctor, "free_megabytes", lambda folder, free=free: free)
        assert level("datamap") == expected
    change(data_dir=data_dir / "nergens")
    assert level("datamap") == "fout"
    assert not (data_dir / "nergens").exists()


def test_the_database_answers_and_is_migrated(own_database: str) -> None:
    assert level("database") == "goed"
    with doctor.database.transaction(write=True) as connection:
        connection.exec_driver_sql("UPDATE lobke_version SET version_num = '0001'")
    assert found("database")[0][0] == "fout" and "lobke migrate" in found("database")[0][1]


def test_a_database_that_does_not_answer_and_its_password(
    postgres_url: str, postgresql_url: str, data_dir: Path, change: Set
) -> None:
    name = postgres_url.rpartition("/")[2]
    change(database_url=postgres_url.replace("lobke@", f"lobke:{SECRET}@"))
    postgres_command(postgresql_url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    assert level("database") == "fout"
    assert SECRET not in str(found("database"))


def test_an_address_of_a_database_that_cannot_be_read(data_dir: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings(), "database_url", f"niets:{SECRET}")
        assert level("database") == "fout"
        assert SECRET not in str(list(doctor.examine()))


def test_redis_must_answer_and_machines_must_share_the_rest(redis: RedisServer, change: Set) -> None:
    change(secret=SECRET, database_url="postgresql://localhost/lobke")
    assert level("redis") == "goed"
    change(secret="")
    assert level("redis") == "fout"
    change(secret=SECRET)
    redis.stop()
    assert "antwoordt niet" in found("redis")[0][1]
    change(redis_url="")
    assert level("redis") == "goed"


def test_the_model_must_be_there_and_current(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert level("model") == "fout"
    file = tmp_path / "lobke.tar.gz"
    file.touch()
    monkeypatch.setattr(model, "model_path", lambda: file)
    assert level("model") == "let op"
    monkeypatch.setattr(model, "is_current", lambda: True)
    assert level("model") == "goed"


def test_the_language_model_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for installed, expected in (("", "let op"), ("nl_core_news_sm 3.4.0", "goed")):
        monkeypatch.setattr(model, "dutch_model", lambda installed=installed: installed)
        assert level("taalmodel") == expected


class Web:
    """Answers like the web process."""

    def __init__(self, port: int, status: int) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps({"detail": "Dit antwoordt niet: de database."}).encode())

            def log_message(self, *_: Any) -> None:
                """Keeps the test output quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_the_processes_are_asked_when_they_run() -> None:
    assert found("onderdelen") == [("let op", "Lobke draait nu niet. Doe: lobke start, of start de dienst.")]
    for status, expected in ((200, "goed"), (503, "fout")):
        web = Web(settings().port, status)
        assert level("onderdelen") == expected
        web.stop()
    alone = Web(settings().rasa_port, 200)
    assert level("onderdelen") == "fout"
    alone.stop()


def test_the_mail_server_is_tried_and_nothing_is_sent(
    post: MailServer, monkeypatch: pytest.MonkeyPatch, change: Set
) -> None:
    assert level("mail") == "goed" and not post.mails
    use(monkeypatch, post, smtp_tls="none", smtp_user=USER, smtp_password=SECRET)
    assert level("mail") == "fout"
    assert SECRET not in str(found("mail")) and PASSWORD not in str(found("mail"))
    use(monkeypatch, post, smtp_tls="starttls", smtp_user="")
    assert level("mail") == "fout"
    post.stop()
    assert level("mail") == "fout"
    change(smtp_host="", production=True)
    assert level("mail") == "let op"


def test_the_provider_of_the_login_must_answer(change: Set) -> None:
    assert level("schoolaccount") == "goed"
    change(oidc_issuer=f"http://127.0.0.1:{free_ports(1)[0]}", oidc_client_id="lobke")
    assert "niet compleet" in found("schoolaccount")[0][1]
    change(oidc_client_secret=SECRET)
    assert level("schoolaccount") == "fout" and SECRET not in str(found("schoolaccount"))


def test_mistakes_and_examples_in_the_knowledge(own_knowledge: Path, change: Set) -> None:
    assert level("kennis") in ("goed", "let op")
    assert not [text for _, text in found("kennis") if "voorbeelden" in text]
    change(production=True)
    assert [level for level, text in found("kennis") if "voorbeelden" in text] == ["let op"]
    (own_knowledge / "scholen.yml").write_text("items: [", encoding="utf-8")
    assert level("kennis") == "fout"


def test_a_clock_that_stands_still_or_is_behind(change: Set, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert level("klok") == "goed"
    change(now="2026-11-21T12:00")
    assert level("klok") == "let op"
    change(production=True)
    assert level("klok") == "fout"
    change(now=None)
    newer = tmp_path / "lobke.tar.gz"
    newer.touch()
    os.utime(newer, (time.time() + 86_400,) * 2)
    monkeypatch.setattr(model, "model_path", lambda: newer)
    assert level("klok") == "fout"


def test_rows_that_wait_too_long(data_dir: Path) -> None:
    assert level("wachtrij") == "goed"
    Spool(settings().spool_dir).put([("tallies", {"id": "1"})])
    assert level("wachtrij") == "goed"
    (segment,) = settings().spool_dir.glob("*.jsonl")
    for minutes, expected in ((5, "let op"), (20, "fout")):
        moved = segment.with_name(f"{time.time_ns() - minutes * 60 * 10**9:020d}-x.jsonl")
        segment = segment.rename(moved)
        assert level("wachtrij") == expected


def test_a_look_that_fails_is_a_mistake_without_its_words(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def look() -> doctor.Findings:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(doctor, "LOOKS", {"klok": look})
    (result,) = doctor.examine()
    assert (result.name, result.level) == ("klok", "fout")
    assert "RuntimeError" in result.text and SECRET not in str(result)
