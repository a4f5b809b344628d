"""The sum over slices in CUDA C++ against NumPy's."""

import numpy as np
import pytest
from kernels.on_device import MODES, TOLERANCE, numbers, on

from minitorch.kernels.cuda.convolution_implicit import sum_slices


@pytest.mark.parametrize("shape", [(1, 5), (2, 1), (3, 7, 2), (2, 256), (5, 257), (3, 768), (2, 2000)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_equals_numpy(shape, dtype, other_device):
    slices = numbers(shape, dtype)
    np.testing.assert_allclose(on(other_device, sum_slices, slices), slices.sum(0), **TOLERANCE[dtype])


@pytest.mark.parametrize("mode", MODES)
def test_in_every_order(mode, other_device):
    slices = numbers((4, 1000), "float32")
    np.testing.assert_allclose(on(other_device, sum_slices, slices, mode=mode), slices.sum(0), **TOLERANCE["float32"])
