"""Changing an entry leaves the rest of its file alone, and no broken or outdated file is ever written."""

import fcntl
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.knowledge import writing
from bot.knowledge.loader import _Yaml
from bot.knowledge.models import TYPES
from bot.knowledge.writing import (
    NoSuchEntry,
    Outdated,
    as_yaml,
    edited,
    entry_text,
    inserted,
    removed,
    replaced,
    with_fields,
)
from bot.settings import PROJECT

KNOWLEDGE = PROJECT / "knowledge"
TEXT = """\
# Above
standaard:
  bron: b  # beside
items:
  # About a
  - id: a
    naam: 'Een naam: met dubbele punt'   # why
    # before the list
    lijst: [1, 2]
    lang: >-
      Woorden die
      doorgaan

  # About b
  - id: b
    naam: B
"""


def entries(text: str) -> list[dict[str, Any]]:
    found = yaml.load(text, _Yaml)["items"]
    assert isinstance(found, list)
    return found


def test_an_entry_is_read_as_it_stands() -> None:
    assert entry_text(TEXT, "b") == "  - id: b\n    naam: B\n"
    assert entry_text(TEXT, "a").endswith("doorgaan\n")


def test_a_field_changes_and_the_rest_stays() -> None:
    changed = with_fields(TEXT, "a", {"lijst": [3]})
    assert changed == TEXT.replace("lijst: [1, 2]", "lijst: [3]")


def test_the_first_field_of_an_entry_changes_too() -> None:
    assert with_fields(TEXT, "b", {"id": "c"}) == TEXT.replace("- id: b", "- id: c")


def test_a_new_field_comes_last_and_none_takes_one_away() -> None:
    changed = with_fields(TEXT, "a", {"nieuw": True, "lang": None})
    assert entries(changed)[0] == {"id": "a", "naam": "Een naam: met dubbele punt", "lijst": [1, 2], "nieuw": True}
    assert changed.index("nieuw: true") < changed.index("# About b") and "# before the list" in changed
    assert with_fields(TEXT, "a", {"weg": None}) == TEXT


def test_an_entry_comes_before_another_with_its_comment_or_last() -> None:
    before = inserted(TEXT, {"id": "c"}, before="b")
    assert before == TEXT.replace("  # About b\n", "  - id: c\n  # About b\n")
    assert inserted(TEXT, {"id": "c"}) == TEXT + "  - id: c\n"


def test_many_changes_are_made_at_once() -> None:
    text = edited(TEXT, {"a": {"lijst": [3], "x": 1}, "b": {"naam": "C", "y": 2}}, added=[{"id": "c"}, {"id": "d"}])
    step = with_fields(with_fields(TEXT, "a", {"lijst": [3], "x": 1}), "b", {"naam": "C", "y": 2})
    step = inserted(inserted(step, {"id": "c"}), {"id": "d"})
    assert text == step
    after = edited(text, {"b": {"naam": "D"}}, ["a", "d"], [{"id": "e"}])
    assert [entry["id"] for entry in entries(after)] == ["b", "c", "e"]
    assert [entry["id"] for entry in entries(edited(TEXT, {}, ["a", "b"], [{"id": "e"}]))] == ["e"]


def test_what_comes_after_the_list_stays_there() -> None:
    text = "items:\n  - id: a\n\n# after\nb: 2\n"
    assert inserted(text, {"id": "c"}) == "items:\n  - id: a\n  - id: c\n\n# after\nb: 2\n"
    assert entries(with_fields(text, "a", {"x": 1})) == [{"id": "a", "x": 1}]


def test_an_entry_is_replaced_or_removed() -> None:
    assert replaced(TEXT, "b", "  - id: b\n    naam: C") == TEXT.replace("naam: B", "naam: C")
    assert [entry["id"] for entry in entries(removed(TEXT, "a"))] == ["b"]
    assert entries(removed(removed(TEXT, "a"), "b")) == []


@pytest.mark.parametrize("empty", ["items: []\n", "items: []  # none yet\n", "items:\n  []\n", "items:\n"])
def test_an_empty_list_gets_its_first_entry(empty: str) -> None:
    assert entries(inserted("a: 1\n" + empty + "b: 2\n", {"id": "c", "naam": "C"})) == [{"id": "c", "naam": "C"}]


@pytest.mark.parametrize("change", [entry_text, removed, lambda text, id: with_fields(text, id, {"naam": "x"})])
def test_an_unknown_entry_is_said(change: Any) -> None:
    with pytest.raises(NoSuchEntry):
        change(TEXT, "x")


def test_lines_of_windows_stay_lines_of_windows() -> None:
    text = "\ufeff" + TEXT.replace("\n", "\r\n")
    changed = inserted(with_fields(text, "a", {"lijst": [3]}), {"id": "c", "naam": "lang " * 60})
    assert changed.startswith("\ufeff") and changed.count("\n") == changed.count("\r\n")
    assert changed.startswith(text[: text.index("[1")])


def test_a_file_without_a_last_line_end_gets_one() -> None:
    assert [entry["id"] for entry in entries(inserted(TEXT.rstrip(), {"id": "c"}))] == ["a", "b", "c"]


words = st.text(st.characters(blacklist_categories=("Cs",)), min_size=0, max_size=200)
long_words = st.lists(st.sampled_from(["een", "nee", "- a", "b:", "#c", "1", "'", '"', "{x}", "é"]), max_size=60).map(
    " ".join
)
scalars = st.none() | st.booleans() | st.integers(-999, 99999) | words | long_words
values = scalars | st.lists(scalars, max_size=5) | st.dictionaries(st.sampled_from("abc"), scalars, max_size=3)


@settings(max_examples=150)
@given(values, values)
def test_every_value_comes_back_as_it_was(one: Any, other: Any) -> None:
    text = inserted(TEXT, {"id": "c", "een": one, "twee": other}, before="b")
    assert [entry["id"] for entry in entries(text)] == ["a", "c", "b"]
    assert entries(text)[1] == {"id": "c", "een": one, "twee": other}
    assert entries(with_fields(text, "c", {"een": 1}))[1] == {"id": "c", "een": 1, "twee": other}


def real() -> Iterator[tuple[str, str]]:
    for path in KNOWLEDGE.rglob("*.yml"):
        if path.stem in TYPES or path.parent.name in TYPES:
            text = writing.read(path)
            for entry in (entries(text)[0], entries(text)[-1]):
                yield str(path.relative_to(KNOWLEDGE)), entry["id"]


@pytest.mark.parametrize(("file", "id"), list(real()))
def test_in_the_real_files_only_the_entry_changes(file: str, id: str) -> None:
    text = writing.read(KNOWLEDGE / file)
    before = entries(text)
    assert replaced(text, id, entry_text(text, id)) == text
    for name, value in next(entry for entry in before if entry["id"] == id).items():
        after = entries(with_fields(text, id, {name: value}))
        same = [{n: v for n, v in e.items() if v is not None or e["id"] != id or n != name} for e in before]
        assert after == same, name
    gone = removed(text, id)
    assert entries(gone) == [entry for entry in before if entry["id"] != id]
    assert gone.count("#") == text.count("#") - entry_text(text, id).count("#")
    assert entries(f"items:\n{as_yaml(before[0])}") == before[:1]


# Saving


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(KNOWLEDGE, tmp_path / "knowledge")
    return tmp_path / "knowledge"


def test_a_sound_file_is_saved_whole(folder: Path) -> None:
    text = writing.read(folder / "scholen.yml")
    (folder / "scholen.yml").chmod(0o640)
    new = with_fields(text, entries(text)[0]["id"], {"uitleg": "Een school."})
    assert writing.save(folder, {"scholen.yml": new}, {"scholen.yml": writing.version(text)}) == []
    assert writing.read(folder / "scholen.yml") == new
    assert (folder / "scholen.yml").stat().st_mode & 0o777 == 0o640
    assert not list(folder.glob("**/*.tmp"))


def test_a_mistake_is_told_with_its_line_and_nothing_is_saved(folder: Path) -> None:
    text = writing.read(folder / "scholen.yml")
    new = text.replace("soort: mbo", "soort: circus", 1)
    problems = writing.save(folder, {"scholen.yml": new}, {"scholen.yml": writing.version(text)})
    assert [problem.file for problem in problems] == ["scholen.yml"] and problems[0].line > 1
    assert writing.read(folder / "scholen.yml") == text


def test_a_reference_from_another_file_counts(folder: Path) -> None:
    text = writing.read(folder / "werelden.yml")
    problems = writing.save(folder, {"werelden.yml": removed(text, "zorg")}, {"werelden.yml": writing.version(text)})
    assert {problem.file for problem in problems} >= {"opleidingen.yml", "kalender.yml"}
    assert writing.read(folder / "werelden.yml") == text


def test_what_somebody_else_saved_is_not_overwritten(folder: Path) -> None:
    text = writing.read(folder / "scholen.yml")
    theirs = text + "# van een ander\n"
    (folder / "scholen.yml").write_text(theirs, encoding="utf-8")
    with pytest.raises(Outdated):
        writing.save(folder, {"scholen.yml": text + "# van mij\n"}, {"scholen.yml": writing.version(text)})
    assert writing.read(folder / "scholen.yml") == theirs


def test_a_failure_while_writing_leaves_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = writing.read(folder / "scholen.yml")
    monkeypatch.setattr(writing.os, "fsync", _full)
    with pytest.raises(OSError):
        writing.save(folder, {"scholen.yml": text + "# mijn\n"}, {"scholen.yml": writing.version(text)})
    assert writing.read(folder / "scholen.yml") == text
    assert {path.name for path in folder.glob("**/.*")} <= {writing.LOCK}


def _full(handle: int) -> None:
    raise OSError(28, "No space left on device")


LISTS = """items:
  - id: een
    vragen:
      - "wat is: dit"  # zo typen ze het
      # een opmerking
      - >-
        een lange
        vraag
    # hoort bij het volgende veld
    naam: Een
  - id: twee
    vragen: [a, b]
  - id: drie
    naam: Drie
"""


def test_more_texts_in_a_list_leave_the_other_lines_as_they_are() -> None:
    made = writing.with_more(LISTS, "een", "vragen", ["nee: toch", "ja"])
    assert [line for line in LISTS.splitlines() if line not in made.splitlines()] == []
    assert yaml.safe_load(made)["items"][0]["vragen"] == ["wat is: dit", "een lange vraag", "nee: toch", "ja"]
    assert made.index("- ja") < made.index("# hoort bij")
    assert yaml.safe_load(writing.with_more(LISTS, "twee", "vragen", ["c"]))["items"][1]["vragen"] == ["a", "b", "c"]
    assert yaml.safe_load(writing.with_more(LISTS, "drie", "vragen", ["c"]))["items"][2]["vragen"] == ["c"]
    with pytest.raises(writing.NoSuchEntry):
        writing.with_more(LISTS, "vier", "vragen", ["c"])


def test_while_another_process_saves_it_waits_and_then_sees_that_change(folder: Path) -> None:
    path = folder / "scholen.yml"
    text = writing.read(path)
    mine = {"scholen.yml": text + "# mijn\n"}, {"scholen.yml": writing.version(text)}
    with (folder / writing.LOCK).open("a") as other, ThreadPoolExecutor() as pool:
        fcntl.flock(other, fcntl.LOCK_EX)
        saving = pool.submit(writing.save, folder, *mine)
        with pytest.raises(TimeoutError):
            saving.result(0.3)
        path.write_text(text + "# van een ander\n", encoding="utf-8")
        fcntl.flock(other, fcntl.LOCK_UN)
        with pytest.raises(Outdated):
            saving.result(30)
    assert writing.read(path).endswith("# van een ander\n")
