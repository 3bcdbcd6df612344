"""How long it takes to check and to reload many entries: `python -m bench.knowledge [NUMBER]`.

The entries are copies of the real ones with other ids, names and questions, in a temporary folder. One word is then
changed in the largest file, as a member of staff would do; each process of Lobke has its own figure.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from bot.knowledge.loader import _Yaml
from bot.settings import PROJECT

COPIED = ("opleidingen", "onderwerpen", "interesses", "kalender", "scholen", "activiteiten")
SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in ("a", "e", "i", "o", "u", "aa", "oe")]


def word(number: int) -> str:
    """A word that does not exist, another for each number."""
    made = ""
    for _ in range(4):
        number, place = divmod(number, len(SYLLABLES))
        made += SYLLABLES[(place * 37 + len(made) * 11) % len(SYLLABLES)]
    return made


def copied(item: dict[str, Any], name: str, number: int) -> dict[str, Any]:
    """The item under another id, with names and questions of its own."""
    made, extra = deepcopy(item), word(number)
    made["id"] = str(60_000 + number) if name == "opleidingen" else f"{item['id']}-{number}"
    for field in ("naam", "titel"):
        if field in made:
            made[field] = f"{item[field]} {extra}"
    for field in ("namen", "vragen"):
        if field in made:
            made[field] = [f"{text} {extra}" for text in item[field]]
    return made


def make(folder: Path, entries: int) -> int:
    """Write knowledge files with this many entries to a folder; how many there are."""
    shutil.copytree(PROJECT / "knowledge", folder, dirs_exist_ok=True)
    contents = {path: yaml.load(path.read_bytes(), _Yaml) for path in sorted(folder.rglob("*.yml"))}
    count = sum(len(content.get("items", [])) for content in contents.values())
    real = [
        (path, name, item)
        for path, content in contents.items()
        for item in content.get("items", [])
        if (name := path.stem if path.parent == folder else path.parent.name) in COPIED
    ]
    for number in range(entries - count):
        path, name, item = real[number % len(real)]
        contents[path]["items"].append(copied(item, name, number))
    for path, content in contents.items():
        path.write_text(yaml.dump(content, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False), "utf-8")
    return max(entries, count)


def seconds(work: Callable[[], object]) -> float:
    """How long something takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def save(folder: Path, times: int) -> None:
    """Give an opleiding another question and another name, as staff would."""
    path = folder / "opleidingen.yml"
    content = yaml.load(path.read_bytes(), _Yaml)
    item = content["items"][0]
    extra = word(90_000 + times)
    item["vragen"] = [f"hoe word ik een {extra}", *item.get("vragen", [])[-9:]]
    item["namen"] = [extra, *item.get("namen", [])[-9:]]
    path.write_text(yaml.dump(content, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False), "utf-8")


def process(name: str, folder: Path) -> None:
    """What one process of Lobke does when a file is saved: print the seconds of each save, and of answers."""
    from bot.knowledge.distress import distress_of
    from bot.knowledge.loader import current, live
    from bot.knowledge.question import sources_of
    from bot.knowledge.spelling import spelling_of

    uses: dict[str, list[Callable[[Any], object]]] = {
        "web": [distress_of, sources_of],
        "actions": [sources_of],
        "rasa": [distress_of, spelling_of],
    }
    if name == "rasa":
        from bot.components.known_questions import index_of

        uses[name].append(index_of)
    started = time.perf_counter()
    for use in uses[name]:
        use(current())
    print(f"{name:8} start {time.perf_counter() - started:6.2f} s", flush=True)
    if name == "rasa":
        answers("before a save")
    for _ in range(3):
        save(folder, time.time_ns() % 100_000)
        print(f"{name:8} reload {seconds(live.look):5.2f} s", flush=True)
        if name == "rasa":
            answers("right after a save")
    if name == "rasa":
        print(f"{name:8} exact again after {seconds(lambda: refined(index_of(current()))):.0f} s", flush=True)
        answers("when it is exact again")


def refined(index: Any) -> None:
    """Wait until a rough index is exact."""
    while index.is_rough:
        time.sleep(0.1)


def answers(when: str) -> None:
    """Print how long one message takes to compare with all known questions."""
    from bot.components.known_questions import index_of
    from bot.components.sentence_vectors import encode
    from bot.knowledge.loader import current

    text, took = "hoe word ik verzorgende in een ziekenhuis", []
    index, vector = index_of(current()), encode([text])[0]
    for number in range(40):
        took.append(seconds(lambda number=number: index.hits(f"{text} {number}", vector)))  # type: ignore[misc]
    print(f"         a message {when}: median {sorted(took)[20] * 1000:.1f} ms, slowest {max(took) * 1000:.0f} ms")


def main() -> None:
    """Make the files, then measure each process in a process of its own."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, data = Path(temporary) / "knowledge", Path(temporary) / "var"
        number = make(folder, int(sys.argv[1]) if len(sys.argv) > 1 else 3_000)
        environment = os.environ | {"LOBKE_KNOWLEDGE_DIR": str(folder), "LOBKE_DATA_DIR": str(data)}
        print(f"{number} entries", flush=True)
        check = [sys.executable, "-m", "bot.cli", "check"]
        took = seconds(lambda: subprocess.run(check, env=environment, stdout=subprocess.DEVNULL, check=False))
        print(f"lobke check {took:.1f} s", flush=True)
        for name in ("web", "actions", "rasa"):
            one = [sys.executable, "-m", "bench.knowledge", "process", name, folder]
            subprocess.run(one, env=environment, check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["process"]:
        process(sys.argv[2], Path(sys.argv[3]))
    else:
        main()
