"""erf and its like: against the mathematics of the standard library, loops, PyTorch and differences."""

import math
import re

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from ops.parity import differentiable, with_torch

import minitorch
from minitorch import ops, tensor

REALS = st.floats(-40, 40) | st.sampled_from([0.0, -0.0, 0.46875, 4.0, -4.0, 1e-300, math.inf, -math.inf, math.nan])
FINITE = st.floats(-3, 3).filter(lambda v: abs(v) > 0.01)


@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_dims=2, min_side=0), elements=REALS))
def test_erf_to_full_precision(x):
    for name, standard in (("erf", math.erf), ("erfc", math.erfc)):
        expected = np.array([standard(v) for v in x.flat]).reshape(x.shape)
        found = getattr(ops, name)(tensor(x)).array
        np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-300)
        np.testing.assert_array_equal(np.signbit(found)[~np.isnan(x)], np.signbit(expected)[~np.isnan(x)])


def test_erf_of_all_sizes_and_types():
    x = np.linspace(-7, 7, 50_001)  # more than one block
    np.testing.assert_allclose(ops.erf(tensor(x)).array, [math.erf(v) for v in x], rtol=1e-14)
    single = tensor(x.astype(np.float32))
    expected = np.array([math.erf(v) for v in single.array.tolist()])
    assert ops.erf(single).dtype == minitorch.float32
    np.testing.assert_allclose(ops.erf(single).array, expected, rtol=5e-7, atol=1e-30)
    np.testing.assert_allclose(ops.erfc(single).array, [math.erfc(v) for v in single.array.tolist()], rtol=2e-6)
    np.testing.assert_allclose(ops.erf(single.half()).array, ops.erf(single.half().float()).array, rtol=1e-3)
    assert ops.erf(tensor([True, False])).dtype == minitorch.float32
    np.testing.assert_array_equal(ops.erf(tensor(x)[::3]).array, ops.erf(tensor(x)).array[::3])


PAIR_SHAPES = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3)


@given(PAIR_SHAPES, st.data())
def test_two_operands_equal_loops_and_pytorch(shapes, data):
    a, b = (data.draw(hnp.arrays(np.float64, s, elements=FINITE)) for s in shapes.input_shapes)
    loops = {
        "atan2": math.atan2,
        "hypot": math.hypot,
        "logaddexp": lambda x, y: math.log(math.exp(x) + math.exp(y)),
        "fmod": math.fmod,
    }
    wide = np.broadcast_arrays(a, b)
    for name, standard in loops.items():
        expected = [standard(x, y) for x, y in zip(*(w.ravel().tolist() for w in wide))]
        found = getattr(ops, name)(tensor(a), tensor(b))
        np.testing.assert_allclose(found.array.ravel(), expected, rtol=1e-12, atol=1e-12)
        with_torch(lambda m, a, b, name=name: getattr(m, name)(a, b), a, b, tolerance=1e-8)
    with_torch(lambda m, a, b: m.lerp(a, b, 0.3), a, b)
    with_torch(lambda m, a, b: m.lerp(a, b, b), a, b, tolerance=1e-8)
    with_torch(lambda m, a, b: m.addcmul(b, a, b, value=-2), a, b, tolerance=1e-8)
    with_torch(lambda m, a, b: m.addcdiv(b, a, b), a, b, tolerance=1e-7)


EDGES = np.array([0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan])


@pytest.mark.parametrize("name", ["atan2", "hypot", "logaddexp", "fmod"])
def test_edges_equal_pytorch(name):
    torch = pytest.importorskip("torch", reason="needs torch")
    a, b = (g.ravel() for g in np.meshgrid(EDGES, EDGES))
    found, expected = getattr(ops, name)(tensor(a), tensor(b)), getattr(torch, name)(torch.tensor(a), torch.tensor(b))
    np.testing.assert_array_equal(found.array, expected.numpy())
    known = ~np.isnan(found.array)
    np.testing.assert_array_equal(np.signbit(found.array)[known], np.signbit(expected.numpy())[known])


def test_integers():
    a, b = np.array([7, -7, 5]), np.array([3, 3, -2])
    assert ops.fmod(tensor(a), tensor(b)).tolist() == [1, -1, 1]
    assert ops.fmod(tensor(a), 4).tolist() == [3, -3, 1]
    with_torch(lambda m, a, b: m.atan2(a, b), a, b, tolerance=1e-6)
    with_torch(lambda m, a, b: m.addcmul(a, a, b, value=2), a, b)
    with_torch(lambda m, a, b: m.fmod(a, b), a.astype(np.uint8), np.array([3, 4, 5], np.uint8))


def test_hypot_neither_overflows_nor_has_a_derivative_at_the_origin():
    a = minitorch.tensor([3e30, 3e-30, 0.0], requires_grad=True)
    y = ops.hypot(a, minitorch.tensor([4e30, 4e-30, 0.0]))
    np.testing.assert_allclose(y.detach().numpy(), [5e30, 5e-30, 0], rtol=1e-6)
    y.sum().backward()
    np.testing.assert_allclose(a.grad.numpy(), [0.6, 0.6, np.nan], rtol=1e-6)
    assert ops.hypot(tensor([3]), tensor([4.0])).dtype == np.float32


def test_lerp_meets_its_ends():
    a, b = tensor([0.1, 1e8]), tensor([0.7, 0.3])
    assert ops.lerp(a, b, 1.0).tolist() == b.tolist()
    assert ops.lerp(a, b, tensor([0.0, 1.0])).tolist() == [a[0].item(), b[1].item()]


def test_addcmul_by_hand():
    x = ops.addcmul(tensor([1.0, 2.0]), tensor([[3.0], [4.0]]), tensor([5.0, 6.0]), value=0.5)
    assert x.tolist() == [[8.5, 11.0], [11.0, 14.0]]
    assert ops.addcdiv(tensor([1.0]), tensor([3.0]), tensor([4.0]), value=2).tolist() == [2.5]


def test_nan_to_num():
    x = tensor([math.nan, math.inf, -math.inf, 2.0])
    largest = float(np.finfo(np.float32).max)
    assert ops.nan_to_num(x).tolist() == [0, largest, -largest, 2]
    assert ops.nan_to_num(x, 1, posinf=5, neginf=-6.0).tolist() == [1, 5, -6, 2]
    assert ops.nan_to_num(tensor([1, 2])).dtype == minitorch.int64
    with_torch(lambda m, x: m.nan_to_num(x, nan=3.0), EDGES)
    with_torch(lambda m, x: x.nan_to_num(posinf=3.0), EDGES)


@pytest.mark.parametrize("call", [
    lambda a, b: ops.erf(a),
    lambda a, b: ops.erfc(a),
    lambda a, b: ops.atan2(a, b),
    lambda a, b: ops.hypot(a, b),
    lambda a, b: ops.logaddexp(a, b),
    lambda a, b: ops.fmod(a, b),
    lambda a, b: ops.fmod(a, 1.3) * b,
    lambda a, b: ops.lerp(a, b, 0.7),
    lambda a, b: ops.lerp(a, b, b * a),
    lambda a, b: ops.addcmul(a, a, b, value=2),
    lambda a, b: ops.addcdiv(a, a, b, value=2),
    lambda a, b: ops.nan_to_num(a * b),
])  # fmt: skip
def test_derivatives(call):
    rng = np.random.default_rng(0)
    differentiable(call, rng.uniform(0.6, 1.9, (2, 3)), rng.uniform(2.1, 3.0, 3))


X, WHOLE = minitorch.ones(2, 3), minitorch.ones(2, 3).long()


@pytest.mark.parametrize("call, error, words", [
    (lambda: ops.erf(1.0), TypeError, "erf: input float"),
    (lambda: ops.atan2(X, 1.0), TypeError, "atan2: other float"),
    (lambda: ops.atan2(X, X[:, :2]), RuntimeError, "atan2: (2, 3) (2, 2)"),
    (lambda: ops.hypot(X, 1.0), TypeError, "hypot: other float"),
    (lambda: ops.hypot(WHOLE, WHOLE), RuntimeError, "hypot: int64"),
    (lambda: ops.hypot(X, X[:, :2]), RuntimeError, "hypot: (2, 3) (2, 2)"),
    (lambda: ops.logaddexp(WHOLE, WHOLE), RuntimeError, "logaddexp: int64"),
    (lambda: ops.logaddexp(X, minitorch.ones(2)), RuntimeError, "logaddexp: (2,)"),
    (lambda: ops.fmod(WHOLE, 0), RuntimeError, "fmod: ZeroDivisionError"),
    (lambda: ops.fmod(X.bool(), X.bool()), RuntimeError, "fmod: booleans"),
    (lambda: ops.fmod(2.0, X), TypeError, "fmod: input float"),
    (lambda: ops.lerp(X, X.double(), 0.5), RuntimeError, "lerp: float32 float64"),
    (lambda: ops.lerp(WHOLE, WHOLE, 0.5), RuntimeError, "lerp: int64"),
    (lambda: ops.lerp(X, None, 0.5), TypeError, "lerp: end NoneType"),
    (lambda: ops.lerp(X, X, "a"), TypeError, "lerp: str"),
    (lambda: ops.lerp(X, minitorch.ones(2), 0.5), RuntimeError, "lerp: (2,)"),
    (lambda: ops.addcmul(X, X, 2.0), TypeError, "addcmul: tensor2 float"),
    (lambda: ops.addcmul(WHOLE, WHOLE, WHOLE, value=1.5), RuntimeError, "addcmul: value 1.5"),
    (lambda: ops.addcmul(X, X, minitorch.ones(2)), RuntimeError, "addcmul: (2,)"),
    (lambda: ops.addcdiv(WHOLE, WHOLE, WHOLE), RuntimeError, "addcdiv: int64"),
    (lambda: ops.addcdiv(X, X, X, value="a"), TypeError, "addcdiv: value str"),
    (lambda: ops.nan_to_num(X, nan="a"), TypeError, "nan_to_num: str"),
])  # fmt: skip
def test_bad_input(call, error, words):
    name, *rest = words.split(" ")
    with pytest.raises(error, match=f"^{re.escape(name)}") as caught:
        call()
    for word in re.findall(r"\([^)]*\)|\S+", " ".join(rest)):
        assert word in str(caught.value)


def test_a_number_on_the_cpu_stands_beside_a_tensor_elsewhere():
    x, number = tensor([1.0, 2.0]).to("emulator"), tensor(0.5)
    for operation in (ops.logaddexp, ops.atan2, ops.hypot):
        for a, b in ((x, number), (number, x)):
            expected = operation(a.cpu(), b.cpu()).numpy()
            np.testing.assert_allclose(operation(a, b).cpu().numpy(), expected, rtol=1e-6)
