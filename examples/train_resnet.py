"""A residual network learns to tell clothes apart, or CIFAR-10, or your own folder of images.

    python examples/train_resnet.py
    python examples/train_resnet.py --model cifar_resnet20 --data cifar10 --root DIR --epochs 10
    python examples/train_resnet.py --model resnet18 --data image-folder --root DIR --size 224
    python examples/train_resnet.py --resume

Leaves the checkpoint, the history and pictures in --output. The recipe is in `classification.py`.

Source: He et al. 2016, "Deep residual learning for image recognition" (arXiv:1512.03385).
"""

import sys

from classification import FEW_EPOCHS, main, make_parser

from minitorch import models

MODELS = [
    "resnet8", "cifar_resnet20", "cifar_resnet32", "cifar_resnet44", "cifar_resnet56", "cifar_resnet110",
    "plain20", "plain56", "resnet18", "resnet34", "resnet50", "resnext50_32x4d", "wide_resnet50_2",
]  # fmt: skip


def build(name, size, **settings):
    """The smallest of the CIFAR family, one block in each stage, is built here; the others have names."""
    if name == "resnet8":
        return models.cifar_resnet(8, **settings)
    if name.startswith("resn") or name.startswith("wide"):
        settings["small_input"] = size < 64  # made for 224 x 224; small images must not be shrunk so early
    return models.create(name, **settings)


if __name__ == "__main__":
    parser = make_parser(__doc__.split("\n\n")[0], MODELS, epochs=6, **FEW_EPOCHS)
    sys.exit(main(parser, build))
