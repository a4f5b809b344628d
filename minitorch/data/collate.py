"""Putting samples together into a batch of NumPy arrays."""

from collections.abc import Mapping, Sequence

import numpy as np


def default_collate(batch):
    """Put a list of samples together into one batch, as `torch.utils.data.default_collate` does, in NumPy.

    Arrays of one shape are stacked along a new first dimension; integers become an int64 array, Python floats a
    float32 array (PyTorch gives float64), booleans a bool array; strings and bytes stay a list. Tuples and lists
    give a list with one entry per field (a named tuple its own type), dictionaries a dictionary, recursively.

    Raises:
        TypeError: a sample is of another type, or samples differ in type.
        ValueError: the batch is empty, or shapes, lengths or keys differ between samples.
    """
    batch = list(batch)
    if not batch:
        raise ValueError("default_collate: the batch is empty")
    first = batch[0]
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, (bool, np.bool_)):
        return _numbers(batch, (bool, np.bool_), np.bool_)
    if isinstance(first, int):
        return _numbers(batch, (int, np.integer), np.int64)
    if isinstance(first, np.generic) or hasattr(first, "shape"):
        return _stack(batch)
    if isinstance(first, float):
        return _numbers(batch, (float, int, np.number), np.float32)
    if isinstance(first, Mapping):
        return _mapping(batch)
    if isinstance(first, Sequence):
        return _sequence(batch)
    raise TypeError(f"default_collate: cannot put samples of type {type(first).__name__} into an array; give arrays, "
                    "numbers, or tuples, lists or dictionaries of these (for a PIL image: transform=ToTensor()), or "
                    "pass your own collate_fn")


def _numbers(batch, types, dtype):
    for value in batch:
        if not isinstance(value, types):
            raise TypeError(f"default_collate: the first sample is a {type(batch[0]).__name__}, another is a "
                            f"{type(value).__name__}")
    return np.array(batch, dtype=dtype)


def _stack(batch):
    shapes = {tuple(np.shape(value)) for value in batch}
    if len(shapes) > 1:
        raise ValueError(f"default_collate: samples must have one shape to be stacked, got {sorted(shapes)}; resize or "
                         "pad them in the dataset's transform")
    return np.stack([_as_array(value) for value in batch])


def _as_array(value):
    if isinstance(value, (np.ndarray, np.generic)):
        return np.asarray(value)
    # A tensor, by its looks: this layer knows arrays only.
    value = value.detach() if hasattr(value, "detach") else value
    return value.numpy() if hasattr(value, "numpy") else np.asarray(value)


def _mapping(batch):
    keys = batch[0].keys()
    for sample in batch:
        if not isinstance(sample, Mapping) or sample.keys() != keys:
            raise ValueError("default_collate: every sample must be a dictionary with the keys "
                             f"{sorted(map(str, keys))}")
    return {key: default_collate([sample[key] for sample in batch]) for key in keys}


def _sequence(batch):
    first = batch[0]
    for sample in batch:
        if not isinstance(sample, Sequence) or len(sample) != len(first):
            raise ValueError(f"default_collate: every sample must have the {len(first)} fields of the first, got "
                             f"{sample!r:.80}")
    fields = [default_collate(field) for field in zip(*batch)]
    return type(first)(*fields) if hasattr(first, "_fields") else fields
