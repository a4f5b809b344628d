"""A residual network with squeeze-and-excitation learns to tell clothes apart, or CIFAR-10, or your own images.

    python examples/train_senet.py
    python examples/train_senet.py --model cifar_seresnet20 --data cifar10 --root DIR --epochs 10
    python examples/train_senet.py --resume

To see what the gates add, train the same network without them: `train_resnet.py --model resnet8` or
`--model cifar_resnet20`. Leaves the checkpoint, the history and pictures in --output. The recipe is in
`classification.py`.

Source: Hu, Shen and Sun 2018, "Squeeze-and-excitation networks" (arXiv:1709.01507).
"""

import sys

from classification import FEW_EPOCHS, main, make_parser

from minitorch import models

MODELS = [
    "seresnet8", "cifar_seresnet20", "cifar_seresnet56", "seresnet18", "seresnet50", "seresnext50_32x4d",
    "se_mobilenet_v1", "se_shufflenet_v1_x1_0_g3", "se_shufflenet_v2_x1_0",
]  # fmt: skip


def build(name, size, **settings):
    """The smallest of the CIFAR family, one block in each stage, is built here; the others have names."""
    if name == "seresnet8":
        return models.cifar_resnet(8, se=models.SE(), **settings)
    if not name.startswith("cifar"):
        settings["small_input"] = size < 64  # made for 224 x 224; small images must not be shrunk so early
    return models.create(name, **settings)


if __name__ == "__main__":
    parser = make_parser(__doc__.split("\n\n")[0], MODELS, epochs=6, **FEW_EPOCHS)
    sys.exit(main(parser, build))
