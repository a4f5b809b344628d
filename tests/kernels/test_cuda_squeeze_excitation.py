"""The scaling of squeeze-and-excitation in CUDA C++, and its CPU twin, against products in float64."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from kernels.on_device import MODES, close, numbers, on, quick, transposed_memory

from minitorch.kernels import cpu, cuda
from minitorch.kernels.cuda import launcher


def check(kernels, shape, dtype, device, mode="check", layout=np.ascontiguousarray):
    x, grad, gate = numbers(shape, dtype), numbers(shape, dtype, 1), numbers(shape[:2], dtype, 2)
    wide = gate.reshape(*gate.shape, *[1] * (x.ndim - 2)).astype(np.float64)
    expected = grad * wide, (grad.astype(np.float64) * x).sum(axis=tuple(range(2, x.ndim)))
    close([on(device, kernels.channel_scale, layout(x), layout(gate), mode=mode)], [x * wide], dtype)
    close(on(device, kernels.channel_scale_grad, layout(grad), layout(x), layout(gate), mode=mode), expected, dtype)


@pytest.mark.parametrize("shape", [
    (1, 1), (2, 3), (3, 5, 1, 1), (5, 3, 2), (2, 5, 3), (1, 3, 5, 3), (3, 3, 7, 5), (1, 1, 31, 29), (7, 37, 2, 2),
    (1, 130, 33), (2, 1, 300), (1, 1, 64), (0, 3, 2, 2), (2, 3, 0),
])  # fmt: skip
def test_equals_products(shape, device):
    check(cpu if device == "cpu" else cuda, shape, "float64", device)


@pytest.mark.parametrize("blocks", [1, 2, 100])
def test_any_number_of_blocks(blocks, other_device, monkeypatch):
    monkeypatch.setattr(launcher, "EMULATED_BLOCKS", blocks)
    for shape in ((1, 2, 601), (5, 31, 5, 5)):
        check(cuda, shape, "float32", other_device)


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "check"])
def test_order_of_threads_does_not_matter(mode, other_device):
    for shape in ((3, 3, 7, 5), (5, 3, 2)):
        check(cuda, shape, "float32", other_device, mode, layout=transposed_memory)


@quick
@given(
    st.tuples(st.integers(1, 5), st.integers(1, 9), st.integers(1, 7), st.integers(1, 9)),
    st.sampled_from(["float32", "float64"]), st.sampled_from(sorted(MODES)),
)  # fmt: skip
def test_any_shape(other_device, shape, dtype, mode):
    check(cuda, shape, dtype, other_device, mode)
    check(cpu, shape, dtype, "cpu", layout=transposed_memory)


def test_half(other_device):
    x, gate = numbers((1, 2, 5), "float16"), np.array([[2, 0.5]], np.float16)
    y = on(other_device, cuda.channel_scale, x, gate)
    assert y.dtype == np.float16
    np.testing.assert_array_equal(y, x * gate[:, :, None])
