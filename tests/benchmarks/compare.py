"""The same work here and in PyTorch on the CPU, in turns within one run: medians, ratios and peak memory. LeNet-5 also
against other small engines (see `other_engines.py`), where they are installed.

    python tests/benchmarks/compare.py [--only WORD] [--seconds S] [--threads N] [--picture FILE] [--scaling]

Both sides use the same number of threads, the same weights and inputs; their results are checked to be equal before
anything is timed. A turn is several runs in a row, as in training, and the first is not counted: idle threads of
PyTorch wait busily for some milliseconds and would take a processor from the other side. Machines are noisy: quote the
ratios, not the times.
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
from compare_cases import ENGINES, engine_case, scaling, table
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import minitorch

HEADER = f"{'':42} {'minitorch':>11} {'PyTorch':>11} {'ratio':>6} {'GFLOP/s':>8} {'peak memory MiB':>16}"


def alternate(run, torch_run, rounds, burst=4):
    """Median seconds of both sides, and the ratio of the medians."""
    times = ([], [])
    for _ in range(rounds):
        for function, mine in zip((run, torch_run), times):
            function()
            for _ in range(burst):
                start = time.perf_counter()
                function()
                mine.append(time.perf_counter() - start)
    ours, theirs = map(statistics.median, times)
    return ours, theirs, ours / theirs


def check_equal(name, run, other_run, other="PyTorch"):
    """Raise SystemExit unless the first results of both sides agree."""
    mine, theirs = (x if isinstance(x, float) else x.detach().item() for x in (run(), other_run()))
    if not np.isclose(mine, theirs, rtol=1e-3, atol=1e-3):
        raise SystemExit(f"{name}: results differ: {mine} here, {theirs} in {other}")


def rounds_for(run, seconds):
    """So many turns that one side takes about this long, from 2 to 25."""
    start = time.perf_counter()
    run()
    return int(min(25, max(2, seconds / (5 * (time.perf_counter() - start)))))


def peak_memory(number, side):
    """By how many MiB three runs of one side, in a process of its own, raise its peak resident memory (Linux)."""
    command = [sys.executable, __file__, "--memory", str(number), "--side", side]
    if sys.platform != "linux":
        return "?"
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return f"{float(result.stdout.split()[-1]):.0f}"


def measure_memory(number, side):
    """The child process of `peak_memory`: prints by how much three runs raise the peak of the resident memory."""
    run = table()[number].make()[0 if side == "minitorch" else 1]
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


def matrix_product_rate(size=1024):
    """GFLOP/s of NumPy's float32 matrix product with the engine's threads."""
    a, times = minitorch.from_numpy(np.ones((size, size), "float32")), []
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
        f"matrix product {matrix_product_rate():.0f} GFLOP/s"
    )


def compare(only, seconds, memory):
    """Print the table; returns [(name, ratio)] of its rows."""
    print(HEADER)
    ratios = []
    for number, case in enumerate(table()):
        if only not in case.name:
            continue
        run, torch_run = case.make()
        check_equal(case.name, run, torch_run)
        ours, theirs, ratio = alternate(run, torch_run, rounds_for(torch_run, seconds))
        rate = "" if case.flops is None else f"{case.flops / ours / 1e9:.0f}"
        used = " / ".join(peak_memory(number, side) for side in ("minitorch", "torch")) if memory else ""
        times = f"{1e3 * ours:8.2f} ms {1e3 * theirs:8.2f} ms"
        print(f"{case.name:42} {times} {ratio:6.2f} {rate:>8} {used:>16}", flush=True)
        ratios.append((case.name, ratio))
    if not ratios:
        raise SystemExit(f"compare: no row has {only!r} in its name")
    return ratios


def compare_engines(seconds, batch=64):
    """Print how long a step of LeNet-5 takes here and in other engines; returns [(name, ratio)]."""
    ratios = []
    for engine in ENGINES:
        name = f"lenet5 {batch}x32x32 step, against {engine}"
        try:
            run, other_run = engine_case(engine, batch).make()
            check_equal(name, run, other_run, engine)
        except (ImportError, OSError, RuntimeError) as error:
            print(f"{name:42} not measured: {str(error).splitlines()[0]}")
            continue
        ours, theirs, ratio = alternate(run, other_run, rounds_for(other_run, seconds))
        print(f"{name:42} {1e3 * ours:8.2f} ms {1e3 * theirs:8.2f} ms {ratio:6.2f}", flush=True)
        ratios.append((name, ratio))
    return ratios


def compare_growth(seconds):
    """Time the cases of `scaling`; returns title -> (label, numbers, seconds here, seconds in PyTorch)."""
    lines = {}
    for title, (label, numbers, cases) in scaling().items():
        times = []
        for number, case in zip(numbers, cases):
            run, torch_run = case.make()
            check_equal(case.name, run, torch_run)
            times.append(alternate(run, torch_run, rounds_for(torch_run, seconds))[:2])
            print(f"{title}: {label} {number:6} {1e3 * times[-1][0]:8.2f} ms {1e3 * times[-1][1]:8.2f} ms", flush=True)
        lines[title] = (label, numbers, *zip(*times))
    return lines


def draw(path, ratios, lines):
    """A picture of the ratios as bars, and of how the cost grows as lines."""
    figure = Figure(figsize=(12, 2 + 0.28 * len(ratios) + (4 if lines else 0)), layout="constrained")
    FigureCanvasAgg(figure)
    parts = figure.subfigures(1 + bool(lines), 1, height_ratios=[0.28 * len(ratios) + 1, 4][: 1 + bool(lines)])
    top, bottom = parts if lines else (parts, None)
    axes = top.subplots()
    names, values = zip(*reversed(ratios))
    axes.barh(names, values, color=["tab:green" if v <= 1 else "tab:orange" for v in values])
    axes.axvline(1, color="black")
    axes.set_xlabel("time here / time in PyTorch or the other engine (left of the line: faster here)")
    panels = bottom.subplots(1, len(lines)) if lines else ()
    for panel, (title, (label, numbers, ours, theirs)) in zip(panels, lines.items()):
        for times, name in ((ours, "minitorch"), (theirs, "PyTorch")):
            panel.plot(numbers, [1e3 * t for t in times], "o-", label=name)
        panel.set(title=title, xlabel=label, ylabel="ms a training step", xlim=(0, None), ylim=(0, None))
        panel.legend()
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=minitorch.get_num_threads())
    parser.add_argument("--seconds", type=float, default=3.0, help="for a side of a row, about; default: %(default)s")
    parser.add_argument("--only", default="", help="only the rows whose name holds this word")
    parser.add_argument("--no-memory", action="store_true", help="leave the peak memory out")
    parser.add_argument("--scaling", action="store_true", help="also how the cost grows with batch, image and depth")
    parser.add_argument("--picture", help="file for a picture of the results")
    parser.add_argument("--memory", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    minitorch.set_num_threads(arguments.threads)
    torch.set_num_threads(arguments.threads)
    if arguments.memory is not None:
        measure_memory(arguments.memory, arguments.side)
        return
    print(machine(arguments.threads), end="\n\n")
    ratios = compare(arguments.only, arguments.seconds, not arguments.no_memory)
    if "lenet5".startswith(arguments.only):
        ratios += compare_engines(arguments.seconds)
    lines = compare_growth(arguments.seconds) if arguments.scaling else {}
    if arguments.picture:
        draw(arguments.picture, ratios, lines)


if __name__ == "__main__":
    main()
