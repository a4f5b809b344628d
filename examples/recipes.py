"""What each technique of a training recipe brings: one network trained with it and without it, from several seeds.

    python examples/recipes.py
    python examples/recipes.py --data image-folder --root DIR --depth 20 --width 16 --epochs 30 --only augmentation

The runs that are compared differ in one thing and start from the same seeds, so that gains are taken seed by seed.
Prints a table with mean and standard deviation over the seeds, and writes it as recipes.csv and recipes.md, with
the gains as recipes.png, into --output. Finished runs are kept in runs.json there: the same command goes on with
what is missing.
"""

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path

import image_sets
import numpy as np
from classification import not_negative, output_folder, positive, share
from study import in_percent, markdown, spread, write_csv

import minitorch
from minitorch import models, nn, optim
from minitorch.data import DataLoader, Dataset, TensorDataset
from minitorch.data.transforms import Compose, CutMix, MixUp, RandomCrop, RandomHorizontalFlip
from minitorch.optim import lr_scheduler
from minitorch.optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn
from minitorch.serialization import write_atomically
from minitorch.tools import plot
from minitorch.training import Averaging, EarlyStopping, Schedule, Trainer, evaluate, writable_folder


@dataclasses.dataclass
class Recipe:
    """How a run is trained; the defaults are the common ground, from which each technique departs in one thing."""

    cosine: bool = True  # warm-up and half a cosine; else a constant rate
    rate: float = 1.0  # times --lr
    augment: bool = False
    mix: type = None  # MixUp or CutMix
    label_smoothing: float = 0.0
    dropout: float = 0.0
    stochastic_depth: float = 0.0
    decay_norms: bool = True
    average: str = None  # "EMA" or "SWA"
    stop_early: bool = False


WITHOUT, CONSTANT = "none", "constant rate"
RECIPES = {
    WITHOUT: Recipe(),
    CONSTANT: Recipe(cosine=False),
    "constant rate, a third": Recipe(cosine=False, rate=1 / 3),
    "augmentation": Recipe(augment=True),
    "MixUp": Recipe(mix=MixUp),
    "CutMix": Recipe(mix=CutMix),
    "label smoothing": Recipe(label_smoothing=0.1),
    "dropout": Recipe(dropout=0.2),
    "stochastic depth": Recipe(stochastic_depth=0.2),
    "no decay of norms": Recipe(decay_norms=False),
    "EMA": Recipe(average="EMA"),
    "EMA, constant rate": Recipe(cosine=False, average="EMA"),
    "SWA, constant rate": Recipe(cosine=False, average="SWA"),
    "early stopping, constant rate": Recipe(cosine=False, stop_early=True),
}
# Technique -> the recipe without it, the recipe with it.
TECHNIQUES = {
    "cosine and warm-up": (CONSTANT, WITHOUT),
    "cosine, against a lower constant": ("constant rate, a third", WITHOUT),
    **{name: (WITHOUT, name) for name, recipe in RECIPES.items() if recipe.cosine and name != WITHOUT},
    **{name: (CONSTANT, name) for name in RECIPES if name.endswith(", constant rate")},
}


class Augmented(Dataset):
    """Images (C, H, W), moved, mirrored and drawn anew each time that they are asked for."""

    def __init__(self, images, labels, flip):
        self.images, self.labels = images, labels
        size = images.shape[2:]
        steps = [RandomCrop(size, padding=size[0] // 8)] + [RandomHorizontalFlip()] * flip
        self.transform = Compose(steps)

    def __getitem__(self, index):
        return self.transform(self.images[index]), self.labels[index]

    def __len__(self):
        return len(self.labels)


def schedule_of(recipe, optimizer, arguments, steps):
    """The callback that sets the learning rate; none for a constant one."""
    epochs = arguments.epochs
    if recipe.average == "SWA":  # the last quarter at half the rate, which is averaged
        parts = [lr_scheduler.ConstantLR(optimizer, 1.0), SWALR(optimizer, arguments.lr / 2, 1, "linear")]
        return [Schedule(lr_scheduler.SequentialLR(optimizer, parts, [swa_start(epochs)]))]
    if not recipe.cosine:
        return []
    total, warmup = epochs * steps, max(epochs * steps // 10, 1)
    parts = [
        lr_scheduler.LinearLR(optimizer, 0.05, total_iters=warmup),
        lr_scheduler.CosineAnnealingLR(optimizer, max(total - warmup, 1)),
    ]
    return [Schedule(lr_scheduler.SequentialLR(optimizer, parts, [warmup]), per="step")]


def swa_start(epochs):
    """How many epochs pass before SWA averages."""
    return epochs * 3 // 4


def train(recipe, arguments, data, seed):
    """Train one network.

    Returns:
        A dictionary: "accuracy" on the test images (of the averaged weights, where there are any), "seconds" of
        processor time that the training took (which other programs do not lengthen), and "epochs" that it lasted.
    """
    minitorch.manual_seed(seed)
    images, labels, test_images, test_labels = data
    classes, validation = int(max(labels.max(), test_labels.max())) + 1, None
    if recipe.stop_early:  # what decides when to stop must not be trained on
        held = len(labels) // 10
        validation = DataLoader(TensorDataset(images[:held], labels[:held]), 500)
        images, labels = images[held:], labels[held:]
    flip = arguments.data not in image_sets.NOT_MIRRORED
    dataset = Augmented(images, labels, flip) if recipe.augment else TensorDataset(images, labels)
    loader = DataLoader(dataset, arguments.batch_size, shuffle=True, drop_last=True)
    model = models.cifar_resnet(
        arguments.depth, num_classes=classes, in_channels=images.shape[1], dropout=recipe.dropout,
        widths=tuple(arguments.width * factor for factor in (1, 2, 4)), stochastic_depth_prob=recipe.stochastic_depth,
    )  # fmt: skip
    decay = arguments.weight_decay
    groups = model.parameters() if recipe.decay_norms else nn.utils.parameter_groups(model, weight_decay=decay)
    optimizer = optim.SGD(groups, arguments.lr * recipe.rate, momentum=0.9, weight_decay=decay, nesterov=True)
    callbacks, averaged = schedule_of(recipe, optimizer, arguments, len(loader)), None
    if recipe.average == "EMA":
        averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(arguments.ema_decay), use_buffers=True)
        callbacks.append(Averaging(averaged))
    elif recipe.average == "SWA":
        averaged = AveragedModel(model)
        callbacks.append(Averaging(averaged, "epoch", swa_start(arguments.epochs), update_norms=True))
    if recipe.stop_early:
        callbacks.append(EarlyStopping("validation_accuracy", patience=3))
    loss = nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing)
    mix = None if recipe.mix is None else recipe.mix(alpha=0.2 if recipe.mix is MixUp else 1.0, num_classes=classes)
    trainer = Trainer(model, optimizer, loss, callbacks=callbacks, batch_transform=mix)
    start = time.process_time()
    trainer.fit(loader, validation, arguments.epochs)
    seconds = time.process_time() - start
    tests = DataLoader(TensorDataset(test_images, test_labels), 500)
    accuracy = evaluate(model if averaged is None else averaged, tests)["accuracy"]
    return {"accuracy": accuracy, "seconds": seconds, "epochs": trainer.epoch}


def prepare(arguments):
    """Training images and labels, test images and labels; images are normalised, and as many as --limit says."""
    data = image_sets.load(arguments.data, arguments.root, arguments.size)
    normalize = image_sets.Normalization(data.images)
    order = np.random.default_rng(0).permutation(len(data.labels))[: arguments.limit]
    tests = np.random.default_rng(1).permutation(len(data.test_labels))[: arguments.test_limit]
    return (normalize(data.images[order]), data.labels[order], normalize(data.test_images[tests]),
            data.test_labels[tests])  # fmt: skip


class Results:
    """The finished runs, in a file that is whole at any moment.

    Args:
        path: the JSON file; what it holds of runs with the same settings is taken over.
        settings: a dictionary that all runs have in common.
    """

    def __init__(self, path, settings):
        self.path, self.settings, self.runs = path, settings, {}
        if path.exists():
            saved = json.loads(path.read_text())
            if saved["settings"] != settings:
                raise ValueError(f"{path} holds runs of other settings, {saved['settings']}; choose another --output")
            self.runs = saved["runs"]

    def add(self, recipe, seed, result):
        """Keep the result of one run."""
        self.runs[f"{recipe}/{seed}"] = result
        text = json.dumps({"settings": self.settings, "runs": self.runs}, indent=1)
        write_atomically(self.path, text.encode())

    def column(self, recipe, key, seeds):
        """One number of the runs of a recipe, by seed, as an array."""
        return np.array([self.runs[f"{recipe}/{seed}"][key] for seed in seeds])


def report(folder, results, techniques, seeds, title):
    """Print the table of the techniques, and write tables and picture."""
    rows, texts, gains = [], [], {}
    for name, (without, with_it) in techniques.items():
        off, on = (results.column(recipe, "accuracy", seeds) for recipe in (without, with_it))
        seconds = [results.column(recipe, "seconds", seeds).mean() for recipe in (without, with_it)]
        gains[name] = 100 * (on - off)  # seed by seed
        row = {"technique": name}
        for label, values in (("off", off), ("on", on), ("gain", on - off)):
            row.update({f"{label}_mean": values.mean(), f"{label}_std": spread(values)})
        rows.append({**row, "off_seconds": seconds[0], "on_seconds": seconds[1]})
        texts.append({
            "technique": name, "off, %": in_percent(off), "on, %": in_percent(on),
            "gain, points": in_percent(on - off, "+"),
            "seconds off": f"{seconds[0]:.1f}", "seconds on": f"{seconds[1]:.1f}",
        })  # fmt: skip
    write_csv(folder / "recipes.csv", rows)
    (folder / "recipes.md").write_text(markdown(texts))
    plot.compared_scores(folder / "recipes.png", gains, "gain in test accuracy, percentage points", title,
                         baseline=0.0, percent=False)  # fmt: skip
    print(markdown(texts))


def make_parser():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", choices=image_sets.NAMES, default="fashion-mini", help="default: %(default)s")
    parser.add_argument("--root", default="data", help="folder of the data's files")
    parser.add_argument("--size", type=positive(int), help="height and width for the images of an image folder")
    parser.add_argument("--limit", type=positive(int), default=2000, help="training images, default: %(default)s")
    parser.add_argument("--test-limit", type=positive(int), default=2000, help="test images, default: %(default)s")
    parser.add_argument("--depth", type=positive(int), default=8, help="of the residual network, default: %(default)s")
    parser.add_argument("--width", type=positive(int), default=8, help="channels of its first stage; default: 8")
    parser.add_argument("--epochs", type=positive(int), default=12, help="default: %(default)s")
    parser.add_argument("--batch-size", type=positive(int), default=64, help="default: %(default)s")
    parser.add_argument("--lr", type=positive(float), default=0.1, help="highest learning rate, default: %(default)s")
    parser.add_argument("--weight-decay", type=not_negative(float), default=5e-4, help="default: %(default)s")
    parser.add_argument("--ema-decay", type=share, default=0.98, help="default: %(default)s")
    parser.add_argument("--seeds", type=positive(int), default=3, help="number of seeds, default: %(default)s")
    parser.add_argument("--only", nargs="+", choices=TECHNIQUES, metavar="TECHNIQUE",
                        help=f"some of: {', '.join(TECHNIQUES)}")  # fmt: skip
    parser.add_argument("--output", type=Path, help="folder for tables and pictures; default: one of its own for each "
                        "data set, in examples/output")  # fmt: skip
    return parser


def main():
    arguments = make_parser().parse_args()
    folder, seeds = writable_folder(output_folder(arguments, "recipes")), range(arguments.seeds)
    chosen = {name: pair for name, pair in TECHNIQUES.items() if not arguments.only or name in arguments.only}
    recipes = [name for name in RECIPES if any(name in pair for pair in chosen.values())]
    left_out = ("output", "only", "seeds", "root")
    settings = {key: value for key, value in vars(arguments).items() if key not in left_out}
    results, data = Results(folder / "runs.json", settings), prepare(arguments)
    print(f"{len(data[1]):,} training and {len(data[3]):,} test images of {arguments.data}, {arguments.epochs} epochs, "
          f"{len(recipes)} recipes, {len(seeds)} seeds", flush=True)  # fmt: skip
    for seed in seeds:
        for name in recipes:
            if f"{name}/{seed}" in results.runs:
                continue
            result = train(RECIPES[name], arguments, data, seed)
            results.add(name, seed, result)
            print(f"seed {seed}  {name:32} {result['accuracy']:7.2%}  {result['seconds']:6.1f} s", flush=True)
    title = f"What it brings: cifar_resnet, depth {arguments.depth}, {len(data[1]):,} images of {arguments.data}"
    report(folder, results, chosen, seeds, title)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(f"recipes: {error}")
    except KeyboardInterrupt:
        sys.exit("recipes: stopped; the same command goes on with what is missing")
