"""Evaluation: a model's loss and metrics on data that it does not learn from, and its predictions."""

import contextlib

import numpy as np

from minitorch.autograd import no_grad
from minitorch.creation import from_numpy
from minitorch.tensor import Tensor
from minitorch.training.metrics import default_metrics


def as_tensor(batch, device):
    """A NumPy array or a tensor, as a tensor on a device."""
    return (batch if isinstance(batch, Tensor) else from_numpy(np.asarray(batch))).to(device)


def device_of(model):
    """Where the first parameter of a model is; the CPU for one without parameters."""
    return next((parameter.device for parameter in model.parameters()), "cpu")


@contextlib.contextmanager
def evaluation_mode(model):
    """Within the block no graph is recorded and every module is in evaluation mode.

    Afterwards, also after an exception, each module has the mode that it had, not only the model as a whole: a norm
    that was frozen by ``norm.eval()`` stays frozen.
    """
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        with no_grad():
            yield
    finally:
        for module, training in modes:
            module.training = training


def evaluate(model, loader, loss=None, metrics=None, device=None):
    """Means over all samples of a loader; every module keeps its mode.

    Args:
        model: the network.
        loader: gives batches (inputs, targets).
        loss: function (scores, targets) -> mean loss of the batch; none by default.
        metrics: name -> function (scores, targets) of NumPy arrays -> the batch's mean; the accuracy by default.
        device: where the batches go; by default where the model is.

    Returns:
        A dictionary: "loss" and the metrics by name.

    Raises:
        ValueError: the loader gives nothing.
    """
    device = device_of(model) if device is None else device
    sums, count = {}, 0
    with evaluation_mode(model):
        for inputs, targets in loader:
            targets = as_tensor(targets, device)
            scores = model(as_tensor(inputs, device))
            values = {} if loss is None else {"loss": loss(scores, targets).item()}
            scores, targets = scores.cpu().numpy(), targets.cpu().numpy()
            if metrics is None:
                metrics = default_metrics(scores, targets)
            values.update({name: metric(scores, targets) for name, metric in metrics.items()})
            for name, value in values.items():
                sums[name] = sums.get(name, 0) + value * len(targets)
            count += len(targets)
    if not count:
        raise ValueError("evaluate: the loader gives no samples")
    return {name: float(total / count) for name, total in sums.items()}


def predict(model, data, batch_size=500, device=None):
    """The class probabilities of a model in evaluation mode; every module keeps its mode.

    Args:
        model: gives scores (N, classes).
        data: array of inputs (N, ...), or a loader of batches (inputs, targets), of which the targets are left aside.
        batch_size: how many rows of an array at a time.
        device: where the inputs go; by default where the model is.

    Returns:
        NumPy array (N, classes), each row sums to 1.

    Raises:
        ValueError: there are no inputs.
    """
    device = device_of(model) if device is None else device
    if hasattr(data, "shape"):
        batches = (data[i : i + batch_size] for i in range(0, len(data), batch_size))
    else:
        batches = (inputs for inputs, _ in data)
    with evaluation_mode(model):
        parts = [model(as_tensor(inputs, device)).softmax(1).cpu().numpy() for inputs in batches]
    if not parts:
        raise ValueError("predict: there are no inputs")
    return np.concatenate(parts)
