"""Random numbers in a loader: the same for any number of workers, others for each sample and pass, and resumable."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minitorch.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    RandomSampler,
    Subset,
    current_generator,
    default_collate,
)
from minitorch.data.dataset import get_samples
from minitorch.random import Generator, default_generator, manual_seed

WORKERS = [0, 1, 4]


class Noise(Dataset):
    """Each sample is its index and two random numbers; counts how often one was asked for."""

    def __init__(self, size):
        self.size, self.asked = size, []

    def __getitem__(self, index):
        self.asked.append(index)
        return index, np.float64(current_generator().random()), current_generator().integers(2**40)

    def __len__(self):
        return self.size


class Mosaic(Dataset):
    """Each sample is made of several others and a number of its own."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __getitem__(self, index):
        parts = get_samples(self.dataset, [index, 0, 1])
        return np.array([part[1] for part in parts] + [current_generator().random()])

    def __len__(self):
        return len(self.dataset)


def with_batch_noise(samples):
    return [*default_collate(samples), current_generator().random()]


def passes(loader, count=2):
    return [[[np.asarray(field).tolist() for field in batch] for batch in loader] for _ in range(count)]


def numbers(batches):
    return [number for batch in batches for number in batch[1]]


@settings(max_examples=25)
@given(st.integers(1, 30), st.integers(1, 7), st.integers(1, 4), st.booleans(), st.booleans(), st.integers(0, 99))
def test_workers_do_not_matter(size, batch_size, num_workers, shuffle, collate, seed):
    def run(workers):
        loader = DataLoader(Noise(size), batch_size, shuffle=shuffle, num_workers=workers,
                            collate_fn=with_batch_noise if collate else None, generator=Generator(seed))
        return passes(loader)

    assert run(num_workers) == run(0)


def test_every_sample_and_pass_has_its_own_numbers():
    loader = DataLoader(Noise(40), 8, collate_fn=with_batch_noise)
    both = passes(loader)
    drawn = [number for batches in both for number in numbers(batches) + [batch[3] for batch in batches]]
    assert len(set(drawn)) == len(drawn) == 2 * (40 + 5)
    manual_seed(0)
    assert passes(loader) == both
    manual_seed(1)
    assert passes(loader) != both


def test_a_repeated_index_has_other_numbers_each_time():
    first, = passes(DataLoader(Noise(3), 4, sampler=[2, 2, 2, 2]), 1)
    assert len(set(numbers(first))) == 4


def test_the_size_of_the_batch_does_not_matter():
    assert numbers(passes(DataLoader(Noise(12), 3, generator=Generator(0)), 1)[0]) == \
        numbers(passes(DataLoader(Noise(12), 4, num_workers=2, generator=Generator(0)), 1)[0])
    single = [sample[1] for sample in DataLoader(Noise(12), None, generator=Generator(0))]
    assert single == numbers(passes(DataLoader(Noise(12), 5, generator=Generator(0)), 1)[0])


@pytest.mark.parametrize("wrap", [lambda data: Subset(data, range(12)), lambda data: ConcatDataset([data]), Mosaic])
def test_datasets_of_datasets(wrap):
    expected, *others = (passes(DataLoader(wrap(Noise(12)), 4, num_workers=workers, generator=Generator(0)), 1)
                         for workers in WORKERS)
    assert all(other == expected for other in others)
    if wrap is Mosaic:
        rows = np.concatenate(list(DataLoader(wrap(Noise(12)), 4)))
        assert len(np.unique(rows)) == rows.size == 12 * 4
    else:
        assert expected == passes(DataLoader(Noise(12), 4, generator=Generator(0)), 1)


def test_outside_a_loader_the_default_generator_is_drawn_from():
    assert current_generator() is default_generator.numpy
    loader = DataLoader(Noise(4), 2)
    next(iter(loader))
    assert current_generator() is default_generator.numpy

    class Broken(Noise):
        def __getitem__(self, index):
            raise OSError

    with pytest.raises(OSError):
        next(iter(DataLoader(Broken(4), 2)))
    assert current_generator() is default_generator.numpy
    state = default_generator.get_state()
    Noise(4)[0]
    assert default_generator.get_state() != state


def test_a_loader_in_a_dataset():
    class Nested(Dataset):
        def __getitem__(self, index):
            inner = [batch[1].item() for batch in DataLoader(Noise(2), generator=Generator(index))]
            return np.array([*inner, current_generator().random()])

        def __len__(self):
            return 6

    plain = [batch[:, 2].tolist() for batch in DataLoader(Nested(), 3, generator=Generator(0))]
    alone = [batch[1].tolist() for batch in DataLoader(Noise(6), 3, generator=Generator(0))]
    assert plain == alone


# Resuming

LOADERS = {
    "shuffle": lambda data, generator: {"batch_size": 3, "shuffle": True, "generator": generator},
    "in order": lambda data, generator: {"batch_size": 3, "generator": generator, "drop_last": True},
    "default generator": lambda data, generator: {"batch_size": 3, "shuffle": True},
    "sampler": lambda data, generator: {"sampler": RandomSampler(data, num_samples=30, generator=generator)},
    "batch sampler": lambda data, generator: {
        "batch_sampler": BatchSampler(RandomSampler(data, True, generator=generator), 4, False)},
    "single samples": lambda data, generator: {"batch_size": None, "shuffle": True, "generator": generator},
    "collate": lambda data, generator: {"batch_size": 4, "collate_fn": with_batch_noise, "shuffle": True},
}


@pytest.mark.parametrize("kind", LOADERS)
@pytest.mark.parametrize("num_workers", WORKERS)
@pytest.mark.parametrize("where", ["before", "begun", 1, 3, "last", "after"])
def test_resumed_pass_is_the_same(kind, num_workers, where):
    def make(data, workers):
        return DataLoader(data, num_workers=workers, **LOADERS[kind](data, Generator(5)))

    manual_seed(3)
    loader = make(Noise(16), num_workers)
    list(loader)
    iterator = None if where == "before" else iter(loader)
    for _ in range({"before": 0, "begun": 0, "last": len(loader), "after": len(loader)}.get(where, where)):
        next(iterator)
    if where == "after":
        assert next(iterator, None) is None
    state, default_state = loader.state_dict(), default_generator.get_state()
    rest = passes(iterator, 1)[0] if state["batch"] is not None else None
    expected = rest, default_generator.numpy.random(), passes(loader)

    state = json.loads(json.dumps(state))
    manual_seed(99)
    data = Noise(16)
    again = make(data, 2 - min(num_workers, 2))
    again.load_state_dict(state)
    assert again.state_dict() == state and data.asked == []
    if again.generator is None:
        assert default_generator.get_state() == default_state
    default_generator.set_state(default_state)
    rest = passes(again, 1)[0] if state["batch"] is not None else None
    if rest is not None:
        assert len(data.asked) == sum(np.size(batch[1]) for batch in rest)
    assert (rest, default_generator.numpy.random(), passes(again)) == expected


def test_a_pass_that_was_left_can_be_resumed_and_a_new_one_forgets_it():
    loader = DataLoader(Noise(9), 2, shuffle=True)
    for _ in loader:
        break
    assert loader.state_dict()["batch"] == 1
    next(iter(loader))
    state = loader.state_dict()
    rest = passes(iter(loader), 1)  # another pass
    assert state["batch"] == 1 and len(rest[0]) == 5 and loader.state_dict()["batch"] is None


@pytest.mark.parametrize("change, match", [
    (lambda state: state.pop("now"), "not a state"),
    (lambda state: state.update(start=3), "not a state"),
    (lambda state: state.update(batches=4), "a loader with 4 batches and 1 generators, this one has 5 and 1"),
    (lambda state: state.update(start=[], now=[]), "0 generators"),
    (lambda state: state.update(batch=-1), "batch must be an integer of at least 0, got -1"),
    (lambda state: state.update(batch=6), "a pass has 5 batches, the state is after 6"),
    (lambda state: state["start"][0].update(stream={}), "not a state that get_state returned"),
    (lambda state: state["now"][0].pop("seed"), "not a state that get_state returned"),
])
def test_damaged_state_changes_nothing(change, match):
    loader = DataLoader(Noise(9), 2, shuffle=True)
    iterator = iter(loader)
    next(iterator)
    state = loader.state_dict()
    damaged = copy.deepcopy(state)
    change(damaged)
    with pytest.raises(ValueError, match=match):
        loader.load_state_dict(damaged)
    assert loader.state_dict() == state
    expected = passes(iterator, 1)
    loader.load_state_dict(state)
    assert passes(loader, 1) == expected
    with pytest.raises(ValueError, match="not a state"):
        loader.load_state_dict(None)


def test_sampler_without_a_length():
    class Endless:
        def __iter__(self):
            while True:
                yield 1

    loader = DataLoader(Noise(9), 2, sampler=Endless())
    iterator = iter(loader)
    next(iterator)
    state = loader.state_dict()
    assert state["batches"] is None
    expected = next(iterator)
    loader.load_state_dict(state)
    assert next(iter(loader))[1].tolist() == expected[1].tolist()
