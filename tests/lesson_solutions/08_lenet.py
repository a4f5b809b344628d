"""Reference solutions of the exercises of lesson 8."""

import numpy as np

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, optim
from minitorch.data import DataLoader, TensorDataset


def parameter_counts(layers):
    """Exercise 8.1."""
    counts = []
    for kind, *sizes in layers:
        if kind == "conv":
            inputs, outputs, kernel = sizes
            counts.append(outputs * (inputs * kernel**2 + 1))
        elif kind == "linear":
            inputs, outputs = sizes
            counts.append(outputs * (inputs + 1))
        else:
            counts.append(0)
    return counts


def lenet(num_classes=10):
    """Exercise 8.2."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, num_classes),
    )  # fmt: skip


def confusion_counts(predictions, labels, classes):
    """Exercise 8.3."""
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (labels, predictions), 1)
    return counts


def recall_and_precision(counts):
    """Exercise 8.4."""
    return tuple(counts.diagonal() / np.maximum(counts.sum(axis=axis), 1) for axis in (1, 0))


def worst_mistakes(probabilities, labels, count):
    """Exercise 8.5."""
    said, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(said != labels)
    return wrong[np.argsort(-confidence[wrong])][:count]


def train(model, images, labels, epochs, batch_size, lr):
    """Exercise 8.6."""
    loader = DataLoader(TensorDataset(images, labels), batch_size=batch_size, shuffle=True)
    optimizer = optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        total = 0.0
        for x, y in loader:
            loss = F.cross_entropy(model(minitorch.from_numpy(x)), minitorch.from_numpy(y))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
        losses.append(total / len(images))
    return losses


def calibration_error(probabilities, labels, bins=10):
    """Exercise 8.7."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    drawer = np.ceil(confidence * bins).astype(int)
    error = 0.0
    for number in range(1, bins + 1):
        chosen = drawer == number
        if chosen.any():
            error += chosen.mean() * abs(confidence[chosen].mean() - right[chosen].mean())
    return error
