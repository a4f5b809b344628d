"""Further names of arguments, flags, integers in tensors, and errors that name the operation called."""

import numpy as np
import pytest

from minitorch import creation, dtype, nn
from minitorch.creation import arange, ones, tensor, zeros
from minitorch.nn import functional as F

X, IMAGE, THREE = arange(6.0).reshape(2, 3), ones(1, 2, 5, 5), tensor(3)

# (a call with another name or an integer in a tensor, the same call as it stands elsewhere in the tests)
SAME = [
    *((lambda f=f: getattr(X, f)(axis=0, keepdims=True), lambda f=f: getattr(X, f)(dim=0, keepdim=True)) for f in (
        "sum", "mean", "amax", "amin", "argmax", "argmin", "std", "var", "prod", "any", "all", "logsumexp", "norm")),
    *((lambda f=f: getattr(X, f)(axis=1), lambda f=f: getattr(X, f)(1)) for f in ("cumsum", "cumprod")),
    (lambda: X.max(other=X * 2), lambda: X.maximum(X * 2)),
    (lambda: X.min(axis=0).values, lambda: X.min(0).values),
    (lambda: X.reshape(shape=(3, 2)), lambda: X.reshape(3, 2)),
    (lambda: X.view(size=(3, 2)), lambda: X.view(3, 2)),
    (lambda: X.view(dtype=dtype.int32), lambda: X.view(dtype.int32)),
    (lambda: X.permute(dims=(1, 0)), lambda: X.permute(1, 0)),
    (lambda: X.tile(dims=(2, 1)), lambda: X.tile(2, 1)),
    (lambda: X.expand(size=(2, 2, 3)), lambda: X.expand(2, 2, 3)),
    (lambda: X.repeat(repeats=(2, 2)), lambda: X.repeat(2, 2)),
    (lambda: X.split(split_size=1)[1], lambda: X[1:]),
    (lambda: X.tensor_split(sections=2)[1], lambda: X[1:]),
    (lambda: X.tensor_split(indices=(1,))[1], lambda: X[1:]),
    (lambda: X.swapaxes(axis0=0, axis1=1), lambda: X.T),
    (lambda: X.gather(0, tensor([[1]]), sparse_grad=True), lambda: tensor([[3.0]])),
    (lambda: arange(end=3), lambda: tensor([0, 1, 2])),
    (lambda: zeros(size=(2, 3)), lambda: X * 0),
    (lambda: X.new_ones(size=(2,), device="cpu"), lambda: tensor([1.0, 1.0])),
    (lambda: F.softmax(X, 1, 3, dtype.float64), lambda: X.double().softmax(1)),
    (lambda: X.softmax(1, dtype.float64), lambda: X.double().softmax(1)),
    (lambda: zeros(THREE), lambda: tensor([0.0, 0.0, 0.0])),
    (lambda: X.view(THREE, -1), lambda: X.view(3, 2)),
    (lambda: X.sum(tensor(0)), lambda: X.sum(0)),
    (lambda: X.sum(np.int64(0)), lambda: X.sum(0)),
    (lambda: F.interpolate(IMAGE, size=[THREE, 3]), lambda: ones(1, 2, 3, 3)),
    (lambda: F.max_pool2d(IMAGE, tensor(2)), lambda: ones(1, 2, 2, 2)),
]


@pytest.mark.parametrize("call, expected", SAME)
def test_further_names(call, expected):
    found, wanted = call(), expected()
    assert found.dtype == wanted.dtype and found.shape == wanted.shape
    np.testing.assert_array_equal(found.numpy(), wanted.numpy())


REFUSED = [
    (lambda: X.sum(0, keepdim="a"), TypeError, "sum: keepdim must be True or False, got 'a'"),
    (lambda: X.sum(0, 10**12), TypeError, "sum: keepdim"),
    (lambda: X.sum(dim=0, axis=0), TypeError, "sum: give axis or dim"),
    (lambda: F.max_pool2d(IMAGE, 2, ceil_mode=1.5), TypeError, "max_pool2d: ceil_mode"),
    (lambda: F.avg_pool2d(IMAGE, 2, count_include_pad=None), TypeError, "avg_pool2d: count_include_pad"),
    (lambda: X.topk(1, largest="a"), TypeError, "topk: largest"),
    (lambda: X.sort(descending=None), TypeError, "sort: descending"),
    (lambda: F.dropout(X, 0.5, "a"), TypeError, "dropout: training"),
    (lambda: F.interpolate(IMAGE, 3, mode="bilinear", align_corners=1), TypeError, "interpolate: align_corners"),
    (lambda: zeros(True), TypeError, "zeros: sizes"),
    (lambda: X.sum(tensor(0.0)), TypeError, "sum: dim"),
    (lambda: X.view(7), RuntimeError, "view:"),
    (lambda: X.swapaxes(0, 7), IndexError, "swapaxes:"),
    (lambda: X.allclose(X.double()), RuntimeError, "allclose:"),
    (lambda: X.__setitem__(5, 1), IndexError, "setitem:"),
    (lambda: X.clamp_min("a"), TypeError, "clamp_min:"),
    (lambda: F.upsample(IMAGE, size="a"), TypeError, "upsample:"),
    (lambda: arange(0, 1e30), RuntimeError, "arange:"),
    (lambda: arange(), TypeError, "arange: end"),
    (lambda: zeros((10**10, 10**10)), RuntimeError, "zeros:"),
    (lambda: creation.ones(10**18), RuntimeError, "ones:"),
    (lambda: X.new_zeros((10**10, 10**10)), RuntimeError, "new_zeros:"),
    (lambda: X.clone().uniform_(1, 0), RuntimeError, "uniform_:"),
    (lambda: X.clone().normal_(0, -1), RuntimeError, "normal_:"),
    (lambda: X.var(correction="a"), TypeError, "var: correction"),
    (lambda: F.interpolate(IMAGE, 3, mode=[1, 2]), TypeError, "interpolate: mode"),
    (lambda: F.linear(None, X), TypeError, "linear: input"),
    (lambda: F.linear(X, None), TypeError, "linear: weight"),
    (lambda: F.prelu(X, None), TypeError, "prelu: weight"),
    (lambda: F.binary_cross_entropy(X, None), TypeError, "binary_cross_entropy: target"),
    *((lambda layer=layer: layer(None), TypeError, f"{type(layer).__name__}: input") for layer in (
        nn.BatchNorm2d(3), nn.InstanceNorm2d(3), nn.Flatten(), nn.Unflatten(1, (1, 3)))),
]


@pytest.mark.parametrize("call, error, start", REFUSED, ids=[start for _, _, start in REFUSED])
def test_refused_by_name(call, error, start):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(start)


@pytest.mark.parametrize("shape, dim", [((), 0), ((3,), 0), ((2, 3), 1), ((2, 3, 4), 0), ((1, 2, 3, 4), 1)])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
def test_softmax_without_dim_warns(name, shape, dim):
    x = arange(float(np.prod(shape))).reshape(shape)
    with pytest.warns(UserWarning, match=f"{name}: no dim was given and {dim} is taken"):
        found = getattr(F, name)(x)
    np.testing.assert_array_equal(found.numpy(), getattr(F, name)(x, dim).numpy())


def test_a_number_in_a_tensor_is_formatted_as_a_number():
    assert f"{tensor(2.0)}" == "2.0" and f"{tensor(2.5):.2f}" == "2.50" and f"{tensor([2])}" == "tensor([2])"


@pytest.mark.parametrize("call", [
    lambda x: F.softmax(x), lambda x: F.log_softmax(x), lambda x: F.softmin(x), lambda x: F.dropout2d(x),
    lambda x: F.kl_div(x, x.exp()), lambda x: F.mse_loss(x, x, size_average=True), lambda x: F.l1_loss(x, x[:1]),
], ids=["softmax", "log_softmax", "softmin", "dropout2d", "kl_div", "mse_loss", "l1_loss"])  # fmt: skip
def test_a_warning_shows_the_line_of_the_caller(call):
    with pytest.warns(UserWarning) as caught:
        call(ones(2, 3))
    assert [w.filename for w in caught] == [__file__]
