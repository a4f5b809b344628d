"""LeNet-5 learns to tell clothes apart: 10,000 photographs, no argument, under a minute on a laptop.

    python examples/train_lenet.py
    python examples/train_lenet.py --data fashion-mnist --root DIR --epochs 5
    python examples/train_lenet.py --resume

Draws learning curves, the learnt filters, the confusion matrix and the worst mistakes into --output, beside the
checkpoint and the history. Ctrl-C saves; --resume goes on from there, with the same numbers as without the break.

Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition"; in the modern form with ReLU
and max pooling.
"""

import argparse
import math
import shlex
import sys
import time
from pathlib import Path

import minitorch
import minitorch.nn.functional as F
from minitorch import models, optim
from minitorch.data import DataLoader, TensorDataset, datasets
from minitorch.tools import plots
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

DATA = {
    "fashion-mini": datasets.FashionMini,
    "digits": datasets.Digits,
    "fashion-mnist": datasets.FashionMNIST,
    "mnist": datasets.MNIST,
    "kmnist": datasets.KMNIST,
}
EMBEDDED = ("fashion-mini", "digits")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", choices=DATA, default="fashion-mini", help="default: %(default)s, in the package")
    parser.add_argument("--root", default="data", help="folder of the MNIST family's files, fetched if missing")
    parser.add_argument("--epochs", type=positive(int), default=12, help="default: %(default)s")
    parser.add_argument("--batch-size", type=positive(int), default=64, help="default: %(default)s")
    parser.add_argument("--lr", type=positive(float), default=0.05, help="highest learning rate, default: %(default)s")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N; default: a GPU if there is one")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s; the same seed, the same numbers")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "output" / "lenet")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --output")
    return parser.parse_args()


def positive(kind):
    """A number type for argparse that refuses zero, negative numbers and NaN."""

    def parse(text):
        value = kind(text)
        if not value > 0 or value == math.inf:
            raise argparse.ArgumentTypeError(f"must be positive, got {text}")
        return value

    parse.__name__ = f"positive {kind.__name__}"
    return parse


def load_data(name, root):
    """Training images, labels, test images, labels and class names.

    Images are (N, 1, 28, 28) or (N, 1, 32, 32), scaled to mean 0 and standard deviation 1.
    """
    where = {} if name in EMBEDDED else {"root": root, "download": True}
    train, test = DATA[name](train=True, **where), DATA[name](train=False, **where)
    (images, labels), (test_images, test_labels) = train.arrays(), test.arrays()
    if images.shape[-1] == 8:  # the digits: each pixel becomes 4 x 4
        images, test_images = (x.repeat(4, axis=2).repeat(4, axis=3) for x in (images, test_images))
    mean, std = images.mean(), images.std()
    return (images - mean) / std, labels, (test_images - mean) / std, test_labels, train.classes


def learning_rate(highest, progress, warmup=0.2):
    """Up in a straight line for the first fifth of the run, then down to zero along half a cosine."""
    if progress < warmup:
        return highest * progress / warmup
    return highest * 0.5 * (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup)))


class Run:
    """Where a training run stands: what is saved in a checkpoint and restored from it."""

    def __init__(self, arguments, model, optimizer):
        self.arguments, self.model, self.optimizer = arguments, model, optimizer
        self.checkpoint = arguments.output / "checkpoint.safetensors"
        self.history = History(arguments.output / "history.csv")
        self.settings = {key: getattr(arguments, key) for key in ("data", "epochs", "batch_size", "lr", "seed")}
        self.epoch = self.batches_done = 0
        self.sums = [0, 0.0, 0]  # images, loss and right answers of the epoch so far
        self.order = None  # the generator's state when the epoch began, from which its order was drawn

    def save(self):
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
        state = load_checkpoint(self.checkpoint, self.model, self.optimizer)
        if state.get("settings") != self.settings:
            saved = state.get("settings")
            raise ValueError(f"{self.checkpoint} is of a run with {saved}, this one has {self.settings}")
        self.epoch, self.batches_done, self.order = state["epoch"], state["batches_done"], state["order"]
        self.sums, self.history = state["sums"], History(self.history.path, state["history"])


def train_epoch(run, loader, device, interrupted):
    """One pass over the data, or the rest of it; True if it came to its end."""
    generator = minitorch.default_generator
    if run.batches_done:  # draw the order of the broken epoch again, then go on with the numbers that were next
        now = generator.get_state()
        generator.set_state(run.order)
        batches = iter(loader)
        generator.set_state(now)
    else:
        run.order = generator.get_state()
        batches = iter(loader)
    epochs, count = run.arguments.epochs, len(loader)
    progress = Progress(count, f"epoch {run.epoch + 1}/{epochs}", run.batches_done, run.sums)
    run.model.train()
    for number, (images, labels) in enumerate(batches):
        if number < run.batches_done:
            continue
        run.optimizer.param_groups[0]["lr"] = learning_rate(
            run.arguments.lr, (run.epoch * count + number) / (epochs * count)
        )
        images, labels = minitorch.from_numpy(images).to(device), minitorch.from_numpy(labels).to(device)
        scores = run.model(images)
        loss = F.cross_entropy(scores, labels)
        value = loss.item()
        if not math.isfinite(value):
            raise RuntimeError(
                f"the loss is {value} in epoch {run.epoch + 1}, batch {number + 1}: the run has diverged; try a "
                f"smaller --lr than {run.arguments.lr:g}"
            )
        run.optimizer.zero_grad()
        loss.backward()
        run.optimizer.step()
        progress.update(value, int((scores.argmax(1) == labels).sum()), len(labels))
        run.batches_done = number + 1
        if interrupted() and run.batches_done < count:
            break
    progress.close()
    run.sums = progress.sums
    run.train_loss, run.train_accuracy = progress.loss, progress.accuracy
    return run.batches_done == count


def draw(run, test_images, test_labels, classes, device):
    """The four pictures."""
    history, folder, name = run.history, run.arguments.output, run.arguments.data
    probabilities = predict(run.model, test_images, device=device)
    counts = confusion_matrix(probabilities.argmax(1), test_labels, len(classes))
    epochs, losses = history.column("epoch"), history.column("train_loss")
    train, test = history.column("train_accuracy"), history.column("test_accuracy")
    plots.learning_curves(folder / "learning_curves.png", epochs, losses, train, test, f"LeNet-5 on {name}")
    weight = run.model.features[0].weight.detach().cpu().numpy()
    plots.filters(folder / "filters.png", weight, "First convolution: the six learnt filters")
    title = f"LeNet-5 on {name}: {test[-1]:.1%} right; each row in per cent"
    plots.confusion_matrix(folder / "confusion_matrix.png", counts, classes, title)
    plots.mistakes(
        folder / "mistakes.png", test_images[:, 0], test_labels, probabilities, classes,
        title="Wrong with the most confidence: what LeNet-5 said",
    )  # fmt: skip


def main():
    arguments = parse_arguments()
    if arguments.device == "auto":
        arguments.device = "cuda" if minitorch.cuda.is_available() else "cpu"
    device = minitorch.device(arguments.device)
    writable_folder(arguments.output)
    minitorch.manual_seed(arguments.seed)
    images, labels, test_images, test_labels, classes = load_data(arguments.data, arguments.root)
    model = models.lenet5(num_classes=len(classes)).to(device)
    optimizer = optim.SGD(model.parameters(), lr=arguments.lr, momentum=0.9, weight_decay=5e-4)
    run = Run(arguments, model, optimizer)
    if arguments.resume:
        run.resume()
    else:
        run.keep_older()
    loader = DataLoader(TensorDataset(images, labels), arguments.batch_size, shuffle=True)
    print(
        f"LeNet-5, {sum(p.numel() for p in model.parameters()):,} parameters, on {arguments.data}: "
        f"{len(images):,} training and {len(test_images):,} test images; {device}, "
        f"{minitorch.get_num_threads()} threads, seed {arguments.seed}",
        flush=True,
    )
    start = time.perf_counter()
    with catch_interrupt() as interrupted:
        while run.epoch < arguments.epochs:
            finished = train_epoch(run, loader, device, interrupted)
            if finished:
                test_accuracy = accuracy(predict(model, test_images, device=device), test_labels)
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
                print(f"stopped; go on with: {shlex.join([sys.executable, *sys.argv])}"
                      f"{'' if arguments.resume else ' --resume'}")
                return 130
    seconds = time.perf_counter() - start
    draw(run, test_images, test_labels, classes, device)
    print(f"{run.history.column('test_accuracy')[-1]:.2%} of the test images right after {seconds:.1f} s of training; "
          f"pictures in {arguments.output}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(f"train_lenet: {error}")
    except KeyboardInterrupt:
        sys.exit("train_lenet: stopped at once; the checkpoint, if there is one, is that of the last whole epoch")
