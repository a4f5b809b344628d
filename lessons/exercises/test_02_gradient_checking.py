"""Checks of the exercises of lesson 2: pytest lessons/exercises/test_02_gradient_checking.py"""

import numpy as np
from checking import close, gradient, shape, unchanged

import minitorch
from minitorch import autograd


def test_2_1_central_not_forward(student):
    x = np.array([-1.0, 0.5, 2.0])
    close("your slope of x^2 with h = 0.1", student.central_difference(lambda v: v**2, x, 0.1), 2 * x,
          "for a parabola the central difference is exact; the forward one, with f(x + h) - f(x), is off by h",
          tolerance=1e-9)


def test_2_1_uses_the_step(student):
    wanted = (np.exp(1.5) - np.exp(0.5)) / 1.0
    close("your slope of exp at 1 with h = 0.5", student.central_difference(np.exp, 1.0, 0.5), wanted,
          "divide by 2h, the distance from x - h to x + h")


def test_2_2_matrix(student):
    x = np.random.default_rng(0).normal(size=(2, 3))
    result = shape("your gradient", student.numerical_gradient(lambda v: (v**3).sum(), x.copy()), x.shape,
                   "one slope for each number of x")
    close("your gradient of the sum of x^3", result, 3 * x**2,
          "move one number at a time, not a row, and put it back; np.ndindex(x.shape) gives each place", tolerance=1e-6)


def test_2_2_one_number_at_a_time(student):
    x = np.array([1.0, -2.0, 0.5])
    close("your gradient of the product of all numbers", student.numerical_gradient(lambda v: v.prod(), x.copy()),
          [-1.0, 0.5, -2.0], "put each number back before you change the next one", tolerance=1e-6)


def test_2_2_leaves_x_alone(student):
    x = np.array([0.1, 0.2, 0.7])
    copy = x.copy()
    student.numerical_gradient(lambda v: (v * v).sum(), x)
    unchanged("x", x, copy)


def test_2_3_relative_error(student):
    close("the error between [3, 4] and [3, 4.5]", student.relative_error(np.array([3.0, 4.0]), np.array([3.0, 4.5])),
          0.5 / (5 + np.sqrt(29.25)), "take Euclidean lengths over all numbers: np.linalg.norm of the flattened array")
    a = np.random.default_rng(0).normal(size=(2, 3, 4))
    close("the error between a and -a of shape (2, 3, 4)", student.relative_error(a, -a), 1.0,
          "flatten the arrays: the length is taken over all numbers")


def test_2_3_zeros(student):
    with np.errstate(all="ignore"):
        error = student.relative_error(np.zeros(3), np.zeros(3))
    close("the error between two gradients of zeros", error, 0.0, "do not divide 0 by 0")


def test_2_4_least_error(student):
    for epsilon, value, third in ((2.0**-53, 1.0, 1.0), (2.0**-24, 3.0, 0.2)):
        step = student.best_step(epsilon, value, third)
        assert step is not None and step > 0, f"the step should be positive; yours is {step}"
        candidates = step * np.array([0.9, 1.0, 1.1])
        errors = candidates**2 / 6 * third + epsilon * value / candidates
        assert errors.argmin() == 1, (
            f"at your step {step:.3g} the error is {errors[1]:.3g}, but at {candidates[errors.argmin()]:.3g} it is "
            f"{errors.min():.3g}: E'(h) = h third_derivative / 3 - epsilon value / h^2 must be zero")


def quadratic():
    """(f, gradient, x): a function with a known gradient and a point."""
    random = np.random.default_rng(0)
    x, weight = random.normal(size=(4, 5)), random.normal(size=(4, 5))
    return (lambda v: (np.sin(v) * weight).sum()), np.cos(x) * weight, x


def test_2_5_accepts_a_right_gradient(student):
    f, right, x = quadratic()
    directions = list(np.random.default_rng(1).normal(size=(3, 4, 5)))
    assert student.check_along_directions(f, right, x, directions), "you reject a gradient that is right"


def test_2_5_rejects_a_wrong_gradient(student):
    f, right, x = quadratic()
    directions = list(np.random.default_rng(1).normal(size=(3, 4, 5)))
    wrong = right.copy()
    wrong[2, 3] *= 2
    assert not student.check_along_directions(f, wrong, x, directions), (
        "you accept a gradient with one number that is twice too large: compare the measured slope with the sum of "
        "gradient * v")
    assert not student.check_along_directions(f, -right, x, directions), "you accept a gradient with the wrong sign"


def test_2_5_tolerance(student):
    for slope, error, right in ((1000.0, 5e-4, True), (1000.0, 2e-3, False), (0.0, 5e-7, True), (0.0, 2e-6, False)):
        gradient = np.array([slope + error])
        said = student.check_along_directions(lambda v, s=slope: s * v[0], gradient, np.zeros(1), [np.ones(1)])
        assert bool(said) == right, (
            f"a gradient of {slope:g} that is off by {error:g} should {'pass' if right else 'not pass'}: the tolerance "
            "is 1e-6, times 1 + |measured slope|")


def test_2_5_looks_at_all_directions(student):
    f, right, x = quadratic()
    good, bad = np.zeros_like(x), np.zeros_like(x)
    good[0, 0] = bad[1, 1] = 1
    wrong = right.copy()
    wrong[1, 1] += 1
    for order in ([good, bad], [bad, good]):
        assert not student.check_along_directions(f, wrong, x, order), (
            "the gradient is wrong along one of two directions, and you accept it: all directions must agree")


def test_2_5_runs_f_twice_for_each_direction(student):
    f, right, x = quadratic()
    runs = []
    student.check_along_directions(lambda v: runs.append(1) or f(v), right, x, [np.ones_like(x)] * 4)
    assert len(runs) == 8, f"with 4 directions you ran f {len(runs)} times; 8 are enough, that is the point"


class Double(autograd.Function):
    """2 x, with a wrong backward."""

    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, grad):
        return grad


class SmallMistake(autograd.Function):
    """x y, where the gradient of y is off by one per cent."""

    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved_tensors
        return grad * y, 1.01 * grad * x


def test_2_6_finds_the_wrong_ones(student):
    random = np.random.default_rng(0)

    def tensors(count):
        return [minitorch.tensor(random.normal(size=(2, 3)), requires_grad=True) for _ in range(count)]

    layers = {"double": (Double.apply, tensors(1)), "product": (SmallMistake.apply, tensors(2)),
              "tanh": (lambda x: x.tanh(), tensors(1)), "relu": (lambda x: x.relu(), tensors(1)),
              "sum": (lambda x, y: (x + y).sum(), tensors(2))}
    found = student.suspects(layers)
    assert found is not None, "suspects returned None: return the set of names"
    assert not set(found) - {"double", "product"}, f"you suspect {set(found) - {'double', 'product'}}, which is right"
    assert set(found) == {"double", "product"}, (
        f"you miss {({'double', 'product'} - set(found))}: check the gradients of all inputs, and strictly")


def rows():
    return np.random.default_rng(0).normal(size=(3, 4))


def test_2_7_forward(student):
    x = rows()
    result = student.UnitLength.apply(minitorch.tensor(x))
    close("your rows", result, x / np.sqrt((x * x).sum(1, keepdims=True)), "divide each row by its own length")


def test_2_7_gradient(student):
    x, weight = rows(), np.random.default_rng(1).normal(size=(3, 4))
    tensor = minitorch.tensor(x, requires_grad=True)
    (student.UnitLength.apply(tensor) * minitorch.tensor(weight)).sum().backward()
    numbers = gradient(lambda v: (v / np.sqrt((v * v).sum(1, keepdims=True)) * weight).sum(), x)
    close("your gradient", tensor.grad, numbers,
          "the length r depends on x, too: subtract the part of the gradient along the row", tolerance=1e-5)
    assert autograd.gradcheck(student.UnitLength.apply, tensor, raise_exception=False), "gradcheck rejects the gradient"


def test_2_7_can_be_differentiated_again(student):
    tensor = minitorch.tensor(rows(), requires_grad=True)
    try:
        right = autograd.gradgradcheck(student.UnitLength.apply, tensor, raise_exception=False)
    except ValueError:
        right = False
    assert right, "the second derivative is wrong: write backward in tensor operations, and compute r there from x anew"
