"""Runs of an optimizer on given gradients, in minitorch or in PyTorch, for the tests of optimizers."""

import numpy as np
import pytest
from hypothesis import strategies as st

import minitorch
from minitorch import nn, optim
from minitorch.tensor import Tensor

SHAPES = [(), (1,), (3, 4), (0, 2)]
TOLERANCE = {"float64": {"rtol": 1e-12, "atol": 1e-12}, "float32": {"rtol": 2e-5, "atol": 2e-5}}


class Ours:
    """minitorch, behind the few names that a run needs."""

    optim = optim

    @staticmethod
    def parameter(array):
        return nn.Parameter(Tensor(array.copy()))

    @staticmethod
    def tensor(array):
        return Tensor(array.copy())

    @staticmethod
    def array(tensor):
        return tensor.array


class Theirs:
    """PyTorch, behind the same names."""

    def __init__(self):
        self.torch = pytest.importorskip("torch", reason="needs torch")
        self.optim = self.torch.optim

    def parameter(self, array):
        return self.torch.nn.Parameter(self.torch.tensor(array))

    def tensor(self, array):
        return self.torch.tensor(array)

    def array(self, tensor):
        return tensor.detach().numpy()


class Run:
    """An optimizer with parameters of its own.

    The first parameter makes up the first group, the others the second one, which has options of its own.
    """

    def __init__(self, side, name, start, options, group_options):
        self.side = side
        self.parameters = [side.parameter(array) for array in start]
        groups = [{"params": self.parameters[:1]}, {"params": self.parameters[1:], **group_options}]
        self.optimizer = getattr(side.optim, name)(groups, **options)

    def step(self, gradients):
        for p, g in zip(self.parameters, gradients):
            p.grad = None if g is None else self.side.tensor(g)
        self.optimizer.step()

    def values(self):
        return [self.side.array(p).copy() for p in self.parameters]


@st.composite
def inputs(draw, dtype):
    """Start values of three parameters, and gradients for some steps, of which some are missing."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=3, max_size=3))
    random = np.random.default_rng(draw(st.integers(0, 999)))
    start = [np.asarray(random.standard_normal(s)).astype(dtype) for s in shapes]
    steps = draw(st.integers(2, 6))
    missing = draw(st.sets(st.tuples(st.integers(0, steps - 1), st.integers(1, 2)), max_size=4))
    gradients = [[np.asarray(random.standard_normal(s)).astype(dtype) for s in shapes] for _ in range(steps)]
    for t, i in missing:
        gradients[t][i] = None
    return start, gradients


def check_against_pytorch(name, start, gradients, options, group_options):
    """Both libraries side by side: parameters after each step, then states and groups."""
    ours, theirs = (Run(side, name, start, options, group_options) for side in (Ours, Theirs()))
    tolerance = TOLERANCE[start[0].dtype.name]
    arrays = [p.array for p in ours.parameters]
    for step in gradients:
        ours.step(step)
        theirs.step(step)
        for mine, other in zip(ours.values(), theirs.values()):
            np.testing.assert_allclose(mine, other, **tolerance)
    assert all(p.array is a and p.dtype == s.dtype for p, a, s in zip(ours.parameters, arrays, start))
    compare_states(ours.optimizer.state_dict(), theirs.optimizer.state_dict(), tolerance)


def compare_states(mine, other, tolerance):
    """State dictionaries of both libraries: the same keys, shapes and numbers."""
    for group, expected in zip(mine["param_groups"], other["param_groups"], strict=True):
        assert group == expected
    assert mine["state"].keys() == other["state"].keys()
    for number, kept in other["state"].items():
        assert mine["state"][number].keys() == kept.keys()
        for key, value in kept.items():
            assert mine["state"][number][key].numpy().dtype == value.numpy().dtype
            np.testing.assert_allclose(mine["state"][number][key].numpy(), value.numpy(), **tolerance)


def check_formula(name, formula, start, gradients, options):
    """One parameter against `formula(p, gradients, **options)`, which computes in float64."""
    p = Ours.parameter(start)
    optimizer = getattr(optim, name)([p], **options)
    for g in gradients:
        p.grad = Ours.tensor(g)
        optimizer.step()
        assert np.array_equal(p.grad.array, g)
    expected = formula(start.astype(float), [g.astype(float) for g in gradients], **options)
    np.testing.assert_allclose(p.array, expected, **TOLERANCE[start.dtype.name])


def check_resumed(name, options, folder):
    """A run that is saved to a file and loaded into a new optimizer goes on bit by bit as the one that was saved."""
    random = np.random.default_rng(0)
    start = [random.standard_normal(s).astype("float32") for s in ((3, 4), (2,), ())]
    gradients = [[np.asarray(random.standard_normal(a.shape)).astype("float32") for a in start] for _ in range(6)]
    first = Run(Ours, name, start, options, {"lr": 0.03})
    for step in gradients[:3]:
        first.step(step)
    state = {"parameters": first.parameters, "optimizer": first.optimizer.state_dict()}
    minitorch.save(state, folder / "run.safetensors")
    saved = minitorch.load(folder / "run.safetensors")
    second = Run(Ours, name, [p.array for p in saved["parameters"]], {}, {})
    second.optimizer.load_state_dict(saved["optimizer"])
    for step in gradients[3:]:
        first.step(step)
        second.step(step)
        assert all(np.array_equal(a, b) for a, b in zip(first.values(), second.values()))
    mine, other = first.optimizer.state_dict(), second.optimizer.state_dict()
    assert mine["param_groups"] == other["param_groups"]
    for number, kept in mine["state"].items():
        assert kept.keys() == other["state"][number].keys()
        assert all(np.array_equal(kept[key].array, other["state"][number][key].array) for key in kept)


def check_kernels(run, arrays):
    """`run(side, *arrays)` on copies, once with the kernels for the CPU and once with the array expressions."""
    results = []
    for side in (minitorch.kernels.cpu, minitorch.kernels.cuda):
        copies = [None if a is None else a.copy() for a in arrays]
        run(side, *copies)
        results.append(copies)
    for mine, other in zip(*results):
        if mine is not None:
            np.testing.assert_allclose(mine, other, rtol=1e-12, atol=1e-12)
