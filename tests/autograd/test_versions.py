"""Writing in place: what is allowed, what backward notices, and views."""

import copy
import pickle

import numpy as np
import pytest

from minitorch import ops
from minitorch.autograd import grad, no_grad
from minitorch.creation import arange, ones, tensor, zeros


def leaf(*values):
    return tensor(list(values), requires_grad=True)


@pytest.mark.parametrize("name, use", {
    "Exp": lambda h: h.exp(),  # saves its result
    "Sigmoid": lambda h: h.sigmoid(),
    "Softmax": lambda h: h.softmax(0),
    "Tanh": lambda h: h.tanh(),
    "Relu": lambda h: h.relu(),
    "Sqrt": lambda h: h.sqrt(),
    "LogSoftmax": lambda h: h.log_softmax(0),
}.items(), ids=lambda v: v if isinstance(v, str) else "")
def test_overwritten_result_is_noticed(name, use):
    x = leaf(1.0, 2.0)
    y = use(x * 1)
    z = y * 2
    with no_grad():
        y.add_(1)
    with pytest.raises(RuntimeError, match=f"{name}.*changed in place.*version 1, saved at version 0.*clone"):
        z.sum().backward()
    assert x.grad is None


@pytest.mark.parametrize("name, use", {
    "Mul": lambda h: h * h,
    "Div": lambda h: 1 / h,
    "Pow": lambda h: h**3,
    "Log": lambda h: h.log(),
    "Square": lambda h: h.square(),
    "Maximum": lambda h: ops.maximum(h, ones(2)),
    "Mm": lambda h: h.reshape(1, 2) @ h.reshape(2, 1),
    "Prod": lambda h: h.prod(),
    "Amax": lambda h: h.amax(),
    "Logsumexp": lambda h: h.logsumexp(0),
    "Clamp": lambda h: h.clamp(0, 1),
    "BatchNorm": lambda h: ops.batch_norm(h.reshape(2, 1), None, None, training=True),
    "Convolution": lambda h: ops.conv2d(h.reshape(1, 1, 1, 2), h.reshape(1, 1, 1, 2)),
    "Addmm": lambda h: ops.linear(h.reshape(1, 2), h.reshape(1, 2), h[:1]),
}.items(), ids=lambda v: v if isinstance(v, str) else "")
def test_overwritten_input_is_noticed(name, use):
    x = leaf(1.0, 2.0)
    h = x * 1
    y = use(h)
    h.mul_(2)
    with pytest.raises(RuntimeError, match=f"{name}.*changed in place since"):
        y.sum().backward()


def test_overwritten_condition_is_noticed():
    x, condition = leaf(1.0, 2.0), tensor([True, False])
    y = ops.where(condition, x, 0.0)
    condition[0] = False
    with pytest.raises(RuntimeError, match="Where.*changed in place"):
        y.sum().backward()


@pytest.mark.parametrize("write", [
    lambda h: h.detach().zero_(), lambda h: h[0].detach().fill_(1), lambda h: h.view(2, 1).detach().add_(1),
    lambda h: h.T.detach().mul_(3),
])
def test_a_write_through_a_detached_view_counts(write):
    x = leaf(1.0, 2.0)
    h = x * 1
    y = h * h
    write(h)
    with pytest.raises(RuntimeError, match="Mul.*changed in place"):
        y.sum().backward()


def test_what_no_derivative_needs_may_be_overwritten():
    x = leaf(1.0, 2.0)
    h = x * 1
    h.mul_(2)  # needs only the number
    h.mul_(tensor([3.0, 4.0]))
    h.add_(1).sub_(x).div_(2.0).neg_().relu_()
    h += x
    h.sum().backward()
    assert x.grad.tolist() == [1, 1]
    h = (x * 1).exp()
    h2 = h + 1
    h2.add_(5)
    h2.sum().backward()
    d = x * 2
    y = ops.dropout(d, 0.5, inplace=True)
    assert y is d
    y.sum().backward()


def test_a_factor_is_needed_only_for_the_gradient_of_the_other():
    x, matrix, bias = leaf(1.0, 2.0), tensor([[1.0, 2.0], [3.0, 4.0]]), leaf(0.0, 0.0)
    h = x * 1
    for product in (lambda: matrix @ h, lambda: h @ matrix, lambda: ops.linear(matrix, h.reshape(1, 2)),
                    lambda: ops.linear(h.reshape(1, 2), matrix), lambda: matrix[0] * h):  # fmt: skip
        y = product()
        with no_grad():
            h.mul_(2)  # the gradient of the matrix would need it
        y.sum().backward(retain_graph=True)
    y = ops.linear(matrix, tensor([[1.0, 2.0]]), bias[:1])
    matrix.zero_()
    y.sum().backward()


def test_relu_in_place_equals_relu():
    x = leaf(-1.0, 2.0)
    h = x * 3
    assert ops.relu(h, inplace=True) is h and h.tolist() == [0, 6]
    h.sum().backward()
    assert x.grad.tolist() == [0, 3]


@pytest.mark.parametrize("name, write, expected", [
    ("add_", lambda h, x: h.add_(x), [4, 4]), ("mul_", lambda h, x: h.mul_(2), [6, 6]),
    ("sub_", lambda h, x: h.sub_(x, alpha=2), [1, 1]), ("div_", lambda h, x: h.div_(2), [1.5, 1.5]),
    ("pow_", lambda h, x: h.pow_(2), [18, 36]), ("clamp_", lambda h, x: h.clamp_(max=4), [3, 0]),
    ("fill_", lambda h, x: h.fill_(1), None), ("zero_", lambda h, x: h.zero_(), None),
    ("copy_", lambda h, x: h.copy_(x), [1, 1]), ("setitem", lambda h, x: h.__setitem__(0, 5.0), [0, 3]),
    ("setitem value", lambda h, x: h.__setitem__(slice(None), x * 2), [2, 2]),
    ("masked_fill_", lambda h, x: h.masked_fill_(tensor([True, False]), 0), [0, 3]),
    ("iadd", lambda h, x: h.__iadd__(x * x), [5, 7]), ("exp_", lambda h, x: h.exp_(), np.exp([3.0, 6.0]) * 3),
    ("sqrt_", lambda h, x: h.sqrt_(), 1.5 / np.sqrt([3.0, 6.0])), ("abs_", lambda h, x: h.abs_(), [3, 3]),
])
def test_gradient_of_writes(name, write, expected):
    x = leaf(1.0, 2.0)
    h = x * 3
    memory = h.array
    write(h, x)
    assert h.array is memory and h._version == 1
    if expected is None:
        assert not h.requires_grad or grad(h.sum(), x)[0].tolist() == [0, 0]
    else:
        h.sum().backward()
        np.testing.assert_allclose(x.grad.tolist(), expected, rtol=1e-6)


def test_writing_a_leaf():
    x = leaf(1.0, 2.0)
    for write in (lambda: x.add_(1), lambda: x.zero_(), lambda: x.__setitem__(0, 1), lambda: x.copy_(ones(2)),
                  lambda: x.relu_(), lambda: x.normal_()):
        with pytest.raises(RuntimeError, match=r"_?: a leaf that requires a gradient cannot be changed.*no_grad\(\)"):
            write()
    assert x.tolist() == [1, 2] and x._version == 0
    with no_grad():
        x.add_(1).mul_(2)
    assert x.tolist() == [4, 6] and x.requires_grad and x.is_leaf and x._version == 2


def test_a_constant_gains_history():
    x, buffer = leaf(1.0, 2.0), zeros(3, 2)
    buffer[1] = x * x
    buffer[2].detach().fill_(9)
    assert buffer.requires_grad and not buffer.is_leaf
    buffer.sum().backward()
    assert x.grad.tolist() == [2, 4]


def test_writing_a_view_of_a_plain_tensor():
    plain = zeros(2, 2)
    plain[0].add_(3)
    plain.T[1].mul_(2)
    assert plain.tolist() == [[3, 6], [0, 0]] and plain._version == 2


def test_a_copying_reshape_is_no_view():
    x = arange(6.0).reshape(2, 3).requires_grad_()
    h = x * 1
    y = h.T.reshape(-1)
    version = h._version
    y.add_(1)
    assert h._version == version and h.tolist() == x.tolist()
    (y * h.sum()).sum().backward()


def test_writing_an_expanded_tensor():
    x = zeros(1, 2).expand(3, 2)
    for write in (lambda: x.add_(1), lambda: x.__setitem__((slice(None), 0), 1)):
        with pytest.raises(RuntimeError, match="expand.*clone"):
            write()
    assert zeros(1, 2).expand(1, 2).add_(1).tolist() == [[1, 1]]


def test_shapes_and_types_must_stay():
    x = zeros(2)
    with pytest.raises(RuntimeError, match=r"add_: a result of shape \(3, 2\) does not fit shape \(2,\)"):
        x.add_(ones(3, 2))
    with pytest.raises(RuntimeError, match="add_: a result of float32 does not fit a tensor of int64"):
        tensor([1, 2]).add_(1.5)
    with pytest.raises(RuntimeError, match="div_: a result of float32"):
        tensor([1, 2]).div_(2)
    assert x.tolist() == [0, 0] and x._version == 0
    y = leaf(1.0, 2.0)
    h = (y * 1).half()
    h += y
    assert h.dtype == np.float16
    h.sum().backward()
    assert y.grad.tolist() == [2, 2] and y.grad.dtype == np.float32


def test_augmented_assignment_keeps_the_object():
    x = same = tensor([5, 7])
    x += 1
    x //= 2
    x %= 3
    x |= 4
    x ^= 1
    x &= 6
    assert x is same and x.tolist() == [4, 4]


def test_data_and_detach():
    x = leaf(1.0, 2.0)
    assert not x.detach().requires_grad and np.shares_memory(x.detach().array, x.array)
    x.data.mul_(2)
    assert x.tolist() == [2, 4] and x._version == 0
    x.data = tensor([5.0, 6.0])
    assert x.tolist() == [5, 6]
    x.data = ones(3).double()  # another shape and type: what PyTorch lets pass
    assert x.dtype == np.float64 and x.shape == (3,) and x.requires_grad
    h = x * 2
    assert h.detach_() is h and h.is_leaf and not h.requires_grad


def test_data_is_set_to_tensors_alone():
    x = leaf(1.0, 2.0)
    for wrong, name in (([1.0, 2.0], "list"), (np.ones(2), "ndarray"), (None, "NoneType"), (3.0, "float")):
        with pytest.raises(TypeError, match=f"data: expected a tensor, got {name}"):
            x.data = wrong
    for wrong in (tensor([1, 2]), tensor([True, False])):
        for tracked in (x, x * 2):
            with pytest.raises(RuntimeError, match=f"must stay floating point, got {wrong.dtype}"):
                tracked.data = wrong
    assert x.tolist() == [1, 2] and x.requires_grad
    constant = ones(2)
    constant.data = tensor([1, 2])
    assert constant.dtype == np.int64


def test_copies():
    x = leaf(1.0)
    (x * 2).backward()
    twin = copy.deepcopy(x)
    twin.grad.add_(1)
    assert twin.requires_grad and x.grad.item() == 2 and not np.shares_memory(twin.array, x.array)
    with pytest.raises(RuntimeError, match="deepcopy: only leaves"):
        copy.deepcopy(x * 2)
    with pytest.raises(TypeError, match="minitorch.save"):
        pickle.dumps(x)


def test_requires_grad_on_integers():
    for make in (lambda: tensor([1], requires_grad=True), lambda: tensor([1]).requires_grad_(),
                 lambda: setattr(tensor([True]), "requires_grad", True)):
        with pytest.raises(RuntimeError, match="requires_grad: only floating-point tensors"):
            make()
    with pytest.raises(RuntimeError, match=r"only on a leaf; use detach\(\)"):
        (leaf(1.0) * 2).requires_grad = False


def test_a_shallow_copy_shares_the_memory():
    x = leaf(1.0, 2.0)
    (x * 2).sum().backward()
    twin = copy.copy(x)
    assert twin is not x and twin.requires_grad and twin.is_leaf and twin.grad is None
    with no_grad():
        twin.add_(1)
    assert x.tolist() == [2, 3] and x._version == 1
    h = copy.copy(x * 2)
    h.sum().backward()
    assert x.grad.tolist() == [4, 4]


def test_an_assigned_gradient_must_fit():
    x = leaf(1.0, 2.0)
    for wrong in (ones(3), ones(2).double(), ones(1, 2)):
        with pytest.raises(RuntimeError, match=r"grad: a tensor of shape \(2,\), float32, on cpu cannot have a"):
            x.grad = wrong
    with pytest.raises(TypeError, match="grad: expected a tensor or None, got int"):
        x.grad = 1
    with pytest.raises(RuntimeError, match="its own gradient"):
        x.grad = x
    assert x.grad is None
    x.grad = start = tensor([5.0, 6.0])
    (x * 2).sum().backward()
    assert x.grad is start and start.tolist() == [7, 8]
    del x.grad
    assert x.grad is None
