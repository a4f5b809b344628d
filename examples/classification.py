"""What the training examples share: the command line, the recipe and the pictures.

The recipe: stochastic gradient descent with Nesterov momentum, weight decay on the filters alone, a learning rate that
rises in a straight line and falls along half a cosine, and images that are moved and mirrored at random. The loop is
`minitorch.training.Trainer`.
"""

import argparse
import functools
import math
import shlex
import sys
import time
from pathlib import Path

import image_sets

import minitorch
from minitorch import nn, optim
from minitorch.data.transforms import MixUp
from minitorch.optim.lr_scheduler import LambdaLR
from minitorch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from minitorch.tools import plot
from minitorch.training import (
    Averaging,
    Checkpoint,
    Diverged,
    History,
    Progress,
    Schedule,
    Trainer,
    checkpoint_exists,
    confusion_matrix,
    predict,
    put_aside,
    writable_folder,
)

CHECKPOINT = "checkpoint.safetensors"
SETTINGS = (
    "model", "data", "epochs", "batch_size", "lr", "schedule", "warmup", "weight_decay", "label_smoothing", "augment",
    "shift", "mixup", "ema", "clip_norm", "seed",
)  # fmt: skip

# Defaults of `make_parser` for runs of few epochs: small batches, for many steps, a rate that falls in a straight line
# from early on, and images that are moved little, for so short a run does not learn them by heart.
FEW_EPOCHS = {"batch_size": 32, "lr": 0.05, "schedule": "linear", "warmup": 0.1, "shift": 2}


def make_parser(description, models, **defaults):
    """The command line of an example.

    Args:
        models: names to choose from, the default first.
        defaults: other values for the arguments below.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--model", choices=models, default=models[0], help="default: %(default)s")
    parser.add_argument("--data", choices=image_sets.NAMES, default="fashion-mini",
                        help="default: %(default)s, which comes in the package")  # fmt: skip
    parser.add_argument("--root", default="data", help="folder of the data's files, which are fetched if missing; of "
                        "image-folder: the folder that holds train and test")  # fmt: skip
    parser.add_argument("--size", type=positive(int), help="height and width for the images of an image folder")
    parser.add_argument("--epochs", type=positive(int), default=8, help="default: %(default)s")
    parser.add_argument("--batch-size", type=positive(int), default=64, help="default: %(default)s")
    parser.add_argument("--lr", type=positive(float), default=0.1, help="highest learning rate, default: %(default)s")
    parser.add_argument("--schedule", choices=["cosine", "linear", "constant"], default="cosine",
                        help="how the learning rate falls after the warm-up, default: %(default)s")  # fmt: skip
    parser.add_argument("--warmup", type=share, default=0.2, help="share of the run in which the learning rate rises, "
                        "default: %(default)s")  # fmt: skip
    parser.add_argument("--weight-decay", type=not_negative(float), default=5e-4, help="default: %(default)s")
    parser.add_argument("--label-smoothing", type=share, default=0.0, help="default: %(default)s")
    parser.add_argument("--augment", action=argparse.BooleanOptionalAction, default=True,
                        help="move and mirror the training images at random")  # fmt: skip
    parser.add_argument("--shift", type=not_negative(int), default=4,
                        help="by how many pixels at most, default: %(default)s")  # fmt: skip
    parser.add_argument("--mixup", type=positive(float), help="mix pairs of images, with this alpha")
    parser.add_argument("--ema", type=share, help="keep an average of the weights too, with this decay, such as 0.995")
    parser.add_argument("--clip-norm", type=positive(float), help="the largest norm of the gradients")
    parser.add_argument("--workers", type=not_negative(int), default=0,
                        help="threads that prepare batches, default: %(default)s")  # fmt: skip
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N; default: a GPU if there is one")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s; the same seed, the same numbers")
    parser.add_argument("--output", type=Path, help="folder for checkpoint, history and pictures; default: one of its "
                        "own for each model and data, in examples/output")  # fmt: skip
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --output")
    parser.set_defaults(**defaults)
    return parser


def positive(kind):
    """A number type for argparse that refuses zero, negative numbers, infinity and NaN."""
    return _number(kind, "positive", lambda value: value > 0)


def not_negative(kind):
    """A number type for argparse that refuses negative numbers, infinity and NaN."""
    return _number(kind, "non-negative", lambda value: value >= 0)


def _number(kind, words, is_right):
    def parse(text):
        value = kind(text)
        if not is_right(value) or value == math.inf:
            raise argparse.ArgumentTypeError(f"must be {words}, got {text}")
        return value

    parse.__name__ = f"{words} {kind.__name__}"
    return parse


def share(text):
    """A number type for argparse: from 0, and less than 1."""
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 0 and less than 1, got {text}")
    return value


def rate(progress, schedule="cosine", warmup=0.2):
    """The share of the highest learning rate at a share of the run: up in a straight line, then down to zero."""
    if progress < warmup:
        return progress / warmup
    rest = (progress - warmup) / (1 - warmup)
    return {"cosine": 0.5 * (1 + math.cos(math.pi * rest)), "linear": 1 - rest, "constant": 1.0}[schedule]


def make_trainer(arguments, model, steps, classes, average=None):
    """The trainer with the recipe; `steps` is the number of steps of the whole run, `average` an `AveragedModel`."""
    groups = nn.utils.parameter_groups(model, weight_decay=arguments.weight_decay)
    optimizer = optim.SGD(groups, lr=arguments.lr, momentum=0.9, nesterov=True)
    schedule = LambdaLR(optimizer, lambda step: rate(min(step / steps, 1), arguments.schedule, arguments.warmup))
    settings = {key: getattr(arguments, key) for key in SETTINGS}
    callbacks = [
        Schedule(schedule, per="step"),
        History(arguments.output / "history.csv", arguments.output / "history.json"),
        Progress(line),
        Checkpoint(arguments.output, every_seconds=30, resume=arguments.resume, settings=settings),
    ]
    if average is not None:
        callbacks.append(Averaging(average))
    return Trainer(
        model, optimizer, nn.CrossEntropyLoss(label_smoothing=arguments.label_smoothing), callbacks=callbacks,
        clip_norm=arguments.clip_norm, batch_transform=arguments.mixup and MixUp(arguments.mixup, num_classes=classes),
    )  # fmt: skip


def line(row):
    """What is printed of an epoch."""
    average = f"  average {row['average_test_accuracy']:.2%}" if "average_test_accuracy" in row else ""
    return (f"loss {row['train_loss']:.4f}  training {row['train_accuracy']:.2%}  test {row['test_accuracy']:.2%}"
            f"{average}")  # fmt: skip


def train(arguments, model, data):
    """Train to the last epoch; the history, a row for each epoch, and the probabilities for the test images, of the
    averaged weights where there are such."""
    flip = arguments.data not in image_sets.NOT_MIRRORED
    augment = functools.partial(image_sets.crop_and_flip, padding=arguments.shift, flip=flip)
    loader, test = image_sets.loaders(data, arguments.batch_size, augment if arguments.augment else None,
                                      arguments.workers)  # fmt: skip
    average = None
    if arguments.ema:
        average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(arguments.ema), use_buffers=True)
    trainer = make_trainer(arguments, model, arguments.epochs * len(loader), len(data.classes), average)
    history = trainer.fit(loader, {"test": test}, arguments.epochs)
    return history, predict(model if average is None else average.module, test)


def accuracy_of(history):
    """The column of the history with the accuracy of what the run ends with: averaged weights, if there are such."""
    average = "average_test_accuracy"
    return average if average in history[-1] else "test_accuracy"


def draw(folder, model, data, history, probabilities, title):
    """Learning curves, first filters, confusion matrix and the worst mistakes."""
    counts = confusion_matrix(probabilities.argmax(1), data.test_labels, len(data.classes))
    names = ("epoch", "train_loss", "train_accuracy", accuracy_of(history))
    columns = [[row[name] for row in history] for name in names]
    plot.learning_curves(folder / "learning_curves.png", *columns, title)
    weight = next(p for p in model.parameters() if p.ndim == 4).detach().cpu().numpy()
    plot.filters(folder / "filters.png", weight, f"First convolution: the {len(weight)} learnt filters")
    plot.confusion_matrix(
        folder / "confusion_matrix.png", counts, data.classes,
        f"{title}: {history[-1][accuracy_of(history)]:.1%} right; each row in per cent",
    )  # fmt: skip
    pictures = data.test_images[:, 0] if data.test_images.shape[1] == 1 else data.test_images.transpose(0, 2, 3, 1)
    plot.mistakes(
        folder / "mistakes.png", pictures, data.test_labels, probabilities, data.classes,
        title="Wrong with the most confidence: what the network said",
    )  # fmt: skip


def output_folder(arguments, name):
    """The folder for the results of a run of that name unless --output gives another: one for each data set."""
    data = arguments.data
    if data == "image-folder":
        data = f"{data}-{Path(arguments.root).resolve().name}"
    return arguments.output or Path(__file__).parent / "output" / f"{name}-{data}"


def chosen_device(name):
    """The device of that name; for "auto" a GPU if there is one."""
    if name == "auto":
        name = "cuda" if minitorch.cuda.is_available() else "cpu"
    return minitorch.device(name)


def prepare(arguments):
    """Choose the device, make the output folder and look for an older checkpoint in it, before any work is done."""
    arguments.device = chosen_device(arguments.device)
    writable_folder(arguments.output)
    if arguments.resume and not checkpoint_exists(arguments.output / CHECKPOINT):
        raise FileNotFoundError(f"there is no checkpoint {arguments.output / CHECKPOINT}")


def main(parser, build, title=None):
    """Run an example to its end; returns the exit status.

    Args:
        parser: from `make_parser`.
        build: a function ``build(name, size, num_classes=..., in_channels=...)`` that makes the network; size is the
            height of the images.
        title: what the network is called, unless by the name given for --model.
    """
    script = Path(sys.argv[0])
    arguments = parser.parse_args()
    title = title or arguments.model
    arguments.output = output_folder(arguments, arguments.model)
    try:
        prepare(arguments)
        minitorch.manual_seed(arguments.seed)
        data = image_sets.load(arguments.data, arguments.root, arguments.size)
        _, channels, size, _ = data.images.shape
        model = build(arguments.model, size, num_classes=len(data.classes), in_channels=channels).to(arguments.device)
        if not arguments.resume and (older := put_aside(arguments.output / CHECKPOINT)):
            print(f"the checkpoint of an earlier run is now {older}")
        follow(arguments, model, data, title)
        return 0
    except KeyboardInterrupt:
        again = "" if arguments.resume else " --resume"
        saved = checkpoint_exists(arguments.output / CHECKPOINT)
        command = f"{shlex.join([sys.executable, *sys.argv])}{again}"
        print(f"stopped; go on with: {command}" if saved else "stopped before anything was saved")
        return 130
    except Diverged as error:
        hint = f"the run has diverged; try a smaller --lr than {arguments.lr:g}"
        print(f"{script.stem}: {hint}\n{error}", file=sys.stderr)
        return 1
    except (OSError, RuntimeError, ValueError) as error:
        print(f"{script.stem}: {error}", file=sys.stderr)
        return 1


def follow(arguments, model, data, title):
    """Train, say how it goes, and draw."""
    print(
        f"{title}, {sum(p.numel() for p in model.parameters()):,} parameters, on {arguments.data}: "
        f"{len(data.images):,} training and {len(data.test_images):,} test images; {arguments.device}, "
        f"{minitorch.get_num_threads()} threads, seed {arguments.seed}",
        flush=True,
    )
    start = time.perf_counter()
    history, probabilities = train(arguments, model, data)
    seconds = time.perf_counter() - start
    draw(arguments.output, model, data, history, probabilities, f"{title} on {arguments.data}")
    last, name = history[-1], accuracy_of(history)
    which = f" by the average of the weights, {last['test_accuracy']:.2%} by the last," if arguments.ema else ""
    print(f"{last[name]:.2%} of the test images right{which} after {seconds:.1f} s of training; "
          f"pictures in {arguments.output}")  # fmt: skip
