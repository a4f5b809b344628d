"""The residual networks of CIFAR-10, and the same without shortcuts, which shows what those are for."""

from minitorch.models.registry import register_model
from minitorch.models.resnet import BasicBlock, ResNet
from minitorch.nn.checks import integers


def cifar_resnet(depth, **settings):
    """The network of the ResNet paper's section 4.2: three stages of 16, 32 and 64 channels at 32x32, 16x16 and 8x8,
    each of n basic blocks; 6n + 2 layers have weights.

    Shortcuts have no parameters (option A). Source: He et al. 2016, "Deep Residual Learning for Image Recognition"
    (arXiv:1512.03385), section 4.2.

    Args:
        depth: 6n + 2.
        settings: see `ResNet`; num_classes is 10 unless given.

    Raises:
        ValueError: another depth.
    """
    (depth,) = integers("cifar_resnet", 1, depth=depth)
    blocks, rest = divmod(depth - 2, 6)
    if rest or blocks < 1:
        raise ValueError(f"cifar_resnet: depth must be 6n + 2, such as 20 or 56, got {depth}")
    table = {"num_classes": 10, "widths": (16, 32, 64), "small_input": True, "shortcut": "padding"}
    return ResNet(BasicBlock, (blocks,) * 3, **{**table, **settings})


@register_model
def cifar_resnet20(**settings):
    """ResNet-20 for CIFAR-10: 269,722 parameters, 40,551,040 MACs at 32x32. See `cifar_resnet`."""
    return cifar_resnet(20, **settings)


@register_model
def cifar_resnet32(**settings):
    """ResNet-32 for CIFAR-10: 464,154 parameters, 68,862,592 MACs at 32x32. See `cifar_resnet`."""
    return cifar_resnet(32, **settings)


@register_model
def cifar_resnet44(**settings):
    """ResNet-44 for CIFAR-10: 658,586 parameters, 97,174,144 MACs at 32x32. See `cifar_resnet`."""
    return cifar_resnet(44, **settings)


@register_model
def cifar_resnet56(**settings):
    """ResNet-56 for CIFAR-10: 853,018 parameters, 125,485,696 MACs at 32x32. See `cifar_resnet`."""
    return cifar_resnet(56, **settings)


@register_model
def cifar_resnet110(**settings):
    """ResNet-110 for CIFAR-10: 1,727,962 parameters, 252,887,680 MACs at 32x32. See `cifar_resnet`.

    The paper warms it up with a learning rate of 0.01 until the training error is below 80 %, then trains at 0.1.
    """
    return cifar_resnet(110, **settings)


@register_model
def plain20(**settings):
    """`cifar_resnet20` without shortcuts: 269,722 parameters, 40,551,040 MACs at 32x32."""
    return cifar_resnet(20, **{"shortcut": "none", **settings})


@register_model
def plain56(**settings):
    """`cifar_resnet56` without shortcuts: 853,018 parameters, 125,485,696 MACs at 32x32.

    It has a larger training error than `plain20`, although it could compute all that `plain20` can: the degradation
    that residual learning removes (figures 1 and 6 of the paper).
    """
    return cifar_resnet(56, **{"shortcut": "none", **settings})
