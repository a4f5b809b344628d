"""Rows for the operations that the other tables lack, so that every operation runs on every device."""

import numpy as np
from ops.operation_table import Row, distinct, nonzero, numbers, positive

from minitorch.random import manual_seed

MATRIX, VECTOR = (2, 3), (3,)
PLACES, BITS = numbers(2, 0, 2), np.array([[True, False, True], [False, False, True]])


def rows(names, samples, draw=None):
    """The same samples for several operations."""
    return [Row(name, lambda m, *x, name=name: getattr(m, name)(*x), samples, draw) for name in names.split()]


def either(names, samples=(((2, 3), (2, 3)), ((2, 1), (3,))), draw=distinct):
    """Operations whose result carries no gradient, on numbers with ties."""
    return [
        Row(name, lambda m, *x, name=name: getattr(m, name)(*(m.round(a) for a in x)), list(samples), draw)
        for name in names.split()
    ]


def boolean(m, name, a, b):
    return getattr(m, name)(a > 0, b > 0)


ROWS = [
    *rows("absolute ravel erf erfc gelu silu mish elu celu selu hardswish softplus logsigmoid softsign tanhshrink "
          "leaky_relu negative trace count_nonzero any isnan isinf isfinite argwhere nan_to_num", [(MATRIX,)], nonzero),
    *rows("relu6 hardsigmoid hardtanh", [(MATRIX,), ((0, 2),)], distinct),
    *rows("divide multiply subtract true_divide atan2 hypot logaddexp dist pairwise_distance "
          "smooth_l1_loss huber_loss l1_loss kl_div", [(VECTOR, VECTOR)], positive),
    *rows("rsub rdiv rpow rremainder rfloor_divide fmod", [(MATRIX, VECTOR)], positive),
    *rows("l1_loss smooth_l1_loss huber_loss", [(MATRIX, MATRIX)], distinct),
    *rows("addcmul addcdiv", [(MATRIX, VECTOR, (2, 1))], positive),
    *rows("addmm", [(MATRIX, (2, 4), (4, 3))]),
    *rows("addmv", [((2,), (2, 3), VECTOR)]),
    *rows("baddbmm", [((2, 1, 3), (2, 1, 4), (2, 4, 3))]),
    *rows("mv", [(MATRIX, VECTOR)]),
    *rows("addr", [(MATRIX, (2,), VECTOR)]),
    *rows("cosine_similarity", [(MATRIX, MATRIX)]),
    *rows("cross", [((2, 3), (2, 3))]),
    *rows("glu softmin", [((2, 4),)]),
    *rows("prelu", [((2, 3, 2), VECTOR)], nonzero),
    *rows("lerp", [(MATRIX, MATRIX, VECTOR)], positive),
    *either("eq ne lt le gt ge less less_equal greater greater_equal not_equal equal isclose allclose"),
    *either("argmax argmin argsort", [((2, 3),)]),
    *rows("unique", [((2, 3),)]),
    Row("conv2d_relu_max_pool2d", lambda m, x, w, b: m.conv2d_relu_max_pool2d(x, w, b, padding=1), [
        ((2, 1, 5, 6), (3, 1, 3, 3), (3,))]),
    *(Row(name, lambda m, a, b, name=name: boolean(m, name, a, b), [(MATRIX, VECTOR)])
      for name in ("logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor")),
    Row("logical_not", lambda m, x: m.logical_not(x > 0) & m.bitwise_not(x > 1), [(MATRIX,)]),
    Row("stacks", lambda m, a, b: m.hstack([a, b]).sum() * m.vstack([a, b]).sum(1) + m.dstack([a, b]).sum(2).T.sum(0)
        .sum() + m.concat([a, b]).sum() + m.concatenate([a, b]).prod(), [(MATRIX, MATRIX)]),
    Row("clamps", lambda m, x: m.clamp_max(x, 0.1) * m.clip(x, -0.4, 0.3), [(MATRIX,)], distinct),
    Row("threshold", lambda m, x: m.threshold(x, 0.1, -2.0), [(MATRIX,)], distinct),
    Row("cumprod", lambda m, x: m.cumprod(x, 1), [(MATRIX,)]),
    Row("diff", lambda m, x: m.diff(x) * 2, [(MATRIX,)]),
    Row("diag_embed", lambda m, x: m.diag_embed(x) * 2, [(MATRIX,)]),
    Row("norms", lambda m, x: m.norm(x) * m.normalize(x, dim=1), [(MATRIX,)]),
    Row("var_mean", lambda m, x: m.var_mean(x, 1)[0] * m.std_mean(x, 1)[1], [(MATRIX,)]),
    Row("einsum", lambda m, a, b: m.einsum("ij,kj->ik", a, b) + m.tensordot(a, b.T, 1), [((2, 3), (4, 3))]),
    Row("repeat_interleave", lambda m, x: m.repeat_interleave(x, 2, 1) * m.tile(x, (1, 2)), [(MATRIX,)]),
    Row("tensor_split", lambda m, x: m.tensor_split(x, 2, 1)[1] * m.split_with_sizes(x, [1, 2], 1)[0], [(MATRIX,)]),
    Row("views", lambda m, x: m.moveaxis(x, 0, 1).reshape_as(x) * x.clone().view_as(x) + m.swapdims(x, 0, 1).sum(), [
        (MATRIX,)]),
    Row("select", lambda m, x: m.select(x, 1, 0) * m.matrix_transpose(x)[1], [(MATRIX,)]),
    Row("masked_select", lambda m, x, k: m.masked_select(x, k), [(MATRIX, BITS)]),
    Row("take_along_dim", lambda m, x, i: m.take_along_dim(x, i, 1), [(MATRIX, numbers([2, 0]).reshape(2, 1))]),
    Row("scatter", lambda m, x, i, s: m.scatter(x, 1, i, s), [(MATRIX, np.array([[1], [2]]), (2, 1))]),
    Row("scatter_add", lambda m, x, i, s: m.scatter_add(x, 0, i, s), [
        ((3, 3), np.array([[2, 0, 2], [2, 1, 0]]), MATRIX), ((3,), numbers(1, 1, 1), VECTOR),
        ((4, 2), np.zeros((0, 2), np.int64), (0, 2))]),
    Row("scatter_add_1", lambda m, x, i, s: m.scatter_add(x, 1, i, s), [
        ((2, 5, 2), np.array([[[4, 0]] * 3, [[1, 1]] * 3]), (2, 3, 2))]),
    Row("index_add", lambda m, x, i, s: m.index_add(x, 0, i, s, alpha=2), [((3, 2), PLACES, (3, 2))]),
    Row("index_copy", lambda m, x, i, s: m.index_copy(x, 1, i, s), [(MATRIX, numbers(2, 0), (2, 2))]),
    Row("index_fill", lambda m, x, i: m.index_fill(x, 1, i, 2.5), [(MATRIX, PLACES)]),
    Row("index_put", lambda m, x, i, v: m.index_put(x, (i,), v, True), [((3, 2), PLACES, (3, 2))]),
    Row("setitem", lambda m, x, v: written(x * 1, v), [((3, 2), (2,))]),
    Row("embedding", lambda m, w, i: m.embedding(i, w), [
        ((3, 4), numbers(2, 0, 2)), ((3, 1), np.array([[1], [1]])), ((3, 2), numbers()), ((5, 7), np.array(4))]),
    Row("embedding_padding", lambda m, w, i: m.embedding(i, w, 2, scale_grad_by_freq=True), [
        ((3, 4), numbers(2, 0, 1, 0))]),
    Row("one_hot", lambda m, w, i: w @ m.one_hot(i, 3).to(w), [((3, 3), numbers(2, 0, 1))]),
    Row("dropout", lambda m, x: seeded(m.dropout, x), [((2, 3, 4),), ((7,),), ((0, 2),)]),
    Row("dropout1d", lambda m, x: seeded(m.dropout1d, x), [((2, 3, 4),)]),
    Row("dropout2d", lambda m, x: seeded(m.dropout2d, x), [((2, 3, 2, 2),)]),
    Row("stochastic_depth", lambda m, x: seeded(lambda x, p, t: m.stochastic_depth(x, p, "row", t), x), [
        ((5, 2, 3),)]),
    Row("channel_shuffle", lambda m, x: m.channel_shuffle(x, 3), [((2, 6, 2, 3),), ((1, 3, 1, 1),), ((0, 3, 2, 2),)]),
    Row("pixel_shuffle", lambda m, x: m.pixel_unshuffle(m.pixel_shuffle(x, 2) * 2, 2), [((1, 4, 2, 3),)]),
    Row("upsample", lambda m, x: m.upsample(x, 4) + m.upsample_nearest(x, 4) * m.upsample_bilinear(x, 4), [
        ((1, 1, 2, 3),)]),
    Row("binary_cross_entropy", lambda m, x, y: m.binary_cross_entropy(m.sigmoid(x), m.sigmoid(y)), [(MATRIX, MATRIX)]),
    Row("binary_cross_entropy_with_logits", lambda m, x, y: m.binary_cross_entropy_with_logits(x, m.sigmoid(y)), [
        (MATRIX, MATRIX)]),
    Row("margins", lambda m, x, y, t: m.margin_ranking_loss(x, y, t.to(x)) + m.hinge_embedding_loss(x, t.to(x)), [
        (VECTOR, VECTOR, numbers(1, -1, 1))]),
    Row("cosine_embedding_loss", lambda m, x, y, t: m.cosine_embedding_loss(x, y, t), [
        (MATRIX, MATRIX, numbers(1, -1))]),
    Row("triplet_margin_loss", lambda m, x, y, z: m.triplet_margin_loss(x, y, z), [(MATRIX, MATRIX, MATRIX)]),
    Row("max_pool2d_indices", lambda m, x: m.max_pool2d(x, 2, 1, return_indices=True)[1], [((1, 2, 3, 4),)], distinct),
    Row("adaptive_max_pool2d_indices", lambda m, x: m.adaptive_max_pool2d(x, 2, return_indices=True)[1], [
        ((1, 2, 3, 5),)], distinct),
    Row("relu_of_nothing", lambda m, x: m.relu(x) + m.softmax(x, 0), [((0,),)]),
    Row("multi_head_attention_forward", lambda m, x, w, b, o: m.multi_head_attention_forward(
        x, x, x, 4, 2, w, b, None, None, False, 0.0, o, b[:4])[0], [((3, 2, 4), (12, 4), (12,), (4, 4))]),
]  # fmt: skip
CASES = [(row, sample) for row in ROWS for sample in row.samples]
IDS = [f"{row.name}{[np.shape(s) if isinstance(s, np.ndarray) else s for s in sample]}" for row, sample in CASES]


def written(x, values):
    x[1] = values
    return x


def seeded(function, x):
    """The operation on numbers that a fixed seed draws, whatever was drawn before."""
    manual_seed(1)
    return function(x, 0.4, True)
