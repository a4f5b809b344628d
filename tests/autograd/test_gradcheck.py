"""gradcheck finds planted mistakes, says where, and goes around kinks without excusing anything."""

import numpy as np
import pytest

from minitorch import ops
from minitorch.autograd import Function, GradcheckError, gradcheck, gradgradcheck
from minitorch.creation import ones, randn, tensor, zeros
from minitorch.tensor import Tensor


def operation(wrong):
    """y = x^2 with a gradient that `wrong` makes of the right one."""

    class Planted(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return wrong(x, 2 * x * grad, grad)

    return Planted.apply


def at_one_index(x, right, grad):
    mask = np.zeros(x.shape)
    mask.flat[-1] = 1e-2
    return right + Tensor(mask) * grad


MISTAKES = {
    "sign": lambda x, right, grad: -right,
    "factor": lambda x, right, grad: right / 2,
    "slightly": lambda x, right, grad: right * 1.01,
    "missing": lambda x, right, grad: right * 0,
    "no gradient": lambda x, right, grad: None,
    "forgot grad": lambda x, right, grad: 2 * x,
    "one index": at_one_index,
    "nan": lambda x, right, grad: right * float("nan"),
    "transposed": lambda x, right, grad: right.T,
}


@pytest.mark.parametrize("name", MISTAKES)
def test_planted_mistakes_are_found(name):
    function = operation(MISTAKES[name])
    x = Tensor(np.array([[0.3, -1.2], [2.1, 0.7]]), requires_grad=True)

    def through(x):
        return function(x) * 3

    with pytest.raises(GradcheckError, match=r"gradcheck: input 0, index \(.*\): analytic .*, numeric .*, tolerance"):
        gradcheck(through, x)
    assert gradcheck(through, x, raise_exception=False) is False


def test_the_report_names_input_index_numbers_and_tolerance():
    good, bad = operation(lambda x, right, grad: right), operation(at_one_index)
    x, y = Tensor(np.ones(2), requires_grad=True), Tensor(np.array([0.5, 2.0]), requires_grad=True)
    with pytest.raises(GradcheckError) as caught:
        gradcheck(lambda x, y: (good(x), bad(y)), [x, y])
    assert str(caught.value) == (
        "gradcheck: input 1, index (1,): analytic gradient 4.01, numeric 4, tolerance 0.00401 (of output element "
        "(1, (1,)))"
    )


def test_wrong_second_derivative_is_found():
    class Planted(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return 3 * x * x.detach() * grad  # the right number, of which half the dependence is hidden

    x = Tensor(np.array([0.3, -1.2]), requires_grad=True)
    assert gradcheck(Planted.apply, x)
    with pytest.raises(GradcheckError, match="input 0, index"):
        gradgradcheck(Planted.apply, x)
    assert gradgradcheck(Planted.apply, x, raise_exception=False) is False


KINKS = {
    "relu": (ops.relu, np.array([0.0, 1.0, -1.0, 0.0, 1e-9])),
    "abs": (ops.abs, np.zeros(3)),
    "max_pool2d": (lambda x: ops.max_pool2d(x, 2), np.zeros((1, 1, 4, 4))),
    "amax": (lambda x: x.amax(), np.ones(3)),
    "max": (lambda x: x.max(0).values, np.ones((3, 2))),
    "clamp": (lambda x: x.clamp(0, 1), np.array([0.0, 1.0, 0.5])),
    "maximum": (lambda x: ops.maximum(x, Tensor(np.zeros(2))), np.zeros(2)),
}


@pytest.mark.parametrize("name", KINKS)
def test_kinks_are_resampled_away(name):
    function, values = KINKS[name]
    x = Tensor(values.copy(), requires_grad=True)
    assert gradcheck(function, x)
    np.testing.assert_array_equal(x.array, values)  # the caller's tensor is left alone


@pytest.mark.parametrize("wrong", [lambda x, y: -1.0 * (y > 0), lambda x, y: 2.0 * (y > 0), lambda x, y: 0.0 * y + 1])
def test_a_mistake_cannot_hide_behind_a_kink(wrong):
    class WrongReLU(Function):
        @staticmethod
        def forward(ctx, x):
            y = np.maximum(x, 0)
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx, grad):
            x, y = ctx.saved_tensors
            return grad * wrong(x.detach(), y.detach())

    x = Tensor(np.array([0.0, 0.0, -1.0, 2.0]), requires_grad=True)
    with pytest.raises(GradcheckError, match="gradcheck: input 0"):
        gradcheck(WrongReLU.apply, x)
    with pytest.raises(GradcheckError, match="gradcheck: input 0"):
        gradcheck(WrongReLU.apply, Tensor(np.zeros(4), requires_grad=True))


def test_a_function_without_derivative_anywhere_is_refused():
    class Noise(Function):
        @staticmethod
        def forward(ctx, x):
            return np.sin(x * 3.3e6)

        @staticmethod
        def backward(ctx, grad):
            return grad * 0

    with pytest.raises(GradcheckError, match="the slopes to both sides differ at every value tried"):
        gradcheck(Noise.apply, Tensor(np.array([0.123]), requires_grad=True))


def test_float32_is_checked_as_float64():
    seen = []
    x = randn(3, requires_grad=True)
    assert gradcheck(lambda x: (seen.append(x.dtype), x * x)[1], x)
    assert {str(d) for d in seen} == {"float64"} and x.dtype == np.float32 and x.grad is None


def test_inputs_that_are_no_leaves_or_no_tensors():
    x = Tensor(np.ones(2), requires_grad=True)
    assert gradcheck(lambda x, n, c: x * n * c, (x * 2, 3, ones(2).double()))
    for check in (gradcheck, gradgradcheck):
        with pytest.raises(ValueError, match="no input requires a gradient"):
            check(lambda x: x, ones(2))
        with pytest.raises(ValueError, match="no output of the function depends"):
            check(lambda x: x > 0, x)


def test_given_start_gradients_and_empty_inputs():
    x = Tensor(np.array([0.5, 2.0]), requires_grad=True)
    assert gradgradcheck(lambda x: x**3, x, tensor([1.0, -2.0]))
    assert gradcheck(lambda x: x * 2, zeros(0, 3, requires_grad=True))
    assert gradcheck(lambda x: (x * 2, x.sum()), x)


def test_linear_functions_have_a_second_derivative_of_zero():
    x = Tensor(np.array([0.5, 2.0]), requires_grad=True)
    assert gradgradcheck(lambda x: x + 1, x) and gradgradcheck(lambda x: x.sum(), x)


def test_inputs_made_of_kinks_alone():
    x = zeros(40, requires_grad=True, dtype=np.float64)
    assert gradcheck(lambda x: x.relu(), x) and gradgradcheck(lambda x: x.relu(), x)
    image = zeros(1, 1, 6, 6, requires_grad=True, dtype=np.float64)
    assert gradcheck(lambda x: ops.max_pool2d(x, 3, 2), image)


def test_a_wrong_gradient_beside_a_kink_is_found():
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x):
            return np.stack([np.maximum(x, 0), 3 * x])

        @staticmethod
        def backward(ctx, grad):
            return grad[0] * 0.5 + grad[1] * 2

    with pytest.raises(GradcheckError, match=r"analytic gradient 2, numeric 3.*of output element \(0, \(1, 0\)\)"):
        gradcheck(Wrong.apply, zeros(2, requires_grad=True, dtype=np.float64))
