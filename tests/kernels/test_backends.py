"""The two sets of kernels: the same names with the same arguments, and which arrays take which."""

import inspect

import numpy as np
import pytest

from minitorch.device import device, to_device
from minitorch.kernels import backend, cpu, cuda


def test_same_names():
    assert sorted(cpu.__all__) == sorted(cuda.__all__)


@pytest.mark.parametrize("name", sorted(set(cpu.__all__) | set(cuda.__all__)))
def test_same_arguments(name):
    assert inspect.signature(getattr(cpu, name)) == inspect.signature(getattr(cuda, name))


def test_the_array_chooses():
    array = np.zeros(2)
    assert backend(array) is cpu and backend(to_device(array, device("emulator"))) is cuda
