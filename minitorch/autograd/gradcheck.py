"""Gradients checked against central differences: (f(x + h) - f(x - h)) / 2h for every number of every input."""

import numpy as np

from minitorch.autograd.backward import grad
from minitorch.autograd.mode import enable_grad
from minitorch.autograd.variable import Variable
from minitorch.device import array_module, to_numpy

_RESAMPLES = 20


class GradcheckError(RuntimeError):
    """A gradient that disagrees with differences; the message names the place and both numbers."""


def gradcheck(
    func, inputs, *, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True, nondet_tol=0.0, check_undefined_grad=True,
    check_grad_dtypes=False, fast_mode=False,
):  # fmt: skip
    """Check the gradients of `func` at `inputs` against central differences.

    Every element of the Jacobian is compared: |analytic - numeric| <= atol + rtol * |numeric|. An output that does
    not require a gradient counts as a constant, so its differences must be zero: a detached one does not pass. At a
    kink (relu at 0, a tie in a maximum) the difference quotient means nothing: where the slopes to the left and to
    the right differ, those numbers of the input are drawn anew nearby and the whole check starts again from there, at
    most 20 times. A kink is never excused, so a wrong gradient cannot hide behind one.

    Args:
        func: takes the inputs, returns a tensor or a tuple of tensors; must give the same result each time. Outputs
            that are not floating point have no derivative and are passed over.
        inputs: a tensor or a sequence of arguments; those tensors that require a gradient are checked. float32
            tensors are checked as float64 copies.
        eps: step h.
        atol, rtol: tolerances.
        raise_exception: raise on a mismatch, else return False.
        nondet_tol: by how much two backwards from the same start may differ.
        check_undefined_grad, check_grad_dtypes, fast_mode: accepted and without effect: a missing gradient is zeros
            here, a gradient gets its input's type, and the whole Jacobian is compared always.

    Returns:
        True where all agree.

    Raises:
        GradcheckError: names the input, the index, both numbers and the tolerance.
        TypeError: an output that is no tensor.
        ValueError: no input requires a gradient, or no output is floating point.
    """
    inputs, checked = _as_leaves("gradcheck", inputs)
    generator = np.random.default_rng(0)
    for _ in range(_RESAMPLES):
        kinks, message = _faults(func, inputs, checked, eps, atol, rtol)
        if message is None:
            message = _unsteady(func, inputs, checked, nondet_tol)
            break
        for i, index in kinks:
            _draw_anew(inputs[i].array, index, generator)
        if not kinks:
            break
    if message is not None and raise_exception:
        raise GradcheckError(message)
    return message is None


def gradgradcheck(func, inputs, grad_outputs=None, **options):
    """Check second derivatives: `gradcheck` of the gradient, as a function of the inputs and of `grad_outputs`.

    Args:
        func, inputs: as for `gradcheck`.
        grad_outputs: the gradients to start the first backward from; drawn at random unless given.
        options: the keyword arguments of `gradcheck`.

    Raises:
        GradcheckError, TypeError, ValueError: as `gradcheck`; no output depends on an input that requires a gradient.
    """
    inputs, checked = _as_leaves("gradgradcheck", inputs)
    if grad_outputs is None:
        generator = np.random.default_rng(1)
        grad_outputs = [_random_like(y, generator) for y in _differentiable(func, inputs)]
    elif isinstance(grad_outputs, Variable):
        grad_outputs = [grad_outputs]
    grad_outputs = [_double_leaf(g) for g in grad_outputs]

    def first_derivative(*arguments):
        arguments, starts = list(arguments[: len(inputs)]), arguments[len(inputs) :]
        leaves = [arguments[i] for i in checked]
        return grad(_differentiable(func, arguments), leaves, starts, create_graph=True, materialize_grads=True)

    return gradcheck(first_derivative, [*inputs, *grad_outputs], **options)


def _as_leaves(name, inputs):
    """The arguments, those that require a gradient as float64 leaves of their own, and the numbers of these."""
    inputs = [inputs] if isinstance(inputs, Variable) else list(inputs)
    checked = [i for i, x in enumerate(inputs) if isinstance(x, Variable) and x.requires_grad]
    if not checked:
        raise ValueError(f"{name}: no input requires a gradient; make one with requires_grad=True")
    return [_double_leaf(x) if i in checked else x for i, x in enumerate(inputs)], checked


def _double_leaf(x):
    leaf = x._wrap(x.array.astype("float64"))
    leaf.requires_grad = True
    return leaf


def _random_like(y, generator):
    return y._wrap(array_module(y.array).asarray(generator.standard_normal(y.array.shape)))


def _outputs(func, inputs):
    """The outputs of floating point, recorded."""
    with enable_grad():
        result = func(*inputs)
    result = (result,) if isinstance(result, Variable) else result
    kinds = [type(y).__name__ for y in result] if isinstance(result, (tuple, list)) else type(result).__name__
    if not isinstance(result, (tuple, list)) or not all(isinstance(y, Variable) for y in result):
        raise TypeError(f"gradcheck: the function must return a tensor or a tuple of tensors, got {kinds}")
    outputs = [y for y in result if y.array.dtype.kind == "f"]
    if not outputs:
        raise ValueError("gradcheck: no output of the function is floating point, so there is no derivative to check")
    return outputs


def _differentiable(func, inputs):
    """The outputs that require a gradient."""
    outputs = [y for y in _outputs(func, inputs) if y.requires_grad]
    if not outputs:
        raise ValueError("gradgradcheck: no output of the function depends on an input that requires a gradient")
    return outputs


def _values(outputs):
    """All outputs as one flat float64 array."""
    return np.concatenate([to_numpy(y.array).astype(np.float64).ravel() for y in outputs])


def _faults(func, inputs, checked, eps, atol, rtol):
    """(places that stand at kinks, report of the first fault): no kinks where one is a fault all the same."""
    kinks, report = [], None
    outputs = _outputs(func, inputs)
    middle = _values(outputs)
    jacobians = _analytic(outputs, [inputs[i] for i in checked])
    for i, jacobian in zip(checked, jacobians):
        array = inputs[i].array
        for flat, index in enumerate(np.ndindex(array.shape)):
            value = float(array[index])
            array[index] = value + eps
            above = _values(_outputs(func, inputs))
            array[index] = value - eps
            below = _values(_outputs(func, inputs))
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
                    f"{_detached(outputs, k)}"
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
            for row, gradient in zip(rows, _gradients([y], leaves, [start])):
                row.append(gradient.ravel())
    return [np.array(row).reshape(len(row), leaf.array.size) for row, leaf in zip(rows, leaves)]


def _gradients(outputs, leaves, starts):
    """One backward: for each leaf its gradient as a NumPy array, zeros where no output leads to it."""
    pairs = [(y, start) for y, start in zip(outputs, starts) if y.requires_grad]
    if not pairs:
        return [np.zeros(leaf.array.shape) for leaf in leaves]
    outputs, starts = zip(*pairs)
    gradients = grad(outputs, leaves, starts, retain_graph=True, materialize_grads=True)
    return [to_numpy(g.array) for g in gradients]


def _unsteady(func, inputs, checked, tolerance):
    """The report of a backward that does not multiply by what it is given, or that gives other numbers each time."""
    outputs, leaves = _outputs(func, inputs), [inputs[i] for i in checked]
    generator = np.random.default_rng(2)
    starts = [_random_like(y, generator) for y in outputs]
    zeros = _gradients(outputs, leaves, [y._wrap(y.array * 0) for y in outputs])
    for i, of_zero, first, second in zip(
        checked, zeros, _gradients(outputs, leaves, starts), _gradients(outputs, leaves, starts)
    ):
        if (of_zero != 0).any():
            return (f"gradcheck: input {i}: the gradient is not zero where the gradients of the outputs are; backward "
                    "must multiply by what it is given")  # fmt: skip
        if (np.abs(first - second) > tolerance).any():
            return (f"gradcheck: input {i}: two backwards from the same start differ by "
                    f"{np.abs(first - second).max():.3g}, more than nondet_tol={tolerance:g}")  # fmt: skip
    return None


def _output_of(outputs, k):
    """(number of the output, place in it) of the k-th number of all outputs."""
    for number, y in enumerate(outputs):
        if k < y.array.size:
            return number, k
        k -= y.array.size
    raise IndexError(k)


def _place(outputs, k):
    """(output number, index) of the k-th number of all outputs."""
    number, k = _output_of(outputs, k)
    return number, tuple(int(n) for n in np.unravel_index(k, outputs[number].array.shape))


def _detached(outputs, k):
    """A hint for a number that came out of the graph."""
    y = outputs[_output_of(outputs, k)[0]]
    return "" if y.requires_grad else "; this output does not require a gradient: was it detached?"


def _draw_anew(array, index, generator):
    array[index] = float(array[index]) + generator.uniform(0.05, 0.5) * generator.choice([-1.0, 1.0])
