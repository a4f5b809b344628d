"""What the training examples share: the command line, the recipe, the loop, checkpoints and pictures.

A run is a `Run`; `train` is the loop. The recipe: stochastic gradient descent with Nesterov momentum, weight decay on
the filters alone, a learning rate that rises in a straight line and falls along half a cosine, and images that are
moved and mirrored at random.
"""

import argparse
import math
import shlex
import sys
import time
from pathlib import Path

import image_sets

import minitorch
import minitorch.nn.functional as F
from minitorch import optim
from minitorch.data import DataLoader, TensorDataset
from minitorch.tools import plot
from minitorch.training import (
    History,
    Progress,
    accuracy,
    catch_interrupt,
    confusion_matrix,
    load_checkpoint,
    predict,
    save_checkpoint,
    writable_folder,
)

SETTINGS = ("model", "data", "epochs", "batch_size", "lr", "weight_decay", "label_smoothing", "augment", "seed")


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
    parser.add_argument("--weight-decay", type=float, default=5e-4, help="default: %(default)s")
    parser.add_argument("--label-smoothing", type=float, default=0.0, help="default: %(default)s")
    parser.add_argument("--augment", action=argparse.BooleanOptionalAction, default=True,
                        help="move and mirror the training images at random")  # fmt: skip
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N; default: a GPU if there is one")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s; the same seed, the same numbers")
    parser.add_argument("--output", type=Path, help="folder for checkpoint, history and pictures")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --output")
    parser.set_defaults(**defaults)
    return parser


def positive(kind):
    """A number type for argparse that refuses zero, negative numbers and NaN."""

    def parse(text):
        value = kind(text)
        if not value > 0 or value == math.inf:
            raise argparse.ArgumentTypeError(f"must be positive, got {text}")
        return value

    parse.__name__ = f"positive {kind.__name__}"
    return parse


def learning_rate(highest, progress, warmup=0.2):
    """Up in a straight line for the first fifth of the run, then down to zero along half a cosine."""
    if progress < warmup:
        return highest * progress / warmup
    return highest * 0.5 * (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup)))


def parameter_groups(model, weight_decay):
    """Filters and matrices are pulled towards zero; biases and the scales of normalisation are left alone."""
    parameters = list(model.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


class Run:
    """Where a training run stands: what is saved in a checkpoint and restored from it.

    Args:
        arguments: from the command line, see `make_parser`.
        model: the network, on its device.
        data: an `ImageSet`.
    """

    def __init__(self, arguments, model, data):
        self.arguments, self.model, self.data = arguments, model, data
        groups = parameter_groups(model, arguments.weight_decay)
        self.optimizer = optim.SGD(groups, lr=arguments.lr, momentum=0.9, nesterov=True)
        self.normalize = image_sets.Normalization(data.images)
        self.flip = arguments.data not in image_sets.NOT_MIRRORED
        self.loader = DataLoader(TensorDataset(data.images, data.labels), arguments.batch_size, shuffle=True,
                                 drop_last=len(data.images) >= arguments.batch_size)  # fmt: skip
        self.checkpoint = arguments.output / "checkpoint.safetensors"
        self.history = History(arguments.output / "history.csv")
        self.settings = {key: getattr(arguments, key) for key in SETTINGS}
        self.epoch = self.batches_done = 0
        self.sums = [0, 0.0, 0]  # images, loss and right answers of the epoch so far
        self.order = None  # the generator's state when the epoch began, from which its order was drawn

    def save(self):
        """Write the checkpoint."""
        save_checkpoint(
            self.checkpoint, self.model, self.optimizer, settings=self.settings, epoch=self.epoch,
            batches_done=self.batches_done, order=self.order, sums=self.sums, history=self.history.rows,
        )  # fmt: skip

    def keep_older(self):
        """Move the checkpoint of an earlier run aside, so that this one does not overwrite it."""
        if self.checkpoint.exists():
            older = self.checkpoint.with_name("checkpoint-older.safetensors")
            self.checkpoint.replace(older)
            print(f"the checkpoint of an earlier run is now {older}")

    def resume(self):
        """Go on from the checkpoint; ValueError if it is of a run with other settings."""
        state = load_checkpoint(self.checkpoint, self.model, self.optimizer)
        if state.get("settings") != self.settings:
            saved = state.get("settings")
            raise ValueError(f"{self.checkpoint} is of a run with {saved}, this one has {self.settings}")
        self.epoch, self.batches_done, self.order = state["epoch"], state["batches_done"], state["order"]
        self.sums, self.history = state["sums"], History(self.history.path, state["history"])

    def prepare(self, images):
        """A batch of bytes as the network's input."""
        return minitorch.from_numpy(self.normalize(images)).to(self.arguments.device)


def train_step(run, images, labels, progress):
    """One step on a batch; `progress`, from 0 to 1, is where in the whole run it is."""
    arguments = run.arguments
    for group in run.optimizer.param_groups:
        group["lr"] = learning_rate(arguments.lr, progress)
    if arguments.augment:
        images = image_sets.crop_and_flip(images, flip=run.flip)
    labels = minitorch.from_numpy(labels).to(arguments.device)
    scores = run.model(run.prepare(images))
    loss = F.cross_entropy(scores, labels, label_smoothing=arguments.label_smoothing)
    value = loss.item()
    if not math.isfinite(value):
        raise RuntimeError(
            f"the loss is {value} in epoch {run.epoch + 1}: the run has diverged; try a smaller --lr than "
            f"{arguments.lr:g}"
        )
    run.optimizer.zero_grad()
    loss.backward()
    run.optimizer.step()
    return value, int((scores.argmax(1) == labels).sum())


def train_epoch(run, interrupted):
    """One pass over the data, or the rest of it; True if it came to its end."""
    generator = minitorch.default_generator
    if run.batches_done:  # draw the order of the broken epoch again, then go on with the numbers that were next
        now = generator.get_state()
        generator.set_state(run.order)
        batches = iter(run.loader)
        generator.set_state(now)
    else:
        run.order = generator.get_state()
        batches = iter(run.loader)
    epochs, count = run.arguments.epochs, len(run.loader)
    progress = Progress(count, f"epoch {run.epoch + 1}/{epochs}", run.batches_done, run.sums)
    run.model.train()
    for number, (images, labels) in enumerate(batches):
        if number < run.batches_done:
            continue
        loss, correct = train_step(run, images, labels, (run.epoch * count + number) / (epochs * count))
        progress.update(loss, correct, len(labels))
        run.batches_done = number + 1
        if interrupted() and run.batches_done < count:
            break
    progress.close()
    run.sums = progress.sums
    run.train_loss, run.train_accuracy = progress.loss, progress.accuracy
    return run.batches_done == count


def train(run):
    """Train to the last epoch, with a checkpoint after each; True unless it was interrupted."""
    arguments, data, start = run.arguments, run.data, time.perf_counter()
    test_images = run.normalize(data.test_images)
    with catch_interrupt() as interrupted:
        while run.epoch < arguments.epochs:
            if train_epoch(run, interrupted):
                probabilities = predict(run.model, test_images, device=arguments.device)
                test_accuracy = accuracy(probabilities, data.test_labels)
                run.epoch, run.batches_done, run.sums = run.epoch + 1, 0, [0, 0.0, 0]
                run.history.add(
                    epoch=run.epoch, train_loss=run.train_loss, train_accuracy=run.train_accuracy,
                    test_accuracy=test_accuracy,
                )  # fmt: skip
                print(
                    f"epoch {run.epoch:2}/{arguments.epochs}  loss {run.train_loss:.4f}  "
                    f"training {run.train_accuracy:.2%}  test {test_accuracy:.2%}  "
                    f"{time.perf_counter() - start:.1f} s",
                    flush=True,
                )
            run.save()
            if interrupted() and run.epoch < arguments.epochs:
                return False
    return True


def draw(run, title):
    """Learning curves, first filters, confusion matrix and the worst mistakes."""
    history, folder, data = run.history, run.arguments.output, run.data
    test_images = run.normalize(data.test_images)
    probabilities = predict(run.model, test_images, device=run.arguments.device)
    counts = confusion_matrix(probabilities.argmax(1), data.test_labels, len(data.classes))
    epochs, losses = history.column("epoch"), history.column("train_loss")
    train, test = history.column("train_accuracy"), history.column("test_accuracy")
    plot.learning_curves(folder / "learning_curves.png", epochs, losses, train, test, title)
    weight = next(p for p in run.model.parameters() if p.ndim == 4).detach().cpu().numpy()
    plot.filters(folder / "filters.png", weight, f"First convolution: the {len(weight)} learnt filters")
    plot.confusion_matrix(
        folder / "confusion_matrix.png", counts, data.classes, f"{title}: {test[-1]:.1%} right; each row in per cent"
    )
    pictures = data.test_images[:, 0] if data.test_images.shape[1] == 1 else data.test_images.transpose(0, 2, 3, 1)
    plot.mistakes(
        folder / "mistakes.png", pictures, data.test_labels, probabilities, data.classes,
        title="Wrong with the most confidence: what the network said",
    )  # fmt: skip


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
    try:
        if arguments.output is None:
            arguments.output = script.parent / "output" / arguments.model
        if arguments.device == "auto":
            arguments.device = "cuda" if minitorch.cuda.is_available() else "cpu"
        device = minitorch.device(arguments.device)
        writable_folder(arguments.output)
        minitorch.manual_seed(arguments.seed)
        data = image_sets.load(arguments.data, arguments.root, arguments.size)
        _, channels, size, _ = data.images.shape
        model = build(arguments.model, size, num_classes=len(data.classes), in_channels=channels).to(device)
        run = Run(arguments, model, data)
        if arguments.resume:
            run.resume()
        else:
            run.keep_older()
        return follow(run, title, device)
    except (OSError, RuntimeError, ValueError) as error:
        print(f"{script.stem}: {error}", file=sys.stderr)
        return 1


def follow(run, title, device):
    """Train, say how it goes, and draw."""
    arguments, data, start = run.arguments, run.data, time.perf_counter()
    print(
        f"{title}, {sum(p.numel() for p in run.model.parameters()):,} parameters, on {arguments.data}: "
        f"{len(data.images):,} training and {len(data.test_images):,} test images; {device}, "
        f"{minitorch.get_num_threads()} threads, seed {arguments.seed}",
        flush=True,
    )
    if not train(run):
        again = "" if arguments.resume else " --resume"
        print(f"stopped; go on with: {shlex.join([sys.executable, *sys.argv])}{again}")
        return 130
    seconds = time.perf_counter() - start
    draw(run, f"{title} on {arguments.data}")
    print(f"{run.history.column('test_accuracy')[-1]:.2%} of the test images right after {seconds:.1f} s of training; "
          f"pictures in {arguments.output}")  # fmt: skip
    return 0
