"""`DataLoader`: the batches of a pass, the same for any number of workers, and how it ends."""

import gc
import subprocess
import sys
import threading
import traceback

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minitorch.data import DataLoader, Dataset, Subset, TensorDataset, default_collate
from minitorch.random import Generator, default_generator

X = np.arange(50, dtype=np.float32).reshape(25, 2)
Y = np.arange(25)
DATASET = TensorDataset(X, Y)
WORKERS = [0, 1, 3]


class Slow(Dataset):
    """Samples that finish out of order: each waits until a later one was asked for, or the workers are all busy."""

    def __init__(self, size, fail_at=None):
        self.size, self.fail_at = size, fail_at
        self.asked = [threading.Event() for _ in range(size + 1)]
        self.asked[size].set()

    def __getitem__(self, index):
        self.asked[index].set()
        if index == self.fail_at:
            raise KeyError(f"no sample {index}")
        self.asked[index + 1].wait(0.02)
        return index

    def __len__(self):
        return self.size


def loader_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("DataLoader")]


def labels_of(loader):
    return [labels.tolist() for _, labels in loader]


@pytest.mark.parametrize("num_workers", WORKERS)
@pytest.mark.parametrize("drop_last, last", [(False, [[24]]), (True, [])])
def test_batches_in_order(num_workers, drop_last, last):
    loader = DataLoader(DATASET, batch_size=8, num_workers=num_workers, drop_last=drop_last)
    expected = [list(range(8)), list(range(8, 16)), list(range(16, 24))] + last
    assert len(loader) == len(expected)
    for _ in range(2):
        assert labels_of(loader) == expected
    images, labels = next(iter(loader))
    assert images.dtype == np.float32 and images.tolist() == X[:8].tolist() and labels.dtype == Y.dtype


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 10), st.integers(0, 4), st.integers(1, 3), st.booleans(),
       st.integers(0, 2**32))
def test_order_does_not_depend_on_workers(size, batch_size, num_workers, prefetch_factor, drop_last, seed):
    dataset = TensorDataset(np.arange(size))

    def passes(workers):
        loader = DataLoader(dataset, batch_size, shuffle=True, num_workers=workers, drop_last=drop_last,
                            generator=Generator(seed), prefetch_factor=prefetch_factor)
        return [[batch.tolist() for batch, in loader] for _ in range(2)]

    serial = passes(0)
    assert passes(num_workers) == serial
    if not drop_last:
        assert all(sorted(index for batch in batches for index in batch) == list(range(size)) for batches in serial)


@pytest.mark.parametrize("num_workers", WORKERS)
def test_default_generator_and_draws_in_the_loop(num_workers):
    """Random numbers drawn in the loop, as dropout does, are the same for any number of workers."""
    default_generator.manual_seed(7)
    order, draws = [], []
    for _, labels in DataLoader(DATASET, batch_size=4, shuffle=True, num_workers=num_workers):
        order.extend(labels.tolist())
        draws.append(default_generator.numpy.random())
    default_generator.manual_seed(7)
    assert order == default_generator.numpy.permutation(25).tolist()
    default_generator.numpy.integers(2**64, size=2, dtype=np.uint64)  # the key of the samples' own numbers
    assert draws == [default_generator.numpy.random() for _ in range(7)]


def test_workers_finishing_out_of_order():
    batches = [batch.tolist() for batch in DataLoader(Slow(12), batch_size=1, num_workers=4)]
    assert batches == [[index] for index in range(12)]
    assert not loader_threads()


def test_prefetch_is_bounded_and_ahead():
    dataset = Slow(40)
    iterator = iter(DataLoader(dataset, num_workers=2, prefetch_factor=2))
    next(iterator)
    for index in range(5):  # the one given and four ahead, while nobody asks for more
        assert dataset.asked[index].wait(30)
    next(iterator)
    # Two batches were given, so at most two and the four ahead were asked for.
    assert not any(event.is_set() for event in dataset.asked[6:40])
    iterator.close()
    assert not loader_threads()


@pytest.mark.parametrize("num_workers", [1, 3])
def test_leaving_early_stops_the_threads(num_workers):
    gc.disable()
    try:
        for _batch in DataLoader(Slow(100), num_workers=num_workers):
            break
        assert not loader_threads()
        del _batch
    finally:
        gc.enable()


@pytest.mark.parametrize("num_workers", WORKERS)
def test_exception_reaches_the_caller_with_its_traceback(num_workers):
    seen = []
    with pytest.raises(KeyError, match="no sample 5") as caught:
        for batch in DataLoader(Slow(20, fail_at=5), num_workers=num_workers):
            seen.extend(batch.tolist())
    assert seen == [0, 1, 2, 3, 4]
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-1] == "__getitem__"
    assert not loader_threads()


@pytest.mark.parametrize("num_workers", WORKERS)
def test_stop_iteration_in_a_dataset_does_not_end_the_loop_silently(num_workers):
    class Broken(Slow):
        def __getitem__(self, index):
            return next(iter(()))

    with pytest.raises(RuntimeError, match="StopIteration"):
        list(DataLoader(Broken(4), num_workers=num_workers))


@pytest.mark.parametrize("num_workers", [1, 3])
def test_exception_in_the_sampler(num_workers):
    def indices():
        yield 0
        raise OSError("sampler broke")

    class Once:
        def __iter__(self):
            return indices()

    with pytest.raises(OSError, match="sampler broke"):
        list(DataLoader(DATASET, sampler=Once(), num_workers=num_workers))
    assert not loader_threads()


def test_program_that_fails_inside_the_loop_ends():
    program = ("import numpy as np\nfrom minitorch.data import DataLoader, TensorDataset\n"
               "loader = DataLoader(TensorDataset(np.arange(1000)), num_workers=3)\n"
               "kept = iter(loader)\nnext(kept)\n"
               "for batch in loader:\n    raise SystemExit(3)\n")
    assert subprocess.run([sys.executable, "-c", program], timeout=120, check=False).returncode == 3


@pytest.mark.parametrize("num_workers", WORKERS)
def test_collate_fn(num_workers):
    loader = DataLoader(DATASET, batch_size=10, num_workers=num_workers,
                        collate_fn=lambda samples: [int(label) for _, label in samples])
    assert list(loader) == [list(range(10)), list(range(10, 20)), list(range(20, 25))]
    loader = DataLoader(DATASET, batch_size=25, num_workers=num_workers, collate_fn=default_collate)
    assert labels_of(loader) == [list(range(25))]


@pytest.mark.parametrize("num_workers", WORKERS)
def test_samplers(num_workers):
    loader = DataLoader(DATASET, batch_size=2, sampler=[4, 2, 0], num_workers=num_workers)
    assert labels_of(loader) == [[4, 2], [0]] and len(loader) == 2
    loader = DataLoader(DATASET, batch_sampler=[[1, 2, 3], [7]], num_workers=num_workers)
    assert labels_of(loader) == [[1, 2, 3], [7]] and len(loader) == 2
    loader = DataLoader(DATASET, batch_size=None, num_workers=num_workers)
    assert [int(label) for _, label in loader] == list(range(25)) and len(loader) == 25


@pytest.mark.parametrize("num_workers", WORKERS)
def test_list_and_subset_as_dataset(num_workers):
    assert [batch.tolist() for batch in DataLoader([3, 1, 2], 2, num_workers=num_workers)] == [[3, 1], [2]]
    loader = DataLoader(Subset(DATASET, [9, 3, 4]), batch_size=2, num_workers=num_workers)
    assert labels_of(loader) == [[9, 3], [4]]


@pytest.mark.parametrize("arguments", [
    {"batch_size": 4}, {"batch_size": 4, "drop_last": True}, {"sampler": [3, 1, 2], "batch_size": 2},
    {"batch_sampler": [[0, 5], [1]]}, {"batch_size": None},
])
def test_batches_are_those_of_torch(arguments):
    torch = pytest.importorskip("torch", reason="needs torch")
    samples = [(X[i], i, {"square": i * i, "name": str(i)}) for i in range(10)]
    loader, oracle = DataLoader(samples, **arguments), torch.utils.data.DataLoader(samples, **arguments)
    assert len(loader) == len(oracle)
    for batch, expected in zip(loader, oracle, strict=True):
        assert type(batch) is (tuple if "batch_size" in arguments and arguments["batch_size"] is None else list)
        assert np.array_equal(batch[0], np.asarray(expected[0]))
        assert np.array_equal(batch[1], np.asarray(expected[1]))
        assert np.array_equal(batch[2]["square"], np.asarray(expected[2]["square"]))
        assert batch[2]["name"] == expected[2]["name"]


def test_empty_dataset():
    empty = TensorDataset(X[:0], Y[:0])
    assert list(DataLoader(empty, num_workers=2)) == [] and len(DataLoader(empty)) == 0
    with pytest.raises(ValueError, match="dataset is empty"):
        DataLoader(empty, shuffle=True)


@pytest.mark.parametrize("arguments, error, match", [
    ({"batch_size": 0}, ValueError, "batch_size must be an integer of at least 1, got 0"),
    ({"batch_size": -3}, ValueError, "got -3"),
    ({"batch_size": 2.0}, ValueError, "got 2.0"),
    ({"batch_size": True}, ValueError, "got True"),
    ({"num_workers": -1}, ValueError, "num_workers must be an integer of at least 0, got -1"),
    ({"prefetch_factor": 0}, ValueError, "prefetch_factor must be an integer of at least 1"),
    ({"shuffle": True, "sampler": [1]}, ValueError, "sampler and shuffle exclude"),
    ({"batch_sampler": [[1]], "batch_size": 2}, ValueError, "batch_sampler excludes"),
    ({"batch_sampler": [[1]], "shuffle": True}, ValueError, "batch_sampler excludes"),
    ({"batch_sampler": [[1]], "sampler": [1]}, ValueError, "batch_sampler excludes"),
    ({"batch_sampler": [[1]], "drop_last": True}, ValueError, "batch_sampler excludes"),
    ({"batch_size": None, "drop_last": True}, ValueError, "batch_size=None"),
    ({"sampler": 5}, TypeError, "sampler must give indices"),
    ({"batch_sampler": 5}, TypeError, "batch_sampler must give indices"),
    ({"drop_last": 1}, TypeError, "drop_last must be True or False"),
    ({"shuffle": "yes"}, TypeError, "shuffle must be True or False"),
    ({"collate_fn": 5}, TypeError, "collate_fn must be a function"),
    ({"generator": np.random.default_rng()}, TypeError, "generator must be a minitorch.Generator"),
])
def test_bad_arguments(arguments, error, match):
    with pytest.raises(error, match="DataLoader: .*" + match):
        DataLoader(DATASET, **arguments)


def test_bad_dataset():
    with pytest.raises(TypeError, match="dataset must have __getitem__ and __len__, got generator"):
        DataLoader(i for i in range(3))


def test_cannot_be_changed():
    loader = DataLoader(DATASET)
    with pytest.raises(ValueError, match="batch_size cannot be set"):
        loader.batch_size = 64
    loader.note = "anything else can"
