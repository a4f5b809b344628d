"""Each CUDA kernel against its floor and against PyTorch on the same GPU; writes a dated report into `results/`.

    python tests/benchmarks/gpu.py [--only WORD] [--rounds N] [--output DIR]

A floor is the time that the least bytes take at the bandwidth of a copy, or the flops at the rate of a float32 matrix
product, both measured here. Times are medians by CUDA events, without the time that Python takes where the GPU has
work to do; results are checked to be PyTorch's before they are timed. PyTorch computes in float32, not in TF32. It may
be missing; its columns are then empty.
"""

import argparse
import importlib
import importlib.util
import statistics
import time
import types
from pathlib import Path

from gpu_cases import CASES
from gpu_conditions import conditions

from minitorch.device import cupy as load_cupy
from minitorch.kernels import cuda as kernels

COPIED = 2**28  # bytes
MATRIX = 4096
ROUND_MS, MOST_CALLS = 5.0, 200
SHARE_WANTED = 0.7  # of the copy's bandwidth, for kernels that memory bounds


def median_ms(run, event, elapsed, rounds):
    """The median of the milliseconds of a call.

    Args:
        run: the work.
        event: a function that makes an event, with `record` and `synchronize`.
        elapsed: ``elapsed(start, stop)``: milliseconds between two events.
        rounds: number of measurements, each of as many calls as take about `ROUND_MS`.
    """

    def measure(calls):
        start, stop = event(), event()
        start.record()
        for _ in range(calls):
            run()
        stop.record()
        stop.synchronize()
        return elapsed(start, stop) / calls

    measure(3)
    calls = int(min(max(ROUND_MS / max(measure(3), 1e-6), 1), MOST_CALLS))
    return statistics.median(measure(calls) for _ in range(rounds))


def measured_rates(cupy, timer):
    """(bytes a second of a copy, float32 flops a second of a matrix product)."""
    source = cupy.ones(COPIED // 4, cupy.float32)
    target = cupy.empty_like(source)
    a = cupy.ones((MATRIX, MATRIX), cupy.float32)
    copy = timer(lambda: cupy.copyto(target, source))
    product = timer(lambda: cupy.matmul(a, a))
    return 2 * COPIED / copy * 1e3, 2 * MATRIX**3 / product * 1e3


def moved(arrays, put):
    """The inputs of a case, each on the GPU by `put`."""
    return types.SimpleNamespace(**{name: put(array) for name, array in vars(arrays).items()})


def first(result):
    return result[0] if isinstance(result, (tuple, list)) else result


def measure(case, cupy, torch, rates, timer, torch_timer):
    """One row of the report: a dictionary."""
    arrays = case.arrays()
    run = case.ours(kernels, moved(arrays, cupy.asarray))
    result = cupy.asnumpy(first(run()))  # at once: some work in place
    seconds, bound = case.floor_seconds(arrays, result, *rates)
    row = {"name": case.name, "floor_ms": seconds * 1e3, "bound": bound, "goal": case.goal}
    torch_run = None
    if torch is not None:
        torch_run = case.theirs(torch, moved(arrays, lambda array: torch.from_numpy(array).cuda()))
        if not case.equal(result, first(torch_run()).detach().cpu().numpy()):
            raise SystemExit(f"{case.name}: the result is not PyTorch's")
    row["ms"] = timer(run)
    return row if torch_run is None else {**row, "torch_ms": torch_timer(torch_run)}


def verdict(row):
    """Whether a row reaches what was set out to be reached."""
    share = row["floor_ms"] / row["ms"]
    slow = "torch_ms" in row and row["ms"] > row["goal"] * row["torch_ms"]
    return "no" if slow or (row["bound"] == "memory" and share < SHARE_WANTED) else "yes"


def report(rows, lines):
    """The text of the result file."""
    text = ["# CUDA kernels, measured", "", *lines, "",
            "The floor is the time of the least bytes at the copy's bandwidth or of the flops at the matrix product's",
            f"rate. The goal: {SHARE_WANTED:.0%} of the floor where memory bounds, and at most the given times "
            "PyTorch's time.", "",
            "| kernel | ms | floor ms | share of the floor | bound by | PyTorch ms | times PyTorch | goal | reached |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    for row in rows:
        theirs = f"{row['torch_ms']:.3f} | {row['ms'] / row['torch_ms']:.2f}" if "torch_ms" in row else " | "
        text.append(
            f"| {row['name']} | {row['ms']:.3f} | {row['floor_ms']:.3f} | {row['floor_ms'] / row['ms']:.0%} | "
            f"{row['bound']} | {theirs} | {row['goal']:.1f} | {verdict(row)} |"
        )
    return "\n".join(text) + "\n"


def find_torch():
    """PyTorch, told to compute in float32, if it is there and sees the GPU."""
    if importlib.util.find_spec("torch") is None:
        return None
    torch = importlib.import_module("torch")
    if not torch.cuda.is_available():
        return None
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    return torch


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="only the kernels whose name holds this word; writes no file")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results")
    arguments = parser.parse_args()
    cupy, torch = load_cupy(), find_torch()

    def timer(run):
        return median_ms(run, cupy.cuda.Event, cupy.cuda.get_elapsed_time, arguments.rounds)

    def torch_timer(run):
        make = lambda: torch.cuda.Event(enable_timing=True)  # noqa: E731
        return median_ms(run, make, lambda start, stop: start.elapsed_time(stop), arguments.rounds)

    rates = measured_rates(cupy, timer)
    rows, lines = [], [f"- {line}" for line in conditions(cupy)]
    lines.append(f"- copy {rates[0] / 1e9:.0f} GB/s, float32 matrix product {rates[1] / 1e12:.1f} TFLOP/s")
    print("\n".join(lines))
    for case in CASES:
        if arguments.only in case.name:
            rows.append(measure(case, cupy, torch, rates, timer, torch_timer))
            print(report(rows[-1:], []).splitlines()[-1], flush=True)
            cupy.get_default_memory_pool().free_all_blocks()
            if torch is not None:
                torch.cuda.empty_cache()
    if not arguments.only:
        arguments.output.mkdir(parents=True, exist_ok=True)
        device = "-".join(cupy.cuda.runtime.getDeviceProperties(0)["name"].decode().lower().split())
        path = arguments.output / f"gpu-{time.strftime('%Y-%m-%d')}-{device}.md"
        path.write_text(report(rows, lines), encoding="utf-8")
        print(f"written to {path}")


if __name__ == "__main__":
    main()
