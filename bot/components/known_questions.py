"""Compares a message with the questions in the knowledge files, by meaning and by letters."""

from __future__ import annotations

import os
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Optional

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from scipy.linalg import solve
from scipy.sparse import vstack
from sklearn.feature_extraction.text import TfidfVectorizer
from threadpoolctl import threadpool_limits

from bot.components.sentence_vectors import encode, sentence_vector
from bot.knowledge.loader import Knowledge, current, per_knowledge
from bot.knowledge.names import names_of
from bot.knowledge.question import Hit
from bot.knowledge.search import KnownQuestion, known_questions, mentions, named_subjects, rank, subjects_of_entries
from bot.knowledge.words import normalise
from bot.settings import settings

HIT = "hit"
"""Entity whose value is the key of an entry that probably answers the message; its confidence is the likeness."""
MEANING = 0.6
RIDGE = 0.3
LEAST = 0.1
MOST_CHANGES = 500
"""Questions that come and go at once; with more, all is learned again before the change counts."""
NEIGHBOURS = 10
MOST_NEIGHBOURS = 100
"""Questions like one that came or went whose weights are learned again, for each and in all."""
MOST_EXACT = 12_000
"""Questions; of more, the table of how alike they are (4 bytes each, squared) is too large to make beside answering."""
_ROWS = 1_000
Vectors = dict[str, np.ndarray]
"""A sentence vector by its normalised text."""
_UNREADABLE = (OSError, ValueError, KeyError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Learned:
    """The known questions as a kernel ridge classifier over the entries.

    Nearest question alone finds the right entry for 52 of 100 questions left out, this for 61, and its score says far
    better when it is right (above 0.5: nine in ten).
    """

    questions: list[KnownQuestion]
    keys: list[str]
    """The entries, in the order of the columns of `weights`."""
    meaning: np.ndarray
    """A sentence vector a question, shape (questions, 512)."""
    letters: TfidfVectorizer
    letter_matrix: Any
    weights: np.ndarray
    """What each question says for each entry, shape (questions, entries)."""
    summed: Optional[tuple[np.ndarray, np.ndarray]] = None
    """What each number of a sentence vector, and each group of letters, says for each entry: the same, much faster."""

    def scores(self, text: str, vector: np.ndarray) -> dict[str, float]:
        """A likeness for every entry."""
        letters = self.letters.transform([normalise(text)])
        if self.summed is None:
            found = (_kernel(vector[np.newaxis, :], letters, self.meaning, self.letter_matrix) @ self.weights)[0]
        else:
            by_meaning, by_letters = self.summed
            found = vector @ by_meaning + letters.data @ by_letters[letters.indices]
        return dict(zip(self.keys, map(float, found), strict=True))

    def with_sums(self) -> Learned:
        """The same, ready to answer fast."""
        by_meaning = MEANING * (self.meaning.T @ self.weights)
        by_letters = self.letter_matrix.T.tocsr() @ self.weights
        by_letters *= 1 - MEANING
        return replace(self, summed=(by_meaning, by_letters))


def _solve_alone(kernel: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """The weights, by Cholesky: fast, but every other thread of the process waits."""
    # It is symmetric, so its transpose, in the order that LAPACK wants, needs no copy.
    found: np.ndarray = solve(kernel.T, np.asfortranarray(answers), assume_a="pos", overwrite_a=True, overwrite_b=True)
    return found


def _solve_beside(kernel: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """The weights, by LU: twice the work, while other threads go on."""
    return np.linalg.solve(kernel, answers)


def learn(
    questions: list[KnownQuestion],
    vectors: Vectors,
    weights: Optional[np.ndarray] = None,
    solved: Callable[[np.ndarray, np.ndarray], np.ndarray] = _solve_alone,
) -> Learned:
    """The classifier of these questions, all at once; with `weights` they are known already."""
    texts = [normalise(question.text) for question in questions]
    keys = _keys(questions)
    meaning = np.array([vectors[text] for text in texts], dtype=np.float32)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, dtype=np.float32)
    matrix = letters.fit_transform(texts)
    if weights is None:
        kernel = _kernel(meaning, matrix, meaning, matrix)
        kernel[np.diag_indices_from(kernel)] += RIDGE
        weights = solved(kernel, _answers(questions, keys))
    return Learned(questions, keys, meaning, letters, matrix, weights).with_sums()


def relearn(before: Learned, questions: list[KnownQuestion], vectors: Vectors) -> Learned:
    """The classifier after a few questions came or went: only their weights, and those of questions like them, change.

    The rest of the system of equations stays as it was, so this is near `learn`, and takes a part of a second.
    """
    row_of = {question: row for row, question in enumerate(before.questions)}
    rows = [row_of.get(question, -1) for question in questions]
    new = np.array([place for place, row in enumerate(rows) if row < 0], dtype=int)
    gone = np.array(sorted(set(range(len(before.questions))) - set(rows)), dtype=int)
    new_texts = [normalise(questions[place].text) for place in new]
    new_letters = before.letters.transform(new_texts) if new_texts else before.letter_matrix[:0]
    new_meaning = np.array([vectors[text] for text in new_texts], dtype=np.float32).reshape(-1, before.meaning.shape[1])
    take = np.array(rows)
    take[new] = np.arange(len(new)) + len(before.questions)
    meaning = np.vstack([before.meaning, new_meaning])[take]
    matrix = vstack([before.letter_matrix, new_letters], format="csr")[take]
    keys = _keys(questions)
    column_of = {key: column for column, key in enumerate(before.keys)}
    old = take < len(before.questions)
    weights = np.zeros((len(questions), len(keys)), dtype=np.float32)
    if keys == before.keys:
        weights[old] = before.weights[take[old]]
    else:
        there = np.array([key in column_of for key in keys])
        columns = np.array([column_of[key] for key in keys if key in column_of], dtype=int)
        weights[np.ix_(old, there)] = before.weights[np.ix_(take[old], columns)]

    changed_meaning = np.vstack([new_meaning, before.meaning[gone]])
    changed_letters = vstack([new_letters, before.letter_matrix[gone]], format="csr")
    near = np.argsort(-_kernel(changed_meaning, changed_letters, meaning, matrix), axis=1)[:, :NEIGHBOURS]
    block = np.array(list(dict.fromkeys([*new, *near.T.ravel().tolist()]))[: len(new) + MOST_NEIGHBOURS], dtype=int)
    if not len(block):  # only their order is another
        return Learned(questions, keys, meaning, before.letters, matrix, weights)
    kernel = _kernel(meaning[block], matrix[block], meaning, matrix)
    wrong = _answers([questions[place] for place in block], keys) - kernel @ weights - RIDGE * weights[block]
    inner = kernel[:, block] + RIDGE * np.eye(len(block), dtype=np.float32)
    weights[block] += solve(inner, wrong, assume_a="pos")
    return Learned(questions, keys, meaning, before.letters, matrix, weights)


def _keys(questions: list[KnownQuestion]) -> list[str]:
    return list(dict.fromkeys(question.key for question in questions))


def _answers(questions: list[KnownQuestion], keys: list[str]) -> np.ndarray:
    column = {key: index for index, key in enumerate(keys)}
    answers = np.zeros((len(questions), len(keys)), dtype=np.float32)
    answers[range(len(questions)), [column[question.key] for question in questions]] = 1.0
    return answers


def _kernel(meaning: np.ndarray, letters: Any, all_meaning: np.ndarray, all_letters: Any) -> np.ndarray:
    found: np.ndarray = meaning @ all_meaning.T
    found *= MEANING
    turned = all_letters.T
    for start in range(0, len(found), _ROWS):
        found[start : start + _ROWS] += (1 - MEANING) * (letters[start : start + _ROWS] @ turned).toarray()
    return found


class Index:
    """The known questions of one version of the knowledge, and the subjects that they name."""

    def __init__(self, knowledge: Knowledge, previous: Optional[Index] = None) -> None:
        self.knowledge = knowledge
        self._names = names_of(knowledge)
        self._questions = list(dict.fromkeys(known_questions(knowledge)))
        texts = [normalise(question.text) for question in self._questions]
        known = previous.vectors if previous else _read_vectors()
        self.vectors: Vectors = _vectors(texts, known)
        before = previous.learned if previous else _read_learned(self.vectors)
        changed = before is None or self._questions != before.questions
        changes = len(set(self._questions) ^ set(before.questions)) if before else len(texts)
        self.is_rough = changed and changes <= min(MOST_CHANGES, len(texts) // 2)
        if before and not changed:
            learned = before
        elif before and self.is_rough:
            learned = relearn(before, self._questions, self.vectors)
        else:
            learned = learn(self._questions, self.vectors)
        self.learned: Learned = learned
        if not self.is_rough and (self.learned is not before or self.vectors.keys() - known.keys()):
            self._keep()
        self._named = self._named_after(previous)
        self._subjects = self._subjects_of_entries()

    def _named_after(self, previous: Optional[Index]) -> dict[str, frozenset[str]]:
        """The subjects that each question names; found again only where a name came or went."""
        questions = {question.text for question in self._questions}
        changed = self._names.differ(previous._names) if previous else set()
        if previous is None or len(changed) > MOST_CHANGES:
            return {text: named_subjects(self._names, text) for text in questions}
        found = {text: previous._named[text] for text in questions & previous._named.keys()}
        for text in questions:
            if text not in found or (changed and mentions(text, changed)):
                found[text] = named_subjects(self._names, text)
        return found

    def _subjects_of_entries(self) -> dict[str, frozenset[str]]:
        return subjects_of_entries(self._questions, self._named)

    def refine(self, is_wanted: Callable[[], bool]) -> None:
        """Learn all again, exactly, while the rough version is in use; stop when it is not wanted any more."""
        if len(self._questions) <= MOST_EXACT:
            learned = learn(self._questions, self.vectors, solved=_solve_beside)
        else:
            learned = self.learned.with_sums()
        if not is_wanted():
            return
        self.learned = learned
        self._keep()
        for count, text in enumerate(list(self._named)):
            if not is_wanted():
                return
            self._named[text] = named_subjects(self._names, text)
            if count % 5 == 0:
                time.sleep(0.001)  # pupils go first
        self._subjects = self._subjects_of_entries()
        self.is_rough = False

    def _keep(self) -> None:
        """Keep the vectors and the weights on disk for the next start."""
        vectors = np.array(list(self.vectors.values()), dtype=np.float16)
        _write(_file("vectors"), texts=np.array(list(self.vectors)), vectors=vectors)
        questions = np.array([(question.text, question.key) for question in self.learned.questions])
        _write(_file("weights"), questions=questions, weights=self.learned.weights.astype(np.float16))

    def hits(self, text: str, vector: np.ndarray) -> list[Hit]:
        """The entries that probably answer the text, best first."""
        likeness = self.learned.scores(text, vector)
        return rank(likeness, self._subjects, named_subjects(self._names, text), LEAST)


_latest: Optional[Index] = None
_refining = threading.Lock()


@per_knowledge
def index_of(knowledge: Knowledge) -> Index:
    """The index of this version of the knowledge, made from the last one. A thread makes a rough one exact."""
    global _latest
    index = _latest = Index(knowledge, _latest)
    if index.is_rough:
        threading.Thread(target=_refine, args=(index,), name="questions", daemon=True).start()
    return index


def _refine(index: Index) -> None:
    with suppress(OSError, AttributeError):  # a thread has a priority of its own on Linux alone
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
    with _refining, threadpool_limits(limits=1):
        if index is _latest:
            index.refine(lambda: index is _latest)


def _vectors(texts: list[str], known: Vectors) -> Vectors:
    """The vector of every text; the new ones are computed."""
    missing = list(dict.fromkeys(text for text in texts if text not in known))
    return {
        **{text: known[text] for text in texts if text in known},
        **dict(zip(missing, encode(missing), strict=True)),
    }


def _read_vectors() -> Vectors:
    try:
        with np.load(_file("vectors")) as kept:
            return dict(zip(kept["texts"].tolist(), kept["vectors"].astype(np.float32), strict=True))
    except _UNREADABLE:
        return {}


def _read_learned(vectors: Vectors) -> Optional[Learned]:
    """What was learned before; None when there is nothing, or too little is left of it."""
    try:
        with np.load(_file("weights")) as kept:
            questions = [KnownQuestion(text, key) for text, key in kept["questions"].tolist()]
            weights = kept["weights"].astype(np.float32)
    except _UNREADABLE:
        return None
    missing = [text for question in questions if (text := normalise(question.text)) not in vectors]
    if not questions or weights.shape != (len(questions), len(_keys(questions))) or len(missing) > MOST_CHANGES:
        return None
    return learn(questions, {**vectors, **_vectors(missing, {})}, weights)


def _file(name: str) -> Path:
    return settings().cache_dir / f"question-{name}.npz"


def _write(file: Path, **arrays: np.ndarray) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as temporary:
        np.savez(temporary, **arrays)
    os.replace(temporary.name, file)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class KnownQuestions(GraphComponent):
    """Adds `hit` entities, best first. Reads the knowledge as it is now, so a new entry is found at once."""

    def __init__(self) -> None:
        index_of(current())

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> KnownQuestions:
        """Create the component; there is nothing to train."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Adds the hits to every message with a sentence vector."""
        index = index_of(current())
        for message in messages:
            vector = sentence_vector(message)
            hits = index.hits(message.get(TEXT), vector) if vector is not None else []
            entities = [{"entity": HIT, "value": hit.key, "confidence_entity": round(hit.score, 3)} for hit in hits]
            message.set(ENTITIES, message.get(ENTITIES, []) + entities, add_to_output=True)
        return messages
