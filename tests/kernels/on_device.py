"""Calling functions of `kernels.cuda` with NumPy arrays, on the emulator in each of its modes or on a GPU."""

import contextlib

import numpy as np
from hypothesis import HealthCheck, settings

import minitorch
from minitorch.device import to_device, to_numpy
from minitorch.kernels import emulator

MODES = {
    "check": {"check": True},
    "check reversed": {"check": True, "order": "reverse"},
    "check random": {"check": True, "order": "random", "seed": 1},
    "fast": {"check": False},
    "fast reversed": {"check": False, "order": "reverse"},
}
# A fixture that names a device or sets a constant may stay over the examples of one test.
quick = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
TOLERANCE = {"float32": {"rtol": 2e-4, "atol": 2e-4}, "float64": {"rtol": 1e-9, "atol": 1e-9}}


def on(device, function, *arguments, mode="check", **settings):
    """The function's result, as NumPy arrays, for arguments of which the arrays are moved to the device."""

    def there(value):
        return to_device(value, minitorch.device(device)) if isinstance(value, np.ndarray) else value

    with emulator.checking(**MODES[mode]) if device == "emulator" else contextlib.nullcontext():
        results = function(*map(there, arguments), **{key: there(value) for key, value in settings.items()})
    if isinstance(results, tuple):
        return tuple(None if a is None else to_numpy(a) for a in results)
    return to_numpy(results)


def close(found, expected, dtype):
    """The arrays agree as well as the type allows, have this type and the same shapes; None stands for None."""
    for a, b in zip(found, expected, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert a.dtype == dtype and a.shape == b.shape
            np.testing.assert_allclose(a, b, **TOLERANCE[dtype])


def numbers(shape, dtype, seed=0, scale=1.0, offset=0.0):
    """Normal random numbers."""
    return (np.random.default_rng(seed).standard_normal(shape) * scale + offset).astype(dtype)


def transposed_memory(x):
    """The same numbers in memory of another order."""
    return np.asfortranarray(x) if x.ndim > 1 else x
