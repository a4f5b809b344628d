"""no_grad and its relatives, and detect_anomaly."""

import threading

import numpy as np
import pytest

from minitorch.autograd import (
    Function,
    detect_anomaly,
    enable_grad,
    gradcheck,
    gradgradcheck,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    is_grad_enabled,
    no_grad,
    set_detect_anomaly,
    set_grad_enabled,
)
from minitorch.creation import ones, randn, tensor, zeros
from minitorch.tensor import Tensor


def recorded():
    return (ones(1, requires_grad=True) * 2).requires_grad


def test_nesting():
    assert recorded()
    with no_grad():
        assert not recorded() and not is_grad_enabled()
        with enable_grad():
            assert recorded()
            with set_grad_enabled(False):
                assert not recorded()
            assert recorded()
        assert not recorded()
    assert recorded()


@pytest.mark.parametrize("decorate, expected", [
    (no_grad(), False), (no_grad, False), (enable_grad(), True), (enable_grad, True), (set_grad_enabled(True), True)])
def test_decorators(decorate, expected):
    @decorate
    def function(again=True):
        """Text."""
        return (recorded(), function(False)) if again else recorded()

    assert function() == (expected, expected) and function.__doc__ == "Text." and recorded()
    with no_grad():
        assert function() == (expected, expected) and not recorded()


def test_set_grad_enabled_as_a_decorator_acts_within_the_function():
    @set_grad_enabled(False)
    def function():
        return recorded()

    assert recorded() and not function() and recorded()


def test_a_decorated_generator_function():
    @no_grad()
    def function():
        """Text."""
        try:
            while True:
                try:
                    got = yield recorded()
                except KeyError:
                    got = "error"
                if got == "end":
                    return recorded()
                yield got, recorded()
        finally:
            closed.append(recorded())

    closed = []
    items = function()
    assert function.__doc__ == "Text." and next(items) is False and recorded()
    assert items.send("a") == ("a", False) and recorded()
    assert next(items) is False and items.throw(KeyError()) == ("error", False) and recorded()
    assert next(items) is False
    with pytest.raises(StopIteration) as end:
        items.send("end")
    assert end.value.value is False and closed == [False] and recorded()
    items = function()
    next(items)
    items.close()
    assert closed == [False, False] and recorded()
    with no_grad():
        assert list(enable_grad(lambda: (yield recorded()))()) == [True] and not recorded()


def test_an_error_ends_the_block_all_the_same():
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert recorded()


def test_set_grad_enabled_as_a_call():
    set_grad_enabled(False)
    try:
        assert not recorded()
    finally:
        set_grad_enabled(True)
    assert recorded()
    with pytest.raises(TypeError, match="True or False"):
        set_grad_enabled("no")


def test_each_thread_has_its_own_switch():
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(recorded()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_leaves_made_within_no_grad_are_usable_after():
    with no_grad():
        x = ones(2, requires_grad=True)
        constant = x * 2
    (x * constant).sum().backward()
    assert x.grad.tolist() == [2, 2] and constant.is_leaf


class BadBackward(Function):
    @staticmethod
    def forward(ctx, x):
        return x + 1

    @staticmethod
    def backward(ctx, grad):
        return grad * float("nan")


def test_detect_anomaly_names_the_operation_that_made_the_first_nan():
    x = tensor([0.0, 1.0], requires_grad=True)
    with detect_anomaly():
        y = (x.sqrt() * 0).exp().sum()  # the gradient of sqrt at 0 is infinite, and 0 times it is NaN
        with pytest.raises(RuntimeError, match=r"(?s)detect_anomaly: .*SqrtBackward0 made a NaN.*test_modes.py"):
            y.backward()
        z = BadBackward.apply(x * 2).exp().sum()
        with pytest.raises(RuntimeError, match="BadBackwardBackward made a NaN"):
            z.backward()
    assert x.grad is None
    x.sqrt().mul(0).sum().backward()  # outside of the block nothing is looked at
    assert np.isnan(x.grad.array[0])


def test_detect_anomaly_without_looking_for_nan():
    """As in PyTorch: NaN passes, and an error of a backward is shown with the lines of its forward operation."""

    class Broken(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, grad):
            raise ValueError("broken on purpose")

    x = zeros(2, requires_grad=True)
    assert not is_anomaly_enabled() and is_anomaly_check_nan_enabled()
    with detect_anomaly(check_nan=False):
        assert is_anomaly_enabled() and not is_anomaly_check_nan_enabled()
        (x / x).sum().backward()
        assert x.grad.isnan().all()
        y = Broken.apply(x)
        warned = r"(?s)the backward of BrokenBackward raised an error; .*test_modes.py.*y = Broken.apply\(x\)"
        with pytest.warns(UserWarning, match=warned), pytest.raises(ValueError, match="broken on purpose"):
            y.sum().backward()
    assert not is_anomaly_enabled() and is_anomaly_check_nan_enabled()
    with pytest.raises(TypeError, match="expected True or False, got 'no'"):
        detect_anomaly(check_nan="no")


def test_anomaly_detection_can_be_switched():
    x = zeros(2, requires_grad=True)
    set_detect_anomaly(True)
    try:
        with pytest.raises(RuntimeError, match="made a NaN"):
            (x / x).sum().backward()
    finally:
        set_detect_anomaly(False)
    (x / x).sum().backward()
    with set_detect_anomaly(True, check_nan=False):
        assert is_anomaly_enabled() and not is_anomaly_check_nan_enabled()
    assert not is_anomaly_enabled() and is_anomaly_check_nan_enabled()


def test_detect_anomaly_blames_the_first_and_not_what_follows():
    x = tensor([0.0], requires_grad=True)
    with detect_anomaly():
        h = x * 3
        y = (h / h).tanh()
        with pytest.raises(RuntimeError, match="(Tanh|Div)Backward0"):
            y.backward()


class Cube(Function):
    """A user's own operation."""

    @staticmethod
    def forward(ctx, x, scale=1.0):
        ctx.save_for_backward(x)
        ctx.scale = scale
        return scale * x**3

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return 3 * ctx.scale * x * x * grad


class Both(Function):
    """Two results of which one has no gradient; None and numbers among the inputs."""

    @staticmethod
    def forward(ctx, x, y, number):
        total, order = x + (0 if y is None else y) * number, np.argsort(x)
        assert ctx.needs_input_grad == [True, y is not None, False]
        ctx.number = number
        return total, order, x * 2

    @staticmethod
    def backward(ctx, to_total, to_order, to_double):
        assert to_order is None
        return to_total + 2 * to_double, (to_total * ctx.number if ctx.needs_input_grad[1] else None), None


def test_a_function_of_ones_own():
    x = randn(3, requires_grad=True)
    y = Cube.apply(x, scale=2.0)
    assert y.grad_fn.name() == "CubeBackward" and isinstance(y.grad_fn, Cube)
    assert gradcheck(lambda x: Cube.apply(x, scale=2.0), x) and gradgradcheck(lambda x: Cube.apply(x, scale=2.0), x)
    y = Tensor(np.ones(3), requires_grad=True)
    total, order, double = Both.apply(x.double(), y, 3.0)
    assert total.requires_grad and not order.requires_grad and double.requires_grad
    double.sum().backward(retain_graph=True)  # the gradient of the other result stands as zeros
    assert x.grad.tolist() == [2, 2, 2] and y.grad.tolist() == [0, 0, 0]
    (total * 5).sum().backward()
    assert x.grad.tolist() == [7, 7, 7] and y.grad.tolist() == [15, 15, 15]
    Both.apply(x, None, 3.0)


class Forgetful(Function):
    @staticmethod
    def forward(ctx, x, y):
        return x * y

    @staticmethod
    def backward(ctx, grad):
        return grad


class WrongShape(Function):
    @staticmethod
    def forward(ctx, x):
        return x.sum(keepdims=True)

    @staticmethod
    def backward(ctx, grad):
        return ones(5)


def test_mistakes_in_a_function_are_named():
    x = ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="ForgetfulBackward: .* each of the 2 inputs, got 1"):
        Forgetful.apply(x, x).sum().backward()
    with pytest.raises(RuntimeError, match=r"WrongShapeBackward: .* gradient of shape \(5,\) for .* shape \(3,\)"):
        WrongShape.apply(x).sum().backward()
    with pytest.raises(NotImplementedError, match="forward"):
        Function.apply(x)
    with pytest.raises(TypeError, match=r"Cube: .*unexpected keyword"):
        Cube.apply(x, factor=2)


def test_the_graph_can_be_read():
    x, y = ones(2, requires_grad=True), ones(2)
    z = (x * y).sum()
    ((mul, number),) = z.grad_fn.next_functions
    assert number == 0 and mul.name() == "MulBackward0" and repr(mul) == "<MulBackward0>"
    assert mul.next_functions[0][0] is x and mul.next_functions[1] == (None, 0)
    assert mul._number < z.grad_fn._number
