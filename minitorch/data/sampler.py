"""Samplers: the order in which a loader visits the samples of a dataset.

All random numbers of a pass are drawn when `iter(sampler)` is called, so that the order depends only on the
generator's state at that moment, and not on how far ahead a loader reads.
"""

import numbers

import numpy as np

from minitorch.data.dataset import resolve_generator


class Sampler:
    """Gives indices: subclass it and write `__iter__()`, and `__len__()` if the number is known."""

    def __iter__(self):
        raise NotImplementedError(f"{type(self).__name__}: a sampler must write __iter__()")


class SequentialSampler(Sampler):
    """The indices 0, 1, 2, ... of `data_source`."""

    def __init__(self, data_source):
        self.data_source = data_source

    def __iter__(self):
        return iter(range(len(self.data_source)))

    def __len__(self):
        return len(self.data_source)


class RandomSampler(Sampler):
    """The indices of `data_source` in a random order, a new one for each pass.

    Args:
        data_source: a dataset.
        replacement: draw each index from all of them, so that one may come again.
        num_samples: how many indices a pass gives; all by default. Without replacement, more than there are start
            another order.
        generator: the `minitorch.Generator` to draw from; the default generator if None.
    """

    def __init__(self, data_source, replacement=False, num_samples=None, generator=None):
        _check_bool("RandomSampler", "replacement", replacement)
        if num_samples is not None:
            _check_positive("RandomSampler", "num_samples", num_samples)
        if len(data_source) == 0:
            raise ValueError("RandomSampler: the dataset is empty, there is nothing to shuffle")
        resolve_generator("RandomSampler", generator)
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator

    @property
    def num_samples(self):
        """How many indices a pass gives."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self):
        stream, size, count = resolve_generator("RandomSampler", self.generator), len(self.data_source), len(self)
        if self.replacement:
            return iter(stream.integers(size, size=count).tolist())
        passes = -(-count // size)
        order = np.concatenate([stream.permutation(size) for _ in range(passes)])
        return iter(order[:count].tolist())

    def __len__(self):
        return self.num_samples


class SubsetRandomSampler(Sampler):
    """The given indices in a random order, a new one for each pass."""

    def __init__(self, indices, generator=None):
        resolve_generator("SubsetRandomSampler", generator)
        self.indices = indices
        self.generator = generator

    def __iter__(self):
        order = resolve_generator("SubsetRandomSampler", self.generator).permutation(len(self.indices))
        return iter([int(self.indices[position]) for position in order])

    def __len__(self):
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """Draw index `i` with a probability proportional to `weights[i]`.

    Args:
        weights: one number for each sample, none below zero; they need not sum to 1.
        num_samples: how many indices a pass gives.
        replacement: whether an index may come again in a pass.
        generator: the `minitorch.Generator` to draw from; the default generator if None.
    """

    def __init__(self, weights, num_samples, replacement=True, generator=None):
        _check_bool("WeightedRandomSampler", "replacement", replacement)
        _check_positive("WeightedRandomSampler", "num_samples", num_samples)
        resolve_generator("WeightedRandomSampler", generator)
        array = np.asarray(weights, dtype=np.float64)
        if array.ndim != 1 or not np.isfinite(array).all() or (array < 0).any() or not array.sum() > 0:
            raise ValueError("WeightedRandomSampler: weights must be a list of finite numbers, none below zero and not "
                             f"all zero, got shape {array.shape}")
        if not replacement and num_samples > np.count_nonzero(array):
            raise ValueError(f"WeightedRandomSampler: cannot draw num_samples={num_samples} without replacement from "
                             f"{np.count_nonzero(array)} weights above zero")
        self.weights = array
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self):
        stream = resolve_generator("WeightedRandomSampler", self.generator)
        probabilities = self.weights / self.weights.sum()
        order = stream.choice(len(probabilities), size=self.num_samples, replace=self.replacement, p=probabilities)
        return iter(order.tolist())

    def __len__(self):
        return self.num_samples


class BatchSampler(Sampler):
    """Lists of `batch_size` indices from another sampler; the last is shorter, or left out with `drop_last`."""

    def __init__(self, sampler, batch_size, drop_last):
        _check_positive("BatchSampler", "batch_size", batch_size)
        _check_bool("BatchSampler", "drop_last", drop_last)
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self):
        return self._batches(iter(self.sampler))

    def _batches(self, indices):
        batch = []
        for index in indices:
            batch.append(index)
            if len(batch) == self.batch_size:
                yield batch
                batch = []
        if batch and not self.drop_last:
            yield batch

    def __len__(self):
        rest = 0 if self.drop_last else self.batch_size - 1
        return (len(self.sampler) + rest) // self.batch_size


def _check_positive(name, argument, value):
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value <= 0:
        raise ValueError(f"{name}: {argument} must be a positive integer, got {value!r}")


def _check_bool(name, argument, value):
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}: {argument} must be True or False, got {value!r}")
