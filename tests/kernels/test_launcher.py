"""The launcher: what it refuses and says, and what it hands to CuPy (a stand-in for it) and to the emulator."""

import sys
import types

import numpy as np
import pytest

from minitorch.device import device, is_emulated, to_device
from minitorch.kernels.cuda import launcher

TEXT = """
#ifndef real
#define real float
#endif
extern "C" __global__ void scale(const real* __restrict__ x, real* y, const int* places, real factor, float small,
                                 int count, long long n, bool flag, unsigned char* mask) {
    for (long long i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        y[i] = flag ? x[i] * factor : x[i] + small + count;
}
extern "C" __global__ void fill(int* y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = i;
}
"""


class GPUArray(np.ndarray):
    """Stands in for cupy.ndarray."""

    index = 0
    device = property(lambda self: Device(self.index))


class Device:
    """Stands in for cupy.cuda.Device; keeps the order in which devices are entered and left."""

    log = []

    def __init__(self, id):
        self.id = id

    def __eq__(self, other):
        return self.id == other.id

    def __enter__(self):
        self.log.append(self.id)

    def __exit__(self, *error):
        self.log.append(None)


class Function:
    """Stands in for a kernel: keeps its launches, fails with what the test puts into `error`."""

    def __init__(self, module, name):
        self.module, self.name, self.launches, self.error = module, name, [], None
        self.shared_size_bytes, self.max_dynamic_shared_size_bytes = 1024, 48 * 1024

    def __call__(self, grid, block, arguments, *, shared_mem):
        if self.error:
            raise self.error
        self.launches.append((grid, block, arguments, shared_mem))


class RawModule:
    """Stands in for cupy.RawModule."""

    made = []

    def __init__(self, code, options):
        self.code, self.options, self.functions = code, options, {}
        self.made.append(self)

    def get_function(self, name):
        return self.functions.setdefault(name, Function(self, name))


class Stream:
    waits, error = 0, None

    @classmethod
    def synchronize(cls):
        cls.waits += 1
        if cls.error:
            raise cls.error


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A folder of kernels in place of the package's."""
    (tmp_path / "trial.cu").write_text(TEXT)
    monkeypatch.setattr(launcher, "SOURCE", tmp_path)
    for cached in (launcher._source, launcher._function, launcher._module, launcher._multiprocessors):
        cached.cache_clear()
    yield tmp_path
    launcher._source.cache_clear()


@pytest.fixture
def gpu(source, monkeypatch):
    """A stand-in for CuPy; returns a function that puts an array on a device."""
    properties = types.SimpleNamespace(getDeviceProperties=lambda index: {"multiProcessorCount": 7 + index})
    cuda = types.SimpleNamespace(get_current_stream=lambda: Stream, runtime=properties)
    module = types.ModuleType("cupy")
    vars(module).update(ndarray=GPUArray, RawModule=RawModule, cuda=cuda, empty=np.empty, zeros=np.zeros)
    monkeypatch.setitem(sys.modules, "cupy", module)
    monkeypatch.setattr(RawModule, "made", [])
    monkeypatch.setattr(Device, "log", [])
    monkeypatch.setattr(Stream, "waits", 0)
    monkeypatch.delenv("MINITORCH_CUDA_SYNC", raising=False)

    def put(array, index=0):
        array = np.asarray(array).view(GPUArray)
        array.index = index
        return array

    return put


def emulated(array):
    return to_device(np.asarray(array), device("emulator"))


def arguments(put, dtype=np.float32, n=5):
    arrays = [put(np.arange(n, dtype=dtype)), put(np.zeros(n, dtype)), put(np.zeros(2, np.int32))]
    return [*arrays, 2, 1.5, 3, n, True, None]


def launch_scale(values, grid=2, block=4, **settings):
    launcher.launch("trial", "scale", grid, block, *values, **settings)


@pytest.mark.parametrize("dtype, real", [(np.float32, "float"), (np.float64, "double")])
def test_numbers_reach_cuda_in_the_declared_types(gpu, dtype, real):
    values = arguments(gpu, dtype)
    launch_scale(values, grid=(2, 3), block=4)
    (module,) = RawModule.made
    assert module.code == TEXT and module.options == ("--std=c++17", f"-Dreal={real}")
    ((grid, block, given, shared),) = module.functions["scale"].launches
    assert (grid, block, shared) == ((2, 3, 1), (4, 1, 1), 0)
    assert given[0] is values[0] and given[1] is values[1] and given[2] is values[2]
    types_given = [type(v) for v in given[3:]]
    assert types_given == [dtype, np.float32, np.int32, np.int64, np.bool_, np.uint64]
    assert list(given[3:]) == [2, 1.5, 3, 5, True, 0]


def test_compiled_once_for_each_type_and_device(gpu):
    for _ in range(2):
        launch_scale(arguments(gpu))
        launch_scale(arguments(gpu, np.float64))
        launch_scale(arguments(lambda a: gpu(a, 1)))
        launcher.launch("trial", "fill", 1, 4, gpu(np.zeros(3, np.int32)), 3)
    assert [m.options[1] for m in RawModule.made] == ["-Dreal=float", "-Dreal=double", "-Dreal=float"]
    assert [i for i in Device.log if i is not None] == [0, 0, 1, 0] * 2
    assert len(RawModule.made[0].functions["fill"].launches) == 2


def test_much_shared_memory_is_asked_for(gpu):
    launch_scale(arguments(gpu), shared_bytes=47 * 1024)
    function = RawModule.made[0].functions["scale"]
    assert function.max_dynamic_shared_size_bytes == 48 * 1024
    launch_scale(arguments(gpu), shared_bytes=47 * 1024 + 1)
    assert function.max_dynamic_shared_size_bytes == 47 * 1024 + 1 == function.launches[-1][3]


@pytest.mark.parametrize("setting, waits", [(None, 0), ("0", 0), ("", 0), ("1", 1)])
def test_the_environment_makes_each_launch_wait(gpu, monkeypatch, setting, waits):
    if setting is not None:
        monkeypatch.setenv("MINITORCH_CUDA_SYNC", setting)
    launch_scale(arguments(gpu))
    assert Stream.waits == waits


def test_a_kernel_that_fails_is_named(gpu, monkeypatch):
    launch_scale(arguments(gpu))
    RawModule.made[0].functions["scale"].error = OSError("too many resources")
    with pytest.raises(RuntimeError, match=r"kernel scale of trial.cu failed, started with grid \(2, 1, 1\), block "
                                           r"\(4, 1, 1\) and 0 bytes .*too many resources.*MINITORCH_CUDA_SYNC=1"):
        launch_scale(arguments(gpu))
    RawModule.made[0].functions["scale"].error = None
    monkeypatch.setenv("MINITORCH_CUDA_SYNC", "1")
    monkeypatch.setattr(Stream, "error", OSError("illegal address"))
    with pytest.raises(RuntimeError, match="kernel scale of trial.cu failed.*: illegal address$"):
        launch_scale(arguments(gpu))
    assert Device.log[-1] is None


def test_an_empty_grid_starts_nothing(gpu):
    launch_scale(arguments(gpu, n=0), grid=launcher.grid_for(0))
    assert not RawModule.made
    with pytest.raises(TypeError):
        launch_scale(arguments(gpu)[:-1], grid=0)


def changed(position, value):
    def change(put):
        values = arguments(put)
        values[position] = value(put) if callable(value) else value
        return values

    return change


BAD = {
    "too_few": (lambda put: arguments(put)[:-1], TypeError, r"scale: takes 9 arguments \(const real\* x, .*\), got 8"),
    "dtype": (changed(2, lambda put: put(np.zeros(2, np.int64))), TypeError,
              r"const int\* places must be a contiguous array of int32 on the GPU or the emulator, got int64 of shape"),
    "real": (changed(1, lambda put: put(np.zeros(5))), TypeError, r"real\* y must be .* float32 .*, got float64"),
    "half": (changed(0, lambda put: put(np.zeros(5, np.float16))), TypeError, "float32 or float64, got float16"),
    "strides": (changed(1, lambda put: put(np.zeros((5, 2), np.float32))[:, 0]), ValueError,
                r"y must be a contiguous array .* strides \(8,\) bytes; use contiguous\(\)"),
    "numpy": (changed(1, np.zeros(5, np.float32)), TypeError, r"y must be .* on the GPU or the emulator, got ndarray"),
    "list": (changed(0, lambda put: [1.0, 2.0]), TypeError, r"x must be .*, got list"),
    "no_array": (lambda put: [None, None, None, 2, 1.5, 3, 5, True, None], TypeError, "at least one array is needed"),
    "fraction": (changed(5, 3.5), TypeError, "scale: int count must be an integer, got float"),
    "text": (changed(4, "1"), TypeError, "float small must be a number, got str"),
    "array_for_number": (changed(3, lambda put: put(np.float32(2))), TypeError, "real factor must be a number, got"),
    "too_large": (changed(5, 2**31), ValueError, "scale: 2147483648 does not fit into int count"),
    "negative": (changed(6, -(2**63) - 1), ValueError, "does not fit into long long n"),
    "flag": (changed(7, 0.5), TypeError, "bool flag must be an integer, got float"),
}  # fmt: skip


@pytest.mark.parametrize("where", ["gpu", "emulator"])
@pytest.mark.parametrize("make, error, words", BAD.values(), ids=BAD.keys())
def test_bad_arguments_are_refused_before_anything_starts(gpu, where, make, error, words):
    with pytest.raises(error, match=words):
        launch_scale(make(gpu if where == "gpu" else emulated))
    assert not RawModule.made


@pytest.mark.parametrize("second", [lambda gpu, a: gpu(a, 1), lambda gpu, a: emulated(a)])
def test_two_devices_are_refused(gpu, second):
    values = arguments(gpu)
    values[1] = second(gpu, np.zeros(5, np.float32))
    with pytest.raises(ValueError, match="scale: all arrays must be on one device, got cuda:0 and (cuda:1|emulator)"):
        launch_scale(values)


@pytest.mark.parametrize("grid, block, words", [
    (-1, 4, "grid"), (2.0, 4, "grid"), ((1, 2, 3, 4), 4, "grid"), ((1, 70000), 4, "grid"), (2**31, 4, "grid"),
    (1, 0, "block"), (1, 1025, "block"), (1, (1, 1, 65), "block"), (1, (32, 33), "at most 1024 threads"),
])  # fmt: skip
def test_bad_sizes(gpu, grid, block, words):
    with pytest.raises(ValueError, match=f"scale: .*{words}"):
        launch_scale(arguments(gpu), grid, block)


def test_unknown_names(source):
    with pytest.raises(ValueError, match="trial.cu has no kernel 'scales'; it has scale, fill"):
        launcher.launch("trial", "scales", 1, 1)
    with pytest.raises(ValueError, match="there is no file .*nothing.cu"):
        launcher.launch("nothing", "scale", 1, 1)


def test_grids(gpu):
    assert launcher.grid_for(0) == 0 and launcher.grid_for(1) == 1 and launcher.grid_for(257) == 2
    assert launcher.grid_for(65, 32) == 3 and launcher.grid_for(2**40) == 65535
    assert launcher.grid_for(10**9, like=gpu(np.zeros(1))) == 7 * 32 and launcher.grid_for(300, like=gpu([0])) == 2
    assert launcher.grid_for(10**9, like=gpu(np.zeros(1), 1)) == 8 * 32
    assert launcher.grid_for(10**9, like=emulated(0)) == 3 and launcher.grid_for(300, like=emulated(0)) == 2


def test_arrays_like_another(gpu):
    x = emulated(np.zeros((2, 3), np.float32))
    y = launcher.empty((4, 2), np.float32, x)
    assert is_emulated(y) and y.shape == (4, 2) and np.isnan(y).all()
    assert (launcher.empty(3, np.int32, x) < -1).all() and launcher.zeros(3, np.float64, like=x).tolist() == [0, 0, 0]
    assert launcher.contiguous(x) is x and launcher.contiguous(None) is None
    turned = launcher.contiguous(x.T)
    assert turned.flags.c_contiguous and turned.shape == (3, 2) and is_emulated(turned)
    assert type(launcher.zeros(3, np.float32, like=gpu(np.zeros(1), 1))) is np.ndarray and Device.log == [1, None]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_runs_on_the_emulator(source, dtype):
    if launcher.emulator.why_not():
        pytest.skip(f"needs emulator: {launcher.emulator.why_not()}")
    values = arguments(emulated, dtype, 11)
    launch_scale(values)
    assert values[1].tolist() == [2.0 * i for i in range(11)]
    values[7] = False
    launch_scale(values, grid=(1,), block=(16,))
    assert values[1].tolist() == [i + 4.5 for i in range(11)] and values[1].dtype == dtype
