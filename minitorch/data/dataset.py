"""Datasets: what can be indexed to give samples, and how to join, cut and split them."""

import bisect
import itertools
import math
import warnings

import numpy as np

from minitorch.data.collate import default_collate
from minitorch.data.randomness import sample_streams
from minitorch.random import Generator, default_generator


class Dataset:
    """What gives a sample for an index: subclass it and write `__getitem__(index)` and `__len__()`.

    A subclass may also write `get_batch(indices)`, which returns a whole batch at once; `DataLoader` calls it, and
    without it collects `dataset[i]` for each index with `default_collate`.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        # A subclass with samples of its own must not inherit a get_batch that goes past them.
        if "get_batch" not in cls.__dict__ and {"__getitem__", "__getitems__"} & cls.__dict__.keys():
            cls.get_batch = Dataset.get_batch

    def __getitem__(self, index):
        raise NotImplementedError(f"{type(self).__name__}: a dataset must write __getitem__(index)")

    def get_batch(self, indices):
        """The batch of the samples `indices` (a list of integers): arrays whose first dimension is the sample."""
        return default_collate(get_samples(self, indices))

    def __add__(self, other):
        return ConcatDataset([self, other])


def get_samples(dataset, indices):
    """The list of samples `indices`; from `dataset.__getitems__(indices)` if it has that, as in PyTorch."""
    if hasattr(dataset, "__getitems__"):
        return dataset.__getitems__(indices)
    return map_samples(dataset.__getitem__, indices)


def map_samples(function, indices):
    """The list of `function(index)`, with the random numbers of the sample while each is made."""
    samples = []
    with sample_streams() as begin:
        for offset, index in enumerate(indices):
            begin(offset)
            samples.append(function(int(index)))
    return samples


class TensorDataset(Dataset):
    """Arrays (or tensors) whose first dimensions agree; sample `i` is the tuple of their rows `i`.

    Args:
        *tensors: NumPy arrays or tensors of shape `(N, ...)`. A batch is what indexing them with a list gives, so
            arrays give arrays and tensors give tensors, with one indexing for the batch.
    """

    def __init__(self, *tensors):
        if not tensors:
            raise ValueError("TensorDataset: expected at least one array, got none")
        for position, tensor in enumerate(tensors):
            if not hasattr(tensor, "shape"):
                raise TypeError(f"TensorDataset: argument {position} must be an array or a tensor, got "
                                f"{type(tensor).__name__}; for a list use np.asarray(...)")
            if len(tensor.shape) == 0:
                raise ValueError(f"TensorDataset: argument {position} has no dimensions; the first must count samples")
        sizes = [tensor.shape[0] for tensor in tensors]
        if len(set(sizes)) > 1:
            raise ValueError(f"TensorDataset: the first dimensions must agree, got sizes {sizes} for shapes "
                             f"{[tuple(tensor.shape) for tensor in tensors]}")
        self.tensors = tensors

    def __getitem__(self, index):
        return tuple(tensor[index] for tensor in self.tensors)

    def get_batch(self, indices):
        return [tensor[indices] for tensor in self.tensors]

    def __len__(self):
        return self.tensors[0].shape[0]


class Subset(Dataset):
    """The samples of `dataset` at `indices` (integers; kept in `.indices` as an int64 array)."""

    def __init__(self, dataset, indices):
        array = np.asarray(indices if hasattr(indices, "__len__") else list(indices))
        if array.size == 0:
            array = array.astype(np.int64)
        if array.ndim != 1 or array.dtype.kind not in "iu":
            hint = "; for a mask use np.flatnonzero(mask)" if array.dtype.kind == "b" else ""
            raise TypeError(f"Subset: indices must be a list of integers, got {array.dtype} of shape {array.shape}"
                            f"{hint}")
        if hasattr(dataset, "__len__") and array.size:
            size = len(dataset)
            if array.min() < -size or array.max() >= size:
                raise IndexError(f"Subset: indices from {array.min()} to {array.max()} do not fit a dataset of {size} "
                                 "samples")
        self.dataset = dataset
        self.indices = array.astype(np.int64)

    def __getitem__(self, index):
        return self.dataset[int(self.indices[index])]

    def get_batch(self, indices):
        return get_batch(self.dataset, self.indices[indices].tolist())

    def __len__(self):
        return len(self.indices)


def get_batch(dataset, indices):
    """`dataset.get_batch(indices)`, or its samples collected where the dataset is a list or another plain object."""
    if hasattr(dataset, "get_batch"):
        return dataset.get_batch(indices)
    return default_collate(get_samples(dataset, indices))


class ConcatDataset(Dataset):
    """The samples of several datasets, one dataset after the other. `a + b` on datasets gives one."""

    def __init__(self, datasets):
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("ConcatDataset: expected at least one dataset, got none")
        for dataset in self.datasets:
            if not hasattr(dataset, "__len__"):
                raise TypeError(f"ConcatDataset: {type(dataset).__name__} has no len")
        self.cumulative_sizes = list(itertools.accumulate(len(dataset) for dataset in self.datasets))

    def __getitem__(self, index):
        size = len(self)
        if not -size <= index < size:
            raise IndexError(f"ConcatDataset: index {index} is out of range for {size} samples")
        index = index + size if index < 0 else index
        which = bisect.bisect_right(self.cumulative_sizes, index)
        return self.datasets[which][index - (self.cumulative_sizes[which - 1] if which else 0)]

    def __len__(self):
        return self.cumulative_sizes[-1]


def random_split(dataset, lengths, generator=None):
    """Split a dataset at random into subsets that do not overlap.

    Args:
        dataset: what to split.
        lengths: the sizes, which sum to `len(dataset)`, or fractions, which sum to 1. With fractions each subset gets
            `floor(fraction * len(dataset))` samples, and the samples left over go to the first subsets one by one.
        generator: the `minitorch.Generator` to draw from; the default generator if None.
    Returns:
        A list of `Subset`.
    """
    lengths, size = list(lengths), len(dataset)
    if not lengths or any(isinstance(length, bool) or not length >= 0 for length in lengths):
        raise ValueError(f"random_split: lengths must be sizes or fractions, none below zero, got {lengths}")
    if math.isclose(math.fsum(lengths), 1):
        fractions = lengths
        lengths = [math.floor(size * fraction) for fraction in fractions]
        for position in range(size - sum(lengths)):
            lengths[position % len(lengths)] += 1
        for position, length in enumerate(lengths):
            if length == 0:
                warnings.warn(f"random_split: part {position} (fraction {fractions[position]}) is empty", stacklevel=2)
    if sum(lengths) != size or any(length != int(length) for length in lengths):
        raise ValueError(f"random_split: lengths {lengths} must be whole numbers that sum to the {size} samples of the "
                         "dataset, or fractions that sum to 1")
    order = resolve_generator("random_split", generator).permutation(size)
    ends = list(itertools.accumulate(int(length) for length in lengths))
    return [Subset(dataset, order[end - int(length):end]) for end, length in zip(ends, lengths)]


def resolve_generator(name, generator):
    """The NumPy stream of a `Generator`, or of the default one for None; a TypeError for anything else."""
    if generator is None:
        return default_generator.numpy
    if not isinstance(generator, Generator):
        raise TypeError(f"{name}: generator must be a minitorch.Generator, got {type(generator).__name__}; use "
                        "minitorch.Generator(seed)")
    return generator.numpy
