"""Gradients checked against central differences: (f(x + h) - f(x - h)) / 2h for every number of every input."""

import numpy as np

from minitorch.autograd.backward import grad
from minitorch.autograd.mode import enable_grad
from minitorch.autograd.variable import Variable
from minitorch.device import array_module, to_numpy

_RESAMPLES = 20


class GradcheckError(RuntimeError):
    """A gradient that disagrees with differences; the message names the place and both numbers."""


def gradcheck(func, inputs, *, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True):
    """Check the gradients of `func` at `inputs` against central differences.

    Every element of the Jacobian is compared: |analytic - numeric| <= atol + rtol * |numeric|. At a kink (relu at 0,
    a tie in a maximum) the difference quotient means nothing: where the slopes to the left and to the right differ,
    those numbers of the input are drawn anew nearby and the whole check starts again from there, at most 20 times. A
    kink is never excused, so a wrong gradient cannot hide behind one.

    Args:
        func: takes the inputs, returns a tensor or a tuple of tensors; must give the same result each time.
        inputs: a tensor or a sequence of arguments; those tensors that require a gradient are checked. float32
            tensors are checked as float64 copies.
        eps: step h.
        atol, rtol: tolerances.
        raise_exception: raise on a mismatch, else return False.

    Returns:
        True where all agree.

    Raises:
        GradcheckError: names the input, the index, both numbers and the tolerance.
        ValueError: no input requires a gradient, or no output depends on one.
    """
    inputs = [inputs] if isinstance(inputs, Variable) else list(inputs)
    inputs = [_double_leaf(x) if isinstance(x, Variable) and x.requires_grad else x for x in inputs]
    checked = [i for i, x in enumerate(inputs) if isinstance(x, Variable) and x.requires_grad]
    if not checked:
        raise ValueError("gradcheck: no input requires a gradient; make one with requires_grad=True")
    generator = np.random.default_rng(0)
    for _ in range(_RESAMPLES):
        kinks, message = _faults(func, inputs, checked, eps, atol, rtol)
        if message is None:
            return True
        for i, index in kinks:
            _draw_anew(inputs[i].array, index, generator)
        if not kinks:
            break
    if raise_exception:
        raise GradcheckError(message)
    return False


def gradgradcheck(
    func, inputs, grad_outputs=None, *, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True
):
    """Check second derivatives: `gradcheck` of the gradient, as a function of the inputs and of `grad_outputs`.

    Args:
        func, inputs, eps, atol, rtol, raise_exception: as for `gradcheck`.
        grad_outputs: the gradients to start the first backward from; drawn at random unless given.
    """
    inputs = [inputs] if isinstance(inputs, Variable) else list(inputs)
    inputs = [_double_leaf(x) if isinstance(x, Variable) and x.requires_grad else x for x in inputs]
    checked = [i for i, x in enumerate(inputs) if isinstance(x, Variable) and x.requires_grad]
    if not checked:
        raise ValueError("gradgradcheck: no input requires a gradient; make one with requires_grad=True")
    if grad_outputs is None:
        generator = np.random.default_rng(1)
        grad_outputs = [_random_like(y, generator) for y in _outputs(func, inputs)]
    elif isinstance(grad_outputs, Variable):
        grad_outputs = [grad_outputs]
    grad_outputs = [_double_leaf(g) for g in grad_outputs]

    def first_derivative(*arguments):
        arguments, starts = list(arguments[: len(inputs)]), arguments[len(inputs) :]
        leaves = [arguments[i] for i in checked]
        gradients = grad(_outputs(func, arguments), leaves, starts, create_graph=True, allow_unused=True)
        return tuple(g for g in gradients if g is not None and g.requires_grad)

    arguments = [*inputs, *grad_outputs]
    return gradcheck(first_derivative, arguments, eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception)


def _double_leaf(x):
    leaf = x._wrap(x.array.astype("float64"))
    leaf.requires_grad = True
    return leaf


def _random_like(y, generator):
    return y._wrap(array_module(y.array).asarray(generator.standard_normal(y.array.shape)))


def _outputs(func, inputs):
    """The differentiable outputs, recorded."""
    with enable_grad():
        result = func(*inputs)
    result = (result,) if isinstance(result, Variable) else tuple(result)
    outputs = [y for y in result if isinstance(y, Variable) and y.requires_grad]
    if not outputs:
        raise ValueError("gradcheck: no output of the function depends on an input that requires a gradient")
    return outputs


def _values(func, inputs):
    """All differentiable outputs at the inputs' present values as one flat float64 array."""
    return np.concatenate([to_numpy(y.array).astype(np.float64).ravel() for y in _outputs(func, inputs)])


def _faults(func, inputs, checked, eps, atol, rtol):
    """(places that stand at kinks, report of the first fault): no kinks where one is a fault all the same."""
    kinks, report = [], None
    outputs = _outputs(func, inputs)
    middle = _values(func, inputs)
    jacobians = _analytic(outputs, [inputs[i] for i in checked])
    for i, jacobian in zip(checked, jacobians):
        array = inputs[i].array
        for flat, index in enumerate(np.ndindex(array.shape)):
            value = float(array[index])
            array[index] = value + eps
            above = _values(func, inputs)
            array[index] = value - eps
            below = _values(func, inputs)
            array[index] = value
            numeric, analytic = (above - below) / (2 * eps), jacobian[:, flat]
            tolerance = atol + rtol * np.abs(numeric)
            wrong = ~(np.abs(analytic - numeric) <= tolerance)
            if wrong.any():
                right_slope, left_slope = (above - middle) / eps, (middle - below) / eps
                no_kink = wrong & ~(np.abs(right_slope - left_slope) > 2 * tolerance)
                k = int(np.argmax(no_kink if no_kink.any() else wrong))
                message = (
                    f"gradcheck: input {i}, index {index}: analytic gradient {analytic[k]:.9g}, numeric "
                    f"{numeric[k]:.9g}, tolerance {tolerance[k]:.3g} (of output element {_place(outputs, k)})"
                )
                if no_kink[k]:
                    return [], message
                kinks.append((i, index))
                report = report or f"{message}; the slopes to both sides differ at every value tried"
    return kinks, report


def _analytic(outputs, leaves):
    """For each leaf its Jacobian, (outputs, inputs), one backward for each number of the outputs."""
    rows = [[] for _ in leaves]
    for y in outputs:
        for index in np.ndindex(y.array.shape):
            start = y._wrap(y.array * 0)
            start.array[index] = 1
            for row, leaf, g in zip(rows, leaves, grad(y, leaves, start, retain_graph=True, allow_unused=True)):
                row.append(np.zeros(leaf.array.size) if g is None else to_numpy(g.array).ravel())
    return [np.array(row).reshape(len(row), leaf.array.size) for row, leaf in zip(rows, leaves)]


def _place(outputs, k):
    """(output number, index) of the k-th number of all outputs."""
    for number, y in enumerate(outputs):
        if k < y.array.size:
            return number, tuple(int(n) for n in np.unravel_index(k, y.array.shape))
        k -= y.array.size
    raise IndexError(k)


def _draw_anew(array, index, generator):
    array[index] = float(array[index]) + generator.uniform(0.05, 0.5) * generator.choice([-1.0, 1.0])
