"""Deeper is worse, unless there are shortcuts: 20 and 56 layers with and without them, trained alike.

    python examples/degradation.py
    python examples/degradation.py --data cifar10 --root DIR --epochs 20 --limit 50000

A plain network of 56 layers could compute all that one of 20 layers can, and still its training loss stays higher:
it is harder to optimise, not short of capacity. With shortcuts the same 56 layers train better than 20. The learning
rate is one with which all four networks train. Writes the curves as degradation.csv and degradation.png into --output.

Source: He et al. 2016, "Deep residual learning for image recognition" (arXiv:1512.03385), figures 1 and 6.
"""

import argparse
import sys

import image_sets
import numpy as np
from classification import chosen_device, make_parser, output_folder, positive, train
from study import write_csv

import minitorch
from minitorch import models
from minitorch.tools import plot
from minitorch.training import writable_folder

NETWORKS = ["plain20", "plain56", "cifar_resnet20", "cifar_resnet56"]


def train_one(arguments, name, data):
    """Train one network from the same seed as the others; its history, a row for each epoch."""
    settings = argparse.Namespace(**{**vars(arguments), "model": name, "output": arguments.output / name})
    writable_folder(settings.output)
    minitorch.manual_seed(arguments.seed)
    channels = data.images.shape[1]
    model = models.create(name, num_classes=len(data.classes), in_channels=channels).to(arguments.device)
    print(f"{name}:", flush=True)
    history, _ = train(settings, model, data)
    return history


def main():
    parser = make_parser(__doc__.split("\n\n")[0], NETWORKS, epochs=4, lr=0.02, augment=False)
    parser.add_argument("--limit", type=positive(int), default=3000, help="training images, default: %(default)s")
    arguments = parser.parse_args()
    arguments.output = output_folder(arguments, "degradation")
    arguments.device = chosen_device(arguments.device)
    data = image_sets.load(arguments.data, arguments.root, arguments.size)
    chosen = np.random.default_rng(0).permutation(len(data.images))[: arguments.limit]  # a folder is sorted by class
    data = data._replace(images=data.images[chosen], labels=data.labels[chosen])
    try:
        histories = {name: train_one(arguments, name, data) for name in NETWORKS}
    except KeyboardInterrupt:
        print("stopped; go on with --resume")
        return 130
    rows = [{"network": name, **row} for name, history in histories.items() for row in history]
    write_csv(arguments.output / "degradation.csv", rows)
    losses = {name: [row["train_loss"] for row in history] for name, history in histories.items()}
    plot.compared_curves(arguments.output / "degradation.png", losses, "training loss (cross-entropy)",
                          f"Depth with and without shortcuts, {len(data.images):,} images of {arguments.data}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(f"degradation: {error}")
