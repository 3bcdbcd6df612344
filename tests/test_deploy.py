"""deploy/ fits the code, and what it promises holds as far as one computer without Docker or Kubernetes can tell."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.routing import Route

from bot.cli import lobke
from bot.run import MODULES
from bot.settings import PROJECT, Settings
from web.app import create_app
from web.rasa import addresses_of_rasa

DEPLOY = PROJECT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
FILES = sorted(
    path for path in DEPLOY.rglob("*") if path.is_file() and path.name != ".env" and "certs" not in path.parts
)
KINDS = {
    "compose": [DEPLOY / "compose.yaml", DEPLOY / "Dockerfile", DEPLOY / "rasa-and-actions"],
    "systemd": UNITS,
    "kubernetes": [DEPLOY / "kubernetes.yaml"],
}
DEFAULTS = {name: field.default for name, field in Settings.__fields__.items()}
HEALTH = {
    DEFAULTS["port"]: "/livez",
    DEFAULTS["rasa_port"]: addresses_of_rasa()[0].partition(f":{DEFAULTS['rasa_port']}")[2] + "/",
    DEFAULTS["actions_port"]: "/health",
}
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OBJECTS = {
    (each["kind"], each["metadata"]["name"]): each
    for each in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())
}
PODS = {name: each["spec"]["template"] for (kind, name), each in OBJECTS.items() if kind == "StatefulSet"}
SPOOL = "/opt/lobke/var/spool"
WEBS, RASAS = ["web-1", "web-2"], ["rasa-1", "rasa-2"]


def text(paths: list[Path]) -> str:
    return "\n".join(path.read_text() for path in paths)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_setting_is_one(path: Path) -> None:
    named = set(re.findall(r"\bLOBKE_[A-Z_]*[A-Z]\b", path.read_text()))
    assert named - {f"LOBKE_{name.upper()}" for name in DEFAULTS} == set()


@pytest.mark.parametrize("kind", KINDS)
def test_every_process_runs_and_the_tables_are_migrated(kind: str) -> None:
    modules = re.findall(r"python[\",\s]+-m[\",\s]+([\w.]+)", text(KINDS[kind]))
    commands = set(re.findall(r"(?:\.venv/bin/|command: |-c, \")lobke (\w+)", text(KINDS[kind])))
    assert set(modules) == set(MODULES.values())
    assert "migrate" in commands and commands <= set(lobke.commands)


@pytest.mark.parametrize("kind", KINDS)
def test_every_health_check_asks_what_is_there(kind: str) -> None:
    port = r"(\d+|%i)"
    asked = re.findall(rf"http://127\.0\.0\.1:{port}(/[\w/]*)", text(KINDS[kind]))
    asked = [(int(number.replace("%i", str(DEFAULTS["rasa_port"]))), path) for number, path in asked]
    for template in PODS.values() if kind == "kubernetes" else ():
        for container in template["spec"]["containers"]:
            ports = {each["name"]: each["containerPort"] for each in container["ports"]}
            probes = [container[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")]
            asked += [(ports[probe["port"]], probe["path"]) for probe in probes]
    in_one_container = {DEFAULTS["actions_port"]} if kind == "compose" else set()  # there Rasa asks the actions
    assert {number for number, _ in asked} == set(HEALTH) - in_one_container
    assert [(number, path) for number, path in asked if HEALTH[number] != path] == []


def test_the_website_says_that_it_lives() -> None:
    assert HEALTH[DEFAULTS["port"]] in {route.path for route in create_app().routes if isinstance(route, Route)}


def test_no_file_holds_a_secret() -> None:
    values = re.findall(r"(?:(?:SECRET|PASSWORD)(?:=|: )\"?|://lobke:)([^\s\"}@]*)", text(FILES))
    assert len(values) >= 5
    assert {value for value in values if not value.startswith("${")} == {"", "WACHTWOORD"}
    assert {"/deploy/.env", "/deploy/certs/"} <= set((PROJECT / ".gitignore").read_text().splitlines())


# The image


def copied() -> set[str]:
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    return {source for line in lines for source in line.split()}


def test_the_image_holds_what_the_code_reads() -> None:
    sources = copied()
    assert [source for source in sources if not (PROJECT / source).exists()] == []
    ignored, *allowed = (line for line in (PROJECT / ".dockerignore").read_text().splitlines() if line[0] != "#")
    assert ignored == "*"
    assert {line[1:] for line in allowed if line[0] == "!"} == sources
    code = text([path for folder in ("bot", "actions", "web") for path in (PROJECT / folder).rglob("*.py")])
    read = set(re.findall(r"PROJECT / \"([^\"]+)\"", code)) - {"var"}
    assert {"domain.yml", "data"} <= read
    assert [path for path in read if not {path, path.partition("/")[0]} & sources] == []
    setup = re.findall(r"requirements[\w-]*\.lock|pyproject\.toml", (PROJECT / "setup.sh").read_text())
    assert set(setup) <= sources


def test_the_image_can_make_pdf_files() -> None:
    packages = re.findall(r"PDF_PACKAGES=\"(.+)\"", (PROJECT / "setup.sh").read_text())[0]
    assert packages in (DEPLOY / "Dockerfile").read_text()


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which `rasa-and-actions` can run, with a `python` that only writes in the file `log` what it does."""
    python = tmp_path / "python"
    python.write_text(
        "#!/bin/bash\n"
        "trap 'echo $2 stops >> log; exit 0' TERM\n"
        "echo $2 runs >> log\n"
        "while [ ! -e $2.dies ]; do sleep 0.05; done\n"
    )
    python.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def run_both(folder: Path) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen([DEPLOY / "rasa-and-actions"], cwd=folder)
    while not (folder / "log").exists() or len((folder / "log").read_text().splitlines()) < 2:
        assert process.poll() is None
    return process


def test_a_container_that_stops_lets_rasa_finish_before_the_actions(container: Path) -> None:
    process = run_both(container)
    process.terminate()
    process.wait(timeout=30)
    assert (container / "log").read_text().splitlines()[2:] == ["bot.components.serve stops", "actions stops"]


@pytest.mark.parametrize("dead, other", [("actions", "bot.components.serve"), ("bot.components.serve", "actions")])
def test_a_container_ends_when_one_of_both_does(container: Path, dead: str, other: str) -> None:
    process = run_both(container)
    (container / f"{dead}.dies").touch()
    process.wait(timeout=30)
    assert (container / "log").read_text().splitlines()[2:] == [f"{other} stops"]


# compose


def test_every_container_that_stays_has_a_health_check() -> None:
    assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == {"migrate"}
    assert all(service["restart"] == "unless-stopped" for name, service in SERVICES.items() if name != "migrate")


def test_only_the_proxy_is_published() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert {name for name, service in SERVICES.items() if "outside" in service["networks"]} == {"proxy", *WEBS}
    assert SERVICES["proxy"]["networks"] == ["outside"]


def test_the_proxy_and_web_know_the_others() -> None:
    assert re.findall(r"server ([\w-]+):8000", (DEPLOY / "nginx.conf").read_text()) == WEBS
    addresses = [f"{name}:{SERVICES[name]['networks']['outside']['ipv4_address']}" for name in WEBS]
    assert SERVICES["proxy"]["extra_hosts"] == addresses
    for name in WEBS + RASAS:
        assert SERVICES[name]["environment"]["LOBKE_RASA_URLS"] == ",".join(f"http://{name}:5005" for name in RASAS)


def test_rows_that_wait_outlive_a_container() -> None:
    volumes = [set(map(str, SERVICES[name]["volumes"])) for name in WEBS + RASAS]
    spools = [f"spool-{name}:{SPOOL}" for name in WEBS + RASAS]
    assert all(spool in mounted for spool, mounted in zip(spools, volumes, strict=True))
    assert {name.split(":")[0] for mounted in volumes for name in mounted} == COMPOSE["volumes"].keys() - {
        "postgres",
        "redis",
    }


def test_stopping_takes_longer_than_a_message() -> None:
    seconds = [int(SERVICES[name]["stop_grace_period"].removesuffix("s")) for name in ("proxy", *WEBS, *RASAS)]
    seconds += [template["spec"]["terminationGracePeriodSeconds"] for template in PODS.values()]
    seconds += map(int, re.findall(r"TimeoutStopSec=(\d+)", text(sorted(DEPLOY.rglob("common.conf")))))
    assert len(seconds) == 8
    assert min(seconds) > DEFAULTS["rasa_timeout"]


def test_an_update_replaces_one_process_at_a_time_and_ends_at_one_that_is_not_healthy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/log\nfor last; do :; done\n[ "$last" != "$UNHEALTHY" ]\n')
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def replaced(unhealthy: str) -> list[str]:
        (tmp_path / "log").unlink(missing_ok=True)
        done = subprocess.run([DEPLOY / "update"], env=os.environ | {"UNHEALTHY": unhealthy})
        assert (done.returncode == 0) == (not unhealthy)
        lines = (tmp_path / "log").read_text().splitlines()
        assert lines[1:3] == ["compose build", "compose run --rm --no-deps migrate"]
        assert all(line.startswith("compose up -d --no-deps --wait ") for line in lines[3:])
        return [line.rpartition(" ")[2] for line in lines[3:]]

    assert replaced("") == RASAS + WEBS
    assert replaced("rasa-1") == ["rasa-1"]


# systemd


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with Lobke in a folder that is there."""
    programs = tmp_path / "lobke/.venv/bin"
    programs.mkdir(parents=True)
    for name in ("python", "lobke"):
        (programs / name).symlink_to("/bin/true")
    folder = shutil.copytree(DEPLOY / "systemd", tmp_path / "units")
    for path in folder.rglob("*.*"):
        if path.is_file():
            path.write_text(path.read_text().replace("/opt/lobke", str(tmp_path / "lobke")))
    return folder


def analyze(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    names = ["./lobke-web.service", "./lobke-rasa@5005.service", "./lobke-actions.service"]
    command = ["systemd-analyze", *arguments, *names]
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd")
def test_systemd_understands_the_units_and_finds_them_closed(units: Path) -> None:
    verified = analyze(units, "verify")
    assert (verified.returncode, verified.stdout) == (0, "")
    secure = analyze(units, "security", "--offline=true", "--threshold=20")
    assert secure.returncode == 0, secure.stdout[-3000:]


def test_a_unit_has_started_when_it_is_healthy() -> None:
    waits = re.findall(r"^ExecStartPost=/bin/sh -c 'until curl -fs .+; do sleep 1; done'$", text(UNITS), re.MULTILINE)
    assert len(waits) == len(UNITS) == len(MODULES)


# Kubernetes


def test_selectors_find_their_pods() -> None:
    labels = {name: template["metadata"]["labels"] for name, template in PODS.items()}
    for (kind, name), each in OBJECTS.items():
        spec = each.get("spec", {})
        selector = spec.get("selector") or spec.get("podSelector")
        if selector:
            assert selector.get("matchLabels", selector) == labels[name], (kind, name)
    assert {kind for kind, name in OBJECTS if name == "rasa"} == {
        "StatefulSet",
        "Service",
        "PodDisruptionBudget",
        "NetworkPolicy",
    }


def test_web_knows_every_rasa_and_the_proxy_knows_web() -> None:
    rasa = OBJECTS["StatefulSet", "rasa"]["spec"]
    urls = [f"http://rasa-{number}.{rasa['serviceName']}:5005" for number in range(rasa["replicas"])]
    assert OBJECTS["ConfigMap", "lobke"]["data"]["LOBKE_RASA_URLS"].split(",") == urls
    assert OBJECTS["Service", "rasa"]["spec"]["clusterIP"] == "None"
    path = OBJECTS["Ingress", "lobke"]["spec"]["rules"][0]["http"]["paths"][0]
    service = OBJECTS["Service", path["backend"]["service"]["name"]]["spec"]
    assert service["ports"][0]["name"] == path["backend"]["service"]["port"]["name"]
    assert service["ports"][0]["targetPort"] == PODS["web"]["spec"]["containers"][0]["ports"][0]["name"]


def test_only_web_reaches_rasa_and_only_the_proxy_reaches_web() -> None:
    policies = {name: each["spec"] for (kind, name), each in OBJECTS.items() if kind == "NetworkPolicy"}
    assert policies["nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    into_rasa = [{"podSelector": {"matchLabels": PODS["web"]["metadata"]["labels"]}}]
    assert [rule["from"] for rule in policies["rasa"]["ingress"]] == [into_rasa]
    assert ["namespaceSelector" in each for rule in policies["web"]["ingress"] for each in rule["from"]] == [True]


@pytest.mark.parametrize("name", PODS)
def test_a_pod_keeps_its_spool_and_shares_the_knowledge(name: str) -> None:
    spec = PODS[name]["spec"]
    prepare, *sidecars = spec["initContainers"]
    claims = [each["metadata"]["name"] for each in OBJECTS["StatefulSet", name]["spec"]["volumeClaimTemplates"]]
    volumes = {each["name"]: each for each in spec["volumes"]}
    assert claims == ["spool"]
    assert OBJECTS["PersistentVolumeClaim", volumes["knowledge"]["persistentVolumeClaim"]["claimName"]]
    assert {each["restartPolicy"] for each in sidecars} <= {"Always"}
    for container in (*sidecars, *spec["containers"]):
        mounted = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
        assert (mounted[SPOOL], mounted["/opt/lobke/knowledge"]) == ("spool", "knowledge")
        assert {"startupProbe", "livenessProbe"} <= container.keys()
    for container in (prepare, *sidecars, *spec["containers"]):
        assert {each["name"] for each in container["volumeMounts"]} <= volumes.keys() | {"spool"}
        assert container["securityContext"]["readOnlyRootFilesystem"]
