"""Networks with squeeze-and-excitation; any other network takes it too, by its argument `se`.

Source: Hu et al. 2018, "Squeeze-and-Excitation Networks" (arXiv:1709.01507).
"""

from minitorch.models.cifar_resnet import cifar_resnet
from minitorch.models.mobilenet_v1 import mobilenet_v1
from minitorch.models.registry import register_model
from minitorch.models.resnet import resnet18, resnet50, resnext50_32x4d
from minitorch.models.shufflenet_v1 import shufflenet_v1_x1_0_g3
from minitorch.models.shufflenet_v2 import shufflenet_v2_x1_0


@register_model
def seresnet18(**settings):
    """SE-ResNet-18: 11,779,624 parameters, 1,814,161,408 MACs at 224x224.

    New to ResNet-18: each block weighs the channels of its branch by what is in the whole image. Names and state keys
    are timm's. Settings: see `ResNet`, where se is True.
    """
    return resnet18(**{"se": True, **settings})


@register_model
def seresnet50(**settings):
    """SE-ResNet-50: 28,088,024 parameters, 4,091,699,200 MACs at 224x224.

    The paper states 3.87 billion MACs, with the stride at the place that `Bottleneck` tells of. Settings: see
    `ResNet`, where se is True.
    """
    return resnet50(**{"se": True, **settings})


@register_model
def seresnext50_32x4d(**settings):
    """SE-ResNeXt-50 (32x4d): 27,559,896 parameters, 4,232,994,816 MACs at 224x224.

    Settings: see `ResNet`, where se is True.
    """
    return resnext50_32x4d(**{"se": True, **settings})


@register_model
def cifar_seresnet20(**settings):
    """SE-ResNet-20 for CIFAR-10: 275,506 parameters, 40,556,416 MACs at 32x32. See `cifar_resnet`.

    The narrow layers have 8 channels in every block, for C / 16 would be 1 to 4.
    """
    return cifar_resnet(20, **{"se": True, **settings})


@register_model
def cifar_seresnet56(**settings):
    """SE-ResNet-56 for CIFAR-10: 870,370 parameters, 125,501,824 MACs at 32x32. See `cifar_seresnet20`."""
    return cifar_resnet(56, **{"se": True, **settings})


@register_model
def se_mobilenet_v1(width_mult=1.0, **settings):
    """SE-MobileNet of any width, at width 1.0: 4,718,560 parameters, 569,220,608 MACs at 224x224.

    Squeeze-and-excitation stands at the end of each block. The paper does not tell the place; its 4.7 million
    parameters are those of this one. Settings: see `MobileNetV1`, where se is True.
    """
    return mobilenet_v1(width_mult, **{"se": True, **settings})


@register_model
def se_shufflenet_v1_x1_0_g3(**settings):
    """SE-ShuffleNet, 1x with 3 groups: 2,526,184 parameters, 138,112,704 MACs at 224x224.

    Squeeze-and-excitation stands at the end of each branch. The paper states 2.4 million parameters, 0.6 million more
    than its ShuffleNet. Settings: see `ShuffleNetV1`, where se is True.
    """
    return shufflenet_v1_x1_0_g3(**{"se": True, **settings})


@register_model
def se_shufflenet_v2_x1_0(**settings):
    """ShuffleNetV2 1x with squeeze-and-excitation: 2,329,108 parameters, 144,956,248 MACs at 224x224.

    Settings: see `ShuffleNetV2`, where se is True.
    """
    return shufflenet_v2_x1_0(**{"se": True, **settings})
