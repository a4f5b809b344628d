"""Kernels as students write them: ``wrong_*.cu``, whose comments tell the launch and the error, and right patterns.

Before each wrong kernel stands ``// Error of (grid, block, shared bytes, arguments...)``; the lines that the report may
name have the mark ``// <- here``.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from minitorch.kernels import emulator
from minitorch.kernels.signature import kernels

FOLDER = Path(__file__).parent
HEAD = re.compile(r"^// (\w+Error) of (.*)$")


def zeros(*shape):
    return np.zeros(shape, np.float32)


def int_zeros(*shape):
    return np.zeros(shape, np.int32)


def floats(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def ints(*shape):
    return np.arange(np.prod(shape), dtype=np.int32).reshape(shape)


NAMES = {"zeros": zeros, "int_zeros": int_zeros, "floats": floats, "ints": ints}
NAMES |= {"np": np, "F": np.float32, "I": np.int32}


def wrong_kernels(path):
    """(path, kernel, error, launch, lines with a mark) of each kernel of a file."""
    text = path.read_text()
    lines, found = text.splitlines(), []
    starts = [number for number, line in enumerate(lines, 1) if HEAD.match(line)]
    for start, end in zip(starts, [*starts[1:], len(lines) + 1]):
        name = next(k for k, kernel in kernels(text).items() if start < kernel.line < end)
        error, launch = HEAD.match(lines[start - 1]).groups()
        marked = [number for number in range(start, end) if "<- here" in lines[number - 1]]
        found.append((path, name, getattr(emulator, error), launch, marked))
    return found


WRONG = [row for path in sorted(FOLDER.glob("wrong_*.cu")) for row in wrong_kernels(path)]


@pytest.mark.parametrize("path, name, error, launch, marked", WRONG, ids=[row[1] for row in WRONG])
def test_the_report_names_the_line(path, name, error, launch, marked):
    grid, block, shared_bytes, *arguments = eval(launch, NAMES)
    before = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    limit = 0.05 if error is emulator.EndlessLoopError else 5
    with pytest.raises(emulator.KernelError) as caught:
        emulator.launch(path, name, grid, block, arguments, shared_bytes, check=True, time_limit=limit)
    message = str(caught.value)
    assert type(caught.value) is error, message
    assert caught.value.line in marked, message
    assert re.match(rf"kernel {name}, {path.name} line {caught.value.line}, block \(.*\), thread \(", message)
    if error is emulator.RaceError:
        assert caught.value.other_line in marked, message
    for a, b in zip(before, arguments):
        np.testing.assert_array_equal(a, b)


# What reports say of elements, where the type or the place of an array makes that less than plain.
SAYS = {
    "matmul_partial_tile_not_zeroed": r"reads shared (As|Bs)\[\d\]\[\d\] \((As|Bs) is \[8\]\[8\]\), which is uninit",
    "double_buffer_refilled_too_early": r"shared buffer\[0\]\[\d+\] \(buffer is \[2\]\[64\]\)",
    "histogram_value_of_the_last_bin": r"updates atomically local\[63\], past the end of the shared array local\[63\]",
    "flags_of_bool": r"race within a warp: writes shared seen\[\d\], which",
    "array_in_a_struct_in_shared": r"shared nodes\[\d\]\[\d+\] \(nodes is \[4\]\[16\]\)",
    "memset_counts_bytes_of_more": r"writes s\[8\], past the end of the shared array s\[8\]",
    "dynamic_shared_not_asked_for": r"writes shared wide\[0\], past the end of the dynamic .* shared_bytes=0",
    "dynamic_filled_by_a_helper": r"writes shared dynamic\[32\], past the end of the dynamic shared memory",
    "double_in_bytes": r"reads x\[1\] as a type of which every address is a multiple of 8 bytes",
    "ints_then_doubles_in_dynamic_shared": r"writes shared room\[4\] as a type of which every .* multiple of 8 bytes",
    "misaligned_shared_float4": r"reads shared s\[[1-7]\]\[0\] \(s is \[8\]\[5\]\) as a type .* multiple of 16 bytes",
    "compaction_counter_without_atomic": r"count\[0\], .*; if several threads .* takes an atomic operation",
}


@pytest.mark.parametrize("row", [row for row in WRONG if row[1] in SAYS], ids=lambda row: row[1])
def test_the_report_names_the_element(row):
    path, name, error, launch, _ = row
    grid, block, shared_bytes, *arguments = eval(launch, NAMES)
    with pytest.raises(error, match=SAYS[name]):
        emulator.launch(path, name, grid, block, arguments, shared_bytes, check=True)


@pytest.mark.parametrize("order", ["forward", "reverse", "random"])
def test_bytes_of_shared_memory_are_told_apart(order, write):
    """Whoever writes one byte of a word is remembered even after others have written the rest of it."""
    source = """
    __device__ int launches;
    __global__ void kernel(unsigned char* y, unsigned short* z, int last) {
        __shared__ unsigned char s[8];
        __shared__ unsigned short pairs[8];
        const int t = threadIdx.x;
        if (t == 0) ++launches;
        s[t] = t, pairs[t] = 300 + t;
        if (t == last) s[0] = 5;
        __syncthreads();
        y[t] = s[7 - t], z[t] = pairs[7 - t] + 1000 * launches;
    }
    """
    y, z = np.zeros(8, np.uint8), np.zeros(8, np.uint16)
    path = write(f"// {order}: a library, and a count of launches, of its own" + source)
    emulator.launch(path, "kernel", 1, 8, [y, z, -1], check=True, order=order)
    np.testing.assert_array_equal(y, np.arange(8)[::-1])
    np.testing.assert_array_equal(z, 1300 + np.arange(8)[::-1])
    emulator.launch(path, "kernel", 1, 8, [y, z, -1], check=True, order=order)
    np.testing.assert_array_equal(z, 2300 + np.arange(8)[::-1])
    with pytest.raises(emulator.RaceError, match=r"writes shared s\[0\], which thread"):
        emulator.launch(path, "kernel", 1, 8, [y, z, 7], check=True, order=order)


def test_fast_mode_names_the_line_of_a_loop_that_the_compiler_dissolves(write):
    loop = "    while (v < 1.1e8f)\n        v += 1;\n"
    path = write("__global__ void kernel(float* y) {\n    float v = 1e8f;\n" + loop + "    *y = v;\n}")
    with pytest.raises(emulator.EndlessLoopError) as caught:
        emulator.launch(path, "kernel", 1, 1, [np.zeros(1, np.float32)], check=False, time_limit=0.05)
    assert caught.value.line in (3, 4)


def test_each_kind_has_its_kernels():
    kinds = [row[2].__name__ for row in WRONG]
    for kind in ("OutOfBoundsError", "RaceError", "DivergenceError", "UninitialisedError", "EndlessLoopError"):
        assert kinds.count(kind) >= 4, kind


rng = np.random.default_rng(0)
X, ROW = rng.standard_normal(1000).astype(np.float32), rng.standard_normal(256).astype(np.float32)
A, B = rng.standard_normal((37, 29)).astype(np.float32), rng.standard_normal((29, 43)).astype(np.float32)
WHOLE = rng.integers(0, 37, 192).astype(np.int32)
COUNT = np.zeros(1, np.uint32)
DISTANCES = np.array([0] + [1000] * 63, np.int32)
ROWS = X[:35].reshape(7, 5)
TURNED = np.concatenate([X[63::-1], X[64:128], X[191:127:-1]])

# grid, block, shared bytes, arguments; number of an argument and what it must hold in the end
RIGHT = {
    "last_block_sums": (7, 64, 0, [X, zeros(7), zeros(1), 1000], 2, X.sum()),
    "last_block_after_fences_of_all": (16, 64, 0, [X, zeros(1024), COUNT, zeros(1), 1000], 3, 2 * X.sum()),
    "last_block_after_one_fence": (16, 64, 0, [X, zeros(1024), COUNT, zeros(1), 1000], 3, 2 * X.sum()),
    "last_block_of_a_row": ((5, 7), 32, 0, [X[:35], zeros(35), int_zeros(7), zeros(7), 5], 3, ROWS.sum(1)),
    "lock_between_blocks": (10, 32, 0, [zeros(1), int_zeros(1)], 0, 45),
    "lock_within_a_warp": (2, 32, 0, [zeros(1)], 0, 2 * 31 * 16),
    "scan_along_blocks": (4, 64, 0, [ROW, zeros(256), zeros(4), int_zeros(4), int_zeros(1)], 1, ROW.cumsum()),
    "scan_in_two_buffers": (1, 256, 2048, [ROW, zeros(256), 256], 1, ROW.cumsum()),
    "scan_up_and_down": (1, 128, 1024, [ROW, zeros(256), 256], 1, ROW.cumsum() - ROW),
    "sum_by_the_last_warp": (1, 256, 0, [ROW, zeros(1)], 1, ROW.sum()),
    "one_barrier_for_two_buffers": (1, 64, 0, [ROW, zeros(256), 4], 1, ROW.reshape(4, 64)[:, ::-1].ravel()),
    "matrix_product_in_registers": ((2, 2), 64, 0, [A, B, zeros(37, 43), 37, 43, 29], 2, A @ B),
    "bitonic_sort": (1, 256, 0, [ROW], 0, np.sort(ROW)),
    "one_atomic_for_a_warp": (2, 64, 0, [WHOLE, int_zeros(100), int_zeros(1), 100], 2, (WHOLE[:100] > 20).sum()),
    "one_atomic_for_equal_values": (3, 64, 0, [WHOLE, int_zeros(37)], 1, np.bincount(WHOLE, minlength=37)),
    "maximum_by_compare_and_swap": (16, 64, 0, [X, np.full(1, -9, np.float32), 1000], 1, X.max()),
    "barrier_of_some_blocks": (5, 64, 0, [X[:192], zeros(192), 192], 1, TURNED),
    "sum_by_eight_lanes": (1, 256, 0, [ROW, zeros(1)], 1, ROW.sum()),
    "sum_of_a_block_twice": (1, 256, 0, [ROW, zeros(2), 256], 1, [ROW.sum(), (ROW * ROW).sum()]),
    "three_arrays_in_one": (
        1, 32, 77 * 13, [X[:77].astype(float), ints(77)[::-1].copy(), np.zeros(77), 77], 2, np.maximum(X[76::-1], 0),
    ),
    "loop_until_nobody_changes": (1, 64, 0, [DISTANCES, 64], 0, np.arange(64)),
    "shared_by_memset": (1, 4, 0, [zeros(4)], 0, 1),
}  # fmt: skip


@pytest.mark.parametrize("order", ["forward", "reverse", "random"])
@pytest.mark.parametrize("name", RIGHT)
def test_right_patterns_are_let_pass(name, order):
    grid, block, shared_bytes, arguments, place, expected = RIGHT[name]
    arguments = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    emulator.launch(FOLDER / "right_patterns.cu", name, grid, block, arguments, shared_bytes, check=True, order=order)
    expected = np.broadcast_to(expected, arguments[place].shape)
    np.testing.assert_allclose(arguments[place], expected, rtol=1e-4, atol=1e-3)


def test_every_pattern_is_run():
    assert list(kernels((FOLDER / "right_patterns.cu").read_text())) == list(RIGHT)
