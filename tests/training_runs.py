"""Small runs for the tests of the trainer: a network, an optimizer, data."""

import numpy as np

import minitorch
from minitorch import nn, optim
from minitorch.data import DataLoader, TensorDataset
from minitorch.training import Trainer


def points(count=48, seed=0):
    """Points (count, 4) of three classes, and the classes."""
    random = np.random.RandomState(seed)
    labels = np.arange(count) % 3
    return (np.eye(3, 4)[labels] + random.normal(0, 0.4, (count, 4))).astype(np.float32), labels


def loader(count=48, batch_size=8, seed=0, **settings):
    """A loader of `points`, in order unless told otherwise."""
    return DataLoader(TensorDataset(*points(count, seed)), batch_size, **settings)


def network(seed=3, dropout=0.0):
    minitorch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(dropout), nn.Linear(6, 3))


def run(model=None, callbacks=(), lr=0.1, **settings):
    """A silent `Trainer` with momentum."""
    model = network() if model is None else model
    optimizer = optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    return Trainer(model, optimizer, nn.CrossEntropyLoss(), callbacks=callbacks, **settings)


def arrays(model):
    """Copies of all weights and buffers, by name."""
    return {key: value.numpy().copy() for key, value in model.state_dict().items()}


def assert_same_weights(model, expected):
    """Bit for bit, as a model or as `arrays` gives them."""
    expected = expected if isinstance(expected, dict) else arrays(expected)
    for key, value in arrays(model).items():
        np.testing.assert_array_equal(value, expected[key], err_msg=key)
