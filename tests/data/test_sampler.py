"""Samplers: which indices, how many, and the same ones for the same seed."""

import collections

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minitorch.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from minitorch.random import Generator, default_generator

DATA = range(100)


def test_sequential():
    sampler = SequentialSampler(DATA)
    assert list(sampler) == list(sampler) == list(DATA) and len(sampler) == 100


def test_sampler_must_be_subclassed():
    with pytest.raises(NotImplementedError, match="__iter__"):
        iter(Sampler())


def test_random_is_a_permutation_and_new_each_pass():
    sampler = RandomSampler(DATA, generator=Generator(0))
    first, second = list(sampler), list(sampler)
    assert sorted(first) == sorted(second) == list(DATA)
    assert first != second and len(sampler) == 100
    assert all(type(index) is int for index in first)


@pytest.mark.parametrize("make", [
    lambda generator: RandomSampler(DATA, generator=generator),
    lambda generator: RandomSampler(DATA, replacement=True, generator=generator),
    lambda generator: SubsetRandomSampler(list(range(50)), generator=generator),
    lambda generator: BatchSampler(RandomSampler(DATA, generator=generator), 7, False),
    lambda generator: DataLoader(list(DATA), 7, shuffle=True, generator=generator, collate_fn=list),
    lambda generator: DataLoader(list(DATA), 7, shuffle=True, generator=generator, collate_fn=list, num_workers=2),
    lambda generator: WeightedRandomSampler([1.0] * 50, 40, generator=generator),
])
def test_seed_fixes_the_order_at_iter(make):
    first, again, other = (list(make(Generator(seed))) for seed in (5, 5, 6))
    assert first == again != other
    default_generator.manual_seed(5)
    indices = iter(make(None))
    default_generator.manual_seed(99)  # what is drawn later must not change the order
    assert list(indices) == first


def test_random_num_samples():
    assert len(set(RandomSampler(DATA, num_samples=30))) == 30
    sampler = RandomSampler(DATA, num_samples=250)
    indices = list(sampler)
    assert len(indices) == len(sampler) == 250
    counts = collections.Counter(indices)
    assert set(counts) == set(DATA) and set(counts.values()) == {2, 3}
    repeated = list(RandomSampler(range(3), replacement=True, num_samples=50))
    assert len(repeated) == 50 and set(repeated) <= {0, 1, 2}


def test_subset_random():
    sampler = SubsetRandomSampler([5, 7, 9, 11])
    assert sorted(sampler) == [5, 7, 9, 11] and len(sampler) == 4


def test_weighted():
    indices = list(WeightedRandomSampler([0, 1, 0, 3], 4000, generator=Generator(0)))
    counts = collections.Counter(indices)
    assert set(counts) == {1, 3} and len(indices) == 4000
    # Five standard deviations of a binomial with p = 3/4: 137.
    assert abs(counts[3] - 3000) < 137
    assert sorted(WeightedRandomSampler([2, 0, 1, 5], 3, replacement=False)) == [0, 2, 3]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 30), st.integers(1, 12), st.booleans())
def test_batches(size, batch_size, drop_last):
    expected = []
    for start in range(0, size, batch_size):
        batch = [index for index in range(size) if start <= index < start + batch_size]
        if len(batch) == batch_size or not drop_last:
            expected.append(batch)
    sampler = BatchSampler(SequentialSampler(range(size)), batch_size, drop_last)
    assert list(sampler) == expected and len(sampler) == len(expected)


@pytest.mark.parametrize("make, error, match", [
    (lambda: RandomSampler([]), ValueError, "dataset is empty"),
    (lambda: RandomSampler([], num_samples=3), ValueError, "dataset is empty"),
    (lambda: RandomSampler(DATA, num_samples=0), ValueError, "num_samples must be a positive integer, got 0"),
    (lambda: RandomSampler(DATA, num_samples=2.0), ValueError, "num_samples must be a positive integer, got 2.0"),
    (lambda: RandomSampler(DATA, replacement=3), TypeError, "replacement must be True or False"),
    (lambda: RandomSampler(DATA, generator=3), TypeError, "must be a minitorch.Generator, got int"),
    (lambda: WeightedRandomSampler([1, -1], 2), ValueError, "none below zero"),
    (lambda: WeightedRandomSampler([0, 0], 2), ValueError, "not all zero"),
    (lambda: WeightedRandomSampler([1, np.nan], 2), ValueError, "finite"),
    (lambda: WeightedRandomSampler([[1, 2]], 2), ValueError, r"shape \(1, 2\)"),
    (lambda: WeightedRandomSampler([1, 0, 1], 3, replacement=False), ValueError, "from 2 weights above zero"),
    (lambda: WeightedRandomSampler([1], True), ValueError, "num_samples must be a positive integer"),
    (lambda: BatchSampler(DATA, 0, False), ValueError, "batch_size must be a positive integer, got 0"),
    (lambda: BatchSampler(DATA, True, False), ValueError, "batch_size must be a positive integer, got True"),
    (lambda: BatchSampler(DATA, 2, None), TypeError, "drop_last must be True or False"),
])
def test_bad_input(make, error, match):
    with pytest.raises(error, match=match):
        make()
