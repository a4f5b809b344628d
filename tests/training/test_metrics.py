"""Metrics against naive counting, and scikit-learn's published example of a report by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minitorch.training import accuracy, class_scores, confusion_matrix, topk, topk_accuracy
from minitorch.training.metrics import default_metrics


def test_accuracy_counts_right_rows():
    scores = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    assert accuracy(scores, [1, 0, 0, 0]) == 0.75
    assert accuracy(scores, np.array([[0.4, 0.6], [0.9, 0.1], [0.9, 0.1], [0.2, 0.8]])) == 0.5


@pytest.mark.parametrize("scores, labels", [(np.ones(3), [0, 1, 2]), (np.ones((3, 2)), [0]), (np.ones((0, 2)), [])])
def test_shapes_that_do_not_fit(scores, labels):
    with pytest.raises(ValueError, match="^accuracy: expected scores"):
        accuracy(scores, labels)
    with pytest.raises(ValueError, match="^topk_accuracy: expected scores"):
        topk_accuracy(scores, labels, 1)


@given(st.integers(1, 6), st.integers(1, 8), st.integers(0, 1000), st.data())
def test_topk_against_sorting(classes, count, seed, data):
    random = np.random.default_rng(seed)
    scores = random.permuted(np.tile(np.arange(classes, dtype=np.float32), (count, 1)), axis=1)
    labels = random.integers(0, classes, count)
    k = data.draw(st.integers(1, classes))
    right = sum(int(label in sorted(range(classes), key=lambda c: -row[c])[:k]) for row, label in zip(scores, labels))
    assert topk_accuracy(scores, labels, k) == right / count == topk(k)(scores, labels)
    assert topk_accuracy(scores, labels, 1) == accuracy(scores, labels)


def test_topk_of_equal_and_of_missing_scores():
    assert topk_accuracy(np.zeros((3, 4)), [0, 1, 2], 3) == 0
    assert topk_accuracy(np.full((3, 4), np.nan), [0, 1, 2], 3) == 0
    for k in (0, 5, 1.0, True):
        with pytest.raises(ValueError, match="k must be 1..4"):
            topk_accuracy(np.zeros((3, 4)), [0, 1, 2], k)


def test_topk_against_torch():
    torch = pytest.importorskip("torch", reason="needs torch")
    random = np.random.RandomState(0)
    scores, labels = random.normal(size=(200, 10)).astype(np.float32), random.randint(0, 10, 200)
    best = torch.from_numpy(scores).topk(5).indices.numpy()
    assert topk_accuracy(scores, labels) == (best == labels[:, None]).any(1).mean()


def test_confusion_matrix_rows_are_true_classes():
    counts = confusion_matrix(predictions=[0, 1, 1, 2], labels=[0, 0, 1, 1], classes=3)
    np.testing.assert_array_equal(counts, [[1, 1, 0], [0, 1, 1], [0, 0, 0]])


def test_confusion_matrix_refuses():
    with pytest.raises(ValueError, match="predictions must be 0..1"):
        confusion_matrix([2], [0], 2)
    with pytest.raises(ValueError, match="two vectors"):
        confusion_matrix([1, 0], [0], 2)


@given(st.integers(1, 5), st.integers(0, 30), st.integers(0, 1000))
def test_class_scores_by_definition(classes, count, seed):
    random = np.random.RandomState(seed)
    said, true = random.randint(0, classes, (2, count))
    scores = class_scores(confusion_matrix(said, true, classes))
    for c in range(classes):
        hits = sum(1 for s, t in zip(said, true) if s == t == c)
        precision = hits / max(sum(said == c), 1)
        recall = hits / max(sum(true == c), 1)
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0
        assert scores.precision[c] == pytest.approx(precision) and scores.recall[c] == pytest.approx(recall)
        assert scores.f1[c] == pytest.approx(f1) and scores.support[c] == sum(true == c)
    macro, weighted = scores.average(), scores.average("weighted")
    assert macro["recall"] == pytest.approx(np.mean(scores.recall))
    if count:
        assert weighted["precision"] == pytest.approx(np.average(scores.precision, weights=scores.support))
        assert weighted["recall"] == pytest.approx(np.mean(said == true))  # the accuracy


def test_a_report_by_hand():
    """labels 0 1 2 2 2, predictions 0 0 2 2 1."""
    scores = class_scores(confusion_matrix([0, 0, 2, 2, 1], [0, 1, 2, 2, 2], 3))
    np.testing.assert_allclose(scores.precision, [0.5, 0, 1])
    np.testing.assert_allclose(scores.recall, [1, 0, 2 / 3])
    np.testing.assert_allclose(scores.f1, [2 / 3, 0, 0.8])
    assert scores.average("weighted") == pytest.approx({"precision": 0.7, "recall": 0.6, "f1": 46 / 75})


def test_class_scores_refuse():
    for counts in (np.ones(3), np.ones((2, 3)), -np.ones((2, 2))):
        with pytest.raises(ValueError, match="class_scores: expected counts"):
            class_scores(counts)
    with pytest.raises(ValueError, match="kind must be 'macro' or 'weighted'"):
        class_scores(np.eye(2)).average("micro")


def test_what_is_measured_unless_asked():
    scores, soft = np.zeros((4, 3)), np.full((4, 3), 1 / 3)
    assert list(default_metrics(scores, np.zeros(4, np.int64))) == ["accuracy"]
    assert list(default_metrics(scores, soft)) == ["accuracy"]
    for targets in (np.zeros(4), np.zeros((4, 3)), np.zeros((4, 1)), -soft):
        assert default_metrics(scores, targets) == {}
    assert default_metrics(np.zeros((4, 1)), np.ones((4, 1))) == {}
    assert default_metrics(np.zeros((4, 3, 2)), np.zeros(4, np.int64)) == {}
