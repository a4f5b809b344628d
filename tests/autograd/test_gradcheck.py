"""gradcheck finds planted mistakes, says where, and goes around kinks without excusing anything."""

import inspect

import numpy as np
import pytest

from minitorch import ops
from minitorch.autograd import Function, GradcheckError, gradcheck, gradgradcheck, no_grad
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
        with pytest.raises(ValueError, match="no output of the function is floating point"):
            check(lambda x: x > 0, x)
        with pytest.raises(TypeError, match=r"must return a tensor or a tuple of tensors, got \['Tensor', 'float'\]"):
            check(lambda x: (x, 3.0), x)
        with pytest.raises(TypeError, match="must return a tensor or a tuple of tensors, got float"):
            check(lambda x: 3.0, x)
    with pytest.raises(ValueError, match="gradgradcheck: no output of the function depends"):
        gradgradcheck(lambda x: x.detach(), x)


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


def test_a_detached_output_is_no_constant():
    """PyTorch: the differences of an output that requires no gradient must be zero."""
    x = Tensor(np.array([0.5, 2.0]), requires_grad=True)
    for function in (lambda x: x.detach() * 2, lambda x: (x * 3, x.detach() * 2), lambda x: (x.detach() * 2, x * 3)):
        with pytest.raises(GradcheckError, match="analytic gradient 0, numeric 2.*does not require a gradient: was it"):
            gradcheck(function, x)
        assert gradcheck(function, x, raise_exception=False) is False
    assert gradcheck(lambda x: (x * 3, ones(2).double(), x.argmax()), x)
    assert gradcheck(lambda x: ones(2).double(), x)


@pytest.mark.parametrize("wrong", ["detached", "of one input", "no grad"])
def test_a_missing_second_derivative_is_found(wrong):
    class Product(Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.save_for_backward(x, y)
            return x**2 * y

        @staticmethod
        def backward(ctx, grad):
            x, y = ctx.saved_tensors
            of_x, of_y = 2 * x * y * grad, x**2 * grad
            if wrong == "detached":
                return of_x.detach(), of_y.detach()
            if wrong == "of one input":
                return of_x.detach(), of_y
            with no_grad():
                return 2 * x * y * grad, x**2 * grad

    x = Tensor(np.array([0.5, 2.0]), requires_grad=True)
    y = Tensor(np.array([-1.5, 0.7]), requires_grad=True)
    assert gradcheck(Product.apply, (x, y))
    with pytest.raises(GradcheckError, match="analytic gradient 0, numeric .*was it detached"):
        gradgradcheck(Product.apply, (x, y))


def test_backward_must_multiply_by_the_gradient_it_is_given():
    class Forgets(Function):
        @staticmethod
        def forward(ctx, x):
            return x.sum() * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 0 + Tensor(np.full(3, 2.0))

    x = Tensor(np.ones(3), requires_grad=True)
    with pytest.raises(GradcheckError, match="input 0: the gradient is not zero where the gradients of the outputs"):
        gradcheck(Forgets.apply, x)


def test_backward_must_give_the_same_numbers_each_time():
    calls = []

    class Unsteady(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            calls.append(1)
            return grad * (2 + 1e-9 * len(calls))

    x = Tensor(np.ones(3), requires_grad=True)
    with pytest.raises(GradcheckError, match="input 0: two backwards from the same start differ by .*nondet_tol=0"):
        gradcheck(Unsteady.apply, x)
    assert gradcheck(Unsteady.apply, x, nondet_tol=1e-6, fast_mode=True, check_undefined_grad=False)


def test_arguments_and_defaults_are_those_of_pytorch():
    torch = pytest.importorskip("torch", reason="needs torch")
    for ours, theirs in ((gradcheck, torch.autograd.gradcheck), (gradgradcheck, torch.autograd.gradgradcheck)):
        expected = inspect.signature(theirs).parameters
        for name, parameter in inspect.signature(ours).parameters.items():
            if parameter.kind is not parameter.VAR_KEYWORD:
                assert (parameter.kind, parameter.default) == (expected[name].kind, expected[name].default), name
    x = Tensor(np.ones(2), requires_grad=True)
    assert gradgradcheck(lambda x: x**3, x, eps=1e-5, atol=1e-4, rtol=1e-2, nondet_tol=1e-9)
