"""Looks whether the addresses in the knowledge files still lead somewhere. Only when somebody asks for it.

An address is typed by staff, and this computer stands in a school's network. So nothing is asked of an address inside
it: a name is looked up once, refused when any of its addresses is not public, and connected to by that same address.
"""

import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Literal, Optional, Union

import httpx
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from bot.knowledge.check import Finding
from bot.knowledge.loader import Files

REQUEST_SECONDS = 5.0
ALL_SECONDS = 60.0
AT_ONCE = 4
MOST_REDIRECTS = 5
MOST_LINKS = 500
_ADDRESS = re.compile(r"https://[^\s<>\"'`|\\]+", re.IGNORECASE)
_AFTER = ".,;:!?…)]}*_"
_HEADERS = {"User-Agent": "Lobke (controle van links)", "Accept": "*/*"}
State = Literal["goed", "stuk", "onzeker"]
Address = Union[IPv4Address, IPv6Address]


@dataclass(frozen=True)
class Place:
    """Where an address stands; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Result:
    """What came of one address. `why` and `mend` are sentences, "" when it leads somewhere."""

    url: str
    places: tuple[Place, ...]
    state: State
    why: str = ""
    mend: str = ""


class _Wrong(Exception):
    """An address that is not good: its state, why, and what to do about it."""

    def __init__(self, state: State, why: str, mend: str) -> None:
        super().__init__(why)
        self.state, self.why, self.mend = state, why, mend


_LOOK = "Open hem zelf in je browser. Klopt hij, dan hoef je niets te doen."
_CHANGE = "Zoek het goede adres en verander het, of haal het weg."


def in_knowledge(folder: Path) -> dict[str, tuple[Place, ...]]:
    """The https addresses in the knowledge files, with every place where each stands."""
    files = Files(folder)
    found: dict[str, list[Place]] = {}
    for path in sorted(folder.rglob("*.yml")):
        for text, line, column in _texts(files.node(path)):
            for match in _ADDRESS.findall(text):
                place = Place(path.relative_to(folder).as_posix(), line, column)
                found.setdefault(match.rstrip(_AFTER), []).append(place)
    return {url: tuple(dict.fromkeys(places)) for url, places in found.items()}


def _texts(node: Optional[Node]) -> Iterable[tuple[str, int, int]]:
    if isinstance(node, ScalarNode):
        yield node.value, node.start_mark.line + 1, node.start_mark.column + 1
    elif isinstance(node, SequenceNode):
        for inner in node.value:
            yield from _texts(inner)
    elif isinstance(node, MappingNode):
        for _, inner in node.value:
            yield from _texts(inner)


def is_public(address: Address) -> bool:
    """Whether an address is on the internet, and not of this computer or the network it stands in."""
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if inner is not None:
        return is_public(inner)
    return address.is_global and not address.is_multicast and not getattr(address, "is_site_local", False)


def check(
    links: dict[str, tuple[Place, ...]],
    allowed: Callable[[Address], bool] = is_public,
    trust: Optional[ssl.SSLContext] = None,
    seconds: float = ALL_SECONDS,
    each: float = REQUEST_SECONDS,
) -> list[Result]:
    """Asks for each address, in their order. What is not known in time is unsure, and so is all after MOST_LINKS.

    `allowed` and `trust` are for tests: which addresses may be asked, and which certificates are good.
    """
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for url in list(links)[:MOST_LINKS]:
        waiting.put(url)
    until = time.monotonic() + seconds
    found: dict[str, Result] = {}
    context = trust or ssl.create_default_context()

    def work() -> None:
        with httpx.Client(verify=context, timeout=each, trust_env=False, headers=_HEADERS) as client:
            while time.monotonic() < until:
                try:
                    url = waiting.get_nowait()
                except queue.Empty:
                    return
                found[url] = _look(client, url, links[url], allowed)

    # Daemons: a server that answers a letter at a time keeps nobody waiting, nor the process from ending.
    workers = [threading.Thread(target=work, name="lobke-links", daemon=True) for _ in range(AT_ONCE)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(max(0.0, until - time.monotonic()))
    too_late = "de tijd was op, dus hier is niet naar gekeken"
    return [found.get(url) or Result(url, places, "onzeker", too_late, _LOOK) for url, places in links.items()]


def findings(results: Iterable[Result]) -> list[Finding]:
    """What is not good, as `lobke check` says it; never an error, since a site may be down for a while."""
    wrong = ((place, result) for result in results if result.state != "goed" for place in result.places)
    return [
        Finding(place.file, place.line, place.column, "waarschuwing", "link", f"{one.url}: {one.why}", one.mend)
        for place, one in wrong
    ]


def _look(client: httpx.Client, url: str, places: tuple[Place, ...], allowed: Callable[[Address], bool]) -> Result:
    try:
        status = _follow(client, "HEAD", url, allowed)
        if status >= 400:  # many sites answer only to GET
            status = _follow(client, "GET", url, allowed)
        _judge(status)
    except _Wrong as wrong:
        return Result(url, places, wrong.state, wrong.why, wrong.mend)
    except httpx.TimeoutException:
        return Result(url, places, "onzeker", "de site antwoordt niet op tijd", _LOOK)
    except httpx.ConnectError as error:
        if "certificate" in str(error).lower():
            return Result(url, places, "stuk", "het beveiligde slot van de site klopt niet", _CHANGE)
        return Result(url, places, "stuk", "de site is niet te bereiken", _CHANGE)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):  # ValueError: a name that no network knows
        return Result(url, places, "onzeker", "de site geeft een antwoord dat niet te lezen is", _LOOK)
    return Result(url, places, "goed")


def _judge(status: int) -> None:
    if status in (404, 410):
        raise _Wrong("stuk", "deze pagina bestaat niet meer", _CHANGE)
    if status >= 500:
        raise _Wrong("onzeker", "de site heeft nu een storing", "Probeer het morgen nog eens.")
    if status >= 400:
        raise _Wrong("onzeker", f"de site laat Lobke niet kijken (code {status})", _LOOK)


def _follow(client: httpx.Client, method: str, url: str, allowed: Callable[[Address], bool]) -> int:
    """The status of the page that an address leads to in the end. Raises _Wrong, httpx errors and ValueError."""
    at = httpx.URL(url)
    for _ in range(MOST_REDIRECTS + 1):
        if at.scheme != "https":
            raise _Wrong("stuk", "de site stuurt door naar een adres zonder https", _CHANGE)
        address = _address_of(at.host, at.port or 443, allowed)
        # To the address that was looked at, with the certificate of the name.
        request = client.build_request(
            method,
            at.copy_with(host=str(address), fragment=None),
            headers={"Host": at.netloc.decode("ascii").rpartition("@")[2]},
            extensions={"timeout": client.timeout.as_dict(), "sni_hostname": at.host},
        )
        answer = client.send(request, stream=True, follow_redirects=False)
        answer.close()
        if not answer.is_redirect:
            return answer.status_code
        at = at.join(answer.headers["location"])
    raise _Wrong("stuk", "de site stuurt steeds weer door", _CHANGE)


def _address_of(host: str, port: int, allowed: Callable[[Address], bool]) -> Address:
    """The address to connect to. Raises _Wrong when the name has none, or one that must not be asked."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise _Wrong("stuk", "deze site bestaat niet", _CHANGE) from None
    addresses = [ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    if not addresses or not all(map(allowed, addresses)):
        raise _Wrong("stuk", "dit is een adres in een eigen netwerk, en dat opent Lobke niet", _CHANGE)
    return addresses[0]
