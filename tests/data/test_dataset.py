"""Datasets that join, cut and split others."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minitorch.data import ConcatDataset, Dataset, Subset, TensorDataset, random_split
from minitorch.random import Generator, default_generator

X = np.arange(20, dtype=np.float32).reshape(10, 2)
Y = np.arange(10)


class Squares(Dataset):
    def __init__(self, size):
        self.size = size

    def __getitem__(self, index):
        if not 0 <= index < self.size:
            raise IndexError(index)
        return index, index * index

    def __len__(self):
        return self.size


def test_dataset_must_be_subclassed():
    with pytest.raises(NotImplementedError, match="Dataset: a dataset must write __getitem__"):
        Dataset()[0]


def test_get_batch_collects_samples():
    numbers, squares = Squares(5).get_batch([3, 0])
    assert numbers.tolist() == [3, 0] and squares.tolist() == [9, 0]


def test_getitems_is_used():
    class Whole(Squares):
        def __getitems__(self, indices):
            return [(-index, 0) for index in indices]

    assert Whole(5).get_batch([3, 1])[0].tolist() == [-3, -1]


def test_tensor_dataset():
    dataset = TensorDataset(X, Y)
    assert len(dataset) == 10
    x, y = dataset[3]
    assert x.tolist() == [6, 7] and y == 3
    x, y = dataset.get_batch([9, 0, 9])
    assert x.tolist() == [[18, 19], [0, 1], [18, 19]] and y.tolist() == [9, 0, 9]
    x[:] = -1
    assert X.min() == 0
    with pytest.raises(IndexError):
        dataset[10]


def test_tensor_dataset_of_tensors_gives_tensors():
    class Looks:
        def __init__(self, values):
            self.values, self.shape = values, values.shape

        def __getitem__(self, index):
            return Looks(self.values[index])

    batch, = TensorDataset(Looks(X)).get_batch([1, 0])
    assert type(batch) is Looks and batch.values.tolist() == [[2, 3], [0, 1]]


def test_subclass_with_samples_of_its_own_is_not_bypassed():
    class Negated(TensorDataset):
        def __getitem__(self, index):
            x, y = super().__getitem__(index)
            return -x, y

    class Again(Negated):
        pass

    for dataset in (Negated(X, Y), Again(X, Y), Subset(Again(X, Y), range(10))):
        assert dataset.get_batch([1, 2])[0].tolist() == [[-2, -3], [-4, -5]]


@pytest.mark.parametrize("arguments, error, match", [
    ((), ValueError, "at least one"),
    (([1, 2],), TypeError, "argument 0 must be an array.*np.asarray"),
    ((X, np.float32(1)), ValueError, "argument 1 has no dimensions"),
    ((X, Y[:9]), ValueError, r"sizes \[10, 9\]"),
])
def test_tensor_dataset_bad_input(arguments, error, match):
    with pytest.raises(error, match="TensorDataset: .*" + match):
        TensorDataset(*arguments)


@pytest.mark.parametrize("base", [TensorDataset(Y, Y * Y), Squares(10), [(i, i * i) for i in range(10)]])
def test_subset(base):
    subset = Subset(base, [7, 2, 2, 5])
    assert len(subset) == 4
    assert [int(subset[i][1]) for i in range(4)] == [49, 4, 4, 25]
    assert int(subset[-1][0]) == 5
    numbers, squares = subset.get_batch([3, 0])
    assert numbers.tolist() == [5, 7] and squares.tolist() == [25, 49]
    assert Subset(subset, [1, 0]).get_batch([0, 1])[0].tolist() == [2, 7]
    assert [int(number) for number, _ in subset] == [7, 2, 2, 5]
    with pytest.raises(IndexError):
        subset[4]


def test_subset_indices():
    assert Subset(X, range(3)).indices.tolist() == [0, 1, 2]
    assert Subset(X, (i for i in (1, 2))).indices.tolist() == [1, 2]
    assert len(Subset(X, [])) == 0
    for indices in ([10], [-11]):
        with pytest.raises(IndexError, match="do not fit a dataset of 10"):
            Subset(X, indices)
    with pytest.raises(TypeError, match=r"bool.*np.flatnonzero\(mask\)"):
        Subset(X, Y > 3)
    with pytest.raises(TypeError, match="float64"):
        Subset(X, [0.5])


def test_concat():
    both = Squares(3) + TensorDataset(Y, -Y)
    assert isinstance(both, ConcatDataset) and len(both) == 13
    assert both.cumulative_sizes == [3, 13]
    assert [int(both[i][1]) for i in (0, 2, 3, 12, -1, -13)] == [0, 4, 0, -9, -9, 0]
    assert both.get_batch([2, 5])[1].tolist() == [4, -2]
    for index in (13, -14):
        with pytest.raises(IndexError, match="out of range for 13"):
            both[index]
    with pytest.raises(ValueError, match="at least one"):
        ConcatDataset([])
    with pytest.raises(TypeError, match="generator has no len"):
        ConcatDataset([(i for i in range(3))])


def test_concat_with_an_empty_part():
    both = ConcatDataset([Squares(0), Squares(2), Squares(0), Squares(1)])
    assert [both[i] for i in range(3)] == [(0, 0), (1, 1), (0, 0)]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=1, max_size=5), st.integers(0, 2**32))
def test_random_split_is_a_partition(lengths, seed):
    if sum(lengths) == 1:  # these are fractions
        lengths = [length * 2 for length in lengths]
    parts = random_split(range(sum(lengths)), lengths, Generator(seed))
    assert [len(part) for part in parts] == lengths
    assert sorted(np.concatenate([part.indices for part in parts]).tolist()) == list(range(sum(lengths)))


@pytest.mark.parametrize("size, fractions, sizes", [
    (10, [0.8, 0.2], [8, 2]),
    (11, [0.5, 0.5], [6, 5]),
    (7, [1 / 3, 1 / 3, 1 / 3], [3, 2, 2]),
    (100, [0.1] * 10, [10] * 10),
    (10, [1], [10]),
])
def test_random_split_fractions(size, fractions, sizes):
    assert [len(part) for part in random_split(range(size), fractions)] == sizes


def test_random_split_sizes_are_those_of_torch():
    torch = pytest.importorskip("torch", reason="needs torch")
    for size in range(3, 40, 4):
        for fractions in ([0.29, 0.71], [0.2, 0.3, 0.5], [1 / 3] * 3, [0.1] * 10):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                expected = [len(part) for part in torch.utils.data.random_split(range(size), fractions)]
                assert [len(part) for part in random_split(range(size), fractions)] == expected


def test_random_split_generator():
    first, again, other = (random_split(X, [5, 5], Generator(seed))[0].indices.tolist() for seed in (1, 1, 2))
    assert first == again != other
    default_generator.manual_seed(3)
    first = random_split(X, [5, 5])[0].indices.tolist()
    default_generator.manual_seed(3)
    assert random_split(X, [5, 5])[0].indices.tolist() == first


def test_random_split_warns_of_an_empty_part():
    with pytest.warns(UserWarning, match="part 1 .fraction 0.05. is empty"):
        random_split(X, [0.95, 0.05])


@pytest.mark.parametrize("lengths", [[5, 4], [0.5, 0.4], [11, -1], [], [True], [float("nan")], [9.5, 0.5]])
def test_random_split_bad_lengths(lengths):
    with pytest.raises(ValueError, match="random_split: lengths"):
        random_split(X, lengths)


def test_random_split_bad_generator():
    with pytest.raises(TypeError, match=r"random_split: generator.*minitorch.Generator\(seed\)"):
        random_split(X, [5, 5], np.random.default_rng(0))
