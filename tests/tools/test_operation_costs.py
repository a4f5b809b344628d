"""Multiply-accumulates counted one by one, and bytes of memory."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch
import minitorch.nn.functional as F
from minitorch.autograd import no_grad, watch
from minitorch.tools.operation_costs import multiply_accumulates, occupied, traffic


def total(function):
    """(multiply-accumulates, those of attention, bytes read, bytes written) of all operations of a function."""
    sums = [0, 0, 0, 0]

    def note(operation, inputs, outputs, params):
        costs = (*multiply_accumulates(operation, inputs, outputs), *traffic(operation, inputs, outputs))
        sums[:] = [a + b for a, b in zip(sums, costs)]

    with no_grad(), watch(note):
        function()
    return tuple(sums)


@given(st.data())
def test_convolution_by_going_through_it(data):
    draw = lambda low, high: data.draw(st.integers(low, high))  # noqa: E731
    groups, kernel, stride, padding, dilation = draw(1, 3), draw(1, 3), draw(1, 2), draw(0, 1), draw(1, 2)
    channels, filters, batch, size = groups * draw(1, 2), groups * draw(1, 2), draw(1, 2), draw(5, 7)
    x = minitorch.zeros(batch, channels, size, size)
    weight = minitorch.zeros(filters, channels // groups, kernel, kernel)
    places = len(range(0, size + 2 * padding - dilation * (kernel - 1), stride))
    count = sum(1 for _ in itertools.product(
        range(batch), range(filters), range(places), range(places), range(channels // groups), range(kernel),
        range(kernel),
    ))  # fmt: skip
    run = lambda: F.conv2d(x, weight, None, stride, padding, dilation, groups)  # noqa: E731
    assert total(run)[:2] == (count, 0)


def test_transposed_convolution_costs_what_the_convolution_costs_that_it_turns_round():
    x, y = minitorch.zeros(2, 4, 9, 9), minitorch.zeros(2, 6, 5, 5)
    weight = minitorch.zeros(6, 2, 3, 3)
    forward = total(lambda: F.conv2d(x, weight, None, 2, 1, 1, 2))[0]
    assert total(lambda: F.conv_transpose2d(y, weight, None, 2, 1, 0, 2))[0] == forward == 2 * 6 * 25 * 2 * 9


def test_conv1d():
    x, weight = minitorch.zeros(1, 3, 20), minitorch.zeros(8, 3, 5)
    assert total(lambda: F.conv1d(x, weight))[0] == 8 * 16 * 3 * 5


def test_linear_and_products_of_matrices():
    x, weight, bias = minitorch.zeros(2, 7, 5), minitorch.zeros(3, 5), minitorch.zeros(3)
    assert total(lambda: F.linear(x, weight, bias))[:2] == (2 * 7 * 5 * 3, 0)
    assert total(lambda: x @ minitorch.zeros(5, 4))[:2] == (2 * 7 * 5 * 4, 0)
    assert total(lambda: x[0] @ minitorch.zeros(5))[:2] == (7 * 5, 0)


def test_attention_is_counted_apart():
    q, k, v = (minitorch.zeros(2, 4, n, e) for n, e in ((6, 8), (10, 8), (10, 5)))
    assert total(lambda: F.scaled_dot_product_attention(q, k, v))[:2] == (0, 2 * 4 * 6 * 10 * (8 + 5))


def test_bytes_of_elementwise_operations():
    a, b = minitorch.zeros(10, 20), minitorch.zeros(20)
    assert total(lambda: a + b)[2:] == (4 * (200 + 20), 4 * 200)
    assert total(lambda: a * a)[2:] == (4 * 200, 4 * 200)  # read once
    assert total(lambda: a.double())[2:] == (4 * 200, 8 * 200)


def test_bytes_of_in_place_operations():
    a = minitorch.zeros(10)
    assert total(lambda: a.add_(1.0))[2:] == (2 * 40, 2 * 40)  # the sum, then its copy into place


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x.reshape(20, 10),
        lambda x: x.permute(1, 0),
        lambda x: x[2:5],
        lambda x: x.expand(3, 10, 20),
        lambda x: F.dropout(x, 0.5, training=False),
    ],
)
def test_views_cost_nothing(view):
    assert total(lambda: view(minitorch.zeros(10, 20)))[2:] == (0, 0)


def test_a_reshape_that_copies_costs():
    x = minitorch.zeros(10, 20).T
    assert total(lambda: x.reshape(200))[2:] == (800, 800)


def test_occupied_memory():
    assert occupied(np.broadcast_to(np.zeros((4, 1, 3), np.float32), (4, 5, 3))) == 48
    assert occupied(np.zeros((0, 3))) == 0 and occupied(np.zeros((), np.float64)) == 8
