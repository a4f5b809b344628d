"""The same work here and in PyTorch on the CPU, in turns within one run: medians, ratios and peak memory.

    python tests/benchmarks/compare.py [--threads N] [--rounds N] [--only WORD]

Both sides use the same number of threads, the same weights and inputs; their results are checked to be equal before
anything is timed. Machines are noisy: quote the ratios, not the times.
"""

import argparse
import ctypes
import os
import platform
import statistics
import subprocess
import sys
import time

import numpy as np
import torch

import minitorch
import minitorch.nn.functional as F
from minitorch import models, optim

RESNET18_SHAPES = [(64, 64, 32, 1), (64, 128, 32, 2), (128, 128, 16, 1), (256, 256, 8, 1), (512, 512, 4, 1)]


def torch_lenet5():
    """LeNet-5 in PyTorch, with the same parameters in the same order as `models.lenet5()`."""
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def lenet_step(batch):
    """Forward, backward and SGD with momentum; returns the two sides' steps, each giving its loss."""
    random = np.random.default_rng(0)
    images = random.standard_normal((batch, 1, 28, 28)).astype("float32")
    labels = random.integers(0, 10, batch)
    model, other = models.lenet5(), torch_lenet5()
    for mine, theirs in zip(model.parameters(), other.parameters()):
        with torch.no_grad():
            theirs.copy_(torch.from_numpy(mine.detach().numpy().copy()))
    optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    other_optimizer = torch.optim.SGD(other.parameters(), lr=0.01, momentum=0.9)
    x, y = minitorch.from_numpy(images), minitorch.from_numpy(labels)
    torch_x, torch_y = torch.from_numpy(images), torch.from_numpy(labels)

    def step():
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    def torch_step():
        loss = torch.nn.functional.cross_entropy(other(torch_x), torch_y)
        other_optimizer.zero_grad()
        loss.backward()
        other_optimizer.step()
        return loss

    return step, torch_step


def convolution(channels, filters, size, stride, batch=32):
    """A 3x3 convolution forward, and backward to input and weight; returns both sides' runs."""
    random = np.random.default_rng(0)
    x = random.standard_normal((batch, channels, size, size)).astype("float32")
    weight = random.standard_normal((filters, channels, 3, 3)).astype("float32") * 0.05
    grad = random.standard_normal((batch, filters, size // stride, size // stride)).astype("float32")
    a, b, g = (minitorch.tensor(v) for v in (x, weight, grad))
    c, d, h = (torch.tensor(v) for v in (x, weight, grad))
    for leaf in (a, b, c, d):
        leaf.requires_grad_()

    def run():
        return minitorch.autograd.grad(F.conv2d(a, b, None, stride, 1), (a, b), g)[1].sum()

    def torch_run():
        return torch.autograd.grad(torch.nn.functional.conv2d(c, d, None, stride, 1), (c, d), h)[1].sum()

    return run, torch_run


def overhead(repeats=2000):
    """(a * b) with a graph on one element, many times; returns both sides' runs."""
    a, b = minitorch.randn(1, requires_grad=True), minitorch.randn(1, requires_grad=True)
    c, d = torch.tensor(a.tolist(), requires_grad=True), torch.tensor(b.tolist(), requires_grad=True)

    def run():
        for _ in range(repeats):
            result = a * b
        return result

    def torch_run():
        for _ in range(repeats):
            result = c * d
        return result

    return run, torch_run


def cases():
    """Name -> (maker of both runs, floating-point operations or None)."""
    table = {}
    for batch in (64, 256):
        table[f"LeNet-5 step, batch {batch}"] = (lambda batch=batch: lenet_step(batch)), None
    for c, o, size, stride in RESNET18_SHAPES:
        flops = 3 * 2 * 32 * o * c * 9 * (size // stride) ** 2
        name = f"conv 3x3 {c}->{o} {size}x{size}/{stride}, batch 32"
        table[name] = (lambda shape=(c, o, size, stride): convolution(*shape)), flops
    table["a * b, one element, 2000 times"] = overhead, None
    return table


def alternate(run, torch_run, rounds, warmup=3):
    """Median seconds of both sides, and the median of the ratios round by round."""
    for _ in range(warmup):
        run(), torch_run()
    mine, theirs = [], []
    for _ in range(rounds):
        for function, times in ((run, mine), (torch_run, theirs)):
            start = time.perf_counter()
            function()
            times.append(time.perf_counter() - start)
    ratios = [a / b for a, b in zip(mine, theirs)]
    return statistics.median(mine), statistics.median(theirs), statistics.median(ratios)


def peak_memory(name, side):
    """By how many MiB three runs of one side, in a process of its own, raise its peak resident memory (Linux)."""
    command = [sys.executable, __file__, "--memory", name, "--side", side]
    if sys.platform != "linux":
        return "?"
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return f"{float(result.stdout.split()[-1]):.0f}"


def measure_memory(name, side):
    """The child process of `peak_memory`: prints by how much three runs raise the peak of the resident memory."""
    run = cases()[name][0]()[0 if side == "minitorch" else 1]
    ctypes.CDLL(None).malloc_trim(0)  # memory that was freed before must not hide what the runs take
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak starts anew from here
    before = _status("VmRSS")
    for _ in range(3):
        run()
    print((_status("VmHWM") - before) / 1024)


def _status(key):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(key))


def matrix_product_rate(threads, size=1024):
    """GFLOP/s of NumPy's float32 matrix product with the engine's threads."""
    a = np.ones((size, size), "float32")
    a, times = minitorch.from_numpy(a), []
    for _ in range(8):
        start = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - start)
    return 2 * size**3 / statistics.median(times) / 1e9


def machine(threads):
    """Lines about the machine and the versions."""
    model = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as file:
            model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), model)
    return (
        f"{time.strftime('%Y-%m-%d')}, {model}, {threads} threads, load {os.getloadavg()[0]:.1f}\n"
        f"Python {platform.python_version()}, NumPy {np.__version__}, PyTorch {torch.__version__}, "
        f"minitorch {minitorch.__version__}\n"
        f"matrix product {matrix_product_rate(threads):.0f} GFLOP/s"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=minitorch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--only", default="", help="only the rows whose name holds this word")
    parser.add_argument("--memory", help=argparse.SUPPRESS)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    minitorch.set_num_threads(arguments.threads)
    torch.set_num_threads(arguments.threads)
    if arguments.memory:
        return measure_memory(arguments.memory, arguments.side)
    print(machine(arguments.threads))
    print(f"\n{'':38} {'minitorch':>10} {'PyTorch':>10} {'ratio':>6} {'GFLOP/s':>8} {'peak memory MiB':>16}")
    for name, (make, flops) in cases().items():
        if arguments.only not in name:
            continue
        run, torch_run = make()
        mine, theirs = float(run().detach().item()), float(torch_run().detach().item())
        if not np.isclose(mine, theirs, rtol=1e-3):
            raise SystemExit(f"{name}: results differ: {mine} here, {theirs} in PyTorch")
        ours, other, ratio = alternate(run, torch_run, arguments.rounds)
        rate = "" if flops is None else f"{flops / ours / 1e9:.0f}"
        memory = " / ".join(peak_memory(name, side) for side in ("minitorch", "torch"))
        print(f"{name:38} {1e3 * ours:7.2f} ms {1e3 * other:7.2f} ms {ratio:6.2f} {rate:>8} {memory:>16}", flush=True)
    return None


if __name__ == "__main__":
    main()
