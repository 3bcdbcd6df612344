"""What each part of the pipeline is worth: `make ablation` trains one model a row and prints docs/ablation.md.

Every row is a real Rasa model, trained and asked in a process of its own, on the held-out messages of tests/nlu.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import yaml

from bench.nlu import Understanding, examples, scores
from bot.components import speed
from bot.settings import PROJECT

Component = dict[str, Any]
SPELLING: list[Component] = [{"name": "bot.components.pupils_spelling.PupilsSpelling"}]
SPACES: list[Component] = [{"name": "WhitespaceTokenizer"}]
SPACY: list[Component] = [{"name": "bot.components.spacy_loader.SpacyNLP"}, {"name": "SpacyTokenizer"}]
NAMES: list[Component] = [{"name": "bot.components.knowledge_lookup.KnowledgeLookup"}]
MEANING: list[Component] = [{"name": "bot.components.sentence_vectors.SentenceVectors", "scale": 4.0}]
LEARN: list[Component] = [{"name": "bot.components.intent_classifier.IntentClassifier", "max_iter": 60}]
DIET_EPOCHS = 5


def words(use_lemma: bool) -> Component:
    counts = {"analyzer": "word", "min_ngram": 1, "max_ngram": 2, "min_df": 3, "use_lemma": use_lemma}
    return {"name": "CountVectorsFeaturizer", **counts}


def letters(use_lemma: bool) -> Component:
    counts = {"analyzer": "char_wb", "min_ngram": 2, "max_ngram": 4, "min_df": 3, "use_lemma": use_lemma}
    return {"name": "CountVectorsFeaturizer", **counts}


PLAIN = [*SPACES, words(False), letters(False)]
NAMED = [*SPACY, *NAMES, words(True), letters(True)]
PIPELINES: dict[str, list[Component]] = {
    "words": [*SPACES, words(False), *LEARN],
    "+ letters": [*PLAIN, *LEARN],
    "+ lemmas": [*SPACY, words(True), letters(True), *LEARN],
    "+ kinds of names": [*NAMED, *LEARN],
    "+ sentence vectors": [*NAMED, *MEANING, *LEARN],
    "+ spelling (Lobke's)": [*SPELLING, *NAMED, *MEANING, *LEARN],
    "only sentence vectors": [*SPACES, *MEANING, *LEARN],
    f"DIET, {DIET_EPOCHS} epochs": [
        *PLAIN,
        {"name": "DIETClassifier", "epochs": DIET_EPOCHS, "entity_recognition": False, "constrain_similarities": True},
    ],
}
"""The rows of the table, each on the one before it until Lobke's."""


def measure(row: str) -> dict[str, float]:
    """Train the row's model in this process, load it in another, and ask it the held-out messages."""
    config = {"recipe": "default.v1", "language": "nl", "assistant_id": "ablation", "pipeline": PIPELINES[row]}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yml"
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        speed.prepare(path.read_text(encoding="utf-8"))
        speed.keep_nothing_of_training()
        from rasa.model_training import train_nlu

        before = time.perf_counter()
        model = train_nlu(str(path), str(PROJECT / "data" / "nlu"), folder, fixed_model_name="row")
        trained = time.perf_counter() - before
        asked = subprocess.run(
            [sys.executable, "-m", "bench.ablation", "--ask", str(model), "--config", str(path)],
            stdout=subprocess.PIPE,
            check=True,
            cwd=PROJECT,
        )
    return {"train": trained, **json.loads(asked.stdout.splitlines()[-1])}


def ask(model: Path, config: Path) -> dict[str, float]:
    """Load a model and ask it the held-out messages; seconds, megabytes, shares and milliseconds."""
    before = time.perf_counter()
    understanding = Understanding(model, config.read_text(encoding="utf-8"))
    understanding.parse("hoi")
    start = time.perf_counter() - before
    cases, took, found = examples("held_out.yml"), [], []
    for case in cases:
        before = time.perf_counter()
        found.append(str(understanding.parse(case["text"])["intent"]["name"]))
        took.append(1000 * (time.perf_counter() - before))
    accuracy, macro = scores([case["intent"] for case in cases], found)
    memory = psutil.Process().memory_info().rss / 1024**2
    return {"accuracy": accuracy, "macro": macro, "ms": statistics.median(took), "start": start, "memory": memory}


def main() -> None:
    """Print the table, one row after the other; or do one step of a row."""
    steps = argparse.ArgumentParser()
    steps.add_argument("--row", choices=PIPELINES)
    steps.add_argument("--ask", type=Path)
    steps.add_argument("--config", type=Path)
    given = steps.parse_args()
    if given.ask:
        print(json.dumps(ask(given.ask, given.config)))
        return
    if given.row:
        print(json.dumps(measure(given.row)))
        return
    print(f"Held-out messages: {len(examples('held_out.yml'))}\n")
    print("| pipeline | accuracy | macro-F1 | ms a message | start, s | memory, MB | training, s |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for row in PIPELINES:
        done = subprocess.run(
            [sys.executable, "-m", "bench.ablation", "--row", row],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
            cwd=PROJECT,
        )
        got = json.loads(done.stdout.splitlines()[-1])
        print(
            f"| {row} | {got['accuracy']:.1%} | {got['macro']:.1%} | {got['ms']:.1f} | {got['start']:.1f} "
            f"| {got['memory']:.0f} | {got['train']:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
