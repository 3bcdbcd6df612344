"""The own classifier learns what Rasa's logistic regression learns, and is kept and answers in the same way."""

import numpy as np
import pytest
from rasa.nlu.classifiers.logistic_regression_classifier import LogisticRegressionClassifier
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix, hstack, random
from sklearn.linear_model import LogisticRegression

from bot.components.intent_classifier import IntentClassifier, dense_features, fit, sparse_features
from tests.bot.components.conftest import Place

ROWS, WORDS, DIMENSIONS = 80, 20, 6
INTENTS = ["vraag_duur", "groet", "vraag_kosten", "bedankt"]
ENOUGH = 1000


def problem() -> tuple[csr_matrix, np.ndarray, np.ndarray]:
    """Counts, vectors and classes of different sizes."""
    chance = np.random.default_rng(7)
    sparse = random(ROWS, WORDS, density=0.3, format="csr", random_state=7)
    classes = np.minimum(chance.integers(0, 8, ROWS), len(INTENTS) - 1)
    dense = chance.normal(size=(ROWS, DIMENSIONS)) + classes[:, np.newaxis]
    return sparse, dense, classes


def by_sklearn(features: csr_matrix, classes: np.ndarray) -> LogisticRegression:
    return LogisticRegression(class_weight="balanced", max_iter=ENOUGH, tol=1e-8).fit(features, classes)


def probabilities(features: csr_matrix, weights: np.ndarray, intercept: np.ndarray) -> np.ndarray:
    scores = np.exp(features @ weights.T + intercept)
    return scores / scores.sum(axis=1, keepdims=True)


def test_it_learns_what_sklearn_learns() -> None:
    sparse, dense, classes = problem()
    weights, intercept = fit(sparse, dense, classes, len(INTENTS), ENOUGH)
    features = hstack([sparse, csr_matrix(dense)]).tocsr()
    expected = by_sklearn(features, classes)
    assert weights.shape == expected.coef_.shape and intercept.shape == expected.intercept_.shape
    assert np.allclose(weights, expected.coef_, atol=0.02)
    assert np.allclose(probabilities(features, weights, intercept), expected.predict_proba(features), atol=0.01)


@pytest.mark.parametrize("kind", ["sparse", "dense"])
def test_one_kind_of_features_alone_is_learned_too(kind: str) -> None:
    sparse, dense, classes = problem()
    features = sparse if kind == "sparse" else csr_matrix(dense)
    weights, intercept = fit(
        sparse if kind == "sparse" else csr_matrix((ROWS, 0)),
        dense if kind == "dense" else np.zeros((ROWS, 0)),
        classes,
        len(INTENTS),
        ENOUGH,
    )
    expected = by_sklearn(features, classes).predict_proba(features)
    assert np.allclose(probabilities(features, weights, intercept), expected, atol=0.01)


def test_a_rare_class_weighs_as_much_as_a_common_one() -> None:
    dense = np.array([[1.0]] * 2 + [[-1.0]] * 40)
    classes = np.array([0] * 2 + [1] * 40)
    weights, intercept = fit(csr_matrix((42, 0)), dense, classes, 2, ENOUGH)
    rare, common = probabilities(csr_matrix([[1.0], [-1.0]]), weights, intercept)
    assert rare[0] == pytest.approx(common[1], abs=0.01)


def test_fewer_steps_learn_less() -> None:
    sparse, dense, classes = problem()
    little, _ = fit(sparse, dense, classes, len(INTENTS), 1)
    much, _ = fit(sparse, dense, classes, len(INTENTS), ENOUGH)
    assert np.abs(much).sum() > np.abs(little).sum()


def messages(with_dense: bool = True) -> list[Message]:
    """Examples of every intent with the features of the problem."""
    sparse, dense, classes = problem()
    found = []
    for row, intent in enumerate(classes):
        example = Message({"text": f"vraag {row}", "intent": INTENTS[intent]})
        example.add_features(Features(sparse[row], "sentence", "text", "counts"))
        if with_dense:
            example.add_features(Features(dense[row : row + 1], "sentence", "text", "vectors"))
        found.append(example)
    return found


def trained(place: Place, *examples: Message) -> IntentClassifier:
    component = IntentClassifier.create({"max_iter": ENOUGH}, *place)
    component.train(TrainingData(list(examples)))
    return component


def answers(component: LogisticRegressionClassifier) -> list[dict[str, float]]:
    """What it makes of every example: the confidence of each intent."""
    found = component.process([*messages()])
    return [{i["name"]: round(float(i["confidence"]), 4) for i in each.get("intent_ranking")} for each in found]


def test_the_features_of_messages_are_one_row_each() -> None:
    sparse, dense, _ = problem()
    assert np.allclose(sparse_features(messages()).toarray(), sparse.toarray())
    assert np.allclose(dense_features(messages()), dense)
    assert dense_features(messages(with_dense=False)).shape == (ROWS, 0)


def test_every_intent_is_a_class_and_the_likeliest_is_chosen(place: Place) -> None:
    (found, *_) = trained(place, *messages()).process(messages())
    ranking = found.get("intent_ranking")
    assert {intent["name"] for intent in ranking} == set(INTENTS)
    assert sum(intent["confidence"] for intent in ranking) == pytest.approx(1)
    assert found.get("intent") == ranking[0] == max(ranking, key=lambda intent: intent["confidence"])


def test_most_examples_are_known_again(place: Place) -> None:
    found = trained(place, *messages()).process(messages())
    right = [
        each.get("intent")["name"] == example.get("intent") for each, example in zip(found, messages(), strict=True)
    ]
    assert sum(right) > 0.8 * ROWS


def test_it_answers_as_rasas_own_classifier(place: Place) -> None:
    rasas = LogisticRegressionClassifier.create({"max_iter": ENOUGH, "tol": 1e-8}, *place)
    rasas.train(TrainingData(messages()))
    for own, other in zip(answers(trained(place, *messages())), answers(rasas), strict=True):
        assert own == pytest.approx(other, abs=0.01)


def test_it_answers_the_same_when_it_is_loaded_again(place: Place) -> None:
    component = trained(place, *messages())
    loaded = IntentClassifier.load({}, *place)
    assert isinstance(loaded, IntentClassifier)
    assert answers(loaded) == answers(component)


@pytest.mark.parametrize("with_dense", [True, False])
def test_its_shorter_way_gives_the_numbers_of_scikit_learn(place: Place, with_dense: bool) -> None:
    component = trained(place, *messages(with_dense))
    own = [each.get("intent_ranking") for each in component.process(messages(with_dense))]
    by_sklearn = [
        each.get("intent_ranking") for each in LogisticRegressionClassifier.process(component, messages(with_dense))
    ]
    for one, other in zip(own, by_sklearn, strict=True):
        assert [each["name"] for each in one] == [each["name"] for each in other]
        assert [each["confidence"] for each in one] == pytest.approx([each["confidence"] for each in other], abs=1e-9)


def test_an_example_without_text_or_intent_teaches_nothing(place: Place) -> None:
    others = [Message({"text": "zomaar"}), Message({"intent": "groet"})]
    assert answers(trained(place, *messages(), *others)) == answers(trained(place, *messages()))
