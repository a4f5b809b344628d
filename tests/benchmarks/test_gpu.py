"""The benchmark of the GPU without a GPU: its cases on the emulator, its arithmetic, its report."""

import itertools
import types

import gpu
import gpu_cases
import numpy as np
import pytest

from minitorch.device import device, is_emulated, to_device, to_numpy
from minitorch.emulator_array import emulator_numpy
from minitorch.kernels import cuda, emulator
from minitorch.kernels.cuda import launcher
from minitorch.kernels.signature import kernels

BY_NAME = {case.name: case for case in gpu_cases.CASES}


def put(array):
    return to_device(array, device("emulator"))


@pytest.fixture
def runs_kernels():
    if emulator.why_not():
        pytest.skip(f"needs emulator: {emulator.why_not()}")


@pytest.mark.parametrize("case", gpu_cases.CASES, ids=lambda case: case.name)
def test_here_and_in_pytorch_the_same_is_computed(case, runs_kernels):
    torch = pytest.importorskip("torch", reason="needs torch")
    arrays = case.arrays(small=True)
    mine = case.ours(cuda, gpu.moved(arrays, put))()
    theirs = case.theirs(torch, gpu.moved(arrays, lambda array: torch.from_numpy(array.copy())))()
    assert is_emulated(gpu.first(mine))
    expected = gpu.first(theirs).detach().numpy()
    assert case.equal(to_numpy(gpu.first(mine)), expected)
    assert not case.equal(to_numpy(gpu.first(mine)) + 0.01 * np.abs(expected).max(), expected)


@pytest.mark.parametrize("case", gpu_cases.CASES, ids=lambda case: case.name)
def test_measured_sizes_are_the_small_ones_made_large(case):
    assert case.sizes.keys() == case.small.keys() and len(BY_NAME) == len(gpu_cases.CASES)
    assert set(case.whole) <= case.sizes.keys()
    for name, shape in case.sizes.items():
        assert len(shape) == len(case.small[name]) and np.prod(shape) >= np.prod(case.small[name])
    assert set(case.traffic.split()) - {"+y"} <= case.sizes.keys()
    numbers = sum(int(np.prod(shape)) for shape in case.sizes.values())
    assert numbers < 2**28, "inputs beyond 1 GB"
    assert case.flops or 4 * numbers > 2**26, "so small that it stays in a GPU's cache"


def test_every_kernel_is_measured(runs_kernels, monkeypatch):
    started = set()
    monkeypatch.setattr(emulator, "launch", lambda path, kernel, *rest, **settings: started.add(kernel))
    for case in gpu_cases.CASES:
        case.ours(cuda, gpu.moved(case.arrays(small=True), put))()
    every = {name for path in launcher.SOURCE.glob("*.cu") for name in kernels(path.read_text())}
    assert not every - started


def test_floors():
    shape = gpu_cases.PLANES
    numbers = np.prod(shape)
    arrays = types.SimpleNamespace(x=np.broadcast_to(np.float32(0), shape), w=np.zeros(shape[1], np.float32))
    forward = BY_NAME["batch norm, training"]
    assert forward.least_bytes(arrays, arrays.x) == 3 * 4 * numbers
    assert forward.floor_seconds(arrays, (arrays.x, None), 1e12, 1e13) == (3 * 4 * numbers / 1e12, "memory")
    convolution = BY_NAME["convolution 64->64"]
    arrays = convolution.arrays(small=True)
    result = np.zeros((2, 4, 5, 4), np.float32)  # 3 channels of 3 x 3 under each of 2 * 4 * 20 numbers
    flops, nbytes = 2 * 160 * 27, 4 * (2 * 3 * 20 + 4 * 3 * 9 + 160)
    assert convolution.flops(arrays) == flops and convolution.least_bytes(arrays, result) == nbytes
    assert convolution.floor_seconds(arrays, result, 1e9, 1e9) == (flops / 1e9, "arithmetic")
    assert convolution.floor_seconds(arrays, result, 1e9, 1e12) == (nbytes / 1e9, "memory")
    strided = BY_NAME["depthwise convolution /2"]
    assert strided.sizes["grad"] == (64, 256, 28, 28) and strided.small["grad"] == (3, 6, 4, 3)


class Clock:
    """Events on a clock that a call moves on by the next of the given milliseconds."""

    def __init__(self, *milliseconds):
        self.now, self.steps, self.calls = 0.0, itertools.cycle(milliseconds), 0

    def run(self):
        self.calls += 1
        self.now += next(self.steps)

    def event(self):
        event = types.SimpleNamespace(at=None, synchronize=lambda: None)
        event.record = lambda: setattr(event, "at", self.now)
        return event

    @staticmethod
    def elapsed(start, stop):
        return stop.at - start.at


def test_the_median_of_calls():
    slow = Clock(10.0, 20.0, 90.0)
    assert gpu.median_ms(slow.run, slow.event, slow.elapsed, 7) == 20.0 and slow.calls == 6 + 7
    quick = Clock(0.5)
    assert gpu.median_ms(quick.run, quick.event, quick.elapsed, 3) == 0.5 and quick.calls == 6 + 3 * 10
    nothing = Clock(0.0)
    assert gpu.median_ms(nothing.run, nothing.event, nothing.elapsed, 1) == 0 and nothing.calls == 6 + gpu.MOST_CALLS


@pytest.mark.parametrize("ms, torch_ms, bound, goal, reached", [
    (1.0, 1.0, "memory", 1.0, "yes"), (1.0, 0.9, "memory", 1.0, "no"), (1.0, 0.9, "memory", 1.5, "yes"),
    (1.5, 9.0, "memory", 1.0, "no"), (1.5, 9.0, "arithmetic", 1.0, "yes"), (1.0, None, "memory", 1.0, "yes"),
])  # fmt: skip
def test_verdicts(ms, torch_ms, bound, goal, reached):
    row = {"name": "k", "ms": ms, "floor_ms": 0.9, "bound": bound, "goal": goal}
    row |= {} if torch_ms is None else {"torch_ms": torch_ms}
    assert gpu.verdict(row) == reached
    cells = [cell.strip() for cell in gpu.report([row], ["- a line"]).splitlines()[-1].strip("|").split("|")]
    assert len(cells) == 9 and cells[0] == "k" and cells[3] == f"{0.9 / ms:.0%}" and cells[-1] == reached
    assert cells[5:7] == (["", ""] if torch_ms is None else [f"{torch_ms:.3f}", f"{ms / torch_ms:.2f}"])


@pytest.fixture
def stand_in(monkeypatch):
    """CuPy's names that the benchmark uses, on the emulator, with a clock of one millisecond a call."""
    clock = Clock(1.0)
    properties = {"name": b"A Fine GPU", "major": 8, "minor": 0, "multiProcessorCount": 108}
    runtime = types.SimpleNamespace(
        getDeviceProperties=lambda index: properties, runtimeGetVersion=lambda: 13010, driverGetVersion=lambda: 13020
    )
    cuda_names = types.SimpleNamespace(Event=clock.event, get_elapsed_time=lambda a, b: 1.0, runtime=runtime)
    cuda_names.Device = lambda: types.SimpleNamespace(id=0)
    pool = types.SimpleNamespace(free_all_blocks=lambda: None)
    cupy = types.SimpleNamespace(
        cuda=cuda_names, asarray=emulator_numpy.asarray, ones=emulator_numpy.ones, copyto=np.copyto, matmul=np.matmul,
        empty_like=emulator_numpy.empty_like, asnumpy=to_numpy, float32=np.float32, __version__="14.0",
        get_default_memory_pool=lambda: pool,
    )  # fmt: skip
    monkeypatch.setattr(gpu, "load_cupy", lambda: cupy)
    monkeypatch.setattr(gpu, "find_torch", lambda: None)
    monkeypatch.setattr(gpu, "MATRIX", 64)
    monkeypatch.setattr(gpu, "COPIED", 4096)
    small = gpu_cases.Case.arrays
    monkeypatch.setattr(gpu_cases.Case, "arrays", lambda case: small(case, small=True))


def test_a_whole_run_leaves_a_dated_report(stand_in, runs_kernels, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("sys.argv", ["gpu.py", "--output", str(tmp_path / "results"), "--rounds", "2"])
    gpu.main()
    (path,) = (tmp_path / "results").iterdir()
    text = path.read_text()
    assert path.name.startswith("gpu-20") and path.name.endswith("-a-fine-gpu.md")
    printed = capsys.readouterr().out
    for words in ("A Fine GPU, compute capability 8.0, 108 ", "CUDA 13.1, driver 13020, CuPy 14.0, PyT", " GB/s, "):
        assert words in text and words in printed
    assert all(f"| {name} |" in text for name in BY_NAME)


def test_a_part_writes_nothing(stand_in, runs_kernels, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("sys.argv", ["gpu.py", "--output", str(tmp_path), "--only", "shuffle"])
    gpu.main()
    assert not list(tmp_path.iterdir()) and capsys.readouterr().out.count("| memory |") == 1
