"""Arrays of the device "emulator": NumPy's memory, kept as strictly apart from NumPy's arrays as a GPU's is.

The CUDA kernels run on them through `minitorch.kernels.emulator`. All else about them is NumPy, but code that works on
them works on CuPy's arrays: results keep the class down to single numbers, and a NumPy array beside one is an error.
"""

import types

import numpy as np

# From these CuPy's functions of the same name make an array on the GPU; all others refuse a NumPy array.
FROM_NUMPY = {"array", "asarray", "ascontiguousarray"}


class EmulatorArray(np.ndarray):
    """An array on the device "emulator"."""

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **kwargs):
        # `ufunc.at` takes an index second, and there NumPy's arrays may stand.
        _refuse_numpy(ufunc.__name__, (inputs[0], *inputs[2:]) if method == "at" else inputs)
        _refuse_numpy(ufunc.__name__, out)
        if out:
            kwargs["out"] = _plain(out)
        result = getattr(ufunc, method)(*_plain(inputs), **_plain(kwargs))
        return (out[0] if len(out) == 1 else out) if out else _emulated(result)

    def __array_function__(self, function, types, args, kwargs):
        return _call(function, args, kwargs)

    def __getitem__(self, index):
        index = _plain(index)
        item = self.view(np.ndarray)[index]
        if isinstance(item, np.generic):  # an array of no dimensions in place of a NumPy number, on the same memory
            item = self.view(np.ndarray)[(*(index if isinstance(index, tuple) else (index,)), ...)]
        return item.view(EmulatorArray)

    def __setitem__(self, index, value):
        _refuse_numpy("setitem", (value,))
        self.view(np.ndarray)[_plain(index)] = _plain(value)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def get(self):
        """A copy in host memory, as CuPy's method of this name gives."""
        return np.array(self)


def _through(name):
    """The method of NumPy's arrays with a result that stays on the emulator."""

    def method(self, *args, **kwargs):
        return _call(getattr(np.ndarray, name), (self, *args), kwargs)

    method.__name__, method.__doc__ = name, getattr(np.ndarray, name).__doc__
    return method


for _name in (
    "all any argmax argmin argpartition argsort choose clip compress cumprod cumsum diagonal dot max mean min nonzero "
    "prod repeat round searchsorted std sum take trace var"
).split():
    setattr(EmulatorArray, _name, _through(_name))


def _plain(value):
    """A value with every emulator array in it as a NumPy array on the same memory."""
    if isinstance(value, EmulatorArray):
        return value.view(np.ndarray)
    if isinstance(value, (tuple, list)):
        return type(value)(map(_plain, value)) if type(value) in (tuple, list) else tuple(map(_plain, value))
    return {key: _plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def _emulated(value):
    """A result of NumPy's with every array and number in it as an emulator array."""
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if isinstance(value, np.ndarray):
        return value.view(EmulatorArray)
    if isinstance(value, list):
        return list(map(_emulated, value))
    if isinstance(value, tuple):
        items = map(_emulated, value)
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return value


def _refuse_numpy(name, values):
    """Raise where a NumPy array stands among the arguments, as CuPy does."""
    for value in values:
        if isinstance(value, (tuple, list)):
            _refuse_numpy(name, value)
        elif isinstance(value, np.ndarray) and not isinstance(value, EmulatorArray):
            raise TypeError(
                f"{name}: all arrays must be on one device, got a NumPy array of shape {value.shape} beside one on the "
                "emulator"
            )


def _call(function, args, kwargs):
    """A function of NumPy's on emulator arrays."""
    name = getattr(function, "__name__", str(function))
    if name not in FROM_NUMPY:
        _refuse_numpy(name, (*args, *kwargs.values()))
    out = kwargs.get("out")
    result = function(*_plain(args), **_plain(kwargs))
    return result if result is None else _emulated(result) if out is None else out


class EmulatorNumPy:
    """A module's functions for arrays on the emulator: what they make lives there, as what CuPy makes is on the GPU."""

    def __init__(self, module):
        self._module = module

    def __getattr__(self, name):
        value = getattr(self._module, name)
        if isinstance(value, types.ModuleType):
            value = EmulatorNumPy(value)
        elif callable(value) and not isinstance(value, (type, np.ufunc)):
            function = value

            def value(*args, **kwargs):
                return _call(function, args, kwargs)

        setattr(self, name, value)
        return value

    def asarray(self, array, dtype=None):
        """The array itself where it is one of the emulator and of that type, else a copy of the data."""
        if isinstance(array, EmulatorArray):
            return array if dtype is None else array.astype(dtype, copy=False)
        return np.array(array, dtype=dtype).view(EmulatorArray)

    def ascontiguousarray(self, array, dtype=None):
        """The array itself where it is contiguous and of that type, else a copy."""
        array = self.asarray(array, dtype)
        return array if array.flags.c_contiguous else array.copy()

    def empty(self, shape, dtype=float):
        """Memory that nobody has written to: NaN everywhere, integers absurd, so that a read of it shows."""
        array = np.empty(shape, dtype)
        if array.dtype.kind == "f":
            array.fill(np.nan)
        elif array.dtype.kind == "b":
            array.fill(True)
        else:
            array.reshape(-1).view(np.uint8).fill(0xBD)
        return array.view(EmulatorArray)

    def empty_like(self, array, dtype=None):
        """`empty` in the shape and type of an array."""
        return self.empty(array.shape, array.dtype if dtype is None else dtype)


emulator_numpy = EmulatorNumPy(np)
