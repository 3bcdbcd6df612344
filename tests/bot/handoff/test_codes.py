"""A return code can be read aloud, typed sloppily, and not be found out."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from bot.handoff.codes import ALPHABET, code_hash, is_typed_code, return_code
from bot.settings import settings


@pytest.fixture(autouse=True)
def secret(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LOBKE_SECRET", "a secret of this test")
    settings.cache_clear()
    yield


def test_a_code_is_two_groups_of_four_without_letters_that_are_misread() -> None:
    codes = [return_code(uuid4().hex) for _ in range(500)]
    assert all(len(code) == 9 and code[4] == "-" for code in codes)
    assert {letter for code in codes for letter in code} - {"-"} == set(ALPHABET)
    assert not set("ILOU") & set(ALPHABET) and len(ALPHABET) == 32


def test_a_handoff_has_one_code_and_another_handoff_has_another() -> None:
    assert return_code("a") == return_code("a")
    assert len({return_code(str(number)) for number in range(2000)}) == 2000
    assert return_code("a", attempt=1) != return_code("a")


def test_a_code_depends_on_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    code = return_code("a")
    monkeypatch.setenv("LOBKE_SECRET", "another secret")
    settings.cache_clear()
    assert return_code("a") != code


@pytest.mark.parametrize(
    "typed",
    ["K7QF-3M01", "k7qf3m01", " K7QF 3M01 ", "k7qf–3m01", "K7QF-3MOI", "k7qf 3mol", "K7QF.3M0l", "k7 qf 3m 01\n"],
)
def test_case_spaces_dashes_and_look_alikes_do_not_matter(typed: str) -> None:
    assert code_hash(typed) == code_hash("K7QF-3M01") != code_hash("K7QF-3M02")


@pytest.mark.parametrize(
    "typed", ["", "K7QF", "K7QF-3M012", "K7QF-3MU1", "K7QF-3M0é", "' OR 1=1", "😀" * 8, "x" * 100_000]
)
def test_what_cannot_be_a_code_is_none(typed: str) -> None:
    assert code_hash(typed) is None


def test_what_is_stored_does_not_show_the_code() -> None:
    hashed = code_hash("K7QF-3M01")
    assert hashed and len(hashed) == 64 and "K7QF" not in hashed.upper()


@pytest.mark.parametrize(
    "text",
    ["K7QF-3MZP", "k7qf 3mzp", " K7QF3MZP. ", "mijn code is k7qf-3mzp", "Code: K7QF-3MZP", "KHBT-WXYZ", "2026-K7QF"],
)
def test_a_message_that_is_a_code_is_known_as_one(text: str) -> None:
    assert is_typed_code(text)


@pytest.mark.parametrize(
    "text",
    [
        *("vmbo-havo", "VMBO-HAVO", "mbo2 mbo4", "mbo3-mbo4", "2025-2026", "12345678", "havo 2026", "VMBO-2026"),
        *("klas 3 of 4", "3 kader tl", "leerjaar", "stage kok", "0612345678", "code", "K7QF", "wat is K7QF-3MZP"),
        *("mijn code is kwijt", "K7QF-3MZU", ""),
    ],
)
def test_a_question_is_never_taken_for_a_code(text: str) -> None:
    assert not is_typed_code(text)


def test_nearly_every_code_is_known() -> None:
    codes = [return_code(str(number)) for number in range(2000)]
    assert sum(map(is_typed_code, codes)) > 0.98 * len(codes)
    assert sum(is_typed_code(code.replace("-", " ")) for code in codes) > 0.93 * len(codes)
