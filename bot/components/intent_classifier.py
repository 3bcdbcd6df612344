"""Rasa's logistic regression, faster: its dense features are not treated as sparse ones."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.nlu.classifiers.logistic_regression_classifier import LogisticRegressionClassifier
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, vstack
from scipy.special import logsumexp, softmax


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentClassifier(LogisticRegressionClassifier):
    """Learns the same thing (softmax, classes weighed equally, L2 of strength 1); answers and is kept as Rasa's own."""

    @cached_property
    def _columns(self) -> np.ndarray:
        """The coefficients with a row for each feature, shape (features, intents)."""
        return np.ascontiguousarray(self.clf.coef_.T)

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the most likely intent of each message, and those that come after it."""
        for message in messages:
            likely = sorted(zip(self.clf.classes_, self._chances(message), strict=True), key=lambda each: -each[1])
            ranking = [{"name": name, "confidence": chance} for name, chance in likely]
            message.set("intent", ranking[0], add_to_output=True)
            message.set("intent_ranking", ranking[: self.config["ranking_length"] or None], add_to_output=True)
        return messages

    def _chances(self, message: Message) -> np.ndarray:
        """What scikit-learn says for a row of features, without copying all coefficients for it."""
        scores, width = self.clf.intercept_.copy(), 0
        if sparse := message.get_sparse_features(TEXT)[1]:
            row = sparse.features.tocsr()
            scores += row.data @ self._columns[row.indices]
            width = row.shape[1]
        if dense := message.get_dense_features(TEXT)[1]:
            scores += dense.features[0] @ self._columns[width:]
        found: np.ndarray = softmax(scores)
        return found

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from all examples with an intent."""
        examples = [example for example in training_data.intent_examples if example.get(TEXT)]
        names, classes = np.unique([example.get(INTENT) for example in examples], return_inverse=True)
        sparse, dense = sparse_features(examples), dense_features(examples)
        weights, intercept = fit(sparse, dense, classes, len(names), max_iterations=self.config["max_iter"])
        self.clf.classes_, self.clf.coef_, self.clf.intercept_ = names, weights, intercept
        self.clf.n_features_in_ = weights.shape[1]
        self.persist()
        return self._resource


def fit(
    sparse: csr_matrix, dense: np.ndarray, classes: np.ndarray, number: int, max_iterations: int
) -> tuple[np.ndarray, np.ndarray]:
    """Softmax regression by L-BFGS: coefficients, shape (number, columns of sparse + dense), and intercepts (number,).

    `classes` has a class from 0 to `number` - 1 for every row.
    """
    rows = len(classes)
    weight = rows / (number * np.bincount(classes, minlength=number))[classes]
    transposed = sparse.T.tocsr()
    shape = (sparse.shape[1] + dense.shape[1] + 1, number)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w = flat.reshape(shape)
        scores = sparse @ w[: sparse.shape[1]] + dense @ w[sparse.shape[1] : -1] + w[-1]
        log_p = scores - logsumexp(scores, axis=1, keepdims=True)
        off = np.exp(log_p)
        off[np.arange(rows), classes] -= 1.0
        off *= weight[:, np.newaxis]
        slope = np.vstack([transposed @ off, dense.T @ off, off.sum(axis=0)])
        slope[:-1] += w[:-1]
        value = -(weight * log_p[np.arange(rows), classes]).sum() + 0.5 * (w[:-1] ** 2).sum()
        return value, slope.ravel()

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": max_iterations})
    w = found.x.reshape(shape)
    return w[:-1].T.copy(), w[-1].copy()


def sparse_features(messages: list[Message]) -> csr_matrix:
    """The counts of words and letters, one row a message; no columns when the pipeline makes none."""
    features = [message.get_sparse_features(TEXT)[1] for message in messages]
    rows = [found.features for found in features if found]
    return vstack(rows).tocsr().astype(np.float64) if rows else csr_matrix((len(messages), 0))


def dense_features(messages: list[Message]) -> np.ndarray:
    """The sentence vectors, one row a message; no columns when the pipeline makes none."""
    features = [message.get_dense_features(TEXT)[1] for message in messages]
    rows = [found.features for found in features if found]
    return np.vstack(rows).astype(np.float64) if rows else np.zeros((len(messages), 0))
