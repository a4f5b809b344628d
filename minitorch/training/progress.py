"""Progress of an epoch: a bar with loss, accuracy and time left in a terminal, nothing elsewhere."""

import sys

from tqdm import tqdm


class Progress:
    """Means of loss and accuracy over the epoch so far, shown on a bar where the output is a terminal.

    Args:
        total: batches in the epoch.
        label: text before the bar.
        done: batches that an interrupted run had done already.
        sums: what it had counted in them: images, summed loss, right answers.
    """

    def __init__(self, total, label, done=0, sums=(0, 0.0, 0)):
        hidden = not sys.stderr.isatty()
        self.bar = tqdm(total=total, initial=done, desc=label, unit="batch", leave=False, disable=hidden)
        self.count, self.loss_sum, self.correct = sums

    def update(self, loss, correct, count):
        """Count a batch: its mean loss, right answers and size."""
        self.loss_sum += loss * count
        self.correct += correct
        self.count += count
        self.bar.set_postfix(loss=f"{self.loss:.3f}", accuracy=f"{self.accuracy:.1%}", refresh=False)
        self.bar.update()

    loss = property(lambda self: self.loss_sum / max(self.count, 1), doc="Mean loss of the epoch so far.")
    accuracy = property(lambda self: self.correct / max(self.count, 1), doc="Share of right answers so far.")

    sums = property(lambda self: [self.count, self.loss_sum, self.correct], doc="To go on from after a break.")

    def close(self):
        """Take the bar away."""
        self.bar.close()
