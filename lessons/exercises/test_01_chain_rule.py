"""Checks of the exercises of lesson 1: pytest lessons/exercises/test_01_chain_rule.py"""

import math

import numpy as np
from checking import close, gradient, shape


def test_1_1_slope(student):
    x = np.array([-1.0, -0.3, 0.0, 0.2, 0.5])
    numbers = [gradient(lambda v: np.tanh(3 * v**2 + v), np.array(value)) for value in x]
    close("your slope of tanh(3 x^2 + x)", student.slope(x), numbers,
          "multiply 1 - tanh(u)^2 by the derivative of u = 3 x^2 + x, which is 6 x + 1")


class Node:
    """A node of a graph that counts how often its parents are asked for."""

    def __init__(self, name, *nodes):
        self.name, self.nodes, self.reads = name, nodes, 0

    @property
    def parents(self):
        self.reads += 1
        return self.nodes


def names(order):
    assert order is not None, "backward_order returned None: return the list"
    return [node.name for node in order]


def test_1_2_order_of_a_graph_with_two_ways(student):
    x = Node("x")
    a = Node("a", x)
    b = Node("b", a, x)
    c = Node("c", b, a)
    order = names(student.backward_order(c))
    assert sorted(order) == ["a", "b", "c", "x"], f"c, b, a and x should each stand once in your list; it is {order}"
    assert order == ["c", "b", "a", "x"], (
        f"your order is {order}; it should be ['c', 'b', 'a', 'x']: a node comes after all that was computed from it")


def test_1_2_unequal_ways(student):
    x = Node("x")
    early = Node("early", x)
    late = Node("late", Node("middle", early))
    order = names(student.backward_order(Node("result", early, late)))
    assert order == ["result", "late", "middle", "early", "x"], (
        f"your order is {order}, but 'early' must wait for 'middle', which was computed from it: "
        "a node comes after all that was computed from it")


def test_1_2_deep_chain(student):
    node = chain = Node(0)
    for number in range(1, 5001):
        node = Node(number, node)
    try:
        order = student.backward_order(node)
    except RecursionError:
        raise AssertionError("a chain of 5000 nodes is too deep for recursion: keep a stack of your own") from None
    assert names(order) == list(range(5000, -1, -1)) and order[-1] is chain, "the order of a long chain is wrong"


def test_1_2_each_node_is_visited_once(student):
    nodes = [Node(0)]
    for number in range(1, 15):
        nodes.append(Node(number, nodes[-1], nodes[-1]))
    student.backward_order(nodes[-1])
    reads = max(node.reads for node in nodes)
    assert reads <= 5, (
        f"in a graph of {len(nodes)} nodes you looked at the parents of one node {reads} times: remember which nodes "
        "you have seen, for the number of paths doubles with each node")


def test_1_3_added_axes(student):
    grad = np.arange(12.0).reshape(4, 3)
    close("the gradient of a bias of shape (3,) that was added to (4, 3)", student.sum_to(grad, (3,)), grad.sum(0),
          "sum over the axes that the operand lacks, here the batch")


def test_1_3_axes_of_length_one(student):
    grad = np.arange(24.0).reshape(2, 3, 4)
    hint = "sum with keepdims=True over axes in which the operand has length 1"
    close("the gradient of an operand of shape (2, 1, 4)", student.sum_to(grad, (2, 1, 4)), grad.sum(1)[:, None], hint)
    close("the gradient of an operand of shape (3, 1)", student.sum_to(grad, (3, 1)),
          grad.sum((0, 2)).reshape(3, 1), hint)


def test_1_3_single_number_and_no_broadcasting(student):
    grad = np.arange(6.0).reshape(2, 3)
    close("the gradient of a single number, shape ()", student.sum_to(grad, ()), 15.0, "sum over everything")
    close("the gradient of an operand that was not broadcast", student.sum_to(grad, (2, 3)), grad, "return it as it is")


def layer(student):
    random = np.random.default_rng(0)
    grad, x, weight = random.normal(size=(4, 2)), random.normal(size=(4, 3)), random.normal(size=(2, 3))
    result = student.linear_backward(grad, x, weight)
    assert isinstance(result, (tuple, list)) and len(result) == 3, "return three gradients: of x, weight and bias"
    return grad, x, weight, result


def test_1_4_gradient_of_the_bias(student):
    grad, x, weight, (_, _, of_bias) = layer(student)
    shape("your gradient for the bias", of_bias, (2,), "sum over the batch")
    close("your gradient for the bias", of_bias, gradient(lambda b: (grad * (x @ weight.T + b)).sum(), np.zeros(2)),
          "sum grad_output over the batch, do not average: the loss has averaged already if it wants to")


def test_1_4_gradient_of_the_weight(student):
    grad, x, weight, (_, of_weight, _) = layer(student)
    shape("your gradient for the weight", of_weight, (2, 3), "a gradient has the shape of its parameter; transpose?")
    close("your gradient for the weight", of_weight, gradient(lambda w: (grad * (x @ w.T)).sum(), weight),
          "it is grad_output^T x")


def test_1_4_gradient_of_the_input(student):
    grad, x, weight, (of_x, _, _) = layer(student)
    close("your gradient for x", of_x, gradient(lambda v: (grad * (v @ weight.T)).sum(), x),
          "it is grad_output weight")


def check_value(student, formula, *numbers):
    """The value and all gradients of a formula, against central differences."""
    values = [student.Value(number) for number in numbers]
    result = formula(*values)
    assert hasattr(result, "data"), f"an operation on Values gave {type(result).__name__}; it should give a Value"
    result.backward()
    close("the result's data", result.data, formula(*map(Plain, numbers)).data)
    expected = gradient(lambda v: formula(*map(Plain, v)).data, numbers)
    return [(value.grad, want) for value, want in zip(values, expected)]


class Plain:
    """Numbers with the methods of Value but without gradients, for central differences."""

    def __init__(self, data):
        self.data = data

    def exp(self):
        return Plain(math.exp(self.data))

    def tanh(self):
        return Plain(math.tanh(self.data))

    def __neg__(self):
        return Plain(-self.data)


def _operator(name):
    def apply(self, other):
        other = other.data if isinstance(other, Plain) else other
        return Plain(getattr(float(self.data), name)(float(other)))

    return apply


for _name in "add radd mul rmul sub rsub truediv rtruediv pow".split():
    setattr(Plain, f"__{_name}__", _operator(f"__{_name}__"))


def test_1_5_sum_and_product(student):
    for grad, want in check_value(student, lambda a, b: a * b + a, 2.0, -3.0):
        close("a gradient of a * b + a", grad, want, "the derivative of a * b by a is b; a gets that and 1")


def test_1_5_number_used_twice(student):
    ((grad, want),) = check_value(student, lambda a: a * a + a, 3.0)
    close("the gradient of a * a + a at 3", grad, want, "a is used three times, and each use adds to its gradient (+=)")


def test_1_5_two_results(student):
    a = student.Value(3.0)
    first, second = a * 2.0, a * a
    first.backward()
    second.backward()
    close("the gradient of a after backward from 2 a and from a a, at a = 3", a.grad, 2.0 + 6.0,
          "backward adds to the gradients that are there; it does not begin with zeros")
    close("the gradient of the result itself", first.grad, 1.0, "it changes by 1 when it changes by 1")


def test_1_5_long_way_and_short_way(student):
    def formula(a):
        b = a * 2.0
        return b + (b * b).tanh() * b

    ((grad, want),) = check_value(student, formula, 0.3)
    close("the gradient of b + tanh(b b) b with b = 2 a", grad, want,
          "pass a gradient on only when it is complete: visit each Value after all that was computed from it")


def test_1_5_all_operations(student):
    for name, formula in {
        "-a": lambda a, b: -a + 0 * b, "a - b": lambda a, b: a - b, "a / b": lambda a, b: a / b,
        "a ** 3": lambda a, b: a**3 + 0 * b, "exp(a)": lambda a, b: a.exp() + 0 * b,
        "tanh(b)": lambda a, b: b.tanh() + 0 * a,
    }.items():
        for grad, want in check_value(student, formula, 1.5, 0.7):
            close(f"a gradient of {name}", grad, want)


def test_1_5_plain_numbers_on_either_side(student):
    for name, formula in {"2 * a": lambda a: 2 * a, "1 - a": lambda a: 1 - a, "1 / a": lambda a: 1 / a,
                          "3 + a": lambda a: 3 + a, "a - 1": lambda a: a - 1, "a / 2": lambda a: a / 2}.items():
        ((grad, want),) = check_value(student, formula, 1.5)
        close(f"the gradient of {name}", grad, want, "for a number on the left Python calls __radd__, __rsub__, ...")


def test_1_5_deep_chain(student):
    first = student.Value(1.0)
    value = first
    for _ in range(5000):
        value = value + 0.001
    try:
        value.backward()
    except RecursionError:
        raise AssertionError("a chain of 5000 additions is too deep for recursion: keep a stack of your own") from None
    close("the gradient through 5000 additions", first.grad, 1.0)


def test_1_6_second_derivatives(student):
    x = np.array([-1.0, 0.2, 0.7])
    hint = "take the gradient with create_graph=True, and differentiate its sum once more"
    close("your second derivatives of the sum of x^3", student.hessian_diagonal(lambda t: (t**3).sum(), x), 6 * x, hint)
    wanted = -2 * np.tanh(x) * (1 - np.tanh(x) ** 2)
    close("your second derivatives of the sum of tanh(x)", student.hessian_diagonal(lambda t: t.tanh().sum(), x),
          wanted, hint)
