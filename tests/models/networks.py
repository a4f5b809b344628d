"""What the tests of networks share: the reference tables, a count of MACs, settings that make a network small."""

import json
from pathlib import Path

from minitorch import nn, no_grad
from minitorch.creation import zeros
from minitorch.models.lenet import TableConvolution

REFERENCE = Path(__file__).parent / "reference"
NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def reference_models():
    """Name -> record of the table: parameters, MACs, shapes; see the README beside it."""
    lines = (REFERENCE / "models.jsonl").read_text().splitlines()
    return {record["name"]: record for record in map(json.loads, lines)}


def reference_states():
    """Name -> list of (key, shape) of the state, in order."""
    states = {}
    for line in (REFERENCE / "state.jsonl").read_text().splitlines():
        record = json.loads(line)
        entries = states[record["name"]] = []
        for key, shape in record["state"]:
            if isinstance(shape, int):  # a batch normalisation of so many channels
                entries += [(f"{key}.{name}", (shape,) if name != NORM[-1] else ()) for name in NORM]
            else:
                entries.append((key, tuple(shape)))
    return states


def count_parameters(module):
    return sum(p.numel() for p in module.parameters())


def run_counted(model, size):
    """(maps, scores, multiply-accumulates of convolutions and linear layers) of one square image of zeros."""
    counts, handles = [], []

    def count(module, args, output):
        if isinstance(module, nn.Linear):
            counts.append(output.numel() * module.in_features)
        elif isinstance(module, TableConvolution):  # runs as a full convolution
            counts.append(output.numel() * module.in_channels * module.kernel_size**2)
        else:
            counts.append(output.numel() * module.weight[0].numel())

    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear, TableConvolution)):
            handles.append(module.register_forward_hook(count))
    with no_grad():
        maps = model.eval().features(zeros(1, model.in_channels, size, size))
        scores = model.forward_head(maps[-1])
    for handle in handles:
        handle.remove()
    return maps, scores, sum(counts)


def small(name):
    """Settings with which a network runs fast on images of 28x28: few channels, no halving at the start."""
    if name.startswith(("cifar", "plain")):
        return {"widths": (4, 8, 16)}
    if "resne" in name:
        return {"widths": (16, 32, 64, 128) if "resnext" in name else (8, 16, 32, 64), "small_input": True}
    if name.startswith("lenet"):
        return {}
    if name in ("mobilenet_v1", "se_mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small"):
        return {"width_mult": 0.25, "small_input": True}
    return {"small_input": True}
