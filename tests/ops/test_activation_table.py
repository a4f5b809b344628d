"""Every row of the table of activations: its formula by plain mathematics, PyTorch, gradients, places, bad calls."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import minitorch
from minitorch import ops
from minitorch.autograd import grad, gradcheck, gradgradcheck, no_grad
from minitorch.creation import ones, tensor
from minitorch.tensor import Tensor


def logistic(x):
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def gelu_tanh(x):
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


# name: (arguments after the input, the formula of one number)
CASES = [
    ("elu", (), lambda x: x if x > 0 else math.expm1(x)),
    ("elu", (2.5,), lambda x: x if x > 0 else 2.5 * math.expm1(x)),
    ("celu", (), lambda x: x if x > 0 else math.expm1(x)),
    ("celu", (0.5,), lambda x: x if x > 0 else 0.5 * math.expm1(x / 0.5)),
    ("selu", (), lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x))),
    ("gelu", (), lambda x: 0.5 * x * (1 + math.erf(x / math.sqrt(2)))),
    ("gelu", ("tanh",), gelu_tanh),
    ("hardsigmoid", (), lambda x: min(max(x + 3, 0), 6) / 6),
    ("hardswish", (), lambda x: x * min(max(x + 3, 0), 6) / 6),
    ("hardtanh", (), lambda x: min(max(x, -1), 1)),
    ("hardtanh", (-0.5, 2.0), lambda x: min(max(x, -0.5), 2)),
    ("relu6", (), lambda x: min(max(x, 0), 6)),
    ("leaky_relu", (), lambda x: x if x > 0 else 0.01 * x),
    ("leaky_relu", (0.3,), lambda x: x if x > 0 else 0.3 * x),
    ("logsigmoid", (), lambda x: min(x, 0) - math.log1p(math.exp(-abs(x)))),
    ("mish", (), lambda x: x * math.tanh(max(x, 0) + math.log1p(math.exp(-abs(x))))),
    ("silu", (), lambda x: x * logistic(x)),
    ("softplus", (), lambda x: max(x, 0) + math.log1p(math.exp(-abs(x)))),
    ("softplus", (3.0, 0.2), lambda x: x if 3 * x > 0.2 else math.log1p(math.exp(3 * x)) / 3),
    ("softsign", (), lambda x: x / (1 + abs(x))),
    ("tanhshrink", (), lambda x: x - math.tanh(x)),
    ("threshold", (0.5, -2.0), lambda x: x if x > 0.5 else -2.0),
]
IDS = [f"{name}{arguments}" for name, arguments, _ in CASES]
IN_PLACE = [
    "elu", "celu", "selu", "hardsigmoid", "hardswish", "hardtanh", "relu6", "leaky_relu", "mish", "silu", "threshold",
]  # fmt: skip
NUMBERS = [-800.0, -40.0, -6.5, -3.0, -1.0, -0.5, -1e-9, 0.0, 1e-9, 0.06, 0.5, 1.0, 2.0, 3.0, 6.0, 20.0, 800.0]

floats = arrays.arrays(
    st.sampled_from([np.float32, np.float64]),
    arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    elements=st.sampled_from([*NUMBERS, 3.25, -2.7, 0.3]),
)


def applied(name, arguments, x, **options):
    return getattr(ops, name)(x, *arguments, **options)


@pytest.mark.parametrize("name, arguments, formula", CASES, ids=IDS)
def test_formula(name, arguments, formula):
    x = np.array([*NUMBERS, 0.7, -0.3])
    y = applied(name, arguments, Tensor(x)).numpy()
    np.testing.assert_allclose(y, [formula(v) for v in x.tolist()], rtol=1e-12, atol=1e-15)
    single = applied(name, arguments, Tensor(x.astype(np.float32)))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single.numpy(), y, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("name, arguments, formula", CASES, ids=IDS)
def test_gradients_agree_with_differences(name, arguments, formula):
    rng = np.random.default_rng(0)
    for shape in ((), (2, 3), (0, 2)):
        x = Tensor(rng.uniform(-4, 7, shape), requires_grad=True)
        assert gradcheck(lambda x: applied(name, arguments, x), x)
        assert gradgradcheck(lambda x: applied(name, arguments, x), x)


@pytest.mark.parametrize("name, arguments, formula", CASES, ids=IDS)
def test_second_derivatives_stay_finite_far_out(name, arguments, formula):
    x = Tensor(np.array([-800.0, -100.0, 0.0, 100.0, 800.0]), requires_grad=True)
    (slope,) = grad(applied(name, arguments, x).sum(), x, create_graph=True)
    assert np.isfinite(slope.detach().numpy()).all()
    if slope.requires_grad:
        (curvature,) = grad(slope.sum(), x, allow_unused=True, materialize_grads=True)
        assert np.isfinite(curvature.numpy()).all()


@pytest.mark.parametrize("name, arguments, formula", CASES, ids=IDS)
def test_equals_pytorch(name, arguments, formula):
    torch = pytest.importorskip("torch", reason="needs torch")
    theirs = getattr(torch.nn.functional, name)
    arguments_there = {"approximate": arguments[0]} if name == "gelu" and arguments else {}

    @given(floats, st.booleans())
    def check(x, turned):
        a = Tensor(x.copy(), requires_grad=True)
        b = torch.tensor(x, requires_grad=True)
        if turned:
            order = tuple(range(x.ndim))[::-1]
            y, expected = applied(name, arguments, a.permute(order)), b.permute(order)
        else:
            y, expected = applied(name, arguments, a), b
        expected = theirs(expected, **arguments_there) if name == "gelu" else theirs(expected, *arguments)
        assert y.shape == tuple(expected.shape) and y.dtype == x.dtype
        tolerance = {"rtol": 1e-5, "atol": 1e-6} if x.dtype == np.float32 else {"rtol": 1e-10, "atol": 1e-12}
        np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), **tolerance)
        y.sum().backward()
        expected.sum().backward()
        assert a.grad.dtype == x.dtype
        tolerance["rtol"] = max(tolerance["rtol"], 1e-7)  # PyTorch's hardsigmoid holds 1 / 6 in single precision
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), **tolerance)

    check()


@pytest.mark.parametrize("name, arguments, formula", CASES, ids=IDS)
def test_nan_and_infinity_as_in_pytorch(name, arguments, formula):
    torch = pytest.importorskip("torch", reason="needs torch")
    x = np.array([math.nan, math.inf, -math.inf])
    theirs = getattr(torch.nn.functional, name)
    options = {"approximate": "tanh"} if arguments == ("tanh",) else {}
    expected = theirs(torch.tensor(x), *(() if options else arguments), **options)
    found = applied(name, arguments, Tensor(x)).numpy()
    if name == "gelu":  # PyTorch's own kernels differ in -inf times 0
        found, expected = found[:2], expected[:2]
    np.testing.assert_array_equal(found, expected.numpy())


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place(name):
    arguments = next(arguments for n, arguments, _ in CASES if n == name)
    x = np.random.default_rng(0).uniform(-4, 7, (3, 4))
    leaf, same = (Tensor(x.copy(), requires_grad=True) for _ in range(2))
    middle = same * 1
    expected = applied(name, arguments, leaf)
    result = applied(name, arguments, middle, inplace=True)
    assert result is middle
    np.testing.assert_array_equal(middle.detach().numpy(), expected.detach().numpy())
    expected.sum().backward()
    result.sum().backward()
    np.testing.assert_array_equal(same.grad.numpy(), leaf.grad.numpy())
    with pytest.raises(RuntimeError, match=f"{name}_: a leaf that requires a gradient"):
        applied(name, arguments, leaf, inplace=True)
    with no_grad():
        assert applied(name, arguments, leaf, inplace=True) is leaf
    np.testing.assert_array_equal(leaf.detach().numpy(), expected.detach().numpy())


def test_overwritten_input_is_noticed():
    x = ones(3, requires_grad=True) * 2
    y = ops.silu(x)
    x.add_(1)
    with pytest.raises(RuntimeError, match="changed in place"):
        y.sum().backward()


def test_integers():
    x = tensor([-7, 0, 3, 9])
    for y, expected in (
        (ops.relu6(x), [0, 0, 3, 6]),
        (ops.hardtanh(x, -2, 5), [-2, 0, 3, 5]),
        (ops.hardtanh(x, -2.7, 5.9), [-2, 0, 3, 5]),
        (ops.threshold(x, 1.5, 2.5), [2, 2, 3, 9]),
    ):
        assert y.dtype == np.int64 and y.tolist() == expected
    for y, formula in ((ops.softsign(x), lambda v: v / (1 + abs(v))), (ops.tanhshrink(x), lambda v: v - math.tanh(v))):
        assert y.dtype == np.float32
        np.testing.assert_allclose(y.numpy(), [formula(v) for v in x.tolist()], rtol=1e-6)


ONLY_FLOATS = [
    "elu", "celu", "selu", "gelu", "hardsigmoid", "hardswish", "leaky_relu", "logsigmoid", "mish", "silu", "softplus",
]  # fmt: skip


@pytest.mark.parametrize("name", ONLY_FLOATS)
def test_integers_are_refused(name):
    for x in (tensor([1, 2]), tensor([True])):
        with pytest.raises(RuntimeError, match=rf"{name}: not defined for .*use \.float\(\)"):
            getattr(ops, name)(x)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: ops.elu([1.0]), TypeError, "elu: input must be a tensor, got list"),
        (lambda: ops.elu(ones(2), "a"), TypeError, "elu: alpha must be a number, got str"),
        (lambda: ops.celu(ones(2), 0.0), RuntimeError, "celu: alpha must not be 0"),
        (lambda: ops.celu(ones(2), None), TypeError, "celu: alpha must be a number, got NoneType"),
        (lambda: ops.gelu(ones(2), "fast"), RuntimeError, "gelu: approximate must be 'none' or 'tanh', got 'fast'"),
        (lambda: ops.hardtanh(ones(2), 1, -1), ValueError, "hardtanh: min_val must not be greater .* 1 and -1"),
        (lambda: ops.hardtanh(ones(2).to(np.uint8)), RuntimeError, "hardtanh: uint8 has no negative bounds"),
        (lambda: ops.hardtanh(ones(2), ones(2)), TypeError, "hardtanh: low must be a number, got Tensor"),
        (lambda: ops.relu6(tensor([True])), RuntimeError, "relu6: not defined for bool"),
        (lambda: ops.threshold(ones(2), None, 1), TypeError, "threshold: threshold must be a number, got NoneType"),
        (lambda: ops.softsign(tensor([True])), RuntimeError, "softsign: not defined for bool"),
        (lambda: ops.softplus(None), TypeError, "softplus: input must be a tensor"),
    ],
)
def test_bad_calls(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("name", ["relu", "elu", "celu", "selu", "huber_loss", "smooth_l1_loss", "prelu"])
def test_derivatives_at_kinks_and_nan(name):
    torch = pytest.importorskip("torch", reason="needs torch")
    results = []
    for engine in (torch, minitorch):
        function = getattr(engine.nn.functional, name)
        x = engine.tensor([-1.0, -0.5, 0.0, 0.5, 1.0, 2.0, float("nan")], dtype=engine.float64, requires_grad=True)
        others = {"prelu": (engine.tensor([float("nan")], dtype=engine.float64),)}.get(name, ())
        others = (engine.zeros_like(x),) if name.endswith("loss") else others
        y = function(x, *others)
        (first,) = engine.autograd.grad(y.sum(), x, create_graph=True)
        numbers = [y, first]
        if name not in ("relu", "prelu"):
            numbers += engine.autograd.grad(first[:-1].sum(), x)
        results.append([n.detach().numpy() for n in numbers])
    for mine, theirs in zip(results[1], results[0]):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)
