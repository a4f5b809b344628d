"""The thread pool: every block once, errors raised, nothing left changed, no deadlock."""

import os
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minitorch.kernels.cpu import parallel
from minitorch.kernels.cpu.linalg import matmul


@pytest.fixture(autouse=True)
def restore_threads():
    before = parallel.get_num_threads()
    yield
    parallel.set_num_threads(before)


@pytest.mark.parametrize("threads", [1, 2, 4])
@given(n=st.integers(0, 50), block=st.integers(1, 12))
def test_every_item_is_visited_once(threads, n, block):
    parallel.set_num_threads(threads)
    visits, sizes = np.zeros(n, int), []

    def visit(start, stop):
        visits[start:stop] += 1
        sizes.append(stop - start)

    parallel.parallel_for(visit, n, block)
    assert (visits == 1).all()
    assert sum(sizes) == n
    assert max(sizes, default=0) <= block


def test_helpers_take_part():
    parallel.set_num_threads(2)
    together = threading.Barrier(2, timeout=20)  # passes only if two threads hold a block at once
    parallel.parallel_for(lambda start, stop: together.wait(), 2)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("failing", [0, 5, 9])
def test_an_exception_reaches_the_caller_and_the_pool_lives_on(threads, failing):
    parallel.set_num_threads(threads)

    def fail(start, stop):
        if start == failing:
            raise KeyError(f"block {start}")

    with pytest.raises(KeyError, match=f"block {failing}"):
        parallel.parallel_for(fail, 10)
    seen = []
    parallel.parallel_for(lambda start, stop: seen.append(start), 10)
    assert sorted(seen) == list(range(10))


def test_nested_calls_run_in_order_on_their_thread():
    parallel.set_num_threads(3)
    outcomes = []

    def outer(start, stop):
        inner = []
        parallel.parallel_for(lambda a, b: inner.append((a, threading.get_ident())), 4)
        outcomes.append(inner == [(i, threading.get_ident()) for i in range(4)])

    parallel.parallel_for(outer, 6)
    assert outcomes == [True] * 6


def test_blas_has_one_thread_inside_and_its_own_number_after():
    libraries = [lib for lib in parallel.ThreadpoolController().lib_controllers if lib.user_api == "blas"]
    if not libraries:
        pytest.skip("this NumPy has no BLAS that threadpoolctl knows")
    before = [library.num_threads for library in libraries]
    try:
        for library in libraries:
            library.set_num_threads(2)
        inside = []
        parallel.parallel_for(lambda start, stop: inside.append([lib.num_threads for lib in libraries]), 3)
        with pytest.raises(ZeroDivisionError):
            parallel.parallel_for(lambda start, stop: 1 // 0, 1)
        assert inside == [[1] * len(libraries)] * 3
        assert [library.num_threads for library in libraries] == [2] * len(libraries)
    finally:
        for library, number in zip(libraries, before):
            library.set_num_threads(number)


def test_calls_from_several_threads_at_once():
    parallel.set_num_threads(2)
    results = {}

    def caller(name):
        total = np.zeros(200)
        for _ in range(20):
            def add(start, stop):
                total[start:stop] += 1
            parallel.parallel_for(add, 200, 7)
        results[name] = total

    threads = [threading.Thread(target=caller, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(results) == [0, 1, 2, 3]
    assert all((total == 20).all() for total in results.values())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_gets_a_pool_of_its_own():
    parallel.set_num_threads(2)
    parallel.parallel_for(lambda start, stop: None, 4)  # so that the pool has a helper, which fork leaves behind
    child = os.fork()
    if child == 0:
        try:
            together = threading.Barrier(2, timeout=20)
            parallel.parallel_for(lambda start, stop: together.wait(), 2)
            os._exit(0)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


@pytest.mark.parametrize("n", [0, -1])
def test_set_num_threads_refuses_numbers_below_one(n):
    with pytest.raises(ValueError, match=f"set_num_threads: n must be at least 1, got {n}"):
        parallel.set_num_threads(n)


@pytest.mark.parametrize("n", [1.5, "2", None, True])
def test_set_num_threads_refuses_other_types(n):
    with pytest.raises(TypeError, match="set_num_threads: n must be an int"):
        parallel.set_num_threads(n)


def test_scratch_is_reused_by_one_thread_and_not_shared():
    first = parallel.scratch("test", (3, 4), np.float32)
    assert first.shape == (3, 4)
    assert first.dtype == np.float32
    assert np.shares_memory(first, parallel.scratch("test", (5,), np.int16))
    assert not np.shares_memory(first, parallel.scratch("other", (3, 4), np.float32))
    others = []
    thread = threading.Thread(target=lambda: others.append(parallel.scratch("test", (3, 4), np.float32)))
    thread.start()
    thread.join()
    assert not np.shares_memory(first, others[0])


def test_scratch_of_a_block_is_free_for_the_next():
    """Also inside nested calls, where the outer block's buffers stay its own."""
    parallel.set_num_threads(1)
    seen, outside = [], parallel.scratch("outside", (100,), np.uint8)

    def inner(start, stop):
        buffer = parallel.scratch("a", (50,), np.float64)
        buffer.fill(start + 100)
        seen[-1].append(buffer)

    def outer(start, stop):
        first, second = (parallel.scratch(name, (300,), np.float32) for name in "ab")
        assert not np.shares_memory(first, second) and first.ctypes.data % 4 == 0
        assert parallel.scratch("a", (300,), np.float32).ctypes.data == first.ctypes.data
        first.fill(start)
        second.fill(-start)
        seen.append([first, second])
        parallel.parallel_for(inner, 3)
        assert (first == start).all() and (second == -start).all()
        later = parallel.scratch("c", (10,), np.float32)
        assert not any(np.shares_memory(later, buffer) for buffer in (first, second))

    outside.fill(7)
    for _ in range(3):
        seen.clear()
        parallel.parallel_for(outer, 4)
    (first, second, *inner_ones), *others = seen
    for other in others:
        assert np.shares_memory(first, other[0]) and np.shares_memory(second, other[1])
    assert all(np.shares_memory(inner_ones[0], buffer) for buffer in inner_ones[1:])
    assert not any(np.shares_memory(buffer, outside) for block in seen for buffer in block) and (outside == 7).all()


def test_scratch_memory_is_what_the_largest_block_took(monkeypatch):
    monkeypatch.setattr(parallel, "_thread", parallel._ThreadState())
    parallel.set_num_threads(1)
    for _ in range(3):
        for size in (1000, 5000, 2000):
            parallel.parallel_for(lambda *_, size=size: [parallel.scratch(n, (size,), np.uint8) for n in "ab"], 1)
    assert 10_000 <= parallel._thread.memory.size < 10_200 and parallel._thread.used == 0


def test_scratch_beyond_the_limit_is_not_kept(monkeypatch):
    monkeypatch.setattr(parallel, "_thread", parallel._ThreadState())
    monkeypatch.setattr(parallel, "_SCRATCH_LIMIT", 1000)
    parallel.set_num_threads(1)
    for _ in range(3):
        parallel.parallel_for(lambda start, stop: parallel.scratch("a", (2000,), np.uint8).fill(1), 2)
        parallel.parallel_for(lambda start, stop: parallel.scratch("a", (500,), np.uint8).fill(1), 2)
    assert parallel._thread.memory.size <= 1000


def test_scratch_is_free_again_after_an_error():
    parallel.set_num_threads(1)

    def fail(start, stop):
        parallel.scratch("a", (100,), np.uint8)
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            parallel.parallel_for(fail, 2)
        assert parallel._thread.used == 0


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("shapes", [
    ((3, 4), (4, 5)), ((300, 200), (200, 400)), ((5, 100_000), (100_000, 9)), ((600, 300), (300, 40)),
    ((1, 2000), (2000, 2001)), ((4, 200, 120), (4, 120, 130)), ((7, 1, 150, 120), (3, 120, 200)),
    ((2, 1, 300, 200), (200, 300)), ((1, 300, 200), (2, 200, 300)), ((300,), (300, 20)), ((20, 300), (300,)),
    ((0, 4), (4, 5)), ((3, 0), (0, 5)),
])
def test_matmul_is_numpys(threads, shapes):
    parallel.set_num_threads(threads)
    generator = np.random.default_rng(1)
    a, b = (generator.standard_normal(shape) for shape in shapes)
    expected = np.matmul(a, b)
    np.testing.assert_allclose(matmul(a, b), expected, rtol=1e-9, atol=1e-9)
    if a.ndim > 1 and b.ndim > 1:
        out = np.full(expected.shape, np.nan)
        assert matmul(a.swapaxes(-1, -2).copy().swapaxes(-1, -2), b, out=out) is out
        np.testing.assert_allclose(out, expected, rtol=1e-9, atol=1e-9)


def test_matmul_refuses_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match="matmul"):
        matmul(np.ones((3000, 4000)), np.ones((4001, 3000)))
