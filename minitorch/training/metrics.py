"""How good are the predictions of a classifier: functions of NumPy arrays."""

import functools
from typing import NamedTuple

import numpy as np


def default_metrics(scores, targets):
    """The accuracy where the targets are class numbers (N,) or class probabilities, as `scores` (N, classes)."""
    classes = targets.ndim == 1 and np.issubdtype(targets.dtype, np.integer)
    probabilities = targets.ndim == 2 and targets.shape == scores.shape and _sums_to_one(targets)
    return {"accuracy": accuracy} if scores.ndim == 2 and (classes or probabilities) else {}


def _sums_to_one(targets):
    return targets.shape[1] > 1 and bool((targets >= 0).all()) and np.allclose(targets.sum(1), 1, atol=1e-3)


def accuracy(scores, targets):
    """The share of rows (N, classes) whose largest entry stands at the target, from 0 to 1.

    Args:
        targets: class numbers (N,), or class probabilities (N, classes), of which the likeliest counts.
    """
    scores, labels = _checked("accuracy", scores, targets)
    return int(np.count_nonzero(scores.argmax(1) == labels)) / len(labels)


def topk_accuracy(scores, targets, k=5):
    """The share of rows (N, classes) whose target is among the k largest entries, from 0 to 1.

    Among equal entries the target comes last, so that a network that gives the same score to all is not praised.

    Args:
        targets: class numbers (N,), or class probabilities (N, classes), of which the likeliest counts.
        k: from 1 to the number of classes.
    """
    scores, labels = _checked("topk_accuracy", scores, targets)
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= scores.shape[1]:
        raise ValueError(f"topk_accuracy: k must be 1..{scores.shape[1]}, the number of classes, got {k!r}")
    own = scores[np.arange(len(labels)), labels]
    ahead = (scores >= own[:, None]).sum(1) - 1  # the target itself is not ahead of itself
    return int(np.count_nonzero((ahead < k) & ~np.isnan(own))) / len(labels)


def topk(k):
    """The metric `topk_accuracy` for one k, for a `Trainer`: ``metrics={"top5": topk(5)}``."""
    return functools.partial(topk_accuracy, k=k)


def _checked(name, scores, targets):
    """Scores and class numbers as arrays that fit each other."""
    scores, targets = np.asarray(scores), np.asarray(targets)
    labels = targets.argmax(1) if targets.ndim == 2 and targets.shape == scores.shape else targets
    if scores.ndim != 2 or labels.shape != scores.shape[:1] or not len(labels):
        raise ValueError(
            f"{name}: expected scores (N, classes) and N class numbers, or as many class probabilities, "
            f"got {scores.shape} and {targets.shape}"
        )
    return scores, labels


def confusion_matrix(predictions, labels, classes):
    """Counts (classes, classes): row the true class, column the predicted one.

    Args:
        predictions, labels: class numbers (N,).
        classes: number of classes.
    """
    predictions, labels = np.asarray(predictions), np.asarray(labels)
    if predictions.shape != labels.shape or predictions.ndim != 1:
        raise ValueError(f"confusion_matrix: expected two vectors, got {predictions.shape} and {labels.shape}")
    for name, numbers in (("predictions", predictions), ("labels", labels)):
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < classes:
            raise ValueError(f"confusion_matrix: {name} must be 0..{classes - 1}, got {numbers.min()}..{numbers.max()}")
    return np.bincount(labels * classes + predictions, minlength=classes**2).reshape(classes, classes)


class ClassScores(NamedTuple):
    """Precision, recall and F1 of each class, from 0 to 1, and how many samples are of that class: arrays (classes,).

    A class that was never predicted has precision 0, one without samples recall 0, as in scikit-learn.
    """

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    support: np.ndarray

    def average(self, kind="macro"):
        """The means over the classes, a dictionary "precision", "recall", "f1".

        Args:
            kind: "macro", where each class counts alike; or "weighted", where it counts by its number of samples.
        """
        if kind not in ("macro", "weighted"):
            raise ValueError(f"average: kind must be 'macro' or 'weighted', got {kind!r}")
        weights = self.support if kind == "weighted" else np.ones(len(self.support))
        total = max(weights.sum(), 1)
        return {name: float((getattr(self, name) * weights).sum() / total) for name in ("precision", "recall", "f1")}


def class_scores(counts):
    """Precision, recall and F1 of each class.

    Precision is the share of a column of the confusion matrix that is right, recall that of a row, F1 their harmonic
    mean.

    Args:
        counts: array (classes, classes) from `confusion_matrix`.

    Returns:
        `ClassScores`. The average over single predictions ("micro") of each of the three is the accuracy.
    """
    counts = np.asarray(counts)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or (counts < 0).any():
        raise ValueError(f"class_scores: expected counts (classes, classes), none below zero, got shape {counts.shape}")
    right, support, predicted = counts.diagonal(), counts.sum(1), counts.sum(0)
    return ClassScores(
        right / np.maximum(predicted, 1), right / np.maximum(support, 1),
        2 * right / np.maximum(predicted + support, 1), support,
    )  # fmt: skip
