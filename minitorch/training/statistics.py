"""How activations, gradients and weights are distributed in each layer, over the time of a run."""

import functools
from typing import NamedTuple

import numpy as np

from minitorch.creation import from_numpy
from minitorch.device import to_numpy
from minitorch.tensor import Tensor
from minitorch.training.callbacks import Callback, check_positive

NUMBERS = ("mean", "std", "norm", "zeros", "low", "high")
KINDS = ("activation", "gradient", "weight")


class Series(NamedTuple):
    """What was seen of one tensor over time: arrays with a row for each time.

    Attributes:
        steps: (T,) the numbers of the steps, counted from 1.
        mean, std: (T,) of the elements.
        norm: (T,) the root of the sum of squares.
        zeros: (T,) the share of elements that are 0, as behind a ReLU.
        low, high: (T,) the smallest and the largest element.
        counts: (T, bins) a histogram over equal intervals from low to high.
    """

    steps: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    norm: np.ndarray
    zeros: np.ndarray
    low: np.ndarray
    high: np.ndarray
    counts: np.ndarray


class Statistics(Callback):
    """Looks at every layer in one step out of many; the steps between cost nothing.

    In such a step the outputs of all modules without modules of their own are seen, in training mode, and the
    gradients (before clipping) and values (before the step) of all parameters. Hooks are set for that, with which no
    modules are fused: the step is computed in other roundings than without them.

    Args:
        every: look at the first step and then at each one after so many steps.
        bins: intervals of the histograms.
    """

    rank = 10

    def __init__(self, every=50, bins=40):
        check_positive("Statistics", "every", every, whole=True)
        check_positive("Statistics", "bins", bins, whole=True)
        self.every, self.bins = every, bins
        self.seen, self.handles = {}, []

    def names(self, kind):
        """The layers or parameters of which there are series, in the order of the network.

        Args:
            kind: "activation" (names are paths of modules), "gradient" or "weight" (paths of parameters).
        """
        _check_kind(kind)
        return [key.split("/")[1] for key in self.seen if key.startswith(f"{kind}/")]

    def series(self, kind, name):
        """The `Series` of one layer or parameter. Raises KeyError where there is none."""
        if name not in self.names(kind):
            raise KeyError(f"series: there is no {kind} of {name!r}; there are {', '.join(self.names(kind)) or 'none'}")
        rows = self.seen[f"{kind}/{name}"]
        columns = [np.array([row[1][i] for row in rows]) for i in range(len(NUMBERS))]
        return Series(np.array([row[0] for row in rows]), *columns, np.stack([row[2] for row in rows]))

    def on_step_start(self, trainer):
        if trainer.step % self.every or self.handles:
            return
        for path, module in trainer.model.named_modules():
            if not list(module.children()):
                see = functools.partial(self._see_output, trainer, path)
                self.handles.append(module.register_forward_hook(see))

    def _see_output(self, trainer, path, module, args, output):
        if isinstance(output, Tensor) and output.is_floating_point():
            self._add("activation", path, trainer.step + 1, output.array)

    def on_gradients(self, trainer):
        if not self.handles:
            return
        self.close(trainer)
        for path, parameter in trainer.model.named_parameters():
            self._add("weight", path, trainer.step + 1, parameter.array)
            if parameter.grad is not None:
                self._add("gradient", path, trainer.step + 1, parameter.grad.array)

    def _add(self, kind, name, step, array):
        rows = self.seen.setdefault(f"{kind}/{name}", [])
        if not rows or rows[-1][0] != step:  # a layer that is used twice, or in several batches: the first counts
            rows.append((step, *measure(to_numpy(array), self.bins)))

    def close(self, trainer):
        for handle in self.handles:
            handle.remove()
        self.handles = []

    def state_dict(self):
        state = {}
        for key, rows in self.seen.items():
            steps, numbers, counts = zip(*rows)
            state[key] = [from_numpy(np.array(part)) for part in (steps, numbers, counts)]
        return state

    def load_state_dict(self, state):
        self.seen = {}
        for key, parts in state.items():
            steps, numbers, counts = (part.numpy() for part in parts)
            self.seen[key] = list(zip(steps.tolist(), numbers, counts))


def measure(array, bins):
    """Mean, standard deviation, norm, share of zeros, smallest, largest (6,), and the histogram (bins,), of an array.

    What is not finite is left out; without anything finite all numbers are NaN and all counts 0.
    """
    values = array.astype(np.float64).ravel()
    values = values[np.isfinite(values)]
    if not values.size:
        return np.full(len(NUMBERS), np.nan), np.zeros(bins, np.int64)
    low, high = values.min(), values.max()
    with np.errstate(over="ignore"):
        numbers = [values.mean(), values.std(), np.sqrt(values @ values), np.mean(values == 0), low, high]
    # Divided by a power of two, which changes no digit, so that the edges of the bins of huge numbers differ.
    scale = -max(0, int(np.frexp(max(-low, high))[1]) - 30)
    low, high = np.ldexp(low, scale), np.ldexp(high, scale)
    spread = (low, high) if high - low > bins * np.spacing(max(-low, high)) else (low - 0.5, low + 0.5)
    return np.array(numbers), np.histogram(np.ldexp(values, scale), bins, spread)[0].astype(np.int64)


def _check_kind(kind):
    if kind not in KINDS:
        raise ValueError(f"Statistics: kind must be one of {', '.join(KINDS)}, got {kind!r}")
