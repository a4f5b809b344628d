"""A ShuffleNet, made of channel shuffles between cheap convolutions, learns to tell clothes apart, or CIFAR-10.

    python examples/train_shufflenet.py
    python examples/train_shufflenet.py --model shufflenet_v1_x1_0_g3 --data cifar10 --root DIR --epochs 10
    python examples/train_shufflenet.py --data image-folder --root DIR --size 224
    python examples/train_shufflenet.py --resume

Leaves the checkpoint, the history and pictures in --output. The recipe is in `classification.py`.

Source: Zhang et al. 2018, "ShuffleNet" (arXiv:1707.01083); Ma et al. 2018, "ShuffleNet V2" (arXiv:1807.11164).
"""

import sys

from classification import FEW_EPOCHS, main, make_parser

from minitorch import models

MODELS = ["shufflenet_v2_x0_5", *(name for name in models.list("shufflenet_v*") if name != "shufflenet_v2_x0_5")]


def build(name, size, **settings):
    """Made for 224 x 224; for small images the first two halvings are left out."""
    return models.create(name, small_input=size < 64, **settings)


if __name__ == "__main__":
    parser = make_parser(__doc__.split("\n\n")[0], MODELS, epochs=4, **FEW_EPOCHS)
    sys.exit(main(parser, build))
