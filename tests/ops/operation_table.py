"""The table of all differentiable operations: one row says how to call it and on what.

The expression of a row takes the library as its first argument, so that the same line runs minitorch and PyTorch:
names, argument order and defaults are compared along with the numbers.
"""

import types
import zlib
from dataclasses import dataclass

import numpy as np

from minitorch import creation, ops
from minitorch.tensor import Tensor

MINITORCH = types.SimpleNamespace(**{**vars(ops), **vars(creation), "Tensor": Tensor})


class TorchNames:
    """`torch.name`, or else `torch.nn.functional.name`; the functional one first where the two differ."""

    SPATIAL = ("adaptive_max_pool1d", "affine_grid", "max_pool1d")
    FUNCTIONAL = ("softmax", "log_softmax", "dropout", "batch_norm", "instance_norm") + SPATIAL

    def __init__(self, torch):
        self.torch = torch

    def __getattr__(self, name):
        functional = self.torch.nn.functional
        if name in self.FUNCTIONAL or not hasattr(self.torch, name):
            return getattr(functional, name)
        return getattr(self.torch, name)

    def batch_norm_relu(self, *arguments, **settings):
        """What PyTorch has under no name of its own."""
        return self.torch.relu(self.torch.nn.functional.batch_norm(*arguments, **settings))

    def batch_norm_relu6(self, *arguments, **settings):
        """Likewise."""
        functional = self.torch.nn.functional
        return functional.relu6(functional.batch_norm(*arguments, **settings))

    def channel_scale(self, x, gate):
        """Likewise."""
        return x * gate.reshape(*x.shape[:2], *[1] * (x.ndim - 2))


@dataclass
class Row:
    name: str
    call: object
    samples: list
    draw: object = None

    def inputs(self, sample):
        """float64 arrays for one sample: a shape is drawn, an array (class numbers, masks) is taken as it is."""
        rng = np.random.default_rng(zlib.crc32(f"{self.name} {[np.shape(s) for s in sample]}".encode()))
        return [s if isinstance(s, np.ndarray) else (self.draw or normal)(rng, s) for s in sample]


def normal(rng, shape):
    return rng.standard_normal(shape)


def positive(rng, shape):
    return rng.uniform(0.5, 2.0, shape)


def nonzero(rng, shape):
    return rng.uniform(0.5, 2.0, shape) * rng.choice([-1.0, 1.0], shape)


def distinct(rng, shape):
    """Numbers at least 0.1 apart, so that no difference step crosses a tie."""
    n = int(np.prod(shape))
    return (rng.permutation(n) * 0.1 + rng.uniform(0, 0.01)).reshape(shape) - n * 0.05 - 0.033


ELEMENTWISE = [((2, 3),), ((),), ((0, 3),), ((1, 1),), ((2, 1, 4),)]
PAIRS = [
    ((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2,)), ((2, 2), ()), ((0, 3), (1, 3)), ((1,), (4, 1, 2)),
]
REDUCED = [((2, 3),), ((2, 1, 3),)]


def unary(name, draw=normal):
    return Row(name, lambda m, x: getattr(m, name)(x), ELEMENTWISE, draw)


def binary(name, draw=normal):
    return Row(name, lambda m, a, b: getattr(m, name)(a, b), PAIRS, draw)


def numbers(*values, dtype=np.int64):
    return np.array(values, dtype)


UNARY = [
    *(unary(name) for name in ("exp", "expm1", "sin", "cos", "sinh", "cosh", "tanh", "sigmoid", "square", "neg")),
    *(unary(name, positive) for name in ("log", "log2", "log10", "log1p", "sqrt", "rsqrt")),
    *(unary(name, nonzero) for name in ("reciprocal", "abs", "sign", "relu")),
    *(unary(name, lambda rng, shape: rng.uniform(0.1, 0.4, shape)) for name in ("floor", "ceil", "trunc", "round")),
    unary("tan", lambda rng, shape: rng.uniform(-1, 1, shape)),
    Row("clamp", lambda m, x: m.clamp(x, -0.55, 0.61), ELEMENTWISE, distinct),
    Row("clamp_min", lambda m, x: m.clamp(x, min=0.02), ELEMENTWISE, distinct),
    Row("clamp_tensor", lambda m, x, a, b: m.clamp(x, a, b), [((2, 3), (3,), (2, 1))], distinct),
    Row("clone", lambda m, x: x.clone(), ELEMENTWISE),
    Row("to", lambda m, x: x.double() * x, ELEMENTWISE),
]

BINARY = [
    *(binary(name) for name in ("add", "sub", "mul")),
    binary("div", nonzero),
    Row("pow", lambda m, a, b: m.pow(a, b), PAIRS, positive),
    *(binary(name, distinct) for name in ("maximum", "minimum")),
    Row("remainder", lambda m, a, b: m.remainder(a, b + 0.7), PAIRS, positive),
    Row("floor_divide", lambda m, a, b: a * 2 + m.floor_divide(a.detach(), b.detach()), PAIRS, nonzero),
    Row("alpha", lambda m, a, b: m.add(a, b, alpha=2.5) - m.sub(a, b, alpha=3), PAIRS),
    Row("numbers", lambda m, x: 2 - x * 3 + 1 / x - x / 4 + (x + 1.5), ELEMENTWISE, nonzero),
    Row("powers", lambda m, x: x**2 + x**3.0 + x**-1 + x**0.5 + 2**x + x**0 + 1.5**x, ELEMENTWISE, positive),
    Row("pow_negative_base", lambda m, x: x**3 + x**2, ELEMENTWISE),
    Row("where", lambda m, a, b: m.where(a.detach() > 0, a, b), PAIRS),
    Row("where_number", lambda m, x: m.where(x.detach() > 0, x, 1.5) + m.where(x.detach() > 0, -2.0, x), ELEMENTWISE),
    Row("masked_fill", lambda m, x: x.masked_fill(x.detach() > 0, 3.5), ELEMENTWISE),
    Row("masked_fill_tensor", lambda m, x, v: x.masked_fill(x.detach() > 0, v), [((2, 3), ())]),
    Row("Tensor.where", lambda m, a, b: a.where(b.detach() > 0, b), PAIRS),
]

REDUCTION = [
    Row("sum", lambda m, x: x.sum(), ELEMENTWISE),
    Row("sum_dim", lambda m, x: x.sum(-1), [*ELEMENTWISE, ((3, 0),)]),
    Row("sum_dims", lambda m, x: m.sum(x, (0, -1), keepdim=True), REDUCED),
    Row("mean", lambda m, x: m.mean(x), [s for s in ELEMENTWISE if 0 not in s[0]]),
    Row("mean_dim", lambda m, x: x.mean(dim=0, keepdim=True), ELEMENTWISE),
    Row("mean_dims", lambda m, x: x.mean((0, 1)), REDUCED),
    Row("var", lambda m, x: m.var(x), REDUCED),
    Row("var_dim", lambda m, x: x.var(-1, correction=0, keepdim=True), REDUCED),
    Row("var_positional", lambda m, x: x.var(1, False), [((2, 3),)]),
    Row("std", lambda m, x: x.std((0, -1)), REDUCED),
    Row("std_unbiased", lambda m, x: m.std(x, unbiased=False), REDUCED),
    Row("amax", lambda m, x: m.amax(x, (0, 1)), REDUCED, distinct),
    Row("amin", lambda m, x: m.amin(x, -1, keepdim=True), REDUCED, distinct),
    Row("max", lambda m, x: m.max(x), REDUCED, distinct),
    Row("min", lambda m, x: x.min(), REDUCED, distinct),
    Row("max_dim", lambda m, x: m.max(x, 1).values, [*REDUCED, ((0, 2),)], distinct),
    Row("min_dim", lambda m, x: x.min(dim=0, keepdim=True)[0], REDUCED, distinct),
    Row("logsumexp", lambda m, x: m.logsumexp(x, 1), [*REDUCED, ((0, 2),)]),
    Row("logsumexp_dims", lambda m, x: x.logsumexp((0, -1), keepdim=True), REDUCED),
    Row("prod", lambda m, x: m.prod(x), ELEMENTWISE),
    Row("prod_dim", lambda m, x: x.prod(1, keepdim=True), [*REDUCED, ((2, 0),)]),
    Row("cumsum", lambda m, x: m.cumsum(x, -1), ELEMENTWISE),
    Row("softmax", lambda m, x: m.softmax(x, -1), ELEMENTWISE),
    Row("softmax_0", lambda m, x: m.softmax(x, dim=0), [*ELEMENTWISE, ((3, 0),)]),
    Row("log_softmax", lambda m, x: m.log_softmax(x, dim=-1), ELEMENTWISE),
    Row("log_softmax_0", lambda m, x: m.log_softmax(x, 0), ELEMENTWISE),
]

SHAPE = [
    Row("reshape", lambda m, x: x.reshape(3, -1) + m.reshape(x, (3, 2)), [((2, 3),), ((6,),), ((1, 6, 1),)]),
    Row("view", lambda m, x: x.view(-1, 2) * 2, [((2, 2),), ((0, 2),)]),
    Row("flatten", lambda m, x: m.flatten(x, 1) * 2, [((2, 3, 1),), ((0, 2, 3),)]),
    Row("unflatten", lambda m, x: x.unflatten(-1, (2, -1)) * 2, [((2, 4),)]),
    Row("permute", lambda m, x: x.permute(2, 0, 1) + m.permute(x, (-1, 0, 1)), [((2, 3, 1),), ((0, 2, 3),)]),
    Row("transpose", lambda m, x: x.transpose(0, -1) + m.transpose(x, 1, 0), [((2, 2),)]),
    Row("t", lambda m, x: x.t() * 2, [((2, 3),), ((3,),), ((),)]),
    Row("T", lambda m, x: x.T * x.mT, [((2, 3),)]),
    Row("movedim", lambda m, x: m.movedim(x, (0, 1), (-1, 0)) * 2, [((2, 3, 1),)]),
    Row("swapaxes", lambda m, x: x.swapaxes(0, 1) * 2, [((2, 3),)]),
    Row("expand", lambda m, x: x.expand(2, -1, 3) * 2, [((2, 1),), ((1, 2, 1),), ((1, 3),)]),
    Row("expand_as", lambda m, x, y: x.expand_as(y) * y, [((2, 1), (2, 3))]),
    Row("broadcast_to", lambda m, x: m.broadcast_to(x, (2, 3)) * 2, [((3,),), ((),)]),
    Row("broadcast_tensors", lambda m, x, y: m.broadcast_tensors(x, y)[0] * 2, [((3, 1), (2,))]),
    Row("squeeze", lambda m, x: x.squeeze() * 2, [((1, 2, 1),), ((),), ((1, 0),)]),
    Row("squeeze_dim", lambda m, x: x.squeeze(0) * m.squeeze(x, (0, -1)).sum(), [((1, 2, 1),), ((2, 1),)]),
    Row("unsqueeze", lambda m, x: x.unsqueeze(-1) * m.unsqueeze(x, 0).sum(), ELEMENTWISE),
    Row("narrow", lambda m, x: x.narrow(1, 1, 2) * x.narrow(-1, -2, 2), [((2, 3),), ((0, 4),)]),
    Row("cat", lambda m, a, b: m.cat([a, b, a], -1), [
        ((2, 3), (2, 1)), ((2, 0), (2, 1)), ((0,), (2, 2)), ((2,), (0,))]),
    Row("cat_0", lambda m, a, b: m.cat((a, b)), [((2, 3), (1, 3)), ((0, 3), (1, 3))]),
    Row("stack", lambda m, a, b: m.stack([a, b], -1) + m.stack((a, b), dim=2), [((2, 3), (2, 3)), ((0, 3), (0, 3))]),
    Row("flip", lambda m, x: x.flip(0) * m.flip(x, (-1,)) + x.flip(0, 1), [((2, 3),), ((0, 1),)]),
    Row("roll", lambda m, x: m.roll(x, 1, 0) * x.roll((1, -2), (0, 1)) + m.roll(x, 1), [((2, 3),)]),
    Row("repeat", lambda m, x: x.repeat(2, 1, 2) * 2, [((2, 3),), ((2,),), ((1, 0, 2),)]),
    Row("pad", lambda m, x: m.pad(x, (1, 2, 0, 1)), [((2, 3),), ((1, 2, 2),), ((0, 2, 2),)]),
    Row("pad_value", lambda m, x: m.pad(x, (-1, 1), value=2.5), [((2, 3),), ((4,),)]),
    Row("pad_reflect", lambda m, x: m.pad(x, (2, 1, 1, 0), mode="reflect"), [((1, 2, 3),), ((1, 1, 2, 3),)]),
    Row("pad_replicate", lambda m, x: m.pad(x, (2, 1), mode="replicate"), [((2, 3),), ((1, 2, 3),)]),
    Row("pad_circular", lambda m, x: m.pad(x, (2, 1), mode="circular"), [((2, 3),), ((1, 2, 3),)]),
    Row("split", lambda m, x: m.split(x, 2, 1)[1] * x.split([1, 3], 1)[0] * 2, [((2, 4),), ((0, 4),)]),
    Row("chunk", lambda m, x: m.chunk(x, 2, -1)[0] * 2, [((2, 3),), ((3,),)]),
    Row("unbind", lambda m, x: x.unbind(1)[0] * m.unbind(x, -1)[1], [((2, 3),)]),
    Row("contiguous", lambda m, x: x.T.contiguous() * 2, [((2, 3),)]),
    Row("tril", lambda m, x: m.tril(x) + m.triu(x, 1) * 2, [((3, 3),), ((2, 2, 3),)]),
    Row("diagonal", lambda m, x: m.diag(x) * 2, [((3, 3),), ((2,),)]),
]

INDEX = np.array([[0, 2, 2], [1, 0, 1]])
INDEXING = [
    Row("getitem_basic", lambda m, x: x[1, ..., None, ::2] * x[0, 1, 2], [((2, 3, 3),)]),
    Row("getitem_array", lambda m, x: x[[0, 0, 1]] * x[:, [2, 0]].sum(), [((2, 3),)]),
    Row("getitem_mask", lambda m, x: x[x.detach() > 0] * 2, [((2, 3),), ((0, 2),)]),
    Row("getitem_tensor", lambda m, x, i: x[i] * x[:, i].sum(), [((3, 3), INDEX)]),
    Row("gather", lambda m, x, i: m.gather(x, 1, i) * x.gather(0, i.clamp(max=1)), [((2, 3), INDEX)]),
    Row("index_select", lambda m, x, i: m.index_select(x, 1, i), [((2, 3), numbers(2, 0, 2))]),
    Row("median", lambda m, x: m.median(x, 1).values * m.median(x), [((2, 3),), ((2, 4),), ((1, 1),)], distinct),
    Row("take_sorted", lambda m, x: m.sort(x, -1).values * m.topk(x, 2).values.sum(), [((2, 3),)], distinct),
]

PRODUCTS = [
    Row("matmul", lambda m, a, b: m.matmul(a, b), [
        ((2, 3), (3, 2)), ((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 1, 2, 3), (3, 3, 1)), ((2, 2, 3), (3, 2)),
        ((0, 3), (3, 2)), ((2, 0), (0, 2)), ((2, 3), (2, 3, 1)), ((2, 2, 3), (3,)), ((3,), (2, 3, 1)),
        ((0, 2, 3), (3, 1)), ((2, 1, 0), (0, 3)),
    ]),
    Row("@", lambda m, a, b: a @ b, [((2, 3), (3, 2))]),
    Row("mm", lambda m, a, b: m.mm(a, b), [((2, 3), (3, 2))]),
    Row("bmm", lambda m, a, b: m.bmm(a, b), [((2, 2, 3), (2, 3, 1)), ((0, 2, 3), (0, 3, 1))]),
    Row("dot", lambda m, a, b: m.dot(a, b), [((3,), (3,)), ((0,), (0,))]),
    Row("outer", lambda m, a, b: m.outer(a, b), [((3,), (2,))]),
    Row("linear", lambda m, x, w, b: m.linear(x, w, b), [
        ((2, 3), (4, 3), (4,)), ((3,), (2, 3), (2,)), ((2, 1, 3), (2, 3), (2,)), ((0, 3), (2, 3), (2,)),
        ((2, 0), (3, 0), (3,)),
    ]),
    Row("linear_plain", lambda m, x, w: m.linear(x, w), [((2, 3), (4, 3)), ((2, 3), (3,))]),
]

LOSSES = [
    Row("mse_loss", lambda m, x, y: m.mse_loss(x, y), [((2, 3), (2, 3)), ((), ())]),
    Row("mse_loss_sum", lambda m, x, y: m.mse_loss(x, y, reduction="sum"), [((2, 3), (2, 3)), ((0,), (0,))]),
    Row("mse_loss_none", lambda m, x, y: m.mse_loss(x, y, reduction="none"), [((2, 3), (2, 3)), ((0, 1), (0, 1))]),
]
for reduction in ("mean", "sum", "none"):
    LOSSES += [
        Row(f"nll_loss_{reduction}", lambda m, x, t, r=reduction: m.nll_loss(x, t, reduction=r), [
            ((2, 3), numbers(0, 2)), ((3,), np.array(1)), ((2, 3, 2), np.array([[0, 1], [2, 2]])),
        ]),
        Row(f"nll_loss_weight_{reduction}", lambda m, x, t, r=reduction: m.nll_loss(
            x, t, m.tensor([0.5, 1, 2]).to(x), ignore_index=1, reduction=r), [((4, 3), numbers(0, 1, 2, 2))]),
        Row(f"cross_entropy_{reduction}", lambda m, x, t, r=reduction: m.cross_entropy(x, t, reduction=r), [
            ((2, 3), numbers(0, 2)), ((3,), np.array(1)), ((2, 3, 1, 2), np.array([[[0, 1]], [[2, 2]]])),
            ((1, 1), numbers(0)),
        ]),
        Row(f"cross_entropy_smooth_{reduction}", lambda m, x, t, r=reduction: m.cross_entropy(
            x, t, m.tensor([0.5, 1, 2]).to(x), ignore_index=1, reduction=r, label_smoothing=0.3),
            [((4, 3), numbers(0, 1, 2, 2)), ((2, 3, 2), np.array([[0, 1], [2, 1]])), ((3,), np.array(2))]),
        Row(f"cross_entropy_soft_{reduction}", lambda m, x, t, w, r=reduction: m.cross_entropy(
            x, m.softmax(t, t.ndim and min(t.ndim - 1, 1)), w * w, reduction=r, label_smoothing=0.2),
            [((2, 3), (2, 3), (3,)), ((3,), (3,), (3,)), ((2, 3, 2), (2, 3, 2), (3,))]),
    ]
LOSSES += [
    Row("nll_loss_empty", lambda m, x, t: m.nll_loss(x, t, reduction="sum"), [((0, 3), numbers())]),
    Row("cross_entropy_empty", lambda m, x, t: m.cross_entropy(x, t, reduction="none"), [((0, 3), numbers())]),
]

NETWORK = [
    Row("conv2d", lambda m, x, w, b: m.conv2d(x, w, b), [
        ((2, 1, 3, 3), (2, 1, 2, 2), (2,)), ((1, 3, 3), (1, 1, 2, 3), (1,)), ((0, 1, 3, 3), (2, 1, 2, 2), (2,)),
        ((1, 1, 1, 1), (1, 1, 1, 1), (1,)),
    ]),
    Row("conv2d_strided", lambda m, x, w: m.conv2d(x, w, stride=2, padding=(1, 0), dilation=(1, 2)), [
        ((1, 2, 4, 4), (1, 2, 2, 2))]),
    Row("conv2d_groups", lambda m, x, w: m.conv2d(x, w, None, 1, 1, 1, 2), [((1, 4, 2, 2), (2, 2, 2, 2))]),
    Row("conv2d_depthwise", lambda m, x, w: m.conv2d(x, w, padding=1, groups=2), [((1, 2, 3, 2), (2, 1, 3, 3))]),
    Row("conv2d_same", lambda m, x, w: m.conv2d(x, w, padding="same"), [((1, 1, 3, 3), (1, 1, 2, 3))]),
    Row("max_pool2d", lambda m, x: m.max_pool2d(x, 2), [((1, 2, 4, 4),), ((2, 3, 3),), ((0, 1, 2, 2),)], distinct),
    Row("max_pool2d_padded", lambda m, x: m.max_pool2d(x, (3, 2), 2, 1), [((1, 2, 4, 3),)], distinct),
    Row("max_pool2d_dilated", lambda m, x: m.max_pool2d(x, 2, 1, 0, 2, True), [((1, 1, 4, 4),)], distinct),
    Row("avg_pool2d", lambda m, x: m.avg_pool2d(x, 2), [((1, 2, 4, 4),), ((2, 3, 3),), ((0, 1, 2, 2),)]),
    Row("avg_pool2d_padded", lambda m, x: m.avg_pool2d(x, 3, 2, 1, True, False), [((1, 2, 4, 3),)]),
    Row("avg_pool2d_divisor", lambda m, x: m.avg_pool2d(x, 2, 1, divisor_override=3), [((1, 1, 3, 3),)]),
    Row("batch_norm", lambda m, x, w, b: m.batch_norm(x, None, None, w, b, True), [
        ((3, 2), (2,), (2,)), ((2, 2, 3), (2,), (2,)), ((2, 2, 2, 1), (2,), (2,))]),
    Row("batch_norm_plain", lambda m, x: m.batch_norm(x, None, None, training=True, eps=0.1), [
        ((3, 2),), ((1, 2, 3),)]),
    Row("batch_norm_eval", lambda m, x, w, b: m.batch_norm(
        x, m.tensor([0.5, -1]).to(x), m.tensor([0.3, 1.7]).to(x), w, b), [
            ((3, 2), (2,), (2,)), ((2, 2, 1, 2), (2,), (2,)), ((0, 2, 2), (2,), (2,))]),
    Row("dropout", lambda m, x: m.dropout(x, 0.3, False) * m.dropout(x, 0.0) + m.dropout(x, 1.0), ELEMENTWISE),
]

ROWS = [*UNARY, *BINARY, *REDUCTION, *SHAPE, *INDEXING, *PRODUCTS, *LOSSES, *NETWORK]
CASES = [(row, sample) for row in ROWS for sample in row.samples]
IDS = [f"{row.name}{[np.shape(s) if isinstance(s, np.ndarray) else s for s in sample]}" for row, sample in CASES]
