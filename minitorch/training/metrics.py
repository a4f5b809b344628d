"""How good are the predictions of a classifier."""

import numpy as np

from minitorch.autograd import no_grad
from minitorch.tensor import Tensor


def predict(model, images, batch_size=500, device="cpu"):
    """The class probabilities of a model in evaluation mode; its mode is restored afterwards.

    Args:
        model: gives scores (N, classes).
        images: NumPy array (N, C, H, W).
        batch_size: images at a time.

    Returns:
        NumPy array (N, classes), each row sums to 1.
    """
    was_training = model.training
    model.eval()
    try:
        with no_grad():
            parts = [
                model(Tensor(images[i : i + batch_size]).to(device)).softmax(1).cpu().numpy()
                for i in range(0, len(images), batch_size)
            ]
    finally:
        model.train(was_training)
    return np.concatenate(parts)


def accuracy(scores, labels):
    """The share of rows (N, classes) whose largest entry stands at the label (N,), from 0 to 1."""
    scores, labels = np.asarray(scores), np.asarray(labels)
    if scores.ndim != 2 or labels.shape != scores.shape[:1] or not len(labels):
        raise ValueError(f"accuracy: expected scores (N, classes) and N labels, got {scores.shape} and {labels.shape}")
    return float((scores.argmax(1) == labels).mean())


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
