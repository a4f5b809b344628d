"""A MobileNet, made of depthwise separable convolutions, learns to tell clothes apart, CIFAR-10, or your own images.

    python examples/train_mobilenet.py
    python examples/train_mobilenet.py --model mobilenet_v3_small --data cifar10 --root DIR --epochs 10
    python examples/train_mobilenet.py --model mobilenet_v2 --data image-folder --root DIR --size 224
    python examples/train_mobilenet.py --resume

Leaves the checkpoint, the history and pictures in --output. The recipe is in `classification.py`.

Source: Howard et al. 2017, "MobileNets" (arXiv:1704.04861); Sandler et al. 2018, "MobileNetV2" (arXiv:1801.04381);
Howard et al. 2019, "Searching for MobileNetV3" (arXiv:1905.02244).
"""

import sys

from classification import FEW_EPOCHS, main, make_parser

from minitorch import models

MODELS = [
    "mobilenetv1_025", "mobilenetv1_050", "mobilenetv1_075", "mobilenetv1_100", "mobilenet_v2", "mobilenet_v3_small",
    "mobilenet_v3_large",
]  # fmt: skip


def build(name, size, **settings):
    """Made for 224 x 224; for small images the first two halvings are left out."""
    return models.create(name, small_input=size < 64, **settings)


if __name__ == "__main__":
    parser = make_parser(__doc__.split("\n\n")[0], MODELS, epochs=4, **FEW_EPOCHS)
    sys.exit(main(parser, build))
