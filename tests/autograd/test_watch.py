"""`watch`: every operation is seen, with what went in and came out, and nobody is seen after the block."""

import pytest

import minitorch
from minitorch.autograd import no_grad, watch
from minitorch.ops.arithmetic import Add, Mul
from minitorch.ops.convolution import Conv2d


class Diary:
    def __init__(self):
        self.entries = []

    def __call__(self, operation, inputs, outputs, params):
        self.entries.append((operation, inputs, outputs, params))


@pytest.mark.parametrize("recording", [True, False])
def test_operations_are_told_in_order(recording):
    a, b, diary = minitorch.ones(2, 3, requires_grad=recording), minitorch.ones(3), Diary()
    with watch(diary):
        c = a * 2.0
        d = c + b
    a + b
    (mul, mul_inputs, mul_outputs, _), (add, add_inputs, add_outputs, _) = diary.entries
    assert (mul, add) == (Mul, Add)
    assert mul_inputs[0] is a and mul_outputs[0] is c
    assert add_inputs[0] is c and add_inputs[1] is b and add_outputs[0] is d


def test_parameters_are_told():
    diary, x, weight = Diary(), minitorch.ones(1, 1, 5, 5), minitorch.ones(1, 1, 3, 3)
    with no_grad(), watch(diary):
        minitorch.nn.functional.conv2d(x, weight, stride=2, padding=1)
    operation, inputs, outputs, params = diary.entries[0]
    assert operation is Conv2d and inputs[1] is weight and outputs[0].shape == (1, 1, 3, 3)
    assert params["stride"] == (2, 2) and params["padding"] == ((1, 1), (1, 1))


def test_writing_in_place_is_told():
    diary, x = Diary(), minitorch.ones(3)
    with watch(diary):
        x += 2.0
    (_, _, (result,), _), (operation, inputs, outputs, _) = diary.entries
    assert operation is None and inputs[0] is result and outputs == [x]


def test_watchers_are_nested_and_end_with_their_block():
    outer, inner, x = Diary(), Diary(), minitorch.ones(2)
    with watch(outer):
        with pytest.raises(ZeroDivisionError), watch(inner):
            x * 1.5
            raise ZeroDivisionError
        x * 2.5
    x * 3.5
    assert [entry[1][1] for entry in inner.entries] == [1.5]
    assert [entry[1][1] for entry in outer.entries] == [1.5, 2.5]
