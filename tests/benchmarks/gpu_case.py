"""One row of what `gpu.py` measures: a kernel's inputs, its call here and in PyTorch, and the least bytes and flops.

Every case also has inputs so small that a test runs it on the emulator beside PyTorch on the CPU.
"""

import types
from dataclasses import dataclass, field

import numpy as np


def agree(mine, theirs, tolerance=1e-3):
    """Whether two results are equal up to rounding, measured by the largest number."""
    largest = max(float(np.abs(theirs).max(initial=0)), 1e-30)
    return mine.shape == theirs.shape and float(np.abs(mine - theirs).max(initial=0)) <= tolerance * largest


@dataclass
class Case:
    """One row of the report.

    Attributes:
        name: what is computed.
        sizes: names of the inputs with their shapes, as they are measured; `small` for the tests.
        ours, theirs: ``function(kernels, arrays)`` and ``function(torch, tensors)``, each of which returns a function
            without arguments that does the work and returns a result or a tuple of results.
        traffic: names of the inputs as often as each must be read or written; ``"+y"`` stands for the first result.
        flops: function of the arrays that counts multiplications and additions; 0 where memory decides.
        goal: the largest time in times of PyTorch's; 1.0 for kernels that memory bounds, which are also to reach 70 %
            of the copy's bandwidth.
        whole: names of inputs that hold whole numbers, each with the number or the name of the input below whose
            number, or length, they are.
        equal: ``function(mine, theirs)`` tells whether the first results are equal enough.
    """

    name: str
    sizes: dict
    small: dict
    ours: object
    theirs: object
    traffic: str
    flops: object = None
    goal: float = 1.0
    whole: dict = field(default_factory=dict)
    equal: object = agree

    def arrays(self, small=False):
        """The inputs as NumPy arrays, drawn from a fixed seed: float32, or int64 for whole numbers."""
        random = np.random.default_rng(0)
        made, sizes = {}, self.small if small else self.sizes
        for name, shape in sizes.items():
            if name in self.whole:
                most = self.whole[name]
                made[name] = random.integers(0, sizes[most][0] if isinstance(most, str) else most, shape)
            else:
                made[name] = random.standard_normal(shape, dtype=np.float32)
        return types.SimpleNamespace(**made)

    def least_bytes(self, arrays, result):
        """Bytes that must be read and written at least."""
        result = result[0] if isinstance(result, (tuple, list)) else result
        return sum(result.nbytes if word == "+y" else vars(arrays)[word].nbytes for word in self.traffic.split())

    def floor_seconds(self, arrays, result, bandwidth, matrix_rate):
        """(seconds, "memory" or "arithmetic"): the time that bytes or flops take at the measured rates."""
        memory = self.least_bytes(arrays, result) / bandwidth
        arithmetic = self.flops(arrays) / matrix_rate if self.flops else 0.0
        return max((memory, "memory"), (arithmetic, "arithmetic"))


def forward(name, *arguments):
    """`torch.nn.functional.name` on the inputs that are named, and further arguments as they are."""
    return lambda torch, a: lambda: getattr(torch.nn.functional, name)(*pick(a, arguments))


def kernel(name, *arguments):
    """`kernels.name` on the inputs that are named, and further arguments as they are."""
    return lambda kernels, a: lambda: getattr(kernels, name)(*pick(a, arguments))


def pick(a, arguments):
    """Arguments in which a name of an input stands for it."""
    return [getattr(a, x) if isinstance(x, str) and hasattr(a, x) else x for x in arguments]


def backward(function, *wanted):
    """PyTorch's gradients to the named inputs of ``function(torch, a)``, for the incoming gradient ``a.grad``."""

    def prepare(torch, a):
        leaves = types.SimpleNamespace(**vars(a))
        for name in wanted:
            setattr(leaves, name, getattr(a, name).detach().requires_grad_())
        y = function(torch, leaves)()
        targets = [getattr(leaves, name) for name in wanted]
        return lambda: torch.autograd.grad(y, targets, a.grad, retain_graph=True)

    return prepare
