"""LeNet-5 learns to tell clothes apart: 10,000 photographs, no argument, under a minute on a laptop.

    python examples/train_lenet.py
    python examples/train_lenet.py --data fashion-mnist --root DIR --epochs 5
    python examples/train_lenet.py --resume

Draws learning curves, the learnt filters, the confusion matrix and the worst mistakes into --output, beside the
checkpoint and the history. Ctrl-C saves; --resume goes on from there, with the same numbers as without the break.
The recipe is in `classification.py`.

Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition"; in the modern form with ReLU
and max pooling, or as it was, with tanh and trained averages.
"""

import sys

from classification import main, make_parser

from minitorch import models


def build(name, size, **settings):
    """LeNet-5 for images of 28 x 28 or 32 x 32."""
    return models.create(name, **settings)


if __name__ == "__main__":
    parser = make_parser(__doc__.split("\n\n")[0], ["lenet5", "lenet5_1998"], epochs=12, lr=0.05, augment=False)
    sys.exit(main(parser, build, title="LeNet-5"))
