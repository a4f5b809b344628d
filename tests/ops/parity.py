"""Comparison of a call in minitorch with the same call in PyTorch: results, types, gradients."""

import numpy as np
import pytest

import minitorch


def leaves(values):
    return [x for v in values for x in leaves(v)] if isinstance(values, (list, tuple)) else [values]


def with_torch(call, *arrays, tolerance=1e-9):
    """`call(library, *tensors)` gives the same in both libraries, gradients included; skips without PyTorch."""
    torch = pytest.importorskip("torch", reason="needs torch")
    mine = [minitorch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    theirs = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    found, expected = leaves(call(minitorch, *mine)), leaves(call(torch, *theirs))
    assert len(found) == len(expected)
    for a, b in zip(found, expected):
        assert a.shape == tuple(b.shape)
        assert str(b.dtype) == f"torch.{a.dtype}"
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=tolerance, atol=tolerance)
    pairs = [(a, b) for a, b in zip(found, expected) if b.requires_grad]
    if not pairs:
        return
    rng = np.random.default_rng(5)
    starts = [np.asarray(rng.standard_normal(a.shape)).astype(a.dtype) for a, _ in pairs]
    wanted = [i for i, t in enumerate(theirs) if t.requires_grad]
    gradients = minitorch.autograd.grad(
        [a for a, _ in pairs], [mine[i] for i in wanted], [minitorch.tensor(s) for s in starts], allow_unused=True
    )
    references = torch.autograd.grad(
        [b for _, b in pairs], [theirs[i] for i in wanted], [torch.tensor(s) for s in starts], allow_unused=True
    )
    for g, e in zip(gradients, references):
        g, e = (0.0 if x is None else x.numpy() for x in (g, e))
        np.testing.assert_allclose(g, e, rtol=tolerance, atol=tolerance)


def differentiable(call, *arrays):
    """First and second derivatives of `call(*tensors)` agree with differences."""
    inputs = [minitorch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    assert minitorch.autograd.gradcheck(call, inputs)
    assert minitorch.autograd.gradgradcheck(call, inputs)
