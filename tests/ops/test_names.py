"""The names of graph nodes, which printing shows, are PyTorch's."""

import numpy as np
import pytest

import minitorch

rng = np.random.default_rng(0)
ARRAYS = {
    "x": rng.random((3, 4)) + 0.5,
    "m": rng.random((4, 5)),
    "v": rng.random(4),
    "images": rng.random((2, 4, 6, 6)),
    "filters": rng.random((4, 4, 3, 3)),
    "batches": rng.random((2, 3, 3)),
}
EXPRESSIONS = """
x + x; x + 1; x - x; 1 - x; x * x; x * 2; x / x; x / 2; -x; x ** 2; x ** x; 2 ** x; x % 2; x % x; x.abs(); x.exp()
x.log(); x.sqrt(); x.tanh(); x.sigmoid(); x.relu(); x.erf(); x.sum(); x.sum(0); x.mean(); x.mean((0, 1)); x.max()
x.max(0).values; x.max(0, True).values; x.min(); x.min(1).values; x.amax(0); x.amin(1); x.prod(); x.prod(0); x.var()
x.var(0); x.std(1); x.norm(); x.norm(dim=0); x.logsumexp(0); x.cumsum(0); x.cumprod(0); x.softmax(1); x.log_softmax(1)
x.view(12); x.reshape(4, 3); x.flatten(); x.t(); x.T; x.transpose(0, 1); x.permute(1, 0); x.unsqueeze(0)
x.unsqueeze(0).squeeze(0); x.expand(2, 3, 4); x.broadcast_to(2, 3, 4); x.T.reshape(-1); x.T.contiguous(); x.clone()
x[0]; x[1:]; x[:, 1]; x[1:, 2]; x[..., None]; x[None, 1:]; x[:, 1:]; x[[0, 1]]; x[x > 1]; x.double(); x.to(lib.float16)
x.to(lib.float64); x.clamp(0, 1); x.clamp(min=1); x.clamp(x, x); lib.where(x > 1, x, 0 * x); x.masked_fill(x > 1, 0)
x.masked_select(x > 1); lib.cat([x, x]); lib.stack([x, x]); x.chunk(2)[0]; x.split(2)[1]; x.unbind(1)[2]
x.repeat(2, 2); x.roll(1, 0); x.gather(0, places); x.scatter(0, places, x); x.scatter_add(0, places, x)
x.index_select(0, row); x.index_add(0, row, x[:1]); x.index_copy(0, row, x[:1]); x.index_fill(0, row, 2.0)
x.index_put((row,), v); x.tril(); x.triu(); x.diagonal(); x.sort(0).values; x.topk(2).values; x.maximum(2 * x); x @ m
x.mm(m); x @ v; x.mv(v); v @ v; v.dot(v); batches.bmm(batches); lib.addmm(m[0], x, m); v.outer(v); x.lerp(2 * x, 0.5)
x.addcmul(x, x); x.addcdiv(x, x); x.dist(2 * x); x[:, :3].trace(); x.logaddexp(x); x.hypot(x)
x.median(); x.median(0).values; x.median(0, True).values
F.linear(x, m.T); F.linear(x, m.T, m[0]); F.linear(batches, batches[0], v[:3]); F.conv2d(images, filters)
F.conv2d(images, filters, v); F.conv2d(images[0], filters); F.conv_transpose2d(images, filters); F.max_pool2d(images, 2)
F.avg_pool2d(images, 2); F.adaptive_avg_pool2d(images, 1); F.adaptive_avg_pool2d(images, 2)
F.adaptive_max_pool2d(images, 2); F.batch_norm(images, None, None, training=True); F.layer_norm(x, (4,), v, v)
F.batch_norm(x, 0 * v.detach(), v.detach(), v, v); F.group_norm(images, 2); F.pad(x, (1, 1)); F.unfold(images, 2)
F.pixel_shuffle(images, 2); F.relu6(x); F.elu(x); F.celu(x); F.gelu(x); F.silu(x); F.glu(x); F.hardtanh(x)
F.leaky_relu(x); F.softplus(x); F.prelu(x, v[:1]); F.cross_entropy(x, labels); F.nll_loss(x, labels)
F.cross_entropy(x, labels, reduction="none"); F.cross_entropy(x, labels, reduction="sum"); F.cross_entropy(x[0], row[0])
F.cross_entropy(images, places2d); F.mse_loss(x, 2 * x); F.mse_loss(x, 2 * x, reduction="none"); F.l1_loss(x, 2 * x)
F.smooth_l1_loss(x, 2 * x); F.huber_loss(x, 2 * x); F.binary_cross_entropy(x.sigmoid(), 0 * x.detach())
F.binary_cross_entropy_with_logits(x, 0 * x.detach())
"""


def node_name(lib, expression):
    leaves = {name: lib.tensor(a.tolist(), requires_grad=True) for name, a in ARRAYS.items()}
    integers = {
        "labels": lib.tensor([0, 1, 3]),
        "row": lib.tensor([0]),
        "places": lib.tensor([[0, 1, 2, 0]] * 3),
        "places2d": lib.tensor([[[0] * 6] * 6] * 2),
    }
    return eval(expression, {"lib": lib, "F": lib.nn.functional, **leaves, **integers}).grad_fn.name()


@pytest.mark.parametrize("expression", [e.strip() for e in EXPRESSIONS.replace("\n", ";").split(";") if e.strip()])
def test_node_has_pytorchs_name(expression):
    torch = pytest.importorskip("torch", reason="needs torch")
    assert node_name(minitorch, expression) == node_name(torch, expression)


def test_no_name_goes_to_a_node_of_another_operation():
    """An operation that hands its input on unchanged must not rename what made it."""
    x = minitorch.ones(2, 2, requires_grad=True) * 2
    for result in (x.contiguous(), x.sum_to_size(2, 2), x.to(x.dtype), minitorch.nn.functional.dropout(x, 0.0)):
        assert result is x
    x.sum(()), x.repeat(1, 1), x.split(2), x.roll(0, 0), x.index_select(0, minitorch.tensor([0, 1])), x.t(), x.tile(1)
    assert x.grad_fn.name() == "MulBackward0"
