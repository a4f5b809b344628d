"""What a trained network is worth on a small set of other classes: fine-tuning against training from scratch.

    python examples/finetune.py
    python examples/finetune.py --data cifar10 --root data --target-folder FOLDER --size 32

A source network learns some classes of a data set from many images. The target is its other classes, or an image
folder of yours (FOLDER/train/CLASS/1.jpg and FOLDER/test/CLASS/2.jpg), of which a few images per class are there to
learn from. Four ways have the same number of steps on the same images:

- linear probe: all is frozen but a new head;
- fine-tuning: all is trained, the head at ten times the rate of the rest;
- fine-tuning with frozen batch norms: their running statistics stay those of the source;
- from scratch: the same network with random first values.

Prints mean and standard deviation over seeds, which draw the images, the head and the order, and writes finetune.csv,
finetune.md, finetune.png (accuracies) and finetune_curves.png into --output.

Source: Yosinski et al. 2014, "How transferable are features in deep neural networks?".
"""

import argparse
import sys
import time
from pathlib import Path

import image_sets
import numpy as np
from classification import not_negative, output_folder, positive
from study import in_percent, markdown, spread, write_csv

import minitorch
from minitorch import models, nn, optim
from minitorch.data import DataLoader, TensorDataset
from minitorch.nn.utils import freeze, freeze_batch_norm, parameter_groups, unfreeze
from minitorch.optim import lr_scheduler
from minitorch.tools import plot
from minitorch.training import Schedule, Trainer, evaluate, writable_folder

HEAD_RATE = 10  # times the rate of the other layers
# T-shirt, trouser, pullover, sandal and bag: each class of the target is akin to one of them.
FASHION_SOURCE = (0, 1, 2, 5, 8)


def linear_probe(model, lr):
    """Freeze all but the head; an optimizer for it."""
    freeze(model)
    unfreeze(model, model.head_name)
    freeze_batch_norm(model)
    return sgd(model, {}, lr)


def fine_tuning(model, lr):
    """An optimizer for all, with the head at ten times the rate."""
    return sgd(model, {model.head_name: {"lr": lr}}, lr / HEAD_RATE)


def fine_tuning_frozen_norms(model, lr):
    """As `fine_tuning`, with batch norms that keep the source's statistics."""
    freeze_batch_norm(model)
    return fine_tuning(model, lr)


def from_scratch(model, lr):
    """An optimizer for all, at one rate."""
    return sgd(model, {}, lr)


def sgd(model, options, lr):
    return optim.SGD(parameter_groups(model, options, weight_decay=5e-4), lr, momentum=0.9, nesterov=True)


# Way -> (whether it begins with the source's weights, what prepares the model and makes the optimizer)
WAYS = {
    "linear probe": (True, linear_probe),
    "fine-tuning": (True, fine_tuning),
    "fine-tuning, frozen batch norms": (True, fine_tuning_frozen_norms),
    "from scratch": (False, from_scratch),
}


def build(arguments, classes, channels):
    """A new network."""
    widths = tuple(arguments.width * factor for factor in (1, 2, 4))
    return models.cifar_resnet(arguments.depth, num_classes=classes, in_channels=channels, widths=widths)


def train(model, optimizer, images, labels, tests, epochs, batch_size):
    """Train with a learning rate that falls along half a cosine; the accuracy on the tests after each epoch."""
    loader = DataLoader(TensorDataset(images, labels), batch_size, shuffle=True)
    schedule = Schedule(lr_scheduler.CosineAnnealingLR(optimizer, epochs * len(loader)), per="step")
    history = Trainer(model, optimizer, nn.CrossEntropyLoss(), callbacks=[schedule]).fit(loader, tests, epochs)
    return [row["validation_accuracy"] for row in history] if tests is not None else []


def only_classes(images, labels, classes):
    """The images of some classes, and their labels counted anew from 0."""
    chosen = np.isin(labels, classes)
    return images[chosen], np.searchsorted(classes, labels[chosen])


def few(images, labels, shots, generator):
    """So many images of each class, drawn at random."""
    rows = [generator.permutation(np.flatnonzero(labels == c))[:shots] for c in np.unique(labels)]
    rows = np.concatenate(rows)
    return images[rows], labels[rows]


def with_channels(images, channels):
    """Images in grey or in colour, as the network takes them."""
    if images.shape[1] == channels:
        return images
    if channels == 1:
        return np.tensordot(images, np.array([0.299, 0.587, 0.114]), (1, 0))[:, np.newaxis].astype(images.dtype)
    return np.repeat(images, channels, axis=1)


def load(arguments):
    """(source data, target data), each as training images and labels, test images and labels, number of classes.

    Images are normalised by the mean and standard deviation of the source, as its network knows them.
    """
    data = image_sets.load(arguments.data, arguments.root, arguments.size)
    normalize, channels, size = image_sets.Normalization(data.images), data.images.shape[1], data.images.shape[2]
    everything = range(len(data.classes))
    folder = arguments.target_folder
    fashion = arguments.data in ("fashion-mini", "fashion-mnist")
    half = FASHION_SOURCE if fashion else everything[: len(everything) // 2]
    chosen = sorted(set(arguments.source_classes or (everything if folder else half)))
    if not set(chosen) <= set(everything) or not (folder or set(everything) - set(chosen)):
        raise ValueError(f"--source-classes must be some of 0 to {len(everything) - 1} and leave some")
    parts = ((data.images, data.labels), (data.test_images, data.test_labels))
    source = [only_classes(images, labels, chosen) for images, labels in parts]
    if folder:
        mine = image_sets.load("image-folder", folder, size)
        target = [(with_channels(x, channels), y) for x, y in
                  ((mine.images, mine.labels), (mine.test_images, mine.test_labels))]  # fmt: skip
        count = len(mine.classes)
    else:
        rest = sorted(set(everything) - set(chosen))
        target, count = [only_classes(images, labels, rest) for images, labels in parts], len(rest)
    return tuple(
        (normalize(train[0]), train[1], normalize(test[0]), test[1], classes)
        for (train, test), classes in ((source, len(chosen)), (target, count))
    )


def train_source(arguments, source):
    """The source network."""
    images, labels, test_images, test_labels, classes = source
    minitorch.manual_seed(0)
    order = np.random.default_rng(0).permutation(len(labels))[: arguments.limit]
    model = build(arguments, classes, images.shape[1])
    start = time.perf_counter()
    train(model, from_scratch(model, arguments.lr), images[order], labels[order], None, arguments.source_epochs, 64)
    accuracy = evaluate(model, DataLoader(TensorDataset(test_images, test_labels), 500))["accuracy"]
    print(f"source: {len(order):,} images of {classes} classes, {accuracy:.2%} of the test images right, "
          f"{time.perf_counter() - start:.1f} s", flush=True)  # fmt: skip
    return model


def try_way(arguments, name, source_model, target, seed):
    """Train on the target in one way from one seed.

    Returns:
        (accuracies after each epoch, seconds of the processor, number of trained parameters).
    """
    begins_with_source, prepare = WAYS[name]
    images, labels, test_images, test_labels, classes = target
    generator = np.random.default_rng(seed)  # the same images for all ways
    images, labels = few(images, labels, arguments.shots, generator)
    tests = generator.permutation(len(test_labels))[: arguments.test_limit]
    loader = DataLoader(TensorDataset(test_images[tests], test_labels[tests]), 500)
    minitorch.manual_seed(seed)
    model = build(arguments, classes, images.shape[1])
    if begins_with_source:
        head = model.head_name + "."
        state = {key: value for key, value in source_model.state_dict().items() if not key.startswith(head)}
        models.load_weights(model, state, replace_head=True)
    optimizer = prepare(model, arguments.lr)
    images, labels = (np.repeat(x, arguments.repeats, axis=0) for x in (images, labels))
    start = time.process_time()
    curve = train(model, optimizer, images, labels, loader, arguments.epochs, arguments.batch_size)
    trained = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    return curve, time.process_time() - start, trained


def report(folder, results, title):
    """Print the table, and write tables and pictures.

    Args:
        results: way -> (curves (seeds, epochs), seconds (seeds,), number of trained parameters).
    """
    finals = {name: curves[:, -1] for name, (curves, _, _) in results.items()}
    rows = [
        {"way": name, "mean": finals[name].mean(), "std": spread(finals[name]), "seconds": seconds.mean(),
         "parameters": parameters}
        for name, (_, seconds, parameters) in results.items()
    ]  # fmt: skip
    write_csv(folder / "finetune.csv", rows)
    text = markdown([
        {"way": row["way"], "test accuracy, %": in_percent(finals[row["way"]]),
         "trained parameters": f"{row['parameters']:,}", "seconds": f"{row['seconds']:.1f}"}
        for row in rows
    ])  # fmt: skip
    (folder / "finetune.md").write_text(text)
    plot.compared_scores(folder / "finetune.png", finals, "test accuracy", title, baseline="from scratch")
    curves = {name: curves for name, (curves, _, _) in results.items()}
    plot.compared_curves(folder / "finetune_curves.png", curves, "test accuracy", title, percent=True)
    print(text)


def make_parser():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", choices=image_sets.NAMES, default="fashion-mini", help="of the source")
    parser.add_argument("--root", default="data", help="folder of the data's files")
    parser.add_argument("--size", type=positive(int), help="height and width for the images of an image folder")
    parser.add_argument("--source-classes", type=not_negative(int), nargs="+", metavar="CLASS",
                        help="class numbers; default: half of them, all where there is a target folder")  # fmt: skip
    parser.add_argument("--target-folder", help="images of yours: the folders train and test, a folder for each class")
    parser.add_argument("--shots", type=positive(int), default=5, help="target images per class, default: %(default)s")
    parser.add_argument("--limit", type=positive(int), default=4000, help="source images, default: %(default)s")
    parser.add_argument("--test-limit", type=positive(int), default=500, help="target test images, default: 500")
    parser.add_argument("--depth", type=positive(int), default=8, help="of the residual network, default: %(default)s")
    parser.add_argument("--width", type=positive(int), default=8, help="channels of its first stage; default: 8")
    parser.add_argument("--source-epochs", type=positive(int), default=5, help="default: %(default)s")
    parser.add_argument("--epochs", type=positive(int), default=8, help="on the target, default: %(default)s")
    parser.add_argument("--repeats", type=positive(int), default=16, help="times that an epoch sees each target image")
    parser.add_argument("--batch-size", type=positive(int), default=50, help="on the target, default: %(default)s")
    parser.add_argument("--lr", type=positive(float), default=0.1, help="of heads and from scratch, default: 0.1")
    parser.add_argument("--seeds", type=positive(int), default=3, help="number of seeds, default: %(default)s")
    parser.add_argument("--output", type=Path, help="folder for tables and pictures; default: one of its own for each "
                        "data set, in examples/output")  # fmt: skip
    return parser


def main():
    arguments = make_parser().parse_args()
    mine = f"-{Path(arguments.target_folder).resolve().name}" if arguments.target_folder else ""
    folder = writable_folder(output_folder(arguments, f"finetune{mine}"))
    source, target = load(arguments)
    model = train_source(arguments, source)
    results = {}
    for name in WAYS:
        runs = [try_way(arguments, name, model, target, seed) for seed in range(arguments.seeds)]
        curves, seconds, parameters = zip(*runs)
        results[name] = np.array(curves), np.array(seconds), parameters[0]
        print(f"{name:32} {in_percent(results[name][0][:, -1])}", flush=True)
    what = arguments.target_folder or f"the other classes of {arguments.data}"
    print()
    report(folder, results, f"{arguments.shots} images per class of {what}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(f"finetune: {error}")
    except KeyboardInterrupt:
        sys.exit("finetune: stopped")
