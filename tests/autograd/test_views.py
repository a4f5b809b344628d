"""Writes through views of tensors in the graph, compared with PyTorch on programs drawn at random."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch
from minitorch.autograd import grad, gradcheck, gradgradcheck, no_grad
from minitorch.creation import arange, ones, tensor, zeros


def leaf(*values):
    return tensor(list(values), requires_grad=True)


def test_augmented_assignment_to_an_entry():
    x, v = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True), leaf(5.0, 6.0)
    y = x * 2
    y[0] += v
    y[1] *= v
    (y * y).sum().backward()
    assert y.tolist() == [[7, 10], [30, 48]] and y._version == 4
    assert x.grad.tolist() == [[28, 40], [2 * 30 * 5 * 2, 2 * 48 * 6 * 2]]
    assert v.grad.tolist() == [14 + 2 * 30 * 6, 20 + 2 * 48 * 8]


def test_a_plain_tensor_and_its_views_join_the_graph():
    x, buffer = leaf(1.0, 2.0), zeros(3, 2)
    row, column = buffer[1], buffer.T[0]
    assert not row.requires_grad and row.is_leaf
    buffer[1:][0].add_(x * x)
    assert buffer.requires_grad and row.requires_grad and not row.is_leaf and column.grad_fn is not None
    (row * 3 + column[1]).sum().backward()
    assert x.grad.tolist() == [3 * 2 + 2 * 2, 3 * 4]


def test_a_view_taken_before_the_write_sees_it():
    x = leaf(1.0, 2.0)
    h = x * 1
    view = h[0]
    h.mul_(2)
    assert view.item() == 2
    (view * 3).backward()
    assert x.grad.tolist() == [6, 0]


def test_what_the_write_covers_no_longer_gets_a_gradient():
    x = leaf(1.0, 2.0, 3.0)
    h = x * 1
    h[1:].zero_()
    h[:1].copy_(tensor([9.0]))
    assert h.requires_grad
    h.sum().backward()
    assert x.grad.tolist() == [0, 0, 0]
    x.grad = None
    h = x * 2
    h[0].fill_(1.0)
    (h * tensor([float("inf"), 1, 1])).sum().backward()
    assert x.grad.tolist() == [0, 2, 2]


def test_columns_of_a_memory_in_another_order():
    x = arange(6.0).reshape(2, 3).requires_grad_()
    h = (x.T * 1).T  # whatever the order in memory, flattening the transpose is a view in one of the two
    for flat in (h.T, h):
        if flat.is_contiguous():
            flat.view(-1)[2:4].mul_(10)
    h.backward(ones(2, 3))
    assert sorted(x.grad.reshape(-1).tolist()) == [1, 1, 1, 1, 10, 10]


def test_diagonals_can_be_written():
    x = leaf(1.0, 2.0)
    h = zeros(2, 2) + x
    h.diagonal().mul_(3)
    h.sum().backward()
    assert h.tolist() == [[3, 2], [1, 6]] and x.grad.tolist() == [4, 4]


def test_second_derivatives_pass_through_a_write():
    def function(x, v):
        y = x * x
        y[:, 0].mul_(v)
        y.T[1] += v * v
        return y * y

    inputs = [minitorch.randn(2, 3, requires_grad=True), minitorch.randn(2, requires_grad=True)]
    assert gradcheck(function, inputs) and gradgradcheck(function, inputs)


def test_what_is_refused():
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"add_: a view of a leaf that requires a gradient"):
        x[0].add_(1)
    with pytest.raises(RuntimeError, match="a view of a leaf"):
        x[:1] += 1
    h = x * 1
    with no_grad():
        view = h[0]
    with pytest.raises(RuntimeError, match=r"mul_: this view was taken under no_grad\(\)"):
        view.mul_(2)
    with pytest.raises(RuntimeError, match=r"detach_: a view .* use detach\(\)"):
        h[0].detach_()
    with no_grad():
        x[0].fill_(7)
        h[0].fill_(7)
    assert x.tolist() == [7, 2] and x._version == 1 and h.tolist() == [7, 2] and h.requires_grad
    x.requires_grad_(False).fill_(1)
    x[0].add_(1)
    x.requires_grad_()
    y = h * h
    h[0].add_(1)
    with pytest.raises(RuntimeError, match="Mul.*changed in place since"):
        y.sum().backward()


@pytest.mark.parametrize("shown", ["leaf", "node", "constant"])
@pytest.mark.parametrize("write", ["none", "view", "shown", "with a graph"])
def test_a_view_taken_under_no_grad_is_pytorchs(shown, write):
    """It says that it requires a gradient where what it shows does, and cannot be used in a graph after a write."""
    torch = pytest.importorskip("torch", reason="needs torch")
    found = []
    for m in (torch, minitorch):
        x, factor = m.ones(3, requires_grad=True), m.ones(1, requires_grad=True)
        h = {"leaf": x, "node": x * 1, "constant": m.ones(3)}[shown]
        with m.no_grad():
            view = h[1:]
            if write in ("view", "shown"):
                (view if write == "view" else h).mul_(2)
        seen = []
        if write == "with a graph" and shown != "leaf":
            for target in (view, h):  # through the view it is refused, and what it shows joins the graph
                try:
                    target.mul_(factor)
                    seen.append("written")
                except RuntimeError:
                    seen.append("refused")
        seen += [view.requires_grad, view.tolist(), view.detach().requires_grad, "Invalid" in repr(view)]
        for use in (lambda v: v.is_leaf, lambda v: v.grad_fn, lambda v: (v * 2).tolist(), lambda v: v[0]):
            try:
                use(view)
                seen.append("used")
            except RuntimeError:
                seen.append("refused")
        with m.no_grad():
            seen.append((view * 2).tolist())
        found.append(seen)
    assert found[0] == found[1]


def test_expanded_memory_can_be_written_where_no_elements_share_it():
    torch = pytest.importorskip("torch", reason="needs torch")
    writes = [
        lambda m, e: e[0].add_(1), lambda m, e: e[0].fill_(2), lambda m, e: e.fill_(3), lambda m, e: e.zero_(),
        lambda m, e: e[:, 0].fill_(4), lambda m, e: e.__setitem__(0, 5.0), lambda m, e: e[1].copy_(m.arange(3.0)),
        lambda m, e: e.__setitem__((0, 1), 6.0), lambda m, e: e.add_(1), lambda m, e: e[:, 0].mul_(2),
        lambda m, e: e.copy_(m.ones(2, 3)), lambda m, e: e.__setitem__((slice(None), 0), 1.0), lambda m, e: e.relu_(),
    ]  # fmt: skip
    for number, write in enumerate(writes):
        found = []
        for m in (torch, minitorch):
            x = m.ones(1, 3)
            try:
                write(m, x.expand(2, 3))
                found.append(x.tolist())
            except RuntimeError:
                found.append("refused")
        assert found[0] == found[1], (number, found)


def test_gradients_of_a_write_to_an_expanded_row():
    x, v = leaf(1.0, 2.0, 3.0), leaf(4.0, 5.0, 6.0)
    h = x.reshape(1, 3) * 1
    both = h.expand(2, 3)
    both[0].mul_(v)
    (both * tensor([[1.0], [10.0]])).sum().backward()
    assert both.tolist() == [[4, 10, 18], [4, 10, 18]]
    assert x.grad.tolist() == [44, 55, 66] and v.grad.tolist() == [11, 22, 33]
    h = x.reshape(1, 3) * 1
    h.expand(2, 3).fill_(7.0)
    x.grad = None
    (h * 2).sum().backward()
    assert h.tolist() == [[7, 7, 7]] and x.grad.tolist() == [0, 0, 0]


def test_retain_grad_follows_the_tensor():
    x = leaf(1.0, 2.0)
    y = x * 2
    y.retain_grad()
    y.mul_(3)
    y[0].mul_(5)
    assert y.retains_grad
    (y * tensor([1.0, 10.0])).sum().backward()
    assert y.grad.tolist() == [1, 10] and x.grad.tolist() == [30, 60]
    y = x * 2
    view = y[:1]
    view.retain_grad()
    y.add_(1)
    (view * 4).sum().backward()
    assert view.grad.tolist() == [4]


def test_the_shape_itself_changes():
    x = leaf(1.0, 2.0)
    h = x.reshape(1, 2) * 3
    row = h[0]
    assert h.squeeze_(0) is h and h.shape == (2,)
    assert h.unsqueeze_(1).shape == (2, 1) and h.t_().shape == (1, 2) and h.transpose_(0, 1).shape == (2, 1)
    assert h.swapaxes_(0, 1).shape == (1, 2) and h.swapdims_(0, 1).shape == (2, 1)
    h[0].mul_(2)
    (h * h).sum().backward()
    assert x.grad.tolist() == [2 * 36 * 1, 2 * 9 * 2]
    assert (row * 2).tolist() == [12, 12]
    with pytest.raises(RuntimeError, match="unsqueeze_: a leaf"):
        x.unsqueeze_(0)
    with pytest.raises(RuntimeError, match="unsqueeze_: a view of a leaf"):
        x[:1].unsqueeze_(0)
    node = x * 1
    with no_grad():
        taken = node[:1]
    with pytest.raises(RuntimeError, match="unsqueeze_: .*under no_grad"):
        taken.unsqueeze_(0)
    with no_grad():
        x.unsqueeze_(0)
    assert x.shape == (1, 2) and x.requires_grad and x.is_leaf
    plain = ones(2, 3)
    assert plain.t_().shape == (3, 2) and plain.stride() == (1, 3)
    assert grad((plain * x.sum()).sum(), x)[0].tolist() == [[6, 6]]


def test_a_view_outlives_the_shape_of_what_it_shows():
    """Taken before the shape was changed in place; written through, before and after, from both sides: PyTorch."""
    torch = pytest.importorskip("torch", reason="needs torch")
    found = []
    for m in (torch, minitorch):
        x = m.arange(1.0, 7.0).reshape(2, 3).requires_grad_()
        h = x * 1
        row, column, flat = h[1], h[:, 0], h.view(6)
        h.t_()
        row.mul_(2)
        h[0].mul_(3)
        h.unsqueeze_(0)
        column.add_(x[:, 1])
        flat[5:].mul_(x[0, 0] + 1)
        total = sum((view * view).sum() * k for k, view in enumerate((h, row, column, flat), 1))
        total.backward()
        found.append([y.tolist() for y in (h, row, column, flat, x.grad)])
    assert found[0] == found[1]


VIEWS = [
    lambda t: t[0], lambda t: t[-1:], lambda t: t[..., 1:], lambda t: t[..., ::2], lambda t: t.reshape(-1),
    lambda t: t.transpose(0, -1), lambda t: t.unsqueeze(0), lambda t: t.squeeze(), lambda t: t.narrow(0, 0, 1),
    lambda t: t.flatten(), lambda t: t.movedim(0, -1), lambda t: t.view(*t.shape), lambda t: t[None],
    lambda t: t.select(0, 0), lambda t: t.diagonal(0, 0, -1) if t.ndim > 1 else t[:],
]
WRITES = [
    lambda t, v: t.add_(v), lambda t, v: t.mul_(v), lambda t, v: t.mul_(2), lambda t, v: t.zero_(),
    lambda t, v: t.sub_(v * v, alpha=3), lambda t, v: t.div_(v + 3), lambda t, v: t.copy_(v), lambda t, v: t.exp_(),
    lambda t, v: t.__setitem__(0, v) if t.ndim else t.fill_(2), lambda t, v: t.clamp_(-0.5, 0.5),
    lambda t, v: t.__setitem__(Ellipsis, v), lambda t, v: t.tanh_(), lambda t, v: t.neg_(),
    lambda t, v: t.unsqueeze_(0), lambda t, v: t.squeeze_(), lambda t, v: t.transpose_(0, -1),
]
STEP = st.tuples(st.sampled_from(["view", "write", "use"]), st.integers(0, 99), st.integers(0, 99))


def run(program, x, v, root_requires_grad):
    """Make views, write through them and use them, as drawn. Returns the numbers that were made."""
    root = x * 1 if root_requires_grad else x.detach() * 1
    tensors, total, made = [root], root.sum() * 0, []
    for kind, which, choice in program:
        t = tensors[which % len(tensors)]
        if kind == "view" and t.ndim:
            tensors.append(VIEWS[choice % len(VIEWS)](t))
        elif kind == "write":
            WRITES[choice % len(WRITES)](t, v)
        elif kind == "use":
            total = total + (t + 0.5).sum() * (choice % 7) + (t * v).sum()
            made.append(t.detach().clone())
    for t in tensors:
        total = total + (t * 3).sum()
    return [*made, *tensors, total]


@given(st.lists(STEP, max_size=12), st.sampled_from([(2, 3), (3, 1, 4), (4,), (1, 1)]), st.booleans(), st.booleans())
def test_programs_give_pytorchs_numbers_and_gradients(program, shape, in_graph, transposed):
    torch = pytest.importorskip("torch", reason="needs torch")
    numbers = np.random.default_rng(0).standard_normal(shape)
    results = []
    for m in (torch, minitorch):
        x, v = m.tensor(numbers, requires_grad=True), m.tensor(0.75, dtype=m.float64, requires_grad=True)
        try:
            start = x.transpose(0, -1) if transposed else x
            made = run(program, start, v, in_graph)
            if made[-1].requires_grad:
                made[-1].backward()
            gradients = [None if t.grad is None else t.grad.numpy() for t in (x, v)]
            results.append([t.detach().numpy() for t in made] + gradients)
        except (IndexError, RuntimeError) as error:
            results.append(error)
    theirs, ours = results
    if isinstance(theirs, Exception):
        return  # PyTorch refuses more: it saves less
    assert not isinstance(ours, Exception), ours
    assert len(theirs) == len(ours)
    for a, b in zip(theirs, ours):
        if a is None or b is None:
            assert not np.any(b if a is None else a)
        else:
            np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-9)


def test_parts_are_one_node_whose_gradient_is_joined():
    x = minitorch.arange(10.0).reshape(2, 5).requires_grad_()
    left, right = x.split([2, 3], 1)
    assert left.grad_fn is right.grad_fn and left.grad_fn.name() == "SplitBackward0"
    (right * minitorch.tensor([1.0, 2.0, 3.0])).sum().backward(retain_graph=True)
    assert x.grad.tolist() == [[0, 0, 1, 2, 3]] * 2  # nobody used the left part
    x.grad = None
    ((left**2).sum() * right.sum()).backward()
    with_slices = minitorch.arange(10.0).reshape(2, 5).requires_grad_()
    ((with_slices[:, :2] ** 2).sum() * with_slices[:, 2:].sum()).backward()
    assert x.grad.tolist() == with_slices.grad.tolist()


@pytest.mark.parametrize("take", [lambda y: y.chunk(2, 1), lambda y: y.split([1, 2], 1), lambda y: y.unbind(1)])
def test_parts_follow_what_is_written_to_their_memory(take):
    """Each part is a view of its own: gradients go through the write, and no part is taken for another."""
    x = minitorch.ones(2, 3, requires_grad=True)
    y = x * 2
    *_, last = take(y)
    y.mul_(x * 3)
    assert (last == 6).all()
    last.reshape(2, -1)[:, -1].sum().backward()
    assert x.grad.tolist() == [[0, 0, 12]] * 2
    point = minitorch.rand(2, 3, dtype=minitorch.float64, requires_grad=True)
    gradgradcheck(lambda x: tuple((part + 1) ** 3 for part in take(x * x)), [point])
