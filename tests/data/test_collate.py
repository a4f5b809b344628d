"""`default_collate`: types, shapes, nesting, and the errors for samples that do not fit together."""

import collections

import numpy as np
import pytest
from PIL import Image

from minitorch.data import default_collate


def equal(batch, expected, dtype):
    assert batch.dtype == dtype
    assert batch.tolist() == expected


def test_numbers():
    equal(default_collate([1, 2, 3]), [1, 2, 3], np.int64)
    equal(default_collate([1, np.int32(2)]), [1, 2], np.int64)
    equal(default_collate([0.5, 2]), [0.5, 2.0], np.float32)
    equal(default_collate([True, False]), [True, False], np.bool_)
    equal(default_collate([np.float64(0.5), np.float64(1)]), [0.5, 1.0], np.float64)
    equal(default_collate([np.uint8(5)]), [5], np.uint8)


def test_arrays_are_stacked_and_copied():
    samples = [np.zeros((2, 1), np.float32), np.ones((2, 1), np.float32)]
    batch = default_collate(samples)
    equal(batch, [[[0], [0]], [[1], [1]]], np.float32)
    batch[0] = 7
    assert samples[0].max() == 0


def test_tensors_by_their_looks():
    class Looks:
        shape = (2,)
        detached = False

        def detach(self):
            copy = Looks()
            copy.detached = True
            return copy

        def numpy(self):
            assert self.detached
            return np.array([1.0, 2.0], np.float32)

    equal(default_collate([Looks(), Looks()]), [[1, 2], [1, 2]], np.float32)


def test_nesting():
    Point = collections.namedtuple("Point", "x y")
    samples = [(np.zeros(2), {"label": i, "name": f"n{i}"}, [i, 0.5], Point(i, 1.0)) for i in range(3)]
    image, info, pair, point = batch = default_collate(samples)
    assert type(batch) is list and type(info) is dict and type(pair) is list and type(point) is Point
    assert image.shape == (3, 2)
    equal(info["label"], [0, 1, 2], np.int64)
    assert info["name"] == ["n0", "n1", "n2"]
    equal(pair[1], [0.5] * 3, np.float32)
    equal(point.x, [0, 1, 2], np.int64)


@pytest.mark.parametrize("samples, error, match", [
    ([], ValueError, "the batch is empty"),
    ([np.zeros(2), np.zeros(3)], ValueError, r"one shape.*\(2,\), \(3,\)"),
    ([1, "a"], TypeError, "first sample is a int, another is a str"),
    ([1, 2.5], TypeError, "first sample is a int, another is a float"),
    ([(1, 2), (1,)], ValueError, "2 fields"),
    ([(1, 2), 3], ValueError, "2 fields"),
    ([{"a": 1}, {"b": 1}], ValueError, "keys .'a'."),
    ([{"a": 1}, 5], ValueError, "keys .'a'."),
    ([None, None], TypeError, "NoneType.*collate_fn"),
    ([Image.new("L", (2, 2))], TypeError, r"Image.*ToTensor\(\)"),
])
def test_what_does_not_fit(samples, error, match):
    with pytest.raises(error, match=match):
        default_collate(samples)
