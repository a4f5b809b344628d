"""What the `Trainer` costs over a loop written by hand: python tests/benchmarks/trainer_overhead.py [--repeats N]

Both train the same network on the same batches, an epoch each in turn, and the ratio of the two is taken for each turn,
so that what else the machine does falls on both alike. Printed are the microseconds of a step and the median ratio.
"""

import argparse
import time

import numpy as np

import minitorch
from minitorch import models, nn, optim
from minitorch.data import DataLoader, TensorDataset
from minitorch.training import Trainer


def perceptron():
    """A network so small that a step takes little more than the Python around it."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))


NETWORKS = {  # name -> steps of an epoch, how to make it
    "multilayer perceptron": (200, perceptron),
    "LeNet-5": (40, models.lenet5),
    "cifar_resnet20": (4, lambda: models.cifar_resnet20(in_channels=1)),
}


def epoch_by_hand(model, optimizer, loader):
    """The loop of README.md, with the mean loss and the accuracy, which the trainer reports, too."""
    loss_function, loss_sum, right = nn.CrossEntropyLoss(), 0.0, 0
    model.train()
    for images, labels in loader:
        labels = minitorch.from_numpy(labels)
        scores = model(minitorch.from_numpy(images))
        loss = loss_function(scores, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(labels)
        right += int((scores.detach().argmax(1) == labels).sum())
    return loss_sum, right


def made(build):
    """A network from a seed, and its optimizer."""
    minitorch.manual_seed(0)
    model = build()
    return model, optim.SGD(model.parameters(), lr=0.01, momentum=0.9)


def seconds(function):
    """Time of the processor, of all threads, that a call takes."""
    start = time.process_time()
    function()
    return time.process_time() - start


def compare(steps, build, repeats):
    """Seconds of an epoch by hand and by the trainer, (repeats, 2)."""
    random = np.random.default_rng(0)
    images = random.normal(size=(64 * steps, 1, 28, 28)).astype(np.float32)
    loader = DataLoader(TensorDataset(images, random.integers(0, 10, len(images))), 64, shuffle=True)
    model, optimizer = made(build)
    trainer = Trainer(*made(build), nn.CrossEntropyLoss(), callbacks=[])

    def by_trainer():
        trainer.fit(loader, epochs=trainer.epoch + 1)

    turns = [lambda: epoch_by_hand(model, optimizer, loader), by_trainer]
    times = np.empty((repeats + 1, 2))
    for repeat in range(repeats + 1):
        for which in (0, 1) if repeat % 2 else (1, 0):
            times[repeat, which] = seconds(turns[which])
    return times[1:]  # the first is for warming up


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--repeats", type=int, default=11, help="default: %(default)s")
    repeats = parser.parse_args().repeats
    minitorch.set_num_threads(1)
    for name, (steps, build) in NETWORKS.items():
        times = compare(steps, build, repeats)
        by_hand, by_trainer = np.median(times, 0) / steps * 1e6
        ratio = np.median(times[:, 1] / times[:, 0])
        print(f"{name}: {by_hand:.0f} us a step by hand, {by_trainer:.0f} by trainer, ratio {ratio:.4f}", flush=True)


if __name__ == "__main__":
    main()
