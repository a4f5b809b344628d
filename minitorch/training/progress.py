"""How far a run is: a bar with the loss in a terminal, a line for each epoch everywhere."""

import sys
import time

from tqdm import tqdm

from minitorch.training.callbacks import Callback

REFRESH = 0.1  # seconds between two texts on the bar


class Progress(Callback):
    """Shows a bar within the epoch where the output is a terminal, and prints a line after it.

    Args:
        line: function (row) -> the text for the row of an epoch; by default all of its numbers.
    """

    rank = 70

    def __init__(self, line=None):
        self.line, self.bar = line or line_of, None

    def on_fit_start(self, trainer):
        self.start = time.perf_counter()

    def on_epoch_start(self, trainer):
        if not sys.stderr.isatty():
            return
        total = len(trainer.train_loader) if hasattr(trainer.train_loader, "__len__") else None
        label = f"epoch {trainer.epoch + 1}/{trainer.epochs}"
        self.bar = tqdm(total=total, initial=trainer.batch, desc=label, unit="batch", leave=False)
        self.shown = 0.0

    def on_step_end(self, trainer):
        if self.bar is None:
            return
        if time.perf_counter() - self.shown > REFRESH:
            self.shown = time.perf_counter()
            self.bar.set_postfix_str(numbers_of(trainer.means()), refresh=False)
            self.bar.update(trainer.batch - self.bar.n)

    def on_epoch_end(self, trainer):
        self.close(trainer)
        seconds = time.perf_counter() - self.start
        counter = f"epoch {trainer.epoch:{len(str(trainer.epochs))}}/{trainer.epochs}"
        print(f"{counter}  {self.line(trainer.row)}  {seconds:.1f} s", flush=True)

    def on_fit_end(self, trainer):
        if trainer.stopped:
            print(f"stopped: {trainer.stopped}", flush=True)

    def close(self, trainer):
        if self.bar is not None:
            self.bar.close()
            self.bar = None


def line_of(row):
    """The numbers of an epoch in a line, without the epoch's own."""
    return numbers_of({name: value for name, value in row.items() if name != "epoch"})


def numbers_of(values):
    """Names and numbers in a line: shares of right answers as percentages."""
    return "  ".join(f"{name} {value:.2%}" if "accuracy" in name else f"{name} {value:.4g}"
                     for name, value in values.items())  # fmt: skip
