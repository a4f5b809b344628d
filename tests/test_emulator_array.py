"""Arrays of the device "emulator": results keep the class, NumPy's arrays are refused, nothing written is NaN."""

import copy
import pickle

import numpy as np
import pytest

from minitorch.device import array_module, device, device_of, is_cuda, is_emulated, module_for, to_device, to_numpy
from minitorch.emulator_array import EmulatorArray, emulator_numpy

NUMBERS = np.arange(6, dtype=np.float32).reshape(2, 3) - 2

STAY = {
    "ufunc": lambda x: np.exp(x),
    "operator": lambda x: 2 - x * np.float32(3),
    "comparison": lambda x: x > 0,
    "in_place": lambda x: x.copy().__iadd__(1),
    "matmul": lambda x: x @ x.T,
    "accumulate": lambda x: np.add.accumulate(x, 0),
    "outer": lambda x: np.multiply.outer(x, x),
    "two_results": lambda x: np.divmod(x, 2)[1],
    "function": lambda x: np.where(x > 0, x, 0),
    "function_of_a_list": lambda x: np.concatenate([x, x]),
    "named_tuple": lambda x: np.linalg.svd(x)[1],
    "row": lambda x: x[0],
    "number": lambda x: x[1, 2],
    "number_by_arrays": lambda x: x[np.array(1), np.array(2)],
    "mask": lambda x: x[x > 0],
    "own_index": lambda x: x[(x > 0).nonzero()],
    "transposed": lambda x: x.T,
    "reshaped": lambda x: x.reshape(-1),
    "astype": lambda x: x.astype(np.float64),
    "copy": lambda x: x.copy(),
    "deepcopy": lambda x: copy.deepcopy(x),
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),
    "argsort": lambda x: x.argsort(),
    "clip": lambda x: x.clip(0, 1),
    **{
        name: lambda x, name=name: getattr(x, name)()
        for name in "sum mean var std max min prod any all argmax argmin cumsum trace round".split()
    },
    "sum_function": lambda x: np.sum(x),
    "sum_axis": lambda x: x.sum(axis=1, keepdims=True),
    "zero_dim_arithmetic": lambda x: x.sum() * 2 + x.mean(),
}


def emulated(array):
    return to_device(np.asarray(array), device("emulator"))


@pytest.mark.parametrize("call", STAY.values(), ids=STAY.keys())
def test_results_stay_on_the_emulator_and_are_numpys(call):
    x, expected = emulated(NUMBERS), np.asarray(call(NUMBERS))
    y = call(x)
    assert type(y) is EmulatorArray
    assert y.shape == expected.shape and y.dtype == expected.dtype
    np.testing.assert_array_equal(to_numpy(y), expected)


MIXED = {
    "ufunc": lambda x, n: np.add(x, n),
    "ufunc_left": lambda x, n: n * x,
    "in_place": lambda x, n: x.__iadd__(n),
    "into_numpy": lambda x, n: np.add(x, x, out=n),
    "into_emulator": lambda x, n: np.add(n, n, out=x),
    "function": lambda x, n: np.concatenate([x, n]),
    "condition": lambda x, n: np.where(n > 0, x, x),
    "keyword": lambda x, n: np.clip(x, a_min=n, a_max=None),
    "method": lambda x, n: x.dot(n.T),
    "setitem": lambda x, n: x.__setitem__(slice(None), n),
    "at": lambda x, n: np.add.at(x, 0, n[0]),
    "module": lambda x, n: emulator_numpy.where(x > 0, x, n),
    "module_alone": lambda x, n: emulator_numpy.sum(n),
}


@pytest.mark.parametrize("call", MIXED.values(), ids=MIXED.keys())
def test_numpys_arrays_are_refused(call):
    x = emulated(NUMBERS)
    with pytest.raises(TypeError, match="one device, got a NumPy array of shape .* beside one on the emulator"):
        call(x, NUMBERS.copy())
    np.testing.assert_array_equal(to_numpy(x), NUMBERS)


def test_indices_and_numbers_of_numpys_are_taken():
    x = emulated(NUMBERS)
    np.testing.assert_array_equal(to_numpy(x[np.array([1, 0])]), NUMBERS[[1, 0]])
    x[np.array([0]), np.array([1])] = np.float32(7)
    np.add.at(x, (np.array([0, 0]), np.array([1, 1])), 1)
    assert x[0, 1] == 9 and x[0, 1].item() == 9.0


def test_single_numbers_and_rows_share_the_memory():
    x = emulated(NUMBERS)
    x[0, 0][...] = 5
    x[1][:] = 6
    np.testing.assert_array_equal(to_numpy(x), [[5, -1, 0], [6, 6, 6]])
    assert [type(row) for row in x] == [EmulatorArray] * 2 and all(type(n) is EmulatorArray for n in x[0])


def test_moves_copy_and_stay_puts():
    plain = NUMBERS.copy()
    x = to_device(plain, device("emulator"))
    plain[0, 0] = 9
    assert x[0, 0] == -2 and to_device(x, device("emulator")) is x
    back = to_device(x, device("cpu"))
    assert type(back) is np.ndarray and type(to_numpy(x)) is np.ndarray and to_numpy(plain) is plain
    back[0, 0] = 9
    assert x[0, 0] == -2 and to_device(plain, device("cpu")) is to_device(plain, device("cpu:0")) is plain
    assert is_emulated(x) and not is_emulated(plain) and not is_cuda(x) and not hasattr(plain, "get")


def test_what_the_module_makes_is_on_the_emulator():
    xp = module_for(device("emulator"))
    assert xp is array_module(emulated(NUMBERS)) is emulator_numpy and array_module(NUMBERS) is np
    made = [xp.zeros((2, 3)), xp.full(2, 3.0), xp.arange(4), xp.array(NUMBERS), xp.asarray(NUMBERS), xp.eye(2),
            xp.ascontiguousarray(NUMBERS.T), xp.lib.stride_tricks.as_strided(xp.zeros(4), (2, 2), (8, 8)),
            xp.linalg.norm(xp.ones(3)), xp.stack([xp.ones(3)] * 2), xp.maximum(xp.ones(3), 2)]  # fmt: skip
    assert all(type(array) is EmulatorArray for array in made)
    x = xp.zeros((2, 3))
    assert xp.asarray(x) is x is xp.ascontiguousarray(x) and xp.asarray(x, np.float32).dtype == np.float32
    assert xp.ascontiguousarray(x.T).flags.c_contiguous and xp.float32 is np.float32 and xp.pi == np.pi
    assert xp.sum(x, axis=0, out=x[0]).base is not None
    with pytest.raises(AttributeError, match="no_such"):
        xp.no_such()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "int32", "uint8", "bool"])
@pytest.mark.parametrize("shape", [(2, 3), (), (0, 4), 5])
def test_memory_that_nobody_wrote_to_shows(dtype, shape):
    for x in (emulator_numpy.empty(shape, dtype), emulator_numpy.empty_like(emulator_numpy.zeros(shape, dtype))):
        assert type(x) is EmulatorArray and x.dtype == dtype and x.shape == np.empty(shape).shape
        assert np.isnan(x).all() if x.dtype.kind == "f" else x.all() if dtype == "bool" else (abs(x) > 60).all()


def test_the_device():
    place = device("emulator")
    assert str(place) == "emulator" and repr(place) == "device(type='emulator')" and place == device(place)
    assert device_of(emulated(NUMBERS)) == place != device("cpu") and device("emulator").index is None
    for wrong in (("emulator:0",), ("emulator", 0), ("emulated",), ("cuda:x",), ("cuda:1", 1)):
        with pytest.raises(RuntimeError, match="device: expected 'cpu', 'cuda', 'cuda:N' or 'emulator', got"):
            device(*wrong)
