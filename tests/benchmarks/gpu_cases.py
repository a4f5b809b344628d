"""What `gpu.py` measures: the operations of image networks and attention; `CASES` holds these and the others."""

import math

from gpu_case import Case, backward, forward, kernel
from gpu_cases_training import TRAINING

ONES = 1, 1
AROUND = ((1, 1), (1, 1))
EPS = 1e-5

# Shapes: a stage of a residual network on 64 images, and small ones with odd sides.

PLANES, FEW_PLANES = (64, 256, 56, 56), (3, 6, 7, 5)
HALVED, FEW_HALVED = (64, 256, 28, 28), (3, 6, 4, 3)


def of_planes(**others):
    """Inputs of the planes' shape under one-letter names, and others: ``w=0`` has one number for each channel."""

    def sizes(shape, halved):
        kinds = {"plane": shape, "half": halved, "channels": shape[1:2], "gate": (*shape[:2], 1, 1)}
        return {name: kinds.get(kind, kind) for name, kind in others.items()}

    return {"sizes": sizes(PLANES, HALVED), "small": sizes(FEW_PLANES, FEW_HALVED)}


def batch_norm_backward(kernels, a):
    _, mean, var = kernels.batch_norm(a.x, a.w, a.b, EPS)
    return lambda: kernels.batch_norm_grad(a.grad, a.x, a.w, mean, var, EPS)


def group_norm_backward(groups):
    def prepare(kernels, a):
        _, mean, var = kernels.group_norm(a.x, a.w, a.b, groups, EPS)
        return lambda: kernels.group_norm_grad(a.grad, a.x, a.w, mean, var, groups, EPS)

    return prepare


def max_pool_backward(kernels, a):
    geometry = (3, 3), (2, 2), (1, 1), ONES
    code = kernels.max_pool2d(a.x, *geometry, False)[1]
    return lambda: kernels.max_pool2d_grad(a.grad, code, a.x.shape, *geometry)


def shuffled(torch, a):
    n, c, h, w = a.x.shape
    return lambda: a.x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, c, h, w)


def scaled(torch, a):
    return lambda: a.x * a.gate


BATCH_NORM = forward("batch_norm", "x", None, None, "w", "b", True)
GROUP_NORM = forward("group_norm", "x", 2, "w", "b")
MAX_POOL = forward("max_pool2d", "x", 3, 2, 1)
AVG_POOL = forward("avg_pool2d", "x", 3, 2, 1)
AVG_WINDOWS = (3, 3), (2, 2), (1, 1), False, True, None
GLOBAL = forward("adaptive_avg_pool2d", "x", 7)
GLOBAL_MAX = forward("adaptive_max_pool2d", "x", 7)


def affine(torch, a):
    return lambda: torch.addcmul(a.b[:, None, None], a.x, a.w[:, None, None])


MEMORY = [
    Case("channel shuffle", **of_planes(x="plane"), traffic="x +y", ours=kernel("channel_shuffle", "x", 2),
         theirs=shuffled),
    Case("squeeze-and-excitation scaling", **of_planes(x="plane", gate="gate"), traffic="x gate +y",
         ours=kernel("channel_scale", "x", "gate"), theirs=scaled),
    Case("squeeze-and-excitation scaling, backward", **of_planes(x="plane", gate="gate", grad="plane"),
         traffic="x gate grad +y gate", ours=kernel("channel_scale_grad", "grad", "x", "gate"),
         theirs=backward(scaled, "x", "gate")),
    Case("batch norm, training", **of_planes(x="plane", w="channels", b="channels"), traffic="x x +y",
         ours=kernel("batch_norm", "x", "w", "b", EPS), theirs=BATCH_NORM),
    Case("batch norm, backward", **of_planes(x="plane", w="channels", b="channels", grad="plane"),
         traffic="x grad x grad +y", ours=batch_norm_backward, theirs=backward(BATCH_NORM, "x", "w", "b")),
    Case("batch norm, evaluation", **of_planes(x="plane", w="channels", b="channels", mean="channels"),
         traffic="x +y", ours=kernel("channel_affine", "x", "w", "b"),
         theirs=affine),
    Case("group norm", **of_planes(x="plane", w="channels", b="channels"), traffic="x x +y",
         ours=kernel("group_norm", "x", "w", "b", 2, EPS), theirs=GROUP_NORM),
    Case("group norm, backward", **of_planes(x="plane", w="channels", b="channels", grad="plane"),
         traffic="x grad x grad +y", ours=group_norm_backward(2), theirs=backward(GROUP_NORM, "x", "w", "b")),
    Case("max pooling 3x3/2", **of_planes(x="plane"), traffic="x +y",
         ours=kernel("max_pool2d", "x", (3, 3), (2, 2), (1, 1), ONES, False), theirs=MAX_POOL),
    Case("max pooling 3x3/2, backward", **of_planes(x="plane", grad="half"), traffic="grad +y",
         ours=max_pool_backward, theirs=backward(MAX_POOL, "x")),
    Case("average pooling 3x3/2", **of_planes(x="plane"), traffic="x +y",
         ours=kernel("avg_pool2d", "x", *AVG_WINDOWS), theirs=AVG_POOL),
    Case("average pooling 3x3/2, backward", **of_planes(x="plane", grad="half"), traffic="grad +y",
         ours=lambda k, a: lambda: k.avg_pool2d_grad(a.grad, a.x.shape, *AVG_WINDOWS),
         theirs=backward(AVG_POOL, "x")),
    Case("adaptive average pooling to 7x7", **of_planes(x="plane"), traffic="x +y",
         ours=kernel("adaptive_avg_pool2d", "x", (7, 7)), theirs=GLOBAL),
]  # fmt: skip


def adaptive_max_backward(kernels, a):
    places = kernels.adaptive_max_pool2d(a.x, (7, 7))[1]
    return lambda: kernels.adaptive_max_pool2d_grad(a.grad, places, a.x.shape)


# Windows of 3x3 as columns: nine numbers for each one.
COLUMNS = {"sizes": {"x": (96, 64, 56, 56)}, "small": {"x": (2, 3, 5, 4)}}
PATCHES = {"sizes": {"x": (64, 576, 3136)}, "small": {"x": (2, 27, 20)}}


def unfold(kernels, a):
    shape = (a.x.shape[0], 9 * a.x.shape[1], -1)
    return lambda: kernels.unfold(a.x, (3, 3), ONES, ONES, ONES).reshape(shape)


def fold(kernels, a):
    height = {3136: 56, 20: 5}[a.x.shape[2]]
    shape = (a.x.shape[0], a.x.shape[1] // 9, height, a.x.shape[2] // height)
    return lambda: kernels.fold(a.x, shape, (3, 3), ONES, ONES, ONES)


def torch_fold(torch, a):
    height = {3136: 56, 20: 5}[a.x.shape[2]]
    size = (height, a.x.shape[2] // height)
    return lambda: torch.nn.functional.fold(a.x, size, 3, padding=1)


SEVEN = (64, 256, 7, 7), (3, 6, 7, 7)
WINDOWS = [
    Case("adaptive average pooling to 7x7, backward", {"x": PLANES, "grad": SEVEN[0]},
         {"x": FEW_PLANES, "grad": SEVEN[1]}, traffic="grad +y",
         ours=lambda k, a: lambda: k.adaptive_avg_pool2d_grad(a.grad, a.x.shape), theirs=backward(GLOBAL, "x")),
    Case("adaptive max pooling to 7x7", **of_planes(x="plane"), traffic="x +y",
         ours=kernel("adaptive_max_pool2d", "x", (7, 7)), theirs=GLOBAL_MAX),
    Case("adaptive max pooling to 7x7, backward", {"x": PLANES, "grad": SEVEN[0]},
         {"x": FEW_PLANES, "grad": SEVEN[1]}, traffic="grad +y", ours=adaptive_max_backward,
         theirs=backward(GLOBAL_MAX, "x")),
    Case("batch norm, evaluation, backward", **of_planes(x="plane", w="channels", b="channels", grad="plane"),
         traffic="x grad +y", ours=kernel("channel_affine_grad", "grad", "x", "w", "b"),
         theirs=backward(affine, "x", "w", "b")),
    Case("im2col 3x3", **COLUMNS, traffic="x +y", ours=unfold, theirs=forward("unfold", "x", 3, 1, 1)),
    Case("col2im 3x3", **PATCHES, traffic="x +y", ours=fold, theirs=torch_fold),
]  # fmt: skip


def convolutions(label, shape, weight, stride, small, small_weight, goal):
    """Forward and both gradients of a 3x3 convolution with a border of 1; the weight's shape tells the groups."""

    def sizes(shape, weight):
        out = tuple((n - 1) // stride + 1 for n in shape[2:])
        return {"x": shape, "w": weight, "grad": (shape[0], weight[0], *out)}

    def flops(a):
        return 2 * a.grad.size * math.prod(a.w.shape[1:])

    def geometry(a):
        return (stride, stride), AROUND, ONES, a.x.shape[1] // a.w.shape[1]

    def in_torch(torch, a):
        return lambda: torch.nn.functional.conv2d(a.x, a.w, None, stride, 1, 1, a.x.shape[1] // a.w.shape[1])

    whole = {"sizes": sizes(shape, weight), "small": sizes(small, small_weight), "flops": flops, "goal": goal}
    return [
        Case(label, **whole, traffic="x w +y", ours=lambda k, a: lambda: k.conv2d(a.x, a.w, None, *geometry(a)),
             theirs=in_torch),
        Case(f"{label}, gradient to the input", **whole, traffic="grad w +y",
             ours=lambda k, a: lambda: k.conv2d_input_grad(a.grad, a.w, a.x.shape, *geometry(a)),
             theirs=backward(in_torch, "x")),
        Case(f"{label}, gradient to the weight", **whole, traffic="grad x +y",
             ours=lambda k, a: lambda: k.conv2d_weight_grad(a.grad, a.x, a.w.shape, *geometry(a)),
             theirs=backward(in_torch, "w")),
    ]  # fmt: skip


CONVOLUTION = [
    *convolutions("convolution 64->64", (64, 64, 56, 56), (64, 64, 3, 3), 1, (2, 3, 5, 4), (4, 3, 3, 3), 3.0),
    *convolutions("convolution 256->256", (64, 256, 14, 14), (256, 256, 3, 3), 1, (1, 5, 3, 3), (2, 5, 3, 3), 3.0),
    *convolutions("depthwise convolution", PLANES, (256, 1, 3, 3), 1, FEW_PLANES, (6, 1, 3, 3), 1.0),
    *convolutions("depthwise convolution /2", PLANES, (256, 1, 3, 3), 2, FEW_PLANES, (6, 1, 3, 3), 1.0),
]


def attention(torch, a):
    return lambda: torch.nn.functional.scaled_dot_product_attention(a.q, a.k, a.v)


def attention_kernel(kernels, a):
    return lambda: kernels.attention(a.q, a.k, a.v, None, False, a.q.shape[-1] ** -0.5)


def attention_backward(kernels, a):
    settings = None, False, a.q.shape[-1] ** -0.5
    y, log_sum = kernels.attention(a.q, a.k, a.v, *settings)
    return lambda: kernels.attention_grad(a.grad, a.q, a.k, a.v, *settings, y, log_sum)


def attention_flops(products):
    """Flops of that many products of queries and keys by the size of a head."""
    return lambda a: 2 * products * a.q.size * a.k.shape[2]


HEADS, FEW_HEADS = (8, 8, 1024, 64), (1, 2, 5, 3)
ATTENTION = [
    Case("attention", dict.fromkeys("qkv", HEADS), dict.fromkeys("qkv", FEW_HEADS), traffic="q k v +y", goal=1.5,
         flops=attention_flops(2), ours=attention_kernel, theirs=attention),
    Case("attention, backward", {**dict.fromkeys("qkv", HEADS), "grad": HEADS},
         {**dict.fromkeys("qkv", FEW_HEADS), "grad": FEW_HEADS}, traffic="q k v grad q k v", goal=1.5,
         flops=attention_flops(5), ours=attention_backward, theirs=backward(attention, "q", "k", "v")),
]  # fmt: skip

CASES = [*MEMORY, *WINDOWS, *CONVOLUTION, *ATTENTION, *TRAINING]
