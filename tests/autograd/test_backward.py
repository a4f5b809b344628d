"""The backward walk: accumulation, hooks, freeing, long and shared graphs, memory, gradients of anything."""

import gc
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest

from minitorch import nn
from minitorch.autograd import Function, Variable, backward, grad
from minitorch.autograd import backward as walk_function
from minitorch.creation import arange, ones, randn, tensor, zeros
from minitorch.ops import cross_entropy, max_pool2d, unbind

walk = sys.modules[walk_function.__module__]


def leaf(*values):
    return tensor(list(values), requires_grad=True)


def test_a_gradient_of_read_only_memory_is_replaced():
    x = ones(2, requires_grad=True)
    x.grad = ones(1).expand(2)
    x.sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_gradients_accumulate_until_set_to_none():
    x = leaf(1.0, 2.0)
    (x * 3).sum().backward()
    (x * x).sum().backward()
    assert x.grad.tolist() == [5, 7] and x.grad.is_leaf and not x.grad.requires_grad
    x.grad = None
    x.sum().backward()
    assert x.grad.tolist() == [1, 1]


def test_a_leaf_itself():
    x = tensor(2.0, requires_grad=True)
    x.backward()
    x.backward(tensor(3.0))
    assert x.grad.item() == 4


def test_gradient_of_a_vector():
    x = leaf(1.0, 2.0)
    (x * x).backward(gradient=tensor([1.0, 10.0]))
    assert x.grad.tolist() == [2, 40]
    with pytest.raises(RuntimeError, match=r"backward: .*one element.*\(2,\).*gradient="):
        (x * x).backward()
    with pytest.raises(RuntimeError, match=r"gradient has shape \(3,\), the tensor has shape \(2,\)"):
        (x * x).backward(ones(3))
    with pytest.raises(TypeError, match="gradient must be a tensor, got list"):
        (x * x).backward([1.0, 1.0])


def test_gradients_take_the_type_of_the_tensor():
    x = leaf(1.0, 2.0)
    (x * x).backward(tensor([1.0, 10.0], dtype=np.dtype("float64")))
    assert x.grad.dtype == np.float32
    x.backward(tensor([1.0, 1.0], dtype=np.dtype("float64")))
    assert x.grad.dtype == np.float32
    assert grad(x * x, x, tensor([1.0, 10.0], dtype=np.dtype("float64")))[0].dtype == np.float32


def test_mixed_types_on_the_way():
    x = leaf(1.0, 2.0)
    (x.double() * tensor([1.0, 2.0], dtype=np.dtype("float64")) + x.half().double()).sum().backward()
    assert x.grad.dtype == np.float32 and x.grad.tolist() == [2, 3]


@pytest.mark.parametrize("keep", [
    lambda x, y, z: x + z, lambda x, y, z: (x + z).clone(), lambda x, y, z: x + z + y * 0], ids=range(3))
def test_leaf_gradients_never_share_memory(keep):
    x, y, z = leaf(1.0, 2.0), leaf(1.0, 1.0), leaf(3.0, 4.0)
    start = ones(2)
    out = keep(x, y, z)
    out.retain_grad()
    out.backward(start, retain_graph=True)
    buffers = [start.array, x.grad.array, z.grad.array, out.grad.array]
    for i, a in enumerate(buffers):
        for b in buffers[:i]:
            assert not np.shares_memory(a, b)
    x.grad.mul_(100)
    out.backward(start)
    assert x.grad.tolist() == [101, 101] and z.grad.tolist() == [2, 2] and start.tolist() == [1, 1]
    assert out.grad.tolist() == [2, 2]


def test_a_leaf_does_not_adopt_what_others_hold():
    x, start, seen = leaf(1.0, 2.0), ones(2), []
    x.backward(start)
    x.grad.add_(1)
    assert start.tolist() == [1, 1]
    y = leaf(1.0, 2.0)
    y.register_hook(seen.append)
    (y * 2).sum().backward()
    y.grad.add_(1)
    assert seen[0].tolist() == [2, 2]
    z = leaf(1.0, 2.0)
    given = ones(2)
    z.register_hook(lambda g: given)
    z.sum().backward()
    z.grad.add_(5)
    assert given.tolist() == [1, 1]


def test_two_retained_gradients_do_not_share_memory():
    x = leaf(1.0)
    a, b = x * 1, x * 2
    a.retain_grad()
    b.retain_grad()
    (a + b).backward()
    a.grad.add_(5)
    assert a.grad.item() == 6 and b.grad.item() == 1 and a.retains_grad and not (x * 1).retains_grad


def test_reading_the_gradient_of_an_expanded_start_is_safe():
    x = zeros(2, 3, requires_grad=True)
    x.sum().backward()
    x.grad[0, 0] = 7  # the gradient of a sum is one number seen many times, unless it was copied
    assert x.grad.tolist() == [[7, 1, 1], [1, 1, 1]]
    x.grad.add_(1)


def test_second_backward_raises_and_retain_graph_allows_it():
    x = leaf(2.0)
    y = (x * x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 24
    with pytest.raises(RuntimeError, match="freed by an earlier backward.*retain_graph=True"):
        y.backward()
    assert x.grad.item() == 24


def test_a_part_shared_with_a_freed_graph_raises():
    x = leaf(2.0)
    shared = x.exp()
    (shared * 2).sum().backward()
    with pytest.raises(RuntimeError, match="freed.*Exp"):
        (shared * 3).sum().backward()


def test_no_graph_at_all():
    with pytest.raises(RuntimeError, match="does not require a gradient.*no_grad"):
        ones(1).backward()
    with pytest.raises(RuntimeError, match="does not require a gradient"):
        (leaf(1.0) > 0).backward()
    with pytest.raises(TypeError, match="expected tensors, got int"):
        backward([1])


def test_several_outputs_at_once():
    x = leaf(1.0, 2.0)
    backward([x.sum(), x * x], [None, ones(2)])
    assert x.grad.tolist() == [3, 5]
    with pytest.raises(RuntimeError, match="2 tensors but 1 gradients"):
        backward([x.sum(), x * x], [None])


def test_backward_into_chosen_inputs():
    x, w = leaf(1.0), leaf(2.0)
    h = x * w
    (h * w).sum().backward(inputs=[x, h])
    assert x.grad.item() == 4 and w.grad is None and h.grad.item() == 2
    with pytest.raises(RuntimeError, match="inputs must not be empty"):
        (x * w).sum().backward(inputs=[])


def test_grad_of_inner_and_unused_tensors():
    x, other = leaf(1.0, 2.0), leaf(5.0)
    h = x * x
    gradient_x, gradient_h = grad((h * 3).sum(), [x, h], retain_graph=True)
    assert gradient_x.tolist() == [6, 12] and gradient_h.tolist() == [3, 3] and x.grad is None
    y = (h * 3).sum()
    with pytest.raises(RuntimeError, match="no output depends on input 1.*allow_unused=True"):
        grad(y, [x, other], retain_graph=True)
    assert grad(y, [x, other], allow_unused=True, retain_graph=True)[1] is None
    assert grad(y, [x, other], materialize_grads=True, retain_graph=True)[1].tolist() == [0]
    with pytest.raises(ValueError, match="materialize_grads"):
        grad(y, [x, other], allow_unused=False, materialize_grads=True)
    with pytest.raises(RuntimeError, match="input 0 does not require a gradient"):
        grad(y, ones(2))
    assert grad(y, y)[0].item() == 1


class Unwanted(Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        raise AssertionError("nobody asked for this gradient")


def test_grad_does_not_run_what_is_not_needed():
    x, w = leaf(1.0), leaf(2.0)
    assert grad((x * Unwanted.apply(w)).sum(), x)[0].item() == 4


def test_create_graph_goes_on_to_any_order():
    x = tensor(2.0, requires_grad=True, dtype=np.dtype("float64"))
    y = x**4
    expected = [32.0, 48.0, 48.0, 24.0]
    for value in expected:
        (y,) = grad(y, x, create_graph=True)
        assert y.item() == pytest.approx(value)
    x.grad = None
    (x**3).backward(create_graph=True)
    assert x.grad.requires_grad
    (penalty,) = grad(x.grad, x)
    assert penalty.item() == pytest.approx(12)


def test_hooks_see_and_change_the_gradient():
    x, seen = leaf(1.0, 2.0), []
    h = x * 3
    first = h.register_hook(lambda g: seen.append(g.tolist()))
    h.register_hook(lambda g: g * 2)
    x.register_hook(lambda g: g + 1)
    h.sum().backward(retain_graph=True)
    assert seen == [[1, 1]] and x.grad.tolist() == [7, 7]
    first.remove()
    first.remove()
    h.sum().backward()
    assert len(seen) == 1 and x.grad.tolist() == [14, 14]
    bad = leaf(1.0)
    bad.register_hook(lambda g: ones(2))
    with pytest.raises(RuntimeError, match=r"hook <lambda>: returned shape \(2,\)"):
        bad.backward()
    assert bad.grad is None
    with pytest.raises(RuntimeError, match="register_hook: the tensor does not require"):
        ones(1).register_hook(print)
    with pytest.raises(RuntimeError, match="retain_grad: the tensor does not require"):
        ones(1).retain_grad()


def test_hook_of_a_leaf_is_called_once_with_the_whole_gradient():
    x, seen = leaf(1.0), []
    x.register_hook(lambda g: seen.append(g.item()))
    (x * 2 + x * 3).backward()
    assert seen == [5]
    assert grad((x * 2 + x * 3), x)[0].item() == 5 and seen == [5, 5]


def test_retained_gradient_sees_the_hooks_before_it():
    x = leaf(1.0)
    h = x * 2
    h.retain_grad()
    h.register_hook(lambda g: g * 10)
    (h * 3).backward()
    assert h.grad.item() == 30 and x.grad.item() == 60


def test_chain_of_100_000_additions():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1
    y.backward()
    assert x.grad.item() == 1
    y = x
    for _ in range(100_000):
        y = y + x
    del y  # dropping it must not recurse either


def test_a_shared_graph_takes_linear_time(monkeypatch):
    """40 levels of y = y + y: 2**40 paths, 40 nodes."""
    visits, visit = [], walk._visit
    monkeypatch.setattr(walk, "_visit", lambda node, *rest: (visits.append(node), visit(node, *rest))[1])
    x = leaf(1.0)
    y = x
    for _ in range(40):
        left, right = y * 1, y * 1
        y = left + right
    y.backward()
    assert x.grad.item() == 2.0**40 and len(visits) == 120 == len(set(visits))


def test_two_branches_over_one_deep_part(monkeypatch):
    visits, visit = [], walk._visit
    monkeypatch.setattr(walk, "_visit", lambda node, *rest: (visits.append(node), visit(node, *rest))[1])
    x = leaf(1.0)
    shared = x
    for _ in range(40):
        shared = shared.sin()
    (shared * 2 + shared * 3).backward()
    assert len(visits) == 43


def step(model, images, labels):
    loss = cross_entropy(model(max_pool2d(images, 2)).flatten(1), labels)
    loss.backward()
    for p in model.parameters():
        p.grad = None
    return loss


def living():
    return sum(issubclass(type(o), (Function, Variable)) for o in gc.get_objects())


def test_reference_counting_alone_frees_every_graph():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU())
    images, labels = randn(2, 1, 8, 8), tensor([0, 1])
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            step(model, images, labels)
        objects = living()
        for _ in range(200):
            step(model, images, labels)
        assert living() == objects
        assert gc.collect() == 0  # nothing was left for the collector to find
    finally:
        gc.enable()


def test_resident_memory_does_not_grow_over_1000_steps():
    """In a process of its own, without the garbage collector. A single graph here holds about 1 MB."""
    program = """
import gc, resource
from minitorch import nn, optim
from minitorch.creation import randn, tensor
from minitorch.ops import cross_entropy
gc.disable()
layers = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(196, 3)
model = nn.Sequential(*layers)
optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
images, labels = randn(16, 1, 16, 16), tensor([0, 1, 2, 0] * 4)
for k in range(1001):
    optimizer.zero_grad()
    cross_entropy(model(images), labels).backward()
    optimizer.step()
    if k in (100, 1000):
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    pytest.importorskip("resource", reason="needs the module resource of Unix")
    result = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    early, late = map(int, result.stdout.split())
    assert late - early < 4096  # KiB


@pytest.mark.parametrize("run", [
    lambda x: (x.exp() * x.tanh()).sum().backward(),
    lambda x: grad((x**3).sum(), x, create_graph=True)[0].sum().backward(),
    lambda x: (x.softmax(-1).log_softmax(-1) + x.sqrt().sigmoid()).sum().backward(retain_graph=True),
    lambda x: x.exp().retain_grad(),
    lambda x: (x * 2)[[0, 1]].max(0).values.sum().backward(),
    lambda x: x.var() + x.prod() + unbind(x)[0].logsumexp(0),
], ids=range(6))
def test_nothing_survives_its_last_reference(run):
    x = arange(1.0, 7.0).reshape(2, 3).requires_grad_()
    gc.collect()
    gc.disable()
    try:
        run(x)
        x.grad = None
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_backward_releases_what_was_saved():
    x = randn(3, requires_grad=True)
    h = x.exp()
    y = (h * h).sum()
    saved = weakref.ref(h.array)
    del h
    y.backward(retain_graph=True)
    assert saved() is not None
    y.backward()
    assert saved() is None and y.grad_fn is not None


def test_threads_walk_their_own_graphs():
    x, results = randn(50, requires_grad=True), [None] * 4

    def work(k):
        for _ in range(20):
            (results[k],) = grad((x * k).tanh().sum(), x)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for k in range(4):
        expected = k * (1 - np.tanh(x.detach().numpy() * k) ** 2)
        np.testing.assert_allclose(results[k].array, expected, rtol=1e-4, atol=1e-6)
