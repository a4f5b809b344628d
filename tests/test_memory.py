"""Large arrays use the memory of arrays that are gone, and only of those."""

import gc
import threading

import numpy as np
import pytest

from minitorch import memory

SHAPE = (3, 50_021)  # no other test has arrays of this size


@pytest.fixture(autouse=True)
def no_idle_blocks():
    memory.release()
    yield
    memory.release()


def address(array):
    return array.__array_interface__["data"][0]


def test_memory_of_an_array_that_is_gone_is_used_again():
    first = memory.empty(SHAPE, np.float32)
    place = address(first)
    del first
    assert address(memory.empty(SHAPE, np.float32)) == place
    assert address(memory.empty(SHAPE[::-1], np.int32)) == place


def test_memory_in_use_is_never_handed_out():
    kept = [memory.empty(SHAPE, np.float32) for _ in range(5)]
    view = kept.pop()[1:, ::2].T
    view[...] = 7
    buffer = memoryview(kept.pop())
    later = [memory.empty(SHAPE, np.float32) for _ in range(8)]
    for array in later:
        array.fill(0)
        assert not np.shares_memory(array, view)
        assert not np.shares_memory(array, np.asarray(buffer))
        assert not any(np.shares_memory(array, other) for other in kept)
    assert (view == 7).all()


def test_threads_never_get_the_same_memory():
    arrays, barrier = [], threading.Barrier(4)

    def work():
        barrier.wait()
        for _ in range(50):
            arrays.append(memory.empty(SHAPE, np.float32))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({address(a) for a in arrays}) == 200


def test_small_arrays_and_empty_ones_are_plain():
    for shape in ((), (0, 5), (100,)):
        array = memory.empty(shape, np.float64)
        assert array.shape == shape and array.base is None and array.flags.writeable


def test_idle_memory_is_bounded():
    for n in range(60):
        memory.empty((1_000_000 + n,), np.float64)
    assert memory._blocks.bytes <= memory._IDLE_LIMIT + 8_000_100
    gc.collect()
    memory.release()
    assert not any(len(blocks) for size, blocks in memory._blocks.by_size.items() if size >= 8_000_000)


def test_owning_memory_means_that_no_other_array_shows_it():
    array = memory.empty(SHAPE, np.float32)
    assert memory.owns_memory(array)
    view = array[1:]
    assert not memory.owns_memory(array) and not memory.owns_memory(view)
    del view
    assert memory.owns_memory(array)
    small = np.zeros(3)
    assert memory.owns_memory(small) and not memory.owns_memory(small[1:])
