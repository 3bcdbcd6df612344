"""Whatever somebody does to a knowledge file: it is loaded, or refused with a place, and never a crash."""

import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.knowledge.check import check
from bot.knowledge.loader import Files, KnowledgeError, load, read
from bot.settings import PROJECT
from tests.bot.knowledge.test_loader import FILES, write

REAL = PROJECT / "knowledge"
NAMES = sorted(path.relative_to(REAL).as_posix() for path in REAL.rglob("*.yml"))
TODAY = date(2026, 11, 22)
VALUES = [
    *(
        "nee",
        "12",
        "9" * 5000,
        "-0",
        "1e999",
        ".inf",
        "null",
        "~",
        "true",
        "''",
        '"',
        "'",
        "[",
        "]",
        "{",
        "}",
        "{{{",
        "{}",
    ),
    *(
        "[[]]",
        "{a: {b: c}}",
        "- - - x",
        "? [a]",
        "*a",
        "&a x",
        "<<: *a",
        "!!python/object:os.system x",
        "!x y",
        "!!int nee",
    ),
    *(
        "|",
        ">-",
        "%TAG",
        "---",
        "...",
        "#",
        "@x",
        "`x`",
        "2027-02-30",
        "0000-00-00",
        "99999-01-01",
        "\x00",
        "\ufeff",
        "\u2028",
    ),
    *(
        "[" * 300,
        "a: " * 300,
        "- " * 300,
        "{a: " * 300,
        "\t",
        "{naam",
        "{0}",
        "{a.b}",
        "x" * 3000,
        "((((",
        "http://x",
        "€ 5",
    ),
]
LAUGHS = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n".encode()
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = b"a: &a {k: v}\n" + b"".join(
    f"{name}: &{name} {{<<: [{','.join([f'*{before}'] * 9)}]}}\n".encode()
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
HOSTILE = {
    "laughs": LAUGHS,
    "merges": MERGES,
    "itself": b"items: &a\n- *a\n",
    "deep lists": b"[" * 200_000,
    "deep fields": b"{a: " * 100_000,
    "deep dashes": b"- " * 200_000,
    "deep lines": b"".join(b" " * level + b"a:\n" for level in range(2_000)),
    "deep and closed": b"items: " + b"[" * 60_000 + b"]" * 60_000,
    "long number": b"items: [" + b"9" * 1_000_000 + b"]\n",
    "NUL": b"items: []\x00\n",
    "UTF-16": "items: []".encode("utf-16"),
    "half a letter": b"items: [\xc3]\n",
    "surrogate": b'items: ["\\ud800"]\n',
    "many documents": b"---\nitems: []\n" * 2_000,
    "large": b"# " + b"x" * 11_000_000,
}


def drop(lines: list[bytes], at: int, value: bytes) -> list[bytes]:
    return lines[:at] + lines[at + 1 :]


def double(lines: list[bytes], at: int, value: bytes) -> list[bytes]:
    return [*lines[: at + 1], *lines[at:]]


def another_value(lines: list[bytes], at: int, value: bytes) -> list[bytes]:
    return [*lines[:at], lines[at].partition(b":")[0] + b": " + value, *lines[at + 1 :]]


def inside(lines: list[bytes], at: int, value: bytes) -> list[bytes]:
    middle = len(lines[at]) // 2
    return [*lines[:at], lines[at][:middle] + value + lines[at][middle:], *lines[at + 1 :]]


def indented(lines: list[bytes], at: int, value: bytes) -> list[bytes]:
    return [*lines[:at], b" " * (len(value) % 7) + lines[at], *lines[at + 1 :]]


def outdented(lines: list[bytes], at: int, value: bytes) -> list[bytes]:
    return [*lines[:at], lines[at].lstrip(), *lines[at + 1 :]]


def tabbed(lines: list[bytes], at: int, value: bytes) -> list[bytes]:
    return [*lines[:at], lines[at].replace(b"  ", b"\t"), *lines[at + 1 :]]


def cut(lines: list[bytes], at: int, value: bytes) -> list[bytes]:
    return [*lines[:at], lines[at][: len(lines[at]) // 2]]


CHANGES: list[Callable[[list[bytes], int, bytes], list[bytes]]] = [
    *(drop, double, another_value, inside, indented, outdented, tabbed, cut)
]
MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(CHANGES),
        st.integers(0, 10_000),
        st.sampled_from(VALUES).map(lambda text: text.encode("utf-8")) | st.binary(max_size=8),
    ),
    min_size=1,
    max_size=4,
)


def mutated(content: bytes, mutations: list[tuple[Callable[..., list[bytes]], int, bytes]]) -> bytes:
    lines = content.split(b"\n")
    for change, at, value in mutations:
        lines = change(lines, at % len(lines), value) or [b""]
    return b"\n".join(lines)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(REAL, tmp_path_factory.mktemp("real") / "knowledge"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = write(tmp_path_factory.mktemp("small"))
    shutil.copy(REAL / "moeilijke_woorden.yml", folder)
    yield folder


def is_loaded_or_refused(folder: Path) -> None:
    try:
        load(folder)
    except KnowledgeError as error:
        assert error.problems
        assert all(problem.line >= 1 and problem.column >= 1 and problem.message for problem in error.problems)
        order = [(problem.file, problem.line, problem.column) for problem in error.problems]
        assert order == sorted(order)


@given(name=st.sampled_from(NAMES), mutations=MUTATIONS)
@hypothesis_settings(max_examples=120, suppress_health_check=list(HealthCheck))
def test_a_real_file_that_is_spoilt_is_loaded_or_refused(
    real: Path, name: str, mutations: list[tuple[Callable[..., list[bytes]], int, bytes]]
) -> None:
    content = (REAL / name).read_bytes()
    (real / name).write_bytes(mutated(content, mutations))
    try:
        is_loaded_or_refused(real)
    finally:
        (real / name).write_bytes(content)


@example(name="kalender.yml", mutations=[(another_value, 6, b"9999-12-31")])
@example(name="kalender.yml", mutations=[(another_value, 6, b"0001-01-01")])
@given(name=st.sampled_from(sorted(FILES)), mutations=MUTATIONS)
@hypothesis_settings(max_examples=150, suppress_health_check=list(HealthCheck))
def test_a_check_of_a_file_that_is_spoilt_says_all_that_the_loader_says(
    small: Path, name: str, mutations: list[tuple[Callable[..., list[bytes]], int, bytes]]
) -> None:
    (small / name).write_bytes(mutated(FILES[name].encode(), mutations))
    try:
        found = check(small, TODAY)
        errors = {(f.file, f.line, f.column, f.message) for f in found if f.level == "fout"}
        files = Files(small)
        read(files)
        assert {(p.file, p.line, p.column, p.message) for p in files.problems} <= errors
    finally:
        (small / name).write_text(FILES[name], encoding="utf-8")


@pytest.mark.parametrize("name", ["werelden.yml", "antwoorden.yml", "moeilijke_woorden.yml"])
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_refused(small: Path, name: str, content: bytes) -> None:
    before = (small / name).read_bytes()
    (small / name).write_bytes(content)
    try:
        found = [finding for finding in check(small, TODAY) if finding.file == name]
        assert found and found[0].level == "fout"
        if name != "moeilijke_woorden.yml":
            with pytest.raises(KnowledgeError):
                load(small)
    finally:
        (small / name).write_bytes(before)


def test_files_saved_by_windows_hold_the_same(real: Path, tmp_path: Path) -> None:
    for name in NAMES:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"\xef\xbb\xbf" + (REAL / name).read_bytes().replace(b"\n", b"\r\n"))
    assert load(tmp_path).entries == load(real).entries
    assert [str(f) for f in check(tmp_path, TODAY)] == [str(f) for f in check(real, TODAY)]
