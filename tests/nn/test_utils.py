"""Clipping of gradients, and parameters as one vector, against formulas and PyTorch."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minitorch import nn
from minitorch.creation import ones, tensor
from minitorch.dtype import float32, float64
from minitorch.nn import utils
from minitorch.tensor import Tensor

SHAPES = [(), (3,), (2, 4), (1, 2, 3)]
ORDERS = [2.0, 1.0, 3, 0.5, math.inf, "inf", -math.inf, 0, -1.0]


def parameters(*gradients):
    """Parameters with these gradients; None for one without."""
    made = []
    for g in gradients:
        made.append(nn.Parameter(ones(2 if g is None else np.shape(g))))
        if g is not None:
            g = np.asarray(g)
            made[-1] = nn.Parameter(Tensor(np.ones_like(g)))
            made[-1].grad = Tensor(g.copy())
    return made


def norm(arrays, order):
    """The p-norm by its definition."""
    values = np.abs(np.concatenate([np.ravel(a) for a in arrays]))
    if math.isinf(order):
        return values.max() if order > 0 else values.min()
    return (values**order).sum() ** (1 / order)


@st.composite
def gradients(draw):
    random = np.random.default_rng(draw(st.integers(0, 999)))
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=4))
    return [random.standard_normal(s).astype(draw(st.sampled_from(["float32", "float64"]))) for s in map(tuple, shapes)]


@given(gradients(), st.sampled_from([2.0, 1.0, 3, math.inf, -math.inf, -1.0]), st.sampled_from([0.0, 0.1, 1.0, 100.0]))
def test_clip_grad_norm(arrays, order, limit):
    made = parameters(*arrays, None)
    total = utils.clip_grad_norm_(iter(made), limit, order)
    expected = norm(arrays, float(order))
    assert total.shape == () and total.item() == pytest.approx(expected, rel=1e-5)
    factor = min(1, limit / (expected + 1e-6))
    for p, a in zip(made, arrays):
        assert p.grad.dtype == a.dtype
        np.testing.assert_allclose(p.grad.array, a * factor, rtol=1e-5)
    assert made[-1].grad is None


@given(gradients(), st.sampled_from(ORDERS), st.sampled_from([0.0, 0.1, 1.0, 100.0]))
def test_clip_grad_norm_beside_pytorch(arrays, order, limit):
    torch = pytest.importorskip("torch", reason="needs torch")
    theirs = [torch.nn.Parameter(torch.zeros(a.shape, dtype=getattr(torch, a.dtype.name))) for a in arrays]
    for p, a in zip(theirs, arrays):
        p.grad = torch.tensor(a)
    mine = parameters(*arrays)
    total = utils.clip_grad_norm_(mine, limit, order)
    expected = torch.nn.utils.clip_grad_norm_(theirs, limit, order)
    precise = all(a.dtype == np.float64 for a in arrays)
    tolerance = {"rtol": 1e-12 if precise else 2e-6, "atol": 0}
    assert total.numpy().dtype == expected.numpy().dtype
    np.testing.assert_allclose(total.numpy(), expected.numpy(), **tolerance)
    for p, q in zip(mine, theirs):
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), **tolerance)


def test_by_hand():
    a, b = parameters([3.0, 0.0], [[4.0]])
    assert utils.clip_grad_norm_([a, b], 2.5).item() == 5
    np.testing.assert_allclose(a.grad.array, [1.5, 0], rtol=1e-6)
    np.testing.assert_allclose(b.grad.array, [[2]], rtol=1e-6)
    gradient = a.grad.array
    assert utils.clip_grad_norm_(a, 10, norm_type="inf").item() == pytest.approx(1.5) and a.grad.array is gradient
    assert utils.clip_grad_norm_([nn.Parameter(ones(2))], 1.0).item() == 0
    assert utils.get_total_norm([ones(2), ones(2)]).item() == pytest.approx(2)
    assert utils.get_total_norm(tensor([3.0, 4.0])).item() == 5 and utils.get_total_norm([]).item() == 0
    assert utils.get_total_norm([ones(0), ones(3)], math.inf).item() == 1
    assert utils.get_total_norm([ones(2, dtype=float32), ones(2, dtype=float64)]).dtype == float64


def test_the_scaling_counts_as_a_write():
    (p,) = parameters([3.0, 4.0])
    before = p.grad._version
    utils.clip_grad_norm_([p], 1.0)
    utils.clip_grad_value_([p], 0.1)
    assert p.grad._version > before + 1


def test_norms_that_are_not_finite(recwarn):
    for bad in (math.inf, math.nan, 1e300):
        (p,) = parameters([1.0, bad])
        with pytest.raises(RuntimeError, match="clip_grad_norm_: the norm of order 2.0 is (inf|nan), so that nothing"):
            utils.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
        np.testing.assert_array_equal(p.grad.array, [1.0, bad])
    (p,) = parameters([1.0, math.inf])
    assert utils.clip_grad_norm_([p], 1.0).item() == math.inf
    np.testing.assert_array_equal(p.grad.array, [0, math.nan])
    (p,) = parameters([1.0, math.nan])
    assert math.isnan(utils.clip_grad_norm_([p], 1.0).item()) and np.isnan(p.grad.array).all()
    assert not recwarn.list


def test_clip_grad_value():
    a, b, c = parameters([3.0, -0.5, -7.0, math.nan], 9.0, None)
    utils.clip_grad_value_([a, b, c], 2)
    np.testing.assert_array_equal(a.grad.array, [2, -0.5, -2, math.nan])
    assert b.grad.item() == 2 and c.grad is None
    utils.clip_grad_value_(b, 0.0)
    assert b.grad.item() == 0


@given(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=4))
def test_parameters_as_a_vector_and_back(shapes):
    random = np.random.default_rng(0)
    arrays = [np.asarray(random.standard_normal(s)) for s in shapes]
    made = [nn.Parameter(Tensor(a.copy())) for a in arrays]
    vector = utils.parameters_to_vector(iter(made))
    np.testing.assert_array_equal(vector.detach().numpy(), np.concatenate([a.ravel() for a in arrays]))
    (vector * vector).sum().backward()
    for p, a in zip(made, arrays):
        np.testing.assert_array_equal(p.grad.array, 2 * a)
    utils.vector_to_parameters(vector * 3, iter(made))
    for p, a in zip(made, arrays):
        assert p.is_leaf and p.requires_grad
        np.testing.assert_allclose(p.array, 3 * a)


def test_a_network_as_a_vector():
    net = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    vector = utils.parameters_to_vector(net.parameters())
    assert vector.shape == (11,)
    utils.vector_to_parameters(ones(11), net.parameters())
    assert all((p.array == 1).all() and p.dtype == float32 for p in net.parameters())


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda p: utils.clip_grad_norm_(nn.Linear(1, 1), 1.0), TypeError, r"got Linear; for a network pass its param"),
        (lambda p: utils.clip_grad_norm_([("w", p)], 1.0), TypeError, r"got tuple at place 0; pass parameters\(\)"),
        (lambda p: utils.clip_grad_norm_([p], -1.0), ValueError, "max_norm must not be negative, got -1"),
        (lambda p: utils.clip_grad_norm_([p], math.nan), ValueError, "max_norm must not be negative, got nan"),
        (lambda p: utils.clip_grad_norm_([p], None), TypeError, "max_norm must be a number, got None"),
        (lambda p: utils.clip_grad_norm_([p], "x"), ValueError, "max_norm must be a number, got 'x'"),
        (lambda p: utils.clip_grad_norm_([p], 1.0, "two"), ValueError, "norm_type must be a number .* got 'two'"),
        (lambda p: utils.clip_grad_norm_([p], 1.0, math.nan), ValueError, "norm_type must be a number .* got nan"),
        (lambda p: utils.clip_grads_with_norm_([p], 1.0, 2.0), TypeError, "total_norm must be a tensor, got float"),
        (lambda p: utils.clip_grad_value_([p], -1), ValueError, "clip_grad_value_: clip_value must not be negative"),
        (lambda p: utils.clip_grad_value_([np.ones(1)], 1), TypeError, "expected tensors, got ndarray at place 0"),
        (lambda p: utils.get_total_norm([tensor([1, 2])]), TypeError, "norms need floating-point tensors, got .*int64"),
        (lambda p: utils.parameters_to_vector([]), ValueError, "parameters_to_vector: there are no parameters"),
        (lambda p: utils.parameters_to_vector(3), TypeError, "parameters_to_vector: expected tensors, got int"),
        (lambda p: utils.vector_to_parameters([1.0], [p]), TypeError, "vec must be a tensor, got list"),
        (lambda p: utils.vector_to_parameters(ones(1), [p]), ValueError, r"vec must have shape \(2,\) .* got \(1,\)"),
        (lambda p: utils.vector_to_parameters(ones(3), [p]), ValueError, r"vec must have shape \(2,\) .* got \(3,\)"),
        (lambda p: utils.vector_to_parameters(ones(2, 1), [p]), ValueError, r"got \(2, 1\)"),
    ],
)
def test_bad_arguments(call, error, text):
    (p,) = parameters([3.0, 4.0])
    with pytest.raises(error, match=text):
        call(p)
    assert p.grad.tolist() == [3, 4] and p.tolist() == [1, 1]


def test_a_generator_that_is_used_up_warns():
    generator = (p for p in parameters([1.0]))
    utils.clip_grad_norm_(generator, 1.0)
    with pytest.warns(UserWarning, match=r"clip_grad_norm_: the generator has no parameters left; call parameters\(\)"):
        utils.clip_grad_norm_(generator, 1.0)
