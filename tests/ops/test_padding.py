"""Borders: where each number comes from, PyTorch, gradients, widths that do not fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minitorch import ops
from minitorch.autograd import gradcheck, gradgradcheck
from minitorch.creation import ones, tensor
from minitorch.tensor import Tensor

MODES = ["constant", "reflect", "replicate", "circular"]


def source(place, n, mode):
    """Which of n numbers stands at a place, which may lie outside of 0..n-1; None for none of them."""
    if 0 <= place < n:
        return place
    if mode == "constant":
        return None
    if mode == "reflect":
        return -place if place < 0 else 2 * (n - 1) - place
    return min(max(place, 0), n - 1) if mode == "replicate" else place % n


def pad_by_loops(x, widths, mode, value):
    """The last dimensions with a border; widths are (before, after) of each dimension of x, none negative."""
    result = np.empty([n + a + b for n, (a, b) in zip(x.shape, widths)])
    for index in np.ndindex(*result.shape):
        places = [source(i - a, n, mode) for i, n, (a, _) in zip(index, x.shape, widths)]
        result[index] = value if None in places else x[tuple(places)]
    return result


@st.composite
def cases(draw):
    """(shape, pad, mode): the last 1 to 3 dimensions padded, one or two before them."""
    mode = draw(st.sampled_from(MODES))
    padded = draw(st.integers(1, 3))
    shape = draw(st.lists(st.integers(1, 4), min_size=padded + 1, max_size=padded + 2))
    pad = []
    for n in shape[: -padded - 1 : -1]:
        most = {"constant": 3, "reflect": n - 1, "replicate": 4, "circular": n}[mode]
        pad += [draw(st.integers(0, most)), draw(st.integers(0, most))]
    return tuple(shape), tuple(pad), mode


def widths_of(shape, pad):
    return [(0, 0)] * (len(shape) - len(pad) // 2) + [(pad[i], pad[i + 1]) for i in range(len(pad) - 2, -1, -2)]


@given(cases(), st.sampled_from([np.float64, np.float32, np.int64]))
def test_by_loops(case, dtype):
    shape, pad, mode = case
    x = np.arange(np.prod(shape), dtype=dtype).reshape(shape)
    options = {"value": 7} if mode == "constant" else {}
    for given_x in (x, np.asfortranarray(x)):
        y = ops.pad(Tensor(given_x), pad, mode, **options)
        assert y.dtype == dtype
        np.testing.assert_array_equal(y.numpy(), pad_by_loops(x, widths_of(shape, pad), mode, 7))


@given(cases())
def test_equals_pytorch(case):
    torch = pytest.importorskip("torch", reason="needs torch")
    shape, pad, mode = case
    x = np.random.default_rng(0).standard_normal(shape)
    a, b = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    y, expected = ops.pad(a, pad, mode), torch.nn.functional.pad(b, pad, mode)
    np.testing.assert_array_equal(y.detach().numpy(), expected.detach().numpy())
    start = np.random.default_rng(1).standard_normal(y.shape)
    y.backward(Tensor(start))
    expected.backward(torch.from_numpy(start))
    np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("pad", [(-1, 2), (2, -1), (-1, -2), (-2, 1, 1, -1), (1, -1, -1, 0), (-1, 0, 0, 0)])
@pytest.mark.parametrize("mode", MODES)
def test_negative_widths_equal_pytorch(mode, pad):
    torch = pytest.importorskip("torch", reason="needs torch")
    x = np.arange(40.0).reshape(2, 4, 5)
    expected = torch.nn.functional.pad(torch.tensor(x), pad, mode)
    np.testing.assert_array_equal(ops.pad(Tensor(x), pad, mode).numpy(), expected.numpy())


@pytest.mark.parametrize("pad", [(1, -5), (-5, 1), (2, 0, -6, 2)])
def test_no_more_can_be_cut_on_one_side_than_there_is(pad):
    """Also where the other side grows: PyTorch."""
    torch = pytest.importorskip("torch", reason="needs torch")
    x = np.arange(20.0).reshape(5, 4)
    with pytest.raises(RuntimeError):
        torch.nn.functional.pad(torch.tensor(x), pad)
    with pytest.raises(RuntimeError, match="pad: widths .* cut more on one side than there is"):
        ops.pad(Tensor(x), pad)


@pytest.mark.parametrize("pad", [(2, -4), (-4, 2), (-2, 4)])
def test_a_circular_border_is_not_made_of_what_was_cut(pad):
    """PyTorch reads memory that it has not written yet: what it gives is an error or not defined."""
    with pytest.raises(RuntimeError, match="at most 1 numbers|at most 3 numbers"):
        ops.pad(Tensor(np.arange(10.0).reshape(2, 5)), pad, "circular")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("pad", [(2, 1), (1, 2, 2, 0), (-1, 2, 0, -1)])
def test_gradients_agree_with_differences(mode, pad):
    x = Tensor(np.random.default_rng(0).standard_normal((2, 3, 4)), requires_grad=True)
    assert gradcheck(lambda x: ops.pad(x, pad, mode) ** 2, x)
    assert gradgradcheck(lambda x: ops.pad(x, pad, mode) ** 2, x)


def test_a_batch_of_none():
    for mode in MODES:
        assert ops.pad(ones(0, 2, 3, 3), (1, 1, 1, 0), mode).shape == (0, 2, 4, 5)


def test_the_result_has_memory_of_its_own():
    x = ones(1, 2, 3)
    for mode in MODES:
        for widths in ((0, 0), (1, 1), (-1, 0)):
            ops.pad(x, widths, mode).fill_(5)
    assert x.tolist() == ones(1, 2, 3).tolist()


X = ones(1, 2, 3)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: ops.pad(X, (1,)), RuntimeError, r"pad: expected two widths .* got \(1,\)"),
        (lambda: ops.pad(X, (1,) * 8), RuntimeError, "pad: expected two widths for each of at most 3"),
        (lambda: ops.pad(X, (1.5, 1)), TypeError, "pad: sizes must be integers, got 1.5"),
        (lambda: ops.pad([1], (1, 1)), TypeError, "pad: input must be a tensor, got list"),
        (lambda: ops.pad(X, (1, 1), "mirror"), NotImplementedError, "pad: mode must be one of .* got 'mirror'"),
        (lambda: ops.pad(X, (1, 1), "reflect", 1), ValueError, "pad: mode 'reflect' takes no value, got 1"),
        (lambda: ops.pad(X, (1, 1), value="a"), TypeError, "pad: value must be a number, got 'a'"),
        (lambda: ops.pad(X, (-2, -2)), RuntimeError, r"pad: widths \(-2, -2\) cut more than there is"),
        (lambda: ops.pad(X, (3, 0), "reflect"), RuntimeError, r"pad: widths \(3, 0\) of mode 'reflect' .* at most 2"),
        (lambda: ops.pad(X, (0, 4), "circular"), RuntimeError, r"pad: widths \(0, 4\) of mode 'circular' .* at most 3"),
        (lambda: ops.pad(X, (-2, 2), "circular"), RuntimeError, "mode 'circular' .* at most 1"),
        (lambda: ops.pad(X, (-3, 0), "replicate"), RuntimeError, r"pad: widths \(-3, 0\) leave nothing"),
        (lambda: ops.pad(ones(3), (1, 1), "reflect"), NotImplementedError, r"pad: mode 'reflect' needs .* \(3,\)"),
        (lambda: ops.pad(ones(1, 1, 2, 2), (1, 1), "circular"), NotImplementedError, "pad: mode 'circular' needs"),
        (lambda: ops.pad(ones(0, 3), (1, 1), "replicate"), RuntimeError, r"pad: mode 'replicate' needs .* \(0, 3\)"),
        (lambda: ops.pad(ones(2, 0), (1, 1), "reflect"), RuntimeError, r"pad: mode 'reflect' needs .* \(2, 0\)"),
        (lambda: ops.pad(tensor([1, 2]), None), TypeError, "pad: sizes must be integers, got None"),
    ],
)
def test_bad_calls(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_a_cut_may_leave_nothing_of_one_dimension():
    for mode in ("reflect", "replicate"):
        assert ops.pad(ones(1, 2, 1, 3), (2, -1, -1, 0), mode).shape == (1, 2, 0, 4)
