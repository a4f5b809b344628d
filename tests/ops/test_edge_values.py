"""Ties, kinks, NaN, infinities and empty axes: results and gradients as PyTorch's, to the last NaN."""

import subprocess
import sys

import numpy as np
import pytest
from ops.operation_table import MINITORCH, TorchNames

import minitorch
from minitorch.autograd import grad
from minitorch.tensor import Tensor

NAN, INF = float("nan"), float("inf")
SPECIAL = [NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0, 2.0, 0.5]
TIES = [[1.0, 3.0, 3.0, 2.0], [0.0, 0.0, 0.0, 0.0], [NAN, 1.0, NAN, 1.0], [-INF, -INF, INF, INF]]
SUMMED_LOSSES = [-INF, 0.0, 1.0]

CASES = {
    **{name: (lambda m, x, n=name: getattr(m, n)(x), [SPECIAL]) for name in (
        "abs", "exp", "expm1", "log", "log1p", "sqrt", "rsqrt", "reciprocal", "sigmoid", "tanh", "sign", "square",
        "floor", "round", "cos", "cosh",
    )},
    "relu": (lambda m, x: m.relu(x), [SPECIAL[1:]]),
    "clamp": (lambda m, x: m.clamp(x, -1, 1), [SPECIAL]),
    "clamp_crossed": (lambda m, x, a, b: m.clamp(x, a, b), [
        [NAN, 0.0, 2.0, 5.0], [3.0, 1.0, 2.0, 1.0], [1.0, 1, 3, 3]]),
    "maximum": (lambda m, a, b: m.maximum(a, b), [[1.0, NAN, 3.0, INF, 0.0], [1.0, 2.0, NAN, INF, -0.0]]),
    "minimum": (lambda m, a, b: m.minimum(a, b), [[1.0, NAN, 3.0, INF, 0.0], [1.0, 2.0, NAN, INF, -0.0]]),
    "div": (lambda m, a, b: a / b, [[1.0, 0.0, -1.0, INF, NAN], [0.0, 0.0, 0.0, INF, 1.0]]),
    "pow": (lambda m, a, b: a**b, [[0.0, 0.0, -2.0, 2.0, 0.0, 1.0], [0.0, 2.0, 3.0, 0.0, 1.0, INF]]),
    "pow_0": (lambda m, a: a**0 + a**1 + a**2, [[0.0, 1.0, -1.0]]),
    "remainder": (lambda m, a, b: a % b, [[5.0, -5.0, 5.0, -5.0, 1.0], [3.0, 3.0, -3.0, -3.0, 0.0]]),
    "floor_divide": (lambda m, a, b: a + a.detach() // b.detach() + 0 * b, [
        [5.0, -5.0, 1.0, 0.0], [3.0, 3.0, 0.5, 1.0]]),
    "amax": (lambda m, x: m.amax(x, 1), [TIES[:2] + TIES[3:]]),
    "amin": (lambda m, x: m.amin(x, (0, 1)), [TIES[:2]]),
    "max": (lambda m, x: m.max(x), [TIES[:2]]),
    "max_nan": (lambda m, x: m.max(x), [TIES[2]]),
    "max_dim": (lambda m, x: m.max(x, 1)[0], [TIES]),
    "min_dim": (lambda m, x: m.min(x, 0)[0], [TIES]),
    "argmax": (lambda m, x: x.sum() * 0 + m.argmax(x, 1), [TIES[:2]]),
    "logsumexp": (lambda m, x: m.logsumexp(x, 1), [[[1.0, 1000.0], [-INF, -INF], [-INF, 0.0], [NAN, 0.0]]]),
    "softmax": (lambda m, x: m.softmax(x, 1), [[[1e4, 0.0], [-INF, 0.0], [-INF, -INF], [INF, 0.0], [NAN, 1.0]]]),
    "log_softmax": (lambda m, x: m.log_softmax(x, 1), [[[1e4, 0.0], [-INF, 0.0], [-INF, -INF], [NAN, 1.0]]]),
    "prod_zeros": (lambda m, x: m.prod(x, 1), [[[0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [1.0, 2.0, 3.0]]]),
    "std_constant": (lambda m, x: m.std(x, 1), [[[2.0, 2.0], [1.0, 3.0]]]),
    "var_single": (lambda m, x: m.var(x, 1), [[[2.0], [1.0]]]),
    "var_0": (lambda m, x: m.var(x, 1, correction=0), [[[2.0], [1.0]]]),
    "where": (lambda m, x: m.where(x.detach() > 0, m.log(x), x), [[-1.0, 2.0]]),
    "max_pool2d_ties": (lambda m, x: m.max_pool2d(x, 2), [[[[1.0, 1, 2, 2], [1, 1, 2, 3]]]]),
    "max_pool2d_nan": (lambda m, x: m.max_pool2d(x, 2), [[[[1.0, NAN, NAN, NAN], [1, INF, 2, 3]]]]),
    "max_pool2d_infinite": (lambda m, x: m.max_pool2d(x, 3, 1, 1), [[[[-INF, -INF], [-INF, -INF]]]]),
    "nll_loss_ignored": (lambda m, x: m.nll_loss(x, m.tensor([0, 1]), ignore_index=0), [[SUMMED_LOSSES] * 2]),
    "nll_loss_all_ignored": (lambda m, x: m.nll_loss(x, m.tensor([0, 0]), ignore_index=0), [[SUMMED_LOSSES] * 2]),
    "cross_entropy_ignored": (lambda m, x: m.cross_entropy(
        x, m.tensor([0, 1]), ignore_index=0, label_smoothing=0.5), [[SUMMED_LOSSES[1:] * 2] * 2]),
    "cross_entropy_no_batch": (lambda m, x: m.cross_entropy(x, x.detach()), [np.zeros((0, 3))]),
    "nll_loss_no_batch": (lambda m, x: m.nll_loss(x, m.tensor([]).to(m.tensor([1]).dtype)), [np.zeros((0, 3))]),
    "mse_loss_empty": (lambda m, x: m.mse_loss(x, x.detach()), [np.zeros((0, 3))]),
    "mean_empty": (lambda m, x: m.mean(x), [np.zeros((0, 3))]),
    "mean_empty_axis": (lambda m, x: m.mean(x, 1), [np.zeros((2, 0))]),
    "sum_empty_axis": (lambda m, x: m.sum(x, 1), [np.zeros((2, 0))]),
    "var_empty": (lambda m, x: m.var(x), [np.zeros(0)]),
    "logsumexp_empty": (lambda m, x: m.logsumexp(x, 1), [np.zeros((2, 0))]),
    "prod_empty": (lambda m, x: m.prod(x), [np.zeros(0)]),
    "batch_norm_no_batch": (lambda m, x: m.batch_norm(x, None, None, training=True), [np.zeros((0, 2, 3))]),
    "conv2d_no_batch": (lambda m, x, w: m.conv2d(x, w), [np.zeros((0, 2, 3, 3)), np.ones((4, 2, 2, 2))]),
    "conv2d_one_pixel": (lambda m, x, w: m.conv2d(x, w, padding=1), [np.ones((1, 1, 1, 1)), np.ones((1, 1, 3, 3))]),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.filterwarnings("ignore:.*degrees of freedom:UserWarning")
def test_equals_pytorch(name, dtype):
    torch = pytest.importorskip("torch", reason="needs torch")
    call, inputs = CASES[name]
    arrays = [np.array(x, dtype) for x in inputs]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    ours = [Tensor(a, requires_grad=True) for a in arrays]
    expected, found = call(TorchNames(torch), *theirs), call(MINITORCH, *ours)
    assert found.shape == tuple(expected.shape) and str(expected.dtype) == f"torch.{found.dtype}"
    np.testing.assert_allclose(found.array, expected.detach().numpy(), rtol=1e-5)
    gradients = torch.autograd.grad(expected.sum(), theirs, allow_unused=True)
    for g, e in zip(grad(found.sum(), ours, allow_unused=True), gradients):
        np.testing.assert_allclose(g.array, e.numpy(), rtol=1e-5)


def test_nothing_warns():
    """In a process of its own: pytest sets its own rules for warnings."""
    program = """
import minitorch
nan, inf = float("nan"), float("inf")
x = minitorch.tensor([0.0, -1.0, nan, inf, 1e30, -inf], requires_grad=True)
for y in (1 / x, x.log(), x.sqrt(), x.exp(), x**0.5, x * 1e30, x - x, x % 0.0, x.softmax(0), x.sum(), x[:0].var(),
          x + x.flip(0), x.log_softmax(0), x.var(), x.sigmoid(), x.tanh(), x.clamp(0, 1), x.maximum(x.flip(0)),
          x.logsumexp(0), x**x, x.std(), x.long().float() * 0 + x, x.half().float(), x[:0].mean(),
          minitorch.tensor([1e300]) * x):
    y.sum().backward()
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


MASKS = {
    "ceil": lambda m, F, x: x.ceil(), "floor": lambda m, F, x: x.floor(), "round": lambda m, F, x: x.round(),
    "round to one": lambda m, F, x: x.round(decimals=1), "trunc": lambda m, F, x: x.trunc(),
    "sign": lambda m, F, x: x.sign(), "power 0": lambda m, F, x: x**0,
    "relu": lambda m, F, x: x.relu(), "relu6": lambda m, F, x: F.relu6(x), "hardtanh": lambda m, F, x: F.hardtanh(x),
    "threshold": lambda m, F, x: F.threshold(x, 0.1, 0.0), "clamp": lambda m, F, x: x.clamp(-0.1, 0.1),
    "masked_fill": lambda m, F, x: x.masked_fill(x > 0, 0.0), "where": lambda m, F, x: m.where(x > 0, x, x.detach()),
    "tril": lambda m, F, x: x.reshape(2, 2).tril(), "slice": lambda m, F, x: x[1:3], "mask": lambda m, F, x: x[x > 0],
}  # fmt: skip


@pytest.mark.parametrize("name", MASKS)
def test_what_has_a_derivative_of_zero_stops_an_infinite_gradient(name):
    torch = pytest.importorskip("torch", reason="needs torch")
    for start in (np.inf, -np.inf, np.nan):
        found = []
        for m in (torch, minitorch):
            x = m.tensor([-0.5, 0.0, 0.3, 1.2], requires_grad=True)
            y = MASKS[name](m, m.nn.functional, x)
            y.backward(m.full(y.shape, start))
            found.append(x.grad.numpy())
        np.testing.assert_array_equal(*found)
