"""Changes entries in the text of a knowledge file, and saves a file. What is not changed keeps its lines and comments.

The functions from text to text are pure. `save` writes a file only when all files together are still sound.
"""

import fcntl
import os
import shutil
import tempfile
import textwrap
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Optional

import yaml
from yaml import CSafeLoader, MappingNode, Node, SequenceNode

from bot.knowledge.loader import KnowledgeError, Problem, load

WIDTH = 110  # letters on a line
LOCK = ".saving"
_saving = threading.Lock()
Edit = tuple[int, int, str]
"""The first line, the line after the last, and what comes in their place."""


class Outdated(Exception):
    """Somebody else changed the file since its version was read."""


class NoSuchEntry(Exception):
    """No entry of the file has this id."""


def read(path: Path) -> str:
    """The text of a file, with its line ends as they are. Raises OSError or UnicodeDecodeError."""
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()


def version(text: str) -> str:
    """What tells this text from any other."""
    return sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Place:
    """Where an entry stands: its first and last line, and line and column of its fields, all counted from 1."""

    first: int
    last: int
    fields: dict[str, tuple[int, int]]

    def field_at(self, line: int, column: int) -> Optional[str]:
        """The field that holds this place; None outside the entry."""
        before = [name for name, place in self.fields.items() if place <= (line, column)]
        return before[-1] if before and line <= self.last else None


def places(text: str) -> dict[str, Place]:
    """The places of all entries of a file, by id; of the second with the same id, or of one without, `number:`.

    Raises YAMLError when the file is broken.
    """
    return {
        id: Place(
            first + 1,
            last,
            {key.value: (key.start_mark.line + 1, key.start_mark.column + 1) for key, _ in entry.value},
        )
        for id, (first, last, entry) in _places(text).items()
    }


def entry_text(text: str, id: str) -> str:
    """The lines of an entry, as they stand in the file. Raises NoSuchEntry, or YAMLError when the file is broken."""
    first, last, _ = _place(text, id)
    return "".join(text.splitlines(keepends=True)[first:last])


def replaced(text: str, id: str, entry: str) -> str:
    """The text with these lines for an entry. Raises NoSuchEntry."""
    first, last, _ = _place(text, id)
    return _with_lines(text, [(first, last, entry)])


def removed(text: str, id: str) -> str:
    """The text without an entry. Raises NoSuchEntry."""
    return edited(text, removed=[id])


def inserted(text: str, fields: Mapping[str, Any], before: Optional[str] = None) -> str:
    """The text with a new entry: before another one with its comment, or at the end of `items`. Raises NoSuchEntry."""
    if before is None:
        return edited(text, added=[fields])
    at = _place(text, before)[0]
    lines = text.splitlines(keepends=True)
    indent = _indent(lines[at])
    while at and lines[at - 1].lstrip().startswith("#") and _indent(lines[at - 1]) == indent:
        at -= 1
    return _with_lines(text, [(at, at, as_yaml(fields, indent))])


def with_fields(text: str, id: str, fields: Mapping[str, Any]) -> str:
    """The text with other values for fields of an entry; None takes a field away, and a new one comes last.

    Raises NoSuchEntry.
    """
    return edited(text, changed={id: fields})


def with_more(text: str, id: str, field: str, values: Sequence[str]) -> str:
    """The text with more texts at the end of a list of an entry, whose other lines stay. Raises NoSuchEntry."""
    _, last, entry = _place(text, id)
    at, node = next(((at, value) for at, (key, value) in enumerate(entry.value) if key.value == field), (0, None))
    if not isinstance(node, SequenceNode) or not node.value or node.flow_style or entry.flow_style:
        before = _values(entry).get(field) or []
        return with_fields(text, id, {field: [*before, *values]})
    following = entry.value[at + 1][0].start_mark.line if at + 1 < len(entry.value) else last
    end = _without_comments(text.splitlines(keepends=True), node.value[-1].start_mark.line, following)
    indent = " " * node.start_mark.column
    made = yaml.dump(list(values), Dumper=_Dumper, allow_unicode=True, width=10_000)
    return _with_lines(text, [(end, end, textwrap.indent(textwrap.dedent(made), indent))])


def edited(
    text: str,
    changed: Optional[Mapping[str, Mapping[str, Any]]] = None,
    removed: Collection[str] = (),
    added: Sequence[Mapping[str, Any]] = (),
) -> str:
    """The text with many changes at once: fields of entries by id, entries that go, and new ones at the end.

    The file is read once, however many there are. Raises NoSuchEntry.
    """
    lines = text.splitlines(keepends=True)
    places = _places(text)
    if not places:
        if changed or removed:
            raise NoSuchEntry
        return _first_entries(text, added) if added else text
    try:
        edits = [edit for id, fields in (changed or {}).items() for edit in _edits(lines, *places[id], fields)]
        edits += [(*places[id][:2], "") for id in removed]
    except KeyError as error:
        raise NoSuchEntry(error.args[0]) from None
    items = list(places.values())
    indent = _indent(lines[items[0][0]])
    new = "".join(as_yaml(fields, indent) for fields in added)
    if len(places) == len(set(removed)) and not added:
        new = f"{indent}[]"
    return _with_lines(text, [*edits, (items[-1][1], items[-1][1], new)])


def _edits(lines: list[str], first: int, last: int, entry: MappingNode, fields: Mapping[str, Any]) -> Iterator[Edit]:
    """The lines to put in the place of others, to give an entry these values."""
    if entry.flow_style:  # {…} on a line: made anew
        kept = {**_values(entry), **fields}
        new = {key: value for key, value in kept.items() if value is not None}
        yield first, last, as_yaml(new, _indent(lines[first]))
        return
    keys = [key for key, _ in entry.value]
    names = [key.value for key in keys]
    tail = ""
    for name, value in fields.items():
        if name not in names:
            tail += "" if value is None else _field(name, value, " " * keys[0].start_mark.column)
            continue
        at = names.index(name)
        begin, column = keys[at].start_mark.line, keys[at].start_mark.column
        end = _without_comments(lines, begin, keys[at + 1].start_mark.line if at + 1 < len(keys) else last)
        made = "" if value is None else _field(name, value, " " * column)
        if at == 0:
            if value is None:
                raise ValueError(f"the first field of an entry stays: {name}")
            made = lines[begin][:column] + made[column:]
        yield begin, end, made
    if tail:
        yield last, last, tail


def _first_entries(text: str, added: Sequence[Mapping[str, Any]]) -> str:
    root = yaml.compose(text, CSafeLoader)
    pairs = root.value if isinstance(root, MappingNode) else []
    key, value = next(((key, value) for key, value in pairs if key.value == "items"), (None, None))
    if key is None or value is None:
        raise NoSuchEntry("items")
    lines = text.splitlines(keepends=True)
    first, last = key.start_mark.line, max(key.end_mark.line, value.end_mark.line) + 1
    comment = lines[first].partition("#")
    remark = f"  #{comment[2].rstrip()}" if comment[1] and last == first + 1 else ""
    return _with_lines(text, [(first, last, f"items:{remark}\n" + "".join(as_yaml(fields) for fields in added))])


def as_yaml(fields: Mapping[str, Any], indent: str = "  ") -> str:
    """An entry of `items` with these fields, in the style of the files."""
    inner = indent + "  "
    lines = "".join(_field(name, value, inner) for name, value in fields.items())
    return f"{indent}- {lines[len(inner) :]}"


def _field(name: str, value: Any, indent: str) -> str:
    """The lines of one field. A short list or a few short fields stand on one line, long text on more."""
    room, value = WIDTH - len(indent), _plain(value)
    if isinstance(value, str) and len(name) + len(value) + 4 > room and _can_fold(value):
        made = "\n".join([f"{name}: >-", *textwrap.wrap(value, room - 2, initial_indent="  ", subsequent_indent="  ",
                          break_long_words=False, break_on_hyphens=False)])  # fmt: skip
    else:
        parts = {name: value}
        made = yaml.dump(parts, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=room)
        if not isinstance(value, str) and len(flow := _on_one_line(value)) + len(name) + 2 <= room and flow:
            made = f"{name}: {flow}"
    return "".join(f"{indent}{line}\n" if line else "\n" for line in made.rstrip("\n").split("\n"))


class _Dumper(yaml.SafeDumper):
    """Indents lists under their field, as the files do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _on_one_line(value: Any) -> str:
    """A list or fields without more lists or fields in them than one level of dates and words, or ""."""
    if not isinstance(value, (list, dict)):
        return ""
    made: str = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=10_000, default_flow_style=True)
    return made.strip() if made.count("\n") == 1 else ""


def _can_fold(text: str) -> bool:
    return " ".join(text.split()) == text and not text.startswith("#") and text.isprintable()


def _plain(value: Any) -> Any:
    """The value as YAML can say it: dates become text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def save(folder: Path, changes: Mapping[str, str], versions: Mapping[str, str]) -> list[Problem]:
    """Writes new texts of files in `folder` (path in it → text) when all files together are sound.

    Returns the mistakes otherwise, and then nothing was written. `versions`: the version of each file that the change
    was made on. Raises Outdated when one has changed since, and OSError.
    """
    with _alone(folder):
        _check_versions(folder, versions)
        problems = problems_with(folder, changes)
        if problems:
            return problems
        _check_versions(folder, versions)  # reading all files took a while
        for name, text in changes.items():
            _write(folder / name, text)
        return []


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else saves meanwhile, in any thread or process that sees this folder."""
    with _saving, (folder / LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def problems_with(folder: Path, changes: Mapping[str, str]) -> list[Problem]:
    """The mistakes that the files would have with these texts."""
    with tried(folder, changes) as copy:
        try:
            load(copy)
        except KnowledgeError as error:
            return error.problems
    return []


@contextmanager
def tried(folder: Path, changes: Mapping[str, str]) -> Iterator[Path]:
    """A copy of the files with these texts, as long as it is needed. Raises OSError."""
    with tempfile.TemporaryDirectory(prefix="lobke-") as temporary:
        copy = Path(temporary) / "knowledge"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("schema", ".*"))
        for name, text in changes.items():
            (copy / name).write_bytes(text.encode())
        yield copy


def _check_versions(folder: Path, versions: Mapping[str, str]) -> None:
    for name, expected in versions.items():
        if version(read(folder / name)) != expected:
            raise Outdated(name)


def _write(path: Path, text: str) -> None:
    """Replaces the file as a whole, so that no reader ever sees half of it."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _items(text: str) -> list[MappingNode]:
    root = yaml.compose(text, CSafeLoader)
    pairs = root.value if isinstance(root, MappingNode) else []
    found = next((value for key, value in pairs if key.value == "items"), None)
    if not isinstance(found, SequenceNode) or found.flow_style and found.value:
        return []
    return [item for item in found.value if isinstance(item, MappingNode)]


def _place(text: str, id: str) -> tuple[int, int, MappingNode]:
    places = _places(text)
    if id not in places:
        raise NoSuchEntry(id)
    return places[id]


def _places(text: str) -> dict[str, tuple[int, int, MappingNode]]:
    """By id the first line of an entry, the line after its last, and its node. Comments before the next are not its."""
    items = _items(text)
    lines = text.splitlines(keepends=True)
    found: dict[str, tuple[int, int, MappingNode]] = {}
    for at, item in enumerate(items):
        id = next((value.value for key, value in item.value if key.value == "id"), None)
        following = items[at + 1].start_mark.line if at + 1 < len(items) else len(lines)
        key = id if isinstance(id, str) and id not in found else f"{at}:"  # no id is like that, so its place is kept
        found[key] = (item.start_mark.line, _end(lines, item, following), item)
    return found


def _end(lines: list[str], item: Node, following: int) -> int:
    """The line after the last one of an item; `following` is where the next begins."""
    if item.end_mark.column == 0 or item.end_mark.line >= following:
        following = min(following, max(item.end_mark.line, item.start_mark.line + 1))
    return _without_comments(lines, item.start_mark.line, following, _indent(lines[item.start_mark.line]))


def _without_comments(lines: list[str], begin: int, end: int, indent: Optional[str] = None) -> int:
    """`end` without empty lines and comments before it; with an indent, deeper comments stay."""
    while end > begin + 1:
        line = lines[end - 1]
        is_comment = line.lstrip().startswith("#") and (indent is None or len(_indent(line)) <= len(indent))
        if line.strip() and not is_comment:
            return end
        end -= 1
    return end


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" "))]


def _values(node: MappingNode) -> dict[str, Any]:
    loader = CSafeLoader("")
    found: dict[str, Any] = loader.construct_mapping(node, deep=True)
    return found


def _with_lines(text: str, edits: Sequence[Edit]) -> str:
    """The text after these edits, which do not overlap, with the line ends of the file."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith(("\n", "\r")) and any(first == len(lines) for first, _, _ in edits):
        lines[-1] += end
    in_order = sorted(enumerate(edits), key=lambda numbered: (*numbered[1][:2], numbered[0]))
    for _, (first, last, new) in reversed(in_order):
        made = new.replace("\r\n", "\n").replace("\n", end)
        if made and not made.endswith(end):
            made += end
        lines[first:last] = [made]
    return "".join(lines)
