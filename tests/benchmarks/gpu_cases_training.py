"""What `gpu.py` measures beside layers of images: losses, tables, scattered sums, dropout and optimizers."""

import numpy as np
from gpu_case import Case, backward, forward, kernel

CLASSES, FEW_CLASSES = {"x": (65536, 1000, 1), "target": (65536, 1), "grad": (65536, 1)}, {
    "x": (5, 37, 1), "target": (5, 1), "grad": (5, 1)}  # fmt: skip
NO_CLASS = -100
CROSS_ENTROPY = forward("cross_entropy", "x", "target", None, None, NO_CLASS, None, "none")


def cross_entropy_backward(kernels, a):
    settings = None, NO_CLASS, 0.0
    _, log_sum, mass, _ = kernels.cross_entropy(a.x, a.target, *settings)
    return lambda: kernels.cross_entropy_grad(a.grad, a.x, a.target, *settings, log_sum, mass)


LOSS = [
    Case("softmax with cross entropy", CLASSES, FEW_CLASSES, traffic="x target +y", whole={"target": 37},
         ours=kernel("cross_entropy", "x", "target", None, NO_CLASS, 0.0), theirs=CROSS_ENTROPY),
    Case("softmax with cross entropy, backward", CLASSES, FEW_CLASSES, traffic="x target grad +y",
         whole={"target": 37}, ours=cross_entropy_backward, theirs=backward(CROSS_ENTROPY, "x")),
]  # fmt: skip


def in_table(torch, a):
    return lambda: torch.nn.functional.embedding(a.index, a.w)


def rows_added(kernels, a):
    def run():
        kernels.index_add(a.y, a.at, a.v)
        return a.y

    return run


def numbers_added(kernels, a):
    def run():
        kernels.scatter_add(a.y, a.at, a.v)
        return a.y

    return run


TABLE, FEW_ROWS = {"w": (32768, 512), "index": (131072,)}, {"w": (37, 5), "index": (70,)}
ROWS, FEW_ADDED = {"y": (8, 32768, 128), "at": (65536,), "v": (8, 65536, 128)}, {
    "y": (2, 37, 5), "at": (70,), "v": (2, 70, 5)}  # fmt: skip
NUMBERS, FEW_NUMBERS = {"y": (2**24,), "at": (2**25,), "v": (2**25,)}, {"y": (37,), "at": (70,), "v": (70,)}
TABLES = [
    Case("embedding", TABLE, FEW_ROWS, traffic="w index +y", whole={"index": "w"}, theirs=in_table,
         ours=kernel("embedding", "w", "index")),
    Case("embedding, backward", {**TABLE, "grad": (131072, 512)}, {**FEW_ROWS, "grad": (70, 5)}, goal=1.5,
         traffic="grad index +y", whole={"index": "w"}, theirs=backward(in_table, "w"),
         ours=lambda k, a: lambda: k.embedding_grad(a.grad, a.index, a.w.shape[0], None, False)),
    Case("sum of rows at places", ROWS, FEW_ADDED, traffic="v at y y", whole={"at": 37}, ours=rows_added, goal=1.5,
         theirs=lambda torch, a: lambda: a.y.index_add_(1, a.at, a.v)),
    Case("sum of numbers at places", NUMBERS, FEW_NUMBERS, traffic="v at y y", whole={"at": "y"}, goal=1.5,
         ours=numbers_added, theirs=lambda torch, a: lambda: a.y.scatter_add_(0, a.at, a.v)),
]  # fmt: skip


def both_dropped(mine, theirs):
    """The same numbers where both keep one, and as many kept; which ones is a matter of chance."""
    kept = (mine != 0) & (theirs != 0)
    return bool(
        mine.shape == theirs.shape
        and np.allclose(mine[kept], theirs[kept], rtol=1e-5)
        and abs((mine != 0).mean() - (theirs != 0).mean()) < 0.1
    )


DROPOUT = [
    Case("dropout of a half", {"x": (64, 256, 56, 56)}, {"x": (3, 6, 7, 5)}, traffic="x +y", equal=both_dropped,
         ours=kernel("dropout", "x", 2**31, 2.0, (1, 2)), theirs=forward("dropout", "x", 0.5, True)),
]  # fmt: skip

# As many parameters as a residual network has, of one size.
COUNT = 40


def parameters(*kinds):
    """Inputs under names like ``p0`` of a kind that is told by its letter."""
    names = [f"{kind}{i}" for kind in kinds for i in range(COUNT)]
    return dict.fromkeys(names, (512, 1024)), dict.fromkeys(names, (3, 5))


def those(a, kind):
    return [getattr(a, f"{kind}{i}") for i in range(COUNT)]


def often(*kinds):
    """Names of all inputs of these kinds, in one text."""
    return " ".join(f"{kind}{i}" for kind in kinds for i in range(COUNT))


def sgd(kernels, a):
    lists = [those(a, kind) for kind in "pgv"]

    def run():
        kernels.sgd(*lists, 0.1, 0.9, 0.0, 1e-4, False, False)
        return a.p0

    return run


def torch_sgd(torch, a):
    optimizer = torch.optim.SGD(those(a, "p"), 0.1, 0.9, 0.0, 1e-4)
    for p, grad, velocity in zip(*(those(a, kind) for kind in "pgv")):
        p.grad, optimizer.state[p]["momentum_buffer"] = grad, velocity

    def run():
        optimizer.step()
        return a.p0

    return run


def adam(kernels, a):
    lists = [*(those(a, kind) for kind in "pga"), [s * s for s in those(a, "s")]]

    def run():
        kernels.adam(*lists, None, [1] * COUNT, 1e-3, 0.9, 0.999, 1e-8, 0.0, False, False)
        return a.p0

    return run


def torch_adam(torch, a):
    optimizer = torch.optim.Adam(those(a, "p"), 1e-3)
    for p, grad, average, square in zip(*(those(a, kind) for kind in "pgas")):
        p.grad = grad
        optimizer.state[p] |= {"step": torch.tensor(0.0), "exp_avg": average, "exp_avg_sq": square * square}

    def run():
        optimizer.step()
        return a.p0

    return run


OPTIMIZERS = [
    Case("SGD with momentum, 40 parameters", *parameters(*"pgv"), traffic=often(*"pgvpv"), ours=sgd, theirs=torch_sgd),
    Case("Adam, 40 parameters", *parameters(*"pgas"), traffic=often(*"pgaspas"), ours=adam, theirs=torch_adam),
]

TRAINING = [*LOSS, *TABLES, *DROPOUT, *OPTIMIZERS]
