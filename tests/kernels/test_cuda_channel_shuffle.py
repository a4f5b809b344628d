"""Channel shuffle in CUDA C++, and its CPU twin, against a plain loop over the channels."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from kernels.on_device import MODES, numbers, on, quick, transposed_memory

from minitorch.kernels import cpu, cuda
from minitorch.kernels.cuda import launcher


def shuffled(x, groups):
    y, each = np.empty_like(x), x.shape[1] // groups
    for g in range(groups):
        for k in range(each):
            y[:, k * groups + g] = x[:, g * each + k]
    return y


def check(kernels, x, groups, device, mode="check"):
    """Forth by any route, and back by the inverse; nothing is computed, so every bit is the same."""
    y = on(device, kernels.channel_shuffle, x, groups, mode=mode)
    assert y.dtype == x.dtype and y.flags.c_contiguous
    np.testing.assert_array_equal(y, shuffled(x, groups))
    back = on(device, kernels.channel_shuffle, y, x.shape[1] // groups, mode=mode)
    np.testing.assert_array_equal(back, x)


@pytest.mark.parametrize("blocks", [1, 3, 100])
@pytest.mark.parametrize("shape, groups", [
    ((1, 1, 1), 1), ((2, 6, 3, 3), 3), ((3, 6, 2), 2), ((13, 10, 7, 5), 5), ((9, 35, 5, 9), 7), ((2, 4, 1), 4),
])  # fmt: skip
def test_equals_loop(shape, groups, blocks, device, monkeypatch):
    monkeypatch.setattr(launcher, "EMULATED_BLOCKS", blocks)
    check(cpu if device == "cpu" else cuda, numbers(shape, "float32"), groups, device)


@pytest.mark.parametrize("dtype", ["float64", "float16", "int64", "int32", "uint8", "bool"])
def test_any_type(dtype, device):
    x = numbers((3, 6, 2, 5), "float64", scale=99.0).astype(dtype)
    check(cpu if device == "cpu" else cuda, x, 2, device)


def test_bits_that_are_no_number_stay(device):
    x = np.random.default_rng(0).integers(0, 2**32, (2, 6, 5), np.uint32).astype(np.int32)
    x[0, :, 0] = 0x7F800001  # as float32 a NaN that arithmetic would change
    check(cpu if device == "cpu" else cuda, x, 3, device)


@quick
@given(
    st.tuples(st.integers(0, 9), st.integers(1, 3), st.integers(1, 4), st.integers(1, 4)), st.integers(1, 4),
    st.sampled_from(sorted(MODES)), st.booleans(),
)  # fmt: skip
def test_any_shape(other_device, shape, groups, mode, transposed):
    x = numbers((shape[0], shape[1] * groups, *shape[2:]), "float32")
    x = transposed_memory(x) if transposed else x
    check(cuda, x, groups, other_device, mode)
    check(cpu, x, groups, "cpu")
